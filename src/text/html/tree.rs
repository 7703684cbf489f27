//! The page as a flat list of its visible nodes, in page order, so that every walk is
//! a loop over indices: no recursion, however deep the page.

use std::collections::HashSet;
use std::ops::Range;

use ego_tree::iter::Edge;
use ego_tree::{NodeId, NodeRef};
use html5ever::{LocalName, local_name};
use scraper::{Html, Node as Dom};

use super::names::{self, Named, Names};
use crate::text::bytes;

/// One visible node: an element or a text.
pub(super) struct Node<'a> {
    dom: NodeRef<'a, Dom>,
    /// The element's name; empty for text.
    pub(super) name: &'a str,
    /// How many words it has, if it is text: counted once for all that ask.
    pub(super) words: u32,
    /// Where its parent stands; its own index for the root.
    pub(super) parent: usize,
    /// One past the last node of its subtree.
    pub(super) end: usize,
    /// Whether it stands in a link that leads elsewhere.
    pub(super) linked: bool,
    /// Left out of the reading, with everything in it.
    pub(super) off: bool,
    /// Which attributes it has, by their [`bit`].
    has: u32,
    /// What its name says; nothing for text.
    named: Named,
}

/// The bit of an attribute's name: one for each that is asked for most, which nearly all
/// elements lack, and one for all others.
#[inline(always)]
fn bit(name: &str) -> u32 {
    1 << match name {
        "class" => 0,
        "id" => 1,
        "role" => 2,
        "href" => 3,
        "style" => 4,
        "hidden" => 5,
        "type" => 6,
        "name" => 7,
        "aria-hidden" => 8,
        "aria-label" => 9,
        "aria-level" => 10,
        "aria-expanded" => 11,
        "aria-controls" => 12,
        "aria-current" => 13,
        "aria-haspopup" => 14,
        "data-cfemail" => 15,
        _ => OTHERS,
    }
}

const OTHERS: u32 = 16;

impl<'a> Node<'a> {
    /// The words, if this is text.
    pub(super) fn text(&self) -> Option<&'a str> {
        self.dom.value().as_text().map(|text| &**text)
    }

    /// Whether its name says so; never for text.
    #[inline(always)]
    pub(super) fn is(&self, what: Named) -> bool {
        self.named.says(what)
    }

    /// An attribute's value; none for text.
    #[inline(always)]
    pub(super) fn attr(&self, name: &str) -> Option<&'a str> {
        // The compiler knows the bit of a name that is written out.
        if self.has & bit(name) == 0 { None } else { self.attribute(name) }
    }

    fn attribute(&self, name: &str) -> Option<&'a str> {
        // scraper's own look-up makes an atom of the name at every call.
        let attributes = &self.dom.value().as_element()?.attrs;
        let found = attributes.iter().find(|(key, _)| &*key.local == name && key.ns.is_empty());
        found.map(|(_, value)| &**value)
    }

    /// The node's key in the parsed page.
    pub(super) fn id(&self) -> NodeId {
        self.dom.id()
    }
}

/// The bits of an element's attributes.
fn attributes(element: &scraper::node::Element) -> u32 {
    element.attrs.iter().fold(0, |has, (name, _)| has | bit_of(&name.local))
}

/// [`bit`] of a name as the parser keeps it, which compares as fast as a number.
fn bit_of(name: &LocalName) -> u32 {
    match *name {
        local_name!("class") => bit("class"),
        local_name!("id") => bit("id"),
        local_name!("href") => bit("href"),
        local_name!("style") => bit("style"),
        local_name!("role") => bit("role"),
        local_name!("hidden") => bit("hidden"),
        local_name!("type") => bit("type"),
        local_name!("name") => bit("name"),
        local_name!("src")
        | local_name!("target")
        | local_name!("rel")
        | local_name!("title")
        | local_name!("alt")
        | local_name!("width")
        | local_name!("height")
        | local_name!("lang")
        | local_name!("dir")
        | local_name!("align")
        | local_name!("value")
        | local_name!("colspan")
        | local_name!("tabindex") => 1 << OTHERS,
        // What is left of those asked for begins so.
        _ if name.starts_with("aria-") || name.starts_with("data-c") => bit(name),
        _ => 1 << OTHERS,
    }
}

/// How many words a part of the page has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Words {
    /// All of them.
    pub(super) all: u32,
    /// Those in links that lead elsewhere.
    pub(super) linked: u32,
}

impl Words {
    /// Words outside links.
    pub(super) fn prose(self) -> u32 {
        self.all - self.linked
    }

    /// The share of words in links.
    pub(super) fn density(self) -> f32 {
        if self.all == 0 { 0.0 } else { self.linked as f32 / self.all as f32 }
    }
}

/// The visible nodes of a page.
pub(super) struct Tree<'a> {
    pub(super) nodes: Vec<Node<'a>>,
    /// The classes that the page's own style sheet sets bold.
    bold: &'a HashSet<String>,
    /// Whether any text may hold control characters, or signs of what is no character.
    pub(super) is_odd: bool,
    /// Whether any text holds the end of a tag.
    pub(super) shows_tags: bool,
}

/// Whether a text may hold what is no character of any script, and whether it holds the end
/// of a paragraph's tag.
fn oddities(text: &str) -> (bool, bool) {
    let bytes = text.as_bytes();
    // The bytes that these begin with are rare.
    let telling = |byte: u8| byte < b' ' && !bytes::is_blank(byte) || matches!(byte, 0x7f | 0xc2 | 0xef | b'<');
    if !bytes::any(bytes, telling) {
        return (false, false);
    }
    let control = |byte: u8| byte.is_ascii_control() && !bytes::is_blank(byte);
    let odd = bytes.iter().any(|byte| control(*byte))
        || bytes.windows(2).any(|pair| matches!(pair, [0xef, 0xbf] | [0xc2, ..0xa0]));
    (odd, text.contains("</p>"))
}

impl<'a> Tree<'a> {
    /// Flattens a parsed page; leaves out what no browser shows. With the classes that its
    /// style sheet sets bold.
    pub(super) fn of(html: &'a Html, bold: &'a HashSet<String>) -> Self {
        let mut nodes: Vec<Node<'a>> = Vec::with_capacity(html.tree.nodes().len());
        let mut open: Vec<usize> = Vec::new();
        let mut skipped: Option<NodeId> = None;
        let mut names = Names::default();
        let (mut is_odd, mut shows_tags) = (false, false);
        for edge in html.tree.root().traverse() {
            match edge {
                Edge::Open(dom) if skipped.is_none() => {
                    let parent = open.last().copied();
                    let (mut has, mut named) = (0, Named::default());
                    let (name, link) = match dom.value() {
                        Dom::Element(element) => {
                            named = names.of(&element.name.local);
                            if named.says(names::UNSEEN) && is_never_shown(element) && !is_agreement(dom) {
                                skipped = Some(dom.id());
                                continue;
                            }
                            has = attributes(element);
                            (element.name(), has & (bit("href") | bit("role")) != 0 && leads_elsewhere(element))
                        }
                        Dom::Text(_) => ("", false),
                        Dom::Document | Dom::Fragment => ("#root", false),
                        _ => continue,
                    };
                    let at = nodes.len();
                    let linked = link || parent.is_some_and(|parent: usize| nodes[parent].linked);
                    let words = dom.value().as_text().map_or(0, |text| {
                        let (odd, tags) = oddities(text);
                        is_odd |= odd;
                        shows_tags |= tags;
                        count_words(text)
                    });
                    nodes.push(Node {
                        dom,
                        name,
                        words,
                        parent: parent.unwrap_or(at),
                        end: at + 1,
                        linked,
                        off: false,
                        has,
                        named,
                    });
                    open.push(at);
                }
                Edge::Close(dom) => {
                    if skipped == Some(dom.id()) {
                        skipped = None;
                    } else if skipped.is_none()
                        && let Some(&at) = open.last()
                        && nodes[at].dom.id() == dom.id()
                    {
                        open.pop();
                        nodes[at].end = nodes.len();
                    }
                }
                Edge::Open(_) => {}
            }
        }
        Self { nodes, bold, is_odd, shows_tags }
    }

    /// Whether a style sheet of the page sets one of these classes bold.
    pub(super) fn is_set_bold(&self, class: &str) -> bool {
        !self.bold.is_empty() && class.split_ascii_whitespace().any(|name| self.bold.contains(name))
    }

    /// The children of a node that are not left out, in order.
    pub(super) fn children(&self, of: usize) -> impl Iterator<Item = usize> + '_ {
        let end = self.nodes[of].end;
        let mut at = of + 1;
        std::iter::from_fn(move || {
            while at < end && self.nodes[at].off {
                at = self.nodes[at].end;
            }
            let child = (at < end).then_some(at)?;
            at = self.nodes[child].end;
            Some(child)
        })
    }

    /// A node and everything in it.
    pub(super) fn subtree(&self, of: usize) -> Range<usize> {
        of..self.nodes[of].end
    }

    /// The nodes of a subtree that are not left out.
    pub(super) fn shown(&self, of: usize) -> impl Iterator<Item = usize> + '_ {
        let end = self.nodes[of].end;
        let mut at = of;
        std::iter::from_fn(move || {
            while at < end && self.nodes[at].off {
                at = self.nodes[at].end;
            }
            let next = (at < end).then_some(at)?;
            at += 1;
            Some(next)
        })
    }

    /// The texts of a subtree that are not left out.
    pub(super) fn texts(&self, of: usize) -> impl Iterator<Item = &'a str> + '_ {
        self.shown(of).filter_map(|at| self.nodes[at].text())
    }

    /// Where the elements around a node end, the innermost first.
    pub(super) fn ends_around(&self, of: usize) -> impl Iterator<Item = usize> + '_ {
        let outer = |at: usize| (at != 0).then(|| self.nodes[at].parent);
        std::iter::successors(outer(of), move |&at| outer(at)).map(|at| self.nodes[at].end)
    }

    /// Whether an element is or has one of these names within, left-out parts apart.
    pub(super) fn holds(&self, of: usize, names: &[&str]) -> bool {
        let mut at = of;
        let end = self.nodes[of].end;
        while at < end {
            let node = &self.nodes[at];
            if node.off && at != of {
                at = node.end;
                continue;
            }
            if names.contains(&node.name) {
                return true;
            }
            at += 1;
        }
        false
    }

    /// The words of every subtree, by index; left-out parts count nothing.
    pub(super) fn count(&self) -> Vec<Words> {
        let mut counts = vec![Words::default(); self.nodes.len()];
        let mut at = 0;
        while at < self.nodes.len() {
            let node = &self.nodes[at];
            if node.off {
                at = node.end;
                continue;
            }
            counts[at] = Words { all: node.words, linked: if node.linked { node.words } else { 0 } };
            at += 1;
        }
        for at in (1..self.nodes.len()).rev() {
            let (own, parent) = (counts[at], self.nodes[at].parent);
            counts[parent].all += own.all;
            counts[parent].linked += own.linked;
        }
        counts
    }

    /// The words of a subtree, white space folded, left-out parts included.
    pub(super) fn words(&self, of: usize) -> String {
        self.first_words(of, usize::MAX)
    }

    /// As many of [`Tree::words`] as have so many bytes, or a short text's worth more; a longer
    /// word is cut behind so many.
    pub(super) fn first_words(&self, of: usize, enough: usize) -> String {
        let mut out = String::new();
        for text in self.nodes[self.subtree(of)].iter().filter_map(Node::text) {
            if out.len() >= enough {
                break;
            }
            if text.len() <= enough {
                push_words(&mut out, text);
                continue;
            }
            // One text may be as long as the page, and ask for it each element around it.
            for word in text.split_whitespace() {
                push_word(&mut out, &word[..word.floor_char_boundary(enough.saturating_add(1))]);
                if out.len() > enough {
                    break;
                }
            }
        }
        out
    }

    /// Whether a subtree has words, left-out parts included.
    pub(super) fn has_words(&self, of: usize) -> bool {
        self.nodes[self.subtree(of)].iter().any(|node| node.words > 0)
    }
}

/// All words that a page shows, white space folded: those of its [`Tree`], without making one.
pub(super) fn visible(html: &Html) -> String {
    let mut out = String::new();
    let mut skipped: Option<NodeId> = None;
    for edge in html.tree.root().traverse() {
        match edge {
            Edge::Open(dom) if skipped.is_none() => match dom.value() {
                Dom::Element(element) if is_never_shown(element) && !is_agreement(dom) => skipped = Some(dom.id()),
                Dom::Text(text) => push_words(&mut out, text),
                _ => {}
            },
            Edge::Close(dom) if skipped == Some(dom.id()) => skipped = None,
            _ => {}
        }
    }
    out
}

/// Writes a text's words behind others.
fn push_words(out: &mut String, text: &str) {
    // Nearly all of most texts is ASCII, which needs no decoding.
    if !text.is_ascii() {
        return text.split_whitespace().for_each(|word| push_word(out, word));
    }
    let blank = |byte: char| matches!(byte, '\t'..='\r' | ' ');
    let trimmed = text.trim_matches(blank);
    let breaks = |byte, next| matches!(byte, b'\t'..=b'\r') || byte == b' ' && next == b' ';
    if bytes::any_pair(trimmed.as_bytes(), breaks) {
        trimmed.split(blank).filter(|word| !word.is_empty()).for_each(|word| push_word(out, word));
    } else if !trimmed.is_empty() {
        push_word(out, trimmed);
    }
}

fn push_word(out: &mut String, word: &str) {
    if !out.is_empty() {
        out.push(' ');
    }
    out.push_str(word);
}

/// So few bytes are looked at one by one.
const FEW: usize = 6;

/// Words of a text: runs of letters and digits; two characters of a script without
/// spaces count as a word.
pub(super) fn count_words(text: &str) -> u32 {
    let (mut words, mut dense, mut within) = (0, 0_u32, false);
    let (bytes, mut at) = (text.as_bytes(), 0);
    while at < bytes.len() {
        let end = bytes.len().min(at + bytes::WIDE);
        let told = match bytes[at..end].first_chunk() {
            Some(chunk) => bytes::words(chunk, &mut within),
            None if end - at < FEW => None,
            None => {
                let mut chunk = [b' '; bytes::WIDE];
                chunk[..end - at].copy_from_slice(&bytes[at..end]);
                bytes::words(&chunk, &mut within)
            }
        };
        if let Some(told) = told {
            words += told;
            at = end;
            continue;
        }
        while at < end {
            let byte = bytes[at];
            if byte.is_ascii() {
                let part = byte.is_ascii_alphanumeric();
                words += u32::from(part & !within);
                within = part | within & (byte == b'\'');
                at += 1;
                continue;
            }
            let Some(c) = text[at..].chars().next() else { break };
            at += c.len_utf8();
            // No letter stands among the marks that are most of what is beyond ASCII.
            if ('\u{2e80}'..='\u{9fff}').contains(&c) || ('\u{ac00}'..='\u{d7af}').contains(&c) {
                dense += 1;
                within = false;
            } else if !matches!(c, '\u{a0}'..='\u{a9}' | '\u{2000}'..='\u{206f}') && c.is_alphanumeric() {
                words += u32::from(!within);
                within = true;
            } else if c != '’' {
                within = false;
            }
        }
    }
    words + u32::div_ceil(dense, 2)
}

/// Whether an element is a link to another page. A link into this page (a table of
/// contents, a note) is part of the text.
fn leads_elsewhere(element: &scraper::node::Element) -> bool {
    match element.attr("href") {
        Some(href) => element.name() == "a" && !(href.starts_with('#') && href.len() > 1),
        None => element.attr("role") == Some("link"),
    }
}

/// Whether a node is a text area that holds a text to be read, as forms do that ask to
/// agree to it.
fn is_agreement(dom: NodeRef<'_, Dom>) -> bool {
    let is_area = dom.value().as_element().is_some_and(|element| element.name() == "textarea");
    is_area
        && dom.children().filter_map(|child| child.value().as_text()).map(|text| count_words(text)).sum::<u32>() >= 40
}

/// Elements whose content no browser shows as text of the page.
fn is_never_shown(element: &scraper::node::Element) -> bool {
    // The template of a shadow root is shown in place of what its host holds.
    let shadow = element.name() == "template" && element.attr("shadowrootmode").is_some();
    !shadow && names::is_unseen(element.name())
}
