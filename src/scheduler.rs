//! Due watches, a bounded number at a time, until told to stop.

/// `[scheduler]` of the configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Checks that run at the same time.
    pub concurrency: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { concurrency: 4 }
    }
}
