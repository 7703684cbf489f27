//! How a watch is, in one word.

use crate::discovery::moves::Whereabouts;
use crate::reading::Why;
use crate::time::Timestamp;

/// How a watch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Health {
    /// The configuration lacks it.
    Retired,
    /// Nobody has looked yet.
    NeverChecked,
    /// Only captures of the past are known.
    Imported,
    /// The last look saw the policy.
    Well,
    /// It saw the policy at another address than the configuration names.
    Moved,
    /// It saw the policy but for a page, whose last text stands in for it.
    PageStale,
    /// It saw the policy, but a selector matches nothing any more.
    SelectorLost,
    /// It did not see the policy: nothing was served, or an error.
    Failing,
    /// It met a wall: robots, sign-in or consent.
    Blocked,
    /// It met another page, or one that cannot be read.
    Unreadable,
    /// It met the page in another language.
    LanguageChanged,
    /// The policy has not been seen for so long that it was told.
    Stale,
}

impl Health {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Health::Retired => "retired",
            Health::NeverChecked => "never_checked",
            Health::Imported => "imported",
            Health::Well => "well",
            Health::Moved => "moved",
            Health::PageStale => "page_stale",
            Health::SelectorLost => "selector_lost",
            Health::Failing => "failing",
            Health::Blocked => "blocked",
            Health::Unreadable => "unreadable",
            Health::LanguageChanged => "language_changed",
            Health::Stale => "stale",
        }
    }

    /// Whether the policy is seen.
    pub fn is_well(self) -> bool {
        matches!(self, Health::Well | Health::Moved | Health::Imported)
    }
}

/// What tells how a watch is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Signs<'a> {
    /// The configuration lacks it.
    pub retired: bool,
    /// How many versions there are.
    pub versions: u32,
    /// How the last look ended, by the word of its outcome; none: nobody has looked.
    pub outcome: Option<&'a str>,
    /// What it said.
    pub why: Option<&'a str>,
    /// What the last look that read the page noted.
    pub note: Option<&'a str>,
    /// Whether the page itself was not seen: an archive's capture stood in its place.
    pub failing: bool,
    /// Whether it was told that the policy is not seen.
    pub silent: bool,
    /// Whether a page of several was not seen at the last look.
    pub page_stale: bool,
    /// Whether it is followed at another address than the configuration names.
    pub moved: bool,
}

/// How one page of several is, by the looks at it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Part {
    /// Its address as configured.
    pub url: String,
    /// How the last look ended, by the word of its outcome; none: nobody has looked.
    pub outcome: Option<String>,
    /// What it said.
    pub why: Option<String>,
    /// The last look that saw the page itself.
    pub last_seen_at: Option<Timestamp>,
    /// The first look in vain since then; none: the last one saw it.
    pub failing_since: Option<Timestamp>,
    /// How many were in vain since then.
    pub failures: u32,
    /// Where it went, as far as that is known.
    pub whereabouts: Whereabouts,
}

impl Part {
    /// How it is, in one word.
    pub fn health(&self) -> Health {
        let (outcome, why) = (self.outcome.as_deref(), self.why.as_deref());
        let moved = self.whereabouts.moved.is_some();
        health(&Signs { outcome, why, failing: self.failing_since.is_some(), moved, ..Signs::default() })
    }

    /// Whether the last look did not see it.
    pub fn is_stale(&self) -> bool {
        self.failing_since.is_some()
    }
}

/// How a watch is, by its signs.
pub fn health(signs: &Signs<'_>) -> Health {
    if signs.retired {
        return Health::Retired;
    }
    let Some(outcome) = signs.outcome else {
        return if signs.versions == 0 { Health::NeverChecked } else { Health::Imported };
    };
    if matches!(outcome, "first" | "unmodified" | "unchanged" | "changed") {
        if signs.failing {
            return if signs.silent { Health::Stale } else { Health::Blocked };
        }
        if signs.page_stale {
            return Health::PageStale;
        }
        return match (signs.note, signs.moved) {
            (Some(_), _) => Health::SelectorLost,
            (None, true) => Health::Moved,
            (None, false) => Health::Well,
        };
    }
    if signs.silent {
        return Health::Stale;
    }
    // What is recorded of an unreadable page begins with the word of the reason.
    let word = signs.why.and_then(|why| why.split(':').next()).and_then(Why::parse);
    match (outcome, word) {
        ("unreadable", Some(Why::BotWall | Why::LoginWall | Why::ConsentWall)) => Health::Blocked,
        ("unreadable", Some(Why::WrongLanguage)) => Health::LanguageChanged,
        ("unreadable", Some(Why::ErrorPage | Why::Maintenance)) => Health::Failing,
        ("unreadable", _) => Health::Unreadable,
        _ => Health::Failing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watch_is_what_its_last_look_says() {
        let looked = |outcome, why| Signs { versions: 1, outcome: Some(outcome), why, ..Signs::default() };
        let cases = [
            (Signs::default(), Health::NeverChecked),
            (Signs { versions: 3, ..Signs::default() }, Health::Imported),
            (looked("unmodified", None), Health::Well),
            (Signs { failing: true, ..looked("changed", None) }, Health::Blocked),
            (Signs { failing: true, silent: true, ..looked("changed", None) }, Health::Stale),
            (Signs { note: Some("select \"main\" matches nothing"), ..looked("changed", None) }, Health::SelectorLost),
            (Signs { moved: true, ..looked("changed", None) }, Health::Moved),
            (Signs { moved: true, ..looked("unreadable", Some("not_found: status 404")) }, Health::Unreadable),
            (Signs { page_stale: true, ..looked("changed", None) }, Health::PageStale),
            (Signs { page_stale: true, ..looked("unreachable", Some("it is down")) }, Health::Failing),
            (looked("unreachable", Some("acme.test refuses the connection")), Health::Failing),
            (looked("unreadable", Some("bot_wall: status 403")), Health::Blocked),
            (looked("unreadable", Some("login_wall: a form asks for a password")), Health::Blocked),
            (looked("unreadable", Some("not_found: status 404")), Health::Unreadable),
            (looked("unreadable", Some("maintenance: says so")), Health::Failing),
            (looked("unreadable", Some("wrong_language: German")), Health::LanguageChanged),
            (looked("broken", Some("a bug")), Health::Failing),
            (Signs { silent: true, ..looked("unreadable", Some("bot_wall: status 403")) }, Health::Stale),
            (Signs { retired: true, ..looked("changed", None) }, Health::Retired),
        ];
        for (signs, expected) in cases {
            assert_eq!(health(&signs), expected, "{signs:?}");
        }
    }
}
