//! Captures of the past, each recorded in its place by the time it was made, and judged
//! against the text in force before it. Alerts only if asked: what is history was not news
//! today.
//!
//! A run keeps nothing that is not in the record: the archive's index, what was fetched,
//! what could not be had, and when the archive may be asked again. So a run that was killed
//! goes on where it would have gone, and fetches nothing twice.

mod index;
pub mod ledger;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use url::Url;

use crate::alert::Addressed;
use crate::capture::{Capture, Known, Plan, Run, runs, thinned};
use crate::check::{self, examine_anew};
use crate::clock::Clock;
use crate::examine::{examine, new_language};
use crate::fetch::{Archive, Fetch, Fetched, Request};
use crate::outcome::{FailureKind, FetchFailure, Outcome};
use crate::pages::{Came, Held, PageCheck, Together, examine_pages};
use crate::panics::contained;
use crate::reading::{Page, Reader, Reading};
use crate::recall::recall;
use crate::snapshot::{Digest, Evidence, Origin, Snapshot, Validators};
use crate::store::{
    CheckFacts, HeldMemento, Recorded, RecordedCapture, RecordedTrace, Store, StoreError, Which, lock_watch,
};
use crate::time::Timestamp;
use crate::unpack::Unpacker;
use crate::upgrade::{Base, parallel, upgrade};
use crate::version::{Version, VersionFacts};
use crate::watch::{RobotsRule, Source, Watch};

/// How often a run waits for an archive that wants to be left alone.
const WAITS: usize = 10;

/// When a capture that the archive lists but cannot show is tried again, each time; then it
/// is a gap, and looked at once a year.
const AGAIN: [chrono::Duration; 2] = [chrono::Duration::days(1), chrono::Duration::days(7)];
const GAP: chrono::Duration = chrono::Duration::days(365);

/// Which part of the past, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The first moment; none: the first capture.
    pub from: Option<Timestamp>,
    /// The last moment; none: the newest capture.
    pub to: Option<Timestamp>,
    /// How many captures are fetched at most in one run.
    pub max: Option<usize>,
    /// One capture a period is enough.
    pub every: Option<Duration>,
    /// How much of a long history is fetched.
    pub plan: Plan,
    /// The whole index is read again, however fresh it is.
    pub relist: bool,
    /// Channels are told of changes.
    pub alert: bool,
    /// How long the run waits at most for an archive that wants to be left alone; if that
    /// takes longer, it ends.
    pub patience: Duration,
}

/// What happens during a run.
#[derive(Clone, Debug)]
pub enum Event<'a> {
    /// The index could not be read now; what it said when it was read last is gone by.
    Stale(&'a FailureKind),
    /// The archive is left alone for a while.
    Waiting {
        /// Why.
        why: &'a FailureKind,
        /// Until when.
        until: Timestamp,
    },
    /// A capture was dealt with.
    Step {
        /// How many there may be in all.
        total: usize,
        /// The capture.
        capture: &'a Capture,
        /// How it ended.
        step: &'a Step,
    },
}

/// How one capture ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// It was recorded.
    Recorded(Box<Past>),
    /// The archive could not give it; a later run asks again.
    Missed(FetchFailure),
}

/// A capture that was recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct Past {
    /// How it ended.
    pub outcome: Outcome,
    /// The version in force after it; none before the first.
    pub version: Option<u32>,
}

/// What a run found and did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Captures that the archive lists.
    pub captures: usize,
    /// Those that may show the page and were not the same bytes as the one before.
    pub distinct: usize,
    /// Of these, recorded by an earlier run.
    pub held: usize,
    /// Recorded now as a new version.
    pub versions: usize,
    /// Recorded now, the text being the same.
    pub unchanged: usize,
    /// Recorded now, not being the policy.
    pub unreadable: usize,
    /// Of those recorded now, how many were not fetched: the archive lists them with bytes
    /// that are on record.
    pub taken: usize,
    /// Not given by the archive.
    pub missed: usize,
    /// Between two that say the same, and passed over for that.
    pub passed_over: usize,
    /// Left for the next run.
    pub left: usize,
    /// Where the pages went, by their captures.
    pub traces: Vec<RecordedTrace>,
    /// Deliveries that wait because of it.
    pub deliveries: usize,
}

/// Why a run ended before its end.
#[derive(Debug, thiserror::Error)]
pub enum BackfillError {
    /// The archive's index could not be read.
    #[error(transparent)]
    Index(FailureKind),
    /// The archive fails again and again, or wants to be left alone.
    #[error("{0}; what was fetched is recorded, run the same command later to go on")]
    Archive(FailureKind),
    /// Another process is at it.
    #[error("another backfill of this watch is under way; wait for it, or stop it")]
    Busy,
    /// The record could not be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Reads a watch's history from an archive into the record.
///
/// Captures that the index lists with the same bytes are fetched once; what is recorded
/// already is not fetched again. Which are fetched at all, and in which order, says
/// [`Plan`]. `each` is told of what happens.
///
/// # Errors
/// What keeps the run from going on; what it recorded until then stays.
pub async fn backfill<C: Clock>(
    watch: &Watch,
    options: &Options,
    archive: &Archive<C>,
    store: &Store,
    clock: &C,
    unpacker: &Unpacker,
    mut each: impl FnMut(Event<'_>),
) -> Result<Summary, BackfillError> {
    let Some(_alone) = lock_watch(store.path(), &watch.id)? else { return Err(BackfillError::Busy) };
    let mut summary = Summary::default();
    let mut lines = Vec::new();
    for page in 0..watch.all_pages().len() {
        lines.push(line(watch, page, options, archive, store, clock, &mut summary, &mut each).await?);
    }
    let held = store.held_mementos(&watch.id).await?;
    let mut work = Work { watch, options, archive, store, clock, held: Record::of(held), lines, summary };
    work.survey();
    let mut history = History::begin(watch, store, clock, unpacker).await?;
    let ended = work.fetch_all(&mut history, &mut each).await;
    history.finish(clock.now()).await?;
    ended?;
    work.count_rest();
    Ok(work.summary)
}

/// The captures of one page.
struct Line {
    page: usize,
    runs: Vec<Run>,
    /// The keys of the first captures of the runs, and how often they could not be had.
    keys: Vec<(i64, u32)>,
    /// Until when they are not tried.
    closed_until: Vec<Option<Timestamp>>,
    known: Vec<Known>,
}

/// Lists what an archive has of one page, under all addresses that it had over the years.
#[expect(clippy::too_many_arguments, reason = "which page of what, and everything that listing takes")]
async fn line<C: Clock>(
    watch: &Watch,
    page: usize,
    options: &Options,
    archive: &Archive<C>,
    store: &Store,
    clock: &C,
    summary: &mut Summary,
    each: &mut impl FnMut(Event<'_>),
) -> Result<Line, BackfillError> {
    let mut recorded: Vec<RecordedCapture> = Vec::new();
    for (url, from, to) in addresses(watch, page) {
        let mut stale = None;
        let listed = index::listed(archive, &url, options.relist, store, clock, &mut stale).await?;
        if let Some(why) = &stale {
            each(Event::Stale(why));
        }
        index::follow(archive, &url, &listed, store).await?;
        summary.traces.extend(store.trace(archive.base(), url.as_str()).await?);
        let (from, to) = (from.max(options.from), [to, options.to].into_iter().flatten().min());
        recorded.extend(listed.into_iter().filter(|RecordedCapture { capture, .. }| {
            from.is_none_or(|from| capture.captured_at >= from) && to.is_none_or(|to| capture.captured_at <= to)
        }));
    }
    summary.captures += recorded.len();
    let facts: BTreeMap<_, _> =
        recorded.iter().map(|known| (key_of(&known.capture), (known.id, known.tries, known.retry_at))).collect();
    let mut runs = runs(recorded.into_iter().map(|recorded| recorded.capture).collect());
    if let Some(every) = options.every {
        runs = thinned(runs, every);
    }
    let facts: Vec<_> = runs.iter().filter_map(|run| facts.get(&key_of(&run.first)).copied()).collect();
    let keys = facts.iter().map(|(id, tries, _)| (*id, *tries)).collect();
    let closed_until = facts.iter().map(|(_, _, until)| *until).collect();
    summary.distinct += runs.len();
    Ok(Line { page, known: vec![Known::Nothing; runs.len()], runs, keys, closed_until })
}

/// What tells a capture from others of its page.
fn key_of(capture: &Capture) -> (String, String, String) {
    (capture.timestamp.clone(), capture.original.clone(), capture.digest.clone())
}

/// The addresses of a page over the years, each with the time that it is looked at in.
fn addresses(watch: &Watch, page: usize) -> Vec<(Url, Option<Timestamp>, Option<Timestamp>)> {
    let pages = watch.all_pages();
    let url = pages.get(page).map_or(&watch.url, |page| &page.url).clone();
    if page > 0 {
        return vec![(url, None, None)];
    }
    let (mut all, mut from) = (Vec::new(), None);
    for former in &watch.former {
        all.push((former.url.clone(), from, Some(former.until)));
        from = Some(former.until);
    }
    all.push((url, from, None));
    all
}

/// What is on record of an archive.
struct Record {
    by_url: BTreeMap<String, Option<Digest>>,
    /// Of each digest one memento whose bytes can be taken.
    by_digest: BTreeMap<String, HeldMemento>,
}

impl Record {
    fn of(held: Vec<HeldMemento>) -> Self {
        let by_url = held.iter().map(|memento| (memento.url.clone(), memento.text)).collect();
        let mut by_digest = BTreeMap::new();
        for memento in held {
            if let Some(digest) = memento.digest.clone() {
                by_digest.entry(digest).or_insert(memento);
            }
        }
        Self { by_url, by_digest }
    }
}

/// A run under way.
struct Work<'a, C> {
    watch: &'a Watch,
    options: &'a Options,
    archive: &'a Archive<C>,
    store: &'a Store,
    clock: &'a C,
    held: Record,
    lines: Vec<Line>,
    summary: Summary,
}

impl<C: Clock> Work<'_, C> {
    /// Sees what is known of each run.
    fn survey(&mut self) {
        let now = self.clock.now();
        for line in &mut self.lines {
            for (at, run) in line.runs.iter().enumerate() {
                let url = self.archive.memento_url(&run.first);
                line.known[at] = match self.held.by_url.get(&url) {
                    Some(text) => {
                        self.summary.held += 1;
                        text.map_or(Known::NoText, Known::Text)
                    }
                    None if self.held.by_digest.contains_key(&run.first.digest) => Known::Bytes,
                    None if line.closed_until[at].is_some_and(|until| until > now) => Known::Gap,
                    None => Known::Nothing,
                };
            }
        }
    }

    /// Which run of which line is next. Of several pages each capture makes the text with
    /// the latest of the others, so the oldest is first.
    fn next(&self) -> Option<(usize, usize)> {
        let candidates = self.lines.iter().enumerate().filter_map(|(line, of)| {
            let at = self.options.plan.next(&of.runs, &of.known)?;
            Some((of.runs[at].first.captured_at, line, at))
        });
        candidates.min().map(|(_, line, at)| (line, at))
    }

    fn open(&self) -> usize {
        let open = |known: &&Known| matches!(known, Known::Nothing | Known::Bytes);
        self.lines.iter().flat_map(|line| &line.known).filter(open).count()
    }

    async fn fetch_all(
        &mut self,
        history: &mut History<'_>,
        each: &mut impl FnMut(Event<'_>),
    ) -> Result<(), BackfillError> {
        let total = self.open().min(self.options.max.unwrap_or(usize::MAX));
        let (mut fetched, mut waits) = (0, 0);
        // What failed for once is tried a second time, after everything else.
        let mut failed: BTreeSet<(usize, usize)> = BTreeSet::new();
        let mut last_pass = false;
        loop {
            let Some((line, at)) = self.next() else {
                if last_pass || failed.is_empty() {
                    return Ok(());
                }
                last_pass = true;
                for (line, at) in &failed {
                    let known = &mut self.lines[*line].known[*at];
                    if *known == Known::Gap {
                        *known = Known::Nothing;
                    }
                }
                continue;
            };
            if let Some(snapshot) = self.taken(line, at).await? {
                self.summary.taken += 1;
                self.record(history, line, at, snapshot, total, each).await?;
                continue;
            }
            if self.options.max.is_some_and(|max| fetched >= max) {
                return Ok(());
            }
            let run = self.lines[line].runs[at].clone();
            match self.archive.memento(&run.first).await {
                Ok(snapshot) => {
                    fetched += 1;
                    self.record(history, line, at, snapshot, total, each).await?;
                }
                Err(failure) if failure.retry_after.is_some() => {
                    waits += 1;
                    self.wait(failure, waits, each).await?;
                }
                Err(failure) if may_pass(&failure.kind) && !last_pass => {
                    failed.insert((line, at));
                    self.lines[line].known[at] = Known::Gap;
                }
                Err(failure) => {
                    fetched += 1;
                    self.miss(line, at, &failure).await?;
                    let step = Step::Missed(failure);
                    each(Event::Step { total, capture: &run.first, step: &step });
                    if let Step::Missed(FetchFailure { kind, .. }) = step
                        && matches!(kind, FailureKind::ArchiveExcluded { .. } | FailureKind::Forbidden { .. })
                    {
                        return Err(BackfillError::Archive(kind));
                    }
                }
            }
        }
    }

    /// The capture with the bytes of another one, if the index says that they are the same
    /// and that one is on record as it was served.
    async fn taken(&mut self, line: usize, at: usize) -> Result<Option<Snapshot>, StoreError> {
        let capture = &self.lines[line].runs[at].first;
        let Some(memento) = self.held.by_digest.get(&capture.digest).cloned() else { return Ok(None) };
        let held = self.store.snapshot(memento.snapshot).await?;
        let Origin::Wayback { evidence, .. } = &held.origin else { return Ok(None) };
        if !held.redirects.is_empty() || held.status != 200 {
            // Of a redirect the digest is that of its own body, and not of what it led to.
            self.held.by_digest.remove(&capture.digest);
            return Ok(None);
        }
        let taken_from = evidence.taken_from.clone().unwrap_or(memento.url);
        let origin = Origin::Wayback {
            memento_url: self.archive.memento_url(capture),
            archive_digest: Some(capture.digest.clone()),
            evidence: Evidence { digest: evidence.digest, source: None, taken_from: Some(taken_from) },
        };
        let (url, final_url) = (capture.original.clone(), capture.original.clone());
        Ok(Some(Snapshot { url, final_url, captured_at: capture.captured_at, origin, ..held }))
    }

    async fn record(
        &mut self,
        history: &mut History<'_>,
        line: usize,
        at: usize,
        snapshot: Snapshot,
        total: usize,
        each: &mut impl FnMut(Event<'_>),
    ) -> Result<(), StoreError> {
        let (url, page) = (self.archive.memento_url(&self.lines[line].runs[at].first), self.lines[line].page);
        let alerts = |latest: Option<&VersionFacts>, together: &Together| {
            if self.options.alert { check::alerts(self.watch, latest, together) } else { Addressed::default() }
        };
        let takeable = snapshot.redirects.is_empty() && snapshot.status == 200;
        let (past, recorded) = history.record(page, snapshot, alerts, self.clock.now()).await?;
        self.summary.deliveries += recorded.deliveries;
        self.summary.count(&past.outcome);
        let capture = self.lines[line].runs[at].first.clone();
        let memento = recorded.check.map(|check| self.store.memento(check));
        let text = match memento {
            Some(memento) => memento.await?,
            None => None,
        };
        if let Some(memento) = &text
            && takeable
            && capture.digest != "-"
        {
            self.held.by_digest.entry(capture.digest.clone()).or_insert_with(|| memento.clone());
        }
        let text = text.and_then(|memento| memento.text);
        self.held.by_url.insert(url, text);
        self.lines[line].known[at] = text.map_or(Known::NoText, Known::Text);
        for of in &mut self.lines {
            for (run, known) in of.runs.iter().zip(&mut of.known) {
                if matches!(known, Known::Nothing | Known::Gap) && self.held.by_digest.contains_key(&run.first.digest) {
                    *known = Known::Bytes;
                }
            }
        }
        each(Event::Step { total, capture: &capture, step: &Step::Recorded(Box::new(past)) });
        Ok(())
    }

    async fn wait(
        &self,
        failure: FetchFailure,
        waits: usize,
        each: &mut impl FnMut(Event<'_>),
    ) -> Result<(), BackfillError> {
        let pause = failure.retry_after.unwrap_or_default();
        if pause > self.options.patience || waits > WAITS {
            return Err(BackfillError::Archive(failure.kind));
        }
        let until = self.clock.now() + pause;
        each(Event::Waiting { why: &failure.kind, until });
        self.clock.sleep_until(until).await;
        Ok(())
    }

    /// Takes note of a capture that cannot be had.
    async fn miss(&mut self, line: usize, at: usize, failure: &FetchFailure) -> Result<(), StoreError> {
        self.summary.missed += 1;
        let line = &mut self.lines[line];
        line.known[at] = Known::Gap;
        let Some((id, tries)) = line.keys.get(at) else { return Ok(()) };
        let pause = if may_pass(&failure.kind) {
            None
        } else {
            Some(AGAIN.get(usize::try_from(*tries).unwrap_or(usize::MAX)).copied().unwrap_or(GAP))
        };
        let retry_at = pause.map(|pause| self.clock.now() + pause);
        self.store.missed(*id, &failure.kind.to_string(), retry_at).await
    }

    /// Counts what was not looked at.
    fn count_rest(&mut self) {
        for line in &self.lines {
            let left = self.options.plan.next(&line.runs, &line.known).is_some();
            let open = line.known.iter().filter(|known| matches!(known, Known::Nothing | Known::Bytes)).count();
            if left { self.summary.left += open } else { self.summary.passed_over += open }
        }
    }
}

/// Whether it may go better in a minute.
fn may_pass(failure: &FailureKind) -> bool {
    matches!(failure, FailureKind::ArchiveUnavailable { .. } | FailureKind::RateLimited { .. })
}

impl Summary {
    fn count(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::First { .. } | Outcome::Changed { .. } => self.versions += 1,
            Outcome::Unmodified | Outcome::Unchanged { .. } => self.unchanged += 1,
            Outcome::Unreadable { .. } | Outcome::Unreachable(_) | Outcome::Broken { .. } => self.unreadable += 1,
        }
    }
}

/// What the capture nearest to a moment turned out to be.
#[derive(Clone, Debug, PartialEq)]
pub enum Nearest {
    /// It is on record already, with this ending.
    Held(CheckFacts),
    /// It was read now, and recorded unless that was not asked for.
    Read(Box<Past>, Provenance),
    /// The archive has none, or could not give it.
    Missed(FetchFailure),
}

/// Where a capture comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provenance {
    /// When it was served.
    pub captured_at: Timestamp,
    /// Where it is to be had.
    pub origin: Origin,
}

/// Reads the capture of a page (a place in [`Watch::all_pages`]) nearest to a moment, and
/// records it in its place in the history of the watch, unless `dry`.
///
/// # Errors
/// If the record could not be read or kept.
#[expect(clippy::too_many_arguments, reason = "which capture of what, and everything that a capture takes")]
pub async fn nearest<C: Clock>(
    watch: &Watch,
    page: usize,
    at: Timestamp,
    dry: bool,
    fetcher: &impl Fetch,
    store: &Store,
    clock: &C,
    unpacker: &Unpacker,
) -> Result<Nearest, StoreError> {
    let pages = watch.all_pages();
    let url = pages.get(page).map_or(&watch.url, |page| &page.url).clone();
    let (archive, language) = (url.host_str().unwrap_or_default().to_owned(), watch.language.clone());
    let request = Request {
        url,
        source: Source::Wayback,
        at: Some(at),
        validators: Validators::default(),
        language,
        robots: RobotsRule::default(),
    };
    let snapshot = match fetcher.fetch(request).await {
        Ok(Fetched::Snapshot(snapshot)) => *snapshot,
        Ok(Fetched::NotModified) => {
            let reason = "it answers \"not modified\" although nothing was asked conditionally".to_owned();
            return Ok(Nearest::Missed(FailureKind::ArchiveUnavailable { archive, reason }.into()));
        }
        Err(failure) => return Ok(Nearest::Missed(failure)),
    };
    let from = Provenance { captured_at: snapshot.captured_at, origin: snapshot.origin.clone() };
    if let Some(check) = store.recorded_outcome(&watch.id, &from.origin, from.captured_at).await? {
        return Ok(Nearest::Held(check));
    }
    if dry {
        let before = store.version(&watch.id, Which::At(from.captured_at)).await?;
        let before = Standing::at(before, &watch.reader(), store).await?;
        let mut version = before.base.version.as_ref().map(|version| version.facts.number);
        let mut text = before.text();
        let (mut together, unlike) = understand(watch, before, page, snapshot.clone(), unpacker).await;
        if let Some((_, language)) = unlike
            && let Some(earlier) = parallel(watch, &language, from.captured_at, store, None, unpacker).await?
        {
            version = earlier.version.as_ref().map(|earlier| earlier.facts.number);
            let before = Standing::of(earlier, &watch.reader(), store).await?;
            text = before.text();
            (together, _) = understand(watch, before, page, snapshot, unpacker).await;
        }
        let outcome = recall(watch, text, together, store, unpacker).await?.outcome;
        return Ok(Nearest::Read(Box::new(Past { outcome, version }), from));
    }
    let mut history = History::begin(watch, store, clock, unpacker).await?;
    let (mut past, _) = history.record(page, snapshot, |_, _| Addressed::default(), clock.now()).await?;
    history.finish(clock.now()).await?;
    // Its number is known only now that everything is in its place.
    let check = store.recorded_outcome(&watch.id, &from.origin, from.captured_at).await?;
    past.version = check.and_then(|check| check.version);
    Ok(Nearest::Read(Box::new(past), from))
}

/// The history of one watch while captures of the past are added to it, in the order of
/// their times.
#[derive(Debug)]
pub(crate) struct History<'a> {
    store: &'a Store,
    watch: &'a Watch,
    reader: Reader,
    unpacker: Unpacker,
    /// What the next capture is compared with; kept, so that the store is not asked for it
    /// again at every capture.
    now: Standing,
    /// The text of the last capture, where that is a known one in another language than
    /// that.
    parallel: Option<Version>,
    /// How many captures were older than what was recorded already.
    older: usize,
}

/// What a capture is compared with.
#[derive(Clone, Debug)]
struct Standing {
    base: Base,
    /// What the version cites, where the policy stands on several pages.
    held: Vec<Option<Held>>,
}

impl Standing {
    async fn of(base: Base, reader: &Reader, store: &Store) -> Result<Self, StoreError> {
        let held = match &base.version {
            Some(version) if !reader.pages.is_empty() => store.held_pages(&version.facts, &reader.pages).await?,
            _ => reader.pages.iter().map(|_| None).collect(),
        };
        Ok(Self { base, held })
    }

    /// Its text.
    fn text(&self) -> Option<Reading> {
        self.base.version.as_ref().map(|version| version.reading.clone())
    }

    /// A version in the middle of the history, with its snapshot where that may be needed.
    async fn at(version: Option<Version>, reader: &Reader, store: &Store) -> Result<Self, StoreError> {
        let snapshot = match &version {
            Some(version) if reader.pages.is_empty() && !reader.selectors.select.is_empty() => {
                Some(store.snapshot(version.facts.snapshot).await?)
            }
            _ => None,
        };
        Self::of(Base { version, snapshot, ..Base::default() }, reader, store).await
    }
}

impl<'a> History<'a> {
    /// Brings what is recorded to today's reading, so that only the publisher's changes
    /// are found.
    pub(crate) async fn begin(
        watch: &'a Watch,
        store: &'a Store,
        clock: &impl Clock,
        unpacker: &Unpacker,
    ) -> Result<Self, StoreError> {
        let reader = watch.reader();
        let base = if reader.pages.is_empty() {
            upgrade(watch, store, clock, unpacker).await?
        } else {
            Base { version: store.latest(&watch.id).await?, ..Base::default() }
        };
        let now = Standing::of(base, &reader, store).await?;
        Ok(Self { store, watch, reader, unpacker: unpacker.clone(), now, parallel: None, older: 0 })
    }

    /// The text in force at the last capture.
    pub(crate) fn base(&self) -> Option<&Version> {
        self.parallel.as_ref().or(self.latest())
    }

    fn latest(&self) -> Option<&Version> {
        self.now.base.version.as_ref()
    }

    /// Says what a capture of a page (a place in [`Watch::all_pages`]) means, and records
    /// it. `alerts` says who is told of it.
    pub(crate) async fn record(
        &mut self,
        page: usize,
        snapshot: Snapshot,
        alerts: impl Fn(Option<&VersionFacts>, &Together) -> Addressed,
        now: Timestamp,
    ) -> Result<(Past, Recorded), StoreError> {
        loop {
            self.parallel = None;
            let before = self.before(snapshot.captured_at).await?;
            let mut number = before.base.version.as_ref().map(|version| version.facts.number);
            let mut text = before.text();
            let (mut together, unlike) = understand(self.watch, before, page, snapshot.clone(), &self.unpacker).await;
            if let Some((_, language)) = unlike {
                let served = snapshot.captured_at;
                if let Some(earlier) =
                    parallel(self.watch, &language, served, self.store, Some(now), &self.unpacker).await?
                {
                    let before = Standing::of(earlier, &self.reader, self.store).await?;
                    let known = |standing: &Standing| standing.base.version.as_ref().map(|known| known.facts.number);
                    number = known(&before);
                    if known(&self.now) < number {
                        self.now = before.clone();
                    }
                    self.parallel.clone_from(&before.base.version);
                    text = before.text();
                    (together, _) = understand(self.watch, before, page, snapshot.clone(), &self.unpacker).await;
                }
            }
            let together = recall(self.watch, text, together, self.store, &self.unpacker).await?;
            let latest = self.latest().map(|version| version.facts.clone());
            let told = alerts(latest.as_ref(), &together);
            let latest = latest.map(|latest| latest.id);
            let (outcome, upgraded) = (together.outcome.clone(), together.upgrade.is_some());
            let recorded =
                self.store.record_pages(&self.watch.id, latest, together, &self.reader, told, None, now).await?;
            if recorded.superseded {
                // Somebody else recorded a version: look again with that one before us.
                self.renew().await?;
                continue;
            }
            self.older += usize::from(recorded.out_of_order);
            let another = upgraded || matches!(outcome, Outcome::First { .. } | Outcome::Changed { .. });
            if !recorded.out_of_order && another {
                self.renew().await?;
            }
            let again = matches!(outcome, Outcome::Unchanged { .. });
            let version = if again && self.parallel.is_some() { number } else { recorded.version.or(number) };
            if !again {
                self.parallel = None;
            }
            return Ok((Past { version, outcome }, recorded));
        }
    }

    async fn renew(&mut self) -> Result<(), StoreError> {
        let latest = self.store.latest(&self.watch.id).await?;
        self.now = Standing::at(latest, &self.reader, self.store).await?;
        Ok(())
    }

    /// What was in force before a moment.
    async fn before(&self, captured_at: Timestamp) -> Result<Standing, StoreError> {
        match self.latest() {
            Some(base) if base.facts.captured_at > captured_at => {
                let version = self.store.version(&self.watch.id, Which::At(captured_at)).await?;
                Standing::at(version, &self.reader, self.store).await
            }
            _ => Ok(self.now.clone()),
        }
    }

    /// Derives the history anew where captures came out of order, now or in a run that
    /// ended before it could; returns how many did now.
    pub(crate) async fn finish(self, now: Timestamp) -> Result<usize, StoreError> {
        if self.older > 0 || self.store.awaits_rebuilding(&self.watch.id).await? {
            let (reader, unpacker) = (self.reader.clone(), self.unpacker.clone());
            let rules = self.watch.rules.clone();
            if reader.pages.is_empty() {
                let again = move |before: Option<&Version>, earlier: Option<&Snapshot>, snapshot| {
                    examine(&reader, &rules, before, earlier, snapshot, &|snapshot| unpacker.unpack(snapshot))
                };
                self.store.rebuild(&self.watch.id, &self.reader, self.watch.turning(), again, now).await?;
            } else {
                let again = move |before: Option<&Version>, held: &[Option<Held>], came| {
                    examine_pages(&reader, &rules, before, held, came, &|snapshot| unpacker.unpack(snapshot))
                };
                self.store.rebuild_pages(&self.watch.id, &self.reader, self.watch.turning(), again, now).await?;
            }
        }
        Ok(self.older)
    }
}

/// Says what a capture of a page means, away from the event loop, and which languages
/// could not be compared; a page that our code fails on is an outcome too.
async fn understand(
    watch: &Watch,
    before: Standing,
    page: usize,
    snapshot: Snapshot,
    unpacker: &Unpacker,
) -> (Together, Option<(String, String)>) {
    let (watch, evidence, unpacker) = (watch.clone(), snapshot.clone(), unpacker.clone());
    let reader = watch.reader();
    let broken = |message| Outcome::Broken { snapshot: Some(evidence), message };
    let Some(Page { url, .. }) = reader.pages.get(page).cloned() else {
        let understood = contained(move || {
            let outcome = examine_anew(&watch, &before.base, snapshot, &|snapshot| unpacker.unpack(snapshot));
            let unlike = new_language(before.base.comparable(), &outcome);
            (Together::alone(outcome), unlike)
        });
        return understood.await.unwrap_or_else(|message| (Together::alone(broken(message)), None));
    };
    let understood = contained(move || {
        let mut came: Vec<Came> = reader.pages.iter().map(|_| Came::NotAsked).collect();
        came[page] = Came::Snapshot(Box::new(snapshot));
        let previous = before.base.version.as_ref();
        examine_pages(&reader, &watch.rules, previous, &before.held, came, &|snapshot| unpacker.unpack(snapshot))
    });
    let together = understood.await.unwrap_or_else(|message| {
        let outcome = broken(message);
        Together {
            pages: vec![PageCheck { url: url.to_string(), outcome: outcome.clone() }],
            ..Together::alone(outcome)
        }
    });
    (together, None)
}
