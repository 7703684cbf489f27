//! The DevTools protocol over a pair of pipes: JSON, a zero byte behind each message.
//!
//! One call at a time; what the browser tells meanwhile is kept for whoever called.

use std::collections::VecDeque;

use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// Why a call has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum CallError {
    /// The other side is gone.
    #[error("it ended")]
    Ended,
    /// A message is longer than any that we want.
    #[error("it says more than is taken")]
    TooLong,
    /// The browser says no.
    #[error("{method}: {message}")]
    Refused { method: String, message: String },
}

/// What the browser tells unasked.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) method: String,
    pub(super) params: Value,
}

/// One end of the pipes.
#[derive(Debug)]
pub(super) struct Pipe<R, W> {
    from: R,
    to: W,
    /// What was read and is no whole message yet.
    partial: Vec<u8>,
    /// How much of it is known to hold no end.
    searched: usize,
    most: usize,
    last: u64,
    session: Option<String>,
    pub(super) events: VecDeque<Event>,
    /// The answer that is waited for while events are taken.
    answers: Vec<(u64, Value)>,
}

/// So many events are kept; a page that makes more is not asked about them.
const EVENTS: usize = 20_000;

impl<R: AsyncRead + Unpin, W: AsyncWrite + Unpin> Pipe<R, W> {
    /// Speaks over these; a message of more than `most` bytes ends it.
    pub(super) fn new(from: R, to: W, most: usize) -> Self {
        Self {
            from,
            to,
            partial: Vec::new(),
            searched: 0,
            most,
            last: 0,
            session: None,
            events: VecDeque::new(),
            answers: Vec::new(),
        }
    }

    /// Speaks to one page from now on.
    pub(super) fn attach(&mut self, session: String) {
        self.session = Some(session);
    }

    /// Asks, and waits for the answer.
    pub(super) async fn call(&mut self, method: &str, params: Value) -> Result<Value, CallError> {
        let id = self.send(method, params).await?;
        loop {
            match self.answer(id) {
                Ok(Some(answer)) => return Ok(answer),
                Ok(None) => self.listen().await?,
                Err(CallError::Refused { message, .. }) => {
                    return Err(CallError::Refused { method: method.to_owned(), message });
                }
                Err(other) => return Err(other),
            }
        }
    }

    /// The answer to what was asked, if it has come.
    pub(super) fn answer(&mut self, id: u64) -> Result<Option<Value>, CallError> {
        let Some(at) = self.answers.iter().position(|(known, _)| *known == id) else { return Ok(None) };
        let (_, mut message) = self.answers.swap_remove(at);
        // Older ones are nobody's.
        self.answers.retain(|(known, _)| *known > id);
        match message.get("error") {
            None => Ok(Some(message["result"].take())),
            Some(error) => {
                let message = error["message"].as_str().unwrap_or("refused").chars().take(300).collect();
                Err(CallError::Refused { method: "call".to_owned(), message })
            }
        }
    }

    /// Asks, and does not wait: the answer is nobody's.
    pub(super) async fn send(&mut self, method: &str, params: Value) -> Result<u64, CallError> {
        self.last += 1;
        let mut message = json!({ "id": self.last, "method": method, "params": params });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.to.write_all(&bytes).await.map_err(|_| CallError::Ended)?;
        Ok(self.last)
    }

    /// Waits until the browser tells something. Nothing is lost if the wait is given up.
    pub(super) async fn listen(&mut self) -> Result<(), CallError> {
        let message = self.message().await?;
        self.keep(message);
        Ok(())
    }

    fn keep(&mut self, mut message: Value) {
        if let Some(id) = message["id"].as_u64() {
            self.answers.push((id, message));
        } else if let Some(method) = message["method"].as_str().map(str::to_owned)
            && self.events.len() < EVENTS
        {
            self.events.push_back(Event { method, params: message["params"].take() });
        }
    }

    async fn message(&mut self) -> Result<Value, CallError> {
        loop {
            if let Some(end) = memchr::memchr(0, &self.partial[self.searched..]) {
                let rest = self.partial.split_off(self.searched + end + 1);
                let message = std::mem::replace(&mut self.partial, rest);
                self.searched = 0;
                // What is no JSON is no answer either; the browser speaks no other way.
                return serde_json::from_slice(&message[..message.len() - 1]).map_err(|_| CallError::Ended);
            }
            self.searched = self.partial.len();
            if self.partial.len() > self.most {
                return Err(CallError::TooLong);
            }
            if self.partial.capacity() - self.partial.len() < 32 * 1024 {
                self.partial.reserve(128 * 1024);
            }
            if self.from.read_buf(&mut self.partial).await.map_err(|_| CallError::Ended)? == 0 {
                return Err(CallError::Ended);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn answers_find_their_questions_and_events_are_kept() {
        let (ours, theirs) = tokio::io::duplex(1024);
        let (from, to) = tokio::io::split(ours);
        let mut pipe = Pipe::new(from, to, 4096);
        let browser = tokio::spawn(async move {
            let (mut from, mut to) = tokio::io::split(theirs);
            let mut asked = vec![0; 1024];
            let read = from.read(&mut asked).await.unwrap();
            to.write_all(b"{\"method\":\"A.b\",\"params\":{\"x\":1}}\0{\"id\":1,\"res").await.unwrap();
            to.write_all(b"ult\":{\"y\":2}}\0").await.unwrap();
            let said = String::from_utf8(asked[..read].to_vec()).unwrap();
            assert!(from.read(&mut asked).await.unwrap() > 0);
            to.write_all(b"{\"id\":2,\"error\":{\"message\":\"no\"}}\0").await.unwrap();
            said
        });
        assert_eq!(pipe.call("C.d", json!({})).await, Ok(json!({ "y": 2 })));
        let event = pipe.events.pop_front().unwrap();
        assert_eq!((event.method.as_str(), event.params["x"].as_u64()), ("A.b", Some(1)));
        assert_eq!(pipe.call("E.f", json!({})).await.unwrap_err().to_string(), "E.f: no");
        assert_eq!(browser.await.unwrap(), "{\"id\":1,\"method\":\"C.d\",\"params\":{}}\0");
        assert_eq!(pipe.listen().await, Err(CallError::Ended));
    }

    #[tokio::test]
    async fn a_message_without_an_end_is_given_up() {
        let endless = b"x".repeat(10_000);
        let mut pipe = Pipe::new(&endless[..], Vec::new(), 4096);
        assert_eq!(pipe.listen().await, Err(CallError::TooLong));
    }
}
