//! What archives write: addresses of mementos, TimeMaps, archived headers. Pure.

use url::Url;

use super::{cdx, links};
use crate::capture::Capture;
use crate::time::Timestamp;

pub(super) fn looks_like_html(body: &[u8]) -> bool {
    body.trim_ascii_start().first() == Some(&b'<')
        && body.windows(5).take(1024).any(|five| five.eq_ignore_ascii_case(b"<html"))
}

pub(super) fn resolved(base: &str, target: &str) -> String {
    Url::parse(base).and_then(|base| base.join(target)).map_or_else(|_| target.to_owned(), |url| url.to_string())
}

/// The captures of a TimeMap, and where it goes on: in link format, as JSON (MemGator's
/// object, or an index), or as CDXJ.
pub(super) fn timemap(body: &[u8], address: &Url) -> Result<(Vec<Capture>, Option<Url>), String> {
    let text = std::str::from_utf8(body).map_err(|_| "its list of captures is not UTF-8".to_owned())?.trim_start();
    if looks_like_html(body) {
        return Err("a web page came instead of its list of captures".to_owned());
    }
    if text.starts_with('{')
        && let Ok(object) = serde_json::from_str::<serde_json::Value>(text)
        && let Some(list) = object.pointer("/mementos/list").and_then(|list| list.as_array())
    {
        let original = object.get("original_uri").and_then(|uri| uri.as_str());
        let one = |entry: &serde_json::Value| {
            let at = entry.get("datetime")?.as_str().and_then(|at| crate::time::parse_rfc3339(at).ok());
            of_memento(entry.get("uri")?.as_str()?, at, original)
        };
        return Ok((list.iter().filter_map(one).collect(), None));
    }
    if !text.is_empty() && !text.starts_with('<') {
        return cdx::parse(body).map(|page| (page.captures, None));
    }
    let links = links::parse(text);
    let original = links.iter().find(|link| link.is("original")).map(|link| link.target.clone());
    let captures = links
        .iter()
        .filter(|link| link.is("memento"))
        .filter_map(|link| {
            let memento = address.join(&link.target).ok()?;
            of_memento(memento.as_str(), link.datetime, original.as_deref())
        })
        .collect();
    let more = links.iter().filter(|link| link.is("timemap") && !link.is("self"));
    // The next page begins later than this one; the list of lists names all of them.
    let more = more.filter_map(|link| address.join(&link.target).ok()).find(|more| more > address);
    Ok((captures, more))
}

/// What a memento's address says of it.
pub(super) fn of_memento(memento: &str, at: Option<Timestamp>, original: Option<&str>) -> Option<Capture> {
    let address = Url::parse(memento).ok()?;
    let (stamp, url) = match split_playback(memento, &address) {
        Some((stamp, url)) if stamp.len() == 14 => (Some(stamp), Some(url)),
        _ => (None, None),
    };
    let captured_at = stamp.as_deref().and_then(cdx::moment).or(at)?;
    Some(Capture {
        timestamp: stamp.unwrap_or_else(|| cdx::digits(captured_at)),
        captured_at,
        original: url.or_else(|| original.map(str::to_owned))?,
        // So that it counts as what can be shown: a TimeMap tells no status.
        media_type: "-".to_owned(),
        status: None,
        digest: "-".to_owned(),
        memento: Some(memento.to_owned()),
    })
}

/// The address under which a memento's bytes are served untouched, where the archive knows
/// that: all that put 14 digits before the URL do.
pub(super) fn raw_memento(memento: &str, timestamp: &str) -> String {
    memento.replacen(&format!("/{timestamp}/"), &format!("/{timestamp}id_/"), 1)
}

/// Where an archived redirect leads that is shown as a page.
pub(super) fn shown_target(body: &[u8]) -> Option<String> {
    let page = String::from_utf8_lossy(&body[..body.len().min(256 * 1024)]);
    let (_, rest) = page.split_once("response at crawl time")?;
    let (_, rest) = rest.split_once("target\"")?;
    let (_, rest) = rest.split_once("href=\"")?;
    Some(rest.split_once('"')?.0.replace("&amp;", "&"))
}

/// Parts a playback URL (`…/web/20190609232851id_/http://…`, absolute, without scheme, or a
/// path alone) into its 14 digits and the archived URL. Only one of the archive that was
/// asked: publishers have paths with `/web/2020/` too.
pub(super) fn split_playback(location: &str, asked: &Url) -> Option<(String, String)> {
    if asked.join(location).ok()?.host_str() != asked.host_str() {
        return None;
    }
    let mut rest = location;
    loop {
        let (_, after) = rest.split_once('/')?;
        rest = after;
        let (stamp, url) = rest.split_once('/')?;
        let digits: String = stamp.chars().take_while(char::is_ascii_digit).collect();
        let modifier = &stamp[digits.len()..];
        let sound = (1..=14).contains(&digits.len()) && (modifier.is_empty() || modifier.ends_with('_'));
        if !sound {
            continue;
        }
        // Encoded as a whole, scheme and all: the archive does that to some targets.
        let url = match url.to_ascii_lowercase() {
            coded if coded.starts_with("http%3a") || coded.starts_with("https%3a") => {
                percent_encoding::percent_decode_str(url).decode_utf8().ok()?.into_owned()
            }
            _ => url.to_owned(),
        };
        // What follows a date in a path of a publisher's own is no URL.
        if url.to_ascii_lowercase().starts_with("http") {
            return Some((digits, url));
        }
    }
}

/// The `rel="original"` of a `Link` header.
pub(super) fn original_of(link: &str) -> Option<String> {
    links::parse(link).into_iter().find(|link| link.is("original")).map(|link| link.target)
}

/// The headers as they were served: the prefixed ones without the prefix, and those that
/// archives pass on as they are.
pub(super) fn archived_headers(headers: &[(String, String)]) -> Vec<(String, String)> {
    const PREFIX: &str = "x-archive-orig-";
    let mut archived: Vec<(String, String)> = headers
        .iter()
        .filter_map(|(name, value)| Some((name.strip_prefix(PREFIX)?.to_owned(), value.clone())))
        .collect();
    for own in ["content-type", "location", "last-modified", "etag"] {
        let value = headers.iter().find(|(name, _)| name == own).map(|(_, value)| value.clone());
        if let (Some(value), false) = (value, archived.iter().any(|(name, _)| name == own)) {
            archived.push((own.to_owned(), value));
        }
    }
    archived
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn playback_urls_part_into_time_and_page() {
        let asked = Url::parse("https://archive.test/web/2019id_/http://acme.test/").unwrap();
        let page = |location| split_playback(location, &asked);
        let expected = Some(("20190609232851".to_owned(), "http://acme.test/a?b=c".to_owned()));
        for location in [
            "https://archive.test/web/20190609232851id_/http://acme.test/a?b=c",
            "//archive.test/web/20190609232851/http://acme.test/a?b=c",
            "/web/20190609232851if_/http://acme.test/a?b=c",
            "/web/20190609232851/http%3A%2F%2Facme.test%2Fa%3Fb%3Dc",
        ] {
            assert_eq!(page(location), expected, "{location}");
        }
        let none =
            ["/sry", "/web/x/http://acme.test/", "/web/2019/", "http://acme.test/", "http://acme.test/web/2019/terms"];
        for location in none {
            assert_eq!(page(location), None, "{location}");
        }
    }

    #[test]
    fn the_page_really_captured_is_in_the_link_header() {
        let link = "<http://a.test/x?a=1,2&amp;b>; rel=\"original\", <http://b.test/>; rel=\"timegate\"";
        assert_eq!(original_of(link).as_deref(), Some("http://a.test/x?a=1,2&b"));
        let link = "<http://b.test/>; rel=\"timegate\", <http://a.test/>; rel=\"original\"";
        assert_eq!(original_of(link).as_deref(), Some("http://a.test/"));
        assert_eq!(original_of("nothing"), None);
    }

    #[test]
    fn archived_headers_lose_their_prefix() {
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let served = [
            header("content-type", "text/html"),
            header("x-archive-orig-server", "Apache"),
            header("x-archive-orig-etag", "\"1\""),
            header("server", "archive"),
        ];
        let expected = [header("server", "Apache"), header("etag", "\"1\""), header("content-type", "text/html")];
        assert_eq!(archived_headers(&served), expected);
    }
}
