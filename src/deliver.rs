//! The outbox: takes what is due, sends it, writes down how that ended.
//!
//! At least once: between [`Channel::send`] and [`Store::settle`] everything may end, and
//! the delivery is then repeated under the same id, which is how receivers know repeats.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use crate::alert::{Delivery, DeliveryId, DeliveryState, Sent};
use crate::channel::Channel;
use crate::clock::Clock;
use crate::panics::unpanicking;
use crate::pulse::Beat;
use crate::store::{Store, StoreError};
use crate::time::Timestamp;

/// How long a delivery belongs to whoever took it. Five times as long as the longest
/// attempt may last ([`crate::channel::webhook::MAX_TIMEOUT`]), so that a slow attempt is
/// not made twice; short, since it is also how long a crash holds a delivery back.
pub const LEASE: Duration = Duration::from_secs(5 * 60);

/// How many deliveries are on their way to one channel at the same time. Few: a channel that
/// hangs holds back nothing but itself, however much waits for it.
const TO_ONE_CHANNEL: usize = 4;

/// How many deliveries are on their way at the same time. Many, since they only wait.
const ON_THE_WAY: usize = 128;

/// How long the loop sleeps at most: another process may have recorded something, or
/// revived what was dead, and cannot wake us.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// Sends one delivery that is due, if there is one; returns which, and where it stands then.
///
/// # Errors
/// If the record could not be kept.
pub async fn deliver_next(
    store: &Store,
    channel: &impl Channel,
    clock: &impl Clock,
) -> Result<Option<(DeliveryId, DeliveryState)>, StoreError> {
    let Some(delivery) = store.claim(clock.now(), LEASE).await? else {
        return Ok(None);
    };
    deliver(delivery, store, channel, clock).await.map(Some)
}

/// Sends everything that is due, several at a time; returns what, in the order it ended.
///
/// # Errors
/// If the record could not be kept. What is on its way then may be sent again later.
pub async fn deliver_due<K: Channel + 'static>(
    store: &Store,
    channel: &Arc<K>,
    clock: &impl Clock,
) -> Result<Vec<(DeliveryId, DeliveryState)>, StoreError> {
    let (mut sending, mut ended) = (Sending::default(), Vec::new());
    loop {
        sending.take_due(store, channel, clock).await?;
        match sending.tasks.join_next().await {
            Some(sent) => ended.push(sending.settled(sent)?),
            None => return Ok(ended),
        }
    }
}

/// The outbox of a daemon.
#[derive(Debug)]
pub struct Outbox<K, C> {
    /// Where deliveries are kept.
    pub store: Store,
    /// The channels in force.
    pub channels: watch::Receiver<Arc<K>>,
    /// The time.
    pub clock: C,
    /// Rung when a delivery was recorded.
    pub bell: Arc<Notify>,
    /// Ends the loop.
    pub stop: CancellationToken,
    /// How long what is on its way may take after that.
    pub grace: Duration,
    /// Shows that the loop turns.
    pub beat: Beat,
}

impl<K: Channel + 'static, C: Clock> Outbox<K, C> {
    /// Sends what is due until told to stop. What is not settled then is sent again, under
    /// the same id, when its lease has ended.
    ///
    /// # Errors
    /// If the record could not be kept.
    pub async fn run(mut self) -> Result<(), StoreError> {
        let mut sending = Sending::default();
        loop {
            let channels = self.channels.borrow().clone();
            let wake_at = sending.take_due(&self.store, &channels, &self.clock).await?;
            tokio::select! {
                () = self.stop.cancelled() => break,
                Some(sent) = sending.tasks.join_next() => { sending.settled(sent)?; }
                () = self.bell.notified() => {}
                () = self.beat.asked() => {}
                () = self.clock.sleep_until(wake_at) => {}
            }
        }
        let rest = async {
            while let Some(sent) = sending.tasks.join_next().await {
                sending.settled(sent)?;
            }
            Ok(())
        };
        tokio::time::timeout(self.grace, rest).await.unwrap_or_else(|_| {
            tracing::warn!("stopped with deliveries on their way; they are sent again after the next start");
            Ok(())
        })
    }
}

/// How an attempt ended, and at which channel.
type Settled = (String, Result<(DeliveryId, DeliveryState), StoreError>);

/// Deliveries on their way.
#[derive(Default)]
struct Sending {
    tasks: JoinSet<Settled>,
    /// How many to each channel.
    channels: BTreeMap<String, usize>,
}

impl Sending {
    /// Starts what is due, as far as there is room; returns when to look again.
    async fn take_due<K: Channel + 'static>(
        &mut self,
        store: &Store,
        channel: &Arc<K>,
        clock: &impl Clock,
    ) -> Result<Timestamp, StoreError> {
        while self.tasks.len() < ON_THE_WAY {
            let Some(delivery) = store.claim_beside(&self.busy(), clock.now(), LEASE).await? else { break };
            *self.channels.entry(delivery.channel.clone()).or_default() += 1;
            let (store, channel, clock) = (store.clone(), Arc::clone(channel), clock.clone());
            self.tasks.spawn(async move {
                let name = delivery.channel.clone();
                (name, deliver(delivery, &store, channel.as_ref(), &clock).await)
            });
        }
        let latest = clock.now() + LOOK_AGAIN;
        if self.tasks.len() == ON_THE_WAY {
            // There may be more that is due now, but no room: the next one that ends wakes us.
            return Ok(latest);
        }
        // What is due at a busy channel is taken when one of its deliveries has ended.
        Ok(store.next_delivery_beside(&self.busy()).await?.map_or(latest, |due| due.min(latest)))
    }

    /// The channels that get nothing more for now.
    fn busy(&self) -> Vec<String> {
        self.channels.iter().filter(|(_, many)| **many >= TO_ONE_CHANNEL).map(|(name, _)| name.clone()).collect()
    }

    /// How a task that sends has ended. A panic of the store goes on: nothing can be recorded.
    fn settled(&mut self, ended: Result<Settled, JoinError>) -> Result<(DeliveryId, DeliveryState), StoreError> {
        let (channel, settled) = ended.unwrap_or_else(|failed| std::panic::resume_unwind(failed.into_panic()));
        if let Some(many) = self.channels.get_mut(&channel) {
            *many -= 1;
        }
        self.channels.retain(|_, many| *many > 0);
        settled
    }
}

/// Sends a delivery that is ours for now, and writes down how that ended.
async fn deliver(
    delivery: Delivery,
    store: &Store,
    channel: &impl Channel,
    clock: &impl Clock,
) -> Result<(DeliveryId, DeliveryState), StoreError> {
    let span = tracing::info_span!("delivery", delivery.id = %delivery.id.0, channel = %delivery.channel);
    async {
        let sent = unpanicking(channel.send(&delivery)).await;
        let sent = sent.unwrap_or_else(|reason| Sent::Failed { reason, retry_after: None });
        let state = store.settle(&delivery.id, sent, clock.now()).await?;
        match state {
            DeliveryState::Delivered => {
                let of = delivery.watch.as_ref().map_or_else(String::new, |watch| format!(" of {watch}"));
                let kind = delivery.kind().unwrap_or_else(|| "an alert".to_owned());
                tracing::info!("told {}{of}: {kind}", delivery.channel);
            }
            // The reason may quote the other side, so it stays in the record.
            DeliveryState::Pending => tracing::warn!(
                attempt = delivery.attempts + 1,
                "could not tell {}, will try again; `policywatch deliveries` shows why",
                delivery.channel
            ),
            DeliveryState::Dead => tracing::error!(
                "gave up telling {}; `policywatch deliveries` shows why, `policywatch deliveries retry` tries again",
                delivery.channel
            ),
        }
        Ok((delivery.id.clone(), state))
    }
    .instrument(span)
    .await
}
