//! How fast two policies are compared and judged, how that grows with their length, and
//! how much memory it takes.
//!
//! ```text
//! cargo bench --bench compare -- [--json] [CASE…]
//! ```
//!
//! The texts are made up, the same at every run. Time is that of the processor: what
//! others do on the machine takes none of it. A CASE is the beginning of a case's name.

#![allow(clippy::unwrap_used)]

use std::process::Command;
use std::time::Duration;

use policywatch::change::{Change, compare};
use policywatch::judgment::{Judgment, judge};
use policywatch::reading::Reading;
use policywatch::section::section;
use policywatch::text::{Block, BlockKind};
use rustix::time::{ClockId, clock_gettime};

/// The most seconds and megabytes that a text of 200 kB may take, and what the largest
/// texts may: a list or a table of a megabyte that no policy has.
const MOST: (f64, f64) = (1.0, 100.0);
const MOST_LARGE: (f64, f64) = (3.0, 150.0);
/// Where edits of fixed size are made, the most that twice the text may cost.
const MOST_GROWTH: f64 = 2.3;

/// What is compared, and how its two texts are made.
struct Case {
    name: String,
    make: Box<dyn Fn() -> (Reading, Reading)>,
}

fn case(name: impl Into<String>, make: impl Fn() -> (Reading, Reading) + 'static) -> Case {
    Case { name: name.into(), make: Box::new(make) }
}

fn cases() -> Vec<Case> {
    let kilo = 1_000;
    let mut cases = vec![
        case("other words, 200 kB", move || (policy(1, 200 * kilo), policy(2, 200 * kilo))),
        case("each sentence edited, 200 kB", move || {
            let old = policy(1, 200 * kilo);
            let new = edited(&old, 1);
            (old, new)
        }),
        case("shuffled, 200 kB", move || {
            let old = policy(1, 200 * kilo);
            let new = shuffled(&old);
            (old, new)
        }),
        case("one section, 200 kB", move || (flat(1, 200 * kilo, 1), flat(2, 200 * kilo, 1))),
        case("one paragraph, 200 kB", move || (flat(1, 200 * kilo, usize::MAX), flat(2, 200 * kilo, usize::MAX))),
        case("one paragraph edited, 200 kB", move || {
            let old = flat(1, 200 * kilo, usize::MAX);
            let new = edited(&old, 1);
            (old, new)
        }),
        case("5,000 sections", || (headed(1, 5_000), headed(2, 5_000))),
        case("5,000 sections edited", || {
            let old = headed(1, 5_000);
            let new = edited(&old, 1);
            (old, new)
        }),
        case("20,000 items", || (listed(1, 20_000), listed(2, 20_000))),
        case("20,000 rows edited", || {
            let old = rows(1, 20_000);
            let new = edited(&old, 1);
            (old, new)
        }),
    ];
    for size in [50, 100, 200, 400, 800] {
        cases.push(case(format!("20 edits in {size} kB"), move || {
            let old = policy(1, size * kilo);
            let every = sentences(&old) / 20;
            let new = edited(&old, every);
            (old, new)
        }));
    }
    cases
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    if let [flag, name] = &words[..]
        && flag == "--peak"
    {
        return tell_peak(name);
    }
    let json = words.iter().any(|word| word == "--json");
    let wanted: Vec<&String> = words.iter().filter(|word| *word != "--json").collect();
    let mut before: Option<f64> = None;
    let mut wrong = Vec::new();
    for case in cases() {
        if !wanted.is_empty() && !wanted.iter().any(|name| case.name.starts_with(name.as_str())) {
            continue;
        }
        let figures = measured(&case);
        let growing = case.name.contains(" edits in ");
        let growth = before.filter(|_| growing).map(|before| figures.seconds() / before);
        before = growing.then(|| figures.seconds());
        let (seconds, megabytes) = if case.name.contains("000 ") { MOST_LARGE } else { MOST };
        if figures.seconds() > seconds {
            wrong.push(format!("{}: {:.2} s", case.name, figures.seconds()));
        }
        if figures.megabytes.is_some_and(|told| told > megabytes) {
            wrong.push(format!("{}: {:.0} MB", case.name, figures.megabytes.unwrap_or_default()));
        }
        if growth.is_some_and(|growth| growth > MOST_GROWTH) {
            wrong.push(format!("{}: {:.2} times the half", case.name, growth.unwrap_or_default()));
        }
        figures.print(&case.name, growth, json);
    }
    for what in &wrong {
        eprintln!("FAIL {what}");
    }
    if !wrong.is_empty() {
        std::process::exit(1);
    }
}

/// What a case came to.
struct Figures {
    comparing: Duration,
    judging: Duration,
    megabytes: Option<f64>,
    sections: usize,
    findings: usize,
}

impl Figures {
    fn seconds(&self) -> f64 {
        (self.comparing + self.judging).as_secs_f64()
    }

    fn print(&self, name: &str, growth: Option<f64>, json: bool) {
        let (comparing, judging) = (1e3 * self.comparing.as_secs_f64(), 1e3 * self.judging.as_secs_f64());
        if json {
            let figures = serde_json::json!({
                "case": name, "comparing_ms": comparing, "judging_ms": judging, "peak_megabytes": self.megabytes,
                "growth": growth, "sections": self.sections, "findings": self.findings,
            });
            return println!("{figures}");
        }
        let peak = self.megabytes.map_or(String::new(), |megabytes| format!("{megabytes:7.1} MB"));
        let growth = growth.map_or(String::new(), |growth| format!("{growth:6.2} times the half"));
        println!("{name:<32} comparing {comparing:8.1} ms  judging {judging:8.1} ms  {peak}{growth}");
    }
}

fn measured(case: &Case) -> Figures {
    let (old, new) = (case.make)();
    // The patterns are made once a process.
    judged(&policy(3, 2_000), &policy(4, 2_000));
    let mut best: Option<Figures> = None;
    for _ in 0..3 {
        let began = spent();
        let change = compare(&old, &new).expect("the texts differ");
        let compared = spent();
        let judgment = judge(&change, &old, &new);
        let judged = spent();
        let figures = Figures {
            comparing: compared - began,
            judging: judged - compared,
            megabytes: None,
            sections: change.sections.len(),
            findings: judgment.findings.len(),
        };
        if best.as_ref().is_none_or(|best| figures.seconds() < best.seconds()) {
            best = Some(figures);
        }
    }
    Figures { megabytes: peak_of(&case.name), ..best.expect("it ran") }
}

fn judged(old: &Reading, new: &Reading) -> (Change, Judgment) {
    let change = compare(old, new).expect("the texts differ");
    let judgment = judge(&change, old, new);
    (change, judgment)
}

/// The processor's time that this thread has had.
fn spent() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

/// The memory that a case takes at its highest, in a process of its own: none where the
/// system does not tell.
fn peak_of(name: &str) -> Option<f64> {
    let told = Command::new(std::env::current_exe().unwrap()).args(["--peak", name]).output().unwrap();
    String::from_utf8(told.stdout).unwrap().trim().parse().ok()
}

fn tell_peak(name: &str) {
    let case = cases().into_iter().find(|case| case.name == name).expect("the case has this name");
    let (old, new) = (case.make)();
    let judged = judged(&old, &new);
    if let Some(peak) = high_water() {
        println!("{peak}");
    }
    drop(judged);
}

/// The most memory this process had, in megabytes, as Linux tells it.
fn high_water() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<f64>().ok()? * 1024.0 / 1e6)
}

/// Numbers that look like chance: splitmix64 (Steele, Lea and Flood, 2014).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % sides.max(1) as u64) as usize
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.roll(from.len())]
    }
}

/// Words that policies of both makes share, and some that each has of its own.
const WORDS: &[&str] = &[
    "data",
    "personal",
    "service",
    "may",
    "will",
    "not",
    "share",
    "collect",
    "with",
    "the",
    "of",
    "and",
    "to",
    "for",
    "our",
    "your",
    "partners",
    "consent",
    "cookies",
    "retain",
    "days",
    "account",
    "terminate",
    "arbitration",
    "children",
    "information",
    "provide",
    "security",
    "rights",
    "request",
    "delete",
    "access",
    "third",
    "parties",
    "advertising",
    "location",
    "payment",
    "subscription",
    "refund",
    "liability",
    "content",
    "license",
    "laws",
    "transfer",
    "countries",
    "notify",
    "changes",
    "only",
    "unless",
    "legitimate",
    "interests",
    "processing",
];

fn word(dice: &mut Dice, make: u64) -> String {
    // Each make has a third of its words for itself: two policies of two companies.
    if dice.roll(3) == 0 { format!("w{make}x{}", dice.roll(4_000)) } else { dice.pick(WORDS).to_owned() }
}

fn sentence(dice: &mut Dice, make: u64) -> String {
    let words: Vec<String> = (0..10 + dice.roll(20)).map(|_| word(dice, make)).collect();
    format!("We {}.", words.join(" "))
}

fn block(kind: BlockKind, text: String) -> Block {
    Block { kind, text, links: Vec::new() }
}

fn heading(text: String) -> Block {
    block(BlockKind::Heading { level: 2, anchor: None }, text)
}

fn reading(blocks: Vec<Block>) -> Reading {
    Reading { language: Some("en".to_owned()), sections: section(blocks), ..Reading::default() }
}

/// A policy of sections, paragraphs and lists.
fn policy(make: u64, bytes: usize) -> Reading {
    let mut dice = Dice(make);
    let (mut blocks, mut size, mut number) = (Vec::new(), 0, 0);
    while size < bytes {
        number += 1;
        blocks.push(heading(format!("{number}. {} {}", dice.pick(WORDS), word(&mut dice, make))));
        for _ in 0..4 {
            let text: Vec<String> = (0..2 + dice.roll(4)).map(|_| sentence(&mut dice, make)).collect();
            size += text.iter().map(String::len).sum::<usize>();
            blocks.push(block(BlockKind::Paragraph, text.join(" ")));
        }
        for _ in 0..dice.roll(8) {
            let text = sentence(&mut dice, make);
            size += text.len();
            blocks.push(block(BlockKind::ListItem { depth: 1 }, text));
        }
    }
    reading(blocks)
}

/// A text without headings, in paragraphs of so many sentences.
fn flat(make: u64, bytes: usize, long: usize) -> Reading {
    let mut dice = Dice(make);
    let (mut blocks, mut size, mut text) = (Vec::new(), 0, Vec::new());
    while size < bytes {
        text.push(sentence(&mut dice, make));
        size += text.last().map_or(0, String::len);
        if text.len() >= long || size >= bytes {
            blocks.push(block(BlockKind::Paragraph, std::mem::take(&mut text).join(" ")));
        }
    }
    reading(blocks)
}

/// So many short sections.
fn headed(make: u64, count: usize) -> Reading {
    let mut dice = Dice(make);
    let sections = (0..count).flat_map(|number| {
        let title = format!("{number}. {} {}", dice.pick(WORDS), word(&mut dice, make));
        [heading(title), block(BlockKind::Paragraph, sentence(&mut dice, make))]
    });
    reading(sections.collect())
}

/// One list of so many items.
fn listed(make: u64, count: usize) -> Reading {
    let mut dice = Dice(make);
    let item =
        |_| block(BlockKind::ListItem { depth: 1 }, format!("{} {}", word(&mut dice, make), word(&mut dice, make)));
    reading((0..count).map(item).collect())
}

/// One table of so many rows, as an index of cookies has them.
fn rows(make: u64, count: usize) -> Reading {
    let mut dice = Dice(make);
    let mut blocks = vec![block(BlockKind::TableHeader, "Name | Purpose | Kept".to_owned())];
    blocks.extend((0..count).map(|number| {
        let text = format!("c{number} | {} {} | {} days", word(&mut dice, make), word(&mut dice, make), dice.roll(400));
        block(BlockKind::TableRow, text)
    }));
    reading(blocks)
}

fn sentences(reading: &Reading) -> usize {
    let blocks = reading.sections.iter().flat_map(|section| &section.blocks);
    blocks.map(|block| block.text.matches(". ").count() + 1).sum()
}

/// The same text with a word more in every so many-th sentence.
fn edited(old: &Reading, every: usize) -> Reading {
    let mut new = old.clone();
    let mut count = 0;
    for block in new.sections.iter_mut().flat_map(|section| &mut section.blocks) {
        let parts: Vec<String> = block
            .text
            .split(". ")
            .map(|part| {
                count += 1;
                if count % every == 0 { part.replacen(' ', " never ", 1) } else { part.to_owned() }
            })
            .collect();
        block.text = parts.join(". ");
    }
    new
}

/// The same sentences in another order, under headings that stay.
fn shuffled(old: &Reading) -> Reading {
    let mut new = old.clone();
    let texts: Vec<String> =
        old.sections.iter().flat_map(|section| &section.blocks).map(|block| block.text.clone()).collect();
    let mut dice = Dice(9);
    let mut order: Vec<usize> = (0..texts.len()).collect();
    for at in (1..order.len()).rev() {
        order.swap(at, dice.roll(at + 1));
    }
    let blocks = new.sections.iter_mut().flat_map(|section| &mut section.blocks);
    blocks.zip(order).for_each(|(block, from)| block.text = texts[from].clone());
    new
}
