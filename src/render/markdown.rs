//! A change as Markdown: for chats and e-mail.

use super::{Piece, alike, capital, escape, noise_counts, noise_name, path, pieces, place, remarks, title};
use crate::change::{Change, Op, SectionChange};
use crate::judgment::{Finding, Judgment};

/// A change as Markdown: what goes is struck through, what comes is bold.
pub fn change(change: &Change, judgment: &Judgment) -> String {
    let mut out = format!("**{}**: {}\n", judgment.materiality.as_str(), safe(&judgment.summary));
    if change.crosses_readings {
        out.push_str("\n_The two sides were read in different ways; a part of the difference may be ours._\n");
    }
    for remark in remarks(judgment) {
        out.push_str(&format!("\n_{remark}_\n"));
    }
    let title = title(change);
    // What is alike in several sections is told for each of them.
    let mut rest = judgment.findings.as_slice();
    while let Some(first) = rest.first() {
        let end = rest.iter().position(|finding| finding.section != first.section).unwrap_or(rest.len());
        for (finding, count) in alike(rest[..end].iter()) {
            out.push_str(&format!("\n- {}", told(finding, count, title)));
        }
        rest = &rest[end..];
    }
    if !judgment.findings.is_empty() {
        out.push('\n');
    }
    for section in &change.sections {
        out.push_str(&format!("\n### {} {}\n", section.kind.as_str(), safe(&place(section, title))));
        let redline = redline(section);
        if !redline.is_empty() {
            out.push_str(&format!("\n{redline}\n"));
        }
    }
    let noise = noise_counts(&judgment.noise);
    if !noise.is_empty() {
        let kinds: Vec<String> =
            noise.iter().map(|(kind, count)| format!("{} ×{count}", safe(&noise_name(kind)))).collect();
        out.push_str(&format!("\n_Left out of account: {}_\n", kinds.join(", ")));
    }
    out
}

fn told(finding: &Finding, count: usize, title: Option<&str>) -> String {
    let about = finding.practice.map_or_else(String::new, |practice| format!("{}, ", practice.name()));
    let place = if finding.section.is_empty() { "the whole text".to_owned() } else { path(&finding.section, title) };
    let often = if count > 1 { format!(" ×{count}") } else { String::new() };
    format!(
        "{}, in {} ({about}severity {}, {}{often})",
        safe(&capital(&finding.why)),
        safe(&place),
        finding.severity,
        safe(&finding.rule),
    )
}

fn redline(section: &SectionChange) -> String {
    let pieces = pieces(section);
    if !pieces.iter().any(|piece| matches!(piece, Piece::Word(Op::Delete | Op::Insert, ..))) {
        return String::new();
    }
    let mut out = String::new();
    let mut open = Op::Equal;
    for piece in &pieces {
        let (op, text, spaced) = match piece {
            Piece::Break => {
                out.push_str(mark(open));
                open = Op::Equal;
                out.push_str("  \n");
                continue;
            }
            Piece::Gap => (Op::Equal, "…".to_owned(), true),
            Piece::More(op, count) => (*op, format!("… {count} more words"), true),
            Piece::Word(op, word, spaced) => (*op, safe(word), *spaced),
        };
        if op != open {
            out.push_str(mark(open));
        }
        if spaced && !out.is_empty() && !out.ends_with('\n') {
            out.push(' ');
        }
        if op != open {
            // Marks of two kinds that touch would be read as one.
            if out.ends_with(['*', '~']) {
                out.push(' ');
            }
            out.push_str(mark(op));
            open = op;
        }
        out.push_str(&text);
    }
    out.push_str(mark(open));
    out
}

fn mark(op: Op) -> &'static str {
    match op {
        Op::Equal => "",
        Op::Delete => "~~",
        Op::Insert => "**",
    }
}

/// Fetched text that Markdown reads as text.
fn safe(text: &str) -> String {
    let mut out = String::new();
    for c in escape(text).chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '~' | '!' | '@') {
            // An at sign would call people in a chat; a backslash keeps it quiet.
            out.push('\\');
        }
        out.push(if c == '\n' { ' ' } else { c });
    }
    out
}
