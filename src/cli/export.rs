//! `export`: the record in formats that other programs read.

use std::path::PathBuf;

use clap::ValueEnum;
use serde::Serialize;

use super::Exit;
use super::complaint::Complaint;
use super::console::Console;
use super::installation::Installation;
use super::table::count;
use super::when::Span;
use crate::exchange::export::{self, ExportError, Selection, Written};

/// What is exported, and where to.
#[derive(Debug, clap::Args)]
#[command(after_help = r#"Formats:
  warc       every capture as served, for web archives (.warc, .warc.gz, .warc.zst)
  wacz       the same as a collection, for ReplayWeb.page (.wacz)
  jsonl      everything on record, one JSON object a line; `import jsonl` brings it back
  git        a repository: one commit a version, dated by its capture, a Markdown file a watch
  markdown   a folder: one Markdown file a version

Examples:
  policywatch export warc policies.warc.gz
  policywatch export git ./history --watch acme --watch other --from 2020

The same record gives the same bytes. A file that is there is never overwritten; a
repository of an earlier export goes on from where it ended."#)]
pub struct Args {
    /// What is written: one of the formats below
    #[arg(value_enum, hide_possible_values = true)]
    format: Format,
    /// The file, folder or repository that is made
    path: PathBuf,
    /// Only this watch (repeatable) [default: all, retired ones too]
    #[arg(long, value_name = "ID")]
    watch: Vec<String>,
    /// Nothing captured before this date
    #[arg(long, value_name = "DATE")]
    from: Option<String>,
    /// Nothing captured after this date
    #[arg(long, value_name = "DATE")]
    to: Option<String>,
    /// Only say how much there is; nothing is written
    #[arg(long)]
    dry_run: bool,
}

/// A format that can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// ISO 28500
    Warc,
    /// WACZ 1.1.1
    Wacz,
    /// Everything, as JSON
    Jsonl,
    /// One commit a version
    Git,
    /// One file a version
    Markdown,
}

#[derive(Serialize)]
struct Row {
    path: String,
    format: String,
    watches: usize,
    captures: usize,
    versions: usize,
    bytes: Option<u64>,
    written: bool,
}

/// Writes an export.
pub async fn run(args: Args, console: &Console) -> anyhow::Result<Exit> {
    let installation = Installation::open(console).await?;
    let store = &installation.store;
    let mut watches = Vec::new();
    for id in &args.watch {
        let id = installation.recorded(id).await?;
        if !watches.contains(&id) {
            watches.push(id);
        }
    }
    if args.watch.is_empty() {
        watches.extend(store.watch_states().await?.into_iter().map(|state| state.id));
        watches.sort();
    }
    let selection = Selection {
        watches,
        from: args.from.as_deref().map(Span::parse).transpose()?.map(|span| span.start),
        to: args.to.as_deref().map(Span::parse).transpose()?.map(|span| span.end),
    };
    let there = selection.count(store).await?;
    if there == Written::default() {
        return Err(Complaint::failed("there is nothing on record to export")
            .hint("`policywatch list` shows the watches; --from and --to leave out what lies outside them")
            .into());
    }
    let captures = match args.format {
        Format::Warc | Format::Wacz => there.captures,
        Format::Jsonl => there.captures + there.versions,
        Format::Git | Format::Markdown => there.versions,
    };
    let written = if args.dry_run {
        there
    } else {
        let bar = console.progress(captures as u64, "export");
        let each = || bar.inc(1);
        let path = &args.path;
        let ended = match args.format {
            Format::Warc => export::warc::export(path, &selection, store, each).await,
            Format::Wacz => export::wacz::export(path, &selection, store, each).await,
            Format::Jsonl => export::jsonl::export(path, &selection, store, each).await,
            Format::Git => export::git::export(path, &selection, store, each).await,
            Format::Markdown => export::markdown::export(path, &selection, store, each).await,
        };
        bar.finish_and_clear();
        match ended {
            Ok(written) => written,
            // Which path is theirs to choose.
            Err(error @ ExportError::Exists { .. }) => {
                let said = error.to_string();
                let (what, hint) = said.split_once("; ").unwrap_or((&said, "name another path"));
                return Err(Complaint::usage(what).hint(hint).into());
            }
            Err(error) => return Err(error.into()),
        }
    };
    tell(&args, &selection, written, console)?;
    Ok(Exit::Done)
}

fn tell(args: &Args, selection: &Selection, written: Written, console: &Console) -> anyhow::Result<()> {
    let format = args.format.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned());
    let watches = selection.watches.len();
    if console.json {
        console.object(&Row {
            path: args.path.display().to_string(),
            format,
            watches,
            captures: written.captures,
            versions: written.versions,
            bytes: written.bytes,
            written: !args.dry_run,
        })?;
        return Ok(());
    }
    let mut parts = Vec::new();
    if written.captures > 0 {
        parts.push(count(written.captures, "capture"));
    }
    if written.versions > 0 {
        parts.push(count(written.versions, "version"));
    }
    if let Some(bytes) = written.bytes {
        parts.push(format!("{bytes} bytes"));
    }
    let done = if args.dry_run { "would be written to" } else { "written to" };
    console.line(format!("{} of {} {done} {}", parts.join(", "), count(watches, "watch"), args.path.display()))?;
    Ok(())
}
