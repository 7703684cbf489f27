//! Captures of the past, recorded oldest first, each against the text in force before
//! it. Never alerts: what is history was not news today.

use crate::alert::Addressed;
use crate::check::examine_anew;
use crate::clock::Clock;
use crate::examine::{examine, new_language};
use crate::fetch::{Capture, Fetch, Fetched, Fetcher, Request};
use crate::outcome::{FailureKind, FetchFailure, Outcome};
use crate::pages::{Came, Held, PageCheck, Together, examine_pages};
use crate::panics::contained;
use crate::reading::{Page, Reader, Reading};
use crate::recall::recall;
use crate::snapshot::{Origin, Snapshot, Validators};
use crate::store::{CheckFacts, Recorded, Store, StoreError, Which};
use crate::time::Timestamp;
use crate::unpack::Unpacker;
use crate::upgrade::{Base, parallel, upgrade};
use crate::version::{Version, VersionFacts};
use crate::watch::{Source, Watch};

/// After so many captures in a row that the archive could not give, it is left alone.
const PATIENCE: u32 = 3;

/// Which part of the past.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bounds {
    /// The first moment; none: the first capture.
    pub from: Option<Timestamp>,
    /// The last moment; none: the newest capture.
    pub to: Option<Timestamp>,
    /// How many captures are fetched at most in one run; the oldest first.
    pub max: Option<usize>,
}

/// How one capture ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// It was recorded.
    Recorded(Box<Past>),
    /// The archive could not give it; the next run asks again.
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
    /// Those that were not the same bytes as the one before.
    pub distinct: usize,
    /// Of these, recorded by an earlier run.
    pub held: usize,
    /// Recorded now as a new version.
    pub versions: usize,
    /// Recorded now, the text being the same.
    pub unchanged: usize,
    /// Recorded now, not being the policy.
    pub unreadable: usize,
    /// Not given by the archive.
    pub missed: usize,
    /// Left for the next run.
    pub left: usize,
}

/// Why a run ended before its end.
#[derive(Debug, thiserror::Error)]
pub enum BackfillError {
    /// The archive's index could not be read.
    #[error(transparent)]
    Index(FailureKind),
    /// The archive fails again and again.
    #[error("{0}; what was fetched is recorded, run the same command later to go on")]
    Archive(FailureKind),
    /// The record could not be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Reads a watch's history from its archive into the record.
///
/// Of captures that follow each other with the same digest only the first is fetched;
/// what is recorded already is not fetched again. `each` is told of every capture with
/// how many there are to fetch.
///
/// # Errors
/// What keeps the run from going on; what it recorded until then stays.
pub async fn backfill<C: Clock>(
    watch: &Watch,
    bounds: &Bounds,
    fetcher: &Fetcher<C>,
    store: &Store,
    clock: &C,
    unpacker: &Unpacker,
    mut each: impl FnMut(usize, &Capture, &Step),
) -> Result<Summary, BackfillError> {
    let mut summary = Summary::default();
    let mut listed: Vec<(usize, Capture)> = Vec::new();
    for (page, Page { url, .. }) in watch.all_pages().iter().enumerate() {
        let captures = fetcher.captures(url, bounds.from, bounds.to).await;
        let captures = captures.map_err(|failure| BackfillError::Index(failure.kind))?;
        summary.captures += captures.len();
        listed.extend(distinct(captures).into_iter().map(|capture| (page, capture)));
    }
    // Of several pages each capture makes the text with the latest of the others.
    listed.sort_by_key(|(_, capture)| capture.captured_at);
    summary.distinct = listed.len();
    let mut wanted = wanted(watch, listed, fetcher, store).await?;
    summary.held = summary.distinct - wanted.len();
    let total = wanted.len().min(bounds.max.unwrap_or(usize::MAX));
    summary.left = wanted.len() - total;
    wanted.truncate(total);

    let mut history = History::begin(watch, store, clock, unpacker).await?;
    let mut failures = 0;
    for (page, capture) in wanted {
        let step = match fetcher.memento(&capture).await {
            Ok(snapshot) => {
                failures = 0;
                let (past, _) = history.record(page, snapshot, |_, _| Addressed::default(), clock.now()).await?;
                summary.count(&past.outcome);
                Step::Recorded(Box::new(past))
            }
            Err(failure) => {
                summary.missed += 1;
                failures += u32::from(failure.kind.is_transient());
                if failures == PATIENCE {
                    history.finish(clock.now()).await?;
                    return Err(BackfillError::Archive(failure.kind));
                }
                Step::Missed(failure)
            }
        };
        each(total, &capture, &step);
    }
    history.finish(clock.now()).await?;
    Ok(summary)
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
    let request = Request { url, source: Source::Wayback, at: Some(at), validators: Validators::default(), language };
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

/// Oldest first; of neighbours with the same digest the first. A digest that comes back
/// after another one stays: that a text was restored is a fact too.
fn distinct(mut captures: Vec<Capture>) -> Vec<Capture> {
    captures.retain(|capture| capture.status.is_none_or(|status| status == 200));
    captures.sort_by(|a, b| (a.captured_at, &a.timestamp).cmp(&(b.captured_at, &b.timestamp)));
    captures.dedup_by(|later, earlier| later.digest == earlier.digest);
    captures
}

/// The captures that are not recorded yet.
async fn wanted<C: Clock>(
    watch: &Watch,
    mut captures: Vec<(usize, Capture)>,
    fetcher: &Fetcher<C>,
    store: &Store,
) -> Result<Vec<(usize, Capture)>, StoreError> {
    let mut held = store.mementos(&watch.id).await?;
    captures.retain(|(_, capture)| held.insert(fetcher.memento_url(capture)));
    Ok(captures)
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
        if self.older > 0 || self.store.lacks_its_beginning(&self.watch.id).await? {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn capture(timestamp: &str, status: Option<u16>, digest: &str) -> Capture {
        Capture {
            timestamp: timestamp.to_owned(),
            captured_at: crate::time::parse_rfc3339(&format!("{}-01-01T00:00:00Z", &timestamp[..4])).unwrap(),
            original: "https://acme.test/privacy".to_owned(),
            media_type: "text/html".to_owned(),
            status,
            digest: digest.to_owned(),
        }
    }

    #[test]
    fn equal_neighbours_are_one_and_a_restored_text_is_another() {
        let kept = distinct(vec![
            capture("20130101000000", Some(200), "B"),
            capture("20100101000000", Some(200), "A"),
            capture("20110101000000", None, "A"),
            capture("20120101000000", Some(404), "X"),
            capture("20140101000000", Some(200), "A"),
        ]);
        let kept: Vec<_> = kept.iter().map(|c| (&c.timestamp[..4], c.digest.as_str())).collect();
        assert_eq!(kept, [("2010", "A"), ("2013", "B"), ("2014", "A")]);
    }
}
