//! `import`: another archive's captures, recorded as the history of a watch.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Context;
use clap::ValueEnum;
use serde::Serialize;

use super::complaint::Complaint;
use super::console::Console;
use super::extract::Parts;
use super::installation::Installation;
use super::table::Table;
use super::{Exit, log, when};
use crate::clock::SystemClock;
use crate::exchange::import::{Ending, ImportError, Imported, import};
use crate::judgment::Materiality;
use crate::render::json::{self, ChangeObject, ReadingObject};
use crate::render::one_line;
use crate::time::rfc3339;
use crate::unpack::Unpacker;
use crate::watch::WatchId;

/// What is imported, and into which watch.
#[derive(Debug, clap::Args)]
#[command(after_help = r#"Example:
  policywatch import warc crawl.warc.gz --watch acme

Importing a file again records nothing twice."#)]
pub struct Args {
    /// What the file is: warc (.warc, .warc.gz, .warc.zst)
    #[arg(value_enum, hide_possible_values = true)]
    format: Format,
    /// The file
    path: PathBuf,
    /// The watch whose history it is; created if the configuration lacks it
    #[arg(long, value_name = "ID")]
    watch: String,
    #[command(flatten)]
    parts: Parts,
    /// Print the reading of every capture too (with --json)
    #[arg(long)]
    full: bool,
    /// Tell the watch's channels of the changes
    #[arg(long)]
    alert: bool,
}

/// A format that can be imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// ISO 28500: .warc, .warc.gz, .warc.zst
    Warc,
}

/// The "imported record" of the contract.
#[derive(Debug, Serialize)]
struct Record<'a> {
    watch: &'a str,
    record_id: &'a str,
    captured_at: String,
    outcome: &'static str,
    why: Option<&'static str>,
    version: Option<u32>,
    change: Option<ChangeObject>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reading: Option<ReadingObject>,
}

/// Imports a file.
pub async fn run(args: Args, console: &Console) -> anyhow::Result<Exit> {
    let Format::Warc = args.format;
    if !args.path.is_file() {
        return Err(Complaint::failed(format!("{} is no file that can be read", args.path.display()))
            .hint("name a .warc, .warc.gz or .warc.zst file")
            .into());
    }
    let id = WatchId::new(&args.watch).map_err(|error| Complaint::usage(error.to_string()))?;
    let installation = Installation::open(console).await?;
    let watch = installation.watch_or_adopted(&id, args.parts).await?;

    let mut seen = Seen::default();
    let mut bar = None;
    let ended = import(
        &args.path,
        &watch,
        args.alert,
        &installation.store,
        &SystemClock,
        &Unpacker::this_program(),
        |total, imported| {
            let bar = bar.get_or_insert_with(|| console.progress(total as u64, "import"));
            bar.set_message(when::day(imported.captured_at));
            bar.inc(1);
            seen.count(&imported);
            if console.json {
                console.object(&record(id.as_str(), &imported, args.full))?;
            }
            Ok(())
        },
    )
    .await;
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    match &ended {
        Ok(summary) if summary.other_pages > 0 => console.warn(format!(
            "{} captures are of none of the pages of watch \"{id}\", so they were not recorded; name their pages under \
             pages in the configuration, or import them into a watch of their own",
            summary.other_pages
        )),
        Ok(summary) if summary.read == 0 => {
            console.warn(format!("{} holds no captures, so nothing was recorded", args.path.display()));
        }
        Ok(summary) if summary.older > 0 => console
            .say(format!("{} captures were older than what was recorded; the history was derived anew", summary.older)),
        _ => {}
    }
    if !console.json {
        seen.print(&installation, &id, console).await?;
    }
    match ended {
        Ok(_) => Ok(Exit::Done),
        Err(ImportError::Told(error)) => Err(error.into()),
        Err(error @ ImportError::Warc(_)) if seen.total() > 0 => Err(anyhow::Error::from(error))
            .with_context(|| format!("the {} captures before are recorded, the rest is not", seen.total())),
        Err(error) => Err(error.into()),
    }
}

fn record<'a>(watch: &'a str, imported: &'a Imported, full: bool) -> Record<'a> {
    let (outcome, why, change) = match &imported.ending {
        Ending::First => ("first", None, None),
        Ending::Unchanged => ("unchanged", None, None),
        Ending::Changed(judged) => ("changed", None, Some(json::change(Some((&judged.0, &judged.1))))),
        Ending::Unreadable(unreadable) => ("unreadable", Some(unreadable.why.as_str()), None),
    };
    let id = &imported.record_id;
    let reading = match (&imported.reading, &imported.ending) {
        (Some(reading), _) if full => Some(json::reading(id, Ok(reading))),
        (None, Ending::Unreadable(unreadable)) if full => Some(json::reading(id, Err(unreadable))),
        _ => None,
    };
    let captured_at = rfc3339(imported.captured_at);
    Record { watch, record_id: id, captured_at, outcome, why, version: imported.version, change, reading }
}

/// What an import saw, for people.
#[derive(Debug, Default)]
struct Seen {
    held: usize,
    versions: usize,
    unchanged: usize,
    unreadable: BTreeMap<&'static str, usize>,
    material: usize,
}

impl Seen {
    fn count(&mut self, imported: &Imported) {
        self.held += usize::from(imported.held);
        match &imported.ending {
            Ending::First => self.versions += 1,
            Ending::Changed(judged) => {
                self.versions += 1;
                self.material += usize::from(judged.1.materiality == Materiality::Material);
            }
            Ending::Unchanged => self.unchanged += 1,
            Ending::Unreadable(unreadable) => *self.unreadable.entry(unreadable.why.as_str()).or_default() += 1,
        }
    }

    fn total(&self) -> usize {
        self.versions + self.unchanged + self.unreadable.values().sum::<usize>()
    }

    async fn print(&self, installation: &Installation, id: &WatchId, console: &Console) -> anyhow::Result<()> {
        if self.total() == 0 {
            return Ok(());
        }
        if self.versions > 0 {
            log::timeline(installation, id, console).await?;
            console.line("")?;
        }
        let mut table =
            Table::new(["captures", "versions", "material", "unchanged", "not the policy"]).right(&[0, 1, 2, 3]);
        let refused = self.unreadable.iter().map(|(why, count)| format!("{count} {why}")).collect::<Vec<_>>();
        table.row([
            self.total().to_string(),
            self.versions.to_string(),
            self.material.to_string(),
            self.unchanged.to_string(),
            if refused.is_empty() { "0".to_owned() } else { one_line(&refused.join(", ")) },
        ]);
        console.table(&table)?;
        if self.held > 0 {
            console.say(format!("{} of the captures were recorded by an earlier import", self.held));
        }
        Ok(())
    }
}
