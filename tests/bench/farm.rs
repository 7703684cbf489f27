//! Ten thousand watches on five hundred hosts that are slow, failing and well-behaved, due
//! within one hour: what memory and processor that takes, whether each host's pace is kept,
//! what a hundred kills lose, and how long a start on a large record takes.
//!
//! ```text
//! cargo bench --bench farm -- [--watches N] [--hosts N] [--times N] [--kills N] [--snapshots N]
//! ```
//!
//! The hosts listen on the loopback interface, at addresses of their own that a resolver in
//! memory knows. The hour is one of a clock that runs `--times` as fast as the sun; what
//! is checked, and the record, run in a process of their own, whose memory and processor's
//! time are measured. The processor's time is not scaled, so its share is of a real hour.

#![allow(clippy::unwrap_used)]

#[path = "../it/farm.rs"]
mod farm;

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use policywatch::alternation::ALTERNATION;
use policywatch::cadence::{Schedule, spread};
use policywatch::check::Ports;
use policywatch::clock::Clock as _;
use policywatch::fetch::ledger::InMemory;
use policywatch::fetch::{Fetcher, Manners, Options};
use policywatch::http::GuardedClient;
use policywatch::interest::Interest;
use policywatch::judgment::{Materiality, Rules};
use policywatch::ladder::Ladder;
use policywatch::pulse::pulse;
use policywatch::reading::Selectors;
use policywatch::scheduler::{self, InForce, Scheduler};
use policywatch::silence::STALE_AFTER;
use policywatch::store::Store;
use policywatch::unpack::Unpacker;
use policywatch::watch::{PolicyType, RobotsRule, Source, Watch, WatchId};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use url::Url;

use farm::{Farm, FastClock, Kind, Names, Seen, allowed, name};

const USAGE: &str =
    "usage: cargo bench --bench farm -- [--watches N] [--hosts N] [--times N] [--kills N] [--snapshots N]";

const PROGRAM: &str = env!("CARGO_BIN_EXE_policywatch");

/// The hour in which everything is due; the last are due five minutes before its end.
const HOUR: Duration = Duration::from_secs(3600);
const DUE_WITHIN: Duration = Duration::from_secs(3300);

/// What a slow host takes to answer.
const SLOW: Duration = Duration::from_secs(20);

/// What is measured. Also what the parent tells its worker.
#[derive(Clone)]
struct Size {
    watches: usize,
    hosts: usize,
    times: u32,
    kills: usize,
    snapshots: usize,
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    if words.first().is_some_and(|word| word == "--worker") {
        return runtime.block_on(work(&words[1..]));
    }
    let mut size = Size { watches: 10_000, hosts: 500, times: 30, kills: 100, snapshots: 400_000 };
    for pair in words.chunks(2) {
        let number: usize = pair.get(1).and_then(|number| number.parse().ok()).expect(USAGE);
        match pair[0].as_str() {
            "--watches" => size.watches = number,
            "--hosts" => size.hosts = number.clamp(1, 5000),
            "--times" => size.times = u32::try_from(number).expect(USAGE).max(1),
            "--kills" => size.kills = number,
            "--snapshots" => size.snapshots = number,
            other => panic!("{other}? {USAGE}"),
        }
    }
    runtime.block_on(async {
        let dir = tempfile::tempdir().unwrap();
        an_hour(&size, dir.path()).await;
        if size.snapshots > 0 {
            starts(&size, dir.path());
        }
        if size.kills > 0 {
            kills(&size, tempfile::tempdir().unwrap().path()).await;
        }
    });
}

/// A tenth of the hosts is slow, a tenth fails in one of two ways.
fn kind(host: usize, times: u32) -> Kind {
    match host % 20 {
        3 | 13 => Kind::Slow(SLOW / times),
        5 => Kind::Failing,
        15 => Kind::Broken,
        _ => Kind::Well,
    }
}

fn watches(count: usize, ports: &[u16]) -> Vec<Watch> {
    let watch = |number: usize| {
        let host = number % ports.len();
        Watch {
            id: WatchId::new(&format!("w{number}")).unwrap(),
            url: Url::parse(&format!("http://{}:{}/w{number}", name(host), ports[host])).unwrap(),
            pages: Vec::new(),
            former: Vec::new(),
            elsewhere: Vec::new(),
            service: "Farm".to_owned(),
            policy_type: PolicyType::Privacy,
            schedule: Schedule::every(Duration::from_secs(12 * 3600)),
            source: Source::Live,
            archives: vec!["wayback".to_owned()],
            ladder: Ladder::PLAIN,
            selectors: Selectors::default(),
            language: None,
            alternation: ALTERNATION,
            confirm: None,
            stale_after: Some(STALE_AFTER),
            access: Default::default(),
            robots: RobotsRule::default(),
            notify: Vec::new(),
            interest: Interest::from_materiality(Materiality::Material),
            rules: Rules::default(),
            tags: Vec::new(),
        }
    };
    (0..count).map(watch).collect()
}

/// The process that is measured: checks what is due until its clock shows the end.
async fn work(words: &[String]) {
    let number = |at: usize| words[at].parse::<i64>().unwrap();
    let dir = Path::new(&words[0]);
    let (clock, end) = (FastClock { set_at: number(1), times: number(2) as u32 }, number(3));
    let ports = fs::read_to_string(dir.join("ports")).unwrap();
    let ports: Vec<u16> = ports.split_whitespace().map(|port| port.parse().unwrap()).collect();
    let watches = watches(number(4) as usize, &ports);
    let store = Store::open(&dir.join("policywatch.db")).await.unwrap();
    let began = clock.began();
    let due = move |watch: &Watch, _| Some(began + spread(&watch.id, DUE_WITHIN));
    store.sync_watches(watches.clone(), due, clock.now()).await.unwrap();
    let options = Options { allow: allowed(ports.len()), ..Options::default() };
    let client = GuardedClient::with_lookup(&options, Arc::new(Names)).unwrap();
    // As the daemon does it.
    let manners = Arc::new(Manners::rested(options.pause_per_host, clock.now()));
    let fetcher = Fetcher::with_manners(client, options, Arc::new(InMemory::default()), manners, clock);
    let options = scheduler::Options::default();
    let ports = Ports { store: store.clone(), fetcher, unpacker: Unpacker::at(PROGRAM), clock, spread: options.spread };
    let watches = watches.into_iter().map(|watch| (watch.id.clone(), watch)).collect();
    let (_in_force, receiver) = tokio::sync::watch::channel(Arc::new(InForce { watches, options, ports }));
    let (stop, (_pulse, beat)) = (CancellationToken::new(), pulse());
    let (bell, grace) = (Arc::new(Notify::new()), Duration::from_secs(60));
    let running = tokio::spawn(Scheduler { in_force: receiver, bell, stop: stop.clone(), grace, beat }.run());
    let lag = Lag::listen();
    clock.sleep_until(began + Duration::from_secs(end as u64)).await;
    let late = lag.most();
    stop.cancel();
    running.await.unwrap().unwrap();
    store.close().await.unwrap();
    println!("{} {} {}", cpu_ms("self"), peak_kib("self"), late.as_micros());
}

/// How late this process comes to do what is due: between a turn and the line in a server's log
/// stand the runtimes of two processes, which share two cores with each other. In real time that
/// is milliseconds, but the clock multiplies it.
struct Lag(Arc<AtomicU64>);

impl Lag {
    fn listen() -> Self {
        let most = Arc::new(AtomicU64::new(0));
        let noted = Arc::clone(&most);
        tokio::spawn(async move {
            let beat = Duration::from_millis(5);
            loop {
                let began = Instant::now();
                tokio::time::sleep(beat).await;
                let late = began.elapsed().saturating_sub(beat).as_micros() as u64;
                noted.fetch_max(late, Ordering::Relaxed);
            }
        });
        Self(most)
    }

    fn most(&self) -> Duration {
        Duration::from_micros(self.0.load(Ordering::Relaxed))
    }
}

/// The processor's time that a process has had, in milliseconds.
fn cpu_ms(process: &str) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    // utime and stime, in hundredths of a second.
    after_name.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap() * 10).sum()
}

/// The most memory that a process has had, in KiB.
fn peak_kib(process: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}

fn start_worker(size: &Size, dir: &Path, clock: &FastClock, end: Duration) -> Child {
    let mut worker = Command::new(std::env::current_exe().unwrap());
    worker.arg("--worker").arg(dir).arg(clock.set_at.to_string()).arg(clock.times.to_string());
    worker.arg(end.as_secs().to_string()).arg(size.watches.to_string());
    worker.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap()
}

async fn farm(size: &Size, dir: &Path) -> Farm {
    let times = size.times;
    let farm = Farm::start(size.hosts, move |host| kind(host, times)).await;
    let ports: Vec<String> = farm.hosts.iter().map(|(address, _)| address.port().to_string()).collect();
    fs::write(dir.join("ports"), ports.join("\n")).unwrap();
    farm
}

/// One hour, undisturbed.
async fn an_hour(size: &Size, dir: &Path) {
    let farm = farm(size, dir).await;
    println!("{} watches on {} hosts within an hour, {} times as fast", size.watches, size.hosts, size.times);
    let (began, clock) = (Instant::now(), FastClock::new(size.times));
    let lag = Lag::listen();
    let worker = start_worker(size, dir, &clock, HOUR);
    let output = tokio::task::spawn_blocking(move || worker.wait_with_output()).await.unwrap().unwrap();
    assert!(output.status.success(), "the worker failed");
    let told = String::from_utf8(output.stdout).unwrap();
    let told: Vec<f64> = told.split_whitespace().map(|number| number.parse().unwrap()).collect();
    let (cpu, peak, theirs) = (told[0], told[1], Duration::from_micros(told[2] as u64));
    println!("  peak memory           {:8.1} MB (asked for: under 150)", peak * 1.024 / 1000.0);
    println!("  processor             {:8.1} s, {:.1} % of an hour of one core", cpu / 1000.0, cpu / 36_000.0);
    tell_record(size, dir).await;
    let seen = farm.seen();
    tell_pace(size, &seen, lag.most() + theirs);
    let mut asked = BTreeSet::new();
    let first: Vec<&Seen> = seen.iter().filter(|one| asked.insert(&one.path)).collect();
    for (what, slow) in [("quick", false), ("slow", true)] {
        let of_kind = first.iter().filter(|one| matches!(kind(one.host, 1), Kind::Slow(_)) == slow);
        let late = |one: &&Seen| {
            let id = WatchId::new(one.path.trim_start_matches('/')).unwrap();
            ((one.at - began) * size.times).saturating_sub(spread(&id, DUE_WITHIN)).as_secs_f64()
        };
        let mut late: Vec<f64> = of_kind.map(late).collect();
        late.sort_by(f64::total_cmp);
        if let (Some(middle), Some(most)) = (late.get(late.len() / 2), late.last()) {
            println!("  {what:5} hosts are asked  {middle:8.1} s after the watch is due (median), {most:.1} s at most");
        }
    }
}

/// How many were checked, and how often.
async fn tell_record(size: &Size, dir: &Path) {
    let store = Store::open(&dir.join("policywatch.db")).await.unwrap();
    let states = store.watch_states().await.unwrap();
    let checked = states.iter().filter(|state| state.last_check.is_some()).count();
    println!("  checked               {checked:8} of {} watches", size.watches);
    let (mut twice, mut well) = (0, 0);
    for state in states.iter().filter(|state| state.consecutive_failures == 0 && state.last_check.is_some()) {
        well += 1;
        twice += usize::from(store.checks(&state.id, 2).await.unwrap().len() > 1);
    }
    println!("  of {well} that went well, recorded twice within their 12 hours: {twice}");
}

/// Whether each host was left alone between two requests, by its own log; a line of that may be
/// late by `lag`.
fn tell_pace(size: &Size, seen: &[Seen], lag: Duration) {
    let pause = Options::default().pause_per_host;
    let exact = (lag * size.times).as_secs_f64();
    let mut last = std::collections::BTreeMap::new();
    let mut gaps: Vec<f64> = Vec::new();
    for one in seen {
        if let Some(before) = last.insert(one.host, one.at) {
            gaps.push(((one.at - before) * size.times).as_secs_f64());
        }
    }
    gaps.sort_by(f64::total_cmp);
    let under = |least: f64| gaps.iter().filter(|gap| **gap < least).count();
    let pause = pause.as_secs_f64();
    println!(
        "  pace                  {:8.2} s between two requests to one host at least; {} of {} under {pause:.2} s",
        gaps.first().unwrap_or(&0.0),
        under(pause),
        gaps.len(),
    );
    println!(
        "                        a line of the log is late by up to {exact:.2} s of this clock ({:.1} ms of the sun's), \
         so {} are too short",
        lag.as_secs_f64() * 1000.0,
        under(pause - exact),
    );
}

/// The daemon's start on a record of many snapshots.
fn starts(size: &Size, dir: &Path) {
    let path = dir.join("policywatch.db");
    let snapshots = enlarge(&path, size.snapshots);
    let ports = fs::read_to_string(dir.join("ports")).unwrap();
    let ports: Vec<u16> = ports.split_whitespace().map(|port| port.parse().unwrap()).collect();
    let hosts: Vec<String> = (0..ports.len()).map(|host| format!("\"{}\"", name(host))).collect();
    let mut config = format!(
        "[store]\npath = \"{}\"\n[fetch]\nallow = [{}]\n[log]\nfilter = \"warn\"\n",
        path.display(),
        hosts.join(", ")
    );
    for watch in watches(size.watches, &ports) {
        config.push_str(&format!(
            "[[watch]]\nid = \"{}\"\nurl = \"{}\"\ntype = \"privacy\"\nservice = \"Farm\"\nevery = \"12h\"\n",
            watch.id, watch.url
        ));
    }
    fs::write(dir.join("policywatch.toml"), config).unwrap();
    println!("start with {} watches and {snapshots} snapshots (asked for: under 1000 ms)", size.watches);
    let mut took = Vec::new();
    for _ in 0..5 {
        let (socket, began) = (dir.join("notify"), Instant::now());
        let _ = fs::remove_file(&socket);
        let ears = UnixDatagram::bind(&socket).unwrap();
        ears.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let mut daemon = Command::new(PROGRAM)
            .arg("--config")
            .arg(dir.join("policywatch.toml"))
            .arg("run")
            .env("NOTIFY_SOCKET", &socket)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mut heard = [0; 1024];
        let ready = ears.recv(&mut heard).is_ok_and(|size| heard[..size].starts_with(b"READY=1"));
        took.push(began.elapsed().as_millis());
        let process = daemon.id().to_string();
        let (cpu, peak) = (cpu_ms(&process), peak_kib(&process));
        daemon.kill().unwrap();
        daemon.wait().unwrap();
        assert!(ready, "the daemon does not start");
        println!("  ready after {:5} ms ({cpu} ms of the processor, {} MB)", took[took.len() - 1], peak / 1000);
    }
}

/// Has every watch that has a snapshot get more of the same, and puts everything off.
fn enlarge(path: &Path, snapshots: usize) -> i64 {
    let store = rusqlite::Connection::open(path).unwrap();
    let one = |sql: &str| store.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    let (held, last) = (one("SELECT count(*) FROM snapshots"), one("SELECT max(id) FROM checks"));
    let each = (snapshots as i64 - held).max(0) / held.max(1) + 1;
    store
        .execute_batch(&format!(
            "BEGIN;
             INSERT INTO checks (watch_id, recorded_at, outcome)
                 WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {each})
                 SELECT watch_id, strftime('%Y-%m-%dT%H:%M:%fZ', max(captured_at), '+' || i || ' hours'), 'unchanged'
                 FROM snapshots, n GROUP BY watch_id, i ORDER BY i, watch_id;
             INSERT INTO snapshots (id, watch_id, captured_at, origin, body_id, head_base_id, head)
                 SELECT c.id, c.watch_id, c.recorded_at, s.origin, s.body_id, s.head_base_id, s.head
                 FROM checks c JOIN snapshots s ON s.id = (SELECT min(id) FROM snapshots WHERE watch_id = c.watch_id)
                 WHERE c.id > {last};
             UPDATE watches SET next_check_at = '2099-01-01T00:00:00.000Z' WHERE next_check_at IS NOT NULL;
             COMMIT;"
        ))
        .unwrap();
    one("SELECT count(*) FROM snapshots")
}

/// An hour in which the process is killed again and again.
async fn kills(size: &Size, dir: &Path) {
    let farm = farm(size, dir).await;
    println!("the same, killed {} times with SIGKILL", size.kills);
    // A start takes a second or two of the sun's time, and so a minute of the clock's: who is
    // to be killed runs until then, however far the hour is past.
    let (began, clock, never) = (Instant::now(), FastClock::new(size.times), HOUR * 24 * 365);
    for kill in 1..=size.kills {
        let mut worker = start_worker(size, dir, &clock, never);
        // All over the hour, after more requests each time, never the same number.
        let until = farm.seen().len() + size.watches / (size.kills + 10) + kill % 7;
        let patience = Duration::from_secs(120);
        let came = tokio::time::timeout(patience, farm.until_seen(until)).await;
        worker.kill().unwrap();
        worker.wait().unwrap();
        came.unwrap_or_else(|_| panic!("after kill {kill} nothing goes on"));
    }
    let passed = (clock.now() - clock.began()).to_std().unwrap_or_default();
    let (minutes, killed) = (passed.as_secs() / 60, began.elapsed().as_secs());
    println!("  killed within {killed} s, which were {minutes} minutes of the clock");
    // Everything is due within the hour; half of one more is enough for what is left.
    let lag = Lag::listen();
    let worker = start_worker(size, dir, &clock, passed.max(HOUR) + HOUR / 2);
    let output = tokio::task::spawn_blocking(move || worker.wait_with_output()).await.unwrap().unwrap();
    assert!(output.status.success(), "the last worker failed");
    let told = String::from_utf8(output.stdout).unwrap();
    let theirs = told.split_whitespace().nth(2).and_then(|late| late.parse().ok()).unwrap_or_default();
    tell_record(size, dir).await;
    let seen = farm.seen();
    tell_pace(size, &seen, lag.most() + Duration::from_micros(theirs));
    let well = |one: &&Seen| matches!(kind(one.host, 1), Kind::Well | Kind::Slow(_));
    let asked: BTreeSet<&str> = seen.iter().filter(well).map(|one| one.path.as_str()).collect();
    let again = seen.iter().filter(well).count() - asked.len();
    println!("  asked again because the kill came before the record: {again} requests");
}
