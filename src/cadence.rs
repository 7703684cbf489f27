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
