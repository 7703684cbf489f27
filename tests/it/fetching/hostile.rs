//! Servers that are slow, huge, cut, circular, or point where nobody may go.

use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use policywatch::clock::{Clock as _, HeldClock, SystemClock};
use policywatch::fetch::{Fetch as _, Fetched, Fetcher, Options, Request};
use policywatch::guard::Allowed;
use policywatch::http::{Addresses, GuardedClient, Lookup};
use policywatch::outcome::{FailureKind, FetchFailure};
use policywatch::snapshot::{Origin, Snapshot, Validators};
use policywatch::time::parse_rfc3339;
use url::Url;

use super::server::{Act, Asked, Names, Server, answer, gzip, redirect, request};

const PAGE: &[u8] = b"<h1>Privacy</h1><p>We use cookies.";

fn options(timeout: Duration) -> Options {
    Options {
        timeout,
        connect_timeout: timeout,
        max_body: 64 * 1024,
        max_redirects: 5,
        pause_per_host: Duration::ZERO,
        // The other addresses of this machine stand for what may not be asked: should the guard
        // fail, nothing leaves it. Special addresses elsewhere are tried on the decision alone.
        allow: vec![Allowed::Network("127.0.0.1/32".parse().unwrap())],
        ..Options::default()
    }
}

/// Names that lead nowhere good.
fn names() -> Arc<Names> {
    let at = |addresses: &[&str]| addresses.iter().map(|address| address.parse().unwrap()).collect();
    Arc::new(Names(vec![
        ("acme.test", at(&["127.0.0.1"])),
        ("private.test", at(&["127.0.0.9"])),
        ("metadata.test", at(&["127.0.0.10"])),
        ("rebinding.test", at(&["127.0.0.1", "127.0.0.9"])),
        ("mapped.test", at(&["::ffff:127.0.0.9"])),
        ("nothing.test", at(&[])),
    ]))
}

fn fetcher(options: Options) -> Fetcher<SystemClock> {
    let client = GuardedClient::with_lookup(&options, names()).unwrap();
    Fetcher::with_client(client, options, SystemClock)
}

async fn get(fetcher: &Fetcher<impl policywatch::clock::Clock>, url: Url) -> Result<Snapshot, FetchFailure> {
    match fetcher.fetch(request(url)).await? {
        Fetched::Snapshot(snapshot) => Ok(*snapshot),
        Fetched::NotModified => panic!("nothing was asked conditionally"),
    }
}

fn send(bytes: impl Into<Vec<u8>>) -> Vec<Act> {
    vec![Act::Send(bytes.into())]
}

fn then(bytes: &[u8], act: Act) -> Vec<Act> {
    vec![Act::Send(bytes.to_vec()), act]
}

/// A name, what its path does, and how a fetch of it must end: a status, or a kind of failure.
type Case = (&'static str, Vec<Act>, &'static str);

/// Made once: the bombs take their time.
static CASES: LazyLock<Vec<Case>> = LazyLock::new(cases);

fn cases() -> Vec<Case> {
    let head = |headers: &str| format!("HTTP/1.1 200 OK\r\n{headers}\r\n").into_bytes();
    let encoded = |coding: &str, body: &[u8]| send(answer("200 OK", &format!("content-encoding: {coding}\r\n"), body));
    let packed = gzip(&PAGE.repeat(50));
    let mut damaged = packed.clone();
    damaged[packed.len() / 2] ^= 0x55;
    let bomb = gzip(&vec![b'x'; 16 * 1024 * 1024]);
    let nested = gzip(&gzip(&vec![0; 16 * 1024 * 1024]));
    vec![
        ("silence", vec![Act::Stall], "timeout"),
        ("half a status line", then(b"HTTP/1.1 20", Act::Stall), "timeout"),
        ("headers that stop", then(b"HTTP/1.1 200 OK\r\nserver: x\r\n", Act::Stall), "timeout"),
        ("no body", then(&head("content-length: 10\r\n"), Act::Stall), "timeout"),
        ("half a body", then(&[&head("content-length: 10\r\n")[..], b"abc"].concat(), Act::Stall), "timeout"),
        ("endless 100s", vec![Act::Endless(b"HTTP/1.1 100 Continue\r\n\r\n".to_vec())], "timeout"),
        ("endless body", then(&head("connection: close\r\n"), Act::Endless(vec![b'x'; 8192])), "too_large"),
        (
            "endless chunks",
            then(&head("transfer-encoding: chunked\r\n"), Act::Endless(b"4\r\nabcd\r\n".to_vec())),
            "too_large",
        ),
        (
            "endless headers",
            then(b"HTTP/1.1 200 OK\r\n", Act::Endless(b"x-x: yyyyyyyyyyyyyyyy\r\n".to_vec())),
            "broken_answer",
        ),
        ("one endless header", then(b"HTTP/1.1 200 OK\r\nx: ", Act::Endless(vec![b'y'; 8192])), "broken_answer"),
        ("huge headers", send(answer("200 OK", &format!("x: {}\r\n", "y".repeat(300 * 1024)), PAGE)), "broken_answer"),
        ("endless status line", vec![Act::Endless(b"HTTP/1.1 200 OKOKOKOK".to_vec())], "broken_answer"),
        ("large body", send(answer("200 OK", "", &[b'x'; 65 * 1024])), "too_large"),
        ("claimed size", then(&head("content-length: 99999999999\r\n"), Act::Endless(vec![b'x'; 8192])), "too_large"),
        ("gzip bomb", encoded("gzip", &bomb), "too_large"),
        ("bomb in a bomb", encoded("gzip, gzip", &nested), "too_large"),
        ("cut gzip", encoded("gzip", &packed[..packed.len() - 9]), "broken_answer"),
        ("gzip without trailer", encoded("gzip", &packed[..packed.len() - 8]), "broken_answer"),
        ("damaged gzip", encoded("gzip", &damaged), "broken_answer"),
        ("gzip that is none", encoded("gzip", PAGE), "broken_answer"),
        ("brotli that is none", encoded("br", PAGE), "broken_answer"),
        ("zstd that is none", encoded("zstd", PAGE), "broken_answer"),
        ("nothing, packed", encoded("gzip", b""), "200"),
        ("unknown encoding", encoded("utf-8", PAGE), "200"),
        ("hangs up at once", vec![], "broken_answer"),
        ("cut status line", send(*b"HTTP/1.1 2"), "broken_answer"),
        ("cut headers", send(*b"HTTP/1.1 200 OK\r\ncontent-le"), "broken_answer"),
        ("cut after the headers", send(head("content-length: 100\r\n")), "broken_answer"),
        ("cut before the first chunk", send(head("transfer-encoding: chunked\r\n")), "broken_answer"),
        ("cut chunk size", send([&head("transfer-encoding: chunked\r\n")[..], b"2"].concat()), "broken_answer"),
        ("cut after the gzip header", encoded("gzip", &packed[..10]), "broken_answer"),
        (
            "cut after the gzip header without a length",
            send([&head("content-encoding: gzip\r\n")[..], &packed[..10]].concat()),
            "broken_answer",
        ),
        ("cut body", send([&head("content-length: 100\r\n")[..], PAGE].concat()), "broken_answer"),
        ("cut chunk", send([&head("transfer-encoding: chunked\r\n")[..], b"20\r\nabc"].concat()), "broken_answer"),
        (
            "no last chunk",
            send([&head("transfer-encoding: chunked\r\n")[..], b"3\r\nabc\r\n"].concat()),
            "broken_answer",
        ),
        (
            "nonsense chunk",
            send([&head("transfer-encoding: chunked\r\n")[..], b"zz\r\nabc\r\n"].concat()),
            "broken_answer",
        ),
        (
            "two lengths",
            send(*b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 5\r\n\r\nabcde"),
            "broken_answer",
        ),
        ("more than promised", send([&head("content-length: 3\r\n")[..], b"abcdef"].concat()), "200"),
        ("no HTTP", send(*b"SSH-2.0-OpenSSH_9.2\r\n"), "broken_answer"),
        ("no such version", send(*b"HTTP/9.9 200 OK\r\n\r\n"), "broken_answer"),
        ("status 99999", send(*b"HTTP/1.1 99999 OK\r\n\r\n"), "broken_answer"),
        ("malformed line", send(answer("200 OK", "no colon here\r\n: empty\r\nx y: z\r\n", PAGE)), "200"),
        ("latin-1 header", send([&b"HTTP/1.1 200 OK\r\nx: caf\xe9\r\ncontent-length: 0\r\n\r\n"[..]].concat()), "200"),
        (
            "wrong charset",
            send(answer("200 OK", "content-type: text/html; charset=utf-7; charset=\"\r\n", PAGE)),
            "200",
        ),
        ("error page as 200", send(answer("200 OK", "", b"<h1>Internal Server Error</h1>")), "200"),
        ("404", send(answer("404 Not Found", "", b"gone")), "404"),
        ("500", send(answer("500 Oops", "", b"")), "500"),
        ("503", send(answer("503 Busy", "retry-after: 120\r\n", b"")), "503"),
        ("204", send(*b"HTTP/1.1 204 No Content\r\n\r\n"), "204"),
        ("304 unasked", send(*b"HTTP/1.1 304 Not Modified\r\n\r\n"), "broken_answer"),
        ("300", send(answer("300 Multiple Choices", "", PAGE)), "broken_answer"),
        ("302 to nowhere", send(answer("302 Found", "", PAGE)), "broken_answer"),
        ("302 to nonsense", redirect("http://[::bad"), "broken_answer"),
        ("circle of one", redirect("/circle-of-one"), "too_many_redirects"),
        ("circle of two", redirect("/back/circle-of-two"), "too_many_redirects"),
        (
            "cookie for ever",
            send(answer("302 Found", "location: /cookie-for-ever\r\nset-cookie: a=1\r\n", b"")),
            "too_many_redirects",
        ),
        ("hundred hops", redirect("/hop/1"), "too_many_redirects"),
        ("to a private address", redirect("http://127.0.0.9/"), "forbidden_address"),
        ("to a decimal address", redirect("http://2130706441/"), "forbidden_address"),
        ("to an octal address", redirect("http://0177.0.0.011/"), "forbidden_address"),
        ("to a hexadecimal address", redirect("//0x7f.9"), "forbidden_address"),
        ("to IPv6 loopback", redirect("http://[::1]/"), "forbidden_address"),
        ("to IPv4 in IPv6", redirect("http://[::ffff:127.0.0.9]/"), "forbidden_address"),
        ("to a private name", redirect("http://private.test/"), "forbidden_address"),
        ("to a metadata name", redirect("https://metadata.test/"), "forbidden_address"),
        ("to a mapped name", redirect("http://mapped.test/"), "forbidden_address"),
        ("to a rebinding name", redirect("http://rebinding.test/"), "forbidden_address"),
        ("to a name without address", redirect("http://nothing.test/"), "dns"),
        ("to no name", redirect("http://unknown.test/"), "dns"),
        ("to a redirect to private", redirect("/back/to-private"), "forbidden_address"),
        ("to a file", redirect("file:///etc/passwd"), "bad_url"),
        ("to data", redirect("data:text/html,policy"), "bad_url"),
        ("to ftp", redirect("ftp://acme.test/"), "bad_url"),
        ("to credentials", redirect("http://me:secret@acme.test/"), "bad_url"),
        ("to another port", redirect("http://acme.test:22/"), "bad_url"),
    ]
}

fn path_of(name: &str) -> String {
    format!("/{}", name.to_lowercase().replace([' ', ','], "-"))
}

fn answers(asked: &Asked) -> Vec<Act> {
    let path = asked.path();
    if let Some(hop) = path.strip_prefix("/hop/") {
        return redirect(&format!("/hop/{}", hop.parse::<u32>().unwrap() + 1));
    }
    match path {
        "/back/to-private" => return redirect("http://192.168.1.1/"),
        "/back/circle-of-two" => return redirect("/circle-of-two"),
        _ => {}
    }
    let case = CASES.iter().find(|(name, ..)| path_of(name) == path);
    case.unwrap_or_else(|| panic!("nobody asks for {path}")).1.clone()
}

#[tokio::test]
async fn hostile_servers_end_in_the_failure_that_says_so() {
    let server = Server::start(answers).await;
    let (impatient, patient) = (options(Duration::from_millis(250)), options(Duration::from_secs(20)));
    let mut wrong = Vec::new();
    for (name, _, expected) in CASES.iter() {
        let options = if *expected == "timeout" { &impatient } else { &patient };
        // Each for itself: a host that asked for quiet would be left alone.
        let client = GuardedClient::with_lookup(options, names()).unwrap();
        let fetcher = Fetcher::with_client(client, options.clone(), SystemClock);
        let ended = match get(&fetcher, server.url(&path_of(name))).await {
            Ok(snapshot) => snapshot.status.to_string(),
            Err(failure) => failure.kind.as_str().to_owned(),
        };
        if ended != *expected {
            wrong.push(format!("{name}: {ended}, not {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // As many as are allowed, and no request more.
    let hops = server.asked().iter().filter(|asked| asked.path().starts_with("/hop/")).count();
    assert_eq!(hops, 5);
}

#[tokio::test]
async fn addresses_are_refused_before_any_connection() {
    let cases = [
        ("http://127.0.0.9/", "forbidden_address"),
        ("http://[::1]:8080/", "forbidden_address"),
        ("http://private.test/", "forbidden_address"),
        ("http://rebinding.test/", "forbidden_address"),
        ("http://mapped.test/", "forbidden_address"),
        ("http://acme.test:6379/", "bad_url"),
        ("ftp://acme.test/", "bad_url"),
        ("http://unknown.test/", "dns"),
    ];
    let fetcher = fetcher(options(Duration::from_secs(20)));
    for (url, expected) in cases {
        let failure = get(&fetcher, Url::parse(url).unwrap()).await.unwrap_err();
        assert_eq!(failure.kind.as_str(), expected, "{url}");
    }
    // Without permission, loopback is as private as the rest.
    let server = Server::start(|_| send(answer("200 OK", "", PAGE))).await;
    let strict = Options { allow: Vec::new(), ..options(Duration::from_secs(20)) };
    let strict = self::fetcher(strict);
    assert_eq!(get(&strict, server.url("/")).await.unwrap_err().kind.as_str(), "forbidden_address");
    let by_name = Url::parse("http://acme.test/").unwrap();
    assert_eq!(get(&strict, by_name).await.unwrap_err().kind.as_str(), "forbidden_address");
    assert_eq!(server.asked().len(), 0);
}

/// A loopback address that no other process of these tests uses; one of two.
fn own_address(which: u32) -> IpAddr {
    let [_, a, b, c] = (0x40_0000 + 2 * (std::process::id() & 0x1f_ffff) + which).to_be_bytes();
    IpAddr::from([127, a, b, c])
}

/// A name that leads to one place when it is looked at, and to another one when it is gone to.
struct Turning(AtomicUsize);

impl Lookup for Turning {
    fn lookup(&self, _: &str) -> Addresses {
        let first = self.0.fetch_add(1, Ordering::SeqCst) == 0;
        let address = own_address(if first { 0 } else { 1 });
        Box::pin(async move { Ok(vec![address]) })
    }
}

#[tokio::test]
async fn a_name_that_turns_is_decided_on_at_each_connection() {
    // Addresses that nothing else uses, at a port that needs no leave.
    let at = |which| format!("{}:8080", own_address(which));
    let good = Server::start_at(&at(0), |_| send(answer("200 OK", "", PAGE))).await;
    let inside = Server::start_at(&at(1), |_| send(answer("200 OK", "", b"inside"))).await;
    let allow = vec![Allowed::Network(format!("{}/32", own_address(0)).parse().unwrap())];
    let options = Options { allow, ..options(Duration::from_secs(20)) };
    let turning = Arc::new(Turning(AtomicUsize::new(0)));
    let lookup: Arc<dyn Lookup> = turning.clone();
    let client = GuardedClient::with_lookup(&options, lookup).unwrap();
    let url = Url::parse("http://turning.test:8080/").unwrap();
    assert_eq!(client.get(&url, &[]).await.unwrap().status, 200);
    assert_eq!(turning.0.load(Ordering::SeqCst), 1, "where it goes is what was decided on");
    for refused in [
        client.get(&url, &[]).await.map(|answer| answer.status),
        client.post(&url, &[], Vec::new(), Duration::from_secs(5)).await.map(|(status, ..)| status),
    ] {
        assert_eq!(refused.unwrap_err().as_str(), "forbidden_address");
    }
    assert_eq!((good.asked().len(), inside.asked().len()), (1, 0));
}

#[tokio::test]
async fn an_allowed_name_may_have_any_port() {
    let server = Server::start(|_| send(answer("200 OK", "", PAGE))).await;
    let allowed = Options { allow: vec![Allowed::Host("acme.test".to_owned())], ..options(Duration::from_secs(20)) };
    let url = Url::parse(&format!("http://acme.test:{}/", server.address.port())).unwrap();
    assert_eq!(get(&fetcher(allowed), url).await.unwrap().body, PAGE);
    assert_eq!(server.asked()[0].header("host").unwrap(), format!("acme.test:{}", server.address.port()));
}

#[tokio::test]
async fn refused_and_untrusted_connections_are_told_apart() {
    let fetcher = fetcher(options(Duration::from_secs(20)));
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let refused = get(&fetcher, Url::parse(&format!("http://{closed}/")).unwrap()).await.unwrap_err();
    assert_eq!(refused.kind, FailureKind::Refused { host: closed.to_string() });

    let plain = Server::start(|_| send(*b"HTTP/1.1 400 Plain HTTP here\r\n\r\n")).await;
    let url = Url::parse(&format!("https://{}/", plain.address)).unwrap();
    assert_eq!(get(&fetcher, url).await.unwrap_err().kind.as_str(), "tls");
}

#[tokio::test]
async fn the_way_to_the_page_is_kept() {
    let server = Server::start(|asked| match asked.path() {
        "/old" => send(answer("301 Moved", "location: /check#top\r\nset-cookie: seen=1\r\n", b"")),
        "/check" if asked.header("cookie") == Some("seen=1") => redirect("/new"),
        "/new" => send(answer("200 OK", "ETag: \"1\"\r\nX-A: 1\r\nX-A: 2\r\ncontent-encoding: gzip\r\n", &gzip(PAGE))),
        other => panic!("{other} without its cookie"),
    })
    .await;
    let clock = HeldClock::new(parse_rfc3339("2026-11-22T06:00:00Z").unwrap());
    // The hops of one check wait for no turn: this clock stands.
    let options = Options { pause_per_host: Duration::from_secs(5), ..options(Duration::from_secs(20)) };
    let client = GuardedClient::with_lookup(&options, names()).unwrap();
    let fetcher = Fetcher::with_client(client, options, clock.clone());
    let asked = Request { language: Some("fr".to_owned()), ..request(server.url("/old")) };
    let Fetched::Snapshot(snapshot) = fetcher.fetch(asked).await.unwrap() else { panic!("unmodified") };

    let way: Vec<_> = snapshot.redirects.iter().map(|hop| (hop.status, hop.from.clone(), hop.to.clone())).collect();
    let [old, check, new] = ["/old", "/check", "/new"].map(|path| server.url(path).to_string());
    assert_eq!(way, [(301, old.clone(), check.clone()), (302, check, new.clone())]);
    assert_eq!((&snapshot.url, &snapshot.final_url, snapshot.status), (&old, &new, 200));
    assert_eq!(snapshot.body, PAGE);
    assert_eq!(snapshot.captured_at, clock.now());
    assert_eq!(snapshot.origin, Origin::Live { remote_addr: Some(server.address.to_string()) });
    assert_eq!(snapshot.headers.iter().filter(|(name, _)| name == "x-a").count(), 2);
    assert_eq!(snapshot.validators().etag.as_deref(), Some("\"1\""));
    let first = &server.asked()[0];
    assert!(first.header("accept-language").unwrap().starts_with("fr"));
    assert!(first.header("user-agent").unwrap().starts_with("policywatch/"));

    // The next check knows nothing of the cookie.
    let again = get(&self::fetcher(self::options(Duration::from_secs(20))), server.url("/new")).await.unwrap();
    assert_eq!(again.body, PAGE);
    assert_eq!(server.asked().last().unwrap().header("cookie"), None);
}

#[tokio::test]
async fn an_unmodified_page_is_not_sent_again() {
    let server = Server::start(|asked| {
        let known = asked.header("if-none-match") == Some("\"1\"")
            && asked.header("if-modified-since") == Some("Sat, 21 Nov 2026 06:00:00 GMT");
        if known { send(*b"HTTP/1.1 304 Not Modified\r\n\r\n") } else { send(answer("200 OK", "", PAGE)) }
    })
    .await;
    let validators =
        Validators { etag: Some("\"1\"".to_owned()), last_modified: Some("Sat, 21 Nov 2026 06:00:00 GMT".to_owned()) };
    let fetcher = fetcher(options(Duration::from_secs(20)));
    let fetched = fetcher.fetch(Request { validators, ..request(server.url("/")) }).await;
    assert_eq!(fetched, Ok(Fetched::NotModified));
}

/// A page that now redirects elsewhere: what it said of its own age says nothing of the other.
#[tokio::test]
async fn validators_are_for_the_page_that_gave_them() {
    let server = Server::start(|asked| match asked.path() {
        "/old" => redirect("/new"),
        _ if asked.header("if-modified-since").is_some() => send(*b"HTTP/1.1 304 Not Modified\r\n\r\n"),
        _ => send(answer("200 OK", "", PAGE)),
    })
    .await;
    let validators = Validators { etag: None, last_modified: Some("Sat, 21 Nov 2026 06:00:00 GMT".to_owned()) };
    let fetcher = fetcher(options(Duration::from_secs(20)));
    let fetched = fetcher.fetch(Request { validators, ..request(server.url("/old")) }).await;
    assert!(matches!(&fetched, Ok(Fetched::Snapshot(page)) if page.body == PAGE), "{fetched:?}");
    assert!(server.asked()[0].header("if-modified-since").is_some());
}

/// What a receiver says has arrived, has arrived, however its answer goes on.
#[tokio::test]
async fn the_status_says_what_became_of_a_post() {
    let head = |more: &str| format!("HTTP/1.1 200 OK\r\n{more}\r\n").into_bytes();
    let cases = [
        ("cut body", vec![Act::Send(head("content-length: 100\r\n"))]),
        ("body that never comes", vec![Act::Send(head("content-length: 100\r\n")), Act::Stall]),
        ("body without end", vec![Act::Send(head("")), Act::Endless(vec![b'x'; 8192])]),
    ];
    for (what, acts) in cases {
        let server = Server::start(move |_| acts.clone()).await;
        let options = options(Duration::from_secs(2));
        let client = GuardedClient::with_lookup(&options, names()).unwrap();
        let posted = client.post(&server.url("/hook"), &[], b"{}".to_vec(), Duration::from_secs(2)).await;
        assert_eq!(posted.map(|(status, ..)| status), Ok(200), "{what}");
    }
}

#[tokio::test]
async fn a_host_that_asks_for_quiet_is_left_alone() {
    let server = Server::start(|_| send(answer("429 Slow Down", "retry-after: 90\r\n", b"slow down"))).await;
    let clock = HeldClock::new(parse_rfc3339("2026-11-22T06:00:00Z").unwrap());
    let options = options(Duration::from_secs(20));
    let client = GuardedClient::with_lookup(&options, names()).unwrap();
    let fetcher = Fetcher::with_client(client, options, clock.clone());

    let told = get(&fetcher, server.url("/a")).await.unwrap();
    assert_eq!((told.status, told.retry_after()), (429, Some(Duration::from_secs(90))));
    clock.advance(Duration::from_secs(30));
    let quiet = get(&fetcher, server.url("/b")).await.unwrap_err();
    assert_eq!((quiet.kind.as_str(), quiet.retry_after), ("rate_limited", Some(Duration::from_secs(60))));
    clock.advance(Duration::from_secs(60));
    assert_eq!(get(&fetcher, server.url("/c")).await.unwrap().status, 429);
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn requests_to_one_host_take_turns() {
    let server = Server::start(|_| send(answer("200 OK", "", PAGE))).await;
    let clock = HeldClock::new(parse_rfc3339("2026-11-22T06:00:00Z").unwrap());
    let options = Options { pause_per_host: Duration::from_secs(5), ..options(Duration::from_secs(20)) };
    let client = GuardedClient::with_lookup(&options, names()).unwrap();
    let fetcher = Arc::new(Fetcher::with_client(client, options, clock.clone()));
    get(&fetcher, server.url("/1")).await.unwrap();

    let (waiting, url) = (Arc::clone(&fetcher), server.url("/2"));
    let mut second = tokio::spawn(async move { get(&waiting, url).await.map(|snapshot| snapshot.captured_at) });
    // It cannot end before the clock is moved, however long it is polled.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(!second.is_finished());
    assert_eq!(server.asked().len(), 1);
    let due = clock.now() + Duration::from_secs(5);
    // The task may not have looked at the clock yet: each step wakes it again.
    let ended = loop {
        clock.advance(Duration::from_secs(1));
        tokio::select! {
            biased;
            ended = &mut second => break ended,
            () = tokio::task::yield_now() => {}
        }
    };
    assert!(ended.unwrap().unwrap() >= due);
}

#[tokio::test]
async fn what_is_posted_goes_to_one_receiver() {
    let moved = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&moved);
    let server = Server::start(move |asked| match asked.path() {
        "/moved" => redirect("/elsewhere"),
        "/long" => then(b"HTTP/1.1 200 OK\r\n\r\n", Act::Endless(vec![b'x'; 8192])),
        "/stall" => vec![Act::Stall],
        "/elsewhere" => {
            count.fetch_add(1, Ordering::SeqCst);
            vec![]
        }
        _ => send(answer("202 Accepted", "x-id: 7\r\n", b"thanks")),
    })
    .await;
    let client = GuardedClient::with_lookup(&options(Duration::from_secs(20)), names()).unwrap();
    let headers = [("webhook-id".to_owned(), "a1".to_owned())];
    let post = async |url: Url, timeout: u64| {
        client.post(&url, &headers, b"{}".to_vec(), Duration::from_millis(timeout)).await
    };
    let (status, answered, body) = post(server.url("/hook"), 20_000).await.unwrap();
    assert_eq!((status, body.as_slice()), (202, &b"thanks"[..]));
    assert!(answered.contains(&("x-id".to_owned(), "7".to_owned())));
    assert_eq!(server.asked()[0].header("webhook-id"), Some("a1"));
    assert_eq!(post(server.url("/moved"), 20_000).await.unwrap().0, 302);
    assert_eq!(moved.load(Ordering::SeqCst), 0);
    assert_eq!(post(server.url("/long"), 20_000).await.unwrap().2.len(), 64 * 1024);
    let late = post(server.url("/stall"), 200).await;
    assert_eq!(late, Err(FailureKind::Timeout { limit: Duration::from_millis(200) }));
    let private = post(Url::parse("http://private.test/hook").unwrap(), 20_000).await;
    assert_eq!(private.unwrap_err().as_str(), "forbidden_address");
}

/// The most that a process has had in memory so far, in bytes.
fn peak(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

/// One process meets everything that is endless or grows; a last page that never comes keeps it
/// there until its memory was looked at.
#[tokio::test]
async fn no_answer_makes_the_program_large() {
    // 4 GiB of zeros in 4 MiB: one stream of gzip after another is one body.
    let member = gzip(&vec![0; 64 << 20]);
    let bomb = member.repeat(64);
    let nested = gzip(&bomb);
    let packed = move |coding: &str, body: &[u8]| {
        send(answer("200 OK", &format!("content-type: text/html\r\ncontent-encoding: {coding}\r\n"), body))
    };
    let server = Server::start(move |asked| match asked.path() {
        "/bomb" => packed("gzip", &bomb),
        "/nested" => packed("gzip, gzip", &nested),
        "/endless" => then(b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n\r\n", Act::Endless(vec![b'x'; 65536])),
        "/chunks" => {
            then(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", Act::Endless(b"4\r\nabcd\r\n".repeat(4096)))
        }
        "/headers" => then(b"HTTP/1.1 200 OK\r\n", Act::Endless(b"x-x: yyyyyyyyyyyyyyyy\r\n".repeat(1024))),
        "/header" => then(b"HTTP/1.1 200 OK\r\nx: ", Act::Endless(vec![b'y'; 65536])),
        "/status" => vec![Act::Endless(b"HTTP/1.1 200 OKOKOKOK".repeat(1024))],
        "/hundreds" => vec![Act::Endless(b"HTTP/1.1 100 Continue\r\n\r\n".repeat(1024))],
        _ => vec![Act::Stall],
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("policywatch.toml");
    let store = folder.path().join("policywatch.db");
    let text = format!(
        "[store]\npath = {store:?}\n[fetch]\nallow = [\"127.0.0.0/8\"]\npause_per_host = \"0s\"\ntimeout = \"10s\"\n"
    );
    std::fs::write(&config, text).unwrap();
    let paths = ["/bomb", "/nested", "/endless", "/chunks", "/headers", "/header", "/status", "/hundreds", "/last"];
    let mut program = tokio::process::Command::new(env!("CARGO_BIN_EXE_policywatch"))
        .arg("--config")
        .arg(&config)
        .args(["fetch", "--json", "--render", "never"])
        .args(paths.map(|path| server.url(path).to_string()))
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let pid = program.id().unwrap();
    while !server.asked().iter().any(|asked| asked.path() == "/last") {
        assert_eq!(program.try_wait().unwrap(), None, "it ended before the last page");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let peak = peak(pid);
    assert_eq!(server.asked().len(), paths.len());
    println!("peak memory {} MiB", peak >> 20);
    assert!(peak < 100 << 20, "{} MiB", peak >> 20);
}
