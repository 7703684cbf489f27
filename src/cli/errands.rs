//! What archives were asked because of a change, and whether they have it: part of the
//! evidence that `log`, `show` and `why` give.

use serde::Serialize;

use super::when;
use crate::store::{ErrandFacts, ErrandKind};
use crate::time::rfc3339;

/// An errand as `--json` prints it.
#[derive(Debug, Serialize)]
pub struct ErrandRow<'a> {
    watch: &'a str,
    /// `save`, `look` or `narrow`.
    errand: &'static str,
    archive: &'a str,
    url: &'a str,
    check: i64,
    created_at: String,
    state: &'a str,
    /// When it goes on, while it is pending.
    due_at: Option<String>,
    attempts: u32,
    result: Option<&'a str>,
}

/// An errand of a watch as an object.
pub fn object<'a>(watch: &'a str, errand: &'a ErrandFacts) -> ErrandRow<'a> {
    ErrandRow {
        watch,
        errand: errand.kind.as_str(),
        archive: &errand.archive,
        url: &errand.url,
        check: errand.check.0,
        created_at: rfc3339(errand.created_at),
        state: &errand.state,
        due_at: (errand.state == "pending").then(|| rfc3339(errand.due_at)),
        attempts: errand.attempts,
        result: errand.result.as_deref(),
    }
}

/// An errand in a sentence; what was read from elsewhere is not made safe for a terminal yet.
pub fn sentence(errand: &ErrandFacts) -> String {
    let ErrandFacts { archive, url, .. } = errand;
    let what = match errand.kind {
        ErrandKind::Save => format!("the archive \"{archive}\" was asked to capture {url}"),
        ErrandKind::Look => format!("whether the archive \"{archive}\" has the capture of {url}"),
        ErrandKind::Narrow => format!("the change of {url} is dated by the archive \"{archive}\""),
    };
    let result = errand.result.as_deref().unwrap_or("not begun yet");
    match errand.state.as_str() {
        "pending" => format!("{what}: {result}; again at {} UTC", when::minute(errand.due_at)),
        "given_up" => format!("{what}: given up, {result}"),
        _ => format!("{what}: {result}"),
    }
}
