//! What was served: bodies by digest, each once, and the snapshots that cite them.

use rusqlite::{OptionalExtension, Row, Transaction, named_params};

use super::encode::{HEAD_PREFIX, Head, OriginRow, redirect, redirect_row};
use super::fault::{At, Fault, Sha256, unless_damaged};
use super::pack::{Blobs, Shelf, pack, pack_on, unpack};
use super::versions::latest_facts;
use super::watches::key_of;
use super::{CheckFacts, CheckId, Store, StoreError, moves};
use crate::pages::{Held, page_of};
use crate::reading::{Page, Reader};
use crate::snapshot::{Digest, Origin, Served, Snapshot, Validators};
use crate::time::Timestamp;
use crate::version::{SnapshotId, VersionFacts};
use crate::watch::WatchId;
use url::Url;

/// Captures near in time that a body is compared with: sites alternate between variants.
const NEIGHBOURS: u32 = 3;

/// Bodies that stand alone with which a body is compared that is like none of its neighbours.
const FACES: u32 = 6;

/// The largest head that is believed, in bytes: far above what HTTP servers accept.
const MAX_HEAD: usize = 4 * 1024 * 1024;

impl Store {
    /// A stored snapshot, its body's digest checked.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] if it is missing or its bytes are not what was served.
    pub async fn snapshot(&self, id: SnapshotId) -> Result<Snapshot, StoreError> {
        self.read("read a snapshot", move |tx| load(tx, &mut Blobs::of(Shelf::Bodies), id)).await
    }

    /// Who served a stored snapshot, and where. Its body is not looked at.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] if it is missing or does not say.
    pub async fn served(&self, id: SnapshotId) -> Result<Served, StoreError> {
        self.read("read who served a snapshot", move |tx| served(tx, id.0)).await
    }

    /// Whether a capture of this origin (memento URL or WARC record id) is recorded for a watch.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn holds(&self, watch: &WatchId, origin: &Origin, captured_at: Timestamp) -> Result<bool, StoreError> {
        let (watch, origin) = (watch.clone(), origin.clone());
        self.read("look for a capture", move |tx| Ok(find(tx, &watch, &origin, captured_at)?.is_some())).await
    }

    /// The check that recorded a capture of this origin, if one did.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn recorded_outcome(
        &self,
        watch: &WatchId,
        origin: &Origin,
        captured_at: Timestamp,
    ) -> Result<Option<CheckFacts>, StoreError> {
        let (watch, origin) = (watch.clone(), origin.clone());
        self.read("look for a capture", move |tx| match find(tx, &watch, &origin, captured_at)? {
            Some(id) => super::checks::one(tx, CheckId(id.0)),
            None => Ok(None),
        })
        .await
    }

    /// What makes the next request for a watch conditional: the validators of the
    /// snapshot of its last successful live check, if that was read by `reader`.
    ///
    /// None where a 304 would not mean "as the latest version": the watch has another
    /// address now, is asked for with other headers, by another way or from elsewhere, the page came by a redirect (which may lead elsewhere by now), or an
    /// import brought a later capture.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn validators(&self, watch: &WatchId, reader: &Reader) -> Result<Validators, StoreError> {
        let (watch, reader) = (watch.clone(), reader.clone());
        self.read("read the validators", move |tx| {
            let Some(key) = key_of(tx, &watch)? else { return Ok(Validators::default()) };
            let Some(latest) = latest_facts(tx, key)? else { return Ok(Validators::default()) };
            let mut statement = tx.prepare_cached(
                "SELECT s.id, s.captured_at, w.url, w.asked_so_since FROM snapshots s JOIN checks c ON c.id = s.id JOIN watches w ON w.id = s.watch_id
                 WHERE s.watch_id = ?1 AND s.origin = 'live' AND c.outcome IN ('first', 'unchanged', 'changed')
                 ORDER BY s.id DESC LIMIT 1",
            )?;
            let row = statement
                .query_row([key], |row| {
                    let since = row.get::<_, Option<At>>(3)?.map(|at| at.0);
                    Ok((row.get(0)?, row.get::<_, At>(1)?.0, row.get::<_, String>(2)?, since))
                })
                .optional()?;
            let Some((id, captured_at, url, since)) = row else { return Ok(Validators::default()) };
            let asked_otherwise = since.is_some_and(|since| captured_at < since);
            if latest.reader != reader || latest.captured_at > captured_at || asked_otherwise {
                return Ok(Validators::default());
            }
            // Without it, the whole page is asked for.
            let Some(head) = unless_damaged(head_of(tx, id))? else { return Ok(Validators::default()) };
            // What a browser made of a page changes although its document does not.
            let rendered = matches!(head.origin, OriginRow::Rendered { .. });
            // What is asked now is where the policy went, if it did.
            let asked = moves::whereabouts(tx, key, &url)?.moved.map_or(url, |moved| moved.url);
            if rendered || head.url != asked || head.final_url != asked {
                return Ok(Validators::default());
            }
            let without_body = snapshot(head, Vec::new(), captured_at);
            Ok(without_body.validators())
        })
        .await
    }

    /// Where the publisher's server served the policy, or one page of it, when it was seen last.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] if that does not say.
    pub async fn last_live(&self, watch: &WatchId, page: Option<&str>) -> Result<Option<Served>, StoreError> {
        let (watch, page) = (watch.clone(), page.map(str::to_owned));
        self.read("find what was served last", move |tx| {
            let Some(key) = key_of(tx, &watch)? else { return Ok(None) };
            let mut statement = tx.prepare_cached(
                "SELECT s.id FROM snapshots s JOIN checks c ON c.id = s.id
                 WHERE s.watch_id = ?1 AND s.origin = 'live' AND c.outcome IN ('first', 'unchanged', 'changed')
                   AND (?2 IS NULL OR c.page = ?2)
                 ORDER BY s.id DESC LIMIT 1",
            )?;
            let id = statement.query_row((key, page), |row| row.get(0)).optional()?;
            id.map(|id| served(tx, id)).transpose()
        })
        .await
    }

    /// [`Store::validators`] of one page of several, which is asked for at `place`.
    ///
    /// None after a check that failed as a whole, too: what came of this page then is not
    /// in the latest version.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn page_validators(
        &self,
        watch: &WatchId,
        page: &Page,
        place: &Url,
        reader: &Reader,
    ) -> Result<Validators, StoreError> {
        let (watch, page, reader) = (watch.clone(), page.url.to_string(), reader.clone());
        let place = place.to_string();
        self.read("read the validators", move |tx| {
            let Some(key) = key_of(tx, &watch)? else { return Ok(Validators::default()) };
            let Some(latest) = latest_facts(tx, key)? else { return Ok(Validators::default()) };
            let mut statement = tx.prepare_cached(
                "SELECT outcome IN ('first', 'unmodified', 'unchanged', 'changed') FROM checks
                 WHERE watch_id = ?1 AND whole_id IS NULL AND page IS NULL ORDER BY id DESC LIMIT 1",
            )?;
            let well: Option<bool> = statement.query_row([key], |row| row.get(0)).optional()?;
            if latest.reader != reader || well != Some(true) {
                return Ok(Validators::default());
            }
            let mut statement = tx.prepare_cached(
                "SELECT s.id, s.captured_at FROM snapshots s JOIN checks c ON c.id = s.id
                 WHERE s.watch_id = ?1 AND c.page = ?2 AND s.origin = 'live' AND c.outcome IN ('first', 'unchanged', 'changed')
                   AND s.captured_at >= (SELECT coalesce(asked_so_since, '') FROM watches WHERE id = ?1)
                   AND s.captured_at >= (SELECT max(vs.captured_at) FROM version_pages v JOIN snapshots vs ON vs.id = v.snapshot_id
                                         JOIN checks vc ON vc.id = vs.id WHERE v.version_id = ?3 AND vc.page = ?2)
                 ORDER BY s.id DESC LIMIT 1",
            )?;
            let found = statement
                .query_row((key, &page, latest.id.0), |row| Ok((row.get(0)?, row.get::<_, At>(1)?.0)))
                .optional()?;
            let Some((id, captured_at)) = found else { return Ok(Validators::default()) };
            let Some(head) = unless_damaged(head_of(tx, id))? else { return Ok(Validators::default()) };
            let rendered = matches!(head.origin, OriginRow::Rendered { .. });
            if rendered || head.url != place || head.final_url != place {
                return Ok(Validators::default());
            }
            Ok(snapshot(head, Vec::new(), captured_at).validators())
        })
        .await
    }

    /// The snapshots that a version cites of some pages, in the order of those; none of a
    /// page that it does not cite.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] if one is missing or its bytes are not what was served.
    pub async fn held_pages(&self, version: &VersionFacts, pages: &[Page]) -> Result<Vec<Option<Held>>, StoreError> {
        let (cited, pages) = (version.snapshots(), pages.to_vec());
        self.read("read the snapshots of a version", move |tx| {
            let mut bodies = Blobs::of(Shelf::Bodies);
            let mut held: Vec<Option<Held>> = pages.iter().map(|_| None).collect();
            for id in cited {
                let snapshot = load(tx, &mut bodies, id)?;
                if let Some(at) = page_of_snapshot(tx, id, &snapshot.url, &pages)? {
                    held[at] = Some(Held { id, snapshot });
                }
            }
            Ok(held)
        })
        .await
    }
}

/// Which page a snapshot is of: the one it was asked for as, whatever its name is by now, else
/// the one its address is of.
pub(super) fn page_of_snapshot(
    tx: &Transaction<'_>,
    id: SnapshotId,
    url: &str,
    pages: &[Page],
) -> Result<Option<usize>, Fault> {
    let mut statement = tx.prepare_cached("SELECT page, watch_id FROM checks WHERE id = ?1")?;
    let (page, watch): (Option<String>, i64) = statement.query_row([id.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let name = page.as_deref().unwrap_or(url);
    match page_of(name, pages) {
        // It may have moved, and the configuration have been updated since.
        None => moves::named_before(tx, watch, name, pages),
        found => Ok(found),
    }
}

/// Keeps a snapshot under the number of its check.
pub(super) fn keep(
    tx: &Transaction<'_>,
    bodies: &mut Blobs,
    watch: i64,
    check: CheckId,
    snapshot: &Snapshot,
) -> Result<SnapshotId, Fault> {
    let body = keep_body(tx, bodies, watch, snapshot)?;
    let (head, head_base) = pack_head(tx, watch, snapshot)?;
    tx.prepare_cached(
        "INSERT INTO snapshots (id, watch_id, captured_at, origin, body_id, head_base_id, head)
         VALUES (:id, :watch, :captured_at, :origin, :body, :head_base, :head)",
    )?
    .execute(named_params! {
        ":id": check.0, ":watch": watch, ":captured_at": At(snapshot.captured_at),
        ":origin": origin_word(&snapshot.origin), ":body": body, ":head_base": head_base, ":head": head,
    })?;
    Ok(SnapshotId(check.0))
}

/// The body's key; the same bytes are stored once, whoever served them.
fn keep_body(tx: &Transaction<'_>, bodies: &mut Blobs, watch: i64, snapshot: &Snapshot) -> Result<i64, Fault> {
    let digest = Sha256(snapshot.digest());
    let known = tx
        .prepare_cached("SELECT id FROM bodies WHERE digest = ?1")?
        .query_row([&digest], |row| row.get(0))
        .optional()?;
    if let Some(id) = known {
        return Ok(id);
    }
    let neighbours = neighbours(tx, watch, snapshot.captured_at)?;
    let packed = pack_on(tx, bodies, &snapshot.body, &neighbours, || standing_alone(tx, watch))?;
    tx.prepare_cached("INSERT INTO bodies (digest, size, base_id, depth, data) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute((digest, snapshot.body.len() as i64, packed.base, packed.depth, packed.data))?;
    let id = tx.last_insert_rowid();
    bodies.remember(id, snapshot.body.clone());
    Ok(id)
}

/// The bodies captured last before a moment; where there is none, first after it.
fn neighbours(tx: &Transaction<'_>, watch: i64, captured_at: Timestamp) -> Result<Vec<i64>, Fault> {
    let before = "SELECT body_id FROM snapshots WHERE watch_id = ?1 AND captured_at <= ?2
                  ORDER BY captured_at DESC, id DESC LIMIT ?3";
    let after = "SELECT body_id FROM snapshots WHERE watch_id = ?1 AND captured_at > ?2
                 ORDER BY captured_at, id LIMIT ?3";
    for query in [before, after] {
        let mut statement = tx.prepare_cached(query)?;
        let rows = statement.query_map((watch, At(captured_at), NEIGHBOURS), |row| row.get(0))?;
        let ids = rows.collect::<Result<Vec<i64>, _>>()?;
        if !ids.is_empty() {
            return Ok(ids);
        }
    }
    Ok(Vec::new())
}

/// The latest bodies of a watch that stand alone: one for each face that its page shows.
fn standing_alone(tx: &Transaction<'_>, watch: i64) -> Result<Vec<i64>, Fault> {
    let mut statement = tx.prepare_cached(
        "SELECT DISTINCT b.id FROM snapshots s JOIN bodies b ON b.id = s.body_id
         WHERE s.watch_id = ?1 AND b.depth = 0 ORDER BY b.id DESC LIMIT ?2",
    )?;
    Ok(statement.query_map((watch, FACES), |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// Packs a head as a difference to one that stands alone, if that saves half.
fn pack_head(tx: &Transaction<'_>, watch: i64, snapshot: &Snapshot) -> Result<(Vec<u8>, Option<i64>), Fault> {
    let head = Head {
        url: snapshot.url.clone(),
        final_url: snapshot.final_url.clone(),
        status: snapshot.status,
        redirects: snapshot.redirects.iter().map(redirect_row).collect(),
        origin: OriginRow::from(&snapshot.origin),
        headers: snapshot.headers.clone(),
    };
    let failed = |error| Fault::damaged("snapshots", error);
    let json = serde_json::to_vec(&head).expect("strings and numbers are JSON");
    let alone = || pack(&json, HEAD_PREFIX).map_err(failed);
    let base: Option<i64> = tx
        .prepare_cached(
            "SELECT coalesce(head_base_id, id) FROM snapshots WHERE watch_id = ?1 ORDER BY captured_at DESC, id DESC LIMIT 1",
        )?
        .query_row([watch], |row| row.get(0))
        .optional()?;
    let Some(base) = base else { return Ok((alone()?, None)) };
    let Some(prefix) = unless_damaged(head_prefix(tx, Some(base)))? else { return Ok((alone()?, None)) };
    let difference = pack(&json, &prefix).map_err(failed)?;
    // Heads shrink to a third at best when they stand alone: an eighth wins unasked.
    if difference.len() * 8 <= json.len() {
        return Ok((difference, Some(base)));
    }
    let alone = alone()?;
    Ok(if difference.len() * 2 <= alone.len() { (difference, Some(base)) } else { (alone, None) })
}

/// A snapshot's row without its body.
struct HeadRow {
    id: i64,
    captured_at: Timestamp,
    base: Option<i64>,
    packed: Vec<u8>,
}

fn head_row(tx: &Transaction<'_>, id: i64) -> rusqlite::Result<Option<HeadRow>> {
    tx.prepare_cached("SELECT id, captured_at, head_base_id, head FROM snapshots WHERE id = ?1")?
        .query_row([id], |row| {
            Ok(HeadRow { id: row.get(0)?, captured_at: row.get::<_, At>(1)?.0, base: row.get(2)?, packed: row.get(3)? })
        })
        .optional()
}

/// What a head was compressed on.
fn head_prefix(tx: &Transaction<'_>, base: Option<i64>) -> Result<Vec<u8>, Fault> {
    let Some(base) = base else { return Ok(HEAD_PREFIX.to_vec()) };
    let row = head_row(tx, base)?.ok_or_else(|| missing(base))?;
    unpack_head(&row, HEAD_PREFIX)
}

fn unpack_head(row: &HeadRow, prefix: &[u8]) -> Result<Vec<u8>, Fault> {
    let damaged = |reason: String| Fault::damaged(format!("snapshots {}", row.id), reason);
    let size =
        zstd::zstd_safe::get_frame_content_size(&row.packed).ok().flatten().filter(|size| *size <= MAX_HEAD as u64);
    let size = size.ok_or_else(|| damaged("its head is no frame of ours".to_owned()))?;
    unpack(&row.packed, prefix, size as usize).map_err(|error| damaged(error.to_string()))
}

fn head(row: &HeadRow, prefix: &[u8]) -> Result<Head, Fault> {
    let json = unpack_head(row, prefix)?;
    serde_json::from_slice(&json).map_err(|error| Fault::damaged(format!("snapshots {}", row.id), error))
}

fn head_of(tx: &Transaction<'_>, id: i64) -> Result<Head, Fault> {
    let row = head_row(tx, id)?.ok_or_else(|| missing(id))?;
    head(&row, &head_prefix(tx, row.base)?)
}

fn snapshot(head: Head, body: Vec<u8>, captured_at: Timestamp) -> Snapshot {
    Snapshot {
        url: head.url,
        final_url: head.final_url,
        status: head.status,
        headers: head.headers,
        redirects: head.redirects.into_iter().map(redirect).collect(),
        body,
        captured_at,
        origin: head.origin.into(),
    }
}

/// A snapshot as it was served, its body's digest checked.
pub(super) fn load(tx: &Transaction<'_>, bodies: &mut Blobs, id: SnapshotId) -> Result<Snapshot, Fault> {
    let row = head_row(tx, id.0)?.ok_or_else(|| missing(id.0))?;
    let head = head(&row, &head_prefix(tx, row.base)?)?;
    let (body_id, digest) = tx
        .prepare_cached("SELECT b.id, b.digest FROM snapshots s JOIN bodies b ON b.id = s.body_id WHERE s.id = ?1")?
        .query_row([id.0], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Sha256>(1)?.0)))
        .optional()?
        .ok_or_else(|| Fault::damaged(format!("snapshots {}", id.0), "its body is missing"))?;
    let body = bodies.load(tx, body_id)?.as_ref().clone();
    check_digest(body_id, &digest, &body)?;
    Ok(snapshot(head, body, row.captured_at))
}

/// Who served a snapshot, and where.
fn served(tx: &Transaction<'_>, id: i64) -> Result<Served, Fault> {
    let Head { url, final_url, origin, .. } = head_of(tx, id)?;
    Ok(Served { url, final_url, origin: origin.into() })
}

/// Who served a snapshot, and when.
pub(super) fn origin_and_moment(tx: &Transaction<'_>, id: i64) -> Result<(Origin, Timestamp), Fault> {
    let row = head_row(tx, id)?.ok_or_else(|| missing(id))?;
    let head = head(&row, &head_prefix(tx, row.base)?)?;
    Ok((head.origin.into(), row.captured_at))
}

/// What a snapshot was asked for as, and when it was served.
pub(super) fn address_and_moment(tx: &Transaction<'_>, id: i64) -> Result<(String, Timestamp), Fault> {
    let row = head_row(tx, id)?.ok_or_else(|| missing(id))?;
    Ok((head(&row, &head_prefix(tx, row.base)?)?.url, row.captured_at))
}

/// Reads a snapshot's head and leaves it.
pub(super) fn check_head(tx: &Transaction<'_>, id: i64) -> Result<(), Fault> {
    let row = head_row(tx, id)?.ok_or_else(|| missing(id))?;
    head(&row, &head_prefix(tx, row.base)?).map(|_| ())
}

/// The bytes must be the ones that were served.
pub(super) fn check_digest(body_id: i64, digest: &Digest, body: &[u8]) -> Result<(), Fault> {
    let found = Digest::of(body);
    if found == *digest {
        return Ok(());
    }
    Err(Fault::damaged(format!("bodies {body_id}"), format!("its bytes have the digest {found}, not {digest}")))
}

/// The snapshot of a watch that was captured at this moment from this origin.
fn find(
    tx: &Transaction<'_>,
    watch: &WatchId,
    origin: &Origin,
    captured_at: Timestamp,
) -> Result<Option<SnapshotId>, Fault> {
    let Some(key) = key_of(tx, watch)? else { return Ok(None) };
    let ids = tx
        .prepare_cached(
            "SELECT id FROM snapshots WHERE watch_id = ?1 AND captured_at = ?2 AND origin = ?3 ORDER BY id",
        )?
        .query_map((key, At(captured_at), origin_word(origin)), |row: &Row<'_>| row.get(0))?
        .collect::<Result<Vec<i64>, _>>()?;
    for id in ids {
        let row = head_row(tx, id)?.ok_or_else(|| missing(id))?;
        if same_capture(&head(&row, &head_prefix(tx, row.base)?)?.origin.into(), origin) {
            return Ok(Some(SnapshotId(id)));
        }
    }
    Ok(None)
}

/// Whether two origins of the same moment name the same capture.
fn same_capture(a: &Origin, b: &Origin) -> bool {
    match (a, b) {
        (a, b) if a.is_live() && b.is_live() => true,
        // The digest is what the archive said of it that day, not what it is.
        (Origin::Wayback { memento_url: a, .. }, Origin::Wayback { memento_url: b, .. }) => a == b,
        (a, b) => a == b,
    }
}

pub(super) fn origin_word(origin: &Origin) -> &'static str {
    match origin {
        // A word of the column, which says when it was served, not by which way.
        Origin::Live { .. } | Origin::Rendered { .. } => "live",
        Origin::Wayback { .. } => "wayback",
        Origin::Warc { .. } => "warc",
        Origin::File { .. } => "file",
    }
}

fn missing(id: i64) -> Fault {
    Fault::damaged(format!("snapshots {id}"), "it is missing")
}
