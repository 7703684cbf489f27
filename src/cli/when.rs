//! Dates as people give them, and moments as people read them.

use chrono::NaiveDate;

use super::complaint::Complaint;
use crate::time::{Timestamp, parse_rfc3339};

/// A year, a month, a day or a moment: all that lies between two moments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its first moment.
    pub start: Timestamp,
    /// Its last second.
    pub end: Timestamp,
}

impl Span {
    /// Reads `2024`, `2024-05`, `2024-05-01` or an RFC 3339 time.
    pub fn parse(text: &str) -> Result<Self, Complaint> {
        let bad = || {
            Complaint::usage(format!("\"{text}\" is no date"))
                .hint("use 2024, 2024-05, 2024-05-01 or 2024-05-01T12:00:00Z")
        };
        if text.contains('T') || text.contains(' ') {
            let at = parse_rfc3339(text).map_err(|_| bad())?;
            return Ok(Self { start: at, end: at });
        }
        let parts: Vec<&str> = text.split('-').collect();
        let shape: Vec<usize> = parts.iter().map(|part| part.len()).collect();
        if !matches!(shape[..], [4] | [4, 2] | [4, 2, 2]) || !text.chars().all(|c| c.is_ascii_digit() || c == '-') {
            return Err(bad());
        }
        let numbers: Vec<u32> = parts.iter().filter_map(|part| part.parse().ok()).collect();
        let (Some(&year), month, day) = (numbers.first(), numbers.get(1), numbers.get(2)) else {
            return Err(bad());
        };
        let date = |year, month, day| i32::try_from(year).ok().and_then(|y| NaiveDate::from_ymd_opt(y, month, day));
        let first = date(year, *month.unwrap_or(&1), *day.unwrap_or(&1)).ok_or_else(bad)?;
        let next = match (month, day) {
            (_, Some(_)) => first.succ_opt(),
            (Some(&month), None) if month < 12 => date(year, month + 1, 1),
            _ => date(year + 1, 1, 1),
        }
        .ok_or_else(bad)?;
        let midnight = |date: NaiveDate| date.and_time(chrono::NaiveTime::MIN).and_utc();
        Ok(Self { start: midnight(first), end: midnight(next) - chrono::Duration::seconds(1) })
    }
}

/// A moment as people read it: to the minute, UTC.
pub fn minute(at: Timestamp) -> String {
    at.format("%Y-%m-%d %H:%M").to_string()
}

/// A day.
pub fn day(at: Timestamp) -> String {
    at.format("%Y-%m-%d").to_string()
}

/// How far away a moment is: `3 h ago`, `in 2 d`.
pub fn relative(at: Timestamp, now: Timestamp) -> String {
    let seconds = (now - at).num_seconds();
    let amount = match seconds.unsigned_abs() {
        0..=44 => return "now".to_owned(),
        s @ 45..3_600 => format!("{} min", (s + 30) / 60),
        s @ 3_600..86_400 => format!("{} h", s / 3_600),
        s @ 86_400..5_184_000 => format!("{} d", s / 86_400),
        s @ 5_184_000..63_072_000 => format!("{} mo", s / 2_629_800),
        s => format!("{} y", s / 31_557_600),
    };
    if seconds >= 0 { format!("{amount} ago") } else { format!("in {amount}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(text: &str) -> String {
        match Span::parse(text) {
            Ok(span) => format!("{}..{}", span.start.format("%FT%T"), span.end.format("%FT%T")),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn dates_are_read_as_all_that_they_name() {
        for (text, expected) in [
            ("2024", "2024-01-01T00:00:00..2024-12-31T23:59:59"),
            ("2024-02", "2024-02-01T00:00:00..2024-02-29T23:59:59"),
            ("2024-12", "2024-12-01T00:00:00..2024-12-31T23:59:59"),
            ("2024-05-01", "2024-05-01T00:00:00..2024-05-01T23:59:59"),
            ("2024-05-01T12:30:00+02:00", "2024-05-01T10:30:00..2024-05-01T10:30:00"),
            ("24", "\"24\" is no date"),
            ("2024-13", "\"2024-13\" is no date"),
            ("2024-02-30", "\"2024-02-30\" is no date"),
            ("2024-5-1", "\"2024-5-1\" is no date"),
            ("2024-05-01-01", "\"2024-05-01-01\" is no date"),
            ("2024-05-xx", "\"2024-05-xx\" is no date"),
            ("yesterday", "\"yesterday\" is no date"),
        ] {
            assert_eq!(span(text), expected, "{text}");
        }
    }

    #[test]
    fn distances_are_said_in_the_unit_that_people_would_use() {
        let now = parse_rfc3339("2026-01-01T00:00:00Z").unwrap();
        for (seconds, expected) in [
            (0, "now"),
            (90, "2 min ago"),
            (-90, "in 2 min"),
            (7_300, "2 h ago"),
            (-3 * 86_400, "in 3 d"),
            (90 * 86_400, "2 mo ago"),
            (3 * 31_557_600, "3 y ago"),
        ] {
            assert_eq!(relative(now - chrono::Duration::seconds(seconds), now), expected);
        }
    }
}
