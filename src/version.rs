//! A version: the sectioned text of record, and the snapshot it was read from.

use crate::reading::{Reader, Reading};
use crate::snapshot::Digest;
use crate::time::Timestamp;
use crate::watch::WatchId;

/// A version's key in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VersionId(pub i64);

/// A snapshot's key in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SnapshotId(pub i64);

/// Why there is a new version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// The first of its watch, or the first in its language.
    FirstRecord,
    /// The publisher changed the text.
    Publisher,
    /// We read the same snapshot otherwise than before. Never alerts.
    TechnicalUpgrade,
}

impl Cause {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Cause::FirstRecord => "first_record",
            Cause::Publisher => "publisher",
            Cause::TechnicalUpgrade => "technical_upgrade",
        }
    }

    /// The cause that a word names.
    pub fn parse(word: &str) -> Option<Self> {
        [Cause::FirstRecord, Cause::Publisher, Cause::TechnicalUpgrade].into_iter().find(|cause| cause.as_str() == word)
    }
}

/// What is known of a version beside its text.
#[derive(Clone, Debug, PartialEq)]
pub struct VersionFacts {
    /// Its key.
    pub id: VersionId,
    /// Whose it is.
    pub watch: WatchId,
    /// 1, 2, 3 … in the order of `captured_at`.
    pub number: u32,
    /// When the snapshot was served.
    pub captured_at: Timestamp,
    /// When we wrote it down.
    pub recorded_at: Timestamp,
    /// The digest of the text: what identifies the version outside this store.
    pub digest: Digest,
    /// The snapshot it was read from; of several pages, the newest.
    pub snapshot: SnapshotId,
    /// The snapshots of all pages, in their order; empty where it is one page.
    pub pages: Vec<SnapshotId>,
    /// How it was read.
    pub reader: Reader,
    /// Why it is there.
    pub cause: Cause,
}

impl VersionFacts {
    /// All snapshots that it was read from, in the order of their pages.
    pub fn snapshots(&self) -> Vec<SnapshotId> {
        if self.pages.is_empty() { vec![self.snapshot] } else { self.pages.clone() }
    }
}

/// The sectioned text of record.
#[derive(Clone, Debug, PartialEq)]
pub struct Version {
    /// Everything but the text.
    pub facts: VersionFacts,
    /// The text.
    pub reading: Reading,
}
