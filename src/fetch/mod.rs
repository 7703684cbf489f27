//! Getting snapshots: from the publisher's server, or from a web archive.

use url::Url;

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
