//! Somebody who wants to be told: a webhook receiver on loopback that believes only what
//! is signed.

use std::net::SocketAddr;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::routing::post;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::channel::{Secret, webhook};
use crate::clock::{Clock, SystemClock};

/// The most that a message may have.
const LARGEST: usize = 4 * 1024 * 1024;

/// A message that arrived.
#[derive(Clone, Debug)]
pub struct Message {
    /// The headers of Standard Webhooks, as they came.
    pub headers: Vec<(String, String)>,
    /// The words.
    pub body: Value,
    /// Why it is not believed; none: the signature is right.
    pub distrust: Option<String>,
}

/// The receiver, served.
#[derive(Debug)]
pub struct Receiver {
    address: SocketAddr,
    messages: mpsc::UnboundedReceiver<Message>,
}

#[derive(Clone, Debug)]
struct Desk {
    secret: Secret,
    messages: mpsc::UnboundedSender<Message>,
}

impl Receiver {
    /// Serves a receiver that shares `secret` with the sender.
    ///
    /// # Errors
    /// If there is no port.
    pub async fn serve(secret: Secret) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let (sender, messages) = mpsc::unbounded_channel();
        let router = Router::new().route("/hook", post(receive)).with_state(Desk { secret, messages: sender });
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { address, messages })
    }

    /// Where messages go.
    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// What arrived since the last time.
    pub fn arrived(&mut self) -> Vec<Message> {
        std::iter::from_fn(|| self.messages.try_recv().ok()).collect()
    }
}

async fn receive(State(desk): State<Desk>, request: Request) -> StatusCode {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LARGEST).await else { return StatusCode::PAYLOAD_TOO_LARGE };
    let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let checked = webhook::verify(&desk.secret, header, &body, SystemClock.now(), webhook::TOLERANCE);
    let headers = ["webhook-id", "webhook-timestamp", "webhook-signature"]
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), header(name)?.to_owned())))
        .collect();
    let distrust = checked.err().map(|distrust| distrust.to_string());
    let status = if distrust.is_none() { StatusCode::NO_CONTENT } else { StatusCode::UNAUTHORIZED };
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    // The story has ended if nobody listens.
    let _ = desk.messages.send(Message { headers, body, distrust });
    status
}
