//! Our complete format, read: whole histories as `export jsonl` wrote them, for a store that
//! does not have them. What is recorded is what was on record there; nothing is read or
//! judged anew.
//!
//! The file may be anybody's: lines are bounded, every line is checked before it is
//! recorded, and a watch comes with all of its history or not at all.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::export::jsonl::FORMAT;
use super::import::{ImportError, SourceError};
use crate::clock::Clock;
use crate::snapshot::{Digest, DigestCheck, Evidence, Origin, Redirect, Snapshot};
use crate::store::{
    OUT_OF_TIME, Past, PastChange, PastFact, PastVersion, Store, StoreError, Transferred, check_address,
};
use crate::time::{Timestamp, is_noted, is_recordable, parse_rfc3339};
use crate::version::Cause;
use crate::watch::WatchId;

/// Bytes of a line: a body of 64 MiB as JSON may have twice that, and its version more.
const MAX_LINE: u64 = 256 * 1024 * 1024;

/// Bytes of a line that has neither a body nor a text.
const MAX_SMALL_LINE: usize = 1024 * 1024;

/// Values of a line. The smallest have two bytes in a file, and some forty times that in
/// memory. The largest policy known to us has a hundredth of them.
const MAX_VALUES: usize = 2_000_000;

/// What became of the history of one watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// Whose it is.
    pub watch: WatchId,
    /// What became of it.
    pub taken: Transferred,
}

/// Takes in every history of a file that `wanted` names, or only looks at them where `dry`.
///
/// # Errors
/// What is wrong with the file, with its line; the watches before are recorded then, whole.
pub async fn import<C: Clock>(
    path: &Path,
    wanted: Option<&WatchId>,
    dry: bool,
    store: &Store,
    clock: &C,
    mut each: impl FnMut(Imported) -> io::Result<()>,
) -> Result<(), ImportError> {
    let lines = Lines::open(path, clock.now()).map_err(|error| SourceError::new(path.display().to_string(), error))?;
    let lines = Arc::new(Mutex::new(lines));
    loop {
        let shared = Arc::clone(&lines);
        let head = tokio::task::spawn_blocking(move || locked(&shared).head());
        let Some(head) = super::import::worked(head.await)? else { return Ok(()) };
        let (shared, watch) = (Arc::clone(&lines), head.watch.clone());
        let own = watch.clone();
        let next = move || {
            let mut lines = locked(&shared);
            lines.next_of(&own).map_err(|SourceError { place, reason }| StoreError::NotAHistory { place, reason })
        };
        let taken = if dry || wanted.is_some_and(|wanted| *wanted != watch) {
            let looked = tokio::task::spawn_blocking(move || looked_at(next));
            super::import::worked(looked.await)?
        } else {
            store.take_history(&watch, (head.url, head.service), next, clock.now()).await?
        };
        if wanted.is_none_or(|wanted| *wanted == watch) {
            each(Imported { watch, taken }).map_err(ImportError::Told)?;
        }
    }
}

/// How many values a line has, roughly: by what begins them and stands between them.
fn values(line: &[u8]) -> usize {
    let (mut count, mut quoted, mut escaped) = (0, false, false);
    for byte in line {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = quoted,
            b'"' => quoted = !quoted,
            b',' | b'[' | b'{' if !quoted => count += 1,
            _ => {}
        }
    }
    count
}

/// Reads a history without recording it.
fn looked_at(mut next: impl FnMut() -> Result<Option<(String, Past)>, StoreError>) -> Result<Transferred, StoreError> {
    let mut seen = Transferred::default();
    while let Some((_, past)) = next()? {
        match past {
            Past::Snapshot(..) => seen.captures += 1,
            Past::Version(_) => seen.versions += 1,
            Past::Fact(_) => {}
        }
    }
    Ok(seen)
}

fn locked(lines: &Mutex<Lines>) -> std::sync::MutexGuard<'_, Lines> {
    lines.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The first line of a history.
#[derive(Debug)]
struct Head {
    watch: WatchId,
    url: String,
    service: String,
}

/// What kind of line it is; the rest of it is passed over.
#[derive(Debug, Deserialize)]
struct KindLine {
    #[serde(default)]
    object: String,
}

#[derive(Debug, Deserialize)]
struct HeadLine {
    #[serde(default)]
    format: u32,
    #[serde(default)]
    whole: bool,
    watch: String,
    url: Option<String>,
    service: Option<String>,
}

#[derive(Debug, Deserialize)]
struct FactLine {
    watch: String,
    table: String,
    row: Map<String, Value>,
}

#[derive(Debug, Deserialize)]
struct SnapshotLine {
    watch: String,
    check: i64,
    captured_at: String,
    url: String,
    final_url: String,
    redirects: Vec<(u16, String, String)>,
    status: u16,
    headers: Vec<(String, String)>,
    origin: OriginLine,
    body_sha256: String,
    body: Option<String>,
    body_base64: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum OriginLine {
    Live {
        remote_addr: Option<String>,
    },
    Rendered {
        browser: String,
        remote_addr: Option<String>,
        #[serde(default)]
        stopped: bool,
    },
    Wayback {
        memento_url: String,
        archive_digest: Option<String>,
        digest_check: String,
        archive_source: Option<String>,
        taken_from: Option<String>,
    },
    Warc {
        record_id: String,
    },
    File {
        name: String,
    },
}

#[derive(Debug, Deserialize)]
struct VersionLine {
    watch: String,
    version: u32,
    recorded_at: String,
    cause: String,
    text_sha256: String,
    kept: KeptLine,
}

#[derive(Debug, Deserialize)]
struct KeptLine {
    checks: Vec<i64>,
    revision: u32,
    reader: Box<RawValue>,
    reading: Box<RawValue>,
    change: Option<ChangeLine>,
}

#[derive(Debug, Deserialize)]
struct ChangeLine {
    materiality: String,
    severity: u8,
    kept: Box<RawValue>,
}

/// A line and its kind.
#[derive(Debug)]
struct Line {
    object: String,
    bytes: Vec<u8>,
}

/// The lines of a file, with their numbers.
#[derive(Debug)]
struct Lines {
    path: PathBuf,
    file: BufReader<File>,
    now: Timestamp,
    number: u64,
    /// The line that was read and belongs to the next history.
    ahead: Option<Line>,
}

impl Lines {
    fn open(path: &Path, now: Timestamp) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), file: BufReader::new(File::open(path)?), now, number: 0, ahead: None })
    }

    fn place(&self) -> String {
        format!("{} line {}", self.path.display(), self.number)
    }

    fn wrong(&self, reason: impl ToString) -> SourceError {
        SourceError::new(self.place(), reason)
    }

    fn line(&mut self) -> Result<Option<Line>, SourceError> {
        if let Some(ahead) = self.ahead.take() {
            return Ok(Some(ahead));
        }
        let mut bytes = Vec::new();
        let read = (&mut self.file).take(MAX_LINE).read_until(b'\n', &mut bytes);
        self.number += 1;
        let read = read.map_err(|error| self.wrong(error))? as u64;
        if read == 0 {
            return Ok(None);
        }
        if bytes.last() != Some(&b'\n') {
            let reason = if read == MAX_LINE { "it is longer than any of ours" } else { "the file ends within it" };
            return Err(self.wrong(format!("{reason}; export it again")));
        }
        if values(&bytes) > MAX_VALUES {
            return Err(self.wrong("it has more values than any line of ours"));
        }
        let kind: Result<KindLine, _> = serde_json::from_slice(&bytes);
        let KindLine { object } = kind.map_err(|error| self.wrong(format!("it is no JSON of ours: {error}")))?;
        if matches!(object.as_str(), "watch" | "fact") && bytes.len() > MAX_SMALL_LINE {
            return Err(self.wrong(format!("a {object} of {} bytes is larger than any of ours", bytes.len())));
        }
        Ok(Some(Line { object, bytes }))
    }

    /// The beginning of the next history.
    fn head(&mut self) -> Result<Option<Head>, SourceError> {
        let Some(line) = self.line()? else { return Ok(None) };
        if line.object != "watch" {
            return Err(self.wrong("a history begins with its watch, as `policywatch export jsonl` writes it"));
        }
        let HeadLine { format, whole, watch, url, service } = self.typed(&line)?;
        if format != FORMAT {
            let reason = format!("its format is {format}, and {FORMAT} is read; export it again with this policywatch");
            return Err(self.wrong(reason));
        }
        if !whole {
            return Err(self.wrong("it is a part of a history; export it without --from and --to"));
        }
        let watch = WatchId::new(&watch).map_err(|error| self.wrong(error))?;
        let url = url.ok_or_else(|| self.wrong("the watch has no address"))?;
        check_address(&url).map_err(|why| self.wrong(why))?;
        let service = service.unwrap_or_else(|| watch.to_string());
        Ok(Some(Head { watch, url, service }))
    }

    fn typed<T: serde::de::DeserializeOwned>(&self, line: &Line) -> Result<T, SourceError> {
        serde_json::from_slice(&line.bytes).map_err(|error| {
            // To the parser, every line is the first.
            let reason = error.to_string();
            self.wrong(reason.rsplit_once(" at line 1 column ").map_or(reason.as_str(), |(reason, _)| reason))
        })
    }

    /// The next part of a watch's history, with its place; none where it ends.
    fn next_of(&mut self, watch: &WatchId) -> Result<Option<(String, Past)>, SourceError> {
        let Some(line) = self.line()? else { return Ok(None) };
        let (of, past) = match line.object.as_str() {
            "watch" => {
                self.ahead = Some(line);
                return Ok(None);
            }
            "fact" => {
                let FactLine { watch, table, row } = self.typed(&line)?;
                (watch, Past::Fact(PastFact { table, row }))
            }
            "snapshot" => {
                let line: SnapshotLine = self.typed(&line)?;
                (line.watch.clone(), Past::Snapshot(line.check, Box::new(self.snapshot(line)?)))
            }
            "version" => {
                let line: VersionLine = self.typed(&line)?;
                (line.watch.clone(), Past::Version(Box::new(self.version(line)?)))
            }
            other => return Err(self.wrong(format!("there is no object \"{other}\""))),
        };
        if of != watch.as_str() {
            return Err(self.wrong(format!("it is of watch \"{of}\", in the middle of \"{watch}\"")));
        }
        Ok(Some((self.place(), past)))
    }

    /// A moment that a clock of ours said.
    fn moment(&self, text: &str) -> Result<Timestamp, SourceError> {
        let at = self.claimed(text)?;
        if is_noted(at, self.now) { Ok(at) } else { Err(self.wrong(format!("{text} {OUT_OF_TIME}"))) }
    }

    /// A moment that somebody else claims. Earlier releases recorded captures of any year, and
    /// what was recorded comes back.
    fn claimed(&self, text: &str) -> Result<Timestamp, SourceError> {
        let at = parse_rfc3339(text).map_err(|error| self.wrong(format!("\"{text}\" is no moment: {error}")))?;
        if is_recordable(at) { Ok(at) } else { Err(self.wrong(format!("{text} is of no year of four digits"))) }
    }

    fn snapshot(&self, line: SnapshotLine) -> Result<Snapshot, SourceError> {
        let body = match (line.body, line.body_base64) {
            (Some(text), None) => text.into_bytes(),
            (None, Some(packed)) => {
                STANDARD.decode(packed).map_err(|error| self.wrong(format!("its body: {error}")))?
            }
            _ => return Err(self.wrong("it has no body, or two")),
        };
        let found = Digest::of(&body).to_string();
        if found != line.body_sha256 {
            return Err(self.wrong(format!("its body has the digest {found}, not {}", line.body_sha256)));
        }
        let origin = match line.origin {
            OriginLine::Live { remote_addr } => Origin::Live { remote_addr },
            OriginLine::Rendered { browser, remote_addr, stopped } => {
                Origin::Rendered { browser, remote_addr, stopped }
            }
            OriginLine::Wayback { memento_url, archive_digest, digest_check, archive_source: source, taken_from } => {
                let digest = DigestCheck::parse(&digest_check).unwrap_or_default();
                Origin::Wayback { memento_url, archive_digest, evidence: Evidence { digest, source, taken_from } }
            }
            OriginLine::Warc { record_id } => Origin::Warc { record_id },
            OriginLine::File { name } => Origin::File { name },
        };
        Ok(Snapshot {
            url: line.url,
            final_url: line.final_url,
            status: line.status,
            headers: line.headers,
            redirects: line.redirects.into_iter().map(|(status, from, to)| Redirect { status, from, to }).collect(),
            body,
            captured_at: self.claimed(&line.captured_at)?,
            origin,
        })
    }

    fn version(&self, line: VersionLine) -> Result<PastVersion, SourceError> {
        let KeptLine { checks, revision, reader, reading, change } = line.kept;
        let word = |word: &str| self.wrong(format!("\"{word}\" is no word that we know"));
        Ok(PastVersion {
            number: line.version,
            snapshots: checks,
            recorded_at: self.moment(&line.recorded_at)?,
            digest: Digest::from_hex(&line.text_sha256).ok_or_else(|| word(&line.text_sha256))?,
            cause: Cause::parse(&line.cause).ok_or_else(|| word(&line.cause))?,
            revision,
            reader,
            reading,
            change: change.map(|ChangeLine { materiality, severity, kept }| PastChange { materiality, severity, kept }),
        })
    }
}
