//! `[defaults]` and `[[watch]]`: what is followed.

use std::collections::BTreeMap;
use std::str::FromStr as _;
use std::time::Duration;

use chrono_tz::{TZ_VARIANTS, Tz};
use url::Url;

use super::Origin;
use super::access;
use super::channels::Channels;
use super::interests;
use super::keys;
use super::table::{Table, Value};
use crate::alternation::ALTERNATION;
use crate::cadence::Schedule;
use crate::interest::{Interest, Recipient};
use crate::judgment::{Materiality, Rules};
use crate::ladder::{Ladder, Render};
use crate::reading::{Page, Selectors};
use crate::silence::STALE_AFTER;
use crate::text::select;
use crate::time::{Timestamp, is_recordable, parse_rfc3339};
use crate::watch::{Former, PolicyType, RobotsRule, Source, WAYBACK, Watch, WatchId};

/// How often a page is looked at if nothing is said.
pub(super) const EVERY: Duration = Duration::from_secs(12 * 3600);

/// Crontab knows nothing shorter either, and no policy changes by the second.
const SHORTEST: Duration = Duration::from_secs(60);

const SOURCES: [&str; 2] = ["live", "wayback"];

const RENDERS: [&str; 3] = ["never", "auto", "always"];

/// What watches take that do not say it themselves.
#[derive(Clone, Debug)]
pub(super) struct Defaults {
    timing: Timing,
    timing_origin: Origin,
    zone: Tz,
    source: Source,
    /// The archives that there are.
    known_archives: Vec<String>,
    archives: Vec<String>,
    pub(super) ladder: Ladder,
    language: Option<String>,
    alternation: Duration,
    confirm: Option<Duration>,
    stale_after: Option<Duration>,
    robots: RobotsRule,
    pub(super) access: access::Usual,
    notify: Vec<Recipient>,
    pub(super) interest: Interest,
    pub(super) disable_rules: Vec<String>,
    tags: Vec<String>,
}

/// A schedule before its time zone is known.
#[derive(Clone, Debug)]
pub(super) enum Timing {
    Cron(String),
    Every(Duration),
}

impl Timing {
    pub(super) fn schedule(&self, zone: Tz) -> Option<Schedule> {
        match self {
            // It was tried where it stands, and what is wrong with it told there.
            Timing::Cron(expression) => Schedule::cron(expression, zone).ok(),
            Timing::Every(period) => Some(Schedule::every(*period)),
        }
    }
}

impl Defaults {
    /// Reads `[defaults]`.
    pub(super) fn read(root: &Table<'_>, channels: &Channels, known_archives: Vec<String>) -> Self {
        let mut defaults = Self {
            timing: Timing::Every(EVERY),
            timing_origin: Origin::Default,
            zone: Tz::UTC,
            source: Source::Live,
            known_archives,
            archives: vec![WAYBACK.to_owned()],
            ladder: Ladder::default(),
            language: None,
            // A change that nobody is told of is worse than one told too widely.
            alternation: ALTERNATION,
            confirm: None,
            stale_after: Some(STALE_AFTER),
            robots: RobotsRule::default(),
            access: access::Usual::default(),
            notify: channels.recipients.clone(),
            interest: Interest::from_materiality(Materiality::Material),
            disable_rules: Vec::new(),
            tags: Vec::new(),
        };
        if let Some(table) = root.table("defaults") {
            if let Some((timing, origin)) = timing(&table) {
                (defaults.timing, defaults.timing_origin) = (timing, origin);
            }
            table.set("timezone", &mut defaults.zone, zone);
            table.set("source", &mut defaults.source, source);
            table.set("render", &mut defaults.ladder.render, render);
            table.set("archive_if_blocked", &mut defaults.ladder.archive, Value::truth);
            let known = &defaults.known_archives;
            table.set("archives", &mut defaults.archives, |value| archives(value, known));
            table.set("language", &mut defaults.language, |value| language(value).map(Some));
            table.set("notify", &mut defaults.notify, |value| notify(value, channels));
            table.set("alternation", &mut defaults.alternation, Value::duration);
            table.set("confirm", &mut defaults.confirm, confirm);
            table.set("stale_after", &mut defaults.stale_after, stale_after);
            table.set("robots", &mut defaults.robots, robots);
            defaults.access = access::Usual::read(&table);
            if let Some(interest) = interests::read(&table, &defaults.interest) {
                defaults.interest = interest;
            }
            table.set("disable_rules", &mut defaults.disable_rules, interests::disabled);
            interests::note_origins(&table, "defaults", false);
            table.set("tags", &mut defaults.tags, words);
        }
        defaults
    }
}

/// The watches that were read, and where each was named first.
#[derive(Debug, Default)]
pub(super) struct Watches {
    pub(super) watches: Vec<Watch>,
    seen: BTreeMap<String, String>,
}

impl Watches {
    /// Reads the watches of one file.
    pub(super) fn read(&mut self, root: &Table<'_>, defaults: &Defaults, channels: &Channels) {
        for table in root.tables("watch") {
            let watch = self.watch(&table, defaults, channels);
            self.watches.extend(watch);
        }
    }

    /// Reads one watch; every key is looked at, whatever is wrong with the others.
    fn watch(&mut self, table: &Table<'_>, defaults: &Defaults, channels: &Channels) -> Option<Watch> {
        let id = table.demand("id", "\"acme-privacy\"").and_then(|value| self.id(&value));
        let url = table.demand("url", "\"https://acme.test/privacy\"").and_then(|value| value.url());
        let zone = table.or("timezone", defaults.zone, zone);
        let timing = timing_or(table, defaults);
        let service = table.or("service", None, |value| value.words().map(Some));
        let policy_type = table.or("type", PolicyType::Other, policy_type);
        let source = table.or("source", defaults.source, source);
        let rendered = table.or("render", defaults.ladder.render, render);
        let archive = table.or("archive_if_blocked", defaults.ladder.archive, Value::truth);
        let archives =
            table.or("archives", defaults.archives.clone(), |value| archives(value, &defaults.known_archives));
        let select = table.or("select", Vec::new(), selectors);
        let remove = table.or("remove", Vec::new(), selectors);
        let own = Selectors { select: select.clone().unwrap_or_default(), remove: remove.clone().unwrap_or_default() };
        let pages = table.or("pages", Vec::new(), |value| pages(value, url.as_ref(), &own));
        let former = table.or("urls", Vec::new(), former);
        let language = table.or("language", defaults.language.clone(), |value| language(value).map(Some));
        let notify = table.or("notify", defaults.notify.clone(), |value| notify(value, channels));
        let alternation = table.or("alternation", defaults.alternation, Value::duration);
        let confirm = table.or("confirm", defaults.confirm, confirm);
        let stale_after = table.or("stale_after", defaults.stale_after, stale_after);
        let robots = table.or("robots", defaults.robots, robots);
        let known = language.as_ref().and_then(Option::as_deref);
        let access = access::read(table, &defaults.access, url.as_ref(), known);
        access::refuse_for_archives(table, source);
        let interest = interests::read(table, &defaults.interest);
        let disabled = table.or("disable_rules", defaults.disable_rules.clone(), interests::disabled);
        let tags = table.or("tags", defaults.tags.clone(), words);

        let (id, url) = (id?, url?);
        let (timing, timing_origin) = timing?;
        interests::note_origins(table, &format!("watch.{id}"), true);
        access::note_origins(table, &format!("watch.{id}"));
        let mut origins = table.file.findings.origins.borrow_mut();
        origins.insert(format!("watch.{id}"), table.file.origin(&table.span));
        origins.insert(format!("watch.{id}.schedule"), timing_origin);
        let own = table.get("archives").map(|value| table.file.origin(&value.key_span));
        if let Some(origin) = own.or_else(|| origins.get("defaults.archives").cloned()) {
            origins.insert(format!("watch.{id}.archives"), origin);
        }
        Some(Watch {
            id,
            service: service?.unwrap_or_else(|| host(&url)),
            url,
            pages: pages?,
            former: former?,
            elsewhere: Vec::new(),
            policy_type: policy_type?,
            schedule: timing.schedule(zone?)?,
            source: source?,
            archives: archives?,
            ladder: Ladder { render: rendered?, archive: archive? },
            selectors: Selectors { select: select?, remove: remove? },
            access: access?,
            language: language?,
            notify: notify?,
            alternation: alternation?,
            confirm: confirm?,
            stale_after: stale_after?,
            robots: robots?,
            interest: interest?,
            // Own rules come when all watches are known.
            rules: Rules::new(Vec::new(), disabled?),
            tags: tags?,
        })
    }

    /// The ids of all, sound or not.
    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        self.seen.keys().map(String::as_str)
    }

    fn id(&mut self, value: &Value<'_>) -> Option<WatchId> {
        let text = value.text()?;
        let Ok(id) = WatchId::new(text) else {
            return value.refuse(
                format!("\"{text}\" is no watch id"),
                "use 1 to 120 letters, digits, dots, dashes or underscores, first a letter or digit",
            );
        };
        let line = value.file.source.line(value.span.start);
        let place = format!("{}:{line}", value.file.source.path.display());
        match self.seen.get(text) {
            Some(first) => value.refuse(
                format!("the watch \"{id}\" is there twice, first at {first}"),
                "give each watch its own id; its history is kept under it",
            ),
            None => {
                self.seen.insert(text.to_owned(), place);
                Some(id)
            }
        }
    }
}

/// The publisher, if nothing better is said.
fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    host.strip_prefix("www.").unwrap_or(host).to_owned()
}

/// A table's own schedule, or what `[defaults]` says.
fn timing_or(table: &Table<'_>, defaults: &Defaults) -> Option<(Timing, Origin)> {
    if table.get("schedule").is_none() && table.get("every").is_none() {
        return Some((defaults.timing.clone(), defaults.timing_origin.clone()));
    }
    timing(table)
}

/// A table's own schedule, with its place.
pub(super) fn timing(table: &Table<'_>) -> Option<(Timing, Origin)> {
    let schedule = table.get("schedule");
    let every = table.get("every");
    if let (Some(schedule), Some(every)) = (&schedule, &every) {
        let second = if schedule.key_span.start > every.key_span.start { schedule } else { every };
        let message = "schedule and every are both given, and only one can be followed".to_owned();
        let hint = "keep schedule for times of the clock, every for intervals".to_owned();
        table.file.note(second.key_span.clone(), message, Some(hint));
    }
    // Both are read, so that what is wrong in either is told.
    let cron = schedule.as_ref().map(|value| (crontab(value), value.file.origin(&value.key_span)));
    let interval = every.as_ref().map(|value| {
        let period = value.duration_from(SHORTEST);
        (period.map(Timing::Every), value.file.origin(&value.key_span))
    });
    let (timing, origin) = cron.or(interval)?;
    Some((timing?, origin))
}

fn crontab(value: &Value<'_>) -> Option<Timing> {
    let text = value.text()?;
    match Schedule::cron(text, Tz::UTC) {
        Ok(_) => Some(Timing::Cron(text.to_owned())),
        Err(_) if crate::cadence::parse_duration(text).is_ok() => {
            value.refuse(format!("\"{text}\" is an interval, not a schedule"), format!("write every = \"{text}\""))
        }
        Err(error) => value.refuse(error.message, error.hint.unwrap_or_default()),
    }
}

pub(super) fn zone(value: &Value<'_>) -> Option<Tz> {
    let text = value.text()?;
    Tz::from_str(text).ok().or_else(|| {
        let hint = match keys::nearest(text, TZ_VARIANTS.iter().map(|zone| zone.name())) {
            Some(zone) => format!("did you mean \"{zone}\"?"),
            None => "use a name of the IANA database, as in \"Europe/Paris\" or \"UTC\"".to_owned(),
        };
        value.refuse(format!("\"{text}\" is no time zone"), hint)
    })
}

fn source(value: &Value<'_>) -> Option<Source> {
    value.word(&SOURCES, |word| [Source::Live, Source::Wayback].into_iter().find(|source| source.as_str() == word))
}

/// Names of archives, each once.
fn archives(value: &Value<'_>, known: &[String]) -> Option<Vec<String>> {
    let mut seen: Vec<String> = Vec::new();
    let mut one = |value: &Value<'_>| {
        let name = value.words()?;
        if !known.contains(&name) {
            let hint = match known {
                [_] => "name it under [[archive]], with its base_url and its kind".to_owned(),
                _ => keys::suggestion(&name, known.iter().map(String::as_str)),
            };
            return value.refuse(format!("no archive is called \"{name}\""), hint);
        }
        if seen.contains(&name) {
            return value.refuse(format!("the archive \"{name}\" is there twice"), "name each archive once");
        }
        seen.push(name.clone());
        Some(name)
    };
    // Each is looked at before the first wrong one decides.
    let names: Vec<_> = value.list()?.iter().map(&mut one).collect();
    let names: Vec<String> = names.into_iter().collect::<Option<_>>()?;
    if names.is_empty() {
        let hint = "leave it out for the one under [wayback]; archive_if_blocked = false keeps checks from asking any";
        return value.refuse("archives is empty", hint);
    }
    Some(names)
}

fn render(value: &Value<'_>) -> Option<Render> {
    value.word(&RENDERS, Render::parse)
}

/// How long to wait for a second look; `"0s"` for none, where `[defaults]` has one.
fn confirm(value: &Value<'_>) -> Option<Option<Duration>> {
    if value.duration()?.is_zero() { Some(None) } else { value.duration_from(SHORTEST).map(Some) }
}

/// For how long looks may be in vain; `"0s"` for ever.
fn stale_after(value: &Value<'_>) -> Option<Option<Duration>> {
    if value.duration()?.is_zero() { Some(None) } else { value.duration_from(SHORTEST).map(Some) }
}

fn robots(value: &Value<'_>) -> Option<RobotsRule> {
    value.word(&RobotsRule::ALL.map(RobotsRule::as_str), |word| {
        RobotsRule::ALL.into_iter().find(|rule| rule.as_str() == word)
    })
}

fn policy_type(value: &Value<'_>) -> Option<PolicyType> {
    value.word(&PolicyType::ALL.map(|(_, word)| word), PolicyType::parse)
}

fn language(value: &Value<'_>) -> Option<String> {
    let text = value.text()?;
    if text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return Some(text.to_owned());
    }
    value.refuse(format!("\"{text}\" is no language"), "use the two small letters of ISO 639-1, as in \"en\" or \"fr\"")
}

fn words(value: &Value<'_>) -> Option<Vec<String>> {
    value.list()?.iter().map(Value::words).collect()
}

pub(super) fn notify(value: &Value<'_>, channels: &Channels) -> Option<Vec<Recipient>> {
    let known = |value: &Value<'_>| {
        let name = value.words()?;
        if let Some(recipient) = channels.recipients.iter().find(|recipient| recipient.channel == name) {
            return Some(recipient.clone());
        }
        if channels.names.contains(&name) || channels.incomplete {
            return Some(Recipient::from(name.as_str()));
        }
        let hint = match &channels.names[..] {
            [] => "there is no [[channel]] yet; add one".to_owned(),
            _ => keys::suggestion(&name, channels.names.iter().map(String::as_str)),
        };
        value.refuse(format!("no channel is called \"{name}\""), hint)
    };
    // Each name is looked at before the first wrong one decides.
    let names: Vec<_> = value.list()?.iter().map(known).collect();
    names.into_iter().collect()
}

/// The pages that follow the first: addresses, or tables with selectors of their own.
fn pages(value: &Value<'_>, first: Option<&Url>, own: &Selectors) -> Option<Vec<Page>> {
    let mut seen: Vec<Url> = first.into_iter().cloned().collect();
    let mut page = |value: &Value<'_>| {
        let (place, page) = match value.inline("pages") {
            None => (value.clone(), Page { url: value.url()?, selectors: own.clone() }),
            Some(table) => {
                let url = table.demand("url", "\"https://acme.test/annex\"")?;
                let select = table.or("select", own.select.clone(), selectors);
                let remove = table.or("remove", own.remove.clone(), selectors);
                let selectors = Selectors { select: select?, remove: remove? };
                (url.clone(), Page { url: url.url()?, selectors })
            }
        };
        if seen.contains(&page.url) {
            return place.refuse(format!("the page {} is there twice", page.url), "name each page of the policy once");
        }
        seen.push(page.url.clone());
        Some(page)
    };
    // Each page is looked at before the first wrong one decides.
    let pages: Vec<_> = value.list()?.iter().map(&mut page).collect();
    pages.into_iter().collect()
}

/// Where a page was before, each until when.
fn former(value: &Value<'_>) -> Option<Vec<Former>> {
    let one = |value: &Value<'_>| {
        let Some(table) = value.inline("urls") else {
            return value.refuse(
                "urls must be tables, each with the day until which the page was there",
                "write { url = \"https://acme.test/old\", until = \"2019-05-01\" }",
            );
        };
        let url = table.demand("url", "\"https://acme.test/old\"").and_then(|value| value.url());
        let until = table.demand("until", "\"2019-05-01\"").and_then(|value| moment(&value));
        Some(Former { url: url?, until: until? })
    };
    // Each is looked at before the first wrong one decides.
    let former: Vec<_> = value.list()?.iter().map(one).collect();
    let former: Vec<Former> = former.into_iter().collect::<Option<_>>()?;
    if former.windows(2).any(|pair| pair[0].until >= pair[1].until) {
        return value.refuse("urls are not in the order of time", "put the oldest first, each until a later day");
    }
    Some(former)
}

/// A day, or a moment.
fn moment(value: &Value<'_>) -> Option<Timestamp> {
    let text = value.words()?;
    let day = || Some(chrono::NaiveDate::parse_from_str(&text, "%Y-%m-%d").ok()?.and_hms_opt(23, 59, 59)?.and_utc());
    let moment = day().or_else(|| parse_rfc3339(&text).ok()).filter(|at| is_recordable(*at));
    moment.or_else(|| value.refuse(format!("\"{text}\" is no day"), "write it as in \"2019-05-01\""))
}

fn selectors(value: &Value<'_>) -> Option<Vec<String>> {
    let sound = |value: &Value<'_>| {
        let text = value.words()?;
        match select::check(&text) {
            Ok(()) => Some(text),
            Err(why) if text.contains("..") || text.starts_with("before ") || text.starts_with("after ") => value
                .refuse(why, "a range is written \"before h1 .. before footer\", with before or after on each side"),
            Err(why) => value.refuse(why, "test it in a browser: document.querySelector(\"…\")"),
        }
    };
    let selectors: Vec<_> = value.one_or_more()?.iter().map(sound).collect();
    selectors.into_iter().collect()
}
