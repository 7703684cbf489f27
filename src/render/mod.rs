//! A change, a reading and a judgment for readers.

pub mod html;
pub mod json;
mod lines;
pub mod markdown;
pub mod notices;
pub mod plain;
pub mod policy;

use self::lines::{Line, Word, lines, shown, words};
use crate::change::{Change, Op, SectionChange};
use crate::judgment::{Dating, Finding, Judgment, Noise, ReturnKind};

/// Words of the line above a list that say what it is a list of.
const LEAD: usize = 12;
/// Words of one edit that are shown; a new section longer than this is told by its beginning.
const SHOWN: usize = 160;

/// A word of a redline, as it is to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    /// A word, and whether white space stands before it.
    Word(Op, String, bool),
    /// The line ends.
    Break,
    /// Unchanged words are left out.
    Gap,
    /// So many words of an edit are left out.
    More(Op, usize),
}

/// A section's redline: the lines that changed, unchanged stretches cut to a mark.
fn pieces(section: &SectionChange) -> Vec<Piece> {
    let mut out = Vec::new();
    // What was left out since the last line shown, and the words of one edit so far.
    let (mut skipped, mut lead, mut run) = (0, None, (Op::Equal, 0));
    for line in lines(section) {
        if !line.is_changed() {
            lead =
                Some(line.clone()).filter(|line| line.text().trim_end().ends_with([':', '：'])).or(lead.filter(|_| {
                    // The items above are items of the same list.
                    line.depth().is_some()
                }));
            (skipped, run) = (skipped + 1, (Op::Equal, 0));
            continue;
        }
        // The line that leads to a list is shown with its item.
        if skipped > usize::from(lead.is_some() && line.depth().is_some()) && !out.is_empty() {
            out.extend([Piece::Break, Piece::Gap]);
        }
        if let Some(lead) = lead.take().filter(|_| line.depth().is_some()) {
            below(&lead, &mut out);
        }
        skipped = 0;
        if !out.is_empty() {
            out.push(Piece::Break);
        }
        let only = line.only().unwrap_or(Op::Equal);
        if only != run.0 {
            run = (only, 0);
        }
        set(&line, &mut run.1, &mut out);
    }
    plain_gaps(&mut out);
    out
}

/// Leaves out the line that says that lines are left out, where the one above or below says
/// that of its words already.
fn plain_gaps(out: &mut Vec<Piece>) {
    use Piece::{Break, Gap};
    let mut at = 0;
    while at < out.len() {
        match &out[at..] {
            [Break, Gap, Break, Gap, ..] => drop(out.drain(at + 1..at + 3)),
            [Gap, Break, Gap, Break, ..] => drop(out.drain(at + 1..at + 3)),
            _ => at += 1,
        }
    }
}

/// The end of a line that leads to a list.
fn below(lead: &Line, out: &mut Vec<Piece>) {
    let words = words(lead);
    let from = words.len().saturating_sub(LEAD);
    if !out.is_empty() && (from == 0 || out.last() != Some(&Piece::Gap)) {
        out.push(Piece::Break);
    }
    if from > 0 && out.last() != Some(&Piece::Gap) {
        out.push(Piece::Gap);
    }
    out.extend(words.into_iter().skip(from).map(|word| Piece::Word(word.op, word.text, word.spaced)));
}

/// Sets a changed line; `told` counts the words of a run of lines that only come or go.
fn set(line: &Line, told: &mut usize, out: &mut Vec<Piece>) {
    let whole = line.only().is_some();
    let words = words(line);
    let mut shown = shown(&words, line.is_row());
    let mut run = (Op::Equal, if whole { *told } else { 0 });
    for at in 0..words.len() {
        if words[at].op != run.0 {
            run = (words[at].op, if whole { *told } else { 0 });
        }
        run.1 += 1;
        // A gap of a few words more would be longer than they are.
        shown[at] &= run.0 == Op::Equal || run.1 <= SHOWN;
    }
    if whole {
        *told += words.len();
    }
    let mut at = 0;
    while at < words.len() {
        let op = words[at].op;
        let end = (at..words.len()).find(|n| shown[*n] || words[*n].op != op).unwrap_or(words.len());
        if end > at {
            let more = matches!(out.last(), Some(Piece::More(other, _)) if *other == op);
            out.push(if op == Op::Equal { Piece::Gap } else { Piece::More(op, end - at) });
            if more {
                merge(out);
            }
            at = end;
            continue;
        }
        let Word { mut op, text, spaced } = words[at].clone();
        // The mark of an item stands before what is struck or put in.
        if at == 0 && text == "-" && line.depth().is_some() && words.get(1).is_some_and(|next| next.op == op) {
            op = Op::Equal;
        }
        out.push(Piece::Word(op, text, spaced && at > 0));
        at += 1;
    }
    if let [.., Piece::More(a, _), Piece::Break, Piece::More(b, _)] = &out[..]
        && a == b
    {
        merge(out);
    }
}

/// Makes one count of the last two.
fn merge(out: &mut Vec<Piece>) {
    let Some(Piece::More(op, last)) = out.pop() else { return };
    if out.last() == Some(&Piece::Break) {
        out.pop();
    }
    let before = match out.pop() {
        Some(Piece::More(_, before)) => before,
        other => {
            out.extend(other);
            0
        }
    };
    out.push(Piece::More(op, before + last));
}

/// The first heading of all sections, if it is the same: the title, which need not stand
/// in front of each.
fn title(change: &Change) -> Option<&str> {
    let mut paths = change.sections.iter().flat_map(|section| [&section.from, &section.to]).flatten();
    let first = paths.next()?.first()?;
    paths.all(|path| path.first() == Some(first)).then_some(first)
}

/// The path of a section for people, without the title that all share; `(beginning)`
/// where it has none.
fn path(path: &[String], title: Option<&str>) -> String {
    let below = match path {
        [first, rest @ ..] if !rest.is_empty() && Some(first.as_str()) == title => rest,
        all => all,
    };
    if below.is_empty() { "(beginning)".to_owned() } else { below.join(" › ") }
}

/// Where a section stands, and where it stood or what it was called if that differs.
fn place(section: &SectionChange, title: Option<&str>) -> String {
    match (&section.from, &section.to) {
        (Some(from), Some(to)) if from != to => {
            let here = path(to, title);
            let was = match (from.split_last(), to.split_last()) {
                (Some((old, above)), Some((_, now))) if above == now => old.clone(),
                _ => path(from, title),
            };
            format!("{here} (was: {was})")
        }
        (_, Some(to)) => path(to, title),
        (Some(from), None) => path(from, title),
        (None, None) => path(&[], title),
    }
}

/// A rule that fired, how often, and why that matters: what is alike is told once.
fn alike<'a>(findings: impl Iterator<Item = &'a Finding>) -> Vec<(&'a Finding, usize)> {
    let mut out: Vec<(&Finding, usize)> = Vec::new();
    for finding in findings {
        let same = |other: &Finding| {
            (&other.rule, other.practice, other.severity, &other.why)
                == (&finding.rule, finding.practice, finding.severity, &finding.why)
        };
        match out.iter_mut().find(|(other, _)| same(other)) {
            Some((_, count)) => *count += 1,
            None => out.push((finding, 1)),
        }
    }
    out
}

/// Whether a finding is about a section.
fn belongs(section: &SectionChange, finding: &Finding) -> bool {
    section.to.as_ref().or(section.from.as_ref()).is_some_and(|path| *path == finding.section)
}

/// A text that begins with a capital letter.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

/// A kind of noise in words.
pub fn noise_name(kind: &str) -> String {
    match kind {
        "date_only" => "a date".to_owned(),
        "formatting" => "formatting".to_owned(),
        "link_only" => "target of a link".to_owned(),
        "renumber_move" => "moved or renumbered".to_owned(),
        "page_furniture" => "furniture of the page".to_owned(),
        "fetch_artefact" => "not the policy".to_owned(),
        "typo_grammar" => "spelling or grammar".to_owned(),
        "rename" => "a name".to_owned(),
        "contact_format" => "contact details".to_owned(),
        "editorial" => "wording".to_owned(),
        other => other.replace('_', " "),
    }
}

/// Kinds of noise with their counts, in the order they came.
fn noise_counts(noise: &[Noise]) -> Vec<(&str, usize)> {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for piece in noise {
        match counts.iter_mut().find(|(kind, _)| *kind == piece.kind) {
            Some((_, count)) => *count += 1,
            None => counts.push((&piece.kind, 1)),
        }
    }
    counts
}

/// What time says of a change, a sentence each: that the page was here before, and that the
/// date that it claims does not fit.
pub fn remarks(judgment: &Judgment) -> Vec<String> {
    let returns = judgment.returns.as_ref().and_then(|returns| {
        let (version, last) = (returns.version, returns.last_seen_at.format("%Y-%m-%d"));
        match returns.kind {
            // The summary says it.
            ReturnKind::Flapping => None,
            ReturnKind::Edition => Some(format!(
                "The page alternates between editions: this one was compared with version {version}, last seen on {last}."
            )),
            ReturnKind::Rollback => Some(format!("The text is that of version {version} again, last seen on {last}.")),
        }
    });
    let dating = judgment.dating.map(|dating| match dating {
        Dating::SilentEdit { claimed } => {
            format!("A silent edit: the policy still bears the date {claimed}.")
        }
        Dating::EmptyRefresh { from, to } => {
            format!("An empty refresh: the policy now bears the date {to} instead of {from}, and nothing else changed.")
        }
    });
    returns.into_iter().chain(dating).collect()
}

/// Makes fetched text safe for a terminal or a chat: control characters, escape
/// sequences and marks that turn the direction of writing are taken out; line breaks
/// stay, tabs become spaces.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\n' => out.push(c),
            '\t' | '\r' => out.push(' '),
            // ESC [ … final byte, ESC ] … BEL or ST, and ESC with one more sign.
            '\u{1b}' | '\u{9b}' => {
                let opener = if c == '\u{9b}' { Some('[') } else { chars.next() };
                match opener {
                    Some('[') => while chars.next().is_some_and(|c| !('@'..='~').contains(&c)) {},
                    Some(']' | 'P' | '_' | '^' | 'X') => {
                        while let Some(c) = chars.next() {
                            if c == '\u{7}'
                                || c == '\u{9c}'
                                || c == '\u{1b}' && chars.next_if_eq(&'\\').is_some()
                                || c == '\n'
                            {
                                break;
                            }
                        }
                    }
                    _ => {}
                }
            }
            c if c.is_control() => {}
            '\u{61c}'
            | '\u{200b}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}' => {}
            c => out.push(c),
        }
    }
    out
}

/// [`escape`] for what must stay on its line.
pub fn one_line(text: &str) -> String {
    escape(text).replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaping_leaves_nothing_that_a_terminal_obeys() {
        let cases = [
            ("plain words\nand lines", "plain words\nand lines"),
            ("\u{1b}[31mred\u{1b}[0m", "red"),
            ("\u{9b}2Jcleared", "cleared"),
            ("\u{1b}]0;title\u{7}after", "after"),
            ("\u{1b}]8;;http://x.test\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link"),
            ("bell\u{7} back\u{8} null\0", "bell back null"),
            ("not \u{202e}desrever\u{202c} at all", "not desrever at all"),
            ("iso\u{2066}late\u{2069}d", "isolated"),
            ("a\tb\r\nc", "a b \nc"),
            ("\u{1b}", ""),
            ("\u{1b}[", ""),
        ];
        for (dirty, clean) in cases {
            assert_eq!(escape(dirty), clean, "{dirty:?}");
            assert_eq!(one_line(dirty), clean.replace('\n', " "), "{dirty:?}");
        }
    }
}
