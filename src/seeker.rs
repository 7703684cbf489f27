//! The loop that searches for policies that are not where they were, beside the checks and
//! never in their way: one search at a time, one request at a time.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::discovery::moves::can_move;
use crate::fetch::Fetch;
use crate::moving::{ONCE_IN, Sought, seek};
use crate::scheduler::InForce;
use crate::store::StoreError;
use crate::watch::Watch;

/// How often it is looked for what is lost.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// The loop that searches.
#[derive(Debug)]
pub struct Seeker<F, C> {
    /// What is in force.
    pub in_force: watch::Receiver<Arc<InForce<F, C>>>,
    /// Ends the loop, also in the middle of a search: what that found by then is lost, and
    /// it is tried again a day later.
    pub stop: CancellationToken,
}

impl<F: Fetch + 'static, C: Clock> Seeker<F, C> {
    /// Searches until told to stop.
    ///
    /// # Errors
    /// If the record could not be kept.
    pub async fn run(mut self) -> Result<(), StoreError> {
        loop {
            let in_force = self.in_force.borrow_and_update().clone();
            tokio::select! {
                () = self.stop.cancelled() => return Ok(()),
                searched = search_all(&in_force) => searched?,
            }
            let clock = &in_force.ports.clock;
            tokio::select! {
                () = self.stop.cancelled() => return Ok(()),
                changed = self.in_force.changed() => if changed.is_err() { return Ok(()) },
                () = clock.sleep_until(clock.now() + LOOK_AGAIN) => {}
            }
        }
    }
}

/// Searches for everything that is lost now, one after the other.
async fn search_all<F: Fetch, C: Clock>(in_force: &InForce<F, C>) -> Result<(), StoreError> {
    let ports = &in_force.ports;
    for lost in ports.store.lost(ONCE_IN, ports.clock.now()).await? {
        let Some(watch) = in_force.watches.get(&lost.watch).filter(|watch| can_move(watch)) else { continue };
        match seek(watch, lost.check, ports).await {
            Ok(sought) => sought.iter().for_each(|sought| tell(watch, sought)),
            Err(damaged @ StoreError::Damaged { .. }) => {
                tracing::error!(watch.id = %watch.id, "{} cannot be searched for: {damaged}", watch.id);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// One line a search.
fn tell(watch: &Watch, sought: &Sought) {
    let what = sought.page.as_ref().map_or_else(|| watch.id.to_string(), |page| format!("page {page} of {}", watch.id));
    for (url, whose) in &sought.taken {
        tracing::warn!(watch.id = %watch.id, %url, "{url} says what {what} said, and is followed by {whose} already");
    }
    match (sought.followed(), &sought.moves[..]) {
        (Some(found), _) => tracing::warn!(
            watch.id = %watch.id, url = %found.url,
            "{what} moved to {}, and is followed there; update its address in the configuration", found.url
        ),
        (None, []) => tracing::info!(watch.id = %watch.id, "{what} was searched for and not found"),
        (None, [best, ..]) => tracing::warn!(
            watch.id = %watch.id, url = %best.url,
            "{what} may have moved to {}; `policywatch move {}` tells more", best.url, watch.id
        ),
    }
}
