//! DOCX to blocks: the archive's parts, their XML, and what a reader of the page sees.
//!
//! Headings by their style or outline level (whatever the style is called in the writer's
//! language), lists by their numbering, tables row by row with their header cells, links,
//! and footnotes behind the text. Tracked deletions, hidden text, contents lists and page
//! headers are left out.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use roxmltree::{Document, Node, ParsingOptions};
use zip::ZipArchive;

use crate::reading::{Unreadable, Why};

use super::unpack::Unpacked;
use super::{Block, BlockKind, Link, fold, plain};

/// The largest part that is read, unfolded, in bytes. The text of a long contract has 2 MiB.
const MAX_PART: u64 = 32 * 1024 * 1024;

/// The most nodes of a part.
const MAX_NODES: u32 = 1_500_000;

/// How deep tables and boxes may lie in each other.
const MAX_DEPTH: usize = 64;

/// Reads a DOCX document.
///
/// # Errors
/// What needs a password is an unsupported type; what cannot be parsed is malformed.
pub fn unpack(body: &[u8]) -> Result<Unpacked, Unreadable> {
    let mut archive = ZipArchive::new(Cursor::new(body))
        .map_err(|error| damaged(&format!("its archive cannot be read ({error})")))?;
    let Some(document) = part(&mut archive, "word/document.xml")? else {
        return Err(damaged("it has no word/document.xml"));
    };
    let mut optional = |name: &str| part(&mut archive, name).map(Option::unwrap_or_default);
    let (styles, numbering) = (optional("word/styles.xml")?, optional("word/numbering.xml")?);
    let (footnotes, endnotes) = (optional("word/footnotes.xml")?, optional("word/endnotes.xml")?);
    let (links, core) = (optional("word/_rels/document.xml.rels")?, optional("docProps/core.xml")?);
    let xml = parse(&document)?;
    // What decorates the text may be broken without harm to it.
    let (styles, numbering, links) = (parse(&styles).ok(), parse(&numbering).ok(), parse(&links).ok());
    let (footnotes, endnotes, core) = (parse(&footnotes).ok(), parse(&endnotes).ok(), parse(&core).ok());
    let mut reader = Reader {
        styles: styles.as_ref().map(styles_of).unwrap_or_default(),
        lists: numbering.as_ref().map(lists_of).unwrap_or_default(),
        links: links.as_ref().map(links_of).unwrap_or_default(),
        counters: BTreeMap::new(),
        notes: Vec::new(),
        heading: 1,
        carried: Text::default(),
        out: Vec::new(),
    };
    if let Some(body) = child(xml.root_element(), "body") {
        reader.container(body, 0);
    }
    for (kind, id) in std::mem::take(&mut reader.notes) {
        let notes = if kind == "footnote" { &footnotes } else { &endnotes };
        let note = notes.as_ref().and_then(|xml| {
            xml.root_element().children().find(|note| is(*note, kind) && value(*note, "id") == Some(id.as_str()))
        });
        if let Some(note) = note {
            reader.container(note, 0);
        }
    }
    reader.notes.clear();
    let title =
        core.as_ref().and_then(|xml| xml.root_element().children().find(|node| node.tag_name().name() == "title"));
    let title = title.and_then(|node| node.text()).map(fold).filter(|title| title.chars().any(char::is_alphabetic));
    Ok(Unpacked { blocks: reader.out, title })
}

fn damaged(why: &str) -> Unreadable {
    let why: String = why.chars().take(200).collect();
    Unreadable::new(Why::Malformed, format!("the DOCX document is damaged: {why}"))
}

/// A part of the archive, unfolded; none if there is none by that name.
fn part(archive: &mut ZipArchive<Cursor<&[u8]>>, name: &str) -> Result<Option<String>, Unreadable> {
    let Some(index) = archive.index_for_name(name) else { return Ok(None) };
    let file = archive.by_index(index).map_err(|error| match error {
        zip::result::ZipError::UnsupportedArchive(_) => Unreadable::new(
            Why::UnsupportedType,
            format!("a DOCX whose {name} is encrypted or packed in an unknown way"),
        ),
        error => damaged(&format!("{name} cannot be read ({error})")),
    })?;
    let mut bytes = Vec::new();
    file.take(MAX_PART + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| damaged(&format!("{name} cannot be unfolded ({error})")))?;
    if bytes.len() as u64 > MAX_PART {
        return Err(damaged(&format!("{name} unfolds to more than {} MiB", MAX_PART / (1024 * 1024))));
    }
    let (text, _, _) = encoding_rs::UTF_8.decode(&bytes);
    Ok(Some(text.into_owned()))
}

fn parse(xml: &str) -> Result<Document<'_>, Unreadable> {
    // No DTD: entities would let a small part grow without bounds.
    let options = ParsingOptions { allow_dtd: false, nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    Document::parse_with_options(xml, options).map_err(|error| damaged(&format!("its XML cannot be read ({error})")))
}

/// Whether a node is an element by this name; the namespaces differ between the editions
/// of the standard.
fn is(node: Node<'_, '_>, name: &str) -> bool {
    node.is_element() && node.tag_name().name() == name
}

fn child<'a, 'i>(node: Node<'a, 'i>, name: &str) -> Option<Node<'a, 'i>> {
    node.children().find(|child| is(*child, name))
}

/// An attribute by its local name.
fn value<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    node.attributes().find(|attribute| attribute.name() == name).map(|attribute| attribute.value())
}

/// The value of a property that is an element of its own.
fn property<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    child(node, name).and_then(|node| value(node, "val"))
}

/// Whether a property that is on or off is on.
fn flag(node: Node<'_, '_>, name: &str) -> bool {
    child(node, name).is_some_and(|node| !matches!(value(node, "val"), Some("0" | "false" | "off" | "none")))
}

/// A style of paragraphs.
#[derive(Clone, Debug, Default)]
struct Style {
    /// In lower case; of the styles that every writer has, the English one.
    name: String,
    based_on: Option<String>,
    outline: Option<u8>,
    bold: bool,
    list: Option<(String, usize)>,
}

fn styles_of(xml: &Document<'_>) -> BTreeMap<String, Style> {
    let style = |node: Node<'_, '_>| {
        let id = value(node, "styleId")?.to_owned();
        let paragraph = child(node, "pPr");
        let style = Style {
            name: property(node, "name").unwrap_or_default().to_lowercase(),
            based_on: property(node, "basedOn").map(str::to_owned),
            outline: paragraph.and_then(|p| property(p, "outlineLvl")).and_then(|level| level.parse().ok()),
            bold: child(node, "rPr").is_some_and(|run| flag(run, "b")),
            list: paragraph.and_then(list_of),
        };
        Some((id, style))
    };
    xml.root_element().children().filter(|node| is(*node, "style")).filter_map(style).collect()
}

/// The list that a paragraph's properties name, and the level in it.
fn list_of(paragraph: Node<'_, '_>) -> Option<(String, usize)> {
    let numbering = child(paragraph, "numPr")?;
    let level = property(numbering, "ilvl").and_then(|level| level.parse().ok()).unwrap_or(0);
    Some((property(numbering, "numId")?.to_owned(), level))
}

/// One level of a list.
#[derive(Clone, Debug, Default)]
struct Level {
    format: String,
    /// `%1.%2`: the numbers of the levels.
    text: String,
    start: u32,
}

/// The levels of each list, and which lists share one count.
type Lists = BTreeMap<String, (String, Vec<Level>)>;

fn lists_of(xml: &Document<'_>) -> Lists {
    let level = |node: Node<'_, '_>| Level {
        format: property(node, "numFmt").unwrap_or("decimal").to_owned(),
        text: property(node, "lvlText").unwrap_or_default().to_owned(),
        start: property(node, "start").and_then(|start| start.parse().ok()).unwrap_or(1),
    };
    let root = xml.root_element();
    let abstracts: BTreeMap<&str, Vec<Level>> = root
        .children()
        .filter(|node| is(*node, "abstractNum"))
        .filter_map(|node| {
            let levels = node.children().filter(|node| is(*node, "lvl")).take(9).map(level).collect();
            Some((value(node, "abstractNumId")?, levels))
        })
        .collect();
    root.children()
        .filter(|node| is(*node, "num"))
        .filter_map(|node| {
            let shared = property(node, "abstractNumId")?;
            Some((value(node, "numId")?.to_owned(), (shared.to_owned(), abstracts.get(shared)?.clone())))
        })
        .collect()
}

fn links_of(xml: &Document<'_>) -> BTreeMap<String, String> {
    let external = |node: &Node<'_, '_>| value(*node, "TargetMode") == Some("External");
    let pair = |node: Node<'_, '_>| Some((value(node, "Id")?.to_owned(), value(node, "Target")?.to_owned()));
    xml.root_element().children().filter(|node| node.is_element()).filter(external).filter_map(pair).collect()
}

/// The words of a paragraph while they are gathered.
#[derive(Clone, Debug, Default)]
struct Text {
    words: String,
    links: Vec<Link>,
    /// Letters in bold, and all.
    bold: usize,
    all: usize,
    /// The address of the field that is open.
    field: Option<String>,
    /// Between the beginning of a field and its result: instructions, not words.
    instructions: bool,
    /// Whether the last words were a link's.
    linked: bool,
    /// Boxes in it, read behind it.
    boxes: usize,
}

struct Reader {
    styles: BTreeMap<String, Style>,
    lists: Lists,
    links: BTreeMap<String, String>,
    /// How far each list has counted, by level.
    counters: BTreeMap<String, Vec<u32>>,
    /// The notes that the text refers to, in order.
    notes: Vec<(&'static str, String)>,
    /// The level of the last heading.
    heading: u8,
    /// The words of a paragraph whose end was deleted: they go on in the next one.
    carried: Text,
    out: Vec<Block>,
}

impl Reader {
    /// Reads what holds paragraphs and tables.
    fn container(&mut self, node: Node<'_, '_>, depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        for child in node.children().filter(Node::is_element) {
            match child.tag_name().name() {
                "p" => self.paragraph(child, depth),
                "tbl" => self.table(child, depth),
                "del" | "moveFrom" | "Fallback" | "sectPr" => {}
                _ => self.container(child, depth + 1),
            }
        }
    }

    fn style(&self, id: &str, mut has: impl FnMut(&Style) -> bool) -> bool {
        let mut at = Some(id);
        // Styles may be based on each other in a ring.
        for _ in 0..16 {
            let Some(style) = at.and_then(|id| self.styles.get(id)) else { return false };
            if has(style) {
                return true;
            }
            at = style.based_on.as_deref();
        }
        false
    }

    /// The level of a heading by its style or its own outline level.
    fn level(&self, style: &str, own: Option<u8>) -> Option<u8> {
        let mut outline = own;
        let mut named = None;
        self.style(style, |style| {
            outline = outline.or(style.outline);
            let number = style.name.strip_prefix("heading ").and_then(|number| number.trim().parse().ok());
            named = named.or(number).or((style.name == "title").then_some(1));
            false
        });
        // Outline level 9 is the text's.
        outline.filter(|level| *level < 9).map(|level| level + 1).or(named).map(|level| level.clamp(1, 6))
    }

    fn paragraph(&mut self, node: Node<'_, '_>, depth: usize) {
        let properties = child(node, "pPr");
        let style = properties.and_then(|p| property(p, "pStyle")).unwrap_or_default();
        let mut text = std::mem::take(&mut self.carried);
        let bold = self.style(style, |style| style.bold);
        self.inline(node, &mut text, None, bold, depth);
        if properties.and_then(|p| child(p, "rPr")).is_some_and(|run| child(run, "del").is_some()) {
            self.carried = text;
            return;
        }
        let boxes = text.boxes > 0;
        let contents = self.style(style, |style| style.name.starts_with("toc ") || style.name == "table of figures");
        if !contents {
            let own = properties.and_then(|p| property(p, "outlineLvl")).and_then(|level| level.parse().ok());
            let mut list = properties.and_then(list_of);
            self.style(style, |style| {
                list = list.take().or_else(|| style.list.clone());
                list.is_some()
            });
            // List 0 takes a paragraph out of its style's list.
            let list = list.filter(|(list, _)| list != "0");
            self.write(text, self.level(style, own), list);
        }
        if boxes {
            // At most so many, since each looks at all others.
            let boxes: Vec<Node<'_, '_>> =
                node.descendants().filter(|node| is(*node, "txbxContent")).take(200).collect();
            let twin = |node: &Node<'_, '_>| node.ancestors().any(|above| is(above, "Fallback"));
            let inner = |inside: &Node<'_, '_>| inside.ancestors().skip(1).any(|above| boxes.contains(&above));
            for content in boxes.iter().filter(|node| !twin(node) && !inner(node)) {
                self.container(*content, depth + 1);
            }
        }
    }

    /// Writes a paragraph down as what it is.
    fn write(&mut self, text: Text, level: Option<u8>, list: Option<(String, usize)>) {
        let number = list.as_ref().map(|(list, level)| self.number(list, *level));
        let words = plain::fold(&text.words);
        if words.is_empty() {
            return;
        }
        let free = list.is_none() || number.as_ref().is_some_and(|number| number.is_some());
        let by_look = || {
            let bold = text.all > 0 && text.bold * 10 >= text.all * 9;
            (bold && free && plain::looks_heading(&words) && !super::date::is_date_line(&words))
                .then(|| if self.out.is_empty() { 1 } else { (self.heading + u8::from(self.heading == 1)).clamp(2, 6) })
        };
        let by_style = level.is_some();
        let kind = match (level.or_else(by_look), &list) {
            (Some(level), _) => {
                // Bold lines stand below the headings that are meant to be some.
                if by_style {
                    self.heading = level + u8::from(level > 1);
                }
                BlockKind::Heading { level, anchor: None }
            }
            (None, Some((_, level))) => BlockKind::ListItem { depth: u8::try_from(level + 1).unwrap_or(6).min(6) },
            (None, None) if plain::bullet(&words).is_some() || plain::letter(&words) => {
                BlockKind::ListItem { depth: 1 }
            }
            (None, None) => BlockKind::Paragraph,
        };
        // The number of a heading is how others refer to it; an item's is only its place.
        let said = match (&kind, number.flatten()) {
            (BlockKind::Heading { .. }, Some(number)) if plain::clause(&words).is_none() => format!("{number} {words}"),
            (BlockKind::ListItem { .. }, _) => plain::bullet(&words).map_or_else(|| words.clone(), str::to_owned),
            _ => words,
        };
        self.out.push(Block { kind, text: said, links: text.links });
    }

    /// Counts one paragraph of a list; its number as the page shows it, if that is one.
    fn number(&mut self, list: &str, level: usize) -> Option<String> {
        let (shared, levels) = self.lists.get(list)?;
        let level = level.min(8);
        let counters = self.counters.entry(shared.clone()).or_default();
        while counters.len() <= level {
            let start = levels.get(counters.len()).map_or(1, |level| level.start);
            counters.push(start.saturating_sub(u32::from(counters.len() == level)));
        }
        counters.truncate(level + 1);
        counters[level] = counters[level].saturating_add(1);
        let known = levels.get(level)?;
        if matches!(known.format.as_str(), "bullet" | "none") || !known.text.contains('%') {
            return None;
        }
        let mut text = known.text.clone();
        for (i, count) in counters.iter().enumerate() {
            let format = levels.get(i).map_or("decimal", |level| level.format.as_str());
            text = text.replace(&format!("%{}", i + 1), &counted(*count, format));
        }
        Some(fold(&text))
    }

    /// Gathers the words of runs, links and fields.
    fn inline(&mut self, node: Node<'_, '_>, text: &mut Text, link: Option<&str>, bold: bool, depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        for child in node.children().filter(Node::is_element) {
            match child.tag_name().name() {
                "r" => self.run(child, text, link, bold, depth),
                "hyperlink" => {
                    let target = value(child, "id").and_then(|id| self.links.get(id)).cloned();
                    self.inline(child, text, target.as_deref().or(link), bold, depth + 1);
                }
                "fldSimple" => {
                    let target = value(child, "instr").and_then(target_of);
                    self.inline(child, text, target.as_deref().or(link), bold, depth + 1);
                }
                "del" | "moveFrom" | "Fallback" | "pPr" | "sdtPr" => {}
                _ => self.inline(child, text, link, bold, depth + 1),
            }
        }
    }

    fn run(&mut self, run: Node<'_, '_>, text: &mut Text, link: Option<&str>, bold: bool, depth: usize) {
        let properties = child(run, "rPr");
        if properties.is_some_and(|p| flag(p, "vanish")) {
            return;
        }
        let bold = properties.map_or(bold, |p| if child(p, "b").is_some() { flag(p, "b") } else { bold });
        for child in run.children().filter(Node::is_element) {
            match child.tag_name().name() {
                "t" if !text.instructions => text.say(child.text().unwrap_or_default(), link, bold),
                "tab" | "br" | "cr" | "ptab" => text.say(" ", link, bold),
                "noBreakHyphen" => text.say("-", link, bold),
                "fldChar" => match value(child, "fldCharType") {
                    Some("begin") => (text.instructions, text.field) = (true, None),
                    Some("separate") => text.instructions = false,
                    Some("end") => (text.instructions, text.field) = (false, None),
                    _ => {}
                },
                "instrText" => {
                    text.field = text.field.take().or_else(|| target_of(child.text().unwrap_or_default()));
                }
                "footnoteReference" => self.notes.extend(value(child, "id").map(|id| ("footnote", id.to_owned()))),
                "endnoteReference" => self.notes.extend(value(child, "id").map(|id| ("endnote", id.to_owned()))),
                "drawing" | "pict" | "object" | "AlternateContent" => text.boxes += 1,
                "ins" | "smartTag" | "sdt" | "sdtContent" | "ruby" | "rubyBase" => {
                    self.inline(child, text, link, bold, depth + 1);
                }
                _ => {}
            }
        }
    }

    fn table(&mut self, table: Node<'_, '_>, depth: usize) {
        let mut rows: Vec<(bool, Vec<Vec<Block>>)> = Vec::new();
        let mut layout = false;
        for row in within(table, "tr", depth) {
            let properties = child(row, "trPr");
            if properties.is_some_and(|p| child(p, "del").is_some()) {
                continue;
            }
            let mut cells: Vec<Vec<Block>> = Vec::new();
            let mut bold = true;
            for cell in within(row, "tc", depth) {
                let (before, heading) = (std::mem::take(&mut self.out), self.heading);
                self.container(cell, depth + 1);
                self.heading = heading;
                let blocks = std::mem::replace(&mut self.out, before);
                let headings = blocks.iter().filter(|block| matches!(block.kind, BlockKind::Heading { .. })).count();
                bold &= headings == blocks.len();
                // A cell that holds a heading and its text is a part of the page.
                layout |= headings > 0 && blocks.len() > headings + 1;
                let span = child(cell, "tcPr").and_then(|p| property(p, "gridSpan")).and_then(|span| span.parse().ok());
                cells.push(blocks);
                // More columns than a page has are a lie.
                cells.resize(cells.len() + span.unwrap_or(1_usize).clamp(1, 64) - 1, Vec::new());
            }
            let header = properties.is_some_and(|p| flag(p, "tblHeader")) || bold && rows.is_empty();
            rows.push((header, cells));
        }
        if layout || rows.iter().all(|(_, cells)| cells.len() < 2) {
            self.out.extend(rows.into_iter().flat_map(|(_, cells)| cells).flatten());
            return;
        }
        let words = |cell: &Vec<Block>| cell.iter().map(|block| block.text.as_str()).collect::<Vec<_>>().join(" ");
        let headed = rows.len() > 1 && rows[0].0;
        let header: Vec<String> = if headed { rows.remove(0).1.iter().map(words).collect() } else { Vec::new() };
        for (_, cells) in rows {
            let said: Vec<String> = cells
                .iter()
                .map(words)
                .enumerate()
                .filter(|(_, text)| !text.is_empty())
                .map(|(i, text)| match header.get(i).map(|name| name.trim_end_matches(':')) {
                    Some(name) if !name.is_empty() && name != text => format!("{name}: {text}"),
                    _ => text,
                })
                .collect();
            let links = cells.into_iter().flatten().flat_map(|block| block.links).collect();
            if !said.is_empty() {
                self.out.push(Block { kind: BlockKind::TableRow, text: said.join(" | "), links });
            }
        }
    }
}

/// The children by a name, also those that stand in a wrapper; not those of tables inside.
fn within<'a, 'i>(node: Node<'a, 'i>, name: &str, depth: usize) -> Vec<Node<'a, 'i>> {
    let mut found = Vec::new();
    if depth > MAX_DEPTH {
        return found;
    }
    for child in node.children().filter(Node::is_element) {
        match child.tag_name().name() {
            this if this == name => found.push(child),
            "sdt" | "sdtContent" | "ins" | "moveTo" | "customXml" => found.extend(within(child, name, depth + 1)),
            _ => {}
        }
    }
    found
}

impl Text {
    fn say(&mut self, words: &str, link: Option<&str>, bold: bool) {
        self.words.push_str(words);
        let letters = words.chars().filter(|c| c.is_alphabetic()).count();
        self.all += letters;
        self.bold += if bold { letters } else { 0 };
        let open = std::mem::take(&mut self.linked);
        let Some(target) = link.or(self.field.as_deref()) else { return };
        self.linked = true;
        match self.links.last_mut() {
            Some(last) if open && last.target == target => last.text.push_str(words),
            _ if words.trim().is_empty() => {}
            _ => self.links.push(Link { text: words.to_owned(), target: target.to_owned() }),
        }
    }
}

/// The address in a field's instructions: `HYPERLINK "https://…"`.
fn target_of(instructions: &str) -> Option<String> {
    let rest = instructions.trim_start().strip_prefix("HYPERLINK")?;
    let target = rest.split('"').nth(1)?;
    (!rest.trim_start().starts_with('\\') && !target.is_empty()).then(|| target.to_owned())
}

/// A count as lists show it.
fn counted(count: u32, format: &str) -> String {
    let letters = |first: u8| {
        let times = (count.saturating_sub(1) / 26 + 1).min(8);
        let letter = first + u8::try_from(count.saturating_sub(1) % 26).unwrap_or(0);
        String::from(char::from(letter)).repeat(times as usize)
    };
    match format {
        "lowerLetter" => letters(b'a'),
        "upperLetter" => letters(b'A'),
        "lowerRoman" => roman(count).to_lowercase(),
        "upperRoman" => roman(count),
        _ => count.to_string(),
    }
}

fn roman(mut count: u32) -> String {
    const SIGNS: [(u32, &str); 9] =
        [(100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")];
    if count > 400 {
        return count.to_string();
    }
    let mut text = String::new();
    for (value, sign) in SIGNS {
        while count >= value {
            text.push_str(sign);
            count -= value;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::text::plain::tests::outline;

    const W: &str = r#"xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" xmlns:mc="urn:mc""#;

    /// An archive of these parts.
    fn archive(parts: &[(&str, &str)]) -> Vec<u8> {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in parts {
            zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
            zip.write_all(content.as_bytes()).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    fn document(body: &str) -> String {
        format!("<w:document {W}><w:body>{body}</w:body></w:document>")
    }

    fn styled(style: &str, text: &str) -> String {
        format!(r#"<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"#)
    }

    fn item(list: &str, level: u8, text: &str) -> String {
        format!(
            r#"<w:p><w:pPr><w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{list}"/></w:numPr></w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"#
        )
    }

    fn cells(cells: &[&str]) -> String {
        let cell = |text: &&str| format!("<w:tc><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:tc>");
        format!("<w:tr>{}</w:tr>", cells.iter().map(cell).collect::<String>())
    }

    #[test]
    fn a_policy_becomes_blocks() {
        let styles = format!(
            r#"<w:styles {W}>
            <w:style w:styleId="Titel"><w:name w:val="Title"/></w:style>
            <w:style w:styleId="berschrift1"><w:name w:val="heading 1"/><w:pPr><w:numPr><w:numId w:val="2"/></w:numPr></w:pPr></w:style>
            <w:style w:styleId="Haus"><w:name w:val="House style"/><w:basedOn w:val="berschrift1"/><w:pPr><w:numPr><w:ilvl w:val="1"/><w:numId w:val="2"/></w:numPr><w:outlineLvl w:val="1"/></w:pPr></w:style>
            <w:style w:styleId="Ring"><w:name w:val="Ring"/><w:basedOn w:val="Ring"/></w:style>
            <w:style w:styleId="TOC1"><w:name w:val="toc 1"/></w:style></w:styles>"#
        );
        let level = |i: u8, format: &str, text: &str| {
            format!(
                r#"<w:lvl w:ilvl="{i}"><w:start w:val="1"/><w:numFmt w:val="{format}"/><w:lvlText w:val="{text}"/></w:lvl>"#
            )
        };
        let numbering = format!(
            r#"<w:numbering {W}><w:abstractNum w:abstractNumId="0">{}{}</w:abstractNum><w:abstractNum w:abstractNumId="1">{}{}</w:abstractNum>
            <w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num><w:num w:numId="2"><w:abstractNumId w:val="1"/></w:num></w:numbering>"#,
            level(0, "bullet", "\u{f0b7}"),
            level(1, "bullet", "o"),
            level(0, "decimal", "%1."),
            level(1, "lowerRoman", "%1.%2"),
        );
        let body = [
            styled("Titel", "Acme Privacy Policy"),
            styled("TOC1", "What we collect 1"),
            styled("berschrift1", "What we collect"),
            r#"<w:p><w:r><w:t xml:space="preserve">We collect </w:t></w:r><w:del><w:r><w:delText>nothing</w:delText></w:r></w:del><w:ins><w:r><w:t>data</w:t></w:r></w:ins><w:r><w:t>, as </w:t></w:r><w:hyperlink r:id="rId5"><w:r><w:t>our </w:t></w:r><w:r><w:t>partners</w:t></w:r></w:hyperlink><w:r><w:t xml:space="preserve"> do</w:t><w:footnoteReference w:id="2"/></w:r><w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r><w:r><w:t>.</w:t></w:r></w:p>"#.to_owned(),
            item("1", 0, "your name"),
            item("1", 1, "and your first name"),
            styled("Haus", "Cookies"),
            format!("<w:tbl>{}{}{}</w:tbl>", cells(&["Name", "Duration"]).replace("<w:tr>", "<w:tr><w:trPr><w:tblHeader/></w:trPr>"), cells(&["_ga", "1 year"]), cells(&["_gid", ""])),
            format!("<w:tbl>{}</w:tbl>", cells(&["A box around one paragraph."])),
            styled("Ring", "A style that is based on itself."),
            r#"<w:p><w:r><w:rPr><w:b/></w:rPr><w:t>Your rights</w:t></w:r></w:p>"#.to_owned(),
            r#"<w:p><w:r><w:fldChar w:fldCharType="begin"/><w:instrText> HYPERLINK "https://acme.test/ask" </w:instrText><w:fldChar w:fldCharType="separate"/><w:t>Ask us</w:t><w:fldChar w:fldCharType="end"/><w:t xml:space="preserve"> at any time.</w:t></w:r></w:p>"#.to_owned(),
            r#"<w:p><w:r><mc:AlternateContent><mc:Choice><w:txbxContent><w:p><w:r><w:t>In a box.</w:t></w:r></w:p></w:txbxContent></mc:Choice><mc:Fallback><w:txbxContent><w:p><w:r><w:t>In a box.</w:t></w:r></w:p></w:txbxContent></mc:Fallback></mc:AlternateContent></w:r></w:p>"#.to_owned(),
            styled("berschrift1", "Law"),
        ]
        .concat();
        let notes = format!(
            r#"<w:footnotes {W}><w:footnote w:id="2"><w:p><w:r><w:t>And theirs.</w:t></w:r></w:p></w:footnote></w:footnotes>"#
        );
        let links = r#"<Relationships xmlns="x"><Relationship Id="rId5" Target="https://acme.test/partners" TargetMode="External"/></Relationships>"#;
        let parts = [
            ("word/document.xml", document(&body)),
            ("word/styles.xml", styles),
            ("word/numbering.xml", numbering),
            ("word/footnotes.xml", notes),
            ("word/_rels/document.xml.rels", links.to_owned()),
        ];
        let parts: Vec<(&str, &str)> = parts.iter().map(|(name, part)| (*name, part.as_str())).collect();
        let unpacked = unpack(&archive(&parts)).expect("a sound document");
        insta::assert_snapshot!(outline(&unpacked.blocks), @r"
        # Acme Privacy Policy
        # 1. What we collect
        We collect data, as our partners do.
        - your name
        -- and your first name
        ## 1.i Cookies
        | Name: _ga | Duration: 1 year
        | Name: _gid
        A box around one paragraph.
        A style that is based on itself.
        ### Your rights
        Ask us at any time.
        In a box.
        # 2. Law
        And theirs.
        ");
        let found: Vec<Link> = unpacked.blocks.into_iter().flat_map(|block| block.links).collect();
        let link = |text: &str, target: &str| Link { text: text.to_owned(), target: target.to_owned() };
        assert_eq!(
            found,
            [link("our partners", "https://acme.test/partners"), link("Ask us", "https://acme.test/ask")]
        );
    }

    #[test]
    fn hostile_documents_are_refused() {
        let why = |parts: &[(&str, &str)]| unpack(&archive(parts)).map(|_| ()).unwrap_err().to_string();
        assert_eq!(
            why(&[("word/styles.xml", "")]),
            "malformed: the DOCX document is damaged: it has no word/document.xml"
        );
        assert!(why(&[("word/document.xml", "<w:document")]).starts_with("malformed: "));
        let bomb = " ".repeat(usize::try_from(MAX_PART).unwrap() + 1);
        let unfolded = why(&[("word/document.xml", &bomb)]);
        assert_eq!(unfolded, "malformed: the DOCX document is damaged: word/document.xml unfolds to more than 32 MiB");
        let laughs = r#"<!DOCTYPE x [<!ENTITY a "haha"><!ENTITY b "&a;&a;&a;&a;">]><w:document>&b;</w:document>"#;
        assert!(why(&[("word/document.xml", laughs)]).contains("its XML cannot be read"));
        assert!(unpack(b"PK\x03\x04 and no more").is_err());
        // Tables in tables: read to a depth, in a time that does not double with each.
        let nested = format!("{}<w:p/>{}", "<w:tbl><w:tr><w:tc>".repeat(200), "</w:tc></w:tr></w:tbl>".repeat(200));
        assert!(unpack(&archive(&[("word/document.xml", &document(&nested))])).is_ok());
    }

    #[test]
    fn numbers_are_as_lists_show_them() {
        let shown =
            [(1, "lowerLetter"), (28, "upperLetter"), (14, "upperRoman"), (9, "lowerRoman"), (3, "decimalZero")];
        assert_eq!(shown.map(|(count, format)| counted(count, format)), ["a", "BB", "XIV", "ix", "3"]);
    }
}
