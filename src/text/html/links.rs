//! Link targets as facts: absolute, and free of what changes at every visit.

use std::sync::LazyLock;

use regex::Regex;
use url::Url;

/// Archives' prefix of a replayed URL: `/web/20200101000000id_/https://…`.
static REPLAYED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^(?:https?:)?(?://[^/]+)?/web/\d{1,14}(?:[a-z]{2}_)?/((?:https?:|https?%3a|mailto:).*)$")
        .expect("the pattern is sound")
});

/// Query parameters that name a visit or a campaign, never a page.
static TRACKING: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)^(utm_\w+|gclid|dclid|fbclid|msclkid|yclid|mc_[ce]id|igshid|_ga|_gl|_hs\w+|ref_src|phpsessid|jsessionid|sid|session_?id|sessid|aspsessionid\w*|cfid|cftoken|nonce|csrf\w*|_?token|timestamp|ts|_t|cb|cachebust\w*)$",
    )
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
    if let Some(base) = base
        && url.fragment().is_some()
        && same_page(&url, base)
    {
        return None;
    }
    if url.scheme() != "mailto" && url.query().is_some() {
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
