//! `log`: a watch's versions and changes as a timeline.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::iter;

use serde::Serialize;

use super::console::{Console, Paint};
use super::fetch::TriedRow;
use super::installation::Installation;
use super::table::{shown_width, wrap, wrap_at_most};
use super::{Exit, backfill, errands, moves, when};
use crate::backfill::Join;
use crate::clock::{Clock, SystemClock};
use crate::confirmation::ConfirmationState;
use crate::discovery::moves::Move;
use crate::judgment::Materiality;
use crate::ladder::{Rung, Tried};
use crate::moving::in_its_place;
use crate::render::{one_line, remarks};
use crate::store::{Bounds, CheckFacts, Confirmation, PageFacts, RecordedChange, Store};
use crate::time::{Timestamp, rfc3339};
use crate::version::{Cause, VersionFacts};
use crate::watch::WatchId;

/// How many checks are shown.
const CHECKS: usize = 200;

/// Whose history, and how much of it.
#[derive(Debug, clap::Args)]
#[command(after_help = r#"Examples:
  policywatch log acme
  policywatch log acme --json | jq 'select(.kind == "version" and .materiality == "material")'"#)]
pub struct Args {
    /// The watch
    watch: String,
    /// Show every check too, with its reason where it failed
    #[arg(long)]
    checks: bool,
}

/// A row of the timeline: what of, and what there is to say of that.
#[derive(Serialize)]
struct Row<T> {
    /// `version`, `move`, `move_end`, `join`, `errand` or `check`.
    kind: &'static str,
    #[serde(flatten)]
    of: T,
}

#[derive(Serialize)]
struct VersionRow<'a> {
    watch: &'a str,
    version: u32,
    captured_at: String,
    recorded_at: String,
    /// Of a change: when the text before was seen last, and this one first.
    #[serde(skip_serializing_if = "Option::is_none")]
    changed_between: Option<[String; 2]>,
    cause: &'static str,
    digest: String,
    materiality: Option<&'static str>,
    severity: Option<u8>,
    practices: Option<Vec<&'static str>>,
    summary: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    returns_to: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    return_kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    confirmation: Option<ConfirmationRow>,
}

/// Whether a second look has found a change again.
#[derive(Serialize)]
struct ConfirmationRow {
    state: &'static str,
    first_seen_at: String,
    due_at: String,
    settled_at: Option<String>,
}

#[derive(Serialize)]
struct CheckRow<'a> {
    watch: &'a str,
    check: i64,
    recorded_at: String,
    captured_at: Option<String>,
    outcome: &'a str,
    why: Option<&'a str>,
    version: Option<u32>,
    materiality: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pages: Vec<PageRow<'a>>,
    /// The ways that the page was asked for, where the plain one was not all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tried: Vec<TriedRow<'a>>,
}

/// How one page of several fared.
#[derive(Serialize)]
struct PageRow<'a> {
    url: &'a str,
    captured_at: Option<String>,
    outcome: &'a str,
    why: Option<&'a str>,
    note: Option<&'a str>,
}

/// Prints the timeline.
pub async fn run(args: Args, console: &Console) -> anyhow::Result<Exit> {
    let installation = Installation::open(console).await?;
    let id = installation.recorded(&args.watch).await?;
    if console.json {
        let confirmations = installation.store.confirmations(&id).await?;
        let bounds = installation.store.bounds(&id).await?;
        for (version, change) in history(&installation, &id).await? {
            let mut row = version_row(&version, change.as_ref(), confirmation(&version, &confirmations));
            row.changed_between = between(&version, &bounds).map(|both| both.map(rfc3339));
            console.object(&Row { kind: "version", of: row })?;
        }
        for one in installation.store.moves(&id).await? {
            console.object(&Row { kind: "move", of: moves::object(id.as_str(), &one) })?;
        }
        for end in installation.store.move_ends(&id).await? {
            console.object(&Row { kind: "move_end", of: moves::end_object(id.as_str(), &end) })?;
        }
        for join in joins(&installation, &id).await? {
            console.object(&Row { kind: "join", of: backfill::join_object(id.as_str(), &join) })?;
        }
        for errand in installation.store.errands(&id).await? {
            console.object(&Row { kind: "errand", of: errands::object(id.as_str(), &errand) })?;
        }
        if args.checks {
            for check in installation.store.checks(&id, CHECKS).await?.iter().rev() {
                console.object(&Row { kind: "check", of: check_row(check) })?;
            }
        }
        return Ok(Exit::Done);
    }
    timeline(&installation, &id, console).await?;
    if args.checks {
        console.line("")?;
        checks(&installation, &id, console).await?;
    }
    Ok(Exit::Done)
}

/// Where the address of a watch changed, with how its text fared there.
async fn joins(installation: &Installation, id: &WatchId) -> anyhow::Result<Vec<Join>> {
    let Some(watch) = installation.watch(id.as_str()) else { return Ok(Vec::new()) };
    let watch = in_its_place(watch, &installation.store).await?;
    Ok(crate::backfill::joins(&watch, &installation.store).await?)
}

/// The versions of a watch, oldest first, each with the change that led to it.
pub async fn history(
    installation: &Installation,
    id: &WatchId,
) -> anyhow::Result<Vec<(VersionFacts, Option<RecordedChange>)>> {
    let mut history = Vec::new();
    for version in installation.store.versions(id).await? {
        let change = installation.store.change(id, version.number).await?;
        history.push((version, change));
    }
    Ok(history)
}

/// Prints the versions as a timeline, oldest first.
pub async fn timeline(installation: &Installation, id: &WatchId, console: &Console) -> anyhow::Result<()> {
    let history = history(installation, id).await?;
    if history.is_empty() {
        console.say(format!("watch \"{id}\" has no version yet; `policywatch fetch {id}` reads the page now"));
        return Ok(());
    }
    let now = SystemClock.now();
    let confirmations = installation.store.confirmations(id).await?;
    let moves = installation.store.moves(id).await?;
    let mut found = what_moved(&installation.store, id, &moves).await?.into_iter().peekable();
    let bounds = installation.store.bounds(id).await?;
    // What is told as a move with its likeness is not told twice.
    let is_told =
        |join: &Join| moves.iter().any(|one| one.state.is_in_force() && one.url == join.to && one.alike.is_some());
    let joins: Vec<Join> = joins(installation, id).await?.into_iter().filter(|join| !is_told(join)).collect();
    let mut joins = joins.into_iter().peekable();
    for (version, change) in &history {
        while let Some(join) = joins.next_if(|join| join.at < version.captured_at) {
            aside("→", when::day(join.at), &backfill::joined(&join), console)?;
        }
        while let Some((at, sentence)) = found.next_if(|(at, _)| *at < version.captured_at) {
            aside("→", when::day(at), &sentence, console)?;
        }
        let (told, seen) = (confirmation(version, &confirmations), between(version, &bounds));
        for line in entry(version, change.as_ref(), told, seen, now, console) {
            console.line(line)?;
        }
    }
    for join in joins {
        aside("→", when::day(join.at), &backfill::joined(&join), console)?;
    }
    found.try_for_each(|(at, sentence)| aside("→", when::day(at), &sentence, console))?;
    for errand in installation.store.errands(id).await? {
        aside("⇧", when::day(errand.created_at), &errands::sentence(&errand), console)?;
    }
    Ok(())
}

/// Where a policy went and what became of that, in the order of time.
async fn what_moved(store: &Store, id: &WatchId, found: &[Move]) -> anyhow::Result<Vec<(Timestamp, String)>> {
    let ends = store.move_ends(id).await?;
    let found = found.iter().map(|one| (one.found_at, moves::sentence(one)));
    let mut all: Vec<_> = found.chain(ends.iter().map(|end| (end.ended_at, moves::end_sentence(end)))).collect();
    all.sort_by_key(|(at, _)| *at);
    Ok(all)
}

/// Prints what is no version: a sign, a day and a sentence.
fn aside(sign: &str, day: String, sentence: &str, console: &Console) -> anyhow::Result<()> {
    let paint = console.paint;
    let room = console.width.saturating_sub(14).max(20);
    let lines = wrap(&one_line(sentence), room);
    for (index, line) in lines.iter().enumerate() {
        let lead = if index == 0 { format!("{} {day}", paint.cyan(sign)) } else { " ".repeat(12) };
        console.line(format!("{lead}  {line}"))?;
    }
    Ok(())
}

/// The confirmation of the change that led to a version, if it was to be confirmed.
fn confirmation<'a>(version: &VersionFacts, all: &'a [Confirmation]) -> Option<&'a Confirmation> {
    all.iter().rev().find(|confirmation| confirmation.snapshot == version.snapshot && version.cause == Cause::Publisher)
}

/// Between which sightings a change was made.
pub fn between(version: &VersionFacts, all: &BTreeMap<u32, Bounds>) -> Option<[Timestamp; 2]> {
    let Bounds { after, until } = *all.get(&version.number)?;
    after.filter(|_| version.cause == Cause::Publisher).map(|after| [after, until])
}

/// The same in words, where it is not the same day.
fn gap([after, until]: [Timestamp; 2]) -> Option<String> {
    let (after, until) = (when::day(after), when::day(until));
    (after != until).then(|| format!("changed between {after} and {until}"))
}

/// Where a confirmation stands, in words.
fn standing(confirmation: &Confirmation) -> String {
    let at = confirmation.settled_at.map_or_else(String::new, |at| format!(" at {} UTC", when::minute(at)));
    match confirmation.state {
        ConfirmationState::Pending => {
            format!("Not told yet: it is looked at again at {} UTC.", when::minute(confirmation.due_at))
        }
        ConfirmationState::Confirmed => format!("Found again{at}, and told."),
        ConfirmationState::Withdrawn => format!("Not found again{at}, so nobody was told."),
        ConfirmationState::Replaced => format!("Another text was found{at}; that one was looked at again."),
    }
}

/// The lines of one version: when, which, how much it matters, what it says.
pub fn entry(
    version: &VersionFacts,
    change: Option<&RecordedChange>,
    confirmation: Option<&Confirmation>,
    seen: Option<[Timestamp; 2]>,
    now: Timestamp,
    console: &Console,
) -> Vec<String> {
    let paint = console.paint;
    let judgment = change.map(|change| &change.judgment);
    let materiality = judgment.map(|judgment| judgment.materiality);
    let (dot, word, says) = match (version.cause, materiality) {
        (Cause::FirstRecord, _) if version.number > 1 => {
            ("◆", "first".to_owned(), "the first text in another language; not compared with the text before")
        }
        (Cause::FirstRecord, _) | (Cause::Publisher, None) => ("◆", "first".to_owned(), "the first text on record"),
        (Cause::TechnicalUpgrade, _) => ("◌", "reread".to_owned(), "read by newer code or other settings"),
        (Cause::Publisher, Some(_)) => {
            ("●", materiality.map_or(String::new(), |m| m.as_str().to_owned()), judgment.map_or("", |j| &j.summary))
        }
    };
    let coloured = |text: &str| match (version.cause, materiality) {
        (Cause::Publisher, Some(materiality)) => paint.matters(materiality, text),
        (Cause::TechnicalUpgrade, _) => paint.dim(text),
        _ => paint.cyan(text),
    };
    let severity = judgment.filter(|j| j.materiality != Materiality::Editorial).map_or(0, |j| j.severity);
    let bars = "▮".repeat(usize::from(severity)) + &"▯".repeat(3 - usize::from(severity.min(3)));
    let bars = if judgment.is_some() && version.cause == Cause::Publisher { bars } else { "   ".to_owned() };
    let head = format!(
        "{} {}  {}  {} {}  ",
        coloured(dot),
        when::day(version.captured_at),
        paint.bold(format!("{:>4}", format!("v{}", version.number))),
        coloured(&format!("{word:<9}")),
        coloured(&bars),
    );
    // Dot, date, number, badge and bars, with the blanks between them.
    let indent = 2 + 10 + 2 + 4 + 2 + 9 + 1 + 3 + 2;
    let room = console.width.saturating_sub(indent).max(20);
    let most = if room < 50 { 6 } else { 4 };
    let mut text = wrap_at_most(&one_line(says), room, most);
    let told = judgment.map(remarks).unwrap_or_default();
    for remark in told.into_iter().chain(confirmation.map(standing)) {
        text.extend(wrap(&remark, room));
    }
    let ago = when::relative(version.captured_at, now);
    let ago = seen.and_then(gap).map_or_else(|| ago.clone(), |gap| format!("{gap} · {ago}"));
    let practices: Vec<&str> = judgment
        .filter(|_| version.cause == Cause::Publisher)
        .map_or_else(Vec::new, |judgment| judgment.practices.iter().map(|practice| practice.name()).collect());
    let about = if practices.is_empty() {
        append(&mut text, &format!(" · {ago}"), room, paint);
        Vec::new()
    } else {
        wrap(&format!("{} · {ago}", practices.join(" · ")), room)
    };
    let about = about.into_iter().map(|line| paint.dim(line));
    let lead = |index: usize| if index == 0 { head.clone() } else { " ".repeat(indent) };
    text.into_iter().chain(about).enumerate().map(|(index, line)| lead(index) + &line).collect()
}

/// Puts a few words behind a text, or below it where they do not fit.
fn append(lines: &mut Vec<String>, words: &str, room: usize, paint: Paint) {
    match lines.last_mut() {
        Some(last) if shown_width(last) + shown_width(words) <= room => last.push_str(&paint.dim(words)),
        _ => lines.push(paint.dim(words.trim_start_matches([' ', '·']))),
    }
}

async fn checks(installation: &Installation, id: &WatchId, console: &Console) -> anyhow::Result<()> {
    let checks = installation.store.checks(id, CHECKS).await?;
    let paint = console.paint;
    let mut table = super::table::Table::new(["checked", "served", "outcome", "version", "why"]).right(&[3]);
    let mut noted: Option<&str> = None;
    for check in checks.iter().rev() {
        let materiality = check.materiality.as_deref().and_then(Materiality::parse);
        let outcome = match (materiality, &check.why) {
            (Some(materiality), _) => {
                paint.matters(materiality, format!("{}, {}", check.outcome, materiality.as_str()))
            }
            (None, Some(_)) => paint.yellow(&check.outcome),
            (None, None) => check.outcome.clone(),
        };
        table.row([
            when::minute(check.recorded_at),
            check.captured_at.map_or_else(|| "–".to_owned(), when::minute),
            outcome,
            check.version.map_or_else(|| "–".to_owned(), |version| format!("v{version}")),
            one_line(&says(check, &mut noted)),
        ]);
        for page in &check.pages {
            let outcome = if page.why.is_some() { paint.yellow(&page.outcome) } else { page.outcome.clone() };
            table.row([
                String::new(),
                page.captured_at.map_or_else(|| "–".to_owned(), when::minute),
                outcome,
                String::new(),
                paint.dim(one_line(&page.url)),
            ]);
        }
    }
    console.table(&table)?;
    Ok(())
}

/// What there is to say of a check: what went wrong, which page it is of, and what must
/// be known all the same, once until that changes.
fn says<'a>(check: &'a CheckFacts, noted: &mut Option<&'a str>) -> String {
    let mut says: Vec<Cow<'_, str>> =
        check.page.as_deref().into_iter().chain(check.why.as_deref()).map(Cow::Borrowed).collect();
    if matches!(check.outcome.as_str(), "first" | "unchanged" | "changed") {
        let note = check.note.as_deref();
        says.extend(note.filter(|_| *noted != note).map(Cow::Borrowed));
        *noted = note;
    }
    says.extend(way(check).map(Cow::Owned));
    says.join(": ")
}

/// By which way the policy was seen, where that is not the plain one.
fn way(check: &CheckFacts) -> Option<String> {
    let seen = |tried: &&Tried| matches!(tried.outcome.as_str(), "first" | "unchanged" | "changed");
    let tried = check.tried.iter().rfind(seen).filter(|_| check.why.is_none())?;
    match tried.rung {
        Rung::Plain => None,
        Rung::Browser => {
            Some(iter::once("read with a browser").chain(tried.why.as_deref()).collect::<Vec<_>>().join("; "))
        }
        Rung::Archive => Some("read from the archive, since the page is blocked".to_owned()),
    }
}

fn version_row<'a>(
    version: &'a VersionFacts,
    change: Option<&'a RecordedChange>,
    confirmation: Option<&Confirmation>,
) -> VersionRow<'a> {
    let judgment = change.map(|change| &change.judgment);
    let returns = judgment.and_then(|judgment| judgment.returns.as_ref());
    VersionRow {
        watch: version.watch.as_str(),
        version: version.number,
        captured_at: rfc3339(version.captured_at),
        recorded_at: rfc3339(version.recorded_at),
        changed_between: None,
        cause: version.cause.as_str(),
        digest: version.digest.to_string(),
        materiality: judgment.map(|judgment| judgment.materiality.as_str()),
        severity: judgment.map(|judgment| judgment.severity),
        practices: judgment.map(|judgment| judgment.practices.iter().map(|practice| practice.as_str()).collect()),
        summary: judgment.map(|judgment| judgment.summary.as_str()),
        returns_to: returns.map(|returns| returns.version),
        return_kind: returns.map(|returns| returns.kind.as_str()),
        confirmation: confirmation.map(|confirmation| ConfirmationRow {
            state: confirmation.state.as_str(),
            first_seen_at: rfc3339(confirmation.first_seen_at),
            due_at: rfc3339(confirmation.due_at),
            settled_at: confirmation.settled_at.map(rfc3339),
        }),
    }
}

fn check_row(check: &CheckFacts) -> CheckRow<'_> {
    CheckRow {
        watch: check.watch.as_str(),
        check: check.id.0,
        recorded_at: rfc3339(check.recorded_at),
        captured_at: check.captured_at.map(rfc3339),
        outcome: &check.outcome,
        why: check.why.as_deref(),
        version: check.version,
        materiality: check.materiality.as_deref(),
        note: check.note.as_deref(),
        page: check.page.as_deref(),
        pages: check.pages.iter().map(page_row).collect(),
        tried: check.tried.iter().map(TriedRow::from).collect(),
    }
}

fn page_row(page: &PageFacts) -> PageRow<'_> {
    PageRow {
        url: &page.url,
        captured_at: page.captured_at.map(rfc3339),
        outcome: &page.outcome,
        why: page.why.as_deref(),
        note: page.note.as_deref(),
    }
}
