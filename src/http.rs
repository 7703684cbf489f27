//! The guarded HTTP client that fetching and webhooks share: public addresses only
//! (or allowed ones), at connection time and on every redirect; TLS always verified.
//!
//! This is the one port that other ports import: there must be no second way out of the
//! program. It follows no redirects, keeps no cookies, decodes no bodies and never tries
//! again; who asks does that, one guarded request at a time.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use reqwest::cookie::CookieStore as _;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use tokio::net::TcpStream;
use url::Url;

use crate::guard::{self, Allowed};
use crate::outcome::FailureKind;

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
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().to_owned();
        let found = self.lookup.lookup(&host);
        let allow = Arc::clone(&self.allow);
        Box::pin(async move {
            let addresses = found.await.map_err(|_| Refusal(FailureKind::Dns { host: host.clone() }))?;
            guard::decide(&host, &addresses, &allow).map_err(Refusal)?;
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
    client: reqwest::Client,
    lookup: Arc<dyn Lookup>,
    allow: Arc<[Allowed]>,
    connect_timeout: Duration,
}

impl fmt::Debug for GuardedClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardedClient")
            .field("client", &self.client)
            .field("allow", &self.allow)
            .finish_non_exhaustive()
    }
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
        let Options { user_agent, connect_timeout, allow } = options.into();
        // An error says that a provider is installed already: the same one, by us.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let agent = HeaderValue::from_str(&user_agent).ok().filter(|_| !user_agent.trim().is_empty());
        let agent = agent.ok_or(ClientError::UserAgent(user_agent))?;
        let allow: Arc<[Allowed]> = allow.into();
        let client = reqwest::Client::builder()
            .user_agent(agent)
            // A proxy variable of the environment would resolve names in our place.
            .no_proxy()
            .dns_resolver(Guard { lookup: Arc::clone(&lookup), allow: Arc::clone(&allow) })
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .connect_timeout(connect_timeout)
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
            .retry(reqwest::retry::never())
            .build()
            .map_err(|error| ClientError::Tls(reason(&error)))?;
        Ok(Self { client, lookup, allow, connect_timeout })
    }

    /// A bare connection to where a URL leads, decided as every other one: for the proxy that
    /// a browser is given. What is spoken on it is the caller's affair.
    ///
    /// # Errors
    /// Why there is no connection.
    pub(crate) async fn connect(&self, url: &Url) -> Result<TcpStream, FailureKind> {
        guard::check_url(url, &self.allow)?;
        let (named, port) = (authority(url), url.port_or_known_default().unwrap_or_default());
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
        let addresses: Vec<SocketAddr> = addresses.into_iter().map(|address| SocketAddr::new(address, port)).collect();
        // Exactly the addresses that were decided on: there is no second look-up to win.
        match tokio::time::timeout(self.connect_timeout, TcpStream::connect(&addresses[..])).await {
            Err(_) => Err(FailureKind::Timeout { limit: self.connect_timeout }),
            Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {
                Err(FailureKind::Refused { host: named })
            }
            Ok(Err(error)) => Err(FailureKind::Connection { host: named, reason: error.to_string() }),
            Ok(Ok(stream)) => Ok(stream),
        }
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
        self.send(self.client.get(url.clone()), url, headers).await
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
        let sent = self.send(self.client.post(url.clone()).body(body), url, headers);
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
        guard::check_url(url, &self.allow)?;
        let host = authority(url);
        let request = request.headers(header_map(url, headers)?);
        let response = request.send().await.map_err(|error| understand(&error, &host, self.connect_timeout))?;
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
            remote_addr: response.remote_addr(),
            host,
            connect_timeout: self.connect_timeout,
            response,
        })
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
        return FailureKind::Tls { host, reason: tls.to_string() };
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
