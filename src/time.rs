//! Moments, and the one way they are written.

use chrono::{DateTime, Datelike as _, SecondsFormat, Utc};

/// A moment, in UTC.
pub type Timestamp = DateTime<Utc>;

/// What is recorded as farther ahead than this was recorded by a clock that was wrong; by less,
/// the clock was put right by a little.
pub const WRONG_BY: std::time::Duration = std::time::Duration::from_secs(3600);

/// Writes a moment as fixed-width RFC 3339 UTC with milliseconds
/// (`2026-11-22T06:00:00.000Z`), so that text order is time order.
pub fn rfc3339(at: Timestamp) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Reads what [`rfc3339`] writes, and any other RFC 3339 time.
pub fn parse_rfc3339(text: &str) -> Result<Timestamp, chrono::ParseError> {
    DateTime::parse_from_rfc3339(text).map(|at| at.with_timezone(&Utc))
}

/// Whether [`rfc3339`] writes a moment in its fixed width: years have four digits there.
pub fn is_recordable(at: Timestamp) -> bool {
    (0..=9999).contains(&at.year())
}

/// Whether a clock of ours can have said it, told `now`: one without a battery begins in 1970,
/// and one that is wrong by more than a year in the other direction would keep what waits
/// waiting.
pub fn is_noted(at: Timestamp, now: Timestamp) -> bool {
    at.year() >= 1970 && is_recordable(at) && at - now <= chrono::Duration::days(366)
}

/// Whether an archive can have captured something then, told `now`: nothing is older than the
/// first pages of the web, and clocks are a day apart at most.
pub fn is_archivable(at: Timestamp, now: Timestamp) -> bool {
    at.year() >= 1991 && at - now <= chrono::Duration::days(1)
}

/// Whether a moment can be that of something recorded, told `now`: the web began in 1990,
/// and a clock that is wrong by more than a year is no witness. A capture of a time far to
/// come would be the newest for ever.
pub fn is_plausible(at: Timestamp, now: Timestamp) -> bool {
    at.year() >= 1990 && at - now <= chrono::Duration::days(366)
}
