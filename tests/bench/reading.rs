//! How fast pages are read, beside what `scraper` needs to parse them, and how much
//! memory the largest one takes.
//!
//! ```text
//! cargo bench --bench reading -- [--every N] [--json] [--readings FILE] [PATH…]
//! ```
//!
//! A PATH is a WARC file, or a folder with WARC files in it at any depth; without one,
//! pages of our own are read (`pages.rs`). Machines differ and are shared, so time is
//! that of the processor, and the ratio counts more than the seconds: each page is read
//! and parsed in turn, in one run. The
//! digest of all readings shows whether a change made for speed changed what is read;
//! `--readings` writes them page by page, to find where.

#![allow(clippy::unwrap_used)]

mod pages;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use policywatch::exchange::warc;
use policywatch::reading::{Expected, Selectors, Step, read, read_by_steps};
use policywatch::snapshot::{Digest, Origin, Snapshot};
use rustix::time::{ClockId, clock_gettime};

const USAGE: &str = "usage: cargo bench --bench reading -- [--every N] [--json] [--readings FILE] [PATH…]";

/// What is measured.
#[derive(Default)]
struct Options {
    paths: Vec<PathBuf>,
    /// Only every so many-th page.
    every: usize,
    json: bool,
    readings: Option<PathBuf>,
    /// Read this one page and say what memory that took: how the program calls itself.
    peak: Option<PathBuf>,
}

impl Options {
    fn of(mut words: impl Iterator<Item = String>) -> Self {
        let mut options = Self { every: 1, ..Self::default() };
        while let Some(word) = words.next() {
            match word.as_str() {
                // Cargo's own.
                "--bench" => {}
                "--json" => options.json = true,
                "--every" => options.every = words.next().and_then(|n| n.parse().ok()).filter(|n| *n > 0).expect(USAGE),
                "--readings" => options.readings = Some(words.next().expect(USAGE).into()),
                "--peak" => options.peak = Some(words.next().expect(USAGE).into()),
                path if !path.starts_with('-') => options.paths.push(path.into()),
                other => panic!("{other}? {USAGE}"),
            }
        }
        options
    }
}

/// The processor's time that this thread has had: what others do on the machine takes
/// none of it.
fn spent() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

/// What a run came to.
#[derive(Default)]
struct Figures {
    pages: usize,
    refused: usize,
    bytes: usize,
    reading: Duration,
    /// Reading and parsing of the pages that are HTML.
    reading_html: Duration,
    parsing: Duration,
    steps: BTreeMap<Step, Duration>,
    /// The digests of all readings, one after the other.
    digests: Vec<u8>,
    largest: Option<Snapshot>,
}

impl Figures {
    /// Reads a page, and parses it; answers what it read as.
    fn measure(&mut self, snapshot: Snapshot) -> Digest {
        let mut steps = Vec::with_capacity(16);
        let began = spent();
        let read = read_by_steps(&snapshot, &Selectors::default(), &Expected::default(), &mut |step| {
            steps.push((step, spent()));
        });
        let took = spent() - began;

        self.pages += 1;
        self.refused += usize::from(read.is_err());
        self.bytes += snapshot.body.len();
        self.reading += took;
        let mut from = began;
        for (step, at) in &steps {
            *self.steps.entry(*step).or_default() += *at - from;
            from = *at;
        }
        if steps.iter().any(|(step, _)| *step == Step::Parse) {
            let source = String::from_utf8_lossy(&snapshot.body);
            let began = spent();
            let page = scraper::Html::parse_document(&source);
            self.parsing += spent() - began;
            self.reading_html += took;
            drop(page);
        }
        let digest = Digest::of(format!("{read:?}").as_bytes());
        self.digests.extend_from_slice(digest.as_bytes());
        if self.largest.as_ref().is_none_or(|largest| largest.body.len() < snapshot.body.len()) {
            self.largest = Some(snapshot);
        }
        digest
    }

    fn ratio(&self) -> f64 {
        self.reading_html.as_secs_f64() / self.parsing.as_secs_f64()
    }

    fn print(&self, peak: Option<Peak>) {
        let (pages, seconds, megabytes) = (self.pages as f64, self.reading.as_secs_f64(), self.bytes as f64 / 1e6);
        println!("{} pages, {megabytes:.1} MB, {} of them refused", self.pages, self.refused);
        println!("reading      {:8.1} snapshots/s {:8.1} MB/s", pages / seconds, megabytes / seconds);
        println!("to scraper   {:8.2} times what it needs to parse the pages of HTML", self.ratio());
        for (step, took) in &self.steps {
            let share = 100.0 * took.as_secs_f64() / seconds;
            println!("  {:<12}{:8.3} ms/page {share:6.1} %", format!("{step:?}"), 1e3 * took.as_secs_f64() / pages);
        }
        if let (Some(peak), Some(largest)) = (peak, &self.largest) {
            let size = largest.body.len() as f64 / 1e6;
            println!(
                "peak memory  {:8.1} MB on the largest page of {size:.2} MB, {:.1} MB before",
                peak.after, peak.before
            );
        }
        println!("readings     {}", Digest::of(&self.digests));
    }

    fn print_json(&self, peak: Option<Peak>) {
        let (pages, seconds) = (self.pages as f64, self.reading.as_secs_f64());
        let steps: BTreeMap<String, f64> =
            self.steps.iter().map(|(step, took)| (format!("{step:?}"), 1e3 * took.as_secs_f64() / pages)).collect();
        let figures = serde_json::json!({
            "pages": self.pages,
            "refused": self.refused,
            "bytes": self.bytes,
            "snapshots_per_second": pages / seconds,
            "megabytes_per_second": self.bytes as f64 / 1e6 / seconds,
            "times_scraper": self.ratio(),
            "milliseconds_per_page": steps,
            "largest_page_bytes": self.largest.as_ref().map(|largest| largest.body.len()),
            "peak_megabytes": peak.map(|peak| peak.after),
            "readings": Digest::of(&self.digests).to_string(),
        });
        println!("{figures:#}");
    }
}

fn main() {
    let options = Options::of(std::env::args().skip(1));
    if let Some(page) = &options.peak {
        return tell_peak(page);
    }
    let mut listed = options.readings.as_ref().map(|path| fs::File::create(path).unwrap());
    let mut figures = Figures::default();
    let mut number = 0;
    let mut each = |snapshot: Snapshot, from: &str| {
        number += 1;
        if number % options.every == 0 {
            let digest = figures.measure(snapshot);
            if let Some(listed) = &mut listed {
                writeln!(listed, "{digest} {from} {number}").unwrap();
            }
        }
    };
    if options.paths.is_empty() {
        pages::all().for_each(|(name, body)| each(page(body), &name));
    }
    for file in archives(&options.paths) {
        for response in warc::open(&file).unwrap() {
            each(response.unwrap().snapshot, &file.display().to_string());
        }
    }
    let peak = figures.largest.as_ref().and_then(peak_of);
    if options.json { figures.print_json(peak) } else { figures.print(peak) }
}

/// The WARC files among some paths and in their folders, in the order of their names.
fn archives(paths: &[PathBuf]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open: Vec<PathBuf> = paths.iter().rev().cloned().collect();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            let mut inside: Vec<PathBuf> = fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()).collect();
            inside.sort();
            open.extend(inside.into_iter().rev());
        } else if path.file_name().is_some_and(|name| name.to_string_lossy().contains(".warc")) {
            found.push(path);
        }
    }
    assert!(paths.is_empty() || !found.is_empty(), "no WARC file in {paths:?}");
    found
}

/// A page as a server would answer it.
fn page(body: Vec<u8>) -> Snapshot {
    Snapshot {
        url: "https://acme.test/privacy".to_owned(),
        final_url: "https://acme.test/privacy".to_owned(),
        status: 200,
        headers: vec![("content-type".to_owned(), "text/html; charset=utf-8".to_owned())],
        redirects: Vec::new(),
        body,
        captured_at: std::time::SystemTime::UNIX_EPOCH.into(),
        origin: Origin::Live { remote_addr: None },
    }
}

/// Megabytes of memory at their highest.
#[derive(Clone, Copy)]
struct Peak {
    /// Of a process that has the page's bytes.
    before: f64,
    /// Once it has read them.
    after: f64,
}

/// The memory that reading a page takes, in a process of its own: none where the system
/// does not tell.
fn peak_of(snapshot: &Snapshot) -> Option<Peak> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&snapshot.body).unwrap();
    let told = Command::new(std::env::current_exe().unwrap()).arg("--peak").arg(file.path()).output().unwrap();
    let told = String::from_utf8(told.stdout).unwrap();
    let (before, after) = told.trim().split_once(' ')?;
    Some(Peak { before: before.parse().ok()?, after: after.parse().ok()? })
}

/// Reads one page, and prints the peak memory before and after.
fn tell_peak(path: &Path) {
    let snapshot = page(fs::read(path).unwrap());
    let before = high_water();
    let read = read(&snapshot, &Selectors::default(), &Expected::default());
    if let (Some(before), Some(after)) = (before, high_water()) {
        println!("{before} {after}");
    }
    drop(read);
}

/// The most memory this process had, in megabytes, as Linux tells it.
fn high_water() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<f64>().ok()? * 1024.0 / 1e6)
}
