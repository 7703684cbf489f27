//! Stub; the real one comes by merge.

use chrono::NaiveDate;

use crate::text::Block;

/// Finds the date.
pub fn effective(_blocks: &[Block], _language: Option<&str>) -> Option<NaiveDate> {
    None
}
