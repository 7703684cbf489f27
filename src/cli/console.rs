//! Where words go: data to standard output, talk to standard error, each with the
//! colours that its end can show.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use super::complaint::Complaint;
use super::table::Table;
use super::{Arguments, Colour};
use crate::judgment::Materiality;
use crate::render::{self, one_line};

/// Lines wider than this are hard to read, however wide the terminal is.
const WIDEST: usize = 110;
/// Where nobody can tell how wide the output is.
const USUAL: usize = 100;

/// Both output streams, and how to speak to them.
#[derive(Clone, Debug)]
pub struct Console {
    /// Whether data is JSON.
    pub json: bool,
    /// The configuration's path, as given.
    pub config: Option<std::path::PathBuf>,
    /// Colours of standard output.
    pub paint: Paint,
    /// Colours of standard error.
    pub paint_err: Paint,
    /// Columns of standard output.
    pub width: usize,
    /// How often `-v` was given.
    pub verbose: u8,
    /// Whether only errors are told.
    pub quiet: bool,
    progress: bool,
}

impl Console {
    pub(super) fn new(arguments: &Arguments) -> Self {
        let coloured = |terminal: bool| match arguments.color {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => {
                terminal
                    && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
                    && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
            }
        };
        let (out, err) = (io::stdout().is_terminal(), io::stderr().is_terminal());
        Self {
            json: arguments.json,
            config: arguments.config.clone(),
            paint: Paint(coloured(out)),
            paint_err: Paint(coloured(err)),
            width: terminal_size::terminal_size().map_or(USUAL, |(width, _)| usize::from(width.0).clamp(40, WIDEST)),
            verbose: arguments.verbose,
            quiet: arguments.quiet,
            progress: err && !arguments.quiet,
        }
    }

    /// How changes and readings are rendered on standard output.
    pub fn style(&self) -> render::plain::Style {
        render::plain::Style { colour: self.paint.0, width: self.width }
    }

    /// Prints a line of data.
    pub fn line(&self, text: impl Display) -> io::Result<()> {
        writeln!(io::stdout().lock(), "{text}")
    }

    /// Prints a table, its headings dim.
    pub fn table(&self, table: &Table) -> io::Result<()> {
        table.lines(self.width, |heading| self.paint.dim(heading)).into_iter().try_for_each(|line| self.line(line))
    }

    /// Prints data that has its line ends already.
    pub fn text(&self, text: &str) -> io::Result<()> {
        io::stdout().lock().write_all(text.as_bytes())
    }

    /// Prints an object as one line of JSON.
    pub fn object(&self, value: &impl Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(value)?;
        line.push(b'\n');
        io::stdout().lock().write_all(&line)
    }

    /// Tells people something, unless they want quiet. Nobody hearing it is no failure.
    pub fn say(&self, text: impl Display) {
        if !self.quiet {
            let _ = writeln!(io::stderr().lock(), "{text}");
        }
    }

    /// Warns of something that does not stop the work.
    pub fn warn(&self, text: impl Display) {
        let _ = writeln!(io::stderr().lock(), "{} {text}", self.paint_err.yellow("warning:"));
    }

    /// Tells what went wrong, and what to do next.
    pub fn error(&self, error: &anyhow::Error) {
        let (what, hint) = Complaint::parts_of(error);
        let mut err = io::stderr().lock();
        let _ = writeln!(err, "{} {}", self.paint_err.red("error:"), one_line(&what));
        if let Some(hint) = hint {
            let _ = writeln!(err, "{} {}", self.paint_err.cyan(" hint:"), one_line(&hint));
        }
    }

    /// A bar on standard error while something of known length is done; invisible where
    /// that is no terminal.
    pub fn progress(&self, length: u64, what: &str) -> ProgressBar {
        if !self.progress || length < 2 {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr());
        bar.set_style(
            ProgressStyle::with_template("  {prefix} {bar:28.cyan/dim} {pos:>4}/{len} {msg:.dim}")
                .unwrap_or_else(|_| ProgressStyle::default_bar())
                .progress_chars("━━─"),
        );
        bar.set_prefix(what.to_owned());
        bar.enable_steady_tick(Duration::from_millis(100));
        bar
    }
}

impl Console {
    /// A sign of life on standard error while something of unknown length is done; invisible
    /// where that is no terminal.
    pub fn spinner(&self, what: &str) -> ProgressBar {
        if !self.progress {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::new_spinner().with_message(one_line(what));
        bar.enable_steady_tick(Duration::from_millis(100));
        bar
    }
}

/// Colours, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paint(pub bool);

impl Paint {
    fn with(self, code: &str, text: impl Display) -> String {
        if self.0 { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_string() }
    }

    /// What stands out.
    pub fn bold(self, text: impl Display) -> String {
        self.with("1", text)
    }

    /// What matters less.
    pub fn dim(self, text: impl Display) -> String {
        self.with("2", text)
    }

    /// What is wrong or grave.
    pub fn red(self, text: impl Display) -> String {
        self.with("1;31", text)
    }

    /// What wants a look.
    pub fn yellow(self, text: impl Display) -> String {
        self.with("33", text)
    }

    /// What is well.
    pub fn green(self, text: impl Display) -> String {
        self.with("32", text)
    }

    /// What can be done, and names.
    pub fn cyan(self, text: impl Display) -> String {
        self.with("36", text)
    }

    /// Text in the colour of how much it matters.
    pub fn matters(self, materiality: Materiality, text: impl Display) -> String {
        match materiality {
            Materiality::Material => self.red(text),
            Materiality::Minor => self.yellow(text),
            Materiality::Editorial => self.dim(text),
        }
    }
}
