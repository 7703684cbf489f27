//! Captures that are examined one after the other and recorded together, so that a long
//! history does not wait for the disk at every capture.
//!
//! Each is compared with the text of the one before, which is not on record yet. Whatever
//! that cannot answer (several pages, another language, a capture that comes out of
//! order) is for [`History::record`], one at a time.

use std::sync::Arc;

use super::{History, Past, Standing};
use crate::alert::Addressed;
use crate::check::{alerts, examine_anew};
use crate::examine::new_language;
use crate::outcome::Outcome;
use crate::panics::contained;
use crate::reading::Reader;
use crate::snapshot::Snapshot;
use crate::store::{Examined, Recorded, Series, StoreError};
use crate::time::Timestamp;
use crate::upgrade::Base;
use crate::version::{Cause, SnapshotId, Version, VersionFacts, VersionId};
use crate::watch::Watch;

/// What was examined and is not on record yet.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    /// What the next capture is compared with, once there is something.
    base: Option<(Arc<Base>, Option<Arc<Version>>)>,
    waiting: Vec<Waiting>,
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
    /// it must be recorded by itself, once what waits is.
    pub(crate) async fn look_ahead(&mut self, snapshot: Snapshot, now: Timestamp) -> Option<Snapshot> {
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
        self.reader.pages.is_empty()
            && base.lost.is_none()
            && base.broken.is_none()
            && last.is_none_or(|last| last <= snapshot.captured_at)
    }

    /// Whether a capture of this moment waits to be recorded.
    pub(crate) fn awaits(&self, captured_at: Timestamp) -> bool {
        self.ahead.waiting.iter().any(|waiting| waiting.snapshot.captured_at == captured_at)
    }

    /// Records what waits; answers with all of it, in its order. `tell` says whether
    /// channels are told of changes.
    ///
    /// # Errors
    /// If the record could not be kept.
    pub(crate) async fn settle(&mut self, tell: bool) -> Result<Vec<Kept>, StoreError> {
        let Ahead { base, waiting } = std::mem::take(&mut self.ahead);
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
