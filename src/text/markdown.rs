//! Markdown to blocks (CommonMark with tables).
//!
//! Policies in Markdown are mostly converted web pages, so their habits are met:
//! headings that are only bold, tables without a header, text indented by accident.

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::{Block, BlockKind, Link};

/// The longest heading, in words: what is longer is a paragraph above a stray rule.
const HEADING_WORDS: usize = 40;

/// The longest paragraph that is a heading because it is bold, in words.
const BOLD_WORDS: usize = 14;

/// How deep text indented by accident is read again.
const REREAD: u8 = 2;

/// Reads Markdown.
pub fn blocks(source: &str) -> Vec<Block> {
    read(without_front_matter(source.trim_start_matches('\u{feff}')), REREAD)
}

fn read(source: &str, reread: u8) -> Vec<Block> {
    let mut reader = Reader { reread, ..Reader::default() };
    let how = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_HEADING_ATTRIBUTES;
    for event in Parser::new_ext(source, how) {
        reader.take(event);
    }
    reader.flush();
    reader.out
}

/// Cuts off `---` … `---` with `key: value` lines at the very beginning.
fn without_front_matter(source: &str) -> &str {
    let Some(rest) = source.strip_prefix("---\n").or_else(|| source.strip_prefix("---\r\n")) else { return source };
    let mut at = 0;
    for line in rest.split_inclusive('\n') {
        at += line.len();
        let line = line.trim_end();
        if line == "---" || line == "..." {
            return &rest[at..];
        }
        let key = line.split(':').next().unwrap_or_default();
        let sound = line.is_empty() || line.starts_with([' ', '-', '#']) || line.contains(':') && !key.contains(' ');
        if !sound {
            return source;
        }
    }
    source
}

/// What the words at hand will become.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Open {
    #[default]
    Paragraph,
    Heading(u8),
    Item,
    Fenced,
    Indented,
    Raw,
}

#[derive(Default)]
struct Reader {
    out: Vec<Block>,
    reread: u8,
    open: Open,
    text: String,
    links: Vec<Link>,
    /// Where in `text` an open link began, with its target.
    link: Option<(usize, String)>,
    anchor: Option<String>,
    images: usize,
    /// Open lists; whether the present item has its first words.
    lists: Vec<bool>,
    /// How many bytes of `text` were bold; how deep in bold we are.
    bold: usize,
    bold_depth: usize,
    /// Where the bold beginning of a paragraph ended at a line break.
    bold_line: Option<usize>,
    plain_words: bool,
    quotes: usize,
    /// The first block of the open quote.
    quote_start: usize,
    heading: u8,
    /// The cells of the row being read.
    cells: Vec<(String, Vec<Link>)>,
    /// What ends the script, style, comment or tag that we are in.
    hidden: Option<&'static str>,
}

impl Reader {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) | Event::Code(text) | Event::InlineMath(text) | Event::DisplayMath(text) => {
                self.words(&text)
            }
            Event::SoftBreak => self.line_break("\n"),
            Event::HardBreak => self.line_break("\n"),
            Event::Html(html) => self.html(&html),
            Event::InlineHtml(html) => self.html(&html),
            Event::Rule => self.flush(),
            Event::FootnoteReference(_) | Event::TaskListMarker(_) => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph => self.begin(if self.lists.last() == Some(&false) { Open::Item } else { Open::Paragraph }),
            Tag::Heading { level, id, .. } => {
                self.begin(Open::Heading(depth(level)));
                self.anchor = id.map(|id| id.to_string());
            }
            Tag::BlockQuote(_) => {
                self.flush();
                if self.quotes == 0 {
                    self.quote_start = self.out.len();
                }
                self.quotes += 1;
            }
            Tag::CodeBlock(CodeBlockKind::Fenced(_)) => self.begin(Open::Fenced),
            Tag::CodeBlock(CodeBlockKind::Indented) => self.begin(Open::Indented),
            Tag::HtmlBlock => self.begin(Open::Raw),
            Tag::List(_) => {
                self.flush();
                // An item that begins with a list has no words of its own.
                if let Some(said) = self.lists.last_mut() {
                    *said = true;
                }
                self.lists.push(true);
            }
            Tag::Item => {
                self.flush();
                if let Some(said) = self.lists.last_mut() {
                    *said = false;
                }
                self.open = Open::Item;
            }
            Tag::Table(_) => {
                self.flush();
                self.cells.clear();
            }
            Tag::TableCell => self.begin(Open::Paragraph),
            Tag::Strong => self.bold_depth += 1,
            Tag::Link { dest_url, .. } => self.link = Some((self.text.len(), dest_url.to_string())),
            Tag::Image { .. } => self.images += 1,
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph | TagEnd::Heading(_) | TagEnd::CodeBlock | TagEnd::HtmlBlock => {
                self.flush();
                // What was left open hides nothing of the next block.
                self.hidden = None;
            }
            TagEnd::Item => {
                self.flush();
                if let Some(said) = self.lists.last_mut() {
                    *said = true;
                }
            }
            TagEnd::List(_) => {
                self.flush();
                self.lists.pop();
            }
            TagEnd::BlockQuote(_) => {
                self.flush();
                self.quotes = self.quotes.saturating_sub(1);
                if self.quotes == 0 && self.out[self.quote_start..].iter().any(|block| is_provenance(&block.text)) {
                    self.out.truncate(self.quote_start);
                }
            }
            TagEnd::TableCell => self.cell(),
            TagEnd::TableHead => self.row(BlockKind::TableHeader),
            TagEnd::TableRow => self.row(BlockKind::TableRow),
            TagEnd::Strong => self.bold_depth = self.bold_depth.saturating_sub(1),
            TagEnd::Link => self.link_end(),
            TagEnd::Image => self.images = self.images.saturating_sub(1),
            _ => {}
        }
    }

    fn begin(&mut self, open: Open) {
        self.flush();
        self.open = open;
    }

    fn words(&mut self, words: &str) {
        if self.images > 0 || self.hidden.is_some() {
            return;
        }
        if self.bold_depth > 0 {
            self.bold += words.len();
        } else if words.chars().any(char::is_alphanumeric) {
            self.plain_words = true;
        }
        self.text.push_str(words);
    }

    fn line_break(&mut self, mark: &str) {
        if self.bold > 0 && !self.plain_words && self.bold_depth == 0 && self.bold_line.is_none() {
            self.bold_line = Some(self.text.len());
        }
        self.text.push_str(mark);
    }

    fn link_end(&mut self) {
        let Some((at, target)) = self.link.take() else { return };
        let text = fold(self.text.get(at..).unwrap_or_default());
        let lower = target.to_ascii_lowercase();
        // A target within the page is no fact of its own, and a script is none at all.
        if !text.is_empty() && !target.is_empty() && !target.starts_with('#') && !lower.starts_with("javascript:") {
            self.links.push(Link { text, target });
        }
    }

    /// Takes raw HTML: its words stay, its tags go, blocks of it part paragraphs.
    fn html(&mut self, html: &str) {
        let mut rest = html;
        while !rest.is_empty() {
            if let Some(tag) = self.hidden {
                let lower = rest.to_ascii_lowercase();
                let Some(at) = lower.find(tag) else { return };
                rest = &rest[at + tag.len()..];
                // An end tag may hold blanks before its bracket.
                self.hidden = tag.starts_with('<').then_some(">");
            } else if rest.starts_with('<') {
                rest = self.tag(rest);
            } else {
                let end = rest.find('<').unwrap_or(rest.len());
                let words = unescape(&rest[..end]);
                self.words(&words);
                rest = &rest[end..];
            }
        }
    }

    /// Takes one tag at the beginning of `html`; returns what stands behind it.
    fn tag<'a>(&mut self, html: &'a str) -> &'a str {
        if let Some(comment) = html.strip_prefix("<!--") {
            self.hidden = Some("-->");
            return comment;
        }
        let Some(end) = html.find('>') else {
            self.hidden = Some(">");
            return "";
        };
        let inside = html[1..end].trim_start_matches('/');
        let name: String =
            inside.chars().take_while(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
        match name.as_str() {
            "script" if !html.starts_with("</") => self.hidden = Some("</script"),
            "style" if !html.starts_with("</") => self.hidden = Some("</style"),
            "br" => self.line_break("\n"),
            "a" => {
                if let Some(name) = attribute(inside, "name").or_else(|| attribute(inside, "id")) {
                    self.anchor = self.anchor.take().or(Some(name));
                }
            }
            "b" | "strong" => {
                self.bold_depth =
                    if html.starts_with("</") { self.bold_depth.saturating_sub(1) } else { self.bold_depth + 1 }
            }
            "p" | "div" | "li" | "tr" | "ul" | "ol" | "table" | "section" | "article" if self.open == Open::Raw => {
                self.begin(Open::Raw)
            }
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6"
                if self.open == Open::Raw || matches!(self.open, Open::Heading(_)) =>
            {
                let level = name.as_bytes()[1] - b'0';
                self.begin(if html.starts_with("</") { Open::Raw } else { Open::Heading(level) });
            }
            "td" | "th" => self.text.push(' '),
            _ => {}
        }
        &html[end + 1..]
    }

    /// Ends the block at hand.
    fn flush(&mut self) {
        let text = std::mem::take(&mut self.text);
        let links = std::mem::take(&mut self.links);
        let bold = std::mem::take(&mut self.bold) > 0 && !std::mem::take(&mut self.plain_words);
        let bold_line = self.bold_line.take();
        self.plain_words = false;
        self.link = None;
        let open = self.open;
        self.open = match open {
            Open::Raw => Open::Raw,
            _ => Open::Paragraph,
        };
        if text.trim().is_empty() {
            return;
        }
        match open {
            Open::Fenced => self.push(BlockKind::Preformatted, text.trim_end().to_owned(), links),
            Open::Indented if self.reread > 0 => self.indented(&text),
            Open::Heading(level) if text.split_whitespace().count() <= HEADING_WORDS => {
                let anchor = self.anchor.take();
                self.heading = level;
                // Permalinks that a page puts behind its headings are no words.
                let words = fold(&text).trim_end_matches([' ', '#', '¶', '🔗']).to_owned();
                self.push(BlockKind::Heading { level, anchor }, words, links);
            }
            Open::Item => self.item(&text, links),
            _ => self.paragraph(&text, links, bold, bold_line),
        }
    }

    fn push(&mut self, kind: BlockKind, mut text: String, mut links: Vec<Link>) {
        if kind != BlockKind::Preformatted {
            text = mend(text, &mut links);
        }
        if !text.is_empty() {
            self.out.push(Block { kind, text, links });
        }
    }

    fn item(&mut self, text: &str, links: Vec<Link>) {
        let depth = u8::try_from(self.lists.len()).unwrap_or(u8::MAX).max(1);
        if let Some(said) = self.lists.last_mut() {
            *said = true;
        }
        self.push(BlockKind::ListItem { depth }, fold(text), links);
    }

    fn paragraph(&mut self, text: &str, links: Vec<Link>, bold: bool, bold_line: Option<usize>) {
        let free = self.lists.is_empty();
        if free && bold && is_title(&fold(text)) {
            self.bold_heading(fold(text), links);
            return;
        }
        // "**Heading**" and its text in one paragraph, parted by a line break.
        if let Some(at) = bold_line.filter(|at| free && is_title(&fold(&text[..*at]))) {
            let (first, rest) = text.split_at(at);
            let (title, rest) = (fold(first), fold(rest));
            if rest.split(' ').count() > title.split(' ').count() {
                let (above, below) = links.into_iter().partition(|link: &Link| title.contains(&link.text));
                self.bold_heading(title, above);
                self.push(BlockKind::Paragraph, rest, below);
                return;
            }
        }
        self.push(BlockKind::Paragraph, fold(text), links);
    }

    /// A heading one level below the last real one.
    fn bold_heading(&mut self, text: String, links: Vec<Link>) {
        let level = (self.heading + 1).clamp(2, 6);
        let anchor = self.anchor.take();
        self.push(BlockKind::Heading { level, anchor }, text, links);
    }

    /// Reads text that is indented like code once more: in policies it is prose.
    fn indented(&mut self, text: &str) {
        let margin = text
            .lines()
            .filter(|line| !line.trim().is_empty())
            .map(|line| line.len() - line.trim_start().len())
            .min()
            .unwrap_or(0);
        let flush: String = text.lines().map(|line| line.get(margin..).unwrap_or_default().to_owned() + "\n").collect();
        let inner = read(&flush, self.reread - 1);
        self.out.extend(inner);
    }

    fn cell(&mut self) {
        let text = fold(&std::mem::take(&mut self.text));
        let links = std::mem::take(&mut self.links);
        self.bold = 0;
        self.plain_words = false;
        self.bold_line = None;
        self.cells.push((text, links));
    }

    /// Writes a row, or the names of the columns.
    fn row(&mut self, kind: BlockKind) {
        let (cells, links): (Vec<_>, Vec<_>) = std::mem::take(&mut self.cells).into_iter().unzip();
        let text = super::row_text(cells.iter().map(String::as_str)).unwrap_or_default();
        self.push(kind, text, links.into_iter().flatten().collect());
    }
}

fn depth(level: HeadingLevel) -> u8 {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}

/// Whether a bold line is short enough, and no sentence: a heading.
fn is_title(text: &str) -> bool {
    let words = text.split(' ').count();
    let numbered = text.starts_with(|c: char| c.is_ascii_digit());
    let sentence = text.ends_with([',', ';', '!']) || text.ends_with('.') && !(numbered && words <= 10);
    !sentence
        && words <= BOLD_WORDS
        && text.chars().count() <= 110
        && text.chars().any(char::is_alphabetic)
        && !super::date::is_date_line(text)
}

/// Whether a quote only tells where a copy of the text was taken from.
fn is_provenance(text: &str) -> bool {
    let lower = text.to_lowercase();
    lower.contains("original snapshot on the wayback machine")
        || lower.starts_with("the following text is extracted") && lower.contains("wayback")
}

fn fold(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace(['\u{200b}', '\u{feff}'], "")
}

/// Takes away the marks that no parser takes for marks, though their writers (converters
/// of web pages) meant them so: `**Bold.**Text`, and links around several blocks.
fn mend(mut text: String, links: &mut Vec<Link>) -> String {
    if text.matches("**").count().is_multiple_of(2) {
        text = text.replace("**", "");
    }
    // The bound keeps a hostile text from taking quadratic time.
    for _ in 0..200 {
        let Some(at) = text.find("](") else { break };
        let Some(end) = text[at + 2..].find(')') else { break };
        let target = text[at + 2..at + 2 + end].split(' ').next().unwrap_or_default().to_owned();
        if !["http://", "https://", "/", "#", "mailto:", "./", "../"].iter().any(|start| target.starts_with(start)) {
            break;
        }
        let open = text[..at].rfind('[');
        let words = fold(&text[open.map_or(0, |open| open + 1)..at]);
        text = format!("{}{words}{}", &text[..open.unwrap_or(0)], &text[at + 3 + end..]);
        if !words.is_empty() && !target.starts_with('#') {
            links.push(Link { text: words, target });
        }
    }
    if text == "[" { String::new() } else { text }
}

/// The value of an attribute inside a tag, quotes removed.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let at = tag.find(&format!(" {name}="))?;
    let value = &tag[at + name.len() + 2..];
    let value = match value.chars().next()? {
        quote @ ('"' | '\'') => value[1..].split(quote).next()?,
        _ => value.split([' ', '>']).next()?,
    };
    (!value.is_empty()).then(|| value.to_owned())
}

/// The few entities that raw HTML in Markdown has; the parser did the others.
fn unescape(text: &str) -> String {
    if !text.contains('&') {
        return text.to_owned();
    }
    [
        ("&nbsp;", " "),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&rsquo;", "’"),
        ("&ndash;", "–"),
        ("&amp;", "&"),
    ]
    .iter()
    .fold(text.to_owned(), |text, (entity, letter)| text.replace(entity, letter))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::plain::tests::outline;

    #[test]
    fn a_policy_becomes_blocks() {
        let source = "> *The following text is extracted by a reader; the [source](https://archive.test/1) is with the Wayback Machine.*\n\n\
            # Privacy Policy - Acme\n\nSetext Heading\n-----\n\nWe \\*collect\\* data,\nwhich [we share](/partners) and [explain below](#x).\n\n\
            **WHAT WE COLLECT?**\n\nText &amp; more.\n\n**Contact**  \nWrite to us whenever you like to.\n\n**All of this is important, so read it with care before you go on to use our shop at all.**\n\n\
            * one\n  * two\n\n    and more of two\n* three\n\n* * *\n\n    indented by **accident**\n\n<p>Raw <b>words</b><script>x()</script></p>\n\n<!-- not\nsaid -->\n\n<div\nclass=\"x\">end<br>line</div>\n\n![a picture](x.png)\n";
        insta::assert_snapshot!(outline(&blocks(source)), @"
        # Privacy Policy - Acme
        ## Setext Heading
        We *collect* data, which we share and explain below.
        ### WHAT WE COLLECT?
        Text & more.
        ### Contact
        Write to us whenever you like to.
        All of this is important, so read it with care before you go on to use our shop at all.
        - one
        -- two
        and more of two
        - three
        indented by accident
        Raw words
        end line
        ");
        let links: Vec<Link> = blocks(source).into_iter().flat_map(|block| block.links).collect();
        assert_eq!(links, [Link { text: "we share".to_owned(), target: "/partners".to_owned() }]);
    }

    #[test]
    fn tables_name_their_columns_once() {
        let source = "| Name | Purpose |\n|---|---|\n| Acme | mail |\n| **Bolt** | |\n\n|  |  |\n|---|---|\n| a | b |\n\n| only | header |\n|---|---|\n";
        insta::assert_snapshot!(outline(&blocks(source)), @"
        || Name | Purpose
        | Acme | mail
        | Bolt
        | a | b
        || only | header
        ");
    }

    #[test]
    fn marks_of_clumsy_converters_are_taken_away() {
        let table = [
            ("**Returns.**You may return it.", "Returns.You may return it."),
            ("Prices** vary.", "Prices** vary."),
            ("[\n\nHow we use it](https://acme.test/use)", "How we use it"),
            ("See annex [2](b) of it", "See annex 2 of it"),
            ("an array a\\[1\\](2)", "an array a[1](2)"),
        ];
        for (source, expected) in table {
            assert_eq!(outline(&blocks(source)), expected, "{source}");
        }
        let found = blocks("[\n\nHow we use it](https://acme.test/use)").remove(0).links;
        assert_eq!(found, [Link { text: "How we use it".to_owned(), target: "https://acme.test/use".to_owned() }]);
    }

    #[test]
    fn front_matter_is_cut_off_but_no_text() {
        assert_eq!(outline(&blocks("---\ntitle: Terms\ndate: 2020-01-01\n---\n# Terms\n")), "# Terms");
        assert_eq!(outline(&blocks("---\nWe collect data: all of it.\n---\n")), "## We collect data: all of it.");
    }

    #[test]
    fn a_quote_of_the_policy_stays() {
        assert_eq!(outline(&blocks("> In short: we keep nothing.\n\nText")), "In short: we keep nothing.\nText");
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_borne_and_read_alike(text in "([-#*>|<`a-z\\[\\]()!&; \t\\PC]{0,30}\n?){0,12}") {
            assert_eq!(blocks(&text), blocks(&text));
        }
    }
}
