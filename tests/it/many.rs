//! Stories of many watches on many hosts: all are checked, no host is hurried, slow ones
//! delay themselves alone, and a daemon that is killed loses nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use policywatch::check::Ports;
use policywatch::clock::Clock as _;
use policywatch::fetch::{Fetcher, Options};
use policywatch::http::GuardedClient;
use policywatch::pulse::pulse;
use policywatch::scheduler::{self, InForce, Scheduler};
use policywatch::store::Store;
use policywatch::watch::{Watch, WatchId};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::farm::{Farm, FastClock, Kind, Names, name, shortest_gaps};
use crate::world::{unpacker, watch};

/// How long a story may take before it has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// So many times as fast as the sun.
const TIMES: u32 = 20;

const PAUSE: Duration = Duration::from_secs(5);

/// One of every eight hosts is slow, and one fails.
fn kind(host: usize) -> Kind {
    match host % 8 {
        // Twelve seconds of the story.
        3 => Kind::Slow(Duration::from_secs(12) / TIMES),
        5 => Kind::Failing,
        _ => Kind::Well,
    }
}

fn watches(farm: &Farm, each: usize) -> Vec<Watch> {
    // Host after host, as people write them.
    let all = (0..farm.hosts.len()).flat_map(|host| (0..each).map(move |page| (host, page)));
    all.map(|(host, page)| Watch {
        id: WatchId::new(&format!("h{host}-{page}")).unwrap(),
        url: Url::parse(&format!("http://{}:{}/p{page}", name(host), farm.hosts[host].0.port())).unwrap(),
        ..watch("/any", &[])
    })
    .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_watches_on_twenty_five_hosts() {
    let farm = Farm::start(25, kind).await;
    let watches = watches(&farm, 20);
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("policywatch.db")).await.unwrap();
    let clock = FastClock::new(TIMES);
    let now = clock.now();
    // All due at one time, and those of one host one after the other: the worst order.
    store.sync_watches(watches.clone(), move |_, _| Some(now), now).await.unwrap();
    let options = Options { pause_per_host: PAUSE, allow: farm.allowed(), ..Options::default() };
    let client = GuardedClient::with_lookup(&options, Arc::new(Names)).unwrap();
    let fetcher = Fetcher::with_client(client, options, clock);
    let ports = Ports { store: store.clone(), fetcher, unpacker: unpacker(), clock, spread: Duration::ZERO };
    let in_force = InForce {
        watches: watches.iter().map(|watch| (watch.id.clone(), watch.clone())).collect(),
        // Fewer places than hosts that are slow: they must not have them all.
        options: scheduler::Options { concurrency: 6, spread: Duration::ZERO },
        ports,
    };
    let (sender, receiver) = tokio::sync::watch::channel(Arc::new(in_force));
    let (stop, (_pulse, beat)) = (CancellationToken::new(), pulse());
    let scheduler = Scheduler {
        in_force: receiver,
        bell: Arc::new(Notify::new()),
        stop: stop.clone(),
        grace: Duration::from_secs(30),
        beat,
    };
    let began = Instant::now();
    let running = tokio::spawn(scheduler.run());
    // Every page is asked for once: what fails is due again ten minutes later.
    if tokio::time::timeout(PATIENCE, farm.until_seen(500)).await.is_err() {
        panic!("{} of 500 pages were asked for within {PATIENCE:?}", farm.seen().len());
    }
    stop.cancel();
    running.await.unwrap().unwrap();
    drop(sender);

    let seen = farm.seen();
    let pages: BTreeSet<_> = seen.iter().map(|one| (one.host, one.path.clone())).collect();
    assert_eq!(pages.len(), 500, "of {} requests", seen.len());
    let checked = store.watch_states().await.unwrap().iter().filter(|state| state.last_check.is_some()).count();
    assert_eq!(checked, 500);

    // By the clock on the wall; a machine that is busy may delay one request more than the next.
    let pause = PAUSE / TIMES;
    for (host, gap) in shortest_gaps(&seen) {
        assert!(gap > pause / 2, "host {host}: {gap:?} between two requests, {pause:?} is the pause");
        let all: Vec<_> = seen.iter().filter(|one| one.host == host).collect();
        let whole = all[all.len() - 1].at - all[0].at;
        assert!(whole > pause * (all.len() as u32 - 1) - pause / 2, "host {host}: {} in {whole:?}", all.len());
    }

    // The end of a kind of hosts: when the last of their pages was asked for.
    let end = |slow: bool| {
        let of_kind = seen.iter().filter(|one| matches!(kind(one.host), Kind::Slow(_)) == slow);
        of_kind.map(|one| one.at - began).max().unwrap()
    };
    let (quick, slow) = (end(false), end(true));
    assert!(quick < slow, "quick hosts wait for slow ones: {quick:?}, {slow:?}");
}

/// How often the daemon is killed: a hundred times where `POLICYWATCH_KILLS` says so.
fn kills() -> usize {
    std::env::var("POLICYWATCH_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(10)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_daemon_that_is_killed_loses_nothing_and_hurries_nobody() {
    const REST: Duration = Duration::from_millis(300);
    let (kills, farm) = (kills(), Farm::start(25, |_| Kind::Well).await);
    let all = kills.max(10) * 20;
    let dir = tempfile::tempdir().unwrap();
    let (config, store) = (dir.path().join("policywatch.toml"), dir.path().join("policywatch.db"));
    let mut text = format!(
        "[store]\npath = \"{}\"\n[fetch]\npause_per_host = \"300ms\"\nallow = [\"127.0.0.0/8\"]\n\
         [scheduler]\nspread = \"0s\"\n[log]\nfilter = \"warn\"\n",
        store.display()
    );
    for number in 0..all {
        let address = farm.hosts[number % farm.hosts.len()].0;
        text.push_str(&format!(
            "[[watch]]\nid = \"w{number}\"\nurl = \"http://{address}/w{number}\"\ntype = \"privacy\"\nservice = \"W\"\n\
             every = \"12h\"\n"
        ));
    }
    std::fs::write(&config, text).unwrap();
    let start = || {
        let mut daemon = Command::new(env!("CARGO_BIN_EXE_policywatch"));
        daemon.arg("--config").arg(&config).arg("run").env_remove("NOTIFY_SOCKET");
        daemon.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::inherit()).spawn().expect("the program")
    };
    for kill in 0..kills {
        let mut daemon = start();
        // Not always at the same point of its work.
        let until = farm.seen().len() + 1 + kill * 7 % 17;
        let came = tokio::time::timeout(PATIENCE, farm.until_seen(until)).await;
        daemon.kill().expect("it runs");
        daemon.wait().expect("it ends");
        came.unwrap_or_else(|_| panic!("kill {kill}: {} of {until}", farm.seen().len()));
    }
    let mut daemon = start();
    let record = Store::open(&store).await.unwrap();
    let checked = async || {
        let states = record.watch_states().await.unwrap();
        states.iter().filter(|state| state.last_check.is_some()).count()
    };
    let began = Instant::now();
    let mut seen = farm.seen().len();
    while checked().await < all && began.elapsed() < PATIENCE {
        seen += 1;
        // The last pages may be on the way to the record: then no more requests come.
        let _ = tokio::time::timeout(Duration::from_millis(500), farm.until_seen(seen)).await;
        seen = seen.min(farm.seen().len());
    }
    daemon.kill().expect("it runs");
    daemon.wait().expect("it ends");

    assert_eq!(checked().await, all, "all are checked");
    let seen = farm.seen();
    let mut asked = BTreeMap::<&str, usize>::new();
    for one in &seen {
        *asked.entry(&one.path).or_default() += 1;
    }
    // What was asked for and not yet recorded is asked for again, and nothing else is.
    let again: usize = asked.values().map(|times| times - 1).sum();
    assert!(again <= kills * scheduler::Options::default().concurrency, "{again} of {all} twice in {kills} kills");
    for number in 0..all {
        let checks = record.checks(&WatchId::new(&format!("w{number}")).unwrap(), 10).await.unwrap();
        assert_eq!(checks.len(), 1, "w{number} is recorded once");
    }
    for (host, gap) in shortest_gaps(&seen) {
        assert!(gap > REST / 2, "host {host}: {gap:?} between two requests, {REST:?} is the pause");
    }
}
