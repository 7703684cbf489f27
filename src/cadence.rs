//! When to look again: crontab expressions and intervals, spread, backoff.

use crate::time::Timestamp;

/// When a watch is due.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule;

impl Schedule {
    /// The first moment after `after` that the schedule names.
    pub fn next_after(&self, _after: Timestamp) -> Option<Timestamp> {
        todo!()
    }
}

/// TODO stub of branch `config`.
pub fn next_check(
    schedule: &Schedule,
    _watch: &crate::watch::WatchId,
    _spread_window: std::time::Duration,
    now: Timestamp,
    _failures: u32,
    _retry_after: Option<std::time::Duration>,
) -> Option<Timestamp> {
    schedule.next_after(now)
}
