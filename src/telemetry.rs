//! Logs: to the journal under systemd, to standard error elsewhere.

/// `[log]` of the configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// A filter as `tracing` reads it (`info`, `policywatch=debug` …).
    pub filter: String,
    /// One JSON object a line instead of text.
    pub json: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { filter: "info".to_owned(), json: false }
    }
}
