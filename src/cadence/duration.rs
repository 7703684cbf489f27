//! Lengths of time as people write them in a configuration: `30s`, `6h`, `1h 30m`.

use std::time::Duration;

/// The units, longest first, with their length in milliseconds.
const UNITS: [(&str, u64); 6] =
    [("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// A century: more is a slip of the keyboard, and sums with dates would overflow.
const LONGEST: u64 = 100 * 366 * 86_400_000;

/// Reads a length of time: `30s`, `90m`, `6h`, `1d`, `2w`, `250ms`, or several parts from
/// the longest unit to the shortest (`1h 30m`).
///
/// # Errors
/// A sentence that says what is wrong and what would be right.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err("a length of time is missing; write for example \"30s\" or \"6h\"".to_owned());
    }
    let mut total = 0_u64;
    let mut shortest = u64::MAX;
    while !rest.is_empty() {
        let (number, after) = split_where(rest, |c| !c.is_ascii_digit());
        let (unit, after) = split_where(after.trim_start(), |c| !c.is_ascii_alphabetic());
        let number = number.parse::<u64>().map_err(|_| not_a_duration(text))?;
        if unit.is_empty() && after.is_empty() {
            return Err(format!(
                "\"{text}\" has no unit; write for example \"{number}s\", \"{number}m\" or \"{number}h\""
            ));
        }
        let length = UNITS.iter().find(|(name, _)| *name == unit).map(|(_, length)| *length);
        let length = length.ok_or_else(|| not_a_duration(text))?;
        if length >= shortest {
            return Err(format!("the units of \"{text}\" must go from long to short, each once, as in \"1h 30m\""));
        }
        shortest = length;
        total = number
            .checked_mul(length)
            .and_then(|part| total.checked_add(part))
            .filter(|total| *total <= LONGEST)
            .ok_or_else(|| format!("\"{text}\" is longer than a century"))?;
        rest = after.trim_start();
    }
    Ok(Duration::from_millis(total))
}

/// Writes a length of time so that [`parse_duration`] reads it: `1h 30m`; nothing is `0s`.
/// What is shorter than a millisecond is left out.
pub fn format_duration(length: Duration) -> String {
    let mut left = u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
    let mut parts = Vec::new();
    for (name, unit) in UNITS {
        if left >= unit {
            parts.push(format!("{}{name}", left / unit));
            left %= unit;
        }
    }
    if parts.is_empty() { "0s".to_owned() } else { parts.join(" ") }
}

fn not_a_duration(text: &str) -> String {
    format!("\"{text}\" is no length of time; write a whole number and w, d, h, m, s or ms, as in \"6h\" or \"1h 30m\"")
}

fn split_where(text: &str, ends: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(ends).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_write() {
        for (text, seconds) in [
            ("30s", 30),
            ("90m", 5_400),
            ("6h", 21_600),
            ("1d", 86_400),
            ("2w", 1_209_600),
            ("1h 30m", 5_400),
            ("1h30m", 5_400),
            (" 5 m ", 300),
            ("0s", 0),
        ] {
            assert_eq!(parse_duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        assert_eq!(parse_duration("250ms"), Ok(Duration::from_millis(250)));
    }

    #[test]
    fn says_what_is_wrong_with_the_rest() {
        let said: Vec<String> =
            ["", "12", "1.5h", "-1h", "6 hours", "h", "30m 1h", "1h 1h", "9999999w", "99999999999999999999s"]
                .into_iter()
                .map(|text| parse_duration(text).expect_err(text))
                .collect();
        insta::assert_snapshot!(said.join("\n"), @r#"
        a length of time is missing; write for example "30s" or "6h"
        "12" has no unit; write for example "12s", "12m" or "12h"
        "1.5h" is no length of time; write a whole number and w, d, h, m, s or ms, as in "6h" or "1h 30m"
        "-1h" is no length of time; write a whole number and w, d, h, m, s or ms, as in "6h" or "1h 30m"
        "6 hours" is no length of time; write a whole number and w, d, h, m, s or ms, as in "6h" or "1h 30m"
        "h" is no length of time; write a whole number and w, d, h, m, s or ms, as in "6h" or "1h 30m"
        the units of "30m 1h" must go from long to short, each once, as in "1h 30m"
        the units of "1h 1h" must go from long to short, each once, as in "1h 30m"
        "9999999w" is longer than a century
        "99999999999999999999s" is no length of time; write a whole number and w, d, h, m, s or ms, as in "6h" or "1h 30m"
        "#);
    }

    #[test]
    fn writes_what_it_reads() {
        for text in ["0s", "30s", "1h 30m", "12h", "1d", "2w", "1w 1d 1h 1m 1s 1ms"] {
            assert_eq!(format_duration(parse_duration(text).expect(text)), text);
        }
    }
}
