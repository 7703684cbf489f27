//! Pages as odd as those of the live web: what serves them in ways of its own, and what shows
//! them in frames, by routes and by leading on. All on the loopback interface.

use std::time::Duration;

use policywatch::clock::SystemClock;
use policywatch::fetch::browser::BrowserOptions;
use policywatch::fetch::{Fetch as _, Fetched, Fetcher, Options};
use policywatch::guard::Allowed;
use policywatch::http::GuardedClient;
use policywatch::outcome::FetchFailure;
use policywatch::reading::{Expected, Selectors, read};
use policywatch::snapshot::Snapshot;

use policywatch::check::{Ports, SPREAD, check};
use policywatch::clock::Clock as _;
use policywatch::ladder::Ladder;
use policywatch::store::Store;
use policywatch::watch::{Watch, WatchId};

use crate::fetching::server::{Act, Asked, Server, answer, gzip, redirect, request};
use crate::rendering::{browser, rendered};
use crate::world::{unpacker, watch};

const MARK: &str = "the data that a kettle records in your kitchen";

fn policy() -> String {
    let chapter = "<h2>Chapter N</h2><p>We collect your name and your e-mail address when you use our service, and process \
        them to keep your account. You may ask for access to your personal data, or for its erasure.</p>";
    let chapters: String = (1..=8).map(|n| chapter.replace('N', &n.to_string())).collect();
    format!("<h1>Privacy Policy</h1><p>This privacy policy explains how we handle {MARK}.</p>{chapters}")
}

fn document(body: &str) -> String {
    format!("<!doctype html><html lang=en><head><title>Privacy Policy | Acme</title></head><body>{body}</body></html>")
}

fn html(body: &str) -> Vec<Act> {
    with("200 OK", "", document(body).as_bytes())
}

fn with(status: &str, headers: &str, body: &[u8]) -> Vec<Act> {
    vec![Act::Send(answer(status, &format!("content-type: text/html; charset=utf-8\r\n{headers}"), body))]
}

async fn plain(server: &Server, path: &str) -> Result<Fetched, FetchFailure> {
    let allow = vec![Allowed::Network("127.0.0.0/8".parse().unwrap())];
    let options = Options { allow, pause_per_host: Duration::ZERO, ..Options::default() };
    let client = GuardedClient::new(&options).unwrap();
    Fetcher::with_client(client, options, SystemClock).fetch(request(server.url(path))).await
}

/// What a page says, or why not, after a word that says which.
fn said(snapshot: &Snapshot) -> String {
    match read(snapshot, &Selectors::default(), &Expected::default()) {
        Ok(reading) if reading.text().contains(MARK) => "whole".to_owned(),
        Ok(reading) => format!("another text: {}", reading.text()),
        Err(refused) => format!("refused: {refused}"),
    }
}

#[tokio::test]
async fn however_a_server_sends_it_the_page_is_read_or_refused_by_name() {
    let server = Server::start(|asked: &Asked| {
        let page = document(&policy());
        let packed = gzip(page.as_bytes());
        match asked.path() {
            "/gzip" => with("200 OK", "content-encoding: gzip\r\n", &packed),
            "/gzip-twice" => with("200 OK", "content-encoding: gzip, gzip\r\n", &gzip(&packed)),
            "/identity-gzip" => with("200 OK", "content-encoding: identity, gzip\r\n", &packed),
            "/two-headers" => with("200 OK", "content-encoding: identity\r\ncontent-encoding: gzip\r\n", &packed),
            "/gzip-unsaid" => with("200 OK", "", &packed),
            "/gzip-said-once" => with("200 OK", "content-encoding: gzip\r\n", &gzip(&packed)),
            "/attachment" => with("200 OK", "content-disposition: attachment; filename=p.html\r\n", page.as_bytes()),
            "/language" if asked.header("accept-language").is_some_and(|said| said.starts_with("en")) => {
                redirect("/en")
            }
            "/language" => redirect("/xx"),
            "/en" => html(&policy()),
            "/part" => {
                let part = &page.as_bytes()[..page.len() / 2];
                let range = format!("content-range: bytes 0-{}/{}\r\n", part.len() - 1, page.len());
                with("206 Partial Content", &range, part)
            }
            "/part-of-all" => {
                let range = format!("content-range: bytes 0-{}/{}\r\n", page.len() - 1, page.len());
                with("206 Partial Content", &range, page.as_bytes())
            }
            "/unasked-304" => {
                vec![Act::Send(b"HTTP/1.1 304 Not Modified\r\netag: \"1\"\r\nconnection: close\r\n\r\n".to_vec())]
            }
            _ => with("404 Not Found", "", b"nothing"),
        }
    })
    .await;
    let whole = [
        "/gzip",
        "/gzip-twice",
        "/identity-gzip",
        "/two-headers",
        "/gzip-unsaid",
        "/gzip-said-once",
        "/attachment",
        "/language",
    ];
    for path in whole {
        match plain(&server, path).await {
            Ok(Fetched::Snapshot(snapshot)) => assert_eq!(said(&snapshot), "whole", "{path}"),
            other => panic!("{path}: {other:?}"),
        }
    }
    let ended = |came: Result<Fetched, FetchFailure>| match came {
        Ok(Fetched::Snapshot(snapshot)) => said(&snapshot),
        Ok(Fetched::NotModified) => "not modified".to_owned(),
        Err(failure) => format!("failed: {}", failure.kind),
    };
    let part = ended(plain(&server, "/part").await);
    assert!(part.starts_with("refused") || part.starts_with("failed"), "half a policy is none: {part}");
    let all = ended(plain(&server, "/part-of-all").await);
    assert!(all.starts_with("refused: malformed"), "nobody asked for a part: {all}");
    let unasked = ended(plain(&server, "/unasked-304").await);
    assert!(unasked.starts_with("refused") || unasked.starts_with("failed"), "nothing is known of it: {unasked}");
}

#[tokio::test]
async fn however_a_site_shows_it_a_browser_reads_it() {
    let Some(browser) = browser() else { return };
    let others = Server::start(|asked: &Asked| match asked.path() {
        "/kept-policy" => html(&policy()),
        "/kept-short" => html(SHORT),
        "/kept-form" => html(&format!("{SHORT}<form><textarea></textarea><button>Send</button></form>")),
        "/comments" => {
            html(&"<p>Chat with us about the kettle that you bought of us last year, please.</p>".repeat(400))
        }
        _ => html("<p>Chat with us. We are here to help you with your kettle.</p>"),
    })
    .await;
    let (kept, chat, comments) = (others.url("/kept-policy"), others.url("/chat"), others.url("/comments"));
    let (short, form) = (others.url("/kept-short"), others.url("/kept-form"));
    let server = Server::start(move |asked: &Asked| match asked.path() {
        "/short-elsewhere" => html(&format!("<p>Acme</p><iframe src='{short}' width=900 height=700></iframe>")),
        "/form-elsewhere" => html(&format!("<p>Acme</p><iframe src='{form}' width=900 height=700></iframe>")),
        "/frameset-of-others" => with(
            "200 OK",
            "",
            format!(
                "<html><title>Privacy Policy</title><frameset cols='10%,90%'><frame src='{chat}' title=Menu>\
                 <frameset rows='50%,50%'><frame src='{kept}'><frame src=/menu></frameset></frameset></html>"
            )
            .as_bytes(),
        ),
        "/refresh" => html("<meta http-equiv=refresh content='0; url=/refresh/2'>"),
        "/refresh/2" => html("<meta http-equiv=refresh content='1; url=/whole'>"),
        "/whole" => html(&policy()),
        "/written" => html(&format!("<script>document.write({})</script>", serde_json::Value::from(policy()))),
        "/written-late" => html(&format!(
            "<p>One moment</p><script>onload = () => setTimeout(() => {{ document.open(); document.write({}); \
             document.close() }}, 300)</script>",
            serde_json::Value::from(policy())
        )),
        "/routed" => html(&format!(
            "<div id=app></div><script>const show = () => document.getElementById('app').innerHTML = \
             location.hash === '#/privacy' ? {} : '<p>Welcome to our kettles.</p>'; onhashchange = show; show()</script>",
            serde_json::Value::from(policy())
        )),
        "/kept-elsewhere" => html(&format!(
            "<p>Acme</p><iframe src='{kept}' width=900 height=700></iframe><footer>{}</footer>",
            "<a href='/elsewhere'>Where we are</a> ".repeat(100)
        )),
        "/with-a-chat" => html(&format!("{}<iframe src='{chat}' width=300 height=300></iframe>", policy())),
        "/with-comments" => html(&format!("{}<iframe src='{comments}' width=900 height=700></iframe>", policy())),
        "/object" => html("<p>Acme</p><object data=/whole type=text/html width=900 height=700></object>"),
        "/embed" => html("<p>Acme</p><embed src=/whole type=text/html width=900 height=700>"),
        "/frameset" => vec![Act::Send(answer(
            "200 OK",
            "content-type: text/html\r\n",
            b"<html><title>Privacy Policy</title><frameset cols=\"10%,90%\"><frame src=/menu><frame src=/whole></frameset></html>",
        ))],
        "/frameset-of-nothing" => with(
            "200 OK",
            "",
            b"<html><title>Privacy Policy</title><frameset cols=\"10%,90%\"><frame src=/menu><frame src=/menu></frameset></html>",
        ),
        "/menu" => html("<a href=/>Home</a>"),
        "/endless" => html(&format!(
            "{}<script>onscroll = more; function more() {{ fetch('/more?' + Math.random()).then((r) => r.text()).then((t) => \
             document.body.insertAdjacentHTML('beforeend', '<img alt>')) }} setInterval(more, 50)</script>",
            policy()
        )),
        "/more" => vec![Act::Pause(Duration::from_millis(100)), Act::Send(answer("200 OK", "", b"more"))],
        _ => with("404 Not Found", "", b"nothing"),
    })
    .await;
    let limited = BrowserOptions { timeout: Duration::from_secs(90), ..browser };
    let paths = [
        "/refresh",
        "/written",
        "/written-late",
        "/routed#/privacy",
        "/kept-elsewhere",
        "/with-a-chat",
        "/with-comments",
        "/object",
        "/embed",
        "/frameset",
        "/endless",
    ];
    let mut wrong = Vec::new();
    for path in paths {
        match rendered(&server, path, limited.clone()).await {
            Ok(snapshot)
                if said(&snapshot) == "whole" && !String::from_utf8_lossy(&snapshot.body).contains("Chat with us") => {}
            Ok(snapshot) => wrong.push(format!("{path}: {}", said(&snapshot))),
            Err(failure) => wrong.push(format!("{path}: {failure}")),
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    // A short policy is one, too; what asks for something is not.
    for (path, taken) in [("/short-elsewhere", true), ("/form-elsewhere", false)] {
        let body = rendered(&server, path, limited.clone()).await.unwrap().body;
        assert_eq!(String::from_utf8_lossy(&body).contains("records of your kettle"), taken, "{path}");
    }
    // Those of a frameset that nothing was taken of stay beside what was.
    let snapshot = rendered(&server, "/frameset-of-others", limited.clone()).await.unwrap();
    let body = String::from_utf8_lossy(&snapshot.body);
    assert_eq!(said(&snapshot), "whole", "{body}");
    assert_eq!(body.matches("<iframe ").count(), 2, "{body}");
    assert!(body.contains("title=\"Menu\"") && !body.contains("Chat with us"), "{body}");
    // Frames that hold nothing to take in are still there to be told of.
    let empty = rendered(&server, "/frameset-of-nothing", limited).await.unwrap();
    assert!(String::from_utf8_lossy(&empty.body).contains("<frame "), "{}", String::from_utf8_lossy(&empty.body));
}

/// A whole policy of few words.
const SHORT: &str = "<h1>Privacy Policy</h1><p>Acme Kettles keeps the records of your kettle: how hot the water was, and when. \
    We need them to find out why a kettle fails. We do not share this personal data with anybody, and we do not sell it.</p>\
    <p>Your records are deleted after thirty days. You have the right to a copy of them before. Write to us at any time, and we \
    answer within a week; whoever is not content with that may complain to the authority.</p>";

/// What others show in a page makes it no longer than a page may be.
#[tokio::test]
async fn a_frame_that_there_is_no_room_for_is_left_out() {
    let Some(browser) = browser() else { return };
    let text = "<p>We keep the data of your kettle for as long as you boil water with it.</p>".repeat(500);
    let own = text.clone();
    let others = Server::start(move |_: &Asked| html(&text)).await;
    let kept = others.url("/kept-policy");
    let server = Server::start(move |asked: &Asked| {
        let long = if asked.path().contains("long") { "x".repeat(40_000) } else { String::new() };
        match asked.path() {
            "/own" => return html(&own),
            // A frame of the same site, beside one of another or alone.
            "/both" => {
                return html(&format!(
                    "<p>Acme</p><iframe src='{kept}' width=900 height=700></iframe><iframe src=/own width=900 height=700></iframe>"
                ));
            }
            "/long-own" => return html(&format!("<p title='{long}'>Acme</p><iframe src=/own width=900 height=700></iframe>")),
            _ => {}
        }
        html(&format!("<p title='{long}'>Acme</p><iframe src='{kept}' width=900 height=700></iframe>"))
    })
    .await;
    let allow = vec![Allowed::Network("127.0.0.0/8".parse().unwrap())];
    let options = Options { allow, pause_per_host: Duration::ZERO, max_body: 64 << 10, browser, ..Options::default() };
    let fetcher = Fetcher::with_client(GuardedClient::new(&options).unwrap(), options, SystemClock);
    for (path, taken) in [("/short", true), ("/long", false), ("/both", true), ("/long-own", false)] {
        let fetched = fetcher.render(request(server.url(path))).await;
        let Ok(Fetched::Snapshot(snapshot)) = fetched else { panic!("{path}: {fetched:?}") };
        assert_eq!(String::from_utf8_lossy(&snapshot.body).contains("you boil water"), taken, "{path}");
    }
}

/// Two policies of an app that are told apart by nothing but a route behind `#`: each is followed
/// for itself, and no arrival without the route is a move.
#[tokio::test]
async fn a_route_of_an_app_is_a_page_of_its_own() {
    let Some(browser) = browser() else { return };
    let revised = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let asked = std::sync::Arc::clone(&revised);
    let server = Server::start(move |request: &Asked| match request.path() {
        "/texts/terms" => html(&policy().replace("Privacy Policy", "Terms of Service").replace("erasure", "export")),
        "/texts/privacy" if asked.load(std::sync::atomic::Ordering::SeqCst) => {
            html(&policy().replace("or for its erasure", "but not for its erasure"))
        }
        "/texts/privacy" => html(&policy()),
        "/app" => html(
            "<div id=app></div><script>const show = () => fetch('/texts' + location.hash.slice(1)).then((r) => r.text())
             .then((text) => { document.getElementById('app').innerHTML = text }); onhashchange = show; show()</script>",
        ),
        _ => with("404 Not Found", "", b"nothing"),
    })
    .await;
    let dir = tempfile::tempdir().unwrap();
    let allow = vec![Allowed::Network("127.0.0.0/8".parse().unwrap())];
    let options = Options { allow, pause_per_host: Duration::ZERO, browser, ..Options::default() };
    let ports = Ports {
        store: Store::open(&dir.path().join("policywatch.db")).await.unwrap(),
        fetcher: Fetcher::with_client(GuardedClient::new(&options).unwrap(), options, SystemClock),
        unpacker: unpacker(),
        clock: SystemClock,
        spread: SPREAD,
    };
    let routed = |route: &str| Watch {
        id: WatchId::new(route).unwrap(),
        url: server.url(&format!("/app#/{route}")),
        ladder: Ladder { archive: false, ..Ladder::default() },
        ..watch("/app", &["desk"])
    };
    let both = [routed("privacy"), routed("terms")];
    let now = SystemClock.now();
    ports.store.sync_watches(both.to_vec(), move |_, _| Some(now), now).await.unwrap();
    let look = async || {
        let mut outcomes = Vec::new();
        for watch in &both {
            let checked = check(watch, &ports).await.unwrap();
            assert_eq!(checked.moved, None, "{}", watch.id);
            outcomes.push(checked.outcome.as_str());
        }
        outcomes
    };
    assert_eq!(look().await, ["first", "first"]);
    for (watch, says) in both.iter().zip(["Privacy Policy", "Terms of Service"]) {
        let version = ports.store.latest(&watch.id).await.unwrap().unwrap();
        assert!(version.reading.text().contains(says), "{}: {}", watch.id, version.reading.text());
    }
    assert_eq!(look().await, ["unchanged", "unchanged"]);
    revised.store(true, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(look().await, ["changed", "unchanged"]);
}
