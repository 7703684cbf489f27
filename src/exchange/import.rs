//! Records the captures of an archive file in the histories of watches.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::path::Path;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinError;
use url::Url;

use crate::backfill::{History, Kept};
use crate::change::Change;
use crate::clock::Clock;
use crate::exchange::warc::{self, Response, Sought, WarcError};
use crate::judgment::Judgment;
use crate::outcome::Outcome;
use crate::pages::{NEAR, page_of};
use crate::panics::contained;
use crate::reading::{Expected, Page, Reading, Selectors, Unreadable, Why, read};
use crate::snapshot::{Origin, Snapshot};
use crate::store::{CheckFacts, ImportLock, Store, StoreError, Which, lock_import};
use crate::text::state::parallel;
use crate::time::{Timestamp, is_plausible, rfc3339};
use crate::unpack::Unpacker;
use crate::version::{SnapshotId, Version};
use crate::watch::{Watch, WatchId};

/// How many captures wait between the file and the record: each may have megabytes.
const AHEAD: usize = 2;

/// One capture of the file, as recorded.
#[derive(Clone, Debug)]
pub struct Imported {
    /// Whose history it is in.
    pub watch: WatchId,
    /// The record's `WARC-Record-ID`, with its angle brackets; of other formats, the
    /// capture's place in the file.
    pub record_id: String,
    /// When it was served.
    pub captured_at: Timestamp,
    /// What it turned out to be.
    pub ending: Ending,
    /// Whether an earlier import recorded it.
    pub held: bool,
    /// The version in force after it; none if it is not the policy.
    pub version: Option<u32>,
    /// The text in force after it; none if it is not the policy.
    pub reading: Option<Reading>,
}

/// What a capture turned out to be.
#[derive(Clone, Debug)]
pub enum Ending {
    /// The first text of the watch, or its first in a language.
    First,
    /// The same text again.
    Unchanged,
    /// Another text.
    Changed(Box<(Change, Judgment)>),
    /// Not the policy.
    Unreadable(Unreadable),
    /// It was not read: nothing was to be recorded.
    Listed,
}

/// What an import did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Captures read.
    pub read: usize,
    /// Records that hold no capture (requests, metadata …), or one of a time that cannot be.
    pub skipped: u64,
    /// Captures of none of the watch's pages, where it has several, or of no watch at all;
    /// not recorded.
    pub other_pages: usize,
    /// The addresses of those, each with how many there are; of a bounded number only.
    pub elsewhere: BTreeMap<String, usize>,
    /// Captures that repeat a body which neither the file nor the record has; not recorded.
    pub without_body: usize,
    /// Captures that were cut off by whoever recorded them; not recorded, since what is
    /// missing would read as removed.
    pub truncated: usize,
    /// Captures older than what was recorded already.
    pub older: usize,
    /// Deliveries that wait because of it.
    pub deliveries: usize,
}

/// Addresses that nobody follows of which an import takes note, and how long they may be: what
/// a file holds must not fill the memory.
const MOST_ADDRESSES: usize = 1000;
const LONGEST_ADDRESS: usize = 500;

/// Whether a capture may be of a policy at all: a page or a document that was there.
fn may_be_policy(snapshot: &Snapshot) -> bool {
    const TEXTS: [&str; 5] = ["html", "pdf", "text/plain", "markdown", "wordprocessingml"];
    let kind = snapshot.header("content-type").map(str::to_ascii_lowercase);
    snapshot.url.get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http"))
        && (200..300).contains(&snapshot.status)
        && !snapshot.url.ends_with("/robots.txt")
        && kind.is_none_or(|kind| TEXTS.iter().any(|text| kind.contains(text)))
}

impl Summary {
    fn note_elsewhere(&mut self, url: &str, more: usize) {
        if let Some(count) = self.elsewhere.get_mut(url) {
            *count += more;
        } else if self.elsewhere.len() < MOST_ADDRESSES && url.len() <= LONGEST_ADDRESS {
            self.elsewhere.insert(url.to_owned(), more);
        }
    }

    /// Counts what another part of the same import did.
    pub(super) fn add(&mut self, other: &Self) {
        self.read += other.read;
        self.skipped += other.skipped;
        self.other_pages += other.other_pages;
        for (url, count) in &other.elsewhere {
            self.note_elsewhere(url, *count);
        }
        self.without_body += other.without_body;
        self.truncated += other.truncated;
        self.older += other.older;
        self.deliveries += other.deliveries;
    }
}

/// Why an import ended before the file did.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file cannot be read (further). What came before stays recorded.
    #[error(transparent)]
    Warc(#[from] WarcError),
    /// Another source cannot be read (further). What came before stays recorded.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The record could not be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Whoever is told of the captures cannot listen any more.
    #[error("could not write the result")]
    Told(#[source] io::Error),
}

/// Why a file or a folder of another format cannot be read (further).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {reason}")]
pub struct SourceError {
    /// The file, and the place in it.
    pub place: String,
    /// What is wrong, and what to do.
    pub reason: String,
}

impl SourceError {
    /// What is wrong with a place.
    pub fn new(place: impl Into<String>, reason: impl ToString) -> Self {
        Self { place: place.into(), reason: reason.to_string() }
    }
}

/// Which captures belong to which history.
#[derive(Clone, Copy, Debug)]
pub enum Routing<'a> {
    /// All of them to this one, whatever their address.
    One(&'a Watch),
    /// Each to those that follow its address.
    ByAddress(&'a [Watch]),
}

impl<'a> Routing<'a> {
    /// The watches that there are.
    pub fn watches(self) -> &'a [Watch] {
        match self {
            Routing::One(watch) => std::slice::from_ref(watch),
            Routing::ByAddress(watches) => watches,
        }
    }

    /// The watches, and their pages, that a capture belongs to: by the addresses that these
    /// have or had at its time ([`crate::moving::in_its_place`]). One that an export of ours
    /// made names its watch: it goes to that one alone, if the address is or was its own.
    pub fn of(self, url: &str, captured_at: Timestamp, named: Option<&str>) -> Vec<(usize, usize)> {
        let watches = self.watches();
        let is_named = |watch: &Watch| Some(watch.id.as_str()) == named;
        // Anybody can write a name into a file: it counts where the address is the watch's, too.
        let own = match self {
            Routing::One(_) => watches.iter().position(is_named),
            Routing::ByAddress(_) => watches.iter().position(|watch| is_named(watch) && knows(watch, url)),
        };
        let said = matches!(self, Routing::One(_)) || own.is_some();
        let place = |(at, watch): (usize, &Watch)| {
            // Whatever its address: that was said.
            let page = if said && watch.pages.is_empty() { Some(0) } else { page_then(watch, url, captured_at) };
            page.filter(|_| own.is_none_or(|own| own == at)).map(|page| (at, page))
        };
        watches.iter().enumerate().filter_map(place).collect()
    }
}

/// Whether a watch has or had a page at an address.
fn knows(watch: &Watch, url: &str) -> bool {
    let pages = watch.all_pages();
    let known = (0..pages.len()).flat_map(|page| {
        let (former, now) = watch.addresses(page);
        former.iter().map(|former| &former.url).chain([now])
    });
    page_of(url, &pages).or_else(|| page_of(url, &known.map(bare).collect::<Vec<_>>())).is_some()
}

/// Which page of a watch (a place in [`Watch::all_pages`]) stood at an address at a moment, as
/// far as that is known. What stands at a former address since is somebody else's.
fn page_then(watch: &Watch, url: &str, at: Timestamp) -> Option<usize> {
    let pages = 0..watch.all_pages().len();
    let now: Vec<Page> = pages.clone().map(|page| bare(watch.addresses(page).1)).collect();
    let then = || {
        let former = |page: usize| watch.addresses(page).0.iter().map(move |former| (page, former));
        let (then, addresses): (Vec<usize>, Vec<Page>) = pages
            .flat_map(former)
            .filter(|(_, former)| at <= former.until)
            .map(|(page, former)| (page, bare(&former.url)))
            .unzip();
        page_of(url, &addresses).and_then(|found| then.get(found).copied())
    };
    page_of(url, &now).or_else(then)
}

/// An address as a page, to be found by.
fn bare(url: &Url) -> Page {
    Page { url: url.clone(), selectors: Selectors::default() }
}

/// Records captures in the histories of watches.
pub struct Recorder<'a, C> {
    routing: Routing<'a>,
    mode: Mode,
    store: &'a Store,
    clock: &'a C,
    unpacker: &'a Unpacker,
    histories: BTreeMap<usize, History<'a>>,
    /// From the first capture on: no other import records meanwhile.
    alone: Option<ImportLock>,
    originals: Originals,
    /// What was taken and nobody was told of yet, in its order.
    taken: VecDeque<Taken>,
    /// What was done until now.
    pub summary: Summary,
}

/// A capture that was taken.
#[derive(Debug)]
enum Taken {
    /// It is on record, or only listed.
    Told(Box<Imported>),
    /// It waits to be recorded in a history, with those before and after it.
    Waits { at: usize, record_id: String, captured_at: Timestamp, size: usize, since: Timestamp },
}

/// How many captures are recorded together at most: what a crash may cost, and how long others
/// who write may wait.
const TOGETHER: usize = 64;

/// Bytes of the captures that are recorded together at most; one may have more.
const TOGETHER_BYTES: usize = 2 * 1024 * 1024;

/// How long a capture waits at most before whoever watches is told of it.
const TOGETHER_TIME: Duration = Duration::from_secs(1);

/// What an import does with what it finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It records, and tells nobody.
    Record,
    /// It records, and the watches' channels are told of changes.
    Tell,
    /// It only lists.
    Dry,
}

impl<'a, C: Clock> Recorder<'a, C> {
    /// Nothing is recorded yet.
    pub fn new(routing: Routing<'a>, mode: Mode, store: &'a Store, clock: &'a C, unpacker: &'a Unpacker) -> Self {
        let (histories, originals, summary) = (BTreeMap::new(), Originals::default(), Summary::default());
        let (alone, taken) = (None, VecDeque::new());
        Self { routing, mode, store, clock, unpacker, histories, alone, originals, taken, summary }
    }

    /// Takes a capture into every history that it belongs to: the next in the order of time.
    /// Answers with the captures that are on record now, this one or earlier ones, in their
    /// order, but that many of other watches do not wait for a policy of several pages;
    /// [`Recorder::finish`] with the rest.
    ///
    /// # Errors
    /// If the record could not be kept.
    pub async fn take(&mut self, response: Response) -> Result<Vec<Imported>, StoreError> {
        let Response { record_id, mut snapshot, watch, elsewhere, truncated, .. } = response;
        if !is_plausible(snapshot.captured_at, self.clock.now()) {
            // One of a time to come would be the newest for ever, and no export of it be taken.
            let captured_at = rfc3339(snapshot.captured_at);
            tracing::warn!(record_id, captured_at, "a capture is of no time that can be, and left out");
            self.summary.skipped += 1;
            return Ok(Vec::new());
        }
        self.settle_far(snapshot.captured_at).await?;
        let places = self.routing.of(&snapshot.url, snapshot.captured_at, watch.as_deref());
        if places.is_empty() {
            // Whose page that is nobody can tell: it stays in the file.
            self.summary.other_pages += 1;
            if may_be_policy(&snapshot) {
                self.summary.note_elsewhere(&snapshot.url, 1);
            }
            return Ok(Vec::new());
        }
        if truncated.is_some() {
            self.summary.truncated += 1;
            return Ok(Vec::new());
        }
        for (at, page) in places {
            if let Some(sought) = &elsewhere {
                if self.histories.get(&at).is_some_and(|history| history.awaits_page(page)) {
                    // It may name what waits.
                    self.settle_one(at).await?;
                }
                let watch = &self.routing.watches()[at];
                let Some(original) = self.originals.find(&watch.id, sought, snapshot.captured_at, self.store).await?
                else {
                    self.summary.without_body += 1;
                    continue;
                };
                snapshot.body = original.body;
                if snapshot.headers.is_empty() {
                    (snapshot.status, snapshot.headers) = (original.status, original.headers);
                }
            }
            self.take_one(at, page, record_id.clone(), snapshot.clone()).await?;
        }
        let now = self.clock.now();
        let late = self.since().is_some_and(|since| now.signed_duration_since(since).to_std().is_ok_and(is_long));
        if late || self.is_full() {
            self.settle_ripe().await?;
        }
        Ok(self.told())
    }

    /// What waits: of which history, since when, bytes.
    fn waiting(&self) -> impl Iterator<Item = (usize, Timestamp, usize)> {
        self.taken.iter().filter_map(|taken| match taken {
            Taken::Waits { at, since, size, .. } => Some((*at, *since, *size)),
            Taken::Told(_) => None,
        })
    }

    /// Since when the first waits that is not kept for the other pages of its policy.
    fn since(&self) -> Option<Timestamp> {
        self.waiting().filter(|(at, ..)| !self.is_gathering(*at)).map(|(_, since, _)| since).min()
    }

    /// Whether there is as much as may be recorded together, or waits to be told.
    fn is_full(&self) -> bool {
        self.taken.len() >= TOGETHER || self.waiting().map(|(.., size)| size).sum::<usize>() >= TOGETHER_BYTES
    }

    /// Whether what waits of a history does so for the other pages of its policy.
    fn is_gathering(&self, at: usize) -> bool {
        self.histories.get(&at).is_some_and(History::is_gathering)
    }

    /// Takes out what is on record, up to the first that waits; further where that is much.
    fn told(&mut self) -> Vec<Imported> {
        let all = self.taken.len() >= TOGETHER;
        let (mut told, mut rest) = (Vec::new(), VecDeque::new());
        for taken in std::mem::take(&mut self.taken) {
            match taken {
                Taken::Told(imported) if all || rest.is_empty() => told.push(*imported),
                other => rest.push_back(other),
            }
        }
        self.taken = rest;
        told
    }

    /// Records what waits.
    async fn settle(&mut self) -> Result<(), StoreError> {
        self.settle_those(|_| true).await
    }

    /// Records what waits of one history: others may wait for more pages of theirs.
    async fn settle_one(&mut self, at: usize) -> Result<(), StoreError> {
        self.settle_those(|other| other == at).await
    }

    /// Records what waits, but not what waits for the other pages of its policy: how far apart
    /// captures belong together does not depend on how slow a source is. Where that alone is
    /// too much, what has waited longest is recorded as it is; the pages of one policy may be
    /// more.
    async fn settle_ripe(&mut self) -> Result<(), StoreError> {
        let gathering: BTreeSet<usize> =
            self.waiting().map(|(at, ..)| at).filter(|at| self.is_gathering(*at)).collect();
        self.settle_those(|at| !gathering.contains(&at)).await?;
        loop {
            let (count, size) = self.waiting().fold((0, 0), |(count, size), (.., one)| (count + 1, size + one));
            let mut waiting = self.waiting().map(|(at, ..)| at);
            let first = waiting.next();
            match first {
                Some(first) if (count >= TOGETHER || size >= TOGETHER_BYTES) && waiting.any(|other| other != first) => {
                    drop(waiting);
                    self.settle_one(first).await?;
                }
                _ => return Ok(()),
            }
        }
    }

    /// Records what waits for other pages of its policy that will not come any more, now that
    /// a capture of this moment is there.
    async fn settle_far(&mut self, captured_at: Timestamp) -> Result<(), StoreError> {
        let is_far = |taken: &Taken| match taken {
            Taken::Waits { at, captured_at: first, .. } if self.is_gathering(*at) && captured_at - first > NEAR => {
                Some(*at)
            }
            _ => None,
        };
        let far: BTreeSet<usize> = self.taken.iter().filter_map(is_far).collect();
        if far.is_empty() { Ok(()) } else { self.settle_those(|at| far.contains(&at)).await }
    }

    async fn settle_those(&mut self, which: impl Fn(usize) -> bool) -> Result<(), StoreError> {
        let (mut settled, now): (BTreeMap<usize, VecDeque<Kept>>, _) = (BTreeMap::new(), self.clock.now());
        for (at, history) in self.histories.iter_mut().filter(|(at, _)| which(**at)) {
            settled.insert(*at, history.settle(self.mode == Mode::Tell, now).await?.into());
        }
        for taken in &mut self.taken {
            let Taken::Waits { at, record_id, captured_at, .. } = taken else { continue };
            let Some(kept) = settled.get_mut(at).and_then(VecDeque::pop_front) else { continue };
            self.summary.deliveries += kept.deliveries;
            let id = self.routing.watches()[*at].id.clone();
            *taken = Taken::Told(Box::new(told(id, std::mem::take(record_id), *captured_at, kept)));
        }
        Ok(())
    }

    async fn take_one(
        &mut self,
        at: usize,
        page: usize,
        record_id: String,
        snapshot: Snapshot,
    ) -> Result<(), StoreError> {
        let (watch, captured_at) = (&self.routing.watches()[at], snapshot.captured_at);
        self.summary.read += 1;
        if self.histories.get(&at).is_some_and(|history| history.awaits(page, captured_at)) {
            // It may be the same.
            self.settle_one(at).await?;
        }
        let held = self.store.recorded_capture(&watch.id, &snapshot).await?;
        if self.mode == Mode::Dry && held.is_none() {
            let (watch, ending) = (watch.id.clone(), Ending::Listed);
            let listed = Imported { watch, record_id, captured_at, ending, held: false, version: None, reading: None };
            self.taken.push_back(Taken::Told(Box::new(listed)));
            return Ok(());
        }
        if self.mode != Mode::Dry && self.alone.is_none() {
            self.alone = Some(lock_import(self.store.path())?);
        }
        if self.mode != Mode::Dry
            && let Entry::Vacant(new) = self.histories.entry(at)
        {
            // Also where all is held: an import that was killed may have left it without its place.
            new.insert(History::begin(watch, self.store, self.clock, self.unpacker).await?);
        }
        if let Some(check) = held {
            // As the record says it once all before it is there.
            self.settle_one(at).await?;
            let held = again(record_id, captured_at, &check, watch, self.store, self.unpacker).await?;
            self.taken.push_back(Taken::Told(Box::new(held)));
            return Ok(());
        }
        let now = self.clock.now();
        let size = snapshot.body.len();
        let mut rest = self.history(at).look_ahead(page, snapshot, now).await;
        if let Some(snapshot) = rest {
            self.settle_one(at).await?;
            // It may be the first of others that belong together.
            let alone = !self.history(at).has_pages();
            rest = if alone { Some(snapshot) } else { self.history(at).look_ahead(page, snapshot, now).await };
        }
        let Some(snapshot) = rest else {
            self.taken.push_back(Taken::Waits { at, record_id, captured_at, size, since: now });
            return Ok(());
        };
        let tell = self.mode == Mode::Tell;
        let kept = self.history(at).record_alone(page, snapshot, tell, now).await?;
        self.summary.deliveries += kept.deliveries;
        self.taken.push_back(Taken::Told(Box::new(told(watch.id.clone(), record_id, captured_at, kept))));
        Ok(())
    }

    fn history(&mut self, at: usize) -> &mut History<'a> {
        self.histories.get_mut(&at).expect("it is opened before anything is recorded in it")
    }

    /// Records what waits, and puts what came out of order into its place. Answers with the
    /// captures that nobody was told of yet.
    ///
    /// # Errors
    /// Those of recording, and of [`Store::rebuild`].
    pub async fn finish(&mut self) -> Result<Vec<Imported>, StoreError> {
        self.settle().await?;
        for (_, history) in std::mem::take(&mut self.histories) {
            self.summary.older += history.finish(self.clock.now()).await?;
        }
        Ok(self.told())
    }

    /// Records what a reader in another thread hands over, puts it into its place, and
    /// tells `each`.
    ///
    /// # Errors
    /// Those of [`Recorder::take`], and if nobody can be told. What was recorded until then
    /// has its place.
    pub async fn take_all(
        &mut self,
        responses: &mut mpsc::Receiver<Response>,
        mut each: impl FnMut(Imported) -> io::Result<()>,
    ) -> Result<(), ImportError> {
        loop {
            let mut told = match self.next(responses, &mut each).await {
                Ok(Some(response)) => self.take(response).await?.into_iter(),
                Ok(None) => break,
                Err(NextError::Store(error)) => return Err(error.into()),
                Err(NextError::Told(deaf)) => {
                    self.finish().await?;
                    return Err(ImportError::Told(deaf));
                }
            };
            if let Err(deaf) = told.try_for_each(&mut each) {
                // What was recorded until here gets its place all the same.
                self.finish().await?;
                return Err(ImportError::Told(deaf));
            }
        }
        self.finish().await?.into_iter().try_for_each(each).map_err(ImportError::Told)
    }

    /// Receives what comes next. Of a source that is slow nothing waits for that longer than
    /// it may: it is recorded meanwhile, and `each` is told.
    ///
    /// # Errors
    /// Those of [`Recorder::take`], and if nobody can be told.
    pub(super) async fn next<T>(
        &mut self,
        source: &mut mpsc::Receiver<T>,
        mut each: impl FnMut(Imported) -> io::Result<()>,
    ) -> Result<Option<T>, NextError> {
        let Some(since) = self.since() else { return Ok(source.recv().await) };
        tokio::select! {
            biased;
            next = source.recv() => return Ok(next),
            () = self.clock.sleep_until(since + TOGETHER_TIME) => {}
        }
        self.settle_ripe().await?;
        self.told().into_iter().try_for_each(&mut each).map_err(NextError::Told)?;
        Ok(source.recv().await)
    }
}

/// Why nothing more is received.
#[derive(Debug)]
pub(super) enum NextError {
    /// The record could not be kept.
    Store(StoreError),
    /// Whoever is told of the captures cannot listen any more.
    Told(io::Error),
}

impl From<StoreError> for NextError {
    fn from(error: StoreError) -> Self {
        NextError::Store(error)
    }
}

/// Finds bodies that are named in a file and stand in the record.
#[derive(Debug, Default)]
struct Originals {
    /// Of a watch, the snapshot that has the payload of a SHA-1. Made when first needed: the
    /// record names bodies by another digest.
    by_sha1: BTreeMap<WatchId, BTreeMap<String, SnapshotId>>,
    /// Of a watch, the snapshot that came from the WARC record of an id. Made when first
    /// needed, too.
    by_record: BTreeMap<WatchId, BTreeMap<String, SnapshotId>>,
}

impl Originals {
    async fn find(
        &mut self,
        watch: &WatchId,
        sought: &Sought,
        before: Timestamp,
        store: &Store,
    ) -> Result<Option<Snapshot>, StoreError> {
        if let Some(at) = sought.captured_at {
            // Some write whole seconds.
            let until = at + Duration::from_millis(if at.timestamp_subsec_millis() == 0 { 999 } else { 0 });
            for capture in store.captures(watch, Some(at), Some(until)).await? {
                let snapshot = store.snapshot(capture.snapshot).await?;
                if names(sought, &snapshot) {
                    return Ok(Some(snapshot));
                }
            }
        }
        if let Some(record_id) = &sought.record_id {
            if !self.by_record.contains_key(watch) {
                self.by_record.insert(watch.clone(), store.warc_records(watch).await?);
            }
            if let Some(id) = self.by_record.get(watch).and_then(|known| known.get(record_id)) {
                return Ok(Some(store.snapshot(*id).await?));
            }
        }
        if let Some(sha1) = &sought.sha1 {
            if !self.by_sha1.contains_key(watch) {
                let known = payloads(watch, store).await?;
                self.by_sha1.insert(watch.clone(), known);
            }
            let known = self.by_sha1.get(watch).and_then(|known| known.get(sha1));
            return match known {
                Some(id) => Ok(Some(store.snapshot(*id).await?)),
                None => Ok(None),
            };
        }
        if sought.not_modified {
            for capture in store.captures(watch, None, Some(before)).await?.iter().rev() {
                let snapshot = store.snapshot(capture.snapshot).await?;
                if snapshot.final_url == sought.target || snapshot.url == sought.target {
                    return Ok(Some(snapshot));
                }
            }
        }
        Ok(None)
    }
}

/// Whether a snapshot of that moment is what a revisit names.
fn names(sought: &Sought, snapshot: &Snapshot) -> bool {
    let id = matches!(&snapshot.origin, Origin::Warc { record_id } if Some(record_id) == sought.record_id.as_ref());
    let sha1 = sought.sha1.as_ref();
    let same_body = sha1.is_some_and(|sha1| archive_sha1(snapshot).is_some_and(|known| known == *sha1))
        || sha1.is_some_and(|sha1| warc::payload_sha1(&snapshot.body) == *sha1);
    let same_page = sha1.is_none() && (snapshot.final_url == sought.target || snapshot.url == sought.target);
    id || same_body || same_page
}

/// What an archive says is the payload's SHA-1: of bytes that may have been packed.
fn archive_sha1(snapshot: &Snapshot) -> Option<&str> {
    match &snapshot.origin {
        Origin::Wayback { archive_digest, .. } => archive_digest.as_deref().filter(|digest| digest.len() == 32),
        _ => None,
    }
}

async fn payloads(watch: &WatchId, store: &Store) -> Result<BTreeMap<String, SnapshotId>, StoreError> {
    let (mut known, mut seen) = (BTreeMap::new(), BTreeSet::new());
    for capture in store.captures(watch, None, None).await? {
        if seen.insert(capture.digest) {
            let snapshot = store.snapshot(capture.snapshot).await?;
            if let Some(sha1) = archive_sha1(&snapshot) {
                known.insert(sha1.to_owned(), capture.snapshot);
            }
            known.insert(warc::payload_sha1(&snapshot.body), capture.snapshot);
        }
    }
    Ok(known)
}

/// Records every capture of a WARC file in the history of one watch. `each` is told of each
/// with how many there are; `tell` says whether channels are told of changes.
///
/// # Errors
/// What was recorded before an error stays.
pub async fn import<C: Clock>(
    path: &Path,
    watch: &Watch,
    tell: bool,
    store: &Store,
    clock: &C,
    unpacker: &Unpacker,
    each: impl FnMut(usize, Imported) -> io::Result<()>,
) -> Result<Summary, ImportError> {
    let mode = if tell { Mode::Tell } else { Mode::Record };
    let mut recorder = Recorder::new(Routing::One(watch), mode, store, clock, unpacker);
    warc_file(path, &mut recorder, each).await?;
    Ok(recorder.summary)
}

/// Records every capture of a WARC file. `each` is told of each with how many there are.
///
/// # Errors
/// What was recorded before an error stays.
pub async fn warc_file<C: Clock>(
    path: &Path,
    recorder: &mut Recorder<'_, C>,
    mut each: impl FnMut(usize, Imported) -> io::Result<()>,
) -> Result<(), ImportError> {
    let records = {
        let path = path.to_owned();
        worked(tokio::task::spawn_blocking(move || warc::open(&path)).await)?
    };
    let total = records.total();
    // What another file brought may be what this one repeats.
    recorder.originals = Originals::default();
    let (sender, mut responses) = mpsc::channel(AHEAD);
    let reading = tokio::task::spawn_blocking(move || stream(records, &sender));
    recorder.take_all(&mut responses, |imported| each(total, imported)).await?;
    recorder.summary.skipped += worked(reading.await)?;
    Ok(())
}

/// What a task came to; its panic goes on, being ours.
pub(super) fn worked<T>(ended: Result<T, JoinError>) -> T {
    ended.unwrap_or_else(|failed| std::panic::resume_unwind(failed.into_panic()))
}

fn is_long(waited: Duration) -> bool {
    waited >= TOGETHER_TIME
}

/// What a new capture turned out to be.
fn told(watch: WatchId, record_id: String, captured_at: Timestamp, kept: Kept) -> Imported {
    let Kept { past, base, .. } = kept;
    let (ending, reading) = match past.outcome {
        Outcome::First { reading, .. } => (Ending::First, Some(reading)),
        Outcome::Changed { reading, change, judgment, .. } => {
            (Ending::Changed(Box::new((change, judgment))), Some(reading))
        }
        // The same text, so the text of record says it.
        Outcome::Unmodified | Outcome::Unchanged { .. } => {
            (Ending::Unchanged, base.map(|version| version.reading.clone()))
        }
        Outcome::Unreadable { why, .. } => (Ending::Unreadable(why), None),
        Outcome::Unreachable(failure) => {
            (Ending::Unreadable(Unreadable::new(Why::Malformed, failure.kind.to_string())), None)
        }
        Outcome::Broken { message, .. } => {
            tracing::error!(record_id, message, "our own code failed on a capture; please report it");
            (Ending::Unreadable(Unreadable::new(Why::Malformed, format!("our own code failed: {message}"))), None)
        }
    };
    let version = reading.is_some().then_some(past.version).flatten();
    Imported { watch, record_id, captured_at, ending, held: false, version, reading }
}

/// What a capture turned out to be when it was recorded, as the record says it today.
async fn again(
    record_id: String,
    captured_at: Timestamp,
    check: &CheckFacts,
    watch: &Watch,
    store: &Store,
    unpacker: &Unpacker,
) -> Result<Imported, StoreError> {
    let (id, ending) = (watch.id.clone(), Ending::Unchanged);
    let mut imported = Imported { watch: id, record_id, captured_at, ending, held: true, version: None, reading: None };
    if !matches!(check.outcome.as_str(), "first" | "changed" | "unchanged" | "unmodified") {
        let (word, evidence) = check.why.as_deref().unwrap_or_default().split_once(": ").unwrap_or_default();
        imported.ending = Ending::Unreadable(Unreadable::new(Why::parse(word).unwrap_or(Why::Malformed), evidence));
        return Ok(imported);
    }
    let mut version = store.version(&check.watch, Which::At(captured_at)).await?;
    if check.outcome == "unchanged"
        && watch.pages.is_empty()
        && let Some(snapshot) = check.snapshot
        && store.has_several_languages(&check.watch).await?
    {
        version = as_read_then(version, watch, snapshot, store, unpacker).await?;
    }
    if let Some(version) = version {
        if version.facts.captured_at == captured_at {
            imported.ending = match store.change(&check.watch, version.facts.number).await? {
                Some(recorded) => Ending::Changed(Box::new((recorded.change, recorded.judgment))),
                None => Ending::First,
            };
        }
        imported.version = Some(version.facts.number);
        imported.reading = Some(version.reading);
    }
    Ok(imported)
}

/// The version that a capture was the same text as, where `version`, the one in force then,
/// may be in another language.
async fn as_read_then(
    version: Option<Version>,
    watch: &Watch,
    snapshot: SnapshotId,
    store: &Store,
    unpacker: &Unpacker,
) -> Result<Option<Version>, StoreError> {
    let served = store.snapshot(snapshot).await?;
    let (selectors, captured_at) = (watch.selectors.clone(), served.captured_at);
    let unpacker = unpacker.clone();
    let reading = contained(move || {
        let unpacked = unpacker.unpack(&served).ok()?;
        read(&served, &selectors, &Expected { unpacked: unpacked.as_ref(), ..Expected::default() }).ok()
    })
    .await;
    let unlike = match (&version, &reading) {
        (Some(version), Ok(Some(reading))) => parallel(&version.reading, reading),
        _ => None,
    };
    let Some((_, language)) = unlike else { return Ok(version) };
    Ok(store.latest_in(&watch.id, &language, captured_at).await?.or(version))
}

/// Hands out the captures, oldest first. Returns how many records hold none.
fn stream(mut records: warc::Records, sender: &mpsc::Sender<Response>) -> Result<u64, ImportError> {
    for response in records.by_ref() {
        if sender.blocking_send(response?).is_err() {
            break;
        }
    }
    Ok(records.skipped())
}
