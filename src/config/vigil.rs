//! `[heartbeat]` and `[coverage]`: what the daemon says of itself.

use std::time::Duration;

use url::Url;

use super::access;
use super::channels::Channels;
use super::table::{Table, Value};
use super::watches::{Timing, notify, timing, zone};
use crate::access::Proxy;
use crate::coverage;

/// How often a monitor is shown that we live, if nothing is said.
const EVERY: Duration = Duration::from_secs(5 * 60);

/// Monitors count in minutes.
const SHORTEST: Duration = Duration::from_secs(10);

/// A week: long enough to be read, short enough to be missed.
const PERIOD: Duration = Duration::from_secs(7 * 24 * 3600);

/// `[heartbeat]`.
#[derive(Clone, Debug, PartialEq)]
pub struct HeartbeatOptions {
    /// What is asked for.
    pub url: Url,
    /// How often.
    pub every: Duration,
    /// The way there; none: directly.
    pub proxy: Option<Proxy>,
}

/// Reads `[heartbeat]`; without a `url` there is none.
pub(super) fn heartbeat(root: &Table<'_>) -> Option<HeartbeatOptions> {
    let table = root.table("heartbeat")?;
    let every = table.or("every", EVERY, |value| value.duration_from(SHORTEST));
    let url = table.demand("url", "\"https://monitor.acme.test/ping/4711\"").and_then(|value| value.url());
    let proxy = table.or("proxy", None, access::proxy);
    for key in ["url", "every", "proxy"] {
        if let Some(value) = table.get(key) {
            let origin = table.file.origin(&value.key_span);
            table.file.findings.origins.borrow_mut().insert(format!("heartbeat.{key}"), origin);
        }
    }
    Some(HeartbeatOptions { url: url?, every: every?, proxy: proxy? })
}

/// Reads `[coverage]`; without the table there are no statements.
pub(super) fn coverage(root: &Table<'_>, channels: &Channels) -> Option<coverage::Options> {
    let table = root.table("coverage")?;
    let known = || channels.recipients.clone();
    let told = table.or("notify", known(), |value: &Value<'_>| notify(value, channels));
    let zone = table.or("timezone", chrono_tz::Tz::UTC, zone);
    let timed = table.get("schedule").is_some() || table.get("every").is_some();
    let (timing, origin) = match timed {
        true => timing(&table)?,
        false => (Timing::Every(PERIOD), super::Origin::Default),
    };
    table.file.findings.origins.borrow_mut().insert("coverage.schedule".to_owned(), origin);
    let notify = told?.into_iter().map(|recipient| recipient.channel).collect();
    Some(coverage::Options { schedule: timing.schedule(zone?)?, notify })
}
