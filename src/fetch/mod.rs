//! Getting snapshots: from the publisher's server, or from a web archive.

pub mod browser;
mod cdx;
pub mod encoding;
mod live;
mod manners;
mod wayback;

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use crate::clock::Clock;
use crate::guard::Allowed;
use crate::http::{self, Answer, ClientError, GuardedClient};
use crate::outcome::{FailureKind, FetchFailure};
use crate::snapshot::{Snapshot, Validators};
use crate::time::Timestamp;
use crate::watch::Source;

/// What is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The page.
    pub url: Url,
    /// Where to look.
    pub source: Source,
    /// From an archive: the capture nearest to this moment; none: the newest.
    pub at: Option<Timestamp>,
    /// What makes the request conditional; live only.
    pub validators: Validators,
    /// The language to ask for (ISO 639-1), for `Accept-Language`.
    pub language: Option<String>,
}

/// What came.
#[derive(Clone, Debug, PartialEq)]
pub enum Fetched {
    /// An answer, whatever its status. A final 3xx without a usable target is a failure.
    Snapshot(Box<Snapshot>),
    /// 304: as before.
    NotModified,
}

/// One capture of an archive's index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capture {
    /// The archive's 14 digits, as given: part of the playback URL.
    pub timestamp: String,
    /// When that is; repaired where the digits are no date.
    pub captured_at: Timestamp,
    /// The URL really captured.
    pub original: String,
    /// As the archive names it (`text/html`, `warc/revisit`, `unk` …).
    pub media_type: String,
    /// The archived status; none where the index does not say.
    pub status: Option<u16>,
    /// Base32 SHA-1 of the payload.
    pub digest: String,
}

/// Fetches pages.
pub trait Fetch: Send + Sync {
    /// Fetches one page. Never sleeps to try again: the caller's schedule does that.
    fn fetch(&self, request: Request) -> impl Future<Output = Result<Fetched, FetchFailure>> + Send;

    /// Fetches one live page with a browser, its scripts run. Who has no browser says so.
    fn render(&self, _request: Request) -> impl Future<Output = Result<Fetched, FetchFailure>> + Send {
        let reason = "there is none here".to_owned();
        std::future::ready(Err(FailureKind::NoBrowser { reason }.into()))
    }
}

/// How pages are fetched. `[fetch]` and `[wayback]` of the configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// What we call ourselves; a contact belongs in it.
    pub user_agent: String,
    /// One request, redirects included.
    pub timeout: Duration,
    /// Until a connection stands.
    pub connect_timeout: Duration,
    /// In bytes, content encoding removed.
    pub max_body: u64,
    /// Hops that are followed.
    pub max_redirects: usize,
    /// Between two requests to one host, whatever watches they are for.
    pub pause_per_host: Duration,
    /// Special addresses that may be fetched although they are not public.
    pub allow: Vec<Allowed>,
    /// The archive.
    pub wayback: WaybackOptions,
    /// The browser.
    pub browser: browser::BrowserOptions,
}

/// Which archive, and how politely.
#[derive(Clone, Debug, PartialEq)]
pub struct WaybackOptions {
    /// What `/cdx/search/cdx` and `/web/…` are appended to.
    pub base_url: Url,
    /// Between two requests to the archive's index.
    pub index_pause: Duration,
    /// Between two requests for captures.
    pub capture_pause: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            user_agent: concat!("policywatch/", env!("CARGO_PKG_VERSION")).to_owned(),
            timeout: Duration::from_secs(60),
            connect_timeout: Duration::from_secs(10),
            // 20 MiB: ten times the largest policy page known to us.
            max_body: 20 * 1024 * 1024,
            max_redirects: 10,
            pause_per_host: Duration::from_secs(5),
            allow: Vec::new(),
            wayback: WaybackOptions::default(),
            browser: browser::BrowserOptions::default(),
        }
    }
}

impl Default for WaybackOptions {
    fn default() -> Self {
        Self {
            base_url: Url::parse("https://web.archive.org").expect("a constant URL"),
            // The archive asks for at most 24 index requests a minute; half of that.
            index_pause: Duration::from_secs(5),
            capture_pause: Duration::from_secs(1),
        }
    }
}

impl From<&Options> for http::Options {
    fn from(options: &Options) -> Self {
        Self {
            user_agent: options.user_agent.clone(),
            connect_timeout: options.connect_timeout,
            allow: options.allow.clone(),
        }
    }
}

/// Fetches from publishers and from one archive.
#[derive(Debug)]
pub struct Fetcher<C> {
    live: live::Live<C>,
    browser: browser::Browser<C>,
    archive: wayback::Archive<C>,
}

impl<C: Clock> Fetcher<C> {
    /// A fetcher that asks the system's resolver.
    ///
    /// # Errors
    /// If there can be no HTTP client: the user agent, or no certificates.
    pub fn new(options: Options, clock: C) -> Result<Self, ClientError> {
        let client = GuardedClient::new(&options)?;
        Ok(Self::with_client(client, options, clock))
    }

    /// A fetcher that uses this client.
    pub fn with_client(client: GuardedClient, options: Options, clock: C) -> Self {
        let manners = Arc::new(manners::Manners::default());
        let archive = wayback::Archive::new(client.clone(), Arc::clone(&manners), options.clone(), clock.clone());
        let browser = browser::Browser::new(client.clone(), Arc::clone(&manners), options.clone(), clock.clone());
        Self { live: live::Live::new(client, manners, options, clock), browser, archive }
    }

    /// Every capture that the archive's index lists of a page between two moments (both
    /// inclusive), oldest first, each once.
    ///
    /// # Errors
    /// Why the index could not be read; an empty list is no error.
    pub async fn captures(
        &self,
        url: &Url,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
    ) -> Result<Vec<Capture>, FetchFailure> {
        self.archive.captures(url, from, to).await
    }

    /// Where a capture is to be had: what identifies it as an origin.
    pub fn memento_url(&self, capture: &Capture) -> String {
        self.archive.memento_url(capture)
    }

    /// One capture as it was served; archived redirects are followed inside the archive.
    ///
    /// # Errors
    /// [`FailureKind::NotArchived`] if the index lists it but the archive cannot show it.
    pub async fn memento(&self, capture: &Capture) -> Result<Snapshot, FetchFailure> {
        self.archive.memento(capture).await
    }
}

impl<C: Clock> Fetch for Fetcher<C> {
    async fn fetch(&self, request: Request) -> Result<Fetched, FetchFailure> {
        match request.source {
            // A moment in the past is only to be had from an archive.
            Source::Live if request.at.is_none() => self.live.get(&request).await,
            Source::Live | Source::Wayback => {
                let snapshot = self.archive.nearest(&request.url, request.at).await?;
                Ok(Fetched::Snapshot(Box::new(snapshot)))
            }
        }
    }

    async fn render(&self, request: Request) -> Result<Fetched, FetchFailure> {
        self.browser.get(&request).await
    }
}

/// Reads a body to its end, its encoding taken off; more than `limit` bytes, packed or
/// unpacked, are refused while they come.
async fn whole_body(
    answer: &mut Answer,
    host: &str,
    belief: encoding::Belief,
    limit: u64,
) -> Result<Vec<u8>, FailureKind> {
    let understood = |error| match error {
        encoding::EncodingError::TooLarge { limit } => FailureKind::TooLarge { limit },
        broken @ encoding::EncodingError::Broken { .. } => {
            FailureKind::BrokenAnswer { host: host.to_owned(), reason: broken.to_string() }
        }
    };
    let declared = answer.headers.iter().filter(|(name, _)| name == "content-encoding");
    let mut body = encoding::Body::new(declared.map(|(_, value)| value.as_str()), belief, limit);
    let mut received = 0;
    while let Some(piece) = answer.chunk().await? {
        let piece = piece.as_ref();
        received += piece.len() as u64;
        if received > limit {
            return Err(FailureKind::TooLarge { limit });
        }
        body.feed(piece).map_err(understood)?;
    }
    body.finish().map_err(understood)
}
