//! Captures that an archive lists of a page, and which of them to fetch: each text once,
//! and of a long history only as many as show when the text changed.
//!
//! Pure, and without memory: what is fetched next follows from what is known, so that a
//! run that was killed goes on where it would have gone.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::Datelike as _;

use crate::snapshot::Digest;
use crate::time::Timestamp;

/// The SHA-1 of nothing: what most redirects have for a digest, however they differ.
pub const EMPTY: &str = "3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ";

/// One capture of an archive's index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capture {
    /// The archive's 14 digits, as given: part of the playback URL.
    pub timestamp: String,
    /// When that is; repaired where the digits are no date.
    pub captured_at: Timestamp,
    /// The URL really captured.
    pub original: String,
    /// As the archive names it (`text/html`, `warc/revisit`, `unk` …).
    pub media_type: String,
    /// The archived status; none where the index does not say.
    pub status: Option<u16>,
    /// Base32 SHA-1 of the payload; `-` where the index does not say.
    pub digest: String,
    /// Where it is to be had, where that does not follow from the archive's address.
    pub memento: Option<String>,
}

impl Capture {
    /// Whether the index says that two captures have the same bytes.
    pub fn is_same_as(&self, other: &Self) -> bool {
        self.digest != "-" && self.digest == other.digest
    }

    /// Whether it may show the page: no error, no redirect, no picture of it.
    fn may_show(&self) -> bool {
        let kind = self.media_type.as_str();
        self.status.is_none_or(|status| status == 200)
            && self.digest != EMPTY
            && !["image/", "video/", "audio/", "font/"].iter().any(|other| kind.starts_with(other))
    }
}

/// Captures in a row with the same bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The first of them.
    pub first: Capture,
    /// When the last of them was made.
    pub last_at: Timestamp,
    /// How many they are.
    pub captures: usize,
}

/// Those captures that may show the page, in order, neighbours with the same bytes as one.
/// Bytes that come back after others stay: that a text was restored is a fact too.
pub fn runs(mut captures: Vec<Capture>) -> Vec<Run> {
    // A revisit repeats what the index knows by its digest: of a redirect, a redirect.
    let others: BTreeSet<String> =
        captures.iter().filter(|capture| !capture.may_show()).map(|capture| capture.digest.clone()).collect();
    let pages: BTreeSet<String> =
        captures.iter().filter(|capture| capture.status == Some(200)).map(|capture| capture.digest.clone()).collect();
    captures.retain(|capture| {
        let repeats_another = capture.status.is_none()
            && capture.digest != "-"
            && others.contains(&capture.digest)
            && !pages.contains(&capture.digest);
        capture.may_show() && !repeats_another
    });
    captures
        .sort_by(|a, b| (a.captured_at, &a.timestamp, &a.original).cmp(&(b.captured_at, &b.timestamp, &b.original)));
    let mut runs: Vec<Run> = Vec::new();
    for capture in captures {
        match runs.last_mut() {
            Some(run) if run.first.is_same_as(&capture) => {
                run.last_at = capture.captured_at;
                run.captures += 1;
            }
            _ => runs.push(Run { last_at: capture.captured_at, first: capture, captures: 1 }),
        }
    }
    runs
}

/// One run a period, the first in each; periods begin with the first capture.
pub fn thinned(runs: Vec<Run>, every: Duration) -> Vec<Run> {
    let Some(begin) = runs.first().map(|run| run.first.captured_at) else { return runs };
    let length = i64::try_from(every.as_millis()).unwrap_or(i64::MAX).max(1);
    let mut last = None;
    runs.into_iter()
        .filter(|run| {
            let period = (run.first.captured_at - begin).num_milliseconds() / length;
            last.replace(period) != Some(period)
        })
        .collect()
}

/// What is known of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// Nothing.
    Nothing,
    /// Its bytes: another run has the same, which are on record.
    Bytes,
    /// It is on record, and says this.
    Text(Digest),
    /// It is on record, and is not the policy.
    NoText,
    /// It cannot be had now.
    Gap,
}

/// How much of a history is fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Up to so many different bytes, everything is.
    pub budget: usize,
    /// Of more, or if it is given: how near the two sides of a change must be to each other
    /// in time, if the archive has them.
    pub precision: Option<Duration>,
}

impl Default for Plan {
    fn default() -> Self {
        Self { budget: 200, precision: None }
    }
}

/// How near the two sides of a change are where nobody says it.
const PRECISION: Duration = Duration::from_secs(7 * 24 * 3600);

impl Plan {
    /// Whether every text of these runs is fetched.
    pub fn is_exhaustive(&self, runs: &[Run]) -> bool {
        let unknown = runs.iter().filter(|run| run.first.digest == "-").count();
        let digests: BTreeSet<&str> = runs.iter().map(|run| run.first.digest.as_str()).filter(|d| *d != "-").collect();
        self.precision.is_none() && digests.len() + unknown <= self.budget
    }

    /// How many runs will be looked at, as far as that can be told beforehand.
    pub fn expected(&self, runs: &[Run], known: &[Known]) -> usize {
        let open = |at: &usize| matches!(known[*at], Known::Nothing | Known::Bytes);
        if self.is_exhaustive(runs) {
            return (0..runs.len()).filter(open).count();
        }
        let free = known.iter().filter(|known| **known == Known::Bytes).count();
        free + landmarks(runs).into_iter().filter(|at| known[*at] == Known::Nothing).count()
    }

    /// Which run to look at next; none if enough is known. `known` is of the same length.
    ///
    /// Exhaustive: the oldest that is not known. Else what costs nothing first; then the
    /// first, the last and one a year; then the middle between two that say different
    /// things, the widest gap first. A text that came and went between two that are equal
    /// is not found then.
    pub fn next(&self, runs: &[Run], known: &[Known]) -> Option<usize> {
        let open = |at: &usize| matches!(known[*at], Known::Nothing | Known::Bytes);
        if self.is_exhaustive(runs) {
            return (0..runs.len()).find(open);
        }
        let free = (0..runs.len()).find(|at| known[*at] == Known::Bytes);
        free.or_else(|| landmarks(runs).into_iter().find(open)).or_else(|| self.split(runs, known))
    }

    fn split(&self, runs: &[Run], known: &[Known]) -> Option<usize> {
        let precision = chrono::Duration::from_std(self.precision.unwrap_or(PRECISION)).ok()?;
        let texts: Vec<(usize, Digest)> = known
            .iter()
            .enumerate()
            .filter_map(|(at, known)| if let Known::Text(digest) = known { Some((at, *digest)) } else { None })
            .collect();
        let open = |from: usize, to: usize| (from..to).filter(|at| known[*at] == Known::Nothing).collect::<Vec<_>>();
        // What lies before the first text, or behind the last one, is between it and nothing.
        let (Some(first), Some(last)) = (texts.first(), texts.last()) else {
            return open(0, runs.len()).first().copied();
        };
        if let Some(edge) = open(0, first.0).first().or(open(last.0, runs.len()).last()) {
            return Some(*edge);
        }
        let gaps = texts.windows(2).filter(|pair| pair[0].1 != pair[1].1).filter_map(|pair| {
            let width = runs[pair[1].0].first.captured_at - runs[pair[0].0].last_at;
            let inside = open(pair[0].0 + 1, pair[1].0);
            (width > precision && !inside.is_empty()).then(|| (width, inside[inside.len() / 2]))
        });
        gaps.max_by_key(|(width, at)| (*width, std::cmp::Reverse(*at))).map(|(_, at)| at)
    }
}

/// The first run, the last one, and the first of each year, oldest first.
fn landmarks(runs: &[Run]) -> Vec<usize> {
    let mut year = None;
    let mut marks: Vec<usize> = (0..runs.len())
        .filter(|at| {
            let this = runs[*at].first.captured_at.year();
            year.replace(this) != Some(this)
        })
        .collect();
    marks.extend(runs.len().checked_sub(1).filter(|last| marks.last() != Some(last)));
    marks
}

/// What an archive's index says of where a page went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trace {
    /// Not found (404, 410), three times at least over a month, and never again found.
    Gone {
        /// When it was first not found.
        since: Timestamp,
        /// How often that was seen.
        seen: usize,
    },
    /// A redirect, and when it was first seen: where it leads only the capture says.
    Redirects(Capture),
}

/// A page that is gone is gone for so long at least.
const GONE_FOR: chrono::Duration = chrono::Duration::days(30);

/// A temporary redirect is one for good once it was seen so often over so long.
const TEMPORARY: (usize, chrono::Duration) = (3, chrono::Duration::days(14));

/// What the end of a page's captures says of where it went, if it says anything: single
/// errors are noise.
pub fn trace(captures: &[Capture]) -> Option<Trace> {
    let mut told: Vec<&Capture> = captures.iter().filter(|capture| capture.status.is_some()).collect();
    told.sort_by_key(|capture| capture.captured_at);
    let is = |capture: &&Capture, codes: &[u16]| capture.status.is_some_and(|status| codes.contains(&status));
    let after = |codes: &[u16], noise: &[u16]| {
        let from = told.iter().rposition(|capture| !is(capture, codes) && !is(capture, noise)).map_or(0, |at| at + 1);
        told[from..].iter().filter(|capture| is(capture, codes)).copied().collect::<Vec<_>>()
    };
    const FAILS: [u16; 7] = [403, 429, 500, 502, 503, 504, 401];
    let gone = after(&[404, 410], &FAILS);
    let span = |found: &[&Capture]| match (found.first(), found.last()) {
        (Some(first), Some(last)) => last.captured_at - first.captured_at,
        _ => chrono::Duration::zero(),
    };
    if gone.len() >= 3 && span(&gone) >= GONE_FOR {
        return Some(Trace::Gone { since: gone[0].captured_at, seen: gone.len() });
    }
    let redirects = after(&[301, 302, 303, 307, 308], &[&FAILS[..], &[404, 410]].concat());
    let for_good = redirects.iter().any(|capture| is(capture, &[301, 308]));
    let lasting = redirects.len() >= TEMPORARY.0 && span(&redirects) >= TEMPORARY.1;
    (for_good || lasting).then(|| redirects.first().map(|first| Trace::Redirects((*first).clone()))).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn capture(timestamp: &str, status: Option<u16>, digest: &str) -> Capture {
        let at = chrono::NaiveDateTime::parse_from_str(&format!("{timestamp:0<14}"), "%Y%m%d%H%M%S").unwrap();
        Capture {
            timestamp: at.format("%Y%m%d%H%M%S").to_string(),
            captured_at: at.and_utc(),
            original: "https://acme.test/privacy".to_owned(),
            media_type: "text/html".to_owned(),
            status,
            digest: digest.to_owned(),
            memento: None,
        }
    }

    #[test]
    fn equal_neighbours_are_one_and_a_restored_text_is_another() {
        let kept = runs(vec![
            capture("20130101", Some(200), "B"),
            capture("20100101", Some(200), "A"),
            capture("20110101", None, "A"),
            capture("20120101", Some(404), "X"),
            capture("20120301", None, "X"),
            capture("20120401", Some(200), EMPTY),
            capture("20140101", Some(200), "A"),
            capture("20150101", Some(200), "-"),
            capture("20160101", Some(200), "-"),
        ]);
        let kept: Vec<_> = kept.iter().map(|run| (&run.first.timestamp[..4], run.captures)).collect();
        assert_eq!(kept, [("2010", 2), ("2013", 1), ("2014", 1), ("2015", 1), ("2016", 1)]);
    }

    #[test]
    fn one_a_period_is_left() {
        let all =
            runs((1..=12).map(|month| capture(&format!("2010{month:02}01"), Some(200), &month.to_string())).collect());
        let left = thinned(all, Duration::from_secs(90 * 86_400));
        let left: Vec<_> = left.iter().map(|run| &run.first.timestamp[4..6]).collect();
        assert_eq!(left, ["01", "04", "07", "10"]);
    }

    /// Plays a plan on a page whose text is `text` of the day; answers what was fetched.
    fn played(plan: &Plan, days: usize, text: impl Fn(usize) -> u8) -> (usize, Vec<u8>) {
        let begin = capture("20100101", Some(200), "0").captured_at;
        let all = (0..days).map(|day| {
            let at = begin + chrono::Duration::days(i64::try_from(day).unwrap());
            Capture { captured_at: at, digest: day.to_string(), ..capture("20100101", Some(200), "") }
        });
        let runs = runs(all.collect());
        let mut known = vec![Known::Nothing; runs.len()];
        let mut fetched = 0;
        while let Some(at) = plan.next(&runs, &known) {
            assert_eq!(known[at], Known::Nothing, "nothing is fetched twice");
            known[at] = Known::Text(Digest::of(&[text(at)]));
            fetched += 1;
        }
        let mut told: Vec<u8> = known
            .iter()
            .filter_map(|known| if let Known::Text(digest) = known { Some(digest.as_bytes()[0]) } else { None })
            .collect();
        told.dedup();
        (fetched, told)
    }

    #[test]
    fn a_short_history_is_fetched_as_a_whole_and_a_long_one_where_it_changed() {
        let plan = Plan::default();
        assert_eq!(played(&plan, 200, |_| 1).0, 200);
        let (fetched, told) = played(&plan, 3000, |_| 1);
        assert_eq!((fetched, told.len()), (10, 1), "nine years and the end");
        let (fetched, told) = played(&plan, 3000, |day| u8::try_from(day / 450).unwrap());
        assert_eq!(told.len(), 7, "all texts are found");
        assert!(fetched < 75, "{fetched}");
        let exact = Plan { precision: Some(Duration::ZERO), ..plan };
        let (to_the_day, _) = played(&exact, 3000, |day| u8::try_from(day / 450).unwrap());
        assert!(to_the_day > fetched && to_the_day < 100, "{to_the_day}");
    }

    #[test]
    fn what_cannot_be_had_or_read_ends_no_search() {
        let plan = Plan { budget: 2, precision: Some(Duration::ZERO) };
        let runs = runs((1..=9).map(|year| capture(&format!("201{year}0101"), Some(200), &year.to_string())).collect());
        let mut known = vec![Known::Gap; 9];
        assert_eq!(plan.next(&runs, &known), None);
        known[3] = Known::Nothing;
        assert_eq!(plan.next(&runs, &known), Some(3));
        known[3] = Known::NoText;
        known[5] = Known::Bytes;
        assert_eq!(plan.next(&runs, &known), Some(5));
        assert_eq!(plan.next(&[], &[]), None);
    }

    #[test]
    fn moves_are_told_from_noise() {
        let status = |at: &str, status| capture(at, Some(status), "X");
        let page = status("20100101", 200);
        assert_eq!(trace(&[page.clone(), status("20110101", 404), status("20110102", 404)]), None, "a bad day");
        let gone = [
            page.clone(),
            status("20110101", 404),
            status("20110120", 503),
            status("20110201", 404),
            status("20110301", 410),
        ];
        assert_eq!(trace(&gone), Some(Trace::Gone { since: gone[1].captured_at, seen: 3 }));
        let back = [&gone[..], &[status("20120101", 200)]].concat();
        assert_eq!(trace(&back), None);
        let moved = [page.clone(), status("20110101", 301), status("20110102", 404)];
        assert_eq!(trace(&moved), Some(Trace::Redirects(moved[1].clone())));
        let passing = [page, status("20110101", 302), status("20110102", 302), status("20110103", 302)];
        assert_eq!(trace(&passing), None);
        assert_eq!(trace(&[]), None);
    }
}
