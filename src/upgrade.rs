//! The latest version as we read it today, so that our own change is never reported as
//! the publisher's. Never alerts.

use crate::check::manner;
use crate::clock::Clock;
use crate::examine::Manner;
use crate::panics::contained;
use crate::reading::{Expected, Reading, read};
use crate::store::{Store, StoreError};
use crate::time::Timestamp;
use crate::unpack::Unpacker;
use crate::version::Version;
use crate::watch::{Watch, WatchId};

/// Brings the latest version of a watch to today's reading, and returns it.
///
/// If today's selectors cannot read yesterday's page, because the site was rebuilt, the
/// old reading stands, and a change that follows says that it crosses readings.
///
/// # Errors
/// If the record could not be read or kept.
pub async fn upgrade(
    watch: &Watch,
    store: &Store,
    clock: &impl Clock,
    unpacker: &Unpacker,
) -> Result<Option<Version>, StoreError> {
    let Some(held) = store.latest(&watch.id).await? else { return Ok(None) };
    let manner = manner(watch);
    let Some(reading) = read_again(&manner, &held, store, unpacker).await? else { return Ok(Some(held)) };
    store.record_upgrade(&held, reading, manner.reader, clock.now()).await.map(Some)
}

/// What [`upgrade`] would return, with nothing recorded.
///
/// # Errors
/// If the record could not be read.
pub async fn preview(watch: &Watch, store: &Store, unpacker: &Unpacker) -> Result<Option<Version>, StoreError> {
    let Some(held) = store.latest(&watch.id).await? else { return Ok(None) };
    let manner = manner(watch);
    let again = read_again(&manner, &held, store, unpacker).await?;
    Ok(Some(replaced(held, again, &manner)))
}

/// The latest version in a language served at or before a moment, as we read it today: the
/// base of comparison for a page that answers in another language than the latest version.
///
/// If it reads otherwise today, that is recorded as a version of its own where `now` says
/// when; without `now` nothing is recorded.
///
/// # Errors
/// If the record could not be read or kept.
pub(crate) async fn parallel(
    watch: &WatchId,
    manner: &Manner,
    language: &str,
    until: Timestamp,
    store: &Store,
    now: Option<Timestamp>,
    unpacker: &Unpacker,
) -> Result<Option<Version>, StoreError> {
    let Some(held) = store.latest_in(watch, language, until).await? else { return Ok(None) };
    let again = read_again(manner, &held, store, unpacker).await?;
    match (again, now) {
        (Some(reading), Some(now)) if reading.digest() != held.facts.digest => {
            store.record_parallel_upgrade(&held, reading, manner.reader.clone(), now).await.map(Some)
        }
        (again, _) => Ok(Some(replaced(held, again, manner))),
    }
}

fn replaced(mut held: Version, again: Option<Reading>, manner: &Manner) -> Version {
    if let Some(reading) = again {
        held.facts.digest = reading.digest();
        held.facts.reader = manner.reader.clone();
        held.reading = reading;
    }
    held
}

/// Reads a version's snapshot as we read today; none if there is no need, or no way.
async fn read_again(
    manner: &Manner,
    held: &Version,
    store: &Store,
    unpacker: &Unpacker,
) -> Result<Option<Reading>, StoreError> {
    if held.facts.reader == manner.reader {
        return Ok(None);
    }
    let snapshot = store.snapshot(held.facts.snapshot).await?;
    let (selectors, language) = (manner.reader.selectors.clone(), manner.language.clone());
    let unpacker = unpacker.clone();
    let again = contained(move || {
        let unpacked = unpacker.unpack(&snapshot);
        // Its own old reading must not decide whether the page is the policy.
        read(
            &snapshot,
            &selectors,
            &Expected { language: language.as_deref(), previous: None, unpacked: unpacked.as_ref() },
        )
    })
    .await;
    let why = match again {
        Ok(Ok(reading)) => return Ok(Some(reading)),
        Ok(Err(unreadable)) => unreadable.to_string(),
        Err(panicked) => panicked,
    };
    tracing::warn!(
        watch.id = %held.facts.watch,
        version = held.facts.number,
        why,
        "version {} of {} cannot be read as we read today; its old reading stands", held.facts.number, held.facts.watch
    );
    Ok(None)
}
