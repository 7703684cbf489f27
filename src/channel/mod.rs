//! Sending deliveries: one file a channel.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use crate::alert::{Delivery, Sent};

/// Sends deliveries to one place or several.
pub trait Channel: Send + Sync {
    /// Sends one delivery to the channel it names.
    fn send(&self, delivery: &Delivery) -> impl Future<Output = Sent> + Send;
}

/// Where deliveries of one channel go. `[[channel]]` of the configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct ChannelOptions {
    /// Its name, as watches use it under `notify`.
    pub name: String,
    /// What it is.
    pub kind: ChannelKind,
}

/// What a channel is.
#[derive(Clone, Debug, PartialEq)]
pub enum ChannelKind {
    /// An HTTP POST after the Standard Webhooks specification.
    Webhook {
        /// Where to.
        url: Url,
        /// What signs it; `None` sends unsigned.
        secret: Option<Secret>,
        /// One attempt.
        timeout: Duration,
    },
    /// One JSON line a delivery on standard output.
    Stdout,
    /// One JSON line a delivery, appended to a file and synced.
    File {
        /// The file.
        path: PathBuf,
    },
}

/// Bytes that nobody may read in a log.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// Keeps some bytes.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}
