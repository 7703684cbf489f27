//! Compression: one zstd frame a blob, written as a difference to a similar blob where
//! there is one.
//!
//! The similar blob is the frame's *prefix* (RFC 8878 calls it a raw-content
//! dictionary; `zstd --patch-from` does the same). Consecutive captures of a page
//! differ in a few places, so a difference weighs a hundredth of the page.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::rc::Rc;

use rusqlite::{OptionalExtension, Transaction};
use zstd::stream::raw::{CParameter, DParameter};
use zstd::zstd_safe::{CCtx, DCtx, Strategy};

use super::fault::{Fault, unless_damaged};

/// The level of differences. Measured on real histories: 9 makes them 5 % smaller than 3
/// does for less than twice the work; 19 gains as much again for ten times that.
const LEVEL: i32 = 9;

/// The same of tiny ones.
const LEVEL_TINY: i32 = 8;

/// The level of blobs that stand alone: few, large, and many others lie on them.
const LEVEL_ALONE: i32 = 15;

/// The widest window that we write: 128 MiB, what every decoder accepts unasked.
const MAX_WINDOW_LOG: u32 = 27;

/// Entries of the encoder's tables, as a power of two.
const MAX_TABLE_LOG: u32 = 18;

/// How many differences may lie between a blob and one that stands alone: it bounds how
/// long reading one takes. Measured on real histories, 32 stores 5 % less than 16.
const MAX_DEPTH: u32 = 32;

/// Bytes of a blob and its prefix together that are packed by a compressor that is kept: as
/// far as the levels' own windows reach. That is nearly all of them, and making a compressor
/// takes longer than using it.
const SMALL: usize = 256 * 1024;

/// Up to so many bytes, level 9 would look for matches in a tree; 8 does not, and finds the same.
const TINY: usize = 16 * 1024;

/// Bytes that are unpacked at once; what is larger grows as it comes, for its size may be wrong.
const AT_ONCE: usize = 32 * 1024 * 1024;

/// What a dictionary in zstd's own format begins with. A prefix that does is not taken for one
/// only where that is said.
const DICTIONARY: [u8; 4] = [0x37, 0xa4, 0x30, 0xec];

thread_local! {
    /// Nothing but time depends on them.
    static COMPRESSOR: RefCell<CCtx<'static>> = RefCell::default();
    static DECOMPRESSOR: RefCell<DCtx<'static>> = RefCell::default();
}

/// Compresses `raw` as a difference to `prefix`; to nothing if that is empty.
pub(super) fn pack(raw: &[u8], prefix: &[u8]) -> io::Result<Vec<u8>> {
    let both = raw.len() + prefix.len();
    if both > SMALL || prefix.is_empty() || prefix.starts_with(&DICTIONARY) {
        return pack_by_itself(raw, prefix);
    }
    let level = if both <= TINY { LEVEL_TINY } else { LEVEL };
    let mut packed = Vec::with_capacity(zstd::zstd_safe::compress_bound(raw.len()));
    COMPRESSOR
        .with_borrow_mut(|compressor| compressor.compress_using_dict(&mut packed, raw, prefix, level))
        .map_err(failed)?;
    packed.shrink_to_fit();
    Ok(packed)
}

fn failed(code: zstd::zstd_safe::ErrorCode) -> io::Error {
    io::Error::other(zstd::zstd_safe::get_error_name(code))
}

/// [`pack`] with a compressor of its own, whose window reaches over everything.
fn pack_by_itself(raw: &[u8], prefix: &[u8]) -> io::Result<Vec<u8>> {
    let level = if prefix.is_empty() { LEVEL_ALONE } else { LEVEL };
    let mut encoder = zstd::stream::write::Encoder::with_ref_prefix(Vec::new(), level, prefix)?;
    // The window must reach back over the whole prefix.
    let reach = (raw.len() + prefix.len()).next_power_of_two().trailing_zeros();
    encoder.set_parameter(CParameter::WindowLog(reach.clamp(10, MAX_WINDOW_LOG)))?;
    // Tables of 1 MB each: by themselves they would take 18 MB, and long repeats are
    // found by long distance matching anyway.
    encoder.set_parameter(CParameter::HashLog(MAX_TABLE_LOG))?;
    encoder.set_parameter(CParameter::ChainLog(MAX_TABLE_LOG))?;
    encoder.set_parameter(CParameter::EnableLongDistanceMatching(true))?;
    if !prefix.is_empty() {
        // By itself the level makes a tree of the whole prefix for what is small, which takes
        // longer than all the rest; what is like the prefix is found without.
        encoder.set_parameter(CParameter::Strategy(Strategy::ZSTD_lazy2))?;
    }
    encoder.set_pledged_src_size(Some(raw.len() as u64))?;
    encoder.write_all(raw)?;
    encoder.finish()
}

/// What [`pack`] compressed: `size` bytes, or an error. Never makes more than that.
pub(super) fn unpack(packed: &[u8], prefix: &[u8], size: usize) -> io::Result<Vec<u8>> {
    if size > AT_ONCE || prefix.starts_with(&DICTIONARY) {
        return unpack_by_itself(packed, prefix, size);
    }
    let mut raw = Vec::with_capacity(size);
    DECOMPRESSOR
        .with_borrow_mut(|decompressor| decompressor.decompress_using_dict(&mut raw, packed, prefix))
        .map_err(failed)?;
    if raw.len() == size { Ok(raw) } else { Err(io::Error::other(format!("it is not of {size} bytes"))) }
}

/// [`unpack`] with a decompressor of its own, bit by bit.
fn unpack_by_itself(packed: &[u8], prefix: &[u8], size: usize) -> io::Result<Vec<u8>> {
    let mut decoder = zstd::stream::read::Decoder::with_ref_prefix(packed, prefix)?;
    decoder.set_parameter(DParameter::WindowLogMax(MAX_WINDOW_LOG))?;
    // A damaged size must not ask for all memory at once.
    let mut raw = Vec::with_capacity(size.min(AT_ONCE));
    decoder.take(size as u64 + 1).read_to_end(&mut raw)?;
    if raw.len() == size { Ok(raw) } else { Err(io::Error::other(format!("it is not of {size} bytes"))) }
}

/// A table whose blobs may be differences to others of it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shelf {
    /// Bodies as served.
    Bodies,
    /// Readings of versions.
    Readings,
}

impl Shelf {
    fn name(self) -> &'static str {
        match self {
            Shelf::Bodies => "bodies",
            Shelf::Readings => "versions",
        }
    }

    fn row(self) -> &'static str {
        match self {
            Shelf::Bodies => "SELECT size, base_id, data FROM bodies WHERE id = ?1",
            Shelf::Readings => "SELECT size, base_id, reading FROM versions WHERE id = ?1",
        }
    }

    fn step(self) -> &'static str {
        match self {
            Shelf::Bodies => "SELECT depth, base_id FROM bodies WHERE id = ?1",
            Shelf::Readings => "SELECT depth, base_id FROM versions WHERE id = ?1",
        }
    }
}

/// Bytes of blobs that are remembered: what a few captures of a page and their readings
/// take, so that a history is written without reading it again at every capture.
const REMEMBERED: usize = 3 * 1024 * 1024;

/// Reads blobs of one shelf and remembers the latest, on which the next ones are based.
#[derive(Debug)]
pub(super) struct Blobs {
    shelf: Shelf,
    /// Those used last stand last; [`REMEMBERED`] bytes at most, or one blob.
    known: VecDeque<(i64, Rc<Vec<u8>>)>,
    bytes: usize,
}

impl Blobs {
    pub(super) fn of(shelf: Shelf) -> Self {
        Self { shelf, known: VecDeque::new(), bytes: 0 }
    }

    /// A blob's raw bytes.
    pub(super) fn load(&mut self, tx: &Transaction<'_>, id: i64) -> Result<Rc<Vec<u8>>, Fault> {
        let shelf = self.shelf;
        let place = |id: i64| format!("{} {id}", shelf.name());
        let mut frames = Vec::new();
        let mut next = Some(id);
        let mut raw = Rc::new(Vec::new());
        while let Some(id) = next {
            if let Some(known) = self.known(id) {
                raw = known;
                break;
            }
            // A base lies at a lower depth; a circle is damage that must not hang us.
            if frames.len() > MAX_DEPTH as usize {
                return Err(Fault::damaged(place(id), "its chain of differences does not end"));
            }
            let mut statement = tx.prepare_cached(shelf.row())?;
            let row = statement
                .query_row([id], |row| Ok((row.get::<_, i64>(0)?, row.get(1)?, row.get::<_, Vec<u8>>(2)?)))
                .optional()?;
            let (size, base, frame) = row.ok_or_else(|| Fault::damaged(place(id), "it is missing"))?;
            frames.push((id, size as usize, frame));
            next = base;
        }
        for (id, size, frame) in frames.into_iter().rev() {
            let unpacked = unpack(&frame, &raw, size).map_err(|error| Fault::damaged(place(id), error))?;
            raw = self.remember(id, unpacked);
        }
        Ok(raw)
    }

    /// Keeps in mind what was just read or written.
    pub(super) fn remember(&mut self, id: i64, raw: Vec<u8>) -> Rc<Vec<u8>> {
        let raw = Rc::new(raw);
        self.bytes += raw.len();
        self.known.push_back((id, Rc::clone(&raw)));
        while self.bytes > REMEMBERED && self.known.len() > 1 {
            self.bytes -= self.known.pop_front().map_or(0, |(_, raw)| raw.len());
        }
        raw
    }

    fn known(&mut self, id: i64) -> Option<Rc<Vec<u8>>> {
        let at = self.known.iter().rposition(|(known, _)| *known == id)?;
        let found = self.known.remove(at)?;
        let raw = Rc::clone(&found.1);
        self.known.push_back(found);
        Some(raw)
    }
}

/// A blob ready to be inserted.
#[derive(Debug)]
pub(super) struct Packed {
    pub(super) data: Vec<u8>,
    pub(super) base: Option<i64>,
    pub(super) depth: u32,
}

/// Packs `raw` as a difference to that of `near` which makes it smallest (the likeliest
/// comes first); where none is like it, to one of `far`; else alone. What is returned has
/// been unpacked again.
pub(super) fn pack_on(
    tx: &Transaction<'_>,
    blobs: &mut Blobs,
    raw: &[u8],
    near: &[i64],
    far: impl FnOnce() -> Result<Vec<i64>, Fault>,
) -> Result<Packed, Fault> {
    let shelf = blobs.shelf;
    let failed = |error| Fault::damaged(shelf.name(), error);
    let mut search = Search { tx, blobs, raw, tried: Vec::new(), best: None };
    near.iter().try_for_each(|id| search.consider(*id))?;
    // Pages shrink to a fifth when they stand alone: a difference below a tenth wins unasked.
    if search.exceeds(10) && !near.is_empty() {
        far()?.into_iter().try_for_each(|id| search.consider(id))?;
    }
    if search.exceeds(10) {
        let data = pack(raw, &[]).map_err(failed)?;
        // A chain grows only while that saves half: it makes reading slower, and damage wider.
        if search.best.as_ref().is_none_or(|(best, _)| best.data.len() * 2 > data.len()) {
            search.best = Some((Packed { data, base: None, depth: 0 }, Rc::default()));
        }
    }
    let (packed, base) = search.best.expect("what stands alone is there if nothing else is");
    let again = unpack(&packed.data, &base, raw.len()).map_err(failed)?;
    if again != raw {
        return Err(Fault::damaged(shelf.name(), "what was compressed does not read back the same"));
    }
    Ok(packed)
}

/// The search for the base that makes a blob smallest.
struct Search<'a> {
    tx: &'a Transaction<'a>,
    blobs: &'a mut Blobs,
    raw: &'a [u8],
    tried: Vec<i64>,
    /// The smallest yet, and the bytes it is a difference to.
    best: Option<(Packed, Rc<Vec<u8>>)>,
}

impl Search<'_> {
    /// Tries one base, unless what we have is so small that no other could gain much: 2 %.
    fn consider(&mut self, candidate: i64) -> Result<(), Fault> {
        let shelf = self.blobs.shelf;
        let (id, depth) = base_for(self.tx, shelf, candidate)?;
        if !self.exceeds(50) || self.tried.contains(&id) {
            return Ok(());
        }
        self.tried.push(id);
        // Nothing new is stored as a difference to what cannot be read.
        let Some(base) = unless_damaged(self.blobs.load(self.tx, id))? else { return Ok(()) };
        let data = pack(self.raw, &base).map_err(|error| Fault::damaged(shelf.name(), error))?;
        if self.best.as_ref().is_none_or(|(best, _)| data.len() < best.data.len()) {
            self.best = Some((Packed { data, base: Some(id), depth: depth + 1 }, base));
        }
        Ok(())
    }

    /// Whether the smallest yet is larger than this part of the raw bytes.
    fn exceeds(&self, part: usize) -> bool {
        self.best.as_ref().is_none_or(|(best, _)| best.data.len() * part > self.raw.len())
    }
}

/// What to base a blob on, given the one that it resembles, and how deep that lies: the
/// blob itself, or where its chain is as long as it may be, the chain's root.
fn base_for(tx: &Transaction<'_>, shelf: Shelf, candidate: i64) -> Result<(i64, u32), Fault> {
    let mut statement = tx.prepare_cached(shelf.step())?;
    let mut step =
        |id: i64| statement.query_row([id], |row| Ok((row.get::<_, u32>(0)?, row.get::<_, Option<i64>>(1)?)));
    let (depth, mut base) = step(candidate)?;
    if depth < MAX_DEPTH {
        return Ok((candidate, depth));
    }
    let mut root = candidate;
    for _ in 0..=MAX_DEPTH {
        let Some(id) = base else { return Ok((root, 0)) };
        root = id;
        base = step(id)?.1;
    }
    Err(Fault::damaged(format!("{} {candidate}", shelf.name()), "its chain of differences does not end"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "in tests, a failed unwrap is a failed test")]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_unpacks_on_the_same_prefix_only() {
        let text = "We may share your data with partners. ".repeat(50).into_bytes();
        let longer = [text.as_slice(), b"And keep it."].concat();
        // What begins as a dictionary does, and what is larger than a kept compressor takes.
        let odd = [&DICTIONARY[..], &text].concat();
        let large = text.repeat(SMALL / text.len());
        let cases = [
            (&text, &[][..]),
            (&longer, &text),
            (&text, &longer),
            (&Vec::new(), &text),
            (&text, &text[..3]),
            (&odd, &text),
            (&text, &odd),
            (&large, &longer),
            (&longer, &large),
        ];
        for (raw, prefix) in cases {
            let packed = pack(raw, prefix).unwrap();
            assert_eq!(&unpack(&packed, prefix, raw.len()).unwrap(), raw);
            // Earlier releases made and read them otherwise; the frames are the same to both.
            assert_eq!(&unpack_by_itself(&packed, prefix, raw.len()).unwrap(), raw);
            assert_eq!(&unpack(&pack_by_itself(raw, prefix).unwrap(), prefix, raw.len()).unwrap(), raw);
        }
        let packed = pack(&longer, &text).unwrap();
        assert!(packed.len() < 50, "{}", packed.len());
        assert!(unpack(&packed, b"another", longer.len()).map_or(true, |raw| raw != longer));
    }

    #[test]
    fn a_frame_never_makes_more_than_it_says() {
        let bomb = pack(&vec![0; 50_000_000], &[]).unwrap();
        assert!(bomb.len() < 10_000);
        assert!(unpack(&bomb, &[], 1000).is_err());
        assert!(unpack(&bomb, &[], 50_000_001).is_err());
        for damaged in [&bomb[..bomb.len() / 2], &b"no frame"[..], &[]] {
            assert!(unpack(damaged, &[], 50_000_000).is_err());
        }
    }
}
