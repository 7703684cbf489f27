//! Everything on record of some watches, one JSON object a line: the complete format, for
//! programs that want more than captures.
//!
//! A watch comes first, then its checks (`fact`), its captures (`snapshot`, with the body),
//! the other facts, and its versions (`version`, with text and sections) each with the change
//! that led to it. Objects of one kind have the same keys in the same order. `kept` is what
//! the record itself holds of a version: with it [`crate::exchange::jsonl`] brings the same
//! history back. A history that is cut off by dates comes without facts, and does not.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Seek as _, SeekFrom, Write};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::{Draft, ExportError, Selection, Written, at};
use crate::render::json::{self as wire, ChangeObject, ReadingObject};
use crate::snapshot::{Origin, Snapshot};
use crate::store::{CaptureFacts, PastFact, PastVersion, Store, Which};
use crate::time::rfc3339;
use crate::version::VersionFacts;
use crate::watch::WatchId;

#[derive(Serialize)]
struct VersionRow<'a> {
    object: &'static str,
    watch: &'a str,
    version: u32,
    captured_at: String,
    recorded_at: String,
    cause: &'static str,
    text_sha256: String,
    body_sha256: Vec<String>,
    change: Option<ChangeObject>,
    reading: ReadingObject,
    kept: KeptRow<'a>,
}

/// What the record holds of a version, as it is.
#[derive(Serialize)]
struct KeptRow<'a> {
    checks: Vec<Option<i64>>,
    revision: u32,
    reader: &'a RawValue,
    reading: &'a RawValue,
    change: Option<KeptChangeRow<'a>>,
}

#[derive(Serialize)]
struct KeptChangeRow<'a> {
    materiality: &'a str,
    severity: u8,
    kept: &'a RawValue,
}

/// Which form the lines have. 1 lacked facts and what is kept of versions.
pub const FORMAT: u32 = 2;

/// How often a history is written that is derived anew meanwhile.
const TRIES: usize = 3;

/// Writes the record of a selection. `each` is called after every capture and version.
///
/// # Errors
/// Nothing is left of the file then.
pub async fn export(
    path: &Path,
    selection: &Selection,
    store: &Store,
    mut each: impl FnMut(),
) -> Result<Written, ExportError> {
    let draft = Draft::begin(path)?;
    let mut out = BufWriter::new(draft.file.as_file());
    let mut written = Written::default();
    for watch in &selection.watches {
        let (begun, so_far) = (out.stream_position().map_err(at(path))?, written);
        let mut tries = 0;
        loop {
            let versions = selection.versions(watch, store).await?;
            let part = Part { watch, selection, store, path, versions: &versions };
            part.write(&mut out, &mut written, &mut each).await?;
            // Versions that came since are left for the next export; those that are there no
            // more were derived anew, and what was written may be of both.
            if selection.versions(watch, store).await?.starts_with(&versions) {
                break;
            }
            tries += 1;
            if tries == TRIES {
                return Err(ExportError::Moving { watch: watch.clone() });
            }
            out.seek(SeekFrom::Start(begun)).map_err(at(path))?;
            out.get_ref().set_len(begun).map_err(at(path))?;
            written = so_far;
        }
    }
    out.flush().map_err(at(path))?;
    drop(out);
    written.bytes = Some(draft.keep()?);
    Ok(written)
}

/// The history of one watch.
struct Part<'a> {
    watch: &'a WatchId,
    selection: &'a Selection,
    store: &'a Store,
    path: &'a Path,
    versions: &'a [VersionFacts],
}

impl Part<'_> {
    async fn write(
        &self,
        out: &mut impl Write,
        written: &mut Written,
        each: &mut impl FnMut(),
    ) -> Result<(), ExportError> {
        let Self { watch, selection, store, path, versions } = *self;
        let state = store.watch_state(watch).await?;
        let is_whole = selection.from.is_none() && selection.to.is_none();
        let (facts, numbers) = store.past_facts(watch).await?;
        let facts = if is_whole { facts } else { Vec::new() };
        let head = json!({
            "object": "watch",
            "format": FORMAT,
            "whole": is_whole,
            "watch": watch.as_str(),
            "url": state.as_ref().map(|state| &state.url),
            "service": state.as_ref().map(|state| &state.service),
        });
        line(out, &head).map_err(at(path))?;
        let fact =
            |fact: &PastFact| json!({"object": "fact", "watch": watch.as_str(), "table": fact.table, "row": fact.row});
        for checks in facts.iter().filter(|fact| fact.table == "checks") {
            line(out, &fact(checks)).map_err(at(path))?;
        }
        for capture in selection.captures(watch, store).await? {
            let snapshot = store.snapshot(capture.snapshot).await?;
            let check = numbers.get(&capture.snapshot.0).copied();
            // Recorded since the facts were read: the next export has it.
            if is_whole && check.is_none() {
                continue;
            }
            line(out, &snapshot_row(watch.as_str(), check, &capture, &snapshot)).map_err(at(path))?;
            written.captures += 1;
            each();
        }
        for other in facts.iter().filter(|fact| fact.table != "checks") {
            line(out, &fact(other)).map_err(at(path))?;
        }
        for facts in versions {
            let Some(version) = store.version(watch, Which::Number(facts.number)).await? else { return Ok(()) };
            let change = store.change(watch, facts.number).await?;
            let Some(past) = store.past_version(watch, facts.number).await? else { return Ok(()) };
            let row = VersionRow {
                object: "version",
                watch: watch.as_str(),
                version: facts.number,
                captured_at: rfc3339(facts.captured_at),
                recorded_at: rfc3339(facts.recorded_at),
                cause: facts.cause.as_str(),
                text_sha256: facts.digest.to_string(),
                body_sha256: bodies(facts, store).await?,
                change: change.map(|recorded| wire::change(Some((&recorded.change, &recorded.judgment)))),
                reading: wire::reading(&format!("{watch}@{}", facts.number), Ok(&version.reading)),
                kept: kept(&past, &numbers),
            };
            line(out, &row).map_err(at(path))?;
            written.versions += 1;
            each();
        }
        Ok(())
    }
}

fn kept<'a>(past: &'a PastVersion, numbers: &BTreeMap<i64, i64>) -> KeptRow<'a> {
    KeptRow {
        checks: past.snapshots.iter().map(|id| numbers.get(id).copied()).collect(),
        revision: past.revision,
        reader: &past.reader,
        reading: &past.reading,
        change: past.change.as_ref().map(|change| KeptChangeRow {
            materiality: &change.materiality,
            severity: change.severity,
            kept: &change.kept,
        }),
    }
}

async fn bodies(version: &VersionFacts, store: &Store) -> Result<Vec<String>, ExportError> {
    let mut digests = Vec::new();
    for snapshot in version.snapshots() {
        digests.push(store.snapshot(snapshot).await?.digest().to_string());
    }
    Ok(digests)
}

fn snapshot_row(watch: &str, check: Option<i64>, capture: &CaptureFacts, snapshot: &Snapshot) -> Value {
    let origin = match &snapshot.origin {
        Origin::Live { remote_addr } => json!({"kind": "live", "remote_addr": remote_addr}),
        Origin::Rendered { browser, remote_addr, stopped: false } => {
            json!({"kind": "rendered", "browser": browser, "remote_addr": remote_addr})
        }
        Origin::Rendered { browser, remote_addr, stopped: true } => {
            json!({"kind": "rendered", "browser": browser, "remote_addr": remote_addr, "stopped": true})
        }
        Origin::Wayback { memento_url, archive_digest, evidence } => json!({
            "kind": "wayback",
            "memento_url": memento_url,
            "archive_digest": archive_digest,
            "digest_check": evidence.digest.as_str(),
            "archive_source": evidence.source,
            "taken_from": evidence.taken_from,
        }),
        Origin::Warc { record_id } => json!({"kind": "warc", "record_id": record_id}),
        Origin::File { name } => json!({"kind": "file", "name": name}),
    };
    // Most bodies are text, and text is what people look for in such a file. As JSON, other
    // control characters take six bytes each, which could make the line too long to be read.
    let is_odd = |byte: u8| byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r');
    let (body, body_base64) = match std::str::from_utf8(&snapshot.body) {
        Ok(text) if !text.bytes().any(is_odd) => (Some(text), None),
        _ => (None, Some(STANDARD.encode(&snapshot.body))),
    };
    json!({
        "object": "snapshot",
        "watch": watch,
        "check": check,
        "captured_at": rfc3339(capture.captured_at),
        "recorded_at": rfc3339(capture.recorded_at),
        "outcome": capture.outcome,
        "why": capture.why,
        "url": snapshot.url,
        "final_url": snapshot.final_url,
        "redirects": snapshot.redirects.iter().map(|hop| json!([hop.status, hop.from, hop.to])).collect::<Vec<_>>(),
        "status": snapshot.status,
        "headers": snapshot.headers,
        "origin": origin,
        "body_sha256": capture.digest.to_string(),
        "body": body,
        "body_base64": body_base64,
    })
}

fn line(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}
