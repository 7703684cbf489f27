//! The two fits behind the practices that a judgment names. Both give the same weights
//! for the same lines, in whatever order a machine works.

use std::collections::{BTreeMap, BTreeSet};

use policywatch::judgment::Practice;
use policywatch::judgment::about::{Decision, Evidence, FIGURES, KINDS};
use policywatch::judgment::practice::named_in;
use policywatch::judgment::topics::{BUCKETS, PRACTICES, Topics, places};
use policywatch::section::Section;

/// A text and the practices that it is about.
pub struct Line {
    pub practices: Vec<Practice>,
    pub text: String,
    /// How much it counts.
    pub counts: f64,
}

/// What a sentence that was written for the purpose counts, and a paragraph that has its
/// practices from its heading.
const WRITTEN: f64 = 3.0;
const HEADED: f64 = 0.1;
/// Paragraphs of one publisher that are taken under the same practice.
const MAX_OF_ONE: usize = 200;
/// A shorter paragraph says too little, and a heading that names more practices says nothing.
const MIN_WORDS: usize = 6;
const MAX_NAMED: usize = 3;

/// Takes paragraphs from texts, each with the practices that its heading names, or the one
/// above; each paragraph once.
#[derive(Default)]
pub struct Paragraphs {
    pub lines: Vec<Line>,
    known: BTreeSet<String>,
    taken: BTreeMap<(String, Practice), usize>,
}

impl Paragraphs {
    pub fn take(&mut self, publisher: &str, sections: &[Section]) {
        for section in sections {
            let near = section.path.iter().rev().take(2).map(|heading| named_in(heading));
            let Some(practices) = near.into_iter().find(|named| !named.is_empty()) else { continue };
            if practices.len() > MAX_NAMED {
                continue;
            }
            for block in &section.blocks {
                let text = block.text.trim().to_owned();
                let taken = self.taken.entry((publisher.to_owned(), practices[0])).or_default();
                if text.split_whitespace().count() < MIN_WORDS
                    || *taken >= MAX_OF_ONE
                    || !self.known.insert(text.clone())
                {
                    continue;
                }
                *taken += 1;
                self.lines.push(Line { practices: practices.clone(), text, counts: HEADED });
            }
        }
    }
}

/// Reads `practice[,practice] | sentence` lines; `#` begins a remark.
pub fn lines(text: &str) -> Result<Vec<Line>, String> {
    let told = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    told.map(|line| {
        let (ids, text) = line.split_once(" | ").ok_or_else(|| format!("no ` | ` in: {line}"))?;
        let practices: Option<Vec<Practice>> = ids.split(',').map(Practice::parse).collect();
        let practices = practices.ok_or_else(|| format!("an unknown practice in: {line}"))?;
        Ok(Line { practices, text: text.to_owned(), counts: WRITTEN })
    })
    .collect()
}

/// A text that is about a practice counts for so many that are not.
const ABOUT: f64 = 2.0;
/// Passes over all texts.
const PASSES: usize = 30;

/// Learns what sentences are about: one support vector machine for each practice (squared
/// hinge loss, dual coordinate descent after Hsieh et al. 2008).
pub fn topics(lines: &[Line]) -> Topics {
    let rows: Vec<Vec<usize>> = lines.iter().map(|line| places(&line.text).into_iter().collect()).collect();
    let mut bias = [0.0; PRACTICES];
    let mut weights: [Vec<f64>; PRACTICES] = std::array::from_fn(|_| vec![0.0; BUCKETS]);
    for (at, (practice, ..)) in Practice::ALL.iter().enumerate() {
        let (w, b) = (&mut weights[at], &mut bias[at]);
        let mut alphas = vec![0.0_f64; lines.len()];
        let mut order: Vec<usize> = (0..lines.len()).collect();
        let mut chance = Chance(1);
        for _ in 0..PASSES {
            chance.shuffle(&mut order);
            for &row in &order {
                let terms = &rows[row];
                let (sign, counts) = if lines[row].practices.contains(practice) {
                    (1.0, ABOUT * lines[row].counts)
                } else {
                    (-1.0, lines[row].counts)
                };
                // Each row has length one, and one more for the bias.
                let each = 1.0 / (terms.len().max(1) as f64).sqrt();
                let ridge = 1.0 / (2.0 * counts);
                let margin = terms.iter().map(|term| w[*term]).sum::<f64>() * each + *b;
                let slope = sign * margin - 1.0 + alphas[row] * ridge;
                let alpha = (alphas[row] - slope / (2.0 + ridge)).max(0.0);
                let step = (alpha - alphas[row]) * sign;
                alphas[row] = alpha;
                terms.iter().for_each(|term| w[*term] += step * each);
                *b += step;
            }
        }
    }
    Topics::from_weights(&bias, &weights)
}

/// A small generator, the same on every machine (Knuth's MMIX).
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }

    fn shuffle(&mut self, order: &mut [usize]) {
        for at in (1..order.len()).rev() {
            order.swap(at, self.below(at + 1));
        }
    }
}

/// A labelled change: what was found of it, and what people said it is about.
#[derive(Clone)]
pub struct Example {
    pub service: String,
    pub evidence: Evidence,
    pub wanted: BTreeSet<Practice>,
}

/// Numbers that weigh what is said of one practice: the figures, then for each practice a
/// start and one number for each kind of document.
const STARTS: usize = 1 + KINDS.len();
const NUMBERS: usize = FIGURES + PRACTICES * STARTS;
/// How strongly weights are held small; kinds of documents more than figures.
const RIDGE: f64 = 1.0;
const KIND_SCALE: f64 = 0.7;
const STEPS: usize = 1_500;

/// Learns how figures decide: logistic regression, with the figures brought to one scale.
pub fn decision(examples: &[Example]) -> Decision {
    let cells = examples.len() * PRACTICES;
    let figure = |example: &Example, at: usize, n: usize| example.evidence.figures[at][n];
    let (mut means, mut spreads) = ([0.0; FIGURES], [0.0; FIGURES]);
    for n in 0..FIGURES {
        let all = || examples.iter().flat_map(|example| (0..PRACTICES).map(move |at| figure(example, at, n)));
        means[n] = all().sum::<f64>() / cells as f64;
        let variance = all().map(|x| (x - means[n]) * (x - means[n])).sum::<f64>() / cells as f64;
        spreads[n] = variance.sqrt().max(1e-6);
    }
    let (mut w, mut ahead, mut common) = ([0.0; NUMBERS], [0.0; NUMBERS], [0.0; 2]);
    let mut before = w;
    for step in 0..STEPS {
        // Nesterov's accelerated descent.
        let push = step as f64 / (step as f64 + 3.0);
        for n in 0..NUMBERS {
            ahead[n] = w[n] + push * (w[n] - before[n]);
        }
        let start = common[0] + push * (common[0] - common[1]);
        let (mut slopes, mut slope) = (ahead.map(|weight| RIDGE * weight), 0.0);
        for example in examples {
            for (at, (practice, ..)) in Practice::ALL.iter().enumerate() {
                let base = FIGURES + at * STARTS;
                let mut sum = start + ahead[base];
                let scaled: [f64; FIGURES] = std::array::from_fn(|n| (figure(example, at, n) - means[n]) / spreads[n]);
                sum += scaled.iter().zip(&ahead).map(|(x, weight)| x * weight).sum::<f64>();
                for (n, known) in example.evidence.kinds.iter().enumerate() {
                    sum += if *known { KIND_SCALE * ahead[base + 1 + n] } else { 0.0 };
                }
                let is = if example.wanted.contains(practice) { 1.0 } else { 0.0 };
                let off = 1.0 / (1.0 + (-sum).exp()) - is;
                slope += off;
                slopes[base] += off;
                scaled.iter().zip(&mut slopes).for_each(|(x, slope)| *slope += off * x);
                for (n, known) in example.evidence.kinds.iter().enumerate() {
                    slopes[base + 1 + n] += if *known { KIND_SCALE * off } else { 0.0 };
                }
            }
        }
        // A bound on the curvature: figures of one scale, and at most a start and two kinds.
        let rate = 1.0 / (0.25 * cells as f64 * (FIGURES as f64 + 3.0) + RIDGE) * 4.0;
        before = w;
        for n in 0..NUMBERS {
            w[n] = ahead[n] - rate * slopes[n];
        }
        common = [start - rate * slope, common[0]];
    }
    let mut figures = [0.0; FIGURES];
    let mut usual = [[0.0; STARTS]; PRACTICES];
    let mut moved = common[0];
    for n in 0..FIGURES {
        figures[n] = w[n] / spreads[n];
        moved -= w[n] * means[n] / spreads[n];
    }
    for (at, usual) in usual.iter_mut().enumerate() {
        let base = FIGURES + at * STARTS;
        usual[0] = moved + w[base];
        for n in 0..KINDS.len() {
            usual[1 + n] = KIND_SCALE * w[base + 1 + n];
        }
    }
    Decision { figures, usual, cut: -1.0, span: 3.0 }
}

/// True positives, named, wanted.
#[derive(Clone, Copy, Default)]
pub struct Score([usize; 3]);

impl Score {
    pub fn add(&mut self, named: &[Practice], wanted: &BTreeSet<Practice>) {
        self.0[0] += named.iter().filter(|practice| wanted.contains(practice)).count();
        self.0[1] += named.len();
        self.0[2] += wanted.len();
    }

    pub fn f1(self) -> f64 {
        2.0 * self.0[0] as f64 / (self.0[1] + self.0[2]).max(1) as f64
    }

    pub fn told(self) -> String {
        let part = |whole: usize| self.0[0] as f64 / whole.max(1) as f64;
        format!("F1 {:.4}, precision {:.3}, recall {:.3}", self.f1(), part(self.0[1]), part(self.0[2]))
    }
}

pub fn score<'a>(decision: &Decision, examples: impl IntoIterator<Item = &'a Example>) -> Score {
    let mut score = Score::default();
    for example in examples {
        score.add(&decision.practices(&example.evidence), &example.wanted);
    }
    score
}

/// The decision whose cut and span score best where the services were left out of the fit,
/// and how well it does there.
pub fn tuned(examples: &[Example]) -> (Decision, Score) {
    const FOLDS: usize = 8;
    let services: BTreeSet<&str> = examples.iter().map(|example| example.service.as_str()).collect();
    let services: Vec<&str> = services.into_iter().collect();
    let fold = |example: &Example| services.iter().position(|name| *name == example.service).unwrap_or(0) % FOLDS;
    let parts: Vec<(Decision, Vec<&Example>)> = (0..FOLDS)
        .map(|at| {
            let rest: Vec<Example> = examples.iter().filter(|example| fold(example) != at).cloned().collect();
            (decision(&rest), examples.iter().filter(|example| fold(example) == at).collect())
        })
        .collect();
    let (mut best, mut best_score) = ((-1.0, 3.0), Score::default());
    for cut in (-20..=4).map(|tenth| f64::from(tenth) / 10.0) {
        for span in [1.5, 2.0, 2.5, 3.0, 4.0, 6.0] {
            let mut total = Score::default();
            for (decision, left_out) in &parts {
                let decision = Decision { cut, span, ..decision.clone() };
                for example in left_out {
                    total.add(&decision.practices(&example.evidence), &example.wanted);
                }
            }
            if total.f1() > best_score.f1() {
                (best, best_score) = ((cut, span), total);
            }
        }
    }
    let (cut, span) = best;
    (Decision { cut, span, ..decision(examples) }, best_score)
}
