//! Sections: what stands under a heading, by the path of headings that leads there.

use std::sync::LazyLock;

use regex::Regex;

use crate::text::{Block, BlockKind};

/// What stands under one heading.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Section {
    /// The headings that lead here, its own last, numbering removed; empty for what
    /// stands before the first heading.
    pub path: Vec<String>,
    /// The level of its heading, 1 to 6; 0 where `path` is empty.
    pub level: u8,
    /// Its heading as it stands on the page, numbering included; none where `path` is empty.
    pub heading: Option<String>,
    /// The number in front of the heading (`4.2`, `(a)`, `IV`), if it has one.
    pub number: Option<String>,
    /// What links can point at.
    pub anchor: Option<String>,
    /// What stands under the heading. Never holds a heading.
    pub blocks: Vec<Block>,
}

impl Section {
    /// Heading and blocks as plain text: list items behind `- ` (two spaces of indent a
    /// level), an empty line between blocks, but none between items and rows.
    pub fn text(&self) -> String {
        let mut out = self.heading.clone().unwrap_or_default();
        let mut before: Option<&BlockKind> = self.heading.as_ref().map(|_| &BlockKind::Paragraph);
        for block in &self.blocks {
            if let Some(before) = before {
                out.push_str(if tight(before, &block.kind) { "\n" } else { "\n\n" });
            }
            if let BlockKind::ListItem { depth } = block.kind {
                (1..depth).for_each(|_| out.push_str("  "));
                out.push_str("- ");
            }
            out.push_str(&block.text);
            before = Some(&block.kind);
        }
        out
    }
}

/// Whether two blocks belong together without an empty line between them.
fn tight(before: &BlockKind, after: &BlockKind) -> bool {
    use BlockKind::{Definition, ListItem, TableRow, Term};
    matches!(
        (before, after),
        (ListItem { .. }, ListItem { .. }) | (TableRow, TableRow) | (Term, Definition) | (Definition, Definition)
    )
}

/// Parts blocks into sections. Every block stands in exactly one of them, in order.
pub fn section(blocks: Vec<Block>) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    let mut open: Vec<(u8, String)> = Vec::new();
    for block in blocks {
        let BlockKind::Heading { level, anchor } = block.kind else {
            if sections.is_empty() {
                sections.push(Section::default());
            }
            if let Some(section) = sections.last_mut() {
                section.blocks.push(block);
            }
            continue;
        };
        let (number, title) = split_number(&block.text);
        while open.last().is_some_and(|(outer, _)| *outer >= level) {
            open.pop();
        }
        open.push((level, title.to_owned()));
        sections.push(Section {
            path: open.iter().map(|(_, title)| title.clone()).collect(),
            level,
            number,
            heading: Some(block.text),
            anchor,
            blocks: Vec::new(),
        });
    }
    sections
}

/// A number in front of a title, with what parts them: `4.2 `, `(a) `, `IV. `, `§ 5 – `, `Article 3: `.
static NUMBER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?x)^(?:
            (?P<word>(?:(?i:article|artikel|section|clause|chapter|part|art[ií]culo|articolo|abschnitt|kapitel|ziffer|chapitre|annex|appendix|anhang|annexe|schedule)\.?|§{1,2})\s*
                (?:\d+(?:\.\d+)*[a-z]?|[IVXLC]+|[A-Z])\b)(?:\s*[.:)–—-]\s*|\s+)
          | (?P<many>\d{1,3}(?:\.\d{1,3})+)(?:[.:)]\s*|\s*[–—-]\s+|\s+)
          | (?P<one>\d{1,3})(?:[.)]\s*|\s*[:–—-]\s+)
          | (?P<bare>\d{1,2})\s+
          | (?P<paren>\([a-zA-Z0-9]{1,4}\))\s*
          | (?P<roman>[IVX]{1,5}|[ivx]{1,5})(?:[.)]\s*|\s+[–—-]\s+)
          | (?P<letter>[A-Za-z])[.)]\s+
        )(?P<title>\S.*)$",
    )
    .expect("the pattern is sound")
});

/// Parts a heading into its number, if it has one, and its title. A heading that is
/// nothing but a number keeps it as its title.
pub(crate) fn split_number(heading: &str) -> (Option<String>, &str) {
    let Some(found) = NUMBER.captures(heading) else { return (None, heading) };
    let Some(title) = found.name("title").map(|title| title.as_str()) else { return (None, heading) };
    if !title.chars().any(char::is_alphabetic) {
        return (None, heading);
    }
    let starts_title = title.chars().next().is_some_and(|c| c.is_uppercase() || !c.is_alphabetic() && !c.is_numeric());
    if found.name("bare").is_some() && !starts_title {
        return (None, heading);
    }
    let kinds = ["word", "many", "one", "bare", "paren", "roman", "letter"];
    let number = kinds.into_iter().find_map(|kind| found.name(kind)).map(|number| number.as_str().to_owned());
    (number, title)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_part_from_titles() {
        let cases = [
            ("4.2 Your rights", Some("4.2"), "Your rights"),
            ("1. Scope", Some("1"), "Scope"),
            ("1) Scope", Some("1"), "Scope"),
            ("1.Scope", Some("1"), "Scope"),
            ("3 Cookies", Some("3"), "Cookies"),
            ("10.1.2. Third parties", Some("10.1.2"), "Third parties"),
            ("(a) Purpose", Some("(a)"), "Purpose"),
            ("IV. Duration", Some("IV"), "Duration"),
            ("A. Definitions", Some("A"), "Definitions"),
            ("§ 5 Haftung", Some("§ 5"), "Haftung"),
            ("Article 3 – Objet", Some("Article 3"), "Objet"),
            ("Section 2: Your content", Some("Section 2"), "Your content"),
            ("Article 3", None, "Article 3"),
            ("18 years and older", None, "18 years and older"),
            ("2018 notice", None, "2018 notice"),
            ("1.1.", None, "1.1."),
            ("1. 2.", None, "1. 2."),
            ("Introduction", None, "Introduction"),
            ("I agree", None, "I agree"),
            ("A word on cookies", None, "A word on cookies"),
            ("", None, ""),
        ];
        for (heading, number, title) in cases {
            assert_eq!(split_number(heading), (number.map(str::to_owned), title), "{heading}");
        }
    }
}
