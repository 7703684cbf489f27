//! `run`: the daemon.

use super::Exit;
use super::complaint::Complaint;
use super::console::Console;
use super::installation;
use crate::config;
use crate::{daemon, telemetry};

/// Takes nothing but the global options.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs until it is told to stop.
pub async fn run(_: Args, console: &Console) -> anyhow::Result<Exit> {
    let path = config::find(console.config.as_deref()).ok_or_else(|| {
        Complaint::usage("no configuration was found").hint("`policywatch init` writes one, --config FILE names one")
    })?;
    let config = installation::config(console)?;
    telemetry::init(&config.log)?;
    let stop = daemon::told_to_stop()?;
    daemon::run(path, config, stop).await?;
    Ok(Exit::Done)
}
