//! When a policy has not been seen for long: silence that is told, once when it begins and
//! once when it ends.
//!
//! What counts is how long looks were in vain, not how long ago the last good one was: a
//! page that is looked at once a month is not silent in between, and neither is one whose
//! program was switched off. So each look decides, and what it says is recorded with it.

use std::time::Duration;

use crate::alert::{Alert, DeliveryId};
use crate::health::Part;
use crate::outcome::{FailureKind, Outcome};
use crate::pages::Together;
use crate::reading::Why;
use crate::render::notices::{self, Absence};
use crate::time::Timestamp;
use crate::version::VersionFacts;
use crate::watch::Watch;

/// For how long looks may be in vain where nothing else is configured: a site that is down
/// over a weekend is back by then.
pub const STALE_AFTER: Duration = Duration::from_secs(7 * 24 * 3600);

/// What the record knows of how long a policy was not seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unseen {
    /// The first look in vain since the last good one.
    pub failing_since: Option<Timestamp>,
    /// Since when it is silent, if that was told.
    pub told_since: Option<Timestamp>,
    /// The last good look.
    pub last_success_at: Option<Timestamp>,
}

/// What a look does to a silence.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Turn {
    /// Nothing.
    #[default]
    Keep,
    /// It is told that the policy has not been seen.
    Begin {
        /// The first look in vain.
        since: Timestamp,
        /// Who is told.
        notices: Vec<Alert>,
    },
    /// It is told that the policy is seen again.
    End {
        /// Who is told.
        notices: Vec<Alert>,
    },
}

/// Decides what a look does to a silence. `seen` says whether it saw the page itself: an
/// archive's capture in its place is no end of a silence.
pub fn turn(
    watch: &Watch,
    latest: Option<&VersionFacts>,
    outcome: &Outcome,
    seen: bool,
    unseen: &Unseen,
    now: Timestamp,
) -> Turn {
    let about = |since| Absence { watch, latest, outcome, since, last_seen_at: unseen.last_success_at, page: None };
    if seen {
        let Some(since) = unseen.told_since else { return Turn::Keep };
        let notices = tell(watch, "seen_again", since, |id| notices::seen_again(id, &about(since), now).to_string());
        return Turn::End { notices };
    }
    let Some(limit) = watch.stale_after.and_then(|limit| chrono::Duration::from_std(limit).ok()) else {
        return Turn::Keep;
    };
    match unseen.failing_since {
        Some(since) if unseen.told_since.is_none() && now - since >= limit => {
            let notices =
                tell(watch, "unseen", since, |id| notices::unseen(id, &about(since), advice(outcome), now).to_string());
            Turn::Begin { since, notices }
        }
        _ => Turn::Keep,
    }
}

/// What a look does to the silences of single pages, where a policy stands on several.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parts {
    /// It is told that a page has not been seen. Said again at each look that does not see
    /// it, under the same id: it is told once.
    pub begin: Vec<Alert>,
    /// It is told that a page is seen again, to whoever was told the other: each with the id
    /// of that.
    pub end: Vec<(DeliveryId, Alert)>,
}

/// Decides what a look does to the silences of single pages; `known` is what the record says
/// of each, in the order of those in `together`. Where none was seen, the whole is silent.
pub fn parts(
    watch: &Watch,
    latest: Option<&VersionFacts>,
    together: &Together,
    known: &[Part],
    now: Timestamp,
) -> Parts {
    let mut parts = Parts::default();
    if !together.is_seen() {
        return parts;
    }
    let limit = watch.stale_after.and_then(|limit| chrono::Duration::from_std(limit).ok());
    for (at, (page, known)) in together.pages.iter().zip(known).enumerate() {
        let since = known.failing_since.unwrap_or(now);
        let (outcome, last_seen_at) = (&page.outcome, known.last_seen_at);
        let about = Absence { watch, latest, outcome, since, last_seen_at, page: Some(&page.url) };
        let id = |kind: &str, channel: &str| {
            let kind = format!("{kind} {}", page.url);
            DeliveryId::of_notice(&kind, Some(&watch.id), since, channel)
        };
        let is_seen = together.is_page_seen(Some(at), outcome);
        for channel in watch.notify.iter().map(|recipient| recipient.channel.clone()) {
            let unseen = id("unseen", &channel);
            if is_seen && known.failing_since.is_some() {
                let id = id("seen_again", &channel);
                let body = notices::seen_again(&id, &about, now).to_string();
                parts.end.push((unseen, Alert { id, channel, body }));
            } else if !is_seen && limit.is_some_and(|limit| now - since >= limit) {
                let body = notices::unseen(&unseen, &about, advice(outcome), now).to_string();
                parts.begin.push(Alert { id: unseen, channel, body });
            }
        }
    }
    parts
}

fn tell(watch: &Watch, kind: &str, since: Timestamp, say: impl Fn(&DeliveryId) -> String) -> Vec<Alert> {
    let say = |channel: &str| {
        let id = DeliveryId::of_notice(kind, Some(&watch.id), since, channel);
        Alert { body: say(&id), id, channel: channel.to_owned() }
    };
    watch.notify.iter().map(|recipient| say(&recipient.channel)).collect()
}

/// What whoever runs us can do about a page that is not seen.
pub fn advice(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Unreachable(failure) => match failure.kind {
            FailureKind::Dns { .. } => "the name is gone from the net; look for the policy at another address",
            FailureKind::Timeout { .. }
            | FailureKind::Refused { .. }
            | FailureKind::Connection { .. }
            | FailureKind::RobotsUnknown { .. } => {
                "the server does not answer from here; look whether it answers a browser, and whether the address is right"
            }
            FailureKind::Tls { .. } => "the certificate is not to be trusted; tell the owner of the site",
            FailureKind::ClosedToRobots { .. } => {
                "the site asks robots to stay away; ask its owner for leave, or follow the policy through an archive"
            }
            FailureKind::RateLimited { .. } => "the site asks for fewer requests; look less often",
            FailureKind::NotArchived { .. } => "the archive has no capture; follow the page itself (source = \"live\")",
            _ => "look at the reason, and at the page in a browser",
        },
        Outcome::Unreadable { why, .. } => match why.why {
            Why::BotWall => "the site keeps programs out; ask its owner, or follow the policy through an archive",
            Why::LoginWall => "the page is only for people who sign in; look for a public address of the policy",
            Why::ConsentWall => "the page asks for consent first; look for another address of the policy",
            Why::NotFound | Why::WrongPage | Why::RedirectStub => {
                "the policy may have moved; look for its new address on the site"
            }
            Why::WrongLanguage => "set the watch's language, or follow the address of the right language",
            Why::EmptyShell => "the page is made by scripts; look for an address that works without them",
            Why::UnsupportedType | Why::Malformed => "look at the page in a browser; it may have another form now",
            Why::ErrorPage | Why::Maintenance => "look at the page in a browser; the site may be broken",
        },
        Outcome::Broken { .. } => "see the log; this is a fault of policywatch",
        // An archive's capture was read in its place.
        _ => "the site keeps programs out; ask its owner, or follow the policy through an archive",
    }
}
