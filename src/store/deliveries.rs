//! The outbox: what is to be said, written with what caused it, sent later.
//!
//! `attempts` counts claims, so that an attempt which ended with a crash counts too. A
//! claim that is never settled is open again when its lease ends, under the same id.

use std::time::Duration;

use rusqlite::{OptionalExtension, Row, Transaction, named_params};

use super::fault::{At, Fault, word};
use super::watches::name;
use super::{CheckId, Store, StoreError};
use crate::alert::{Alert, Delivery, DeliveryId, DeliveryState, RETRY_PAUSES, Sent, retry_at};
use crate::time::Timestamp;

impl Store {
    /// Takes one delivery that is due, for `lease`: until then nobody else gets it. The
    /// attempt counts from here.
    ///
    /// # Errors
    /// Those of writing.
    pub async fn claim(&self, now: Timestamp, lease: Duration) -> Result<Option<Delivery>, StoreError> {
        self.claim_beside(&[], now, lease).await
    }

    /// As [`Store::claim`], but nothing for these channels: they have enough to do.
    ///
    /// # Errors
    /// Those of writing.
    pub async fn claim_beside(
        &self,
        busy: &[String],
        now: Timestamp,
        lease: Duration,
    ) -> Result<Option<Delivery>, StoreError> {
        // Asking does not need the right to write, and mostly nothing is due.
        if self.next_delivery_beside(busy).await?.is_none_or(|due| due > now) {
            return Ok(None);
        }
        let busy = names(busy);
        let until = now + chrono::Duration::from_std(lease).unwrap_or(chrono::Duration::days(1));
        self.write("claim a delivery", move |tx| {
            let id = tx
                .prepare_cached(
                    "UPDATE deliveries SET attempts = attempts + 1, due_at = ?2
                     WHERE number = (SELECT number FROM deliveries WHERE state = 'pending' AND due_at <= ?1
                                       AND channel NOT IN (SELECT value FROM json_each(?3))
                                     ORDER BY due_at, number LIMIT 1)
                     RETURNING id",
                )?
                .query_row((At(now), At(until), busy), |row| row.get(0))
                .optional()?;
            id.map(|id| one(tx, &DeliveryId(id))).transpose().map(Option::flatten)
        })
        .await
    }

    /// When the next delivery is due.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn next_delivery_at(&self) -> Result<Option<Timestamp>, StoreError> {
        self.next_delivery_beside(&[]).await
    }

    /// When the next delivery is due that is not for one of these channels.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn next_delivery_beside(&self, busy: &[String]) -> Result<Option<Timestamp>, StoreError> {
        let busy = names(busy);
        self.read("see when the next delivery is due", move |tx| {
            // In the order of the index, so that the first that fits is the answer.
            let mut statement = tx.prepare_cached(
                "SELECT due_at FROM deliveries
                 WHERE state = 'pending' AND channel NOT IN (SELECT value FROM json_each(?1))
                 ORDER BY due_at LIMIT 1",
            )?;
            let at: Option<At> = statement.query_row([busy], |row| row.get(0)).optional()?;
            Ok(at.map(|at| at.0))
        })
        .await
    }

    /// Writes how an attempt ended: delivered, dead, or due again ([`retry_at`]). What is
    /// delivered stays so, whatever a slower attempt says.
    ///
    /// # Errors
    /// Those of writing.
    pub async fn settle(&self, id: &DeliveryId, sent: Sent, now: Timestamp) -> Result<DeliveryState, StoreError> {
        let id = id.clone();
        self.write("settle a delivery", move |tx| {
            let delivery = one(tx, &id)?
                .ok_or_else(|| Fault::damaged(format!("deliveries {}", id.0), "it is not there any more"))?;
            if delivery.state == DeliveryState::Delivered {
                return Ok(DeliveryState::Delivered);
            }
            let (state, due_at, error) = match sent {
                Sent::Accepted => (DeliveryState::Delivered, None, None),
                Sent::Refused { reason } => (DeliveryState::Dead, None, Some(reason)),
                Sent::Failed { reason, .. } if delivery.state == DeliveryState::Dead => {
                    (DeliveryState::Dead, None, Some(reason))
                }
                Sent::Failed { reason, retry_after } => match retry_at(delivery.attempts, retry_after, now) {
                    Some(due) => (DeliveryState::Pending, Some(due), Some(reason)),
                    None => (DeliveryState::Dead, None, Some(reason)),
                },
            };
            tx.prepare_cached(
                "UPDATE deliveries SET state = :state, due_at = coalesce(:due_at, due_at),
                     last_error = coalesce(:error, last_error),
                     delivered_at = CASE WHEN :state = 'delivered' THEN :now END
                 WHERE id = :id",
            )?
            .execute(named_params! {
                ":id": id.0, ":state": state.as_str(), ":due_at": due_at.map(At), ":error": error, ":now": At(now),
            })?;
            Ok(state)
        })
        .await
    }

    /// Puts a test message in the queue.
    ///
    /// # Errors
    /// Those of writing.
    pub async fn enqueue_test(&self, alert: Alert, now: Timestamp) -> Result<(), StoreError> {
        self.write("enqueue a test message", move |tx| enqueue(tx, None, &[alert], now).map(|_| ())).await
    }

    /// Deliveries, newest first; of one state if given.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn deliveries(&self, state: Option<DeliveryState>, limit: usize) -> Result<Vec<Delivery>, StoreError> {
        self.read("read the deliveries", move |tx| {
            let mut statement =
                tx.prepare_cached(&select("?1 IS NULL OR d.state = ?1 ORDER BY d.number DESC LIMIT ?2"))?;
            let rows = statement.query_map((state.map(DeliveryState::as_str), limit as i64), delivery)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// What a check had to say, in the order of the channels.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn deliveries_of(&self, check: CheckId) -> Result<Vec<Delivery>, StoreError> {
        self.read("read the deliveries of a check", move |tx| {
            let mut statement = tx.prepare_cached(&select("d.check_id = ?1 ORDER BY d.number"))?;
            let rows = statement.query_map([check.0], delivery)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// One delivery.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn delivery(&self, id: &DeliveryId) -> Result<Option<Delivery>, StoreError> {
        let id = id.clone();
        self.read("read a delivery", move |tx| one(tx, &id)).await
    }

    /// Makes dead deliveries due now, attempts counted anew: one, or all. Returns how many.
    ///
    /// # Errors
    /// Those of writing.
    pub async fn retry(&self, id: Option<&DeliveryId>, now: Timestamp) -> Result<usize, StoreError> {
        let id = id.map(|id| id.0.clone());
        self.write("retry deliveries", move |tx| {
            Ok(tx.execute(
                "UPDATE deliveries SET state = 'pending', attempts = 0, due_at = ?2
                 WHERE state = 'dead' AND (?1 IS NULL OR id = ?1)",
                (id, At(now)),
            )?)
        })
        .await
    }
}

/// Puts alerts in the queue, due now; returns how many are new. Their ids come from the
/// facts, so that the same alert stays one.
pub(super) fn enqueue(
    tx: &Transaction<'_>,
    check: Option<CheckId>,
    alerts: &[Alert],
    now: Timestamp,
) -> Result<usize, Fault> {
    put(tx, check.map(|check| check.0), None, alerts, now)
}

/// [`enqueue`] for what tells of no change; `watch` is whom it is about.
pub(super) fn enqueue_notices(
    tx: &Transaction<'_>,
    watch: Option<i64>,
    notices: &[Alert],
    now: Timestamp,
) -> Result<usize, Fault> {
    put(tx, None, watch, notices, now)
}

/// [`enqueue_notices`] for what tells the end of something: each only if one of the notices
/// that told its beginning is on record.
pub(super) fn enqueue_ends(
    tx: &Transaction<'_>,
    watch: i64,
    ends: Vec<(Vec<DeliveryId>, Alert)>,
    now: Timestamp,
) -> Result<usize, Fault> {
    let mut was_told = tx.prepare_cached("SELECT EXISTS (SELECT 1 FROM deliveries WHERE id = ?1)")?;
    let mut heard = Vec::new();
    for (beginnings, end) in ends {
        let mut any = false;
        for beginning in beginnings {
            any |= was_told.query_row([&beginning.0], |row| row.get::<_, bool>(0))?;
        }
        heard.extend(any.then_some(end));
    }
    enqueue_notices(tx, Some(watch), &heard, now)
}

fn put(
    tx: &Transaction<'_>,
    check: Option<i64>,
    watch: Option<i64>,
    alerts: &[Alert],
    now: Timestamp,
) -> Result<usize, Fault> {
    let mut statement = tx.prepare_cached(
        "INSERT INTO deliveries (id, check_id, watch_id, channel, body, created_at, due_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6) ON CONFLICT DO NOTHING",
    )?;
    let mut new = 0;
    for alert in alerts {
        new += statement.execute((&alert.id.0, check, watch, &alert.channel, &alert.body, At(now)))?;
    }
    Ok(new)
}

/// Names as one parameter, which SQL takes apart again.
fn names(names: &[String]) -> String {
    serde_json::Value::from(names).to_string()
}

fn one(tx: &Transaction<'_>, id: &DeliveryId) -> Result<Option<Delivery>, Fault> {
    Ok(tx.prepare_cached(&select("d.id = ?1"))?.query_row([&id.0], delivery).optional()?)
}

fn select(clause: &str) -> String {
    format!(
        "SELECT d.id, w.name, d.channel, d.body, d.state, d.attempts, d.created_at, d.due_at, d.last_error, d.delivered_at
         FROM deliveries d LEFT JOIN checks c ON c.id = d.check_id LEFT JOIN watches w ON w.id = coalesce(c.watch_id, d.watch_id)
         WHERE {clause}"
    )
}

fn delivery(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    Ok(Delivery {
        id: DeliveryId(row.get(0)?),
        watch: row.get::<_, Option<String>>(1)?.map(|_| name(row, 1)).transpose()?,
        channel: row.get(2)?,
        body: row.get(3)?,
        state: word(4, &row.get::<_, String>(4)?, DeliveryState::parse)?,
        attempts: row.get(5)?,
        created_at: row.get::<_, At>(6)?.0,
        due_at: row.get::<_, At>(7)?.0,
        last_error: row.get(8)?,
        delivered_at: row.get::<_, Option<At>>(9)?.map(|at| at.0),
    })
}

/// Makes due what waits longer than any pause is: a clock that was wrong put it off.
pub(super) fn bring_near(tx: &Transaction<'_>, now: Timestamp) -> Result<(), Fault> {
    let longest = RETRY_PAUSES.iter().max().copied().unwrap_or_default();
    let farthest = now + chrono::Duration::from_std(longest).unwrap_or(chrono::Duration::days(1));
    tx.execute("UPDATE deliveries SET due_at = ?1 WHERE state = 'pending' AND due_at > ?2", (At(now), At(farthest)))?;
    Ok(())
}
