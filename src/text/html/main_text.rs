//! Finds the policy on its page, without selectors: takes away what is no policy, then
//! goes down to the part that holds nearly all that is left.
//!
//! A lost clause is worse than a kept menu: where in doubt, more is kept.

use std::cell::{Cell, OnceCell};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use foldhash::fast::RandomState as Hash;
use url::Url;

use super::lines::{Kind, Line};
use super::names;
use super::tree::{Tree, Words};
use crate::text::date;
use crate::text::noise::{self, CLASSES, Element, MAX_SHARE, hints};
use crate::text::state;

/// A part that holds this share of all the prose holds the policy.
const HOLDS_ALL: f32 = 0.85;
/// A part beside it that has a heading and so many words is policy too.
const SECTION: u32 = 60;

/// A title or a line with a date has no more words than this.
const TITLE: u32 = 10;

/// A text of so many words is more than an entry of a list.
const SENTENCE: u32 = 20;

/// A part marked as the main one is it if it holds this share of the prose.
const MAIN_HOLDS: f32 = 0.5;

/// So many parts are asked for what stands beside them: each costs a look at all of that.
const MOST_ASKED: u32 = 256;

/// Leaves out the classes of [`CLASSES`], each within its share.
pub(super) fn remove_noise(tree: &mut Tree<'_>) {
    let counts = tree.count();
    let total = counts.first().map_or(0, |words| words.prose()).max(1);
    let facts = Facts::of(tree);
    let about_cookies = names_cookies(tree);
    let mut left = total;
    let mut taken: BTreeMap<&str, u32> = BTreeMap::new();
    // Most elements are called as others are.
    let mut known: HashMap<(&str, &str), (Vec<String>, u64), Hash> = HashMap::default();
    let unnamed = (Vec::new(), 0);
    let (mut at, mut in_dialogue) = (0, 0);
    let asked = Cell::new(0);
    let spare = || asked.replace(asked.get() + 1) < MOST_ASKED;
    while at < tree.nodes.len() {
        let node = &tree.nodes[at];
        if node.off {
            at = node.end;
            continue;
        }
        if node.name.is_empty() || matches!(node.name, "#root" | "html" | "body" | "main") || counts[at].all == 0 {
            at += 1;
            continue;
        }
        // A heading is called after what it heads, and so is the part that it heads.
        let heading = node.name == "h1" || node.is(names::SUBHEADING);
        if facts.holds_note[at] {
            at += 1;
            continue;
        }
        let heads = facts.holds_heading[at] && counts[at].prose() >= 8;
        let class = node.attr("class").filter(|_| !heading).unwrap_or_default();
        let id = node.attr("id").filter(|_| !heading && !heads).unwrap_or_default();
        let (hinted, called) = match (class, id) {
            ("", "") => &unnamed,
            names => known.entry(names).or_insert_with(|| {
                let mut hinted = Vec::new();
                hints(class, &mut hinted);
                hints(id, &mut hinted);
                let called = noise::called(&hinted);
                (hinted, called)
            }),
        };
        let role = node.attr("role").unwrap_or_default().to_lowercase();
        let label = node.attr("aria-label").unwrap_or_default().to_lowercase();
        let words = counts[at];
        let consent = || facts.consent(tree, at) as f32 / words.all as f32;
        // Only short parts are asked.
        let says_owner = || tree.texts(at).any(|text| text.len() <= OWNER && noise::names_owner(text));
        let says_when = || tree.texts(at).any(noise::says_when);
        let among_sections = || spare() && is_among_sections(tree, &counts, at);
        let heads_section = || heads_section(tree, at, counts[at]);
        // The parts of a dialogue that holds the text are none.
        // The parts of a dialogue that holds a text are called after it.
        let part = || hinted.iter().any(|hint| DIALOGUE_PARTS.contains(&hint.as_str()));
        let called = if at < in_dialogue && part() { noise::not_modal(*called) } else { *called };
        let element = Element {
            name: node.name,
            role: &role,
            hints: hinted,
            called,
            label: &label,
            words: words.all,
            density: words.density(),
            share: words.prose() as f32 / total as f32,
            inside_main: facts.inside_main[at],
            holds_main: facts.holds_main[at],
            holds_title: facts.holds_title[at],
            controls: facts.controls[at],
            consent: &consent,
            about_cookies,
            holds_contents: facts.holds_contents[at],
            consenting: facts.consenting[at],
            radios: facts.radios[at],
            says_owner: &says_owner,
            says_when: &says_when,
            holds_current: facts.holds_current[at],
            among_sections: &among_sections,
            heads_section: &heads_section,
        };
        let class = if element.may_be_noise() { CLASSES.iter().find(|class| (class.is)(&element)) } else { None };
        let Some(class) = class else {
            if element.is_modal() && element.share > MAX_SHARE {
                in_dialogue = in_dialogue.max(tree.nodes[at].end);
            }
            at += 1;
            continue;
        };
        let taken = taken.entry(class.name).or_default();
        let small = (*taken + words.prose()) as f32 <= total as f32 * MAX_SHARE;
        let sure = || (class.beyond)(&element).is_some_and(|least| left.saturating_sub(words.prose()) >= least);
        if small || sure() {
            *taken += if small { words.prose() } else { 0 };
            left = left.saturating_sub(words.prose());
            tree.nodes[at].off = true;
            at = tree.nodes[at].end;
        } else {
            at += 1;
        }
    }
}

/// What the parts of a dialogue are called.
const DIALOGUE_PARTS: [&str; 10] =
    ["header", "head", "title", "body", "content", "contents", "container", "dialog", "inner", "footer"];

/// Leaves out what its author struck out: text that stands there as no longer in force.
/// More than [`MAX_SHARE`] of a page is never so; then it is a slip of its markup.
pub(super) fn remove_struck(tree: &mut Tree<'_>) {
    let struck: Vec<usize> = (0..tree.nodes.len()).filter(|&at| is_struck(tree, at)).collect();
    if struck.is_empty() {
        return;
    }
    let counts = tree.count();
    let (mut gone, mut end) = (0, 0);
    for &at in struck.iter().filter(|&&at| !tree.nodes[at].off) {
        // One may stand in another.
        if at >= end {
            gone += counts[at].all;
            end = tree.nodes[at].end;
        }
    }
    if gone as f32 <= counts[0].all as f32 * MAX_SHARE {
        struck.into_iter().for_each(|at| tree.nodes[at].off = true);
    }
}

fn is_struck(tree: &Tree<'_>, at: usize) -> bool {
    let node = &tree.nodes[at];
    node.is(names::STRUCK)
        || node.attr("style").is_some_and(|style| style.to_ascii_lowercase().contains("line-through"))
}

/// Siblings further away than this are no variants of each other.
const VARIANTS: usize = 3;

/// Leaves out the second of two equal parts side by side, where one of them is for
/// another width of the window, or for eyes only.
pub(super) fn remove_variants(tree: &mut Tree<'_>) {
    let counts = tree.count();
    let mut hinted = Vec::new();
    // Most elements are called as others are.
    let mut known: HashMap<&str, bool, Hash> = HashMap::default();
    let mut is_variant = |at: usize| {
        let node = &tree.nodes[at];
        if node.attr("aria-hidden") == Some("true") {
            return true;
        }
        let Some(class) = node.attr("class") else { return false };
        *known.entry(class).or_insert_with(|| {
            hinted.clear();
            VARIANT_CLASS.is_match(class) && {
                hints(class, &mut hinted);
                hinted.iter().any(|hint| VARIANT_HINTS.contains(&hint.as_str()))
            }
        })
    };
    let variants: Vec<bool> = (0..tree.nodes.len()).map(|at| counts[at].all >= 8 && is_variant(at)).collect();
    for at in 0..tree.nodes.len() {
        if tree.nodes[at].off || counts[at].all < 8 || tree.nodes[at].name.is_empty() {
            continue;
        }
        let parent = tree.nodes[tree.nodes[at].parent].end;
        let mut beside = tree.nodes[at].end;
        for _ in 0..VARIANTS {
            if beside >= parent {
                break;
            }
            let equal = counts[beside].all == counts[at].all && (variants[at] || variants[beside]);
            if equal && !tree.nodes[beside].name.is_empty() && tree.words(at) == tree.words(beside) {
                tree.nodes[beside].off = true;
            }
            beside = tree.nodes[beside].end;
        }
    }
}

/// Leaves out the hidden one of two equal parts that bear one name (`id`): tabs that are
/// written into the page once for each tab that may be open.
///
/// Only the outermost of hidden parts are asked, and texts only where they are as long as
/// each other: linear in the page.
pub(super) fn remove_copies(tree: &mut Tree<'_>) {
    let (mut hidden, mut end) = (Vec::new(), 0);
    for (at, node) in tree.nodes.iter().enumerate() {
        if at >= end && node.attr("hidden").is_some() {
            end = node.end;
            hidden.extend(node.attr("id").filter(|id| !id.is_empty()).map(|id| (at, id)));
        }
    }
    if hidden.is_empty() {
        return;
    }
    let names: HashSet<&str> = hidden.iter().map(|(_, id)| *id).collect();
    let mut shown: HashMap<&str, usize> = HashMap::new();
    for (at, node) in tree.nodes.iter().enumerate() {
        if let Some(id) = node.attr("id").filter(|id| node.attr("hidden").is_none() && names.contains(id)) {
            shown.entry(id).or_insert(at);
        }
    }
    let counts = tree.count();
    let is_copy = |(at, id): &(usize, &str)| {
        shown.get(id).is_some_and(|&shown| counts[shown] == counts[*at] && tree.words(shown) == tree.words(*at))
    };
    let copies: Vec<usize> = hidden.iter().filter(|part| is_copy(part)).map(|(at, _)| *at).collect();
    copies.into_iter().for_each(|at| tree.nodes[at].off = true);
}

/// Words in class names of parts that are shown at some widths only.
const VARIANT_HINTS: [&str; 9] =
    ["mobile", "desktop", "tablet", "phone", "hidden", "visible", "hide", "show", "responsive"];

/// Whether a class may hold one of these words.
static VARIANT_CLASS: LazyLock<AhoCorasick> = LazyLock::new(|| {
    AhoCorasick::builder().ascii_case_insensitive(true).build(VARIANT_HINTS).expect("the words are sound")
});

/// A text that says who owns the page has no more bytes than this.
const OWNER: usize = 500;

/// Where the page's landmarks stand.
struct Facts {
    inside_main: Vec<bool>,
    holds_main: Vec<bool>,
    holds_title: Vec<bool>,
    /// Headings of the second level and below.
    holds_heading: Vec<bool>,
    /// Links into the page itself.
    holds_contents: Vec<bool>,
    /// What a reference in the text points at: footnotes.
    holds_note: Vec<bool>,
    /// Buttons, switches and boxes in it.
    controls: Vec<u32>,
    /// Words that speak of cookies and consent in each text, and one more: counted when a part
    /// is asked for them.
    consent: Vec<Cell<u32>>,
    /// Those of them that speak of cookies and consent.
    consenting: Vec<u32>,
    /// Boxes of which one at most can be chosen.
    radios: Vec<u32>,
    /// A link that is marked as that of the page itself.
    holds_current: Vec<bool>,
}

impl Facts {
    fn of(tree: &Tree<'_>) -> Self {
        let n = tree.nodes.len();
        let (mut inside_main, mut holds_main) = (vec![false; n], vec![false; n]);
        let (mut holds_title, mut holds_heading) = (vec![false; n], vec![false; n]);
        let mut holds_contents = vec![false; n];
        let mut controls = vec![0_u32; n];
        let (mut consenting, mut radios) = (vec![0_u32; n], vec![0_u32; n]);
        // What controls say is asked of each text in them once, however they stand in each other.
        let (mut within_control, mut speaks) = (vec![false; n], vec![false; n]);
        let mut holds_current = vec![false; n];
        for at in 0..n {
            let node = &tree.nodes[at];
            let control = is_control(tree, at);
            controls[at] = u32::from(control);
            within_control[at] = within_control[node.parent] || control;
            speaks[at] = within_control[at] && node.text().is_some_and(|text| noise::consent_words(text) > 0);
            radios[at] = u32::from(node.name == "input" && node.attr("type") == Some("radio"));
            holds_current[at] = node.name == "a" && node.linked && node.attr("aria-current") == Some("page");
            inside_main[at] = inside_main[node.parent] || is_main(tree, at);
        }
        let mut holds_note = notes(tree);
        for at in (1..n).rev() {
            let node = &tree.nodes[at];
            speaks[node.parent] |= speaks[at];
            if node.off {
                holds_main[at] = false;
                holds_title[at] = false;
                holds_heading[at] = false;
                continue;
            }
            let parent = node.parent;
            holds_contents[at] |= node.attr("href").is_some_and(|href| href.starts_with('#') && href.len() > 1);
            holds_contents[parent] |= holds_contents[at];
            holds_note[parent] |= holds_note[at];
            controls[parent] += controls[at];
            consenting[at] += u32::from(speaks[at] && is_control(tree, at));
            consenting[parent] += consenting[at];
            radios[parent] += radios[at];
            holds_current[parent] |= holds_current[at];
            holds_main[parent] |= holds_main[at] || is_main(tree, at);
            holds_title[at] |= node.name == "h1";
            holds_title[parent] |= holds_title[at];
            holds_heading[at] |= is_heading(tree, at);
            holds_heading[parent] |= holds_heading[at];
        }
        Self {
            inside_main,
            holds_main,
            holds_title,
            holds_heading,
            holds_contents,
            holds_note,
            controls,
            consent: vec![Cell::new(0); n],
            consenting,
            radios,
            holds_current,
        }
    }

    /// How many words of a part speak of cookies and consent.
    fn consent(&self, tree: &Tree<'_>, of: usize) -> u32 {
        let of_text = |at: usize| {
            let node = &tree.nodes[at];
            let Some(text) = node.text().filter(|_| node.words > 0) else { return 0 };
            if self.consent[at].get() == 0 {
                self.consent[at].set(noise::consent_words(text) + 1);
            }
            self.consent[at].get() - 1
        };
        tree.shown(of).map(of_text).sum()
    }
}

/// Where titles, headings and sentences stand in what is left of the page.
struct Landmarks {
    holds_title: Vec<bool>,
    /// Headings of the second level and below.
    holds_heading: Vec<bool>,
    /// Text outside links, long enough for a sentence.
    holds_sentence: Vec<bool>,
}

impl Landmarks {
    fn of(tree: &Tree<'_>) -> Self {
        let n = tree.nodes.len();
        let (mut holds_title, mut holds_heading) = (vec![false; n], vec![false; n]);
        let mut holds_sentence = vec![false; n];
        for at in (1..n).rev() {
            let node = &tree.nodes[at];
            if node.off {
                (holds_title[at], holds_heading[at]) = (false, false);
                continue;
            }
            let parent = node.parent;
            holds_sentence[at] |= !node.linked && node.words >= SENTENCE;
            holds_sentence[parent] |= holds_sentence[at];
            holds_title[at] |= node.name == "h1" && is_title(tree, at);
            holds_title[parent] |= holds_title[at];
            holds_heading[at] |= is_heading(tree, at);
            holds_heading[parent] |= holds_heading[at];
        }
        Self { holds_title, holds_heading, holds_sentence }
    }
}

/// A heading has no more bytes that are asked what they say.
const HEADING_ASKED: usize = 300;

/// Whether a heading of the first level is a title of the text: not the name of the site, which
/// is all a link to its first page. A title may be a link, too, to its own page.
fn is_title(tree: &Tree<'_>, at: usize) -> bool {
    let within = &tree.nodes[tree.subtree(at)];
    let is_first_page = |href: &str| {
        let path = href.split_once("://").map_or(Some(href), |(_, rest)| rest.find('/').map(|path| &rest[path..]));
        path.is_none_or(|path| path == "/")
    };
    !within.iter().any(|node| node.name == "a" && node.attr("href").is_some_and(is_first_page))
        || within.iter().any(|node| node.words > 0 && !node.linked)
        || super::POLICY_WORDS.is_match(&tree.first_words(at, HEADING_ASKED))
}

/// The name of the first heading in a part.
fn first_heading<'a>(tree: &Tree<'a>, of: usize) -> Option<&'a str> {
    let heading =
        |at: usize| Some(tree.nodes[at].name).filter(|name| matches!(*name, "h2" | "h3" | "h4" | "h5" | "h6"));
    tree.shown(of).find_map(heading)
}

/// Words of a section that has others like it beside it.
const LIKE_SECTION: u32 = 10;

/// Whether a part is headed as one before it is, and both speak: the sections of a text.
fn is_among_sections(tree: &Tree<'_>, counts: &[Words], at: usize) -> bool {
    let Some(heading) = first_heading(tree, at) else { return false };
    if counts[at].prose() < LIKE_SECTION / 2 || counts[at].density() >= 0.5 {
        return false;
    }
    // Sections stand in parts of their own, or as headings with text right beside this one.
    let before = tree.children(tree.nodes[at].parent).take_while(|&child| child < at);
    let (mut headed, mut words) = (false, 0);
    for child in before {
        let alike = first_heading(tree, child) == Some(heading);
        words = if alike { counts[child].prose() } else { words + counts[child].prose() };
        headed |= alike;
    }
    headed && words >= LIKE_SECTION
}

/// Whether a part with a heading begins the section that it stands in.
fn heads_section(tree: &Tree<'_>, at: usize, words: Words) -> bool {
    let parent = tree.nodes[at].parent;
    words.density() < 0.5
        && tree.nodes[parent].name == "section"
        && at <= parent + 2
        && tree.nodes[parent + 1..at].iter().all(|before| before.words == 0)
        && first_heading(tree, at).is_some()
}

/// Whether the first heading in a part names a policy.
fn is_named(tree: &Tree<'_>, of: usize) -> bool {
    let heading = |at: &usize| matches!(tree.nodes[*at].name, "h1" | "h2" | "h3" | "h4" | "h5" | "h6");
    tree.shown(of).find(heading).is_some_and(|at| {
        let words = tree.first_words(at, HEADING_ASKED);
        // The heading of a dialogue about cookies names a policy, too.
        super::POLICY_WORDS.is_match(&words) && (tree.nodes[at].name == "h1" || noise::consent_words(&words) == 0)
    })
}

/// Whether the first words in a part, marked or not, are the name of a policy.
fn opens_with_name(tree: &Tree<'_>, of: usize) -> bool {
    let first = tree.shown(of).find(|&at| tree.nodes[at].words > 0);
    first.is_some_and(|at| {
        let node = &tree.nodes[at];
        node.words <= TITLE && super::POLICY_WORDS.is_match(node.text().unwrap_or_default())
    })
}

/// Whether a node is a heading of the second level or below.
fn is_heading(tree: &Tree<'_>, at: usize) -> bool {
    let node = &tree.nodes[at];
    node.is(names::SUBHEADING) || node.attr("role") == Some("heading")
}

/// Which nodes references point at: links that are a number or a sign.
fn notes(tree: &Tree<'_>) -> Vec<bool> {
    let mut pointed: HashSet<&str> = HashSet::new();
    for (at, node) in tree.nodes.iter().enumerate() {
        let fragment = node.attr("href").and_then(|href| href.strip_prefix('#'));
        if let Some(fragment) = fragment.filter(|fragment| !fragment.is_empty() && node.end - at <= 4) {
            let words = tree.words(at);
            let is_sign = words.chars().count() <= 4 && !words.chars().any(char::is_alphabetic);
            if is_sign && words.chars().any(|c| c.is_numeric() || matches!(c, '*' | '†' | '‡')) {
                pointed.insert(fragment);
            }
        }
    }
    tree.nodes.iter().map(|node| node.attr("id").is_some_and(|id| pointed.contains(id))).collect()
}

/// Whether the page's own title speaks of cookies.
fn names_cookies(tree: &Tree<'_>) -> bool {
    (0..tree.nodes.len())
        .filter(|&at| tree.nodes[at].name == "h1")
        .take(3)
        .any(|at| noise::consent_words(&tree.words(at)) > 0)
}

fn is_control(tree: &Tree<'_>, at: usize) -> bool {
    let node = &tree.nodes[at];
    // What opens a part of the text is a heading of it.
    if node.attr("aria-expanded").is_some() {
        return false;
    }
    match node.name {
        "button" => true,
        "input" => matches!(node.attr("type"), Some("checkbox" | "radio" | "button" | "submit")),
        _ => matches!(node.attr("role"), Some("button" | "switch" | "checkbox")),
    }
}

fn is_main(tree: &Tree<'_>, at: usize) -> bool {
    let node = &tree.nodes[at];
    node.is(names::MAIN) || matches!(node.attr("role"), Some("main" | "article"))
}

/// The parts of the page that are the policy: the last holds its text, those before it how it
/// begins.
pub(super) fn find(tree: &Tree<'_>) -> Vec<usize> {
    let mut heads = Vec::new();
    let counts = tree.count();
    let facts = Landmarks::of(tree);
    let titles = &facts.holds_title;
    let mut at = marked(tree, &counts, &facts).unwrap_or(0);
    let all = counts[at].prose() as f32;
    if counts[at].prose() < SENTENCE {
        // Next to nothing but links: there is no text to go down to.
        return vec![at];
    }
    while let Some(best) = tree.children(at).max_by_key(|&child| (counts[child].prose(), std::cmp::Reverse(child))) {
        let enough = counts[best].prose() as f32 >= all * HOLDS_ALL;
        // What is called the same as the text is of it, and so is what is long or headed.
        let twin = |child: usize| {
            let class = tree.nodes[best].attr("class").filter(|class| !class.trim().is_empty());
            class.is_some()
                && tree.nodes[child].name == tree.nodes[best].name
                && tree.nodes[child].attr("class") == class
                && counts[child].prose() >= 8
                && counts[child].density() < 0.5
        };
        // A few words beside it may be its title, where no other is marked, or its date.
        let told = |child: usize| {
            let words = counts[child];
            let few = (1..=TITLE).contains(&words.all) && words.linked == 0;
            // The heading of a dialogue about cookies names a policy, too.
            let names = |words: &str| {
                child < best && !titles[at] && super::POLICY_WORDS.is_match(words) && noise::consent_words(words) == 0
            };
            few && !tree.nodes[child].name.is_empty() && {
                let words = tree.words(child);
                names(&words) || date::is_date_line(&words)
            }
        };
        // Above the text, what is headed by its name is how it begins.
        let named = OnceCell::new();
        let begins = |child: usize| {
            child < best
                && (titles[child] || facts.holds_heading[child])
                && counts[child].density() < 0.5
                && is_named(tree, child)
                && !*named.get_or_init(|| is_named(tree, best) || opens_with_name(tree, best))
        };
        let lost = |child: usize| {
            let prose = counts[child].prose();
            twin(child)
                || told(child)
                || prose >= SECTION
                    && (facts.holds_heading[child] || facts.holds_sentence[child] && counts[child].density() < 0.2)
        };
        // What may be more of the text ends the way down, however the text begins.
        if !enough
            || !is_container(tree.nodes[best].name)
            || (titles[at] && !titles[best])
            || tree.children(at).any(|child| child != best && lost(child))
        {
            break;
        }
        heads.extend(tree.children(at).filter(|&child| begins(child)));
        at = best;
    }
    heads.push(at);
    heads
}

/// The one part that the page marks as the main one, if it holds most of the prose.
fn marked(tree: &Tree<'_>, counts: &[Words], facts: &Landmarks) -> Option<usize> {
    let is_marked = |at: &usize| tree.nodes[*at].name == "main" || tree.nodes[*at].attr("role") == Some("main");
    let best = (0..tree.nodes.len()).filter(is_marked).max_by_key(|&at| (counts[at].prose(), std::cmp::Reverse(at)))?;
    let enough = counts[best].prose() as f32 >= counts[0].prose() as f32 * MAIN_HOLDS;
    (enough && (facts.holds_title[best] || !facts.holds_title[0])).then_some(best)
}

/// Takes menus and the like off the beginning and the end of the text.
pub(super) fn trim(lines: &mut Vec<Line>, base: Option<&Url>) {
    trim_closing(lines);
    // Lines in which an answer belongs to the question for feedback above it.
    let mut asked = 0_u8;
    // A bare "3 days ago" tells of the page only above its text, where nothing announces it.
    let (mut begun, mut announced, mut dated) = (false, false, false);
    lines.retain(|line| {
        let class = phrase_of(line);
        let goes = match class {
            Some(noise::ANSWER) => asked > 0,
            Some(noise::AGO_ALONE) => !begun && !announced,
            Some(noise::PATH) => !begun,
            // What was done that long ago.
            None => dated && noise::is_done(&line.text),
            class => class.is_some(),
        };
        dated = goes && class == Some(noise::AGO_ALONE);
        asked = if class == Some("feedback") { 3 } else { asked.saturating_sub(1) };
        begun |= is_prose(line);
        announced = line.text.ends_with([':', '：']) && !noise::is_done(&line.text);
        !goes
    });
    let texts: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
    let mut versions = noise::version_list(&texts).into_iter();
    lines.retain(|_| !versions.next().unwrap_or(false));
    if !is_hub(lines) {
        trim_end(lines, base);
    }
    trim_start(lines);
}

/// What stands below a text has no more words than this.
const CLOSING_WORDS: u32 = 120;
/// What stands below a text is at most one word in so many.
const CLOSING_SHARE: u32 = 5;

/// Takes off what a heading below the text announces: other articles, an offer. Each such part
/// reaches to the next heading of no lesser rank; behind the first of them there must be no
/// running text but theirs, so that no section of the text itself is taken for one.
fn trim_closing(lines: &mut Vec<Line>) {
    let total = lines.iter().map(words_of).sum::<u32>();
    let Some(first) = lines.iter().position(is_prose) else { return };
    let mut most = (total / CLOSING_SHARE).min(CLOSING_WORDS);
    let mut closing = vec![false; lines.len()];
    let mut at = lines.len();
    // From the end, part by part.
    while let Some(heads) = lines[first + 1..at].iter().rposition(|line| matches!(line.kind, Kind::Heading(_))) {
        let begin = first + 1 + heads;
        let part = &lines[begin..at];
        let words = part.iter().map(words_of).sum::<u32>();
        let announced = announced_by(lines, begin);
        if announced.is_some() && words <= most && !speaks(part) {
            closing[begin..at].fill(true);
            most -= words;
        } else if part.iter().any(is_prose) {
            break;
        }
        at = begin;
    }
    let mut closing = closing.into_iter();
    lines.retain(|_| !closing.next().unwrap_or(false));
}

/// How far back a heading may stand that announces the part below a heading of lesser rank.
const ANNOUNCED: usize = 12;

/// The heading that announces what stands from a line on as no text: the line itself, or one
/// of higher rank above it with no running text between.
fn announced_by(lines: &[Line], at: usize) -> Option<usize> {
    let Kind::Heading(mut rank) = lines[at].kind else { return None };
    if noise::closes(&lines[at].text) {
        return Some(at);
    }
    for above in (at.saturating_sub(ANNOUNCED)..at).rev() {
        match lines[above].kind {
            Kind::Heading(other) if other < rank => {
                if noise::closes(&lines[above].text) {
                    return Some(above);
                }
                rank = other;
            }
            Kind::Heading(_) => {}
            _ if is_prose(&lines[above]) => return None,
            _ => {}
        }
    }
    None
}

/// Whether lines speak like a policy: then they are one, whatever stands above them.
fn speaks(part: &[Line]) -> bool {
    let text = part.iter().map(|line| line.text.as_str()).collect::<Vec<_>>().join(" ");
    state::notions(&text) > 1
}

/// Whether a page without running text is the list of a publisher's policies: a heading
/// that says so, and links of which most name a policy.
fn is_hub(lines: &[Line]) -> bool {
    if lines.iter().any(is_prose) {
        return false;
    }
    let names = |line: &&Line| super::POLICY_WORDS.is_match(&line.text);
    let is_heading = |line: &&Line| matches!(line.kind, Kind::Heading(_));
    let links: Vec<&Line> = lines.iter().filter(|line| line.look.away && !is_heading(line)).collect();
    let policies = links.iter().filter(|line| names(line)).count();
    let headed = lines.iter().filter(is_heading).any(|line| names(&line));
    headed && policies >= 3 && policies * 2 > links.len()
}

/// Whether lines are only a menu of their own site: no running text, and most of them links
/// to other pages there, of which hardly any names a policy.
pub(super) fn is_menu(lines: &[Line], base: Option<&Url>) -> bool {
    let Some(host) = base.and_then(Url::host_str) else { return false };
    let own = |target: &str| Url::parse(target).is_ok_and(|target| target.host_str() == Some(host));
    let entry = |line: &&Line| line.look.away && line.links.iter().any(|link| own(&link.target));
    let entries = lines.iter().filter(entry).count();
    entries >= 3 && entries * 2 > lines.len() && !lines.iter().any(is_prose) && !is_hub(lines)
}

/// Whether a line is the name that an icon has in its font: never text, whoever chose it.
pub(super) fn is_icon_name(line: &Line) -> bool {
    phrase_of(line) == Some(noise::ICON_NAME)
}

fn phrase_of(line: &Line) -> Option<&'static str> {
    let told = matches!(line.kind, Kind::Text | Kind::Fold | Kind::Heading(_));
    told.then(|| noise::phrase(&line.text)).flatten()
}

/// Leading lines that only lead elsewhere, and above the title also those of a few words.
fn trim_start(lines: &mut Vec<Line>) {
    let title = lines.iter().position(|line| line.kind == Kind::Heading(1) && !line.look.away);
    let first = lines.iter().position(is_prose).unwrap_or(0);
    let menu = lines[..first].iter().filter(|line| line.look.away).count() >= 3;
    let total: u32 = lines.iter().filter(|line| !line.look.away).map(words_of).sum();
    let above = |to: usize| -> u32 { lines[..to].iter().filter(|line| !line.look.away).map(words_of).sum() };
    let title = title.filter(|&to| above(to) * 4 <= total).unwrap_or(0);
    let mut at = 0;
    lines.retain(|line| {
        at += 1;
        let few = words_of(line) <= 8 && !line.text.chars().any(|c| c.is_ascii_digit());
        // Above the title, a place on the page is an entry of its contents.
        !(at <= title && (line.look.away || line.look.contents || few) || menu && at <= first && line.look.away)
    });
}

/// Whether lines lead to pages beneath this one: the parts of a policy that stand on pages
/// of their own, which a list of them is the policy's own table of contents.
fn lead_beneath(lines: &[Line], base: Option<&Url>) -> bool {
    let Some(base) = base else { return false };
    let own = base.path().trim_end_matches('/');
    // Beneath a home page stands everything.
    if own.len() <= 6 || base.host_str().is_none() {
        return false;
    }
    let beneath = |target: &str| {
        Url::parse(target).is_ok_and(|target| {
            target.host_str() == base.host_str()
                && target.path().strip_prefix(own).is_some_and(|rest| rest.len() > 1 && rest.starts_with('/'))
        })
    };
    let leading = lines.iter().filter(|line| line.links.iter().any(|link| beneath(&link.target))).count();
    leading * 2 > lines.len()
}

/// Menus after the last prose: three and more links in a row that only lead elsewhere,
/// and the heading above them.
fn trim_end(lines: &mut Vec<Line>, base: Option<&Url>) {
    let last = lines.iter().rposition(is_prose).map_or(0, |at| at + 1);
    let mut menu = vec![false; lines.len()];
    let mut at = last;
    while at < lines.len() {
        let run = lines[at..].iter().take_while(|line| line.look.away).count();
        let entries: usize = lines[at..at + run].iter().map(|line| line.links.len().max(1)).sum();
        if entries < 3 || lead_beneath(&lines[at..at + run], base) {
            at += run.max(1);
            continue;
        }
        let headed = at > last && matches!(lines[at - 1].kind, Kind::Heading(_));
        menu[at - usize::from(headed)..at + run].fill(true);
        at += run;
    }
    let mut menu = menu.into_iter();
    lines.retain(|_| !menu.next().unwrap_or(false));
}

/// Whether a line is a piece of running text.
fn is_prose(line: &Line) -> bool {
    !line.look.away && (words_of(line) >= 20 || matches!(line.kind, Kind::ColumnNames | Kind::Row))
}

fn words_of(line: &Line) -> u32 {
    line.words()
}

fn is_container(name: &str) -> bool {
    !name.is_empty()
        && !matches!(name, "p" | "ul" | "ol" | "dl" | "table" | "tbody" | "tr" | "li" | "span" | "pre" | "blockquote")
}
