//! What a page said a short while ago, for [`crate::alternation`].
//!
//! Derived from versions, snapshots and checks, so that it is the same in a history that
//! was followed, imported or rebuilt: a version was last seen at the last successful
//! check before the next version.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{OptionalExtension, Transaction};

use super::fault::{At, Fault, Sha256, word};
use super::pack::{Blobs, Shelf};
use super::versions::{facts, select, with_pages, with_text};
use super::watches::key_of;
use super::{Store, StoreError};
use crate::alternation::{Earlier, Led, Memory, REMEMBERED};
use crate::judgment::{Materiality, ReturnKind};
use crate::snapshot::Digest;
use crate::time::Timestamp;
use crate::version::{VersionFacts, VersionId};
use crate::watch::WatchId;

impl Store {
    /// What a page is remembered to have said before `at`: the texts that it was seen to
    /// say `within` that time, and the last version with exactly the text of `digest`.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn memory(
        &self,
        watch: &WatchId,
        digest: Digest,
        within: Duration,
        at: Timestamp,
    ) -> Result<Memory, StoreError> {
        let watch = watch.clone();
        self.read("read what a page said before", move |tx| {
            let mut shelves = Shelves::default();
            key_of(tx, &watch)?.map_or(Ok(Memory::default()), |key| memory(tx, &mut shelves, key, digest, within, at))
        })
        .await
    }
}

/// What one transaction has read or written, and need not read again.
#[derive(Debug)]
pub(super) struct Shelves {
    pub(super) bodies: Blobs,
    pub(super) readings: Blobs,
    /// The texts that were in mind last, each with the moment until which it was asked
    /// for: what is known of it does not change once a later version is there.
    recent: BTreeMap<VersionId, (Timestamp, Earlier)>,
}

impl Default for Shelves {
    fn default() -> Self {
        Self { bodies: Blobs::of(Shelf::Bodies), readings: Blobs::of(Shelf::Readings), recent: BTreeMap::new() }
    }
}

pub(super) fn memory(
    tx: &Transaction<'_>,
    shelves: &mut Shelves,
    watch: i64,
    digest: Digest,
    within: Duration,
    at: Timestamp,
) -> Result<Memory, Fault> {
    let since = chrono::Duration::from_std(within).ok().and_then(|within| at.checked_sub_signed(within));
    let mut memory = Memory { recent: Vec::new(), same_text: same_text(tx, watch, digest, at)? };
    let mut statement = tx.prepare_cached(&select("v.watch_id = ?1 AND s.captured_at < ?2 ORDER BY v.number DESC"))?;
    let mut before = std::mem::take(&mut shelves.recent);
    let mut next = at;
    for version in statement.query_map((watch, At(at)), facts)? {
        let version = version?;
        let known = before.remove(&version.id).filter(|(until, _)| *until == next).map(|(_, earlier)| earlier);
        let last_seen_at = match &known {
            Some(earlier) => earlier.last_seen_at,
            None => last_seen(tx, watch, &version, next)?,
        };
        if since.is_some_and(|since| last_seen_at < since) || memory.recent.len() == REMEMBERED {
            break;
        }
        let until = std::mem::replace(&mut next, version.captured_at);
        let repeats = memory.recent.iter().any(|earlier| earlier.version.facts.digest == version.digest);
        if repeats || known.is_none() && !stood(tx, &version)? {
            continue;
        }
        let earlier = match known {
            Some(earlier) => earlier,
            None => {
                let (led, version) = (led(tx, &version)?, with_pages(tx, version)?);
                let version = Arc::new(with_text(tx, &mut shelves.readings, version)?);
                Earlier::new(version, last_seen_at, led)
            }
        };
        shelves.recent.insert(earlier.version.facts.id, (until, earlier.clone()));
        memory.recent.push(earlier);
    }
    Ok(memory)
}

/// The last version with a text, and when the page was last seen to say it.
fn same_text(
    tx: &Transaction<'_>,
    watch: i64,
    digest: Digest,
    at: Timestamp,
) -> Result<Option<(u32, Timestamp)>, Fault> {
    let clause = "v.watch_id = ?1 AND s.captured_at < ?2 AND v.digest = ?3 ORDER BY v.number DESC LIMIT 1";
    let found = tx.prepare_cached(&select(clause))?.query_row((watch, At(at), Sha256(digest)), facts).optional()?;
    let Some(version) = found else { return Ok(None) };
    let next = "SELECT s.captured_at FROM versions v JOIN snapshots s ON s.id = v.snapshot_id
                WHERE v.watch_id = ?1 AND v.number > ?2 AND s.captured_at > ?3 ORDER BY v.number LIMIT 1";
    let next: Option<At> = tx
        .prepare_cached(next)?
        .query_row((watch, version.number, At(version.captured_at)), |row| row.get(0))
        .optional()?;
    let next = next.map_or(at, |next| next.0.min(at));
    Ok(Some((version.number, last_seen(tx, watch, &version, next)?)))
}

/// When a page was last seen to say a version that was in force until `next`.
fn last_seen(tx: &Transaction<'_>, watch: i64, version: &VersionFacts, next: Timestamp) -> Result<Timestamp, Fault> {
    let served = "SELECT s.captured_at FROM snapshots s
                  CROSS JOIN checks AS part ON part.id = s.id
                  CROSS JOIN checks AS whole ON whole.id = coalesce(part.whole_id, part.id)
                  WHERE s.watch_id = ?1 AND s.captured_at < ?2 AND whole.outcome IN ('first', 'unchanged', 'changed')
                  ORDER BY s.captured_at DESC LIMIT 1";
    let unmodified = "SELECT recorded_at FROM checks
                      WHERE watch_id = ?1 AND recorded_at < ?2 AND outcome = 'unmodified' AND whole_id IS NULL
                      ORDER BY recorded_at DESC LIMIT 1";
    let mut last = version.captured_at;
    for query in [served, unmodified] {
        let seen: Option<At> = tx.prepare_cached(query)?.query_row((watch, At(next)), |row| row.get(0)).optional()?;
        last = last.max(seen.map_or(last, |seen| seen.0));
    }
    Ok(last)
}

/// Whether a version was not taken back before anybody was told of it: a page that comes
/// back to such a text is to be told of still.
fn stood(tx: &Transaction<'_>, version: &VersionFacts) -> Result<bool, Fault> {
    let query = "SELECT NOT EXISTS (SELECT 1 FROM confirmations WHERE snapshot_id = ?1 AND state <> 'confirmed')";
    Ok(tx.prepare_cached(query)?.query_row([version.snapshot.0], |row| row.get(0))?)
}

/// What led to a version, if that was judged.
fn led(tx: &Transaction<'_>, version: &VersionFacts) -> Result<Option<Led>, Fault> {
    let query = "SELECT materiality, return_kind FROM changes WHERE version_id = ?1";
    let led = tx.prepare_cached(query)?.query_row([version.id.0], |row| {
        let materiality = word(0, &row.get::<_, String>(0)?, Materiality::parse)?;
        let kind = row.get::<_, Option<String>>(1)?.map(|kind| word(1, &kind, ReturnKind::parse)).transpose()?;
        Ok(Led { materiality, alternates: kind.is_some_and(ReturnKind::alternates) })
    });
    Ok(led.optional()?)
}
