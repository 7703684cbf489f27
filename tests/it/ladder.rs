//! Stories of the ladder: which way a page is asked for, what is kept of each, what is
//! remembered. The browser and the archive are the site's own word here; a real browser is
//! in `rendering`.

use std::time::Duration;

use policywatch::judgment::Materiality;
use policywatch::ladder::{Ladder, Render, Rung};
use policywatch::outcome::{FailureKind, Outcome};
use policywatch::reading::{Page, Selectors};
use policywatch::snapshot::Origin;
use policywatch::watch::{Source, Watch};
use url::Url;

use crate::world::{Answer, BOT_WALL, MAY, WILL_NOT, World, policy, watch};

const SHELL: &str = "<!doctype html><html><head><title>Acme</title></head><body><div id=app></div>\
                     <script src=/app.js></script></body></html>";

const DAY: Duration = Duration::from_secs(24 * 3600);

async fn followed(world: &World, ladder: Ladder) -> Watch {
    world.follow(Watch { ladder, ..watch("/privacy", &["desk"]) }).await
}

/// What was tried in the last check, a word each.
async fn tried(world: &World, watch: &Watch) -> Vec<String> {
    let check = world.store.checks(&watch.id, 1).await.unwrap().remove(0);
    check.tried.iter().map(|tried| format!("{}: {}", tried.rung.as_str(), tried.outcome)).collect()
}

/// How often the page was asked for plainly.
fn plain(world: &World) -> usize {
    world.site.requests().iter().filter(|request| request.source == Source::Live).count()
}

fn wall() -> Answer {
    Answer::Page(403, BOT_WALL.to_owned())
}

#[tokio::test]
async fn a_page_of_scripts_takes_the_browser_and_that_is_remembered() {
    let world = World::new().await;
    let watch = followed(&world, Ladder::default()).await;
    world.site.serve("/privacy", Answer::Page(200, SHELL.to_owned()));
    world.site.serve_rendered("/privacy", policy(WILL_NOT));
    let first = world.check(&watch).await;
    assert!(matches!(first.outcome, Outcome::First { .. }), "{:?}", first.outcome);
    assert_eq!(tried(&world, &watch).await, ["plain: unreadable", "browser: first"]);
    let check = world.store.checks(&watch.id, 1).await.unwrap().remove(0);
    assert!(check.tried[0].why.as_deref().unwrap().starts_with("empty_shell"), "{:?}", check.tried);
    let held = world.store.snapshot(check.snapshot.unwrap()).await.unwrap();
    assert!(matches!(held.origin, Origin::Rendered { .. }));
    assert_eq!(plain(&world), 1);

    // For a week the page is not asked for plainly.
    world.clock.advance(DAY);
    assert_eq!(world.check(&watch).await.outcome.as_str(), "unchanged");
    assert_eq!(tried(&world, &watch).await, ["browser: unchanged"]);
    assert_eq!(plain(&world), 1);

    // Then it is tried again; it still is a shell.
    world.clock.advance(DAY * 7);
    assert_eq!(world.check(&watch).await.outcome.as_str(), "unchanged");
    assert_eq!(tried(&world, &watch).await, ["plain: unreadable", "browser: unchanged"]);

    // Once the plain answer says the same, that is enough.
    world.clock.advance(DAY * 7);
    world.site.serve("/privacy", policy(WILL_NOT));
    assert_eq!(world.check(&watch).await.outcome.as_str(), "unchanged");
    assert_eq!(tried(&world, &watch).await, Vec::<String>::new());
    let known = world.store.known_rung(&watch.id, None).await.unwrap().unwrap();
    assert_eq!(known.rung, Rung::Plain);
}

#[tokio::test]
async fn another_text_than_the_browsers_is_looked_at_in_the_browser() {
    let world = World::new().await;
    let watch = followed(&world, Ladder::default()).await;
    world.site.serve("/privacy", Answer::Page(200, SHELL.to_owned()));
    world.site.serve_rendered("/privacy", policy(WILL_NOT));
    world.check(&watch).await;
    world.clock.advance(DAY * 8);
    // The server answers with a text now, but it is a part of the page.
    let part = policy(WILL_NOT).replace("We keep orders for ten years, as tax law requires.", "");
    world.site.serve("/privacy", part);
    assert_eq!(world.check(&watch).await.outcome.as_str(), "unchanged");
    assert_eq!(tried(&world, &watch).await, ["plain: changed", "browser: unchanged"]);
    assert!(world.deliveries().await.is_empty(), "nobody is told of our own change of ways");
}

#[tokio::test]
async fn a_change_that_is_seen_in_another_way_says_so() {
    let world = World::new().await;
    let watch = followed(&world, Ladder::default()).await;
    world.site.serve("/privacy", policy(WILL_NOT));
    world.check(&watch).await;
    world.clock.advance(DAY);
    world.site.serve("/privacy", wall());
    world.site.serve_rendered("/privacy", policy(MAY));
    let checked = world.check(&watch).await;
    let Outcome::Changed { change, judgment, .. } = &checked.outcome else { panic!("{:?}", checked.outcome) };
    assert!(change.crosses_readings);
    assert_eq!(judgment.materiality, Materiality::Material);
    world.deliver_all().await;
    assert_eq!(world.inbox.got().len(), 1);
}

/// What a page lacked whose scripts were stopped is not added by the publisher later.
#[tokio::test]
async fn what_stopped_scripts_left_out_is_said_to_be_read_in_another_way() {
    for several in [false, true] {
        let world = World::new().await;
        let annex = Page { url: watch("/annex", &[]).url, selectors: Selectors::default() };
        let pages = if several { vec![annex] } else { Vec::new() };
        let watch = world.follow(Watch { ladder: Ladder::default(), pages, ..watch("/privacy", &["desk"]) }).await;
        world.site.serve("/annex", policy("We keep the annex for ten years."));
        world.site.serve("/privacy", Answer::Page(200, SHELL.to_owned()));
        world.site.serve_rendered("/privacy", policy(""));
        world.site.hang_scripts(true);
        assert_eq!(world.check(&watch).await.outcome.as_str(), "first");
        world.site.hang_scripts(false);
        let mut crosses = Vec::new();
        for said in [WILL_NOT, MAY] {
            world.clock.advance(DAY);
            world.site.serve_rendered("/privacy", policy(said));
            let checked = world.check(&watch).await;
            let Outcome::Changed { change, .. } = &checked.outcome else { panic!("{:?}", checked.outcome) };
            crosses.push(change.crosses_readings);
        }
        assert_eq!(crosses, [true, false], "several: {several}");
        world.deliver_all().await;
    }
}

/// What was served before is evidence and not needed for the next look: that goes on, and
/// `verify` says what is damaged.
#[tokio::test]
async fn a_check_goes_on_although_what_was_served_before_is_damaged() {
    for harm in [
        "UPDATE bodies SET digest = zeroblob(32)",
        "UPDATE bodies SET data = X'00'",
        "UPDATE snapshots SET head = X'00'",
    ] {
        let world = World::new().await;
        let watch = followed(&world, Ladder::default()).await;
        world.site.serve("/privacy", policy(WILL_NOT));
        world.check(&watch).await;
        rusqlite::Connection::open(world.store_path()).unwrap().execute_batch(harm).unwrap();
        world.clock.advance(DAY);
        world.site.serve("/privacy", policy(MAY));
        assert_eq!(world.check(&watch).await.outcome.as_str(), "changed", "{harm}");
        world.deliver_all().await;
        assert_eq!(world.inbox.got().len(), 1, "{harm}");
    }
}

#[tokio::test]
async fn a_blocked_page_is_read_in_the_archive_and_marked_so() {
    let world = World::new().await;
    let watch = followed(&world, Ladder::default()).await;
    world.site.serve("/privacy", policy(WILL_NOT));
    world.check(&watch).await;
    world.clock.advance(DAY);
    world.site.serve("/privacy", wall());
    world.site.serve_rendered("/privacy", wall());
    world.site.serve_archived("/privacy", policy(MAY));
    let checked = world.check(&watch).await;
    let Outcome::Changed { snapshot, .. } = &checked.outcome else { panic!("{:?}", checked.outcome) };
    assert!(matches!(snapshot.origin, Origin::Wayback { .. }));
    assert_eq!(tried(&world, &watch).await, ["plain: unreadable", "browser: unreadable", "archive: changed"]);
    let known = world.store.known_rung(&watch.id, None).await.unwrap().unwrap();
    assert_eq!(known.rung, Rung::Plain, "an archive says nothing of the ways to the page");
    world.deliver_all().await;

    // The same capture again is no news, and the block is told with what to do.
    world.clock.advance(DAY);
    world.site.serve_archived_at("/privacy", policy(MAY), snapshot.captured_at);
    let blocked = world.check(&watch).await;
    let Outcome::Unreadable { why, .. } = &blocked.outcome else { panic!("{:?}", blocked.outcome) };
    let said = why.evidence.join("; ");
    assert!(said.contains("the archive did not help") && said.contains("when the policy was last seen"), "{said}");
    assert!(said.contains("what to do: ask the publisher"), "{said}");
    assert_eq!(world.store.versions(&watch.id).await.unwrap().len(), 2, "a wall is never a version");
    assert_eq!(tried(&world, &watch).await, ["plain: unreadable", "browser: unreadable", "archive: unreachable"]);
}

#[tokio::test]
async fn an_archive_that_was_too_busy_is_asked_at_the_next_check() {
    let world = World::new().await;
    let watch = followed(&world, Ladder { render: Render::Never, archive: true }).await;
    world.site.serve("/privacy", policy(WILL_NOT));
    world.check(&watch).await;
    world.site.serve("/privacy", wall());
    let busy = FailureKind::ArchiveBusy { archive: "archive.test".to_owned() };
    world.site.serve_archived("/privacy", Answer::Failure(busy));
    let archived = |world: &World| world.site.requests().iter().filter(|asked| asked.source == Source::Wayback).count();
    for asked in 1..3 {
        world.clock.advance(Duration::from_secs(3600));
        let blocked = world.check(&watch).await;
        assert!(blocked.outcome.why().unwrap().contains("not asked: archive.test is busy"), "{:?}", blocked.outcome);
        assert_eq!(archived(&world), asked);
        assert_eq!(tried(&world, &watch).await, ["plain: unreadable", "archive: unreachable"]);
    }
    world.site.serve_archived("/privacy", policy(MAY));
    world.clock.advance(Duration::from_secs(3600));
    assert_eq!(world.check(&watch).await.outcome.as_str(), "changed");
    world.clock.advance(Duration::from_secs(3600));
    world.check(&watch).await;
    assert_eq!(archived(&world), 3, "once it was asked, it is left alone for a day");
    world.deliver_all().await;
}

#[tokio::test]
async fn who_asks_for_quiet_is_not_visited_in_another_dress() {
    let world = World::new().await;
    let watch = followed(&world, Ladder { render: Render::Auto, archive: false }).await;
    world.site.serve("/privacy", Answer::Page(429, "<p>Too many requests".to_owned()));
    world.site.serve_rendered("/privacy", policy(WILL_NOT));
    let checked = world.check(&watch).await;
    assert!(checked.outcome.why().unwrap().contains("left alone"), "{:?}", checked.outcome.why());
    assert_eq!(world.site.rendered(), 0);
}

#[tokio::test]
async fn without_a_browser_the_plain_answer_stands_and_says_what_is_missing() {
    let world = World::new().await;
    let watch = followed(&world, Ladder { render: Render::Auto, archive: false }).await;
    world.site.serve("/privacy", Answer::Page(200, SHELL.to_owned()));
    let missing = FailureKind::NoBrowser { reason: "none is installed; install Chromium".to_owned() };
    world.site.serve_rendered("/privacy", Answer::Failure(missing.clone()));
    let checked = world.check(&watch).await;
    let why = checked.outcome.why().unwrap();
    assert!(why.starts_with("empty_shell") && why.contains("install Chromium"), "{why}");

    // A browser that was there and is gone does not keep a page from being read.
    let other = world.follow(Watch { ladder: watch.ladder, ..crate::world::watch("/terms", &[]) }).await;
    world.site.serve("/terms", Answer::Page(200, SHELL.to_owned()));
    world.site.serve_rendered("/terms", policy(WILL_NOT));
    world.check(&other).await;
    world.site.serve_rendered("/terms", Answer::Failure(missing));
    world.site.serve("/terms", policy(WILL_NOT));
    world.clock.advance(DAY);
    assert_eq!(world.check(&other).await.outcome.as_str(), "unchanged");
    assert_eq!(tried(&world, &other).await, ["browser: unreachable", "plain: unchanged"]);
}

#[tokio::test]
async fn always_and_never_are_meant_so() {
    let world = World::new().await;
    world.site.serve("/privacy", policy(WILL_NOT));
    world.site.serve_rendered("/privacy", policy(WILL_NOT));
    let never = followed(&world, Ladder { render: Render::Never, archive: false }).await;
    world.check(&never).await;
    assert_eq!((plain(&world), world.site.rendered()), (1, 0));
    let always = followed(&world, Ladder { render: Render::Always, archive: false }).await;
    world.check(&always).await;
    assert_eq!((plain(&world), world.site.rendered()), (1, 1));
    world.site.serve("/privacy", Answer::Page(200, SHELL.to_owned()));
    let never = followed(&world, Ladder { render: Render::Never, archive: false }).await;
    let why = world.check(&never).await.outcome.why().unwrap();
    assert!(why.contains("a browser may read it: render = \"auto\""), "{why}");
}

#[tokio::test]
async fn one_page_of_several_may_take_the_browser() {
    let world = World::new().await;
    let annex = Page { url: Url::parse("https://acme.test/annex").unwrap(), selectors: Selectors::default() };
    let both = Watch { pages: vec![annex], ladder: Ladder::default(), ..watch("/privacy", &["desk"]) };
    let watch = world.follow(both).await;
    world.site.serve("/privacy", policy(WILL_NOT));
    world.site.serve("/annex", Answer::Page(200, SHELL.to_owned()));
    world.site.serve_rendered("/annex", policy("Our processors are named here."));
    let first = world.check(&watch).await;
    assert!(
        matches!(&first.outcome, Outcome::First { reading, .. } if reading.text().contains("processors are named"))
    );
    world.clock.advance(DAY);
    let asked = plain(&world);
    assert_eq!(world.check(&watch).await.outcome.as_str(), "unchanged");
    assert_eq!(plain(&world), asked + 1, "the annex is asked for in the browser at once");
    let known = |page: &'static str| {
        let (store, id) = (world.store.clone(), watch.id.clone());
        async move { store.known_rung(&id, Some(page)).await.unwrap().unwrap().rung }
    };
    assert_eq!(known("https://acme.test/annex").await, Rung::Browser);
    assert_eq!(known("https://acme.test/privacy").await, Rung::Plain);
}

#[tokio::test]
async fn a_browser_that_fails_is_a_failure_that_passes() {
    let world = World::new().await;
    let watch = followed(&world, Ladder { render: Render::Always, archive: true }).await;
    let broke = FailureKind::Browser { host: "acme.test".to_owned(), reason: "the page broke its process".to_owned() };
    world.site.serve_rendered("/privacy", Answer::Failure(broke));
    let checked = world.check(&watch).await;
    assert_eq!(checked.outcome.as_str(), "unreachable");
    assert!(checked.next_check_at.unwrap() < policywatch::clock::Clock::now(&world.clock) + DAY);
    let check = world.store.checks(&watch.id, 1).await.unwrap().remove(0);
    assert!(check.why.unwrap().contains("the page broke its process"));
}
