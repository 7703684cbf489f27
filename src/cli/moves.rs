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
use crate::config::append::{readdress, readdress_page};
use crate::discovery::address;
use crate::discovery::alike::alike;
use crate::discovery::moves::{Move, MoveEnd, MoveState, NewMove, Way, Whereabouts, can_move};
use crate::moving::{Sought, in_its_place, read_at, seek_now, text_of_page};
use crate::reading::Page;
use crate::render::one_line;
use crate::store::{Store, StoreError};
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
  policywatch move acme --page 2 --accept           the same of one page of several

The history goes on under the same watch. A policy that is followed by itself, or by your word, is
asked for at its new address until url in the configuration is another one. --write also puts the
former address into urls, so that its history goes on to be found."#)]
pub struct Args {
    /// The watch
    watch: String,
    /// Go on at this address
    #[arg(value_name = "URL", conflicts_with_all = ["accept", "back", "search", "write"])]
    url: Option<String>,
    /// Of several pages, the one that is meant: its number, or its address in the configuration
    #[arg(long)]
    page: Option<String>,
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
    /// Its place among several pages, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<usize>,
    configured_url: &'a str,
    /// Where it is asked for.
    url: &'a str,
    moves: Vec<MoveRow<'a>>,
    note: Option<String>,
    /// Pages that a search asked for now.
    #[serde(skip_serializing_if = "Option::is_none")]
    requests: Option<usize>,
    /// Addresses with a text like the policy's that other watches follow.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    taken: Vec<TakenRow<'a>>,
    /// Whether something was recorded now.
    recorded: bool,
}

#[derive(Serialize)]
struct TakenRow<'a> {
    url: &'a str,
    watch: &'a str,
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
        return Err(Complaint::usage(format!("watch \"{}\" is read from an archive", watch.id))
            .hint("name its new address in the configuration")
            .into());
    }
    let all = Subject::all_of(&watch);
    let named = args.page.as_deref().map(|page| Subject::named(&watch, page)).transpose()?;
    let decides = args.accept || args.back || args.search || args.write || args.url.is_some();
    let subjects = match (&named, decides) {
        (Some(named), _) => vec![named.clone()],
        (None, false) => all,
        (None, true) => meant(&installation, all, &args).await?,
    };
    for subject in subjects {
        one(&installation, &subject, &args, console).await?;
    }
    Ok(Exit::Done)
}

/// What moves: a policy, or one page of it where it stands on several.
#[derive(Clone)]
struct Subject {
    watch: Watch,
    /// Its place in [`Watch::all_pages`], and what is configured of it.
    page: Option<(usize, Page)>,
}

impl Subject {
    fn all_of(watch: &Watch) -> Vec<Self> {
        if watch.pages.is_empty() {
            return vec![Self { watch: watch.clone(), page: None }];
        }
        let pages = watch.all_pages().into_iter().enumerate();
        pages.map(|page| Self { watch: watch.clone(), page: Some(page) }).collect()
    }

    /// The page that was named by its number or its address.
    fn named(watch: &Watch, text: &str) -> Result<Self, Complaint> {
        let pages = watch.all_pages();
        let by_number = text.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        let by_address = || {
            let url = input::as_url(text)?;
            pages.iter().position(|page| address::same(&page.url, &url))
        };
        match by_number.filter(|at| *at < pages.len()).or_else(by_address) {
            Some(_) if watch.pages.is_empty() => Ok(Self { watch: watch.clone(), page: None }),
            Some(at) => Ok(Self { watch: watch.clone(), page: Some((at, pages[at].clone())) }),
            None => Err(Complaint::usage(format!("watch \"{}\" has no page \"{}\"", watch.id, one_line(text))).hint(
                format!("name one of {} by its number or its address in the configuration", count(pages.len(), "page")),
            )),
        }
    }

    fn page(&self) -> Option<&Url> {
        self.page.as_ref().map(|(_, page)| &page.url)
    }

    /// Where the configuration has it.
    fn configured(&self) -> &Url {
        self.page().unwrap_or(&self.watch.url)
    }

    /// What a command must name to mean it.
    fn name(&self) -> String {
        self.page
            .as_ref()
            .map_or_else(|| self.watch.id.to_string(), |(at, _)| format!("{} --page {}", self.watch.id, at + 1))
    }

    /// What it is called in a sentence.
    fn said(&self) -> String {
        let watch = format!("watch \"{}\"", self.watch.id);
        self.page().map_or(watch.clone(), |page| format!("page {page} of {watch}"))
    }

    async fn whereabouts(&self, store: &Store) -> Result<Whereabouts, StoreError> {
        match self.page() {
            Some(page) => store.whereabouts_of_page(&self.watch.id, page).await,
            None => store.whereabouts(&self.watch.id, &self.watch.url).await,
        }
    }

    fn note(&self, known: &Whereabouts) -> Option<String> {
        let id = self.watch.id.as_str();
        self.page().map_or_else(|| known.note(id), |page| known.note_of_page(id, page.as_str()))
    }

    async fn record(&self, decided: NewMove, store: &Store) -> Result<(), StoreError> {
        let (now, decided) = (SystemClock.now(), vec![decided]);
        match self.page() {
            Some(page) => store.record_moves_of_page(&self.watch, page, None, decided, now).await,
            None => store.record_moves(&self.watch, None, decided, now).await,
        }
        .map(drop)
    }
}

/// The pages that a decision means which names none: what is searched for or written may be
/// all of them, and of what waits for a word there must be one.
async fn meant(installation: &Installation, all: Vec<Subject>, args: &Args) -> anyhow::Result<Vec<Subject>> {
    if all.len() == 1 {
        return Ok(all);
    }
    let store = &installation.store;
    let mut meant = Vec::new();
    for subject in &all {
        let known = subject.whereabouts(store).await?;
        let is_meant = if args.search {
            store.is_page_lost(&subject.watch.id, subject.configured()).await?
        } else if args.write {
            known.moved.is_some()
        } else {
            known.moved.is_some() || !known.open.is_empty()
        };
        meant.extend(is_meant.then(|| subject.clone()));
    }
    let id = &all[0].watch.id;
    match meant.len() {
        0 if args.search => Err(Complaint::usage(format!("every page of watch \"{id}\" is where it was"))
            .hint(format!("`policywatch move {id} --page 2 --search` searches for one all the same"))
            .into()),
        0 => Err(Complaint::usage(format!("no page of watch \"{id}\" moved, as far as is known"))
            .hint(format!("name the page: `policywatch move {id} --page 2 …`"))
            .into()),
        1 => Ok(meant),
        _ if args.search || args.write => Ok(meant),
        _ => Err(Complaint::usage(format!("{} of watch \"{id}\" moved", count(meant.len(), "page")))
            .hint(format!("name the one that is meant: `policywatch move {} …`", meant[0].name()))
            .into()),
    }
}

/// Does what was asked for, of one policy or page.
async fn one(installation: &Installation, subject: &Subject, args: &Args, console: &Console) -> anyhow::Result<()> {
    let known = subject.whereabouts(&installation.store).await?;
    if args.write {
        return write(installation, subject, &known, args.dry_run, console).await;
    }
    let mut sought = None;
    let decided = if args.search {
        sought = Some(search(installation, subject, console).await?);
        None
    } else if args.back {
        Some(back(subject, &known)?)
    } else if args.accept {
        Some(accepted(subject, &known)?)
    } else if let Some(text) = &args.url {
        Some(named(installation, subject, text).await?)
    } else {
        None
    };
    let mut recorded = sought.as_ref().is_some_and(|sought| !sought.moves.is_empty());
    if let Some(decided) = decided {
        tell_decision(subject, &decided, args.dry_run, console);
        if !args.dry_run {
            subject.record(decided, &installation.store).await?;
            recorded = true;
        }
    }
    show(installation, subject, subject.configured(), sought.as_ref(), recorded, console).await
}

/// Makes the configuration say where the policy is.
async fn write(
    installation: &Installation,
    subject: &Subject,
    known: &Whereabouts,
    dry: bool,
    console: &Console,
) -> anyhow::Result<()> {
    let watch = &subject.watch;
    let url = known.moved.as_ref().and_then(|moved| Url::parse(&moved.url).ok());
    let origin = installation.config.origins.get(&format!("watch.{}", watch.id));
    let (Some(url), Some(Origin::File { path, .. })) = (url, origin) else {
        return Err(Complaint::usage(format!("{} is at the address of the configuration", subject.said()))
            .hint(format!("`policywatch move {} --accept` or an address decides where it goes on", subject.name()))
            .into());
    };
    // A page behind the first has no list of former addresses: those are in the record.
    let further = subject.page.as_ref().filter(|(at, _)| *at > 0).map(|(_, page)| &page.url);
    let former = match further {
        Some(_) => Vec::new(),
        None => unwritten(subject, installation).await?,
    };
    if !dry {
        match further {
            Some(page) => readdress_page(path, &watch.id, page, &url)?,
            None => readdress(path, &watch.id, &url, &former)?,
        }
    }
    let (mark, wrote) = (console.paint_err.green("✓"), if dry { "would write" } else { "wrote" });
    let what = further.map_or_else(|| format!("url = \"{url}\""), |page| format!("\"{url}\" for \"{page}\""));
    console.say(format!("{mark} {wrote} {what} to {}", path.display()));
    for Former { url, until } in &former {
        console.say(format!("  and {url} to urls, as its address until {} UTC", when::minute(*until)));
    }
    let configured = if dry { subject.configured().clone() } else { url };
    show(installation, subject, &configured, None, !dry, console).await
}

/// The former addresses that the configuration lacks, which only the record knows.
async fn unwritten(subject: &Subject, installation: &Installation) -> anyhow::Result<Vec<Former>> {
    let placed = in_its_place(&subject.watch, &installation.store).await?;
    let known = subject.watch.former.len();
    let went = placed.elsewhere.into_iter().find(|went| went.page == *subject.configured());
    Ok(went.map_or(placed.former, |went| went.former).split_off(known))
}

async fn search(installation: &Installation, subject: &Subject, console: &Console) -> anyhow::Result<Sought> {
    let bar = console.spinner(&format!("searching for {}", subject.said()));
    let page = subject.page.as_ref().map_or(0, |(at, _)| *at);
    let sought = seek_now(&subject.watch, page, &installation.ports()?).await;
    bar.finish_and_clear();
    let sought = sought?;
    let requests = count(sought.requests, "request");
    match &sought.moves[..] {
        [] => console.say(format!("nothing was found that is like the policy, with {requests}")),
        found => console.say(format!("found {} with {requests}", count(found.len(), "page"))),
    }
    tell_taken(&sought, console);
    Ok(sought)
}

/// Says which addresses were passed over, since other watches follow them.
pub fn tell_taken(sought: &Sought, console: &Console) {
    for (url, whose) in &sought.taken {
        console.warn(one_line(&format!(
            "{url} has a text like it, and is followed by watch \"{whose}\" already; if the two are one policy now, \
             take this one out of the configuration"
        )));
    }
}

fn back(subject: &Subject, known: &Whereabouts) -> Result<NewMove, Complaint> {
    if known.moved.is_none() && known.open.is_empty() {
        return Err(Complaint::usage(format!("{} is at the address of the configuration", subject.said()))
            .hint(format!("`policywatch fetch {}` looks at it", subject.watch.id)));
    }
    Ok(NewMove { url: subject.configured().clone(), way: Way::Operator, alike: None, state: MoveState::Accepted })
}

fn accepted(subject: &Subject, known: &Whereabouts) -> Result<NewMove, Complaint> {
    let best = known.open.iter().find(|one| one.state == MoveState::Proposed);
    let url = best.and_then(|best| Url::parse(&best.url).ok());
    let (Some(best), Some(url)) = (best, url) else {
        let (said, name) = (subject.said(), subject.name());
        return Err(Complaint::usage(format!("no move of {said} waits for a decision")).hint(format!(
            "`policywatch move {name} --search` searches now, `policywatch move {name} URL` names one"
        )));
    };
    Ok(NewMove { url, way: best.way, alike: best.alike, state: MoveState::Accepted })
}

/// An address that was named: it must answer with a text that can be read.
async fn named(installation: &Installation, subject: &Subject, text: &str) -> anyhow::Result<NewMove> {
    let url = input::as_url(text).ok_or_else(|| {
        Complaint::usage(format!("\"{}\" is no address of the web", one_line(text)))
            .hint("name the new address of the policy, beginning with https://")
    })?;
    let configured = subject.configured();
    if address::same(&url, configured) {
        return Ok(NewMove { url: configured.clone(), way: Way::Operator, alike: None, state: MoveState::Accepted });
    }
    let ports = installation.ports()?;
    let watch = match &subject.page {
        Some((_, page)) => subject.watch.alone(page),
        None => subject.watch.clone(),
    };
    let reading = read_at(&url, &watch, &ports).await?.map_err(|failure| failure.kind)?.map_err(|why| {
        Complaint::failed(format!("{url} is no policy that can be read: {why}"))
            .hint("look at it in a browser; nothing was recorded")
    })?;
    let before = match &subject.page {
        Some((_, page)) => text_of_page(&subject.watch, page, &ports).await?,
        None => installation.store.latest(&watch.id).await?.map(|version| version.reading),
    };
    let alike = match before {
        Some(before) => tokio::task::spawn_blocking(move || alike(&before, &reading)).await.ok(),
        None => None,
    };
    Ok(NewMove { url, way: Way::Operator, alike, state: MoveState::Accepted })
}

fn tell_decision(subject: &Subject, decided: &NewMove, dry: bool, console: &Console) {
    let would = if dry { "would go" } else { "goes" };
    let alike = decided.alike.map_or_else(String::new, |alike| format!(", {alike:.2} alike to the last version"));
    let what = subject.page().map_or_else(|| subject.watch.id.to_string(), |_| subject.said());
    console.say(format!("{} {} {would} on at {}{alike}", console.paint_err.green("✓"), what, decided.url));
    if !dry && decided.url != *subject.configured() {
        let name = subject.name();
        console.say(format!("`policywatch move {name} --write` updates the configuration; the history stays."));
    }
}

/// Prints where a watch is asked for, and every move.
async fn show(
    installation: &Installation,
    subject: &Subject,
    configured: &Url,
    sought: Option<&Sought>,
    recorded: bool,
    console: &Console,
) -> anyhow::Result<()> {
    let watch = &subject.watch;
    let known = if configured == subject.configured() {
        subject.whereabouts(&installation.store).await?
    } else {
        // The configuration was updated just now.
        Whereabouts::default()
    };
    let mut moves = installation.store.moves(&watch.id).await?;
    if subject.page.is_some() {
        moves.retain(|one| one.configured == subject.configured().as_str());
    }
    let there = known.moved.as_ref().map_or(configured.as_str(), |moved| moved.url.as_str());
    if console.json {
        console.object(&Row {
            watch: watch.id.as_str(),
            page: subject.page.as_ref().map(|(at, _)| at + 1),
            configured_url: configured.as_str(),
            url: there,
            moves: moves.iter().map(|one| move_row(one, &known)).collect(),
            note: subject.note(&known),
            requests: sought.map(|sought| sought.requests),
            taken: sought.map_or_else(Vec::new, taken),
            recorded,
        })?;
        return Ok(());
    }
    let paint = console.paint;
    let page = subject.page.as_ref().map_or_else(String::new, |(at, _)| format!(" page {}", at + 1));
    console.line(format!("{}{page}  {}", paint.bold(&watch.id), one_line(there)))?;
    if there != configured.as_str() {
        console.line(paint.dim(format!("configured: {}", one_line(configured.as_str()))))?;
    }
    if moves.is_empty() {
        let lost = match &subject.page {
            Some((_, page)) => installation.store.is_page_lost(&watch.id, &page.url).await?,
            // Whenever it was searched for last.
            None => {
                let all = installation.store.lost(std::time::Duration::ZERO, SystemClock.now()).await?;
                all.iter().any(|lost| lost.watch == watch.id)
            }
        };
        console.say(match (lost, sought) {
            (true, None) => {
                "no move of it is known, although it is not where it was; the daemon searches for it once a day, `--search` now"
            }
            (true, Some(_)) => "no move of it is known, although it is not where it was",
            (false, _) => "no move of it is known",
        });
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
    if let Some(note) = subject.note(&known) {
        console.say(one_line(&note));
    }
    Ok(())
}

fn taken(sought: &Sought) -> Vec<TakenRow<'_>> {
    sought.taken.iter().map(|(url, watch)| TakenRow { url: url.as_str(), watch: watch.as_str() }).collect()
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

/// The end of an address's moves, for programs.
#[derive(Serialize)]
pub struct EndObject<'a> {
    watch: &'a str,
    #[serde(rename = "move_end")]
    state: &'static str,
    ended_at: String,
    configured_url: &'a str,
    url: Option<&'a str>,
}

/// The object of the end of an address's moves.
pub fn end_object<'a>(watch: &'a str, end: &'a MoveEnd) -> EndObject<'a> {
    let state = if end.url.is_some() { "configured" } else { "removed" };
    EndObject {
        watch,
        state,
        ended_at: rfc3339(end.ended_at),
        configured_url: &end.configured,
        url: end.url.as_deref(),
    }
}

/// What the end of an address's moves says in a timeline.
pub fn end_sentence(end: &MoveEnd) -> String {
    let MoveEnd { configured, url, .. } = end;
    match url {
        Some(url) => format!("the configuration names {url} in place of {configured}; where that went is settled"),
        None => format!("page {configured} was taken out of the configuration; nobody need decide where it went"),
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

/// What a move that was found now says, of a watch or of one page of several.
pub fn news(watch: &str, page: Option<&Url>, found: &NewMove) -> String {
    let NewMove { url, alike, .. } = found;
    let alike = alike.map_or_else(String::new, |alike| format!(" ({alike:.2} alike)"));
    let said = page.map_or_else(|| watch.to_owned(), |page| format!("{watch}, page {page}"));
    let name = page.map_or_else(|| watch.to_owned(), |page| format!("{watch} --page {page}"));
    match found.state {
        MoveState::Followed | MoveState::Accepted => {
            let what = if page.is_some() { "its address" } else { "url" };
            format!(
                "{said}: moved to {url}{alike}, and is followed there; update {what} in the configuration (`policywatch move {name} --write`)"
            )
        }
        MoveState::Proposed => {
            format!("{said}: may have moved to {url}{alike}; `policywatch move {name} URL` goes on there")
        }
        MoveState::Different => format!(
            "{said}: redirected to different content at {url}{alike}; `policywatch move {name} URL` goes on there, if that is the policy"
        ),
    }
}

/// Three places are more than it means.
pub fn rounded(alike: f64) -> f64 {
    (alike * 1000.0).round() / 1000.0
}
