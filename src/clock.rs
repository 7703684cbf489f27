//! The time, as a port: production asks the system, tests hold the hands.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::time::Timestamp;

/// What time it is.
pub trait Clock: Clone + Send + Sync + 'static {
    /// Now, in UTC.
    fn now(&self) -> Timestamp;
    /// Returns when it is `until`, or would be had nobody set the clock; at once if that is past.
    fn sleep_until(&self, until: Timestamp) -> impl Future<Output = ()> + Send;
}

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        chrono::Utc::now()
    }

    async fn sleep_until(&self, until: Timestamp) {
        // Looks again every minute at most, so that a machine that slept, or whose clock
        // was set, does not oversleep. Nor does one whose clock was set back.
        let (began, whole) = (tokio::time::Instant::now(), (until - self.now()).to_std().unwrap_or_default());
        while let Ok(left) = (until - self.now()).to_std() {
            let left = left.min(whole.saturating_sub(began.elapsed()));
            if left.is_zero() {
                break;
            }
            tokio::time::sleep(left.min(Duration::from_secs(60))).await;
        }
    }
}

/// A clock that stands until it is moved. For tests, and for imports that say "now".
#[derive(Clone, Debug)]
pub struct HeldClock(Arc<Mutex<Timestamp>>, Arc<tokio::sync::Notify>);

impl HeldClock {
    /// A clock that stands at `at`.
    pub fn new(at: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(at)), Arc::default())
    }

    /// Moves it forward.
    pub fn advance(&self, by: Duration) {
        *self.0.lock().expect("no holder of the clock panics") += by;
        self.1.notify_waiters();
    }
}

impl Clock for HeldClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().expect("no holder of the clock panics")
    }

    async fn sleep_until(&self, until: Timestamp) {
        loop {
            let moved = self.1.notified();
            if self.now() >= until {
                return;
            }
            moved.await;
        }
    }
}
