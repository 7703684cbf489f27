//! A section's edits as lines: paragraphs, items and rows, each with what stays, goes and
//! comes in it. What the renderers share.

use crate::change::words::tokens;
use crate::change::{Edit, Op, SectionChange};
use crate::text::CELL_BREAK;

/// Words of the unchanged text that stay in sight on each side of an edit, where no
/// sentence begins or ends near it.
const CONTEXT: usize = 9;
/// How far the beginning or the end of a sentence is looked for.
const REACH: usize = 24;
/// More words than these that are struck and written anew do not share a line.
const WHOLE: usize = 16;
/// So few words more are not worth a mark that they are left out.
const SPARED: usize = 6;

/// A stretch of a line, and what happens to it.
pub(super) type Span = (Op, String);

/// A line of a section.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Line {
    /// What stands in it, in order; never empty.
    pub(super) spans: Vec<Span>,
}

impl Line {
    /// Whether anything in it goes or comes.
    pub(super) fn is_changed(&self) -> bool {
        self.spans.iter().any(|(op, _)| *op != Op::Equal)
    }

    /// The op of all its words, if it is one.
    pub(super) fn only(&self) -> Option<Op> {
        let (first, rest) = self.spans.split_first()?;
        rest.iter().all(|(op, _)| *op == first.0).then_some(first.0)
    }

    /// Its words, whatever happens to them.
    pub(super) fn text(&self) -> String {
        self.spans.iter().map(|(_, text)| text.as_str()).collect()
    }

    /// How deep it stands, if it is an item of a list.
    pub(super) fn depth(&self) -> Option<usize> {
        let text = self.text();
        let bare = text.trim_start();
        bare.starts_with("- ").then(|| (text.len() - bare.len()) / 2 + 1)
    }

    /// Whether it is a row of a table.
    pub(super) fn is_row(&self) -> bool {
        self.text().contains(CELL_BREAK)
    }

    /// The cells of a row.
    pub(super) fn cells(&self) -> Vec<Vec<Span>> {
        let mut cells: Vec<Vec<Span>> = vec![Vec::new()];
        for (op, text) in &self.spans {
            for (at, part) in text.split(CELL_BREAK).enumerate() {
                if at > 0 {
                    cells.push(Vec::new());
                }
                if let Some(cell) = cells.last_mut().filter(|_| !part.is_empty()) {
                    cell.push((*op, part.to_owned()));
                }
            }
        }
        cells
    }
}

/// The lines of a section. A stretch of several lines that gives way to another does not
/// share a line with it.
pub(super) fn lines(section: &SectionChange) -> Vec<Line> {
    let edits = flowing(&section.edits);
    let mut out = vec![Line::default()];
    for (at, edit) in edits.iter().enumerate() {
        let replaces = at > 0 && edits[at - 1].op == Op::Delete && edit.op == Op::Insert;
        if replaces && (edit.text.contains('\n') || edits[at - 1].text.contains('\n')) {
            out.push(Line::default());
        }
        for (row, part) in edit.text.split('\n').enumerate() {
            if row > 0 {
                out.push(Line::default());
            }
            if let Some(line) = out.last_mut().filter(|_| !part.is_empty()) {
                line.spans.push((edit.op, part.to_owned()));
            }
        }
    }
    out.retain(|line| !line.text().trim().is_empty());
    let mut out: Vec<Line> = out.into_iter().flat_map(parted).collect();
    if out.first().is_some_and(|first| says_path(section, first)) {
        out.remove(0);
    }
    out
}

/// Edits for people: words that only went over the end of a line have not changed, nor have
/// white space and the marks of items. What is exact is in the change itself.
fn flowing(edits: &[Edit]) -> Vec<Edit> {
    let mut out: Vec<Edit> = Vec::new();
    let mut at = 0;
    while at < edits.len() {
        let is_open = |edit: &Edit| edit.op != Op::Equal || edit.text.trim().is_empty();
        let run = edits[at..].iter().take_while(|edit| is_open(edit)).count().max(1);
        let run = &edits[at..at + run];
        at += run.len();
        let words = |op: Op| {
            let words = run.iter().filter(move |edit| edit.op == op).flat_map(|edit| edit.text.split_whitespace());
            words.filter(|word| !matches!(*word, "-" | "–" | "*" | "•" | "●" | "○" | "◦" | "▪" | "■" | "·"))
        };
        if run.iter().any(|edit| edit.op != Op::Equal) && words(Op::Delete).eq(words(Op::Insert)) {
            let new = run.iter().filter(|edit| edit.op != Op::Delete);
            out.push(Edit { op: Op::Equal, text: new.map(|edit| edit.text.as_str()).collect() });
        } else {
            out.extend_from_slice(run);
        }
    }
    out
}

/// A long line or a row that gives way to another as a whole stands above it.
fn parted(line: Line) -> Vec<Line> {
    let whole = matches!(&line.spans[..], [(Op::Delete, _), (Op::Insert, _)]);
    if whole && (line.is_row() || words(&line).len() > WHOLE) {
        return line.spans.into_iter().map(|span| Line { spans: vec![span] }).collect();
    }
    vec![line]
}

/// Whether a line is the heading that the section's path has told already.
fn says_path(section: &SectionChange, line: &Line) -> bool {
    let heading = section.to.as_ref().or(section.from.as_ref()).and_then(|path| path.last());
    let same = section.from == section.to || section.from.is_none() || section.to.is_none();
    same && line.only().is_some() && heading.is_some_and(|heading| line.text().trim() == heading)
}

/// A word of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// What happens to it.
    pub(super) op: Op,
    /// The word.
    pub(super) text: String,
    /// Whether white space stands before it.
    pub(super) spaced: bool,
}

/// The words of a line.
pub(super) fn words(line: &Line) -> Vec<Word> {
    let mut out = Vec::new();
    let mut spaced = false;
    for (op, text) in &line.spans {
        for token in tokens(text) {
            spaced |= !token.space.is_empty();
            if !token.word.is_empty() {
                out.push(Word { op: *op, text: token.word.to_owned(), spaced });
                spaced = false;
            }
        }
    }
    out
}

/// Which words of a changed line are shown: the changed ones, and the sentence or the cell
/// around them as far as it is short.
pub(super) fn shown(words: &[Word], is_row: bool) -> Vec<bool> {
    let changed = |at: usize| words[at].op != Op::Equal;
    let bar = |at: usize| words[at].text == "|" && words[at].spaced;
    let stop = |at: usize| {
        let ends = matches!(words[at].text.as_str(), "." | "!" | "?" | "。");
        if is_row { bar(at) } else { ends && words.get(at + 1).is_none_or(|next| next.spaced) }
    };
    let mut shown: Vec<bool> = (0..words.len()).map(changed).collect();
    for at in (0..words.len()).filter(|at| changed(*at)) {
        // Backwards to the beginning of the sentence.
        if at > 0 && !changed(at - 1) {
            let run = (0..at).rev().take_while(|at| !changed(*at)).take(REACH + 1).collect::<Vec<_>>();
            let begins = run.iter().position(|at| stop(*at)).or((run.last() == Some(&0)).then_some(run.len()));
            run.iter().take(begins.unwrap_or(CONTEXT)).for_each(|at| shown[*at] = true);
        }
        if at + 1 < words.len() && !changed(at + 1) {
            let run = (at + 1..words.len()).take_while(|at| !changed(*at)).take(REACH + 1).collect::<Vec<_>>();
            let whole = (run.last() == Some(&(words.len() - 1))).then_some(run.len());
            let ends = run.iter().position(|at| stop(*at)).map(|at| at + 1).or(whole);
            run.iter().take(ends.unwrap_or(CONTEXT)).for_each(|at| shown[*at] = true);
        }
    }
    if is_row {
        // The first cell says which row it is.
        (0..words.len()).take_while(|at| !bar(*at)).for_each(|at| shown[at] = true);
    }
    spare(&mut shown);
    shown
}

/// Shows gaps that are too small for a mark.
fn spare(shown: &mut [bool]) {
    let mut at = 0;
    while at < shown.len() {
        let end = (at..shown.len()).find(|at| shown[*at]).unwrap_or(shown.len());
        if end - at <= SPARED {
            shown[at..end].fill(true);
        }
        at = end.max(at + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::Kind;

    type Marks = &'static [(Op, &'static str)];

    fn section(edits: Marks) -> SectionChange {
        let edits = edits.iter().map(|(op, text)| Edit { op: *op, text: (*text).to_owned() }).collect();
        let path = Some(vec!["Logs".to_owned()]);
        SectionChange { kind: Kind::Amended, from: path.clone(), to: path, edits, links: Vec::new() }
    }

    fn told(edits: Marks) -> Vec<String> {
        let mark = |(op, text): &Span| match op {
            Op::Equal => text.clone(),
            Op::Delete => format!("[-{text}-]"),
            Op::Insert => format!("{{+{text}+}}"),
        };
        lines(&section(edits)).iter().map(|line| line.spans.iter().map(mark).collect()).collect()
    }

    #[test]
    fn lines_part_where_the_text_does() {
        use Op::{Delete, Equal, Insert};
        let cases: Vec<(Marks, &[&str])> = vec![
            (
                &[(Equal, "Logs\n\nWe keep "), (Delete, "it"), (Insert, "them"), (Equal, ".")],
                &["We keep [-it-]{+them+}."],
            ),
            (
                &[(Equal, "Logs\n\n- one\n- "), (Delete, "two\n- three"), (Insert, "four"), (Equal, "\n- five")],
                &["- one", "- [-two-]", "[-- three-]", "{+four+}", "- five"],
            ),
            (&[(Equal, "a"), (Insert, "\n\nb\n\nc")], &["a", "{+b+}", "{+c+}"]),
            (&[(Insert, "Logs\n\nb")], &["{+b+}"]),
            // Words that only went over the end of a line.
            (
                &[(Equal, "We keep"), (Insert, " it for"), (Equal, "\n"), (Delete, "it for "), (Equal, "a day.")],
                &["We keep it for", "a day."],
            ),
            (&[(Delete, "•"), (Insert, "●"), (Equal, " one"), (Insert, "  "), (Delete, " ")], &["● one  "]),
            (
                &[(Equal, "We"), (Insert, " keep"), (Equal, "\n"), (Delete, "hold "), (Equal, "it.")],
                &["We{+ keep+}", "[-hold -]it."],
            ),
        ];
        for (edits, wanted) in cases {
            assert_eq!(told(edits), wanted);
        }
    }

    #[test]
    fn the_sentence_around_a_change_is_shown_and_no_more() {
        use Op::{Delete, Equal};
        let line = Line {
            spans: vec![
                (Equal, "Nothing at all changed here, as far as one can tell. We keep ".to_owned()),
                (Delete, "short ".to_owned()),
                (Equal, "logs. Nor did anything change here, as far as one can tell.".to_owned()),
            ],
        };
        let words = words(&line);
        let told: Vec<&str> =
            words.iter().zip(shown(&words, false)).filter(|(_, shown)| *shown).map(|(w, _)| w.text.as_str()).collect();
        assert_eq!(told.join(" "), "We keep short logs .");
        let row = Line {
            spans: vec![
                (Equal, "Name: a | Use: to count the visits of each page | Kept: 1 ".to_owned()),
                (Delete, "day".to_owned()),
            ],
        };
        let words = super::words(&row);
        let told: Vec<&str> =
            words.iter().zip(shown(&words, true)).filter(|(_, shown)| *shown).map(|(w, _)| w.text.as_str()).collect();
        assert_eq!(told.join(" "), "Name : a Kept : 1 day");
        assert_eq!(row.cells().len(), 3);
    }
}
