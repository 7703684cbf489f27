//! Due watches, a bounded number at a time, until told to stop.
//!
//! What is due within the next minute is read from the record at once and kept by host
//! (`agenda`), so that ten thousand watches that are due together are not read again with
//! each check that ends. The record decides all the same: it is asked again for each watch
//! before it is checked, since another process may have checked it meanwhile.

mod agenda;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use crate::check::{Checked, Ports, SPREAD, check};
use crate::clock::Clock;
use crate::discovery::moves::can_move;
use crate::fetch::Fetch;
use crate::pulse::Beat;
use crate::store::{Due, StoreError};
use crate::time::{Timestamp, WRONG_BY};
use crate::watch::{Watch, WatchId};
use agenda::{Agenda, Host, Next};

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
        Self { concurrency: 16, spread: SPREAD }
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
                Some(ended) = running.tasks.join_next() => running.note(ended, &in_force, &self.bell).await?,
                changed = self.in_force.changed() => if changed.is_err() { break } else { running.forget() },
                () = self.beat.asked() => {}
                () = in_force.ports.clock.sleep_until(wake_at) => {}
            }
        }
        running.end_within(self.grace, &self.bell).await
    }
}

/// A check that ended: whose it was, since when it ran, and what came of it.
struct Ended {
    watch: WatchId,
    host: Host,
    took: Duration,
    checked: Result<Option<Checked>, StoreError>,
}

/// Checks that run, and what comes after them.
#[derive(Default)]
struct Running {
    tasks: JoinSet<Ended>,
    agenda: Agenda,
    /// Until when the agenda knows what is due; none: it knows nothing.
    known_until: Option<Timestamp>,
    /// When the record was read last.
    read_at: Option<Timestamp>,
    /// Whom those ask that are followed elsewhere than the configuration says.
    moved: BTreeMap<WatchId, Host>,
}

impl Running {
    /// Starts what is due, as far as there is room; returns when to look again.
    async fn start_due<F: Fetch + 'static, C: Clock>(
        &mut self,
        in_force: &Arc<InForce<F, C>>,
    ) -> Result<Timestamp, StoreError> {
        let ports = &in_force.ports;
        loop {
            let now = ports.clock.now();
            self.look_again(in_force, now).await?;
            let free_at = |host: &Host| match host {
                Host::Site(name) => ports.fetcher.free_at(name, now),
                Host::Archive => None,
            };
            let latest = self.read_at.unwrap_or(now) + LOOK_AGAIN;
            match self.agenda.take(now, in_force.options.concurrency, free_at) {
                Next::At(at) => return Ok(at.min(latest)),
                Next::Wait => return Ok(latest),
                Next::Start(id, host) => match in_force.watches.get(&id) {
                    Some(watch) if self.is_due(&id, in_force, now).await? => self.start(watch.clone(), host, in_force),
                    _ => self.agenda.not_started(&host),
                },
            }
        }
    }

    /// Reads anew what is due, if that is long ago or the clock was set back.
    async fn look_again<F, C>(&mut self, in_force: &InForce<F, C>, now: Timestamp) -> Result<(), StoreError> {
        if self.read_at.is_some_and(|read_at| read_at <= now && now < read_at + LOOK_AGAIN) {
            return Ok(());
        }
        if self.read_at.is_some_and(|read_at| now + WRONG_BY < read_at) {
            in_force.ports.store.clock_set_back(now).await?;
        }
        let until = now + LOOK_AGAIN;
        let moved = in_force.ports.store.moved().await?;
        self.moved = moved.into_iter().map(|(id, url)| (id, Host::at(&url))).collect();
        let due = in_force.ports.store.due(until, usize::MAX >> 1).await?;
        // Watches of another configuration on the same store are not ours to check.
        let moved = &self.moved;
        self.agenda.fill(due, |id| host_of(id, in_force, moved));
        (self.known_until, self.read_at) = (Some(until), Some(now));
        Ok(())
    }

    /// What is known may be true no more.
    fn forget(&mut self) {
        self.read_at = None;
    }

    /// Whether the record still has a watch as due. One that was put off comes back when
    /// the record is read again.
    async fn is_due<F, C>(&self, id: &WatchId, in_force: &InForce<F, C>, now: Timestamp) -> Result<bool, StoreError> {
        Ok(in_force.ports.store.due_at(id).await?.is_some_and(|due_at| due_at <= now))
    }

    fn start<F: Fetch + 'static, C: Clock>(&mut self, watch: Watch, host: Host, in_force: &Arc<InForce<F, C>>) {
        let in_force = Arc::clone(in_force);
        let span = tracing::info_span!("check", watch.id = %watch.id);
        self.tasks.spawn(
            async move {
                let began = in_force.ports.clock.now();
                let checked = check_or_postpone(&watch, &in_force.ports).await;
                let took = (in_force.ports.clock.now() - began).to_std().unwrap_or_default();
                Ended { watch: watch.id, host, took, checked }
            }
            .instrument(span),
        );
    }

    /// Takes note of a check that ended, and of when its watch is due again.
    async fn note<F, C>(
        &mut self,
        ended: Result<Ended, JoinError>,
        in_force: &InForce<F, C>,
        bell: &Notify,
    ) -> Result<(), StoreError> {
        let id = self.ended(ended, bell)?;
        let Some(host) = host_of(&id, in_force, &self.moved) else { return Ok(()) };
        let due_at = in_force.ports.store.due_at(&id).await?;
        if let Some(due_at) = due_at.filter(|due_at| self.known_until.is_some_and(|until| *due_at <= until)) {
            self.agenda.add(host, Due { watch: id, due_at });
        }
        Ok(())
    }

    fn ended(&mut self, ended: Result<Ended, JoinError>, bell: &Notify) -> Result<WatchId, StoreError> {
        // Panics of fetching and reading are outcomes; one that comes here is the store's.
        let ended = ended.unwrap_or_else(|failed| std::panic::resume_unwind(failed.into_panic()));
        self.agenda.ended(&ended.host, ended.took);
        if ended.checked?.and_then(|checked| checked.recorded).is_some_and(|recorded| recorded.deliveries > 0) {
            bell.notify_one();
        }
        Ok(ended.watch)
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
                let left: Vec<&str> = self.agenda.watches().map(WatchId::as_str).collect();
                tracing::warn!("stopped before {} could be checked; due again at the next start", left.join(", "));
                Ok(())
            }
        }
    }
}

/// Whom the check of a watch asks first; none if the watch is not ours.
fn host_of<F, C>(id: &WatchId, in_force: &InForce<F, C>, moved: &BTreeMap<WatchId, Host>) -> Option<Host> {
    let watch = in_force.watches.get(id)?;
    let there = moved.get(id).filter(|_| can_move(watch));
    Some(there.cloned().unwrap_or_else(|| Host::of(watch)))
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
    let stale: Vec<&str> = checked.stale.iter().map(|page| page.url.as_str()).collect();
    match checked.outcome.why() {
        None if stale.is_empty() => tracing::info!(outcome, duration_ms, "checked {service} {kind}: {outcome}"),
        None => {
            let stale = stale.join(", ");
            tracing::warn!(outcome, duration_ms, stale, "checked {service} {kind}: {outcome}, but for {stale}");
        }
        Some(why) => tracing::warn!(outcome, duration_ms, why, "checked {service} {kind}: {outcome}"),
    }
}
