//! The pure half of a check: what a snapshot means, given what was known.

use crate::change::compare;
use crate::judgment::judge;
use crate::outcome::Outcome;
use crate::reading::{Expected, Reader, read};
use crate::snapshot::Snapshot;
use crate::text::state::parallel;
use crate::text::unpack::Unpacking;
use crate::version::Version;

/// What decides how a snapshot is read.
#[derive(Clone, Debug)]
pub struct Manner {
    /// How it is read.
    pub reader: Reader,
    /// The language it must be in (ISO 639-1).
    pub language: Option<String>,
}

/// Says what a snapshot means, given the version before it. `unpacked` is what it holds, if
/// it is a file that had to be unpacked.
///
/// A policy in another language than that is compared with nothing: the answer is
/// [`Outcome::First`], and [`new_language`] names the language. If a version in it is on
/// record, the caller asks again with that one as the version before.
pub fn examine(
    manner: &Manner,
    previous: Option<&Version>,
    snapshot: Snapshot,
    unpacked: Option<&Unpacking>,
) -> Outcome {
    let before = previous.map(|version| &version.reading);
    let expected = Expected { language: manner.language.as_deref(), previous: before, unpacked };
    let reading = match read(&snapshot, &manner.reader.selectors, &expected) {
        Ok(reading) => reading,
        Err(why) => return Outcome::Unreadable { snapshot, why },
    };
    let Some(previous) = previous else {
        return Outcome::First { snapshot, reading };
    };
    if parallel(&previous.reading, &reading).is_some() {
        return Outcome::First { snapshot, reading };
    }
    let Some(mut change) = compare(&previous.reading, &reading) else {
        return Outcome::Unchanged { snapshot };
    };
    let other_footing = previous.reading.unmatched.fell_back != reading.unmatched.fell_back;
    change.crosses_readings = previous.facts.reader != manner.reader || other_footing;
    let judgment = judge(&change, &previous.reading, &reading);
    Outcome::Changed { snapshot, reading, from: Box::new(previous.facts.clone()), change, judgment }
}

/// The languages of the version before and of a text that could not be compared with it.
pub fn new_language(previous: Option<&Version>, outcome: &Outcome) -> Option<(String, String)> {
    match outcome {
        Outcome::First { reading, .. } => parallel(&previous?.reading, reading),
        _ => None,
    }
}
