//! What differs between two versions, by section, in words.

use crate::reading::Reading;
use crate::text::Link;

/// What happens to a stretch of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// It stays.
    Equal,
    /// It goes.
    Delete,
    /// It comes.
    Insert,
}

/// A stretch of text, and what happens to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What happens.
    pub op: Op,
    /// The words, with the white space around them.
    pub text: String,
}

/// What happened to a section.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// Its text changed.
    Amended,
    /// It stands elsewhere; its text may have changed too.
    Moved,
    /// Its heading changed; its text may have changed too.
    Renamed,
}

impl Kind {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Added => "added",
            Kind::Removed => "removed",
            Kind::Amended => "amended",
            Kind::Moved => "moved",
            Kind::Renamed => "renamed",
        }
    }
}

/// A link whose target changed, or that came or went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkChange {
    /// The link before, if there was one.
    pub from: Option<Link>,
    /// The link after, if there is one.
    pub to: Option<Link>,
}

/// What happened to one section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SectionChange {
    /// What happened.
    pub kind: Kind,
    /// Its path before; none if added. May be empty: what stands before the first heading.
    pub from: Option<Vec<String>>,
    /// Its path after; none if removed.
    pub to: Option<Vec<String>>,
    /// The edits of its text (heading included): applied to the old text they give the
    /// new text, exactly. All `Insert` if added, all `Delete` if removed, one `Equal` if
    /// only moved.
    pub edits: Vec<Edit>,
    /// The links that differ.
    pub links: Vec<LinkChange>,
}

impl SectionChange {
    /// The text before: what is not inserted.
    pub fn before(&self) -> String {
        self.edits.iter().filter(|edit| edit.op != Op::Insert).map(|edit| edit.text.as_str()).collect()
    }

    /// The text after: what is not deleted.
    pub fn after(&self) -> String {
        self.edits.iter().filter(|edit| edit.op != Op::Delete).map(|edit| edit.text.as_str()).collect()
    }
}

/// What differs between two versions. Never empty.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The sections that differ, in the order of the new text (removed ones where they stood).
    pub sections: Vec<SectionChange>,
    /// Whether the two sides were read in different ways, so that a part of the
    /// difference may be ours (set by [`crate::examine`]).
    pub crosses_readings: bool,
}

/// Compares two readings; none if they say the same in the same order.
pub fn compare(_old: &Reading, _new: &Reading) -> Option<Change> {
    todo!()
}
