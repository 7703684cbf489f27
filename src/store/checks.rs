//! How checks ended. [`Store::record`] is the one place where that is written.

use rusqlite::{OptionalExtension, Row, Transaction, named_params};

use super::fault::{At, Fault};
use super::versions::{NewVersion, Told, insert, latest_facts};
use super::watches::{key_of, known_key, name};
use super::{CheckFacts, CheckId, Recorded, Store, StoreError, deliveries, snapshots, versions};
use crate::alert::Alert;
use crate::examine::Manner;
use crate::outcome::Outcome;
use crate::reading::Reading;
use crate::snapshot::{Origin, Snapshot};
use crate::time::Timestamp;
use crate::version::{Cause, SnapshotId, VersionFacts, VersionId};
use crate::watch::WatchId;

impl Store {
    /// Records how a check ended, in one transaction: check, snapshot, version, change,
    /// judgment, deliveries, failure count and next due time, or nothing. If the latest
    /// version is not `previous` any more, nothing is written but the answer says so.
    ///
    /// A capture that comes out of order (one that is newer was read already) keeps its
    /// check and its snapshot, but makes no version, no change and no delivery: the
    /// answer is `out_of_order`, and [`Store::rebuild`] puts it in its place.
    ///
    /// # Errors
    /// Those of writing, and [`StoreError::UnknownWatch`]; then nothing is written.
    #[expect(clippy::too_many_arguments, reason = "what a check is made of, each of another type")]
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
        let (watch, manner) = (watch.clone(), manner.clone());
        let entry = Entry { previous, outcome, manner, alerts, next_check_at, now };
        self.write("record a check", move |tx| entry.write(tx, known_key(tx, &watch)?)).await
    }

    /// The last checks of a watch, newest first.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn checks(&self, watch: &WatchId, limit: usize) -> Result<Vec<CheckFacts>, StoreError> {
        let watch = watch.clone();
        self.read("read the checks", move |tx| {
            let Some(key) = key_of(tx, &watch)? else { return Ok(Vec::new()) };
            let ids = tx
                .prepare_cached("SELECT id FROM checks WHERE watch_id = ?1 ORDER BY id DESC LIMIT ?2")?
                .query_map((key, limit as i64), |row| row.get(0))?
                .collect::<Result<Vec<i64>, _>>()?;
            ids.into_iter().filter_map(|id| one(tx, CheckId(id)).transpose()).collect()
        })
        .await
    }
}

/// What is to be recorded of one check.
struct Entry {
    previous: Option<VersionId>,
    outcome: Outcome,
    manner: Manner,
    alerts: Vec<Alert>,
    next_check_at: Option<Timestamp>,
    now: Timestamp,
}

impl Entry {
    fn write(&self, tx: &Transaction<'_>, watch: i64) -> Result<Recorded, Fault> {
        let latest = latest_facts(tx, watch)?;
        let number = latest.as_ref().map(|latest| latest.number);
        if latest.as_ref().map(|latest| latest.id) != self.previous {
            return Ok(Recorded { check: None, version: number, deliveries: 0, superseded: true, out_of_order: false });
        }
        let place = Place::of(tx, watch, &self.outcome, self.now)?;
        let check = self.write_check(tx, watch)?;
        let snapshot = self.outcome.snapshot().map(|served| snapshots::keep(tx, watch, check, served)).transpose()?;
        self.write_state(tx, watch, place)?;

        let out_of_order = place == Place::Old && self.outcome.is_success();
        let mut recorded =
            Recorded { check: Some(check), version: number, deliveries: 0, superseded: false, out_of_order };
        if out_of_order {
            recorded.version = None;
        } else if let (Some(snapshot), Some(text)) = (snapshot, Text::of(&self.outcome)) {
            recorded.version = Some(self.write_version(tx, watch, latest.as_ref(), snapshot, text)?);
            recorded.deliveries = deliveries::enqueue(tx, Some(check), &self.alerts, self.now)?;
        }
        Ok(recorded)
    }

    fn write_check(&self, tx: &Transaction<'_>, watch: i64) -> Result<CheckId, Fault> {
        tx.prepare_cached("INSERT INTO checks (watch_id, recorded_at, outcome, why) VALUES (?1, ?2, ?3, ?4)")?
            .execute((watch, At(self.now), self.outcome.as_str(), self.outcome.why()))?;
        Ok(CheckId(tx.last_insert_rowid()))
    }

    /// What the check says of the watch as it is now; old captures say nothing of that.
    fn write_state(&self, tx: &Transaction<'_>, watch: i64, place: Place) -> Result<(), Fault> {
        if place == Place::Newest {
            tx.prepare_cached(
                "UPDATE watches SET
                     consecutive_failures = CASE WHEN :success THEN 0 ELSE consecutive_failures + 1 END,
                     last_success_at = CASE WHEN :success THEN :now ELSE last_success_at END
                 WHERE id = :watch",
            )?
            .execute(named_params! { ":success": self.outcome.is_success(), ":now": At(self.now), ":watch": watch })?;
        }
        if let Some(next) = self.next_check_at {
            // A watch that was retired while it was checked is not due any more.
            tx.prepare_cached(
                "UPDATE watches SET next_check_at = ?2
                 WHERE id = ?1 AND retired_at IS NULL AND configured_at IS NOT NULL",
            )?
            .execute((watch, At(next)))?;
        }
        Ok(())
    }

    fn write_version(
        &self,
        tx: &Transaction<'_>,
        watch: i64,
        latest: Option<&VersionFacts>,
        snapshot: SnapshotId,
        text: Text<'_>,
    ) -> Result<u32, Fault> {
        let number = latest.map_or(1, |latest| latest.number + 1);
        let cause = if text.change.is_none() { Cause::FirstRecord } else { Cause::Publisher };
        let reader = &self.manner.reader;
        let new = NewVersion { watch, number, snapshot, recorded_at: self.now, reading: text.reading, reader, cause };
        let id = insert(tx, &new)?;
        if let (Some(latest), Some(told)) = (latest, &text.change) {
            versions::insert_change(tx, latest.id, id, told)?;
        }
        Ok(number)
    }
}

/// A new text, and how it differs from the one before.
#[derive(Clone, Copy)]
struct Text<'a> {
    reading: &'a Reading,
    change: Option<Told<'a>>,
}

impl<'a> Text<'a> {
    fn of(outcome: &'a Outcome) -> Option<Self> {
        match outcome {
            Outcome::First { reading, .. } => Some(Self { reading, change: None }),
            Outcome::Changed { reading, from, change, judgment, .. } => {
                Some(Self { reading, change: Some(Told { from: from.number, change, judgment }) })
            }
            _ => None,
        }
    }
}

/// The last moment that the tables can hold.
const LAST: Timestamp =
    chrono::NaiveDate::from_ymd_opt(9999, 12, 31).expect("a day").and_hms_opt(23, 59, 59).expect("a time").and_utc();

/// Where a check stands in the history of its watch, by the time of capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Nothing newer was captured, or nothing was captured now.
    Newest,
    /// Newer captures are there, none of which could be read.
    BeforeUnread,
    /// A newer capture was read.
    Old,
}

impl Place {
    fn of(tx: &Transaction<'_>, watch: i64, outcome: &Outcome, now: Timestamp) -> Result<Self, Fault> {
        let Some(Snapshot { captured_at, origin, .. }) = outcome.snapshot() else { return Ok(Place::Newest) };
        // What was captured in a time to come was captured by a wrong clock: it must not
        // keep what is live from being news until that time has come.
        let known_until = if matches!(origin, Origin::Live { .. }) { now } else { LAST };
        let (newer, newer_read) = tx
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM snapshots WHERE watch_id = ?1 AND captured_at > ?2 AND captured_at <= ?3),
                        EXISTS (SELECT 1 FROM snapshots s JOIN checks c ON c.id = s.id
                                WHERE s.watch_id = ?1 AND s.captured_at > ?2 AND s.captured_at <= ?3
                                  AND c.outcome IN ('first', 'unchanged', 'changed'))",
            )?
            .query_row((watch, At(*captured_at), At(known_until)), |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(match (newer, newer_read) {
            (false, _) => Place::Newest,
            (true, false) => Place::BeforeUnread,
            (true, true) => Place::Old,
        })
    }
}

/// One check, as recorded, with what the readings say of it today.
pub(super) fn one(tx: &Transaction<'_>, id: CheckId) -> Result<Option<CheckFacts>, Fault> {
    let mut statement = tx.prepare_cached(
        // The version that cites the snapshot is the check's own; else the one in force
        // at its moment. A technical upgrade is in force from when it was recorded.
        "SELECT c.id, w.name, c.recorded_at, s.captured_at, c.outcome, c.why, s.id,
                coalesce(
                    (SELECT min(number) FROM versions WHERE snapshot_id = s.id),
                    (SELECT v.number FROM versions v JOIN snapshots vs ON vs.id = v.snapshot_id
                     WHERE v.watch_id = c.watch_id AND vs.captured_at <= coalesce(s.captured_at, c.recorded_at)
                       AND (v.cause <> 'technical_upgrade' OR v.recorded_at <= c.recorded_at)
                     ORDER BY vs.captured_at DESC, v.number DESC LIMIT 1)),
                (SELECT ch.materiality FROM versions v JOIN changes ch ON ch.version_id = v.id
                 WHERE v.snapshot_id = s.id AND c.outcome = 'changed' ORDER BY v.number LIMIT 1)
         FROM checks c JOIN watches w ON w.id = c.watch_id LEFT JOIN snapshots s ON s.id = c.id
         WHERE c.id = ?1",
    )?;
    Ok(statement.query_row([id.0], facts).optional()?)
}

fn facts(row: &Row<'_>) -> rusqlite::Result<CheckFacts> {
    Ok(CheckFacts {
        id: CheckId(row.get(0)?),
        watch: name(row, 1)?,
        recorded_at: row.get::<_, At>(2)?.0,
        captured_at: row.get::<_, Option<At>>(3)?.map(|at| at.0),
        outcome: row.get(4)?,
        why: row.get(5)?,
        snapshot: row.get::<_, Option<i64>>(6)?.map(SnapshotId),
        version: row.get(7)?,
        materiality: row.get(8)?,
    })
}
