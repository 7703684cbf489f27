//! Reads the records of a WARC file one after the other, whatever packs it.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use super::WarcError;
use super::arc::Arc;
use crate::time::{Timestamp, is_recordable, parse_rfc3339};

/// The head of a record; real ones stay under 4 kB.
pub(super) const MAX_HEAD: u64 = 256 * 1024;

/// A record's block, and what it unpacks to: 64 MiB, three times what a fetch accepts.
pub(super) const MAX_BLOCK: u64 = 64 * 1024 * 1024;

/// Zstandard's largest window that we give memory to: 2^27 bytes, what `zstd --long` makes.
const MAX_WINDOW_LOG: u32 = 27;

/// The dictionary of a `.warc.zst`, packed or not: archives make them of 110 kB.
const MAX_DICTIONARY: u64 = 16 * 1024 * 1024;

/// The skippable frame that holds the dictionary of a `.warc.zst`, first in the file.
const DICTIONARY_FRAME: [u8; 4] = [0x5d, 0x2a, 0x4d, 0x18];

const GZIP: [u8; 2] = [0x1f, 0x8b];
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// The head of a record.
#[derive(Clone, Debug, Default)]
pub(super) struct Head {
    fields: Vec<(String, String)>,
    pub(super) length: u64,
}

/// What a record is to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// An HTTP response with its body.
    Response,
    /// A body without an HTTP message.
    Resource,
    /// The same body as that of another record, or the news that nothing changed.
    Revisit,
    /// Requests, metadata and whatever else holds no capture.
    Other,
}

impl Head {
    /// A head of these fields.
    pub(super) fn new(fields: Vec<(String, String)>, length: u64) -> Self {
        Self { fields, length }
    }

    pub(super) fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// What kind of record it is.
    pub(super) fn kind(&self) -> Kind {
        let http = self.field("content-type").is_none_or(|kind| kind.to_ascii_lowercase().contains("http"));
        match self.field("warc-type").unwrap_or_default().to_ascii_lowercase().as_str() {
            "response" if http => Kind::Response,
            "revisit" => Kind::Revisit,
            // Crawlers keep screenshots and notes of their own under `urn:`.
            "resource" if self.target().starts_with("http") || self.field(super::FILE).is_some() => Kind::Resource,
            _ => Kind::Other,
        }
    }

    /// `WARC-Target-URI`, without the angle brackets that version 1.0 puts around it.
    pub(super) fn target(&self) -> &str {
        self.field("warc-target-uri").unwrap_or_default().trim_matches(['<', '>'])
    }

    /// `WARC-Record-ID`, with its angle brackets.
    pub(super) fn id(&self) -> &str {
        self.field("warc-record-id").unwrap_or_default()
    }
}

/// Reads records one after the other and knows where it is.
pub(super) struct Parser {
    path: PathBuf,
    input: Box<dyn BufRead + Send>,
    offset: u64,
    pub(super) record: u64,
    began: u64,
    /// Of an ARC file, how its lines are read.
    arc: Option<Arc>,
}

impl Parser {
    pub(super) fn open(path: &Path) -> Result<Self, WarcError> {
        let input =
            unpacked(path).map_err(|error| WarcError::Io { path: path.to_owned(), reason: error.to_string() })?;
        Ok(Self { path: path.to_owned(), input, offset: 0, record: 0, began: 0, arc: None })
    }

    fn cut(&self, reason: impl Into<String>) -> WarcError {
        WarcError::Cut { path: self.path.clone(), record: self.record, offset: self.began, reason: reason.into() }
    }

    pub(super) fn malformed(&self, reason: impl Into<String>) -> WarcError {
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
    pub(super) fn head(&mut self) -> Result<Option<Head>, WarcError> {
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
        if self.record == 1 {
            self.arc = Arc::of(&version);
        }
        if let Some(arc) = self.arc {
            return arc.head(&version).map(Some).map_err(|reason| self.malformed(reason));
        }
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

    /// Whether it is an ARC file. Known from the first head on.
    pub(super) fn is_arc(&self) -> bool {
        self.arc.is_some()
    }

    pub(super) fn skip(&mut self, head: &Head) -> Result<(), WarcError> {
        let passed = io::copy(&mut (&mut self.input).take(head.length), &mut io::sink());
        self.passed(head, passed)
    }

    pub(super) fn block(&mut self, head: &Head) -> Result<Vec<u8>, WarcError> {
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

    pub(super) fn date(&self, head: &Head) -> Result<Timestamp, WarcError> {
        let text = head.field("warc-date").ok_or_else(|| self.malformed("it has no WARC-Date"))?;
        let date = parse_rfc3339(text).ok().filter(|at| is_recordable(*at));
        date.ok_or_else(|| self.malformed(format!("\"{}\" is no WARC-Date", text.escape_debug())))
    }
}

/// Opens a file, unpacked by what its first bytes say.
fn unpacked(path: &Path) -> io::Result<Box<dyn BufRead + Send>> {
    let mut file = BufReader::new(File::open(path)?);
    let start = file.fill_buf()?;
    if start.starts_with(&GZIP) {
        Ok(Box::new(BufReader::new(flate2::bufread::MultiGzDecoder::new(file))))
    } else if start.starts_with(&ZSTD) {
        zstandard(file, &[])
    } else if start.starts_with(&DICTIONARY_FRAME) {
        let dictionary = dictionary(&mut file)?;
        zstandard(file, &dictionary)
    } else {
        Ok(Box::new(file))
    }
}

fn zstandard(file: BufReader<File>, dictionary: &[u8]) -> io::Result<Box<dyn BufRead + Send>> {
    let mut decoder = zstd::stream::read::Decoder::with_dictionary(file, dictionary)?;
    decoder.window_log_max(MAX_WINDOW_LOG)?;
    Ok(Box::new(BufReader::new(decoder)))
}

/// The dictionary that the frames of a `.warc.zst` need, itself packed or not.
fn dictionary(file: &mut BufReader<File>) -> io::Result<Vec<u8>> {
    let too_large = || io::Error::other(format!("its dictionary has more than {MAX_DICTIONARY} bytes"));
    let mut frame = [0; 8];
    file.read_exact(&mut frame)?;
    let size = u64::from(u32::from_le_bytes([frame[4], frame[5], frame[6], frame[7]]));
    if size > MAX_DICTIONARY {
        return Err(too_large());
    }
    let mut packed = Vec::new();
    if file.take(size).read_to_end(&mut packed)? as u64 != size {
        return Err(io::Error::other("it ends in its dictionary"));
    }
    if !packed.starts_with(&ZSTD) {
        return Ok(packed);
    }
    let mut decoder = zstd::stream::read::Decoder::with_buffer(&packed[..])?;
    decoder.window_log_max(MAX_WINDOW_LOG)?;
    let mut plain = Vec::new();
    decoder.take(MAX_DICTIONARY + 1).read_to_end(&mut plain)?;
    if plain.len() as u64 > MAX_DICTIONARY { Err(too_large()) } else { Ok(plain) }
}
