//! Stories of policies that move: what is followed, what is proposed, what is neither.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use policywatch::check::{Checked, Ports, SPREAD, check};
use policywatch::clock::{Clock as _, HeldClock};
use policywatch::discovery::moves::{Move, MoveState, NewMove, Way};
use policywatch::fetch::{Fetcher, Options};
use policywatch::moving::{MOST_REQUESTS, Sought, can_move, seek, seek_now};
use policywatch::outcome::Outcome;
use policywatch::scheduler::{self, InForce};
use policywatch::seeker::Seeker;
use policywatch::store::Store;
use policywatch::watch::{PolicyType, Source, Watch};
use tokio_util::sync::CancellationToken;

use crate::company::{Company, frame, framed, html, policy, redirect};
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
        let options = Options {
            pause_per_host: Duration::ZERO,
            allow: vec![policywatch::guard::Allowed::Host("127.0.0.1".to_owned())],
            ..Options::default()
        };
        let ports = Ports {
            store: Store::open(&dir.path().join("policywatch.db")).await.unwrap(),
            fetcher: Fetcher::new(options, clock.clone()).unwrap(),
            unpacker: unpacker(),
            clock: clock.clone(),
            spread: SPREAD,
        };
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
        seek(&self.watch, check, &self.ports).await.unwrap().expect("nothing was searched for today")
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
    let several = Watch {
        pages: vec![policywatch::reading::Page { url: story.watch.url.clone(), selectors: Default::default() }],
        ..story.watch.clone()
    };
    assert!(can_move(&story.watch) && !can_move(&several));
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
    assert_eq!(seek(&story.watch, check, &story.ports).await.unwrap(), None, "once a day");
    assert_eq!(story.ports.store.lost(policywatch::moving::ONCE_IN, story.clock.now()).await.unwrap(), []);
    assert_eq!(story.company.asked(), ["/privacy"]);
    assert_eq!(seek_now(&story.watch, &story.ports).await.unwrap().requests, MOST_REQUESTS, "unless somebody asks");

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
    assert_eq!(after, before.replace(old.as_str(), new.as_str()));
    desk.run(&["fetch", "acme"]).exits(0).prints("acme");
    assert!(!desk.run(&["list"]).exits(0).out.contains("update url"));
    desk.run(&["move", "acme", "--write"]).exits(2).says("is at the address of the configuration");
    desk.write("policywatch.toml", before);
    desk.run(&["move", "acme", "--back"]).exits(0);
    desk.run(&["fetch", "acme"]).exits(3).prints("not_found");
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
