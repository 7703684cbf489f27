//! Pairs the sections of two readings, so that a moved or renamed section is reported
//! as such and not as a removal and an addition.
//!
//! Equal sections pair first, then equal paths, then equal headings or anchors (Heckel
//! 1978 for the anchors), and the rest by similarity of words (Dice coefficient), best
//! first. Quadratic in unpaired sections, which [`MAX_UNPAIRED`] bounds. Nothing here
//! knows the time.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use super::words::{bag, dice};
use crate::section::{Section, plain_title};

/// Sections a side that are compared each with each; no policy of the corpus has as
/// many that moved or were renamed at once.
const MAX_UNPAIRED: usize = 400;
/// From this Dice coefficient on, two sections without a common heading are taken for one.
const SAME_TEXT: f64 = 0.5;
/// The same with a common heading or anchor.
const SAME_HEADING: f64 = 0.25;

/// Which old section became which new one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Pairing {
    /// For each new section the old one, by index.
    pub(crate) old_of: Vec<Option<usize>>,
    /// For each old section the new one, by index.
    pub(crate) new_of: Vec<Option<usize>>,
}

impl Pairing {
    fn join(&mut self, old: usize, new: usize) {
        self.new_of[old] = Some(new);
        self.old_of[new] = Some(old);
    }

    fn free(of: &[Option<usize>]) -> Vec<usize> {
        (0..of.len()).filter(|at| of[*at].is_none()).collect()
    }
}

/// Pairs sections.
pub(crate) fn pair(old: &[Section], new: &[Section]) -> Pairing {
    let mut pairing = Pairing { old_of: vec![None; new.len()], new_of: vec![None; old.len()] };
    // Most sections are the same on both sides, and need none.
    let (old_bags, new_bags) = (Bags::of(old), Bags::of(new));
    let like = |o: usize, n: usize| dice(old_bags.get(o), new_bags.get(n));

    by_key(&mut pairing, old, new, |s| Some((s.path.clone(), s.text())), |_, _| 1.0, 0.0, false);
    by_key(&mut pairing, old, new, |s| Some(body(s)).filter(|text| text.len() > 80), like, SAME_HEADING, false);
    by_key(&mut pairing, old, new, |s| Some(s.path.clone()), like, 0.0, false);
    by_key(&mut pairing, old, new, |s| s.path.last().map(|h| plain_title(h)), like, SAME_HEADING, true);
    by_key(&mut pairing, old, new, |s| s.anchor.clone(), like, SAME_HEADING, true);

    let mut olds = Pairing::free(&pairing.new_of);
    let mut news = Pairing::free(&pairing.old_of);
    olds.truncate(MAX_UNPAIRED);
    news.truncate(MAX_UNPAIRED);
    best_first(&mut pairing, &olds, &news, like, SAME_TEXT);
    pairing
}

/// The words of sections, each counted when it is first asked for.
struct Bags<'a> {
    sections: &'a [Section],
    known: Vec<OnceCell<Vec<u64>>>,
}

impl<'a> Bags<'a> {
    fn of(sections: &'a [Section]) -> Self {
        Self { sections, known: sections.iter().map(|_| OnceCell::new()).collect() }
    }

    fn get(&self, at: usize) -> &[u64] {
        self.known[at].get_or_init(|| bag(&self.sections[at].labelled_text()))
    }
}

/// Pairs what has the same key. Where several have it, the most similar go first.
fn by_key<K: Ord>(
    pairing: &mut Pairing,
    old: &[Section],
    new: &[Section],
    key: impl Fn(&Section) -> Option<K>,
    like: impl Fn(usize, usize) -> f64,
    least: f64,
    only_single: bool,
) {
    let mut groups: BTreeMap<K, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
    for at in Pairing::free(&pairing.new_of) {
        if let Some(key) = key(&old[at]) {
            groups.entry(key).or_default().0.push(at);
        }
    }
    for at in Pairing::free(&pairing.old_of) {
        if let Some(key) = key(&new[at]) {
            groups.entry(key).or_default().1.push(at);
        }
    }
    for (mut olds, mut news) in groups.into_values() {
        if only_single && (olds.len() > 1 || news.len() > 1) {
            continue;
        }
        olds.truncate(MAX_UNPAIRED);
        news.truncate(MAX_UNPAIRED);
        best_first(pairing, &olds, &news, &like, least);
    }
}

/// Pairs the most similar first; among equals the ones that stand first.
fn best_first(pairing: &mut Pairing, olds: &[usize], news: &[usize], like: impl Fn(usize, usize) -> f64, least: f64) {
    let mut scored: Vec<(f64, usize, usize, usize)> = Vec::new();
    for (i, &o) in olds.iter().enumerate() {
        for (j, &n) in news.iter().enumerate() {
            let likeness = like(o, n);
            if likeness >= least {
                scored.push((likeness, i.abs_diff(j), o, n));
            }
        }
    }
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2, a.3).cmp(&(b.1, b.2, b.3))));
    for (_, _, o, n) in scored {
        if pairing.new_of[o].is_none() && pairing.old_of[n].is_none() {
            pairing.join(o, n);
        }
    }
}

/// The text without the heading.
fn body(section: &Section) -> String {
    section.blocks.iter().map(|block| block.text.as_str()).collect::<Vec<_>>().join("\n")
}

/// Which members of a sequence of distinct numbers keep their order: the longest
/// increasing subsequence (Fredman 1975), as marks.
pub(crate) fn keeps_order(sequence: &[usize]) -> Vec<bool> {
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = vec![None; sequence.len()];
    for at in 0..sequence.len() {
        let place = ends.partition_point(|&end| sequence[end] < sequence[at]);
        before[at] = place.checked_sub(1).map(|p| ends[p]);
        if place == ends.len() { ends.push(at) } else { ends[place] = at }
    }
    let mut marks = vec![false; sequence.len()];
    let mut at = ends.last().copied();
    while let Some(here) = at {
        marks[here] = true;
        at = before[here];
    }
    marks
}
