//! What a sentence is about, as learned from sentences that were labelled by hand: a
//! linear model over its words and pairs of words.
//!
//! The weights stand in `topics.bin`; `cargo run --release --example train_topics` makes
//! it from `tests/train/sentences.txt`. Sums are of whole numbers, and what follows uses
//! only operations that every machine rounds alike, so the same text scores the same
//! everywhere.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use super::facts::fold;
use super::practice::Practice;
use crate::change::words::fnv;

/// How many practices there are.
pub const PRACTICES: usize = Practice::ALL.len();
/// How many places the terms are hashed to.
pub const BUCKETS: usize = 1 << 14;
/// What a file of weights begins with.
const MAGIC: &[u8; 8] = b"pwtopic1";
/// How sharply the distance from the border between "about" and "not about" counts.
const SHARPNESS: f64 = 1.5;

/// A linear model: how much each term speaks for each practice.
#[derive(Clone, Debug, PartialEq)]
pub struct Topics {
    /// What stands before the first term, by practice.
    bias: [f32; PRACTICES],
    /// What one step of a weight is worth, by practice.
    step: [f32; PRACTICES],
    /// `BUCKETS` rows of a weight for each practice.
    weights: Vec<i8>,
}

static SHIPPED: LazyLock<Topics> =
    LazyLock::new(|| Topics::parse(include_bytes!("topics.bin")).expect("the shipped weights are whole"));

impl Topics {
    /// The model that ships.
    pub fn shipped() -> &'static Self {
        &SHIPPED
    }

    /// A model of these weights, by practice and bucket, rounded to what the file keeps.
    pub fn from_weights(bias: &[f64; PRACTICES], weights: &[Vec<f64>; PRACTICES]) -> Self {
        let mut model = Self { bias: [0.0; PRACTICES], step: [0.0; PRACTICES], weights: vec![0; BUCKETS * PRACTICES] };
        for (at, row) in weights.iter().enumerate() {
            let largest = row.iter().fold(0.0_f64, |most, weight| most.max(weight.abs()));
            let step = if largest > 0.0 { largest / 127.0 } else { 1.0 };
            model.bias[at] = bias[at] as f32;
            model.step[at] = step as f32;
            for (bucket, weight) in row.iter().enumerate().take(BUCKETS) {
                model.weights[bucket * PRACTICES + at] = (weight / step).round() as i8;
            }
        }
        model
    }

    /// The model that a file holds; none if it holds none.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes.strip_prefix(MAGIC)?;
        let mut numbers = [[0.0; PRACTICES]; 2];
        for number in numbers.iter_mut().flatten() {
            let (four, after) = rest.split_first_chunk::<4>()?;
            (*number, rest) = (f32::from_le_bytes(*four), after);
        }
        let [bias, step] = numbers;
        let weights: Vec<i8> = rest.iter().map(|byte| i8::from_le_bytes([*byte])).collect();
        (weights.len() == BUCKETS * PRACTICES).then_some(Self { bias, step, weights })
    }

    /// The file that holds the model.
    pub fn to_bytes(&self) -> Vec<u8> {
        let numbers = self.bias.iter().chain(&self.step).flat_map(|number| number.to_le_bytes());
        let weights = self.weights.iter().map(|weight| weight.to_le_bytes()[0]);
        MAGIC.iter().copied().chain(numbers).chain(weights).collect()
    }

    /// How far a text is about each practice, from 0 to 1; a half is on the border.
    pub fn score(&self, text: &str) -> [f64; PRACTICES] {
        self.score_folded(&fold(text))
    }

    /// The same for a text that is [`fold`]ed already.
    pub(crate) fn score_folded(&self, folded: &str) -> [f64; PRACTICES] {
        let buckets = buckets(folded);
        let mut sums = [0_i32; PRACTICES];
        for bucket in &buckets {
            let row = &self.weights[bucket * PRACTICES..(bucket + 1) * PRACTICES];
            for (sum, weight) in sums.iter_mut().zip(row) {
                *sum += i32::from(*weight);
            }
        }
        let length = (buckets.len().max(1) as f64).sqrt();
        let mut scores = [0.0; PRACTICES];
        for (at, score) in scores.iter_mut().enumerate() {
            let margin = f64::from(self.bias[at]) + f64::from(self.step[at]) * f64::from(sums[at]) / length;
            *score = squash(SHARPNESS * margin);
        }
        scores
    }

    /// The terms of a text that speak for a practice, strongest first, with their weights.
    pub fn reasons(&self, text: &str, practice: Practice) -> Vec<(String, f64)> {
        let at = practice as usize;
        let terms: BTreeSet<String> = terms(&fold(text)).into_iter().collect();
        let weight = |term: &str| f64::from(self.weights[bucket(term) * PRACTICES + at]) * f64::from(self.step[at]);
        let mut reasons: Vec<(String, f64)> = terms
            .into_iter()
            .map(|term| (weight(&term), term))
            .filter(|(w, _)| *w > 0.0)
            .map(|(w, t)| (t, w))
            .collect();
        reasons.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        reasons
    }
}

/// From any number to between 0 and 1, without a function that machines round differently.
pub(crate) fn squash(x: f64) -> f64 {
    0.5 + 0.5 * x / (1.0 + x.abs())
}

/// Where a term's weights stand.
fn bucket(term: &str) -> usize {
    let hash = fnv(term);
    ((hash ^ hash >> 32) & (BUCKETS as u64 - 1)) as usize
}

/// Where the weights of a folded text's terms stand, each once.
pub(crate) fn buckets(folded: &str) -> BTreeSet<usize> {
    terms(folded).iter().map(|term| bucket(term)).collect()
}

/// Where the weights of a text's terms stand, each once: what the model learns from.
pub fn places(text: &str) -> BTreeSet<usize> {
    buckets(&fold(text))
}

/// The words of a folded text and each two that stand in a row; numbers count as what
/// they look like, addresses not at all.
fn terms(folded: &str) -> Vec<String> {
    let text = without_addresses(folded);
    let words: Vec<String> = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| word.chars().map(|c| if c.is_numeric() { '0' } else { c }).collect())
        .collect();
    let pairs: Vec<String> = words.windows(2).map(|pair| pair.join(" ")).collect();
    words.into_iter().chain(pairs).collect()
}

/// A folded text without its addresses: their letters say nothing of what it is about
/// (a host that ends in `.ai` is not about artificial intelligence).
pub(crate) fn without_addresses(folded: &str) -> String {
    const ENDINGS: [&str; 11] = ["com", "org", "net", "io", "ai", "eu", "fr", "de", "uk", "app", "dev"];
    let is_address = |word: &str| {
        let host = word.split(['/', '?', '#', ',', ';', ')']).next().unwrap_or_default();
        let host = host.trim_matches(|c: char| !c.is_alphanumeric());
        word.contains('@')
            || word.contains("://")
            || word.starts_with("www.")
            || host.rsplit_once('.').is_some_and(|(name, ending)| !name.is_empty() && ENDINGS.contains(&ending))
    };
    if !folded.contains(['.', '@']) && !folded.contains("://") {
        return folded.to_owned();
    }
    folded.split_whitespace().filter(|word| !is_address(word)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn about(text: &str) -> Practice {
        let scores = Topics::shipped().score(text);
        let best = (0..PRACTICES).max_by(|a, b| scores[*a].total_cmp(&scores[*b])).expect("there are practices");
        Practice::ALL[best].0
    }

    #[test]
    fn the_shipped_file_is_whole() {
        let bytes = include_bytes!("topics.bin");
        assert_eq!(bytes.len(), 8 + 2 * 4 * PRACTICES + BUCKETS * PRACTICES);
        let model = Topics::parse(bytes).expect("a model");
        assert_eq!(model.to_bytes(), bytes);
        assert!(Topics::parse(&bytes[..bytes.len() - 1]).is_none(), "a file cut short holds no model");
        assert!(Topics::parse(b"something else").is_none());
    }

    #[test]
    fn sentences_it_never_saw_are_about_what_they_say() {
        for (text, wanted) in [
            ("Our partners may receive a copy of your profile and sell it on.", Practice::SharingSale),
            ("Quarrels go to an arbitrator, and you give up the right to a jury.", Practice::DisputesLaw),
            ("We erase the recordings after six months.", Practice::Retention),
            ("You can ask us to rectify or erase your data.", Practice::RightsChoices),
            ("Nos cookies publicitaires expirent au bout de six mois.", Practice::TrackingAds),
            ("Les enfants de moins de treize ans ne peuvent pas s'inscrire sans leurs parents.", Practice::Children),
            ("Le prix de l'abonnement mensuel augmente.", Practice::FeesRenewal),
            ("Für Schäden durch einfache Fahrlässigkeit haften wir nicht.", Practice::Liability),
            ("Das Urheberrecht an den Fotos bleibt bei Ihnen, Sie geben uns eine Lizenz.", Practice::ContentLicenseIp),
            ("Den Vertrag können beide Seiten kündigen.", Practice::Termination),
        ] {
            assert_eq!(about(text), wanted, "{text}");
        }
    }

    #[test]
    fn the_terms_that_speak_for_a_practice_can_be_told() {
        let reasons = Topics::shipped().reasons("Any dispute goes to binding arbitration.", Practice::DisputesLaw);
        let terms: Vec<&str> = reasons.iter().map(|(term, _)| term.as_str()).collect();
        assert!(terms.iter().take(4).any(|term| term.contains("arbitration")), "{terms:?}");
        assert!(reasons.windows(2).all(|two| two[0].1 >= two[1].1), "strongest first");
    }

    #[test]
    fn addresses_say_nothing() {
        assert_eq!(
            without_addresses("ask https://x.ai/legal or mail me@y.com, or see forms.example.ai/optout."),
            "ask or mail or see"
        );
        assert_eq!(without_addresses("our ai. and so on"), "our ai. and so on");
    }
}
