//! Cuts the old text at the headings of the new one, so that a redesign is no change.
//!
//! A publisher that turns bold lines into headings, or headings into bold lines, has
//! said nothing new; but sections come and go, and their text seems to move. Where a
//! line of one side is a heading of the other, the old side is cut as the new one is.
//! Linear in the texts.

use std::collections::HashMap;

use crate::section::{Section, plain_title, split_number};
use crate::text::{Block, BlockKind};

/// The longest line that may be a heading on the other side, in bytes.
const LONGEST: usize = 300;

/// How often a title stands in a text: as a heading, and as a line.
#[derive(Clone, Copy, Default)]
struct Seen<'a> {
    headings: usize,
    lines: usize,
    /// The heading's path.
    path: &'a [String],
}

/// What a line is compared by; none where it is too long or says nothing.
fn key(text: &str) -> Option<String> {
    (text.len() <= LONGEST).then(|| plain_title(split_number(text).1)).filter(|key| !key.is_empty())
}

fn heading_key(section: &Section) -> Option<String> {
    section.heading.as_deref().and_then(key)
}

fn line_key(block: &Block) -> Option<String> {
    let line = matches!(block.kind, BlockKind::Paragraph | BlockKind::ListItem { .. } | BlockKind::Term);
    line.then(|| key(&block.text)).flatten()
}

fn seen(sections: &[Section]) -> HashMap<String, Seen<'_>> {
    let mut seen: HashMap<String, Seen<'_>> = HashMap::new();
    for section in sections {
        if let Some(key) = heading_key(section) {
            let title = seen.entry(key).or_default();
            title.headings += 1;
            title.path = &section.path;
        }
        for key in section.blocks.iter().filter_map(line_key) {
            seen.entry(key).or_default().lines += 1;
        }
    }
    seen
}

/// The old sections, cut at the headings of the new ones. The words stay as they are,
/// in their order.
pub(crate) fn recut(old: &[Section], new: &[Section]) -> Vec<Section> {
    let (olds, news) = (seen(old), seen(new));
    let both = |key: &String| Some((*olds.get(key)?, *news.get(key)?));
    // A table of contents names a title once more: the last of its lines is the heading.
    let mut left: HashMap<&String, usize> = HashMap::new();
    for (key, old) in &olds {
        let raised = old.headings == 0 && news.get(key).is_some_and(|new| new.headings == 1);
        if raised {
            left.insert(key, old.lines);
        }
    }
    let lowered =
        |key: &String| both(key).is_some_and(|(old, new)| old.headings == 1 && new.headings == 0 && new.lines > 0);
    let mut out: Vec<Section> = Vec::with_capacity(old.len());
    for section in old {
        match (&section.heading, out.last_mut()) {
            (Some(heading), Some(last)) if heading_key(section).is_some_and(|key| lowered(&key)) => {
                last.blocks.push(Block { kind: BlockKind::Paragraph, text: heading.clone(), links: Vec::new() });
            }
            _ => out.push(Section { blocks: Vec::new(), ..section.clone() }),
        }
        for block in &section.blocks {
            let key = line_key(block);
            let raised = key.as_ref().and_then(|key| left.get_mut(key)).is_some_and(|left| {
                *left -= 1;
                *left == 0
            });
            let path = key.as_ref().and_then(|key| news.get(key)).map(|title| title.path).unwrap_or_default();
            if raised {
                out.push(raise(block, path));
            } else if let Some(last) = out.last_mut() {
                last.blocks.push(block.clone());
            }
        }
    }
    out
}

/// The section that a line heads.
fn raise(block: &Block, path: &[String]) -> Section {
    Section {
        path: path.to_vec(),
        level: u8::try_from(path.len()).unwrap_or(u8::MAX),
        heading: Some(block.text.clone()),
        number: split_number(&block.text).0,
        anchor: None,
        blocks: Vec::new(),
    }
}
