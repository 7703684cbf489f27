//! What is in force, and why: the answer of `config check`.

use std::fmt;
use std::path::Path;

use serde::Serialize;
use url::Url;

use super::{Config, Origin, ScopedRule, access, interests};
use crate::cadence::{format_duration, next_check};
use crate::channel::{ChannelKind, ChannelOptions};
use crate::guard::Allowed;
use crate::interest::Interest;
use crate::judgment::Practice;
use crate::time::{Timestamp, rfc3339};
use crate::watch::{RobotsRule, Watch};

/// Everything that is in force. [`fmt::Display`] writes it for people, serde for programs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InForce {
    /// The file; none: defaults only.
    pub path: Option<String>,
    /// The settings of the program.
    pub settings: Vec<Setting>,
    /// Who can be told.
    pub channels: Vec<ChannelInForce>,
    /// What is followed.
    pub watches: Vec<WatchInForce>,
    /// Own rules.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<RuleInForce>,
}

/// One own rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleInForce {
    /// Its id, as findings cite it.
    pub id: String,
    /// What it looks for.
    pub pattern: String,
    /// When it fires.
    pub when: &'static str,
    /// What it is about.
    pub practice: Option<&'static str>,
    /// How severe it is; 0: it silences.
    pub severity: u8,
    /// Why it matters.
    pub why: String,
    /// The ids of the watches that it is for.
    pub watches: Vec<String>,
    /// The tags of the watches that it is for; where neither is given, it is for all.
    pub tags: Vec<String>,
    /// Where it is configured.
    pub origin: String,
}

/// One setting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Setting {
    /// Its name with its table: `fetch.timeout`.
    pub name: String,
    /// Its value, as it would be written.
    pub value: String,
    /// Where it comes from: `default`, `FILE:LINE` or `$VARIABLE`.
    pub origin: String,
}

/// One channel; secrets, and paths of URLs that may be one, are left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChannelInForce {
    /// Its name.
    pub name: String,
    /// What it is, in words.
    pub what: String,
    /// What it asks for, where that is not everything.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub settings: Vec<Setting>,
    /// Where it is configured.
    pub origin: String,
}

/// One watch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WatchInForce {
    /// Its name.
    pub id: String,
    /// The page.
    pub url: String,
    /// The pages that follow it, where the policy stands on several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pages: Vec<String>,
    /// Where it was before, each until when.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub urls: Vec<String>,
    /// The kind of text.
    pub r#type: String,
    /// Where it looks.
    pub source: String,
    /// When it is read with a browser.
    pub render: &'static str,
    /// When it looks.
    pub schedule: String,
    /// Where the schedule comes from.
    pub schedule_origin: String,
    /// When it would look next if it looked now.
    pub next_check_at: Option<String>,
    /// Who is told.
    pub notify: Vec<String>,
    /// From which materiality on.
    pub alert_at: String,
    /// Within which time a text that comes back is a turn of an alternation.
    pub alternation: String,
    /// After which time a second look must find a change again before anybody is told.
    pub confirm: Option<String>,
    /// What its site's wishes for robots count.
    pub robots: &'static str,
    /// For how long looks may be in vain before that is told.
    pub stale_after: Option<String>,
    /// What decides who is told and is not by default.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub settings: Vec<Setting>,
    /// The own rules that its changes are judged by.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<String>,
    /// Where it is configured.
    pub origin: String,
}

/// Says everything that is in force, and what would be due after `now`.
pub fn in_force(config: &Config, now: Timestamp) -> InForce {
    let origin = |name: &str| config.origins.get(name).unwrap_or(&Origin::Default).to_string();
    InForce {
        path: config.path.as_ref().map(|path| path.display().to_string()),
        settings: settings(config)
            .into_iter()
            .map(|(name, value)| Setting { origin: origin(name), name: name.to_owned(), value })
            .chain(config.fetch.archives.iter().map(|(name, archive)| Setting {
                name: format!("archive.{name}"),
                value: format!("{{ base_url = \"{}\", kind = \"{}\" }}", archive.base_url, archive.kind.as_str()),
                origin: origin(&format!("archive.{name}")),
            }))
            .collect(),
        channels: config
            .channels
            .iter()
            .map(|channel| ChannelInForce {
                name: channel.name.clone(),
                what: what(channel),
                settings: of_channel(config, &channel.name, &origin),
                origin: origin(&format!("channel.{}", channel.name)),
            })
            .collect(),
        watches: config.watches.iter().map(|watch| watch_in_force(config, watch, now, &origin)).collect(),
        rules: config.rules.iter().map(|rule| rule_in_force(rule, &origin)).collect(),
    }
}

fn watch_in_force(config: &Config, watch: &Watch, now: Timestamp, origin: &dyn Fn(&str) -> String) -> WatchInForce {
    WatchInForce {
        id: watch.id.to_string(),
        url: watch.url.to_string(),
        pages: watch.pages.iter().map(|page| page.url.to_string()).collect(),
        urls: watch
            .former
            .iter()
            .map(|former| format!("{} until {}", former.url, former.until.format("%Y-%m-%d")))
            .collect(),
        r#type: watch.policy_type.as_str().to_owned(),
        source: watch.source.as_str().to_owned(),
        render: watch.ladder.render.as_str(),
        schedule: watch.schedule.to_string(),
        schedule_origin: origin(&format!("watch.{}.schedule", watch.id)),
        next_check_at: next_check(&watch.schedule, &watch.id, config.scheduler.spread, now, 0, None).map(rfc3339),
        alternation: format_duration(watch.alternation),
        confirm: watch.confirm.map(format_duration),
        robots: watch.robots.as_str(),
        stale_after: watch.stale_after.map(format_duration),
        notify: watch.notify.iter().map(|recipient| recipient.channel.clone()).collect(),
        alert_at: watch.interest.alert_at.as_str().to_owned(),
        settings: of_watch(watch, origin),
        rules: watch.rules.own().iter().map(|rule| rule.id().to_owned()).collect(),
        origin: origin(&format!("watch.{}", watch.id)),
    }
}

fn rule_in_force(scoped: &ScopedRule, origin: &dyn Fn(&str) -> String) -> RuleInForce {
    let ScopedRule { rule, watches, tags } = scoped;
    RuleInForce {
        id: rule.id().to_owned(),
        pattern: rule.pattern().to_owned(),
        when: rule.when.as_str(),
        practice: rule.practice.map(Practice::as_str),
        severity: rule.severity,
        why: rule.why.clone(),
        watches: watches.clone(),
        tags: tags.clone(),
        origin: origin(&format!("rule.{}", rule.id())),
    }
}

/// What somebody asks for, key by key, as it would be written.
fn interest(interest: &Interest) -> [(&'static str, String); 4] {
    let ids = |practices: &[Practice]| list(practices.iter().map(|practice| practice.as_str()));
    let values = [
        format!("\"{}\"", interest.alert_at.as_str()),
        interest.min_severity.to_string(),
        ids(&interest.practices),
        ids(&interest.ignore_practices),
    ];
    let mut values = values.into_iter();
    interests::KEYS.map(|key| (key, values.next().unwrap_or_default()))
}

fn list<'a>(ids: impl Iterator<Item = &'a str>) -> String {
    format!("[{}]", ids.map(|id| format!("\"{id}\"")).collect::<Vec<_>>().join(", "))
}

fn of_channel(config: &Config, name: &str, origin: &dyn Fn(&str) -> String) -> Vec<Setting> {
    let asks = config.recipients.iter().find(|recipient| recipient.channel == name);
    asks.map_or_else(Vec::new, |recipient| said(interest(&recipient.interest), &format!("channel.{name}"), origin))
}

fn of_watch(watch: &Watch, origin: &dyn Fn(&str) -> String) -> Vec<Setting> {
    let disabled = ("disable_rules", list(watch.rules.disabled()));
    let archives = ("archives", list(watch.archives.iter().map(String::as_str)));
    let access = access::shown(&watch.access);
    said(
        interest(&watch.interest).into_iter().chain([disabled, archives]).chain(access),
        &format!("watch.{}", watch.id),
        origin,
    )
}

/// The settings that somebody has said, with the place.
fn said(
    settings: impl IntoIterator<Item = (&'static str, String)>,
    name: &str,
    origin: &dyn Fn(&str) -> String,
) -> Vec<Setting> {
    settings
        .into_iter()
        .map(|(key, value)| Setting { name: key.to_owned(), value, origin: origin(&format!("{name}.{key}")) })
        .filter(|setting| setting.origin != Origin::Default.to_string())
        .collect()
}

/// Every setting, as it would be written.
fn settings(config: &Config) -> Vec<(&'static str, String)> {
    let text = |text: &dyn fmt::Display| toml::Value::String(text.to_string()).to_string();
    let time = |length| format!("\"{}\"", format_duration(length));
    let (fetch, browser) = (&config.fetch, &config.fetch.browser);
    let allow: Vec<String> = fetch
        .allow
        .iter()
        .map(|allowed| match allowed {
            Allowed::Host(host) => text(host),
            Allowed::Network(network) => text(network),
        })
        .collect();
    let mut settings = vec![
        ("store.path", text(&config.store_path.display())),
        ("fetch.user_agent", text(&fetch.user_agent)),
        ("fetch.timeout", time(fetch.timeout)),
        ("fetch.connect_timeout", time(fetch.connect_timeout)),
        ("fetch.max_body", format!("\"{}\"", size(fetch.max_body))),
        ("fetch.max_redirects", fetch.max_redirects.to_string()),
        ("fetch.pause_per_host", time(fetch.pause_per_host)),
        ("fetch.allow", format!("[{}]", allow.join(", "))),
        (
            "fetch.extra_ca",
            text(&fetch.extra_ca.as_ref().map_or_else(String::new, |own| own.path().display().to_string())),
        ),
        (
            "browser.path",
            text(&browser.path.as_ref().map_or_else(|| "auto".to_owned(), |path| path.display().to_string())),
        ),
        ("browser.timeout", time(browser.timeout)),
        ("browser.memory", format!("\"{}\"", size(browser.memory))),
        ("browser.traffic", format!("\"{}\"", size(browser.traffic))),
        ("browser.at_once", browser.at_once.to_string()),
        ("browser.sandbox", browser.sandbox.to_string()),
        ("wayback.base_url", text(&fetch.wayback.base_url)),
        ("wayback.kind", text(&fetch.wayback.kind.as_str())),
        ("wayback.index_pause", time(fetch.wayback.index_pause)),
        ("wayback.capture_pause", time(fetch.wayback.capture_pause)),
        ("wayback.timeout", time(fetch.wayback.timeout)),
        ("wayback.narrow", fetch.wayback.narrow.to_string()),
        (
            "wayback.save_keys_file",
            text(&fetch.wayback.save_keys.as_ref().map_or_else(String::new, |keys| keys.path.display().to_string())),
        ),
        ("scheduler.concurrency", config.scheduler.concurrency.to_string()),
        ("scheduler.spread", time(config.scheduler.spread)),
        ("log.filter", text(&config.log.filter)),
        ("log.json", config.log.json.to_string()),
    ];
    if let Some(heartbeat) = &config.heartbeat {
        // Its path may be a secret of its own.
        settings.push(("heartbeat.url", text(&without_path(&heartbeat.url))));
        settings.push(("heartbeat.every", time(heartbeat.every)));
        let way = heartbeat.proxy.as_ref().map_or_else(|| "direct".to_owned(), access::shown_proxy);
        settings.push(("heartbeat.proxy", text(&way)));
    }
    if let Some(coverage) = &config.coverage {
        let told: Vec<String> = coverage.notify.iter().map(|channel| text(channel)).collect();
        settings.push(("coverage.schedule", text(&coverage.schedule)));
        settings.push(("coverage.notify", format!("[{}]", told.join(", "))));
    }
    settings
}

/// A number of bytes in the largest unit that divides it.
fn size(bytes: u64) -> String {
    const UNITS: [(&str, u64); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    match UNITS.into_iter().find(|(_, unit)| bytes > 0 && bytes.is_multiple_of(*unit)) {
        Some((name, unit)) => format!("{} {name}", bytes / unit),
        None => format!("{bytes} B"),
    }
}

fn what(channel: &ChannelOptions) -> String {
    match &channel.kind {
        ChannelKind::Webhook { url, secret, timeout, proxy } => {
            let signed = if secret.is_some() { "signed" } else { "unsigned" };
            let way =
                proxy.as_ref().map_or_else(String::new, |proxy| format!(", through {}", access::shown_proxy(proxy)));
            format!("webhook to {}, {signed}, given up after {}{way}", without_path(url), format_duration(*timeout))
        }
        ChannelKind::Stdout => "standard output".to_owned(),
        ChannelKind::File { path } => format!("file {}", path.display()),
    }
}

/// A URL up to its path: many services put their secret there.
fn without_path(url: &Url) -> String {
    let rest = if url.path().len() > 1 || url.query().is_some() { "…" } else { "" };
    format!("{}/{rest}", url.origin().ascii_serialization())
}

impl fmt::Display for InForce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Beside the main file, a name says enough.
        let home = self.path.as_deref().and_then(|path| Path::new(path).parent()).unwrap_or(Path::new(""));
        let short = |origin: &str| {
            Path::new(origin).strip_prefix(home).map_or_else(|_| origin.to_owned(), |short| short.display().to_string())
        };
        let mut table = "";
        for setting in &self.settings {
            let (name, key) = setting.name.split_once('.').unwrap_or(("", &setting.name));
            if name != table {
                writeln!(f, "{}[{name}]", if table.is_empty() { "" } else { "\n" })?;
                table = name;
            }
            writeln!(f, "{:<44}  # {}", format!("{key} = {}", setting.value), short(&setting.origin))?;
        }
        writeln!(f, "\nchannels{}", if self.channels.is_empty() { ": none, so nobody is told" } else { "" })?;
        for channel in &self.channels {
            writeln!(f, "  {}: {}  # {}", channel.name, channel.what, short(&channel.origin))?;
            write_settings(f, &channel.settings, short)?;
        }
        writeln!(f, "\nwatches{}", if self.watches.is_empty() { ": none" } else { "" })?;
        self.watches.iter().try_for_each(|watch| watch.write(f, short))?;
        if !self.rules.is_empty() {
            writeln!(f, "\nown rules")?;
        }
        self.rules.iter().try_for_each(|rule| rule.write(f, short))
    }
}

fn write_settings(f: &mut fmt::Formatter<'_>, settings: &[Setting], short: impl Fn(&str) -> String) -> fmt::Result {
    for setting in settings {
        let said = format!("{} = {}", setting.name, setting.value);
        writeln!(f, "      {said:<38}  # {}", short(&setting.origin))?;
    }
    Ok(())
}

impl RuleInForce {
    fn write(&self, f: &mut fmt::Formatter<'_>, short: impl Fn(&str) -> String) -> fmt::Result {
        writeln!(f, "  {}  # {}", self.id, short(&self.origin))?;
        let does = match (self.severity, self.practice) {
            (0, _) => "left out of account".to_owned(),
            (severity, None) => format!("severity {severity}"),
            (severity, Some(practice)) => format!("severity {severity}, {practice}"),
        };
        let when = match self.when {
            "added" => "words that come and match",
            "removed" => "words that go and match",
            "either" => "words that come or go and match",
            _ => "changed sentences that match",
        };
        writeln!(f, "    {does}: {when} {}", self.pattern)?;
        writeln!(f, "    {}", self.why)?;
        let tags: Vec<String> = self.tags.iter().map(|tag| format!("tag {tag}")).collect();
        match [&self.watches[..], &tags[..]].concat() {
            all if all.is_empty() => Ok(()),
            some => writeln!(f, "    only for {}", some.join(", ")),
        }
    }
}

impl WatchInForce {
    fn write(&self, f: &mut fmt::Formatter<'_>, short: impl Fn(&str) -> String) -> fmt::Result {
        writeln!(f, "  {}  # {}", self.id, short(&self.origin))?;
        let rendered = match self.render {
            "never" => ", never with a browser",
            "always" => ", always with a browser",
            _ => "",
        };
        writeln!(f, "    {} of {}, {}{rendered}", self.r#type, self.url, self.source)?;
        for former in &self.urls {
            writeln!(f, "      before at {former}")?;
        }
        for page in &self.pages {
            writeln!(f, "    and of {page}")?;
        }
        let next = self.next_check_at.as_deref().unwrap_or("never");
        writeln!(f, "    {}, next {next}  # {}", self.schedule, short(&self.schedule_origin))?;
        match &self.notify[..] {
            [] => writeln!(f, "    nobody is told"),
            names => writeln!(f, "    tells {} of {} changes", names.join(", "), degrees(&self.alert_at)),
        }?;
        write_settings(f, &self.settings, &short)?;
        let confirmed =
            self.confirm.as_ref().map(|after| format!("; a change counts once it is seen again after {after}"));
        writeln!(f, "    a text that is back within {} alternates{}", self.alternation, confirmed.unwrap_or_default())?;
        if self.robots != RobotsRule::default().as_str() {
            writeln!(f, "    whatever the site's robots.txt says")?;
        }
        if let Some(after) = self.stale_after.as_ref().filter(|_| !self.notify.is_empty()) {
            writeln!(f, "    told if it cannot be seen for {after}")?;
        }
        match &self.rules[..] {
            [] => Ok(()),
            rules => writeln!(f, "    judged by {} too", rules.join(", ")),
        }
    }
}

fn degrees(alert_at: &str) -> &str {
    match alert_at {
        "material" => "material",
        "minor" => "minor and material",
        _ => "all",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Environment, KEYS};

    #[test]
    fn every_key_with_one_value_is_shown() {
        let config = Config::defaults_in(&Environment::default());
        let shown: Vec<&str> = settings(&config).into_iter().map(|(name, _)| name).collect();
        for (table, keys) in KEYS.iter().filter(|(table, _)| {
            ![
                "",
                "defaults",
                "archive",
                "heartbeat",
                "coverage",
                "channel",
                "watch",
                "pages",
                "urls",
                "rule",
                "example",
                "secret",
            ]
            .contains(table)
        }) {
            for key in *keys {
                // The contact is a part of the user agent.
                let name = format!("{table}.{key}");
                assert!(name == "fetch.contact" || shown.contains(&name.as_str()), "{name}");
            }
        }
    }
}
