//! `compare`: what changed between two files, and whether it matters.

use super::Exit;
use super::complaint::Complaint;
use super::console::Console;
use super::extract::{Parts, tell_unmatched};
use super::input::{self, Type};
use super::installation;
use crate::change::{Change, compare};
use crate::clock::{Clock, SystemClock};
use crate::config;
use crate::judgment::{Judgment, Materiality, Rules, judge_by};
use crate::reading::{Expected, Reading, Selectors, Unreadable, Why, read};
use crate::render::html::{self, Sides};
use crate::render::{self, escape};
use crate::unpack::Unpacker;

/// What is compared, and how.
#[derive(Debug, clap::Args)]
#[command(after_help = r#"Examples:
  policywatch compare old.html new.html
  policywatch compare --json --exit-code old.pdf new.html
  policywatch compare --html old.html new.html > change.html

Rules of your own and disable_rules hold here too, where the configuration has them for all watches."#)]
pub struct Args {
    /// The older text: a file, or `-` for standard input
    old: String,
    /// The newer text, likewise
    new: String,
    /// What the inputs are: html, pdf, docx, markdown or text [default: told by content, else by ending]
    #[arg(long = "type", value_enum, value_name = "TYPE", hide_possible_values = true)]
    kind: Option<Type>,
    #[command(flatten)]
    parts: Parts,
    /// Print one page of HTML that needs nothing else, for a browser or to send along
    #[arg(long)]
    html: bool,
    /// Exit with 1 if the change is material
    #[arg(long)]
    exit_code: bool,
}

/// Compares two files.
pub fn run(args: Args, console: &Console) -> anyhow::Result<Exit> {
    let face = Face::of(args.html, console, || Sides {
        subject: "Two files".to_owned(),
        from: args.old.clone(),
        to: args.new.clone(),
    })?;
    let selectors = Selectors::from(args.parts);
    let sides = [readable(&args.old, args.kind, &selectors)?, readable(&args.new, args.kind, &selectors)?];
    let (old, new) = match sides {
        [Ok(old), Ok(new)] => (old, new),
        [old, new] => return no_policy(old.err().as_ref(), new.err().as_ref(), &face, console),
    };
    tell_unmatched(&args.old, &old, console);
    tell_unmatched(&args.new, &new, console);
    let rules = rules(console)?;
    let judged = compare(&old, &new).map(|mut change| {
        change.crosses_readings = old.unmatched.fell_back != new.unmatched.fell_back;
        let judgment = judge_by(&change, &old, &new, &rules);
        (change, judgment)
    });
    print(judged.as_ref().map(|(change, judgment)| (change, judgment)), &face, console)?;
    let material = judged.is_some_and(|(_, judgment)| judgment.materiality == Materiality::Material);
    Ok(if material && args.exit_code { Exit::Material } else { Exit::Done })
}

/// The rules of the configuration that hold for every watch. One that was named must be
/// sound; one that only lies there must not keep two files from being compared.
fn rules(console: &Console) -> anyhow::Result<Rules> {
    if console.config.is_some() {
        return Ok(installation::config(console)?.rules_for_all());
    }
    let Some(path) = installation::found(console)? else { return Ok(Rules::default()) };
    Ok(config::load(&path).map(|config| config.rules_for_all()).unwrap_or_else(|_| {
        let path = path.display();
        console.warn(format!("{path} is not sound, so no rules of yours are tried; see `policywatch config check`"));
        Rules::default()
    }))
}

/// A file as read, or why it is not the policy; what we cannot read at all is an error.
fn readable(name: &str, kind: Option<Type>, selectors: &Selectors) -> anyhow::Result<Result<Reading, Unreadable>> {
    let snapshot = input::open(name, kind, SystemClock.now())?;
    let unpacked = Unpacker::this_program().unpack(&snapshot)?;
    match read(&snapshot, selectors, &Expected { unpacked: unpacked.as_ref(), ..Expected::default() }) {
        Err(unreadable) if matches!(unreadable.why, Why::UnsupportedType | Why::Malformed) => {
            Err(Complaint::failed(format!("{name} cannot be read: {unreadable}"))
                .hint(format!("look at it with `policywatch extract {name}`, or name its kind with --type"))
                .into())
        }
        judged => Ok(judged),
    }
}

/// How a change is shown.
pub enum Face {
    /// For a terminal.
    Plain,
    /// One line of JSON.
    Json,
    /// One page of HTML, with what stands above the change.
    Html(Sides),
}

impl Face {
    /// The face that was asked for.
    pub fn of(html: bool, console: &Console, sides: impl FnOnce() -> Sides) -> anyhow::Result<Self> {
        match (html, console.json) {
            (true, true) => Err(Complaint::usage("--html and --json are two ways to print one change")
                .hint("give one of them")
                .into()),
            (true, false) => Ok(Self::Html(sides())),
            (false, true) => Ok(Self::Json),
            (false, false) => Ok(Self::Plain),
        }
    }
}

/// A side that is no policy is an artefact of fetching, not a change of the policy.
fn no_policy(
    old: Option<&Unreadable>,
    new: Option<&Unreadable>,
    face: &Face,
    console: &Console,
) -> anyhow::Result<Exit> {
    let object = render::json::no_policy(old, new);
    match face {
        Face::Json => console.object(&object)?,
        Face::Html(sides) => console.text(&html::unchanged(object.summary(), sides))?,
        Face::Plain => console.line(escape(object.summary()))?,
    }
    Ok(Exit::Done)
}

/// Prints a change; none: the same text.
pub fn print(judged: Option<(&Change, &Judgment)>, face: &Face, console: &Console) -> anyhow::Result<()> {
    match (face, judged) {
        (Face::Json, _) => console.object(&render::json::change(judged))?,
        (Face::Html(sides), _) => console.text(&html::change(judged, sides))?,
        (Face::Plain, None) => console.line(console.paint.green("the same text"))?,
        (Face::Plain, Some((change, judgment))) => {
            console.line(render::plain::change(change, judgment, console.style()).trim_end())?;
        }
    }
    Ok(())
}
