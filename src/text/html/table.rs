//! Tables: of data, read row by row, behind the row that names the columns; of layout,
//! read as if there were no table.

use std::rc::Rc;

use url::Url;

use super::lines::{self, Kind};
use super::tree::{Tree, count_words};
use crate::text::Link;

/// A data table's cells hold no more words than this, or they have header cells.
const LONGEST_CELL: u32 = 250;

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

/// Whether an element is a table, or says that it is one.
fn is_table(tree: &Tree<'_>, at: usize) -> bool {
    tree.nodes[at].name == "table" || matches!(tree.nodes[at].attr("role"), Some("table" | "grid"))
}

/// Whether an element is a table that arranges data, not the page.
pub(super) fn is_data(tree: &Tree<'_>, at: usize) -> bool {
    if !is_table(tree, at) {
        return false;
    }
    if matches!(tree.nodes[at].attr("role"), Some("presentation" | "none")) {
        return false;
    }
    let within = at + 1..tree.nodes[at].end;
    if within.clone().any(|node| !tree.nodes[node].off && is_table(tree, node)) {
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
        && !are_clauses(tree, &rows)
}

/// The title of a clause has no more words than this.
const LONGEST_TITLE: u32 = 16;

/// The clauses in a table have as many words as this, taken together for each.
const CLAUSE: u32 = 12;

/// Whether a table sets clauses beside their titles: two columns, of which the first has a
/// number and a title in each row, and the second running text.
fn are_clauses(tree: &Tree<'_>, rows: &[Vec<Cell>]) -> bool {
    if rows.len() < 3 || rows.iter().any(|row| row.len() != 2) {
        return false;
    }
    let numbered = |row: &Vec<Cell>| {
        let title = crate::text::fold(&tree.words(row[0].at));
        // A period or a statute is a value, not the number of a clause.
        let number = crate::section::split_number(&title).0;
        count_words(&title) <= LONGEST_TITLE
            && number.is_some_and(|number| {
                title.strip_prefix(number.as_str()).is_some_and(|rest| rest.starts_with(['.', ')', ':', '-', '–']))
            })
    };
    let words = |row: &Vec<Cell>| count_words(&tree.words(row[1].at));
    (rows.iter().all(numbered) || are_counted(tree, rows))
        && rows.iter().map(words).sum::<u32>() >= CLAUSE * rows.len() as u32
}

/// Whether the first column of a table does nothing but count the clauses in the second, which
/// begin with their titles.
fn are_counted(tree: &Tree<'_>, rows: &[Vec<Cell>]) -> bool {
    let mut last = 0;
    for row in rows {
        let number = tree.words(row[0].at);
        if number.is_empty() {
            continue;
        }
        let first = tree.subtree(row[1].at).find(|&at| tree.nodes[at].words > 0);
        let set_off =
            |at: usize| matches!(tree.nodes[tree.nodes[at].parent].name, "b" | "strong" | "u" | "h4" | "h5" | "h6");
        last += 1;
        if number.trim_end_matches(['.', ')']).parse() != Ok(last) || !first.is_some_and(set_off) {
            return false;
        }
    }
    last >= 3
}

/// The rows of a table, its cells in order.
fn grid(tree: &Tree<'_>, at: usize) -> Vec<Vec<Cell>> {
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    let mut node = at + 1;
    while node < tree.nodes[at].end {
        let (name, role) = (tree.nodes[node].name, tree.nodes[node].attr("role"));
        let header = name == "th" || matches!(role, Some("columnheader" | "rowheader"));
        let cell = header || name == "td" || matches!(role, Some("cell" | "gridcell"));
        if tree.nodes[node].off {
            node = tree.nodes[node].end;
            continue;
        }
        match name {
            _ if name == "tr" || role == Some("row") => rows.push(Vec::new()),
            _ if cell => {
                let span = |name: &str| {
                    tree.nodes[node].attr(name).and_then(|n| n.trim().parse().ok()).unwrap_or(1_usize).clamp(1, 100)
                };
                let cell = Cell { at: node, columns: span("colspan"), rows: span("rowspan"), header };
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
fn read(tree: &Tree<'_>, cell: &Cell, base: Option<&Url>) -> Words {
    let lines = lines::of(tree, &[cell.at], base);
    let bold = !lines.is_empty() && lines.iter().all(|line| line.look.bold);
    let mut words = Words { text: String::new(), links: Vec::new(), bold };
    for line in lines {
        if !words.text.is_empty() {
            words.text.push(' ');
        }
        words.text.push_str(&line.text.replace('\n', " "));
        words.links.extend(line.links);
    }
    if words.text.is_empty() {
        words.text = picture(tree, cell).unwrap_or_default();
    }
    words
}

/// What a cell without a word shows: a sign, or a picture with a name. In a table that is
/// an answer, as a check mark below "Shared with others".
fn picture(tree: &Tree<'_>, cell: &Cell) -> Option<String> {
    let signs: String = tree.words(cell.at).chars().filter(|c| SIGNS.contains(c)).take(LONGEST_SIGN).collect();
    if !signs.is_empty() {
        return Some(signs);
    }
    tree.subtree(cell.at).find_map(|at| {
        let node = &tree.nodes[at];
        let name = if node.name == "img" { node.attr("alt") } else { None };
        let label = || node.attr("aria-label").filter(|_| node.attr("role") == Some("img"));
        let name = crate::text::fold(name.or_else(label)?);
        (name.chars().any(char::is_alphanumeric) && count_words(&name) <= LONGEST_NAME).then_some(name)
    })
}

/// Signs that answer yes or no, or how much.
const SIGNS: [char; 14] = ['✓', '✔', '☑', '✅', '✗', '✘', '✖', '✕', '❌', '☒', '☐', '●', '○', '◐'];

/// A cell shows no more signs than this, as for how much of something there is.
const LONGEST_SIGN: usize = 5;

/// The name of a picture that answers has no more words than this.
const LONGEST_NAME: u32 = 8;

/// What a cell reads as.
struct Words {
    text: String,
    links: Vec<Link>,
    bold: bool,
}

/// A value that goes on in the rows below it.
#[derive(Clone)]
struct Held {
    text: Rc<str>,
    rows: usize,
}

/// Columns beyond this one keep their place no longer than their row: no table people read
/// is as wide, and a row costs no more than its cells.
const WIDEST: usize = 100;

/// Reads a data table: the row that names its columns, if there is one, then each row with
/// the values of cells that reach into it.
pub(super) fn rows(tree: &Tree<'_>, at: usize, base: Option<&Url>) -> Vec<Row> {
    let mut out = Vec::new();
    if let Some(caption) = tree.children(at).find(|&child| tree.nodes[child].name == "caption") {
        out.extend(lines::of(tree, &[caption], base).into_iter().map(|line| Row {
            kind: Kind::Fold,
            text: line.text,
            links: line.links,
        }));
    }
    let grid = grid(tree, at);
    let words: Vec<Vec<Words>> =
        grid.iter().map(|row| row.iter().map(|cell| read(tree, cell, base)).collect()).collect();
    let names: Vec<bool> = (0..grid.len()).map(|row| names_columns(&grid, &words, row)).collect();
    // Repeating values makes no table more than twice as long.
    let mut spare: usize = words.iter().flatten().map(|words| words.text.len()).sum();
    let mut held: Vec<Option<Held>> = Vec::new();
    let mut headed = false;
    let mut group: Vec<Placed> = Vec::new();
    for (number, (row, words)) in grid.into_iter().zip(words).enumerate() {
        let repeats = headed || names[number];
        let row = place(row, words, &mut held, repeats, &mut spare);
        if names[number] {
            // Rows of names in a row name the columns together.
            headed = true;
            group.push(row);
            if !names.get(number + 1).copied().unwrap_or(false) {
                out.extend(joined(std::mem::take(&mut group)));
                held.clear();
            }
            continue;
        }
        out.extend(written(Kind::Row, row));
    }
    out
}

/// Whether a row only names the columns of those that follow it.
fn names_columns(grid: &[Vec<Cell>], words: &[Vec<Words>], number: usize) -> bool {
    let (row, words) = (&grid[number], &words[number]);
    let reach = row.iter().map(|cell| cell.rows).max().unwrap_or(1);
    number + reach < grid.len()
        && row.len() > 1
        && words.iter().any(|words| !words.text.is_empty())
        && row.iter().zip(words).all(|(cell, words)| cell.header || words.text.is_empty() || number == 0 && words.bold)
}

/// A row with a text at each column, and its links.
type Placed = (Vec<String>, Vec<Link>);

/// Puts a row's cells at their columns, and between them what reaches down from above.
fn place(row: Vec<Cell>, words: Vec<Words>, held: &mut Vec<Option<Held>>, repeats: bool, spare: &mut usize) -> Placed {
    let mut again = |text: &str| -> String {
        if !repeats || text.len() > *spare {
            return String::new();
        }
        *spare -= text.len();
        text.to_owned()
    };
    let (mut texts, mut all): Placed = (Vec::new(), Vec::new());
    let alone = row.len() == 1 && held.iter().all(Option::is_none);
    let mut cells = row.into_iter().zip(words).peekable();
    loop {
        let column = texts.len();
        if let Some(above) = held.get_mut(column).and_then(Option::take) {
            texts.push(again(&above.text));
            held[column] = (above.rows > 1).then(|| Held { rows: above.rows - 1, ..above });
            continue;
        }
        let Some((cell, words)) = cells.next() else {
            if column < held.len() {
                texts.push(String::new());
                continue;
            }
            return (texts, all);
        };
        let columns = if alone { 1 } else { cell.columns.min(WIDEST.saturating_sub(column).max(1)) };
        let below = (cell.rows > 1).then(|| Held { text: words.text.as_str().into(), rows: cell.rows - 1 });
        for place in 0..columns {
            let column = column + place;
            if below.is_some() && column < WIDEST {
                held.resize(held.len().max(column + 1), None);
            }
            if let Some(held) = held.get_mut(column) {
                held.clone_from(&below);
            }
            texts.push(if place == 0 { words.text.clone() } else { again(&words.text) });
        }
        all.extend(words.links);
    }
}

/// The rows that name columns as one: `Data kind` under `Data`.
fn joined(group: Vec<Placed>) -> Option<Row> {
    let mut group = group.into_iter();
    let (mut names, mut links) = group.next()?;
    for (more, others) in group {
        links.extend(others);
        names.resize(names.len().max(more.len()), String::new());
        for (name, more) in names.iter_mut().zip(more).filter(|(name, more)| *name != more) {
            *name = format!("{name} {more}").trim().to_owned();
        }
    }
    written(Kind::ColumnNames, (names, links))
}

fn written(kind: Kind, (texts, links): Placed) -> Option<Row> {
    let text = crate::text::row_text(texts.iter().map(String::as_str))?;
    Some(Row { kind, text, links })
}
