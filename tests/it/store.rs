//! The record: what is written is there, whole or not at all, whatever happens meanwhile.
#![allow(clippy::unwrap_used, reason = "in tests, a failed unwrap is a failed test")]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use policywatch::alert::{Alert, Delivery, DeliveryId, DeliveryState, RETRY_PAUSES, Sent};
use policywatch::alternation::ALTERNATION;
use policywatch::cadence::Schedule;
use policywatch::change::{Change, Edit, Kind, LinkChange, Op, SectionChange};
use policywatch::clock::SystemClock;
use policywatch::confirmation::ConfirmationState;
use policywatch::discovery::moves::{MoveState, Way};
use policywatch::exchange::export::{self, Selection};
use policywatch::exchange::jsonl;
use policywatch::health::Health;
use policywatch::interest::Interest;
use policywatch::judgment::{Finding, Judgment, Materiality, Noise, Practice, ReturnKind, Rules};
use policywatch::ladder::{Ladder, Rung};
use policywatch::outcome::{FailureKind, Outcome};
use policywatch::pace::{self, Class, Sign, Turn};
use policywatch::pages::read_again;
use policywatch::reading::{REVISION, Reader, Reading, Selectors, Unreadable, Why};
use policywatch::section::Section;
use policywatch::snapshot::{Digest, DigestCheck, Evidence, Origin, Redirect, Snapshot};
use policywatch::store::{HeldMemento, Options, Recorded, Store, StoreError, Verified, Which, lock_daemon};
use policywatch::text::{Block, BlockKind, Link};
use policywatch::time::{Timestamp, parse_rfc3339};
use policywatch::version::{Cause, Version};
use policywatch::watch::{PolicyType, RobotsRule, Source, Watch, WatchId};
use rusqlite::Connection;
use tempfile::TempDir;

// ---- made-up pages -------------------------------------------------------------------

fn moment(text: &str) -> Timestamp {
    parse_rfc3339(text).unwrap()
}

/// Noon of the given day of a made-up year.
fn day(n: u32) -> Timestamp {
    moment("2026-01-01T12:00:00.000Z") + chrono::Duration::days(i64::from(n))
}

fn acme() -> WatchId {
    WatchId::new("acme-privacy").unwrap()
}

fn reader() -> Reader {
    Reader { language: Some("en".to_owned()), ..Reader::today(Selectors::default()) }
}

/// A page whose text is the given paragraphs.
fn page(at: Timestamp, paragraphs: &[&str]) -> Snapshot {
    let body = format!("<html><body><h1>Privacy</h1><p>{}</p></body></html>", paragraphs.join("</p><p>"));
    Snapshot {
        url: "https://acme.test/privacy".to_owned(),
        final_url: "https://www.acme.test/privacy".to_owned(),
        status: 200,
        headers: vec![
            ("content-type".to_owned(), "text/html; charset=utf-8".to_owned()),
            ("etag".to_owned(), format!("\"{}\"", Digest::of(body.as_bytes()).short())),
            ("set-cookie".to_owned(), "a=1".to_owned()),
            ("set-cookie".to_owned(), "b=2".to_owned()),
        ],
        redirects: vec![Redirect {
            status: 301,
            from: "https://acme.test/privacy".to_owned(),
            to: "https://www.acme.test/privacy".to_owned(),
        }],
        body: body.into_bytes(),
        captured_at: at,
        origin: Origin::Live { remote_addr: Some("192.0.2.7:443".to_owned()) },
    }
}

/// What [`page`] reads as: a stand-in for the reading code, which is not tested here.
/// The same, from an archive's file.
fn imported(page: Snapshot) -> Snapshot {
    Snapshot { origin: Origin::Warc { record_id: "<urn:uuid:1>".to_owned() }, ..page }
}

/// The same, without a redirect on the way.
fn direct(page: Snapshot) -> Snapshot {
    Snapshot { final_url: page.url.clone(), redirects: Vec::new(), ..page }
}

fn reading_of(snapshot: &Snapshot) -> Option<Reading> {
    let html = String::from_utf8_lossy(&snapshot.body).into_owned();
    let text = html.split_once("<p>")?.1.split_once("</body>")?.0;
    let block = |text: &str| Block {
        kind: BlockKind::Paragraph,
        text: text.trim_end_matches("</p>").to_owned(),
        links: vec![Link { text: "here".to_owned(), target: "https://acme.test/contact".to_owned() }],
    };
    Some(Reading {
        title: Some("Privacy".to_owned()),
        language: Some("en".to_owned()),
        effective_at: chrono::NaiveDate::from_ymd_opt(2026, 1, 1),
        sections: vec![Section {
            path: vec!["Privacy".to_owned()],
            level: 1,
            heading: Some("1. Privacy".to_owned()),
            number: Some("1".to_owned()),
            anchor: Some("privacy".to_owned()),
            blocks: text.split("<p>").map(block).collect(),
        }],
        ..Reading::default()
    })
}

/// A stand-in for `examine`.
fn examine(previous: Option<&Version>, snapshot: Snapshot) -> Outcome {
    let Some(reading) = reading_of(&snapshot) else {
        return Outcome::Unreadable { snapshot, why: Unreadable::new(Why::BotWall, "no paragraph") };
    };
    let Some(previous) = previous else { return Outcome::First { snapshot, reading, rebased: None } };
    if previous.reading.text() == reading.text() {
        return Outcome::Unchanged { snapshot, note: None };
    }
    let edits =
        vec![Edit { op: Op::Delete, text: previous.reading.text() }, Edit { op: Op::Insert, text: reading.text() }];
    let path = vec!["Privacy".to_owned()];
    let link = Link { text: "here".to_owned(), target: "https://acme.test/contact".to_owned() };
    let change = Change {
        sections: vec![SectionChange {
            kind: Kind::Amended,
            from: Some(path.clone()),
            to: Some(path.clone()),
            edits,
            links: vec![LinkChange { from: None, to: Some(link) }],
        }],
        crosses_readings: false,
    };
    let finding = Finding {
        rule: "sharing.new_partner".to_owned(),
        practice: Some(Practice::SharingSale),
        severity: 3,
        section: path.clone(),
        before: "do not share".to_owned(),
        after: "may share".to_owned(),
        why: "data reaches others".to_owned(),
        kinds: Vec::new(),
        undone: false,
    };
    let judgment = Judgment {
        materiality: Materiality::Material,
        severity: 3,
        practices: vec![Practice::SharingSale, Practice::Retention],
        summary: "Acme may share data now.".to_owned(),
        findings: vec![finding],
        noise: vec![Noise { kind: "date_only".to_owned(), section: path, example: "1 May".to_owned() }],
        returns: None,
        dating: None,
    };
    Outcome::Changed { snapshot, reading, from: Box::new(previous.facts.clone()), change, judgment }
}

fn alerts(snapshot: &Snapshot) -> Vec<Alert> {
    let to = snapshot.digest();
    let alert = |channel: &str| Alert {
        id: DeliveryId::derive(&acme(), &to, &to, snapshot.captured_at, channel),
        channel: channel.to_owned(),
        body: format!("{{\"summary\":\"{}\"}}", to.short()),
    };
    vec![alert("press"), alert("legal")]
}

fn unreachable() -> Outcome {
    Outcome::Unreachable(FailureKind::Dns { host: "acme.test".to_owned() }.into())
}

// ---- a store in a directory of its own -----------------------------------------------

struct Archive {
    dir: TempDir,
    store: Store,
}

impl Archive {
    /// An empty store that knows the watch.
    async fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let store = Store::open(&dir.path().join("policywatch.db")).await.unwrap();
        store.adopt_watch(&acme(), "https://acme.test/privacy", day(0)).await.unwrap();
        Self { dir, store }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("policywatch.db")
    }

    /// Checks as the product does: latest, examine, record.
    async fn check(&self, snapshot: Snapshot) -> Recorded {
        check(&self.store, snapshot).await.unwrap()
    }

    async fn verify(&self) -> Verified {
        verify(&self.store).await
    }

    /// How many rows each table has.
    fn counts(&self) -> Vec<(String, i64)> {
        counts(&self.path())
    }

    fn sql(&self, text: &str) {
        Connection::open(self.path()).unwrap().execute_batch(text).unwrap();
    }
}

async fn check(store: &Store, snapshot: Snapshot) -> Result<Recorded, StoreError> {
    let previous = store.latest(&acme()).await?;
    let said = alerts(&snapshot);
    let at = snapshot.captured_at;
    let outcome = examine(previous.as_ref(), snapshot);
    let said = if matches!(outcome, Outcome::Changed { .. }) { said } else { Vec::new() };
    store.record(&acme(), previous.map(|version| version.facts.id), outcome, &reader(), said, None, at).await
}

async fn verify(store: &Store) -> Verified {
    store.verify(|snapshots, _| reading_of(&snapshots[0]).map(|reading| reading.digest()), |_, _| {}).await.unwrap()
}

fn counts(path: &Path) -> Vec<(String, i64)> {
    let connection = Connection::open(path).unwrap();
    let tables = ["watches", "checks", "bodies", "snapshots", "deliveries", "versions", "changes"];
    let count = |table: &str| {
        let rows = connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap();
        (table.to_owned(), rows)
    };
    tables.into_iter().map(count).collect()
}

/// What lies beside the database under its name, in bytes.
fn weight(path: &Path) -> u64 {
    let name = path.file_name().unwrap().to_str().unwrap().to_owned();
    let files = std::fs::read_dir(path.parent().unwrap()).unwrap().map(Result::unwrap);
    files.filter(|f| f.file_name().to_str().unwrap().starts_with(&name)).map(|f| f.metadata().unwrap().len()).sum()
}

// ---- recording -----------------------------------------------------------------------

#[tokio::test]
async fn a_first_text_and_a_change_are_kept_with_everything_that_proves_them() {
    let archive = Archive::new().await;
    let (old, new) = (page(day(1), &["We do not share."]), page(day(2), &["We may share.", "With partners."]));

    let first = archive.check(old.clone()).await;
    assert_eq!((first.version, first.deliveries, first.superseded), (Some(1), 0, false));
    let second = archive.check(new.clone()).await;
    assert_eq!((second.version, second.deliveries, second.superseded), (Some(2), 2, false));

    let versions = archive.store.versions(&acme()).await.unwrap();
    assert_eq!(
        versions.iter().map(|v| (v.number, v.cause)).collect::<Vec<_>>(),
        [(1, Cause::FirstRecord), (2, Cause::Publisher)]
    );
    assert_eq!(archive.store.snapshot(versions[0].snapshot).await.unwrap(), old);
    assert_eq!(archive.store.snapshot(versions[1].snapshot).await.unwrap(), new);

    let latest = archive.store.latest(&acme()).await.unwrap().unwrap();
    assert_eq!(latest.reading, reading_of(&new).unwrap());
    assert_eq!(latest.facts, versions[1]);
    assert_eq!(latest.facts.reader, reader());

    let Outcome::Changed { change, judgment, .. } =
        examine(archive.store.version(&acme(), Which::Number(1)).await.unwrap().as_ref(), new)
    else {
        panic!("the texts differ")
    };
    let recorded = archive.store.change(&acme(), 2).await.unwrap().unwrap();
    assert_eq!((recorded.change, recorded.judgment), (change, judgment));
    assert_eq!((recorded.from, recorded.to), (versions[0].clone(), versions[1].clone()));
    assert_eq!(archive.store.change(&acme(), 1).await.unwrap(), None);
    assert_eq!(archive.store.change(&acme(), 0).await.unwrap(), None);

    let checks = archive.store.checks(&acme(), 10).await.unwrap();
    let told: Vec<_> =
        checks.iter().map(|c| (c.outcome.as_str(), c.version, c.materiality.as_deref(), c.captured_at)).collect();
    assert_eq!(told, [("changed", Some(2), Some("material"), Some(day(2))), ("first", Some(1), None, Some(day(1)))]);
}

#[tokio::test]
async fn a_version_is_found_by_number_moment_or_as_the_latest() {
    let archive = Archive::new().await;
    archive.check(page(day(1), &["a"])).await;
    archive.check(page(day(5), &["b"])).await;
    let number = async |which| archive.store.version(&acme(), which).await.unwrap().map(|v| v.facts.number);
    assert_eq!(number(Which::Latest).await, Some(2));
    assert_eq!(number(Which::Number(1)).await, Some(1));
    assert_eq!(number(Which::Number(3)).await, None);
    assert_eq!(number(Which::At(day(0))).await, None);
    assert_eq!(number(Which::At(day(1))).await, Some(1));
    assert_eq!(number(Which::At(day(4))).await, Some(1));
    assert_eq!(number(Which::At(day(9))).await, Some(2));
}

#[tokio::test]
async fn every_way_a_check_ends_is_recorded() {
    let archive = Archive::new().await;
    archive.check(page(day(1), &["a"])).await;
    let previous = archive.store.latest(&acme()).await.unwrap().map(|v| v.facts.id);
    let mut wall = page(day(4), &[]);
    wall.body = b"<html>are you a robot?</html>".to_vec();
    let why = Unreadable::new(Why::BotWall, "header cf-mitigated");
    let outcomes = [
        Outcome::Unchanged { snapshot: page(day(2), &["a"]), note: None },
        Outcome::Unmodified,
        Outcome::Unreadable { snapshot: wall.clone(), why: why.clone() },
        unreachable(),
        Outcome::Broken { snapshot: None, message: "index out of bounds".to_owned() },
        Outcome::Broken { snapshot: Some(page(day(7), &["a"])), message: "again".to_owned() },
    ];
    for (n, outcome) in (2..).zip(outcomes) {
        let recorded =
            archive.store.record(&acme(), previous, outcome, &reader(), Vec::new(), None, day(n)).await.unwrap();
        assert_eq!((recorded.version, recorded.superseded, recorded.deliveries), (Some(1), false, 0));
    }

    let checks = archive.store.checks(&acme(), 100).await.unwrap();
    let told: Vec<_> =
        checks.iter().rev().map(|c| (c.outcome.as_str(), c.why.as_deref(), c.snapshot.is_some())).collect();
    assert_eq!(
        told,
        [
            ("first", None, true),
            ("unchanged", None, true),
            ("unmodified", None, false),
            ("unreadable", Some("bot_wall: header cf-mitigated"), true),
            ("unreachable", Some("acme.test does not resolve; check the address or the resolver"), false),
            ("broken", Some("index out of bounds"), false),
            ("broken", Some("again"), true),
        ]
    );
    assert!(checks.iter().all(|check| check.version == Some(1)));
    // The evidence is kept.
    let evidence = checks[3].snapshot.unwrap();
    assert_eq!(archive.store.snapshot(evidence).await.unwrap(), wall);
    assert_eq!(archive.store.versions(&acme()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn failures_count_until_the_policy_is_seen_again() {
    let archive = Archive::new().await;
    for n in 1..=3 {
        archive.store.record(&acme(), None, unreachable(), &reader(), Vec::new(), None, day(n)).await.unwrap();
    }
    let state = archive.store.watch_state(&acme()).await.unwrap().unwrap();
    assert_eq!((state.consecutive_failures, state.last_success_at, state.versions), (3, None, 0));
    archive.check(page(day(4), &["a"])).await;
    let state = archive.store.watch_state(&acme()).await.unwrap().unwrap();
    assert_eq!((state.consecutive_failures, state.last_success_at, state.versions), (0, Some(day(4)), 1));
    assert_eq!(state.last_check.unwrap().outcome, "first");
    assert_eq!(state.latest.unwrap().number, 1);
}

#[tokio::test]
async fn ten_at_once_act_once() {
    let archive = Archive::new().await;
    archive.check(page(day(1), &["We do not share."])).await;
    let previous = archive.store.latest(&acme()).await.unwrap();
    let tasks: Vec<_> = (0..10)
        .map(|_| {
            let (store, previous) = (archive.store.clone(), previous.clone());
            tokio::spawn(async move {
                let served = page(day(2), &["We may share."]);
                let said = alerts(&served);
                let outcome = examine(previous.as_ref(), served);
                let id = previous.map(|version| version.facts.id);
                store.record(&acme(), id, outcome, &reader(), said, None, day(2)).await.unwrap()
            })
        })
        .collect();
    let mut written = 0;
    for task in tasks {
        let recorded = task.await.unwrap();
        written += usize::from(!recorded.superseded);
        assert_eq!(recorded.version, Some(2));
        assert_eq!(recorded.check.is_none(), recorded.superseded);
    }
    assert_eq!(written, 1);
    let rows = archive.counts();
    assert!(rows.contains(&("versions".to_owned(), 2)), "{rows:?}");
    assert!(rows.contains(&("deliveries".to_owned(), 2)), "{rows:?}");
    assert!(rows.contains(&("checks".to_owned(), 2)), "{rows:?}");
}

#[tokio::test]
async fn two_processes_on_one_store_act_once_too() {
    let archive = Archive::new().await;
    let other = Store::open(&archive.path()).await.unwrap();
    archive.check(page(day(1), &["a"])).await;
    let previous = other.latest(&acme()).await.unwrap();
    archive.check(page(day(2), &["b"])).await;
    let late = examine(previous.as_ref(), page(day(3), &["c"]));
    let recorded =
        other.record(&acme(), previous.map(|v| v.facts.id), late, &reader(), Vec::new(), None, day(3)).await.unwrap();
    assert!(recorded.superseded);
    assert_eq!((recorded.check, recorded.version), (None, Some(2)));
}

#[tokio::test]
async fn the_same_alert_recorded_twice_stays_one() {
    let archive = Archive::new().await;
    archive.check(page(day(1), &["a"])).await;
    archive.check(page(day(2), &["b"])).await;
    let previous = archive.store.latest(&acme()).await.unwrap();
    let said = alerts(&page(day(2), &["b"]));
    let outcome = examine(previous.as_ref(), page(day(3), &["c"]));
    let id = previous.map(|version| version.facts.id);
    let recorded = archive.store.record(&acme(), id, outcome, &reader(), said, None, day(3)).await.unwrap();
    assert_eq!((recorded.version, recorded.deliveries), (Some(3), 0));
    assert_eq!(archive.store.deliveries(None, 10).await.unwrap().len(), 2);
}

#[tokio::test]
async fn an_unknown_watch_is_an_error_for_writers_and_nothing_for_readers() {
    let archive = Archive::new().await;
    let nobody = WatchId::new("nobody").unwrap();
    let written = archive.store.record(&nobody, None, unreachable(), &reader(), Vec::new(), None, day(1)).await;
    assert!(matches!(written, Err(StoreError::UnknownWatch(id)) if id == nobody));
    assert!(archive.store.latest(&nobody).await.unwrap().is_none());
    assert!(archive.store.watch_state(&nobody).await.unwrap().is_none());
    assert!(archive.store.checks(&nobody, 9).await.unwrap().is_empty());
    assert!(archive.store.validators(&nobody, &reader()).await.unwrap().is_empty());
}

// ---- captures out of order, imports --------------------------------------------------

#[tokio::test]
async fn a_capture_out_of_order_is_kept_and_put_in_its_place_by_a_rebuild() {
    let archive = Archive::new().await;
    archive.check(page(day(1), &["a"])).await;
    archive.check(page(day(9), &["c"])).await;
    let before = archive.store.versions(&acme()).await.unwrap();
    let sent = archive.store.deliveries(None, 10).await.unwrap();

    let late = archive.check(imported(page(day(5), &["b"]))).await;
    assert!(late.out_of_order && late.check.is_some() && !late.superseded);
    assert_eq!((late.version, late.deliveries), (None, 0));
    assert_eq!(archive.store.versions(&acme()).await.unwrap(), before, "the latest stays the latest");

    assert_eq!(
        archive
            .store
            .rebuild(&acme(), &reader(), ALTERNATION, |previous, _, snapshot| examine(previous, snapshot), day(20))
            .await
            .unwrap(),
        3
    );
    let after = archive.store.versions(&acme()).await.unwrap();
    let told: Vec<_> = after.iter().map(|v| (v.number, v.captured_at, v.recorded_at, v.cause)).collect();
    assert_eq!(
        told,
        [
            (1, day(1), day(1), Cause::FirstRecord),
            (2, day(5), day(20), Cause::Publisher),
            (3, day(9), day(9), Cause::Publisher)
        ]
    );
    assert_eq!(archive.store.deliveries(None, 10).await.unwrap(), sent, "what was said was said");
    let outcomes: Vec<_> = archive.store.checks(&acme(), 9).await.unwrap().into_iter().map(|c| c.outcome).collect();
    assert_eq!(outcomes, ["changed", "changed", "first"], "how a check ended is a fact");
    let change = archive.store.change(&acme(), 3).await.unwrap().unwrap();
    assert!(change.change.sections[0].before().ends_with('b') && change.change.sections[0].after().ends_with('c'));
    assert_eq!(archive.verify().await.damages, Vec::<String>::new());

    // Who held the old latest version must notice.
    let stale = before[1].id;
    let recorded =
        archive.store.record(&acme(), Some(stale), unreachable(), &reader(), Vec::new(), None, day(21)).await.unwrap();
    assert!(recorded.superseded);
}

/// The clock was wrong once, and ran years ahead: what was captured then is no reason not
/// to believe what is captured now.
#[tokio::test]
async fn a_capture_of_a_time_to_come_silences_nobody() {
    let archive = Archive::new().await;
    archive.check(page(day(1), &["a"])).await;
    archive.check(direct(page(moment("2039-01-01T00:00:00Z"), &["a"]))).await;
    let live = direct(page(day(2), &["b"]));
    let changed = archive.check(live.clone()).await;
    assert!(!changed.out_of_order, "{changed:?}");
    assert_eq!((changed.version, changed.deliveries), (Some(2), 2));
    let validators = archive.store.validators(&acme(), &reader()).await.unwrap();
    assert_eq!(validators, live.validators(), "\"not modified\" must mean the latest version");
}

#[tokio::test]
async fn an_old_capture_says_nothing_of_the_watch_as_it_is_now() {
    let archive = Archive::new().await;
    archive.check(page(day(9), &["a"])).await;
    let mut wall = imported(page(day(3), &[]));
    wall.body = b"robots?".to_vec();
    let old = archive.check(wall).await;
    assert_eq!((old.version, old.out_of_order), (Some(1), false));
    assert_eq!(archive.store.watch_state(&acme()).await.unwrap().unwrap().consecutive_failures, 0);
}

#[tokio::test]
async fn a_rebuild_survives_a_page_on_which_the_reading_code_fails() {
    let archive = Archive::new().await;
    archive.check(page(day(1), &["a"])).await;
    archive.check(page(day(3), &["c"])).await;
    archive.check(imported(page(day(2), &["boom"]))).await;
    let fragile = |previous: Option<&Version>, _: Option<&Snapshot>, snapshot: Snapshot| {
        assert!(!snapshot.body.windows(4).any(|w| w == b"boom"), "the page that breaks us");
        examine(previous, snapshot)
    };
    assert_eq!(archive.store.rebuild(&acme(), &reader(), ALTERNATION, fragile, day(9)).await.unwrap(), 2);
    // Where a version was read from such a page, that one is not given up.
    archive.check(page(day(4), &["boom"])).await;
    let before = archive.store.versions(&acme()).await.unwrap();
    let failed = archive.store.rebuild(&acme(), &reader(), ALTERNATION, fragile, day(9)).await.unwrap_err();
    assert!(matches!(failed, StoreError::NotRead { .. }), "{failed}");
    assert_eq!(archive.store.versions(&acme()).await.unwrap(), before);
}

#[tokio::test]
async fn an_import_meets_a_record_it_already_holds() {
    let archive = Archive::new().await;
    let mut capture = page(day(1), &["a"]);
    capture.origin = Origin::Warc { record_id: "<urn:uuid:1>".to_owned() };
    archive.check(capture.clone()).await;
    let mut memento = page(day(1), &["b"]);
    memento.origin = Origin::Wayback {
        memento_url: "https://archive.test/web/20260102id_/https://acme.test/privacy".to_owned(),
        archive_digest: Some("ABC".to_owned()),
        evidence: Evidence::default(),
    };
    archive.check(memento.clone()).await;

    let holds = async |origin: &Origin, at| archive.store.holds(&acme(), origin, at).await.unwrap();
    assert!(holds(&capture.origin, day(1)).await);
    assert!(holds(&memento.origin, day(1)).await);
    assert!(!holds(&capture.origin, day(2)).await);
    assert!(!holds(&Origin::Warc { record_id: "<urn:uuid:2>".to_owned() }, day(1)).await);
    assert!(!holds(&Origin::File { name: "x".to_owned() }, day(1)).await);

    let facts = archive.store.recorded_outcome(&acme(), &memento.origin, day(1)).await.unwrap().unwrap();
    assert_eq!((facts.outcome.as_str(), facts.version, facts.captured_at), ("changed", Some(2), Some(day(1))));
    assert_eq!(archive.store.snapshot(facts.snapshot.unwrap()).await.unwrap(), memento);
    assert_eq!(archive.store.recorded_outcome(&acme(), &memento.origin, day(3)).await.unwrap(), None);
}

// ---- technical upgrades --------------------------------------------------------------

#[tokio::test]
async fn an_upgrade_that_reads_the_same_text_leaves_only_the_readers_mark() {
    let archive = Archive::new().await;
    archive.check(page(day(1), &["a"])).await;
    archive.check(page(day(2), &["b"])).await;
    let before = archive.store.latest(&acme()).await.unwrap().unwrap();
    let change = archive.store.change(&acme(), 2).await.unwrap();
    let mut reading = before.reading.clone();
    reading.title = Some("Privacy Policy".to_owned());
    let reader = Reader {
        revision: REVISION + 1,
        ..Reader::today(Selectors { select: vec!["main".to_owned()], remove: vec![] })
    };

    let after = archive
        .store
        .record_upgrade(&before, reading.clone(), before.facts.snapshot, reader.clone(), day(3))
        .await
        .unwrap();
    assert_eq!((after.facts.id, after.facts.number), (before.facts.id, 2));
    assert_eq!((&after.facts.reader, &after.reading), (&reader, &reading));
    assert_eq!(archive.store.latest(&acme()).await.unwrap().unwrap(), after);
    let followed = archive.store.change(&acme(), 2).await.unwrap();
    assert_eq!(followed.map(|c| (c.change, c.judgment)), change.map(|c| (c.change, c.judgment)));
    assert_eq!(archive.verify().await.damages, Vec::<String>::new());
}

#[tokio::test]
async fn an_upgrade_that_reads_another_text_is_a_version_of_its_own_without_alerts() {
    let archive = Archive::new().await;
    archive.check(page(day(1), &["a"])).await;
    let before = archive.store.latest(&acme()).await.unwrap().unwrap();
    let reading = reading_of(&page(day(1), &["a, read better"])).unwrap();
    let newer = Reader { revision: REVISION + 1, ..reader() };
    let after =
        archive.store.record_upgrade(&before, reading.clone(), before.facts.snapshot, newer, day(3)).await.unwrap();
    assert_eq!((after.facts.number, after.facts.cause), (2, Cause::TechnicalUpgrade));
    assert_eq!((after.facts.snapshot, after.facts.captured_at), (before.facts.snapshot, day(1)));
    assert_eq!(after.reading, reading);
    assert!(archive.store.deliveries(None, 9).await.unwrap().is_empty());
    assert_eq!(archive.store.change(&acme(), 2).await.unwrap(), None);
    // The check that read it first still says what it made.
    assert_eq!(archive.store.checks(&acme(), 1).await.unwrap()[0].version, Some(1));
    // A second upgrade from the same place finds it done.
    let again = archive
        .store
        .record_upgrade(&before, before.reading.clone(), before.facts.snapshot, reader(), day(4))
        .await
        .unwrap();
    assert_eq!(again, after);
}

// ---- conditional requests ------------------------------------------------------------

#[tokio::test]
async fn validators_are_those_of_the_live_snapshot_that_the_latest_version_stands_for() {
    let archive = Archive::new().await;
    let ask = async |reader: &Reader| archive.store.validators(&acme(), reader).await.unwrap();
    assert!(ask(&reader()).await.is_empty());
    let (first, same) = (direct(page(day(1), &["a"])), direct(page(day(2), &["a"])));
    archive.check(first).await;
    archive.check(same.clone()).await;
    assert_eq!(ask(&reader()).await, same.validators());
    assert!(ask(&Reader { revision: REVISION + 1, ..reader() }).await.is_empty());

    // Another text came from an archive: "not modified" would not mean "as the latest version".
    let mut memento = page(day(3), &["b"]);
    memento.origin = Origin::Warc { record_id: "<urn:uuid:9>".to_owned() };
    archive.check(memento).await;
    assert!(ask(&reader()).await.is_empty());

    let live = direct(page(day(4), &["b"]));
    archive.check(live.clone()).await;
    assert_eq!(ask(&reader()).await, live.validators());
    archive.sql("UPDATE watches SET url = 'https://acme.test/new'");
    assert!(ask(&reader()).await.is_empty(), "another address has other validators");
    archive.sql("UPDATE watches SET url = 'https://acme.test/privacy'");
    archive.check(Snapshot { final_url: "https://acme.test/privacy-of-2024".to_owned(), ..live }).await;
    assert!(ask(&reader()).await.is_empty(), "the redirect may lead elsewhere by now");
}

#[tokio::test]
async fn what_came_of_another_way_to_ask_makes_no_request_conditional() {
    let archive = Archive::new().await;
    let ask = async || archive.store.validators(&acme(), &reader()).await.unwrap();
    let url: url::Url = "https://acme.test/privacy".parse().unwrap();
    let usual = Watch { id: acme(), url, ..configured("a") };
    let locale = Some("de-DE".parse().unwrap());
    let elsewhere = Watch { access: policywatch::access::Access { locale, ..Default::default() }, ..usual.clone() };
    let configure = async |watch: &Watch, at: &str| {
        let (watches, now) = (vec![watch.clone()], moment(at));
        archive.store.sync_watches(watches, move |_, _| Some(now), now).await.unwrap();
    };
    configure(&usual, "2020-01-01T00:00:00Z").await;
    let first = direct(page(day(1), &["a"]));
    archive.check(first.clone()).await;
    configure(&usual, &policywatch::time::rfc3339(day(2))).await;
    assert_eq!(ask().await, first.validators(), "nothing else was configured");
    configure(&elsewhere, &policywatch::time::rfc3339(day(2))).await;
    assert!(ask().await.is_empty(), "it was asked for from elsewhere");
    let german = direct(page(day(3), &["a"]));
    archive.check(german.clone()).await;
    configure(&elsewhere, &policywatch::time::rfc3339(day(4))).await;
    assert_eq!(ask().await, german.validators());
}

// ---- what is due ---------------------------------------------------------------------

/// A configured watch. Its schedule is never asked here.
fn configured(id: &str) -> Watch {
    Watch {
        id: WatchId::new(id).unwrap(),
        url: format!("https://acme.test/{id}").parse().unwrap(),
        pages: Vec::new(),
        former: Vec::new(),
        elsewhere: Vec::new(),
        service: "Acme".to_owned(),
        policy_type: PolicyType::Privacy,
        schedule: hourly(),
        source: Source::Live,
        archives: vec!["wayback".to_owned()],
        ladder: Ladder::PLAIN,
        selectors: Selectors::default(),
        language: None,
        notify: Vec::new(),
        alternation: ALTERNATION,
        confirm: None,
        stale_after: None,
        robots: RobotsRule::default(),
        access: policywatch::access::Access::default(),
        interest: Interest::ALL,
        rules: Rules::default(),
        tags: Vec::new(),
    }
}

/// The schedule is another chapter's business.
fn hourly() -> Schedule {
    Schedule::every(Duration::from_secs(3600))
}

fn names(ids: &[WatchId]) -> Vec<&str> {
    ids.iter().map(WatchId::as_str).collect()
}

#[tokio::test]
async fn watches_come_into_force_retire_and_return() {
    let archive = Archive::new().await;
    let store = &archive.store;
    let sync = async |ids: &[&str], due: u32, now: u32| {
        let watches = ids.iter().map(|id| configured(id)).collect();
        store.sync_watches(watches, move |_, _| Some(day(due)), day(now)).await.unwrap()
    };

    let synced = sync(&["a", "b"], 2, 1).await;
    assert_eq!((names(&synced.added), synced.retired, synced.revived), (vec!["a", "b"], vec![], vec![]));
    assert_eq!(sync(&["a", "b"], 5, 3).await, Default::default());
    let due_at = async |id| store.watch_state(&WatchId::new(id).unwrap()).await.unwrap().unwrap().next_check_at;
    assert_eq!(due_at("a").await, Some(day(2)), "what was due stays due");

    let synced = sync(&["a"], 9, 4).await;
    assert_eq!(names(&synced.retired), ["b"]);
    assert_eq!(due_at("b").await, None);
    assert_eq!(store.due(day(30), 9).await.unwrap().len(), 1);
    let states = store.watch_states().await.unwrap();
    let told: Vec<_> = states.iter().map(|s| (s.id.as_str(), s.retired_at)).collect();
    assert_eq!(told, [("a", None), ("acme-privacy", None), ("b", Some(day(4)))]);

    let synced = sync(&["a", "b", "acme-privacy"], 9, 5).await;
    assert_eq!((names(&synced.revived), names(&synced.added)), (vec!["b"], vec!["acme-privacy"]));
    assert_eq!((due_at("b").await, due_at("acme-privacy").await), (Some(day(9)), Some(day(9))));
}

#[tokio::test]
async fn another_schedule_or_address_is_followed_at_once_and_a_restart_changes_nothing() {
    let archive = Archive::new().await;
    let every = |hours: u64| Schedule::every(Duration::from_secs(hours * 3600));
    let due_after = async |hours: u64, path: &str, now: Timestamp| {
        let url = format!("https://acme.test/{path}").parse().unwrap();
        let watch = Watch { schedule: every(hours), url, ..configured("a") };
        let due = policywatch::cadence::in_force(1, Duration::ZERO, now);
        let synced = archive.store.sync_watches(vec![watch.clone()], due, now).await.unwrap();
        assert_eq!(synced.revived, []);
        archive.store.watch_state(&watch.id).await.unwrap().unwrap().next_check_at
    };
    let hour = chrono::Duration::hours(1);
    let a = WatchId::new("a").unwrap();
    assert_eq!(due_after(168, "a", day(1)).await, Some(day(1)), "a new one at once");
    archive.store.record(&a, None, unreachable(), &reader(), Vec::new(), Some(day(8)), day(1)).await.unwrap();

    assert_eq!(due_after(168, "a", day(2)).await, Some(day(8)), "a restart changes nothing");
    assert_eq!(due_after(1, "a", day(3)).await, Some(day(3) + hour), "nobody waits for the old schedule");
    assert_eq!(due_after(1, "a", day(3)).await, Some(day(3) + hour));
    assert_eq!(due_after(168, "a", day(3)).await, Some(day(10)), "nor is hurried by it");
    assert_eq!(due_after(168, "b", day(4)).await, Some(day(4)), "another page is looked at soon");
    assert_eq!(due_after(1, "b", day(5)).await, Some(day(4)), "what is overdue stays so");
}

#[tokio::test]
async fn the_longest_overdue_comes_first_and_a_check_moves_it() {
    let archive = Archive::new().await;
    let store = &archive.store;
    assert_eq!(store.next_due_at().await.unwrap(), None, "an adopted watch is never due");
    let first = |watch: &Watch, _| Some(if watch.id.as_str() == "late" { day(1) } else { day(2) });
    store.sync_watches(vec![configured("early"), configured("late")], first, day(0)).await.unwrap();
    assert_eq!(store.next_due_at().await.unwrap(), Some(day(1)));
    let due = async |now, limit| {
        let due = store.due(now, limit).await.unwrap();
        due.into_iter().map(|due| (due.watch.to_string(), due.due_at)).collect::<Vec<_>>()
    };
    assert_eq!(due(day(0), 9).await, []);
    assert_eq!(due(day(3), 9).await, [("late".to_owned(), day(1)), ("early".to_owned(), day(2))]);
    assert_eq!(due(day(3), 1).await.len(), 1);

    let late = WatchId::new("late").unwrap();
    store.record(&late, None, unreachable(), &reader(), Vec::new(), Some(day(8)), day(3)).await.unwrap();
    assert_eq!(due(day(3), 9).await, [("early".to_owned(), day(2))]);
    assert_eq!(store.watch_state(&late).await.unwrap().unwrap().next_check_at, Some(day(8)));

    // Retired while it was checked: it stays so.
    store.sync_watches(Vec::new(), |_, _| None, day(4)).await.unwrap();
    store.record(&late, None, unreachable(), &reader(), Vec::new(), Some(day(9)), day(5)).await.unwrap();
    assert_eq!(store.next_due_at().await.unwrap(), None);
}

// ---- deliveries ----------------------------------------------------------------------

const LEASE: Duration = Duration::from_secs(60);

fn seconds(n: i64) -> chrono::Duration {
    chrono::Duration::seconds(n)
}

async fn with_two_deliveries() -> Archive {
    let archive = Archive::new().await;
    archive.check(page(day(1), &["a"])).await;
    archive.check(page(day(2), &["b"])).await;
    archive
}

#[tokio::test]
async fn a_claim_is_a_lease_and_an_unsettled_one_comes_back_under_the_same_id() {
    let archive = with_two_deliveries().await;
    let store = &archive.store;
    assert_eq!(store.next_delivery_at().await.unwrap(), Some(day(2)));
    assert_eq!(store.claim(day(1), LEASE).await.unwrap(), None);

    let first = store.claim(day(2), LEASE).await.unwrap().unwrap();
    let second = store.claim(day(2), LEASE).await.unwrap().unwrap();
    assert_ne!(first.id, second.id);
    assert_eq!((first.attempts, first.due_at, first.watch.clone()), (1, day(2) + seconds(60), Some(acme())));
    assert_eq!(store.claim(day(2) + seconds(59), LEASE).await.unwrap(), None);

    let again = store.claim(day(2) + seconds(60), LEASE).await.unwrap().unwrap();
    assert_eq!((again.id, again.attempts), (first.id, 2));
}

#[tokio::test]
async fn what_is_accepted_is_done_and_what_is_refused_is_dead() {
    let archive = with_two_deliveries().await;
    let store = &archive.store;
    let (a, b) =
        (store.claim(day(2), LEASE).await.unwrap().unwrap(), store.claim(day(2), LEASE).await.unwrap().unwrap());
    assert_eq!(store.settle(&a.id, Sent::Accepted, day(3)).await.unwrap(), DeliveryState::Delivered);
    let gone = Sent::Refused { reason: "410 Gone".to_owned() };
    assert_eq!(store.settle(&b.id, gone, day(3)).await.unwrap(), DeliveryState::Dead);
    assert_eq!(store.next_delivery_at().await.unwrap(), None);

    // A slower attempt of the same delivery cannot undo it.
    let failed = Sent::Failed { reason: "timeout".to_owned(), retry_after: None };
    assert_eq!(store.settle(&a.id, failed, day(4)).await.unwrap(), DeliveryState::Delivered);
    let a = store.delivery(&a.id).await.unwrap().unwrap();
    assert_eq!((a.state, a.delivered_at, a.last_error), (DeliveryState::Delivered, Some(day(3)), None));

    let dead = store.deliveries(Some(DeliveryState::Dead), 9).await.unwrap();
    assert_eq!(dead.iter().map(|d| (&d.id, d.last_error.as_deref())).collect::<Vec<_>>(), [(&b.id, Some("410 Gone"))]);
    assert_eq!(store.retry(Some(&a.id), day(5)).await.unwrap(), 0, "what is delivered is not sent again");
    assert_eq!(store.retry(Some(&b.id), day(5)).await.unwrap(), 1);
    let b = store.claim(day(5), LEASE).await.unwrap().unwrap();
    assert_eq!((b.state, b.attempts), (DeliveryState::Pending, 1));
    store.settle(&b.id, Sent::Refused { reason: "410".to_owned() }, day(5)).await.unwrap();
    assert_eq!(store.retry(None, day(6)).await.unwrap(), 1);
    assert!(store.settle(&DeliveryId("msg_none".to_owned()), Sent::Accepted, day(6)).await.is_err());
}

#[tokio::test]
async fn failed_attempts_pause_longer_and_longer_and_then_end() {
    let archive = with_two_deliveries().await;
    let store = &archive.store;
    let other = store.claim(day(2), LEASE).await.unwrap().unwrap();
    store.settle(&other.id, Sent::Accepted, day(2)).await.unwrap();

    let mut now = day(2);
    let mut pauses = Vec::new();
    let mut ids = BTreeSet::new();
    let state = loop {
        let delivery = store.claim(now, LEASE).await.unwrap().unwrap();
        ids.insert(delivery.id.clone());
        let failed = Sent::Failed { reason: "503".to_owned(), retry_after: None };
        let state = store.settle(&delivery.id, failed, now).await.unwrap();
        let Some(due) = store.next_delivery_at().await.unwrap() else { break state };
        pauses.push((due - now).to_std().unwrap());
        now = due;
    };
    assert_eq!((state, pauses.as_slice(), ids.len()), (DeliveryState::Dead, RETRY_PAUSES.as_slice(), 1));
}

#[tokio::test]
async fn a_test_message_waits_like_any_other_and_has_no_watch() {
    let archive = Archive::new().await;
    let alert = Alert { id: DeliveryId("msg_test".to_owned()), channel: "press".to_owned(), body: "{}".to_owned() };
    archive.store.enqueue_test(alert.clone(), day(1)).await.unwrap();
    archive.store.enqueue_test(alert, day(1)).await.unwrap();
    let claimed: Delivery = archive.store.claim(day(1), LEASE).await.unwrap().unwrap();
    assert_eq!((claimed.watch, claimed.channel.as_str(), claimed.body.as_str()), (None, "press", "{}"));
    assert_eq!(archive.store.claim(day(1), LEASE).await.unwrap(), None);
}

#[tokio::test]
async fn ten_senders_take_each_delivery_once() {
    let archive = with_two_deliveries().await;
    let tasks: Vec<_> = (0..10)
        .map(|_| {
            let store = archive.store.clone();
            tokio::spawn(async move { store.claim(day(2), LEASE).await.unwrap().map(|d| d.id) })
        })
        .collect();
    let mut taken = Vec::new();
    for task in tasks {
        taken.extend(task.await.unwrap());
    }
    assert_eq!((taken.len(), taken.iter().collect::<BTreeSet<_>>().len()), (2, 2));
}

// ---- opening and closing -------------------------------------------------------------

#[tokio::test]
async fn a_closed_store_is_one_file_and_says_the_same_when_opened_again() {
    let archive = with_two_deliveries().await;
    let path = archive.path();
    let before = (archive.store.latest(&acme()).await.unwrap(), archive.store.deliveries(None, 9).await.unwrap());
    archive.store.close().await.unwrap();
    let files: Vec<_> = std::fs::read_dir(archive.dir.path()).unwrap().map(|f| f.unwrap().file_name()).collect();
    assert_eq!(files, ["policywatch.db"]);
    let store = Store::open(&path).await.unwrap();
    assert_eq!(store.path(), path);
    assert_eq!((store.latest(&acme()).await.unwrap(), store.deliveries(None, 9).await.unwrap()), before);
}

#[tokio::test]
async fn a_path_may_have_any_characters() {
    let dir = TempDir::new().unwrap();
    for name in ["a b", "what?immutable=1", "50%41", "c#d", "é"] {
        let path = dir.path().join(name);
        Store::open(&path).await.unwrap().adopt_watch(&acme(), "https://acme.test/", day(1)).await.unwrap();
        let store = Store::open(&path).await.unwrap();
        assert_eq!(store.watch_states().await.unwrap().len(), 1, "{name}");
    }
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 5);
}

#[tokio::test]
async fn eight_may_open_a_new_store_at_once() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("policywatch.db");
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let path = path.clone();
            tokio::spawn(async move { Store::open(&path).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_newer_store_is_refused_and_not_touched() {
    let archive = with_two_deliveries().await;
    let path = archive.path();
    archive.store.close().await.unwrap();
    let newer = Connection::open(&path).unwrap();
    newer.pragma_update(None, "user_version", 99).unwrap();
    newer.close().unwrap();
    let before = std::fs::read(&path).unwrap();
    let refused = Store::open(&path).await;
    assert!(matches!(refused, Err(StoreError::Newer { found: 99, .. })), "{refused:?}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
    assert_eq!(std::fs::read_dir(archive.dir.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn what_is_not_ours_is_refused_and_not_touched() {
    let dir = TempDir::new().unwrap();
    let path = |name: &str| dir.path().join(name);
    std::fs::write(path("text"), "once upon a time\n".repeat(100)).unwrap();
    std::fs::write(path("short"), "SQLite format 3\0").unwrap();
    let theirs = Connection::open(path("theirs")).unwrap();
    theirs.execute_batch("CREATE TABLE songs (title TEXT)").unwrap();
    theirs.close().unwrap();
    let marked = Connection::open(path("marked")).unwrap();
    marked.execute_batch("PRAGMA application_id = 7; PRAGMA user_version = 1; CREATE TABLE watches (id)").unwrap();
    marked.close().unwrap();
    for name in ["text", "short", "theirs", "marked"] {
        let before = std::fs::read(path(name)).unwrap();
        let refused = Store::open(&path(name)).await;
        assert!(matches!(refused, Err(StoreError::NotAStore { .. })), "{name}: {refused:?}");
        assert_eq!(std::fs::read(path(name)).unwrap(), before, "{name}");
    }
    assert!(Store::open(dir.path()).await.is_err(), "a directory is no store");
    assert!(matches!(Store::open(&path("no/such/directory.db")).await, Err(StoreError::Io { .. })));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 4);
}

#[tokio::test]
async fn a_schema_step_edited_after_its_release_is_noticed() {
    let archive = Archive::new().await;
    archive.sql("UPDATE migrations SET digest = zeroblob(32)");
    let refused = Store::open(&archive.path()).await;
    assert!(matches!(refused, Err(StoreError::Damaged { .. })), "{refused:?}");
}

#[test]
fn one_daemon_a_store() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("policywatch.db");
    let held = lock_daemon(&path).unwrap();
    assert!(matches!(lock_daemon(&path), Err(StoreError::Locked { .. })));
    assert!(lock_daemon(&dir.path().join("other.db")).is_ok());
    drop(held);
    assert!(lock_daemon(&path).is_ok());
}

// ---- faults --------------------------------------------------------------------------

#[tokio::test]
async fn a_full_disk_loses_nothing_and_ends_when_there_is_room_again() {
    let archive = Archive::new().await;
    let path = archive.path();
    drop(archive.store);
    let small = Options { max_size: Some(120_000), ..Options::default() };
    let store = Store::open_with(&path, small).await.unwrap();
    let mut served = 0;
    let full = loop {
        let text = format!("{} {}", served, words(served.into(), 3000));
        match check(&store, page(day(served + 1), &[&text])).await {
            Ok(recorded) => assert_eq!(recorded.version, Some(served + 1)),
            Err(error) => break error,
        }
        served += 1;
    };
    assert!(matches!(full, StoreError::Full { .. }), "{full:?}");
    assert!(served > 2, "the limit is too small for this test");
    let before = counts(&path);
    assert!(before.contains(&("versions".to_owned(), i64::from(served))), "{before:?}");
    // Still readable, still refusing.
    assert_eq!(store.latest(&acme()).await.unwrap().unwrap().facts.number, served);
    assert!(check(&store, page(day(90), &[&words(91, 3000)])).await.is_err());
    assert_eq!(counts(&path), before);
    drop(store);

    let store = Store::open(&path).await.unwrap();
    let recorded = check(&store, page(day(91), &[&words(92, 3000)])).await.unwrap();
    assert_eq!((recorded.version, recorded.deliveries), (Some(served + 1), 2));
    assert_eq!(verify(&store).await.damages, Vec::<String>::new());
}

#[tokio::test]
async fn a_record_that_fails_anywhere_leaves_no_trace() {
    let archive = Archive::new().await;
    archive.check(page(day(1), &["a"])).await;
    let before = archive.counts();
    let points = [
        "INSERT ON checks",
        "INSERT ON bodies",
        "INSERT ON snapshots",
        "UPDATE ON watches",
        "INSERT ON versions",
        "INSERT ON changes",
        "INSERT ON deliveries",
    ];
    for (point, how) in points.iter().flat_map(|point| [(point, "ABORT"), (point, "ROLLBACK")]) {
        archive.sql(&format!("CREATE TRIGGER injected AFTER {point} BEGIN SELECT RAISE({how}, 'injected'); END"));
        let failed = check(&archive.store, page(day(2), &["b"])).await;
        assert!(matches!(failed, Err(StoreError::Sqlite { doing: "record a check", .. })), "{point}: {failed:?}");
        assert_eq!(archive.counts(), before, "{point}");
        archive.sql("DROP TRIGGER injected");
    }
    let recorded = archive.check(page(day(2), &["b"])).await;
    assert_eq!((recorded.version, recorded.deliveries), (Some(2), 2));
    assert_eq!(archive.verify().await.damages, Vec::<String>::new());
}

#[tokio::test]
async fn a_store_that_another_process_writes_is_busy_for_writers_only() {
    let archive = Archive::new().await;
    archive.check(page(day(1), &["a"])).await;
    let hasty = Options { patience: Duration::ZERO, ..Options::default() };
    let store = Store::open_with(&archive.path(), hasty).await.unwrap();
    let other = Connection::open(archive.path()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let busy = check(&store, page(day(2), &["b"])).await;
    assert!(matches!(busy, Err(StoreError::Busy { .. })), "{busy:?}");
    assert_eq!(store.latest(&acme()).await.unwrap().unwrap().facts.number, 1);
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(check(&store, page(day(2), &["b"])).await.unwrap().version, Some(2));
}

#[tokio::test]
async fn a_store_that_may_not_be_written_says_so() {
    use std::os::unix::fs::PermissionsExt;
    let archive = with_two_deliveries().await;
    let path = archive.path();
    archive.store.close().await.unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o444)).unwrap();
    if std::fs::OpenOptions::new().write(true).open(&path).is_ok() {
        println!("skipped: this user may write any file");
        return;
    }
    let failed = match Store::open(&path).await {
        Err(error) => error,
        Ok(store) => check(&store, page(day(3), &["c"])).await.unwrap_err(),
    };
    assert!(matches!(failed, StoreError::Io { .. }), "{failed:?}");
}

#[tokio::test]
async fn readers_do_not_wait_for_a_long_write() {
    let archive = Archive::new().await;
    archive.check(page(day(1), &["a"])).await;
    let (begun, has_begun) = tokio::sync::oneshot::channel();
    let (go_on, may_go_on) = std::sync::mpsc::channel();
    let held = std::sync::Mutex::new((Some(begun), may_go_on));
    let slowly = move |previous: Option<&Version>, _: Option<&Snapshot>, snapshot: Snapshot| {
        let mut held = held.lock().unwrap();
        held.0.take().unwrap().send(()).unwrap();
        held.1.recv().unwrap();
        examine(previous, snapshot)
    };
    let store = archive.store.clone();
    let rebuilding =
        tokio::spawn(async move { store.rebuild(&acme(), &reader(), ALTERNATION, slowly, day(2)).await.unwrap() });
    has_begun.await.unwrap();
    assert_eq!(archive.store.versions(&acme()).await.unwrap().len(), 1, "as before the write");
    go_on.send(()).unwrap();
    assert_eq!(rebuilding.await.unwrap(), 1);
}

#[tokio::test]
async fn a_panic_in_a_transaction_is_an_error_and_the_store_goes_on() {
    let archive = Archive::new().await;
    let before = archive.counts();
    let first_due = |watch: &Watch, _| -> Option<Timestamp> {
        assert!(watch.id.as_str() != "b", "a bug");
        None
    };
    let failed = archive.store.sync_watches(vec![configured("a"), configured("b")], first_due, day(1)).await;
    assert!(matches!(failed, Err(StoreError::Sqlite { .. })), "{failed:?}");
    assert_eq!(archive.counts(), before);
    assert_eq!(archive.check(page(day(1), &["a"])).await.version, Some(1));
}

#[tokio::test]
async fn a_truncated_store_is_told_apart_from_a_sound_one() {
    let archive = Archive::new().await;
    for n in 1..20 {
        archive.check(page(day(n), &[&words(n.into(), 400)])).await;
    }
    let path = archive.path();
    archive.store.close().await.unwrap();
    let whole = std::fs::read(&path).unwrap();
    for kept in [whole.len() / 2, whole.len() - 1024, 5000] {
        std::fs::write(&path, &whole[..kept]).unwrap();
        let seen = match Store::open(&path).await {
            Err(error) => vec![error.to_string()],
            Ok(store) => match store.verify(|s, _| reading_of(&s[0]).map(|r| r.digest()), |_, _| {}).await {
                Err(error) => vec![error.to_string()],
                Ok(found) => found.damages,
            },
        };
        assert!(!seen.is_empty(), "{kept} of {} bytes look sound", whole.len());
    }
}

#[tokio::test]
async fn verify_finds_what_was_tampered_with_and_counts_the_rest() {
    let archive = Archive::new().await;
    for (n, text) in (1..).zip(["a", "b", "c"]) {
        archive.check(page(day(n), &[text])).await;
    }
    let done = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let steps = done.clone();
    let found = archive
        .store
        .verify(
            |snapshots, _| reading_of(&snapshots[0]).map(|reading| reading.digest()),
            move |done, total| steps.lock().unwrap().push((done, total)),
        )
        .await
        .unwrap();
    assert_eq!(found, Verified { bodies: 3, versions_rebuilt: 3, ..Verified::default() });
    assert_eq!(*done.lock().unwrap(), (1..=6).map(|n| (n, 6)).collect::<Vec<_>>());

    archive.sql("UPDATE versions SET revision = 0 WHERE number = 1");
    let found = archive.verify().await;
    assert_eq!((found.versions_rebuilt, found.versions_of_older_readers, found.damages.len()), (2, 1, 0));

    let damage = async |harm: &str, undo: &str| {
        archive.sql(&format!("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON; {harm}"));
        let found = archive.verify().await;
        archive.sql(&format!("PRAGMA foreign_keys = OFF; {undo}"));
        found.damages.join("\n")
    };
    let told = damage("UPDATE bodies SET digest = zeroblob(32) WHERE id = 2", "").await;
    assert!(told.contains("bodies 2: its bytes have the digest"), "{told}");
    let digest = page(day(2), &["b"]).digest();
    archive.sql(&format!("UPDATE bodies SET digest = X'{digest}' WHERE id = 2"));

    archive.sql("CREATE TABLE kept AS SELECT * FROM bodies; CREATE TABLE texts AS SELECT * FROM versions");
    let told = damage(
        "UPDATE bodies SET data = X'28B52FFD00' WHERE id = 1",
        "UPDATE bodies SET data = (SELECT data FROM kept WHERE id = 1) WHERE id = 1",
    )
    .await;
    assert!(told.contains("bodies 1: "), "{told}");
    let told = damage(
        "UPDATE versions SET digest = zeroblob(32) WHERE number = 3",
        "UPDATE versions SET digest = (SELECT digest FROM texts WHERE number = 3) WHERE number = 3",
    )
    .await;
    assert!(told.contains("versions 3: its text has the digest"), "{told}");
    let told = damage("DELETE FROM snapshots WHERE id = 3", "").await;
    assert!(told.contains("versions 3 cites a row of snapshots that is not there"), "{told}");
}

#[tokio::test]
async fn verify_notices_a_reading_that_comes_out_otherwise_today() {
    let archive = with_two_deliveries().await;
    let other = |_: &[Snapshot], version: &Version| (version.facts.number == 1).then(|| Digest::of(b"other"));
    let found = archive.store.verify(other, |_, _| {}).await.unwrap();
    assert_eq!((found.bodies, found.versions_rebuilt, found.damages.len()), (2, 0, 2));
    assert!(found.damages[0].contains("its snapshot reads as"), "{:?}", found.damages);
    assert!(found.damages[1].contains("its snapshot cannot be read"), "{:?}", found.damages);
    let found = archive.store.verify(|_, _| panic!("a bug"), |_, _| {}).await.unwrap();
    assert!(found.damages[0].contains("our own code fails"), "{:?}", found.damages);
}

// ---- how much it weighs --------------------------------------------------------------

/// Made-up words, the same for the same seed; they compress about as text does.
fn words(seed: u64, count: usize) -> String {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut out = String::with_capacity(count * 7);
    for n in 0..count {
        // xorshift (Marsaglia 2003)
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let syllables = ["ra", "te", "mi", "so", "lu", "ven", "dor", "pal"];
        (0..1 + state % 3).for_each(|i| out.push_str(syllables[(state >> (8 * i + 8)) as usize % 8]));
        out.push(if n % 12 == 11 { '\n' } else { ' ' });
    }
    out
}

#[tokio::test]
async fn a_hundred_and_fifty_alike_pages_weigh_little_and_read_back() {
    let archive = Archive::new().await;
    let path = archive.path();
    let boilerplate = words(7, 100_000);
    let mut raw = 0;
    let mut served = Vec::new();
    for n in 0..150_u32 {
        // A nonce in each answer, and a new clause every tenth.
        let nonce = format!("<script nonce=\"{}\">{boilerplate}</script>", Digest::of(&n.to_le_bytes()));
        let mut snapshot = page(moment("2026-01-01T00:00:00.000Z") + chrono::Duration::hours(n.into()), &[]);
        let clause = words(1000 + u64::from(n / 10), 60);
        snapshot.body = format!("<html>{nonce}<p>{}<p>{clause}</body></html>", words(3, 400)).into_bytes();
        raw += snapshot.body.len() as u64;
        served.push((snapshot.captured_at, snapshot.digest()));
        archive.check(snapshot).await;
    }
    assert!(raw > 60_000_000, "{raw}");
    let versions = archive.store.versions(&acme()).await.unwrap();
    assert_eq!(versions.len(), 15);
    let facts = archive.store.checks(&acme(), 200).await.unwrap();
    for (check, (captured_at, digest)) in facts.iter().rev().zip(&served) {
        let kept = archive.store.snapshot(check.snapshot.unwrap()).await.unwrap();
        assert_eq!((kept.captured_at, kept.digest()), (*captured_at, *digest));
    }
    let found = archive.verify().await;
    assert_eq!((found.bodies, found.versions_rebuilt, found.damages), (150, 15, vec![]));
    archive.store.close().await.unwrap();
    let deepest = |table: &str| -> u32 {
        let connection = Connection::open(&path).unwrap();
        connection.query_row(&format!("SELECT max(depth) FROM {table}"), [], |row| row.get(0)).unwrap()
    };
    assert_eq!(deepest("bodies"), 32, "chains of differences stay short");
    assert!(deepest("versions") <= 32, "chains of differences stay short");
    let stored = weight(&path);
    println!("{stored} bytes for {raw}: {:.4}", stored as f64 / raw as f64);
    // One page alone is 0.2 % of all of them; the rest is differences.
    assert!(stored * 200 < raw, "{stored} bytes for {raw}");
}

#[tokio::test]
async fn a_page_with_many_faces_keeps_each_face_once() {
    let archive = Archive::new().await;
    // Six layouts in turn: no neighbour is like a page, but an earlier one is.
    for n in 0..36_u32 {
        let mut snapshot = page(day(n + 1), &[]);
        snapshot.body = format!("<html>{}{n}<p>a</body></html>", words(u64::from(n % 6) + 50, 5000)).into_bytes();
        archive.check(snapshot).await;
    }
    let alone: u32 = Connection::open(archive.path())
        .unwrap()
        .query_row("SELECT count(*) FROM bodies WHERE depth = 0", [], |row| row.get(0))
        .unwrap();
    assert!(alone <= 6, "{alone} of 36 stand alone");
    assert_eq!(archive.verify().await.damages, Vec::<String>::new());
}

#[tokio::test]
async fn the_same_bytes_are_stored_once_whoever_served_them() {
    let archive = Archive::new().await;
    archive.store.adopt_watch(&WatchId::new("mirror").unwrap(), "https://mirror.test/", day(0)).await.unwrap();
    for n in 1..=5 {
        archive.check(page(day(n), &["a"])).await;
    }
    let mirror = examine(None, page(day(1), &["a"]));
    archive
        .store
        .record(&WatchId::new("mirror").unwrap(), None, mirror, &reader(), Vec::new(), None, day(1))
        .await
        .unwrap();
    let rows = archive.counts();
    assert!(rows.contains(&("bodies".to_owned(), 1)) && rows.contains(&("snapshots".to_owned(), 6)), "{rows:?}");
}

#[tokio::test]
async fn an_empty_store_weighs_little() {
    let archive = Archive::new().await;
    let path = archive.path();
    archive.store.close().await.unwrap();
    assert!(weight(&path) < 48_000, "{}", weight(&path));
}

#[tokio::test]
async fn odd_bodies_come_back_as_they_were() {
    let archive = Archive::new().await;
    let noise: Vec<u8> = words(5, 30_000)
        .bytes()
        .scan(7_u8, |mix, byte| {
            *mix = mix.wrapping_mul(31).wrapping_add(byte);
            Some(*mix)
        })
        .collect();
    let bodies = [Vec::new(), vec![0], noise.clone(), noise[1..].to_vec(), vec![0; 3_000_000], Vec::new()];
    for (n, body) in (1..).zip(&bodies) {
        let snapshot = Snapshot { body: body.clone(), ..page(day(n), &[]) };
        let why = Unreadable::new(Why::Malformed, "made so");
        let outcome = Outcome::Unreadable { snapshot, why };
        archive.store.record(&acme(), None, outcome, &reader(), Vec::new(), None, day(n)).await.unwrap();
    }
    let checks = archive.store.checks(&acme(), 9).await.unwrap();
    for (check, body) in checks.iter().rev().zip(&bodies) {
        assert_eq!(&archive.store.snapshot(check.snapshot.unwrap()).await.unwrap().body, body);
    }
}

// ---- killed at any point -------------------------------------------------------------

const CRASH_DIRECTORY: &str = "POLICYWATCH_TEST_CRASH_DIRECTORY";

/// Not a test of its own: what [`a_kill_at_any_point_loses_no_alert`] runs as a child and
/// kills. Tells what it did after each step, and never ends by itself.
#[tokio::test]
async fn crash_child() {
    let Some(directory) = std::env::var_os(CRASH_DIRECTORY) else { return };
    let store = Store::open(&PathBuf::from(directory).join("policywatch.db")).await.unwrap();
    let mut number = store.latest(&acme()).await.unwrap().map_or(0, |version| version.facts.number);
    loop {
        number += 1;
        let text = format!("{number} {}", words(number.into(), 500));
        let recorded = check(&store, page(day(number), &[&text])).await.unwrap();
        tell(&format!("recorded {}", recorded.version.unwrap()));
        while let Some(delivery) = store.claim(day(number), LEASE).await.unwrap() {
            store.settle(&delivery.id, Sent::Accepted, day(number)).await.unwrap();
            tell(&format!("settled {}", delivery.id.0));
        }
    }
}

fn tell(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "told: {line}").unwrap();
    out.flush().unwrap();
}

#[tokio::test]
async fn a_kill_at_any_point_loses_no_alert() {
    let archive = Archive::new().await;
    let (dir, path) = (archive.dir, archive.store.path().to_owned());
    archive.store.close().await.unwrap();
    for round in 0..12 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "store::crash_child", "--nocapture", "--test-threads=1"])
            .env(CRASH_DIRECTORY, dir.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        // The child goes on while we count, so that the kill meets it anywhere.
        let mut told: Vec<String> = lines.by_ref().filter(|line| line.contains("told: ")).take(1 + round * 3).collect();
        child.kill().unwrap();
        told.extend(lines);
        child.wait().unwrap();
        assert!(told.len() > round * 3, "the child did not run: {told:?}");

        let store = Store::open(&path).await.unwrap();
        assert_eq!(verify(&store).await.damages, Vec::<String>::new(), "round {round}");
        let versions = store.versions(&acme()).await.unwrap();
        let deliveries = store.deliveries(None, 10_000).await.unwrap();
        for line in told.iter().filter_map(|line| line.split_once("told: ").map(|(_, line)| line)) {
            let (verb, object) = line.split_once(' ').unwrap();
            match verb {
                "recorded" => assert!(versions.len() >= object.parse().unwrap(), "round {round}: {line} is lost"),
                _ => assert!(
                    deliveries.iter().any(|d| d.id.0 == object && d.state == DeliveryState::Delivered),
                    "round {round}: {line} is lost"
                ),
            }
        }
        // Every change speaks to both channels: said, or waiting to be said.
        assert_eq!(deliveries.len(), 2 * versions.len().saturating_sub(1), "round {round}");
        assert_eq!(store.checks(&acme(), 10_000).await.unwrap().len(), versions.len(), "round {round}");
        let now = day(4000);
        while let Some(delivery) = store.claim(now, LEASE).await.unwrap() {
            store.settle(&delivery.id, Sent::Accepted, now).await.unwrap();
        }
        let left = store.deliveries(Some(DeliveryState::Pending), 9).await.unwrap();
        assert_eq!(left, Vec::<Delivery>::new(), "round {round}");
        store.close().await.unwrap();
    }
}

// ---- older stores --------------------------------------------------------------------

/// A database as an older policywatch left it: the steps up to some number, and rows.
fn older_store(path: &Path, steps: &[&str], rows: &str) {
    let connection = Connection::open(path).unwrap();
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA application_id = 0x706f6c77").unwrap();
    connection
        .execute_batch(
            "CREATE TABLE migrations (step INTEGER PRIMARY KEY, digest BLOB NOT NULL CHECK (length(digest) = 32)) STRICT",
        )
        .unwrap();
    for (step, text) in (1_u32..).zip(steps) {
        connection.execute_batch(text).unwrap();
        let digest = Digest::of(text.as_bytes());
        connection.execute("INSERT INTO migrations VALUES (?1, ?2)", (step, digest.as_bytes().as_slice())).unwrap();
        connection.pragma_update(None, "user_version", step).unwrap();
    }
    connection.execute_batch(rows).unwrap();
    connection.close().unwrap();
}

/// The rows were written by the first release: that they read the same today also pins
/// the form of every blob.
#[tokio::test]
async fn a_store_of_schema_1_reads_the_same_today() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("policywatch.db");
    let steps = [include_str!("../../src/store/migrations/0001_initial.sql")];
    older_store(&path, &steps, include_str!("../migrations/0001_rows.sql"));
    let store = Store::open(&path).await.unwrap();

    let found = verify(&store).await;
    // Rebuilt while the reading code is that of the first release, by their digests later.
    assert_eq!((found.bodies, found.versions_rebuilt + found.versions_of_older_readers), (3, 2));
    assert_eq!(found.damages, Vec::<String>::new());
    let versions = store.versions(&acme()).await.unwrap();
    let served = [page(day(1), &["We do not share."]), page(day(3), &["We may share.", "With partners."])];
    for (version, served) in versions.iter().zip(&served) {
        assert_eq!(&store.snapshot(version.snapshot).await.unwrap(), served);
        let number = Which::Number(version.number);
        assert_eq!(store.version(&acme(), number).await.unwrap().unwrap().reading, reading_of(served).unwrap());
    }
    let before = store.version(&acme(), Which::Number(1)).await.unwrap();
    let Outcome::Changed { change, judgment, .. } = examine(before.as_ref(), served[1].clone()) else {
        panic!("the texts differ")
    };
    let recorded = store.change(&acme(), 2).await.unwrap().unwrap();
    assert_eq!((recorded.change, recorded.judgment), (change, judgment));

    let outcomes: Vec<_> = store.checks(&acme(), 9).await.unwrap().into_iter().map(|c| c.outcome).collect();
    assert_eq!(outcomes, ["unreachable", "unreadable", "unmodified", "changed", "unchanged", "first"]);
    let states = store.watch_states().await.unwrap();
    let told: Vec<_> = states.iter().map(|s| (s.id.as_str(), s.next_check_at, s.consecutive_failures)).collect();
    assert_eq!(told, [("acme-privacy", Some(day(7)), 2), ("old", None, 0)]);
    let deliveries = store.deliveries(None, 9).await.unwrap();
    let told: Vec<_> = deliveries.iter().map(|d| (d.channel.as_str(), d.state, d.attempts)).collect();
    assert_eq!(told, [("legal", DeliveryState::Dead, 1), ("press", DeliveryState::Delivered, 1)]);

    // And it goes on.
    assert_eq!(check(&store, page(day(8), &["c"])).await.unwrap().version, Some(3));
}

/// [`verify`], for policies on several pages too.
async fn verify_pages(store: &Store) -> Verified {
    let read = |snapshots: &[Snapshot], version: &Version| {
        Some(read_again(&version.facts.reader, snapshots, &|_| Ok(None)).ok()??.digest())
    };
    store.verify(read, |_, _| {}).await.unwrap()
}

/// The steps up to a schema.
fn steps(schema: usize) -> Vec<&'static str> {
    let all = [
        include_str!("../../src/store/migrations/0001_initial.sql"),
        include_str!("../../src/store/migrations/0002_pages.sql"),
        include_str!("../../src/store/migrations/0003_time.sql"),
        include_str!("../../src/store/migrations/0004_archive.sql"),
        include_str!("../../src/store/migrations/0005_ladder.sql"),
        include_str!("../../src/store/migrations/0006_moves.sql"),
        include_str!("../../src/store/migrations/0007_health.sql"),
        include_str!("../../src/store/migrations/0008_access.sql"),
        include_str!("../../src/store/migrations/0009_archives.sql"),
        include_str!("../../src/store/migrations/0010_attempts.sql"),
        include_str!("../../src/store/migrations/0011_untimely.sql"),
        include_str!("../../src/store/migrations/0012_move_ends.sql"),
        include_str!("../../src/store/migrations/0013_told_together.sql"),
    ];
    all[..schema].to_vec()
}

#[tokio::test]
async fn a_store_of_schema_2_reads_the_same_today() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("policywatch.db");
    older_store(&path, &steps(2), include_str!("../migrations/0002_rows.sql"));
    let store = Store::open(&path).await.unwrap();

    let found = verify_pages(&store).await;
    assert_eq!((found.bodies, found.versions_rebuilt + found.versions_of_older_readers), (3, 2));
    assert_eq!(found.damages, Vec::<String>::new());
    let versions = store.versions(&acme()).await.unwrap();
    assert_eq!(versions.iter().map(|version| version.pages.len()).collect::<Vec<_>>(), [2, 2]);
    let change = store.change(&acme(), 2).await.unwrap().unwrap();
    assert_eq!((change.from.number, change.judgment.materiality), (1, Materiality::Material));
    assert_eq!((change.judgment.returns, change.judgment.dating), (None, None));
    let checks = store.checks(&acme(), 9).await.unwrap();
    let told: Vec<_> =
        checks.iter().map(|check| (check.outcome.as_str(), check.pages.len(), check.note.is_some())).collect();
    assert_eq!(told, [("changed", 2, true), ("first", 2, true)]);
    assert_eq!(store.awaited(&acme()).await.unwrap(), None);
    let later = versions[1].captured_at + chrono::Duration::hours(1);
    let memory = store.memory(&acme(), versions[0].digest, ALTERNATION, later).await.unwrap();
    let remembered: Vec<u32> = memory.recent.iter().map(|earlier| earlier.version.facts.number).collect();
    assert_eq!(remembered, [2, 1]);
}

/// The schema of 0006_moves.sql: how many steps there are up to it.
const WITH_MOVES: usize = 6;

#[tokio::test]
async fn a_store_with_moves_reads_the_same_today() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("policywatch.db");
    older_store(&path, &steps(WITH_MOVES), include_str!("../migrations/0006_rows.sql"));
    let store = Store::open(&path).await.unwrap();

    assert_eq!(verify_pages(&store).await.damages, Vec::<String>::new());
    let states = store.watch_states().await.unwrap();
    let went: Vec<_> = states.iter().map(|state| state.whereabouts.clone()).collect();
    let moved = went[0].moved.as_ref().unwrap();
    assert_eq!((moved.state, moved.way, moved.alike), (MoveState::Followed, Way::Link, Some(1.0)));
    assert_eq!(moved.url, "http://127.0.0.1:8899/trust/privacy");
    assert_eq!((&went[1].moved, went[1].open[0].state), (&None, MoveState::Different));
    let lost = store.lost(std::time::Duration::ZERO, moment("2026-11-23T00:00:00Z")).await.unwrap();
    assert_eq!(lost.iter().map(|lost| lost.watch.as_str()).collect::<Vec<_>>(), ["acme-privacy"]);
}

/// The schema of 0012_move_ends.sql.
const WITH_MOVE_ENDS: usize = 12;

#[tokio::test]
async fn a_store_with_ended_moves_reads_the_same_today() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("policywatch.db");
    older_store(&path, &steps(WITH_MOVE_ENDS), include_str!("../migrations/0012_rows.sql"));
    let store = Store::open(&path).await.unwrap();

    assert_eq!(verify_pages(&store).await.damages, Vec::<String>::new());
    let ends = store.move_ends(&acme()).await.unwrap();
    let said: Vec<_> = ends.iter().map(|end| (end.configured.as_str(), end.url.as_deref())).collect();
    let (old, new) = ("https://acme.test/privacy", "https://acme.test/legal/privacy");
    assert_eq!(said, [(old, Some(new)), ("https://acme.test/cookies", None)]);
    assert_eq!(ends[0].ended_at, moment("2026-11-03T06:00:00Z"));
}

/// The schema of 0013_told_together.sql.
const WITH_RECIPIENTS: usize = 13;

#[tokio::test]
async fn a_store_that_knows_who_would_be_told_reads_the_same_today() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("policywatch.db");
    older_store(&path, &steps(WITH_RECIPIENTS), include_str!("../migrations/0013_rows.sql"));
    let store = Store::open(&path).await.unwrap();

    assert_eq!(verify_pages(&store).await.damages, Vec::<String>::new());
    let states = store.watch_states().await.unwrap();
    let since = Some(moment("2026-11-20T06:00:00Z"));
    assert_eq!(states.iter().map(|state| state.failing_since).collect::<Vec<_>>(), [since, since]);
}

#[tokio::test]
async fn a_store_of_schema_3_reads_the_same_today() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("policywatch.db");
    older_store(&path, &steps(3), include_str!("../migrations/0003_rows.sql"));
    let store = Store::open(&path).await.unwrap();

    assert_eq!(verify_pages(&store).await.damages, Vec::<String>::new());
    let states: Vec<_> = store.confirmations(&acme()).await.unwrap().into_iter().map(|each| each.state).collect();
    assert_eq!(states, [ConfirmationState::Withdrawn, ConfirmationState::Pending]);
    let awaited = store.awaited(&acme()).await.unwrap().unwrap();
    assert_eq!((awaited.looks, awaited.alerts.len(), awaited.alerts[0].channel.as_str()), (1, 1, "press"));
    let version = store.version_of(&acme(), awaited.snapshot).await.unwrap().unwrap();
    let base = store.version_of(&acme(), awaited.base).await.unwrap().unwrap();
    assert_eq!((base.facts.number, version.facts.number), (3, 4));

    // In another store it still settles, and tells nobody, whatever a file says of that.
    let file = dir.path().join("all.jsonl");
    let selection = Selection { watches: vec![acme()], from: None, to: None };
    export::jsonl::export(&file, &selection, &store, || {}).await.unwrap();
    let lines = std::fs::read_to_string(&file).unwrap();
    let words = r#""looks":1,"alerts":"[{\"id\":\"a\",\"channel\":\"press\",\"body\":\"b\"}]""#;
    assert!(lines.contains("\"looks\":1") && !lines.contains("\"alerts\""));
    std::fs::write(&file, lines.replace("\"looks\":1", words)).unwrap();
    let other = Store::open(&dir.path().join("other.db")).await.unwrap();
    jsonl::import(&file, None, false, &other, &SystemClock, |_| Ok(())).await.unwrap();
    let there = other.awaited(&acme()).await.unwrap().unwrap();
    assert_eq!((there.looks, there.alerts.len(), there.due_at), (1, 0, awaited.due_at));
    let turns = WatchId::new("acme-turns").unwrap();
    let change = store.change(&turns, 3).await.unwrap().unwrap();
    assert_eq!(change.judgment.returns.map(|returns| (returns.version, returns.kind)), Some((1, ReturnKind::Flapping)));
}

#[tokio::test]
async fn a_store_of_schema_4_reads_the_same_today() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("policywatch.db");
    older_store(&path, &steps(4), include_str!("../migrations/0004_rows.sql"));
    let store = Store::open(&path).await.unwrap();
    assert_eq!(verify_pages(&store).await.damages, Vec::<String>::new());

    let watch = WatchId::new("halcyon-privacy").unwrap();
    let (archive, url) = ("http://127.0.0.1:45143", "http://127.0.0.1:45143/privacy");
    let listing = store.listing(archive, url).await.unwrap();
    assert!(listing.cursor.is_none() && listing.whole_at.is_some() && listing.fresh_at == listing.whole_at);
    assert_eq!(store.listed(archive, url).await.unwrap().len(), 9);
    let trace = store.trace(archive, url).await.unwrap().unwrap();
    assert_eq!(trace.target.as_deref(), Some("https://halcyon.test/legal"));
    let held = store.held_mementos(&watch).await.unwrap();
    assert_eq!((held.len(), held.iter().filter(|memento| memento.text.is_some()).count()), (8, 7));
    let Origin::Wayback { evidence, .. } = store.snapshot(held[0].snapshot).await.unwrap().origin else {
        panic!("a memento comes from an archive")
    };
    assert_ne!(evidence.digest, DigestCheck::NotGiven);
    let bounds = store.bounds(&watch).await.unwrap();
    assert!(bounds.values().skip(1).all(|bounds| bounds.after.is_some_and(|after| after < bounds.until)), "{bounds:?}");

    // The archive is still left alone, whoever asks.
    let now = parse_rfc3339("2026-11-22T17:00:00Z").unwrap();
    let (turn, place) = store.archive_turn("127.0.0.1:45143", Class::Index, Duration::ZERO, now).await.unwrap();
    assert!(matches!(turn, Turn::Quiet { cause: pace::Cause::Refused, .. }) && place.is_none(), "{turn:?}");

    // What older stores lack is read from the heads.
    Connection::open(&path).unwrap().execute("DELETE FROM mementos", []).unwrap();
    let again = store.held_mementos(&watch).await.unwrap();
    let facts = |all: &[HeldMemento]| all.iter().map(|m| (m.url.clone(), m.digest.clone(), m.text)).collect::<Vec<_>>();
    assert_eq!(facts(&again), facts(&held));
}

/// The account of what archives are asked is one for all that share the store.
#[tokio::test]
async fn requests_to_archives_take_turns_across_connections() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("policywatch.db");
    let (one, other) = (Store::open(&path).await.unwrap(), Store::open(&path).await.unwrap());
    let now = day(1);
    let pause = Duration::from_secs(5);
    let ask = async |store: &Store, class, now| store.archive_turn("archive.test", class, pause, now).await.unwrap();
    let (turn, place) = ask(&one, Class::Index, now).await;
    assert_eq!(turn, Turn::Now);
    assert_eq!(ask(&other, Class::Index, now).await.0, Turn::Full, "one at a time");
    assert_eq!(ask(&other, Class::Capture, now).await.0, Turn::Now, "captures are another class");
    drop(place);
    assert_eq!(ask(&other, Class::Index, now).await.0, Turn::At(now + pause));
    let wait = Sign::RateLimited(Some(Duration::from_secs(90)));
    let left = other.archive_ended("archive.test", Class::Capture, wait, now).await.unwrap();
    assert_eq!(left, Some(Duration::from_secs(90)));
    drop((one, other));
    let again = Store::open(&path).await.unwrap();
    for class in Class::ALL {
        let (turn, _) = ask(&again, class, now + Duration::from_secs(89)).await;
        assert!(matches!(turn, Turn::Quiet { cause: pace::Cause::RateLimited, .. }), "{turn:?}");
    }
    let later = now + Duration::from_secs(91);
    let (turn, _place) = ask(&again, Class::Capture, later).await;
    assert_eq!(turn, Turn::Now);
    assert_eq!(ask(&again, Class::Index, later).await.0, Turn::Full, "the first request after it is alone");
}

#[tokio::test]
async fn a_store_that_knows_the_ladder_reads_the_same_today() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("policywatch.db");
    older_store(&path, &steps(5), include_str!("../migrations/0005_rows.sql"));
    let store = Store::open(&path).await.unwrap();

    assert_eq!(verify_pages(&store).await.damages, Vec::<String>::new());
    let checks = store.checks(&acme(), 9).await.unwrap();
    let tried: Vec<Vec<_>> = checks
        .iter()
        .map(|check| check.tried.iter().map(|tried| (tried.rung, tried.outcome.as_str())).collect())
        .collect();
    let (plain, browser) = (Rung::Plain, Rung::Browser);
    let again = vec![(browser, "unchanged")];
    assert_eq!(tried, [again.clone(), again, vec![(plain, "unreadable"), (browser, "first")]]);
    let known = store.known_rung(&acme(), None).await.unwrap().unwrap();
    assert_eq!((known.rung, known.plain_at), (Rung::Browser, Some(checks[2].recorded_at)));
    let snapshot = store.snapshot(checks[2].snapshot.unwrap()).await.unwrap();
    assert!(matches!(snapshot.origin, Origin::Rendered { .. }));
    // What a browser made of a page does not stay as long as its document does.
    assert!(store.validators(&acme(), &Reader::today(Selectors::default())).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_store_that_knows_silence_reads_the_same_today() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("policywatch.db");
    older_store(&path, &steps(7), include_str!("../migrations/0007_rows.sql"));
    let store = Store::open(&path).await.unwrap();

    let at = |text: &str| parse_rfc3339(text).unwrap();
    let since = at("2026-11-01T06:00:01Z");
    let state = store.watch_state(&acme()).await.unwrap().unwrap();
    assert_eq!((state.failing_since, state.silent_since), (Some(since), Some(since)));
    assert_eq!(state.health(), Health::Stale);
    let unseen = store.unseen(&acme()).await.unwrap();
    assert_eq!((unseen.failing_since, unseen.told_since, unseen.last_success_at), (Some(since), Some(since), None));
    let deliveries = store.deliveries(None, 9).await.unwrap();
    assert_eq!(deliveries.iter().map(|each| each.watch.clone()).collect::<Vec<_>>(), [Some(acme())]);
    assert_eq!(store.covered_until(at("2026-11-22T06:00:00Z")).await.unwrap(), at("2026-11-01T06:00:00Z"));
}

/// What failed before the schema knew since when: the checks say it.
#[tokio::test]
async fn since_when_a_watch_fails_is_derived_from_its_checks() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("policywatch.db");
    let rows = "INSERT INTO watches (id, name, url, service, created_at, last_success_at, consecutive_failures) VALUES
            (1, 'acme-privacy', 'https://acme.test/privacy', 'Acme', '2026-11-01T06:00:00.000Z', '2026-11-02T06:00:00.000Z', 2);
        INSERT INTO checks (id, watch_id, recorded_at, outcome, why) VALUES
            (1, 1, '2026-11-01T06:00:00.000Z', 'unreachable', 'before the last good look'),
            (2, 1, '2026-11-02T06:00:00.000Z', 'unmodified', NULL),
            (3, 1, '2026-11-03T06:00:00.000Z', 'unreachable', 'the first'),
            (4, 1, '2026-11-04T06:00:00.000Z', 'broken', 'the second');";
    older_store(&path, &steps(6), rows);
    let store = Store::open(&path).await.unwrap();
    let state = store.watch_state(&acme()).await.unwrap().unwrap();
    assert_eq!(state.failing_since, Some(parse_rfc3339("2026-11-03T06:00:00Z").unwrap()));
    assert_eq!(state.health(), Health::Failing);
}

/// The schema of 0010_attempts.sql: how many steps there are up to it.
const WITH_KINDS: usize = 10;

#[tokio::test]
async fn an_archive_that_was_too_busy_was_not_asked() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("policywatch.db");
    older_store(&path, &steps(WITH_KINDS), include_str!("../migrations/0010_rows.sql"));
    let store = Store::open(&path).await.unwrap();
    let first = Some(parse_rfc3339("2026-11-01T06:00:00Z").unwrap());
    assert_eq!(store.archive_tried_at(&acme(), None).await.unwrap(), first);
    let tried = store.checks(&acme(), 1).await.unwrap().remove(0).tried;
    assert_eq!(tried.iter().map(|tried| tried.kind.as_deref()).collect::<Vec<_>>(), [None, Some("archive_busy")]);

    // What was recorded before is known by its words, once.
    let path = dir.path().join("older.db");
    let rows = include_str!("../migrations/0010_rows.sql").replace(", why, kind) VALUES", ", why) VALUES");
    let rows = rows.replace(", NULL),", "),").replace(", 'not_archived')", ")").replace(", 'archive_busy')", ")");
    older_store(&path, &steps(WITH_ACCESS), &rows);
    assert_eq!(Store::open(&path).await.unwrap().archive_tried_at(&acme(), None).await.unwrap(), first);
}

/// The schema of 0011_untimely.sql: how many steps there are up to it.
const WITH_UNTIMELY: usize = 11;

#[tokio::test]
async fn a_store_that_counts_lines_left_out_reads_the_same_today() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("policywatch.db");
    let rows = include_str!("../migrations/0011_rows.sql");
    older_store(&path, &steps(WITH_UNTIMELY), rows);
    let (archive, page) = ("https://web.archive.test", "https://acme.test/privacy");
    let store = Store::open(&path).await.unwrap();
    assert_eq!(store.listing(archive, page).await.unwrap().untimely, 2);
    assert_eq!(store.listed(archive, page).await.unwrap().len(), 1);

    // Before, nobody counted.
    let path = dir.path().join("older.db");
    older_store(&path, &steps(WITH_KINDS), &rows.replace(", untimely)", ")").replace("000Z', 2)", "000Z')"));
    let store = Store::open(&path).await.unwrap();
    assert_eq!(
        (store.listing(archive, page).await.unwrap().untimely, store.listed(archive, page).await.unwrap().len()),
        (0, 1)
    );
}

/// The schema of 0009_archives.sql: how many steps there are up to it.
const WITH_ARCHIVES: usize = 9;

#[tokio::test]
async fn a_store_that_knows_what_archives_were_asked_reads_the_same_today() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("policywatch.db");
    older_store(&path, &steps(WITH_ARCHIVES), include_str!("../migrations/0009_rows.sql"));
    let store = Store::open(&path).await.unwrap();
    let id = policywatch::watch::WatchId::new("acme-privacy").unwrap();
    let errands = store.errands(&id).await.unwrap();
    let states: Vec<_> =
        errands.iter().map(|one| (one.kind.as_str(), one.archive.as_str(), one.state.as_str(), one.attempts)).collect();
    assert_eq!(
        states,
        [("save", "wayback", "done", 2), ("look", "wayback", "done", 1), ("save", "own", "given_up", 12)]
    );
    let trace = store.trace("https://web.archive.test", "https://acme.test/privacy").await.unwrap().unwrap();
    assert_eq!((trace.alike, trace.is_alias), (Some(0.98), false));
}

#[tokio::test]
async fn errands_of_an_older_store_are_of_the_usual_archive() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("policywatch.db");
    let rows = format!(
        "{}\nINSERT INTO checks (id, watch_id, recorded_at, outcome) VALUES (1, 1, '2026-11-20T06:00:00.000Z', 'unmodified');
         INSERT INTO errands (watch_id, check_id, kind, url, created_at, due_at) VALUES
             (1, 1, 'save', 'https://acme.test/privacy', '2026-11-20T06:00:00.000Z', '2026-11-20T07:00:00.000Z');",
        include_str!("../migrations/0008_rows.sql")
    );
    older_store(&path, &steps(WITH_ACCESS), &rows);
    let store = Store::open(&path).await.unwrap();
    let now = parse_rfc3339("2026-11-21T06:00:00Z").unwrap();
    let errand = store.claim_errand(now, now).await.unwrap().unwrap();
    assert_eq!((errand.archive.as_str(), errand.kind.as_str(), errand.attempts), ("wayback", "save", 1));
}

/// The schema of 0008_access.sql: how many steps there are up to it.
const WITH_ACCESS: usize = 8;

#[tokio::test]
async fn a_store_that_knows_how_pages_are_asked_for_reads_the_same_today() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("policywatch.db");
    older_store(&path, &steps(WITH_ACCESS), include_str!("../migrations/0008_rows.sql"));
    let store = Store::open(&path).await.unwrap();
    let states = store.watch_states().await.unwrap();
    assert_eq!(states.iter().map(|state| state.id.as_str()).collect::<Vec<_>>(), ["acme-privacy", "usual"]);
    assert_eq!(verify_pages(&store).await.damages, Vec::<String>::new());
}
