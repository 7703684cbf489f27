//! The JSON objects of what is told beside changes: a policy that is not seen any more,
//! or is seen again; one that moved, or may have; and what was looked at in a period.

use std::fmt;

use serde::Serialize;
use url::Url;

use super::json::WatchObject;
use crate::alert::{Alert, DeliveryId};
use crate::coverage::{Coverage, Watched};
use crate::discovery::moves::{Move, MoveState, NewMove};
use crate::outcome::Outcome;
use crate::time::{Timestamp, rfc3339};
use crate::version::VersionFacts;
use crate::watch::{Watch, WatchId};

/// A policy that is not seen, or was not.
#[derive(Clone, Copy, Debug)]
pub struct Absence<'a> {
    /// The watch.
    pub watch: &'a Watch,
    /// Its last version.
    pub latest: Option<&'a VersionFacts>,
    /// How the look ended that is told.
    pub outcome: &'a Outcome,
    /// The first look in vain.
    pub since: Timestamp,
    /// The last good look before it.
    pub last_seen_at: Option<Timestamp>,
    /// The one page that it is about, where the policy stands on several and others are seen.
    pub page: Option<&'a str>,
}

/// The body of a notice.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Notice<D> {
    r#type: &'static str,
    id: String,
    timestamp: String,
    data: D,
}

/// Prints a notice as one line of JSON.
impl<D: Serialize> fmt::Display for Notice<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

/// What a notice says of a policy that is not seen, or was not.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AbsenceObject {
    watch: WatchObject,
    /// The page, where others of the policy are seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<String>,
    unseen_since: String,
    last_seen_at: Option<String>,
    version: Option<u32>,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<&'static str>,
}

impl AbsenceObject {
    fn of(absence: &Absence<'_>, advice: Option<&'static str>) -> Self {
        Self {
            watch: WatchObject::of(absence.watch),
            page: absence.page.map(str::to_owned),
            unseen_since: rfc3339(absence.since),
            last_seen_at: absence.last_seen_at.map(rfc3339),
            version: absence.latest.map(|latest| latest.number),
            outcome: absence.outcome.as_str(),
            why: absence.outcome.why(),
            advice,
        }
    }
}

/// The body of the notice that a policy has not been seen for long.
pub fn unseen(id: &DeliveryId, absence: &Absence<'_>, advice: &'static str, now: Timestamp) -> Notice<AbsenceObject> {
    let data = AbsenceObject::of(absence, Some(advice));
    Notice { r#type: "policy.unseen", id: id.0.clone(), timestamp: rfc3339(now), data }
}

/// A further watch of a host that is told of together with another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AlsoUnseen {
    /// Its name.
    pub id: String,
    /// Its address.
    pub url: String,
    /// The first look in vain, as the notices write moments.
    pub unseen_since: String,
}

/// A notice that a policy has not been seen, which names others of the same host too.
pub fn also_unseen(notice: &Alert, others: &[AlsoUnseen]) -> Alert {
    let body = serde_json::from_str(&notice.body).and_then(|mut body: serde_json::Value| {
        if !others.is_empty() {
            body["data"]["also"] = serde_json::to_value(others)?;
        }
        serde_json::to_string(&body)
    });
    match body {
        Ok(body) if !others.is_empty() => Alert { body, ..notice.clone() },
        _ => notice.clone(),
    }
}

/// The body of the notice that it is seen again.
pub fn seen_again(id: &DeliveryId, absence: &Absence<'_>, now: Timestamp) -> Notice<AbsenceObject> {
    let data = AbsenceObject::of(absence, None);
    Notice { r#type: "policy.seen_again", id: id.0.clone(), timestamp: rfc3339(now), data }
}

/// What a statement says of a period.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CoverageObject {
    from: String,
    to: String,
    summary: String,
    watches: Vec<WatchedObject>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct WatchedObject {
    id: String,
    checks: u32,
    seen: u32,
    changes: u32,
    material: u32,
    health: &'static str,
}

/// The body of a statement of coverage.
pub fn coverage(id: &DeliveryId, coverage: &Coverage) -> Notice<CoverageObject> {
    let watched = |watched: &Watched| WatchedObject {
        id: watched.watch.to_string(),
        checks: watched.checks,
        seen: watched.seen,
        changes: watched.changes,
        material: watched.material,
        health: watched.health.as_str(),
    };
    let data = CoverageObject {
        from: rfc3339(coverage.from),
        to: rfc3339(coverage.to),
        summary: coverage.summary(),
        watches: coverage.watches.iter().map(watched).collect(),
    };
    Notice { r#type: "policywatch.coverage", id: id.0.clone(), timestamp: rfc3339(coverage.to), data }
}

/// What a notice says of where a policy went.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MoveObject {
    watch: WatchObject,
    /// The page, where the policy stands on several.
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<String>,
    /// Where the configuration has it.
    configured_url: String,
    /// Where it is, or may be: the best first. The watch goes on at the first one that is
    /// followed.
    found: Vec<FoundObject>,
    advice: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct FoundObject {
    url: String,
    state: &'static str,
    found_by: &'static str,
    similarity: Option<f64>,
}

/// The moment that tells the notices of a watch's moves apart: when they were found.
fn move_id(watch: &WatchId, kind: &str, page: Option<&Url>, found_at: Timestamp, channel: &str) -> DeliveryId {
    let kind = page.map_or_else(|| kind.to_owned(), |page| format!("{kind} {page}"));
    DeliveryId::of_notice(&kind, Some(watch), found_at, channel)
}

/// What the channels of a watch are told of moves that were found now: that it is followed
/// elsewhere, or that somebody must decide. Accepted ones are no news. `page` is the one of
/// several that it is about.
pub fn of_moves(watch: &Watch, page: Option<&Url>, found: &[&NewMove], now: Timestamp) -> Vec<Alert> {
    let Some(best) = found.first() else { return Vec::new() };
    let followed = found.iter().find(|one| one.state == MoveState::Followed).copied();
    let (configured, to) = (page.unwrap_or(&watch.url), &followed.unwrap_or(best).url);
    let id = page.map_or_else(|| watch.id.to_string(), |page| format!("{} --page {page}", watch.id));
    let what = if page.is_some() { "its address" } else { "url" };
    let (kind, advice) = match followed.unwrap_or(best).state {
        MoveState::Followed if to == configured => {
            ("policy.moved", "it is back where it was; nothing is to be done".to_owned())
        }
        MoveState::Followed => (
            "policy.moved",
            format!("update {what} in the configuration (`policywatch move {id} --write`), or turn it down (`--back`)"),
        ),
        MoveState::Different => (
            "policy.move_proposed",
            format!("look whether that is the policy: `policywatch move {id} {to}` goes on there"),
        ),
        _ => (
            "policy.move_proposed",
            format!("`policywatch move {id} --accept` goes on there, `policywatch move {id} --back` turns it down"),
        ),
    };
    let one = |found: &&NewMove| FoundObject {
        url: found.url.to_string(),
        state: found.state.as_str(),
        found_by: found.way.as_str(),
        // Three places are more than it means.
        similarity: found.alike.map(|alike| (alike * 1000.0).round() / 1000.0),
    };
    let data = MoveObject {
        watch: WatchObject::of(watch),
        page: page.map(Url::to_string),
        configured_url: configured.to_string(),
        found: found.iter().map(one).collect(),
        advice,
    };
    let say = |channel: &str| {
        let id = move_id(&watch.id, "moved", page, now, channel);
        let notice = Notice { r#type: kind, id: id.0.clone(), timestamp: rfc3339(now), data: data.clone() };
        Alert { body: notice.to_string(), id, channel: channel.to_owned() }
    };
    watch.notify.iter().map(|recipient| say(&recipient.channel)).collect()
}

/// Why nobody need decide about a move any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Whoever runs this let the watch go on there.
    Accepted,
    /// They had it go on at the address of the configuration.
    TurnedDown,
    /// The configuration names another address now.
    Configured,
    /// The configuration does not name the watch or the page any more, nor where it went.
    Removed,
    /// The policy is seen where it was.
    SeenAgain,
}

impl Decision {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Decision::Accepted => "accepted",
            Decision::TurnedDown => "turned_down",
            Decision::Configured => "configured",
            Decision::Removed => "removed",
            Decision::SeenAgain => "seen_again",
        }
    }
}

/// What a notice says of the end of that.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DecisionObject<W> {
    watch: W,
    /// The page, where the policy stands on several.
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<String>,
    decision: &'static str,
    /// Where the watch goes on; not of what is watched no longer.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    /// What was told before: the ids of those notices.
    settles: Vec<String>,
}

/// What the channels of a watch are told once it is decided about moves that they were told
/// of, each with the ids of the notices that told it. `there` is where the watch goes on, if it does.
pub fn of_decision(
    watch: &Watch,
    page: Option<&Url>,
    told: &[Move],
    decision: Decision,
    there: Option<&Url>,
    now: Timestamp,
) -> Vec<(Vec<DeliveryId>, Alert)> {
    let moments = moments(told);
    let Some(last) = moments.last() else { return Vec::new() };
    let say = |channel: &str| {
        let starts = starts(&watch.id, page, &moments, channel);
        let id = move_id(&watch.id, "move_decided", page, *last, channel);
        let data = DecisionObject {
            watch: WatchObject::of(watch),
            page: page.map(Url::to_string),
            decision: decision.as_str(),
            url: there.map(Url::to_string),
            settles: starts.iter().map(|start| start.0.clone()).collect(),
        };
        let notice = Notice { r#type: "policy.move_decided", id: id.0.clone(), timestamp: rfc3339(now), data };
        (starts, Alert { body: notice.to_string(), id, channel: channel.to_owned() })
    };
    watch.notify.iter().map(|recipient| say(&recipient.channel)).collect()
}

/// What a channel is told once a watch, or a page of it that is given, is followed no longer
/// although moves of it wait. Nothing but the record knows that watch: `heard` answers with the
/// body of a notice, if that was told, and the watch is called what it was called there.
///
/// # Errors
/// Those of `heard`.
pub fn of_removal<E>(
    (watch, page): (&WatchId, Option<&Url>),
    told: &[Move],
    channel: &str,
    now: Timestamp,
    heard: impl Fn(&DeliveryId) -> Result<Option<String>, E>,
) -> Result<Option<Alert>, E> {
    let moments = moments(told);
    let Some(last) = moments.last() else { return Ok(None) };
    let starts = starts(watch, page, &moments, channel);
    let mut called = None;
    for start in &starts {
        let before = heard(start)?.and_then(|body| serde_json::from_str::<serde_json::Value>(&body).ok());
        called = before.map(|body| body["data"]["watch"].clone()).or(called);
    }
    Ok(called.map(|called| {
        let id = move_id(watch, "move_decided", page, *last, channel);
        let data = DecisionObject {
            watch: called,
            page: page.map(Url::to_string),
            decision: Decision::Removed.as_str(),
            url: None,
            settles: starts.into_iter().map(|start| start.0).collect(),
        };
        let notice = Notice { r#type: "policy.move_decided", id: id.0.clone(), timestamp: rfc3339(now), data };
        Alert { body: notice.to_string(), id, channel: channel.to_owned() }
    }))
}

/// When moves were found, each moment once, the last one last.
fn moments(told: &[Move]) -> Vec<Timestamp> {
    let mut moments: Vec<Timestamp> = told.iter().map(|one| one.found_at).collect();
    moments.sort_unstable();
    moments.dedup();
    moments
}

/// The notices that told a channel of moves which were found then.
fn starts(watch: &WatchId, page: Option<&Url>, moments: &[Timestamp], channel: &str) -> Vec<DeliveryId> {
    moments.iter().map(|at| move_id(watch, "moved", page, *at, channel)).collect()
}
