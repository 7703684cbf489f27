//! History: the versions of a watch, and what led from one to the next.

use rusqlite::{OptionalExtension, Row, Transaction, named_params};

use super::encode::{ChangeOnDisk, change, change_json, reader, reader_json, reading, reading_json};
use super::fault::{At, Fault, Sha256, word};
use super::pack::{Blobs, Shelf, pack, pack_on, unpack};
use super::watches::{key_of, known_key, name};
use super::{RecordedChange, Store, StoreError, Which};
use crate::alert::Withheld;
use crate::change::Change;
use crate::judgment::{Judgment, Materiality};
use crate::reading::{Reader, Reading};
use crate::time::Timestamp;
use crate::version::{Cause, SnapshotId, Version, VersionFacts, VersionId};
use crate::watch::WatchId;

impl Store {
    /// The latest version of a watch.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn latest(&self, watch: &WatchId) -> Result<Option<Version>, StoreError> {
        self.version(watch, Which::Latest).await
    }

    /// A version with its text.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn version(&self, watch: &WatchId, which: Which) -> Result<Option<Version>, StoreError> {
        let watch = watch.clone();
        self.read("read a version", move |tx| {
            let Some(key) = key_of(tx, &watch)? else { return Ok(None) };
            facts_of(tx, key, &which)?.map(|facts| with_text(tx, &mut Blobs::of(Shelf::Readings), facts)).transpose()
        })
        .await
    }

    /// The facts of all versions, oldest first.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn versions(&self, watch: &WatchId) -> Result<Vec<VersionFacts>, StoreError> {
        let watch = watch.clone();
        self.read("read the versions", move |tx| {
            let Some(key) = key_of(tx, &watch)? else { return Ok(Vec::new()) };
            let mut statement = tx.prepare_cached(&select("v.watch_id = ?1 ORDER BY v.number"))?;
            let versions = statement.query_map([key], facts)?.collect::<Result<Vec<_>, _>>()?;
            versions.into_iter().map(|facts| with_pages(tx, facts)).collect()
        })
        .await
    }

    /// The change that led to a version; none if there is no such version, it is the
    /// first, or a technical upgrade.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn change(&self, watch: &WatchId, to: u32) -> Result<Option<RecordedChange>, StoreError> {
        let watch = watch.clone();
        self.read("read a change", move |tx| {
            let (Some(key), Some(from)) = (key_of(tx, &watch)?, to.checked_sub(1)) else { return Ok(None) };
            let before = facts_of(tx, key, &Which::Number(from))?;
            let to = facts_of(tx, key, &Which::Number(to))?;
            let (Some(before), Some(to)) = (before, to) else { return Ok(None) };
            let Some(kept) = load_change(tx, before.id, to.id)? else { return Ok(None) };
            let from = match kept.from {
                Some(from) => facts_of(tx, key, &Which::Number(from))?
                    .ok_or_else(|| Fault::damaged(format!("changes {}", to.id.0), format!("version {from} is gone")))?,
                None => before,
            };
            let ChangeOnDisk { change, judgment, withheld, .. } = kept;
            Ok(Some(RecordedChange { from, to, change, judgment, withheld }))
        })
        .await
    }

    /// The last version that cites a snapshot.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn version_of(&self, watch: &WatchId, snapshot: SnapshotId) -> Result<Option<Version>, StoreError> {
        let watch = watch.clone();
        self.read("read a version", move |tx| {
            let Some(key) = key_of(tx, &watch)? else { return Ok(None) };
            let last = "v.watch_id = ?1 AND v.snapshot_id = ?2 ORDER BY v.number DESC LIMIT 1";
            let found = tx.prepare_cached(&select(last))?.query_row((key, snapshot.0), facts).optional()?;
            let found = found.map(|facts| with_pages(tx, facts)).transpose()?;
            found.map(|facts| with_text(tx, &mut Blobs::of(Shelf::Readings), facts)).transpose()
        })
        .await
    }

    /// The latest version in a language (ISO 639-1) served at or before a moment.
    ///
    /// Reads back through the texts only where more than one language is on record.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn latest_in(
        &self,
        watch: &WatchId,
        language: &str,
        until: Timestamp,
    ) -> Result<Option<Version>, StoreError> {
        let (watch, language) = (watch.clone(), language.to_owned());
        self.read("look for a text in a language", move |tx| {
            let Some(key) = key_of(tx, &watch)? else { return Ok(None) };
            if !several_languages(tx, key)? {
                return Ok(None);
            }
            let newest = "v.watch_id = ?1 AND s.captured_at <= ?2 ORDER BY s.captured_at DESC, v.number DESC";
            let mut statement = tx.prepare_cached(&select(newest))?;
            let mut blobs = Blobs::of(Shelf::Readings);
            for found in statement.query_map((key, At(until)), facts)? {
                let version = with_text(tx, &mut blobs, found?)?;
                if version.reading.language.as_deref() == Some(language.as_str()) {
                    return Ok(Some(version));
                }
            }
            Ok(None)
        })
        .await
    }

    /// Whether texts in more than one language are on record.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn has_several_languages(&self, watch: &WatchId) -> Result<bool, StoreError> {
        let watch = watch.clone();
        self.read("look for languages", move |tx| {
            key_of(tx, &watch)?.map_or(Ok(false), |key| several_languages(tx, key))
        })
        .await
    }

    /// Records that the snapshot of a version that is not the latest reads otherwise today:
    /// a new version with [`Cause::TechnicalUpgrade`], to compare a page with that answers
    /// in that one's language. Returns it.
    ///
    /// # Errors
    /// Those of writing.
    pub async fn record_parallel_upgrade(
        &self,
        held: &Version,
        reading: Reading,
        reader: Reader,
        now: Timestamp,
    ) -> Result<Version, StoreError> {
        let held = held.facts.clone();
        self.write("record a technical upgrade", move |tx| {
            let watch = known_key(tx, &held.watch)?;
            let number = latest_facts(tx, watch)?.map_or(1, |latest| latest.number + 1);
            let cause = Cause::TechnicalUpgrade;
            let (cites, recorded_at) = (&[held.snapshot][..], now);
            let new = NewVersion { watch, number, cites, recorded_at, reading: &reading, reader: &reader, cause };
            let mut blobs = Blobs::of(Shelf::Readings);
            let id = insert(tx, &mut blobs, &new)?;
            let facts = tx.prepare_cached(&select("v.id = ?1"))?.query_row([id.0], facts)?;
            with_text(tx, &mut blobs, facts)
        })
        .await
    }

    /// Records that the snapshot `cites` of a watch's latest version reads otherwise today: a new
    /// version with [`Cause::TechnicalUpgrade`], or, where the text is the same, only the
    /// reader's mark (and what else was read: title, links, sections). Returns the latest
    /// version as it is then; if that is not `previous` any more, nothing is written.
    ///
    /// # Errors
    /// Those of writing.
    pub async fn record_upgrade(
        &self,
        previous: &Version,
        reading: Reading,
        cites: SnapshotId,
        reader: Reader,
        now: Timestamp,
    ) -> Result<Version, StoreError> {
        let before = previous.facts.clone();
        self.write("record a technical upgrade", move |tx| {
            let key = known_key(tx, &before.watch)?;
            let latest = latest_facts(tx, key)?
                .ok_or_else(|| Fault::damaged(format!("versions {}", before.id.0), "it is not there any more"))?;
            let mut blobs = Blobs::of(Shelf::Readings);
            if latest.id != before.id {
                return with_text(tx, &mut blobs, latest);
            }
            reread(tx, key, &latest, &reading, &[cites], &reader, now)?;
            let latest = latest_facts(tx, key)?
                .ok_or_else(|| Fault::damaged(format!("versions {}", before.id.0), "it is not there any more"))?;
            with_text(tx, &mut blobs, latest)
        })
        .await
    }
}

/// Each language begins with a first record of its own.
fn several_languages(tx: &Transaction<'_>, watch: i64) -> Result<bool, Fault> {
    let several = "SELECT count(*) > 1 FROM versions WHERE watch_id = ?1 AND cause = 'first_record'";
    Ok(tx.prepare_cached(several)?.query_row([watch], |row| row.get(0))?)
}

/// Writes how a watch's latest version reads today.
pub(super) fn reread(
    tx: &Transaction<'_>,
    watch: i64,
    latest: &VersionFacts,
    reading: &Reading,
    cites: &[SnapshotId],
    reader: &Reader,
    now: Timestamp,
) -> Result<(), Fault> {
    if latest.digest == reading.digest() {
        mark(tx, latest, newest(tx, cites)?, reading, reader)?;
        return write_pages(tx, latest.id, reader, cites);
    }
    let new = NewVersion {
        watch,
        number: latest.number + 1,
        cites,
        recorded_at: now,
        reading,
        reader,
        cause: Cause::TechnicalUpgrade,
    };
    insert(tx, &mut Blobs::of(Shelf::Readings), &new)?;
    Ok(())
}

/// Writes the reader's mark, and what was read, into a version whose text stays. It is
/// the latest of its watch, so that no other reading is based on it.
fn mark(
    tx: &Transaction<'_>,
    version: &VersionFacts,
    snapshot: SnapshotId,
    reading: &Reading,
    reader: &Reader,
) -> Result<(), Fault> {
    let earlier = earlier(tx, version.id)?;
    // A change is packed on both its readings: the one that led here must follow.
    let from = earlier.first().copied().map(VersionId);
    let kept = from.map(|from| load_change(tx, from, version.id)).transpose()?.flatten();
    let json = reading_json(reading);
    let packed = pack_on(tx, &mut Blobs::of(Shelf::Readings), &json, &earlier, || Ok(Vec::new()))?;
    tx.prepare_cached(
        "UPDATE versions SET snapshot_id = :snapshot, revision = :revision, selectors = :selectors,
             size = :size, base_id = :base, depth = :depth, reading = :reading WHERE id = :id",
    )?
    .execute(named_params! {
        ":id": version.id.0, ":snapshot": snapshot.0, ":revision": reader.revision, ":selectors": reader_json(reader),
        ":size": json.len() as i64, ":base": packed.base, ":depth": packed.depth, ":reading": packed.data,
    })?;
    if let (Some(before), Some(ChangeOnDisk { from, change, judgment, withheld })) = (from, &kept) {
        let from = from.unwrap_or(version.number - 1);
        let told = Told { from, change, judgment, withheld };
        insert_change(tx, &mut Blobs::of(Shelf::Readings), before, version.id, &told)?;
    }
    Ok(())
}

/// Versions that a reading is compared with: some sites alternate between two texts.
const NEIGHBOURS: u32 = 2;

/// A version about to be written.
pub(super) struct NewVersion<'a> {
    pub(super) watch: i64,
    pub(super) number: u32,
    /// What it was read from, in the order of the pages; one at least.
    pub(super) cites: &'a [SnapshotId],
    pub(super) recorded_at: Timestamp,
    pub(super) reading: &'a Reading,
    pub(super) reader: &'a Reader,
    pub(super) cause: Cause,
}

/// Writes a version; its number must be the next of its watch.
pub(super) fn insert(tx: &Transaction<'_>, readings: &mut Blobs, new: &NewVersion<'_>) -> Result<VersionId, Fault> {
    let bases = tx
        .prepare_cached("SELECT id FROM versions WHERE watch_id = ?1 AND number < ?2 ORDER BY number DESC LIMIT ?3")?
        .query_map((new.watch, new.number, NEIGHBOURS), |row| row.get(0))?
        .collect::<Result<Vec<i64>, _>>()?;
    let json = reading_json(new.reading);
    let packed = pack_on(tx, readings, &json, &bases, || Ok(Vec::new()))?;
    tx.prepare_cached(
        "INSERT INTO versions (watch_id, number, snapshot_id, recorded_at, digest, revision, selectors, cause,
             size, base_id, depth, reading)
         VALUES (:watch, :number, :snapshot, :recorded_at, :digest, :revision, :selectors, :cause,
             :size, :base, :depth, :reading)",
    )?
    .execute(named_params! {
        ":watch": new.watch, ":number": new.number, ":snapshot": newest(tx, new.cites)?.0, ":recorded_at": At(new.recorded_at),
        ":digest": Sha256(new.reading.digest()), ":revision": new.reader.revision,
        ":selectors": reader_json(new.reader), ":cause": new.cause.as_str(),
        ":size": json.len() as i64, ":base": packed.base, ":depth": packed.depth, ":reading": packed.data,
    })?;
    let id = VersionId(tx.last_insert_rowid());
    readings.remember(id.0, json);
    write_pages(tx, id, new.reader, new.cites)?;
    Ok(id)
}

/// Writes which snapshots a version of several pages was read from; replaces what was
/// there.
fn write_pages(tx: &Transaction<'_>, id: VersionId, reader: &Reader, cites: &[SnapshotId]) -> Result<(), Fault> {
    tx.prepare_cached("DELETE FROM version_pages WHERE version_id = ?1")?.execute([id.0])?;
    let mut statement =
        tx.prepare_cached("INSERT INTO version_pages (version_id, position, snapshot_id) VALUES (?1, ?2, ?3)")?;
    for (snapshot, position) in cites.iter().zip(1_i64..).filter(|_| !reader.pages.is_empty()) {
        statement.execute((id.0, position, snapshot.0))?;
    }
    Ok(())
}

/// The snapshot that was captured last.
fn newest(tx: &Transaction<'_>, cites: &[SnapshotId]) -> Result<SnapshotId, Fault> {
    let mut newest: Option<(Timestamp, SnapshotId)> = None;
    for cite in cites {
        let mut statement = tx.prepare_cached("SELECT captured_at FROM snapshots WHERE id = ?1")?;
        let at = statement.query_row([cite.0], |row| row.get::<_, At>(0))?.0;
        newest = newest.max(Some((at, *cite)));
    }
    Ok(newest.ok_or_else(|| Fault::damaged("versions", "a version must cite a snapshot"))?.1)
}

/// The versions of the same watch before this one, the nearest first, as many as a
/// reading is compared with.
fn earlier(tx: &Transaction<'_>, id: VersionId) -> Result<Vec<i64>, Fault> {
    let mut statement = tx.prepare_cached(
        "SELECT e.id FROM versions v JOIN versions e ON e.watch_id = v.watch_id AND e.number < v.number
         WHERE v.id = ?1 ORDER BY e.number DESC LIMIT ?2",
    )?;
    Ok(statement.query_map((id.0, NEIGHBOURS), |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// What led to a version, as it is written.
#[derive(Clone, Copy)]
pub(super) struct Told<'a> {
    /// The number of the version that it is compared with.
    pub(super) from: u32,
    pub(super) change: &'a Change,
    pub(super) judgment: &'a Judgment,
    /// Who is told nothing of it.
    pub(super) withheld: &'a [Withheld],
}

/// Writes what led to a version; replaces what was there.
pub(super) fn insert_change(
    tx: &Transaction<'_>,
    readings: &mut Blobs,
    before: VersionId,
    to: VersionId,
    told: &Told<'_>,
) -> Result<(), Fault> {
    let Told { from, change, judgment, withheld } = told;
    let number = "SELECT number FROM versions WHERE id = ?1";
    let neighbour: u32 = tx.prepare_cached(number)?.query_row([before.0], |row| row.get(0))?;
    let json = change_json((neighbour != *from).then_some(*from), change, judgment, withheld);
    // Nearly all its words stand in the two readings.
    let data =
        pack(&json, &both_readings(tx, readings, before, to)?).map_err(|error| Fault::damaged("changes", error))?;
    tx.prepare_cached(
        "INSERT INTO changes (version_id, materiality, severity, size, data, return_kind)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (version_id) DO UPDATE SET materiality = excluded.materiality, severity = excluded.severity,
             size = excluded.size, data = excluded.data, return_kind = excluded.return_kind",
    )?
    .execute((
        to.0,
        judgment.materiality.as_str(),
        judgment.severity.min(3),
        json.len() as i64,
        data,
        judgment.returns.as_ref().map(|returns| returns.kind.as_str()),
    ))?;
    Ok(())
}

pub(super) fn load_change(
    tx: &Transaction<'_>,
    before: VersionId,
    to: VersionId,
) -> Result<Option<ChangeOnDisk>, Fault> {
    let row = tx
        .prepare_cached("SELECT materiality, severity, size, data FROM changes WHERE version_id = ?1")?
        .query_row([to.0], |row| {
            let materiality = word(0, &row.get::<_, String>(0)?, Materiality::parse)?;
            Ok((materiality, row.get::<_, u8>(1)?, row.get::<_, i64>(2)?, row.get::<_, Vec<u8>>(3)?))
        })
        .optional()?;
    let Some((materiality, severity, size, data)) = row else { return Ok(None) };
    let place = || format!("changes {}", to.0);
    let both = both_readings(tx, &mut Blobs::of(Shelf::Readings), before, to)?;
    let json = unpack(&data, &both, size as usize).map_err(|e| Fault::damaged(place(), e))?;
    change(&json, materiality, severity).map(Some).map_err(|reason| Fault::damaged(place(), reason))
}

/// What a change is packed on: the stored readings of the version that it led to and of
/// the one before, the older first. Where the change is from an older one still, only what
/// was deleted does not stand in them.
fn both_readings(tx: &Transaction<'_>, readings: &mut Blobs, from: VersionId, to: VersionId) -> Result<Vec<u8>, Fault> {
    let mut both = readings.load(tx, from.0)?.as_ref().clone();
    both.extend_from_slice(&readings.load(tx, to.0)?);
    Ok(both)
}

/// The facts of a watch's latest version.
pub(super) fn latest_facts(tx: &Transaction<'_>, watch: i64) -> Result<Option<VersionFacts>, Fault> {
    facts_of(tx, watch, &Which::Latest)
}

pub(super) fn facts_of(tx: &Transaction<'_>, watch: i64, which: &Which) -> Result<Option<VersionFacts>, Fault> {
    let one = |clause: &str, params: &[&dyn rusqlite::ToSql]| {
        let mut statement = tx.prepare_cached(&select(clause))?;
        statement.query_row(params, facts).optional()
    };
    let found = match which {
        Which::Latest => one("v.watch_id = ?1 ORDER BY v.number DESC LIMIT 1", &[&watch])?,
        Which::Number(number) => one("v.watch_id = ?1 AND v.number = ?2", &[&watch, number])?,
        Which::At(at) => one(
            "v.watch_id = ?1 AND s.captured_at <= ?2 ORDER BY s.captured_at DESC, v.number DESC LIMIT 1",
            &[&watch, &At(*at)],
        )?,
    };
    found.map(|facts| with_pages(tx, facts)).transpose()
}

/// The facts of a version with the snapshots of its pages.
pub(super) fn with_pages(tx: &Transaction<'_>, mut facts: VersionFacts) -> Result<VersionFacts, Fault> {
    let mut statement =
        tx.prepare_cached("SELECT snapshot_id FROM version_pages WHERE version_id = ?1 ORDER BY position")?;
    let pages = statement.query_map([facts.id.0], |row| row.get(0).map(SnapshotId))?;
    facts.pages = pages.collect::<Result<_, _>>()?;
    Ok(facts)
}

pub(super) fn select(clause: &str) -> String {
    format!(
        "SELECT v.id, w.name, v.number, s.captured_at, v.recorded_at, v.digest, v.snapshot_id, v.revision, v.selectors,
             v.cause
         FROM versions v JOIN watches w ON w.id = v.watch_id JOIN snapshots s ON s.id = v.snapshot_id WHERE {clause}"
    )
}

pub(super) fn facts(row: &Row<'_>) -> rusqlite::Result<VersionFacts> {
    let revision = row.get(7)?;
    Ok(VersionFacts {
        id: VersionId(row.get(0)?),
        watch: name(row, 1)?,
        number: row.get(2)?,
        captured_at: row.get::<_, At>(3)?.0,
        recorded_at: row.get::<_, At>(4)?.0,
        digest: row.get::<_, Sha256>(5)?.0,
        snapshot: SnapshotId(row.get(6)?),
        // Put in by `with_pages`.
        pages: Vec::new(),
        reader: word(8, &row.get::<_, String>(8)?, |json| reader(revision, json))?,
        cause: word(9, &row.get::<_, String>(9)?, Cause::parse)?,
    })
}

/// A version by its key, its text's digest checked, and the change that led to it read.
pub(super) fn load_checked(tx: &Transaction<'_>, blobs: &mut Blobs, id: VersionId) -> Result<Version, Fault> {
    let facts = tx.prepare_cached(&select("v.id = ?1"))?.query_row([id.0], facts)?;
    let facts = with_pages(tx, facts)?;
    let version = with_text(tx, blobs, facts)?;
    let (found, recorded) = (version.reading.digest(), version.facts.digest);
    if found != recorded {
        let reason = format!("its text has the digest {found}, not {recorded}");
        return Err(Fault::damaged(format!("versions {}", id.0), reason));
    }
    if let Some(from) = earlier(tx, id)?.first() {
        load_change(tx, VersionId(*from), id)?;
    }
    Ok(version)
}

/// A version with its text, whose digest is not checked: [`Store::verify`] does that.
pub(super) fn with_text(tx: &Transaction<'_>, blobs: &mut Blobs, facts: VersionFacts) -> Result<Version, Fault> {
    let json = blobs.load(tx, facts.id.0)?;
    let reading = reading(&json).map_err(|reason| Fault::damaged(format!("versions {}", facts.id.0), reason))?;
    Ok(Version { facts, reading })
}
