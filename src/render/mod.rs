//! A change, a reading and a judgment for readers.

pub mod json;
pub mod markdown;
pub mod plain;

use crate::change::words::tokens;
use crate::change::{Edit, Op, SectionChange};
use crate::judgment::{Dating, Judgment, ReturnKind};

/// Words of the unchanged text that stay in sight on each side of an edit.
const CONTEXT: usize = 7;
/// So few words more are not worth a mark that they are left out.
const SPARED: usize = 2;
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

/// A section's redline with unchanged stretches cut to a few words.
fn pieces(section: &SectionChange) -> Vec<Piece> {
    let mut out = Vec::new();
    let last = section.edits.len().saturating_sub(1);
    // White space at the end of one edit stands before the first word of the next.
    let mut before = String::new();
    for (at, edit) in section.edits.iter().enumerate() {
        let text = if at == 0 { below_heading(section, edit) } else { &edit.text };
        let words = tokens(text);
        let (lead, tail) = match edit.op {
            Op::Equal => (if at > 0 { CONTEXT } else { 0 }, if at < last { CONTEXT } else { 0 }),
            _ => (SHOWN, 0),
        };
        let cut = lead + tail + SPARED < words.len();
        for (n, token) in words.iter().enumerate() {
            if cut && n >= lead && n < words.len() - tail {
                if n == lead {
                    before.clear();
                    out.push(if edit.op == Op::Equal { Piece::Gap } else { Piece::More(edit.op, words.len() - lead) });
                }
                continue;
            }
            before.push_str(token.space);
            if token.word.is_empty() {
                continue;
            }
            if before.contains('\n') && !out.is_empty() {
                out.push(Piece::Break);
            }
            out.push(Piece::Word(edit.op, token.word.to_owned(), !before.is_empty()));
            before.clear();
        }
    }
    out
}

/// An edit without the heading that it begins with, where that has not changed: the path
/// above the redline has said it.
fn below_heading<'a>(section: &SectionChange, edit: &'a Edit) -> &'a str {
    let heading = section.to.as_ref().and_then(|path| path.last()).filter(|_| section.from == section.to);
    match (heading, edit.text.split_once('\n')) {
        (Some(heading), Some((first, rest))) if edit.op == Op::Equal && first.trim() == heading => rest,
        _ => &edit.text,
    }
}

/// The path of a section for people; `(beginning)` where it has none.
fn path(path: &[String]) -> String {
    if path.is_empty() { "(beginning)".to_owned() } else { path.join(" › ") }
}

/// Where a section stands, and where it stood if that differs.
fn place(section: &SectionChange) -> String {
    match (&section.from, &section.to) {
        (Some(from), Some(to)) if from != to => format!("{} (was: {})", path(to), path(from)),
        (_, Some(to)) => path(to),
        (Some(from), None) => path(from),
        (None, None) => path(&[]),
    }
}

/// Kinds of noise with their counts, in the order they came.
fn noise_counts(noise: &[crate::judgment::Noise]) -> Vec<(&str, usize)> {
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
            ReturnKind::Rollback => Some(format!("The page returns to the text of version {version}, last seen on {last}.")),
        }
    });
    let dating = judgment.dating.map(|dating| match dating {
        Dating::SilentEdit { claimed } => {
            format!("A silent edit: the date that the policy claims for itself is {claimed} as before.")
        }
        Dating::EmptyRefresh { from, to } => {
            format!("An empty refresh: the date moved from {from} to {to}, and nothing else changed.")
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
