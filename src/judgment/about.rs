//! Which practices a change is about: what its clauses speak of, clause by clause, and
//! from that which few to name.
//!
//! A clause speaks for a practice by its headings, by the cues of [`super::practice`], by
//! the learned model of [`super::topics`] and by the rules that fired on it. Nine figures
//! for each practice sum up the clauses; their weights, and what is usual in a document of
//! this kind, stand in `about.txt`, which `cargo run --release --example train_topics`
//! makes from labelled changes.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;

use super::facts::{Clause, fold};
use super::own::OWN;
use super::practice::{Practice, cues_in_heading, cues_in_text};
use super::rules::pattern;
use super::topics::{PRACTICES, Topics, without_addresses};
use crate::reading::Reading;

/// How many figures sum up what a change says of a practice.
pub const FIGURES: usize = 9;
/// Their names, in `about.txt`.
pub const FIGURE_NAMES: [&str; FIGURES] =
    ["strongest", "beside_best", "share", "amount", "severest", "wide_beside_best", "wide_strongest", "lead", "ruled"];
/// Kinds of documents whose usual practices are known.
pub const KINDS: [&str; 4] = ["privacy", "terms", "trackers", "conduct"];
/// Practices that are named at most.
pub const MOST: usize = 5;
/// Differing words of a clause that count.
const MAX_SIZE: usize = 40;
/// From this score on, a clause that no cue knows plainly speaks for a practice.
const PLAIN: f64 = 0.6;
/// The same where a clause binds somebody or has a period.
const SLIGHT: f64 = SPEAKS;
/// What a score must pass to speak for a practice.
const SPEAKS: f64 = 0.3;

static KIND_PATTERNS: LazyLock<[Regex; KINDS.len()]> = LazyLock::new(|| {
    [
        r"privacy|confidentialit|datenschutz|data protection|donn[ée]es",
        r"terms|condition|agreement|agb|nutzungsbed|cgu|cgv|contrat",
        r"cookie|tracker|traceur",
        r"guideline|acceptable|usage policy|community|prohibited|r[èe]gles|charte|standards",
    ]
    .map(pattern)
});

/// What one clause speaks for.
struct Spoken {
    score: [f64; PRACTICES],
    /// The practices that rules gave it.
    ruled: [bool; PRACTICES],
    severity: u8,
    /// How many words differ.
    size: usize,
}

/// What headings speak for.
#[derive(Clone, Copy)]
struct Headed {
    score: [f64; PRACTICES],
}

/// Gathers what the clauses of a change speak for.
#[derive(Default)]
pub(super) struct Gathered {
    spoken: Vec<Spoken>,
    /// Whether the last of them is the clause that is looked at now.
    open: bool,
    headed: BTreeMap<Vec<String>, Headed>,
    /// What own rules said outright.
    said: Vec<Practice>,
}

impl Gathered {
    /// The next clause is looked at.
    pub(super) fn turn(&mut self) {
        self.open = false;
    }

    /// Notes that a rule fired on the clause that is looked at.
    pub(super) fn note(&mut self, clause: &Clause, rule: &str, practice: Option<Practice>, severity: u8) {
        if !self.open {
            let score = self.score(clause);
            let size = (clause.gone.len() + clause.come.len()).min(MAX_SIZE);
            self.spoken.push(Spoken { score, ruled: [false; PRACTICES], severity, size });
            self.open = true;
        }
        let Some(spoken) = self.spoken.last_mut() else { return };
        spoken.severity = spoken.severity.max(severity);
        let Some(practice) = practice else { return };
        if rule.starts_with(OWN) {
            if !self.said.contains(&practice) {
                self.said.push(practice);
            }
        } else if !rule.starts_with("clause.") && !spoken.ruled[practice as usize] {
            spoken.ruled[practice as usize] = true;
            spoken.score[practice as usize] += 0.3;
        }
    }

    /// Notes a practice that something else than a clause speaks for.
    pub(super) fn note_plain(&mut self, practice: Practice) {
        let (mut score, mut ruled) = ([0.0; PRACTICES], [false; PRACTICES]);
        score[practice as usize] = 1.5;
        ruled[practice as usize] = true;
        self.spoken.push(Spoken { score, ruled, severity: 1, size: 3 });
        self.open = false;
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    fn score(&mut self, clause: &Clause) -> [f64; PRACTICES] {
        let headed = match self.headed.get(&clause.path) {
            Some(headed) => *headed,
            None => {
                let headed = headed(&clause.path);
                self.headed.insert(clause.path.clone(), headed);
                headed
            }
        };
        let model = Topics::shipped();
        let stands = if clause.new.is_empty() { &clause.old } else { &clause.new };
        let gone_and_come = format!("{} | {}", clause.gone.join(" "), clause.come.join(" "));
        let (sentence, differing) = (model.score_folded(stands), model.score_folded(&gone_and_come));
        let cues = cues_in_text(&without_addresses(&clause.both()), 4);
        let turned = cues_in_text(&without_addresses(&gone_and_come), 2);
        let mut score = headed.score;
        for (at, score) in score.iter_mut().enumerate() {
            *score += 0.12 * cues[at] + 0.35 * turned[at];
            *score += 1.2 * (sentence[at] - SPEAKS).max(0.0) + 0.6 * (differing[at] - SPEAKS).max(0.0);
        }
        score
    }

    /// What is said of each practice; none if nothing was noted.
    pub(super) fn evidence(&self, kinds: [bool; KINDS.len()]) -> Option<Evidence> {
        // Details count only where there is nothing else.
        let weighty = self.spoken.iter().any(|spoken| spoken.severity > 0);
        let spoken: Vec<&Spoken> = self.spoken.iter().filter(|spoken| !weighty || spoken.severity > 0).collect();
        if spoken.is_empty() {
            return None;
        }
        let mut figures = [[0.0_f64; FIGURES]; PRACTICES];
        let (mut amounts, mut leads, mut weights) = ([0.0; PRACTICES], [0.0; PRACTICES], 0.0);
        for clause in &spoken {
            let weight = share(clause.size as f64, 10.0);
            let best = clause.score.iter().fold(0.0_f64, |best, score| best.max(*score));
            weights += weight;
            for (at, score) in clause.score.iter().enumerate() {
                amounts[at] += weight * score;
                if *score > 0.0 && *score >= best {
                    leads[at] += weight;
                }
                let [strongest, _, _, _, severest, .., ruled] = &mut figures[at];
                *strongest = strongest.max(*score);
                *severest = severest.max(score * f64::from(clause.severity));
                if clause.ruled[at] {
                    *ruled = 1.0;
                }
            }
        }
        let most = amounts.iter().fold(1e-9_f64, |most, amount| most.max(*amount));
        let all = amounts.iter().sum::<f64>().max(1e-9);
        let wide = share(spoken.len() as f64, 8.0);
        for (at, figures) in figures.iter_mut().enumerate() {
            let beside_best = amounts[at] / most;
            figures[1] = beside_best;
            figures[2] = amounts[at] / all;
            figures[3] = share(amounts[at], 3.0);
            figures[5] = wide * beside_best;
            figures[6] = wide * figures[0];
            figures[7] = leads[at] / weights.max(1e-9);
        }
        Some(Evidence { figures, kinds })
    }

    /// At most five practices, what the change is most about first.
    pub(super) fn practices(&self, kinds: [bool; KINDS.len()]) -> Vec<Practice> {
        let evidence = self.evidence(kinds);
        let mut named = evidence.map_or_else(Vec::new, |evidence| Decision::shipped().practices(&evidence));
        // What somebody's own rule says outright is never left out.
        for said in self.said.iter().rev().take(MOST) {
            named.retain(|practice| practice != said);
            named.insert(0, *said);
        }
        named.truncate(MOST);
        named
    }

    /// What a clause speaks for most by what was learned, where it does so plainly; of a
    /// `weighty` one less is enough.
    pub(super) fn learned(&mut self, clause: &Clause, weighty: bool) -> Option<Practice> {
        let score = self.score(clause);
        let best = (0..PRACTICES).rev().max_by(|a, b| score[*a].total_cmp(&score[*b]))?;
        (score[best] >= if weighty { SLIGHT } else { PLAIN }).then_some(Practice::ALL[best].0)
    }

    /// What the clause that is looked at speaks for most, where anything does.
    pub(super) fn first(&self) -> Option<Practice> {
        let spoken = self.spoken.last().filter(|_| self.open)?;
        let best = (0..PRACTICES).rev().max_by(|a, b| spoken.score[*a].total_cmp(&spoken.score[*b]))?;
        (spoken.score[best] >= 0.5).then_some(Practice::ALL[best].0)
    }
}

/// A part of a whole that grows less the more there is.
fn share(amount: f64, half: f64) -> f64 {
    amount / (amount + half)
}

/// What the headings above a clause speak for; its own most.
fn headed(path: &[String]) -> Headed {
    let mut score = [0.0; PRACTICES];
    let mut above = [0.0_f64; PRACTICES];
    for (depth, heading) in path.iter().rev().enumerate() {
        let folded = without_addresses(&fold(heading));
        let cues = cues_in_heading(&folded);
        if depth == 0 {
            let learned = Topics::shipped().score_folded(&folded);
            for (at, score) in score.iter_mut().enumerate() {
                *score += 0.35 * cues[at] + 0.6 * (learned[at] - SPEAKS).max(0.0);
            }
        } else {
            above.iter_mut().zip(cues).for_each(|(above, cue)| *above = above.max(cue));
        }
    }
    score.iter_mut().zip(above).for_each(|(score, above)| *score += 0.15 * above);
    Headed { score }
}

/// What kind of document two readings are of, as far as titles and first headings tell.
pub(super) fn kinds(old: &Reading, new: &Reading) -> [bool; KINDS.len()] {
    let titles = [old, new].into_iter().filter_map(|reading| reading.title.as_deref());
    let headings = new.sections.iter().take(3).filter_map(|section| section.path.first().map(String::as_str));
    let names: Vec<String> = titles.chain(headings).map(fold).collect();
    let names = names.join(" ");
    KIND_PATTERNS.each_ref().map(|pattern| pattern.is_match(&names))
}

/// What a change says of each practice, in figures.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// [`FIGURES`] for each practice, in the order of [`Practice::ALL`].
    pub figures: [[f64; FIGURES]; PRACTICES],
    /// Which of [`KINDS`] the document is.
    pub kinds: [bool; KINDS.len()],
}

/// How figures decide which practices are named.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// How much each figure counts.
    pub figures: [f64; FIGURES],
    /// What a practice begins with, by document: first in any, then in those of each kind.
    pub usual: [[f64; 1 + KINDS.len()]; PRACTICES],
    /// From here on a practice is named.
    pub cut: f64,
    /// How far below the best a practice may stay.
    pub span: f64,
}

static DECISION: LazyLock<Decision> =
    LazyLock::new(|| Decision::parse(include_str!("about.txt")).expect("the shipped weights are whole"));

impl Decision {
    /// The one that ships.
    pub fn shipped() -> &'static Self {
        &DECISION
    }

    /// How much speaks for each practice.
    pub fn weigh(&self, evidence: &Evidence) -> [f64; PRACTICES] {
        let mut weights = [0.0; PRACTICES];
        for (at, weight) in weights.iter_mut().enumerate() {
            *weight = self.usual[at][0];
            for (known, usual) in evidence.kinds.iter().zip(&self.usual[at][1..]) {
                *weight += if *known { *usual } else { 0.0 };
            }
            for (figure, counts) in evidence.figures[at].iter().zip(&self.figures) {
                *weight += figure * counts;
            }
        }
        weights
    }

    /// The practices to name, first what most speaks for; at least one.
    pub fn practices(&self, evidence: &Evidence) -> Vec<Practice> {
        let weights = self.weigh(evidence);
        let mut order: Vec<usize> = (0..PRACTICES).collect();
        order.sort_by(|a, b| weights[*b].total_cmp(&weights[*a]).then(a.cmp(b)));
        let best = weights[order[0]];
        let named = order
            .iter()
            .enumerate()
            .filter(|(rank, at)| *rank == 0 || weights[**at] >= self.cut && weights[**at] >= best - self.span);
        named.take(MOST).map(|(_, at)| Practice::ALL[*at].0).collect()
    }

    /// What a file says; none if a line is missing or odd.
    pub fn parse(text: &str) -> Option<Self> {
        let lines: BTreeMap<&str, Vec<f64>> = text
            .lines()
            .filter(|line| !line.starts_with('#') && !line.trim().is_empty())
            .map(|line| {
                let mut words = line.split_whitespace();
                let name = words.next()?;
                Some((name, words.map(|word| word.parse().ok()).collect::<Option<Vec<f64>>>()?))
            })
            .collect::<Option<_>>()?;
        let one = |name: &str| lines.get(name).and_then(|numbers| <[f64; 1]>::try_from(numbers.as_slice()).ok());
        let mut figures = [0.0; FIGURES];
        for (figure, name) in figures.iter_mut().zip(FIGURE_NAMES) {
            [*figure] = one(name)?;
        }
        let mut usual = [[0.0; 1 + KINDS.len()]; PRACTICES];
        for (usual, (_, id, _)) in usual.iter_mut().zip(Practice::ALL) {
            *usual = lines.get(id)?.as_slice().try_into().ok()?;
        }
        let ([cut], [span]) = (one("cut")?, one("span")?);
        Some(Self { figures, usual, cut, span })
    }

    /// The file that says so.
    pub fn to_text(&self) -> String {
        use std::fmt::Write;

        let mut text = String::from(
            "# Made by `cargo run --release --example train_topics`: how much the figures of a\n\
             # change (src/judgment/about.rs) count for naming a practice, and what is usual in\n\
             # documents: in any, ",
        );
        let kinds = KINDS.join(", ");
        let _ = writeln!(text, "{kinds}.");
        let _ = writeln!(text, "cut {:.3}\nspan {:.3}", self.cut, self.span);
        for (name, figure) in FIGURE_NAMES.iter().zip(self.figures) {
            let _ = writeln!(text, "{name} {figure:.4}");
        }
        for ((_, id, _), usual) in Practice::ALL.iter().zip(&self.usual) {
            let numbers: Vec<String> = usual.iter().map(|number| format!("{number:.3}")).collect();
            let _ = writeln!(text, "{id} {}", numbers.join(" "));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_decision_reads_back() {
        let shipped = Decision::shipped();
        assert_eq!(Decision::parse(&shipped.to_text()).as_ref(), Some(shipped));
        assert_eq!(Decision::parse("cut 1\n"), None);
        assert_eq!(Decision::parse(&shipped.to_text().replace("cut ", "cut x")), None);
    }

    #[test]
    fn more_evidence_never_speaks_against_a_practice_that_rules_gave() {
        let decision = Decision::shipped();
        let mut evidence = Evidence { figures: [[0.2; FIGURES]; PRACTICES], kinds: [true, false, false, false] };
        let before = decision.weigh(&evidence)[Practice::Retention as usize];
        evidence.figures[Practice::Retention as usize] = [1.5, 1.0, 0.8, 0.6, 3.0, 0.6, 1.0, 0.9, 1.0];
        assert!(decision.weigh(&evidence)[Practice::Retention as usize] > before);
        assert_eq!(decision.practices(&evidence).first(), Some(&Practice::Retention));
    }

    #[test]
    fn at_least_one_practice_is_named_and_at_most_five() {
        let decision = Decision::shipped();
        for (level, counts) in [(0.0, 1..=5), (3.0, 5..=5)] {
            let evidence = Evidence { figures: [[level; FIGURES]; PRACTICES], kinds: [false; 4] };
            assert!(counts.contains(&decision.practices(&evidence).len()), "{level}");
        }
    }
}
