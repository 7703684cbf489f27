//! Pages that take a browser, in a real Chromium, all of them served on the loopback interface
//! and every name resolved in memory.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use policywatch::clock::SystemClock;
use policywatch::fetch::browser::BrowserOptions;
use policywatch::fetch::{Fetch as _, Fetched, Fetcher, Options};
use policywatch::guard::{Allowed, check_url};
use policywatch::http::GuardedClient;
use policywatch::outcome::FailureKind;
use policywatch::reading::{Expected, Selectors, read};
use policywatch::snapshot::{Origin, Snapshot};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use url::Url;

use crate::fetching::server::{Act, Asked, Names, Server, answer, redirect, request};
use crate::world::{WILL_NOT, policy};

const PROGRAM: &str = env!("CARGO_BIN_EXE_policywatch");

/// How this machine's browser is run; none, with a word, where it has none.
pub fn browser() -> Option<BrowserOptions> {
    let options = BrowserOptions {
        keeper: Some(PROGRAM.into()),
        at_once: 2,
        // Runs the machine is busy with other things, too.
        timeout: Duration::from_secs(90),
        ..BrowserOptions::default()
    };
    match options.program() {
        Ok(_) => Some(options),
        Err(missing) => {
            println!("skipped: {missing}");
            None
        }
    }
}

/// A fetcher that may reach these networks, and knows these names.
fn fetcher(allow: &[&str], names: Names, browser: BrowserOptions) -> Fetcher<SystemClock> {
    let options = Options {
        allow: allow.iter().map(|network| Allowed::Network(network.parse().unwrap())).collect(),
        pause_per_host: Duration::ZERO,
        browser,
        ..Options::default()
    };
    let client = GuardedClient::with_lookup(&options, Arc::new(names)).unwrap();
    Fetcher::with_client(client, options, SystemClock)
}

pub async fn rendered(server: &Server, path: &str, browser: BrowserOptions) -> Result<Snapshot, FailureKind> {
    let fetcher = fetcher(&["127.0.0.0/8"], Names(Vec::new()), browser);
    match fetcher.render(request(server.url(path))).await {
        Ok(Fetched::Snapshot(snapshot)) => Ok(*snapshot),
        Ok(Fetched::NotModified) => panic!("nothing was asked conditionally"),
        Err(failure) => Err(failure.kind),
    }
}

/// What a page says, or why not.
fn said(snapshot: &Snapshot) -> String {
    match read(snapshot, &Selectors::default(), &Expected::default()) {
        Ok(reading) => reading.text(),
        Err(refused) => refused.to_string(),
    }
}

fn page(html: &str) -> Vec<Act> {
    vec![Act::Send(answer("200 OK", "content-type: text/html; charset=iso-8859-1\r\n", html.as_bytes()))]
}

/// The document around a script.
fn shell(body: &str) -> Vec<Act> {
    page(&format!("<!doctype html><html lang=en><head><title>Privacy Policy</title></head><body>{body}</body></html>"))
}

fn main_of_policy() -> String {
    let whole = policy(WILL_NOT);
    let (_, rest) = whole.split_once("<main>").unwrap();
    rest.split_once("</main>").unwrap().0.to_owned()
}

const LOAD: &str = "const load = (path) => fetch(path).then((r) => r.text()).then((t) => {
    document.getElementById('app').innerHTML = '<main>' + t + '</main>' });";

#[tokio::test]
async fn a_page_that_scripts_make_is_read() {
    let Some(browser) = browser() else { return };
    let server = Server::start(|asked: &Asked| match asked.path() {
        "/old" => redirect("/privacy"),
        "/text" => page(&main_of_policy()),
        _ => shell(&format!(
            "<div id=app></div><noscript>Enable scripts</noscript><script>{LOAD} load('/text')</script>"
        )),
    })
    .await;
    let snapshot = rendered(&server, "/old", browser).await.unwrap();
    let text = said(&snapshot);
    assert!(text.contains(WILL_NOT) && text.contains("5. Your rights"), "{text}");
    assert_eq!((snapshot.status, snapshot.header("content-type")), (200, Some("text/html; charset=iso-8859-1")));
    assert_eq!(snapshot.final_url, server.url("/privacy").as_str());
    let hops: Vec<_> = snapshot.redirects.iter().map(|hop| (hop.status, hop.to.as_str())).collect();
    assert_eq!(hops, [(302, snapshot.final_url.as_str())]);
    let Origin::Rendered { browser, remote_addr, .. } = &snapshot.origin else { panic!("{:?}", snapshot.origin) };
    assert!(browser.contains("Chrom"), "{browser}");
    assert_eq!(remote_addr.as_deref(), Some(server.address.to_string().as_str()));
    let agent = server.asked()[0].header("user-agent").unwrap_or_default().to_owned();
    assert!(agent.contains("policywatch/"), "it says who it is: {agent}");
}

#[tokio::test]
async fn what_is_closed_is_opened_without_leaving_the_page() {
    let Some(browser) = browser() else { return };
    let server = Server::start(|asked: &Asked| match asked.path() {
        "/privacy" => shell(CLOSED),
        _ => page("<p>Somewhere else"),
    })
    .await;
    let snapshot = rendered(&server, "/privacy", browser).await.unwrap();
    let text = said(&snapshot);
    for words in [
        "name and postal address",
        WILL_NOT,
        "ask us for a copy",
        "for ten years",
        "supervisory authority",
        "Residents of California",
    ] {
        assert_eq!(text.matches(words).count(), 1, "{words} in:\n{text}");
    }
    let order =
        ["What we collect", "Sharing", "Your rights", "Retention", "Europe"].map(|word| text.find(word).unwrap());
    assert!(order.is_sorted(), "{text}");
    assert_eq!(snapshot.final_url, server.url("/privacy").as_str());
    let left: Vec<_> =
        server.asked().iter().map(|asked| asked.path().to_owned()).filter(|path| path == "/away").collect();
    assert!(left.is_empty(), "a button led away");
}

/// An accordion of which one part is open at a time, tabs of one panel, and ways to leave.
const CLOSED: &str = r##"<main><h1>Privacy Policy</h1>
<p>This policy explains how Acme handles the personal data of people who use its kettles.</p>
<div id=parts></div>
<details><summary>Retention</summary><p>We keep orders for ten years, as tax law requires.</p></details>
<div role=tablist><button role=tab id=t1 aria-selected=true aria-controls=p>Europe</button>
<button role=tab id=t2 aria-selected=false aria-controls=p>California</button></div>
<div role=tabpanel id=p></div>
<p><a href="/away" aria-expanded=false>More of our policies</a>
<button aria-expanded=false onclick="location.href = '/away'">Shop</button></p></main>
<script>
const parts = [["What we collect", "We collect your name and postal address when you order a kettle."],
  ["Sharing", "We will not sell your personal data to anyone."],
  ["Your rights", "You can ask us for a copy of your data, and ask us to delete it."]];
let open = null;
for (const [heading, text] of parts) {
  const part = document.createElement("div");
  part.innerHTML = "<h2><button aria-expanded=false>" + heading + "</button></h2>";
  const button = part.querySelector("button");
  button.onclick = () => {
    if (open) { open.button.setAttribute("aria-expanded", "false"); open.body.remove(); }
    const body = document.createElement("div");
    body.innerHTML = "<p>" + text + "</p>";
    part.append(body);
    button.setAttribute("aria-expanded", "true");
    open = { button, body };
  };
  document.getElementById("parts").append(part);
}
const panels = { t1: "People in Europe may complain to the supervisory authority of their country.",
  t2: "Residents of California may opt out of the sharing of their personal information." };
const show = (tab) => {
  document.getElementById("p").textContent = panels[tab];
  for (const id of ["t1", "t2"]) document.getElementById(id).setAttribute("aria-selected", id === tab);
};
for (const id of ["t1", "t2"]) document.getElementById(id).onclick = () => show(id);
show("t1");
</script>"##;

#[tokio::test]
async fn consent_is_given_as_sparingly_as_the_page_allows() {
    let Some(browser) = browser() else { return };
    let server = Server::start(|asked: &Asked| match asked.path() {
        "/text-none" | "/text-all" => page(&main_of_policy()),
        _ => shell(&format!(
            "<div id=app></div><div id=ask role=dialog style='position:fixed;inset:0;background:#fff'>
             <h2>We value your privacy</h2><p>We and our 812 partners store cookies on your device. Please choose.</p>
             <button id=all>Accept all</button><button id=none>Only necessary cookies</button></div>
             <script>{LOAD} for (const id of ['all', 'none']) document.getElementById(id).onclick = () => {{
             document.getElementById('ask').remove(); load('/text-' + id) }}</script>"
        )),
    })
    .await;
    let snapshot = rendered(&server, "/privacy", browser).await.unwrap();
    assert!(said(&snapshot).contains(WILL_NOT), "{}", said(&snapshot));
    let asked: Vec<String> = server.asked().iter().map(|asked| asked.path().to_owned()).collect();
    assert!(asked.contains(&"/text-none".to_owned()) && !asked.contains(&"/text-all".to_owned()), "{asked:?}");
}

#[tokio::test]
async fn a_page_that_turns_robots_away_is_a_wall_in_a_browser_too() {
    let Some(browser) = browser() else { return };
    let server = Server::start(|_: &Asked| {
        shell(&format!(
            "<div id=app></div><script>{LOAD} if (/policywatch|Headless/.test(navigator.userAgent) || navigator.webdriver) {{
             document.title = 'Access denied';
             document.getElementById('app').innerHTML = '<h1>Access denied</h1><p>Automated access was detected. \
             Verify you are human to continue.</p>' }} else load('/text')</script>"
        ))
    })
    .await;
    let snapshot = rendered(&server, "/privacy", browser).await.unwrap();
    assert!(said(&snapshot).starts_with("bot_wall"), "{}", said(&snapshot));
}

/// A server on another loopback address, which must not be reached, and how often it was.
async fn forbidden(address: &str) -> Server {
    Server::start_at(address, |_: &Asked| page("<p id=secret>inside</p>")).await
}

#[tokio::test]
async fn a_page_reaches_no_address_that_a_plain_fetch_does_not() {
    let Some(browser) = browser() else { return };
    let inside = forbidden("127.0.0.2:0").await;
    let port = inside.address.port();
    let six = Server::start_at(&format!("[::1]:{port}"), |_: &Asked| page("<p>inside")).await;
    let hosts = [
        "127.0.0.2",
        "127.2",
        "2130706434",
        "0x7f000002",
        "0177.0.0.2",
        "127。0。0。2",
        "[::1]",
        "[::ffff:127.0.0.2]",
        "localhost",
        "x.localhost",
        "inside.test",
        "both.test",
    ];
    let ways: String = hosts
        .iter()
        .map(|host| {
            // Names have no port of their own that may be asked; it is their address that is refused.
            let port = if host.ends_with(".test") { 80 } else { port };
            let at = format!("http://{host}:{port}");
            let web = format!("ws://{host}:{port}/w");
            format!(
                "<img src='{at}/img'><iframe src='{at}/frame'></iframe><script src='{at}/script'></script>\
                 <link rel=stylesheet href='{at}/style'><script>fetch('{at}/fetch', {{mode: 'no-cors'}}).catch(() => 0); \
                 try {{ new WebSocket('{web}') }} catch {{}} navigator.sendBeacon('{at}/beacon', 'x')</script>"
            )
        })
        .collect();
    let body = format!("<main>{}</main><img src='http:\\\\127.0.0.2:{port}\\x'>{ways}", main_of_policy());
    let site = Server::start(move |asked: &Asked| match asked.path() {
        "/privacy" => shell(&body),
        "/there" => redirect(&format!("http://127.0.0.2:{port}/redirected")),
        "/by-script" => shell(&format!("<script>location.href = 'http://127.0.0.2:{port}/led'</script>")),
        "/refresh" => shell("<meta http-equiv=refresh content='0;url=http://both.test/refreshed'>"),
        "/sub" => redirect("http://inside.test/sub"),
        "/with-sub" => shell(&format!("<main>{}</main><iframe src=/sub></iframe><img src=/sub>", main_of_policy())),
        _ => page("<p>other"),
    })
    .await;
    let address = |text: &str| text.parse::<IpAddr>().unwrap();
    let names = || {
        Names(vec![
            ("inside.test", vec![address("127.0.0.2")]),
            // A name that is public at the first look and private at the second.
            ("both.test", vec![address("127.0.0.1"), address("127.0.0.2")]),
        ])
    };
    let only = fetcher(&["127.0.0.1/32"], names(), browser.clone());
    let ask = async |path: &str| only.render(request(site.url(path))).await;

    for path in ["/privacy", "/with-sub"] {
        let Ok(Fetched::Snapshot(read)) = ask(path).await else { panic!("{path} is read") };
        assert!(said(&read).contains(WILL_NOT), "{path}");
    }
    for path in ["/there", "/by-script", "/refresh"] {
        let refused = ask(path).await.unwrap_err();
        assert_eq!(refused.kind.as_str(), "forbidden_address", "{path}: {}", refused.kind);
    }
    let direct = only.render(request(inside.url("/"))).await.unwrap_err();
    assert_eq!(direct.kind.as_str(), "forbidden_address");
    let file = only.render(request(Url::parse("file:///etc/passwd").unwrap())).await.unwrap_err();
    assert_eq!(file.kind.as_str(), "bad_url");
    for server in [&inside, &six] {
        let reached: Vec<String> = server.asked().iter().map(|asked| asked.0.clone()).collect();
        assert!(reached.is_empty(), "a page got inside: {reached:?}");
    }
    // The same page does ask: where it is let, it gets inside.
    let open = fetcher(&["127.0.0.0/8", "::1/128"], names(), browser);
    open.render(request(site.url("/privacy"))).await.unwrap();
    for server in [&inside, &six] {
        let paths: BTreeSet<String> = server.asked().iter().map(|asked| asked.path().to_owned()).collect();
        for way in ["/img", "/frame", "/script", "/style", "/fetch", "/w"] {
            let images = way == "/img";
            assert!(images || paths.contains(way), "{way} asks for nothing: {paths:?}");
        }
    }
}

/// This machine, as hostile pages and settings spell it.
const HERE: [&str; 18] = [
    "http://127.0.0.1/",
    "http://127.1/",
    "http://0/",
    "http://0.0.0.0/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.0.0.1/",
    "http://0177.0.0.1/",
    "http://127.0.0.1.:80/",
    "http://localhost/",
    "http://LocalHost./",
    "http://sub.localhost/",
    "http://[::1]/",
    "http://[::]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http:\\\\127.0.0.1\\@acme.test/",
    "http://acme.test@127.0.0.1/",
];

/// Other places that are not public. No request is made to them, not even one that is to be
/// refused: only the decision is asked, which all three ways out share.
const INSIDE: [&str; 16] = [
    "http://10.0.0.1/",
    "http://172.16.0.1/",
    "http://192.168.1.1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://100.64.0.1/",
    "http://100.100.100.200/",
    "http://198.18.0.1/",
    "http://192.0.2.1/",
    "http://224.0.0.1/",
    "http://255.255.255.255/",
    "http://[::ffff:a9fe:a9fe]/",
    "http://[64:ff9b::a9fe:a9fe]/",
    "http://[2002:7f00:1::]/",
    "http://[fd00:ec2::254]/",
    "http://[fe80::1]/",
    "http://[ff02::1]/",
];

#[tokio::test]
async fn pages_browsers_and_webhooks_refuse_the_same_addresses() {
    // Refused by the address alone: no browser is started, which this one could not be.
    let none = BrowserOptions { path: Some(PROGRAM.into()), ..BrowserOptions::default() };
    let options = Options { browser: none, pause_per_host: Duration::ZERO, ..Options::default() };
    // Names lead to this machine at most.
    let names = Names(vec![
        ("here.test", vec![IpAddr::from([127, 0, 0, 1])]),
        ("six.test", vec!["::ffff:127.0.0.1".parse().unwrap()]),
    ]);
    let client = GuardedClient::with_lookup(&options, Arc::new(names)).unwrap();
    let fetcher = Fetcher::with_client(client.clone(), options, SystemClock);
    let others = ["file:///etc/passwd", "ftp://acme.test/", "gopher://acme.test/", "http://acme.test:22/", "data:,x"];
    for text in HERE.iter().chain(&others) {
        let url = Url::parse(text).unwrap();
        let plain = fetcher.fetch(request(url.clone())).await.unwrap_err().kind;
        let browser = fetcher.render(request(url.clone())).await.unwrap_err().kind;
        let hook = client.post(&url, &[], Vec::new(), Duration::from_secs(1)).await.unwrap_err();
        for (way, kind) in [("plain", plain), ("browser", browser), ("webhook", hook)] {
            assert!(["forbidden_address", "bad_url"].contains(&kind.as_str()), "{way} {text}: {kind}");
        }
    }
    for text in INSIDE {
        let refused = check_url(&Url::parse(text).unwrap(), &[]).unwrap_err();
        assert_eq!(refused.as_str(), "forbidden_address", "{text}");
    }
    for host in ["here.test", "six.test"] {
        let url = Url::parse(&format!("http://{host}/")).unwrap();
        let plain = client.get(&url, &[]).await.unwrap_err();
        let hook = client.post(&url, &[], Vec::new(), Duration::from_secs(1)).await.unwrap_err();
        assert_eq!((plain.as_str(), hook.as_str()), ("forbidden_address", "forbidden_address"), "{host}");
    }
}

#[tokio::test]
async fn a_name_that_leads_here_is_refused_in_the_browser() {
    let Some(browser) = browser() else { return };
    let names = Names(vec![("here.test", vec![IpAddr::from([127, 0, 0, 1])])]);
    let refused = fetcher(&[], names, browser).render(request(Url::parse("http://here.test/").unwrap())).await;
    assert_eq!(refused.unwrap_err().kind.as_str(), "forbidden_address");
}

/// A program in place of a browser, which anybody may run.
pub fn program(folder: &Path, script: &str) -> PathBuf {
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = folder.join("browser");
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

#[tokio::test]
async fn a_browser_that_does_not_come_through_the_proxy_is_not_used() {
    let Some(browser) = browser() else { return };
    let chromium = browser.program().unwrap();
    let folder = tempfile::tempdir().unwrap();
    // It goes past the proxy to the loopback interface, and nowhere else.
    let bypassing = format!(
        r#"for a; do shift; case "$a" in --proxy-bypass-list*) ;; *) set -- "$@" "$a";; esac; done; exec {} "$@""#,
        chromium.display()
    );
    let path = program(folder.path(), &bypassing);
    let server = Server::start(|_: &Asked| page("<p>never")).await;
    let refused = rendered(&server, "/privacy", BrowserOptions { path: Some(path), ..browser }).await.unwrap_err();
    assert!(refused.to_string().contains("do not come through our proxy"), "{refused}");
    assert!(server.asked().is_empty());
}

/// The processes whose command line holds a word.
fn processes(word: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        if line.contains(word) {
            found.insert(format!("{} {line}", entry.file_name().to_string_lossy()));
        }
    }
    found
}

/// Waits until something is so, for as long as a busy machine may take.
async fn until(what: &str, so: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !so() {
        assert!(Instant::now() < deadline, "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn options(path: PathBuf, timeout: u64) -> BrowserOptions {
    BrowserOptions {
        path: Some(path),
        keeper: Some(PROGRAM.into()),
        timeout: Duration::from_secs(timeout),
        ..BrowserOptions::default()
    }
}

#[tokio::test]
async fn a_program_that_hangs_ends_with_all_its_children() {
    let folder = tempfile::tempdir().unwrap();
    // One child stays, one leaves the group, one loses its parent.
    let path = program(
        folder.path(),
        "sleep 31536071 & setsid sleep 31536072 & (sleep 31536073 &) ; echo $HOME > /dev/null; sleep 31536074",
    );
    let server = Server::start(|_: &Asked| page("<p>never")).await;
    let failed = rendered(&server, "/privacy", options(path, 2)).await.unwrap_err();
    assert!(failed.to_string().contains("not done within 2 s"), "{failed}");
    assert_eq!(processes("sleep 3153607"), BTreeSet::new());
}

#[tokio::test]
async fn a_program_that_is_no_browser_is_told_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let path = program(folder.path(), "echo 'cannot open shared object' >&2; exit 3");
    let server = Server::start(|_: &Asked| page("<p>never")).await;
    let failed = rendered(&server, "/privacy", options(path, 30)).await.unwrap_err();
    assert!(failed.to_string().contains("it ended before the page was read (cannot open shared object)"), "{failed}");
    let missing = rendered(&server, "/privacy", options("/nowhere/chromium".into(), 30)).await.unwrap_err();
    assert_eq!(missing.as_str(), "no_browser");
    assert!(missing.to_string().contains("there is no file /nowhere/chromium"), "{missing}");
}

#[tokio::test]
async fn a_page_that_never_comes_or_eats_ends_at_its_limit() {
    let Some(browser) = browser() else { return };
    let server = Server::start(|asked: &Asked| match asked.path() {
        "/eats" => shell(
            "<p>x</p><script>const eaten = []; setInterval(() => { for (let i = 0; i < 8; i++) {
             const more = new Uint8Array(8 << 20); more.fill(1); eaten.push(more) } }, 20)</script>",
        ),
        "/loads" => vec![
            Act::Send(b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n\r\n<p>x</p>".to_vec()),
            Act::Endless(vec![b' '; 64 * 1024]),
        ],
        "/large" => page(&format!("<p>{}</p>", "word ".repeat(100_000))),
        _ => vec![Act::Stall],
    })
    .await;
    let limited = BrowserOptions { timeout: Duration::from_secs(12), ..browser.clone() };
    let failed = rendered(&server, "/never", limited.clone()).await.unwrap_err();
    assert!(failed.to_string().contains("not done within 12 s"), "{failed}");
    let failed = rendered(&server, "/eats", BrowserOptions { memory: 700 << 20, ..browser.clone() }).await.unwrap_err();
    assert!(failed.to_string().contains("more than 700 MiB of memory"), "{failed}");
    let failed = rendered(&server, "/loads", BrowserOptions { traffic: 4 << 20, ..browser.clone() }).await;
    // The page is cut there; what came is the page, or nothing is.
    match failed {
        Ok(snapshot) => assert!(said(&snapshot).starts_with("empty_shell"), "{}", said(&snapshot)),
        Err(failed) => assert!(failed.to_string().contains("loads more than 4 MiB"), "{failed}"),
    }
    let small = Options {
        allow: vec![Allowed::Network("127.0.0.0/8".parse().unwrap())],
        max_body: 100_000,
        browser,
        ..Options::default()
    };
    let client = GuardedClient::with_lookup(&small, Arc::new(Names(Vec::new()))).unwrap();
    let failed =
        Fetcher::with_client(client, small, SystemClock).render(request(server.url("/large"))).await.unwrap_err();
    assert_eq!(failed.kind.as_str(), "too_large");
}

/// Our program, reading a page with a browser of its own whose processes can be told apart.
struct Apart {
    program: std::process::Child,
    home: tempfile::TempDir,
    _folder: tempfile::TempDir,
}

impl Apart {
    fn start(address: SocketAddr) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("policywatch.toml");
        let store = folder.path().join("policywatch.db");
        let text =
            format!("[store]\npath = {store:?}\n[fetch]\nallow = [\"127.0.0.0/8\"]\n[browser]\ntimeout = \"90s\"\n");
        std::fs::write(&config, text).unwrap();
        let home = tempfile::Builder::new().prefix("pw-it-").tempdir().unwrap();
        std::fs::set_permissions(home.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
        let program = std::process::Command::new(PROGRAM)
            .args(["--config", config.to_str().unwrap(), "extract", "--render", "always"])
            .arg(format!("http://{address}/privacy"))
            .env("TMPDIR", home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self { program, home, _folder: folder }
    }

    /// Its processes; the program itself is none of them.
    fn processes(&self) -> BTreeSet<String> {
        processes(self.home.path().file_name().unwrap().to_str().unwrap())
    }

    fn profiles(&self) -> usize {
        std::fs::read_dir(self.home.path()).unwrap().count()
    }
}

/// A page that has begun to come, runs in its process, and never ends.
async fn endless(listener: &TcpListener) -> Vec<tokio::net::TcpStream> {
    let mut streams = Vec::new();
    while streams.len() < 2 {
        let asked = tokio::time::timeout(Duration::from_secs(60), listener.accept());
        let (mut stream, _) = asked.await.unwrap().unwrap();
        if streams.is_empty() {
            let begun = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n\r\n<body><p>and<script>fetch('/runs')</script>";
            stream.write_all(begun.as_bytes()).await.unwrap();
        }
        streams.push(stream);
    }
    streams
}

#[tokio::test]
async fn a_page_that_breaks_its_process_is_told_as_that() {
    if browser().is_none() {
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let apart = Apart::start(listener.local_addr().unwrap());
    let _page = endless(&listener).await;
    let drawing: Vec<String> = apart.processes().into_iter().filter(|line| line.contains("--type=renderer")).collect();
    assert!(!drawing.is_empty(), "{:?}", apart.processes());
    for process in drawing {
        let pid = process.split(' ').next().unwrap();
        assert!(std::process::Command::new("kill").args(["-KILL", pid]).status().unwrap().success());
    }
    let (mark, home) = (apart.home.path().file_name().unwrap().to_str().unwrap().to_owned(), apart.home);
    let program = apart.program;
    let ended = tokio::task::spawn_blocking(move || program.wait_with_output().unwrap()).await.unwrap();
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(said.contains("the page broke its process"), "{said}");
    assert_eq!((ended.status.code(), processes(&mark)), (Some(3), BTreeSet::new()));
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0, "the profile is removed");
}

#[tokio::test]
async fn the_browser_dies_with_us_even_if_we_are_killed() {
    if browser().is_none() {
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut apart = Apart::start(listener.local_addr().unwrap());
    let _page = endless(&listener).await;
    let alive = apart.processes();
    assert!(alive.len() >= 3, "a keeper, a browser, its children: {alive:?}");
    assert_eq!(apart.profiles(), 1);
    apart.program.kill().unwrap();
    apart.program.wait().unwrap();
    until("every process of the browser ends", || apart.processes().is_empty()).await;
    until("the profile is removed", || apart.profiles() == 0).await;
}

#[tokio::test]
async fn the_browser_dies_even_if_its_keeper_is_killed() {
    if browser().is_none() {
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut apart = Apart::start(listener.local_addr().unwrap());
    let _page = endless(&listener).await;
    let keeper = apart.processes().into_iter().find(|line| line.contains(" browse --memory")).unwrap();
    let pid = keeper.split(' ').next().unwrap();
    assert!(std::process::Command::new("kill").args(["-KILL", pid]).status().unwrap().success());
    until("every process of the browser ends", || apart.processes().is_empty()).await;
    until("the profile is removed", || apart.profiles() == 0).await;
    assert_eq!(apart.program.wait().unwrap().code(), Some(3));
}
