//! Telling that a page is not the policy.
//!
//! First by status and headers ([`refuse_response`]), then by what the page says
//! ([`refuse_page`]). Two errors are possible, and one is worse: a genuine policy that
//! is refused is a change missed. So a long text with the vocabulary of policies is
//! believed whatever else it says, and phrases only decide on pages that say little.
//! Rules are about language and structure, never about a named site.

mod phrases;
mod response;
mod structure;
mod tongue;

pub use response::refuse_response;
pub use tongue::parallel;

use std::cell::{LazyCell, OnceCell};
use std::collections::BTreeMap;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use crate::reading::{Expected, Reading, Unreadable, Why};
use crate::snapshot::Snapshot;

use super::{Block, BlockKind, html, language};
use structure::Structure;
use tongue::{foreign, shared};

/// A page as it is asked about.
pub struct Page<'a> {
    /// What was served.
    pub snapshot: &'a Snapshot,
    /// The page's title.
    pub title: Option<&'a str>,
    /// The visible words of the whole page.
    pub visible: &'a Visible<'a>,
    /// The main text.
    pub blocks: &'a [Block],
    /// The page's tree, if it is HTML.
    pub html: Option<&'a scraper::Html>,
    /// The language of the main text, where it can be told.
    pub language: Option<&'a str>,
    /// Whether the watch's selectors chose the main text.
    pub selected: bool,
    /// What is known from before.
    pub expected: &'a Expected<'a>,
}

/// The visible words of a whole page: the first at once, all when a rule asks for them, which
/// none does of a page that is surely a policy.
pub struct Visible<'a> {
    beginning: &'a str,
    is_odd: bool,
    html: Option<&'a scraper::Html>,
    all: OnceCell<String>,
}

impl<'a> Visible<'a> {
    /// Those of a page of which the beginning is known, and whether any may be no character
    /// of a script; all of them, where they are not those of its tree.
    pub(super) fn new(html: &'a scraper::Html, beginning: &'a str, is_odd: bool, all: Option<String>) -> Self {
        Self { beginning, is_odd, html: Some(html), all: all.map(OnceCell::from).unwrap_or_default() }
    }

    fn all(&self) -> &str {
        self.all.get_or_init(|| self.html.map(html::visible).unwrap_or_default())
    }
}

impl From<String> for Visible<'_> {
    fn from(all: String) -> Self {
        Self { beginning: "", is_odd: true, html: None, all: all.into() }
    }
}

/// So many bytes of the visible words are known at once.
pub(super) const BEGINNING: usize = 16 * STUB_WORDS;

/// A main text of so many words, with so many notions of policies and so many of their
/// words in a hundred, is a policy whatever else it says.
const SURE_WORDS: usize = 250;
const SURE_NOTIONS: usize = 12;
const SURE_DENSITY: f64 = 4.0;

/// A page of so few visible words can be a stub, a shell or a wall.
const STUB_WORDS: usize = 80;

/// A page of so few visible words can be an error in a site's frame of navigation.
const SMALL_WORDS: usize = 700;

/// Below so many words in its main text a page says nothing.
const NOTHING: usize = 12;

/// Tells that a page is not the policy, with what decided.
pub fn refuse_page(page: &Page<'_>) -> Option<Unreadable> {
    let seen = Seen::of(page);
    let rules: [fn(&Seen<'_>) -> Option<Unreadable>; 18] = [
        malformed, archive, stub, challenge, titled, phrased, apologizes, headed, meant, picker, sign_in, bannered,
        arrived, empty, elsewhere, collapsed, strange, foreign,
    ];
    rules.iter().find_map(|rule| rule(&seen))
}

/// What the rules look at, each worked out when the first rule asks: a page that is surely a
/// policy is asked little.
struct Seen<'a> {
    page: &'a Page<'a>,
    title: String,
    visible: OnceCell<String>,
    visible_words: OnceCell<usize>,
    main: OnceCell<String>,
    /// Headings of the main text, folded.
    headings: Vec<String>,
    core: OnceCell<Measure>,
    whole: OnceCell<Measure>,
    sure: OnceCell<bool>,
    structure: LazyCell<Structure, Box<dyn FnOnce() -> Structure + 'a>>,
    /// Who serves a challenge, by the markup.
    challenge: OnceCell<Option<&'static str>>,
    /// Whether address or title are about cookies.
    about_cookies: bool,
}

/// No block of a consent banner has more words than this, and no main text of more than
/// that is a banner with little else.
const BANNER_BLOCK: usize = 150;
const BANNER_PAGE: usize = 3_000;

/// The word for what consent banners speak of; its last sign is a `k` in another case.
static COOKIE: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let words = ["cookie", "coo\u{212a}ie"];
    AhoCorasick::builder().ascii_case_insensitive(true).build(words).expect("the words are sound")
});

/// How many characters of the visible words are searched for phrases.
const SEARCHED: usize = 60_000;

/// How many bytes of the main text may speak for the rest of it: a policy speaks like one
/// from its beginning.
const BEGINNINGS_OF: [usize; 2] = [4_000, 16_000];

impl<'a> Seen<'a> {
    fn of(page: &'a Page<'a>) -> Self {
        let title = phrases::fold(page.title.unwrap_or_default());
        let about_cookies = [title.as_str(), &page.snapshot.url.to_lowercase()]
            .iter()
            .any(|text| ["cookie", "tracker", "traceur", "tracking"].iter().any(|word| text.contains(word)));
        Self {
            title,
            visible: OnceCell::new(),
            visible_words: OnceCell::new(),
            main: OnceCell::new(),
            headings: page
                .blocks
                .iter()
                .filter(|block| matches!(block.kind, BlockKind::Heading { .. }))
                .take(60)
                .map(|block| phrases::fold(&block.text))
                .collect(),
            core: OnceCell::new(),
            whole: OnceCell::new(),
            sure: OnceCell::new(),
            structure: LazyCell::new(Box::new(|| page.html.map(structure::of).unwrap_or_default())),
            challenge: OnceCell::new(),
            about_cookies,
            page,
        }
    }

    /// The beginning of all visible words, folded.
    fn visible(&self) -> &str {
        self.visible.get_or_init(|| {
            let all = self.page.visible.all();
            phrases::fold(all.get(..floor(all, SEARCHED)).unwrap_or_default())
        })
    }

    fn challenge(&self) -> Option<&'static str> {
        let body = self.page.html.map(|_| &self.page.snapshot.body);
        *self.challenge.get_or_init(|| structure::challenge(body?))
    }

    /// How many words all of the page has.
    fn visible_words(&self) -> usize {
        *self.visible_words.get_or_init(|| words(self.page.visible.all()))
    }

    /// Whether all of the page has more words than so few.
    fn shows_more_than(&self, few: usize) -> bool {
        words(self.page.visible.beginning) > few || self.visible_words() > few
    }

    /// The main text, folded.
    fn main(&self) -> &str {
        self.main.get_or_init(|| phrases::fold_all(self.page.blocks.iter().map(|block| block.text.as_str())))
    }

    fn main_words(&self) -> usize {
        self.whole().words
    }

    /// The whole main text.
    fn whole(&self) -> &Measure {
        self.whole.get_or_init(|| Measure::of(self.main()))
    }

    /// The main text without talk of cookies, unless the page is about them: consent banners
    /// speak like policies, and stand on every page.
    fn core(&self) -> &Measure {
        self.core.get_or_init(|| {
            let (blocks, whole) = (self.page.blocks, self.whole());
            // Counted block by block, a text has at most one word a block less than all in one.
            let all = || blocks.iter().map(|block| words(&block.text)).sum::<usize>();
            let large = whole.words > BANNER_PAGE + blocks.len() || !self.about_cookies && all() > BANNER_PAGE;
            let core: Vec<&str> = blocks
                .iter()
                .filter(|block| large || !self.of_banner(block))
                .map(|block| block.text.as_str())
                .collect();
            if core.len() == blocks.len() { *whole } else { Measure::of(&phrases::fold_all(core.into_iter())) }
        })
    }

    /// Whether a block may be that of a consent banner.
    fn of_banner(&self, block: &Block) -> bool {
        !self.about_cookies && COOKIE.is_match(&block.text) && words(&block.text) <= BANNER_BLOCK
    }

    /// Whether the main text is beyond doubt a policy: its beginning, or all of it.
    fn sure(&self) -> bool {
        let plain = |measure: &Measure| {
            measure.words >= SURE_WORDS && measure.notions >= SURE_NOTIONS && measure.density >= SURE_DENSITY
        };
        *self.sure.get_or_init(|| {
            let mut blocks = self.page.blocks.iter().filter(|block| !self.of_banner(block));
            let mut text = String::with_capacity(2 * BEGINNINGS_OF[0]);
            let mut speaks = |bytes: usize| {
                while text.len() < bytes
                    && let Some(block) = blocks.next()
                {
                    phrases::fold_onto(&mut text, &block.text);
                }
                plain(&Measure::of(&text))
            };
            BEGINNINGS_OF.into_iter().any(&mut speaks) || plain(self.core())
        })
    }

    /// Whether the main text has some of a policy, so that a phrase alone cannot decide.
    fn likely(&self) -> bool {
        self.sure() || self.core().words >= 100 && self.core().notions >= 8 && self.core().density >= 5.0
    }

    /// Whether title or headings name a kind of policy.
    fn named(&self) -> bool {
        names_policy(&self.title) || self.headings.iter().any(|heading| names_policy(heading))
    }

    fn texts(&self) -> Vec<&str> {
        self.page.blocks.iter().map(|block| block.text.as_str()).collect()
    }

    fn refuse(&self, why: Why, decided: String) -> Option<Unreadable> {
        let size = format!("{} words in the main text, {} on the page", self.main_words(), self.visible_words());
        let vendor = if why == Why::BotWall { self.vendor() } else { None };
        let vendor = vendor.filter(|(name, _)| !decided.contains(name)).map(|(_, by)| by);
        Some(Unreadable { why, evidence: [Some(decided), vendor, Some(size)].into_iter().flatten().collect() })
    }

    /// Who put up a wall against robots, and how we know.
    fn vendor(&self) -> Option<(&'static str, String)> {
        let said = |(words, _): &&(&str, &str)| phrases::holds(self.visible(), words) || self.title.contains(words);
        if let Some((words, name)) = phrases::VENDORS.iter().find(said) {
            return Some((name, format!("{name}, by the words \"{words}\"")));
        }
        if let Some(name) = self.challenge() {
            return Some((name, format!("{name}, by the markup")));
        }
        response::guard(self.page.snapshot).map(|(header, name)| (name, format!("{name} answered (header {header})")))
    }
}

/// Words in a text; two signs of a script without blanks count as one.
fn words(text: &str) -> usize {
    let (mut words, mut dense, mut counted) = (0, 0, false);
    let (bytes, mut at) = (text.as_bytes(), 0);
    while let Some(&byte) = bytes.get(at) {
        // Nearly all of most texts is ASCII, which needs no decoding.
        if byte.is_ascii() {
            let blank = matches!(byte, b'\t'..=b'\r' | b' ');
            let begins = !counted & byte.is_ascii_alphanumeric();
            words += usize::from(begins);
            counted = !blank & (counted | begins);
            at += 1;
            continue;
        }
        let Some(c) = text[at..].chars().next() else { break };
        at += c.len_utf8();
        dense += usize::from(
            matches!(c, '\u{e00}'..='\u{e7f}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}'),
        );
        if c.is_whitespace() {
            counted = false;
        } else if !counted && c.is_alphanumeric() {
            counted = true;
            words += 1;
        }
    }
    words + dense / 2
}

/// How much a text speaks like a policy.
#[derive(Clone, Copy, Debug)]
struct Measure {
    words: usize,
    /// Different notions of policies.
    notions: usize,
    /// Words that carry one, in a hundred words.
    density: f64,
}

impl Measure {
    fn of(folded: &str) -> Self {
        let mut seen = [false; phrases::NOTIONS.len()];
        let mut hits = 0;
        let mut look = |word: &str| {
            if let Some(notion) = notion(word) {
                seen[notion] = true;
                hits += 1;
            }
        };
        let (bytes, mut at, mut from) = (folded.as_bytes(), 0, 0);
        while let Some(&byte) = bytes.get(at) {
            let (part, length) = match byte {
                // Nearly all of most texts is ASCII, which needs no decoding.
                ..128 => (byte.is_ascii_alphanumeric() || byte == b'-', 1),
                _ => folded[at..].chars().next().map_or((false, 1), |c| (c.is_alphanumeric(), c.len_utf8())),
            };
            if !part {
                look(&folded[from..at]);
                from = at + length;
            }
            at += length;
        }
        look(&folded[from..]);
        let words = words(folded);
        let density = if words == 0 { 0.0 } else { f64::from(hits) * 100.0 / words as f64 };
        Self { words, notions: seen.iter().filter(|seen| **seen).count(), density }
    }
}

/// Whether a text in a language speaks like a policy, whatever it is called: enough words,
/// and among them many different notions of policies. None of a language whose words for
/// them we do not know.
pub fn speaks_like_a_policy(text: &str, language: Option<&str>) -> Option<bool> {
    language.is_none_or(|language| phrases::LANGUAGES.contains(&language)).then(|| {
        let measure = Measure::of(&phrases::fold(text));
        measure.words >= 100 && measure.notions >= 8 && measure.density >= SURE_DENSITY
    })
}

/// Stems, each with its row.
type Rows = Vec<(&'static str, usize)>;

/// The stems of [`phrases::NOTIONS`] with the row each stands in, by the bit for how they
/// begin ([`beginning`]).
static STEMS: LazyLock<Vec<(usize, Rows)>> = LazyLock::new(|| {
    let mut stems: BTreeMap<usize, Rows> = BTreeMap::new();
    for (row, of) in phrases::NOTIONS.iter().enumerate() {
        of.iter().for_each(|stem| stems.entry(beginning(stem.as_bytes())).or_default().push((*stem, row)));
    }
    stems.into_iter().collect()
});

/// With which bytes stems begin, one bit for each so many of them: most words begin with none.
static BEGINNINGS: LazyLock<Vec<u64>> = LazyLock::new(|| {
    let mut bits = vec![0; BEGINNING_BITS / 64];
    for (bit, _) in &*STEMS {
        bits[bit / 64] |= 1 << (bit % 64);
    }
    bits
});

const BEGINNING_BITS: usize = 1 << 15;

/// Which bit stands for the first bytes of a stem or a word of no fewer.
fn beginning(word: &[u8]) -> usize {
    word[..phrases::SHORTEST_STEM].iter().fold(0, |bit, byte| (bit * 33 + usize::from(*byte)) % BEGINNING_BITS)
}

/// The first row of [`phrases::NOTIONS`] with a stem that a word begins with.
fn notion(word: &str) -> Option<usize> {
    // Only stems that share the word's first bytes are looked at; none is shorter.
    let start = word.as_bytes().get(..phrases::SHORTEST_STEM)?;
    let bit = beginning(start);
    if BEGINNINGS[bit / 64] & 1 << (bit % 64) == 0 {
        return None;
    }
    let near = STEMS.binary_search_by(|(of, _)| of.cmp(&bit)).map_or(&[][..], |at| &STEMS[at].1[..]);
    near.iter().filter(|(stem, _)| word.starts_with(stem)).map(|(_, row)| *row).min()
}

fn names_policy(folded: &str) -> bool {
    folded.split(|c: char| !c.is_alphanumeric() && c != '-').any(|word| phrases::NAMES.contains(&word))
}

/// The last place at or before `at` where a text can be cut.
fn floor(text: &str, at: usize) -> usize {
    if at >= text.len() { text.len() } else { (0..=at).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0) }
}

/// Bytes that are not what they claim: characters that no charset explains.
fn malformed(seen: &Seen<'_>) -> Option<Unreadable> {
    if !seen.page.visible.is_odd {
        return None;
    }
    let text = seen.page.visible.all();
    // Beginnings of the sign for what is no character, and of control characters.
    let suspect = |b: &[u8]| matches!(b, [0xef, 0xbf] | [0xc2, ..0xa0]);
    let control = |b: u8| b.is_ascii_control() && !b.is_ascii_whitespace();
    if !text.as_bytes().windows(2).any(suspect) && !text.bytes().any(control) {
        return None;
    }
    let (mut all, mut broken) = (0_usize, 0_usize);
    for c in text.chars() {
        all += 1;
        broken += usize::from(c == '\u{fffd}' || c.is_control() && !c.is_whitespace());
    }
    (all >= 40 && broken * 12 > all)
        .then(|| Unreadable::new(Why::Malformed, format!("{broken} of {all} characters are none of any script")))
}

/// What a web archive says in place of a page.
fn archive(seen: &Seen<'_>) -> Option<Unreadable> {
    if seen.sure() || seen.visible_words() > SMALL_WORDS {
        return None;
    }
    let (phrase, why) = phrases::ARCHIVE.iter().find(|(phrase, _)| phrases::holds(seen.visible(), phrase))?;
    seen.refuse(*why, format!("the page says \"{phrase}\""))
}

/// A challenge, by its markup on a page that says little.
fn challenge(seen: &Seen<'_>) -> Option<Unreadable> {
    if seen.shows_more_than(STUB_WORDS) || seen.main_words() > 40 && seen.whole().notions >= 5 {
        return None;
    }
    let vendor = seen.challenge()?;
    seen.refuse(Why::BotWall, format!("the markup holds a challenge of {vendor}"))
}

/// A page that only sends the browser elsewhere.
fn stub(seen: &Seen<'_>) -> Option<Unreadable> {
    if seen.shows_more_than(STUB_WORDS) || seen.whole().notions >= 6 {
        return None;
    }
    if let Some(target) = &seen.structure.refresh
        && !same_page(target, &seen.page.snapshot.final_url)
    {
        let challenge =
            ["captcha", "challenge", "are-you-human"].iter().any(|word| target.to_lowercase().contains(word));
        let why = if challenge { Why::BotWall } else { Why::RedirectStub };
        return seen.refuse(why, format!("a meta refresh leads to {target}"));
    }
    // A page that is gone may say that it has moved.
    if let Some(phrase) = phrases::find(phrases::REDIRECT, seen.visible())
        && said(seen, Why::NotFound).is_none()
    {
        return seen.refuse(Why::RedirectStub, format!("the page says \"{phrase}\""));
    }
    let target = seen.structure.script_redirect.as_ref().filter(|_| seen.visible_words() <= 25)?;
    seen.refuse(Why::RedirectStub, format!("a script leads to {target}"))
}

/// Whether a target is the page itself.
fn same_page(target: &str, url: &str) -> bool {
    let Ok(base) = url::Url::parse(url) else { return target == url };
    base.join(target).is_ok_and(|there| there.as_str().trim_end_matches('/') == base.as_str().trim_end_matches('/'))
}

/// A title that says what the page is, on a page that is not surely a policy.
fn titled(seen: &Seen<'_>) -> Option<Unreadable> {
    if seen.sure() || seen.title.is_empty() {
        return None;
    }
    let (phrase, why) = title_says(&seen.title)?;
    if why == Why::LoginWall && (seen.named_beyond_title() || seen.likely()) {
        return None;
    }
    seen.refuse(why, format!("the title says \"{phrase}\""))
}

/// The phrase of a folded title that says what the page is, and that.
fn title_says(title: &str) -> Option<(&'static str, Why)> {
    let trim = |part: &str| part.trim().trim_end_matches(['.', '…', '!']).trim().to_owned();
    let parts: Vec<String> = title
        .replace(" - ", "|")
        .split(['|', '–', '—', '·', '•', ':'])
        .map(trim)
        .filter(|part| !part.is_empty())
        .collect();
    let first = parts.first()?;
    let said = phrases::TITLES.iter().find(|(phrase, _)| {
        let phrase = phrase.trim_end_matches(['.', '!']);
        // "Log in to Acme": the phrase and a name, but no sentence.
        let rest = first.strip_prefix(phrase).filter(|rest| rest.starts_with(' '));
        parts.iter().any(|part| part == phrase)
            || phrase.contains(' ') && rest.is_some_and(|rest| rest.split_whitespace().count() <= 2)
    });
    said.copied()
}

/// A first heading that says what the page is, above next to nothing.
fn headed(seen: &Seen<'_>) -> Option<Unreadable> {
    if seen.likely() || seen.main_words() > STUB_WORDS {
        return None;
    }
    // A bare number is no heading, but it says enough.
    let first = seen.page.blocks.first().map(|block| phrases::fold(&block.text));
    let (phrase, why) = seen.headings.first().into_iter().chain(&first).find_map(|line| {
        let line = line.trim_end_matches(['.', '!', '?', '…']).trim();
        phrases::TITLES.iter().find(|(phrase, why)| *why != Why::LoginWall && phrase.trim_end_matches('.') == line)
    })?;
    seen.refuse(*why, format!("the first heading says \"{phrase}\""))
}

impl Seen<'_> {
    fn named_beyond_title(&self) -> bool {
        self.headings.iter().any(|heading| names_policy(heading)) && self.main_words() >= 100
    }
}

/// No block of a message that stands alone has more words than this.
const MESSAGE: usize = 20;

impl Seen<'_> {
    /// Whether a heading names a policy and sentences follow; of a text in a language whose
    /// words for policies we do not know, whether it has the build of a document.
    fn named_beyond_heading(&self) -> bool {
        let long = self.page.blocks.iter().filter(|block| words(&block.text) > MESSAGE / 2).count();
        let known = self.page.language.is_none_or(|language| phrases::LANGUAGES.contains(&language));
        let named = self.headings.iter().any(|heading| names_policy(heading)) && long >= 1;
        self.main_words() >= 40 && (named || !known && long >= 3 && !self.headings.is_empty())
    }

    /// The blocks that could be messages, folded.
    fn short_blocks(&self) -> String {
        let short = self.page.blocks.iter().filter(|block| words(&block.text) <= MESSAGE);
        short.map(|block| phrases::fold(&block.text)).collect::<Vec<_>>().join(" | ")
    }
}

/// A short sentence that means what walls and missing pages mean, however it is put, on a
/// page that says little else.
fn meant(seen: &Seen<'_>) -> Option<Unreadable> {
    if seen.likely() || seen.main_words() > 2 * STUB_WORDS || seen.named_beyond_heading() {
        return None;
    }
    let whys = [Why::BotWall, Why::NotFound];
    let (sentence, why) = whys.into_iter().find_map(|why| Some((said(seen, why)?, why)))?;
    seen.refuse(why, format!("the page says \"{sentence}\""))
}

/// The first short sentence of the main text that means this, folded.
fn said(seen: &Seen<'_>, wanted: Why) -> Option<String> {
    let sentences = seen.page.blocks.iter().flat_map(|block| block.text.split(['.', '!', '?', '。', '\n']));
    let means =
        |folded: &String| phrases::MEANINGS.iter().any(|(lists, why)| *why == wanted && phrases::means(folded, lists));
    sentences.filter(|sentence| words(sentence) <= MESSAGE).map(phrases::fold).find(means)
}

/// The tables of phrases in the order in which they decide.
const PHRASES: [(&[&str], Why); 7] = [
    (phrases::PARKED, Why::WrongPage),
    (phrases::MAINTENANCE, Why::Maintenance),
    (phrases::NOT_FOUND, Why::NotFound),
    (phrases::ERROR, Why::ErrorPage),
    (phrases::BOT, Why::BotWall),
    (phrases::CONSENT, Why::ConsentWall),
    (phrases::SHELL, Why::EmptyShell),
];

/// Phrases on a page that says little else, or in the heading of one that is no likely policy.
fn phrased(seen: &Seen<'_>) -> Option<Unreadable> {
    if seen.sure() {
        return None;
    }
    if seen.structure.error_markup && !seen.shows_more_than(STUB_WORDS) {
        return seen.refuse(Why::ErrorPage, "the markup is that of a framework's error page".to_owned());
    }
    let spoken = seen.headings.iter().take(3).any(|heading| phrases::may_hold_any(heading));
    for (table, why) in PHRASES.into_iter().filter(|_| spoken) {
        if let Some(phrase) = seen.headings.iter().take(3).find_map(|heading| phrases::find(table, heading))
            && !seen.likely()
        {
            let why = if why == Why::NotFound && is_failure(seen, phrase) { Why::ErrorPage } else { why };
            return seen.refuse(why, format!("a heading says \"{phrase}\""));
        }
    }
    if seen.likely() || seen.core().words > SMALL_WORDS || seen.core().words > 60 && seen.core().density >= 8.0 {
        return None;
    }
    // A large page says many things; of such, only a main text that says little is asked.
    if seen.visible_words() > SMALL_WORDS && seen.main_words() > 2 * SMALL_WORDS {
        return None;
    }
    // Under the heading of a policy, only what stands alone: clauses speak of such things, too.
    let alone = seen.short_blocks();
    let text = match seen.named_beyond_heading() {
        true => &alone,
        false if seen.visible_words() <= SMALL_WORDS => seen.visible(),
        false => seen.main(),
    };
    let spoken = phrases::may_hold_any(text);
    for (table, why) in PHRASES.into_iter().filter(|_| spoken) {
        if let Some(phrase) = phrases::find(table, text) {
            let why = if why == Why::NotFound && is_failure(seen, phrase) { Why::ErrorPage } else { why };
            return seen.refuse(why, format!("the page says \"{phrase}\""));
        }
    }
    None
}

/// What the page's one main element says, where that is a message and the text that was
/// found stands outside of it.
fn apologizes(seen: &Seen<'_>) -> Option<Unreadable> {
    if seen.sure() {
        return None;
    }
    let message = seen.structure.main.as_ref()?;
    let inside = |block: &&Block| message.contains(phrases::fold(&block.text).as_str());
    if seen.page.blocks.iter().filter(inside).count() * 2 > seen.page.blocks.len() {
        return None;
    }
    let gone = [
        (phrases::ERROR, Why::ErrorPage),
        (phrases::NOT_FOUND, Why::NotFound),
        (phrases::MAINTENANCE, Why::Maintenance),
    ];
    let (phrase, why) = gone.iter().find_map(|(table, why)| Some((phrases::find(table, message)?, *why)))?;
    seen.refuse(why, format!("the page's main element says \"{phrase}\", the text stands outside of it"))
}

/// Whether a page that is "not available" goes on to speak of an error.
fn is_failure(seen: &Seen<'_>, phrase: &str) -> bool {
    let vague = ["available", "disponib", "verfügbar", "disponível"].iter().any(|word| phrase.contains(word));
    vague && phrases::find(phrases::ERROR, seen.visible()).is_some()
}

/// A list of languages to choose from, and nothing else.
fn picker(seen: &Seen<'_>) -> Option<Unreadable> {
    let listed = |text: &str| phrases::held(phrases::AUTONYMS, text);
    if seen.sure() || seen.core().notions >= 6 || seen.core().words > SMALL_WORDS {
        return None;
    }
    // Names of languages have a word for the country, too.
    let rest = seen.core().words.saturating_sub(2 * listed(seen.main()));
    let names = listed(seen.visible()).max(listed(&phrases::fold(&seen.structure.options)));
    if names >= 12 && rest < 40 {
        return seen.refuse(Why::WrongPage, format!("the page is a list of {names} languages"));
    }
    let asks = seen.headings.iter().chain([&seen.title]).any(|text| phrases::means(text, phrases::PICK));
    let items = seen.page.blocks.iter().filter(|block| words(&block.text) <= 4).count();
    (asks && items >= 12 && items * 4 >= seen.page.blocks.len() * 3 && !seen.named())
        .then(|| {
            seen.refuse(Why::WrongPage, format!("the page is a list of {items} countries or languages to choose from"))
        })
        .flatten()
}

/// A consent banner, and nothing beside it.
fn bannered(seen: &Seen<'_>) -> Option<Unreadable> {
    if seen.sure() {
        return None;
    }
    let nothing = seen.core().words < 40 && seen.core().notions < 4 && !names_policy(&seen.title);
    let offered = |text: &str| phrases::find(phrases::BUTTONS, text).is_some();
    if !seen.about_cookies
        && seen.whole().words <= SMALL_WORDS
        && let Some(banner) = &seen.structure.banner
    {
        let stands = |block: &&Block| banner.contains(phrases::fold(&block.text).as_str());
        let inside: usize = seen.page.blocks.iter().filter(stands).map(|block| words(&block.text)).sum();
        if inside >= 8 && inside * 10 >= seen.main_words() * 8 {
            let failed = phrases::find(phrases::ERROR, seen.visible());
            let (why, beside) = match failed {
                Some(phrase) => (Why::ErrorPage, format!("; beside it the page says \"{phrase}\"")),
                None => (Why::ConsentWall, String::new()),
            };
            return seen.refuse(why, format!("{inside} words of the main text ask for consent{beside}"));
        }
    }
    let banner = nothing
        && seen.whole().words <= SMALL_WORDS
        && (seen.whole().words >= 40 && offered(seen.visible()) || offered(&phrases::fold(&seen.structure.buttons)));
    (banner && seen.structure.scripts > 0)
        .then(|| seen.refuse(Why::ConsentWall, format!("all but {} words are about cookies", seen.core().words)))
        .flatten()
}

/// A form to sign in, and little beside it.
fn sign_in(seen: &Seen<'_>) -> Option<Unreadable> {
    if seen.sure() {
        return None;
    }
    let spoken = seen.named() && (seen.likely() || seen.core().density >= 5.0 && seen.core().words >= 25);
    if spoken || seen.visible_words() > 300 {
        return None;
    }
    let phrase = phrases::find(phrases::LOGIN, seen.visible());
    match (seen.structure.passwords, phrase) {
        (0, None) => None,
        (0, Some(phrase)) if seen.visible_words() <= 150 => {
            seen.refuse(Why::LoginWall, format!("the page says \"{phrase}\""))
        }
        (0, Some(_)) => None,
        (_, Some(phrase)) => seen.refuse(Why::LoginWall, format!("a field for a password, and \"{phrase}\"")),
        (_, None) => seen.refuse(Why::LoginWall, "a field for a password, and little text".to_owned()),
    }
}

impl Seen<'_> {
    /// Whether the main text is a list of policies to go to, below a heading that says so.
    fn lists_policies(&self) -> bool {
        let leads = |block: &&Block| block.links.iter().any(|link| names_policy(&phrases::fold(&link.text)));
        let headed = self.headings.iter().any(|heading| names_policy(heading));
        headed && self.page.blocks.iter().filter(leads).count() >= 3
    }
}

/// A page whose main text says nothing.
fn empty(seen: &Seen<'_>) -> Option<Unreadable> {
    if seen.sure() {
        return None;
    }
    let meant = seen.whole().notions >= 3 && seen.whole().density >= 15.0 && seen.main_words() >= 8;
    let enough = seen.main_words() >= NOTHING && seen.visible_words() >= NOTHING;
    if enough || meant && seen.structure.scripts == 0 || seen.lists_policies() {
        return None;
    }
    let structure = &seen.structure;
    let cause = if seen.page.snapshot.body.is_empty() {
        "there are no bytes".to_owned()
    } else if let Some(document) = structure.document.as_ref().and_then(|shown| document(seen, shown)) {
        format!("it shows a document in place of a text; watch that one: {document}")
    } else if structure.frames > 0 && structure.scripts == 0 {
        format!("the text is in {} frames", structure.frames)
    } else if structure.scripts > 0 {
        format!("{} scripts, but next to no text", structure.scripts)
    } else {
        "next to no text".to_owned()
    };
    seen.refuse(Why::EmptyShell, cause)
}

/// Where the document is that a page shows at an address: a viewer has it in its query.
fn document(seen: &Seen<'_>, shown: &str) -> Option<url::Url> {
    let shown = url::Url::parse(&seen.page.snapshot.final_url).ok()?.join(shown).ok()?;
    let within = shown.query_pairs().find(|(_, value)| structure::names_pdf(value));
    let within = within.filter(|_| !structure::names_pdf(shown.path())).and_then(|(_, value)| shown.join(&value).ok());
    let mut document = within.unwrap_or(shown);
    document.set_fragment(None);
    matches!(document.scheme(), "http" | "https").then_some(document)
}

/// Parts of addresses that say where a redirect led, with what that means.
const PLACES: [(&[&str], Why); 6] = [
    (&["captcha", "challenge", "blocked", "are-you-human"], Why::BotWall),
    (
        &["login", "log-in", "signin", "sign-in", "sso", "oauth", "authorize", "auth", "connexion", "anmelden"],
        Why::LoginWall,
    ),
    (&["consent", "cookiewall", "cookie-wall", "privacygate"], Why::ConsentWall),
    (&["404", "not-found", "notfound", "page-not-found", "pagenotfound", "error404"], Why::NotFound),
    (&["error", "errors", "500"], Why::ErrorPage),
    (&["maintenance", "wartung"], Why::Maintenance),
];

/// A redirect to an address that says what the page is.
fn arrived(seen: &Seen<'_>) -> Option<Unreadable> {
    let snapshot = seen.page.snapshot;
    if seen.likely() || snapshot.url == snapshot.final_url {
        return None;
    }
    let came = url::Url::parse(&snapshot.final_url).ok()?;
    let parts = |url: &str| -> Vec<String> {
        let Ok(url) = url::Url::parse(url) else { return Vec::new() };
        let host = url.host_str().unwrap_or_default().split('.').take(1).map(str::to_owned).collect::<Vec<_>>();
        host.into_iter().chain(url.path().split(['/', '.']).map(str::to_lowercase)).collect()
    };
    let before = parts(&snapshot.url);
    let now = parts(&snapshot.final_url);
    let (_, why) = PLACES
        .iter()
        .find(|(words, _)| now.iter().any(|part| words.contains(&part.as_str()) && !before.contains(part)))?;
    seen.refuse(*why, format!("the address asked for led to {came}"))
}

/// The home page or another one: the address asked for names a policy, the page does not.
fn elsewhere(seen: &Seen<'_>) -> Option<Unreadable> {
    if seen.likely() || seen.page.selected {
        return None;
    }
    let snapshot = seen.page.snapshot;
    let asked = url::Url::parse(&snapshot.url).ok();
    let came = url::Url::parse(&snapshot.final_url).ok();
    if let (Some(asked), Some(came)) = (&asked, &came)
        && is_home(came)
        && !is_home(asked)
        && !seen.named()
    {
        return seen.refuse(Why::WrongPage, format!("{asked} led to the home page {came}"));
    }
    let canonical = asked.as_ref().zip(seen.structure.canonical.as_ref()).and_then(|(url, link)| url.join(link).ok());
    if let (Some(asked), Some(canonical)) = (&asked, &canonical)
        && is_home(canonical)
        && !is_home(asked)
        && !seen.title.is_empty()
        && !names_policy(&seen.title)
        && !names_its_address(seen, asked)
    {
        return seen.refuse(
            Why::WrongPage,
            format!("the page calls itself {canonical}, the home page, and its title names no policy"),
        );
    }
    None
}

/// Whether a short block of the page (a heading, a tab) says what the last part of its
/// address says: sites built of one script call all their pages the home page.
fn names_its_address(seen: &Seen<'_>, asked: &url::Url) -> bool {
    let letters =
        |text: &str| -> String { text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect() };
    let name = asked.path_segments().and_then(|mut parts| parts.rfind(|part| !part.is_empty())).map(letters);
    name.is_some_and(|name| {
        name.chars().count() >= 5 && seen.page.blocks.iter().any(|block| letters(&block.text) == name)
    })
}

/// Whether an address is that of a site's first page, perhaps in a language.
fn is_home(url: &url::Url) -> bool {
    let path = url.path().trim_matches('/').to_ascii_lowercase();
    let home = ["", "home", "index", "index.html", "index.php", "welcome", "accueil"];
    let tongue = path.len() == 2 || path.len() == 5 && matches!(path.as_bytes()[2], b'-' | b'_');
    url.query().is_none_or(|query| !query.contains('=')) && (home.contains(&path.as_str()) || tongue)
}

/// Nothing is left of the version before.
fn collapsed(seen: &Seen<'_>) -> Option<Unreadable> {
    let previous = seen.page.expected.previous?;
    if seen.sure() && seen.named() {
        return None;
    }
    let before = phrases::fold(&previous.text());
    let before_words = words(&before);
    if before_words < 150 {
        return None;
    }
    // Counting what is shared costs more than the rest, so it waits until it matters.
    let kept = LazyCell::new(|| shared(&before, seen.main()));
    let percent = |part: f64| (part * 100.0).round();
    // The whole page may hold what the main text lost: then the main text was chosen badly.
    // A policy can be cut down to a few sentences; then these speak of little else.
    let terse = seen.whole().notions >= 4 && seen.whole().density >= 15.0;
    let small = seen.main_words() * 6 < before_words && !((seen.likely() || terse) && seen.named());
    if small && *kept < 0.1 && shared(&before, seen.visible()) < 0.1 {
        let decided = format!(
            "{before_words} words before, {} now, {} % of them phrases from before",
            seen.main_words(),
            percent(*kept)
        );
        return seen.refuse(Why::WrongPage, decided);
    }
    // A version before that was no policy itself must not keep the policy out.
    let then = Measure::of(&before);
    let better =
        then.notions >= seen.core().notions + 3 || then.density >= 5.0 && then.density > 1.5 * seen.core().density;
    let poor = better && !seen.likely() && seen.core().density < 5.0 && !(seen.named() && seen.page.selected);
    let limit = if names_policy(&seen.title) { 0.02 } else { 0.06 };
    if poor && *kept < limit && same_language(seen, previous) {
        let decided =
            format!("{} % of its phrases are from before, and few of its words are those of a policy", percent(*kept));
        return seen.refuse(Why::WrongPage, decided);
    }
    None
}

/// Not one of a page's few words is a word of policies: a promise that something is coming,
/// a question about the visitor's age. Longer texts are believed: guidelines may do without
/// such words. Of a language whose words for policies we do not know, nothing is said.
fn strange(seen: &Seen<'_>) -> Option<Unreadable> {
    let known = match seen.page.language {
        Some(language) => phrases::LANGUAGES.contains(&language),
        // Too short to tell: without a letter beyond ASCII it may well be English.
        None => seen.page.blocks.iter().all(|block| !block.text.chars().any(|c| !c.is_ascii() && c.is_alphabetic())),
    };
    // So few words have no more bytes than this in any language that we know.
    let letters: usize = seen.page.blocks.iter().map(|block| block.text.len()).sum();
    let asked = known && seen.page.html.is_some() && !seen.page.selected && letters <= 64 * STUB_WORDS;
    if !asked || seen.main_words() > STUB_WORDS || seen.whole().notions > 0 || seen.named() {
        return None;
    }
    seen.refuse(Why::WrongPage, "not one of its words is a word of policies".to_owned())
}

/// How many different notions of policies a text speaks of.
pub(super) fn notions(text: &str) -> usize {
    Measure::of(&phrases::fold(text)).notions
}

fn same_language(seen: &Seen<'_>, previous: &Reading) -> bool {
    match (language::detected(seen.main()), previous.language.as_deref()) {
        (Some(now), Some(before)) => now == before,
        _ => true,
    }
}
