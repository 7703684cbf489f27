//! Changes that are told only once a second look has found them again.
//!
//! The change itself is recorded at once; what waits is the alert, in the record too, so
//! that nothing is lost between the two looks. If the second look finds the text before
//! the change, it was a flap: nobody is told. If it finds another text still, the change
//! from the text before is what waits now, with the time at which that was first gone, but
//! not forever: a page that never holds still is told of as well.

use std::time::Duration;

use crate::alert::{Addressed, Alert, Withheld};
use crate::outcome::Outcome;
use crate::silence::{Parts, Turn};
use crate::time::{Timestamp, WRONG_BY};
use crate::version::SnapshotId;
use crate::watch::Watch;

/// After so many looks that saw another text than before, it is told of whatever the
/// last one saw.
pub const MOST_LOOKS: u32 = 3;

/// The key of a confirmation in the store: that of the check that saw the change first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConfirmationId(pub i64);

/// A change that waits for a second look.
#[derive(Clone, Debug, PartialEq)]
pub struct Awaited {
    /// Its key.
    pub id: ConfirmationId,
    /// What the version that it led to cites.
    pub snapshot: SnapshotId,
    /// What the version before it cites.
    pub base: SnapshotId,
    /// When the text before it was first seen to be gone.
    pub first_seen_at: Timestamp,
    /// How many looks have seen another text than that.
    pub looks: u32,
    /// When to look again.
    pub due_at: Timestamp,
    /// Who is told what once it is confirmed.
    pub alerts: Vec<Alert>,
}

/// A change that is to wait.
#[derive(Clone, Debug, PartialEq)]
pub struct Await {
    /// What the version before it cites.
    pub base: SnapshotId,
    /// When the text before it was first seen to be gone.
    pub first_seen_at: Timestamp,
    /// How many looks have seen another text than that.
    pub looks: u32,
    /// When to look again.
    pub due_at: Timestamp,
    /// Who is told what once it is confirmed.
    pub alerts: Vec<Alert>,
}

/// Where a change stands that was to be confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConfirmationState {
    /// It waits for a second look.
    Pending,
    /// It was found again, and told.
    Confirmed,
    /// It was not found again: nobody was told.
    Withdrawn,
    /// Another text was found; the change to that one waits in its place.
    Replaced,
}

impl ConfirmationState {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            ConfirmationState::Pending => "pending",
            ConfirmationState::Confirmed => "confirmed",
            ConfirmationState::Withdrawn => "withdrawn",
            ConfirmationState::Replaced => "replaced",
        }
    }

    /// The state that a word names.
    pub fn parse(word: &str) -> Option<Self> {
        use ConfirmationState::{Confirmed, Pending, Replaced, Withdrawn};
        [Pending, Confirmed, Withdrawn, Replaced].into_iter().find(|state| state.as_str() == word)
    }
}

/// What a check does to the change that waits, or is to wait.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Step {
    /// Nothing waits, or goes on waiting.
    #[default]
    Keep,
    /// A change is to wait, in the place of the one that does.
    Await(Await),
    /// It was found again: its own alerts are sent, or the check's if the text is another.
    Confirm(ConfirmationId),
    /// It was not found again.
    Withdraw(ConfirmationId),
}

/// Who is told because of a check, now or later.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Telling {
    /// Who is told now of what this check saw.
    pub alerts: Vec<Alert>,
    /// Who is told nothing of it, now or later, and why.
    pub withheld: Vec<Withheld>,
    /// What becomes of the change that waits.
    pub step: Step,
    /// Who is told now of what an earlier check saw, by the step.
    pub confirmed: Vec<Alert>,
    /// Who is told that the policy has not been seen for long, or is seen again.
    pub turn: Turn,
    /// The same of single pages, where others are seen.
    pub parts: Parts,
}

impl From<Addressed> for Telling {
    fn from(Addressed { alerts, withheld }: Addressed) -> Self {
        Self { alerts, withheld, ..Self::default() }
    }
}

impl From<Vec<Alert>> for Telling {
    fn from(alerts: Vec<Alert>) -> Self {
        Self { alerts, ..Self::default() }
    }
}

/// Who is told where nothing waits: now, or once a second look has found it again.
pub fn first_look(watch: &Watch, outcome: &Outcome, told: Addressed, now: Timestamp) -> Telling {
    match (outcome, later(now, watch.confirm)) {
        (Outcome::Changed { snapshot, from, judgment, .. }, Some(due_at))
            // That a page is back needs no second look, and an archive's capture stays as it is.
            if snapshot.origin.is_live() && !told.alerts.is_empty() && judgment.materiality >= watch.interest.alert_at =>
        {
            let (base, first_seen_at) = (from.snapshot, snapshot.captured_at);
            let Addressed { alerts, withheld } = told;
            let step = Step::Await(Await { base, first_seen_at, looks: 1, due_at, alerts });
            Telling { step, withheld, ..Telling::default() }
        }
        _ => told.into(),
    }
}

/// Who is told where the text is the one that waits.
pub fn found_again(watch: &Watch, awaited: &Awaited, now: Timestamp) -> Telling {
    // A first sight that is yet to come was one of a wrong clock, which put the second off too.
    let was_wrong = awaited.first_seen_at > now + WRONG_BY;
    if now < awaited.due_at && watch.confirm.is_some() && !was_wrong {
        return Telling::default();
    }
    let (step, confirmed) = (Step::Confirm(awaited.id), awaited.alerts.clone());
    Telling { step, confirmed, ..Telling::default() }
}

/// Who is told where the text is another than the one that waits; `told` is who is told of
/// what differs from the text before the change: nobody if nothing does, or nothing of weight.
pub fn found_another(watch: &Watch, awaited: &Awaited, told: Addressed, now: Timestamp) -> Telling {
    let Addressed { alerts, withheld } = told;
    let looks = awaited.looks + 1;
    let step = match later(now, watch.confirm) {
        _ if alerts.is_empty() => Step::Withdraw(awaited.id),
        Some(due_at) if looks < MOST_LOOKS => {
            let (base, first_seen_at) = (awaited.base, awaited.first_seen_at);
            let step = Step::Await(Await { base, first_seen_at, looks, due_at, alerts });
            return Telling { step, withheld, ..Telling::default() };
        }
        _ => Step::Confirm(awaited.id),
    };
    Telling { alerts, withheld, step, ..Telling::default() }
}

/// When the second look is due.
fn later(now: Timestamp, confirm: Option<Duration>) -> Option<Timestamp> {
    now.checked_add_signed(chrono::Duration::from_std(confirm?).ok()?)
}
