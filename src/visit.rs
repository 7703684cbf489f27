//! One look at an address that is no watch: what came, what it says, where it leads.
//! Nothing is recorded.

use url::Url;

use crate::access::Access;
use crate::check::Ports;
use crate::clock::Clock;
use crate::fetch::{Fetch, Fetched, Request};
use crate::ladder::{Known, Ladder, Rung, is_better};
use crate::outcome::{FailureKind, FetchFailure, Outcome};
use crate::panics::{contained, unpanicking};
use crate::reading::{Expected, Reading, Selectors, Unreadable, read};
use crate::snapshot::{Snapshot, Validators};
use crate::store::StoreError;
use crate::text::anchors::{Outlook, outlook};
use crate::unpack::Unpacker;
use crate::watch::{RobotsRule, Source, Watch};

/// What an address turned out to be.
#[derive(Debug)]
pub(crate) struct Visit {
    /// What was served.
    pub(crate) snapshot: Snapshot,
    /// Where it was served in the end.
    pub(crate) url: Url,
    /// What it says.
    pub(crate) reading: Result<Reading, Unreadable>,
    /// Where it leads.
    pub(crate) outlook: Outlook,
}

/// How addresses are looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner<'a> {
    /// The language to ask for (ISO 639-1).
    pub(crate) language: Option<&'a str>,
    /// Which parts of a page are read.
    pub(crate) selectors: Option<&'a Selectors>,
    /// The way there, and headers for the watch's own site.
    pub(crate) access: Option<&'a Access>,
    /// The archives that are asked where something led, the first choice first.
    pub(crate) archives: &'a [String],
    /// What a site's wishes for robots count.
    pub(crate) robots: RobotsRule,
    /// How far it goes to read a page. The archive says nothing of where something stands
    /// now, so it is never asked.
    pub(crate) ladder: Ladder,
    /// Where to begin.
    pub(crate) first: Rung,
    /// What showed the watch's own page before.
    pub(crate) known: Option<Known>,
}

impl<'a> Manner<'a> {
    /// The plain request, as any robot makes it.
    pub(crate) fn plain(language: Option<&'a str>) -> Self {
        let (robots, ladder) = (RobotsRule::Respect, Ladder::PLAIN);
        Self { language, selectors: None, access: None, archives: &[], robots, ladder, first: Rung::Plain, known: None }
    }

    /// As the watch's own page is looked at, but within the site's wishes for robots.
    /// Of several, the page is named as configured.
    pub(crate) async fn of<F, C: Clock>(
        watch: &'a Watch,
        page: Option<&str>,
        ports: &Ports<F, C>,
    ) -> Result<Self, StoreError> {
        let known = ports.store.known_rung(&watch.id, page).await?;
        let ladder = Ladder { archive: false, ..watch.ladder };
        Ok(Self {
            language: watch.language.as_deref(),
            selectors: Some(&watch.selectors),
            access: Some(&watch.access),
            archives: &watch.archives,
            robots: RobotsRule::Respect,
            ladder,
            first: ladder.first(known, ports.clock.now()),
            known,
        })
    }
}

/// As many rungs as one address may be asked for on.
pub(crate) const RUNGS: usize = 2;

/// Asks for a page as it is now.
pub(crate) async fn ask<F: Fetch>(
    url: &Url,
    rung: Rung,
    manner: &Manner<'_>,
    fetcher: &F,
) -> Result<Snapshot, FetchFailure> {
    if manner.robots == RobotsRule::Ignore {
        tracing::info!("{url} is asked for whatever the site's robots.txt says, as configured");
    }
    let request = Request {
        url: url.clone(),
        source: Source::Live,
        at: None,
        validators: Validators::default(),
        language: manner.language.map(str::to_owned),
        robots: manner.robots,
        access: manner.access.cloned().unwrap_or_default(),
        archives: Vec::new(),
    };
    let fetched = match rung {
        Rung::Browser => unpanicking(fetcher.render(request)).await,
        Rung::Plain | Rung::Archive => unpanicking(fetcher.fetch(request)).await,
    };
    match fetched {
        Ok(Ok(Fetched::Snapshot(snapshot))) => Ok(*snapshot),
        Ok(Ok(Fetched::NotModified)) => Err(broken(url, "it says \"as before\" although we did not ask".to_owned())),
        Ok(Err(failure)) => Err(failure),
        Err(message) => Err(broken(url, message)),
    }
}

/// Looks at an address, on each rung that it takes, `most` at most; answers how many
/// requests that were, too.
pub(crate) async fn visit<F: Fetch>(
    url: &Url,
    manner: &Manner<'_>,
    most: usize,
    fetcher: &F,
    unpacker: &Unpacker,
) -> (Result<Visit, FetchFailure>, usize) {
    let mut tried = vec![manner.first];
    let mut stands = look(url, manner.first, manner, fetcher, unpacker).await;
    while tried.len() < most
        && let Some(rung) = manner.ladder.next(&tried, &verdict(&stands), manner.known)
    {
        tried.push(rung);
        let shown = look(url, rung, manner, fetcher, unpacker).await;
        if is_better(rung, &verdict(&shown), &verdict(&stands)) {
            stands = shown;
        }
    }
    (stands, tried.len())
}

async fn look<F: Fetch>(
    url: &Url,
    rung: Rung,
    manner: &Manner<'_>,
    fetcher: &F,
    unpacker: &Unpacker,
) -> Result<Visit, FetchFailure> {
    let snapshot = ask(url, rung, manner, fetcher).await?;
    understand(url, snapshot, manner.selectors.cloned().unwrap_or_default(), unpacker).await
}

/// What the ladder makes of a look.
fn verdict(looked: &Result<Visit, FetchFailure>) -> Outcome {
    match looked {
        Ok(Visit { reading: Ok(_), .. }) => Outcome::Unmodified,
        Ok(Visit { reading: Err(why), snapshot, .. }) => {
            Outcome::Unreadable { snapshot: snapshot.clone(), why: why.clone() }
        }
        Err(failure) => Outcome::Unreachable(failure.clone()),
    }
}

/// Reads what came, away from the threads that wait for the network.
pub(crate) async fn understand(
    asked: &Url,
    snapshot: Snapshot,
    selectors: Selectors,
    unpacker: &Unpacker,
) -> Result<Visit, FetchFailure> {
    let (unpacker, url) = (unpacker.clone(), asked.clone());
    let understood = contained(move || {
        let unpacked = unpacker.unpack(&snapshot).map_err(|ours| ours.to_string())?;
        let reading = read(&snapshot, &selectors, &Expected { unpacked: unpacked.as_ref(), ..Expected::default() });
        let outlook = outlook(&snapshot);
        let url = Url::parse(&snapshot.final_url).unwrap_or(url);
        Ok(Visit { snapshot, url, reading, outlook })
    });
    understood.await.and_then(|understood| understood).map_err(|message| broken(asked, message))
}

fn broken(url: &Url, reason: String) -> FetchFailure {
    FailureKind::BrokenAnswer { host: url.host_str().unwrap_or_default().to_owned(), reason }.into()
}
