//! Where policies went: what was found, what was decided, and what is to be searched for.

use std::collections::BTreeSet;
use std::time::Duration;

use rusqlite::{OptionalExtension, Row, Transaction, named_params};
use url::Url;

use super::fault::{At, Fault, word};
use super::watches::{key_of, known_key, name};
use super::{CheckId, Lost, Store, StoreError, deliveries, silences};
use crate::alert::DeliveryId;
use crate::discovery::moves::{
    LOST, Move, MoveEnd, MoveState, NewMove, Way, Whereabouts, calls_for_search, former_names,
};
use crate::outcome::Outcome;
use crate::pages::PageCheck;
use crate::reading::{Page, Why};
use crate::render::notices::{self, Decision};
use crate::time::Timestamp;
use crate::version::SnapshotId;
use crate::watch::{Watch, WatchId};

impl Store {
    /// Every move of a watch that was found or decided, oldest first.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn moves(&self, watch: &WatchId) -> Result<Vec<Move>, StoreError> {
        let watch = watch.clone();
        self.read("read the moves", move |tx| key_of(tx, &watch)?.map_or(Ok(Vec::new()), |key| all(tx, key))).await
    }

    /// What configurations ended of them, oldest first.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn move_ends(&self, watch: &WatchId) -> Result<Vec<MoveEnd>, StoreError> {
        let watch = watch.clone();
        self.read("read what ended the moves", move |tx| {
            let Some(key) = key_of(tx, &watch)? else { return Ok(Vec::new()) };
            let mut statement =
                tx.prepare_cached("SELECT ended_at, configured, url FROM move_ends WHERE watch_id = ?1 ORDER BY id")?;
            let ends = statement.query_map([key], |row| {
                Ok(MoveEnd { ended_at: row.get::<_, At>(0)?.0, configured: row.get(1)?, url: row.get(2)? })
            })?;
            Ok(ends.collect::<Result<_, _>>()?)
        })
        .await
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

    /// [`Store::whereabouts`] of one page of several, named as configured.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn whereabouts_of_page(&self, watch: &WatchId, page: &Url) -> Result<Whereabouts, StoreError> {
        let (watch, page) = (watch.clone(), page.to_string());
        self.read("see where a page is", move |tx| match key_of(tx, &watch)? {
            Some(key) => whereabouts_of_page(tx, key, &page),
            None => Ok(Whereabouts::default()),
        })
        .await
    }

    /// Whether a page of several was not where it is at the last look that says so.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn is_page_lost(&self, watch: &WatchId, page: &Url) -> Result<bool, StoreError> {
        let (watch, page) = (watch.clone(), page.to_string());
        self.read("see whether a page is lost", move |tx| {
            key_of(tx, &watch)?.map_or(Ok(false), |key| is_page_lost(tx, key, &page))
        })
        .await
    }

    /// What was served last in the place of a page of several.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn last_served(&self, watch: &WatchId, page: &Url) -> Result<Option<SnapshotId>, StoreError> {
        let (watch, page) = (watch.clone(), page.to_string());
        self.read("find what was served last", move |tx| {
            let Some(key) = key_of(tx, &watch)? else { return Ok(None) };
            let mut statement = tx.prepare_cached(
                "SELECT s.id FROM checks c JOIN snapshots s ON s.id = c.id
                 WHERE c.watch_id = ?1 AND c.page = ?2 AND c.whole_id IS NOT NULL AND s.origin = 'live'
                 ORDER BY c.id DESC LIMIT 1",
            )?;
            Ok(statement.query_row((key, page), |row| row.get(0).map(SnapshotId)).optional()?)
        })
        .await
    }

    /// The addresses that other watches in force are asked for at, or were configured with: a
    /// search for this one's policy must not take one of them.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn followed_by_others(&self, watch: &WatchId) -> Result<Vec<(WatchId, Url)>, StoreError> {
        let watch = watch.clone();
        self.read("see what other watches follow", move |tx| {
            let mut statement = tx.prepare_cached(
                "SELECT w.name, w.url FROM watches w
                 WHERE w.configured_at IS NOT NULL AND w.retired_at IS NULL AND w.name <> ?1
                 UNION SELECT w.name, c.page FROM watches w JOIN checks c ON c.whole_id =
                     (SELECT max(id) FROM checks WHERE watch_id = w.id AND whole_id IS NULL)
                 WHERE w.configured_at IS NOT NULL AND w.retired_at IS NULL AND w.name <> ?1
                 UNION SELECT w.name, m.url FROM watches w JOIN moves m ON m.watch_id = w.id
                 WHERE m.state IN ('followed', 'accepted') AND w.retired_at IS NULL AND w.name <> ?1",
            )?;
            let rows = statement
                .query_map([watch.as_str()], |row| Ok((name(row, 0)?, row.get::<_, String>(1)?)))?
                .collect::<Result<Vec<_>, _>>()?;
            Ok(rows.into_iter().filter_map(|(id, url)| Some((id, Url::parse(&url).ok()?))).collect())
        })
        .await
    }

    /// Where watches go on, of those that are not at the address of the configuration.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn moved(&self) -> Result<Vec<(WatchId, Url)>, StoreError> {
        self.read("see which policies moved", |tx| {
            let mut statement = tx.prepare_cached(
                "SELECT id, name, url FROM watches
                 WHERE id IN (SELECT watch_id FROM moves WHERE state IN ('followed', 'accepted'))",
            )?;
            let known = statement
                .query_map([], |row| Ok((row.get::<_, i64>(0)?, name(row, 1)?, row.get::<_, String>(2)?)))?
                .collect::<Result<Vec<_>, _>>()?;
            let mut moved = Vec::new();
            for (key, id, configured) in known {
                let there = whereabouts(tx, key, &configured)?.moved.and_then(|there| Url::parse(&there.url).ok());
                moved.extend(there.map(|there| (id, there)));
            }
            Ok(moved)
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

    /// Records moves of a watch as the configuration has it. One that waits for
    /// a decision already is not recorded twice, and one that was turned down not again. Where
    /// the watch goes on elsewhere from now on, it is due at once.
    ///
    /// What is followed or needs a decision is told to the watch's channels, once, with the
    /// record of it; a decision is told to those that were told what it decides.
    ///
    /// # Errors
    /// Those of writing, and [`StoreError::UnknownWatch`].
    pub async fn record_moves(
        &self,
        watch: &Watch,
        check: Option<CheckId>,
        moves: Vec<NewMove>,
        now: Timestamp,
    ) -> Result<RecordedMoves, StoreError> {
        let watch = watch.clone();
        self.write("record a move", move |tx| record(tx, &watch, None, check, &moves, now)).await
    }

    /// [`Store::record_moves`] of one page of several, named as configured.
    ///
    /// # Errors
    /// Those of [`Store::record_moves`].
    pub async fn record_moves_of_page(
        &self,
        watch: &Watch,
        page: &Url,
        check: Option<CheckId>,
        moves: Vec<NewMove>,
        now: Timestamp,
    ) -> Result<RecordedMoves, StoreError> {
        let (watch, page) = (watch.clone(), page.clone());
        self.write("record a move", move |tx| record(tx, &watch, Some(&page), check, &moves, now)).await
    }

    /// Tells the end of what waited for a decision, once the policy is seen where it was:
    /// nobody need decide any more. Whoever was told so already is not told twice. Of a policy
    /// on several pages, that is for each page that is seen. Returns how many deliveries wait because of it.
    ///
    /// # Errors
    /// Those of reading and writing.
    pub async fn settle_lapsed(&self, watch: &Watch, now: Timestamp) -> Result<usize, StoreError> {
        // Nearly always there is nothing, and asking does not need the right to write.
        let moves = self.moves(&watch.id).await?;
        let pages: Vec<Option<Url>> = match &watch.pages[..] {
            [] => vec![None],
            _ => watch.all_pages().into_iter().map(|page| Some(page.url)).collect(),
        };
        let configured = |page: &Option<Url>| page.clone().unwrap_or_else(|| watch.url.clone());
        let lapsed = |page: &Option<Url>| !Whereabouts::lapsed(&moves, configured(page).as_str()).is_empty();
        let pages: Vec<(Option<Url>, Url)> =
            pages.into_iter().filter(lapsed).map(|page| (page.clone(), configured(&page))).collect();
        if pages.is_empty() {
            return Ok(0);
        }
        let watch = watch.clone();
        self.write("tell that a policy is where it was", move |tx| {
            let (key, mut told) = (known_key(tx, &watch.id)?, 0);
            for (page, configured) in &pages {
                let (page, name) = (page.as_ref(), configured.as_str());
                if is_lost(tx, key, page)? || page.is_some() && failing_since(tx, key, page)?.is_some() {
                    continue;
                }
                let lapsed = Whereabouts::lapsed(&all(tx, key)?, name);
                told += tell_end(tx, key, (&watch, page), &lapsed, Decision::SeenAgain, Some(configured), now)?;
            }
            Ok(told)
        })
        .await
    }
}

/// Writes down moves of a watch, or of one page of several.
fn record(
    tx: &Transaction<'_>,
    watch: &Watch,
    page: Option<&Url>,
    check: Option<CheckId>,
    moves: &[NewMove],
    now: Timestamp,
) -> Result<RecordedMoves, Fault> {
    let (key, configured) = (known_key(tx, &watch.id)?, page.unwrap_or(&watch.url).as_str());
    let (mut done, mut news) = (RecordedMoves::default(), Vec::new());
    for found in moves {
        let known = whereabouts_of(tx, key, page, configured)?;
        if !is_new(tx, (key, page), &known, found, configured)? {
            continue;
        }
        if found.state == MoveState::Accepted {
            let turned_down = found.url.as_str() == configured;
            let decision = if turned_down { Decision::TurnedDown } else { Decision::Accepted };
            done.deliveries += tell_end(tx, key, (watch, page), &told_of(&known), decision, Some(&found.url), now)?;
        } else {
            news.push(found);
        }
        insert(tx, key, configured, check, found, now)?;
        done.moves += 1;
        // What a redirect led to was seen with it.
        if found.state == MoveState::Accepted || found.state == MoveState::Followed && found.way != Way::Redirect {
            tx.execute("UPDATE watches SET next_check_at = ?2 WHERE id = ?1 AND next_check_at > ?2", (key, At(now)))?;
        }
    }
    let notices = notices::of_moves(watch, page, &news, now);
    done.deliveries += deliveries::enqueue_notices(tx, Some(key), &notices, now)?;
    Ok(done)
}

/// What [`Store::record_moves`] wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecordedMoves {
    /// How many moves.
    pub moves: usize,
    /// How many deliveries wait because of them.
    pub deliveries: usize,
}

/// Whether a move that was found says more than what is known.
fn is_new(
    tx: &Transaction<'_>,
    (watch, page): (i64, Option<&Url>),
    known: &Whereabouts,
    found: &NewMove,
    configured: &str,
) -> Result<bool, Fault> {
    let url = found.url.as_str();
    let failing_since = failing_since(tx, watch, page)?;
    // What waited the last time that the policy was lost was settled when it was seen again, and
    // what a configuration ended does not wait any more, although it may be as it was.
    let ended_at = ended_at(tx, watch, configured)?;
    let waits = |one: &Move| {
        ended_at.is_none_or(|ended| one.found_at > ended)
            && (one.way == Way::Redirect || failing_since.is_some_and(|since| one.found_at >= since))
    };
    if known.open.iter().any(|one| one.url == url && one.state == found.state && waits(one)) {
        return Ok(false);
    }
    if found.state != MoveState::Accepted && known.refused.iter().any(|refused| refused == url) {
        return Ok(false);
    }
    // A search that ends after the page is back found nothing.
    let searched = !matches!(found.way, Way::Redirect | Way::Operator);
    let there = known.moved.as_ref().map_or(configured, |moved| moved.url.as_str());
    Ok(found.state != MoveState::Followed || there != url && !(searched && failing_since.is_none()))
}

/// What was told of and is not ended: what waits for a decision, or where the watch went by
/// itself.
fn told_of(known: &Whereabouts) -> Vec<Move> {
    let followed = known.moved.iter().filter(|moved| moved.state == MoveState::Followed);
    known.open.iter().chain(followed).cloned().collect()
}

/// Tells a decision to those channels that were told what it is about: of the watch as a whole,
/// or of that page of it, whichever it was then.
fn tell_end(
    tx: &Transaction<'_>,
    key: i64,
    (watch, page): (&Watch, Option<&Url>),
    told: &[Move],
    decision: Decision,
    there: Option<&Url>,
    now: Timestamp,
) -> Result<usize, Fault> {
    let named = told.first().and_then(|one| Url::parse(&one.configured).ok());
    let mut others = vec![None, named.as_ref()];
    others.retain(|other| *other != page);
    let mut waiting = 0;
    for page in [page].into_iter().chain(others) {
        let ends = notices::of_decision(watch, page, told, decision, there, now);
        waiting += deliveries::enqueue_ends(tx, key, ends, now)?;
    }
    Ok(waiting)
}

/// Writes down that the configuration ended what was found of an address, once.
fn note_end(
    tx: &Transaction<'_>,
    key: i64,
    (configured, told): (&str, &[Move]),
    there: Option<&Url>,
    now: Timestamp,
) -> Result<(), Fault> {
    let Some(last) = told.iter().map(|one| one.found_at).max() else { return Ok(()) };
    tx.prepare_cached(
        "INSERT INTO move_ends (watch_id, ended_at, configured, url) SELECT ?1, ?2, ?3, ?4
         WHERE NOT EXISTS (SELECT 1 FROM move_ends WHERE watch_id = ?1 AND configured = ?3 AND ended_at >= ?5)",
    )?
    .execute((key, At(now.max(last)), configured, there.map(Url::as_str), At(last)))?;
    Ok(())
}

/// When a configuration last ended what was found of an address.
fn ended_at(tx: &Transaction<'_>, watch: i64, configured: &str) -> Result<Option<Timestamp>, Fault> {
    let ended = "SELECT max(ended_at) FROM move_ends WHERE watch_id = ?1 AND configured = ?2";
    let ended: Option<At> = tx.prepare_cached(ended)?.query_row((watch, configured), |row| row.get(0))?;
    Ok(ended.map(|at| at.0))
}

/// The watches that moved, or may have.
pub(super) fn with_moves(tx: &Transaction<'_>) -> Result<BTreeSet<WatchId>, Fault> {
    let mut statement = tx.prepare_cached("SELECT name FROM watches WHERE id IN (SELECT watch_id FROM moves)")?;
    let names = statement.query_map([], |row| name(row, 0))?;
    Ok(names.collect::<Result<_, _>>()?)
}

/// Forgets that a watch was lost, since its address is another one now, and tells whoever
/// was told of a move of it as a whole that it is decided. `before` is the address until now.
pub(super) fn readdressed(tx: &Transaction<'_>, watch: &Watch, before: &str, now: Timestamp) -> Result<(), Fault> {
    let pages = watch.all_pages();
    let is_configured = pages.iter().any(|page| page.url.as_str() == before);
    if let Some(key) = key_of(tx, &watch.id)?
        && !is_configured
        // Another page of several may be the first now: that tells what became of this one.
        && !is_page(tx, key, before)?
    {
        let known = whereabouts(tx, key, before)?;
        let told = told_of(&known);
        let there = named_now(&known, &told, &pages).unwrap_or(&watch.url);
        tell_end(tx, key, (watch, None), &told, Decision::Configured, Some(there), now)?;
        note_end(tx, key, (before, &told), Some(there), now)?;
    }
    tx.prepare_cached("UPDATE watches SET lost_by = NULL, sought_at = NULL WHERE name = ?1")?
        .execute([watch.id.as_str()])?;
    Ok(())
}

/// Tells whoever was told of a move of a page of several that it is decided, and writes that
/// down: the configuration does not name that address any more, whether it names other pages or
/// none.
pub(super) fn readdressed_pages(tx: &Transaction<'_>, watch: &Watch, now: Timestamp) -> Result<(), Fault> {
    let Some(key) = key_of(tx, &watch.id)? else { return Ok(()) };
    let pages = watch.all_pages();
    let mut before: Vec<String> = all(tx, key)?.into_iter().map(|one| one.configured).collect();
    before.sort_unstable();
    before.dedup();
    before.retain(|name| !pages.iter().any(|page| page.url.as_str() == name));
    for name in before {
        let Ok(page) = Url::parse(&name) else { continue };
        let known = whereabouts_of_page(tx, key, &name)?;
        let told = told_of(&known);
        // What moved as a whole is told where its address changes.
        if told.is_empty() || !is_page(tx, key, &name)? {
            continue;
        }
        let there = named_now(&known, &told, &pages);
        let decision = if there.is_some() { Decision::Configured } else { Decision::Removed };
        tell_end(tx, key, (watch, Some(&page)), &told, decision, there, now)?;
        note_end(tx, key, (&name, &told), there, now)?;
    }
    Ok(())
}

/// Tells whoever was told of moves of a watch, or of pages of it, that nobody need decide about
/// them any more, and writes that down: the configuration does not name the watch.
pub(super) fn retired(tx: &Transaction<'_>, watch: &WatchId, now: Timestamp) -> Result<(), Fault> {
    let key = known_key(tx, watch)?;
    let url: String = tx.prepare_cached("SELECT url FROM watches WHERE id = ?1")?.query_row([key], |row| row.get(0))?;
    let names: BTreeSet<String> = all(tx, key)?.into_iter().map(|one| one.configured).collect();
    for name in names {
        let known = match is_page(tx, key, &name)? {
            true => whereabouts_of_page(tx, key, &name)?,
            false if name == url => whereabouts(tx, key, &name)?,
            false => continue,
        };
        let told = told_of(&known);
        if !told.is_empty() {
            tell_removal(tx, (key, watch), &name, &told, now)?;
            note_end(tx, key, (&name, &told), None, now)?;
        }
    }
    Ok(())
}

/// Tells the end of moves of an address to every channel that was told of them, as a move of the
/// watch as a whole or of that page of it.
fn tell_removal(
    tx: &Transaction<'_>,
    (key, watch): (i64, &WatchId),
    name: &str,
    told: &[Move],
    now: Timestamp,
) -> Result<(), Fault> {
    let page = Url::parse(name).ok();
    let mut channels = tx.prepare_cached("SELECT DISTINCT channel FROM deliveries WHERE watch_id = ?1")?;
    let channels = channels.query_map([key], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
    let mut body = tx.prepare_cached("SELECT body FROM deliveries WHERE id = ?1")?;
    let body = std::cell::RefCell::new(&mut body);
    let heard = |id: &DeliveryId| body.borrow_mut().query_row([&id.0], |row| row.get(0)).optional();
    let mut ends = Vec::new();
    for channel in &channels {
        for page in [None, page.as_ref()] {
            ends.extend(notices::of_removal((watch, page), told, channel, now, heard)?);
        }
    }
    deliveries::enqueue_notices(tx, Some(key), &ends, now)?;
    Ok(())
}

/// The page of the configuration that is where something went, or was told that it may be.
fn named_now<'a>(known: &Whereabouts, told: &[Move], pages: &'a [Page]) -> Option<&'a Url> {
    let mut found = known.moved.iter().chain(told);
    found.find_map(|found| pages.iter().find(|page| page.url.as_str() == found.url)).map(|page| &page.url)
}

/// Whether an address was one page of several when the watch was looked at last. What was
/// taken out before that look ended then, and an update of the program does not tell it anew.
///
/// Captures of the past are no look: they may be of some pages only. Nor is a check without
/// rows of its pages in which our own code failed.
fn is_page(tx: &Transaction<'_>, watch: i64, page: &str) -> rusqlite::Result<bool> {
    tx.prepare_cached(
        "WITH was AS (SELECT coalesce(max(whole_id), max(id)) AS last FROM checks WHERE watch_id = ?1 AND page = ?2)
         SELECT last IS NOT NULL AND NOT EXISTS (
             SELECT 1 FROM checks c JOIN checks part ON part.id = c.id OR part.whole_id = c.id
             LEFT JOIN snapshots s ON s.id = part.id
             WHERE c.watch_id = ?1 AND c.id > last AND c.whole_id IS NULL AND c.page IS NULL
                 AND (part.whole_id IS NOT NULL
                      OR c.outcome <> 'broken' AND NOT EXISTS (SELECT 1 FROM checks p WHERE p.whole_id = c.id))
                 AND (s.id IS NULL OR s.origin = 'live'
                      OR EXISTS (SELECT 1 FROM attempts a WHERE a.check_id = part.id))
         ) FROM was",
    )?
    .query_row((watch, page), |row| row.get(0))
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
/// to it say nothing, nor does an archive's capture that was read in its place.
pub(super) fn note_loss(
    tx: &Transaction<'_>,
    watch: i64,
    check: CheckId,
    (outcome, pages, seen): (&Outcome, &[PageCheck], bool),
) -> Result<(), Fault> {
    // One page of several is searched for by itself, while the others are seen.
    let (well, lost) = match pages {
        [] | [_] => (outcome.is_success(), calls_for_search(outcome)),
        pages => (
            pages.iter().all(|page| page.outcome.is_success()),
            pages.iter().any(|page| calls_for_search(&page.outcome)),
        ),
    };
    if well && seen {
        tx.prepare_cached("UPDATE watches SET lost_by = NULL WHERE id = ?1 AND lost_by IS NOT NULL")?
            .execute([watch])?;
    } else if lost {
        tx.prepare_cached("UPDATE watches SET lost_by = ?2 WHERE id = ?1")?.execute((watch, check.0))?;
    }
    Ok(())
}

/// Since when looks did not see the policy, or a page of it; none: the last one did.
fn failing_since(tx: &Transaction<'_>, watch: i64, page: Option<&Url>) -> Result<Option<Timestamp>, Fault> {
    if let Some(page) = page {
        let parts = silences::parts(tx, watch, &[page.to_string()])?;
        return Ok(parts.first().and_then(|part| part.failing_since));
    }
    let mut statement = tx.prepare_cached("SELECT failing_since FROM watches WHERE id = ?1")?;
    let at = statement.query_row([watch], |row| row.get::<_, Option<At>>(0)).optional()?;
    Ok(at.flatten().map(|at| at.0))
}

/// Whether the page was lost at the last look that says so.
fn is_lost(tx: &Transaction<'_>, watch: i64, page: Option<&Url>) -> Result<bool, Fault> {
    if let Some(page) = page {
        return is_page_lost(tx, watch, page.as_str());
    }
    let mut statement = tx.prepare_cached("SELECT lost_by IS NOT NULL FROM watches WHERE id = ?1")?;
    Ok(statement.query_row([watch], |row| row.get(0)).optional()?.unwrap_or_default())
}

/// Where a watch is, as far as it is recorded.
pub(super) fn whereabouts(tx: &Transaction<'_>, watch: i64, configured: &str) -> Result<Whereabouts, Fault> {
    let moves = all(tx, watch)?;
    if moves.is_empty() {
        return Ok(Whereabouts::default());
    }
    Ok(Whereabouts::of(&moves, configured, is_lost(tx, watch, None)?))
}

/// Where one page of several is, as far as it is recorded.
pub(super) fn whereabouts_of_page(tx: &Transaction<'_>, watch: i64, page: &str) -> Result<Whereabouts, Fault> {
    let moves = all(tx, watch)?;
    if moves.is_empty() {
        return Ok(Whereabouts::default());
    }
    Ok(Whereabouts::of(&moves, page, is_page_lost(tx, watch, page)?))
}

fn whereabouts_of(
    tx: &Transaction<'_>,
    watch: i64,
    page: Option<&Url>,
    configured: &str,
) -> Result<Whereabouts, Fault> {
    match page {
        Some(page) => whereabouts_of_page(tx, watch, page.as_str()),
        None => whereabouts(tx, watch, configured),
    }
}

/// Whether a page of several was not where it is at the last look that says so: failures on
/// the way to it say nothing, nor does an archive's capture in its place.
fn is_page_lost(tx: &Transaction<'_>, watch: i64, page: &str) -> Result<bool, Fault> {
    let mut statement = tx.prepare_cached(
        "SELECT c.outcome, c.why FROM checks c LEFT JOIN snapshots s ON s.id = c.id
         WHERE c.watch_id = ?1 AND c.page = ?2 AND c.whole_id IS NOT NULL AND (s.id IS NULL OR s.origin = 'live')
           AND c.outcome IN ('first', 'unmodified', 'unchanged', 'changed', 'unreadable') ORDER BY c.id DESC",
    )?;
    let mut looks = statement.query((watch, page))?;
    while let Some(look) = looks.next()? {
        if look.get::<_, String>(0)? != "unreadable" {
            return Ok(false);
        }
        // What is recorded of an unreadable page begins with the word of the reason.
        let why: Option<String> = look.get(1)?;
        let word = why.as_deref().and_then(|why| why.split(':').next()).and_then(Why::parse);
        if word.is_some_and(|why| LOST.contains(&why)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The addresses under which pages of a watch were configured before, by their place among
/// those of now.
pub(super) fn named_before(
    tx: &Transaction<'_>,
    watch: i64,
    name: &str,
    pages: &[Page],
) -> Result<Option<usize>, Fault> {
    let moves = all(tx, watch)?;
    let was = |page: &Page| former_names(&moves, page.url.as_str()).iter().any(|known| known == name);
    Ok(if moves.is_empty() { None } else { pages.iter().position(was) })
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
