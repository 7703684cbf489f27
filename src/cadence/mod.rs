//! When to look again: crontab expressions and intervals, spread, backoff.
//!
//! This is the one retry policy of checks, and it is pure: a failed check is recorded and
//! due again later. Everything is computed from `now`, so runs that were missed while
//! nothing ran become one.

mod crontab;
mod duration;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use chrono_tz::Tz;
use sha2::{Digest as _, Sha256};

use crate::time::Timestamp;
use crate::watch::{Watch, WatchId};
use crontab::Crontab;
pub use crontab::ScheduleError;
pub use duration::{format_duration, parse_duration};

/// When a watch is due.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule(Kind);

#[derive(Clone, Debug, PartialEq)]
enum Kind {
    Cron(Box<Crontab>),
    Every(Duration),
}

/// Shown as configured: `0 6 * * 1 (Europe/Paris)`, `every 12h`.
impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Cron(crontab) => write!(f, "{crontab}"),
            Kind::Every(period) => write!(f, "every {}", format_duration(*period)),
        }
    }
}

/// Reads what [`fmt::Display`] writes; also a bare length of time (`12h`), and an
/// expression without a time zone, which is in UTC.
impl FromStr for Schedule {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        if let Ok(period) = parse_duration(text.strip_prefix("every ").unwrap_or(text)) {
            return Ok(Self::every(period));
        }
        let (expression, zone) = match text.strip_suffix(')').and_then(|text| text.rsplit_once(" (")) {
            Some((expression, zone)) => (expression, zone.parse().map_err(|_| ScheduleError::no_zone(zone))?),
            None => (text, Tz::UTC),
        };
        Self::cron(expression, zone)
    }
}

impl Schedule {
    /// Reads a crontab expression: five fields or a shorthand such as `@daily`, evaluated
    /// on the wall clock of `zone`.
    ///
    /// # Errors
    /// Which field is wrong, and what would be right; also if no day ever matches.
    pub fn cron(expression: &str, zone: Tz) -> Result<Self, ScheduleError> {
        Crontab::parse(expression, zone).map(|crontab| Self(Kind::Cron(Box::new(crontab))))
    }

    /// A fixed time from one check to the next; at least a second.
    pub fn every(period: Duration) -> Self {
        Self(Kind::Every(period.max(Duration::from_secs(1))))
    }

    /// The first moment after `after` that the schedule names; none if it names no more
    /// (crontab expressions are followed up to the year 2100).
    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        match &self.0 {
            Kind::Cron(crontab) => crontab.next_after(after),
            Kind::Every(period) => later(after, *period),
        }
    }

    /// How long after `at` it may be put off: a tenth of the time to the run after that.
    fn patience(&self, at: Timestamp) -> Duration {
        let following = self.next_after(at).unwrap_or(at);
        (following - at).to_std().unwrap_or_default() / 10
    }
}

/// How much later than its schedule a watch runs, so that a hundred watches with one
/// schedule do not start in one second: from zero to `window`, always the same for one id.
pub fn spread(watch: &WatchId, window: Duration) -> Duration {
    let digest = Sha256::digest(watch.as_str().as_bytes());
    let share = digest.iter().take(8).fold(0_u64, |share, byte| share << 8 | u64::from(*byte));
    // The window times a fraction of 2^64; whole milliseconds, as times are stored.
    let milliseconds = window.as_millis().saturating_mul(u128::from(share)) >> 64;
    Duration::from_millis(u64::try_from(milliseconds).unwrap_or(u64::MAX))
}

/// When a new watch is checked first: at once, but for its spread.
pub fn first_due(schedule: &Schedule, watch: &WatchId, spread_window: Duration, now: Timestamp) -> Timestamp {
    later(now, spread(watch, spread_window.min(schedule.patience(now)))).unwrap_or(now)
}

/// Why a configuration that is put in force says anew when a watch is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comes {
    /// Nothing is known of it yet: new, back again, or at another address.
    New,
    /// It has another schedule than before.
    Rescheduled,
}

/// When each of so many watches is due as a configuration is put in force at `now`: a new
/// one soon, a rescheduled one by its new schedule.
///
/// First checks are spread over ten seconds a watch at most, since whoever adds one watch
/// waits for it, and whoever adds a thousand does not.
pub fn in_force(
    watches: usize,
    spread_window: Duration,
    now: Timestamp,
) -> impl Fn(&Watch, Comes) -> Option<Timestamp> + Send + 'static {
    let first_window = first_spread(spread_window, watches);
    move |watch, comes| match comes {
        Comes::New => Some(first_due(&watch.schedule, &watch.id, first_window, now)),
        Comes::Rescheduled => next_check(&watch.schedule, &watch.id, spread_window, now, 0, None),
    }
}

fn first_spread(configured: Duration, watches: usize) -> Duration {
    configured.min(Duration::from_secs(10).saturating_mul(u32::try_from(watches).unwrap_or(u32::MAX)))
}

/// Pauses after failures that may pass by themselves; the last one goes on.
pub const BACKOFF: [Duration; 5] = [
    Duration::from_secs(10 * 60),
    Duration::from_secs(30 * 60),
    Duration::from_secs(3600),
    Duration::from_secs(2 * 3600),
    Duration::from_secs(6 * 3600),
];

/// The longest that a server may put us off with `Retry-After`.
pub const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(24 * 3600);

/// When a watch that was just checked is due again.
///
/// That is the schedule's next time after `now`, plus the watch's [`spread`] (bounded by a
/// tenth of the time to the run after it). Intervals are not spread again: the first check
/// was, and adding to every period would make them longer than configured.
///
/// `failures` counts the failures in a row that may pass by themselves, this check
/// included; after them it is tried earlier, with growing pauses ([`BACKOFF`]), never later
/// than the schedule says. Only `retry_after` can make it later, by a day at most.
///
/// None if the schedule names no more times.
pub fn next_check(
    schedule: &Schedule,
    watch: &WatchId,
    spread_window: Duration,
    now: Timestamp,
    failures: u32,
    retry_after: Option<Duration>,
) -> Option<Timestamp> {
    let scheduled = schedule.next_after(now)?;
    let regular = match schedule.0 {
        Kind::Cron(_) => later(scheduled, spread(watch, spread_window.min(schedule.patience(scheduled))))?,
        Kind::Every(_) => scheduled,
    };
    let due = match backoff(failures) {
        Some(pause) => regular.min(later(now, pause + spread(watch, spread_window.min(pause / 10)))?),
        None => regular,
    };
    let asked = retry_after.unwrap_or_default().min(LONGEST_RETRY_AFTER);
    Some(due.max(later(now, asked)?))
}

fn backoff(failures: u32) -> Option<Duration> {
    let place = usize::try_from(failures).unwrap_or(usize::MAX).checked_sub(1)?;
    Some(BACKOFF[place.min(BACKOFF.len() - 1)])
}

fn later(at: Timestamp, by: Duration) -> Option<Timestamp> {
    at.checked_add_signed(chrono::Duration::from_std(by).ok()?)
}

#[cfg(test)]
mod tests;
