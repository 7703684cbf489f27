//! What is done at web archives after a live check found a change: the archive is asked to
//! take a capture of it, and its captures between the last sighting of the old text and the
//! first of the new one are to show when it was made.
//!
//! Off unless it is configured, and never in the way of an alert: errands are made of what
//! the record says, after it was written, by a loop of their own.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::NaiveDateTime;
use url::Url;

use crate::backfill::{BackfillError, Options, backfill};
use crate::capture::{Capture, Plan};
use crate::clock::Clock;
use crate::fetch::{Archive, Fetcher, Saving};
use crate::guard::{self, Allowed};
use crate::store::{Errand, ErrandKind, ErrandStanding, Store, StoreError};
use crate::time::{Timestamp, rfc3339};
use crate::unpack::Unpacker;
use crate::watch::{Watch, WatchId};

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

/// When an archive's index is looked at first for a capture that it took: captures come into
/// it hours later. After that each pause is twice as long, up to a day.
const FIRST_SIGHT: chrono::Duration = chrono::Duration::hours(1);

/// How often its index is looked at for one capture: for four days in all.
const SIGHTS: u32 = 8;

/// How far the moment of a capture in the index may be from the one that was told.
const SAME: chrono::Duration = chrono::Duration::minutes(2);

/// Makes errands of what was found, and does those that are due, one after the other.
/// Answers how many there were.
///
/// # Errors
/// If the record could not be kept.
pub async fn run_errands<C: Clock>(
    wanted: Wanted,
    watches: &[Watch],
    allow: &[Allowed],
    fetcher: &Fetcher<C>,
    store: &Store,
    clock: &C,
    unpacker: &Unpacker,
) -> Result<usize, StoreError> {
    let now = clock.now();
    if wanted.save {
        let saving = archives_of(watches, |name| fetcher.archive_named(name).is_some_and(Archive::saves));
        store.find_errands(ErrandKind::Save, &saving, now - NEWS, now, now).await?;
    }
    if wanted.narrow {
        store.find_errands(ErrandKind::Narrow, &archives_of(watches, |_| true), now - NEWS, now + LATE, now).await?;
    }
    let mut done = 0;
    while let Some(errand) = store.claim_errand(clock.now(), clock.now() + CLAIM).await? {
        let watch = watches.iter().find(|watch| watch.id == errand.watch);
        let standing = match (errand.kind, watch, fetcher.archive_named(&errand.archive)) {
            (_, None, _) => ErrandStanding::GivenUp("the watch is not configured any more".to_owned()),
            (_, _, None) => ErrandStanding::GivenUp("the archive is not configured any more".to_owned()),
            (_, Some(_), _) if is_private(&errand, allow, store).await? => ErrandStanding::GivenUp(
                "the page is not of the public internet, and no archive is told of it".to_owned(),
            ),
            (ErrandKind::Save, Some(_), Some(archive)) => save(&errand, wanted, archive, clock.now()).await,
            (ErrandKind::Look, Some(_), Some(archive)) => look(&errand, archive, clock.now()).await,
            (ErrandKind::Narrow, Some(watch), Some(archive)) => {
                match narrow(&errand, watch, archive, store, clock, unpacker).await {
                    // What is damaged of one watch does not keep the errands of others from being done.
                    Err(error @ StoreError::Damaged { .. }) => later(&errand, None, error.to_string(), clock.now()),
                    other => other?,
                }
            }
        };
        tracing::info!(watch.id = %errand.watch, errand = errand.kind.as_str(), "{}: {standing:?}", errand.watch);
        store.settle_errand(errand.id, standing, clock.now()).await?;
        done += 1;
    }
    Ok(done)
}

/// The archives of each watch that may be asked.
fn archives_of(watches: &[Watch], may: impl Fn(&str) -> bool) -> BTreeMap<WatchId, Vec<String>> {
    let of = |watch: &Watch| watch.archives.iter().filter(|name| may(name)).cloned().collect();
    watches.iter().map(|watch| (watch.id.clone(), of(watch))).collect()
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
        Ok(Saving::Saved(timestamp)) => {
            ErrandStanding::ToSee(format!("captured at {timestamp}"), now + FIRST_SIGHT, Some(timestamp))
        }
        Ok(Saving::Failed { why, again: false }) => ErrandStanding::GivenUp(why),
        Ok(Saving::Failed { why, again: true }) => later(errand, None, why, now),
        Ok(Saving::Working(job)) if errand.attempts < ATTEMPTS => {
            let job = if job.is_empty() { errand.job.clone() } else { Some(job) };
            ErrandStanding::Later(now + LOOK, job, "the archive works on it".to_owned())
        }
        // It often ends well all the same: its index will tell.
        Ok(Saving::Working(_)) => {
            let why = "the archive worked on it when it was last asked".to_owned();
            ErrandStanding::ToSee(why, now + FIRST_SIGHT, None)
        }
        Err(failure) => later(errand, failure.retry_after, failure.kind.to_string(), now),
    }
}

/// Looks in an archive's index for a capture that it took, as it said.
async fn look<C: Clock>(errand: &Errand, archive: &Archive<C>, now: Timestamp) -> ErrandStanding {
    let Ok(page) = Url::parse(&errand.url) else {
        return ErrandStanding::GivenUp("the page has no address".to_owned());
    };
    let told = errand.job.as_deref().and_then(moment);
    // It may say that a capture of an hour ago is as good.
    let (from, to) = told.map_or((errand.created_at - FIRST_SIGHT, now), |at| (at - SAME, at + SAME));
    let pause = (FIRST_SIGHT * (1 << errand.attempts.min(5))).min(chrono::Duration::days(1));
    let (at_least, why) = match archive.captures(&page, Some(from), Some(to)).await {
        Ok(captures) => {
            let near =
                |capture: &Capture| told.map_or(capture.captured_at - from, |at| (capture.captured_at - at).abs());
            if let Some(found) = captures.iter().min_by_key(|capture| near(capture)) {
                let status = found.status.filter(|status| *status != 200);
                let status = status.map_or_else(String::new, |status| format!(" with status {status}"));
                return ErrandStanding::Done(format!("its index lists it{status}: {}", archive.memento_url(found)));
            }
            (None, "its index does not list it".to_owned())
        }
        Err(failure) => (failure.retry_after, failure.kind.to_string()),
    };
    if errand.attempts >= SIGHTS {
        return ErrandStanding::GivenUp(format!("{why}, after {SIGHTS} looks since {}", rfc3339(errand.created_at)));
    }
    let asked = at_least.and_then(|asked| chrono::Duration::from_std(asked).ok()).unwrap_or_default();
    ErrandStanding::Later(now + pause.max(asked), errand.job.clone(), why)
}

/// The moment of a capture by its 14 digits.
fn moment(digits: &str) -> Option<Timestamp> {
    Some(NaiveDateTime::parse_from_str(digits, "%Y%m%d%H%M%S").ok()?.and_utc())
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
