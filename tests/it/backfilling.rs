//! `backfill` from the command line, against an archive on loopback that counts what it is
//! asked, and that can be in any kind of trouble.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rusqlite::types::Value as Cell;
use rusqlite::{Connection, OpenFlags};
use sha1::Digest as _;

use crate::desk::{Desk, policy};
use crate::fetching::server::{Act, Server, answer};

/// One capture that the archive holds.
#[derive(Clone)]
struct Held {
    at: String,
    status: u16,
    body: String,
    location: Option<String>,
    /// In the index, but it cannot be shown.
    lost: bool,
}

impl Held {
    fn page(at: impl Into<String>, body: impl Into<String>) -> Self {
        Self { at: at.into(), status: 200, body: body.into(), location: None, lost: false }
    }

    fn digest(&self) -> String {
        data_encoding::BASE32.encode(&sha1::Sha1::digest(self.body.as_bytes()))
    }
}

/// What troubles the archive.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Trouble {
    #[default]
    None,
    /// 429, with so many seconds, for captures from the n-th on.
    TooMany(usize, Option<u32>),
    /// 503 for the n-th request for a capture.
    Hiccup(usize),
    /// 503 for captures.
    Down,
    /// A web page instead of the index.
    WebPage,
    /// Captures end in the middle.
    Cut,
    /// Captures never come.
    Slow,
}

/// An archive, and what it was asked.
struct Library {
    server: Server,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    pages: BTreeMap<String, Vec<Held>>,
    trouble: Trouble,
    captures: Vec<(String, Instant)>,
    index: Vec<Instant>,
    now: usize,
    most: usize,
    /// How long an answer takes.
    takes: Duration,
    /// How many lines of its index an archive sends at once; 0: all.
    lines: usize,
}

impl Library {
    async fn open(pages: Vec<(&str, Vec<Held>)>) -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        state.lock().unwrap().pages = pages.into_iter().map(|(url, held)| (url.to_owned(), held)).collect();
        let answering = Arc::clone(&state);
        let server = Server::start(move |asked| {
            let takes = {
                let mut state = answering.lock().unwrap();
                state.now += 1;
                state.most = state.most.max(state.now);
                state.takes
            };
            // Time of the archive's own: who else asks meanwhile is seen.
            std::thread::sleep(takes);
            let mut state = answering.lock().unwrap();
            state.now -= 1;
            state.answer(asked.path())
        })
        .await;
        Self { server, state }
    }

    fn trouble(&self, trouble: Trouble) {
        self.state.lock().unwrap().trouble = trouble;
    }

    /// The captures that were asked for, in order.
    fn asked(&self) -> Vec<String> {
        self.state.lock().unwrap().captures.iter().map(|(path, _)| path.clone()).collect()
    }

    fn index_requests(&self) -> usize {
        self.state.lock().unwrap().index.len()
    }

    /// A desk with watches of pages of this archive.
    fn desk(&self, watches: &[(&str, &str)], settings: &str) -> Desk {
        let desk = Desk::new();
        let store = desk.path("policywatch.db");
        let base = self.server.url("/");
        let watches: String = watches
            .iter()
            .map(|(id, url)| format!("[[watch]]\nid = \"{id}\"\nurl = \"{url}\"\nnotify = []\n"))
            .collect();
        let wayback = format!("[wayback]\nbase_url = \"{base}\"\n{settings}\n");
        let fetch = "[fetch]\nallow = [\"127.0.0.1\"]\n";
        desk.write("policywatch.toml", format!("[store]\npath = {store:?}\n{fetch}{wayback}{watches}"));
        desk
    }
}

const QUICK: &str = "index_pause = \"0s\"\ncapture_pause = \"0s\"";

impl State {
    fn answer(&mut self, path: &str) -> Vec<Act> {
        let own = "x-app-server: library\r\n";
        if path.starts_with("/cdx/") {
            self.index.push(Instant::now());
            if self.trouble == Trouble::WebPage {
                return vec![Act::Send(answer(
                    "200 OK",
                    "content-type: text/html\r\n",
                    b"<html>503 Service Unavailable",
                ))];
            }
            let query = url::Url::parse(&format!("http://library.test{path}")).unwrap();
            let asked = |name: &str| query.query_pairs().find(|(known, _)| known == name).map(|(_, v)| v.into_owned());
            let (url, from) = (asked("url").unwrap(), asked("from").unwrap_or_default());
            let held = self.pages.get(&url).cloned().unwrap_or_default();
            let line = |held: &Held| {
                format!("key {} {url} text/html {} {} {}\n", held.at, held.status, held.digest(), held.body.len())
            };
            let rows: Vec<String> = held.iter().filter(|held| held.at >= from).map(line).collect();
            let rows = match self.lines {
                most @ 1.. if rows.len() > most => rows[..most].concat() + "\nkey+of+the+next\n",
                _ => rows.concat(),
            };
            return vec![Act::Send(answer("200 OK", own, rows.as_bytes()))];
        }
        self.captures.push((path.to_owned(), Instant::now()));
        match self.trouble {
            Trouble::TooMany(from, after) if self.captures.len() >= from => {
                let after = after.map_or(String::new(), |after| format!("retry-after: {after}\r\n"));
                return vec![Act::Send(answer("429 Too Many Requests", &format!("{own}{after}"), b"slow down"))];
            }
            Trouble::Hiccup(at) if self.captures.len() == at => {
                return vec![Act::Send(answer("503 Service Unavailable", "", b"<html>No server is available"))];
            }
            Trouble::Down => {
                return vec![Act::Send(answer("503 Service Unavailable", "", b"<html>No server is available"))];
            }
            Trouble::Slow => return vec![Act::Stall],
            _ => {}
        }
        let (at, url) = path.trim_start_matches("/web/").split_once("id_/").unwrap();
        let found = self.pages.get(url).and_then(|held| held.iter().find(|held| held.at == at));
        let Some(held) = found else {
            return vec![Act::Send(answer("404 Not Found", own, b"<html>Hrm."))];
        };
        if held.lost {
            let near = format!("{own}location: /web/20050101000000id_/{url}\r\n");
            return vec![Act::Send(answer("302 Found", &near, b""))];
        }
        let time = chrono::NaiveDateTime::parse_from_str(at, "%Y%m%d%H%M%S").unwrap().and_utc();
        let location = held.location.as_ref().map_or(String::new(), |to| format!("location: {to}\r\n"));
        let head = format!(
            "{own}memento-datetime: {}\r\ncontent-type: text/html; charset=utf-8\r\nx-archive-src: crawl/1.warc.gz\r\n{location}",
            time.format("%a, %d %b %Y %H:%M:%S GMT")
        );
        let status = if held.status == 200 { "200 OK".to_owned() } else { format!("{} Archived", held.status) };
        let mut sent = answer(&status, &head, held.body.as_bytes());
        if self.trouble == Trouble::Cut {
            sent.truncate(sent.len() - 40);
        }
        vec![Act::Send(sent)]
    }
}

const URL: &str = "https://acme.test/privacy";

/// The sentence that a text is told by.
fn text(number: usize) -> String {
    policy(&format!("We may share your personal information with {} partners of ours.", 3 + number))
}

/// A page over the years: texts that change, come back, and are served with other bytes;
/// an error, a redirect, and captures that cannot be shown.
fn history(captures: usize) -> Vec<Held> {
    let begin = chrono::NaiveDate::from_ymd_opt(2010, 1, 1).unwrap().and_hms_opt(12, 0, 0).unwrap();
    let capture = |n: usize| {
        let at = (begin + chrono::Duration::days(9 * i64::try_from(n).unwrap())).format("%Y%m%d%H%M%S").to_string();
        let which = [0, 0, 1, 1, 2, 0, 3, 3][n / 5 % 8] + n / 40;
        // Every other capture is the same bytes as others of its text.
        let stamp = if n.is_multiple_of(2) { String::new() } else { format!("<!-- {n} -->") };
        let page = Held::page(at, text(which) + &stamp);
        match n % 29 {
            11 => Held { status: 404, body: "gone".to_owned(), ..page },
            17 => Held {
                status: 301,
                body: String::new(),
                location: Some("/web/2010id_/https://acme.test/new".to_owned()),
                ..page
            },
            23 => Held { lost: true, body: format!("lost {n}"), ..page },
            _ => page,
        }
    };
    (0..captures).map(capture).collect()
}

/// Everything that a store holds but for keys that count attempts and moments of writing.
fn content(desk: &Desk) -> BTreeMap<&'static str, Vec<Vec<Cell>>> {
    let path = desk.path("policywatch.db");
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let rows = |query: &str| {
        let mut statement = connection.prepare(query).unwrap();
        let columns = statement.column_count();
        let rows = statement.query_map([], |row| (0..columns).map(|at| row.get(at)).collect()).unwrap();
        rows.map(Result::unwrap).collect()
    };
    BTreeMap::from([
        ("checks", rows("SELECT id, outcome, why, note, page FROM checks ORDER BY id")),
        ("bodies", rows("SELECT id, digest, size, base_id, depth, data FROM bodies ORDER BY id")),
        ("snapshots", rows("SELECT id, captured_at, origin, body_id, head_base_id, head FROM snapshots ORDER BY id")),
        (
            "versions",
            rows(
                "SELECT number, snapshot_id, digest, revision, selectors, cause, size, depth, reading FROM versions ORDER BY number",
            ),
        ),
        (
            "changes",
            rows(
                "SELECT v.number, c.materiality, c.severity, c.size, c.data FROM changes c JOIN versions v ON v.id = c.version_id ORDER BY v.number",
            ),
        ),
        ("captures", rows("SELECT timestamp, original, digest, status, tries FROM captures ORDER BY 1, 2, 3")),
        ("mementos", rows("SELECT snapshot_id, url, digest, text FROM mementos ORDER BY 1")),
        ("traces", rows("SELECT since, kind, target FROM traces ORDER BY 1")),
        ("watches", rows("SELECT name, unplaced FROM watches ORDER BY 1")),
    ])
}

/// The mementos on record.
fn stored(desk: &Desk) -> BTreeSet<String> {
    let path = desk.path("policywatch.db");
    let Ok(connection) = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY) else {
        return BTreeSet::new();
    };
    let Ok(mut statement) = connection.prepare("SELECT url FROM mementos") else { return BTreeSet::new() };
    let urls = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
    urls.map(|url| url::Url::parse(&url.unwrap()).unwrap().path().to_owned()).collect()
}

fn spawn(desk: &Desk, arguments: &[&str]) -> Child {
    desk.command(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backfill_that_is_killed_a_hundred_times_ends_as_one_that_was_not() {
    let library = Library::open(vec![(URL, history(240))]).await;
    for plan in [&[][..], &["--budget", "10"]] {
        let arguments = [&["backfill", "acme", "-q"], plan].concat();
        let calm = library.desk(&[("acme", URL)], QUICK);
        calm.run(&arguments).exits(0);
        let expected = content(&calm);
        assert!(expected["versions"].len() > 20, "{}", expected["versions"].len());

        let troubled = library.desk(&[("acme", URL)], QUICK);
        // A shorter history is killed as often as it lets itself be.
        let wanted = if plan.is_empty() { 100 } else { 25 };
        let (mut kills, mut ended) = (0, false);
        while kills < wanted && !ended {
            let (held, before) = (stored(&troubled), library.asked().len());
            let mut child = spawn(&troubled, &arguments);
            // Some die on the way to the first request, some with it, some at the record.
            let asks = kills % 3;
            while library.asked().len() < before + asks && child.try_wait().unwrap().is_none() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            tokio::time::sleep(Duration::from_millis((kills as u64 * 7) % 23)).await;
            ended = child.try_wait().unwrap().is_some();
            child.kill().unwrap();
            child.wait().unwrap();
            kills += usize::from(!ended);
            let again: Vec<String> =
                library.asked()[before..].iter().filter(|path| held.contains(*path)).cloned().collect();
            assert!(again.is_empty(), "fetched again although stored: {again:?}");
        }
        assert_eq!(kills, wanted, "it ended before it was killed often enough");
        let (held, before) = (stored(&troubled), library.asked().len());
        troubled.run(&arguments).exits(0);
        assert!(library.asked()[before..].iter().all(|path| !held.contains(path)));
        for (table, rows) in content(&troubled) {
            assert_eq!(rows.len(), expected[table].len(), "{table} after {kills} kills");
            assert!(rows == expected[table], "{table} is another after {kills} kills");
        }
        troubled.run(&["verify"]).exits(0);
        println!("killed {kills} times: {} captures on record, the same as undisturbed", held.len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_bytes_are_fetched_once_and_a_second_run_asks_for_nothing() {
    let library = Library::open(vec![(URL, history(80))]).await;
    let desk = library.desk(&[("acme", URL)], QUICK);
    let lines = desk.run(&["backfill", "acme", "--json"]).exits(0).objects();
    assert!(lines.iter().any(|line| line["outcome"] == "missed"), "what cannot be shown is told");
    let asked = library.asked();
    let unique: BTreeSet<&String> = asked.iter().collect();
    assert_eq!(asked.len(), unique.len(), "nothing is asked for twice");
    let held = stored(&desk);
    assert!(asked.len() < held.len(), "{} fetched for {} on record", asked.len(), held.len());
    let index = library.index_requests();
    desk.run(&["backfill", "acme"]).exits(0).says("held already");
    assert_eq!((library.asked().len(), library.index_requests()), (asked.len(), index));

    // The archive grows, at its end and in its past; what could not be shown is not asked for
    // again at once.
    {
        let mut state = library.state.lock().unwrap();
        let held = state.pages.get_mut(URL).unwrap();
        held.insert(0, Held::page("20050101000000", text(40)));
        held.push(Held::page("20260101000000", text(41)));
    }
    desk.run(&["backfill", "acme"]).exits(0);
    assert_eq!(library.asked().len(), asked.len(), "the index is fresh");
    desk.run(&["backfill", "acme", "--relist"]).exits(0).says("2 new versions");
    assert_eq!(library.asked().len(), asked.len() + 2);
    let log = desk.run(&["log", "acme", "--json"]).exits(0).objects();
    assert_eq!(log[0]["captured_at"], "2005-01-01T00:00:00.000Z", "it has its place at the beginning");
    assert_eq!(log.last().unwrap()["captured_at"], "2026-01-01T00:00:00.000Z");
    desk.run(&["verify"]).exits(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_history_is_looked_into_only_where_it_changed() {
    let begin = chrono::NaiveDate::from_ymd_opt(2010, 1, 1).unwrap().and_hms_opt(0, 0, 0).unwrap();
    let captures: Vec<Held> = (0..1200)
        .map(|n| {
            let at = (begin + chrono::Duration::days(4 * n)).format("%Y%m%d%H%M%S").to_string();
            Held::page(at, text(usize::try_from(n).unwrap() / 170) + &format!("<!-- {n} -->"))
        })
        .collect();
    let library = Library::open(vec![(URL, captures)]).await;
    let desk = library.desk(&[("acme", URL)], QUICK);
    desk.run(&["backfill", "acme"]).exits(0).says("passed over between two with the same text");
    let fetched = library.asked().len();
    assert!(fetched < 80, "{fetched} of 1200 fetched");
    let log = desk.run(&["log", "acme", "--json"]).exits(0).objects();
    assert_eq!(log.len(), 8, "every change is found");
    for (row, n) in log.iter().zip((0..).step_by(170)).skip(1) {
        let first = (begin + chrono::Duration::days(4 * n)).and_utc();
        let found = chrono::DateTime::parse_from_rfc3339(row["captured_at"].as_str().unwrap()).unwrap();
        assert!((found.to_utc() - first).num_days() <= 8, "{row} is not near {first}");
    }
    println!("bisection: {fetched} of 1200 captures fetched, all 7 changes found");
    // To the capture, if that is asked for.
    desk.run(&["backfill", "acme", "--precision", "0s"]).exits(0);
    let log = desk.run(&["log", "acme", "--json"]).exits(0).objects();
    let first = (begin + chrono::Duration::days(4 * 170)).and_utc();
    assert_eq!(log[1]["captured_at"].as_str().unwrap()[..10], first.format("%Y-%m-%d").to_string());
    let [after, until] =
        [0, 1].map(|at| chrono::DateTime::parse_from_rfc3339(log[1]["changed_between"][at].as_str().unwrap()).unwrap());
    assert_eq!((until - after).num_days(), 4, "between two neighbours of the index");
    // And one a year, from an archive of its own.
    let thin = library.desk(&[("acme", URL)], QUICK);
    let before = library.asked().len();
    thin.run(&["backfill", "acme", "--every", "365d"]).exits(0);
    assert_eq!(library.asked().len() - before, 14);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_followed_under_its_former_addresses() {
    let old = "http://acme.test/legal.html";
    let moved = Held {
        status: 301,
        body: String::new(),
        location: Some(format!("/web/20160601000000id_/{URL}")),
        ..Held::page("20160601000000", "")
    };
    let library = Library::open(vec![
        (old, vec![Held::page("20120101000000", text(1)), Held::page("20150101000000", text(2)), moved]),
        (URL, vec![Held::page("20150601000000", text(9)), Held::page("20170101000000", text(3))]),
    ])
    .await;
    let desk = library.desk(&[("acme", old)], QUICK);
    let told = desk.run(&["backfill", "acme"]).exits(0);
    // What stood there about then cannot be shown: nothing is said of the text.
    assert!(told.err.contains(&format!("since 2016-06-01 {old} leads to {URL};")), "{}", told.err);

    let config = std::fs::read_to_string(desk.path("policywatch.toml")).unwrap();
    let urls = format!("url = \"{URL}\"\nurls = [{{ url = \"{old}\", until = \"2016-06-01\" }}]\n");
    desk.write("policywatch.toml", config.replace(&format!("url = \"{old}\"\n"), &urls));
    desk.run(&["config", "check"]).exits(0).prints(&format!("{old} until 2016-06-01"));
    desk.run(&["backfill", "acme"]).exits(0).says("2 held already");
    let log = desk.run(&["log", "acme", "--json"]).exits(0).objects();
    let days: Vec<&str> =
        log.iter().filter_map(|row| row["captured_at"].as_str()).map(|captured| &captured[..10]).collect();
    assert_eq!(days, ["2012-01-01", "2015-01-01", "2017-01-01"], "the new address counts from the move on");
    let join = log.iter().find(|row| row["kind"] == "join").unwrap();
    assert_eq!((&join["from"], &join["to"]), (&old.into(), &URL.into()));
    assert_eq!(join["versions"], serde_json::json!([2, 3]));
    assert!(join["alike"].as_f64().is_some_and(|alike| alike > 0.9 && alike < 1.0), "{join}");
    desk.run(&["log", "acme"]).exits(0).prints("the text is the same to 0.9");

    // Whatever a row is of, it says so: only versions have a version.
    let db = rusqlite::Connection::open(desk.path("policywatch.db")).unwrap();
    db.execute_batch(
        "INSERT INTO moves (watch_id, found_at, configured, url, way, alike, state)
             SELECT id, '2018-01-01T00:00:00.000Z', url, url || '/new', 'link', 0.9, 'proposed' FROM watches;
         INSERT INTO move_ends (watch_id, ended_at, configured, url)
             SELECT id, '2018-02-01T00:00:00.000Z', url, url || '/new' FROM watches;
         INSERT INTO errands (watch_id, check_id, kind, url, created_at, state, due_at)
             SELECT w.id, max(c.id), 'save', w.url, '2018-01-01T00:00:00.000Z', 'pending', '2018-01-01T00:00:00.000Z'
             FROM watches w JOIN checks c ON c.watch_id = w.id;",
    )
    .unwrap();
    let rows = desk.run(&["log", "acme", "--checks", "--json"]).exits(0).objects();
    let kinds: Vec<&str> = rows.iter().map(|row| row["kind"].as_str().unwrap()).collect();
    assert_eq!(
        kinds,
        ["version", "version", "version", "move", "move_end", "join", "errand", "check", "check", "check"]
    );
    for row in &rows {
        let of_version = matches!(row["kind"].as_str(), Some("version" | "check"));
        assert_eq!(row["version"].is_u64(), of_version, "{row}");
    }
}

/// An archived redirect is told with how alike the text is that stood there then.
#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_in_an_archive_is_told_with_how_the_text_fared() {
    let (same, other) = ("http://acme.test/same.html", "http://acme.test/other.html");
    let moved = |to: &str| Held {
        status: 301,
        body: String::new(),
        location: Some(format!("/web/20160601000000id_/{to}")),
        ..Held::page("20160601000000", "")
    };
    let before = || Held::page("20150101000000", text(1));
    let foreign = "<html><body><main><h1>Terms of sale</h1><p>Whoever buys a boat pays for it within thirty days of \
                   the day on which it was handed over, and bears the cost of mooring it from then on.</p>\
                   <p>Boats are sold as they lie, without their rigging.</p></main></body></html>";
    let library = Library::open(vec![
        (same, vec![before(), moved("http://acme.test/new.html")]),
        (other, vec![before(), moved("http://acme.test/sale.html")]),
        ("http://acme.test/new.html", vec![Held::page("20160601000000", text(2))]),
        ("http://acme.test/sale.html", vec![Held::page("20160601000000", foreign)]),
    ])
    .await;
    let desk = library.desk(&[("same", same), ("other", other)], QUICK);
    desk.run(&["backfill", "same"]).exits(0).says("new.html (the text is the same to 0.9");
    let told = desk.run(&["backfill", "other"]).exits(0).says("sale.html (another text: 0.");
    assert!(!told.err.contains("the text is the same"), "{}", told.err);
    let asked = library.asked().len();
    desk.run(&["backfill", "other"]).exits(0).says("another text: 0.");
    assert_eq!(library.asked().len(), asked, "what is known is not asked again");
}

/// A watch names its own archives, in their order.
#[tokio::test(flavor = "multi_thread")]
async fn a_watch_has_the_history_that_its_archives_have() {
    let first = Library::open(vec![(URL, vec![Held::page("20120101000000", text(1))])]).await;
    let second = Library::open(vec![(URL, vec![Held::page("20150101000000", text(2))])]).await;
    let desk = first.desk(&[("acme", URL)], QUICK);
    let config = std::fs::read_to_string(desk.path("policywatch.toml")).unwrap();
    let own = format!(
        "[[archive]]\nname = \"own\"\nbase_url = \"{}\"\nindex_pause = \"0s\"\ncapture_pause = \"0s\"\n",
        second.server.url("/")
    );
    let with = |archives: &str| {
        let config = config.replace("notify = []\n", &format!("notify = []\n{archives}\n"));
        desk.write("policywatch.toml", config + &own);
    };
    for (archives, says) in [
        ("archives = [\"nope\"]", "no archive is called \"nope\""),
        ("archives = [\"own\", \"own\"]", "is there twice"),
        ("archives = []", "archives is empty"),
    ] {
        with(archives);
        desk.run(&["config", "check"]).exits(2).prints(says);
    }
    // One that is down keeps nothing of the other away, and is told.
    with("archives = [\"wayback\", \"own\"]");
    first.trouble(Trouble::WebPage);
    desk.run(&["backfill", "acme", "--no-wait"]).exits(3).says("acme, wayback").says("acme, own: 1 captures");
    assert_eq!((first.asked().len(), second.asked().len()), (0, 1));
    first.trouble(Trouble::None);
    let before = first.index_requests();
    with("archives = [\"own\"]");
    desk.run(&["config", "check"]).exits(0).prints("archives");
    desk.run(&["backfill", "acme"]).exits(0).says("1 held already");
    desk.run(&["fetch", "acme", "--at", "2012-01-01", "--dry-run"]);
    assert_eq!(first.index_requests(), before, "the other one is not asked");
    with("archives = [\"wayback\", \"own\"]");
    let told = desk.run(&["backfill", "acme"]).exits(0);
    assert!(told.err.contains("acme, wayback:") && told.err.contains("acme, own:"), "{}", told.err);
    let log = desk.run(&["log", "acme", "--json"]).exits(0).objects();
    let days: Vec<&str> = log.iter().map(|row| &row["captured_at"].as_str().unwrap()[..10]).collect();
    assert_eq!(days, ["2012-01-01", "2015-01-01"]);
}

/// Of a moment the nearest capture counts that any archive has; the first named one's among equals.
#[tokio::test(flavor = "multi_thread")]
async fn a_moment_is_looked_for_in_all_archives() {
    let page = "http://localhost:9/privacy";
    let first = Library::open(vec![(page, vec![Held::page("20120101000000", text(1))])]).await;
    let second =
        Library::open(vec![(page, vec![Held::page("20120103000000", text(3)), Held::page("20150101000000", text(2))])])
            .await;
    let desk = first.desk(&[("acme", page)], QUICK);
    let config = std::fs::read_to_string(desk.path("policywatch.toml")).unwrap();
    let config = config.replace("notify = []\n", "notify = []\narchives = [\"wayback\", \"own\"]\n");
    let own = format!(
        "[[archive]]\nname = \"own\"\nbase_url = \"{}\"\nindex_pause = \"0s\"\ncapture_pause = \"0s\"\n",
        second.server.url("/")
    );
    desk.write("policywatch.toml", config + &own);
    let found = |at: &str| {
        let row = desk.run(&["fetch", "acme", "--at", at, "--dry-run", "--json"]).exits(0).objects().remove(0);
        row["captured_at"].as_str().unwrap()[..10].to_owned()
    };
    assert_eq!(found("2014-12-01"), "2015-01-01");
    assert_eq!(found("2011-12-01"), "2012-01-01");
    assert_eq!(found("2012-01-02T00:00:00Z"), "2012-01-01", "as near as the other one's, and named first");
    // One that cannot be asked has no word against the other one.
    first.trouble(Trouble::WebPage);
    assert_eq!(found("2011-12-01"), "2012-01-03");
    second.trouble(Trouble::WebPage);
    desk.run(&["fetch", "acme", "--at", "2011-12-01", "--dry-run"]).exits(3);
}

/// What an index says of the year 9999, or of a time before the web, is no capture, whenever it
/// was read.
#[tokio::test(flavor = "multi_thread")]
async fn lines_of_no_time_that_can_be_are_left_out() {
    let page = "http://localhost:9/privacy";
    let soon = chrono::Utc::now() + chrono::Duration::days(2);
    let times = [
        "20120101000000",
        "19890101000000",
        "99991231235959",
        "20121340000000",
        &soon.format("%Y%m%d%H%M%S").to_string(),
    ];
    let held = times.iter().enumerate().map(|(number, at)| Held::page(*at, text(number))).collect();
    let library = Library::open(vec![(page, held)]).await;
    let desk = library.desk(&[("acme", page)], QUICK);
    let left_out = "4 lines left out, being of no time that can be";
    desk.run(&["backfill", "acme"]).exits(0).says("1 captures listed").says(left_out);
    let db = rusqlite::Connection::open(desk.path("policywatch.db")).unwrap();
    let untimely: i64 = db.query_row("SELECT untimely FROM listings", [], |row| row.get(0)).unwrap();
    assert_eq!(untimely, 4);

    // An earlier release kept such lines.
    let older = "INSERT INTO captures (listing_id, timestamp, captured_at, original, media_type, status, digest)
                 SELECT id, '99991231235959', '9999-12-31T23:59:59.000Z', url, 'text/html', 200, 'AAAA' FROM listings";
    db.execute(older, []).unwrap();
    desk.run(&["backfill", "acme"]).exits(0).says("1 captures listed").says("1 held already").says(left_out);
    let nearest = desk.run(&["fetch", "acme", "--at", "9998-01-01", "--dry-run", "--json"]).exits(0).objects();
    assert_eq!(nearest[0]["captured_at"], "2012-01-01T00:00:00.000Z");
    let asked = library.asked();
    assert!(asked.iter().all(|path| path.contains("20120101000000id_")), "{asked:?}");
    let log = desk.run(&["log", "acme", "--json"]).exits(0).objects();
    assert_eq!((log.len(), log[0]["captured_at"].as_str()), (1, Some("2012-01-01T00:00:00.000Z")));
}

/// Lines of no time that can be stand in the middle of an index that comes in parts: what comes
/// behind them is read all the same.
#[tokio::test(flavor = "multi_thread")]
async fn lines_that_are_left_out_do_not_end_a_listing() {
    let page = "http://localhost:9/privacy";
    let times = [
        "20120101000000",
        "99991231235959",
        "20130101000000",
        "19890101000000",
        "20140101000000",
        "20141340000000",
        "20150101000000",
        "20160101000000",
    ];
    let held = times.iter().enumerate().map(|(number, at)| Held::page(*at, text(number))).collect();
    let library = Library::open(vec![(page, held)]).await;
    library.state.lock().unwrap().lines = 3;
    let desk = library.desk(&[("acme", page)], QUICK);
    desk.run(&["backfill", "acme"])
        .exits(0)
        .says("5 captures listed")
        .says("lines left out, being of no time that can be");
    assert!(library.index_requests() > 2, "it came in parts");
    let log = desk.run(&["log", "acme", "--json"]).exits(0).objects();
    let years: Vec<&str> = log.iter().map(|row| &row["captured_at"].as_str().unwrap()[..4]).collect();
    assert_eq!(years, ["2012", "2013", "2014", "2015", "2016"]);
}

/// That a page ends in a redirect to itself, spelt otherwise, is no move, and is asked once.
#[tokio::test(flavor = "multi_thread")]
async fn another_spelling_of_a_page_is_no_move() {
    let alias = Held {
        status: 301,
        location: Some("/web/20160601000000id_/https://www.acme.test/privacy/".to_owned()),
        ..Held::page("20160601000000", "")
    };
    let gone = |at: &str| Held { status: 404, ..Held::page(at, "gone") };
    let lost = "https://acme.test/terms";
    let away = vec![
        Held::page("20120101000000", text(1)),
        gone("20130101000000"),
        gone("20130115000000"),
        gone("20130301000000"),
    ];
    let library = Library::open(vec![(URL, vec![Held::page("20120101000000", text(1)), alias]), (lost, away)]).await;
    let desk = library.desk(&[("acme", URL), ("lost", lost)], QUICK);
    for _ in 0..2 {
        let told = desk.run(&["backfill", "acme"]).exits(0);
        assert!(!told.err.contains("leads to"), "{}", told.err);
    }
    assert_eq!(library.asked().len(), 2, "the page, and the redirect once");
    desk.run(&["backfill", "lost"]).exits(0).says(&format!("since 2013-01-01 {lost} was not found any more"));
}

#[tokio::test(flavor = "multi_thread")]
async fn history_alerts_only_if_asked() {
    let library =
        Library::open(vec![(URL, vec![Held::page("20120101000000", text(1)), Held::page("20150101000000", text(2))])])
            .await;
    let alerting = |desk: &Desk| {
        let config = std::fs::read_to_string(desk.path("policywatch.toml")).unwrap();
        let out = desk.path("alerts.jsonl");
        let channel =
            format!("[[channel]]\nname = \"file\"\nkind = \"file\"\npath = {out:?}\nalert_at = \"editorial\"\n");
        desk.write(
            "policywatch.toml",
            config.replace("notify = []", "alert_at = \"editorial\"\nnotify = [\"file\"]") + &channel,
        );
    };
    for (arguments, deliveries) in [(&["backfill", "acme"][..], 0), (&["backfill", "acme", "--alert"], 1)] {
        let desk = library.desk(&[("acme", URL)], QUICK);
        alerting(&desk);
        desk.run(arguments).exits(0);
        assert_eq!(desk.run(&["deliveries", "--json"]).exits(0).objects().len(), deliveries, "{arguments:?}");
    }
}

/// Whatever troubles the archive: it is told, nothing of it is taken for history, what was
/// fetched is kept, and the same command ends the work once the trouble is over.
#[tokio::test(flavor = "multi_thread")]
async fn an_archive_in_trouble_costs_nothing_but_time() {
    let calm = Library::open(vec![(URL, history(30))]).await;
    let undisturbed = calm.desk(&[("acme", URL)], QUICK);
    undisturbed.run(&["backfill", "acme", "-q"]).exits(0);
    let versions = undisturbed.run(&["log", "acme", "--json"]).exits(0).objects().len();

    let troubles = [
        (Trouble::TooMany(5, None), "slow down (429)", 60),
        (Trouble::TooMany(5, Some(300)), "slow down (429)", 300),
        (Trouble::Down, "status 503", 300),
        (Trouble::Cut, "broken", 300),
        (Trouble::Slow, "no whole answer", 300),
        (Trouble::WebPage, "web page came instead of the index", 0),
    ];
    for (trouble, words, quiet) in troubles {
        let library = Library::open(vec![(URL, history(30))]).await;
        let desk = library.desk(&[("acme", URL)], &format!("{QUICK}\ntimeout = \"1s\""));
        library.trouble(trouble);
        desk.run(&["backfill", "acme", "--no-wait"]).exits(3).says(words);
        let asked = library.asked().len() + library.index_requests();
        assert!(asked < 8, "{trouble:?}: {asked} requests");
        let path = desk.path("policywatch.db");
        if quiet > 0 {
            // A restart forgets nothing: not one request is made.
            desk.run(&["backfill", "acme", "--no-wait"]).exits(3);
            assert_eq!(library.asked().len() + library.index_requests(), asked, "{trouble:?}");
            let connection = Connection::open(&path).unwrap();
            let until: String =
                connection.query_row("SELECT max(quiet_until) FROM archive_pace", [], |row| row.get(0)).unwrap();
            let left = chrono::DateTime::parse_from_rfc3339(&until).unwrap().to_utc() - chrono::Utc::now();
            assert!((quiet - 20..=quiet).contains(&left.num_seconds()), "{trouble:?}: {left}");
            // Time goes by.
            connection.execute("UPDATE archive_pace SET quiet_until = '2020-01-01T00:00:00.000Z'", []).unwrap();
        }
        library.trouble(Trouble::None);
        desk.run(&["backfill", "acme", "-q", "--no-wait"]).exits(0);
        let log = desk.run(&["log", "acme", "--json"]).exits(0).objects();
        assert_eq!(log.len(), versions, "{trouble:?}");
    }
    // Nobody answers: that may be a block, so it is left alone for an hour, and then for two.
    let library = Library::open(vec![]).await;
    let desk = library.desk(&[("acme", URL)], QUICK);
    let config = std::fs::read_to_string(desk.path("policywatch.toml")).unwrap();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let port = library.server.address.to_string();
    desk.write("policywatch.toml", config.replace(&port, &closed.to_string()));
    let path = desk.path("policywatch.db");
    for hours in [1, 2] {
        desk.run(&["backfill", "acme"]).exits(3).says("refuse");
        let connection = Connection::open(&path).unwrap();
        let until: String = connection
            .query_row("SELECT quiet_until FROM archive_pace WHERE class = 'host'", [], |row| row.get(0))
            .unwrap();
        let left = chrono::DateTime::parse_from_rfc3339(&until).unwrap().to_utc() - chrono::Utc::now();
        assert!((hours * 3600 - 20..=hours * 3600).contains(&left.num_seconds()), "{left}");
        connection.execute("UPDATE archive_pace SET quiet_until = '2020-01-01T00:00:00.000Z'", []).unwrap();
    }
}

/// Ten processes, killed in the middle and started again, ask no faster than one.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ten_backfills_at_once_keep_the_limits_of_one() {
    let pages: Vec<(String, String)> =
        (0..10).map(|n| (format!("acme-{n}"), format!("https://acme.test/privacy/{n}"))).collect();
    let held = |n: usize| {
        (0..8).map(|at| Held::page(format!("201{at}0101000000"), text(at) + &format!("<!-- {n} -->"))).collect()
    };
    let library = Library::open(pages.iter().enumerate().map(|(n, (_, url))| (url.as_str(), held(n))).collect()).await;
    library.state.lock().unwrap().takes = Duration::from_millis(15);
    let watches: Vec<(&str, &str)> = pages.iter().map(|(id, url)| (id.as_str(), url.as_str())).collect();
    let pause = Duration::from_millis(60);
    let desk = library.desk(&watches, "index_pause = \"60ms\"\ncapture_pause = \"60ms\"");
    desk.run(&["list"]).exits(0);
    let start = || -> Vec<Child> { pages.iter().map(|(id, _)| spawn(&desk, &["backfill", id, "--no-wait"])).collect() };

    let mut running = start();
    while library.asked().len() < 25 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    for child in &mut running {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let killed_at = library.asked().len();
    for mut child in start() {
        assert!(child.wait().unwrap().success());
    }
    assert!(killed_at < 80, "they were killed in the middle");

    let state = library.state.lock().unwrap();
    let mut asked: Vec<&String> = state.captures.iter().map(|(path, _)| path).collect();
    let requests = asked.len();
    asked.sort();
    asked.dedup();
    assert_eq!(asked.len(), 80);
    assert!(requests <= 90, "{requests}: at most the one that each had under way is asked for again");
    // The index and the captures have one place each.
    assert!(state.most <= 2, "{} at the same time", state.most);
    let captures: Vec<Instant> = state.captures.iter().map(|(_, at)| *at).collect();
    for (what, times) in [("captures", &captures), ("index", &state.index)] {
        // What is counted is when they arrive, so one may be late, and the next in time.
        for window in times.windows(11) {
            let took = window[10] - window[0];
            assert!(took >= pause * 9, "{what}: 11 requests in {took:?}");
        }
    }
    let all = captures[captures.len() - 1] - captures[0];
    println!(
        "ten processes, killed once: {requests} captures in {all:?}, never two at once, {} index requests",
        state.index.len()
    );
}

/// A change that a live check found is captured by the archive and dated by its captures,
/// by a loop that no alert waits for.
#[tokio::test]
async fn a_live_change_is_captured_and_dated_afterwards() {
    use policywatch::backfill::ledger::SharedLedger;
    use policywatch::errands::{Wanted, run_errands};
    use policywatch::fetch::{Fetcher, Options, SaveKeys, WaybackOptions};
    use policywatch::guard::Allowed;
    use policywatch::http::GuardedClient;

    let world = crate::world::World::new().await;
    let watch = world.watch("/privacy", policywatch::judgment::Materiality::Material).await;
    let page = |sentence: &str| crate::world::policy(sentence);
    world.serve_and_check(&watch, page(crate::world::WILL_NOT)).await;
    // Nobody looks for ten days; the archive does, and sees the change on the fifth.
    world.clock.advance(Duration::from_secs(10 * 86_400));
    world.serve_and_check(&watch, page(crate::world::MAY)).await;
    world.deliver_all().await;
    assert_eq!(world.inbox.got().len(), 1, "the alert does not wait");

    let (will_not, may) = (page(crate::world::WILL_NOT), page(crate::world::MAY));
    let held = vec![
        Held::page("20260107000000", will_not.clone()),
        Held::page("20260109000000", will_not + "<!-- again -->"),
        Held::page("20260110000000", may.clone()),
        Held::page("20260112000000", may + "<!-- again -->"),
    ];
    let library = Library::open(vec![("https://acme.test/privacy", held)]).await;
    let saves = Arc::new(Mutex::new(Vec::new()));
    let asked_to_save = Arc::clone(&saves);
    let saver = Server::start(move |asked| {
        let mut saves = asked_to_save.lock().unwrap();
        saves.push(asked.0.clone());
        let body = match (asked.path(), saves.len()) {
            ("/save", _) => r#"{"url":"https://acme.test/privacy","job_id":"spn2-1"}"#,
            ("/save/status/spn2-1", 2) => r#"{"status":"pending","job_id":"spn2-1"}"#,
            _ => r#"{"status":"success","timestamp":"20260115070000","job_id":"spn2-1"}"#,
        };
        vec![Act::Send(answer("200 OK", "x-app-server: a\r\n", body.as_bytes()))]
    })
    .await;
    let fetcher = |server: &Server| {
        let wayback = WaybackOptions {
            base_url: server.url("/"),
            index_pause: Duration::ZERO,
            capture_pause: Duration::ZERO,
            save_keys: Some(SaveKeys::new("keys".into(), "access:secret".to_owned())),
            ..WaybackOptions::default()
        };
        let allow = vec![Allowed::Network("127.0.0.0/8".parse().unwrap())];
        let options = Options { allow, wayback, ..Options::default() };
        let client = GuardedClient::new(&options).unwrap();
        Fetcher::with_ledger(client, options, Arc::new(SharedLedger(world.store.clone())), world.clock.clone())
    };
    let watches = [watch.clone()];
    let run = async |wanted, fetcher: &Fetcher<_>| {
        let unpacker = crate::world::unpacker();
        run_errands(wanted, &watches, &[], fetcher, &world.store, &world.clock, &unpacker).await.unwrap()
    };
    let saver = fetcher(&saver);
    let save = Wanted { save: true, narrow: false };
    assert_eq!(run(Wanted::default(), &saver).await, 0, "off unless it is wanted");
    for done in [1, 0] {
        assert_eq!(run(save, &saver).await, done);
    }
    for _ in 0..3 {
        world.clock.advance(Duration::from_secs(31));
        run(save, &saver).await;
    }
    let asked = saves.lock().unwrap().clone();
    assert_eq!(asked.len(), 3, "{asked:#?}");
    assert!(asked[0].starts_with("POST /save ") && asked[0].contains("authorization: LOW access:secret"));
    assert_eq!(run(save, &saver).await, 0, "once a change");
    let errands = world.store.errands(&watch.id).await.unwrap();
    let states: Vec<_> = errands.iter().map(|errand| (errand.kind.as_str(), errand.state.as_str())).collect();
    assert_eq!(states, [("save", "done"), ("look", "pending")], "what it says is not all: {errands:#?}");

    // Its index does not have it at first, and then it has.
    let library = (fetcher(&library.server), library);
    world.clock.advance(Duration::from_secs(3600));
    assert_eq!(run(save, &library.0).await, 1);
    assert_eq!(world.store.errands(&watch.id).await.unwrap()[1].state, "pending");
    let taken = Held::page("20260115070000", page(crate::world::MAY));
    library.1.state.lock().unwrap().pages.get_mut("https://acme.test/privacy").unwrap().push(taken);
    assert_eq!(run(save, &library.0).await, 0, "at its pace");
    world.clock.advance(Duration::from_secs(2 * 3600));
    assert_eq!(run(save, &library.0).await, 1);
    let look = world.store.errands(&watch.id).await.unwrap().remove(1);
    assert_eq!((look.state.as_str(), look.attempts), ("done", 2));
    assert!(look.result.as_deref().unwrap().starts_with("its index lists it: http://127.0.0.1"), "{look:?}");
    assert!(library.1.asked().is_empty(), "no capture is fetched for that");
    let narrow = Wanted { save: false, narrow: true };
    assert_eq!(run(narrow, &library.0).await, 0, "the archive's index is late");
    world.clock.advance(Duration::from_secs(86_401));
    assert_eq!(run(narrow, &library.0).await, 1);
    let bounds = world.store.bounds(&watch.id).await.unwrap()[&2];
    let days = [bounds.after.unwrap(), bounds.until].map(|at| at.format("%Y-%m-%d").to_string());
    assert_eq!(days, ["2026-01-09", "2026-01-10"]);
    assert_eq!(world.store.versions(&watch.id).await.unwrap().len(), 2, "no other version for that");
    assert_eq!(run(narrow, &library.0).await, 0);
    let asked = library.1.asked();
    assert!(asked.len() <= 4, "{asked:?}");
    assert!(world.deliver_all().await.is_empty(), "nobody is told twice");
}

#[test]
fn archives_are_named_and_the_internet_archive_is_told_who_asks() {
    let desk = Desk::new();
    let store = desk.path("policywatch.db");
    let config = |more: &str| {
        let watch = format!("[[watch]]\nid = \"acme\"\nurl = \"{URL}\"\nnotify = []\n");
        desk.write("policywatch.toml", format!("[store]\npath = {store:?}\n{more}{watch}"));
    };
    config("");
    desk.run(&["backfill", "acme"]).exits(2).says("whom to write to").says("set contact under [fetch]");
    desk.run(&["backfill", "acme", "--archive", "nope"]).exits(2).says("no archive is called \"nope\"");
    for pause in ["index_pause = \"1s\"", "capture_pause = \"10ms\""] {
        config(&format!("[wayback]\n{pause}\n"));
        desk.run(&["config", "check"]).exits(2).prints("is too short");
    }
    config(
        "[[archive]]\nname = \"own\"\nkind = \"pywb\"\nbase_url = \"http://127.0.0.1:9/coll\"\nindex_pause = \"0s\"\n",
    );
    desk.run(&["config", "check"]).exits(0).prints("own = { base_url = \"http://127.0.0.1:9/coll\", kind = \"pywb\" }");
    desk.run(&["backfill", "acme", "--archive", "own"]).exits(3).says("not a public address");
    for (archive, words) in [
        ("name = \"own\"\n", "has no base_url"),
        ("base_url = \"https://a.test\"\n", "has no name"),
        ("name = \"wayback\"\nbase_url = \"https://a.test\"\n", "there is an archive \"wayback\" already"),
        ("name = \"own\"\nbase_url = \"https://a.test\"\nkind = \"cdx\"\n", "\"cdx\" is no kind"),
    ] {
        config(&format!("[[archive]]\n{archive}"));
        desk.run(&["config", "check"]).exits(2).prints(words);
    }
    config("[wayback]\nsave_keys_file = \"keys\"\n");
    desk.run(&["config", "check"]).exits(2).prints("the keys cannot be read");
    desk.write("keys", "nokeys\n");
    desk.run(&["config", "check"]).exits(2).prints("does not hold two keys");
    desk.write("keys", "access:secret\n");
    let shown = desk.run(&["config", "check"]).exits(0);
    assert!(!shown.out.contains("secret") && !shown.err.contains("access:"), "{}", shown.out);
    for (urls, words) in [
        ("urls = [\"https://acme.test/old\"]\n", "urls must be tables"),
        ("urls = [{ url = \"https://acme.test/old\" }]\n", "has no until"),
        ("urls = [{ url = \"https://acme.test/old\", until = \"May\" }]\n", "\"May\" is no day"),
        (
            "urls = [{ url = \"https://acme.test/b\", until = \"2019-05-01\" }, { url = \"https://acme.test/a\", until = \"2018-05-01\" }]\n",
            "not in the order of time",
        ),
    ] {
        let watch = format!("[[watch]]\nid = \"acme\"\nurl = \"{URL}\"\n{urls}");
        desk.write("policywatch.toml", format!("[store]\npath = {store:?}\n{watch}"));
        desk.run(&["config", "check"]).exits(2).prints(words);
    }
}

/// What fails for once is tried again at the end; what the archive asks for is waited for.
#[tokio::test]
async fn a_run_waits_for_an_archive_that_asks_it_to() {
    use policywatch::backfill::ledger::SharedLedger;
    use policywatch::backfill::{Event, Options, backfill};
    use policywatch::clock::Clock as _;
    use policywatch::fetch::{self, Fetcher, WaybackOptions};
    use policywatch::guard::Allowed;
    use policywatch::http::GuardedClient;

    for trouble in [Trouble::Hiccup(3), Trouble::TooMany(4, None), Trouble::TooMany(2, Some(600))] {
        let world = crate::world::World::new().await;
        let watch = world.watch("/privacy", policywatch::judgment::Materiality::Material).await;
        let held: Vec<Held> = (1..9).map(|n| Held::page(format!("201{n}0101000000"), text(n))).collect();
        let library = Library::open(vec![("https://acme.test/privacy", held)]).await;
        library.trouble(trouble);
        let wayback = WaybackOptions {
            base_url: library.server.url("/"),
            index_pause: Duration::ZERO,
            capture_pause: Duration::ZERO,
            ..WaybackOptions::default()
        };
        let allow = vec![Allowed::Network("127.0.0.0/8".parse().unwrap())];
        let options = fetch::Options { allow, wayback, ..fetch::Options::default() };
        let client = GuardedClient::new(&options).unwrap();
        let ledger = Arc::new(SharedLedger(world.store.clone()));
        let fetcher = Fetcher::with_ledger(client, options, ledger, world.clock.clone());
        let options = Options { patience: Duration::from_secs(900), ..Options::default() };
        let began = world.clock.now();
        let (mut waits, unpacker) = (0, crate::world::unpacker());
        let told = |event: Event<'_>| {
            if let Event::Waiting { until, .. } = event {
                waits += 1;
                library.trouble(Trouble::None);
                world.clock.advance((until - world.clock.now()).to_std().unwrap());
            }
        };
        let archive = fetcher.archive();
        let done = backfill(&watch, &options, archive, &world.store, &world.clock, &unpacker, told).await.unwrap();
        assert_eq!((done.versions, done.missed, done.left), (8, 0, 0), "{trouble:?}");
        let waited = (world.clock.now() - began).num_seconds();
        let expected = match trouble {
            Trouble::TooMany(_, after) => (1, i64::from(after.unwrap_or(60))),
            _ => (0, 0),
        };
        assert_eq!((waits, waited), expected, "{trouble:?}");
        let texts = world.store.versions(&watch.id).await.unwrap();
        assert!(texts.windows(2).all(|pair| pair[0].captured_at < pair[1].captured_at));
    }
}

/// An archive on loopback, asked with an account in the store.
fn fetcher_of(
    base: url::Url,
    world: &crate::world::World,
    ledger: Arc<dyn policywatch::fetch::Ledger>,
) -> policywatch::fetch::Fetcher<policywatch::clock::HeldClock> {
    let wayback = policywatch::fetch::WaybackOptions {
        base_url: base,
        index_pause: Duration::ZERO,
        capture_pause: Duration::ZERO,
        ..Default::default()
    };
    let allow = vec![policywatch::guard::Allowed::Network("127.0.0.0/8".parse().unwrap())];
    let options = policywatch::fetch::Options { allow, wayback, ..Default::default() };
    let client = policywatch::http::GuardedClient::new(&options).unwrap();
    policywatch::fetch::Fetcher::with_ledger(client, options, ledger, world.clock.clone())
}

/// The history of a policy that was followed elsewhere is that of all its addresses, each in
/// its time, and what is done at archives later is done where it is now.
#[tokio::test]
async fn a_policy_that_moved_has_the_history_of_its_addresses() {
    use policywatch::backfill::ledger::SharedLedger;
    use policywatch::backfill::{Options, backfill};
    use policywatch::clock::Clock as _;
    use policywatch::discovery::moves::{MoveState, NewMove, Way};
    use policywatch::store::ErrandKind;

    let world = crate::world::World::new().await;
    let watch = world.watch("/privacy", policywatch::judgment::Materiality::Material).await;
    let there = watch.url.join("/trust/privacy").unwrap();
    let word = NewMove { url: there.clone(), way: Way::Operator, alike: None, state: MoveState::Accepted };
    let moved_at = world.clock.now();
    world.store.record_moves(&watch, None, vec![word], moved_at).await.unwrap();
    let at_old = vec![
        Held::page("20240101000000", text(1)),
        Held::page("20250101000000", text(2)),
        // Since it moved, somebody else's text stands there.
        Held::page("20260301000000", text(3)),
    ];
    let at_new = vec![Held::page("20240601000000", text(4)), Held::page("20260201000000", text(5))];
    let library =
        Library::open(vec![("https://acme.test/privacy", at_old), ("https://acme.test/trust/privacy", at_new)]).await;
    world.clock.advance(Duration::from_secs(100 * 86_400));
    let fetcher = fetcher_of(library.server.url("/"), &world, Arc::new(SharedLedger(world.store.clone())));
    let (archive, unpacker) = (fetcher.archive(), crate::world::unpacker());
    backfill(&watch, &Options::default(), archive, &world.store, &world.clock, &unpacker, |_| {}).await.unwrap();
    let versions = world.store.versions(&watch.id).await.unwrap();
    let days: Vec<String> = versions.iter().map(|version| version.captured_at.format("%Y-%m-%d").to_string()).collect();
    assert_eq!(days, ["2024-01-01", "2025-01-01", "2026-02-01"]);

    world.site.serve("/trust/privacy", crate::world::policy(crate::world::MAY));
    let checked = world.check(&watch).await;
    assert_eq!(checked.outcome.as_str(), "changed");
    let now = world.clock.now();
    let archives = [(watch.id.clone(), watch.archives.clone())].into();
    assert_eq!(world.store.find_errands(ErrandKind::Save, &archives, moved_at, now, now).await.unwrap(), 1);
    assert_eq!(world.store.find_errands(ErrandKind::Save, &archives, moved_at, now, now).await.unwrap(), 0);
    let errand = world.store.claim_errand(now, now).await.unwrap().unwrap();
    assert_eq!(errand.url, there.as_str());
    world.deliver_all().await;
}

/// A check that finds the archive busy with a history does not wait for its end.
#[tokio::test]
async fn a_check_does_not_wait_for_a_backfill() {
    use policywatch::clock::Clock as _;
    use policywatch::fetch::ledger::InMemory;
    use policywatch::fetch::{Fetch as _, Ledger as _, Request};
    use policywatch::outcome::FailureKind;
    use policywatch::pace::{Class, Turn};
    use policywatch::watch::{RobotsRule, Source};

    let world = crate::world::World::new().await;
    let library = Library::open(vec![("https://acme.test/privacy", vec![Held::page("20240101000000", text(1))])]).await;
    let ledger = Arc::new(InMemory::default());
    let base = library.server.url("/");
    let host = format!("{}:{}", base.host_str().unwrap(), base.port().unwrap());
    let (turn, lease) = ledger.turn(&host, Class::Index, Duration::ZERO, world.clock.now()).await.unwrap();
    assert_eq!((turn, lease.is_some()), (Turn::Now, true), "a backfill asks the index");
    let fetcher = fetcher_of(base, &world, ledger);
    let request = || Request {
        url: "https://acme.test/privacy".parse().unwrap(),
        source: Source::Wayback,
        at: None,
        validators: Default::default(),
        language: None,
        robots: RobotsRule::default(),
        access: Default::default(),
        archives: Vec::new(),
    };
    let passing = async {
        loop {
            world.clock.advance(Duration::from_secs(1));
            tokio::task::yield_now().await;
        }
    };
    let began = world.clock.now();
    let failed = tokio::select! {
        came = fetcher.fetch(request()) => came.unwrap_err(),
        () = passing => unreachable!("time goes on"),
    };
    assert!(matches!(&failed.kind, FailureKind::ArchiveBusy { .. }), "{failed:?}");
    assert!(failed.kind.to_string().starts_with("not asked:") && failed.kind.is_transient(), "{}", failed.kind);
    assert!((world.clock.now() - began).num_seconds() <= 40);
    assert_eq!(library.asked(), Vec::<String>::new());
    drop(lease);
    fetcher.fetch(request()).await.expect("it is free again");
}
