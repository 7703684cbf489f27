//! Who is told what: alerts, and their deliveries.

use std::time::Duration;

use crate::change::Change;
use crate::interest::{Interest, Recipient};
use crate::judgment::Judgment;
use crate::pages::StalePage;
use crate::snapshot::Digest;
use crate::time::Timestamp;
use crate::version::VersionFacts;
use crate::watch::{Watch, WatchId};

/// The name of one delivery: `msg_` and 32 hexadecimal digits. It is the idempotency
/// key (`webhook-id` in Standard Webhooks): a repeat carries the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeliveryId(pub String);

impl DeliveryId {
    /// The id of what a check says to a channel. The same facts give the same id, so
    /// that even a repeated record cannot become a second alert.
    pub fn derive(watch: &WatchId, from: &Digest, to: &Digest, captured_at: Timestamp, channel: &str) -> Self {
        let facts = format!("{watch}\n{from}\n{to}\n{}\n{channel}", crate::time::rfc3339(captured_at));
        Self::of(&facts)
    }

    /// The id of a notice that is about no change: its kind, the watch if it is about one,
    /// and the moment that it is about.
    pub fn of_notice(kind: &str, watch: Option<&WatchId>, moment: Timestamp, channel: &str) -> Self {
        let watch = watch.map_or("", WatchId::as_str);
        Self::of(&format!("{kind}\n{watch}\n{}\n{channel}", crate::time::rfc3339(moment)))
    }

    fn of(facts: &str) -> Self {
        Self(format!("msg_{}", &Digest::of(facts.as_bytes()).to_string()[..32]))
    }
}

/// What we would say to one channel; becomes a delivery when it is recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    /// The idempotency key.
    pub id: DeliveryId,
    /// The channel.
    pub channel: String,
    /// The words: a JSON object ([`crate::render::json::alert`]).
    pub body: String,
}

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeliveryState {
    /// Waits to be sent, or sent again.
    Pending,
    /// Accepted by the other side.
    Delivered,
    /// Given up; `deliveries retry` revives it.
    Dead,
}

impl DeliveryState {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            DeliveryState::Pending => "pending",
            DeliveryState::Delivered => "delivered",
            DeliveryState::Dead => "dead",
        }
    }

    /// The state that a word names.
    pub fn parse(word: &str) -> Option<Self> {
        [DeliveryState::Pending, DeliveryState::Delivered, DeliveryState::Dead].into_iter().find(|s| s.as_str() == word)
    }
}

/// One alert to one channel, as the store keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// The idempotency key.
    pub id: DeliveryId,
    /// The policy that it is about; none of a test, and of a statement of coverage.
    pub watch: Option<WatchId>,
    /// The channel.
    pub channel: String,
    /// The words, whatever we read later.
    pub body: String,
    /// Where it stands.
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was recorded.
    pub created_at: Timestamp,
    /// When it is tried next; while it is being sent, the end of the lease.
    pub due_at: Timestamp,
    /// What the other side said last.
    pub last_error: Option<String>,
    /// When it was accepted.
    pub delivered_at: Option<Timestamp>,
}

impl Delivery {
    /// What it tells, by the `type` of its words: `policy.changed`, `policywatch.coverage` …
    /// None where another version wrote other words.
    pub fn kind(&self) -> Option<String> {
        let body: serde_json::Value = serde_json::from_str(&self.body).ok()?;
        body["type"].as_str().map(str::to_owned)
    }
}

/// How one attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// The other side has it.
    Accepted,
    /// The other side will never take it (410 Gone, or a channel that is not configured any more).
    Refused {
        /// What it says.
        reason: String,
    },
    /// It may work later.
    Failed {
        /// What happened.
        reason: String,
        /// How long the other side asks to be left alone.
        retry_after: Option<Duration>,
    },
}

/// Pauses before the attempts after the first: 15 s to 12 h, three days in all
/// (the schedule that Standard Webhooks recommends, prolonged).
pub const RETRY_PAUSES: [Duration; 12] = [
    Duration::from_secs(15),
    Duration::from_secs(60),
    Duration::from_secs(5 * 60),
    Duration::from_secs(15 * 60),
    Duration::from_secs(30 * 60),
    Duration::from_secs(3600),
    Duration::from_secs(2 * 3600),
    Duration::from_secs(5 * 3600),
    Duration::from_secs(10 * 3600),
    Duration::from_secs(12 * 3600),
    Duration::from_secs(18 * 3600),
    Duration::from_secs(24 * 3600),
];

/// When a delivery is tried again after `attempts` failed attempts; none: never.
pub fn retry_at(attempts: u32, retry_after: Option<Duration>, now: Timestamp) -> Option<Timestamp> {
    let pause = RETRY_PAUSES.get(attempts.checked_sub(1)? as usize)?;
    // A day is the longest that we let the other side put us off.
    let asked = retry_after.unwrap_or_default().min(Duration::from_secs(24 * 3600));
    chrono::Duration::from_std((*pause).max(asked)).ok().map(|pause| now + pause)
}

/// Why a channel of a watch is not told of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withheld {
    /// The channel.
    pub channel: String,
    /// Who declined and why: `channel desk: severity 1 is below 2`.
    pub reason: String,
}

/// Who is told of a change, and who is not.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Addressed {
    /// What is said, and to whom.
    pub alerts: Vec<Alert>,
    /// Who is told nothing, and why.
    pub withheld: Vec<Withheld>,
}

impl From<Vec<Alert>> for Addressed {
    fn from(alerts: Vec<Alert>) -> Self {
        Self { alerts, withheld: Vec::new() }
    }
}

/// Whether each channel of a watch is told of a change that was judged so; where it is
/// not, the reason. The watch is asked first, then the channel.
pub fn decide<'a>(watch: &'a Watch, judgment: &Judgment) -> Vec<(&'a str, Option<String>)> {
    // Who was told of a change is told, once, that the page is back to what it said before.
    let takes_back = judgment.returns.as_ref().and_then(|returns| returns.takes_back);
    let declines = |interest: &Interest| {
        interest.declines(judgment).filter(|_| takes_back.is_none_or(|materiality| materiality < interest.alert_at))
    };
    let by_watch = declines(&watch.interest).map(|reason| format!("watch {}: {reason}", watch.id));
    let decide = |recipient: &'a Recipient| {
        let channel = recipient.channel.as_str();
        let by_channel = || declines(&recipient.interest).map(|reason| format!("channel {channel}: {reason}"));
        (channel, by_watch.clone().or_else(by_channel))
    };
    watch.notify.iter().map(decide).collect()
}

/// Who is told of a change, and in which words.
pub fn address(
    watch: &Watch,
    previous: &VersionFacts,
    next: &NextVersion,
    change: &Change,
    judgment: &Judgment,
) -> Addressed {
    let mut addressed = Addressed::default();
    for (channel, declined) in decide(watch, judgment) {
        let channel = channel.to_owned();
        if let Some(reason) = declined {
            addressed.withheld.push(Withheld { channel, reason });
            continue;
        }
        let id = DeliveryId::derive(&watch.id, &previous.digest, &next.digest, next.captured_at, &channel);
        let body = crate::render::json::alert(&id, watch, previous, next, change, judgment).to_string();
        addressed.alerts.push(Alert { id, channel, body });
    }
    addressed
}

/// What identifies the version that a change leads to, before it is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextVersion {
    /// Its number, if nobody else records one meanwhile (then nothing is recorded).
    pub number: u32,
    /// The digest of its text.
    pub digest: Digest,
    /// When it was served.
    pub captured_at: Timestamp,
    /// The URL that served it.
    pub final_url: String,
    /// The digest of the bytes.
    pub snapshot_digest: Digest,
    /// The date that it claims for itself.
    pub effective_at: Option<chrono::NaiveDate>,
    /// When the text before it was first seen to be gone, if a second look is to confirm that.
    pub first_seen_at: Option<Timestamp>,
    /// Pages that could not be read, whose last text stands in it.
    pub stale: Vec<StalePage>,
}
