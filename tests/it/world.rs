//! A small world for stories: a store in a temporary directory, a clock that stands, a
//! site that answers as it is told, and channels whose receivers can be down.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use policywatch::access::Access;
use policywatch::alert::{Delivery, DeliveryId, DeliveryState, Sent};
use policywatch::alternation::ALTERNATION;
use policywatch::cadence::Schedule;
use policywatch::channel::Channel;
use policywatch::check::{Checked, Ports, SPREAD, check};
use policywatch::clock::{Clock as _, HeldClock};
use policywatch::deliver::deliver_due;
use policywatch::fetch::{Fetch, Fetched, Request};
use policywatch::interest::{Interest, Recipient};
use policywatch::judgment::{Materiality, Rules};
use policywatch::ladder::Ladder;
use policywatch::outcome::{FailureKind, FetchFailure};
use policywatch::reading::Selectors;
use policywatch::silence::STALE_AFTER;
use policywatch::snapshot::{Origin, Redirect, Snapshot};
use policywatch::store::Store;
use policywatch::time::{Timestamp, parse_rfc3339};
use policywatch::unpack::Unpacker;
use policywatch::watch::{PolicyType, RobotsRule, Source, Watch, WatchId};
use tokio::sync::Notify;
use tokio_util::sync::{CancellationToken, DropGuard};
use url::Url;

/// Everything a story needs.
pub struct World {
    pub store: Store,
    pub clock: HeldClock,
    pub site: Site,
    pub inbox: Inbox,
    watches: Mutex<Vec<Watch>>,
    unsettled: Mutex<Unsettled>,
    dir: tempfile::TempDir,
}

/// Whether a story may end with deliveries that wait.
#[derive(Clone, Copy, PartialEq)]
enum Unsettled {
    Forgotten,
    Expected,
}

impl World {
    /// An empty world, on a Monday morning.
    pub async fn new() -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let clock = HeldClock::new(monday());
        Self {
            store: Store::open(&dir.path().join("policywatch.db")).await.expect("a new store"),
            site: Site::new(clock.clone()),
            inbox: Inbox::default(),
            clock,
            watches: Mutex::default(),
            unsettled: Mutex::new(Unsettled::Forgotten),
            dir,
        }
    }

    /// The database.
    pub fn store_path(&self) -> PathBuf {
        self.dir.path().join("policywatch.db")
    }

    /// A file beside it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Follows a page of the site, once an hour, and tells the press desk.
    pub async fn watch(&self, path: &str, alert_at: Materiality) -> Watch {
        self.follow(Watch { interest: Interest::from_materiality(alert_at), ..watch(path, &["desk"]) }).await
    }

    /// Follows a page as given.
    pub async fn follow(&self, watch: Watch) -> Watch {
        let all = {
            let mut watches = lock(&self.watches);
            watches.retain(|known| known.id != watch.id);
            watches.push(watch.clone());
            watches.clone()
        };
        let now = self.clock.now();
        self.store.sync_watches(all, move |_, _| Some(now), now).await.expect("the watches are recorded");
        watch
    }

    /// What a check takes.
    pub fn ports(&self) -> Ports<Site, HeldClock> {
        Ports {
            store: self.store.clone(),
            fetcher: self.site.clone(),
            clock: self.clock.clone(),
            unpacker: unpacker(),
            spread: SPREAD,
        }
    }

    /// Checks a watch now.
    pub async fn check(&self, watch: &Watch) -> Checked {
        check(watch, &self.ports()).await.expect("the check is recorded")
    }

    /// Serves a page and checks it an hour later.
    pub async fn serve_and_check(&self, watch: &Watch, answer: impl Into<Answer>) -> Checked {
        self.site.serve(watch.url.path(), answer);
        self.clock.advance(Duration::from_secs(3600));
        self.check(watch).await
    }

    /// Sends everything that is due to the inbox.
    pub async fn deliver_all(&self) -> Vec<(DeliveryId, DeliveryState)> {
        self.deliver_to(&Arc::new(self.inbox.clone())).await
    }

    /// Sends everything that is due.
    pub async fn deliver_to<K: Channel + 'static>(&self, channels: &Arc<K>) -> Vec<(DeliveryId, DeliveryState)> {
        deliver_due(&self.store, channels, &self.clock).await.expect("deliveries are recorded")
    }

    /// Everything the store keeps to say, oldest first.
    pub async fn deliveries(&self) -> Vec<Delivery> {
        let mut all = self.store.deliveries(None, 1000).await.expect("the deliveries");
        all.reverse();
        all
    }

    /// Says that this story ends with deliveries that wait.
    pub fn leaves_deliveries_waiting(&self) {
        *lock(&self.unsettled) = Unsettled::Expected;
    }
}

impl Drop for World {
    /// A story that forgets a delivery has not told everything.
    fn drop(&mut self) {
        if std::thread::panicking() || *lock(&self.unsettled) == Unsettled::Expected {
            return;
        }
        let store = self.store.clone();
        let waiting = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(store.deliveries(Some(DeliveryState::Pending), 10)).expect("the deliveries")
        });
        let waiting = waiting.join().expect("the store answers");
        assert!(waiting.is_empty(), "the story ends with deliveries neither settled nor expected: {waiting:#?}");
    }
}

/// Monday, 5 January 2026, six in the morning.
pub fn monday() -> Timestamp {
    parse_rfc3339("2026-01-05T06:00:00Z").expect("a moment")
}

/// A watch of a page of the made-up company Acme, checked once an hour.
pub fn watch(path: &str, notify: &[&str]) -> Watch {
    let id = format!("acme{}", path.replace('/', "-"));
    Watch {
        id: WatchId::new(&id).expect("an id"),
        url: Url::parse(&format!("https://acme.test{path}")).expect("a URL"),
        pages: Vec::new(),
        former: Vec::new(),
        elsewhere: Vec::new(),
        service: "Acme".to_owned(),
        policy_type: PolicyType::Privacy,
        schedule: Schedule::every(Duration::from_secs(3600)),
        source: Source::Live,
        archives: vec!["wayback".to_owned()],
        ladder: Ladder::PLAIN,
        selectors: Selectors::default(),
        language: None,
        alternation: ALTERNATION,
        confirm: None,
        stale_after: Some(STALE_AFTER),
        robots: RobotsRule::default(),
        access: Access::default(),
        notify: notify.iter().map(|name| Recipient::from(*name)).collect(),
        interest: Interest::from_materiality(Materiality::Material),
        rules: Rules::default(),
        tags: Vec::new(),
    }
}

/// What Acme says of cookies, on a page of its own.
pub fn cookies(duration: &str) -> String {
    format!(
        r#"<!doctype html><html lang="en"><head><title>Cookie Policy | Acme</title></head><body>
<nav><a href="/">Home</a> <a href="/shop">Shop</a></nav>
<main><h1>Cookie Policy</h1>
<p>This policy explains which cookies the website of Acme Kettles sets on your device, and what each of them is for.
It is a part of our privacy policy and applies wherever we sell kettles.</p>
<h2>Cookies that we need</h2>
<p>The basket cookie remembers what you put into your basket. It is deleted after {duration}. Without it you could
not order anything from us.</p>
<h2>Cookies that you may refuse</h2>
<p>The visits cookie counts how often you open our pages. We set it only if you agree, and you can withdraw your
consent at any time in the settings of your browser.</p></main>
<footer><p>© Acme Kettles</p></footer></body></html>"#
    )
}

/// What Acme says to children.
pub fn children() -> String {
    cookies("one week").replace("Cookie Policy", "Children").replace("ookie", "hild's choice")
}

/// Acme's privacy policy, with this sentence about selling data.
pub fn policy(sale: &str) -> String {
    format!(
        r#"<!doctype html><html lang="en"><head><title>Privacy Policy | Acme</title></head><body>
<nav><a href="/">Home</a> <a href="/shop">Shop</a> <a href="/help">Help</a></nav>
<main><h1>Privacy Policy</h1>
<p>This policy explains how Acme handles the personal data of people who use its kettles and its website.
It applies to every product that links to it, in every country where we sell kettles.</p>
<h2>1. What we collect</h2>
<p>We collect the name, the postal address and the e-mail address that you give us when you order a kettle.
When you visit the website we also record the pages that you open and the kind of browser that you use.</p>
<h2>2. How we use it</h2>
<p>We use your address to send what you ordered, and your e-mail address to tell you when it is on its way.
We look at the pages people open to find out which parts of the website are hard to use.</p>
<h2>3. Sharing</h2>
<p>{sale} Our parcel service receives your postal address, because it could not bring your kettle otherwise.</p>
<h2>4. How long we keep it</h2>
<p>We keep orders for ten years, as tax law requires. Records of visits are deleted after thirty days.</p>
<h2>5. Your rights</h2>
<p>You can ask us for a copy of your data, ask us to correct it, and ask us to delete it. Write to the address
below and we will answer within one month.</p>
<h2>6. Contact</h2>
<p>Acme Kettles, 1 Example Street, Sampletown. E-mail: privacy@acme.test</p></main>
<footer><p>© Acme Kettles</p></footer></body></html>"#
    )
}

/// What the policy says at first.
pub const WILL_NOT: &str = "We will not sell your personal data to anyone.";
/// What it says later.
pub const MAY: &str = "We may sell your personal data to advertising partners.";
/// A page that keeps robots out.
pub const BOT_WALL: &str = r#"<!doctype html><html lang="en"><head><title>Just a moment...</title></head><body>
<h1>Checking your browser</h1><p>Verify you are human by completing the action below. This site needs to review
the security of your connection before proceeding. Enable JavaScript and cookies to continue.</p></body></html>"#;

/// What the site does when it is asked for a page.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Serves this, with a status.
    Page(u16, String),
    /// Serves a document of this content type.
    Document(&'static str, Vec<u8>),
    /// Says that nothing changed.
    NotModified,
    /// Cannot be reached.
    Failure(FailureKind),
    /// Never answers.
    Hangs,
    /// Finds a bug of ours.
    Panics,
}

impl From<String> for Answer {
    fn from(html: String) -> Self {
        Answer::Page(200, html)
    }
}

/// A site in memory.
#[derive(Clone, Debug)]
pub struct Site {
    clock: HeldClock,
    inner: Arc<Mutex<SiteState>>,
    /// Rung at each request.
    pub asked: Arc<Notify>,
}

#[derive(Debug, Default)]
struct SiteState {
    answers: BTreeMap<String, Answer>,
    /// What a browser makes of pages, and how often it was asked to.
    rendered: BTreeMap<String, Answer>,
    renders: usize,
    /// Whether scripts of those pages hang, and are stopped.
    hung: bool,
    /// What the archive holds, and of when; of now where that is not said.
    archived: BTreeMap<String, (Answer, Option<Timestamp>)>,
    archived_redirects: BTreeMap<String, String>,
    requests: Vec<Request>,
    now: usize,
    most: usize,
}

impl Site {
    fn new(clock: HeldClock) -> Self {
        Self { clock, inner: Arc::default(), asked: Arc::default() }
    }

    /// Answers so from now on.
    pub fn serve(&self, path: &str, answer: impl Into<Answer>) {
        lock(&self.inner).answers.insert(path.to_owned(), answer.into());
    }

    /// A browser makes this of a page.
    pub fn serve_rendered(&self, path: &str, answer: impl Into<Answer>) {
        lock(&self.inner).rendered.insert(path.to_owned(), answer.into());
    }

    /// Whether scripts hang in a browser from now on, and are stopped.
    pub fn hang_scripts(&self, hung: bool) {
        lock(&self.inner).hung = hung;
    }

    /// How often a browser was asked to read a page.
    pub fn rendered(&self) -> usize {
        lock(&self.inner).renders
    }

    /// The archive captured this a moment ago.
    pub fn serve_archived(&self, path: &str, answer: impl Into<Answer>) {
        lock(&self.inner).archived.insert(path.to_owned(), (answer.into(), None));
    }

    /// Has an archive's newest capture of a path be a redirect from now on.
    pub fn serve_archived_redirect(&self, path: &str, to: &str) {
        lock(&self.inner).archived_redirects.insert(path.to_owned(), to.to_owned());
    }

    /// The archive captured this then.
    pub fn serve_archived_at(&self, path: &str, answer: impl Into<Answer>, at: Timestamp) {
        lock(&self.inner).archived.insert(path.to_owned(), (answer.into(), Some(at)));
    }

    /// What was asked for.
    pub fn requests(&self) -> Vec<Request> {
        lock(&self.inner).requests.clone()
    }

    /// How many requests there were at the same time, at most.
    pub fn most_at_once(&self) -> usize {
        lock(&self.inner).most
    }

    fn snapshot(&self, url: &Url, status: u16, content_type: &str, body: Vec<u8>) -> Snapshot {
        Snapshot {
            url: url.to_string(),
            final_url: url.to_string(),
            status,
            headers: [("content-type", content_type), ("etag", "\"1\"")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            redirects: Vec::new(),
            body,
            captured_at: self.clock.now(),
            origin: Origin::Live { remote_addr: None },
        }
    }
}

impl Fetch for Site {
    async fn fetch(&self, request: Request) -> Result<Fetched, FetchFailure> {
        let (url, source) = (request.url.clone(), request.source);
        let answer = {
            let mut site = lock(&self.inner);
            site.requests.push(request);
            site.now += 1;
            site.most = site.most.max(site.now);
            site.answers.get(url.path()).cloned()
        };
        let archived = lock(&self.inner).archived.get(url.path()).cloned().filter(|_| source == Source::Wayback);
        let answer = archived.as_ref().map(|(answer, _)| answer.clone()).or(answer);
        let _leave = Leaving(Arc::clone(&self.inner));
        self.asked.notify_one();
        // Lets others ask meanwhile, as a network would.
        tokio::task::yield_now().await;
        match answer {
            Some(Answer::Page(status, html)) => {
                let mut page = self.snapshot(&url, status, "text/html; charset=utf-8", html.into_bytes());
                let redirected = lock(&self.inner).archived_redirects.get(url.path()).cloned();
                if let Some(to) = redirected.filter(|_| source == Source::Wayback) {
                    let to = url.join(&to).expect("an address").to_string();
                    page.redirects.push(Redirect { status: 301, from: url.to_string(), to: to.clone() });
                    page.final_url = to;
                }
                if let Some((_, at)) = archived {
                    page.captured_at = at.unwrap_or(page.captured_at);
                    let memento_url = format!("https://archive.test/web/1id_/{url}");
                    page.origin = Origin::Wayback { memento_url, archive_digest: None, evidence: Default::default() };
                }
                Ok(Fetched::Snapshot(Box::new(page)))
            }
            Some(Answer::Document(content_type, body)) => {
                Ok(Fetched::Snapshot(Box::new(self.snapshot(&url, 200, content_type, body))))
            }
            Some(Answer::NotModified) => Ok(Fetched::NotModified),
            Some(Answer::Failure(kind)) => Err(kind.into()),
            Some(Answer::Hangs) => std::future::pending().await,
            Some(Answer::Panics) => panic!("the fetcher fails"),
            None => Err(FailureKind::Refused { host: "acme.test:443".to_owned() }.into()),
        }
    }

    async fn render(&self, request: Request) -> Result<Fetched, FetchFailure> {
        let (answer, stopped) = {
            let mut site = lock(&self.inner);
            site.renders += 1;
            (site.rendered.get(request.url.path()).cloned(), site.hung)
        };
        match answer {
            Some(Answer::Page(status, html)) => {
                let mut page = self.snapshot(&request.url, status, "text/html", html.into_bytes());
                page.origin = Origin::Rendered { browser: "Chrome 1".to_owned(), remote_addr: None, stopped };
                Ok(Fetched::Snapshot(Box::new(page)))
            }
            Some(Answer::Failure(kind)) => Err(kind.into()),
            other => panic!("no browser answers so: {other:?}"),
        }
    }
}

/// Counts a request out, however it ends.
struct Leaving(Arc<Mutex<SiteState>>);

impl Drop for Leaving {
    fn drop(&mut self) {
        lock(&self.0).now -= 1;
    }
}

/// Channels in memory; each has a mood of its own.
#[derive(Clone, Debug, Default)]
pub struct Inbox {
    inner: Arc<Mutex<InboxState>>,
    /// Rung at each arrival.
    pub rung: Arc<Notify>,
}

#[derive(Debug, Default)]
struct InboxState {
    moods: BTreeMap<String, Mood>,
    got: Vec<Delivery>,
}

/// What a channel does.
#[derive(Clone, Copy, Debug, Default)]
pub enum Mood {
    /// Takes everything.
    #[default]
    Up,
    /// Takes nothing.
    Down,
    /// Never answers.
    Hangs,
    /// Finds a bug of ours.
    Panics,
}

impl Inbox {
    /// Changes a channel's mood.
    pub fn mood(&self, channel: &str, mood: Mood) {
        lock(&self.inner).moods.insert(channel.to_owned(), mood);
    }

    /// What arrived, in order.
    pub fn got(&self) -> Vec<Delivery> {
        lock(&self.inner).got.clone()
    }

    /// What arrived, for a snapshot: who was told of which watch, one line each.
    pub fn read(&self) -> String {
        let line = |delivery: &Delivery| {
            let body: serde_json::Value = serde_json::from_str(&delivery.body).expect("an alert is JSON");
            assert_eq!(body["id"].as_str(), Some(delivery.id.0.as_str()), "the words carry the id");
            let (watch, change) = (&body["data"]["watch"]["id"], &body["data"]["change"]);
            let versions = format!("{} to {}", body["data"]["from"]["version"], body["data"]["to"]["version"]);
            let word = |value: &serde_json::Value| value.as_str().unwrap_or("?").to_owned();
            format!("{}: {}, {versions}: {}", delivery.channel, word(watch), word(&change["materiality"]))
        };
        self.got().iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

impl Channel for Inbox {
    async fn send(&self, delivery: &Delivery) -> Sent {
        let mood = lock(&self.inner).moods.get(&delivery.channel).copied().unwrap_or_default();
        match mood {
            Mood::Up => {
                lock(&self.inner).got.push(delivery.clone());
                self.rung.notify_one();
                Sent::Accepted
            }
            Mood::Down => Sent::Failed { reason: "nobody answers".to_owned(), retry_after: None },
            Mood::Hangs => std::future::pending().await,
            Mood::Panics => panic!("the channel fails"),
        }
    }
}

/// A real server on the loopback interface: serves pages, and takes what is posted.
#[derive(Clone)]
pub struct Loopback {
    address: std::net::SocketAddr,
    inner: Arc<Mutex<LoopbackState>>,
    _running: Arc<DropGuard>,
}

#[derive(Default)]
struct LoopbackState {
    pages: BTreeMap<String, (StatusCode, String)>,
    answers: BTreeMap<String, (StatusCode, HeaderMap, String)>,
    posted: Vec<Posted>,
}

/// What was posted.
#[derive(Clone, Debug)]
pub struct Posted {
    pub path: String,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Posted {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl Loopback {
    /// Starts it on a free port.
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("its address");
        let inner = Arc::new(Mutex::new(LoopbackState::default()));
        let stop = CancellationToken::new();
        let app = axum::Router::new().fallback(answer).with_state(Arc::clone(&inner));
        let stopped = stop.clone().cancelled_owned();
        tokio::spawn(async move { axum::serve(listener, app).with_graceful_shutdown(stopped).await });
        Self { address, inner, _running: Arc::new(stop.drop_guard()) }
    }

    /// The URL of a path.
    pub fn url(&self, path: &str) -> Url {
        Url::parse(&format!("http://{}{path}", self.address)).expect("a URL")
    }

    /// Serves a page from now on.
    pub fn serve(&self, path: &str, html: impl Into<String>) {
        self.serve_with(path, 200, html);
    }

    /// Serves a page with a status from now on.
    pub fn serve_with(&self, path: &str, status: u16, html: impl Into<String>) {
        let status = StatusCode::from_u16(status).expect("a status");
        lock(&self.inner).pages.insert(path.to_owned(), (status, html.into()));
    }

    /// Answers what is posted to a path so from now on; 204 otherwise.
    pub fn answer(&self, path: &str, status: u16, headers: &[(&'static str, &str)], body: &str) {
        let status = StatusCode::from_u16(status).expect("a status");
        let headers = headers
            .iter()
            .map(|(name, value)| (axum::http::HeaderName::from_static(name), value.parse().expect("a header value")));
        lock(&self.inner).answers.insert(path.to_owned(), (status, headers.collect(), body.to_owned()));
    }

    /// What was posted, in order.
    pub fn posted(&self) -> Vec<Posted> {
        lock(&self.inner).posted.clone()
    }
}

async fn answer(
    State(state): State<Arc<Mutex<LoopbackState>>>,
    method: axum::http::Method,
    uri: Uri,
    headers: HeaderMap,
    body: axum::body::Bytes,
) -> Response {
    let mut state = lock(&state);
    let path = uri.path().to_owned();
    if method == axum::http::Method::POST {
        state.posted.push(Posted { path: path.clone(), headers, body: body.to_vec() });
        return match state.answers.get(&path) {
            Some(answer) => answer.clone().into_response(),
            None => StatusCode::NO_CONTENT.into_response(),
        };
    }
    match state.pages.get(&path) {
        Some((status, html)) => (*status, axum::response::Html(html.clone())).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn lock<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().expect("nobody panics with the lock")
}

/// What unpacks files: the program that these tests test, since they are another one.
pub fn unpacker() -> Unpacker {
    Unpacker::at(env!("CARGO_BIN_EXE_policywatch"))
}
