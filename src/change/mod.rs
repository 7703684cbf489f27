//! What differs between two versions, by section, in words.

pub(crate) mod pair;
pub(crate) mod words;

use crate::reading::Reading;
use crate::section::Section;
use crate::text::Link;

/// What happens to a stretch of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// It stays.
    Equal,
    /// It goes.
    Delete,
    /// It comes.
    Insert,
}

/// A stretch of text, and what happens to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What happens.
    pub op: Op,
    /// The words, with the white space around them.
    pub text: String,
}

/// What happened to a section.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// Its text changed.
    Amended,
    /// It stands elsewhere; its text may have changed too.
    Moved,
    /// Its heading changed; its text may have changed too.
    Renamed,
}

impl Kind {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Added => "added",
            Kind::Removed => "removed",
            Kind::Amended => "amended",
            Kind::Moved => "moved",
            Kind::Renamed => "renamed",
        }
    }
}

/// A link whose target changed, or that came or went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkChange {
    /// The link before, if there was one.
    pub from: Option<Link>,
    /// The link after, if there is one.
    pub to: Option<Link>,
}

/// What happened to one section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SectionChange {
    /// What happened.
    pub kind: Kind,
    /// Its path before; none if added. May be empty: what stands before the first heading.
    pub from: Option<Vec<String>>,
    /// Its path after; none if removed.
    pub to: Option<Vec<String>>,
    /// The edits of its text (heading included): applied to the old text they give the
    /// new text, exactly. All `Insert` if added, all `Delete` if removed, one `Equal` if
    /// only moved.
    pub edits: Vec<Edit>,
    /// The links that differ.
    pub links: Vec<LinkChange>,
}

impl SectionChange {
    /// The text before: what is not inserted.
    pub fn before(&self) -> String {
        self.edits.iter().filter(|edit| edit.op != Op::Insert).map(|edit| edit.text.as_str()).collect()
    }

    /// The text after: what is not deleted.
    pub fn after(&self) -> String {
        self.edits.iter().filter(|edit| edit.op != Op::Delete).map(|edit| edit.text.as_str()).collect()
    }
}

/// What differs between two versions. Never empty.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The sections that differ, in the order of the new text (removed ones where they stood).
    pub sections: Vec<SectionChange>,
    /// Whether the two sides were read in different ways, so that a part of the
    /// difference may be ours (set by [`crate::examine`]).
    pub crosses_readings: bool,
}

/// Compares two readings; none if they say the same in the same order.
///
/// Pure and deterministic: the same readings give the same change on any machine.
pub fn compare(old: &Reading, new: &Reading) -> Option<Change> {
    if old.sections == new.sections {
        return None;
    }
    let pairing = pair::pair(&old.sections, &new.sections);
    let olds: Vec<usize> = pairing.old_of.iter().flatten().copied().collect();
    let mut in_order = pair::keeps_order(&olds).into_iter();

    // Removed sections stand behind the new section whose old one stood before them.
    let mut sections = Vec::new();
    let mut removed = vec![Vec::new(); new.sections.len() + 1];
    let mut slot = 0;
    for (at, section) in old.sections.iter().enumerate() {
        match pairing.new_of[at] {
            Some(new) => slot = new + 1,
            None => removed[slot].push(alone(section, Op::Delete)),
        }
    }
    let mut removed = removed.into_iter();
    sections.extend(removed.next().unwrap_or_default());
    for (at, section) in new.sections.iter().enumerate() {
        sections.extend(match pairing.old_of[at] {
            Some(before) => {
                let moved = !in_order.next().unwrap_or(true) || parent_changed(old, new, &pairing, before, at);
                both(&old.sections[before], section, moved)
            }
            None => Some(alone(section, Op::Insert)),
        });
        sections.extend(removed.next().unwrap_or_default());
    }
    (!sections.is_empty()).then_some(Change { sections, crosses_readings: false })
}

/// A section without a partner.
fn alone(section: &Section, op: Op) -> SectionChange {
    let links = section.blocks.iter().flat_map(|block| &block.links);
    let (kind, from, to, links) = match op {
        Op::Insert => {
            (Kind::Added, None, Some(section.path.clone()), links.map(|l| (None, Some(l.clone()))).collect::<Vec<_>>())
        }
        _ => (Kind::Removed, Some(section.path.clone()), None, links.map(|l| (Some(l.clone()), None)).collect()),
    };
    let text = section.text();
    let edits = if text.is_empty() { Vec::new() } else { vec![Edit { op, text }] };
    let links = links.into_iter().map(|(from, to)| LinkChange { from, to }).collect();
    SectionChange { kind, from, to, edits, links }
}

/// What happened to a section that stands on both sides; none if nothing did.
fn both(old: &Section, new: &Section, moved: bool) -> Option<SectionChange> {
    let (before, after) = (old.text(), new.text());
    let links = link_changes(old, new);
    let renamed = old.path.last().map(|h| pair::plain(h)) != new.path.last().map(|h| pair::plain(h));
    let kind = match () {
        () if renamed => Kind::Renamed,
        () if moved => Kind::Moved,
        () if before != after || !links.is_empty() => Kind::Amended,
        () => return None,
    };
    let edits = words::edits(&before, &after);
    Some(SectionChange { kind, from: Some(old.path.clone()), to: Some(new.path.clone()), edits, links })
}

/// Whether a section stands under another parent than before. A parent that was only
/// renamed is the same parent.
fn parent_changed(old: &Reading, new: &Reading, pairing: &pair::Pairing, before: usize, after: usize) -> bool {
    let parent = |sections: &[Section], at: usize| {
        let path = &sections[at].path;
        let above = &path[..path.len().saturating_sub(1)];
        (!above.is_empty()).then(|| sections[..at].iter().rposition(|s| s.path == above)).flatten()
    };
    match (parent(&old.sections, before), parent(&new.sections, after)) {
        (Some(o), Some(n)) => pairing.new_of[o].is_some() && pairing.new_of[o] != Some(n),
        // A level of headings that came or went is formatting, not a move.
        _ => false,
    }
}

/// The links that differ: equal ones set aside, then by their words, then what is left.
/// A link whose words changed and whose target stayed is no difference.
fn link_changes(old: &Section, new: &Section) -> Vec<LinkChange> {
    let mut olds: Vec<&Link> = old.blocks.iter().flat_map(|block| &block.links).collect();
    let mut news: Vec<&Link> = new.blocks.iter().flat_map(|block| &block.links).collect();
    take_pairs(&mut olds, &mut news, |a, b| a == b);
    take_pairs(&mut olds, &mut news, |a, b| a.target == b.target);
    let moved = take_pairs(&mut olds, &mut news, |a, b| a.text == b.text);
    let changed = moved.into_iter().map(|(from, to)| (Some(from), Some(to)));
    let gone = olds.into_iter().map(|link| (Some(link), None));
    let come = news.into_iter().map(|link| (None, Some(link)));
    changed.chain(gone).chain(come).map(|(a, b)| LinkChange { from: a.cloned(), to: b.cloned() }).collect()
}

/// Takes out what corresponds, first with first.
fn take_pairs<'a>(
    olds: &mut Vec<&'a Link>,
    news: &mut Vec<&'a Link>,
    same: impl Fn(&Link, &Link) -> bool,
) -> Vec<(&'a Link, &'a Link)> {
    let mut pairs = Vec::new();
    olds.retain(|old| match news.iter().position(|new| same(old, new)) {
        Some(at) => {
            pairs.push((*old, news.remove(at)));
            false
        }
        None => true,
    });
    pairs
}
