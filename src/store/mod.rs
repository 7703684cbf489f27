//! The record: SQLite. The only module that speaks SQL or opens a transaction.
//! Its methods are verbs of use cases, so that a second engine can stand beside it.
//!
//! One connection writes, one transaction a verb; a few others read beside it. Facts
//! (watches, checks, bodies, snapshots, deliveries) refer only to facts and are never
//! rewritten; readings (versions, changes) can be rebuilt from them.
//!
//! | file | what |
//! |---|---|
//! | [`open`] | connections, transactions, closing |
//! | `migrate`, `migrations/` | the schema and how it grows |
//! | `watches`, `checks`, `snapshots`, `versions`, `deliveries` | the tables |
//! | `captures` | snapshots as a list, for exports and imports |
//! | `series` | captures of a page that are recorded together |
//! | `confirmations` | changes that wait for a second look |
//! | `silences` | policies that were not seen for long |
//! | `statements` | statements of what was looked at |
//! | `archive` | what archives were asked, what they list, what was taken |
//! | `errands` | what is to be done at archives |
//! | `memory` | what a page said a short while ago |
//! | `moves` | where policies went |
//! | `transfer` | whole histories, from store to store |
//! | `rebuild`, `verify` | readings from facts again, to replace or to compare |
//! | `pack`, `encode` | what the blobs hold |
//! | [`lock`] | one daemon a store |

mod archive;
mod attempts;
mod captures;
mod checks;
mod confirmations;
mod deliveries;
mod encode;
mod errands;
mod fault;
pub mod lock;
mod memory;
mod migrate;
mod moves;
pub mod open;
mod pack;
mod rebuild;
mod series;
mod silences;
mod snapshots;
mod statements;
mod transfer;
mod verify;
mod versions;
mod watches;

use std::path::PathBuf;
use std::sync::Arc;

use crate::alert::Withheld;
use crate::change::Change;
use crate::confirmation::ConfirmationState;
use crate::discovery::moves::Whereabouts;
use crate::health::{Health, Part, Signs, health};
use crate::judgment::Judgment;
use crate::ladder::Tried;
use crate::time::Timestamp;
use crate::version::{SnapshotId, VersionFacts};
use crate::watch::WatchId;

pub use archive::{Bounds, HeldMemento, ListingState, RecordedCapture, RecordedTrace};
pub use captures::CaptureFacts;
pub use errands::{Errand, ErrandFacts, ErrandKind, Standing as ErrandStanding};
pub use lock::{DaemonLock, ImportLock, Place, WatchLock, lock_daemon, lock_import, lock_watch};
pub use moves::RecordedMoves;
pub use open::Options;
pub use series::{Examined, Series, SeriesRecorded};
pub use transfer::{OUT_OF_TIME, Past, PastChange, PastFact, PastVersion, Transferred, check_address};

/// A check's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CheckId(pub i64);

/// Why the record could not be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The store was written by a newer policywatch.
    #[error(
        "{path} has schema {found}, this policywatch knows up to {known}; use a newer policywatch, nothing was touched"
    )]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its schema.
        found: u32,
        /// The newest we know.
        known: u32,
    },
    /// The file is no store of ours.
    #[error("{path} is not a policywatch store: {reason}")]
    NotAStore {
        /// The file.
        path: PathBuf,
        /// What it is instead.
        reason: String,
    },
    /// The disk is full, or a quota is reached.
    #[error("no space left for {path}; free some, nothing recorded is lost")]
    Full {
        /// The database.
        path: PathBuf,
    },
    /// Another process holds the store for longer than we wait.
    #[error("{path} is busy: another process is writing; try again")]
    Busy {
        /// The database.
        path: PathBuf,
    },
    /// What is stored does not say what it must.
    #[error("the record is damaged at {place}: {reason}; run `policywatch verify`")]
    Damaged {
        /// Table and key.
        place: String,
        /// What is wrong.
        reason: String,
    },
    /// Another import works on this store.
    #[error("another import into {path} is at work; wait for its end, then try again: nothing is taken twice")]
    Importing {
        /// The database.
        path: PathBuf,
    },
    /// Another daemon works on this store.
    #[error("another policywatch already runs on {path}; stop it first, or use another store")]
    Locked {
        /// The database.
        path: PathBuf,
    },
    /// A file beside the database cannot be used.
    #[error("{path} cannot be used: {reason}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// The watch is not in the store.
    #[error("no watch \"{0}\" is recorded; `policywatch list` shows them")]
    UnknownWatch(WatchId),
    /// What is to be taken in is no history of ours.
    #[error("{place}: {reason}; nothing of this watch was recorded")]
    NotAHistory {
        /// Where it stands.
        place: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A snapshot could not be read again, for a reason that is ours and not its own.
    #[error("snapshot {} could not be read again: {reason}; everything recorded is as it was", .snapshot.0)]
    NotRead {
        /// The snapshot.
        snapshot: SnapshotId,
        /// Why, and what to do.
        reason: String,
    },
    /// Anything else that SQLite says while we were `doing` something.
    #[error("could not {doing}: {reason}")]
    Sqlite {
        /// What was attempted.
        doing: &'static str,
        /// What SQLite says.
        reason: String,
    },
}

/// What `record` wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// The check; none if nothing was written.
    pub check: Option<CheckId>,
    /// The version that is the latest of the watch now (for imports: at that time); none
    /// if there is none, or the capture came out of order.
    pub version: Option<u32>,
    /// How many deliveries wait because of it.
    pub deliveries: usize,
    /// Another process recorded a newer version meanwhile: nothing was written.
    pub superseded: bool,
    /// A newer capture was read already: check and snapshot are kept, but no version was
    /// made; `rebuild` puts it in its place.
    pub out_of_order: bool,
    /// The note of the last check before that read the page.
    pub note_before: Option<String>,
}

/// What happened to the watches when the configuration was put in force.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Synced {
    /// New ones.
    pub added: Vec<WatchId>,
    /// Ones that the configuration lacks now; their history stays.
    pub retired: Vec<WatchId>,
    /// Retired ones that are back.
    pub revived: Vec<WatchId>,
}

/// A watch that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// The watch.
    pub watch: WatchId,
    /// Since when.
    pub due_at: Timestamp,
}

/// A watch whose policy is not where it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// The watch.
    pub watch: WatchId,
    /// The check that saw it last.
    pub check: CheckId,
}

/// What the store knows of a watch.
#[derive(Clone, Debug, PartialEq)]
pub struct WatchState {
    /// The watch.
    pub id: WatchId,
    /// As last configured.
    pub url: String,
    /// As last configured.
    pub service: String,
    /// Since when the configuration lacks it.
    pub retired_at: Option<Timestamp>,
    /// When it is due; none while retired or created by an import only.
    pub next_check_at: Option<Timestamp>,
    /// The check that says how the page is now; history read later does not.
    pub last_check: Option<CheckFacts>,
    /// The last check that saw the policy.
    pub last_success_at: Option<Timestamp>,
    /// Failed checks since then.
    pub consecutive_failures: u32,
    /// The first of them.
    pub failing_since: Option<Timestamp>,
    /// Since when it is silent, if that was told.
    pub silent_since: Option<Timestamp>,
    /// How many versions there are.
    pub versions: u32,
    /// The latest one.
    pub latest: Option<VersionFacts>,
    /// The note of the last check that read the page.
    pub note: Option<String>,
    /// How each page is, where the policy stands on several.
    pub parts: Vec<Part>,
    /// Where the policy went, as far as that is known; of several pages, each part says it.
    pub whereabouts: Whereabouts,
}

impl WatchState {
    /// How the watch is, in one word.
    pub fn health(&self) -> Health {
        let last = self.last_check.as_ref();
        health(&Signs {
            retired: self.retired_at.is_some(),
            versions: self.versions,
            outcome: last.map(|check| check.outcome.as_str()),
            why: last.and_then(|check| check.why.as_deref()),
            note: self.note.as_deref(),
            failing: self.failing_since.is_some(),
            silent: self.silent_since.is_some(),
            page_stale: self.stale_parts().next().is_some(),
            moved: self.whereabouts.moved.is_some() || self.parts.iter().any(|part| part.whereabouts.moved.is_some()),
        })
    }

    /// What is known of where the policy went, or pages of it, in sentences.
    pub fn move_notes(&self) -> Vec<String> {
        let of_part = |part: &Part| part.whereabouts.note_of_page(self.id.as_str(), &part.url);
        self.whereabouts.note(self.id.as_str()).into_iter().chain(self.parts.iter().filter_map(of_part)).collect()
    }

    /// The pages that the last look did not see.
    pub fn stale_parts(&self) -> impl Iterator<Item = &Part> {
        self.parts.iter().filter(|part| part.is_stale())
    }
}

/// One check, as recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckFacts {
    /// Its key.
    pub id: CheckId,
    /// The watch.
    pub watch: WatchId,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// When the snapshot was served, if there is one.
    pub captured_at: Option<Timestamp>,
    /// The word of [`crate::outcome::Outcome::as_str`].
    pub outcome: String,
    /// What went wrong, in words.
    pub why: Option<String>,
    /// The snapshot, if one was kept.
    pub snapshot: Option<SnapshotId>,
    /// The version that was the latest after it.
    pub version: Option<u32>,
    /// How much the change mattered, if there was one ([`crate::judgment::Materiality::as_str`]).
    pub materiality: Option<String>,
    /// What whoever configured the watch must know although the policy was seen.
    pub note: Option<String>,
    /// The one page that was looked at, where the watch has several.
    pub page: Option<String>,
    /// How each page fared, where several were looked at.
    pub pages: Vec<PageFacts>,
    /// What came of each way that the page was asked for; empty where that was the plain one.
    pub tried: Vec<Tried>,
}

/// How one page of several fared, as recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct PageFacts {
    /// Its address as configured then.
    pub url: String,
    /// The word of [`crate::outcome::Outcome::as_str`].
    pub outcome: String,
    /// What went wrong, in words.
    pub why: Option<String>,
    /// What must be known all the same.
    pub note: Option<String>,
    /// When its snapshot was served, if there is one.
    pub captured_at: Option<Timestamp>,
}

/// A change between two neighbouring versions, as recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordedChange {
    /// The older side.
    pub from: VersionFacts,
    /// The newer side.
    pub to: VersionFacts,
    /// What differs.
    pub change: Change,
    /// Whether that matters.
    pub judgment: Judgment,
    /// Who was told nothing of it, and why.
    pub withheld: Vec<Withheld>,
}

/// A change that was to be confirmed by a second look, as recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirmation {
    /// What the version that it led to cites.
    pub snapshot: SnapshotId,
    /// When the text before it was first seen to be gone.
    pub first_seen_at: Timestamp,
    /// When the second look was due.
    pub due_at: Timestamp,
    /// Where it stands.
    pub state: ConfirmationState,
    /// When that was settled.
    pub settled_at: Option<Timestamp>,
}

/// Which version of a watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// The latest.
    Latest,
    /// By number.
    Number(u32),
    /// The one in force at a moment: the last one captured at or before it.
    At(Timestamp),
}

/// What [`Store::verify`] found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Bodies whose digest was computed anew.
    pub bodies: u64,
    /// Versions whose text was rebuilt from the snapshot and is the same.
    pub versions_rebuilt: u64,
    /// Versions read by an older reading code, whose stored text has its digest still.
    pub versions_of_older_readers: u64,
    /// What is wrong, each with its place.
    pub damages: Vec<String>,
}

/// The record of one installation. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    connections: Arc<open::Connections>,
}
