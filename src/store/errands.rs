//! What is to be done at archives because a live check found a change.

use std::collections::BTreeMap;

use rusqlite::OptionalExtension;

use super::fault::{At, word};
use super::watches::{key_of, name};
use super::{CheckId, Store, StoreError, moves};
use crate::time::Timestamp;
use crate::watch::WatchId;

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrandKind {
    /// The archive is asked to take a capture.
    Save,
    /// Captures between two sightings are to show when the change was made.
    Narrow,
    /// Its index is to show whether a capture is there that it said it took.
    Look,
}

impl ErrandKind {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            ErrandKind::Save => "save",
            ErrandKind::Narrow => "narrow",
            ErrandKind::Look => "look",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        [ErrandKind::Save, ErrandKind::Narrow, ErrandKind::Look].into_iter().find(|kind| kind.as_str() == word)
    }
}

/// One errand that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Errand {
    /// Its key.
    pub id: i64,
    /// What is to be done.
    pub kind: ErrandKind,
    /// For which watch.
    pub watch: WatchId,
    /// The check that found the change.
    pub check: CheckId,
    /// The archive, by its name in the configuration.
    pub archive: String,
    /// The page.
    pub url: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// How often it was begun, this time counted.
    pub attempts: u32,
    /// The archive's number for it, while it works; of a look, the 14 digits of the capture.
    pub job: Option<String>,
}

/// An errand as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrandFacts {
    /// What was to be done.
    pub kind: ErrandKind,
    /// The check that found the change.
    pub check: CheckId,
    /// The archive, by its name in the configuration.
    pub archive: String,
    /// The page.
    pub url: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// `pending`, `done` or `given_up`.
    pub state: String,
    /// When it goes on, while it is pending.
    pub due_at: Timestamp,
    /// How often it was begun.
    pub attempts: u32,
    /// What came of it, in words.
    pub result: Option<String>,
}

/// How an errand stands after a look at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is done, or was given up: what came of it.
    Done(String),
    /// It is done, and then its index is to be looked at for the capture of these 14 digits;
    /// none: of any since.
    ToSee(String, Timestamp, Option<String>),
    /// It cannot be done.
    GivenUp(String),
    /// It goes on then, with the archive's number for it, and why it is not done.
    Later(Timestamp, Option<String>, String),
}

impl Store {
    /// Makes errands of what live checks found between two moments: one of each kind for
    /// each page that changed and each archive of its watch; captures are asked for only of
    /// what is material. What is there already stays as it is.
    ///
    /// # Errors
    /// Those of writing.
    pub async fn find_errands(
        &self,
        kind: ErrandKind,
        archives: &BTreeMap<WatchId, Vec<String>>,
        since: Timestamp,
        due_at: Timestamp,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        let archives = archives.clone();
        self.write("find errands", move |tx| {
            let found = tx
                .prepare_cached(
                    "SELECT c.watch_id, c.id, c.page, w.url, w.name
                     FROM checks c JOIN watches w ON w.id = c.watch_id JOIN snapshots s ON s.id = c.id
                     JOIN versions v ON v.snapshot_id = s.id JOIN changes ch ON ch.version_id = v.id
                     WHERE c.outcome = 'changed' AND s.origin = 'live' AND c.recorded_at >= ?2 AND w.retired_at IS NULL
                           AND (?1 = 'narrow' OR ch.materiality = 'material')
                           AND NOT EXISTS (SELECT 1 FROM errands e WHERE e.check_id = c.id AND e.kind = ?1)",
                )?
                .query_map((kind.as_str(), At(since)), |row| {
                    let (page, configured) = (row.get::<_, Option<String>>(2)?, row.get::<_, String>(3)?);
                    Ok((row.get(0)?, row.get(1)?, page, configured, name(row, 4)?))
                })?
                .collect::<Result<Vec<(i64, i64, _, _, WatchId)>, _>>()?;
            let mut made = 0;
            for (watch, check, page, configured, id) in found {
                // What moved is to be had where it is now.
                let url = match page {
                    Some(page) => moves::whereabouts_of_page(tx, watch, &page)?.moved.map_or(page, |moved| moved.url),
                    None => moves::whereabouts(tx, watch, &configured)?.moved.map_or(configured, |moved| moved.url),
                };
                for archive in archives.get(&id).into_iter().flatten() {
                    made += tx
                        .prepare_cached(
                            "INSERT INTO errands (watch_id, check_id, kind, archive, url, created_at, due_at)
                             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
                        )?
                        .execute((watch, check, kind.as_str(), archive, &url, At(now), At(due_at)))?;
                }
            }
            Ok(made)
        })
        .await
    }

    /// Takes an errand that is due; it is nobody else's until `until`.
    ///
    /// # Errors
    /// Those of writing.
    pub async fn claim_errand(&self, now: Timestamp, until: Timestamp) -> Result<Option<Errand>, StoreError> {
        self.write("claim an errand", move |tx| {
            let mut statement = tx.prepare_cached(
                "UPDATE errands SET attempts = attempts + 1, due_at = ?2
                 WHERE id = (SELECT id FROM errands WHERE state = 'pending' AND due_at <= ?1 ORDER BY due_at, id LIMIT 1)
                 RETURNING id, kind, (SELECT name FROM watches w WHERE w.id = watch_id), check_id, url,
                           attempts, job, archive, created_at",
            )?;
            let errand = statement.query_row((At(now), At(until)), |row| {
                Ok(Errand {
                    id: row.get(0)?,
                    kind: word(1, &row.get::<_, String>(1)?, ErrandKind::parse)?,
                    watch: name(row, 2)?,
                    check: CheckId(row.get(3)?),
                    url: row.get(4)?,
                    attempts: row.get(5)?,
                    job: row.get(6)?,
                    archive: row.get(7)?,
                    created_at: row.get::<_, At>(8)?.0,
                })
            });
            Ok(errand.optional()?)
        })
        .await
    }

    /// What is done at archives because of a watch's changes, in the order of the checks.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn errands(&self, watch: &WatchId) -> Result<Vec<ErrandFacts>, StoreError> {
        let watch = watch.clone();
        self.read("read what is done at archives", move |tx| {
            let Some(key) = key_of(tx, &watch)? else { return Ok(Vec::new()) };
            let mut statement = tx.prepare_cached(
                "SELECT kind, check_id, archive, url, created_at, state, due_at, attempts, result
                 FROM errands WHERE watch_id = ?1 ORDER BY check_id, id",
            )?;
            let errands = statement.query_map([key], |row| {
                Ok(ErrandFacts {
                    kind: word(0, &row.get::<_, String>(0)?, ErrandKind::parse)?,
                    check: CheckId(row.get(1)?),
                    archive: row.get(2)?,
                    url: row.get(3)?,
                    created_at: row.get::<_, At>(4)?.0,
                    state: row.get(5)?,
                    due_at: row.get::<_, At>(6)?.0,
                    attempts: row.get(7)?,
                    result: row.get(8)?,
                })
            })?;
            Ok(errands.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Says how an errand stands.
    ///
    /// # Errors
    /// Those of writing.
    pub async fn settle_errand(&self, id: i64, standing: Standing, now: Timestamp) -> Result<(), StoreError> {
        self.write("settle an errand", move |tx| {
            if let Standing::ToSee(_, due_at, capture) = &standing {
                tx.prepare_cached(
                    "INSERT INTO errands (watch_id, check_id, kind, archive, url, created_at, due_at, job)
                     SELECT watch_id, check_id, 'look', archive, url, ?2, ?3, ?4 FROM errands WHERE id = ?1
                     ON CONFLICT DO NOTHING",
                )?
                .execute((id, At(now), At(*due_at), capture))?;
            }
            let (state, due_at, job, result) = match standing {
                Standing::Done(result) | Standing::ToSee(result, ..) => ("done", None, None, result),
                Standing::GivenUp(result) => ("given_up", None, None, result),
                Standing::Later(due_at, job, result) => ("pending", Some(At(due_at)), job, result),
            };
            tx.prepare_cached(
                "UPDATE errands SET state = ?2, due_at = coalesce(?3, due_at), job = ?4, result = ?5 WHERE id = ?1",
            )?
            .execute((id, state, due_at, job, result))?;
            Ok(())
        })
        .await
    }
}
