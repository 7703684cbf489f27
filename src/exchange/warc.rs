//! Reads WARC files (ISO 28500, versions 1.0 and 1.1): plain, gzip (one member or one a
//! record) and Zstandard, oldest capture first, one body in memory at a time.
//!
//! A first pass reads the heads alone and learns the order. Files that are in order,
//! and archives write them so, are streamed in a second pass; others are put in order
//! through a temporary file. A file that is cut in the middle yields every whole record,
//! then one error that names the place.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::fetch::encoding::{Belief, Body};
use crate::snapshot::{Origin, Snapshot};
use crate::time::{Timestamp, is_recordable, parse_rfc3339};

/// The head of a record; real ones stay under 4 kB.
const MAX_HEAD: u64 = 256 * 1024;

/// A record's block, and what it unpacks to: 64 MiB, three times what a fetch accepts.
const MAX_BLOCK: u64 = 64 * 1024 * 1024;

/// Zstandard's largest window that we give memory to: 2^27 bytes, what `zstd --long` makes.
const MAX_WINDOW_LOG: u32 = 27;

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

/// One HTTP response of a WARC file.
#[derive(Clone, Debug, PartialEq)]
pub struct Response {
    /// `WARC-Record-ID`, with its angle brackets.
    pub record_id: String,
    /// `WARC-Target-URI`, without angle brackets.
    pub target: String,
    /// What was served.
    pub snapshot: Snapshot,
}

/// The head of a record.
#[derive(Clone, Debug, Default)]
struct Head {
    fields: Vec<(String, String)>,
    length: u64,
}

impl Head {
    fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Whether it is a response with an HTTP message in it.
    fn is_response(&self) -> bool {
        let http = self.field("content-type").is_none_or(|kind| kind.to_ascii_lowercase().contains("http"));
        self.field("warc-type").is_some_and(|kind| kind.eq_ignore_ascii_case("response")) && http
    }
}

/// Reads records one after the other and knows where it is.
struct Parser {
    path: PathBuf,
    input: Box<dyn BufRead + Send>,
    offset: u64,
    record: u64,
    began: u64,
}

impl Parser {
    fn open(path: &Path) -> Result<Self, WarcError> {
        let input =
            unpacked(path).map_err(|error| WarcError::Io { path: path.to_owned(), reason: error.to_string() })?;
        Ok(Self { path: path.to_owned(), input, offset: 0, record: 0, began: 0 })
    }

    fn cut(&self, reason: impl Into<String>) -> WarcError {
        WarcError::Cut { path: self.path.clone(), record: self.record, offset: self.began, reason: reason.into() }
    }

    fn malformed(&self, reason: impl Into<String>) -> WarcError {
        WarcError::Malformed { path: self.path.clone(), record: self.record, offset: self.began, reason: reason.into() }
    }

    /// A line without its end; empty at the end of the file, told apart by the flag.
    fn line(&mut self, spent: &mut u64) -> Result<(String, bool), WarcError> {
        let mut bytes = Vec::new();
        let left = MAX_HEAD.saturating_sub(*spent);
        let read = (&mut self.input).take(left).read_until(b'\n', &mut bytes);
        let read = read.map_err(|error| self.cut(error.to_string()))? as u64;
        self.offset += read;
        *spent += read;
        if read == left && bytes.last() != Some(&b'\n') {
            return Err(self.malformed(format!("its head is longer than {MAX_HEAD} bytes")));
        }
        let text = String::from_utf8_lossy(&bytes).trim_end_matches(['\r', '\n']).to_owned();
        Ok((text, read == 0))
    }

    /// The next head; none at the end of the file.
    fn head(&mut self) -> Result<Option<Head>, WarcError> {
        let mut spent = 0;
        self.record += 1;
        let version = loop {
            self.began = self.offset;
            let (line, end) = self.line(&mut spent)?;
            if end {
                return Ok(None);
            }
            if !line.is_empty() {
                break line;
            }
        };
        if !version.starts_with("WARC/") {
            let start: String = version.chars().take(40).collect();
            return Err(self.malformed(format!("\"{}\" stands where WARC/1.x must", start.escape_debug())));
        }
        let mut head = Head::default();
        loop {
            let (line, end) = self.line(&mut spent)?;
            if end {
                return Err(self.cut("the file ends in its head"));
            }
            if line.is_empty() {
                break;
            }
            if let (true, Some((_, value))) = (line.starts_with([' ', '\t']), head.fields.last_mut()) {
                value.push(' ');
                value.push_str(line.trim());
            } else if let Some((name, value)) = line.split_once(':') {
                head.fields.push((name.trim().to_owned(), value.trim().to_owned()));
            } else {
                return Err(self.malformed("a line of its head has no colon"));
            }
        }
        let length = head.field("content-length").and_then(|value| value.parse().ok());
        head.length = length.ok_or_else(|| self.malformed("it has no Content-Length that is a number"))?;
        Ok(Some(head))
    }

    fn skip(&mut self, head: &Head) -> Result<(), WarcError> {
        let passed = io::copy(&mut (&mut self.input).take(head.length), &mut io::sink());
        self.passed(head, passed)
    }

    fn block(&mut self, head: &Head) -> Result<Vec<u8>, WarcError> {
        if head.length > MAX_BLOCK {
            return Err(self.malformed(format!("its block has {} bytes; at most {MAX_BLOCK} are read", head.length)));
        }
        let mut block = Vec::new();
        let passed = (&mut self.input).take(head.length).read_to_end(&mut block).map(|read| read as u64);
        self.passed(head, passed)?;
        Ok(block)
    }

    fn passed(&mut self, head: &Head, passed: io::Result<u64>) -> Result<(), WarcError> {
        let passed = passed.map_err(|error| self.cut(error.to_string()))?;
        self.offset += passed;
        if passed < head.length {
            return Err(self.cut(format!("{} of {} bytes are there", passed, head.length)));
        }
        Ok(())
    }

    fn date(&self, head: &Head) -> Result<Timestamp, WarcError> {
        let text = head.field("warc-date").ok_or_else(|| self.malformed("it has no WARC-Date"))?;
        let date = parse_rfc3339(text).ok().filter(|at| is_recordable(*at));
        date.ok_or_else(|| self.malformed(format!("\"{}\" is no WARC-Date", text.escape_debug())))
    }

    fn response(&self, head: &Head, block: &[u8]) -> Result<Response, WarcError> {
        let target = head.field("warc-target-uri").unwrap_or_default().trim_matches(['<', '>']).to_owned();
        let record_id = head.field("warc-record-id").unwrap_or_default().to_owned();
        let captured_at = self.date(head)?;
        let (status, headers, body) = http_message(block).map_err(|reason| self.malformed(reason))?;
        let snapshot = Snapshot {
            url: target.clone(),
            final_url: target.clone(),
            status,
            headers,
            redirects: Vec::new(),
            body,
            captured_at,
            origin: Origin::Warc { record_id: record_id.clone() },
        };
        Ok(Response { record_id, target, snapshot })
    }
}

/// Opens a file, unpacked by what its first bytes say.
fn unpacked(path: &Path) -> io::Result<Box<dyn BufRead + Send>> {
    let mut file = BufReader::new(File::open(path)?);
    let start = file.fill_buf()?;
    if start.starts_with(&[0x1f, 0x8b]) {
        Ok(Box::new(BufReader::new(flate2::bufread::MultiGzDecoder::new(file))))
    } else if start.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        let mut decoder = zstd::stream::read::Decoder::with_buffer(file)?;
        decoder.window_log_max(MAX_WINDOW_LOG)?;
        Ok(Box::new(BufReader::new(decoder)))
    } else {
        Ok(Box::new(file))
    }
}

/// Status, headers and body of an HTTP response.
type Message = (u16, Vec<(String, String)>, Vec<u8>);

/// Parts an HTTP response into status, headers and body; transfer and content encodings
/// are undone where the bytes really have them.
fn http_message(block: &[u8]) -> Result<Message, String> {
    let end = block.windows(2).position(|pair| pair == b"\n\n").map(|at| (at, 2));
    let crlf = block.windows(4).position(|four| four == b"\r\n\r\n").map(|at| (at, 4));
    let (head, body) = match [crlf, end].into_iter().flatten().min() {
        Some((at, gap)) => (&block[..at], &block[at + gap..]),
        None => (block, &[][..]),
    };
    if head.len() as u64 > MAX_HEAD {
        return Err(format!("its headers have {} bytes; at most {MAX_HEAD} are read", head.len()));
    }
    // Header bytes above 127 are Latin-1 by tradition; as characters they lose nothing.
    let head: String = head.iter().map(|byte| char::from(*byte)).collect();
    let mut lines = head.lines();
    let status_line = lines.next().unwrap_or_default();
    let status = status_line.split_ascii_whitespace().nth(1).and_then(|code| code.parse().ok());
    let status: u16 = match status {
        Some(status) if status_line.starts_with("HTTP/") => status,
        _ => return Err("its block does not begin with an HTTP status line".to_owned()),
    };
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let value =
        |name: &str| headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.to_ascii_lowercase());

    let mut body = body.to_vec();
    if value("transfer-encoding").is_some_and(|coding| coding.contains("chunked"))
        && let Some(whole) = unchunk(&body)
    {
        body = whole;
    }
    let codings = value("content-encoding").unwrap_or_default();
    let mut decoder = Body::new([codings.as_str()], Belief::Seen, MAX_BLOCK);
    // Many writers keep the header and store the decoded body: then it does not decode.
    if let Ok(plain) = decoder.feed(&body).and_then(|()| decoder.finish()) {
        body = plain;
    }
    Ok((status, headers, body))
}

/// Undoes chunked transfer coding; none if the bytes are not chunked.
fn unchunk(mut bytes: &[u8]) -> Option<Vec<u8>> {
    let mut whole = Vec::new();
    loop {
        let end = bytes.windows(2).position(|pair| pair == b"\r\n")?;
        let size = std::str::from_utf8(&bytes[..end]).ok()?.split(';').next()?.trim();
        let size = usize::from_str_radix(size, 16).ok()?;
        bytes = &bytes[end + 2..];
        if size == 0 {
            return Some(whole);
        }
        whole.extend_from_slice(bytes.get(..size)?);
        bytes = bytes.get(size..)?.strip_prefix(b"\r\n")?;
    }
}

/// What the first pass learned.
struct Index {
    /// Date and number of each response that is wholly there.
    responses: Vec<(Timestamp, u64)>,
    skipped: u64,
    error: Option<WarcError>,
}

fn index(path: &Path) -> Result<Index, WarcError> {
    let mut parser = Parser::open(path)?;
    let mut index = Index { responses: Vec::new(), skipped: 0, error: None };
    loop {
        let step = parser.head().and_then(|head| {
            let Some(head) = head else { return Ok(false) };
            let date = if head.is_response() { Some(parser.date(&head)?) } else { None };
            parser.skip(&head)?;
            match date {
                Some(date) => index.responses.push((date, parser.record)),
                None => index.skipped += 1,
            }
            Ok(true)
        });
        match step {
            Ok(true) => {}
            Ok(false) => return Ok(index),
            Err(error) => {
                index.error = Some(error);
                return Ok(index);
            }
        }
    }
}

/// Opens a WARC file and learns its order.
///
/// # Errors
/// If the file cannot be opened, or its very first bytes are no WARC.
pub fn open(path: &Path) -> Result<Records, WarcError> {
    let index = index(path)?;
    if let (true, 0, Some(error)) = (index.responses.is_empty(), index.skipped, &index.error) {
        return Err(error.clone());
    }
    let sorted = index.responses.is_sorted();
    let mut order = index.responses;
    order.sort();
    let parser = Parser::open(path)?;
    let (total, skipped, end) = (order.len(), index.skipped, index.error);
    let source = if sorted { Source::Stream(parser) } else { Source::spool(parser, order)? };
    Ok(Records { source, total, yielded: 0, skipped, end })
}

/// The responses of a WARC file, oldest first.
pub struct Records {
    source: Source,
    total: usize,
    yielded: usize,
    skipped: u64,
    end: Option<WarcError>,
}

enum Source {
    /// The file is in order.
    Stream(Parser),
    /// The blocks stand in a temporary file; the list says in which order they are wanted.
    Spool { parser: Parser, file: File, places: std::vec::IntoIter<(Head, u64)> },
}

impl Source {
    fn spool(mut parser: Parser, order: Vec<(Timestamp, u64)>) -> Result<Self, WarcError> {
        let failed = |error: io::Error| WarcError::Io {
            path: std::env::temp_dir(),
            reason: format!("the records are not in order of time and could not be sorted there: {error}"),
        };
        let mut file = tempfile::tempfile().map_err(failed)?;
        let mut places = std::collections::BTreeMap::new();
        let (mut at, mut left) = (0, order.len());
        while left > 0 {
            let Some(head) = parser.head()? else { break };
            if !head.is_response() {
                parser.skip(&head)?;
                continue;
            }
            let block = parser.block(&head)?;
            file.write_all(&block).map_err(failed)?;
            places.insert(parser.record, (head, at));
            at += block.len() as u64;
            left -= 1;
        }
        let places: Vec<_> = order.iter().filter_map(|(_, number)| places.remove(number)).collect();
        Ok(Source::Spool { parser, file, places: places.into_iter() })
    }

    fn next(&mut self) -> Result<Option<Response>, WarcError> {
        match self {
            Source::Stream(parser) => loop {
                let Some(head) = parser.head()? else { return Ok(None) };
                if head.is_response() {
                    let block = parser.block(&head)?;
                    return parser.response(&head, &block).map(Some);
                }
                parser.skip(&head)?;
            },
            Source::Spool { parser, file, places } => {
                let Some((head, at)) = places.next() else { return Ok(None) };
                let mut block = vec![0; head.length as usize];
                let read = file.seek(SeekFrom::Start(at)).and_then(|_| file.read_exact(&mut block));
                read.map_err(|error| WarcError::Io { path: std::env::temp_dir(), reason: error.to_string() })?;
                parser.response(&head, &block).map(Some)
            }
        }
    }
}

impl Records {
    /// How many responses the file holds.
    pub fn total(&self) -> usize {
        self.total
    }

    /// How many records of other kinds (requests, metadata, revisits …) were passed over.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }
}

impl Iterator for Records {
    type Item = Result<Response, WarcError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.yielded == self.total {
            return self.end.take().map(Err);
        }
        self.yielded += 1;
        let next = self.source.next().transpose();
        if !matches!(next, Some(Ok(_))) {
            // Nothing comes after an error.
            (self.yielded, self.end) = (self.total, None);
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

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
            String::from_utf8(http_message(&block).unwrap().2).unwrap()
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
            let _ = http_message(&bytes);
            let _ = unchunk(&bytes);
        }
    }
}
