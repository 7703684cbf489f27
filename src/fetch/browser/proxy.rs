//! The only way out that the browser has: a proxy on the loopback interface, in our own
//! process, which decides about every connection as [`crate::guard`] does.
//!
//! It knows two things: `CONNECT`, and requests with an absolute address. Names are resolved
//! here and nowhere else, and only those that the page asked for: a browser has errands of its
//! own, which are none of ours. What is read through it is counted, and ends at a limit. One page of
//! its own answers the question whether the browser really comes this way ([`Proxy::nonce_url`]).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::tcp::OwnedReadHalf;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore};
use tokio::task::{JoinHandle, JoinSet};
use url::Url;

use crate::access;
use crate::http::{Connected, GuardedClient, Purpose, authority, authorization};
use crate::outcome::FailureKind;

/// The longest head of a request or an answer, in bytes: what browsers accept.
const MAX_HEAD: usize = 256 * 1024;

/// How many connections one page may have open.
const AT_ONCE: usize = 64;

/// How long a head may take to come. A page's own time ends sooner.
const HEAD: Duration = Duration::from_secs(60);

/// How long a connection may wait until the browser has told us that the page asked for it:
/// the two come on ways of their own.
const TOLD: Duration = Duration::from_secs(5);

/// How many places a page may ask for.
const PLACES: usize = 512;

/// How many refusals are kept to explain a failure.
const REFUSALS: usize = 256;

/// Says of a host why it is left alone now, if it is.
pub(super) type Quiet = Arc<dyn Fn(&str) -> Option<FailureKind> + Send + Sync>;

/// A proxy that runs as long as this value.
pub(super) struct Proxy {
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

/// What all connections know.
struct Shared {
    client: GuardedClient,
    address: SocketAddr,
    nonce: String,
    /// The browser asked for the page of our own through the proxy.
    proven: AtomicBool,
    /// Somebody asked us as if we were no proxy.
    direct: AtomicBool,
    /// Bytes that may still come.
    left: AtomicU64,
    room: Semaphore,
    quiet: Quiet,
    /// Hosts and ports that the page asked for.
    wanted: Mutex<BTreeSet<String>>,
    /// Rung when there is one more.
    told: Notify,
    /// By host and port: why nothing came of it.
    failures: Mutex<BTreeMap<String, FailureKind>>,
    /// By host and port: who answered.
    remotes: Mutex<HashMap<String, SocketAddr>>,
}

impl Drop for Proxy {
    /// Ends every connection: they belong to the task.
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Proxy {
    /// Listens on a free port; at most `traffic` bytes are read through it.
    pub(super) async fn start(
        client: GuardedClient,
        nonce: String,
        traffic: u64,
        quiet: Quiet,
    ) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let shared = Arc::new(Shared {
            client,
            address: listener.local_addr()?,
            nonce,
            proven: AtomicBool::new(false),
            direct: AtomicBool::new(false),
            left: AtomicU64::new(traffic),
            room: Semaphore::new(AT_ONCE),
            quiet,
            wanted: Mutex::default(),
            told: Notify::new(),
            failures: Mutex::default(),
            remotes: Mutex::default(),
        });
        let state = Arc::clone(&shared);
        let accepting = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, Arc::clone(&state)));
                while connections.try_join_next().is_some() {}
            }
        });
        Ok(Self { shared, accepting })
    }

    /// Where it listens.
    pub(super) fn address(&self) -> SocketAddr {
        self.shared.address
    }

    /// A page that only the proxy has. Its address is the proxy's own, on the loopback
    /// interface, which browsers like to visit without a proxy: who does that is told apart.
    pub(super) fn nonce_url(&self) -> String {
        format!("http://{}/{}", self.shared.address, self.shared.nonce)
    }

    /// The page asked for this; without a word, nobody is let through to it.
    pub(super) fn want(&self, url: &str) {
        // The schemes of sockets have the same ports.
        let Ok(url) = Url::parse(url) else { return };
        let mut wanted = lock(&self.shared.wanted);
        if url.has_host() && wanted.len() < PLACES && wanted.insert(place(&url)) {
            drop(wanted);
            self.shared.told.notify_waiters();
        }
    }

    /// Whether that page was asked for through the proxy, and nothing past it.
    pub(super) fn is_proven(&self) -> bool {
        self.shared.proven.load(Ordering::SeqCst) && !self.shared.direct.load(Ordering::SeqCst)
    }

    /// Whether the limit of what may be read was hit.
    pub(super) fn is_exhausted(&self) -> bool {
        self.shared.left.load(Ordering::SeqCst) == 0
    }

    /// Why nothing came of a connection to where a URL leads, if that is so.
    pub(super) fn failure(&self, url: &Url) -> Option<FailureKind> {
        lock(&self.shared.failures).get(&place(url)).cloned()
    }

    /// Who answered for a URL's host.
    pub(super) fn remote(&self, url: &Url) -> Option<SocketAddr> {
        lock(&self.shared.remotes).get(&place(url)).copied()
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Host and port, both written.
fn place(url: &Url) -> String {
    format!("{}:{}", url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or_default())
}

/// What a browser asks a proxy for.
enum Asked {
    /// A tunnel to where this leads.
    Tunnel(Url),
    /// One request, with its method.
    Page { method: String, url: Url },
    /// Something that no proxy is asked for.
    Direct,
}

fn asked(line: &str) -> Option<Asked> {
    let mut parts = line.split(' ');
    let (method, target) = (parts.next()?, parts.next()?);
    if method == "CONNECT" {
        return Url::parse(&format!("https://{target}/")).ok().map(Asked::Tunnel);
    }
    if target.starts_with('/') || target == "*" {
        return Some(Asked::Direct);
    }
    Url::parse(target).ok().map(|url| Asked::Page { method: method.to_owned(), url })
}

async fn serve(mut browser: TcpStream, shared: Arc<Shared>) {
    let Ok(_place) = shared.room.acquire().await else { return };
    let Some((head, rest)) = head(&mut browser).await else { return };
    let line = head.lines().next().unwrap_or_default();
    match asked(line) {
        None => refuse(&mut browser, "400 Bad Request", "this is no request").await,
        Some(Asked::Direct) => {
            shared.direct.store(true, Ordering::SeqCst);
            refuse(&mut browser, "403 Forbidden", "this is a proxy").await;
        }
        Some(Asked::Page { url, .. }) if shared.is_own(&url) => {
            if url.path().trim_start_matches('/') == shared.nonce {
                shared.proven.store(true, Ordering::SeqCst);
                refuse(&mut browser, "200 OK", &shared.nonce).await;
            } else {
                refuse(&mut browser, "403 Forbidden", "there is no such page").await;
            }
        }
        Some(Asked::Tunnel(url)) => {
            if let Some(Connected { stream: server, .. }) = shared.reach(&url, Purpose::Tunnel, &mut browser).await {
                let sent = browser.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await;
                if sent.is_ok() {
                    splice(browser, server, rest, &shared).await;
                }
            }
        }
        Some(Asked::Page { method, url }) => {
            if let Some(server) = shared.reach(&url, Purpose::Page, &mut browser).await {
                exchange(browser, server, (&method, &url, &head), rest, &shared).await;
            }
        }
    }
}

impl Shared {
    fn is_own(&self, url: &Url) -> bool {
        url.port_or_known_default() == Some(self.address.port())
            && url.host_str().is_some_and(|host| host == "127.0.0.1" || host == "localhost")
    }

    /// Waits until the page has asked for a place, if it does.
    async fn is_wanted(&self, place: &str) -> bool {
        let wanted = async {
            loop {
                let told = self.told.notified();
                if lock(&self.wanted).contains(place) {
                    return;
                }
                told.await;
            }
        };
        tokio::time::timeout(TOLD, wanted).await.is_ok()
    }

    /// Connects, or tells the browser why not and keeps that.
    async fn reach(&self, url: &Url, purpose: Purpose, browser: &mut TcpStream) -> Option<Connected> {
        let host = url.host_str().unwrap_or_default();
        if !self.is_wanted(&place(url)).await {
            tracing::trace!("the browser asked for {} by itself", authority(url));
            refuse(browser, "403 Forbidden", "the page did not ask for this").await;
            let reason = "it asked for the page before it said so".to_owned();
            self.note_failure(url, FailureKind::Browser { host: authority(url), reason });
            return None;
        }
        let connected = match (self.quiet)(host) {
            Some(kind) => Err(kind),
            None if self.is_own(url) => {
                Err(FailureKind::Forbidden { host: host.to_owned(), address: self.address.ip().to_string() })
            }
            None => self.client.connect(url, purpose).await,
        };
        match connected {
            Ok(server) => {
                if let Some(address) = server.remote {
                    lock(&self.remotes).insert(place(url), address);
                }
                // What was refused before is not what the page is now.
                lock(&self.failures).remove(&place(url));
                Some(server)
            }
            Err(kind) => {
                tracing::debug!("the browser was not let through to {}: {kind}", authority(url));
                let status = match kind {
                    FailureKind::Forbidden { .. } | FailureKind::BadUrl { .. } => "403 Forbidden",
                    _ => "502 Bad Gateway",
                };
                refuse(browser, status, kind.as_str()).await;
                self.note_failure(url, kind);
                None
            }
        }
    }

    fn note_failure(&self, url: &Url, kind: FailureKind) {
        let mut failures = lock(&self.failures);
        if failures.len() < REFUSALS {
            // The first is what the page came for.
            failures.entry(place(url)).or_insert(kind);
        }
    }

    /// Takes so many bytes from what may still be read; none if that is used up.
    fn spend(&self, bytes: usize) -> Option<()> {
        let spent = self.left.try_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(bytes as u64));
        if spent.is_err() {
            self.left.store(0, Ordering::SeqCst);
        }
        spent.ok().map(|_| ())
    }
}

/// Answers with a short text, and hangs up.
async fn refuse(to: &mut TcpStream, status: &str, text: &str) {
    let answer = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/plain\r\ncontent-length: {}\r\ncache-control: no-store\r\n\
         connection: close\r\n\r\n{text}",
        text.len()
    );
    // Whoever went away needs no answer.
    let _ = to.write_all(answer.as_bytes()).await;
    let _ = to.shutdown().await;
}

/// A head up to its empty line, and what came behind it.
async fn head(from: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let read = async {
        let mut bytes = Vec::new();
        loop {
            if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                let rest = bytes.split_off(end + 4);
                return Some((String::from_utf8_lossy(&bytes).into_owned(), rest));
            }
            if bytes.len() > MAX_HEAD || from.read_buf(&mut bytes).await.ok()? == 0 {
                return None;
            }
        }
    };
    tokio::time::timeout(HEAD, read).await.ok().flatten()
}

/// Carries bytes both ways until one side ends, or the limit does.
async fn splice(browser: TcpStream, mut server: TcpStream, rest: Vec<u8>, shared: &Shared) {
    if server.write_all(&rest).await.is_err() {
        return;
    }
    let ((from_browser, to_browser), (from_server, to_server)) = (browser.into_split(), server.into_split());
    tokio::join!(carry(from_browser, to_server, shared), carry(from_server, to_browser, shared));
}

async fn carry(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, shared: &Shared) {
    let mut piece = vec![0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut piece).await {
        if shared.spend(read).is_none() || to.write_all(&piece[..read]).await.is_err() {
            break;
        }
    }
    let _ = to.shutdown().await;
}

/// Asks a server for one page, and carries the answer: one request, and the connection ends.
async fn exchange(
    browser: TcpStream,
    Connected { stream: mut server, tell, .. }: Connected,
    (method, url, head): (&str, &Url, &str),
    rest: Vec<u8>,
    shared: &Shared,
) {
    let length = length_of(head);
    let (mut from_browser, mut to_browser) = browser.into_split();
    let asked = request(method, url, head, tell.as_ref());
    let body = async {
        // No more than this request has: another one would be for another server.
        let taken = rest.len().min(usize::try_from(length).unwrap_or(usize::MAX));
        server.write_all(asked.as_bytes()).await?;
        server.write_all(&rest[..taken]).await?;
        let mut more = (&mut from_browser).take(length - taken as u64);
        tokio::io::copy(&mut more, &mut server).await
    };
    if body.await.is_err() {
        return;
    }
    let Some((answered, begun)) = self::head(&mut server).await else { return };
    if let Some(proxy) = tell.filter(|_| answered.split(' ').nth(1) == Some("407")) {
        let (proxy, reason) = (proxy.to_string(), "it wants credentials (407)".to_owned());
        shared.note_failure(url, FailureKind::Proxy { proxy, host: authority(url), reason });
    }
    let closing = closing(&answered);
    if shared.spend(answered.len() + begun.len()).is_none()
        || to_browser.write_all(closing.as_bytes()).await.is_err()
        || to_browser.write_all(&begun).await.is_err()
    {
        return;
    }
    let (from_server, _to_server) = server.into_split();
    tokio::select! {
        () = carry(from_server, to_browser, shared) => {}
        // The browser has gone away: it says nothing else on this connection.
        () = end_of(&mut from_browser) => {}
    }
}

/// Waits for the end of what a side says, and heeds nothing of it.
async fn end_of(from: &mut OwnedReadHalf) {
    let mut piece = [0; 512];
    while let Ok(1..) = from.read(&mut piece).await {}
}

/// How long a request's body is; browsers write it without chunks.
fn length_of(head: &str) -> u64 {
    let lines = head.lines().filter_map(|line| line.split_once(':'));
    let named = lines.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    named.filter_map(|(_, value)| value.trim().parse().ok()).next().unwrap_or(0)
}

/// The request as a server is asked, without what was for us; or as another proxy is, which
/// must be told the whole address.
fn request(method: &str, url: &Url, head: &str, tell: Option<&access::Proxy>) -> String {
    let from = if tell.is_some() { url::Position::BeforeScheme } else { url::Position::BeforePath };
    let mut lines = format!("{method} {} HTTP/1.1\r\n", &url[from..url::Position::AfterQuery]);
    if let Some(credentials) = tell.and_then(authorization) {
        lines += &format!("proxy-authorization: {credentials}\r\n");
    }
    push_headers(&mut lines, head);
    lines
}

/// An answer's head that tells the browser not to use the connection again.
fn closing(head: &str) -> String {
    let mut lines = format!("{}\r\n", head.lines().next().unwrap_or("HTTP/1.1 502 Bad Gateway"));
    push_headers(&mut lines, head);
    lines
}

fn push_headers(lines: &mut String, head: &str) {
    const FOR_THE_NEXT: [&str; 4] = ["connection", "keep-alive", "proxy-connection", "proxy-authorization"];
    let kept = head.lines().skip(1).filter(|line| {
        let name = line.split(':').next().unwrap_or_default().trim().to_ascii_lowercase();
        !line.is_empty() && !FOR_THE_NEXT.contains(&name.as_str())
    });
    for line in kept {
        lines.push_str(line);
        lines.push_str("\r\n");
    }
    lines.push_str("connection: close\r\n\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_proxy_is_asked_for_is_understood() {
        let told = |line: &str| match asked(line) {
            Some(Asked::Tunnel(url)) => format!("tunnel {}", place(&url)),
            Some(Asked::Page { method, url }) => format!("{method} {url}"),
            Some(Asked::Direct) => "direct".to_owned(),
            None => "none".to_owned(),
        };
        assert_eq!(told("CONNECT acme.test:443 HTTP/1.1"), "tunnel acme.test:443");
        assert_eq!(told("CONNECT acme.test:80 HTTP/1.1"), "tunnel acme.test:80");
        assert_eq!(told("CONNECT [::1]:443 HTTP/1.1"), "tunnel [::1]:443");
        assert_eq!(told("GET http://acme.test/a?b HTTP/1.1"), "GET http://acme.test/a?b");
        assert_eq!(told("GET /a HTTP/1.1"), "direct");
        assert_eq!(told("GET"), "none");
        assert_eq!(told("CONNECT acme.test:99999 HTTP/1.1"), "none");
    }

    #[test]
    fn a_request_loses_what_was_for_the_proxy() {
        let url = Url::parse("http://acme.test/a?b=c#d").unwrap();
        let head = "GET http://acme.test/a?b=c HTTP/1.1\r\nHost: acme.test\r\nProxy-Connection: keep-alive\r\n\r\n";
        let expected = "GET /a?b=c HTTP/1.1\r\nHost: acme.test\r\nconnection: close\r\n\r\n";
        assert_eq!(request("GET", &url, head, None), expected);
        let proxy = "http://ada:pw@proxy.test:3128".parse().unwrap();
        let expected = "GET http://acme.test/a?b=c HTTP/1.1\r\nproxy-authorization: Basic YWRhOnB3\r\n\
                        Host: acme.test\r\nconnection: close\r\n\r\n";
        assert_eq!(request("GET", &url, head, Some(&proxy)), expected);
        let answer = "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nX-A: 1\r\n\r\n";
        assert_eq!(closing(answer), "HTTP/1.1 200 OK\r\nX-A: 1\r\nconnection: close\r\n\r\n");
    }
}
