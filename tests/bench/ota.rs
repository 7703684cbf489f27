//! How fast a repository of Open Terms Archive is walked, read and recorded.
//!
//! ```text
//! cargo bench --bench ota -- [COMMITS [RECORDED]]
//! ```
//!
//! The repository is made up, the same at every run, by `git fast-import`: pages of 40 kB
//! that change in a sentence, of several services in turn. Walking lists the commits;
//! reading fetches every page from git. Recording reads, compares, judges and stores a part
//! of them (RECORDED), which is another matter, and is told for itself, with the time that
//! the processor took and without what reading the pages takes of that.
//!
//! Two histories are recorded. In the worst one every commit changes a sentence. In the
//! usual one, after the proportions of real collections, two commits of five return to an
//! earlier text, two change a sentence, and one changes nothing that is read.

#![allow(clippy::unwrap_used)]

use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use policywatch::alternation::ALTERNATION;
use policywatch::cadence::Schedule;
use policywatch::clock::{Clock as _, SystemClock};
use policywatch::exchange::import::Mode;
use policywatch::exchange::ota::{self, Kind};
use policywatch::interest::Interest;
use policywatch::judgment::{Materiality, Rules};
use policywatch::reading::{self, Expected, Selectors};
use policywatch::store::Store;
use policywatch::unpack::Unpacker;
use policywatch::watch::{PolicyType, Source, Watch, WatchId};

/// The fewest commits a second that walking and reading together may do.
const LEAST: f64 = 500.0;
const SERVICES: usize = 10;

fn main() {
    let numbers: Vec<usize> = std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    let commits = numbers.first().copied().unwrap_or(20_000);
    let recorded = numbers.get(1).copied().unwrap_or(1_000);
    let folder = tempfile::tempdir().unwrap();
    let repository = folder.path().join("made-up-snapshots");
    make(&repository, commits, History::Worst);

    let began = Instant::now();
    let plan = ota::plan(&repository, Kind::Snapshots, &[]).unwrap();
    let (walked, texts) = (began.elapsed().as_secs_f64(), plan.groups.len());
    assert_eq!(plan.total(), commits);
    let (mut count, mut bytes) = (0, 0);
    plan.read(|_, response| {
        count += 1;
        bytes += response.unwrap().snapshot.body.len();
        true
    })
    .unwrap();
    let whole = began.elapsed().as_secs_f64();
    assert_eq!(count, commits);
    let speed = commits as f64 / whole;
    println!("{commits} commits of {texts} texts, {} MB", bytes / 1_000_000);
    println!("walked in {walked:.2} s, walked and read in {whole:.2} s: {speed:.0} commits/s, {}", memory());

    for (kind, folder_name) in [(History::Worst, "worst"), (History::Usual, "usual")] {
        let repository = folder.path().join(folder_name);
        make(&repository, recorded, kind);
        let reading = reading_of(&repository);
        let plan = ota::plan(&repository, Kind::Snapshots, &[]).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (began, busy) = (Instant::now(), processor());
        runtime.block_on(record(plan, &folder.path().join(format!("{folder_name}.db"))));
        let (took, busy) = (began.elapsed().as_secs_f64(), processor() - busy);
        let speed = |seconds: f64| recorded as f64 / seconds;
        println!(
            "{folder_name}: recorded {recorded} in {took:.2} s: {:.0} commits/s by the clock; {:.0} commits/s of \
             processor time, {:.0} without reading the pages ({reading:.2} s of {busy:.2} s); {}",
            speed(took),
            speed(busy),
            speed(busy - reading),
            memory()
        );
    }
    assert!(speed >= LEAST, "{speed:.0} commits/s are less than {LEAST}");
}

/// How the pages of a repository change.
#[derive(Clone, Copy, PartialEq, Eq)]
enum History {
    Worst,
    Usual,
}

/// Seconds of the processor that this process took.
fn processor() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// How many seconds reading every page of a repository takes.
fn reading_of(repository: &Path) -> f64 {
    let mut read = 0.0;
    ota::plan(repository, Kind::Snapshots, &[])
        .unwrap()
        .read(|_, response| {
            let snapshot = response.unwrap().snapshot;
            let began = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
            reading::read(&snapshot, &Selectors::default(), &Expected::default()).unwrap();
            let ended = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
            read += (ended.tv_sec - began.tv_sec) as f64 + (ended.tv_nsec - began.tv_nsec) as f64 / 1e9;
            true
        })
        .unwrap();
    read
}

async fn record(plan: ota::Plan, path: &Path) {
    let store = Store::open(path).await.unwrap();
    let mut watches = Vec::new();
    for group in &plan.groups {
        let watch = watch(&group.key.own_id());
        store.adopt_watch(&watch.id, watch.url.as_str(), SystemClock.now()).await.unwrap();
        let url = watch.url.to_string();
        watches.push((watch, url));
    }
    let each = |_, _| Ok(());
    ota::import(plan, &watches, Mode::Record, &store, &SystemClock, &Unpacker::none(), each).await.unwrap();
}

fn watch(id: &str) -> Watch {
    Watch {
        id: WatchId::new(id).unwrap(),
        url: format!("urn:policywatch:{id}").parse().unwrap(),
        pages: Vec::new(),
        service: id.to_owned(),
        policy_type: PolicyType::Other,
        schedule: Schedule::every(std::time::Duration::from_secs(86_400)),
        source: Source::Live,
        selectors: Selectors::default(),
        language: None,
        alternation: ALTERNATION,
        confirm: None,
        stale_after: None,
        access: Default::default(),
        robots: policywatch::watch::RobotsRule::default(),
        former: Vec::new(),
        archives: vec!["wayback".to_owned()],
        elsewhere: Vec::new(),
        ladder: policywatch::ladder::Ladder::PLAIN,
        notify: Vec::new(),
        interest: Interest::from_materiality(Materiality::Material),
        rules: Rules::default(),
        tags: Vec::new(),
    }
}

/// What this process had in memory at most.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("unknown").trim().to_owned();
    format!("at most {peak} in memory")
}

fn make(folder: &Path, commits: usize, kind: History) {
    std::fs::create_dir(folder).unwrap();
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.arg("-C").arg(folder).args(arguments);
        command
    };
    assert!(git(&["init", "--quiet", "--initial-branch=main"]).status().unwrap().success());
    let mut import = git(&["fast-import", "--quiet"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut out = BufWriter::new(import.stdin.take().unwrap());
    for commit in 0..commits {
        let (service, at) = (commit % SERVICES, 1_500_000_000 + commit * 14_400);
        let turn = commit / SERVICES;
        let page = match (kind, turn % 5) {
            (History::Worst, _) => page(service, turn, ""),
            // A sentence, the same again in another frame, another sentence, and back twice.
            (History::Usual, 0) => page(service, turn, ""),
            (History::Usual, 1) => page(service, turn - 1, "other"),
            (History::Usual, 2) => page(service, turn, ""),
            (History::Usual, at) => page(service, turn - if at == 3 { 3 } else { 2 }, ""),
        };
        write!(
            out,
            "commit refs/heads/main\nauthor A <a@localhost> {at} +0000\ncommitter A <a@localhost> {at} +0000\ndata 6\nUpdate\n\
             M 100644 inline Service {service}/Privacy Policy.html\ndata {}\n{page}\n",
            page.len()
        )
        .unwrap();
    }
    out.flush().unwrap();
    drop(out);
    assert!(import.wait().unwrap().success());
}

/// A page of 40 kB, a tenth of it words; one sentence of them changes with every turn.
fn page(service: usize, turn: usize, frame: &str) -> String {
    let mut page = format!(
        "<!doctype html><html lang=\"en\"><head><title>Privacy Policy</title><script>{}{frame}</script></head><body><main><h1>Privacy Policy</h1>",
        "var a = 1;".repeat(3_500)
    );
    for section in 0..10 {
        let days = 30 + (turn + section) % 60 * usize::from(section == turn % 10);
        page.push_str(&format!(
            "<h2>{section}. What we keep</h2><p>Service {service} keeps what you give it for {days} days, and no longer than \
             the law of your country asks for. You may write to us at any time, and we answer within thirty days of the day \
             on which we have read your letter; carriers receive your address, because no parcel would reach you otherwise.</p>"
        ));
    }
    page.push_str("</main></body></html>");
    page
}
