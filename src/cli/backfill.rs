//! `backfill`: the history of watches, from a web archive.

use serde::Serialize;

use super::console::Console;
use super::installation::Installation;
use super::when::{self, Span};
use super::{Exit, log};
use crate::backfill::{BackfillError, Bounds, Step, Summary, backfill};
use crate::clock::SystemClock;
use crate::outcome::Outcome;
use crate::render::one_line;
use crate::time::rfc3339;
use crate::unpack::Unpacker;
use crate::watch::Watch;

/// Whose history, and which part of it.
#[derive(Debug, clap::Args)]
#[command(after_help = r#"Examples:
  policywatch backfill                         the whole history of every watch
  policywatch backfill acme --from 2015 --max 50

What is held is not fetched again, and nobody is told: history is no news.
Dates are 2024, 2024-05, 2024-05-01 or 2024-05-01T12:00:00Z."#)]
pub struct Args {
    /// The watches [default: all]
    #[arg(value_name = "WATCH")]
    watches: Vec<String>,
    /// Nothing before this date
    #[arg(long, value_name = "DATE")]
    from: Option<String>,
    /// Nothing after this date
    #[arg(long, value_name = "DATE")]
    to: Option<String>,
    /// Fetch at most so many captures a watch, the oldest first; the next run goes on
    #[arg(long, value_name = "N")]
    max: Option<usize>,
}

#[derive(Serialize)]
struct CaptureRow<'a> {
    watch: &'a str,
    captured_at: String,
    outcome: &'a str,
    why: Option<String>,
    version: Option<u32>,
    materiality: Option<&'static str>,
    summary: Option<&'a str>,
}

/// Reads history into the record.
pub async fn run(args: Args, console: &Console) -> anyhow::Result<Exit> {
    let bounds = Bounds {
        from: args.from.as_deref().map(Span::parse).transpose()?.map(|span| span.start),
        to: args.to.as_deref().map(Span::parse).transpose()?.map(|span| span.end),
        max: args.max,
    };
    let installation = Installation::open_in_force(console).await?;
    let watches = installation.chosen(&args.watches)?;
    let mut exit = Exit::Done;
    for watch in &watches {
        match one(&installation, watch, &bounds, console).await {
            Ok(_) => {}
            // Another watch may be fine; a store that fails is not.
            Err(error)
                if error.downcast_ref::<BackfillError>().is_some_and(|e| !matches!(e, BackfillError::Store(_))) =>
            {
                console.error(&error.context(format!("watch \"{}\"", watch.id)));
                exit = Exit::Failed;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(exit)
}

/// Reads the history of one watch, and tells it.
pub async fn one(
    installation: &Installation,
    watch: &Watch,
    bounds: &Bounds,
    console: &Console,
) -> anyhow::Result<Summary> {
    let fetcher = installation.fetcher()?;
    let mut bar = None;
    let mut written = Ok(());
    let ended = backfill(
        watch,
        bounds,
        &fetcher,
        &installation.store,
        &SystemClock,
        &Unpacker::this_program(),
        |total, capture, step| {
            let bar = bar.get_or_insert_with(|| console.progress(total as u64, watch.id.as_str()));
            bar.set_message(when::day(capture.captured_at));
            bar.inc(1);
            if let Step::Missed(failure) = step {
                bar.suspend(|| {
                    console.warn(format!(
                        "{}: {}",
                        when::minute(capture.captured_at),
                        one_line(&failure.kind.to_string())
                    ))
                });
            }
            if console.json && written.is_ok() {
                written = console.object(&row(watch.id.as_str(), rfc3339(capture.captured_at), step));
            }
        },
    )
    .await;
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    written?;
    let summary = ended?;
    if !console.json {
        if summary.captures == 0 {
            console.say(format!("{}: the archive lists no capture in these bounds", one_line(watch.id.as_str())));
            return Ok(summary);
        }
        log::timeline(installation, &watch.id, console).await?;
        console.line("")?;
    }
    console.say(format!("{}: {}", one_line(watch.id.as_str()), told(&summary)));
    Ok(summary)
}

fn row<'a>(watch: &'a str, captured_at: String, step: &'a Step) -> CaptureRow<'a> {
    match step {
        Step::Missed(failure) => CaptureRow {
            watch,
            captured_at,
            outcome: "missed",
            why: Some(failure.kind.to_string()),
            version: None,
            materiality: None,
            summary: None,
        },
        Step::Recorded(past) => {
            let judgment = match &past.outcome {
                Outcome::Changed { judgment, .. } => Some(judgment),
                _ => None,
            };
            CaptureRow {
                watch,
                captured_at,
                outcome: past.outcome.as_str(),
                why: past.outcome.why(),
                version: past.version,
                materiality: judgment.map(|judgment| judgment.materiality.as_str()),
                summary: judgment.map(|judgment| judgment.summary.as_str()),
            }
        }
    }
}

/// What a run did, in a sentence.
pub fn told(summary: &Summary) -> String {
    let mut parts = vec![format!(
        "{} captures listed, {} with other bytes than the one before",
        summary.captures, summary.distinct
    )];
    for (count, what) in [
        (summary.held, "held already"),
        (summary.versions, "new versions"),
        (summary.unchanged, "with the same text"),
        (summary.unreadable, "not the policy"),
        (summary.missed, "not given by the archive"),
        (summary.left, "left for the next run"),
    ] {
        if count > 0 {
            parts.push(format!("{count} {what}"));
        }
    }
    parts.join(", ")
}
