//! Logs: to the journal under systemd, to standard error elsewhere, never to both.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::Registry;
use tracing_subscriber::util::SubscriberInitExt as _;

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

/// Why there are no logs.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter cannot be read.
    #[error("the log filter \"{filter}\" cannot be read: {why}; correct [log] filter")]
    Filter {
        /// As configured.
        filter: String,
        /// What is wrong with it.
        why: String,
    },
    /// Logs were set up before; they go on as they were.
    #[error("logs are set up already; call this once")]
    Again,
}

/// Where logs go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sink {
    Journal,
    Json,
    Text { colour: bool },
}

/// What is known about standard error.
#[derive(Clone, Copy, Debug, Default)]
struct StandardError {
    /// Its device and inode.
    identity: Option<(u64, u64)>,
    terminal: bool,
}

/// Sets up the logs of this process.
///
/// # Errors
/// If the filter cannot be read, or logs were set up before.
pub fn init(options: &Options) -> Result<(), TelemetryError> {
    let filter = EnvFilter::builder()
        .parse(&options.filter)
        .map_err(|error| TelemetryError::Filter { filter: options.filter.clone(), why: error.to_string() })?;
    let journal = std::env::var("JOURNAL_STREAM").ok();
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let chosen = sink(options.json, journal.as_deref(), plain, standard_error());
    tracing_subscriber::registry().with(layer(chosen)).with(filter).try_init().map_err(|_| TelemetryError::Again)
}

/// Says what is wrong with a filter.
///
/// # Errors
/// Why it cannot be read.
pub fn check_filter(filter: &str) -> Result<(), String> {
    EnvFilter::builder().parse(filter).map(drop).map_err(|error| error.to_string())
}

/// Decides where logs go. systemd names the journal's stream by device and inode, so that
/// a process whose standard error was redirected since can tell (systemd.exec(5)).
fn sink(json: bool, journal: Option<&str>, plain: bool, stderr: StandardError) -> Sink {
    let stream = journal.and_then(|stream| {
        let (device, inode) = stream.split_once(':')?;
        Some((device.parse().ok()?, inode.parse().ok()?))
    });
    match stream {
        _ if json => Sink::Json,
        Some(stream) if stderr.identity.is_none_or(|identity| identity == stream) => Sink::Journal,
        _ => Sink::Text { colour: stderr.terminal && !plain },
    }
}

fn layer(sink: Sink) -> Box<dyn Layer<Registry> + Send + Sync> {
    let text = |colour| tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(colour);
    match sink {
        Sink::Json => text(false).json().flatten_event(true).boxed(),
        Sink::Text { colour } => text(colour).with_target(false).boxed(),
        // Without the journal's socket its stream still takes text.
        Sink::Journal => match tracing_journald::layer() {
            Ok(journal) => journal.with_syslog_identifier("policywatch".to_owned()).boxed(),
            Err(_) => text(false).with_target(false).without_time().boxed(),
        },
    }
}

#[cfg(unix)]
fn standard_error() -> StandardError {
    use std::os::fd::AsFd as _;
    use std::os::unix::fs::MetadataExt as _;
    let stderr = std::io::stderr();
    let file = stderr.as_fd().try_clone_to_owned().map(std::fs::File::from).and_then(|file| file.metadata());
    StandardError {
        identity: file.ok().map(|metadata| (metadata.dev(), metadata.ino())),
        terminal: stderr.is_terminal(),
    }
}

#[cfg(not(unix))]
fn standard_error() -> StandardError {
    StandardError { identity: None, terminal: std::io::stderr().is_terminal() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PIPE: StandardError = StandardError { identity: Some((8, 42)), terminal: false };
    const TERMINAL: StandardError = StandardError { identity: Some((24, 3)), terminal: true };

    #[test]
    fn the_journal_is_used_only_where_standard_error_is_the_journal() {
        for (json, journal, plain, stderr, expected) in [
            (false, None, false, PIPE, Sink::Text { colour: false }),
            (false, None, false, TERMINAL, Sink::Text { colour: true }),
            (false, None, true, TERMINAL, Sink::Text { colour: false }),
            (false, Some("8:42"), false, PIPE, Sink::Journal),
            // A shell inside a service has the variable, but another standard error.
            (false, Some("8:42"), false, TERMINAL, Sink::Text { colour: true }),
            (false, Some("nonsense"), false, PIPE, Sink::Text { colour: false }),
            (true, Some("8:42"), false, PIPE, Sink::Json),
            (true, None, false, TERMINAL, Sink::Json),
        ] {
            assert_eq!(sink(json, journal, plain, stderr), expected, "{json} {journal:?} {plain} {stderr:?}");
        }
    }

    #[test]
    fn filters_are_checked() {
        for filter in ["info", "warn,policywatch=debug", "policywatch::fetch=trace"] {
            assert_eq!(check_filter(filter), Ok(()), "{filter}");
        }
        for filter in ["policywatch=loud", "a=b=c"] {
            check_filter(filter).expect_err(filter);
        }
    }
}
