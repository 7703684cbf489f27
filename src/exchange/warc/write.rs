//! Writes WARC 1.1 records (ISO 28500:2017), each a member or frame of its own where the
//! file is packed.
//!
//! The same captures give the same bytes: no clock and no chance is asked, and the ids of
//! records derive from what they hold.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use serde_json::json;
use sha1::{Digest as _, Sha1};

use super::index::sha1_base32;
use super::{ARCHIVE_DIGEST, ARCHIVE_SOURCE, ASKED, DIGEST_CHECK, FILE, FileField, HOPS, MEMENTO, TAKEN_FROM, WATCH};
use crate::snapshot::{Digest, DigestCheck, Evidence, Origin, Snapshot};
use crate::time::{Timestamp, rfc3339};

/// The namespace of our name-based UUIDs (RFC 9562, version 5), itself made of
/// `https://policywatch.invalid/warc` in the namespace of URLs.
const NAMESPACE: &[u8] = b"https://policywatch.invalid/warc";

/// How the file is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// Not at all.
    Plain,
    /// Gzip, one member a record.
    Gzip,
    /// Zstandard, one frame a record.
    Zstandard,
}

impl Packing {
    /// What the ending of a name asks for.
    pub fn of(path: &Path) -> Self {
        let ending = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        match ending.as_str() {
            "gz" => Packing::Gzip,
            "zst" => Packing::Zstandard,
            _ => Packing::Plain,
        }
    }
}

/// Where a record stands in the file, packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its first byte.
    pub offset: u64,
    /// How many bytes it has.
    pub length: u64,
}

/// A capture as written.
#[derive(Clone, Debug)]
pub struct Written {
    /// The record that replays it.
    pub place: Place,
    /// `WARC-Type` of that record.
    pub kind: &'static str,
    /// `WARC-Target-URI`.
    pub target: String,
    /// Base32 of the payload's SHA-1.
    pub sha1: String,
}

/// A record that holds a body, for those that repeat it.
#[derive(Clone, Debug)]
struct Whole {
    id: String,
    target: String,
    date: String,
}

/// Writes captures.
pub struct Writer<W> {
    out: W,
    packing: Packing,
    offset: u64,
    /// Which record has a body.
    bodies: BTreeMap<Digest, Whole>,
    ids: std::collections::BTreeSet<String>,
}

impl<W: Write> Writer<W> {
    /// Begins a file; `newest` dates it: the last capture in it.
    ///
    /// # Errors
    /// Those of writing.
    pub fn begin(out: W, packing: Packing, newest: Timestamp) -> io::Result<Self> {
        let mut writer = Self { out, packing, offset: 0, bodies: BTreeMap::new(), ids: Default::default() };
        let block = format!(
            "software: policywatch/{}\r\nformat: WARC File Format 1.1\r\n\
             conformsTo: https://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/\r\n\
             description: captures of policies; bodies without content and transfer encoding\r\n",
            env!("CARGO_PKG_VERSION")
        );
        let fields = Fields::new("warcinfo", &name("warcinfo", &rfc3339(newest)), &date(newest))
            .with("Content-Type", "application/warc-fields")
            .with("WARC-Block-Digest", &labelled(block.as_bytes()));
        writer.record(fields, block.as_bytes())?;
        Ok(writer)
    }

    /// Writes a capture of a watch, with a `metadata` record beside it that says what the
    /// record itself has no place for.
    ///
    /// # Errors
    /// Those of writing.
    pub fn capture(
        &mut self,
        watch: &str,
        snapshot: &Snapshot,
        digest: Digest,
        notes: &Notes<'_>,
    ) -> io::Result<Written> {
        let id = self.id_of(watch, snapshot, digest);
        let target = target_of(snapshot);
        let when = date(snapshot.captured_at);
        let sha1 = sha1_base32(&snapshot.body);
        let payload = format!("sha1:{sha1}");
        let common = |kind: &'static str| {
            let mut fields = Fields::new(kind, &id, &when).with("WARC-Target-URI", &target);
            if let Origin::Live { remote_addr: Some(address) } = &snapshot.origin {
                fields = fields.with("WARC-IP-Address", bare_address(address));
            }
            fields.with("WARC-Payload-Digest", &payload).ours(watch, snapshot, &target)
        };
        let (kind, place) = if let Origin::File { name } = &snapshot.origin {
            let file = FileField { name: name.clone(), headers: snapshot.headers.clone() };
            let fields = common("resource")
                .with(FILE, &serde_json::to_string(&file).expect("strings are JSON"))
                .with("Content-Type", snapshot.header("content-type").unwrap_or("application/octet-stream"))
                .with("WARC-Block-Digest", &payload);
            ("resource", self.record(fields, &snapshot.body)?)
        } else if let Some(whole) = self.bodies.get(&digest).cloned() {
            let block = http_head(snapshot);
            let fields = common("revisit")
                .with("WARC-Profile", "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest")
                .with("WARC-Refers-To", &whole.id)
                .with("WARC-Refers-To-Target-URI", &whole.target)
                .with("WARC-Refers-To-Date", &whole.date)
                .with("Content-Type", "application/http; msgtype=response")
                .with("WARC-Block-Digest", &labelled(&block));
            ("revisit", self.record(fields, &block)?)
        } else {
            let mut block = http_head(snapshot);
            block.extend_from_slice(&snapshot.body);
            let fields = common("response")
                .with("Content-Type", "application/http; msgtype=response")
                .with("WARC-Block-Digest", &labelled(&block));
            let place = self.record(fields, &block)?;
            self.bodies.insert(digest, Whole { id: id.clone(), target: target.clone(), date: when.clone() });
            ("response", place)
        };
        self.metadata(&id, &when, watch, snapshot, digest, notes)?;
        Ok(Written { place, kind, target, sha1 })
    }

    fn metadata(
        &mut self,
        about: &str,
        when: &str,
        watch: &str,
        snapshot: &Snapshot,
        digest: Digest,
        notes: &Notes<'_>,
    ) -> io::Result<()> {
        let (origin, memento_url, archive_digest) = match &snapshot.origin {
            Origin::Live { .. } => ("live", None, None),
            Origin::Rendered { .. } => ("rendered", None, None),
            Origin::Wayback { memento_url, archive_digest, .. } => {
                ("wayback", Some(memento_url), archive_digest.as_ref())
            }
            Origin::Warc { .. } => ("warc", None, None),
            Origin::File { .. } => ("file", None, None),
        };
        let block = json!({
            "watch": watch,
            "origin": origin,
            // What an archive gave is written as its site served it; the archive's own
            // answer was not kept.
            "derived_from": memento_url,
            "archive_digest": archive_digest,
            "asked_url": snapshot.url,
            "redirects": snapshot.redirects.iter().map(|hop| json!([hop.status, hop.from, hop.to])).collect::<Vec<_>>(),
            "headers_as_served": snapshot.headers,
            "body_sha256": digest.to_string(),
            "recorded_at": rfc3339(notes.recorded_at),
            "outcome": notes.outcome,
            "why": notes.why,
        })
        .to_string();
        // Without an address of its own: replay would take it for the page.
        let fields = Fields::new("metadata", &name("metadata", about), when)
            .with("WARC-Refers-To", about)
            .with("WARC-Concurrent-To", about)
            .with("Content-Type", "application/json")
            .with("WARC-Block-Digest", &labelled(block.as_bytes()));
        self.record(fields, block.as_bytes()).map(|_| ())
    }

    /// The record's own id where it came from a WARC file, else one that is made of what
    /// it holds; never one that is in this file already.
    fn id_of(&mut self, watch: &str, snapshot: &Snapshot, digest: Digest) -> String {
        let own = match &snapshot.origin {
            Origin::Warc { record_id } if is_id(record_id) => Some(record_id.clone()),
            _ => None,
        };
        let facts = format!(
            "{watch}\n{}\n{}\n{digest}\n{:?}",
            rfc3339(snapshot.captured_at),
            snapshot.final_url,
            snapshot.origin
        );
        let mut id = own.unwrap_or_else(|| name("capture", &facts));
        let mut again = 0;
        while !self.ids.insert(id.clone()) {
            again += 1;
            id = name("capture", &format!("{facts}\n{again}"));
        }
        id
    }

    fn record(&mut self, fields: Fields, block: &[u8]) -> io::Result<Place> {
        let mut head = fields.text;
        head.push_str(&format!("Content-Length: {}\r\n\r\n", block.len()));
        let offset = self.offset;
        let mut counted = Counted { out: &mut self.out, count: 0 };
        match self.packing {
            Packing::Plain => parts(&mut counted, &head, block)?,
            Packing::Gzip => {
                let mut packer = flate2::write::GzEncoder::new(&mut counted, flate2::Compression::default());
                parts(&mut packer, &head, block)?;
                packer.finish()?;
            }
            Packing::Zstandard => {
                let mut packer = zstd::stream::write::Encoder::new(&mut counted, 9)?;
                parts(&mut packer, &head, block)?;
                packer.finish()?;
            }
        }
        self.offset += counted.count;
        Ok(Place { offset, length: counted.count })
    }

    /// Ends the file.
    ///
    /// # Errors
    /// Those of writing.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }
}

/// What is on record of a capture beside the snapshot.
#[derive(Clone, Copy, Debug)]
pub struct Notes<'a> {
    /// When we wrote it down.
    pub recorded_at: Timestamp,
    /// The word of [`crate::outcome::Outcome::as_str`].
    pub outcome: &'a str,
    /// What was wrong with it.
    pub why: Option<&'a str>,
}

fn parts(out: &mut impl Write, head: &str, block: &[u8]) -> io::Result<()> {
    out.write_all(head.as_bytes())?;
    out.write_all(block)?;
    out.write_all(b"\r\n\r\n")
}

/// Counts what goes through.
struct Counted<'a, W> {
    out: &'a mut W,
    count: u64,
}

impl<W: Write> Write for Counted<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.count += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// The named fields of a record.
struct Fields {
    text: String,
}

impl Fields {
    fn new(kind: &str, id: &str, date: &str) -> Self {
        let text = format!("WARC/1.1\r\nWARC-Type: {kind}\r\n");
        Self { text }.with("WARC-Record-ID", id).with("WARC-Date", date)
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.text.push_str(name);
        self.text.push_str(": ");
        self.text.push_str(&one_line(value));
        self.text.push_str("\r\n");
        self
    }

    /// What the standard has no field for.
    fn ours(mut self, watch: &str, snapshot: &Snapshot, target: &str) -> Self {
        self = self.with(WATCH, watch);
        if snapshot.url != target {
            self = self.with(ASKED, &snapshot.url);
        }
        if !snapshot.redirects.is_empty() {
            let hops: Vec<_> = snapshot.redirects.iter().map(|hop| (hop.status, &hop.from, &hop.to)).collect();
            self = self.with(HOPS, &serde_json::to_string(&hops).expect("strings and numbers are JSON"));
        }
        if let Origin::Wayback { memento_url, archive_digest, evidence } = &snapshot.origin {
            let Evidence { digest, source, taken_from } = evidence;
            self = self.with(MEMENTO, memento_url);
            if *digest != DigestCheck::default() {
                self = self.with(DIGEST_CHECK, digest.as_str());
            }
            for (name, value) in [(ARCHIVE_DIGEST, archive_digest), (ARCHIVE_SOURCE, source), (TAKEN_FROM, taken_from)]
            {
                if let Some(value) = value {
                    self = self.with(name, value);
                }
            }
        }
        self
    }
}

/// A value without what would end its line: headers come from servers and from other
/// people's files.
fn one_line(value: &str) -> String {
    value.chars().map(|c| if c.is_control() && c != '\t' { ' ' } else { c }).collect()
}

/// Status line and headers for a body without encodings: what is no more true of it goes,
/// and stands in the record beside.
fn http_head(snapshot: &Snapshot) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {} {}\r\n", snapshot.status, reason(snapshot.status)).into_bytes();
    let untrue = ["content-encoding", "transfer-encoding", "content-length"];
    for (name, value) in
        snapshot.headers.iter().filter(|(name, _)| !untrue.contains(&name.to_ascii_lowercase().as_str()))
    {
        head.extend_from_slice(one_line(name).as_bytes());
        head.extend_from_slice(b": ");
        for c in one_line(value).chars() {
            // As they were read: a byte each, unless they never were bytes.
            match u8::try_from(c) {
                Ok(byte) => head.push(byte),
                Err(_) => head.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(format!("Content-Length: {}\r\n\r\n", snapshot.body.len()).as_bytes());
    head
}

/// The usual words for a status; servers' own were not kept.
fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        203 => "Non-Authoritative Information",
        206 => "Partial Content",
        301 => "Moved Permanently",
        302 => "Found",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        410 => "Gone",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Status",
    }
}

/// A date of WARC 1.1: with its fraction, if it has one.
pub(super) fn date(at: Timestamp) -> String {
    rfc3339(at).replace(".000Z", "Z")
}

fn labelled(bytes: &[u8]) -> String {
    format!("sha1:{}", sha1_base32(bytes))
}

/// The address that answered: an absolute one, whatever a file calls its place.
fn target_of(snapshot: &Snapshot) -> String {
    match url::Url::parse(&snapshot.final_url) {
        Ok(_) if !snapshot.final_url.contains(|c: char| c.is_whitespace() || c.is_control()) => {
            snapshot.final_url.clone()
        }
        Ok(url) => url.to_string(),
        Err(_) => format!("urn:policywatch:file:{}", Digest::of(snapshot.final_url.as_bytes()).short()),
    }
}

/// Whether it can stand as a record's id.
fn is_id(id: &str) -> bool {
    let inside = id.strip_prefix('<').and_then(|id| id.strip_suffix('>')).unwrap_or_default();
    inside.contains(':') && inside.len() < 200 && inside.chars().all(|c| c.is_ascii_graphic() && !"<>".contains(c))
}

/// The address without its port.
fn bare_address(address: &str) -> &str {
    match address.rsplit_once(':') {
        Some((host, _)) if host.starts_with('[') => host.trim_matches(['[', ']']),
        Some((host, _)) if !host.contains(':') => host,
        _ => address,
    }
}

/// A record's id: a UUID of version 5 (RFC 9562) made of what it names.
fn name(kind: &str, facts: &str) -> String {
    let mut hash = Sha1::new();
    for part in [NAMESPACE, kind.as_bytes(), facts.as_bytes()] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let mut bytes = hash.finalize();
    bytes[6] = bytes[6] & 0x0f | 0x50;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = data_encoding::HEXLOWER.encode(&bytes[..16]);
    format!("<urn:uuid:{}-{}-{}-{}-{}>", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
