//! The decisive words, short enough to quote, and the one sentence that sums up.

use std::sync::LazyLock;

use regex::Regex;

use super::facts::{Clause, fold};
use super::{Finding, Materiality, Noise};
use crate::change::Op;
use crate::change::words::{Token, edits, tokens};

/// Words that a quotation holds at most.
const MAX_WORDS: usize = 14;
/// Words of the unchanged text around the decisive ones.
const CONTEXT: usize = 3;

/// Short words that turn a sentence round: where nothing else says which of several
/// differences decided, the first one with such a word is the one to show.
static TURNING: LazyLock<Regex> = LazyLock::new(|| {
    let words = "not|never|no|may|might|must|shall|only|solely|without|except|unless|nicht|keine?|nur|ohne|darf|duerfen|\
                 ne|pas|jamais|sans|peut|peuvent|uniquement";
    Regex::new(&format!(r"\b(?:{words})\b")).expect("the pattern is sound")
});

/// Shortens a text to a quotation.
pub(super) fn shorten(text: &str) -> String {
    let words = tokens(text.trim());
    let limit = MAX_WORDS + 6;
    let mut out: String = words.iter().take(limit).flat_map(|t| [t.space, t.word]).collect();
    if out.chars().count() > 200 {
        out = out.chars().take(199).collect();
        out.push('…');
    } else if words.len() > limit {
        out.push('…');
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The decisive words of a clause before and after; `trigger` says which of several
/// differences decided.
pub(super) fn decisive(clause: &Clause, trigger: Option<&Regex>) -> (String, String) {
    if !clause.is_reworded() {
        let whole = if clause.before.is_empty() { &clause.after } else { &clause.before };
        let quoted = around(whole, trigger);
        return if clause.before.is_empty() { (String::new(), quoted) } else { (quoted, String::new()) };
    }
    let edits = edits(&clause.before, &clause.after);
    let (before, after) = (tokens(&clause.before), tokens(&clause.after));
    // Where the change lies on each side, in tokens.
    let (mut old_at, mut new_at) = (0usize, 0usize);
    let mut hunks: Vec<[usize; 4]> = Vec::new();
    let mut open = false;
    for edit in &edits {
        let count = tokens(&edit.text).iter().filter(|t| !t.word.is_empty()).count();
        if edit.op == Op::Equal {
            open = false;
        } else if !open {
            hunks.push([old_at, old_at, new_at, new_at]);
            open = true;
        }
        if edit.op != Op::Insert {
            old_at += count;
        }
        if edit.op != Op::Delete {
            new_at += count;
        }
        if let (true, Some(hunk)) = (open, hunks.last_mut()) {
            (hunk[1], hunk[3]) = (old_at, new_at);
        }
    }
    let near = |hunk: &[usize; 4]| {
        let (a, b) = (cut(&before, hunk[0], hunk[1]), cut(&after, hunk[2], hunk[3]));
        trigger.is_some_and(|t| t.is_match(&fold(&a)) != t.is_match(&fold(&b)))
    };
    let turns = |hunk: &&[usize; 4]| {
        let changed = [words(&before, hunk[0], hunk[1]), words(&after, hunk[2], hunk[3])];
        changed.iter().any(|words| TURNING.is_match(&fold(words)))
    };
    let longest = || hunks.iter().max_by_key(|h| h[1] - h[0] + h[3] - h[2]);
    let hunk = hunks.iter().find(|hunk| near(hunk)).or_else(|| hunks.iter().find(turns)).or_else(longest);
    match hunk {
        Some(hunk) => (cut(&before, hunk[0], hunk[1]), cut(&after, hunk[2], hunk[3])),
        None => (shorten(&clause.before), shorten(&clause.after)),
    }
}

/// The words `from..to` of a text.
fn words(words: &[Token<'_>], from: usize, to: usize) -> String {
    let to = to.min(words.len());
    words[from.min(to)..to].iter().flat_map(|t| [t.space, t.word]).collect()
}

/// The words `from..to` of a text with a little context, cut to a quotation.
fn cut(words: &[Token<'_>], from: usize, to: usize) -> String {
    let start = from.saturating_sub(CONTEXT).min(words.len());
    let end = (to + CONTEXT).min(words.len()).min(start + MAX_WORDS + 2 * CONTEXT);
    let inner: String = words[start..end].iter().flat_map(|t| [t.space, t.word]).collect();
    let lead = if start > 0 { "…" } else { "" };
    let tail = if end < words.len() { "…" } else { "" };
    format!("{lead}{}{tail}", inner.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// A quotation from a long sentence around what a rule looked for.
fn around(text: &str, trigger: Option<&Regex>) -> String {
    let words = tokens(text);
    let found = trigger.and_then(|trigger| {
        (0..words.len())
            .step_by(4)
            .find(|at| trigger.is_match(&fold(&cut(&words, *at, (at + MAX_WORDS - 4).min(words.len())))))
    });
    match found {
        Some(at) if words.len() > MAX_WORDS + 6 => cut(&words, at, at + MAX_WORDS - 4),
        _ => shorten(text),
    }
}

/// The one sentence: the most severe findings first, in their own words.
pub(super) fn summary(materiality: Materiality, findings: &[Finding], noise: &[Noise]) -> String {
    if findings.is_empty() {
        let mut kinds: Vec<&str> = Vec::new();
        for kind in noise.iter().map(|noise| noise.kind.as_str()) {
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        let kinds: Vec<String> = kinds.iter().take(3).map(|kind| spoken(kind).to_owned()).collect();
        return if kinds.is_empty() {
            "nothing of substance".to_owned()
        } else {
            format!("nothing of substance: {}", kinds.join(", "))
        };
    }
    let mut parts: Vec<String> = Vec::new();
    for finding in findings {
        let part = told(finding);
        if !parts.contains(&part) && parts.len() < 3 {
            parts.push(part);
        }
    }
    let more = findings.len().saturating_sub(parts.len());
    let tail = if more > 0 { format!("; {more} more") } else { String::new() };
    let lead = if materiality == Materiality::Minor { "Details only. " } else { "" };
    format!("{lead}{}{tail}", parts.join("; "))
}

/// One finding, told.
fn told(finding: &Finding) -> String {
    let about = finding.practice.map_or("Text", |practice| practice.name());
    let mut letters = about.chars();
    let about: String = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
    match (finding.before.as_str(), finding.after.as_str()) {
        ("", after) => format!("{about}: now says \"{after}\""),
        (before, "") => format!("{about}: no longer says \"{before}\""),
        (before, after) => format!("{about}: \"{before}\" became \"{after}\""),
    }
}

/// A kind of noise in words.
fn spoken(kind: &str) -> &str {
    match kind {
        "date_only" => "a date",
        "formatting" => "formatting",
        "link_only" => "targets of links",
        "renumber_move" => "text that moved",
        "page_furniture" => "menus and other furniture of the page",
        "fetch_artefact" => "one side is not the policy as published",
        "typo_grammar" => "spelling and grammar",
        "rename" => "names",
        "contact_format" => "contact details",
        _ => "wording",
    }
}
