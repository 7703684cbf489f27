//! How a loop shows that it still turns: it is asked, and it answers between two turns.
//! A loop that hangs in the middle of a turn does not answer, which a bare timer would
//! never notice.

use tokio::sync::{mpsc, oneshot};

/// The side that asks.
#[derive(Clone, Debug)]
pub struct Pulse(mpsc::Sender<oneshot::Sender<()>>);

/// The side that answers; a loop owns it.
#[derive(Debug)]
pub struct Beat(mpsc::Receiver<oneshot::Sender<()>>);

/// The two sides of one loop's pulse.
pub fn pulse() -> (Pulse, Beat) {
    let (ask, asked) = mpsc::channel(1);
    (Pulse(ask), Beat(asked))
}

impl Pulse {
    /// Returns `true` when the loop answers and `false` when it has ended; waits as long
    /// as the loop does neither.
    pub async fn felt(&self) -> bool {
        let (answer, answered) = oneshot::channel();
        self.0.send(answer).await.is_ok() && answered.await.is_ok()
    }
}

impl Beat {
    /// Answers the next question; never returns if nobody is left to ask.
    pub async fn asked(&mut self) {
        match self.0.recv().await {
            // The asker may have lost its patience meanwhile: nothing to do then.
            Some(answer) => answer.send(()).unwrap_or_default(),
            None => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_loop_that_turns_answers_and_one_that_ended_does_not() {
        let (pulse, mut beat) = pulse();
        let turning = tokio::spawn(async move {
            beat.asked().await;
            beat.asked().await;
        });
        assert!(pulse.felt().await);
        assert!(pulse.felt().await);
        turning.await.expect("the loop ends by itself");
        assert!(!pulse.felt().await);
    }
}
