//! Policies that stand on several pages, one of which is away: each page has a state of its
//! own, the last text of the one that is away stands, and what the others change is told.

use std::time::Duration;

use policywatch::alert::Delivery;
use policywatch::backfill::{Nearest, nearest};
use policywatch::check::{Checked, check, dry_run};
use policywatch::clock::{Clock as _, HeldClock};
use policywatch::health::Health;
use policywatch::interest::Interest;
use policywatch::ladder::{Ladder, Render, Rung, Tried};
use policywatch::outcome::{FailureKind, Outcome};
use policywatch::pages::{Together, read_again};
use policywatch::reading::{Page, Selectors, Why};
use policywatch::snapshot::Origin;
use policywatch::watch::{Watch, WatchId};
use serde_json::Value;
use url::Url;

use crate::company::{self, Company, html, redirect};
use crate::desk::Desk;
use crate::world::{Answer, BOT_WALL, MAY, WILL_NOT, World, children, cookies, monday, policy, unpacker, watch};

const DAY: Duration = Duration::from_secs(24 * 3600);
const COOKIES: &str = "https://acme.test/cookies";
const CHILDREN: &str = "https://acme.test/children";

fn gone() -> Answer {
    Answer::Page(404, "<title>Not found</title><h1>404: there is no such page</h1>".to_owned())
}

fn page(url: &str) -> Page {
    Page { url: Url::parse(url).unwrap(), selectors: Selectors::default() }
}

/// A policy on three pages, of any change of which the desk is told.
fn of_three() -> Watch {
    Watch {
        id: WatchId::new("acme").unwrap(),
        pages: vec![page(COOKIES), page(CHILDREN)],
        interest: Interest::ALL,
        ..watch("/privacy", &["desk"])
    }
}

/// A world in which all three were read once.
async fn three_pages(watch: Watch) -> (World, Watch) {
    let world = World::new().await;
    let watch = world.follow(watch).await;
    world.site.serve("/privacy", policy(WILL_NOT));
    world.site.serve("/cookies", cookies("two weeks"));
    world.site.serve("/children", children());
    assert_eq!(world.check(&watch).await.outcome.as_str(), "first");
    (world, watch)
}

/// Checks a day later.
async fn tomorrow(world: &World, watch: &Watch) -> Checked {
    world.clock.advance(DAY);
    world.check(watch).await
}

fn states(checked: &Checked) -> Vec<&'static str> {
    checked.pages.iter().map(|page| page.outcome.as_str()).collect()
}

/// The sections that a check told of.
fn told(checked: &Checked) -> Vec<String> {
    let Outcome::Changed { change, .. } = &checked.outcome else {
        panic!("changed, not {}: {:?}", checked.outcome.as_str(), checked.outcome.why())
    };
    let name = |path: &Option<Vec<String>>| path.as_ref().and_then(|path| path.last().cloned());
    change.sections.iter().filter_map(|section| name(&section.to).or_else(|| name(&section.from))).collect()
}

async fn said(world: &World) -> Vec<(String, Value)> {
    let body = |delivery: &Delivery| -> Value { serde_json::from_str(&delivery.body).unwrap() };
    let all = world.deliveries().await;
    all.iter().map(body).map(|body| (body["type"].as_str().unwrap().to_owned(), body["data"].clone())).collect()
}

async fn health(world: &World, watch: &Watch) -> (Health, Vec<Health>) {
    let state = world.store.watch_state(&watch.id).await.unwrap().unwrap();
    (state.health(), state.parts.iter().map(policywatch::health::Part::health).collect())
}

/// Every version reads again from the snapshots that it cites.
async fn assert_sound(world: &World) {
    let again = |snapshots: &[_], version: &policywatch::version::Version| {
        read_again(&version.facts.reader, snapshots, &|_| Ok(None)).unwrap().map(|reading| reading.digest())
    };
    let verified = world.store.verify(again, |_, _| {}).await.unwrap();
    assert_eq!(verified.damages, Vec::<String>::new());
}

#[tokio::test]
async fn a_page_that_is_away_for_a_month_hides_nothing_and_loses_nothing() {
    let (world, watch) = three_pages(of_three()).await;
    let first_served = world.clock.now();
    world.site.serve("/cookies", gone());
    for day in 1..=30 {
        if day == 10 {
            world.site.serve("/privacy", policy(MAY));
        }
        let checked = tomorrow(&world, &watch).await;
        assert_eq!(states(&checked)[1], "unreadable", "day {day}");
        assert_eq!(checked.stale.len(), 1);
        assert_eq!((checked.stale[0].url.as_str(), checked.stale[0].text_of), (COOKIES, Some(first_served)));
        if day == 10 {
            assert_eq!(told(&checked), ["Sharing"], "no section of the page that is away was removed");
        } else {
            assert_eq!(checked.outcome.as_str(), "unchanged", "day {day}");
        }
        let expected = vec![Health::Well, Health::Unreadable, Health::Well];
        assert_eq!(health(&world, &watch).await, (Health::PageStale, expected), "day {day}");
    }
    let latest = world.store.latest(&watch.id).await.unwrap().unwrap();
    assert!(latest.reading.text().contains("deleted after two weeks"), "its last text stands");
    let state = world.store.watch_state(&watch.id).await.unwrap().unwrap();
    assert_eq!((state.failing_since, state.consecutive_failures), (None, 0), "the policy as a whole is seen");
    let part = state.stale_parts().next().unwrap();
    assert_eq!((part.url.as_str(), part.failures, part.last_seen_at), (COOKIES, 30, Some(first_served)));

    let all = said(&world).await;
    let kinds: Vec<&str> = all.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["policy.unseen", "policy.changed"], "once each");
    assert_eq!(all[0].1["page"], COOKIES);
    assert!(all[0].1["why"].as_str().unwrap().starts_with("not_found"), "{}", all[0].1);
    let stale = &all[1].1["stale_pages"];
    assert_eq!((stale[0]["url"].as_str(), stale.as_array().map(Vec::len)), (Some(COOKIES), Some(1)));
    assert_eq!(stale[0]["text_of"], "2026-01-05T06:00:00.000Z");

    // It comes back with another text.
    world.site.serve("/cookies", cookies("two years"));
    let back = tomorrow(&world, &watch).await;
    assert_eq!((told(&back), back.stale.len()), (vec!["Cookies that we need".to_owned()], 0));
    let expected = (Health::Well, vec![Health::Well; 3]);
    assert_eq!(health(&world, &watch).await, expected);
    let all = said(&world).await;
    let kinds: Vec<&str> = all.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["policy.unseen", "policy.changed", "policy.seen_again", "policy.changed"]);
    assert_eq!((all[2].1["page"].as_str(), all[3].1.get("stale_pages")), (Some(COOKIES), None));
    assert_eq!(tomorrow(&world, &watch).await.outcome.as_str(), "unchanged");
    assert_eq!(said(&world).await.len(), 4);
    assert_eq!(world.store.versions(&watch.id).await.unwrap().len(), 3);
    assert_sound(&world).await;
    world.deliver_all().await;
}

#[tokio::test]
async fn each_page_is_told_of_for_itself_and_all_of_them_as_one() {
    let (world, watch) = three_pages(of_three()).await;
    world.site.serve("/cookies", gone());
    for _ in 0..3 {
        tomorrow(&world, &watch).await;
    }
    world.site.serve("/children", gone());
    for _ in 0..9 {
        tomorrow(&world, &watch).await;
    }
    let pages = |all: &[(String, Value)]| -> Vec<String> {
        all.iter().map(|(kind, data)| format!("{kind} {}", data["page"].as_str().unwrap_or("-"))).collect()
    };
    let both = [format!("policy.unseen {COOKIES}"), format!("policy.unseen {CHILDREN}")];
    assert_eq!(pages(&said(&world).await), both);

    // Now none is seen: that is one silence, of the whole.
    world.site.serve("/privacy", Answer::Failure(FailureKind::Refused { host: "acme.test:443".to_owned() }));
    for _ in 0..9 {
        let checked = tomorrow(&world, &watch).await;
        assert_eq!((checked.outcome.is_success(), checked.stale.len()), (false, 0));
    }
    assert_eq!(pages(&said(&world).await)[2..], ["policy.unseen -".to_owned()]);
    assert_eq!(health(&world, &watch).await.0, Health::Stale);

    world.site.serve("/privacy", policy(WILL_NOT));
    world.site.serve("/children", children());
    assert_eq!(tomorrow(&world, &watch).await.outcome.as_str(), "unchanged");
    let ends = ["policy.seen_again -".to_owned(), format!("policy.seen_again {CHILDREN}")];
    assert_eq!(pages(&said(&world).await)[3..], ends, "one is still away, and was told of");
    world.deliver_all().await;
    assert_sound(&world).await;
}

#[tokio::test]
async fn a_page_that_was_never_read_joins_quietly() {
    let world = World::new().await;
    let watch = world.follow(of_three()).await;
    world.site.serve("/privacy", policy(WILL_NOT));
    world.site.serve("/cookies", gone());
    world.site.serve("/children", children());
    let first = world.check(&watch).await;
    assert_eq!((first.outcome.as_str(), first.stale[0].text_of), ("first", None));
    let text = world.store.latest(&watch.id).await.unwrap().unwrap().reading.text();
    assert!(text.contains("What we collect") && text.contains("hild's choice") && !text.contains("basket cookie"));
    world.site.serve("/privacy", policy(MAY));
    assert_eq!(told(&tomorrow(&world, &watch).await), ["Sharing"]);
    world.site.serve("/cookies", cookies("two weeks"));
    let joined = tomorrow(&world, &watch).await;
    assert_eq!((joined.outcome.as_str(), states(&joined)[1]), ("unchanged", "first"));
    let text = world.store.latest(&watch.id).await.unwrap().unwrap().reading.text();
    assert!(text.find("How long we keep it") < text.find("basket cookie"), "it is in its place");
    assert_eq!(said(&world).await.len(), 1, "nobody is told that a page was published which was always there");
    world.deliver_all().await;
    assert_sound(&world).await;
}

#[tokio::test]
async fn a_history_that_is_put_in_order_again_says_the_same_of_a_page_that_was_away() {
    let (world, watch) = three_pages(of_three()).await;
    world.site.serve("/cookies", gone());
    tomorrow(&world, &watch).await;
    world.site.serve("/privacy", policy(MAY));
    tomorrow(&world, &watch).await;
    world.site.serve("/cookies", cookies("two years"));
    tomorrow(&world, &watch).await;
    let texts = async || {
        let mut texts = Vec::new();
        for version in world.store.versions(&watch.id).await.unwrap() {
            texts.push((version.captured_at, version.digest));
        }
        texts
    };
    let before = texts().await;
    assert_eq!(before.len(), 3);
    // A capture of an older text of one page comes late, and everything is derived anew.
    let then = monday() - chrono::Duration::days(90);
    world.site.serve_archived_at("/cookies", cookies("one hour"), then);
    let unpacker = unpacker();
    let found = nearest(&watch, 1, then, false, &world.site, &world.store, &world.clock, &unpacker).await.unwrap();
    assert!(matches!(found, Nearest::Read(..)), "{found:?}");
    let after = texts().await;
    assert_eq!(after[after.len() - 3..], before, "what was seen live stays as it was");
    assert_eq!(after[0].0, then);
    assert_eq!(tomorrow(&world, &watch).await.outcome.as_str(), "unchanged");
    world.deliver_all().await;
    assert_eq!(said(&world).await.len(), 2);
    assert_sound(&world).await;
}

#[tokio::test]
async fn a_page_that_fails_for_a_moment_is_asked_for_again_soon() {
    let daily = policywatch::cadence::Schedule::every(DAY);
    let (world, watch) = three_pages(Watch { schedule: daily, ..of_three() }).await;
    world.site.serve("/cookies", Answer::Failure(FailureKind::Refused { host: "acme.test:443".to_owned() }));
    let checked = tomorrow(&world, &watch).await;
    let pause = checked.next_check_at.unwrap() - world.clock.now();
    assert!(pause < chrono::Duration::hours(12), "{pause}");
    world.site.serve("/cookies", Answer::Page(403, BOT_WALL.to_owned()));
    let checked = tomorrow(&world, &watch).await;
    let pause = checked.next_check_at.unwrap() - world.clock.now();
    assert!(pause > chrono::Duration::hours(12), "who was turned away does not knock more often: {pause}");
}

#[tokio::test]
async fn a_dry_run_says_the_same_and_records_nothing() {
    let (world, watch) = three_pages(of_three()).await;
    world.site.serve("/cookies", gone());
    world.site.serve("/privacy", policy(MAY));
    world.clock.advance(DAY);
    let dry = dry_run(&watch, &world.ports()).await.unwrap();
    assert_eq!((told(&dry), dry.stale.len()), (vec!["Sharing".to_owned()], 1));
    assert_eq!(world.store.checks(&watch.id, 9).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_change_of_the_first_page_is_recorded_with_how_much_it_matters() {
    let (world, watch) = three_pages(of_three()).await;
    // Real pages are served one after the other: the one that changed is not the newest.
    world.site.serve("/privacy", policy(MAY));
    world.clock.advance(DAY);
    let (asked, clock) = (world.site.asked.clone(), world.clock.clone());
    let passing = tokio::spawn(async move {
        loop {
            asked.notified().await;
            clock.advance(Duration::from_secs(1));
        }
    });
    let checked = world.check(&watch).await;
    passing.abort();
    assert_eq!(told(&checked), ["Sharing"]);
    let recorded = world.store.checks(&watch.id, 1).await.unwrap().remove(0);
    assert_eq!((recorded.version, recorded.materiality.as_deref()), (Some(2), Some("material")));
    let said = said(&world).await;
    assert_eq!(said[0].1["links"]["policy"], "https://acme.test/privacy", "the page that changed");
    let version = world.store.latest(&watch.id).await.unwrap().unwrap().facts;
    assert_eq!(said[0].1["to"]["captured_at"], policywatch::time::rfc3339(version.captured_at));
    world.deliver_all().await;
}

#[tokio::test]
async fn a_blocked_page_is_read_in_the_archive_while_the_others_are_read_live() {
    let ladder = Ladder { render: Render::Never, archive: true };
    let (world, watch) = three_pages(Watch { ladder, ..of_three() }).await;
    world.site.serve("/cookies", Answer::Page(403, BOT_WALL.to_owned()));
    // A capture that is older than what is on record says nothing.
    world.site.serve_archived_at("/cookies", cookies("two years"), monday() - chrono::Duration::days(1));
    let checked = tomorrow(&world, &watch).await;
    assert_eq!((checked.outcome.as_str(), checked.stale.len()), ("unchanged", 1));
    assert!(checked.stale[0].why.contains("the archive did not help"), "{}", checked.stale[0].why);
    assert_eq!(checked.tried.iter().filter(|tried| tried.rung == Rung::Archive).count(), 1, "{:?}", checked.tried);

    world.clock.advance(DAY);
    world.site.serve_archived_at("/cookies", cookies("two years"), world.clock.now());
    world.site.serve("/privacy", Answer::NotModified);
    world.site.serve("/children", Answer::NotModified);
    let checked = tomorrow(&world, &watch).await;
    assert_eq!(told(&checked), ["Cookies that we need"]);
    let Outcome::Changed { snapshot, .. } = &checked.outcome else { unreachable!() };
    assert!(matches!(snapshot.origin, Origin::Wayback { .. }), "{:?}", snapshot.origin);
    assert!(checked.recorded.as_ref().is_some_and(|recorded| !recorded.out_of_order && recorded.version == Some(2)));
    assert_eq!(world.deliveries().await.len(), 1);
    let (whole, parts) = health(&world, &watch).await;
    assert_eq!((whole, parts[1]), (Health::PageStale, Health::Blocked), "the page itself was not seen");
    // It is not asked again within a day, and the same capture is no news.
    world.clock.advance(Duration::from_secs(3600));
    let again = world.check(&watch).await;
    assert!(again.outcome.is_success() && again.tried.is_empty(), "{:?}", again.tried);
    assert_eq!(world.store.versions(&watch.id).await.unwrap().len(), 2);
    world.deliver_all().await;
    assert_sound(&world).await;
}

#[tokio::test]
async fn a_page_that_leads_elsewhere_is_away_and_its_sections_are_not_removed() {
    let company = Company::start().await;
    let dir = tempfile::tempdir().unwrap();
    let clock = HeldClock::new(monday());
    let ports = company::ports(&dir, &clock).await;
    company.serve("/privacy", html(policy(WILL_NOT)));
    company.serve("/cookies", html(cookies("two weeks")));
    company.serve("/owner", html(company::policy("Privacy Notice", "what rockets record in orbit")));
    let watch = Watch {
        id: WatchId::new("acme").unwrap(),
        url: company.url("/privacy"),
        pages: vec![page(company.url("/cookies").as_str())],
        ..watch("/privacy", &[])
    };
    let now = clock.now();
    ports.store.sync_watches(vec![watch.clone()], move |_, _| Some(now), now).await.unwrap();
    assert_eq!(check(&watch, &ports).await.unwrap().outcome.as_str(), "first");
    company.serve("/cookies", redirect(301, "/owner"));
    for _ in 0..2 {
        clock.advance(DAY);
        let checked = check(&watch, &ports).await.unwrap();
        assert_eq!((checked.outcome.as_str(), checked.stale.len()), ("unmodified", 1));
        let Outcome::Unreadable { why, .. } = &checked.pages[1].outcome else { panic!("{:?}", checked.pages[1]) };
        assert_eq!(why.why, Why::WrongPage);
        assert!(why.evidence[0].starts_with("redirected to different content"), "{why}");
    }
    // It became a part of another page of the policy, which is there already.
    company.serve("/cookies", redirect(301, "/privacy"));
    clock.advance(DAY);
    let checked = check(&watch, &ports).await.unwrap();
    let why = checked.pages[1].outcome.why().unwrap();
    assert!(why.contains("another page of the policy") && why.contains("take it out of pages"), "{why}");
    // The same text at another place is the page all the same.
    company.serve("/legal/cookies", html(cookies("two weeks")));
    company.serve("/cookies", redirect(301, "/legal/cookies"));
    clock.advance(DAY);
    let checked = check(&watch, &ports).await.unwrap();
    assert_eq!(states(&checked), ["unmodified", "unchanged"]);
}

#[tokio::test]
async fn what_was_tried_is_kept_where_our_own_code_failed_on_all() {
    let (world, watch) = three_pages(of_three()).await;
    let previous = world.store.latest(&watch.id).await.unwrap().map(|latest| latest.facts.id);
    let outcome = Outcome::Broken { snapshot: None, message: "a bug".to_owned() };
    let tried = |rung, at| Tried::of(rung, Some(at), &outcome);
    let tried = vec![tried(Rung::Plain, 0), tried(Rung::Plain, 1), tried(Rung::Browser, 1)];
    let together = Together { tried, ..Together::alone(outcome.clone()) };
    let now = world.clock.now();
    world.store.record_pages(&watch.id, previous, together, &watch.reader(), Vec::new(), None, now).await.unwrap();
    let kept = world.store.checks(&watch.id, 1).await.unwrap().remove(0).tried;
    let said: Vec<_> = kept.iter().map(|tried| (tried.rung.as_str(), tried.why.clone().unwrap())).collect();
    let why = |url: &str| format!("page {url}: a bug");
    let privacy = why("https://acme.test/privacy");
    assert_eq!(said, [("plain", privacy), ("plain", why(COOKIES)), ("browser", why(COOKIES))]);
}

#[test]
fn people_see_which_page_is_away() {
    let company = Company::alone();
    company.serve("/privacy", html(policy(WILL_NOT)));
    company.serve("/cookies", html(cookies("two weeks")));
    let desk = Desk::new();
    let (store, alerts) = (desk.path("policywatch.db"), desk.path("alerts.jsonl"));
    desk.write(
        "policywatch.toml",
        format!(
            "[store]\npath = {store:?}\n[fetch]\nallow = [\"127.0.0.1\"]\npause_per_host = \"0s\"\n\
             [defaults]\nrender = \"never\"\narchive_if_blocked = false\nnotify = [\"desk\"]\nalert_at = \"minor\"\n\
             [[channel]]\nname = \"desk\"\nkind = \"file\"\npath = {alerts:?}\n\
             [[watch]]\nid = \"acme\"\nurl = \"{}\"\npages = [\"{}\"]\ntype = \"privacy\"\n",
            company.url("/privacy"),
            company.url("/cookies")
        ),
    );
    desk.run(&["fetch", "acme"]).exits(0);
    assert!(!desk.run(&["list"]).exits(0).out.contains("stale"));
    company.remove("/cookies");
    company.serve("/privacy", html(policy(MAY)));
    let fetched = desk.run(&["fetch", "acme"]).exits(0).prints("MATERIAL").prints("not_found");
    fetched.says("/cookies is stale; its text of");
    desk.run(&["list"]).exits(0).prints("is stale since").prints("not_found");
    let listed = desk.run(&["list", "--json"]).exits(0).objects().remove(0);
    assert_eq!((listed["health"].as_str(), listed["last_outcome"].as_str()), (Some("page_stale"), Some("changed")));
    let states: Vec<_> = listed["pages"].as_array().unwrap().iter().map(|page| page["health"].clone()).collect();
    assert_eq!(states, ["well", "unreadable"]);
    let shown = desk.run(&["show", "acme"]).exits(0).prints("deleted after two weeks");
    shown.says("what stands here of it is its last text");
    assert!(!desk.run(&["show", "acme@1"]).exits(0).err.contains("stale"), "an old text is no matter of today");
    let shown = desk.run(&["show", "acme", "--json"]).exits(0).objects().remove(0);
    assert_eq!(shown["stale_pages"][0]["url"].as_str(), Some(company.url("/cookies").as_str()));
    let alert: Value = serde_json::from_str(std::fs::read_to_string(&alerts).unwrap().lines().next().unwrap()).unwrap();
    assert_eq!(alert["data"]["stale_pages"][0]["url"].as_str(), Some(company.url("/cookies").as_str()));
}
