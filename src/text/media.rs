//! Stub; the real one comes by merge.

use crate::snapshot::Snapshot;

/// A kind of content.
pub enum MediaKind {
    /// HTML.
    Html,
    /// PDF.
    Pdf,
    /// Markdown.
    Markdown,
    /// Plain text.
    Plain,
    /// Something else.
    Unsupported(String),
}

/// Tells the kind.
pub fn kind(_snapshot: &Snapshot) -> MediaKind {
    MediaKind::Html
}
