//! Watches, and what is due.

use std::collections::BTreeSet;

use rusqlite::{OptionalExtension, Row, Transaction, named_params};

use super::fault::{At, Fault, word};
use super::versions::latest_facts;
use super::{
    CheckFacts, CheckId, Due, Store, StoreError, Synced, WatchState, checks, confirmations, deliveries, moves, silences,
};
use crate::cadence::{Comes, LONGEST_RETRY_AFTER};
use crate::discovery::moves::Whereabouts;
use crate::time::Timestamp;
use crate::watch::{Watch, WatchId};

impl Store {
    /// The clock was set back: what was looked at at a time that is to come again was put off by
    /// a wrong clock, and is due now; so is what is to be told and was put off farther than any
    /// pause reaches.
    ///
    /// # Errors
    /// Those of writing.
    pub async fn clock_set_back(&self, now: Timestamp) -> Result<(), StoreError> {
        self.write("mend what a wrong clock put off", move |tx| {
            tx.execute(
                "UPDATE watches SET next_check_at = ?1
                     WHERE next_check_at > ?1
                       AND (SELECT recorded_at FROM checks WHERE watch_id = watches.id ORDER BY id DESC LIMIT 1) > ?1",
                [At(now)],
            )?;
            deliveries::bring_near(tx, now)
        })
        .await
    }

    /// Puts the configured watches in force: new ones are due at the moment that `due`
    /// names, missing ones are retired, returning ones revived.
    ///
    /// A watch that is in force already keeps its due time, if it has one, unless its
    /// address or its schedule is another than before; and what is overdue stays so.
    /// Watches that only imports know are never retired, and count as added when they are
    /// configured.
    ///
    /// # Errors
    /// Those of writing.
    pub async fn sync_watches(
        &self,
        watches: Vec<Watch>,
        due: impl Fn(&Watch, Comes) -> Option<Timestamp> + Send + 'static,
        now: Timestamp,
    ) -> Result<Synced, StoreError> {
        self.write("put the watches in force", move |tx| {
            let mut synced = Synced::default();
            let with_moves = moves::with_moves(tx)?;
            for watch in &watches {
                sync_one(tx, watch, &due, now, &mut synced)?;
                if with_moves.contains(&watch.id) {
                    moves::readdressed_pages(tx, watch, now)?;
                }
            }
            deliveries::bring_near(tx, now)?;
            let configured: BTreeSet<&WatchId> = watches.iter().map(|watch| &watch.id).collect();
            for id in in_force(tx)? {
                if !configured.contains(&id) {
                    if with_moves.contains(&id) {
                        moves::retired(tx, &id, now)?;
                    }
                    tx.execute(
                        "UPDATE watches SET retired_at = ?2, next_check_at = NULL WHERE name = ?1",
                        (id.as_str(), At(now)),
                    )?;
                    synced.retired.push(id);
                }
            }
            Ok(synced)
        })
        .await
    }

    /// Makes sure a watch exists that no configuration has: for imports. Never due. Answers
    /// whether it was made now.
    ///
    /// # Errors
    /// Those of writing.
    pub async fn adopt_watch(&self, id: &WatchId, url: &str, now: Timestamp) -> Result<bool, StoreError> {
        let (id, url) = (id.clone(), url.to_owned());
        self.write("adopt a watch", move |tx| {
            let made = tx.execute(
                "INSERT INTO watches (name, url, service, created_at) VALUES (?1, ?2, ?1, ?3) ON CONFLICT (name) DO NOTHING",
                (id.as_str(), url, At(now)),
            )?;
            Ok(made > 0)
        })
        .await
    }

    /// Forgets those of some watches that no configuration ever had and of which nothing is
    /// recorded: an import made them, and came to nothing.
    ///
    /// # Errors
    /// Those of writing.
    pub async fn release_watches(&self, ids: Vec<WatchId>) -> Result<(), StoreError> {
        if ids.is_empty() {
            return Ok(());
        }
        self.write("forget empty watches", move |tx| {
            for id in ids {
                tx.prepare_cached(
                    "DELETE FROM watches WHERE name = ?1 AND configured_at IS NULL
                     AND NOT EXISTS (SELECT 1 FROM checks WHERE watch_id = watches.id)",
                )?
                .execute([id.as_str()])?;
            }
            Ok(())
        })
        .await
    }

    /// Puts off a watch that could not be checked; one that is not in force stays so.
    ///
    /// # Errors
    /// Those of writing.
    pub async fn postpone(&self, id: &WatchId, until: Timestamp) -> Result<(), StoreError> {
        let id = id.clone();
        self.write("postpone a check", move |tx| {
            tx.execute(
                "UPDATE watches SET next_check_at = ?2 WHERE name = ?1 AND next_check_at IS NOT NULL",
                (id.as_str(), At(until)),
            )?;
            Ok(())
        })
        .await
    }

    /// The watches that are due, the longest overdue first.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<Due>, StoreError> {
        self.read("see what is due", move |tx| {
            let mut statement = tx.prepare_cached(
                "SELECT name, next_check_at FROM watches WHERE next_check_at <= ?1 ORDER BY next_check_at, id LIMIT ?2",
            )?;
            let due = statement.query_map((At(now), limit as i64), |row| {
                Ok(Due { watch: name(row, 0)?, due_at: row.get::<_, At>(1)?.0 })
            })?;
            Ok(due.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// When one watch is due; none: never, or nothing is known of it.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn due_at(&self, id: &WatchId) -> Result<Option<Timestamp>, StoreError> {
        let id = id.clone();
        self.read("see when a watch is due", move |tx| {
            let mut statement = tx.prepare_cached("SELECT next_check_at FROM watches WHERE name = ?1")?;
            let at = statement.query_row([id.as_str()], |row| row.get::<_, Option<At>>(0)).optional()?;
            Ok(at.flatten().map(|at| at.0))
        })
        .await
    }

    /// When the next watch is due.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn next_due_at(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read("see when the next watch is due", |tx| {
            let mut statement =
                tx.prepare_cached("SELECT min(next_check_at) FROM watches WHERE next_check_at IS NOT NULL")?;
            let at: Option<At> = statement.query_row([], |row| row.get(0))?;
            Ok(at.map(|at| at.0))
        })
        .await
    }

    /// What is known of one watch.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn watch_state(&self, id: &WatchId) -> Result<Option<WatchState>, StoreError> {
        let id = id.clone();
        self.read("read a watch", move |tx| key_of(tx, &id)?.map(|key| state(tx, key)).transpose()).await
    }

    /// What is known of all watches, by id; retired ones last.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn watch_states(&self) -> Result<Vec<WatchState>, StoreError> {
        self.read("read the watches", |tx| {
            let keys = tx
                .prepare_cached("SELECT id FROM watches ORDER BY retired_at IS NOT NULL, name")?
                .query_map([], |row| row.get(0))?
                .collect::<Result<Vec<i64>, _>>()?;
            keys.into_iter().map(|key| state(tx, key)).collect()
        })
        .await
    }
}

/// The key of a watch, if it is known.
pub(super) fn key_of(tx: &Transaction<'_>, id: &WatchId) -> rusqlite::Result<Option<i64>> {
    tx.prepare_cached("SELECT id FROM watches WHERE name = ?1")?.query_row([id.as_str()], |row| row.get(0)).optional()
}

/// The key of a watch that must be known.
pub(super) fn known_key(tx: &Transaction<'_>, id: &WatchId) -> Result<i64, Fault> {
    Ok(key_of(tx, id)?.ok_or_else(|| StoreError::UnknownWatch(id.clone()))?)
}

/// A watch's name in a row.
pub(super) fn name(row: &Row<'_>, column: usize) -> rusqlite::Result<WatchId> {
    word(column, &row.get::<_, String>(column)?, |text| WatchId::new(text).ok())
}

fn in_force(tx: &Transaction<'_>) -> Result<Vec<WatchId>, Fault> {
    let mut statement =
        tx.prepare("SELECT name FROM watches WHERE configured_at IS NOT NULL AND retired_at IS NULL ORDER BY name")?;
    let names = statement.query_map([], |row| name(row, 0))?;
    Ok(names.collect::<Result<_, _>>()?)
}

/// What the record says of a watch before a configuration is put in force.
struct Before {
    configured: bool,
    retired: bool,
    url: String,
    schedule: Option<String>,
    next_check_at: Option<Timestamp>,
    service: String,
    asked_as: String,
    told: Told,
}

/// Who would be told of a watch that is not seen, and after how many seconds.
#[derive(PartialEq)]
struct Told {
    notify: Option<String>,
    stale_after: Option<i64>,
}

impl Told {
    fn of(watch: &Watch) -> Self {
        let channels: Vec<&str> = watch.notify.iter().map(|recipient| recipient.channel.as_str()).collect();
        let seconds = watch.stale_after.and_then(|after| i64::try_from(after.as_secs()).ok());
        Self {
            notify: Some(serde_json::Value::from(channels).to_string()),
            stale_after: seconds.filter(|after| *after > 0),
        }
    }
}

impl Before {
    fn of(tx: &Transaction<'_>, id: &WatchId) -> rusqlite::Result<Option<Self>> {
        tx.prepare_cached(
            "SELECT configured_at IS NOT NULL, retired_at IS NOT NULL, url, schedule, next_check_at, service, asked_as,
                    notify, stale_after
             FROM watches WHERE name = ?1",
        )?
        .query_row([id.as_str()], |row| {
            Ok(Self {
                configured: row.get(0)?,
                retired: row.get(1)?,
                url: row.get(2)?,
                schedule: row.get(3)?,
                next_check_at: row.get::<_, Option<At>>(4)?.map(|at| at.0),
                service: row.get(5)?,
                asked_as: row.get(6)?,
                told: Told { notify: row.get(7)?, stale_after: row.get(8)? },
            })
        })
        .optional()
    }

    /// Whether the row says already what would be written.
    fn says(&self, watch: &Watch, asked_as: &str, schedule: &str, next_check_at: Option<Timestamp>) -> bool {
        (self.configured, self.retired) == (true, false)
            && self.url == watch.url.as_str()
            && self.service == watch.service
            && self.asked_as == asked_as
            && self.told == Told::of(watch)
            && self.schedule.as_deref() == Some(schedule)
            && self.next_check_at == next_check_at
    }
}

fn sync_one(
    tx: &Transaction<'_>,
    watch: &Watch,
    due: impl Fn(&Watch, Comes) -> Option<Timestamp>,
    now: Timestamp,
    synced: &mut Synced,
) -> Result<(), Fault> {
    let (schedule, asked_as, told) = (watch.schedule.to_string(), watch.access.mark(), Told::of(watch));
    let before = Before::of(tx, &watch.id)?;
    if let Some(before) = before.as_ref().filter(|before| before.url != watch.url.as_str()) {
        moves::readdressed(tx, watch, &before.url, now)?;
    }
    let next_check_at = match &before {
        None | Some(Before { configured: false, .. }) => {
            synced.added.push(watch.id.clone());
            due(watch, Comes::New)
        }
        Some(Before { retired: true, .. }) => {
            synced.revived.push(watch.id.clone());
            due(watch, Comes::New)
        }
        Some(Before { next_check_at: Some(overdue), .. }) if *overdue <= now => Some(*overdue),
        Some(before) if before.url != watch.url.as_str() => due(watch, Comes::New),
        Some(before) if before.schedule.as_ref() != Some(&schedule) => due(watch, Comes::Rescheduled),
        // Farther away than any look can be put off: the clock was wrong then.
        Some(Before { next_check_at: Some(far), .. }) if !is_in_reach(*far, due(watch, Comes::Rescheduled), now) => {
            due(watch, Comes::Rescheduled)
        }
        Some(before) => before.next_check_at.or_else(|| due(watch, Comes::New)),
    };
    // A change that waits for a second look is looked at in time, whatever the schedule says.
    let next_check_at = next_check_at.into_iter().chain(confirmations::due(tx, &watch.id)?).min();
    // Of thousands of watches, few are another than at the start before.
    if before.is_some_and(|before| before.says(watch, &asked_as, &schedule, next_check_at)) {
        return Ok(());
    }
    tx.prepare_cached(
        "INSERT INTO watches (name, url, service, schedule, created_at, configured_at, next_check_at, asked_as, notify, stale_after)
         VALUES (:name, :url, :service, :schedule, :now, :now, :next_check_at, :asked_as, :notify, :stale_after)
         ON CONFLICT (name) DO UPDATE SET
             url = excluded.url,
             service = excluded.service,
             schedule = excluded.schedule,
             configured_at = coalesce(configured_at, excluded.configured_at),
             next_check_at = excluded.next_check_at,
             asked_so_since = iif(asked_as = excluded.asked_as, asked_so_since, :now),
             asked_as = excluded.asked_as,
             notify = excluded.notify,
             stale_after = excluded.stale_after,
             retired_at = NULL",
    )?
    .execute(named_params! {
        ":name": watch.id.as_str(), ":url": watch.url.as_str(), ":service": watch.service,
        ":schedule": schedule, ":now": At(now), ":next_check_at": next_check_at.map(At),
        ":asked_as": asked_as, ":notify": told.notify, ":stale_after": told.stale_after,
    })?;
    Ok(())
}

/// Whether a look that was put down for then can have been put down by now: no later than the
/// schedule's next time, or than a server may put us off.
fn is_in_reach(at: Timestamp, scheduled: Option<Timestamp>, now: Timestamp) -> bool {
    scheduled.is_some_and(|scheduled| at <= scheduled) || at <= now + LONGEST_RETRY_AFTER
}

pub(super) fn state(tx: &Transaction<'_>, key: i64) -> Result<WatchState, Fault> {
    let last_check = last_check(tx, key)?;
    let latest = latest_facts(tx, key)?;
    let note = checks::last_note(tx, key)?;
    let silent_since = silences::told_since(tx, key)?;
    let configured: String =
        tx.prepare_cached("SELECT url FROM watches WHERE id = ?1")?.query_row([key], |row| row.get(0))?;
    let mut whereabouts = moves::whereabouts(tx, key, &configured)?;
    let pages = last_check.as_ref().map_or(&[][..], |check| &check.pages);
    let mut parts = silences::parts(tx, key, &pages.iter().map(|page| page.url.clone()).collect::<Vec<_>>())?;
    for part in &mut parts {
        part.whereabouts = moves::whereabouts_of_page(tx, key, &part.url)?;
    }
    if !parts.is_empty() {
        // Each page moves for itself, the first too.
        whereabouts = Whereabouts::default();
    }
    let mut statement = tx.prepare_cached(
        "SELECT name, url, service, retired_at, next_check_at, last_success_at, consecutive_failures, failing_since
         FROM watches WHERE id = ?1",
    )?;
    let at = |row: &Row<'_>, column| row.get::<_, Option<At>>(column).map(|at| at.map(|at| at.0));
    Ok(statement.query_row([key], |row| {
        Ok(WatchState {
            id: name(row, 0)?,
            url: row.get(1)?,
            service: row.get(2)?,
            retired_at: at(row, 3)?,
            next_check_at: at(row, 4)?,
            last_check,
            last_success_at: at(row, 5)?,
            consecutive_failures: row.get(6)?,
            failing_since: at(row, 7)?,
            silent_since,
            versions: latest.as_ref().map_or(0, |latest| latest.number),
            latest,
            note,
            parts,
            whereabouts,
        })
    })?)
}

/// The check that says how the page is now: the last one that asked for the page itself,
/// or the newest capture if that is younger. History that is read later says nothing of it.
fn last_check(tx: &Transaction<'_>, key: i64) -> Result<Option<CheckFacts>, Fault> {
    let one = |query: &str| -> Result<Option<CheckFacts>, Fault> {
        let id: Option<i64> = tx.prepare_cached(query)?.query_row([key], |row| row.get(0)).optional()?;
        Ok(id.map(|id| checks::one(tx, CheckId(id))).transpose()?.flatten())
    };
    let asked = one("SELECT c.id FROM checks c LEFT JOIN snapshots s ON s.id = c.id
         WHERE c.watch_id = ?1 AND c.whole_id IS NULL AND (s.id IS NULL OR s.origin = 'live') ORDER BY c.id DESC LIMIT 1")?;
    let newest = one("SELECT coalesce(c.whole_id, c.id) FROM snapshots s JOIN checks c ON c.id = s.id
         WHERE s.watch_id = ?1 ORDER BY s.captured_at DESC, s.id DESC LIMIT 1")?;
    Ok(match (asked, newest) {
        (Some(asked), Some(newest)) if newest.captured_at.is_some_and(|at| at > asked.recorded_at) => Some(newest),
        (None, newest) => newest,
        (asked, _) => asked,
    })
}
