//! What is done at web archives after a live check found a change: the archive is asked to
//! take a capture of it, and its captures between the last sighting of the old text and the
//! first of the new one are to show when it was made.
//!
//! Off unless it is configured, and never in the way of an alert: errands are made of what
//! the record says, after it was written, by a loop of their own.

use std::time::Duration;

use url::Url;

use crate::backfill::{BackfillError, Options, backfill};
use crate::capture::Plan;
use crate::clock::Clock;
use crate::fetch::{Archive, Saving};
use crate::guard::{self, Allowed};
use crate::store::{Errand, ErrandKind, ErrandStanding, Store, StoreError};
use crate::time::Timestamp;
use crate::unpack::Unpacker;
use crate::watch::Watch;

/// What is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Material changes are to be captured.
    pub save: bool,
    /// Changes are to be dated.
    pub narrow: bool,
}

/// Changes older than that when an errand is first looked for are history.
const NEWS: chrono::Duration = chrono::Duration::days(2);

/// Captures come into an index late.
const LATE: chrono::Duration = chrono::Duration::days(1);

/// Two sightings nearer than that need no third between them.
const NEAR: chrono::Duration = chrono::Duration::hours(36);

/// Captures that are fetched to date one change.
const MOST: usize = 20;

/// How long an errand is nobody else's.
const CLAIM: chrono::Duration = chrono::Duration::minutes(30);

/// Between two looks at what the archive works on; it works for two minutes at most.
const LOOK: chrono::Duration = chrono::Duration::seconds(30);

/// Looks and attempts, together.
const ATTEMPTS: u32 = 12;

/// Makes errands of what was found, and does those that are due, one after the other.
/// Answers how many there were.
///
/// # Errors
/// If the record could not be kept.
pub async fn run_errands<C: Clock>(
    wanted: Wanted,
    watches: &[Watch],
    allow: &[Allowed],
    archive: &Archive<C>,
    store: &Store,
    clock: &C,
    unpacker: &Unpacker,
) -> Result<usize, StoreError> {
    let now = clock.now();
    if wanted.save {
        store.find_errands(ErrandKind::Save, now - NEWS, now, now).await?;
    }
    if wanted.narrow {
        store.find_errands(ErrandKind::Narrow, now - NEWS, now + LATE, now).await?;
    }
    let mut done = 0;
    while let Some(errand) = store.claim_errand(clock.now(), clock.now() + CLAIM).await? {
        let standing = match (errand.kind, watches.iter().find(|watch| watch.id == errand.watch)) {
            (_, None) => ErrandStanding::GivenUp("the watch is not configured any more".to_owned()),
            (_, Some(_)) if is_private(&errand, allow, store).await? => ErrandStanding::GivenUp(
                "the page is not of the public internet, and no archive is told of it".to_owned(),
            ),
            (ErrandKind::Save, Some(_)) => save(&errand, wanted, archive, clock.now()).await,
            (ErrandKind::Narrow, Some(watch)) => {
                match narrow(&errand, watch, archive, store, clock, unpacker).await {
                    // What is damaged of one watch does not keep the errands of others from being done.
                    Err(error @ StoreError::Damaged { .. }) => later(&errand, None, error.to_string(), clock.now()),
                    other => other?,
                }
            }
        };
        tracing::info!(watch.id = %errand.watch, errand = errand.kind.as_str(), "{}: {standing:?}", errand.watch);
        store.settle_errand(errand.id, standing).await?;
        done += 1;
    }
    Ok(done)
}

/// Whether a page is nothing for a public archive to know: by its address, or by that of
/// the server which served it.
async fn is_private(errand: &Errand, allow: &[Allowed], store: &Store) -> Result<bool, StoreError> {
    if Url::parse(&errand.url).is_ok_and(|url| guard::is_private(&url, allow)) {
        return Ok(true);
    }
    let Some(snapshot) = store.check(errand.check).await?.and_then(|check| check.snapshot) else { return Ok(false) };
    Ok(store.snapshot(snapshot).await?.origin.is_private())
}

/// Tries again later, longer each time, or gives up.
fn later(errand: &Errand, at_least: Option<Duration>, why: String, now: Timestamp) -> ErrandStanding {
    if errand.attempts >= ATTEMPTS {
        return ErrandStanding::GivenUp(why);
    }
    let pause = chrono::Duration::minutes(10 << errand.attempts.min(8));
    let asked = at_least.and_then(|asked| chrono::Duration::from_std(asked).ok()).unwrap_or_default();
    ErrandStanding::Later(now + pause.max(asked), None, why)
}

async fn save<C: Clock>(errand: &Errand, wanted: Wanted, archive: &Archive<C>, now: Timestamp) -> ErrandStanding {
    if !wanted.save {
        return ErrandStanding::GivenUp("it is not configured any more".to_owned());
    }
    let said = match (&errand.job, Url::parse(&errand.url)) {
        (Some(job), _) => archive.saving(job).await,
        (None, Ok(page)) => archive.save(&page).await,
        (None, Err(why)) => return ErrandStanding::GivenUp(why.to_string()),
    };
    match said {
        Ok(Saving::Saved(timestamp)) => ErrandStanding::Done(format!("captured at {timestamp}")),
        Ok(Saving::Failed { why, again: false }) => ErrandStanding::GivenUp(why),
        Ok(Saving::Failed { why, again: true }) => later(errand, None, why, now),
        Ok(Saving::Working(job)) if errand.attempts < ATTEMPTS => {
            let job = if job.is_empty() { errand.job.clone() } else { Some(job) };
            ErrandStanding::Later(now + LOOK, job, "the archive works on it".to_owned())
        }
        // It often ends well all the same: a backfill will see it.
        Ok(Saving::Working(_)) => ErrandStanding::Done("the archive worked on it when it was last asked".to_owned()),
        Err(failure) => later(errand, failure.retry_after, failure.kind.to_string(), now),
    }
}

async fn narrow<C: Clock>(
    errand: &Errand,
    watch: &Watch,
    archive: &Archive<C>,
    store: &Store,
    clock: &C,
    unpacker: &Unpacker,
) -> Result<ErrandStanding, StoreError> {
    let now = clock.now();
    // The second look refers to the version as it is now; it comes first.
    if store.awaited(&watch.id).await?.is_some() {
        return Ok(later(errand, None, "a second look is still to come".to_owned(), now));
    }
    let number = store.check(errand.check).await?.and_then(|check| check.version);
    let bounds = store.bounds(&watch.id).await?;
    let Some((after, until)) =
        number.and_then(|number| bounds.get(&number)).and_then(|bounds| Some((bounds.after?, bounds.until)))
    else {
        return Ok(ErrandStanding::Done("there is nothing to date".to_owned()));
    };
    if until - after < NEAR {
        return Ok(ErrandStanding::Done("it is dated well enough".to_owned()));
    }
    let options = Options {
        from: Some(after),
        to: Some(until),
        max: Some(MOST),
        plan: Plan { budget: 0, precision: Some(Duration::ZERO) },
        ..Options::default()
    };
    match backfill(watch, &options, archive, store, clock, unpacker, |_| {}).await {
        Ok(summary) => {
            let found = summary.versions + summary.unchanged;
            Ok(ErrandStanding::Done(format!("{found} captures between {after} and {until}")))
        }
        Err(BackfillError::Store(error)) => Err(error),
        Err(other) => Ok(later(errand, None, other.to_string(), now)),
    }
}
