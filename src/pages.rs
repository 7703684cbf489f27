//! A policy that stands on several pages: each page is judged for itself, and the text of
//! record is what all of them say, one after the other.
//!
//! A page that cannot be read is stale: its last text stands in the whole, so that its
//! sections are never reported as removed, and what the others change is told all the same.
//! A page that was never read is left out until it is. A page that is new to the combination (the watch was
//! given it, or nobody had captured it) changes what is read and not what is published:
//! it makes a technical upgrade.

use std::collections::BTreeSet;

use url::Url;

use crate::discovery::address;
use crate::discovery::alike::alike;
use crate::discovery::moves::{Arrival, DIFFERENT, MoveState, NewMove, Way, arrival, decide};
use crate::examine::{Before, Examined, Text, Unpack, examine_page, judged};
use crate::judgment::Rules;
use crate::ladder::{Rung, Tried};
use crate::outcome::{FailureKind, FetchFailure, Outcome};
use crate::reading::{Expected, Page, Reader, Reading, Selectors, Unmatched, Unreadable, Why, read};
use crate::snapshot::Snapshot;
use crate::text::state::parallel;
use crate::text::unpack::UnpackError;
use crate::time::Timestamp;
use crate::version::{SnapshotId, Version, VersionFacts};

/// A page's snapshot that the version of record cites.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    /// Its key in the store.
    pub id: SnapshotId,
    /// What was served.
    pub snapshot: Snapshot,
}

/// What came of asking for one page.
#[derive(Clone, Debug)]
pub enum Came {
    /// An answer.
    Snapshot(Box<Snapshot>),
    /// 304: as before.
    NotModified,
    /// Nothing.
    Failed(FetchFailure),
    /// Our own code failed.
    Broken(String),
    /// It was not asked for: a capture of another page is put into the history.
    NotAsked,
}

/// How one page of several fared.
#[derive(Clone, Debug, PartialEq)]
pub struct PageCheck {
    /// Its address as configured.
    pub url: String,
    /// What it turned out to be, for itself.
    pub outcome: Outcome,
}

/// A page that could not be read now, while others could.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StalePage {
    /// Its address as configured.
    pub url: String,
    /// When the text of it was served that stands in the whole; none if it was never read,
    /// and the whole lacks it.
    pub text_of: Option<Timestamp>,
    /// What is wrong with it.
    pub why: String,
}

/// Where a version's text of one page comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cite {
    /// From a snapshot in the store.
    Held(SnapshotId),
    /// From what was served now: the index in [`Together::pages`].
    Now(usize),
}

/// The text of record as we read it today.
#[derive(Clone, Debug, PartialEq)]
pub struct Reread {
    /// The text.
    pub reading: Reading,
    /// What it was read from, in the order of the pages.
    pub cites: Vec<Cite>,
}

/// What several pages mean together.
#[derive(Clone, Debug, PartialEq)]
pub struct Together {
    /// What all of them mean. Its snapshot is the newest of those served.
    pub outcome: Outcome,
    /// How each page fared that was asked for.
    pub pages: Vec<PageCheck>,
    /// What a new text was read from, in the order of the pages.
    pub cites: Vec<Cite>,
    /// What must be recorded before, since the version of record was read from other
    /// pages or in another way. Never alerts.
    pub upgrade: Option<Reread>,
    /// Pages whose last text stands in for them.
    pub stale: Vec<StalePage>,
    /// What came of each way that a page was asked for; empty where that was the plain one.
    pub tried: Vec<Tried>,
    /// Pages that a redirect says are elsewhere, or seem to be, by their addresses as configured.
    pub moved: Vec<(String, NewMove)>,
}

impl Together {
    /// What a page means that is all of its policy.
    pub fn alone(outcome: Outcome) -> Self {
        let (pages, cites, stale, tried, moved) = (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { outcome, pages, cites, upgrade: None, stale, tried, moved }
    }

    /// Whether the policy itself was seen, one page of it at least: an archive's capture in
    /// its place is news, but says nothing of the page.
    pub fn is_seen(&self) -> bool {
        let all = match &self.pages[..] {
            [] | [_] => self.is_page_seen(None, &self.outcome),
            pages => pages.iter().enumerate().any(|(at, page)| self.is_page_seen(Some(at), &page.outcome)),
        };
        all && self.outcome.is_success()
    }

    /// The same of one page (a place in `pages`), which ended so.
    pub fn is_page_seen(&self, page: Option<usize>, outcome: &Outcome) -> bool {
        let is_archived = |tried: &Tried| tried.rung == Rung::Archive && tried.page == page;
        outcome.is_success() && !self.tried.iter().any(is_archived)
    }
}

/// Says what several pages mean, given the version before and the snapshots that it
/// cites. `held` and `came` are in the order of `reader.pages`.
pub fn examine_pages(
    reader: &Reader,
    rules: &Rules,
    previous: Option<&Version>,
    held: &[Option<Held>],
    came: Vec<Came>,
    unpack: Unpack<'_>,
) -> Together {
    let shares: Vec<Share> = reader
        .pages
        .iter()
        .zip(held)
        .zip(came)
        .map(|((page, held), came)| share((reader, rules), page, previous, (held, came), unpack))
        .collect();
    let pages: Vec<PageCheck> = shares.iter().filter_map(Share::check).collect();
    let moved = shares.iter().filter_map(|share| Some((share.url.clone(), share.moved.clone()?))).collect();
    if let Some(failed) = failed(&shares) {
        return Together { pages, moved, ..Together::alone(of_page(&failed)) };
    }
    let stale = shares.iter().filter_map(Share::stale).collect();
    let newest = newest(&pages).cloned();
    let mut asked = 0;
    let (mut now, mut then, mut old, mut new) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for share in &shares {
        let cite = Cite::Now(asked);
        asked += usize::from(share.outcome.is_some());
        let Some(reading) = share.now() else { continue };
        let held = share.held.as_ref().map(|(id, reading)| (Cite::Held(*id), reading));
        now.push(if share.is_new() { (cite, reading) } else { held.unwrap_or((cite, reading)) });
        then.push(held.unwrap_or((cite, reading)));
        let (before, after) = share.compared.as_ref().map_or((then[then.len() - 1].1, reading), |(a, b)| (a, b));
        old.push(before);
        new.push(after);
    }
    let reread = |of: &[(Cite, &Reading)]| Reread {
        reading: combine(of.iter().map(|(_, reading)| *reading)),
        cites: of.iter().map(|(cite, _)| *cite).collect(),
    };
    let joins = shares.iter().any(|share| share.held.is_none() && share.is_seen());
    let upgrade = previous.filter(|previous| previous.facts.reader != *reader || joins).map(|_| reread(&then));
    let Reread { reading, cites } = reread(&now);
    let Some(snapshot) = newest else {
        return Together { pages, upgrade, stale, moved, ..Together::alone(Outcome::Unmodified) };
    };
    let notes: Vec<String> = shares.iter().filter_map(Share::note).collect();
    let note = (!notes.is_empty()).then(|| notes.join("; "));
    let Some(previous) = previous else {
        let outcome = Outcome::First { snapshot, reading, rebased: None };
        return Together { outcome, pages, cites, upgrade, stale, tried: Vec::new(), moved };
    };
    let outcome = match judged(&combine(old), &combine(new), rules) {
        None => Outcome::Unchanged { snapshot, note },
        Some((mut change, judgment)) => {
            change.crosses_readings |= is_stopped(reader, held, &pages);
            let from =
                upgrade.as_ref().map_or_else(|| previous.facts.clone(), |to| upgraded(&previous.facts, to, reader));
            Outcome::Changed { snapshot, reading, from: Box::new(from), change, judgment }
        }
    };
    Together { outcome, pages, cites, upgrade, stale, tried: Vec::new(), moved }
}

/// The page whose failure is that of the whole: one whose text cannot be put in its place,
/// or the first, where none could be read.
fn failed(shares: &[Share]) -> Option<PageCheck> {
    let blocks = shares.iter().find(|share| share.has_failed() && share.cannot_stand_in);
    let first = || shares.iter().find(|share| share.has_failed()).filter(|_| !shares.iter().any(Share::is_seen));
    blocks.or_else(first).and_then(Share::check)
}

/// A version as it will be once it is read as we read today.
fn upgraded(previous: &VersionFacts, to: &Reread, reader: &Reader) -> VersionFacts {
    let digest = to.reading.digest();
    let number = previous.number + u32::from(digest != previous.digest);
    VersionFacts { number, digest, reader: reader.clone(), ..previous.clone() }
}

/// The text of several pages, in their order.
pub fn combine<'a>(readings: impl IntoIterator<Item = &'a Reading>) -> Reading {
    let mut whole = Reading::default();
    for reading in readings {
        whole.title = whole.title.or_else(|| reading.title.clone());
        whole.language = whole.language.or_else(|| reading.language.clone());
        whole.effective_at = whole.effective_at.max(reading.effective_at);
        whole.sections.extend(reading.sections.iter().cloned());
        let Unmatched { select, remove, fell_back } = &reading.unmatched;
        for (all, more) in [(&mut whole.unmatched.select, select), (&mut whole.unmatched.remove, remove)] {
            all.extend(more.iter().cloned());
        }
        whole.unmatched.fell_back |= fell_back;
    }
    whole
}

/// Reads a version's snapshots, given in the order of the pages that they are of.
///
/// None if one of them cannot be read, or is of none of the pages.
///
/// # Errors
/// If one of them could not be unpacked for a reason of ours.
pub fn read_again(reader: &Reader, snapshots: &[Snapshot], unpack: Unpack<'_>) -> Result<Option<Reading>, UnpackError> {
    let read = |snapshot: &Snapshot, selectors: &Selectors| {
        let unpacked = unpack(snapshot)?;
        let language = reader.language.as_deref();
        Ok(read(snapshot, selectors, &Expected { language, previous: None, unpacked: unpacked.as_ref() }).ok())
    };
    if reader.pages.is_empty() {
        return snapshots.first().map_or(Ok(None), |snapshot| read(snapshot, &reader.selectors));
    }
    let pages = pages_of(snapshots, &reader.pages);
    let read = |(at, snapshot): (usize, &Snapshot)| match pages.get(at).copied().flatten() {
        Some(page) => read(snapshot, &reader.pages[page].selectors),
        None => Ok(None),
    };
    let readings: Option<Vec<Reading>> = snapshots.iter().enumerate().map(read).collect::<Result<_, _>>()?;
    Ok(readings.as_ref().map(combine))
}

/// How far apart captures of several pages may be that are taken to show the policy at one
/// time: a check asks for all of them within minutes, as does an archive that visits a site.
/// What is further apart may be of different states, and is put together as last known.
pub const NEAR: chrono::Duration = chrono::Duration::hours(1);

/// Captures of several pages that are looked at together: one a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// When the first of them was served, and in which check, if that is known.
    first: Option<(Timestamp, Option<i64>)>,
    pages: BTreeSet<usize>,
}

impl Group {
    /// Takes the next capture in the order of time, if it belongs to them: of the same check,
    /// or [`NEAR`] where neither is of a known one. What a check served and what it did not
    /// never belong together: it would keep the check's own page out.
    pub fn takes(&mut self, page: usize, captured_at: Timestamp, check: Option<i64>) -> bool {
        let (first, of) = *self.first.get_or_insert((captured_at, check));
        let belongs = match (of, check) {
            (Some(of), Some(check)) => of == check,
            (None, None) => (captured_at - first).abs() <= NEAR,
            _ => false,
        };
        belongs && self.pages.insert(page)
    }
}

/// A capture of one page of several, as far as its turn depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Captured {
    /// Which page it is of.
    pub page: usize,
    /// When it was served.
    pub at: Timestamp,
    /// The check of all pages that it was served to, if it was one.
    pub check: Option<i64>,
}

/// Captures of a check that are looked at for others among them; a check has some dozens.
const MAX_AMONG: usize = 1_000;

/// The order in which captures are looked at, which are given in that of time: as it is, but
/// that what a check served stays together. A memento from between goes behind it, or before
/// it where the check saw its page later: what a page said never goes back. Only what is
/// [`NEAR`] counts as between: a check may cite a capture of years ago, too.
pub fn in_turn(captures: &[Captured]) -> Vec<usize> {
    let mut taken = vec![false; captures.len()];
    let mut order = Vec::with_capacity(captures.len());
    for first in 0..captures.len() {
        if std::mem::replace(&mut taken[first], true) {
            continue;
        }
        let Captured { at, check, .. } = captures[first];
        if check.is_some() {
            let near = |among: &usize| captures[*among].at - at <= NEAR;
            let span = (first + 1..captures.len()).take(MAX_AMONG).take_while(near);
            let own: Vec<usize> = span.filter(|other| captures[*other].check == check && !taken[*other]).collect();
            let between = first + 1..own.last().copied().unwrap_or(first);
            for memento in between.filter(|other| captures[*other].check.is_none()) {
                let is_seen_later =
                    own.iter().any(|own| *own > memento && captures[*own].page == captures[memento].page);
                if is_seen_later && !std::mem::replace(&mut taken[memento], true) {
                    order.push(memento);
                }
            }
            order.push(first);
            for own in own {
                taken[own] = true;
                order.push(own);
            }
        } else {
            order.push(first);
        }
    }
    order
}

/// Which pages the snapshots of a version are of, which are in the order of those.
fn pages_of(snapshots: &[Snapshot], pages: &[Page]) -> Vec<Option<usize>> {
    // Before every page has been captured, fewer are cited.
    if snapshots.len() == pages.len() {
        return (0..pages.len()).map(Some).collect();
    }
    let mut found: Vec<Option<usize>> = snapshots.iter().map(|snapshot| page_of(&snapshot.url, pages)).collect();
    // One that moved was served elsewhere: it is of the next page that no other is of.
    for at in 0..found.len() {
        let first = found[..at].last().copied().flatten().map_or(0, |before| before + 1);
        if found[at].is_none() {
            found[at] = (first..pages.len()).find(|page| !found.contains(&Some(*page)));
        }
    }
    found
}

/// Which page an address is of: archives know a page with and without `www.`, port,
/// scheme and closing slash.
pub fn page_of(url: &str, pages: &[Page]) -> Option<usize> {
    pages.iter().position(|page| page.url.as_str() == url).or_else(|| pages.iter().position(|page| is_of(url, page)))
}

fn is_of(url: &str, page: &Page) -> bool {
    let bare = |url: &str| {
        let url = url.split_once("://").map_or(url, |(_, rest)| rest);
        let url = url.split_once('#').map_or(url, |(url, _)| url);
        let (host, path) = url.split_at(url.find(['/', '?']).unwrap_or(url.len()));
        let host = host.to_ascii_lowercase();
        let host = host.split_once(':').map_or(host.as_str(), |(host, _)| host);
        format!("{}{}", host.strip_prefix("www.").unwrap_or(host), path.trim_end_matches('/'))
    };
    bare(url) == bare(page.url.as_str())
}

/// One page: what was known of it, and what came.
struct Share {
    url: String,
    /// What the version of record cites, as it reads today; none if it cites nothing of
    /// this page, or nothing that can be read.
    held: Option<(SnapshotId, Reading)>,
    /// When that was served.
    held_at: Option<Timestamp>,
    /// Why what is cited cannot be read today.
    lost: Option<String>,
    /// Whether something is cited that cannot be put in the place of the page, which so must
    /// not fail.
    cannot_stand_in: bool,
    /// None if it was not asked for.
    outcome: Option<Outcome>,
    compared: Option<(Reading, Reading)>,
    /// Where a redirect says that it is.
    moved: Option<NewMove>,
}

impl Share {
    fn check(&self) -> Option<PageCheck> {
        Some(PageCheck { url: self.url.clone(), outcome: self.outcome.clone()? })
    }

    fn is_seen(&self) -> bool {
        self.outcome.as_ref().is_some_and(Outcome::is_success)
    }

    fn has_failed(&self) -> bool {
        self.outcome.is_some() && !self.is_seen()
    }

    fn stale(&self) -> Option<StalePage> {
        let why = self.outcome.as_ref()?.why()?;
        Some(StalePage { url: self.url.clone(), text_of: self.held_at.filter(|_| self.held.is_some()), why })
    }

    /// Its text now: as held where it says the same.
    fn now(&self) -> Option<&Reading> {
        match &self.outcome {
            Some(Outcome::First { reading, .. } | Outcome::Changed { reading, .. }) => Some(reading),
            _ => self.held.as_ref().map(|(_, reading)| reading),
        }
    }

    /// Whether its text now is not the one held.
    fn is_new(&self) -> bool {
        matches!(self.outcome, Some(Outcome::First { .. } | Outcome::Changed { .. }))
    }

    fn note(&self) -> Option<String> {
        let note = self.outcome.as_ref()?.note();
        let lost = self.lost.as_ref().map(|why| format!("what is held cannot be read as pages are read today ({why})"));
        Some(format!("{}: {}", self.url, note.or(lost)?))
    }
}

fn share(
    (reader, rules): (&Reader, &Rules),
    page: &Page,
    previous: Option<&Version>,
    (held, came): (&Option<Held>, Came),
    unpack: Unpack<'_>,
) -> Share {
    let language = reader.language.as_deref();
    let url = page.url.to_string();
    let again = held.as_ref().map(|held| {
        // Its own old reading must not decide whether the page is the policy.
        let unpacked = unpack(&held.snapshot)?;
        let expected = Expected { language, previous: None, unpacked: unpacked.as_ref() };
        Ok(read(&held.snapshot, &page.selectors, &expected).map(|reading| (held.id, reading)))
    });
    let (known, lost) = match again.transpose() {
        Ok(Some(Ok(known))) => (Some(known), None),
        Ok(Some(Err(why))) => (None, Some(why.to_string())),
        Ok(None) => (None, None),
        // What is held may read well, so nothing may be put in its place. That the page was
        // not asked for does not help: its text is a part of the whole.
        Err(ours) => {
            let ours: UnpackError = ours;
            let snapshot = if let Came::Snapshot(snapshot) = came { Some(*snapshot) } else { None };
            let outcome = Some(Outcome::Broken { snapshot, message: format!("what is held of it: {ours}") });
            return Share {
                url,
                held: None,
                held_at: None,
                lost: None,
                cannot_stand_in: true,
                outcome,
                compared: None,
                moved: None,
            };
        }
    };
    let held_at = held.as_ref().map(|held| held.snapshot.captured_at);
    let (mut compared, mut moved) = (None, None);
    let outcome = match came {
        Came::Snapshot(snapshot) => {
            let earlier = held.as_ref().map(|held| &held.snapshot);
            let arrived = earlier.and_then(|earlier| Arrived::of(reader, earlier, &snapshot));
            let before = known.as_ref().map(|(_, reading)| Before { reading, snapshot: earlier });
            let known = known.as_ref().and_then(|(_, reading)| Some((reading, &previous?.facts)));
            Some(match (examine_page(&page.selectors, language, before, *snapshot, unpack), known) {
                (Examined::Read(text), Some((reading, from))) => {
                    compared.clone_from(&text.compared);
                    let refused = in_language(reading, &text).or_else(|| {
                        let arrived = arrived.as_ref()?;
                        let alike = likeness(reading, &text.reading);
                        moved = arrived.moved(alike);
                        arrived.refuses(alike, &text)
                    });
                    refused.unwrap_or_else(|| text.against(reading, from, rules))
                }
                (examined, _) => examined.first(),
            })
        }
        Came::NotModified if known.is_none() => {
            let message = "the server says that nothing changed, and what it was is not held".to_owned();
            Some(Outcome::Broken { snapshot: None, message })
        }
        Came::NotModified => Some(Outcome::Unmodified),
        Came::Failed(failure) => Some(Outcome::Unreachable(failure)),
        Came::Broken(message) => Some(Outcome::Broken { snapshot: None, message }),
        Came::NotAsked => None,
    };
    let cannot_stand_in = lost.is_some();
    Share { url, held: known, held_at, lost, cannot_stand_in, outcome, compared, moved }
}

/// A redirect that a page came by.
struct Arrived {
    there: Arrival,
    /// Whether the address led elsewhere when what is held of it was served.
    is_news: bool,
    /// Whether it leads to another page of the policy.
    is_other: bool,
    /// Whether the publisher's own server said so.
    is_live: bool,
}

impl Arrived {
    fn of(reader: &Reader, earlier: &Snapshot, now: &Snapshot) -> Option<Self> {
        let there = arrival(now)?;
        let address = |url: &str| Url::parse(url).ok();
        let (before, asked, came) = (address(&earlier.url)?, address(&now.url)?, address(&earlier.final_url)?);
        let is_news = address::same(&before, &asked) && !address::same(&came, &there.url);
        let is_other = reader.pages.iter().any(|other| address::same(&other.url, &there.url));
        Some(Self { there, is_news, is_other, is_live: now.origin.is_live() })
    }

    /// What the redirect means for where the page is.
    fn moved(&self, alike: f64) -> Option<NewMove> {
        let state =
            decide(Way::Redirect, self.there.permanent, Some(alike)).filter(|_| self.is_live && !self.is_other)?;
        let stands = state != MoveState::Different || self.is_news;
        stands.then(|| NewMove { url: self.there.url.clone(), way: Way::Redirect, alike: Some(alike), state })
    }

    /// The outcome of a page that leads to another text now, or to another page of the
    /// policy: that text is not the page's, whatever redirects to it, and the page's own was
    /// not removed.
    fn refuses(&self, alike: f64, text: &Text) -> Option<Outcome> {
        let there = &self.there.url;
        let evidence = if self.is_other {
            format!(
                "redirected to another page of the policy, {there}; if it is a part of that now, take it out of pages"
            )
        } else {
            format!("redirected to different content at {there}, {alike:.2} alike")
        };
        let why = Unreadable::new(Why::WrongPage, evidence);
        let refused = self.is_news && (self.is_other || alike < DIFFERENT);
        refused.then(|| Outcome::Unreadable { snapshot: text.snapshot.clone(), why })
    }
}

/// How much two texts are alike; nearly always they are the same.
fn likeness(before: &Reading, now: &Reading) -> f64 {
    if before.digest() == now.digest() { 1.0 } else { alike(before, now) }
}

/// The outcome of a page that answers in another language than before: of one page alone
/// that is a text of its own, of one among several a half in another language.
fn in_language(before: &Reading, text: &Text) -> Option<Outcome> {
    let (known, language) = parallel(before, &text.reading)?;
    let evidence = format!(
        "the page answers in {language}, and what is held of it is in {known}; set language = \"{language}\" in the watch \
         if it stays so"
    );
    let why = Unreadable::new(Why::WrongLanguage, evidence);
    Some(Outcome::Unreadable { snapshot: text.snapshot.clone(), why })
}

/// The failure of one page as that of the whole, which names the page.
fn of_page(failed: &PageCheck) -> Outcome {
    let url = &failed.url;
    match failed.outcome.clone() {
        Outcome::Unreadable { snapshot, mut why } => {
            why.evidence.insert(0, format!("page {url}"));
            Outcome::Unreadable { snapshot, why }
        }
        Outcome::Unreachable(FetchFailure { kind, retry_after }) => {
            let kind = FailureKind::OfPage { page: url.clone(), kind: Box::new(kind) };
            Outcome::Unreachable(FetchFailure { kind, retry_after })
        }
        Outcome::Broken { snapshot, message } => {
            Outcome::Broken { snapshot, message: format!("page {url}: {message}") }
        }
        success => success,
    }
}

/// The snapshot that stands for all: of those with another text than before the one that was
/// served last, since that is where whoever is told of it looks; else of all.
fn newest(pages: &[PageCheck]) -> Option<&Snapshot> {
    // What shows no policy is not what the whole was read from.
    let seen = pages.iter().map(|page| &page.outcome).filter(|outcome| outcome.is_success());
    let is_new = |outcome: &Outcome| matches!(outcome, Outcome::First { .. } | Outcome::Changed { .. });
    let served = seen.filter_map(|outcome| Some((is_new(outcome), outcome.snapshot()?)));
    served.max_by_key(|(is_new, snapshot)| (*is_new, snapshot.captured_at)).map(|(_, snapshot)| snapshot)
}

/// Whether scripts did not make a page that changed to its end, now or before.
fn is_stopped(reader: &Reader, held: &[Option<Held>], pages: &[PageCheck]) -> bool {
    let new = pages.iter().filter(|page| matches!(page.outcome, Outcome::First { .. } | Outcome::Changed { .. }));
    new.into_iter().any(|page| {
        let at = reader.pages.iter().position(|known| known.url.as_str() == page.url);
        let before = at.and_then(|at| held.get(at)?.as_ref()).map(|held| &held.snapshot);
        before.into_iter().chain(page.outcome.snapshot()).any(Snapshot::is_stopped)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(time: &str) -> Timestamp {
        crate::time::parse_rfc3339(&format!("2024-05-06T{time}:00Z")).expect("a time")
    }

    #[test]
    fn a_memento_does_not_keep_a_page_out_of_its_check() {
        let mut memento = Group::default();
        assert!(memento.takes(1, at("09:50"), None));
        assert!(!memento.takes(0, at("10:00"), Some(7)));
        let mut check = Group::default();
        assert!(check.takes(0, at("10:00"), Some(7)));
        assert!(!check.takes(1, at("10:00"), None));
        assert!(check.takes(1, at("10:01"), Some(7)));
        assert!(!check.takes(2, at("10:01"), Some(8)));
    }

    #[test]
    fn mementos_from_between_do_not_part_a_check() {
        let one = |page, time, check| Captured { page, at: at(time), check };
        let all = [
            one(0, "10:00", Some(7)),
            one(1, "10:02", None),
            one(0, "10:03", None),
            one(2, "10:04", None),
            one(1, "10:05", Some(7)),
            one(1, "10:06", None),
        ];
        assert_eq!(in_turn(&all), [1, 0, 4, 2, 3, 5], "what a page said never goes back");
        // What a check cites of long ago, or of years to come, draws nothing along.
        let far = [one(0, "08:00", Some(7)), one(0, "09:30", None), one(1, "10:00", Some(7))];
        assert_eq!(in_turn(&far), [0, 1, 2]);
        let two =
            [one(0, "10:00", Some(7)), one(0, "10:01", Some(8)), one(1, "10:02", Some(7)), one(1, "10:03", Some(8))];
        assert_eq!(in_turn(&two), [0, 2, 1, 3]);
    }

    #[test]
    fn mementos_belong_together_that_are_near_and_of_other_pages() {
        let mut group = Group::default();
        assert!(group.takes(0, at("09:00"), None));
        assert!(!group.takes(0, at("09:10"), None));
        assert!(group.takes(1, at("10:00"), None));
        assert!(!group.takes(2, at("10:01"), None));
    }
}
