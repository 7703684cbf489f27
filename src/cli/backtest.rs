//! `backtest`: the stored history, judged again with today's code and other rules or
//! thresholds. Nothing is recorded and nobody is told.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

use indicatif::ProgressBar;
use serde::Serialize;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::Exit;
use super::complaint::Complaint;
use super::console::Console;
use super::extract::Parts;
use super::installation::Installation;
use super::table::{count, wrap, wrap_at_most};
use super::when::{self, Span};
use crate::alert::decide;
use crate::change::compare;
use crate::config::{self, ScopedRule};
use crate::judgment::{Judgment, Materiality, ReturnKind, Rules, judge_by, rule_ids};
use crate::panics::contained;
use crate::render::one_line;
use crate::store::{RecordedChange, Which};
use crate::time::{Timestamp, rfc3339};
use crate::version::{Cause, Version, VersionFacts};
use crate::watch::{Watch, WatchId};

/// What is judged again, and by what.
#[derive(Debug, clap::Args)]
#[command(after_help = r#"Examples:
  policywatch backtest                              what today's code would tell otherwise
  policywatch backtest acme --min-severity 2        what a threshold would keep from you
  policywatch backtest --rules new.toml --from 2024 what rules of your own would add

"As recorded" are the judgments on record, "now" those of today's code with the options
given; both under the settings in force. Nothing is recorded, and nobody is told."#)]
pub struct Args {
    /// The watches [default: all on record]
    watches: Vec<String>,
    /// From which materiality on: material, minor or editorial
    #[arg(long, value_name = "DEGREE", value_parser = degree)]
    alert_at: Option<Materiality>,
    /// From which severity on, 0 to 3
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=3))]
    min_severity: Option<u8>,
    /// A file with [[rule]] tables, in the place of the configuration's own rules
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// A rule of the program to do without (repeatable)
    #[arg(long, value_name = "RULE", value_parser = rule)]
    disable: Vec<String>,
    /// Changes from then on: 2024, 2024-05, 2024-05-01
    #[arg(long, value_name = "DATE")]
    from: Option<String>,
    /// Changes until then, likewise
    #[arg(long, value_name = "DATE")]
    to: Option<String>,
}

fn degree(word: &str) -> Result<Materiality, String> {
    Materiality::parse(word).ok_or_else(|| "use material, minor or editorial".to_owned())
}

fn rule(id: &str) -> Result<String, String> {
    let known = rule_ids().any(|(known, _)| known == id);
    known.then(|| id.to_owned()).ok_or_else(|| "findings and `policywatch why` name the rules by their ids".to_owned())
}

/// One change, as recorded and as judged now.
struct Pair {
    version: VersionFacts,
    recorded: Verdict,
    /// None: by today's code, the two texts say the same.
    now: Option<Verdict>,
}

struct Verdict {
    judgment: Judgment,
    told: Vec<String>,
    /// Why somebody is not told.
    reasons: Vec<String>,
    alerts: bool,
}

impl Verdict {
    /// A judgment under a watch's settings. Where no channel is, the watch's own decide.
    fn of(watch: &Watch, judgment: Judgment) -> Self {
        let (mut told, mut reasons) = (Vec::new(), Vec::new());
        for (channel, declined) in decide(watch, &judgment) {
            match declined {
                None => told.push(channel.to_owned()),
                Some(reason) => reasons.push(reason),
            }
        }
        let declined = watch.interest.declines(&judgment);
        let alerts = if watch.notify.is_empty() { declined.is_none() } else { !told.is_empty() };
        if watch.notify.is_empty() {
            reasons.extend(declined.map(|reason| format!("watch {}: {reason}", watch.id)));
        }
        Self { judgment, told, reasons, alerts }
    }
}

/// What becomes of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    Appears,
    Disappears,
    Severity,
    Same,
}

impl Effect {
    fn as_str(self) -> &'static str {
        match self {
            Effect::Appears => "appears",
            Effect::Disappears => "disappears",
            Effect::Severity => "severity",
            Effect::Same => "same",
        }
    }
}

impl Pair {
    fn effect(&self) -> Effect {
        let now = self.now.as_ref();
        match (self.recorded.alerts, now.is_some_and(|now| now.alerts)) {
            (false, true) => Effect::Appears,
            (true, false) => Effect::Disappears,
            (true, true) if now.is_some_and(|now| now.judgment.severity != self.recorded.judgment.severity) => {
                Effect::Severity
            }
            _ => Effect::Same,
        }
    }
}

/// How many of what.
#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Tally {
    watches: usize,
    changes: usize,
    alerts_recorded: usize,
    alerts_now: usize,
    appear: usize,
    disappear: usize,
    severity: usize,
    failed: usize,
}

impl Tally {
    fn count(&mut self, pair: &Pair) {
        self.changes += 1;
        self.alerts_recorded += usize::from(pair.recorded.alerts);
        self.alerts_now += usize::from(pair.now.as_ref().is_some_and(|now| now.alerts));
        match pair.effect() {
            Effect::Appears => self.appear += 1,
            Effect::Disappears => self.disappear += 1,
            Effect::Severity => self.severity += 1,
            Effect::Same => {}
        }
    }

    fn add(&mut self, other: &Self) {
        self.watches += 1;
        self.changes += other.changes;
        self.alerts_recorded += other.alerts_recorded;
        self.alerts_now += other.alerts_now;
        self.appear += other.appear;
        self.disappear += other.disappear;
        self.severity += other.severity;
        self.failed += other.failed;
    }

    fn is_still(&self) -> bool {
        self.appear + self.disappear + self.severity == 0
    }

    /// What becomes of the alerts, in words.
    fn says(&self) -> String {
        let alerts = count(self.alerts_recorded, "alert");
        if self.is_still() {
            return format!("{alerts}, the same now");
        }
        let mut parts = Vec::new();
        for (number, one, many) in [
            (self.appear, "appears", "appear"),
            (self.disappear, "disappears", "disappear"),
            (self.severity, "changes severity", "change severity"),
        ] {
            if number > 0 {
                parts.push(format!("{number} {}", if number == 1 { one } else { many }));
            }
        }
        format!("{alerts} as recorded, {} now: {}", self.alerts_now, parts.join(", "))
    }
}

#[derive(Serialize)]
struct Row<'a> {
    watch: &'a str,
    version: u32,
    captured_at: String,
    effect: &'static str,
    recorded: Side<'a>,
    now: Option<Side<'a>>,
}

#[derive(Serialize)]
struct Side<'a> {
    materiality: &'static str,
    severity: u8,
    practices: Vec<&'static str>,
    summary: &'a str,
    rules: Vec<&'a str>,
    told: &'a [String],
    reasons: &'a [String],
}

#[derive(Serialize)]
struct Total {
    total: Tally,
}

/// Judges the stored history again.
pub async fn run(args: Args, console: &Console) -> anyhow::Result<Exit> {
    let mut installation = Installation::open(console).await?;
    let from = args.from.as_deref().map(Span::parse).transpose()?.map(|span| span.start);
    let to = args.to.as_deref().map(Span::parse).transpose()?.map(|span| span.end);
    let recorded = chosen(&installation, &args.watches).await?;
    if let Some(path) = &args.rules {
        let rules = rules(path, &installation, console)?;
        installation.config.judge_by(rules);
    }
    let mut all = 0;
    for watch in &recorded {
        all += changed(&installation, &watch.id, from, to).await?.len();
    }
    let stop = stopped_by_people();
    let bar = console.progress(all as u64, "backtest");
    let mut total = Tally::default();
    for recorded in recorded {
        if stop.is_cancelled() {
            break;
        }
        let now = with(&args, &installation, recorded.clone());
        let versions = changed(&installation, &recorded.id, from, to).await?;
        let report = Report::new(&installation, (&recorded, &now), &bar, console);
        total.add(&report.of(versions, &stop).await?);
    }
    let told = bar.position();
    bar.finish_and_clear();
    if console.json {
        console.object(&Total { total })?;
    } else {
        let watches = count(total.watches, "watch");
        let changes = count(total.changes, "change");
        let says = format!("{watches}, {changes} judged again: {}", total.says());
        wrap(&says, console.width).into_iter().try_for_each(|line| console.line(console.paint.bold(line)))?;
    }
    if total.failed > 0 {
        console.warn(format!(
            "{} could not be judged in time, or our own code failed on them; please report it",
            count(total.failed, "change")
        ));
    }
    if stop.is_cancelled() && told < all as u64 {
        let judged = total.changes + total.failed;
        return Err(Complaint::failed(format!("stopped after {judged} of {all} changes"))
            .hint("the figures are of those; `policywatch backtest WATCH` and --from judge fewer")
            .into());
    }
    Ok(Exit::Done)
}

/// Is cancelled when people press Ctrl-C: what was judged until then is told all the same.
fn stopped_by_people() -> CancellationToken {
    let stop = CancellationToken::new();
    let heard = stop.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            heard.cancel();
        }
        // Who presses it again does not wait for what is being judged.
        if tokio::signal::ctrl_c().await.is_ok() {
            std::process::exit(Exit::Failed.code().into());
        }
    });
    stop
}

fn rules(path: &std::path::Path, installation: &Installation, console: &Console) -> anyhow::Result<Vec<ScopedRule>> {
    config::load_rules(path, &installation.config).map_err(|problems| {
        eprint!("{}", config::render_problems(&problems, console.paint_err.0));
        Complaint::usage(format!("nothing was judged: the rules in {} are not sound", path.display()))
            .hint("mend what is named above")
            .into()
    })
}

/// The watches that are named, or all on record, with the settings in force. One that the
/// configuration lacks takes those of an import.
async fn chosen(installation: &Installation, names: &[String]) -> anyhow::Result<Vec<Watch>> {
    let mut ids = Vec::new();
    for name in names {
        ids.push(installation.recorded(name).await?);
    }
    if names.is_empty() {
        ids.extend(installation.store.watch_states().await?.into_iter().map(|state| state.id));
    }
    if ids.is_empty() {
        return Err(Complaint::usage("no watch is on record, so there is nothing to judge again")
            .hint("`policywatch fetch --all` reads the pages, `policywatch backfill` their history")
            .into());
    }
    ids.into_iter()
        .map(|id| match installation.watch(id.as_str()) {
            Some(watch) => Ok(watch.clone()),
            None => installation.adopted(&id, Parts::default()),
        })
        .collect()
}

/// A watch with what the options say instead.
fn with(args: &Args, installation: &Installation, mut watch: Watch) -> Watch {
    watch.interest.alert_at = args.alert_at.unwrap_or(watch.interest.alert_at);
    watch.interest.min_severity = args.min_severity.unwrap_or(watch.interest.min_severity);
    let own = installation.config.rules.iter().filter(|rule| match installation.watch(watch.id.as_str()) {
        Some(watch) => rule.is_for(watch),
        None => rule.is_for_all(),
    });
    let disabled: Vec<String> = watch.rules.disabled().map(str::to_owned).chain(args.disable.iter().cloned()).collect();
    watch.rules = Rules::new(own.map(|rule| rule.rule.clone()).collect(), disabled);
    watch
}

/// The versions of a span that a change of the publisher's led to.
async fn changed(
    installation: &Installation,
    id: &WatchId,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
) -> anyhow::Result<Vec<VersionFacts>> {
    let mut versions = installation.store.versions(id).await?;
    versions.retain(|version| {
        version.cause == Cause::Publisher
            && from.is_none_or(|from| version.captured_at >= from)
            && to.is_none_or(|to| version.captured_at <= to)
    });
    Ok(versions)
}

/// A change on its way to be judged again.
type Judged = JoinHandle<Result<(RecordedChange, Option<Judgment>), String>>;

/// One watch's changes, judged again and told as they come: only as many pairs of texts are
/// held as there are processors.
struct Report<'a> {
    installation: &'a Installation,
    recorded: &'a Watch,
    now: &'a Watch,
    bar: &'a ProgressBar,
    console: &'a Console,
    tally: Tally,
}

impl<'a> Report<'a> {
    fn new(
        installation: &'a Installation,
        (recorded, now): (&'a Watch, &'a Watch),
        bar: &'a ProgressBar,
        console: &'a Console,
    ) -> Self {
        Self { installation, recorded, now, bar, console, tally: Tally::default() }
    }

    /// Judges the changes that led to versions, and says what differs, in their order.
    async fn of(mut self, versions: Vec<VersionFacts>, stop: &CancellationToken) -> anyhow::Result<Tally> {
        let most = std::thread::available_parallelism().map_or(1, usize::from);
        let mut ahead: VecDeque<(VersionFacts, Judged)> = VecDeque::new();
        let mut held: Option<Arc<Version>> = None;
        for facts in versions {
            if stop.is_cancelled() {
                break;
            }
            if ahead.len() >= most
                && let Some(first) = ahead.pop_front()
            {
                self.settle(first).await?;
            }
            let id = &self.recorded.id;
            let Some(change) = self.installation.store.change(id, facts.number).await? else {
                self.bar.inc(1);
                continue;
            };
            let old = match held.take().filter(|held| held.facts.id == change.from.id) {
                Some(old) => old,
                None => Arc::new(self.installation.version(id, &Which::Number(change.from.number)).await?),
            };
            let new = Arc::new(self.installation.version(id, &Which::Number(facts.number)).await?);
            held = Some(Arc::clone(&new));
            let rules = self.now.rules.clone();
            let judged = contained(move || {
                let judgment = again(&change, &old, &new, &rules);
                (change, judgment)
            });
            ahead.push_back((facts, tokio::spawn(judged)));
        }
        for one in ahead {
            self.settle(one).await?;
        }
        self.close()?;
        Ok(self.tally)
    }

    /// Waits for a change to be judged, counts it, and tells it if its alert differs.
    async fn settle(&mut self, (version, judged): (VersionFacts, Judged)) -> anyhow::Result<()> {
        let judged = judged.await;
        self.bar.inc(1);
        let Ok(Ok((change, judgment))) = judged else {
            self.tally.failed += 1;
            return Ok(());
        };
        let pair = Pair {
            version,
            recorded: Verdict::of(self.recorded, change.judgment),
            now: judgment.map(|judgment| Verdict::of(self.now, judgment)),
        };
        let is_first = self.tally.is_still();
        self.tally.count(&pair);
        if pair.effect() == Effect::Same {
            return Ok(());
        }
        let console = self.console;
        self.bar.suspend(|| {
            if console.json {
                return Ok(console.object(&row(&self.recorded.id, &pair))?);
            }
            if is_first {
                console.line(console.paint.bold(one_line(self.recorded.id.as_str())))?;
            }
            told(&pair, console).iter().try_for_each(|line| Ok(console.line(line)?))
        })
    }

    /// The sum of the watch, beside its name where nothing stands below that yet.
    fn close(&self) -> anyhow::Result<()> {
        let (console, paint) = (self.console, self.console.paint);
        if console.json {
            return Ok(());
        }
        let says = format!("{}, {}", count(self.tally.changes, "change"), self.tally.says());
        let line = match self.tally.is_still() {
            true => format!("{}  {}", paint.bold(one_line(self.recorded.id.as_str())), paint.dim(says)),
            false => format!("  {says}"),
        };
        Ok(self.bar.suspend(|| console.line(line))?)
    }
}

/// The judgment of today's code; none if the two texts say the same by it. That a page is
/// back to what it said before is as recorded: no rule decides that.
fn again(recorded: &RecordedChange, old: &Version, new: &Version, rules: &Rules) -> Option<Judgment> {
    let returns = recorded.judgment.returns.clone();
    if returns.as_ref().is_some_and(|returns| returns.kind == ReturnKind::Flapping) {
        return Some(recorded.judgment.clone());
    }
    let (old, new) = (&old.reading, &new.reading);
    let judgment = if old.unmatched.fell_back == new.unmatched.fell_back {
        compare(old, new).map(|mut change| {
            change.crosses_readings = recorded.change.crosses_readings;
            judge_by(&change, old, new, rules)
        })
    } else {
        // Both sides were compared as read unaided, which is not what is held.
        Some(judge_by(&recorded.change, old, new, rules))
    };
    judgment.map(|judgment| Judgment { returns, ..judgment })
}

fn row<'a>(id: &'a WatchId, pair: &'a Pair) -> Row<'a> {
    Row {
        watch: id.as_str(),
        version: pair.version.number,
        captured_at: rfc3339(pair.version.captured_at),
        effect: pair.effect().as_str(),
        recorded: side(&pair.recorded),
        now: pair.now.as_ref().map(side),
    }
}

fn side(verdict: &Verdict) -> Side<'_> {
    let judgment = &verdict.judgment;
    Side {
        materiality: judgment.materiality.as_str(),
        severity: judgment.severity,
        practices: judgment.practices.iter().map(|practice| practice.as_str()).collect(),
        summary: &judgment.summary,
        rules: judgment.findings.iter().map(|finding| finding.rule.as_str()).collect(),
        told: &verdict.told,
        reasons: &verdict.reasons,
    }
}

/// The lines of a change whose alert appears, disappears or differs.
fn told(pair: &Pair, console: &Console) -> Vec<String> {
    let paint = console.paint;
    let (sign, word) = match pair.effect() {
        Effect::Appears => (paint.green("+"), paint.green("appears")),
        Effect::Disappears => (paint.red("−"), paint.red("disappears")),
        Effect::Severity | Effect::Same => (paint.yellow("~"), paint.yellow("changes")),
    };
    let number = paint.bold(format!("{:>4}", format!("v{}", pair.version.number)));
    let severity = |verdict: Option<&Verdict>| verdict.map_or(0, |verdict| verdict.judgment.severity);
    let (before, after) = (severity(Some(&pair.recorded)), severity(pair.now.as_ref()));
    let how = if before == after { format!("severity {after}") } else { format!("severity {before} → {after}") };
    let mut lines = vec![format!("  {sign} {number}  {}  {word}, {how}", when::day(pair.version.captured_at))];
    let room = console.width.saturating_sub(10).max(20);
    let shown = match pair.effect() {
        Effect::Disappears => Some(&pair.recorded),
        _ => pair.now.as_ref(),
    };
    let summary = shown.map_or_else(String::new, |verdict| one_line(&verdict.judgment.summary));
    let own = format!("watch {}: ", pair.version.watch);
    let reason = |verdict: &Verdict| {
        let first = verdict.reasons.first().map_or("", String::as_str);
        // The line stands below the watch's name.
        first.strip_prefix(&own).unwrap_or(first).to_owned()
    };
    let because = match (pair.effect(), &pair.now) {
        (Effect::Disappears, None) => "now the same text".to_owned(),
        (Effect::Disappears, Some(now)) => format!("now not told: {}", reason(now)),
        (Effect::Appears, _) => format!("as recorded not told: {}", reason(&pair.recorded)),
        _ => rules_differ(pair),
    };
    lines.extend(wrap_at_most(&summary, room, 3).into_iter().map(|line| format!("          {line}")));
    lines.extend(
        wrap_at_most(&one_line(&because), room, 2).into_iter().map(|line| format!("          {}", paint.dim(line))),
    );
    lines
}

/// The most severe rules of both sides.
fn rules_differ(pair: &Pair) -> String {
    let top = |verdict: Option<&Verdict>| {
        let finding = verdict.and_then(|verdict| verdict.judgment.findings.first());
        finding.map_or_else(|| "nothing".to_owned(), |finding| finding.rule.clone())
    };
    format!("as recorded by {}, now by {}", top(Some(&pair.recorded)), top(pair.now.as_ref()))
}
