//! One page in a browser: led there, waited for, opened, written down.
//!
//! Nothing waits for a number of seconds where it can wait for the page: until what was asked
//! for has come and the text stands still. Only how long that is waited for is bounded.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::pipe::{CallError, Event, Pipe};
use super::proxy::Proxy;
use crate::access::{Headers, Locale};
use crate::outcome::{FailureKind, FetchFailure};
use crate::snapshot::Redirect;

/// The world of our scripts, which the page's cannot reach into.
const WORLD: &str = "policywatch";

const LOOK: &str = include_str!("look.js");
/// The words that the page says itself.
const OWN: &str = include_str!("own.js");
const CONSENT: &str = include_str!("consent.js");
const LABELS: &str = include_str!("labels.js");
const OPEN: &str = include_str!("open.js");
const SERIALIZE: &str = include_str!("serialize.js");
const FRAMED: &str = include_str!("framed.js");

/// How often the text is looked at while it may still change.
const BETWEEN_LOOKS: Duration = Duration::from_millis(150);

/// A text that was the same for so long, with nothing under way, is there.
const STILL: Duration = Duration::from_millis(600);

/// The same for a page that says next to nothing: its scripts may be at work.
const STILL_IF_EMPTY: Duration = Duration::from_secs(4);

/// A page that says nothing yet, or that it loads, gets so long: its text may be a timer away.
const STILL_IF_MUTE: Duration = Duration::from_secs(9);

/// A page of so few words is mute.
const MUTE_WORDS: u64 = 8;

/// A text of nearly the same length for so long is there, whatever goes on around it: a clock,
/// a counter, a request for news that is made again and again. What is asked for the first time
/// may be the text.
const STEADY: Duration = Duration::from_secs(5);

/// A text of nearly the same length for so long is there even if something new is asked for all
/// the time: whoever polls at an address that is another one each time never ends.
const STEADY_WHATEVER_IS_ASKED: Duration = Duration::from_secs(10);

/// The same for a page that says next to nothing, or has not loaded all that it is made of: what it
/// asks for may be the text.
const STEADY_IF_UNFINISHED: Duration = Duration::from_secs(20);

/// How long a page may be still without a word before it is looked for text that it hides from
/// scripts.
const HIDDEN_AFTER: Duration = Duration::from_millis(1500);

/// How long a page's own script may keep ours waiting; then it is stopped.
const HUNG: Duration = Duration::from_secs(6);

/// The same while what is closed is opened, which takes its time.
const HUNG_OPENING: Duration = Duration::from_secs(24);

/// A script of ours that does not answer after so many such stops has died with the page's: the
/// opening is given up then, and all others when the page's time is up.
const STOPS_OPENING: u32 = 1;

/// Frames that are looked into for a dialogue.
const MOST_FRAMES: usize = 12;

/// Dialogues that may follow each other: one asks, one has the settings, one says goodbye.
const MOST_DIALOGUES: usize = 3;

/// What is still asked for after so long is no part of the page: it waits for news.
const LONG_ASKED: Duration = Duration::from_secs(6);

/// How long the browser has to say what it has against a certificate.
const SAYS_WHY: Duration = Duration::from_secs(2);

/// A page of so few words may be one that is still made, or a challenge that passes.
const FEW_WORDS: u64 = 60;

/// A page of fewer words says less than a short policy does: what another site shows in a frame
/// of it may be the text.
const SHORT_POLICY: u64 = 200;

/// How many documents a page may lead through, redirects and scripts together.
const HOPS: usize = 20;

/// Why a page was not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum PageError {
    /// The browser did not get there.
    #[error("{0}")]
    Unreached(String),
    /// The certificate is of a time to come.
    #[error("its certificate is not valid yet")]
    NotYetValid,
    /// It led to another page again and again.
    #[error("it leads from page to page without an end; the last one is {0}")]
    Endless(String),
    /// What is there is no page.
    #[error("it is {0}, which a browser does not read; set render = \"never\"")]
    NoPage(String),
    /// The page is too large.
    #[error("too large")]
    TooLarge,
    /// A document that it leads to may not be asked for.
    #[error("{0}")]
    NotAllowed(Box<FailureKind>),
    /// The page's process broke.
    #[error("the page broke its process")]
    Crashed,
    /// The browser said no, or nothing any more.
    #[error(transparent)]
    Call(#[from] CallError),
}

/// A main document, as it was answered.
#[derive(Clone, Debug, Default)]
pub(super) struct Document {
    pub(super) url: String,
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    media_type: String,
}

/// What was read.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) document: Document,
    pub(super) redirects: Vec<Redirect>,
    pub(super) html: String,
    /// What was pressed on the way, for the log.
    pub(super) consent: Option<String>,
    pub(super) opened: u64,
    /// Whether scripts of the page were stopped, so that something may be missing.
    pub(super) stopped: bool,
}

/// A page that is open.
pub(super) struct Page<'a, R, W> {
    pipe: Pipe<R, W>,
    /// Where the page's wishes are known.
    proxy: &'a Proxy,
    manner: Manner<'a>,
    frame: String,
    /// Requests under way, with when they were made.
    asked: BTreeMap<String, Instant>,
    /// Those of them that were not made before in the same words.
    new: BTreeSet<String>,
    /// What was asked for until now, each as a number.
    known: BTreeSet<u64>,
    document: Option<Document>,
    /// The request that the present document came of.
    loader: String,
    redirects: Vec<Redirect>,
    failure: Option<String>,
    /// The page that was left for the present one, while that has not come: it may be still
    /// there.
    before: Option<Left>,
    /// When the certificate begins that the browser speaks of, in seconds since 1970.
    valid_from: Option<f64>,
    crashed: bool,
    /// Whether the page may leave for another one.
    held: bool,
}

/// A page that was left, as far as is known.
struct Left {
    document: Document,
    /// The request that it came of.
    loader: String,
    /// How many redirects led to it.
    redirects: usize,
}

/// An answer that takes its time.
pub(super) type Answering<'a> = Pin<Box<dyn Future<Output = Result<(), FetchFailure>> + Send + 'a>>;

/// Says whether a document may be asked for.
pub(super) type Leave<'a> = Box<dyn Fn(Url) -> Answering<'a> + Send + Sync + 'a>;

/// How the page is asked for.
pub(super) struct Manner<'a> {
    pub(super) user_agent: String,
    /// Those of the reader, with commas.
    pub(super) languages: String,
    pub(super) locale: Option<&'a Locale>,
    /// What is sent to the page's own site with every request.
    pub(super) headers: &'a Headers,
    /// Asked of every document that the page leads to.
    pub(super) leave: Leave<'a>,
    /// The most characters that are taken.
    pub(super) most: u64,
    /// When the waiting ends, and what is there is taken as it is.
    pub(super) patience: Instant,
    /// Set once scripts of the page were stopped, for who gives it up.
    pub(super) stopped: &'a AtomicBool,
}

impl<'a, R: AsyncRead + Unpin, W: AsyncWrite + Unpin> Page<'a, R, W> {
    /// Opens an empty page that keeps nothing of an earlier one.
    pub(super) async fn open(mut pipe: Pipe<R, W>, proxy: &'a Proxy, manner: Manner<'a>) -> Result<Self, PageError> {
        let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
        let context = pipe.call("Target.createBrowserContext", json!({ "disposeOnDetach": true })).await?;
        let context = text(&context, "browserContextId");
        let never = json!({ "behavior": "deny", "browserContextId": context });
        pipe.call("Browser.setDownloadBehavior", never).await?;
        let target = json!({ "url": "about:blank", "browserContextId": context, "width": 1280, "height": 2000 });
        let target = text(&pipe.call("Target.createTarget", target).await?, "targetId");
        let attached = pipe.call("Target.attachToTarget", json!({ "targetId": target, "flatten": true })).await?;
        pipe.attach(text(&attached, "sessionId"));
        for domain in ["Page.enable", "Network.enable", "Inspector.enable", "Security.enable"] {
            pipe.call(domain, json!({})).await?;
        }
        let agent = json!({ "userAgent": manner.user_agent, "acceptLanguage": manner.languages });
        pipe.call("Network.setUserAgentOverride", agent).await?;
        if let Some(locale) = manner.locale {
            pipe.call("Emulation.setLocaleOverride", json!({ "locale": locale.as_str() })).await?;
        }
        let tree = pipe.call("Page.getFrameTree", json!({})).await?;
        let frame = tree["frameTree"]["frame"]["id"].as_str().unwrap_or_default().to_owned();
        Ok(Self {
            pipe,
            proxy,
            manner,
            frame,
            asked: BTreeMap::new(),
            new: BTreeSet::new(),
            known: BTreeSet::new(),
            document: None,
            loader: String::new(),
            redirects: Vec::new(),
            failure: None,
            before: None,
            valid_from: None,
            crashed: false,
            held: false,
        })
    }

    /// Goes to an address, and answers with the text of what is there. For the page of our
    /// own that proves the way out.
    pub(super) async fn text_of(&mut self, url: &str) -> Result<String, PageError> {
        self.ask("Page.navigate", json!({ "url": url })).await?;
        let until = Instant::now() + Duration::from_secs(10);
        while self.document.is_none() && self.failure.is_none() && Instant::now() < until {
            self.hear((Instant::now() + BETWEEN_LOOKS).min(until)).await?;
        }
        self.settle(until, Duration::ZERO).await?;
        let text = self.evaluate("document.body ? document.body.innerText : ''").await?;
        (self.document, self.failure, self.redirects) = (None, None, Vec::new());
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    /// Goes to a page, and writes down what it says once it is there.
    pub(super) async fn read(mut self, url: &str) -> Result<Written, PageError> {
        let (patience, most) = (self.manner.patience, self.manner.most);
        self.intercept().await?;
        let answer = self.ask("Page.navigate", json!({ "url": url })).await?;
        if let Some(error) = answer["errorText"].as_str().filter(|error| !error.is_empty()) {
            self.take_events().await?;
            let kind = self.document.as_ref().map(|document| document.media_type.clone());
            return Err(match kind.filter(|kind| error == "net::ERR_ABORTED" && !is_page(kind)) {
                Some(kind) => PageError::NoPage(kind),
                // A browser says that of both ends of a certificate's life.
                None if error.contains("CERT_DATE_INVALID") && self.begins_later().await? => PageError::NotYetValid,
                None => PageError::Unreached(error.to_owned()),
            });
        }
        self.settle(patience, STILL).await?;
        if let Some(document) = self.document.as_ref().filter(|document| !is_page(&document.media_type)) {
            return Err(PageError::NoPage(document.media_type.clone()));
        }
        let mut consent = None;
        for _ in 0..MOST_DIALOGUES {
            let Some(pressed) = self.press_consent().await? else { break };
            self.settle(patience, STILL).await?;
            consent = Some(pressed);
        }
        // What follows must not lead away.
        self.held = true;
        let frame = self.frame.clone();
        let opened = match self.evaluate_in(&frame, OPEN, (HUNG_OPENING, STOPS_OPENING)).await {
            Ok(answer) => answer.as_u64().unwrap_or(0),
            // The page was there before, and what it says then is better than nothing.
            Err(PageError::Call(CallError::Refused { .. })) => {
                tracing::info!(host = self.host(), "what is closed on a page could not be opened; it is read as it is");
                0
            }
            Err(other) => return Err(other),
        };
        if opened > 0 {
            self.settle(patience, STILL / 2).await?;
        }
        self.take_in_frames(most).await?;
        let html = self.evaluate(&SERIALIZE.replace("MOST", &most.to_string())).await?;
        let Value::String(html) = html else { return Err(PageError::TooLarge) };
        if html.len() as u64 > most {
            return Err(PageError::TooLarge);
        }
        self.take_events().await?;
        let Some(document) = self.document.take() else {
            return Err(PageError::Unreached(self.failure.unwrap_or_else(|| "nothing answered".to_owned())));
        };
        let stopped = self.manner.stopped.load(Ordering::Relaxed);
        Ok(Written { document, redirects: self.redirects, html, consent, opened, stopped })
    }

    /// Whether the certificate that was refused is of a time to come, as far as the browser says
    /// when it begins.
    async fn begins_later(&mut self) -> Result<bool, PageError> {
        let until = Instant::now() + SAYS_WHY;
        while self.valid_from.is_none() && Instant::now() < until {
            self.hear((Instant::now() + BETWEEN_LOOKS).min(until)).await?;
        }
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Ok(self.valid_from.is_some_and(|from| from > now.as_secs_f64()))
    }

    /// Presses a button of a consent dialogue, in the page or in a frame of it; answers with
    /// what that says.
    async fn press_consent(&mut self) -> Result<Option<String>, PageError> {
        let frame = self.frame.clone();
        let own = self.evaluate_in(&frame, &consent("null"), (HUNG, u32::MAX)).await?;
        if let Some(pressed) = own["pressed"].as_str() {
            return Ok(Some(pressed.to_owned()));
        }
        // A frame does not see how much of the page it covers.
        let script = consent(&own["page"].to_string());
        let tree = self.ask("Page.getFrameTree", json!({})).await?;
        for frame in frames(&tree["frameTree"]).into_iter().take(MOST_FRAMES) {
            // A frame may be gone, or of a kind without scripts.
            match self.evaluate_in(&frame, &script, (HUNG, u32::MAX)).await {
                Ok(answer) if answer["pressed"].is_string() => {
                    return Ok(answer["pressed"].as_str().map(str::to_owned));
                }
                Ok(_) | Err(PageError::Call(CallError::Refused { .. })) => {}
                Err(other) => return Err(other),
            }
        }
        Ok(None)
    }

    /// Puts the text of another site's frame in the place of the frame, where the page is a frame
    /// around that text: many companies have their policies kept and shown by others. A page that
    /// says something itself is left as it is, whatever others show in it; and no frame makes a
    /// page longer than `most` bytes.
    async fn take_in_frames(&mut self, most: u64) -> Result<(), PageError> {
        const SIZE: &str = "new TextEncoder().encode(document.documentElement.outerHTML).length";
        let tree = self.ask("Page.getFrameTree", json!({})).await?;
        let children = tree["frameTree"]["childFrames"].as_array().into_iter().flatten();
        let children: Vec<String> =
            children.filter_map(|child| child["frame"]["id"].as_str().map(str::to_owned)).take(MOST_FRAMES).collect();
        if children.is_empty() {
            return Ok(());
        }
        if self.evaluate(OWN).await?.as_u64().unwrap_or(u64::MAX) >= SHORT_POLICY {
            return Ok(());
        }
        let whole = self.evaluate("document.body ? document.body.innerText.trim().length : 0").await?;
        let mut left = most.saturating_sub(self.evaluate(SIZE).await?.as_u64().unwrap_or(most));
        for frame in children {
            let script = FRAMED.replace("WHOLE", &whole.to_string()).replace("MOST", &left.to_string());
            let taken = match self.evaluate_in(&frame, &script, (HUNG, u32::MAX)).await {
                Ok(Value::String(html)) if html.len() as u64 <= left => {
                    let taken = self.replace_frame(&frame, &html).await;
                    left -= if taken.is_ok() { html.len() as u64 } else { 0 };
                    taken
                }
                Ok(_) => Ok(()),
                Err(other) => Err(other),
            };
            match taken {
                // A frame may be gone, or of a kind without scripts.
                Ok(()) | Err(PageError::Call(CallError::Refused { .. })) => {}
                Err(other) => return Err(other),
            }
        }
        Ok(())
    }

    /// Puts HTML in the place of a frame of the page.
    async fn replace_frame(&mut self, frame: &str, html: &str) -> Result<(), PageError> {
        const REPLACE: &str = "function (html) { const box = document.createElement('div'); box.innerHTML = html; \
            this.replaceWith(box); (globalThis.takenIn ??= []).push(box) }";
        let world = json!({ "frameId": self.frame, "worldName": WORLD });
        let context = self.ask("Page.createIsolatedWorld", world).await?["executionContextId"].clone();
        self.ask("DOM.enable", json!({})).await?;
        let owner = self.ask("DOM.getFrameOwner", json!({ "frameId": frame })).await;
        self.ask("DOM.disable", json!({})).await?;
        let owner = json!({ "backendNodeId": owner?["backendNodeId"], "executionContextId": context });
        let owner = self.ask("DOM.resolveNode", owner).await?["object"]["objectId"].clone();
        let call = json!({ "objectId": owner, "functionDeclaration": REPLACE, "arguments": [{ "value": html }] });
        self.ask("Runtime.callFunctionOn", call).await?;
        Ok(())
    }

    /// Makes our scripts know the shadow roots that a page closed to scripts: the browser knows
    /// them. Only for pages that seem to say nothing.
    async fn look_behind(&mut self) -> Result<(), PageError> {
        const HOSTS: &str = "(() => Array.from(document.querySelectorAll('*')).filter((e) => !e.shadowRoot && \
            (e.tagName.includes('-') || /^(?:ARTICLE|ASIDE|BODY|DIV|FOOTER|HEADER|MAIN|P|SECTION|SPAN)$/.test(e.tagName)) && \
            !e.childElementCount && e.getBoundingClientRect().height > 40).slice(0, 40))()";
        let world = json!({ "frameId": self.frame, "worldName": WORLD });
        let context = self.ask("Page.createIsolatedWorld", world).await?["executionContextId"].clone();
        let list = json!({ "expression": HOSTS, "contextId": context });
        let list = self.ask("Runtime.evaluate", list).await?["result"]["objectId"].clone();
        let hosts = json!({ "objectId": list, "ownProperties": true });
        let hosts = self.ask("Runtime.getProperties", hosts).await?;
        for host in hosts["result"].as_array().into_iter().flatten() {
            let host = &host["value"]["objectId"];
            if !host.is_string() {
                continue;
            }
            let described = self.ask("DOM.describeNode", json!({ "objectId": host, "pierce": true })).await?;
            let root = &described["node"]["shadowRoots"][0]["backendNodeId"];
            if !root.is_number() {
                continue;
            }
            let resolved = json!({ "backendNodeId": root, "executionContextId": context });
            let root = self.ask("DOM.resolveNode", resolved).await?["object"]["objectId"].clone();
            let call = json!({
                "objectId": root,
                "functionDeclaration":
                    "function (host) { (globalThis.closedRoots ??= new Map()).set(host, this); }",
                "arguments": [{ "objectId": host }],
            });
            self.ask("Runtime.callFunctionOn", call).await?;
        }
        Ok(())
    }

    /// Waits until nothing is under way and the text stands still, or until `patience` ends.
    async fn settle(&mut self, patience: Instant, still: Duration) -> Result<(), PageError> {
        let mut last = None;
        let mut since = Instant::now();
        let (mut steady, mut steady_since, mut looked_behind) = (0, Instant::now(), false);
        let mut standing_since = Instant::now();
        while Instant::now() < patience {
            // A page that leaves while it is looked at has no text for a moment.
            let look = match self.evaluate(LOOK).await {
                Ok(look) => look,
                Err(PageError::Call(CallError::Refused { .. })) => Value::Null,
                Err(other) => return Err(other),
            };
            if let Some(error) = &self.failure
                && self.document.is_none()
            {
                return Err(PageError::Unreached(error.clone()));
            }
            let now = Instant::now();
            if last.as_ref() != Some(&look) {
                since = now;
            }
            let words = look["words"].as_u64().unwrap_or(0);
            if words.abs_diff(steady) > (steady / 50).max(3) {
                (steady, steady_since, standing_since) = (words, now, now);
            }
            let awaited = self.new.iter().filter_map(|id| self.asked.get(id)).any(|asked| now - *asked <= LONG_ASKED);
            if awaited {
                steady_since = now;
            }
            let complete = look["ready"] == "complete";
            // A page that adds one script after the other is never complete.
            if !complete && look["ready"] != "interactive" {
                standing_since = now;
            }
            let standing = now - standing_since;
            let most = if complete && words >= FEW_WORDS { STEADY_WHATEVER_IS_ASKED } else { STEADY_IF_UNFINISHED };
            if standing >= most || complete && words >= FEW_WORDS && now - steady_since >= STEADY {
                return Ok(());
            }
            if complete && words < FEW_WORDS && !still.is_zero() && !looked_behind && now - since >= HIDDEN_AFTER {
                looked_behind = true;
                match self.look_behind().await {
                    // It left meanwhile.
                    Ok(()) | Err(PageError::Call(CallError::Refused { .. })) => {}
                    Err(other) => return Err(other),
                }
            }
            let needed = match words {
                _ if still.is_zero() => still,
                0..MUTE_WORDS if look["scripts"] == true => STILL_IF_MUTE,
                0..FEW_WORDS => STILL_IF_EMPTY,
                _ => still,
            };
            let idle = self.asked.values().all(|asked| now - *asked > LONG_ASKED);
            if idle && complete && now - since >= needed {
                return Ok(());
            }
            last = Some(look);
            self.hear((now + BETWEEN_LOOKS).min(patience)).await?;
        }
        self.take_events().await
    }

    /// Takes in what the browser tells until a moment.
    async fn hear(&mut self, until: Instant) -> Result<(), PageError> {
        while let Ok(heard) = timeout_at(until, self.pipe.listen()).await {
            heard?;
            self.take_events().await?;
        }
        Ok(())
    }

    /// Has requests wait for us: all for documents and data, and all to the site that headers are for.
    async fn intercept(&mut self) -> Result<(), PageError> {
        // Who asks for a password is answered where the request was stopped.
        let kinds = ["Document", "XHR", "Fetch"];
        let mut patterns: Vec<Value> =
            kinds.iter().map(|kind| json!({ "resourceType": kind, "requestStage": "Request" })).collect();
        if !self.manner.headers.is_empty() {
            let site = format!("{}/*", self.manner.headers.site());
            patterns.push(json!({ "urlPattern": site, "requestStage": "Request" }));
        }
        self.ask("Fetch.enable", json!({ "patterns": patterns, "handleAuthRequests": true })).await?;
        Ok(())
    }

    /// Lets a request go on, with what is sent along; or not.
    async fn take_paused(&mut self, params: &Value) -> Result<(), PageError> {
        let id = &params["requestId"];
        let main = params["resourceType"] == "Document" && params["frameId"].as_str() == Some(self.frame.as_str());
        if self.held && main {
            let no = json!({ "requestId": id, "errorReason": "Aborted" });
            self.pipe.send("Fetch.failRequest", no).await?;
            return Ok(());
        }
        let url = params["request"]["url"].as_str().and_then(|url| Url::parse(url).ok());
        if let Some(url) = url.clone().filter(|url| main && matches!(url.scheme(), "http" | "https"))
            && let Err(failure) = (self.manner.leave)(url).await
        {
            let no = json!({ "requestId": id, "errorReason": "BlockedByClient" });
            self.pipe.send("Fetch.failRequest", no).await?;
            return Err(PageError::NotAllowed(Box::new(failure.kind)));
        }
        let mut go = json!({ "requestId": id });
        let own: Vec<_> = url.iter().flat_map(|url| self.manner.headers.toward(url)).collect();
        if !own.is_empty() {
            // They replace all of them, for this hop and no further one.
            let known = params["request"]["headers"].as_object().into_iter().flatten();
            let known = known.filter(|(name, _)| own.iter().all(|(other, _)| !other.eq_ignore_ascii_case(name)));
            let known = known.map(|(name, value)| json!({ "name": name, "value": value }));
            let own = own.iter().map(|(name, value)| json!({ "name": name, "value": value }));
            go["headers"] = known.chain(own).collect();
        }
        self.pipe.send("Fetch.continueRequest", go).await?;
        Ok(())
    }

    /// Runs a script of ours, in a world that the page's scripts cannot reach into.
    async fn evaluate(&mut self, script: &str) -> Result<Value, PageError> {
        let frame = self.frame.clone();
        self.evaluate_in(&frame, script, (HUNG, u32::MAX)).await
    }

    /// [`Page::evaluate`] in one of its frames; the page's own scripts may keep ours waiting for
    /// so long, and are stopped so often.
    async fn evaluate_in(&mut self, frame: &str, script: &str, hung: (Duration, u32)) -> Result<Value, PageError> {
        let world = json!({ "frameId": frame, "worldName": WORLD });
        let world = self.ask("Page.createIsolatedWorld", world).await?;
        let script = json!({
            "expression": script,
            "contextId": world["executionContextId"],
            "returnByValue": true,
            "awaitPromise": true,
            // What we press is nobody's wish for a new window.
            "userGesture": false,
        });
        let mut answer = self.ask_within("Runtime.evaluate", script, hung).await?;
        if let Some(exception) = answer.get("exceptionDetails") {
            let text = exception["exception"]["description"].as_str().or(exception["text"].as_str());
            let message = text.unwrap_or_default().lines().next().unwrap_or_default().chars().take(200).collect();
            return Err(CallError::Refused { method: "script".to_owned(), message }.into());
        }
        Ok(answer["result"]["value"].take())
    }

    /// Asks the page, and takes in meanwhile what it tells: dialogues and requests wait for us.
    async fn ask(&mut self, method: &str, params: Value) -> Result<Value, PageError> {
        self.ask_within(method, params, (HUNG, u32::MAX)).await
    }

    /// [`Page::ask`]; a script of the page that keeps the answer from coming for so long is
    /// stopped, and again if it goes on, but so often only.
    async fn ask_within(
        &mut self,
        method: &str,
        params: Value,
        (hung, stops): (Duration, u32),
    ) -> Result<Value, PageError> {
        let asked = self.pipe.send(method, params).await?;
        let (mut until, mut stopped) = (Instant::now() + hung, 0);
        loop {
            if let Some(answer) = self.pipe.answer(asked)? {
                return Ok(answer);
            }
            match timeout_at(until, self.pipe.listen()).await {
                Ok(heard) => heard?,
                Err(_) => {
                    // A navigation waits for a server, not for a script.
                    if method != "Page.navigate" {
                        if stopped == stops {
                            let message = "it does not answer any more".to_owned();
                            return Err(CallError::Refused { method: method.to_owned(), message }.into());
                        }
                        stopped += 1;
                        self.note_stop();
                        self.pipe.send("Runtime.terminateExecution", json!({})).await?;
                    }
                    until = Instant::now() + HUNG;
                }
            }
            self.take_events().await?;
        }
    }

    /// Says once that scripts of the page were stopped: what they had not made yet is missing.
    fn note_stop(&mut self) {
        if !self.manner.stopped.swap(true, Ordering::Relaxed) {
            tracing::info!(host = self.host(), "scripts of a page kept the browser from answering and were stopped");
        }
    }

    /// Whose page it is, for the log.
    fn host(&self) -> String {
        let url = self.document.as_ref().and_then(|document| Url::parse(&document.url).ok());
        url.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
    }

    /// A request is not under way any more.
    fn forget(&mut self, id: &str) {
        self.asked.remove(id);
        self.new.remove(id);
    }

    async fn take_events(&mut self) -> Result<(), PageError> {
        while let Some(event) = self.pipe.events.pop_front() {
            self.take(event).await?;
        }
        if self.crashed {
            return Err(PageError::Crashed);
        }
        if self.redirects.len() > HOPS {
            let last = self.redirects.last().map(|hop| hop.to.clone()).unwrap_or_default();
            return Err(PageError::Endless(last));
        }
        Ok(())
    }

    async fn take(&mut self, Event { method, params }: Event) -> Result<(), PageError> {
        let text = |key: &str| params[key].as_str().unwrap_or_default().to_owned();
        match method.as_str() {
            "Network.requestWillBeSent" => self.note_request(&params),
            "Network.responseReceived" if self.is_main(&params) => {
                self.document = Some(document(&params["response"]));
                self.failure = None;
            }
            "Network.webSocketCreated" => self.proxy.want(&text("url")),
            "Network.loadingFinished" => {
                self.forget(&text("requestId"));
            }
            "Network.loadingFailed" => {
                self.forget(&text("requestId"));
                if text("requestId") != self.loader {
                    return Ok(());
                }
                match self.before.take() {
                    // A download, or a way that was not gone: the page is still there.
                    Some(left) if is_given_up(&params) => {
                        (self.document, self.loader) = (Some(left.document), left.loader);
                        self.redirects.truncate(left.redirects);
                    }
                    _ if params["canceled"] != true => self.failure = Some(text("errorText")),
                    _ => {}
                }
            }
            // It has come, and took the place of the one before.
            "Page.frameNavigated" if params["frame"]["loaderId"].as_str() == Some(self.loader.as_str()) => {
                self.before = None;
            }
            "Security.visibleSecurityStateChanged" => {
                let of = &params["visibleSecurityState"]["certificateSecurityState"];
                self.valid_from = of["validFrom"].as_f64().or(self.valid_from);
            }
            "Inspector.targetCrashed" | "Inspector.detached" => self.crashed = true,
            "Page.javascriptDialogOpening" => {
                // "Leave this page?" is answered so that the page stays while we hold it.
                let accept = !(self.held && params["type"] == "beforeunload");
                self.pipe.send("Page.handleJavaScriptDialog", json!({ "accept": accept })).await?;
            }
            "Fetch.requestPaused" => self.take_paused(&params).await?,
            "Fetch.authRequired" => {
                // Nobody is asked: what the server says to strangers is what there is.
                let no = json!({ "response": "CancelAuth" });
                let no = json!({ "requestId": params["requestId"], "authChallengeResponse": no });
                self.pipe.send("Fetch.continueWithAuth", no).await?;
            }
            _ => {}
        }
        Ok(())
    }

    fn is_main(&self, params: &Value) -> bool {
        params["type"] == "Document" && params["frameId"].as_str() == Some(self.frame.as_str())
    }

    /// Counts a request, and follows the main document from hop to hop.
    fn note_request(&mut self, params: &Value) {
        let id = params["requestId"].as_str().unwrap_or_default().to_owned();
        self.proxy.want(params["request"]["url"].as_str().unwrap_or_default());
        let lasting = matches!(params["type"].as_str(), Some("EventSource" | "WebSocket" | "Media" | "Ping"));
        let local =
            params["request"]["url"].as_str().is_some_and(|url| url.starts_with("data:") || url.starts_with("blob:"));
        if !lasting && !local {
            self.asked.insert(id.clone(), Instant::now());
            if self.known.insert(wording(&params["request"])) {
                self.new.insert(id.clone());
            } else {
                self.new.remove(&id);
            }
        }
        if !self.is_main(params) || self.held {
            return;
        }
        let to = params["request"]["url"].as_str().unwrap_or_default().to_owned();
        if let Some(answer) = params.get("redirectResponse") {
            let before = document(answer);
            self.redirects.push(Redirect { status: before.status, from: before.url, to });
        } else if let Some(before) = self.document.take() {
            // A page that sends the browser elsewhere by itself: with its own status.
            let redirects = self.redirects.len();
            self.redirects.push(Redirect { status: before.status, from: before.url.clone(), to });
            self.before = Some(Left { document: before, loader: self.loader.clone(), redirects });
        } else if let Some(left) = &self.before {
            // It thought better of it, and goes elsewhere.
            self.redirects.truncate(left.redirects);
            self.redirects.push(Redirect { status: left.document.status, from: left.document.url.clone(), to });
        }
        self.loader = id;
    }
}

/// What a request asks for, as a number that tells it from others.
fn wording(request: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    for part in ["method", "url", "postData"] {
        request[part].as_str().unwrap_or_default().hash(&mut hasher);
    }
    hasher.finish()
}

/// Whether the browser itself did not go where the page led.
fn is_given_up(failed: &Value) -> bool {
    failed["canceled"] == true || failed["errorText"] == "net::ERR_ABORTED"
}

/// The frames below the page, as the browser lists them.
fn frames(tree: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for child in tree["childFrames"].as_array().into_iter().flatten() {
        found.extend(child["frame"]["id"].as_str().map(str::to_owned));
        found.extend(frames(child));
    }
    found
}

/// What the browser says of an answer.
fn document(response: &Value) -> Document {
    let headers = response["headers"].as_object().into_iter().flatten();
    let headers = headers.flat_map(|(name, value)| {
        let name = name.to_ascii_lowercase();
        let lines = value.as_str().unwrap_or_default().split('\n').map(str::to_owned).collect::<Vec<_>>();
        lines.into_iter().map(move |value| (name.clone(), value))
    });
    Document {
        url: response["url"].as_str().unwrap_or_default().to_owned(),
        status: response["status"].as_u64().and_then(|status| u16::try_from(status).ok()).unwrap_or(0),
        headers: headers.collect(),
        media_type: response["mimeType"].as_str().unwrap_or_default().to_ascii_lowercase(),
    }
}

/// Whether a browser makes a page of this, with text of its own.
fn is_page(media_type: &str) -> bool {
    media_type.is_empty()
        || media_type.starts_with("text/")
        || matches!(media_type, "application/xhtml+xml" | "application/xml" | "application/json")
}

/// The script that answers a consent dialogue; `within` is what a frame must know of its page.
fn consent(within: &str) -> String {
    CONSENT.replace("RANK_OF", LABELS).replace("WITHIN", within)
}
