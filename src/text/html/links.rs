//! Link targets as facts: absolute, and free of what changes at every visit.

use std::sync::LazyLock;

use regex::Regex;
use url::Url;

/// Archives' prefix of a replayed URL: `/web/20200101000000id_/https://…`.
static REPLAYED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^(?:https?:)?(?://[^/]+)?/web/[0-9]{1,14}(?:[a-z]{2}_)?/((?:https?:|https?%3a|mailto:).*)$")
        .expect("the pattern is sound")
});

/// Query parameters that name a visit, a campaign, an experiment or the link that was
/// followed, never a page.
static TRACKING: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?ix)^(
            # campaigns and advertisements
            utm_[a-z0-9_]+|gclid|dclid|gbraid|wbraid|fbclid|msclkid|yclid|ttclid|twclid|li_fat_id|mc_[ce]id|igshid|igsh|mkt_tok|_ga|_gl|_hs[a-z0-9_]+|hsctatracking|cmpid|trk[a-z0-9_]*
            # visits
            |phpsessid|jsessionid|sid|session_?id|sessid|aspsessionid[a-z0-9_]*|cfid|cftoken|nonce|csrf[a-z0-9_]*|[a-z0-9_]*_?token|visitor_?id|timestamp|ts|_t|cb|cachebust[a-z0-9_]*
            # experiments
            |exp|experiment[a-z0-9_]*|variant|ab_?(?:test|variant)[a-z0-9_]*
            # where the link stands
            |ref|ref_[a-z0-9_]+|[hf]ref|refid|refsrc|referr?er|help_?ref|entry_?point|__[a-z0-9_]*
        )$",
    )
    .expect("the pattern is sound")
});

/// What servers call the page that counts a click and sends on.
static SENDS_ON: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)^(l|lm|r|out|exit|away|leave|leaving|go|goto|link|links|linkfilter|click|redir|redirect|redirection|redirector|url|external|safelinks?|urldefense|[a-z0-9_]+_redirect)$",
    )
    .expect("the pattern is sound")
});

/// In which parameter such a page is told where to send.
const SENT_TO: [&str; 12] =
    ["u", "url", "q", "to", "target", "dest", "destination", "goto", "link", "href", "src", "redirect"];

/// How addresses are spelt so that robots do not know them.
static SPELT_AT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)(?:%20|\s)*[\[({<](?:at|ät|arobase|@)[\])}>](?:%20|\s)*").expect("the pattern is sound")
});
static SPELT_DOT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)(?:%20|\s)*[\[({<](?:dot|punkt|point|punto)[\])}>](?:%20|\s)*").expect("the pattern is sound")
});

/// Endings of pictures, films and sounds. They are kept on delivery networks, whose
/// addresses are signed anew for every visit, and none of them is a document.
static ASSET: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\.(?:png|jpe?g|gif|webp|avif|svg|ico|bmp|mp4|m4v|webm|mov|m3u8|mp3|m4a|ogg|wav|woff2?|css|js)$")
        .expect("the pattern is sound")
});

/// Takes the archive's prefix off a URL.
pub(super) fn unarchived(url: &str) -> String {
    let mut url = url.to_owned();
    // A replayed page may hold replayed links to replayed pages.
    for _ in 0..3 {
        let Some(inner) = REPLAYED.captures(&url).map(|found| found[1].to_owned()) else { break };
        url = inner.replacen("%3A", ":", 1).replacen("%3a", ":", 1);
        // Some servers fold the two slashes into one.
        for scheme in ["http:/", "https:/"] {
            if let Some(rest) = url.strip_prefix(scheme)
                && !rest.starts_with('/')
            {
                url = format!("{scheme}/{rest}");
            }
        }
    }
    url
}

/// The address that a page's links are relative to.
pub(super) fn base(final_url: &str, declared: Option<&str>) -> Option<Url> {
    let page = Url::parse(&unarchived(final_url)).ok();
    match (declared.map(|href| unarchived(href.trim())), page) {
        (Some(href), Some(page)) => page.join(&href).ok().or(Some(page)),
        (Some(href), None) => Url::parse(&href).ok(),
        (None, page) => page,
    }
}

/// A link's target as a fact; none for what leads nowhere (scripts, this page, nothing).
pub(super) fn target(base: Option<&Url>, href: &str) -> Option<String> {
    let href = href.trim();
    if href.is_empty()
        || href.starts_with('#')
        || starts_with_scheme(href, &["javascript:", "data:", "blob:", "about:"])
    {
        return None;
    }
    let href = unarchived(href);
    let mut url = match base {
        Some(base) => base.join(&href).ok()?,
        None => Url::parse(&href).ok()?,
    };
    // A link may be counted more than once on its way.
    for _ in 0..3 {
        let Some(sent_to) = sent_to(&url) else { break };
        url = sent_to;
    }
    if url.scheme() == "mailto" {
        let address = SPELT_AT.replace(url.path(), "@").into_owned();
        let address = SPELT_DOT.replace_all(&address, ".");
        url.set_path(address.trim_end_matches(['.', ',', ';']));
        return Some(url.into());
    }
    if ASSET.is_match(url.path()) {
        return None;
    }
    if let Some(base) = base
        && url.fragment().is_some()
        && same_page(&url, base)
    {
        return None;
    }
    if url.query().is_some() {
        let kept: Vec<&str> = url
            .query()
            .unwrap_or_default()
            .split('&')
            .filter(|pair| !TRACKING.is_match(pair.split('=').next().unwrap_or_default()))
            .collect();
        let kept = kept.join("&");
        url.set_query((!kept.is_empty()).then_some(&kept));
    }
    if let Some(at) = url.path().to_ascii_lowercase().find(";jsessionid=") {
        let path = url.path()[..at].to_owned();
        url.set_path(&path);
    }
    Some(url.into())
}

/// Where a page that counts clicks sends on to; none if the URL is no such page.
fn sent_to(url: &Url) -> Option<Url> {
    let last = url.path_segments().into_iter().flatten().rfind(|part| !part.is_empty());
    let named = match last {
        Some(last) => SENDS_ON.is_match(last.split('.').next().unwrap_or_default()),
        // The host alone says so: `l.acme.test/?u=…`.
        None => url.host_str()?.split('.').any(|label| SENDS_ON.is_match(label)),
    };
    if !named {
        return None;
    }
    let there = url.query_pairs().find(|(name, _)| SENT_TO.contains(&name.to_ascii_lowercase().as_str()))?.1;
    let there = Url::parse(&unarchived(&there)).ok()?;
    (matches!(there.scheme(), "http" | "https") && there.has_host()).then_some(there)
}

fn starts_with_scheme(href: &str, schemes: &[&str]) -> bool {
    schemes.iter().any(|scheme| href.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)))
}

fn same_page(a: &Url, b: &Url) -> bool {
    a.host_str() == b.host_str() && a.path() == b.path() && a.query() == b.query()
}

/// Decodes an address hidden as hexadecimal digits, each byte combined with the first.
pub(super) fn hidden_address(hex: &str) -> Option<String> {
    let hex = hex.trim().trim_start_matches('#');
    if !hex.is_ascii() || hex.len() < 6 || !hex.len().is_multiple_of(2) {
        return None;
    }
    let bytes: Vec<u8> =
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16)).collect::<Result<_, _>>().ok()?;
    let address = String::from_utf8(bytes[1..].iter().map(|byte| byte ^ bytes[0]).collect()).ok()?;
    (address.contains('@') && !address.contains(char::is_control)).then_some(address)
}

/// Finds an address that a script would put together: `mailto:` and an address, of which
/// every sign was moved some places on (as content management systems do), every letter
/// by 13, or which is written backwards. Looks at the quoted texts, then at the whole.
pub(super) fn scripted_address(text: &str) -> Option<String> {
    let text = percent_encoding::percent_decode_str(text).decode_utf8().ok()?;
    let quoted = text.split(['\'', '"']).skip(1).step_by(2);
    quoted.chain([&*text]).filter(|part| (10..=320).contains(&part.len()) && part.is_ascii()).find_map(|part| {
        let moved = (-13..=13).map(|by| part.bytes().map(|byte| char::from(shift(byte, by))).collect::<String>());
        let letters = part.bytes().map(|byte| char::from(rot13(byte))).collect();
        let backwards = part.chars().rev().collect();
        moved.chain([letters, backwards]).find_map(|plain| {
            let address = plain.strip_prefix("mailto:")?;
            is_address(address).then(|| address.to_owned())
        })
    })
}

/// An address of mail has no more bytes (RFC 5321, section 4.5.3.1).
pub(super) const LONGEST_ADDRESS: usize = 320;

/// An address that a style sheet turns round before a reader sees it.
pub(super) fn turned_address(style: &str, text: &str) -> Option<String> {
    if !style.contains("unicode-bidi:bidi-override") || !style.contains("direction:rtl") || text.len() > LONGEST_ADDRESS
    {
        return None;
    }
    let plain: String = text.trim().chars().rev().collect();
    is_address(&plain).then_some(plain)
}

fn is_address(text: &str) -> bool {
    let clean = !text.contains(|c: char| c.is_whitespace() || c.is_control());
    clean && text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'))
}

/// Moves a sign within its range: `+` to `:`, `@` to `Z`, `a` to `z`.
fn shift(byte: u8, by: i16) -> u8 {
    let within = |first: u8, last: u8| {
        let size = i16::from(last - first) + 1;
        first + (i16::from(byte - first) + by).rem_euclid(size) as u8
    };
    match byte {
        b'+'..=b':' => within(b'+', b':'),
        b'@'..=b'Z' => within(b'@', b'Z'),
        b'a'..=b'z' => within(b'a', b'z'),
        _ => byte,
    }
}

fn rot13(byte: u8) -> u8 {
    match byte {
        b'A'..=b'Z' => b'A' + (byte - b'A' + 13) % 26,
        b'a'..=b'z' => b'a' + (byte - b'a' + 13) % 26,
        _ => byte,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_facts() {
        let base = base("https://acme.test/legal/privacy", None);
        let cases = [
            ("/terms", Some("https://acme.test/terms")),
            ("cookies?utm_source=x&lang=en&sid=9", Some("https://acme.test/legal/cookies?lang=en")),
            ("cookies?utm_source=x", Some("https://acme.test/legal/cookies")),
            ("#rights", None),
            ("privacy#rights", None),
            ("/terms#3", Some("https://acme.test/terms#3")),
            ("javascript:void(0)", None),
            ("JavaScript:void(0)", None),
            ("", None),
            ("mailto:dpo@acme.test", Some("mailto:dpo@acme.test")),
            ("/a;jsessionid=1?b=2", Some("https://acme.test/a?b=2")),
            ("/web/20200101000000id_/https://acme.test/terms", Some("https://acme.test/terms")),
            ("https://archive.test/web/20200101000000/http://acme.test/terms", Some("http://acme.test/terms")),
            ("//acme.test/x", Some("https://acme.test/x")),
            ("/help/7?ref=tos&helpref=faq_content&entry_point=menu", Some("https://acme.test/help/7")),
            ("/help?id=7&fref=x", Some("https://acme.test/help?id=7")),
            ("/doc?reference=7", Some("https://acme.test/doc?reference=7")),
            (
                "https://l.acme.test/l.php?u=https%3A%2F%2Flaw.test%2Fact%3Fid%3D7%26fbclid%3D1&h=AT2rDx",
                Some("https://law.test/act?id=7"),
            ),
            ("https://l.acme.test/?u=https%3A%2F%2Flaw.test%2F&e=AT0", Some("https://law.test/")),
            ("https://acme.test/redirect?url=%2Fterms", Some("https://acme.test/redirect?url=%2Fterms")),
            (
                "https://acme.test/archive?url=https://law.test/",
                Some("https://acme.test/archive?url=https://law.test/"),
            ),
            ("https://cdn.acme.test/v/t2/AQPe.mp4?_nc_ohc=1&oe=2", None),
            ("https://acme.test/video_redirect/?src=https%3A%2F%2Fcdn.test%2Fa.mp4%3Fsig%3D1", None),
            ("/terms.pdf", Some("https://acme.test/terms.pdf")),
            ("mailto:dpo@acme.test.", Some("mailto:dpo@acme.test")),
            ("mailto:dpo[at]acme[dot]test", Some("mailto:dpo@acme.test")),
            ("mailto:dpo%20(at)%20acme.test?subject=x", Some("mailto:dpo@acme.test?subject=x")),
        ];
        for (href, expected) in cases {
            assert_eq!(target(base.as_ref(), href).as_deref(), expected, "{href}");
        }
    }

    #[test]
    fn a_replayed_page_is_its_original() {
        let base = base("https://archive.test/web/20200101000000id_/https%3A//acme.test/legal/", None);
        assert_eq!(base.map(String::from).as_deref(), Some("https://acme.test/legal/"));
    }

    #[test]
    fn a_declared_base_counts() {
        let base = base("https://acme.test/legal/privacy", Some("/en/"));
        assert_eq!(target(base.as_ref(), "terms").as_deref(), Some("https://acme.test/en/terms"));
    }

    #[test]
    fn addresses_that_scripts_put_together() {
        let moved = |text: &str, by: i16| text.bytes().map(|b| char::from(shift(b, by))).collect::<String>();
        for by in [-10, -1, 1, 2, 10] {
            let call = format!("javascript:openMail('{}');", moved("mailto:dpo@acme.test", by));
            assert_eq!(scripted_address(&call).as_deref(), Some("dpo@acme.test"), "{call}");
        }
        for whole in ["znvygb:qcb@npzr.grfg", "javascript:m(%27znvygb:qcb@npzr.grfg%27)", "tset.emca@opd:otliam"] {
            assert_eq!(scripted_address(whole).as_deref(), Some("dpo@acme.test"), "{whole}");
        }
        for none in ["", "javascript:void(0)", "javascript:open('https://acme.test/@us')", "javascript:é('mailto')"] {
            assert_eq!(scripted_address(none), None, "{none}");
        }
    }

    #[test]
    fn addresses_that_a_style_turns_round() {
        let style = "unicode-bidi:bidi-override;direction:rtl";
        assert_eq!(turned_address(style, "tset.emca@opd").as_deref(), Some("dpo@acme.test"));
        assert_eq!(turned_address("direction:rtl", "tset.emca@opd"), None);
        assert_eq!(turned_address(style, "words of a text"), None);
    }

    #[test]
    fn hidden_addresses() {
        let hidden: String = std::iter::once(0x2a_u8)
            .chain("dpo@acme.test".bytes().map(|byte| byte ^ 0x2a))
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(hidden_address(&hidden).as_deref(), Some("dpo@acme.test"));
        for broken in ["", "zz", "2a2a", "é2é2é2", "2a4"] {
            assert_eq!(hidden_address(broken), None, "{broken}");
        }
    }
}
