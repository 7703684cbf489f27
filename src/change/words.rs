//! The edits inside a pair of texts: lines first, then words inside changed lines, so
//! that a redline reads like a careful lawyer's markup.
//!
//! Lines align by Patience (Cohen 2010) through `similar`; changed lines pair by the
//! similarity of their words (an order-keeping alignment, Needleman and Wunsch 1970);
//! words inside a pair align by Myers (1986), and a sentence of which hardly half stays is
//! struck and written anew. Work is bounded by the size of the input,
//! never by time, so that the same texts give the same edits on any machine: what is
//! too large for one step is cut coarser.

use std::collections::BTreeMap;

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::{Edit, Op};
use crate::text::CELL_BREAK;

/// Cells of the table that pairs changed lines; 500 lines against 500.
const MAX_LINE_CELLS: usize = 250_000;
/// Words of one side times words of the other that Myers may see at once; about 1,400
/// words a side, which is more than any paragraph people write.
const MAX_WORD_CELLS: usize = 2_000_000;
/// Lines of one side that are aligned at once; four times what the longest section seen has.
const MAX_PIECES: usize = 8_000;
/// From this Dice coefficient on, two lines are taken for one line rewritten.
const SAME_LINE: f64 = 0.4;
/// The same for two rows of a table that begin with other cells.
const SAME_ROW: f64 = 0.65;

/// A word or a mark of punctuation, and the white space before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    /// The white space before it.
    pub(crate) space: &'a str,
    /// The word, never empty but for white space at the end of a text.
    pub(crate) word: &'a str,
}

impl Token<'_> {
    /// Whether it is a word, not a mark.
    pub(crate) fn is_word(&self) -> bool {
        self.word.chars().any(char::is_alphanumeric)
    }
}

/// Parts a text into words; joined again they are the text, exactly.
pub(crate) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut out = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let start = rest.find(|c: char| !c.is_whitespace()).unwrap_or(rest.len());
        let (space, tail) = rest.split_at(start);
        let (word, tail) = tail.split_at(word_length(tail));
        out.push(Token { space, word });
        rest = tail;
    }
    out
}

/// The bytes of the word that a text without leading white space begins with.
fn word_length(text: &str) -> usize {
    let mut chars = text.char_indices().peekable();
    let Some((_, first)) = chars.next() else { return 0 };
    if text.starts_with("https://") || text.starts_with("http://") || text.starts_with("www.") {
        return address_length(text);
    }
    let next = chars.peek().map(|(_, c)| *c);
    let money = matches!(first, '$' | '€' | '£' | '¥') && next.is_some_and(|c| c.is_ascii_digit());
    let named = first == '_' && next.is_some_and(|c| c.is_alphanumeric() || c == '_');
    if is_ideograph(first) || !(first.is_alphanumeric() || money || named) {
        return first.len_utf8();
    }
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map(|(_, c)| *c);
        let inside = c.is_alphanumeric() && !is_ideograph(c)
            || is_joiner(c) && next.is_some_and(|n| n.is_alphanumeric() && !is_ideograph(n) || n == '_' && c == '_')
            || is_mark(c);
        if !inside {
            return if c == '%' { at + 1 } else { at };
        }
    }
    text.len()
}

/// The bytes of the address that a text begins with, without the marks of the sentence
/// around it.
fn address_length(text: &str) -> usize {
    let end = text.find(|c: char| c.is_whitespace() || matches!(c, '"' | '”' | '<' | '>')).unwrap_or(text.len());
    text[..end].trim_end_matches(['.', ',', ';', ':', ')', '!', '?', '\'', '’']).len()
}

/// Whether a character holds a word together when it stands between two letters.
fn is_joiner(c: char) -> bool {
    matches!(c, '\'' | '’' | '-' | '‑' | '.' | ',' | '@' | '/' | '_' | '&')
}

/// Combining marks and joiners that stand inside words.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{200c}' | '\u{200d}' | '\u{ad}')
}

/// Scripts without spaces between words: each sign stands alone.
fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}')
}

/// The words of a text as a sorted bag of hashes, for comparing.
pub(crate) fn bag(text: &str) -> Vec<u64> {
    let mut bag: Vec<u64> =
        tokens(text).iter().filter(|token| token.is_word()).map(|token| fnv(&token.word.to_lowercase())).collect();
    bag.sort_unstable();
    bag
}

/// FNV-1a, 64 bits: the same on every machine, unlike the standard library's hasher.
pub(crate) fn fnv(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// How much two bags have in common: the Dice coefficient, 0 to 1.
pub(crate) fn dice(a: &[u64], b: &[u64]) -> f64 {
    if a.is_empty() || b.is_empty() {
        return if a.len() == b.len() { 1.0 } else { 0.0 };
    }
    let (mut i, mut j, mut common) = (0, 0, 0usize);
    while i < a.len() && j < b.len() {
        match a[i].cmp(&b[j]) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => (i, j, common) = (i + 1, j + 1, common + 1),
        }
    }
    2.0 * common as f64 / (a.len() + b.len()) as f64
}

/// A stretch of text that is aligned as a whole: a line or a sentence, and what parts
/// it from the next.
#[derive(Clone, Copy)]
struct Piece<'a> {
    body: &'a str,
    tail: &'a str,
}

/// Collects edits; equal neighbours grow together.
#[derive(Default)]
struct Redline {
    edits: Vec<Edit>,
}

impl Redline {
    fn push(&mut self, op: Op, text: &str) {
        if text.is_empty() {
            return;
        }
        // Within a run of changes what goes stands before what comes.
        let run = self.edits.iter().rposition(|edit| edit.op == Op::Equal).map_or(0, |at| at + 1);
        let same = match op {
            Op::Equal => self.edits.last_mut().filter(|edit| edit.op == Op::Equal),
            _ => self.edits[run..].iter_mut().find(|edit| edit.op == op),
        };
        if let Some(edit) = same {
            edit.text.push_str(text);
        } else if op == Op::Delete {
            self.edits.insert(run, Edit { op, text: text.to_owned() });
        } else {
            self.edits.push(Edit { op, text: text.to_owned() });
        }
    }

    fn swap(&mut self, old: &str, new: &str) {
        if old == new {
            self.push(Op::Equal, old);
        } else {
            self.push(Op::Delete, old);
            self.push(Op::Insert, new);
        }
    }
}

/// The edits that turn one text into another, exactly.
pub(crate) fn edits(old: &str, new: &str) -> Vec<Edit> {
    let mut redline = Redline::default();
    if old == new {
        redline.push(Op::Equal, old);
    } else {
        align(&lines(old), &lines(new), true, &mut redline);
    }
    redline.edits
}

/// Lines, with the line breaks after them.
fn lines(text: &str) -> Vec<Piece<'_>> {
    let mut out = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find('\n').unwrap_or(rest.len());
        let (body, tail) = rest.split_at(end);
        let breaks = tail.find(|c| c != '\n').unwrap_or(tail.len());
        out.push(Piece { body, tail: &tail[..breaks] });
        rest = &tail[breaks..];
    }
    out
}

/// Sentences, with the white space after them.
fn sentences(text: &str) -> Vec<Piece<'_>> {
    sentence_ranges(text)
        .into_iter()
        .map(|sentence| {
            let body = sentence.trim_end();
            Piece { body, tail: &sentence[body.len()..] }
        })
        .collect()
}

/// Cuts a text after `.`, `!`, `?`, `;` or `:` that white space follows, and after line
/// breaks; the parts joined are the text. Simple on purpose: an abbreviation cuts on
/// both sides alike.
pub(crate) fn sentence_ranges(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let (mut start, mut ended) = (0, false);
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        // A small letter behind a point continues the sentence: an abbreviation.
        if ended && !c.is_whitespace() && before == '.' && !text[start..at].ends_with('\n') {
            ended = !(c.is_lowercase() || is_abbreviated(&text[start..at], c));
        }
        if ended && !c.is_whitespace() {
            out.push(&text[start..at]);
            (start, ended) = (at, false);
        }
        let stop = matches!(before, '.' | '!' | '?' | ';' | '。' | '！' | '？') || before == ':' || c == '\n';
        if c.is_whitespace() && stop {
            ended = true;
        }
        if !c.is_whitespace() && !matches!(c, '"' | '”' | ')' | '’' | '\'') {
            before = c;
        }
    }
    if start < text.len() {
        out.push(&text[start..]);
    }
    out
}

/// Whether a text ends with an abbreviation that something always follows, though that
/// begins with a capital: `z. B. Fotos`. The form of a company may end a sentence, but not
/// before what explains its name: `Acme, Inc. (“Acme”)`.
fn is_abbreviated(text: &str, next: char) -> bool {
    const SHORT: [&str; 24] = [
        "z.", "d.", "u.", "z.B.", "d.h.", "u.a.", "bzw.", "ggf.", "vgl.", "sog.", "inkl.", "evtl.", "Nr.", "Art.",
        "Abs.", "lit.", "Ziff.", "e.g.", "i.e.", "cf.", "Mr.", "Mrs.", "Ms.", "Dr.",
    ];
    const FORMS: [&str; 8] = ["Inc.", "Ltd.", "Corp.", "Co.", "S.A.", "S.A.S.", "B.V.", "S.p.A."];
    let mut words = text.split_whitespace().rev().map(|word| word.trim_start_matches(['(', '[', '"', '„']));
    let last = words.next().unwrap_or_default();
    SHORT.contains(&last)
        || FORMS.contains(&last) && matches!(next, '(' | '"' | '“' | '«' | '„')
        || matches!((last, words.next()), ("B.", Some("z.")) | ("h.", Some("d.")) | ("a.", Some("u.")))
}

/// Aligns pieces, then words inside changed pieces.
fn align(old: &[Piece<'_>], new: &[Piece<'_>], may_cut: bool, redline: &mut Redline) {
    // Where hardly a line is unlike the others, aligning takes lines times changes: what is
    // longer than any section is aligned half by half, behind what both begin with.
    if old.len().max(new.len()) > MAX_PIECES {
        let same = old.iter().zip(new).take_while(|(a, b)| a.body == b.body && a.tail == b.tail).count();
        for piece in &old[..same] {
            redline.push(Op::Equal, piece.body);
            redline.push(Op::Equal, piece.tail);
        }
        let (old, new) = (&old[same..], &new[same..]);
        let (o, n) = (old.len().div_ceil(2), new.len().div_ceil(2));
        align(&old[..o], &new[..n], may_cut, redline);
        align(&old[o..], &new[n..], may_cut, redline);
        return;
    }
    let old_keys: Vec<&str> = old.iter().map(|piece| piece.body).collect();
    let new_keys: Vec<&str> = new.iter().map(|piece| piece.body).collect();
    for op in capture_diff_slices(Algorithm::Patience, &old_keys, &new_keys) {
        match op {
            DiffOp::Equal { old_index, new_index, len } => {
                for (a, b) in old[old_index..][..len].iter().zip(&new[new_index..][..len]) {
                    redline.push(Op::Equal, a.body);
                    redline.swap(a.tail, b.tail);
                }
            }
            _ => rewritten(&old[op.old_range()], &new[op.new_range()], may_cut, redline),
        }
    }
}

/// Pairs the pieces of a changed stretch and marks up the pairs.
fn rewritten(old: &[Piece<'_>], new: &[Piece<'_>], may_cut: bool, redline: &mut Redline) {
    let cells = old.len().saturating_mul(new.len());
    if cells > MAX_LINE_CELLS {
        // Too large for one table: halves against halves, which keeps tables whose every
        // row changed readable.
        let (o, n) = (old.len().div_ceil(2), new.len().div_ceil(2));
        if o < old.len() && n < new.len() {
            rewritten(&old[..o], &new[..n], may_cut, redline);
            rewritten(&old[o..], &new[n..], may_cut, redline);
            return;
        }
    }
    let (mut i, mut j) = (0, 0);
    let pairs = if cells > MAX_LINE_CELLS { Vec::new() } else { similar_pieces(old, new) };
    for (a, b) in pairs.into_iter().chain([(old.len(), new.len())]) {
        let (gone, gone_tail) = run(&old[i..a]);
        let (come, come_tail) = run(&new[j..b]);
        redline.push(Op::Delete, &gone);
        redline.push(Op::Insert, &come);
        // The break that parts them from what follows stays where both have it.
        redline.swap(gone_tail, come_tail);
        if a < old.len() && b < new.len() {
            marked(old[a].body, new[b].body, may_cut, redline);
            redline.swap(old[a].tail, new[b].tail);
        }
        (i, j) = (a + 1, b + 1);
    }
}

/// A run of pieces as text, and the break behind the last.
fn run<'a>(pieces: &[Piece<'a>]) -> (String, &'a str) {
    let Some((last, rest)) = pieces.split_last() else { return (String::new(), "") };
    let mut text: String = rest.iter().flat_map(|piece| [piece.body, piece.tail]).collect();
    text.push_str(last.body);
    (text, last.tail)
}

/// From which likeness on two lines are taken for one rewritten. Rows of a table share
/// the names of their columns, so more must speak for them, unless they are about the same.
fn same_from(old: &str, new: &str) -> f64 {
    match (old.split_once(CELL_BREAK), new.split_once(CELL_BREAK)) {
        (Some((a, _)), Some((b, _))) if a != b => SAME_ROW,
        _ => SAME_LINE,
    }
}

/// The order-keeping pairing of pieces whose similarities sum highest.
fn similar_pieces(old: &[Piece<'_>], new: &[Piece<'_>]) -> Vec<(usize, usize)> {
    let old_bags: Vec<Vec<u64>> = old.iter().map(|piece| bag(piece.body)).collect();
    let new_bags: Vec<Vec<u64>> = new.iter().map(|piece| bag(piece.body)).collect();
    let width = new.len() + 1;
    let mut best = vec![0.0f64; (old.len() + 1) * width];
    let mut score = vec![0.0f64; old.len() * new.len()];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            let (a, b) = (&old_bags[i], &new_bags[j]);
            // Lengths alone bound the coefficient from above; most pairs end here.
            let bound = 2.0 * a.len().min(b.len()) as f64 / (a.len() + b.len()).max(1) as f64;
            let least = same_from(old[i].body, new[j].body);
            let likeness = if bound < least { 0.0 } else { dice(a, b) };
            let likeness = if likeness < least { 0.0 } else { likeness };
            score[i * new.len() + j] = likeness;
            let skip = best[(i + 1) * width + j].max(best[i * width + j + 1]);
            best[i * width + j] =
                if likeness > 0.0 { skip.max(likeness + best[(i + 1) * width + j + 1]) } else { skip };
        }
    }
    let (mut i, mut j, mut out) = (0, 0, Vec::new());
    while i < old.len() && j < new.len() {
        let likeness = score[i * new.len() + j];
        let here = best[i * width + j];
        if likeness > 0.0 && here <= likeness + best[(i + 1) * width + j + 1] {
            out.push((i, j));
            (i, j) = (i + 1, j + 1);
        } else if here <= best[(i + 1) * width + j] {
            i += 1;
        } else {
            j += 1;
        }
    }
    out
}

/// Marks up the words of one rewritten piece.
fn marked(old: &str, new: &str, may_cut: bool, redline: &mut Redline) {
    let (a, b) = (tokens(old), tokens(new));
    if a.len().saturating_mul(b.len()) > MAX_WORD_CELLS {
        if may_cut {
            align(&sentences(old), &sentences(new), false, redline);
        } else {
            redline.swap(old, new);
        }
        return;
    }
    let steps = by_sentence(steps(&a, &b), [&sentences_of(old, &a), &sentences_of(new, &b)], &a, &b);
    for step in steps {
        let (old, new) = (&a[step.old.clone()], &b[step.new.clone()]);
        if step.equal {
            for (a, b) in old.iter().zip(new) {
                redline.swap(a.space, b.space);
                redline.push(Op::Equal, a.word);
            }
        } else {
            // The space before both sides stays, so that only words are struck.
            let (mut gone, mut come) = (joined(old), joined(new));
            let shared =
                old.first().zip(new.first()).map_or("", |(a, b)| if a.space == b.space { a.space } else { "" });
            redline.push(Op::Equal, shared);
            gone.drain(..shared.len());
            come.drain(..shared.len());
            redline.push(Op::Delete, &gone);
            redline.push(Op::Insert, &come);
        }
    }
}

fn joined(tokens: &[Token<'_>]) -> String {
    tokens.iter().flat_map(|token| [token.space, token.word]).collect()
}

/// A stretch of words that stays, or that is replaced.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    /// Whether it stays.
    pub(crate) equal: bool,
    /// Which words of the old text.
    pub(crate) old: std::ops::Range<usize>,
    /// Which words of the new text.
    pub(crate) new: std::ops::Range<usize>,
}

/// What stays of some words and what is replaced, by Myers; one step where they are too
/// many.
pub(crate) fn steps(old: &[Token<'_>], new: &[Token<'_>]) -> Vec<Step> {
    if old.len().saturating_mul(new.len()) > MAX_WORD_CELLS {
        return vec![Step { equal: false, old: 0..old.len(), new: 0..new.len() }];
    }
    let old_keys: Vec<&str> = old.iter().map(|token| token.word).collect();
    let new_keys: Vec<&str> = new.iter().map(|token| token.word).collect();
    let ops = capture_diff_slices(Algorithm::Myers, &old_keys, &new_keys);
    let mut steps: Vec<Step> = ops
        .iter()
        .map(|op| Step { equal: matches!(op, DiffOp::Equal { .. }), old: op.old_range(), new: op.new_range() })
        .collect();
    slide(&mut steps, old, new);
    coalesce(&steps, old, new)
}

/// Moves what only came or only went along the text where it could stand as well, to
/// where a reader parts sentences: `We share. {+We sell.+}`, not `We s{+ell. We s+}hare.`
fn slide(steps: &mut Vec<Step>, old: &[Token<'_>], new: &[Token<'_>]) {
    for at in 1..steps.len().saturating_sub(1) {
        let (before, step, after) = (&steps[at - 1], &steps[at], &steps[at + 1]);
        let (words, range) = match (step.old.is_empty(), step.new.is_empty()) {
            (true, false) => (new, step.new.clone()),
            (false, true) => (old, step.old.clone()),
            _ => continue,
        };
        if !before.equal || !after.equal {
            continue;
        }
        // The neighbours keep a word, so that no two changes meet.
        let left = before.new.len().saturating_sub(usize::from(at > 1)).min(MAX_SLIDE);
        let right = after.new.len().saturating_sub(usize::from(at + 2 < steps.len())).min(MAX_SLIDE);
        let left = (0..left).take_while(|by| words[range.start - 1 - by] == words[range.end - 1 - by]).count();
        let right = (0..right).take_while(|by| words[range.start + by] == words[range.end + by]).count();
        let from = range.start - left;
        let stay = left;
        let best = (0..=left + right).max_by_key(|by| {
            (parting(words, from + by, from + by + range.len()), std::cmp::Reverse(stay.abs_diff(*by)))
        });
        let Some(by) = best.filter(|by| *by != stay) else { continue };
        let shift = |end: usize| end + by - stay;
        let step = steps[at].clone();
        steps[at - 1].old.end = shift(step.old.start);
        steps[at - 1].new.end = shift(step.new.start);
        steps[at].old = shift(step.old.start)..shift(step.old.end);
        steps[at].new = shift(step.new.start)..shift(step.new.end);
        steps[at + 1].old.start = shift(step.old.end);
        steps[at + 1].new.start = shift(step.new.end);
    }
    steps.retain(|step| !step.old.is_empty() || !step.new.is_empty());
}

/// Words that a change may slide by.
const MAX_SLIDE: usize = 60;

/// How well a stretch of words stands for itself.
fn parting(words: &[Token<'_>], from: usize, to: usize) -> u8 {
    let ends = |at: usize| words.get(at).is_none_or(|token| matches!(token.word, "." | "!" | "?" | ";" | "|"));
    let comma = |at: usize| words.get(at).is_some_and(|token| token.word == ",");
    let (before, last) = (from.wrapping_sub(1), to - 1);
    let opened = |word: &str| matches!(word, "(" | "“" | "[" | "«");
    let closed = |word: &str| matches!(word, ")" | "”" | "]" | "»");
    match () {
        () if opened(words[last].word) || closed(words[from].word) => 0,
        () if ends(before) && ends(last) => 4,
        () if opened(words[from].word) && closed(words[last].word) => 4,
        () if comma(from) && !comma(last) || comma(last) && (comma(before) || ends(before)) => 3,
        () if matches!(words[from].word, "and" | "or" | "und" | "oder" | "et" | "ou") => 2,
        () => 1,
    }
}

/// Joins changes that only a few small words part: three edits around `of` and `the`
/// are one edit to a reader.
fn coalesce(ops: &[Step], old: &[Token<'_>], new: &[Token<'_>]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let words = |tokens: &[Token<'_>]| tokens.iter().filter(|token| token.is_word()).count();
    let sizes: Vec<usize> = ops.iter().map(|op| words(&old[op.old.clone()]) + words(&new[op.new.clone()])).collect();
    for (at, op) in ops.iter().enumerate() {
        let stays = if op.equal && at > 0 && at + 1 < ops.len() {
            let run = &old[op.old.clone()];
            let small = run.iter().filter(|token| token.is_word()).all(|token| is_small(token.word));
            let kept = words(run);
            let around = sizes[at - 1].min(sizes[at + 1]);
            !(kept <= 3 && small || kept <= 2 && around >= 6)
        } else {
            op.equal
        };
        match steps.last_mut() {
            Some(last) if last.equal == stays => {
                last.old.end = op.old.end;
                last.new.end = op.new.end;
            }
            _ => steps.push(Step { equal: stays, ..op.clone() }),
        }
    }
    steps
}

/// For each word the sentence that it stands in, by number.
fn sentences_of(text: &str, words: &[Token<'_>]) -> Vec<usize> {
    let mut ends = sentence_ranges(text).into_iter().scan(0, |end, sentence| {
        *end += sentence.len();
        Some(*end)
    });
    let (mut at, mut sentence, mut end) = (0, 0, ends.next().unwrap_or(usize::MAX));
    words
        .iter()
        .map(|token| {
            at += token.space.len();
            while at >= end {
                (sentence, end) = (sentence + 1, ends.next().unwrap_or(usize::MAX));
            }
            at += token.word.len();
            sentence
        })
        .collect()
}

/// Takes a sentence of which hardly half stays as struck and written anew: single words
/// that happen to stand in both are no text that a reader could follow.
fn by_sentence(steps: Vec<Step>, sentences: [&[usize]; 2], old: &[Token<'_>], new: &[Token<'_>]) -> Vec<Step> {
    let count = |sentences: &[usize], words: &[Token<'_>]| {
        let mut counts = vec![0usize; sentences.last().map_or(0, |last| last + 1)];
        let words = sentences.iter().zip(words).filter(|(_, token)| token.is_word());
        words.for_each(|(sentence, _)| counts[*sentence] += 1);
        counts
    };
    let [of_old, of_new] = sentences;
    let (olds, news) = (count(of_old, old), count(of_new, new));
    // For each pair of sentences the words that both keep, and in how many runs.
    let mut shared: BTreeMap<(usize, usize), (usize, usize)> = BTreeMap::new();
    let stays = |steps: &[Step]| -> Vec<(usize, usize)> {
        steps.iter().filter(|step| step.equal).flat_map(|step| step.old.clone().zip(step.new.clone())).collect()
    };
    let kept = stays(&steps);
    let mut before = None;
    for (o, n) in &kept {
        let pair = (of_old[*o], of_new[*n]);
        let (words, runs) = shared.entry(pair).or_default();
        *words += usize::from(old[*o].is_word());
        // A run begins where a word on either side was skipped, or a sentence begins.
        *runs += usize::from(before != Some((o.wrapping_sub(1), n.wrapping_sub(1), pair)));
        before = Some((*o, *n, pair));
    }
    let follows = |o: usize, n: usize| {
        let (from, to) = (of_old[o], of_new[n]);
        let (words, runs) = shared.get(&(from, to)).copied().unwrap_or_default();
        let (short, long) = (olds[from].min(news[to]), olds[from].max(news[to]));
        // One stretch that was replaced between two that stay is easy to follow.
        let enough = if runs <= 2 { words * 4 >= short } else { words * 2 >= short };
        short < 4 || enough && !(runs >= 4 && words < runs * 3 && words * 10 < long * 7)
    };
    let kept: Vec<(usize, usize)> = kept.into_iter().filter(|(o, n)| follows(*o, *n)).collect();
    let mut out: Vec<Step> = Vec::new();
    let mut add = |equal: bool, from: (usize, usize), to: (usize, usize)| match out.last_mut() {
        _ if from == to => {}
        Some(last) if last.equal == equal => (last.old.end, last.new.end) = to,
        _ => out.push(Step { equal, old: from.0..to.0, new: from.1..to.1 }),
    };
    let mut at = (0, 0);
    for (o, n) in kept {
        add(false, at, (o, n));
        at = (o + 1, n + 1);
        add(true, (o, n), at);
    }
    add(false, at, (old.len(), new.len()));
    out
}

/// Words that carry no meaning alone: articles, prepositions, conjunctions.
pub(crate) fn is_small(word: &str) -> bool {
    const SMALL: [&str; 54] = [
        "a", "an", "and", "as", "at", "be", "by", "for", "from", "in", "is", "it", "of", "on", "or", "our", "that",
        "the", "this", "to", "with", "your", "you", "we", "any", "au", "aux", "ce", "de", "des", "du", "en", "et",
        "la", "le", "les", "ou", "par", "que", "un", "une", "vos", "das", "dem", "den", "der", "die", "ein", "eine",
        "im", "und", "von", "zu", "oder",
    ];
    SMALL.contains(&word.to_lowercase().as_str())
}
