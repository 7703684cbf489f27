//! Asks sites what they ask of robots, and keeps the answer for a day at most (RFC 9309,
//! section 2.4). What a text says is [`crate::robots`]'s to tell.
//!
//! An answer that says there is no such file allows everything; one that the site cannot
//! give allows nothing until it can, unless an earlier one is known (section 2.3.1).

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use url::Url;

use super::asking::retry_after;
use super::encoding::Belief;
use super::manners::Manners;
use super::{Request, whole_body};
use crate::clock::Clock;
use crate::http::{GuardedClient, authority};
use crate::outcome::{FailureKind, FetchFailure};
use crate::robots::{Robots, holds_leave, token};
use crate::time::Timestamp;
use crate::watch::RobotsRule;

/// How long an answer holds.
const FRESH: chrono::Duration = chrono::Duration::hours(24);

/// How long a site that could not answer is left alone, or believed to say what it said.
const TRY_AGAIN: chrono::Duration = chrono::Duration::minutes(10);

/// How long the file may take to come, redirects included.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Redirects that are followed, as the RFC has it.
const MAX_REDIRECTS: usize = 5;

/// In bytes; of these no more than [`crate::robots::MAX_SIZE`] are read.
const MAX_BODY: u64 = 5 * 1024 * 1024;

/// From this many sites on, those whose answer is old are forgotten.
const MANY: usize = 4096;

/// What is known of one site; one asks at a time.
type Site = Arc<tokio::sync::Mutex<Option<Known>>>;

#[derive(Debug)]
struct Known {
    until: Timestamp,
    /// What it asks of us, or why nobody knows.
    says: Result<Robots, FailureKind>,
}

/// Knows what sites ask of robots.
#[derive(Debug)]
pub(super) struct Rules<C> {
    manners: Arc<Manners>,
    product: String,
    clock: C,
    /// By what the site is asked through, and the site.
    sites: Mutex<HashMap<String, (Timestamp, Site)>>,
}

impl<C: Clock> Rules<C> {
    /// Nothing is known yet. `user_agent` is what we call ourselves.
    pub(super) fn new(manners: Arc<Manners>, user_agent: &str, clock: C) -> Self {
        Self { manners, product: token(user_agent).to_owned(), clock, sites: Mutex::default() }
    }

    /// Whether a page may be asked for, on the way that `client` goes. Leave holds for the site
    /// that was asked for, not for where that sends us.
    ///
    /// # Errors
    /// [`FailureKind::ClosedToRobots`], or why nobody knows.
    pub(super) async fn allow(&self, url: &Url, request: &Request, client: &GuardedClient) -> Result<(), FetchFailure> {
        if request.robots == RobotsRule::Ignore && holds_leave(&request.url, url) {
            return Ok(());
        }
        let site = self.site(format!("{} {}", client.way(), url.origin().ascii_serialization()));
        let mut known = site.lock().await;
        let now = self.clock.now();
        if known.as_ref().is_none_or(|known| known.until <= now) {
            let says = match (self.ask(url, client).await, known.take()) {
                (Ok(robots), _) => Known { until: now + FRESH, says: Ok(robots) },
                // What it said last holds while it cannot say anything else.
                (Err(failure), Some(Known { says: Ok(robots), .. })) => {
                    Known { until: now + again(&failure), says: Ok(robots) }
                }
                (Err(failure), _) => Known { until: now + again(&failure), says: Err(failure.kind) },
            };
            *known = Some(says);
        }
        let path = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
        match known.as_ref().map(|known| &known.says) {
            Some(Ok(robots)) => match robots.forbids(&path) {
                None => Ok(()),
                Some(rule) => {
                    let rule = rule.chars().take(80).flat_map(char::escape_debug).collect();
                    Err(FailureKind::ClosedToRobots { url: url.to_string(), rule }.into())
                }
            },
            Some(Err(kind)) => {
                let left = known.as_ref().and_then(|known| (known.until - now).to_std().ok());
                // Only who named a time is asked again by it; else the watch's schedule decides.
                let host = url.host_str().unwrap_or_default();
                let retry_after = left.filter(|_| self.manners.is_quiet(host, now).is_err());
                Err(FetchFailure { kind: kind.clone(), retry_after })
            }
            None => Ok(()),
        }
    }

    fn site(&self, origin: String) -> Site {
        let now = self.clock.now();
        let mut sites = self.sites.lock().expect("nobody panics while holding the table");
        if sites.len() >= MANY {
            sites.retain(|_, (asked, _)| now - *asked < FRESH);
        }
        let (asked, site) = sites.entry(origin).or_insert_with(|| (now, Site::default()));
        *asked = now;
        Arc::clone(site)
    }

    async fn ask(&self, page: &Url, client: &GuardedClient) -> Result<Robots, FetchFailure> {
        let host = authority(page);
        let unknown = |reason: String| FailureKind::RobotsUnknown { host: host.clone(), reason };
        let answered = match tokio::time::timeout(TIMEOUT, self.follow(page, client)).await {
            Err(_) => return Err(unknown(format!("no whole answer within {} s", TIMEOUT.as_secs())).into()),
            Ok(Err(kind @ (FailureKind::TooLarge { .. } | FailureKind::BrokenAnswer { .. }))) => {
                return Err(unknown(kind.to_string()).into());
            }
            // Who does not answer at all does not answer for the page either.
            Ok(Err(kind)) => return Err(kind.into()),
            Ok(Ok(answered)) => answered,
        };
        // Like a page that asks for it: the host is left alone by everybody.
        let quiet = || {
            let now = self.clock.now();
            Some(self.manners.silence(answered.host.as_str(), answered.retry_after(now), now))
        };
        match answered.status {
            200..=299 => Ok(Robots::read(&answered.text, &self.product)),
            429 => Err(FetchFailure { kind: FailureKind::RateLimited { host }, retry_after: quiet() }),
            status @ 500..=599 => {
                let rests = status == 503 && answered.retry_after(self.clock.now()).is_some();
                let retry_after = rests.then(quiet).flatten();
                Err(FetchFailure { kind: unknown(format!("status {status}")), retry_after })
            }
            // There is none; a chain of redirects that does not end says so too.
            _ => Ok(Robots::default()),
        }
    }

    async fn follow(&self, page: &Url, client: &GuardedClient) -> Result<Answered, FailureKind> {
        let wrong = |error: url::ParseError| FailureKind::BadUrl { url: page.to_string(), reason: error.to_string() };
        let mut url = page.join("/robots.txt").map_err(wrong)?;
        let headers = [("accept", "text/plain,*/*;q=0.5"), ("accept-encoding", "gzip, br, zstd, deflate")];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
        for _ in 0..=MAX_REDIRECTS {
            let mut answer = match client.get(&url, &headers).await {
                Ok(answer) => answer,
                // Behind a redirect another host fails, which says nothing of the page's own.
                Err(kind) if url.origin() != page.origin() => {
                    return Err(FailureKind::RobotsUnknown { host: authority(page), reason: kind.to_string() });
                }
                Err(kind) => return Err(kind),
            };
            let next = answer.header("location").filter(|_| (300..400).contains(&answer.status));
            let text = match next.and_then(|next| url.join(next).ok()) {
                Some(next) => {
                    url = next;
                    continue;
                }
                None if (200..300).contains(&answer.status) => {
                    whole_body(&mut answer, &authority(&url), Belief::Declared, MAX_BODY, |_| {}).await?
                }
                None => Vec::new(),
            };
            let after = answer.header("retry-after").map(str::to_owned);
            return Ok(Answered { status: answer.status, after, host: host_of(&url), text });
        }
        Ok(Answered { status: 404, after: None, host: host_of(&url), text: Vec::new() })
    }
}

/// When a site that could not say what it wants is asked again.
fn again(failure: &FetchFailure) -> chrono::Duration {
    let asked = failure.retry_after.filter(|after| !after.is_zero());
    asked.and_then(|after| chrono::Duration::from_std(after).ok()).unwrap_or(TRY_AGAIN)
}

fn host_of(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
}

/// What came in the end.
struct Answered {
    status: u16,
    /// `Retry-After`, as written.
    after: Option<String>,
    /// Who answered.
    host: String,
    text: Vec<u8>,
}

impl Answered {
    fn retry_after(&self, now: Timestamp) -> Option<Duration> {
        self.after.as_deref().and_then(|after| retry_after(after, now))
    }
}
