//! Due watches, a bounded number at a time, until told to stop.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use crate::check::{Checked, Ports, SPREAD, check};
use crate::clock::Clock;
use crate::fetch::Fetch;
use crate::pulse::Beat;
use crate::store::{Due, StoreError};
use crate::time::Timestamp;
use crate::watch::{Watch, WatchId};

/// How long the loop sleeps at most: another process may have put a watch in the record,
/// and cannot wake us.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// When a watch whose record is damaged is tried again: somebody may have restored it.
const AFTER_DAMAGE: Duration = Duration::from_secs(3600);

/// `[scheduler]` of the configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Checks that run at the same time.
    pub concurrency: usize,
    /// Over how long watches that are due at one time are spread.
    pub spread: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { concurrency: 4, spread: SPREAD }
    }
}

/// What the scheduler goes by; a reload replaces it as a whole, and checks that run keep
/// what they began with.
#[derive(Debug)]
pub struct InForce<F, C> {
    /// What is followed.
    pub watches: BTreeMap<WatchId, Watch>,
    /// How much at once.
    pub options: Options,
    /// What a check needs of the world.
    pub ports: Ports<F, C>,
}

/// The loop that checks what is due.
#[derive(Debug)]
pub struct Scheduler<F, C> {
    /// What is in force; a new value wakes the loop.
    pub in_force: watch::Receiver<Arc<InForce<F, C>>>,
    /// Rung when a check recorded something to say.
    pub bell: Arc<Notify>,
    /// Ends the loop.
    pub stop: CancellationToken,
    /// How long running checks may take after that.
    pub grace: Duration,
    /// Shows that the loop turns.
    pub beat: Beat,
}

impl<F: Fetch + 'static, C: Clock> Scheduler<F, C> {
    /// Checks what is due until told to stop; then running checks get `grace` to end. One
    /// that does not has recorded nothing, so its watch is due at the next start.
    ///
    /// What is damaged of one watch does not keep the others from being checked.
    ///
    /// # Errors
    /// If the record could not be kept.
    pub async fn run(mut self) -> Result<(), StoreError> {
        let mut running = Running::default();
        loop {
            let in_force = self.in_force.borrow_and_update().clone();
            let wake_at = running.start_due(&in_force).await?;
            tokio::select! {
                () = self.stop.cancelled() => break,
                Some(ended) = running.tasks.join_next() => running.ended(ended, &self.bell)?,
                changed = self.in_force.changed() => if changed.is_err() { break },
                () = self.beat.asked() => {}
                () = in_force.ports.clock.sleep_until(wake_at) => {}
            }
        }
        running.end_within(self.grace, &self.bell).await
    }
}

/// Checks that run.
#[derive(Default)]
struct Running {
    tasks: JoinSet<(WatchId, Result<Option<Checked>, StoreError>)>,
    watches: BTreeSet<WatchId>,
}

impl Running {
    /// Starts what is due, as far as there is room; returns when to look again.
    async fn start_due<F: Fetch + 'static, C: Clock>(
        &mut self,
        in_force: &Arc<InForce<F, C>>,
    ) -> Result<Timestamp, StoreError> {
        let now = in_force.ports.clock.now();
        let latest = now + LOOK_AGAIN;
        let room = in_force.options.concurrency.saturating_sub(self.watches.len());
        if room == 0 {
            // The check that ends wakes us.
            return Ok(latest);
        }
        for due in self.next_due(in_force, latest, room).await? {
            if due.due_at > now {
                return Ok(due.due_at);
            }
            if let Some(watch) = in_force.watches.get(&due.watch) {
                self.start(watch.clone(), in_force);
            }
        }
        Ok(latest)
    }

    /// The next watches that could be started, at most `room`, due until `latest`.
    async fn next_due<F, C>(
        &self,
        in_force: &InForce<F, C>,
        latest: Timestamp,
        room: usize,
    ) -> Result<Vec<Due>, StoreError> {
        // Running checks are due still: only their record ends that.
        let mut limit = self.watches.len() + room;
        loop {
            let mut due = in_force.ports.store.due(latest, limit).await?;
            let all = due.len() < limit;
            // Watches of another configuration on the same store are not ours to check.
            due.retain(|due| in_force.watches.contains_key(&due.watch) && !self.watches.contains(&due.watch));
            due.truncate(room);
            if all || due.len() == room {
                return Ok(due);
            }
            limit *= 2;
        }
    }

    fn start<F: Fetch + 'static, C: Clock>(&mut self, watch: Watch, in_force: &Arc<InForce<F, C>>) {
        let in_force = Arc::clone(in_force);
        let span = tracing::info_span!("check", watch.id = %watch.id);
        self.watches.insert(watch.id.clone());
        self.tasks.spawn(
            async move {
                let checked = check_or_postpone(&watch, &in_force.ports).await;
                (watch.id, checked)
            }
            .instrument(span),
        );
    }

    fn ended(
        &mut self,
        ended: Result<(WatchId, Result<Option<Checked>, StoreError>), JoinError>,
        bell: &Notify,
    ) -> Result<(), StoreError> {
        // Panics of fetching and reading are outcomes; one that comes here is the store's.
        let (id, checked) = ended.unwrap_or_else(|failed| std::panic::resume_unwind(failed.into_panic()));
        self.watches.remove(&id);
        if checked?.and_then(|checked| checked.recorded).is_some_and(|recorded| recorded.deliveries > 0) {
            bell.notify_one();
        }
        Ok(())
    }

    async fn end_within(mut self, grace: Duration, bell: &Notify) -> Result<(), StoreError> {
        let rest = async {
            while let Some(ended) = self.tasks.join_next().await {
                self.ended(ended, bell)?;
            }
            Ok(())
        };
        match tokio::time::timeout(grace, rest).await {
            Ok(ended) => ended,
            Err(_) => {
                let left: Vec<&str> = self.watches.iter().map(WatchId::as_str).collect();
                tracing::warn!("stopped before {} could be checked; due again at the next start", left.join(", "));
                Ok(())
            }
        }
    }
}

/// Checks a watch. If what the record says of it is damaged, nothing is checked, and it is
/// due again later: a daemon that ended with it would meet it again at every start.
async fn check_or_postpone<F: Fetch, C: Clock>(
    watch: &Watch,
    ports: &Ports<F, C>,
) -> Result<Option<Checked>, StoreError> {
    let began = ports.clock.now();
    match check(watch, ports).await {
        Ok(checked) => {
            log(watch, &checked, ports.clock.now() - began);
            Ok(Some(checked))
        }
        Err(damaged @ StoreError::Damaged { .. }) => {
            tracing::error!("{} cannot be checked, and is tried again in an hour: {damaged}", watch.id);
            ports.store.postpone(&watch.id, ports.clock.now() + AFTER_DAMAGE).await?;
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// One line a check.
fn log(watch: &Watch, checked: &Checked, took: chrono::Duration) {
    let outcome = checked.outcome.as_str();
    let duration_ms = took.num_milliseconds();
    let (service, kind) = (&watch.service, watch.policy_type.as_str());
    match checked.outcome.why() {
        None => tracing::info!(outcome, duration_ms, "checked {service} {kind}: {outcome}"),
        Some(why) => tracing::warn!(outcome, duration_ms, why, "checked {service} {kind}: {outcome}"),
    }
}
