//! Policies that move: where a watch is looked for, what a redirect means, and the search
//! for a policy that is not where it was.
//!
//! A search is no part of a check: checks do not wait for it. It asks for a few pages, one
//! after the other, each at the pace of its host like any other request and on the rungs of
//! the ladder that the watch itself is read on, and happens once a
//! day for a watch at most. What it finds is decided by the text
//! ([`crate::discovery::moves`]).

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use url::Url;

use crate::access::Access;
use crate::check::Ports;
use crate::climb::seen_in_public;
use crate::clock::Clock;
use crate::discovery::alike::alike;
use crate::discovery::candidates::{Candidate, Clue, Wanted, candidate, of_page, rank, usual_paths};
use crate::discovery::kind::{Kind, tell};
use crate::discovery::moves::{MoveState, NewMove, Way, arrival, can_move, decide};
use crate::discovery::names::Named;
use crate::discovery::{address, moves};
use crate::fetch::{Fetch, Fetched, Request};
use crate::ladder::{Render, Rung};
use crate::outcome::{FetchFailure, Outcome};
use crate::panics::{contained, unpanicking};
use crate::reading::{Page, Reading, Unreadable, Why};
use crate::robots::holds_leave;
use crate::snapshot::{Served, Snapshot, Validators};
use crate::store::{CheckId, Store, StoreError};
use crate::text::anchors::{Outlook, outlook};
use crate::unpack::Unpacker;
use crate::version::VersionFacts;
use crate::visit::{Manner, RUNGS, Visit, understand, visit};
use crate::watch::{PolicyType, RobotsRule, Source, Watch, WatchId};

/// How often a policy is searched for that is lost.
pub const ONCE_IN: Duration = Duration::from_secs(24 * 3600);

/// Requests of one search: the home page, a page that leads to policies, and a few texts.
pub const MOST_REQUESTS: usize = 8;

/// How long a search may go on asking. Eight requests at the usual pace take 40 seconds.
const LONGEST: Duration = Duration::from_secs(10 * 60);

/// What is proposed of one search.
const MOST_PROPOSED: usize = 3;

/// What a search came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sought {
    /// The page that was searched for, as configured, where the policy stands on several.
    pub page: Option<Url>,
    /// Pages that were asked for.
    pub requests: usize,
    /// What was found: one address that is followed, or some to decide about.
    pub moves: Vec<NewMove>,
    /// Addresses with a text like the policy's that other watches follow already. They are
    /// neither followed nor proposed: that would be one text watched twice.
    pub taken: Vec<(Url, WatchId)>,
}

impl Sought {
    /// Where the watch goes on, if the text proves it.
    pub fn followed(&self) -> Option<&NewMove> {
        self.moves.iter().find(|found| found.state == MoveState::Followed)
    }
}

/// A watch as it is now: at the address where the policy went, if it did, and with all
/// addresses that it had before ([`moves::in_place`]). Whatever asks for a page, or tells
/// whose page an address is, asks this first.
///
/// # Errors
/// If the record could not be read.
pub async fn in_its_place(watch: &Watch, store: &Store) -> Result<Watch, StoreError> {
    if !can_move(watch) {
        return Ok(watch.clone());
    }
    Ok(moves::in_place(watch, &store.moves(&watch.id).await?))
}

/// [`in_its_place`] for several watches.
///
/// # Errors
/// Those of [`in_its_place`].
pub async fn all_in_their_places(watches: &[Watch], store: &Store) -> Result<Vec<Watch>, StoreError> {
    let mut placed = Vec::with_capacity(watches.len());
    for watch in watches {
        placed.push(in_its_place(watch, store).await?);
    }
    Ok(placed)
}

/// What a redirect means that a check came by. A text that is another one is not the policy,
/// whatever redirects to it, if the page led elsewhere before. `latest` is the version
/// before, `before` what that says.
pub(crate) async fn judge_redirect(
    watch: &Watch,
    latest: Option<&VersionFacts>,
    before: Option<&Reading>,
    outcome: Outcome,
    store: &Store,
) -> Result<(Outcome, Option<NewMove>), StoreError> {
    let arrived = outcome.snapshot().filter(|_| can_move(watch)).and_then(arrival);
    let (Some(arrived), Some(latest), Some(before)) = (arrived, latest, before) else { return Ok((outcome, None)) };
    let alike = match &outcome {
        Outcome::Unchanged { .. } => 1.0,
        Outcome::Changed { reading, .. } => {
            let (before, reading) = (before.clone(), reading.clone());
            // The work of a moment, but of the processor.
            contained(move || alike(&before, &reading)).await.unwrap_or(moves::ALIKE - f64::EPSILON)
        }
        _ => return Ok((outcome, None)),
    };
    let Some(state) = decide(Way::Redirect, arrived.permanent, Some(alike)) else { return Ok((outcome, None)) };
    let found = NewMove { url: arrived.url.clone(), way: Way::Redirect, alike: Some(alike), state };
    if state != MoveState::Different {
        return Ok((outcome, Some(found)));
    }
    // Where it led at the last look, which may be younger than the text.
    let served = match store.last_live(&watch.id, None).await? {
        Some(served) => served,
        None => store.served(latest.snapshot).await?,
    };
    if is_news(&served, &arrived.url, watch) {
        let Outcome::Changed { snapshot, .. } = outcome else { return Ok((outcome, None)) };
        let evidence = format!("redirected to different content at {}, {alike:.2} alike", arrived.url);
        let why = Unreadable::new(Why::WrongPage, evidence);
        return Ok((Outcome::Unreadable { snapshot, why }, Some(found)));
    }
    Ok((outcome, None))
}

/// Whether the address that is asked led to another page when the version before was
/// served. What is asked for the first time leads wherever whoever configured it meant.
fn is_news(served: &Served, arrived: &Url, watch: &Watch) -> bool {
    let (Ok(asked), Ok(came)) = (Url::parse(&served.url), Url::parse(&served.final_url)) else { return false };
    address::same(&asked, &watch.url) && !address::same(&came, arrived)
}

/// Searches for a policy that is not where it was, unless that was done within a day, and
/// records what is found. `check` is the check that saw it. Of several pages, each one that is
/// lost is searched for by itself. Empty if there was nothing to do.
///
/// # Errors
/// If the record could not be read or kept. A site that does not answer is no error.
pub async fn seek<F: Fetch, C: Clock>(
    watch: &Watch,
    check: CheckId,
    ports: &Ports<F, C>,
) -> Result<Vec<Sought>, StoreError> {
    if !can_move(watch) || !ports.store.begin_search(&watch.id, ONCE_IN, ports.clock.now()).await? {
        return Ok(Vec::new());
    }
    if watch.pages.is_empty() {
        return Ok(vec![search(watch, Some(check), ports).await?]);
    }
    let mut sought = Vec::new();
    for (at, page) in watch.all_pages().iter().enumerate() {
        if ports.store.is_page_lost(&watch.id, &page.url).await? {
            sought.push(search_page(watch, at, Some(check), ports).await?);
        }
    }
    Ok(sought)
}

/// Reads what stands at an address as a watch would read it; nothing is recorded.
///
/// # Errors
/// If the record could not be read. Why nothing was served is no error of that.
pub async fn read_at<F: Fetch, C: Clock>(
    url: &Url,
    watch: &Watch,
    ports: &Ports<F, C>,
) -> Result<Result<Result<Reading, Unreadable>, FetchFailure>, StoreError> {
    let manner = Manner::of(watch, None, ports).await?;
    // Whoever names a page is no robot.
    let manner = Manner { robots: RobotsRule::Ignore, ..manner };
    let (page, _) = visit(url, &manner, RUNGS, &ports.fetcher, &ports.unpacker).await;
    Ok(page.map(|page| page.reading))
}

/// Searches now, however long ago that was done; of several pages, for the one at a place in
/// [`Watch::all_pages`].
///
/// # Errors
/// Those of [`seek`].
pub async fn seek_now<F: Fetch, C: Clock>(
    watch: &Watch,
    page: usize,
    ports: &Ports<F, C>,
) -> Result<Sought, StoreError> {
    ports.store.begin_search(&watch.id, Duration::ZERO, ports.clock.now()).await?;
    let last = ports.store.watch_state(&watch.id).await?.and_then(|state| state.last_check).map(|check| check.id);
    if watch.pages.is_empty() { search(watch, last, ports).await } else { search_page(watch, page, last, ports).await }
}

async fn search<F: Fetch, C: Clock>(
    watch: &Watch,
    check: Option<CheckId>,
    ports: &Ports<F, C>,
) -> Result<Sought, StoreError> {
    let store = &ports.store;
    let asked = in_its_place(watch, store).await?.url;
    let known = store.latest(&watch.id).await?.map(|version| version.reading);
    let came = match check {
        Some(check) => store.check(check).await?.and_then(|check| check.snapshot),
        None => None,
    };
    let came = match came {
        Some(id) => Some(store.snapshot(id).await?),
        None => None,
    };
    let manner = Manner::of(watch, None, ports).await?;
    let others = store.followed_by_others(&watch.id).await?;
    let mut search = Search::new(watch, asked, known, manner, &ports.fetcher, &ports.unpacker);
    search.others = others;
    search.archive = may_ask_archive(watch, None, store).await?;
    let sought = search.run(came, &ports.clock).await;
    store.record_moves(watch, check, sought.moves.clone(), ports.clock.now()).await?;
    Ok(sought)
}

/// [`search`] for one page of several: what is known of it is what it said itself, and the
/// other pages of the policy are not it.
async fn search_page<F: Fetch, C: Clock>(
    watch: &Watch,
    page: usize,
    check: Option<CheckId>,
    ports: &Ports<F, C>,
) -> Result<Sought, StoreError> {
    let store = &ports.store;
    let placed = in_its_place(watch, store).await?;
    let pages = watch.all_pages();
    let Some(page) = pages.get(page) else { return Ok(Sought::default()) };
    let known = text_of_page(watch, page, ports).await?;
    let came = match store.last_served(&watch.id, &page.url).await? {
        Some(id) => Some(store.snapshot(id).await?),
        None => None,
    };
    let alone = watch.alone(page);
    let manner = Manner::of(&alone, Some(page.url.as_str()), ports).await?;
    let mut others = store.followed_by_others(&watch.id).await?;
    let own = pages.iter().filter(|other| other.url != page.url);
    let own = own.flat_map(|other| [other.url.clone(), placed.place(&other.url).clone()]);
    others.extend(own.map(|url| (watch.id.clone(), url)));
    let asked = placed.place(&page.url).clone();
    let mut search = Search::new(&alone, asked, known, manner, &ports.fetcher, &ports.unpacker);
    // An annex is rarely of the kind of the whole.
    if search.kinds.len() > 1 {
        search.kinds.remove(0);
    }
    search.others = others;
    search.archive = may_ask_archive(watch, Some(page.url.as_str()), store).await?;
    let mut sought = search.run(came, &ports.clock).await;
    sought.page = Some(page.url.clone());
    store.record_moves_of_page(watch, &page.url, check, sought.moves.clone(), ports.clock.now()).await?;
    Ok(sought)
}

/// Whether an archive may be told of a page: where archives are asked at all, and the page was
/// seen at a public address.
async fn may_ask_archive(watch: &Watch, page: Option<&str>, store: &Store) -> Result<bool, StoreError> {
    Ok(watch.ladder.archive && seen_in_public(&watch.id, page, store).await? == Some(true))
}

/// What a page of several said last, as far as the version of record cites it and it can be read.
///
/// # Errors
/// If the record could not be read.
pub async fn text_of_page<F: Fetch, C: Clock>(
    watch: &Watch,
    page: &Page,
    ports: &Ports<F, C>,
) -> Result<Option<Reading>, StoreError> {
    let Some(version) = ports.store.latest(&watch.id).await? else { return Ok(None) };
    let held = ports.store.held_pages(&version.facts, std::slice::from_ref(page)).await?;
    let Some(held) = held.into_iter().flatten().next() else { return Ok(None) };
    let visit = understand(&page.url, held.snapshot, page.selectors.clone(), &ports.unpacker).await;
    Ok(visit.ok().and_then(|visit| visit.reading.ok()))
}

/// A search under way.
struct Search<'a, F> {
    watch: &'a Watch,
    /// Where the policy was.
    asked: Url,
    /// What it said.
    known: Option<Reading>,
    kinds: Vec<PolicyType>,
    manner: Manner<'a>,
    fetcher: &'a F,
    unpacker: &'a Unpacker,
    requests: usize,
    /// Whether the home page is still to be asked for.
    home: Option<Url>,
    /// What was asked for, by [`address::key`].
    seen: BTreeSet<String>,
    queue: VecDeque<Candidate>,
    found: Vec<NewMove>,
    /// Whether an archive is still to be asked where the page's address led.
    archive: bool,
    /// Whose addresses others are.
    others: Vec<(WatchId, Url)>,
    taken: Vec<(Url, WatchId)>,
}

impl<'a, F: Fetch> Search<'a, F> {
    fn new(
        watch: &'a Watch,
        asked: Url,
        known: Option<Reading>,
        manner: Manner<'a>,
        fetcher: &'a F,
        unpacker: &'a Unpacker,
    ) -> Self {
        let told = known.as_ref().map(|known| tell(known, &asked, ""));
        let told = if let Some(Kind::Policy(kind)) = told { Some(kind) } else { None };
        // What it is configured as, and what it called itself.
        let mut kinds: Vec<PolicyType> = std::iter::once(watch.policy_type).chain(told).collect();
        kinds.retain(|kind| *kind != PolicyType::Other);
        kinds.dedup();
        let seen = BTreeSet::from([address::key(&asked)]);
        Self {
            home: Some(address::home(&asked)),
            watch,
            asked,
            known,
            kinds,
            manner,
            fetcher,
            unpacker,
            requests: 0,
            seen,
            queue: VecDeque::new(),
            found: Vec::new(),
            archive: false,
            others: Vec::new(),
            taken: Vec::new(),
        }
    }

    async fn run<C: Clock>(mut self, came: Option<Snapshot>, clock: &C) -> Sought {
        let until = clock.now() + LONGEST;
        self.begin(came).await;
        while self.requests < MOST_REQUESTS && clock.now() < until && self.step().await {}
        self.confirm().await;
        self.end()
    }

    /// Begins with what came of the last check, which needs no request: a page that says
    /// "not found" often has the site's footer.
    async fn begin(&mut self, came: Option<Snapshot>) {
        let mut candidates = Vec::new();
        // It may be back where it was configured.
        candidates.extend(self.sure(&self.watch.url.clone(), Clue::Link));
        if let Some(came) = came
            && let Ok((came, outlook)) = contained(move || (came.final_url.clone(), outlook(&came))).await
        {
            if let Some(came) = Url::parse(&came).ok().filter(|came| address::same(came, &address::home(came))) {
                self.home = self.home.take().filter(|home| !address::same(home, &came));
            }
            candidates.extend(outlook.canonical.iter().filter_map(|url| self.sure(url, Clue::Canonical)));
            candidates.extend(outlook.refresh.iter().filter_map(|url| self.sure(url, Clue::Link)));
            candidates.extend(self.links(&outlook));
        }
        self.add(candidates);
    }

    /// A candidate that is asked for whatever its address says.
    fn sure(&self, url: &Url, clue: Clue) -> Option<Candidate> {
        if address::is_detour(url) || address::is_home(url) {
            return None;
        }
        Some(Candidate { url: url.clone(), named: Named::Nothing, text: String::new(), clue, score: 200 })
    }

    fn wanted(&self) -> Wanted<'_> {
        let language = self.known.as_ref().and_then(|known| known.language.as_deref());
        Wanted { site: &self.asked, language, kinds: &self.kinds }
    }

    fn links(&self, outlook: &Outlook) -> Vec<Candidate> {
        of_page(outlook, Clue::Link, &self.wanted())
    }

    fn add(&mut self, candidates: Vec<Candidate>) {
        let all = self.queue.drain(..).chain(candidates).collect();
        let fresh = rank(all).into_iter().filter(|one| !self.seen.contains(&address::key(&one.url)));
        self.queue = fresh.collect();
    }

    /// One request; `false` once there is nothing left to ask.
    async fn step(&mut self) -> bool {
        if self.found.iter().any(|found| found.state == MoveState::Followed) {
            return false;
        }
        // What is surely meant comes before the home page, which comes before guesses.
        let sure = self.queue.front().is_some_and(|first| first.score >= 100);
        if !sure && let Some(home) = self.home.take() {
            if let Some(page) = self.look_at_home(&home).await {
                let mut candidates = self.links(&page.outlook);
                let usual =
                    self.kinds.iter().flat_map(|kind| usual_paths(*kind)).filter_map(|path| home.join(path).ok());
                candidates.extend(usual.filter_map(|url| candidate(&url, "", Clue::UsualPath, &self.wanted())));
                self.add(candidates);
            }
            return true;
        }
        if !sure && std::mem::take(&mut self.archive) {
            let there = self.ask_archive().await;
            self.add(there.into_iter().collect());
            return true;
        }
        let Some(next) = self.queue.pop_front() else { return false };
        if let Some(page) = self.visit(&next.url).await {
            self.weigh(&next, page).await;
        }
        true
    }

    /// Where the page's own address led when an archive asked it last: a redirect that the site
    /// has forgotten since. It is read there as it is now, and its text decides.
    async fn ask_archive(&mut self) -> Option<Candidate> {
        self.requests += 1;
        let request = Request {
            url: self.asked.clone(),
            source: Source::Wayback,
            at: None,
            validators: Validators::default(),
            language: None,
            robots: RobotsRule::default(),
            access: Access::default(),
            archives: self.manner.archives.to_vec(),
        };
        let Ok(Ok(Fetched::Snapshot(capture))) = unpanicking(self.fetcher.fetch(request)).await else { return None };
        self.sure(&arrival(&capture)?.url, Clue::Link)
    }

    /// Of a home page only the links matter: little text is no reason for a browser, but
    /// links that scripts make are.
    async fn look_at_home(&mut self, home: &Url) -> Option<Visit> {
        let first = self.manner.first;
        let plain = self.visit_on(home, first, 1).await;
        let leads_nowhere = plain.as_ref().is_some_and(|page| page.outlook.anchors.is_empty());
        let may_render = first == Rung::Plain && self.manner.ladder.render == Render::Auto;
        if leads_nowhere && may_render && self.requests < MOST_REQUESTS {
            return self.visit_on(home, Rung::Browser, 1).await.or(plain);
        }
        plain
    }

    async fn visit(&mut self, url: &Url) -> Option<Visit> {
        // The page itself once, and as often again as the ladder asks for it within the bound.
        let left = MOST_REQUESTS.saturating_sub(self.requests).max(1);
        self.visit_on(url, self.manner.first, left).await
    }

    async fn visit_on(&mut self, url: &Url, first: Rung, most: usize) -> Option<Visit> {
        self.seen.insert(address::key(url));
        let manner = Manner { robots: self.leave(url), first, ..self.manner };
        let (page, requests) = visit(url, &manner, most, self.fetcher, self.unpacker).await;
        self.requests += requests;
        let page = page.ok()?;
        self.seen.insert(address::key(&page.url));
        Some(page)
    }

    /// What a site's wishes for robots count: a watch's leave to pass over them is that of
    /// its own site.
    fn leave(&self, url: &Url) -> RobotsRule {
        if holds_leave(&self.watch.url, url) || holds_leave(&self.asked, url) {
            self.watch.robots
        } else {
            RobotsRule::Respect
        }
    }

    /// Says what a page is to the policy that is searched for.
    async fn weigh(&mut self, from: &Candidate, page: Visit) {
        let Visit { url, reading, outlook, .. } = page;
        if from.named == Named::Hub {
            // A list of links may be no text.
            self.add(self.links(&outlook));
        }
        let Ok(reading) = reading else { return };
        let kind = tell(&reading, &url, &from.text);
        if kind == Kind::Hub && from.named != Named::Hub {
            self.add(self.links(&outlook));
        }
        if address::same(&url, &self.asked) {
            return;
        }
        // Policies of one company share whole passages; one that calls itself otherwise is another.
        let fits = matches!(kind, Kind::Policy(kind) if self.kinds.is_empty() || self.kinds.contains(&kind));
        let likeness = match self.known.clone() {
            None if fits => None,
            Some(known) if fits || !matches!(kind, Kind::Policy(_)) => {
                let Ok(likeness) = contained(move || alike(&known, &reading)).await else { return };
                Some(likeness)
            }
            _ => return,
        };
        let way = Way::from(from.clue);
        if let Some(state) = decide(way, false, likeness) {
            if let Some((whose, _)) = self.others.iter().find(|(_, known)| address::same(known, &url)) {
                self.taken.push((url, whose.clone()));
                return;
            }
            // A sister's site or another country's page may say the same, word for word.
            let sibling = !address::same_site(&url, &self.asked) || address::differ_in_language_only(&url, &self.asked);
            let state = if state == MoveState::Followed && sibling { MoveState::Proposed } else { state };
            self.found.push(NewMove { url, way, alike: likeness, state });
        }
    }

    /// Before a watch goes elsewhere for good, its own address is asked once more: many an
    /// error is gone a minute later.
    async fn confirm(&mut self) {
        if !self.found.iter().any(|found| found.state == MoveState::Followed) {
            return;
        }
        let asked = self.asked.clone();
        if let Some(page) = self.visit(&asked).await
            && page.reading.is_ok()
            && address::same(&page.url, &asked)
            && let (Some(known), Ok(reading)) = (self.known.clone(), page.reading)
            && contained(move || alike(&known, &reading)).await.is_ok_and(|likeness| likeness >= moves::ALIKE)
        {
            self.found.clear();
        }
    }

    fn end(mut self) -> Sought {
        self.found.sort_by(|a, b| b.alike.unwrap_or_default().total_cmp(&a.alike.unwrap_or_default()));
        match self.found.iter().position(|found| found.state == MoveState::Followed) {
            Some(at) => self.found = vec![self.found.swap_remove(at)],
            None => self.found.truncate(MOST_PROPOSED),
        }
        Sought { page: None, requests: self.requests, moves: self.found, taken: self.taken }
    }
}
