//! Policies that have not been seen for long: who was told, and whether they are back.

use rusqlite::{OptionalExtension, Transaction};

use super::fault::{At, Fault};
use super::watches::key_of;
use super::{CheckId, Store, StoreError, deliveries};
use crate::health::Part;
use crate::silence::{Parts, Turn, Unseen};
use crate::time::Timestamp;
use crate::watch::WatchId;

impl Store {
    /// For how long a policy was not seen, and whether that was told.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn unseen(&self, id: &WatchId) -> Result<Unseen, StoreError> {
        let id = id.clone();
        self.read("see for how long a policy was not seen", move |tx| {
            key_of(tx, &id)?.map_or(Ok(Unseen::default()), |key| of(tx, key))
        })
        .await
    }
}

impl Store {
    /// How each page of a watch is, by the looks at it; in the order of their addresses.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn parts(&self, id: &WatchId, urls: Vec<String>) -> Result<Vec<Part>, StoreError> {
        let id = id.clone();
        self.read("see how the pages of a policy are", move |tx| match key_of(tx, &id)? {
            Some(key) => parts(tx, key, &urls),
            None => Ok(urls.iter().map(|url| Part { url: url.clone(), ..Part::default() }).collect()),
        })
        .await
    }
}

pub(super) fn of(tx: &Transaction<'_>, watch: i64) -> Result<Unseen, Fault> {
    let mut statement = tx.prepare_cached(
        "SELECT failing_since, last_success_at,
             (SELECT since FROM silences WHERE watch_id = watches.id AND ended_by IS NULL)
         FROM watches WHERE id = ?1",
    )?;
    Ok(statement.query_row([watch], |row| {
        let at = |column| row.get::<_, Option<At>>(column).map(|at| at.map(|at| at.0));
        Ok(Unseen { failing_since: at(0)?, last_success_at: at(1)?, told_since: at(2)? })
    })?)
}

/// Writes what a check does to a silence, with the notices; returns how many are new.
pub(super) fn write(
    tx: &Transaction<'_>,
    watch: i64,
    check: CheckId,
    turn: &Turn,
    now: Timestamp,
) -> Result<usize, Fault> {
    // Another process may have been faster, and has told.
    let (changed, notices) = match turn {
        Turn::Keep => return Ok(0),
        Turn::Begin { since, notices } => {
            let insert = "INSERT INTO silences (check_id, watch_id, since) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
            (tx.prepare_cached(insert)?.execute((check.0, watch, At(*since)))?, notices)
        }
        Turn::End { notices } => {
            let end = "UPDATE silences SET ended_by = ?1 WHERE watch_id = ?2 AND ended_by IS NULL";
            (tx.prepare_cached(end)?.execute((check.0, watch))?, notices)
        }
    };
    if changed == 0 { Ok(0) } else { deliveries::enqueue_notices(tx, Some(watch), notices, now) }
}

/// Writes what a check does to the silences of single pages; returns how many notices are
/// new. They are told once by their ids, which are those of the silence.
pub(super) fn write_parts(tx: &Transaction<'_>, watch: i64, parts: &Parts, now: Timestamp) -> Result<usize, Fault> {
    let begun = deliveries::enqueue_notices(tx, Some(watch), &parts.begin, now)?;
    let ends = parts.end.iter().map(|(beginning, end)| (vec![beginning.clone()], end.clone())).collect();
    Ok(begun + deliveries::enqueue_ends(tx, watch, ends, now)?)
}

/// How each page of a watch is, by the looks that asked for all of them.
pub(super) fn parts(tx: &Transaction<'_>, watch: i64, urls: &[String]) -> Result<Vec<Part>, Fault> {
    // From the newest look back to the last that saw the page itself: an archive's capture
    // in its place is no sight of it.
    let mut statement = tx.prepare_cached(
        "SELECT recorded_at, outcome, why,
             outcome IN ('first', 'unmodified', 'unchanged', 'changed')
                 AND NOT EXISTS (SELECT 1 FROM attempts a WHERE a.check_id = checks.id AND a.rung = 'archive')
         FROM checks WHERE watch_id = ?1 AND page = ?2 AND whole_id IS NOT NULL ORDER BY id DESC",
    )?;
    let mut parts = Vec::with_capacity(urls.len());
    for url in urls {
        let mut part = Part { url: url.clone(), ..Part::default() };
        let mut looks = statement.query((watch, url))?;
        while let Some(look) = looks.next()? {
            let at = look.get::<_, At>(0)?.0;
            if part.outcome.is_none() {
                (part.outcome, part.why) = (look.get(1)?, look.get(2)?);
            }
            if look.get(3)? {
                part.last_seen_at = Some(at);
                break;
            }
            part.failing_since = Some(at);
            part.failures = part.failures.saturating_add(1);
        }
        parts.push(part);
    }
    Ok(parts)
}

/// Since when a watch is silent, if that was told.
pub(super) fn told_since(tx: &Transaction<'_>, watch: i64) -> Result<Option<Timestamp>, Fault> {
    let since = "SELECT since FROM silences WHERE watch_id = ?1 AND ended_by IS NULL";
    let since: Option<At> = tx.prepare_cached(since)?.query_row([watch], |row| row.get(0)).optional()?;
    Ok(since.map(|at| at.0))
}
