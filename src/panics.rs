//! Panics as answers: a bug of ours on one page or one channel is recorded there, and the
//! rest goes on.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

/// How long a page may be read and compared. Far beyond the slowest page known to us: it
/// only keeps a page that we read without end from holding its watch for ever.
const READ_LIMIT: Duration = Duration::from_secs(120);

/// Runs work of the processor on a thread of its own.
///
/// # Errors
/// The message, if the work panicked or did not end within [`READ_LIMIT`].
pub(crate) async fn contained<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, String> {
    match tokio::time::timeout(READ_LIMIT, tokio::task::spawn_blocking(work)).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(failed)) if failed.is_panic() => Err(message(failed.into_panic().as_ref())),
        Ok(Err(_)) => Err("the reading was stopped".to_owned()),
        Err(_) => Err(format!("the page could not be read within {} s", READ_LIMIT.as_secs())),
    }
}

/// Waits for a future whose panic is an answer.
pub(crate) async fn unpanicking<T>(future: impl Future<Output = T>) -> Result<T, String> {
    let mut future = pin!(future);
    // After a panic the future is never polled again, so no broken state can be seen.
    std::future::poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(done)) => Poll::Ready(Ok(done)),
        Err(panic) => Poll::Ready(Err(message(panic.as_ref()))),
    })
    .await
}

/// What a panic says.
fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let words = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("a bug of policywatch: {}", words.unwrap_or("a panic without words"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_an_answer() {
        assert_eq!(contained(|| 1).await, Ok(1));
        assert_eq!(contained(|| panic!("at {}", 7)).await, Err::<(), _>("a bug of policywatch: at 7".to_owned()));
        let thrown = unpanicking(async { std::panic::panic_any(7_u8) }).await;
        assert_eq!(thrown, Err::<(), _>("a bug of policywatch: a panic without words".to_owned()));
        assert_eq!(unpanicking(async { 2 }).await, Ok(2));
    }
}
