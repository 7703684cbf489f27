//! Captures of one page that are recorded together: in one transaction, so that a long
//! history does not wait for the disk at every capture.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use rusqlite::Transaction;

use super::checks::Entry;
use super::fault::Fault;
use super::memory::{Shelves, memory};
use super::versions::latest_facts;
use super::watches::known_key;
use super::{Recorded, Store, StoreError};
use crate::alert::Addressed;
use crate::alternation::{Memory, Turning, reconsider};
use crate::outcome::Outcome;
use crate::pages::Together;
use crate::reading::Reader;
use crate::time::Timestamp;
use crate::version::{Version, VersionFacts, VersionId};
use crate::watch::WatchId;

/// What captures of one page mean, each compared with the one before it, in the order of
/// their times.
#[derive(Clone, Debug)]
pub struct Series {
    /// The latest version on record when the first of them was compared.
    pub previous: Option<VersionId>,
    /// The captures.
    pub captures: Vec<Examined>,
    /// How all of them were read.
    pub reader: Reader,
    /// How a return is told from a change.
    pub turning: Turning,
}

/// A capture of a [`Series`].
#[derive(Clone, Debug)]
pub struct Examined {
    /// What it means, before anybody asked what the page said earlier.
    pub outcome: Outcome,
    /// The version that it was compared with: on record, or about to be by this series.
    pub before: Option<Arc<Version>>,
    /// When it was examined.
    pub now: Timestamp,
}

/// What came of a [`Series`].
#[derive(Clone, Debug, Default)]
pub struct SeriesRecorded {
    /// What was written of the first ones, in their order. Those that are left are to be
    /// examined anew, for what they were compared with is not what is on record.
    pub done: Vec<(Outcome, Recorded)>,
    /// The latest version then.
    pub latest: Option<VersionFacts>,
}

impl Store {
    /// Records what captures mean, in one transaction: what [`Store::record`] would write
    /// of each, one after the other. `tell` says who is told of it, given the latest
    /// version before it.
    ///
    /// It ends early, and says how far it came, where the record does not let the rest be
    /// judged like that: another process wrote a version, a newer capture is there, or an
    /// earlier text was read by another reader.
    ///
    /// # Errors
    /// Those of [`Store::record`]; then nothing is written.
    pub async fn record_series(
        &self,
        watch: &WatchId,
        series: Series,
        tell: impl Fn(Option<&VersionFacts>, &Together) -> Addressed + Send + 'static,
    ) -> Result<SeriesRecorded, StoreError> {
        let watch = watch.clone();
        self.write("record captures", move |tx| write(tx, known_key(tx, &watch)?, series, &tell)).await
    }
}

fn write(
    tx: &Transaction<'_>,
    watch: i64,
    series: Series,
    tell: &dyn Fn(Option<&VersionFacts>, &Together) -> Addressed,
) -> Result<SeriesRecorded, Fault> {
    let Series { previous, captures, reader, turning } = series;
    let mut recorded = SeriesRecorded { done: Vec::new(), latest: latest_facts(tx, watch)? };
    if recorded.latest.as_ref().map(|latest| latest.id) != previous {
        return Ok(recorded);
    }
    let mut shelves = Shelves::default();
    for capture in captures {
        let now = capture.now;
        let latest = recorded.latest.as_ref();
        let Some(outcome) = in_its_light(tx, &mut shelves, watch, capture, latest, (&reader, &turning))? else { break };
        let together = Together::alone(outcome);
        let told = tell(latest, &together);
        let makes_version = matches!(together.outcome, Outcome::First { .. } | Outcome::Changed { .. });
        let entry = Entry::of_capture(latest.map(|latest| latest.id), together, reader.clone(), told, now);
        let written = entry.write(tx, &mut shelves, watch)?;
        let out_of_order = written.out_of_order;
        recorded.done.push((entry.into_outcome(), written));
        if out_of_order {
            break;
        }
        if makes_version {
            recorded.latest = latest_facts(tx, watch)?;
        }
    }
    Ok(recorded)
}

/// A capture's outcome in the light of what the page said before; none if that cannot be
/// told here.
fn in_its_light(
    tx: &Transaction<'_>,
    shelves: &mut Shelves,
    watch: i64,
    capture: Examined,
    latest: Option<&VersionFacts>,
    (reader, turning): (&Reader, &Turning),
) -> Result<Option<Outcome>, Fault> {
    let Examined { mut outcome, before, .. } = capture;
    let Outcome::Changed { snapshot, reading, from, .. } = &mut outcome else { return Ok(Some(outcome)) };
    let (Some(before), Some(latest)) = (before, latest) else { return Ok(None) };
    // What it was compared with has its number only now.
    (**from).clone_from(latest);
    let memory = memory(tx, shelves, watch, reading.digest(), turning.within, snapshot.captured_at)?;
    let Memory { recent, .. } = &memory;
    if recent.iter().any(|earlier| earlier.version.facts.reader != *reader) {
        return Ok(None);
    }
    Ok(catch_unwind(AssertUnwindSafe(|| reconsider(outcome, &before.reading, &memory, turning))).ok())
}
