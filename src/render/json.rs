//! The JSON objects of the command-line contract and of alerts.
//!
//! Each object is a type of its own, because the order of its keys is part of the
//! contract and the nouns of the core are not. All of them print as one line of JSON.

use std::fmt;

use serde::Serialize;

use crate::alert::{DeliveryId, NextVersion};
use crate::change::{Change, LinkChange, SectionChange};
use crate::judgment::{Dating, Finding, Judgment, Noise};
use crate::pages::StalePage;
use crate::reading::{REVISION, Reading, Unmatched, Unreadable};
use crate::text::Link;
use crate::time::{Timestamp, rfc3339};
use crate::version::VersionFacts;
use crate::watch::Watch;

/// Prints an object as one line of JSON.
macro_rules! prints {
    ($($object:ty),*) => {
        $(impl fmt::Display for $object {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
            }
        })*
    };
}
prints!(ReadingObject, ChangeObject, AlertObject, TestAlertObject);

/// The contract's *Reading*.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReadingObject {
    input: String,
    readable: bool,
    why: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    evidence: Vec<String>,
    title: Option<String>,
    language: Option<String>,
    effective_at: Option<String>,
    reading: u32,
    sections: Vec<SectionObject>,
    text: String,
    /// Beyond the contract.
    words: usize,
    /// Beyond the contract: links of the text that lead to other policies.
    policy_links: Vec<PolicyLinkObject>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unmatched: Option<UnmatchedObject>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct PolicyLinkObject {
    text: String,
    url: String,
}

/// The selectors that picked nothing; absent where each picked something.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct UnmatchedObject {
    select: Vec<String>,
    remove: Vec<String>,
    fell_back: bool,
}

fn unmatched(unmatched: &Unmatched) -> Option<UnmatchedObject> {
    let Unmatched { select, remove, fell_back } = unmatched.clone();
    (*unmatched != Unmatched::default()).then_some(UnmatchedObject { select, remove, fell_back })
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct SectionObject {
    path: Vec<String>,
    level: u8,
    text: String,
}

/// What was read from an input, or why nothing was. Where nothing was, `evidence` says
/// how we know.
pub fn reading(input: &str, reading: Result<&Reading, &Unreadable>) -> ReadingObject {
    let blank = ReadingObject {
        input: input.to_owned(),
        readable: false,
        why: None,
        evidence: Vec::new(),
        title: None,
        language: None,
        effective_at: None,
        reading: REVISION,
        sections: Vec::new(),
        text: String::new(),
        words: 0,
        policy_links: Vec::new(),
        unmatched: None,
    };
    match reading {
        Ok(reading) => ReadingObject {
            readable: true,
            title: reading.title.clone(),
            language: reading.language.clone(),
            effective_at: reading.effective_at.map(|date| date.to_string()),
            sections: reading
                .sections
                .iter()
                .map(|section| SectionObject { path: section.path.clone(), level: section.level, text: section.text() })
                .collect(),
            text: reading.text(),
            words: reading.words(),
            policy_links: reading
                .policy_links()
                .into_iter()
                .map(|link| PolicyLinkObject { text: link.text.clone(), url: link.target.clone() })
                .collect(),
            unmatched: unmatched(&reading.unmatched),
            ..blank
        },
        Err(why) => ReadingObject { why: Some(why.why.as_str()), evidence: why.evidence.clone(), ..blank },
    }
}

/// The contract's *Change*.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ChangeObject {
    materiality: &'static str,
    severity: u8,
    practices: Vec<&'static str>,
    summary: String,
    findings: Vec<FindingObject>,
    sections: Vec<SectionChangeObject>,
    noise: Vec<NoiseObject>,
    crosses_readings: bool,
    returns_to: Option<ReturnObject>,
    flapping: bool,
    silent_edit: bool,
    empty_refresh: bool,
}

/// An earlier version that the page is back to.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct ReturnObject {
    version: u32,
    last_seen_at: String,
    kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct FindingObject {
    rule: String,
    practice: Option<&'static str>,
    severity: u8,
    section: Vec<String>,
    before: String,
    after: String,
    why: String,
    /// Beyond the contract.
    kinds: Vec<&'static str>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct SectionChangeObject {
    kind: &'static str,
    from: Option<Vec<String>>,
    to: Option<Vec<String>>,
    edits: Vec<EditObject>,
    links: Vec<LinkChangeObject>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct EditObject {
    op: &'static str,
    text: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct LinkChangeObject {
    from: Option<LinkObject>,
    to: Option<LinkObject>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct LinkObject {
    text: String,
    target: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct NoiseObject {
    kind: String,
    section: Vec<String>,
    example: String,
}

/// A change and its judgment; none if both sides say the same.
pub fn change(change: Option<(&Change, &Judgment)>) -> ChangeObject {
    let Some((change, judgment)) = change else {
        return ChangeObject {
            materiality: "none",
            severity: 0,
            practices: Vec::new(),
            summary: "the text is the same".to_owned(),
            findings: Vec::new(),
            sections: Vec::new(),
            noise: Vec::new(),
            crosses_readings: false,
            returns_to: None,
            flapping: false,
            silent_edit: false,
            empty_refresh: false,
        };
    };
    ChangeObject {
        materiality: judgment.materiality.as_str(),
        severity: judgment.severity,
        practices: judgment.practices.iter().map(|practice| practice.as_str()).collect(),
        summary: judgment.summary.clone(),
        findings: judgment.findings.iter().map(finding).collect(),
        sections: change.sections.iter().map(section).collect(),
        noise: judgment.noise.iter().map(noise).collect(),
        crosses_readings: change.crosses_readings,
        returns_to: judgment.returns.as_ref().map(|returns| ReturnObject {
            version: returns.version,
            last_seen_at: rfc3339(returns.last_seen_at),
            kind: returns.kind.as_str(),
        }),
        flapping: judgment.returns.as_ref().is_some_and(|returns| returns.kind.alternates()),
        silent_edit: matches!(judgment.dating, Some(Dating::SilentEdit { .. })),
        empty_refresh: matches!(judgment.dating, Some(Dating::EmptyRefresh { .. })),
    }
}

/// The answer where a side is no policy: an artefact of fetching, which changes nothing.
pub fn no_policy(old: Option<&Unreadable>, new: Option<&Unreadable>) -> ChangeObject {
    let sides = [("old", old), ("new", new)];
    let found: Vec<String> =
        sides.iter().filter_map(|(side, why)| why.map(|why| format!("the {side} side is no policy ({why})"))).collect();
    let example = found.join(", ");
    ChangeObject {
        materiality: "editorial",
        summary: format!("{example}, so there is no change to judge"),
        noise: vec![NoiseObject { kind: "fetch_artefact".to_owned(), section: Vec::new(), example }],
        ..change(None)
    }
}

impl ChangeObject {
    /// The one sentence.
    pub fn summary(&self) -> &str {
        &self.summary
    }
}

fn finding(finding: &Finding) -> FindingObject {
    FindingObject {
        rule: finding.rule.clone(),
        practice: finding.practice.map(|practice| practice.as_str()),
        severity: finding.severity,
        section: finding.section.clone(),
        before: finding.before.clone(),
        after: finding.after.clone(),
        why: finding.why.clone(),
        kinds: finding.kinds.iter().map(|kind| kind.as_str()).collect(),
    }
}

fn noise(noise: &Noise) -> NoiseObject {
    NoiseObject { kind: noise.kind.clone(), section: noise.section.clone(), example: noise.example.clone() }
}

fn section(section: &SectionChange) -> SectionChangeObject {
    use crate::change::Op;
    let word = |op: Op| match op {
        Op::Equal => "equal",
        Op::Delete => "delete",
        Op::Insert => "insert",
    };
    let link = |link: &Link| LinkObject { text: link.text.clone(), target: link.target.clone() };
    let links = |change: &LinkChange| LinkChangeObject {
        from: change.from.as_ref().map(link),
        to: change.to.as_ref().map(link),
    };
    SectionChangeObject {
        kind: section.kind.as_str(),
        from: section.from.clone(),
        to: section.to.clone(),
        edits: section.edits.iter().map(|edit| EditObject { op: word(edit.op), text: edit.text.clone() }).collect(),
        links: section.links.iter().map(links).collect(),
    }
}

/// The body of an alert: an event in the form of Standard Webhooks.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AlertObject {
    r#type: &'static str,
    id: String,
    timestamp: String,
    data: AlertData,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct AlertData {
    watch: WatchObject,
    from: FromObject,
    to: ToObject,
    change: ChangeObject,
    /// Where a second look was to confirm the change: when the text before was first seen
    /// to be gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    first_seen_at: Option<String>,
    /// Pages of the policy that could not be read: what they changed is not in this.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stale_pages: Vec<StalePageObject>,
    links: AlertLinks,
}

/// A page that could not be read.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StalePageObject {
    url: String,
    /// When the text was served that stands in for it; none: it was never read.
    text_of: Option<String>,
    why: String,
}

impl From<&StalePage> for StalePageObject {
    fn from(page: &StalePage) -> Self {
        Self { url: page.url.clone(), text_of: page.text_of.map(rfc3339), why: page.why.clone() }
    }
}

/// Which watch it is about.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct WatchObject {
    id: String,
    url: String,
    service: String,
    r#type: &'static str,
    tags: Vec<String>,
}

impl WatchObject {
    pub(super) fn of(watch: &Watch) -> Self {
        Self {
            id: watch.id.to_string(),
            url: watch.url.to_string(),
            service: watch.service.clone(),
            r#type: watch.policy_type.as_str(),
            tags: watch.tags.clone(),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct FromObject {
    version: u32,
    captured_at: String,
    digest: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct ToObject {
    version: u32,
    captured_at: String,
    digest: String,
    final_url: String,
    snapshot_digest: String,
    effective_at: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct AlertLinks {
    policy: String,
}

/// The body of an alert.
pub fn alert(
    id: &DeliveryId,
    watch: &Watch,
    previous: &VersionFacts,
    next: &NextVersion,
    change: &Change,
    judgment: &Judgment,
) -> AlertObject {
    AlertObject {
        r#type: "policy.changed",
        id: id.0.clone(),
        timestamp: rfc3339(next.captured_at),
        data: AlertData {
            watch: WatchObject::of(watch),
            from: FromObject {
                version: previous.number,
                captured_at: rfc3339(previous.captured_at),
                digest: previous.digest.to_string(),
            },
            to: ToObject {
                version: next.number,
                captured_at: rfc3339(next.captured_at),
                digest: next.digest.to_string(),
                final_url: next.final_url.clone(),
                snapshot_digest: next.snapshot_digest.to_string(),
                effective_at: next.effective_at.map(|date| date.to_string()),
            },
            change: self::change(Some((change, judgment))),
            first_seen_at: next.first_seen_at.map(rfc3339),
            stale_pages: next.stale.iter().map(StalePageObject::from).collect(),
            links: AlertLinks { policy: next.final_url.clone() },
        },
    }
}

/// The body of a test: says that a channel works, and nothing else.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TestAlertObject {
    r#type: &'static str,
    id: String,
    timestamp: String,
    data: TestData,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct TestData {
    channel: String,
    message: &'static str,
}

/// The body of a test of a channel.
pub fn test_alert(id: &DeliveryId, channel: &str, now: Timestamp) -> TestAlertObject {
    TestAlertObject {
        r#type: "policywatch.test",
        id: id.0.clone(),
        timestamp: rfc3339(now),
        data: TestData { channel: channel.to_owned(), message: "This is a test of policywatch; no policy changed." },
    }
}
