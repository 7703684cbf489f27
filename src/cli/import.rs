//! `import`: another archive's captures, recorded as the history of a watch.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::ValueEnum;
use serde::Serialize;

use super::complaint::Complaint;
use super::console::Console;
use super::extract::Parts;
use super::imported::Seen;
use super::installation::Installation;
use super::table::{Table, count};
use super::when::Span;
use super::{Exit, declarations};
use crate::clock::SystemClock;
use crate::config::write::{WatchTable, watch_table};
use crate::exchange::import::{ImportError, Imported, Mode, Recorder, Routing, SourceError, Summary, warc_file};
use crate::exchange::ota::{self, Kind};
use crate::exchange::{corpus, jsonl, wacz};
use crate::moving::all_in_their_places;
use crate::render::one_line;
use crate::store::{DaemonLock, StoreError, Transferred, lock_daemon};
use crate::unpack::Unpacker;
use crate::watch::{Watch, WatchId};

/// What is imported, and into which watch.
#[derive(Debug, clap::Args)]
#[command(after_help = r#"Formats:
  jsonl                histories, whole: what `policywatch export jsonl` wrote
  warc                 captures: .warc, .warc.gz, .warc.zst, .arc, .arc.gz
  wacz                 captures: a web archive collection (.wacz)
  markdown             texts: a file or folder of the Princeton-Leuven corpus; others with --at
  ota-snapshots        captures: a snapshots repository of Open Terms Archive
  ota-versions         texts: a versions repository of Open Terms Archive
  ota-declarations     watches: declarations of Open Terms Archive, a file or a folder
  urlwatch             watches: the jobs of urlwatch or webchanges (.yaml)
  changedetection      watches: a backup of changedetection.io (.zip)

Examples:
  policywatch import warc crawl.warc.gz --watch acme
  policywatch import warc crawl.warc.gz               each capture to the watches of its address
  policywatch import ota-snapshots ./pga-snapshots --only "Acme/Privacy Policy"
  policywatch import urlwatch urls.yaml --append      adds [[watch]] tables to the configuration

Importing a file again records nothing twice. While whole histories (jsonl) are taken in,
`policywatch run` must not run: stop it first."#)]
pub struct Args {
    /// What the file is: one of the formats below
    #[arg(value_enum, hide_possible_values = true)]
    format: Format,
    /// The file, folder or repository
    path: PathBuf,
    /// The watch whose history it is; created if the configuration lacks it [default: those
    /// that follow the captures' addresses]
    #[arg(long, value_name = "ID")]
    watch: Option<String>,
    #[command(flatten)]
    parts: Parts,
    /// Print the reading of every capture too (with --json)
    #[arg(long)]
    full: bool,
    /// Tell the watch's channels of the changes
    #[arg(long)]
    alert: bool,
    /// Only list what would be taken; nothing is recorded or written
    #[arg(long)]
    dry_run: bool,
    /// Of markdown: when texts were served that do not say it themselves
    #[arg(long, value_name = "DATE")]
    at: Option<String>,
    /// Of ota-snapshots and ota-versions: only this service or these terms (repeatable)
    #[arg(long, value_name = "SERVICE[/TERMS]")]
    only: Vec<String>,
    /// Of watches: add them to the configuration [default: print them]
    #[arg(long)]
    append: bool,
}

/// A format that can be imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Our own complete export
    Jsonl,
    /// ISO 28500: .warc, .warc.gz, .warc.zst
    Warc,
    /// WACZ 1.1.1
    Wacz,
    /// Texts of the Princeton-Leuven corpus, or others
    Markdown,
    /// Pages, one commit a capture
    OtaSnapshots,
    /// Texts, one commit a version
    OtaVersions,
    /// Watches of Open Terms Archive
    OtaDeclarations,
    /// Watches of urlwatch and webchanges
    Urlwatch,
    /// Watches of changedetection.io
    Changedetection,
}

impl Format {
    /// Whether it declares watches, rather than holding what they read.
    fn declares(self) -> bool {
        matches!(self, Format::OtaDeclarations | Format::Urlwatch | Format::Changedetection)
    }

    fn is_git(self) -> bool {
        matches!(self, Format::OtaSnapshots | Format::OtaVersions)
    }
}

impl Args {
    /// No option may be given that does nothing.
    fn check(&self) -> Result<(), Complaint> {
        let declares = self.format.declares();
        let reads = !declares && self.format != Format::Jsonl;
        let wrong = [
            (declares && self.watch.is_some(), "--watch"),
            (!reads && !self.parts.is_empty(), "--select and --remove"),
            (!reads && self.full, "--full"),
            (!reads && self.alert, "--alert"),
            (!declares && self.append, "--append"),
            (self.format != Format::Markdown && self.at.is_some(), "--at"),
            (!self.format.is_git() && !self.only.is_empty(), "--only"),
        ];
        if let Some((_, option)) = wrong.into_iter().find(|(wrong, _)| *wrong) {
            return Err(Complaint::usage(format!("{option} says nothing for this format"))
                .hint("`policywatch import --help` says what each is for"));
        }
        if self.alert && self.dry_run {
            return Err(Complaint::usage("--alert and --dry-run exclude each other").hint("leave one of them out"));
        }
        if !self.parts.is_empty() && self.watch.is_none() {
            return Err(Complaint::usage("--select and --remove are for one watch").hint("name it with --watch"));
        }
        Ok(())
    }

    fn mode(&self) -> Mode {
        match (self.dry_run, self.alert) {
            (true, _) => Mode::Dry,
            (false, true) => Mode::Tell,
            (false, false) => Mode::Record,
        }
    }
}

/// Imports a file.
pub async fn run(args: Args, console: &Console) -> anyhow::Result<Exit> {
    args.check()?;
    let found = args.path.metadata();
    let fits = match args.format {
        Format::Jsonl | Format::Warc | Format::Wacz | Format::Urlwatch | Format::Changedetection => {
            found.as_ref().is_ok_and(std::fs::Metadata::is_file)
        }
        Format::OtaSnapshots | Format::OtaVersions => found.as_ref().is_ok_and(std::fs::Metadata::is_dir),
        Format::Markdown | Format::OtaDeclarations => found.is_ok(),
    };
    if !fits {
        let (what, hint) = match args.format {
            Format::Warc => ("file that can be read", "name a .warc, .warc.gz, .warc.zst or .arc file"),
            Format::OtaSnapshots | Format::OtaVersions => ("folder", "name a clone of the repository"),
            Format::Markdown | Format::OtaDeclarations => ("file or folder that can be read", "check the path"),
            _ => ("file that can be read", "check the path"),
        };
        return Err(Complaint::failed(format!("{} is no {what}", args.path.display())).hint(hint).into());
    }
    match args.format {
        Format::Jsonl => histories(args, console).await,
        Format::OtaDeclarations | Format::Urlwatch | Format::Changedetection => {
            declarations::run(args.format, &args.path, args.append, args.dry_run, console)
        }
        _ => captures(args, console).await,
    }
}

/// What became of the history of a watch.
#[derive(Serialize)]
struct HistoryRow<'a> {
    watch: &'a str,
    outcome: &'static str,
    captures: usize,
    versions: usize,
}

/// Imports whole histories.
async fn histories(args: Args, console: &Console) -> anyhow::Result<Exit> {
    let id =
        args.watch.as_deref().map(WatchId::new).transpose().map_err(|error| Complaint::usage(error.to_string()))?;
    let installation = Installation::open(console).await?;
    // A history is one transaction: the daemon would wait for it in vain, and end.
    let _sole = if args.dry_run { None } else { Some(sole(&installation)?) };
    let mut table = Table::new(["watch", "captures", "versions", "outcome"]).right(&[1, 2]);
    let mut seen = 0;
    let each = |jsonl::Imported { watch, taken }: jsonl::Imported| {
        seen += 1;
        let outcome = match (args.dry_run, taken.held) {
            (true, _) => "listed",
            (false, true) => "held",
            (false, false) => "taken",
        };
        let Transferred { captures, versions, .. } = taken;
        table.row([one_line(watch.as_str()), captures.to_string(), versions.to_string(), outcome.to_owned()]);
        let row = HistoryRow { watch: watch.as_str(), outcome, captures, versions };
        if console.json { console.object(&row) } else { Ok(()) }
    };
    let ended = jsonl::import(&args.path, id.as_ref(), args.dry_run, &installation.store, &SystemClock, each).await;
    if !console.json && seen > 0 {
        console.table(&table)?;
    }
    match (ended, id) {
        (Ok(()), Some(id)) if seen == 0 => Err(Complaint::failed(format!("the file has no watch \"{id}\""))
            .hint("leave --watch out, with --dry-run, to see which it has")
            .into()),
        (Ok(()), _) if seen == 0 => {
            console.warn(format!("{} holds no history, so nothing was recorded", args.path.display()));
            Ok(Exit::Done)
        }
        (Ok(()), _) => Ok(Exit::Done),
        (Err(ImportError::Told(error)), _) => Err(error.into()),
        (Err(error), _) => Err(error.into()),
    }
}

/// The right to write for long, which the daemon has while it runs.
fn sole(installation: &Installation) -> anyhow::Result<DaemonLock> {
    let path = &installation.config.store_path;
    lock_daemon(path).map_err(|error| match error {
        StoreError::Locked { .. } => Complaint::failed(format!(
            "policywatch runs on {}, and could record nothing while whole histories are taken in, so none was",
            path.display()
        ))
        .hint("stop it (`systemctl stop policywatch`, or end `policywatch run`), import, and start it again")
        .into(),
        other => other.into(),
    })
}

/// Imports captures.
async fn captures(args: Args, console: &Console) -> anyhow::Result<Exit> {
    let installation = Installation::open(console).await?;
    let ended = captures_into(&args, &installation, console).await;
    // A watch that was made for captures of which none came is in nobody's way.
    if let Err(error) = installation.release().await {
        console.warn(format!("the watch that was made for it may be left, with nothing recorded: {error:#}"));
    }
    ended
}

async fn captures_into(args: &Args, installation: &Installation, console: &Console) -> anyhow::Result<Exit> {
    let id =
        args.watch.as_deref().map(WatchId::new).transpose().map_err(|error| Complaint::usage(error.to_string()))?;
    // Nobody follows anything: the file is only looked at for what it could be taken into.
    let nowhere = id.is_none() && !args.format.is_git() && installation.config.watches.is_empty();
    let mut seen = Seen::new(args.full, args.dry_run, console);
    let ended = if args.format.is_git() {
        repository(args, id.as_ref(), installation, &mut seen, console).await
    } else {
        let watches = if nowhere { Vec::new() } else { watches(args, id.as_ref(), installation).await? };
        let watches = all_in_their_places(&watches, &installation.store).await?;
        let routing = match (&watches[..], &id) {
            ([one], Some(_)) => Routing::One(one),
            (watches, _) => Routing::ByAddress(watches),
        };
        let unpacker = Unpacker::this_program();
        let mut recorder = Recorder::new(
            routing,
            if nowhere { Mode::Dry } else { args.mode() },
            &installation.store,
            &SystemClock,
            &unpacker,
        );
        let ended = match args.format {
            Format::Wacz => collection(&args.path, &mut recorder, &mut seen).await,
            Format::Markdown => {
                let own = id.as_ref().and(watches.first()).map(|watch| watch.url.as_str());
                texts(args, own, &mut recorder, &mut seen, console).await
            }
            _ => Ok(warc_file(&args.path, &mut recorder, |total, imported| seen.take(total, &imported)).await),
        };
        ended.map(|ended| ended.map(|()| recorder.summary))
    }?;
    seen.end_bar();
    if let Ok(summary) = &ended
        && nowhere
        && summary.other_pages > 0
    {
        return Err(followed_by_nobody(summary, args, console).into());
    }
    if let Ok(summary) = &ended
        && (seen.refused == 0 || seen.total() > 0)
    {
        remarks(summary, args, id.as_ref(), console);
    }
    if !console.json {
        seen.print(installation, id.as_ref(), console).await?;
    }
    match ended {
        Ok(_) if seen.refused > 0 => Err(Complaint::failed(format!(
            "{} not read; {}",
            if seen.refused == 1 { "one file was".to_owned() } else { format!("{} files were", seen.refused) },
            match (seen.total(), args.dry_run) {
                (0, _) => "nothing was recorded",
                (_, true) => "the rest is listed",
                (_, false) => "the rest is recorded",
            }
        ))
        .hint("see the warnings above")
        .into()),
        Ok(_) => Ok(Exit::Done),
        Err(ImportError::Told(error)) => Err(error.into()),
        Err(error @ (ImportError::Warc(_) | ImportError::Source(_))) if seen.total() > 0 && !args.dry_run => {
            Err(anyhow::Error::from(error))
                .with_context(|| format!("the {} captures before are recorded, the rest is not", seen.total()))
        }
        Err(error) => Err(error.into()),
    }
}

/// The watches that captures may belong to.
async fn watches(args: &Args, id: Option<&WatchId>, installation: &Installation) -> anyhow::Result<Vec<Watch>> {
    let Some(id) = id else {
        let watches = installation.chosen(&[]).map_err(|complaint| {
            complaint.hint("name the watch with --watch ID; without it captures go to the watches of their address")
        })?;
        if !args.dry_run {
            installation.put_in_force().await?;
        }
        return Ok(watches);
    };
    if args.dry_run {
        let configured = installation.watch(id.as_str()).cloned();
        return Ok(vec![configured.map_or_else(|| installation.adopted(id, args.parts.clone()), Ok)?]);
    }
    Ok(vec![installation.watch_or_adopted(id, args.parts.clone()).await?])
}

type Ended<T> = anyhow::Result<Result<T, ImportError>>;

/// Imports the WARC files of a WACZ.
async fn collection(path: &Path, recorder: &mut Recorder<'_, SystemClock>, seen: &mut Seen<'_>) -> Ended<()> {
    let mut warcs = match wacz::open(path) {
        Ok(warcs) => warcs,
        Err(error) => return Ok(Err(error.into())),
    };
    loop {
        let (name, file) = match warcs.next_file() {
            Ok(Some(next)) => next,
            Ok(None) => return Ok(Ok(())),
            Err(error) => return Ok(Err(error.into())),
        };
        match warc_file(&file, recorder, |total, imported| seen.take(total, &imported)).await {
            Ok(()) => {}
            Err(ImportError::Warc(error)) => return Ok(Err(error.inside(&path.join(name)).into())),
            Err(error) => return Ok(Err(error)),
        }
    }
}

/// Imports files of text; one that cannot be read is told and passed over. `own` is the page
/// of those that name none.
async fn texts(
    args: &Args,
    own: Option<&str>,
    recorder: &mut Recorder<'_, SystemClock>,
    seen: &mut Seen<'_>,
    console: &Console,
) -> Ended<()> {
    let at = args.at.as_deref().map(Span::parse).transpose()?.map(|span| span.start);
    let files = match corpus::files(&args.path) {
        Ok(files) => files,
        Err(error) => return Ok(Err(error.into())),
    };
    let mut responses = Vec::new();
    for file in &files {
        // First only when each was served: the histories are written in that order.
        match corpus::read_file(file, at, None) {
            Ok(response) => responses.push((response.snapshot.captured_at, file)),
            Err(error) => {
                seen.refused += 1;
                console.warn(one_line(&error.to_string()));
            }
        }
    }
    responses.sort();
    let total = responses.len();
    for (_, file) in responses {
        let response = match corpus::read_file(file, at, own) {
            Ok(response) => response,
            Err(error) => return Ok(Err(error.into())),
        };
        let imported = match recorder.take(response).await {
            Ok(imported) => imported,
            Err(error) => return Ok(Err(error.into())),
        };
        if let Err(deaf) = imported.iter().try_for_each(|imported| seen.take(total, imported)) {
            // What was recorded until here gets its place all the same.
            return Ok(recorder.finish().await.map_err(ImportError::from).and(Err(ImportError::Told(deaf))));
        }
    }
    let rest = match recorder.finish().await {
        Ok(rest) => rest,
        Err(error) => return Ok(Err(error.into())),
    };
    Ok(rest.iter().try_for_each(|imported| seen.take(total, imported)).map_err(ImportError::Told))
}

/// Imports a repository of Open Terms Archive: a watch for each of its texts.
async fn repository(
    args: &Args,
    id: Option<&WatchId>,
    installation: &Installation,
    seen: &mut Seen<'_>,
    console: &Console,
) -> Ended<Summary> {
    let kind = if args.format == Format::OtaSnapshots { Kind::Snapshots } else { Kind::Versions };
    let plan = {
        let (path, only) = (args.path.clone(), args.only.clone());
        match tokio::task::spawn_blocking(move || ota::plan(&path, kind, &only)).await? {
            Ok(plan) => plan,
            Err(error) => return Ok(Err(ImportError::Source(error))),
        }
    };
    if plan.groups.is_empty() {
        let what = if args.only.is_empty() { "no records of Open Terms Archive" } else { "nothing that --only names" };
        let path = SourceError::new(args.path.display().to_string(), format!("it holds {what}"));
        return Ok(Err(path.into()));
    }
    if id.is_some() && plan.groups.len() > 1 {
        let some: Vec<String> = plan.groups.iter().take(3).map(|group| group.key.to_string()).collect();
        return Err(Complaint::usage(format!("{} texts cannot be the history of one watch", plan.groups.len()))
            .hint(format!("choose one, as in --only \"{}\"; or leave --watch out", some.join("\" or \"")))
            .into());
    }
    if plan.upgrades > 0 {
        console.say(format!(
            "{} left out: their publishers changed nothing, only the reading was another",
            count(plan.upgrades, "technical upgrade")
        ));
    }
    if !args.dry_run {
        installation.put_in_force().await?;
    }
    let mut watches = Vec::with_capacity(plan.groups.len());
    for group in &plan.groups {
        let (watch, page) = match id {
            Some(id) => (installation.watch(id.as_str()).cloned(), None),
            None => followed(&group.key, installation),
        };
        let watch = match watch {
            Some(watch) => watch,
            None => {
                let own = match id {
                    Some(id) => id.clone(),
                    None => WatchId::new(&group.key.own_id())?,
                };
                let watch = installation.adopted(&own, args.parts.clone())?;
                if !args.dry_run {
                    installation.adopt(&watch).await?;
                }
                watch
            }
        };
        let url = page.unwrap_or_else(|| watch.url.to_string());
        watches.push((watch, url));
    }
    let unpacker = Unpacker::this_program();
    let each = |total, imported: Imported| seen.take(total, &imported);
    Ok(ota::import(plan, &watches, args.mode(), &installation.store, &SystemClock, &unpacker, each).await)
}

/// The configured watch of a text, and the page of it that a document is.
fn followed(key: &ota::Key, installation: &Installation) -> (Option<Watch>, Option<String>) {
    let Some(document) = &key.document else { return (installation.watch(&key.watch_id()).cloned(), None) };
    if let Some(watch) = installation.watch(&key.own_id()) {
        return (Some(watch.clone()), None);
    }
    let Some(watch) = installation.watch(&key.watch_id()) else { return (None, None) };
    let page = watch.all_pages().into_iter().find(|page| ota::document_of(&page.url) == *document);
    page.map_or((None, None), |page| (Some(watch.clone()), Some(page.url.to_string())))
}

/// Addresses, those with the most captures first.
fn by_captures(elsewhere: &BTreeMap<String, usize>) -> Vec<(&String, &usize)> {
    let mut found: Vec<(&String, &usize)> = elsewhere.iter().collect();
    found.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
    found
}

/// The pages with the most captures, in brackets; nothing where none is a page.
fn some_of(elsewhere: &BTreeMap<String, usize>) -> String {
    let found = by_captures(elsewhere);
    let mut some: Vec<String> = found.iter().take(3).map(|(url, _)| one_line(url)).collect();
    if found.len() > 3 {
        some.push("…".to_owned());
    }
    if some.is_empty() { String::new() } else { format!(" ({})", some.join(", ")) }
}

/// Addresses that are proposed to be followed.
const PROPOSED: usize = 5;

/// Says what could be followed, where no watch is configured that captures could be of.
fn followed_by_nobody(summary: &Summary, args: &Args, console: &Console) -> Complaint {
    let found = by_captures(&summary.elsewhere);
    let mut tables = Vec::new();
    // One page has many addresses: with and without `https`, `www.` and a slash.
    let (mut pages, mut ids) = (BTreeSet::new(), BTreeSet::new());
    for (url, captures) in found {
        let Ok(address) = url::Url::parse(url) else { continue };
        let host = address.host_str().unwrap_or_default().trim_start_matches("www.").to_owned();
        let page =
            (host, address.port(), address.path().trim_end_matches('/').to_owned(), address.query().map(str::to_owned));
        if tables.len() == PROPOSED || !pages.insert(page) {
            continue;
        }
        let plain = proposed_id(&address);
        let numbered = (2..).map(|number| format!("{plain}-{number}"));
        let Some(id) = std::iter::once(plain.clone()).chain(numbered).find(|id| ids.insert(id.clone())) else {
            continue;
        };
        let remarks = [format!("{} of it", count(*captures, "capture"))];
        tables.push(watch_table(&WatchTable {
            remarks: &remarks,
            id: &id,
            url: address.as_str(),
            service: None,
            policy_type: None,
            select: &[],
            remove: &[],
            pages: &[],
            every: None,
            tags: &[],
        }));
    }
    if !tables.is_empty() {
        console.say(format!(
            "{} has captures of these pages among others:\n\n{}",
            args.path.display(),
            tables.join("\n")
        ));
    }
    Complaint::usage(format!(
        "no watch is configured that the {} could belong to, so nothing was recorded",
        count(summary.other_pages, "capture")
    ))
    .hint(match tables.is_empty() {
        true => "none of them is a page or a document that was served; take them into one watch with --watch ID all the same",
        false => {
            "put tables like these into the configuration (`policywatch init` writes one), or take all captures into \
             one watch with --watch ID; then import again"
        }
    })
}

/// A name for a watch of an address: its host and the last part of its path.
fn proposed_id(address: &url::Url) -> String {
    let host = address.host_str().unwrap_or("page").trim_start_matches("www.");
    let last = address.path().rsplit('/').find(|part| !part.is_empty()).unwrap_or_default();
    let plain = |text: &str| -> String {
        let letters = text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' });
        letters.take(40).collect::<String>().trim_matches('-').to_owned()
    };
    [plain(host), plain(last)].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}

/// What people must know of an import that went well.
fn remarks(summary: &Summary, args: &Args, id: Option<&WatchId>, console: &Console) {
    if summary.other_pages > 0 {
        console.warn(match id {
            Some(id) => format!(
                "{} captures are of none of the pages of watch \"{id}\", so they were not recorded; name their pages \
                 under pages in the configuration, or import them into a watch of their own",
                summary.other_pages
            ),
            None => format!(
                "{} captures are of addresses that no watch follows{}, so they were not recorded; follow them, or take \
                 them into one watch with --watch",
                summary.other_pages,
                some_of(&summary.elsewhere)
            ),
        });
    }
    if summary.without_body > 0 {
        console.warn(format!(
            "{} captures repeat a body that neither the file nor the record has, so they were not recorded; import \
             what they refer to first",
            summary.without_body
        ));
    }
    if summary.truncated > 0 {
        console.warn(format!(
            "{} captures were cut off when they were recorded (WARC-Truncated), so they were not taken: what is missing \
             would read as removed",
            summary.truncated
        ));
    }
    if summary.read + summary.other_pages + summary.without_body + summary.truncated == 0 {
        console.warn(format!("{} holds no captures, so nothing was recorded", args.path.display()));
    } else if summary.older > 0 {
        console
            .say(format!("{} captures were older than what was recorded; the history was derived anew", summary.older));
    }
}
