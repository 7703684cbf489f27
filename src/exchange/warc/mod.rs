//! WARC files (ISO 28500, versions 1.0 and 1.1), read and written: plain, gzip (one member
//! or one a record) and Zstandard (with a dictionary or without). ARC files are read too.
//!
//! Reading gives the oldest capture first, one body in memory at a time. A first pass
//! reads the heads alone and learns the order, and which record a revisit repeats. Files
//! that are in order, and archives write them so, are streamed in a second pass; others are
//! put in order through a temporary file. A file that is cut in the middle yields every
//! whole record, then one error that names the place.

mod arc;
mod index;
mod message;
mod parser;
pub mod write;

use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use self::index::{Entry, Index, Original};
use self::message::{Message, http_message};
use self::parser::{Head, Kind, Parser};
use crate::snapshot::{DigestCheck, Evidence, Origin, Redirect, Snapshot};

pub use self::index::Sought;

// What our own exports say beside the standard's fields, so that an import knows all that
// was known. Readers pass over fields that they do not know.

/// The watch that a capture belongs to.
pub(super) const WATCH: &str = "Policywatch-Watch";
/// The address that was asked for, where another answered.
pub(super) const ASKED: &str = "Policywatch-Asked-URI";
/// The hops on the way, as JSON: `[[301,"from","to"]]`.
pub(super) const HOPS: &str = "Policywatch-Redirects";
/// The memento that the record was made from.
pub(super) const MEMENTO: &str = "Policywatch-Memento-URI";
/// What the archive that has the memento says is the payload's digest.
pub(super) const ARCHIVE_DIGEST: &str = "Policywatch-Archive-Digest";
/// Whether its bytes have that digest.
pub(super) const DIGEST_CHECK: &str = "Policywatch-Archive-Digest-Check";
/// Where the archive has a memento from.
pub(super) const ARCHIVE_SOURCE: &str = "Policywatch-Archive-Source";
/// The memento of the same digest that was fetched in its place.
pub(super) const TAKEN_FROM: &str = "Policywatch-Taken-From";
/// The file that the record was made from, as JSON ([`FileField`]).
pub(super) const FILE: &str = "Policywatch-File";

/// What an export says of a snapshot that was read from a file.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct FileField {
    /// Its name as given.
    pub(super) name: String,
    /// Its headers, where a person gave it any.
    pub(super) headers: Vec<(String, String)>,
}

/// The name that archives give a payload: its SHA-1 in Base32.
pub fn payload_sha1(payload: &[u8]) -> String {
    index::sha1_base32(payload)
}

/// How many hops of a redirect are believed.
const MAX_HOPS: usize = 64;

/// Why a WARC file could not be read (further).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WarcError {
    /// The file cannot be opened or read.
    #[error("could not read {path}: {reason}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// The file ends inside a record, or its compression is cut.
    #[error(
        "{path} is cut in record {record}, at byte {offset} of its content: {reason}; the records before it were read, fetch the file again for the rest"
    )]
    Cut {
        /// The file.
        path: PathBuf,
        /// From 1.
        record: u64,
        /// Where the record begins, uncompressed.
        offset: u64,
        /// What is missing.
        reason: String,
    },
    /// What stands there is no WARC record.
    #[error("{path} is no sound WARC file at record {record}, byte {offset} of its content: {reason}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// From 1.
        record: u64,
        /// Where the record begins, uncompressed.
        offset: u64,
        /// What is wrong.
        reason: String,
    },
}

impl WarcError {
    /// The same of a file that lies inside another: that one's place is what people know.
    pub fn inside(mut self, place: &Path) -> Self {
        let (Self::Io { path, .. } | Self::Cut { path, .. } | Self::Malformed { path, .. }) = &mut self;
        place.clone_into(path);
        self
    }
}

/// One capture of a WARC file.
#[derive(Clone, Debug, PartialEq)]
pub struct Response {
    /// `WARC-Record-ID`, with its angle brackets.
    pub record_id: String,
    /// `WARC-Target-URI`, without angle brackets.
    pub target: String,
    /// The watch that the record names, if it is from an export of ours.
    pub watch: Option<String>,
    /// What was served; without its body if that is `elsewhere`.
    pub snapshot: Snapshot,
    /// Of a revisit, what it repeats, where that is not in the file.
    pub elsewhere: Option<Sought>,
    /// Why whoever recorded it stopped before its end (`WARC-Truncated`).
    pub truncated: Option<String>,
}

/// The captures of a WARC file, oldest first.
pub struct Records {
    source: Source,
    total: usize,
    yielded: usize,
    skipped: u64,
    end: Option<WarcError>,
}

/// Opens a WARC file and learns its order.
///
/// # Errors
/// If the file cannot be opened, or its very first bytes are no WARC.
pub fn open(path: &Path) -> Result<Records, WarcError> {
    let index = Index::of(path)?;
    if let (true, 0, Some(error)) = (index.entries.is_empty(), index.skipped, &index.error) {
        return Err(error.clone());
    }
    let parser = Parser::open(path)?;
    let (total, skipped) = (index.entries.len(), index.skipped);
    let needed = index.originals();
    let source = if index.in_order() {
        Source::Stream { parser, entries: index.entries.into_iter(), kept: Spool::default(), needed }
    } else {
        Source::sort(parser, index.entries)?
    };
    Ok(Records { source, total, yielded: 0, skipped, end: index.error })
}

/// Blocks in a temporary file, by the number of their record.
#[derive(Default)]
struct Spool {
    file: Option<File>,
    places: HashMap<u64, (Head, u64)>,
    end: u64,
}

impl Spool {
    fn keep(&mut self, number: u64, head: &Head, block: &[u8]) -> Result<(), WarcError> {
        let failed = |error: io::Error| WarcError::Io {
            path: std::env::temp_dir(),
            reason: format!("records that are needed again could not be kept there: {error}"),
        };
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(tempfile::tempfile().map_err(failed)?),
        };
        file.seek(SeekFrom::Start(self.end)).and_then(|_| file.write_all(block)).map_err(failed)?;
        self.places.insert(number, (head.clone(), self.end));
        self.end += block.len() as u64;
        Ok(())
    }

    fn load(&mut self, number: u64) -> Result<Option<(Head, Vec<u8>)>, WarcError> {
        let (Some(file), Some((head, at))) = (&mut self.file, self.places.get(&number)) else { return Ok(None) };
        let mut block = vec![0; head.length as usize];
        let read = file.seek(SeekFrom::Start(*at)).and_then(|_| file.read_exact(&mut block));
        read.map_err(|error| WarcError::Io { path: std::env::temp_dir(), reason: error.to_string() })?;
        Ok(Some((head.clone(), block)))
    }
}

/// What comes next.
enum Next {
    Capture(Box<Response>),
    /// A record that turns out to hold no capture.
    Skipped,
    End,
}

impl From<Option<Response>> for Next {
    fn from(response: Option<Response>) -> Self {
        response.map_or(Next::Skipped, |response| Next::Capture(Box::new(response)))
    }
}

enum Source {
    /// The file is in order; what a later record repeats is kept.
    Stream { parser: Parser, entries: std::vec::IntoIter<Entry>, kept: Spool, needed: BTreeSet<u64> },
    /// The blocks stand in a temporary file; the list says in which order they are wanted.
    Sorted { parser: Parser, entries: std::vec::IntoIter<Entry>, spool: Spool },
}

impl Source {
    fn sort(mut parser: Parser, entries: Vec<Entry>) -> Result<Self, WarcError> {
        let wanted: BTreeSet<u64> = entries.iter().map(|entry| entry.number).collect();
        let mut spool = Spool::default();
        let mut left = wanted.len();
        while left > 0 {
            let Some(head) = parser.head()? else { break };
            if !wanted.contains(&parser.record) {
                parser.skip(&head)?;
                continue;
            }
            let block = parser.block(&head)?;
            spool.keep(parser.record, &head, &block)?;
            left -= 1;
        }
        Ok(Source::Sorted { parser, entries: entries.into_iter(), spool })
    }

    fn next(&mut self) -> Result<Next, WarcError> {
        match self {
            Source::Stream { parser, entries, kept, needed } => {
                let Some(entry) = entries.next() else { return Ok(Next::End) };
                loop {
                    let Some(head) = parser.head()? else { return Ok(Next::End) };
                    if parser.record != entry.number {
                        parser.skip(&head)?;
                        continue;
                    }
                    let block = parser.block(&head)?;
                    if needed.contains(&entry.number) {
                        kept.keep(entry.number, &head, &block)?;
                    }
                    return response(parser, &entry, &head, &block, kept).map(Next::from);
                }
            }
            Source::Sorted { parser, entries, spool } => {
                let Some(entry) = entries.next() else { return Ok(Next::End) };
                let Some((head, block)) = spool.load(entry.number)? else { return Ok(Next::End) };
                response(parser, &entry, &head, &block, spool).map(Next::from)
            }
        }
    }
}

/// What a record says was served; none if it holds no capture: servers of the time of ARC
/// files may have answered without a status line.
fn response(
    parser: &Parser,
    entry: &Entry,
    head: &Head,
    block: &[u8],
    spool: &mut Spool,
) -> Result<Option<Response>, WarcError> {
    let refused = |reason: String| parser.malformed(reason);
    let mut elsewhere = None;
    let message = match (head.kind(), &entry.repeats) {
        (Kind::Revisit, Some(Original::Record(number))) => {
            let Some((of, whole)) = spool.load(*number)? else {
                return Err(refused(format!("it repeats record {number}, which could not be read")));
            };
            repeated(http_message(block, true).ok(), said_in(&of, &whole).map_err(refused)?)
        }
        (Kind::Revisit, original) => {
            if let Some(Original::Elsewhere(sought)) = original {
                elsewhere = Some(sought.clone());
            }
            // What its head lacks stands in what it repeats.
            let said = http_message(block, true).ok().filter(|said| said.status != 304);
            let said = said.unwrap_or(Message { status: 0, headers: Vec::new(), body: Vec::new() });
            Message { body: Vec::new(), ..said }
        }
        _ => match said_in(head, block) {
            Ok(message) => message,
            Err(_) if parser.is_arc() => return Ok(None),
            Err(reason) => return Err(refused(reason)),
        },
    };
    let target = head.target().to_owned();
    let record_id = head.id().to_owned();
    let snapshot = Snapshot {
        url: head.field(ASKED).map_or_else(|| target.clone(), str::to_owned),
        final_url: target.clone(),
        status: message.status,
        headers: message.headers,
        redirects: hops(head),
        body: message.body,
        captured_at: entry.date,
        origin: origin(head, &record_id),
    };
    let own = |name: &str| head.field(name).map(str::to_owned);
    let (watch, truncated) = (own(WATCH), own("warc-truncated"));
    Ok(Some(Response { record_id, target, watch, snapshot, elsewhere, truncated }))
}

/// The message that a record with a body has; of a resource, one that was never sent.
fn said_in(head: &Head, block: &[u8]) -> Result<Message, String> {
    if head.kind() != Kind::Resource {
        // Our own exports have no encodings, whatever a body begins with.
        return http_message(block, head.field(WATCH).is_some());
    }
    let kind = head.field("content-type").map(|kind| ("content-type".to_owned(), kind.to_owned()));
    let headers = file_field(head).map_or_else(|| kind.into_iter().collect(), |file| file.headers);
    Ok(Message { status: 200, headers, body: block.to_vec() })
}

/// A message whose body is another's. A revisit keeps the head it was served with; a 304
/// has none of the page's own.
fn repeated(said: Option<Message>, original: Message) -> Message {
    match said {
        Some(said) if said.status != 304 && !said.headers.is_empty() => Message { body: original.body, ..said },
        _ => original,
    }
}

/// Who served it: a record is one of its file, unless it says what it was made from.
fn origin(head: &Head, record_id: &str) -> Origin {
    if let Some(memento_url) = head.field(MEMENTO) {
        let archive_digest = head.field(ARCHIVE_DIGEST).map(str::to_owned);
        let evidence = Evidence {
            digest: head.field(DIGEST_CHECK).and_then(DigestCheck::parse).unwrap_or_default(),
            source: head.field(ARCHIVE_SOURCE).map(str::to_owned),
            taken_from: head.field(TAKEN_FROM).map(str::to_owned),
        };
        return Origin::Wayback { memento_url: memento_url.to_owned(), archive_digest, evidence };
    }
    if let Some(file) = file_field(head) {
        return Origin::File { name: file.name };
    }
    Origin::Warc { record_id: record_id.to_owned() }
}

fn file_field(head: &Head) -> Option<FileField> {
    head.field(FILE).and_then(|file| serde_json::from_str(file).ok())
}

fn hops(head: &Head) -> Vec<Redirect> {
    let hops: Option<Vec<(u16, String, String)>> = head.field(HOPS).and_then(|hops| serde_json::from_str(hops).ok());
    let hops = hops.unwrap_or_default().into_iter().take(MAX_HOPS);
    hops.map(|(status, from, to)| Redirect { status, from, to }).collect()
}

impl Records {
    /// How many captures the file holds.
    pub fn total(&self) -> usize {
        self.total
    }

    /// How many records of other kinds (requests, metadata …) were passed over.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }
}

impl Iterator for Records {
    type Item = Result<Response, WarcError>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.yielded < self.total {
            self.yielded += 1;
            match self.source.next() {
                Ok(Next::Capture(response)) => return Some(Ok(*response)),
                Ok(Next::Skipped) => self.skipped += 1,
                ended => {
                    // Nothing comes after an error.
                    (self.yielded, self.end) = (self.total, None);
                    return ended.err().map(Err);
                }
            }
        }
        self.end.take().map(Err)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::message::unchunk;
    use super::*;

    fn record(kind: &str, id: u32, date: &str, block: &[u8]) -> Vec<u8> {
        let mut out = format!(
            "WARC/1.1\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <urn:uuid:{id}>\r\nWARC-Date: {date}\r\n\
             WARC-Target-URI: <http://acme.test/privacy>\r\nContent-Type: application/http;msgtype=response\r\n\
             Content-Length: {}\r\n\r\n",
            block.len()
        )
        .into_bytes();
        out.extend_from_slice(block);
        out.extend_from_slice(b"\r\n\r\n");
        out
    }

    fn page(text: &str) -> Vec<u8> {
        format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n{text}").into_bytes()
    }

    #[test]
    fn headers_without_end_are_no_capture() {
        let block = format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n<p>We", "y".repeat(5 * 1024 * 1024));
        let read = bodies(&record("response", 1, "2020-01-01T00:00:00Z", block.as_bytes()));
        assert!(matches!(&read[..], [Err(WarcError::Malformed { .. })]), "{}", read.len());
    }

    #[test]
    fn a_date_beyond_four_digits_is_refused() {
        for date in ["9999-12-31T23:59:59-01:00", "0000-01-01T00:00:00+01:00"] {
            let read = bodies(&record("response", 1, date, &page("We")));
            assert!(matches!(&read[..], [Err(WarcError::Malformed { .. })]), "{date}: {read:?}");
        }
    }

    fn file(bytes: &[u8]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    fn bodies(bytes: &[u8]) -> Vec<Result<String, WarcError>> {
        let file = file(bytes);
        match open(file.path()) {
            Ok(records) => records
                .map(|response| response.map(|r| String::from_utf8_lossy(&r.snapshot.body).into_owned()))
                .collect(),
            Err(error) => vec![Err(error)],
        }
    }

    fn three() -> [Vec<u8>; 3] {
        [
            record("warcinfo", 0, "2020-01-01T00:00:00Z", b"software: test"),
            record("response", 1, "2020-01-02T00:00:00Z", &page("one")),
            record("response", 2, "2020-01-03T00:00:00.5Z", &page("two")),
        ]
    }

    #[test]
    fn an_odd_record_of_an_arc_file_does_not_end_it() {
        let arc = |line: &str, block: &[u8]| {
            let mut out = format!("{line} {}\n", block.len()).into_bytes();
            out.extend_from_slice(block);
            out.push(b'\n');
            out
        };
        let begin = arc("filedesc://a.arc 0.0.0.0 19960923142103 text/plain", b"1 0 Archive");
        let bare = arc("http://acme.test/old 127.0.0.1 19960924000000 text/html", b"<p>no status line");
        let timeless = arc("http://acme.test/odd 127.0.0.1 1996 text/html", &page("when"));
        let one = arc("http://acme.test/ 127.0.0.1 19960925000000 text/html; charset=utf-8", &page("one"));
        let two = arc("http://acme.test/ 127.0.0.1 19960926000000 text/html", &page("two"));
        for (all, expected) in [
            ([&begin, &bare, &timeless, &one, &two], ["one", "two"]),
            ([&begin, &two, &bare, &timeless, &one], ["one", "two"]),
        ] {
            let whole: Vec<u8> = all.into_iter().flatten().copied().collect();
            assert_eq!(bodies(&whole), expected.map(|text| Ok(text.to_owned())));
            let file = file(&whole);
            let mut records = open(file.path()).unwrap();
            assert_eq!((records.by_ref().count(), records.skipped()), (2, 3));
        }
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn every_packing_reads_the_same() {
        let plain = three().concat();
        let members: Vec<u8> = three().iter().flat_map(|one| gzip(one)).collect();
        let frames: Vec<u8> = three().iter().flat_map(|one| zstd::encode_all(&one[..], 3).unwrap()).collect();
        for packed in [plain.clone(), gzip(&plain), members, zstd::encode_all(&plain[..], 3).unwrap(), frames] {
            assert_eq!(bodies(&packed), [Ok("one".to_owned()), Ok("two".to_owned())]);
        }
    }

    #[test]
    fn records_come_oldest_first() {
        let [info, one, two] = three();
        assert_eq!(bodies(&[two, info, one].concat()), [Ok("one".to_owned()), Ok("two".to_owned())]);
    }

    #[test]
    fn a_cut_file_yields_what_is_whole_and_names_the_place() {
        let whole = three().concat();
        let second = whole.len() - three()[2].len();
        for cut in [whole.len() - 5, whole.len() - 20, second + 30] {
            let found = bodies(&whole[..cut]);
            assert_eq!(found[0], Ok("one".to_owned()), "cut at {cut}");
            let error = found[1].clone().unwrap_err();
            assert!(
                matches!(&error, WarcError::Cut { record: 3, offset, .. } if *offset == second as u64),
                "cut at {cut}: {error}"
            );
        }
        let packed = gzip(&whole);
        let found = bodies(&packed[..packed.len() / 2]);
        assert!(matches!(found.last(), Some(Err(WarcError::Cut { .. }))), "{found:?}");
    }

    #[test]
    fn what_is_no_warc_is_refused_with_its_place() {
        for (bytes, says) in [
            (&b"<html>"[..], "\"<html>\" stands where WARC/1.x must"),
            (b"WARC/1.1\r\nno colon here\r\n\r\n", "no colon"),
            (b"WARC/1.1\r\nWARC-Type: response\r\n\r\n", "no Content-Length"),
            (b"WARC/1.1\r\nWARC-Type: response\r\nContent-Length: 0\r\n\r\n", "no WARC-Date"),
        ] {
            let error = bodies(bytes)[0].clone().unwrap_err().to_string();
            assert!(error.contains(says) && error.contains("record 1"), "{error}");
        }
        assert!(matches!(open(Path::new("/nonexistent.warc")), Err(WarcError::Io { .. })));
    }

    #[test]
    fn codings_are_undone_where_the_bytes_have_them() {
        let coded = |headers: &str, body: &[u8]| {
            let mut block = format!("HTTP/1.1 200 OK\r\n{headers}\r\n\r\n").into_bytes();
            block.extend_from_slice(body);
            String::from_utf8(http_message(&block, false).unwrap().body).unwrap()
        };
        assert_eq!(coded("Content-Encoding: gzip", &gzip(b"text")), "text");
        assert_eq!(coded("Content-Encoding: gzip", b"text"), "text");
        assert_eq!(coded("Content-Encoding: zstd", &zstd::encode_all(&b"text"[..], 1).unwrap()), "text");
        assert_eq!(coded("Transfer-Encoding: chunked", b"2\r\nte\r\n2;x\r\nxt\r\n0\r\n\r\n"), "text");
        assert_eq!(coded("Transfer-Encoding: chunked", b"text"), "text");
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..600)) {
            let mut hostile = b"WARC/1.1\r\nWARC-Type: response\r\nWARC-Date: 2020-01-01T00:00:00Z\r\n".to_vec();
            hostile.extend_from_slice(&bytes);
            let _ = bodies(&bytes);
            let _ = bodies(&hostile);
            let _ = http_message(&bytes, false);
            let _ = unchunk(&bytes);
        }
    }
}
