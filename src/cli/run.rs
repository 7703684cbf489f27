//! `run`: the daemon.

use super::Exit;
use super::console::Console;
use super::installation;
use crate::{daemon, telemetry};

/// Takes nothing but the global options.
#[derive(Debug, clap::Args)]
#[command(after_help = r#"SIGTERM or Ctrl-C ends it; SIGHUP reads the configuration again."#)]
pub struct Args {}

/// Runs until it is told to stop.
pub async fn run(_: Args, console: &Console) -> anyhow::Result<Exit> {
    let path = installation::needed(console)?;
    let config = installation::config(console)?;
    telemetry::init(&config.log)?;
    let stop = daemon::told_to_stop()?;
    daemon::run(path, config, stop).await?;
    Ok(Exit::Done)
}
