//! Statements of coverage: what was looked at in a period, and when the last one was made.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, Transaction};

use super::fault::{At, Fault};
use super::{Store, StoreError, deliveries, watches};
use crate::alert::Alert;
use crate::coverage::{Coverage, Watched};
use crate::time::Timestamp;

impl Store {
    /// The end of the period that was stated last. The first time that this is asked, a
    /// first period begins `now`.
    ///
    /// # Errors
    /// Those of writing.
    pub async fn covered_until(&self, now: Timestamp) -> Result<Timestamp, StoreError> {
        let last = self.read("see when coverage was stated", stated).await?;
        match last {
            Some(last) => Ok(last),
            None => {
                self.write("begin to state coverage", move |tx| {
                    tx.execute("INSERT OR IGNORE INTO statements (to_at, from_at) VALUES (?1, ?1)", [At(now)])?;
                    Ok(stated(tx)?.unwrap_or(now))
                })
                .await
            }
        }
    }

    /// What was looked at between two moments, of what the configuration has.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn coverage(&self, from: Timestamp, to: Timestamp) -> Result<Coverage, StoreError> {
        self.read("sum up what was looked at", move |tx| {
            let checks = counts(
                tx,
                // What a backfill brings of the past was not looked at now.
                "SELECT c.watch_id, count(*), sum(c.outcome IN ('first', 'unmodified', 'unchanged', 'changed'))
                 FROM checks c LEFT JOIN snapshots s ON s.id = c.id
                 WHERE c.recorded_at > ?1 AND c.recorded_at <= ?2 AND c.whole_id IS NULL
                   AND (s.id IS NULL OR s.origin = 'live' OR s.captured_at > ?1) GROUP BY c.watch_id",
                from,
                to,
            )?;
            let changes = counts(
                tx,
                "SELECT v.watch_id, count(*), sum(c.materiality = 'material')
                 FROM versions v JOIN changes c ON c.version_id = v.id JOIN snapshots s ON s.id = v.snapshot_id
                 WHERE s.captured_at > ?1 AND s.captured_at <= ?2 AND v.cause = 'publisher' GROUP BY v.watch_id",
                from,
                to,
            )?;
            let keys = tx
                .prepare_cached(
                    "SELECT id FROM watches WHERE configured_at IS NOT NULL AND retired_at IS NULL ORDER BY name",
                )?
                .query_map([], |row| row.get(0))?
                .collect::<Result<Vec<i64>, _>>()?;
            let of = |counts: &BTreeMap<i64, (u32, u32)>, key| counts.get(&key).copied().unwrap_or_default();
            let mut watched = Vec::with_capacity(keys.len());
            for key in keys {
                let state = watches::state(tx, key)?;
                let ((checks, seen), (changes, material)) = (of(&checks, key), of(&changes, key));
                let health = state.health();
                watched.push(Watched { watch: state.id, checks, seen, changes, material, health });
            }
            Ok(Coverage { from, to, watches: watched })
        })
        .await
    }

    /// Records that coverage was stated, with what is told. If somebody else has stated that
    /// period meanwhile, nothing is written.
    ///
    /// # Errors
    /// Those of writing.
    pub async fn state_coverage(&self, from: Timestamp, to: Timestamp, told: Vec<Alert>) -> Result<bool, StoreError> {
        self.write("state coverage", move |tx| {
            if stated(tx)? != Some(from) {
                return Ok(false);
            }
            tx.execute("INSERT INTO statements (to_at, from_at) VALUES (?1, ?2)", [At(to), At(from)])?;
            deliveries::enqueue_notices(tx, None, &told, to)?;
            Ok(true)
        })
        .await
    }
}

fn stated(tx: &Transaction<'_>) -> Result<Option<Timestamp>, Fault> {
    let mut statement = tx.prepare_cached("SELECT to_at FROM statements ORDER BY to_at DESC LIMIT 1")?;
    let at: Option<At> = statement.query_row([], |row| row.get(0)).optional()?;
    Ok(at.map(|at| at.0))
}

/// Two counts for each watch, by its key.
fn counts(
    tx: &Transaction<'_>,
    query: &str,
    from: Timestamp,
    to: Timestamp,
) -> Result<BTreeMap<i64, (u32, u32)>, Fault> {
    let mut statement = tx.prepare_cached(query)?;
    let rows = statement.query_map((At(from), At(to)), |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
