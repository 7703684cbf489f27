//! Every way a check ends. Whatever the world does is one of these.

use std::time::Duration;

use crate::change::Change;
use crate::judgment::Judgment;
use crate::reading::{Reading, Unreadable};
use crate::snapshot::Snapshot;
use crate::version::VersionFacts;

/// How a check ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The first text of a watch, or its first in a language (texts in two languages are
    /// not compared), or the first that can be read as pages are read today.
    First {
        /// What was served.
        snapshot: Snapshot,
        /// What it says.
        reading: Reading,
        /// Why the version before it could not be compared with; none if there is none.
        rebased: Option<String>,
    },
    /// The server says that nothing changed (304).
    Unmodified,
    /// The same text again.
    Unchanged {
        /// What was served.
        snapshot: Snapshot,
        /// What whoever configured the watch must know all the same.
        note: Option<String>,
    },
    /// Another text.
    Changed {
        /// What was served.
        snapshot: Snapshot,
        /// What it says.
        reading: Reading,
        /// The version that it is compared with: the latest in the same language.
        from: Box<VersionFacts>,
        /// What differs from that version.
        change: Change,
        /// Whether that matters.
        judgment: Judgment,
    },
    /// What was served is not the policy.
    Unreadable {
        /// What was served: the evidence.
        snapshot: Snapshot,
        /// Why it is not.
        why: Unreadable,
    },
    /// Nothing was served.
    Unreachable(FetchFailure),
    /// We failed on this page, by a bug or for want of what we need (a process, memory):
    /// recorded with what was said. It says nothing of the page.
    Broken {
        /// What was served, if that far.
        snapshot: Option<Snapshot>,
        /// The panic's message, or why we could not.
        message: String,
    },
}

impl Outcome {
    /// The word for it.
    pub fn as_str(&self) -> &'static str {
        match self {
            Outcome::First { .. } => "first",
            Outcome::Unmodified => "unmodified",
            Outcome::Unchanged { .. } => "unchanged",
            Outcome::Changed { .. } => "changed",
            Outcome::Unreadable { .. } => "unreadable",
            Outcome::Unreachable(_) => "unreachable",
            Outcome::Broken { .. } => "broken",
        }
    }

    /// What was served, if anything was.
    pub fn snapshot(&self) -> Option<&Snapshot> {
        match self {
            Outcome::First { snapshot, .. }
            | Outcome::Unchanged { snapshot, .. }
            | Outcome::Changed { snapshot, .. }
            | Outcome::Unreadable { snapshot, .. } => Some(snapshot),
            Outcome::Broken { snapshot, .. } => snapshot.as_ref(),
            Outcome::Unmodified | Outcome::Unreachable(_) => None,
        }
    }

    /// Whether the policy was seen.
    pub fn is_success(&self) -> bool {
        matches!(
            self,
            Outcome::First { .. } | Outcome::Unmodified | Outcome::Unchanged { .. } | Outcome::Changed { .. }
        )
    }

    /// What went wrong, in words for people; none if nothing did.
    pub fn why(&self) -> Option<String> {
        match self {
            Outcome::Unreadable { why, .. } => Some(why.to_string()),
            Outcome::Unreachable(failure) => Some(failure.kind.to_string()),
            Outcome::Broken { message, .. } => Some(message.clone()),
            _ => None,
        }
    }

    /// What whoever configured the watch must know although the policy was seen.
    pub fn note(&self) -> Option<String> {
        match self {
            Outcome::First { reading, rebased, .. } => {
                let notes: Vec<String> = rebased.iter().cloned().chain(reading.unmatched.note()).collect();
                (!notes.is_empty()).then(|| notes.join("; "))
            }
            Outcome::Changed { reading, .. } => reading.unmatched.note(),
            Outcome::Unchanged { note, .. } => note.clone(),
            _ => None,
        }
    }

    /// How long the other side asks to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Outcome::Unreachable(failure) => failure.retry_after,
            other => other.snapshot().and_then(Snapshot::retry_after),
        }
    }
}

/// Why a page could not be fetched, and when to ask again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchFailure {
    /// What happened.
    pub kind: FailureKind,
    /// How long the other side asks to be left alone.
    pub retry_after: Option<Duration>,
}

impl From<FailureKind> for FetchFailure {
    fn from(kind: FailureKind) -> Self {
        Self { kind, retry_after: None }
    }
}

/// Why a page could not be fetched. Recorded with the check, shown to people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FailureKind {
    /// The URL cannot be fetched at all.
    #[error("{url} cannot be fetched: {reason}")]
    BadUrl {
        /// The URL.
        url: String,
        /// Scheme, credentials, port …
        reason: String,
    },
    /// The name has no address.
    #[error("{host} does not resolve; check the address or the resolver")]
    Dns {
        /// The name.
        host: String,
    },
    /// The address is private, loopback or otherwise special.
    #[error("{host} leads to {address}, which is not a public address; name it under [fetch] allow if that is meant")]
    Forbidden {
        /// The name or address asked for.
        host: String,
        /// Where it leads.
        address: String,
    },
    /// The server refused the connection.
    #[error("{host} refuses the connection")]
    Refused {
        /// Host and port.
        host: String,
    },
    /// TLS failed: certificate, name or protocol.
    #[error("no trustworthy connection to {host}: {reason}")]
    Tls {
        /// The host.
        host: String,
        /// What the TLS library says.
        reason: String,
    },
    /// Too slow.
    #[error("no whole answer within {} s; raise fetch.timeout if the page is that slow", .limit.as_secs())]
    Timeout {
        /// The limit that was hit.
        limit: Duration,
    },
    /// The answer is larger than allowed.
    #[error("the page is larger than {limit} bytes; raise fetch.max_body if it is genuine")]
    TooLarge {
        /// In bytes, content encoding removed.
        limit: u64,
    },
    /// Too many hops, or a circle.
    #[error("more than {limit} redirects, the last one to {last}")]
    TooManyRedirects {
        /// How many are followed.
        limit: usize,
        /// Where the chain was cut.
        last: String,
    },
    /// The connection ended before the answer did, or the answer is not what it claims.
    #[error("the answer of {host} is broken: {reason}")]
    BrokenAnswer {
        /// The host.
        host: String,
        /// What is wrong.
        reason: String,
    },
    /// Too many requests, or a rest of so long; the whole host waits.
    #[error("{host} asks us to slow down (429), or to come back later (503)")]
    RateLimited {
        /// The host.
        host: String,
    },
    /// The site asks robots not to ask for this page.
    #[error("{url} is closed to robots ({rule} in robots.txt); ask its owner for leave, then set robots = \"ignore\"")]
    ClosedToRobots {
        /// The page.
        url: String,
        /// The rule, as written.
        rule: String,
    },
    /// What the site asks of robots cannot be known, which closes it (RFC 9309).
    #[error(
        "the robots.txt of {host} cannot be read ({reason}), so nothing more was asked of it; the next look tries again \
         (robots = \"ignore\" is for a site whose pages answer although that file never does)"
    )]
    RobotsUnknown {
        /// The host.
        host: String,
        /// Why.
        reason: String,
    },
    /// The archive has no capture.
    #[error("{archive} holds no capture of {url}{when}")]
    NotArchived {
        /// The archive.
        archive: String,
        /// The page.
        url: String,
        /// ` near DATE`, or nothing.
        when: String,
    },
    /// The archive was not asked: others of ours ask it at present.
    #[error("not asked: {archive} is busy with other requests of ours; the next check tries again")]
    ArchiveBusy {
        /// The archive.
        archive: String,
    },
    /// The archive refuses to show this site.
    #[error("{archive} does not show {url}: {reason}")]
    ArchiveExcluded {
        /// The archive.
        archive: String,
        /// The page.
        url: String,
        /// What it says.
        reason: String,
    },
    /// The archive is down or answers nonsense; says nothing about what it holds.
    #[error("{archive} is unavailable: {reason}")]
    ArchiveUnavailable {
        /// The archive.
        archive: String,
        /// What happened.
        reason: String,
    },
    /// One page of a policy that stands on several.
    #[error("page {page}: {kind}")]
    OfPage {
        /// Its address.
        page: String,
        /// What happened.
        kind: Box<FailureKind>,
    },
    /// The page needs a browser, and there is none that may be used.
    #[error("no browser reads this page: {reason}")]
    NoBrowser {
        /// Why, and what to do.
        reason: String,
    },
    /// The browser did not get through with the page.
    #[error("the browser did not read {host}: {reason}")]
    Browser {
        /// Host and port.
        host: String,
        /// What happened.
        reason: String,
    },
    /// The proxy does not let us through.
    #[error("the proxy {proxy} does not lead to {host}: {reason}; see proxy in the configuration")]
    Proxy {
        /// The proxy, without credentials.
        proxy: String,
        /// Host and port asked for.
        host: String,
        /// What happened.
        reason: String,
    },
    /// Anything else on the way.
    #[error("{host} could not be reached: {reason}")]
    Connection {
        /// The host.
        host: String,
        /// What happened.
        reason: String,
    },
}

impl FailureKind {
    /// The word of [`FailureKind::ArchiveBusy`].
    pub const ARCHIVE_BUSY: &'static str = "archive_busy";

    /// A stable word for it, for records and counts.
    pub fn as_str(&self) -> &'static str {
        match self {
            FailureKind::BadUrl { .. } => "bad_url",
            FailureKind::Dns { .. } => "dns",
            FailureKind::Forbidden { .. } => "forbidden_address",
            FailureKind::Refused { .. } => "refused",
            FailureKind::Tls { .. } => "tls",
            FailureKind::Timeout { .. } => "timeout",
            FailureKind::TooLarge { .. } => "too_large",
            FailureKind::TooManyRedirects { .. } => "too_many_redirects",
            FailureKind::BrokenAnswer { .. } => "broken_answer",
            FailureKind::RateLimited { .. } => "rate_limited",
            FailureKind::ClosedToRobots { .. } => "closed_to_robots",
            FailureKind::RobotsUnknown { .. } => "robots_unknown",
            FailureKind::NotArchived { .. } => "not_archived",
            FailureKind::ArchiveBusy { .. } => Self::ARCHIVE_BUSY,
            FailureKind::ArchiveExcluded { .. } => "archive_excluded",
            FailureKind::ArchiveUnavailable { .. } => "archive_unavailable",
            FailureKind::NoBrowser { .. } => "no_browser",
            FailureKind::Browser { .. } => "browser",
            FailureKind::OfPage { kind, .. } => kind.as_str(),
            FailureKind::Proxy { .. } => "proxy",
            FailureKind::Connection { .. } => "connection",
        }
    }

    /// Whether asking again may help without anybody changing anything.
    pub fn is_transient(&self) -> bool {
        match self {
            FailureKind::OfPage { kind, .. } => kind.is_transient(),
            FailureKind::BadUrl { .. }
            | FailureKind::Forbidden { .. }
            | FailureKind::ArchiveExcluded { .. }
            | FailureKind::ClosedToRobots { .. }
            | FailureKind::NoBrowser { .. } => false,
            _ => true,
        }
    }
}
