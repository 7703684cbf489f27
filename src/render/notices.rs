//! The JSON objects of what is told beside changes: a policy that is not seen any more,
//! or is seen again, and what was looked at in a period.

use std::fmt;

use serde::Serialize;

use super::json::WatchObject;
use crate::alert::DeliveryId;
use crate::coverage::{Coverage, Watched};
use crate::outcome::Outcome;
use crate::time::{Timestamp, rfc3339};
use crate::version::VersionFacts;
use crate::watch::Watch;

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
