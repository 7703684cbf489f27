//! `why`: how a check or a version was decided, and who was told.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::complaint::Complaint;
use super::console::Console;
use super::errands::{self, ErrandRow};
use super::fetch::TriedRow;
use super::installation::{Installation, watch_and_which};
use super::table::{count, wrap};
use super::{Exit, when};
use crate::alert::{Delivery, DeliveryState};
use crate::confirmation::ConfirmationState;
use crate::judgment::{Dating, Judgment, Noise, OWN, ReturnKind, is_of_table, rule_ids};
use crate::render::json::{self, ChangeObject};
use crate::render::{noise_name, one_line};
use crate::store::{CheckFacts, CheckId, Confirmation, ErrandFacts, RecordedChange, Which};
use crate::time::rfc3339;
use crate::version::{Cause, SnapshotId, VersionFacts};
use crate::watch::WatchId;

/// Findings, and kinds of noise with their words, that a terminal shows; `--json` has all.
const FINDINGS: usize = 30;
const SHOWN: usize = 20;

/// Of what.
#[derive(Debug, clap::Args)]
#[command(after_help = r#"Examples:
  policywatch why acme            the last check
  policywatch why acme@3          the change that led to version 3
  policywatch why acme@2024-05    the version that was in force then
  policywatch why acme --check 17 a check of `log acme --checks --json`"#)]
pub struct Args {
    /// The watch, and a version or a date of it
    #[arg(value_name = "WATCH[@VERSION]")]
    watch: String,
    /// A check by its number, whatever came of it
    #[arg(long, value_name = "NUMBER")]
    check: Option<i64>,
}

/// What is to be explained, with all that is recorded of it.
struct Case {
    id: WatchId,
    check: Option<CheckFacts>,
    version: Option<VersionFacts>,
    change: Option<RecordedChange>,
    deliveries: Vec<Delivery>,
    /// The second look that it was to wait for.
    confirmation: Option<Confirmation>,
    /// The dates that the texts before and after claim for themselves.
    claimed: (Option<String>, Option<String>),
    /// Whether it was taken from an archive or a file, which tells nobody.
    is_history: bool,
    /// What is known of where the policy went, where the last check is asked about.
    went: Option<String>,
    /// What archives were asked because of it.
    errands: Vec<ErrandFacts>,
}

#[derive(Serialize)]
struct Row<'a> {
    watch: &'a str,
    check: Option<i64>,
    recorded_at: Option<String>,
    captured_at: Option<String>,
    outcome: Option<&'a str>,
    why: Option<&'a str>,
    note: Option<&'a str>,
    version: Option<u32>,
    cause: Option<&'static str>,
    from: Option<u32>,
    change: Option<ChangeObject>,
    /// Where each rule comes from that found something.
    sources: BTreeMap<&'a str, String>,
    facts: Facts,
    confirmation: Option<&'static str>,
    /// The ways that the page was asked for, where the plain one was not all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tried: Vec<TriedRow<'a>>,
    told: Vec<Told<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    move_note: Option<&'a str>,
    /// What archives were asked because of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    archives: Vec<ErrandRow<'a>>,
}

#[derive(Serialize)]
struct Facts {
    effective_before: Option<String>,
    effective_after: Option<String>,
    reading_before: Option<u32>,
    reading_after: Option<u32>,
    crosses_readings: Option<bool>,
    own_rules: Vec<String>,
    disabled_rules: Vec<String>,
}

#[derive(Serialize)]
struct Told<'a> {
    channel: &'a str,
    told: bool,
    state: Option<&'static str>,
    delivered_at: Option<String>,
    attempts: Option<u32>,
    reason: Option<&'a str>,
}

/// Explains a decision.
pub async fn run(args: Args, console: &Console) -> anyhow::Result<Exit> {
    let installation = Installation::open(console).await?;
    let (name, which) = watch_and_which(&args.watch)?;
    let id = installation.recorded(name).await?;
    let case = match (args.check, args.watch.contains('@')) {
        (Some(_), true) => {
            let hint = format!("use `policywatch why {}` or `policywatch why {name} --check NUMBER`", args.watch);
            return Err(Complaint::usage("a version and a check are both named").hint(hint).into());
        }
        (Some(number), false) => of_check(&installation, &id, named_check(&installation, &id, number).await?).await?,
        (None, true) => of_version(&installation, &id, &which).await?,
        (None, false) => match installation.store.watch_state(&id).await?.and_then(|state| state.last_check) {
            Some(check) => of_check(&installation, &id, check).await?,
            None => of_version(&installation, &id, &Which::Latest).await?,
        },
    };
    if console.json {
        console.object(&case.row(&installation))?;
        return Ok(Exit::Done);
    }
    for line in case.lines(&installation, console) {
        console.line(line)?;
    }
    Ok(Exit::Done)
}

async fn named_check(installation: &Installation, id: &WatchId, number: i64) -> anyhow::Result<CheckFacts> {
    let check = installation.store.check(CheckId(number)).await?.filter(|check| check.watch == *id);
    Ok(check.ok_or_else(|| {
        Complaint::usage(format!("watch \"{id}\" has no check {number}"))
            .hint(format!("`policywatch log {id} --checks --json` shows the numbers of its checks"))
    })?)
}

async fn of_check(installation: &Installation, id: &WatchId, check: CheckFacts) -> anyhow::Result<Case> {
    let store = &installation.store;
    let cites = |facts: &VersionFacts| check.snapshot.is_some_and(|snapshot| facts.snapshots().contains(&snapshot));
    let made = matches!(check.outcome.as_str(), "first" | "changed");
    let version = match check.version.filter(|_| made) {
        Some(number) => store.version(id, Which::Number(number)).await?.map(|version| version.facts).filter(cites),
        None => None,
    };
    case(installation, id, Some(check), version).await
}

async fn of_version(installation: &Installation, id: &WatchId, which: &Which) -> anyhow::Result<Case> {
    let version = installation.version(id, which).await?.facts;
    let check = match version.cause {
        // It was read anew from what an earlier check had served.
        Cause::TechnicalUpgrade => None,
        _ => installation.store.check_of(version.snapshot).await?,
    };
    case(installation, id, check, Some(version)).await
}

async fn case(
    installation: &Installation,
    id: &WatchId,
    check: Option<CheckFacts>,
    version: Option<VersionFacts>,
) -> anyhow::Result<Case> {
    let store = &installation.store;
    let change = match &version {
        Some(version) => store.change(id, version.number).await?,
        None => None,
    };
    let deliveries = match &check {
        Some(check) => store.deliveries_of(check.id).await?,
        None => Vec::new(),
    };
    let mut claimed = [None, None];
    for (side, claimed) in change.iter().flat_map(|change| [&change.from, &change.to]).zip(&mut claimed) {
        let text = store.version(id, Which::Number(side.number)).await?;
        *claimed = text.and_then(|version| version.reading.effective_at).map(|date| date.to_string());
    }
    let confirmation = match &version {
        Some(version) => store.confirmations(id).await?.into_iter().rfind(|known| known.snapshot == version.snapshot),
        None => None,
    };
    let is_history = match &version {
        Some(version) => !store.snapshot(version.snapshot).await?.origin.is_live(),
        None => false,
    };
    let [before, after] = claimed;
    let claimed = (before, after);
    let state = store.watch_state(id).await?;
    let latest =
        state.filter(|state| state.last_check.as_ref().map(|last| last.id) == check.as_ref().map(|check| check.id));
    let went = latest.map(|state| state.move_notes()).filter(|notes| !notes.is_empty()).map(|notes| notes.join("; "));
    let mut errands = store.errands(id).await?;
    // A snapshot bears the number of its check.
    let cites = |errand: &ErrandFacts| {
        version.as_ref().is_some_and(|version| version.snapshots().contains(&SnapshotId(errand.check.0)))
    };
    errands.retain(|errand| check.as_ref().is_some_and(|check| check.id == errand.check) || cites(errand));
    Ok(Case { id: id.clone(), check, version, change, deliveries, confirmation, claimed, is_history, went, errands })
}

impl Case {
    fn judgment(&self) -> Option<&Judgment> {
        self.change.as_ref().map(|change| &change.judgment)
    }

    /// Where the rules come from that found something.
    fn sources(&self, installation: &Installation) -> BTreeMap<&str, String> {
        let findings = self.judgment().map_or(&[][..], |judgment| &judgment.findings);
        let source = |id: &str| match rule_ids().find(|(known, _)| *known == id) {
            Some((_, source)) => source.to_owned(),
            None if id.starts_with(OWN) => match installation.config.origins.get(&format!("rule.{id}")) {
                Some(origin) => format!("your own, {origin}"),
                None => "your own, which the configuration lacks now".to_owned(),
            },
            None => "of an older release".to_owned(),
        };
        findings.iter().map(|finding| (finding.rule.as_str(), source(&finding.rule))).collect()
    }

    fn facts(&self, installation: &Installation) -> Facts {
        let rules = installation.watch(self.id.as_str()).map(|watch| watch.rules.clone());
        let rules = rules.unwrap_or_else(|| installation.config.rules_for_all());
        let change = self.change.as_ref();
        Facts {
            effective_before: self.claimed.0.clone(),
            effective_after: self.claimed.1.clone(),
            reading_before: change.map(|change| change.from.reader.revision),
            reading_after: self.version.as_ref().map(|version| version.reader.revision),
            crosses_readings: change.map(|change| change.change.crosses_readings),
            own_rules: rules.own().iter().map(|rule| rule.id().to_owned()).collect(),
            disabled_rules: rules.disabled().map(str::to_owned).collect(),
        }
    }

    /// Every channel that was told, and every one that was not.
    fn told<'a>(&'a self) -> Vec<Told<'a>> {
        let sent = |delivery: &'a Delivery| {
            let Delivery { channel, state, delivered_at, attempts, last_error, .. } = delivery;
            Told {
                channel,
                told: true,
                state: Some(state.as_str()),
                delivered_at: delivered_at.map(rfc3339),
                attempts: Some(*attempts),
                reason: last_error.as_deref().filter(|_| *state != DeliveryState::Delivered),
            }
        };
        let withheld = self.change.as_ref().map_or(&[][..], |change| &change.withheld);
        let silent = withheld.iter().map(|withheld| Told {
            channel: &withheld.channel,
            told: false,
            state: None,
            delivered_at: None,
            attempts: None,
            reason: Some(&withheld.reason),
        });
        self.deliveries.iter().map(sent).chain(silent).collect()
    }

    fn row<'a>(&'a self, installation: &Installation) -> Row<'a> {
        let check = self.check.as_ref();
        let captured = check.and_then(|check| check.captured_at).or(self.version.as_ref().map(|v| v.captured_at));
        let recorded = check.map(|check| check.recorded_at).or(self.version.as_ref().map(|v| v.recorded_at));
        Row {
            watch: self.id.as_str(),
            check: check.map(|check| check.id.0),
            recorded_at: recorded.map(rfc3339),
            captured_at: captured.map(rfc3339),
            outcome: check.map(|check| check.outcome.as_str()),
            why: check.and_then(|check| check.why.as_deref()),
            note: check.and_then(|check| check.note.as_deref()),
            tried: check.map_or_else(Vec::new, |check| check.tried.iter().map(TriedRow::from).collect()),
            version: self.version.as_ref().map(|version| version.number).or(check.and_then(|check| check.version)),
            cause: self.version.as_ref().map(|version| version.cause.as_str()),
            from: self.change.as_ref().map(|change| change.from.number),
            change: self.change.as_ref().map(|change| json::change(Some((&change.change, &change.judgment)))),
            sources: self.sources(installation),
            facts: self.facts(installation),
            confirmation: self.confirmation.as_ref().map(|confirmation| confirmation.state.as_str()),
            told: self.told(),
            move_note: self.went.as_deref(),
            archives: self.errands.iter().map(|errand| errands::object(self.id.as_str(), errand)).collect(),
        }
    }

    fn lines(&self, installation: &Installation, console: &Console) -> Vec<String> {
        let mut page = Page { console, lines: Vec::new() };
        self.heading(&mut page);
        match (&self.change, &self.version, &self.check) {
            (Some(change), ..) => {
                self.decision(change, installation, &mut page);
                self.dates(installation, &mut page);
                self.recipients(&mut page);
            }
            (None, Some(version), _) => self.without_change(version, &mut page),
            (None, None, Some(check)) => self.without_version(check, &mut page),
            (None, None, None) => {}
        }
        self.ways(&mut page);
        self.archives(&mut page);
        page.lines
    }

    fn heading(&self, page: &mut Page<'_>) {
        let paint = page.console.paint;
        let what = match (&self.change, &self.version) {
            (Some(change), _) => format!("v{} → v{}", change.from.number, change.to.number),
            (None, Some(version)) => format!("v{}", version.number),
            (None, None) => self.check.as_ref().map_or_else(String::new, |check| format!("check {}", check.id.0)),
        };
        page.lines.push(format!("{}  {}", paint.bold(one_line(self.id.as_str())), paint.bold(what)));
        let captured = self.check.as_ref().and_then(|check| check.captured_at);
        let captured = captured.or(self.version.as_ref().map(|version| version.captured_at));
        let mut says: Vec<String> = captured.map(|at| format!("served {} UTC", when::minute(at))).into_iter().collect();
        says.extend(self.check.as_ref().map(|check| {
            format!("checked {} UTC (check {}: {})", when::minute(check.recorded_at), check.id.0, check.outcome)
        }));
        page.text("", &says.join(", "), |line| paint.dim(line));
        if let Some(went) = &self.went {
            page.text("", &one_line(went), |line| paint.yellow(line));
        }
    }

    /// How much it matters, which rules said so, and what was left out of account.
    fn decision(&self, change: &RecordedChange, installation: &Installation, page: &mut Page<'_>) {
        let paint = page.console.paint;
        let judgment = &change.judgment;
        let names: Vec<&str> = judgment.practices.iter().map(|practice| practice.name()).collect();
        let about = if names.is_empty() { String::new() } else { format!(" · {}", names.join(", ")) };
        let badge = judgment.materiality.as_str().to_uppercase();
        page.lines.push(String::new());
        let head = format!("{badge} · severity {} of 3{about}", judgment.severity);
        page.text("", &head, |line| paint.matters(judgment.materiality, line));
        page.text("", &one_line(&judgment.summary), |line| line);

        let sources = self.sources(installation);
        let mut explained = BTreeSet::new();
        page.section(if judgment.findings.is_empty() { "no rule found anything" } else { "what the rules found" });
        for finding in judgment.findings.iter().take(FINDINGS) {
            let about = finding.practice.map_or_else(String::new, |practice| format!(", {}", practice.name()));
            let says = format!("severity {}{about}", finding.severity);
            page.lines.push(format!("  {}  {}", paint.bold(one_line(&finding.rule)), paint.dim(says)));
            let place = if finding.section.is_empty() { String::new() } else { finding.section.join(" › ") };
            for (name, text) in [("in", &place), ("before", &finding.before), ("after", &finding.after)] {
                page.field(name, text);
            }
            page.field("why", &finding.why);
            if explained.insert(finding.rule.as_str()) {
                // Some findings come from no source, but from how much differs.
                let name = if is_of_table(&finding.rule) || finding.rule.starts_with(OWN) { "source" } else { "by" };
                page.field(name, sources.get(finding.rule.as_str()).map_or("", String::as_str));
            }
        }
        if let Some(more) = judgment.findings.len().checked_sub(FINDINGS).filter(|more| *more > 0) {
            page.lines.push(paint.dim(format!("  … {} more; --json has all", more)));
        }
        left_out(&judgment.noise, page);
    }

    /// Dates, how it was read, and by what it would be judged today.
    fn dates(&self, installation: &Installation, page: &mut Page<'_>) {
        let facts = self.facts(installation);
        page.section("facts");
        let date = |date: &Option<String>| date.clone().unwrap_or_else(|| "none".to_owned());
        page.field(
            "date",
            &match (&facts.effective_before, &facts.effective_after) {
                (None, None) => "the text names no date of its own".to_owned(),
                (before, after) if before == after => format!("the text still says {}", date(after)),
                (before, after) => format!("the text says {}, and said {}", date(after), date(before)),
            },
        );
        if let Some(judgment) = self.judgment() {
            page.field("", judgment.dating.map_or("", dated));
            page.field(
                "back",
                &judgment.returns.as_ref().map_or_else(String::new, |returns| {
                    let kind = match returns.kind {
                        ReturnKind::Flapping => "the page alternates",
                        ReturnKind::Edition => "another edition of it, the page alternates",
                        ReturnKind::Rollback => "a rollback, judged like any change",
                    };
                    let seen = when::minute(returns.last_seen_at);
                    format!("to the text of v{}, last seen {seen} UTC: {kind}", returns.version)
                }),
            );
        }
        let revision = facts.reading_after.map_or_else(String::new, |revision| revision.to_string());
        page.field(
            "read",
            &match facts.crosses_readings {
                Some(true) => format!("in two ways (revision {revision} now), so a part of it may be our change"),
                _ => format!("both texts in the same way (revision {revision} of the reader)"),
            },
        );
        let listed = |word: &str, ids: &[String]| match ids {
            [] => String::new(),
            ids => format!(", {word} {}", ids.join(" and ")),
        };
        let (own, disabled) = (listed("with", &facts.own_rules), listed("without", &facts.disabled_rules));
        page.field("rules", &format!("those of the program{own}{disabled}, as in force today"));
    }

    /// The ways that the page was asked for, where the plain one was not all.
    fn ways(&self, page: &mut Page<'_>) {
        let tried = self.check.as_ref().map_or(&[][..], |check| &check.tried);
        if !tried.is_empty() {
            page.section("asked for");
        }
        for tried in tried {
            page.text("  ", &tried.line(), |line| line);
        }
    }

    /// What archives were asked because of it, and what they have.
    fn archives(&self, page: &mut Page<'_>) {
        if !self.errands.is_empty() {
            page.section("archives");
        }
        for errand in &self.errands {
            page.text("  ", &one_line(&errands::sentence(errand)), |line| line);
        }
    }

    /// Who was told, and who was not.
    fn recipients(&self, page: &mut Page<'_>) {
        let paint = page.console.paint;
        page.section("who was told");
        if let Some(confirmation) = &self.confirmation {
            let (due, seen) = (when::minute(confirmation.due_at), when::minute(confirmation.first_seen_at));
            let says = match confirmation.state {
                ConfirmationState::Pending => format!("a second look waits until {due} UTC; first seen {seen} UTC"),
                ConfirmationState::Confirmed => format!("a second look found it again; first seen {seen} UTC"),
                ConfirmationState::Withdrawn => "nobody: a second look did not find it again".to_owned(),
                ConfirmationState::Replaced => {
                    "nobody yet: a second look found another text, which waits instead".to_owned()
                }
            };
            page.text("  ", &says, |line| line);
        }
        let told = self.told();
        let widest = told.iter().map(|told| told.channel.len()).max().unwrap_or(0);
        for (told, delivery) in told.iter().zip(self.deliveries.iter().map(Some).chain(std::iter::repeat(None))) {
            let reason = told.reason.map(one_line);
            let says = match delivery.map(|delivery| (delivery.state, delivery.delivered_at)) {
                Some((DeliveryState::Delivered, at)) => {
                    let at = at.map_or_else(String::new, |at| format!(" {} UTC", when::minute(at)));
                    paint.green(format!("told{at}"))
                }
                Some((DeliveryState::Pending, _)) => match reason {
                    Some(reason) => paint.yellow(format!("waits to be told again: {reason}")),
                    None => paint.yellow("waits to be told"),
                },
                Some((DeliveryState::Dead, _)) => paint.red(format!("given up: {}", reason.unwrap_or_default())),
                None => format!("not told: {}", reason.unwrap_or_default()),
            };
            page.text(&format!("  {:<widest$}  ", told.channel), &says, |line| line);
        }
        if told.is_empty() && self.confirmation.is_none() {
            let says = match (self.is_history, &self.check) {
                (true, _) => "nobody: it was taken from an archive or a file, and history is no news",
                (false, None) => "nobody: no check is on record that found it",
                (false, Some(_)) => {
                    "nobody, and the record does not say why: no channel was configured then, or an older release decided"
                }
            };
            page.text("  ", says, |line| line);
        }
    }

    /// A version that no change led to.
    fn without_change(&self, version: &VersionFacts, page: &mut Page<'_>) {
        let says = match version.cause {
            Cause::TechnicalUpgrade => {
                "read again by newer code or other settings from what was held: our change, not theirs. It tells nobody."
            }
            _ if version.number > 1 => {
                "the first text in another language. It was compared with nothing, so there was nothing to judge."
            }
            _ => "the first text on record. There was nothing to compare it with, so there was nothing to judge.",
        };
        page.lines.push(String::new());
        page.text("", says, |line| line);
        self.note(page);
    }

    /// A check that made no version.
    fn without_version(&self, check: &CheckFacts, page: &mut Page<'_>) {
        let paint = page.console.paint;
        page.lines.push(String::new());
        let held = check.version.map(|number| format!("v{number}"));
        match (&check.why, &held) {
            (Some(why), _) => {
                // A word for what it is, then the evidence for it.
                let (kind, evidence) = match why.split_once(": ") {
                    Some((kind, evidence)) if check.outcome == "unreadable" => (kind, evidence),
                    _ => (check.outcome.as_str(), why.as_str()),
                };
                page.text("", &one_line(kind).to_uppercase(), |line| paint.yellow(line));
                for evidence in evidence.split("; ") {
                    page.text("  · ", &one_line(evidence), |line| line);
                }
                for failed in check.pages.iter().filter(|page| page.why.is_some()) {
                    page.field("page", &failed.url);
                }
                let rest = match &held {
                    Some(held) => {
                        format!("{held} stays the text of record; nothing was compared, and nobody was told.")
                    }
                    None => "There is no text on record yet; nobody was told.".to_owned(),
                };
                page.text("", &rest, |line| line);
            }
            (None, Some(held)) => {
                page.text("", &format!("the same text as {held}: nothing to judge, nobody to tell."), |line| line);
                let hint = format!("`policywatch why {}@{held}` says how that was decided", self.id);
                page.text("", &hint, |line| paint.dim(line));
            }
            (None, None) => page.text("", "its capture has no version of its own in the history", |line| line),
        }
        self.note(page);
    }

    fn note(&self, page: &mut Page<'_>) {
        if let Some(note) = self.check.as_ref().and_then(|check| check.note.as_deref()) {
            page.field("note", note);
        }
    }
}

/// What was left out of account, the same words once.
fn left_out(noise: &[Noise], page: &mut Page<'_>) {
    let paint = page.console.paint;
    if noise.is_empty() {
        return;
    }
    page.section(&format!("left out of account: {}", count(noise.len(), "piece")));
    let mut told: Vec<(&Noise, usize)> = Vec::new();
    for piece in noise {
        match told.iter_mut().find(|(known, _)| (&known.kind, &known.example) == (&piece.kind, &piece.example)) {
            Some((_, count)) => *count += 1,
            None => told.push((piece, 1)),
        }
    }
    let kind = |piece: &Noise| one_line(&noise_name(&piece.kind));
    let widest = told.iter().take(SHOWN).map(|(piece, _)| kind(piece).chars().count()).max().unwrap_or(0);
    let mut last = String::new();
    for (piece, count) in told.iter().take(SHOWN) {
        let kind = kind(piece);
        let lead = if kind == last { String::new() } else { kind.clone() };
        last = kind;
        let often = if *count > 1 { format!(" ×{count}") } else { String::new() };
        let lead = paint.dim(format!("{lead:<widest$}"));
        page.text(&format!("  {lead}  "), &one_line(&format!("{}{often}", piece.example)), |line| line);
    }
    let more: usize = told.iter().skip(SHOWN).map(|(_, count)| count).sum();
    if more > 0 {
        page.lines.push(paint.dim(format!("  … {more} more; --json has all")));
    }
}

/// What the dates of the two texts say of the change.
fn dated(dating: Dating) -> &'static str {
    match dating {
        Dating::SilentEdit { .. } => "a silent edit: the substance changed, the date did not",
        Dating::EmptyRefresh { .. } => "an empty refresh: the date moved, nothing else did",
    }
}

/// Lines as they fit the terminal.
struct Page<'a> {
    console: &'a Console,
    lines: Vec<String>,
}

impl Page<'_> {
    /// Running text behind a lead, its further lines under its first.
    fn text(&mut self, lead: &str, text: &str, paint: impl Fn(String) -> String) {
        let indent = super::table::shown_width(lead);
        let room = self.console.width.saturating_sub(indent).max(20);
        for (at, line) in wrap(text, room).into_iter().enumerate() {
            let lead = if at == 0 { lead.to_owned() } else { " ".repeat(indent) };
            self.lines.push(format!("{lead}{}", paint(line)));
        }
    }

    fn section(&mut self, title: &str) {
        self.lines.push(String::new());
        self.lines.push(self.console.paint.cyan(title));
    }

    /// A named text; nothing where there is none.
    fn field(&mut self, name: &str, text: &str) {
        if !text.is_empty() {
            let lead = format!("    {}  ", self.console.paint.dim(format!("{name:<6}")));
            self.text(&lead, &one_line(text), |line| line);
        }
    }
}
