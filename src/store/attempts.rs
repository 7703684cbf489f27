//! The ways that pages were asked for, and what came of each.

use rusqlite::{OptionalExtension, Row, Transaction};

use super::fault::{At, Fault};
use super::watches::key_of;
use super::{CheckId, Store, StoreError};
use crate::ladder::{Known, Rung, Tried};
use crate::outcome::FailureKind;
use crate::time::Timestamp;
use crate::watch::WatchId;

impl Store {
    /// Which way showed a page last; of a watch with several, the page is named by its address.
    ///
    /// None before the policy was seen.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn known_rung(&self, watch: &WatchId, page: Option<&str>) -> Result<Option<Known>, StoreError> {
        let (watch, page) = (watch.clone(), page.map(str::to_owned));
        self.read("read which way showed the page", move |tx| {
            let Some(key) = key_of(tx, &watch)? else { return Ok(None) };
            // An archive says nothing of the ways to the page itself.
            let seen: Option<i64> = tx
                .prepare_cached(
                    "SELECT c.id FROM checks c LEFT JOIN snapshots s ON s.id = c.id
                     WHERE c.watch_id = ?1 AND c.page IS ?2 AND (s.id IS NULL OR s.origin = 'live')
                       AND c.outcome IN ('first', 'unmodified', 'unchanged', 'changed')
                     ORDER BY c.id DESC LIMIT 1",
                )?
                .query_row((key, &page), |row| row.get(0))
                .optional()?;
            let Some(seen) = seen else { return Ok(None) };
            let shown = of(tx, CheckId(seen))?;
            let shown = shown.iter().rev().find(|one| SEEN.contains(&one.outcome.as_str())).or(shown.last());
            let browser = shown.is_some_and(|shown| shown.rung == Rung::Browser);
            if !browser {
                return Ok(Some(Known { rung: Rung::Plain, plain_at: None }));
            }
            let plain_at: Option<At> = tx
                .prepare_cached(
                    "SELECT c.recorded_at FROM checks c JOIN attempts a ON a.check_id = c.id
                     WHERE c.watch_id = ?1 AND c.page IS ?2 AND a.rung = 'plain' ORDER BY c.id DESC LIMIT 1",
                )?
                .query_row((key, &page), |row| row.get(0))
                .optional()?;
            Ok(Some(Known { rung: Rung::Browser, plain_at: plain_at.map(|at| at.0) }))
        })
        .await
    }

    /// Until when the policy, or one page of it, is known to have stood there: the last look
    /// that saw it, and of a capture the moment it was made.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn seen_until(&self, watch: &WatchId, page: Option<&str>) -> Result<Option<Timestamp>, StoreError> {
        let (watch, page) = (watch.clone(), page.map(str::to_owned));
        self.read("read when the policy was last seen", move |tx| {
            let Some(key) = key_of(tx, &watch)? else { return Ok(None) };
            let mut statement = tx.prepare_cached(
                "SELECT max(coalesce(s.captured_at, c.recorded_at)) FROM checks c LEFT JOIN snapshots s ON s.id = c.id
                 WHERE c.watch_id = ?1 AND (?2 IS NULL OR c.page = ?2)
                   AND c.outcome IN ('first', 'unmodified', 'unchanged', 'changed')",
            )?;
            let at: Option<At> = statement.query_row((key, page), |row| row.get(0))?;
            Ok(at.map(|at| at.0))
        })
        .await
    }

    /// When an archive was last asked in the place of a page. One that was too busy to be
    /// asked ([`FailureKind::ArchiveBusy`]) was not.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn archive_tried_at(&self, watch: &WatchId, page: Option<&str>) -> Result<Option<Timestamp>, StoreError> {
        let (watch, page) = (watch.clone(), page.map(str::to_owned));
        self.read("read when an archive was asked", move |tx| {
            let Some(key) = key_of(tx, &watch)? else { return Ok(None) };
            let mut statement = tx.prepare_cached(
                "SELECT c.recorded_at FROM checks c JOIN attempts a ON a.check_id = c.id
                 WHERE c.watch_id = ?1 AND c.page IS ?2 AND a.rung = 'archive'
                   AND a.kind IS NOT ?3 ORDER BY c.id DESC LIMIT 1",
            )?;
            let at: Option<At> = statement.query_row((key, page, BUSY), |row| row.get(0)).optional()?;
            Ok(at.map(|at| at.0))
        })
        .await
    }
}

/// The word of [`FailureKind::ArchiveBusy`].
const BUSY: &str = FailureKind::ARCHIVE_BUSY;

/// Outcomes that saw the policy.
const SEEN: [&str; 4] = ["first", "unmodified", "unchanged", "changed"];

/// Writes down what came of the ways that a page was asked for.
pub(super) fn write(tx: &Transaction<'_>, check: CheckId, tried: &[Tried]) -> Result<(), Fault> {
    let mut statement = tx.prepare_cached(
        "INSERT INTO attempts (check_id, position, rung, outcome, why, kind) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for (position, tried) in (1_i64..).zip(tried) {
        statement.execute((check.0, position, tried.rung.as_str(), &tried.outcome, &tried.why, &tried.kind))?;
    }
    Ok(())
}

/// What came of the ways that the pages of a check were asked for, page by page.
pub(super) fn of_all(tx: &Transaction<'_>, check: CheckId) -> Result<Vec<Tried>, Fault> {
    let mut all = of(tx, check)?;
    let mut statement = tx.prepare_cached("SELECT id FROM checks WHERE whole_id = ?1 ORDER BY id")?;
    let parts = statement.query_map([check.0], |row| row.get(0))?.collect::<Result<Vec<i64>, _>>()?;
    for (page, part) in parts.into_iter().enumerate() {
        all.extend(of(tx, CheckId(part))?.into_iter().map(|tried| Tried { page: Some(page), ..tried }));
    }
    Ok(all)
}

/// What came of the ways that the page of a check was asked for, in their order.
pub(super) fn of(tx: &Transaction<'_>, check: CheckId) -> Result<Vec<Tried>, Fault> {
    let mut statement =
        tx.prepare_cached("SELECT rung, outcome, why, kind FROM attempts WHERE check_id = ?1 ORDER BY position")?;
    let tried = |row: &Row<'_>| {
        let rung: String = row.get(0)?;
        // The table knows no other word.
        let rung = Rung::parse(&rung).unwrap_or(Rung::Plain);
        Ok(Tried { rung, page: None, outcome: row.get(1)?, why: row.get(2)?, kind: row.get(3)? })
    };
    Ok(statement.query_map([check.0], tried)?.collect::<Result<_, _>>()?)
}
