//! `backfill`: the history of watches, from a web archive.

use std::time::Duration;

use indicatif::ProgressBar;
use serde::Serialize;

use super::complaint::Complaint;
use super::console::Console;
use super::installation::Installation;
use super::when::{self, Span};
use super::{Exit, log};
use crate::backfill::{BackfillError, Event, Join, Options, Step, Summary, backfill, in_words};
use crate::cadence::parse_duration;
use crate::capture::{Capture, Plan};
use crate::clock::SystemClock;
use crate::fetch::{Archive, Fetcher};
use crate::outcome::Outcome;
use crate::render::one_line;
use crate::store::RecordedTrace;
use crate::time::rfc3339;
use crate::unpack::Unpacker;
use crate::watch::Watch;

/// How long a run waits for an archive that wants to be left alone.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// Whose history, and which part of it.
#[derive(Debug, clap::Args)]
#[command(after_help = r#"Examples:
  policywatch backfill                         the whole history of every watch
  policywatch backfill acme --from 2015 --max 50
  policywatch backfill acme --every 90d        a capture a quarter
  policywatch backfill acme --precision 1d     each change to the day, as far as the archive knows

Stop it whenever you like: the same command goes on, and fetches nothing twice. Nobody is
told: history is no news. Dates are 2024, 2024-05, 2024-05-01 or 2024-05-01T12:00:00Z."#)]
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
    /// Fetch at most so many captures a watch; the next run goes on
    #[arg(long, value_name = "N")]
    max: Option<usize>,
    /// One capture in each such time is enough (30d, 12h)
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    every: Option<Duration>,
    /// Up to so many different captures a page, fetch all; of more, only those between which
    /// the text changed
    #[arg(long, value_name = "N", default_value_t = Plan::default().budget)]
    budget: usize,
    /// Fetch only those between which the text changed, until both sides of each change are
    /// so near in time [default: 7d, where there are more than --budget]
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    precision: Option<Duration>,
    /// The archive, by its name in the configuration [default: those of the watch, in turn]
    #[arg(long, value_name = "NAME")]
    archive: Option<String>,
    /// Read the archive's whole index again, however fresh it is
    #[arg(long)]
    relist: bool,
    /// Tell the watch's channels of the changes
    #[arg(long)]
    alert: bool,
    /// End at once where the archive wants to be left alone, instead of waiting up to 15 minutes
    #[arg(long)]
    no_wait: bool,
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
    let options = Options {
        from: args.from.as_deref().map(Span::parse).transpose()?.map(|span| span.start),
        to: args.to.as_deref().map(Span::parse).transpose()?.map(|span| span.end),
        max: args.max,
        every: args.every,
        plan: Plan { budget: args.budget, precision: args.precision },
        relist: args.relist,
        alert: args.alert,
        patience: if args.no_wait { Duration::ZERO } else { PATIENCE },
    };
    let installation = Installation::open_in_force(console).await?;
    let watches = installation.chosen(&args.watches)?;
    let fetcher = installation.fetcher()?;
    let mut asked = Vec::with_capacity(watches.len());
    for watch in &watches {
        let names = args.archive.as_ref().map_or(&watch.archives[..], std::slice::from_ref);
        let named = |name: &'_ String| Ok((name.clone(), archive(&installation, &fetcher, name)?));
        asked.push((watch, names.iter().map(named).collect::<anyhow::Result<Vec<_>>>()?));
    }
    let mut exit = Exit::Done;
    for (watch, archives) in asked {
        if !all(&installation, watch, &options, &archives, console).await? {
            exit = Exit::Failed;
        }
    }
    Ok(exit)
}

/// Reads the history of one watch from each of its archives, and tells it. Answers whether
/// all of them gave what they have.
async fn all(
    installation: &Installation,
    watch: &Watch,
    options: &Options,
    archives: &[(String, &Archive<SystemClock>)],
    console: &Console,
) -> anyhow::Result<bool> {
    let mut options = options.clone();
    let (mut well, mut found) = (true, false);
    for (name, archive) in archives {
        let label = if archives.len() > 1 { format!("{}, {name}", watch.id) } else { watch.id.to_string() };
        match one(installation, watch, &options, archive, &label, console).await {
            Ok(summary) => {
                found |= summary.captures > 0;
                let fetched = summary.fetched();
                options.max = options.max.map(|max| max.saturating_sub(fetched));
            }
            // Another archive or watch may be fine; a store that fails is not.
            Err(error)
                if error.downcast_ref::<BackfillError>().is_some_and(|e| !matches!(e, BackfillError::Store(_))) =>
            {
                console.error(&error.context(format!("watch \"{label}\"")));
                well = false;
            }
            Err(error) => return Err(error),
        }
    }
    if found && !console.json {
        log::timeline(installation, &watch.id, console).await?;
        console.line("")?;
    }
    Ok(well)
}

/// The archive of a name, if it may be asked.
fn archive<'a>(
    installation: &Installation,
    fetcher: &'a Fetcher<SystemClock>,
    name: &str,
) -> anyhow::Result<&'a Archive<SystemClock>> {
    let fetch = &installation.config.fetch;
    let (options, archive) = fetch.archive(name).zip(fetcher.archive_named(name)).ok_or_else(|| {
        let names: Vec<&str> = fetch.archives.iter().map(|(known, _)| known.as_str()).collect();
        let known = if names.is_empty() { String::new() } else { format!(" (there is {})", names.join(", ")) };
        Complaint::usage(format!("no archive is called \"{name}\"{known}"))
            .hint("name it under [[archive]] in the configuration, with its base_url and its kind")
    })?;
    let says_who = fetch.user_agent.contains("://") || fetch.user_agent.contains('@');
    if options.is_internet_archive() && !says_who {
        return Err(Complaint::usage(
            "the Internet Archive wants to know whom to write to before it is asked for much",
        )
        .hint("set contact under [fetch] in the configuration: a web page or a mail address of yours")
        .into());
    }
    Ok(archive)
}

/// Reads the history of one watch from one archive, and tells what was done.
async fn one(
    installation: &Installation,
    watch: &Watch,
    options: &Options,
    archive: &Archive<SystemClock>,
    label: &str,
    console: &Console,
) -> anyhow::Result<Summary> {
    let mut telling = Telling { watch, console, bar: None, written: Ok(()) };
    let store = &installation.store;
    let unpacker = Unpacker::this_program();
    let ended = backfill(watch, options, archive, store, &SystemClock, &unpacker, |event| telling.tell(&event)).await;
    if let Some(bar) = &telling.bar {
        bar.finish_and_clear();
    }
    telling.written?;
    let summary = ended?;
    if !console.json && summary.captures == 0 {
        console.say(format!("{}: the archive lists no capture in these bounds", one_line(label)));
        return Ok(summary);
    }
    console.say(format!("{}: {}", one_line(label), told(&summary)));
    for trace in &summary.traces {
        console.say(one_line(&moved(trace)));
    }
    for join in &summary.joins {
        console.say(one_line(&joined(join)));
        if console.json {
            console.object(&join_object(watch.id.as_str(), join))?;
        }
    }
    Ok(summary)
}

/// Tells of a run while it goes on.
struct Telling<'a> {
    watch: &'a Watch,
    console: &'a Console,
    bar: Option<ProgressBar>,
    written: std::io::Result<()>,
}

impl Telling<'_> {
    fn tell(&mut self, event: &Event<'_>) {
        match event {
            Event::Stale(why) => self.warn(format!("{why}; going on with what its index said before")),
            Event::Waiting { why, until } => {
                self.warn(format!(
                    "{why}; waiting until {} UTC (Ctrl-C and the same command go on later)",
                    when::minute(*until)
                ));
            }
            Event::Step { total, capture, step } => self.step(*total, capture, step),
        }
    }

    fn step(&mut self, total: usize, capture: &Capture, step: &Step) {
        let console = self.console;
        let bar = self.bar.get_or_insert_with(|| console.progress(total as u64, self.watch.id.as_str()));
        bar.set_length(total as u64);
        bar.set_message(when::day(capture.captured_at));
        bar.inc(1);
        if let Step::Missed(failure) = step {
            self.warn(format!("{}: {}", when::minute(capture.captured_at), failure.kind));
        }
        if console.json && self.written.is_ok() {
            self.written = console.object(&row(self.watch.id.as_str(), rfc3339(capture.captured_at), step));
        }
    }

    fn warn(&self, text: String) {
        let warn = || self.console.warn(one_line(&text));
        match &self.bar {
            Some(bar) => bar.suspend(warn),
            None => warn(),
        }
    }
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

/// How the text fared where the address changed, as an object.
#[derive(Serialize)]
pub struct JoinRow<'a> {
    watch: &'a str,
    moved_at: String,
    from: &'a str,
    to: &'a str,
    versions: [u32; 2],
    alike: f64,
}

/// A join as `--json` prints it.
pub fn join_object<'a>(watch: &'a str, join: &'a Join) -> JoinRow<'a> {
    let Join { from, to, at, versions, alike } = join;
    JoinRow { watch, moved_at: rfc3339(*at), from, to, versions: *versions, alike: *alike }
}

/// How the text fared where the address changed, in a sentence.
pub fn joined(join: &Join) -> String {
    let Join { from, to, at, alike, .. } = join;
    format!("moved from {from} to {to} after {}; {}", when::day(*at), in_words(*alike))
}

/// Where a page went, and what to do about it.
fn moved(trace: &RecordedTrace) -> String {
    let (url, day) = (&trace.url, when::day(trace.since));
    let alike = trace.alike.map_or_else(String::new, |alike| format!(" ({})", in_words(alike)));
    match &trace.target {
        Some(target) => format!(
            "since {day} {url} leads to {target}{alike}; to follow the policy there, make that the url of the watch, with \
             urls = [{{ url = \"{url}\", until = \"{day}\" }}]"
        ),
        None => format!("since {day} {url} was not found any more, by the archive's captures"),
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
        (summary.taken, "of these not fetched, their bytes being held"),
        (summary.missed, "not given by the archive"),
        (summary.passed_over, "passed over between two with the same text"),
        (summary.left, "left for the next run"),
        (summary.untimely, "lines left out, being of no time that can be"),
    ] {
        if count > 0 {
            parts.push(format!("{count} {what}"));
        }
    }
    parts.join(", ")
}
