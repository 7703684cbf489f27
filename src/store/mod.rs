//! The record: SQLite. The only module that speaks SQL or opens a transaction.
//! Its methods are verbs of use cases, so that a second engine can stand beside it.
#![allow(unused_variables)]

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::alert::{Alert, Delivery, DeliveryId, DeliveryState, Sent};
use crate::change::Change;
use crate::examine::Manner;
use crate::judgment::Judgment;
use crate::outcome::Outcome;
use crate::reading::{Reader, Reading};
use crate::snapshot::{Digest, Origin, Snapshot, Validators};
use crate::time::Timestamp;
use crate::version::{SnapshotId, Version, VersionFacts, VersionId};
use crate::watch::{Watch, WatchId};

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
    /// The watch is not in the store.
    #[error("no watch \"{0}\" is recorded; `policywatch list` shows them")]
    UnknownWatch(WatchId),
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The check; none if nothing was written.
    pub check: Option<CheckId>,
    /// The version that is the latest of the watch now (for imports: at that time).
    pub version: Option<u32>,
    /// How many deliveries wait because of it.
    pub deliveries: usize,
    /// Another process recorded a newer version meanwhile: nothing was written.
    pub superseded: bool,
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
    /// The last check.
    pub last_check: Option<CheckFacts>,
    /// The last check that saw the policy.
    pub last_success_at: Option<Timestamp>,
    /// Failed checks since then.
    pub consecutive_failures: u32,
    /// How many versions there are.
    pub versions: u32,
    /// The latest one.
    pub latest: Option<VersionFacts>,
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
    /// The word of [`Outcome::as_str`].
    pub outcome: String,
    /// What went wrong, in words.
    pub why: Option<String>,
    /// The snapshot, if one was kept.
    pub snapshot: Option<SnapshotId>,
    /// The version that was the latest after it.
    pub version: Option<u32>,
    /// How much the change mattered, if there was one ([`crate::judgment::Materiality::as_str`]).
    pub materiality: Option<String>,
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
pub struct Store;

impl Store {
    /// Opens the store, creating or migrating it.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        todo!()
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        todo!()
    }

    /// Puts the configured watches in force: new ones are due at the moment that
    /// `first_due` names, missing ones are retired, returning ones revived.
    pub async fn sync_watches(
        &self,
        watches: Vec<Watch>,
        first_due: impl Fn(&Watch) -> Option<Timestamp> + Send + 'static,
        now: Timestamp,
    ) -> Result<Synced, StoreError> {
        todo!()
    }

    /// Makes sure a watch exists that no configuration has: for imports. Never due.
    pub async fn adopt_watch(&self, id: &WatchId, url: &str, now: Timestamp) -> Result<(), StoreError> {
        todo!()
    }

    /// The watches that are due, the longest overdue first.
    pub async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<Due>, StoreError> {
        todo!()
    }

    /// When the next watch is due.
    pub async fn next_due_at(&self) -> Result<Option<Timestamp>, StoreError> {
        todo!()
    }

    /// What is known of one watch.
    pub async fn watch_state(&self, id: &WatchId) -> Result<Option<WatchState>, StoreError> {
        todo!()
    }

    /// What is known of all watches, by id; retired ones last.
    pub async fn watch_states(&self) -> Result<Vec<WatchState>, StoreError> {
        todo!()
    }

    /// The latest version of a watch.
    pub async fn latest(&self, watch: &WatchId) -> Result<Option<Version>, StoreError> {
        todo!()
    }

    /// What makes the next request for a watch conditional: the validators of the
    /// snapshot of its last successful live check, if that was read by `reader`.
    pub async fn validators(&self, watch: &WatchId, reader: &Reader) -> Result<Validators, StoreError> {
        todo!()
    }

    /// Records how a check ended, in one transaction: check, snapshot, version, change,
    /// judgment, deliveries, failure count and next due time, or nothing. If the latest
    /// version is not `previous` any more, nothing is written but the answer says so.
    pub async fn record(
        &self,
        watch: &WatchId,
        previous: Option<VersionId>,
        outcome: Outcome,
        manner: &Manner,
        alerts: Vec<Alert>,
        next_check_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Recorded, StoreError> {
        todo!()
    }

    /// Records that the snapshot of a watch's latest version reads otherwise today: a new
    /// version with [`crate::version::Cause::TechnicalUpgrade`], or, where the text is the
    /// same, only the reader's mark. Returns the latest version as it is then.
    pub async fn record_upgrade(
        &self,
        previous: &Version,
        reading: Reading,
        reader: Reader,
        now: Timestamp,
    ) -> Result<Version, StoreError> {
        todo!()
    }

    /// Whether a capture of this origin (memento URL or WARC record id) is recorded for a watch.
    pub async fn holds(&self, watch: &WatchId, origin: &Origin, captured_at: Timestamp) -> Result<bool, StoreError> {
        todo!()
    }

    /// Derives a watch's versions, changes and judgments anew from its snapshots, in the
    /// order of `captured_at`: for captures that came out of order. Never alerts.
    pub async fn rebuild(
        &self,
        watch: &WatchId,
        manner: &Manner,
        examine: impl Fn(Option<&Version>, Snapshot) -> Outcome + Send + 'static,
        now: Timestamp,
    ) -> Result<u32, StoreError> {
        todo!()
    }

    /// A stored snapshot, its body's digest checked.
    pub async fn snapshot(&self, id: SnapshotId) -> Result<Snapshot, StoreError> {
        todo!()
    }

    /// A version with its text.
    pub async fn version(&self, watch: &WatchId, which: Which) -> Result<Option<Version>, StoreError> {
        todo!()
    }

    /// The facts of all versions, oldest first.
    pub async fn versions(&self, watch: &WatchId) -> Result<Vec<VersionFacts>, StoreError> {
        todo!()
    }

    /// The change that led to a version.
    pub async fn change(&self, watch: &WatchId, to: u32) -> Result<Option<RecordedChange>, StoreError> {
        todo!()
    }

    /// The last checks of a watch, newest first.
    pub async fn checks(&self, watch: &WatchId, limit: usize) -> Result<Vec<CheckFacts>, StoreError> {
        todo!()
    }

    /// Takes one delivery that is due, for `lease`: until then nobody else gets it.
    pub async fn claim(&self, now: Timestamp, lease: Duration) -> Result<Option<Delivery>, StoreError> {
        todo!()
    }

    /// When the next delivery is due.
    pub async fn next_delivery_at(&self) -> Result<Option<Timestamp>, StoreError> {
        todo!()
    }

    /// Writes how an attempt ended: delivered, dead, or due again ([`crate::alert::retry_at`]).
    pub async fn settle(&self, id: &DeliveryId, sent: Sent, now: Timestamp) -> Result<DeliveryState, StoreError> {
        todo!()
    }

    /// Puts a test message in the queue.
    pub async fn enqueue_test(&self, alert: Alert, now: Timestamp) -> Result<(), StoreError> {
        todo!()
    }

    /// Deliveries, newest first; of one state if given.
    pub async fn deliveries(&self, state: Option<DeliveryState>, limit: usize) -> Result<Vec<Delivery>, StoreError> {
        todo!()
    }

    /// One delivery.
    pub async fn delivery(&self, id: &DeliveryId) -> Result<Option<Delivery>, StoreError> {
        todo!()
    }

    /// Makes dead deliveries due now, attempts counted anew: one, or all. Returns how many.
    pub async fn retry(&self, id: Option<&DeliveryId>, now: Timestamp) -> Result<usize, StoreError> {
        todo!()
    }

    /// Checks everything: SQLite's integrity, every body's digest, every version against
    /// its snapshot. `read` is [`crate::reading::read`] with the version's selectors;
    /// `progress` is called with done and total.
    pub async fn verify(
        &self,
        read: impl Fn(&Snapshot, &Version) -> Option<Digest> + Send + 'static,
        progress: impl Fn(u64, u64) + Send + 'static,
    ) -> Result<Verified, StoreError> {
        todo!()
    }
}
