//! Tells which lines are headings, and how they nest.
//!
//! A page may mark headings as such, or set them off: bold, in capitals, numbered, or
//! just short and on a line of their own. A style counts from the strongest to the
//! weakest; the weakest only where the page has hardly any other heading.

use std::collections::HashMap;
use std::sync::LazyLock;

use foldhash::fast::RandomState as Hash;
use regex::Regex;

use super::lines::{Item, Kind, Line};
use super::tree::count_words;
use crate::section::{plain_title, split_number};
use crate::text::noise;
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

/// A heading has no more characters than this, however it is marked.
const LONGEST_CHARS: usize = 200;

/// How a heading is marked, which decides what it nests in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    /// `h1` to `h6`.
    Marked(u8),
    /// A number written so, of so many parts.
    Numbered(Shape, u8),
    /// Bold capitals.
    BoldCapitals,
    Capitals,
    Bold,
    Underlined,
    /// Called a title by its class.
    Titled,
    /// Opens and closes a part.
    Fold,
    /// Stands above a table.
    Caption,
    /// A term with long definitions.
    Term,
    Plain,
}

impl Style {
    /// Whether only its look says that it is a heading.
    fn is_weak(self) -> bool {
        matches!(
            self,
            Style::BoldCapitals
                | Style::Capitals
                | Style::Bold
                | Style::Underlined
                | Style::Titled
                | Style::Fold
                | Style::Plain
        )
    }
}

/// How a number is written: what is written alike counts on, what is not nests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// `Schedule 2`, `Anhang B`: what is attached stands beside the sections.
    Attached,
    /// `Part`, `Teil`, `Titre`.
    Part,
    /// `Chapter`, `Kapitel`.
    Chapter,
    /// `Article 3`, `§ 5`, `Section 4`.
    Article,
    Digits,
    Roman,
    Letter,
    /// `(a)`, `(2)`.
    Paren,
}

/// How what is attached to a text is called.
const ATTACHED: [&str; 9] =
    ["schedule", "annex", "appendi", "exhibit", "anhang", "anlage", "anexo", "allegato", "bijlage"];

/// What of these needs neither number nor name to be a part of its own: a schedule may be a
/// timetable.
const ATTACHED_ALONE: [&str; 9] =
    ["annex", "annexe", "appendix", "appendice", "anhang", "anlage", "anexo", "allegato", "bijlage"];

/// Whether a heading opens with the word for what is attached, in the singular or the plural.
fn speaks_of_attached(text: &str) -> bool {
    let first = text.split(|c: char| !c.is_alphanumeric()).find(|word| !word.is_empty()).unwrap_or_default();
    first.len() <= 12 && ATTACHED.iter().any(|word| first.to_lowercase().starts_with(word))
}

/// Whether a heading is that word alone, or with a name behind a colon or a dash.
fn is_attached_alone(text: &str) -> bool {
    let (word, _) = text.split_once([':', '–', '—']).or_else(|| text.split_once(" - ")).unwrap_or((text, ""));
    word.len() <= 12 && ATTACHED_ALONE.contains(&word.trim().to_lowercase().as_str())
}

/// What a number is: how it is written, its parts, and the last of them counted.
struct Counted {
    shape: Shape,
    parts: u8,
    /// What stands before the last part: `4.` of `4.2`.
    before: String,
    last: Option<u32>,
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

/// The title of a table of contents.
static CONTENTS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?ix)^(?:(?:the\ )?(?:table\ of\ )?contents?|(?:in|on)\ this\ (?:article|page|section|document|policy)|jump\ to(?:\ section)?|quick\ links
        |inhalt(?:s(?:verzeichnis|übersicht))?|(?:auf|in)\ dieser\ seite|sommaire|table\ des\ mati[èe]res|dans\ cet\ article|sur\ cette\ page
        |índice(?:\ de\ contenidos?)?|contenidos?|tabla\ de\ contenidos?|en\ esta\ p[áa]gina|indice(?:\ dei\ contenuti)?|sommario|in\ questa\ pagina
        |inhoud(?:sopgave)?|op\ deze\ pagina|índice|conteúdo|sumário|nesta\ página|spis\ treści|innehåll|indhold|innhold|sisällys(?:luettelo)?
        |содержание|оглавление|зміст|içindekiler|目次|目录|目錄|목차)$",
    )
    .expect("the pattern is sound")
});

/// Turns lines into blocks.
pub(super) fn settle(mut lines: Vec<Line>) -> Vec<Block> {
    unmark_down(&mut lines);
    unsign(&mut lines);
    unbullet(&mut lines);
    join_numbers(&mut lines);
    join_wrapped(&mut lines);
    let styles = styles(&lines);
    let mut nesting = Nesting::of(&lines, &styles);
    let mut out = Vec::with_capacity(lines.len());
    for (line, style) in lines.into_iter().zip(styles) {
        let kind = match style {
            Some(style) => BlockKind::Heading { level: nesting.level(style, &line), anchor: line.anchor },
            None => match (line.kind, line.item) {
                (Kind::ColumnNames, _) => BlockKind::TableHeader,
                (Kind::Row, _) => BlockKind::TableRow,
                (Kind::Term, _) => BlockKind::Term,
                (Kind::Preformatted, _) => BlockKind::Preformatted,
                (Kind::Definition, None) => BlockKind::Definition,
                (_, Some(item)) if item.first => BlockKind::ListItem { depth: item.depth },
                _ => BlockKind::Paragraph,
            },
        };
        nesting.filled |= style.is_none();
        let text = if matches!(kind, BlockKind::Heading { .. }) { line.text.replace('\n', " ") } else { line.text };
        out.push(Block { kind, text, links: line.links });
    }
    out
}

/// Makes headings of lines that are typed as such in Markdown, on a page that shows it as typed.
fn unmark_down(lines: &mut [Line]) {
    let level = |line: &Line| {
        let signs = line.text.bytes().take_while(|byte| *byte == b'#').count();
        let typed = line.kind == Kind::Text && (1..=6).contains(&signs) && line.text[signs..].starts_with(' ');
        typed.then(|| u8::try_from(signs).unwrap_or(6))
    };
    if lines.iter().filter(|line| level(line).is_some()).take(ENOUGH).count() < ENOUGH {
        return;
    }
    for line in lines {
        if let Some(level) = level(line) {
            line.kind = Kind::Heading(level);
            line.text = line.text.trim_matches(['#', ' ']).to_owned();
        }
    }
}

/// Signs that stand in front of titles as well as in front of items.
const SIGNS: [char; 8] = ['■', '●', '◆', '▼', '□', '◇', '▶', '○'];

/// Takes the sign off lines that it makes titles: each short, and most with running text under
/// them, where items would follow each other.
fn unsign(lines: &mut [Line]) {
    // Each of them begins with this byte.
    let any = lines.iter().filter(|line| line.text.as_bytes().first() == Some(&0xe2)).take(ENOUGH).count();
    if any < ENOUGH {
        return;
    }
    for sign in SIGNS {
        let signed: Vec<usize> =
            (0..lines.len()).filter(|&at| lines[at].kind == Kind::Text && lines[at].text.starts_with(sign)).collect();
        if signed.len() < ENOUGH {
            continue;
        }
        let bare = |at: usize| lines[at].text.trim_start_matches([sign, ' ', '\u{3000}']);
        let heads = |at: &usize| {
            let running = |next: &Line| next.kind == Kind::Text && next.item.is_none() && next.words() > LONGEST_PLAIN;
            is_title(bare(*at), LONGEST_STYLED) && lines.get(at + 1).is_some_and(running) && lines[*at].item.is_none()
        };
        let titles: Vec<usize> = signed.iter().copied().filter(heads).collect();
        if titles.len() < ENOUGH || titles.len() * 3 < signed.len() * 2 {
            continue;
        }
        for at in titles {
            lines[at].text = lines[at].text.trim_start_matches([sign, ' ', '\u{3000}']).to_owned();
            lines[at].look.titled = true;
        }
    }
}

/// Makes items of lines that begin with a bullet, and takes the bullet off.
fn unbullet(lines: &mut [Line]) {
    for (at, line) in lines.iter_mut().enumerate() {
        if line.kind != Kind::Text || line.text.starts_with("--") {
            continue;
        }
        let bare = line.text.trim_start_matches(['•', '·', '・', '▪', '‣', '◦', '●', '○', '■']);
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
    let counted = counted_badges(lines);
    let mut joined = vec![false; lines.len()];
    let mut at = 0;
    while at + 1 < lines.len() {
        let (line, next) = (&lines[at], &lines[at + 1]);
        let marked = matches!(line.kind, Kind::Heading(_));
        let alone = line.text.len() <= 8
            && (line.kind == next.kind || line.kind == Kind::Text && is_marked(next))
            && line.item.is_none() == next.item.is_none()
            && (marked || line.kind == Kind::Text)
            && (LONE_NUMBER.is_match(&line.text)
                || is_digits(&line.text) && (marked || counted.binary_search(&at).is_ok()));
        if alone && is_title(&next.text, LONGEST_STYLED) && split_number(&next.text).0.is_none() {
            joined[at] = true;
            let Line { text: number, item, mut anchor, .. } = lines[at].clone();
            let dot =
                if is_digits(&number) || marked && number.ends_with(|c: char| c.is_ascii_digit()) { "." } else { "" };
            let title = &mut lines[at + 1];
            title.text = format!("{number}{dot} {}", title.text);
            title.anchor = anchor.take().or(title.anchor.take());
            // The title begins the item now.
            title.item = title.item.map(|own| item.filter(|item| item.number == own.number).unwrap_or(own));
            at += 1;
        }
        at += 1;
    }
    let mut joined = joined.into_iter();
    lines.retain(|_| !joined.next().unwrap_or(false));
}

/// Badges that count at least so far number the titles below them.
const BADGES: usize = 3;

/// The lines that are nothing but a number, each above a title and each the next after the one
/// before: badges that pages set beside their headings. One number alone may be anything.
fn counted_badges(lines: &[Line]) -> Vec<usize> {
    let badge = |at: &usize| {
        let (line, next) = (&lines[*at], &lines[at + 1]);
        let value = || line.text.parse::<u32>().ok();
        (line.kind == Kind::Text
            && line.text.len() <= 2
            && is_digits(&line.text)
            && is_title(&next.text, LONGEST_STYLED))
        .then(value)
        .flatten()
    };
    let (mut found, mut run) = (Vec::new(), Vec::new());
    let mut close = |run: &mut Vec<usize>| {
        if run.len() >= BADGES {
            found.append(run);
        }
        run.clear();
    };
    for at in 0..lines.len().saturating_sub(1) {
        let Some(value) = badge(&at) else { continue };
        // The contents may count first, and the sections again.
        if value == 1 {
            close(&mut run);
        }
        if value as usize == run.len() + 1 {
            run.push(at);
        }
    }
    close(&mut run);
    found
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether the page marks a line as the heading of a part.
fn is_marked(line: &Line) -> bool {
    matches!(line.kind, Kind::Heading(_) | Kind::Fold)
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
    let leads_in = leads_in(lines);
    for (at, style) in styles.iter_mut().enumerate() {
        *style = style.or_else(|| set_off(lines, at, leads_in));
    }
    head_of_all(lines, &mut styles);
    unmark_runs(lines, &mut styles);
    let keys = keys(lines);
    unmark_contents(lines, &keys, &mut styles);
    numbered(lines, &mut styles);
    if styles.iter().flatten().count() < ENOUGH {
        plain(lines, &mut styles);
    }
    unmark_contents(lines, &keys, &mut styles);
    unmark_idle(lines, &mut styles);
    level_titles(lines, &mut styles);
    styles
}

/// Whether the page begins its clauses with a bold word or two that end in a stop
/// ("Fees. You pay …"): then a line that is nothing else is such a lead-in too.
fn leads_in(lines: &[Line]) -> bool {
    let run_in = lines.iter().filter(|line| line.look.run_in).count();
    let alone = |line: &&Line| line.look.bold && line.kind == Kind::Text && line.text.ends_with('.');
    let alone = lines.iter().filter(alone).filter(|line| is_title(&line.text, LONGEST_STYLED)).count();
    run_in > 2 && run_in > alone
}

/// Takes back what heads nothing: at the end, above dates alone, or what the line above
/// has just said.
fn unmark_idle(lines: &[Line], styles: &mut [Option<Style>]) {
    for at in (0..lines.len()).rev() {
        match styles[at] {
            Some(Style::Marked(_)) | None => break,
            Some(_) => styles[at] = None,
        }
    }
    for at in 0..lines.len() {
        let Some(style) = styles[at] else { continue };
        let under = styles[at + 1..].iter().position(Option::is_some).map_or(lines.len(), |next| at + 1 + next);
        let of_dates = |line: &Line| line.words() <= 6 && is_dated(&line.text);
        // Of a list, the list alone: the text behind it is not what the line heads.
        let items = lines[at + 1..under].iter().take_while(|line| line.item.is_some()).count();
        let headed = if items > 0 { at + 1 + items } else { under };
        if style.is_weak() && headed > at + 1 && lines[at + 1..headed].iter().all(of_dates) {
            styles[at] = None;
        }
        if at > 0 && styles[at - 1].is_some() && key(&lines[at].text) == key(&lines[at - 1].text) {
            styles[at] = None;
        }
    }
}

/// A title as it is compared: without number, case and punctuation.
fn key(text: &str) -> String {
    plain_title(split_number(text).1)
}

/// The titles of the lines that may be another's, as they are compared: most end as no other
/// does, and none of those is written out.
fn keys(lines: &[Line]) -> Vec<String> {
    let short = |line: &Line| line.text.len() <= LONGEST_CHARS;
    let endings: Vec<Option<u64>> = lines.iter().map(|line| short(line).then(|| ending(&line.text))?).collect();
    let mut sorted: Vec<u64> = endings.iter().copied().flatten().collect();
    sorted.sort_unstable();
    let alone = |ending: u64| {
        let at = sorted.partition_point(|other| *other < ending);
        sorted.get(at + 1) != Some(&ending)
    };
    let key = |(line, ending): (&Line, &Option<u64>)| match ending {
        _ if !short(line) => String::new(),
        Some(ending) if alone(*ending) => String::new(),
        _ => key(&line.text),
    };
    lines.iter().zip(&endings).map(key).collect()
}

/// The end of a text's last word, which texts of one key share, numbered or not; none where
/// it is not of ASCII.
fn ending(text: &str) -> Option<u64> {
    let mut letters = text.chars().rev().skip_while(|c| !c.is_alphanumeric()).take_while(|c| c.is_alphanumeric());
    let add = |ending, c: char| c.is_ascii().then(|| ending << 8 | u64::from(c.to_ascii_lowercase() as u8));
    letters.by_ref().take(8).try_fold(0, add)
}

/// Takes the entries of a table of contents for what they are, and so its title. They
/// repeat, one after the other, titles that come later.
fn unmark_contents(lines: &[Line], keys: &[String], styles: &mut [Option<Style>]) {
    // The last place where each title stands.
    let mut last: HashMap<&str, usize, Hash> = HashMap::default();
    for (at, key) in keys.iter().enumerate().filter(|(at, key)| !key.is_empty() && styles[*at].is_some()) {
        last.insert(key, at);
    }
    let repeated = |at: usize, end: usize| last.get(keys[at].as_str()).is_some_and(|later| *later > end);
    let mut from = 0;
    while from < lines.len() {
        let to = from + (from..lines.len()).take_while(|&at| repeated(at, at)).count();
        // Titles that come again behind the run, not within it.
        let entries = (from..to).filter(|&at| repeated(at, to - 1)).count();
        let linked = (from..to).filter(|&at| lines[at].look.contents).count();
        if entries >= 3 && entries * 4 >= (to - from) * 3 || linked >= 2 {
            styles[from..to].fill(None);
            // What only looks like a heading, and heads nothing else, is called anything.
            let heads = |style: Style| is_contents(lines, from - 1) || style.is_weak() && linked >= 3;
            if from > 0 && styles[from - 1].is_some_and(|style| style != Style::Marked(1) && heads(style)) {
                styles[from - 1] = None;
            }
            from = to;
        } else {
            from = to.max(from + 1);
        }
    }
    for (at, style) in styles.iter_mut().enumerate() {
        if is_contents(lines, at) && lines.get(at + 1).is_some_and(|next| next.look.contents) {
            *style = None;
        }
    }
}

fn is_contents(lines: &[Line], at: usize) -> bool {
    lines[at].text.len() <= 60 && CONTENTS.is_match(noise::bare(&lines[at].text))
}

/// Where no heading is marked as the page's title, the first may be it; and where every
/// section is marked as one, only the first is.
fn level_titles(lines: &[Line], styles: &mut [Option<Style>]) {
    let mut marked = (0..lines.len()).filter(|&at| matches!(styles[at], Some(Style::Marked(_))));
    let Some(first) = marked.next() else { return };
    let names = super::POLICY_WORDS.is_match(&lines[first].text) && lines[first].words() <= LONGEST_PLAIN;
    let at_head = first < 3 && styles[..first].iter().all(Option::is_none);
    if !names || !at_head {
        return;
    }
    if styles[first] != Some(Style::Marked(1)) {
        if !styles.contains(&Some(Style::Marked(1))) && marked.next().is_some() {
            styles[first] = Some(Style::Marked(1));
        }
        return;
    }
    if styles.iter().filter(|style| **style == Some(Style::Marked(1))).count() < 4 {
        return;
    }
    for style in styles[first + 1..].iter_mut().flatten() {
        if let Style::Marked(level) = style {
            *level = (*level + 1).min(6);
        }
    }
}

/// Headings that the page marks as such.
fn marked(lines: &[Line], at: usize) -> Option<Style> {
    let line = &lines[at];
    // Most lines are marked as nothing.
    if !matches!(line.kind, Kind::Heading(_) | Kind::Fold | Kind::Term) {
        return None;
    }
    let words = line.words();
    if !line.text.chars().any(char::is_alphabetic) || line.text.chars().count() > LONGEST_CHARS {
        return None;
    }
    match line.kind {
        Kind::Heading(level) if words <= LONGEST_MARKED => {
            // Long names of sections do not end in a stop; sentences do.
            let sentence = words > LONGEST_STYLED && line.text.ends_with('.');
            (!sentence && (level == 1 || !is_dated(&line.text))).then_some(Style::Marked(level))
        }
        Kind::Fold if words <= LONGEST_STYLED + 9 && at + 1 < lines.len() => {
            Some(if matches!(lines[at + 1].kind, Kind::Row | Kind::ColumnNames) { Style::Caption } else { Style::Fold })
        }
        Kind::Term => long_definitions(lines, at).then_some(Style::Term),
        _ => None,
    }
}

/// Whether what stands under a term is a section, not a definition. A term that is numbered
/// or asks a question defines nothing.
fn long_definitions(lines: &[Line], at: usize) -> bool {
    let term = &lines[at].text;
    if is_title(term, LONGEST_STYLED) && (split_number(term).0.is_some() || term.ends_with('?')) {
        return true;
    }
    let under: Vec<&Line> = lines[at + 1..].iter().take_while(|line| line.kind == Kind::Definition).take(50).collect();
    let words: u32 = under.iter().map(|line| line.words()).sum();
    words > 60 || under.len() > 2
}

/// Headings that are set off by their look.
fn set_off(lines: &[Line], at: usize, leads_in: bool) -> Option<Style> {
    let line = &lines[at];
    if line.kind != Kind::Text && line.kind != Kind::Definition
        || line.look.contents
        || !is_title(&line.text, LONGEST_STYLED)
    {
        return None;
    }
    let capitals = is_capitals(&line.text);
    let number = split_number(&line.text).0;
    let introduces = line.text.ends_with(':') && number.is_none() && introduces(lines, at);
    if introduces || line.text.ends_with('!') || is_in_address(lines, at) {
        return None;
    }
    if leads_in && line.text.ends_with('.') && number.is_none() && !capitals {
        return None;
    }
    let style = match (line.look.bold, number, capitals) {
        (true, Some(number), _) => numbered_style(&number),
        (true, None, true) => Style::BoldCapitals,
        (true, None, false) => Style::Bold,
        (false, None, true) if line.item.is_none() => Style::Capitals,
        (false, Some(number), true) if line.item.is_none() => numbered_style(&number),
        (false, Some(number), _) if line.look.titled => numbered_style(&number),
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

/// Words that a clause breaks off with before a list: what ends so is no title.
const BEFORE_LIST: [&str; 52] = [
    "that",
    "to",
    "by",
    "include",
    "includes",
    "including",
    "following",
    "follows",
    "are",
    "is",
    "if",
    "when",
    "for",
    "with",
    "of",
    "not",
    "may",
    "must",
    "will",
    "note",
    "dass",
    "wenn",
    "folgende",
    "folgenden",
    "folgendes",
    "sind",
    "werden",
    "hinweis",
    "que",
    "de",
    "à",
    "si",
    "suivants",
    "suivantes",
    "suivant",
    "sont",
    "pour",
    "siguientes",
    "siguiente",
    "son",
    "para",
    "di",
    "seguenti",
    "sono",
    "per",
    "volgende",
    "dat",
    "zijn",
    "seguintes",
    "são",
    "att",
    "because",
];

/// Whether a line with a colon begins a list rather than a section. What names those whom
/// a section concerns ("For residents of …:") is a title, however long.
fn introduces(lines: &[Line], at: usize) -> bool {
    let text = lines[at].text.trim_end_matches([':', ' ', '\u{a0}']);
    let last = text.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_lowercase();
    let listed = lines.get(at + 1).is_some_and(|next| next.item.is_some_and(|item| item.first));
    let first = text.split(' ').next().unwrap_or_default().to_lowercase();
    let names_some = ["for", "if", "in", "für", "wenn", "pour", "si", "para", "per", "se", "voor", "als"];
    BEFORE_LIST.contains(&last.as_str())
        || (listed && count_words(text) >= 6 || count_words(text) > LONGEST_PLAIN)
            && !is_capitals(text)
            && !names_some.contains(&first.as_str())
}

/// Whether a line stands between a name and a street, as the name of a firm does.
fn is_in_address(lines: &[Line], at: usize) -> bool {
    let short = |line: &Line| {
        line.kind == Kind::Text && !line.look.bold && line.words() <= 10 && !line.text.ends_with([':', ';', '!', '?'])
    };
    let is_street = |line: &Line| {
        short(line)
            && line.text.chars().any(|c| c.is_ascii_digit())
            && !is_dated(&line.text)
            && !line.text.ends_with('.')
    };
    at > 0
        && lines[at].words() <= 4
        && !lines[at].look.bold
        && short(&lines[at - 1])
        && lines[at - 1].words() <= 6
        && !is_dated(&lines[at - 1].text)
        && lines.get(at + 1).is_some_and(is_street)
}

/// A title has no more characters than this.
const LONGEST_TITLE: usize = 140;

/// Whether a line reads as a title: short, whole, and no sentence.
fn is_title(text: &str, longest: u32) -> bool {
    // Most lines are paragraphs: no title of so many bytes has so few characters.
    if text.len() > 4 * LONGEST_TITLE {
        return false;
    }
    if text.len() > LONGEST_TITLE && text.chars().count() > LONGEST_TITLE {
        return false;
    }
    let words = count_words(text);
    if words == 0 || words > longest {
        return false;
    }
    let (number, title) = split_number(text);
    let Some(first) = title.chars().find(|c| c.is_alphanumeric()) else { return false };
    if first.is_lowercase() {
        return false;
    }
    if title.ends_with([',', ';', '…']) || title.contains('@') || title.contains("://") {
        return false;
    }
    if title.ends_with('.') && !(number.is_some() && words <= 8 || words <= 5) {
        return false;
    }
    let may_stop = title.contains(". ") || title.contains("! ");
    !(is_dated(title) || may_stop && TWO_SENTENCES.is_match(title))
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

/// The style of a line with this number.
fn numbered_style(number: &str) -> Style {
    let counted = counted(number);
    Style::Numbered(counted.shape, counted.parts)
}

/// Reads a number: `4.2` has two parts, the last of which counts two.
fn counted(number: &str) -> Counted {
    let bare = number.trim_matches(|c: char| !c.is_alphanumeric());
    let (word, bare) = match bare.rsplit_once(|c: char| c.is_whitespace()) {
        Some((word, bare)) => (word.to_lowercase(), bare),
        None if number.starts_with(['§', '第', '제']) => ("§".to_owned(), bare),
        None => (String::new(), bare),
    };
    let begins = |words: &[&str]| words.iter().any(|begin| word.starts_with(begin));
    let parts: Vec<&str> = bare.split(['.', '-', '．']).filter(|part| !part.is_empty()).collect();
    let last = parts.last().copied().unwrap_or_default();
    let single = last.chars().count() == 1;
    let roman = !last.is_empty() && last.chars().all(|c| matches!(c.to_ascii_uppercase(), 'I' | 'V' | 'X' | 'L'));
    let shape = match () {
        () if begins(&ATTACHED) => Shape::Attached,
        () if begins(&["part", "teil", "titre"]) => Shape::Part,
        () if begins(&["chap", "kapitel", "cap", "hoofdstuk", "глава"]) => Shape::Chapter,
        () if !word.is_empty() => Shape::Article,
        () if number.starts_with(['(', '（']) => Shape::Paren,
        () if last.starts_with(char::is_numeric) => Shape::Digits,
        () if roman => Shape::Roman,
        () => Shape::Letter,
    };
    let value = match () {
        () if last.starts_with(char::is_numeric) => {
            let digits: String = last.chars().take_while(char::is_ascii_digit).collect();
            let letter = last.chars().last().filter(char::is_ascii_lowercase).map(|c| c as u32 - 'a' as u32 + 1);
            letter.or(digits.parse().ok())
        }
        () if roman && (!single || matches!(last, "I" | "V" | "X" | "i" | "v" | "x")) => Some(from_roman(last)),
        () if single => {
            last.chars().next().filter(char::is_ascii_alphabetic).map(|c| c.to_ascii_lowercase() as u32 - 96)
        }
        () => None,
    };
    let lettered = last.starts_with(char::is_numeric) && last.ends_with(|c: char| c.is_ascii_lowercase());
    let before = match lettered {
        true => last.trim_end_matches(|c: char| c.is_ascii_lowercase()).to_owned(),
        false => parts[..parts.len().saturating_sub(1)].join("."),
    };
    let parts = u8::try_from(parts.len() + usize::from(lettered)).unwrap_or(6).clamp(1, 6);
    Counted { shape, parts, before, last: value }
}

/// The value of a Roman number.
fn from_roman(number: &str) -> u32 {
    let values = number.chars().map(|c| match c.to_ascii_uppercase() {
        'I' => 1,
        'V' => 5,
        'X' => 10,
        _ => 50_u32,
    });
    let values: Vec<u32> = values.collect();
    let less = |at: usize| values.get(at + 1).is_some_and(|next| *next > values[at]);
    let (add, sub) = (0..values.len()).partition::<Vec<_>, _>(|&at| !less(at));
    let sum = |places: Vec<usize>| places.into_iter().map(|at| values[at]).sum::<u32>();
    sum(add).saturating_sub(sum(sub))
}

/// How many short lines may stand above the title of all.
const ABOVE_TITLE: usize = 8;

/// The first line, where it names the policy and nothing marked does, is the title of all; so
/// is one that is set off, with a few words of the page above it.
fn head_of_all(lines: &[Line], styles: &mut [Option<Style>]) {
    if styles.contains(&Some(Style::Marked(1))) || lines.len() < 3 {
        return;
    }
    let names = |line: &Line| {
        line.kind == Kind::Text
            && line.item.is_none()
            && !line.look.away
            && is_title(&line.text, LONGEST_PLAIN)
            && !line.text.ends_with(':')
            && super::POLICY_WORDS.is_match(&line.text)
    };
    let above =
        lines.iter().take(ABOVE_TITLE).take_while(|line| line.kind == Kind::Text && line.words() <= LONGEST_PLAIN);
    let set_off = |at: &usize| {
        (lines[*at].look.bold || lines[*at].look.titled)
            && names(&lines[*at])
            && styles[..*at].iter().all(Option::is_none)
    };
    let title = if names(&lines[0]) { Some(0) } else { (1..above.count()).find(set_off) };
    if let Some(title) = title {
        styles[title] = Some(Style::Marked(1));
        styles[..title].fill(None);
    }
}

/// Four and more lines set off in a row are an address or an emphasised passage.
fn unmark_runs(lines: &[Line], styles: &mut [Option<Style>]) {
    let mut from = 0;
    while from < styles.len() {
        // Numbered titles without a word between them are a table of contents.
        if let Some(Style::Numbered(..)) = styles[from] {
            let to = from + styles[from..].iter().take_while(|style| **style == styles[from]).count();
            let last = usize::from(to < styles.len() && styles[to].is_none());
            if to - from >= 4 + last {
                styles[from..to - last].fill(None);
            }
            from = to;
            continue;
        }
        // What opens parts, in a row, is a row of tabs.
        if styles[from] == Some(Style::Fold) {
            let to = from + styles[from..].iter().take_while(|style| **style == Some(Style::Fold)).count();
            if to - from >= 3 {
                styles[from..to].fill(None);
            }
            from = to;
            continue;
        }
        let weak = |at: usize| styles[at].is_some_and(|style| style.is_weak() && style != Style::Fold);
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
    let number = |at: usize| -> Option<String> {
        let line = &lines[at];
        let plain = line.kind == Kind::Text && line.item.is_none() && !line.look.contents;
        plain.then(|| split_number(&line.text).0).flatten()
    };
    let numbers: Vec<Option<String>> = (0..lines.len()).map(number).collect();
    let candidate = |at: usize| -> Option<u8> {
        let number = numbers[at].as_ref().filter(|_| is_title(&lines[at].text, 12))?;
        (!lines[at].text.ends_with(':')).then(|| parts(number))
    };
    let mut candidates: Vec<Option<u8>> = (0..lines.len()).map(candidate).collect();
    // A number without a dot may be a house number: it must be one of a sequence.
    let bare = |at: usize| {
        let text = &lines[at].text;
        let found = BARE.captures(text.starts_with(char::is_numeric).then_some(text)?)?;
        found[1].parse::<u32>().ok()
    };
    let houses: std::collections::BTreeSet<u32> =
        (0..lines.len()).filter(|&at| candidates[at].is_some()).filter_map(bare).collect();
    for (at, candidate) in candidates.iter_mut().enumerate() {
        if let Some(number) = bare(at)
            && !(houses.contains(&(number + 1)) || number > 1 && houses.contains(&(number - 1)))
        {
            *candidate = None;
        }
    }
    // Where sections are called so ("§ 3", "Article 3"), the numbers in them count clauses, and
    // a short one is no title.
    let shapes: Vec<Option<Shape>> = numbers.iter().map(|number| Some(counted(number.as_deref()?).shape)).collect();
    let worded = |shape: &Shape| matches!(shape, Shape::Part | Shape::Chapter | Shape::Article);
    let called = (0..lines.len()).filter(|&at| candidates[at].is_some() && shapes[at].as_ref().is_some_and(worded));
    if called.take(2).count() == 2 {
        for shape in [Shape::Digits, Shape::Roman, Shape::Letter, Shape::Paren] {
            let of_shape: Vec<usize> = (0..lines.len()).filter(|&at| shapes[at] == Some(shape)).collect();
            if of_shape.iter().filter(|&&at| candidates[at].is_some()).count() * 2 < of_shape.len() {
                of_shape.into_iter().for_each(|at| candidates[at] = None);
            }
        }
    }
    let followed = |at: usize| match candidates.get(at + 1) {
        Some(None) => styles[at + 1].is_none() && !matches!(lines[at + 1].kind, Kind::ColumnNames | Kind::Row),
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
        // Where most clauses of a depth are paragraphs, a short one is a short paragraph.
        let clause = |at: &usize| styles[*at].is_none() && numbers[*at].as_ref().is_some_and(|n| parts(n) == depth);
        let clauses = (0..lines.len()).filter(clause).count();
        if sound * 2 < clauses && depth > 1 {
            continue;
        }
        for at in 0..lines.len() {
            if heads[at] && candidates[at] == Some(depth) && styles[at].is_none() {
                styles[at] = numbers[at].as_deref().map(numbered_style);
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
            && next.words() >= 12
            && next.text.ends_with(['.', ':', '!', '?', '。', ')', '”', ';']);
        let heads = (sentence || next.item.is_some())
            && (!line.text.starts_with(|c: char| c.is_numeric()) || split_number(&line.text).0.as_deref() == Some("1"))
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
    /// How deep in lists it stands; an item's first line above its others.
    place: u8,
    /// Which item it stands in.
    item: Option<usize>,
    /// Whether it is called a policy, as the title of all is.
    names: bool,
    /// Whether it speaks of what is attached.
    attached: bool,
}

/// The headings that are open, outermost first.
#[derive(Default)]
struct Nesting {
    open: Vec<Open>,
    /// Whether text stands under the last heading.
    filled: bool,
    /// The level of what stands right under the title.
    sections: Option<u8>,
    /// By how much the marked levels are lower in what is attached.
    shift: u8,
    /// Numbers that count through the whole text, once.
    counts_once: Vec<Style>,
    /// Whether the lowest marked level leaves out the one above it: then what stands below it
    /// has a level of its own.
    leaves_out_fifth: bool,
}

impl Nesting {
    fn of(lines: &[Line], styles: &[Option<Style>]) -> Self {
        let numbers = lines.iter().zip(styles).filter_map(|(line, style)| {
            let style = style.filter(|style| matches!(style, Style::Numbered(_, 1)))?;
            Some((style, counted(&split_number(&line.text).0?).last))
        });
        let mut seen: Vec<(Style, usize, usize)> = Vec::new();
        for (style, last) in numbers {
            let at = seen.iter().position(|(of, ..)| *of == style).unwrap_or_else(|| {
                seen.push((style, 0, 0));
                seen.len() - 1
            });
            seen[at].1 += 1;
            seen[at].2 += usize::from(last == Some(1));
        }
        let once = seen.into_iter().filter(|(_, all, firsts)| *all >= 3 && *firsts == 1).map(|(style, ..)| style);
        let leaves_out_fifth = !styles.contains(&Some(Style::Marked(5)));
        Self { counts_once: once.collect(), leaves_out_fifth, ..Self::default() }
    }

    /// The level of the next heading.
    fn level(&mut self, style: Style, line: &Line) -> u8 {
        let number = split_number(&line.text).0;
        let counted = number.as_deref().map(counted);
        let place = line.item.filter(|item| !item.only).map_or(0, |item| item.depth * 2 - u8::from(item.first));
        let filled = std::mem::take(&mut self.filled);
        let attached = counted.as_ref().is_some_and(|counted| counted.shape == Shape::Attached);
        let level = match (style, self.sections) {
            // What is attached stands beside the sections, and holds what is marked like them.
            (_, Some(sections)) if attached && !matches!(style, Style::Marked(_)) => {
                self.shift = 1;
                sections
            }
            (Style::Marked(own), Some(sections))
                if own > sections
                    && (attached || is_attached_alone(&line.text))
                    && !self.is_among_attached(style, sections) =>
            {
                self.shift = 0;
                sections
            }
            _ => {
                if attached {
                    self.shift = 0;
                }
                self.place(line, style, counted.as_ref(), number.as_deref(), place, filled)
            }
        };
        let marked = matches!(style, Style::Marked(_));
        let item = line.item.map(|item| item.number);
        // What opens a part, or begins an item, heads what is marked in it.
        let holds = |open: &Open| open.style == Style::Fold || open.item.is_some() && open.item == item;
        while self.open.last().is_some_and(|open| {
            open.level >= level
                || marked && filled && open.style.is_weak() && !holds(open)
                || open.place > place && !marked
        }) {
            self.open.pop();
        }
        if self.open.len() == 1 && self.sections.is_none() {
            self.sections = Some(level);
        }
        let names = super::POLICY_WORDS.is_match(&line.text);
        let attached = speaks_of_attached(&line.text);
        self.open.push(Open { style, level, number, place, item, names, attached });
        level
    }

    /// Whether the section that is open is itself attached, or of what is attached, and marked
    /// otherwise than a heading that would stand beside it.
    fn is_among_attached(&self, style: Style, sections: u8) -> bool {
        let section = self.open.iter().find(|open| open.level == sections);
        section.is_some_and(|open| open.attached && open.style != style)
    }

    fn place(
        &mut self,
        line: &Line,
        style: Style,
        counted: Option<&Counted>,
        number: Option<&str>,
        place: u8,
        filled: bool,
    ) -> u8 {
        // A term heads its definitions, and nothing behind them.
        while line.kind != Kind::Definition
            && style != Style::Term
            && self.open.last().is_some_and(|open| open.style == Style::Term)
        {
            self.open.pop();
        }
        // What stands in an item heads nothing beyond the list.
        while self.open.last().is_some_and(|open| open.place > place && open.style.is_weak()) {
            self.open.pop();
        }
        let parent = counted.filter(|counted| !counted.before.is_empty()).and_then(|counted| {
            let is_parent = |open: &&Open| {
                open.number.as_deref().is_some_and(|n| n.trim_matches(|c: char| !c.is_alphanumeric()) == counted.before)
            };
            self.open.iter().rev().find(is_parent).map(|open| open.level)
        });
        let below = |level: u8| (level + 1).min(6);
        if let Style::Marked(own) = style {
            let own = if self.leaves_out_fifth { own.min(5) } else { own };
            let own = (own + if own > 1 { self.shift } else { 0 }).min(6);
            // "1.1" stands under "1", however both are marked.
            if let Some(parent) = parent {
                return own.max(below(parent));
            }
            return self.beside(style, number, place).unwrap_or(own);
        }
        if let Some(parent) = parent {
            return below(parent);
        }
        if let Some(beside) = self.beside(style, number, place) {
            return beside;
        }
        // Before "1." stands an introduction, if it has words of its own.
        if let Some(open) = self.open.last()
            && filled
            && open.style.is_weak()
            && !open.names
            && open.place == place
            && counted.is_some_and(|counted| counted.last == Some(1))
            && self.counts_once.contains(&style)
        {
            return open.level;
        }
        self.open.last().map_or(1, |open| below(open.level))
    }

    /// The level of the open heading that this one stands beside.
    fn beside(&self, style: Style, number: Option<&str>, place: u8) -> Option<u8> {
        let same = match style {
            Style::Marked(_) => self.open.iter().find(|open| open.style == style),
            Style::Numbered(shape, parts) => self.open.iter().find(
                |open| matches!(open.style, Style::Numbered(of, own) if of == shape && own >= parts && open.place <= place),
            ),
            _ => self.open.iter().find(|open| open.style == style && open.place == place),
        };
        let next = |open: &&Open| matches!((&open.number, number), (Some(before), Some(now)) if follows(before, now));
        // A number that goes on counting says more than the style, unless both agree.
        if same.is_some_and(|open| next(&open)) {
            return same.map(|open| open.level);
        }
        self.open.iter().find(next).or(same.filter(|_| !matches!(style, Style::Marked(_)))).map(|open| open.level)
    }
}

/// Whether a number is the next after another: `4.2` after `4.1`, `b` after `a`.
fn follows(before: &str, now: &str) -> bool {
    let (a, b) = (counted(before), counted(now));
    // `i` follows `h`, though it could be the first Roman number.
    let letters = |number: &str| {
        let bare = number.trim_matches(|c: char| !c.is_alphanumeric());
        bare.chars().next().filter(|c| bare.len() == 1 && c.is_ascii_alphabetic()).map(u32::from)
    };
    if let (Some(a), Some(b)) = (letters(before), letters(now))
        && b == a + 1
    {
        return true;
    }
    a.shape == b.shape
        && a.parts == b.parts
        && a.before == b.before
        && matches!((a.last, b.last), (Some(m), Some(n)) if n == m + 1)
}

/// The parts of a number: `4.2` has two.
fn parts(number: &str) -> u8 {
    counted(number).parts
}
