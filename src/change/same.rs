//! Whether two readings say the same, whatever they look like.
//!
//! A page may be served in two layouts in turn, break its lines elsewhere, mark a title
//! as a heading or only as bold, turn its apostrophes, or carry a table of its own
//! contents or not. The words, in their order, are the policy.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::iter::Peekable;
use std::sync::LazyLock;

use regex::Regex;

use super::words::tokens;
use crate::reading::Reading;
use crate::section::{Section, plain_title, split_number};
use crate::text::{BlockKind, Link};

/// From so many lines in a row on, lines that repeat headings are a table of contents.
const CONTENTS: usize = 3;

/// Contents that nothing calls so have no more words above them.
const ABOVE: usize = 80;

/// A word or a mark as it is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Word<'a> {
    text: Cow<'a, str>,
    /// It stands in a heading, where capitals are a matter of style.
    heading: bool,
    /// It numbers a line: typed by an author, or drawn by a browser and then not here.
    marker: bool,
    /// It begins a list's item: deeper than the item before, beside it, or less deep.
    step: Option<Ordering>,
}

/// Whether two readings hold the same words in the same order, and links to the same
/// places. Linear in their length.
pub(super) fn readings(old: &Reading, new: &Reading) -> bool {
    let links = |reading: &Reading| {
        let lines: Vec<Line<'_>> = reading.sections.iter().flat_map(lines_of).collect();
        let own = lines.iter().zip(contents(&lines)).filter(|(_, contents)| !contents);
        let mut links: Vec<(String, String)> =
            own.flat_map(|(line, _)| line.links).map(|link| (plain_title(&link.text), place(&link.target))).collect();
        links.sort();
        // A second button may repeat a link.
        links.dedup();
        links
    };
    let titles = [old, new].map(|reading| title_of(reading).unwrap_or_default());
    let shown = [old, new].map(shows_title);
    // A title in the window, and above the text or not.
    let alike = if shown[0] == shown[1] {
        lines_alike(&body_of(&old.sections, 0), &body_of(&new.sections, 0))
    } else {
        titles[0] == titles[1]
            && lines_alike(
                &body_of(&old.sections, usize::from(shown[0])),
                &body_of(&new.sections, usize::from(shown[1])),
            )
    };
    alike && links(old) == links(new)
}

fn title_of(reading: &Reading) -> Option<String> {
    reading.title.as_deref().map(plain_title)
}

/// Whether a text begins with the page's title as its first heading.
fn shows_title(reading: &Reading) -> bool {
    let first = reading.sections.first().and_then(|section| section.heading.as_deref());
    first.is_some_and(|heading| title_of(reading) == Some(plain_title(heading)))
}

/// Whether two sections hold the same words in the same order.
pub(super) fn sections(old: &Section, new: &Section) -> bool {
    lines_alike(&lines_of(old).collect::<Vec<_>>(), &lines_of(new).collect::<Vec<_>>())
}

/// Where a link leads, for comparing: host, path and what names a page of them. The
/// scheme, the language of the page and the place on it are left out: they follow the
/// reader.
pub(super) fn place(target: &str) -> String {
    if target.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("mailto:")) {
        return target.split('?').next().unwrap_or_default().to_lowercase();
    }
    // A fragment may be a place on the page, or the page itself where a script shows it.
    let (address, fragment) = target.split_once('#').unwrap_or((target, ""));
    let fragment = if fragment.starts_with(['/', '!']) { fragment } else { "" };
    let (address, query) = address.split_once('?').unwrap_or((address, ""));
    let address = address.split_once("://").map_or(address, |(_, rest)| rest);
    let (host, path) = address.split_once('/').unwrap_or((address, ""));
    let host = host.to_lowercase();
    let mut query: Vec<&str> = query.split('&').filter(|pair| !names_language(pair)).collect();
    query.sort_unstable();
    let mut out = format!("{}/{}", host.trim_start_matches("www."), path.trim_end_matches('/'));
    for pair in query {
        out.push('?');
        out.push_str(pair);
    }
    if !fragment.is_empty() {
        out.push('#');
        out.push_str(fragment);
    }
    out
}

fn names_language(pair: &str) -> bool {
    let name = pair.split('=').next().unwrap_or_default().to_ascii_lowercase();
    matches!(name.as_str(), "" | "lang" | "language" | "locale" | "locale2" | "hl" | "lng")
}

/// A heading or a block.
struct Line<'a> {
    text: &'a str,
    heading: bool,
    /// A paragraph: only there an author types bullets and numbers.
    paragraph: bool,
    /// How deep a list's item stands.
    depth: Option<u8>,
    links: &'a [Link],
}

fn lines_of(section: &Section) -> impl Iterator<Item = Line<'_>> {
    let heading =
        section.heading.iter().map(|text| Line { text, heading: true, paragraph: false, depth: None, links: &[] });
    let blocks = section.blocks.iter().map(|block| {
        let depth = if let BlockKind::ListItem { depth } = block.kind { Some(depth) } else { None };
        let paragraph = block.kind == BlockKind::Paragraph;
        Line { text: &block.text, heading: false, paragraph, depth, links: &block.links }
    });
    heading.chain(blocks)
}

/// The lines of a reading from one on, without its table of contents.
fn body_of(sections: &[Section], from: usize) -> Vec<Line<'_>> {
    let lines: Vec<Line<'_>> = sections.iter().flat_map(lines_of).collect();
    let contents = contents(&lines);
    lines.into_iter().zip(contents).skip(from).filter_map(|(line, contents)| (!contents).then_some(line)).collect()
}

/// Whether two texts hold the same words in the same order. What both begin with is passed
/// over, and a text is parted into words only as far as they are alike: in a history nearly
/// all texts are the ones before but for a sentence.
fn lines_alike(old: &[Line<'_>], new: &[Line<'_>]) -> bool {
    let alike = |(a, b): &(&Line<'_>, &Line<'_>)| {
        (a.text, a.heading, a.paragraph, a.depth) == (b.text, b.heading, b.paragraph, b.depth)
    };
    let same = old.iter().zip(new).take_while(alike).count();
    match words_alike(Words::of(old, same), Words::of(new, same)) {
        Alike::Unless { left_out: 0, .. } => true,
        // How many markers stay, all lines say together.
        Alike::Unless { .. } => match words_alike(Words::of(old, 0), Words::of(new, 0)) {
            Alike::Unless { left_out, kept } => left_out == 0 || left_out > kept,
            Alike::Not => false,
        },
        Alike::Not => false,
    }
}

/// The words of some lines, one after the other, and where an item stands under the one
/// before it.
struct Words<'a, 'b> {
    lines: &'b [Line<'a>],
    at: usize,
    /// Of the line before, the last first.
    ready: Vec<Word<'a>>,
}

impl<'a, 'b> Words<'a, 'b> {
    /// Those from a line on.
    fn of(lines: &'b [Line<'a>], from: usize) -> Peekable<Self> {
        Self { lines, at: from, ready: Vec::new() }.peekable()
    }
}

impl<'a> Iterator for Words<'a, '_> {
    type Item = Word<'a>;

    fn next(&mut self) -> Option<Word<'a>> {
        while self.ready.is_empty() {
            let line = self.lines.get(self.at)?;
            let before = self.at.checked_sub(1).and_then(|before| self.lines[before].depth);
            let step = line.depth.map(|depth| before.map_or(Ordering::Equal, |before| depth.cmp(&before)));
            push(&mut self.ready, line, step);
            self.ready.reverse();
            self.at += 1;
        }
        self.ready.pop()
    }
}

/// Which lines are a table of contents: at least [`CONTENTS`] in a row that stand again
/// below, most of them as headings; and the line above that calls them so.
fn contents(lines: &[Line<'_>]) -> Vec<bool> {
    let keys: Vec<String> = lines
        .iter()
        .map(|line| if line.text.len() <= 200 { plain_title(split_number(line.text).1) } else { String::new() })
        .collect();
    // Where each text stands last, and where last as a heading.
    let mut last: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (at, key) in keys.iter().enumerate().filter(|(_, key)| !key.is_empty()) {
        let places = last.entry(key).or_default();
        places.0 = at;
        if lines[at].heading {
            places.1 = at;
        }
    }
    let places = |at: usize| last.get(keys[at].as_str()).copied().unwrap_or_default();
    let first = first_headings(lines, &keys);
    let mut out = vec![false; lines.len()];
    let (mut at, mut words) = (0, 0);
    while at < lines.len() {
        let named = at > 0 && names_contents(lines[at - 1].text);
        let mut end = (at..lines.len()).find(|&line| places(line).0 <= line).unwrap_or(lines.len());
        let mut headings = (at..end).filter(|&line| places(line).1 > line).count();
        if named && end == at {
            // Contents may stand below the text as well, as where a page shows them beside it.
            let above = |line: &usize| first.get(keys[*line].as_str()).is_some_and(|first| *first < at);
            end = at + (at..lines.len()).take_while(above).count();
            headings = end - at;
        }
        // The items of a clause may be titles too: contents are called so, or open the text.
        let leads = words <= ABOVE && at.checked_sub(1).is_none_or(|above| !lines[above].text.ends_with([':', '：']));
        if headings >= CONTENTS && headings * 2 > end - at && (named || leads) {
            out[at..end].fill(true);
            if named {
                out[at - 1] = true;
            }
        }
        words += lines[at..end.max(at + 1)].iter().map(|line| line.text.split_whitespace().count()).sum::<usize>();
        at = end.max(at + 1);
    }
    out
}

/// Where each title stands first as a heading.
fn first_headings<'a>(lines: &[Line<'_>], keys: &'a [String]) -> BTreeMap<&'a str, usize> {
    let mut first = BTreeMap::new();
    for (at, key) in keys.iter().enumerate().filter(|(at, key)| lines[*at].heading && !key.is_empty()) {
        first.entry(key.as_str()).or_insert(at);
    }
    first
}

/// Whether a line is what people write above a table of contents.
fn names_contents(text: &str) -> bool {
    const NAMES: [&str; 26] = [
        "contents",
        "table of contents",
        "on this page",
        "in this section",
        "what you ll find in this section",
        "in this article",
        "jump to",
        "quick links",
        "inhalt",
        "inhaltsverzeichnis",
        "auf dieser seite",
        "sommaire",
        "table des matières",
        "sur cette page",
        "aller vers",
        "contenido",
        "índice",
        "en esta página",
        "indice",
        "sommario",
        "inhoud",
        "inhoudsopgave",
        "spis treści",
        "innehåll",
        "indhold",
        "nesta página",
    ];
    NAMES.contains(&plain_title(text).as_str())
}

fn push<'a>(out: &mut Vec<Word<'a>>, line: &Line<'a>, mut step: Option<Ordering>) {
    let bare = line.text.strip_prefix(is_bullet).filter(|rest| line.paragraph && rest.starts_with(char::is_whitespace));
    let text = bare.map_or(line.text, str::trim_start);
    let may_be_marked = line.heading || line.paragraph || line.depth.is_some();
    let marker = MARKER.find(text).filter(|marker| may_be_marked && marker.end() < text.len());
    let marker = marker.map_or(0, |marker| marker.end());
    let mut at = 0;
    for token in tokens(text).iter().filter(|token| !token.word.is_empty()) {
        at += token.space.len() + token.word.len();
        // Of plain letters nothing is folded but one mark.
        let text = if token.word.is_ascii() && !token.word.contains('`') {
            Cow::Borrowed(token.word)
        } else {
            let mut text = String::with_capacity(token.word.len());
            token.word.chars().for_each(|c| fold(c, &mut text));
            Cow::Owned(text)
        };
        if !text.is_empty() {
            out.push(Word { text, heading: line.heading, marker: at <= marker, step: step.take() });
        }
    }
}

/// A number or letter that an author types in front of a line.
static MARKER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:\d{1,3}(?:\.\d{1,3}){0,3}[.)]|\((?:\d{1,2}|[a-z]|[ivx]{1,5})\)|(?:[a-z]|[ivx]{1,5})[.)])(?:\s|$)")
        .expect("the pattern is sound")
});

/// What an author types, or a script puts, at the beginning of an item.
fn is_bullet(c: char) -> bool {
    matches!(
        c,
        '•' | '◦'
            | '▪'
            | '▫'
            | '●'
            | '○'
            | '■'
            | '□'
            | '‣'
            | '⁃'
            | '·'
            | '*'
            | '–'
            | '—'
            | '-'
            | '➢'
            | '►'
    )
}

/// Signs that only differ in how they are drawn.
fn fold(c: char, out: &mut String) {
    match c {
        '’' | '‘' | '‚' | '‛' | '´' | '`' | 'ʼ' | '′' | '＇' => out.push('\''),
        '“' | '”' | '„' | '‟' | '«' | '»' | '″' | '＂' => out.push('"'),
        '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' => out.push('-'),
        '…' => out.push_str("..."),
        // Raised or not, a number of a note.
        '¹' => out.push('1'),
        '²' => out.push('2'),
        '³' => out.push('3'),
        '⁰' | '⁴'..='⁹' => out.extend(char::from_digit(c as u32 - 0x2070, 10)),
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' => {}
        c => out.push(c),
    }
}

/// Whether words are alike.
enum Alike {
    Not,
    /// They are, unless too few markers were left out: one gone among others that stay is a
    /// number that somebody took away.
    Unless {
        left_out: usize,
        kept: usize,
    },
}

/// Whether all words are alike but for markers that only one side has.
fn words_alike(mut old: Peekable<Words<'_, '_>>, mut new: Peekable<Words<'_, '_>>) -> Alike {
    let (mut left_out, mut kept) = (0, 0);
    loop {
        match (old.peek(), new.peek()) {
            (None, None) => return Alike::Unless { left_out, kept },
            (Some(a), Some(b)) if word_alike(a, b) => {
                kept += usize::from(a.marker && b.marker);
                old.next();
                new.next();
            }
            (Some(a), b) if a.marker && b.is_none_or(|b| !b.marker) => {
                left_out += 1;
                old.next();
            }
            (a, Some(b)) if b.marker && a.is_none_or(|a| !a.marker) => {
                left_out += 1;
                new.next();
            }
            _ => return Alike::Not,
        }
    }
}

fn word_alike(a: &Word<'_>, b: &Word<'_>) -> bool {
    if a.step.zip(b.step).is_some_and(|(a, b)| a != b) {
        return false;
    }
    a.text == b.text
        || (a.heading || b.heading) && a.text.to_lowercase() == b.text.to_lowercase()
        || elided(&a.text, &b.text)
        || elided(&b.text, &a.text)
}

/// Whether one word has a vowel where the other has the apostrophe of an elision:
/// `d'absence` and `deabsence`. Some publishers mark each copy of a page so.
fn elided(apart: &str, joined: &str) -> bool {
    let Some((before, after)) = apart.split_once('\'') else { return false };
    let elides = matches!(
        before.to_lowercase().as_str(),
        "c" | "d"
            | "j"
            | "l"
            | "m"
            | "n"
            | "s"
            | "t"
            | "qu"
            | "jusqu"
            | "lorsqu"
            | "puisqu"
            | "un"
            | "dell"
            | "all"
            | "nell"
            | "sull"
            | "quest"
    );
    let Some(rest) = joined.strip_prefix(before).filter(|_| elides && after.chars().count() >= 2) else { return false };
    let mut rest = rest.chars();
    rest.next().is_some_and(|vowel| matches!(vowel, 'a' | 'e' | 'i' | 'o' | 'u')) && rest.as_str() == after
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::tests::reading;

    fn same(old: &str, new: &str) -> bool {
        let (old, new) = (reading(old), reading(new));
        assert_eq!(readings(&old, &new), readings(&new, &old), "it holds both ways");
        readings(&old, &new)
    }

    #[test]
    fn what_only_looks_different_is_the_same() {
        let cases = [
            ("line breaks", "# A\nWelcome! We keep logs.", "# A\nWelcome!\nWe keep logs."),
            ("items", "# A\n- one\n- two", "# A\none\ntwo"),
            ("bullets as signs", "# A\n• one\n• two", "# A\n- one\n- two"),
            ("a heading that is only bold", "# A\n## You may not:\ncopy", "# A\nYou may not:\ncopy"),
            ("levels", "# A\n## B\nx", "# A\n# B\nx"),
            ("capitals of a title", "# TERMS OF USE\nx", "# Terms of Use\nx"),
            ("quotes", "# A\nthe “User’s” data – all", "# A\nthe \"User's\" data - all"),
            ("spaces before marks", "# A\nfin : oui", "# A\nfin: oui"),
            ("a mark on each copy", "# A\nen cas d'absence de l’avis", "# A\nen cas deabsence de leavis"),
            ("numbers that a browser draws", "# A\n1. copy it\n(b) sell it", "# A\n- copy it\n- sell it"),
            (
                "a table of contents",
                "# A\nOn this page\n- Logs\n- Cookies\n- Sale\n## 1. Logs\nx\n## 2. Cookies\ny\n## 3. Sale\nz",
                "# A\n## 1. Logs\nx\n## 2. Cookies\ny\n## 3. Sale\nz",
            ),
            (
                "a table of contents below the text",
                "# A\n## Logs\nx\n## Cookies\ny\n## Sale\nz\nTable of contents\n- Logs\n## Cookies\n- Sale",
                "# A\n## Logs\nx\n## Cookies\ny\n## Sale\nz",
            ),
            ("a list that stands deeper", "# A\n- one\n- two", "# A\n- - one\n- - two"),
        ];
        for (name, old, new) in cases {
            assert!(same(old, new), "{name}");
        }
    }

    #[test]
    fn what_says_something_else_is_not() {
        let cases = [
            ("a word", "# A\nWe may sell data.", "# A\nWe will sell data."),
            ("capitals in a text", "# A\nthe Services", "# A\nthe services"),
            ("a comma", "# A\nfriends, and partners", "# A\nfriends and partners"),
            ("a number", "# A\n- 30 days", "# A\n- 31 days"),
            ("another number of a line", "# A\n1. copy it\n2. sell it", "# A\n1. copy it\n3. sell it"),
            ("a number in a line", "# A\nfor 3 years", "# A\nfor years"),
            ("a list of equal lines", "# A\nUSA\nall\nEU\n# B\nUSA\nall\nEU", "# A\n# B\nUSA\nall\nEU"),
            ("an item under another", "# A\n- never\n- but", "# A\n- never\n- - but"),
            ("a list below that no heading bears", "# A\n## B\nx\nContents\n- p\n- q\n- r", "# A\n## B\nx"),
            ("an order", "# A\n- first\n- then", "# A\n- then\n- first"),
            ("a title", "# Sale\nx", "# Gift\nx"),
            ("a line that no heading repeats", "# A\nWe share it.\n## B\nx", "# A\n## B\nx"),
            ("two lines that headings repeat", "# T\nA\nB\n## A\nx\n## B\ny", "# T\n## A\nx\n## B\ny"),
            ("a place", "# A\nform{https://acme.test/a}", "# A\nform{https://acme.test/b}"),
            ("an elision of another word", "# A\nd'or", "# A\ndeux"),
        ];
        for (name, old, new) in cases {
            assert!(!same(old, new), "{name}");
        }
    }

    #[test]
    fn a_title_may_stand_in_the_window_alone() {
        let titled = |text: &str, title: &str| Reading { title: Some(title.to_owned()), ..reading(text) };
        let shown = titled("# Terms of Use\n## Logs\nx", "Terms of Use");
        assert!(readings(&shown, &titled("## Logs\nx", "Terms of use")));
        assert!(readings(&titled("## Logs\nx", "Terms of use"), &shown));
        assert!(!readings(&shown, &titled("## Logs\nx", "Terms of Sale")));
        assert!(!readings(&titled("# Logs\nx", "Terms"), &titled("x", "Terms")));
    }

    #[test]
    fn places() {
        let cases = [
            ("https://www.acme.test/terms/", "http://acme.test/terms"),
            ("https://acme.test/terms?lang=fr", "https://ACME.test/terms#part-2"),
            ("https://acme.test/help?a=1&b=2&locale2=fr_FR", "https://acme.test/help?b=2&a=1"),
            ("mailto:DPO@acme.test?subject=x", "mailto:dpo@acme.test"),
            ("/terms", "/terms/"),
        ];
        for (a, b) in cases {
            assert_eq!(place(a), place(b));
        }
        for (a, b) in [
            ("https://acme.test/a", "https://acme.test/b"),
            ("https://acme.test/?id=1", "https://acme.test/?id=2"),
            ("https://acme.test/a", "https://help.acme.test/a"),
        ] {
            assert_ne!(place(a), place(b));
        }
    }
}
