//! Ways through proxies, and what is sent to one site and no other.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use policywatch::access::{Access, Headers, Way};
use policywatch::clock::SystemClock;
use policywatch::fetch::{Fetch as _, Fetched, Fetcher, Options, Request};
use policywatch::guard::Allowed;
use policywatch::http::GuardedClient;
use policywatch::outcome::FailureKind;
use policywatch::snapshot::{Origin, Snapshot, Validators};
use policywatch::watch::RobotsRule;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

use super::server::{Act, Asked, Names, Server, answer, redirect, request};
use super::tls::{Authority, PAGE, Secure};

/// A proxy that leads every name to one address, and what it was asked for.
pub struct Proxy {
    pub address: SocketAddr,
    log: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// One that speaks HTTP, and wants these credentials.
    pub async fn http(to: SocketAddr, credentials: Option<&'static str>) -> Self {
        Self::start(move |stream, log| http(stream, to, credentials, log)).await
    }

    /// One that speaks SOCKS 5, and wants this user and password.
    pub async fn socks(to: SocketAddr, credentials: Option<(&'static str, &'static str)>) -> Self {
        Self::start(move |stream, log| socks(stream, to, credentials, log)).await
    }

    async fn start<F: Future<Output = Option<()>> + Send + 'static>(
        serve: impl Fn(TcpStream, Arc<Mutex<Vec<String>>>) -> F + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let written = Arc::clone(&log);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&written)));
            }
        });
        Self { address, log }
    }

    pub fn asked(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    pub fn way(&self, scheme: &str, credentials: &str) -> Way {
        Way::Proxy(format!("{scheme}://{credentials}{}", self.address).parse().unwrap())
    }
}

async fn http(
    mut stream: TcpStream,
    to: SocketAddr,
    credentials: Option<&str>,
    log: Arc<Mutex<Vec<String>>>,
) -> Option<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let asked = Asked(String::from_utf8_lossy(&head).into_owned());
    let line = asked.0.lines().next()?.to_owned();
    log.lock().unwrap().push(line.clone());
    if credentials.is_some_and(|credentials| asked.header("proxy-authorization") != Some(credentials)) {
        let refused = answer("407 Proxy Authentication Required", "proxy-authenticate: Basic\r\n", b"no");
        stream.write_all(&refused).await.ok()?;
        return None;
    }
    let mut server = TcpStream::connect(to).await.ok()?;
    if line.starts_with("CONNECT ") {
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.ok()?;
    } else {
        let mut words = line.split(' ');
        let (method, url) = (words.next()?, Url::parse(words.next()?).ok()?);
        let kept: Vec<&str> = asked.0.lines().skip(1).filter(|line| !line.starts_with("proxy-")).collect();
        let head = format!("{method} {} HTTP/1.1\r\n{}\r\n", &url[url::Position::BeforePath..], kept.join("\r\n"));
        server.write_all(head.as_bytes()).await.ok()?;
    }
    copy_bidirectional(&mut stream, &mut server).await.ok()?;
    Some(())
}

/// After RFC 1928 and 1929.
async fn socks(
    mut stream: TcpStream,
    to: SocketAddr,
    credentials: Option<(&str, &str)>,
    log: Arc<Mutex<Vec<String>>>,
) -> Option<()> {
    let text = async |stream: &mut TcpStream| {
        let mut text = vec![0; stream.read_u8().await.ok()?.into()];
        stream.read_exact(&mut text).await.ok()?;
        String::from_utf8(text).ok()
    };
    stream.read_u8().await.ok()?;
    let methods = text(&mut stream).await?;
    match credentials {
        None => stream.write_all(&[5, 0]).await.ok()?,
        Some(_) if !methods.contains('\u{2}') => {
            log.lock().unwrap().push("no credentials".to_owned());
            stream.write_all(&[5, 0xff]).await.ok()?;
            return None;
        }
        Some((user, password)) => {
            stream.write_all(&[5, 2]).await.ok()?;
            stream.read_u8().await.ok()?;
            let given = (text(&mut stream).await?, text(&mut stream).await?);
            let right = given == (user.to_owned(), password.to_owned());
            stream.write_all(&[1, u8::from(!right)]).await.ok()?;
            if !right {
                return None;
            }
        }
    }
    let mut asked = [0; 4];
    stream.read_exact(&mut asked).await.ok()?;
    let host = match asked[3] {
        1 => std::net::Ipv4Addr::from(stream.read_u32().await.ok()?).to_string(),
        3 => text(&mut stream).await?,
        _ => std::net::Ipv6Addr::from(stream.read_u128().await.ok()?).to_string(),
    };
    let port = stream.read_u16().await.ok()?;
    log.lock().unwrap().push(format!("{host}:{port}"));
    let mut server = TcpStream::connect(to).await.ok()?;
    stream.write_all(&[5, 0, 0, 1, 127, 0, 0, 1, 0, 0]).await.ok()?;
    copy_bidirectional(&mut stream, &mut server).await.ok()?;
    Some(())
}

/// A site that shows what it was asked with.
async fn site() -> Server {
    Server::start(|_: &Asked| vec![Act::Send(answer("200 OK", "content-type: text/html\r\n", PAGE))]).await
}

/// Names are those of a resolver in memory; no other special address than 127.0.0.1 is let.
fn fetcher(proxy: Option<&Way>) -> Fetcher<SystemClock> {
    let at = |text: &str| vec![text.parse().unwrap()];
    let names =
        Names(vec![("acme.test", at("127.0.0.1")), ("private.test", at("127.0.0.9")), ("proxy.test", at("127.0.0.8"))]);
    let options = Options {
        timeout: Duration::from_secs(20),
        pause_per_host: Duration::ZERO,
        allow: vec![Allowed::Network("127.0.0.1/32".parse().unwrap())],
        proxy: proxy.map(|way| match way {
            Way::Proxy(proxy) => proxy.clone(),
            other => panic!("{other}"),
        }),
        ..Options::default()
    };
    let client = GuardedClient::with_lookup(&options, Arc::new(names)).unwrap();
    Fetcher::with_client(client, options, SystemClock)
}

async fn get(fetcher: &Fetcher<SystemClock>, url: &str, way: &Way) -> Result<Snapshot, FailureKind> {
    let access = Access { way: way.clone(), ..Access::default() };
    match fetcher.fetch(Request { access, ..request(Url::parse(url).unwrap()) }).await {
        Ok(Fetched::Snapshot(snapshot)) => Ok(*snapshot),
        Ok(Fetched::NotModified) => panic!("nothing was asked conditionally"),
        Err(failure) => Err(failure.kind),
    }
}

#[tokio::test]
async fn each_page_goes_its_own_way() {
    let site = site().await;
    let (first, second) = (Proxy::http(site.address, None).await, Proxy::socks(site.address, None).await);
    let (http, socks, names) = (first.way("http", ""), second.way("socks5", ""), second.way("socks5h", ""));
    let fetcher = fetcher(Some(&http));
    // What no resolver here knows: the proxy does.
    let page = get(&fetcher, "http://unknown.test/privacy", &Way::AsUsual).await.unwrap();
    assert_eq!((page.status, &page.body[..]), (200, PAGE));
    assert_eq!(page.origin, Origin::Live { remote_addr: None }, "who answered the proxy nobody knows");
    assert_eq!(first.asked(), ["GET http://unknown.test/privacy HTTP/1.1"]);
    get(&fetcher, "http://unknown.test/privacy", &names).await.unwrap();
    get(&fetcher, "http://acme.test/privacy", &socks).await.unwrap();
    assert_eq!(second.asked(), ["unknown.test:80", "127.0.0.1:80"]);
    let direct = get(&fetcher, site.url("/privacy").as_str(), &Way::Direct).await.unwrap();
    assert_eq!(direct.origin, Origin::Live { remote_addr: Some(site.address.to_string()) });
    assert_eq!((first.asked().len(), second.asked().len(), site.asked().len()), (1, 2, 4));
}

#[tokio::test]
async fn a_tunnel_is_trusted_no_more_than_a_connection() {
    let ours = Authority::new();
    let good = Secure::start(&ours.vouches("acme.test", 2020, 2036), &["h2"]).await;
    let bad = Secure::start(&ours.vouches("other.test", 2020, 2036), &["h2"]).await;
    for (server, expected) in [(&good, Ok(200)), (&bad, Err("tls"))] {
        let to = SocketAddr::from(([127, 0, 0, 1], server.port));
        let (http, socks) = (Proxy::http(to, None).await, Proxy::socks(to, None).await);
        for way in [http.way("http", ""), socks.way("socks5", ""), socks.way("socks5h", "")] {
            let fetcher = super::tls::fetcher(super::tls::options(Some(&ours)));
            let came = get(&fetcher, "https://acme.test/privacy", &way).await;
            assert_eq!(came.map(|page| page.status).map_err(|kind| kind.as_str()), expected, "{way}");
        }
        assert_eq!(http.asked(), ["CONNECT acme.test:443 HTTP/1.1"]);
        assert_eq!(socks.asked(), ["127.0.0.1:443", "acme.test:443"]);
    }
}

#[tokio::test]
async fn a_proxy_opens_no_private_place() {
    let site = site().await;
    let (http, socks) = (Proxy::http(site.address, None).await, Proxy::socks(site.address, None).await);
    let ways = [http.way("http", ""), socks.way("socks5", ""), socks.way("socks5h", "")];
    // What the address says itself is decided here on every way.
    for url in ["http://10.0.0.1/", "http://[::ffff:10.0.0.1]/", "http://0x7f.2/", "http://acme.test:22/"] {
        for way in &ways {
            let refused = get(&fetcher(None), url, way).await.unwrap_err();
            assert!(["forbidden_address", "bad_url"].contains(&refused.as_str()), "{way} {url}: {refused}");
        }
    }
    // Without leave for this machine, nor is it by its name.
    let strict = GuardedClient::new(&Options::default()).unwrap();
    for way in &ways {
        let Way::Proxy(proxy) = way else { panic!("{way}") };
        let url = Url::parse("http://localhost/").unwrap();
        let refused = strict.through(Some(proxy)).get(&url, &[]).await.unwrap_err();
        assert_eq!(refused.as_str(), "forbidden_address", "{way}");
    }
    // What a name leads to, where it is resolved here.
    let refused = get(&fetcher(None), "http://private.test/", &ways[1]).await.unwrap_err();
    assert_eq!(refused.as_str(), "forbidden_address");
    assert_eq!((http.asked(), socks.asked()), (Vec::new(), Vec::new()));
    // The proxy may stand anywhere, but no page leads to it.
    for scheme in ["http", "socks5", "socks5h"] {
        let way = Way::Proxy(format!("{scheme}://proxy.test:3128").parse().unwrap());
        let refused = get(&fetcher(None), "http://proxy.test/", &way).await.unwrap_err();
        assert!(refused.to_string().contains("is the proxy that pages are asked for through"), "{refused}");
    }
}

#[tokio::test]
async fn what_a_proxy_refuses_is_told_as_its_own() {
    let site = site().await;
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    // "ada:pw" in Base64.
    let http = Proxy::http(site.address, Some("Basic YWRhOnB3")).await;
    let socks = Proxy::socks(site.address, Some(("ada", "pw"))).await;
    let gone = |scheme: &str| Way::Proxy(format!("{scheme}://{closed}").parse().unwrap());
    let cases = [
        (http.way("http", ""), "http://acme.test/", "wants credentials"),
        (http.way("http", "ada:wrong@"), "https://acme.test/", "proxy"),
        (socks.way("socks5h", ""), "http://acme.test/", "proxy"),
        (socks.way("socks5h", "ada:wrong@"), "https://acme.test/", "proxy"),
        (gone("http"), "http://acme.test/", "refused"),
        (gone("socks5"), "https://acme.test/", "proxy"),
    ];
    for (way, url, words) in cases {
        let refused = get(&fetcher(None), url, &way).await.unwrap_err();
        let told = refused.to_string();
        assert_eq!(refused.as_str(), "proxy", "{way}: {told}");
        assert!(told.contains(words) && told.contains(&way.to_string()), "{way}: {told}");
        assert!(!told.contains("wrong") && !told.contains("ada"), "{told}");
    }
    assert_eq!(site.asked().len(), 0);
    for way in [http.way("http", "ada:pw@"), socks.way("socks5", "ada:pw@"), socks.way("socks5h", "ada:pw@")] {
        assert_eq!(get(&fetcher(None), "http://acme.test/", &way).await.unwrap().status, 200, "{way}");
    }
    let sent = site.asked();
    assert_eq!(sent.len(), 3);
    assert!(sent.iter().all(|asked| asked.header("proxy-authorization").is_none()), "{sent:?}");
}

#[tokio::test]
async fn headers_go_to_their_own_site_and_never_further() {
    let other = site().await;
    let away = other.url("/elsewhere").to_string();
    let site = Server::start(move |asked: &Asked| match asked.path() {
        "/old" => vec![Act::Send(answer("302 Found", "location: /privacy\r\nset-cookie: seen=1\r\n", b""))],
        "/away" => redirect(&away),
        _ if asked.header("if-none-match").is_some() => vec![Act::Send(b"HTTP/1.1 304 Not Modified\r\n\r\n".to_vec())],
        _ => vec![Act::Send(answer("200 OK", "etag: \"1\"\r\n", PAGE))],
    })
    .await;
    let pairs = [("Authorization", "Bearer s3cret"), ("Cookie", "region=de"), ("Accept", "text/markdown")];
    let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let headers = Headers::new(&site.url("/"), pairs).unwrap();
    let access = Access { headers, locale: Some("de-DE".parse().unwrap()), ..Access::default() };
    let asking = |path: &str| Request { access: access.clone(), ..request(site.url(path)) };
    let fetcher = fetcher(None);
    let Ok(Fetched::Snapshot(page)) = fetcher.fetch(asking("/old")).await else { panic!("no page") };
    assert!(!format!("{page:?} {access:?}").contains("s3cret"), "the evidence does not hold what was shown");
    let known = Request { validators: page.validators(), ..asking("/privacy") };
    assert_eq!(fetcher.fetch(known).await, Ok(Fetched::NotModified));
    let Ok(Fetched::Snapshot(page)) = fetcher.fetch(asking("/away")).await else { panic!("no page") };
    assert_eq!(page.final_url, other.url("/elsewhere").as_str());

    let sent = site.asked();
    assert!(sent.iter().all(|asked| asked.header("authorization") == Some("Bearer s3cret")), "{sent:?}");
    assert!(sent.iter().all(|asked| asked.header("accept") == Some("text/markdown")), "{sent:?}");
    assert!(sent.iter().all(|asked| asked.header("accept-language") == Some("de-DE,de;q=0.9,*;q=0.5")), "{sent:?}");
    let cookies: Vec<_> = sent.iter().map(|asked| asked.header("cookie").unwrap()).collect();
    assert_eq!(cookies, ["region=de", "region=de; seen=1", "region=de", "region=de"]);
    let elsewhere = &other.asked()[0];
    assert_eq!((elsewhere.header("authorization"), elsewhere.header("cookie")), (None, None));
    // Nor to a page that stands on another site from the start, nor to robots.txt.
    let foreign = Request { access: access.clone(), ..request(other.url("/annex")) };
    fetcher.fetch(foreign).await.unwrap();
    fetcher.fetch(Request { robots: RobotsRule::Respect, ..asking("/privacy") }).await.unwrap();
    assert_eq!(other.asked()[1].header("authorization"), None);
    let asked = site.asked();
    let robots = asked.iter().find(|asked| asked.path() == "/robots.txt").unwrap();
    assert_eq!(robots.header("authorization"), None);
    assert_eq!(Validators::default(), asking("/").validators);
}
