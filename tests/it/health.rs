//! Policies that are not seen: what is told of them, and what `list` says.

use std::sync::Arc;
use std::time::Duration;

use policywatch::alert::DeliveryState;
use policywatch::cadence::Schedule;
use policywatch::clock::Clock as _;
use policywatch::coverage;
use policywatch::guard::Allowed;
use policywatch::health::Health;
use policywatch::http::{self, GuardedClient};
use policywatch::judgment::Materiality;
use policywatch::outcome::FailureKind;
use policywatch::pulse::pulse;
use policywatch::vigil::{Duties, Heartbeat, Vigil, state_if_due};
use policywatch::watch::Watch;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::company::{self, Company, html, redirect};
use crate::desk::Desk;
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
    assert_eq!(told(&world).await, std::slice::from_ref(&unseen));
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

/// A company's server is down, and with it ten policies: one message names them all, and each is
/// silent in the record. Whoever hears of one by another channel is told of that one.
#[tokio::test]
async fn what_falls_silent_together_is_told_together() {
    let world = World::new().await;
    let mut watches = Vec::new();
    for number in 0..10 {
        watches.push(world.follow(crate::world::watch(&format!("/{number}"), &["desk"])).await);
    }
    let press = world.follow(crate::world::watch("/press", &["press"])).await;
    let mute = world.follow(Watch { stale_after: None, ..crate::world::watch("/mute", &["desk"]) }).await;
    let blocked = world.follow(crate::world::watch("/blocked", &["desk"])).await;
    let all: Vec<Watch> = watches.iter().cloned().chain([press.clone(), mute, blocked]).collect();
    for watch in &all {
        world.serve_and_check(watch, policy(WILL_NOT)).await;
    }
    for _ in 0..9 {
        for watch in &all {
            world.clock.advance(Duration::from_secs(3600));
            let down = Answer::Failure(FailureKind::Dns { host: "acme.test".to_owned() });
            let answer = if watch.url.path() == "/blocked" { wall() } else { down };
            world.serve_and_check(watch, answer).await;
        }
        world.clock.advance(Duration::from_secs(11 * 3600));
    }
    let mut said = Vec::new();
    for delivery in world.deliveries().await {
        let body: serde_json::Value = serde_json::from_str(&delivery.body).unwrap();
        assert_eq!(body["type"], "policy.unseen");
        let also = body["data"]["also"].as_array().map_or(Vec::new(), |also| {
            also.iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        });
        said.push((delivery.channel, body["data"]["watch"]["id"].as_str().unwrap().to_owned(), also));
    }
    said.sort();
    let others: Vec<String> = watches[1..].iter().map(|watch| watch.id.to_string()).collect();
    let expected = [
        ("desk".to_owned(), watches[0].id.to_string(), others),
        ("desk".to_owned(), "acme-blocked".to_owned(), Vec::new()),
        ("press".to_owned(), press.id.to_string(), Vec::new()),
    ];
    assert_eq!(said, expected);
    for watch in &watches {
        let state = world.store.watch_state(&watch.id).await.unwrap().unwrap();
        assert_eq!((state.health(), state.silent_since), (Health::Stale, state.failing_since), "{}", watch.id);
    }
    world.serve_and_check(&watches[3], policy(WILL_NOT)).await;
    let told = told(&world).await;
    assert_eq!(told.last().unwrap().0, "policy.seen_again", "each is told of once it is back");
    assert_eq!(told.len(), 4);
    world.deliver_all().await;
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

#[test]
fn every_word_of_health_is_reached_from_a_configuration() {
    let company = Company::alone();
    let german = policy(WILL_NOT).replace("lang=\"en\"", "lang=\"de\"");
    let kettles = company::policy("Privacy Policy", "what a kettle records");
    for path in ["/well", "/blocked", "/unreadable", "/selected", "/translated", "/whole"] {
        company.serve(path, html(policy(WILL_NOT)));
    }
    company.serve("/moving", html(kettles.clone()));
    company.serve("/annex", html(company::policy("Cookie Policy", "what a cookie records")));
    let desk = Desk::new();
    let url = |path: &str| company.url(path).to_string();
    let mut config = format!(
        "[store]\npath = {:?}\n[fetch]\nallow = [\"127.0.0.1\"]\npause_per_host = \"0s\"\n\
         [defaults]\nrender = \"never\"\narchive_if_blocked = false\nlanguage = \"en\"\n",
        desk.path("policywatch.db")
    );
    let mut add = |id: &str, url: String, more: String| {
        config.push_str(&format!("[[watch]]\nid = \"{id}\"\nurl = \"{url}\"\ntype = \"privacy\"\n{more}\n"));
    };
    for id in ["well", "blocked", "unreadable", "translated", "moving"] {
        add(id, url(&format!("/{id}")), String::new());
    }
    add("selected", url("/selected"), "select = \"main\"".to_owned());
    add("whole", url("/whole"), format!("pages = [\"{}\"]", url("/annex")));
    // Nobody listens there.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    add("failing", format!("http://{closed}/privacy"), String::new());
    desk.write("policywatch.toml", &config);
    let health = |desk: &Desk| -> std::collections::BTreeMap<String, String> {
        let listed = desk.run(&["list", "--json"]).exits(0).objects();
        let word = |row: &serde_json::Value, key: &str| row[key].as_str().unwrap().to_owned();
        listed.iter().map(|row| (word(row, "watch"), word(row, "health"))).collect()
    };
    assert!(health(&desk).values().all(|health| health == "never_checked"));
    desk.run(&["fetch", "--all"]).exits(3);
    assert_eq!(health(&desk).into_iter().filter(|(_, word)| word != "well").count(), 1, "but for who does not answer");

    company.serve("/blocked", company::html_with(403, BOT_WALL));
    company.remove("/unreadable");
    company.serve("/selected", html(policy(WILL_NOT).replace("main>", "section>")));
    company.serve("/translated", html(german_text(&german)));
    company.serve("/moved", html(kettles));
    company.serve("/moving", redirect(301, "/moved"));
    company.remove("/annex");
    desk.run(&["fetch", "--all"]).exits(3);
    let words: Vec<String> = health(&desk).into_iter().map(|(watch, word)| format!("{watch}: {word}")).collect();
    insta::assert_snapshot!(words.join("\n"), @r"
    blocked: blocked
    failing: failing
    moving: moved
    selected: selector_lost
    translated: language_changed
    unreadable: unreadable
    well: well
    whole: page_stale
    ");
    let config = config.replace("[[watch]]\nid = \"well\"", "[[watch]]\nid = \"other\"");
    desk.write("policywatch.toml", config);
    assert_eq!(health(&desk)["well"], "retired");
}

/// The policy in the language that it claims.
fn german_text(html: &str) -> String {
    let (head, _) = html.split_once("<main>").unwrap();
    let text = "<h1>Datenschutzerklärung</h1><p>Diese Erklärung sagt, welche personenbezogenen Daten wir verarbeiten, wenn \
                Sie unsere Seite besuchen oder einen Wasserkessel bestellen, und welche Rechte Sie haben.</p>\
                <h2>Welche Daten wir erheben</h2><p>Wir erheben Ihren Namen, Ihre Anschrift und Ihre E-Mail-Adresse, wenn Sie \
                bestellen. Unsere Server speichern, welche Seiten Sie öffnen und mit welchem Browser.</p>\
                <h2>Ihre Rechte</h2><p>Sie können Auskunft, Berichtigung und Löschung verlangen. Wir antworten innerhalb eines \
                Monats, wenn Sie uns an die unten genannte Anschrift schreiben.</p>";
    format!("{head}<main>{text}</main></body></html>")
}

// Statements and signs of life.

fn weekly() -> coverage::Options {
    coverage::Options { schedule: Schedule::every(7 * DAY), notify: vec!["press".to_owned()] }
}

#[tokio::test]
async fn what_was_looked_at_is_stated_when_a_period_ends() {
    let world = World::new().await;
    let (options, clock) = (weekly(), world.clock.clone());
    let watch = world.watch("/privacy", Materiality::Material).await;
    let stated = state_if_due(&world.store, &options, &clock).await.unwrap();
    assert_eq!(stated, (false, Some(clock.now() + chrono::Duration::days(7))));

    for text in [WILL_NOT, WILL_NOT, MAY] {
        clock.advance(DAY);
        world.serve_and_check(&watch, policy(text)).await;
    }
    clock.advance(DAY);
    world.serve_and_check(&watch, wall()).await;
    assert!(!state_if_due(&world.store, &options, &clock).await.unwrap().0);
    // Two periods that were missed are one.
    clock.advance(14 * DAY);
    let (stated, next) = state_if_due(&world.store, &options, &clock).await.unwrap();
    assert_eq!((stated, next), (true, Some(clock.now() + chrono::Duration::days(7))));
    assert!(!state_if_due(&world.store, &options, &clock).await.unwrap().0);

    let delivery = world.deliveries().await.into_iter().next_back().unwrap();
    assert_eq!((delivery.channel.as_str(), delivery.watch), ("press", None));
    let body: serde_json::Value = serde_json::from_str(&delivery.body).unwrap();
    assert_eq!(body["type"], "policywatch.coverage");
    let summary = body["data"]["summary"].as_str().unwrap();
    let said = format!(
        "Checked 1 policy 4 times; 1 change, 1 of substance; not seen as it should be: {} (blocked).",
        watch.id
    );
    assert_eq!(summary, said);
    assert_eq!(body["data"]["watches"][0]["seen"], 3);

    clock.advance(7 * DAY);
    assert!(state_if_due(&world.store, &options, &clock).await.unwrap().0);
    let delivery = world.deliveries().await.into_iter().next_back().unwrap();
    let body: serde_json::Value = serde_json::from_str(&delivery.body).unwrap();
    assert!(
        body["data"]["summary"].as_str().unwrap().starts_with("Checked 1 policy 0 times; nothing changed"),
        "{body}"
    );
    world.deliver_all().await;
}

/// A monitor on loopback that rings at each request, and answers them.
async fn monitor() -> (Url, Arc<Notify>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/ping/4711", listener.local_addr().unwrap()).parse().unwrap();
    let bell = Arc::new(Notify::new());
    let rung = Arc::clone(&bell);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = [0; 1024];
            let read = stream.read(&mut head).await.unwrap();
            assert!(head[..read].starts_with(b"GET /ping/4711 "), "{}", String::from_utf8_lossy(&head[..read]));
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await.unwrap();
            rung.notify_one();
        }
    });
    (url, bell)
}

#[tokio::test]
async fn a_monitor_hears_us_while_every_loop_turns() {
    let world = World::new().await;
    let (url, bell) = monitor().await;
    let options = http::Options {
        user_agent: "policywatch-test".to_owned(),
        connect_timeout: Duration::from_secs(5),
        allow: vec![Allowed::Network("127.0.0.0/8".parse().unwrap())],
        extra_ca: None,
    };
    let client = GuardedClient::new(options).unwrap();
    let heartbeat = Heartbeat { url, every: Duration::from_secs(300), client };
    let duties = Duties { coverage: None, heartbeat: Some(heartbeat) };
    let (_keep, duties) = tokio::sync::watch::channel(Arc::new(duties));
    let ((other, mut turns), (own, beat)) = (pulse(), pulse());
    let stop = CancellationToken::new();
    let vigil = Vigil {
        duties,
        store: world.store.clone(),
        clock: world.clock.clone(),
        bell: Arc::new(Notify::new()),
        pulses: vec![other],
        stop: stop.clone(),
        beat,
    };
    let running = tokio::spawn(vigil.run());
    // One loop turns until it ends.
    let (end, mut ends) = tokio::sync::oneshot::channel::<()>();
    let turning = tokio::spawn(async move {
        loop {
            tokio::select! {
                () = turns.asked() => {}
                _ = &mut ends => return,
            }
        }
    });
    bell.notified().await;
    let pass_time = async {
        loop {
            world.clock.advance(Duration::from_secs(300));
            assert!(own.felt().await);
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = bell.notified() => {}
        () = pass_time => {}
    }

    end.send(()).unwrap();
    turning.await.unwrap();
    world.clock.advance(Duration::from_secs(300));
    for _ in 0..100 {
        assert!(own.felt().await);
    }
    let silent = tokio::select! {
        biased;
        () = bell.notified() => false,
        () = std::future::ready(()) => true,
    };
    assert!(silent, "a program that does not work is not alive");
    stop.cancel();
    running.await.unwrap().unwrap();
}
