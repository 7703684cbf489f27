//! `demo`: the whole product in a minute. A made-up company, its archive and a receiver
//! run on loopback; configuration, store, fetcher, checks and deliveries are the real ones.

mod pages;
mod policy;
mod receiver;
mod site;
mod story;

use std::path::{Path, PathBuf};

use anyhow::Context;

use self::receiver::Receiver;
use self::site::Site;
use self::story::Story;
use super::Exit;
use super::complaint::Complaint;
use super::console::Console;
use super::installation::Installation;
use crate::channel::ChannelKind;
use crate::config;
use crate::store::Store;

/// The watch of the demo.
pub const WATCH: &str = "halcyon-privacy";
/// A secret that is none: 24 bytes, as Standard Webhooks writes secrets.
const SECRET: &str = "whsec_ZGVtbyBzZWNyZXQsIG5vdCBzZWNyZXQu";

/// What stays.
#[derive(Debug, clap::Args)]
#[command(after_help = r#"Example:
  policywatch demo --keep tour"#)]
pub struct Args {
    /// Keep the store and the configuration here, to go on exploring
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

/// Plays the demo; fails if anything did not happen that should have.
pub async fn run(args: Args, console: &Console) -> anyhow::Result<Exit> {
    let scratch = tempfile::tempdir().context("could not make a temporary directory")?;
    let home = &std::path::absolute(args.keep.as_deref().unwrap_or(scratch.path()))?;
    std::fs::create_dir_all(home).with_context(|| format!("could not make {}", home.display()))?;
    let path = home.join("policywatch.toml");
    if path.exists() {
        return Err(Complaint::usage(format!("{} exists already", path.display()))
            .hint("name an empty directory, or a new one: policywatch demo --keep DIR")
            .into());
    }

    let site = Site::serve().await?;
    let secret = secret(home, &path, &site).await?;
    let receiver = Receiver::serve(secret).await?;
    write(&path, &configuration(home, &site, &receiver.url()))?;
    let installation = open(&path).await?;

    let mut story = Story::new(console, &installation, site, receiver);
    story.tell().await?;
    story.farewell(args.keep.is_some().then_some(home))?;
    match story.missed() {
        [] => Ok(Exit::Done),
        missed => Err(Complaint::failed(format!("the demo did not go as it should: {}", missed.join("; ")))
            .hint("please report this with the output above")
            .into()),
    }
}

/// Opens the installation that a configuration file describes.
async fn open(path: &Path) -> anyhow::Result<Installation> {
    let config = config::load(path).map_err(|problems| {
        let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
        Complaint::failed(format!("the demo's own configuration is not accepted: {}", problems.join("; ")))
    })?;
    let store = Store::open(&config.store_path).await?;
    let installation = Installation::of(config, store);
    installation.put_in_force().await?;
    Ok(installation)
}

/// The secret as the configuration reads it, so that both ends share it.
async fn secret(home: &Path, path: &Path, site: &Site) -> anyhow::Result<crate::channel::Secret> {
    write(path, &configuration(home, site, "http://127.0.0.1:9/hook"))?;
    let config = config::load(path).map_err(|problems| {
        let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
        Complaint::failed(format!("the demo's own configuration is not accepted: {}", problems.join("; ")))
    })?;
    match config.channels.into_iter().next().map(|channel| channel.kind) {
        Some(ChannelKind::Webhook { secret: Some(secret), .. }) => Ok(secret),
        _ => Err(Complaint::failed("the demo's channel has no secret").into()),
    }
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::write(path, text).with_context(|| format!("could not write {}", path.display()))
}

/// The configuration of the demo: what a user would write, but for the loopback addresses.
fn configuration(home: &Path, site: &Site, hook: &str) -> String {
    let store = home.join("policywatch.db");
    let base = site.base();
    format!(
        r#"# Written by `policywatch demo`. The company, its archive and the receiver were served
# on loopback while the demo ran; the history in the store stays.

[store]
path = {store:?}

[fetch]
user_agent = "policywatch-demo"
# Only because everything here is on loopback.
allow = ["127.0.0.1"]
pause_per_host = "0s"

[wayback]
base_url = "{base}"
index_pause = "0s"
capture_pause = "0s"

[[channel]]
name = "legal-desk"
kind = "webhook"
url = "{hook}"
secret = "{SECRET}"

[[watch]]
id = "{WATCH}"
url = "{base}/privacy"
service = "Halcyon Storage"
type = "privacy"
every = "6h"
render = "never"
archive_if_blocked = false
notify = ["legal-desk"]
"#
    )
}
