//! Getting snapshots: from the publisher's server, or from a web archive.

use std::time::Duration;

use url::Url;

use crate::guard::Allowed;
use crate::outcome::FetchFailure;
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
