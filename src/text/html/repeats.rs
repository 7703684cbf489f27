//! The same text twice on one page: pages for two widths of screen carry their text for each.

use std::cell::LazyCell;
use std::collections::HashMap;

use foldhash::fast::RandomState as Hash;

use super::tree::count_words;
use crate::text::Block;

/// A run of blocks with fewer words may stand twice on purpose, as a clause for two countries.
const WHOLE_TEXT: usize = 300;

/// Drops the second of two runs of equal blocks where each holds a third of the page's words
/// or more. Nothing is lost: what differs between the two stays.
///
/// A block is compared only with the first one of its text and those after it, and only until
/// the run is long enough or ends: linear in the page.
pub(super) fn drop(blocks: Vec<Block>) -> Vec<Block> {
    let words = |blocks: &[Block]| blocks.iter().map(|block| count_words(&block.text) as usize).sum::<usize>();
    let third = LazyCell::new(|| words(&blocks) / 3);
    let mut first: HashMap<&str, usize, Hash> = HashMap::default();
    let mut twice = vec![false; blocks.len()];
    let mut at = 0;
    while at < blocks.len() {
        let earlier = *first.entry(&blocks[at].text).or_insert(at);
        let same = |step: &usize| {
            earlier + step < at && at + step < blocks.len() && blocks[earlier + step].text == blocks[at + step].text
        };
        // Rows alike one after the other repeat nothing but themselves.
        let begins = earlier < at && blocks[at - 1].text != blocks[at].text;
        let run = if begins { (0..).take_while(same).count() } else { 0 };
        let repeated = words(&blocks[at..at + run]);
        if repeated >= WHOLE_TEXT && repeated >= *third {
            twice[at..at + run].fill(true);
        }
        at += run.max(1);
    }
    let mut twice = twice.into_iter();
    blocks.into_iter().filter(|_| !twice.next().unwrap_or(false)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::BlockKind;

    fn page(parts: &[(&str, usize)]) -> Vec<Block> {
        let lines = parts.iter().flat_map(|(name, count)| {
            (0..*count)
                .map(move |at| format!("Clause {at} of the {name} says what we keep, for how long and why we do so."))
        });
        lines.map(|text| Block { kind: BlockKind::Paragraph, text, links: Vec::new() }).collect()
    }

    #[test]
    fn a_whole_text_stands_once() {
        assert_eq!(drop(page(&[("policy", 40), ("policy", 40)])), page(&[("policy", 40)]));
        assert_eq!(drop(page(&[("menu", 2), ("policy", 40), ("policy", 40), ("end", 1)])).len(), 43);
    }

    #[test]
    fn what_differs_between_the_two_stays() {
        let mut twice = page(&[("policy", 80), ("policy", 80)]);
        twice[150].text = "We may sell your data.".to_owned();
        let left = drop(twice);
        assert!(left.iter().any(|block| block.text == "We may sell your data."));
        assert!(left.len() < 160);
    }

    #[test]
    fn a_clause_may_be_said_twice() {
        let twice = page(&[("rights", 5), ("duties", 60), ("rights", 5)]);
        assert_eq!(drop(twice.clone()), twice);
        let lines = page(&[("row", 1); 500]);
        assert_eq!(drop(lines.clone()), lines);
    }
}
