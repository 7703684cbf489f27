//! A web archive with the Wayback Machine's interface: its index (CDX), and its captures
//! as they were served (`id_`).
//!
//! What decides is the order of the questions. An answer with `memento-datetime` is
//! archived content, whatever its status; an answer without it comes from the archive
//! itself, and only some of those say anything about what it holds.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::encoding::Belief;
use super::manners::Manners;
use super::{Capture, Options, cdx, whole_body};
use crate::clock::Clock;
use crate::http::{Answer, GuardedClient};
use crate::outcome::{FailureKind, FetchFailure};
use crate::snapshot::{Origin, Redirect, Snapshot};
use crate::time::Timestamp;

/// Rows of one index request: nearly every policy has fewer in all.
const PAGE_ROWS: usize = 50_000;

/// How far a request grows for a page that lies within one second.
const MAX_ROWS: usize = 16 * PAGE_ROWS;

/// Index requests for one listing; an archive that never ends is cut here.
const MAX_PAGES: usize = 100;

/// Archived redirects that are followed: chains in archives are short, or loops.
const MAX_HOPS: usize = 5;

/// How far a neighbouring capture may be from the target of an archived redirect.
const NEAR: chrono::Duration = chrono::Duration::hours(24);

/// The pause after a 429 that names none: the archive blocks addresses that go on.
const RATE_PAUSE: Duration = Duration::from_secs(60);

/// The pause after a refused connection: it may be a block, which lasts an hour at least.
const BLOCK_PAUSE: Duration = Duration::from_secs(3600);

/// Reads from one archive.
#[derive(Debug)]
pub(super) struct Archive<C> {
    client: GuardedClient,
    options: Options,
    clock: C,
    manners: Arc<Manners>,
}

/// What is asked for; each kind has a pace of its own.
#[derive(Clone, Copy)]
enum Kind {
    Index,
    Capture,
}

/// What an answer to a request for a capture is.
enum Playback {
    /// Archived content, and the 14 digits and the URL that it redirects to, if it does.
    Memento(Box<Snapshot>, Option<(String, String)>),
    /// Not this one; the nearest that can be shown.
    Near { timestamp: String, url: String },
}

impl<C: Clock> Archive<C> {
    pub(super) fn new(client: GuardedClient, manners: Arc<Manners>, options: Options, clock: C) -> Self {
        Self { client, options, clock, manners }
    }

    fn name(&self) -> String {
        self.options.wayback.base_url.host_str().unwrap_or("the archive").to_owned()
    }

    fn unavailable(&self, reason: impl Into<String>) -> FetchFailure {
        FailureKind::ArchiveUnavailable { archive: self.name(), reason: reason.into() }.into()
    }

    /// Every capture of a page between two moments (both inclusive), oldest first, each once.
    ///
    /// The archive's own cursors lose rows at page edges; ours is the last time seen, asked
    /// for again.
    pub(super) async fn captures(
        &self,
        url: &Url,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
    ) -> Result<Vec<Capture>, FetchFailure> {
        let mut found = Vec::new();
        let mut seen = BTreeSet::new();
        let mut cursor = from.map(cdx::digits);
        let mut limit = PAGE_ROWS;
        for _ in 0..MAX_PAGES {
            let page = self.index_page(url, cursor.as_deref(), to, limit).await?;
            let (rows, full) = (page.rows, page.more || page.rows >= limit);
            let before = seen.len();
            let last = page.captures.iter().map(|capture| capture.timestamp.clone()).max();
            for capture in page.captures {
                if seen.insert((capture.timestamp.clone(), capture.original.clone(), capture.digest.clone())) {
                    found.push(capture);
                }
            }
            if !full || (rows == 0 && seen.len() == before) {
                return Ok(cdx::of_page(found, url, from, to));
            }
            if last == cursor || seen.len() == before {
                // A whole page inside one second: only a longer page leads out of it.
                limit *= 2;
                if limit > MAX_ROWS {
                    return Err(self.unavailable("its index repeats itself"));
                }
            }
            cursor = last.or(cursor);
        }
        Err(self.unavailable(format!("its index does not end after {MAX_PAGES} requests")))
    }

    async fn index_page(
        &self,
        url: &Url,
        from: Option<&str>,
        to: Option<Timestamp>,
        limit: usize,
    ) -> Result<cdx::Page, FetchFailure> {
        let mut query = self.address("cdx/search/cdx")?;
        {
            let mut pairs = query.query_pairs_mut();
            pairs.append_pair("url", url.as_str()).append_pair("output", "json");
            pairs.append_pair("limit", &limit.to_string()).append_pair("showResumeKey", "true");
            if let Some(from) = from {
                pairs.append_pair("from", from);
            }
            if let Some(to) = to {
                pairs.append_pair("to", &cdx::digits(to));
            }
        }
        let (answer, body) = self.get(Kind::Index, &query).await?;
        match answer.status {
            200 => match cdx::parse(&body) {
                Ok(page) => Ok(page),
                Err(reason) => Err(self.refused(&answer, &body, url).unwrap_or_else(|| self.unavailable(reason))),
            },
            status => Err(self
                .refused(&answer, &body, url)
                .unwrap_or_else(|| self.unavailable(format!("its index answers with status {status}")))),
        }
    }

    /// The capture nearest to a moment, or the newest, that can be shown.
    pub(super) async fn nearest(&self, url: &Url, at: Option<Timestamp>) -> Result<Snapshot, FetchFailure> {
        let captures = self.captures(url, None, None).await?;
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
        let mut last = None;
        // Some captures in the index cannot be shown; the next ones are as good.
        for capture in shown.iter().take(3) {
            match self.memento(capture).await {
                Err(FetchFailure { kind: failure @ FailureKind::NotArchived { .. }, .. }) => last = Some(failure),
                other => return other,
            }
        }
        let when = at.map_or_else(String::new, |at| format!(" near {}", at.format("%Y-%m-%d")));
        Err(last.unwrap_or(FailureKind::NotArchived { archive: self.name(), url: url.to_string(), when }).into())
    }

    /// One capture as it was served; archived redirects are followed inside the archive.
    pub(super) async fn memento(&self, capture: &Capture) -> Result<Snapshot, FetchFailure> {
        let (mut timestamp, mut url) = (capture.timestamp.clone(), capture.original.clone());
        let mut redirects = Vec::new();
        let mut visited = BTreeSet::new();
        while visited.insert((timestamp.clone(), url.clone())) && redirects.len() <= MAX_HOPS {
            match self.playback(&timestamp, &url, &capture.original).await? {
                Playback::Near { timestamp: near, url: other } => {
                    // Asked for a capture, another one is no answer; behind a redirect it may be.
                    let moments = cdx::moment(&near).zip(cdx::moment(&timestamp));
                    if redirects.is_empty() || moments.is_none_or(|(near, asked)| (near - asked).abs() > NEAR) {
                        let when = format!(" at {timestamp} that it can show; the nearest one is of {near}");
                        return Err(FailureKind::NotArchived { archive: self.name(), url, when }.into());
                    }
                    (timestamp, url) = (near, other);
                }
                Playback::Memento(mut snapshot, Some((next, target))) => {
                    let target = Url::parse(&snapshot.final_url)
                        .and_then(|base| base.join(&target))
                        .map_or(target, |target| target.to_string());
                    redirects.push(Redirect {
                        status: snapshot.status,
                        from: std::mem::take(&mut snapshot.final_url),
                        to: target.clone(),
                    });
                    (timestamp, url) = (next, target);
                }
                Playback::Memento(mut snapshot, None) => {
                    // What was followed stands in the redirects; the origin is what was asked
                    // for, so that the same capture is known again.
                    snapshot.redirects = redirects;
                    snapshot.origin = self.origin(capture);
                    return Ok(*snapshot);
                }
            }
        }
        Err(FailureKind::TooManyRedirects { limit: MAX_HOPS, last: url }.into())
    }

    async fn playback(&self, timestamp: &str, url: &str, asked: &str) -> Result<Playback, FetchFailure> {
        let address = self.address(&playback_path(timestamp, url))?;
        let (answer, body) = self.get(Kind::Capture, &address).await?;
        if let Some(datetime) = answer.header("memento-datetime") {
            let captured_at = chrono::DateTime::parse_from_rfc2822(datetime)
                .map(|at| at.with_timezone(&chrono::Utc))
                .ok()
                .or_else(|| cdx::moment(timestamp))
                .ok_or_else(|| self.unavailable("a capture came without its time"))?;
            let location = answer.header("location").filter(|_| (300..400).contains(&answer.status));
            // Other archives give the target as it was, not as a capture.
            let target = location.map(|location| {
                split_playback(location, &address).unwrap_or_else(|| (timestamp.to_owned(), location.to_owned()))
            });
            let snapshot = Snapshot {
                url: asked.to_owned(),
                final_url: answer.header("link").and_then(original_of).unwrap_or_else(|| url.to_owned()),
                status: answer.status,
                headers: archived_headers(&answer.headers),
                redirects: Vec::new(),
                body,
                captured_at,
                origin: Origin::Wayback { memento_url: address.to_string(), archive_digest: None },
            };
            return Ok(Playback::Memento(Box::new(snapshot), target));
        }
        if (300..400).contains(&answer.status) {
            let near = answer.header("location").and_then(|location| split_playback(location, &address));
            let (timestamp, url) = near.ok_or_else(|| self.unavailable("it redirects to a page of its own"))?;
            return Ok(Playback::Near { timestamp, url });
        }
        if let Ok(page) = Url::parse(url)
            && let Some(failure) = self.refused(&answer, &body, &page)
        {
            return Err(failure);
        }
        match answer.status {
            // Only the archive's own application knows what it holds, not the servers before it.
            404 if answer.header("x-app-server").is_some() || self.is_small_archive(&answer) => {
                let when = format!(" at {timestamp}");
                Err(FailureKind::NotArchived { archive: self.name(), url: url.to_owned(), when }.into())
            }
            status => Err(self.unavailable(format!("it answers with status {status} and no capture"))),
        }
    }

    /// Whether an answer comes from an archive that is not the Internet Archive: those do
    /// not mark their application's answers, and have no servers before it that lie.
    fn is_small_archive(&self, answer: &Answer) -> bool {
        !self.name().ends_with("archive.org") && answer.header("server").is_none_or(|server| !server.contains("nginx"))
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

    /// One polite request. 429 stops this archive for everybody; a refused connection too.
    async fn get(&self, kind: Kind, address: &Url) -> Result<(Answer, Vec<u8>), FetchFailure> {
        let host = self.name();
        let (kind, pause) = match kind {
            Kind::Index => ("index", self.options.wayback.index_pause),
            Kind::Capture => ("capture", self.options.wayback.capture_pause),
        };
        self.manners.wait(&host, kind, pause, &self.clock).await?;
        let exchange = async {
            let accept = [("accept-encoding".to_owned(), "gzip".to_owned())];
            let mut answer = self.client.get(address, &accept).await?;
            let body = whole_body(&mut answer, &host, Belief::Seen, self.options.max_body).await?;
            Ok::<_, FailureKind>((answer, body))
        };
        let limit = self.options.timeout;
        let ended = tokio::time::timeout(limit, exchange).await.unwrap_or(Err(FailureKind::Timeout { limit }));
        match ended {
            Ok((answer, _)) if answer.status == 429 && answer.header("memento-datetime").is_none() => {
                let asked = answer.header("retry-after").and_then(|value| value.trim().parse().ok());
                let asked = asked.map_or(RATE_PAUSE, Duration::from_secs).max(RATE_PAUSE);
                let pause = self.manners.silence(&host, Some(asked), self.clock.now());
                Err(FetchFailure { kind: FailureKind::RateLimited { host }, retry_after: Some(pause) })
            }
            Ok(whole) => Ok(whole),
            // Not silenced as after a 429: later failures would claim that it answered so.
            Err(FailureKind::Refused { .. }) => {
                let reason = "it refuses the connection, which may be a block for an hour or more";
                Err(FetchFailure { retry_after: Some(BLOCK_PAUSE), ..self.unavailable(reason) })
            }
            Err(kind @ (FailureKind::Forbidden { .. } | FailureKind::BadUrl { .. } | FailureKind::TooLarge { .. })) => {
                Err(kind.into())
            }
            Err(other) => Err(self.unavailable(other.to_string())),
        }
    }

    /// What a snapshot of this capture names as its origin.
    fn origin(&self, capture: &Capture) -> Origin {
        let archive_digest = Some(capture.digest.clone()).filter(|digest| digest != "-");
        Origin::Wayback { memento_url: self.memento_url(capture), archive_digest }
    }

    /// Where a capture is to be had.
    pub(super) fn memento_url(&self, capture: &Capture) -> String {
        let path = playback_path(&capture.timestamp, &capture.original);
        self.address(&path).map_or(path, |address| address.to_string())
    }

    fn address(&self, path: &str) -> Result<Url, FetchFailure> {
        let base = self.options.wayback.base_url.as_str().trim_end_matches('/');
        let address = format!("{base}/{path}");
        Url::parse(&address).map_err(|error| FailureKind::BadUrl { url: address, reason: error.to_string() }.into())
    }
}

/// Where the bytes of a capture are served untouched.
fn playback_path(timestamp: &str, url: &str) -> String {
    format!("web/{timestamp}id_/{}", url.split('#').next().unwrap_or(url))
}

/// Parts a playback URL (`…/web/20190609232851id_/http://…`, absolute, without scheme, or a
/// path alone) into its 14 digits and the archived URL. Only one of the archive that was
/// asked: publishers have paths with `/web/2020/` too.
fn split_playback(location: &str, asked: &Url) -> Option<(String, String)> {
    if asked.join(location).ok()?.host_str() != asked.host_str() {
        return None;
    }
    let (_, rest) = location.split_once("/web/")?;
    let (stamp, url) = rest.split_once('/')?;
    let digits: String = stamp.chars().take_while(char::is_ascii_digit).collect();
    let modifier = &stamp[digits.len()..];
    let sound = !digits.is_empty() && (modifier.is_empty() || modifier.ends_with('_'));
    // Encoded as a whole, scheme and all: the archive does that to some targets.
    let url = match url.to_ascii_lowercase() {
        coded if coded.starts_with("http%3a") || coded.starts_with("https%3a") => {
            percent_encoding::percent_decode_str(url).decode_utf8().ok()?.into_owned()
        }
        _ => url.to_owned(),
    };
    (sound && !url.is_empty()).then_some((digits, url))
}

/// The `rel="original"` of a `Link` header. URLs hold commas, so the brackets come first;
/// the archive escapes them as HTML.
fn original_of(link: &str) -> Option<String> {
    let mut rest = link;
    while let Some((_, tail)) = rest.split_once('<') {
        let (target, tail) = tail.split_once('>')?;
        let parameters = tail.split('<').next().unwrap_or_default();
        if parameters.contains("rel=\"original\"") || parameters.contains("rel=original") {
            return Some(target.replace("&amp;", "&"));
        }
        rest = tail;
    }
    None
}

/// The headers as they were served: the prefixed ones without the prefix, and the content
/// type; where nothing is prefixed (pywb), all of them.
fn archived_headers(headers: &[(String, String)]) -> Vec<(String, String)> {
    const PREFIX: &str = "x-archive-orig-";
    let mut archived: Vec<(String, String)> = headers
        .iter()
        .filter_map(|(name, value)| Some((name.strip_prefix(PREFIX)?.to_owned(), value.clone())))
        .collect();
    for own in ["content-type", "location", "last-modified", "etag"] {
        let value = headers.iter().find(|(name, _)| name == own).map(|(_, value)| value.clone());
        if let (Some(value), false) = (value, archived.iter().any(|(name, _)| name == own)) {
            archived.push((own.to_owned(), value));
        }
    }
    archived
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn playback_urls_part_into_time_and_page() {
        let asked = Url::parse("https://archive.test/web/2019id_/http://acme.test/").unwrap();
        let page = |location| split_playback(location, &asked);
        let expected = Some(("20190609232851".to_owned(), "http://acme.test/a?b=c".to_owned()));
        for location in [
            "https://archive.test/web/20190609232851id_/http://acme.test/a?b=c",
            "//archive.test/web/20190609232851/http://acme.test/a?b=c",
            "/web/20190609232851if_/http://acme.test/a?b=c",
            "/web/20190609232851/http%3A%2F%2Facme.test%2Fa%3Fb%3Dc",
        ] {
            assert_eq!(page(location), expected, "{location}");
        }
        let none =
            ["/sry", "/web/x/http://acme.test/", "/web/2019/", "http://acme.test/", "http://acme.test/web/2019/terms"];
        for location in none {
            assert_eq!(page(location), None, "{location}");
        }
    }

    #[test]
    fn the_page_really_captured_is_in_the_link_header() {
        let link = "<http://a.test/x?a=1,2&amp;b>; rel=\"original\", <http://b.test/>; rel=\"timegate\"";
        assert_eq!(original_of(link).as_deref(), Some("http://a.test/x?a=1,2&b"));
        let link = "<http://b.test/>; rel=\"timegate\", <http://a.test/>; rel=\"original\"";
        assert_eq!(original_of(link).as_deref(), Some("http://a.test/"));
        assert_eq!(original_of("nothing"), None);
    }

    #[test]
    fn archived_headers_lose_their_prefix() {
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let served = [
            header("content-type", "text/html"),
            header("x-archive-orig-server", "Apache"),
            header("x-archive-orig-etag", "\"1\""),
            header("server", "archive"),
        ];
        let expected = [header("server", "Apache"), header("etag", "\"1\""), header("content-type", "text/html")];
        assert_eq!(archived_headers(&served), expected);
    }
}
