//! Captures that are examined one after the other and recorded together, so that a long
//! history does not wait for the disk at every capture.
//!
//! Each is compared with the text of the one before, which is not on record yet. Whatever
//! that cannot answer (another language, a capture that comes out of order) is for
//! [`History::record`], one at a time. Of several pages those are gathered that belong
//! together, and looked at as one.

use std::sync::Arc;

use super::{History, Past, Standing};
use crate::alert::Addressed;
use crate::check::{alerts, examine_anew};
use crate::examine::new_language;
use crate::outcome::Outcome;
use crate::pages::{Came, Group, PageCheck, Together, examine_pages};
use crate::panics::contained;
use crate::reading::Reader;
use crate::recall::recall;
use crate::snapshot::Snapshot;
use crate::store::{Examined, Recorded, Series, StoreError};
use crate::time::Timestamp;
use crate::unpack::Unpacker;
use crate::upgrade::Base;
use crate::version::{Cause, SnapshotId, Version, VersionFacts, VersionId};
use crate::watch::Watch;

/// What was examined and is not on record yet.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    /// What the next capture is compared with, once there is something.
    base: Option<(Arc<Base>, Option<Arc<Version>>)>,
    waiting: Vec<Waiting>,
    /// Of several pages: what belongs together as far as it has come, with its page.
    group: Group,
    gathered: Vec<(usize, Snapshot)>,
}

#[derive(Debug)]
struct Waiting {
    /// As served: it is examined again where the record is not what it was compared with.
    snapshot: Snapshot,
    examined: Examined,
}

/// A capture that is on record.
#[derive(Debug)]
pub(crate) struct Kept {
    /// How it ended.
    pub(crate) past: Past,
    /// The text in force before it.
    pub(crate) base: Option<Arc<Version>>,
    /// How many deliveries wait because of it.
    pub(crate) deliveries: usize,
}

impl History<'_> {
    /// Examines a capture, and keeps it in mind for [`History::settle`]; gives it back if
    /// it must be recorded by itself, or with others than those that wait, once these are.
    pub(crate) async fn look_ahead(&mut self, page: usize, snapshot: Snapshot, now: Timestamp) -> Option<Snapshot> {
        if self.has_pages() {
            let in_order = self.ahead.gathered.last().is_none_or(|(_, last)| last.captured_at <= snapshot.captured_at);
            if !in_order || !self.ahead.group.takes(page, snapshot.captured_at, None) {
                return Some(snapshot);
            }
            self.ahead.gathered.push((page, snapshot));
            return None;
        }
        if !self.may_wait(&snapshot) {
            return Some(snapshot);
        }
        let (base, before) = match &self.ahead.base {
            Some(base) => base.clone(),
            None => (Arc::new(self.now.base.clone()), self.latest().cloned().map(Arc::new)),
        };
        let (watch, served, unpacker) = (self.watch.clone(), snapshot.clone(), self.unpacker.clone());
        let compared = Arc::clone(&base);
        let understood = contained(move || {
            let outcome = examine_anew(&watch, &compared, served, &|snapshot| unpacker.unpack(snapshot));
            let unlike = new_language(compared.comparable(), &outcome).is_some();
            (outcome, unlike)
        });
        let outcome = match understood.await {
            Ok((outcome, false)) if !matches!(outcome, Outcome::Broken { .. }) => outcome,
            _ => return Some(snapshot),
        };
        let number = before.as_ref().map_or(1, |before| before.facts.number + 1);
        self.ahead.base = Some(match next(&outcome, number, self.watch, &self.reader, now) {
            Some(version) => {
                let kept = (!self.reader.selectors.select.is_empty()).then(|| snapshot.clone());
                let next = Base { version: Some(version.clone()), snapshot: kept, ..Base::default() };
                (Arc::new(next), Some(Arc::new(version)))
            }
            None => (base, before.clone()),
        });
        self.ahead.waiting.push(Waiting { snapshot, examined: Examined { outcome, before, now } });
        None
    }

    fn may_wait(&self, snapshot: &Snapshot) -> bool {
        let last = self.ahead.waiting.last().map(|waiting| waiting.snapshot.captured_at);
        let last = last.max(self.latest().map(|latest| latest.facts.captured_at));
        let base = &self.now.base;
        base.lost.is_none() && base.broken.is_none() && last.is_none_or(|last| last <= snapshot.captured_at)
    }

    /// Whether a capture of this page and moment waits to be recorded.
    pub(crate) fn awaits(&self, page: usize, captured_at: Timestamp) -> bool {
        let mut waiting = self.ahead.waiting.iter().map(|waiting| &waiting.snapshot);
        waiting.any(|waiting| waiting.captured_at == captured_at)
            || self.ahead.gathered.iter().any(|(of, waiting)| *of == page && waiting.captured_at == captured_at)
    }

    /// Whether a capture of this page waits that a revisit of it may repeat.
    pub(crate) fn awaits_page(&self, page: usize) -> bool {
        !self.ahead.waiting.is_empty() || self.ahead.gathered.iter().any(|(of, _)| *of == page)
    }

    /// Whether captures of some pages wait for those of others.
    pub(crate) fn is_gathering(&self) -> bool {
        !self.ahead.gathered.is_empty() && self.ahead.gathered.len() < self.reader.pages.len()
    }

    /// Whether the policy stands on several pages.
    pub(crate) fn has_pages(&self) -> bool {
        !self.reader.pages.is_empty()
    }

    /// Records what waits; answers with all of it, in its order. `tell` says whether
    /// channels are told of changes.
    ///
    /// # Errors
    /// If the record could not be kept.
    pub(crate) async fn settle(&mut self, tell: bool, now: Timestamp) -> Result<Vec<Kept>, StoreError> {
        let Ahead { base, waiting, gathered, .. } = std::mem::take(&mut self.ahead);
        match gathered.len() {
            0 => {}
            1 => {
                let mut kept = Vec::new();
                for (page, snapshot) in gathered {
                    kept.push(self.record_alone(page, snapshot, tell, now).await?);
                }
                return Ok(kept);
            }
            _ => return self.record_together(gathered, tell, now).await,
        }
        if waiting.is_empty() {
            return Ok(Vec::new());
        }
        let numbers = |version: &Option<Arc<Version>>| version.as_ref().map(|version| version.facts.number);
        let (snapshots, captures): (Vec<Snapshot>, Vec<Examined>) =
            waiting.into_iter().map(|Waiting { snapshot, examined }| (snapshot, examined)).unzip();
        let known: Vec<_> = captures.iter().map(|capture| (capture.before.clone(), capture.now)).collect();
        let previous = self.latest().map(|latest| latest.facts.id);
        let series = Series { previous, captures, reader: self.reader.clone(), turning: self.watch.turning() };
        let watch = self.watch.clone();
        let told = move |latest: Option<&VersionFacts>, together: &_| {
            if tell { alerts(&watch, latest, together) } else { Addressed::default() }
        };
        let recorded = self.store.record_series(&self.watch.id, series, told).await?;
        let mut kept = Vec::with_capacity(snapshots.len());
        let mut as_expected = recorded.done.len() == snapshots.len();
        for ((outcome, Recorded { version, deliveries, out_of_order, .. }), (base, _)) in
            recorded.done.into_iter().zip(&known)
        {
            as_expected &= !out_of_order;
            self.older += usize::from(out_of_order);
            let past = Past { outcome, version: version.or(numbers(base)) };
            kept.push(Kept { past, base: base.clone(), deliveries });
        }
        match (base, recorded.latest) {
            (Some((base, _)), Some(latest)) if as_expected => {
                let mut base = Arc::unwrap_or_clone(base);
                if let Some(version) = &mut base.version {
                    version.facts = latest;
                }
                self.now = Standing { base, held: Vec::new() };
            }
            _ => self.renew().await?,
        }
        let rest = snapshots.into_iter().zip(known).skip(kept.len());
        for (snapshot, (_, now)) in rest {
            kept.push(self.record_alone(0, snapshot, tell, now).await?);
        }
        Ok(kept)
    }

    /// Records a capture of a page (a place in [`crate::watch::Watch::all_pages`]) by itself.
    ///
    /// # Errors
    /// If the record could not be kept.
    pub(crate) async fn record_alone(
        &mut self,
        page: usize,
        snapshot: Snapshot,
        tell: bool,
        now: Timestamp,
    ) -> Result<Kept, StoreError> {
        let watch = self.watch;
        let told = |latest: Option<&VersionFacts>, together: &_| {
            if tell { alerts(watch, latest, together) } else { Addressed::default() }
        };
        let (past, recorded) = self.record(page, snapshot, told, now).await?;
        Ok(Kept { past, base: self.base().cloned().map(Arc::new), deliveries: recorded.deliveries })
    }
}

impl History<'_> {
    /// Records captures of several pages, one a page, that belong together.
    async fn record_together(
        &mut self,
        gathered: Vec<(usize, Snapshot)>,
        tell: bool,
        now: Timestamp,
    ) -> Result<Vec<Kept>, StoreError> {
        let newest = gathered.iter().map(|(_, snapshot)| snapshot.captured_at).max().unwrap_or(now);
        loop {
            self.parallel = None;
            let before = self.before(newest).await?;
            let text = before.text();
            let together = together(self.watch, before, &gathered, &self.unpacker).await;
            let together = recall(self.watch, text, together, self.store, &self.unpacker).await?;
            let latest = self.latest().map(|version| version.facts.clone());
            let told = if tell { alerts(self.watch, latest.as_ref(), &together) } else { Addressed::default() };
            let (whole, pages) = (together.outcome.clone(), together.pages.clone());
            let id = latest.map(|latest| latest.id);
            let recorded = self.store.record_pages(&self.watch.id, id, together, &self.reader, told, None, now).await?;
            if recorded.superseded {
                self.renew().await?;
                continue;
            }
            self.older += usize::from(recorded.out_of_order);
            if !recorded.out_of_order {
                self.renew().await?;
            }
            return Ok(self.shares(&gathered, &whole, &pages, &recorded));
        }
    }

    /// What each of several pages has to do with the whole, in the order in which they came.
    fn shares(
        &self,
        gathered: &[(usize, Snapshot)],
        whole: &Outcome,
        pages: &[PageCheck],
        recorded: &Recorded,
    ) -> Vec<Kept> {
        let all = self.watch.all_pages();
        let share = |(at, (page, _)): (usize, &(usize, Snapshot))| {
            let own = pages.iter().find(|own| all.get(*page).is_some_and(|page| page.url.as_str() == own.url));
            // A page is not the policy, or says what it said; else what all of them say is told.
            let outcome = match own.map(|own| &own.outcome) {
                Some(own) if !own.is_success() => own,
                Some(own @ Outcome::Unchanged { .. }) if whole.is_success() => own,
                _ => whole,
            };
            let past = Past { outcome: outcome.clone(), version: recorded.version };
            let deliveries = if at == 0 { recorded.deliveries } else { 0 };
            Kept { past, base: self.base().cloned().map(Arc::new), deliveries }
        };
        gathered.iter().enumerate().map(share).collect()
    }
}

/// Says what captures of several pages mean, away from the event loop; if our code fails on
/// them, that is the outcome of all.
async fn together(watch: &Watch, before: Standing, gathered: &[(usize, Snapshot)], unpacker: &Unpacker) -> Together {
    let (owned, served, unpacker) = (watch.clone(), gathered.to_vec(), unpacker.clone());
    let understood = contained(move || {
        let reader = owned.reader();
        let mut came: Vec<Came> = reader.pages.iter().map(|_| Came::NotAsked).collect();
        for (page, snapshot) in served {
            came[page] = Came::Snapshot(Box::new(snapshot));
        }
        let previous = before.base.version.as_ref();
        examine_pages(&reader, &owned.rules, previous, &before.held, came, &|snapshot| unpacker.unpack(snapshot))
    });
    understood.await.unwrap_or_else(|message| {
        let pages = watch.all_pages();
        let broken =
            |snapshot: &Snapshot| Outcome::Broken { snapshot: Some(snapshot.clone()), message: message.clone() };
        let mut checks: Vec<(usize, PageCheck)> = gathered
            .iter()
            .filter_map(|(at, snapshot)| {
                let url = pages.get(*at)?.url.to_string();
                Some((*at, PageCheck { url, outcome: broken(snapshot) }))
            })
            .collect();
        checks.sort_by_key(|(at, _)| *at);
        let outcome = checks
            .first()
            .map_or(Outcome::Broken { snapshot: None, message: message.clone() }, |(_, check)| check.outcome.clone());
        Together { pages: checks.into_iter().map(|(_, check)| check).collect(), ..Together::alone(outcome) }
    })
}

/// The version that an outcome leads to, as far as that is known before it is on record.
fn next(outcome: &Outcome, number: u32, watch: &Watch, reader: &Reader, now: Timestamp) -> Option<Version> {
    let (Outcome::First { snapshot, reading, .. } | Outcome::Changed { snapshot, reading, .. }) = outcome else {
        return None;
    };
    let facts = VersionFacts {
        id: VersionId(0),
        watch: watch.id.clone(),
        number,
        captured_at: snapshot.captured_at,
        recorded_at: now,
        digest: reading.digest(),
        snapshot: SnapshotId(0),
        pages: Vec::new(),
        reader: reader.clone(),
        cause: Cause::Publisher,
    };
    Some(Version { facts, reading: reading.clone() })
}
