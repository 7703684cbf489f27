//! Captures of the past, each recorded in its place by the time it was made, and judged
//! against the text in force before it. Alerts only if asked: what is history was not news
//! today.
//!
//! A run keeps nothing that is not in the record: the archive's index, what was fetched,
//! what could not be had, and when the archive may be asked again. So a run that was killed
//! goes on where it would have gone, and fetches nothing twice.

mod ahead;
mod index;
mod joins;
pub mod ledger;
mod run;

use std::time::Duration;

use self::ahead::Ahead;
pub(crate) use self::ahead::Kept;
pub use self::joins::{Join, in_words, joins};
use self::run::Work;
use crate::access::Access;
use crate::alert::Addressed;
use crate::capture::{Capture, Plan};
use crate::check::examine_anew;
use crate::clock::Clock;
use crate::examine::{examine, new_language};
use crate::fetch::{Archive, Fetch, Fetched, Request};
use crate::moving::in_its_place;
use crate::outcome::{FailureKind, FetchFailure, Outcome};
use crate::pages::{Came, Held, PageCheck, Together, examine_pages};
use crate::panics::contained;
use crate::reading::{Page, Reader, Reading};
use crate::recall::recall;
use crate::snapshot::{Origin, Snapshot, Validators};
use crate::store::{CheckFacts, Recorded, RecordedTrace, Store, StoreError, Which, lock_watch};
use crate::time::Timestamp;
use crate::unpack::Unpacker;
use crate::upgrade::{Base, parallel, upgrade};
use crate::version::{Version, VersionFacts};
use crate::watch::{RobotsRule, Source, Watch};

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
        /// How many there may be in all; of a long history that grows on the way.
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
#[derive(Clone, Debug, Default, PartialEq)]
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
    /// Lines of the archive's index that are of no time that can be.
    pub untimely: usize,
    /// Where the pages went, by their captures.
    pub traces: Vec<RecordedTrace>,
    /// How the text fared where the policy moved.
    pub joins: Vec<Join>,
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
    let watch = &in_its_place(watch, store).await?;
    let mut work = Work::begin(watch, options, archive, store, clock, &mut each).await?;
    let mut history = History::begin(watch, store, clock, unpacker).await?;
    let ended = work.fetch_all(&mut history, &mut each).await;
    history.finish(clock.now()).await?;
    ended?;
    work.follow(unpacker).await?;
    work.summary.joins = joins(watch, store).await?;
    work.count_rest();
    Ok(work.summary)
}

impl Summary {
    /// How many captures were asked for.
    pub fn fetched(&self) -> usize {
        (self.versions + self.unchanged + self.unreadable + self.missed).saturating_sub(self.taken)
    }

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
/// records it in its place in the history of the watch, unless `dry`. It is asked for at
/// the address that the page had then.
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
    let watch = &in_its_place(watch, store).await?;
    let url = watch.address_at(page, at).clone();
    let (archive, language) = (url.host_str().unwrap_or_default().to_owned(), watch.language.clone());
    let request = Request {
        url,
        source: Source::Wayback,
        at: Some(at),
        validators: Validators::default(),
        language,
        robots: RobotsRule::default(),
        access: Access::default(),
        archives: watch.archives.clone(),
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
    /// What was examined and is not on record yet.
    ahead: Ahead,
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
        let (unpacker, ahead) = (unpacker.clone(), Ahead::default());
        Ok(Self { store, watch, reader, unpacker, now, parallel: None, older: 0, ahead })
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
