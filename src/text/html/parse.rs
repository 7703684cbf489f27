//! Parses HTML with a bound on the work, whatever the page holds.
//!
//! html5ever is quadratic in nesting, in the attributes of one tag and in unclosed
//! formatting elements. A clock would make the result depend on the machine, so the
//! input itself is bounded: attributes are cut before the tokenizer sees them, start
//! tags nested deeper than [`MAX_DEPTH`] are dropped (their text stays), and a page
//! that grows far more nodes than it has bytes is refused.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};

use html5ever::TokenizerResult;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};
use html5ever::tree_builder::{Tracer, TreeBuilder, TreeBuilderOpts, TreeSink};
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
/// read, and the unit allows 768 MiB. The largest policy seen has a hundredth of these.
const MAX_NODES: usize = 1_000_000;

/// Parses a page; `None` where it grows nodes out of all proportion to its bytes.
pub(super) fn parse(source: &str) -> Option<Html> {
    let source = cut_attributes(source);
    let builder = TreeBuilder::new(HtmlTreeSink::new(Html::new_document()), TreeBuilderOpts::default());
    let sink = Bounded { builder, open: RefCell::default() };
    let tokenizer = Tokenizer::new(sink, TokenizerOpts::default());
    let input = BufferQueue::default();
    let mut fed = 0;
    while fed < source.len() {
        let end = source.floor_char_boundary(fed + CHUNK).max(fed + 1);
        let end = source.ceil_char_boundary(end);
        input.push_back(StrTendril::from_slice(&source[fed..end]));
        fed = end;
        drain(&tokenizer, &input);
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
    Some(html)
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
}

impl TokenSink for Bounded {
    type Handle = <HtmlTreeSink as TreeSink>::Handle;

    fn process_token(&self, token: Token, line: u64) -> TokenSinkResult<Self::Handle> {
        if let Token::TagToken(tag) = &token
            && !self.open.borrow_mut().admits(tag)
        {
            return TokenSinkResult::Continue;
        }
        self.builder.process_token(token, line)
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
    names: Vec<html5ever::LocalName>,
    formatting: usize,
}

impl Open {
    /// Whether a tag may pass; keeps the account.
    fn admits(&mut self, tag: &Tag) -> bool {
        let name = &*tag.name;
        match tag.kind {
            TagKind::EndTag => {
                if is_formatting(name) {
                    self.formatting = self.formatting.saturating_sub(1);
                }
                self.close(name);
                true
            }
            TagKind::StartTag if tag.self_closing || is_void(name) => true,
            TagKind::StartTag => {
                self.close_implied(name);
                if self.names.len() >= MAX_DEPTH || (is_formatting(name) && self.formatting >= MAX_FORMATTING) {
                    // Raw text must still be read as such, or a script would turn into tags.
                    return is_raw(name);
                }
                self.formatting += usize::from(is_formatting(name));
                self.names.push(tag.name.clone());
                true
            }
        }
    }

    /// Closes an element at its end tag, but not through the cell or table around it.
    fn close(&mut self, name: &str) {
        let parts_table = matches!(name, "td" | "th" | "tr" | "tbody" | "thead" | "tfoot" | "caption");
        for at in (0..self.names.len()).rev() {
            let open = &*self.names[at];
            if open == name {
                self.names.truncate(at);
                return;
            }
            let around = matches!(open, "td" | "th" | "caption" | "object" | "template");
            if name != "table" && (open == "table" || around && !parts_table) {
                return;
            }
        }
    }

    /// Closes what a start tag closes without an end tag, so that unclosed items and
    /// paragraphs do not count as nesting.
    fn close_implied(&mut self, name: &str) {
        let closes: &[&str] = match name {
            "li" => &["li"],
            "dt" | "dd" => &["dt", "dd"],
            "option" | "optgroup" => &["option"],
            "td" | "th" => &["td", "th"],
            "tr" => &["tr"],
            "tbody" | "thead" | "tfoot" => &["tbody", "thead", "tfoot"],
            _ => &[],
        };
        // An item is looked for through what may stand open in it; paragraphs close first.
        if !closes.is_empty() {
            self.close_first(closes, |open| !is_boundary(open) || matches!(open, "p" | "address" | "div"));
        }
        if closes_paragraph(name) {
            self.close_first(&["p"], |open| !is_boundary(open));
        }
    }

    /// Closes the innermost of some elements, where only `through` elements are above it.
    fn close_first(&mut self, wanted: &[&str], through: impl Fn(&str) -> bool) {
        for at in (0..self.names.len()).rev().take(LOOK_BACK) {
            let open = &*self.names[at];
            if wanted.contains(&open) {
                self.names.truncate(at);
                return;
            }
            // The cells of a row, and the rows of a group, close through each other.
            let cell = matches!(open, "td" | "th" | "tr") && !wanted.contains(&"p") && !wanted.contains(&"li");
            if !through(open) && !cell {
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
    bytes.get(from..)?.iter().position(|b| *b == wanted).map(|n| from + n)
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
