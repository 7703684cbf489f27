//! What is left when the process dies at any step between the first sighting of a change, the
//! second look at it and its delivery.
//!
//! A store is a log of transactions (SQLite's write-ahead log). Whoever is killed leaves a
//! beginning of it: so each story is told once, and then goes on from every beginning of its
//! log, whole transactions and torn ones.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use policywatch::alert::{Delivery, DeliveryState};
use policywatch::check::{Ports, SPREAD, check};
use policywatch::clock::{Clock as _, HeldClock};
use policywatch::confirmation::ConfirmationState;
use policywatch::deliver::deliver_due;
use policywatch::store::Store;
use policywatch::time::rfc3339;
use policywatch::watch::Watch;
use serde_json::Value;

use crate::world::{Inbox, MAY, Site, WILL_NOT, World, policy, unpacker, watch};

const CONFIRM: Duration = Duration::from_secs(600);

/// The ends of the transactions in a log, in bytes.
fn commits(log: &[u8]) -> Vec<usize> {
    let number = |at: usize| u32::from_be_bytes(log[at..at + 4].try_into().unwrap());
    let frame = 24 + number(8) as usize;
    let frames = (0..).map(|at| 32 + at * frame).take_while(|from| from + frame <= log.len());
    // The last frame of a transaction says how large the database is then; the log may hold
    // what is older than its present beginning, which bears another salt.
    let own = frames.take_while(|from| log[from + 8..from + 16] == log[16..24]);
    own.filter(|from| number(from + 4) != 0).map(|from| from + frame).collect()
}

/// The beginnings of a store's log that hold a first version, by their length.
async fn beginnings(world: &World, watch: &Watch) -> Vec<usize> {
    let log = fs::read(world.store_path().with_extension("db-wal")).unwrap();
    let mut after_the_first = Vec::new();
    for end in commits(&log) {
        let (_dir, path) = left(&world.store_path(), end);
        let known = Store::open(&path).await.unwrap().latest(&watch.id).await.unwrap().is_some();
        after_the_first.extend(known.then_some(end));
    }
    after_the_first
}

/// A store as it is found after a crash that left so much of its log.
fn left(of: &Path, length: usize) -> (tempfile::TempDir, std::path::PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("policywatch.db");
    fs::copy(of, &path).unwrap();
    let log = fs::read(of.with_extension("db-wal")).unwrap();
    fs::write(path.with_extension("db-wal"), &log[..length]).unwrap();
    (dir, path)
}

/// What came of a store that was opened again.
struct After {
    /// What arrived since.
    got: Vec<Delivery>,
    store: Store,
    _dir: tempfile::TempDir,
}

/// Goes on with what a crash left, as the next start would: it delivers what waits, and looks
/// again when that is due.
async fn go_on(
    (dir, path): (tempfile::TempDir, std::path::PathBuf),
    watch: &Watch,
    site: &Site,
    clock: &HeldClock,
) -> After {
    let store = Store::open(&path).await.unwrap();
    let inbox = Arc::new(Inbox::default());
    let ports = Ports {
        store: store.clone(),
        fetcher: site.clone(),
        unpacker: unpacker(),
        clock: clock.clone(),
        spread: SPREAD,
    };
    let now = clock.now();
    store.sync_watches(vec![watch.clone()], move |_, _| Some(now), now).await.unwrap();
    for _ in 0..4 {
        // Longer than any lease and any wait for a second look.
        clock.advance(Duration::from_secs(3600));
        deliver_due(&store, &inbox, clock).await.unwrap();
        check(watch, &ports).await.unwrap();
        deliver_due(&store, &inbox, clock).await.unwrap();
    }
    After { got: inbox.got(), store, _dir: dir }
}

/// A change that is seen, and looked at once more while the page says `then`.
async fn story(then: &str) -> (World, Watch, String) {
    let world = World::new().await;
    let watch = world.follow(Watch { confirm: Some(CONFIRM), ..watch("/privacy", &["desk"]) }).await;
    world.serve_and_check(&watch, policy(WILL_NOT)).await;
    world.site.serve("/privacy", policy(MAY));
    world.clock.advance(Duration::from_secs(3600));
    let seen_at = rfc3339(world.clock.now());
    world.check(&watch).await;
    world.clock.advance(CONFIRM);
    world.site.serve("/privacy", then.to_owned());
    world.check(&watch).await;
    world.deliver_all().await;
    (world, watch, seen_at)
}

fn first_seen_at(delivery: &Delivery) -> String {
    let body: Value = serde_json::from_str(&delivery.body).unwrap();
    body["data"]["first_seen_at"].as_str().unwrap_or_else(|| panic!("{body}")).to_owned()
}

#[tokio::test]
async fn a_change_is_told_once_wherever_the_process_dies() {
    let (world, watch, seen_at) = story(&policy(MAY)).await;
    let told = world.inbox.got();
    assert_eq!(told.len(), 1);
    assert_eq!(first_seen_at(&told[0]), seen_at);
    let log = fs::read(world.store_path().with_extension("db-wal")).unwrap();
    let commits = beginnings(&world, &watch).await;
    assert!(commits.len() >= 5, "each look and each step of a delivery is a transaction: {commits:?}");

    let (mut begun, mut waited, mut claimed, mut settled) = (0, 0, 0, 0);
    for (at, end) in commits.iter().enumerate() {
        let torn = commits.get(at + 1).map(|next| (end + next) / 2);
        for length in std::iter::once(*end).chain(torn) {
            let opened = left(&world.store_path(), length);
            let before = {
                let (_dir, path) = left(&world.store_path(), length);
                let store = Store::open(&path).await.unwrap();
                let awaited = store.awaited(&watch.id).await.unwrap();
                let waiting = store.deliveries(None, 9).await.unwrap();
                (store.versions(&watch.id).await.unwrap().len(), awaited, waiting)
            };
            let (versions, awaited, waiting) = before;
            let after = go_on(opened, &watch, &world.site, &world.clock).await;
            let is_settled = waiting.first().is_some_and(|one| one.state == DeliveryState::Delivered);
            let place = format!("transaction {at} of {}, {length} bytes of {}", commits.len(), log.len());
            // What was settled before was sent before; all else is sent now.
            assert_eq!(after.got.len(), usize::from(!is_settled), "{place}");
            let known = versions == 2;
            for delivery in after.got.iter() {
                // It was sent before the crash, perhaps: then this is that one again.
                if known {
                    assert_eq!(delivery.id, told[0].id, "{place}");
                    assert_eq!(first_seen_at(delivery), seen_at, "{place}");
                }
            }
            let ids: BTreeSet<_> = after.got.iter().map(|one| one.id.0.clone()).collect();
            assert_eq!(ids.len(), after.got.len(), "{place}");
            let states: Vec<_> = after.store.confirmations(&watch.id).await.unwrap();
            assert_eq!(
                states.iter().map(|one| one.state).collect::<Vec<_>>(),
                [ConfirmationState::Confirmed],
                "{place}"
            );
            if known {
                assert_eq!(rfc3339(states[0].first_seen_at), seen_at, "{place}");
            }
            let all = after.store.deliveries(None, 9).await.unwrap();
            assert_eq!(all.iter().map(|one| one.state).collect::<Vec<_>>(), [DeliveryState::Delivered], "{place}");
            begun += usize::from(versions < 2);
            waited += usize::from(awaited.is_some());
            claimed += usize::from(waiting.first().is_some_and(|one| one.attempts > 0) && !is_settled);
            settled += usize::from(is_settled);
        }
    }
    // Every part of the story was cut somewhere.
    assert!(begun > 0 && waited > 0 && claimed > 0 && settled > 0, "{begun} {waited} {claimed} {settled}");
}

#[tokio::test]
async fn what_is_gone_at_the_second_look_is_told_to_nobody_wherever_the_process_dies() {
    let (world, watch, _) = story(&policy(WILL_NOT)).await;
    assert_eq!(world.inbox.got().len(), 0);
    let mut withdrawn = 0;
    for end in beginnings(&world, &watch).await {
        let after = go_on(left(&world.store_path(), end), &watch, &world.site, &world.clock).await;
        assert_eq!(after.got.len(), 0, "{end} bytes");
        let states = after.store.confirmations(&watch.id).await.unwrap();
        assert!(states.iter().all(|one| one.state == ConfirmationState::Withdrawn), "{states:?}");
        withdrawn += states.len();
    }
    assert!(withdrawn > 0);
}

#[tokio::test]
async fn what_is_another_text_at_the_second_look_is_told_once_wherever_the_process_dies() {
    let other = policy(MAY).replace("Sharing", "Sharing and selling");
    let (world, watch, seen_at) = story(&other).await;
    assert_eq!(world.inbox.got().len(), 0, "the second text waits for a look of its own");
    let mut replaced = 0;
    for end in beginnings(&world, &watch).await {
        let after = go_on(left(&world.store_path(), end), &watch, &world.site, &world.clock).await;
        assert_eq!(after.got.len(), 1, "{end} bytes");
        let states = after.store.confirmations(&watch.id).await.unwrap();
        assert_eq!(states.iter().filter(|one| one.state == ConfirmationState::Confirmed).count(), 1);
        if states.len() == 2 {
            assert_eq!(first_seen_at(&after.got[0]), seen_at, "the text before was gone then");
            replaced += 1;
        }
    }
    assert!(replaced > 0);
}
