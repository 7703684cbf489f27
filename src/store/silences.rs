//! Policies that have not been seen for long: who was told, and whether they are back.

use rusqlite::{OptionalExtension, Transaction};
use url::Url;

use super::fault::{At, Fault};
use super::watches::key_of;
use super::{CheckId, Store, StoreError, deliveries};
use crate::alert::Alert;
use crate::health::Part;
use crate::render::notices::{self, AlsoUnseen};
use crate::silence::{Parts, Turn, Unseen};
use crate::time::{Timestamp, rfc3339};
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
        Turn::Begin { since, notices } if begin(tx, (check.0, watch, *since))? => {
            let notices = with_mates(tx, watch, check, notices)?;
            return deliveries::enqueue_notices(tx, Some(watch), &notices, now);
        }
        Turn::Keep => return Ok(0),
        Turn::Begin { .. } => return Ok(0),
        Turn::End { notices } => {
            let end = "UPDATE silences SET ended_by = ?1 WHERE watch_id = ?2 AND ended_by IS NULL";
            (tx.prepare_cached(end)?.execute((check.0, watch))?, notices)
        }
    };
    if changed == 0 { Ok(0) } else { deliveries::enqueue_notices(tx, Some(watch), notices, now) }
}

/// Writes down that a watch is silent; `false` if that is known.
fn begin(tx: &Transaction<'_>, (check, watch, since): (i64, i64, Timestamp)) -> Result<bool, Fault> {
    let insert = "INSERT INTO silences (check_id, watch_id, since) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
    Ok(tx.prepare_cached(insert)?.execute((check, watch, At(since)))? > 0)
}

/// Watches that one notice names at most: what is beyond is told in its own time, so that no
/// receiver refuses the message for its size.
const MOST_TOGETHER: usize = 200;

/// Another watch of a host that does not answer.
struct Mate {
    key: i64,
    named: AlsoUnseen,
    check: i64,
    since: Timestamp,
    channels: Vec<String>,
}

/// The notices of a silence, each naming the other watches of the host too that fell silent with
/// this one, for the same reason: those count as told, and are silent in the record from now on.
fn with_mates(tx: &Transaction<'_>, watch: i64, check: CheckId, notices: &[Alert]) -> Result<Vec<Alert>, Fault> {
    let mates = mates(tx, watch, check)?;
    // Whoever hears of one of them by another channel only is told of it in its own time.
    let all_hear = |mate: &Mate| mate.channels.iter().all(|name| notices.iter().any(|one| one.channel == *name));
    let mut together = Vec::new();
    for mate in mates.into_iter().filter(|mate| !mate.channels.is_empty()).filter(all_hear) {
        if together.len() == MOST_TOGETHER {
            break;
        }
        if begin(tx, (mate.check, mate.key, mate.since))? {
            together.push(mate);
        }
    }
    let name = |notice: &Alert| {
        let theirs = together.iter().filter(|mate| mate.channels.contains(&notice.channel));
        notices::also_unseen(notice, &theirs.map(|mate| mate.named.clone()).collect::<Vec<_>>())
    };
    Ok(notices.iter().map(name).collect())
}

/// The watches in force of the same host whose last look was in vain for the same reason, in the
/// same words, and which would be told of soon.
fn mates(tx: &Transaction<'_>, watch: i64, check: CheckId) -> Result<Vec<Mate>, Fault> {
    let host = |url: &str| Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
    let own: String =
        tx.prepare_cached("SELECT url FROM watches WHERE id = ?1")?.query_row([watch], |row| row.get(0))?;
    let mut statement = tx.prepare_cached(
        "SELECT w.id, w.name, w.url, w.failing_since, w.stale_after, c.id, w.notify, c.recorded_at
         FROM checks mine CROSS JOIN watches w CROSS JOIN checks c
         WHERE mine.id = ?1 AND mine.outcome = 'unreachable' AND w.id <> mine.watch_id
           AND c.why = mine.why AND c.outcome = mine.outcome
           AND w.failing_since IS NOT NULL AND w.stale_after IS NOT NULL AND w.notify IS NOT NULL
           AND w.next_check_at IS NOT NULL AND w.retired_at IS NULL
           AND c.id = (SELECT max(id) FROM checks WHERE watch_id = w.id AND whole_id IS NULL)
           AND NOT EXISTS (SELECT 1 FROM attempts WHERE check_id = c.id AND kind IN ('too_large', 'no_browser', 'browser'))
           AND NOT EXISTS (SELECT 1 FROM silences WHERE watch_id = w.id AND ended_by IS NULL)
         ORDER BY w.name",
    )?;
    let mut rows = statement.query([check.0])?;
    let mut mates = Vec::new();
    while let Some(row) = rows.next()? {
        let (url, since, after): (String, Timestamp, i64) = (row.get(2)?, row.get::<_, At>(3)?.0, row.get(4)?);
        // A seventh early: of a week, a day, in which each of them is looked at. As for the first,
        // its own looks decide, not the time in which nobody looked.
        let looked = row.get::<_, At>(7)?.0 - since;
        let soon = chrono::Duration::try_seconds(after - after / 7).is_some_and(|after| looked >= after);
        if !soon || host(&url) != host(&own) {
            continue;
        }
        let channels: String = row.get(6)?;
        let named = AlsoUnseen { id: row.get(1)?, url, unseen_since: rfc3339(since) };
        let channels = serde_json::from_str(&channels).unwrap_or_default();
        mates.push(Mate { key: row.get(0)?, named, check: row.get(5)?, since, channels });
    }
    Ok(mates)
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
