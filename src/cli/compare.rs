//! `compare`: what changed between two files, and whether it matters.

use super::Exit;
use super::complaint::Complaint;
use super::console::Console;
use super::extract::Parts;
use super::input::{self, Type};
use crate::change::{Change, compare};
use crate::clock::{Clock, SystemClock};
use crate::judgment::{Judgment, Materiality, judge};
use crate::reading::{Expected, Reading, Selectors, read};
use crate::render;

/// What is compared, and how.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The older text: a file, or `-` for standard input
    old: String,
    /// The newer text
    new: String,
    /// What the inputs are [default: told by content, else by ending]
    #[arg(long = "type", value_enum, value_name = "TYPE")]
    kind: Option<Type>,
    #[command(flatten)]
    parts: Parts,
    /// Exit with 1 if the change is material
    #[arg(long)]
    exit_code: bool,
}

/// Compares two files.
pub fn run(args: Args, console: &Console) -> anyhow::Result<Exit> {
    let selectors = Selectors::from(args.parts);
    let old = readable(&args.old, args.kind, &selectors)?;
    let new = readable(&args.new, args.kind, &selectors)?;
    let judged = compare(&old, &new).map(|change| {
        let judgment = judge(&change, &old, &new);
        (change, judgment)
    });
    print(judged.as_ref().map(|(change, judgment)| (change, judgment)), console)?;
    let material = judged.is_some_and(|(_, judgment)| judgment.materiality == Materiality::Material);
    Ok(if material && args.exit_code { Exit::Material } else { Exit::Done })
}

fn readable(name: &str, kind: Option<Type>, selectors: &Selectors) -> anyhow::Result<Reading> {
    let snapshot = input::open(name, kind, SystemClock.now())?;
    read(&snapshot, selectors, &Expected::default()).map_err(|unreadable| {
        Complaint::failed(format!("{name} cannot be read as a policy: {unreadable}"))
            .hint(format!("look at it with `policywatch extract {name}`, or name its kind with --type"))
            .into()
    })
}

/// Prints a change; none: the same text.
pub fn print(judged: Option<(&Change, &Judgment)>, console: &Console) -> anyhow::Result<()> {
    if console.json {
        console.object(&render::json::change(judged))?;
        return Ok(());
    }
    match judged {
        None => console.line(console.paint.green("the same text"))?,
        Some((change, judgment)) => {
            console.line(render::plain::change(change, judgment, console.style()).trim_end())?
        }
    }
    Ok(())
}
