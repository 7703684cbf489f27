//! What differs between two versions, by section, in words.

pub(crate) mod pair;
mod recut;
mod same;
pub(crate) mod words;

use std::collections::{BTreeMap, VecDeque};

use crate::reading::Reading;
use crate::section::{Section, plain_title};
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
    /// The edits of its text (heading included, cells behind the names of their columns:
    /// [`Section::labelled_text`]): applied to the old text they give the new text, exactly.
    /// All `Insert` if added, all `Delete` if removed, one `Equal` if only moved.
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

/// Compares two readings; none if they say the same in the same order. What only looks
/// different is no change: where lines break, what is marked as a heading or an item,
/// how a sign is drawn, a table of the text's own contents, or how a link spells its way
/// to the same page.
///
/// Pure and deterministic: the same readings give the same change on any machine.
pub fn compare(old: &Reading, new: &Reading) -> Option<Change> {
    if old.sections == new.sections || same::readings(old, new) {
        return None;
    }
    let olds = recut::recut(&old.sections, &new.sections);
    compare_sections(&olds, &new.sections)
}

fn compare_sections(old: &[Section], new: &[Section]) -> Option<Change> {
    let pairing = pair::pair(old, new);
    let olds: Vec<usize> = pairing.old_of.iter().flatten().copied().collect();
    let mut in_order = pair::keeps_order(&olds).into_iter();
    let (old_parents, new_parents) = (parents(old), parents(new));

    // Removed sections stand behind the new section whose old one stood before them.
    let mut sections = Vec::new();
    let mut removed = vec![Vec::new(); new.len() + 1];
    let mut slot = 0;
    for (at, section) in old.iter().enumerate() {
        match pairing.new_of[at] {
            Some(new) => slot = new + 1,
            None => removed[slot].push(alone(section, Op::Delete)),
        }
    }
    let mut removed = removed.into_iter();
    sections.extend(removed.next().unwrap_or_default());
    for (at, section) in new.iter().enumerate() {
        sections.extend(match pairing.old_of[at] {
            Some(before) => {
                let moved =
                    !in_order.next().unwrap_or(true) || parent_changed(old_parents[before], new_parents[at], &pairing);
                both(&old[before], section, moved)
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
    let text = section.labelled_text();
    let edits = if text.is_empty() { Vec::new() } else { vec![Edit { op, text }] };
    let links = links.into_iter().map(|(from, to)| LinkChange { from, to }).collect();
    SectionChange { kind, from, to, edits, links }
}

/// What happened to a section that stands on both sides; none if nothing did.
fn both(old: &Section, new: &Section, moved: bool) -> Option<SectionChange> {
    if !moved && old == new {
        return None;
    }
    let after = new.labelled_text();
    // Where the words are the same, a row that is now marked as the columns' names is no change.
    let before = if old.text() == new.text() { after.clone() } else { old.labelled_text() };
    let links = link_changes(old, new);
    let renamed = old.path.last().map(|h| plain_title(h)) != new.path.last().map(|h| plain_title(h));
    // A part of a section that has a heading of its own now ([`recut`]).
    let split = old.heading.is_none() && new.heading.is_some() && !old.path.is_empty();
    let kind = match () {
        () if split => Kind::Moved,
        () if renamed => Kind::Renamed,
        () if moved => Kind::Moved,
        () if !links.is_empty() || before != after && !same::sections(old, new) => Kind::Amended,
        () => return None,
    };
    let edits = words::edits(&before, &after);
    Some(SectionChange { kind, from: Some(old.path.clone()), to: Some(new.path.clone()), edits, links })
}

/// Each section's parent: the last one before it that has its path but for the last heading.
fn parents(sections: &[Section]) -> Vec<Option<usize>> {
    let mut last: BTreeMap<&[String], usize> = BTreeMap::new();
    let mut parents = Vec::with_capacity(sections.len());
    for (at, section) in sections.iter().enumerate() {
        let above = section.path.split_last().map_or(&[][..], |(_, above)| above);
        parents.push(if above.is_empty() { None } else { last.get(above).copied() });
        if section.heading.is_some() {
            last.insert(&section.path, at);
        }
    }
    parents
}

/// Whether a section stands under another parent than before. A parent that was only
/// renamed is the same parent.
fn parent_changed(before: Option<usize>, after: Option<usize>, pairing: &pair::Pairing) -> bool {
    match (before, after) {
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
    take_pairs(&mut olds, &mut news, |link| (&link.text, &link.target));
    take_pairs(&mut olds, &mut news, |link| (plain_title(&link.text), same::place(&link.target)));
    let moved = take_pairs(&mut olds, &mut news, |link| &link.text);
    take_pairs(&mut olds, &mut news, |link| same::place(&link.target));
    let changed = moved.into_iter().map(|(from, to)| (Some(from), Some(to)));
    let gone = olds.into_iter().map(|link| (Some(link), None));
    let come = news.into_iter().map(|link| (None, Some(link)));
    changed.chain(gone).chain(come).map(|(a, b)| LinkChange { from: a.cloned(), to: b.cloned() }).collect()
}

/// Takes out what has the same key, first with first; n log n, since an index may hold
/// thousands of links.
fn take_pairs<'a, K: Ord>(
    olds: &mut Vec<&'a Link>,
    news: &mut Vec<&'a Link>,
    key: impl Fn(&'a Link) -> K,
) -> Vec<(&'a Link, &'a Link)> {
    let mut waiting: BTreeMap<K, VecDeque<usize>> = BTreeMap::new();
    for (at, new) in news.iter().enumerate() {
        waiting.entry(key(new)).or_default().push_back(at);
    }
    let mut taken = vec![false; news.len()];
    let mut pairs = Vec::new();
    olds.retain(|old| match waiting.get_mut(&key(old)).and_then(VecDeque::pop_front) {
        Some(at) => {
            pairs.push((*old, news[at]));
            taken[at] = true;
            false
        }
        None => true,
    });
    let mut taken = taken.into_iter();
    news.retain(|_| !taken.next().unwrap_or(false));
    pairs
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::text::{Block, BlockKind};

    /// A reading from a plain notation: `# ` opens a section (more signs, deeper), `- `
    /// is an item (more of them, deeper), anything else a paragraph; `{target}` behind a line is a link of it.
    pub(crate) fn reading(text: &str) -> Reading {
        let mut sections: Vec<Section> = Vec::new();
        let mut stack: Vec<(u8, String)> = Vec::new();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let level = line.chars().take_while(|c| *c == '#').count() as u8;
            if level > 0 {
                let heading = line[level as usize..].trim().to_owned();
                stack.retain(|(above, _)| *above < level);
                let title = heading.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.' || c == ' ').to_owned();
                stack.push((level, title));
                let path = stack.iter().map(|(_, title)| title.clone()).collect();
                sections.push(Section {
                    path,
                    level,
                    heading: Some(heading),
                    number: None,
                    anchor: None,
                    blocks: Vec::new(),
                });
                continue;
            }
            if sections.is_empty() {
                sections.push(Section::default());
            }
            let (line, links) = match line.split_once('{') {
                Some((text, target)) => {
                    let link = Link { text: text.trim().to_owned(), target: target.trim_end_matches('}').to_owned() };
                    (text.trim(), vec![link])
                }
                None => (line, Vec::new()),
            };
            let depth = line.split("- ").take_while(|part| part.is_empty()).count() as u8;
            let kind = if depth > 0 { BlockKind::ListItem { depth } } else { BlockKind::Paragraph };
            let block = Block { kind, text: line.trim_start_matches("- ").to_owned(), links };
            sections.last_mut().expect("there is one by now").blocks.push(block);
        }
        Reading { sections, ..Reading::default() }
    }

    /// A change in a line each: kind, path and the marked-up words.
    fn outline(old: &str, new: &str) -> String {
        let Some(change) = compare(&reading(old), &reading(new)) else { return "none".to_owned() };
        change
            .sections
            .iter()
            .map(|section| {
                let path = section.to.as_ref().or(section.from.as_ref()).map(|path| path.join("/")).unwrap_or_default();
                let edits: String = section
                    .edits
                    .iter()
                    .map(|edit| match edit.op {
                        Op::Equal => edit.text.clone(),
                        Op::Delete => format!("[-{}-]", edit.text),
                        Op::Insert => format!("{{+{}+}}", edit.text),
                    })
                    .collect();
                let links =
                    if section.links.is_empty() { String::new() } else { format!(" ({} links)", section.links.len()) };
                format!("{} {path}: {}{links}", section.kind.as_str(), edits.replace('\n', "⏎"))
            })
            .collect::<Vec<_>>()
            .join("\n")
    }

    #[test]
    fn every_kind_of_change_has_its_name() {
        let cases = [
            ("# A\nx", "# A\nx", "none"),
            (
                "# Sale\nWe do not sell data.",
                "# Sale\nWe may sell data.",
                "amended Sale: Sale⏎⏎We [-do not-]{+may+} sell data.",
            ),
            ("# A\nx", "# A\nx\n# B\ny", "added B: {+B⏎⏎y+}"),
            ("# A\nx\n# B\ny", "# A\nx", "removed B: [-B⏎⏎y-]"),
            (
                "# A\none two three four\n# B\nfive six seven eight\n# C\nnine ten",
                "# B\nfive six seven eight\n# A\none two three four\n# C\nnine ten",
                "moved B: B⏎⏎five six seven eight",
            ),
            (
                "# Old name\nWe keep logs for thirty days.",
                "# New title\nWe keep logs for thirty days.",
                "renamed New title: [-Old name-]{+New title+}⏎⏎We keep logs for thirty days.",
            ),
            ("# 1. A\nx", "# 2. A\nx", "amended A: [-1-]{+2+}. A⏎⏎x"),
            ("# A\nform{https://a.test/x}", "# A\nform{https://b.test/x}", "amended A: A⏎⏎form (1 links)"),
            ("# A\n- one\n- two", "# A\n- one\n- two\n- three", "amended A: A⏎⏎- one⏎- two{+⏎- three+}"),
            ("# A\n- never\n- but", "# A\n- never\n- - but", "amended A: A⏎⏎- never⏎{+  +}- but"),
        ];
        for (old, new, wanted) in cases {
            assert_eq!(outline(old, new), wanted, "{old:?} to {new:?}");
        }
    }

    #[test]
    fn a_redesign_of_headings_is_no_change() {
        let long = "Fees\nYou pay by the month in advance.\nRefunds\nWe pay back what you did not use.\nLaw\nThe law of our seat.";
        let cases = [
            // Lines become headings, and back; items become paragraphs.
            (format!("# Terms\n{long}"), "# Terms\n## Fees\nYou pay by the month in advance.\n## Refunds\nWe pay back what you did not use.\n## Law\nThe law of our seat.".to_owned(), "none"),
            ("# Terms\n- one\n- two".to_owned(), "# Terms\none\ntwo".to_owned(), "none"),
            // With a word changed, only its section differs.
            (
                format!("# Terms\nRefunds\n{long}"),
                "# Terms\nRefunds\n## Fees\nYou pay by the year in advance.\n## Refunds\nWe pay back what you did not use.\n## Law\nThe law of our seat.".to_owned(),
                "amended Terms/Fees: Fees⏎⏎You pay by the [-month-]{+year+} in advance.",
            ),
            (
                "# Terms\n## 1. Fees\nYou pay by the year in advance.\n## 2. Refunds\nWe pay back what you did not use.".to_owned(),
                "# Terms\n1. Fees\nYou pay by the year in advance.\n2. Refunds\nWe pay back what you did use.".to_owned(),
                "amended Terms: Terms⏎⏎1. Fees⏎⏎You pay by the year in advance.⏎⏎2. Refunds⏎⏎We pay back what you did[- not-] use.",
            ),
        ];
        for (old, new, wanted) in cases {
            assert_eq!(outline(&old, &new), wanted, "{old:?} to {new:?}");
        }
    }

    #[test]
    fn a_split_or_merged_section_keeps_its_text() {
        let one = "# Data\nWe collect your name and your address when you order.\n\
                   We keep all of this for thirty days after your order is sent.\n# Law\nThe law of our seat.";
        let two = "# Data\nWe collect your name and your address when you order.\n# Keeping\n\
                   We keep all of this for sixty days after your order is sent.\n# Law\nThe law of our seat.";
        let same = two.replace("sixty", "thirty");
        assert_eq!(
            outline(one, &same),
            "moved Keeping: {+Keeping⏎⏎+}We keep all of this for thirty days after your order is sent."
        );
        assert_eq!(
            outline(&same, one),
            "amended Data: Data⏎⏎We collect your name and your address when you order.⏎⏎[-Keeping⏎⏎-]\
             We keep all of this for thirty days after your order is sent."
        );
        assert!(outline(one, two).contains("{+Keeping"), "{}", outline(one, two));
    }

    #[test]
    fn whole_sentences_give_way_to_whole_sentences() {
        let shared =
            "We are glad that you read what follows here, since we wrote it for you and for all who come to us.";
        let old = format!("# A\n{shared} Pitches are kept for up to 30 days, unless we need them longer for safety.");
        let new = format!("# A\n{shared} Whatever is finished goes within 24 hours after somebody has read it.");
        let told = outline(&old, &new);
        assert!(told.contains("come to us. [-Pitches are kept for up to 30 days,"), "{told}");
        assert!(told.contains("{+Whatever is finished"), "{told}");
        // What came stands where a reader parts sentences.
        assert_eq!(
            outline(
                "# A\nWe share data. We share it with banks.",
                "# A\nWe share data. We share it. We share it with banks."
            ),
            "amended A: A⏎⏎We share data.{+ We share it.+} We share it with banks."
        );
        // An address and a name of a cookie are words.
        assert_eq!(
            outline("# A\nSee https://acme.test/a?b=1 on __ar_v4.", "# A\nSee https://acme.test/a?b=2 on __ar_v5."),
            "amended A: A⏎⏎See [-https://acme.test/a?b=1 on __ar_v4-]{+https://acme.test/a?b=2 on __ar_v5+}."
        );
    }

    #[test]
    fn a_redline_is_no_confetti() {
        assert_eq!(
            outline(
                "# A\nWe share the data of the users with the partners of the group for research.",
                "# A\nWe share a report about our work with any friends of a shop for research."
            ),
            "amended A: A⏎⏎We share [-the data of the users with the partners of the group-]{+a report about our work with any friends of a shop+} for research."
        );
    }

    #[test]
    fn a_renamed_parent_moves_no_child() {
        assert_eq!(
            outline(
                "# Data\nabout all of it\n## Logs\nkept for a month",
                "# Your data\nabout all of it\n## Logs\nkept for a month"
            ),
            "renamed Your data: [-Data-]{+Your data+}⏎⏎about all of it"
        );
    }

    #[test]
    fn two_large_foreign_texts_are_compared_in_bounded_work() {
        let text = |step: usize| {
            let words: Vec<String> = (0..30_000).map(|n| format!("w{}", (n * step) % 997)).collect();
            words.chunks(60).map(|line| line.join(" ")).collect::<Vec<_>>().join("\n")
        };
        let (old, new) = (reading(&text(7)), reading(&text(311)));
        let change = compare(&old, &new).expect("they differ");
        assert_eq!(change.sections[0].before(), old.text());
        assert_eq!(change.sections[0].after(), new.text());
    }

    fn policy() -> impl Strategy<Value = String> {
        let word = prop_oneof![
            "[a-c]{1,2}",
            Just("the".to_owned()),
            Just("of,".to_owned()),
            Just("не".to_owned()),
            Just("日本".to_owned())
        ];
        let line =
            (prop_oneof![Just(""), Just(""), Just("- "), Just("# "), Just("## ")], prop::collection::vec(word, 1..12))
                .prop_map(|(mark, words)| format!("{mark}{}", words.join(" ")));
        prop::collection::vec(line, 0..14).prop_map(|lines| lines.join("\n"))
    }

    proptest! {
        #[test]
        fn edits_applied_to_the_old_text_give_the_new(old in policy(), new in policy()) {
            let (old, new) = (reading(&old), reading(&new));
            let texts = |reading: &Reading| reading.sections.iter().map(Section::labelled_text).collect::<Vec<_>>();
            // Cut otherwise, but the same words: with spaces around, so that words stay whole.
            let words = |text: &str| {
                let words = text.split_whitespace().filter(|word| *word != "-");
                words.fold(" ".to_owned(), |all, word| all + word + " ")
            };
            match compare(&old, &new) {
                None => prop_assert!(same::readings(&old, &new)),
                Some(change) => {
                    let again = compare(&old, &new);
                    prop_assert_eq!(Some(&change), again.as_ref());
                    for section in &change.sections {
                        prop_assert!(words(&old.text()).contains(&words(&section.before())));
                        prop_assert!(section.to.is_none() || texts(&new).contains(&section.after()));
                        prop_assert!(section.edits.windows(2).all(|pair| pair[0].op != pair[1].op));
                    }
                }
            }
        }

        #[test]
        fn edits_are_exact_on_any_text(old in "[ab ,.\\n]{0,60}", new in "[ab ,.\\n]{0,60}") {
            let edits = words::edits(&old, &new);
            let side = |gone: Op| edits.iter().filter(|e| e.op != gone).map(|e| e.text.as_str()).collect::<String>();
            prop_assert_eq!(side(Op::Insert), old);
            prop_assert_eq!(side(Op::Delete), new);
        }
    }
}
