//! How checks ended. [`Store::record`] is the one place where that is written.

use rusqlite::{OptionalExtension, Row, Transaction, named_params};

use super::fault::{At, Fault};
use super::memory::Shelves;
use super::pack::Blobs;
use super::versions::{NewVersion, Told, insert, latest_facts};
use super::watches::{key_of, known_key, name};
use super::{
    CheckFacts, CheckId, PageFacts, Recorded, Store, StoreError, archive, attempts, confirmations, moves, silences,
    snapshots, versions,
};
use crate::alert::{Addressed, Withheld};
use crate::confirmation::Telling;
use crate::ladder::Tried;
use crate::outcome::Outcome;
use crate::pages::{Cite, PageCheck, Reread, Together};
use crate::reading::{Reader, Reading};
use crate::snapshot::Snapshot;
use crate::time::Timestamp;
use crate::version::{Cause, SnapshotId, VersionFacts, VersionId};
use crate::watch::WatchId;

impl Store {
    /// Records how a check ended, in one transaction: check, snapshot, version, change,
    /// judgment, deliveries or what waits for a second look, failure count and next due time, or nothing. If the latest
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
        reader: &Reader,
        telling: impl Into<Telling>,
        next_check_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Recorded, StoreError> {
        self.record_pages(watch, previous, Together::alone(outcome), reader, telling, next_check_at, now).await
    }

    /// [`Store::record`] for a policy that stands on several pages: the check of each, and
    /// the technical upgrade that comes before, are a part of the same transaction. A
    /// check of one page alone (a capture of the past) is that of the whole.
    ///
    /// # Errors
    /// Those of [`Store::record`].
    #[expect(clippy::too_many_arguments, reason = "what a check is made of, each of another type")]
    pub async fn record_pages(
        &self,
        watch: &WatchId,
        previous: Option<VersionId>,
        together: Together,
        reader: &Reader,
        telling: impl Into<Telling>,
        next_check_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Recorded, StoreError> {
        let (watch, reader) = (watch.clone(), reader.clone());
        let seen = together.is_seen();
        let Together { outcome, pages, cites, upgrade, tried, stale: _, moved: _ } = together;
        let telling = telling.into();
        let entry =
            Entry { previous, outcome, pages, cites, upgrade, tried, seen, reader, telling, next_check_at, now };
        self.write("record a check", move |tx| entry.write(tx, &mut Shelves::default(), known_key(tx, &watch)?)).await
    }

    /// One check, by its key.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn check(&self, id: CheckId) -> Result<Option<CheckFacts>, StoreError> {
        self.read("read a check", move |tx| one(tx, id)).await
    }

    /// The check that a snapshot was served to; of several pages, the check of all.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn check_of(&self, snapshot: SnapshotId) -> Result<Option<CheckFacts>, StoreError> {
        self.read("read the check of a snapshot", move |tx| {
            let whole = tx
                .prepare_cached("SELECT coalesce(whole_id, id) FROM checks WHERE id = ?1")?
                .query_row([snapshot.0], |row| row.get(0).map(CheckId))
                .optional()?;
            whole.map_or(Ok(None), |whole| one(tx, whole))
        })
        .await
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
                .prepare_cached(
                    "SELECT id FROM checks WHERE watch_id = ?1 AND whole_id IS NULL ORDER BY id DESC LIMIT ?2",
                )?
                .query_map((key, limit as i64), |row| row.get(0))?
                .collect::<Result<Vec<i64>, _>>()?;
            ids.into_iter().filter_map(|id| one(tx, CheckId(id)).transpose()).collect()
        })
        .await
    }
}

/// What is to be recorded of one check.
pub(super) struct Entry {
    previous: Option<VersionId>,
    outcome: Outcome,
    pages: Vec<PageCheck>,
    cites: Vec<Cite>,
    upgrade: Option<Reread>,
    tried: Vec<Tried>,
    /// Whether the policy itself was seen, and no archive's capture in its place.
    seen: bool,
    reader: Reader,
    telling: Telling,
    next_check_at: Option<Timestamp>,
    now: Timestamp,
}

impl Entry {
    /// A capture of the past of the only page of a watch.
    pub(super) fn of_capture(
        previous: Option<VersionId>,
        together: Together,
        reader: Reader,
        told: Addressed,
        now: Timestamp,
    ) -> Self {
        let seen = together.is_seen();
        let Together { outcome, pages, cites, upgrade, tried, stale: _, moved: _ } = together;
        let telling = told.into();
        Self { previous, outcome, pages, cites, upgrade, tried, seen, reader, telling, next_check_at: None, now }
    }

    /// How the check ended.
    pub(super) fn into_outcome(self) -> Outcome {
        self.outcome
    }

    pub(super) fn write(&self, tx: &Transaction<'_>, shelves: &mut Shelves, watch: i64) -> Result<Recorded, Fault> {
        let mut latest = latest_facts(tx, watch)?;
        let mut recorded = Recorded { version: latest.as_ref().map(|latest| latest.number), ..Recorded::default() };
        if latest.as_ref().map(|latest| latest.id) != self.previous {
            return Ok(Recorded { superseded: true, ..recorded });
        }
        // Whoever asks for all pages looks at them now; an archive's capture that stands in
        // for one of them is older than what the others served.
        let all = self.pages.len() > 1 && self.is_look();
        let place = if all { Place::Newest } else { Place::of(tx, watch, &self.outcome, self.now)? };
        let note_before = last_note(tx, watch)?;
        let (check, served) = self.write_checks(tx, &mut shelves.bodies, watch)?;
        self.write_state(tx, watch, place)?;
        if place == Place::Newest && self.is_look() {
            moves::note_loss(tx, watch, check, (&self.outcome, &self.pages, self.seen))?;
        }

        recorded.check = Some(check);
        recorded.deliveries = silences::write(tx, watch, check, &self.telling.turn, self.now)?;
        recorded.deliveries += silences::write_parts(tx, watch, &self.telling.parts, self.now)?;
        recorded.note_before = note_before;
        if self.pages.len() == 1 && !self.is_look() && self.outcome.is_success() {
            // Those of the other pages that belong to it may come yet.
            tx.prepare_cached("UPDATE watches SET unplaced = 1 WHERE id = ?1")?.execute([watch])?;
        }
        if place == Place::Old && self.outcome.is_success() {
            tx.prepare_cached("UPDATE watches SET unplaced = 1 WHERE id = ?1")?.execute([watch])?;
            return Ok(Recorded { version: None, out_of_order: true, ..recorded });
        }
        if let (Some(before), Some(Reread { reading, cites })) = (&latest, &self.upgrade) {
            versions::reread(tx, watch, before, reading, &cited(cites, &served), &self.reader, self.now)?;
            latest = latest_facts(tx, watch)?;
            recorded.version = latest.as_ref().map(|latest| latest.number);
        }
        if let Some(text) = Text::of(&self.outcome, &self.telling.withheld) {
            let cites = if self.cites.is_empty() { served } else { cited(&self.cites, &served) };
            recorded.version =
                Some(self.write_version(tx, &mut shelves.readings, watch, latest.as_ref(), &cites, text)?);
            latest = latest_facts(tx, watch)?;
        }
        let snapshot = latest.map(|latest| latest.snapshot);
        recorded.deliveries += confirmations::tell(tx, watch, check, snapshot, &self.telling, self.now)?;
        Ok(recorded)
    }

    /// Writes the check, and those of its pages, with what was served; answers with the
    /// snapshots in the order of the pages.
    fn write_checks(
        &self,
        tx: &Transaction<'_>,
        bodies: &mut Blobs,
        watch: i64,
    ) -> Result<(CheckId, Vec<SnapshotId>), Fault> {
        let write = |outcome: &Outcome, page: Option<&str>, whole: Option<CheckId>| {
            tx.prepare_cached(
                "INSERT INTO checks (watch_id, recorded_at, outcome, why, note, page, whole_id)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute((
                watch,
                At(self.now),
                outcome.as_str(),
                outcome.why(),
                outcome.note(),
                page,
                whole.map(|whole| whole.0),
            ))?;
            Ok::<_, Fault>(CheckId(tx.last_insert_rowid()))
        };
        let mut keep = |check: CheckId, outcome: &Outcome| {
            let Some(served) = outcome.snapshot() else { return Ok::<_, Fault>(None) };
            let id = snapshots::keep(tx, bodies, watch, check, served)?;
            archive::remember(tx, watch, id, served, outcome)?;
            Ok(Some(id))
        };
        let alone = if let [page] = &self.pages[..] { Some(page.url.as_str()) } else { None };
        let check = write(&self.outcome, alone, None)?;
        let mut served = Vec::new();
        if self.pages.len() < 2 {
            served.extend(keep(check, &self.outcome)?);
            attempts::write(tx, check, &self.tried_by_whole())?;
            return Ok((check, served));
        }
        for (at, page) in self.pages.iter().enumerate() {
            let part = write(&page.outcome, Some(&page.url), Some(check))?;
            let tried: Vec<Tried> = self.tried.iter().filter(|tried| tried.page == Some(at)).cloned().collect();
            attempts::write(tx, part, &tried)?;
            // What was not served is not cited as served now, whatever its number.
            served.push(keep(part, &page.outcome)?.unwrap_or(SnapshotId(part.0)));
        }
        Ok((check, served))
    }

    /// What was tried, for a check that has no rows of its pages: where our own code failed
    /// on several, each attempt says itself of which page it was.
    fn tried_by_whole(&self) -> Vec<Tried> {
        let named = |tried: &Tried| {
            let page = tried.page.and_then(|at| self.reader.pages.get(at));
            let why = page.map(|page| format!("page {}: {}", page.url, tried.why.as_deref().unwrap_or(&tried.outcome)));
            Tried { page: None, why: why.or(tried.why.clone()), ..tried.clone() }
        };
        self.tried.iter().map(named).collect()
    }

    /// What the check says of the watch as it is now; old captures say nothing of that, nor
    /// does what an import or a backfill brings. An archive's capture in the place of a page
    /// that keeps us out is news, but the page itself was not seen.
    fn write_state(&self, tx: &Transaction<'_>, watch: i64, place: Place) -> Result<(), Fault> {
        if place == Place::Newest && self.is_look() {
            tx.prepare_cached(
                "UPDATE watches SET
                     consecutive_failures = CASE WHEN :success THEN 0 ELSE consecutive_failures + 1 END,
                     last_success_at = CASE WHEN :success THEN :now ELSE last_success_at END,
                     failing_since = CASE WHEN :success THEN NULL ELSE coalesce(failing_since, :now) END
                 WHERE id = :watch",
            )?
            .execute(named_params! { ":success": self.seen, ":now": At(self.now), ":watch": watch })?;
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

    /// Whether somebody looked at the page: a capture without a next look is history.
    fn is_look(&self) -> bool {
        self.outcome.snapshot().is_none_or(|served| served.origin.is_live()) || self.next_check_at.is_some()
    }

    fn write_version(
        &self,
        tx: &Transaction<'_>,
        readings: &mut Blobs,
        watch: i64,
        latest: Option<&VersionFacts>,
        cites: &[SnapshotId],
        text: Text<'_>,
    ) -> Result<u32, Fault> {
        let number = latest.map_or(1, |latest| latest.number + 1);
        let cause = match (latest, text.change, text.rebased) {
            (None, ..) => Cause::FirstRecord,
            // The version before could not be compared with, as we read today.
            (Some(_), None, true) => Cause::TechnicalUpgrade,
            (Some(_), None, false) => Cause::FirstRecord,
            (Some(_), Some(_), _) => Cause::Publisher,
        };
        let (reading, reader) = (text.reading, &self.reader);
        let new = NewVersion { watch, number, cites, recorded_at: self.now, reading, reader, cause };
        let id = insert(tx, readings, &new)?;
        if let (Some(latest), Some(told)) = (latest, &text.change) {
            versions::insert_change(tx, readings, latest.id, id, told)?;
        }
        Ok(number)
    }
}

/// The keys of what is cited.
fn cited(cites: &[Cite], served: &[SnapshotId]) -> Vec<SnapshotId> {
    let key = |cite: &Cite| match cite {
        Cite::Held(id) => Some(*id),
        Cite::Now(at) => served.get(*at).copied(),
    };
    cites.iter().filter_map(key).collect()
}

/// The note of the check that read the page as it was served last: a capture taken in since
/// says nothing of how it is now. In the order of the index, so that a long history is not read.
pub(super) fn last_note(tx: &Transaction<'_>, watch: i64) -> Result<Option<String>, Fault> {
    let mut statement = tx.prepare_cached(
        "SELECT whole.note FROM snapshots
         CROSS JOIN checks AS part ON part.id = snapshots.id
         CROSS JOIN checks AS whole ON whole.id = coalesce(part.whole_id, part.id)
         WHERE snapshots.watch_id = ?1 AND whole.outcome IN ('first', 'unchanged', 'changed')
         ORDER BY snapshots.captured_at DESC, snapshots.id DESC LIMIT 1",
    )?;
    Ok(statement.query_row([watch], |row| row.get(0)).optional()?.flatten())
}

/// A new text, and how it differs from the one before.
#[derive(Clone, Copy)]
struct Text<'a> {
    reading: &'a Reading,
    change: Option<Told<'a>>,
    /// It could not be compared with the version before, as we read today.
    rebased: bool,
}

impl<'a> Text<'a> {
    fn of(outcome: &'a Outcome, withheld: &'a [Withheld]) -> Option<Self> {
        match outcome {
            Outcome::First { reading, rebased, .. } => Some(Self { reading, change: None, rebased: rebased.is_some() }),
            Outcome::Changed { reading, from, change, judgment, .. } => {
                let told = Told { from: from.number, change, judgment, withheld };
                Some(Self { reading, change: Some(told), rebased: false })
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
        let known_until = if origin.is_live() { now } else { LAST };
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
                    (SELECT max(number) FROM versions WHERE snapshot_id = s.id AND recorded_at = c.recorded_at),
                    (SELECT min(number) FROM versions WHERE snapshot_id = s.id),
                    (SELECT v.number FROM versions v JOIN snapshots vs ON vs.id = v.snapshot_id
                     WHERE v.watch_id = c.watch_id AND vs.captured_at <= coalesce(s.captured_at, c.recorded_at)
                       AND (v.cause <> 'technical_upgrade' OR v.recorded_at <= c.recorded_at)
                     ORDER BY vs.captured_at DESC, v.number DESC LIMIT 1)),
                (SELECT ch.materiality FROM versions v JOIN changes ch ON ch.version_id = v.id
                 WHERE v.snapshot_id = s.id AND c.outcome = 'changed' AND v.cause <> 'technical_upgrade'
                 ORDER BY v.number LIMIT 1),
                c.note, c.page
         FROM checks c JOIN watches w ON w.id = c.watch_id LEFT JOIN snapshots s ON s.id = coalesce(
             -- Of several pages the newest snapshot stands for all, as in a version: of those
             -- that a version cites so, else of those that show the policy.
             (SELECT ps.id FROM checks p JOIN snapshots ps ON ps.id = p.id WHERE p.whole_id = c.id
              ORDER BY EXISTS (SELECT 1 FROM versions pv WHERE pv.snapshot_id = ps.id) DESC,
                  p.outcome IN ('first', 'unchanged', 'changed') DESC, ps.captured_at DESC, ps.id DESC LIMIT 1),
             c.id)
         WHERE c.id = ?1",
    )?;
    let Some(mut check) = statement.query_row([id.0], facts).optional()? else { return Ok(None) };
    let mut statement = tx.prepare_cached(
        "SELECT c.page, c.outcome, c.why, c.note, s.captured_at
         FROM checks c LEFT JOIN snapshots s ON s.id = c.id WHERE c.whole_id = ?1 ORDER BY c.id",
    )?;
    let pages = statement.query_map([id.0], |row| {
        Ok(PageFacts {
            url: row.get(0)?,
            outcome: row.get(1)?,
            why: row.get(2)?,
            note: row.get(3)?,
            captured_at: row.get::<_, Option<At>>(4)?.map(|at| at.0),
        })
    })?;
    check.pages = pages.collect::<Result<_, _>>()?;
    check.tried = attempts::of_all(tx, id)?;
    Ok(Some(check))
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
        note: row.get(9)?,
        page: row.get(10)?,
        pages: Vec::new(),
        tried: Vec::new(),
    })
}
