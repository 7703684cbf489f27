//! Proves that the record still says what was recorded.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use rusqlite::{Row, Transaction};

use super::fault::{Fault, Sha256};
use super::pack::{Blobs, Shelf};
use super::snapshots::check_digest;
use super::{Store, StoreError, Verified, snapshots, versions};
use crate::reading::REVISION;
use crate::snapshot::{Digest, Snapshot};
use crate::version::{Version, VersionId};

/// More findings than this say nothing new.
const MAX_DAMAGES: usize = 1000;

impl Store {
    /// Checks everything: SQLite's integrity, every body's digest, every version against
    /// its snapshots. `read` is [`crate::pages::read_again`] with the version's reader;
    /// `progress` is called with done and total.
    ///
    /// Damages are findings, not errors: the rest is checked all the same.
    ///
    /// # Errors
    /// Only if the store cannot be read at all.
    pub async fn verify(
        &self,
        read: impl Fn(&[Snapshot], &Version) -> Option<Digest> + Send + 'static,
        progress: impl Fn(u64, u64) + Send + 'static,
    ) -> Result<Verified, StoreError> {
        let path = self.path().to_owned();
        self.read(DOING, move |tx| {
            let mut round = Round { tx, path: &path, progress, done: 0, total: 0, found: Verified::default() };
            round.total = round.noting(count).unwrap_or(0);
            round.structure();
            round.bodies();
            round.heads();
            round.versions(&read);
            Ok(round.found)
        })
        .await
    }
}

/// One round through the store.
struct Round<'a, P> {
    tx: &'a Transaction<'a>,
    path: &'a Path,
    progress: P,
    done: u64,
    total: u64,
    found: Verified,
}

impl<P: Fn(u64, u64)> Round<'_, P> {
    /// What SQLite itself can tell.
    fn structure(&mut self) {
        let complaints = self.noting(|tx| {
            let mut statement = tx.prepare("PRAGMA integrity_check(100)")?;
            Ok(statement.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?)
        });
        for complaint in complaints.unwrap_or_default().into_iter().filter(|complaint| complaint != "ok") {
            self.damage(complaint);
        }
        let orphans = self.noting(|tx| {
            let mut statement =
                tx.prepare("SELECT \"table\", coalesce(rowid, 0), parent FROM pragma_foreign_key_check LIMIT 100")?;
            let row = |row: &Row<'_>| {
                Ok(format!(
                    "{} {} cites a row of {} that is not there",
                    row.get::<_, String>(0)?,
                    row.get::<_, i64>(1)?,
                    row.get::<_, String>(2)?
                ))
            };
            Ok(statement.query_map([], row)?.collect::<Result<Vec<_>, _>>()?)
        });
        orphans.unwrap_or_default().into_iter().for_each(|orphan| self.damage(orphan));
    }

    /// Every body decoded, its digest computed anew.
    fn bodies(&mut self) {
        let ids = self.noting(body_ids).unwrap_or_default();
        let mut blobs = Blobs::of(Shelf::Bodies);
        for id in ids {
            let sound = self.noting(|tx| {
                let digest: Sha256 =
                    tx.prepare_cached("SELECT digest FROM bodies WHERE id = ?1")?.query_row([id], |row| row.get(0))?;
                check_digest(id, &digest.0, &blobs.load(tx, id)?)
            });
            self.found.bodies += u64::from(sound.is_some());
            self.step();
        }
    }

    /// Every snapshot's head decoded.
    fn heads(&mut self) {
        let ids = self.noting(|tx| ids(tx, "SELECT id FROM snapshots ORDER BY id")).unwrap_or_default();
        for id in ids {
            self.noting(|tx| snapshots::check_head(tx, id));
        }
    }

    /// Every version's text decoded, and read again from its snapshot where today's code wrote it.
    fn versions(&mut self, read: &impl Fn(&[Snapshot], &Version) -> Option<Digest>) {
        let ids = self.noting(|tx| ids(tx, "SELECT id FROM versions ORDER BY watch_id, number")).unwrap_or_default();
        let (mut bodies, mut readings) = (Blobs::of(Shelf::Bodies), Blobs::of(Shelf::Readings));
        for id in ids {
            let kept = self.noting(|tx| versions::load_checked(tx, &mut readings, VersionId(id)));
            match kept {
                Some(version) if version.facts.reader.revision == REVISION => {
                    let rebuilt = self.noting(|tx| {
                        let cited = version.facts.snapshots().into_iter();
                        let snapshots =
                            cited.map(|id| snapshots::load(tx, &mut bodies, id)).collect::<Result<Vec<_>, _>>()?;
                        same_reading(&version, &snapshots, read)
                    });
                    self.found.versions_rebuilt += u64::from(rebuilt.is_some());
                }
                Some(_) => self.found.versions_of_older_readers += 1,
                None => {}
            }
            self.step();
        }
    }

    /// Does a part of the work; a fault becomes a finding.
    fn noting<T>(&mut self, work: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>) -> Option<T> {
        work(self.tx).map_err(|fault| self.damage(reason(fault.told(self.path, DOING)))).ok()
    }

    fn damage(&mut self, damage: String) {
        // The same damage is met by all that lies upon it: told once.
        if self.found.damages.len() < MAX_DAMAGES && !self.found.damages.contains(&damage) {
            self.found.damages.push(damage);
        }
    }

    fn step(&mut self) {
        self.done += 1;
        (self.progress)(self.done, self.total);
    }
}

const DOING: &str = "verify the store";

/// The place and the reason alone: that `verify` should be run is known here.
fn reason(error: StoreError) -> String {
    match error {
        StoreError::Damaged { place, reason } => format!("{place}: {reason}"),
        other => other.to_string(),
    }
}

/// Bodies and versions: what the progress counts.
fn count(tx: &Transaction<'_>) -> Result<u64, Fault> {
    let count: i64 =
        tx.query_row("SELECT (SELECT count(*) FROM bodies) + (SELECT count(*) FROM versions)", [], |row| row.get(0))?;
    Ok(count.unsigned_abs())
}

/// All bodies, those of one watch together, so that most lie on the one before.
fn body_ids(tx: &Transaction<'_>) -> Result<Vec<i64>, Fault> {
    ids(
        tx,
        "SELECT b.id FROM bodies b
         LEFT JOIN (SELECT body_id, min(watch_id) AS watch_id, min(captured_at) AS captured_at FROM snapshots GROUP BY body_id) s
             ON s.body_id = b.id
         ORDER BY s.watch_id, s.captured_at, b.id",
    )
}

fn ids(tx: &Transaction<'_>, query: &str) -> Result<Vec<i64>, Fault> {
    Ok(tx.prepare(query)?.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// Reads the snapshot again and compares.
fn same_reading(
    version: &Version,
    snapshots: &[Snapshot],
    read: &impl Fn(&[Snapshot], &Version) -> Option<Digest>,
) -> Result<(), Fault> {
    let place = || format!("versions {}", version.facts.id.0);
    let Ok(digest) = catch_unwind(AssertUnwindSafe(|| read(snapshots, version))) else {
        return Err(Fault::damaged(place(), "our own code fails on its snapshot"));
    };
    match digest {
        Some(digest) if digest == version.facts.digest => Ok(()),
        Some(digest) => Err(Fault::damaged(
            place(),
            format!("its snapshot reads as {digest}, recorded is {}", version.facts.digest),
        )),
        None => Err(Fault::damaged(place(), "its snapshot cannot be read")),
    }
}
