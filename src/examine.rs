//! The pure half of a check: what a snapshot means, given what was known.

use crate::change::{Change, compare};
use crate::judgment::{Judgment, Rules, judge_by};
use crate::outcome::Outcome;
use crate::reading::{Expected, Reader, Reading, Selectors, read};
use crate::snapshot::Snapshot;
use crate::text::state::parallel;
use crate::text::unpack::{UnpackError, Unpacking};
use crate::version::{Version, VersionFacts};

/// Says what a file holds, if it is one that has to be unpacked: given by whoever may run
/// the process that does that. A failure of that process says nothing of the file.
pub type Unpack<'a> = &'a dyn Fn(&Snapshot) -> Result<Option<Unpacking>, UnpackError>;

/// What a page said before.
#[derive(Clone, Copy, Debug)]
pub struct Before<'a> {
    /// Its text.
    pub reading: &'a Reading,
    /// What it was read from, where that is at hand: needed where selectors match only
    /// one of two pages.
    pub snapshot: Option<&'a Snapshot>,
}

/// Says what a snapshot means, given the version before it and the snapshot of that; a
/// change is judged by `rules`.
///
/// A policy in another language than that is compared with nothing: the answer is
/// [`Outcome::First`], and [`new_language`] names the language. If a version in it is on
/// record, the caller asks again with that one as the version before.
pub fn examine(
    reader: &Reader,
    rules: &Rules,
    previous: Option<&Version>,
    earlier: Option<&Snapshot>,
    snapshot: Snapshot,
    unpack: Unpack<'_>,
) -> Outcome {
    let (selectors, language) = (&reader.selectors, reader.language.as_deref());
    let Some(previous) = previous else { return examine_page(selectors, language, None, snapshot, unpack).first() };
    let before = Before { reading: &previous.reading, snapshot: earlier };
    match examine_page(selectors, language, Some(before), snapshot, unpack) {
        Examined::Read(page) if parallel(&previous.reading, &page.reading).is_some() => page.first(),
        Examined::Read(page) => {
            let mut outcome = page.against(&previous.reading, &previous.facts, rules);
            if let Outcome::Changed { change, .. } = &mut outcome {
                change.crosses_readings |= previous.facts.reader != *reader;
            }
            outcome
        }
        Examined::Unreadable(outcome) => *outcome,
    }
}

/// The languages of the version before and of a text that could not be compared with it.
pub fn new_language(previous: Option<&Version>, outcome: &Outcome) -> Option<(String, String)> {
    match outcome {
        Outcome::First { reading, .. } => parallel(&previous?.reading, reading),
        _ => None,
    }
}

/// What one page turned out to be.
#[derive(Debug)]
pub(crate) enum Examined {
    /// It is the policy.
    Read(Box<Text>),
    /// It is not, or we cannot say, and this is the outcome.
    Unreadable(Box<Outcome>),
}

/// One page as read.
#[derive(Debug)]
pub(crate) struct Text {
    pub(crate) snapshot: Snapshot,
    pub(crate) reading: Reading,
    /// What is to be compared, the older first; none if that is what was read before and
    /// now.
    pub(crate) compared: Option<(Reading, Reading)>,
    /// Selectors matched on one of the two pages only.
    other_footing: bool,
}

/// Reads one page, given what it said before.
pub(crate) fn examine_page(
    selectors: &Selectors,
    language: Option<&str>,
    before: Option<Before<'_>>,
    snapshot: Snapshot,
    unpack: Unpack<'_>,
) -> Examined {
    let previous = before.map(|before| before.reading);
    let unpacked = match unpack(&snapshot) {
        Ok(unpacked) => unpacked,
        Err(ours) => return Examined::broken(snapshot, &ours),
    };
    let expected = Expected { language, previous, unpacked: unpacked.as_ref() };
    let reading = match read(&snapshot, selectors, &expected) {
        Ok(reading) => reading,
        Err(why) => return Examined::Unreadable(Box::new(Outcome::Unreadable { snapshot, why })),
    };
    let other_footing = before.is_some_and(|b| b.reading.unmatched.fell_back != reading.unmatched.fell_back);
    let both = |earlier| Ok((unaided(earlier, selectors, unpack)?, unaided(&snapshot, selectors, unpack)?));
    let compared = match before.and_then(|before| before.snapshot).filter(|_| other_footing).map(both) {
        Some(Ok((earlier, now))) => earlier.zip(now),
        Some(Err(ours)) => return Examined::broken(snapshot, &ours),
        None => None,
    };
    Examined::Read(Box::new(Text { snapshot, reading, compared, other_footing }))
}

impl Examined {
    fn broken(snapshot: Snapshot, ours: &UnpackError) -> Self {
        Examined::Unreadable(Box::new(Outcome::Broken { snapshot: Some(snapshot), message: ours.to_string() }))
    }

    /// The outcome where there is nothing to compare with.
    pub(crate) fn first(self) -> Outcome {
        match self {
            Examined::Read(page) => page.first(),
            Examined::Unreadable(outcome) => *outcome,
        }
    }
}

impl Text {
    /// The outcome where there is nothing to compare with.
    pub(crate) fn first(self) -> Outcome {
        Outcome::First { snapshot: self.snapshot, reading: self.reading, rebased: None }
    }

    /// The outcome, given the text before and the version that it is of.
    pub(crate) fn against(self, before: &Reading, from: &VersionFacts, rules: &Rules) -> Outcome {
        let Self { snapshot, reading, compared, other_footing } = self;
        let (old, new) = compared.as_ref().map_or((before, &reading), |(old, new)| (old, new));
        match judged(old, new, rules) {
            None => Outcome::Unchanged { note: reading.unmatched.note(), snapshot },
            Some((mut change, judgment)) => {
                change.crosses_readings = other_footing && compared.is_none();
                Outcome::Changed { snapshot, reading, from: Box::new(from.clone()), change, judgment }
            }
        }
    }
}

/// Reads a page as if nobody had said which parts are the policy. Where selectors match
/// on one of two pages only, both are compared so: that the site was rebuilt around its
/// text is no change of the text.
fn unaided(snapshot: &Snapshot, selectors: &Selectors, unpack: Unpack<'_>) -> Result<Option<Reading>, UnpackError> {
    let how = Selectors { select: Vec::new(), remove: selectors.remove.clone() };
    let unpacked = unpack(snapshot)?;
    Ok(read(snapshot, &how, &Expected { unpacked: unpacked.as_ref(), ..Expected::default() }).ok())
}

/// How two texts differ, and whether that matters; none if they say the same.
pub(crate) fn judged(old: &Reading, new: &Reading, rules: &Rules) -> Option<(Change, Judgment)> {
    let change = compare(old, new)?;
    let judgment = judge_by(&change, old, new, rules);
    Some((change, judgment))
}
