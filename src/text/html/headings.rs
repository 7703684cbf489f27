//! Tells which lines are headings, and how they nest.
//!
//! A page may mark headings as such, or set them off: bold, in capitals, numbered, or
//! just short and on a line of their own. A style counts from the strongest to the
//! weakest; the weakest only where the page has hardly any other heading.

use std::sync::LazyLock;

use regex::Regex;

use super::lines::{Item, Kind, Line};
use super::tree::count_words;
use crate::section::split_number;
use crate::text::{Block, BlockKind};

/// A heading that is marked as one has no more words than this; else it is a paragraph
/// that somebody wanted large.
const LONGEST_MARKED: u32 = 40;
/// A line that is only set off has no more words than this.
const LONGEST_STYLED: u32 = 16;
/// A plain line taken for a heading has no more words than this.
const LONGEST_PLAIN: u32 = 10;
/// With so many headings of stronger styles, plain lines are none.
const ENOUGH: usize = 3;

/// How a heading is marked, which decides what it nests in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    /// `h1` to `h6`.
    Marked(u8),
    /// A number of so many parts.
    Numbered(u8),
    /// Bold capitals.
    BoldCapitals,
    Capitals,
    Bold,
    Underlined,
    /// Called a title by its class.
    Titled,
    /// Opens and closes a part.
    Fold,
    /// A term with long definitions.
    Term,
    Plain,
}

/// A line that speaks of the text's own date.
static DATED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)\b(last (updated|modified|revised|change)|updated:|effective( date| as of|:)|version|date (of|d')|mise? à jour|en vigueur|stand:?|stand vom|gültig|zuletzt|última actualización|ultimo aggiornamento|laatst (bijgewerkt|gewijzigd))\b",
    )
    .expect("the pattern is sound")
});

static LONE_NUMBER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:\d{1,2}\.(?:\s?\d{1,2}\.)*|\d{1,2}(?:\.\d{1,2})+|[IVX]{1,5}\.|§ ?\d{1,3})$")
        .expect("the pattern is sound")
});

static TWO_SENTENCES: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\p{Ll}{3}[.!] \S").expect("the pattern is sound"));

static BARE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^(\d{1,2})\s+\p{L}").expect("the pattern is sound"));

static YEAR: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\b(19|20)\d\d\b").expect("the pattern is sound"));

/// Turns lines into blocks.
pub(super) fn settle(mut lines: Vec<Line>) -> Vec<Block> {
    unbullet(&mut lines);
    join_numbers(&mut lines);
    join_wrapped(&mut lines);
    let styles = styles(&lines);
    let mut nesting = Nesting::default();
    let mut out = Vec::with_capacity(lines.len());
    for (line, style) in lines.into_iter().zip(styles) {
        let kind = match style {
            Some(style) => BlockKind::Heading { level: nesting.level(style, &line.text), anchor: line.anchor },
            None => match (line.kind, line.item) {
                (Kind::Row, _) => BlockKind::TableRow,
                (Kind::Term, _) => BlockKind::Term,
                (Kind::Preformatted, _) => BlockKind::Preformatted,
                (Kind::Definition, None) => BlockKind::Definition,
                (_, Some(item)) if item.first => BlockKind::ListItem { depth: item.depth },
                _ => BlockKind::Paragraph,
            },
        };
        let text = if matches!(kind, BlockKind::Heading { .. }) { line.text.replace('\n', " ") } else { line.text };
        out.push(Block { kind, text, links: line.links });
    }
    out
}

/// Makes items of lines that begin with a bullet, and takes the bullet off.
fn unbullet(lines: &mut [Line]) {
    for (at, line) in lines.iter_mut().enumerate() {
        if line.kind != Kind::Text || line.text.starts_with("--") {
            continue;
        }
        let bare = line.text.trim_start_matches(['•', '·', '▪', '‣', '◦', '●', '○', '■']);
        let bare =
            bare.strip_prefix(['-', '–', '—', '*']).filter(|rest| rest.starts_with(' ')).unwrap_or(bare).trim_start();
        if bare.len() < line.text.len() && !bare.is_empty() {
            line.text = bare.to_owned();
            // Numbers of items that no list holds: none is the number of a real item.
            line.item = line.item.or(Some(Item { depth: 1, number: usize::MAX - at, first: true, only: false }));
        }
    }
}

/// Joins a number that stands on a line of its own with the title under it.
fn join_numbers(lines: &mut Vec<Line>) {
    let mut joined = vec![false; lines.len()];
    let mut at = 0;
    while at + 1 < lines.len() {
        let (line, next) = (&lines[at], &lines[at + 1]);
        let alone = line.text.len() <= 8
            && line.kind == next.kind
            && line.item.is_none() == next.item.is_none()
            && matches!(line.kind, Kind::Text | Kind::Heading(_))
            && LONE_NUMBER.is_match(&line.text);
        if alone && is_title(&next.text, LONGEST_STYLED) && split_number(&next.text).0.is_none() {
            joined[at] = true;
            let (number, anchor) = (lines[at].text.clone(), lines[at].anchor.take());
            lines[at + 1].text = format!("{number} {}", lines[at + 1].text);
            lines[at + 1].anchor = anchor.or(lines[at + 1].anchor.take());
            at += 1;
        }
        at += 1;
    }
    let mut joined = joined.into_iter();
    lines.retain(|_| !joined.next().unwrap_or(false));
}

/// Joins the lines of a page that breaks its lines by hand, as pages made from PDF do.
fn join_wrapped(lines: &mut Vec<Line>) {
    let continues = |line: &Line, next: &Line| {
        line.kind == Kind::Text
            && next.kind == Kind::Text
            && next.item.is_none_or(|item| !item.first)
            && !line.text.ends_with(['.', ':', ';', '!', '?'])
            && next.text.chars().next().is_some_and(char::is_lowercase)
    };
    let wrapped = lines.windows(2).filter(|pair| continues(&pair[0], &pair[1])).count();
    if wrapped < 20 || wrapped * 10 < lines.len() * 3 {
        return;
    }
    let mut joined: Vec<Line> = Vec::with_capacity(lines.len());
    for line in lines.drain(..) {
        match joined.last_mut() {
            Some(last) if continues(last, &line) => {
                last.text.push(' ');
                last.text.push_str(&line.text);
                last.links.extend(line.links);
                last.look.bold &= line.look.bold;
            }
            _ => joined.push(line),
        }
    }
    *lines = joined;
}

/// Which lines are headings, and of which style.
fn styles(lines: &[Line]) -> Vec<Option<Style>> {
    let mut styles: Vec<Option<Style>> = (0..lines.len()).map(|at| marked(lines, at)).collect();
    for (at, style) in styles.iter_mut().enumerate() {
        *style = style.or_else(|| set_off(lines, at));
    }
    head_of_all(lines, &mut styles);
    unmark_runs(lines, &mut styles);
    numbered(lines, &mut styles);
    if styles.iter().flatten().count() < ENOUGH {
        plain(lines, &mut styles);
    }
    // What nothing follows heads nothing.
    for at in (0..lines.len()).rev() {
        match styles[at] {
            Some(Style::Marked(_)) | None => break,
            Some(_) => styles[at] = None,
        }
    }
    styles
}

/// Headings that the page marks as such.
fn marked(lines: &[Line], at: usize) -> Option<Style> {
    let line = &lines[at];
    let words = count_words(&line.text);
    match line.kind {
        Kind::Heading(level) if words <= LONGEST_MARKED => {
            let sentence = words > 24 && line.text.ends_with('.');
            (!sentence && (level == 1 || !is_dated(&line.text))).then_some(Style::Marked(level))
        }
        Kind::Fold if words <= LONGEST_STYLED + 9 && at + 1 < lines.len() => Some(Style::Fold),
        Kind::Term => long_definitions(lines, at).then_some(Style::Term),
        _ => None,
    }
}

/// Whether what stands under a term is a section, not a definition.
fn long_definitions(lines: &[Line], at: usize) -> bool {
    let under: Vec<&Line> = lines[at + 1..].iter().take_while(|line| line.kind == Kind::Definition).take(50).collect();
    let words: u32 = under.iter().map(|line| count_words(&line.text)).sum();
    words > 60 || under.len() > 2
}

/// Headings that are set off by their look.
fn set_off(lines: &[Line], at: usize) -> Option<Style> {
    let line = &lines[at];
    if line.kind != Kind::Text && line.kind != Kind::Definition
        || line.look.contents
        || !is_title(&line.text, LONGEST_STYLED)
    {
        return None;
    }
    let capitals = is_capitals(&line.text);
    let number = split_number(&line.text).0;
    let style = match (line.look.bold, number, capitals) {
        (true, Some(number), _) => Style::Numbered(parts(&number)),
        (true, None, true) => Style::BoldCapitals,
        (true, None, false) => Style::Bold,
        (false, None, true) if line.item.is_none() => Style::Capitals,
        (false, Some(number), _) if line.look.titled => Style::Numbered(parts(&number)),
        _ if line.look.titled => Style::Titled,
        _ if line.look.underlined => Style::Underlined,
        _ => return None,
    };
    let next = lines.get(at + 1)?;
    match line.item {
        None => Some(style),
        // In a list, a heading has its text in the same item, or is all of its list.
        Some(item) if item.first => {
            let followed = next.item.is_some_and(|after| after.number == item.number || after.depth > item.depth);
            (followed && !next.look.bold || item.only && next.item.is_none()).then_some(style)
        }
        Some(item) => next.item.is_some_and(|after| after.number == item.number).then_some(style),
    }
}

/// Whether a line reads as a title: short, whole, and no sentence.
fn is_title(text: &str, longest: u32) -> bool {
    let words = count_words(text);
    let (number, title) = split_number(text);
    let Some(first) = title.chars().find(|c| c.is_alphanumeric()) else { return false };
    if words == 0 || words > longest || text.chars().count() > 140 || first.is_lowercase() {
        return false;
    }
    if title.ends_with([',', ';', '…']) || title.contains('@') || title.contains("://") {
        return false;
    }
    if title.ends_with('.') && !(number.is_some() && words <= 8 || words <= 5) {
        return false;
    }
    !is_dated(title) && !TWO_SENTENCES.is_match(title)
}

/// Whether a line says since when the text is in force.
fn is_dated(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    digits > 0 && DATED.is_match(text) || digits > 4 && YEAR.is_match(text)
}

fn is_capitals(text: &str) -> bool {
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    // An identifier (`A_1`) is no title.
    letters >= 4 && !text.contains('_') && !text.chars().any(char::is_lowercase) && text.chars().any(char::is_uppercase)
}

/// The parts of a number: `4.2` has two.
fn parts(number: &str) -> u8 {
    number.split('.').filter(|part| !part.is_empty()).count().clamp(1, 6) as u8
}

/// The first line, where it names the policy and nothing marked does, is the title of all.
fn head_of_all(lines: &[Line], styles: &mut [Option<Style>]) {
    if styles.contains(&Some(Style::Marked(1))) || lines.len() < 3 {
        return;
    }
    let first = &lines[0];
    if first.kind == Kind::Text
        && first.item.is_none()
        && !first.look.away
        && is_title(&first.text, LONGEST_PLAIN)
        && !first.text.ends_with(':')
        && super::POLICY_WORDS.is_match(&first.text)
    {
        styles[0] = Some(Style::Marked(1));
    }
}

/// Four and more lines set off in a row are an address or an emphasised passage.
fn unmark_runs(lines: &[Line], styles: &mut [Option<Style>]) {
    let mut from = 0;
    while from < styles.len() {
        // Numbered titles without a word between them are a table of contents.
        if let Some(Style::Numbered(_)) = styles[from] {
            let to = from + styles[from..].iter().take_while(|style| **style == styles[from]).count();
            let last = usize::from(to < styles.len() && styles[to].is_none());
            if to - from >= 4 + last {
                styles[from..to - last].fill(None);
            }
            from = to;
            continue;
        }
        let weak = |at: usize| {
            matches!(
                styles[at],
                Some(Style::Bold | Style::Underlined | Style::Capitals | Style::BoldCapitals | Style::Titled)
            )
        };
        let mut to = from;
        while to < styles.len() && weak(to) {
            to += 1;
        }
        // The last line of all heads nothing, but it may end such a run.
        let ends = to > from && to + 1 == lines.len() && lines[to].look.bold;
        if to - from + usize::from(ends) >= 4 {
            let heads = to < lines.len() && styles[to].is_none() && !ends;
            styles[from..to - usize::from(heads)].iter_mut().for_each(|style| *style = None);
        }
        from = to.max(from + 1);
    }
}

/// Plain lines that are a number and a title, where text follows.
fn numbered(lines: &[Line], styles: &mut [Option<Style>]) {
    let candidate = |at: usize| -> Option<u8> {
        let line = &lines[at];
        let plain = line.kind == Kind::Text && line.item.is_none() && !line.look.contents;
        let number = split_number(&line.text).0.filter(|_| plain && is_title(&line.text, 12))?;
        (!line.text.ends_with(':')).then(|| parts(&number))
    };
    let mut candidates: Vec<Option<u8>> = (0..lines.len()).map(candidate).collect();
    // A number without a dot may be a house number: it must be one of a sequence.
    let bare = |at: usize| BARE.captures(&lines[at].text).and_then(|found| found[1].parse::<u32>().ok());
    let numbers: std::collections::BTreeSet<u32> =
        (0..lines.len()).filter(|&at| candidates[at].is_some()).filter_map(bare).collect();
    for (at, candidate) in candidates.iter_mut().enumerate() {
        if let Some(number) = bare(at)
            && !(numbers.contains(&(number + 1)) || number > 1 && numbers.contains(&(number - 1)))
        {
            *candidate = None;
        }
    }
    let followed = |at: usize| match candidates.get(at + 1) {
        Some(None) => styles[at + 1].is_none() && lines[at + 1].kind != Kind::Row,
        Some(Some(deeper)) => candidates[at].is_some_and(|own| *deeper > own),
        None => false,
    };
    let heads: Vec<bool> = (0..lines.len()).map(|at| candidates[at].is_some() && followed(at)).collect();
    for depth in 1..=6 {
        let all = candidates.iter().filter(|parts| **parts == Some(depth)).count();
        let sound = (0..lines.len()).filter(|&at| candidates[at] == Some(depth) && heads[at]).count();
        if sound * 2 < all || sound < 2 {
            continue;
        }
        for at in 0..lines.len() {
            if heads[at] && candidates[at] == Some(depth) && styles[at].is_none() {
                styles[at] = Some(Style::Numbered(depth));
            }
        }
    }
}

/// Plain short lines with a paragraph or a list under them.
fn plain(lines: &[Line], styles: &mut [Option<Style>]) {
    for at in 0..lines.len().saturating_sub(1) {
        let (line, next) = (&lines[at], &lines[at + 1]);
        if styles[at].is_some() || line.kind != Kind::Text || line.item.is_some() || !line.links.is_empty() {
            continue;
        }
        let introduced = at > 0 && lines[at - 1].text.ends_with([':', ',', ';']);
        let sentence = next.kind == Kind::Text
            && count_words(&next.text) >= 12
            && next.text.ends_with(['.', ':', '!', '?', '。', ')', '”', ';']);
        let heads = (sentence || next.item.is_some())
            && !line.text.starts_with(|c: char| c.is_numeric())
            && !line.text.contains('_');
        if heads && !introduced && is_title(&line.text, LONGEST_PLAIN) && !line.text.ends_with([':', '.', '!', ')']) {
            styles[at] = Some(Style::Plain);
        }
    }
}

/// A heading that is open.
struct Open {
    style: Style,
    level: u8,
    number: Option<String>,
}

/// The headings that are open, outermost first.
#[derive(Default)]
struct Nesting {
    open: Vec<Open>,
}

impl Nesting {
    /// The level of the next heading.
    fn level(&mut self, style: Style, text: &str) -> u8 {
        let number = split_number(text).0;
        let level = self.beside(style, number.as_deref()).unwrap_or_else(|| match style {
            Style::Marked(level) => level,
            _ => self.open.last().map_or(1, |open| open.level + 1).min(6),
        });
        let marked = matches!(style, Style::Marked(_));
        while self.open.last().is_some_and(|open| {
            open.level >= level || marked && !matches!(open.style, Style::Marked(_)) && open.number.is_none()
        }) {
            self.open.pop();
        }
        self.open.push(Open { style, level, number });
        level
    }

    /// The level of the open heading that this one stands beside.
    fn beside(&self, style: Style, number: Option<&str>) -> Option<u8> {
        let same = match style {
            Style::Marked(_) => self.open.iter().find(|open| open.style == style),
            Style::Numbered(parts) => {
                self.open.iter().find(|open| matches!(open.style, Style::Numbered(own) if own >= parts))
            }
            _ => self.open.iter().find(|open| open.style == style),
        };
        let next = |open: &&Open| matches!((&open.number, number), (Some(before), Some(now)) if follows(before, now));
        // A number that goes on counting says more than the style, unless both agree.
        if same.is_some_and(|open| next(&open)) {
            return same.map(|open| open.level);
        }
        self.open.iter().find(next).or(same.filter(|_| !matches!(style, Style::Marked(_)))).map(|open| open.level)
    }
}

/// Whether a number is the next after another: `4.2` after `4.1`.
fn follows(before: &str, now: &str) -> bool {
    let split = |number: &str| -> Option<(String, u32)> {
        let number = number.trim_matches(|c: char| !c.is_alphanumeric());
        let digits = number
            .rfind(|c: char| !c.is_ascii_digit())
            .map_or(0, |at| at + number[at..].chars().next().map_or(1, char::len_utf8));
        Some((number[..digits].to_owned(), number[digits..].parse().ok()?))
    };
    matches!((split(before), split(now)), (Some((a, m)), Some((b, n))) if a == b && n == m + 1)
}
