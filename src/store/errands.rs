//! What is to be done at archives because a live check found a change.

use rusqlite::OptionalExtension;

use super::fault::At;
use super::watches::name;
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
}

impl ErrandKind {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            ErrandKind::Save => "save",
            ErrandKind::Narrow => "narrow",
        }
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
    /// The page.
    pub url: String,
    /// How often it was begun, this time counted.
    pub attempts: u32,
    /// The archive's number for it, while it works.
    pub job: Option<String>,
}

/// How an errand stands after a look at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is done, or was given up: what came of it.
    Done(String),
    /// It cannot be done.
    GivenUp(String),
    /// It goes on then, with the archive's number for it, and why it is not done.
    Later(Timestamp, Option<String>, String),
}

impl Store {
    /// Makes errands of what live checks found between two moments: one of each kind for
    /// each page that changed; captures are asked for only of what is material. What
    /// is there already stays as it is.
    ///
    /// # Errors
    /// Those of writing.
    pub async fn find_errands(
        &self,
        kind: ErrandKind,
        since: Timestamp,
        due_at: Timestamp,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        self.write("find errands", move |tx| {
            let found = tx
                .prepare_cached(
                    "SELECT c.watch_id, c.id, c.page, w.url
                     FROM checks c JOIN watches w ON w.id = c.watch_id JOIN snapshots s ON s.id = c.id
                     JOIN versions v ON v.snapshot_id = s.id JOIN changes ch ON ch.version_id = v.id
                     WHERE c.outcome = 'changed' AND s.origin = 'live' AND c.recorded_at >= ?2 AND w.retired_at IS NULL
                           AND (?1 = 'narrow' OR ch.materiality = 'material')
                           AND NOT EXISTS (SELECT 1 FROM errands e WHERE e.check_id = c.id AND e.kind = ?1)",
                )?
                .query_map((kind.as_str(), At(since)), |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get::<_, Option<String>>(2)?, row.get::<_, String>(3)?))
                })?
                .collect::<Result<Vec<(i64, i64, _, _)>, _>>()?;
            let mut made = 0;
            for (watch, check, page, configured) in found {
                // What moved is to be had where it is now.
                let url = match page {
                    Some(page) => moves::whereabouts_of_page(tx, watch, &page)?.moved.map_or(page, |moved| moved.url),
                    None => moves::whereabouts(tx, watch, &configured)?.moved.map_or(configured, |moved| moved.url),
                };
                made += tx
                    .prepare_cached(
                        "INSERT INTO errands (watch_id, check_id, kind, url, created_at, due_at)
                         VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (check_id, kind, url) DO NOTHING",
                    )?
                    .execute((watch, check, kind.as_str(), url, At(now), At(due_at)))?;
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
                 RETURNING id, kind = 'save', (SELECT name FROM watches w WHERE w.id = watch_id), check_id, url,
                           attempts, job",
            )?;
            let errand = statement.query_row((At(now), At(until)), |row| {
                Ok(Errand {
                    id: row.get(0)?,
                    kind: if row.get(1)? { ErrandKind::Save } else { ErrandKind::Narrow },
                    watch: name(row, 2)?,
                    check: CheckId(row.get(3)?),
                    url: row.get(4)?,
                    attempts: row.get(5)?,
                    job: row.get(6)?,
                })
            });
            Ok(errand.optional()?)
        })
        .await
    }

    /// Says how an errand stands.
    ///
    /// # Errors
    /// Those of writing.
    pub async fn settle_errand(&self, id: i64, standing: Standing) -> Result<(), StoreError> {
        self.write("settle an errand", move |tx| {
            let (state, due_at, job, result) = match standing {
                Standing::Done(result) => ("done", None, None, result),
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
