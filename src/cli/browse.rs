//! `browse`: what [`crate::fetch::browser`] runs; hidden, for it is of no use to people.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use crate::fetch::browser::keeper::{Kept, keep};

/// How the browser is kept.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Removed in the end
    #[arg(long)]
    profile: PathBuf,
    /// In bytes
    #[arg(long)]
    memory: u64,
    /// In seconds
    #[arg(long)]
    wall: u64,
    /// The browser, and what it is told
    #[arg(last = true, required = true)]
    command: Vec<OsString>,
}

/// Runs a browser until it ends, or must.
pub fn run(args: Args) -> ExitCode {
    let Args { profile, memory, wall, command } = args;
    ExitCode::from(keep(&Kept { profile, memory, wall: Duration::from_secs(wall), command }))
}
