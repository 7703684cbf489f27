//! `list`: the watches, their state at a glance, and what is due.

use serde::Serialize;

use super::console::{Console, Paint};
use super::installation::Installation;
use super::table::Table;
use super::{Exit, when};
use crate::clock::{Clock, SystemClock};
use crate::health::{Health, Part};
use crate::render::one_line;
use crate::store::{CheckFacts, WatchState};
use crate::time::{Timestamp, rfc3339};

/// Takes nothing but the global options.
#[derive(Debug, clap::Args)]
#[command(
    after_help = r#"Signs: ● well, in doubt, failing (by colour); · never checked; ○ not in the configuration any more.
`--json` has every field, for scripts."#
)]
pub struct Args {}

#[derive(Serialize)]
struct Row<'a> {
    watch: &'a str,
    url: &'a str,
    service: &'a str,
    versions: u32,
    last_change_at: Option<String>,
    last_check_at: Option<String>,
    last_outcome: Option<&'a str>,
    why: Option<&'a str>,
    last_success_at: Option<String>,
    consecutive_failures: u32,
    health: &'static str,
    failing_since: Option<String>,
    silent_since: Option<String>,
    next_check_at: Option<String>,
    retired_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
    /// How each page is, where the policy stands on several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pages: Vec<PageRow<'a>>,
    /// Where it is asked for, if not at the address of the configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    moved_to: Option<&'a str>,
    /// What is known of where the policy went.
    #[serde(skip_serializing_if = "Option::is_none")]
    move_note: Option<String>,
}

/// How one page of several is.
#[derive(Serialize)]
struct PageRow<'a> {
    url: &'a str,
    health: &'static str,
    last_outcome: Option<&'a str>,
    why: Option<&'a str>,
    last_seen_at: Option<String>,
    failing_since: Option<String>,
    consecutive_failures: u32,
    /// Where it is asked for, if not at the address of the configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    moved_to: Option<&'a str>,
}

impl<'a> From<&'a Part> for PageRow<'a> {
    fn from(part: &'a Part) -> Self {
        Self {
            url: &part.url,
            health: part.health().as_str(),
            last_outcome: part.outcome.as_deref(),
            why: part.why.as_deref(),
            last_seen_at: part.last_seen_at.map(rfc3339),
            failing_since: part.failing_since.map(rfc3339),
            consecutive_failures: part.failures,
            moved_to: part.whereabouts.moved.as_ref().map(|moved| moved.url.as_str()),
        }
    }
}

/// Prints the watches.
pub async fn run(_: Args, console: &Console) -> anyhow::Result<Exit> {
    let installation = Installation::open_in_force(console).await?;
    let states = installation.store.watch_states().await?;
    if console.json {
        for state in &states {
            console.object(&row(state))?;
        }
        return Ok(Exit::Done);
    }
    if states.is_empty() {
        console.say("no watches yet; `policywatch add URL` finds a company's policies and adds them");
        return Ok(Exit::Done);
    }
    let now = SystemClock.now();
    let paint = console.paint;
    let mut table = Table::new(["", "watch", "versions", "last change", "last check", "next", "says"]).right(&[2]);
    for state in &states {
        let last = state.last_check.as_ref();
        let ago = |at: Option<Timestamp>| at.map_or_else(|| "–".to_owned(), |at| when::relative(at, now));
        let change = state.latest.as_ref().map(|version| version.captured_at);
        table.row([
            mark(state, paint),
            paint.bold(one_line(state.id.as_str())),
            state.versions.to_string(),
            change.map_or_else(|| "–".to_owned(), when::day),
            ago(last.map(|check| check.recorded_at)),
            next(state, now),
            says_all(state, last, paint),
        ]);
    }
    console.table(&table)?;
    Ok(Exit::Done)
}

fn row(state: &WatchState) -> Row<'_> {
    let last = state.last_check.as_ref();
    Row {
        watch: state.id.as_str(),
        url: &state.url,
        service: &state.service,
        versions: state.versions,
        last_change_at: state.latest.as_ref().map(|version| rfc3339(version.captured_at)),
        last_check_at: last.map(|check| rfc3339(check.recorded_at)),
        last_outcome: last.map(|check| check.outcome.as_str()),
        why: last.and_then(|check| check.why.as_deref()),
        last_success_at: state.last_success_at.map(rfc3339),
        consecutive_failures: state.consecutive_failures,
        health: state.health().as_str(),
        failing_since: state.failing_since.map(rfc3339),
        silent_since: state.silent_since.map(rfc3339),
        next_check_at: state.next_check_at.map(rfc3339),
        retired_at: state.retired_at.map(rfc3339),
        note: state.note.as_deref(),
        pages: state.parts.iter().map(PageRow::from).collect(),
        moved_to: state.whereabouts.moved.as_ref().map(|moved| moved.url.as_str()),
        move_note: move_note(state),
    }
}

/// The state in one sign: well, in doubt, not well, at rest.
fn mark(state: &WatchState, paint: Paint) -> String {
    match state.health() {
        Health::Retired => paint.dim("○"),
        Health::NeverChecked => paint.dim("·"),
        Health::Well | Health::Imported => paint.green("●"),
        Health::Stale => paint.red("●"),
        Health::Moved | Health::PageStale | Health::SelectorLost => paint.yellow("●"),
        Health::Failing | Health::Blocked | Health::Unreadable | Health::LanguageChanged => {
            if state.consecutive_failures > 2 { paint.red("●") } else { paint.yellow("●") }
        }
    }
}

fn next(state: &WatchState, now: Timestamp) -> String {
    match (state.retired_at, state.next_check_at) {
        (Some(_), _) | (None, None) => "–".to_owned(),
        (None, Some(at)) if at <= now => "due".to_owned(),
        (None, Some(at)) => when::relative(at, now),
    }
}

/// The state in a word, for people.
fn word(state: &WatchState) -> String {
    state.health().as_str().replace('_', " ")
}

/// What is known of where the policy went, as long as the watch is in force.
fn move_note(state: &WatchState) -> Option<String> {
    let notes = state.move_notes();
    (!notes.is_empty() && state.retired_at.is_none()).then(|| notes.join("; "))
}

fn says_all(state: &WatchState, last: Option<&CheckFacts>, paint: Paint) -> String {
    let mut says = says(state, last, paint);
    // Where the whole is not seen, that is said already.
    // And of a page that may be elsewhere, that there is something to decide.
    let stale = state.stale_parts().filter(|part| part.whereabouts.open.is_empty());
    let stale = stale.filter(|_| state.health() == Health::PageStale);
    for part in stale {
        says = format!("{says}; {}", paint.yellow(one_line(&stale_line(part))));
    }
    match move_note(state) {
        Some(note) => format!("{says}; {}", paint.yellow(one_line(&note))),
        None => says,
    }
}

/// What is to be known of a page that the last look did not see.
pub fn stale_line(part: &Part) -> String {
    let since = part.failing_since.map_or_else(String::new, |at| format!(" since {}", when::day(at)));
    let why = part.why.as_deref().unwrap_or("an archive's capture stands in for it");
    format!("page {} is stale{since}: {why}", part.url)
}

fn says(state: &WatchState, last: Option<&CheckFacts>, paint: Paint) -> String {
    if let Some(at) = state.retired_at {
        return paint.dim(format!("not in the configuration since {}", when::day(at)));
    }
    match last {
        None if state.versions == 0 => paint.dim("never checked"),
        None => paint.dim("imported"),
        Some(check) => match &check.why {
            Some(why) if state.consecutive_failures > 1 => {
                let since = state.failing_since.map_or_else(String::new, |at| format!(" since {}", when::day(at)));
                let (health, times) = (word(state), state.consecutive_failures);
                paint.yellow(format!("{health}{since}, {times} times: {}", one_line(why)))
            }
            Some(why) => paint.yellow(one_line(why)),
            None => match &state.note {
                Some(note) => paint.yellow(format!("{}; {}", check.outcome, one_line(note))),
                None => check.outcome.clone(),
            },
        },
    }
}
