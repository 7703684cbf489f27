//! A change or a reading as plain text: for terminals and e-mail.
//!
//! All fetched text passes [`escape`] before anything else happens to it.

use std::collections::HashMap;

use unicode_width::UnicodeWidthStr;

use super::{Piece, alike, belongs, escape, noise_counts, noise_name, path, pieces, place, remarks, title};
use crate::change::{Change, Kind, Op, SectionChange};
use crate::judgment::{Finding, Judgment, Materiality};
use crate::reading::Reading;
use crate::text::Link;

/// How plain text is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Whether escape sequences for colour may be used; else marks stand for them.
    pub colour: bool,
    /// Columns of a line; below 20 is taken for 20.
    pub width: usize,
}

/// How a stretch of text looks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    Plain,
    Dim,
    Bold,
    Deleted,
    Inserted,
    Alarm,
    Notice,
}

impl Look {
    fn codes(self) -> &'static str {
        match self {
            Look::Plain => "",
            Look::Dim => "2",
            Look::Bold => "1",
            Look::Deleted => "31;9",
            Look::Inserted => "32;4",
            Look::Alarm => "1;31",
            Look::Notice => "1;33",
        }
    }
}

/// Lines of text under construction: wraps, indents, colours.
struct Page {
    style: Style,
    out: String,
    indent: usize,
    column: usize,
    /// The colour that is switched on.
    on: &'static str,
}

impl Page {
    fn new(style: Style) -> Self {
        Self { style, out: String::new(), indent: 0, column: 0, on: "" }
    }

    fn width(&self) -> usize {
        self.style.width.max(20)
    }

    /// Sets a word; breaks the line before it if it does not fit. `look_before` is the look of
    /// the space before it.
    fn word(&mut self, text: &str, look: Look, spaced: bool, look_before: Look) {
        let wide = text.width();
        let space = usize::from(spaced && self.column > self.indent);
        // What replaces a word may stand on the next line, although no space parts the two.
        let breaks = spaced || text.starts_with("{+");
        if self.column > self.indent && self.column + space + wide > self.width() && breaks {
            self.end();
        } else if space == 1 {
            self.paint(" ", look_before);
            self.column += 1;
        }
        if self.column == 0 {
            self.out.push_str(&" ".repeat(self.indent));
            self.column = self.indent;
        }
        self.paint(text, look);
        self.column += wide;
    }

    fn paint(&mut self, text: &str, look: Look) {
        self.switch(if self.style.colour { look.codes() } else { "" });
        self.out.push_str(text);
    }

    /// Switches to a colour; a run of words in the same one is one run of codes.
    fn switch(&mut self, codes: &'static str) {
        if self.on == codes {
            return;
        }
        if !self.on.is_empty() {
            self.out.push_str("\u{1b}[0m");
        }
        if !codes.is_empty() {
            self.out.push_str(&format!("\u{1b}[{codes}m"));
        }
        self.on = codes;
    }

    /// Sets running text.
    fn text(&mut self, text: &str, look: Look) {
        for word in escape(text).split_whitespace() {
            self.word(word, look, true, look);
        }
    }

    /// Sets a mark of one column; what follows, on this line and the next, stands behind it.
    fn mark(&mut self, mark: &str, look: Look) {
        self.word(mark, look, false, look);
        self.paint(" ", Look::Plain);
        self.column += 1;
        self.indent += 2;
    }

    /// Ends the line.
    fn end(&mut self) {
        while self.out.ends_with(' ') {
            self.out.pop();
        }
        self.switch("");
        self.out.push('\n');
        self.column = 0;
    }

    /// Ends the paragraph.
    fn paragraph(&mut self) {
        if self.column > 0 {
            self.end();
        }
        if !self.out.is_empty() && !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
    }

    fn done(mut self) -> String {
        if self.column > 0 {
            self.end();
        }
        let text = self.out.trim_end().to_owned();
        if text.is_empty() { text } else { text + "\n" }
    }
}

/// A change as a redline: the judgment, then section by section what was struck and
/// what was put in, with the rules that fired.
///
/// With colour, what goes is red and struck through, what comes green and underlined;
/// without, `[-gone-]` and `{+new+}`.
pub fn change(change: &Change, judgment: &Judgment, style: Style) -> String {
    let mut page = Page::new(style);
    let look = match judgment.materiality {
        Materiality::Material => Look::Alarm,
        Materiality::Minor => Look::Notice,
        Materiality::Editorial => Look::Dim,
    };
    page.text(&judgment.materiality.as_str().to_uppercase(), look);
    if judgment.severity > 0 {
        page.text(&format!("(severity {} of 3)", judgment.severity), Look::Dim);
    }
    page.end();
    page.text(&judgment.summary, Look::Plain);
    if change.crosses_readings {
        page.paragraph();
        page.text("The two sides were read in different ways; a part of the difference may be ours.", Look::Notice);
    }
    for remark in remarks(judgment) {
        page.paragraph();
        page.text(&remark, Look::Notice);
    }
    let title = title(change);
    let links = Links::of(change);
    for (at, section) in change.sections.iter().enumerate() {
        if links.are_all_told(at, section) && !judgment.findings.iter().any(|finding| belongs(section, finding)) {
            continue;
        }
        page.paragraph();
        one(&mut page, (at, section), title, &judgment.findings, &links);
    }
    let homeless: Vec<&Finding> =
        judgment.findings.iter().filter(|f| !change.sections.iter().any(|section| belongs(section, f))).collect();
    if !homeless.is_empty() {
        page.paragraph();
        alike(homeless.into_iter()).into_iter().for_each(|(finding, count)| told(&mut page, finding, count));
    }
    let noise = noise_counts(&judgment.noise);
    if !noise.is_empty() {
        page.paragraph();
        let kinds: Vec<String> = noise.iter().map(|(kind, count)| format!("{} ×{count}", noise_name(kind))).collect();
        page.text(&format!("Left out of account: {}", kinds.join(", ")), Look::Dim);
    }
    page.done()
}

/// One section: what happened, where, the redline, the rules.
fn one(
    page: &mut Page,
    (at, section): (usize, &SectionChange),
    title: Option<&str>,
    findings: &[Finding],
    links: &Links<'_>,
) {
    page.text(section.kind.as_str(), Look::Dim);
    page.text(&place(section, title), Look::Bold);
    page.end();
    page.indent = 2;
    redline(page, section);
    if page.column > 0 {
        page.end();
    }
    for told in links.told_in(at) {
        let more = match told.sections {
            1 => String::new(),
            2 => " (and in another section)".to_owned(),
            count => format!(" (and in {} other sections)", count - 1),
        };
        page.text(&format!("link \"{}\"{more}:", told.to.text), Look::Dim);
        marked(page, Op::Delete, &[(&escape(&told.from.target), true)]);
        marked(page, Op::Insert, &[(&escape(&told.to.target), true)]);
        page.end();
    }
    let own = findings.iter().filter(|finding| belongs(section, finding));
    alike(own).into_iter().for_each(|(finding, count)| told(page, finding, count));
    page.indent = 0;
}

/// Links that lead elsewhere, each told once: where it changed first, and in how many sections.
struct Links<'a>(Vec<ToldLink<'a>>);

struct ToldLink<'a> {
    from: &'a Link,
    to: &'a Link,
    /// The first and the last section, and how many.
    first: usize,
    last: usize,
    sections: usize,
}

impl<'a> Links<'a> {
    fn of(change: &'a Change) -> Self {
        let mut told: Vec<ToldLink<'a>> = Vec::new();
        let mut known: HashMap<(&str, &str, &str), usize> = HashMap::new();
        for (at, link) in change.sections.iter().enumerate().flat_map(|(at, s)| s.links.iter().map(move |l| (at, l))) {
            // What stands in a section that is new or gone needs no telling.
            let (Some(from), Some(to)) = (&link.from, &link.to) else { continue };
            let index = *known.entry((&to.text, &from.target, &to.target)).or_insert(told.len());
            match told.get_mut(index) {
                Some(link) if link.last == at => {}
                Some(link) => (link.last, link.sections) = (at, link.sections + 1),
                None => told.push(ToldLink { from, to, first: at, last: at, sections: 1 }),
            }
        }
        Self(told)
    }

    /// Those that are told in a section; they are in the order of the sections.
    fn told_in(&self, at: usize) -> &[ToldLink<'a>] {
        let from = self.0.partition_point(|link| link.first < at);
        let count = self.0[from..].partition_point(|link| link.first == at);
        &self.0[from..from + count]
    }

    /// Whether all that changed in a section is links that another one tells.
    fn are_all_told(&self, at: usize, section: &SectionChange) -> bool {
        let same_words = section.edits.iter().all(|edit| edit.op == Op::Equal);
        let linked = section.links.iter().any(|link| link.from.is_some() && link.to.is_some());
        let stays = section.from == section.to && section.kind == Kind::Amended;
        stays && same_words && linked && self.told_in(at).is_empty()
    }
}

/// A rule that fired, and why that matters.
fn told(page: &mut Page, finding: &Finding, count: usize) {
    let look = if finding.severity >= 2 { Look::Alarm } else { Look::Notice };
    let indent = page.indent;
    page.mark("▸", look);
    page.text(&finding.why, look);
    let often = if count > 1 { format!(" ×{count}") } else { String::new() };
    let about = finding.practice.map(|practice| format!("{} · ", practice.name())).unwrap_or_default();
    page.text(&format!("· {about}severity {} · {}{often}", finding.severity, finding.rule), Look::Dim);
    page.end();
    page.indent = indent;
}

fn redline(page: &mut Page, section: &SectionChange) {
    let pieces = pieces(section);
    if !pieces.iter().any(|piece| matches!(piece, Piece::Word(Op::Delete | Op::Insert, ..))) {
        return;
    }
    let (mut at, indent) = (0, page.indent);
    while at < pieces.len() {
        match &pieces[at] {
            Piece::Break => {
                if page.column > 0 {
                    page.end();
                }
                page.indent = indent;
            }
            Piece::Word(Op::Equal, word, _) if word == "-" && page.column == 0 => page.mark("-", Look::Plain),
            Piece::Gap => page.word("…", Look::Dim, true, Look::Plain),
            Piece::More(op, count) => marked(page, *op, &[(&format!("… {count} more words"), true)]),
            Piece::Word(Op::Equal, word, spaced) => page.word(&escape(word), Look::Plain, *spaced, Look::Plain),
            Piece::Word(op, ..) => {
                let run: Vec<(String, bool)> = pieces[at..]
                    .iter()
                    .map_while(|piece| match piece {
                        Piece::Word(other, word, spaced) if other == op => Some((escape(word), *spaced)),
                        _ => None,
                    })
                    .collect();
                at += run.len() - 1;
                let run: Vec<(&str, bool)> = run.iter().map(|(word, spaced)| (word.as_str(), *spaced)).collect();
                marked(page, *op, &run);
            }
        }
        at += 1;
    }
    page.indent = indent;
}

/// A run of words that go or come.
fn marked(page: &mut Page, op: Op, run: &[(&str, bool)]) {
    let (look, open, close) = match op {
        Op::Delete => (Look::Deleted, "[-", "-]"),
        Op::Insert => (Look::Inserted, "{+", "+}"),
        Op::Equal => (Look::Plain, "", ""),
    };
    let last = run.len().saturating_sub(1);
    for (at, (word, spaced)) in run.iter().enumerate() {
        let before = if at > 0 { look } else { Look::Plain };
        if page.style.colour {
            // Colours alone would not part what came from what it replaces.
            let spaced = *spaced || (op == Op::Insert && at == 0 && page.on == Look::Deleted.codes());
            page.word(word, look, spaced, before);
        } else {
            let open = if at == 0 { open } else { "" };
            let close = if at == last { close } else { "" };
            page.word(&format!("{open}{word}{close}"), look, *spaced, before);
        }
    }
}

/// A reading's sections with their headings.
pub fn reading(reading: &Reading, style: Style) -> String {
    let mut page = Page::new(style);
    for section in &reading.sections {
        page.paragraph();
        let text = section.text();
        let mut lines = text.lines();
        if section.heading.is_some() {
            page.text(lines.next().unwrap_or(&path(&section.path, None)), Look::Bold);
            page.end();
        }
        for line in lines {
            if line.is_empty() {
                page.paragraph();
                continue;
            }
            page.indent = line.len() - line.trim_start().len();
            page.text(line, Look::Plain);
            page.end();
            page.indent = 0;
        }
    }
    page.done()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::{Edit, LinkChange};

    #[test]
    fn a_redline_says_nothing_twice() {
        let edit = |op: Op, text: &str| Edit { op, text: text.to_owned() };
        let link = |target: &str| Some(Link { text: "tips".to_owned(), target: target.to_owned() });
        let section = |title: &str, edits: Vec<Edit>| {
            let path = Some(vec![title.to_owned()]);
            let links = vec![LinkChange { from: link("/a"), to: link("/b") }];
            SectionChange { kind: Kind::Amended, from: path.clone(), to: path, edits, links }
        };
        let far = "so that there is nothing to be seen of it here or there or elsewhere ".repeat(3);
        let edits = vec![
            edit(Op::Equal, &format!("One\n\nFirst.\n\n{far}and ")),
            edit(Op::Insert, "not "),
            edit(Op::Equal, "now.\n\nIt holds:\n\n"),
            edit(Op::Insert, "- for bees\n"),
            edit(Op::Equal, "- for wasps"),
        ];
        let change =
            Change { sections: vec![section("One", edits), section("Two", Vec::new())], crosses_readings: false };
        let told = super::change(&change, &Judgment::default(), Style { colour: false, width: 80 });
        let wanted = "amended One\n  … seen of it here or there or elsewhere and {+not+} now.\n  It holds:\n  - {+for bees+}\n  link \"tips\" (and in another section): [-/a-] {+/b+}\n";
        assert!(told.ends_with(wanted), "{told}");
    }

    #[test]
    fn a_run_of_words_is_one_run_of_codes() {
        let mut page = Page::new(Style { colour: true, width: 20 });
        page.text("old words", Look::Deleted);
        page.text("new words that go on", Look::Inserted);
        page.text("plain", Look::Plain);
        assert_eq!(
            page.done(),
            "\u{1b}[31;9mold words\u{1b}[0m\u{1b}[32;4m new words\u{1b}[0m\n\
             \u{1b}[32;4mthat go on\u{1b}[0m plain\n"
        );
    }
}
