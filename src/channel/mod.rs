//! Sending deliveries: one file a channel.

mod file;
mod stdout;
pub mod webhook;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use crate::access::Proxy;
use crate::alert::{Delivery, Sent};
use crate::clock::Clock;
use crate::http::GuardedClient;

/// Sends deliveries to one place or several.
pub trait Channel: Send + Sync {
    /// Sends one delivery to the channel it names.
    fn send(&self, delivery: &Delivery) -> impl Future<Output = Sent> + Send;
}

/// The channels of a configuration, by name. Each is alone: what one does, no other sees.
#[derive(Clone, Debug)]
pub struct Channels<C> {
    kinds: BTreeMap<String, ChannelKind>,
    client: GuardedClient,
    clock: C,
}

impl<C: Clock> Channels<C> {
    /// Opens nothing yet: every attempt stands alone.
    pub fn new(options: Vec<ChannelOptions>, client: GuardedClient, clock: C) -> Self {
        let kinds = options.into_iter().map(|channel| (channel.name, channel.kind)).collect();
        Self { kinds, client, clock }
    }
}

impl<C: Clock> Channel for Channels<C> {
    async fn send(&self, delivery: &Delivery) -> Sent {
        let Some(kind) = self.kinds.get(&delivery.channel) else {
            return Sent::Refused { reason: format!("channel \"{}\" is not configured any more", delivery.channel) };
        };
        match kind {
            ChannelKind::Webhook { url, secret, timeout, proxy } => {
                let target = webhook::Target { url, secret: secret.as_ref(), timeout: *timeout };
                webhook::send(&self.client.through(proxy.as_ref()), target, delivery, self.clock.now()).await
            }
            ChannelKind::Stdout => stdout::send(delivery).await,
            ChannelKind::File { path } => file::send(path, delivery).await,
        }
    }
}

/// The words of a delivery as one line. Line breaks of a JSON text stand between its
/// tokens only, never within.
fn line(delivery: &Delivery) -> String {
    delivery.body.trim_end().replace(['\n', '\r'], " ") + "\n"
}

/// An attempt that may work later.
fn failed(reason: String) -> Sent {
    Sent::Failed { reason, retry_after: None }
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
        /// The way there; none: directly.
        proxy: Option<Proxy>,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::{DeliveryId, DeliveryState};

    /// A delivery to a channel.
    pub(super) fn delivery(channel: &str, body: &str) -> Delivery {
        let at = crate::time::parse_rfc3339("2026-01-02T03:04:05Z").expect("a moment");
        Delivery {
            id: DeliveryId("msg_0123456789abcdef0123456789abcdef".to_owned()),
            watch: None,
            channel: channel.to_owned(),
            body: body.to_owned(),
            state: DeliveryState::Pending,
            attempts: 0,
            created_at: at,
            due_at: at,
            last_error: None,
            delivered_at: None,
        }
    }

    #[test]
    fn a_secret_is_not_shown() {
        let options = ChannelKind::Webhook {
            url: Url::parse("https://hooks.example.test/").expect("a URL"),
            secret: Some(Secret::new(b"hush".to_vec())),
            timeout: Duration::from_secs(1),
            proxy: Some("http://ada:hush@127.0.0.1:3128".parse().expect("a proxy")),
        };
        let shown = format!("{options:?}");
        assert!(!shown.contains("hush") && !shown.contains("104, 117"), "{shown}");
    }
}
