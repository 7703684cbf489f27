//! Changes that are told only once a second look has found them again.

use rusqlite::{OptionalExtension, Row, Transaction, named_params};
use serde::{Deserialize, Serialize};

use super::fault::{At, Fault, word};
use super::watches::key_of;
use super::{CheckId, Confirmation, Store, StoreError, deliveries};
use crate::alert::{Alert, DeliveryId};
use crate::confirmation::{Await, Awaited, ConfirmationId, ConfirmationState, Step, Telling};
use crate::time::Timestamp;
use crate::version::SnapshotId;
use crate::watch::WatchId;

impl Store {
    /// The change of a watch that waits for a second look.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn awaited(&self, watch: &WatchId) -> Result<Option<Awaited>, StoreError> {
        let watch = watch.clone();
        self.read("see what waits for a second look", move |tx| {
            let Some(key) = key_of(tx, &watch)? else { return Ok(None) };
            let mut statement = tx.prepare_cached(
                "SELECT check_id, snapshot_id, base_id, first_seen_at, looks, due_at, alerts
                 FROM confirmations WHERE watch_id = ?1 AND state = 'pending'",
            )?;
            let found = statement.query_row([key], awaited).optional()?;
            found.transpose()
        })
        .await
    }

    /// Every change of a watch that was to be confirmed, oldest first.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn confirmations(&self, watch: &WatchId) -> Result<Vec<Confirmation>, StoreError> {
        let watch = watch.clone();
        self.read("read the confirmations", move |tx| {
            let Some(key) = key_of(tx, &watch)? else { return Ok(Vec::new()) };
            let mut statement = tx.prepare_cached(
                "SELECT c.snapshot_id, c.first_seen_at, c.due_at, c.state, s.recorded_at
                 FROM confirmations c LEFT JOIN checks s ON s.id = c.settled_by
                 WHERE c.watch_id = ?1 ORDER BY c.check_id",
            )?;
            let rows = statement.query_map([key], |row| {
                Ok(Confirmation {
                    snapshot: SnapshotId(row.get(0)?),
                    first_seen_at: row.get::<_, At>(1)?.0,
                    due_at: row.get::<_, At>(2)?.0,
                    state: word(3, &row.get::<_, String>(3)?, ConfirmationState::parse)?,
                    settled_at: row.get::<_, Option<At>>(4)?.map(|at| at.0),
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }
}

/// When the change of a watch that waits is looked at again.
pub(super) fn due(tx: &Transaction<'_>, watch: &WatchId) -> Result<Option<Timestamp>, Fault> {
    let mut statement = tx.prepare_cached(
        "SELECT c.due_at FROM confirmations c JOIN watches w ON w.id = c.watch_id
         WHERE w.name = ?1 AND c.state = 'pending'",
    )?;
    Ok(statement.query_row([watch.as_str()], |row| row.get::<_, At>(0)).optional()?.map(|at| at.0))
}

/// Writes what a check says of who is told, in its transaction; `snapshot` is what the
/// version in force after it cites. Returns how many deliveries wait because of it.
pub(super) fn tell(
    tx: &Transaction<'_>,
    watch: i64,
    check: CheckId,
    snapshot: Option<SnapshotId>,
    telling: &Telling,
    now: Timestamp,
) -> Result<usize, Fault> {
    let own = |tx| deliveries::enqueue(tx, Some(check), &telling.alerts, now);
    let (id, state) = match &telling.step {
        Step::Keep => return own(tx),
        Step::Await(new) => {
            let pending = "SELECT check_id FROM confirmations WHERE watch_id = ?1 AND state = 'pending'";
            let pending: Option<i64> = tx.prepare_cached(pending)?.query_row([watch], |row| row.get(0)).optional()?;
            if let Some(before) = pending {
                settle(tx, ConfirmationId(before), ConfirmationState::Replaced, check)?;
            }
            let snapshot =
                snapshot.ok_or_else(|| Fault::damaged("confirmations", "a change must lead to a version"))?;
            insert(tx, watch, check, snapshot, new)?;
            return own(tx);
        }
        Step::Confirm(id) => (*id, ConfirmationState::Confirmed),
        Step::Withdraw(id) => (*id, ConfirmationState::Withdrawn),
    };
    if !settle(tx, id, state, check)? {
        // Another process was faster, and has told.
        return Ok(0);
    }
    // A delivery cites the check that saw what it tells of.
    let first = deliveries::enqueue(tx, Some(CheckId(id.0)), &telling.confirmed, now)?;
    Ok(first + own(tx)?)
}

fn insert(tx: &Transaction<'_>, watch: i64, check: CheckId, snapshot: SnapshotId, new: &Await) -> Result<(), Fault> {
    let alerts: Vec<AlertRow> = new.alerts.iter().map(AlertRow::from).collect();
    tx.prepare_cached(
        "INSERT INTO confirmations (check_id, watch_id, snapshot_id, base_id, first_seen_at, looks, due_at, alerts)
         VALUES (:check, :watch, :snapshot, :base, :first_seen_at, :looks, :due_at, :alerts)",
    )?
    .execute(named_params! {
        ":check": check.0, ":watch": watch, ":snapshot": snapshot.0, ":base": new.base.0,
        ":first_seen_at": At(new.first_seen_at), ":looks": new.looks, ":due_at": At(new.due_at),
        ":alerts": serde_json::to_string(&alerts).expect("strings are JSON"),
    })?;
    Ok(())
}

/// Whether it waited still.
fn settle(tx: &Transaction<'_>, id: ConfirmationId, state: ConfirmationState, by: CheckId) -> Result<bool, Fault> {
    let settled = tx
        .prepare_cached(
            "UPDATE confirmations SET state = ?2, settled_by = ?3 WHERE check_id = ?1 AND state = 'pending'",
        )?
        .execute((id.0, state.as_str(), by.0))?;
    Ok(settled > 0)
}

#[derive(Debug, Serialize, Deserialize)]
struct AlertRow {
    id: String,
    channel: String,
    body: String,
}

impl From<&Alert> for AlertRow {
    fn from(alert: &Alert) -> Self {
        Self { id: alert.id.0.clone(), channel: alert.channel.clone(), body: alert.body.clone() }
    }
}

fn awaited(row: &Row<'_>) -> rusqlite::Result<Result<Awaited, Fault>> {
    let id = row.get::<_, i64>(0)?;
    let alerts: Vec<AlertRow> = match serde_json::from_str(&row.get::<_, String>(6)?) {
        Ok(alerts) => alerts,
        Err(error) => return Ok(Err(Fault::damaged(format!("confirmations {id}"), error))),
    };
    let alert = |row: AlertRow| Alert { id: DeliveryId(row.id), channel: row.channel, body: row.body };
    Ok(Ok(Awaited {
        id: ConfirmationId(id),
        snapshot: SnapshotId(row.get(1)?),
        base: SnapshotId(row.get(2)?),
        first_seen_at: row.get::<_, At>(3)?.0,
        looks: row.get(4)?,
        due_at: row.get::<_, At>(5)?.0,
        alerts: alerts.into_iter().map(alert).collect(),
    }))
}
