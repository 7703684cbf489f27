//! Parses HTML with a bound on the work, whatever the page holds.
//!
//! html5ever is quadratic in nesting, in the attributes of one tag and in unclosed
//! formatting elements. A clock would make the result depend on the machine, so the
//! input itself is bounded: attributes are cut before the tokenizer sees them, start
//! tags nested deeper than [`MAX_DEPTH`] are dropped (their text stays), and a page
//! that grows far more nodes than it has bytes is refused.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ops::Range;

use ego_tree::NodeId;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};
use html5ever::tree_builder::{Tracer, TreeBuilder, TreeBuilderOpts, TreeSink};
use html5ever::{LocalName, TokenizerResult, local_name};
use scraper::{Html, HtmlTreeSink};

/// Deepest nesting kept. Blink keeps 512; the deepest policy seen has 37.
const MAX_DEPTH: usize = 256;
/// Elements really open at once, where the account of tags went wrong: refused.
const MAX_OPEN: usize = 4 * MAX_DEPTH;
/// How far back an element is looked for that a start tag closes without an end tag.
const LOOK_BACK: usize = 64;
/// Formatting elements open at once: each is opened again in every following paragraph.
const MAX_FORMATTING: usize = 32;
/// Attributes kept of one tag; the tokenizer compares each with all before it.
const MAX_ATTRIBUTES: usize = 256;
/// Bytes fed to the parser between two looks at the number of nodes.
const CHUNK: usize = 8 * 1024;
/// Nodes that any page may have, beside one for every two bytes.
const FREE_NODES: usize = 20_000;

/// Nodes that no page may have more of: each takes a quarter of a kilobyte until the page is
/// read, and the unit allows 1 GiB. The largest policy seen has a hundredth of these.
const MAX_NODES: usize = 1_000_000;
/// Bytes kept of each script where scripts are not read: enough to tell where one leads.
const SCRIPT_START: usize = 4 * 1024;

/// Parses a page; `None` where it grows nodes out of all proportion to its bytes.
///
/// Style sheets come out empty, and of each script only the first [`SCRIPT_START`] bytes:
/// they are most of many a page, and no text of it. Where scripts are asked for text,
/// [`parse_telling`] says what was cut.
pub(super) fn parse(source: &str) -> Option<Html> {
    parse_telling(source).map(|(html, _)| html)
}

/// The scripts that were cut, and where the page says all of them.
pub(super) type Cut = Vec<(NodeId, Range<usize>)>;

/// The scripts that were cut, and all that stood in each.
pub(super) type Scripts = HashMap<NodeId, String>;

/// [`parse`], and the scripts that were cut, as the parser would have read them.
pub(super) fn parse_telling(source: &str) -> Option<(Html, Cut)> {
    feed(source, Some(SCRIPT_START))
}

/// What stood in the scripts that were cut.
pub(super) fn scripts(source: &str, cut: &Cut) -> Scripts {
    // What the parser makes of line ends and of what is no character.
    let read = |body: &str| body.replace("\r\n", "\n").replace('\r', "\n").replace('\0', "\u{fffd}");
    // Attributes that were cut move what stands behind them.
    let source = cut_attributes(source);
    cut.iter().map(|(script, body)| (*script, read(&source[body.clone()]))).collect()
}

/// Feeds a page to the parser, of scripts only as many bytes as said.
fn feed(source: &str, of_scripts: Option<usize>) -> Option<(Html, Cut)> {
    let source = cut_attributes(source);
    let builder = TreeBuilder::new(HtmlTreeSink::new(Html::new_document()), TreeBuilderOpts::default());
    let sink = Bounded { builder, open: RefCell::default(), body: Cell::default() };
    let tokenizer = Tokenizer::new(sink, TokenizerOpts::default());
    let input = BufferQueue::default();
    let (mut fed, mut looked_at, mut cut) = (0, 0, Vec::new());
    let mut bodies = of_scripts.map(|_| Bodies { source: source.as_bytes(), at: 0 });
    let mut body = bodies.as_mut().and_then(Bodies::next);
    while fed < source.len() {
        let end = source.floor_char_boundary(fed + CHUNK).max(fed + 1);
        let mut end = source.ceil_char_boundary(end);
        while let Some(at) = body.filter(|at| *at < end) {
            if at > fed {
                end = at;
                break;
            }
            body = bodies.as_mut().and_then(Bodies::next);
        }
        input.push_back(StrTendril::from_slice(&source[fed..end]));
        fed = end;
        drain(&tokenizer, &input);
        // What looks like a script may stand in a comment: the tokenizer knows.
        if let (Some(kept), Some(name)) = (of_scripts, tokenizer.sink.body.take()) {
            let kept = if name == "script" { kept } else { 0 };
            if let Some(length) = skippable(&source[fed..], name) {
                // The script is the node that was made last: none of its text is there yet.
                let script = tokenizer.sink.builder.sink.0.borrow().tree.nodes().next_back().map(|node| node.id());
                cut.extend(script.filter(|_| name == "script" && length > kept).map(|id| (id, fed..fed + length)));
                let kept = source.floor_char_boundary(fed + kept.min(length));
                input.push_back(StrTendril::from_slice(&source[fed..kept]));
                drain(&tokenizer, &input);
                fed += length;
            }
        }
        if fed < looked_at + CHUNK && fed < source.len() {
            continue;
        }
        looked_at = fed;
        let nodes = tokenizer.sink.builder.sink.0.borrow().tree.nodes().len();
        let open = Counter::default();
        tokenizer.sink.builder.trace_handles(&open);
        if nodes > MAX_NODES.min(FREE_NODES + fed / 2) || open.0.get() > MAX_OPEN {
            return None;
        }
    }
    drain(&tokenizer, &input);
    tokenizer.end();
    let mut html = tokenizer.sink.builder.sink.finish();
    html.errors = Vec::new();
    Some((html, cut))
}

/// Finds where the bodies of scripts and style sheets may begin: behind what looks like
/// their start tags.
struct Bodies<'a> {
    source: &'a [u8],
    at: usize,
}

impl Iterator for Bodies<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        loop {
            let name = find(self.source, self.at, b'<')? + 1;
            self.at = name;
            let begins =
                |tag: &[u8]| self.source.get(name..name + tag.len()).is_some_and(|s| s.eq_ignore_ascii_case(tag));
            if begins(b"script") || begins(b"style") {
                self.at = scan_tag(self.source, name).end;
                return Some(self.at + 1);
            }
        }
    }
}

/// The length of a script's or style sheet's body, if its end is plain to see: a script
/// that opens a comment may go on behind its own end tag.
fn skippable(source: &str, name: &str) -> Option<usize> {
    let bytes = source.as_bytes();
    let mut at = 0;
    let length = loop {
        let end = memchr::memmem::find(&bytes[at..], b"</")? + at;
        let after = end + 2 + name.len();
        let named = bytes.get(end + 2..after).is_some_and(|tag| tag.eq_ignore_ascii_case(name.as_bytes()));
        if named && matches!(bytes.get(after), Some(b'>' | b'/' | b' ' | b'\t' | b'\n' | b'\r' | 0x0c)) {
            break end;
        }
        at = end + 2;
    };
    (name != "script" || memchr::memmem::find(&bytes[..length], b"<!--").is_none()).then_some(length)
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
    open: RefCell<Open>,
    /// The element whose text begins with what comes next, if it is script or style sheet.
    body: Cell<Option<&'static str>>,
}

impl TokenSink for Bounded {
    type Handle = <HtmlTreeSink as TreeSink>::Handle;

    fn process_token(&self, token: Token, line: u64) -> TokenSinkResult<Self::Handle> {
        if let Token::TagToken(tag) = &token
            && !self.open.borrow_mut().admits(tag)
        {
            return TokenSinkResult::Continue;
        }
        let name = match &token {
            Token::TagToken(tag) if tag.name == local_name!("script") => Some("script"),
            Token::TagToken(tag) if tag.name == local_name!("style") => Some("style"),
            _ => None,
        };
        let result = self.builder.process_token(token, line);
        self.body.set(name.filter(|_| matches!(result, TokenSinkResult::RawData(_))));
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

/// Leaves out all attributes of a tag beyond [`MAX_ATTRIBUTES`].
fn cut_attributes(source: &str) -> Cow<'_, str> {
    let bytes = source.as_bytes();
    let mut out = String::new();
    let mut kept = 0;
    let mut at = 0;
    while let Some(open) = find(bytes, at, b'<') {
        // End tags may have attributes too.
        at = open + 1 + usize::from(bytes.get(open + 1) == Some(&b'/'));
        if !bytes.get(at).is_some_and(|b| b.is_ascii_alphabetic()) {
            continue;
        }
        let tag = scan_tag(bytes, at);
        if let Some(cut) = tag.cut {
            out.push_str(&source[kept..cut]);
            kept = tag.end;
        }
        at = tag.end;
    }
    if out.is_empty() {
        return Cow::Borrowed(source);
    }
    out.push_str(&source[kept..]);
    Cow::Owned(out)
}

/// Where a tag ends (at its `>`), and where its surplus attributes begin.
struct Scan {
    end: usize,
    cut: Option<usize>,
}

/// Scans a tag from its name on, as the tokenizer reads it.
fn scan_tag(bytes: &[u8], from: usize) -> Scan {
    let (mut at, mut attributes, mut cut) = (from, 0, None);
    let mut between = false;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'>' => break,
            b'=' if !between => at = skip_value(bytes, at + 1),
            b' ' | b'\t' | b'\n' | b'\r' | 0x0c | b'/' => {
                between = true;
                at += 1;
            }
            _ => {
                if between {
                    attributes += 1;
                    if attributes > MAX_ATTRIBUTES && cut.is_none() {
                        cut = Some(at);
                    }
                }
                between = false;
                at += 1;
            }
        }
    }
    Scan { end: at.min(bytes.len()), cut }
}

/// Skips an attribute's value, quotes included.
fn skip_value(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
        at += 1;
    }
    match bytes.get(at) {
        Some(&quote @ (b'"' | b'\'')) => find(bytes, at + 1, quote).map_or(bytes.len(), |end| end + 1),
        _ => at,
    }
}

fn find(bytes: &[u8], from: usize, wanted: u8) -> Option<usize> {
    memchr::memchr(wanted, bytes.get(from..)?).map(|n| from + n)
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let html = parse(&format!("{}words{}", "<div>".repeat(20_000), "</div>".repeat(20_000))).expect("parses");
        assert!(deepest(&html) < MAX_DEPTH + 10);
        assert_eq!(text(&html), "words");
    }

    #[test]
    fn unclosed_items_are_no_nesting() {
        let html = parse(&format!("<ul>{}</ul><p>{}", "<li>a".repeat(2_000), "<p>b".repeat(2_000))).expect("parses");
        let items = html.tree.nodes().filter(|n| n.value().as_element().is_some_and(|e| e.name() == "li")).count();
        assert_eq!(items, 2_000);
    }

    #[test]
    fn nested_tables_are_bounded_too() {
        let html = parse(&("<table><tr><td>x</td><td>".repeat(3_000) + "words")).expect("parses");
        assert!(deepest(&html) < 2 * MAX_DEPTH);
        assert!(text(&html).ends_with("words"));
    }

    #[test]
    fn surplus_attributes_are_cut() {
        let surplus: String = (0..100_000).map(|n| format!("a{n}=\"x>\" ")).collect();
        let source = format!("<p {surplus}>words</p {surplus}>");
        let html = parse(&source).expect("parses");
        let paragraph = html.tree.nodes().find_map(|n| n.value().as_element().filter(|e| e.name() == "p"));
        assert_eq!(paragraph.map(|p| p.attrs().count()), Some(MAX_ATTRIBUTES));
        assert_eq!(text(&html), "words");
    }

    #[test]
    fn a_page_within_the_limits_is_not_touched() {
        let source = "<p class=\"a\" id=b>x < y</p><script>if (a<b) { \"</p>\" }</script>";
        assert!(matches!(cut_attributes(source), Cow::Borrowed(_)));
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
        let (cut, bodies) = parse_telling(&page).expect("parses");
        let (all, _) = feed(&page, None).expect("parses");
        let bodies = scripts(&page, &bodies);
        assert_eq!(bodies.len(), 1);
        let script = cut.select(&scraper::Selector::parse("script").expect("a sound selector")).next();
        assert_eq!(script.and_then(|script| bodies.get(&script.id())), Some(&long));
        assert_eq!(texts(&all, "script")[0], long);
        assert_eq!(texts(&cut, "script")[0], long[..SCRIPT_START]);
        assert_eq!(texts(&cut, "script")[1..], texts(&all, "script")[1..]);
        assert_eq!(
            (texts(&cut, "style"), texts(&all, "style")),
            (vec!["".into(), "a{}".into()], vec!["p{}".into(), "a{}".into()])
        );
        for name in ["title", "p", "textarea", "svg"] {
            let beside = |html: &Html, script: &str| texts(html, name).concat().replacen(script, "", 1);
            assert_eq!(beside(&cut, &long[..SCRIPT_START]), beside(&all, &long), "{name}");
        }
        assert!(parse("<script>never closed").is_some_and(|html| text(&html) == "never closed"));
        assert!(parse("<p>words<style").is_some_and(|html| text(&html) == "words"));
    }

    #[test]
    fn the_nodes_of_a_page_are_bounded() {
        assert!(parse(&"<p>a".repeat(MAX_NODES)).is_none());
    }

    #[test]
    fn reopened_formatting_cannot_multiply() {
        let source: String = (0..20_000).map(|n| format!("<b id={n}><p>")).collect();
        let nodes = parse(&source).map_or(0, |html| html.tree.nodes().len());
        assert!(nodes < FREE_NODES + source.len());
    }
}
