//! The command line: arguments to use cases, their results to people and programs.
//!
//! Data goes to standard output, talk to standard error. One file a verb.
//! The only place beside `main` that knows `clap`, `anyhow` and exit codes.

pub mod add;
pub mod backfill;
pub mod backtest;
pub mod browse;
pub mod compare;
pub mod complaint;
pub mod config;
pub mod console;
pub mod declarations;
pub mod deliveries;
pub mod demo;
pub mod diff;
mod errands;
pub mod export;
pub mod extract;
pub mod fetch;
pub mod import;
mod imported;
pub mod init;
pub mod input;
pub mod installation;
pub mod list;
pub mod log;
pub mod moves;
pub mod run;
pub mod show;
pub mod table;
pub mod unpack;
pub mod verify;
pub mod when;
pub mod why;

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{ArgAction, Parser, Subcommand, ValueEnum};

use self::complaint::Complaint;
use self::console::Console;
use crate::telemetry;

/// How long work in other threads may take once a verb has ended. A read that hangs (of a
/// terminal, of a dead file server) must not keep the process alive.
const LAST_WORK: Duration = Duration::from_secs(1);

/// How a verb ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done; nothing material, or nobody asked.
    Done,
    /// A material change was found, and `--exit-code` was given.
    Material,
    /// Usage or configuration.
    Usage,
    /// The work failed.
    Failed,
}

impl Exit {
    /// The number of the contract.
    pub fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Material => 1,
            Exit::Usage => 2,
            Exit::Failed => 3,
        }
    }
}

/// Above the options that every verb takes.
const GLOBAL: &str = "Global options";

/// Follows published policies, tells what changed in them, and keeps the proof.
#[derive(Debug, Parser)]
#[command(
    name = "policywatch",
    version,
    arg_required_else_help = true,
    disable_help_subcommand = true,
    after_help = "Start with `policywatch demo` (no network, nothing to configure), then `policywatch init`.\n\
                  Exit codes: 0 done, 1 material change (with --exit-code), 2 usage or configuration, 3 failure."
)]
struct Arguments {
    /// The configuration [default: ./policywatch.toml, then the user's, then the system's]
    #[arg(long, global = true, help_heading = GLOBAL, value_name = "FILE", env = "POLICYWATCH_CONFIG", hide_env_values = true)]
    config: Option<PathBuf>,
    /// Print data as JSON, one object a line
    #[arg(long, global = true, help_heading = GLOBAL)]
    json: bool,
    /// Colour the output
    #[arg(long, global = true, help_heading = GLOBAL, value_name = "WHEN", value_enum, default_value_t = Colour::Auto, hide_possible_values = true)]
    color: Colour,
    /// Say more on standard error (-vv: everything)
    #[arg(short, long, global = true, help_heading = GLOBAL, action = ArgAction::Count)]
    verbose: u8,
    /// Say nothing but errors on standard error
    #[arg(short, long, global = true, help_heading = GLOBAL)]
    quiet: bool,
    #[command(subcommand)]
    verb: Verb,
}

/// When output is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Colour {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Show the whole product in a minute, with a made-up company on loopback
    Demo(demo::Args),
    /// Write a commented configuration
    Init(init::Args),
    /// Find the policies behind a URL, and add watches to the configuration
    Add(add::Args),
    /// Show the watches: their state, and what is due
    List(list::Args),
    /// Check watches now, once, or read any URL
    Fetch(fetch::Args),
    /// Read the history of watches from a web archive
    Backfill(backfill::Args),
    /// Run the daemon: check what is due, deliver what waits
    Run(run::Args),
    /// Show a watch's versions and changes as a timeline
    Log(log::Args),
    /// Print the text of record
    Show(show::Args),
    /// Show what changed between two versions
    Diff(diff::Args),
    /// Show where a policy went, and decide where its watch goes on
    Move(moves::Args),
    /// Say how a check or a version was decided, and who was told
    Why(why::Args),
    /// Judge the stored history again, with other rules or thresholds; nothing is recorded
    Backtest(backtest::Args),
    /// Read files, URLs or standard input; nothing is recorded
    Extract(extract::Args),
    /// Compare two files and judge the change; nothing is recorded
    Compare(compare::Args),
    /// Record the captures of an archive file, or take over watches from another program
    Import(import::Args),
    /// Write the record as WARC, WACZ, JSON lines, a git repository or Markdown
    Export(export::Args),
    /// Show what was sent, what waits, what died; try again; send a test
    Deliveries(deliveries::Args),
    /// Check the store: digests, versions, integrity
    Verify(verify::Args),
    /// Work with the configuration
    Config(config::Args),
    /// Read a document for another run of this program
    #[command(name = crate::unpack::VERB, hide = true)]
    Unpack(unpack::Args),
    /// Keep a browser for another run of this program
    #[command(name = crate::fetch::browser::keeper::VERB, hide = true)]
    Browse(browse::Args),
}

/// Runs one command line; answers with its exit code.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are data; a broken pipe while printing them is no news.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { Exit::Usage.code() } else { Exit::Done.code() });
        }
    };
    if let Verb::Unpack(args) = &arguments.verb {
        // No runtime, no log, no configuration: it has nothing but two pipes and its limits.
        return unpack::run(args);
    }
    let arguments = match arguments {
        // Likewise: it has nothing but a browser to look after.
        Arguments { verb: Verb::Browse(args), .. } => return browse::run(args),
        others => others,
    };
    let console = Console::new(&arguments);
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    if let Verb::Import(_) = arguments.verb {
        // One thread reads the file, one reads pages and writes; every further thread
        // would keep its own heap of freed pages, some 20 MB in all.
        runtime.worker_threads(1).max_blocking_threads(2);
    }
    let ended = runtime.enable_all().build().map_err(anyhow::Error::from).and_then(|runtime| {
        let ended = runtime.block_on(dispatch(arguments, &console));
        runtime.shutdown_timeout(LAST_WORK);
        ended
    });
    match ended {
        Ok(exit) => ExitCode::from(exit.code()),
        Err(error) if is_broken_pipe(&error) => ExitCode::from(Exit::Done.code()),
        Err(error) => {
            console.error(&error);
            ExitCode::from(Complaint::exit_of(&error).code())
        }
    }
}

async fn dispatch(arguments: Arguments, console: &Console) -> anyhow::Result<Exit> {
    if !matches!(arguments.verb, Verb::Run(_)) {
        // The daemon logs as its configuration says; the other verbs speak for themselves.
        let filter = match (arguments.quiet, arguments.verbose) {
            (true, _) => "off",
            (false, 0) => "policywatch=warn",
            (false, 1) => "policywatch=info",
            (false, _) => "policywatch=debug",
        };
        telemetry::init(&telemetry::Options { filter: filter.to_owned(), json: false })?;
    }
    match arguments.verb {
        Verb::Demo(args) => demo::run(args, console).await,
        Verb::Init(args) => init::run(args, console),
        Verb::Add(args) => add::run(args, console).await,
        Verb::List(args) => list::run(args, console).await,
        Verb::Fetch(args) => fetch::run(args, console).await,
        Verb::Backfill(args) => backfill::run(args, console).await,
        Verb::Run(args) => run::run(args, console).await,
        Verb::Log(args) => log::run(args, console).await,
        Verb::Show(args) => show::run(args, console).await,
        Verb::Diff(args) => diff::run(args, console).await,
        Verb::Move(args) => moves::run(args, console).await,
        Verb::Why(args) => why::run(args, console).await,
        Verb::Backtest(args) => backtest::run(args, console).await,
        Verb::Extract(args) => extract::run(args, console).await,
        Verb::Compare(args) => compare::run(args, console),
        Verb::Import(args) => import::run(args, console).await,
        Verb::Export(args) => export::run(args, console).await,
        Verb::Deliveries(args) => deliveries::run(args, console).await,
        Verb::Verify(args) => verify::run(args, console).await,
        Verb::Config(args) => config::run(args, console),
        Verb::Unpack(_) | Verb::Browse(_) => Ok(Exit::Usage),
    }
}

/// Whether the reader of our output went away: no fault, and nobody left to tell.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}
