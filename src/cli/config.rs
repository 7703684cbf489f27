//! `config check`: what is in force, and what is wrong with it.

use clap::Subcommand;
use serde::Serialize;

use super::console::Console;
use super::table::count;
use super::{Exit, installation};
use crate::clock::{Clock, SystemClock};
use crate::config::{self, Problem};

/// What is done with the configuration.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Show what is in force, and everything that is wrong
    Check,
}

#[derive(Serialize)]
struct Row<'a> {
    file: String,
    line: usize,
    column: usize,
    text: &'a str,
    message: &'a str,
    hint: Option<&'a str>,
}

/// Checks the configuration.
pub fn run(args: Args, console: &Console) -> anyhow::Result<Exit> {
    let What::Check = args.what;
    let path = installation::needed(console)?;
    match config::load(&path) {
        Ok(config) => {
            let in_force = config::in_force(&config, SystemClock.now());
            if console.json {
                console.object(&in_force)?;
            } else {
                console.line(in_force.to_string().trim_end())?;
                console.say(format!(
                    "{} {} is sound: {}, {}",
                    console.paint_err.green("✓"),
                    path.display(),
                    count(config.watches.len(), "watch"),
                    count(config.channels.len(), "channel")
                ));
            }
            Ok(Exit::Done)
        }
        Err(problems) => {
            if console.json {
                problems.iter().try_for_each(|problem| console.object(&row(problem)))?;
            } else {
                console.text(&config::render_problems(&problems, console.paint.0))?;
            }
            Ok(Exit::Usage)
        }
    }
}

fn row(problem: &Problem) -> Row<'_> {
    Row {
        file: problem.file.display().to_string(),
        line: problem.line,
        column: problem.column,
        text: &problem.text,
        message: &problem.message,
        hint: problem.hint.as_deref(),
    }
}
