//! Pages that come back to what they said before.
//!
//! Some sites serve two texts in turn: one for each region, one from each of two servers.
//! Compared with the text before, each turn looks like a rewrite of the policy. So a new
//! text is also held against those that the page showed a short while ago: if it is one of
//! them, nothing happened but another turn; if it is much nearer to one of them than to
//! the text before, what differs from *that* one is what the publisher changed.
//!
//! A text that comes back after it was gone for longer is a rollback: news, like any other
//! change.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::change::Change;
use crate::examine::judged;
use crate::judgment::{Judgment, Materiality, Noise, Return, ReturnKind, Rules};
use crate::outcome::Outcome;
use crate::reading::Reading;
use crate::text::state::parallel;
use crate::time::Timestamp;
use crate::version::{Version, VersionFacts};

/// Within which time a return is flapping where nothing else is configured. In histories of
/// some hundred policies, four returns of five come within it.
pub const ALTERNATION: Duration = Duration::from_secs(7 * 24 * 3600);

/// How many earlier texts of a page are kept in mind.
pub const REMEMBERED: usize = 8;

/// A new text is of an earlier edition if it differs from that in at most one third of
/// what it differs in from the text before.
const NEARER: usize = 3;

/// A text that the page showed before.
#[derive(Clone, Debug, PartialEq)]
pub struct Earlier {
    /// The version, as we read it today.
    pub version: Arc<Version>,
    /// When the page was last seen to say it.
    pub last_seen_at: Timestamp,
    /// What led to it; none if nothing that was judged, or nothing that stood.
    pub led: Option<Led>,
    /// Made when first asked for, and shared by all copies.
    sketch: Arc<OnceLock<Sketch>>,
}

impl Earlier {
    /// A text that the page was last seen to say at `last_seen_at`.
    pub fn new(version: Arc<Version>, last_seen_at: Timestamp, led: Option<Led>) -> Self {
        Self { version, last_seen_at, led, sketch: Arc::default() }
    }

    fn sketch(&self) -> &Sketch {
        self.sketch.get_or_init(|| Sketch::of(&self.version.reading))
    }
}

/// What is remembered of the change that led to a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Led {
    /// How much it mattered.
    pub materiality: Materiality,
    /// Whether it was a turn of an alternation already.
    pub alternates: bool,
}

/// What a page is remembered to have said.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Memory {
    /// The texts that it was seen to say within the time of an alternation, each once, the
    /// latest first: at most [`REMEMBERED`].
    pub recent: Vec<Earlier>,
    /// The number of the last version with exactly the new text, and when it was last seen.
    pub same_text: Option<(u32, Timestamp)>,
}

/// How a return is told from a change.
#[derive(Clone, Debug)]
pub struct Turning {
    /// The time within which a return is flapping.
    pub within: Duration,
    /// What the change from the earlier text is judged by.
    pub rules: Rules,
}

impl From<Duration> for Turning {
    /// By the rules of the table alone.
    fn from(within: Duration) -> Self {
        Self { within, rules: Rules::default() }
    }
}

/// A turn back to an earlier text.
struct Turn<'a> {
    earlier: &'a Earlier,
    /// What differs from that; none if nothing does.
    own: Option<(Change, Judgment)>,
}

/// Judges a change once more, in the light of what the page said before. `before` is the
/// text that it was compared with.
///
/// Pure, and the answer is the same whether the page was followed, imported or rebuilt.
pub fn reconsider(outcome: Outcome, before: &Reading, memory: &Memory, turning: &Turning) -> Outcome {
    let Outcome::Changed { snapshot, reading, from, change, judgment } = outcome else { return outcome };
    let at = snapshot.captured_at;
    let (from, change, judgment) = match turn(&reading, before, &from, memory, at, turning) {
        None => {
            let same_text = memory.same_text.filter(|_| reading.digest() != from.digest);
            let kind = ReturnKind::Rollback;
            let returns =
                same_text.map(|(version, last_seen_at)| Return { version, last_seen_at, kind, takes_back: None });
            (from, change, Judgment { returns, ..judgment })
        }
        Some(Turn { earlier, own: None }) => {
            (from, change, flapping(returns(earlier, memory, ReturnKind::Flapping), at))
        }
        Some(Turn { earlier, own: Some((change, mut judgment)) }) => {
            let returns = returns(earlier, memory, ReturnKind::Edition);
            if judgment.materiality == Materiality::Editorial {
                // What the text before brought is gone again: that is more than a date.
                judgment.summary = format!("{}. {}", says(&returns, at), judgment.summary);
            }
            (Box::new(earlier.version.facts.clone()), change, Judgment { returns: Some(returns), ..judgment })
        }
    };
    Outcome::Changed { snapshot, reading, from, change, judgment }
}

fn returns(earlier: &Earlier, memory: &Memory, kind: ReturnKind) -> Return {
    let (version, last_seen_at) = (earlier.version.facts.number, earlier.last_seen_at);
    Return { version, last_seen_at, kind, takes_back: takes_back(earlier, memory) }
}

/// The earlier text that this is a turn back to, and what differs from it.
fn turn<'a>(
    new: &Reading,
    before: &Reading,
    from: &VersionFacts,
    memory: &'a Memory,
    at: Timestamp,
    turning: &Turning,
) -> Option<Turn<'a>> {
    let since = chrono::Duration::from_std(turning.within).ok().and_then(|within| at.checked_sub_signed(within));
    let digest = new.digest();
    let candidates = || {
        memory.recent.iter().filter(|earlier| {
            let Version { facts, reading } = &*earlier.version;
            facts.digest != from.digest
                && since.is_some_and(|since| earlier.last_seen_at >= since)
                && reading.unmatched.fell_back == new.unmatched.fell_back
                && parallel(reading, new).is_none()
        })
    };
    let turned = |earlier: &'a Earlier| Turn { earlier, own: judged(&earlier.version.reading, new, &turning.rules) };
    if let Some(same) = candidates().find(|earlier| earlier.version.facts.digest == digest) {
        return Some(turned(same));
    }
    let sketch = Sketch::of(new);
    let known = memory.recent.iter().find(|earlier| earlier.version.reading == *before);
    let far = known.map_or_else(|| sketch.distance(&Sketch::of(before)), |known| sketch.distance(known.sketch()));
    let distance = |earlier: &Earlier| sketch.distance(earlier.sketch());
    // The latest of those that are equally near.
    let (near, nearest) = candidates().map(|earlier| (distance(earlier), earlier)).min_by_key(|(near, _)| *near)?;
    // Texts that have little in common are no editions of each other.
    (near * NEARER <= far && near * 2 <= sketch.0.len()).then(|| turned(nearest))
}

/// How much the change mattered that the first return of an alternation takes back. None
/// if one of the texts since was a turn already: nobody is told twice that a page alternates.
fn takes_back(earlier: &Earlier, memory: &Memory) -> Option<Materiality> {
    let since = memory.recent.iter().filter(|later| later.version.facts.number > earlier.version.facts.number);
    let led: Vec<Led> = since.filter_map(|later| later.led).collect();
    if led.iter().any(|led| led.alternates) { None } else { led.iter().map(|led| led.materiality).max() }
}

/// The judgment of a turn back to a text that was there a short while ago.
fn flapping(returns: Return, at: Timestamp) -> Judgment {
    let example = says(&returns, at);
    Judgment {
        materiality: Materiality::Editorial,
        severity: 0,
        practices: Vec::new(),
        summary: example.clone(),
        findings: Vec::new(),
        noise: vec![Noise { kind: "fetch_artefact".to_owned(), section: Vec::new(), example }],
        returns: Some(returns),
        dating: None,
    }
}

/// A return, in a sentence; `at` is when the page came back.
fn says(returns: &Return, at: Timestamp) -> String {
    let what = if returns.kind == ReturnKind::Edition { "edition" } else { "text" };
    let ago = span(at - returns.last_seen_at);
    format!("the page is back to the {what} of version {}, last seen {ago} before; it alternates", returns.version)
}

/// A length of time for people, in its largest unit.
fn span(length: chrono::Duration) -> String {
    let (count, unit) = match (length.num_days(), length.num_hours(), length.num_minutes()) {
        (0, 0, 0) => return "less than a minute".to_owned(),
        (0, 0, minutes) => (minutes, "minute"),
        (0, hours, _) => (hours, "hour"),
        (days, ..) => (days, "day"),
    };
    if count == 1 { format!("{count} {unit}") } else { format!("{count} {unit}s") }
}

/// Words in a row that make one mark of a [`Sketch`].
const SHINGLE: usize = 4;

/// The words of a text as a set of marks, one for each few words in a row (w-shingling,
/// Broder 1997): how many marks two texts do not share says how far apart they are,
/// wherever their lines break and whatever moved.
#[derive(Debug, PartialEq)]
struct Sketch(Vec<u64>);

impl Sketch {
    fn of(reading: &Reading) -> Self {
        let text = reading.text().to_lowercase();
        let words: Vec<u64> = text
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(|w| mix(w.bytes()))
            .collect();
        let mark = |words: &[u64]| mix(words.iter().flat_map(|word| word.to_le_bytes()));
        let mut marks: Vec<u64> =
            if words.len() < SHINGLE { vec![mark(&words)] } else { words.windows(SHINGLE).map(mark).collect() };
        marks.sort_unstable();
        marks.dedup();
        Self(marks)
    }

    /// How many marks only one of two texts has.
    fn distance(&self, other: &Self) -> usize {
        let (mut shared, mut rest) = (0, &other.0[..]);
        for mark in &self.0 {
            rest = &rest[rest.partition_point(|other| other < mark)..];
            shared += usize::from(rest.first() == Some(mark));
        }
        self.0.len() + other.0.len() - 2 * shared
    }
}

/// FNV-1a: the same on every machine, and nobody's secret depends on it.
fn mix(bytes: impl IntoIterator<Item = u8>) -> u64 {
    bytes.into_iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::tests::reading;

    fn distance(a: &str, b: &str) -> usize {
        let (a, b) = (Sketch::of(&reading(a)), Sketch::of(&reading(b)));
        assert_eq!(a.distance(&b), b.distance(&a), "it is the same both ways");
        a.distance(&b)
    }

    #[test]
    fn how_far_texts_are_apart() {
        let text = "# Logs\nWe keep the logs of our kettles for thirty days.";
        assert_eq!(distance(text, text), 0);
        assert_eq!(distance(text, "# LOGS\n- We keep the logs, of our kettles\n- for thirty days"), 0, "only looks");
        assert_eq!(distance(text, &text.replace("thirty", "ninety")), 4, "two marks of each side");
        assert_eq!(distance(text, &format!("{text} You may ask us.")), 4, "what is added");
        assert_eq!(distance("", ""), 0);
        assert_eq!(distance("", "one two"), 2);
        assert_eq!(distance("one two three four", "five six seven eight"), 2);
    }

    #[test]
    fn times_are_told_in_their_largest_unit() {
        let told = |seconds| span(chrono::Duration::seconds(seconds));
        let cases = [
            (20, "less than a minute"),
            (60, "1 minute"),
            (7199, "1 hour"),
            (7200, "2 hours"),
            (86_400, "1 day"),
            (700_000, "8 days"),
        ];
        for (seconds, wanted) in cases {
            assert_eq!(told(seconds), wanted);
        }
    }
}
