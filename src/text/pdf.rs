//! PDF to blocks.
//!
//! A PDF knows no words, lines or paragraphs, only letters at places. [`letters`] reads
//! them, [`layout`] makes lines of them; this module takes the furniture of pages away,
//! joins lines to paragraphs by their distances, and tells headings by size and weight.

mod layout;
mod letters;

use std::collections::BTreeMap;

use crate::reading::Unreadable;

use super::unpack::Unpacked;
use super::{Block, BlockKind, Link, plain};
use layout::{Line, Piece, Rows};

/// Rows at the top and at the bottom of a page that can be furniture.
const EDGE: usize = 3;

/// The part of a page's height, above and below, where page numbers stand.
const MARGIN: f32 = 0.12;

/// Letters of a heading are so much larger than those of the text.
const LARGER: f32 = 1.08;

/// Bold letters take so much more ink than the same letters of the text.
const BOLDER: f32 = 1.15;

/// Reads a PDF document.
///
/// # Errors
/// What needs a password or is too large is an unsupported type; what cannot be parsed is
/// malformed.
pub fn unpack(body: &[u8]) -> Result<Unpacked, Unreadable> {
    let document = letters::read(body)?;
    Ok(Unpacked { blocks: arrange(&document.pages), title: document.title })
}

/// Pages to blocks.
fn arrange(pages: &[letters::Page]) -> Vec<Block> {
    let rows: Vec<(f32, Rows)> =
        pages.iter().map(|page| (page.height, layout::rows_of(&without_marked(page)))).collect();
    let repeated = furniture(&rows);
    let lines: Vec<Line> = rows
        .into_iter()
        .enumerate()
        .flat_map(|(number, (height, rows))| layout::order(trimmed(rows, height, &repeated), number))
        .collect();
    let face = Face::of(&lines);
    let mut blocks = classify(&paragraphs(&lines, &face), &face);
    title_first(&mut blocks);
    blocks
}

/// A page without what the file itself calls furniture, unless that is most of it.
fn without_marked(page: &letters::Page) -> letters::Page {
    let marked = page.letters.iter().filter(|letter| letter.furniture).count();
    let believed = marked * 3 < page.letters.len();
    let mut page = page.clone();
    page.letters.retain(|letter| !(believed && letter.furniture));
    page
}

/// What is the same at the edges of pages: the shape of a row, and about where it stands.
type Furniture = BTreeMap<(String, i32), usize>;

/// The text of a row, white space folded.
fn words(row: &[Piece]) -> String {
    plain::fold(&row.iter().map(|piece| piece.text.as_str()).collect::<Vec<_>>().join(" "))
}

/// Where a row stands, in steps that forgive a point or two.
fn step(row: &[Piece]) -> i32 {
    row.first().map_or(0, |piece| (piece.y / 6.0) as i32)
}

/// Which rows stand at the upper or lower edge of their page.
fn edges(rows: &[Vec<Piece>]) -> Vec<bool> {
    let y = |at: usize| rows[at].first().map_or(0.0, |piece| piece.y);
    let mut places: Vec<usize> = (0..rows.len()).collect();
    places.sort_by(|a, b| y(*a).total_cmp(&y(*b)));
    let mut out = vec![false; rows.len()];
    for (place, at) in places.iter().enumerate() {
        out[*at] = place < EDGE || place + EDGE >= rows.len();
    }
    out
}

/// Rows that stand at the edge of many pages, numbers aside: anywhere on most pages, or in
/// one place on a good third (left and right pages have their own).
fn furniture(pages: &[(f32, Rows)]) -> Furniture {
    let mut counts = Furniture::new();
    let anywhere = i32::MIN;
    for (_, rows) in pages {
        let mut seen: Vec<(String, i32)> = Vec::new();
        for (row, _) in rows.rows.iter().zip(edges(&rows.rows)).filter(|(_, edge)| *edge) {
            let text = shape(&words(row));
            if text.chars().count() <= 120 {
                seen.extend([(text.clone(), anywhere), (text.clone(), step(row)), (text, step(row) + 1)]);
            }
        }
        seen.sort();
        seen.dedup();
        seen.into_iter().for_each(|key| *counts.entry(key).or_default() += 1);
    }
    let (most, third) = ((pages.len() * 3).div_ceil(5).max(3), (pages.len() * 2).div_ceil(5).max(3));
    counts.retain(|(_, step), count| *count >= if *step == anywhere { most } else { third });
    counts
}

/// A page's rows without furniture and page numbers.
fn trimmed(rows: Rows, height: f32, repeated: &Furniture) -> Rows {
    let is_furniture = |row: &[Piece]| {
        let text = words(row);
        let shape = shape(&text);
        let y = row.first().map_or(0.0, |piece| piece.y);
        let margin = y < MARGIN * height || y > (1.0 - MARGIN) * height;
        let known = [i32::MIN, step(row), step(row) + 1];
        margin && is_page_number(&text) || known.iter().any(|at| repeated.contains_key(&(shape.clone(), *at)))
    };
    let edges = edges(&rows.rows);
    let kept = rows.rows.into_iter().zip(edges).filter(|(row, edge)| !(*edge && is_furniture(row)));
    Rows { rows: kept.map(|(row, _)| row).collect(), drawn: rows.drawn }
}

/// How most of a document looks.
#[derive(Debug)]
struct Face {
    /// The size of most letters.
    size: f32,
    /// From baseline to baseline, in sizes.
    pitch: f32,
    /// The ink that each letter takes most often, in thousandths of the em square.
    inks: BTreeMap<char, f32>,
}

impl Face {
    fn of(lines: &[Line]) -> Self {
        let mut sizes: BTreeMap<i32, usize> = BTreeMap::new();
        let mut inks: BTreeMap<char, BTreeMap<i32, usize>> = BTreeMap::new();
        for piece in lines.iter().flat_map(|line| &line.pieces) {
            *sizes.entry((piece.size * 4.0).round() as i32).or_default() += piece.inks.len();
            for (c, ink) in piece.inks.iter().filter(|(c, ink)| c.is_alphabetic() && *ink > 0.0) {
                *inks.entry(*c).or_default().entry((ink / 1000.0).round() as i32).or_default() += 1;
            }
        }
        let size = most(&sizes).map_or(10.0, |size| size as f32 / 4.0);
        let mut pitches: BTreeMap<i32, usize> = BTreeMap::new();
        for (above, below) in lines.iter().zip(lines.iter().skip(1)) {
            let away = (below.y() - above.y()) / size;
            if above.page == below.page && (0.8..2.5).contains(&away) && (above.size() - size).abs() < 0.5 {
                *pitches.entry((away * 20.0).round() as i32).or_default() += 1;
            }
        }
        let pitch = most(&pitches).map_or(1.2, |pitch| pitch as f32 / 20.0);
        let inks = inks.into_iter().filter_map(|(c, counts)| Some((c, most(&counts)? as f32 * 1000.0))).collect();
        Self { size, pitch, inks }
    }

    /// Whether letters are bolder than these letters mostly are.
    fn is_bold(&self, pieces: &[Piece]) -> bool {
        let (mut seen, mut usual, mut count) = (0.0, 0.0, 0);
        for (c, ink) in pieces.iter().flat_map(|piece| &piece.inks) {
            if let Some(known) = self.inks.get(c).filter(|known| **known > 0.0 && *ink > 0.0) {
                seen += ink;
                usual += known;
                count += 1;
            }
        }
        count >= 3 && seen > BOLDER * usual
    }
}

/// What occurs most; of equals the smallest.
fn most(counts: &BTreeMap<i32, usize>) -> Option<i32> {
    counts.iter().rev().max_by_key(|(_, count)| **count).map(|(value, _)| *value)
}

/// Lines that belong together.
#[derive(Clone, Debug)]
struct Paragraph {
    text: String,
    links: Vec<Link>,
    x: f32,
    size: f32,
    bold: bool,
    lines: usize,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Row,
}

/// Joins lines to paragraphs.
fn paragraphs(lines: &[Line], face: &Face) -> Vec<Paragraph> {
    let mut out: Vec<Paragraph> = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let found = if lines[at].drawn { cells(&lines[at..], face) } else { table(&lines[at..], face) };
        if let Some((rows, until)) = found {
            out.extend(rows);
            at += until;
            continue;
        }
        let line = &lines[at];
        let text = plain::fold(&line.text());
        let links: Vec<Link> = line.pieces.iter().flat_map(|piece| piece.links.clone()).collect();
        let bold = face.is_bold(&line.pieces);
        let before = at.checked_sub(1).map(|before| &lines[before]);
        match (out.last_mut(), before) {
            (Some(paragraph), Some(before)) if goes_on(paragraph, before, line, &text, bold, face) => {
                plain::append(&mut paragraph.text, &text);
                paragraph.lines += 1;
                append_links(&mut paragraph.links, links);
            }
            _ if text.is_empty() => {}
            _ => out.push(Paragraph { text, links, x: line.x(), size: line.size(), bold, lines: 1, kind: Kind::Text }),
        }
        at += 1;
    }
    out
}

/// A link that goes on in the next line is one link.
fn append_links(links: &mut Vec<Link>, more: Vec<Link>) {
    for link in more {
        match links.last_mut() {
            Some(last) if last.target == link.target => plain::append(&mut last.text, &link.text),
            _ => links.push(link),
        }
    }
}

/// Whether a line belongs to the paragraph above it.
fn goes_on(paragraph: &Paragraph, before: &Line, line: &Line, text: &str, bold: bool, face: &Face) -> bool {
    if paragraph.kind == Kind::Row || plain::starts_anew(text) || plain::letter(text) {
        return false;
    }
    let size = line.size();
    let alike = (size - before.size()).abs() <= 0.08 * size;
    if line.page != before.page || line.y() <= before.y() {
        // A sentence goes on over the end of a page or column; anything else starts anew.
        return alike && broken_off(&paragraph.text, text);
    }
    // A heading above its text, or below it; not a bold word at the edge of a paragraph.
    let parted = if bold { !paragraph.bold } else { paragraph.bold && plain::looks_heading(&paragraph.text) };
    if !alike || parted {
        return false;
    }
    if (line.y() - before.y()) / size > face.pitch.max(1.0) * 1.22 {
        return false;
    }
    let (left, right) = line.column;
    let short = before.end() < right - 0.25 * (right - left);
    let ended = paragraph.text.ends_with(['.', ':', ';', '!', '?']);
    let upper = text.chars().find(|c| c.is_alphanumeric()).is_some_and(|c| c.is_uppercase() || c.is_numeric());
    let item = plain::bullet(&paragraph.text).is_some()
        || plain::clause(&paragraph.text).is_some()
        || plain::letter(&paragraph.text);
    let indented = line.x() > before.x() + 0.8 * size;
    let outdented = line.x() < before.x() - 0.8 * size;
    let centered = (line.x() + line.end() - left - right).abs() < size && line.x() > left + size;
    if indented && !centered && !(item && paragraph.lines == 1) && (ended || upper) {
        return false;
    }
    if outdented && !centered && (paragraph.lines > 1 || item) && upper {
        return false;
    }
    let title = paragraph.lines == 1 && short && plain::looks_heading(&paragraph.text) && !centered;
    !(upper && short && (ended || title))
}

/// Rows of cells that stand below each other, as a table's do: what they say, and how many
/// lines they are.
fn table(lines: &[Line], face: &Face) -> Option<(Vec<Paragraph>, usize)> {
    let first = lines.first()?;
    // A number or a bullet far from its text is no cell.
    let marks = |line: &Line| {
        let first = line.pieces.first().map_or("", |piece| piece.text.as_str());
        first.chars().count() <= 2 || plain::clause(first).is_some_and(|(_, rest)| rest.is_empty())
    };
    if first.pieces.len() < 2 || marks(first) {
        return None;
    }
    let near = |a: f32, b: f32| (a - b).abs() < 0.8 * face.size;
    let columns: Vec<f32> = first.pieces.iter().map(|piece| piece.x).collect();
    let column = |piece: &Piece| columns.iter().position(|x| near(*x, piece.x));
    let belongs = |above: &Line, line: &Line| {
        let away = (line.y() - above.y()) / face.size;
        line.page == first.page && away > 0.0 && away < 4.0 && line.pieces.iter().all(|piece| column(piece).is_some())
    };
    let mut until = 1;
    while until < lines.len() && belongs(&lines[until - 1], &lines[until]) {
        until += 1;
    }
    let full = lines[..until].iter().filter(|line| line.pieces.len() == columns.len()).count();
    if full < 3 {
        return None;
    }
    // Where rows stand apart, lines within a row stand closer; else each full line is a row.
    let away = |i: usize| (lines[i].y() - lines[i - 1].y()) / face.size;
    let least = (1..until).map(away).fold(f32::MAX, f32::min);
    let apart = |i: usize| away(i) > least * 1.15;
    let spaced = (1..until).any(apart);
    let mut rows: Vec<Vec<(String, Vec<Link>)>> = Vec::new();
    for (i, line) in lines[..until].iter().enumerate() {
        let whole = line.pieces.len() == columns.len();
        let begins = column(&line.pieces[0]) == Some(0);
        if i == 0 || begins && (whole && !spaced || spaced && apart(i)) {
            rows.push(vec![(String::new(), Vec::new()); columns.len()]);
        }
        let row = rows.last_mut()?;
        for piece in &line.pieces {
            let cell = row.get_mut(column(piece)?)?;
            let text = plain::fold(&piece.text);
            if cell.0.is_empty() {
                cell.0 = text
            } else {
                plain::append(&mut cell.0, &text)
            }
            append_links(&mut cell.1, piece.links.clone());
        }
    }
    let header = face.is_bold(&lines[0].pieces);
    Some((table_rows(rows, header, first.x(), face), until))
}

/// A cell: its words and links.
type Cell = (String, Vec<Link>);

/// Says what the rows of a table say, header cells before their values.
fn table_rows(mut rows: Vec<Vec<Cell>>, headed: bool, x: f32, face: &Face) -> Vec<Paragraph> {
    let header = if headed && rows.len() > 1 { rows.remove(0) } else { Vec::new() };
    let name = |i: usize| header.get(i).map(|header| header.0.trim_end_matches(':')).filter(|name| !name.is_empty());
    let said = rows.into_iter().map(|row| {
        let links = row.iter().flat_map(|cell| cell.1.clone()).collect();
        let cells = row.into_iter().enumerate().filter(|(_, cell)| !cell.0.is_empty());
        let cells: Vec<String> = cells
            .map(|(i, (text, _))| name(i).map_or_else(|| text.clone(), |name| format!("{name}: {text}")))
            .collect();
        Paragraph { text: cells.join(" | "), links, x, size: face.size, bold: false, lines: 1, kind: Kind::Row }
    });
    said.collect()
}

/// More lines than this in one cell are no cell.
const MOST_LINES: usize = 40;

/// A table whose cells were drawn one after the other: what its rows say, and how many
/// lines they are. A cell goes down at one place; a step up and to the right begins the
/// next cell, one down and back to the first column the next row.
fn cells(lines: &[Line], face: &Face) -> Option<(Vec<Paragraph>, usize)> {
    struct Row {
        columns: Vec<f32>,
        cells: Vec<Cell>,
        lines: usize,
        bold: bool,
    }
    let near = |a: f32, b: f32| (a - b).abs() < 0.8 * face.size;
    let mut rows: Vec<Row> = Vec::new();
    // How many lines the rows so far have that have two cells at least.
    let (mut whole, mut sound) = (0, 0);
    let mut left = 0.0;
    for (i, line) in lines.iter().enumerate() {
        let bold = face.is_bold(&line.pieces);
        let above = i.checked_sub(1).map(|above| &lines[above]);
        let first = &line.pieces[0];
        let mark =
            first.text.chars().count() <= 2 || plain::clause(&first.text).is_some_and(|(_, rest)| rest.is_empty());
        let down = above.is_some_and(|above| line.y() > above.y() && line.y() - above.y() < 5.0 * face.size);
        let beside = above.is_some_and(|above| line.page == above.page && line.y() <= above.y());
        let pieces: Vec<Piece> = if mark { Vec::new() } else { line.pieces.clone() };
        let text = |pieces: &[Piece]| words(pieces);
        let links = |pieces: &[Piece]| pieces.iter().flat_map(|piece| piece.links.clone()).collect::<Vec<Link>>();
        let whole_line = (text(&line.pieces), links(&line.pieces));
        match rows.last_mut() {
            Some(row) if beside && first.x > row.columns[row.columns.len() - 1] + face.size => {
                row.columns.push(first.x);
                row.cells.push(whole_line);
                row.lines += 1;
                row.bold &= bold;
            }
            Some(row)
                if down
                    && pieces.len() < 2
                    && near(first.x, row.columns[row.columns.len() - 1])
                    && row.lines < MOST_LINES =>
            {
                // A first cell of many lines is a text, and no table begins with it.
                if row.cells.len() == 1 && row.lines >= 4 {
                    break;
                }
                let cell = row.cells.last_mut()?;
                plain::append(&mut cell.0, &whole_line.0);
                append_links(&mut cell.1, whole_line.1);
                row.lines += 1;
                row.bold &= bold;
            }
            last if last.is_none() || down && near(first.x, left) && !mark => {
                if let Some(row) = rows.last().filter(|row| row.cells.len() > 1) {
                    (whole, sound) = (whole + row.lines, sound + 1);
                } else if !rows.is_empty() {
                    break;
                }
                left = first.x;
                let cells =
                    pieces.iter().map(|piece| (text(std::slice::from_ref(piece)), piece.links.clone())).collect();
                rows.push(Row { columns: pieces.iter().map(|piece| piece.x).collect(), cells, lines: 1, bold });
                if pieces.is_empty() {
                    break;
                }
            }
            _ => break,
        }
    }
    if let Some(row) = rows.last().filter(|row| row.cells.len() > 1 && rows.len() > sound) {
        (whole, sound) = (whole + row.lines, sound + 1);
    }
    rows.truncate(sound);
    let columns = rows.first()?.columns.clone();
    let alike = |row: &Row| row.columns.iter().all(|x| columns.iter().any(|known| near(*known, *x)));
    if sound < 2 || !rows.iter().all(alike) {
        return None;
    }
    let short = rows[0].cells.iter().all(|cell| cell.0.split(' ').count() <= 8);
    let header = rows[0].bold && !rows[1].bold && short;
    let place = |x: f32| columns.iter().position(|known| near(*known, x)).unwrap_or(0);
    let said = rows.into_iter().map(|row| {
        let mut cells = vec![Cell::default(); columns.len()];
        for (x, cell) in row.columns.into_iter().zip(row.cells) {
            cells[place(x)] = cell;
        }
        cells
    });
    Some((table_rows(said.collect(), header, left, face), whole))
}

/// Tells what each paragraph is.
fn classify(paragraphs: &[Paragraph], face: &Face) -> Vec<Block> {
    let flat: Vec<plain::Paragraph> = paragraphs.iter().map(|p| plain::Paragraph::flush(p.text.clone())).collect();
    let stands_out = |p: &Paragraph| p.size > LARGER * face.size || p.bold && p.size > 0.95 * face.size;
    let heading = |i: usize| {
        let p = &paragraphs[i];
        let large = p.size > 1.3 * face.size && p.lines <= 3;
        p.kind == Kind::Text
            && plain::bullet(&p.text).is_none()
            && !plain::letter(&p.text)
            && !super::date::is_date_line(&p.text)
            && (stands_out(p) && (plain::looks_heading(&p.text) || large && !p.text.ends_with(['.', ';', ',']))
                || plain::is_heading(&flat[i], flat.get(i + 1), flat.get(i + 2)))
    };
    let headings: Vec<bool> = (0..paragraphs.len()).map(heading).collect();
    // Larger headings stand above smaller ones; those that are only bold or numbered below.
    let rank = |p: &Paragraph| if p.size > LARGER * face.size { (p.size * 2.0).round() as i32 } else { 0 };
    let titled = headings.iter().position(|is| *is);
    let mut ranks: Vec<i32> = headings
        .iter()
        .enumerate()
        .filter(|(i, is)| **is && Some(*i) != titled)
        .map(|(i, _)| rank(&paragraphs[i]))
        .collect();
    ranks.sort_by(|a, b| b.cmp(a));
    ranks.dedup();
    let mut indents: Vec<i32> = paragraphs
        .iter()
        .filter(|p| plain::bullet(&p.text).is_some())
        .map(|p| (p.x / (1.2 * face.size)).round() as i32)
        .collect();
    indents.sort_unstable();
    indents.dedup();
    let mut out = Vec::new();
    for (i, p) in paragraphs.iter().enumerate() {
        let (kind, text) = if p.kind == Kind::Row {
            (BlockKind::TableRow, p.text.as_str())
        } else if headings[i] {
            let place = ranks.iter().position(|known| *known == rank(p)).unwrap_or(0);
            let by_size = 2 + u8::try_from(place).unwrap_or(4);
            let level = match plain::clause(&p.text) {
                Some(_) => plain::level(&p.text, i, true).max(by_size),
                None if Some(i) == titled && i <= 2 => 1,
                None => by_size,
            };
            (BlockKind::Heading { level: level.min(6), anchor: None }, p.text.as_str())
        } else if let Some(rest) = plain::bullet(&p.text) {
            let indent = (p.x / (1.2 * face.size)).round() as i32;
            let depth = 1 + indents.iter().position(|known| *known == indent).unwrap_or(0);
            (BlockKind::ListItem { depth: u8::try_from(depth).unwrap_or(6).min(6) }, rest)
        } else if plain::letter(&p.text) {
            (BlockKind::ListItem { depth: 1 }, p.text.as_str())
        } else {
            (BlockKind::Paragraph, p.text.as_str())
        };
        if !text.is_empty() {
            out.push(Block { kind, text: text.to_owned(), links: p.links.clone() });
        }
    }
    out
}

/// A line with every number made equal, so that `Page 2 of 9` equals `Page 3 of 9`.
fn shape(line: &str) -> String {
    let mut out = String::new();
    for c in line.chars() {
        let c = if c.is_ascii_digit() { '0' } else { c };
        if !(c == '0' && out.ends_with('0')) {
            out.push(c);
        }
    }
    out
}

/// Whether a line is only the number of its page: `3`, `- 3 -`, `Page 3 of 9`, `3/9`.
fn is_page_number(line: &str) -> bool {
    let words: Vec<String> =
        line.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
    let numbers = words.iter().filter(|word| word.bytes().all(|b| b.is_ascii_digit()) && word.len() <= 4).count();
    let named = ["page", "seite", "pagina", "página", "of", "von", "sur", "de", "di", "van", "p", "s"];
    (1..=2).contains(&numbers)
        && words.iter().all(|word| word.bytes().all(|b| b.is_ascii_digit()) || named.contains(&word.as_str()))
        && words.len() <= 4
        // "2." and "(2)" are clause numbers that lost their text, not pages.
        && !line.ends_with(['.', ')'])
}

/// Whether a line of the page before ends within a sentence that this line continues.
fn broken_off(before: &str, line: &str) -> bool {
    let before = before.trim_end();
    let line = line.trim_start();
    let open =
        !before.is_empty() && !before.ends_with(['.', ':', ';', '!', '?']) && before.split_whitespace().count() >= 6;
    open && plain::bullet(line).is_none()
        && plain::clause(line).is_none()
        && line.chars().next().is_some_and(|c| c.is_lowercase() || c.is_numeric() || c == '(' || before.ends_with(','))
}

/// Makes the headings before the first prose one title: a long one fills two lines.
fn title_first(blocks: &mut Vec<Block>) {
    let Some(Block { kind: BlockKind::Heading { level, .. }, text, .. }) = blocks.first_mut() else { return };
    *level = 1;
    let title = text.clone();
    let capital = |text: &str| text.chars().all(|c| !c.is_lowercase());
    let second = match blocks.get(1) {
        Some(Block { kind: BlockKind::Heading { .. }, text, .. })
            if capital(&title) && capital(text) && plain::clause(text).is_none() =>
        {
            text.clone()
        }
        _ => return,
    };
    if second.split(' ').count() <= 3 && title.split(' ').count() <= 6 && second != "PREAMBLE" {
        blocks[0].text = format!("{title} {second}");
        blocks.remove(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::plain::tests::outline;
    use crate::text::unpack::{Packed, unpack};

    /// A PDF document with these lines on each page, 14 points apart; an empty line is a gap.
    fn document(pages: &[&[&str]]) -> Vec<u8> {
        let mut objects = vec![
            "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
            String::new(),
            "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_owned(),
        ];
        let mut kids = Vec::new();
        for lines in pages {
            let mut content = "BT /F1 11 Tf 14 TL 60 780 Td\n".to_owned();
            for line in *lines {
                let escaped = line.replace('\\', "\\\\").replace('(', "\\(").replace(')', "\\)");
                content.push_str(&format!("({escaped}) Tj T*\n"));
            }
            content.push_str("ET");
            objects.push(format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()));
            let stream = objects.len();
            objects.push(format!("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {stream} 0 R /Resources << /Font << /F1 3 0 R >> >> >>"));
            kids.push(format!("{} 0 R", objects.len()));
        }
        objects[1] = format!("<< /Type /Pages /Kids [{}] /Count {} >>", kids.join(" "), kids.len());
        let mut out = "%PDF-1.4\n".to_owned();
        let mut places = Vec::new();
        for (i, object) in objects.iter().enumerate() {
            places.push(out.len());
            out.push_str(&format!("{} 0 obj\n{object}\nendobj\n", i + 1));
        }
        let start = out.len();
        out.push_str(&format!("xref\n0 {}\n0000000000 65535 f \n", places.len() + 1));
        places.iter().for_each(|place| out.push_str(&format!("{place:010} 00000 n \n")));
        out.push_str(&format!("trailer << /Size {} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n", places.len() + 1));
        out.into_bytes()
    }

    #[test]
    fn pages_become_one_text() {
        let page = |n: &'static str, lines: &[&'static str]| -> Vec<&'static str> {
            [&["Acme Ltd - Terms of use", ""], lines, &["", n]].concat()
        };
        let pages = [
            page(
                "Page 1 of 3",
                &[
                    "TERMS OF USE",
                    "",
                    "Last update: 26 October 2021",
                    "",
                    "1. What these terms are for",
                    "",
                    "These terms tell what you and Acme may expect from each other while you",
                    "use the shop, and what hap-",
                    "pens when one of us does not keep to",
                ],
            ),
            page(
                "Page 2 of 3",
                &[
                    "them, or wishes to end the contract.",
                    "",
                    "1.1 Your account",
                    "",
                    "You need an account, which is free of charge, and you must not share it:",
                    "",
                    "- with your friends",
                ],
            ),
            page("Page 3 of 3", &["2. Law", "", "The law of Atlantis applies to everything."]),
        ];
        let pages: Vec<&[&str]> = pages.iter().map(Vec::as_slice).collect();
        insta::assert_snapshot!(outline(&unpack(Packed::Pdf, &document(&pages)).expect("a sound document").blocks), @"
        # TERMS OF USE
        Last update: 26 October 2021
        ## 1. What these terms are for
        These terms tell what you and Acme may expect from each other while you use the shop, and what happens when one of us does not keep to them, or wishes to end the contract.
        ### 1.1 Your account
        You need an account, which is free of charge, and you must not share it:
        - with your friends
        ## 2. Law
        The law of Atlantis applies to everything.
        ");
    }

    #[test]
    fn a_title_stands_apart_from_a_quotation_under_it() {
        let page = [
            "These terms govern the use of our services by all who open an account with us,",
            "and by nobody else. They hold for as long as the account is open with us here.",
            "",
            "1. DEFINITIONS",
            "\"Service\" means the kettle, as it is described in the annex to these terms of ours,",
            "and all that belongs to it.",
        ];
        let read = unpack(Packed::Pdf, &document(&[&page])).expect("a sound document");
        let outline = outline(&read.blocks);
        assert!(outline.lines().any(|line| line.ends_with("# 1. DEFINITIONS")), "{outline}");
    }

    #[test]
    fn page_numbers_are_known() {
        for (line, expected) in [
            ("3", true),
            ("- 3 -", true),
            ("Page 3 of 9", true),
            ("3/9", true),
            ("Seite 3", true),
            ("2.", false),
            ("30 days", false),
            ("", false),
        ] {
            assert_eq!(is_page_number(line), expected, "{line}");
        }
    }
}
