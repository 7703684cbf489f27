//! Up the ladder: from the plain request to the browser to the archive, as far as it takes to
//! see the policy ([`crate::ladder`] decides, this asks).
//!
//! What an attempt shows is examined in full before the next one, so that a page is read
//! twice only where it was asked for twice.

use std::sync::Arc;

use crate::check::{Ports, Understood, ask, understand};
use crate::clock::Clock;
use crate::fetch::Fetch;
use crate::ladder::{Known, Ladder, Rung, Tried, advice, is_better};
use crate::outcome::{FailureKind, Outcome};
use crate::pages::{Came, Together};
use crate::snapshot::Validators;
use crate::store::{Store, StoreError};
use crate::time::Timestamp;
use crate::upgrade::Base;
use crate::watch::{Source, Watch, WatchId};

/// How long an archive is not asked again for a page that keeps us out.
const ARCHIVE_AGAIN: chrono::Duration = chrono::Duration::hours(20);

/// How far one page has been climbed for.
pub(crate) struct Ascent {
    ladder: Ladder,
    known: Option<Known>,
    page: Option<usize>,
    tried: Vec<Tried>,
    /// The rung whose answer stands.
    stands: Rung,
}

impl Ascent {
    /// At the foot, with what is known of the page; answers with the first rung, too.
    pub(crate) async fn begin<F: Fetch, C: Clock>(
        watch: &Watch,
        page: Option<(usize, &str)>,
        ports: &Ports<F, C>,
    ) -> Result<Self, StoreError> {
        // A page that is followed in an archive has one rung only.
        let url = page.map(|(_, url)| url);
        let (mut ladder, known) = match watch.source {
            Source::Wayback => (Ladder::PLAIN, None),
            Source::Live => (watch.ladder, ports.store.known_rung(&watch.id, url).await?),
        };
        let now = ports.clock.now();
        // Captures of one page are days apart; its index is not asked for at every look.
        ladder.archive = ladder.archive
            && seen_in_public(&watch.id, url, &ports.store).await? != Some(false)
            && ports.store.archive_tried_at(&watch.id, url).await?.is_none_or(|tried| now - tried >= ARCHIVE_AGAIN);
        let stands = ladder.first(known, now);
        Ok(Self { ladder, known, page: page.map(|(at, _)| at), tried: Vec::new(), stands })
    }

    /// The rung to begin with, or the one whose answer stands.
    pub(crate) fn rung(&self) -> Rung {
        self.stands
    }

    /// Takes note of what the first rung showed.
    pub(crate) fn note(&mut self, outcome: &Outcome) {
        self.tried.push(Tried::of(self.stands, self.page, outcome));
    }

    /// The rung that is still to be tried, given what stands.
    pub(crate) fn next(&self, stands: &Outcome) -> Option<Rung> {
        let tried: Vec<Rung> = self.tried.iter().map(|tried| tried.rung).collect();
        self.ladder.next(&tried, stands, self.known)
    }

    /// Takes note of what another rung showed; answers whether that stands from now on.
    pub(crate) fn takes(&mut self, rung: Rung, shown: &Outcome, stands: &Outcome) -> bool {
        self.tried.push(Tried::of(rung, self.page, shown));
        let better = is_better(rung, shown, stands);
        if better {
            self.stands = rung;
        }
        better
    }

    /// Whether the page is read in another way than before.
    fn crosses(&self) -> bool {
        self.known.is_some_and(|known| known.rung != self.stands)
    }

    /// What is to be recorded, and what is to be said with the outcome that stands.
    pub(crate) fn end(self, outcome: &mut Outcome) -> Vec<Tried> {
        if let Outcome::Changed { change, snapshot, .. } = outcome {
            // A text that scripts did not make to its end is another way of reading, too.
            change.crosses_readings |= self.crosses() || snapshot.is_stopped();
        }
        let advice = advice(self.ladder, outcome, &self.tried);
        if let (Some(advice), Outcome::Unreadable { why, .. }) = (advice, outcome) {
            why.evidence.push(advice);
        }
        if self.tried.iter().all(|tried| tried.rung == Rung::Plain) { Vec::new() } else { self.tried }
    }
}

/// Asks for a page in each way that it takes, and says what it means.
pub(crate) async fn climb<F: Fetch, C: Clock>(
    watch: &Watch,
    base: Base,
    validators: Validators,
    ports: &Ports<F, C>,
) -> Result<(Understood, Vec<Tried>), StoreError> {
    let base = Arc::new(base);
    let mut ascent = Ascent::begin(watch, None, ports).await?;
    let came = ask(watch, &watch.url, ascent.rung(), validators, ports).await;
    let mut stands = understand(watch, Arc::clone(&base), came, &ports.unpacker).await;
    ascent.note(&stands.outcome);
    while let Some(rung) = ascent.next(&stands.outcome) {
        let mut came = ask(watch, &watch.url, rung, Validators::default(), ports).await;
        if rung == Rung::Archive {
            came = if_newer(came, ports.store.seen_until(&watch.id, None).await?);
        }
        let shown = understand(watch, Arc::clone(&base), came, &ports.unpacker).await;
        if ascent.takes(rung, &shown.outcome, &stands.outcome) {
            stands = shown;
        }
    }
    let tried = ascent.end(&mut stands.outcome);
    Ok((stands, tried))
}

/// Whether a page was seen at a public address, of which an archive may be told; none if it was
/// not seen yet. A record that does not say where it was seen counts as a private one.
///
/// # Errors
/// If the record could not be read.
pub(crate) async fn seen_in_public(
    watch: &WatchId,
    page: Option<&str>,
    store: &Store,
) -> Result<Option<bool>, StoreError> {
    match store.last_live(watch, page).await {
        Ok(served) => Ok(served.map(|served| !served.origin.is_private())),
        Err(StoreError::Damaged { place, reason }) => {
            tracing::warn!(
                watch.id = %watch,
                "where {watch} was seen is not known, so no archive is asked: {place}: {reason}"
            );
            Ok(Some(false))
        }
        Err(error) => Err(error),
    }
}

/// Marks a change as one between two ways of reading, where scripts did not make the text before
/// or this one to its end: what was missing was not added. What the record does not say any more
/// counts as whole.
///
/// # Errors
/// If the record could not be read.
pub(crate) async fn mark_stopped(outcome: &mut Outcome, store: &Store) -> Result<(), StoreError> {
    let Outcome::Changed { change, snapshot, from, .. } = outcome else { return Ok(()) };
    change.crosses_readings |= snapshot.is_stopped();
    for cited in from.snapshots() {
        if change.crosses_readings {
            break;
        }
        change.crosses_readings = match store.served(cited).await {
            Ok(served) => served.origin.is_stopped(),
            Err(StoreError::Damaged { place, reason }) => {
                tracing::warn!("whether scripts made the text before to its end is not known: {place}: {reason}");
                false
            }
            Err(error) => return Err(error),
        };
    }
    Ok(())
}

/// A capture of an archive, if it is younger than the last look that saw the policy: an
/// older one says nothing of what stands there now.
fn if_newer(came: Came, seen_until: Option<Timestamp>) -> Came {
    match (came, seen_until) {
        (Came::Snapshot(snapshot), Some(seen)) if snapshot.captured_at <= seen => Came::Failed(
            FailureKind::NotArchived {
                archive: "the archive".to_owned(),
                url: snapshot.url.clone(),
                when: format!(
                    " after {}, when the policy was last seen; its newest is of {}",
                    seen.date_naive(),
                    snapshot.captured_at.date_naive()
                ),
            }
            .into(),
        ),
        (came, _) => came,
    }
}

/// Asks for every page of several in each way that it takes, and says what all of them mean.
/// `examine` does so for what came of each.
pub(crate) async fn climb_pages<F: Fetch, C: Clock, E: Future<Output = Together>>(
    watch: &Watch,
    validators: Vec<Validators>,
    ports: &Ports<F, C>,
    examine: impl Fn(Vec<Came>) -> E,
) -> Result<Together, StoreError> {
    let pages = watch.all_pages();
    let (mut ascents, mut came) = (Vec::new(), Vec::new());
    for (at, (page, validators)) in pages.iter().zip(validators).enumerate() {
        let ascent = Ascent::begin(watch, Some((at, page.url.as_str())), ports).await?;
        came.push(ask(watch, watch.place(&page.url), ascent.rung(), validators, ports).await);
        ascents.push(ascent);
    }
    let mut together = examine(came.clone()).await;
    for (at, ascent) in ascents.iter_mut().enumerate() {
        // Where our own code failed on all of them together, that is what came of each.
        ascent.note(together.pages.get(at).map_or(&together.outcome, |page| &page.outcome));
    }
    for (at, ascent) in ascents.iter_mut().enumerate() {
        while let Some(stands) = together.pages.get(at).map(|page| page.outcome.clone())
            && let Some(rung) = ascent.next(&stands)
        {
            let mut others = came.clone();
            others[at] = ask(watch, watch.place(&pages[at].url), rung, Validators::default(), ports).await;
            if rung == Rung::Archive {
                let seen_until = part_seen_until(watch, pages[at].url.as_str(), &ports.store).await?;
                others[at] = if_newer(others[at].clone(), seen_until);
            }
            let shown = examine(others.clone()).await;
            let Some(page) = shown.pages.get(at) else {
                // Our own code failed on it: that is on record, and what stood stands.
                ascent.takes(rung, &shown.outcome, &stands);
                break;
            };
            if ascent.takes(rung, &page.outcome, &stands) {
                (came, together) = (others, shown);
            }
        }
    }
    let mut tried = Vec::new();
    for (at, ascent) in ascents.into_iter().enumerate() {
        let page = together.pages.get_mut(at);
        match page.filter(|page| !page.outcome.is_success()) {
            // The advice belongs to the page; that of the whole is about the whole.
            Some(page) if together.outcome.is_success() => tried.extend(ascent.end(&mut page.outcome)),
            _ => tried.extend(ascent.end(&mut together.outcome)),
        }
    }
    together.tried = tried;
    for stale in &mut together.stale {
        let page = together.pages.iter().find(|page| page.url == stale.url);
        stale.why = page.and_then(|page| page.outcome.why()).unwrap_or_else(|| stale.why.clone());
    }
    Ok(together)
}

/// Until when one page of several is known; a text that is older than the version on record
/// would have no place behind it, too.
async fn part_seen_until(watch: &Watch, page: &str, store: &Store) -> Result<Option<Timestamp>, StoreError> {
    let latest = store.latest(&watch.id).await?.map(|latest| latest.facts.captured_at);
    Ok(store.seen_until(&watch.id, Some(page)).await?.max(latest))
}
