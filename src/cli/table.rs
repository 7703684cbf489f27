//! Columns that line up, whatever script or colour stands in them.

use unicode_width::UnicodeWidthStr;

/// Rows of cells; every column as wide as its widest cell.
#[derive(Debug, Default)]
pub struct Table {
    rows: Vec<Vec<String>>,
    right: Vec<usize>,
}

impl Table {
    /// A table under these headings.
    pub fn new<const N: usize>(headings: [&str; N]) -> Self {
        Self { rows: vec![headings.map(str::to_owned).to_vec()], right: Vec::new() }
    }

    /// Aligns these columns to the right.
    pub fn right(mut self, columns: &[usize]) -> Self {
        self.right = columns.to_vec();
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

    /// The lines, the headings in the style that `heading` gives. The last column is cut
    /// so that a line fits into `width`.
    pub fn lines(&self, width: usize, heading: impl Fn(&str) -> String) -> Vec<String> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or_default();
        let widths: Vec<usize> = (0..columns)
            .map(|column| {
                self.rows.iter().filter_map(|row| row.get(column)).map(|cell| shown_width(cell)).max().unwrap_or(0)
            })
            .collect();
        let before_last: usize = widths.iter().take(columns.saturating_sub(1)).map(|width| width + 2).sum();
        let room = width.saturating_sub(before_last).max(12);
        let line = |(index, row): (usize, &Vec<String>)| {
            let mut line = String::new();
            for (column, cell) in row.iter().enumerate() {
                let last = column + 1 == columns;
                let cell = if last { cut(cell, room) } else { cell.clone() };
                let pad = " ".repeat(widths[column].saturating_sub(shown_width(&cell)));
                match (self.right.contains(&column), last) {
                    (true, _) => line.push_str(&format!("{pad}{cell}")),
                    (false, true) => line.push_str(&cell),
                    (false, false) => line.push_str(&format!("{cell}{pad}")),
                }
                if !last {
                    line.push_str("  ");
                }
            }
            let line = line.trim_end().to_owned();
            if index == 0 { heading(&line) } else { line }
        };
        self.rows.iter().enumerate().map(line).collect()
    }
}

/// A number of things: `1 channel`, `2 channels`.
pub fn count(number: usize, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
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
        let mut table = Table::new(["a", "bb", "c"]).right(&[1]);
        table.row(["\x1b[31mred\x1b[0m".into(), "1".into(), "x".into()]);
        table.row(["日本".into(), "22".into(), "long words at the end".into()]);
        assert_eq!(
            table.lines(24, str::to_owned),
            ["a     bb  c", "\x1b[31mred\x1b[0m    1  x", "日本  22  long words at…"].map(str::to_owned)
        );
    }

    #[test]
    fn one_is_not_many() {
        assert_eq!([0, 1, 2].map(|n| count(n, "section")), ["0 sections", "1 section", "2 sections"]);
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
    }
}
