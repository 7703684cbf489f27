//! The guarded HTTP client that fetching and webhooks share: public addresses only
//! (or allowed ones), at connection time and on every redirect; TLS always verified.
//!
//! This is the one port that other ports import: there must be no second way out of the
//! program. It follows no redirects, keeps no cookies, decodes no bodies and never tries
//! again; who asks does that, one guarded request at a time.
//!
//! Through a proxy the same is decided, as far as it can be: every URL here, and every name
//! that is resolved here. What an HTTP proxy or a `socks5h` one makes of a name is its own to
//! decide.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::cookie::CookieStore as _;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use tokio::net::TcpStream;
use url::Url;

use crate::access::{Proxy, ProxyKind};
use crate::guard::{self, Allowed};
use crate::outcome::FailureKind;

mod trust;
mod way;

pub use trust::Authorities;
pub(crate) use trust::Distrust;
pub(crate) use way::authorization;

/// What is read of an answer to [`GuardedClient::post`].
const POST_ANSWER: usize = 64 * 1024;

// 256 KiB: what browsers accept; no genuine page comes near it.
const MAX_HEADERS: usize = 256 * 1024;

/// How the client presents itself, and what it may reach.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// What we call ourselves.
    pub user_agent: String,
    /// Until a connection stands.
    pub connect_timeout: Duration,
    /// Special addresses that may be reached although they are not public.
    pub allow: Vec<Allowed>,
    /// Authorities that are trusted beside the system's.
    pub extra_ca: Option<Authorities>,
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The user agent is no header value.
    #[error("the user agent {0:?} cannot be sent; use printable ASCII characters")]
    UserAgent(String),
    /// TLS could not be set up.
    #[error("the http client cannot be built: {0}; are the system's ca certificates installed?")]
    Tls(String),
}

/// The addresses of a name, or why there are none.
pub type Addresses = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// Finds the addresses of names.
pub trait Lookup: Send + Sync + 'static {
    /// All addresses of a name.
    fn lookup(&self, host: &str) -> Addresses;
}

/// The system's resolver.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemLookup;

impl Lookup for SystemLookup {
    fn lookup(&self, host: &str) -> Addresses {
        let host = host.to_owned();
        Box::pin(async move {
            let found = tokio::net::lookup_host((host, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// Stands between the resolver and the connection: hyper connects to exactly the
/// addresses that pass here, so there is no second look-up to win.
struct Guard {
    lookup: Arc<dyn Lookup>,
    allow: Arc<[Allowed]>,
    /// The proxy's own name: the operator chose where it leads.
    proxy: Option<String>,
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().to_owned();
        let found = self.lookup.lookup(&host);
        let allow = Arc::clone(&self.allow);
        let chosen = self.proxy.as_ref().is_some_and(|proxy| proxy.eq_ignore_ascii_case(&host));
        Box::pin(async move {
            let addresses = found.await.map_err(|_| Refusal(FailureKind::Dns { host: host.clone() }))?;
            if !chosen || addresses.is_empty() {
                guard::decide(&host, &addresses, &allow).map_err(Refusal)?;
            }
            Ok(Box::new(addresses.into_iter().map(|address| SocketAddr::new(address, 0))) as Addrs)
        })
    }
}

/// Carries our own decision through the layers of the HTTP library and back to us.
#[derive(Debug)]
struct Refusal(FailureKind);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl StdError for Refusal {}

/// A client that reaches nothing but public and allowed addresses.
#[derive(Clone)]
pub struct GuardedClient {
    lookup: Arc<dyn Lookup>,
    allow: Arc<[Allowed]>,
    connect_timeout: Duration,
    proxy: Option<Proxy>,
    family: Arc<Family>,
}

/// What clients of different ways share.
struct Family {
    agent: HeaderValue,
    certificates: Vec<reqwest::Certificate>,
    extra_ca: Option<Authorities>,
    /// One client for each way: connections, and sessions of TLS, are kept apart. There are no
    /// more of them than a configuration names.
    clients: Mutex<Vec<(Option<Proxy>, reqwest::Client)>>,
}

impl fmt::Debug for GuardedClient {
    /// Without the library's client, which would print the credentials of a proxy.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardedClient").field("proxy", &self.proxy).field("allow", &self.allow).finish_non_exhaustive()
    }
}

/// A bare connection, and how to speak on it.
pub(crate) struct Connected {
    pub(crate) stream: TcpStream,
    /// The proxy that must be told the whole address, with each request.
    pub(crate) tell: Option<Proxy>,
    /// Who answers, where that is known.
    pub(crate) remote: Option<SocketAddr>,
}

/// What a bare connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Whatever is spoken on it.
    Tunnel,
    /// One plain request.
    Page,
}

impl GuardedClient {
    /// A client that asks the system's resolver.
    ///
    /// # Errors
    /// What keeps it from being built.
    pub fn new(options: impl Into<Options>) -> Result<Self, ClientError> {
        Self::with_lookup(options, Arc::new(SystemLookup))
    }

    /// A client that asks another resolver.
    ///
    /// # Errors
    /// What keeps it from being built.
    pub fn with_lookup(options: impl Into<Options>, lookup: Arc<dyn Lookup>) -> Result<Self, ClientError> {
        let Options { user_agent, connect_timeout, allow, extra_ca } = options.into();
        // An error says that a provider is installed already: the same one, by us.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let agent = HeaderValue::from_str(&user_agent).ok().filter(|_| !user_agent.trim().is_empty());
        let agent = agent.ok_or(ClientError::UserAgent(user_agent))?;
        let certificates = extra_ca.iter().flat_map(Authorities::certificates).map(reqwest::Certificate::from_der);
        let certificates = certificates.collect::<Result<_, _>>().map_err(|error| ClientError::Tls(reason(&error)))?;
        let family = Arc::new(Family { agent, certificates, extra_ca, clients: Mutex::default() });
        let allow: Arc<[Allowed]> = allow.into();
        let client = Self { lookup, allow, connect_timeout, proxy: None, family };
        // What is wrong with it is told now, not at the first request.
        client.library()?;
        Ok(client)
    }

    /// The client of the same family that goes this way; none: without a proxy.
    pub fn through(&self, proxy: Option<&Proxy>) -> Self {
        Self { proxy: proxy.cloned(), ..self.clone() }
    }

    /// A bare connection to where a URL leads, decided as every other one: for the proxy that
    /// a browser is given. What is spoken on it is the caller's affair.
    ///
    /// # Errors
    /// Why there is no connection.
    pub(crate) async fn connect(&self, url: &Url, purpose: Purpose) -> Result<Connected, FailureKind> {
        self.check(url)?;
        let port = url.port_or_known_default().unwrap_or_default();
        let Some(proxy) = &self.proxy else {
            let addresses = self.addresses(url, port).await?;
            let stream = self.dial(&authority(url), &addresses).await?;
            let remote = stream.peer_addr().ok();
            return Ok(Connected { stream, tell: None, remote });
        };
        let failed = |reason| FailureKind::Proxy { proxy: proxy.to_string(), host: authority(url), reason };
        if purpose == Purpose::Page && proxy.kind == ProxyKind::Http {
            let reached = tokio::time::timeout(self.connect_timeout, way::reach(proxy)).await;
            let limit = self.connect_timeout.as_secs();
            let stream = reached.unwrap_or_else(|_| Err(format!("no answer within {limit} s"))).map_err(failed)?;
            return Ok(Connected { stream, tell: Some(proxy.clone()), remote: None });
        }
        let target = if proxy.resolves() {
            let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
            way::Target::Named(host.to_owned(), port)
        } else {
            way::Target::Decided(self.addresses(url, port).await?)
        };
        let stream = way::through(proxy, target, self.connect_timeout).await.map_err(failed)?;
        Ok(Connected { stream, tell: None, remote: None })
    }

    /// The addresses of a URL's host, on which was decided.
    async fn addresses(&self, url: &Url, port: u16) -> Result<Vec<SocketAddr>, FailureKind> {
        let (host, addresses) = match url.host() {
            Some(url::Host::Domain(name)) => {
                let found = self.lookup.lookup(name).await;
                let addresses = found.map_err(|_| FailureKind::Dns { host: name.to_owned() })?;
                (name.to_owned(), addresses)
            }
            Some(url::Host::Ipv4(address)) => (address.to_string(), vec![IpAddr::V4(address)]),
            Some(url::Host::Ipv6(address)) => (address.to_string(), vec![IpAddr::V6(address)]),
            None => return Err(FailureKind::BadUrl { url: url.to_string(), reason: "it names no host".to_owned() }),
        };
        guard::decide(&host, &addresses, &self.allow)?;
        Ok(addresses.into_iter().map(|address| SocketAddr::new(address, port)).collect())
    }

    /// Connects to exactly the addresses that were decided on: there is no second look-up to win.
    async fn dial(&self, named: &str, addresses: &[SocketAddr]) -> Result<TcpStream, FailureKind> {
        let host = named.to_owned();
        match tokio::time::timeout(self.connect_timeout, TcpStream::connect(addresses)).await {
            Err(_) => Err(FailureKind::Timeout { limit: self.connect_timeout }),
            Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => Err(FailureKind::Refused { host }),
            Ok(Err(error)) => Err(FailureKind::Connection { host, reason: error.to_string() }),
            Ok(Ok(stream)) => Ok(stream),
        }
    }

    /// Whether a URL may be asked for, as far as it says itself.
    fn check(&self, url: &Url) -> Result<(), FailureKind> {
        guard::check_url(url, &self.allow)?;
        // Its name is resolved without a decision; nobody but us may have use of that.
        let proxy = self.proxy.as_ref().filter(|proxy| proxy.host().parse::<IpAddr>().is_err());
        let itself = proxy.is_some_and(|proxy| {
            url.host_str().is_some_and(|host| host.trim_end_matches('.').eq_ignore_ascii_case(proxy.host()))
        });
        if itself {
            let reason = "it is the proxy that pages are asked for through".to_owned();
            return Err(FailureKind::BadUrl { url: url.to_string(), reason });
        }
        Ok(())
    }

    /// The way, in a word.
    pub(crate) fn way(&self) -> String {
        self.proxy.as_ref().map_or_else(|| "direct".to_owned(), ToString::to_string)
    }

    /// Authorities that are trusted beside the system's.
    pub(crate) fn extra_ca(&self) -> Option<&Authorities> {
        self.family.extra_ca.as_ref()
    }

    /// The special addresses that may be reached.
    pub(crate) fn allowed(&self) -> &[Allowed] {
        &self.allow
    }

    /// Sends a GET request and waits for the head of the answer. No redirect is followed.
    ///
    /// # Errors
    /// Why there is no answer; a status is none.
    pub async fn get(&self, url: &Url, headers: &[(String, String)]) -> Result<Answer, FailureKind> {
        self.send(self.for_request(url)?.get(url.clone()), url, headers).await
    }

    /// Sends a POST request and reads at most 64 KiB of the answer: its status, headers
    /// and body. No redirect is followed: what is posted is meant for one receiver.
    ///
    /// Once the status is there, the answer is: a body that is cut, or does not come in
    /// time, is as long as it came. Who was told must not be told again for that.
    ///
    /// # Errors
    /// Why there is no answer; a status is none.
    pub async fn post(
        &self,
        url: &Url,
        headers: &[(String, String)],
        body: Vec<u8>,
        timeout: Duration,
    ) -> Result<(u16, Vec<(String, String)>, Vec<u8>), FailureKind> {
        let until = tokio::time::Instant::now() + timeout;
        let sent = self.send(self.for_request(url)?.post(url.clone()).body(body), url, headers);
        let late = Err(FailureKind::Timeout { limit: timeout });
        let mut answer = tokio::time::timeout_at(until, sent).await.unwrap_or(late)?;
        let mut read = Vec::new();
        while let Ok(Ok(Some(chunk))) = tokio::time::timeout_at(until, answer.chunk()).await {
            read.extend_from_slice(&chunk.as_ref()[..chunk.as_ref().len().min(POST_ANSWER - read.len())]);
            if read.len() == POST_ANSWER {
                break;
            }
        }
        Ok((answer.status, answer.headers, read))
    }

    async fn send(
        &self,
        request: reqwest::RequestBuilder,
        url: &Url,
        headers: &[(String, String)],
    ) -> Result<Answer, FailureKind> {
        // The library does not ask the resolver about addresses: every URL is checked here.
        self.check(url)?;
        let host = authority(url);
        let request = request.headers(header_map(url, headers)?);
        let response = request.send().await.map_err(|error| self.understand(&error, &host))?;
        // Inside a tunnel it is the server that says so.
        let asks = url.scheme() == "http" && response.status().as_u16() == 407;
        if let Some(proxy) = self.proxy.as_ref().filter(|_| asks) {
            let (proxy, reason) = (proxy.to_string(), "it wants credentials (407)".to_owned());
            return Err(FailureKind::Proxy { proxy, host, reason });
        }
        let headers: Vec<_> = response
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), text_of(value.as_bytes())))
            .collect();
        let size: usize = headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        if size > MAX_HEADERS {
            return Err(FailureKind::BrokenAnswer { host, reason: format!("its headers have {size} bytes") });
        }
        Ok(Answer {
            status: response.status().as_u16(),
            headers,
            // Behind a proxy nobody knows who answers.
            remote_addr: response.remote_addr().filter(|_| self.proxy.is_none()),
            host,
            connect_timeout: self.connect_timeout,
            response,
        })
    }
}

impl GuardedClient {
    fn for_request(&self, url: &Url) -> Result<reqwest::Client, FailureKind> {
        self.library().map_err(|why| FailureKind::Connection { host: authority(url), reason: why.to_string() })
    }

    /// The library's client for this way, built at its first use.
    fn library(&self) -> Result<reqwest::Client, ClientError> {
        let proxy = self.proxy.as_ref();
        let mut clients = self.family.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, client)) = clients.iter().find(|(known, _)| known.as_ref() == proxy) {
            return Ok(client.clone());
        }
        let unbuilt = |error: reqwest::Error| ClientError::Tls(reason(&error));
        let name = proxy.filter(|proxy| proxy.host().parse::<IpAddr>().is_err()).map(|proxy| proxy.host().to_owned());
        let builder = reqwest::Client::builder()
            .user_agent(self.family.agent.clone())
            // A proxy variable of the environment would resolve names in our place.
            .no_proxy()
            .dns_resolver(Guard { lookup: Arc::clone(&self.lookup), allow: Arc::clone(&self.allow), proxy: name })
            .tls_certs_merge(self.family.certificates.clone())
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .connect_timeout(self.connect_timeout)
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .no_deflate()
            // As browsers do: a malformed line is no reason not to read the page.
            .http1_ignore_invalid_headers_in_responses(true)
            .http1_allow_obsolete_multiline_headers_in_responses(true)
            .http1_allow_spaces_after_header_name_in_responses(true)
            .http2_max_header_list_size(u32::try_from(MAX_HEADERS).unwrap_or(u32::MAX))
            .pool_max_idle_per_host(2)
            .retry(reqwest::retry::never());
        let builder = match proxy {
            None => builder,
            Some(proxy) => builder.proxy(reqwest::Proxy::all(proxy.with_credentials()).map_err(unbuilt)?),
        };
        let client = builder.build().map_err(unbuilt)?;
        clients.push((proxy.cloned(), client.clone()));
        Ok(client)
    }
    /// What an error of the HTTP library means, given the way.
    fn understand(&self, error: &reqwest::Error, host: &str) -> FailureKind {
        let kind = understand(error, host, self.connect_timeout);
        let Some(proxy) = &self.proxy else { return kind };
        let reason = match kind {
            FailureKind::Refused { .. } => "the connection is refused".to_owned(),
            FailureKind::Connection { reason, .. } => reason,
            FailureKind::Dns { host } if host == proxy.host() => "its name does not resolve".to_owned(),
            other => return other,
        };
        FailureKind::Proxy { proxy: proxy.to_string(), host: host.to_owned(), reason }
    }
}

fn header_map(url: &Url, headers: &[(String, String)]) -> Result<HeaderMap, FailureKind> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let pair = HeaderName::from_bytes(name.as_bytes()).ok().zip(HeaderValue::from_bytes(value.as_bytes()).ok());
        let (known, value) = pair.ok_or_else(|| FailureKind::BadUrl {
            url: url.to_string(),
            reason: format!("the request header {name} cannot be sent"),
        })?;
        map.append(known, value);
    }
    Ok(map)
}

/// The head of an answer, and its body as it comes.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers, names in lower case, in order.
    pub headers: Vec<(String, String)>,
    /// Who answered.
    pub remote_addr: Option<SocketAddr>,
    host: String,
    connect_timeout: Duration,
    response: reqwest::Response,
}

impl Answer {
    /// A header's first value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The next piece of the body, as it was sent; none at its end.
    ///
    /// # Errors
    /// [`FailureKind::BrokenAnswer`] if the connection ends before the body.
    pub async fn chunk(&mut self) -> Result<Option<impl AsRef<[u8]> + Send + use<>>, FailureKind> {
        self.response.chunk().await.map_err(|error| understand(&error, &self.host, self.connect_timeout))
    }
}

/// Cookies of one check, kept for its hops and forgotten with it.
#[derive(Debug, Default)]
pub struct Cookies(reqwest::cookie::Jar);

impl Cookies {
    /// Keeps what an answer of `url` sets.
    pub fn keep(&self, answer: &Answer, url: &Url) {
        let mut set = answer.response.headers().get_all(reqwest::header::SET_COOKIE).iter();
        self.0.set_cookies(&mut set, url);
    }

    /// The `Cookie` header for `url`, if there is any.
    pub fn header(&self, url: &Url) -> Option<String> {
        self.0.cookies(url).map(|value| text_of(value.as_bytes()))
    }
}

/// Host, and the port where it is not the scheme's own.
pub fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// The characters of a header: UTF-8, or else Latin-1, which is what HTTP says.
pub fn text_of(value: &[u8]) -> String {
    match std::str::from_utf8(value) {
        Ok(text) => text.to_owned(),
        Err(_) => value.iter().map(|byte| char::from(*byte)).collect(),
    }
}

/// Everything that caused an error. An `io::Error` hides what it wraps from `source`.
fn causes<'a>(error: &'a (dyn StdError + 'static)) -> Vec<&'a (dyn StdError + 'static)> {
    let mut found = vec![error];
    let mut at = 0;
    // The chain is short; the bound keeps a chain that bites its tail from hanging us.
    while at < found.len() && found.len() < 32 {
        let cause = found[at];
        if let Some(inner) = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            found.push(inner);
        } else if let Some(source) = cause.source() {
            found.push(source);
        }
        at += 1;
    }
    found
}

/// What the deepest cause says.
fn reason(error: &reqwest::Error) -> String {
    causes(error).last().map(ToString::to_string).unwrap_or_default()
}

/// What an error of the HTTP library means; by its types, not by its words.
fn understand(error: &reqwest::Error, host: &str, connect_timeout: Duration) -> FailureKind {
    let host = host.to_owned();
    let causes = causes(error);
    if let Some(Refusal(kind)) = causes.iter().find_map(|cause| cause.downcast_ref()) {
        return kind.clone();
    }
    if let Some(tls) = causes.iter().find_map(|cause| cause.downcast_ref::<rustls::Error>()) {
        return FailureKind::Tls { host, reason: trust::untrusted(tls) };
    }
    let io = causes.iter().find_map(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind);
    if error.is_timeout() {
        return FailureKind::Timeout { limit: connect_timeout };
    }
    match io {
        Some(io::ErrorKind::ConnectionRefused) => return FailureKind::Refused { host },
        Some(io::ErrorKind::UnexpectedEof) if error.is_connect() => {
            return FailureKind::Tls { host, reason: "the server hangs up during the handshake".to_owned() };
        }
        _ => {}
    }
    if error.is_dns() {
        return FailureKind::Dns { host };
    }
    let reason = reason(error);
    if error.is_builder() {
        return FailureKind::BadUrl { url: host, reason };
    }
    if error.is_connect() {
        FailureKind::Connection { host, reason }
    } else {
        FailureKind::BrokenAnswer { host, reason }
    }
}
