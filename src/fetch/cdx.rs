//! The index of an archive (CDX), in every dialect it is served in: rows of arrays under a
//! row of names, one JSON object a line (pywb), and plain text.
//!
//! A listing that is not whole is refused: "0 rows" must never mean "the archive is down".

use std::collections::BTreeSet;

use chrono::{Duration, NaiveDate};
use serde_json::Value;
use url::Url;

use super::Capture;
use crate::time::{Timestamp, is_recordable};

/// One page of the index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Page {
    /// What can be understood of it, in the order it came.
    pub(super) captures: Vec<Capture>,
    /// How many rows it had, understood or not.
    pub(super) rows: usize,
    /// Whether the archive says that more follow.
    pub(super) more: bool,
}

/// Column order of the text form, and of JSON without a row of names.
const COLUMNS: [&str; 7] = ["urlkey", "timestamp", "original", "mimetype", "statuscode", "digest", "length"];

/// Reads one page of the index.
///
/// # Errors
/// In words, if the body is not a whole listing.
pub(super) fn parse(body: &[u8]) -> Result<Page, String> {
    let text = std::str::from_utf8(body).map_err(|_| "the index is not UTF-8".to_owned())?.trim_start();
    match text.chars().next() {
        None => Ok(Page::default()),
        Some('<') => Err("a web page came instead of the index".to_owned()),
        Some('[') => arrays(text),
        Some('{') => objects(text),
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
                let cell =
                    |name: &str| names.iter().position(|known| known == name).and_then(|at| cells.get(at).copied());
                page.take(cell);
            }
        }
    }
    Ok(page)
}

fn objects(text: &str) -> Result<Page, String> {
    let mut page = Page::default();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let row: Value = serde_json::from_str(line).map_err(|error| format!("the index is not whole: {error}"))?;
        page.take(|name| {
            let other = match name {
                "original" => "url",
                "mimetype" => "mime",
                "statuscode" => "status",
                name => name,
            };
            row.get(name).or_else(|| row.get(other)).and_then(Value::as_str)
        });
    }
    Ok(page)
}

fn lines(text: &str) -> Result<Page, String> {
    let mut page = Page::default();
    let (rows, key) = match text.split_once("\n\n") {
        Some((rows, key)) => (rows, !key.trim().is_empty()),
        None => (text, false),
    };
    // The text form has no closing mark: only a last line without an end betrays a cut.
    let last = rows.lines().last().unwrap_or_default();
    if !key && !text.ends_with('\n') && last.split(' ').count() < COLUMNS.len() {
        return Err("the index is not whole: its last line is cut".to_owned());
    }
    for line in rows.lines() {
        let cells: Vec<&str> = line.split(' ').collect();
        if cells.len() < COLUMNS.len() - 1 {
            // A sentence stands among the rows: robots rules, or an error in the middle.
            return Err(format!("the index says \"{}\"", line.chars().take(120).collect::<String>().escape_debug()));
        }
        page.take(|name| COLUMNS.iter().position(|known| *known == name).and_then(|at| cells.get(at).copied()));
    }
    page.more = key;
    Ok(page)
}

impl Page {
    /// Takes one row, or drops it where it is no capture of a web page.
    fn take<'a>(&mut self, cell: impl Fn(&str) -> Option<&'a str>) {
        self.rows += 1;
        let (Some(timestamp), Some(original)) = (cell("timestamp"), cell("original")) else { return };
        let Some(captured_at) = moment(timestamp) else { return };
        self.captures.push(Capture {
            timestamp: timestamp.to_owned(),
            captured_at,
            original: original.to_owned(),
            media_type: cell("mimetype").unwrap_or("-").to_owned(),
            status: cell("statuscode").and_then(|status| status.parse().ok()),
            digest: cell("digest").unwrap_or("-").to_owned(),
        });
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
