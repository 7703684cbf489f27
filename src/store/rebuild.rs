//! Derives a watch's readings anew from its facts.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use rusqlite::Transaction;

use super::fault::{At, Fault, Sha256};
use super::memory::{Shelves, memory};
use super::pack::{Blobs, Shelf};
use super::versions::{NewVersion, Told, insert, insert_change, latest_facts, load_change, with_text};
use super::watches::{key_of, known_key};
use super::{Store, StoreError, snapshots};
use crate::alert::Withheld;
use crate::alternation::{Turning, reconsider};
use crate::examine::new_language;
use crate::outcome::Outcome;
use crate::pages::{Came, Captured, Cite, Group, Held, Reread, Together, in_turn};
use crate::reading::{Page, Reader, Reading};
use crate::snapshot::{Digest, Snapshot};
use crate::time::Timestamp;
use crate::version::{Cause, SnapshotId, Version, VersionId};
use crate::watch::WatchId;

impl Store {
    /// Whether captures were read that have no place in the history: whoever recorded them
    /// ended before [`Store::rebuild`].
    ///
    /// # Errors
    /// Those of reading.
    pub async fn awaits_rebuilding(&self, watch: &WatchId) -> Result<bool, StoreError> {
        let watch = watch.clone();
        self.read("see whether a history is whole", move |tx| {
            let Some(key) = key_of(tx, &watch)? else { return Ok(false) };
            let mut statement = tx.prepare_cached(
                "SELECT unplaced OR EXISTS (SELECT 1 FROM snapshots s JOIN checks c ON c.id = s.id
                     WHERE s.watch_id = ?1 AND c.outcome IN ('first', 'unchanged', 'changed')
                       AND s.captured_at < (SELECT min(vs.captured_at) FROM versions v
                                            JOIN snapshots vs ON vs.id = v.snapshot_id WHERE v.watch_id = ?1))
                 FROM watches WHERE id = ?1",
            )?;
            Ok(statement.query_row([key], |row| row.get(0))?)
        })
        .await
    }

    /// Derives a watch's versions, changes and judgments anew from its snapshots, in the
    /// order of `captured_at`: for captures that came out of order. Never alerts. Returns
    /// how many versions there are then. `turning` says what
    /// is flapping ([`crate::alternation`]).
    ///
    /// Snapshots that nobody could read are tried again. What is on record stays on record
    /// where we fail: if a document could not be unpacked for a reason of ours, or our code
    /// fails on a snapshot that a version was read from, nothing is derived anew. Facts
    /// stay as they are: checks with the outcomes they had, and deliveries. A version that
    /// comes out as it was keeps the moment it was recorded; all get new keys, so that a
    /// check under way notices. One body at a time is in memory, and that of the version before, which
    /// `examine` is given too.
    ///
    /// # Errors
    /// Those of writing, and [`StoreError::NotRead`]; then everything is as it was.
    pub async fn rebuild(
        &self,
        watch: &WatchId,
        reader: &Reader,
        turning: impl Into<Turning>,
        examine: impl Fn(Option<&Version>, Option<&Snapshot>, Snapshot) -> Outcome + Send + 'static,
        now: Timestamp,
    ) -> Result<u32, StoreError> {
        let (watch, reader, turning) = (watch.clone(), reader.clone(), turning.into());
        self.write("rebuild a watch", move |tx| {
            let mut rebuilding = Rebuilding::begin(tx, &watch, &reader, turning, now)?;
            let mut bodies = Blobs::of(Shelf::Bodies);
            let mut earlier: Option<Snapshot> = None;
            for id in in_order(tx, rebuilding.key)? {
                let snapshot = snapshots::load(tx, &mut bodies, id)?;
                let latest = rebuilding.latest.as_ref();
                let examined =
                    |before, earlier, snapshot| catch_unwind(AssertUnwindSafe(|| examine(before, earlier, snapshot)));
                let Ok(mut outcome) = examined(latest, earlier.as_ref(), snapshot) else {
                    rebuilding.passes_over(id)?;
                    continue;
                };
                if let Some((_, language)) = new_language(latest, &outcome)
                    && let Some(other) = rebuilding.others.get(&language)
                    && let Outcome::First { snapshot, .. } = outcome
                {
                    let Ok(again) = examined(Some(other), None, snapshot) else {
                        rebuilding.passes_over(id)?;
                        continue;
                    };
                    outcome = again;
                }
                not_ours(id, &outcome)?;
                match rebuilding.recall(outcome)? {
                    Outcome::First { reading, snapshot, .. } => {
                        rebuilding.add(&[id], &reading, None)?;
                        earlier = Some(snapshot);
                    }
                    Outcome::Changed { reading, from, change, judgment, snapshot } => {
                        let told = Told { from: from.number, change: &change, judgment: &judgment, withheld: &[] };
                        rebuilding.add(&[id], &reading, Some(told))?;
                        earlier = Some(snapshot);
                    }
                    _ => {}
                }
            }
            Ok(rebuilding.latest.map_or(0, |latest| latest.facts.number))
        })
        .await
    }

    /// [`Store::rebuild`] for a policy that stands on several pages: captures that belong
    /// together ([`Group`]: those of one check, or near each other in time) are looked at
    /// together, each time beside the latest capture of each other page. `examine` is
    /// [`crate::pages::examine_pages`]; two bodies a page are in memory.
    ///
    /// # Errors
    /// Those of [`Store::rebuild`].
    pub async fn rebuild_pages(
        &self,
        watch: &WatchId,
        reader: &Reader,
        turning: impl Into<Turning>,
        examine: impl Fn(Option<&Version>, &[Option<Held>], Vec<Came>) -> Together + Send + 'static,
        now: Timestamp,
    ) -> Result<u32, StoreError> {
        let (watch, reader, turning) = (watch.clone(), reader.clone(), turning.into());
        self.write("rebuild a watch", move |tx| {
            let mut rebuilding = Rebuilding::begin(tx, &watch, &reader, turning, now)?;
            let mut bodies = Blobs::of(Shelf::Bodies);
            let mut held: Vec<Option<Held>> = reader.pages.iter().map(|_| None).collect();
            let (mut group, mut gathered) = (Group::default(), BTreeMap::new());
            for (id, Captured { page, at, check }) in in_their_turn(tx, rebuilding.key, &reader.pages)? {
                let snapshot = snapshots::load(tx, &mut bodies, id)?;
                if !group.takes(page, at, check) {
                    rebuilding.look_at(std::mem::take(&mut gathered), &mut held, &examine)?;
                    group = Group::default();
                    group.takes(page, at, check);
                }
                gathered.insert(page, Held { id, snapshot });
            }
            rebuilding.look_at(gathered, &mut held, &examine)?;
            Ok(rebuilding.latest.map_or(0, |latest| latest.facts.number))
        })
        .await
    }
}

/// When the versions were recorded that are about to go, and who was told nothing of them,
/// by what they are.
type RecordedBefore = BTreeMap<(SnapshotId, Digest), (Timestamp, Vec<Withheld>)>;

fn recorded_before(tx: &Transaction<'_>, key: i64) -> Result<RecordedBefore, Fault> {
    let mut statement =
        tx.prepare("SELECT id, snapshot_id, digest, recorded_at FROM versions WHERE watch_id = ?1 ORDER BY number")?;
    let rows = statement.query_map([key], |row| {
        let what = (SnapshotId(row.get(1)?), row.get::<_, Sha256>(2)?.0);
        Ok((VersionId(row.get(0)?), what, row.get::<_, At>(3)?.0))
    })?;
    let (mut recorded, mut before) = (RecordedBefore::new(), None);
    for row in rows {
        let (id, what, at) = row?;
        // What is damaged is derived anew; who was told is in the deliveries all the same.
        let told = before.and_then(|before| load_change(tx, before, id).ok().flatten());
        recorded.insert(what, (at, told.map_or_else(Vec::new, |told| told.withheld)));
        before = Some(id);
    }
    Ok(recorded)
}

fn cited_before(tx: &Transaction<'_>, key: i64) -> Result<BTreeSet<SnapshotId>, Fault> {
    let mut statement = tx.prepare(
        "SELECT snapshot_id FROM versions WHERE watch_id = ?1
         UNION SELECT p.snapshot_id FROM version_pages p JOIN versions v ON v.id = p.version_id WHERE v.watch_id = ?1",
    )?;
    Ok(statement.query_map([key], |row| row.get(0).map(SnapshotId))?.collect::<Result<_, _>>()?)
}

/// Ends the rebuilding where a failure of ours decided: the snapshot may read well.
fn not_ours(id: SnapshotId, outcome: &Outcome) -> Result<(), Fault> {
    match outcome {
        Outcome::Broken { message, .. } => Err(not_read(id, message.clone())),
        _ => Ok(()),
    }
}

fn not_read(id: SnapshotId, reason: String) -> Fault {
    Fault::Store(StoreError::NotRead { snapshot: id, reason })
}

/// The check of all pages that one of a page was a part of; none of a capture of that page.
fn whole_of(tx: &Transaction<'_>, id: SnapshotId) -> Result<Option<i64>, Fault> {
    let mut statement = tx.prepare_cached("SELECT whole_id FROM checks WHERE id = ?1")?;
    Ok(statement.query_row([id.0], |row| row.get(0))?)
}

fn in_order(tx: &Transaction<'_>, key: i64) -> Result<Vec<SnapshotId>, Fault> {
    let mut statement = tx.prepare("SELECT id FROM snapshots WHERE watch_id = ?1 ORDER BY captured_at, id")?;
    Ok(statement.query_map([key], |row| row.get(0).map(SnapshotId))?.collect::<Result<_, _>>()?)
}

/// The captures of some pages, in the order in which they are looked at.
fn in_their_turn(tx: &Transaction<'_>, key: i64, pages: &[Page]) -> Result<Vec<(SnapshotId, Captured)>, Fault> {
    let mut captures = Vec::new();
    for id in in_order(tx, key)? {
        let (url, at) = snapshots::address_and_moment(tx, id.0)?;
        let Some(page) = snapshots::page_of_snapshot(tx, id, &url, pages)? else { continue };
        captures.push((id, Captured { page, at, check: whole_of(tx, id)? }));
    }
    let facts: Vec<Captured> = captures.iter().map(|(_, captured)| *captured).collect();
    Ok(in_turn(&facts).into_iter().filter_map(|at| captures.get(at).copied()).collect())
}

struct Rebuilding<'a> {
    tx: &'a Transaction<'a>,
    key: i64,
    reader: &'a Reader,
    /// Within which time a return is flapping.
    turning: Turning,
    recorded: RecordedBefore,
    /// What the versions were read from that are about to go.
    cited: BTreeSet<SnapshotId>,
    now: Timestamp,
    latest: Option<Version>,
    /// The latest version of each language that the latest of all is not in.
    others: BTreeMap<String, Version>,
    shelves: Shelves,
}

impl<'a> Rebuilding<'a> {
    /// A page on which our code fails makes no version, and must not end the rest, unless
    /// one was read from it before: that one is not given up.
    fn passes_over(&self, id: SnapshotId) -> Result<(), Fault> {
        if self.cited.contains(&id) {
            return Err(not_read(id, "a bug of policywatch; please report it".to_owned()));
        }
        Ok(())
    }

    /// Takes the versions away that are there.
    fn begin(
        tx: &'a Transaction<'a>,
        watch: &WatchId,
        reader: &'a Reader,
        turning: Turning,
        now: Timestamp,
    ) -> Result<Self, Fault> {
        let key = known_key(tx, watch)?;
        let recorded = recorded_before(tx, key)?;
        let cited = cited_before(tx, key)?;
        tx.execute("DELETE FROM versions WHERE watch_id = ?1", [key])?;
        tx.execute("UPDATE watches SET unplaced = 0 WHERE id = ?1", [key])?;
        let (others, shelves) = (BTreeMap::new(), Shelves::default());
        Ok(Self { tx, key, reader, turning, recorded, cited, now, latest: None, others, shelves })
    }

    /// A change in the light of what the page said before.
    fn recall(&mut self, outcome: Outcome) -> Result<Outcome, Fault> {
        let Outcome::Changed { snapshot, reading, from, .. } = &outcome else { return Ok(outcome) };
        let mut known = self.latest.iter().chain(self.others.values());
        let Some(before) = known.find(|version| version.facts.number == from.number) else { return Ok(outcome) };
        let (within, at) = (self.turning.within, snapshot.captured_at);
        let memory = memory(self.tx, &mut self.shelves, self.key, reading.digest(), within, at)?;
        Ok(reconsider(outcome, &before.reading, &memory, &self.turning))
    }

    /// Looks at captures of several pages, one a page, beside what is held of the others.
    fn look_at(
        &mut self,
        gathered: BTreeMap<usize, Held>,
        held: &mut [Option<Held>],
        examine: &impl Fn(Option<&Version>, &[Option<Held>], Vec<Came>) -> Together,
    ) -> Result<(), Fault> {
        let ids: Vec<SnapshotId> = gathered.values().map(|held| held.id).collect();
        let Some(id) = ids.last().copied() else { return Ok(()) };
        let mut came: Vec<Came> = held.iter().map(|_| Came::NotAsked).collect();
        for (page, held) in &gathered {
            came[*page] = Came::Snapshot(Box::new(held.snapshot.clone()));
        }
        let latest = self.latest.as_ref();
        let Ok(together) = catch_unwind(AssertUnwindSafe(|| examine(latest, held, came))) else {
            return ids.iter().try_for_each(|id| self.passes_over(*id));
        };
        not_ours(id, &together.outcome)?;
        together.pages.iter().zip(&ids).try_for_each(|(page, id)| not_ours(*id, &page.outcome))?;
        let cited = self.add_together(&ids, together)?;
        for (page, new) in gathered {
            if cited.contains(&new.id) {
                held[page] = Some(new);
            }
        }
        Ok(())
    }

    /// Adds what captures made of several pages, given in their order; answers with what is
    /// cited now, if there is a new version.
    fn add_together(&mut self, ids: &[SnapshotId], together: Together) -> Result<Vec<SnapshotId>, Fault> {
        let key = |cite: &Cite| match cite {
            Cite::Held(id) => Some(*id),
            Cite::Now(at) => ids.get(*at).copied(),
        };
        let mut cited = Vec::new();
        if let Some(Reread { reading, cites }) = &together.upgrade {
            cited = cites.iter().filter_map(key).collect();
            self.add_as(&cited, reading, Cause::TechnicalUpgrade, None)?;
        }
        let cites: Vec<SnapshotId> = together.cites.iter().filter_map(key).collect();
        match &self.recall(together.outcome)? {
            Outcome::First { reading, .. } => self.add(&cites, reading, None)?,
            Outcome::Changed { reading, from, change, judgment, .. } => {
                self.add(&cites, reading, Some(Told { from: from.number, change, judgment, withheld: &[] }))?;
            }
            _ => return Ok(cited),
        }
        Ok(cites)
    }

    fn add(&mut self, cites: &[SnapshotId], reading: &Reading, change: Option<Told<'_>>) -> Result<(), Fault> {
        let cause = if change.is_none() { Cause::FirstRecord } else { Cause::Publisher };
        self.add_as(cites, reading, cause, change)
    }

    fn add_as(
        &mut self,
        cites: &[SnapshotId],
        reading: &Reading,
        cause: Cause,
        change: Option<Told<'_>>,
    ) -> Result<(), Fault> {
        let recorded = cites.iter().find_map(|snapshot| self.recorded.get(&(*snapshot, reading.digest())));
        let new = NewVersion {
            watch: self.key,
            number: self.latest.as_ref().map_or(1, |latest| latest.facts.number + 1),
            cites,
            recorded_at: recorded.map_or(self.now, |(at, _)| *at),
            reading,
            reader: self.reader,
            cause,
        };
        let id = insert(self.tx, &mut self.shelves.readings, &new)?;
        if let (Some(latest), Some(told)) = (&self.latest, change) {
            let withheld = recorded.map_or(&[][..], |(_, withheld)| withheld);
            let told = Told { withheld, ..told };
            insert_change(self.tx, &mut self.shelves.readings, latest.facts.id, id, &told)?;
        }
        let facts = latest_facts(self.tx, self.key)?
            .ok_or_else(|| Fault::damaged(format!("versions {}", id.0), "it is gone as soon as written"))?;
        let version = with_text(self.tx, &mut self.shelves.readings, facts)?;
        if let Some(before) = self.latest.replace(version)
            && let Some(language) = before.reading.language.clone()
        {
            self.others.insert(language, before);
        }
        Ok(())
    }
}
