//! The facts of a change: which sentences came, went or were reworded, wherever they
//! stand, and in which words. A sentence that only moved, was reflowed or stands
//! twice is no fact.
//!
//! Knows nothing of materiality; [`super::rules`] reads what stands here.

use std::cell::{Cell, OnceCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::LazyLock;

use regex::Regex;
use unicode_normalization::UnicodeNormalization;

use super::edits::{EditKind, NAMED, jurisdictions, named};
use super::noise;
use super::quantity::{Quantity, quantities};
use super::rules::{leads_to_denial, legal_names, pattern};
use crate::change::words::{dice, fnv, sentence_ranges};
use crate::change::{Change, Kind, Op, SectionChange};
use crate::reading::Reading;
use crate::section::Section;

/// Sentences a side that are compared each with each.
const MAX_SENTENCES: usize = 500;
/// From this Dice coefficient on, a sentence is taken for another one reworded.
const REWORDED: f64 = 0.42;
/// The same across sections, where less speaks for it.
const REWORDED_ELSEWHERE: f64 = 0.6;
/// From this one on, a sentence is an edited copy of one that also stands elsewhere.
const COPY: f64 = 0.75;
/// Differing sentences of a section that are looked at together; of a rewrite, what they name
/// together says nothing of each.
const MAX_TOGETHER: usize = 8;
/// Characters that are kept of what leads to a list.
const MAX_LEAD: usize = 2_000;
/// Bytes of text that are searched for whole sentences; a long policy has a quarter of a
/// million bytes, and hardly a sentence of it is searched for.
const MAX_SEARCHED: usize = 1 << 28;
/// Sentences that a text of up to so many bytes is simply searched for: what it says is put in
/// order only for more.
const FEW_SEARCHES: usize = 8;
const SOON_SEARCHED: usize = 1 << 16;

/// A sentence on one side or on both, that differs.
#[derive(Clone, Debug)]
pub(crate) struct Clause {
    /// The path of the section (the new one; the old one if it was removed).
    pub(crate) path: Vec<String>,
    /// The sentence before, as it stands; empty if it is new.
    pub(crate) before: String,
    /// The sentence after, as it stands; empty if it is gone.
    pub(crate) after: String,
    /// [`fold`]ed.
    pub(crate) old: String,
    /// [`fold`]ed.
    pub(crate) new: String,
    /// Words of the old sentence that the new one lacks, folded.
    pub(crate) gone: Vec<String>,
    /// Words of the new sentence that the old one lacks, folded.
    pub(crate) come: Vec<String>,
    /// Whether it is an item of a list or a row of a table: a line without a verb may matter.
    pub(crate) listed: bool,
    /// Whether it is a heading.
    pub(crate) heading: bool,
    /// The words before it in its section, folded: what a list is a list of.
    pub(crate) lead: Rc<str>,
}

impl Clause {
    /// Both sides, folded.
    pub(crate) fn both(&self) -> String {
        format!("{} \u{1f} {}", self.old, self.new)
    }

    /// The differing words of both sides.
    pub(crate) fn differing(&self) -> impl Iterator<Item = &str> {
        self.gone.iter().chain(&self.come).map(String::as_str)
    }

    /// Whether it stands on both sides.
    pub(crate) fn is_reworded(&self) -> bool {
        !self.before.is_empty() && !self.after.is_empty()
    }
}

/// Whether the rules know the language of a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Tongue {
    /// They do, or nobody can tell which it is.
    #[default]
    Known,
    /// They do not; its code.
    Unknown(String),
}

impl Tongue {
    fn of(old: &Reading, new: &Reading) -> Self {
        let strange = |reading: &Reading| {
            let code = reading.language.as_deref()?.split('-').next()?.to_lowercase();
            (!matches!(code.as_str(), "en" | "fr" | "de")).then_some(code)
        };
        match (strange(old), strange(new)) {
            (Some(_), Some(code)) => Tongue::Unknown(code),
            _ => Tongue::Known,
        }
    }
}

impl Facts {
    /// How many words the old text has that are gone, and the new one that have come.
    pub(crate) fn differing_words(&self) -> (usize, usize) {
        let sum = |words: fn(&Clause) -> &Vec<String>| self.clauses.iter().map(|clause| words(clause).len()).sum();
        (sum(|clause| &clause.gone), sum(|clause| &clause.come))
    }
}

/// What differs between two readings, sentence by sentence.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    /// Sentences that differ in words.
    pub(crate) clauses: Vec<Clause>,
    /// Sentences that stand elsewhere now, or stood twice: path and words.
    pub(crate) moved: Vec<(Vec<String>, String)>,
    /// Sentences that differ in marks, case or numbering only.
    pub(crate) same: Vec<(Vec<String>, String)>,
    /// Sentences that differ in a date only.
    pub(crate) dated: Vec<(Vec<String>, String)>,
    /// Legal persons that only the old text names.
    pub(crate) names_gone: BTreeSet<String>,
    /// Legal persons that only the new text names.
    pub(crate) names_come: BTreeSet<String>,
    /// Whether either side hides its addresses from robots.
    pub(crate) hides_addresses: bool,
    /// Whether a consent dialogue stands in the old text alone, and in the new one alone.
    pub(crate) panel: (bool, bool),
    /// The sections where an error page stood or stands in the place of text.
    pub(crate) broken: BTreeSet<Vec<String>>,
    /// Whether the whole text is a list of names and places, without headings or sentences.
    pub(crate) register: bool,
    /// The sections in which sentences of another language came or went.
    pub(crate) strange: BTreeSet<Vec<String>>,
    /// The sections of a page of two languages that show in the other one.
    pub(crate) translated: BTreeSet<Vec<String>>,
    /// The sections that came or went as a whole.
    pub(crate) whole: BTreeSet<Vec<String>>,
    /// The sections whose differing sentences name the same amounts before and after.
    pub(crate) amounts_stay: BTreeSet<Vec<String>>,
    /// The kinds of thing that the differing sentences of a section name alike.
    pub(crate) kinds_stay: BTreeMap<Vec<String>, Vec<EditKind>>,
    /// Whether the rules know the language that the texts are in.
    pub(crate) tongue: Tongue,
    /// Whether only one of the texts knows somebody who answers for personal data by office.
    pub(crate) office: bool,
    /// Whether the new text stands under headings for the most part.
    pub(crate) headed: bool,
    /// Words of the old text.
    pub(crate) old_words: usize,
    /// Words of the new text.
    pub(crate) new_words: usize,
}

/// Folds what carries no meaning: case, marks of quotation, dashes, contractions,
/// British and American spelling.
pub(crate) fn fold(text: &str) -> String {
    let text: String = if text.is_ascii() {
        // The same, many times as fast: of all this, only case and one mark are left.
        text.chars().map(|c| straight(c.to_ascii_lowercase())).collect()
    } else {
        text.nfkc().flat_map(char::to_lowercase).map(straight).filter(|c| !is_invisible(*c)).collect()
    };
    if !text.contains(['\'', '[']) && !CONTRACTED.is_match(&text) {
        return text;
    }
    let text = CONTRACTED.replace_all(&text, |found: &regex::Captures<'_>| match &found[0] {
        "can't" | "cannot" => "can not".to_owned(),
        // Alone, it is a French word.
        other if other.ends_with(" dont") => format!("{} do not", &other[..other.len() - 5]),
        "won't" => "will not".to_owned(),
        "doesnt" => "does not".to_owned(),
        "isnt" => "is not".to_owned(),
        "arent" => "are not".to_owned(),
        "don’t" => "do not".to_owned(),
        other if other.ends_with("n't") => format!("{} not", &other[..other.len() - 3]),
        other if other.ends_with("'ll") => format!("{} will", &other[..other.len() - 3]),
        other if other.ends_with("'re") => format!("{} are", &other[..other.len() - 3]),
        other if other.ends_with("'ve") => format!("{} have", &other[..other.len() - 3]),
        other => other.to_owned(),
    });
    let text = LINK_LEFT.replace_all(&text, "]");
    let text = EMAIL_HIDDEN.replace_all(&text, "hidden@email");
    text.into_owned()
}

static CONTRACTED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\bcannot\b|\b(?:we|you|they|i|who|users|please) dont\b|\b(?:doesnt|isnt|arent)\b|\b[a-z]+(?:n't|'ll|'re|'ve)\b",
    )
});
// What a Markdown reader leaves of a link that it cannot read.
static LINK_LEFT: LazyLock<Regex> = LazyLock::new(|| pattern(r"\]\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*\)?"));
static EMAIL_HIDDEN: LazyLock<Regex> = LazyLock::new(|| pattern(r"\[email.{0,2}protected\]|\[email protégé\]"));

fn straight(c: char) -> char {
    match c {
        '’' | '‘' | '´' | '`' | 'ʼ' => '\'',
        '“' | '”' | '«' | '»' | '„' => '"',
        '–' | '—' | '‑' | '‐' | '−' => '-',
        '\u{a0}' | '\u{202f}' | '\u{2009}' => ' ',
        _ => c,
    }
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
}

/// British to American, as far as endings tell; both sides fold alike, so that a wrong
/// fold does no harm.
fn spelled(word: &str) -> String {
    const ENDINGS: [(&str, &str); 14] = [
        ("isations", "izations"),
        ("isation", "ization"),
        ("ising", "izing"),
        ("ised", "ized"),
        ("ises", "izes"),
        ("ise", "ize"),
        ("yse", "yze"),
        ("ysed", "yzed"),
        ("ours", "ors"),
        ("our", "or"),
        ("licence", "license"),
        ("licences", "licenses"),
        ("centre", "center"),
        ("fulfil", "fulfill"),
    ];
    // Most words end otherwise, and are no business of this table.
    if !matches!(word.as_bytes().last(), Some(b's' | b'n' | b'g' | b'd' | b'e' | b'r' | b'l')) {
        return word.to_owned();
    }
    for (from, to) in ENDINGS {
        if let Some(stem) = word.strip_suffix(from) {
            return format!("{stem}{to}");
        }
    }
    word.to_owned()
}

/// The words of a folded text; numbers keep their points and commas, addresses stay whole.
pub(crate) fn words(folded: &str) -> Vec<String> {
    let mut words = Vec::with_capacity(folded.len() / 5);
    let mut push = |mut word: &str| {
        while let Some(owner) = word.strip_suffix("'s") {
            word = owner;
        }
        let word = word.trim_matches('\'');
        if !word.is_empty() {
            words.push(spelled(word));
        }
    };
    let parts = folded.split(|c: char| {
        !(c.is_alphanumeric() || matches!(c, '.' | ',' | '@' | '\'' | '$' | '€' | '£' | '%' | '/' | '_' | ':' | '+'))
    });
    for word in parts {
        let word = word.trim_matches(|c: char| !(c.is_alphanumeric() || matches!(c, '$' | '€' | '£' | '%')));
        // Only numbers and addresses keep marks inside.
        let whole = word.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '$' | '€' | '£'))
            || word.contains('@')
            || word.contains(':') && word.contains("://")
            || word.contains('.') && !word.contains(',');
        if whole {
            push(word);
        } else {
            word.split(|c: char| !c.is_alphanumeric() && c != '\'' && c != '%').for_each(&mut push);
        }
    }
    words
}

const MONTHS: &str = "january|february|march|april|may|june|july|august|september|october|november|december|\
jan|feb|mar|apr|jun|jul|aug|sept|sep|oct|nov|dec|janvier|f[ée]vrier|mars|avril|mai|juin|juillet|ao[ûu]t|septembre|\
octobre|novembre|d[ée]cembre|januar|februar|märz|juni|juli|oktober|dezember|enero|febrero|marzo|abril|mayo|junio|\
julio|agosto|septiembre|noviembre|diciembre";

static DATE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r"\b(?:{MONTHS})\.? \d{{1,2}}(?:st|nd|rd|th)?(?:,? (?:19|20)\d\d)?\b|\b\d{{1,2}}(?:st|nd|rd|th|er|\.)? (?:de |of )?(?:{MONTHS})\b\.?,? ?(?:de )?(?:(?:19|20)\d\d)?|\b(?:{MONTHS})\.?,? (?:19|20)\d\d\b|\b(?:19|20)\d\d[-/.]\d{{1,2}}[-/.]\d{{1,2}}\b|\b\d{{1,2}}[-/.]\d{{1,2}}[-/.](?:19|20)?\d\d\b"
    ))
});
static DATE_LINE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^\W*(?:this .{0,40} (?:was|is) )?(?:\w+ ){0,5}?(?:last |date of last |date )?(?:updated?|modified|revised|revision|effective|amended|published|posted|version|en vigueur|mise? [àa] jour|modifi\w+|applicable|stand|aktualisiert|g[üu]ltig|date)\b[^.;]{0,60}\{date\}[^.;]{0,40}\.?\W*$|^\W*(?:the )?(?:(?:earlier|later) of )?\{date\} (?:or|and) (?:the date (?:of|on which) )?(?:you |your |user |the user's )?(?:accept|acknowledg)\w*\W*$",
    )
});
static LIST_MARK: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^\s*(?:[-•*·▪◦–]\s*)*(?:(?:section |article |§ ?)?\(?(?:\d{1,2}(?:\.\d{1,2})*|[a-z]|[ivx]{1,4})[.):](?:\d{1,2}\.?)*\s+|\d{1,2}(?:\.\d{1,2})+\s+|[a-z](?:\.\d{1,2})+(?:\.[a-z])?\.?\s+)?",
    )
});
static YEAR: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?:©|\(c\)|copyright).{0,30}?\b(?:19|20)\d\d\b(?: ?- ?(?:19|20)\d\d\b)?"));

/// Puts `{date}` in the place of every date of a folded text.
pub(crate) fn without_dates(folded: &str) -> String {
    if !folded.contains(|c: char| c.is_ascii_digit()) {
        return folded.to_owned();
    }
    YEAR.replace_all(&DATE.replace_all(folded, "{date}"), "copyright").into_owned()
}

static REFERENCE: LazyLock<Regex> = LazyLock::new(|| {
    let named = r"\b(?:sections?|articles?|clauses?|paragraphs?|paragraphes?|parts?|chapters?|chapitres?|annex(?:es)?|annexes?|exhibits?|schedules?|append(?:ix|ices)|sec\.|art\.|artikels?|ziffern?|abschnitte?n?|abs(?:atz|\.)|punkte?n?|points?|rubriques?|pages?)|§{1,2}";
    let number = r"\(?\d{1,3}(?:[.-]\d{1,3})*(?: ?\([a-z0-9]{1,4}\))*\.?[a-z]?\b\)?";
    pattern(&format!(r"(?:{named}) ?{number}(?:(?:,| and| or| to| et| ou| und| oder| bis| through| ?-)+ ?{number})*"))
});
static STATUTE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^.{0,40}\b(?:gdpr|dsgvo|rgpd|ccpa|cpra|regulation|directive|act|code|law|statute|lopd|bdsg|tmg|ttdsg|c\.?f\.?r|u\.?s\.?c|convention|code civil|loi|r[èe]glement|gesetz\w*|bgb|hgb|uwg)\b",
    )
});

/// Puts `{ref}` in the place of what points to a numbered part of the same text; an
/// article of a statute stays.
pub(crate) fn without_references(folded: &str) -> String {
    if !folded.contains(|c: char| c.is_ascii_digit()) {
        return folded.to_owned();
    }
    REFERENCE
        .replace_all(folded, |found: &regex::Captures<'_>| {
            let whole = found.get(0).expect("a match has a whole");
            if STATUTE.is_match(&folded[whole.end()..]) { whole.as_str().to_owned() } else { "{ref}".to_owned() }
        })
        .into_owned()
}

/// [`without_references`], and without what in parentheses only points there: "(as described
/// in section 4)". Whether there was such a thing comes second.
fn without_pointers(folded: &str) -> (String, bool) {
    static CLOSED: LazyLock<Regex> = LazyLock::new(|| pattern(r"\{ref\}\)?"));
    static POINTS: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r" ?\((?:as |which is |and |further |more |fully ){0,3}(?:described|explained|detailed|discussed|outlined|see|voir|d[ée]crite?s?|siehe|vgl\.) (?:(?:also|in|more|further|greater|detail|under|our|the|this|above|below|dans|plus|aussi|oben|unten) ){0,6}\{ref\}(?: (?:above|below|of this (?:policy|notice|agreement)))?\)",
        )
    });
    // A reference may have taken the closing mark with it.
    let text = without_references(folded);
    if !text.contains("{ref}") || !text.contains('(') {
        return (text, false);
    }
    let closed = CLOSED.replace_all(&text, "{ref})");
    match POINTS.replace_all(&closed, "") {
        std::borrow::Cow::Borrowed(_) => (text, false),
        std::borrow::Cow::Owned(without) => (without, true),
    }
}

/// A sentence and where it stands.
struct Sentence {
    text: String,
    folded: String,
    words: Vec<String>,
    bag: Vec<u64>,
    listed: bool,
    heading: bool,
    lead: Rc<str>,
    /// Whether its words stand in the other text, within something longer.
    held: bool,
}

impl Sentence {
    fn key(&self) -> String {
        self.words.join(" ")
    }

    /// Whether it is listed under what is not done: "We never sell:".
    fn is_denied(&self) -> bool {
        self.listed && leads_to_denial(&self.lead)
    }

    /// Its words without the blanks between them, as a hash.
    fn letters(&self) -> u64 {
        fnv(&self.words.concat())
    }

    /// Takes what belongs to it.
    fn append(&mut self, rest: Sentence) {
        self.text = format!("{} {}", self.text, rest.text);
        self.folded = format!("{} {}", self.folded, rest.folded);
        self.words.extend(rest.words);
        self.bag.extend(rest.bag);
        self.bag.sort_unstable();
    }
}

fn keys(sentences: &[Sentence]) -> Vec<String> {
    sentences.iter().map(|sentence| format!(" {} ", sentence.key())).collect()
}

/// Takes back what was held to stand in the other text, if it stands there as the
/// unchanged part of a sentence that grew; notes the rest as moved.
fn reinstate(
    kept: &mut Vec<Sentence>,
    held: Vec<Sentence>,
    others: &[String],
    section: &SectionChange,
    facts: &mut Facts,
) {
    let size: usize = others.iter().map(String::len).sum();
    let searches = MAX_SEARCHED / size.max(1);
    for (at, sentence) in held.into_iter().enumerate() {
        let key = format!(" {} ", sentence.key());
        if at < searches && others.iter().any(|other| other.contains(&key)) {
            kept.push(Sentence { held: true, ..sentence });
        } else {
            facts.moved.push((path_of(section), sentence.text));
        }
    }
}

fn path_of(section: &SectionChange) -> Vec<String> {
    section.to.clone().or_else(|| section.from.clone()).unwrap_or_default()
}

/// The sentences of one side of a section; `without` says which edits are not of it.
fn sentences_of(section: &SectionChange, without: Op) -> Vec<Sentence> {
    let (text, path) = match without {
        Op::Insert => (section.before(), &section.from),
        _ => (section.after(), &section.to),
    };
    sentences(&text, path.as_ref().is_some_and(|path| !path.is_empty()))
}

/// The sentences of a section's text; `headed` says that its first line is a heading.
fn sentences(text: &str, headed: bool) -> Vec<Sentence> {
    let mut out = Vec::new();
    let mut lead: Rc<str> = Rc::from("");
    // What leads to the lists inside of a list, by how far their items stand in.
    let mut inner: Vec<(usize, Rc<str>)> = Vec::new();
    for (row, line) in text.lines().filter(|line| !line.trim().is_empty()).enumerate() {
        let marked = line.trim_start().starts_with(BULLETS)
            || line.trim_start().starts_with("- ")
            || line.contains(" | ")
            || is_entry(line)
            || is_lettered(line) && lead.trim_end().ends_with(':');
        let depth = line.len() - line.trim_start().len();
        inner.retain(|(above, _)| marked && *above < depth);
        let lead_here = inner.last().map_or_else(|| lead.clone(), |(_, lead)| lead.clone());
        let parts = if line.contains(" | ") {
            vec![line.to_owned()]
        } else {
            labelled(sentence_ranges(line).into_iter().flat_map(unglued).collect())
        };
        for part in parts {
            let folded = fold(part.trim());
            let body = LIST_MARK.replace(&folded, "").into_owned();
            let mut words = words(&body);
            words.extend(marks(&body));
            if words.is_empty() {
                continue;
            }
            let mut bag: Vec<u64> = words.iter().map(|word| fnv(word)).collect();
            bag.sort_unstable();
            let text = part.trim().trim_start_matches("- ").to_owned();
            out.push(Sentence {
                text,
                folded: body,
                words,
                bag,
                listed: marked,
                heading: headed && row == 0,
                lead: lead_here.clone(),
                held: false,
            });
        }
        if !marked {
            lead = Rc::from(ending(&fold(line)));
        } else if line.trim_end().ends_with(':') {
            inner.push((depth, Rc::from(ending(&fold(line)))));
        }
    }
    out
}

/// Whether a line is an item of a list that is typed out: `(b) to verify who you are;`. A paragraph
/// that is counted is a sentence, and begins as one.
fn is_lettered(line: &str) -> bool {
    let line = line.trim();
    let open = line.strip_prefix('(').unwrap_or(line);
    let Some((mark, rest)) = open.split_once([')', '.']) else { return false };
    let all = |of: fn(char) -> bool| mark.chars().all(of);
    let counts = match mark.len() {
        1 => all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()),
        2..=4 => all(|c| matches!(c, 'i' | 'v' | 'x')) || all(|c| c.is_ascii_digit()),
        _ => false,
    };
    let Some(rest) = rest.strip_prefix(' ').map(str::trim_start) else { return false };
    let small = rest.starts_with(char::is_lowercase);
    let goes_on = line.ends_with([';', ',']) || line.ends_with("; and") || line.ends_with("; or");
    counts && !rest.is_empty() && (small || goes_on)
}

/// Whether a line is an entry of a list that is written with dashes: a name, what it
/// does and where.
fn is_entry(line: &str) -> bool {
    let dashes = [" - ", " – ", " — "].iter().map(|dash| line.matches(dash).count()).max().unwrap_or(0);
    dashes >= 2 && !line.trim_end().ends_with(['.', ':', ';'])
}

/// The sentences of what a page writes without a blank between them: `Changes.We may`.
fn unglued(text: &str) -> Vec<&str> {
    static GLUED: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r#"(?:[a-z\u{df}-\u{ff}]{3}|[A-Z]{3})[.!?]["”)]?[A-Z][a-z' ]|[A-Za-z]{3}["”)]{1,2}[.!?][A-Z][A-Za-z' ]"#,
        )
    });
    let (mut parts, mut start) = (Vec::new(), 0);
    for found in GLUED.find_iter(text) {
        let word = text[start..found.start()].rsplit(char::is_whitespace).next().unwrap_or_default();
        // An address is one word, whatever letters it has.
        if word.contains(['@', '/', '.']) {
            continue;
        }
        // Behind the mark, where the next sentence begins with two letters of one byte each.
        let end = found.end() - 2;
        parts.push(&text[start..end]);
        start = end;
    }
    parts.push(&text[start..]);
    parts
}

/// Joins what ends a line without a full stop to the label before it: `Products: all but
/// maps`. A value says little alone, and may stand behind other labels too.
fn labelled(mut parts: Vec<&str>) -> Vec<String> {
    let value = parts.pop_if(|last| !last.trim_end().ends_with(['.', '!', '?', ';', ':', '"', '”', ')']));
    let mut parts: Vec<String> = parts.into_iter().map(str::to_owned).collect();
    match (value, parts.last_mut()) {
        (Some(value), Some(label)) if label.trim_end().ends_with(':') => label.push_str(value),
        (Some(value), _) => parts.push(value.to_owned()),
        (None, _) => {}
    }
    parts
}

/// The cells of a row that hold a mark, by the name or the number of their column: that a
/// mark stands in another column is all that says so.
fn marks(row: &str) -> Vec<String> {
    if !row.contains(" | ") {
        return Vec::new();
    }
    let cells = row.split('|').map(str::trim).enumerate();
    cells
        .filter_map(|(at, cell)| {
            let (name, mark) = cell.rsplit_once(": ").map_or((None, cell), |(name, mark)| (Some(name), mark));
            let name = name.map_or_else(|| at.to_string(), |name| name.replace(' ', "_"));
            MARKS.contains(&mark).then(|| format!("{name}:{mark}"))
        })
        .collect()
}

/// Whether a word is a mark in a column, as [`marks`] writes it.
pub(crate) fn is_mark(word: &str) -> bool {
    word.rsplit_once(':').is_some_and(|(_, mark)| MARKS.contains(&mark))
}

/// Marks before an item of a list that a page writes as a line.
const BULLETS: [char; 6] = ['•', '●', '▪', '◦', '‣', '○'];

/// What ticks a cell of a table off.
const MARKS: [&str; 12] = ["x", "✓", "✔", "✗", "✘", "•", "yes", "no", "oui", "non", "ja", "nein"];

/// The last words of what leads to a list, which every item of it keeps.
fn ending(lead: &str) -> &str {
    lead.char_indices().rev().nth(MAX_LEAD - 1).map_or(lead, |(at, _)| &lead[at..])
}

/// Gathers the facts of a change.
pub(crate) fn gather(change: &Change, old: &Reading, new: &Reading) -> Facts {
    let mut parts = PARTS.take();
    let (old_text, new_text) = (Known::of(old, &mut parts), Known::of(new, &mut parts));
    if parts.bytes <= MAX_REMEMBERED {
        PARTS.set(parts);
    }
    let mut facts = Facts { old_words: old_text.count, new_words: new_text.count, ..Facts::default() };
    let names = |reading: &Reading| legal_names(&reading.text());
    let (old_names, new_names) = (names(old), names(new));
    facts.names_gone = old_names.difference(&new_names).cloned().collect();
    facts.names_come = new_names.difference(&old_names).cloned().collect();
    facts.hides_addresses = [&old_text, &new_text].iter().any(|known| known.joined.contains("hidden@email"));
    facts.headed = new.sections.len().min(old.sections.len()) >= 4;
    let mut left: Vec<(usize, Sentence)> = Vec::new();
    let mut right: Vec<(usize, Sentence)> = Vec::new();
    for (at, section) in change.sections.iter().enumerate() {
        let (olds, news) = (sentences_of(section, Op::Insert), sentences_of(section, Op::Delete));
        let (old_words, new_words) = (Counterpart::of(&olds), Counterpart::of(&news));
        let Sifted { fresh: mut olds, held: old_held, elsewhere: old_elsewhere, turned: old_turned } =
            sift(olds, &new_words, section, &new_text, &mut facts);
        let Sifted { fresh: mut news, held: new_held, elsewhere: new_elsewhere, turned: new_turned } =
            sift(news, &old_words, section, &old_text, &mut facts);
        old_turned.into_iter().for_each(|sentence| settle(&mut facts, section, Some(sentence), None));
        new_turned.into_iter().for_each(|sentence| settle(&mut facts, section, None, Some(sentence)));
        let (old_keys, new_keys) = (keys(&olds), keys(&news));
        reinstate(&mut olds, old_held, &new_keys, section, &mut facts);
        reinstate(&mut news, new_held, &old_keys, section, &mut facts);
        let (mut pairs, mut olds, mut news) = match_up(olds, news, REWORDED);
        rejoin(&mut pairs, &mut olds, &mut news);
        // Of a sentence that stands twice, one copy alone may have been edited.
        let (of_news, old_elsewhere, rest) = match_up(old_elsewhere, news, COPY);
        news = rest;
        let (of_olds, rest, new_elsewhere) = match_up(olds, new_elsewhere, COPY);
        olds = rest;
        pairs.extend(of_news.into_iter().chain(of_olds));
        let stays = old_elsewhere.into_iter().chain(new_elsewhere);
        facts.moved.extend(stays.map(|sentence| (path_of(section), sentence.text)));
        for (a, b) in pairs {
            settle(&mut facts, section, Some(a), Some(b));
        }
        left.extend(olds.into_iter().map(|sentence| (at, sentence)));
        right.extend(news.into_iter().map(|sentence| (at, sentence)));
    }
    elsewhere(&mut facts, change, left, right);
    facts.panel = noise::panel(&facts.clauses);
    facts.strange = noise::strange(old, new, &facts.clauses);
    facts.translated = noise::translated(old, new, &facts.clauses);
    facts.amounts_stay = amounts_stay(&facts.clauses);
    facts.kinds_stay = kinds_stay(&facts.clauses);
    facts.broken = broken(change);
    let alone = change.sections.iter().filter(|section| matches!(section.kind, Kind::Added | Kind::Removed));
    facts.whole = alone.map(path_of).filter(|path| !path.is_empty()).collect();
    facts.register = is_register(old) || is_register(new);
    facts.tongue = Tongue::of(old, new);
    facts.office = noise::office_differs(&old_text.joined, &new_text.joined);
    facts
}

/// Of each section of several differing sentences, the kinds of thing that these name alike
/// before and after, taken together: what one of them lost, another has.
fn kinds_stay(clauses: &[Clause]) -> BTreeMap<Vec<String>, Vec<EditKind>> {
    let mut sections: BTreeMap<&[String], Vec<&Clause>> = BTreeMap::new();
    clauses.iter().for_each(|clause| sections.entry(&clause.path).or_default().push(clause));
    let several = sections.into_iter().filter(|(_, clauses)| (2..=MAX_TOGETHER).contains(&clauses.len()));
    several
        .map(|(path, clauses)| {
            let all = |side: fn(&Clause) -> &String| {
                named(&clauses.iter().map(|clause| side(clause).as_str()).collect::<Vec<_>>().join(" \u{1f} "))
            };
            let (old, new) = (all(|clause| &clause.old), all(|clause| &clause.new));
            let stay = NAMED.into_iter().enumerate().filter(|(at, _)| old[*at] == new[*at]).map(|(_, kind)| kind);
            (path.to_vec(), stay.collect())
        })
        .collect()
}

/// The sections in which the same periods and prices stand before and after, in whatever
/// sentences.
fn amounts_stay(clauses: &[Clause]) -> BTreeSet<Vec<String>> {
    let mut sections: BTreeMap<&[String], [BTreeSet<Quantity>; 2]> = BTreeMap::new();
    for clause in clauses {
        let sides = sections.entry(&clause.path).or_default();
        sides[0].extend(quantities(&clause.old));
        sides[1].extend(quantities(&clause.new));
    }
    sections.into_iter().filter(|(_, [old, new])| old == new).map(|(path, _)| path.to_vec()).collect()
}

/// Whether a text is a register: under hardly a heading, most of its lines name a place.
fn is_register(reading: &Reading) -> bool {
    let headings = reading.sections.iter().filter(|section| section.heading.is_some()).count();
    if headings > 2 || reading.sections.len() > 3 {
        return false;
    }
    let text = reading.text();
    let lines: Vec<&str> = text.lines().filter(|line| line.split_whitespace().count() >= 3).collect();
    let placed = |line: &&&str| line.split_whitespace().count() <= 40 && names_place(&fold(line));
    (5..=400).contains(&lines.len()) && lines.iter().filter(placed).count() * 2 >= lines.len()
}

/// Whether a folded line names a country, or says that it holds everywhere.
pub(crate) fn names_place(folded: &str) -> bool {
    !jurisdictions(folded).is_empty() || folded.contains("worldwide") || folded.contains("global")
}

/// The sections that were or are an error page, and those that stand in their place.
fn broken(change: &Change) -> BTreeSet<Vec<String>> {
    let sections = &change.sections;
    let mut broken = BTreeSet::new();
    for (at, section) in sections.iter().enumerate() {
        let (old, new) = (noise::is_error(&section.before()), noise::is_error(&section.after()));
        if old == new {
            continue;
        }
        broken.insert(path_of(section));
        // What came where it went, or went where it came.
        let kind = if old { Kind::Added } else { Kind::Removed };
        broken.extend(sections[at + 1..].iter().take_while(|next| next.kind == kind).map(path_of));
        broken.extend(sections[..at].iter().rev().take_while(|last| last.kind == kind).map(path_of));
    }
    broken
}

/// Pairs what is left across sections, and takes the rest as come or gone.
fn elsewhere(facts: &mut Facts, change: &Change, left: Vec<(usize, Sentence)>, right: Vec<(usize, Sentence)>) {
    let sections = &change.sections;
    let (old_at, olds): (Vec<usize>, Vec<Sentence>) = left.into_iter().unzip();
    let (new_at, news): (Vec<usize>, Vec<Sentence>) = right.into_iter().unzip();
    let pairs = best_pairs(&olds, &news, REWORDED_ELSEWHERE);
    let partner: BTreeMap<usize, usize> = pairs.iter().map(|(a, b)| (*b, *a)).collect();
    let paired: BTreeSet<usize> = pairs.iter().map(|(a, _)| *a).collect();
    let mut olds: Vec<Option<Sentence>> = olds.into_iter().map(Some).collect();
    for (n, sentence) in news.into_iter().enumerate() {
        let before = partner.get(&n).and_then(|o| olds[*o].take());
        settle(facts, &sections[new_at[n]], before, Some(sentence));
    }
    for (o, sentence) in olds.into_iter().enumerate() {
        if !paired.contains(&o) {
            settle(facts, &sections[old_at[o]], sentence, None);
        }
    }
}

/// The words of a whole text, for finding a sentence again wherever it stands.
struct Known {
    joined: String,
    masked: BTreeSet<String>,
    sentences: BTreeSet<String>,
    /// Its sentences without the blanks between words, as hashes.
    letters: BTreeSet<u64>,
    /// Every two, three and four words that stand in a row, as hashes, sorted; made when they
    /// are worth it.
    rows: [OnceCell<Vec<u64>>; 3],
    /// How often rows of words were looked for.
    asked: Cell<usize>,
    count: usize,
    /// How many bytes may still be searched for whole sentences.
    unsearched: Cell<usize>,
}

/// The hashes of every `size` words in a row.
fn rows<'a>(words: &'a [&'a str], size: usize) -> impl Iterator<Item = u64> + 'a {
    words.windows(size).map(|row| row.iter().fold(0, |hash: u64, word| hash.rotate_left(17) ^ fnv(word)))
}

/// What the sections of texts say, each once: most stand in both of two, and in the next of a
/// history too.
#[derive(Default)]
struct Parts {
    known: HashMap<(String, bool), Rc<Part>>,
    /// Bytes of the sections.
    bytes: usize,
}

/// Bytes of the sections that a thread remembers from one comparison to the next: two texts
/// of usual length. What is known of them takes some three times that.
const MAX_REMEMBERED: usize = 128 * 1024;

thread_local! {
    /// Nothing but time depends on it: the same section always says the same.
    static PARTS: Cell<Parts> = Cell::default();
}

/// What is known of the sentences of a section.
struct Part {
    /// The words of each, and their letters as a hash.
    keys: Vec<(String, u64)>,
    /// Those that name a date, without it.
    masked: Vec<String>,
    count: usize,
}

impl Parts {
    fn of(&mut self, section: &Section) -> Rc<Part> {
        let key = (section.labelled_text(), section.heading.is_some());
        if let Some(known) = self.known.get(&key) {
            return Rc::clone(known);
        }
        let mut part = Part { keys: Vec::new(), masked: Vec::new(), count: 0 };
        for sentence in sentences(&key.0, key.1) {
            part.count += sentence.words.len();
            part.keys.push((sentence.key(), sentence.letters()));
            let without = without_dates(&sentence.folded);
            if without != sentence.folded {
                part.masked.push(words(&without).join(" "));
            }
        }
        let part = Rc::new(part);
        self.bytes += key.0.len();
        self.known.insert(key, Rc::clone(&part));
        part
    }
}

impl Known {
    fn of(reading: &Reading, parts: &mut Parts) -> Self {
        let mut joined = String::from(" ");
        let (mut all, mut masked, mut letters, mut count) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new(), 0);
        for section in &reading.sections {
            let part = parts.of(section);
            count += part.count;
            masked.extend(part.masked.iter().cloned());
            for (key, hash) in &part.keys {
                joined.push_str(key);
                joined.push(' ');
                letters.insert(*hash);
                all.insert(key.clone());
            }
        }
        let (rows, asked, unsearched) = (Default::default(), Cell::new(0), Cell::new(MAX_SEARCHED));
        Self { joined, masked, sentences: all, letters, rows, asked, count, unsearched }
    }

    /// Every so many words that stand in a row.
    fn rows(&self, size: usize) -> &[u64] {
        self.rows[size - 2].get_or_init(|| {
            let words: Vec<&str> = self.joined.split(' ').filter(|word| !word.is_empty()).collect();
            let mut rows: Vec<u64> = rows(&words, size).collect();
            rows.sort_unstable();
            rows.dedup();
            rows
        })
    }

    /// Whether a sentence stands there as a sentence.
    fn holds(&self, sentence: &Sentence) -> bool {
        self.sentences.contains(&sentence.key())
    }

    /// Whether it stands there but for blanks that one side lacks.
    fn holds_but_for_blanks(&self, sentence: &Sentence) -> bool {
        self.letters.contains(&sentence.letters())
    }

    /// Whether its words stand there in a row, within another sentence or across two.
    fn holds_within(&self, sentence: &Sentence) -> bool {
        let enough = if sentence.listed { 4 } else { 2 };
        sentence.words.len() >= enough && self.holds_in_a_row(&sentence.key())
    }

    /// Whether words stand there in a row. Their parts are looked up first: without that
    /// the whole text is searched for every sentence that is new.
    fn holds_in_a_row(&self, key: &str) -> bool {
        let words: Vec<&str> = key.split(' ').filter(|word| !word.is_empty()).collect();
        let size = words.len().min(4);
        if size < 2 {
            return self.sentences.contains(key) || self.search(key);
        }
        // Most changes are of a sentence or two, and most texts soon searched for these.
        let asked = self.asked.replace(self.asked.get() + 1);
        if asked < FEW_SEARCHES && self.joined.len() <= SOON_SEARCHED {
            return self.joined.contains(&format!(" {key} "));
        }
        let known = self.rows(size);
        rows(&words, size).all(|row| known.binary_search(&row).is_ok()) && (words.len() == size || self.search(key))
    }

    /// Searches the whole text. Once that was done too often, the rows of words are believed.
    fn search(&self, key: &str) -> bool {
        let Some(left) = self.unsearched.get().checked_sub(self.joined.len()) else { return true };
        self.unsearched.set(left);
        self.joined.contains(&format!(" {key} "))
    }

    fn holds_but_for_dates(&self, sentence: &Sentence) -> bool {
        let masked = without_dates(&sentence.folded);
        masked.contains("{date}") && DATE_LINE.is_match(&masked)
            || masked != sentence.folded && self.masked.contains(&words(&masked).join(" "))
    }
}

/// What the other side of a section says.
struct Counterpart {
    /// The words of its sentences, and whether they are listed under what is not done.
    sentences: BTreeSet<(Vec<String>, bool)>,
    /// What leads to its lists.
    leads: BTreeSet<Rc<str>>,
}

impl Counterpart {
    fn of(side: &[Sentence]) -> Self {
        Self {
            sentences: side.iter().map(|sentence| (sentence.words.clone(), sentence.is_denied())).collect(),
            leads: side.iter().filter(|sentence| sentence.listed).map(|sentence| sentence.lead.clone()).collect(),
        }
    }
}

/// The sentences of one side of a section, by what the other text knows of them.
#[derive(Default)]
struct Sifted {
    /// The other text lacks them.
    fresh: Vec<Sentence>,
    /// It holds them within longer ones only.
    held: Vec<Sentence>,
    /// They stand there as they are, in another place.
    elsewhere: Vec<Sentence>,
    /// The same section lists them, one side under what is not done and the other under what is.
    turned: Vec<Sentence>,
}

/// Sifts the sentences of one side; notes those that differ in blanks or in dates only.
fn sift(
    sentences: Vec<Sentence>,
    counterpart: &Counterpart,
    section: &SectionChange,
    other: &Known,
    facts: &mut Facts,
) -> Sifted {
    let mut sifted = Sifted::default();
    for sentence in sentences {
        let denied = sentence.is_denied();
        if counterpart.sentences.contains(&(sentence.words.clone(), denied)) {
            continue;
        }
        if counterpart.sentences.contains(&(sentence.words.clone(), !denied)) {
            // In other words, what leads to the list may say the same.
            if sentence.listed && counterpart.leads.contains(&sentence.lead) {
                sifted.turned.push(sentence);
            }
            continue;
        }
        if other.holds(&sentence) {
            sifted.elsewhere.push(sentence);
        } else if other.holds_but_for_blanks(&sentence) {
            facts.same.push((path_of(section), sentence.text));
        } else if other.holds_but_for_dates(&sentence) {
            facts.dated.push((path_of(section), sentence.text));
        } else if other.holds_within(&sentence) {
            sifted.held.push(sentence);
        } else {
            sifted.fresh.push(sentence);
        }
    }
    sifted
}

type Matched = (Vec<(Sentence, Sentence)>, Vec<Sentence>, Vec<Sentence>);

fn match_up(olds: Vec<Sentence>, news: Vec<Sentence>, least: f64) -> Matched {
    let pairs = best_pairs(&olds, &news, least);
    let mut olds: Vec<Option<Sentence>> = olds.into_iter().map(Some).collect();
    let mut news: Vec<Option<Sentence>> = news.into_iter().map(Some).collect();
    let joined = pairs.iter().filter_map(|(a, b)| Some((olds[*a].take()?, news[*b].take()?))).collect();
    (joined, olds.into_iter().flatten().collect(), news.into_iter().flatten().collect())
}

/// Joins what only one side parts: a sentence without a partner that stands within the
/// partner of its neighbour is the rest of that neighbour.
fn rejoin(pairs: &mut [(Sentence, Sentence)], olds: &mut Vec<Sentence>, news: &mut Vec<Sentence>) {
    for (left, comes) in [(olds, false), (news, true)] {
        let mut rest = Vec::with_capacity(left.len());
        for sentence in std::mem::take(left) {
            let key = format!(" {} ", sentence.key());
            let holds = |other: &Sentence| format!(" {} ", other.key()).contains(&key);
            let whole = pairs.iter_mut().filter(|_| sentence.held).find(|(a, b)| {
                let (own, other) = if comes { (b, a) } else { (a, b) };
                holds(other) && !holds(own)
            });
            match whole {
                Some((_, own)) if comes => own.append(sentence),
                Some((own, _)) => own.append(sentence),
                None => rest.push(sentence),
            }
        }
        *left = rest;
    }
}

/// The pairs of most similar sentences, best first, in the order of the new text.
fn best_pairs(olds: &[Sentence], news: &[Sentence], least: f64) -> Vec<(usize, usize)> {
    let mut scored = Vec::new();
    for (i, a) in olds.iter().take(MAX_SENTENCES).enumerate() {
        for (j, b) in news.iter().take(MAX_SENTENCES).enumerate() {
            let bound = 2.0 * a.bag.len().min(b.bag.len()) as f64 / (a.bag.len() + b.bag.len()) as f64;
            if bound < least {
                continue;
            }
            let likeness = dice(&a.bag, &b.bag);
            if likeness >= least {
                scored.push((likeness, i.abs_diff(j), i, j));
            }
        }
    }
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2, a.3).cmp(&(b.1, b.2, b.3))));
    let (mut used_old, mut used_new) = (BTreeSet::new(), BTreeSet::new());
    let mut pairs = Vec::new();
    for (_, _, i, j) in scored {
        if !used_old.contains(&i) && !used_new.contains(&j) {
            used_old.insert(i);
            used_new.insert(j);
            pairs.push((i, j));
        }
    }
    pairs.sort_by_key(|(i, j)| (*j, *i));
    pairs
}

/// Notes a sentence that came, went or was reworded.
fn settle(facts: &mut Facts, section: &SectionChange, before: Option<Sentence>, after: Option<Sentence>) {
    let path = path_of(section);
    let text = |s: &Option<Sentence>| s.as_ref().map(|s| s.text.clone()).unwrap_or_default();
    let folded = |s: &Option<Sentence>| s.as_ref().map(|s| s.folded.clone()).unwrap_or_default();
    let word = |s: &Option<Sentence>| s.as_ref().map(|s| s.words.clone()).unwrap_or_default();
    let (mut gone, mut come) = minus_both(&word(&before), &word(&after));
    if gone.is_empty() && come.is_empty() {
        facts.same.push((path, text(&after)));
        return;
    }
    let (old, new) = (folded(&before), folded(&after));
    if before.is_some() && after.is_some() {
        let ((a, points_a), (b, points_b)) = (without_pointers(&old), without_pointers(&new));
        if a != old && b != new || points_a || points_b {
            let with_marks = |text: &str, row: &str| words(text).into_iter().chain(marks(row)).collect::<Vec<_>>();
            (gone, come) = minus_both(&with_marks(&a, &old), &with_marks(&b, &new));
            if gone.is_empty() && come.is_empty() {
                facts.moved.push((path, text(&after)));
                return;
            }
        }
    }
    let marked = gone.iter().chain(&come).any(|word| is_mark(word));
    let undated = |text: &str| words(&without_dates(text));
    if before.is_some() && after.is_some() && !marked && undated(&old) == undated(&new) {
        facts.dated.push((path, text(&after)));
        return;
    }
    let listed = [&before, &after].into_iter().flatten().all(|s| s.listed);
    let heading = [&before, &after].into_iter().flatten().all(|s| s.heading);
    let lead = after.as_ref().or(before.as_ref()).map(|s| s.lead.clone()).unwrap_or_else(|| Rc::from(""));
    let (before, after) = (text(&before), text(&after));
    facts.clauses.push(Clause { path, before, after, old, new, gone, come, listed, heading, lead });
}

/// What each of two lists of words has more than the other, in order.
fn minus_both(old: &[String], new: &[String]) -> (Vec<String>, Vec<String>) {
    let less = |a: &[String], b: &[String]| {
        let mut count: BTreeMap<&str, usize> = BTreeMap::new();
        b.iter().for_each(|word| *count.entry(word).or_default() += 1);
        let rest = a.iter().filter(|word| match count.get_mut(word.as_str()) {
            Some(n) if *n > 0 => {
                *n -= 1;
                false
            }
            _ => true,
        });
        rest.cloned().collect::<Vec<_>>()
    };
    (less(old, new), less(new, old))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::change::tests::reading;

    #[test]
    fn an_item_of_a_list_within_a_list_has_its_own_lead() {
        let text =
            "Release\nThis binds you.\n- You release us from claims of:\n  - others;\n  - yourself;\n- You pay.\nEnd.";
        let leads: Vec<(String, String)> =
            sentences(text, true).into_iter().map(|s| (s.folded, s.lead.to_string())).collect();
        let lead = |item: &str| leads.iter().find(|(text, _)| text.contains(item)).map(|(_, lead)| lead.as_str());
        assert_eq!(lead("others"), Some("- you release us from claims of:"));
        assert_eq!(lead("yourself"), Some("- you release us from claims of:"));
        assert_eq!(lead("you pay"), Some("this binds you."));
    }

    proptest! {
        #[test]
        fn looking_up_rows_of_words_finds_what_searching_finds(text in "([abc] ){0,30}", wanted in "[abc]( [abc]){0,6}") {
            let known = Known::of(&reading(&text), &mut Parts::default());
            prop_assert_eq!(known.holds_in_a_row(&wanted), known.joined.contains(&format!(" {wanted} ")));
            known.asked.set(FEW_SEARCHES);
            prop_assert_eq!(known.holds_in_a_row(&wanted), known.joined.contains(&format!(" {wanted} ")));
        }
    }
}
