//! The made-up company on loopback: its website, and a web archive that remembers it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::NaiveDateTime;
use tokio::net::TcpListener;
use url::form_urlencoded;

use super::pages::{self, HOME, Style, WALL};
use super::policy::{Facts, MAY_SELL, WILL_NOT_SELL};
use crate::snapshot::Digest;

/// One capture of the archive.
#[derive(Clone, Debug)]
pub struct Capture {
    /// The archive's 14 digits.
    pub timestamp: &'static str,
    body: String,
}

/// The editions of the policy, as they came out.
mod editions {
    use super::{Facts, MAY_SELL, WILL_NOT_SELL};

    pub const FIRST: Facts = Facts {
        updated: "June 1, 2009",
        deleted_after: "30 days",
        security_first: false,
        advertising: false,
        sale: WILL_NOT_SELL,
    };
    pub const NEW_DATE: Facts = Facts { updated: "January 10, 2011", ..FIRST };
    pub const MOVED: Facts = Facts { security_first: true, ..NEW_DATE };
    pub const LONGER: Facts = Facts { updated: "May 25, 2018", deleted_after: "90 days", ..MOVED };
    pub const ADVERTISING: Facts = Facts { updated: "March 15, 2021", advertising: true, ..LONGER };
    pub const SELLING: Facts = Facts { updated: "November 16, 2026", sale: MAY_SELL, ..ADVERTISING };
}

/// What the archive captured over the years.
pub fn captures() -> Vec<Capture> {
    use editions::{ADVERTISING, FIRST, LONGER, MOVED, NEW_DATE};
    let page = |timestamp, style, facts: &Facts, visit| Capture { timestamp, body: pages::page(style, facts, visit) };
    vec![
        // The first capture.
        page("20090614082311", Style::Tables, &FIRST, 0),
        // Another date, nothing else.
        page("20110220174502", Style::Tables, &NEW_DATE, 61_004),
        // The same bytes, captured again.
        page("20120708031518", Style::Tables, &NEW_DATE, 61_004),
        // A redesign, word for word the same.
        page("20130409113045", Style::Headings, &NEW_DATE, 4),
        // A section moves, clauses get numbers.
        page("20160503090127", Style::Numbered, &MOVED, 5),
        // 30 days become 90 days.
        page("20180525120009", Style::Numbered, &LONGER, 6),
        // A wall against robots.
        Capture { timestamp: "20191002223350", body: WALL.to_owned() },
        // Another redesign, the same words.
        page("20191118064431", Style::Redesign, &LONGER, 7),
        // A new recipient.
        page("20210330150555", Style::Redesign, &ADVERTISING, 8),
    ]
}

/// What the company's own server answers at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// The policy of today, in an application that folds its sections.
    Today,
    /// A wall against robots.
    Wall,
    /// The policy of tomorrow.
    Tomorrow,
}

/// The company and the archive, served.
#[derive(Clone, Debug)]
pub struct Site {
    address: SocketAddr,
    stage: Arc<Mutex<Stage>>,
}

#[derive(Debug)]
struct Stage {
    act: Act,
    visits: u64,
    captures: Vec<Capture>,
    address: SocketAddr,
}

impl Site {
    /// Serves both on a loopback port, until the process ends.
    ///
    /// # Errors
    /// If there is no port.
    pub async fn serve() -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let stage = Stage { act: Act::Today, visits: 1_000, captures: captures(), address };
        let stage = Arc::new(Mutex::new(stage));
        let router = Router::new().fallback(answer).with_state(Arc::clone(&stage));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { address, stage })
    }

    /// Where both are.
    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What the server answers from now on.
    pub fn play(&self, act: Act) {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner).act = act;
    }
}

async fn answer(State(stage): State<Arc<Mutex<Stage>>>, request: Request) -> Response {
    let mut stage = stage.lock().unwrap_or_else(PoisonError::into_inner);
    stage.visits += 1;
    let uri = request.uri();
    match uri.path() {
        "/" => html(StatusCode::OK, HOME.to_owned()),
        "/privacy" => policy(&stage, request.headers()),
        "/cdx/search/cdx" => index(&stage, uri.query().unwrap_or_default()),
        path => match path.strip_prefix("/web/") {
            Some(rest) => memento(&stage, rest),
            None => html(StatusCode::NOT_FOUND, "<title>Not Found</title><h1>404 Not Found</h1>".to_owned()),
        },
    }
}

fn html(status: StatusCode, body: String) -> Response {
    (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], body).into_response()
}

/// The company's policy page, with an `ETag` as most servers send it.
fn policy(stage: &Stage, asked: &HeaderMap) -> Response {
    let facts = match stage.act {
        Act::Today => editions::ADVERTISING,
        Act::Tomorrow => editions::SELLING,
        Act::Wall => {
            let mut wall = html(StatusCode::FORBIDDEN, WALL.to_owned());
            wall.headers_mut().insert("cf-mitigated", header::HeaderValue::from_static("challenge"));
            return wall;
        }
    };
    let tag = format!("W/\"{}\"", Digest::of(facts.updated.as_bytes()).short());
    if asked.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response();
    }
    let mut page = html(StatusCode::OK, pages::page(Style::Folding, &facts, stage.visits));
    if let Ok(tag) = tag.parse() {
        page.headers_mut().insert(header::ETAG, tag);
    }
    page
}

/// The archive's index, in the dialect of the Wayback Machine: JSON rows under a header.
fn index(stage: &Stage, query: &str) -> Response {
    let asked: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let one = |key: &str| asked.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str());
    let page = format!("http://{}/privacy", stage.address);
    let fields: Vec<&str> =
        one("fl").unwrap_or("urlkey,timestamp,original,mimetype,statuscode,digest,length").split(',').collect();
    // Bounds may be any leading part of the 14 digits.
    let within = |timestamp: &str| {
        one("from").is_none_or(|from| timestamp >= from)
            && one("to").is_none_or(|to| timestamp[..to.len().min(14)] <= *to)
    };
    let mut rows: Vec<Vec<String>> = Vec::new();
    if one("url").is_some_and(|url| same_page(url, &page)) {
        let limit = one("limit").and_then(|limit| limit.parse::<usize>().ok()).unwrap_or(usize::MAX);
        for capture in stage.captures.iter().filter(|capture| within(capture.timestamp)).take(limit) {
            rows.push(fields.iter().map(|field| column(capture, field, &page)).collect());
        }
    }
    let body = if one("output") == Some("json") {
        let header = fields.iter().map(|field| (*field).to_owned()).collect();
        let rows: Vec<Vec<String>> = if rows.is_empty() { rows } else { std::iter::once(header).chain(rows).collect() };
        serde_json::json!(rows).to_string()
    } else {
        rows.iter().map(|row| row.join(" ") + "\n").collect()
    };
    ([("x-app-server", "demo-index"), ("content-type", "application/json")], body).into_response()
}

fn same_page(asked: &str, page: &str) -> bool {
    let bare = |url: &str| url.trim_start_matches("https://").trim_start_matches("http://").to_owned();
    bare(asked) == bare(page)
}

fn column(capture: &Capture, field: &str, page: &str) -> String {
    match field {
        "urlkey" => "1,0,0,127)/privacy".to_owned(),
        "timestamp" => capture.timestamp.to_owned(),
        "original" => page.to_owned(),
        "mimetype" => "text/html".to_owned(),
        "statuscode" => "200".to_owned(),
        "digest" => digest(&capture.body),
        "length" => capture.body.len().to_string(),
        _ => "-".to_owned(),
    }
}

/// 32 characters of Base32, as the archive names payloads. (There it is SHA-1; clients
/// may only compare it with others of the same index.)
fn digest(body: &str) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let hex = Digest::of(body.as_bytes()).to_string();
    hex.bytes().take(32).map(|digit| char::from(LETTERS[usize::from(digit) % 32])).collect()
}

/// One capture as it was served: `<14 digits>id_/<url>`.
fn memento(stage: &Stage, rest: &str) -> Response {
    let wanted = rest.split_once("id_/").map(|(timestamp, _)| timestamp);
    let nearest = |timestamp: &str| {
        let at = moment(timestamp);
        stage.captures.iter().min_by_key(|capture| (moment(capture.timestamp) - at).abs())
    };
    let Some(capture) = wanted.and_then(nearest) else {
        return (StatusCode::NOT_FOUND, [("x-app-server", "demo-playback")]).into_response();
    };
    if wanted != Some(capture.timestamp) {
        let target = format!("/web/{}id_/http://{}/privacy", capture.timestamp, stage.address);
        let headers =
            [("x-app-server", "demo-playback"), ("location", &target), ("x-archive-redirect-reason", "found capture")];
        return (StatusCode::FOUND, headers).into_response();
    }
    let served = NaiveDateTime::parse_from_str(capture.timestamp, "%Y%m%d%H%M%S").unwrap_or_default();
    let served = served.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let original = format!("<http://{}/privacy>; rel=\"original\"", stage.address);
    let headers = [
        ("x-app-server", "demo-playback"),
        ("memento-datetime", &served),
        ("link", &original),
        ("content-type", "text/html; charset=utf-8"),
        ("x-archive-orig-content-type", "text/html; charset=utf-8"),
        ("x-archive-orig-date", &served),
        ("x-archive-orig-server", "Apache"),
    ];
    (StatusCode::OK, headers, capture.body.clone()).into_response()
}

/// Digits as a number of seconds, near enough to find the nearest.
fn moment(timestamp: &str) -> i64 {
    let full = format!("{timestamp:0<14}");
    NaiveDateTime::parse_from_str(&full, "%Y%m%d%H%M%S").map_or(0, |at| at.and_utc().timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::compare;
    use crate::reading::{Expected, Reading, Selectors, Unreadable, Why, read};
    use crate::snapshot::{Origin, Snapshot};

    fn reading(body: &str) -> Result<Reading, Unreadable> {
        let snapshot = Snapshot {
            url: "http://127.0.0.1/privacy".to_owned(),
            final_url: "http://127.0.0.1/privacy".to_owned(),
            status: 200,
            headers: vec![("content-type".to_owned(), "text/html; charset=utf-8".to_owned())],
            redirects: Vec::new(),
            body: body.as_bytes().to_vec(),
            captured_at: crate::time::parse_rfc3339("2026-01-01T00:00:00Z").unwrap(),
            origin: Origin::Live { remote_addr: None },
        };
        read(&snapshot, &Selectors::default(), &Expected::default())
    }

    #[test]
    fn every_style_reads_as_the_same_sections() {
        let styles = [Style::Headings, Style::Numbered, Style::Redesign, Style::Folding];
        let first = reading(&pages::page(Style::Headings, &editions::FIRST, 1)).unwrap();
        assert_eq!(first.sections.iter().filter(|section| section.level > 1).count(), 11, "{:#?}", first.sections);
        for style in styles {
            let other = reading(&pages::page(style, &editions::FIRST, 2)).unwrap();
            let paths = |reading: &Reading| -> Vec<_> {
                reading.sections.iter().filter_map(|section| section.path.last().cloned()).collect()
            };
            assert_eq!(paths(&other), paths(&first), "{style:?}");
            if style != Style::Numbered {
                assert_eq!(compare(&first, &other), None, "{style:?}");
            }
        }
    }

    #[test]
    fn the_wall_is_a_wall() {
        assert_eq!(reading(WALL).unwrap_err().why, Why::BotWall);
    }
}
