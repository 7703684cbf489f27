//! Other archives' formats: what comes in, what goes out, and that it is the same.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use policywatch::clock::Clock as _;
use policywatch::exchange::export::{self, Selection};
use policywatch::exchange::import::{Imported, Mode, Recorder, Routing, warc_file};
use policywatch::exchange::jsonl;
use policywatch::judgment::Materiality;
use policywatch::outcome::FailureKind;
use policywatch::snapshot::{Digest, Origin};
use policywatch::store::{Store, Which, lock_daemon};
use policywatch::time::{parse_rfc3339, rfc3339};
use policywatch::unpack::Unpacker;
use policywatch::watch::{Watch, WatchId};
use proptest::prelude::*;
use serde_json::Value;

use crate::desk::{Desk, GONE, MAY, WILL_NOT, policy, record, record_id};
use crate::world::{self, Answer, World};

/// A configuration with a store, and these watches.
fn desk(watches: &[(&str, &str)]) -> Desk {
    let desk = Desk::new();
    let mut text = format!("[store]\npath = {:?}\n", desk.path("policywatch.db"));
    for (id, url) in watches {
        text.push_str(&format!("[[watch]]\nid = {id:?}\nurl = {url:?}\n"));
    }
    desk.write("policywatch.toml", text);
    desk
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A record of another kind, or with other fields.
fn other(kind: &str, number: u32, date: &str, fields: &str, block: &str) -> Vec<u8> {
    format!(
        "WARC/1.1\r\nWARC-Type: {kind}\r\nWARC-Record-ID: {}\r\nWARC-Date: {date}\r\n{fields}\
         WARC-Target-URI: https://acme.test/privacy\r\nContent-Type: application/http; msgtype=response\r\n\
         Content-Length: {}\r\n\r\n{block}\r\n\r\n",
        record_id(number),
        block.len()
    )
    .into_bytes()
}

const SAME: &str = "WARC-Profile: http://netpreserve.org/warc/1.1/revisit/identical-payload-digest\r\n";
const NOT_MODIFIED: &str = "WARC-Profile: http://netpreserve.org/warc/1.0/revisit/server-not-modified\r\n";
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n";

fn outcomes(out: &[Value]) -> Vec<(String, Option<u64>)> {
    out.iter().map(|o| (o["outcome"].as_str().unwrap().to_owned(), o["version"].as_u64())).collect()
}

// revisits

#[test]
fn revisits_repeat_what_the_file_has() {
    let desk = desk(&[("acme", "https://acme.test/privacy")]);
    let sha1 = policywatch::exchange::warc::payload_sha1(policy(WILL_NOT).as_bytes());
    let by_id = format!("{SAME}WARC-Refers-To: {}\r\n", record_id(1));
    let by_digest = format!("{SAME}WARC-Payload-Digest: sha1:{sha1}\r\n");
    let by_revisit = format!("{SAME}WARC-Refers-To: {}\r\n", record_id(2));
    let by_place = format!(
        "{SAME}WARC-Refers-To-Target-URI: https://acme.test/privacy\r\nWARC-Refers-To-Date: 2021-06-01T00:00:00Z\r\n"
    );
    let records = [
        record(1, "2020-01-01T00:00:00Z", &policy(WILL_NOT)),
        other("request", 90, "2020-01-01T00:00:00Z", "", "GET /privacy HTTP/1.1\r\n\r\n"),
        other("revisit", 2, "2020-02-01T00:00:00Z", &by_id, OK),
        record(3, "2021-06-01T00:00:00Z", &policy(MAY)),
        other("revisit", 4, "2021-07-01T00:00:00Z", NOT_MODIFIED, "HTTP/1.1 304 Not Modified\r\n\r\n"),
        other("revisit", 5, "2021-08-01T00:00:00Z", &by_digest, OK),
        other("revisit", 6, "2021-09-01T00:00:00Z", &by_place, ""),
        other("revisit", 7, "2021-10-01T00:00:00Z", &by_revisit, OK),
    ];
    let expected = [
        ("first".to_owned(), Some(1)),
        ("unchanged".to_owned(), Some(1)),
        ("changed".to_owned(), Some(2)),
        ("unchanged".to_owned(), Some(2)),
        ("changed".to_owned(), Some(3)),
        ("changed".to_owned(), Some(4)),
        ("changed".to_owned(), Some(5)),
    ];
    desk.write("in-order.warc", records.concat());
    let mut shuffled = records.to_vec();
    shuffled.reverse();
    desk.write("reversed.warc", shuffled.concat());
    for (file, watch) in [("in-order.warc", "acme"), ("reversed.warc", "other")] {
        let told = desk.run(&["import", "warc", file, "--watch", watch, "--json"]).exits(0).objects();
        assert_eq!(outcomes(&told), expected, "{file}");
    }
}

#[test]
fn revisits_repeat_what_the_record_has_and_others_are_counted() {
    let desk = desk(&[("acme", "https://acme.test/privacy")]);
    desk.write("first.warc", record(1, "2020-01-01T00:00:00Z", &policy(WILL_NOT)));
    let sha1 = policywatch::exchange::warc::payload_sha1(policy(WILL_NOT).as_bytes());
    let later = [
        other("revisit", 2, "2020-02-01T00:00:00Z", &format!("{SAME}WARC-Payload-Digest: sha1:{sha1}\r\n"), OK),
        other("revisit", 3, "2020-03-01T00:00:00Z", NOT_MODIFIED, "HTTP/1.1 304 Not Modified\r\n\r\n"),
        other(
            "revisit",
            4,
            "2020-04-01T00:00:00Z",
            &format!("{SAME}WARC-Payload-Digest: sha1:{}\r\n", "A".repeat(32)),
            OK,
        ),
        other(
            "revisit",
            5,
            "2020-05-01T00:00:00Z",
            &format!("{SAME}WARC-Refers-To: {}\r\nWARC-Refers-To-Date: 2020-01-01T00:00:00Z\r\n", record_id(1)),
            OK,
        ),
        // Only the other record's id, and one that nobody has.
        other("revisit", 6, "2020-06-01T00:00:00Z", &format!("{SAME}WARC-Refers-To: {}\r\n", record_id(1)), OK),
        other("revisit", 7, "2020-07-01T00:00:00Z", &format!("{SAME}WARC-Refers-To: {}\r\n", record_id(99)), OK),
    ];
    desk.write("later.warc", later.concat());
    desk.run(&["import", "warc", "first.warc", "--watch", "acme"]).exits(0);
    let told = desk.run(&["import", "warc", "later.warc", "--watch", "acme", "--json"]).exits(0);
    assert_eq!(outcomes(&told.objects()), vec![("unchanged".to_owned(), Some(1)); 4]);
    told.says("2 captures repeat a body that neither the file nor the record has");
}

#[test]
fn a_capture_that_was_cut_off_is_not_taken_for_the_policy() {
    let desk = desk(&[("acme", "https://acme.test/privacy")]);
    let cut = String::from_utf8(record(2, "2021-01-01T00:00:00Z", &policy("We"))).unwrap();
    let cut = cut.replace("WARC-Type: response\r\n", "WARC-Type: response\r\nWARC-Truncated: length\r\n");
    desk.write("a.warc", [record(1, "2020-01-01T00:00:00Z", &policy(WILL_NOT)), cut.into_bytes()].concat());
    let told = desk.run(&["import", "warc", "a.warc", "--json"]).exits(0);
    assert_eq!(told.objects().len(), 1);
    told.says("1 captures were cut off");
}

// which watch

#[test]
fn captures_go_to_the_watches_of_their_address() {
    let desk = desk(&[
        ("acme", "https://www.acme.test/privacy"),
        ("again", "http://acme.test/privacy/"),
        ("other", "https://other.test/"),
    ]);
    let stray = String::from_utf8(record(2, "2020-02-01T00:00:00Z", &policy(MAY)))
        .unwrap()
        .replace("acme.test/privacy", "acme.test/jobs");
    desk.write(
        "all.warc.gz",
        [gzip(&record(1, "2020-01-01T00:00:00Z", &policy(WILL_NOT))), gzip(stray.as_bytes())].concat(),
    );
    let listed = desk.run(&["import", "warc", "all.warc.gz", "--dry-run", "--json"]).exits(0);
    let outcome: Vec<_> = listed.objects().iter().map(|o| o["outcome"].as_str().unwrap().to_owned()).collect();
    assert_eq!(outcome, ["listed", "listed"]);
    assert_eq!(desk.run(&["log", "acme"]).code, 2, "nothing was recorded");
    let told = desk.run(&["import", "warc", "all.warc.gz", "--json"]).exits(0);
    let watches: Vec<_> = told.objects().iter().map(|o| o["watch"].as_str().unwrap().to_owned()).collect();
    assert_eq!(watches, ["acme", "again"]);
    told.says("1 captures are of addresses that no watch follows");
    let empty = Desk::new();
    empty.write("policywatch.toml", format!("[store]\npath = {:?}\n", empty.path("p.db")));
    empty.write("one.warc", record(1, "2020-01-01T00:00:00Z", &policy(WILL_NOT)));
    empty.run(&["import", "warc", "one.warc"]).exits(2).says("--watch ID");
}

#[test]
fn an_option_that_would_do_nothing_is_refused() {
    let desk = desk(&[]);
    desk.write("a.warc", record(1, "2020-01-01T00:00:00Z", &policy(WILL_NOT)));
    desk.write("a.yaml", "url: https://acme.test/\n");
    for (arguments, says) in [
        (&["import", "warc", "a.warc", "--watch", "a", "--append"][..], "--append"),
        (&["import", "warc", "a.warc", "--watch", "a", "--at", "2020"], "--at"),
        (&["import", "warc", "a.warc", "--watch", "a", "--only", "A"], "--only"),
        (&["import", "warc", "a.warc", "--select", "main"], "--watch"),
        (&["import", "warc", "a.warc", "--watch", "a", "--alert", "--dry-run"], "exclude"),
        (&["import", "urlwatch", "a.yaml", "--watch", "a"], "--watch"),
    ] {
        desk.run(arguments).exits(2).says(says);
    }
}

// packings

#[test]
fn zstandard_with_a_dictionary_is_read() {
    let desk = desk(&[("acme", "https://acme.test/privacy")]);
    let records =
        [record(1, "2020-01-01T00:00:00Z", &policy(WILL_NOT)), record(2, "2020-02-01T00:00:00Z", &policy(MAY))];
    let dictionary = policy("We will sell.").into_bytes();
    for packed in [dictionary.clone(), zstd::encode_all(&dictionary[..], 3).unwrap()] {
        let mut file = vec![0x5d, 0x2a, 0x4d, 0x18];
        file.extend_from_slice(&u32::try_from(packed.len()).unwrap().to_le_bytes());
        file.extend_from_slice(&packed);
        for record in &records {
            let mut encoder = zstd::stream::write::Encoder::with_dictionary(Vec::new(), 3, &dictionary).unwrap();
            encoder.write_all(record).unwrap();
            file.extend(encoder.finish().unwrap());
        }
        desk.write("all.warc.zst", &file);
        let told = desk.run(&["import", "warc", "all.warc.zst", "--watch", "acme", "--json"]).exits(0);
        assert_eq!(told.objects().len(), 2);
    }
    desk.write("bomb.warc.zst", [&[0x5d, 0x2a, 0x4d, 0x18][..], &u32::MAX.to_le_bytes()].concat());
    desk.run(&["import", "warc", "bomb.warc.zst", "--watch", "acme"]).exits(3).says("its dictionary has more than");
}

fn wacz(files: &[(&str, &[u8])], packed: bool) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let method = if packed { zip::CompressionMethod::Deflated } else { zip::CompressionMethod::Stored };
    let options = zip::write::SimpleFileOptions::default().compression_method(method);
    for (name, content) in files {
        archive.start_file(*name, options).unwrap();
        archive.write_all(content).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

#[test]
fn a_wacz_gives_what_its_warc_files_hold() {
    let desk = desk(&[("acme", "https://acme.test/privacy")]);
    let (old, new) =
        (record(1, "2020-01-01T00:00:00Z", &policy(WILL_NOT)), record(2, "2021-01-01T00:00:00Z", &policy(MAY)));
    let files: [(&str, &[u8]); 3] =
        [("archive/b.warc.gz", &gzip(&old)), ("archive/a.warc", &new), ("pages/pages.jsonl", b"{}")];
    desk.write("all.wacz", wacz(&files, false));
    desk.run(&["import", "wacz", "all.wacz", "--json"]).exits(0);
    let log = desk.run(&["log", "acme", "--json"]).exits(0).objects();
    assert_eq!(log.iter().map(|v| v["version"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 2]);
    let cut = &gzip(&[old.clone(), new.clone()].concat())[..400];
    desk.write("cut.wacz", wacz(&[("archive/a.warc.gz", cut)], false));
    desk.run(&["import", "wacz", "cut.wacz", "--watch", "cut"])
        .exits(3)
        .says("cut.wacz/archive/a.warc.gz is cut in record");
    desk.write("none.wacz", wacz(&[("a.txt", b"a")], false));
    desk.run(&["import", "wacz", "none.wacz", "--watch", "acme"]).exits(3).says("no WACZ");
    desk.write("bomb.wacz", wacz(&[("archive/a.warc", &vec![0; 4 << 20])], true));
    desk.run(&["import", "wacz", "bomb.wacz", "--watch", "acme"]).exits(3).says("no honest archive");
    desk.write("broken.wacz", b"PK\x03\x04 and no more");
    desk.run(&["import", "wacz", "broken.wacz", "--watch", "acme"]).exits(3).says("broken.wacz");
}

/// Who has nothing configured yet is shown what could be followed; those lines are taken.
#[test]
fn what_nobody_follows_is_proposed() {
    let desk = desk(&[]);
    let jobs = String::from_utf8(record(3, "2021-02-01T00:00:00Z", &policy(MAY))).unwrap();
    let jobs = jobs.replace("acme.test/privacy", "acme.test/jobs");
    let all = [
        record(1, "2020-01-01T00:00:00Z", &policy(WILL_NOT)),
        record(2, "2021-01-01T00:00:00Z", &policy(MAY)),
        jobs.into_bytes(),
    ];
    desk.write("all.wacz", wacz(&[("archive/a.warc", &all.concat())], false));
    let told = desk.run(&["import", "wacz", "all.wacz"]).exits(2).says("the 3 captures could belong to");
    let told = told.says("--watch ID");
    assert_eq!(desk.run(&["list", "--json"]).exits(0).objects(), Vec::<Value>::new());
    let (_, proposed) = told.err.split_once("\n\n").unwrap();
    let (proposed, _) = proposed.split_once("error:").unwrap();
    assert!(proposed.starts_with("# 2 captures of it\n[[watch]]\nid = \"acme-test-privacy\""), "{proposed}");
    let config = std::fs::read_to_string(desk.path("policywatch.toml")).unwrap();
    desk.write("policywatch.toml", config + proposed);
    let told = desk.run(&["import", "wacz", "all.wacz", "--json"]).exits(0).objects();
    assert_eq!(told.len(), 3, "{told:?}");

    // One page has many addresses, pages of one name are told apart, and what is no page is not
    // proposed.
    let desk = self::desk(&[]);
    let at = |address: &str, kind: &str| {
        let capture = String::from_utf8(record(9, "2021-03-01T00:00:00Z", &policy(MAY))).unwrap();
        let capture = capture.replace("https://acme.test/privacy", address);
        capture.replace("text/html", kind).into_bytes()
    };
    let many = [
        at("https://acme.test/a/privacy", "text/html"),
        at("http://www.acme.test/a/privacy", "text/html"),
        at("https://acme.test/b/privacy", "text/html"),
        at("https://acme.test/a.css", "text/css!"),
    ];
    desk.write("many.warc", many.concat());
    let told = desk.run(&["import", "warc", "many.warc"]).exits(2);
    let (_, proposed) = told.err.split_once("\n\n").unwrap();
    let (proposed, _) = proposed.split_once("error:").unwrap();
    let ids: Vec<&str> = proposed.lines().filter_map(|line| line.strip_prefix("id = ")).collect();
    assert_eq!(ids, ["\"acme-test-privacy\"", "\"acme-test-privacy-2\""], "{proposed}");
    let config = std::fs::read_to_string(desk.path("policywatch.toml")).unwrap();
    desk.write("policywatch.toml", config + proposed);
    desk.run(&["config", "check"]).exits(0);

    // Of a page that is not followed, the address is said.
    let desk = self::desk(&[("acme", "https://acme.test/privacy")]);
    desk.write("all.warc", all.concat());
    desk.run(&["import", "warc", "all.warc"]).exits(0).says("no watch follows (https://acme.test/jobs)");
}

/// A watch that was to be made for captures is not there if none came.
#[test]
fn an_import_that_came_to_nothing_leaves_no_watch() {
    let desk = desk(&[]);
    let sound = record(1, "2020-01-01T00:00:00Z", &policy(WILL_NOT));
    desk.write("bad.warc", "no archive");
    desk.write("empty.warc", other("request", 90, "2020-01-01T00:00:00Z", "", "GET /privacy HTTP/1.1\r\n\r\n"));
    desk.write("half.warc", [&sound[..], b"no record"].concat());
    desk.write("none.wacz", wacz(&[("a.txt", b"a")], false));
    for (format, file, code) in
        [("warc", "bad.warc", 3), ("warc", "empty.warc", 0), ("wacz", "none.wacz", 3), ("markdown", "bad.warc", 3)]
    {
        desk.run(&["import", format, file, "--watch", "new"]).exits(code);
        assert_eq!(desk.run(&["list", "--json"]).exits(0).objects(), Vec::<Value>::new(), "{file}");
    }
    // What came before the damage is recorded, so the watch stays.
    desk.run(&["import", "warc", "half.warc", "--watch", "half"]).exits(3);
    assert_eq!(desk.run(&["log", "half", "--json"]).exits(0).objects().len(), 1);
    let desk = self::desk(&[]);
    desk.write("bad.warc", "no archive");
    desk.write("one.warc", &sound);
    desk.run(&["import", "warc", "one.warc", "--watch", "new"]).exits(0);
    desk.run(&["import", "warc", "bad.warc", "--watch", "new"]).exits(3);
    assert_eq!(desk.run(&["list", "--json"]).exits(0).objects().len(), 1, "what was recorded before stays");
}

// out and in again

/// What a store holds of its watches, whatever the names of records and the moments of writing.
async fn content(store: &Store) -> BTreeMap<String, (Vec<String>, Vec<String>)> {
    let mut all = BTreeMap::new();
    for state in store.watch_states().await.unwrap() {
        let mut captures = Vec::new();
        for capture in store.captures(&state.id, None, None).await.unwrap() {
            let snapshot = store.snapshot(capture.snapshot).await.unwrap();
            captures.push(format!(
                "{} {} {} {} {} {:?}",
                rfc3339(capture.captured_at),
                capture.digest,
                snapshot.status,
                snapshot.url,
                snapshot.final_url,
                snapshot.redirects
            ));
        }
        let mut versions = Vec::new();
        for facts in store.versions(&state.id).await.unwrap() {
            let version = store.version(&state.id, Which::Number(facts.number)).await.unwrap().unwrap();
            let text = version.reading.text();
            versions.push(format!("{} {} {}", facts.number, rfc3339(facts.captured_at), Digest::of(text.as_bytes())));
        }
        all.insert(state.id.to_string(), (captures, versions));
    }
    all
}

async fn take(path: &Path, watches: &[Watch], world: &World) -> Vec<Imported> {
    let unpacker = Unpacker::none();
    let mut recorder = Recorder::new(Routing::ByAddress(watches), Mode::Record, &world.store, &world.clock, &unpacker);
    let mut all = Vec::new();
    warc_file(path, &mut recorder, |_, one| {
        all.push(one);
        Ok(())
    })
    .await
    .unwrap();
    all
}

/// A history with all that a page can do: the same, another, back, gone, redirected, away.
async fn lived() -> (World, Vec<Watch>) {
    let world = World::new().await;
    let mut watches = Vec::new();
    for path in ["/privacy", "/terms"] {
        let watch = world.watch(path, Materiality::Material).await;
        for sentence in [world::WILL_NOT, world::WILL_NOT, world::MAY, world::WILL_NOT] {
            world.serve_and_check(&watch, world::policy(sentence)).await;
        }
        world.serve_and_check(&watch, Answer::Failure(FailureKind::Dns { host: "acme.test".to_owned() })).await;
        world.serve_and_check(&watch, GONE.to_owned()).await;
        world.serve_and_check(&watch, world::policy(world::MAY)).await;
        watches.push(watch);
    }
    world.leaves_deliveries_waiting();
    (world, watches)
}

fn all(watches: &[Watch]) -> Selection {
    Selection { watches: watches.iter().map(|watch| watch.id.clone()).collect(), from: None, to: None }
}

#[tokio::test]
async fn what_is_exported_comes_back_the_same() {
    let (world, watches) = lived().await;
    let before = content(&world.store).await;
    assert!(before.values().all(|(captures, versions)| captures.len() == 6 && versions.len() == 4), "{before:#?}");
    for name in ["all.warc", "all.warc.gz", "all.warc.zst"] {
        let path = world.file(name);
        let written = export::warc::export(&path, &all(&watches), &world.store, || {}).await.unwrap();
        assert_eq!(written.captures, 12);

        let other = World::new().await;
        for watch in &watches {
            other.follow(watch.clone()).await;
        }
        take(&path, &watches, &other).await;
        assert_eq!(content(&other.store).await, before, "{name}");

        // What was there already is met again, although it came another way.
        let again = take(&path, &watches, &world).await;
        assert!(again.len() == 12 && again.iter().all(|one| one.held), "{again:#?}");
        assert_eq!(content(&world.store).await, before);
    }
}

#[tokio::test]
async fn the_same_record_gives_the_same_bytes() {
    let (world, watches) = lived().await;
    let digest = |path: PathBuf| Digest::of(&std::fs::read(path).unwrap());
    for round in ["a", "b"] {
        export::warc::export(&world.file(&format!("{round}.warc.gz")), &all(&watches), &world.store, || {})
            .await
            .unwrap();
        export::wacz::export(&world.file(&format!("{round}.wacz")), &all(&watches), &world.store, || {}).await.unwrap();
        export::jsonl::export(&world.file(&format!("{round}.jsonl")), &all(&watches), &world.store, || {})
            .await
            .unwrap();
    }
    for ending in ["warc.gz", "wacz", "jsonl"] {
        assert_eq!(digest(world.file(&format!("a.{ending}"))), digest(world.file(&format!("b.{ending}"))), "{ending}");
    }
    let taken = export::warc::export(&world.file("a.warc.gz"), &all(&watches), &world.store, || {}).await;
    assert!(taken.unwrap_err().to_string().contains("exists already"));
}

#[tokio::test]
async fn what_is_exported_whole_comes_back_the_same() {
    let (world, watches) = lived().await;
    let ids: Vec<_> = watches.iter().map(|watch| watch.id.clone()).collect();
    let (there, again) = (world.file("there.jsonl"), world.file("again.jsonl"));
    export::jsonl::export(&there, &all(&watches), &world.store, || {}).await.unwrap();
    let other = Store::open(&world.file("other.db")).await.unwrap();
    // Other watches came first, so that no key is what it was.
    other.adopt_watch(&WatchId::new("earlier").unwrap(), "https://earlier.test/", world.clock.now()).await.unwrap();
    let first = WatchId::new("first").unwrap();
    let mut taken = Vec::new();
    for round in 0..2 {
        jsonl::import(&there, None, false, &other, &world.clock, |one| {
            taken.push((round, one.watch, one.taken));
            Ok(())
        })
        .await
        .unwrap();
    }
    let (captures, versions) = taken.iter().fold((0, 0), |(c, v), (_, _, t)| (c + t.captures, v + t.versions));
    assert!(captures > 8 && versions > 8, "{taken:#?}");
    assert!(taken.iter().all(|(round, _, taken)| taken.held == (*round == 1)), "{taken:#?}");
    export::jsonl::export(&again, &all(&watches), &other, || {}).await.unwrap();
    assert_eq!(std::fs::read_to_string(&there).unwrap(), std::fs::read_to_string(&again).unwrap());
    let read = |snapshots: &[policywatch::snapshot::Snapshot], version: &policywatch::version::Version| {
        let selectors = &version.facts.reader.selectors;
        policywatch::reading::read(&snapshots[0], selectors, &Default::default()).ok().map(|reading| reading.digest())
    };
    let verified = other.verify(read, |_, _| {}).await.unwrap();
    assert!(verified.damages.is_empty() && verified.bodies > 0, "{verified:?}");
    // Nothing but what is wanted.
    let third = Store::open(&world.file("third.db")).await.unwrap();
    jsonl::import(&there, Some(&ids[0]), false, &third, &world.clock, |_| Ok(())).await.unwrap();
    assert_eq!(third.watch_states().await.unwrap().len(), 1);
    jsonl::import(&there, Some(&first), false, &third, &world.clock, |_| panic!("there is none")).await.unwrap();
}

/// Earlier releases recorded captures of any year that a file or an archive named.
#[tokio::test]
async fn captures_of_impossible_years_come_back_too() {
    let world = World::new().await;
    let watch = world.watch("/privacy", Materiality::Material).await;
    for (year, sentence) in [("0001", world::WILL_NOT), ("1985", world::MAY), ("9999", world::WILL_NOT)] {
        let at = parse_rfc3339(&format!("{year}-06-01T00:00:00Z")).unwrap();
        world.site.serve_archived_at("/privacy", world::policy(sentence), at);
        let unpacker = Unpacker::none();
        let (site, store, clock) = (&world.site, &world.store, &world.clock);
        let found = policywatch::backfill::nearest(&watch, 0, at, false, site, store, clock, &unpacker);
        assert!(matches!(found.await.unwrap(), policywatch::backfill::Nearest::Read(..)));
    }
    let (path, again) = (world.file("all.jsonl"), world.file("again.jsonl"));
    let selection = all(std::slice::from_ref(&watch));
    export::jsonl::export(&path, &selection, &world.store, || {}).await.unwrap();
    let other = World::new().await;
    let mut taken = Vec::new();
    let each = |one: jsonl::Imported| {
        taken.push((one.taken.captures, one.taken.versions));
        Ok(())
    };
    jsonl::import(&path, None, false, &other.store, &other.clock, each).await.unwrap();
    assert_eq!(taken, [(3, 3)]);
    export::jsonl::export(&again, &selection, &other.store, || {}).await.unwrap();
    assert_eq!(std::fs::read(&again).unwrap(), std::fs::read(&path).unwrap());
    assert_eq!(content(&other.store).await, content(&world.store).await);
}

#[test]
fn a_history_that_was_tampered_with_is_refused_whole_and_by_its_line() {
    let desk = desk(&[]);
    desk.write(
        "a.warc",
        [record(1, "2020-01-01T00:00:00Z", &policy(WILL_NOT)), record(2, "2021-01-01T00:00:00Z", &policy(MAY))]
            .concat(),
    );
    desk.run(&["import", "warc", "a.warc", "--watch", "acme"]).exits(0);
    desk.run(&["export", "jsonl", "sound.jsonl"]).exits(0);
    desk.run(&["export", "jsonl", "part.jsonl", "--from", "2020-06"]).exits(0);
    let sound = std::fs::read_to_string(desk.path("sound.jsonl")).unwrap();
    let cut = &sound[..sound.len() - 40];
    let lines: Vec<&str> = sound.lines().collect();
    let other = self::desk(&[]);
    std::fs::copy(desk.path("part.jsonl"), other.path("part.jsonl")).unwrap();
    other.run(&["import", "jsonl", "part.jsonl"]).exits(3).says("line 1: it is a part of a history");
    let without_check = [&lines[..1], &lines[2..]].concat().join("\n") + "\n";
    let deep = format!("{}\n{}\n", lines[0], "[".repeat(100_000));
    for (name, content, says) in [
        ("body", sound.replacen("will not sell", "will only sell", 1), "line 4: its body has the digest"),
        ("text", without_text(&sound), "line 7: its text has the digest"),
        ("word", sound.replacen("\"outcome\":\"first\"", "\"outcome\":\"last\"", 1), "line 2: "),
        ("cut", cut.to_owned(), "line 8: the file ends within it"),
        ("order", lines.iter().rev().map(|line| format!("{line}\n")).collect(), "line 1: a history begins"),
        ("check", without_check, "check 1 does not come before it"),
        ("table", sound.replacen("\"table\":\"checks\"", "\"table\":\"watches; DROP TABLE checks\"", 1), "no table"),
        ("format", sound.replacen("\"format\":2", "\"format\":3", 1), "line 1: its format is 3"),
        ("stray", format!("{}{}\n", sound, lines[1].replace("acme", "acne")), "line 9: it is of watch"),
        ("moment", sound.replacen("\"recorded_at\":\"20", "\"recorded_at\":\"xx", 1), "is no moment"),
        (
            "time",
            sound.replacen("\"last_success_at\":null", "\"last_success_at\":\"2020-13-01T00:00:00.000Z\"", 1),
            "is no moment",
        ),
        (
            "count",
            sound.replacen("\"consecutive_failures\":0", "\"consecutive_failures\":4294967296", 1),
            "consecutive_failures is no number",
        ),
        (
            "large",
            sound.replacen("\"object\":\"fact\"", &format!("\"x\":\"{}\",\"object\":\"fact\"", "x".repeat(1 << 20)), 1),
            "line 2: a fact of",
        ),
        (
            "many",
            format!("{}\n{{\"object\":\"version\",\"x\":[0{}]}}\n", lines[0], ",0".repeat(2_000_000)),
            "line 2: it has more values",
        ),
        (
            "time",
            sound.replacen(
                "\"captured_at\":\"2020-01-01T00:00:00.000Z",
                "\"captured_at\":\"9999-12-31T23:59:59-01:00",
                1,
            ),
            "line 4: 9999-12-31T23:59:59-01:00 is of no year of four digits",
        ),
        ("fact of no clock", sound.replacen("\"recorded_at\":\"20", "\"recorded_at\":\"19", 1), "is before 1970"),
        (
            "fact to come",
            sound.replacen("\"recorded_at\":\"20", "\"recorded_at\":\"99", 1),
            "more than a year from now",
        ),
        ("address", sound.replacen("\"url\":\"urn:", "\"url\":\"file:", 1), "line 1: \"file:"),
        ("no address", sound.replacen("\"url\":\"urn:", "\"url\":\"//", 1), "is no web address"),
        (
            "long address",
            sound.replacen("\"url\":\"urn:", &format!("\"url\":\"urn:{}", "x".repeat(9_000)), 1),
            "longer than any",
        ),
        ("deep", deep, "line 2: it is no JSON of ours"),
        ("none", "\u{1b}[31m\n".to_owned(), "line 1: it is no JSON of ours"),
    ] {
        other.write("bad.jsonl", content);
        let ended = other.run(&["import", "jsonl", "bad.jsonl"]).exits(3).says(says);
        assert!(!ended.err.contains('\u{1b}'), "{name}");
        assert_eq!(other.run(&["list", "--json"]).exits(0).objects().len(), 0, "{name}: nothing is recorded");
    }
    other.write("good.jsonl", &sound);
    other.run(&["import", "jsonl", "good.jsonl", "--dry-run"]).exits(0).prints("listed");
    other.run(&["import", "jsonl", "good.jsonl"]).exits(0).prints("taken");
    other.run(&["import", "jsonl", "good.jsonl", "--json"]).exits(0).prints("held");
    other.run(&["import", "jsonl", "good.jsonl", "--watch", "acne"]).exits(3).says("no watch");
    other.run(&["import", "jsonl", "good.jsonl", "--alert"]).exits(2).says("--alert");
    other.run(&["export", "jsonl", "again.jsonl"]).exits(0);
    assert_eq!(std::fs::read_to_string(other.path("again.jsonl")).unwrap(), sound);
    // Another history of the same watch is neither mixed in nor written over.
    let elsewhere = self::desk(&[]);
    elsewhere.write("b.warc", record(3, "2019-01-01T00:00:00Z", &policy(MAY)));
    elsewhere.run(&["import", "warc", "b.warc", "--watch", "acme"]).exits(0);
    elsewhere.write("good.jsonl", &sound);
    elsewhere.run(&["import", "jsonl", "good.jsonl"]).exits(3).says("another history");
}

#[tokio::test]
async fn what_is_recorded_during_an_export_is_left_for_the_next() {
    let desk = desk(&[]);
    desk.write("a.warc", record(1, "2020-01-01T00:00:00Z", &policy(WILL_NOT)));
    desk.write("b.warc", record(2, "2021-01-01T00:00:00Z", &policy(MAY)));
    desk.run(&["import", "warc", "a.warc", "--watch", "acme"]).exits(0);
    let store = Store::open(&desk.path("policywatch.db")).await.unwrap();
    let selection = Selection { watches: vec![WatchId::new("acme").unwrap()], from: None, to: None };
    let mut calls = 0;
    let meanwhile = || {
        calls += 1;
        if calls == 1 {
            desk.run(&["import", "warc", "b.warc", "--watch", "acme"]).exits(0);
        }
    };
    export::jsonl::export(&desk.path("all.jsonl"), &selection, &store, meanwhile).await.unwrap();
    assert_eq!(store.versions(&selection.watches[0]).await.unwrap().len(), 2);
    let other = self::desk(&[]);
    std::fs::copy(desk.path("all.jsonl"), other.path("all.jsonl")).unwrap();
    let taken = other.run(&["import", "jsonl", "all.jsonl", "--json"]).exits(0).objects();
    assert_eq!((&taken[0]["captures"], &taken[0]["versions"]), (&Value::from(1), &Value::from(1)));
}

/// A history that is derived anew while it is written comes out as it is then, not half and half.
#[tokio::test]
async fn what_is_derived_anew_during_an_export_is_written_again() {
    let desk = desk(&[]);
    desk.write("a.warc", record(1, "2020-01-01T00:00:00Z", &policy(WILL_NOT)));
    desk.write("b.warc", record(2, "2021-01-01T00:00:00Z", &policy(MAY)));
    desk.write("old.warc", record(3, "2019-01-01T00:00:00Z", &policy(MAY)));
    for file in ["a.warc", "b.warc"] {
        desk.run(&["import", "warc", file, "--watch", "acme"]).exits(0);
    }
    let store = Store::open(&desk.path("policywatch.db")).await.unwrap();
    let selection = Selection { watches: vec![WatchId::new("acme").unwrap()], from: None, to: None };
    let mut calls = 0;
    let meanwhile = || {
        calls += 1;
        // After both captures and the first version.
        if calls == 3 {
            desk.run(&["import", "warc", "old.warc", "--watch", "acme"]).exits(0);
        }
    };
    export::jsonl::export(&desk.path("while.jsonl"), &selection, &store, meanwhile).await.unwrap();
    assert!(calls > 6, "it was begun anew: {calls}");
    export::jsonl::export(&desk.path("after.jsonl"), &selection, &store, || {}).await.unwrap();
    let read = |name: &str| std::fs::read_to_string(desk.path(name)).unwrap();
    assert_eq!(read("while.jsonl"), read("after.jsonl"));
}

/// The container that the Internet Archive used before WARC.
#[test]
fn arc_files_are_read() {
    let page = |sentence: &str| format!("HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n{}", policy(sentence));
    let first = "1 0 Somebody\nURL IP-address Archive-date Content-type Archive-length\n";
    let mut arc = format!("filedesc://a.arc 0.0.0.0 19990101000000 text/plain {}\n{first}\n", first.len());
    for (at, sentence) in [("20030101000000", MAY), ("20010101000000", WILL_NOT)] {
        let page = page(sentence);
        arc.push_str(&format!("http://acme.test/privacy 127.0.0.1 {at} text/html {}\n{page}\n", page.len()));
    }
    arc.push_str("dns:acme.test 127.0.0.1 20010101000000 text/dns 3\nabc\n");
    let desk = desk(&[]);
    desk.write("a.arc", &arc);
    let taken = desk.run(&["import", "warc", "a.arc", "--watch", "acme", "--json"]).exits(0).objects();
    let told: Vec<_> = taken.iter().map(|row| (row["captured_at"].as_str().unwrap(), &row["outcome"])).collect();
    assert_eq!(told, [("2001-01-01T00:00:00.000Z", &"first".into()), ("2003-01-01T00:00:00.000Z", &"changed".into())]);
    let again = desk.run(&["import", "warc", "a.arc", "--watch", "acme", "--json"]).exits(0).objects();
    assert_eq!(again.len(), 2);
    assert_eq!(desk.run(&["log", "acme", "--json"]).exits(0).objects().len(), 2);
    // What is of no time that can be is left out; what follows is not.
    for time in ["20039901000000", "19010101000000", "29990101000000"] {
        desk.write("odd.arc", arc.replacen("20030101000000", time, 1));
        let watch = format!("odd-{time}");
        assert_eq!(desk.run(&["import", "warc", "odd.arc", "--watch", &watch, "--json"]).exits(0).objects().len(), 1);
    }
    for (name, content, says) in [
        ("cut", arc[..arc.len() / 2].to_owned(), "is cut in record"),
        ("no length", arc.replacen(" text/html ", " text/html x", 1), "is no number"),
        ("huge", arc.replacen("20030101000000 text/html ", "20030101000000 text/html 9999999999", 1), "record 2"),
    ] {
        desk.write("bad.arc", content);
        let ended = desk.run(&["import", "warc", "bad.arc", "--watch", "other"]).exits(3);
        assert!(ended.err.contains(says), "{name}: {}", ended.err);
    }
}

#[test]
fn a_body_with_control_characters_goes_and_comes_as_base64() {
    let desk = desk(&[]);
    desk.write("a.warc", record(1, "2020-01-01T00:00:00Z", &format!("{}<!-- \u{1} -->", policy(WILL_NOT))));
    desk.run(&["import", "warc", "a.warc", "--watch", "acme"]).exits(0);
    desk.run(&["export", "jsonl", "all.jsonl"]).exits(0);
    let lines = std::fs::read_to_string(desk.path("all.jsonl")).unwrap();
    assert!(lines.contains("\"body\":null") && !lines.contains("\\u0001"));
    let other = self::desk(&[]);
    other.write("all.jsonl", lines);
    other.run(&["import", "jsonl", "all.jsonl"]).exits(0).prints("taken");
}

/// Exports of the same format had no kind of failure at first.
#[test]
fn ways_that_were_tried_come_back_without_their_kind() {
    let desk = desk(&[]);
    desk.write("a.warc", record(1, "2020-01-01T00:00:00Z", &policy(WILL_NOT)));
    desk.run(&["import", "warc", "a.warc", "--watch", "acme"]).exits(0);
    desk.run(&["export", "jsonl", "all.jsonl"]).exits(0);
    let sound = std::fs::read_to_string(desk.path("all.jsonl")).unwrap();
    let mut lines: Vec<Value> = sound.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let at = lines.iter().rposition(|line| line["object"] == "snapshot").unwrap();
    let check = lines.iter().find(|line| line["table"] == "checks").unwrap()["row"]["id"].clone();
    let mut tried = serde_json::json!({"object": "fact", "watch": "acme", "table": "attempts", "row": {
        "check_id": check, "position": 1, "rung": "plain", "outcome": "first", "why": null,
    }});
    lines.insert(at + 1, tried.clone());
    let written = |lines: &[Value]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    let other = self::desk(&[]);
    other.write("old.jsonl", written(&lines));
    other.run(&["import", "jsonl", "old.jsonl"]).exits(0).prints("taken");
    other.run(&["export", "jsonl", "new.jsonl"]).exits(0);
    let new = std::fs::read_to_string(other.path("new.jsonl")).unwrap();
    assert!(new.contains("\"kind\":null"), "{new}");
    tried["row"].as_object_mut().unwrap().remove("why");
    lines[at + 1] = tried;
    let third = self::desk(&[]);
    third.write("bad.jsonl", written(&lines));
    third.run(&["import", "jsonl", "bad.jsonl"]).exits(3).says("why is missing");
}

#[test]
fn histories_are_not_taken_in_while_the_daemon_runs() {
    let desk = desk(&[]);
    desk.write("a.warc", record(1, "2020-01-01T00:00:00Z", &policy(WILL_NOT)));
    desk.run(&["import", "warc", "a.warc", "--watch", "acme"]).exits(0);
    desk.run(&["export", "jsonl", "all.jsonl"]).exits(0);
    let held = lock_daemon(&desk.path("policywatch.db")).unwrap();
    desk.run(&["import", "jsonl", "all.jsonl"]).exits(3).says("stop it");
    desk.run(&["import", "jsonl", "all.jsonl", "--dry-run"]).exits(0);
    drop(held);
    desk.run(&["import", "jsonl", "all.jsonl"]).exits(0).prints("held");
}

/// An export whose first version says another thing than its digest.
fn without_text(sound: &str) -> String {
    let mut lines: Vec<Value> = sound.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let version = lines.iter_mut().find(|line| line["object"] == "version").unwrap();
    version["kept"]["reading"]["sections"][1]["blocks"][0]["text"] = "something else".into();
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// A capture of a watch's page, as a file has it.
fn capture(watch: &Watch, at: &str, body: &str) -> policywatch::exchange::warc::Response {
    let snapshot = policywatch::snapshot::Snapshot {
        url: watch.url.to_string(),
        final_url: watch.url.to_string(),
        status: 200,
        headers: vec![("content-type".to_owned(), "text/html".to_owned())],
        redirects: Vec::new(),
        body: body.as_bytes().to_vec(),
        captured_at: parse_rfc3339(at).unwrap(),
        origin: Origin::File { name: at.to_owned() },
    };
    policywatch::exchange::warc::Response {
        record_id: at.to_owned(),
        target: String::new(),
        watch: None,
        snapshot,
        elsewhere: None,
        truncated: None,
    }
}

#[tokio::test]
async fn nothing_waits_for_a_source_that_is_slow() {
    let world = World::new().await;
    let watch = world.watch("/privacy", Materiality::Material).await;
    let unpacker = Unpacker::none();
    let mut recorder = Recorder::new(Routing::One(&watch), Mode::Record, &world.store, &world.clock, &unpacker);
    let (sender, mut source) = tokio::sync::mpsc::channel(1);
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let (first, second) = (
        capture(&watch, "2020-01-01T00:00:00Z", &world::policy(world::MAY)),
        capture(&watch, "2020-01-02T00:00:00Z", &world::policy(world::WILL_NOT)),
    );
    let slow = async {
        sender.send(first).await.unwrap();
        // The next one comes only when the first is on record, however long that takes.
        while heard.try_recv().is_err() {
            world.clock.advance(std::time::Duration::from_millis(100));
            tokio::task::yield_now().await;
        }
        let recorded = world.store.captures(&watch.id, None, None).await.unwrap();
        assert_eq!(recorded.len(), 1);
        sender.send(second).await.unwrap();
        drop(sender);
    };
    let taken = recorder.take_all(&mut source, |imported| {
        told.send(imported.record_id).unwrap();
        Ok(())
    });
    let both = async { tokio::join!(slow, taken) };
    let ((), taken) = tokio::time::timeout(std::time::Duration::from_secs(60), both).await.expect("it waits in vain");
    taken.unwrap();
    assert_eq!(heard.recv().await.as_deref(), Some("2020-01-02T00:00:00Z"));
    assert_eq!(world.store.captures(&watch.id, None, None).await.unwrap().len(), 2);
}

#[tokio::test]
async fn mementos_and_files_keep_where_they_came_from() {
    let world = World::new().await;
    let watch = world.watch("/privacy", Materiality::Material).await;
    let memento = "https://web.archive.test/web/20200101000000id_/https://acme.test/privacy";
    let origins = [
        Origin::Wayback {
            memento_url: memento.to_owned(),
            archive_digest: Some("A".repeat(32)),
            evidence: Default::default(),
        },
        Origin::File { name: "notes\r\nWARC-Type: response".to_owned() },
    ];
    let unpacker = Unpacker::none();
    let mut recorder = Recorder::new(Routing::One(&watch), Mode::Record, &world.store, &world.clock, &unpacker);
    for (day, origin) in (1..).zip(&origins) {
        let snapshot = policywatch::snapshot::Snapshot {
            url: watch.url.to_string(),
            final_url: watch.url.to_string(),
            status: 200,
            headers: vec![
                ("content-type".to_owned(), "text/html".to_owned()),
                ("content-encoding".to_owned(), "gzip".to_owned()),
                ("x-odd".to_owned(), "caf\u{e9}\r\nSet-Cookie: a".to_owned()),
            ],
            redirects: vec![policywatch::snapshot::Redirect {
                status: 301,
                from: "https://acme.test/old".to_owned(),
                to: watch.url.to_string(),
            }],
            body: world::policy(world::MAY).into_bytes(),
            captured_at: parse_rfc3339(&format!("2020-01-0{day}T00:00:00.250Z")).unwrap(),
            origin: origin.clone(),
        };
        let (record_id, target) = (String::new(), String::new());
        let response = policywatch::exchange::warc::Response {
            record_id,
            target,
            watch: None,
            snapshot,
            elsewhere: None,
            truncated: None,
        };
        recorder.take(response).await.unwrap();
    }
    recorder.finish().await.unwrap();
    let path = world.file("all.warc");
    export::warc::export(&path, &all(std::slice::from_ref(&watch)), &world.store, || {}).await.unwrap();
    let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
    assert_eq!(text.matches("\r\nWARC-Type: ").count(), 5, "{text}");
    assert!(!text.contains("\nSet-Cookie: a") && !text.to_lowercase().contains("\ncontent-encoding:"), "{text}");

    let other = World::new().await;
    other.follow(watch.clone()).await;
    take(&path, std::slice::from_ref(&watch), &other).await;
    assert_eq!(content(&other.store).await, content(&world.store).await);
    let captures = other.store.captures(&watch.id, None, None).await.unwrap();
    for (capture, origin) in captures.iter().zip(&origins) {
        let snapshot = other.store.snapshot(capture.snapshot).await.unwrap();
        assert_eq!(snapshot.origin, *origin);
        assert_eq!(snapshot.redirects.len(), 1);
    }
}

/// The programs that others check archives with: `POLICYWATCH_WARC_TOOLS` names the folder
/// where they are installed (`pip install warcio wacz pywb`).
fn tools() -> Option<PathBuf> {
    let tools =
        std::env::var_os("POLICYWATCH_WARC_TOOLS").map(PathBuf::from).filter(|tools| tools.join("warcio").exists());
    if tools.is_none() {
        println!("skipped: POLICYWATCH_WARC_TOOLS names no folder with warcio, wacz and pywb");
    }
    tools
}

#[tokio::test]
async fn other_programs_accept_what_is_written() {
    let Some(tools) = tools() else { return };
    let (world, watches) = lived().await;
    let (warc, wacz) = (world.file("all.warc.gz"), world.file("all.wacz"));
    export::warc::export(&warc, &all(&watches), &world.store, || {}).await.unwrap();
    export::wacz::export(&wacz, &all(&watches), &world.store, || {}).await.unwrap();
    let run = |program: &str, arguments: &[&str]| {
        let output = Command::new(tools.join(program)).args(arguments).output().unwrap();
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{program}: {said}");
        said
    };
    let checked = run("warcio", &["check", "-v", warc.to_str().unwrap()]);
    assert!(checked.contains("digest pass") && checked.contains("revisit"), "{checked}");
    assert!(run("wacz", &["validate", "-f", wacz.to_str().unwrap()]).contains("Validation succeeded"));

    // Replayed, every capture must be the bytes that were served; a revisit, too.
    let home = world.file("replay");
    std::fs::create_dir(&home).unwrap();
    for arguments in [&["init", "policies"][..], &["add", "policies", warc.to_str().unwrap()]] {
        let made = Command::new(tools.join("wb-manager")).args(arguments).current_dir(&home).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    }
    let urls = watches.iter().map(|watch| watch.url.to_string());
    let output =
        Command::new(tools.join("python3")).args(["-c", REPLAY, home.to_str().unwrap()]).args(urls).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    // pywb talks on standard output, too.
    let mut replayed: Vec<&str> = said.lines().filter_map(|line| line.strip_prefix("replayed ")).collect();
    replayed.sort();
    let mut served = Vec::new();
    for watch in &watches {
        for capture in world.store.captures(&watch.id, None, None).await.unwrap() {
            served.push(format!("{} 200 {}", capture.captured_at.format("%Y%m%d%H%M%S"), capture.digest));
        }
    }
    served.sort();
    assert_eq!(replayed, served, "{}", String::from_utf8_lossy(&output.stderr));
}

/// Asks pywb, in its own process and without a port of ours, for every capture that its
/// index lists.
const REPLAY: &str = r#"
from gevent.monkey import patch_all; patch_all()
import hashlib, os, sys
os.chdir(sys.argv[1])
from pywb.apps.frontendapp import FrontEndApp
from werkzeug.test import Client
from werkzeug.wrappers import Response
client = Client(FrontEndApp(), Response)
for url in sys.argv[2:]:
    for line in client.get('/policies/cdx?url=' + url).get_data(as_text=True).splitlines():
        stamp = line.split(' ')[1]
        answer = client.get('/policies/' + stamp + 'id_/' + url)
        print('replayed', stamp, answer.status_code, hashlib.sha256(answer.get_data()).hexdigest())
"#;

#[test]
fn export_writes_every_format_and_says_what() {
    let desk = desk(&[("acme", "https://acme.test/privacy")]);
    desk.run(&["export", "warc", "no.warc"]).exits(3).says("nothing on record");
    desk.write(
        "a.warc",
        [record(1, "2020-01-01T00:00:00Z", &policy(WILL_NOT)), record(2, "2021-01-01T00:00:00Z", &policy(MAY))]
            .concat(),
    );
    desk.run(&["import", "warc", "a.warc"]).exits(0);
    desk.run(&["export", "warc", "dry.warc", "--dry-run"]).exits(0).prints("would be written");
    assert!(!desk.path("dry.warc").exists());
    for format in ["warc", "wacz", "jsonl", "git", "markdown"] {
        let name = format!("out.{format}");
        let said = desk.run(&["export", format, &name, "--json"]).exits(0).objects();
        assert_eq!((&said[0]["format"], &said[0]["written"]), (&Value::from(format), &Value::from(true)));
        if format != "git" {
            desk.run(&["export", format, &name]).exits(2).says("exists already");
        }
    }
    desk.run(&["export", "warc", "b.warc", "--watch", "acne"]).exits(2).says("did you mean");
    let one = desk.run(&["export", "warc", "one.warc", "--from", "2020-06", "--json"]).exits(0).objects();
    assert_eq!(one[0]["captures"], 1);

    let brought = desk.run(&["import", "wacz", "out.wacz", "--watch", "brought", "--json"]).exits(0).objects();
    assert_eq!(outcomes(&brought), [("first".to_owned(), Some(1)), ("changed".to_owned(), Some(2))]);
    let lines = std::fs::read_to_string(desk.path("out.jsonl")).unwrap();
    let objects: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds: Vec<_> = objects.iter().map(|o| o["object"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["watch", "fact", "fact", "snapshot", "snapshot", "fact", "version", "version"]);
    assert_eq!(objects[3]["body"], policy(WILL_NOT));
    assert_eq!(objects[7]["change"]["materiality"], "material");

    let kept = std::fs::read_to_string(desk.path("out.markdown").join("acme/2021-01-01-v2.md")).unwrap();
    assert!(kept.contains("captured_at: 2021-01-01T00:00:00.000Z") && kept.contains(MAY), "{kept}");
    desk.run(&["import", "markdown", "out.markdown", "--watch", "copy"]).exits(0).prints("material");
    desk.run(&["show", "copy@1"]).exits(0).prints(WILL_NOT);
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git").arg("-C").arg(folder).args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn a_repository_has_a_commit_a_version_with_its_date_and_goes_on() {
    let desk = desk(&[("acme", "https://acme.test/privacy")]);
    desk.write("a.warc", record(1, "2020-01-01T00:00:00Z", &policy(WILL_NOT)));
    desk.write("b.warc", record(2, "2021-01-01T00:00:00Z", &policy(MAY)));
    desk.write("old.warc", record(3, "2019-01-01T00:00:00Z", &policy(MAY)));
    desk.run(&["import", "warc", "a.warc"]).exits(0);
    desk.run(&["export", "git", "history"]).exits(0);
    let first = git(&desk.path("history"), &["rev-parse", "HEAD"]);
    desk.run(&["import", "warc", "b.warc"]).exits(0);
    desk.run(&["export", "git", "history"]).exits(0);
    let log = git(&desk.path("history"), &["log", "--format=%aI %s"]);
    assert_eq!(
        log.lines().map(|line| line.replace("+00:00", "Z")).collect::<Vec<_>>(),
        ["2021-01-01T00:00:00Z acme: version 2 (change)", "2020-01-01T00:00:00Z acme: version 1 (first record)"]
    );
    assert_eq!(git(&desk.path("history"), &["rev-parse", "HEAD~1"]), first);
    assert!(std::fs::read_to_string(desk.path("history/acme.md")).unwrap().contains(MAY));
    git(&desk.path("history"), &["fsck", "--strict"]);

    // A history that begins earlier now is another one.
    desk.run(&["import", "warc", "old.warc"]).exits(0);
    let before = git(&desk.path("history"), &["for-each-ref"]);
    desk.run(&["export", "git", "history"]).exits(3).says("not the beginning of this history").says("a new folder");
    assert_eq!(git(&desk.path("history"), &["for-each-ref"]), before);
    desk.run(&["export", "git", "new"]).exits(0);
    // Somebody's own work is nobody else's.
    desk.write("history/acme.md", "mine");
    desk.run(&["export", "git", "history"]).exits(2).says("exists already");
    std::fs::create_dir(desk.path("full")).unwrap();
    desk.write("full/a.txt", "a");
    desk.run(&["export", "git", "full"]).exits(2).says("exists already");
}

// markdown

#[test]
fn a_corpus_of_markdown_goes_to_its_watches() {
    let desk = desk(&[("acme", "https://www.acme.test/privacy")]);
    std::fs::create_dir(desk.path("texts")).unwrap();
    let note = |day: &str, text: &str| {
        format!(
            "> *The following text is extracted and transformed from the acme.test privacy policy. Please check the \
             [original snapshot on the Wayback Machine](https://web.archive.test/web/{day}000000id_/https%3A//acme.test/privacy) \
             for the most accurate reproduction.*\n\n# Privacy Policy\n\nAcme sells kettles. This policy tells what we do \
             with your data when you use our shop, and which choices you have.\n\n## Sharing\n\n{text} Carriers receive your \
             address, so that parcels reach you.\n\n## Contact\n\nWrite to us if you have questions about this policy.\n"
        )
    };
    desk.write("texts/b.txt", note("20190101", MAY));
    desk.write("texts/a.txt", note("20200101", WILL_NOT));
    let plain = note("20180101", WILL_NOT).lines().skip(2).collect::<Vec<_>>().join("\n");
    desk.write("texts/c.txt", &plain);
    desk.write("texts/d.jpg", "no text");
    let told = desk.run(&["import", "markdown", "texts", "--json"]).exits(3);
    let days: Vec<_> = told.objects().iter().map(|o| o["captured_at"].as_str().unwrap()[..10].to_owned()).collect();
    assert_eq!(days, ["2019-01-01", "2020-01-01"]);
    told.says("texts/c.txt: it does not say when it was served").says("one file was not read");
    desk.run(&["import", "markdown", "texts/c.txt", "--watch", "acme", "--at", "2018-01-01"]).exits(0);
    let log = desk.run(&["log", "acme", "--json"]).exits(0).objects();
    assert_eq!(log.len(), 3);
    let shown = desk.run(&["show", "acme@2", "--json"]).exits(0).objects();
    assert_eq!(shown[0]["sections"][0]["path"], Value::from(vec!["Privacy Policy"]), "the note is no part of the text");
    desk.run(&["import", "markdown", "texts/a.txt", "--json"]).exits(0);
    assert_eq!(desk.run(&["log", "acme", "--json"]).exits(0).objects().len(), 3, "nothing is recorded twice");
}

/// Five policies of vendors, as the corpus has them; their outlines were looked at by people.
#[test]
fn the_seeds_read_as_people_would_mark_them() {
    let shared = std::env::var_os("POLICYWATCH_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let seeds = shared.join("seeds");
    let Ok(files) = std::fs::read_dir(&seeds) else {
        println!("skipped: no {}", seeds.display());
        return;
    };
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    let desk = Desk::new();
    let example = include_str!("../../config.example.toml");
    let store = format!("path = {:?}", desk.path("policywatch.db"));
    desk.write("policywatch.toml", example.replacen("# path = \"/var/lib/policywatch/policywatch.db\"", &store, 1));
    let folder = seeds.to_str().unwrap();
    desk.run(&["import", "markdown", folder]).exits(3).says("2 files were not read");
    for (file, watch) in [(3, "quintus-privacy"), (4, "infortrend-privacy")] {
        desk.run(&["import", "markdown", files[file].to_str().unwrap(), "--watch", watch, "--at", "2020"]).exits(0);
    }
    for (watch, sections, captured, effective, last) in [
        ("quantum-privacy", 18, "2018-06-10T21:24:31.000Z", Some("2018-04-16"), "Disclaimer"),
        ("qct-privacy", 10, "2019-06-09T23:28:51.000Z", None, "PRIVACY QUESTIONS"),
        (
            "exabytes-privacy",
            9,
            "2005-12-12T04:42:35.000Z",
            None,
            "Disclosure of customer information and communications",
        ),
        ("quintus-privacy", 18, "2020-01-01T00:00:00.000Z", Some("2018-04-24"), "Questions"),
        ("infortrend-privacy", 15, "2020-01-01T00:00:00.000Z", None, "Contact Us"),
    ] {
        let shown = &desk.run(&["show", watch, "--json"]).exits(0).objects()[0];
        let found = shown["sections"].as_array().unwrap();
        assert_eq!(found.len(), sections, "{watch}: {found:#?}");
        assert_eq!(found[found.len() - 1]["path"].as_array().unwrap().last().unwrap(), last, "{watch}");
        assert_eq!(shown["effective_at"].as_str(), effective, "{watch}");
        assert_eq!(desk.run(&["log", watch, "--json"]).exits(0).objects()[0]["captured_at"], captured, "{watch}");
    }
}

// Open Terms Archive

/// A repository as Open Terms Archive makes them, one commit a record.
fn repository(folder: &Path, commits: &[(&str, i64, &str, &str)]) {
    std::fs::create_dir_all(folder).unwrap();
    git(folder, &["init", "--quiet", "--initial-branch=main"]);
    let mut import = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(["fast-import", "--quiet"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = import.stdin.take().unwrap();
    for (path, at, subject, content) in commits {
        write!(
            out,
            "commit refs/heads/main\nauthor OTA <ota@localhost> {at} +0200\ncommitter OTA <ota@localhost> 1700000000 +0000\n\
             data {}\n{subject}\nM 100644 inline \"{path}\"\ndata {}\n{content}\n",
            subject.len(),
            content.len()
        )
        .unwrap();
    }
    drop(out);
    assert!(import.wait().unwrap().success());
}

const DAY: i64 = 86_400;
const START: i64 = 1_577_836_800; // 2020-01-01

#[test]
fn a_repository_of_which_git_complains_at_length_does_not_stop_us() {
    use std::os::unix::fs::PermissionsExt as _;

    let desk = desk(&[("acme-privacy-policy", "https://acme.test/privacy")]);
    let text = policy(WILL_NOT);
    repository(&desk.path("repo"), &[("Acme/Privacy Policy.html", START + DAY, "First record of Acme", &text)]);
    // More than a pipe holds, before the first commit is listed; then it fails, or not.
    let bin = desk.path("bin");
    std::fs::create_dir(&bin).unwrap();
    for (ends, code) in [("exec /usr/bin/env -u GIT_DIR git \"$@\"", 0), ("echo broken beyond repair >&2; exit 128", 3)]
    {
        let script = format!(
            "#!/bin/sh\nexport PATH=/usr/bin:/bin:/usr/local/bin\ncase \"$*\" in\n*' log '*) yes 'error: object is missing' | head -c 300000 >&2; \
             {ends} ;;\nesac\nexec git \"$@\"\n"
        );
        std::fs::write(bin.join("git"), script).unwrap();
        std::fs::set_permissions(bin.join("git"), std::fs::Permissions::from_mode(0o755)).unwrap();
        let ended = desk.command(&["import", "ota-snapshots", "repo", "--dry-run"]).env("PATH", &bin).output().unwrap();
        let ended = crate::desk::Ended::of(ended).exits(code);
        if code > 0 {
            ended.says("git could not list the commits").says("error: object is missing");
        }
    }
}

#[test]
fn snapshots_of_open_terms_archive_become_histories() {
    let desk = desk(&[("acme-privacy-policy", "https://acme.test/privacy")]);
    let (will_not, may) = (policy(WILL_NOT), policy(MAY));
    let repo = desk.path("demo-snapshots");
    repository(
        &repo,
        &[
            ("README.md", START, "Add readme", "# Snapshots"),
            ("Acme/Privacy Policy.html", START + DAY, "First record of Acme Privacy Policy", &will_not),
            ("Acme/Terms of Service #en-terms.html", START + 2 * DAY, "First record of Acme", &may),
            ("Acme/Privacy Policy.html", START + 3 * DAY, "Record new changes of Acme", &may),
            ("Société/Terms.html", START + 4 * DAY, "First record", &may),
        ],
    );
    // Nothing that a repository configures is run.
    let hook = desk.write("hook.sh", format!("#!/bin/sh\ntouch {}\n", desk.path("ran").display()));
    Command::new("chmod").arg("+x").arg(&hook).status().unwrap();
    for key in ["core.fsmonitor", "core.pager", "gpg.program", "diff.external"] {
        git(&repo, &["config", key, hook.to_str().unwrap()]);
    }
    git(&repo, &["config", "log.showSignature", "true"]);

    let listed = desk.run(&["import", "ota-snapshots", "demo-snapshots", "--dry-run"]).exits(0);
    listed.prints("acme-privacy-policy").prints("acme-terms-of-service-en-terms").prints("societe-terms");
    assert_eq!(desk.run(&["log", "societe-terms"]).code, 2);
    let told = desk.run(&["import", "ota-snapshots", "demo-snapshots", "--json"]).exits(0).objects();
    let endings: Vec<_> = told
        .iter()
        .map(|o| {
            (o["watch"].as_str().unwrap(), o["outcome"].as_str().unwrap(), &o["captured_at"].as_str().unwrap()[..10])
        })
        .collect();
    assert_eq!(
        endings,
        [
            ("acme-privacy-policy", "first", "2020-01-02"),
            ("acme-privacy-policy", "changed", "2020-01-04"),
            ("acme-terms-of-service-en-terms", "first", "2020-01-03"),
            ("societe-terms", "first", "2020-01-05"),
        ]
    );
    assert!(!desk.path("ran").exists(), "the repository had a program run");
    let again = desk.run(&["import", "ota-snapshots", "demo-snapshots", "--only", "Acme/Privacy Policy"]).exits(0);
    again.says("2 of the captures were recorded by an earlier import");
    desk.run(&["import", "ota-snapshots", "demo-snapshots", "--watch", "one"]).exits(2).says("--only");
    desk.run(&["import", "ota-snapshots", "demo-snapshots", "--only", "Nobody"])
        .exits(3)
        .says("nothing that --only names");
    desk.run(&["import", "ota-snapshots", ".", "--watch", "one"]).exits(3).says("not a git repository");
}

#[test]
fn versions_of_open_terms_archive_leave_technical_upgrades_out() {
    let desk = desk(&[]);
    let text = |sharing: &str| {
        format!(
            "Privacy Policy\n==============\n\nAcme sells kettles, and this policy tells what we do with your data.\n\nSharing\n-------\n\n{sharing}\n"
        )
    };
    repository(
        &desk.path("demo-versions"),
        &[
            ("Acme/Privacy Policy.md", START, "First record of Acme Privacy Policy", &text(WILL_NOT)),
            (
                "Acme/Privacy Policy.md",
                START + DAY,
                "Apply technical or declaration upgrade on Acme",
                &text("We share."),
            ),
            ("Acme/Privacy Policy.md", START + 2 * DAY, "Record new changes of Acme Privacy Policy", &text(MAY)),
        ],
    );
    let told = desk.run(&["import", "ota-versions", "demo-versions", "--watch", "acme"]).exits(0);
    told.says("1 technical upgrade").prints("material");
    desk.run(&["show", "acme@1", "--json"]).exits(0).prints("\"path\":[\"Privacy Policy\",\"Sharing\"]");
}

#[test]
fn declarations_become_watches_that_the_snapshots_find() {
    let desk = desk(&[]);
    std::fs::create_dir(desk.path("declarations")).unwrap();
    desk.write(
        "declarations/Acme.json",
        r##"{"name": "Acme & Co", "terms": {
            "Privacy Policy": {"fetch": "https://acme.test/privacy", "select": [{"startBefore": "h1", "endBefore": "footer"}, ".text"],
                "remove": "nav", "filter": ["dropDates"], "executeClientScripts": true},
            "Terms of Service": {"combine": [{"fetch": "https://acme.test/en/terms.html", "select": "main"},
                {"fetch": "https://acme.test/en/annex"}], "select": "body"},
            "Imprint": {"fetch": "ftp://acme.test/", "select": "p"}, "Old": {}}}"##,
    );
    desk.write("declarations/Acme.history.json", "{}");
    desk.write("declarations/Broken.json", "{");
    let printed = desk.run(&["import", "ota-declarations", "declarations"]).exits(0);
    printed
        .prints("id = \"acme-privacy-policy\"")
        .prints("select = [\"before h1 .. before footer\", \".text\"]")
        .prints("# Not carried over: filter dropDates")
        .says("executeClientScripts")
        .says("Imprint")
        .says("Broken.json");
    let before = std::fs::read_to_string(desk.path("policywatch.toml")).unwrap();
    desk.run(&["import", "ota-declarations", "declarations", "--append", "--dry-run"]).exits(0).prints("[[watch]]");
    assert_eq!(std::fs::read_to_string(desk.path("policywatch.toml")).unwrap(), before);
    desk.run(&["import", "ota-declarations", "declarations", "--append"]).exits(0).says("2 watches added");
    desk.run(&["config", "check"]).exits(0).prints("acme-terms-of-service");
    desk.run(&["import", "ota-declarations", "declarations", "--append"])
        .exits(0)
        .says("follows https://acme.test/privacy already");

    repository(
        &desk.path("repo"),
        &[
            ("Acme/Terms of Service #en-terms.html", START, "First record", &policy(WILL_NOT)),
            ("Acme/Terms of Service #en-annex.html", START + DAY, "First record", &policy(MAY)),
        ],
    );
    let told = desk.run(&["import", "ota-snapshots", "repo", "--json"]).exits(0).objects();
    assert!(told.iter().all(|o| o["watch"] == "acme-terms-of-service"), "{told:#?}");
}

#[test]
fn job_lists_and_backups_become_watches() {
    let desk = desk(&[("held", "https://held.test/")]);
    desk.write(
        "urls.yaml",
        "name: Acme Privacy Policy\nurl: https://acme.test/privacy\nfilter:\n- css: main\n- grep: data\n---\nurl: https://held.test/\n---\n\
         name: \"\\e[31mred\"\ncommand: ls\n",
    );
    let told = desk.run(&["import", "urlwatch", "urls.yaml"]).exits(0);
    told.prints("select = [\"main\"]").says("filter grep has no counterpart").says("already").says("runs a command");
    assert!(
        !desk.run(&["import", "urlwatch", "urls.yaml"]).err.contains('\u{1b}'),
        "what a file says stays off the terminal"
    );
    let rows = desk.run(&["import", "urlwatch", "urls.yaml", "--json"]).exits(0).objects();
    assert_eq!((&rows[0]["object"], &rows[0]["id"]), (&Value::from("watch"), &Value::from("acme-privacy-policy")));
    assert_eq!(rows[1]["object"], "left_out");
    std::fs::rename(desk.path("policywatch.toml"), desk.path("kept.toml")).unwrap();
    std::os::unix::fs::symlink("kept.toml", desk.path("policywatch.toml")).unwrap();
    desk.run(&["import", "urlwatch", "urls.yaml", "--append"]).exits(0).says("1 watch added");
    assert!(desk.path("policywatch.toml").is_symlink(), "a link to a configuration stays one");
    desk.write("moved.yaml", "name: held\nurl: https://elsewhere.test/\n");
    desk.run(&["import", "urlwatch", "moved.yaml"]).exits(0).says("has a watch of that name for https://held.test/");
    desk.run(&["config", "check"]).exits(0);
    desk.write("bad.yaml", "url: [");
    desk.run(&["import", "urlwatch", "bad.yaml"]).exits(3).says("bad.yaml");

    let list = r#"{"watching": {"u": {"url": "https://kettles.test/terms", "time_between_check": {"days": 2}}}}"#;
    desk.write("backup.zip", wacz(&[("url-watches.json", list.as_bytes()), ("u/history.txt", b"1,a")], true));
    desk.run(&["import", "changedetection", "backup.zip"]).exits(0).prints("every = \"2d\"").says("1 histories");
    desk.run(&["import", "changedetection", "backup.zip", "--append"]).exits(0);
    desk.run(&["config", "check"]).exits(0).prints("kettles-test-terms");
}

// hostile files

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_revisit_is_read_or_refused(fields in "(WARC-(Refers-To|Refers-To-Date|Payload-Digest|Profile|Type): \\PC{0,30}\r\n){0,6}", block in "\\PC{0,60}") {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.warc");
        let records = [
            record(1, "2020-01-01T00:00:00Z", "<p>We"),
            other("revisit", 2, "2020-02-01T00:00:00Z", &fields, &block),
            other("resource", 3, "2020-03-01T00:00:00Z", &fields, &block),
        ];
        std::fs::write(&path, records.concat()).unwrap();
        if let Ok(records) = policywatch::exchange::warc::open(&path) {
            prop_assert!(records.count() <= 4);
        }
    }
}

#[test]
fn a_file_chooses_no_history_whose_address_it_has_not() {
    let desk = desk(&[("acme", "https://acme.test/privacy"), ("other", "https://other.test/")]);
    let named = |named: &str| {
        let head = format!("WARC-Type: response\r\nPolicywatch-Watch: {named}\r\nPolicywatch-Redirects: [[1,2]]\r\n");
        let record = String::from_utf8(record(1, "2020-01-01T00:00:00Z", &policy(WILL_NOT))).unwrap();
        record.replace("WARC-Type: response\r\n", &head)
    };
    // Anybody can write a name into a file: the address decides.
    for (name, expected) in [("other", "acme"), ("nobody", "acme"), ("../x", "acme")] {
        desk.write("named.warc", named(name));
        let told = desk.run(&["import", "warc", "named.warc", "--json"]).exits(0).objects();
        assert_eq!(told.iter().map(|o| o["watch"].as_str().unwrap()).collect::<Vec<_>>(), [expected], "{name}");
    }
    // What was said on the command line goes before what the file says.
    let told = desk.run(&["import", "warc", "named.warc", "--watch", "mine", "--json"]).exits(0).objects();
    assert_eq!(told[0]["watch"], "mine");
}
