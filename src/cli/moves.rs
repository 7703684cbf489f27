//! `move`: where a policy went, and the word of whoever runs this about that.

use serde::Serialize;
use url::Url;

use super::complaint::Complaint;
use super::console::Console;
use super::installation::Installation;
use super::table::{Table, count};
use super::{Exit, input, when};
use crate::clock::{Clock, SystemClock};
use crate::config::Origin;
use crate::config::append::readdress;
use crate::discovery::address;
use crate::discovery::alike::alike;
use crate::discovery::moves::{Move, MoveState, NewMove, Way, Whereabouts, can_move};
use crate::moving::{Sought, in_its_place, read_at, seek_now};
use crate::render::one_line;
use crate::time::rfc3339;
use crate::watch::{Former, Watch};

/// Which watch, and where to.
#[derive(Debug, clap::Args)]
#[command(after_help = r#"Examples:
  policywatch move acme                             where it is, and what was found
  policywatch move acme --accept                    go on at the best that was found
  policywatch move acme https://acme.com/legal      go on there
  policywatch move acme --back                      go on at the address of the configuration
  policywatch move acme --search                    search now; otherwise that happens once a day
  policywatch move acme --write                     write where it is now to the configuration

The history goes on under the same watch. A policy that is followed by itself, or by your word, is
asked for at its new address until url in the configuration is another one. --write also puts the
former address into urls, so that its history goes on to be found."#)]
pub struct Args {
    /// The watch
    watch: String,
    /// Go on at this address
    #[arg(value_name = "URL", conflicts_with_all = ["accept", "back", "search", "write"])]
    url: Option<String>,
    /// Go on at the best address that was found
    #[arg(long, conflicts_with_all = ["back", "search", "write"])]
    accept: bool,
    /// Go on at the address of the configuration
    #[arg(long, conflicts_with_all = ["search", "write"])]
    back: bool,
    /// Search for the policy now
    #[arg(long, conflicts_with = "write")]
    search: bool,
    /// Write the address where the policy is now to the configuration
    #[arg(long)]
    write: bool,
    /// Say what would be done, and record nothing
    #[arg(long, conflicts_with = "search")]
    dry_run: bool,
}

#[derive(Serialize)]
struct Row<'a> {
    watch: &'a str,
    configured_url: &'a str,
    /// Where it is asked for.
    url: &'a str,
    moves: Vec<MoveRow<'a>>,
    note: Option<String>,
    /// Pages that a search asked for now.
    #[serde(skip_serializing_if = "Option::is_none")]
    requests: Option<usize>,
    /// Whether something was recorded now.
    recorded: bool,
}

#[derive(Serialize)]
struct MoveRow<'a> {
    found_at: String,
    configured_url: &'a str,
    url: &'a str,
    found_by: &'static str,
    similarity: Option<f64>,
    state: &'static str,
    /// Whether it waits for a decision.
    open: bool,
}

/// Shows or decides where a watch goes on.
pub async fn run(args: Args, console: &Console) -> anyhow::Result<Exit> {
    let installation = Installation::open_in_force(console).await?;
    let watch = installation.configured(&args.watch)?.clone();
    if !can_move(&watch) {
        return Err(Complaint::usage(format!("watch \"{}\" has several pages, or is read from an archive", watch.id))
            .hint("name its new addresses in the configuration")
            .into());
    }
    let known = installation.store.whereabouts(&watch.id, &watch.url).await?;
    if args.write {
        return write(&installation, &watch, &known, args.dry_run, console).await;
    }
    let mut sought = None;
    let decided = if args.search {
        sought = Some(search(&installation, &watch, console).await?);
        None
    } else if args.back {
        Some(back(&watch, &known)?)
    } else if args.accept {
        Some(accepted(&watch, &known)?)
    } else if let Some(text) = &args.url {
        Some(named(&installation, &watch, text).await?)
    } else {
        None
    };
    let mut recorded = sought.as_ref().is_some_and(|sought| !sought.moves.is_empty());
    if let Some(decided) = decided {
        tell_decision(&watch, &decided, args.dry_run, console);
        if !args.dry_run {
            let now = SystemClock.now();
            installation.store.record_moves(&watch, None, vec![decided], now).await?;
            recorded = true;
        }
    }
    show(&installation, &watch, sought.as_ref(), recorded, console).await?;
    Ok(Exit::Done)
}

/// Makes the configuration say where the policy is.
async fn write(
    installation: &Installation,
    watch: &Watch,
    known: &Whereabouts,
    dry: bool,
    console: &Console,
) -> anyhow::Result<Exit> {
    let url = known.moved.as_ref().and_then(|moved| Url::parse(&moved.url).ok());
    let origin = installation.config.origins.get(&format!("watch.{}", watch.id));
    let (Some(url), Some(Origin::File { path, .. })) = (url, origin) else {
        return Err(Complaint::usage(format!("watch \"{}\" is at the address of the configuration", watch.id))
            .hint(format!("`policywatch move {} --accept` or an address decides where it goes on", watch.id))
            .into());
    };
    // What the configuration lacks: the addresses that only the record knows.
    let former = in_its_place(watch, &installation.store).await?.former.split_off(watch.former.len());
    if !dry {
        readdress(path, &watch.id, &url, &former)?;
    }
    let (mark, wrote) = (console.paint_err.green("✓"), if dry { "would write" } else { "wrote" });
    console.say(format!("{mark} {wrote} url = \"{url}\" to {}", path.display()));
    for Former { url, until } in &former {
        console.say(format!("  and {url} to urls, as its address until {} UTC", when::minute(*until)));
    }
    let now = if dry { watch.clone() } else { Watch { url, ..watch.clone() } };
    show(installation, &now, None, !dry, console).await?;
    Ok(Exit::Done)
}

async fn search(installation: &Installation, watch: &Watch, console: &Console) -> anyhow::Result<Sought> {
    let bar = console.spinner(&format!("searching for {}", watch.id));
    let sought = seek_now(watch, &installation.ports()?).await;
    bar.finish_and_clear();
    let sought = sought?;
    let requests = count(sought.requests, "request");
    match &sought.moves[..] {
        [] => console.say(format!("nothing was found that is like the policy, with {requests}")),
        found => console.say(format!("found {} with {requests}", count(found.len(), "page"))),
    }
    Ok(sought)
}

fn back(watch: &Watch, known: &Whereabouts) -> Result<NewMove, Complaint> {
    if known.moved.is_none() && known.open.is_empty() {
        return Err(Complaint::usage(format!("watch \"{}\" is at the address of the configuration", watch.id))
            .hint(format!("`policywatch fetch {}` looks at it", watch.id)));
    }
    Ok(NewMove { url: watch.url.clone(), way: Way::Operator, alike: None, state: MoveState::Accepted })
}

fn accepted(watch: &Watch, known: &Whereabouts) -> Result<NewMove, Complaint> {
    let best = known.open.iter().find(|one| one.state == MoveState::Proposed);
    let url = best.and_then(|best| Url::parse(&best.url).ok());
    let (Some(best), Some(url)) = (best, url) else {
        return Err(Complaint::usage(format!("no move of watch \"{}\" waits for a decision", watch.id)).hint(format!(
            "`policywatch move {} --search` searches now, `policywatch move {} URL` names one",
            watch.id, watch.id
        )));
    };
    Ok(NewMove { url, way: best.way, alike: best.alike, state: MoveState::Accepted })
}

/// An address that was named: it must answer with a text that can be read.
async fn named(installation: &Installation, watch: &Watch, text: &str) -> anyhow::Result<NewMove> {
    let url = input::as_url(text).ok_or_else(|| {
        Complaint::usage(format!("\"{}\" is no address of the web", one_line(text)))
            .hint("name the new address of the policy, beginning with https://")
    })?;
    if address::same(&url, &watch.url) {
        return Ok(NewMove { url: watch.url.clone(), way: Way::Operator, alike: None, state: MoveState::Accepted });
    }
    let reading =
        read_at(&url, watch, &installation.ports()?).await?.map_err(|failure| failure.kind)?.map_err(|why| {
            Complaint::failed(format!("{url} is no policy that can be read: {why}"))
                .hint("look at it in a browser; nothing was recorded")
        })?;
    let before = installation.store.latest(&watch.id).await?;
    let alike = match before {
        Some(before) => tokio::task::spawn_blocking(move || alike(&before.reading, &reading)).await.ok(),
        None => None,
    };
    Ok(NewMove { url, way: Way::Operator, alike, state: MoveState::Accepted })
}

fn tell_decision(watch: &Watch, decided: &NewMove, dry: bool, console: &Console) {
    let would = if dry { "would go" } else { "goes" };
    let alike = decided.alike.map_or_else(String::new, |alike| format!(", {alike:.2} alike to the last version"));
    console.say(format!("{} {} {would} on at {}{alike}", console.paint_err.green("✓"), watch.id, decided.url));
    if !dry && decided.url != watch.url {
        console.say(format!("`policywatch move {} --write` updates the configuration; the history stays.", watch.id));
    }
}

/// Prints where a watch is asked for, and every move.
async fn show(
    installation: &Installation,
    watch: &Watch,
    sought: Option<&Sought>,
    recorded: bool,
    console: &Console,
) -> anyhow::Result<()> {
    let known = installation.store.whereabouts(&watch.id, &watch.url).await?;
    let moves = installation.store.moves(&watch.id).await?;
    let there = known.moved.as_ref().map_or(watch.url.as_str(), |moved| moved.url.as_str());
    if console.json {
        console.object(&Row {
            watch: watch.id.as_str(),
            configured_url: watch.url.as_str(),
            url: there,
            moves: moves.iter().map(|one| move_row(one, &known)).collect(),
            note: known.note(watch.id.as_str()),
            requests: sought.map(|sought| sought.requests),
            recorded,
        })?;
        return Ok(());
    }
    let paint = console.paint;
    console.line(format!("{}  {}", paint.bold(&watch.id), one_line(there)))?;
    if there != watch.url.as_str() {
        console.line(paint.dim(format!("configured: {}", one_line(watch.url.as_str()))))?;
    }
    if moves.is_empty() {
        console.say("no move of it is known");
        return Ok(());
    }
    let mut table = Table::new(["when", "state", "alike", "found by", "address"]).right(&[2]);
    for one in &moves {
        table.row([
            when::minute(one.found_at),
            if is_open(one, &known) { paint.yellow(one.state.as_str()) } else { one.state.as_str().to_owned() },
            one.alike.map_or_else(|| "–".to_owned(), |alike| format!("{alike:.2}")),
            one.way.as_str().to_owned(),
            one_line(&one.url),
        ]);
    }
    console.table(&table)?;
    if let Some(note) = known.note(watch.id.as_str()) {
        console.say(one_line(&note));
    }
    Ok(())
}

fn is_open(one: &Move, known: &Whereabouts) -> bool {
    known.open.contains(one)
}

fn move_row<'a>(one: &'a Move, known: &Whereabouts) -> MoveRow<'a> {
    MoveRow {
        found_at: rfc3339(one.found_at),
        configured_url: &one.configured,
        url: &one.url,
        found_by: one.way.as_str(),
        similarity: one.alike.map(rounded),
        state: one.state.as_str(),
        open: is_open(one, known),
    }
}

/// A move as an object of its own, in a list of other things.
#[derive(Serialize)]
pub struct MoveObject<'a> {
    watch: &'a str,
    #[serde(rename = "move")]
    state: &'static str,
    found_at: String,
    configured_url: &'a str,
    url: &'a str,
    found_by: &'static str,
    similarity: Option<f64>,
}

/// A move of a watch as an object of its own.
pub fn object<'a>(watch: &'a str, one: &'a Move) -> MoveObject<'a> {
    MoveObject {
        watch,
        state: one.state.as_str(),
        found_at: rfc3339(one.found_at),
        configured_url: &one.configured,
        url: &one.url,
        found_by: one.way.as_str(),
        similarity: one.alike.map(rounded),
    }
}

/// What a move says in a timeline.
pub fn sentence(one: &Move) -> String {
    let alike = one.alike.map_or_else(String::new, |alike| format!(", {alike:.2} alike"));
    let (by, url) = (one.way.as_str(), &one.url);
    match one.state {
        MoveState::Followed => format!("moved to {url}, and followed there by itself (found by {by}{alike})"),
        MoveState::Accepted if one.url == one.configured => format!("looked for at {url} again, as you decided"),
        MoveState::Accepted => format!("followed to {url}, as you decided (found by {by}{alike})"),
        MoveState::Proposed => format!("may have moved to {url} (found by {by}{alike})"),
        MoveState::Different => format!("redirected to different content at {url}{alike}"),
    }
}

/// What a move that was found now says.
pub fn news(watch: &str, found: &NewMove) -> String {
    let NewMove { url, alike, .. } = found;
    let alike = alike.map_or_else(String::new, |alike| format!(" ({alike:.2} alike)"));
    match found.state {
        MoveState::Followed | MoveState::Accepted => {
            format!(
                "{watch}: moved to {url}{alike}, and is followed there; update url in the configuration (`policywatch move {watch} --write`)"
            )
        }
        MoveState::Proposed => {
            format!("{watch}: may have moved to {url}{alike}; `policywatch move {watch} URL` goes on there")
        }
        MoveState::Different => format!(
            "{watch}: redirected to different content at {url}{alike}; `policywatch move {watch} URL` goes on there, if that is the policy"
        ),
    }
}

/// Three places are more than it means.
pub fn rounded(alike: f64) -> f64 {
    (alike * 1000.0).round() / 1000.0
}
