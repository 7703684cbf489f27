//! A policy as Markdown: for files that people keep and other programs read.
//!
//! Marks that the policy's own words contain are escaped where Markdown would take them for
//! its own, and only there, so that a difference between two files shows words.

use crate::reading::Reading;
use crate::section::Section;
use crate::text::{BlockKind, CELL_BREAK};

/// A reading, heading by heading.
pub fn markdown(reading: &Reading) -> String {
    let mut out = String::new();
    for section in &reading.sections {
        write(section, &mut out);
    }
    let end = out.trim_end().len();
    out.truncate(end);
    out.push('\n');
    out
}

fn write(section: &Section, out: &mut String) {
    if let Some(heading) = &section.heading {
        let marks = "#".repeat(usize::from(section.level.clamp(1, 6)));
        out.push_str(&format!("{marks} {}\n\n", line(heading)));
    }
    let mut before: Option<&BlockKind> = None;
    for block in &section.blocks {
        let inside = |kind: &BlockKind| match kind {
            BlockKind::ListItem { .. } => 1,
            BlockKind::TableHeader | BlockKind::TableRow => 2,
            _ => 0,
        };
        let table = inside(&block.kind) == 2 && before.is_some_and(|before| inside(before) == 2);
        let list = inside(&block.kind) == 1 && before.is_some_and(|before| inside(before) == 1);
        let new_table = matches!(block.kind, BlockKind::TableHeader) || !table;
        if before.is_some() && !list && (new_table || !table) {
            out.push('\n');
        }
        match &block.kind {
            BlockKind::ListItem { depth } => {
                out.push_str(&"  ".repeat(usize::from(depth.saturating_sub(1))));
                out.push_str(&format!("- {}\n", line(&block.text)));
            }
            BlockKind::TableHeader | BlockKind::TableRow => row(&block.text, new_table, out),
            BlockKind::Term => out.push_str(&format!("**{}**\n", line(&block.text))),
            BlockKind::Preformatted => {
                let fence = "`".repeat(longest_run(&block.text, '`').max(2) + 1);
                out.push_str(&format!("{fence}\n{}\n{fence}\n", block.text));
            }
            BlockKind::Heading { .. } | BlockKind::Paragraph | BlockKind::Definition => {
                out.push_str(&format!("{}\n", line(&block.text)));
            }
        }
        before = Some(&block.kind);
    }
    if before.is_some() {
        out.push('\n');
    }
}

/// A row; the first of a table names the columns, since Markdown knows no other tables.
fn row(text: &str, first: bool, out: &mut String) {
    let cells: Vec<String> = text.split(CELL_BREAK).map(|cell| line(cell).replace('|', "\\|")).collect();
    out.push_str(&format!("| {} |\n", cells.join(" | ")));
    if first {
        out.push_str(&format!("|{}\n", " --- |".repeat(cells.len())));
    }
}

fn longest_run(text: &str, mark: char) -> usize {
    text.split(|c| c != mark).map(str::len).max().unwrap_or(0)
}

/// Words on one line that Markdown reads as words.
fn line(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let after = rest.peek().copied().unwrap_or(' ');
        let inside = before.is_alphanumeric() && after.is_alphanumeric();
        let mark = match c {
            '\\' | '`' | '*' | '[' | ']' | '<' => true,
            '_' => !inside,
            '~' => after == '~' || before == '~',
            '#' | '>' | '+' | '=' | '-' => out.is_empty() || c == '-' && out.trim_start_matches('-').is_empty(),
            // "1." begins a list.
            '.' | ')' => out.len() < 10 && !out.is_empty() && out.bytes().all(|b| b.is_ascii_digit()),
            '&' => after == '#' || after.is_ascii_alphabetic(),
            _ => false,
        };
        if mark {
            out.push('\\');
        }
        out.push(c);
        before = c;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::section::section;
    use crate::text::{Block, markdown as read};

    fn reading(blocks: Vec<Block>) -> Reading {
        Reading { sections: section(blocks), ..Reading::default() }
    }

    #[test]
    fn what_is_written_reads_as_it_was() {
        let source = "# Privacy\n\nWe *collect* data_about_you \\<b\\> & more.\n\n## 1. Cookies\n\n- one\n  - two\n- three\n\n\
                      | Name | Kept |\n| --- | --- |\n| \\_ga | 1 year |\n| id | 2 \\| 3 |\n\n1\\. not a list\n\n```\nas it is\n```\n";
        let first = reading(read::blocks(source));
        let again = reading(read::blocks(&markdown(&first)));
        assert_eq!(again.text(), first.text(), "{}", markdown(&first));
        let levels = |reading: &Reading| reading.sections.iter().map(|s| s.path.clone()).collect::<Vec<_>>();
        assert_eq!(levels(&again), levels(&first));
    }
}
