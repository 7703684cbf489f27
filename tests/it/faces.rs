//! Stories of the command line: what each verb prints, where, and how it exits.

use std::io::Read;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use crate::desk::{Desk, Ended, GONE, MAY, WILL_NOT, policy, record, record_id};
use crate::world::Loopback;

/// Checks that an object has the keys of the contract, in its order; more may be added.
#[track_caller]
fn speaks(value: &Value, contract: &[&str]) {
    let known: Vec<&str> = keys(value).into_iter().filter(|key| contract.contains(key)).collect();
    assert_eq!(known, contract);
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

const READING: [&str; 9] =
    ["input", "readable", "why", "title", "language", "effective_at", "reading", "sections", "text"];
const CHANGE: [&str; 6] = ["materiality", "severity", "practices", "summary", "findings", "sections"];

// The frame.

#[test]
fn help_names_the_verbs_that_work_and_no_others() {
    let help = Desk::new().run(&["--help"]).exits(0);
    for verb in [
        "demo",
        "init",
        "add",
        "list",
        "fetch",
        "backfill",
        "run",
        "log",
        "show",
        "diff",
        "move",
        "why",
        "backtest",
        "extract",
        "compare",
        "import",
        "export",
        "deliveries",
        "verify",
        "config",
    ] {
        assert!(help.out.contains(&format!("\n  {verb} ")), "{verb} is missing:\n{}", help.out);
    }
    for verb in ["serve", "search", "backup"] {
        assert!(!help.out.contains(&format!("\n  {verb} ")), "{verb} is not built yet");
    }
}

#[test]
fn usage_errors_exit_with_2_and_print_no_data() {
    let desk = Desk::new();
    for arguments in [&[][..], &["no-such-verb"], &["extract"], &["compare", "one"], &["fetch"], &["show", "a", "b"]] {
        desk.run(arguments).exits(2).prints_nothing();
    }
}

// extract

#[test]
fn extract_prints_readings_in_the_order_of_the_contract() {
    let desk = Desk::new();
    desk.write("policy.html", policy(WILL_NOT));
    let read = desk.run(&["extract", "--json", "policy.html"]).exits(0);
    let objects = read.objects();
    let reading = &objects[0];
    speaks(reading, &READING);
    assert_eq!(keys(&reading["sections"][0]), ["path", "level", "text"]);
    assert_eq!(reading["input"], "policy.html");
    assert_eq!((&reading["readable"], &reading["why"]), (&Value::Bool(true), &Value::Null));
    let sections: Vec<&str> =
        reading["sections"].as_array().unwrap().iter().map(|section| section["text"].as_str().unwrap()).collect();
    assert_eq!(sections.join("\n\n"), reading["text"].as_str().unwrap(), "the sections partition the text");
    assert!(!reading["text"].as_str().unwrap().contains("Imprint"), "furniture is left out");
}

#[test]
fn extract_takes_a_page_that_is_no_policy_as_data() {
    let desk = Desk::new();
    desk.write("gone.html", GONE);
    let read = desk.run(&["extract", "--json", "gone.html"]).exits(0);
    let reading = &read.objects()[0];
    speaks(reading, &READING);
    assert_eq!((&reading["readable"], &reading["why"]), (&Value::Bool(false), &Value::from("not_found")));
    assert_eq!(reading["sections"], serde_json::json!([]));
    desk.run(&["extract", "gone.html"]).exits(0).prints("not_found");
}

#[test]
fn extract_reads_on_after_an_input_that_is_not_there() {
    let desk = Desk::new();
    desk.write("policy.html", policy(WILL_NOT));
    let read = desk.run(&["extract", "--json", "missing.html", "policy.html"]).exits(3);
    assert_eq!(read.objects().len(), 1);
    read.says("error: there is no file missing.html").says(" hint: ");
}

#[test]
fn extract_reads_standard_input_as_the_type_that_is_told() {
    let desk = Desk::new();
    let text = "# Privacy Policy\n\nWe collect your name when you order from us.\n\n## Contact\n\nWrite to us.\n";
    let paths = |ended: &Ended| -> Vec<String> {
        let objects = ended.objects();
        let sections = objects[0]["sections"].as_array().unwrap().iter();
        sections.map(|section| section["path"].as_array().unwrap().len().to_string()).collect()
    };
    let markdown = desk.run_with(&["extract", "--json", "--type", "markdown", "-"], text).exits(0);
    assert_eq!(paths(&markdown), ["1", "2"]);
    let html = desk.run_with(&["extract", "--json", "-"], &policy(WILL_NOT)).exits(0);
    assert_eq!(html.objects()[0]["title"], "Privacy Policy");
}

#[test]
fn extract_reads_what_the_selectors_name() {
    let desk = Desk::new();
    desk.write("policy.html", policy(WILL_NOT));
    let read = desk.run(&["extract", "--select", "main", "--remove", "h2", "policy.html"]).exits(0);
    assert!(!read.out.contains("How We Share Information"), "{}", read.out);
    read.prints(WILL_NOT);
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let desk = Desk::new();
    desk.write("policy.html", policy(&"We keep your order. ".repeat(20_000)));
    let mut child = desk
        .command(&["extract", "--json", "policy.html", "policy.html"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 10];
    let mut out = child.stdout.take().unwrap();
    out.read_exact(&mut first).unwrap();
    drop(out);
    Ended::of(child.wait_with_output().unwrap()).exits(0).says("");
}

#[test]
fn pages_give_no_orders_to_the_terminal() {
    let desk = Desk::new();
    desk.write("evil.html", policy("We \x1b[2J\u{202e}share your personal information with nobody."));
    let read = desk.run(&["extract", "evil.html"]).exits(0);
    assert!(!read.out.contains(['\x1b', '\u{202e}']), "{:?}", read.out);
}

// compare

#[test]
fn compare_judges_and_exits_as_asked() {
    let desk = Desk::new();
    desk.write("old.html", policy(WILL_NOT));
    desk.write("new.html", policy(MAY));
    let judged = desk.run(&["compare", "--json", "old.html", "new.html"]).exits(0);
    let change = &judged.objects()[0];
    speaks(change, &CHANGE);
    assert_eq!(change["materiality"], "material");
    speaks(&change["findings"][0], &["rule", "practice", "severity", "section", "before", "after", "why"]);
    speaks(&change["sections"][0], &["kind", "from", "to", "edits"]);
    assert_eq!(keys(&change["sections"][0]["edits"][0]), ["op", "text"]);
    desk.run(&["compare", "--exit-code", "old.html", "new.html"]).exits(1).prints("sell");
    desk.run(&["compare", "old.html", "new.html"]).exits(0);
}

#[test]
fn compare_applies_to_the_old_text_and_gives_the_new_one() {
    let desk = Desk::new();
    desk.write("old.html", policy(WILL_NOT));
    desk.write("new.html", policy(MAY));
    let judged = desk.run(&["compare", "--json", "old.html", "new.html"]).exits(0);
    let readings = desk.run(&["extract", "--json", "old.html", "new.html"]).exits(0).objects();
    let section = &judged.objects()[0]["sections"][0];
    let side = |left_out: &str| -> String {
        let edits = section["edits"].as_array().unwrap().iter();
        edits.filter(|edit| edit["op"] != left_out).map(|edit| edit["text"].as_str().unwrap()).collect()
    };
    for (side, reading) in [(side("insert"), &readings[0]), (side("delete"), &readings[1])] {
        let stands = reading["sections"].as_array().unwrap().iter().any(|section| section["text"] == side.as_str());
        assert!(stands, "{side:?} is no section of {}", reading["input"]);
    }
}

#[test]
fn compare_of_the_same_text_finds_nothing() {
    let desk = Desk::new();
    desk.write("old.html", policy(WILL_NOT));
    desk.write("new.html", policy(WILL_NOT).replace("<main>", "<main class=\"new\">"));
    let judged = desk.run(&["compare", "--json", "--exit-code", "old.html", "new.html"]).exits(0);
    let change = &judged.objects()[0];
    speaks(change, &CHANGE);
    assert_eq!(change["materiality"], "none");
    desk.run(&["compare", "old.html", "new.html"]).exits(0).prints("the same text");
}

#[test]
fn compare_with_a_page_that_is_no_policy_changes_nothing() {
    let desk = Desk::new();
    desk.write("old.html", policy(WILL_NOT));
    desk.write("gone.html", GONE);
    let judged = desk.run(&["compare", "--json", "--exit-code", "old.html", "gone.html"]).exits(0);
    let change = &judged.objects()[0];
    assert_eq!(change["materiality"], "editorial");
    assert_eq!(change["noise"][0]["kind"], "fetch_artefact");
    assert!(change["summary"].as_str().unwrap().starts_with("the new side is no policy (not_found: "), "{change}");
    desk.run(&["compare", "old.html", "gone.html"]).exits(0).prints("the new side is no policy (not_found");
}

#[test]
fn compare_with_what_nobody_can_read_fails() {
    let desk = Desk::new();
    desk.write("old.html", policy(WILL_NOT));
    desk.write("picture.png", "\u{89}PNG\r\n\u{1a}\n");
    desk.run(&["compare", "--json", "old.html", "picture.png"]).exits(3).prints_nothing().says("cannot be read");
}

// import, and what looks at the record

/// First, the same, a 404, then the opposite.
fn history() -> Vec<Vec<u8>> {
    vec![
        record(1, "2020-01-01T00:00:00Z", &policy(WILL_NOT)),
        record(2, "2020-06-01T00:00:00Z", &policy(WILL_NOT)),
        record(3, "2021-01-01T00:00:00Z", GONE),
        record(4, "2021-06-01T00:00:00Z", &policy(MAY)),
    ]
}

/// A desk whose configuration has one key.
fn archive() -> Desk {
    let desk = Desk::new();
    desk.write("policywatch.toml", format!("[store]\npath = {:?}\n", desk.path("policywatch.db")));
    desk
}

#[test]
fn import_records_and_prints_one_object_a_record() {
    let desk = archive();
    desk.write("acme.warc", history().concat());
    let import = ["--config", "policywatch.toml", "import", "warc", "acme.warc", "--watch", "acme", "--json"];
    let imported = desk.run(&import).exits(0);
    let objects = imported.objects();
    assert_eq!(keys(&objects[0]), ["watch", "record_id", "captured_at", "outcome", "why", "version", "change"]);
    let told: Vec<_> = objects
        .iter()
        .map(|o| {
            (o["record_id"].as_str().unwrap(), o["outcome"].as_str().unwrap(), o["why"].as_str(), o["version"].as_u64())
        })
        .collect();
    assert_eq!(
        told,
        [
            (record_id(1).as_str(), "first", None, Some(1)),
            (record_id(2).as_str(), "unchanged", None, Some(1)),
            (record_id(3).as_str(), "unreadable", Some("not_found"), None),
            (record_id(4).as_str(), "changed", None, Some(2)),
        ]
    );
    assert_eq!(objects[3]["captured_at"], "2021-06-01T00:00:00.000Z");
    speaks(&objects[3]["change"], &CHANGE);
    assert_eq!(objects[3]["change"]["materiality"], "material");
    assert_eq!(objects[1]["change"], Value::Null);

    let again = desk.run(&import).exits(0);
    assert_eq!(again.out, imported.out, "importing again says and records the same");
    let versions = desk.run(&["log", "acme", "--json"]).exits(0).objects().len();
    assert_eq!(versions, 2);
}

#[test]
fn import_with_full_prints_the_text_in_force() {
    let desk = archive();
    desk.write("acme.warc", history().concat());
    let full = desk.run(&["import", "warc", "acme.warc", "--watch", "acme", "--json", "--full"]).exits(0).objects();
    full.iter().for_each(|object| speaks(&object["reading"], &READING));
    assert_eq!(full[0]["reading"]["text"], full[1]["reading"]["text"]);
    assert_eq!(full[2]["reading"]["readable"], false);
    assert!(full[3]["reading"]["text"].as_str().unwrap().contains(MAY));
}

#[test]
fn import_puts_records_in_order() {
    let desk = archive();
    let mut shuffled = history();
    shuffled.swap(0, 3);
    desk.write("acme.warc", shuffled.concat());
    let objects = desk.run(&["import", "warc", "acme.warc", "--watch", "acme", "--json"]).exits(0).objects();
    let ids: Vec<&str> = objects.iter().map(|object| object["record_id"].as_str().unwrap()).collect();
    assert_eq!(ids, [1, 2, 3, 4].map(record_id));
    assert_eq!(objects[3]["version"], 2);
}

#[test]
fn import_of_older_captures_later_puts_them_in_their_place() {
    let desk = archive();
    desk.write("new.warc", &history()[3]);
    desk.write("old.warc", history()[..3].concat());
    desk.run(&["import", "warc", "new.warc", "--watch", "acme"]).exits(0);
    desk.run(&["import", "warc", "old.warc", "--watch", "acme"]).exits(0).says("derived anew");
    let log = desk.run(&["log", "acme", "--json"]).exits(0).objects();
    let versions: Vec<_> =
        log.iter().map(|v| (v["version"].as_u64(), v["captured_at"].as_str().unwrap()[..4].to_owned())).collect();
    assert_eq!(versions, [(Some(1), "2020".to_owned()), (Some(2), "2021".to_owned())]);
}

#[test]
fn import_keeps_what_a_cut_file_holds() {
    let desk = archive();
    let whole = history().concat();
    desk.write("cut.warc", &whole[..whole.len() - 300]);
    let cut = desk.run(&["import", "warc", "cut.warc", "--watch", "acme", "--json"]).exits(3);
    assert_eq!(cut.objects().len(), 3);
    cut.says("the 3 captures before are recorded");
    desk.run(&["show", "acme"]).exits(0).prints(WILL_NOT);
    desk.run(&["import", "warc", "missing.warc", "--watch", "acme"]).exits(3).says("missing.warc");
    desk.run(&["import", "warc", "cut.warc", "--watch", "../acme"]).exits(2).says("no watch id");
}

#[test]
fn the_record_is_shown_compared_and_verified() {
    let desk = archive();
    desk.write("acme.warc", history().concat());
    desk.run(&["import", "warc", "acme.warc", "--watch", "acme"]).exits(0).prints("v2").prints("material");

    desk.run(&["log", "acme"]).exits(0).prints("2021-06-01").prints("v1");
    desk.run(&["log", "acme", "--checks"]).exits(0).prints("not_found");
    desk.run(&["show", "acme"]).exits(0).prints(MAY);
    desk.run(&["show", "acme@1"]).exits(0).prints(WILL_NOT);
    desk.run(&["show", "acme@2020"]).exits(0).prints(WILL_NOT);
    desk.run(&["show", "acme@2019"]).exits(2).prints_nothing().says("no version as old as 2019-12-31");
    desk.run(&["show", "acme@7"]).exits(2).says("it has versions 1 to 2");
    desk.run(&["show", "acne"]).exits(2).says("did you mean \"acme\"?");
    let shown = desk.run(&["show", "acme@1", "--json"]).exits(0).objects();
    speaks(&shown[0], &READING);

    desk.run(&["diff", "acme"]).exits(0).prints("sell");
    desk.run(&["diff", "acme", "--exit-code"]).exits(1);
    let last = desk.run(&["diff", "acme", "--json"]).exits(0).objects();
    speaks(&last[0], &CHANGE);
    let computed = desk.run(&["diff", "acme", "2", "1", "--json"]).exits(0).objects();
    speaks(&computed[0], &CHANGE);
    assert_eq!(desk.run(&["diff", "acme", "1", "1", "--json"]).exits(0).objects()[0]["materiality"], "none");

    desk.run(&["list"]).exits(0).prints("acme").prints("changed");
    assert_eq!(desk.run(&["list", "--json"]).exits(0).objects()[0]["versions"], 2);
    desk.run(&["verify"]).exits(0).prints("sound");
    assert_eq!(desk.run(&["verify", "--json"]).exits(0).objects()[0]["sound"], true);
    desk.run(&["deliveries"]).exits(0).prints_nothing().says("no deliveries");
}

#[test]
fn a_text_with_one_version_has_no_difference() {
    let desk = archive();
    desk.write("acme.warc", &history()[0]);
    desk.run(&["import", "warc", "acme.warc", "--watch", "acme"]).exits(0);
    desk.run(&["diff", "acme"]).exits(3).prints_nothing().says("one version").says(" hint: ");
}

// init and config

#[test]
fn init_writes_a_configuration_that_is_accepted_and_never_overwrites() {
    let desk = Desk::new();
    desk.run(&["init"]).exits(0).prints("policywatch.toml").says("config check").says("It follows nothing yet");
    let written = std::fs::read_to_string(desk.path("policywatch.toml")).unwrap();
    desk.run(&["init"]).exits(2).says("exists already");
    assert_eq!(std::fs::read_to_string(desk.path("policywatch.toml")).unwrap(), written);
    desk.run(&["config", "check"]).exits(0).prints("watches: none");
    assert_eq!(written.lines().filter(|line| *line == "# [[watch]]").count(), 5, "the five are shown");
    desk.run(&["fetch", "--all"]).exits(2).says("there are no watches").says("policywatch add URL");
}

#[test]
fn config_check_tells_what_is_wrong_and_where() {
    let desk = Desk::new();
    desk.run(&["--config", "none.toml", "config", "check"]).exits(2);
    desk.write("policywatch.toml", "[store]\npth = \"a.db\"\n");
    desk.run(&["config", "check"]).exits(2).prints("pth");
    let problems = desk.run(&["config", "check", "--json"]).exits(2).objects();
    assert_eq!(keys(&problems[0]), ["file", "line", "column", "text", "message", "hint"]);
    assert_eq!(problems[0]["line"], 2);
    desk.run(&["list"]).exits(2).prints_nothing().says("pth");
}

// fetch and deliveries

/// A company's server, a web archive and a receiver of webhooks, on loopback.
struct Town {
    loopback: Loopback,
    archive: String,
    /// The captures that the archive was asked for.
    asked: Asked,
    _runtime: tokio::runtime::Runtime,
}

type Asked = Arc<Mutex<Vec<String>>>;

impl Town {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let asked = Asked::default();
        let listener = runtime.block_on(tokio::net::TcpListener::bind(("127.0.0.1", 0))).unwrap();
        let archive = format!("http://{}", listener.local_addr().unwrap());
        let loopback = runtime.block_on(Loopback::start());
        let page = loopback.url("/privacy").to_string();
        let router = axum::Router::new().fallback(answer).with_state((page, Arc::clone(&asked)));
        runtime.spawn(async move { axum::serve(listener, router).await });
        let town = Self { loopback, archive, asked, _runtime: runtime };
        town.serve(200, &policy(WILL_NOT));
        town
    }

    fn serve(&self, status: u16, body: &str) {
        self.loopback.serve_with("/privacy", status, body);
    }

    /// What the receiver was told.
    fn messages(&self) -> Vec<Value> {
        let posted = self.loopback.posted();
        posted.iter().map(|posted| serde_json::from_slice(&posted.body).unwrap()).collect()
    }

    /// A desk whose configuration watches the town's page and tells its receiver.
    fn desk(&self) -> Desk {
        let desk = Desk::new();
        let store = desk.path("policywatch.db");
        let (hook, page) = (self.loopback.url("/hook"), self.loopback.url("/privacy"));
        let archive = &self.archive;
        desk.write(
            "policywatch.toml",
            format!(
                "[store]\npath = {store:?}\n[fetch]\nallow = [\"127.0.0.1\"]\npause_per_host = \"0s\"\n\
                 [wayback]\nbase_url = \"{archive}\"\nindex_pause = \"0s\"\ncapture_pause = \"0s\"\n\
                 [[channel]]\nname = \"desk\"\nkind = \"webhook\"\nurl = \"{hook}\"\n\
                 secret = \"whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz\"\n\
                 [[watch]]\nid = \"acme\"\nurl = \"{page}\"\nservice = \"Acme\"\nnotify = [\"desk\"]\n"
            ),
        );
        desk
    }
}

async fn answer(State((page, asked)): State<(String, Asked)>, request: Request) -> Response {
    if request.uri().path() == "/cdx/search/cdx" {
        return archive_index(&page).into_response();
    }
    match request.uri().path().strip_prefix("/web/").and_then(|path| path.split_once("id_/")) {
        Some((timestamp, _)) => {
            asked.lock().unwrap().push(timestamp.to_owned());
            archived(&page, timestamp)
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// A policy of 2018; a redirect of 2019 that leads to a capture of two days later; a page
/// that is gone.
fn archive_index(page: &str) -> String {
    let rows = [
        ("20180525120000", "text/html", "200", "A"),
        ("20190601000000", "warc/revisit", "-", "B"),
        ("20210301000000", "text/html", "200", "C"),
    ];
    let rows = rows.map(|(at, kind, status, digest)| format!("key {at} {page} {kind} {status} {digest} 1\n"));
    rows.concat()
}

fn archived(page: &str, timestamp: &str) -> Response {
    let memento = |at: &str, status: u16, location: String, body: String| {
        let headers = [("memento-datetime", at.to_owned()), ("content-type", "text/html".to_owned())];
        let location = (!location.is_empty()).then_some([("location", location)]);
        match location {
            Some(location) => (StatusCode::from_u16(status).unwrap(), headers, location, body).into_response(),
            None => (StatusCode::from_u16(status).unwrap(), headers, body).into_response(),
        }
    };
    match timestamp {
        "20180525120000" => memento("Fri, 25 May 2018 12:00:00 GMT", 200, String::new(), policy(WILL_NOT)),
        "20190601000000" => {
            let target = format!("/web/20190603000000id_/{page}/2019");
            memento("Sat, 01 Jun 2019 00:00:00 GMT", 302, target, String::new())
        }
        "20190603000000" => {
            memento("Mon, 03 Jun 2019 00:00:00 GMT", 200, String::new(), policy("We share your data with nobody."))
        }
        "20210301000000" => memento("Mon, 01 Mar 2021 00:00:00 GMT", 200, String::new(), GONE.to_owned()),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

#[test]
fn fetch_at_a_date_puts_the_capture_in_its_place_and_tells_nobody() {
    let town = Town::new();
    let desk = town.desk();
    town.serve(200, &policy(MAY));
    desk.run(&["fetch", "acme"]).exits(0).prints("first");
    desk.run(&["fetch", "acme", "--at", "2018", "--dry-run"]).exits(0).prints("first");
    assert_eq!(desk.run(&["log", "acme", "--json"]).exits(0).objects().len(), 1, "a dry run records nothing");

    let past = desk.run(&["fetch", "acme", "--at", "2018", "--json"]).exits(0).objects();
    speaks(&past[0], &["watch", "outcome", "why", "version", "change", "recorded"]);
    assert_eq!((&past[0]["outcome"], &past[0]["version"]), (&Value::from("first"), &Value::from(1)));
    assert_eq!(past[0]["captured_at"], "2018-05-25T12:00:00.000Z");
    let log = desk.run(&["log", "acme", "--json"]).exits(0).objects();
    let told: Vec<_> = log.iter().map(|v| (v["version"].as_u64(), v["materiality"].as_str())).collect();
    assert_eq!(told, [(Some(1), None), (Some(2), Some("material"))]);
    assert!(log[0]["captured_at"].as_str().unwrap().starts_with("2018-05-25"), "{}", log[0]);
    desk.run(&["fetch", "acme", "--at", "2018"]).exits(0).prints("held already (first, v1)");
    desk.run(&["fetch", "--all", "--at", "2018-05-25"]).exits(0).prints("held already");

    assert!(town.messages().is_empty(), "history is no news");
    desk.run(&["deliveries"]).exits(0).prints_nothing();
    desk.run(&["fetch", "acme", "--at", "2022"]).exits(3).prints("not_found");
    let state = &desk.run(&["list", "--json"]).exits(0).objects()[0];
    assert_eq!(
        (&state["last_outcome"], &state["why"]),
        (&Value::from("first"), &Value::Null),
        "the page itself is well"
    );
    desk.run(&["fetch", "acme", "--at", "soon"]).exits(2).says("\"soon\" is no date");
    assert_eq!(desk.run(&["log", "acme", "--json"]).exits(0).objects().len(), 2);
}

#[test]
fn a_second_backfill_fetches_nothing() {
    let town = Town::new();
    let desk = town.desk();
    desk.run(&["backfill", "acme"]).exits(0).prints("v2");
    let first = town.asked.lock().unwrap().clone();
    assert_eq!(first, ["20180525120000", "20190601000000", "20190603000000", "20210301000000"]);
    desk.run(&["backfill", "acme"]).exits(0).says("3 held already");
    assert_eq!(*town.asked.lock().unwrap(), first);
    desk.run(&["show", "acme@2019"]).exits(0).prints("We share your data with nobody.");
}

#[test]
fn fetch_records_judges_and_tells() {
    let town = Town::new();
    let desk = town.desk();
    desk.run(&["fetch", "acme"]).exits(0).prints("first");
    desk.run(&["fetch", "--all", "--exit-code"]).exits(0);
    town.serve(200, &policy(MAY));
    desk.run(&["fetch", "acme", "--dry-run", "--exit-code"]).exits(1).prints("material");
    assert!(town.messages().is_empty(), "a dry run tells nobody");

    let changed = desk.run(&["fetch", "acme", "--exit-code", "--json"]).exits(1);
    let object = &changed.objects()[0];
    assert_eq!(keys(object), ["watch", "outcome", "why", "version", "change", "alerts", "next_check_at", "recorded"]);
    assert_eq!((&object["outcome"], &object["version"]), (&Value::from("changed"), &Value::from(2)));
    assert_eq!(town.messages().len(), 1);
    let sent = desk.run(&["deliveries", "--json"]).exits(0).objects();
    assert_eq!((&sent[0]["channel"], &sent[0]["state"]), (&Value::from("desk"), &Value::from("delivered")));
    assert_eq!(sent[0]["body"], town.messages()[0], "the words that were sent");
    desk.run(&["fetch", "acme"]).exits(0);
    assert_eq!(town.messages().len(), 1, "nothing is told twice");
}

#[test]
fn fetch_names_what_is_no_policy_and_what_is_not_there() {
    let town = Town::new();
    let desk = town.desk();
    desk.run(&["fetch", "acme"]).exits(0);
    town.serve(404, GONE);
    desk.run(&["fetch", "acme"]).exits(3).prints("not_found");
    desk.run(&["list"]).exits(0).prints("not_found");
    desk.run(&["fetch", "acne"]).exits(2).says("did you mean \"acme\"?");
    let log = desk.run(&["log", "acme", "--json"]).exits(0).objects();
    assert_eq!(log.len(), 1, "a page that is gone makes no version");
}

#[test]
fn fetch_reads_any_url_without_recording_it() {
    let town = Town::new();
    let desk = town.desk();
    desk.run(&["fetch", town.loopback.url("/privacy").as_str()]).exits(0).prints(WILL_NOT);
    desk.run(&["extract", town.loopback.url("/privacy").as_str(), "--json"]).exits(0).prints(WILL_NOT);
    assert_eq!(desk.run(&["log", "acme", "--json"]).code, 2, "nothing is on record");
    desk.run(&["fetch", "http://127.0.0.1:9/privacy"]).exits(3).prints_nothing().says("error: ");
}

#[test]
fn fetch_refuses_addresses_that_are_not_public() {
    let desk = archive();
    desk.run(&["fetch", "http://127.0.0.1:9/privacy"]).exits(3).says("not a public address").says(" hint: ");
}

#[test]
fn deliveries_are_tested_and_revived() {
    let town = Town::new();
    let desk = town.desk();
    desk.run(&["deliveries", "test", "desk"]).exits(0).prints("took the test");
    assert_eq!(town.messages()[0]["type"], "policywatch.test");
    desk.run(&["deliveries", "test", "desc"]).exits(2).says("it has desk");
    desk.run(&["deliveries", "retry"]).exits(0).prints("nothing is dead");
    desk.run(&["deliveries"]).exits(0).prints("tells").prints("  –      test");
    let id = desk.run(&["deliveries", "--json"]).exits(0).objects()[0]["id"].as_str().unwrap().to_owned();
    desk.run(&["deliveries", "retry", &id]).exits(2).says("is delivered");
    desk.run(&["deliveries", "retry", "msg_none"]).exits(2).says("there is no delivery");
}

// demo and run

#[test]
fn the_demo_comes_true() {
    let desk = Desk::new();
    let demo = desk.run(&["demo", "--json"]).exits(0);
    let events = demo.objects();
    let last = events.last().unwrap();
    assert_eq!((&last["event"], &last["alerted"]), (&Value::from("ended"), &Value::from(1)));
    let delivered: Vec<&Value> = events.iter().filter(|event| event["event"] == "delivered").collect();
    assert_eq!(delivered.len(), 1);
    assert_eq!(delivered[0]["verified"], true);
}

#[test]
fn the_demo_keeps_what_it_is_told_to_keep() {
    let desk = Desk::new();
    desk.run(&["demo", "--keep", "kept"]).exits(0).prints("backfill").prints("may");
    desk.run(&["demo", "--keep", "kept"]).exits(2).says("exists already");
    let kept = |arguments: &[&str]| desk.run(&[&["--config", "kept/policywatch.toml"], arguments].concat());
    kept(&["diff", "halcyon-privacy", "--exit-code"]).exits(1);
    kept(&["show", "halcyon-privacy@2012"]).exits(0).prints("30 days");
    kept(&["verify"]).exits(0).prints("sound");
}

/// Starts the daemon, and waits until it hears signals.
fn started(desk: &Desk) -> std::process::Child {
    let mut daemon = desk.command(&["run"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // It holds the lock of its store as soon as it runs.
    let lock: &Path = &desk.path("policywatch.db.lock");
    while !lock.exists() && daemon.try_wait().unwrap().is_none() {
        std::thread::yield_now();
    }
    daemon
}

fn signal(daemon: &std::process::Child, name: &str) {
    std::process::Command::new("kill").args(["-s", name, &daemon.id().to_string()]).status().unwrap();
}

#[test]
fn the_daemon_ends_when_it_is_told_to() {
    let town = Town::new();
    let desk = town.desk();
    let daemon = started(&desk);
    signal(&daemon, "TERM");
    Ended::of(daemon.wait_with_output().unwrap()).exits(0);
}

#[test]
fn the_daemon_ends_although_its_configuration_cannot_be_read_to_its_end() {
    let town = Town::new();
    let desk = town.desk();
    let daemon = started(&desk);
    let configuration = desk.path("policywatch.toml");
    std::fs::remove_file(&configuration).unwrap();
    std::process::Command::new("mkfifo").arg(&configuration).status().unwrap();
    signal(&daemon, "HUP");
    // Opens as soon as the daemon reads, and says nothing; after a while it gives up.
    let silent = std::fs::OpenOptions::new().write(true).open(&configuration).unwrap();
    let (ended, has_ended) = std::sync::mpsc::channel();
    std::thread::spawn(move || (has_ended.recv_timeout(Duration::from_secs(20)), silent));
    let told = Instant::now();
    signal(&daemon, "TERM");
    Ended::of(daemon.wait_with_output().unwrap()).exits(0);
    assert!(told.elapsed() < Duration::from_secs(10), "it took {:?}", told.elapsed());
    ended.send(()).unwrap();
}
