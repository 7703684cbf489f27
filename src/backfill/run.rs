//! A run of `backfill` under way: what is known of each capture, what is asked for next,
//! and what came of it.

use std::collections::{BTreeMap, BTreeSet};

use url::Url;

use super::{BackfillError, Event, History, Options, Step, Summary, index};
use crate::alert::Addressed;
use crate::capture::{Capture, Known, Run, runs, thinned};
use crate::check;
use crate::clock::Clock;
use crate::fetch::Archive;
use crate::outcome::{FailureKind, FetchFailure};
use crate::pages::Together;
use crate::snapshot::{Digest, Evidence, Origin, Snapshot};
use crate::store::{HeldMemento, RecordedCapture, Store, StoreError};
use crate::time::{Timestamp, is_archivable};
use crate::unpack::Unpacker;
use crate::version::VersionFacts;
use crate::watch::Watch;

/// How often a run waits for an archive that wants to be left alone.
const WAITS: usize = 10;

/// When a capture that the archive lists but cannot show is tried again, each time; then it
/// is a gap, and looked at once a year.
const AGAIN: [chrono::Duration; 2] = [chrono::Duration::days(1), chrono::Duration::days(7)];
const GAP: chrono::Duration = chrono::Duration::days(365);

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
        let (listed, untimely) = index::listed(archive, &url, options.relist, store, clock, &mut stale).await?;
        summary.untimely += untimely;
        if let Some(why) = &stale {
            each(Event::Stale(why));
        }
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
    let (former, now) = watch.addresses(page);
    let (mut all, mut from) = (Vec::new(), None);
    for former in former {
        all.push((former.url.clone(), from, Some(former.until)));
        from = Some(former.until);
    }
    all.push((now.clone(), from, None));
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
pub(super) struct Work<'a, C> {
    watch: &'a Watch,
    options: &'a Options,
    archive: &'a Archive<C>,
    store: &'a Store,
    clock: &'a C,
    held: Record,
    lines: Vec<Line>,
    pub(super) summary: Summary,
    done: usize,
    total: usize,
}

impl<'a, C: Clock> Work<'a, C> {
    /// Lists what the archive has, and sees what is known of it.
    pub(super) async fn begin(
        watch: &'a Watch,
        options: &'a Options,
        archive: &'a Archive<C>,
        store: &'a Store,
        clock: &'a C,
        each: &mut impl FnMut(Event<'_>),
    ) -> Result<Self, BackfillError> {
        let (mut summary, mut lines) = (Summary::default(), Vec::new());
        for page in 0..watch.all_pages().len() {
            lines.push(line(watch, page, options, archive, store, clock, &mut summary, each).await?);
        }
        let held = Record::of(store.held_mementos(&watch.id).await?);
        let mut work = Self { watch, options, archive, store, clock, held, lines, summary, done: 0, total: 0 };
        work.survey();
        Ok(work)
    }

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

    /// How many captures there may be to deal with; of a long history that grows on the way.
    fn expected(&self) -> usize {
        let all: usize = self.lines.iter().map(|line| self.options.plan.expected(&line.runs, &line.known)).sum();
        all.min(self.options.max.unwrap_or(usize::MAX))
    }

    pub(super) async fn fetch_all(
        &mut self,
        history: &mut History<'_>,
        each: &mut impl FnMut(Event<'_>),
    ) -> Result<(), BackfillError> {
        self.total = self.expected();
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
                self.record(history, line, at, snapshot, each).await?;
                continue;
            }
            if self.options.max.is_some_and(|max| fetched >= max) {
                return Ok(());
            }
            let run = self.lines[line].runs[at].clone();
            match self.archive.memento(&run.first).await {
                Ok(snapshot) => {
                    fetched += 1;
                    self.record(history, line, at, snapshot, each).await?;
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
                    each(self.step(&run.first, &step));
                    if let Step::Missed(FetchFailure { kind, .. }) = step
                        && matches!(kind, FailureKind::ArchiveExcluded { .. } | FailureKind::Forbidden { .. })
                    {
                        return Err(BackfillError::Archive(kind));
                    }
                }
            }
        }
    }

    /// A capture was dealt with.
    fn step<'e>(&mut self, capture: &'e Capture, step: &'e Step) -> Event<'e> {
        self.done += 1;
        self.total = self.total.max(self.done);
        Event::Step { total: self.total, capture, step }
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
        each(self.step(&capture, &Step::Recorded(Box::new(past))));
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

    /// Sees where the pages went by their captures, and whether the text did. Last, for only
    /// then the texts before are on record.
    pub(super) async fn follow(&mut self, unpacker: &Unpacker) -> Result<(), BackfillError> {
        let Self { watch, archive, store, .. } = self;
        for page in 0..watch.all_pages().len() {
            for (url, ..) in addresses(watch, page) {
                let mut listed = store.listed(archive.base(), url.as_str()).await?;
                listed.retain(|recorded| is_archivable(recorded.capture.captured_at, self.clock.now()));
                index::follow(archive, &url, &listed, (watch, unpacker), store).await?;
                let trace = store.trace(archive.base(), url.as_str()).await?;
                self.summary.traces.extend(trace.filter(|trace| !trace.is_alias));
            }
        }
        Ok(())
    }

    /// Counts what was not looked at.
    pub(super) fn count_rest(&mut self) {
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
