//! Web archives: what they were asked, what they list, and what was taken from them.

use std::collections::BTreeMap;
use std::time::Duration;

use rusqlite::{OptionalExtension, Row as SqlRow, Transaction, named_params};

use super::fault::{At, Fault, Sha256, word};
use super::lock::{Place, take_place};
use super::versions::facts_of;
use super::watches::{key_of, known_key};
use super::{CheckId, Store, StoreError, Which, snapshots};
use crate::capture::Capture;
use crate::outcome::Outcome;
use crate::pace::{Cause, Class, Row, Sign, State, Turn};
use crate::snapshot::{Digest, Origin, Snapshot};
use crate::time::Timestamp;
use crate::version::SnapshotId;
use crate::watch::WatchId;

/// How far an archive's index of a page was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListingState {
    /// The 14 digits to go on from; none: nothing is under way.
    pub cursor: Option<String>,
    /// Since when.
    pub begun_at: Option<Timestamp>,
    /// Whether what is under way is all of it.
    pub is_whole: bool,
    /// When the reading of all of it began that came to its end last.
    pub whole_at: Option<Timestamp>,
    /// The same of its end.
    pub fresh_at: Option<Timestamp>,
    /// How many lines of the last reading were left out, being of no moment at which an archive
    /// can have captured anything.
    pub untimely: usize,
}

/// A line of an archive's index, as recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedCapture {
    /// Its key.
    pub id: i64,
    /// What the index says.
    pub capture: Capture,
    /// How often it could not be had.
    pub tries: u32,
    /// When it may be tried again.
    pub retry_at: Option<Timestamp>,
}

/// A memento on record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldMemento {
    /// The URL it was asked for under.
    pub url: String,
    /// Where it is.
    pub snapshot: SnapshotId,
    /// Its digest by the archive's index.
    pub digest: Option<String>,
    /// What it says; none: not the policy.
    pub text: Option<Digest>,
}

/// Where a page went, as recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordedTrace {
    /// The page.
    pub url: String,
    /// Since when.
    pub since: Timestamp,
    /// Where it leads; none: it is gone.
    pub target: Option<String>,
    /// Whether that is the same page, spelt otherwise, or where everybody is sent: no move.
    pub is_alias: bool,
    /// The capture that says so.
    pub memento: Option<String>,
    /// How alike the text there was to the last one before, 0 to 1; none: not compared.
    pub alike: Option<f64>,
}

/// When a version was first seen, and when the text before it was seen last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The last sighting of the text before; none of the first version.
    pub after: Option<Timestamp>,
    /// The first sighting of this one.
    pub until: Timestamp,
}

impl Store {
    /// Takes a turn at an archive, if there is one: `pause` after the last, and not while
    /// another process asks the same of an archive. Answers with the place, which is given
    /// back when it is dropped, or when the process ends, however it ends.
    ///
    /// # Errors
    /// Those of writing.
    pub async fn archive_turn(
        &self,
        host: &str,
        class: Class,
        pause: Duration,
        now: Timestamp,
    ) -> Result<(Turn, Option<Place>), StoreError> {
        let path = self.path().to_owned();
        let Some(place) = take_place(&path, class.as_str())? else { return Ok((Turn::Full, None)) };
        let host = host.to_owned();
        let turn = self
            .write("keep account of what an archive is asked", move |tx| {
                let mut state = pace(tx, &host, class)?;
                if state.host.is_on_probation() {
                    let others = Class::ALL.into_iter().filter(|other| *other != class);
                    for other in others {
                        state.is_asked |= take_place(&path, other.as_str())?.is_none();
                    }
                }
                let turn = state.turn(pause, now);
                if turn == Turn::Now {
                    keep_pace(tx, &host, class, &state)?;
                }
                Ok(turn)
            })
            .await?;
        Ok((turn, (turn == Turn::Now).then_some(place)))
    }

    /// Takes note of how a request to an archive ended; answers how long it is left alone.
    ///
    /// # Errors
    /// Those of writing.
    pub async fn archive_ended(
        &self,
        host: &str,
        class: Class,
        sign: Sign,
        now: Timestamp,
    ) -> Result<Option<Duration>, StoreError> {
        let host = host.to_owned();
        self.write("keep account of what an archive answers", move |tx| {
            let mut state = pace(tx, &host, class)?;
            let before = state.clone();
            let left = state.ended(sign, now);
            if state != before {
                keep_pace(tx, &host, class, &state)?;
            }
            Ok(left)
        })
        .await
    }

    /// How far an archive's index of a page was read.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn listing(&self, archive: &str, url: &str) -> Result<ListingState, StoreError> {
        let (archive, url) = (archive.to_owned(), url.to_owned());
        self.read("read how far an index was read", move |tx| {
            let mut statement = tx.prepare_cached(
                "SELECT cursor, begun_at, is_whole, whole_at, fresh_at, untimely FROM listings WHERE archive = ?1 AND url = ?2",
            )?;
            let state = statement.query_row((archive, url), |row| {
                let at = |column| Ok::<_, rusqlite::Error>(row.get::<_, Option<At>>(column)?.map(|at| at.0));
                Ok(ListingState {
                    cursor: row.get(0)?,
                    begun_at: at(1)?,
                    is_whole: row.get(2)?,
                    whole_at: at(3)?,
                    fresh_at: at(4)?,
                    untimely: usize::try_from(row.get::<_, i64>(5)?).unwrap_or(0),
                })
            });
            Ok(state.optional()?.unwrap_or_default())
        })
        .await
    }

    /// Keeps a part of an index, and how far it was read then; what is there already stays
    /// as it is.
    ///
    /// # Errors
    /// Those of writing.
    pub async fn keep_listed(
        &self,
        archive: &str,
        url: &str,
        captures: Vec<Capture>,
        state: ListingState,
    ) -> Result<(), StoreError> {
        let (archive, url) = (archive.to_owned(), url.to_owned());
        self.write("keep a part of an index", move |tx| {
            tx.prepare_cached("INSERT INTO listings (archive, url) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
                .execute((&archive, &url))?;
            let id: i64 = tx
                .prepare_cached("SELECT id FROM listings WHERE archive = ?1 AND url = ?2")?
                .query_row((&archive, &url), |row| row.get(0))?;
            tx.prepare_cached(
                "UPDATE listings SET cursor = ?2, begun_at = ?3, is_whole = ?4, whole_at = ?5, fresh_at = ?6,
                     untimely = ?7 WHERE id = ?1",
            )?
            .execute((
                id,
                &state.cursor,
                state.begun_at.map(At),
                state.is_whole,
                state.whole_at.map(At),
                state.fresh_at.map(At),
                state.untimely as i64,
            ))?;
            let mut insert = tx.prepare_cached(
                "INSERT INTO captures (listing_id, timestamp, captured_at, original, media_type, status, digest, memento)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING",
            )?;
            for capture in &captures {
                insert.execute((
                    id,
                    &capture.timestamp,
                    At(capture.captured_at),
                    &capture.original,
                    &capture.media_type,
                    capture.status,
                    &capture.digest,
                    &capture.memento,
                ))?;
            }
            Ok(())
        })
        .await
    }

    /// The lines of an archive's index of a page, oldest first.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn listed(&self, archive: &str, url: &str) -> Result<Vec<RecordedCapture>, StoreError> {
        let (archive, url) = (archive.to_owned(), url.to_owned());
        self.read("read what an archive lists", move |tx| {
            let mut statement = tx.prepare_cached(
                "SELECT c.id, c.timestamp, c.captured_at, c.original, c.media_type, c.status, c.digest, c.memento,
                        c.tries, c.retry_at
                 FROM captures c JOIN listings l ON l.id = c.listing_id WHERE l.archive = ?1 AND l.url = ?2
                 ORDER BY c.captured_at, c.timestamp, c.original, c.id",
            )?;
            let rows = statement.query_map((archive, url), capture)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Takes note that a capture could not be had, and when it may be tried again.
    ///
    /// # Errors
    /// Those of writing.
    pub async fn missed(&self, capture: i64, why: &str, retry_at: Option<Timestamp>) -> Result<(), StoreError> {
        let why = why.to_owned();
        self.write("note a capture that could not be had", move |tx| {
            tx.prepare_cached("UPDATE captures SET tries = tries + 1, why = ?2, retry_at = ?3 WHERE id = ?1")?
                .execute((capture, why, retry_at.map(At)))?;
            Ok(())
        })
        .await
    }

    /// Keeps where a page went by its captures, or that they do not say.
    ///
    /// # Errors
    /// Those of writing.
    pub async fn keep_trace(&self, archive: &str, url: &str, trace: Option<RecordedTrace>) -> Result<(), StoreError> {
        let (archive, url) = (archive.to_owned(), url.to_owned());
        self.write("keep where a page went", move |tx| {
            let listing = "(SELECT id FROM listings WHERE archive = ?1 AND url = ?2)";
            tx.execute(&format!("DELETE FROM traces WHERE listing_id = {listing}"), (&archive, &url))?;
            if let Some(RecordedTrace { since, target, is_alias, memento, alike, .. }) = trace {
                let kind = match (is_alias, &target) {
                    (true, _) => "alias",
                    (false, Some(_)) => "moved",
                    (false, None) => "gone",
                };
                tx.execute(
                    &format!(
                        "INSERT INTO traces (listing_id, since, kind, target, memento, alike)
                         SELECT {listing}, ?3, ?4, ?5, ?6, ?7 WHERE {listing} IS NOT NULL"
                    ),
                    (&archive, &url, At(since), kind, target, memento, alike),
                )?;
            }
            Ok(())
        })
        .await
    }

    /// Where a page went by its captures, if they say.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn trace(&self, archive: &str, url: &str) -> Result<Option<RecordedTrace>, StoreError> {
        let (archive, url) = (archive.to_owned(), url.to_owned());
        self.read("read where a page went", move |tx| {
            let mut statement = tx.prepare_cached(
                "SELECT l.url, t.since, t.target, t.memento, t.kind = 'alias', t.alike FROM traces t JOIN listings l ON l.id = t.listing_id
                 WHERE l.archive = ?1 AND l.url = ?2",
            )?;
            let trace = statement.query_row((archive, url), |row| {
                Ok(RecordedTrace {
                    url: row.get(0)?,
                    since: row.get::<_, At>(1)?.0,
                    target: row.get(2)?,
                    memento: row.get(3)?,
                    is_alias: row.get(4)?,
                    alike: row.get(5)?,
                })
            });
            Ok(trace.optional()?)
        })
        .await
    }

    /// The mementos that are recorded for a watch, whatever their time: an archived
    /// redirect leads to bytes of another moment than the one asked for.
    ///
    /// # Errors
    /// Those of reading and, once for stores of older versions, of writing.
    pub async fn held_mementos(&self, watch: &WatchId) -> Result<Vec<HeldMemento>, StoreError> {
        let (watch, again) = (watch.clone(), watch.clone());
        let unread = self
            .read("look for captures", move |tx| {
                let Some(key) = key_of(tx, &watch)? else { return Ok(false) };
                let mut statement = tx.prepare_cached(&format!("SELECT EXISTS ({UNREAD})"))?;
                Ok(statement.query_row([key], |row| row.get(0))?)
            })
            .await?;
        if unread {
            let watch = again.clone();
            self.write("read the heads of captures", move |tx| read_heads(tx, known_key(tx, &watch)?)).await?;
        }
        self.read("look for captures", move |tx| {
            let Some(key) = key_of(tx, &again)? else { return Ok(Vec::new()) };
            let mut statement = tx.prepare_cached(
                "SELECT url, snapshot_id, digest, text FROM mementos WHERE watch_id = ?1 ORDER BY snapshot_id",
            )?;
            let held = statement.query_map([key], held)?;
            Ok(held.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// The memento that a check recorded, if it did.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn memento(&self, check: CheckId) -> Result<Option<HeldMemento>, StoreError> {
        self.read("look for a capture", move |tx| {
            let mut statement =
                tx.prepare_cached("SELECT url, snapshot_id, digest, text FROM mementos WHERE snapshot_id = ?1")?;
            Ok(statement.query_row([check.0], held).optional()?)
        })
        .await
    }

    /// Between which moments each version came to be, by its number: everything counts that
    /// was seen of the texts, captures with the bytes of one on record too.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn bounds(&self, watch: &WatchId) -> Result<BTreeMap<u32, Bounds>, StoreError> {
        let watch = watch.clone();
        self.read("read when texts were seen", move |tx| {
            let Some(key) = key_of(tx, &watch)? else { return Ok(BTreeMap::new()) };
            let mut statement = tx.prepare_cached(BOUNDS)?;
            let bounds = statement.query_map([key], |row| {
                let after = row.get::<_, Option<At>>(1)?.map(|at| at.0);
                Ok((row.get(0)?, Bounds { after, until: row.get::<_, At>(2)?.0 }))
            })?;
            Ok(bounds.collect::<Result<_, _>>()?)
        })
        .await
    }
}

/// Of each version the last moment before it at which the page was read: as captured, as
/// the server said that nothing had changed, or as an archive lists bytes that were read
/// since the version before.
const BOUNDS: &str = "
    WITH seen AS (
        SELECT s.captured_at AS at FROM snapshots s JOIN checks c ON c.id = s.id
        LEFT JOIN checks w ON w.id = c.whole_id
        WHERE s.watch_id = ?1 AND c.outcome IN ('first', 'unchanged', 'changed')
              -- What a check of several pages saw together is one sighting, that of its version.
              AND (w.outcome IS NULL OR w.outcome = 'unchanged')
        UNION ALL
        SELECT recorded_at FROM checks WHERE watch_id = ?1 AND outcome = 'unmodified'
    ), placed AS (
        SELECT v.number, s.captured_at AS at,
               lag(s.captured_at) OVER (ORDER BY v.number) AS before
        FROM versions v JOIN snapshots s ON s.id = v.snapshot_id WHERE v.watch_id = ?1
    ), again AS (
        SELECT DISTINCT s.captured_at AS read_at, c.captured_at AS at
        FROM mementos m JOIN snapshots s ON s.id = m.snapshot_id
        JOIN captures c ON c.digest = m.digest AND c.captured_at >= s.captured_at
             AND (c.status = 200 OR c.status IS NULL)
        JOIN listings l ON l.id = c.listing_id AND substr(m.url, 1, length(l.archive)) = l.archive
        WHERE m.watch_id = ?1 AND m.text IS NOT NULL
              -- Of several pages one says nothing of the others.
              AND NOT EXISTS (SELECT 1 FROM checks WHERE watch_id = ?1 AND page IS NOT NULL)
    )
    SELECT p.number,
           nullif(max(coalesce((SELECT max(at) FROM seen WHERE at < p.at AND at >= p.before), ''),
                      coalesce((SELECT max(at) FROM again WHERE at < p.at AND read_at >= p.before AND read_at < p.at), ''),
                      coalesce(p.before, '')), ''),
           p.at
    FROM placed p";

fn capture(row: &SqlRow<'_>) -> rusqlite::Result<RecordedCapture> {
    Ok(RecordedCapture {
        id: row.get(0)?,
        capture: Capture {
            timestamp: row.get(1)?,
            captured_at: row.get::<_, At>(2)?.0,
            original: row.get(3)?,
            media_type: row.get(4)?,
            status: row.get(5)?,
            digest: row.get(6)?,
            memento: row.get(7)?,
        },
        tries: row.get(8)?,
        retry_at: row.get::<_, Option<At>>(9)?.map(|at| at.0),
    })
}

fn held(row: &SqlRow<'_>) -> rusqlite::Result<HeldMemento> {
    Ok(HeldMemento {
        url: row.get(0)?,
        snapshot: SnapshotId(row.get(1)?),
        digest: row.get(2)?,
        text: row.get::<_, Option<Sha256>>(3)?.map(|digest| digest.0),
    })
}

fn pace(tx: &Transaction<'_>, host: &str, class: Class) -> Result<State, Fault> {
    let row = |class: &str| {
        let mut statement = tx.prepare_cached(
            "SELECT next_at, quiet_until, cause, strikes, slow_until FROM archive_pace WHERE host = ?1 AND class = ?2",
        )?;
        let row = statement.query_row((host, class), |row| {
            let at = |column| Ok::<_, rusqlite::Error>(row.get::<_, Option<At>>(column)?.map(|at| at.0));
            let cause = row.get::<_, Option<String>>(2)?.map(|text| word(2, &text, Cause::parse)).transpose()?;
            Ok(Row { next_at: at(0)?, quiet_until: at(1)?, cause, strikes: row.get(3)?, slow_until: at(4)? })
        });
        Ok::<_, Fault>(row.optional()?.unwrap_or_default())
    };
    Ok(State { host: row("host")?, class: row(class.as_str())?, is_asked: false })
}

fn keep_pace(tx: &Transaction<'_>, host: &str, class: Class, state: &State) -> Result<(), Fault> {
    for (class, row) in [("host", &state.host), (class.as_str(), &state.class)] {
        tx.prepare_cached(
            "INSERT INTO archive_pace (host, class, next_at, quiet_until, cause, strikes, slow_until)
             VALUES (:host, :class, :next_at, :quiet_until, :cause, :strikes, :slow_until)
             ON CONFLICT (host, class) DO UPDATE SET next_at = excluded.next_at, quiet_until = excluded.quiet_until,
                 cause = excluded.cause, strikes = excluded.strikes, slow_until = excluded.slow_until",
        )?
        .execute(named_params! {
            ":host": host, ":class": class, ":next_at": row.next_at.map(At), ":quiet_until": row.quiet_until.map(At),
            ":cause": row.cause.map(Cause::as_str), ":strikes": row.strikes, ":slow_until": row.slow_until.map(At),
        })?;
    }
    Ok(())
}

/// Snapshots of archives whose heads were not read yet.
const UNREAD: &str = "SELECT id FROM snapshots WHERE watch_id = ?1 AND origin = 'wayback'
                      AND id NOT IN (SELECT snapshot_id FROM mementos WHERE watch_id = ?1)";

/// Reads the heads of mementos that were recorded before there was a table of them.
fn read_heads(tx: &Transaction<'_>, watch: i64) -> Result<(), Fault> {
    let ids = tx.prepare(UNREAD)?.query_map([watch], |row| row.get(0))?.collect::<Result<Vec<i64>, _>>()?;
    for id in ids {
        let (origin, captured_at) = snapshots::origin_and_moment(tx, id)?;
        let read: bool = tx
            .prepare_cached("SELECT outcome IN ('first', 'unchanged', 'changed') FROM checks WHERE id = ?1")?
            .query_row([id], |row| row.get(0))?;
        let text = if read { text_at(tx, watch, captured_at)? } else { None };
        insert_memento(tx, watch, SnapshotId(id), &origin, text)?;
    }
    Ok(())
}

/// Takes note of a memento that was just recorded.
pub(super) fn remember(
    tx: &Transaction<'_>,
    watch: i64,
    id: SnapshotId,
    served: &Snapshot,
    outcome: &Outcome,
) -> Result<(), Fault> {
    if !matches!(served.origin, Origin::Wayback { .. }) {
        return Ok(());
    }
    let text = match outcome {
        Outcome::First { reading, .. } | Outcome::Changed { reading, .. } => Some(reading.digest()),
        Outcome::Unchanged { .. } => text_at(tx, watch, served.captured_at)?,
        _ => None,
    };
    insert_memento(tx, watch, id, &served.origin, text)
}

/// The text in force at a moment.
fn text_at(tx: &Transaction<'_>, watch: i64, at: Timestamp) -> Result<Option<Digest>, Fault> {
    Ok(facts_of(tx, watch, &Which::At(at))?.map(|facts| facts.digest))
}

fn insert_memento(
    tx: &Transaction<'_>,
    watch: i64,
    id: SnapshotId,
    origin: &Origin,
    text: Option<Digest>,
) -> Result<(), Fault> {
    let Origin::Wayback { memento_url, archive_digest, .. } = origin else { return Ok(()) };
    tx.prepare_cached("INSERT INTO mementos (snapshot_id, watch_id, url, digest, text) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute((id.0, watch, memento_url, archive_digest, text.map(Sha256)))?;
    Ok(())
}
