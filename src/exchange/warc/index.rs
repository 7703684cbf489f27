//! What the first pass over a file learns: the captures in order of time, and which record
//! each revisit repeats.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use sha1::{Digest as _, Sha1};

use super::WarcError;
use super::message::payload;
use super::parser::{Head, Kind, Parser};
use crate::time::{Timestamp, parse_rfc3339};

/// More captures than any policy has; what is remembered of each is some 300 bytes.
const MAX_CAPTURES: usize = 1_000_000;

/// A capture of the file.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) date: Timestamp,
    /// The place of its record, from 1.
    pub(super) number: u64,
    /// Of a revisit: what it repeats.
    pub(super) repeats: Option<Original>,
}

/// What a revisit repeats.
#[derive(Clone, Debug)]
pub(super) enum Original {
    /// A record of the same file.
    Record(u64),
    /// Something that is not in the file.
    Elsewhere(Sought),
}

/// What is said of a body that is not in the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sought {
    /// The `WARC-Record-ID` of the record that has it.
    pub record_id: Option<String>,
    /// Its address.
    pub target: String,
    /// When it was captured.
    pub captured_at: Option<Timestamp>,
    /// The payload's SHA-1, in Base32.
    pub sha1: Option<String>,
    /// Nothing changed since the capture before, whatever that was.
    pub not_modified: bool,
}

/// A file's captures.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// Oldest first.
    pub(super) entries: Vec<Entry>,
    pub(super) skipped: u64,
    pub(super) error: Option<WarcError>,
}

/// What must be known of the whole records, so that revisits find them.
#[derive(Default)]
struct Known {
    by_id: HashMap<String, u64>,
    by_sha1: HashMap<String, u64>,
    by_target: HashMap<String, Vec<(Timestamp, u64)>>,
    /// Records that do not say their digest.
    silent: BTreeSet<u64>,
    revisits: Vec<Revisit>,
}

/// A revisit, before it is known what it repeats.
struct Revisit {
    date: Timestamp,
    number: u64,
    id: String,
    sought: Sought,
}

impl Index {
    /// Reads the heads of a file. Where that ends early, what came before is whole.
    pub(super) fn of(path: &Path) -> Result<Self, WarcError> {
        let mut parser = Parser::open(path)?;
        let (mut index, mut known) = (Self::default(), Known::default());
        loop {
            match index.step(&mut parser, &mut known) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    index.error = Some(error);
                    break;
                }
            }
        }
        if known.lacks_digests() {
            known.compute_digests(path)?;
        }
        let resolved = known.resolve();
        index.entries.extend(resolved);
        index.entries.sort_by_key(|entry| (entry.date, entry.number));
        Ok(index)
    }

    fn step(&mut self, parser: &mut Parser, known: &mut Known) -> Result<bool, WarcError> {
        let Some(head) = parser.head()? else { return Ok(false) };
        let (kind, number) = (head.kind(), parser.record);
        let date = if kind == Kind::Other { None } else { Some(parser.date(&head)?) };
        parser.skip(&head)?;
        match date {
            None => self.skipped += 1,
            Some(_) if self.entries.len() + known.revisits.len() == MAX_CAPTURES => {
                return Err(parser.malformed(format!("the file has more than {MAX_CAPTURES} captures; split it")));
            }
            Some(date) if kind == Kind::Revisit => known.revisits.push(Revisit::of(&head, date, number)),
            Some(date) => {
                known.add(&head, date, number);
                self.entries.push(Entry { date, number, repeats: None });
            }
        }
        Ok(true)
    }

    /// The records that revisits repeat.
    pub(super) fn originals(&self) -> BTreeSet<u64> {
        let repeated = |entry: &Entry| match entry.repeats {
            Some(Original::Record(number)) => Some(number),
            _ => None,
        };
        self.entries.iter().filter_map(repeated).collect()
    }

    /// Whether the file can be read from its beginning to its end: it is in order of time,
    /// and nothing repeats what comes later.
    pub(super) fn in_order(&self) -> bool {
        let after = |entry: &Entry| !matches!(entry.repeats, Some(Original::Record(number)) if number > entry.number);
        self.entries.is_sorted_by_key(|entry| entry.number) && self.entries.iter().all(after)
    }
}

impl Revisit {
    fn of(head: &Head, date: Timestamp, number: u64) -> Self {
        let not_modified = head
            .field("warc-profile")
            .is_some_and(|profile| profile.trim_end_matches('/').ends_with("server-not-modified"));
        let own = head.target();
        let sought = Sought {
            record_id: head.field("warc-refers-to").map(str::to_owned),
            target: head.field("warc-refers-to-target-uri").map_or(own, |of| of.trim_matches(['<', '>'])).to_owned(),
            captured_at: head.field("warc-refers-to-date").and_then(|date| parse_rfc3339(date).ok()),
            sha1: head.field("warc-payload-digest").and_then(sha1_of).filter(|_| !not_modified),
            not_modified,
        };
        Self { date, number, id: head.id().to_owned(), sought }
    }
}

impl Known {
    fn add(&mut self, head: &Head, date: Timestamp, number: u64) {
        if !head.id().is_empty() {
            self.by_id.entry(head.id().to_owned()).or_insert(number);
        }
        match head.field("warc-payload-digest").and_then(sha1_of) {
            Some(sha1) => {
                self.by_sha1.entry(sha1).or_insert(number);
            }
            None => {
                self.silent.insert(number);
            }
        }
        self.by_target.entry(head.target().to_owned()).or_default().push((date, number));
    }

    /// Whether a revisit names a digest that none of the records claims, and some claim none.
    fn lacks_digests(&self) -> bool {
        let unknown = |revisit: &Revisit| {
            let sought = &revisit.sought;
            sought.sha1.as_ref().is_some_and(|sha1| !self.by_sha1.contains_key(sha1))
                && sought.record_id.as_ref().is_none_or(|id| !self.by_id.contains_key(id))
        };
        !self.silent.is_empty() && self.revisits.iter().any(unknown)
    }

    fn compute_digests(&mut self, path: &Path) -> Result<(), WarcError> {
        let mut parser = Parser::open(path)?;
        let mut left = self.silent.len();
        while left > 0 {
            let Some(head) = parser.head()? else { break };
            if !self.silent.contains(&parser.record) {
                parser.skip(&head)?;
                continue;
            }
            left -= 1;
            let block = parser.block(&head)?;
            let payload = if head.kind() == Kind::Resource { &block[..] } else { payload(&block) };
            self.by_sha1.entry(sha1_base32(payload)).or_insert(parser.record);
        }
        Ok(())
    }

    /// Says of each revisit what it repeats.
    fn resolve(mut self) -> Vec<Entry> {
        for targets in self.by_target.values_mut() {
            targets.sort();
        }
        // In order of time: a revisit may repeat another, which is older.
        self.revisits.sort_by_key(|revisit| (revisit.date, revisit.number));
        let mut entries = Vec::with_capacity(self.revisits.len());
        for Revisit { date, number, id, sought } in std::mem::take(&mut self.revisits) {
            let found = self.find(&sought, date);
            if let Some(original) = found {
                // A later one may name this one as what it repeats.
                self.by_id.entry(id).or_insert(original);
            }
            let repeats = Some(found.map_or(Original::Elsewhere(sought), Original::Record));
            entries.push(Entry { date, number, repeats });
        }
        entries
    }

    fn find(&self, sought: &Sought, date: Timestamp) -> Option<u64> {
        let by_id = sought.record_id.as_ref().and_then(|id| self.by_id.get(id)).copied();
        let by_sha1 = || sought.sha1.as_ref().and_then(|sha1| self.by_sha1.get(sha1)).copied();
        let at = |moment: Timestamp| {
            let known = self.by_target.get(&sought.target)?;
            known.iter().find(|(date, _)| *date == moment).map(|(_, number)| *number)
        };
        let before = || {
            let known = self.by_target.get(&sought.target).filter(|_| sought.not_modified)?;
            known.iter().rev().find(|(known, _)| *known <= date).map(|(_, number)| *number)
        };
        by_id.or_else(by_sha1).or_else(|| sought.captured_at.and_then(at)).or_else(before)
    }
}

/// A SHA-1 in the Base32 that archives write it in.
pub(super) fn sha1_base32(bytes: &[u8]) -> String {
    data_encoding::BASE32.encode(&Sha1::digest(bytes))
}

/// The Base32 of `sha1:…`, which some write in hexadecimal digits.
fn sha1_of(labelled: &str) -> Option<String> {
    let (algorithm, value) = labelled.split_once(':')?;
    if !algorithm.eq_ignore_ascii_case("sha1") {
        return None;
    }
    match value.len() {
        32 => Some(value.to_ascii_uppercase()),
        40 => Some(data_encoding::BASE32.encode(&data_encoding::HEXLOWER_PERMISSIVE.decode(value.as_bytes()).ok()?)),
        _ => None,
    }
}
