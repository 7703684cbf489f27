//! Cuts the old text at the headings of the new one, so that a redesign is no change.
//!
//! A publisher that turns bold lines into headings, or headings into bold lines, has
//! said nothing new; but sections come and go, and their text seems to move. Where a
//! line of one side is a heading of the other, the old side is cut as the new one is.
//!
//! A section that was split or merged is cut so too: where a new heading stands above text
//! that stood within a section, the old text is cut there, and where a heading is gone from
//! above text that another section holds now, it joins that section. Linear in the texts.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use crate::section::{Section, plain_title, split_number};
use crate::text::{Block, BlockKind};

/// The longest line that may be a heading on the other side, in bytes.
const LONGEST: usize = 300;

/// Bytes of a block that is found again by its text.
const TELLING: usize = 40;

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

/// Where a block stands: its section, and its number there.
type Place = (usize, usize);

/// Where each block stands that says enough and stands once.
fn places(sections: &[Section]) -> HashMap<&str, Option<Place>> {
    let mut places: HashMap<&str, Option<Place>> = HashMap::new();
    for (at, section) in sections.iter().enumerate() {
        for (number, block) in section.blocks.iter().enumerate().filter(|(_, block)| block.text.len() >= TELLING) {
            places.entry(&block.text).and_modify(|place| *place = None).or_insert(Some((at, number)));
        }
    }
    places
}

/// Where sections were split and merged.
struct Seams<'a> {
    old: &'a [Section],
    /// Where the blocks of the old text stand in the new one.
    news: HashMap<&'a str, Option<Place>>,
    /// The blocks of the old text that a new heading stands above.
    splits: BTreeSet<Place>,
}

impl<'a> Seams<'a> {
    fn find(old: &'a [Section], new: &'a [Section], known: impl Fn(&Section) -> bool) -> Self {
        let (olds, news) = (places(old), places(new));
        let place =
            |places: &HashMap<&str, Option<Place>>, block: &Block| places.get(block.text.as_str()).copied().flatten();
        let mut splits = BTreeSet::new();
        for (at, section) in new.iter().enumerate().filter(|(_, section)| section.heading.is_some() && !known(section))
        {
            let Some(first) = section.blocks.first().filter(|block| place(&news, block).is_some()) else { continue };
            let Some((from, number)) = place(&olds, first).filter(|(_, number)| *number > 0) else { continue };
            let stands =
                |block: Option<&Block>| block.and_then(|block| place(&news, block)).map(|(section, _)| section);
            // What follows there went along; what stands before did not.
            let blocks = &old[from].blocks;
            let follows = stands(blocks.last()).is_some_and(|last| last == at || !known(&new[last]));
            if follows && stands(blocks.get(number - 1)) != Some(at) {
                splits.insert((from, number));
            }
        }
        Self { old, news, splits }
    }

    /// Whether an old section, whose heading is gone, stands in the same section of the new
    /// text as the one before it.
    fn merged(&self, at: usize) -> bool {
        let place = |block: &Block| self.news.get(block.text.as_str()).copied().flatten();
        let Some((into, number)) = self.old[at].blocks.first().and_then(place) else { return false };
        let before = at.checked_sub(1).map_or(&[][..], |before| &self.old[before].blocks);
        number > 0 && before.iter().filter_map(place).any(|(section, _)| section == into)
    }
}

/// The old sections, cut at the headings of the new ones. The words stay as they are,
/// in their order.
pub(crate) fn recut<'a>(old: &'a [Section], new: &[Section]) -> Cow<'a, [Section]> {
    // Nothing is cut or joined but at a heading that only one side has.
    if old.len() == new.len() && old.iter().zip(new).all(|(old, new)| old.heading == new.heading) {
        return Cow::Borrowed(old);
    }
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
    let unknown = |section: &Section, titles: &HashMap<String, Seen<'_>>| {
        heading_key(section).is_some_and(|key| !titles.contains_key(&key))
    };
    let seams = Seams::find(old, new, |section| !unknown(section, &olds));
    let mut out: Vec<Section> = Vec::with_capacity(old.len());
    for (at, section) in old.iter().enumerate() {
        let joins =
            heading_key(section).is_some_and(|key| lowered(&key)) || unknown(section, &news) && seams.merged(at);
        match (&section.heading, out.last_mut()) {
            (Some(heading), Some(last)) if joins => {
                last.blocks.push(Block { kind: BlockKind::Paragraph, text: heading.clone(), links: Vec::new() });
            }
            _ => out.push(Section { blocks: Vec::new(), ..section.clone() }),
        }
        for (number, block) in section.blocks.iter().enumerate() {
            if seams.splits.contains(&(at, number)) {
                // It has no heading of its own yet.
                let cut = Section { heading: None, number: None, anchor: None, blocks: Vec::new(), ..section.clone() };
                out.push(cut);
            }
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
    Cow::Owned(out)
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
