//! Due watches, a bounded number at a time, until told to stop.

use std::time::Duration;

/// `[scheduler]` of the configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Checks that run at the same time.
    pub concurrency: usize,
    /// Over how long watches that are due at one time are spread.
    pub spread: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { concurrency: 4, spread: Duration::from_secs(5 * 60) }
    }
}
