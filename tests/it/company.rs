//! A made-up company's site on the loopback interface, which can rebuild itself.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use policywatch::check::{Ports, SPREAD};
use policywatch::clock::HeldClock;
use policywatch::fetch::{Fetcher, Options};
use policywatch::guard::Allowed;
use policywatch::store::Store;
use url::Url;

use crate::world::unpacker;

/// The ports by which the company is asked, without a pause.
pub async fn ports(dir: &tempfile::TempDir, clock: &HeldClock) -> Ports<Fetcher<HeldClock>, HeldClock> {
    let allow = vec![Allowed::Host("127.0.0.1".to_owned())];
    let options = Options { pause_per_host: Duration::ZERO, allow, ..Options::default() };
    Ports {
        store: Store::open(&dir.path().join("policywatch.db")).await.unwrap(),
        fetcher: Fetcher::new(options, clock.clone()).unwrap(),
        unpacker: unpacker(),
        clock: clock.clone(),
        spread: SPREAD,
    }
}

/// What stands at a path.
#[derive(Clone, Debug)]
pub struct Served {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

/// A page of HTML.
pub fn html(body: impl Into<String>) -> Served {
    of_type("text/html; charset=utf-8", body.into())
}

/// Anything else.
pub fn of_type(content_type: &'static str, body: impl Into<Vec<u8>>) -> Served {
    Served { status: 200, headers: vec![("content-type", content_type.to_owned())], body: body.into() }
}

/// A page of HTML with a status.
pub fn html_with(status: u16, body: impl Into<String>) -> Served {
    Served { status, ..html(body) }
}

/// A redirect.
pub fn redirect(status: u16, to: &str) -> Served {
    Served { status, headers: vec![("location", to.to_owned())], body: Vec::new() }
}

/// The site. Stops when it is dropped, as its runtime does.
pub struct Company {
    address: std::net::SocketAddr,
    inner: Arc<Mutex<Inner>>,
    _runtime: Option<tokio::runtime::Runtime>,
}

#[derive(Default)]
struct Inner {
    pages: BTreeMap<String, Served>,
    asked: Vec<String>,
}

impl Company {
    /// A site without pages, for stories of the command line.
    pub fn alone() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let company = runtime.block_on(Self::start());
        Self { _runtime: Some(runtime), ..company }
    }

    /// A site without pages.
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let inner = Arc::new(Mutex::new(Inner::default()));
        let app = axum::Router::new().fallback(answer).with_state(Arc::clone(&inner));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { address, inner, _runtime: None }
    }

    /// The address of a path.
    pub fn url(&self, path: &str) -> Url {
        Url::parse(&format!("http://{}{path}", self.address)).unwrap()
    }

    /// Serves something from now on.
    pub fn serve(&self, path: &str, served: Served) {
        self.inner.lock().unwrap().pages.insert(path.to_owned(), served);
    }

    /// Serves nothing there from now on.
    pub fn remove(&self, path: &str) {
        self.inner.lock().unwrap().pages.remove(path);
    }

    /// The paths that were asked for since this was asked last, in order.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.inner.lock().unwrap().asked)
    }
}

async fn answer(State(inner): State<Arc<Mutex<Inner>>>, uri: Uri, headers: HeaderMap) -> Response {
    let mut inner = inner.lock().unwrap();
    inner.asked.push(uri.path().to_owned());
    let Some(served) = inner.pages.get(uri.path()) else {
        let page = frame("Page not found", "<h1>404 Not Found</h1>");
        return (StatusCode::NOT_FOUND, axum::response::Html(page)).into_response();
    };
    let tag = format!("\"{}\"", policywatch::snapshot::Digest::of(&served.body).short());
    if served.status == 200 && headers.get("if-none-match").is_some_and(|known| known == tag.as_str()) {
        return StatusCode::NOT_MODIFIED.into_response();
    }
    let mut response = (StatusCode::from_u16(served.status).unwrap(), served.body.clone()).into_response();
    for (name, value) in served.headers.iter().chain([&("etag", tag)]) {
        response.headers_mut().insert(*name, value.parse().unwrap());
    }
    response
}

/// A page in the company's frame, without its footer.
pub fn frame(title: &str, main: &str) -> String {
    framed(title, main, "")
}

/// A page in the company's frame.
pub fn framed(title: &str, main: &str, footer: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><title>{title} | Acme</title>\
         <meta property=\"og:site_name\" content=\"Acme Kettles\"></head><body>\
         <nav><a href=\"/\">Home</a> <a href=\"/shop\">Shop</a></nav><main>{main}</main>\
         <footer>{footer}</footer></body></html>"
    )
}

/// A policy of the company about something; what it is about makes most of its words.
pub fn policy(name: &str, about: &str) -> String {
    let clause = |verb: &str| {
        format!("<p>When you {verb} {about}, Acme may {verb} {about} too, as this text says of {about}.</p>")
    };
    let clauses: String = ["collect", "share", "keep", "delete", "correct", "transfer"].map(clause).concat();
    framed(
        name,
        &format!(
            "<h1>{name}</h1><p>Last updated: 1 March 2024</p><p>This text explains how Acme Kettles handles {about}, which \
             personal data we collect, with whom we share it and which rights you have.</p><h2>What it covers</h2>{clauses}\
             <h2>Your rights</h2><p>You may object to {about} and ask for access, a copy or erasure. Write to us about {about} \
             and we answer within thirty days.</p><h2>Changes</h2><p>We may change what we say of {about}; we tell you by \
             e-mail before that is in effect.</p><h2>Contact</h2><p>Acme Kettles, 1 Example Street.</p>"
        ),
        "",
    )
}
