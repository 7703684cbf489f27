//! Stub; the real one comes by merge.

use crate::reading::{Expected, Unreadable};
use crate::snapshot::Snapshot;
use crate::text::Block;

/// A page as read, to be judged.
pub struct Page<'a> {
    /// The response.
    pub snapshot: &'a Snapshot,
    /// Its title.
    pub title: Option<&'a str>,
    /// All visible words of the whole page.
    pub visible: &'a str,
    /// The main text.
    pub blocks: &'a [Block],
    /// The parsed page.
    pub html: Option<&'a scraper::Html>,
    /// Its language.
    pub language: Option<&'a str>,
    /// Whether selectors were used.
    pub selected: bool,
    /// What is known beforehand.
    pub expected: &'a Expected<'a>,
}

/// Judges the response.
pub fn refuse_response(_snapshot: &Snapshot) -> Option<Unreadable> {
    None
}

/// Judges the page.
pub fn refuse_page(_page: &Page<'_>) -> Option<Unreadable> {
    None
}
