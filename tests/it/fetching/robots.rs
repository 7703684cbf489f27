//! What sites ask of robots, over loopback.

use std::time::Duration;

use policywatch::access::{Access, Headers};
use policywatch::clock::{Clock as _, HeldClock};
use policywatch::discovery::moves::{MoveState, NewMove, Way};
use policywatch::fetch::{Fetch as _, Fetched, Fetcher, Options, Request};
use policywatch::guard::Allowed;
use policywatch::http::GuardedClient;
use policywatch::moving::in_its_place;
use policywatch::snapshot::Validators;
use policywatch::time::parse_rfc3339;
use policywatch::watch::{RobotsRule, Source, Watch};
use url::Url;

use crate::world::{World, watch};

use super::server::{Act, Asked, Server, answer, gzip};

fn options() -> Options {
    Options {
        user_agent: "policywatch-test/1 (+mailto:ada@acme.test)".to_owned(),
        timeout: Duration::from_secs(20),
        pause_per_host: Duration::ZERO,
        allow: vec![Allowed::Network("127.0.0.0/8".parse().unwrap())],
        ..Options::default()
    }
}

fn clock() -> HeldClock {
    HeldClock::new(parse_rfc3339("2026-11-22T12:00:00Z").unwrap())
}

fn fetcher(clock: &HeldClock) -> Fetcher<HeldClock> {
    let options = options();
    Fetcher::with_client(GuardedClient::new(&options).unwrap(), options, clock.clone())
}

/// How a visit ended: the status, or the kind of the failure.
async fn visit(fetcher: &Fetcher<HeldClock>, url: Url, robots: RobotsRule) -> String {
    let validators = Validators::default();
    let request = Request {
        url,
        source: Source::Live,
        at: None,
        validators,
        language: None,
        robots,
        access: Access::default(),
        archives: Vec::new(),
    };
    match fetcher.fetch(request).await {
        Ok(Fetched::Snapshot(snapshot)) => snapshot.status.to_string(),
        Ok(Fetched::NotModified) => "304".to_owned(),
        Err(failure) => failure.kind.as_str().to_owned(),
    }
}

/// A site whose robots.txt is answered so; every other page is one.
async fn site(robots: impl Fn() -> Vec<u8> + Send + Sync + 'static) -> Server {
    let respond = move |asked: &Asked| match asked.path() {
        "/robots.txt" => robots(),
        "/moved" => answer("301 Moved Permanently", "location: /closed/page\r\n", b""),
        _ => answer("200 OK", "content-type: text/html\r\n", b"<h1>Privacy</h1>"),
    };
    Server::start(move |asked| vec![Act::Send(respond(asked))]).await
}

fn paths(server: &Server) -> Vec<String> {
    server.asked().iter().map(|asked| asked.path().to_owned()).collect()
}

#[tokio::test]
async fn a_page_that_is_closed_to_robots_is_not_asked_for() {
    let text = "User-agent: policywatch-test\nDisallow: /closed\n\nUser-agent: *\nDisallow: /\n";
    let server = site(move || answer("200 OK", "", text.as_bytes())).await;
    let fetcher = fetcher(&clock());
    let respect = RobotsRule::Respect;
    assert_eq!(visit(&fetcher, server.url("/privacy"), respect).await, "200");
    assert_eq!(visit(&fetcher, server.url("/closed/page"), respect).await, "closed_to_robots");
    // Behind a redirect too, and the file is asked for once.
    assert_eq!(visit(&fetcher, server.url("/moved"), respect).await, "closed_to_robots");
    assert_eq!(paths(&server), ["/robots.txt", "/privacy", "/moved"]);
    assert_eq!(visit(&fetcher, server.url("/closed/page"), RobotsRule::Ignore).await, "200");
    assert_eq!(paths(&server).len(), 4);
}

#[tokio::test]
async fn what_a_site_says_holds_for_a_day() {
    let (clock, text) = (clock(), "User-agent: *\nDisallow: /closed\n");
    let server = site(move || answer("200 OK", "content-encoding: gzip\r\n", &gzip(text.as_bytes()))).await;
    let fetcher = fetcher(&clock);
    for _ in 0..3 {
        assert_eq!(visit(&fetcher, server.url("/closed"), RobotsRule::Respect).await, "closed_to_robots");
        clock.advance(Duration::from_secs(11 * 3600));
    }
    assert_eq!(visit(&fetcher, server.url("/open"), RobotsRule::Respect).await, "200");
    assert_eq!(paths(&server), ["/robots.txt", "/robots.txt", "/open"]);
}

#[tokio::test]
async fn a_site_that_cannot_say_what_it_wants() {
    let respect = RobotsRule::Respect;
    // Without such a file everything is open.
    for status in ["404 Not Found", "403 Forbidden", "410 Gone", "302 Found"] {
        let server = site(move || answer(status, "", b"")).await;
        assert_eq!(visit(&fetcher(&clock()), server.url("/privacy"), respect).await, "200", "{status}");
    }
    // A circle of redirects is no such file.
    let server = site(|| answer("302 Found", "location: /robots.txt\r\n", b"")).await;
    assert_eq!(visit(&fetcher(&clock()), server.url("/privacy"), respect).await, "200");
    // One that fails closes the site until it answers.
    let (clock, server) = (clock(), site(|| answer("503 Service Unavailable", "", b"")).await);
    let fetcher = fetcher(&clock);
    assert_eq!(visit(&fetcher, server.url("/privacy"), respect).await, "robots_unknown");
    assert_eq!(visit(&fetcher, server.url("/privacy"), respect).await, "robots_unknown");
    assert_eq!(paths(&server), ["/robots.txt"], "it is not asked again and again");
    clock.advance(Duration::from_secs(11 * 60));
    assert_eq!(visit(&fetcher, server.url("/privacy"), respect).await, "robots_unknown");
    assert_eq!(paths(&server), ["/robots.txt", "/robots.txt"]);
}

#[tokio::test]
async fn what_a_site_said_last_holds_while_it_fails() {
    let (clock, fails) = (clock(), std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false)));
    let failing = std::sync::Arc::clone(&fails);
    let server = site(move || match failing.load(std::sync::atomic::Ordering::SeqCst) {
        false => answer("200 OK", "", b"User-agent: *\nDisallow: /closed\n"),
        true => answer("500 Internal Server Error", "", b""),
    })
    .await;
    let fetcher = fetcher(&clock);
    assert_eq!(visit(&fetcher, server.url("/open"), RobotsRule::Respect).await, "200");
    fails.store(true, std::sync::atomic::Ordering::SeqCst);
    clock.advance(Duration::from_secs(25 * 3600));
    assert_eq!(visit(&fetcher, server.url("/open"), RobotsRule::Respect).await, "200");
    assert_eq!(visit(&fetcher, server.url("/closed"), RobotsRule::Respect).await, "closed_to_robots");
    assert_eq!(paths(&server), ["/robots.txt", "/open", "/robots.txt", "/open"]);
}

#[tokio::test]
async fn a_site_that_rests_is_left_alone_for_as_long_as_it_says() {
    for status in ["503 Service Unavailable", "429 Too Many Requests"] {
        let clock = clock();
        let server = site(move || answer(status, "retry-after: 1800\r\n", b"")).await;
        let fetcher = fetcher(&clock);
        let request = |path: &str| Request {
            url: server.url(path),
            source: Source::Live,
            at: None,
            validators: Validators::default(),
            language: None,
            robots: RobotsRule::Respect,
            access: Access::default(),
            archives: Vec::new(),
        };
        let first = fetcher.fetch(request("/privacy")).await.unwrap_err();
        let kind = if status.starts_with('5') { "robots_unknown" } else { "rate_limited" };
        assert_eq!((first.kind.as_str(), first.retry_after), (kind, Some(Duration::from_secs(1800))), "{status}");
        clock.advance(Duration::from_secs(1700));
        // Whoever asks, and whatever for: the host rests.
        let waits = (fetcher.fetch(request("/terms")).await.unwrap_err().kind.as_str().to_owned(), "rate_limited");
        assert_eq!(waits.0, waits.1, "{status}");
        assert_eq!(visit(&fetcher, server.url("/terms"), RobotsRule::Ignore).await, "rate_limited", "{status}");
        assert_eq!(paths(&server), ["/robots.txt"], "{status}");
        clock.advance(Duration::from_secs(101));
        assert_eq!(visit(&fetcher, server.url("/privacy"), RobotsRule::Respect).await, kind, "{status}");
        assert_eq!(paths(&server), ["/robots.txt", "/robots.txt"], "{status}");
    }
}

#[tokio::test]
async fn leave_of_one_site_is_none_of_another() {
    let closed = "User-agent: *\nDisallow: /\n";
    let other = Server::start_at("127.0.0.2:0", move |asked: &Asked| {
        let text = if asked.path() == "/robots.txt" { closed } else { "<h1>Privacy</h1>" };
        vec![Act::Send(answer("200 OK", "", text.as_bytes()))]
    })
    .await;
    let away = format!("location: {}\r\n", other.url("/privacy"));
    let server = Server::start(move |asked: &Asked| {
        vec![Act::Send(match asked.path() {
            "/robots.txt" => answer("200 OK", "", closed.as_bytes()),
            "/away" => answer("302 Found", &away, b""),
            "/moved" => answer("302 Found", "location: /privacy\r\n", b""),
            _ => answer("200 OK", "", b"<h1>Privacy</h1>"),
        })]
    })
    .await;
    let fetcher = fetcher(&clock());
    assert_eq!(visit(&fetcher, server.url("/moved"), RobotsRule::Ignore).await, "200");
    assert_eq!(visit(&fetcher, server.url("/away"), RobotsRule::Ignore).await, "closed_to_robots");
    assert_eq!(paths(&server), ["/moved", "/privacy", "/away"], "its own robots.txt is not asked for");
    assert_eq!(paths(&other), ["/robots.txt"]);
}

/// Nor does a watch that was followed elsewhere take its leave, or its headers, along.
#[tokio::test]
async fn what_one_site_gave_stays_with_it_when_the_policy_moves() {
    let world = World::new().await;
    let headers = Headers::new(&Url::parse("https://acme.test/").unwrap(), [("X-A".to_owned(), "b".to_owned())]);
    let access = Access { headers: headers.unwrap(), ..Access::default() };
    let ours = Watch { robots: RobotsRule::Ignore, access, ..watch("/privacy", &[]) };
    let ours = world.follow(ours).await;
    let moves_to = async |url: &str| {
        let word =
            NewMove { url: Url::parse(url).unwrap(), way: Way::Operator, alike: None, state: MoveState::Accepted };
        let now = world.clock.now();
        world.store.record_moves(&ours, None, vec![word], now).await.unwrap();
        let there = in_its_place(&ours, &world.store).await.unwrap();
        assert_eq!(there.url.as_str(), url);
        (there.robots, there.access.headers.toward(&there.url).count())
    };
    assert_eq!(moves_to("https://acme.test/trust").await, (RobotsRule::Ignore, 1));
    assert_eq!(moves_to("https://legal.acme.test/privacy").await, (RobotsRule::Ignore, 0));
    assert_eq!(moves_to("https://evil.test/privacy").await, (RobotsRule::Respect, 0));
}
