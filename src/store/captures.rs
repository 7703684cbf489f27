//! The captures of a watch as a list: for exports, and for imports that meet what is there.

use std::collections::BTreeMap;

use rusqlite::{Row, named_params};

use super::fault::{At, Sha256};
use super::snapshots::{origin_and_moment, origin_word};
use super::watches::key_of;
use super::{CheckFacts, CheckId, Store, StoreError, checks};
use crate::snapshot::{Digest, Origin, Snapshot};
use crate::time::Timestamp;
use crate::version::SnapshotId;
use crate::watch::WatchId;

/// A snapshot on record, without what was served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaptureFacts {
    /// Its key.
    pub snapshot: SnapshotId,
    /// When it was served.
    pub captured_at: Timestamp,
    /// When we wrote it down.
    pub recorded_at: Timestamp,
    /// The word of [`crate::outcome::Outcome::as_str`].
    pub outcome: String,
    /// What was wrong with it.
    pub why: Option<String>,
    /// The digest of the body.
    pub digest: Digest,
    /// The body's bytes.
    pub size: u64,
}

impl Store {
    /// The captures of a watch between two moments, both included, oldest first.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn captures(
        &self,
        watch: &WatchId,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
    ) -> Result<Vec<CaptureFacts>, StoreError> {
        let watch = watch.clone();
        self.read("list the captures", move |tx| {
            let Some(key) = key_of(tx, &watch)? else { return Ok(Vec::new()) };
            let mut statement = tx.prepare_cached(
                "SELECT s.id, s.captured_at, c.recorded_at, c.outcome, c.why, b.digest, b.size
                 FROM snapshots s JOIN checks c ON c.id = s.id JOIN bodies b ON b.id = s.body_id
                 WHERE s.watch_id = :watch AND (:from IS NULL OR s.captured_at >= :from)
                   AND (:to IS NULL OR s.captured_at <= :to)
                 ORDER BY s.captured_at, s.id",
            )?;
            let facts = |row: &Row<'_>| {
                Ok(CaptureFacts {
                    snapshot: SnapshotId(row.get(0)?),
                    captured_at: row.get::<_, At>(1)?.0,
                    recorded_at: row.get::<_, At>(2)?.0,
                    outcome: row.get(3)?,
                    why: row.get(4)?,
                    digest: row.get::<_, Sha256>(5)?.0,
                    size: row.get::<_, i64>(6)?.unsigned_abs(),
                })
            };
            let named = named_params! { ":watch": key, ":from": from.map(At), ":to": to.map(At) };
            Ok(statement.query_map(named, facts)?.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// The snapshots of a watch that came from WARC files, by the ids of their records.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn warc_records(&self, watch: &WatchId) -> Result<BTreeMap<String, SnapshotId>, StoreError> {
        let watch = watch.clone();
        self.read("list the records of WARC files", move |tx| {
            let Some(key) = key_of(tx, &watch)? else { return Ok(BTreeMap::new()) };
            let mut statement =
                tx.prepare_cached("SELECT id FROM snapshots WHERE watch_id = ?1 AND origin = 'warc' ORDER BY id")?;
            let ids = statement.query_map([key], |row| row.get(0))?.collect::<Result<Vec<i64>, _>>()?;
            let mut records = BTreeMap::new();
            for id in ids {
                if let (Origin::Warc { record_id }, _) = origin_and_moment(tx, id)? {
                    records.insert(record_id, SnapshotId(id));
                }
            }
            Ok(records)
        })
        .await
    }

    /// The check of a capture that is on record: it came from the same place, or the same
    /// bytes of the same moment came another way.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn recorded_capture(
        &self,
        watch: &WatchId,
        snapshot: &Snapshot,
    ) -> Result<Option<CheckFacts>, StoreError> {
        let (id, at) = (watch.clone(), snapshot.captured_at);
        let any = self.read("look for a capture", move |tx| {
            let Some(key) = key_of(tx, &id)? else { return Ok(false) };
            let any = "SELECT EXISTS (SELECT 1 FROM snapshots WHERE watch_id = ?1 AND captured_at = ?2)";
            Ok(tx.prepare_cached(any)?.query_row((key, At(at)), |row| row.get(0))?)
        });
        // Nearly always nothing: what is asked next takes the digest of the body.
        if !any.await? {
            return Ok(None);
        }
        match self.recorded_outcome(watch, &snapshot.origin, at).await? {
            None => self.recorded_otherwise(watch, &snapshot.origin, at, snapshot.digest()).await,
            held => Ok(held),
        }
    }

    /// The check of a capture that is the same as one of this origin although it came
    /// another way: the same bytes, served at the same moment.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn recorded_otherwise(
        &self,
        watch: &WatchId,
        origin: &Origin,
        captured_at: Timestamp,
        digest: Digest,
    ) -> Result<Option<CheckFacts>, StoreError> {
        let (watch, origin) = (watch.clone(), origin_word(origin));
        self.read("look for a capture", move |tx| {
            let Some(key) = key_of(tx, &watch)? else { return Ok(None) };
            let mut statement = tx.prepare_cached(
                "SELECT s.id FROM snapshots s JOIN bodies b ON b.id = s.body_id
                 WHERE s.watch_id = ?1 AND s.captured_at = ?2 AND s.origin <> ?3 AND b.digest = ?4
                 ORDER BY s.id LIMIT 1",
            )?;
            let mut rows = statement.query((key, At(captured_at), origin, Sha256(digest)))?;
            match rows.next()? {
                Some(row) => checks::one(tx, CheckId(row.get(0)?)),
                None => Ok(None),
            }
        })
        .await
    }
}
