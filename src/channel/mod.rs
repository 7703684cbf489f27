//! Sending deliveries: one file a channel.

use crate::alert::{Delivery, Sent};

/// Sends deliveries to one place or several.
pub trait Channel: Send + Sync {
    /// Sends one delivery to the channel it names.
    fn send(&self, delivery: &Delivery) -> impl Future<Output = Sent> + Send;
}
