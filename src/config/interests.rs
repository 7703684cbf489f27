//! What watches and channels ask to be told of: the same four keys in `[defaults]`,
//! `[[watch]]` and `[[channel]]`.

use super::Origin;
use super::keys;
use super::table::{Table, Value};
use crate::interest::Interest;
use crate::judgment::{Materiality, Practice, rule_ids};

const DEGREES: [&str; 3] = ["material", "minor", "editorial"];

/// The keys, in the order in which they are shown.
pub(super) const KEYS: [&str; 4] = ["alert_at", "min_severity", "practices", "ignore_practices"];

/// What a table asks for, where it says nothing what `or` does; notes under `name` where
/// each setting comes from.
pub(super) fn read(table: &Table<'_>, or: &Interest) -> Option<Interest> {
    let alert_at = table.or("alert_at", or.alert_at, degree);
    let min_severity = table.or("min_severity", or.min_severity, severity);
    let practices = table.or("practices", or.practices.clone(), practices);
    let ignore_practices = table.or("ignore_practices", or.ignore_practices.clone(), self::practices);
    if let (Some(followed), Some(value), Some(Some(ignored))) =
        (table.get("practices").and(practices.as_ref()), table.get("ignore_practices"), Some(&ignore_practices))
        && let Some(both) = ignored.iter().find(|practice| followed.contains(practice))
    {
        let message = format!("{} is both followed and ignored", both.as_str());
        return value.refuse(message, "leave it out of practices or of ignore_practices");
    }
    Some(Interest {
        alert_at: alert_at?,
        min_severity: min_severity?,
        practices: practices?,
        ignore_practices: ignore_practices?,
    })
}

/// Notes where what a table asks for comes from: from itself, or from `[defaults]`.
pub(super) fn note_origins(table: &Table<'_>, name: &str, with_defaults: bool) {
    let mut origins = table.file.findings.origins.borrow_mut();
    for key in KEYS.into_iter().chain(with_defaults.then_some("disable_rules")) {
        let own = table.get(key).map(|value| table.file.origin(&value.key_span));
        let default = || origins.get(&format!("defaults.{key}")).filter(|_| with_defaults).cloned();
        let origin = own.or_else(default).unwrap_or(Origin::Default);
        origins.insert(format!("{name}.{key}"), origin);
    }
}

fn degree(value: &Value<'_>) -> Option<Materiality> {
    value.word(&DEGREES, Materiality::parse)
}

/// How severe a finding is, 0 to 3.
pub(super) fn severity(value: &Value<'_>) -> Option<u8> {
    value.count(0..=3).and_then(|severity| u8::try_from(severity).ok())
}

/// One practice by its id.
pub(super) fn practice(value: &Value<'_>) -> Option<Practice> {
    let text = value.text()?;
    Practice::parse(text).or_else(|| {
        let hint = keys::suggestion(text, Practice::ALL.iter().map(|(_, id, _)| *id));
        value.refuse(format!("\"{text}\" is no practice"), hint)
    })
}

fn practices(value: &Value<'_>) -> Option<Vec<Practice>> {
    // Each is looked at before the first wrong one decides.
    let practices: Vec<_> = value.list()?.iter().map(practice).collect();
    practices.into_iter().collect()
}

/// Rules of the table that are not listened to.
pub(super) fn disabled(value: &Value<'_>) -> Option<Vec<String>> {
    let known = |value: &Value<'_>| {
        let text = value.text()?;
        if rule_ids().any(|(id, _)| id == text) {
            return Some(text.to_owned());
        }
        let hint = if text.starts_with(crate::judgment::OWN) {
            "it is a rule of your own: take it out, or limit it with watches and tags".to_owned()
        } else {
            keys::suggestion(text, rule_ids().map(|(id, _)| id))
        };
        value.refuse(format!("no rule is called \"{text}\""), hint)
    };
    let ids: Vec<_> = value.list()?.iter().map(known).collect();
    ids.into_iter().collect()
}
