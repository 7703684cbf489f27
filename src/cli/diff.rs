//! `diff`: what changed between two versions, by section.

use super::complaint::Complaint;
use super::console::Console;
use super::installation::{Installation, which};
use super::{Exit, compare, when};
use crate::change;
use crate::judgment::{Materiality, judge_by};
use crate::render::one_line;
use crate::store::Which;
use crate::version::{Cause, Version, VersionFacts};
use crate::watch::WatchId;

/// Which versions.
#[derive(Debug, clap::Args)]
#[command(after_help = r#"Examples:
  policywatch diff acme            the last change
  policywatch diff acme 3          from the third version to the latest
  policywatch diff acme 2018 2020  between the ends of two years

Dates are 2024, 2024-05, 2024-05-01 or 2024-05-01T12:00:00Z."#)]
pub struct Args {
    /// The watch
    watch: String,
    /// The older version or date [default: the one before TO in its language]
    from: Option<String>,
    /// The newer version or date [default: the latest]
    to: Option<String>,
    /// Exit with 1 if the change is material
    #[arg(long)]
    exit_code: bool,
}

/// Prints the change between two versions.
pub async fn run(args: Args, console: &Console) -> anyhow::Result<Exit> {
    let installation = Installation::open(console).await?;
    let id = installation.recorded(&args.watch).await?;
    let to = args.to.as_deref().map_or(Ok(Which::Latest), which)?;
    let to = installation.version(&id, &to).await?;
    let from = match &args.from {
        Some(from) => installation.version(&id, &which(from)?).await?,
        None => before(&installation, &id, &to.facts).await?,
    };
    let material = show(&installation, &id, &from, &to, console).await?;
    Ok(if material && args.exit_code { Exit::Material } else { Exit::Done })
}

async fn before(installation: &Installation, id: &WatchId, to: &VersionFacts) -> anyhow::Result<Version> {
    if to.number < 2 {
        return Err(Complaint::failed(format!("watch \"{id}\" has one version, so nothing has changed yet"))
            .hint(format!("`policywatch show {id}` prints it, `policywatch backfill {id}` looks for older ones"))
            .into());
    }
    if let Some(recorded) = installation.store.change(id, to.number).await? {
        return installation.version(id, &Which::Number(recorded.from.number)).await;
    }
    if to.cause == Cause::FirstRecord {
        let number = to.number;
        return Err(Complaint::failed(format!(
            "v{number} of \"{id}\" is the first text in its language, so it was compared with nothing"
        ))
        .hint(format!(
            "`policywatch show {id}@{number}` prints it, `policywatch diff {id} {} {number}` compares anyway",
            number - 1
        ))
        .into());
    }
    installation.version(id, &Which::Number(to.number - 1)).await
}

/// Prints a change, and says whether it is material. If it is on record, it is that one,
/// else it is computed.
async fn show(
    installation: &Installation,
    id: &WatchId,
    from: &Version,
    to: &Version,
    console: &Console,
) -> anyhow::Result<bool> {
    if !console.json {
        heading(id, &from.facts, &to.facts, console)?;
    }
    if let Some(recorded) = installation.store.change(id, to.facts.number).await?
        && recorded.from.id == from.facts.id
    {
        compare::print(Some((&recorded.change, &recorded.judgment)), console)?;
        return Ok(recorded.judgment.materiality == Materiality::Material);
    }
    let rules = installation.watch(id.as_str()).map(|watch| watch.rules.clone());
    let rules = rules.unwrap_or_else(|| installation.config.rules_for_all());
    let judged = change::compare(&from.reading, &to.reading).map(|mut change| {
        change.crosses_readings = from.facts.reader != to.facts.reader;
        let judgment = judge_by(&change, &from.reading, &to.reading, &rules);
        (change, judgment)
    });
    compare::print(judged.as_ref().map(|(change, judgment)| (change, judgment)), console)?;
    Ok(judged.is_some_and(|(_, judgment)| judgment.materiality == Materiality::Material))
}

fn heading(id: &WatchId, from: &VersionFacts, to: &VersionFacts, console: &Console) -> anyhow::Result<()> {
    let side = |facts: &VersionFacts| format!("v{} of {}", facts.number, when::day(facts.captured_at));
    let title = format!("{}  {} → {}", one_line(id.as_str()), side(from), side(to));
    console.line(console.paint.bold(title))?;
    console.line("")?;
    Ok(())
}
