//! The decisive words, short enough to quote.
//!
//! A quotation begins and ends where a clause does, where one is near, and never between
//! a number and its unit.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::facts::{Clause, fold};
use super::quantity::quantities;
use super::rules::pattern;
use crate::change::words::{Token, is_small, steps, tokens};

/// Words that a quotation holds at most, without what completes its clause.
const MAX_WORDS: usize = 14;
/// A sentence of so many words is quoted whole.
const WHOLE: usize = 18;
/// The same two of a sentence that came or went, which stands alone.
const ALONE: (usize, usize) = (24, 34);
/// Words of the unchanged text around the decisive ones, where no clause ends near them.
const CONTEXT: usize = 3;
/// How far a quotation reaches for the beginning or the end of a clause.
const REACH: usize = 8;
/// Characters of a quotation, where single words are longer than words are.
const MAX_CHARS: usize = 240;

/// Short words that turn a sentence round: where nothing else says which of several
/// differences decided, the first one with such a word is the one to show.
static TURNING: LazyLock<Regex> = LazyLock::new(|| {
    let words = "not|never|no|may|might|must|shall|only|solely|without|except|unless|nicht|keine?|nur|ohne|darf|duerfen|\
                 ne|pas|jamais|sans|peut|peuvent|uniquement";
    pattern(&format!(r"\b(?:{words})\b"))
});

/// Shortens a text to a quotation.
pub(super) fn shorten(text: &str) -> String {
    let words = tokens(text.trim());
    cut(&words, 0..words.len(), (MAX_WORDS, WHOLE))
}

/// Shortens the words of a piece of noise. Two quotations with an arrow between are short.
pub(super) fn example(text: &str) -> String {
    match text.split_once(" → ") {
        Some(_) if text.chars().count() <= 2 * MAX_CHARS => text.to_owned(),
        _ => shorten(text),
    }
}

/// The decisive words of a clause before and after; `trigger` says which of several
/// differences decided.
pub(super) fn decisive(clause: &Clause, trigger: Option<&Regex>) -> (String, String) {
    let differs = |a: &str, b: &str| trigger.is_some_and(|trigger| trigger.is_match(a) != trigger.is_match(b));
    decisive_by(clause, trigger, &differs)
}

/// The words of a clause in which another amount stands before and after.
pub(super) fn amount(clause: &Clause) -> (String, String) {
    decisive_by(clause, None, &|a, b| quantities(a) != quantities(b))
}

/// [`decisive`], where `differs` says of two folded stretches whether they decided.
fn decisive_by(clause: &Clause, trigger: Option<&Regex>, differs: &dyn Fn(&str, &str) -> bool) -> (String, String) {
    if !clause.is_reworded() {
        let whole = if clause.before.is_empty() { &clause.after } else { &clause.before };
        let quoted = around(whole, trigger);
        return if clause.before.is_empty() { (String::new(), quoted) } else { (quoted, String::new()) };
    }
    let (before, after) = (tokens(&clause.before), tokens(&clause.after));
    let hunks: Vec<(Range<usize>, Range<usize>)> =
        steps(&before, &after).into_iter().filter(|step| !step.equal).map(|step| (step.old, step.new)).collect();
    let near = |hunk: &&(Range<usize>, Range<usize>)| {
        let sides = [spoken(&before, &widened(&hunk.0, &before)), spoken(&after, &widened(&hunk.1, &after))];
        differs(&fold(&sides[0]), &fold(&sides[1]))
    };
    let turns = |hunk: &&(Range<usize>, Range<usize>)| {
        [spoken(&before, &hunk.0), spoken(&after, &hunk.1)].iter().any(|words| TURNING.is_match(&fold(words)))
    };
    // Words of substance first: another case or mark decides nothing.
    let said = |words: &[Token<'_>], range: &Range<usize>| {
        words[range.clone()].iter().filter(|token| token.is_word() && !is_small(token.word)).count()
    };
    let same = |hunk: &(Range<usize>, Range<usize>)| {
        fold(&spoken(&before, &hunk.0)).trim() == fold(&spoken(&after, &hunk.1)).trim()
    };
    let size = |hunk: &&(Range<usize>, Range<usize>)| {
        let length = hunk.0.len() + hunk.1.len();
        (!same(hunk), said(&before, &hunk.0) + said(&after, &hunk.1), length)
    };
    let hunk = hunks.iter().find(near).or_else(|| hunks.iter().find(turns)).or_else(|| hunks.iter().max_by_key(size));
    let Some((old, new)) = hunk else { return (shorten(&clause.before), shorten(&clause.after)) };
    let limits = (MAX_WORDS, WHOLE);
    let side = |words: &[Token<'_>], range: &Range<usize>| cut(words, decided(words, range, trigger), limits);
    (side(&before, old), side(&after, new))
}

/// A quotation from a sentence that came or went, around what a rule looked for.
fn around(text: &str, trigger: Option<&Regex>) -> String {
    let words = tokens(text.trim());
    if count(&words) <= ALONE.1 {
        return cut(&words, 0..words.len(), ALONE);
    }
    cut(&words, decided(&words, &(0..words.len()), trigger), ALONE)
}

/// The part of a stretch of words that a rule looked for, if it is longer than a quotation.
fn decided(words: &[Token<'_>], range: &Range<usize>, trigger: Option<&Regex>) -> Range<usize> {
    if range.len() <= MAX_WORDS {
        return range.clone();
    }
    let found = trigger.and_then(|trigger| {
        let shows = |at: &usize| trigger.is_match(&fold(&spoken(words, &(*at..at + MAX_WORDS))));
        let mut windows = (range.start..=range.end - MAX_WORDS).step_by(2);
        let first = windows.find(shows)?;
        // The decisive words stand in the middle, not at an end.
        let last = windows.take_while(shows).last().unwrap_or(first);
        let middle = (first + last) / 2;
        Some(middle..middle + MAX_WORDS)
    });
    found.unwrap_or_else(|| range.clone())
}

fn widened(range: &Range<usize>, words: &[Token<'_>]) -> Range<usize> {
    range.start.saturating_sub(CONTEXT)..(range.end + CONTEXT).min(words.len())
}

/// A stretch of words as it stands.
fn spoken(words: &[Token<'_>], range: &Range<usize>) -> String {
    words[range.clone()].iter().flat_map(|token| [token.space, token.word]).collect()
}

fn count(words: &[Token<'_>]) -> usize {
    words.iter().filter(|token| token.is_word()).count()
}

/// Whether a clause ends with the word or mark at a place: not with the full stop of an
/// abbreviation, nor with a comma inside a number or before the form of a company.
fn ends_clause(words: &[Token<'_>], at: usize) -> bool {
    const SHORT: [&str; 22] = [
        "inc", "ltd", "corp", "co", "no", "nos", "mr", "mrs", "dr", "st", "etc", "cf", "incl", "bzw", "ca", "art",
        "abs", "nr", "ggf", "vgl", "usw", "sec",
    ];
    const FORMS: [&str; 12] =
        ["inc", "llc", "ltd", "limited", "corp", "corporation", "gmbh", "plc", "llp", "sas", "sarl", "lp"];
    let has = |list: &[&str], word: &str| list.contains(&word.to_lowercase().as_str());
    let next = words.get(at + 1);
    let parts = next.is_none_or(|next| !next.space.is_empty());
    match words[at].word {
        "." => {
            let before = at.checked_sub(1).map_or("", |before| words[before].word);
            // "etc." ends a sentence where the next word begins one.
            let goes_on = next.is_some_and(|next| !next.word.starts_with(char::is_uppercase));
            parts && !(goes_on && (has(&SHORT, before) || before.chars().count() == 1))
        }
        "," => parts && !next.is_some_and(|next| has(&FORMS, next.word)),
        ";" | ":" | "!" | "?" | "|" | "–" | "—" | "。" | "、" => true,
        ")" => parts,
        _ => false,
    }
}

/// Whether a clause that begins so says nothing without the next one.
fn is_subordinate(word: &str) -> bool {
    const OPENERS: [&str; 22] = [
        "when",
        "if",
        "where",
        "while",
        "once",
        "because",
        "unless",
        "although",
        "though",
        "since",
        "whenever",
        "wenn",
        "falls",
        "sofern",
        "soweit",
        "sobald",
        "lorsque",
        "lorsqu",
        "si",
        "quand",
        "subject",
        "depending",
    ];
    OPENERS.contains(&word.to_lowercase().as_str())
}

/// Whether a word leans on the next: nothing ends with it.
fn leans(word: &str) -> bool {
    const LEANING: [&str; 42] = [
        "are", "was", "were", "been", "being", "has", "have", "had", "will", "may", "can", "must", "shall", "should",
        "would", "not", "no", "its", "their", "his", "her", "these", "those", "such", "which", "who", "whose", "than",
        "into", "about", "other", "sont", "est", "nos", "votre", "notre", "dans", "sur", "pour", "avec", "mit", "zum",
    ];
    is_small(word) || LEANING.contains(&word.to_lowercase().as_str())
}

/// Whether a word is a number, which nothing may part from what it counts.
fn is_number(token: &Token<'_>) -> bool {
    token.word.chars().any(|c| c.is_ascii_digit())
}

/// The words of a range with what completes their clause, cut to a quotation of so many words
/// at most; a text of no more than the second number of them is quoted whole.
fn cut(words: &[Token<'_>], range: Range<usize>, (most, whole): (usize, usize)) -> String {
    let (start, end) = if count(words) <= whole { (0, words.len()) } else { bounds(words, range, most) };
    let mut inner = spoken(&words[..end], &(start..end)).split_whitespace().collect::<Vec<_>>().join(" ");
    let rest = count(&words[end..]) > 0;
    // A whole sentence needs no mark that another follows.
    let mut tail = if rest && !inner.ends_with(['.', '!', '?']) { "…" } else { "" };
    if !tail.is_empty() {
        inner.truncate(inner.trim_end_matches([',', ';', ':', '(', '|', ' ', '–', '—', '“', '"']).len());
    }
    if inner.chars().count() > MAX_CHARS {
        inner = inner.chars().take(MAX_CHARS).collect();
        let word = inner.rfind(' ').filter(|at| *at > MAX_CHARS / 2).unwrap_or(inner.len());
        inner.truncate(word);
        tail = "…";
    }
    let lead = if count(&words[..start]) > 0 { "…" } else { "" };
    format!("{lead}{}{tail}", inner.trim_start_matches([',', ';', ':', ')', '|', ' ']))
}

/// Where a quotation of a range begins and ends.
fn bounds(words: &[Token<'_>], range: Range<usize>, most: usize) -> (usize, usize) {
    // What is longer than a quotation is told by its beginning.
    let core = range.end.min(range.start + most);
    let whole = core == range.end;
    let clause =
        (range.start.saturating_sub(REACH)..=range.start).rev().find(|at| *at == 0 || ends_clause(words, at - 1));
    let mut start = clause.unwrap_or(range.start.saturating_sub(CONTEXT));
    while start > 0 && is_number(&words[start - 1]) && words[start].is_word() {
        start -= 1;
    }
    let reach = (core + REACH).min(words.len());
    let clause = (core..reach).find(|at| ends_clause(words, *at)).or((reach == words.len()).then_some(reach));
    // A condition says nothing without what holds under it.
    let clause = match clause {
        Some(at) if words.get(at).is_some_and(|token| token.word == ",") && is_subordinate(words[start].word) => {
            let reach = (at + 1 + 2 * REACH).min(words.len());
            (at + 1..reach).find(|at| ends_clause(words, *at)).or((reach == words.len()).then_some(reach)).or(clause)
        }
        clause => clause,
    };
    let mut end = match clause {
        Some(at) if words.get(at).is_some_and(|token| matches!(token.word, "." | "!" | "?" | ")")) => at + 1,
        Some(at) => at,
        None if whole => (core + CONTEXT).min(words.len()),
        None => core,
    };
    // A number keeps its unit, and a small word the next.
    let stretched = (end + REACH).min(words.len());
    while end < stretched
        && end > 0
        && words[end].is_word()
        && (is_number(&words[end - 1]) || clause.is_none() && leans(words[end - 1].word))
    {
        end += 1;
    }
    // A bracket that opens in a quotation closes in it, where that is near.
    let marks = |mark: &str| words[start..end.max(start)].iter().filter(|token| token.word == mark).count();
    if marks("(") > marks(")")
        && let Some(close) = (end..(end + REACH).min(words.len())).find(|at| words[*at].word == ")")
    {
        end = close + 1;
    }
    (start, end.max(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quoted(before: &str, after: &str) -> (String, String) {
        let (old, new) = (fold(before), fold(after));
        let clause = Clause {
            path: Vec::new(),
            before: before.to_owned(),
            after: after.to_owned(),
            old,
            new,
            gone: Vec::new(),
            come: Vec::new(),
            listed: false,
            heading: false,
            lead: std::rc::Rc::from(""),
        };
        decisive(&clause, None)
    }

    #[test]
    fn a_quotation_keeps_to_clauses_and_numbers() {
        let long = "When you close your account, which you may do at any time in the settings of the app or by letter,";
        let cases = [
            ("We will not sell it.", "We may sell it.", "We will not sell it.", "We may sell it."),
            (
                &format!("{long} we delete your records within 30 days, unless a law of your country forbids it."),
                &format!("{long} we delete your records within 90 days, unless a law of your country forbids it."),
                "…we delete your records within 30 days…",
                "…we delete your records within 90 days…",
            ),
            (
                &format!(
                    "{long} we delete your records within a short time after the end of your last 2 years with us."
                ),
                &format!(
                    "{long} we delete your records within a short time after the end of your last 5 years with us."
                ),
                "…of your last 2 years with us.",
                "…of your last 5 years with us.",
            ),
        ];
        for (before, after, old, new) in cases {
            let (quoted_old, quoted_new) = quoted(before, after);
            assert!(quoted_old.ends_with(old.trim_start_matches('…')), "{quoted_old}");
            assert!(quoted_new.ends_with(new.trim_start_matches('…')), "{quoted_new}");
            assert_eq!(quoted_old.starts_with('…'), old.starts_with('…'), "{quoted_old}");
            assert!(quoted_old.chars().count() < 130, "{quoted_old}");
        }
    }

    #[test]
    fn a_quotation_ends_where_a_person_would_end_it() {
        let far =
            "in the cases that the following pages set out at length and in every language of the world without end";
        let near =
            |before: &str, after: &str| quoted(&format!("{before} {far}, {far}."), &format!("{after} {far}, {far}."));
        let cases = [
            // Neither a name of a company nor an abbreviation is parted.
            (
                near("In these terms, we are Acme, Inc. and you", "In these terms, we are Globex, Inc. and you"),
                "…we are Globex, Inc.",
            ),
            // A condition is followed by what holds under it.
            (
                near(
                    "If you close your account, we erase your notes,",
                    "If you close your profile, we erase your notes,",
                ),
                "If you close your profile, we erase your notes…",
            ),
            // No small word stands at the end.
            (
                near(
                    "It holds for letters, and we erase them with your consent",
                    "It holds for letters, and we keep them with your consent",
                ),
                "…and we keep them with your consent",
            ),
            // A bracket is closed.
            (near("We (Acme, “us”) keep", "We (Globex, “us”) keep"), "We (Globex, “us”)…"),
        ];
        for ((_, after), wanted) in cases {
            assert!(after.starts_with(wanted), "{after} instead of {wanted}");
        }
        // What decided is words, not their case.
        let (before, after) = quoted(
            &format!("THESE TERMS are yours to keep and to read at home or at work, {far}, and Acme answers to you."),
            &format!("These Terms are yours to keep and to read at home or at work, {far}, and Globex answers to you."),
        );
        assert!(before.contains("Acme") && after.contains("Globex"), "{before} {after}");
        let alone = around(
            "We also reserve the right to ask for a number of a telephone that is yours, and to call you on it at any time of the day.",
            None,
        );
        assert!(!alone.contains('…'), "{alone}");
        assert_eq!(example("…to Acme Legal… → …to Globex Legal…"), "…to Acme Legal… → …to Globex Legal…");
    }

    #[test]
    fn what_is_long_is_told_by_its_beginning_or_by_what_decided() {
        let text = "We keep the names of all visitors of our shops in every town and street of the land, and we train models \
                    of speech on the calls that they make to our shops in every town.";
        assert_eq!(
            shorten(text),
            "We keep the names of all visitors of our shops in every town and street of the land…"
        );
        let trigger = Regex::new(r"\btrain\b").expect("a sound pattern");
        let told = around(text, Some(&trigger));
        assert!(told.starts_with('…') && told.contains("and we train models of speech on the calls"), "{told}");
        assert!(shorten(&"x".repeat(5_000)).chars().count() <= MAX_CHARS + 1);
    }
}
