//! One web archive: its index or its list of captures, and its captures as they were
//! served (`id_`).
//!
//! What decides is the order of the questions. An answer with `memento-datetime` is
//! archived content, whatever its status; an answer without it comes from the archive
//! itself, and only some of those say anything about what it holds. Every request is
//! accounted for in the [`Ledger`], which also says when it may be made.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use sha1::Digest as _;
use url::Url;

use super::asking::Came;
use super::ledger::Ledger;
use super::memento::{
    archived_headers, looks_like_html, of_memento, original_of, raw_memento, resolved, shown_target, split_playback,
    timemap,
};
use super::{ArchiveKind, Cursor, Listed, Options, WaybackOptions, cdx, links};
use crate::capture::Capture;
use crate::clock::Clock;
use crate::http::{Answer, GuardedClient};
use crate::outcome::{FailureKind, FetchFailure};
use crate::pace::Class;
use crate::snapshot::{DigestCheck, Evidence, Origin, Redirect, Snapshot};
use crate::time::{Timestamp, is_archivable};

/// Rows of one index request: nearly every policy has fewer in all.
const PAGE_ROWS: usize = 50_000;

/// How far a request grows for a page that lies within one second.
const MAX_ROWS: usize = 16 * PAGE_ROWS;

/// Index requests for one listing; an archive that never ends is cut here.
pub(super) const MAX_PAGES: usize = 100;

/// Archived redirects that are followed: chains in archives are short, or loops.
const MAX_HOPS: usize = 5;

/// How far a neighbouring capture may be from the target of an archived redirect.
const NEAR: chrono::Duration = chrono::Duration::hours(24);

/// Captures that are tried before it is said that none can be shown.
const TRIES: usize = 3;

/// How much of the index around a moment is asked for first, then if that has nothing, in
/// days; after that, all of it. The whole index of one page may have tens of thousands of rows.
const WINDOWS: [i64; 2] = [30, 400];

/// Reads from one archive.
#[derive(Debug)]
pub struct Archive<C> {
    pub(super) client: GuardedClient,
    pub(super) options: WaybackOptions,
    /// In bytes.
    pub(super) max_body: u64,
    pub(super) ledger: Arc<dyn Ledger>,
    pub(super) clock: C,
    /// How long one request waits for its turn; none: as long as it takes.
    pub(super) patience: Option<Duration>,
}

/// What an answer to a request for a capture is.
#[derive(Debug)]
enum Playback {
    /// Archived content, and the 14 digits and the URL that it redirects to, if it does.
    Memento(Box<Played>, Option<(String, String)>),
    /// Not this one; the nearest that can be shown.
    Near { timestamp: String, url: String },
}

/// Archived content.
#[derive(Debug)]
struct Played {
    snapshot: Snapshot,
    /// The SHA-1 of the body as it came and as it is read, Base32.
    digests: [String; 2],
    /// Where the archive has it from, if it says.
    source: Option<String>,
}

/// An archived redirect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    /// Its status.
    pub status: u16,
    /// Where it led.
    pub target: String,
    /// The 14 digits of the capture there that the archive leads to.
    timestamp: String,
}

impl<C: Clock> Archive<C> {
    pub(super) fn new(
        client: GuardedClient,
        ledger: Arc<dyn Ledger>,
        options: &Options,
        archive: &WaybackOptions,
        clock: C,
    ) -> Self {
        Self { client, options: archive.clone(), max_body: options.max_body, ledger, clock, patience: None }
    }

    /// The same archive, asked only where that does not take long to begin: whoever looks at
    /// many pages does not wait for a history that is being read.
    pub(super) fn patient(&self, patience: Duration) -> Self {
        Self {
            client: self.client.clone(),
            options: self.options.clone(),
            max_body: self.max_body,
            ledger: Arc::clone(&self.ledger),
            clock: self.clock.clone(),
            patience: Some(patience),
        }
    }

    /// What tells its captures from those of others: the address that theirs begin with.
    pub fn base(&self) -> &str {
        self.options.base_url.as_str().trim_end_matches('/')
    }

    pub(super) fn name(&self) -> String {
        self.options.base_url.host_str().unwrap_or("the archive").to_owned()
    }

    pub(super) fn unavailable(&self, reason: impl Into<String>) -> FetchFailure {
        FailureKind::ArchiveUnavailable { archive: self.name(), reason: reason.into() }.into()
    }

    fn not_archived(&self, url: impl Into<String>, when: impl Into<String>) -> FetchFailure {
        FailureKind::NotArchived { archive: self.name(), url: url.into(), when: when.into() }.into()
    }

    /// Every capture of a page between two moments (both inclusive), oldest first, each once.
    ///
    /// # Errors
    /// Why the index could not be read. An empty list says nothing of what the archive
    /// holds: [`Archive::absence`] asks that.
    pub async fn captures(
        &self,
        url: &Url,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
    ) -> Result<Vec<Capture>, FetchFailure> {
        Ok(self.listing(url, from, to).await?.captures)
    }

    async fn listing(&self, url: &Url, from: Option<Timestamp>, to: Option<Timestamp>) -> Result<Listed, FetchFailure> {
        let (mut found, mut untimely) = (Vec::new(), 0);
        let mut cursor = Cursor::from(from);
        cursor.to = to;
        for _ in 0..MAX_PAGES {
            let page = self.list(url, &cursor).await?;
            found.extend(page.captures);
            untimely += page.untimely;
            match page.next {
                Some(next) => cursor = next,
                None => {
                    let captures = cdx::of_page(found, url, from, to);
                    return Ok(Listed { captures, next: None, signed: page.signed, untimely });
                }
            }
        }
        Err(self.endless())
    }

    pub(super) fn endless(&self) -> FetchFailure {
        self.unavailable(format!("its index does not end after {MAX_PAGES} requests"))
    }

    /// One page of the index, from a cursor on, oldest first.
    ///
    /// The archive's own cursors lose rows at page edges; ours is the last time seen, asked
    /// for again.
    ///
    /// # Errors
    /// Why the index could not be read.
    pub async fn list(&self, url: &Url, cursor: &Cursor) -> Result<Listed, FetchFailure> {
        if self.options.kind == ArchiveKind::Memento {
            return self.timemap(url, cursor).await;
        }
        let limit = if cursor.rows == 0 { PAGE_ROWS } else { cursor.rows };
        let (page, signed) = self.index_page(url, cursor, limit).await?;
        // A line of the year 9999 among the others must not be where the listing goes on.
        let (now, known) = (cdx::digits(self.clock.now()), page.captures.iter().map(|capture| &capture.timestamp));
        let onward = known.chain(page.meaningless.iter().filter(|digits| **digits <= now)).max().cloned();
        let last = onward.filter(|last| Some(last) > cursor.from.as_ref()).or(page.last);
        let full = page.more || page.rows >= limit;
        let untimely = page.untimely;
        let captures = cdx::of_page(page.captures, url, None, None);
        if !full {
            return Ok(Listed { captures, next: None, signed, untimely });
        }
        let mut next = Cursor { rows: limit, ..cursor.clone() };
        if last.is_none() || last <= cursor.from {
            // A whole page inside one second: only a longer page leads out of it.
            next.rows = limit * 2;
            if next.rows > MAX_ROWS {
                return Err(self.unavailable("its index repeats itself"));
            }
        } else {
            next.from = last;
        }
        Ok(Listed { captures, next: Some(next), signed, untimely })
    }

    async fn index_page(&self, url: &Url, cursor: &Cursor, limit: usize) -> Result<(cdx::Page, bool), FetchFailure> {
        let path = if self.options.kind == ArchiveKind::Pywb { "cdx" } else { "cdx/search/cdx" };
        let mut query = self.address(path)?;
        {
            let mut pairs = query.query_pairs_mut();
            pairs.append_pair("url", url.as_str()).append_pair("output", "json");
            pairs.append_pair("limit", &limit.to_string()).append_pair("showResumeKey", "true");
            if let Some(from) = &cursor.from {
                pairs.append_pair("from", from);
            }
            if let Some(to) = cursor.to {
                pairs.append_pair("to", &cdx::digits(to));
            }
        }
        self.get(Class::Index, &query, &[], |came| {
            let Came { answer, body, .. } = &came;
            let refused = |reason: String| self.refused(answer, body, url).unwrap_or_else(|| self.unavailable(reason));
            match answer.status {
                200 => cdx::parse(body).map(|page| (self.timely(page, url), is_signed(answer))).map_err(refused),
                400 => Err(self.bad_request(url, body)),
                status => Err(refused(format!("its index answers with status {status}"))),
            }
        })
        .await
    }

    /// A page of the index without what nobody can have captured.
    fn timely(&self, mut page: cdx::Page, url: &Url) -> cdx::Page {
        page.untimely += cdx::leave_out_untimely(&mut page.captures, self.clock.now());
        self.warn_of_untimely(page.untimely, url);
        page
    }

    fn warn_of_untimely(&self, untimely: usize, url: &Url) {
        if untimely > 0 {
            let archive = self.name();
            tracing::warn!(archive, %url, untimely, "lines of an archive's index are of no time that can be, and left out");
        }
    }

    /// One page of a TimeMap (RFC 7089).
    async fn timemap(&self, url: &Url, cursor: &Cursor) -> Result<Listed, FetchFailure> {
        let address = match &cursor.page {
            Some(page) => Url::parse(page).map_err(|_| self.unavailable("its list of captures leads nowhere"))?,
            None => self.address(&format!("timemap/link/{url}"))?,
        };
        self.get(Class::Index, &address, &[], |came| {
            let Came { answer, body, .. } = &came;
            match answer.status {
                200 => {}
                404 if !looks_like_html(body) => return Ok(Listed { signed: true, ..Listed::default() }),
                status => {
                    let failed = || self.unavailable(format!("its list of captures answers with status {status}"));
                    return Err(self.refused(answer, body, url).unwrap_or_else(failed));
                }
            }
            let (mut captures, more) = timemap(body, &address).map_err(|reason| self.unavailable(reason))?;
            let untimely = cdx::leave_out_untimely(&mut captures, self.clock.now());
            self.warn_of_untimely(untimely, url);
            let captures = cdx::of_page(captures, url, None, None);
            let next = more.filter(|more| *more != address && more.host_str() == address.host_str());
            let next = next.map(|more| Cursor { page: Some(more.to_string()), ..cursor.clone() });
            Ok(Listed { captures, next, signed: true, untimely })
        })
        .await
    }

    /// Asks an archive whose index lists nothing of a page whether that is so. Answers with
    /// a capture that it has all the same.
    ///
    /// # Errors
    /// [`FailureKind::NotArchived`] if it is so; else why nobody knows.
    pub async fn absence(&self, url: &Url) -> Result<Capture, FetchFailure> {
        let timestamp = cdx::digits(self.clock.now());
        if self.options.kind == ArchiveKind::Memento {
            return Err(self.not_archived(url.as_str(), ""));
        }
        let address = self.address(&self.playback_path(&timestamp, url.as_str()))?;
        let mut played = self.playback(&address, &timestamp, url.as_str(), url.as_str()).await;
        // Some lead to the end of time, and from there to the newest that they have.
        if let Ok(Playback::Near { timestamp, url: other }) = &played
            && cdx::moment(timestamp).is_none_or(|at| !is_archivable(at, self.clock.now()))
        {
            let address = self.address(&self.playback_path(timestamp, other))?;
            played = self.playback(&address, timestamp, other, url.as_str()).await;
        }
        let (timestamp, original) = match played {
            Ok(Playback::Near { timestamp, url }) => (timestamp, url),
            Ok(Playback::Memento(played, _)) => {
                (cdx::digits(played.snapshot.captured_at), played.snapshot.final_url.clone())
            }
            Err(FetchFailure { kind: FailureKind::NotArchived { .. }, .. }) => {
                return Err(self.not_archived(url.as_str(), ""));
            }
            Err(other) => return Err(other),
        };
        let captured_at = cdx::moment(&timestamp).ok_or_else(|| self.unavailable("it redirects to no capture"))?;
        if !is_archivable(captured_at, self.clock.now()) {
            return Err(self.not_archived(url.as_str(), ""));
        }
        let (media_type, digest) = ("-".to_owned(), "-".to_owned());
        Ok(Capture { timestamp, captured_at, original, media_type, status: None, digest, memento: None })
    }

    /// The capture nearest to a moment, or the newest, that can be shown.
    pub(super) async fn nearest(&self, url: &Url, at: Option<Timestamp>) -> Result<Snapshot, FetchFailure> {
        if self.options.kind == ArchiveKind::Memento {
            return self.negotiated(url, at).await;
        }
        let around = |days: i64| {
            let days = chrono::Duration::days(days);
            // The newest may bear a time that is still to come.
            at.map_or((Some(self.clock.now() - days), None), |at| (Some(at - days), Some(at + days)))
        };
        let (mut tried, mut last) = (BTreeSet::new(), None);
        for (from, to) in WINDOWS.map(around).into_iter().chain([(None, None)]) {
            let Listed { captures, signed, .. } = self.listing(url, from, to).await?;
            if captures.is_empty() && from.is_none() {
                if !signed {
                    return Err(self.unavailable("its index is empty, and nothing shows that the archive answered"));
                }
                return self.memento(&self.absence(url).await?).await;
            }
            // Some captures in the index cannot be shown; the next ones are as good.
            for capture in by_nearness(captures, at) {
                if tried.len() >= TRIES {
                    break;
                }
                if !tried.insert((capture.timestamp.clone(), capture.original.clone())) {
                    continue;
                }
                match self.memento(&capture).await {
                    Err(FetchFailure { kind: failure @ FailureKind::NotArchived { .. }, .. }) => last = Some(failure),
                    other => return other,
                }
            }
        }
        let when = at.map_or_else(String::new, |at| format!(" near {}", at.format("%Y-%m-%d")));
        Err(last.map_or_else(|| self.not_archived(url.as_str(), when), FetchFailure::from))
    }

    /// Asks a TimeGate (RFC 7089) for the capture nearest to a moment.
    async fn negotiated(&self, url: &Url, at: Option<Timestamp>) -> Result<Snapshot, FetchFailure> {
        let address = self.address(url.as_str())?;
        let at = at.unwrap_or_else(|| self.clock.now());
        let when = [("accept-datetime".to_owned(), at.format("%a, %d %b %Y %H:%M:%S GMT").to_string())];
        let found = self
            .get(Class::Capture, &address, &when, |came| {
                let Came { answer, body, .. } = &came;
                let location = answer.header("location").or_else(|| answer.header("content-location"));
                let memento = location.and_then(|location| address.join(location).ok());
                match (answer.status, memento) {
                    (200 | 302 | 303 | 307, Some(memento)) => Ok(memento),
                    (404, _) => Err(self.not_archived(url.as_str(), "")),
                    (status, _) => {
                        let failed = || self.unavailable(format!("its TimeGate answers with status {status}"));
                        Err(self.refused(answer, body, url).unwrap_or_else(failed))
                    }
                }
            })
            .await?;
        let Some(capture) = of_memento(found.as_str(), None, Some(url.as_str())) else {
            return Err(self.unavailable("its TimeGate leads to no capture"));
        };
        self.memento(&capture).await
    }

    /// One capture as it was served; archived redirects are followed inside the archive.
    ///
    /// # Errors
    /// [`FailureKind::NotArchived`] if the index lists it but the archive cannot show it.
    pub async fn memento(&self, capture: &Capture) -> Result<Snapshot, FetchFailure> {
        self.shown(capture, false).await
    }

    /// [`Archive::memento`]; of one that is not named but `near` a moment, its neighbour too.
    async fn shown(&self, capture: &Capture, near: bool) -> Result<Snapshot, FetchFailure> {
        let may_be_near = near;
        let (mut timestamp, mut url) = (capture.timestamp.clone(), capture.original.clone());
        let mut address = self.capture_address(capture)?;
        let mut redirects = Vec::new();
        let mut visited = BTreeSet::new();
        while visited.insert(address.to_string()) && redirects.len() <= MAX_HOPS {
            match self.playback(&address, &timestamp, &url, &capture.original).await? {
                Playback::Near { timestamp: near, url: other } => {
                    // Asked for a capture, another one is no answer; behind a redirect it may be.
                    let moments = cdx::moment(&near).zip(cdx::moment(&timestamp));
                    let far = moments.is_none_or(|(near, asked)| (near - asked).abs() > NEAR);
                    if (redirects.is_empty() && !may_be_near) || far || cdx::folded(&other) != cdx::folded(&url) {
                        let when = format!(" at {timestamp} that it can show; the nearest one is of {near}");
                        return Err(self.not_archived(url, when));
                    }
                    (timestamp, url) = (near, other);
                }
                Playback::Memento(mut played, Some((next, target))) => {
                    let snapshot = &mut played.snapshot;
                    let target = resolved(&snapshot.final_url, &target);
                    redirects.push(Redirect {
                        status: snapshot.status,
                        from: std::mem::take(&mut snapshot.final_url),
                        to: target.clone(),
                    });
                    (timestamp, url) = (next, target);
                }
                Playback::Memento(played, None) => return Ok(self.origin_of(*played, capture, redirects)),
            }
            address = self.address(&self.playback_path(&timestamp, &url))?;
        }
        Err(FailureKind::TooManyRedirects { limit: MAX_HOPS, last: url }.into())
    }

    /// Where a capture that is a redirect leads; none if it is none. Nothing is followed.
    ///
    /// # Errors
    /// Those of [`Archive::memento`].
    pub async fn hop(&self, capture: &Capture) -> Result<Option<Hop>, FetchFailure> {
        let address = self.capture_address(capture)?;
        match self.playback(&address, &capture.timestamp, &capture.original, &capture.original).await? {
            Playback::Near { timestamp, url } => {
                let when = format!(" at {} that it can show; the nearest one is of {timestamp}", capture.timestamp);
                Err(self.not_archived(url, when))
            }
            Playback::Memento(_, None) => Ok(None),
            Playback::Memento(played, Some((timestamp, target))) => {
                let target = resolved(&played.snapshot.final_url, &target);
                Ok(Some(Hop { status: played.snapshot.status, target, timestamp }))
            }
        }
    }

    /// What stood about then where a redirect leads: up to a day apart.
    ///
    /// # Errors
    /// Those of [`Archive::memento`].
    pub async fn beyond(&self, hop: &Hop) -> Result<Snapshot, FetchFailure> {
        let captured_at = cdx::moment(&hop.timestamp).ok_or_else(|| self.unavailable("it redirects to no capture"))?;
        let (media_type, digest) = ("-".to_owned(), "-".to_owned());
        let (timestamp, original) = (hop.timestamp.clone(), hop.target.clone());
        let then = Capture { timestamp, captured_at, original, media_type, status: None, digest, memento: None };
        self.shown(&then, true).await
    }

    /// What was followed stands in the redirects; the origin is what was asked for, so that
    /// the same capture is known again.
    fn origin_of(&self, played: Played, capture: &Capture, redirects: Vec<Redirect>) -> Snapshot {
        let Played { mut snapshot, digests, source } = played;
        let archive_digest = Some(capture.digest.clone()).filter(|digest| digest != "-");
        let check = match &archive_digest {
            None => DigestCheck::NotGiven,
            // It is that of the redirect, which has no body to speak of.
            Some(digest) if redirects.is_empty() && digests.contains(digest) => DigestCheck::Verified,
            Some(_) => DigestCheck::NotVerifiable,
        };
        snapshot.redirects = redirects;
        snapshot.origin = Origin::Wayback {
            memento_url: self.memento_url(capture),
            archive_digest,
            evidence: Evidence { digest: check, source, taken_from: None },
        };
        snapshot
    }

    async fn playback(&self, address: &Url, timestamp: &str, url: &str, asked: &str) -> Result<Playback, FetchFailure> {
        let archived = |came: Came| {
            if let Some(datetime) = came.answer.header("memento-datetime").map(str::to_owned) {
                return self.archived(came, &datetime, address, timestamp, url, asked);
            }
            let Came { answer, body, .. } = &came;
            if (300..400).contains(&answer.status) {
                let near = answer.header("location").and_then(|location| split_playback(location, address));
                let (timestamp, url) = near.ok_or_else(|| self.unavailable("it redirects to a page of its own"))?;
                return Ok(Playback::Near { timestamp, url });
            }
            self.not_a_memento(answer, body, address, timestamp, url)
        };
        self.get(Class::Capture, address, &[], archived).await
    }

    /// An answer with `memento-datetime`.
    fn archived(
        &self,
        came: Came,
        datetime: &str,
        address: &Url,
        timestamp: &str,
        url: &str,
        asked: &str,
    ) -> Result<Playback, FetchFailure> {
        let Came { answer, body, received } = came;
        let now = self.clock.now();
        let stated = links::moment(datetime).filter(|at| is_archivable(*at, now));
        let asked_for = cdx::moment(timestamp);
        let captured_at = stated
            .or(asked_for.filter(|at| is_archivable(*at, now)))
            .ok_or_else(|| self.not_archived(url, format!(" at {timestamp}: what came is of no time that can be")))?;
        let original = answer.header("link").and_then(original_of).unwrap_or_else(|| url.to_owned());
        // Some archives show the nearest capture where others redirect to it.
        if let (Some(stated), Some(asked_for)) = (stated, asked_for)
            && cdx::is_sound(timestamp, asked_for)
            && stated != asked_for
        {
            return Ok(Playback::Near { timestamp: cdx::digits(stated), url: original });
        }
        let location = answer.header("location").filter(|_| (300..400).contains(&answer.status));
        // Other archives give the target as it was, not as a capture.
        let target = location.map(|location| {
            split_playback(location, address).unwrap_or_else(|| (timestamp.to_owned(), location.to_owned()))
        });
        let digests = [received, base32(&body)];
        let snapshot = Snapshot {
            url: asked.to_owned(),
            final_url: original,
            status: answer.status,
            headers: archived_headers(&answer.headers),
            redirects: Vec::new(),
            body,
            captured_at,
            origin: Origin::Wayback {
                memento_url: address.to_string(),
                archive_digest: None,
                evidence: Evidence::default(),
            },
        };
        let source = answer.header("x-archive-src").map(str::to_owned);
        Ok(Playback::Memento(Box::new(Played { snapshot, digests, source }), target))
    }

    /// An answer of the archive itself.
    fn not_a_memento(
        &self,
        answer: &Answer,
        body: &[u8],
        address: &Url,
        timestamp: &str,
        url: &str,
    ) -> Result<Playback, FetchFailure> {
        let page = Url::parse(url).unwrap_or_else(|_| address.clone());
        if let Some(failure) = self.refused(answer, body, &page) {
            return Err(failure);
        }
        match answer.status {
            // Only the archive's own application knows what it holds, not the servers before it.
            404 if answer.header("x-app-server").is_some() || self.is_small(answer) => {
                Err(self.not_archived(url, format!(" at {timestamp}")))
            }
            400 => Err(self.bad_request(&page, body)),
            200 if answer.header("x-archive-src").is_some()
                && let Some(target) = shown_target(body) =>
            {
                self.shown_redirect(answer, address, &target, timestamp, url)
            }
            status => Err(self.unavailable(format!("it answers with status {status} and no capture"))),
        }
    }

    /// An archived redirect that is shown as a page: where bytes as served cannot be had.
    fn shown_redirect(
        &self,
        answer: &Answer,
        address: &Url,
        target: &str,
        timestamp: &str,
        url: &str,
    ) -> Result<Playback, FetchFailure> {
        let target =
            split_playback(target, address).ok_or_else(|| self.unavailable("it shows a redirect to nowhere"))?;
        let captured_at = cdx::moment(timestamp).ok_or_else(|| self.unavailable("a capture came without its time"))?;
        let snapshot = Snapshot {
            url: url.to_owned(),
            final_url: url.to_owned(),
            // Which one it was stands in the page's words alone.
            status: 302,
            headers: archived_headers(&answer.headers),
            redirects: Vec::new(),
            body: Vec::new(),
            captured_at,
            origin: Origin::Wayback {
                memento_url: address.to_string(),
                archive_digest: None,
                evidence: Evidence::default(),
            },
        };
        let played = Played { snapshot, digests: [String::new(), String::new()], source: None };
        Ok(Playback::Memento(Box::new(played), Some(target)))
    }

    /// Whether an answer comes from an archive that is not the Internet Archive: those do
    /// not mark their application's answers, and have no servers before it that lie.
    fn is_small(&self, answer: &Answer) -> bool {
        self.options.kind != ArchiveKind::Wayback
            || (!self.name().ends_with("archive.org")
                && answer.header("server").is_none_or(|server| !server.contains("nginx")))
    }

    /// Whether the archive refuses to show the site, by the marks it has for that.
    fn refused(&self, answer: &Answer, body: &[u8], url: &Url) -> Option<FetchFailure> {
        let head = String::from_utf8_lossy(&body[..body.len().min(64 * 1024)]);
        let error = answer.header("x-archive-wayback-runtime-error").unwrap_or_default();
        let says = |phrase: &str| error.contains(phrase) || head.contains(phrase);
        let reason = if says("AdministrativeAccessControlException") || says("excluded from the Wayback Machine") {
            "the site is excluded from the archive"
        } else if says("RobotAccessControlException") || (answer.status != 200 && says("Blocked By Robots")) {
            "the site's robots.txt keeps it out of the archive"
        } else if answer.status == 451 {
            "it is withheld for legal reasons (451)"
        } else {
            return None;
        };
        let (archive, url) = (self.name(), url.to_string());
        Some(FailureKind::ArchiveExcluded { archive, url, reason: reason.to_owned() }.into())
    }

    /// Our own mistake, or an address that the archive cannot take: asking again is no use.
    fn bad_request(&self, url: &Url, body: &[u8]) -> FetchFailure {
        let says: String = String::from_utf8_lossy(&body[..body.len().min(120)]).escape_debug().collect();
        let reason = format!("{} refuses the question (400): {says}", self.name());
        FailureKind::BadUrl { url: url.to_string(), reason }.into()
    }

    /// Where a capture is to be had.
    pub fn memento_url(&self, capture: &Capture) -> String {
        self.capture_address(capture).map_or_else(
            |_| format!("{}/{}", self.base(), self.playback_path(&capture.timestamp, &capture.original)),
            |address| address.to_string(),
        )
    }

    fn capture_address(&self, capture: &Capture) -> Result<Url, FetchFailure> {
        match &capture.memento {
            Some(memento) => {
                let raw = raw_memento(memento, &capture.timestamp);
                Url::parse(&raw).map_err(|error| FailureKind::BadUrl { url: raw, reason: error.to_string() }.into())
            }
            None => self.address(&self.playback_path(&capture.timestamp, &capture.original)),
        }
    }

    /// Where the bytes of a capture are served untouched, below the archive's address.
    fn playback_path(&self, timestamp: &str, url: &str) -> String {
        let url = url.split('#').next().unwrap_or(url);
        match self.options.kind {
            ArchiveKind::Wayback => format!("web/{timestamp}id_/{url}"),
            ArchiveKind::Pywb | ArchiveKind::Memento => format!("{timestamp}id_/{url}"),
        }
    }

    pub(super) fn address(&self, path: &str) -> Result<Url, FetchFailure> {
        let address = format!("{}/{path}", self.base());
        let bad = |reason: &str| FailureKind::BadUrl { url: address.clone(), reason: reason.to_owned() }.into();
        // No client can ask for them: they are resolved before the request.
        if path.split(['?', '#']).next().unwrap_or(path).split('/').any(|part| matches!(part, "." | "..")) {
            return Err(bad("its path has dots for segments"));
        }
        Url::parse(&address).map_err(|error| bad(&error.to_string()))
    }
}

/// Whether an answer bears the mark of an application that has captures: a listing that is
/// empty says something only then.
fn is_signed(answer: &Answer) -> bool {
    let kind = answer.header("content-type").unwrap_or_default().to_lowercase();
    let own = ["application/json", "text/x-ndjson", "application/x-ndjson", "text/x-cdxj", "application/cdxj+ors"];
    answer.header("x-app-server").is_some() || own.iter().any(|own| kind.starts_with(own))
}

/// What may be shown as the page, nearest first; without a moment, newest first.
fn by_nearness(captures: Vec<Capture>, at: Option<Timestamp>) -> Vec<Capture> {
    let mut shown: Vec<Capture> = captures
        .into_iter()
        // A revisit has no status of its own: it repeats an earlier answer.
        .filter(|capture| capture.status.is_none_or(|status| status == 200))
        .filter(|capture| capture.status.is_some() || capture.media_type == "warc/revisit")
        .collect();
    match at {
        Some(at) => shown.sort_by_key(|capture| (capture.captured_at - at).abs()),
        None => shown.reverse(),
    }
    shown
}

fn base32(bytes: &[u8]) -> String {
    data_encoding::BASE32.encode(&sha1::Sha1::digest(bytes))
}
