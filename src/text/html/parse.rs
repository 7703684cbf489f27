//! Parses HTML with a bound on the work, whatever the page holds.
//!
//! html5ever is quadratic in nesting, in the attributes of one tag and in unclosed
//! formatting elements. A clock would make the result depend on the machine, so the
//! input itself is bounded: attributes are cut before the tokenizer sees them ([`Pieces`]), start
//! tags nested deeper than [`MAX_DEPTH`] are dropped (their text stays), and a page
//! that grows far more nodes than it has bytes is refused.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ops::Range;

use ego_tree::NodeId;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};
use html5ever::tree_builder::{Tracer, TreeBuilder, TreeBuilderOpts, TreeSink};
use html5ever::{LocalName, TokenizerResult, local_name};
use scraper::node::Text;
use scraper::{Html, HtmlTreeSink, Node};

use super::pieces::{Pieces, Scan};

/// Deepest nesting kept. Blink keeps 512; the deepest policy seen has 37.
const MAX_DEPTH: usize = 256;
/// Elements really open at once, where the account of tags went wrong: refused.
const MAX_OPEN: usize = 4 * MAX_DEPTH;
/// Start tags between two looks at what is open.
const CHECKED: usize = 64;
/// How far back an element is looked for that a start tag closes without an end tag.
const LOOK_BACK: usize = 64;
/// Formatting elements open at once: each is opened again in every following paragraph.
const MAX_FORMATTING: usize = 32;
/// Nodes that any page may have, beside one for every two bytes.
const FREE_NODES: usize = 20_000;

/// Nodes that no page may have more of: each takes a quarter of a kilobyte until the page is
/// read, and the unit allows 1 GiB. The largest policy seen has a hundredth of these.
const MAX_NODES: usize = 1_000_000;
/// Places where attributes may begin that the tokenizer may take without making anything of them:
/// it compares each attribute of a tag with all before it. A long comment has as many, so they are
/// counted only where a page is fed unread.
const MAX_UNREAD: usize = 4 * 1024;
/// Bytes kept of each script where scripts are not read: enough to tell where one leads.
const SCRIPT_START: usize = 4 * 1024;

/// Parses a page; `None` where it grows nodes out of all proportion to its bytes.
///
/// Style sheets come out empty, and of each script only the first [`SCRIPT_START`] bytes:
/// they are most of many a page, and no text of it. Where scripts are asked for text,
/// [`parse_telling`] says what was cut. Attributes that no rule asks for are left out, where
/// no selector of the reader's may ask for them ([`Attributes`]).
pub(super) fn parse(source: &str, attributes: Attributes) -> Option<Html> {
    parse_telling(source, attributes).map(|(html, _)| html)
}

/// Which attributes a parsed page has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attributes {
    /// All of them.
    All,
    /// Those that any rule of ours may ask for.
    Asked,
}

/// The scripts that were cut, and where the page says all of them.
pub(super) type Cut = Vec<(NodeId, Range<usize>)>;

/// The scripts that were cut, and all that stood in each.
pub(super) type Scripts = HashMap<NodeId, String>;

/// [`parse`], and the scripts that were cut, as the parser would have read them.
pub(super) fn parse_telling(source: &str, attributes: Attributes) -> Option<(Html, Cut)> {
    let scan = match attributes {
        Attributes::All => Scan::Surplus,
        Attributes::Asked => Scan::Unasked,
    };
    let mut how = Feeding { of_scripts: Some(SCRIPT_START), scan, keeps_account: false };
    loop {
        match feed(source, how) {
            Ok(fed) => return Some(fed),
            Err(Refused::Disagrees) => how.scan = Scan::Nothing,
            Err(Refused::Multiplies) if !how.keeps_account => how.keeps_account = true,
            Err(Refused::Multiplies) => return None,
        }
    }
}

/// How a page is fed.
#[derive(Clone, Copy)]
struct Feeding {
    /// Bytes kept of each script; none: all.
    of_scripts: Option<usize>,
    /// What the parser is spared.
    scan: Scan,
    /// Whether an account is kept of what is open, so that no start tag passes beyond the
    /// limits. Nearly all pages stay far within them, and need none.
    keeps_account: bool,
}

/// What stood in the scripts that were cut.
pub(super) fn scripts(source: &str, cut: &Cut) -> Scripts {
    cut.iter().map(|(script, body)| (*script, as_parsed(&source[body.clone()]))).collect()
}

/// A raw text, with what the parser makes of line ends and of what is no character.
fn as_parsed(raw: &str) -> String {
    if memchr::memchr2(b'\r', 0, raw.as_bytes()).is_none() {
        return raw.to_owned();
    }
    raw.replace("\r\n", "\n").replace('\r', "\n").replace('\0', "\u{fffd}")
}

/// Why a page was not parsed.
#[derive(Debug)]
enum Refused {
    /// The parser saw other tags than those that attributes were left out of.
    Disagrees,
    /// It nests too deep, grows nodes out of all proportion, or has a tag without end.
    Multiplies,
}

/// Feeds a page to the parser.
fn feed(source: &str, how: Feeding) -> Result<(Html, Cut), Refused> {
    let builder = TreeBuilder::new(HtmlTreeSink::new(Html::new_document()), TreeBuilderOpts::default());
    let sink = Bounded {
        builder,
        open: how.keeps_account.then(RefCell::default),
        most: Cell::new(FREE_NODES),
        unchecked: Cell::default(),
        multiplies: Cell::default(),
        raw: Cell::default(),
        tags: Cell::default(),
        made: Cell::default(),
    };
    let tokenizer = Tokenizer::new(sink, TokenizerOpts { discard_bom: false, ..TokenizerOpts::default() });
    let input = BufferQueue::default();
    let mut pieces = Pieces::of(source, how.scan);
    let (mut piece, mut cut) = (String::new(), Vec::new());
    let mut unread = 0;
    while !pieces.is_done() {
        piece.clear();
        pieces.write(tokenizer.sink.adjusted_current_node_present_but_not_in_html_namespace(), &mut piece);
        input.push_back(StrTendril::from_slice(&piece));
        drain(&tokenizer, &input);
        if pieces.count_tags() {
            if pieces.tags != tokenizer.sink.tags.get() {
                return Err(Refused::Disagrees);
            }
        } else {
            // In a tag without end it makes nothing, and takes longer with every attribute.
            unread = if tokenizer.sink.made.take() { 0 } else { unread + places(&piece) };
            if unread > MAX_UNREAD {
                return Err(Refused::Multiplies);
            }
        }
        // What looks like a script may stand in a comment: the tokenizer knows.
        if let Some(name) = tokenizer.sink.raw.take().filter(|_| pieces.count_tags()) {
            let raw = pieces.raw(&name);
            let kept = match (how.of_scripts, &*name) {
                (Some(kept), "script") => kept.min(raw.len()),
                (Some(_), "style") => 0,
                _ => raw.len(),
            };
            let kept = source.floor_char_boundary(raw.start + kept);
            let text = &source[raw.start..kept];
            if &*name == "script" {
                // The script is the node that was made last: none of its text is there
                // yet, and the tokenizer would take it apart line by line.
                let mut html = tokenizer.sink.builder.sink.0.borrow_mut();
                let script = html.tree.nodes().next_back().map(|node| node.id());
                if let Some(mut script) = script.and_then(|script| html.tree.get_mut(script))
                    && !text.is_empty()
                {
                    script.append(Node::Text(Text { text: as_parsed(text).into() }));
                }
                cut.extend(script.filter(|_| kept < raw.end).map(|script| (script, raw.clone())));
            } else {
                input.push_back(StrTendril::from_slice(text));
                drain(&tokenizer, &input);
            }
            pieces.skip(raw.end);
        }
        tokenizer.sink.most.set(MAX_NODES.min(FREE_NODES + pieces.at() / 2));
        tokenizer.sink.check();
        if tokenizer.sink.multiplies.get() {
            return Err(Refused::Multiplies);
        }
    }
    drain(&tokenizer, &input);
    tokenizer.end();
    let mut html = tokenizer.sink.builder.sink.finish();
    html.errors = Vec::new();
    Ok((html, cut))
}

/// How many attributes may begin in a text, if it is all one tag.
fn places(text: &str) -> usize {
    text.bytes().filter(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0c | b'/' | b'"' | b'\'')).count()
}

/// Runs the tokenizer until it wants more; scripts are not run.
fn drain(tokenizer: &Tokenizer<Bounded>, input: &BufferQueue) {
    while !matches!(tokenizer.feed(input), TokenizerResult::Done) {}
}

/// Counts the elements that the tree builder holds on to: those open, and those of
/// formatting that it would open again.
#[derive(Default)]
struct Counter(Cell<usize>);

impl Tracer for Counter {
    type Handle = <HtmlTreeSink as TreeSink>::Handle;

    fn trace_handle(&self, _: &Self::Handle) {
        self.0.set(self.0.get() + 1);
    }
}

/// A tree builder that sees no start tag beyond the limits.
struct Bounded {
    builder: TreeBuilder<<HtmlTreeSink as TreeSink>::Handle, HtmlTreeSink>,
    /// The account, if one is kept.
    open: Option<RefCell<Open>>,
    /// Nodes that the page may have by now.
    most: Cell<usize>,
    /// Start tags since the last look at what the builder has.
    unchecked: Cell<usize>,
    /// Whether it had more than it may: it is given nothing any more.
    multiplies: Cell<bool>,
    /// The element whose text begins with what comes next, if it is read as it stands.
    raw: Cell<Option<LocalName>>,
    /// How many tags came.
    tags: Cell<u64>,
    /// Whether anything came, since this was last asked.
    made: Cell<bool>,
}

impl Bounded {
    /// Looks at what the builder has: elements that it holds on to, and nodes of the page.
    fn check(&self) {
        let open = Counter::default();
        self.builder.trace_handles(&open);
        let deepest = if self.open.is_some() { MAX_OPEN } else { MAX_DEPTH - CHECKED };
        let nodes = self.builder.sink.0.borrow().tree.nodes().len();
        self.unchecked.set(0);
        self.multiplies.set(self.multiplies.get() || open.0.get() > deepest || nodes > self.most.get());
    }
}

impl TokenSink for Bounded {
    type Handle = <HtmlTreeSink as TreeSink>::Handle;

    fn process_token(&self, token: Token, line: u64) -> TokenSinkResult<Self::Handle> {
        let tag = match &token {
            Token::TagToken(tag) => tag,
            // Nobody asks what the page does wrong.
            Token::ParseError(_) => return TokenSinkResult::Continue,
            _ => {
                self.made.set(true);
                self.raw.set(None);
                return self.builder.process_token(token, line);
            }
        };
        self.made.set(true);
        self.tags.set(self.tags.get() + 1);
        if tag.kind == TagKind::StartTag {
            self.unchecked.set(self.unchecked.get() + 1);
            if self.unchecked.get() >= CHECKED {
                self.check();
            }
        }
        if self.multiplies.get() || self.open.as_ref().is_some_and(|open| !open.borrow_mut().admits(tag)) {
            self.raw.set(None);
            return TokenSinkResult::Continue;
        }
        let name = tag.name.clone();
        let result = self.builder.process_token(token, line);
        let raw = matches!(result, TokenSinkResult::RawData(_) | TokenSinkResult::Plaintext);
        self.raw.set(raw.then_some(name));
        result
    }

    fn end(&self) {
        self.builder.end();
    }

    fn adjusted_current_node_present_but_not_in_html_namespace(&self) -> bool {
        self.builder.adjusted_current_node_present_but_not_in_html_namespace()
    }
}

/// The names of the elements open by the tags seen: what the tree builder has open,
/// but for its repairs.
#[derive(Default)]
struct Open {
    names: Vec<(LocalName, Kinds)>,
    formatting: usize,
    /// The kinds of the names asked last: pages have few.
    known: Vec<(LocalName, Kinds)>,
}

/// What kinds of element a name is of, worked out once.
#[derive(Clone, Copy)]
struct Kinds {
    formatting: bool,
    void: bool,
    raw: bool,
    closes_paragraph: bool,
    boundary: bool,
    /// A cell or a row of a table.
    cell: bool,
    /// What a table ends only with: cells, rows and groups of them.
    parts_table: bool,
    /// What an end tag does not close through.
    around: bool,
    table: bool,
    paragraph: bool,
    /// Ends with what starts an item: paragraphs and the like, that stand open in it.
    within_item: bool,
    implies: Option<&'static [LocalName]>,
}

impl Kinds {
    fn of(name: &str) -> Self {
        const LI: &[LocalName] = &[local_name!("li")];
        const TERM: &[LocalName] = &[local_name!("dt"), local_name!("dd")];
        const OPTION: &[LocalName] = &[local_name!("option")];
        const CELL: &[LocalName] = &[local_name!("td"), local_name!("th")];
        const ROW: &[LocalName] = &[local_name!("tr")];
        const GROUP: &[LocalName] = &[local_name!("tbody"), local_name!("thead"), local_name!("tfoot")];
        let implies = match name {
            "li" => Some(LI),
            "dt" | "dd" => Some(TERM),
            "option" | "optgroup" => Some(OPTION),
            "td" | "th" => Some(CELL),
            "tr" => Some(ROW),
            "tbody" | "thead" | "tfoot" => Some(GROUP),
            _ => None,
        };
        Self {
            formatting: is_formatting(name),
            void: is_void(name),
            raw: is_raw(name),
            closes_paragraph: closes_paragraph(name),
            boundary: is_boundary(name),
            cell: matches!(name, "td" | "th" | "tr"),
            parts_table: matches!(name, "td" | "th" | "tr" | "tbody" | "thead" | "tfoot" | "caption"),
            around: matches!(name, "td" | "th" | "caption" | "object" | "template"),
            table: name == "table",
            paragraph: name == "p",
            within_item: matches!(name, "p" | "address" | "div"),
            implies,
        }
    }
}

/// How many names' kinds are kept at hand.
const KNOWN: usize = 64;

impl Open {
    /// Whether a tag may pass; keeps the account.
    fn admits(&mut self, tag: &Tag) -> bool {
        let kinds = self.kinds(&tag.name);
        match tag.kind {
            TagKind::EndTag => {
                if kinds.formatting {
                    self.formatting = self.formatting.saturating_sub(1);
                }
                self.close(&tag.name, kinds);
                true
            }
            TagKind::StartTag if tag.self_closing || kinds.void => true,
            TagKind::StartTag => {
                self.close_implied(kinds);
                if self.names.len() >= MAX_DEPTH || (kinds.formatting && self.formatting >= MAX_FORMATTING) {
                    // Raw text must still be read as such, or a script would turn into tags.
                    return kinds.raw;
                }
                self.formatting += usize::from(kinds.formatting);
                self.names.push((tag.name.clone(), kinds));
                true
            }
        }
    }

    /// The kinds of a name, one of those at hand where it is among them.
    fn kinds(&mut self, name: &LocalName) -> Kinds {
        let at = name.get_hash() as usize % KNOWN;
        if let Some((known, kinds)) = self.known.get(at)
            && known == name
        {
            return *kinds;
        }
        let kinds = Kinds::of(name);
        if self.known.is_empty() {
            self.known.resize(KNOWN, (local_name!(""), Kinds::of("")));
        }
        self.known[at] = (name.clone(), kinds);
        kinds
    }

    /// Closes an element at its end tag, but not through the cell or table around it.
    fn close(&mut self, name: &LocalName, kinds: Kinds) {
        for at in (0..self.names.len()).rev() {
            let (open, of) = &self.names[at];
            if open == name {
                self.names.truncate(at);
                return;
            }
            if !kinds.table && (of.table || of.around && !kinds.parts_table) {
                return;
            }
        }
    }

    /// Closes what a start tag closes without an end tag, so that unclosed items and
    /// paragraphs do not count as nesting.
    fn close_implied(&mut self, kinds: Kinds) {
        // An item is looked for through what may stand open in it; paragraphs close first.
        if let Some(closes) = kinds.implies {
            // The cells of a row, and the rows of a group, close through each other.
            let cells = closes != [local_name!("li")];
            self.close_first(
                |name, _| closes.contains(name),
                |open| !open.boundary || open.within_item || cells && open.cell,
            );
        }
        if kinds.closes_paragraph {
            self.close_first(|_, open| open.paragraph, |open| !open.boundary);
        }
    }

    /// Closes the innermost of some elements, where only `through` elements are above it.
    fn close_first(&mut self, wanted: impl Fn(&LocalName, Kinds) -> bool, through: impl Fn(Kinds) -> bool) {
        for at in (0..self.names.len()).rev().take(LOOK_BACK) {
            let (name, open) = &self.names[at];
            if wanted(name, *open) {
                self.names.truncate(at);
                return;
            }
            if !through(*open) {
                return;
            }
        }
    }
}

/// Start tags that close an open paragraph.
fn closes_paragraph(name: &str) -> bool {
    matches!(
        name,
        "p" | "pre"
            | "listing"
            | "form"
            | "table"
            | "hr"
            | "xmp"
            | "plaintext"
            | "li"
            | "dt"
            | "dd"
            | "ul"
            | "ol"
            | "dl"
    ) || matches!(
        name,
        "address"
            | "article"
            | "aside"
            | "blockquote"
            | "center"
            | "details"
            | "dialog"
            | "dir"
            | "div"
            | "fieldset"
            | "figcaption"
            | "figure"
            | "footer"
            | "header"
            | "hgroup"
            | "main"
            | "menu"
            | "nav"
            | "search"
            | "section"
            | "summary"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
    )
}

/// Elements that no start tag closes through.
fn is_boundary(name: &str) -> bool {
    closes_paragraph(name) && name != "p"
        || matches!(
            name,
            "table"
                | "tbody"
                | "thead"
                | "tfoot"
                | "tr"
                | "td"
                | "th"
                | "caption"
                | "button"
                | "object"
                | "template"
                | "select"
                | "body"
                | "html"
                | "svg"
                | "math"
        )
}

fn is_void(name: &str) -> bool {
    matches!(
        name,
        "area"
            | "base"
            | "br"
            | "col"
            | "embed"
            | "hr"
            | "img"
            | "input"
            | "link"
            | "meta"
            | "source"
            | "track"
            | "wbr"
    )
}

fn is_raw(name: &str) -> bool {
    matches!(name, "script" | "style" | "textarea" | "title" | "noscript" | "noframes" | "iframe" | "xmp")
}

fn is_formatting(name: &str) -> bool {
    matches!(
        name,
        "a" | "b" | "big" | "code" | "em" | "font" | "i" | "nobr" | "s" | "small" | "strike" | "strong" | "tt" | "u"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::html::pieces::{self, MAX_ATTRIBUTES};

    fn deepest(html: &Html) -> usize {
        let mut depth = 0_usize;
        let mut deepest = 0;
        for edge in html.tree.root().traverse() {
            match edge {
                ego_tree::iter::Edge::Open(_) => depth += 1,
                ego_tree::iter::Edge::Close(_) => depth -= 1,
            }
            deepest = deepest.max(depth);
        }
        deepest
    }

    fn text(html: &Html) -> String {
        html.tree.nodes().filter_map(|node| node.value().as_text().map(|text| text.to_string())).collect()
    }

    #[test]
    fn nesting_is_bounded_and_its_text_stays() {
        let html = parse(&format!("{}words{}", "<div>".repeat(20_000), "</div>".repeat(20_000)), Attributes::Asked)
            .expect("parses");
        assert!(deepest(&html) < MAX_DEPTH + 10);
        assert_eq!(text(&html), "words");
    }

    #[test]
    fn unclosed_items_are_no_nesting() {
        let html = parse(&format!("<ul>{}</ul><p>{}", "<li>a".repeat(2_000), "<p>b".repeat(2_000)), Attributes::Asked)
            .expect("parses");
        let items = html.tree.nodes().filter(|n| n.value().as_element().is_some_and(|e| e.name() == "li")).count();
        assert_eq!(items, 2_000);
    }

    #[test]
    fn nested_tables_are_bounded_too() {
        let html = parse(&("<table><tr><td>x</td><td>".repeat(3_000) + "words"), Attributes::Asked).expect("parses");
        assert!(deepest(&html) < 2 * MAX_DEPTH);
        assert!(text(&html).ends_with("words"));
    }

    #[test]
    fn surplus_attributes_are_cut() {
        let surplus: String = (0..100_000).map(|n| format!("a{n}=\"x>\" ")).collect();
        let source = format!("<p {surplus}>words</p {surplus}>");
        let html = parse(&source, Attributes::Asked).expect("parses");
        let paragraph = html.tree.nodes().find_map(|n| n.value().as_element().filter(|e| e.name() == "p"));
        assert_eq!(paragraph.map(|p| p.attrs().count()), Some(MAX_ATTRIBUTES));
        assert_eq!(text(&html), "words");
        let unclosed = parse(&format!("words<p {surplus}"), Attributes::Asked).expect("parses");
        assert_eq!(text(&unclosed), "words");
    }

    /// The text of every element of a name.
    fn texts(html: &Html, name: &str) -> Vec<String> {
        let named = html.select(&scraper::Selector::parse(name).expect("a sound selector")).collect::<Vec<_>>();
        named.iter().map(|element| element.text().collect()).collect()
    }

    #[test]
    fn scripts_are_cut_and_nothing_else_is() {
        let long = "if(a<b){c=\"</p><p>\"}".repeat(2_000);
        let page = format!(
            "<!doctype html><!-- <script> --><title><style>x</title><style>p{{}}</style><p>one<script type=x>{long}</SCRIPT\n>\
             <p title='<script>'>two<svg><style>a{{}}</style></svg><script><!-- <script>x</script>{long}</script> -->\
             <textarea><script></textarea><p>three"
        );
        let (cut, bodies) = parse_telling(&page, Attributes::Asked).expect("parses");
        let (all, _) =
            feed(&page, Feeding { of_scripts: None, scan: Scan::Nothing, keeps_account: false }).expect("parses");
        let bodies = scripts(&page, &bodies);
        let whole = [long.clone(), format!("<!-- <script>x</script>{long}")];
        let scripts = cut.select(&SCRIPT).map(|script| bodies.get(&script.id()).cloned());
        assert_eq!(scripts.collect::<Vec<_>>(), whole.clone().map(Some));
        assert_eq!(texts(&all, "script"), whole);
        assert_eq!(texts(&cut, "script"), whole.map(|script| script[..SCRIPT_START].to_owned()));
        assert_eq!(
            (texts(&cut, "style"), texts(&all, "style")),
            (vec!["".into(), "a{}".into()], vec!["p{}".into(), "a{}".into()])
        );
        for name in ["title", "p", "textarea", "svg"] {
            let beside = |html: &Html| {
                texts(html, "script")
                    .iter()
                    .fold(texts(html, name).concat(), |text, script| text.replacen(script, "", 1))
            };
            assert_eq!(beside(&cut), beside(&all), "{name}");
        }
        assert!(parse("<script>never closed", Attributes::Asked).is_some_and(|html| text(&html) == "never closed"));
        assert!(parse("<p>words<style", Attributes::Asked).is_some_and(|html| text(&html) == "words"));
    }

    #[test]
    fn the_nodes_of_a_page_are_bounded() {
        assert!(parse(&"<p>a".repeat(MAX_NODES), Attributes::Asked).is_none());
    }

    /// A page's tree in words, without the attributes that no rule asks for.
    fn told(html: &Html) -> String {
        let mut out = String::new();
        for edge in html.tree.root().traverse() {
            match edge {
                ego_tree::iter::Edge::Open(node) => match node.value() {
                    Node::Element(element) => {
                        let asked = element.attrs().filter(|(name, value)| {
                            !pieces::is_never_asked_for(element.name().as_bytes(), name.as_bytes(), value.len() + 2)
                        });
                        out.push_str(&format!("<{} {:?}>", element.name(), asked.collect::<Vec<_>>()));
                    }
                    other => out.push_str(&format!("{other:?}")),
                },
                ego_tree::iter::Edge::Close(node) if node.value().is_element() => out.push_str("</>"),
                ego_tree::iter::Edge::Close(_) => {}
            }
        }
        out
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(20_000))]

        #[test]
        fn what_is_left_out_changes_nothing_else(parts in proptest::collection::vec(
            proptest::sample::select(vec![
                "<p", "<div", "</p", "<a", "<img", "<h1", "</div", "<i>", "</i>", "<br", "<svg", "</svg>", "<path", "<title", "</title>",
                "<textarea>", "</textarea>", "<script", "</script>", "<style>", "</style>", "<noscript>", "</noscript>",
                "<script>", "<SCRIPT/", "</Script", "<scriptx>", "</scriptx>", "<template>", "</template>", "<math>", "<foreignObject>", "<table>", "<td", "<xmp>", "</xmp", "<plaintext>", "<iframe>", "</iframe>",
                "<!--", "-->", "--!>", "<!-->", "<![CDATA[", "]]>", "<!doctype html>", "<?php", "<!x", "<!--->", "\0", "\u{c}", "</ ", "</>", "<",
                " class=\"a b\"", " width=\"5\"", " width=5", "width='>'", " data-x='<p>'", " target", " target =", " = \"x\"",
                "=", "\"", "'", ">", "/>", "/", " ", "\n", "\r\n", "words", "don't ", "a=b", "/width=5", "\u{feff}", " onclick=\"x('<b>')\"", " id=i", "&amp;", "&", "&am", "&#", "<b>", "é",
            ]), 0..40)
        ) {
            let page = parts.concat();
            let read = |scan| feed(&page, Feeding { of_scripts: None, scan, keeps_account: false }).map(|(html, _)| html);
            let all = read(Scan::Nothing).expect("small pages parse");
            let (surplus, unasked) = (read(Scan::Surplus).expect("tags agree"), read(Scan::Unasked).expect("tags agree"));
            proptest::prop_assert_eq!(surplus == all, true, "{}", page);
            proptest::prop_assert_eq!(told(&unasked), told(&all), "{}", page);
        }
    }

    #[test]
    fn attributes_that_no_rule_asks_for_are_left_out() {
        let page = "<p class=a width='1' data-x='{\"a>b\"}' id=b onclick=go() data-cfemail=0f>x</p><!-- <p dir=\"ltr> --><p dir=\"ltr\">y";
        let attributes = |of| {
            let html = parse(page, of).expect("parses");
            let elements = html.tree.nodes().filter_map(|node| node.value().as_element());
            elements.flat_map(|element| element.attrs().map(|(name, _)| name.to_owned())).collect::<Vec<_>>()
        };
        let mut asked = attributes(Attributes::Asked);
        asked.sort();
        assert_eq!(asked, ["class", "data-cfemail", "id"]);
        assert_eq!(attributes(Attributes::All).len(), 7);
    }

    #[test]
    fn attributes_that_rules_ask_for_stay() {
        let asked = [
            "alt",
            "aria-controls",
            "aria-current",
            "aria-expanded",
            "aria-haspopup",
            "aria-hidden",
            "aria-label",
            "aria-level",
            "aria-modal",
            "class",
            "content",
            "data",
            "data-cfemail",
            "data-mailto-token",
            "data-testid",
            "data-cfEmail",
            "for",
            "hidden",
            "href",
            "http-equiv",
            "id",
            "lang",
            "name",
            "property",
            "role",
            "shadowrootmode",
            "srcdoc",
            "style",
            "title",
            "type",
            "value",
        ];
        for name in asked {
            assert!(!pieces::is_never_asked_for(b"a", name.as_bytes(), 3), "{name}");
        }
        for (tag, name) in [("iframe", "src"), ("frame", "src"), ("embed", "src"), ("link", "rel")] {
            assert!(!pieces::is_never_asked_for(tag.as_bytes(), name.as_bytes(), 3), "{tag} {name}");
        }
        assert!(!pieces::is_never_asked_for(b"div", b"data-props", pieces::LONG_VALUE));
    }

    #[test]
    fn surplus_attributes_are_cut_wherever_they_stand() {
        // Compared each with all before it, these would take hours.
        let surplus: String = (0..150_000).map(|n| format!(" a{n}")).collect();
        for before in [
            "",
            "</p>",
            "<script><!--<script></script></script>",
            "<script><!--<script></script>--></script>",
            "<svg><![CDATA[> <!-- ]]>",
            "<svg><![CDATA[> <x a=\" ]]>",
            "<p><![CDATA[> <x a=\" ]]>\">",
            "<svg><foreignObject><p><b></p>&<![CDATA[> <x> ]]>\"",
            "<svg><foreignObject><p><b></p>&am<![CDATA[> <x> ]]>\"",
            "<svg><foreignObject><p><b></p><<![CDATA[> <x> ]]>\"",
            "<!-- <x a=\" -->",
        ] {
            for behind in ["", ">", " b=\""] {
                for attributes in [Attributes::Asked, Attributes::All] {
                    assert!(parse(&format!("{before}<p{surplus}{behind}"), attributes).is_some());
                    assert!(parse(&format!("{before}</p{surplus}{behind}"), attributes).is_some());
                }
            }
        }
    }

    #[test]
    fn a_tag_closes_its_element_with_surplus_attributes_or_without() {
        let attributes = |between: &str| (0..300).map(|n| format!("{between}a{n}")).collect::<String>();
        for (page, within) in [
            (format!("<svg><path{}/><text>x", attributes(" ")), false),
            (format!("<svg><path{} /><text>x", attributes("/")), false),
            (format!("<svg><path{}><text>x", attributes("/")), true),
            (format!("<svg><path{} b=c/><text>x", attributes("//")), true),
            (format!("<svg><path width=5/ {} b=c/><text>x", attributes("//")), true),
        ] {
            for attributes in [Attributes::Asked, Attributes::All] {
                let html = parse(&page, attributes).expect("parses");
                assert_eq!(texts(&html, "path"), [if within { "x" } else { "" }], "{page:.40}");
            }
        }
    }

    #[test]
    fn a_page_that_is_fed_unread_has_no_tag_without_end() {
        let feed_unread =
            |page: &str| feed(page, Feeding { of_scripts: None, scan: Scan::Nothing, keeps_account: false });
        let surplus: String = (0..150_000).map(|n| format!(" a{n}")).collect();
        assert!(matches!(feed_unread(&format!("<p{surplus}>")), Err(Refused::Multiplies)));
        let words = "words <b x=1>and</b> ".repeat(20_000);
        assert!(feed_unread(&words).is_ok_and(|(html, _)| text(&html).len() == 20_000 * "words and ".len()));
    }

    #[test]
    fn marks_of_the_byte_order_are_left_out_at_the_beginning_alone() {
        let page = "\u{feff}<title>\u{feff}a</title><p>\u{feff}b<script>\u{feff}c</script>";
        let html = parse(page, Attributes::Asked).expect("parses");
        assert_eq!(text(&html), "\u{feff}a\u{feff}b\u{feff}c");
    }

    #[test]
    fn what_looks_like_a_tag_within_text_stays_as_it_is() {
        let page = "<svg><![CDATA[ <p width=\"5\"> ]]></svg><p width=\"5\">words <xmp><p width=\"5\">shown</xmp>";
        let html = parse(page, Attributes::Asked).expect("parses");
        assert_eq!(text(&html), " <p width=\"5\"> words <p width=\"5\">shown");
    }

    #[test]
    fn a_script_ends_where_the_parser_says() {
        let long = "x".repeat(3 * SCRIPT_START);
        for (script, rest) in [
            (format!("<!-- {long} //-->"), ""),
            (format!("<!-- <script>{long}</script> -->"), ""),
            (format!("a{long}\r\nb"), ""),
            ("<!-- <scriptx> -->".to_owned(), "<b>"),
        ] {
            let page = format!("<p width=1>one<script>{script}</script>{rest}<p width=1>two");
            let read = |of| parse(&page, of).map(|html| (texts(&html, "p"), html.select(&SCRIPT).count()));
            assert_eq!(read(Attributes::Asked), read(Attributes::All));
            assert_eq!(read(Attributes::Asked).map(|(_, scripts)| scripts), Some(1), "{page:.80}");
        }
    }

    static SCRIPT: std::sync::LazyLock<scraper::Selector> =
        std::sync::LazyLock::new(|| scraper::Selector::parse("script").expect("a sound selector"));

    #[test]
    fn reopened_formatting_cannot_multiply() {
        let source: String = (0..20_000).map(|n| format!("<b id={n}><p>")).collect();
        let nodes = parse(&source, Attributes::Asked).map_or(0, |html| html.tree.nodes().len());
        assert!(nodes < FREE_NODES + source.len());
    }
}
