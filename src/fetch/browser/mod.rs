//! Pages that take a browser: Chromium, driven over DevTools, in processes of its own.
//!
//! A browser runs what others wrote. So it gets a fresh profile and loses it, has no way out
//! but our proxy, lives no longer than one page, and has a [`keeper`] that ends all of its
//! processes at a limit of time or memory, and with us. Before a page is asked for, the
//! browser must ask the proxy for a page that only the proxy has; one that does not come
//! that way is not used. It says who it is, like everything we send, and hides nothing: a site
//! that turns robots away turns us away, and that is recorded.

pub mod keeper;
mod page;
mod pipe;
mod proxy;
mod trust;

use std::ffi::OsString;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::sync::Semaphore;
use tokio::time::Instant;
use url::Url;

use self::keeper::Ended;
use self::page::{Document, Leave, Manner, Page, PageError, Written};
use self::pipe::{CallError, Pipe};
use self::proxy::{Proxy, Quiet};
use crate::access::languages;
use crate::clock::Clock;
use crate::guard;
use crate::http::{Distrust, GuardedClient, authority};
use crate::outcome::{FailureKind, FetchFailure};
use crate::snapshot::{Origin, Snapshot};

use super::live::{MAX_ADDRESS, Visits, way};
use super::manners::Manners;
use super::robots::Rules;
use super::{Fetched, Options, Request};

/// Names that a browser of this kind goes by, the first found is taken.
const NAMES: [&str; 6] =
    ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome", "chrome-headless-shell"];

/// What of a page's time may pass until it is taken as it is, in a hundred.
const PATIENCE: u32 = 70;

/// How long a keeper may take to end everything, before it is ended itself.
const CLEARING: Duration = Duration::from_secs(5);

/// What is kept of what the browser complains of, in bytes.
const COMPLAINT: usize = 8 * 1024;

/// How a browser is run. `[browser]` of the configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct BrowserOptions {
    /// The browser; none: the first that is found.
    pub path: Option<PathBuf>,
    /// One page, from the browser's start to its end.
    pub timeout: Duration,
    /// What all its processes may use together, in bytes.
    pub memory: u64,
    /// What one page may load, in bytes.
    pub traffic: u64,
    /// How many run at the same time.
    pub at_once: usize,
    /// Whether the browser confines its pages by means of the kernel.
    pub sandbox: bool,
    /// The program that keeps it, which must be policywatch; none: the one that runs.
    pub keeper: Option<PathBuf>,
}

impl Default for BrowserOptions {
    fn default() -> Self {
        Self {
            path: None,
            timeout: Duration::from_secs(60),
            // 1 GiB: an empty browser uses 0.3, one with a heavy page 0.6.
            memory: 1024 * 1024 * 1024,
            traffic: 64 * 1024 * 1024,
            at_once: 1,
            sandbox: true,
            keeper: None,
        }
    }
}

impl BrowserOptions {
    /// The browser that would be run: the one named, or one that is found.
    ///
    /// # Errors
    /// [`FailureKind::NoBrowser`], with what to do.
    pub fn program(&self) -> Result<PathBuf, FailureKind> {
        let missing = |reason: String| Err(FailureKind::NoBrowser { reason });
        match &self.path {
            Some(path) if path.is_file() => Ok(path.clone()),
            Some(path) => missing(format!("there is no file {}; set [browser] path", path.display())),
            None => found(&NAMES)
                .map_or_else(|| missing("none is installed; install Chromium, or set [browser] path".to_owned()), Ok),
        }
    }
}

/// The first program of one of these names.
fn found(names: &[&str]) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&folders).chain(["/usr/bin", "/usr/local/bin"].map(PathBuf::from));
    let mut all = folders.flat_map(|folder| names.iter().map(move |name| folder.join(name)));
    all.find(|path| path.is_absolute() && path.is_file())
}

/// Reads pages with a browser.
pub(super) struct Browser<C> {
    client: GuardedClient,
    manners: Arc<Manners>,
    robots: Arc<Rules<C>>,
    options: Options,
    clock: C,
    places: Arc<Semaphore>,
}

impl<C: std::fmt::Debug> std::fmt::Debug for Browser<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Browser").field("options", &self.options.browser).finish_non_exhaustive()
    }
}

impl<C: Clock> Browser<C> {
    pub(super) fn new(Visits { client, manners, robots, options, clock }: Visits<C>) -> Self {
        let places = Arc::new(Semaphore::new(options.browser.at_once));
        Self { client, manners, robots, options, clock, places }
    }

    /// Gets a page as a person would see it. Any answer is a snapshot, whatever its status.
    pub(super) async fn get(&self, request: &Request) -> Result<Fetched, FetchFailure> {
        let program = self.options.browser.program()?;
        guard::check_url(&request.url, self.client.allowed())?;
        let host = request.url.host_str().unwrap_or_default().to_owned();
        let _place = self.places.acquire().await.map_err(|_| failed(&request.url, "the program ends"))?;
        self.manners.is_quiet(&host, self.clock.now())?;
        let client = way(&self.client, &self.options, &request.access);
        self.robots.allow(&request.url, request, &client).await?;
        self.manners.wait(&host, "page", self.options.pause_per_host, &self.clock).await?;
        let session = Session::start(self, &program, &request.url, &client).await?;
        let (written, browser, remote_addr) = session.read(self, request, &client).await?;
        let Written { document: Document { url, status, headers, .. }, redirects, html, consent, opened, stopped } =
            written;
        let hops = redirects.iter().flat_map(|hop| [&hop.from, &hop.to]).chain([&url]);
        if redirects.len() > self.options.max_redirects.max(20) || hops.map(String::len).any(|size| size > MAX_ADDRESS)
        {
            return Err(failed(&request.url, "it is sent on too often, or to an address that is too long").into());
        }
        tracing::debug!(consent, opened, bytes = html.len(), "the browser read {url}");
        let snapshot = Snapshot {
            url: request.url.to_string(),
            final_url: without_fragment(&url),
            status,
            headers,
            redirects,
            // The mark says UTF-8 before any header of the document, whatever that was in.
            body: [b"\xef\xbb\xbf", html.as_bytes()].concat(),
            captured_at: self.clock.now(),
            origin: Origin::Rendered { browser, remote_addr, stopped },
        };
        if snapshot.asks_for_quiet() {
            self.manners.silence(&host, snapshot.retry_after(), snapshot.captured_at);
        }
        Ok(Fetched::Snapshot(Box::new(snapshot)))
    }

    /// Hosts that asked for quiet are not asked by pages either.
    fn quiet(&self) -> Quiet {
        let (manners, clock) = (Arc::clone(&self.manners), self.clock.clone());
        Arc::new(move |host| manners.is_quiet(host, clock.now()).err().map(|failure| failure.kind))
    }
}

fn failed(url: &Url, reason: impl Into<String>) -> FailureKind {
    FailureKind::Browser { host: authority(url), reason: reason.into() }
}

fn without_fragment(url: &str) -> String {
    url.split('#').next().unwrap_or(url).to_owned()
}

/// What nobody can guess: the page asked for must not prove the way out for the browser.
fn nonce() -> String {
    // The standard library seeds these from the system's source of randomness.
    let random = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", random(), random())
}

/// Where profiles are. The browser makes sockets in them, whose paths may have 107 bytes.
fn short_temp_dir() -> PathBuf {
    let folder = std::env::temp_dir();
    if folder.as_os_str().len() <= 32 { folder } else { PathBuf::from("/tmp") }
}

/// A browser that runs, and everything that is there for it.
struct Session {
    keeper: Child,
    pipes: Option<(ChildStdout, ChildStdin)>,
    complaint: ChildStderr,
    proxy: Proxy,
    profile: PathBuf,
    until: Instant,
    /// Whether there are authorities of the operator that it could not be told.
    lacks_trust: bool,
}

impl Session {
    async fn start<C: Clock>(
        of: &Browser<C>,
        program: &Path,
        url: &Url,
        client: &GuardedClient,
    ) -> Result<Self, FailureKind> {
        let options = &of.options.browser;
        let until = Instant::now() + options.timeout;
        let ours = |what: &str, error: std::io::Error| failed(url, format!("{what}: {error}"));
        let profile = tempfile::Builder::new()
            .prefix("pw-browser-")
            .tempdir_in(short_temp_dir())
            .map_err(|error| ours("no folder for its profile could be made", error))?;
        let lacks_trust = match client.extra_ca() {
            None => false,
            Some(own) => !trust::give(profile.path(), own)
                .await
                .map_err(|error| ours("the authorities of fetch.extra_ca could not be given to it", error))?,
        };
        let proxy = Proxy::start(client.clone(), nonce(), options.traffic, of.quiet())
            .await
            .map_err(|error| ours("its proxy could not listen", error))?;
        let own = Path::new("/proc/self/exe").to_owned();
        let mut keeper = Command::new(options.keeper.as_ref().unwrap_or(&own))
            .arg(keeper::VERB)
            .args(["--memory", &options.memory.to_string()])
            // Later than we are: it is for the case that nobody is left to end it.
            .args(["--wall", &(options.timeout.as_secs() + 30).to_string()])
            .arg("--profile")
            .arg(profile.path())
            .arg("--")
            .arg(program)
            .args(arguments(profile.path(), &proxy, options))
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| ours("the process that keeps it could not be started", error))?;
        let pipes = keeper.stdout.take().zip(keeper.stdin.take());
        let complaint = keeper.stderr.take().ok_or_else(|| failed(url, "it has no pipes"))?;
        // From now on the keeper removes it; so do we, if the keeper is gone before.
        let profile = profile.keep();
        Ok(Self { keeper, pipes, complaint, proxy, profile, until, lacks_trust })
    }

    /// Reads a page, and ends the browser.
    async fn read<C: Clock>(
        mut self,
        of: &Browser<C>,
        request: &Request,
        client: &GuardedClient,
    ) -> Result<(Written, String, Option<String>), FailureKind> {
        let url = &request.url;
        let Some((from, to)) = self.pipes.take() else { return Err(failed(url, "it has no pipes")) };
        let most = usize::try_from(of.options.max_body).unwrap_or(usize::MAX);
        // A sign may take six when it is written as JSON.
        let pipe = Pipe::new(from, to, most.saturating_mul(6).saturating_add(4 << 20));
        let (mut complaint, stopped) = (Vec::new(), AtomicBool::new(false));
        let (reading, listening) = (
            drive(pipe, &self.proxy, of, (request, client), (self.until, &stopped)),
            listen(&mut self.complaint, &mut complaint),
        );
        let read = tokio::select! {
            read = tokio::time::timeout_at(self.until, reading) => read,
            never = listening => match never {},
            // Nobody would end the browser any more: its pipes must be closed.
            _ = self.keeper.wait() => Ok(Err(PageError::from(CallError::Ended).into())),
        };
        // Its pipes are closed by now, and that ends everything.
        let ended = self.end().await;
        let limits = &of.options.browser;
        let kind = match read {
            Ok(Ok((written, browser))) => {
                let came = Url::parse(&written.document.url).ok();
                let remote = came.and_then(|url| self.proxy.remote(&url)).map(|address| address.to_string());
                return Ok((written, browser, remote));
            }
            _ if ended == Ended::Memory => {
                let limit = limits.memory / (1024 * 1024);
                failed(
                    url,
                    format!("it needs more than {limit} MiB of memory; raise browser.memory if that is genuine"),
                )
            }
            _ if self.proxy.is_exhausted() => {
                let limit = limits.traffic / (1024 * 1024);
                failed(url, format!("it loads more than {limit} MiB; raise browser.traffic if that is genuine"))
            }
            Err(_) => {
                let limit = limits.timeout.as_secs();
                let told = if stopped.load(Ordering::Relaxed) {
                    "scripts of the page hang again as often as they are stopped; set render = \"never\" if a plain \
                     request shows the text"
                } else {
                    "raise browser.timeout if it is that slow"
                };
                failed(url, format!("it was not done within {limit} s; {told}"))
            }
            Ok(Err(Stopped::NotProven)) => {
                failed(url, "its requests do not come through our proxy, so it is not used; see [browser] path")
            }
            Ok(Err(Stopped::Page(PageError::Call(CallError::Ended)))) => failed(url, gone(ended, &complaint)),
            Ok(Err(Stopped::Page(PageError::TooLarge | PageError::Call(CallError::TooLong)))) => {
                FailureKind::TooLarge { limit: of.options.max_body }
            }
            Ok(Err(Stopped::Page(PageError::NotAllowed(kind)))) => *kind,
            Ok(Err(Stopped::Page(error))) => {
                self.proxy.failure(url).unwrap_or_else(|| told(url, &error, self.lacks_trust))
            }
            Ok(Err(Stopped::Kept(kind))) => kind,
        };
        Err(kind)
    }

    /// Waits until the keeper has ended everything.
    async fn end(&mut self) -> Ended {
        let status = match tokio::time::timeout(CLEARING, self.keeper.wait()).await {
            Ok(status) => status.ok(),
            Err(_) => {
                // It may have ended this moment.
                let _ = self.keeper.kill().await;
                None
            }
        };
        let code = status.and_then(|status| status.code());
        if code.is_none() {
            let profile = self.profile.clone();
            // Its failure leaves a folder behind, and nothing that runs for long.
            let _ = tokio::task::spawn_blocking(move || keeper::end_in_place(&profile, CLEARING)).await;
        }
        Ended::of(code)
    }
}

/// Why a browser that ran did not read the page.
enum Stopped {
    /// It does not come through the proxy.
    NotProven,
    /// Something that another layer decided.
    Kept(FailureKind),
    /// The page, or the browser.
    Page(PageError),
}

impl<E: Into<PageError>> From<E> for Stopped {
    fn from(error: E) -> Self {
        Stopped::Page(error.into())
    }
}

/// Proves the way out, then reads the page. Answers with what was read, and the browser's name.
async fn drive<C: Clock>(
    mut pipe: Pipe<ChildStdout, ChildStdin>,
    proxy: &Proxy,
    of: &Browser<C>,
    (request, client): (&Request, &GuardedClient),
    (until, stopped): (Instant, &AtomicBool),
) -> Result<(Written, String), Stopped> {
    let version = pipe.call("Browser.getVersion", serde_json::json!({})).await?;
    let text = |key: &str| version[key].as_str().unwrap_or_default().replace("Headless", "");
    let (browser, agent) = (text("product").replace('/', " "), text("userAgent"));
    let agent = format!("{agent} {}", of.options.user_agent);
    let left = until.saturating_duration_since(Instant::now());
    // What a page leads to is asked of that site's robots.txt like the page itself; what it is made
    // of is not, as with the browsers of those for whom the file was invented.
    let leave: Leave<'_> = Box::new(move |url| Box::pin(async move { of.robots.allow(&url, request, client).await }));
    let languages = languages(request.access.locale.as_ref(), request.language.as_deref()).join(",");
    let manner = Manner {
        user_agent: agent.trim().to_owned(),
        languages,
        locale: request.access.locale.as_ref(),
        headers: &request.access.headers,
        leave,
        most: of.options.max_body,
        patience: Instant::now() + left * PATIENCE / 100,
        stopped,
    };
    let mut page = Page::open(pipe, proxy, manner).await?;
    let url = proxy.nonce_url();
    let said = page.text_of(&url).await;
    let nonce = url.rsplit('/').next().unwrap_or_default();
    if !proxy.is_proven() || !said.is_ok_and(|said| said.trim() == nonce) {
        return Err(Stopped::NotProven);
    }
    let written = page.read(request.url.as_str()).await?;
    // What the proxy says in a server's place is no page of that server.
    let came = Url::parse(&written.document.url).ok();
    match came.and_then(|url| proxy.failure(&url)) {
        Some(kind) => Err(Stopped::Kept(kind)),
        None => Ok((written, browser)),
    }
}

/// Reads what the browser complains of, for ever, and keeps its beginning.
async fn listen(from: &mut ChildStderr, kept: &mut Vec<u8>) -> std::convert::Infallible {
    let mut piece = [0; 2048];
    while let Ok(read @ 1..) = from.read(&mut piece).await {
        let room = COMPLAINT.saturating_sub(kept.len());
        kept.extend_from_slice(&piece[..read.min(room)]);
    }
    std::future::pending().await
}

/// Why a browser is not there any more.
fn gone(ended: Ended, complaint: &[u8]) -> String {
    let complaint = String::from_utf8_lossy(complaint);
    let told = |mark: &str| complaint.lines().find(|line| line.contains(mark)).map(str::to_owned);
    if told("No usable sandbox").is_some() || told("sandbox_host_linux").is_some() || told("credentials.cc").is_some() {
        return "it cannot confine its pages on this system; allow it user namespaces, or set [browser] sandbox = false \
                where the whole service is confined"
            .to_owned();
    }
    let said = told("policywatch:").or_else(|| told("FATAL")).or_else(|| complaint.lines().next().map(str::to_owned));
    let said = said.map(|line| format!(" ({})", line.chars().take(160).collect::<String>())).unwrap_or_default();
    match ended {
        Ended::NotStarted => format!("it could not be started{said}"),
        Ended::Late => format!("its time was up{said}"),
        Ended::Quiet | Ended::Memory => format!("it ended before the page was read{said}"),
    }
}

/// What an error of a page means, where the proxy has no better word.
fn told(url: &Url, error: &PageError, lacks_trust: bool) -> FailureKind {
    let host = authority(url);
    match error {
        PageError::NotYetValid => FailureKind::Tls { host, reason: Distrust::NotYet.words().to_owned() },
        PageError::Unreached(code) if code.contains("ERR_CERT") || code.contains("ERR_SSL") => {
            let reason = match Distrust::of_browser(code) {
                Some(Distrust::Unknown) if lacks_trust => {
                    "the browser does not trust its certificate: it learns of fetch.extra_ca by certutil, which is not \
                     installed (package libnss3-tools)"
                        .to_owned()
                }
                Some(why) => why.words().to_owned(),
                None => code.clone(),
            };
            FailureKind::Tls { host, reason }
        }
        PageError::Unreached(code) if code.contains("TOO_MANY_REDIRECTS") => {
            FailureKind::TooManyRedirects { limit: 20, last: url.to_string() }
        }
        PageError::Endless(last) => FailureKind::TooManyRedirects { limit: 20, last: last.clone() },
        error => failed(url, error.to_string()),
    }
}

/// What the browser is told. The first lines keep it from any way but the proxy's.
fn arguments(profile: &Path, proxy: &Proxy, options: &BrowserOptions) -> Vec<OsString> {
    // Paths need not be text.
    let mut user_data_dir = OsString::from("--user-data-dir=");
    user_data_dir.push(profile);
    let mut arguments: Vec<OsString> = vec![
        format!("--proxy-server=http://{}", proxy.address()).into(),
        // Without it, loopback and link-local addresses are visited past the proxy.
        "--proxy-bypass-list=<-loopback>".into(),
        // No name has an address but for the proxy, which has none but this one.
        "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1".into(),
        "--disable-quic".into(),
        "--webrtc-ip-handling-policy=disable_non_proxied_udp".into(),
        "--force-webrtc-ip-handling-policy".into(),
        user_data_dir,
        format!("--js-flags=--max-old-space-size={}", (options.memory / (1024 * 1024) / 2).clamp(64, 2048)).into(),
    ];
    if !options.sandbox {
        arguments.push("--no-sandbox".into());
    }
    // Without a process for each site, what frames ask for is told with what the page does; there
    // is nothing in a fresh profile that one site could steal from another.
    const REST: [&str; 36] = [
        "--headless",
        "--remote-debugging-pipe",
        "--disable-background-networking",
        "--disable-breakpad",
        "--disable-client-side-phishing-detection",
        "--disable-component-extensions-with-background-pages",
        "--disable-component-update",
        "--disable-crash-reporter",
        "--disable-default-apps",
        "--disable-dev-shm-usage",
        "--disable-domain-reliability",
        "--disable-extensions",
        "--disable-features=DialMediaRouteProvider,MediaRouter,OptimizationHints,Translate,AutofillServerCommunication,AsyncDns,DnsOverHttps,CertificateTransparencyComponentUpdater,InterestFeedContentSuggestions,WebUSB,IsolateOrigins,site-per-process",
        "--disable-file-system",
        "--disable-gpu",
        "--disable-hang-monitor",
        "--disable-notifications",
        "--disable-print-preview",
        "--disable-remote-fonts",
        "--disable-search-engine-choice-screen",
        "--disable-site-isolation-trials",
        "--disable-speech-api",
        "--disable-sync",
        "--block-new-web-contents",
        "--deny-permission-prompts",
        "--disk-cache-size=1",
        "--blink-settings=imagesEnabled=false",
        "--hide-scrollbars",
        "--metrics-recording-only",
        "--mute-audio",
        "--no-default-browser-check",
        "--no-first-run",
        "--no-pings",
        "--no-service-autorun",
        "--password-store=basic",
        "--use-mock-keychain",
    ];
    arguments.extend(REST.map(OsString::from));
    arguments
}
