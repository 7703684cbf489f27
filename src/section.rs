//! Sections: what stands under a heading, by the path of headings that leads there.

use crate::text::{Block, BlockKind};

/// What stands under one heading.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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

/// Parts blocks into sections.
pub fn section(_blocks: &[Block]) -> Vec<Section> {
    todo!()
}
