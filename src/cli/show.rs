//! `show`: the text of record, and where it comes from.

use serde::Serialize;

use super::console::Console;
use super::installation::{Installation, watch_and_which};
use super::table::wrap;
use super::{Exit, errands, extract, list, log, when};
use crate::health::Part;
use crate::render::json::ReadingObject;
use crate::render::{self, one_line};
use crate::snapshot::{DigestCheck, Origin};
use crate::time::rfc3339;

/// Which text.
#[derive(Debug, clap::Args)]
#[command(after_help = r#"Examples:
  policywatch show acme             the latest text
  policywatch show acme@3           the third version
  policywatch show acme@2018-05-24  what was in force that day"#)]
pub struct Args {
    /// The watch, with a version or a date behind it: acme, acme@3, acme@2024-05
    #[arg(value_name = "WATCH[@VERSION or @DATE]")]
    watch: String,
}

/// A reading, and of a change when it was made.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    reading: ReadingObject,
    #[serde(skip_serializing_if = "Option::is_none")]
    changed_between: Option<[String; 2]>,
    /// Of the latest version: pages that the last look did not see, whose last text stands.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stale_pages: Vec<Stale>,
}

#[derive(Serialize)]
struct Stale {
    url: String,
    since: Option<String>,
    last_seen_at: Option<String>,
    why: Option<String>,
}

impl From<&Part> for Stale {
    fn from(part: &Part) -> Self {
        Self {
            url: part.url.clone(),
            since: part.failing_since.map(rfc3339),
            last_seen_at: part.last_seen_at.map(rfc3339),
            why: part.why.clone(),
        }
    }
}

/// Prints a version.
pub async fn run(args: Args, console: &Console) -> anyhow::Result<Exit> {
    let (name, which) = watch_and_which(&args.watch)?;
    let installation = Installation::open(console).await?;
    let id = installation.recorded(name).await?;
    let version = installation.version(&id, &which).await?;
    let named = format!("{id}@{}", version.facts.number);
    if console.json {
        let bounds = installation.store.bounds(&id).await?;
        let changed_between = log::between(&version.facts, &bounds).map(|both| both.map(rfc3339));
        let state = installation.store.watch_state(&id).await?.filter(|state| state.versions == version.facts.number);
        let stale = state.iter().flat_map(|state| state.stale_parts()).map(Stale::from).collect();
        let reading = render::json::reading(&named, Ok(&version.reading));
        console.object(&Shown { reading, changed_between, stale_pages: stale })?;
        return Ok(Exit::Done);
    }
    let paint = console.paint;
    console.line(paint.bold(one_line(version.reading.title.as_deref().unwrap_or(name))))?;
    for line in wrap(&one_line(&extract::facts(&named, &version.reading)), console.width) {
        console.line(paint.dim(line))?;
    }
    for id in version.facts.snapshots() {
        let snapshot = installation.store.snapshot(id).await?;
        let from = source(&snapshot.origin, &snapshot.final_url);
        let at = when::minute(snapshot.captured_at);
        console.line(paint.dim(format!("served {at} UTC by {}", one_line(&from))))?;
        for line in evidence(&snapshot.origin) {
            console.line(paint.dim(one_line(&line)))?;
        }
        let text = version.facts.digest.short();
        let text = if version.facts.pages.is_empty() { format!("  text sha256:{text}") } else { String::new() };
        console.line(paint.dim(format!("bytes sha256:{}{text}", snapshot.digest().short())))?;
    }
    let cited = version.facts.snapshots();
    for errand in installation.store.errands(&id).await? {
        // A snapshot bears the number of its check.
        if cited.iter().any(|snapshot| snapshot.0 == errand.check.0) {
            console.line(paint.dim(one_line(&errands::sentence(&errand))))?;
        }
    }
    if !version.facts.pages.is_empty() {
        console.line(paint.dim(format!("text sha256:{}", version.facts.digest.short())))?;
    }
    // How the pages are now is said of the text that stands now.
    if let Some(state) =
        installation.store.watch_state(&id).await?.filter(|state| state.versions == version.facts.number)
    {
        for part in state.stale_parts() {
            let line = format!("{named}: {}; what stands here of it is its last text", list::stale_line(part));
            console.warn(one_line(&line));
        }
    }
    if let Some(note) = version.reading.unmatched.note() {
        console.warn(one_line(&format!("{named}: {note}")));
    }
    console.line("")?;
    console.line(render::plain::reading(&version.reading, console.style()).trim_end())?;
    Ok(Exit::Done)
}

/// What proves the bytes of a memento, for people.
fn evidence(origin: &Origin) -> Vec<String> {
    let Origin::Wayback { archive_digest, evidence, .. } = origin else { return Vec::new() };
    let digest = archive_digest.as_deref().unwrap_or_default();
    let check = match evidence.digest {
        DigestCheck::NotGiven => None,
        DigestCheck::Verified => Some(format!("the archive's digest sha1:{digest} is that of the bytes")),
        DigestCheck::NotVerifiable => Some(format!("the archive's digest sha1:{digest} cannot be verified")),
    };
    let source = evidence.source.as_ref().map(|source| format!("held by the archive in {source}"));
    let taken = evidence.taken_from.as_ref().map(|from| format!("the archive lists the same bytes as of {from}"));
    check.into_iter().chain(source).chain(taken).collect()
}

/// Who served a page, for people.
pub fn source(origin: &Origin, final_url: &str) -> String {
    match origin {
        Origin::Wayback { memento_url, .. } => memento_url.clone(),
        Origin::Warc { record_id } => format!("{final_url} in {record_id}"),
        Origin::Rendered { browser, stopped, .. } => {
            let stopped = if *stopped { ", which stopped scripts of the page that hung" } else { "" };
            format!("{final_url}, read with {browser}{stopped}")
        }
        Origin::Live { .. } | Origin::File { .. } => final_url.to_owned(),
    }
}
