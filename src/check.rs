//! The mission: look at one page, say what it means, write it down.

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use crate::alert::{Addressed, Alert, NextVersion, address};
use crate::cadence::{LONGEST_RETRY_AFTER, next_check};
use crate::climb::{climb, climb_pages, mark_stopped};
use crate::clock::Clock;
use crate::confirmation::{Step, Telling, first_look, found_again, found_another};
use crate::discovery::address::same;
use crate::discovery::moves::{NewMove, can_move, in_place};
use crate::examine::{Unpack, examine, judged, new_language};
use crate::fetch::{Fetch, Fetched, Request};
use crate::health::Part;
use crate::judgment::ReturnKind;
use crate::ladder::{Rung, Tried};
use crate::moving::{in_its_place, judge_redirect};
use crate::outcome::Outcome;
use crate::pages::{Came, PageCheck, StalePage, Together, examine_pages};
use crate::panics::{contained, unpanicking};
use crate::reading::{Reading, Why};
use crate::recall::recall;
use crate::silence::{self, Turn};
use crate::snapshot::{Snapshot, Validators};
use crate::store::{Recorded, Store, StoreError};
use crate::time::Timestamp;
use crate::unpack::Unpacker;
use crate::upgrade::{Base, parallel, preview, reread, upgrade};
use crate::version::{Version, VersionFacts};
use crate::watch::{RobotsRule, Source, Watch};

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
    /// What unpacks PDF and DOCX.
    pub unpacker: Unpacker,
    /// The time.
    pub clock: C,
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
    /// How each page fared, where the policy stands on several.
    pub pages: Vec<PageCheck>,
    /// Pages that could not be read, whose last text stands in for them.
    pub stale: Vec<StalePage>,
    /// What came of each way that the page was asked for; empty where that was the plain one.
    pub tried: Vec<Tried>,
    /// Who is told what, now or later.
    pub telling: Telling,
    /// When the watch is due again.
    pub next_check_at: Option<Timestamp>,
    /// Where a redirect says that the policy is, or seems to be.
    pub moved: Option<NewMove>,
    /// The same of pages of several, by their addresses as configured.
    pub moved_pages: Vec<(Url, NewMove)>,
    /// What was written; none after [`dry_run`].
    pub recorded: Option<Recorded>,
}

impl Checked {
    /// Who is told now, of what this check saw or an earlier one.
    pub fn alerts(&self) -> impl Iterator<Item = &Alert> {
        self.telling.confirmed.iter().chain(&self.telling.alerts)
    }

    /// Who is told that the policy has not been seen for long, or is seen again.
    pub fn notices(&self) -> &[Alert] {
        match &self.telling.turn {
            Turn::Keep => &[],
            Turn::Begin { notices, .. } | Turn::End { notices } => notices,
        }
    }
}

/// Checks one watch: fetch, read, compare, judge, address, record.
///
/// Whatever the world does is an [`Outcome`].
///
/// # Errors
/// `Err` means that the record could not be kept, and the caller must stop.
pub async fn check<F: Fetch, C: Clock>(watch: &Watch, ports: &Ports<F, C>) -> Result<Checked, StoreError> {
    let configured = watch;
    let moves = if can_move(watch) { ports.store.moves(&watch.id).await? } else { Vec::new() };
    let watch = &in_place(watch, &moves);
    let base = if watch.pages.is_empty() {
        upgrade(watch, &ports.store, &ports.clock, &ports.unpacker).await?
    } else {
        Base { version: ports.store.latest(&watch.id).await?, ..Base::default() }
    };
    let Looked { mut checked, together } = look(watch, base, ports, Some(ports.clock.now())).await?;
    let latest = checked.previous.as_ref().map(|version| version.id);
    let (telling, due, now) = (checked.telling.clone(), checked.next_check_at, ports.clock.now());
    let (store, reader) = (&ports.store, watch.reader());
    let seen = together.is_seen();
    let mut recorded = store.record_pages(&watch.id, latest, together, &reader, telling, due, now).await?;
    if let (Some(moved), Some(_)) = (&checked.moved, recorded.check) {
        // A crash before this loses nothing: the next check meets the same redirect.
        let written = store.record_moves(configured, recorded.check, vec![moved.clone()], now).await?;
        recorded.deliveries += written.deliveries;
        if written.moves > 0 {
            let (url, state) = (moved.url.as_str(), moved.state.as_str());
            tracing::warn!(watch.id = %watch.id, url, state, "{} is redirected to {url}: {state}", watch.id);
        }
    }
    if recorded.check.is_some() {
        for (page, moved) in &checked.moved_pages {
            let written =
                store.record_moves_of_page(configured, page, recorded.check, vec![moved.clone()], now).await?;
            recorded.deliveries += written.deliveries;
            if written.moves > 0 {
                let (url, state) = (moved.url.as_str(), moved.state.as_str());
                tracing::warn!(
                    watch.id = %watch.id, page = %page, url, state,
                    "page {page} of {} is redirected to {url}: {state}", watch.id
                );
            }
        }
    }
    // An archive's capture says nothing of where the page is now.
    if checked.outcome.is_success() && seen && recorded.check.is_some() && !moves.is_empty() {
        recorded.deliveries += store.settle_lapsed(configured, now).await?;
    }
    tell_note(watch, &checked.outcome, &recorded);
    checked.recorded = Some(recorded);
    Ok(checked)
}

/// What [`check`] would do, with nothing recorded and nobody told.
///
/// # Errors
/// If the record could not be read.
pub async fn dry_run<F: Fetch, C: Clock>(watch: &Watch, ports: &Ports<F, C>) -> Result<Checked, StoreError> {
    let watch = &in_its_place(watch, &ports.store).await?;
    let base = if watch.pages.is_empty() {
        preview(watch, &ports.store, &ports.unpacker).await?
    } else {
        Base { version: ports.store.latest(&watch.id).await?, ..Base::default() }
    };
    Ok(look(watch, base, ports, None).await?.checked)
}

/// Says in the log what whoever configured the watch must know, once until it changes.
pub(crate) fn tell_note(watch: &Watch, outcome: &Outcome, recorded: &Recorded) {
    let read = outcome.is_success() && outcome.snapshot().is_some();
    let note = outcome.note();
    if recorded.superseded || !read || note == recorded.note_before {
        return;
    }
    match note {
        Some(note) => tracing::warn!(watch.id = %watch.id, note, "{}: {note}", watch.id),
        None => tracing::info!(watch.id = %watch.id, "{}: every selector matches again", watch.id),
    }
}

/// A check before it is written down.
struct Looked {
    checked: Checked,
    together: Together,
}

/// All of a check but writing it down; `now` is when technical upgrades are recorded.
async fn look<F: Fetch, C: Clock>(
    watch: &Watch,
    base: Base,
    ports: &Ports<F, C>,
    now: Option<Timestamp>,
) -> Result<Looked, StoreError> {
    let mut facts = base.version.as_ref().map(|version| version.facts.clone());
    let mut before = base.version.as_ref().map(|version| version.reading.clone());
    let mut moved = None;
    let together = if watch.pages.is_empty() {
        let validators = match watch.source {
            Source::Live if base.lost.is_none() && base.broken.is_none() => {
                ports.store.validators(&watch.id, &watch.reader()).await?
            }
            Source::Live | Source::Wayback => Validators::default(),
        };
        let (mut understood, tried) = climb(watch, base, validators, ports).await?;
        if let (Some((known, language)), Outcome::First { snapshot, .. }) = (&understood.unlike, &understood.outcome) {
            match parallel(watch, language, snapshot.captured_at, &ports.store, now, &ports.unpacker).await? {
                Some(base) => {
                    facts = base.version.as_ref().map_or(facts.clone(), |earlier| newest(facts, earlier));
                    before = base.version.as_ref().map(|earlier| earlier.reading.clone());
                    let came = Came::Snapshot(Box::new(snapshot.clone()));
                    understood = understand(watch, Arc::new(base), came, &ports.unpacker).await;
                }
                None => tracing::warn!(
                    watch.id = %watch.id,
                    "the page of {} answers in {language} now; its text in {known} was not compared with it; \
                     set language = \"{known}\" to refuse other languages", watch.id
                ),
            }
        }
        mark_stopped(&mut understood.outcome, &ports.store).await?;
        let judged = judge_redirect(watch, facts.as_ref(), before.as_ref(), understood.outcome, &ports.store).await?;
        moved = judged.1;
        Together { tried, ..Together::alone(judged.0) }
    } else {
        look_at_pages(watch, base, ports).await?
    };
    let together = recall(watch, before.clone(), together, &ports.store, &ports.unpacker).await?;
    let mut telling = tell(watch, facts.as_ref(), before, &together, ports).await?;
    let unseen = ports.store.unseen(&watch.id).await?;
    let (seen, at) = (together.is_seen(), ports.clock.now());
    telling.turn = silence::turn(watch, facts.as_ref(), &together.outcome, seen, &unseen, at);
    let parts = match &together.pages[..] {
        [] | [_] => Vec::new(),
        pages => ports.store.parts(&watch.id, pages.iter().map(|page| page.url.clone()).collect()).await?,
    };
    telling.parts = silence::parts(watch, facts.as_ref(), &together, &parts, at);
    let next_check_at = due_again(watch, &together, &parts, &telling.step, ports).await?;
    let Together { outcome, pages, stale, tried, moved: moved_pages, .. } = together.clone();
    let moved_pages = elsewhere(watch, moved_pages);
    let checked = Checked {
        previous: facts,
        outcome,
        pages,
        stale,
        tried,
        telling,
        next_check_at,
        moved,
        moved_pages,
        recorded: None,
    };
    Ok(Looked { checked, together })
}

/// The moves of pages of several that lead to no page of the policy itself.
fn elsewhere(watch: &Watch, moved: Vec<(String, NewMove)>) -> Vec<(Url, NewMove)> {
    let pages = watch.all_pages();
    let is_own = |url: &Url| pages.iter().any(|page| same(watch.place(&page.url), url));
    let moved = moved.into_iter().filter_map(|(page, moved)| Some((Url::parse(&page).ok()?, moved)));
    moved.filter(|(_, moved)| !is_own(&moved.url)).collect()
}

/// Who is told of what a look saw, now or once another has confirmed it. `latest` is the last
/// version before it, `text` what that says.
async fn tell<F: Fetch, C: Clock>(
    watch: &Watch,
    latest: Option<&VersionFacts>,
    text: Option<Reading>,
    together: &Together,
    ports: &Ports<F, C>,
) -> Result<Telling, StoreError> {
    let (now, outcome) = (ports.clock.now(), &together.outcome);
    let Some(awaited) = ports.store.awaited(&watch.id).await? else {
        let mut telling = first_look(watch, outcome, alerts(watch, latest, together), now);
        if let Step::Await(new) = &mut telling.step {
            new.alerts = alerts_of(watch, latest, together, Some(new.first_seen_at)).alerts;
        }
        return Ok(telling);
    };
    let (reading, next) = match (outcome, latest, text) {
        (Outcome::Changed { reading, .. }, Some(latest), _) => (reading.clone(), next_version(latest, together)),
        (Outcome::Unmodified | Outcome::Unchanged { .. }, Some(latest), Some(_))
            if latest.snapshot == awaited.snapshot =>
        {
            return Ok(found_again(watch, &awaited, now));
        }
        (Outcome::Unmodified | Outcome::Unchanged { .. }, Some(latest), Some(text)) => {
            let served = ports.store.snapshot(latest.snapshot).await?;
            let next = of_snapshot(latest.number, &text, &served);
            (text, Some(next))
        }
        // Nobody saw the policy, or it cannot be compared: the second look is still to come.
        _ => return Ok(Telling::default()),
    };
    let Some(mut next) = next else { return Ok(Telling::default()) };
    next.first_seen_at = Some(awaited.first_seen_at);
    let waiting = ports.store.version_of(&watch.id, awaited.snapshot).await?;
    if waiting.is_some_and(|waiting| waiting.facts.digest == reading.digest()) {
        return Ok(found_again(watch, &awaited, now));
    }
    let base = ports.store.version_of(&watch.id, awaited.base).await?;
    let known = match &base {
        Some(base) => reread(watch, base, &ports.store, &ports.unpacker).await?,
        None => None,
    };
    let (Some(base), Some(known)) = (base, known) else {
        // With what it is to be compared cannot be read any more, so all that was seen is told.
        let Addressed { alerts, withheld } = alerts(watch, latest, together);
        let (step, confirmed) = (Step::Confirm(awaited.id), awaited.alerts.clone());
        return Ok(Telling { alerts, withheld, step, confirmed, ..Telling::default() });
    };
    let followed = watch.clone();
    let told = contained(move || {
        let judged = judged(&known, &reading, &followed.rules);
        judged.map(|(change, judgment)| address(&followed, &base.facts, &next, &change, &judgment))
    });
    match told.await {
        // The turn of another edition says nothing of the one that waits.
        Ok(Some(_)) if is_turn(outcome) => Ok(Telling::default()),
        Ok(told) => Ok(found_another(watch, &awaited, told.unwrap_or_default(), now)),
        Err(message) => {
            tracing::error!(watch.id = %watch.id, message, "our own code failed on a change; please report it");
            Ok(Telling { confirmed: awaited.alerts.clone(), step: Step::Confirm(awaited.id), ..Telling::default() })
        }
    }
}

/// Whether the page is back to a text of a short while ago.
fn is_turn(outcome: &Outcome) -> bool {
    let Outcome::Changed { judgment, .. } = outcome else { return false };
    judgment.returns.as_ref().is_some_and(|returns| returns.kind == ReturnKind::Flapping)
}

/// Asks for every page, one after the other, and says what all of them mean.
async fn look_at_pages<F: Fetch, C: Clock>(
    watch: &Watch,
    base: Base,
    ports: &Ports<F, C>,
) -> Result<Together, StoreError> {
    let reader = watch.reader();
    let mut validators = Vec::new();
    for page in &reader.pages {
        validators.push(match watch.source {
            Source::Live => ports.store.page_validators(&watch.id, page, watch.place(&page.url), &reader).await?,
            Source::Wayback => Validators::default(),
        });
    }
    let held = match &base.version {
        Some(version) => ports.store.held_pages(&version.facts, &reader.pages).await?,
        None => reader.pages.iter().map(|_| None).collect(),
    };
    let known = Arc::new((reader, watch.rules.clone(), base.version, held, ports.unpacker.clone()));
    let examine = |came| {
        let known = Arc::clone(&known);
        async move {
            let understood = contained(move || {
                let (reader, rules, previous, held, unpacker) = &*known;
                examine_pages(reader, rules, previous.as_ref(), held, came, &|snapshot| unpacker.unpack(snapshot))
            });
            understood.await.unwrap_or_else(|message| Together::alone(Outcome::Broken { snapshot: None, message }))
        }
    };
    climb_pages(watch, validators, ports, examine).await
}

/// Asks for one page, in one way.
pub(crate) async fn ask<F: Fetch, C: Clock>(
    watch: &Watch,
    url: &Url,
    rung: Rung,
    validators: Validators,
    ports: &Ports<F, C>,
) -> Came {
    let (url, language) = (url.clone(), watch.language.clone());
    let source = if rung == Rung::Archive { Source::Wayback } else { watch.source };
    let robots = watch.robots_at(&url);
    if robots == RobotsRule::Ignore && source == Source::Live {
        tracing::info!(watch.id = %watch.id, "{url} is asked for whatever the site's robots.txt says, as configured");
    }
    let request = Request {
        url,
        source,
        at: None,
        validators,
        language,
        robots,
        access: watch.access.clone(),
        archives: watch.archives.clone(),
    };
    let fetched = match rung {
        Rung::Browser => unpanicking(ports.fetcher.render(request)).await,
        Rung::Plain | Rung::Archive => unpanicking(ports.fetcher.fetch(request)).await,
    };
    match fetched {
        Ok(Ok(Fetched::Snapshot(snapshot))) => Came::Snapshot(snapshot),
        Ok(Ok(Fetched::NotModified)) => Came::NotModified,
        Ok(Err(failure)) => Came::Failed(failure),
        Err(message) => Came::Broken(message),
    }
}

/// What came of one page means.
pub(crate) struct Understood {
    pub(crate) outcome: Outcome,
    /// The languages of the version before and of the text, where they could not be compared.
    unlike: Option<(String, String)>,
}

/// Says what came means, away from the threads that wait for the network, and whatever
/// happens: a page that our code fails on is an outcome too. `base` is what it is compared
/// with.
pub(crate) async fn understand(watch: &Watch, base: Arc<Base>, came: Came, unpacker: &Unpacker) -> Understood {
    let silent = |outcome| Understood { outcome, unlike: None };
    let snapshot = match came {
        Came::Snapshot(snapshot) => *snapshot,
        Came::Failed(failure) => return silent(Outcome::Unreachable(failure)),
        Came::Broken(message) => return silent(Outcome::Broken { snapshot: None, message }),
        Came::NotModified | Came::NotAsked => return silent(Outcome::Unmodified),
    };
    let (watch, evidence, unpacker) = (watch.clone(), snapshot.clone(), unpacker.clone());
    contained(move || {
        let outcome = examine_anew(&watch, &base, snapshot, &|snapshot| unpacker.unpack(snapshot));
        Understood { unlike: new_language(base.comparable(), &outcome), outcome }
    })
    .await
    .unwrap_or_else(|message| silent(Outcome::Broken { snapshot: Some(evidence), message }))
}

/// The last version of all, once an upgrade may have come behind it.
fn newest(latest: Option<VersionFacts>, upgraded: &Version) -> Option<VersionFacts> {
    latest.filter(|latest| latest.number >= upgraded.facts.number).or_else(|| Some(upgraded.facts.clone()))
}

/// [`examine`], or a new base where the version before cannot be compared with. Where that
/// is for a failure of ours, what was served is kept, and nothing is said of it.
pub(crate) fn examine_anew(watch: &Watch, base: &Base, snapshot: Snapshot, unpack: Unpack<'_>) -> Outcome {
    if let Some(message) = base.broken.clone() {
        return Outcome::Broken { snapshot: Some(snapshot), message };
    }
    let mut outcome =
        examine(&watch.reader(), &watch.rules, base.comparable(), base.snapshot.as_ref(), snapshot, unpack);
    if let Outcome::First { rebased, .. } = &mut outcome {
        rebased.clone_from(&base.lost);
    }
    outcome
}

/// Who is told of an outcome, and in which words. `latest` is the last version before it.
pub fn alerts(watch: &Watch, latest: Option<&VersionFacts>, together: &Together) -> Addressed {
    alerts_of(watch, latest, together, None)
}

/// [`alerts`], which say since when the text before is gone if that is given.
fn alerts_of(
    watch: &Watch,
    latest: Option<&VersionFacts>,
    together: &Together,
    first_seen_at: Option<Timestamp>,
) -> Addressed {
    let Outcome::Changed { from, change, judgment, .. } = &together.outcome else { return Addressed::default() };
    let Some(next) = latest.and_then(|latest| next_version(latest, together)) else { return Addressed::default() };
    address(watch, from, &NextVersion { first_seen_at, ..next }, change, judgment)
}

/// The version that a change leads to; `latest` is the last one before it.
fn next_version(latest: &VersionFacts, together: &Together) -> Option<NextVersion> {
    let Outcome::Changed { snapshot, reading, .. } = &together.outcome else { return None };
    // An upgrade that comes with it is recorded before.
    let upgraded = together.upgrade.as_ref().is_some_and(|upgrade| upgrade.reading.digest() != latest.digest);
    let next = of_snapshot(latest.number + u32::from(upgraded) + 1, reading, snapshot);
    Some(NextVersion { stale: together.stale.clone(), ..next })
}

/// The version of a number, as read from a snapshot.
fn of_snapshot(number: u32, reading: &Reading, snapshot: &Snapshot) -> NextVersion {
    NextVersion {
        number,
        digest: reading.digest(),
        captured_at: snapshot.captured_at,
        final_url: snapshot.final_url.clone(),
        snapshot_digest: snapshot.digest(),
        effective_at: reading.effective_at,
        first_seen_at: None,
        stale: Vec::new(),
    }
}

/// When the watch is due again: by its schedule, earlier after a failure that may pass (of
/// one page of several, too) and where a change waits for a second look, later if the other
/// side asks for it. `parts` is what is known of its pages from before.
async fn due_again<F, C: Clock>(
    watch: &Watch,
    together: &Together,
    parts: &[Part],
    step: &Step,
    ports: &Ports<F, C>,
) -> Result<Option<Timestamp>, StoreError> {
    let Together { outcome, pages, .. } = together;
    let failures = if may_pass(outcome) {
        let known = ports.store.watch_state(&watch.id).await?;
        known.map_or(0, |state| state.consecutive_failures).saturating_add(1)
    } else if outcome.is_success() {
        let failing = pages.iter().zip(parts).filter(|(page, _)| may_pass(&page.outcome));
        failing.map(|(_, part)| part.failures.saturating_add(1)).min().unwrap_or(0)
    } else {
        0
    };
    let retry_after = pages.iter().filter_map(|page| page.outcome.retry_after()).chain(outcome.retry_after()).max();
    let now = ports.clock.now();
    let scheduled = next_check(&watch.schedule, &watch.id, ports.spread, now, failures, retry_after);
    let second_look = match step {
        Step::Await(new) => Some(new.due_at),
        Step::Keep => ports.store.awaited(&watch.id).await?.map(|awaited| awaited.due_at).filter(|due| *due > now),
        Step::Confirm(_) | Step::Withdraw(_) => None,
    };
    let asked = chrono::Duration::from_std(retry_after.unwrap_or_default().min(LONGEST_RETRY_AFTER));
    let allowed = asked.map_or(now, |asked| now + asked);
    Ok(scheduled.into_iter().chain(second_look.map(|due| due.max(allowed))).min())
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
