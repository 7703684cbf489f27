//! Problems as people read them: the line, and a mark under what is wrong with it.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr as _;

use super::Problem;

/// Writes problems with the lines they stand on, as compilers do. With `colour` for
/// terminals.
pub fn render_problems(problems: &[Problem], colour: bool) -> String {
    let paint = Paint { colour };
    let mut out = String::new();
    for problem in problems {
        // Writing to a String cannot fail.
        let _ = render(&mut out, problem, paint);
    }
    let count = match problems.len() {
        0 => "no problems".to_owned(),
        1 => "1 problem".to_owned(),
        count => format!("{count} problems"),
    };
    let _ = writeln!(
        out,
        "{count}; nothing is in force until {} mended",
        if problems.len() == 1 { "it is" } else { "they are" }
    );
    out
}

fn render(out: &mut String, problem: &Problem, paint: Paint) -> std::fmt::Result {
    let (error, rule, off) = (paint.code("1;31"), paint.code("1;34"), paint.code("0"));
    writeln!(out, "{error}error{off}: {}", problem.message)?;
    let file = problem.file.display();
    if problem.line == 0 {
        writeln!(out, " {rule}-->{off} {file}")?;
    } else {
        let number = problem.line.to_string();
        let margin = " ".repeat(number.len());
        writeln!(out, "{margin}{rule}-->{off} {file}:{}:{}", problem.line, problem.column)?;
        writeln!(out, "{margin} {rule}|{off}")?;
        writeln!(out, "{rule}{number} |{off} {}", shown(&problem.excerpt))?;
        writeln!(out, "{margin} {rule}|{off} {error}{}{off}", mark(problem))?;
    }
    if let Some(hint) = &problem.hint {
        let margin = " ".repeat(problem.line.to_string().len());
        writeln!(out, "{margin} {rule}={off} hint: {hint}")?;
    }
    writeln!(out)
}

/// Carets under the offending text, which may be shorter than it was if it is a secret.
fn mark(problem: &Problem) -> String {
    let before: String = problem.excerpt.chars().take(problem.column - 1).collect();
    let indent = shown(&before).width();
    let rest = shown(&problem.excerpt).width().saturating_sub(indent);
    let carets = shown(&problem.text).width().min(rest).max(1);
    format!("{}{}", " ".repeat(indent), "^".repeat(carets))
}

/// Tabs as four spaces; nothing that could steer a terminal.
fn shown(text: &str) -> String {
    text.replace('\t', "    ").chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[derive(Clone, Copy)]
struct Paint {
    colour: bool,
}

impl Paint {
    fn code(self, code: &str) -> String {
        if self.colour { format!("\u{1b}[{code}m") } else { String::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(excerpt: &str, column: usize, text: &str) -> Problem {
        Problem {
            file: "policywatch.toml".into(),
            line: 12,
            column,
            text: text.to_owned(),
            message: "m".to_owned(),
            hint: None,
            excerpt: excerpt.to_owned(),
        }
    }

    #[test]
    fn the_mark_stands_under_the_text_as_terminals_show_it() {
        for (excerpt, column, text, expected) in [
            ("a = 1", 5, "1", "    ^"),
            ("\ta = 1", 6, "1", "        ^"),
            ("名 = 1", 5, "1", "     ^"),
            ("a = ", 5, "", "    ^"),
            ("secret = …", 10, "\"long long\"", "         ^"),
            ("", 1, "", "^"),
        ] {
            assert_eq!(mark(&problem(excerpt, column, text)), expected, "{excerpt}");
        }
    }

    #[test]
    fn colour_is_for_terminals_only() {
        let problems = [problem("a = 1", 5, "1")];
        assert!(!render_problems(&problems, false).contains('\u{1b}'));
        assert!(render_problems(&problems, true).contains("\u{1b}[1;31merror\u{1b}[0m: m"));
    }
}
