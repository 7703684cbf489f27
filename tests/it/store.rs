//! The record: what is written is there, whole or not at all, whatever happens meanwhile.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use policywatch::alert::{Alert, Delivery, DeliveryId, DeliveryState, RETRY_PAUSES, Sent};
use policywatch::change::{Change, Edit, Kind, LinkChange, Op, SectionChange};
use policywatch::examine::Manner;
use policywatch::judgment::{Finding, Judgment, Materiality, Noise, Practice};
use policywatch::outcome::{FailureKind, Outcome};
use policywatch::reading::{REVISION, Reader, Reading, Selectors, Unreadable, Why};
use policywatch::section::Section;
use policywatch::snapshot::{Digest, Origin, Redirect, Snapshot};
use policywatch::store::{Options, Recorded, Store, StoreError, Verified, Which, lock_daemon};
use policywatch::text::{Block, BlockKind, Link};
use policywatch::time::{Timestamp, parse_rfc3339};
use policywatch::version::{Cause, Version, VersionId};
use policywatch::watch::WatchId;
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

fn manner() -> Manner {
    Manner { reader: Reader::today(Selectors::default()), language: Some("en".to_owned()) }
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
    })
}

/// A stand-in for `examine`.
fn examine(previous: Option<&Version>, snapshot: Snapshot) -> Outcome {
    let Some(reading) = reading_of(&snapshot) else {
        return Outcome::Unreadable { snapshot, why: Unreadable::new(Why::BotWall, "no paragraph") };
    };
    let Some(previous) = previous else { return Outcome::First { snapshot, reading } };
    if previous.reading.text() == reading.text() {
        return Outcome::Unchanged { snapshot };
    }
    let edits = vec![
        Edit { op: Op::Delete, text: previous.reading.text() },
        Edit { op: Op::Insert, text: reading.text() },
    ];
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
    };
    let judgment = Judgment {
        materiality: Materiality::Material,
        severity: 3,
        practices: vec![Practice::SharingSale, Practice::Retention],
        summary: "Acme may share data now.".to_owned(),
        findings: vec![finding],
        noise: vec![Noise { kind: "date_only".to_owned(), section: path, example: "1 May".to_owned() }],
    };
    Outcome::Changed { snapshot, reading, change, judgment }
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
    store.record(&acme(), previous.map(|version| version.facts.id), outcome, &manner(), said, None, at).await
}

async fn verify(store: &Store) -> Verified {
    store.verify(|snapshot, _| reading_of(snapshot).map(|reading| reading.digest()), |_, _| {}).await.unwrap()
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
    assert_eq!(versions.iter().map(|v| (v.number, v.cause)).collect::<Vec<_>>(), [
        (1, Cause::FirstRecord),
        (2, Cause::Publisher)
    ]);
    assert_eq!(archive.store.snapshot(versions[0].snapshot).await.unwrap(), old);
    assert_eq!(archive.store.snapshot(versions[1].snapshot).await.unwrap(), new);

    let latest = archive.store.latest(&acme()).await.unwrap().unwrap();
    assert_eq!(latest.reading, reading_of(&new).unwrap());
    assert_eq!(latest.facts, versions[1]);
    assert_eq!(latest.facts.reader, manner().reader);

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
    assert_eq!(told, [
        ("changed", Some(2), Some("material"), Some(day(2))),
        ("first", Some(1), None, Some(day(1)))
    ]);
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
        Outcome::Unchanged { snapshot: page(day(2), &["a"]) },
        Outcome::Unmodified,
        Outcome::Unreadable { snapshot: wall.clone(), why: why.clone() },
        unreachable(),
        Outcome::Broken { snapshot: None, message: "index out of bounds".to_owned() },
        Outcome::Broken { snapshot: Some(page(day(7), &["a"])), message: "again".to_owned() },
    ];
    for (n, outcome) in (2..).zip(outcomes) {
        let recorded =
            archive.store.record(&acme(), previous, outcome, &manner(), Vec::new(), None, day(n)).await.unwrap();
        assert_eq!((recorded.version, recorded.superseded, recorded.deliveries), (Some(1), false, 0));
    }

    let checks = archive.store.checks(&acme(), 100).await.unwrap();
    let told: Vec<_> = checks.iter().rev().map(|c| (c.outcome.as_str(), c.why.as_deref(), c.snapshot.is_some())).collect();
    assert_eq!(told, [
        ("first", None, true),
        ("unchanged", None, true),
        ("unmodified", None, false),
        ("unreadable", Some("bot_wall: header cf-mitigated"), true),
        ("unreachable", Some("acme.test does not resolve; check the address or the resolver"), false),
        ("broken", Some("index out of bounds"), false),
        ("broken", Some("again"), true),
    ]);
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
        archive.store.record(&acme(), None, unreachable(), &manner(), Vec::new(), None, day(n)).await.unwrap();
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
                store.record(&acme(), id, outcome, &manner(), said, None, day(2)).await.unwrap()
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
    let recorded = other
        .record(&acme(), previous.map(|v| v.facts.id), late, &manner(), Vec::new(), None, day(3))
        .await
        .unwrap();
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
    let recorded = archive.store.record(&acme(), id, outcome, &manner(), said, None, day(3)).await.unwrap();
    assert_eq!((recorded.version, recorded.deliveries), (Some(3), 0));
    assert_eq!(archive.store.deliveries(None, 10).await.unwrap().len(), 2);
}

#[tokio::test]
async fn an_unknown_watch_is_an_error_for_writers_and_nothing_for_readers() {
    let archive = Archive::new().await;
    let nobody = WatchId::new("nobody").unwrap();
    let written = archive.store.record(&nobody, None, unreachable(), &manner(), Vec::new(), None, day(1)).await;
    assert!(matches!(written, Err(StoreError::UnknownWatch(id)) if id == nobody));
    assert!(archive.store.latest(&nobody).await.unwrap().is_none());
    assert!(archive.store.watch_state(&nobody).await.unwrap().is_none());
    assert!(archive.store.checks(&nobody, 9).await.unwrap().is_empty());
    assert!(archive.store.validators(&nobody, &manner().reader).await.unwrap().is_empty());
}

// ---- captures out of order, imports --------------------------------------------------

#[tokio::test]
async fn a_capture_out_of_order_is_kept_and_put_in_its_place_by_a_rebuild() {
    let archive = Archive::new().await;
    archive.check(page(day(1), &["a"])).await;
    archive.check(page(day(9), &["c"])).await;
    let before = archive.store.versions(&acme()).await.unwrap();
    let sent = archive.store.deliveries(None, 10).await.unwrap();

    let late = archive.check(page(day(5), &["b"])).await;
    assert!(late.out_of_order && late.check.is_some() && !late.superseded);
    assert_eq!((late.version, late.deliveries), (None, 0));
    assert_eq!(archive.store.versions(&acme()).await.unwrap(), before, "the latest stays the latest");

    assert_eq!(archive.store.rebuild(&acme(), &manner(), examine, day(20)).await.unwrap(), 3);
    let after = archive.store.versions(&acme()).await.unwrap();
    let told: Vec<_> = after.iter().map(|v| (v.number, v.captured_at, v.recorded_at, v.cause)).collect();
    assert_eq!(told, [
        (1, day(1), day(1), Cause::FirstRecord),
        (2, day(5), day(20), Cause::Publisher),
        (3, day(9), day(9), Cause::Publisher)
    ]);
    assert_eq!(archive.store.deliveries(None, 10).await.unwrap(), sent, "what was said was said");
    let outcomes: Vec<_> = archive.store.checks(&acme(), 9).await.unwrap().into_iter().map(|c| c.outcome).collect();
    assert_eq!(outcomes, ["changed", "changed", "first"], "how a check ended is a fact");
    let change = archive.store.change(&acme(), 3).await.unwrap().unwrap();
    assert!(change.change.sections[0].before().ends_with('b') && change.change.sections[0].after().ends_with('c'));
    assert_eq!(archive.verify().await.damages, Vec::<String>::new());

    // Who held the old latest version must notice.
    let stale = before[1].id;
    let recorded =
        archive.store.record(&acme(), Some(stale), unreachable(), &manner(), Vec::new(), None, day(21)).await.unwrap();
    assert!(recorded.superseded);
}

#[tokio::test]
async fn an_old_capture_says_nothing_of_the_watch_as_it_is_now() {
    let archive = Archive::new().await;
    archive.check(page(day(9), &["a"])).await;
    let mut wall = page(day(3), &[]);
    wall.body = b"robots?".to_vec();
    let old = archive.check(wall).await;
    assert_eq!((old.version, old.out_of_order), (Some(1), false));
    assert_eq!(archive.store.watch_state(&acme()).await.unwrap().unwrap().consecutive_failures, 0);
}

#[tokio::test]
async fn a_rebuild_survives_a_page_on_which_the_reading_code_fails() {
    let archive = Archive::new().await;
    archive.check(page(day(1), &["a"])).await;
    archive.check(page(day(2), &["boom"])).await;
    archive.check(page(day(3), &["c"])).await;
    let fragile = |previous: Option<&Version>, snapshot: Snapshot| {
        assert!(!snapshot.body.windows(4).any(|w| w == b"boom"), "the page that breaks us");
        examine(previous, snapshot)
    };
    assert_eq!(archive.store.rebuild(&acme(), &manner(), fragile, day(9)).await.unwrap(), 2);
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
    let reader = Reader { revision: REVISION + 1, selectors: Selectors { select: vec!["main".to_owned()], remove: vec![] } };

    let after = archive.store.record_upgrade(&before, reading.clone(), reader.clone(), day(3)).await.unwrap();
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
    let reader = Reader { revision: REVISION + 1, selectors: Selectors::default() };
    let after = archive.store.record_upgrade(&before, reading.clone(), reader, day(3)).await.unwrap();
    assert_eq!((after.facts.number, after.facts.cause), (2, Cause::TechnicalUpgrade));
    assert_eq!((after.facts.snapshot, after.facts.captured_at), (before.facts.snapshot, day(1)));
    assert_eq!(after.reading, reading);
    assert!(archive.store.deliveries(None, 9).await.unwrap().is_empty());
    assert_eq!(archive.store.change(&acme(), 2).await.unwrap(), None);
    // The check that read it first still says what it made.
    assert_eq!(archive.store.checks(&acme(), 1).await.unwrap()[0].version, Some(1));
    // A second upgrade from the same place finds it done.
    let again = archive.store.record_upgrade(&before, before.reading.clone(), manner().reader, day(4)).await.unwrap();
    assert_eq!(again, after);
}

// ---- conditional requests ------------------------------------------------------------

#[tokio::test]
async fn validators_are_those_of_the_live_snapshot_that_the_latest_version_stands_for() {
    let archive = Archive::new().await;
    let ask = async |reader: &Reader| archive.store.validators(&acme(), reader).await.unwrap();
    assert!(ask(&manner().reader).await.is_empty());
    let (first, same) = (page(day(1), &["a"]), page(day(2), &["a"]));
    archive.check(first).await;
    archive.check(same.clone()).await;
    assert_eq!(ask(&manner().reader).await, same.validators());
    assert!(ask(&Reader { revision: REVISION + 1, selectors: Selectors::default() }).await.is_empty());

    // Another text came from an archive: "not modified" would not mean "as the latest version".
    let mut memento = page(day(3), &["b"]);
    memento.origin = Origin::Warc { record_id: "<urn:uuid:9>".to_owned() };
    archive.check(memento).await;
    assert!(ask(&manner().reader).await.is_empty());

    let live = page(day(4), &["b"]);
    archive.check(live.clone()).await;
    assert_eq!(ask(&manner().reader).await, live.validators());
    archive.sql("UPDATE watches SET url = 'https://acme.test/new'");
    assert!(ask(&manner().reader).await.is_empty(), "another address has other validators");
}
