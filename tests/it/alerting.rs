//! Stories of alerts: from a changed sentence to the receiver, whatever happens between.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use policywatch::alert::{Alert, DeliveryId, DeliveryState, RETRY_PAUSES, Sent};
use policywatch::channel::webhook::{TOLERANCE, verify};
use policywatch::channel::{Channel as _, ChannelKind, ChannelOptions, Channels, Secret};
use policywatch::check::{SPREAD, check, dry_run};
use policywatch::clock::{Clock as _, HeldClock};
use policywatch::config::{Config, Problem};
use policywatch::daemon::{Daemon, DaemonError, Systemd, run, told_to_stop};
use policywatch::deliver::{LEASE, Outbox, deliver_due, deliver_next};
use policywatch::exchange::import::{ImportError, Imported, import};
use policywatch::guard::Allowed;
use policywatch::http::GuardedClient;
use policywatch::judgment::Materiality;
use policywatch::outcome::FailureKind;
use policywatch::pulse::pulse;
use policywatch::reading::Selectors;
use policywatch::store::{WatchState, Which};
use policywatch::version::Cause;
use policywatch::watch::Watch;
use tokio::sync::{Notify, oneshot};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::world::{Answer, BOT_WALL, Inbox, Loopback, MAY, Mood, Site, WILL_NOT, World, policy, unpacker, watch};

/// How long a story waits for what must come. Only a broken story waits that long.
const PATIENCE: Duration = Duration::from_secs(20);

/// A client that may reach this machine, and nothing else that is special.
fn loopback_client() -> GuardedClient {
    let options = policywatch::http::Options {
        user_agent: "policywatch-test".to_owned(),
        connect_timeout: PATIENCE,
        allow: vec![Allowed::Network("127.0.0.0/8".parse().expect("a network"))],
        extra_ca: None,
    };
    GuardedClient::new(options).expect("a client")
}

/// A world in which Acme has just given up its promise.
async fn changed_world(notify: &[&str]) -> (World, Watch) {
    let world = World::new().await;
    let watch = world.follow(watch("/privacy", notify)).await;
    world.serve_and_check(&watch, policy(WILL_NOT)).await;
    world.serve_and_check(&watch, policy(MAY)).await;
    (world, watch)
}

fn webhook(world: &World, receiver: &Loopback) -> Arc<Channels<HeldClock>> {
    let kind = ChannelKind::Webhook {
        url: receiver.url("/hook"),
        secret: Some(Secret::new(b"a shared secret".to_vec())),
        timeout: Duration::from_secs(10),
        proxy: None,
    };
    let options = vec![ChannelOptions { name: "desk".to_owned(), kind }];
    Arc::new(Channels::new(options, loopback_client(), world.clock.clone()))
}

#[tokio::test]
async fn a_promise_that_is_given_up_reaches_the_press_desk() {
    let (world, _) = changed_world(&["desk"]).await;
    world.deliver_all().await;
    insta::assert_snapshot!(world.inbox.read(), @"desk: acme-privacy, 1 to 2: material");
}

#[tokio::test]
async fn the_webhook_is_signed_and_says_what_changed() {
    let (world, _) = changed_world(&["desk"]).await;
    let receiver = Loopback::start().await;
    world.deliver_to(&webhook(&world, &receiver)).await;

    let [posted] = &receiver.posted()[..] else { panic!("one alert, not {:?}", receiver.posted()) };
    let secret = Secret::new(b"a shared secret".to_vec());
    assert_eq!(verify(&secret, |name| posted.header(name), &posted.body, world.clock.now(), TOLERANCE), Ok(()));
    assert!(
        verify(&Secret::new(b"?".to_vec()), |n| posted.header(n), &posted.body, world.clock.now(), TOLERANCE).is_err()
    );
    assert_eq!(posted.header("content-type"), Some("application/json"));
    let [delivery] = &world.deliveries().await[..] else { panic!("one delivery") };
    assert_eq!(posted.header("webhook-id"), Some(delivery.id.0.as_str()));
    assert_eq!(posted.body, delivery.body.as_bytes());
    assert_eq!(delivery.state, DeliveryState::Delivered);
    assert_eq!(delivery.delivered_at, Some(world.clock.now()));
}

#[tokio::test]
async fn a_bot_wall_in_between_is_no_version_and_no_alert() {
    let world = World::new().await;
    let watch = world.watch("/privacy", Materiality::Editorial).await;
    world.serve_and_check(&watch, policy(WILL_NOT)).await;
    let wall = world.serve_and_check(&watch, Answer::Page(403, BOT_WALL.to_owned())).await;
    assert_eq!(wall.outcome.as_str(), "unreadable");
    let wall = world.serve_and_check(&watch, Answer::Page(200, BOT_WALL.to_owned())).await;
    assert_eq!(wall.outcome.as_str(), "unreadable");
    let back = world.serve_and_check(&watch, policy(WILL_NOT)).await;
    assert_eq!(back.outcome.as_str(), "unchanged");
    assert_eq!(world.store.versions(&watch.id).await.expect("versions").len(), 1);
    assert_eq!(world.deliveries().await, []);
}

#[tokio::test]
async fn a_receiver_that_is_down_for_hours_gets_one_alert() {
    let (world, _) = changed_world(&["desk"]).await;
    let receiver = Loopback::start().await;
    let channels = webhook(&world, &receiver);
    receiver.answer("/hook", 500, &[], "out of \u{1b}[31mkettles");

    for pause in &RETRY_PAUSES[..6] {
        let sent = world.deliver_to(&channels).await;
        assert_eq!(sent.iter().map(|(_, state)| *state).collect::<Vec<_>>(), [DeliveryState::Pending]);
        assert_eq!(world.deliver_to(&channels).await, [], "nothing is sent before its pause has passed");
        world.clock.advance(*pause);
    }
    let [delivery] = &world.deliveries().await[..] else { panic!("one delivery") };
    assert_eq!(delivery.attempts, 6);
    assert_eq!(delivery.last_error.as_deref(), Some(r#"the receiver answers 500: "out of \u{1b}[31mkettles""#));

    receiver.answer("/hook", 200, &[], "thanks");
    world.deliver_to(&channels).await;
    let ids: BTreeSet<_> =
        receiver.posted().iter().map(|posted| posted.header("webhook-id").map(str::to_owned)).collect();
    assert_eq!(ids.len(), 1, "a repeat has the id of the first attempt");
    assert_eq!(world.deliveries().await[0].state, DeliveryState::Delivered);
}

#[tokio::test]
async fn a_receiver_that_asks_us_to_wait_is_left_alone() {
    let (world, _) = changed_world(&["desk"]).await;
    let receiver = Loopback::start().await;
    let channels = webhook(&world, &receiver);
    receiver.answer("/hook", 429, &[("retry-after", "7200")], "");
    world.deliver_to(&channels).await;
    world.clock.advance(Duration::from_secs(7199));
    assert_eq!(world.deliver_to(&channels).await, []);
    receiver.answer("/hook", 202, &[], "");
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.deliver_to(&channels).await.len(), 1);
    assert_eq!(receiver.posted().len(), 2);
}

#[tokio::test]
async fn a_receiver_that_is_gone_is_dead_until_it_is_revived() {
    let (world, _) = changed_world(&["desk"]).await;
    let receiver = Loopback::start().await;
    let channels = webhook(&world, &receiver);
    receiver.answer("/hook", 410, &[], "moved away");
    world.deliver_to(&channels).await;
    world.clock.advance(Duration::from_secs(7 * 24 * 3600));
    assert_eq!(world.deliver_to(&channels).await, [], "the dead are not tried again");

    let dead = world.store.deliveries(Some(DeliveryState::Dead), 10).await.expect("deliveries");
    let [dead] = &dead[..] else { panic!("one dead delivery") };
    assert_eq!(dead.last_error.as_deref(), Some(r#"the receiver wants no more of these (410 Gone): "moved away""#));

    receiver.answer("/hook", 200, &[], "");
    assert_eq!(world.store.retry(Some(&dead.id), world.clock.now()).await.expect("revived"), 1);
    world.deliver_to(&channels).await;
    let ids: Vec<_> = receiver.posted().iter().map(|posted| posted.header("webhook-id").map(str::to_owned)).collect();
    assert_eq!(ids, [Some(dead.id.0.clone()), Some(dead.id.0.clone())]);
    assert_eq!(world.deliveries().await[0].state, DeliveryState::Delivered);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (world, _) = changed_world(&["desk"]).await;
    let receiver = Loopback::start().await;
    receiver.answer("/hook", 307, &[("location", "/elsewhere")], "");
    world.deliver_to(&webhook(&world, &receiver)).await;
    assert_eq!(receiver.posted().iter().map(|posted| posted.path.as_str()).collect::<Vec<_>>(), ["/hook"]);
    world.leaves_deliveries_waiting();
}

#[tokio::test]
async fn a_channel_that_is_not_configured_any_more_is_refused() {
    let (world, _) = changed_world(&["attic"]).await;
    let receiver = Loopback::start().await;
    world.deliver_to(&webhook(&world, &receiver)).await;
    let [delivery] = &world.deliveries().await[..] else { panic!("one delivery") };
    assert_eq!(delivery.state, DeliveryState::Dead);
    assert_eq!(delivery.last_error.as_deref(), Some("channel \"attic\" is not configured any more"));
}

#[tokio::test]
async fn a_crash_between_sending_and_settling_repeats_the_same_id() {
    let (world, _) = changed_world(&["desk"]).await;
    let taken = world.store.claim(world.clock.now(), LEASE).await.expect("a claim").expect("a delivery");
    assert_eq!(world.inbox.send(&taken).await, Sent::Accepted);
    // Here the process ends. Nobody else takes the delivery while its lease lasts …
    assert_eq!(deliver_next(&world.store, &world.inbox, &world.clock).await.expect("the record"), None);
    // … and then it goes out once more.
    world.clock.advance(LEASE);
    let again = deliver_next(&world.store, &world.inbox, &world.clock).await.expect("the record");
    assert_eq!(again, Some((taken.id.clone(), DeliveryState::Delivered)));
    let ids: Vec<_> = world.inbox.got().into_iter().map(|delivery| delivery.id).collect();
    assert_eq!(ids, [taken.id.clone(), taken.id]);
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_checks_at_once_alert_once() {
    let world = World::new().await;
    let watch = world.follow(watch("/privacy", &["desk", "night desk"])).await;
    world.serve_and_check(&watch, policy(WILL_NOT)).await;
    world.site.serve("/privacy", policy(MAY));
    world.clock.advance(Duration::from_secs(3600));
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let (watch, ports) = (watch.clone(), world.ports());
        all.spawn(async move { check(&watch, &ports).await.expect("the record") });
    }
    let checked = all.join_all().await;
    let told: usize = checked.iter().filter_map(|checked| checked.recorded.as_ref()).map(|r| r.deliveries).sum();
    assert_eq!(told, 2, "one delivery a channel");
    assert_eq!(world.store.versions(&watch.id).await.expect("versions").len(), 2);
    world.deliver_all().await;
    assert_eq!(world.inbox.got().len(), 2);
}

#[tokio::test]
async fn a_channel_that_hangs_does_not_hold_back_another() {
    let (world, _) = changed_world(&["broken", "desk"]).await;
    world.inbox.mood("broken", Mood::Hangs);
    let stop = CancellationToken::new();
    let outbox = Outbox {
        store: world.store.clone(),
        channels: tokio::sync::watch::channel(Arc::new(world.inbox.clone())).1,
        clock: world.clock.clone(),
        bell: Arc::default(),
        stop: stop.clone(),
        grace: Duration::ZERO,
        beat: pulse().1,
    };
    let running = tokio::spawn(outbox.run());
    within(world.inbox.rung.notified()).await;
    assert_eq!(world.inbox.got()[0].channel, "desk");
    stop.cancel();
    within(running).await.expect("the loop ends").expect("the record");
    world.leaves_deliveries_waiting();
}

/// However much waits for a channel that hangs, the others get theirs.
#[tokio::test]
async fn a_channel_that_hangs_holds_back_nothing_but_itself() {
    let world = World::new().await;
    for n in 0..200 {
        let channel = if n < 150 { "broken" } else { "desk" }.to_owned();
        let alert = Alert { id: DeliveryId(format!("msg_{n}")), channel, body: "{}".to_owned() };
        world.store.enqueue_test(alert, world.clock.now()).await.expect("the queue");
    }
    world.inbox.mood("broken", Mood::Hangs);
    let stop = CancellationToken::new();
    let outbox = Outbox {
        store: world.store.clone(),
        channels: tokio::sync::watch::channel(Arc::new(world.inbox.clone())).1,
        clock: world.clock.clone(),
        bell: Arc::default(),
        stop: stop.clone(),
        grace: Duration::ZERO,
        beat: pulse().1,
    };
    let running = tokio::spawn(outbox.run());
    while world.inbox.got().len() < 50 {
        within(world.inbox.rung.notified()).await;
    }
    stop.cancel();
    within(running).await.expect("the loop ends").expect("the record");
    let attempts = world.deliveries().await.iter().filter(|d| d.channel == "broken" && d.attempts > 0).count();
    assert_eq!(attempts, 4, "what waits for a channel that hangs is not taken");
    world.leaves_deliveries_waiting();
}

#[tokio::test]
async fn a_bug_in_a_channel_is_a_failed_attempt() {
    let (world, _) = changed_world(&["broken", "desk"]).await;
    world.inbox.mood("broken", Mood::Panics);
    world.deliver_all().await;
    let states: Vec<_> = world.deliveries().await.into_iter().map(|d| (d.channel, d.state, d.last_error)).collect();
    let bug = Some("a bug of policywatch: the channel fails".to_owned());
    assert!(states.contains(&("broken".to_owned(), DeliveryState::Pending, bug)), "{states:?}");
    assert!(states.contains(&("desk".to_owned(), DeliveryState::Delivered, None)), "{states:?}");
    world.leaves_deliveries_waiting();
}

#[tokio::test]
async fn after_the_last_pause_a_delivery_is_dead() {
    let (world, _) = changed_world(&["desk"]).await;
    world.inbox.mood("desk", Mood::Down);
    let mut attempts = 0;
    while world.deliver_all().await.iter().any(|(_, state)| *state == DeliveryState::Pending) {
        attempts += 1;
        world.clock.advance(Duration::from_secs(24 * 3600));
        assert!(attempts <= RETRY_PAUSES.len(), "it must end");
    }
    assert_eq!(attempts, RETRY_PAUSES.len());
    assert_eq!(world.deliveries().await[0].state, DeliveryState::Dead);
}

#[tokio::test]
async fn a_change_of_ours_is_no_news() {
    let world = World::new().await;
    let mut watch = world.watch("/privacy", Materiality::Editorial).await;
    world.serve_and_check(&watch, policy(WILL_NOT)).await;
    watch.selectors = Selectors { select: vec!["main".to_owned()], remove: vec!["h2 + p".to_owned()] };
    let watch = world.follow(watch).await;
    let again = world.serve_and_check(&watch, policy(WILL_NOT)).await;
    assert_eq!(again.outcome.as_str(), "unchanged");
    let versions = world.store.versions(&watch.id).await.expect("versions");
    let causes: Vec<Cause> = versions.iter().map(|version| version.cause).collect();
    assert_eq!(causes, [Cause::FirstRecord, Cause::TechnicalUpgrade]);
    assert_eq!(world.deliveries().await, []);
}

#[tokio::test]
async fn selectors_for_todays_page_compare_it_with_yesterdays_on_one_footing() {
    let world = World::new().await;
    let mut watch = world.watch("/privacy", Materiality::Editorial).await;
    world.serve_and_check(&watch, policy(WILL_NOT)).await;
    watch.selectors = Selectors { select: vec!["#rebuilt".to_owned()], remove: Vec::new() };
    let watch = world.follow(watch).await;
    let rebuilt = policy(MAY).replace("<main>", "<main id=\"rebuilt\">");
    let checked = world.serve_and_check(&watch, rebuilt).await;
    let policywatch::outcome::Outcome::Changed { change, .. } = &checked.outcome else {
        panic!("changed, not {}", checked.outcome.as_str())
    };
    assert!(!change.crosses_readings, "both sides are compared as found unaided");
    assert_eq!(change.sections.len(), 1);
    let causes: Vec<Cause> =
        world.store.versions(&watch.id).await.expect("versions").iter().map(|version| version.cause).collect();
    assert_eq!(causes, [Cause::FirstRecord, Cause::Publisher]);
    world.deliver_all().await;
}

#[tokio::test]
async fn a_page_that_was_not_modified_is_asked_for_with_its_validators() {
    let world = World::new().await;
    let watch = world.watch("/privacy", Materiality::Material).await;
    world.serve_and_check(&watch, policy(WILL_NOT)).await;
    let checked = world.serve_and_check(&watch, Answer::NotModified).await;
    assert_eq!(checked.outcome.as_str(), "unmodified");
    let etags: Vec<_> = world.site.requests().into_iter().map(|request| request.validators.etag).collect();
    assert_eq!(etags, [None, Some("\"1\"".to_owned())]);
    assert_eq!(world.store.versions(&watch.id).await.expect("versions").len(), 1);
}

/// Two captures of the past, for a watch that is followed today.
fn past(world: &World) -> std::path::PathBuf {
    let record = |year: u32, html: String| {
        let block = format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n{html}");
        let length = block.len();
        format!(
            "WARC/1.1\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:{year}>\r\nWARC-Date: {year}-01-01T00:00:00Z\r\n\
             WARC-Target-URI: https://acme.test/privacy\r\nContent-Type: application/http\r\nContent-Length: {length}\r\n\r\n\
             {block}\r\n\r\n"
        )
    };
    let path = world.file("past.warc");
    std::fs::write(&path, record(2020, policy(MAY)) + &record(2021, policy(WILL_NOT))).expect("a file");
    path
}

/// Captures that came late have no place until the history is derived anew: neither a
/// listener that is gone nor a power failure may keep that from happening.
#[tokio::test]
async fn an_import_that_ends_early_leaves_no_capture_without_its_place() {
    for killed in [false, true] {
        let (world, watch) = changed_world(&[]).await;
        let (path, store, clock) = (past(&world), world.store.clone(), world.clock.clone());
        let followed = watch.clone();
        let first = tokio::spawn(async move {
            let each = |_, imported: Imported| match imported.record_id.contains("2021") {
                true if killed => panic!("the power fails"),
                true => Err(std::io::Error::from(std::io::ErrorKind::BrokenPipe)),
                false => Ok(()),
            };
            import(&path, &followed, false, &store, &clock, &unpacker(), each).await
        });
        let first = first.await;
        assert_eq!(first.is_err(), killed);
        assert!(first.is_err() || matches!(first, Ok(Err(ImportError::Told(_)))));
        if killed {
            let all = |_, _: Imported| Ok(());
            import(&past(&world), &watch, false, &world.store, &world.clock, &unpacker(), all)
                .await
                .expect("an import");
        }
        let versions = world.store.versions(&watch.id).await.expect("the versions");
        let years: Vec<_> = versions.iter().map(|v| v.captured_at.format("%Y").to_string()).collect();
        assert_eq!(years, ["2020", "2021", "2026"], "killed: {killed}");
    }
}

#[tokio::test]
async fn a_dry_run_leaves_nothing_behind() {
    let world = World::new().await;
    let watch = world.watch("/privacy", Materiality::Material).await;
    world.serve_and_check(&watch, policy(WILL_NOT)).await;
    let before = world.store.watch_state(&watch.id).await.expect("the watch");
    world.site.serve("/privacy", policy(MAY));
    world.clock.advance(Duration::from_secs(3600));

    let seen = dry_run(&watch, &world.ports()).await.expect("the record");
    assert_eq!(seen.outcome.as_str(), "changed");
    assert_eq!(seen.alerts().count(), 1);
    assert_eq!(seen.recorded, None);
    assert_eq!(world.store.watch_state(&watch.id).await.expect("the watch"), before);
    assert_eq!(world.deliveries().await, []);
}

#[tokio::test]
async fn a_site_that_fails_is_recorded_and_asked_again_later() {
    let world = World::new().await;
    let watch = world.watch("/privacy", Materiality::Material).await;
    let refused = Answer::Failure(FailureKind::Refused { host: "acme.test:443".to_owned() });
    for failures in 1..=3 {
        let checked = world.serve_and_check(&watch, refused.clone()).await;
        assert_eq!(checked.outcome.as_str(), "unreachable");
        assert!(checked.next_check_at.is_some_and(|at| at > world.clock.now()), "{:?}", checked.next_check_at);
        let state = world.store.watch_state(&watch.id).await.expect("the watch").expect("it is known");
        assert_eq!(state.consecutive_failures, failures);
        assert_eq!(state.next_check_at, checked.next_check_at);
    }
    let bug = world.serve_and_check(&watch, Answer::Panics).await;
    assert_eq!(bug.outcome.as_str(), "broken");
    let last = &world.store.checks(&watch.id, 1).await.expect("checks")[0];
    assert_eq!(last.why.as_deref(), Some("a bug of policywatch: the fetcher fails"));
    world.serve_and_check(&watch, policy(WILL_NOT)).await;
    let state = world.store.watch_state(&watch.id).await.expect("the watch").expect("it is known");
    assert_eq!(state.consecutive_failures, 0);
    assert!(world.store.version(&watch.id, Which::Latest).await.expect("versions").is_some());
}

// The daemon.

/// What systemd was told, and a bell for each word.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<String>>>, Arc<Notify>);

impl Told {
    fn systemd(&self, watchdog: Option<Duration>) -> Systemd {
        let told = self.clone();
        let tell = move |states: &[sd_notify::NotifyState<'_>]| {
            let words = states.iter().map(ToString::to_string);
            // The moment of a reload is another one each time.
            let words: Vec<String> = words.filter(|word| !word.starts_with("MONOTONIC_USEC=")).collect();
            told.tell(words.join(" "));
        };
        Systemd::new(tell, watchdog)
    }

    fn tell(&self, words: String) {
        self.0.lock().expect("nobody panics").push(words);
        self.1.notify_one();
    }

    fn all(&self) -> Vec<String> {
        self.0.lock().expect("nobody panics").clone()
    }

    /// Waits until a word was said so often.
    async fn said(&self, word: &str, times: usize) {
        within(async {
            while self.all().iter().filter(|told| told.contains(word)).count() < times {
                assert!(!self.all().iter().any(|told| told.starts_with("ended")), "{:?}", self.all());
                self.1.notified().await;
            }
        })
        .await;
    }
}

type Loaded = Arc<Mutex<Result<Config, Vec<Problem>>>>;

/// A daemon that runs in a world.
struct Running {
    told: Told,
    loads: Loaded,
    reload: Arc<Notify>,
    in_force: tokio::sync::watch::Receiver<Option<Arc<Config>>>,
    stop: Option<oneshot::Sender<()>>,
    ended: tokio::task::JoinHandle<Result<(), DaemonError>>,
}

impl Running {
    fn start(world: &World, config: Config, watchdog: Option<Duration>, grace: Duration) -> Self {
        let (told, reload) = (Told::default(), Arc::<Notify>::default());
        let shown = tokio::sync::watch::Sender::new(None);
        let in_force = shown.subscribe();
        let loads: Loaded = Arc::new(Mutex::new(Ok(config.clone())));
        let (site, inbox, loaded) = (world.site.clone(), world.inbox.clone(), Arc::clone(&loads));
        let daemon: Daemon<Site, Inbox, HeldClock> = Daemon {
            config,
            load: Arc::new(move || loaded.lock().expect("nobody panics").clone()),
            equip: Box::new(move |_, _| Ok((site.clone(), inbox.clone()))),
            clock: world.clock.clone(),
            unpacker: unpacker(),
            reload: Arc::clone(&reload),
            shown: shown.clone(),
            systemd: told.systemd(watchdog),
            grace,
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let last_words = told.clone();
        let ended = tokio::spawn(async move {
            let ended = daemon.run(async { stopped.await.unwrap_or_default() }).await;
            last_words.tell(format!("ended: {ended:?}"));
            ended
        });
        Self { told, loads, reload, in_force, stop: Some(stop), ended }
    }

    /// Waits until it runs, and until the first checks are due, which are spread.
    async fn ready(&self, world: &World) {
        self.told.said("READY=1", 1).await;
        world.clock.advance(SPREAD);
    }

    async fn reload(&self, next: Result<Config, Vec<Problem>>) {
        *self.loads.lock().expect("nobody panics") = next;
        let ready = self.told.all().iter().filter(|told| told.contains("READY=1")).count();
        self.reload.notify_one();
        self.told.said("READY=1", ready + 1).await;
    }

    async fn stop(mut self) -> Result<(), DaemonError> {
        drop(self.stop.take());
        within(self.ended).await.expect("the daemon does not panic")
    }
}

fn config(world: &World, watches: Vec<Watch>) -> Config {
    let scheduler = policywatch::scheduler::Options { concurrency: 2, ..Default::default() };
    Config { store_path: world.store_path(), scheduler, watches, ..Config::default() }
}

async fn within<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, what).await.expect("what the story waits for comes")
}

#[tokio::test]
async fn the_daemon_checks_what_is_due_and_tells_it() {
    let world = World::new().await;
    world.site.serve("/privacy", policy(WILL_NOT));
    let daemon = Running::start(&world, config(&world, vec![watch("/privacy", &["desk"])]), None, PATIENCE);
    daemon.ready(&world).await;
    until(&world, "acme-privacy", 1).await;
    world.site.serve("/privacy", policy(MAY));
    world.clock.advance(Duration::from_secs(3600));
    within(world.inbox.rung.notified()).await;
    daemon.stop().await.expect("a clean end");
    insta::assert_snapshot!(world.inbox.read(), @"desk: acme-privacy, 1 to 2: material");
}

#[tokio::test]
async fn a_broken_configuration_is_refused_and_the_old_one_stays() {
    let world = World::new().await;
    for path in ["/privacy", "/terms"] {
        world.site.serve(path, policy(WILL_NOT));
    }
    let old = config(&world, vec![watch("/privacy", &[])]);
    let daemon = Running::start(&world, old.clone(), None, PATIENCE);
    daemon.ready(&world).await;
    let broken = world.file("broken.toml");
    std::fs::write(&broken, "[[wacth]]\nid = \"acme\"\n").expect("a broken file");
    daemon.reload(policywatch::config::load(&broken)).await;
    let moved = Config { store_path: world.file("elsewhere.db"), ..old.clone() };
    daemon.reload(Ok(moved)).await;
    until(&world, "acme-privacy", 1).await;
    // What works beside the checks goes by what is in force, not by what stands in the file.
    let in_force = |daemon: &Running| daemon.in_force.borrow().clone().expect("it runs").watches.clone();
    assert_eq!(in_force(&daemon), old.watches);
    daemon.reload(Ok(Config { watches: vec![watch("/terms", &[])], ..old })).await;
    assert_eq!(in_force(&daemon), [watch("/terms", &[])]);
    world.clock.advance(SPREAD);
    until(&world, "acme-terms", 1).await;
    let told = daemon.told.clone();
    daemon.stop().await.expect("a clean end");
    let told = told.all().join("\n");
    insta::assert_snapshot!(told, @r"
    READY=1 STATUS=following 1 page, 0 channels to tell
    RELOADING=1
    READY=1 STATUS=new configuration refused (1 problem, see the log), the old one stays
    RELOADING=1
    READY=1 STATUS=new configuration refused (1 problem, see the log), the old one stays
    RELOADING=1
    READY=1 STATUS=following 1 page, 0 channels to tell
    STOPPING=1 STATUS=stopping
    ended: Ok(())
    ");
}

#[tokio::test]
async fn stopping_does_not_wait_for_a_check_that_hangs() {
    let world = World::new().await;
    world.site.serve("/privacy", Answer::Hangs);
    let daemon = Running::start(&world, config(&world, vec![watch("/privacy", &[])]), None, Duration::from_millis(50));
    daemon.ready(&world).await;
    within(world.site.asked.notified()).await;
    daemon.stop().await.expect("a clean end");
    let state = world.store.watch_state(&watch("/privacy", &[]).id).await.expect("the watch").expect("it is known");
    assert_eq!(state.last_check, None, "a check that did not end is not recorded");
    assert!(state.next_check_at.is_some_and(|at| at <= world.clock.now()), "it is due again");
}

#[tokio::test]
async fn no_more_checks_run_than_configured_and_none_twice() {
    let world = World::new().await;
    let paths = ["/a", "/b", "/c", "/d", "/e"];
    for path in paths {
        world.site.serve(path, policy(WILL_NOT));
    }
    world.site.serve("/a", Answer::Hangs);
    // Each on a host of its own: a host has one place at a time.
    let at = |path: &&str| Url::parse(&format!("https://{}.acme.test{path}", &path[1..])).unwrap();
    let watches = paths.iter().map(|path| Watch { url: at(path), ..watch(path, &[]) }).collect();
    let daemon = Running::start(&world, config(&world, watches), None, Duration::ZERO);
    daemon.ready(&world).await;
    for id in ["acme-b", "acme-c", "acme-d", "acme-e"] {
        until(&world, id, 1).await;
    }
    daemon.stop().await.expect("a clean end");
    assert!(world.site.most_at_once() <= 2, "{} at once", world.site.most_at_once());
    let asked: BTreeSet<String> = world.site.requests().iter().map(|request| request.url.to_string()).collect();
    assert_eq!((asked.len(), world.site.requests().len()), (5, 5));
}

#[tokio::test]
async fn the_watchdog_hears_from_a_daemon_that_turns() {
    let world = World::new().await;
    let daemon = Running::start(&world, config(&world, Vec::new()), Some(Duration::from_millis(20)), PATIENCE);
    daemon.told.said("WATCHDOG=1", 3).await;
    daemon.stop().await.expect("a clean end");
}

#[tokio::test]
async fn a_second_daemon_on_the_same_store_does_not_start() {
    let world = World::new().await;
    let first = Running::start(&world, config(&world, Vec::new()), None, PATIENCE);
    first.told.said("READY=1", 1).await;
    let second = Running::start(&world, config(&world, Vec::new()), None, PATIENCE);
    let refused = within(second.ended).await.expect("no panic");
    assert!(matches!(refused, Err(DaemonError::Store(_))), "{refused:?}");
    first.stop().await.expect("a clean end");
}

#[tokio::test]
async fn a_daemon_that_cannot_keep_the_record_ends() {
    let world = World::new().await;
    world.site.serve("/privacy", policy(WILL_NOT));
    let daemon = Running::start(&world, config(&world, vec![watch("/privacy", &[])]), None, PATIENCE);
    daemon.told.said("READY=1", 1).await;
    let damage = rusqlite::Connection::open(world.store_path()).expect("the database");
    damage.execute_batch("ALTER TABLE checks RENAME TO lost").expect("the damage");
    world.clock.advance(SPREAD);
    let ended = within(daemon.ended).await.expect("no panic");
    assert!(matches!(ended, Err(DaemonError::Store(_))), "{ended:?}");
    assert!(daemon.told.all().iter().any(|told| told.contains("STOPPING=1")));
    damage.execute_batch("ALTER TABLE lost RENAME TO checks").expect("the repair");
}

#[tokio::test]
async fn what_is_damaged_of_one_watch_does_not_end_the_daemon() {
    let world = World::new().await;
    world.site.serve("/privacy", policy(WILL_NOT));
    world.site.serve("/terms", policy(WILL_NOT));
    let watches = vec![watch("/privacy", &[]), watch("/terms", &[])];
    let daemon = Running::start(&world, config(&world, watches), None, PATIENCE);
    daemon.ready(&world).await;
    until(&world, "acme-privacy", 1).await;
    until(&world, "acme-terms", 1).await;

    let damage = rusqlite::Connection::open(world.store_path()).expect("the database");
    let damaged = "CREATE TABLE kept AS SELECT id, reading FROM versions;
        UPDATE versions SET reading = X'00' FROM watches WHERE watches.id = watch_id AND name = 'acme-privacy'";
    damage.execute_batch(damaged).expect("the damage");
    world.site.serve("/privacy", policy(MAY));
    world.site.serve("/terms", policy(MAY));
    world.clock.advance(Duration::from_secs(3600));
    let now = world.clock.now();
    until(&world, "acme-terms", 2).await;
    told_of(&world, "acme-privacy", |state| state.next_check_at > Some(now)).await;

    let repaired = "UPDATE versions SET reading = kept.reading FROM kept WHERE kept.id = versions.id";
    damage.execute_batch(repaired).expect("the repair");
    world.clock.advance(Duration::from_secs(3600));
    until(&world, "acme-privacy", 2).await;
    daemon.stop().await.expect("a clean end");
}

/// With nothing held: real sockets, files, signals and clock.
#[tokio::test]
async fn signals_reload_and_stop_the_daemon() {
    let world = World::new().await;
    let site = Loopback::start().await;
    let page = |id: &str| {
        site.serve(&format!("/{id}"), policy(WILL_NOT));
        let url = site.url(&format!("/{id}"));
        format!("[[watch]]\nid = \"{id}\"\nurl = \"{url}\"\ntype = \"privacy\"\nevery = \"1h\"\n")
    };
    let file = world.file("policywatch.toml");
    let store = world.store_path();
    let rest = format!(
        "[store]\npath = \"{}\"\n[scheduler]\nspread = \"0s\"\n[fetch]\nallow = [\"127.0.0.0/8\"]\npause_per_host = \"0s\"\n",
        store.display()
    );
    let write = |watches: &[String]| std::fs::write(&file, format!("{rest}{}", watches.concat())).expect("a file");
    write(&[page("one")]);
    let config = policywatch::config::load(&file).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let stop = told_to_stop().expect("signals can be heard");
    let daemon = tokio::spawn(run(file.clone(), config, stop));
    until(&world, "one", 1).await;

    write(&[page("one"), page("two")]);
    signal("HUP").await;
    until(&world, "two", 1).await;
    signal("TERM").await;
    within(daemon).await.expect("no panic").expect("a clean end");
}

/// Sends a signal to this process.
async fn signal(name: &str) {
    let id = std::process::id().to_string();
    let sent = tokio::process::Command::new("kill").args(["-s", name, &id]).status().await.expect("kill runs");
    assert!(sent.success());
}

/// Waits until a watch has so many versions.
async fn until(world: &World, id: &str, versions: u32) {
    told_of(world, id, |state| state.versions >= versions).await;
}

/// Waits until the record says so of a watch.
async fn told_of(world: &World, id: &str, so: impl Fn(&WatchState) -> bool) {
    let id = policywatch::watch::WatchId::new(id).expect("an id");
    within(async {
        while !world.store.watch_state(&id).await.expect("the record").is_some_and(|state| so(&state)) {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_webhook_and_the_heartbeat_go_through_a_proxy_where_one_is_named() {
    use crate::fetching::proxies::Proxy;
    use policywatch::access::Way;

    let receiver = Loopback::start().await;
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], receiver.url("/").port().unwrap()));
    let http = Proxy::http(address, Some("Basic YWRhOnMzY3JldA==")).await;
    let socks = Proxy::socks(address, None).await;
    let (world, _) = changed_world(&["desk", "tunnel", "wrong", "direct"]).await;
    // A name that nobody resolves here: who gets there was led by the proxy.
    let hook: url::Url = "http://hooks.test/hook".parse().unwrap();
    let channel = |name: &str, way: Option<Way>, url: &url::Url| {
        let proxy = way.map(|way| if let Way::Proxy(proxy) = way { proxy } else { panic!("a proxy") });
        let (url, timeout) = (url.clone(), Duration::from_secs(10));
        ChannelOptions { name: name.to_owned(), kind: ChannelKind::Webhook { url, secret: None, timeout, proxy } }
    };
    let options = vec![
        channel("desk", Some(http.way("http", "ada:s3cret@")), &hook),
        channel("tunnel", Some(socks.way("socks5h", "")), &hook),
        channel("wrong", Some(http.way("http", "")), &hook),
        channel("direct", None, &receiver.url("/direct")),
    ];
    assert!(!format!("{options:?}").contains("s3cret"));
    let channels = Arc::new(Channels::new(options, loopback_client(), world.clock.clone()));
    deliver_due(&world.store, &channels, &world.clock).await.unwrap();
    assert_eq!(receiver.posted().iter().filter(|posted| posted.path == "/hook").count(), 2);
    assert_eq!(receiver.posted().iter().filter(|posted| posted.path == "/direct").count(), 1);
    assert_eq!(http.asked().first().map(String::as_str), Some("POST http://hooks.test/hook HTTP/1.1"));
    assert_eq!(socks.asked(), ["hooks.test:80"]);
    let waiting =
        world.store.deliveries(None, 9).await.unwrap().into_iter().find(|one| one.channel == "wrong").unwrap();
    let why = waiting.last_error.unwrap();
    assert!(why.contains("wants credentials") && !why.contains("s3cret"), "{why}");

    // What a URL says itself is decided here, whoever leads there.
    let refused = Proxy::http(address, None).await;
    let (client, Way::Proxy(way)) = (loopback_client(), refused.way("http", "")) else { panic!("a proxy") };
    let literal = "http://10.0.0.1/".parse().unwrap();
    let kind = client.through(Some(&way)).post(&literal, &[], Vec::new(), Duration::from_secs(5)).await.unwrap_err();
    assert_eq!((kind.as_str(), refused.asked().len()), ("forbidden_address", 0));
    world.leaves_deliveries_waiting();
}
