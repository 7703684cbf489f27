//! Tables: of data, read row by row with the header cells kept at their values; of
//! layout, read as if there were no table.

use url::Url;

use super::lines::{self, Kind};
use super::tree::{Tree, count_words};
use crate::text::Link;

/// A data table's cells hold no more words than this, or they have header cells.
const LONGEST_CELL: u32 = 250;

/// Header cells with more bytes are text, not labels for what stands under them.
const LONGEST_HEADER: usize = 400;

/// Columns that are told apart, as browsers do.
const MAX_COLUMNS: usize = 1_000;

/// A row (or caption) of a table.
pub(super) struct Row {
    pub(super) kind: Kind,
    pub(super) text: String,
    pub(super) links: Vec<Link>,
}

/// A cell where it stands.
struct Cell {
    at: usize,
    columns: usize,
    rows: usize,
    header: bool,
}

/// Whether a table arranges data, not the page.
pub(super) fn is_data(tree: &Tree<'_>, at: usize) -> bool {
    if matches!(tree.nodes[at].attr("role"), Some("presentation" | "none")) {
        return false;
    }
    let within = at + 1..tree.nodes[at].end;
    if within.clone().any(|node| !tree.nodes[node].off && tree.nodes[node].name == "table") {
        return false;
    }
    let rows = grid(tree, at);
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    if rows.len() < 2 || columns < 2 {
        return false;
    }
    let headed = rows.iter().flatten().any(|cell| cell.header);
    let titled = |cell: &Cell| tree.holds(cell.at, &["h1", "h2", "h3"]);
    let long = |cell: &Cell| count_words(&tree.words(cell.at)) > LONGEST_CELL;
    !rows.iter().flatten().any(|cell| !cell.header && (titled(cell) || (!headed && long(cell))))
}

/// The rows of a table, its cells in order.
fn grid(tree: &Tree<'_>, at: usize) -> Vec<Vec<Cell>> {
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    let mut node = at + 1;
    while node < tree.nodes[at].end {
        let name = tree.nodes[node].name;
        if tree.nodes[node].off {
            node = tree.nodes[node].end;
            continue;
        }
        match name {
            "tr" => rows.push(Vec::new()),
            "td" | "th" => {
                let span = |name: &str| {
                    tree.nodes[node].attr(name).and_then(|n| n.trim().parse().ok()).unwrap_or(1_usize).clamp(1, 100)
                };
                let cell = Cell { at: node, columns: span("colspan"), rows: span("rowspan"), header: name == "th" };
                if let Some(row) = rows.last_mut() {
                    row.push(cell);
                }
                node = tree.nodes[node].end;
                continue;
            }
            _ => {}
        }
        node += 1;
    }
    rows.retain(|row| !row.is_empty());
    rows
}

/// The words of a cell on one line, and its links.
fn read(tree: &Tree<'_>, cell: &Cell, base: Option<&Url>) -> (String, Vec<Link>, bool) {
    let lines = lines::of(tree, &[cell.at], base);
    let bold = !lines.is_empty() && lines.iter().all(|line| line.look.bold);
    let mut text = String::new();
    let mut links = Vec::new();
    for line in lines {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(&line.text.replace('\n', " "));
        links.extend(line.links);
    }
    (text, links, bold)
}

/// Reads a data table; `left` says how many bytes of its headers may be repeated.
pub(super) fn rows(tree: &Tree<'_>, at: usize, base: Option<&Url>, left: &mut usize) -> Vec<Row> {
    let mut out = Vec::new();
    if let Some(caption) = tree.children(at).find(|&child| tree.nodes[child].name == "caption") {
        out.extend(lines::of(tree, &[caption], base).into_iter().map(|line| Row {
            kind: Kind::Fold,
            text: line.text,
            links: line.links,
        }));
    }
    let mut headers: Vec<String> = Vec::new();
    let mut held: Vec<usize> = Vec::new();
    let grid = grid(tree, at);
    let last = grid.len().saturating_sub(1);
    for (number, row) in grid.iter().enumerate() {
        let cells: Vec<_> = row.iter().map(|cell| read(tree, cell, base)).collect();
        let filled = cells.iter().filter(|cell| !cell.0.is_empty()).count();
        let is_header = filled > 0
            && row.len() > 1
            && row
                .iter()
                .zip(&cells)
                .all(|(cell, (text, _, bold))| cell.header || text.is_empty() || (number == 0 && *bold));
        let labels = cells.iter().all(|(text, ..)| text.len() <= LONGEST_HEADER) && *left > 0;
        if is_header && labels && number < last && row.iter().all(|cell| cell.rows == 1) {
            headers = row
                .iter()
                .zip(&cells)
                .flat_map(|(cell, (text, ..))| std::iter::repeat_n(text.clone(), cell.columns))
                .take(MAX_COLUMNS)
                .collect();
            held.clear();
            continue;
        }
        out.extend(write(row, cells, &headers, &mut held, left));
    }
    out
}

/// Writes one row: `Header: value | Header: value`.
fn write(
    row: &[Cell],
    cells: Vec<(String, Vec<Link>, bool)>,
    headers: &[String],
    held: &mut Vec<usize>,
    left: &mut usize,
) -> Option<Row> {
    let mut column = 0;
    let mut parts = Vec::new();
    let mut all = Vec::new();
    let mut spans = Vec::new();
    for (cell, (text, links, _)) in row.iter().zip(cells) {
        while held.get(column).is_some_and(|rows| *rows > 0) {
            column += 1;
        }
        let header = headers.get(column).map_or("", |header| header.trim_end_matches(':'));
        spans.extend((column..(column + cell.columns).min(MAX_COLUMNS)).map(|column| (column, cell.rows)));
        column += cell.columns;
        all.extend(links);
        if text.is_empty() {
            continue;
        }
        let whole_row = row.len() == 1 && cell.columns > 1;
        let label = !header.is_empty() && !whole_row && header.len() <= *left;
        *left -= if label { header.len() } else { 0 };
        parts.push(if label { format!("{header}: {text}") } else { text });
    }
    held.iter_mut().for_each(|rows| *rows = rows.saturating_sub(1));
    for (column, rows) in spans {
        if held.len() <= column {
            held.resize(column + 1, 0);
        }
        held[column] = rows - 1;
    }
    let text = parts.join(" | ");
    (!text.is_empty()).then_some(Row { kind: Kind::Row, text, links: all })
}
