//! The guarded HTTP client that fetching and webhooks share: public addresses only
//! (or allowed ones), at connection time and on every request; TLS always verified.
//!
//! It makes one exchange at a time. Redirects are the caller's: each hop comes through
//! [`Client::get`] again and is checked like the first.

pub mod coding;

use std::error::Error as StdError;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use reqwest::cookie::{CookieStore, Jar};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use url::Url;

use crate::guard::{Allowed, admit, check_url};
use crate::outcome::FailureKind;

/// How the client behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// What we call ourselves.
    pub user_agent: String,
    /// Until a connection stands.
    pub connect_timeout: Duration,
    /// Special addresses that may be talked to.
    pub allow: Vec<Allowed>,
}

/// The addresses of a name.
pub type Lookup = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// Turns names into addresses: the system's resolver, or in tests a table in memory.
pub trait Names: Send + Sync + 'static {
    /// Looks a name up.
    fn lookup(&self, host: String) -> Lookup;
}

/// The system's resolver.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemNames;

impl Names for SystemNames {
    fn lookup(&self, host: String) -> Lookup {
        Box::pin(async move {
            let found = tokio::net::lookup_host((host, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// What came back from one exchange.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Headers, names in lower case, in order; bytes above 127 as Latin-1.
    pub headers: Vec<(String, String)>,
    /// The body, content encodings undone.
    pub body: Vec<u8>,
    /// The address that answered.
    pub remote_addr: Option<String>,
}

impl Answer {
    /// A header's first value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Cookies of one check: kept between its hops, forgotten after it.
#[derive(Debug, Default)]
pub struct Cookies(Jar);

/// Talks HTTP to public addresses. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Client {
    inner: reqwest::Client,
    allow: Arc<[Allowed]>,
}

/// Carries our own verdict through the HTTP library's errors.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Verdict(FailureKind);

struct GuardedNames<N> {
    names: Arc<N>,
    allow: Arc<[Allowed]>,
}

impl<N: Names> Resolve for GuardedNames<N> {
    fn resolve(&self, name: Name) -> Resolving {
        let (names, allow) = (Arc::clone(&self.names), Arc::clone(&self.allow));
        Box::pin(async move {
            let host = name.as_str().to_owned();
            // No address and no answer are the same to the caller; the cause is in the log.
            let addresses = names.lookup(host.clone()).await.unwrap_or_else(|error| {
                tracing::debug!(host, %error, "a name does not resolve");
                Vec::new()
            });
            admit(&host, &addresses, &allow).map_err(Verdict)?;
            // The connection goes to exactly these: there is no second look-up to win.
            let addresses: Addrs = Box::new(addresses.into_iter().map(|ip| SocketAddr::new(ip, 0)));
            Ok(addresses)
        })
    }
}

impl Client {
    /// Builds a client with the system's resolver.
    ///
    /// # Errors
    /// If TLS cannot be set up (no certificate store), in words.
    pub fn new(options: &Options) -> Result<Self, String> {
        Self::with_names(options, SystemNames)
    }

    /// Builds a client with another resolver.
    ///
    /// # Errors
    /// If TLS cannot be set up, in words.
    pub fn with_names(options: &Options, names: impl Names) -> Result<Self, String> {
        // A second call finds the provider in place, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let allow: Arc<[Allowed]> = options.allow.clone().into();
        let inner = reqwest::Client::builder()
            .user_agent(&options.user_agent)
            .connect_timeout(options.connect_timeout)
            .redirect(reqwest::redirect::Policy::none())
            // A proxy of the environment would connect on our behalf, unchecked.
            .no_proxy()
            .dns_resolver(Arc::new(GuardedNames { names: Arc::new(names), allow: Arc::clone(&allow) }))
            .pool_max_idle_per_host(2)
            .build()
            .map_err(|error| format!("no HTTPS client: {}", chain(&error)))?;
        Ok(Self { inner, allow })
    }

    /// Gets a URL: one exchange, no redirect followed, at most `max_body` bytes.
    ///
    /// # Errors
    /// Whatever kept a whole answer from coming.
    pub async fn get(
        &self,
        url: &Url,
        headers: &[(&str, String)],
        cookies: Option<&Cookies>,
        max_body: u64,
    ) -> Result<Answer, FailureKind> {
        check_url(url, &self.allow)?;
        let mut request = self.inner.get(url.clone()).headers(header_map(headers));
        request = request.header("accept-encoding", coding::ACCEPTED);
        if let Some(cookie) = cookies.and_then(|cookies| cookies.0.cookies(url)) {
            request = request.header("cookie", cookie);
        }
        let answer = request.send().await.map_err(|error| failure(url, &error))?;
        if let Some(cookies) = cookies {
            cookies.0.set_cookies(&mut answer.headers().get_all("set-cookie").iter(), url);
        }
        whole(url, answer, max_body).await
    }

    /// Posts a body: one exchange, no redirect followed, `timeout` for all of it; at most
    /// 64 KiB of the answer are read, the rest is dropped.
    ///
    /// # Errors
    /// Whatever kept an answer from coming.
    pub async fn post(
        &self,
        url: &Url,
        headers: &[(&str, String)],
        body: Vec<u8>,
        timeout: Duration,
    ) -> Result<Answer, FailureKind> {
        check_url(url, &self.allow)?;
        let exchange = async {
            let request = self.inner.post(url.clone()).headers(header_map(headers)).body(body);
            let mut answer = request.send().await.map_err(|error| failure(url, &error))?;
            let mut kept = Vec::new();
            // The status is the answer; an excerpt that breaks off does not unmake it.
            while let Ok(Some(chunk)) = answer.chunk().await
                && kept.len() < 64 * 1024
            {
                kept.extend_from_slice(&chunk);
            }
            kept.truncate(64 * 1024);
            Ok(head_of(&answer, kept))
        };
        tokio::time::timeout(timeout, exchange).await.unwrap_or(Err(FailureKind::Timeout { limit: timeout }))
    }
}

async fn whole(url: &Url, mut answer: reqwest::Response, max_body: u64) -> Result<Answer, FailureKind> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| failure(url, &error))? {
        if body.len() as u64 + chunk.len() as u64 > max_body {
            return Err(FailureKind::TooLarge { limit: max_body });
        }
        body.extend_from_slice(&chunk);
    }
    let mut answer = head_of(&answer, body);
    let codings: Vec<&str> = answer
        .headers
        .iter()
        .filter(|(name, _)| name == "content-encoding")
        .flat_map(|(_, value)| value.split(','))
        .map(str::trim)
        .collect();
    answer.body = coding::decode(&codings, answer.body, max_body).map_err(|error| match error {
        coding::CodingError::TooLarge => FailureKind::TooLarge { limit: max_body },
        coding::CodingError::Broken(reason) => FailureKind::BrokenAnswer { host: host_of(url), reason },
    })?;
    Ok(answer)
}

fn head_of(answer: &reqwest::Response, body: Vec<u8>) -> Answer {
    let text = |value: &HeaderValue| value.as_bytes().iter().map(|byte| char::from(*byte)).collect();
    Answer {
        status: answer.status().as_u16(),
        headers: answer.headers().iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect(),
        body,
        remote_addr: answer.remote_addr().map(|address| address.to_string()),
    }
}

/// Headers that cannot be sent are left out: they come from our own code and settings.
fn header_map(headers: &[(&str, String)]) -> HeaderMap {
    headers
        .iter()
        .filter_map(|(name, value)| {
            Some((HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::from_str(value).ok()?))
        })
        .collect()
}

fn host_of(url: &Url) -> String {
    match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_owned(),
        (None, _) => url.to_string(),
    }
}

/// An error and all its causes, each once.
fn chain(error: &dyn StdError) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let text = error.to_string();
        if !words.iter().any(|known| known.contains(&text)) {
            words.push(text);
        }
        next = error.source();
    }
    words.join(": ")
}

/// Tells what failed by the types of the causes, never by their words.
fn failure(url: &Url, error: &reqwest::Error) -> FailureKind {
    let host = host_of(url);
    // The URL stands in our own message already.
    let reason = error.source().map_or_else(|| error.to_string(), chain);
    let mut next: Option<&(dyn StdError + 'static)> = error.source();
    while let Some(cause) = next {
        if let Some(kind) = told_by(cause, &host, &reason) {
            return kind;
        }
        next = cause.source();
    }
    if error.is_connect() {
        FailureKind::Connection { host, reason }
    } else {
        FailureKind::BrokenAnswer { host, reason }
    }
}

fn told_by(cause: &(dyn StdError + 'static), host: &str, reason: &str) -> Option<FailureKind> {
    if let Some(Verdict(kind)) = cause.downcast_ref() {
        return Some(kind.clone());
    }
    if let Some(tls) = cause.downcast_ref::<rustls::Error>() {
        return Some(FailureKind::Tls { host: host.to_owned(), reason: tls.to_string() });
    }
    let io = cause.downcast_ref::<io::Error>()?;
    if let Some(kind) = io.get_ref().and_then(|inner| told_by(inner, host, reason)) {
        return Some(kind);
    }
    match io.kind() {
        io::ErrorKind::ConnectionRefused => Some(FailureKind::Refused { host: host.to_owned() }),
        io::ErrorKind::TimedOut => {
            Some(FailureKind::Connection { host: host.to_owned(), reason: "the connection timed out".to_owned() })
        }
        io::ErrorKind::ConnectionReset | io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe => {
            Some(FailureKind::BrokenAnswer { host: host.to_owned(), reason: reason.to_owned() })
        }
        _ => None,
    }
}
