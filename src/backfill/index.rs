//! An archive's index of a page in the record: read once as a whole, then its end, and now
//! and then all of it again, because archives add to the past.

use chrono::Duration;
use url::Url;

use super::{BackfillError, joins};
use crate::capture::{Trace, trace};
use crate::clock::Clock;
use crate::fetch::{Archive, Cursor};
use crate::outcome::{FailureKind, FetchFailure};
use crate::store::{ListingState, RecordedCapture, RecordedTrace, Store};
use crate::time::{Timestamp, is_archivable};
use crate::unpack::Unpacker;
use crate::watch::Watch;

/// All of it is read again after that: captures of years ago are added still.
const WHOLE: Duration = Duration::days(30);

/// Its end is read again after that.
const FRESH: Duration = Duration::days(1);

/// From so long before the last reading: captures come into an index late.
const OVERLAP: Duration = Duration::days(14);

/// Pages of one reading; an index that never ends is cut here. Two million captures: sixty
/// times those of the busiest page known to us.
const PAGES: usize = 40;

/// What an archive lists of a page: read now as far as that is needed. With how many lines the
/// last reading left out for their time; those that an earlier release kept are left out, too.
///
/// # Errors
/// If it could not be read, and never was.
pub(super) async fn listed<C: Clock>(
    archive: &Archive<C>,
    url: &Url,
    again: bool,
    store: &Store,
    clock: &C,
    stale: &mut Option<FailureKind>,
) -> Result<(Vec<RecordedCapture>, usize), BackfillError> {
    let mut state = store.listing(archive.base(), url.as_str()).await?;
    if let Some(cursor) = begin(&mut state, again, clock.now()) {
        match read(archive, url, cursor, &mut state, store).await? {
            Ok(()) => {}
            // Captures may be had although the index cannot: the two fail apart.
            Err(failure) if state.whole_at.is_some() => *stale = Some(failure.kind),
            Err(failure) => return Err(BackfillError::Index(failure.kind)),
        }
    }
    let (mut listed, now) = (store.listed(archive.base(), url.as_str()).await?, clock.now());
    listed.retain(|recorded| is_archivable(recorded.capture.captured_at, now));
    Ok((listed, state.untimely))
}

/// From where the index is to be read now, if it is.
fn begin(state: &mut ListingState, again: bool, now: Timestamp) -> Option<Cursor> {
    let since = |at: Option<Timestamp>| at.map_or(Duration::MAX, |at| (now - at).abs());
    let under_way = state.cursor.clone().filter(|_| !again && since(state.begun_at) < FRESH);
    if let Some(from) = under_way {
        return Some(Cursor { from: Some(from), ..Cursor::default() });
    }
    state.is_whole = again || since(state.whole_at) >= WHOLE;
    if !state.is_whole && since(state.fresh_at) < FRESH {
        return None;
    }
    state.begun_at = Some(now);
    state.untimely = 0;
    Some(if state.is_whole { Cursor::default() } else { Cursor::from(state.fresh_at.map(|at| at - OVERLAP)) })
}

/// Reads the index to its end, and keeps each part before the next is asked for.
async fn read<C: Clock>(
    archive: &Archive<C>,
    url: &Url,
    mut cursor: Cursor,
    state: &mut ListingState,
    store: &Store,
) -> Result<Result<(), FetchFailure>, BackfillError> {
    let mut empty = cursor.from.is_none();
    for _ in 0..PAGES {
        let listed = match archive.list(url, &cursor).await {
            Ok(listed) => listed,
            Err(failure) => return Ok(Err(failure)),
        };
        empty &= listed.captures.is_empty();
        state.untimely += listed.untimely;
        match listed.next {
            Some(next) => {
                state.cursor.clone_from(&next.from);
                store.keep_listed(archive.base(), url.as_str(), listed.captures, state.clone()).await?;
                cursor = next;
            }
            None => {
                if empty && let Err(failure) = absent(archive, url, listed.signed).await {
                    return Ok(Err(failure));
                }
                state.cursor = None;
                state.fresh_at = state.begun_at;
                if state.is_whole {
                    state.whole_at = state.begun_at;
                }
                store.keep_listed(archive.base(), url.as_str(), listed.captures, state.clone()).await?;
                return Ok(Ok(()));
            }
        }
    }
    let reason = format!("its index of {url} does not end after {PAGES} requests");
    Ok(Err(FailureKind::ArchiveUnavailable { archive: archive.base().to_owned(), reason }.into()))
}

/// Whether an empty index is to be believed: an archive that is half down lists nothing too.
async fn absent<C: Clock>(archive: &Archive<C>, url: &Url, signed: bool) -> Result<(), FetchFailure> {
    let unavailable = |reason: String| FailureKind::ArchiveUnavailable { archive: archive.base().to_owned(), reason };
    if !signed {
        return Err(unavailable("its index is empty, and nothing shows that the archive answered".to_owned()).into());
    }
    match archive.absence(url).await {
        Ok(capture) => {
            let reason = format!("its index lists nothing of {url}, but there is a capture of {}", capture.timestamp);
            Err(unavailable(reason).into())
        }
        Err(FetchFailure { kind: FailureKind::NotArchived { .. }, .. }) => Ok(()),
        Err(other) => Err(other),
    }
}

/// Keeps where a page went, if its captures say; asks for the one redirect that tells where.
/// What cannot be had now is told another time.
pub(super) async fn follow<C: Clock>(
    archive: &Archive<C>,
    url: &Url,
    captures: &[RecordedCapture],
    (watch, unpacker): (&Watch, &Unpacker),
    store: &Store,
) -> Result<(), BackfillError> {
    let (base, page) = (archive.base(), url.as_str());
    let lines: Vec<_> = captures.iter().map(|recorded| recorded.capture.clone()).collect();
    let known = store.trace(base, page).await?;
    let told = |since, target: Option<String>, memento| {
        let is_alias = target.as_deref().is_some_and(|target| is_alias(url, target));
        RecordedTrace { url: page.to_owned(), since, target, memento, is_alias, alike: None }
    };
    let found = match trace(&lines) {
        None => None,
        Some(Trace::Gone { since, .. }) => Some(told(since, None, None)),
        Some(Trace::Redirects(capture)) => {
            let memento = Some(archive.memento_url(&capture));
            if known.as_ref().is_some_and(|known| known.memento == memento) {
                return Ok(());
            }
            match archive.hop(&capture).await {
                Ok(None) => Some(told(capture.captured_at, Some(page.to_owned()), memento)),
                Ok(Some(hop)) => {
                    let mut trace = told(capture.captured_at, Some(hop.target.clone()), memento);
                    if !trace.is_alias
                        && let Ok(shown) = archive.beyond(&hop).await
                    {
                        trace.alike = joins::likeness(watch, trace.since, shown, store, unpacker).await?;
                    }
                    Some(trace)
                }
                // It cannot be shown: it says nothing, and is not asked again.
                Err(FetchFailure { kind: FailureKind::NotArchived { .. }, .. }) => {
                    Some(told(capture.captured_at, Some(page.to_owned()), memento))
                }
                Err(_) => known.clone(),
            }
        }
    };
    if found != known {
        store.keep_trace(base, page, found).await?;
    }
    Ok(())
}

/// Whether a redirect leads to the same page in another spelling, or to where everybody is
/// sent: no move.
fn is_alias(url: &Url, target: &str) -> bool {
    let Ok(target) = Url::parse(target) else { return true };
    let bare = |url: &Url| {
        let host = url.host_str().unwrap_or_default().trim_start_matches("www.").to_lowercase();
        format!("{host}{}", url.path().trim_end_matches('/').to_lowercase())
    };
    bare(url) == bare(&target) || target.path().trim_matches('/').is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_is_read_as_a_whole_first_then_its_end_and_now_and_then_again() {
        let at = |days: i64| Timestamp::from_timestamp(1_700_000_000 + days * 86_400, 0).unwrap();
        let mut state = ListingState::default();
        assert_eq!(begin(&mut state, false, at(0)), Some(Cursor::default()));
        assert!(state.is_whole);
        state = ListingState { whole_at: Some(at(0)), fresh_at: Some(at(0)), ..state };
        assert_eq!(begin(&mut state, false, at(0)), None);
        assert_eq!(begin(&mut state, false, at(2)), Some(Cursor::from(Some(at(-14)))));
        assert!(!state.is_whole);
        state.cursor = Some("20200101000000".to_owned());
        let on = Cursor { from: state.cursor.clone(), ..Cursor::default() };
        assert_eq!(begin(&mut state, false, at(2)), Some(on), "what was begun goes on");
        assert_eq!(begin(&mut state, true, at(2)), Some(Cursor::default()));
        state = ListingState { cursor: None, fresh_at: Some(at(40)), ..state };
        assert_eq!(begin(&mut state, false, at(40)), Some(Cursor::default()), "the past has changed");
    }

    #[test]
    fn the_same_page_in_another_spelling_is_no_move() {
        let url = Url::parse("http://www.acme.test/privacy").unwrap();
        for alias in
            ["https://acme.test/Privacy/", "https://acme.test/", "https://acme.test/privacy?lang=en", "nowhere"]
        {
            assert!(is_alias(&url, alias), "{alias}");
        }
        assert!(!is_alias(&url, "https://acme.test/legal/privacy"));
    }
}
