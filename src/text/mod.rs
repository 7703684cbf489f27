//! From bytes as served to the blocks of the policy's text.
//!
//! [`normalize`] tells the kind of content, has it read by the module for that kind, and
//! asks whether the result is a policy at all. Nothing here knows what was there before,
//! but for what [`Expected`] says.

pub mod anchors;
mod bytes;
mod charset;
pub mod date;
mod docx;
mod html;
pub mod language;
pub mod markdown;
pub mod media;
mod noise;
mod pdf;
pub mod plain;
pub mod select;
pub mod state;
pub mod unpack;

use std::borrow::Cow;

use chrono::NaiveDate;

use crate::reading::{Expected, Selectors, Step, Unmatched, Unreadable, Why};
use crate::snapshot::Snapshot;

use unpack::Packed;

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
    /// A row that names the columns of the rows that follow it directly.
    TableHeader,
    /// A row of a table: cells joined by [`CELL_BREAK`], an empty one as [`EMPTY_CELL`].
    TableRow,
    /// The term of a definition list.
    Term,
    /// Its definition.
    Definition,
    /// Text whose line breaks matter.
    Preformatted,
}

/// What stands between two cells of a row; no cell holds it.
pub const CELL_BREAK: &str = " | ";
/// What an empty cell reads as where another follows it.
pub const EMPTY_CELL: &str = "–";

/// The text of a row: its cells in order, empty ones at the end left out; none if all are
/// empty. Split at [`CELL_BREAK`] it gives the cells again.
fn row_text<'a>(cells: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let mut text = String::new();
    let mut due = String::new();
    for (at, cell) in cells.into_iter().enumerate() {
        due.push_str(if at > 0 { CELL_BREAK } else { "" });
        if cell.is_empty() {
            due.push_str(EMPTY_CELL);
        } else {
            text.push_str(&std::mem::take(&mut due));
            // A bar of the cell's own would part it in two.
            text.push_str(&cell.replace(CELL_BREAK, " ¦ "));
        }
    }
    (!text.is_empty()).then_some(text)
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
    /// The selectors that picked nothing.
    pub unmatched: Unmatched,
}

/// Reads a snapshot to text: HTML, PDF, Markdown or plain text.
///
/// Pure, and total over any bytes. Refuses what is no policy, and says why.
pub fn normalize(snapshot: &Snapshot, how: &Selectors, expected: &Expected<'_>) -> Result<Text, Unreadable> {
    normalize_by_steps(snapshot, how, expected, &mut |_| ())
}

/// [`normalize`], where `done` is told of each step as it ends.
pub(crate) fn normalize_by_steps(
    snapshot: &Snapshot,
    how: &Selectors,
    expected: &Expected<'_>,
    done: &mut dyn FnMut(Step),
) -> Result<Text, Unreadable> {
    if let Some(refusal) = state::refuse_response(snapshot) {
        return Err(refusal);
    }
    match media::kind(snapshot) {
        media::MediaKind::Html => from_html(snapshot, how, expected, done),
        media::MediaKind::Packed(packed) => from_packed(snapshot, packed, how, expected),
        media::MediaKind::Markdown => settle(snapshot, markdown::blocks(&characters(snapshot)?), None, how, expected),
        media::MediaKind::Plain => settle(snapshot, plain::blocks(&characters(snapshot)?), None, how, expected),
        media::MediaKind::Unsupported(kind) => Err(Unreadable::new(
            Why::UnsupportedType,
            format!("{kind} is not read; watch the policy's page as HTML, PDF, DOCX, Markdown or plain text"),
        )),
    }
}

/// The largest plain text or Markdown that is read, in bytes: a line of two bytes takes a
/// hundred times as much while it is read. Policies have less than one MiB.
const MAX_TEXT: usize = 4 << 20;

/// The characters of a text without markup around it.
fn characters(snapshot: &Snapshot) -> Result<Cow<'_, str>, Unreadable> {
    let size = snapshot.body.len();
    if size > MAX_TEXT {
        let why = format!(
            "the text has {} MiB, more than the {} MiB that are read; look at it by hand",
            size >> 20,
            MAX_TEXT >> 20
        );
        return Err(Unreadable::new(Why::Malformed, why));
    }
    Ok(charset::decode(snapshot))
}

/// Reads a page of HTML.
fn from_html(
    snapshot: &Snapshot,
    how: &Selectors,
    expected: &Expected<'_>,
    done: &mut dyn FnMut(Step),
) -> Result<Text, Unreadable> {
    let source = charset::decode(snapshot);
    done(Step::Characters);
    let page = html::read(&source, &snapshot.final_url, how, done)?;
    drop(source);
    let language = language::of(&beginning(&page.blocks), page.declared_language.as_deref());
    done(Step::Language);
    let visible = page.visible.of(&page.html);
    let state = state::Page {
        snapshot,
        title: page.title.as_deref(),
        visible: &visible,
        blocks: &page.blocks,
        html: Some(&page.html),
        language: language.as_deref(),
        selected: !how.select.is_empty() && !page.unmatched.fell_back,
        expected,
    };
    let refusal = state::refuse_page(&state);
    done(Step::State);
    if let Some(refusal) = refusal {
        return Err(refusal);
    }
    let effective_at = date::effective(&page.blocks, language.as_deref());
    done(Step::Date);
    Ok(Text { title: page.title, language, effective_at, blocks: page.blocks, unmatched: page.unmatched })
}

/// Reads a file that was unpacked elsewhere, because that can cost anything.
fn from_packed(
    snapshot: &Snapshot,
    packed: Packed,
    how: &Selectors,
    expected: &Expected<'_>,
) -> Result<Text, Unreadable> {
    let unpacked = match expected.unpacked {
        Some(Ok(unpacked)) => unpacked,
        Some(Err(unreadable)) => return Err(unreadable.clone()),
        None => {
            let evidence = format!("a {} that nobody unpacked", packed.name());
            return Err(Unreadable::new(Why::UnsupportedType, evidence));
        }
    };
    settle(snapshot, unpacked.blocks.clone(), unpack::title(unpacked), how, expected)
}

/// Joins what is known of a text without markup around it, where selectors pick nothing.
fn settle(
    snapshot: &Snapshot,
    mut blocks: Vec<Block>,
    title: Option<String>,
    how: &Selectors,
    expected: &Expected<'_>,
) -> Result<Text, Unreadable> {
    // Bytes that the wrong encoding made, and characters named by number.
    for block in blocks.iter_mut().filter(|block| block.text.contains(is_command)) {
        block.text.retain(|c| !is_command(c));
    }
    blocks.retain(|block| !block.text.trim().is_empty());
    let visible = words(&blocks);
    let language = language::of(&visible, None);
    let visible = state::Visible::from(visible);
    let heading = blocks.iter().find(|block| matches!(block.kind, BlockKind::Heading { .. }));
    let title = title.or_else(|| heading.map(|block| block.text.clone()));
    let state = state::Page {
        snapshot,
        title: title.as_deref(),
        visible: &visible,
        blocks: &blocks,
        html: None,
        language: language.as_deref(),
        selected: false,
        expected,
    };
    if let Some(refusal) = state::refuse_page(&state) {
        return Err(refusal);
    }
    let effective_at = date::effective(&blocks, language.as_deref());
    let (select, remove) = (how.select.clone(), how.remove.clone());
    let unmatched = Unmatched { fell_back: !select.is_empty(), select, remove };
    Ok(Text { title, language, effective_at, blocks, unmatched })
}

/// Whether a character is a command to some old terminal, and no text.
fn is_command(c: char) -> bool {
    c.is_control() && !matches!(c, '\n' | '\t')
}

/// How many words a text has; two characters of a script without spaces count as one.
pub fn count_words(text: &str) -> usize {
    html::count_words(text)
}

/// The words of the first blocks, enough to tell the language by.
fn beginning(blocks: &[Block]) -> String {
    let mut out = String::new();
    for (at, block) in blocks.iter().enumerate() {
        // No character has more bytes.
        if out.len() > 4 * language::SAMPLE {
            break;
        }
        out.push_str(if at > 0 { "\n" } else { "" });
        out.push_str(&block.text);
    }
    out
}

/// The words of some blocks.
fn words(blocks: &[Block]) -> String {
    blocks.iter().map(|block| block.text.as_str()).collect::<Vec<_>>().join("\n")
}

/// A text on one line, white space folded.
fn fold(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::snapshot::Origin;

    /// A page as a server would answer it, without headers.
    pub(crate) fn snapshot(url: &str, body: &[u8]) -> Snapshot {
        Snapshot {
            url: url.to_owned(),
            final_url: url.to_owned(),
            status: 200,
            headers: Vec::new(),
            redirects: Vec::new(),
            body: body.to_vec(),
            captured_at: chrono::DateTime::UNIX_EPOCH,
            origin: Origin::Live { remote_addr: None },
        }
    }
}
