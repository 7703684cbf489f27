//! Stories of policies on several pages, one of which moves: it is sought, proposed and
//! followed by itself, and the others go on.

use std::time::Duration;

use policywatch::alert::Delivery;
use policywatch::check::{Checked, Ports, check};
use policywatch::clock::{Clock as _, HeldClock};
use policywatch::discovery::moves::{MoveEnd, MoveState, NewMove, Way};
use policywatch::exchange::import::{Imported, import};
use policywatch::fetch::Fetcher;
use policywatch::health::Health;
use policywatch::interest::Interest;
use policywatch::moving::{MOST_REQUESTS, Sought, in_its_place, seek};
use policywatch::outcome::Outcome;
use policywatch::pages::read_again;
use policywatch::reading::{Page, Selectors};
use policywatch::unpack::Unpacker;
use policywatch::watch::{PolicyType, RobotsRule, Watch, WatchId};
use serde_json::Value;

use crate::company::{self, Company, frame, framed, html, of_type, policy, redirect};
use crate::desk::Desk;
use crate::several::record;
use crate::world::{monday, watch};

const KETTLES: &str = "the data that a kettle records in your kitchen";
const COOKIES: &str = "the cookies that our shop of kettles sets";

/// A policy on two pages, read once: `/privacy` and `/cookies`.
struct Story {
    company: Company,
    clock: HeldClock,
    ports: Ports<Fetcher<HeldClock>, HeldClock>,
    watch: Watch,
    dir: tempfile::TempDir,
}

impl Story {
    async fn new() -> Self {
        let company = Company::start().await;
        let dir = tempfile::tempdir().unwrap();
        let clock = HeldClock::new(monday());
        let ports = company::ports(&dir, &clock).await;
        company.serve("/privacy", html(policy("Privacy Policy", KETTLES)));
        company.serve("/cookies", html(policy("Cookie Policy", COOKIES)));
        company.serve("/", html(frame("Acme", "<h1>Kettles</h1>")));
        let cookies = Page { url: company.url("/cookies"), selectors: Selectors::default() };
        let url = company.url("/privacy");
        let watch = Watch { url, pages: vec![cookies], interest: Interest::ALL, ..watch("/privacy", &["desk"]) };
        let mut story = Self { company, clock, ports, watch, dir };
        story.configure(story.watch.clone()).await;
        assert!(matches!(story.check().await.outcome, Outcome::First { .. }));
        story.company.asked();
        story
    }

    async fn configure(&mut self, watch: Watch) {
        let now = self.clock.now();
        self.ports.store.sync_watches(vec![watch.clone()], move |_, _| Some(now), now).await.unwrap();
        self.watch = watch;
    }

    async fn check(&self) -> Checked {
        self.clock.advance(Duration::from_secs(3600));
        check(&self.watch, &self.ports).await.unwrap()
    }

    async fn check_and_seek(&self) -> Vec<Sought> {
        let check = self.check().await.recorded.unwrap().check.unwrap();
        seek(&self.watch, check, &self.ports).await.unwrap()
    }

    /// Where the second page is said to be, and what waits for a decision about it.
    async fn cookies(&self) -> (Option<String>, Vec<MoveState>) {
        let known = self.ports.store.whereabouts_of_page(&self.watch.id, &self.company.url("/cookies")).await.unwrap();
        let path = |url: &str| url::Url::parse(url).unwrap().path().to_owned();
        (known.moved.map(|moved| path(&moved.url)), known.open.iter().map(|one| one.state).collect())
    }

    async fn told(&self) -> Vec<(String, Value)> {
        let mut all = self.ports.store.deliveries(None, 99).await.unwrap();
        all.reverse();
        let body = |delivery: &Delivery| -> Value { serde_json::from_str(&delivery.body).unwrap() };
        all.iter().map(body).map(|body| (body["type"].as_str().unwrap().to_owned(), body["data"].clone())).collect()
    }

    /// A page goes to a place where its text is only similar, and that is found.
    async fn proposes(&self, path: &str, name: &str, about: &str) {
        let revised = policy(name, about).replace("collect", "gather").replace("share", "pass on");
        self.company.serve(&format!("/legal{path}"), html(revised));
        self.company.remove(path);
        let footer = format!("<a href=\"/legal{path}\">{name}</a>");
        self.company.serve("/", html(framed("Acme", "<h1>Kettles</h1>", &footer)));
        let sought = self.check_and_seek().await;
        assert_eq!(sought[0].moves.iter().map(|found| found.state).collect::<Vec<_>>(), [MoveState::Proposed]);
    }

    async fn assert_sound(&self) {
        let again = |snapshots: &[_], version: &policywatch::version::Version| {
            read_again(&version.facts.reader, snapshots, &|_| Ok(None)).unwrap().map(|reading| reading.digest())
        };
        let verified = self.ports.store.verify(again, |_, _| {}).await.unwrap();
        assert_eq!(verified.damages, Vec::<String>::new());
    }
}

fn sections(checked: &Checked) -> Vec<String> {
    let Outcome::Changed { change, .. } = &checked.outcome else { panic!("{}", checked.outcome.as_str()) };
    change.sections.iter().filter_map(|section| section.to.as_ref()?.last().cloned()).collect()
}

#[tokio::test]
async fn a_page_that_is_redirected_for_good_to_its_text_is_followed_by_itself() {
    let mut story = Story::new().await;
    story.company.serve("/legal/cookies", html(policy("Cookie Policy", COOKIES)));
    story.company.serve("/cookies", redirect(301, "/legal/cookies"));
    let checked = story.check().await;
    assert_eq!((checked.outcome.as_str(), checked.stale.len()), ("unchanged", 0));
    let (page, moved) = &checked.moved_pages[0];
    assert_eq!(
        (page.path(), moved.way, moved.alike, moved.state),
        ("/cookies", Way::Redirect, Some(1.0), MoveState::Followed)
    );
    assert_eq!(story.cookies().await, (Some("/legal/cookies".to_owned()), vec![]));
    assert_eq!(story.company.asked(), ["/privacy", "/cookies", "/legal/cookies"]);

    // It goes on there, without the redirect and conditionally; the other stays where it is.
    for expected in ["unchanged", "unmodified"] {
        let checked = story.check().await;
        assert_eq!((checked.outcome.as_str(), checked.moved_pages.len()), (expected, 0));
        assert_eq!(story.company.asked(), ["/privacy", "/legal/cookies"]);
    }
    let state = story.ports.store.watch_state(&story.watch.id).await.unwrap().unwrap();
    let parts: Vec<Health> = state.parts.iter().map(policywatch::health::Part::health).collect();
    assert_eq!((state.health(), parts), (Health::Moved, vec![Health::Well, Health::Moved]));
    let notes = state.move_notes();
    assert!(notes.len() == 1 && notes[0].starts_with("page http://") && notes[0].contains("--write"), "{notes:?}");

    // What it changes there is told as a change of it.
    let revised = policy("Cookie Policy", COOKIES).replace("thirty days", "ninety days");
    story.company.serve("/legal/cookies", html(revised.clone()));
    assert_eq!(sections(&story.check().await), ["Your rights"]);

    // And so is what changes in the very moment in which the configuration is updated.
    story.company.serve("/legal/cookies", html(revised.replace("by e-mail", "by letter")));
    let pages = vec![Page { url: story.company.url("/legal/cookies"), selectors: Selectors::default() }];
    story.configure(Watch { pages, ..story.watch.clone() }).await;
    assert_eq!(sections(&story.check().await), ["Changes"]);
    assert_eq!(story.ports.store.versions(&story.watch.id).await.unwrap().len(), 3);
    let placed = in_its_place(&story.watch, &story.ports.store).await.unwrap();
    assert_eq!(placed.address_at(1, monday()).path(), "/cookies", "that was its address then");

    let told = story.told().await;
    let kinds: Vec<&str> = told.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["policy.moved", "policy.changed", "policy.move_decided", "policy.changed"]);
    assert_eq!(told[0].1["page"].as_str(), Some(story.company.url("/cookies").as_str()));
    assert!(told[0].1["advice"].as_str().unwrap().contains("--page http://"), "{}", told[0].1);
    assert_eq!(told[2].1["decision"].as_str(), Some("configured"));
    story.assert_sound().await;
}

#[tokio::test]
async fn a_lost_page_is_searched_for_while_the_others_are_followed() {
    let mut story = Story::new().await;
    let lost = frame("Page not found", "<h1>Page not found</h1><p>Sorry, this page is not here any more.</p>");
    story.company.serve("/cookies", html(lost));
    story.company.serve("/legal/cookies", html(policy("Cookie Policy", COOKIES)));
    let footer = "<a href=\"/privacy\">Privacy Policy</a> <a href=\"/legal/cookies\">Cookie Policy</a>";
    story.company.serve("/", html(framed("Acme", "<h1>Kettles</h1>", footer)));
    // The other changes in the same moment.
    story.company.serve("/privacy", html(policy("Privacy Policy", KETTLES).replace("thirty days", "ninety days")));

    let checked = story.check().await;
    assert_eq!((sections(&checked), checked.stale.len()), (vec!["Your rights".to_owned()], 1));
    story.company.asked();
    let check = checked.recorded.unwrap().check.unwrap();
    let sought = seek(&story.watch, check, &story.ports).await.unwrap();
    assert_eq!(sought.len(), 1, "the page that is seen is not searched for");
    assert_eq!(sought[0].page, Some(story.company.url("/cookies")));
    assert_eq!(sought[0].followed().map(|found| (found.url.path(), found.alike)), Some(("/legal/cookies", Some(1.0))));
    assert!(sought[0].requests <= MOST_REQUESTS);
    assert!(!story.company.asked().contains(&"/privacy".to_owned()), "what is a page of it already is not asked for");
    assert_eq!(seek(&story.watch, check, &story.ports).await.unwrap(), [], "once a day");

    let back = story.check().await;
    assert_eq!((back.outcome.as_str(), back.stale.len()), ("unchanged", 0));
    assert_eq!(story.company.asked(), ["/privacy", "/legal/cookies"]);
    assert_eq!(story.ports.store.lost(Duration::ZERO, story.clock.now()).await.unwrap(), [], "nothing is lost");
    assert_eq!(story.ports.store.versions(&story.watch.id).await.unwrap().len(), 2);

    // Whoever takes the page out names no address of it.
    let pages = vec![Page { url: story.company.url("/imprint"), selectors: Selectors::default() }];
    story.configure(Watch { pages, ..story.watch.clone() }).await;
    let told = story.told().await;
    let (kind, end) = told.last().unwrap();
    assert_eq!((kind.as_str(), end["decision"].as_str()), ("policy.move_decided", Some("removed")), "{end}");
    assert!(end["url"].is_null(), "{end}");
    story.assert_sound().await;
}

#[tokio::test]
async fn what_is_only_like_it_is_proposed_and_ends_when_it_is_back() {
    let story = Story::new().await;
    let revised = policy("Cookie Policy", COOKIES).replace("collect", "gather").replace("share", "pass on");
    story.company.serve("/legal/cookies", html(revised));
    story.company.remove("/cookies");
    let footer = "<a href=\"/legal/cookies\">Cookie Policy</a>";
    story.company.serve("/", html(framed("Acme", "<h1>Kettles</h1>", footer)));
    let sought = story.check_and_seek().await;
    assert_eq!(sought[0].moves.iter().map(|found| found.state).collect::<Vec<_>>(), [MoveState::Proposed]);
    assert_eq!(story.cookies().await, (None, vec![MoveState::Proposed]));
    story.company.asked();
    story.check().await;
    assert_eq!(story.company.asked(), ["/privacy", "/cookies"], "it is not followed unasked");

    story.company.serve("/cookies", html(policy("Cookie Policy", COOKIES)));
    story.check().await;
    story.check().await;
    assert_eq!(story.cookies().await, (None, vec![]));
    let told = story.told().await;
    let kinds: Vec<&str> = told.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["policy.move_proposed", "policy.move_decided"], "each once");
    assert_eq!(told[1].1["decision"].as_str(), Some("seen_again"));
    assert_eq!(told[1].1["page"].as_str(), Some(story.company.url("/cookies").as_str()));
}

/// A page whose move waits is taken out of the configuration, and the last of the others with it.
#[tokio::test]
async fn what_waited_ends_with_the_page_that_is_taken_out() {
    for last in [false, true] {
        let mut story = Story::new().await;
        let revised = policy("Cookie Policy", COOKIES).replace("collect", "gather").replace("share", "pass on");
        story.company.serve("/legal/cookies", html(revised));
        story.company.remove("/cookies");
        story.company.serve("/terms", html(policy("Terms", KETTLES)));
        story
            .company
            .serve("/", html(framed("Acme", "<h1>Kettles</h1>", "<a href=\"/legal/cookies\">Cookie Policy</a>")));
        story.check_and_seek().await;
        assert_eq!(story.cookies().await, (None, vec![MoveState::Proposed]));
        assert_eq!(story.ports.store.move_ends(&story.watch.id).await.unwrap(), []);

        let terms = Page { url: story.company.url("/terms"), selectors: Selectors::default() };
        let pages = if last { Vec::new() } else { vec![terms] };
        let now = story.clock.now();
        // A start after a start writes and tells nothing twice.
        for _ in 0..2 {
            story.configure(Watch { pages: pages.clone(), ..story.watch.clone() }).await;
        }
        let ends = story.ports.store.move_ends(&story.watch.id).await.unwrap();
        let configured = story.company.url("/cookies").to_string();
        assert_eq!(ends, [MoveEnd { ended_at: now, configured, url: None }], "last: {last}");
        let told = story.told().await;
        let kinds: Vec<&str> = told.iter().map(|(kind, _)| kind.as_str()).collect();
        assert_eq!(kinds, ["policy.move_proposed", "policy.move_decided"], "last: {last}");
        assert_eq!(told[1].1["decision"].as_str(), Some("removed"));
        assert_eq!(told[1].1["page"].as_str(), Some(story.company.url("/cookies").as_str()));
    }
}

/// Whoever was told of a page is told of its end, also where it is the only one by then.
#[tokio::test]
async fn a_move_is_ended_under_the_name_under_which_it_was_told() {
    let mut story = Story::new().await;
    let revised = policy("Privacy Policy", KETTLES).replace("collect", "gather").replace("share", "pass on");
    story.company.serve("/legal/privacy", html(revised));
    story.company.remove("/privacy");
    story.company.serve("/", html(framed("Acme", "<h1>Kettles</h1>", "<a href=\"/legal/privacy\">Privacy Policy</a>")));
    story.check_and_seek().await;
    assert_eq!(story.told().await.len(), 1, "the first page may have moved");
    story.configure(Watch { pages: Vec::new(), ..story.watch.clone() }).await;
    assert_eq!(story.ports.store.move_ends(&story.watch.id).await.unwrap(), [], "it is configured still");
    story.company.serve("/privacy", html(policy("Privacy Policy", KETTLES)));
    story.configure(Watch { url: story.company.url("/legal/privacy"), ..story.watch.clone() }).await;
    let told = story.told().await;
    let kinds: Vec<&str> = told.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["policy.move_proposed", "policy.move_decided"]);
    assert_eq!(told[1].1["decision"].as_str(), Some("configured"));
    let ends = story.ports.store.move_ends(&story.watch.id).await.unwrap();
    let there = story.company.url("/legal/privacy").to_string();
    assert_eq!(ends.iter().map(|end| end.url.clone()).collect::<Vec<_>>(), [Some(there)]);
}

/// The first page, which may have moved, is taken out, gives way to another one or changes
/// places with it: each is told as what it is, under the page's name, and once.
#[tokio::test]
async fn what_waited_for_the_first_page_ends_as_that_page_does() {
    let there = Some("/legal/privacy");
    for (first, others, decision, there) in [
        ("/cookies", ["/terms"], Some("removed"), None),
        ("/cookies", ["/legal/privacy"], Some("configured"), there),
        ("/legal/privacy", ["/cookies"], Some("configured"), there),
        ("/cookies", ["/privacy"], None, None),
    ] {
        let mut story = Story::new().await;
        let revised = policy("Privacy Policy", KETTLES).replace("collect", "gather").replace("share", "pass on");
        story.company.serve("/legal/privacy", html(revised));
        story.company.remove("/privacy");
        let footer = "<a href=\"/legal/privacy\">Privacy Policy</a>";
        story.company.serve("/", html(framed("Acme", "<h1>Kettles</h1>", footer)));
        story.check_and_seek().await;
        let page = |path: &&str| Page { url: story.company.url(path), selectors: Selectors::default() };
        let (url, pages) = (story.company.url(first), others.iter().map(page).collect());
        let after = Watch { url, pages, ..story.watch.clone() };
        for _ in 0..2 {
            story.configure(after.clone()).await;
        }
        let there = there.map(|path| story.company.url(path).to_string());
        let ends = story.ports.store.move_ends(&story.watch.id).await.unwrap();
        let ended: Vec<Option<String>> = ends.into_iter().map(|end| end.url).collect();
        assert_eq!(ended, decision.map(|_| there.clone()).into_iter().collect::<Vec<_>>(), "{first} {others:?}");
        let told = story.told().await;
        assert_eq!(told[0].0, "policy.move_proposed");
        let end = told[1..].iter().map(|(kind, data)| {
            let text = |name: &str| data[name].as_str().map(str::to_owned);
            (kind.clone(), text("decision"), text("url"), text("page"))
        });
        let page = Some(story.company.url("/privacy").to_string());
        let expected = decision.map(|word| ("policy.move_decided".to_owned(), Some(word.to_owned()), there, page));
        assert_eq!(end.collect::<Vec<_>>(), expected.into_iter().collect::<Vec<_>>(), "{first} {others:?}");
    }
}

/// A release that did not write ends down left pages behind that are long taken out.
#[tokio::test]
async fn what_ended_long_before_an_update_is_not_told_late() {
    for last in [false, true] {
        let mut story = Story::new().await;
        let revised = policy("Cookie Policy", COOKIES).replace("collect", "gather").replace("share", "pass on");
        story.company.serve("/legal/cookies", html(revised));
        story.company.remove("/cookies");
        story.company.serve("/terms", html(policy("Terms", KETTLES)));
        let footer = "<a href=\"/legal/cookies\">Cookie Policy</a>";
        story.company.serve("/", html(framed("Acme", "<h1>Kettles</h1>", footer)));
        story.check_and_seek().await;
        assert_eq!(story.cookies().await, (None, vec![MoveState::Proposed]));
        let terms = Page { url: story.company.url("/terms"), selectors: Selectors::default() };
        story.watch.pages = if last { Vec::new() } else { vec![terms] };
        assert!(story.check().await.outcome.is_success(), "as that release would");
        story.configure(story.watch.clone()).await;
        assert_eq!(story.ports.store.move_ends(&story.watch.id).await.unwrap(), [], "last: {last}");
        let told = story.told().await;
        assert!(told.iter().all(|(kind, _)| kind != "policy.move_decided"), "last: {last}: {told:?}");
    }
}

/// Captures of the past of some pages say nothing of which pages are configured: what waited for
/// another one is told to its end all the same.
#[tokio::test]
async fn captures_of_some_pages_do_not_end_a_page_that_they_lack() {
    let mut story = Story::new().await;
    story.company.serve("/terms", html(policy("Terms", KETTLES)));
    let page = |path: &str| Page { url: story.company.url(path), selectors: Selectors::default() };
    let (cookies, terms) = (page("/cookies"), page("/terms"));
    story.configure(Watch { pages: vec![cookies, terms.clone()], ..story.watch.clone() }).await;
    story.proposes("/cookies", "Cookie Policy", COOKIES).await;
    let captures = ["/privacy", "/terms"].map(|path| {
        let text = policy("Of 2020", KETTLES).replace("thirty days", "ten days");
        record(path.len() as u32, "2020-01-01", story.company.url(path).as_str(), &text)
    });
    let path = story.dir.path().join("past.warc");
    std::fs::write(&path, captures.concat()).unwrap();
    let (store, clock) = (&story.ports.store, &story.clock);
    let mut numbers = Vec::new();
    let each = |_, one: Imported| {
        numbers.push(one.version);
        Ok(())
    };
    import(&path, &story.watch, false, store, clock, &Unpacker::none(), each).await.unwrap();
    assert_eq!(numbers.len(), 2, "{numbers:?}");

    story.configure(Watch { pages: vec![terms], ..story.watch.clone() }).await;
    let told = story.told().await;
    let kinds: Vec<&str> = told.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["policy.move_proposed", "policy.move_decided"]);
    assert_eq!(told[1].1["decision"].as_str(), Some("removed"));
    assert_eq!(told[1].1["page"].as_str(), Some(story.company.url("/cookies").as_str()));
}

/// A page that is the only one now, and not there: who takes another address for it has decided.
#[tokio::test]
async fn the_only_page_left_is_replaced_and_not_taken_out() {
    let mut story = Story::new().await;
    story.proposes("/privacy", "Privacy Policy", KETTLES).await;
    story.configure(Watch { pages: Vec::new(), ..story.watch.clone() }).await;
    assert!(!story.check().await.outcome.is_success(), "it is not there");
    story.company.serve("/data", html(policy("Data", KETTLES)));
    story.configure(Watch { url: story.company.url("/data"), ..story.watch.clone() }).await;
    let told = story.told().await;
    let ends: Vec<_> = told.iter().filter(|(kind, _)| kind == "policy.move_decided").collect();
    assert_eq!(ends.len(), 1, "{told:?}");
    assert_eq!(ends[0].1["decision"].as_str(), Some("configured"));
    assert_eq!(ends[0].1["url"].as_str(), Some(story.company.url("/data").as_str()));
}

/// A watch is taken out as a whole while moves of it wait; later it comes back as it was.
#[tokio::test]
async fn a_watch_that_is_taken_out_tells_the_end_of_what_waited() {
    for several in [true, false] {
        let mut story = Story::new().await;
        if !several {
            story.configure(Watch { pages: Vec::new(), ..story.watch.clone() }).await;
            story.check().await;
        }
        story.proposes("/privacy", "Privacy Policy", KETTLES).await;
        let put = async |watches: Vec<Watch>| {
            let now = story.clock.now();
            story.ports.store.sync_watches(watches, move |_, _| Some(now), now).await.unwrap();
        };
        for _ in 0..2 {
            put(Vec::new()).await;
        }
        let told = story.told().await;
        let kinds: Vec<&str> = told.iter().map(|(kind, _)| kind.as_str()).collect();
        assert_eq!(kinds, ["policy.move_proposed", "policy.move_decided"], "several: {several}");
        let (start, end) = (&told[0].1, &told[1].1);
        assert_eq!(end["decision"].as_str(), Some("removed"));
        assert_eq!((&end["watch"], &end["page"]), (&start["watch"], &start["page"]), "it names what was told");
        assert!(end["url"].is_null(), "{end}");
        let ends = story.ports.store.move_ends(&story.watch.id).await.unwrap();
        let configured = story.company.url("/privacy").to_string();
        assert_eq!(ends, [MoveEnd { ended_at: story.clock.now(), configured, url: None }]);

        // What is found again once it is back is told again.
        put(vec![story.watch.clone()]).await;
        story.clock.advance(Duration::from_secs(24 * 3600));
        assert_eq!(story.check_and_seek().await.len(), 1);
        let told = story.told().await;
        assert_eq!(told.last().unwrap().0, "policy.move_proposed");
        assert_eq!(told.len(), 3);
    }
}

#[tokio::test]
async fn a_page_that_leads_to_another_text_is_refused_until_somebody_decides() {
    let story = Story::new().await;
    let about = "The new owner flies rockets. Crews in orbit send personal data to the ground station, which passes it on to \
                 insurers under their consent. You have the right to access it after landing, and to object to processing. ";
    let other = frame("Cookie Notice", &format!("<h1>Cookie Notice</h1><p>{}</p>", about.repeat(6)));
    story.company.serve("/owner/cookies", html(other));
    story.company.serve("/cookies", redirect(301, "/owner/cookies"));
    for _ in 0..2 {
        let checked = story.check().await;
        assert!(checked.outcome.is_success() && checked.stale.len() == 1, "{}", checked.outcome.as_str());
        assert!(checked.stale[0].why.contains("redirected to different content"), "{}", checked.stale[0].why);
    }
    assert_eq!(story.cookies().await, (None, vec![MoveState::Different]));
    let word = |path: &str| {
        let url = story.company.url(path);
        vec![NewMove { url, way: Way::Operator, alike: None, state: MoveState::Accepted }]
    };
    let (now, page) = (story.clock.now(), story.company.url("/cookies"));
    story.ports.store.record_moves_of_page(&story.watch, &page, None, word("/owner/cookies"), now).await.unwrap();
    assert!(matches!(story.check().await.outcome, Outcome::Changed { .. }), "now it is a page of the policy");

    // Turned down, it is asked for where it was, and not followed there again.
    story.company.serve("/owner/cookies", html(policy("Cookie Policy", COOKIES)));
    let now = story.clock.now();
    story.ports.store.record_moves_of_page(&story.watch, &page, None, word("/cookies"), now).await.unwrap();
    story.company.asked();
    story.check().await;
    story.check().await;
    assert_eq!(story.company.asked(), ["/privacy", "/cookies", "/owner/cookies"].repeat(2));
    assert_eq!(story.cookies().await, (None, vec![]));
}

#[tokio::test]
async fn what_another_watch_follows_is_not_proposed() {
    let mut story = Story::new().await;
    let footer = "<a href=\"/trust/cookies\">Cookie Policy</a>";
    story.company.serve("/trust/cookies", html(policy("Cookie Policy", COOKIES)));
    story.company.serve("/", html(framed("Acme", "<h1>Kettles</h1>", footer)));
    story.company.remove("/cookies");
    let other = Watch {
        id: WatchId::new("cookies").unwrap(),
        url: story.company.url("/trust/cookies"),
        pages: Vec::new(),
        policy_type: PolicyType::Cookies,
        ..story.watch.clone()
    };
    let (now, both) = (story.clock.now(), vec![story.watch.clone(), other.clone()]);
    story.ports.store.sync_watches(both, move |_, _| Some(now), now).await.unwrap();
    let sought = story.check_and_seek().await;
    assert_eq!(sought[0].moves, []);
    assert_eq!(sought[0].taken, [(other.url.clone(), other.id.clone())]);

    // As soon as that one is gone from the configuration, it may be the page's.
    story.configure(story.watch.clone()).await;
    story.clock.advance(Duration::from_secs(24 * 3600));
    assert!(story.check_and_seek().await[0].followed().is_some());
}

#[tokio::test]
async fn leave_to_pass_over_robots_stays_with_the_site_that_gave_it() {
    let mut story = Story::new().await;
    story.configure(Watch { robots: RobotsRule::Ignore, ..story.watch.clone() }).await;
    let page = story.company.url("/cookies");
    // The same server under another name is another site.
    let mut elsewhere = story.company.url("/legal/cookies");
    elsewhere.set_host(Some("localhost")).unwrap();
    let word = NewMove { url: elsewhere.clone(), way: Way::Operator, alike: None, state: MoveState::Accepted };
    let now = story.clock.now();
    story.ports.store.record_moves_of_page(&story.watch, &page, None, vec![word], now).await.unwrap();
    let placed = in_its_place(&story.watch, &story.ports.store).await.unwrap();
    assert_eq!(placed.robots_at(&elsewhere), RobotsRule::Respect);
    assert_eq!(placed.robots_at(&placed.url), RobotsRule::Ignore);
}

#[test]
fn the_command_line_knows_pages() {
    let company = Company::alone();
    company.serve("/privacy", html(policy("Privacy Policy", KETTLES)));
    company.serve("/cookies", html(policy("Cookie Policy", COOKIES)));
    company.serve("/robots.txt", of_type("text/plain", ""));
    let desk = Desk::new();
    let store = desk.path("policywatch.db");
    let (first, second) = (company.url("/privacy"), company.url("/cookies"));
    let config = format!(
        "[store]\npath = {store:?}\n[fetch]\nallow = [\"127.0.0.1\"]\npause_per_host = \"0s\"\n\
         [[watch]]\nid = \"acme\"\nurl = \"{first}\"\npages = [\n  \"{second}\", # ours\n]\n"
    );
    desk.write("policywatch.toml", &config);
    desk.run(&["fetch", "acme"]).exits(0);
    let shown = desk.run(&["move", "acme", "--json"]).exits(0).objects();
    assert_eq!(shown.iter().map(|one| one["page"].as_u64()).collect::<Vec<_>>(), [Some(1), Some(2)]);
    desk.run(&["move", "acme", "--accept"]).exits(2).says("no page of watch \"acme\" moved");
    desk.run(&["move", "acme", "--page", "3", "--back"]).exits(2).says("has no page \"3\"");
    desk.run(&["move", "acme", "--search"]).exits(2).says("every page of watch \"acme\" is where it was");

    let revised = policy("Cookie Policy", COOKIES).replace("collect", "gather").replace("share", "pass on");
    company.serve("/legal/cookies", html(revised));
    company.serve("/", html(framed("Acme", "<h1>Kettles</h1>", "<a href=\"/legal/cookies\">Cookie Policy</a>")));
    company.remove("/cookies");
    let fetched = desk.run(&["fetch", "acme"]).exits(0).says("is stale").says("may have moved to");
    fetched.says(&format!("policywatch move acme --page {second} URL"));
    desk.run(&["list"]).exits(0).prints("may have");
    desk.run(&["move", "acme", "--accept"]).exits(0).says("goes on at").prints("accepted");
    desk.run(&["fetch", "acme"]).exits(0).prints("gather");
    let listed = desk.run(&["list", "--json"]).exits(0).objects();
    let there = company.url("/legal/cookies");
    assert_eq!(listed[0]["pages"][1]["moved_to"].as_str(), Some(there.as_str()));
    assert_eq!((listed[0].get("moved_to"), listed[0]["health"].as_str()), (None, Some("moved")));
    desk.run(&["move", "acme", "--write"]).exits(0).says("wrote");
    let after = std::fs::read_to_string(desk.path("policywatch.toml")).unwrap();
    assert_eq!(after, config.replace(second.as_str(), there.as_str()));
    desk.run(&["fetch", "acme"]).exits(0).prints("the same text");
    assert!(!desk.run(&["list"]).exits(0).out.contains("--write"));
    desk.run(&["log", "acme"]).exits(0).prints("as you decided");
    desk.run(&["verify"]).exits(0);
}
