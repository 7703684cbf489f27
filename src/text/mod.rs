//! From bytes as served to the blocks of the policy's text.

pub mod date;
pub mod language;
pub mod markdown;
pub mod media;
pub mod pdf;
pub mod plain;
pub mod state;

use chrono::NaiveDate;

use crate::reading::{Expected, Selectors, Unreadable};
use crate::snapshot::Snapshot;

/// A link of the text: a fact of its own, beside the words.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Link {
    /// The words that are the link.
    pub text: String,
    /// Its target: absolute, without fragment of the page itself, tracking and session tokens.
    pub target: String,
}

/// What a block of text is on the page.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum BlockKind {
    /// A heading, 1 (highest) to 6, in whatever style the page marks it.
    Heading {
        /// 1 to 6.
        level: u8,
        /// The `id` or `name` that links can point at.
        anchor: Option<String>,
    },
    /// A paragraph.
    Paragraph,
    /// An item of a list.
    ListItem {
        /// 1 for the outermost list.
        depth: u8,
    },
    /// A row of a table, cells joined by ` | `; header cells kept with their values.
    TableRow,
    /// The term of a definition list.
    Term,
    /// Its definition.
    Definition,
    /// Text whose line breaks matter.
    Preformatted,
}

/// One block of text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Block {
    /// What it is.
    pub kind: BlockKind,
    /// Its words: white space folded, one line (but for preformatted text).
    pub text: String,
    /// The links in it, in order.
    pub links: Vec<Link>,
}

/// A policy's text before it is parted into sections.
#[derive(Clone, Debug, PartialEq)]
pub struct Text {
    /// The page's title.
    pub title: Option<String>,
    /// ISO 639-1, where it can be told.
    pub language: Option<String>,
    /// The date that the policy claims for itself.
    pub effective_at: Option<NaiveDate>,
    /// The text, in page order.
    pub blocks: Vec<Block>,
}

/// Reads a snapshot to text: HTML, PDF, Markdown or plain text.
pub fn normalize(_snapshot: &Snapshot, _how: &Selectors, _expected: &Expected<'_>) -> Result<Text, Unreadable> {
    todo!()
}
