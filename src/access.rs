//! How a watch's pages are asked for beside their address: with which headers, by which way,
//! and from where the reader seems to come.
//!
//! What is here may be a secret: nothing prints the value of a header or the credentials of a
//! proxy, and a header is for the site that it was configured for and for no other, wherever
//! that site sends us.

use std::fmt;
use std::str::FromStr;

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use url::{Host, Url};

/// The most headers that one watch may have.
pub const MAX_HEADERS: usize = 32;

/// The longest value of a header, in bytes: servers refuse requests of twice that.
pub const MAX_VALUE: usize = 8 * 1024;

/// How pages are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// What is sent to one site.
    pub headers: Headers,
    /// How we get there.
    pub way: Way,
    /// Where the reader seems to come from; none: only the language is said.
    pub locale: Option<Locale>,
}

impl Access {
    /// What tells two ways to ask apart, short enough that no secret can be found by it: 16 bits.
    /// Empty where nothing is out of the ordinary.
    pub fn mark(&self) -> String {
        if *self == Self::default() {
            return String::new();
        }
        let mut said = format!("{}\n{}\n", self.way, self.locale.as_ref().map_or("", Locale::as_str));
        for (name, value) in &self.headers.all {
            said += &format!("{}:{}\n", name.to_ascii_lowercase(), value.0);
        }
        crate::snapshot::Digest::of(said.as_bytes()).to_string()[..4].to_owned()
    }
}

/// A text that is never printed.
#[derive(Clone, PartialEq, Eq)]
struct Hidden(String);

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// Request headers for one site.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers {
    /// Scheme, host and port of the site.
    site: String,
    all: Vec<(String, Hidden)>,
}

/// Why a header cannot be sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// The name is none.
    #[error("{0:?} is no name of a header")]
    Name(String),
    /// Somebody else decides about it.
    #[error("the header {name} cannot be set here: {reason}")]
    NotYours {
        /// The name.
        name: String,
        /// Whose it is.
        reason: &'static str,
    },
    /// The value would not arrive as it is. It is not shown: it may be a secret.
    #[error("the value of {0} cannot be sent: it must be 1 to 8192 printable ASCII characters")]
    Value(String),
    /// Names do not differ by case.
    #[error("the header {0} is there twice")]
    Twice(String),
    /// Too many.
    #[error("there are more than {MAX_HEADERS} headers")]
    TooMany,
}

impl Headers {
    /// Headers for the site of an address.
    ///
    /// # Errors
    /// The first that cannot be sent.
    pub fn new(site: &Url, all: impl IntoIterator<Item = (String, String)>) -> Result<Self, HeaderError> {
        let mut headers = Self { site: site.origin().ascii_serialization(), all: Vec::new() };
        for (name, value) in all {
            check_name(&name)?;
            let value = value.trim();
            if value.is_empty() || value.len() > MAX_VALUE || !value.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
                return Err(HeaderError::Value(name));
            }
            if headers.names().any(|known| known.eq_ignore_ascii_case(&name)) {
                return Err(HeaderError::Twice(name));
            }
            if headers.all.len() == MAX_HEADERS {
                return Err(HeaderError::TooMany);
            }
            headers.all.push((name, Hidden(value.to_owned())));
        }
        Ok(headers)
    }

    /// What is sent with a request for an address: everything at the site, nothing elsewhere.
    pub fn toward(&self, url: &Url) -> impl Iterator<Item = (&str, &str)> {
        let ours = !self.all.is_empty() && url.origin().ascii_serialization() == self.site;
        let all = if ours { &self.all[..] } else { &[] };
        all.iter().map(|(name, value)| (name.as_str(), value.0.as_str()))
    }

    /// Their names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.all.iter().map(|(name, _)| name.as_str())
    }

    /// Whether there are any.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Scheme, host and port of the site that they are for.
    pub fn site(&self) -> &str {
        &self.site
    }
}

/// Whether a header of this name may be configured.
///
/// # Errors
/// Why not.
pub fn check_name(name: &str) -> Result<(), HeaderError> {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || name.len() > 100 || !name.bytes().all(token) {
        return Err(HeaderError::Name(name.chars().take(40).collect()));
    }
    let reason = match name.to_ascii_lowercase().as_str() {
        "connection" | "keep-alive" | "te" | "trailer" | "transfer-encoding" | "upgrade" | "expect" => {
            "it speaks of the connection, not of the page"
        }
        lower if lower.starts_with("proxy-") => "it is for a proxy; write the credentials with the proxy's address",
        "host" => "it is the host of the url",
        lower if lower.starts_with("content-") => "a request for a page has no content",
        "accept-encoding" => "only what can be unpacked is asked for",
        "accept-language" => "set locale",
        "user-agent" => "it says who asks; set user_agent under [fetch]",
        "range" | "if-range" | "if-match" | "if-none-match" | "if-modified-since" | "if-unmodified-since" => {
            "the record decides what is asked for again"
        }
        _ => return Ok(()),
    };
    Err(HeaderError::NotYours { name: name.to_owned(), reason })
}

/// How we get to a page's server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Way {
    /// As everything that says nothing else.
    #[default]
    AsUsual,
    /// Without a proxy.
    Direct,
    /// Through a proxy.
    Proxy(Proxy),
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Way::AsUsual => Ok(()),
            Way::Direct => f.write_str("direct"),
            Way::Proxy(proxy) => proxy.fmt(f),
        }
    }
}

/// What a proxy is spoken to in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyKind {
    /// HTTP: `CONNECT`, and whole addresses. It resolves names.
    Http,
    /// SOCKS 5, told addresses: names are resolved, and decided on, here.
    Socks5,
    /// SOCKS 5, told names: it resolves them.
    Socks5h,
}

impl ProxyKind {
    fn scheme(self) -> &'static str {
        match self {
            ProxyKind::Http => "http",
            ProxyKind::Socks5 => "socks5",
            ProxyKind::Socks5h => "socks5h",
        }
    }
}

/// A proxy, with the credentials for it.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    /// What it speaks.
    pub kind: ProxyKind,
    host: String,
    port: u16,
    credentials: Option<(String, String)>,
}

/// Why a text names no proxy. It is not shown: it may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProxyError {
    /// It is no address.
    #[error("it is no address of a proxy: {0}")]
    NoAddress(String),
    /// It speaks something else.
    #[error("a proxy is spoken to as http, socks5 or socks5h, not as {0}")]
    Scheme(String),
    /// It has more than an address.
    #[error("the address of a proxy ends with its port")]
    Path,
    /// The credentials are too long, or no text.
    #[error("its user or its password has no text, or more than 255 bytes")]
    Credentials,
}

impl Proxy {
    /// Its host, without brackets.
    pub fn host(&self) -> &str {
        self.host.trim_start_matches('[').trim_end_matches(']')
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// User and password.
    pub fn credentials(&self) -> Option<(&str, &str)> {
        self.credentials.as_ref().map(|(user, password)| (user.as_str(), password.as_str()))
    }

    /// Whether it is told names, so that what they lead to is not decided here.
    pub fn resolves(&self) -> bool {
        self.kind != ProxyKind::Socks5
    }

    /// The address with the credentials: for who connects, and nobody else.
    pub fn with_credentials(&self) -> String {
        let escaped = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let credentials = self.credentials.as_ref();
        let credentials = credentials.map(|(user, password)| format!("{}:{}@", escaped(user), escaped(password)));
        format!("{}://{}{}:{}", self.kind.scheme(), credentials.unwrap_or_default(), self.host, self.port)
    }
}

impl FromStr for Proxy {
    type Err = ProxyError;

    fn from_str(text: &str) -> Result<Self, ProxyError> {
        let text = text.trim();
        let (scheme, rest) =
            text.split_once("://").ok_or_else(|| ProxyError::NoAddress("it has no scheme".to_owned()))?;
        let kind = [ProxyKind::Http, ProxyKind::Socks5, ProxyKind::Socks5h]
            .into_iter()
            .find(|kind| kind.scheme().eq_ignore_ascii_case(scheme))
            .ok_or_else(|| ProxyError::Scheme(scheme.chars().take(20).collect()))?;
        // The crate reads hosts of the web's schemes alone as what they are.
        let url = Url::parse(&format!("http://{rest}")).map_err(|why| ProxyError::NoAddress(why.to_string()))?;
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(ProxyError::Path);
        }
        let host = match url.host() {
            Some(Host::Domain(name)) => name.to_owned(),
            Some(Host::Ipv4(address)) => address.to_string(),
            Some(Host::Ipv6(address)) => format!("[{address}]"),
            None => return Err(ProxyError::NoAddress("it names no host".to_owned())),
        };
        let usual = if kind == ProxyKind::Http { 80 } else { 1080 };
        // The web's own port is not told from none.
        let port = url.port().unwrap_or_else(|| if rest.trim_end_matches('/').ends_with(":80") { 80 } else { usual });
        let credentials = match (url.username(), url.password()) {
            ("", None) => None,
            (user, password) => {
                let decoded = |text: &str| {
                    let text = percent_decode_str(text).decode_utf8().ok()?.into_owned();
                    (text.len() <= 255 && !text.contains(char::is_control)).then_some(text)
                };
                let pair = decoded(user).filter(|user| !user.is_empty()).zip(decoded(password.unwrap_or_default()));
                Some(pair.ok_or(ProxyError::Credentials)?)
            }
        };
        Ok(Self { kind, host, port, credentials })
    }
}

/// Without the credentials.
impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}", self.kind.scheme(), self.host, self.port)
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({self}{})", if self.credentials.is_some() { ", with credentials" } else { "" })
    }
}

/// A language, and where it is spoken: `de-DE`, `zh-Hant-TW`, `en`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Locale(String);

/// Why a text is no [`Locale`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a locale is a language and a country, as in \"de-DE\" or \"en-GB\"")]
pub struct BadLocale;

impl Locale {
    /// As written in requests.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The language alone.
    pub fn language(&self) -> &str {
        self.0.split('-').next().unwrap_or_default()
    }
}

impl FromStr for Locale {
    type Err = BadLocale;

    /// After BCP 47 (RFC 5646): language, script and region, in the case that it recommends.
    fn from_str(text: &str) -> Result<Self, BadLocale> {
        let letters = |part: &str, lengths: &[usize]| {
            lengths.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphabetic())
        };
        let mut parts = text.trim().split('-').peekable();
        let language = parts.next().filter(|part| letters(part, &[2, 3])).ok_or(BadLocale)?;
        let mut said = language.to_ascii_lowercase();
        if let Some(script) = parts.next_if(|part| letters(part, &[4])) {
            said += &format!("-{}{}", script[..1].to_ascii_uppercase(), script[1..].to_ascii_lowercase());
        }
        let digits = |part: &str| part.len() == 3 && part.bytes().all(|byte| byte.is_ascii_digit());
        if let Some(region) = parts.next_if(|part| letters(part, &[2]) || digits(part)) {
            said += &format!("-{}", region.to_ascii_uppercase());
        }
        if parts.next().is_some() { Err(BadLocale) } else { Ok(Self(said)) }
    }
}

/// The languages that are asked for, the best first.
pub fn languages(locale: Option<&Locale>, language: Option<&str>) -> Vec<String> {
    match locale {
        Some(locale) if locale.language() == locale.as_str() => vec![locale.as_str().to_owned()],
        Some(locale) => vec![locale.as_str().to_owned(), locale.language().to_owned()],
        None => vec![language.unwrap_or("en").to_owned()],
    }
}

/// The same as `Accept-Language`; any other is better than none.
pub fn accept_language(locale: Option<&Locale>, language: Option<&str>) -> String {
    let languages = languages(locale, language);
    match &languages[..] {
        [first, second, ..] => format!("{first},{second};q=0.9,*;q=0.5"),
        _ => format!("{},*;q=0.5", languages.join(",")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn headers_are_for_one_site_alone() {
        let headers = Headers::new(&url("https://acme.test/privacy"), [pair("X-Token", "s3cret")]).unwrap();
        let sent = |address: &str| headers.toward(&url(address)).count();
        assert_eq!((sent("https://acme.test/terms?x"), sent("https://acme.test:443/")), (1, 1));
        for elsewhere in
            ["http://acme.test/privacy", "https://acme.test:8443/", "https://www.acme.test/", "https://evil.test/"]
        {
            assert_eq!(sent(elsewhere), 0, "{elsewhere}");
        }
        assert_eq!(Headers::default().toward(&url("https://acme.test/")).count(), 0);
    }

    #[test]
    fn what_others_decide_about_is_refused() {
        for name in [
            "Host",
            "content-length",
            "Connection",
            "TE",
            "Transfer-Encoding",
            "Upgrade",
            "Proxy-Authorization",
            "Accept-Encoding",
            "accept-language",
            "User-Agent",
            "If-None-Match",
            "Range",
            "Content-Type",
            "Expect",
        ] {
            let refused = Headers::new(&url("https://acme.test/"), [pair(name, "x")]).unwrap_err();
            assert!(matches!(refused, HeaderError::NotYours { .. }), "{name}: {refused}");
        }
        for name in ["", "a b", "a:", "ä", "x\r\ny", ":path"] {
            assert!(matches!(check_name(name), Err(HeaderError::Name(_))), "{name:?}");
        }
        for name in ["Authorization", "Cookie", "X-Api-Key", "Accept", "Referer"] {
            assert_eq!(check_name(name), Ok(()), "{name}");
        }
        for value in ["", " ", "a\r\nHost: evil.test", "a\nb", "caf\u{e9}", "\u{7f}"] {
            let refused = Headers::new(&url("https://acme.test/"), [pair("X-A", value)]).unwrap_err();
            assert_eq!(refused, HeaderError::Value("X-A".to_owned()), "{value:?}");
        }
        let twice = Headers::new(&url("https://acme.test/"), [pair("x-a", "1"), pair("X-A", "2")]);
        assert_eq!(twice, Err(HeaderError::Twice("X-A".to_owned())));
        let many = (0..=MAX_HEADERS).map(|n| pair(&format!("x-{n}"), "1"));
        assert_eq!(Headers::new(&url("https://acme.test/"), many), Err(HeaderError::TooMany));
    }

    #[test]
    fn secrets_are_not_printed() {
        let headers = Headers::new(&url("https://acme.test/"), [pair("X-Token", "s3cret")]).unwrap();
        let proxy: Proxy = "http://ada:s3cret@proxy.test:3128".parse().unwrap();
        let access = Access { headers, way: Way::Proxy(proxy.clone()), locale: None };
        let printed = format!("{access:?} {proxy} {}", access.way);
        assert!(!printed.contains("s3cret") && !printed.contains("ada"), "{printed}");
        assert!(printed.contains("X-Token") && printed.contains("http://proxy.test:3128"), "{printed}");
        let refused = Headers::new(&url("https://acme.test/"), [pair("X-Token", "s3cret\n\u{1}")]).unwrap_err();
        assert!(!refused.to_string().contains("s3cret"));
        let refused = "http://ada:s3cret@[:x".parse::<Proxy>().unwrap_err();
        assert!(!format!("{refused} {refused:?}").contains("s3cret"), "{refused:?}");
    }

    #[test]
    fn proxies_are_read() {
        let read = |text: &str| text.parse::<Proxy>().map(|proxy| proxy.to_string()).map_err(|error| error.to_string());
        for (text, expected) in [
            ("http://proxy.test:3128", "http://proxy.test:3128"),
            ("HTTP://Proxy.Test", "http://proxy.test:80"),
            ("http://proxy.test:80/", "http://proxy.test:80"),
            ("socks5://127.0.0.1", "socks5://127.0.0.1:1080"),
            ("socks5://127.0.0.1:80", "socks5://127.0.0.1:80"),
            ("socks5h://[::1]:9050", "socks5h://[::1]:9050"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(expected));
        }
        for text in ["", "proxy.test:3128", "https://proxy.test", "socks4://proxy.test", "http://", "http://a/b"] {
            assert!(read(text).is_err(), "{text}");
        }
        let proxy: Proxy = "socks5://a%40b:p%3Aw@proxy.test:1080".parse().unwrap();
        assert_eq!(proxy.credentials(), Some(("a@b", "p:w")));
        assert_eq!(proxy.with_credentials().parse::<Proxy>(), Ok(proxy));
        assert_eq!("http://:pw@proxy.test".parse::<Proxy>(), Err(ProxyError::Credentials));
        let resolves = |text: &str| text.parse::<Proxy>().unwrap().resolves();
        assert!(resolves("http://a") && resolves("socks5h://a") && !resolves("socks5://a"));
    }

    #[test]
    fn a_locale_says_which_languages_are_read() {
        let says = |text: &str| text.parse::<Locale>().map(|locale| accept_language(Some(&locale), Some("en")));
        assert_eq!(says("de-DE").as_deref(), Ok("de-DE,de;q=0.9,*;q=0.5"));
        assert_eq!(says("ZH-hant-tw").as_deref(), Ok("zh-Hant-TW,zh;q=0.9,*;q=0.5"));
        assert_eq!(says("es-419").as_deref(), Ok("es-419,es;q=0.9,*;q=0.5"));
        assert_eq!(says("fr").as_deref(), Ok("fr,*;q=0.5"));
        for text in ["", "d", "german", "de_DE", "de-DEU", "de-DE-1996", "de-", "de-DE\r\nX: y"] {
            assert!(says(text).is_err(), "{text}");
        }
        assert_eq!(accept_language(None, Some("fr")), "fr,*;q=0.5");
        assert_eq!(accept_language(None, None), "en,*;q=0.5");
    }

    #[test]
    fn a_mark_tells_ways_to_ask_apart_and_no_secret() {
        let with = |value: &str| Access {
            headers: Headers::new(&url("https://acme.test/"), [pair("Cookie", value)]).unwrap(),
            ..Access::default()
        };
        assert_eq!(Access::default().mark(), "");
        assert_eq!((with("a=1").mark().len(), with("a=1").mark()), (4, with("a=1").mark()));
        assert_ne!(with("a=1").mark(), with("a=2").mark());
        let elsewhere = Access { locale: Some("de-DE".parse().unwrap()), ..Access::default() };
        assert_ne!(elsewhere.mark(), with("a=1").mark());
    }
}
