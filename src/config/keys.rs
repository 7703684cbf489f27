//! The keys that a configuration may have. The reader refuses any other, and may not read
//! one that is missing here; a test holds `config.example.toml` to this list.

/// The tables with their keys; the first is the file itself.
pub const KEYS: [(&str, &[&str]); 18] = [
    (
        "",
        &[
            "include",
            "store",
            "fetch",
            "browser",
            "wayback",
            "archive",
            "scheduler",
            "log",
            "heartbeat",
            "coverage",
            "defaults",
            "channel",
            "watch",
            "rule",
        ],
    ),
    ("store", &["path"]),
    (
        "fetch",
        &[
            "user_agent",
            "contact",
            "timeout",
            "connect_timeout",
            "max_body",
            "max_redirects",
            "pause_per_host",
            "allow",
            "extra_ca",
        ],
    ),
    ("browser", &["path", "timeout", "memory", "traffic", "at_once", "sandbox"]),
    ("wayback", &["base_url", "kind", "index_pause", "capture_pause", "timeout", "narrow", "save_keys_file"]),
    ("archive", &["name", "base_url", "kind", "index_pause", "capture_pause", "timeout", "save_keys_file"]),
    ("scheduler", &["concurrency", "spread"]),
    ("log", &["filter", "json"]),
    ("heartbeat", &["url", "every", "proxy"]),
    ("coverage", &["schedule", "every", "timezone", "notify"]),
    (
        "defaults",
        &[
            "schedule",
            "every",
            "timezone",
            "source",
            "render",
            "archive_if_blocked",
            "archives",
            "language",
            "notify",
            "alert_at",
            "alternation",
            "confirm",
            "stale_after",
            "proxy",
            "locale",
            "robots",
            "min_severity",
            "practices",
            "ignore_practices",
            "disable_rules",
            "tags",
        ],
    ),
    (
        "channel",
        &[
            "name",
            "kind",
            "url",
            "secret",
            "secret_file",
            "secret_env",
            "secret_credential",
            "proxy",
            "timeout",
            "path",
            "alert_at",
            "min_severity",
            "practices",
            "ignore_practices",
        ],
    ),
    (
        "watch",
        &[
            "id",
            "url",
            "pages",
            "urls",
            "service",
            "type",
            "schedule",
            "every",
            "timezone",
            "source",
            "render",
            "archive_if_blocked",
            "archives",
            "select",
            "remove",
            "language",
            "notify",
            "alert_at",
            "alternation",
            "confirm",
            "stale_after",
            "headers",
            "proxy",
            "locale",
            "robots",
            "min_severity",
            "practices",
            "ignore_practices",
            "disable_rules",
            "tags",
        ],
    ),
    ("pages", &["url", "select", "remove"]),
    ("urls", &["url", "until"]),
    ("rule", &["id", "pattern", "when", "practice", "severity", "why", "fires_on", "silent_on", "watches", "tags"]),
    ("example", &["before", "after"]),
    ("secret", &["file", "env", "credential"]),
];

/// The keys of a table.
pub(super) fn of(table: &str) -> &'static [&'static str] {
    KEYS.iter().find(|(name, _)| *name == table).map_or(&[], |(_, keys)| keys)
}

/// How a table is written: `[fetch]`, `[[watch]]`.
pub(super) fn heading(table: &str) -> String {
    match table {
        "" => "the configuration".to_owned(),
        "channel" | "watch" | "rule" | "archive" => format!("[[{table}]]"),
        "pages" | "urls" => format!("table of {table}"),
        "example" => "example".to_owned(),
        "secret" => "the place of a secret".to_owned(),
        _ => format!("[{table}]"),
    }
}

/// The candidate that was probably meant, if one is near.
pub(super) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    // One slip in three letters.
    let most = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| {
            let lower = candidate.to_lowercase();
            // "Paris" is meant for "Europe/Paris" in time zones.
            let last = lower.rsplit('/').next().unwrap_or(&lower);
            let slips = strsim::damerau_levenshtein(&word, &lower);
            (if last == word { 0 } else { slips }, candidate)
        })
        .filter(|(slips, _)| *slips <= most)
        .min()
        .map(|(_, candidate)| candidate)
}

/// `did you mean …?`, or else the list of what there is.
pub(super) fn suggestion<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str> + Clone) -> String {
    match nearest(word, candidates.clone()) {
        Some(candidate) => format!("did you mean \"{candidate}\"?"),
        None => format!("known are {}", candidates.into_iter().collect::<Vec<_>>().join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_of_the_keyboard_are_understood() {
        for (word, meant) in [
            ("timout", Some("timeout")),
            ("Timeout", Some("timeout")),
            ("user-agent", Some("user_agent")),
            ("max_bdoy", Some("max_body")),
            ("retries", None),
        ] {
            assert_eq!(nearest(word, of("fetch").iter().copied()), meant, "{word}");
        }
        assert_eq!(nearest("paris", ["Europe/Berlin", "Europe/Paris"]), Some("Europe/Paris"));
    }
}
