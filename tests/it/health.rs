//! Policies that are not seen: what is told of them, and what `list` says.

use std::time::Duration;

use policywatch::alert::DeliveryState;
use policywatch::clock::Clock as _;
use policywatch::health::Health;
use policywatch::judgment::Materiality;
use policywatch::outcome::FailureKind;
use policywatch::watch::Watch;

use crate::world::{Answer, BOT_WALL, MAY, WILL_NOT, World, policy};

const DAY: Duration = Duration::from_secs(24 * 3600);

fn wall() -> Answer {
    Answer::Page(403, BOT_WALL.to_owned())
}

/// What was told so far, as type and reason.
async fn told(world: &World) -> Vec<(String, String)> {
    let told: Vec<_> = world.deliveries().await;
    let words = |delivery: &policywatch::alert::Delivery| {
        let body: serde_json::Value = serde_json::from_str(&delivery.body).unwrap();
        let why = body["data"]["why"].as_str().unwrap_or_default().split(':').next().unwrap_or_default().to_owned();
        (body["type"].as_str().unwrap().to_owned(), why)
    };
    told.iter().map(words).collect()
}

#[tokio::test]
async fn silence_is_told_once_when_it_begins_and_once_when_it_ends() {
    let world = World::new().await;
    let watch = world.watch("/privacy", Materiality::Material).await;
    world.serve_and_check(&watch, policy(WILL_NOT)).await;
    let seen = world.store.watch_state(&watch.id).await.unwrap().unwrap();
    assert_eq!((seen.health(), seen.failing_since), (Health::Well, None));

    world.clock.advance(DAY);
    world.serve_and_check(&watch, wall()).await;
    let since = world.clock.now();
    for _ in 0..6 {
        world.clock.advance(DAY);
        world.serve_and_check(&watch, wall()).await;
    }
    let blocked = world.store.watch_state(&watch.id).await.unwrap().unwrap();
    assert_eq!((blocked.health(), blocked.failing_since, blocked.silent_since), (Health::Blocked, Some(since), None));
    assert_eq!(told(&world).await, []);

    for _ in 0..3 {
        world.clock.advance(DAY);
        world.serve_and_check(&watch, wall()).await;
    }
    let stale = world.store.watch_state(&watch.id).await.unwrap().unwrap();
    assert_eq!((stale.health(), stale.silent_since), (Health::Stale, Some(since)));
    let unseen = ("policy.unseen".to_owned(), "bot_wall".to_owned());
    assert_eq!(told(&world).await, [unseen.clone()]);
    let delivery = world.deliveries().await.remove(0);
    assert_eq!((delivery.watch.as_ref(), delivery.state), (Some(&watch.id), DeliveryState::Pending));
    let body: serde_json::Value = serde_json::from_str(&delivery.body).unwrap();
    assert_eq!(body["data"]["version"], 1);
    assert!(body["data"]["advice"].as_str().unwrap().contains("archive"), "{body}");

    // What changed meanwhile is told beside it.
    world.clock.advance(DAY);
    world.serve_and_check(&watch, policy(MAY)).await;
    let told_now = told(&world).await;
    let kinds: Vec<&str> = told_now.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["policy.unseen", "policy.seen_again", "policy.changed"]);
    let well = world.store.watch_state(&watch.id).await.unwrap().unwrap();
    assert_eq!((well.health(), well.failing_since, well.silent_since), (Health::Well, None, None));

    world.clock.advance(DAY);
    world.serve_and_check(&watch, policy(MAY)).await;
    assert_eq!(told(&world).await.len(), 3);
    world.deliver_all().await;
}

#[tokio::test]
async fn a_page_that_fails_for_a_moment_is_not_told_of() {
    let world = World::new().await;
    let watch = world.watch("/privacy", Materiality::Material).await;
    world.serve_and_check(&watch, policy(WILL_NOT)).await;
    // Nobody looked for a month; the first look in vain does not make the month silent.
    world.clock.advance(30 * DAY);
    let refused = Answer::Failure(FailureKind::Refused { host: "acme.test:443".to_owned() });
    world.serve_and_check(&watch, refused.clone()).await;
    world.clock.advance(DAY);
    world.serve_and_check(&watch, policy(WILL_NOT)).await;
    world.clock.advance(6 * DAY);
    world.serve_and_check(&watch, refused).await;
    assert_eq!(told(&world).await, []);
}

#[tokio::test]
async fn who_wants_no_word_of_silence_gets_none() {
    let world = World::new().await;
    let watch = world.watch("/privacy", Materiality::Material).await;
    let watch = world.follow(Watch { stale_after: None, ..watch }).await;
    for _ in 0..20 {
        world.serve_and_check(&watch, wall()).await;
        world.clock.advance(DAY);
    }
    assert_eq!(told(&world).await, []);
    let state = world.store.watch_state(&watch.id).await.unwrap().unwrap();
    assert_eq!(state.health(), Health::Blocked);
}

#[tokio::test]
async fn a_policy_that_was_never_seen_is_told_of_too() {
    let world = World::new().await;
    let watch = world.watch("/privacy", Materiality::Material).await;
    for _ in 0..9 {
        world.serve_and_check(&watch, Answer::Page(404, "<title>Not found</title><h1>404</h1>".to_owned())).await;
        world.clock.advance(DAY);
    }
    assert_eq!(told(&world).await, [("policy.unseen".to_owned(), "not_found".to_owned())]);
    world.deliver_all().await;
}
