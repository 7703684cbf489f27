//! The publisher's own server: one check is one chain of hops, each of them guarded.

use std::collections::BTreeSet;
use std::sync::Arc;

use url::Url;

use super::encoding::{Belief, unpacked};
use super::manners::Manners;
use super::robots::Rules;
use super::{Fetched, Options, Request, whole_body};
use crate::access::{Access, Way, accept_language};
use crate::clock::Clock;
use crate::guard;
use crate::http::{Answer, Cookies, GuardedClient, authority};
use crate::outcome::{FailureKind, FetchFailure};
use crate::snapshot::{Origin, Redirect, Snapshot, Validators};

/// What we can read.
const ACCEPT: &str =
    "text/html,application/xhtml+xml,application/pdf;q=0.9,text/markdown;q=0.9,text/plain;q=0.8,*/*;q=0.5";

/// In bytes; servers refuse an eighth of that, and what is recorded of a page is bounded.
pub(super) const MAX_ADDRESS: usize = 64 * 1024;

/// What every visit to a publisher's site needs, with a browser or without.
#[derive(Clone, Debug)]
pub(super) struct Visits<C> {
    pub(super) client: GuardedClient,
    pub(super) manners: Arc<Manners>,
    pub(super) robots: Arc<Rules<C>>,
    pub(super) options: Options,
    pub(super) clock: C,
}

/// Fetches live pages.
#[derive(Debug)]
pub(super) struct Live<C> {
    client: GuardedClient,
    manners: Arc<Manners>,
    robots: Arc<Rules<C>>,
    options: Options,
    clock: C,
}

/// The client that goes the way that a page is asked for.
pub(super) fn way(client: &GuardedClient, options: &Options, access: &Access) -> GuardedClient {
    match &access.way {
        Way::AsUsual => client.through(options.proxy.as_ref()),
        Way::Direct => client.through(None),
        Way::Proxy(proxy) => client.through(Some(proxy)),
    }
}

impl<C: Clock> Live<C> {
    pub(super) fn new(Visits { client, manners, robots, options, clock }: Visits<C>) -> Self {
        Self { client, manners, robots, options, clock }
    }

    /// Gets a page, redirects followed. Any answer is a snapshot, whatever its status; a
    /// redirect without a usable target is a failure.
    pub(super) async fn get(&self, request: &Request) -> Result<Fetched, FetchFailure> {
        let (cookies, mut redirects) = (Cookies::default(), Vec::new());
        let (mut url, mut visited) = (request.url.clone(), BTreeSet::new());
        // Waiting for our turn at a host is not the page's time.
        let mut left = self.options.timeout;
        let client = way(&self.client, &self.options, &request.access);
        loop {
            guard::check_url(&url, client.allowed())?;
            let host = url.host_str().unwrap_or_default().to_owned();
            self.manners.is_quiet(&host, self.clock.now())?;
            // Before the turn: a site that is slow to say what it wants would have several
            // turns come while it does, and be asked for all their pages at once then.
            self.robots.allow(&url, request, &client).await?;
            // The hops of one check are one visit; only the first waits its turn.
            if redirects.is_empty() {
                self.manners.wait(&host, "page", self.options.pause_per_host, &self.clock).await?;
            } else {
                self.manners.is_quiet(&host, self.clock.now())?;
            }
            let began = tokio::time::Instant::now();
            // Validators speak of the page asked for. Behind a redirect stands another.
            let (known, none) = (&request.validators, Validators::default());
            let known = if redirects.is_empty() { known } else { &none };
            let headers = headers(&url, request, known, &cookies);
            let hop = tokio::time::timeout(left, self.hop(&client, &url, &headers, &cookies));
            let (answer, body) = hop.await.unwrap_or(Err(FailureKind::Timeout { limit: self.options.timeout }))?;
            left = left.saturating_sub(began.elapsed());

            if answer.status == 304 && !known.is_empty() {
                return Ok(Fetched::NotModified);
            }
            visited.insert(url.to_string());
            let Some(next) = target(&answer, &url)? else {
                return Ok(Fetched::Snapshot(Box::new(self.snapshot(request, &url, redirects, answer, body))));
            };
            redirects.push(Redirect { status: answer.status, from: url.to_string(), to: next.to_string() });
            // A page may send us back to itself once, with a cookie; a second time is a circle.
            let circle = visited.contains(next.as_str()) && cookies.header(&next).is_none();
            if redirects.len() > self.options.max_redirects || circle {
                let limit = self.options.max_redirects;
                return Err(FailureKind::TooManyRedirects { limit, last: next.to_string() }.into());
            }
            url = next;
        }
    }

    async fn hop(
        &self,
        client: &GuardedClient,
        url: &Url,
        headers: &[(String, String)],
        cookies: &Cookies,
    ) -> Result<(Answer, Vec<u8>), FailureKind> {
        let mut answer = client.get(url, headers).await?;
        cookies.keep(&answer, url);
        if answer.status == 304 || (300..400).contains(&answer.status) && answer.header("location").is_some() {
            return Ok((answer, Vec::new()));
        }
        let most = self.options.max_body;
        let mut body = whole_body(&mut answer, &authority(url), Belief::Declared, most, |_| {}).await?;
        if answer.header("content-type").is_some_and(|kind| kind.trim_start().to_ascii_lowercase().starts_with("text/"))
        {
            body = unpacked(body, most);
        }
        Ok((answer, body))
    }

    fn snapshot(
        &self,
        request: &Request,
        url: &Url,
        redirects: Vec<Redirect>,
        answer: Answer,
        body: Vec<u8>,
    ) -> Snapshot {
        let snapshot = Snapshot {
            url: request.url.to_string(),
            final_url: url.to_string(),
            status: answer.status,
            headers: answer.headers,
            redirects,
            body,
            captured_at: self.clock.now(),
            origin: Origin::Live { remote_addr: answer.remote_addr.map(|address| address.to_string()) },
        };
        if snapshot.asks_for_quiet() {
            self.manners.silence(url.host_str().unwrap_or_default(), snapshot.retry_after(), snapshot.captured_at);
        }
        snapshot
    }
}

fn headers(url: &Url, request: &Request, known: &Validators, cookies: &Cookies) -> Vec<(String, String)> {
    let Access { headers: own, locale, .. } = &request.access;
    let own: Vec<(String, String)> =
        own.toward(url).map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
    let own_cookie = own.iter().find(|(name, _)| name == "cookie").map(|(_, value)| value.clone());
    // What the site set itself comes behind what it is shown by configuration.
    let cookie = own_cookie.into_iter().chain(cookies.header(url)).reduce(|own, set| format!("{own}; {set}"));
    let mut headers = vec![
        ("accept".to_owned(), ACCEPT.to_owned()),
        ("accept-encoding".to_owned(), "gzip, br, zstd, deflate".to_owned()),
        ("accept-language".to_owned(), accept_language(locale.as_ref(), request.language.as_deref())),
    ];
    headers.retain(|(name, _)| own.iter().all(|(known, _)| known != name));
    headers.extend(own.into_iter().filter(|(name, _)| name != "cookie"));
    let mut add = |name: &str, value: Option<String>| headers.extend(value.map(|value| (name.to_owned(), value)));
    add("cookie", cookie);
    add("if-none-match", known.etag.clone());
    add("if-modified-since", known.last_modified.clone());
    headers
}

/// Where an answer sends us; none if it is an answer.
fn target(answer: &Answer, url: &Url) -> Result<Option<Url>, FailureKind> {
    let broken = |reason: String| FailureKind::BrokenAnswer { host: authority(url), reason };
    match answer.status {
        301 | 302 | 303 | 307 | 308 => {}
        // A choice, or "as before" although we did not ask: no page in any case.
        status @ 300..400 => return Err(broken(format!("status {status} is neither a page nor a redirect"))),
        _ => return Ok(None),
    }
    let location = answer.header("location").ok_or_else(|| broken("it redirects without saying where".to_owned()))?;
    let mut next = url.join(location).map_err(|error| {
        let shown: String = location.chars().take(100).collect();
        broken(format!("it redirects to \"{}\": {error}", shown.escape_debug()))
    })?;
    next.set_fragment(None);
    if next.as_str().len() > MAX_ADDRESS {
        return Err(broken(format!("it redirects to an address of {} bytes", next.as_str().len())));
    }
    Ok(Some(next))
}
