//! Whether a change matters, and the words that decided.

pub mod practice;

use crate::change::Change;
use crate::reading::Reading;
pub use practice::Practice;

/// How much a change matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Materiality {
    /// Nothing a reader could act on.
    Editorial,
    /// A detail; recorded, and told to those who ask for it.
    Minor,
    /// A person whom the text binds or protects would want to know.
    Material,
}

impl Materiality {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Materiality::Editorial => "editorial",
            Materiality::Minor => "minor",
            Materiality::Material => "material",
        }
    }

    /// The degree that a word names.
    pub fn parse(word: &str) -> Option<Self> {
        [Materiality::Editorial, Materiality::Minor, Materiality::Material].into_iter().find(|m| m.as_str() == word)
    }
}

/// A rule that fired, and the words that fired it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule's id, stable over releases.
    pub rule: String,
    /// What the change is about; none where no practice can be told.
    pub practice: Option<Practice>,
    /// 0 to 3.
    pub severity: u8,
    /// The path of the section (the new one; the old one if it was removed).
    pub section: Vec<String>,
    /// The decisive words before; empty if there were none.
    pub before: String,
    /// The decisive words after; empty if there are none.
    pub after: String,
    /// Why it matters, in one sentence.
    pub why: String,
}

/// Why a part of a change does not matter. The words are those of the label guide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Noise {
    /// `date_only`, `formatting`, `link_only`, `renumber_move`, `page_furniture`,
    /// `fetch_artefact`, `typo_grammar`, `rename`, `contact_format` or `editorial`.
    pub kind: String,
    /// The path of the section.
    pub section: Vec<String>,
    /// The words, shortened.
    pub example: String,
}

/// Whether a change matters, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgment {
    /// How much it matters.
    pub materiality: Materiality,
    /// 0 to 3: the highest of its findings.
    pub severity: u8,
    /// What it is about, most severe first.
    pub practices: Vec<Practice>,
    /// One sentence.
    pub summary: String,
    /// The rules that fired, most severe first, then in text order.
    pub findings: Vec<Finding>,
    /// What was left out of account, and why.
    pub noise: Vec<Noise>,
}

/// Judges a change between two readings.
pub fn judge(_change: &Change, _old: &Reading, _new: &Reading) -> Judgment {
    todo!()
}
