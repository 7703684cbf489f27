//! Crontab expressions, as people write them, on a wall clock that jumps twice a year.
//!
//! The five fields are those of crontab(5) (Vixie cron); they are translated to the `cron`
//! crate, whose dialect differs: seconds first, 1 = Sunday, both day fields ANDed.
//!
//! The expression is evaluated on the local wall clock as if that clock never jumped, and
//! the result is mapped to a moment: a time that does not exist runs when the clock next
//! shows anything; a time that exists twice runs once, the first time. An expression for
//! every hour is different: it names minutes, not times of day, so it runs in the repeated
//! hour as in any other, and the hour that does not exist is simply not there.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Duration, NaiveDateTime, Offset, TimeZone, Utc};
use chrono_tz::Tz;

use crate::time::Timestamp;

/// Why a text is no schedule, and what would be one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ScheduleError {
    /// What is wrong; names the field.
    pub message: String,
    /// What would be right.
    pub hint: Option<String>,
}

impl ScheduleError {
    fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: Some(hint.into()) }
    }

    pub(super) fn no_zone(zone: &str) -> Self {
        Self::new(format!("\"{zone}\" is no time zone"), "use a name of the IANA database, as in \"Europe/Paris\"")
    }
}

/// A crontab expression in a time zone.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Crontab {
    expression: String,
    zone: Tz,
    /// One; two if day of month and day of week are both given, because either is enough.
    rules: Vec<cron::Schedule>,
    every_hour: bool,
}

impl fmt::Display for Crontab {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.expression, self.zone)
    }
}

/// One of the five fields.
struct Field {
    name: &'static str,
    least: u32,
    /// What `*` reaches; day of week takes 7 as well, for Sunday.
    most: u32,
    names: &'static [&'static str],
}

const MINUTE: Field = Field { name: "minute", least: 0, most: 59, names: &[] };
const HOUR: Field = Field { name: "hour", least: 0, most: 23, names: &[] };
const DAY_OF_MONTH: Field = Field { name: "day of month", least: 1, most: 31, names: &[] };
const MONTH: Field = Field {
    name: "month",
    least: 1,
    most: 12,
    names: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
};
const DAY_OF_WEEK: Field =
    Field { name: "day of week", least: 0, most: 6, names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"] };

const SHORTHANDS: [(&str, &str); 7] = [
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
];

const FIELDS: &str =
    "five fields: minute, hour, day of month, month, day of week, as in \"0 6 * * 1\" (Mondays at 06:00)";

impl Crontab {
    /// Reads an expression.
    pub(super) fn parse(text: &str, zone: Tz) -> Result<Self, ScheduleError> {
        let expression = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let spelled_out = spell_out(&expression)?;
        let fields: Vec<&str> = spelled_out.split(' ').collect();
        let [minute, hour, day, month, weekday] = fields[..] else {
            return Err(wrong_count(&expression, &fields));
        };
        let minutes = MINUTE.parse(minute)?;
        let hours = HOUR.parse(hour)?;
        let days = DAY_OF_MONTH.parse(day)?;
        let months = MONTH.parse(month)?;
        let weekdays = DAY_OF_WEEK.parse(weekday)?;

        let rule = |days: Set, weekdays: Set| {
            let dialect = format!(
                "0 {} {} {} {} {}",
                MINUTE.list(minutes, 0),
                HOUR.list(hours, 0),
                DAY_OF_MONTH.list(days, 0),
                MONTH.list(months, 0),
                DAY_OF_WEEK.list(weekdays, 1),
            );
            cron::Schedule::from_str(&dialect)
                .map_err(|error| ScheduleError::new(format!("\"{expression}\" is no schedule: {error}"), FIELDS))
        };
        // crontab(5): if both day fields are restricted (do not start with *), either is enough.
        let either = !day.starts_with('*') && !weekday.starts_with('*');
        let rules = if either {
            vec![rule(days, DAY_OF_WEEK.all())?, rule(DAY_OF_MONTH.all(), weekdays)?]
        } else {
            vec![rule(days, weekdays)?]
        };
        let crontab = Self { every_hour: hours == HOUR.all(), expression, zone, rules };
        // Eight years from a fixed day hold every combination of month, day and leap day
        // once; only a day that no month has never comes.
        if crontab.next_wall(NaiveDateTime::default()).is_none() {
            return Err(ScheduleError::new(
                format!("\"{}\" never comes: no such month has a day {day}", crontab.expression),
                "use a day that the month has",
            ));
        }
        Ok(crontab)
    }

    /// The first moment after `after` that the expression names; none after the year 2100.
    pub(super) fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        let now = after.with_timezone(&self.zone);
        let mut wall = now.naive_local();
        let next = loop {
            wall = self.next_wall(wall)?;
            if let Some(moment) = self.moment(wall, after) {
                break moment;
            }
        };
        let repeated = if self.every_hour { self.in_repeated_hour(&now) } else { None };
        Some(repeated.map_or(next, |repeated| next.min(repeated)))
    }

    /// The first time on the wall clock after `wall` that the expression names.
    fn next_wall(&self, wall: NaiveDateTime) -> Option<NaiveDateTime> {
        self.rules.iter().filter_map(|rule| rule.after(&wall.and_utc()).next()).min().map(|at| at.naive_utc())
    }

    /// When the wall clock shows `wall`, if that is after `after` and counts.
    fn moment(&self, wall: NaiveDateTime, after: Timestamp) -> Option<Timestamp> {
        let moment = match self.zone.from_local_datetime(&wall) {
            chrono::LocalResult::Single(at) => at.to_utc(),
            chrono::LocalResult::Ambiguous(first, second) if self.every_hour && first <= after => second.to_utc(),
            chrono::LocalResult::Ambiguous(first, _) => first.to_utc(),
            chrono::LocalResult::None if self.every_hour => return None,
            chrono::LocalResult::None => self.after_gap(wall)?,
        };
        (moment > after).then_some(moment)
    }

    /// The first full minute after a time that does not exist.
    fn after_gap(&self, wall: NaiveDateTime) -> Option<Timestamp> {
        // The widest gap ever was the whole day that Samoa left out in 2011.
        const WIDEST: i64 = 25 * 60;
        (1..=WIDEST).find_map(|minutes| {
            self.zone.from_local_datetime(&(wall + Duration::minutes(minutes))).earliest().map(|at| at.to_utc())
        })
    }

    /// The first time in the second round of a repeated hour, if `now` is in its first round.
    fn in_repeated_hour(&self, now: &DateTime<Tz>) -> Option<Timestamp> {
        let (first, second) = match self.zone.from_local_datetime(&now.naive_local()) {
            chrono::LocalResult::Ambiguous(first, second) if first.offset().fix() == now.offset().fix() => {
                (first, second)
            }
            _ => return None,
        };
        let set_back = self.set_back_between(first.to_utc(), second.to_utc(), second.offset().fix());
        let start = self.zone.from_utc_datetime(&set_back.naive_utc()).naive_local() - Duration::seconds(1);
        match self.zone.from_local_datetime(&self.next_wall(start)?) {
            chrono::LocalResult::Ambiguous(_, second) => Some(second.to_utc()),
            _ => None,
        }
    }

    /// The second at which the clock is set back: halves the time between until it is found.
    fn set_back_between(&self, before: Timestamp, after: Timestamp, new: chrono::FixedOffset) -> Timestamp {
        let (mut before, mut after) = (before.timestamp(), after.timestamp());
        while after - before > 1 {
            let middle = before + (after - before) / 2;
            let at = DateTime::<Utc>::from_timestamp(middle, 0).expect("between two moments is a moment");
            if self.zone.offset_from_utc_datetime(&at.naive_utc()).fix() == new {
                after = middle;
            } else {
                before = middle;
            }
        }
        DateTime::from_timestamp(after, 0).expect("between two moments is a moment")
    }
}

/// Puts the five fields in place of a shorthand such as `@daily`.
fn spell_out(expression: &str) -> Result<String, ScheduleError> {
    if !expression.starts_with('@') {
        return Ok(expression.to_owned());
    }
    let lower = expression.to_ascii_lowercase();
    SHORTHANDS.iter().find(|(name, _)| *name == lower).map(|(_, fields)| (*fields).to_owned()).ok_or_else(|| {
        let known = SHORTHANDS.map(|(name, _)| name).join(", ");
        ScheduleError::new(format!("\"{expression}\" is no schedule"), format!("the shorthands are {known}"))
    })
}

fn wrong_count(expression: &str, fields: &[&str]) -> ScheduleError {
    let message = match fields.len() {
        1 if fields[0].is_empty() => "the schedule is empty".to_owned(),
        1 => format!("\"{expression}\" has 1 field, a schedule has 5"),
        count => format!("\"{expression}\" has {count} fields, a schedule has 5"),
    };
    let hint = match fields {
        [first, ..] if first.contains('=') => {
            format!("the time zone goes into the key timezone; a schedule has {FIELDS}")
        }
        [_, five @ ..] if five.len() == 5 => {
            format!("crontab has no field for seconds (and none for years): write \"{}\"", five.join(" "))
        }
        _ => FIELDS.to_owned(),
    };
    ScheduleError::new(message, hint)
}

/// Numbers from 0 to 59, one bit each.
type Set = u64;

impl Field {
    fn all(&self) -> Set {
        (self.least..=self.most).fold(0, |set, number| set | 1 << number)
    }

    /// The numbers that a field names.
    fn parse(&self, text: &str) -> Result<Set, ScheduleError> {
        let mut set = 0;
        for item in text.split(',') {
            set |= self.item(item)?;
        }
        // Sunday is 0 and 7.
        if self.most == DAY_OF_WEEK.most && set & 1 << 7 != 0 {
            set = set & !(1 << 7) | 1;
        }
        Ok(set)
    }

    /// `*`, `5`, `mon`, `1-5`, each but single numbers with an optional `/step`.
    fn item(&self, item: &str) -> Result<Set, ScheduleError> {
        let (range, step) = match item.split_once('/') {
            Some((range, step)) => (range, Some(step)),
            None => (item, None),
        };
        let (first, last) = if range == "*" {
            (self.least, self.most)
        } else if let Some((first, last)) = range.split_once('-') {
            (self.number(first, item)?, self.last(last, item)?)
        } else {
            let number = self.number(range, item)?;
            if let Some(step) = step {
                return Err(self.error(
                    format!("a step needs a range, and \"{range}\" is a single number"),
                    format!("write \"{number}-{}/{step}\"", self.most),
                ));
            }
            (number, number)
        };
        if first > last {
            return Err(self.error(
                format!("the range \"{range}\" runs backwards"),
                format!("write \"{first}-{},{}-{last}\"", self.most, self.least),
            ));
        }
        let step = step.map_or(Ok(1), |step| self.step(step))?;
        Ok((first..=last).step_by(step).fold(0, |set, number| set | 1 << number))
    }

    fn step(&self, text: &str) -> Result<usize, ScheduleError> {
        let most = self.most - self.least;
        match text.parse::<u32>() {
            Ok(step) if (1..=most).contains(&step) => Ok(step as usize),
            _ => Err(self.error(format!("\"{text}\" is no step"), format!("steps go from 1 to {most}"))),
        }
    }

    /// The end of a range; Sunday may end a week.
    fn last(&self, text: &str, item: &str) -> Result<u32, ScheduleError> {
        let number = self.number(text, item)?;
        Ok(if self.most == DAY_OF_WEEK.most && number == 0 { 7 } else { number })
    }

    fn number(&self, text: &str, item: &str) -> Result<u32, ScheduleError> {
        let lower = text.to_ascii_lowercase();
        if let Some(place) = self.names.iter().position(|name| *name == lower) {
            return Ok(self.least + place as u32);
        }
        let most = if self.most == DAY_OF_WEEK.most { 7 } else { self.most };
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse::<u32>() {
            Ok(number) if digits && (self.least..=most).contains(&number) => Ok(number),
            _ => Err(self.no_number(text, item)),
        }
    }

    fn no_number(&self, text: &str, item: &str) -> ScheduleError {
        let range = match self.names {
            [first, .., last] if self.least == 0 => format!("0 to 7 (0 and 7 are Sunday) or {first} to {last}"),
            [first, .., last] => format!("{} to {} or {first} to {last}", self.least, self.most),
            _ => format!("{} to {}", self.least, self.most),
        };
        if item.is_empty() || text.is_empty() {
            return self.error("a number is missing".to_owned(), format!("write {range}, or * for every one"));
        }
        if text.contains(['?', 'L', 'W', '#']) && !text.contains(|c: char| c.is_ascii_alphabetic() && !"LW".contains(c))
        {
            return self.error(
                format!("\"{text}\" is not known to crontab"),
                format!("?, L, W and # belong to other schedulers; write {range}, or * for every one"),
            );
        }
        ScheduleError::new(format!("\"{text}\" is no {}", self.name), format!("write {range}, or * for every one"))
    }

    fn error(&self, what: String, hint: String) -> ScheduleError {
        ScheduleError::new(format!("in the field {}: {what}", self.name), hint)
    }

    /// A set in the dialect of the `cron` crate; `shift` is what that counts from.
    fn list(&self, set: Set, shift: u32) -> String {
        if set == self.all() {
            return "*".to_owned();
        }
        let numbers = (self.least..=self.most).filter(|number| set & 1 << number != 0);
        numbers.map(|number| (number + shift).to_string()).collect::<Vec<_>>().join(",")
    }
}
