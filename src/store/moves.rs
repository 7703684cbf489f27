//! Where policies went: what was found, what was decided, and what is to be searched for.

use std::time::Duration;

use rusqlite::{OptionalExtension, Row, Transaction, named_params};
use url::Url;

use super::fault::{At, Fault, word};
use super::watches::{key_of, known_key, name};
use super::{CheckId, Lost, Store, StoreError};
use crate::discovery::moves::{Move, MoveState, NewMove, Way, Whereabouts, calls_for_search};
use crate::outcome::Outcome;
use crate::time::Timestamp;
use crate::watch::WatchId;

impl Store {
    /// Every move of a watch that was found or decided, oldest first.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn moves(&self, watch: &WatchId) -> Result<Vec<Move>, StoreError> {
        let watch = watch.clone();
        self.read("read the moves", move |tx| key_of(tx, &watch)?.map_or(Ok(Vec::new()), |key| all(tx, key))).await
    }

    /// Where a watch is to be looked for whose configuration names this address.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn whereabouts(&self, watch: &WatchId, configured: &Url) -> Result<Whereabouts, StoreError> {
        let (watch, configured) = (watch.clone(), configured.to_string());
        self.read("see where the policy is", move |tx| match key_of(tx, &watch)? {
            Some(key) => whereabouts(tx, key, &configured),
            None => Ok(Whereabouts::default()),
        })
        .await
    }

    /// The watches in force whose policy is not where it was and that were not searched for
    /// within a time before `now`, those first that are lost longest.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn lost(&self, within: Duration, now: Timestamp) -> Result<Vec<Lost>, StoreError> {
        self.read("see what is lost", move |tx| {
            let mut statement = tx.prepare_cached(
                "SELECT name, lost_by FROM watches
                 WHERE lost_by IS NOT NULL AND next_check_at IS NOT NULL AND (sought_at IS NULL OR sought_at <= ?1)
                 ORDER BY lost_by",
            )?;
            let found = statement
                .query_map([At(now - within)], |row| Ok(Lost { watch: name(row, 0)?, check: CheckId(row.get(1)?) }))?;
            Ok(found.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Takes the search for a watch: `true` for one of several who ask at the same time, and
    /// once within a time. It counts from now on, whatever comes of it.
    ///
    /// # Errors
    /// Those of writing.
    pub async fn begin_search(&self, watch: &WatchId, within: Duration, now: Timestamp) -> Result<bool, StoreError> {
        let watch = watch.clone();
        self.write("begin a search", move |tx| {
            let taken = tx
                .prepare_cached(
                    "UPDATE watches SET sought_at = ?2 WHERE name = ?1 AND (sought_at IS NULL OR sought_at <= ?3)",
                )?
                .execute((watch.as_str(), At(now), At(now - within)))?;
            Ok(taken > 0)
        })
        .await
    }

    /// Records moves of a watch that the configuration has at an address. One that waits for
    /// a decision already is not recorded twice, and one that was turned down not again. Where
    /// the watch goes on elsewhere from now on, it is due at once. Returns how many were recorded.
    ///
    /// # Errors
    /// Those of writing, and [`StoreError::UnknownWatch`].
    pub async fn record_moves(
        &self,
        watch: &WatchId,
        configured: &Url,
        check: Option<CheckId>,
        moves: Vec<NewMove>,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        let (watch, configured) = (watch.clone(), configured.to_string());
        self.write("record a move", move |tx| {
            let key = known_key(tx, &watch)?;
            let mut recorded = 0;
            for found in &moves {
                let known = whereabouts(tx, key, &configured)?;
                let waits = known.open.iter().any(|one| one.url == found.url.as_str() && one.state == found.state);
                let there = known.moved.as_ref().map_or(configured.as_str(), |moved| moved.url.as_str());
                let refused =
                    found.state != MoveState::Accepted && known.refused.iter().any(|url| url == found.url.as_str());
                // A search that ends after the page is back found nothing.
                let searched = !matches!(found.way, Way::Redirect | Way::Operator);
                let is_back = searched && found.state == MoveState::Followed && !is_failing(tx, key)?;
                if is_back || waits || refused || found.state == MoveState::Followed && there == found.url.as_str() {
                    continue;
                }
                insert(tx, key, &configured, check, found, now)?;
                recorded += 1;
                // What a redirect led to was seen with it.
                if found.state == MoveState::Accepted
                    || found.state == MoveState::Followed && found.way != Way::Redirect
                {
                    tx.execute(
                        "UPDATE watches SET next_check_at = ?2 WHERE id = ?1 AND next_check_at > ?2",
                        (key, At(now)),
                    )?;
                }
            }
            Ok(recorded)
        })
        .await
    }
}

fn insert(
    tx: &Transaction<'_>,
    watch: i64,
    configured: &str,
    check: Option<CheckId>,
    found: &NewMove,
    now: Timestamp,
) -> Result<(), Fault> {
    tx.prepare_cached(
        "INSERT INTO moves (watch_id, check_id, found_at, configured, url, way, alike, state)
         VALUES (:watch, :check, :now, :configured, :url, :way, :alike, :state)",
    )?
    .execute(named_params! {
        ":watch": watch, ":check": check.map(|check| check.0), ":now": At(now), ":configured": configured,
        ":url": found.url.as_str(), ":way": found.way.as_str(), ":alike": found.alike.map(|alike| alike.clamp(0.0, 1.0)),
        ":state": found.state.as_str(),
    })?;
    Ok(())
}

/// What the end of a check says of whether the policy is where it was. Failures on the way
/// to it say nothing.
pub(super) fn note_loss(tx: &Transaction<'_>, watch: i64, check: CheckId, outcome: &Outcome) -> Result<(), Fault> {
    if outcome.is_success() {
        tx.prepare_cached("UPDATE watches SET lost_by = NULL WHERE id = ?1 AND lost_by IS NOT NULL")?
            .execute([watch])?;
    } else if calls_for_search(outcome) {
        tx.prepare_cached("UPDATE watches SET lost_by = ?2 WHERE id = ?1")?.execute((watch, check.0))?;
    }
    Ok(())
}

/// Forgets that a watch was lost: its address is another one now.
pub(super) fn forget_loss(tx: &Transaction<'_>, watch: &WatchId) -> Result<(), Fault> {
    tx.prepare_cached("UPDATE watches SET lost_by = NULL, sought_at = NULL WHERE name = ?1")?
        .execute([watch.as_str()])?;
    Ok(())
}

/// Whether the last look did not see the policy.
fn is_failing(tx: &Transaction<'_>, watch: i64) -> Result<bool, Fault> {
    let mut statement = tx.prepare_cached("SELECT failing_since IS NOT NULL FROM watches WHERE id = ?1")?;
    Ok(statement.query_row([watch], |row| row.get(0)).optional()?.unwrap_or_default())
}

/// Whether the page was lost at the last look that says so.
fn is_lost(tx: &Transaction<'_>, watch: i64) -> Result<bool, Fault> {
    let mut statement = tx.prepare_cached("SELECT lost_by IS NOT NULL FROM watches WHERE id = ?1")?;
    Ok(statement.query_row([watch], |row| row.get(0)).optional()?.unwrap_or_default())
}

/// Where a watch is, as far as it is recorded.
pub(super) fn whereabouts(tx: &Transaction<'_>, watch: i64, configured: &str) -> Result<Whereabouts, Fault> {
    let moves = all(tx, watch)?;
    if moves.is_empty() {
        return Ok(Whereabouts::default());
    }
    Ok(Whereabouts::of(&moves, configured, is_lost(tx, watch)?))
}

fn all(tx: &Transaction<'_>, watch: i64) -> Result<Vec<Move>, Fault> {
    let mut statement = tx.prepare_cached(
        "SELECT found_at, configured, url, way, alike, state FROM moves WHERE watch_id = ?1 ORDER BY id",
    )?;
    let rows = statement.query_map([watch], one)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn one(row: &Row<'_>) -> rusqlite::Result<Move> {
    Ok(Move {
        found_at: row.get::<_, At>(0)?.0,
        configured: row.get(1)?,
        url: row.get(2)?,
        way: word(3, &row.get::<_, String>(3)?, Way::parse)?,
        alike: row.get(4)?,
        state: word(5, &row.get::<_, String>(5)?, MoveState::parse)?,
    })
}
