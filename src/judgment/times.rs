//! What time says of a change, beside its words: whether the page was here before, and
//! whether the date that it claims for itself moved with the text.

use chrono::NaiveDate;

use super::{Finding, Materiality, Noise};
use crate::reading::Reading;
use crate::time::Timestamp;

/// An earlier version that the page is back to, or near to again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Return {
    /// Its number.
    pub version: u32,
    /// When the page was last seen to say it.
    pub last_seen_at: Timestamp,
    /// What kind of return it is.
    pub kind: ReturnKind,
    /// For the first return of an alternation: how much the change mattered that it takes
    /// back. Who was told of that is told of this, once.
    pub takes_back: Option<Materiality>,
}

/// What kind of return it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReturnKind {
    /// The text of a short while ago again: the page alternates.
    Flapping,
    /// The edition of a short while ago again, with changes of its own, which were judged.
    Edition,
    /// The text of long ago again: judged as any change.
    Rollback,
}

impl ReturnKind {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            ReturnKind::Flapping => "flapping",
            ReturnKind::Edition => "edition",
            ReturnKind::Rollback => "rollback",
        }
    }

    /// The kind that a word names.
    pub fn parse(word: &str) -> Option<Self> {
        [ReturnKind::Flapping, ReturnKind::Edition, ReturnKind::Rollback].into_iter().find(|kind| kind.as_str() == word)
    }

    /// Whether the page alternates between texts.
    pub fn alternates(self) -> bool {
        self != ReturnKind::Rollback
    }
}

/// How the date that a policy claims for itself fits to what changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dating {
    /// The text changed in substance, and the date did not move.
    SilentEdit {
        /// The date that it claims.
        claimed: NaiveDate,
    },
    /// The date moved, and nothing else did.
    EmptyRefresh {
        /// The date before.
        from: NaiveDate,
        /// The date after.
        to: NaiveDate,
    },
}

/// How the claimed dates of two texts fit to what differs between them.
pub(super) fn dating(old: &Reading, new: &Reading, findings: &[Finding], noise: &[Noise]) -> Option<Dating> {
    let (from, to) = (old.effective_at?, new.effective_at?);
    match () {
        () if from == to && !findings.is_empty() => Some(Dating::SilentEdit { claimed: to }),
        () if from != to && findings.is_empty() && noise.iter().all(|noise| noise.kind == "date_only") => {
            Some(Dating::EmptyRefresh { from, to })
        }
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judgment::judge;

    fn judged(old: (&str, Option<&str>), new: (&str, Option<&str>)) -> Option<Dating> {
        let reading = |(text, date): (&str, Option<&str>)| Reading {
            effective_at: date.map(|date| date.parse().unwrap()),
            ..crate::change::tests::reading(text)
        };
        let (old, new) = (reading(old), reading(new));
        judge(&crate::change::compare(&old, &new).unwrap(), &old, &new).dating
    }

    #[test]
    fn a_date_moves_with_the_text_or_not() {
        let (before, after) = ("# Sale\nWe will not sell your data.", "# Sale\nWe may sell your data to partners.");
        let (may, june) = (Some("2024-05-01"), Some("2024-06-01"));
        let claimed = "2024-05-01".parse().unwrap();
        assert_eq!(judged((before, may), (after, may)), Some(Dating::SilentEdit { claimed }));
        assert_eq!(judged((before, may), (after, june)), None, "it says that it changed");
        assert_eq!(judged((before, None), (after, None)), None, "it claims nothing");
        let dated = |date: &str| format!("{before}\nLast updated: {date}");
        let (old, new) = (dated("1 May 2024"), dated("1 June 2024"));
        let to = "2024-06-01".parse().unwrap();
        assert_eq!(judged((&old, may), (&new, june)), Some(Dating::EmptyRefresh { from: claimed, to }));
        let typo = format!("{} ", new.replace("your data", "your dates"));
        assert_eq!(judged((&old, may), (&typo, june)), None, "a word changed too");
    }
}
