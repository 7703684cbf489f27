//! Records the captures of an archive file in the history of one watch.

use std::io;
use std::path::Path;

use tokio::sync::mpsc;
use tokio::task::JoinError;

use crate::alert::Addressed;
use crate::backfill::{History, Past};
use crate::change::Change;
use crate::check;
use crate::clock::Clock;
use crate::exchange::warc::{self, Response, WarcError};
use crate::judgment::Judgment;
use crate::outcome::Outcome;
use crate::pages::{Together, page_of};
use crate::panics::contained;
use crate::reading::{Expected, Reading, Unreadable, Why, read};
use crate::store::{CheckFacts, Store, StoreError, Which};
use crate::text::state::parallel;
use crate::time::Timestamp;
use crate::unpack::Unpacker;
use crate::version::{SnapshotId, Version, VersionFacts};
use crate::watch::Watch;

/// How many captures wait between the file and the record: each may have megabytes.
const AHEAD: usize = 2;

/// One capture of the file, as recorded.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The record's `WARC-Record-ID`, with its angle brackets.
    pub record_id: String,
    /// When it was served.
    pub captured_at: Timestamp,
    /// What it turned out to be.
    pub ending: Ending,
    /// Whether an earlier import recorded it.
    pub held: bool,
    /// The version in force after it; none if it is not the policy.
    pub version: Option<u32>,
    /// The text in force after it; none if it is not the policy.
    pub reading: Option<Reading>,
}

/// What a capture turned out to be.
#[derive(Clone, Debug)]
pub enum Ending {
    /// The first text of the watch, or its first in a language.
    First,
    /// The same text again.
    Unchanged,
    /// Another text.
    Changed(Box<(Change, Judgment)>),
    /// Not the policy.
    Unreadable(Unreadable),
}

/// What an import did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Captures read.
    pub read: usize,
    /// Records that hold no capture (requests, metadata …).
    pub skipped: u64,
    /// Captures of none of the watch's pages, where it has several; not recorded.
    pub other_pages: usize,
    /// Captures older than what was recorded already.
    pub older: usize,
    /// Deliveries that wait because of it.
    pub deliveries: usize,
}

/// Why an import ended before the file did.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file cannot be read (further). What came before stays recorded.
    #[error(transparent)]
    Warc(#[from] WarcError),
    /// The record could not be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Whoever is told of the captures cannot listen any more.
    #[error("could not write the result")]
    Told(#[source] io::Error),
}

/// Records every capture of a file. `each` is told of each with how many there are;
/// `tell` says whether channels are told of changes.
///
/// # Errors
/// What was recorded before an error stays.
pub async fn import<C: Clock>(
    path: &Path,
    watch: &Watch,
    tell: bool,
    store: &Store,
    clock: &C,
    unpacker: &Unpacker,
    mut each: impl FnMut(usize, Imported) -> io::Result<()>,
) -> Result<Summary, ImportError> {
    let records = {
        let path = path.to_owned();
        worked(tokio::task::spawn_blocking(move || warc::open(&path)).await)?
    };
    let total = records.total();
    let (sender, mut responses) = mpsc::channel(AHEAD);
    let reading = tokio::task::spawn_blocking(move || stream(records, &sender));

    let pages = watch.all_pages();
    let mut history = History::begin(watch, store, clock, unpacker).await?;
    let mut summary = Summary::default();
    while let Some(Response { record_id, snapshot, .. }) = responses.recv().await {
        let captured_at = snapshot.captured_at;
        let page = if watch.pages.is_empty() { Some(0) } else { page_of(&snapshot.url, &pages) };
        let Some(page) = page else {
            // Whose page that is nobody can tell: it stays in the file.
            summary.other_pages += 1;
            continue;
        };
        let imported = match store.recorded_outcome(&watch.id, &snapshot.origin, captured_at).await? {
            Some(check) => again(record_id, captured_at, &check, watch, store, unpacker).await?,
            None => {
                let alerts = |latest: Option<&VersionFacts>, together: &Together| {
                    if tell { check::alerts(watch, latest, together) } else { Addressed::default() }
                };
                let (past, recorded) = history.record(page, snapshot, alerts, clock.now()).await?;
                summary.deliveries += recorded.deliveries;
                told(record_id, captured_at, past, history.base())
            }
        };
        summary.read += 1;
        if let Err(deaf) = each(total, imported) {
            // What was recorded until here gets its place all the same.
            history.finish(clock.now()).await?;
            return Err(ImportError::Told(deaf));
        }
    }
    summary.older = history.finish(clock.now()).await?;
    summary.skipped = worked(reading.await)?;
    Ok(summary)
}

/// What a task came to; its panic goes on, being ours.
fn worked<T>(ended: Result<T, JoinError>) -> T {
    ended.unwrap_or_else(|failed| std::panic::resume_unwind(failed.into_panic()))
}

/// What a new capture turned out to be.
fn told(record_id: String, captured_at: Timestamp, past: Past, base: Option<&Version>) -> Imported {
    let (ending, reading) = match past.outcome {
        Outcome::First { reading, .. } => (Ending::First, Some(reading)),
        Outcome::Changed { reading, change, judgment, .. } => {
            (Ending::Changed(Box::new((change, judgment))), Some(reading))
        }
        // The same text, so the text of record says it.
        Outcome::Unmodified | Outcome::Unchanged { .. } => {
            (Ending::Unchanged, base.map(|version| version.reading.clone()))
        }
        Outcome::Unreadable { why, .. } => (Ending::Unreadable(why), None),
        Outcome::Unreachable(failure) => {
            (Ending::Unreadable(Unreadable::new(Why::Malformed, failure.kind.to_string())), None)
        }
        Outcome::Broken { message, .. } => {
            tracing::error!(record_id, message, "our own code failed on a capture; please report it");
            (Ending::Unreadable(Unreadable::new(Why::Malformed, format!("our own code failed: {message}"))), None)
        }
    };
    let version = reading.is_some().then_some(past.version).flatten();
    Imported { record_id, captured_at, ending, held: false, version, reading }
}

/// What a capture turned out to be when it was recorded, as the record says it today.
async fn again(
    record_id: String,
    captured_at: Timestamp,
    check: &CheckFacts,
    watch: &Watch,
    store: &Store,
    unpacker: &Unpacker,
) -> Result<Imported, StoreError> {
    let mut imported =
        Imported { record_id, captured_at, ending: Ending::Unchanged, held: true, version: None, reading: None };
    if !matches!(check.outcome.as_str(), "first" | "changed" | "unchanged" | "unmodified") {
        let (word, evidence) = check.why.as_deref().unwrap_or_default().split_once(": ").unwrap_or_default();
        imported.ending = Ending::Unreadable(Unreadable::new(Why::parse(word).unwrap_or(Why::Malformed), evidence));
        return Ok(imported);
    }
    let mut version = store.version(&check.watch, Which::At(captured_at)).await?;
    if check.outcome == "unchanged"
        && watch.pages.is_empty()
        && let Some(snapshot) = check.snapshot
        && store.has_several_languages(&check.watch).await?
    {
        version = as_read_then(version, watch, snapshot, store, unpacker).await?;
    }
    if let Some(version) = version {
        if version.facts.captured_at == captured_at {
            imported.ending = match store.change(&check.watch, version.facts.number).await? {
                Some(recorded) => Ending::Changed(Box::new((recorded.change, recorded.judgment))),
                None => Ending::First,
            };
        }
        imported.version = Some(version.facts.number);
        imported.reading = Some(version.reading);
    }
    Ok(imported)
}

/// The version that a capture was the same text as, where `version`, the one in force then,
/// may be in another language.
async fn as_read_then(
    version: Option<Version>,
    watch: &Watch,
    snapshot: SnapshotId,
    store: &Store,
    unpacker: &Unpacker,
) -> Result<Option<Version>, StoreError> {
    let served = store.snapshot(snapshot).await?;
    let (selectors, captured_at) = (watch.selectors.clone(), served.captured_at);
    let unpacker = unpacker.clone();
    let reading = contained(move || {
        let unpacked = unpacker.unpack(&served).ok()?;
        read(&served, &selectors, &Expected { unpacked: unpacked.as_ref(), ..Expected::default() }).ok()
    })
    .await;
    let unlike = match (&version, &reading) {
        (Some(version), Ok(Some(reading))) => parallel(&version.reading, reading),
        _ => None,
    };
    let Some((_, language)) = unlike else { return Ok(version) };
    Ok(store.latest_in(&watch.id, &language, captured_at).await?.or(version))
}

/// Hands out the captures, oldest first. Returns how many records hold none.
fn stream(mut records: warc::Records, sender: &mpsc::Sender<Response>) -> Result<u64, ImportError> {
    for response in records.by_ref() {
        if sender.blocking_send(response?).is_err() {
            break;
        }
    }
    Ok(records.skipped())
}
