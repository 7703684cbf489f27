//! Asks sites what they ask of robots, and keeps the answer for a day at most (RFC 9309,
//! section 2.4). What a text says is [`crate::robots`]'s to tell.
//!
//! An answer that says there is no such file allows everything; one that the site cannot
//! give allows nothing until it can, unless an earlier one is known (section 2.3.1).

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use url::Url;

use super::encoding::Belief;
use super::whole_body;
use crate::clock::Clock;
use crate::http::{GuardedClient, authority};
use crate::outcome::{FailureKind, FetchFailure};
use crate::robots::{Robots, token};
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
    client: GuardedClient,
    product: String,
    clock: C,
    sites: Mutex<HashMap<String, (Timestamp, Site)>>,
}

impl<C: Clock> Rules<C> {
    /// Nothing is known yet. `user_agent` is what we call ourselves.
    pub(super) fn new(client: GuardedClient, user_agent: &str, clock: C) -> Self {
        Self { client, product: token(user_agent).to_owned(), clock, sites: Mutex::default() }
    }

    /// Whether a page may be asked for.
    ///
    /// # Errors
    /// [`FailureKind::ClosedToRobots`], or why nobody knows.
    pub(super) async fn allow(&self, url: &Url, rule: RobotsRule) -> Result<(), FetchFailure> {
        if rule == RobotsRule::Ignore {
            return Ok(());
        }
        let site = self.site(url.origin().ascii_serialization());
        let mut known = site.lock().await;
        let now = self.clock.now();
        if known.as_ref().is_none_or(|known| known.until <= now) {
            let says = match (self.ask(url).await, known.take()) {
                (Ok(robots), _) => Known { until: now + FRESH, says: Ok(robots) },
                // What it said last holds while it cannot say anything else.
                (Err(_), Some(Known { says: Ok(robots), .. })) => Known { until: now + TRY_AGAIN, says: Ok(robots) },
                (Err(failure), _) => Known { until: now + TRY_AGAIN, says: Err(failure) },
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
            Some(Err(failure)) => Err(failure.clone().into()),
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

    async fn ask(&self, page: &Url) -> Result<Robots, FailureKind> {
        let host = authority(page);
        let unknown = |reason: String| FailureKind::RobotsUnknown { host: host.clone(), reason };
        let asked = tokio::time::timeout(TIMEOUT, self.follow(page)).await;
        match asked {
            Err(_) => Err(unknown(format!("no whole answer within {} s", TIMEOUT.as_secs()))),
            Ok(Err(kind @ (FailureKind::TooLarge { .. } | FailureKind::BrokenAnswer { .. }))) => {
                Err(unknown(kind.to_string()))
            }
            // Who does not answer at all does not answer for the page either.
            Ok(Err(kind)) => Err(kind),
            Ok(Ok((200..=299, text))) => Ok(Robots::read(&text, &self.product)),
            Ok(Ok((429, _))) => Err(FailureKind::RateLimited { host }),
            Ok(Ok((status @ 500..=599, _))) => Err(unknown(format!("status {status}"))),
            // There is none; a chain of redirects that does not end says so too.
            Ok(Ok(_)) => Ok(Robots::default()),
        }
    }

    async fn follow(&self, page: &Url) -> Result<(u16, Vec<u8>), FailureKind> {
        let wrong = |error: url::ParseError| FailureKind::BadUrl { url: page.to_string(), reason: error.to_string() };
        let mut url = page.join("/robots.txt").map_err(wrong)?;
        let headers = [("accept", "text/plain,*/*;q=0.5"), ("accept-encoding", "gzip, br, zstd, deflate")];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
        for _ in 0..=MAX_REDIRECTS {
            let mut answer = match self.client.get(&url, &headers).await {
                Ok(answer) => answer,
                // Behind a redirect another host fails, which says nothing of the page's own.
                Err(kind) if url.origin() != page.origin() => {
                    return Err(FailureKind::RobotsUnknown { host: authority(page), reason: kind.to_string() });
                }
                Err(kind) => return Err(kind),
            };
            let next = answer.header("location").filter(|_| (300..400).contains(&answer.status));
            match next.and_then(|next| url.join(next).ok()) {
                Some(next) => url = next,
                None if (200..300).contains(&answer.status) => {
                    let text = whole_body(&mut answer, &authority(&url), Belief::Declared, MAX_BODY, |_| {}).await?;
                    return Ok((answer.status, text));
                }
                None => return Ok((answer.status, Vec::new())),
            }
        }
        Ok((404, Vec::new()))
    }
}
