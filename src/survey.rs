//! From a company's address to its policies: asks the site within bounds, reads what looks
//! like a policy, and keeps what is one. Nothing is recorded.
//!
//! Every request goes through the fetcher, at the pace of each host. The page that is named
//! comes first, then the home page, robots.txt and sitemaps; then what their links promise,
//! best first, with the pages that lead on ("Legal") followed once; then, for the kinds that
//! nearly every site has and that were not found, the places where most sites have them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::NaiveDate;
use url::Url;

use crate::clock::Clock;
use crate::discovery::address;
use crate::discovery::candidates::{Candidate, Clue, Wanted, candidate, of_addresses, of_page, rank, usual_paths};
use crate::discovery::kind::{Kind, tell};
use crate::discovery::moves::arrival;
use crate::discovery::names::Named;
use crate::discovery::sitemap;
use crate::fetch::Fetch;
use crate::ladder::{Ladder, Render, Rung, takes_a_browser};
use crate::outcome::FetchFailure;
use crate::panics::contained;
use crate::reading::{Reading, Why};
use crate::snapshot::Digest;
use crate::time::Timestamp;
use crate::unpack::Unpacker;
use crate::visit::{Manner, RUNGS, Visit, ask, visit};
use crate::watch::PolicyType;

/// Sitemaps that are read of one site.
const MOST_SITEMAPS: usize = 4;
/// Candidates of one sitemap that are kept; the best are.
const MOST_LISTED: usize = 500;
/// Texts of one kind that are asked for on the word of a sitemap alone: some list one for
/// every country.
const MOST_OF_KIND: usize = 3;
/// Pages that lead on which are followed.
const MOST_HUBS: usize = 3;
/// Policies on other sites that are asked for.
const MOST_AWAY: usize = 4;
/// Usual places that are tried of one kind.
const MOST_GUESSES: usize = 3;
/// Headings that are told of a text, and how long each is at most.
const OUTLINE: usize = 5;
const LONGEST_HEADING: usize = 80;

/// What nearly every site has.
const USUAL: [PolicyType; 2] = [PolicyType::Privacy, PolicyType::Terms];

/// What is looked for, and how far.
#[derive(Clone, Debug)]
pub struct Options {
    /// The only kinds that are wanted; empty: all.
    pub kinds: Vec<PolicyType>,
    /// Requests at most.
    pub most_requests: usize,
    /// No request begins later than that after the first.
    pub longest: Duration,
    /// The language to ask for (ISO 639-1).
    pub language: Option<String>,
    /// When pages are read with a browser.
    pub render: Render,
}

impl Default for Options {
    /// Forty requests at the usual pace of one in five seconds take a bit more than three minutes.
    fn default() -> Self {
        Self {
            kinds: Vec::new(),
            most_requests: 40,
            longest: Duration::from_secs(5 * 60),
            language: None,
            render: Render::Never,
        }
    }
}

/// A policy that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Where it is.
    pub url: Url,
    /// Other addresses with the same text.
    pub also: Vec<Url>,
    /// Its kind.
    pub kind: PolicyType,
    /// What led to it.
    pub clue: Clue,
    /// Its title.
    pub title: Option<String>,
    /// ISO 639-1, where it can be told.
    pub language: Option<String>,
    /// Its length.
    pub words: usize,
    /// Its sections.
    pub sections: usize,
    /// The date that it claims for itself.
    pub effective_at: Option<NaiveDate>,
    /// Its first headings, the title left out.
    pub outline: Vec<String>,
    digest: Digest,
}

/// An address that promised a policy and was none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passed {
    /// Where that is.
    pub url: Url,
    /// Why it was left out, in words.
    pub why: String,
}

/// What a survey found.
#[derive(Clone, Debug)]
pub struct Survey {
    /// The page that was named, as it answered.
    pub site: Url,
    /// The name that the site gives itself.
    pub site_name: Option<String>,
    /// The policies in the site's language, and those that are there in no other.
    pub found: Vec<Found>,
    /// The same kinds of text in other languages.
    pub in_other_languages: Vec<Found>,
    /// What was asked for and is none.
    pub passed: Vec<Passed>,
    /// Requests that were made.
    pub requests: usize,
    /// Addresses that nobody asked for, because the bounds were reached.
    pub left: usize,
}

/// Surveys a site; `told` hears of every address before it is asked for.
///
/// # Errors
/// Why the page that was named could not be fetched.
pub async fn survey<F: Fetch, C: Clock>(
    url: &Url,
    options: &Options,
    fetcher: &F,
    unpacker: &Unpacker,
    clock: &C,
    told: &mut (dyn FnMut(&Url) + Send),
) -> Result<Survey, FetchFailure> {
    let mut tour = Tour {
        options,
        fetcher,
        unpacker,
        told,
        site: url.clone(),
        site_name: None,
        language: None,
        requests: 0,
        asked: BTreeSet::new(),
        queue: Vec::new(),
        found: Vec::new(),
        passed: Vec::new(),
        hubs: 0,
        away: 0,
        rendered: options.render != Render::Auto,
        has_scripts: false,
        of_kind: BTreeMap::new(),
    };
    let until = clock.now() + options.longest;
    tour.begin(url).await?;
    if !address::is_home(&tour.site) && tour.may_ask(clock.now(), until) {
        tour.look_at_home().await;
    }
    tour.read_sitemaps(clock, until).await;
    tour.follow(clock, until).await;
    if tour.found.is_empty() && tour.may_ask(clock.now(), until) {
        tour.look_again_with_a_browser().await;
        tour.follow(clock, until).await;
    }
    tour.guess(clock, until).await;
    Ok(tour.end())
}

/// A survey under way.
struct Tour<'a, F> {
    options: &'a Options,
    fetcher: &'a F,
    unpacker: &'a Unpacker,
    told: &'a mut (dyn FnMut(&Url) + Send),
    site: Url,
    site_name: Option<String>,
    language: Option<String>,
    requests: usize,
    /// By [`address::key`].
    asked: BTreeSet<String>,
    /// Best first.
    queue: Vec<Candidate>,
    found: Vec<Found>,
    passed: Vec<Passed>,
    hubs: usize,
    away: usize,
    /// Whether the page that was named was looked at with a browser, or is not to be.
    rendered: bool,
    /// Whether a script of the site's own first page may make links.
    has_scripts: bool,
    /// How many were asked for on the word of a sitemap alone.
    of_kind: BTreeMap<&'static str, usize>,
}

impl<F: Fetch> Tour<'_, F> {
    fn may_ask(&self, now: Timestamp, until: Timestamp) -> bool {
        self.requests < self.options.most_requests && now < until
    }

    fn first(&self) -> Rung {
        if self.options.render == Render::Always { Rung::Browser } else { Rung::Plain }
    }

    async fn visit(&mut self, url: &Url) -> Result<Visit, FetchFailure> {
        // The page itself once, and with a browser too as far as the bound allows.
        let left = self.options.most_requests.saturating_sub(self.requests).clamp(1, RUNGS);
        self.visit_on(url, self.first(), left).await
    }

    async fn visit_on(&mut self, url: &Url, first: Rung, most: usize) -> Result<Visit, FetchFailure> {
        self.count(url);
        let ladder = Ladder { render: self.options.render, archive: false };
        let manner = Manner { ladder, first, ..Manner::plain(self.options.language.as_deref()) };
        let (page, requests) = visit(url, &manner, most, self.fetcher, self.unpacker).await;
        self.requests += requests.saturating_sub(1);
        let page = page?;
        self.asked.insert(address::key(&page.url));
        Ok(page)
    }

    /// A page of which the links matter most: little text is no reason for a browser, but a
    /// frame that leads nowhere is, or a wall.
    async fn visit_for_links(&mut self, url: &Url) -> Result<Visit, FetchFailure> {
        let plain = self.visit_on(url, self.first(), 1).await?;
        let bare = of_page(&plain.outlook, Clue::Link, &Wanted { site: &plain.url, ..self.wanted() }).is_empty();
        // A frame without a script is as empty in a browser.
        let helps = |why: Why| match why {
            Why::EmptyShell | Why::RedirectStub => has_scripts(&plain) && plain.outlook.refresh.is_none(),
            why => takes_a_browser(why),
        };
        let closed = plain.reading.as_ref().is_err_and(|why| helps(why.why)) && plain.snapshot.status != 429;
        if self.options.render != Render::Auto || !bare || !closed {
            return Ok(plain);
        }
        self.rendered = true;
        Ok(self.visit_on(url, Rung::Browser, 1).await.unwrap_or(plain))
    }

    /// Where nothing was found, links may be there that scripts make.
    async fn look_again_with_a_browser(&mut self) {
        if std::mem::replace(&mut self.rendered, true) || !self.has_scripts {
            return;
        }
        let site = self.site.clone();
        if let Ok(page) = self.visit_on(&site, Rung::Browser, 1).await {
            let given =
                Candidate { url: site, named: Named::Nothing, text: String::new(), clue: Clue::Given, score: 0 };
            self.weigh(&given, page);
        }
    }

    fn count(&mut self, url: &Url) {
        (self.told)(url);
        self.requests += 1;
        self.asked.insert(address::key(url));
    }

    /// The page that was named: a home page, or a policy itself.
    async fn begin(&mut self, url: &Url) -> Result<(), FetchFailure> {
        let mut page = self.visit_for_links(url).await?;
        if let (Err(_), Some(there)) = (&page.reading, page.outlook.refresh.clone())
            && address::same_site(&there, &page.url)
            && let Ok(further) = self.visit_for_links(&there).await
        {
            // The page only sends the browser on, as home pages do to a language.
            page = further;
        }
        self.has_scripts = has_scripts(&page);
        self.site = page.url.clone();
        self.site_name.clone_from(&page.outlook.site_name);
        self.language = page.outlook.language.clone();
        let given =
            Candidate { url: url.clone(), named: Named::Nothing, text: String::new(), clue: Clue::Given, score: 0 };
        self.weigh(&given, page);
        Ok(())
    }

    async fn look_at_home(&mut self) {
        let home = address::home(&self.site);
        if self.asked.contains(&address::key(&home)) {
            return;
        }
        if let Ok(page) = self.visit_for_links(&home).await {
            if self.site_name.is_none() {
                self.site_name.clone_from(&page.outlook.site_name);
            }
            let candidates = of_page(&page.outlook, Clue::Link, &self.wanted());
            self.add(candidates);
        }
    }

    /// What the site lists for robots.
    async fn read_sitemaps<C: Clock>(&mut self, clock: &C, until: Timestamp) {
        let home = address::home(&self.site);
        let mut sitemaps = Vec::new();
        if let Ok(robots) = home.join("/robots.txt")
            && self.may_ask(clock.now(), until)
        {
            self.count(&robots);
            let answer = ask(&robots, Rung::Plain, &Manner::plain(None), self.fetcher)
                .await
                .ok()
                .filter(|answer| answer.status == 200);
            sitemaps.extend(answer.map(|answer| sitemap::of_robots(&answer.body)).unwrap_or_default());
        }
        sitemaps.retain(|url| address::same_site(url, &self.site));
        if sitemaps.is_empty() {
            sitemaps.extend(home.join("/sitemap.xml"));
        }
        let mut read = 0;
        while read < MOST_SITEMAPS && self.may_ask(clock.now(), until) && !sitemaps.is_empty() {
            // Those first that name what is looked for.
            sitemaps.sort_by_key(|url| (sitemap_rank(url), std::cmp::Reverse(url.as_str().len())));
            let next = sitemaps.remove(0);
            if self.asked.contains(&address::key(&next)) {
                continue;
            }
            read += 1;
            self.count(&next);
            let Ok(answer) = ask(&next, Rung::Plain, &Manner::plain(None), self.fetcher).await else { continue };
            if answer.status != 200 {
                continue;
            }
            let (site, language, kinds) = (self.site.clone(), self.language.clone(), self.options.kinds.clone());
            // Fifty thousand addresses are work for the processor.
            let listed = contained(move || {
                let listed = sitemap::read(&answer.body);
                let wanted = Wanted { site: &site, language: language.as_deref(), kinds: &kinds };
                let own = listed.pages.iter().filter(|url| address::same_site(url, &site));
                (rank(of_addresses(own, Clue::Sitemap, &wanted)), listed.sitemaps)
            });
            let Ok((candidates, further)) = listed.await else { continue };
            sitemaps.extend(further.into_iter().filter(|url| address::same_site(url, &self.site)));
            self.add(candidates.into_iter().take(MOST_LISTED).collect());
        }
    }

    /// Asks for what was promised, best first.
    async fn follow<C: Clock>(&mut self, clock: &C, until: Timestamp) {
        while self.may_ask(clock.now(), until) && !self.queue.is_empty() {
            let next = self.queue.remove(0);
            if !self.is_worth(&next) {
                continue;
            }
            match self.visit(&next.url).await {
                Ok(page) => self.weigh(&next, page),
                Err(failure) => self.pass(&next.url, failure.kind.to_string()),
            }
        }
    }

    /// Whether a candidate is within what is asked for of its sort; counts it.
    fn is_worth(&mut self, next: &Candidate) -> bool {
        let kind = match next.named {
            Named::Policy(kind) => kind.as_str(),
            Named::Hub => {
                self.hubs += 1;
                return self.hubs <= MOST_HUBS;
            }
            Named::Action | Named::Nothing => return false,
        };
        if !address::same_site(&next.url, &self.site) {
            self.away += 1;
            return self.away <= MOST_AWAY;
        }
        if next.clue != Clue::Sitemap {
            return true;
        }
        let asked = self.of_kind.entry(kind).or_default();
        *asked += 1;
        *asked <= MOST_OF_KIND
    }

    /// Tries the usual places of what was not found; stops at the first of each kind.
    async fn guess<C: Clock>(&mut self, clock: &C, until: Timestamp) {
        let kinds = if self.options.kinds.is_empty() { USUAL.to_vec() } else { self.options.kinds.clone() };
        let home = address::home(&self.site);
        for kind in kinds {
            let guesses = usual_paths(kind).iter().filter_map(|path| home.join(path).ok());
            let guesses: Vec<Url> = guesses.filter(|url| !self.asked.contains(&address::key(url))).collect();
            for url in guesses.into_iter().take(MOST_GUESSES) {
                if self.found.iter().any(|found| found.kind == kind) || !self.may_ask(clock.now(), until) {
                    break;
                }
                let Some(guess) = candidate(&url, "", Clue::UsualPath, &self.wanted()) else { continue };
                if let Ok(page) = self.visit(&url).await {
                    // That nothing is there is no news.
                    if page.reading.is_ok() {
                        self.weigh(&guess, page);
                    }
                }
            }
        }
    }

    fn wanted(&self) -> Wanted<'_> {
        Wanted { site: &self.site, language: self.language.as_deref(), kinds: &self.options.kinds }
    }

    fn add(&mut self, candidates: Vec<Candidate>) {
        let all = self.queue.drain(..).chain(candidates).collect();
        self.queue = rank(all).into_iter().filter(|one| !self.asked.contains(&address::key(&one.url))).collect();
    }

    fn pass(&mut self, url: &Url, why: String) {
        self.passed.push(Passed { url: url.clone(), why });
    }

    /// Says what a page is, and keeps it if it is a policy.
    fn weigh(&mut self, from: &Candidate, page: Visit) {
        let given = from.clue == Clue::Given;
        // A redirect that is not for good keeps the address that everybody links to.
        let url = match arrival(&page.snapshot) {
            Some(arrived) if arrived.permanent => arrived.url,
            _ if from.url.scheme() == page.url.scheme() => from.url.clone(),
            _ => page.url.clone(),
        };
        let kind = match &page.reading {
            Ok(reading) => tell(reading, &page.url, &from.text),
            Err(why) => {
                // A page that leads on need not be a text.
                if from.named != Named::Hub {
                    self.pass(&url, why.to_string());
                }
                Kind::Hub
            }
        };
        let leads = given || kind == Kind::Hub && from.named == Named::Hub || kind == Kind::Hub && page.reading.is_ok();
        let clue = if matches!(kind, Kind::Policy(_)) { Clue::Policy } else { Clue::Link };
        if leads {
            let candidates = of_page(&page.outlook, clue, &self.wanted());
            self.add(candidates);
        }
        let (Kind::Policy(kind), Ok(reading)) = (kind, &page.reading) else {
            if !given && kind == Kind::Other {
                self.pass(&url, "it is no policy".to_owned());
            }
            return;
        };
        if !self.options.kinds.is_empty() && !self.options.kinds.contains(&kind) {
            return self.pass(&url, format!("it is of another kind ({})", kind.as_str()));
        }
        if !given && !address::same_site(&page.url, &self.site) && !self.speaks_of_us(reading) {
            return self.pass(&url, "it speaks of another company".to_owned());
        }
        let canonical = page.outlook.canonical.as_ref().filter(|own| address::same_site(own, &page.url));
        self.keep(found(url, kind, from.clue, reading), canonical);
    }

    /// Whether a text on another site is about this company.
    fn speaks_of_us(&self, reading: &Reading) -> bool {
        let text = reading.text().to_lowercase();
        let brand = address::brand(&self.site);
        let names = [Some(brand), self.site_name.as_ref().map(|name| name.to_lowercase())];
        names.into_iter().flatten().any(|name| name.chars().count() >= 3 && text.contains(&name))
    }

    /// Keeps a policy; of one text under several addresses, the one that the page calls its own.
    fn keep(&mut self, found: Found, canonical: Option<&Url>) {
        let Some(known) = self.found.iter_mut().find(|known| known.digest == found.digest) else {
            self.found.push(found);
            return;
        };
        if address::same(&known.url, &found.url) {
            return;
        }
        if canonical.is_some_and(|canonical| address::same(canonical, &found.url)) && known.clue != Clue::Given {
            let other = std::mem::replace(&mut known.url, found.url);
            known.also.push(other);
        } else {
            known.also.push(found.url);
        }
    }

    fn end(self) -> Survey {
        let order = |kind: PolicyType| PolicyType::ALL.iter().position(|(known, _)| *known == kind);
        let mut all = self.found;
        all.sort_by_key(|found| (order(found.kind), found.clue != Clue::Given));
        let given = |found: &Found| found.clue == Clue::Given;
        let language = self.language;
        let own = |found: &Found| found.language.is_none() || found.language == language;
        let served: Vec<PolicyType> = all.iter().filter(|found| own(found)).map(|found| found.kind).collect();
        let (found, in_other_languages) =
            all.into_iter().partition(|found| given(found) || own(found) || !served.contains(&found.kind));
        Survey {
            site: self.site,
            site_name: self.site_name,
            found,
            in_other_languages,
            passed: self.passed,
            requests: self.requests,
            left: self.queue.len(),
        }
    }
}

fn has_scripts(page: &Visit) -> bool {
    page.snapshot.body.windows(7).any(|word| word.eq_ignore_ascii_case(b"<script"))
}

/// Sitemaps that name policies first, then those of pages, then the rest.
fn sitemap_rank(url: &Url) -> u8 {
    let path = url.path().to_lowercase();
    let names = |words: &[&str]| words.iter().any(|word| path.contains(word));
    if names(&["legal", "polic", "privacy", "terms"]) {
        0
    } else if names(&["page", "static", "main", "misc", "site"]) && !names(&["product", "post", "news", "blog"]) {
        1
    } else {
        2
    }
}

fn found(url: Url, kind: PolicyType, clue: Clue, reading: &Reading) -> Found {
    let title = reading.title.clone();
    let other = |heading: &&str| title.as_deref().is_none_or(|title| !title.eq_ignore_ascii_case(heading));
    let headings = reading.sections.iter().filter_map(|section| section.heading.as_deref());
    Found {
        url,
        also: Vec::new(),
        kind,
        clue,
        language: reading.language.clone(),
        words: reading.words(),
        sections: reading.sections.len(),
        effective_at: reading.effective_at,
        outline: headings
            .filter(other)
            .take(OUTLINE)
            .map(|heading| heading.chars().take(LONGEST_HEADING).collect())
            .collect(),
        digest: reading.digest(),
        title,
    }
}
