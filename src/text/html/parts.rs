//! The parts of a page that a watch's selectors pick or leave out.

use std::ops::Range;

use scraper::{Html, Selector};

use super::tree::Tree;
use crate::text::select::{self, Bound, Pick, Side};

/// What some selectors pick.
#[derive(Debug, Default)]
pub(super) struct Picked {
    /// Runs of nodes in page order, none within or beside another.
    pub(super) runs: Vec<Range<usize>>,
    /// The selectors that picked nothing.
    pub(super) unmatched: Vec<String>,
}

/// Picks by each of some selectors. One that cannot be read picks nothing; the
/// configuration and the command line refuse those before.
pub(super) fn pick(html: &Html, tree: &Tree<'_>, selectors: &[String]) -> Picked {
    let mut picked = Picked::default();
    for selector in selectors {
        let runs = Pick::parse(selector).map(|pick| runs(html, tree, &pick)).unwrap_or_default();
        if runs.is_empty() {
            picked.unmatched.push(selector.clone());
        }
        picked.runs.extend(runs);
    }
    picked.runs = joined(picked.runs);
    picked
}

/// Leaves out everything that stands wholly in these runs.
pub(super) fn leave_out(tree: &mut Tree<'_>, runs: &[Range<usize>]) {
    for run in runs {
        for node in &mut tree.nodes[run.clone()] {
            node.off |= node.end <= run.end;
        }
    }
}

/// Whether any word stands in these runs that is not left out.
pub(super) fn have_words(tree: &Tree<'_>, runs: &[Range<usize>]) -> bool {
    let said = |text: &str| text.chars().any(char::is_alphanumeric);
    runs.iter().any(|run| {
        let mut at = run.start;
        while at < run.end {
            let node = &tree.nodes[at];
            if !node.off && node.text().is_some_and(said) {
                return true;
            }
            at = if node.off { node.end } else { at + 1 };
        }
        false
    })
}

fn runs(html: &Html, tree: &Tree<'_>, pick: &Pick) -> Vec<Range<usize>> {
    match pick {
        Pick::Elements(selector) => matching(html, tree, selector).map(|at| tree.subtree(at)).collect(),
        Pick::Range { start, end } => {
            let Some(first) = matching(html, tree, &start.element).next() else { return Vec::new() };
            let from = place(tree, start, first);
            let to = matching(html, tree, &end.element).map(|at| place(tree, end, at)).find(|to| *to > from);
            to.map(|to| from..to).into_iter().collect()
        }
    }
}

/// The elements that a selector matches, in page order; those that are never shown apart.
fn matching<'t>(html: &Html, tree: &'t Tree<'_>, selector: &Selector) -> impl Iterator<Item = usize> + 't {
    let matched = select::matches(html, selector);
    (0..tree.nodes.len()).filter(move |at| matched.contains(&tree.nodes[*at].id()))
}

/// The index at which a range begins or ends.
fn place(tree: &Tree<'_>, bound: &Bound, at: usize) -> usize {
    match bound.side {
        Side::Before => at,
        Side::After => tree.nodes[at].end,
    }
}

/// Sorted, and what overlaps made one, so that nothing is read twice.
fn joined(mut runs: Vec<Range<usize>>) -> Vec<Range<usize>> {
    runs.sort_by_key(|run| (run.start, run.end));
    let mut out: Vec<Range<usize>> = Vec::new();
    for run in runs {
        match out.last_mut() {
            Some(last) if run.start < last.end => last.end = last.end.max(run.end),
            _ => out.push(run),
        }
    }
    out
}
