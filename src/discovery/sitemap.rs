//! The addresses that a site lists for robots: `Sitemap:` lines of robots.txt, and
//! sitemaps themselves (<https://www.sitemaps.org/protocol.html>), packed or not.
//!
//! Read as a stream within bounds: a sitemap may be 50 MB long, and a hostile one unpacks
//! to any size.

use std::io::{BufReader, Read as _};

use flate2::read::MultiGzDecoder;
use quick_xml::Reader;
use quick_xml::events::Event;
use url::Url;

/// What a sitemap may have, unpacked; what lies behind it is not read.
const MOST_BYTES: u64 = 50 * 1024 * 1024;
/// Addresses in one sitemap, as the protocol has it.
const MOST_ADDRESSES: usize = 50_000;
/// The protocol's bound for an address.
const LONGEST_ADDRESS: usize = 2_048;
/// Sitemaps that one robots.txt or index is believed to name.
const MOST_SITEMAPS: usize = 1_000;
/// Bytes of robots.txt that are read (RFC 9309 asks for this many at least).
const ROBOTS_BYTES: usize = 500 * 1024;

/// What a sitemap lists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sitemap {
    /// Pages.
    pub pages: Vec<Url>,
    /// Further sitemaps.
    pub sitemaps: Vec<Url>,
}

/// The sitemaps that a robots.txt names, in their order.
pub fn of_robots(body: &[u8]) -> Vec<Url> {
    let text = String::from_utf8_lossy(&body[..body.len().min(ROBOTS_BYTES)]);
    let line = |line: &str| {
        let (key, value) = line.split_once(':')?;
        let value = value.split('#').next().unwrap_or_default().trim();
        key.trim().trim_start_matches('\u{feff}').eq_ignore_ascii_case("sitemap").then(|| address(value))?
    };
    let mut found: Vec<Url> = Vec::new();
    for url in text.lines().filter_map(line) {
        if found.len() < MOST_SITEMAPS && !found.contains(&url) {
            found.push(url);
        }
    }
    found
}

/// Reads a sitemap as served: XML or plain text, packed with gzip or not. What cannot be
/// read is left out; whatever was read before it stays.
pub fn read(body: &[u8]) -> Sitemap {
    let packed = body.starts_with(&[0x1f, 0x8b]);
    let whole: Box<dyn std::io::Read> = if packed { Box::new(MultiGzDecoder::new(body)) } else { Box::new(body) };
    let mut text = BufReader::new(whole.take(MOST_BYTES));
    let start = std::io::BufRead::fill_buf(&mut text).map(<[u8]>::to_vec).unwrap_or_default();
    let start = String::from_utf8_lossy(&start).trim_start_matches('\u{feff}').trim_start().to_owned();
    if start.starts_with('<') { of_xml(text) } else { of_text(text) }
}

/// One address a line.
fn of_text(text: impl std::io::BufRead) -> Sitemap {
    let lines = text.take(LONGEST_ADDRESS as u64 * MOST_ADDRESSES as u64);
    let mut lines = std::io::BufRead::lines(lines);
    let mut pages = Vec::new();
    while let Some(Ok(line)) = lines.next()
        && pages.len() < MOST_ADDRESSES
    {
        pages.extend(address(line.trim().trim_start_matches('\u{feff}')));
    }
    Sitemap { pages, sitemaps: Vec::new() }
}

/// The texts of `loc` inside `url` and `sitemap`.
fn of_xml(text: impl std::io::BufRead) -> Sitemap {
    let mut reader = Reader::from_reader(text);
    // Sitemaps are written by all kinds of programs.
    reader.config_mut().check_end_names = false;
    let (mut found, mut buffer) = (Sitemap::default(), Vec::new());
    let (mut inside, mut is_index, mut words) = (false, false, String::new());
    while found.pages.len() < MOST_ADDRESSES && found.sitemaps.len() < MOST_SITEMAPS {
        buffer.clear();
        match reader.read_event_into(&mut buffer) {
            Ok(Event::Start(tag)) => match tag.local_name().as_ref() {
                "sitemap" => is_index = true,
                "url" => is_index = false,
                // `image:loc` and its like are pictures.
                "loc" => (inside, words) = (tag.name().as_ref() == "loc", String::new()),
                _ => {}
            },
            Ok(Event::Text(text)) if inside && words.len() <= LONGEST_ADDRESS => {
                words.push_str(text.as_ref());
            }
            Ok(Event::CData(text)) if inside && words.len() <= LONGEST_ADDRESS => {
                words.push_str(text.as_ref());
            }
            Ok(Event::GeneralRef(name)) if inside => words.push_str(entity(name.as_ref())),
            Ok(Event::End(tag)) if tag.local_name().as_ref() == "loc" => {
                if let Some(url) = std::mem::take(&mut inside).then(|| address(words.trim())).flatten() {
                    if is_index { found.sitemaps.push(url) } else { found.pages.push(url) }
                }
            }
            Ok(Event::Eof) | Err(_) => break,
            Ok(_) => {}
        }
    }
    found
}

/// The entities that addresses have in XML.
fn entity(name: &str) -> &'static str {
    match name {
        "amp" | "#38" | "#x26" => "&",
        "apos" | "#39" => "'",
        _ => "",
    }
}

fn address(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok().filter(|_| text.len() <= LONGEST_ADDRESS)?;
    (matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(url)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn texts(urls: &[Url]) -> Vec<&str> {
        urls.iter().map(Url::as_str).collect()
    }

    #[test]
    fn robots_name_their_sitemaps() {
        let robots = b"\xef\xbb\xbfUser-agent: *\nDisallow: /x\nSITEMAP : https://acme.test/a.xml # all\r\nSitemap: /relative.xml\nsitemap: https://acme.test/a.xml\nSitemap: https://acme.test/b.xml.gz";
        assert_eq!(texts(&of_robots(robots)), ["https://acme.test/a.xml", "https://acme.test/b.xml.gz"]);
        assert_eq!(of_robots(b"<html>not found</html>\xff"), Vec::new());
    }

    const PAGES: &str = r#"<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:image="i">
        <url><loc> https://acme.test/privacy?a=1&amp;b=2 </loc><image:image><image:loc>https://acme.test/p.png</image:loc></image:image></url>
        <url><loc><![CDATA[https://acme.test/terms]]></loc></url><url><loc>javascript:alert(1)</loc></url></urlset>"#;

    #[test]
    fn pages_and_further_sitemaps() {
        let pages = ["https://acme.test/privacy?a=1&b=2", "https://acme.test/terms"];
        assert_eq!(texts(&read(PAGES.as_bytes()).pages), pages);
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(PAGES.as_bytes()).unwrap();
        assert_eq!(texts(&read(&packed.finish().unwrap()).pages), pages);
        let index = b"<sitemapindex><sitemap><loc>https://acme.test/s1.xml</loc></sitemap></sitemapindex>";
        assert_eq!(texts(&read(index).sitemaps), ["https://acme.test/s1.xml"]);
        assert_eq!(texts(&read(b"https://acme.test/a\nnonsense\nhttps://acme.test/b").pages).len(), 2);
    }

    #[test]
    fn what_is_broken_or_hostile_ends() {
        for body in [&b""[..], b"\x1f\x8b", b"<urlset><url><loc>https://acme.test/a", b"<a><b></a>", b"\xff\xfe<"] {
            assert_eq!(read(body), Sitemap::default());
        }
        // Entities that grow are not followed.
        let bomb = br#"<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><urlset><url><loc>https://acme.test/&b;</loc></url></urlset>"#;
        assert_eq!(texts(&read(bomb).pages), ["https://acme.test/"]);
        let many: String = (0..MOST_ADDRESSES + 9).map(|n| format!("https://acme.test/{n}\n")).collect();
        assert_eq!(read(many.as_bytes()).pages.len(), MOST_ADDRESSES);
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        let blanks = vec![b' '; 1 << 20];
        (0..80).for_each(|_| packed.write_all(&blanks).unwrap());
        packed.write_all(b"https://acme.test/behind").unwrap();
        assert_eq!(read(&packed.finish().unwrap()), Sitemap::default());
    }
}
