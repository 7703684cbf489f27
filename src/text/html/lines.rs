//! The visible nodes as lines: where a browser would break them, with what they look
//! like. Which lines are headings is decided later, when all are known.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;

use foldhash::fast::RandomState as Hash;
use url::Url;

use super::links;
use super::names;
use super::table;
use super::tree::{Node, Tree, count_words};
use crate::text::{BlockKind, Link, bytes, plain};

/// What a line is on the page, before headings are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Text between two breaks.
    Text,
    /// Marked as a heading of this level.
    Heading(u8),
    /// What opens and closes a part (`summary`, a button that says so), or a table's caption.
    Fold,
    /// The row of a table that names its columns.
    ColumnNames,
    /// A row of a table.
    Row,
    /// A term of a definition list.
    Term,
    /// A line of a definition.
    Definition,
    /// Text whose breaks matter.
    Preformatted,
}

/// Where in which list a line stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Item {
    /// 1 for the outermost list.
    pub(super) depth: u8,
    /// Which item, in page order.
    pub(super) number: usize,
    /// Whether it is the item's first line.
    pub(super) first: bool,
    /// Whether the list has no other item.
    pub(super) only: bool,
}

/// How strongly all of a line is set off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Look {
    /// All of it is bold.
    pub(super) bold: bool,
    /// All of it is underlined.
    pub(super) underlined: bool,
    /// Its element is called a title or heading.
    pub(super) titled: bool,
    /// All of it leads to places on the same page: an entry of a table of contents.
    pub(super) contents: bool,
    /// All of it leads to other pages: an entry of a menu.
    pub(super) away: bool,
    /// It begins bold and goes on without: a lead-in, as in "Cookies. We set …".
    pub(super) run_in: bool,
}

/// A line of the page.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) kind: Kind,
    pub(super) text: String,
    pub(super) links: Vec<Link>,
    pub(super) look: Look,
    pub(super) item: Option<Item>,
    pub(super) anchor: Option<String>,
    /// The length of the text when its words were counted, and one more; and how many.
    counted: Cell<(usize, u32)>,
}

impl Line {
    /// How many words it has: counted once, as long as the text stays as long as it is.
    pub(super) fn words(&self) -> u32 {
        let (length, words) = self.counted.get();
        if length == self.text.len() + 1 {
            return words;
        }
        let words = count_words(&self.text);
        self.counted.set((self.text.len() + 1, words));
        words
    }
}

/// Writes the lines of some parts of the page, in page order.
pub(super) fn of<'a>(tree: &Tree<'a>, parts: &[usize], base: Option<&'a Url>) -> Vec<Line> {
    let runs: Vec<Range<usize>> = parts.iter().map(|&part| tree.subtree(part)).collect();
    of_runs(tree, &runs, base)
}

/// Writes the lines of some runs of nodes, in page order; a run may begin and end within
/// an element.
pub(super) fn of_runs<'a>(tree: &Tree<'a>, runs: &[Range<usize>], base: Option<&'a Url>) -> Vec<Line> {
    let mut writer = Writer {
        base,
        out: Vec::new(),
        now: Draft::default(),
        open: Vec::new(),
        items: 0,
        until: 0,
        classes: HashMap::default(),
        styles: HashMap::default(),
        single: BTreeMap::new(),
        apart: HashMap::default(),
        openers: None,
        after_span: false,
        anchor: None,
        titled_by: Vec::new(),
    };
    for run in runs {
        writer.write(tree, run.clone());
    }
    writer.untitle();
    writer.out
}

/// What all open elements together make of a text, so that no text asks them all.
#[derive(Clone, Copy, Default)]
struct Around {
    /// The innermost kind.
    kind: Option<Kind>,
    preformatted: bool,
    /// Where a style says that line breaks are shown as they are written.
    breaks: bool,
    /// In a heading, or in what opens and closes a part.
    heading: bool,
    /// Raised above the line.
    raised: bool,
    lists: u8,
    links: u8,
    /// In a link into the page itself.
    contents: bool,
    /// Which open element is the innermost item.
    item: Option<usize>,
}

/// An element that is open, and what its end does.
struct Open<'a> {
    around: Around,
    end: usize,
    block: bool,
    bold: bool,
    underlined: bool,
    item: Option<Item>,
    span: bool,
    /// Which element it is, where its class calls it a title.
    titled: Option<usize>,
    link: Option<(usize, Option<String>, bool)>,
    anchor: Option<&'a str>,
}

/// The line being written.
#[derive(Default)]
struct Draft {
    text: String,
    /// A space is due before the next word.
    gap: bool,
    letters: usize,
    bold: usize,
    underlined: usize,
    contents: usize,
    away: usize,
    /// Letters that were bold before the first that was not.
    lead: usize,
    links: Vec<Link>,
}

/// What a class says of the lines in an element.
#[derive(Clone, Copy, Default)]
struct Classed {
    /// Calls them a title.
    titled: bool,
    bold: bool,
    /// Shows their breaks as they are written, or folds them.
    breaks: Option<bool>,
}

/// What a style that an element bears says of the lines in it.
#[derive(Clone, Copy, Default)]
struct Styled {
    block: bool,
    bold: bool,
    light: bool,
    underlined: bool,
    /// Shows their breaks as they are written, or folds them.
    breaks: Option<bool>,
    /// Turns the direction in which they are read.
    turned: bool,
}

impl Styled {
    fn of(style: &str) -> Self {
        let turned = style.contains("bidi");
        let style = &*squeezed(style);
        Self {
            block: is_block_style(style),
            bold: is_bold_style(style),
            light: is_light(style),
            underlined: style.contains("text-decoration:underline"),
            breaks: breaks_of_style(style),
            turned,
        }
    }
}

struct Writer<'a> {
    base: Option<&'a Url>,
    out: Vec<Line>,
    now: Draft,
    open: Vec<Open<'a>>,
    /// Where the run of nodes ends that is written.
    until: usize,
    items: usize,
    /// Whether a class calls its element a title, and whether bold: told once for each.
    classes: HashMap<&'a str, Classed, Hash>,
    /// What styles say: told once for each, since office programs write them on every word.
    styles: HashMap<&'a str, Styled, Hash>,
    /// Whether a list, by its place, has one item only.
    single: BTreeMap<usize, bool>,
    /// Whether an element, by its place, holds no words but in other elements.
    apart: HashMap<usize, bool, Hash>,
    /// What buttons are called that have a part of the text behind them, and what they say:
    /// asked of few pages.
    openers: Option<HashMap<&'a str, HashSet<String>>>,
    /// The last thing read was the end of a span, so that no space or text is between it
    /// and what comes now.
    after_span: bool,
    /// An anchor that stands before the line it names.
    anchor: Option<&'a str>,
    /// Lines that an element calls a title, in page order, and which element.
    titled_by: Vec<(usize, usize)>,
}

impl<'a> Writer<'a> {
    fn write(&mut self, tree: &Tree<'a>, run: Range<usize>) {
        let mut at = run.start;
        self.until = run.end;
        // Elements that were open before the run began end a line where they end.
        let mut ends = tree.ends_around(run.start).take_while(|end| *end < run.end).peekable();
        while at < run.end {
            while self.open.last().is_some_and(|open| open.end <= at) {
                self.close();
            }
            while ends.next_if(|end| *end <= at).is_some() {
                self.flush();
            }
            let node = &tree.nodes[at];
            if node.off {
                at = node.end;
                continue;
            }
            if let Some(text) = node.text() {
                self.text(text);
                at += 1;
                continue;
            }
            at = self.enter(tree, at);
        }
        while !self.open.is_empty() {
            self.close();
        }
        self.flush();
    }

    /// Opens an element; answers where the walk goes on.
    fn enter(&mut self, tree: &Tree<'a>, at: usize) -> usize {
        let node = &tree.nodes[at];
        match node.name {
            "br" => {
                if self.around().preformatted {
                    self.now.text.push('\n');
                } else if self.around().heading {
                    self.now.gap = true;
                } else {
                    self.flush();
                }
                return at + 1;
            }
            "hr" => {
                self.flush();
                return at + 1;
            }
            _ if (node.name == "button" || node.attr("role") == Some("button")) && !self.around().heading => {
                let says = node.attr("aria-expanded").is_some() || node.attr("aria-controls").is_some();
                let folds = says || self.opens_part(tree, at);
                // What opens a list to choose from, or a dialogue, is no heading of a part.
                let pops_up = node.attr("aria-haspopup").is_some_and(|what| !matches!(what, "" | "false"));
                if !folds || pops_up || !tree.has_words(at) {
                    return node.end;
                }
            }
            "textarea" => {
                self.flush();
                self.area(tree, at);
                return node.end;
            }
            _ if table::is_data(tree, at) => {
                self.flush();
                self.table(tree, at);
                return node.end;
            }
            "pre" | "xmp" if node.end <= self.until && is_whole_text(tree, at) => {
                self.flush();
                self.area(tree, at);
                return node.end;
            }
            _ => {}
        }
        if self.is_in_title() && is_handle(tree, at) {
            return node.end;
        }
        if let Some(address) = node.attr("data-cfemail").and_then(links::hidden_address) {
            self.address(&address);
            return node.end;
        }
        let style = node.attr("style");
        let styled =
            style.map_or(Styled::default(), |style| *self.styles.entry(style).or_insert_with(|| Styled::of(style)));
        let turned = style.filter(|_| styled.turned).and_then(|style| {
            links::turned_address(
                &style.to_ascii_lowercase().replace(' ', ""),
                &tree.first_words(at, links::LONGEST_ADDRESS + 1),
            )
        });
        if let Some(address) = turned {
            self.address(&address);
            return node.end;
        }
        let open = self.opened(tree, at, styled);
        if open.block || self.starts_a_line(tree, at) {
            self.flush();
        }
        if let Some(id) = open.anchor
            && (open.block || node.name == "a" || node.name == "span")
        {
            self.anchor = Some(id);
        }
        self.open.push(open);
        at + 1
    }

    /// What an element means for the lines in it.
    fn opened(&mut self, tree: &Tree<'a>, at: usize, styled: Styled) -> Open<'a> {
        let node = &tree.nodes[at];
        let Classed { titled, bold, breaks } = node.attr("class").map_or(Classed::default(), |class| {
            *self.classes.entry(class).or_insert_with(|| Classed {
                titled: is_titled(class),
                bold: is_bold_class(class) || tree.is_set_bold(class),
                breaks: breaks_of_class(class),
            })
        });
        let made = node.is(names::MADE);
        let titled = titled || made && is_titled(node.name);
        let block = node.is(names::BLOCK)
            || made && self.stands_apart(tree, node.parent)
            || titled && node.name == "span" && begins_part(tree, at);
        let kind = kind(node)
            .or_else(|| (block && node.attr("role") == Some("button")).then_some(Kind::Fold))
            .or_else(|| opens_by_box(tree, at).then_some(Kind::Fold))
            // The names of tabs stand together; what they open stands elsewhere.
            .filter(|kind| *kind != Kind::Fold || node.attr("role") != Some("tab"));
        let listed = node.name == "li" || node.attr("role") == Some("listitem") && !is_frame(tree, node.parent);
        let item = listed.then(|| {
            self.items += 1;
            let depth = self.around().lists.clamp(1, 9);
            let only = *self.single.entry(node.parent).or_insert_with(|| {
                tree.children(node.parent).filter(|&child| tree.nodes[child].name == "li").take(2).count() == 1
            });
            Item { depth, number: self.items, first: true, only }
        });
        let link = (node.name == "a").then(|| {
            let href = node.attr("href");
            let contents = href.is_some_and(|href| href.starts_with('#') && href.len() > 1);
            let hidden = href
                .and_then(|href| href.split_once("/email-protection#"))
                .and_then(|(_, hex)| links::hidden_address(hex))
                .or_else(|| {
                    let script =
                        href.filter(|href| href.get(..11).is_some_and(|s| s.eq_ignore_ascii_case("javascript:")));
                    node.attr("data-mailto-token").or(script).and_then(links::scripted_address)
                });
            let target = match hidden {
                Some(address) => Some(format!("mailto:{address}")),
                None => href.and_then(|href| links::target(self.base, href)),
            };
            (self.now.text.len(), target, contents)
        });
        let mut around = self.around();
        // A button in a heading is how the heading opens its part.
        let opens_heading = kind == Some(Kind::Fold) && matches!(around.kind, Some(Kind::Heading(_)));
        around.kind = kind.filter(|_| !opens_heading).or(around.kind);
        around.preformatted |= kind == Some(Kind::Preformatted);
        around.breaks = styled.breaks.or(breaks).unwrap_or(around.breaks);
        around.raised |= node.name == "sup";
        around.heading |= matches!(kind, Some(Kind::Heading(_) | Kind::Fold));
        let list = node.is(names::LIST) || node.attr("role") == Some("list") && !is_frame(tree, at);
        around.lists = around.lists.saturating_add(u8::from(list));
        around.links = around.links.saturating_add(u8::from(link.is_some()));
        around.contents |= matches!(link, Some((_, _, true)));
        around.item = item.map(|_| self.open.len()).or(around.item);
        let outer = self.open.last();
        Open {
            around,
            end: node.end,
            block: block || kind.is_some() || item.is_some() || styled.block,
            bold: (outer.is_some_and(|outer| outer.bold) && !styled.light)
                || bold
                || styled.bold
                || node.is(names::BOLD),
            underlined: outer.is_some_and(|outer| outer.underlined) || node.name == "u" || styled.underlined,
            item,
            span: node.is(names::SPAN),
            // A heading needs no class to be one; what holds it and a line below is a part.
            titled: (titled && block && !matches!(kind, Some(Kind::Heading(_)))).then_some(at),
            link,
            anchor: node.attr("id").or_else(|| if node.name == "a" { node.attr("name") } else { None }),
        }
    }

    fn close(&mut self) {
        let Some(open) = self.open.last() else { return };
        if open.block {
            self.flush();
        }
        let Some(open) = self.open.pop() else { return };
        self.after_span = !open.block && open.span;
        if let Some((from, Some(target), _)) = open.link {
            let text = self.now.text.get(from..).unwrap_or_default().trim();
            if !text.is_empty() {
                self.now.links.push(Link { text: text.to_owned(), target });
            }
        }
    }

    /// Whether an inline element is set as a line of its own by a style sheet we do not
    /// see: it follows another without a space between, where words could not touch.
    fn starts_a_line(&self, tree: &Tree<'a>, at: usize) -> bool {
        if !self.after_span || self.now.gap || !tree.nodes[at].is(names::SPAN) {
            return false;
        }
        if self.around().heading || self.around().preformatted {
            return false;
        }
        let Some(last) = self.now.text.chars().next_back() else { return false };
        let next = (at + 1..tree.nodes[at].end)
            .take(20)
            .find_map(|node| tree.nodes[node].text())
            .and_then(|text| text.chars().next());
        let ends = last.is_lowercase() || last.is_numeric() || matches!(last, '.' | ':' | ';' | '!' | '?' | ')' | '”');
        // Digits may each stand in an element of their own.
        let words = || !is_number(&tree.first_words(at, LONGEST_NUMBER));
        let apart = || !last.is_numeric() || follows_its_like(tree, at) && words() && self.now.text.contains(' ');
        ends && next.is_some_and(|c| c.is_uppercase() || c.is_numeric() && apart() || matches!(c, '(' | '“' | '•'))
    }

    /// Whether elements of the page's own making (`acme-card`) stand each on lines of their own
    /// here. Browsers know nothing of them and set them in the line, but what comes with them
    /// hardly ever does, unless they stand among words.
    fn stands_apart(&mut self, tree: &Tree<'a>, parent: usize) -> bool {
        let mut at = parent;
        loop {
            let apart = *self.apart.entry(at).or_insert_with(|| {
                let node = &tree.nodes[at];
                let inline = |node: &Node<'_>| !node.is(names::BLOCK) && !node.is(names::MADE) && node.name != "br";
                let words = |at: usize| {
                    let child = &tree.nodes[at];
                    let said = || tree.subtree(at).take(FEW_NODES).any(|within| tree.nodes[within].words > 0);
                    child.text().is_some_and(|text| !text.trim().is_empty())
                        || !child.name.is_empty() && inline(child) && said()
                };
                let block =
                    node.is(names::BLOCK) && !matches!(node.name, "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6");
                (block || node.is(names::MADE)) && !tree.children(at).any(words)
            });
            // What the page made itself stands where it was put.
            if !apart || !tree.nodes[at].is(names::MADE) || at == tree.nodes[at].parent {
                return apart;
            }
            at = tree.nodes[at].parent;
        }
    }

    /// Whether what comes stands in a heading, or in what is called a title.
    fn is_in_title(&self) -> bool {
        self.around().heading || self.open.iter().rev().take(3).any(|open| open.titled.is_some())
    }

    /// Whether a button opens a part of the text, though it does not say so: the part stands
    /// right behind it, and others of its class say something else and have theirs.
    fn opens_part(&mut self, tree: &Tree<'a>, at: usize) -> bool {
        if !heads_part(tree, at) {
            return false;
        }
        // Buttons that are called nothing have nothing in common; boxes that are made buttons do.
        let called = |at: usize| {
            let node = &tree.nodes[at];
            node.attr("class").or((node.name != "button").then_some(""))
        };
        let openers = self.openers.get_or_insert_with(|| {
            let mut openers: HashMap<&'a str, HashSet<String>> = HashMap::new();
            let button =
                |at: &usize| tree.nodes[*at].name == "button" || tree.nodes[*at].attr("role") == Some("button");
            for at in tree.shown(0).filter(button).filter(|&at| heads_part(tree, at)) {
                let Some(class) = called(at) else { continue };
                let said = openers.entry(class).or_default();
                if said.len() < OPENERS {
                    said.insert(tree.first_words(at, SAID));
                }
            }
            openers
        });
        called(at).and_then(|class| openers.get(class)).is_some_and(|said| said.len() >= OPENERS)
    }

    fn around(&self) -> Around {
        self.open.last().map(|open| open.around).unwrap_or_default()
    }

    fn text(&mut self, text: &str) {
        // A number in a span of its own stands apart from the title behind it.
        if std::mem::take(&mut self.after_span) && !self.now.gap && is_number(&self.now.text) {
            let title = |c: char| c.is_uppercase() || self.around().heading && c.is_alphabetic() && !c.is_lowercase();
            // "3D" and "5G" are words.
            self.now.gap = text.starts_with(title) && text.chars().nth(1).is_some_and(char::is_alphabetic);
        }
        if self.around().preformatted {
            self.now.letters += text.chars().filter(|c| c.is_alphanumeric()).count();
            let breaks = |c: char| if c.is_control() && !matches!(c, '\n' | '\t') { ' ' } else { c };
            self.now.text.extend(text.chars().filter(|c| !is_invisible(*c)).map(breaks));
            return;
        }
        if self.around().breaks && text.contains('\n') && !self.around().heading {
            for (at, line) in text.split('\n').enumerate() {
                if at > 0 {
                    self.flush();
                }
                self.words(line);
            }
            return;
        }
        self.words(text);
    }

    fn words(&mut self, text: &str) {
        let bold = self.open.last().is_some_and(|open| open.bold);
        let underlined = self.open.last().is_some_and(|open| open.underlined);
        let Around { contents, links, raised, .. } = self.around();
        let away = !contents && links > 0;
        // The number of a note is none of the word before it, and a power is no digit more.
        let raised = raised && text.trim().bytes().all(|b| b.is_ascii_digit());
        if !raised && !bytes::any(text.as_bytes(), |byte| !(matches!(byte, b' '..=b'~') || bytes::is_blank(byte))) {
            return self.plain(text, [bold, underlined, contents, away]);
        }
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            // Of a text in letters beyond ASCII, most words are of ASCII all the same.
            let plain = if raised { 0 } else { rest.bytes().take_while(|byte| matches!(byte, b' '..=b'~')).count() };
            if plain > 0 {
                self.plain(&rest[..plain], [bold, underlined, contents, away]);
                rest = &rest[plain..];
                continue;
            }
            rest = &rest[c.len_utf8()..];
            let c = if raised { superscript(c) } else { c };
            if is_invisible(c) {
                continue;
            }
            if c.is_whitespace() {
                self.now.gap = true;
                continue;
            }
            if self.now.gap && !self.now.text.is_empty() {
                self.now.text.push(' ');
            }
            self.now.gap = false;
            self.now.text.push(c);
            if c.is_alphanumeric() {
                self.now.letters += 1;
                self.now.lead += usize::from(bold && self.now.bold + 1 == self.now.letters);
                self.now.bold += usize::from(bold);
                self.now.underlined += usize::from(underlined);
                self.now.contents += usize::from(contents);
                self.now.away += usize::from(away);
            }
        }
    }

    /// Writes a text of visible ASCII: nearly all of most pages.
    fn plain(&mut self, text: &str, [bold, underlined, contents, away]: [bool; 4]) {
        let bytes = text.as_bytes();
        let now = &mut self.now;
        let [Some(first), Some(last)] = [bytes.first(), bytes.last()] else { return };
        now.gap |= bytes::is_blank(*first);
        let mut put = |words: &str| {
            if now.gap && !now.text.is_empty() {
                now.text.push(' ');
            }
            now.gap = true;
            now.text.push_str(words);
        };
        let blank = |c: char| matches!(c, '\t'..='\r' | ' ');
        let trimmed = text.trim_matches(blank);
        let breaks = |byte: u8, next: u8| byte < b' ' || byte == b' ' && next == b' ';
        if bytes::any_pair(trimmed.as_bytes(), breaks) {
            trimmed.split(blank).filter(|word| !word.is_empty()).for_each(&mut put);
        } else if !trimmed.is_empty() {
            // Written as it is to be read.
            put(trimmed);
        }
        now.gap = bytes::is_blank(*last);
        let letters = bytes::count(bytes, |byte| byte.is_ascii_alphanumeric());
        // All that came before was bold.
        now.lead += if bold && now.bold == now.letters { letters } else { 0 };
        now.letters += letters;
        now.bold += if bold { letters } else { 0 };
        now.underlined += if underlined { letters } else { 0 };
        now.contents += if contents { letters } else { 0 };
        now.away += if away { letters } else { 0 };
    }

    /// Writes an address that the page hides from robots.
    fn address(&mut self, address: &str) {
        self.text(address);
        if self.around().links == 0 {
            self.now.links.push(Link { text: address.to_owned(), target: format!("mailto:{address}") });
        }
    }

    /// Ends the line, if there is one.
    fn flush(&mut self) {
        let mut draft = std::mem::take(&mut self.now);
        let around = self.around();
        for open in self.open.iter_mut().filter(|_| around.links > 0) {
            if let Some((from, target, _)) = &mut open.link {
                if let Some(target) = target {
                    let text = draft.text.get(*from..).unwrap_or_default().trim();
                    if !text.is_empty() {
                        draft.links.push(Link { text: text.to_owned(), target: target.clone() });
                    }
                }
                *from = 0;
            }
        }
        let text = draft.text.trim_end();
        let kind = around.kind.unwrap_or(Kind::Text);
        let text = if kind == Kind::Preformatted { text.trim_matches('\n') } else { text };
        let text = if draft.letters == 0 { String::new() } else { text.to_owned() };
        // The next line is written where this one was.
        self.now.text = std::mem::take(&mut draft.text);
        self.now.text.clear();
        if draft.letters == 0 {
            // Rules, bullets and other ornaments are no text.
            return;
        }
        let item = around.item.and_then(|at| self.open.get_mut(at)?.item.as_mut()).map(|item| {
            let now = *item;
            item.first = false;
            now
        });
        let titled_by = self.open.iter().rev().take(3).find_map(|open| open.titled);
        let look = Look {
            bold: draft.bold == draft.letters,
            underlined: draft.underlined == draft.letters,
            titled: titled_by.is_some(),
            contents: draft.contents == draft.letters,
            away: draft.away == draft.letters,
            run_in: draft.lead >= 2 && draft.lead < draft.letters,
        };
        if let Some(element) = titled_by {
            self.titled_by.push((self.out.len(), element));
        }
        self.out.push(Line {
            kind,
            text,
            links: draft.links,
            look,
            item,
            anchor: self.anchor.take().map(str::to_owned),
            counted: Cell::default(),
        });
    }

    /// Writes a text that has no marks but its line breaks.
    fn area(&mut self, tree: &Tree<'a>, at: usize) {
        let text: String = tree.subtree(at).filter_map(|node| tree.nodes[node].text()).collect();
        let text: String = text.chars().filter(|c| !is_invisible(*c)).collect();
        for block in plain::blocks(&text) {
            let kind = match block.kind {
                BlockKind::Heading { level, .. } => Kind::Heading(level),
                BlockKind::Preformatted => Kind::Preformatted,
                _ => Kind::Text,
            };
            let item = matches!(block.kind, BlockKind::ListItem { .. }).then(|| {
                self.items += 1;
                Item { depth: 1, number: self.items, first: true, only: false }
            });
            let look = Look::default();
            self.out.push(Line {
                kind,
                text: block.text,
                links: block.links,
                look,
                item,
                anchor: None,
                counted: Cell::default(),
            });
        }
    }

    /// An element that is called a title and holds a heading or many lines is a part that
    /// has a title, not a title itself.
    fn untitle(&mut self) {
        let of_one = std::mem::take(&mut self.titled_by);
        for lines in of_one.chunk_by(|a, b| a.1 == b.1) {
            if lines.len() > 3 || lines.iter().any(|(line, _)| matches!(self.out[*line].kind, Kind::Heading(_))) {
                lines.iter().for_each(|(line, _)| self.out[*line].look.titled = false);
            }
        }
    }

    fn table(&mut self, tree: &Tree<'a>, at: usize) {
        for row in table::rows(tree, at, self.base) {
            let look = Look::default();
            self.out.push(Line {
                kind: row.kind,
                text: row.text,
                links: row.links,
                look,
                item: None,
                anchor: None,
                counted: Cell::default(),
            });
        }
    }
}

/// Bytes of what a button says that tell it from others.
const SAID: usize = 200;

/// So far an element in a line is looked into for words.
const FEW_NODES: usize = 20;

/// Signs that a reader takes hold of, to link to a part or to open it.
const HANDLES: [char; 22] =
    ['¶', '#', '+', '−', '×', '✕', '✖', '▼', '▲', '▾', '▴', '▸', '▹', '►', '⌄', '⌃', '›', '»', '→', '↓', '↑', '🔗'];

/// They have no more bytes, with the mark that shows them as a picture.
const LONGEST_HANDLE: usize = 8;

/// Whether an element within a line is nothing but such a sign.
fn is_handle(tree: &Tree<'_>, at: usize) -> bool {
    let node = &tree.nodes[at];
    if !matches!(node.name, "a" | "span" | "i") || node.end > at + 3 {
        return false;
    }
    let signs = tree.first_words(at, LONGEST_HANDLE + 1);
    let drawn = |c: char| HANDLES.contains(&c) || c == '\u{fe0f}';
    if signs.is_empty() || signs.len() > LONGEST_HANDLE || !signs.chars().all(drawn) {
        return false;
    }
    // Between words a sign says something, and so it does behind a number: "16+".
    let around = tree.nodes[node.parent].end;
    let before = before(tree, at);
    let counts = |text: &str| text.ends_with(|c: char| c.is_numeric());
    let behind_number = before.is_some_and(|before| tree.nodes[before].text().is_some_and(counts));
    !behind_number && (before.is_none() || after(tree, at).is_none_or(|after| after >= around))
}

/// So many buttons of a class open parts of the text, or none does.
const OPENERS: usize = 3;

/// A part that a button opens has so many words.
const PART: u32 = 8;

/// Whether a label stands right behind the box that it ticks, and before a part of the text:
/// style sheets show that part where the box is ticked.
fn opens_by_box(tree: &Tree<'_>, at: usize) -> bool {
    let node = &tree.nodes[at];
    let Some(of) = node.attr("for").filter(|_| node.name == "label") else { return false };
    let is_box = |before: usize| {
        let before = &tree.nodes[before];
        matches!(before.attr("type"), Some("checkbox" | "radio")) && before.attr("id") == Some(of)
    };
    before(tree, at).is_some_and(is_box) && heads_part(tree, at)
}

/// Whether an element is all that its parent holds above a block, or at all.
fn begins_part(tree: &Tree<'_>, at: usize) -> bool {
    let around = tree.nodes[tree.nodes[at].parent].end;
    let next = after(tree, at).filter(|next| *next < around);
    let parent = &tree.nodes[tree.nodes[at].parent];
    parent.is(names::BLOCK)
        && parent.name != "p"
        && before(tree, at).is_none()
        && next.is_none_or(|next| tree.nodes[next].is(names::BLOCK))
}

/// What stands right before a node in its parent, but for blanks.
fn before(tree: &Tree<'_>, at: usize) -> Option<usize> {
    let parent = tree.nodes[at].parent;
    let outer = |of: usize| Some(tree.nodes[of].parent).filter(|outer| *outer > parent);
    let beside =
        |of: usize| std::iter::successors(of.checked_sub(1).filter(|before| *before > parent), |&of| outer(of)).last();
    beside(at).and_then(|before| if is_blank(tree, before) { beside(before) } else { Some(before) })
}

/// What stands right behind a node, in its parent or beyond, but for blanks.
fn after(tree: &Tree<'_>, at: usize) -> Option<usize> {
    let next = tree.nodes[at].end;
    let next = if next < tree.nodes.len() && is_blank(tree, next) { next + 1 } else { next };
    (next < tree.nodes.len()).then_some(next)
}

fn is_blank(tree: &Tree<'_>, at: usize) -> bool {
    tree.nodes[at].text().is_some_and(|text| text.trim().is_empty())
}

/// Whether the next element beside one is a part of the text.
fn heads_part(tree: &Tree<'_>, at: usize) -> bool {
    let around = tree.nodes[tree.nodes[at].parent].end;
    let part = |next: &usize| {
        let node = &tree.nodes[*next];
        *next < around && !node.off && matches!(node.name, "div" | "section" | "p" | "ul" | "article")
    };
    let Some(next) = after(tree, at).filter(part) else { return false };
    let mut words = 0;
    tree.shown(next).any(|at| {
        words += if tree.nodes[at].linked { 0 } else { tree.nodes[at].words };
        words >= PART
    })
}

/// Whether an element that says it is a list has one item only: page builders put a whole
/// text into such a list, and no reader sees one.
fn is_frame(tree: &Tree<'_>, at: usize) -> bool {
    let list = &tree.nodes[at];
    let item = |child: &usize| tree.nodes[*child].attr("role") == Some("listitem");
    list.name == "div" && list.attr("role") == Some("list") && tree.children(at).filter(item).take(2).count() == 1
}

/// Words from which on what is set as it was typed is a text of its own.
const WHOLE_TEXT: u32 = 100;

/// Whether all that an element holds is a plain text of several paragraphs, as pages have
/// that show a file.
fn is_whole_text(tree: &Tree<'_>, at: usize) -> bool {
    let nodes = &tree.nodes[tree.subtree(at)];
    // What is left out, or has a look of its own, is read node by node.
    let bare = |node: &Node<'_>| node.attr("class").is_none() && node.attr("style").is_none();
    let typed = nodes[1..].iter().all(|node| {
        !node.off && (node.text().is_some() || matches!(node.name, "span" | "code" | "font") && bare(node))
    });
    let text = || nodes.iter().filter_map(|node| node.text());
    let gaps = |text: &str| {
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        lines.windows(2).filter(|pair| pair[0].is_empty() && !pair[1].is_empty()).count()
    };
    typed && nodes.iter().map(|node| node.words).sum::<u32>() >= WHOLE_TEXT && text().map(gaps).sum::<usize>() >= 3
}

/// Whether a style shows line breaks as they are written, if it says so (CSS Text 3,
/// `white-space`).
fn breaks_of_style(style: &str) -> Option<bool> {
    style.find("white-space:pre").map(|_| true).or(style.find("white-space:n").map(|_| false))
}

/// The same of a class, in a style sheet that many sites use.
fn breaks_of_class(class: &str) -> Option<bool> {
    let mut names = class.split_ascii_whitespace().filter_map(|name| name.strip_prefix("whitespace-"));
    names.next_back().map(|how| how.starts_with("pre"))
}

/// What an element's name or role makes of the lines in it.
fn kind(node: &Node<'_>) -> Option<Kind> {
    if !node.is(names::OWN_KIND) {
        let heading = node.attr("role") == Some("heading");
        let level = || node.attr("aria-level").and_then(|level| level.trim().parse().ok()).unwrap_or(2_u8);
        return heading.then(|| Kind::Heading(level().clamp(1, 6)));
    }
    Some(match node.name {
        "summary" | "button" | "caption" | "legend" => Kind::Fold,
        "dt" => Kind::Term,
        "dd" => Kind::Definition,
        "pre" | "xmp" | "listing" => Kind::Preformatted,
        heading => Kind::Heading(heading.as_bytes()[1] - b'0'),
    })
}

/// A digit as it is written above the line.
fn superscript(c: char) -> char {
    const RAISED: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    c.to_digit(10).map_or(c, |digit| RAISED[digit as usize])
}

/// A style in lower case, without blanks.
fn squeezed(style: &str) -> Cow<'_, str> {
    if style.bytes().any(|byte| byte == b' ' || byte.is_ascii_uppercase()) {
        return style.to_ascii_lowercase().replace(' ', "").into();
    }
    style.into()
}

/// Whether an element stands right behind another of its name and class.
fn follows_its_like(tree: &Tree<'_>, at: usize) -> bool {
    let node = &tree.nodes[at];
    node.attr("class").is_some()
        && before(tree, at).is_some_and(|before| {
            tree.nodes[before].name == node.name && tree.nodes[before].attr("class") == node.attr("class")
        })
}

/// A number that stands in an element of its own has no more bytes than this.
const LONGEST_NUMBER: usize = 5;

/// Whether a text is a number of a few digits, with a dot or without.
fn is_number(text: &str) -> bool {
    (1..=LONGEST_NUMBER).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

fn is_block_style(style: &str) -> bool {
    ["display:block", "display:flex", "display:grid", "display:table", "display:list-item"]
        .iter()
        .any(|wanted| style.contains(wanted))
}

/// Classes of style sheets that many sites use.
const BOLD_CLASSES: [&str; 6] = ["bold", "strong", "fw-bold", "font-bold", "font-semibold", "text-bold"];

fn is_bold_style(style: &str) -> bool {
    ["font-weight:bold", "font-weight:6", "font-weight:7", "font-weight:8", "font-weight:9"]
        .iter()
        .any(|wanted| style.contains(wanted))
}

fn is_bold_class(class: &str) -> bool {
    class.split_ascii_whitespace().any(|class| BOLD_CLASSES.iter().any(|bold| class.eq_ignore_ascii_case(bold)))
}

fn is_light(style: &str) -> bool {
    ["font-weight:normal", "font-weight:3", "font-weight:4"].iter().any(|wanted| style.contains(wanted))
}

/// What parts of a class are called that make a line a title.
#[rustfmt::skip]
const TITLED: [&str; 15] = [
    "title", "heading", "headline", "subtitle", "subheading", "header", "question", "ttl", "midashi", "titel", "titre",
    "titulo", "titolo", "tytul", "ueberschrift",
];

fn is_titled(class: &str) -> bool {
    // What draws a page letter by letter names sizes and places by letters and numbers.
    if class.split_ascii_whitespace().nth(PLACED).is_some() {
        return is_called(class, &TITLED);
    }
    is_called(class, &TITLED) || is_called(class, &SIZED)
}

/// A class has more names than this where it places a line on a page that was drawn.
const PLACED: usize = 6;

/// Classes that look like a heading of that level.
const SIZED: [&str; 6] = ["h1", "h2", "h3", "h4", "h5", "h6"];

fn is_called(class: &str, words: &[&str]) -> bool {
    // A utility class may name other elements that it styles: `[&_.heading-anchor]:border-0`.
    let names = class.split_ascii_whitespace().filter(|name| !name.contains(['[', ':']));
    names
        .flat_map(|name| name.split(|c: char| !c.is_alphanumeric()))
        .any(|word| words.iter().any(|titled| word.eq_ignore_ascii_case(titled)))
}

/// Characters that have no width: they part words for search, not for readers.
pub(super) fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{fffc}'
    ) || (c.is_control() && !c.is_whitespace())
}
