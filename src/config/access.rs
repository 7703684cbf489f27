//! `headers`, `proxy` and `locale`: how a watch's pages are asked for.

use url::Url;

use super::Origin;
use super::secrets;
use super::table::{Table, Value};
use crate::access::{Access, Headers, Locale, Proxy, Way};
use crate::watch::Source;

/// The keys of this module that `[defaults]` may have, too.
const SHARED: [&str; 2] = ["proxy", "locale"];

/// What watches take that do not say it themselves.
#[derive(Clone, Debug, Default)]
pub(super) struct Usual {
    way: Way,
    locale: Option<Locale>,
}

impl Usual {
    /// Reads those keys of `[defaults]`.
    pub(super) fn read(table: &Table<'_>) -> Self {
        let mut usual = Self::default();
        table.set("proxy", &mut usual.way, way);
        table.set("locale", &mut usual.locale, |value| locale(value).map(Some));
        usual
    }

    /// The proxy for whatever names none of its own.
    pub(super) fn proxy(&self) -> Option<Proxy> {
        match &self.way {
            Way::Proxy(proxy) => Some(proxy.clone()),
            Way::AsUsual | Way::Direct => None,
        }
    }
}

/// What one watch says, given its page and the language that its text must be in.
pub(super) fn read(table: &Table<'_>, usual: &Usual, url: Option<&Url>, language: Option<&str>) -> Option<Access> {
    let headers = table.or("headers", Headers::default(), |value| headers(value, url));
    let way = table.or("proxy", usual.way.clone(), way);
    // That of [defaults] is meant for pages in its language.
    let inherited = usual.locale.clone().filter(|locale| language.is_none_or(|language| locale.language() == language));
    let locale = table.or("locale", inherited, |value| {
        let locale = locale(value)?;
        match language.filter(|language| *language != locale.language()) {
            None => Some(Some(locale)),
            Some(language) => value.refuse(
                format!("the locale {} asks for another language than \"{language}\"", locale.as_str()),
                format!("write \"{language}-…\" with the country, or change language"),
            ),
        }
    });
    Some(Access { headers: headers?, way: way?, locale: locale? })
}

/// Notes what is said of a page that is only looked for in an archive.
pub(super) fn refuse_for_archives(table: &Table<'_>, source: Option<Source>) {
    if source != Some(Source::Wayback) {
        return;
    }
    for value in ["headers", "proxy", "locale"].into_iter().filter_map(|key| table.get(key)) {
        let message = format!("{} means nothing for a watch that looks in an archive", value.key);
        table.file.note(value.key_span.clone(), message, Some("leave it out, or set source = \"live\"".to_owned()));
    }
}

/// Notes where they come from.
pub(super) fn note_origins(table: &Table<'_>, name: &str) {
    let mut origins = table.file.findings.origins.borrow_mut();
    for key in ["headers", "proxy", "locale"] {
        let own = table.get(key).map(|value| table.file.origin(&value.key_span));
        let default = || origins.get(&format!("defaults.{key}")).filter(|_| SHARED.contains(&key)).cloned();
        let origin = own.or_else(default).unwrap_or(Origin::Default);
        origins.insert(format!("{name}.{key}"), origin);
    }
}

fn headers(value: &Value<'_>, url: Option<&Url>) -> Option<Headers> {
    const EXAMPLE: &str = "write headers = { Authorization = { file = \"acme.token\" } }";
    let entries = value.entries(EXAMPLE)?;
    // Each is looked at before the first wrong one decides.
    let read: Vec<_> = entries
        .into_iter()
        .map(|(name, entry)| {
            let text = secrets::text(&entry)?;
            let site = Url::parse("https://acme.test/").expect("a constant URL");
            match Headers::new(&site, [(name.clone(), text.clone())]) {
                Ok(_) => Some((name, text)),
                Err(why) => {
                    value.refuse(why.to_string(), "headers are those that the site asks for: a token, a cookie")
                }
            }
        })
        .collect();
    let all: Vec<_> = read.into_iter().collect::<Option<_>>()?;
    // Without an address, that is what is told.
    match Headers::new(url?, all) {
        Ok(headers) => Some(headers),
        Err(why) => value.refuse(why.to_string(), EXAMPLE),
    }
}

fn way(value: &Value<'_>) -> Option<Way> {
    let written = secrets::is_written(value);
    let text = secrets::text(value)?;
    if written && text == "direct" {
        return Some(Way::Direct);
    }
    match text.parse::<Proxy>() {
        Ok(proxy) if written && proxy.credentials().is_some() => value.refuse(
            "proxy carries credentials, which whoever reads this file sees",
            "put the whole address into a file: proxy = { file = \"proxy.url\" }",
        ),
        Ok(proxy) => Some(Way::Proxy(proxy)),
        Err(why) => value.refuse(
            format!("proxy cannot be used: {why}"),
            "write \"http://proxy.acme.test:3128\", \"socks5://…\", \"socks5h://…\" or \"direct\"",
        ),
    }
}

/// The way of what is no page: through a proxy, or (none) directly.
pub(super) fn proxy(value: &Value<'_>) -> Option<Option<Proxy>> {
    way(value).map(|way| if let Way::Proxy(proxy) = way { Some(proxy) } else { None })
}

/// A proxy as it is shown: without what may be a secret.
pub(super) fn shown_proxy(proxy: &Proxy) -> String {
    let credentials = if proxy.credentials().is_some() { ", with credentials" } else { "" };
    format!("{proxy}{credentials}")
}

fn locale(value: &Value<'_>) -> Option<Locale> {
    let text = value.text()?;
    text.parse().ok().or_else(|| {
        let why = crate::access::BadLocale;
        value.refuse(format!("\"{text}\" is no locale"), why.to_string())
    })
}

/// The settings as they would be written, without what may be a secret.
pub(super) fn shown(access: &Access) -> [(&'static str, String); 3] {
    let names: Vec<&str> = access.headers.names().collect();
    let way = match &access.way {
        Way::Proxy(proxy) if proxy.credentials().is_some() => format!("\"{proxy}\", with credentials"),
        way => format!("\"{way}\""),
    };
    let locale = access.locale.as_ref().map_or("", Locale::as_str);
    [
        ("headers", format!("{} (values are not shown)", names.join(", "))),
        ("proxy", way),
        ("locale", format!("\"{locale}\"")),
    ]
}
