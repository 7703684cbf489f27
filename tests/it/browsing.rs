//! What a browser asks of whom, by which way and as whom. All of it on the loopback interface.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use policywatch::access::{Access, Headers, Way};
use policywatch::clock::SystemClock;
use policywatch::fetch::browser::BrowserOptions;
use policywatch::fetch::{Fetch as _, Fetched, Fetcher, Options, Request};
use policywatch::guard::Allowed;
use policywatch::http::GuardedClient;
use policywatch::outcome::FailureKind;
use policywatch::snapshot::Snapshot;
use policywatch::watch::RobotsRule;
use url::Url;

use crate::fetching::proxies::Proxy;
use crate::fetching::server::{Act, Asked, Names, Server, answer, redirect, request};
use crate::fetching::tls::{Authority, Identity, Secure};
use crate::rendering::{browser, program};

/// A fetcher to which `acme.test` and `other.test` are this machine, at any port.
fn fetcher(browser: BrowserOptions, trusts: Option<&Authority>) -> Fetcher<SystemClock> {
    let here = || vec![IpAddr::from([127, 0, 0, 1])];
    let allow = ["acme.test", "other.test"].map(|name| Allowed::Host(name.to_owned()));
    let options = Options {
        allow: allow.into_iter().chain([Allowed::Network("127.0.0.0/8".parse().unwrap())]).collect(),
        pause_per_host: Duration::ZERO,
        extra_ca: trusts.map(Authority::trusted),
        browser,
        ..Options::default()
    };
    let names = Names(vec![("acme.test", here()), ("other.test", here())]);
    let client = GuardedClient::with_lookup(&options, Arc::new(names)).unwrap();
    Fetcher::with_client(client, options, SystemClock)
}

async fn rendered(fetcher: &Fetcher<SystemClock>, request: Request) -> Result<Snapshot, FailureKind> {
    match fetcher.render(request).await {
        Ok(Fetched::Snapshot(snapshot)) => Ok(*snapshot),
        Ok(Fetched::NotModified) => panic!("nothing was asked conditionally"),
        Err(failure) => Err(failure.kind),
    }
}

fn page(body: &str) -> Vec<Act> {
    let html = format!("<!doctype html><html lang=en><body>{body}</body></html>");
    vec![Act::Send(answer("200 OK", "content-type: text/html\r\n", html.as_bytes()))]
}

fn text(snapshot: &Snapshot) -> String {
    String::from_utf8_lossy(&snapshot.body).into_owned()
}

fn paths(server: &Server) -> Vec<String> {
    server.asked().iter().map(|asked| asked.path().to_owned()).filter(|path| path != "/favicon.ico").collect()
}

#[tokio::test]
async fn what_a_page_leads_to_is_asked_of_robots_txt_too() {
    let Some(browser) = browser() else { return };
    let elsewhere = Server::start_at("127.0.0.2:0", |asked: &Asked| match asked.path() {
        "/robots.txt" => vec![Act::Send(answer("200 OK", "", b"User-agent: *\nDisallow: /\n"))],
        _ => page("<p>elsewhere"),
    })
    .await;
    let away = elsewhere.url("/privacy").to_string();
    let site = Server::start(move |asked: &Asked| match asked.path() {
        "/robots.txt" => vec![Act::Send(answer("200 OK", "", b"User-agent: *\nDisallow: /closed\n"))],
        "/moved" => redirect("/closed/page"),
        "/away" => redirect(&away),
        "/script" => page("<p>one moment<script>location.href = '/closed/script'</script>"),
        "/frames" => page("<p>We keep your data.</p><iframe src=/closed/frame></iframe>"),
        _ => page("<p>text"),
    })
    .await;
    let fetcher = fetcher(browser, None);
    let asking = |path: &str, robots| Request { robots, ..request(site.url(path)) };
    for path in ["/moved", "/script", "/away"] {
        let refused = rendered(&fetcher, asking(path, RobotsRule::Respect)).await.unwrap_err();
        assert_eq!(refused.as_str(), "closed_to_robots", "{path}: {refused}");
    }
    // Leave of this site is none of the other's.
    let refused = rendered(&fetcher, asking("/away", RobotsRule::Ignore)).await.unwrap_err();
    assert_eq!(refused.as_str(), "closed_to_robots", "{refused}");
    assert!(paths(&site).iter().all(|path| !path.starts_with("/closed")), "{:?}", paths(&site));
    assert_eq!(paths(&elsewhere), ["/robots.txt"]);
    // What a page is made of is not asked about.
    let framed = rendered(&fetcher, asking("/frames", RobotsRule::Respect)).await.unwrap();
    assert!(text(&framed).contains("We keep your data."));
    assert!(paths(&site).contains(&"/closed/frame".to_owned()), "{:?}", paths(&site));
    let own = rendered(&fetcher, asking("/moved", RobotsRule::Ignore)).await.unwrap();
    assert_eq!(own.final_url, site.url("/closed/page").as_str());
}

#[tokio::test]
async fn a_browser_shows_headers_to_their_own_site_alone() {
    let Some(browser) = browser() else { return };
    let other = Server::start(|_: &Asked| {
        let headers = "content-type: text/html\r\naccess-control-allow-origin: *\r\n";
        vec![Act::Send(answer("200 OK", headers, b"<p>elsewhere"))]
    })
    .await;
    let (foreign, away) = (other.url("/data").to_string(), other.url("/elsewhere").to_string());
    let site = Server::start(move |asked: &Asked| match asked.path() {
        "/old" => redirect("/privacy"),
        "/away" => redirect(&away),
        "/data" => page("own data"),
        _ => page(&format!(
            "<p id=says></p><script>const says = document.getElementById('says');
             says.textContent = [navigator.language, navigator.languages.join('+'),
               Intl.NumberFormat().resolvedOptions().locale, Intl.DateTimeFormat().resolvedOptions().timeZone,
               (1234.5).toLocaleString()].join(' ');
             fetch('/data'); fetch('{foreign}')</script>"
        )),
    })
    .await;
    let pairs = [("X-Token", "s3cret"), ("Cookie", "region=de")];
    let headers = Headers::new(&site.url("/"), pairs.map(|(name, value)| (name.to_owned(), value.to_owned()))).unwrap();
    let access = Access { headers, locale: Some("de-DE".parse().unwrap()), ..Access::default() };
    let fetcher = fetcher(browser, None);
    let asking = |path: &str| Request { access: access.clone(), ..request(site.url(path)) };
    let snapshot = rendered(&fetcher, asking("/old")).await.unwrap();
    assert!(text(&snapshot).contains("de-DE de-DE+de de-DE UTC 1.234,5"), "{}", text(&snapshot));
    assert!(!format!("{snapshot:?}").contains("s3cret"));
    let moved = rendered(&fetcher, asking("/away")).await.unwrap();
    assert_eq!(moved.final_url, other.url("/elsewhere").as_str());

    let sent = site.asked();
    for path in ["/old", "/privacy", "/data", "/away"] {
        let asked = sent.iter().find(|asked| asked.path() == path).unwrap_or_else(|| panic!("{path}: {sent:?}"));
        assert_eq!(asked.header("x-token"), Some("s3cret"), "{path}");
        assert_eq!(asked.header("cookie"), Some("region=de"), "{path}");
        assert!(asked.header("accept-language").is_some_and(|said| said.starts_with("de-DE,de")), "{asked:?}");
    }
    assert!(paths(&other).contains(&"/data".to_owned()) && paths(&other).contains(&"/elsewhere".to_owned()));
    for asked in other.asked() {
        assert_eq!((asked.header("x-token"), asked.header("cookie")), (None, None), "{asked:?}");
    }
}

#[tokio::test]
async fn a_browser_goes_the_way_of_its_page() {
    let Some(browser) = browser() else { return };
    let site = Server::start(|_: &Asked| page("<p>behind the proxy")).await;
    let ours = Authority::new();
    let identity = ours.vouches("unknown.test", 2020, 2036);
    let secure = Secure::start(&identity, &["http/1.1"]).await;
    let (_folder, pinned) = pinning(&browser, &identity);
    let ask = async |fetcher: &Fetcher<SystemClock>, url: &str, way: Way| {
        let access = Access { way, ..Access::default() };
        rendered(fetcher, Request { access, ..request(Url::parse(url).unwrap()) }).await
    };
    // "ada:pw" in Base64.
    let http = Proxy::http(site.address, Some("Basic YWRhOnB3")).await;
    let socks = Proxy::socks(site.address, Some(("ada", "pw"))).await;
    let tunnel = Proxy::http(SocketAddr::from(([127, 0, 0, 1], secure.port)), None).await;
    let plain = fetcher(browser, None);
    for way in [http.way("http", "ada:pw@"), socks.way("socks5h", "ada:pw@")] {
        // What nobody resolves here.
        let read = ask(&plain, "http://unknown.test/privacy", way.clone()).await;
        assert!(read.is_ok_and(|snapshot| text(&snapshot).contains("behind the proxy")), "{way}");
    }
    let read = ask(&fetcher(pinned, None), "https://unknown.test/privacy", tunnel.way("http", "")).await.unwrap();
    assert!(text(&read).contains("We use cookies"), "{}", text(&read));
    assert!(http.asked().contains(&"GET http://unknown.test/privacy HTTP/1.1".to_owned()), "{:?}", http.asked());
    assert!(socks.asked().contains(&"unknown.test:80".to_owned()), "{:?}", socks.asked());
    assert!(tunnel.asked().contains(&"CONNECT unknown.test:443 HTTP/1.1".to_owned()), "{:?}", tunnel.asked());
    let refused = ask(&plain, "http://unknown.test/privacy", http.way("http", "")).await.unwrap_err();
    assert!(refused.as_str() == "proxy" && refused.to_string().contains("wants credentials"), "{refused}");
    let (before, here) = (http.asked().len(), http.way("http", "ada:pw@"));
    let refused = ask(&plain, "http://10.0.0.1/", here).await.unwrap_err();
    assert_eq!((refused.as_str(), http.asked().len()), ("forbidden_address", before));
}

/// A browser that takes one key for good, whoever vouches for it.
fn pinning(browser: &BrowserOptions, identity: &Identity) -> (tempfile::TempDir, BrowserOptions) {
    let folder = tempfile::tempdir().unwrap();
    let chromium: PathBuf = browser.program().unwrap();
    let pin = identity.pin();
    let script = format!(r#"exec {} "$@" --ignore-certificate-errors-spki-list={pin}"#, chromium.display());
    let path = program(folder.path(), &script);
    (folder, BrowserOptions { path: Some(path), ..browser.clone() })
}

#[tokio::test]
async fn a_page_behind_tls_is_read_and_a_bad_certificate_is_named() {
    let Some(browser) = browser() else { return };
    let ours = Authority::new();
    let good = ours.vouches("acme.test", 2020, 2036);
    let server = Secure::start(&good, &["h2", "http/1.1"]).await;
    let (_folder, pinned) = pinning(&browser, &good);
    let snapshot = rendered(&fetcher(pinned, None), request(server.url("/privacy"))).await.unwrap();
    assert!(text(&snapshot).contains("We use cookies"), "{}", text(&snapshot));
    assert_eq!((snapshot.status, snapshot.final_url.as_str()), (200, server.url("/privacy").as_str()));
    assert!(server.asked().contains(&"HTTP/2.0 /privacy".to_owned()), "{:?}", server.asked());

    let plain = fetcher(browser, None);
    let cases = [
        ("of an unknown authority", ours.vouches("acme.test", 2020, 2036)),
        ("self-signed", Identity::self_signed("acme.test")),
    ];
    for (what, identity) in cases {
        let server = Secure::start(&identity, &["http/1.1"]).await;
        let refused = rendered(&plain, request(server.url("/privacy"))).await.unwrap_err();
        assert_eq!(refused.as_str(), "tls", "{what}: {refused}");
        assert!(refused.to_string().contains("name it under [fetch] extra_ca"), "{what}: {refused}");
        assert_eq!(server.asked(), [""; 0], "{what}");
    }
}

#[tokio::test]
async fn a_browser_trusts_the_operators_authorities() {
    let Some(browser) = browser() else { return };
    let ours = Authority::new();
    let server = Secure::start(&ours.vouches("acme.test", 2020, 2036), &["http/1.1"]).await;
    let fetcher = fetcher(browser, Some(&ours));
    let read = rendered(&fetcher, request(server.url("/privacy"))).await;
    let folders = std::env::var_os("PATH").unwrap_or_default();
    if !std::env::split_paths(&folders).any(|folder| folder.join("certutil").is_file()) {
        println!("skipped in part: certutil is not installed");
        let refused = read.unwrap_err();
        assert!(refused.as_str() == "tls" && refused.to_string().contains("libnss3-tools"), "{refused}");
        return;
    }
    assert!(read.as_ref().is_ok_and(|snapshot| text(snapshot).contains("We use cookies")), "{read:?}");
    let old = Secure::start(&ours.vouches("acme.test", 2015, 2020), &["http/1.1"]).await;
    let refused = rendered(&fetcher, request(old.url("/privacy"))).await.unwrap_err();
    assert!(refused.as_str() == "tls" && refused.to_string().contains("has expired"), "{refused}");
    let new = Secure::start(&ours.vouches("acme.test", 2035, 2036), &["http/1.1"]).await;
    let refused = rendered(&fetcher, request(new.url("/privacy"))).await.unwrap_err();
    assert!(refused.as_str() == "tls" && refused.to_string().contains("is not valid yet"), "{refused}");
    let other = Secure::start(&ours.vouches("other.test", 2020, 2036), &["http/1.1"]).await;
    let refused = rendered(&fetcher, request(other.url("/privacy"))).await.unwrap_err();
    assert!(refused.as_str() == "tls" && refused.to_string().contains("for another name"), "{refused}");
}

#[tokio::test]
async fn a_browser_sends_nothing_past_its_proxy() {
    let Some(browser) = browser() else { return };
    // Whoever hears anything here was told past the proxy, which knows no datagrams.
    let ears = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let port = ears.local_addr().unwrap().port();
    let server = Server::start(move |_: &Asked| {
        page(&format!(
            "<link rel=preconnect href=https://127.0.0.1:{port}><link rel=dns-prefetch href=//prefetch.test>
             <p id=says>We keep your data.</p><script>
             const says = (word) => document.getElementById('says').textContent += ' ' + word;
             const peer = new RTCPeerConnection({{ iceServers: [{{ urls: 'stun:127.0.0.1:{port}' }}] }});
             peer.onicecandidate = (event) => says(event.candidate ? 'candidate' : 'gathered');
             peer.createDataChannel('x');
             peer.createOffer().then((offer) => peer.setLocalDescription(offer)).then(() => says('offered'));
             if (self.WebTransport) new WebTransport('https://127.0.0.1:{port}/').ready.catch(() => says('unreached'));
             </script>"
        ))
    })
    .await;
    let traced = tempfile::tempdir().unwrap();
    let log = traced.path().join("trace");
    let tracer = std::process::Command::new("strace").arg("-V").output().is_ok_and(|output| output.status.success());
    let browser = if tracer {
        // What is written to sockets of the internet, and where they are connected to.
        std::fs::write(&log, "").unwrap();
        std::fs::set_permissions(&log, std::os::unix::fs::PermissionsExt::from_mode(0o666)).unwrap();
        let calls = "connect,sendto,sendmsg,sendmmsg,write,writev";
        let chromium = browser.program().unwrap();
        let script =
            format!(r#"exec strace -f -yy -qq -e trace={calls} -o {} {} "$@""#, log.display(), chromium.display());
        BrowserOptions { path: Some(program(traced.path(), &script)), ..browser }
    } else {
        println!("skipped in part: strace is not installed");
        browser
    };
    let snapshot = rendered(&fetcher(browser, None), request(server.url("/privacy"))).await.unwrap();
    assert!(text(&snapshot).contains("offered"), "{}", text(&snapshot));
    let heard = ears.try_recv_from(&mut [0; 64]);
    assert!(heard.is_err(), "a datagram of {heard:?}");
    if !tracer {
        return;
    }
    let trace = std::fs::read_to_string(&log).unwrap();
    let sent: Vec<&str> = trace.lines().filter(|line| line.contains("<UDP") && !line.contains(" connect(")).collect();
    assert!(sent.is_empty(), "{}", sent.join("\n"));
    let ports: BTreeSet<&str> = trace
        .lines()
        .filter(|line| line.contains(" connect(") && line.contains("<TCP"))
        .map(|line| line.split_once("sa_family=").unwrap().1)
        .map(|line| line.split_once('}').unwrap().0)
        .collect();
    assert_eq!(ports.len(), 1, "there is one way out, the proxy: {ports:?}");
    assert!(ports.iter().all(|place| place.contains("127.0.0.1")), "{ports:?}");
}
