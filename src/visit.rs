//! One look at an address that is no watch: what came, what it says, where it leads.
//! Nothing is recorded.

use url::Url;

use crate::access::Access;
use crate::fetch::{Fetch, Fetched, Request};
use crate::outcome::{FailureKind, FetchFailure};
use crate::panics::{contained, unpanicking};
use crate::reading::{Expected, Reading, Selectors, Unreadable, read};
use crate::snapshot::{Snapshot, Validators};
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

/// Asks for a page as it is now.
pub(crate) async fn ask<F: Fetch>(url: &Url, language: Option<&str>, fetcher: &F) -> Result<Snapshot, FetchFailure> {
    ask_as(url, language, Access::default(), fetcher).await
}

async fn ask_as<F: Fetch>(
    url: &Url,
    language: Option<&str>,
    access: Access,
    fetcher: &F,
) -> Result<Snapshot, FetchFailure> {
    let request = Request {
        url: url.clone(),
        source: Source::Live,
        at: None,
        validators: Validators::default(),
        language: language.map(str::to_owned),
        robots: RobotsRule::Respect,
        access,
    };
    match unpanicking(fetcher.fetch(request)).await {
        Ok(Ok(Fetched::Snapshot(snapshot))) => Ok(*snapshot),
        Ok(Ok(Fetched::NotModified)) => Err(broken(url, "it says \"as before\" although we did not ask".to_owned())),
        Ok(Err(failure)) => Err(failure),
        Err(message) => Err(broken(url, message)),
    }
}

/// Looks at an address.
pub(crate) async fn visit<F: Fetch>(
    url: &Url,
    language: Option<&str>,
    selectors: &Selectors,
    fetcher: &F,
    unpacker: &Unpacker,
) -> Result<Visit, FetchFailure> {
    let snapshot = ask(url, language, fetcher).await?;
    understand(url, snapshot, selectors, unpacker).await
}

/// Looks at an address as a watch would: by its way, with its selectors, and with its headers
/// where they are for that site.
pub(crate) async fn visit_for<F: Fetch>(
    watch: &Watch,
    url: &Url,
    fetcher: &F,
    unpacker: &Unpacker,
) -> Result<Visit, FetchFailure> {
    let snapshot = ask_as(url, watch.language.as_deref(), watch.access.clone(), fetcher).await?;
    understand(url, snapshot, &watch.selectors, unpacker).await
}

/// Reads what came, away from the threads that wait for the network.
pub(crate) async fn understand(
    asked: &Url,
    snapshot: Snapshot,
    selectors: &Selectors,
    unpacker: &Unpacker,
) -> Result<Visit, FetchFailure> {
    let (unpacker, selectors, url) = (unpacker.clone(), selectors.clone(), asked.clone());
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
