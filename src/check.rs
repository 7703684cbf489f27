//! The mission: look at one page, say what it means, write it down.

use std::time::Duration;

use crate::alert::{Alert, NextVersion, address};
use crate::cadence::next_check;
use crate::clock::Clock;
use crate::examine::{Manner, examine, new_language};
use crate::fetch::{Fetch, Fetched, Request};
use crate::outcome::Outcome;
use crate::panics::{contained, unpanicking};
use crate::reading::{Reader, Why};
use crate::snapshot::{Snapshot, Validators};
use crate::store::{Recorded, Store, StoreError};
use crate::time::Timestamp;
use crate::unpack::Unpacker;
use crate::upgrade::{parallel, preview, upgrade};
use crate::version::{Version, VersionFacts};
use crate::watch::{Source, Watch};

/// Over how long the checks of one moment are spread where nothing else is configured, so
/// that a thousand watches with the same crontab line do not start in the same second.
pub const SPREAD: Duration = Duration::from_secs(5 * 60);

/// What a check needs of the world.
#[derive(Clone, Debug)]
pub struct Ports<F, C> {
    /// The record.
    pub store: Store,
    /// Where pages come from.
    pub fetcher: F,
    /// The time.
    pub clock: C,
    /// What unpacks PDF and DOCX.
    pub unpacker: Unpacker,
    /// Over how long the checks of one moment are spread.
    pub spread: Duration,
}

/// A check that has ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked {
    /// The latest version before, as we read it today.
    pub previous: Option<VersionFacts>,
    /// How it ended.
    pub outcome: Outcome,
    /// Who is told what.
    pub alerts: Vec<Alert>,
    /// When the watch is due again.
    pub next_check_at: Option<Timestamp>,
    /// What was written; none after [`dry_run`].
    pub recorded: Option<Recorded>,
}

/// Checks one watch: fetch, read, compare, judge, address, record.
///
/// Whatever the world does is an [`Outcome`].
///
/// # Errors
/// `Err` means that the record could not be kept, and the caller must stop.
pub async fn check<F: Fetch, C: Clock>(watch: &Watch, ports: &Ports<F, C>) -> Result<Checked, StoreError> {
    let previous = upgrade(watch, &ports.store, &ports.clock, &ports.unpacker).await?;
    let mut checked = look(watch, previous, ports, Some(ports.clock.now())).await?;

    let base = checked.previous.as_ref().map(|version| version.id);
    let (outcome, alerts) = (checked.outcome.clone(), checked.alerts.clone());
    let recorded = ports
        .store
        .record(&watch.id, base, outcome, &manner(watch), alerts, checked.next_check_at, ports.clock.now())
        .await?;

    checked.recorded = Some(recorded);
    Ok(checked)
}

/// What [`check`] would do, with nothing recorded and nobody told.
///
/// # Errors
/// If the record could not be read.
pub async fn dry_run<F: Fetch, C: Clock>(watch: &Watch, ports: &Ports<F, C>) -> Result<Checked, StoreError> {
    let previous = preview(watch, &ports.store, &ports.unpacker).await?;
    look(watch, previous, ports, None).await
}

/// How the pages of a watch are read today.
pub fn manner(watch: &Watch) -> Manner {
    Manner { reader: Reader::today(watch.selectors.clone()), language: watch.language.clone() }
}

/// All of a check but writing it down; `now` is when technical upgrades are recorded.
async fn look<F: Fetch, C: Clock>(
    watch: &Watch,
    previous: Option<Version>,
    ports: &Ports<F, C>,
    now: Option<Timestamp>,
) -> Result<Checked, StoreError> {
    let request = request(watch, &ports.store).await?;
    let mut facts = previous.as_ref().map(|version| version.facts.clone());

    let (outcome, alerts) = match unpanicking(ports.fetcher.fetch(request)).await {
        Ok(Ok(Fetched::Snapshot(snapshot))) => {
            let mut understood = understand(watch, previous, facts.clone(), *snapshot, &ports.unpacker).await;
            if let (Some((known, language)), Outcome::First { snapshot, .. }) =
                (&understood.unlike, &understood.outcome)
            {
                let served = snapshot.captured_at;
                match parallel(&watch.id, &manner(watch), language, served, &ports.store, now, &ports.unpacker).await? {
                    Some(earlier) => {
                        facts = newest(facts, &earlier);
                        understood =
                            understand(watch, Some(earlier), facts.clone(), snapshot.clone(), &ports.unpacker).await;
                    }
                    None => tracing::warn!(
                        watch.id = %watch.id,
                        "the page of {} answers in {language} now; its text in {known} was not compared with it; \
                         set language = \"{known}\" to refuse other languages", watch.id
                    ),
                }
            }
            (understood.outcome, understood.alerts)
        }
        Ok(Ok(Fetched::NotModified)) => (Outcome::Unmodified, Vec::new()),
        Ok(Err(failure)) => (Outcome::Unreachable(failure), Vec::new()),
        Err(message) => (Outcome::Broken { snapshot: None, message }, Vec::new()),
    };

    let next_check_at = due_again(watch, &outcome, ports).await?;
    Ok(Checked { previous: facts, outcome, alerts, next_check_at, recorded: None })
}

async fn request(watch: &Watch, store: &Store) -> Result<Request, StoreError> {
    let validators = match watch.source {
        Source::Live => store.validators(&watch.id, &manner(watch).reader).await?,
        Source::Wayback => Validators::default(),
    };
    let (url, language) = (watch.url.clone(), watch.language.clone());
    Ok(Request { url, source: watch.source, at: None, validators, language })
}

/// What a snapshot means.
struct Understood {
    outcome: Outcome,
    alerts: Vec<Alert>,
    /// The languages of the version before and of the text, where they could not be compared.
    unlike: Option<(String, String)>,
}

/// Says what a snapshot means and who is told, away from the threads that wait for the
/// network, and whatever happens: a page that our code fails on is an outcome too.
/// `previous` is what it is compared with, `latest` the last version of all.
async fn understand(
    watch: &Watch,
    previous: Option<Version>,
    latest: Option<VersionFacts>,
    snapshot: Snapshot,
    unpacker: &Unpacker,
) -> Understood {
    let (watch, evidence, unpacker) = (watch.clone(), snapshot.clone(), unpacker.clone());
    contained(move || {
        let unpacked = unpacker.unpack(&snapshot);
        let outcome = examine(&manner(&watch), previous.as_ref(), snapshot, unpacked.as_ref());
        let alerts = alerts(&watch, latest.as_ref(), &outcome);
        Understood { alerts, unlike: new_language(previous.as_ref(), &outcome), outcome }
    })
    .await
    .unwrap_or_else(|message| {
        let outcome = Outcome::Broken { snapshot: Some(evidence), message };
        Understood { outcome, alerts: Vec::new(), unlike: None }
    })
}

/// The last version of all, once an upgrade may have come behind it.
pub(crate) fn newest(latest: Option<VersionFacts>, upgraded: &Version) -> Option<VersionFacts> {
    latest.filter(|latest| latest.number >= upgraded.facts.number).or_else(|| Some(upgraded.facts.clone()))
}

/// Who is told of an outcome, and in which words. `latest` is the last version before it.
pub fn alerts(watch: &Watch, latest: Option<&VersionFacts>, outcome: &Outcome) -> Vec<Alert> {
    let (Some(latest), Outcome::Changed { snapshot, reading, from, change, judgment }) = (latest, outcome) else {
        return Vec::new();
    };
    let next = NextVersion {
        number: latest.number + 1,
        digest: reading.digest(),
        captured_at: snapshot.captured_at,
        final_url: snapshot.final_url.clone(),
        snapshot_digest: snapshot.digest(),
        effective_at: reading.effective_at,
    };
    address(watch, from, &next, change, judgment)
}

/// When the watch is due again: by its schedule, earlier after a failure that may pass,
/// later if the other side asks for it.
async fn due_again<F, C: Clock>(
    watch: &Watch,
    outcome: &Outcome,
    ports: &Ports<F, C>,
) -> Result<Option<Timestamp>, StoreError> {
    let failures = if may_pass(outcome) {
        let known = ports.store.watch_state(&watch.id).await?;
        known.map_or(0, |state| state.consecutive_failures).saturating_add(1)
    } else {
        0
    };
    let now = ports.clock.now();
    Ok(next_check(&watch.schedule, &watch.id, ports.spread, now, failures, outcome.retry_after()))
}

/// Whether this is a failure that asking again soon may help against. Who was turned away
/// at a wall does not knock more often.
fn may_pass(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Unreachable(failure) => failure.kind.is_transient(),
        Outcome::Unreadable { why, .. } => {
            matches!(why.why, Why::ErrorPage | Why::Maintenance | Why::NotFound | Why::EmptyShell | Why::Malformed)
        }
        _ => false,
    }
}
