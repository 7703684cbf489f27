//! `fetch`: checks now, once; brings one capture of the past; or reads any URL.

use std::sync::Arc;

use serde::Serialize;
use url::Url;

use super::console::Console;
use super::installation::Installation;
use super::show::source;
use super::table::count;
use super::when::{self, Span};
use super::{Exit, extract, input, moves};
use crate::access::Access;
use crate::alert::DeliveryState;
use crate::backfill::{Nearest, nearest};
use crate::check::{Checked, Ports, check, dry_run};
use crate::clock::{Clock, SystemClock};
use crate::confirmation::{ConfirmationState, Step};
use crate::deliver::deliver_due;
use crate::discovery::moves::{NewMove, calls_for_search};
use crate::fetch::{Fetch, Fetched, Fetcher, Request};
use crate::judgment::{Judgment, Materiality};
use crate::ladder::Tried;
use crate::moving::{all_in_their_places, seek};
use crate::outcome::Outcome;
use crate::pages::PageCheck;
use crate::reading::Selectors;
use crate::render::{self, one_line};
use crate::snapshot::Origin;
use crate::store::CheckId;
use crate::time::Timestamp;
use crate::unpack::Unpacker;
use crate::watch::{RobotsRule, Source, Watch};

/// What is checked, and how.
#[derive(Debug, clap::Args)]
#[command(after_help = r#"Examples:
  policywatch fetch acme                       check one watch: record, judge, tell
  policywatch fetch --all --exit-code          check all; exits with 1 on a material change
  policywatch fetch acme --at 2018-05          put the capture of then into the history
  policywatch fetch https://acme.test/privacy  read a page, record nothing

Dates are 2024, 2024-05, 2024-05-01 or 2024-05-01T12:00:00Z."#)]
pub struct Args {
    /// Watches; URLs are read without recording
    #[arg(value_name = "WATCH or URL", required_unless_present = "all")]
    what: Vec<String>,
    /// All watches
    #[arg(long, conflicts_with = "what")]
    all: bool,
    /// Record the web archive's capture nearest to this date; tells nobody
    #[arg(long, value_name = "DATE")]
    at: Option<String>,
    /// Record nothing, tell nobody
    #[arg(long)]
    dry_run: bool,
    /// Exit with 1 if a change is material
    #[arg(long)]
    exit_code: bool,
    #[command(flatten)]
    rendering: extract::Rendering,
}

#[derive(Serialize)]
struct Row<'a> {
    watch: &'a str,
    outcome: &'static str,
    why: Option<String>,
    version: Option<u32>,
    change: Option<render::json::ChangeObject>,
    alerts: usize,
    next_check_at: Option<String>,
    /// `pending`, `confirmed` or `withdrawn`, where this look decided of a change that a
    /// second look is to confirm.
    #[serde(skip_serializing_if = "Option::is_none")]
    confirmation: Option<&'static str>,
    recorded: bool,
    /// What must be known although the policy was seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    /// Where a redirect says that the policy is, or seems to be.
    #[serde(skip_serializing_if = "Option::is_none")]
    moved: Option<MovedRow>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pages: Vec<PageRow<'a>>,
    /// The ways that the page was asked for, where the plain one was not all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tried: Vec<TriedRow<'a>>,
}

/// What came of one way that a page was asked for.
#[derive(Serialize)]
pub struct TriedRow<'a> {
    rung: &'static str,
    /// Which page, from 1, where the policy stands on several.
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<usize>,
    outcome: &'a str,
    why: Option<&'a str>,
}

impl<'a> From<&'a Tried> for TriedRow<'a> {
    fn from(tried: &'a Tried) -> Self {
        let Tried { rung, page, outcome, why, kind: _ } = tried;
        Self { rung: rung.as_str(), page: page.map(|at| at + 1), outcome, why: why.as_deref() }
    }
}

impl Tried {
    /// The same for people.
    pub(super) fn line(&self) -> String {
        let page = self.page.map_or_else(String::new, |at| format!(" (page {})", at + 1));
        let says = self.why.as_deref().unwrap_or(&self.outcome);
        one_line(&format!("{}{page}: {says}", self.rung.as_str()))
    }
}

/// A move that a check met.
#[derive(Serialize)]
struct MovedRow {
    url: String,
    state: &'static str,
    similarity: Option<f64>,
}

impl From<&NewMove> for MovedRow {
    fn from(moved: &NewMove) -> Self {
        let similarity = moved.alike.map(moves::rounded);
        Self { url: moved.url.to_string(), state: moved.state.as_str(), similarity }
    }
}

/// How one page of several fared.
#[derive(Serialize)]
struct PageRow<'a> {
    url: &'a str,
    outcome: &'static str,
    why: Option<String>,
    note: Option<String>,
    /// Whether its last text stands in for it.
    stale: bool,
    /// Where a redirect says that it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    moved: Option<MovedRow>,
}

/// A capture of the past.
#[derive(Serialize)]
struct PastRow<'a> {
    watch: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<&'a str>,
    captured_at: Option<String>,
    outcome: &'a str,
    why: Option<String>,
    version: Option<u32>,
    change: Option<render::json::ChangeObject>,
    held: bool,
    recorded: bool,
}

/// What the checks of one run came to.
#[derive(Debug, Default)]
struct Tally {
    material: bool,
    failures: usize,
    deliveries: usize,
}

/// Checks watches, and reads URLs.
pub async fn run(args: Args, console: &Console) -> anyhow::Result<Exit> {
    let at = args.at.as_deref().map(Span::parse).transpose()?.map(|span| span.start);
    let (urls, names): (Vec<&String>, Vec<&String>) = args.what.iter().partition(|what| input::as_url(what).is_some());
    let mut tally = Tally::default();
    if !names.is_empty() || args.all {
        let installation = Installation::open_in_force(console).await?;
        let names: Vec<String> = names.into_iter().cloned().collect();
        let mut watches = installation.chosen(&names)?;
        if let Some(render) = args.rendering.render {
            watches.iter_mut().for_each(|watch| watch.ladder.render = render);
        }
        match at {
            Some(at) => past(&installation, &watches, at, args.dry_run, console, &mut tally).await?,
            None => watched(&installation, &watches, args.dry_run, console, &mut tally).await?,
        }
    }
    for url in urls {
        bare(url, at, args.rendering, console, &mut tally).await?;
    }
    Ok(match (tally.failures > 0, tally.material && args.exit_code) {
        (true, _) => Exit::Failed,
        (false, true) => Exit::Material,
        (false, false) => Exit::Done,
    })
}

/// Checks watches, records what came of it, and sends what is due.
async fn watched(
    installation: &Installation,
    watches: &[Watch],
    dry: bool,
    console: &Console,
    tally: &mut Tally,
) -> anyhow::Result<()> {
    let ports = installation.ports()?;
    let bar = console.progress(watches.len() as u64, "check");
    let mut lost = Vec::new();
    for watch in watches {
        bar.set_message(watch.id.to_string());
        let checked = if dry { dry_run(watch, &ports).await? } else { check(watch, &ports).await? };
        tally.count(&checked);
        let recorded = checked.recorded.as_ref().and_then(|recorded| recorded.check);
        let is_lost =
            calls_for_search(&checked.outcome) || checked.pages.iter().any(|page| calls_for_search(&page.outcome));
        let failed = !checked.outcome.is_success();
        lost.extend(recorded.filter(|_| is_lost).map(|check| (watch, check, failed)));
        bar.suspend(|| tell(watch, &checked, watches.len() == 1, console))?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    if !dry {
        search(&lost, &ports, console, tally).await?;
    }
    // Also what was recorded beside the checks: moves, and what became of them.
    let due = installation.store.next_delivery_at().await?.is_some_and(|at| at <= SystemClock.now());
    if tally.deliveries > 0 || due && !dry {
        send(installation, console).await?;
    }
    Ok(())
}

/// Searches for the policies that are not where they were, as the daemon does beside its
/// checks, and checks those again that it follows.
async fn search<F: Fetch, C: Clock>(
    lost: &[(&Watch, CheckId, bool)],
    ports: &Ports<F, C>,
    console: &Console,
    tally: &mut Tally,
) -> anyhow::Result<()> {
    for (watch, seen_by, failed) in lost {
        let bar = console.spinner(&format!("searching for {}", watch.id));
        let sought = seek(watch, *seen_by, ports).await;
        bar.finish_and_clear();
        let sought = sought?;
        for one in &sought {
            for found in &one.moves {
                console.warn(one_line(&moves::news(watch.id.as_str(), one.page.as_ref(), found)));
            }
            moves::tell_taken(one, console);
        }
        if sought.iter().any(|one| one.followed().is_some()) {
            // It was not seen where it was; now it is seen where it is, or that is counted.
            tally.failures -= usize::from(*failed);
            let checked = check(watch, ports).await?;
            tally.count(&checked);
            tell(watch, &checked, lost.len() == 1, console)?;
        }
    }
    Ok(())
}

impl Tally {
    fn count(&mut self, checked: &Checked) {
        if let Outcome::Changed { judgment, .. } = &checked.outcome {
            self.material |= judgment.materiality == Materiality::Material;
        }
        self.failures += usize::from(!checked.outcome.is_success());
        self.deliveries += checked.recorded.as_ref().map_or(0, |recorded| recorded.deliveries);
    }

    fn count_past(&mut self, found: &Nearest) {
        let (material, success) = match found {
            Nearest::Held(check) => {
                let material = check.materiality.as_deref() == Some(Materiality::Material.as_str());
                (material, !matches!(check.outcome.as_str(), "unreadable" | "broken"))
            }
            Nearest::Read(past, _) => {
                let judged = match &past.outcome {
                    Outcome::Changed { judgment, .. } => Some(judgment.materiality),
                    _ => None,
                };
                (judged == Some(Materiality::Material), past.outcome.is_success())
            }
            Nearest::Missed(_) => (false, false),
        };
        self.material |= material;
        self.failures += usize::from(!success);
    }
}

/// Sends what is due now; what fails waits for the daemon.
async fn send(installation: &Installation, console: &Console) -> anyhow::Result<()> {
    let channels = Arc::new(installation.channels()?);
    let sent = deliver_due(&installation.store, &channels, &SystemClock).await?;
    let told = sent.iter().filter(|(_, state)| *state == DeliveryState::Delivered).count();
    if told > 0 {
        console.say(format!("{} told {}", console.paint_err.green("✓"), count(told, "channel")));
    }
    if told < sent.len() {
        console.warn(format!(
            "{} of {} did not arrive; `policywatch deliveries` shows why, `policywatch run` tries again",
            sent.len() - told,
            count(sent.len(), "message")
        ));
    }
    Ok(())
}

/// Prints how one check ended; alone, with the whole change.
fn tell(watch: &Watch, checked: &Checked, alone: bool, console: &Console) -> anyhow::Result<()> {
    if console.json {
        console.object(&row(watch, checked))?;
        return Ok(());
    }
    console.line(line(watch.id.as_str(), &checked.outcome, console))?;
    for page in &checked.pages {
        let says = page.outcome.why().map_or_else(
            || page.outcome.as_str().to_owned(),
            |why| console.paint.yellow(format!("{}: {}", page.outcome.as_str(), one_line(&why))),
        );
        console.line(format!("  {}  {says}", console.paint.dim(one_line(&page.url))))?;
    }
    for tried in &checked.tried {
        console.line(format!("  {}", console.paint.dim(tried.line())))?;
    }
    for stale in &checked.stale {
        let stands = stale.text_of.map_or_else(
            || "it was never read, so the text is without it".to_owned(),
            |at| format!("its text of {} UTC stands in for it", when::minute(at)),
        );
        console.warn(one_line(&format!("{}: page {} is stale; {stands}", watch.id, stale.url)));
    }
    if let Some(note) = checked.outcome.note() {
        console.warn(format!("{}: {}", watch.id, one_line(&note)));
    }
    if let Some(moved) = &checked.moved {
        let dry = if checked.recorded.is_none() { " (nothing was recorded)" } else { "" };
        console.warn(one_line(&format!("{}{dry}", moves::news(watch.id.as_str(), None, moved))));
    }
    for (page, moved) in &checked.moved_pages {
        let dry = if checked.recorded.is_none() { " (nothing was recorded)" } else { "" };
        console.warn(one_line(&format!("{}{dry}", moves::news(watch.id.as_str(), Some(page), moved))));
    }
    whole(&checked.outcome, alone, console)?;
    match &checked.telling.step {
        Step::Keep => {}
        Step::Await(new) => console.say(format!(
            "nobody is told before {} UTC, when a second look is to find it again",
            when::minute(new.due_at)
        )),
        Step::Confirm(_) => console.say("a second look found the change again, so it is told now"),
        Step::Withdraw(_) => console.say("a second look did not find the change again, so nobody is told of it"),
    }
    if let (Some(before), Outcome::First { reading, rebased: None, .. }) = (&checked.previous, &checked.outcome) {
        let language = reading.language.as_deref().unwrap_or("another language");
        console.say(format!(
            "the page answers in {language} now; that was not compared with v{}. Set language in the watch to refuse \
             other languages than one",
            before.number
        ));
    }
    if checked.recorded.as_ref().is_some_and(|recorded| recorded.superseded) {
        console.warn(format!("another policywatch recorded \"{}\" meanwhile; this check was not recorded", watch.id));
    }
    Ok(())
}

fn confirmation(step: &Step) -> Option<ConfirmationState> {
    match step {
        Step::Keep => None,
        Step::Await(_) => Some(ConfirmationState::Pending),
        Step::Confirm(_) => Some(ConfirmationState::Confirmed),
        Step::Withdraw(_) => Some(ConfirmationState::Withdrawn),
    }
}

/// Prints the whole change below its line, where there is one and nothing else to tell.
fn whole(outcome: &Outcome, alone: bool, console: &Console) -> anyhow::Result<()> {
    if let Outcome::Changed { change, judgment, .. } = outcome
        && alone
    {
        console.line("")?;
        console.line(render::plain::change(change, judgment, console.style()).trim_end())?;
    }
    Ok(())
}

/// How a check ended, in a line.
pub fn line(id: &str, outcome: &Outcome, console: &Console) -> String {
    let paint = console.paint;
    let (sign, says) = match outcome {
        Outcome::First { reading, .. } => {
            (paint.cyan("◆"), format!("first text, {}", count(reading.sections.len(), "section")))
        }
        Outcome::Unmodified => (paint.green("✓"), "not modified (304)".to_owned()),
        Outcome::Unchanged { .. } => (paint.green("✓"), "the same text".to_owned()),
        Outcome::Changed { judgment, .. } => (paint.matters(judgment.materiality, "●"), judged(judgment, console)),
        Outcome::Unreadable { why, .. } => {
            let evidence = one_line(&why.evidence.join("; "));
            (paint.yellow("!"), format!("{} {}", paint.yellow(why.why), paint.dim(evidence)))
        }
        Outcome::Unreachable(failure) => (paint.yellow("!"), one_line(&failure.kind.to_string())),
        Outcome::Broken { message, .. } => (paint.red("✗"), format!("our own code failed: {}", one_line(message))),
    };
    format!("{sign} {}  {says}", paint.bold(one_line(id)))
}

fn judged(judgment: &Judgment, console: &Console) -> String {
    let badge = console.paint.matters(judgment.materiality, judgment.materiality.as_str());
    format!("{badge}  {}", one_line(&judgment.summary))
}

fn row<'a>(watch: &'a Watch, checked: &'a Checked) -> Row<'a> {
    Row {
        watch: watch.id.as_str(),
        outcome: checked.outcome.as_str(),
        why: checked.outcome.why(),
        version: checked.recorded.as_ref().and_then(|recorded| recorded.version),
        change: change_of(&checked.outcome),
        alerts: checked.alerts().count(),
        next_check_at: checked.next_check_at.map(crate::time::rfc3339),
        confirmation: confirmation(&checked.telling.step).map(ConfirmationState::as_str),
        recorded: checked.recorded.as_ref().is_some_and(|recorded| recorded.check.is_some()),
        note: checked.outcome.note(),
        moved: checked.moved.as_ref().map(MovedRow::from),
        pages: checked.pages.iter().map(|page| page_row(page, checked)).collect(),
        tried: checked.tried.iter().map(TriedRow::from).collect(),
    }
}

fn page_row<'a>(page: &'a PageCheck, checked: &Checked) -> PageRow<'a> {
    let (url, outcome) = (&page.url, &page.outcome);
    let stale = checked.stale.iter().any(|stale| stale.url == *url);
    let moved = checked.moved_pages.iter().find(|(page, _)| page.as_str() == url);
    let moved = moved.map(|(_, moved)| MovedRow::from(moved));
    PageRow { url, outcome: outcome.as_str(), why: outcome.why(), note: outcome.note(), stale, moved }
}

fn change_of(outcome: &Outcome) -> Option<render::json::ChangeObject> {
    match outcome {
        Outcome::Changed { change, judgment, .. } => Some(render::json::change(Some((change, judgment)))),
        _ => None,
    }
}

/// Puts the captures of watches nearest to a moment into their histories. Nobody is told:
/// what is history was not news today.
async fn past(
    installation: &Installation,
    watches: &[Watch],
    at: Timestamp,
    dry: bool,
    console: &Console,
    tally: &mut Tally,
) -> anyhow::Result<()> {
    let fetcher = installation.fetcher()?;
    for watch in &all_in_their_places(watches, &installation.store).await? {
        for page in 0..watch.all_pages().len() {
            let url = watch.address_at(page, at);
            let unpacker = Unpacker::this_program();
            let found = nearest(watch, page, at, dry, &fetcher, &installation.store, &SystemClock, &unpacker).await?;
            tally.count_past(&found);
            if console.json {
                console.object(&past_row(watch, url, &found, dry))?;
            } else {
                tell_past(watch, url, &found, watches.len() == 1, console)?;
            }
        }
    }
    Ok(())
}

/// Prints what the capture nearest to a moment is; alone, with the whole change.
fn tell_past(watch: &Watch, page: &Url, found: &Nearest, alone: bool, console: &Console) -> anyhow::Result<()> {
    let id = watch.id.as_str();
    match found {
        Nearest::Held(check) => {
            let of = check.captured_at.map_or_else(String::new, |at| format!(" of {} UTC", when::minute(at)));
            let version = check.version.map_or_else(String::new, |number| format!(", v{number}"));
            let (sign, name) = (console.paint.green("✓"), console.paint.bold(one_line(id)));
            console.line(format!("{sign} {name}  the capture{of} is held already ({}{version})", check.outcome))?;
        }
        Nearest::Read(past, from) => {
            let by = source(&from.origin, page.as_str());
            console.say(format!("served {} UTC by {}", when::minute(from.captured_at), one_line(&by)));
            console.line(line(id, &past.outcome, console))?;
            whole(&past.outcome, alone, console)?;
        }
        Nearest::Missed(failure) => console.line(line(id, &Outcome::Unreachable(failure.clone()), console))?,
    }
    Ok(())
}

fn past_row<'a>(watch: &'a Watch, page: &'a Url, found: &'a Nearest, dry: bool) -> PastRow<'a> {
    let (captured_at, outcome, why, version, change) = match found {
        Nearest::Held(check) => (check.captured_at, check.outcome.as_str(), check.why.clone(), check.version, None),
        Nearest::Read(past, from) => {
            let outcome = &past.outcome;
            (Some(from.captured_at), outcome.as_str(), outcome.why(), past.version, change_of(outcome))
        }
        Nearest::Missed(failure) => (None, "unreachable", Some(failure.kind.to_string()), None, None),
    };
    PastRow {
        watch: watch.id.as_str(),
        page: (!watch.pages.is_empty()).then_some(page.as_str()),
        captured_at: captured_at.map(crate::time::rfc3339),
        outcome,
        why,
        version,
        change,
        held: matches!(found, Nearest::Held(_)),
        recorded: !dry && matches!(found, Nearest::Read(..)),
    }
}

/// Reads a URL that is no watch, and prints it.
async fn bare(
    url: &str,
    at: Option<Timestamp>,
    rendering: extract::Rendering,
    console: &Console,
    tally: &mut Tally,
) -> anyhow::Result<()> {
    let Some(parsed) = input::as_url(url) else { return Ok(()) };
    // What an archive is asked is accounted for with everything else that it is asked.
    let fetcher = match at {
        Some(_) => Installation::open(console).await?.fetcher()?,
        None => Fetcher::new(super::installation::config(console)?.fetch, SystemClock)?,
    };
    read_and_print(url, &fetcher, request(parsed, at), rendering, console, tally).await
}

/// Asks for a URL as it is, or as it was.
pub fn request(url: Url, at: Option<Timestamp>) -> Request {
    let source = if at.is_some() { Source::Wayback } else { Source::Live };
    // Somebody asks for this page, now: that is no robot's visit.
    Request {
        url,
        source,
        at,
        validators: Default::default(),
        language: None,
        robots: RobotsRule::Ignore,
        access: Access::default(),
        archives: Vec::new(),
    }
}

async fn read_and_print(
    name: &str,
    fetcher: &Fetcher<SystemClock>,
    request: Request,
    rendering: extract::Rendering,
    console: &Console,
    tally: &mut Tally,
) -> anyhow::Result<()> {
    let selectors = &Selectors::default();
    match extract::get(fetcher, request, rendering, selectors, console).await {
        Ok(Fetched::Snapshot(snapshot)) => {
            if snapshot.final_url != snapshot.url || !matches!(snapshot.origin, Origin::Live { .. }) {
                let by = source(&snapshot.origin, &snapshot.final_url);
                console.say(format!("served {} UTC by {}", when::minute(snapshot.captured_at), one_line(&by)));
            }
            let reading = match extract::read_one(*snapshot, selectors).await {
                Ok(reading) => reading,
                Err(error) => {
                    tally.failures += 1;
                    console.error(&error.into());
                    return Ok(());
                }
            };
            tally.failures += usize::from(reading.is_err());
            extract::print(name, &reading, console)
        }
        Ok(Fetched::NotModified) => Ok(()),
        Err(failure) => {
            tally.failures += 1;
            console.error(&failure.kind.into());
            Ok(())
        }
    }
}
