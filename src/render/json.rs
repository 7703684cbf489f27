//! The JSON objects of the command-line contract and of alerts.

use serde_json::Value;

use crate::alert::{DeliveryId, NextVersion};
use crate::change::Change;
use crate::judgment::Judgment;
use crate::version::VersionFacts;
use crate::watch::Watch;

/// The body of an alert.
pub fn alert(
    _id: &DeliveryId,
    _watch: &Watch,
    _previous: &VersionFacts,
    _next: &NextVersion,
    _change: &Change,
    _judgment: &Judgment,
) -> Value {
    todo!()
}
