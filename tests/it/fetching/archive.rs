//! A web archive as it really answers: recorded traffic, replayed, and a made-up archive
//! for what no recording shows.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use policywatch::capture::Capture;
use policywatch::check::{Ports, check};
use policywatch::clock::{Clock as _, HeldClock};
use policywatch::fetch::{
    ArchiveKind, Fetch as _, Fetched, Fetcher, Options, Request, SaveKeys, Saving, WaybackOptions,
};
use policywatch::guard::Allowed;
use policywatch::outcome::FetchFailure;
use policywatch::snapshot::{DigestCheck, Evidence, Origin, Snapshot, Validators};
use policywatch::time::{Timestamp, parse_rfc3339};
use policywatch::watch::{Source, Watch};
use serde_json::Value;
use url::Url;

use super::server::{Act, Asked, Server, answer, gzip, redirect};
use crate::world::{MAY, WILL_NOT, World, policy, unpacker, watch};

fn held() -> HeldClock {
    HeldClock::new(parse_rfc3339("2026-11-22T06:00:00Z").unwrap())
}

fn fetcher(server: &Server, clock: HeldClock) -> Fetcher<HeldClock> {
    fetcher_of(server, clock, ArchiveKind::Wayback)
}

fn fetcher_of(server: &Server, clock: HeldClock, kind: ArchiveKind) -> Fetcher<HeldClock> {
    let wayback = WaybackOptions { kind, ..options(server).wayback };
    Fetcher::new(Options { wayback, ..options(server) }, clock).unwrap()
}

/// Everything allowed, and no pauses.
fn options(server: &Server) -> Options {
    let wayback = WaybackOptions {
        base_url: server.url("/"),
        index_pause: Duration::ZERO,
        capture_pause: Duration::ZERO,
        ..WaybackOptions::default()
    };
    let allow = vec![Allowed::Network("127.0.0.0/8".parse().unwrap())];
    Options { timeout: Duration::from_secs(30), allow, wayback, ..Options::default() }
}

fn capture(timestamp: &str, original: &str) -> Capture {
    Capture {
        timestamp: timestamp.to_owned(),
        captured_at: moment(timestamp).unwrap_or_default(),
        original: original.to_owned(),
        media_type: "text/html".to_owned(),
        status: Some(200),
        digest: "AAAA".to_owned(),
        memento: None,
    }
}

fn moment(digits: &str) -> Option<Timestamp> {
    chrono::NaiveDateTime::parse_from_str(digits, "%Y%m%d%H%M%S").ok().map(|at| at.and_utc())
}

fn digits(at: Timestamp) -> String {
    at.format("%Y%m%d%H%M%S").to_string()
}

/// How something ended: what was served, or the word for the failure.
fn ended(result: &Result<Snapshot, FetchFailure>) -> String {
    match result {
        Ok(snapshot) => format!("{} {}", snapshot.status, snapshot.final_url),
        Err(failure) => failure.kind.as_str().to_owned(),
    }
}

// Recorded traffic.

/// One recorded exchange, as it goes over the wire again.
#[derive(Clone)]
struct Exchange {
    url: Url,
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Exchange {
    fn of(recorded: &Value) -> Self {
        let (request, response) = (&recorded["request"], &recorded["response"]);
        let pairs = response["headers"].as_array().unwrap().iter();
        let headers = pairs.map(|pair| (pair[0].as_str().unwrap().to_owned(), pair[1].as_str().unwrap().to_owned()));
        let body = &response["body"];
        let body = match body["encoding"].as_str().unwrap() {
            "base64" => base64::engine::general_purpose::STANDARD.decode(body["base64"].as_str().unwrap()).unwrap(),
            _ => body["text"].as_str().unwrap().as_bytes().to_vec(),
        };
        Self {
            url: Url::parse(request["url"].as_str().unwrap()).unwrap(),
            status: u16::try_from(response["status"].as_u64().unwrap()).unwrap(),
            headers: headers.collect(),
            body,
        }
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    fn is_index(&self) -> bool {
        !self.url.as_str().contains("showNumPages")
            && ["/cdx/search/cdx", "/web/timemap/json"].contains(&self.url.path())
    }

    /// Timestamp and page of a request for a capture, as it was served or as it is shown.
    fn playback(&self) -> Option<(String, String)> {
        let (_, rest) = self.url.as_str().split_once("/web/")?;
        let (stamp, original) = rest.split_once('/')?;
        let timestamp = stamp.strip_suffix("id_").unwrap_or(stamp);
        let sound = timestamp.len() == 14 && timestamp.bytes().all(|byte| byte.is_ascii_digit());
        sound.then(|| (timestamp.to_owned(), original.to_owned()))
    }

    fn asked(&self, name: &str) -> Option<String> {
        self.url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
    }

    /// Again, with our server in the place of the archive.
    fn replayed(&self, host: &str) -> Vec<u8> {
        let mut body = self.body.clone();
        let mut headers = String::new();
        for (name, value) in &self.headers {
            match name.to_lowercase().as_str() {
                "content-length" | "transfer-encoding" | "connection" => {}
                "content-encoding" => {
                    body = gzip(&body);
                    headers += "content-encoding: gzip\r\n";
                }
                "location" => {
                    let value = value.replace("https://web.archive.org", "//web.archive.org");
                    let value = value.replace("http://web.archive.org", "//web.archive.org");
                    headers += &format!("location: {}\r\n", value.replace("//web.archive.org", &format!("//{host}")));
                }
                _ => headers += &format!("{name}: {value}\r\n"),
            }
        }
        answer(&format!("{} Replayed", self.status), &headers, &body)
    }
}

/// One recording, and what its clients concluded.
struct Recording {
    name: String,
    exchanges: Vec<Exchange>,
    expected: Vec<Value>,
}

fn recordings() -> Option<Vec<Recording>> {
    // A worktree lies one folder deeper than a clone.
    let beside = ["../shared/wayback-traffic", "../../shared/wayback-traffic"];
    let folder =
        beside.iter().map(|beside| Path::new(env!("CARGO_MANIFEST_DIR")).join(beside)).find(|at| at.exists())?;
    let index: Value = serde_json::from_slice(&std::fs::read(folder.join("index.json")).ok()?).unwrap();
    let files = index["sets"].as_array().unwrap().iter().map(|set| set["file"].as_str().unwrap().to_owned());
    let recordings = files.map(|file| {
        let recording: Value = serde_json::from_slice(&std::fs::read(folder.join(&file)).unwrap()).unwrap();
        Recording {
            name: file.trim_end_matches(".json").to_owned(),
            exchanges: recording["interactions"].as_array().unwrap().iter().map(Exchange::of).collect(),
            expected: recording["expected"]["edgi_calls"].as_array().cloned().unwrap_or_default(),
        }
    });
    Some(recordings.collect())
}

/// A row of the index: time, page, digest.
type Row = (String, String, String);

/// The rows of a recorded listing, read without our reader.
fn rows(exchange: &Exchange) -> Vec<Row> {
    let text = String::from_utf8_lossy(&exchange.body);
    if exchange.status != 200 {
        return Vec::new();
    }
    if text.starts_with('[') {
        let rows: Vec<Vec<Value>> = serde_json::from_str(&text).unwrap();
        let at = |name: &str| rows[0].iter().position(|known| known == name).unwrap();
        let columns = [at("timestamp"), at("original"), at("digest")];
        let row = |row: &Vec<Value>| columns.map(|at| row[at].as_str().unwrap().to_owned()).into();
        return rows[1..].iter().filter(|row| row.len() > 5).map(row).collect();
    }
    let words = text.lines().map(|line| line.split(' ').collect::<Vec<_>>()).filter(|words| words.len() > 5);
    words.map(|words| (words[1].to_owned(), words[2].to_owned(), words[5].to_owned())).collect()
}

/// What is no page: mail addresses, pictures in the URL, screenshots of the archive's own.
fn is_junk(row: &Row) -> bool {
    !row.1.starts_with("http") || row.1.contains('@') || row.1.contains("/screenshot/") || row.1.contains("data:image")
}

/// Serves the listing as recorded; what lies behind its first page, from all its rows.
fn listing(exchanges: &[Exchange], host: &str, asked: &Asked) -> Vec<u8> {
    let first = &exchanges[0];
    let url = Url::parse(&format!("http://{host}{}", asked.path())).unwrap();
    let from = url.query_pairs().find(|(name, _)| name == "from").map(|(_, value)| value.into_owned());
    if from.is_none() || from == first.asked("from") {
        return first.replayed(host);
    }
    let mut all: Vec<Row> = exchanges.iter().flat_map(rows).collect();
    all.sort();
    // Small pages, so that most end within a second that has more rows.
    let rest: Vec<_> = all.into_iter().filter(|row| Some(&row.0) >= from.as_ref()).collect();
    let line = |(timestamp, original, digest): &Row| format!("key {timestamp} {original} text/html 200 {digest} 1\n");
    let mut text: String = rest.iter().take(100).map(line).collect();
    if rest.len() > 100 {
        text += "\nkey\n";
    }
    answer("200 OK", "x-app-server: replay\r\n", text.as_bytes())
}

async fn serve(exchanges: Vec<Exchange>) -> Server {
    let listed: Vec<Exchange> = exchanges.iter().filter(|exchange| exchange.is_index()).cloned().collect();
    Server::start(move |asked| {
        let host = asked.header("host").unwrap();
        if asked.path().starts_with("/cdx/") {
            return vec![Act::Send(listing(&listed, host, asked))];
        }
        let wanted = |exchange: &&Exchange| exchange.url.as_str().ends_with(asked.path());
        // We ask for bytes as they were served, where some recordings ask for what is shown.
        let shown = asked.path().replacen("id_/", "/", 1);
        let found = exchanges.iter().find(wanted);
        let found = found.or_else(|| exchanges.iter().find(|exchange| exchange.url.as_str().ends_with(&shown)));
        let Some(found) = found else {
            // What the recorded TimeGate leads to; anything else is a request too many.
            assert!(asked.path().contains("/web/20160717053407id_/"), "not recorded: {}", asked.path());
            return vec![Act::Send(answer("404 Not Found", "", b"not recorded"))];
        };
        vec![Act::Send(found.replayed(host))]
    })
    .await
}

/// Plays the recording's first capture, and compares with what its clients concluded.
async fn replay_capture(recording: &Recording, fetcher: &Fetcher<HeldClock>) -> Option<Result<(), String>> {
    let first = recording.exchanges.iter().find(|exchange| exchange.playback().is_some())?;
    let (timestamp, original) = first.playback()?;
    let mut asked = capture(&timestamp, &original);
    // Its digest, where the index was recorded as well.
    let listed = recording.exchanges.iter().filter(|exchange| exchange.is_index()).flat_map(rows);
    let digest = listed.filter(|row| row.0 == timestamp && is_same(&row.1, &original)).map(|row| row.2).next();
    let checked = digest.is_some();
    asked.digest = digest.unwrap_or_else(|| "AAAA".to_owned());
    let played = fetcher.archive().memento(&asked).await;
    let told = recording.expected.iter().rfind(|call| call["call"] == "get_memento");
    let expected = if first.header("memento-datetime").is_none() && (300..400).contains(&first.status) {
        // The archive offers a neighbour, or its own pages: no answer to a request for
        // this capture. (Other clients may ask for "about then".)
        let near = first.header("location").is_some_and(|location| location.contains("/web/"));
        if near { "not_archived" } else { "archive_unavailable" }.to_owned()
    } else {
        match told.map(|call| (call["error"].as_str(), &call["memento"])) {
            Some((Some("BlockedSiteError"), _)) => "archive_excluded".to_owned(),
            Some((Some("NoMementoError"), _)) => "not_archived".to_owned(),
            Some((Some("MementoPlaybackError"), _)) => "too_many_redirects".to_owned(),
            Some((None, memento)) => format!("{} {}", memento["status_code"], memento["url"].as_str().unwrap()),
            // No client's conclusions were recorded: the status is the archived one.
            _ => first.status.to_string(),
        }
    };
    let ended = ended(&played);
    if ended != expected && ended.split(' ').next() != Some(&expected) {
        return Some(Err(format!("{ended}, not {expected}: {played:?}").chars().take(600).collect()));
    }
    let Ok(snapshot) = &played else { return Some(Ok(())) };
    let Origin::Wayback { evidence, .. } = &snapshot.origin else { return Some(Err("no memento".to_owned())) };
    if checked && evidence.digest != DigestCheck::Verified {
        return Some(Err(format!("the digest of the index is {:?}", evidence.digest)));
    }
    let Some(memento) = told.map(|call| &call["memento"]) else { return Some(Ok(())) };
    let facts = [
        ("body", snapshot.digest().to_string(), memento["content_sha256"].as_str().unwrap_or_default()),
        ("time", digits(snapshot.captured_at), memento["timestamp"].as_str().unwrap_or_default()),
    ];
    let wrong = facts.iter().find(|(_, ours, theirs)| ours != theirs);
    Some(wrong.map_or(Ok(()), |(what, ours, theirs)| Err(format!("{what}: {ours}, not {theirs}"))))
}

fn is_same(a: &str, b: &str) -> bool {
    let bare = |url: &str| url.replace(":80/", "/").trim_end_matches('/').to_owned();
    bare(a) == bare(b)
}

/// Reads a recorded TimeMap, and asks a recorded TimeGate.
async fn replay_negotiation(recording: &Recording, server: &Server) -> Option<Result<(), String>> {
    let has = |part: &str| recording.exchanges.iter().any(|exchange| exchange.url.as_str().contains(part));
    if !has("/web/timemap/link/") {
        return None;
    }
    let mut wayback = WaybackOptions { kind: ArchiveKind::Memento, ..options(server).wayback };
    wayback.base_url = server.url("/web");
    let fetcher = Fetcher::new(Options { wayback, ..options(server) }, held()).unwrap();
    let url = Url::parse("https://twitter.com/SputnikNewsUS").unwrap();
    let captures = match fetcher.archive().captures(&url, None, None).await {
        Ok(captures) => captures,
        Err(failure) => return Some(Err(failure.kind.to_string())),
    };
    let times: Vec<_> = captures.iter().map(|capture| capture.timestamp.as_str()).collect();
    let listed = [
        "20141203234550",
        "20141216130302",
        "20141216130304",
        "20141220182702",
        "20141228222618",
        "20141231233757",
        "20150109163639",
    ];
    if times != listed {
        return Some(Err(format!("the TimeMap lists {times:?}")));
    }
    // What it leads to was not recorded: that it is asked for is all.
    let _ = fetcher.fetch(archived(url.as_str(), Some("2016-07-09T00:00:00Z"))).await;
    let asked = server.asked();
    let gate = asked.iter().find(|asked| asked.path().ends_with("/web/https://twitter.com/SputnikNewsUS"));
    let when = gate.and_then(|asked| asked.header("accept-datetime"));
    let memento = asked.iter().any(|asked| asked.path().contains("/web/20160717053407id_/"));
    Some(match (when, memento) {
        (Some("Sat, 09 Jul 2016 00:00:00 GMT"), true) => Ok(()),
        other => Err(format!("the TimeGate was asked {other:?}")),
    })
}

/// Errors that clients reported: whatever is asked is answered so.
async fn replay_errors(recording: &Recording) -> Option<Result<(), String>> {
    if recording.name != "reported-errors" && recording.name != "unit-429" {
        return None;
    }
    for exchange in &recording.exchanges {
        if exchange.url.path() == "/save" && exchange.status == 200 {
            let again = exchange.clone();
            let server =
                Server::start(move |asked| vec![Act::Send(again.replayed(asked.header("host").unwrap()))]).await;
            let keys = SaveKeys::new("keys".into(), "access:secret".to_owned());
            let wayback = WaybackOptions { save_keys: Some(keys), ..options(&server).wayback };
            let fetcher = Fetcher::new(Options { wayback, ..options(&server) }, held()).unwrap();
            let saving = fetcher.archive().save(&Url::parse("https://example.com/").unwrap()).await;
            if !matches!(&saving, Ok(Saving::Failed { why, again: false }) if why.contains("too-many-daily-captures")) {
                return Some(Err(format!("{saving:?}")));
            }
        }
        let Some(expected) = (match exchange.status {
            503 => Some("archive_unavailable"),
            429 => Some("rate_limited"),
            _ => None,
        }) else {
            continue;
        };
        for index in [true, false] {
            let again = exchange.clone();
            let server =
                Server::start(move |asked| vec![Act::Send(again.replayed(asked.header("host").unwrap()))]).await;
            let (url, fetcher) = (Url::parse("https://example.com/").unwrap(), fetcher(&server, held()));
            let failed = if index {
                fetcher.archive().captures(&url, None, None).await.map(|_| ()).unwrap_err()
            } else {
                fetcher.archive().memento(&capture("20200101000000", url.as_str())).await.map(|_| ()).unwrap_err()
            };
            if failed.kind.as_str() != expected {
                return Some(Err(format!("{} is {}, not {expected}", exchange.url, failed.kind.as_str())));
            }
        }
    }
    Some(Ok(()))
}

/// How many captures other clients found in a recorded listing.
const COUNTS: [(&str, usize); 10] = [
    ("test_search", 1),
    ("test_search_does_not_repeat_results", 15),
    ("test_search_multipage", 96),
    // 2234 with the 29 that differ from others by the length of the packed record alone.
    ("test_search_with_date", 2205),
    ("v2-timemap-multipage", 97),
    ("unit-cdx-bad-timestamps", 5),
    ("unit-cdx-malformed-urls", 2),
    ("unit-cdx-no-length", 5),
    // 30370 with the 255 that are no pages: mail addresses, a screenshot.
    ("legacy-cdx-unlimited-full-history", 30_115),
    ("legacy-cdx-collapse-digest", 1),
];

/// Lists every page of a recorded listing, and compares with its rows.
async fn replay_listing(recording: &Recording, fetcher: &Fetcher<HeldClock>) -> Option<Result<(), String>> {
    let listed: Vec<&Exchange> = recording.exchanges.iter().filter(|exchange| exchange.is_index()).collect();
    let first = listed.first()?;
    let window = ["from", "to"].map(|name| first.asked(name).as_deref().and_then(moment));
    if first.status != 200 {
        let url = first.asked("url").unwrap();
        let url = Url::parse(&url).or_else(|_| Url::parse(&format!("http://{url}"))).unwrap();
        let refused =
            fetcher.archive().captures(&url, window[0], window[1]).await.map_err(|failure| failure.kind.as_str());
        let expected = match first.status {
            403 => "archive_excluded",
            429 => "rate_limited",
            _ => "archive_unavailable",
        };
        return Some(if refused == Err(expected) { Ok(()) } else { Err(format!("{refused:?}, not {expected}")) });
    }
    let inside = |row: &Row| {
        let [from, to] = window.map(|bound| bound.map(digits));
        from.is_none_or(|from| row.0 >= from) && to.is_none_or(|to| row.0 <= to)
    };
    let all: BTreeSet<Row> = listed.iter().flat_map(|exchange| rows(exchange)).collect();
    let mut left: BTreeSet<Row> = all.iter().filter(|row| inside(row) && !is_junk(row)).cloned().collect();
    let wanted = left.len();
    if let Some((_, known)) = COUNTS.iter().find(|(name, _)| *name == recording.name)
        && wanted != *known
    {
        return Some(Err(format!("{wanted} rows are listed, not {known}")));
    }
    while let Some((_, original, _)) = left.first().cloned() {
        let captures = match fetcher.archive().captures(&Url::parse(&original).unwrap(), window[0], window[1]).await {
            Ok(captures) => captures,
            Err(failure) => return Some(Err(failure.kind.to_string())),
        };
        let before = left.len();
        for capture in captures {
            let row = (capture.timestamp, capture.original, capture.digest);
            if !left.remove(&row) {
                return Some(Err(format!("{row:?} is not of {original}, or twice")));
            }
        }
        if left.len() == before {
            return Some(Err(format!("{} of {wanted} rows are lost, the first of {original}", left.len())));
        }
    }
    Some(Ok(()))
}

/// Recorded exchanges that nothing of ours would ever make, with the reason.
const NEVER_ASKED: [(&str, &str); 2] = [
    ("archive.org/wayback/available", "the availability service denies captures that are there"),
    ("showNumPages", "counts of index pages prove nothing"),
];

#[tokio::test]
async fn recorded_traffic_is_understood() {
    let Some(recordings) = recordings() else {
        println!("skipped: ../shared/wayback-traffic is not here");
        return;
    };
    let (given, mut passed, mut parts_passed, mut wrong) = (recordings.len(), 0, 0, Vec::new());
    let (mut never, mut exchanges) = (0, 0);
    for recording in recordings {
        exchanges += recording.exchanges.len();
        let unasked = |exchange: &&Exchange| NEVER_ASKED.iter().any(|(part, _)| exchange.url.as_str().contains(part));
        never += recording.exchanges.iter().filter(unasked).count();
        let server = serve(recording.exchanges.clone()).await;
        // Each part has a fetcher of its own: a 429 silences one of them.
        let parts = [
            replay_listing(&recording, &fetcher(&server, held())).await,
            replay_capture(&recording, &fetcher(&server, held())).await,
            replay_negotiation(&recording, &server).await,
            replay_errors(&recording).await,
        ];
        let parts: Vec<_> = parts.into_iter().flatten().collect();
        parts_passed += parts.iter().filter(|part| part.is_ok()).count();
        let failures: Vec<String> = parts.iter().filter_map(|part| part.clone().err()).collect();
        if parts.is_empty() {
            wrong.push(format!("{}: nothing of it was replayed", recording.name));
        } else if failures.is_empty() {
            passed += 1;
        } else {
            wrong.push(format!("{}: {}", recording.name, failures.join("; ")));
        }
    }
    println!(
        "recorded traffic: {passed} of {given} sets passed ({parts_passed} replays); {never} of {exchanges} exchanges \
         are such as we never make: {NEVER_ASKED:?}"
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(given > 40, "only {given} sets");
}

// A made-up archive.

const ROWS: &str = r#"[["urlkey","timestamp","original","mimetype","statuscode","digest","length"],
["test,acme)/privacy","20200101000000","http://acme.test/privacy","text/html","200","A1","1"],
["test,acme)/privacy","20200301000000","https://acme.test/privacy","text/html","200","B2","1"],
["test,acme)/privacy","20200401000000","https://acme.test/privacy","text/html","301","C3","1"],
["test,acme)/privacy","20200501000000","https://acme.test/privacy","text/html","200","D4","1"]]"#;

fn memento(at: &str, headers: &str, body: &[u8]) -> Vec<Act> {
    vec![Act::Send(answer("200 OK", &format!("memento-datetime: {at}\r\n{headers}"), body))]
}

fn archived(url: &str, at: Option<&str>) -> Request {
    Request {
        url: Url::parse(url).unwrap(),
        source: Source::Wayback,
        at: at.map(|at| parse_rfc3339(at).unwrap()),
        validators: Validators::default(),
        language: None,
        robots: Default::default(),
        access: Default::default(),
        archives: Vec::new(),
    }
}

#[tokio::test]
async fn the_newest_capture_that_can_be_played_is_fetched() {
    let server = Server::start(|asked| match asked.path() {
        path if path.starts_with("/cdx/") => vec![Act::Send(answer("200 OK", "", ROWS.as_bytes()))],
        // In the index, but the archive shows another one instead.
        "/web/20200501000000id_/https://acme.test/privacy" => {
            let to = "location: /web/20200601000000id_/https://acme.test/privacy\r\n";
            vec![Act::Send(answer("302 Found", to, b""))]
        }
        "/web/20200301000000id_/https://acme.test/privacy" => memento(
            "Sun, 01 Mar 2020 00:00:00 GMT",
            "x-archive-orig-etag: \"7\"\r\ncontent-type: text/html\r\ncontent-encoding: \r\ncontent-encoding: gzip\r\n",
            &gzip(b"We use cookies."),
        ),
        "/web/20200101000000id_/http://acme.test/privacy" => {
            memento("Wed, 01 Jan 2020 00:00:00 GMT", "", &gzip(b"We use no cookies."))
        }
        other => panic!("{other} was asked for"),
    })
    .await;
    let fetcher = fetcher(&server, held());
    let get = async |at| match fetcher.fetch(archived("https://acme.test/privacy", at)).await.unwrap() {
        Fetched::Snapshot(snapshot) => *snapshot,
        Fetched::NotModified => panic!("nothing was asked conditionally"),
    };
    let newest = get(None).await;
    assert_eq!((newest.status, newest.body.as_slice()), (200, &b"We use cookies."[..]));
    assert_eq!(newest.captured_at, moment("20200301000000").unwrap());
    assert_eq!(newest.header("etag"), Some("\"7\""));
    let memento_url = server.url("/web/20200301000000id_/https://acme.test/privacy").to_string();
    assert_eq!(
        newest.origin,
        Origin::Wayback {
            memento_url,
            archive_digest: Some("B2".to_owned()),
            evidence: Evidence { digest: DigestCheck::NotVerifiable, ..Evidence::default() }
        }
    );

    // Packed although nothing says so; `at` with a live watch means the archive as well.
    let oldest = get(Some("2020-01-20T00:00:00Z")).await;
    assert_eq!(oldest.body, b"We use no cookies.");
    let live = Request { source: Source::Live, ..archived("https://acme.test/privacy", Some("2019-06-01T00:00:00Z")) };
    assert!(matches!(fetcher.fetch(live).await.unwrap(), Fetched::Snapshot(same) if same.body == oldest.body));
    assert!(server.asked().iter().all(|asked| asked.header("user-agent").is_some()));
}

/// A year that the record cannot hold would end the daemon at every check, and one to come would
/// be the newest for ever.
#[tokio::test]
async fn a_capture_of_no_time_that_can_be_is_dated_by_its_address() {
    for stated in ["Mon, 01 Jan 20210 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "Sun, 01 Jan 1989 00:00:00 GMT"] {
        let server = Server::start(move |asked| match asked.path() {
            path if path.starts_with("/cdx/") => vec![Act::Send(answer("200 OK", "", ROWS.as_bytes()))],
            _ => memento(stated, "content-type: text/html\r\n", b"We use cookies."),
        })
        .await;
        let fetched = fetcher(&server, held()).fetch(archived("https://acme.test/privacy", None)).await;
        let Ok(Fetched::Snapshot(snapshot)) = fetched else { panic!("{stated}: {fetched:?}") };
        assert_eq!(snapshot.captured_at, moment("20200501000000").unwrap(), "{stated}");
    }
}

/// Where an archive leads to the year 9999 for want of any capture, there is none.
#[tokio::test]
async fn an_archive_that_leads_to_the_year_9999_has_nothing() {
    let server = Server::start(|asked| match asked.path() {
        path if path.starts_with("/cdx/") => {
            vec![Act::Send(answer("200 OK", "content-type: application/json\r\n", b"[]"))]
        }
        path if path.starts_with("/web/99991231235959") => {
            memento("Fri, 31 Dec 9999 23:59:59 GMT", "content-type: text/html\r\n", b"We use cookies.")
        }
        _ => {
            let there = "/web/99991231235959id_/https://acme.test/privacy";
            vec![Act::Send(answer("302 Found", &format!("location: {there}\r\n"), b""))]
        }
    })
    .await;
    let failed = fetcher(&server, held()).fetch(archived("https://acme.test/privacy", None)).await;
    assert_eq!(failed.unwrap_err().kind.as_str(), "not_archived");
}

/// What is shown at the year 9999 is the capture that it says it is, and no other.
#[tokio::test]
async fn a_capture_behind_the_year_9999_is_asked_for_by_its_own_time() {
    let server = Server::start(|asked| match asked.path() {
        path if path.starts_with("/cdx/") => {
            vec![Act::Send(answer("200 OK", "content-type: application/json\r\n", b"[]"))]
        }
        path if path.starts_with("/web/99991231235959") || path.starts_with("/web/20200501000000") => {
            memento("Fri, 01 May 2020 00:00:00 GMT", "content-type: text/html\r\n", b"We use cookies.")
        }
        _ => {
            let there = "/web/99991231235959id_/https://acme.test/privacy";
            vec![Act::Send(answer("302 Found", &format!("location: {there}\r\n"), b""))]
        }
    })
    .await;
    let fetched = fetcher(&server, held()).fetch(archived("https://acme.test/privacy", None)).await;
    let Ok(Fetched::Snapshot(snapshot)) = fetched else { panic!("{fetched:?}") };
    assert_eq!(snapshot.captured_at, moment("20200501000000").unwrap());
    let Origin::Wayback { memento_url, .. } = &snapshot.origin else { panic!("{:?}", snapshot.origin) };
    assert!(memento_url.contains("/web/20200501000000id_/"), "{memento_url}");
}

/// The newest capture again is no news; a newer one is, and one that comes and goes is not.
#[tokio::test]
async fn a_watch_of_an_archive_is_told_of_new_captures_alone() {
    let world = World::new().await;
    let archive: Arc<Mutex<Vec<(&str, String)>>> = Arc::default();
    let held = Arc::clone(&archive);
    let server = Server::start(move |asked| {
        let captures = held.lock().unwrap().clone();
        if asked.path().starts_with("/cdx/") {
            let row = |(at, _): &(&str, String)| {
                format!("test,acme)/privacy {at} https://acme.test/privacy text/html 200 D{at} 1\n")
            };
            let rows: String = captures.iter().map(row).collect();
            return vec![Act::Send(answer("200 OK", "", rows.as_bytes()))];
        }
        let found = captures.iter().find(|(at, _)| asked.path().starts_with(&format!("/web/{at}id_/"))).unwrap();
        let at = moment(found.0).unwrap().format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        memento(&at, "content-type: text/html\r\n", found.1.as_bytes())
    })
    .await;
    let watch = world.follow(Watch { source: Source::Wayback, ..watch("/privacy", &["desk"]) }).await;
    let ports = Ports {
        store: world.store.clone(),
        fetcher: fetcher(&server, world.clock.clone()),
        clock: world.clock.clone(),
        unpacker: unpacker(),
        spread: Duration::ZERO,
    };
    let look = async || {
        world.clock.advance(Duration::from_secs(3600));
        let checked = check(&watch, &ports).await.unwrap();
        let recorded = checked.recorded.unwrap();
        (checked.outcome.as_str(), recorded.out_of_order, recorded.deliveries, checked.next_check_at.is_some())
    };
    archive.lock().unwrap().push(("20250101000000", policy(WILL_NOT)));
    assert_eq!(look().await, ("first", false, 0, true));
    assert_eq!(look().await, ("unchanged", false, 0, true));
    // An older one comes late.
    archive.lock().unwrap().insert(0, ("20240101000000", policy(MAY)));
    assert_eq!(look().await, ("unchanged", false, 0, true));
    archive.lock().unwrap().push(("20250601000000", policy(MAY)));
    assert_eq!(look().await, ("changed", false, 1, true));
    assert_eq!(look().await, ("unchanged", false, 0, true));
    // The newest cannot be had for once: what was is no news.
    let newest = archive.lock().unwrap().pop().unwrap();
    assert_eq!(look().await, ("changed", true, 0, true));
    archive.lock().unwrap().push(newest);
    assert_eq!(look().await, ("unchanged", false, 0, true));
    world.deliver_all().await;
    assert_eq!(world.inbox.got().len(), 1);
}

#[tokio::test]
async fn an_archive_in_trouble_is_never_an_empty_archive() {
    let cases = [
        // Empty, and nothing shows that the archive's own application answered …
        (answer("200 OK", "", b"[]"), "archive_unavailable"),
        (answer("200 OK", "", b""), "archive_unavailable"),
        // … or it did, but it cannot say so of the captures either.
        (answer("200 OK", "x-app-server: app1\r\n", b"[]"), "archive_unavailable"),
        (answer("200 OK", "content-type: text/html\r\n", b"<html>503 Service Unavailable"), "archive_unavailable"),
        (answer("503 Busy", "", b"<html>"), "archive_unavailable"),
        (answer("200 OK", "", &ROWS.as_bytes()[..ROWS.len() - 9]), "archive_unavailable"),
        (answer("302 Found", "location: /sry\r\n", b""), "archive_unavailable"),
        (answer("400 Bad Request", "", b"no user agent"), "bad_url"),
        (answer("403 Forbidden", "", b""), "archive_unavailable"),
        (
            answer("403 Forbidden", "x-archive-wayback-runtime-error: AdministrativeAccessControlException\r\n", b""),
            "archive_excluded",
        ),
        (answer("429 Slow Down", "retry-after: 5\r\n", b""), "rate_limited"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n[[".to_vec(), "archive_unavailable"),
        (answer("200 OK", "content-encoding: gzip\r\n", &gzip(ROWS.as_bytes())[..60]), "archive_unavailable"),
        (vec![], "archive_unavailable"),
    ];
    for (answer, expected) in cases {
        let shown = String::from_utf8_lossy(&answer[..answer.len().min(120)]).into_owned();
        let server = Server::start(move |_| vec![Act::Send(answer.clone())]).await;
        let failed = fetcher(&server, held()).fetch(archived("https://acme.test/", None)).await.unwrap_err();
        assert_eq!(failed.kind.as_str(), expected, "{shown}");
    }
    let mut server = Server::start(|_| vec![]).await;
    server.address = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let refused = fetcher(&server, held()).fetch(archived("https://acme.test/", None)).await.unwrap_err();
    assert_eq!(refused.kind.as_str(), "archive_unavailable");
    assert_eq!(refused.retry_after, Some(Duration::from_secs(3600)));
}

/// What is said of an archive that lists nothing needs two witnesses: its index and its
/// captures, which fail apart.
#[tokio::test]
async fn nothing_is_archived_only_if_index_and_captures_say_so() {
    for (kind, empty, absent) in [
        (ArchiveKind::Wayback, answer("200 OK", "x-app-server: a\r\n", b"[]"), "x-app-server: b\r\n"),
        (ArchiveKind::Pywb, answer("200 OK", "content-type: text/x-ndjson\r\n", b""), "content-type: text/html\r\n"),
    ] {
        let absent = answer("404 Not Found", absent, b"<html>Hrm.");
        let server = Server::start(move |asked| {
            let index = asked.path().contains("/cdx");
            vec![Act::Send(if index { empty.clone() } else { absent.clone() })]
        })
        .await;
        let fetcher = fetcher_of(&server, held(), kind);
        let failed = fetcher.fetch(archived("https://acme.test/privacy", None)).await.unwrap_err();
        assert_eq!(failed.kind.as_str(), "not_archived", "{kind:?}");
    }
    // The index is empty, but the captures are there.
    let server = Server::start(|asked| match asked.path() {
        path if path.starts_with("/cdx/") => vec![Act::Send(answer("200 OK", "x-app-server: a\r\n", b"[]"))],
        "/web/20200301000000id_/https://acme.test/privacy" => {
            memento("Sun, 01 Mar 2020 00:00:00 GMT", "content-type: text/html\r\n", b"We use cookies.")
        }
        _ => redirect("/web/20200301000000id_/https://acme.test/privacy"),
    })
    .await;
    let fetched = fetcher(&server, held()).fetch(archived("https://acme.test/privacy", None)).await;
    assert!(matches!(fetched, Ok(Fetched::Snapshot(page)) if page.body == b"We use cookies."));
}

/// The newest capture of a page with a long history costs two requests, not its whole index.
#[tokio::test]
async fn the_newest_capture_is_found_without_the_whole_index() {
    let server = Server::start(|asked| match asked.path() {
        path if path.starts_with("/cdx/") => {
            let from: u64 = path.split("from=").nth(1).and_then(|rest| rest[..14].parse().ok()).unwrap_or(0);
            let times = [20_100_101_000_000_u64, 20_261_101_000_000];
            let row = |at: &u64| format!("key {at} https://acme.test/privacy text/html 200 D{at} 1\n");
            let rows: String = times.iter().filter(|at| **at >= from).map(row).collect();
            vec![Act::Send(answer("200 OK", "x-app-server: a\r\n", rows.as_bytes()))]
        }
        _ => memento("Sun, 01 Nov 2026 00:00:00 GMT", "content-type: text/html\r\n", b"We use cookies."),
    })
    .await;
    fetcher(&server, held()).fetch(archived("https://acme.test/privacy", None)).await.unwrap();
    let asked = server.asked();
    assert_eq!(asked.len(), 2, "{asked:?}");
    assert!(asked[0].path().contains("from=20261023"), "{}", asked[0].path());
}

#[tokio::test]
async fn an_index_that_goes_in_circles_is_given_up() {
    // It ignores the cursor and always promises more.
    let body = ROWS.replace("]]", "],[],[\"key\"]]");
    let server = Server::start(move |_| vec![Act::Send(answer("200 OK", "", body.as_bytes()))]).await;
    let url = Url::parse("https://acme.test/privacy").unwrap();
    let failed = fetcher(&server, held()).archive().captures(&url, None, None).await.unwrap_err();
    assert_eq!(failed.kind.as_str(), "archive_unavailable");
    assert!(server.asked().len() < 10, "{} requests", server.asked().len());
}

#[tokio::test]
async fn an_archive_that_asks_for_quiet_is_left_alone() {
    let server = Server::start(|_| vec![Act::Send(answer("429 Slow Down", "", b"slow down"))]).await;
    let clock = held();
    let fetcher = fetcher(&server, clock.clone());
    let ask = async || {
        let failed = fetcher.archive().memento(&capture("20200101000000", "https://acme.test/")).await.unwrap_err();
        (failed.kind.as_str(), failed.retry_after.map(|left| left.as_secs()))
    };
    assert_eq!(ask().await, ("rate_limited", Some(60)));
    clock.advance(Duration::from_secs(20));
    // The index is silent too: it is the same host.
    let url = Url::parse("https://acme.test/").unwrap();
    let index = fetcher.archive().captures(&url, None, None).await.unwrap_err();
    assert_eq!((index.kind.as_str(), index.retry_after), ("rate_limited", Some(Duration::from_secs(40))));
    assert_eq!(server.asked().len(), 1);
    clock.advance(Duration::from_secs(40));
    assert_eq!(ask().await, ("rate_limited", Some(120)), "each time twice as long");
    assert_eq!((server.asked().len(), clock.now()), (2, parse_rfc3339("2026-11-22T06:01:00Z").unwrap()));
}
