//! The latest version as we read it today, so that our own change is never reported as
//! the publisher's. Never alerts.

use crate::clock::Clock;
use crate::panics::contained;
use crate::reading::{Expected, Reader, Reading, read};
use crate::store::{Store, StoreError};
use crate::version::Version;
use crate::watch::Watch;

/// Brings the latest version of a watch to today's reading, and returns it.
///
/// If today's selectors cannot read yesterday's page, because the site was rebuilt, the
/// old reading stands, and a change that follows says that it crosses readings.
///
/// # Errors
/// If the record could not be read or kept.
pub async fn upgrade(watch: &Watch, store: &Store, clock: &impl Clock) -> Result<Option<Version>, StoreError> {
    let Some(held) = store.latest(&watch.id).await? else { return Ok(None) };
    let Some(reading) = read_again(watch, &held, store).await? else { return Ok(Some(held)) };
    let today = Reader::today(watch.selectors.clone());
    store.record_upgrade(&held, reading, today, clock.now()).await.map(Some)
}

/// What [`upgrade`] would return, with nothing recorded.
///
/// # Errors
/// If the record could not be read.
pub async fn preview(watch: &Watch, store: &Store) -> Result<Option<Version>, StoreError> {
    let Some(mut held) = store.latest(&watch.id).await? else { return Ok(None) };
    if let Some(reading) = read_again(watch, &held, store).await? {
        held.facts.digest = reading.digest();
        held.facts.reader = Reader::today(watch.selectors.clone());
        held.reading = reading;
    }
    Ok(Some(held))
}

/// Reads a version's snapshot as we read today; none if there is no need, or no way.
async fn read_again(watch: &Watch, held: &Version, store: &Store) -> Result<Option<Reading>, StoreError> {
    if held.facts.reader == Reader::today(watch.selectors.clone()) {
        return Ok(None);
    }
    let snapshot = store.snapshot(held.facts.snapshot).await?;
    let (selectors, language) = (watch.selectors.clone(), watch.language.clone());
    let again = contained(move || {
        // Its own old reading must not decide whether the page is the policy.
        read(&snapshot, &selectors, &Expected { language: language.as_deref(), previous: None })
    })
    .await;
    let why = match again {
        Ok(Ok(reading)) => return Ok(Some(reading)),
        Ok(Err(unreadable)) => unreadable.to_string(),
        Err(panicked) => panicked,
    };
    tracing::warn!(
        watch.id = %watch.id,
        version = held.facts.number,
        why,
        "version {} of {} cannot be read as we read today; its old reading stands", held.facts.number, watch.id
    );
    Ok(None)
}
