//! Stories of policies that move: what is followed, what is proposed, what is neither.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use policywatch::check::{Checked, Ports, SPREAD, check};
use policywatch::clock::{Clock as _, HeldClock};
use policywatch::discovery::moves::{Move, MoveState, NewMove, Way, can_move};
use policywatch::fetch::{Fetcher, Options};
use policywatch::moving::{MOST_REQUESTS, Sought, seek, seek_now};
use policywatch::outcome::Outcome;
use policywatch::reading::{Page, Selectors};
use policywatch::scheduler::{self, InForce};
use policywatch::seeker::Seeker;
use policywatch::store::Store;
use policywatch::watch::{PolicyType, RobotsRule, Source, Watch};
use tokio_util::sync::CancellationToken;

use crate::company::{self, Company, frame, framed, html, policy, redirect};
use crate::desk::Desk;
use crate::world::{monday, unpacker, watch};

const KETTLES: &str = "the data that a kettle records in your kitchen";

/// A company whose privacy policy is followed, read once.
struct Story {
    company: Company,
    clock: HeldClock,
    ports: Ports<Fetcher<HeldClock>, HeldClock>,
    watch: Watch,
    _dir: tempfile::TempDir,
}

impl Story {
    async fn new() -> Self {
        let company = Company::start().await;
        let dir = tempfile::tempdir().unwrap();
        let clock = HeldClock::new(monday());
        let ports = company::ports(&dir, &clock).await;
        company.serve("/privacy", html(policy("Privacy Policy", KETTLES)));
        company.serve("/", html(framed("Acme", "<h1>Kettles</h1>", "<a href=\"/privacy\">Privacy</a>")));
        let watch = Watch { url: company.url("/privacy"), ..watch("/privacy", &[]) };
        let mut story = Self { company, clock, ports, watch, _dir: dir };
        story.configure(story.watch.clone()).await;
        assert!(matches!(story.check().await.outcome, Outcome::First { .. }));
        story.company.asked();
        story
    }

    /// Puts another configuration of the watch in force.
    async fn configure(&mut self, watch: Watch) {
        let now = self.clock.now();
        self.ports.store.sync_watches(vec![watch.clone()], move |_, _| Some(now), now).await.unwrap();
        self.watch = watch;
    }

    async fn check(&self) -> Checked {
        self.clock.advance(Duration::from_secs(3600));
        check(&self.watch, &self.ports).await.unwrap()
    }

    /// Checks, and searches as the daemon does beside its checks.
    async fn check_and_seek(&self) -> Sought {
        let checked = self.check().await;
        let check = checked.recorded.unwrap().check.unwrap();
        seek(&self.watch, check, &self.ports).await.unwrap().pop().expect("nothing was searched for today")
    }

    async fn moves(&self) -> Vec<Move> {
        self.ports.store.moves(&self.watch.id).await.unwrap()
    }

    /// Where the policy is said to be, and what waits for a decision.
    async fn whereabouts(&self) -> (Option<String>, Vec<(String, MoveState)>) {
        let known = self.ports.store.whereabouts(&self.watch.id, &self.watch.url).await.unwrap();
        let path = |url: &str| url.strip_prefix(self.company.url("").as_str()).map(|path| format!("/{path}")).unwrap();
        let open = known.open.iter().map(|one| (path(&one.url), one.state)).collect();
        (known.moved.map(|moved| path(&moved.url)), open)
    }

    fn moves_to(&self, path: &str) -> Option<String> {
        self.company.serve(path, html(policy("Privacy Policy", KETTLES)));
        Some(path.to_owned())
    }
}

#[tokio::test]
async fn a_permanent_redirect_to_the_same_text_is_followed() {
    let mut story = Story::new().await;
    let there = story.moves_to("/trust/privacy");
    story.company.serve("/privacy", redirect(301, "/trust/privacy"));

    let checked = story.check().await;
    assert!(matches!(checked.outcome, Outcome::Unchanged { .. }), "{}", checked.outcome.as_str());
    let moved = checked.moved.unwrap();
    assert_eq!((moved.way, moved.alike, moved.state), (Way::Redirect, Some(1.0), MoveState::Followed));
    assert_eq!(story.whereabouts().await, (there, vec![]));
    assert_eq!(story.company.asked(), ["/privacy", "/trust/privacy"]);

    // It goes on there: without the redirect, and conditionally.
    assert!(matches!(story.check().await.outcome, Outcome::Unchanged { .. }));
    assert!(matches!(story.check().await.outcome, Outcome::Unmodified));
    assert_eq!(story.company.asked(), ["/trust/privacy"; 2]);
    assert_eq!(story.moves().await.len(), 1, "it is recorded once");
    let state = story.ports.store.watch_state(&story.watch.id).await.unwrap().unwrap();
    assert_eq!(state.url, story.company.url("/privacy").as_str(), "the configured address stays on record");
    let note = state.whereabouts.note("acme").unwrap();
    assert!(note.contains("/trust/privacy") && note.contains("update url"), "{note}");

    // The history goes on, too.
    let revised = policy("Privacy Policy", KETTLES).replace("thirty days", "ninety days");
    story.company.serve("/trust/privacy", html(revised));
    let url = story.company.url("/trust/privacy");
    story.configure(Watch { url, ..story.watch.clone() }).await;
    assert_eq!(story.whereabouts().await, (None, vec![]), "the configuration was updated");
    assert_eq!(story.check().await.outcome.as_str(), "changed");
    assert_eq!(story.ports.store.versions(&story.watch.id).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_change_that_comes_with_the_redirect_is_told_and_followed_if_it_is_small() {
    let story = Story::new().await;
    let text = policy("Privacy Policy", KETTLES).replace("thirty days", "ninety days");
    story.company.serve("/trust/privacy", html(text));
    story.company.serve("/privacy", redirect(308, "/trust/privacy"));
    let checked = story.check().await;
    assert!(matches!(checked.outcome, Outcome::Changed { .. }), "{}", checked.outcome.as_str());
    assert_eq!(checked.moved.unwrap().state, MoveState::Followed);
    assert_eq!(checked.recorded.unwrap().version, Some(2));
}

#[tokio::test]
async fn what_is_no_move() {
    for (status, to) in [(302, "/trust/privacy"), (301, "/en-us/privacy"), (301, "/privacy/"), (301, "/login")] {
        let story = Story::new().await;
        story.moves_to(to);
        story.company.serve("/privacy", redirect(status, to));
        let checked = story.check().await;
        assert!(matches!(checked.outcome, Outcome::Unchanged { .. }), "{to}: {}", checked.outcome.as_str());
        assert_eq!((checked.moved, story.moves().await), (None, vec![]), "{to}");
    }
    let story = Story::new().await;
    story.company.serve("/privacy", html("<html><title>Sign in</title><body><h1>Sign in</h1><form>Password <input type=password></form></body></html>"));
    let checked = story.check().await;
    assert_eq!(checked.outcome.as_str(), "unreadable");
    assert_eq!(story.ports.store.lost(Duration::ZERO, story.clock.now()).await.unwrap(), [], "a wall is no move");
    assert!(!can_move(&Watch { source: Source::Wayback, ..story.watch.clone() }));
}

#[tokio::test]
async fn a_redirect_to_another_text_is_refused_until_somebody_decides() {
    let story = Story::new().await;
    let about = "The new owner flies rockets. Crews in orbit send personal data to the ground station, which passes it on to \
                 insurers under their consent. You have the right to access it after landing, and to object to processing. ";
    let other = frame("Privacy Notice", &format!("<h1>Privacy Notice</h1><p>{}</p>", about.repeat(6)));
    story.company.serve("/owner/privacy", html(other));
    story.company.serve("/privacy", redirect(301, "/owner/privacy"));

    for _ in 0..2 {
        let checked = story.check().await;
        let Outcome::Unreadable { why, .. } = &checked.outcome else { panic!("{}", checked.outcome.as_str()) };
        assert!(why.to_string().starts_with("wrong_page: redirected to different content at http://"), "{why}");
    }
    let open = vec![("/owner/privacy".to_owned(), MoveState::Different)];
    assert_eq!(story.whereabouts().await, (None, open));
    assert_eq!(story.moves().await.len(), 1, "it waits once, however often it is met");
    assert_eq!(story.ports.store.versions(&story.watch.id).await.unwrap().len(), 1);

    let url = story.company.url("/owner/privacy");
    let word = NewMove { url, way: Way::Operator, alike: None, state: MoveState::Accepted };
    let now = story.clock.now();
    story.ports.store.record_moves(&story.watch, None, vec![word], now).await.unwrap();
    assert!(matches!(story.check().await.outcome, Outcome::Changed { .. }), "now it is the policy, and a change of it");
}

#[tokio::test]
async fn a_redirect_to_the_home_page_starts_a_search_that_follows_the_text() {
    let story = Story::new().await;
    let there = story.moves_to("/trust/privacy");
    story.company.serve("/privacy", redirect(302, "/"));
    let footer = "<a href=\"/trust/privacy\">Privacy</a> <a href=\"/terms\">Terms</a>";
    story.company.serve("/", html(framed("Acme", "<h1>Kettles</h1><p>Of steel, with a lid and a handle.</p>", footer)));

    let sought = story.check_and_seek().await;
    let found = sought.followed().unwrap();
    assert_eq!((found.way, found.alike), (Way::Link, Some(1.0)));
    assert_eq!(sought.requests, 2, "the page that came had the link; its own address is asked once more");
    assert_eq!(story.whereabouts().await, (there, vec![]));
    assert!(matches!(story.check().await.outcome, Outcome::Unchanged { .. }));
    assert_eq!(story.ports.store.lost(Duration::ZERO, story.clock.now()).await.unwrap(), [], "it is found");
}

#[tokio::test]
async fn a_soft_404_is_searched_for_once_a_day_with_few_requests() {
    let story = Story::new().await;
    let lost = frame("Page not found", "<h1>Page not found</h1><p>Sorry, this page is not here any more.</p>");
    story.company.serve("/privacy", html(lost));
    // A site that leads nowhere, with a hundred promises.
    let promises: String = (0..100).map(|n| format!("<a href=\"/privacy/{n}\">Privacy Policy {n}</a>")).collect();
    story.company.serve("/", html(framed("Acme", "<h1>Kettles</h1>", &promises)));

    let sought = story.check_and_seek().await;
    assert_eq!((sought.requests, &sought.moves[..]), (MOST_REQUESTS, &[][..]));
    assert_eq!(story.company.asked().len(), 1 + MOST_REQUESTS);

    let checked = story.check().await;
    let check = checked.recorded.unwrap().check.unwrap();
    assert_eq!(seek(&story.watch, check, &story.ports).await.unwrap(), [], "once a day");
    assert_eq!(story.ports.store.lost(policywatch::moving::ONCE_IN, story.clock.now()).await.unwrap(), []);
    assert_eq!(story.company.asked(), ["/privacy"]);
    assert_eq!(seek_now(&story.watch, 0, &story.ports).await.unwrap().requests, MOST_REQUESTS, "unless somebody asks");

    story.clock.advance(Duration::from_secs(24 * 3600));
    assert_eq!(story.ports.store.lost(policywatch::moving::ONCE_IN, story.clock.now()).await.unwrap().len(), 1);
    let there = story.moves_to("/legal/privacy");
    story.company.serve("/", html(frame("Acme", "<h1>Kettles</h1>")));
    assert!(story.check_and_seek().await.followed().is_some(), "most sites have it there");
    assert_eq!(story.whereabouts().await.0, there);
}

#[tokio::test]
async fn a_page_that_leads_on_is_followed_and_another_policy_never_is() {
    let story = Story::new().await;
    story.company.remove("/privacy");
    let list = "<h1>Legal</h1><ul><li><a href=\"/l/p\">Privacy Policy</a></li><li><a href=\"/l/t\">Terms of Service</a></li>\
                <li><a href=\"/l/c\">Cookie Policy</a></li></ul>";
    story.company.serve("/legal", html(frame("Legal", list)));
    story.company.serve("/", html(framed("Acme", "<h1>Kettles</h1>", "<a href=\"/legal\">Legal</a>")));
    // The same words under another name: a copy that was pasted into the wrong page.
    story.company.serve("/l/c", html(policy("Cookie Policy", KETTLES)));
    let revised = policy("Privacy Policy", KETTLES).replace("collect", "gather").replace("share", "pass on");
    story.company.serve("/l/p", html(revised));

    let sought = story.check_and_seek().await;
    let found: Vec<_> = sought.moves.iter().map(|found| (found.url.path(), found.state)).collect();
    assert_eq!(found, [("/l/p", MoveState::Proposed)]);
    let alike = sought.moves[0].alike.unwrap();
    assert!((0.3..0.97).contains(&alike), "{alike}");
    assert!(!story.company.asked().contains(&"/l/t".to_owned()), "terms are not asked for");

    // The page is back: nothing waits any more.
    story.company.serve("/privacy", html(policy("Privacy Policy", KETTLES)));
    story.check().await;
    assert_eq!(story.whereabouts().await, (None, vec![]));
}

#[tokio::test]
async fn what_somebody_turned_down_is_not_followed_again() {
    let story = Story::new().await;
    story.moves_to("/trust/privacy");
    story.company.serve("/privacy", redirect(301, "/trust/privacy"));
    story.check().await;
    let back = NewMove { url: story.watch.url.clone(), way: Way::Operator, alike: None, state: MoveState::Accepted };
    let now = story.clock.now();
    story.ports.store.record_moves(&story.watch, None, vec![back], now).await.unwrap();
    story.company.asked();
    story.check().await;
    story.check().await;
    assert_eq!(story.company.asked(), ["/privacy", "/trust/privacy"].repeat(2));
    assert_eq!((story.whereabouts().await, story.moves().await.len()), ((None, vec![]), 2));
}

#[tokio::test]
async fn the_daemon_searches_beside_its_checks_and_stops_in_the_middle() {
    let mut story = Story::new().await;
    let watch = Watch { policy_type: PolicyType::Other, ..story.watch.clone() };
    story.configure(watch).await;
    let there = story.moves_to("/trust/privacy");
    story.company.remove("/privacy");
    story.company.serve("/", html(framed("Acme", "<h1>Kettles</h1>", "<a href=\"/trust/privacy\">Privacy</a>")));
    story.check().await;
    let ports = Ports {
        store: story.ports.store.clone(),
        fetcher: Fetcher::new(
            Options {
                pause_per_host: Duration::ZERO,
                allow: vec![policywatch::guard::Allowed::Host("127.0.0.1".to_owned())],
                ..Options::default()
            },
            story.clock.clone(),
        )
        .unwrap(),
        unpacker: unpacker(),
        clock: story.clock.clone(),
        spread: SPREAD,
    };
    let watches = BTreeMap::from([(story.watch.id.clone(), story.watch.clone())]);
    let in_force = InForce { watches, options: scheduler::Options::default(), ports };
    let sender = tokio::sync::watch::Sender::new(Arc::new(in_force));
    let stop = CancellationToken::new();
    let running = tokio::spawn(Seeker { in_force: sender.subscribe(), stop: stop.clone() }.run());
    let found = async {
        while story.moves().await.is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), found).await.expect("it is found");
    assert_eq!(story.whereabouts().await.0, there);
    let due = story.ports.store.due(story.clock.now(), 9).await.unwrap();
    assert_eq!(due.len(), 1, "it is checked there at once");
    stop.cancel();
    running.await.unwrap().unwrap();
}

/// What the channels of a watch were told, as types and what matters of each.
async fn notices(store: &Store) -> Vec<(String, serde_json::Value)> {
    let mut all = store.deliveries(None, 99).await.unwrap();
    all.reverse();
    let body = |delivery: &policywatch::alert::Delivery| -> serde_json::Value {
        serde_json::from_str(&delivery.body).unwrap()
    };
    all.iter().map(body).map(|body| (body["type"].as_str().unwrap().to_owned(), body["data"].clone())).collect()
}

fn kinds(notices: &[(String, serde_json::Value)]) -> Vec<&str> {
    notices.iter().map(|(kind, _)| kind.as_str()).collect()
}

#[tokio::test]
async fn a_move_that_is_followed_is_told_once_and_ends_with_the_configuration() {
    let mut story = Story::new().await;
    let watch = Watch { notify: vec!["desk".into(), "press".into()], ..story.watch.clone() };
    story.configure(watch).await;
    story.moves_to("/trust/privacy");
    story.company.serve("/privacy", redirect(301, "/trust/privacy"));
    let checked = story.check().await;
    assert_eq!(checked.recorded.unwrap().deliveries, 2, "each channel once");
    story.check().await;
    story.check().await;
    let all = notices(&story.ports.store).await;
    assert_eq!(kinds(&all), ["policy.moved"; 2]);
    let told = &all[0].1;
    assert_eq!(told["configured_url"].as_str(), Some(story.company.url("/privacy").as_str()));
    assert_eq!(told["found"][0]["url"].as_str(), Some(story.company.url("/trust/privacy").as_str()));
    assert_eq!(
        (told["found"][0]["state"].as_str(), told["found"][0]["similarity"].as_f64()),
        (Some("followed"), Some(1.0))
    );
    assert!(told["advice"].as_str().unwrap().contains("move acme-privacy --write"), "{told}");

    let url = story.company.url("/trust/privacy");
    for _ in 0..2 {
        story.configure(Watch { url: url.clone(), ..story.watch.clone() }).await;
    }
    let all = notices(&story.ports.store).await;
    assert_eq!(kinds(&all)[2..], ["policy.move_decided"; 2]);
    assert_eq!((all[2].1["decision"].as_str(), all[2].1["url"].as_str()), (Some("configured"), Some(url.as_str())));
    // What is configured now was elsewhere before, and that is not forgotten.
    let placed = policywatch::moving::in_its_place(&story.watch, &story.ports.store).await.unwrap();
    let former: Vec<&str> = placed.former.iter().map(|former| former.url.path()).collect();
    assert_eq!((placed.url, former), (url, vec!["/privacy"]));
}

#[tokio::test]
async fn a_proposal_is_told_once_and_so_is_its_end() {
    let mut story = Story::new().await;
    let watch = Watch { notify: vec!["desk".into()], ..story.watch.clone() };
    story.configure(watch).await;
    let revised = policy("Privacy Policy", KETTLES).replace("collect", "gather").replace("share", "pass on");
    let lose = |story: &Story| {
        story.company.remove("/privacy");
        story.company.serve("/new/privacy", html(revised.clone()));
        story.company.serve("/", html(framed("Acme", "<h1>Kettles</h1>", "<a href=\"/new/privacy\">Privacy</a>")));
    };
    lose(&story);
    assert_eq!(story.check_and_seek().await.moves.len(), 1);
    story.clock.advance(Duration::from_secs(24 * 3600));
    story.check_and_seek().await;
    let all = notices(&story.ports.store).await;
    assert_eq!(kinds(&all), ["policy.move_proposed"], "the next search finds nothing new");
    let first = all[0].1.clone();

    // The page is back: nobody need decide.
    story.company.serve("/privacy", html(policy("Privacy Policy", KETTLES)));
    let back = story.check().await;
    assert_eq!(back.recorded.unwrap().deliveries, 1);
    story.check().await;
    let all = notices(&story.ports.store).await;
    assert_eq!(kinds(&all)[1..], ["policy.move_decided"]);
    assert_eq!(all[1].1["decision"].as_str(), Some("seen_again"));
    let id = |at: usize| {
        let store = story.ports.store.clone();
        async move { store.deliveries(None, 99).await.unwrap().into_iter().rev().nth(at).unwrap().id.0 }
    };
    assert_eq!(all[1].1["settles"][0].as_str(), Some(id(0).await.as_str()));

    // Lost again, it is a matter of its own, and whoever runs this decides.
    lose(&story);
    story.clock.advance(Duration::from_secs(24 * 3600));
    story.check_and_seek().await;
    let all = notices(&story.ports.store).await;
    assert_eq!(kinds(&all)[2..], ["policy.move_proposed"]);
    assert_eq!(all[2].1["found"], first["found"]);
    let word = |url: url::Url| NewMove { url, way: Way::Operator, alike: None, state: MoveState::Accepted };
    let now = story.clock.now();
    let accepted = vec![word(story.company.url("/new/privacy"))];
    assert_eq!(story.ports.store.record_moves(&story.watch, None, accepted, now).await.unwrap().deliveries, 1);
    let all = notices(&story.ports.store).await;
    assert_eq!((kinds(&all)[3], all[3].1["decision"].as_str()), ("policy.move_decided", Some("accepted")));
    // Whoever was told nothing hears of no end: what one accepted oneself is not news.
    story.configure(Watch { url: story.company.url("/new/privacy"), ..story.watch.clone() }).await;
    assert_eq!(notices(&story.ports.store).await.len(), 4);
}

#[tokio::test]
async fn a_search_looks_with_the_browser_where_the_watch_takes_one() {
    use crate::world::{Answer, WILL_NOT, World, policy};
    use policywatch::ladder::{Ladder, Render};

    let world = World::new().await;
    let always = Ladder { render: Render::Always, archive: false };
    let watch = world.follow(Watch { ladder: always, ..crate::world::watch("/privacy", &[]) }).await;
    let gone = || Answer::Page(404, "<title>Not found</title><h1>404</h1>".to_owned());
    let shell = || {
        Answer::Page(200, "<!doctype html><title>Acme</title><div id=app></div><script src=a.js></script>".to_owned())
    };
    world.site.serve_rendered("/privacy", policy(WILL_NOT));
    world.check(&watch).await;
    let home = "<!doctype html><html><title>Acme</title><body><h1>Kettles</h1><footer><a href=/trust/privacy>Privacy Policy</a></footer></body></html>";
    for path in ["/privacy", "/", "/trust/privacy"] {
        world.site.serve(path, shell());
    }
    world.site.serve_rendered("/privacy", gone());
    world.site.serve_rendered("/", home.to_owned());
    world.site.serve_rendered("/trust/privacy", policy(WILL_NOT));
    for usual in ["/privacy-policy", "/legal/privacy", "/policies/privacy", "/legal/privacy-policy"] {
        world.site.serve_rendered(usual, gone());
    }
    world.clock.advance(Duration::from_secs(3600));
    let lost = world.check(&watch).await.recorded.unwrap().check.unwrap();
    let sought = seek(&watch, lost, &world.ports()).await.unwrap().pop().unwrap();
    assert_eq!(sought.followed().map(|found| found.url.path()), Some("/trust/privacy"), "{sought:?}");
    assert_eq!(world.site.requests().len(), 0, "nothing was asked for plainly");

    // Where the browser only helps if it must, a page of scripts is looked at in it, too.
    let auto = Ladder { render: Render::Auto, archive: false };
    let other = World::new().await;
    let watch = other.follow(Watch { ladder: auto, ..crate::world::watch("/privacy", &[]) }).await;
    other.site.serve("/privacy", policy(WILL_NOT));
    other.check(&watch).await;
    other.site.serve("/privacy", gone());
    other.site.serve("/", home.to_owned());
    other.site.serve("/trust/privacy", shell());
    other.site.serve_rendered("/trust/privacy", policy(WILL_NOT));
    other.clock.advance(Duration::from_secs(3600));
    let lost = other.check(&watch).await.recorded.unwrap().check.unwrap();
    let sought = seek(&watch, lost, &other.ports()).await.unwrap().pop().unwrap();
    assert!(sought.followed().is_some(), "{sought:?}");
    assert_eq!(other.site.rendered(), 1, "and only that one");
    assert!(sought.requests <= MOST_REQUESTS);
}

#[tokio::test]
async fn a_redirect_that_only_an_archive_remembers_leads_on() {
    use crate::world::{Answer, MAY, WILL_NOT, World, policy};
    use policywatch::ladder::Ladder;

    for (archive, there, expected) in
        [(true, WILL_NOT, Some(MoveState::Followed)), (false, WILL_NOT, None), (true, MAY, None)]
    {
        let world = World::new().await;
        let ladder = Ladder { archive, ..Ladder::PLAIN };
        let watch = world.follow(Watch { ladder, ..crate::world::watch("/privacy", &[]) }).await;
        let gone = || Answer::Page(404, "<title>Not found</title><h1>404</h1>".to_owned());
        world.site.serve("/privacy", policy(WILL_NOT));
        world.check(&watch).await;
        for path in ["/privacy", "/", "/privacy-policy", "/legal/privacy", "/policies/privacy", "/legal/privacy-policy"]
        {
            world.site.serve(path, gone());
        }
        // Nothing links there; the site forgot its redirect, and an archive has it.
        world.site.serve("/hidden/p4711", policy(there));
        world.site.serve_archived_redirect("/privacy", "/hidden/p4711");
        world.clock.advance(Duration::from_secs(3600));
        let lost = world.check(&watch).await.recorded.unwrap().check.unwrap();
        let sought = seek(&watch, lost, &world.ports()).await.unwrap().pop().unwrap();
        let asked = world.site.requests().iter().filter(|request| request.source == Source::Wayback).count();
        assert_eq!(asked, usize::from(archive), "an archive is told of a page only where that is wanted");
        assert!(sought.requests <= MOST_REQUESTS);
        let found = sought.moves.first().filter(|found| found.url.path() == "/hidden/p4711");
        match expected {
            Some(state) => assert_eq!(found.map(|found| found.state), Some(state)),
            // What the text there says decides, not the archive.
            None => assert!(sought.followed().is_none() && (archive || found.is_none()), "{sought:?}"),
        }
    }
}

#[tokio::test]
async fn a_site_that_is_closed_to_robots_is_searched_with_the_leave_of_the_watch_only() {
    for (rule, expected) in [(RobotsRule::Respect, false), (RobotsRule::Ignore, true)] {
        let mut story = Story::new().await;
        story.moves_to("/trust/privacy");
        story.company.serve("/", html(framed("Acme", "<h1>Kettles</h1>", "<a href=\"/trust/privacy\">Privacy</a>")));
        // It closed itself after the first look; who has leave goes on.
        story.company.serve("/robots.txt", company::of_type("text/plain", "User-agent: *\nDisallow: /\n"));
        story.company.remove("/privacy");
        let watch = Watch { robots: RobotsRule::Ignore, ..story.watch.clone() };
        story.configure(watch).await;
        let checked = story.check().await;
        story.clock.advance(Duration::from_secs(48 * 3600));
        story.watch.robots = rule;
        let sought =
            seek(&story.watch, checked.recorded.unwrap().check.unwrap(), &story.ports).await.unwrap().pop().unwrap();
        assert_eq!(sought.followed().is_some(), expected, "{rule:?}: {sought:?}");
    }
}

#[tokio::test]
async fn a_history_is_asked_for_at_the_addresses_of_its_time() {
    let world = crate::world::World::new().await;
    let watch = world.follow(crate::world::watch("/privacy", &[])).await;
    let moved_at = world.clock.now();
    let url = watch.url.join("/trust/privacy").unwrap();
    let word = NewMove { url: url.clone(), way: Way::Operator, alike: None, state: MoveState::Accepted };
    world.store.record_moves(&watch, None, vec![word], moved_at).await.unwrap();
    let placed = policywatch::moving::in_its_place(&watch, &world.store).await.unwrap();
    let day = chrono::Duration::days(1);
    assert_eq!(
        (placed.address_at(0, moved_at - day).path(), placed.address_at(0, moved_at + day).path()),
        ("/privacy", "/trust/privacy")
    );
    for (at, path) in [(moved_at - day, "/privacy"), (moved_at + day, "/trust/privacy")] {
        world.site.serve_archived_at(path, crate::world::policy(crate::world::WILL_NOT), at);
        policywatch::backfill::nearest(&watch, 0, at, true, &world.site, &world.store, &world.clock, &unpacker())
            .await
            .unwrap();
    }
    let asked: Vec<String> = world.site.requests().iter().map(|request| request.url.path().to_owned()).collect();
    assert_eq!(asked, ["/privacy", "/trust/privacy"]);

    // Captures of a file belong to it at both, each in its time.
    let routing = |watches: &[Watch], path: &str, at| {
        policywatch::exchange::import::Routing::ByAddress(watches).of(url.join(path).unwrap().as_str(), at, None).len()
    };
    let placed = [placed];
    assert_eq!(routing(&placed, "/privacy", moved_at - day), 1);
    assert_eq!(routing(&placed, "/privacy", moved_at + day), 0, "what stands there since is somebody else's");
    assert_eq!(routing(&placed, "/trust/privacy", moved_at + day), 1);
}

/// The same of one page of several, for files and for an archive's index.
#[tokio::test]
async fn captures_of_a_page_that_moved_find_it_at_all_its_addresses() {
    use policywatch::exchange::import::Routing;
    let world = crate::world::World::new().await;
    let first = crate::world::watch("/privacy", &[]);
    let page = |path: &str| Page { url: first.url.join(path).unwrap(), selectors: Selectors::default() };
    let watch = world.follow(Watch { pages: vec![page("/cookies"), page("/children")], ..first.clone() }).await;
    let (moved_at, there) = (world.clock.now(), first.url.join("/legal/cookies").unwrap());
    let word = NewMove { url: there.clone(), way: Way::Operator, alike: None, state: MoveState::Accepted };
    world.store.record_moves_of_page(&watch, &watch.pages[0].url, None, vec![word], moved_at).await.unwrap();
    let placed = [policywatch::moving::in_its_place(&watch, &world.store).await.unwrap()];
    let day = chrono::Duration::days(1);
    let to = |path: &str, at, named| Routing::ByAddress(&placed).of(first.url.join(path).unwrap().as_str(), at, named);
    assert_eq!(to("/privacy", moved_at + day, None), [(0, 0)]);
    assert_eq!(to("/children", moved_at + day, None), [(0, 2)]);
    assert_eq!(to("/cookies", moved_at - day, None), [(0, 1)]);
    assert_eq!(to("/cookies", moved_at + day, None), [], "what stands there since is somebody else's");
    for named in [None, Some(watch.id.as_str())] {
        assert_eq!(to("/legal/cookies", moved_at + day, named), [(0, 1)]);
        assert_eq!(Routing::One(&placed[0]).of(there.as_str(), moved_at + day, named), [(0, 1)]);
    }
    assert_eq!(to("/other", moved_at + day, Some(watch.id.as_str())), []);

    // And they are recorded as that page's.
    let html = |text: &str| crate::world::cookies(text);
    let record = |number: u32, path: &str, day: &str, html: &str| {
        let block = format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n{html}");
        let (length, url) = (block.len(), first.url.join(path).unwrap());
        format!(
            "WARC/1.1\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:{number}>\r\nWARC-Date: {day}T00:00:00Z\r\n\
             WARC-Target-URI: {url}\r\nContent-Type: application/http\r\nContent-Length: {length}\r\n\r\n{block}\r\n\r\n"
        )
    };
    let path = world.file("moved.warc");
    let records = [
        record(1, "/cookies", "2025-06-01", &html("two weeks")),
        record(2, "/cookies", "2026-02-01", &html("nobody's business")),
        record(3, "/legal/cookies", "2026-02-02", &html("two years")),
    ];
    std::fs::write(&path, records.concat()).unwrap();
    let unpacker = unpacker();
    let mode = policywatch::exchange::import::Mode::Record;
    let routing = Routing::ByAddress(&placed);
    let mut recorder =
        policywatch::exchange::import::Recorder::new(routing, mode, &world.store, &world.clock, &unpacker);
    policywatch::exchange::import::warc_file(&path, &mut recorder, |_, _| Ok(())).await.unwrap();
    assert_eq!((recorder.summary.read, recorder.summary.other_pages), (2, 1));
    let latest = world.store.latest(&watch.id).await.unwrap().unwrap();
    assert!(latest.reading.text().contains("two years"), "{}", latest.reading.text());
    assert_eq!(latest.facts.number, 2);
}

// The command line.

fn desk(company: &Company) -> Desk {
    let desk = Desk::new();
    let (store, page) = (desk.path("policywatch.db"), company.url("/privacy"));
    desk.write(
        "policywatch.toml",
        format!(
            "[store]\npath = {store:?}\n[fetch]\nallow = [\"127.0.0.1\"]\npause_per_host = \"0s\"\n\
             [[watch]]\nid = \"acme\"\nurl = \"{page}\"\ntype = \"privacy\"\n"
        ),
    );
    desk
}

#[test]
fn fetch_list_log_and_why_tell_of_a_move() {
    let company = Company::alone();
    company.serve("/privacy", html(policy("Privacy Policy", KETTLES)));
    let desk = desk(&company);
    desk.run(&["fetch", "acme"]).exits(0);
    desk.run(&["move", "acme"]).exits(0).says("no move of it is known");
    desk.run(&["move", "acme", "--accept"]).exits(2).says("no move of watch \"acme\" waits");
    desk.run(&["move", "acme", "--back"]).exits(2).says("is at the address of the configuration");
    company.serve("/new/privacy", html(policy("Privacy Policy", KETTLES)));
    company.serve("/", html(framed("Acme", "<h1>Kettles</h1>", "<a href=\"/new/privacy\">Privacy</a>")));
    company.remove("/privacy");

    desk.run(&["fetch", "acme", "--dry-run"]).exits(3).prints("not_found");
    desk.run(&["move", "acme"]).exits(0).says("no move of it is known\n");
    let fetched = desk.run(&["fetch", "acme"]).exits(0).prints("not_found").prints("the same text");
    fetched.says("/new/privacy (1.00 alike), and is followed there; update url in the configuration");
    desk.run(&["list"]).exits(0).prints("by itself");
    let listed = desk.run(&["list", "--json"]).exits(0).objects();
    assert_eq!(listed[0]["moved_to"].as_str(), Some(company.url("/new/privacy").as_str()));
    assert_eq!(listed[0]["url"].as_str(), Some(company.url("/privacy").as_str()));
    desk.run(&["log", "acme"]).exits(0).prints("→").prints("followed there by itself");
    let logged = desk.run(&["log", "acme", "--json"]).exits(0).objects();
    let moved = logged.iter().find(|object| object["move"].is_string()).unwrap();
    assert_eq!((moved["move"].as_str(), moved["similarity"].as_f64()), (Some("followed"), Some(1.0)));
    desk.run(&["why", "acme"]).exits(0).prints("update url in the");
    company.asked();
    desk.run(&["move", "acme", "--back", "--dry-run"]).exits(0).says("would go on");
    assert_eq!(company.asked(), Vec::<String>::new());
    let shown = desk.run(&["move", "acme", "--json"]).exits(0).objects();
    assert_eq!(shown[0]["url"].as_str(), Some(company.url("/new/privacy").as_str()));
    let before = std::fs::read_to_string(desk.path("policywatch.toml")).unwrap();
    desk.run(&["move", "acme", "--write", "--dry-run"]).exits(0).says("would write");
    assert_eq!(std::fs::read_to_string(desk.path("policywatch.toml")).unwrap(), before);
    desk.run(&["move", "acme", "--write"]).exits(0).says("wrote url");
    let (old, new) = (company.url("/privacy"), company.url("/new/privacy"));
    let after = std::fs::read_to_string(desk.path("policywatch.toml")).unwrap();
    let line = format!("\"{new}\"\nurls = [{{ url = \"{old}\", until = \"");
    assert!(after.contains(&line), "{after}");
    let until = after.split_once("until = ").and_then(|(_, rest)| rest.split_once(" }]\n")).unwrap().0;
    let (was, is) = (format!("\"{old}\""), format!("\"{new}\"\nurls = [{{ url = \"{old}\", until = {until} }}]"));
    assert_eq!(after, before.replace(&was, &is));
    desk.run(&["fetch", "acme"]).exits(0).prints("acme");
    assert!(!desk.run(&["list"]).exits(0).out.contains("update url"));
    desk.run(&["log", "acme"]).exits(0).prints("the configuration names");
    let logged = desk.run(&["log", "acme", "--json"]).exits(0).objects();
    let ended: Vec<_> = logged.iter().filter_map(|object| object["move_end"].as_str()).collect();
    assert_eq!(ended, ["configured"]);
    desk.run(&["move", "acme", "--write"]).exits(2).says("is at the address of the configuration");
    desk.write("policywatch.toml", before);
    desk.run(&["move", "acme", "--back"]).exits(0);
    desk.run(&["fetch", "acme"]).exits(3).prints("not_found");
}

#[test]
fn a_policy_that_is_lost_without_a_trace_is_said_to_be_searched_for() {
    let company = Company::alone();
    company.serve("/privacy", html(policy("Privacy Policy", KETTLES)));
    let desk = desk(&company);
    desk.run(&["fetch", "acme"]).exits(0);
    company.remove("/privacy");
    desk.run(&["fetch", "acme"]).exits(3).prints("not_found");
    desk.run(&["move", "acme"]).exits(0).says("although it is not where it was").says("`--search` now");
    let searched = desk.run(&["move", "acme", "--search"]).exits(0).says("although it is not where it was");
    assert!(!searched.err.contains("--search"), "{}", searched.err);
}

#[test]
fn whoever_runs_it_decides_about_what_is_proposed() {
    let company = Company::alone();
    company.serve("/privacy", html(policy("Privacy Policy", KETTLES)));
    let desk = desk(&company);
    desk.run(&["fetch", "acme"]).exits(0);
    let revised = policy("Privacy Policy", KETTLES).replace("collect", "gather").replace("share", "pass on");
    company.serve("/new/privacy", html(revised));
    company.serve("/", html(framed("Acme", "<h1>Kettles</h1>", "<a href=\"/new/privacy\">Privacy</a>")));
    company.remove("/privacy");
    desk.run(&["fetch", "acme"]).exits(3).says("may have moved to");
    desk.run(&["list"]).exits(0).prints("--accept");
    desk.run(&["move", "acme", "nonsense"]).exits(2).says("is no address of the web");
    desk.run(&["move", "acme", company.url("/gone").as_str()])
        .exits(3)
        .says("is no policy that can be read: not_found");
    desk.run(&["move", "acme", "--search"]).exits(0).says("found 1 page");
    desk.run(&["move", "acme", "--accept"]).exits(0).says("goes on at").prints("accepted");
    desk.run(&["fetch", "acme"]).exits(0).prints("Privacy Policy").prints("gather");
    desk.run(&["diff", "acme"]).exits(0).prints("gather");
}
