//! The latest version as we read it today, so that our own change is never reported as
//! the publisher's. Never alerts. Policies of several pages are upgraded together with
//! the check that follows ([`crate::pages`]), which may bring a page that is not held yet.

use crate::clock::Clock;
use crate::pages::page_of;
use crate::panics::contained;
use crate::reading::{Expected, Reader, Reading, Unreadable, read};
use crate::snapshot::Snapshot;
use crate::store::{Store, StoreError};
use crate::time::Timestamp;
use crate::unpack::Unpacker;
use crate::version::{SnapshotId, Version};
use crate::watch::Watch;

/// What the next page is compared with.
#[derive(Clone, Debug, Default)]
pub struct Base {
    /// The latest version as it stands in the record.
    pub version: Option<Version>,
    /// Its snapshot, where the selectors may match only one of two pages.
    pub snapshot: Option<Snapshot>,
    /// Why it cannot be compared with: its snapshot does not read as we read today. The
    /// next text is a new base then.
    pub lost: Option<String>,
    /// Why it cannot be compared with now: we failed on its snapshot, which may read well.
    /// Nothing may be put in its place then; the check is [`Outcome::Broken`].
    ///
    /// [`Outcome::Broken`]: crate::outcome::Outcome::Broken
    pub broken: Option<String>,
}

impl Base {
    /// The version, if it can be compared with.
    pub fn comparable(&self) -> Option<&Version> {
        self.version.as_ref().filter(|_| self.lost.is_none() && self.broken.is_none())
    }
}

/// Brings the latest version of a watch to today's reading, and returns it.
///
/// If today's reader cannot read yesterday's page (another language is demanded; what was
/// taken for a policy is known as a wall now), the old reading stands, and whatever is
/// read next is a new base: to compare with what was read otherwise would tell our change
/// as theirs. If we failed on the page, that says nothing of it: the version stays the base,
/// and the check comes to nothing ([`Base::broken`]).
///
/// # Errors
/// If the record could not be read or kept.
pub async fn upgrade(
    watch: &Watch,
    store: &Store,
    clock: &impl Clock,
    unpacker: &Unpacker,
) -> Result<Base, StoreError> {
    let Some(held) = store.latest(&watch.id).await? else { return Ok(Base::default()) };
    match read_again(watch, &held, store, unpacker).await? {
        Again::Needless => with_snapshot(held, store).await,
        Again::Read(reading, cites) => {
            let held = store.record_upgrade(&held, *reading, cites, watch.reader(), clock.now()).await?;
            with_snapshot(held, store).await
        }
        Again::Lost(why) => Ok(Base { version: Some(held), lost: Some(why), ..Base::default() }),
        Again::Broken(why) => Ok(Base { version: Some(held), broken: Some(why), ..Base::default() }),
    }
}

/// What [`upgrade`] would return, with nothing recorded.
///
/// # Errors
/// If the record could not be read.
pub async fn preview(watch: &Watch, store: &Store, unpacker: &Unpacker) -> Result<Base, StoreError> {
    let Some(mut held) = store.latest(&watch.id).await? else { return Ok(Base::default()) };
    match read_again(watch, &held, store, unpacker).await? {
        Again::Needless => {}
        Again::Read(reading, cites) => {
            held.facts.digest = reading.digest();
            held.facts.reader = watch.reader();
            (held.facts.snapshot, held.facts.pages) = (cites, Vec::new());
            held.reading = *reading;
        }
        Again::Lost(why) => return Ok(Base { version: Some(held), lost: Some(why), ..Base::default() }),
        Again::Broken(why) => return Ok(Base { version: Some(held), broken: Some(why), ..Base::default() }),
    }
    with_snapshot(held, store).await
}

/// The latest version in a language served at or before a moment, as we read it today: the
/// base of comparison for a page that answers in another language than the latest version.
///
/// If it reads otherwise today, that is recorded as a version of its own where `now` says
/// when; without `now` nothing is recorded. None too if it cannot be read as we read today:
/// then there is nothing to compare with.
///
/// # Errors
/// If the record could not be read or kept.
pub(crate) async fn parallel(
    watch: &Watch,
    language: &str,
    until: Timestamp,
    store: &Store,
    now: Option<Timestamp>,
    unpacker: &Unpacker,
) -> Result<Option<Base>, StoreError> {
    let Some(mut held) = store.latest_in(&watch.id, language, until).await? else { return Ok(None) };
    let reading = match read_again(watch, &held, store, unpacker).await? {
        Again::Read(reading, _) => reading,
        Again::Needless => return with_snapshot(held, store).await.map(Some),
        Again::Lost(_) => return Ok(None),
        Again::Broken(why) => return Ok(Some(Base { version: Some(held), broken: Some(why), ..Base::default() })),
    };
    if let Some(now) = now
        && reading.digest() != held.facts.digest
    {
        let held = store.record_parallel_upgrade(&held, *reading, watch.reader(), now).await?;
        return with_snapshot(held, store).await.map(Some);
    }
    held.facts.digest = reading.digest();
    held.facts.reader = watch.reader();
    held.reading = *reading;
    with_snapshot(held, store).await.map(Some)
}

/// What a version of the past says as we read today; none if that cannot be told. Nothing
/// is recorded.
pub(crate) async fn reread(
    watch: &Watch,
    held: &Version,
    store: &Store,
    unpacker: &Unpacker,
) -> Result<Option<Reading>, StoreError> {
    let reader = watch.reader();
    if held.facts.reader == reader {
        return Ok(Some(held.reading.clone()));
    }
    if !reader.pages.is_empty() {
        return Ok(None);
    }
    let Some((_, snapshot)) = snapshot(watch, held, store).await? else { return Ok(None) };
    Ok(again(reader, snapshot, unpacker.clone()).await.ok().and_then(Result::ok))
}

async fn with_snapshot(version: Version, store: &Store) -> Result<Base, StoreError> {
    let needed = !version.facts.reader.selectors.select.is_empty() && version.facts.reader.pages.is_empty();
    let snapshot = if needed { Some(store.snapshot(version.facts.snapshot).await?) } else { None };
    Ok(Base { version: Some(version), snapshot, ..Base::default() })
}

/// What came of reading a version's snapshot again.
enum Again {
    /// It was read as we read today.
    Needless,
    /// It reads so today, from this snapshot.
    Read(Box<Reading>, SnapshotId),
    /// It cannot be read.
    Lost(String),
    /// We failed to read it, for a reason that is not its own.
    Broken(String),
}

/// Reads a version's snapshot as we read today.
async fn read_again(watch: &Watch, held: &Version, store: &Store, unpacker: &Unpacker) -> Result<Again, StoreError> {
    let reader = watch.reader();
    if held.facts.reader == reader {
        return Ok(Again::Needless);
    }
    let again = match snapshot(watch, held, store).await? {
        Some((id, snapshot)) => match again(reader, snapshot, unpacker.clone()).await {
            Ok(read) => read.map(|reading| (id, reading)).map_err(|unreadable| unreadable.to_string()),
            Err(ours) => {
                let why = format!("version {} could not be read again: {ours}", held.facts.number);
                return Ok(Again::Broken(why));
            }
        },
        None => Err(format!("it was read from several pages, and none of them is {}", watch.url)),
    };
    let why = match again {
        Ok((id, reading)) => return Ok(Again::Read(Box::new(reading), id)),
        Err(why) => why,
    };
    tracing::warn!(
        watch.id = %watch.id,
        version = held.facts.number,
        why,
        "version {} of {} cannot be read as we read today; what is read next is a new base", held.facts.number, watch.id
    );
    Ok(Again::Lost(format!("version {} cannot be read as pages are read today ({why})", held.facts.number)))
}

/// The snapshot of the watch's page that a version was read from.
async fn snapshot(watch: &Watch, held: &Version, store: &Store) -> Result<Option<(SnapshotId, Snapshot)>, StoreError> {
    if held.facts.pages.is_empty() {
        let id = held.facts.snapshot;
        return Ok(Some((id, store.snapshot(id).await?)));
    }
    // It stood on several pages, and this one is left.
    for id in &held.facts.pages {
        let snapshot = store.snapshot(*id).await?;
        if page_of(&snapshot.url, &watch.all_pages()).is_some() {
            return Ok(Some((*id, snapshot)));
        }
    }
    Ok(None)
}

/// What a snapshot says; the error is a failure of ours, which says nothing of it.
async fn again(reader: Reader, snapshot: Snapshot, unpacker: Unpacker) -> Result<Result<Reading, Unreadable>, String> {
    let read = contained(move || {
        // Its own old reading must not decide whether the page is the policy.
        let unpacked = unpacker.unpack(&snapshot).map_err(|ours| ours.to_string())?;
        let language = reader.language.as_deref();
        let expected = Expected { language, previous: None, unpacked: unpacked.as_ref() };
        Ok(read(&snapshot, &reader.selectors, &expected))
    });
    read.await?
}
