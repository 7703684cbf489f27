//! Which addresses are one page, and which differ in nothing but the language.

use url::Url;

/// Query parameters that choose a language or a country.
const LANGUAGE_KEYS: [&str; 9] = ["lang", "language", "locale", "hl", "lng", "l", "region", "country", "setlang"];

/// Query parameters that name a visit or a campaign, never a page.
const TRACKING: [&str; 8] = ["utm_", "gclid", "fbclid", "mc_", "_ga", "_gl", "ref", "source"];

/// Parts of addresses that say: this is a detour, and no page of its own.
const DETOURS: [&str; 25] = [
    "login",
    "log-in",
    "signin",
    "sign-in",
    "sso",
    "oauth",
    "authorize",
    "auth",
    "connexion",
    "anmelden",
    "consent",
    "cookiewall",
    "cookie-wall",
    "privacygate",
    "captcha",
    "challenge",
    "blocked",
    "404",
    "not-found",
    "notfound",
    "error",
    "errors",
    "maintenance",
    "unsupported-browser",
    "unsupported",
];

/// An address as it is compared: scheme, `www.`, default port, the slash at the end, an
/// index page, fragment and campaign do not count.
pub fn key(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default().to_ascii_lowercase();
    let host = host.strip_prefix("www.").unwrap_or(&host).trim_end_matches('.');
    let port = url.port().filter(|port| !matches!(port, 80 | 443)).map_or_else(String::new, |port| format!(":{port}"));
    let path = percent_encoding::percent_decode_str(url.path()).decode_utf8_lossy().into_owned();
    let path = path.trim_end_matches('/');
    let path = ["/index.html", "/index.htm", "/index.php", "/default.aspx"]
        .iter()
        .find_map(|index| path.strip_suffix(index))
        .unwrap_or(path);
    let tracks =
        |name: &str| TRACKING.iter().any(|known| name == *known || known.ends_with('_') && name.starts_with(known));
    let mut query: Vec<String> = url
        .query_pairs()
        .filter(|(name, _)| !tracks(&name.to_ascii_lowercase()))
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    query.sort();
    let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
    format!("{host}{port}{path}{query}")
}

/// Whether two addresses are one page's.
pub fn same(a: &Url, b: &Url) -> bool {
    key(a) == key(b)
}

/// Whether a part of a path is a language or a language with a country: `de`, `en-us`.
fn is_tongue(part: &str) -> bool {
    let letters = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphabetic());
    match part.split_once(['-', '_']) {
        None => part.len() == 2 && letters(part),
        Some((language, country)) => {
            language.len() == 2 && letters(language) && (2..=4).contains(&country.len()) && letters(country)
        }
    }
}

/// The language that an address names (`/de/…`, `?lang=de`), if it names one.
pub fn language(url: &Url) -> Option<String> {
    let by_path = url.path_segments().into_iter().flatten().find(|part| is_tongue(part)).map(str::to_owned);
    let by_query = || {
        let chosen =
            |(name, _): &(std::borrow::Cow<'_, str>, _)| LANGUAGE_KEYS.contains(&name.to_ascii_lowercase().as_str());
        url.query_pairs().find(chosen).map(|(_, value)| value.into_owned())
    };
    by_path.or_else(by_query).and_then(|tag| crate::text::language::from_tag(&tag))
}

/// An address without what chooses a language.
fn without_tongue(url: &Url) -> String {
    let mut plain = url.clone();
    let path: Vec<&str> = url.path().split('/').filter(|part| !part.is_empty() && !is_tongue(part)).collect();
    plain.set_path(&path.join("/"));
    let kept: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(name, _)| !LANGUAGE_KEYS.contains(&name.to_ascii_lowercase().as_str()))
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    plain.set_query(None);
    if !kept.is_empty() {
        plain.query_pairs_mut().extend_pairs(kept);
    }
    // `de.acme.test` beside `acme.test`.
    let key = key(&plain);
    match key.split_once('.') {
        Some((first, rest)) if is_tongue(first) && rest.contains('.') => rest.to_owned(),
        _ => key,
    }
}

/// Whether two addresses are one page in two languages, or one in the language that the
/// site chose for us.
pub fn differ_in_language_only(a: &Url, b: &Url) -> bool {
    without_tongue(a) == without_tongue(b)
}

/// Whether an address is that of a site's first page, perhaps in a language.
pub fn is_home(url: &Url) -> bool {
    let home =
        ["home", "index", "index.html", "index.php", "default.aspx", "welcome", "accueil", "start", "startseite"];
    let rest: Vec<String> = url
        .path()
        .split('/')
        .filter(|part| !part.is_empty() && !is_tongue(part))
        .map(str::to_ascii_lowercase)
        .collect();
    !url.query().is_some_and(|query| query.contains('='))
        && rest.iter().all(|part| home.contains(&part.as_str()))
        && rest.len() <= 1
}

/// The first page of the site that an address is of.
pub fn home(url: &Url) -> Url {
    let mut home = url.clone();
    home.set_path("/");
    home.set_query(None);
    home.set_fragment(None);
    home
}

/// Whether an address is a sign-in, a consent page, an error page.
pub fn is_detour(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().split('.').next().unwrap_or_default();
    let ends = |part: &str| part.rsplit_once('.').map_or(part, |(name, _)| name).to_ascii_lowercase();
    DETOURS.contains(&host)
        || url.path_segments().into_iter().flatten().any(|part| DETOURS.contains(&ends(part).as_str()))
}

/// Second labels under which a country registers names, as in `acme.co.uk`.
const SECOND: [&str; 12] = ["co", "com", "org", "net", "gov", "ac", "edu", "ne", "or", "gob", "gouv", "nom"];

/// The labels of a host that were registered: `acme.co.uk` of `www.acme.co.uk`. An address
/// of numbers is one name.
pub fn registered(host: &str) -> &str {
    if host.starts_with('[') || host.parse::<std::net::IpAddr>().is_ok() {
        return host;
    }
    let host = host.trim_end_matches('.');
    let ends: Vec<usize> = host.rmatch_indices('.').map(|(at, _)| at).collect();
    let country = |at: &usize| host.len() - at <= 3;
    let second = |last: usize, before: usize| SECOND.contains(&&host[before + 1..last]);
    let from = match ends[..] {
        [last, before, third, ..] if country(&last) && second(last, before) => third + 1,
        [last, before] if country(&last) && second(last, before) => 0,
        [_, before, ..] => before + 1,
        _ => 0,
    };
    &host[from..]
}

/// The name that a site is known by: `acme` of `www.acme.co.uk`.
pub fn brand(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let registered = registered(host);
    if registered.parse::<std::net::IpAddr>().is_ok() || registered.starts_with('[') {
        return registered.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect::<String>();
    }
    registered.split('.').next().unwrap_or_default().to_ascii_lowercase()
}

/// Whether two addresses are of one site: one registered name, and for addresses of
/// numbers one port, too.
pub fn same_site(a: &Url, b: &Url) -> bool {
    let (one, other) = (a.host_str().unwrap_or_default(), b.host_str().unwrap_or_default());
    let numbers = one.starts_with('[') || one.parse::<std::net::IpAddr>().is_ok();
    registered(one) == registered(other) && (!numbers || a.port_or_known_default() == b.port_or_known_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn spellings_of_one_address() {
        let same_page = [
            ("http://acme.test/privacy", "https://www.acme.test/privacy/"),
            ("https://acme.test:443/privacy#top", "https://acme.test/privacy"),
            ("https://acme.test/privacy?utm_source=x", "https://acme.test/privacy"),
            ("https://acme.test/legal/index.html", "https://acme.test/legal"),
            ("https://acme.test/p?b=1&a=2", "https://acme.test/p?a=2&b=1"),
        ];
        for (a, b) in same_page {
            assert!(same(&url(a), &url(b)), "{a} {b}");
        }
        for (a, b) in [
            ("https://acme.test/privacy", "https://acme.test/terms"),
            ("https://acme.test/p?id=1", "https://acme.test/p?id=2"),
            ("https://acme.test:8443/p", "https://acme.test/p"),
        ] {
            assert!(!same(&url(a), &url(b)), "{a} {b}");
        }
    }

    #[test]
    fn languages_in_addresses() {
        for (a, b) in [
            ("https://acme.test/privacy", "https://acme.test/en-us/privacy"),
            ("https://acme.test/de/privacy", "https://acme.test/fr/privacy"),
            ("https://acme.test/privacy", "https://acme.test/privacy?lang=de"),
            ("https://acme.test/privacy", "https://de.acme.test/privacy"),
        ] {
            assert!(differ_in_language_only(&url(a), &url(b)), "{a} {b}");
        }
        assert!(!differ_in_language_only(
            &url("https://acme.test/privacy"),
            &url("https://acme.test/en/legal/privacy")
        ));
        assert_eq!(language(&url("https://acme.test/de-AT/privacy")).as_deref(), Some("de"));
        assert_eq!(language(&url("https://acme.test/p?hl=fr")).as_deref(), Some("fr"));
        assert_eq!(language(&url("https://acme.test/privacy")), None);
    }

    #[test]
    fn homes_detours_and_sites() {
        for home in
            ["https://acme.test/", "https://acme.test/de", "https://acme.test/en-us/home", "https://acme.test/?x"]
        {
            assert!(is_home(&url(home)), "{home}");
        }
        assert!(!is_home(&url("https://acme.test/?page=privacy")) && !is_home(&url("https://acme.test/privacy")));
        for detour in
            ["https://login.acme.test/", "https://acme.test/account/login?to=/p", "https://acme.test/404.html"]
        {
            assert!(is_detour(&url(detour)), "{detour}");
        }
        assert!(!is_detour(&url("https://acme.test/legal/privacy")));
        let cases = [("www.acme.co.uk", "acme.co.uk"), ("a.b.acme.com", "acme.com"), ("acme.com", "acme.com")];
        for (host, expected) in cases {
            assert_eq!(registered(host), expected);
        }
        assert_eq!(registered("co.uk"), "co.uk");
        assert_eq!(brand(&url("https://legal.Acme.com.au/x")), "acme");
        assert_eq!(brand(&url("http://127.0.0.1:80/")), "127-0-0-1");
        assert!(same_site(&url("https://acme.com/"), &url("https://legal.acme.com/x")));
        assert!(!same_site(&url("http://127.0.0.1:1/"), &url("http://127.0.0.1:2/")));
    }
}
