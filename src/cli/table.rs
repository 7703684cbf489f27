//! Columns that line up, whatever script or colour stands in them.

use std::fmt::Display;

use unicode_width::UnicodeWidthStr;

/// The last column stands below its row where it would be narrower than this.
const LEAST: usize = 24;
/// A cell of it has so many lines at most.
const MOST: usize = 4;
/// So far it is then indented.
const BELOW: usize = 4;

/// Rows of cells; every column as wide as its widest cell.
#[derive(Debug)]
pub struct Table {
    rows: Vec<Vec<String>>,
    right: Vec<usize>,
    least: usize,
}

impl Table {
    /// A table under these headings.
    pub fn new<const N: usize>(headings: [&str; N]) -> Self {
        Self { rows: vec![headings.map(str::to_owned).to_vec()], right: Vec::new(), least: LEAST }
    }

    /// Aligns these columns to the right.
    pub fn right(mut self, columns: &[usize]) -> Self {
        self.right = columns.to_vec();
        self
    }

    /// Puts the last column below its row where it would be narrower than this.
    pub fn least(mut self, columns: usize) -> Self {
        self.least = columns;
        self
    }

    /// Adds a row; cells may be coloured.
    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.to_vec());
    }

    /// Whether there is nothing but the headings.
    pub fn is_empty(&self) -> bool {
        self.rows.len() <= 1
    }

    /// The lines, the headings in the style that `heading` gives. The last column is
    /// broken at spaces so that a line fits into `width`.
    pub fn lines(&self, width: usize, heading: impl Fn(&str) -> String) -> Vec<String> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or_default();
        let widths: Vec<usize> = (0..columns)
            .map(|column| {
                self.rows.iter().filter_map(|row| row.get(column)).map(|cell| shown_width(cell)).max().unwrap_or(0)
            })
            .collect();
        let last = columns.saturating_sub(1);
        let before_last: usize = widths.iter().take(last).map(|width| width + 2).sum();
        let room = width.saturating_sub(before_last);
        let below = room < self.least && room < widths.last().copied().unwrap_or_default();
        let (indent, room) = if below { (BELOW, width.saturating_sub(BELOW)) } else { (before_last, room) };

        let mut lines = Vec::new();
        for (index, row) in self.rows.iter().enumerate() {
            let mut line: String =
                row.iter().zip(&widths).take(last).enumerate().map(|(at, cell)| self.cell(at, cell)).collect();
            let mut rest = row.get(last).map_or_else(Vec::new, |cell| wrap_at_most(cell, room, MOST));
            rest.retain(|part| !part.is_empty());
            if !below && !rest.is_empty() {
                let first = rest.remove(0);
                line.push_str(&if self.right.contains(&last) { padded(&first, widths[last], true) } else { first });
            }
            let line = line.trim_end();
            if index == 0 {
                // Below their rows, the cells speak for themselves.
                lines.push(heading(line));
                continue;
            }
            lines.push(line.to_owned());
            lines.extend(rest.iter().map(|part| format!("{}{part}", " ".repeat(indent))));
        }
        lines
    }

    fn cell(&self, column: usize, (cell, width): (&String, &usize)) -> String {
        padded(cell, *width, self.right.contains(&column)) + "  "
    }
}

/// A cell as wide as its column.
fn padded(cell: &str, width: usize, right: bool) -> String {
    let pad = " ".repeat(width.saturating_sub(shown_width(cell)));
    if right { pad + cell } else { cell.to_owned() + &pad }
}

/// A number of things: `1 channel`, `2 channels`, `2 watches`, `2 bodies`.
pub fn count<N: Display + PartialEq + From<u8>>(number: N, thing: &str) -> String {
    match (number == N::from(1), thing.strip_suffix('y')) {
        (true, _) => format!("{number} {thing}"),
        (_, Some(stem)) => format!("{number} {stem}ies"),
        _ => format!("{number} {thing}{}", if thing.ends_with("ch") { "es" } else { "s" }),
    }
}

/// How many columns a text takes, colours not counted.
pub fn shown_width(text: &str) -> usize {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c == '\x1b' {
            chars.by_ref().find(|c| c.is_ascii_alphabetic());
        } else {
            plain.push(c);
        }
    }
    plain.width()
}

/// A text cut to so many columns, with an ellipsis where something is missing. Colours
/// are kept and ended.
pub fn cut(text: &str, columns: usize) -> String {
    if shown_width(text) <= columns {
        return text.to_owned();
    }
    let (mut out, mut taken, mut coloured) = (String::new(), 0, false);
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c == '\x1b' {
            coloured = true;
            out.push(c);
            for c in chars.by_ref() {
                out.push(c);
                if c.is_ascii_alphabetic() {
                    break;
                }
            }
            continue;
        }
        let wide = unicode_width::UnicodeWidthChar::width(c).unwrap_or(0);
        if taken + wide >= columns {
            break;
        }
        taken += wide;
        out.push(c);
    }
    out.truncate(out.trim_end().len());
    out.push('…');
    if coloured {
        out.push_str("\x1b[0m");
    }
    out
}

/// [`wrap`], with an ellipsis where there would be more than `most` lines.
pub fn wrap_at_most(text: &str, columns: usize, most: usize) -> Vec<String> {
    let mut lines = wrap(text, columns);
    if lines.len() > most {
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            *last = cut(&format!("{last} …"), columns);
            if text.contains('\x1b') {
                last.push_str("\x1b[0m");
            }
        }
    }
    lines
}

/// A text in lines of at most so many columns, broken at spaces.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut taken = 0;
    for word in text.split_whitespace() {
        let wide = shown_width(word);
        if taken > 0 && taken + 1 + wide > columns {
            lines.push(String::new());
            taken = 0;
        }
        let line = lines.last_mut().expect("there is always a line");
        if taken > 0 {
            line.push(' ');
            taken += 1;
        }
        line.push_str(word);
        taken += wide;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_under_colours_and_wide_script() {
        let mut table = Table::new(["a", "bb", "c"]).right(&[1]).least(12);
        table.row(["\x1b[31mred\x1b[0m".into(), "1".into(), "x".into()]);
        table.row(["日本".into(), "22".into(), "long words at the end".into()]);
        assert_eq!(
            table.lines(24, str::to_owned),
            ["a     bb  c", "\x1b[31mred\x1b[0m    1  x", "日本  22  long words at", "          the end"]
                .map(str::to_owned)
        );
        assert_eq!(
            table.lines(20, str::to_owned)[3..],
            ["日本  22", "    long words at", "    the end"].map(str::to_owned)
        );
    }

    #[test]
    fn one_is_not_many() {
        assert_eq!([0, 1, 2].map(|n| count(n, "section")), ["0 sections", "1 section", "2 sections"]);
        assert_eq!(["watch", "body"].map(|thing| count(2, thing)), ["2 watches", "2 bodies"]);
    }

    #[test]
    fn a_cut_colour_is_ended() {
        assert_eq!(cut("\x1b[31mabcdef\x1b[0m", 4), "\x1b[31mabc…\x1b[0m");
        assert_eq!(cut("abc", 3), "abc");
    }

    #[test]
    fn long_text_breaks_at_spaces() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("", 7), [""]);
        assert_eq!(wrap_at_most("one two three four", 7, 2), ["one two", "three …"]);
        assert_eq!(wrap_at_most("one two three", 7, 1), ["one tw…"]);
    }
}
