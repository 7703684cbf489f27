//! What the blobs hold beside bodies, as JSON: heads of snapshots, readings, changes.
//!
//! The types are the store's own. The core's may change without changing what is on disk;
//! a field added here must have a default, so that older rows still read.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::alert::Withheld;
use crate::change::{Change, Edit, Kind, LinkChange, Op, SectionChange};
use crate::judgment::{Dating, EditKind, Finding, Judgment, Materiality, Noise, Practice, Return, ReturnKind};
use crate::reading::{Page, Reader, Reading, Selectors, Unmatched};
use crate::section::Section;
use crate::snapshot::{DigestCheck, Evidence, Origin, Redirect};
use crate::text::{Block, BlockKind, Link};
use crate::time::{parse_rfc3339, rfc3339};

/// The prefix of every head that stands alone: words that most answers have. Part of the
/// format, never edited; a better one needs a migration.
pub(super) const HEAD_PREFIX: &[u8] = br#"{"url":"https://www.","final_url":"https://www.","status":200,"redirects":[],"origin":{"wayback":{"memento_url":"https://web.archive.org/web/20id_/https://","archive_digest":null}},"origin":{"warc":{"record_id":"<urn:uuid:"}},"origin":{"live":{"remote_addr":"[2606:4700::]:443"}},"headers":[["server","cloudflare"],["date","Mon, 01 Jan 2024 00:00:00 GMT"],["content-type","text/html; charset=utf-8"],["content-length","1"],["connection","keep-alive"],["vary","Accept-Encoding, Cookie"],["cache-control","no-cache, no-store, must-revalidate, max-age=0, private, public"],["expires","Thu, 01 Jan 1970 00:00:00 GMT"],["last-modified","Tue, 01 Jan 2024 00:00:00 GMT"],["etag","W/\""],["strict-transport-security","max-age=31536000; includeSubDomains; preload"],["x-frame-options","SAMEORIGIN"],["x-content-type-options","nosniff"],["x-xss-protection","1; mode=block"],["referrer-policy","strict-origin-when-cross-origin"],["content-security-policy","default-src 'self'; script-src 'unsafe-inline'; frame-ancestors 'none'; upgrade-insecure-requests"],["permissions-policy","interest-cohort=()"],["set-cookie","; Path=/; Secure; HttpOnly; SameSite=Lax"],["x-cache","Hit from cloudfront"],["via","1.1 varnish"],["age","0"],["alt-svc","h3=\":443\"; ma=86400"],["cf-ray","-FRA"],["cf-cache-status","DYNAMIC"],["x-request-id",""],["x-powered-by",""],["location","https://"]]}"#;

/// A snapshot without its body and moment.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Head {
    pub(super) url: String,
    pub(super) final_url: String,
    pub(super) status: u16,
    pub(super) redirects: Vec<(u16, String, String)>,
    pub(super) origin: OriginRow,
    pub(super) headers: Vec<(String, String)>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum OriginRow {
    Live {
        remote_addr: Option<String>,
    },
    Rendered {
        browser: String,
        remote_addr: Option<String>,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        stopped: bool,
    },
    Wayback {
        memento_url: String,
        archive_digest: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        digest_check: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        source: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        taken_from: Option<String>,
    },
    Warc {
        record_id: String,
    },
    File {
        name: String,
    },
}

impl From<&Origin> for OriginRow {
    fn from(origin: &Origin) -> Self {
        match origin.clone() {
            Origin::Live { remote_addr } => OriginRow::Live { remote_addr },
            Origin::Rendered { browser, remote_addr, stopped } => OriginRow::Rendered { browser, remote_addr, stopped },
            Origin::Wayback { memento_url, archive_digest, evidence: Evidence { digest, source, taken_from } } => {
                let digest_check = (digest != DigestCheck::NotGiven).then(|| digest.as_str().to_owned());
                OriginRow::Wayback { memento_url, archive_digest, digest_check, source, taken_from }
            }
            Origin::Warc { record_id } => OriginRow::Warc { record_id },
            Origin::File { name } => OriginRow::File { name },
        }
    }
}

impl From<OriginRow> for Origin {
    fn from(row: OriginRow) -> Self {
        match row {
            OriginRow::Live { remote_addr } => Origin::Live { remote_addr },
            OriginRow::Rendered { browser, remote_addr, stopped } => Origin::Rendered { browser, remote_addr, stopped },
            OriginRow::Wayback { memento_url, archive_digest, digest_check, source, taken_from } => {
                let digest = digest_check.and_then(|word| DigestCheck::parse(&word)).unwrap_or_default();
                Origin::Wayback { memento_url, archive_digest, evidence: Evidence { digest, source, taken_from } }
            }
            OriginRow::Warc { record_id } => Origin::Warc { record_id },
            OriginRow::File { name } => Origin::File { name },
        }
    }
}

pub(super) fn redirect_row(hop: &Redirect) -> (u16, String, String) {
    (hop.status, hop.from.clone(), hop.to.clone())
}

pub(super) fn redirect((status, from, to): (u16, String, String)) -> Redirect {
    Redirect { status, from, to }
}

/// How a version was read, beside the revision.
#[derive(Debug, Serialize, Deserialize)]
struct ReaderRow {
    select: Vec<String>,
    remove: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    language: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pages: Vec<PageRow>,
}

#[derive(Debug, Serialize, Deserialize)]
struct PageRow {
    url: String,
    select: Vec<String>,
    remove: Vec<String>,
}

/// A reader as stored, its revision apart, which is a column.
pub(super) fn reader_json(reader: &Reader) -> String {
    let page = |page: &Page| PageRow {
        url: page.url.to_string(),
        select: page.selectors.select.clone(),
        remove: page.selectors.remove.clone(),
    };
    let row = ReaderRow {
        select: reader.selectors.select.clone(),
        remove: reader.selectors.remove.clone(),
        language: reader.language.clone(),
        pages: reader.pages.iter().map(page).collect(),
    };
    serde_json::to_string(&row).expect("lists of strings are JSON")
}

/// A stored reader; none if it is not what was written.
pub(super) fn reader(revision: u32, json: &str) -> Option<Reader> {
    let row: ReaderRow = serde_json::from_str(json).ok()?;
    let page = |row: PageRow| {
        let selectors = Selectors { select: row.select, remove: row.remove };
        Some(Page { url: Url::parse(&row.url).ok()?, selectors })
    };
    Some(Reader {
        revision,
        selectors: Selectors { select: row.select, remove: row.remove },
        language: row.language,
        pages: row.pages.into_iter().map(page).collect::<Option<_>>()?,
    })
}

#[derive(Debug, Serialize, Deserialize)]
struct ReadingRow {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    language: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    effective_at: Option<String>,
    sections: Vec<SectionRow>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unmatched: Option<UnmatchedRow>,
}

#[derive(Debug, Serialize, Deserialize)]
struct UnmatchedRow {
    select: Vec<String>,
    remove: Vec<String>,
    fell_back: bool,
}

fn unmatched_row(unmatched: &Unmatched) -> Option<UnmatchedRow> {
    let Unmatched { select, remove, fell_back } = unmatched.clone();
    (*unmatched != Unmatched::default()).then_some(UnmatchedRow { select, remove, fell_back })
}

fn unmatched(row: Option<UnmatchedRow>) -> Unmatched {
    row.map(|UnmatchedRow { select, remove, fell_back }| Unmatched { select, remove, fell_back }).unwrap_or_default()
}

#[derive(Debug, Serialize, Deserialize)]
struct SectionRow {
    path: Vec<String>,
    level: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    heading: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    number: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    anchor: Option<String>,
    blocks: Vec<BlockRow>,
}

#[derive(Debug, Serialize, Deserialize)]
struct BlockRow {
    kind: KindRow,
    text: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    links: Vec<LinkRow>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum KindRow {
    Heading { level: u8, anchor: Option<String> },
    Paragraph,
    ListItem { depth: u8 },
    TableHeader,
    TableRow,
    Term,
    Definition,
    Preformatted,
}

#[derive(Debug, Serialize, Deserialize)]
struct LinkRow {
    text: String,
    target: String,
}

impl From<&Link> for LinkRow {
    fn from(link: &Link) -> Self {
        Self { text: link.text.clone(), target: link.target.clone() }
    }
}

impl From<LinkRow> for Link {
    fn from(row: LinkRow) -> Self {
        Self { text: row.text, target: row.target }
    }
}

impl From<&BlockKind> for KindRow {
    fn from(kind: &BlockKind) -> Self {
        match kind {
            BlockKind::Heading { level, anchor } => KindRow::Heading { level: *level, anchor: anchor.clone() },
            BlockKind::Paragraph => KindRow::Paragraph,
            BlockKind::ListItem { depth } => KindRow::ListItem { depth: *depth },
            BlockKind::TableHeader => KindRow::TableHeader,
            BlockKind::TableRow => KindRow::TableRow,
            BlockKind::Term => KindRow::Term,
            BlockKind::Definition => KindRow::Definition,
            BlockKind::Preformatted => KindRow::Preformatted,
        }
    }
}

impl From<KindRow> for BlockKind {
    fn from(row: KindRow) -> Self {
        match row {
            KindRow::Heading { level, anchor } => BlockKind::Heading { level, anchor },
            KindRow::Paragraph => BlockKind::Paragraph,
            KindRow::ListItem { depth } => BlockKind::ListItem { depth },
            KindRow::TableHeader => BlockKind::TableHeader,
            KindRow::TableRow => BlockKind::TableRow,
            KindRow::Term => BlockKind::Term,
            KindRow::Definition => BlockKind::Definition,
            KindRow::Preformatted => BlockKind::Preformatted,
        }
    }
}

fn section_row(section: &Section) -> SectionRow {
    let block = |block: &Block| BlockRow {
        kind: (&block.kind).into(),
        text: block.text.clone(),
        links: block.links.iter().map(LinkRow::from).collect(),
    };
    SectionRow {
        path: section.path.clone(),
        level: section.level,
        heading: section.heading.clone(),
        number: section.number.clone(),
        anchor: section.anchor.clone(),
        blocks: section.blocks.iter().map(block).collect(),
    }
}

fn section(row: SectionRow) -> Section {
    let block = |row: BlockRow| Block {
        kind: row.kind.into(),
        text: row.text,
        links: row.links.into_iter().map(Link::from).collect(),
    };
    Section {
        path: row.path,
        level: row.level,
        heading: row.heading,
        number: row.number,
        anchor: row.anchor,
        blocks: row.blocks.into_iter().map(block).collect(),
    }
}

/// A reading as stored; the same reading gives the same bytes.
pub(super) fn reading_json(reading: &Reading) -> Vec<u8> {
    let row = ReadingRow {
        title: reading.title.clone(),
        language: reading.language.clone(),
        // Written out: a date's own form is nobody's promise.
        effective_at: reading.effective_at.map(|date| date.format("%Y-%m-%d").to_string()),
        sections: reading.sections.iter().map(section_row).collect(),
        unmatched: unmatched_row(&reading.unmatched),
    };
    serde_json::to_vec(&row).expect("strings and numbers are JSON")
}

/// A stored reading.
pub(super) fn reading(json: &[u8]) -> Result<Reading, String> {
    let row: ReadingRow = serde_json::from_slice(json).map_err(|error| error.to_string())?;
    let date = |text: String| NaiveDate::parse_from_str(&text, "%Y-%m-%d").map_err(|error| format!("{text}: {error}"));
    Ok(Reading {
        title: row.title,
        language: row.language,
        effective_at: row.effective_at.map(date).transpose()?,
        sections: row.sections.into_iter().map(section).collect(),
        unmatched: unmatched(row.unmatched),
    })
}

/// A change and its judgment, in one.
#[derive(Debug, Serialize, Deserialize)]
struct ChangeRow {
    /// The number of the version that it is from; none: the version before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<u32>,
    crosses_readings: bool,
    sections: Vec<SectionChangeRow>,
    practices: Vec<String>,
    summary: String,
    findings: Vec<FindingRow>,
    noise: Vec<NoiseRow>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    returns: Option<ReturnRow>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dating: Option<DatingRow>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    withheld: Vec<WithheldRow>,
}

/// Who was told nothing of it, and why.
#[derive(Debug, Serialize, Deserialize)]
struct WithheldRow {
    channel: String,
    reason: String,
}

/// What led to a version, beside what columns hold.
#[derive(Debug, PartialEq)]
pub(super) struct ChangeOnDisk {
    /// The number of the version that it is from, if that is not the one before.
    pub(super) from: Option<u32>,
    pub(super) change: Change,
    pub(super) judgment: Judgment,
    pub(super) withheld: Vec<Withheld>,
}

#[derive(Debug, Serialize, Deserialize)]
struct ReturnRow {
    version: u32,
    last_seen_at: String,
    kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    takes_back: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum DatingRow {
    SilentEdit { claimed: String },
    EmptyRefresh { from: String, to: String },
}

#[derive(Debug, Serialize, Deserialize)]
struct SectionChangeRow {
    kind: String,
    from: Option<Vec<String>>,
    to: Option<Vec<String>>,
    edits: Vec<(OpRow, String)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    links: Vec<(Option<LinkRow>, Option<LinkRow>)>,
}

#[derive(Debug, Serialize, Deserialize)]
enum OpRow {
    #[serde(rename = "=")]
    Equal,
    #[serde(rename = "-")]
    Delete,
    #[serde(rename = "+")]
    Insert,
}

#[derive(Debug, Serialize, Deserialize)]
struct FindingRow {
    rule: String,
    practice: Option<String>,
    severity: u8,
    section: Vec<String>,
    before: String,
    after: String,
    why: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    kinds: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct NoiseRow {
    kind: String,
    section: Vec<String>,
    example: String,
}

fn section_change_row(change: &SectionChange) -> SectionChangeRow {
    let edit = |edit: &Edit| {
        let op = match edit.op {
            Op::Equal => OpRow::Equal,
            Op::Delete => OpRow::Delete,
            Op::Insert => OpRow::Insert,
        };
        (op, edit.text.clone())
    };
    let link = |link: &LinkChange| (link.from.as_ref().map(LinkRow::from), link.to.as_ref().map(LinkRow::from));
    SectionChangeRow {
        kind: change.kind.as_str().to_owned(),
        from: change.from.clone(),
        to: change.to.clone(),
        edits: change.edits.iter().map(edit).collect(),
        links: change.links.iter().map(link).collect(),
    }
}

fn section_change(row: SectionChangeRow) -> Result<SectionChange, String> {
    let edit = |(op, text): (OpRow, String)| {
        let op = match op {
            OpRow::Equal => Op::Equal,
            OpRow::Delete => Op::Delete,
            OpRow::Insert => Op::Insert,
        };
        Edit { op, text }
    };
    let kinds = [Kind::Added, Kind::Removed, Kind::Amended, Kind::Moved, Kind::Renamed];
    Ok(SectionChange {
        kind: kinds.into_iter().find(|kind| kind.as_str() == row.kind).ok_or(format!("kind \"{}\"", row.kind))?,
        from: row.from,
        to: row.to,
        edits: row.edits.into_iter().map(edit).collect(),
        links: row
            .links
            .into_iter()
            .map(|(from, to)| LinkChange { from: from.map(Link::from), to: to.map(Link::from) })
            .collect(),
    })
}

/// A change and its judgment as stored, without materiality and severity, which are columns.
pub(super) fn change_json(from: Option<u32>, change: &Change, judgment: &Judgment, withheld: &[Withheld]) -> Vec<u8> {
    let finding = |finding: &Finding| FindingRow {
        rule: finding.rule.clone(),
        practice: finding.practice.map(|practice| practice.as_str().to_owned()),
        severity: finding.severity,
        section: finding.section.clone(),
        before: finding.before.clone(),
        after: finding.after.clone(),
        why: finding.why.clone(),
        kinds: finding.kinds.iter().map(|kind| kind.as_str().to_owned()).collect(),
    };
    let noise = |noise: &Noise| NoiseRow {
        kind: noise.kind.clone(),
        section: noise.section.clone(),
        example: noise.example.clone(),
    };
    let row = ChangeRow {
        from,
        crosses_readings: change.crosses_readings,
        sections: change.sections.iter().map(section_change_row).collect(),
        practices: judgment.practices.iter().map(|practice| practice.as_str().to_owned()).collect(),
        summary: judgment.summary.clone(),
        findings: judgment.findings.iter().map(finding).collect(),
        noise: judgment.noise.iter().map(noise).collect(),
        returns: judgment.returns.as_ref().map(return_row),
        dating: judgment.dating.map(dating_row),
        withheld: withheld
            .iter()
            .map(|Withheld { channel, reason }| WithheldRow { channel: channel.clone(), reason: reason.clone() })
            .collect(),
    };
    serde_json::to_vec(&row).expect("strings and numbers are JSON")
}

fn return_row(returns: &Return) -> ReturnRow {
    ReturnRow {
        version: returns.version,
        last_seen_at: rfc3339(returns.last_seen_at),
        kind: returns.kind.as_str().to_owned(),
        takes_back: returns.takes_back.map(|materiality| materiality.as_str().to_owned()),
    }
}

fn returns(row: ReturnRow) -> Result<Return, String> {
    let materiality = |word: String| Materiality::parse(&word).ok_or(format!("materiality \"{word}\""));
    Ok(Return {
        version: row.version,
        last_seen_at: parse_rfc3339(&row.last_seen_at).map_err(|error| error.to_string())?,
        kind: ReturnKind::parse(&row.kind).ok_or(format!("return \"{}\"", row.kind))?,
        takes_back: row.takes_back.map(materiality).transpose()?,
    })
}

fn dating_row(dating: Dating) -> DatingRow {
    match dating {
        Dating::SilentEdit { claimed } => DatingRow::SilentEdit { claimed: claimed.to_string() },
        Dating::EmptyRefresh { from, to } => DatingRow::EmptyRefresh { from: from.to_string(), to: to.to_string() },
    }
}

fn dating(row: &DatingRow) -> Result<Dating, String> {
    let date = |text: &str| text.parse::<NaiveDate>().map_err(|error| format!("date \"{text}\": {error}"));
    Ok(match row {
        DatingRow::SilentEdit { claimed } => Dating::SilentEdit { claimed: date(claimed)? },
        DatingRow::EmptyRefresh { from, to } => Dating::EmptyRefresh { from: date(from)?, to: date(to)? },
    })
}

fn practice(id: &str) -> Result<Practice, String> {
    Practice::parse(id).ok_or_else(|| format!("practice \"{id}\""))
}

fn finding(row: FindingRow) -> Result<Finding, String> {
    Ok(Finding {
        rule: row.rule,
        practice: row.practice.as_deref().map(practice).transpose()?,
        severity: row.severity,
        section: row.section,
        before: row.before,
        after: row.after,
        why: row.why,
        // A kind of a later release is left out: it explains, and decides nothing here.
        kinds: row.kinds.iter().filter_map(|kind| EditKind::parse(kind)).collect(),
        undone: false,
    })
}

/// A stored change, with its materiality and severity.
pub(super) fn change(json: &[u8], materiality: Materiality, severity: u8) -> Result<ChangeOnDisk, String> {
    let row: ChangeRow = serde_json::from_slice(json).map_err(|error| error.to_string())?;
    let sections = row.sections.into_iter().map(section_change).collect::<Result<_, _>>()?;
    let judgment = Judgment {
        materiality,
        severity,
        practices: row.practices.iter().map(|id| practice(id)).collect::<Result<_, _>>()?,
        summary: row.summary,
        findings: row.findings.into_iter().map(finding).collect::<Result<_, _>>()?,
        noise: row
            .noise
            .into_iter()
            .map(|row| Noise { kind: row.kind, section: row.section, example: row.example })
            .collect(),
        returns: row.returns.map(returns).transpose()?,
        dating: row.dating.as_ref().map(dating).transpose()?,
    };
    let change = Change { sections, crosses_readings: row.crosses_readings };
    let withheld = row.withheld.into_iter().map(|row| Withheld { channel: row.channel, reason: row.reason }).collect();
    Ok(ChangeOnDisk { from: row.from, change, judgment, withheld })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "in tests, a failed unwrap is a failed test")]
mod tests {
    use super::*;

    fn link() -> Link {
        Link { text: "here \u{201c}now\u{201d}".to_owned(), target: "https://acme.test/?a=1&b=2".to_owned() }
    }

    #[test]
    fn a_reading_of_every_kind_of_block_comes_back() {
        let kinds = [
            BlockKind::Heading { level: 2, anchor: None },
            BlockKind::Heading { level: 6, anchor: Some("x".to_owned()) },
            BlockKind::Paragraph,
            BlockKind::ListItem { depth: 3 },
            BlockKind::TableHeader,
            BlockKind::TableRow,
            BlockKind::Term,
            BlockKind::Definition,
            BlockKind::Preformatted,
        ];
        let block = |kind| Block { kind, text: "a\n\tb \u{1f36a}".to_owned(), links: vec![link(), link()] };
        let section = |path: &[&str], blocks| Section {
            path: path.iter().map(|&heading| heading.to_owned()).collect(),
            level: 1,
            heading: path.last().map(|&heading| heading.to_owned()),
            number: Some("IV".to_owned()),
            anchor: None,
            blocks,
        };
        let sections = vec![section(&[], Vec::new()), section(&["A", "B"], kinds.into_iter().map(block).collect())];
        let full = Reading {
            title: Some("T".to_owned()),
            language: Some("en".to_owned()),
            effective_at: NaiveDate::from_ymd_opt(2024, 2, 29),
            sections,
            unmatched: Unmatched {
                select: vec!["#a".to_owned()],
                remove: vec!["before p .. after p".to_owned()],
                fell_back: true,
            },
        };
        let empty = Reading::default();
        for whole in [full, empty] {
            let json = reading_json(&whole);
            assert_eq!(reading(&json).as_ref(), Ok(&whole));
            assert_eq!(reading_json(&whole), json, "the same reading gives the same bytes");
        }
    }

    #[test]
    fn kinds_of_edits_come_back_and_may_be_missing() {
        let row = |kinds: &str| {
            let json = format!(
                r#"{{"rule":"r","practice":null,"severity":1,"section":[],"before":"","after":"x","why":"w"{kinds}}}"#
            );
            finding(serde_json::from_str(&json).unwrap()).unwrap().kinds
        };
        assert_eq!(row(""), []);
        assert_eq!(row(r#","kinds":["period","of a later release"]"#), [EditKind::Period]);
    }

    #[test]
    fn every_kind_of_change_and_practice_comes_back() {
        let kinds = [Kind::Added, Kind::Removed, Kind::Amended, Kind::Moved, Kind::Renamed];
        let edits = [Op::Equal, Op::Delete, Op::Insert].map(|op| Edit { op, text: " x ".to_owned() });
        let sections = kinds.map(|kind| SectionChange {
            kind,
            from: (kind != Kind::Added).then(Vec::new),
            to: (kind != Kind::Removed).then(|| vec!["A".to_owned()]),
            edits: edits.to_vec(),
            links: vec![LinkChange { from: Some(link()), to: None }, LinkChange { from: None, to: Some(link()) }],
        });
        let changed = Change { sections: sections.to_vec(), crosses_readings: true };
        let judgment = Judgment {
            materiality: Materiality::Minor,
            severity: 2,
            practices: Practice::ALL.iter().map(|(practice, ..)| *practice).collect(),
            summary: "s".to_owned(),
            findings: Vec::new(),
            noise: Vec::new(),
            returns: None,
            dating: None,
        };
        let date = |day| NaiveDate::from_ymd_opt(2024, 2, day).unwrap();
        let kinds = [ReturnKind::Flapping, ReturnKind::Edition, ReturnKind::Rollback];
        let returns = kinds.map(|kind| Return {
            version: 3,
            last_seen_at: parse_rfc3339("2024-02-29T12:00:00.001Z").unwrap(),
            kind,
            takes_back: (kind == ReturnKind::Flapping).then_some(Materiality::Material),
        });
        let datings = [Dating::SilentEdit { claimed: date(1) }, Dating::EmptyRefresh { from: date(2), to: date(3) }];
        let mut judgments = vec![judgment.clone()];
        judgments.extend(returns.map(|returns| Judgment { returns: Some(returns), ..judgment.clone() }));
        judgments.extend(datings.map(|dating| Judgment { dating: Some(dating), ..judgment.clone() }));
        for (from, judgment) in [None, Some(3)].into_iter().flat_map(|from| judgments.iter().map(move |j| (from, j))) {
            let withheld = vec![Withheld { channel: "desk".to_owned(), reason: "r".to_owned() }];
            let json = change_json(from, &changed, judgment, &withheld);
            let kept = ChangeOnDisk { from, change: changed.clone(), judgment: judgment.clone(), withheld };
            assert_eq!(change(&json, Materiality::Minor, 2), Ok(kept));
        }
        let older =
            br#"{"crosses_readings":false,"sections":[],"practices":[],"summary":"s","findings":[],"noise":[]}"#;
        let read = change(older, Materiality::Minor, 2).unwrap();
        let judged = (read.judgment.returns, read.judgment.dating);
        assert_eq!((judged, read.withheld), ((None, None), Vec::new()), "what older versions wrote is read");
        assert!(change(b"{}", Materiality::Minor, 2).is_err());
    }

    #[test]
    fn every_origin_comes_back() {
        let origins = [
            Origin::Live { remote_addr: None },
            Origin::Wayback {
                memento_url: "https://archive.test/web/1id_/x".to_owned(),
                archive_digest: None,
                evidence: Evidence::default(),
            },
            Origin::Wayback {
                memento_url: "https://archive.test/web/2id_/x".to_owned(),
                archive_digest: Some("AAAA".to_owned()),
                evidence: Evidence {
                    digest: DigestCheck::Verified,
                    source: Some("crawl-1/1.warc.gz".to_owned()),
                    taken_from: Some("https://archive.test/web/1id_/x".to_owned()),
                },
            },
            Origin::Warc { record_id: "<urn:uuid:1>".to_owned() },
            Origin::Rendered {
                browser: "Chrome 1".to_owned(),
                remote_addr: Some("192.0.2.1:443".to_owned()),
                stopped: false,
            },
            Origin::Rendered { browser: "Chrome 1".to_owned(), remote_addr: None, stopped: true },
            Origin::File { name: "page.html".to_owned() },
        ];
        for origin in origins {
            let json = serde_json::to_string(&OriginRow::from(&origin)).unwrap();
            assert_eq!(Origin::from(serde_json::from_str::<OriginRow>(&json).unwrap()), origin);
        }
    }

    #[test]
    fn the_prefix_of_heads_is_part_of_the_format() {
        let digest = crate::snapshot::Digest::of(HEAD_PREFIX);
        assert_eq!(digest.short(), "ea4070c2038c", "stored heads cannot be read with another prefix");
    }
}
