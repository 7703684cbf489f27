//! `[store]`, `[fetch]`, `[browser]`, `[wayback]`, `[[archive]]`, `[scheduler]` and `[log]`.

use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;

use super::table::{Table, Value};
use super::{Config, Origin};
use crate::fetch::browser::BrowserOptions;
use crate::fetch::{ArchiveKind, SaveKeys};
use crate::guard::Allowed;
use crate::http::Authorities;
use crate::watch::WAYBACK;
use crate::{fetch, telemetry};

/// Less memory than an empty browser takes, in bytes.
const LEAST_MEMORY: u64 = 256 * 1024 * 1024;

/// Reads the tables of one value each into the defaults. Answers with the names of archives,
/// sound or not.
pub(super) fn read(root: &Table<'_>, config: &mut Config) -> Vec<String> {
    if let Some(table) = root.table("store") {
        table.set("path", &mut config.store_path, Value::path);
    }
    if let Some(table) = root.table("fetch") {
        read_fetch(&table, &mut config.fetch);
    }
    if let Some(table) = root.table("browser") {
        read_browser(&table, &mut config.fetch.browser);
    }
    if let Some(table) = root.table("wayback") {
        let wayback = &mut config.fetch.wayback;
        read_archive(&table, wayback);
        table.set("narrow", &mut wayback.narrow, Value::truth);
    }
    let mut names = vec![WAYBACK.to_owned()];
    for table in root.tables("archive") {
        let name = table.demand("name", "\"arquivo\"").and_then(|value| archive_name(&value, config));
        let mut options = fetch::WaybackOptions::default();
        let address = table.demand("base_url", "\"https://arquivo.pt/wayback\"");
        read_archive(&table, &mut options);
        if let Some(name) = &name {
            names.push(name.clone());
            let origin = table.file.origin(&table.span);
            table.file.findings.origins.borrow_mut().insert(format!("archive.{name}"), origin);
        }
        config.fetch.archives.extend(name.filter(|_| address.is_some()).map(|name| (name, options)));
    }
    if let Some(table) = root.table("scheduler") {
        // More than 64 checks at once is no longer polite, nor faster: a check is mostly waiting for one host.
        table.set("concurrency", &mut config.scheduler.concurrency, |value| value.count(1..=64));
        table.set("spread", &mut config.scheduler.spread, Value::duration);
    }
    if let Some(table) = root.table("log") {
        table.set("filter", &mut config.log.filter, filter);
        table.set("json", &mut config.log.json, Value::truth);
    }
    names
}

fn read_fetch(table: &Table<'_>, options: &mut fetch::Options) {
    const INSTANT: Duration = Duration::from_millis(1);
    table.set("user_agent", &mut options.user_agent, header);
    table.set("timeout", &mut options.timeout, |value| value.duration_from(INSTANT));
    table.set("connect_timeout", &mut options.connect_timeout, |value| value.duration_from(INSTANT));
    table.set("max_body", &mut options.max_body, Value::size);
    table.set("max_redirects", &mut options.max_redirects, |value| value.count(0..=50));
    table.set("pause_per_host", &mut options.pause_per_host, Value::duration);
    table.set("allow", &mut options.allow, |value| {
        let items = value.list()?;
        Some(items.iter().filter_map(allowed).collect())
    });
    table.set("extra_ca", &mut options.extra_ca, |value| {
        if value.text()?.is_empty() { Some(None) } else { authorities(value).map(Some) }
    });
    let mut contact = None;
    table.set("contact", &mut contact, |value| header(value).map(Some));
    if let Some(contact) = contact {
        // RFC 9110, section 10.1.5: what serves people stands in a comment after the product.
        options.user_agent = format!("{} (+{contact})", options.user_agent);
        let mut origins = table.file.findings.origins.borrow_mut();
        let origin = origins.get("fetch.contact").cloned().unwrap_or(Origin::Default);
        origins.entry("fetch.user_agent".to_owned()).or_insert(origin);
    }
}

/// Certificates of authorities, from a file.
fn authorities(value: &Value<'_>) -> Option<Authorities> {
    let path = value.path()?;
    let hint = "it must hold the certificates of your own authorities in PEM";
    match std::fs::read(&path) {
        Ok(pem) => Authorities::read(path.clone(), &pem)
            .map_or_else(|why| value.refuse(format!("{} is of no use: {why}", path.display()), hint), Some),
        Err(error) => value.refuse(format!("{} cannot be read: {error}", path.display()), hint),
    }
}

fn read_archive(table: &Table<'_>, options: &mut fetch::WaybackOptions) {
    table.set("base_url", &mut options.base_url, archive);
    table.set("kind", &mut options.kind, |value| {
        value.word(&ArchiveKind::ALL.map(ArchiveKind::as_str), |word| {
            ArchiveKind::ALL.into_iter().find(|kind| kind.as_str() == word)
        })
    });
    let caps = if options.is_internet_archive() { CAPS } else { [Duration::ZERO; 2] };
    table.set("index_pause", &mut options.index_pause, |value| value.duration_from(caps[0]));
    table.set("capture_pause", &mut options.capture_pause, |value| value.duration_from(caps[1]));
    table.set("timeout", &mut options.timeout, |value| value.duration_from(Duration::from_millis(1)));
    table.set("save_keys_file", &mut options.save_keys, |value| {
        if value.text()?.is_empty() { Some(None) } else { save_keys(value).map(Some) }
    });
}

/// `ACCESS:SECRET`, from a file.
fn save_keys(value: &Value<'_>) -> Option<SaveKeys> {
    let path = value.path()?;
    let hint = "write both keys of https://archive.org/account/s3.php there: ACCESS:SECRET";
    let keys = match std::fs::read_to_string(&path) {
        Ok(keys) => keys.trim().to_owned(),
        Err(error) => return value.refuse(format!("the keys cannot be read from {}: {error}", path.display()), hint),
    };
    let sound = keys.split_once(':').is_some_and(|(access, secret)| !access.is_empty() && !secret.is_empty());
    if sound && keys.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Some(SaveKeys::new(path, keys));
    }
    value.refuse(format!("{} does not hold two keys", path.display()), hint)
}

/// What the Internet Archive asks clients to stay below: 24 requests a minute to its index,
/// 480 for captures. Whoever does not is locked out, and everybody behind the same address.
const CAPS: [Duration; 2] = [Duration::from_millis(2500), Duration::from_millis(125)];

/// What an archive is called on the command line.
fn archive_name(value: &Value<'_>, config: &Config) -> Option<String> {
    let name = value.words()?;
    if name == WAYBACK || config.fetch.archives.iter().any(|(known, _)| *known == name) {
        return value.refuse(
            format!("there is an archive \"{name}\" already"),
            "give each archive its own name; \"wayback\" is the one under [wayback]",
        );
    }
    Some(name)
}

fn read_browser(table: &Table<'_>, options: &mut BrowserOptions) {
    // A browser takes a second to start and to prove its way out.
    const SHORTEST: Duration = Duration::from_secs(5);
    table.set("path", &mut options.path, |value| match value.text()? {
        "auto" => Some(None),
        _ => value.path().map(Some),
    });
    table.set("timeout", &mut options.timeout, |value| value.duration_from(SHORTEST));
    table.set("memory", &mut options.memory, |value| {
        let size = value.size()?;
        if size >= LEAST_MEMORY {
            return Some(size);
        }
        value.refuse("memory is too small for any browser", "an empty one takes 256 MiB")
    });
    table.set("traffic", &mut options.traffic, Value::size);
    table.set("at_once", &mut options.at_once, |value| value.count(1..=16));
    table.set("sandbox", &mut options.sandbox, Value::truth);
}

/// Text that fits into a header field.
fn header(value: &Value<'_>) -> Option<String> {
    let text = value.words()?;
    if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return Some(text);
    }
    value.refuse(format!("{} has characters that a request cannot carry", value.key), "use plain ASCII")
}

fn archive(value: &Value<'_>) -> Option<url::Url> {
    let url = value.url()?;
    if url.query().is_none() && url.fragment().is_none() {
        return Some(url);
    }
    value.refuse(
        "base_url has a query or a fragment, to which nothing can be appended",
        "write \"https://web.archive.org\"",
    )
}

fn filter(value: &Value<'_>) -> Option<String> {
    let text = value.words()?;
    match telemetry::check_filter(&text) {
        Ok(()) => Some(text),
        Err(why) => value.refuse(
            format!("\"{text}\" is no filter: {why}"),
            "write \"error\", \"warn\", \"info\", \"debug\" or \"trace\", or by module: \"info,policywatch::fetch=debug\"",
        ),
    }
}

/// A host by name, an address or a network.
fn allowed(value: &Value<'_>) -> Option<Allowed> {
    let text = value.words()?.to_lowercase();
    if let Ok(network) = text.parse::<IpNet>() {
        return Some(Allowed::Network(network.trunc()));
    }
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(Allowed::Network(IpNet::from(address)));
    }
    match url::Host::parse(&text) {
        Ok(url::Host::Domain(host)) if !text.contains(['*', ':', '/']) => Some(Allowed::Host(host)),
        _ => value.refuse(
            format!("\"{text}\" is no host and no network"),
            "write a host without scheme and port, an address or a network: \"intranet.example\", \"10.1.0.0/16\"",
        ),
    }
}
