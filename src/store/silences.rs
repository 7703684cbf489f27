//! Policies that have not been seen for long: who was told, and whether they are back.

use rusqlite::{OptionalExtension, Transaction};

use super::fault::{At, Fault};
use super::watches::key_of;
use super::{CheckId, Store, StoreError, deliveries};
use crate::silence::{Turn, Unseen};
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

/// Since when a watch is silent, if that was told.
pub(super) fn told_since(tx: &Transaction<'_>, watch: i64) -> Result<Option<Timestamp>, Fault> {
    let since = "SELECT since FROM silences WHERE watch_id = ?1 AND ended_by IS NULL";
    let since: Option<At> = tx.prepare_cached(since)?.query_row([watch], |row| row.get(0)).optional()?;
    Ok(since.map(|at| at.0))
}
