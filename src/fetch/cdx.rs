//! The index of an archive (CDX), in every dialect it is served in: rows of arrays under a
//! row of names, one JSON object a line (pywb), and plain text.
//!
//! A listing that is not whole is refused: "0 rows" must never mean "the archive is down".

use std::borrow::Cow;
use std::collections::BTreeSet;

use chrono::{Duration, NaiveDate};
use serde_json::Value;
use url::Url;

use crate::capture::Capture;
use crate::time::{Timestamp, is_archivable, is_recordable};

/// One page of the index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Page {
    /// What can be understood of it, in the order it came.
    pub(super) captures: Vec<Capture>,
    /// How many rows it had, understood or not.
    pub(super) rows: usize,
    /// Whether the archive says that more follow.
    pub(super) more: bool,
    /// How many rows were left out, being of no moment at which an archive can have captured
    /// anything.
    pub(super) untimely: usize,
    /// The last 14 digits of any row, of what was left out too.
    pub(super) last: Option<String>,
    /// The 14 digits that mean no moment.
    pub(super) meaningless: Vec<String>,
}

/// Column order of the text form, and of JSON without a row of names.
const COLUMNS: [&str; 7] = ["urlkey", "timestamp", "original", "mimetype", "statuscode", "digest", "length"];

/// In bytes. Longer ones are pictures written into a URL; no page has such an address.
const MAX_URL: usize = 8192;

/// Reads one page of the index.
///
/// # Errors
/// In words, if the body is not a whole listing.
pub(super) fn parse(body: &[u8]) -> Result<Page, String> {
    let whole = std::str::from_utf8(body).map_err(|_| "the index is not UTF-8".to_owned())?;
    let text = whole.trim_start();
    match text.chars().next() {
        None => Ok(Page::default()),
        Some('<') => Err("a web page came instead of the index".to_owned()),
        Some('[') => arrays(text),
        Some('{') => objects(text),
        // An empty page with a cursor begins with the empty line between the two.
        Some(_) if whole.starts_with('\n') => Ok(Page { more: true, ..Page::default() }),
        Some(_) => lines(text),
    }
}

fn arrays(text: &str) -> Result<Page, String> {
    let rows: Vec<Vec<Value>> =
        serde_json::from_str(text).map_err(|error| format!("the index is not whole: {error}"))?;
    let mut page = Page::default();
    let mut names: Vec<String> = COLUMNS.map(str::to_owned).to_vec();
    let mut ended = false;
    for row in rows {
        let cells: Vec<&str> = row.iter().map(|cell| cell.as_str().unwrap_or("-")).collect();
        match cells.as_slice() {
            [] => ended = true,
            [_key] if ended => page.more = true,
            cells if page.rows == 0 && cells.contains(&"timestamp") && cells.contains(&"original") => {
                names = cells.iter().map(|cell| (*cell).to_owned()).collect();
            }
            cells => {
                let cell = |name: &str| names.iter().position(|known| known == name).and_then(|at| cells.get(at));
                page.take(|name| cell(name).map(|cell| Cow::Borrowed(*cell)));
            }
        }
    }
    Ok(page)
}

fn objects(text: &str) -> Result<Page, String> {
    let mut page = Page::default();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let row = object(line)?;
        page.take(|name| named(&row, name));
    }
    Ok(page)
}

/// One row as an object.
fn object(text: &str) -> Result<Value, String> {
    let row: Value = serde_json::from_str(text).map_err(|error| format!("the index is not whole: {error}"))?;
    let complaint = ["message", "error"].iter().find_map(|name| row.get(name)?.as_str());
    match complaint {
        Some(says) if row.get("url").is_none() => Err(format!("the index says \"{}\"", short(says))),
        _ => Ok(row),
    }
}

/// A field by the name that the Internet Archive has for it, or pywb.
fn named<'a>(row: &'a Value, name: &str) -> Option<Cow<'a, str>> {
    let other = match name {
        "original" => "url",
        "mimetype" => "mime",
        "statuscode" => "status",
        name => name,
    };
    match row.get(name).or_else(|| row.get(other))? {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        _ => None,
    }
}

fn lines(text: &str) -> Result<Page, String> {
    let mut page = Page::default();
    let (rows, key) = match text.split_once("\n\n") {
        Some((rows, key)) => (rows, !key.trim().is_empty()),
        None => (text, false),
    };
    // The text form has no closing mark: only a last line without an end betrays a cut.
    let last = rows.lines().last().unwrap_or_default();
    if !key && !text.ends_with('\n') && !last.ends_with('}') && last.split(' ').count() < COLUMNS.len() {
        return Err("the index is not whole: its last line is cut".to_owned());
    }
    for line in rows.lines() {
        // `urlkey timestamp {…}`: CDXJ.
        if let Some((key, row)) = line.split_once(" {") {
            let row = object(&format!("{{{row}"))?;
            let timestamp = key.split(' ').nth(1).unwrap_or_default();
            page.take(|name| if name == "timestamp" { Some(Cow::Borrowed(timestamp)) } else { named(&row, name) });
            continue;
        }
        let cells: Vec<&str> = line.split(' ').collect();
        if cells.len() < COLUMNS.len() - 1 {
            // A sentence stands among the rows: robots rules, or an error in the middle.
            return Err(format!("the index says \"{}\"", short(line)));
        }
        let cell = |name: &str| COLUMNS.iter().position(|known| *known == name).and_then(|at| cells.get(at));
        page.take(|name| cell(name).map(|cell| Cow::Borrowed(*cell)));
    }
    page.more = key;
    Ok(page)
}

fn short(text: &str) -> String {
    text.chars().take(120).collect::<String>().escape_debug().to_string()
}

impl Page {
    /// Takes one row, or drops it where it is no capture of a web page.
    fn take<'a>(&mut self, cell: impl Fn(&str) -> Option<Cow<'a, str>>) {
        self.rows += 1;
        let (Some(timestamp), Some(original)) = (cell("timestamp"), cell("original")) else { return };
        // Where to go on, whether or not the row is of use.
        let is_mark = timestamp.len() == 14 && timestamp.bytes().all(|byte| byte.is_ascii_digit());
        if is_mark {
            self.last = self.last.take().max(Some(timestamp.clone().into_owned()));
        }
        let long = |name: &str, most: usize| cell(name).is_some_and(|text| text.len() > most);
        if original.len() > MAX_URL || long("digest", 128) || long("mimetype", 256) {
            return;
        }
        let Some(captured_at) = moment(&timestamp) else {
            self.untimely += 1;
            self.meaningless.extend(is_mark.then(|| timestamp.into_owned()));
            return;
        };
        let or_dash = |name: &str| cell(name).map_or_else(|| "-".to_owned(), Cow::into_owned);
        self.captures.push(Capture {
            captured_at,
            original: original.into_owned(),
            media_type: or_dash("mimetype"),
            status: cell("statuscode").and_then(|status| status.parse().ok()),
            digest: bare(or_dash("digest")),
            timestamp: timestamp.into_owned(),
            memento: None,
        });
    }
}

/// Leaves out what no archive can have captured, told the time; answers how many that were. One
/// of a year to come would be the newest for ever.
pub(super) fn leave_out_untimely(captures: &mut Vec<Capture>, now: Timestamp) -> usize {
    let all = captures.len();
    captures.retain(|capture| is_archivable(capture.captured_at, now));
    all - captures.len()
}

/// Some indexes name the algorithm before the digest.
fn bare(digest: String) -> String {
    match digest.split_once(':') {
        Some((algorithm, digest)) if algorithm.eq_ignore_ascii_case("sha1") => digest.to_owned(),
        _ => digest,
    }
}

/// The moment that an archive's 14 digits mean. Rows of the year 2000 exist in which two
/// zeros were inserted in the month or the day and the seconds cut off; they are repaired.
pub(super) fn moment(digits: &str) -> Option<Timestamp> {
    if digits.len() != 14 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let plain = |digits: &str| {
        let part = |from: usize, to: usize| digits.get(from..to)?.parse::<u32>().ok();
        let day = NaiveDate::from_ymd_opt(part(0, 4)?.try_into().ok()?, part(4, 6)?, part(6, 8)?)?;
        // Seconds of 60 and more occur; the minute counts.
        let seconds = i64::from(part(8, 10)?) * 3600 + i64::from(part(10, 12)?) * 60 + i64::from(part(12, 14)?);
        let at = day.and_time(chrono::NaiveTime::MIN).and_utc().checked_add_signed(Duration::seconds(seconds))?;
        (seconds < 86_400 + 60 && is_recordable(at)).then_some(at)
    };
    plain(digits).or_else(|| {
        let at = match (&digits[4..6], &digits[6..8]) {
            ("00", _) => 4,
            (_, "00") => 6,
            _ => return None,
        };
        plain(&format!("{}{}00", &digits[..at], &digits[at + 2..]))
    })
}

/// Whether 14 digits are the moment that they are repaired to: those of a broken row are
/// not the ones that the archive answers with.
pub(super) fn is_sound(timestamp: &str, at: Timestamp) -> bool {
    digits(at) == timestamp
}

/// The 14 digits of a moment.
pub(super) fn digits(at: Timestamp) -> String {
    at.format("%Y%m%d%H%M%S").to_string()
}

/// What two spellings of one page have in common, as archives fold them: no scheme, `www`,
/// default port, trailing slash, empty query, case of the host.
pub(super) fn folded(url: &str) -> Option<String> {
    // `http://@host/` too is a mail address that lost its scheme; parsed, it looks sound.
    if url.split(['/', '?', '#']).nth(2)?.contains('@') {
        return None;
    }
    let url =
        Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.username().is_empty())?;
    let host = url.host_str()?.to_ascii_lowercase();
    let bare = match host.split_once('.') {
        Some((first, rest)) if first.strip_prefix("www").is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit())) => rest,
        _ => &host,
    };
    let port = url.port().filter(|port| !matches!(port, 80 | 443)).map_or_else(String::new, |port| format!(":{port}"));
    let path = url.path().trim_end_matches('/').to_ascii_lowercase();
    let mut query: Vec<&str> = url.query().unwrap_or_default().split('&').filter(|part| !part.is_empty()).collect();
    query.sort_unstable();
    Some(format!("{bare}{port}{path}?{}", query.join("&")))
}

/// Keeps the captures of one page inside a window, each once, oldest first.
pub(super) fn of_page(
    captures: Vec<Capture>,
    url: &Url,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
) -> Vec<Capture> {
    let wanted = folded(url.as_str());
    let mut seen = BTreeSet::new();
    let mut kept: Vec<Capture> = captures
        .into_iter()
        .filter(|capture| folded(&capture.original) == wanted)
        .filter(|capture| from.is_none_or(|from| capture.captured_at >= from))
        .filter(|capture| to.is_none_or(|to| capture.captured_at <= to))
        .filter(|capture| seen.insert((capture.timestamp.clone(), capture.original.clone(), capture.digest.clone())))
        .collect();
    kept.sort_by(|a, b| (a.captured_at, &a.timestamp, &a.original).cmp(&(b.captured_at, &b.timestamp, &b.original)));
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: &str =
        r#"["test,acme)/privacy","20190609232851","http://acme.test:80/privacy","text/html","200","AAAA","100"]"#;
    const NAMES: &str = r#"["urlkey","timestamp","original","mimetype","statuscode","digest","length"]"#;

    #[test]
    fn every_dialect_gives_the_same_capture() {
        let dialects = [
            format!("[{NAMES},\n{ROW}]"),
            format!("[{ROW}]"),
            r#"[["timestamp","digest","original","statuscode","mimetype"],["20190609232851","AAAA","http://acme.test:80/privacy","200","text/html"]]"#.to_owned(),
            r#"{"urlkey":"x","timestamp":"20190609232851","url":"http://acme.test:80/privacy","mime":"text/html","status":"200","digest":"AAAA"}"#.to_owned(),
            "test,acme)/privacy 20190609232851 http://acme.test:80/privacy text/html 200 AAAA 100 extra\n".to_owned(),
        ];
        for dialect in dialects {
            let page = parse(dialect.as_bytes()).unwrap();
            assert_eq!(page.captures.len(), 1, "{dialect}");
            let capture = &page.captures[0];
            assert_eq!(crate::time::rfc3339(capture.captured_at), "2019-06-09T23:28:51.000Z");
            assert_eq!(
                (capture.original.as_str(), capture.status, page.more),
                ("http://acme.test:80/privacy", Some(200), false)
            );
        }
    }

    #[test]
    fn a_page_that_ends_in_what_is_left_out_goes_on_behind_it() {
        let row = |at: &str| format!("test,acme)/privacy {at} http://acme.test/privacy text/html 200 AAAA 100\n");
        let mut page = parse([row("20190609232851"), row("20191340000000"), row("2020")].concat().as_bytes()).unwrap();
        leave_out_untimely(&mut page.captures, crate::time::parse_rfc3339("2001-01-01T00:00:00Z").unwrap());
        assert_eq!((page.captures.len(), page.rows, page.last.as_deref()), (0, 3, Some("20191340000000")));
    }

    #[test]
    fn what_no_archive_would_say_is_dropped() {
        let long = "A".repeat(300);
        for (url, kind, digest) in [
            (format!("http://acme.test/{}", "a".repeat(9000)), "text/html", "AAAA"),
            (URL.to_owned(), &long, "AAAA"),
            (URL.to_owned(), "text/html", &long),
        ] {
            let page = parse(format!("key 20190609232851 {url} {kind} 200 {digest} 1\n").as_bytes()).unwrap();
            assert_eq!((page.rows, page.captures.len()), (1, 0));
        }
        let odd = "key 20190609232851 http://acme.test/ text/html two-hundred sha1:AAAA 1\n";
        let capture = parse(odd.as_bytes()).unwrap().captures.remove(0);
        assert_eq!((capture.status, capture.digest.as_str()), (None, "AAAA"));
        let cdxj = r#"key 20190609232851 {"url":"http://acme.test/","status":200}"#;
        let capture = parse(cdxj.as_bytes()).unwrap().captures.remove(0);
        assert_eq!((capture.status, capture.digest.as_str()), (Some(200), "-"));
        assert!(parse(br#"{"message":"The \"url\" param is required"}"#).is_err());
        assert!(parse(b"\n\nkey").unwrap().more, "an empty page with a cursor is not the end");
    }

    const URL: &str = "http://acme.test/";

    #[test]
    fn a_listing_that_is_not_whole_is_refused() {
        for body in [
            &b"<html>503"[..],
            b"[[\"urlkey\"",
            b"{\"a\":1}\n{\"b\"",
            b"Blocked by robots.txt",
            b"\xff\xfe",
            b"test,acme)/ 20190609232851 http://acme.test/ text/html 200 AA",
        ] {
            assert!(parse(body).is_err(), "{}", String::from_utf8_lossy(body));
        }
        for body in ["", "[]", &format!("[{NAMES}]")] {
            assert_eq!(parse(body.as_bytes()), Ok(Page::default()), "{body}");
        }
    }

    #[test]
    fn a_key_says_that_more_follow() {
        let arrays = format!("[{NAMES},{ROW},[],[\"key\"]]");
        let lines = "test,acme)/ 20190609232851 http://acme.test/ text/html 200 AAAA 100\n\nkey";
        for body in [arrays.as_str(), lines] {
            let page = parse(body.as_bytes()).unwrap();
            assert_eq!((page.rows, page.more), (1, true), "{body}");
        }
    }

    #[test]
    fn damaged_times_are_repaired() {
        let shown = |digits: &str| moment(digits).map(crate::time::rfc3339);
        assert_eq!(shown("20000012170449").as_deref(), Some("2000-12-17T04:49:00.000Z"));
        assert_eq!(shown("20000800241623").as_deref(), Some("2000-08-24T16:23:00.000Z"));
        assert_eq!(shown("20191399000000"), None);
        assert_eq!(shown("2019"), None);
        assert_eq!(shown("99991231235960"), None, "the year 10000 cannot be recorded");
    }

    #[test]
    fn spellings_of_one_page_fold() {
        let one = folded("http://www.acme.test:80/Privacy/").unwrap();
        for same in ["https://acme.test/privacy", "http://www2.acme.test/privacy?", "https://acme.test:443/privacy/"] {
            assert_eq!(folded(same).as_ref(), Some(&one), "{same}");
        }
        for other in ["https://acme.test/privacy?x=1", "https://acme.test/terms", "https://www.test/privacy"] {
            assert_ne!(folded(other).as_ref(), Some(&one), "{other}");
        }
        for junk in ["http://mailto:a@acme.test/privacy", "http://@acme.test/privacy", "mailto:a@acme.test", "/privacy"]
        {
            assert_eq!(folded(junk), None, "{junk}");
        }
    }
}
