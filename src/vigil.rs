//! Watching over the watching: states what was looked at when a period ends, and shows a
//! monitor elsewhere that we are alive, so that somebody notices when we are not.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::clock::Clock;
use crate::coverage::{self, statement};
use crate::http::GuardedClient;
use crate::pulse::{Beat, Pulse};
use crate::store::{Store, StoreError};
use crate::time::Timestamp;

/// How long the loop sleeps at most: the configuration may be another by then.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// How long one sign of life may take.
const HEARTBEAT_TIMEOUT: Duration = Duration::from_secs(20);

/// A monitor that is asked for its page for as long as all is well (a dead man's switch).
#[derive(Clone, Debug)]
pub struct Heartbeat {
    /// What is asked for.
    pub url: Url,
    /// How often.
    pub every: Duration,
    /// The way out.
    pub client: GuardedClient,
}

/// What the vigil is to do; a reload replaces it as a whole.
#[derive(Clone, Debug, Default)]
pub struct Duties {
    /// Statements of coverage.
    pub coverage: Option<coverage::Options>,
    /// Signs of life.
    pub heartbeat: Option<Heartbeat>,
}

/// The loop that does it.
#[derive(Debug)]
pub struct Vigil<C> {
    /// What is in force.
    pub duties: watch::Receiver<Arc<Duties>>,
    /// Where coverage is recorded.
    pub store: Store,
    /// The time.
    pub clock: C,
    /// Rung when a statement was recorded.
    pub bell: Arc<Notify>,
    /// The loops whose turning is a sign of life.
    pub pulses: Vec<Pulse>,
    /// Ends the loop.
    pub stop: CancellationToken,
    /// Shows that the loop turns.
    pub beat: Beat,
}

impl<C: Clock> Vigil<C> {
    /// Does its duties until told to stop.
    ///
    /// # Errors
    /// If the record could not be kept.
    pub async fn run(mut self) -> Result<(), StoreError> {
        let (mut beat_at, mut heard) = (self.clock.now(), true);
        loop {
            let duties = self.duties.borrow_and_update().clone();
            let mut wake_at = self.clock.now() + LOOK_AGAIN;
            if let Some(options) = &duties.coverage {
                let (stated, next) = state_if_due(&self.store, options, &self.clock).await?;
                if stated {
                    self.bell.notify_one();
                }
                wake_at = next.map_or(wake_at, |next| next.min(wake_at));
            }
            if let Some(heartbeat) = &duties.heartbeat {
                if beat_at <= self.clock.now() {
                    let mut shown = pin!(show_life(heartbeat, &self.pulses));
                    let said = loop {
                        tokio::select! {
                            () = self.stop.cancelled() => return Ok(()),
                            said = &mut shown => break said,
                            // A monitor that is slow is no reason to restart us.
                            () = self.beat.asked() => {}
                        }
                    };
                    heard = note(said, heard);
                    let every = chrono::Duration::from_std(heartbeat.every).unwrap_or(chrono::Duration::days(1));
                    beat_at = self.clock.now() + every;
                }
                wake_at = wake_at.min(beat_at);
            }
            tokio::select! {
                () = self.stop.cancelled() => return Ok(()),
                changed = self.duties.changed() => if changed.is_err() { return Ok(()) },
                () = self.beat.asked() => {}
                () = self.clock.sleep_until(wake_at) => {}
            }
        }
    }
}

/// States what was looked at since the last statement, if its period has ended; returns
/// whether it did, and when the next one ends. Periods that were missed become one.
///
/// # Errors
/// If the record could not be kept.
pub async fn state_if_due(
    store: &Store,
    options: &coverage::Options,
    clock: &impl Clock,
) -> Result<(bool, Option<Timestamp>), StoreError> {
    let now = clock.now();
    let from = store.covered_until(now).await?;
    let due = options.schedule.next_after(from);
    if due.is_none_or(|due| due > now) {
        return Ok((false, due));
    }
    let coverage = store.coverage(from, now).await?;
    let told = statement(&coverage, &options.notify);
    let stated = store.state_coverage(from, now, told).await?;
    Ok((stated, options.schedule.next_after(now)))
}

/// Asks the monitor for its page, if every loop turns.
async fn show_life(heartbeat: &Heartbeat, pulses: &[Pulse]) -> Result<(), String> {
    let all = async {
        for pulse in pulses {
            if !pulse.felt().await {
                return false;
            }
        }
        true
    };
    if !matches!(tokio::time::timeout(HEARTBEAT_TIMEOUT, all).await, Ok(true)) {
        return Err("a loop of ours does not turn".to_owned());
    }
    let asked = tokio::time::timeout(HEARTBEAT_TIMEOUT, heartbeat.client.get(&heartbeat.url, &[])).await;
    match asked {
        Err(_) => Err(format!("no answer within {} s", HEARTBEAT_TIMEOUT.as_secs())),
        Ok(Err(kind)) => Err(kind.to_string()),
        Ok(Ok(answer)) if (200..300).contains(&answer.status) => Ok(()),
        Ok(Ok(answer)) => Err(format!("status {}", answer.status)),
    }
}

/// Says in the log when the monitor does not hear us any more, and when it does again.
fn note(said: Result<(), String>, heard: bool) -> bool {
    match (&said, heard) {
        (Err(reason), true) => {
            tracing::warn!(reason, "the heartbeat was not heard: {reason}; look at [heartbeat] url");
        }
        (Ok(()), false) => tracing::info!("the heartbeat is heard again"),
        _ => {}
    }
    said.is_ok()
}
