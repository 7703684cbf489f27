//! Getting snapshots: from the publisher's server, or from a web archive.

mod asking;
pub mod browser;
mod cdx;
pub mod encoding;
pub mod ledger;
mod links;
mod live;
mod manners;
mod memento;
mod robots;
mod save;
mod wayback;

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use crate::access::{Access, Proxy};
use crate::capture::Capture;
use crate::clock::Clock;
use crate::guard::Allowed;
use crate::http::{self, Answer, Authorities, ClientError, GuardedClient};
use crate::outcome::{FailureKind, FetchFailure};
use crate::snapshot::{Snapshot, Validators};
use crate::time::Timestamp;
use crate::watch::{RobotsRule, Source, WAYBACK};

pub use ledger::Ledger;
pub use manners::Manners;
pub use save::Saving;
pub use wayback::{Archive, Hop};

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
    /// Whether a site's wishes for robots count; live only.
    pub robots: RobotsRule,
    /// How it is asked for; live only.
    pub access: Access,
    /// The archives that are asked, by name: of a moment all of them, else each where those
    /// before it have nothing; none named: the one under `[wayback]`.
    pub archives: Vec<String>,
}

/// What came.
#[derive(Clone, Debug, PartialEq)]
pub enum Fetched {
    /// An answer, whatever its status. A final 3xx without a usable target is a failure.
    Snapshot(Box<Snapshot>),
    /// 304: as before.
    NotModified,
}

/// How far the reading of an index has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    /// The 14 digits to go on from, inclusive; none: from the first capture.
    pub from: Option<String>,
    /// Nothing later; some archives do not care.
    pub to: Option<Timestamp>,
    /// How many rows are asked for; 0: as usual.
    pub rows: usize,
    /// The page to go on with, where the archive parts its list.
    pub page: Option<String>,
}

impl Cursor {
    /// From a moment on.
    pub fn from(at: Option<Timestamp>) -> Self {
        Self { from: at.map(cdx::digits), ..Self::default() }
    }
}

/// One page of an index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// The captures of the page, oldest first, each once.
    pub captures: Vec<Capture>,
    /// Where it goes on; none at the end.
    pub next: Option<Cursor>,
    /// Whether it bears the mark of an archive's application, so that an empty one says
    /// something.
    pub signed: bool,
    /// How many lines were left out, being of no moment at which an archive can have captured
    /// anything.
    pub untimely: usize,
}

/// Fetches pages.
pub trait Fetch: Send + Sync {
    /// Fetches one page. Never sleeps to try again: the caller's schedule does that.
    fn fetch(&self, request: Request) -> impl Future<Output = Result<Fetched, FetchFailure>> + Send;

    /// From when on a publisher's host may be asked without waiting for a turn there; none:
    /// now, or nobody knows. Who has other work meanwhile comes back then.
    fn free_at(&self, _host: &str, _now: Timestamp) -> Option<Timestamp> {
        None
    }

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
    /// The way to pages that name none of their own, and to archives; none: no proxy.
    pub proxy: Option<Proxy>,
    /// Authorities that are trusted beside the system's.
    pub extra_ca: Option<Authorities>,
    /// The archive.
    pub wayback: WaybackOptions,
    /// The browser.
    pub browser: browser::BrowserOptions,
    /// Other archives, by name.
    pub archives: Vec<(String, WaybackOptions)>,
}

/// How an archive is spoken to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ArchiveKind {
    /// As the Internet Archive: `/cdx/search/cdx` and `/web/…` behind the address.
    #[default]
    Wayback,
    /// As pywb: `/cdx` and the captures behind the address of a collection.
    Pywb,
    /// By TimeGate and TimeMap alone (RFC 7089): `/timemap/link/…` and the URL itself
    /// behind the address.
    Memento,
}

impl ArchiveKind {
    /// All of them.
    pub const ALL: [ArchiveKind; 3] = [ArchiveKind::Wayback, ArchiveKind::Pywb, ArchiveKind::Memento];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            ArchiveKind::Wayback => "wayback",
            ArchiveKind::Pywb => "pywb",
            ArchiveKind::Memento => "memento",
        }
    }
}

/// How long a check waits for one turn at an archive that others ask as well. The pauses
/// between requests are seconds; a history that is being read takes hours.
const ARCHIVE_PATIENCE: Duration = Duration::from_secs(30);

/// Which archive, and how politely.
#[derive(Clone, Debug, PartialEq)]
pub struct WaybackOptions {
    /// What its index and its captures are appended to.
    pub base_url: Url,
    /// How it is spoken to.
    pub kind: ArchiveKind,
    /// Between two requests to the archive's index.
    pub index_pause: Duration,
    /// Between two requests for captures.
    pub capture_pause: Duration,
    /// One request: archives are slower than publishers.
    pub timeout: Duration,
    /// Who we are to Save Page Now; none: it is never asked.
    pub save_keys: Option<SaveKeys>,
    /// Whether changes that a live check found are dated by captures afterwards.
    pub narrow: bool,
}

/// The two keys of an account at the archive, `ACCESS:SECRET`; never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct SaveKeys {
    /// The file that they are in.
    pub path: std::path::PathBuf,
    keys: String,
}

impl SaveKeys {
    /// The keys in a file.
    pub fn new(path: std::path::PathBuf, keys: String) -> Self {
        Self { path, keys }
    }

    fn expose(&self) -> &str {
        &self.keys
    }
}

impl std::fmt::Debug for SaveKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SaveKeys").field("path", &self.path).finish_non_exhaustive()
    }
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
            proxy: None,
            extra_ca: None,
            wayback: WaybackOptions::default(),
            archives: Vec::new(),
            browser: browser::BrowserOptions::default(),
        }
    }
}

impl Options {
    /// How an archive of a name is asked.
    pub fn archive(&self, name: &str) -> Option<&WaybackOptions> {
        let others = || self.archives.iter().find(|(known, _)| known == name).map(|(_, options)| options);
        if name == WAYBACK { Some(&self.wayback) } else { others() }
    }
}

impl WaybackOptions {
    /// Whether it is the Internet Archive's, which has limits of its own.
    pub fn is_internet_archive(&self) -> bool {
        let host = self.base_url.host_str().unwrap_or_default();
        host == "archive.org" || host.ends_with(".archive.org")
    }
}

impl Default for WaybackOptions {
    fn default() -> Self {
        Self {
            base_url: Url::parse("https://web.archive.org").expect("a constant URL"),
            kind: ArchiveKind::Wayback,
            // The archive asks for at most 24 index requests a minute; half of that.
            index_pause: Duration::from_secs(5),
            capture_pause: Duration::from_secs(1),
            // Old captures come from tape, or so it seems.
            timeout: Duration::from_secs(120),
            save_keys: None,
            narrow: false,
        }
    }
}

impl From<&Options> for http::Options {
    fn from(options: &Options) -> Self {
        Self {
            user_agent: options.user_agent.clone(),
            connect_timeout: options.connect_timeout,
            allow: options.allow.clone(),
            extra_ca: options.extra_ca.clone(),
        }
    }
}

/// Fetches from publishers and from archives.
#[derive(Debug)]
pub struct Fetcher<C> {
    manners: Arc<Manners>,
    live: live::Live<C>,
    browser: browser::Browser<C>,
    archive: Archive<C>,
    others: Vec<(String, Archive<C>)>,
}

impl<C: Clock> Fetcher<C> {
    /// A fetcher that asks the system's resolver, and keeps account of what it asks
    /// archives in memory.
    ///
    /// # Errors
    /// If there can be no HTTP client: the user agent, or no certificates.
    pub fn new(options: Options, clock: C) -> Result<Self, ClientError> {
        let client = GuardedClient::new(&options)?;
        Ok(Self::with_client(client, options, clock))
    }

    /// A fetcher that uses this client, and keeps account in memory.
    pub fn with_client(client: GuardedClient, options: Options, clock: C) -> Self {
        Self::with_ledger(client, options, Arc::new(ledger::InMemory::default()), clock)
    }

    /// A fetcher that keeps account of what it asks archives in this ledger.
    pub fn with_ledger(client: GuardedClient, options: Options, ledger: Arc<dyn Ledger>, clock: C) -> Self {
        Self::with_manners(client, options, ledger, Arc::default(), clock)
    }

    /// The same, with hosts' turns that other fetchers share or have taken before it.
    pub fn with_manners(
        client: GuardedClient,
        options: Options,
        ledger: Arc<dyn Ledger>,
        manners: Arc<Manners>,
        clock: C,
    ) -> Self {
        let usual = client.through(options.proxy.as_ref());
        let archive =
            |of: &WaybackOptions| Archive::new(usual.clone(), Arc::clone(&ledger), &options, of, clock.clone());
        let others = options.archives.iter().map(|(name, of)| (name.clone(), archive(of))).collect();
        let archive = archive(&options.wayback);
        let robots = Arc::new(robots::Rules::new(Arc::clone(&manners), &options.user_agent, clock.clone()));
        let visits = live::Visits { client, manners: Arc::clone(&manners), robots, options, clock };
        Self { manners, live: live::Live::new(visits.clone()), browser: browser::Browser::new(visits), archive, others }
    }

    /// The archive that watches look at, and that histories come from if nothing is said.
    pub fn archive(&self) -> &Archive<C> {
        &self.archive
    }

    /// An archive by its name.
    pub fn archive_named(&self, name: &str) -> Option<&Archive<C>> {
        let others = || self.others.iter().find(|(known, _)| known == name).map(|(_, archive)| archive);
        if name == WAYBACK { Some(&self.archive) } else { others() }
    }

    /// The capture that is asked for: of a moment, the nearest that any archive has, the first
    /// named among equals; else the newest of the first that has one. One that is down is
    /// never one that has nothing: if none has it and any is down, that is the answer.
    async fn archived(&self, request: &Request) -> Result<Snapshot, FetchFailure> {
        let usual = [WAYBACK.to_owned()];
        let names = if request.archives.is_empty() { &usual[..] } else { &request.archives };
        let mut failure: Option<FetchFailure> = None;
        let mut nearest: Option<Snapshot> = None;
        let keeps = |known: &FetchFailure| !matches!(known.kind, FailureKind::NotArchived { .. });
        for archive in names.iter().filter_map(|name| self.archive_named(name)) {
            let found = match request.at {
                // The newest is wanted in the place of the page, by a check that others wait for.
                None => archive.patient(ARCHIVE_PATIENCE).nearest(&request.url, None).await,
                at => archive.nearest(&request.url, at).await,
            };
            match found {
                Ok(snapshot) => {
                    let Some(at) = request.at else { return Ok(snapshot) };
                    let apart = |snapshot: &Snapshot| (snapshot.captured_at - at).abs();
                    if nearest.as_ref().is_none_or(|nearest| apart(&snapshot) < apart(nearest)) {
                        nearest = Some(snapshot);
                    }
                }
                Err(other) => {
                    failure = Some(failure.filter(keeps).unwrap_or(other));
                }
            }
        }
        let unknown = || {
            let reason = format!("there is none called {} in the configuration", names.join(" or "));
            FailureKind::ArchiveUnavailable { archive: "the archive".to_owned(), reason }.into()
        };
        match (nearest, failure) {
            (Some(nearest), failure) => {
                if let Some(failure) = failure.filter(keeps) {
                    let url = &request.url;
                    tracing::warn!(%url, failure = %failure.kind, "an archive could not be asked; the nearest capture is that of the others");
                }
                Ok(nearest)
            }
            (None, failure) => Err(failure.unwrap_or_else(unknown)),
        }
    }
}

impl<C: Clock> Fetch for Fetcher<C> {
    async fn fetch(&self, request: Request) -> Result<Fetched, FetchFailure> {
        match request.source {
            // A moment in the past is only to be had from an archive.
            Source::Live if request.at.is_none() => self.live.get(&request).await,
            Source::Live | Source::Wayback => Ok(Fetched::Snapshot(Box::new(self.archived(&request).await?))),
        }
    }

    async fn render(&self, request: Request) -> Result<Fetched, FetchFailure> {
        self.browser.get(&request).await
    }

    fn free_at(&self, host: &str, now: Timestamp) -> Option<Timestamp> {
        self.manners.free_at(host, "page", now)
    }
}

/// Reads a body to its end, its encoding taken off; more than `limit` bytes, packed or
/// unpacked, are refused while they come. `each` sees it as it came.
async fn whole_body(
    answer: &mut Answer,
    host: &str,
    belief: encoding::Belief,
    limit: u64,
    mut each: impl FnMut(&[u8]),
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
        each(piece);
        body.feed(piece).map_err(understood)?;
    }
    body.finish().map_err(understood)
}
