//! Backups of changedetection.io: an archive with the watches in `url-watches.json`, or
//! since 2026 each in a `watch.json` of its own, and the texts they had.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value};

use super::declared::{Declarations, Declared, policy_type};
use super::import::SourceError;
use super::ota::slug;
use super::zipped::{self, bounded, names_of};
use crate::text::select;

/// The largest list of watches, unpacked.
const MAX_LIST: u64 = 128 * 1024 * 1024;

/// The largest watch of its own, unpacked.
const MAX_WATCH: u64 = 4 * 1024 * 1024;

/// All watches of their own together, unpacked.
const MAX_WATCHES: u64 = 256 * 1024 * 1024;

/// Settings that ask for what we do otherwise or not at all, where they are set.
const LOST: [(&str, &str); 12] = [
    ("ignore_text", "noise is recognized here; a [[rule]] with severity 0 leaves words out"),
    ("trigger_text", "a [[rule]] tells of words"),
    ("text_should_not_be_present", "a [[rule]] tells of words"),
    ("extract_text", "no counterpart"),
    ("headers", "no counterpart"),
    ("body", "pages are fetched with GET"),
    ("browser_steps", "no counterpart"),
    ("webdriver_js_execute_code", "no counterpart"),
    ("proxy", "no counterpart"),
    ("notification_urls", "name a [[channel]] under notify"),
    ("time_schedule_limit", "use schedule and timezone"),
    ("conditions", "use min_severity and practices"),
];

/// Reads a backup: the archive, or the `url-watches.json` out of it.
///
/// # Errors
/// If it cannot be read, is damaged, or is larger than any that is known.
pub fn read(path: &Path) -> Result<Declarations, SourceError> {
    let place = path.display().to_string();
    let failed = |error: &dyn std::fmt::Display| SourceError::new(place.clone(), error);
    let file = File::open(path).map_err(|error| failed(&error))?;
    let mut found = Declarations::default();
    if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json")) {
        list(&bounded(file, MAX_LIST).map_err(|error| failed(&error))?, &mut found).map_err(|error| failed(&error))?;
        return Ok(found);
    }
    let mut archive = zipped::open(file).map_err(|error| failed(&error))?;
    let names = names_of(&archive);
    let is = |name: &str, file: &str| name == file || name.ends_with(&format!("/{file}"));
    let mut histories = 0_usize;
    let mut spent = 0;
    let mut names: Vec<&String> = names.iter().collect();
    names.sort();
    for name in names {
        let (limit, whole) = match name {
            name if is(name, "url-watches.json") => (MAX_LIST, true),
            name if is(name, "watch.json") => (MAX_WATCH, false),
            name => {
                histories += usize::from(is(name, "history.txt"));
                continue;
            }
        };
        let entry = archive.by_name(name).map_err(|error| failed(&error))?;
        let text = bounded(entry, limit).map_err(|error| failed(&format!("{name}: {error}")))?;
        spent += text.len() as u64;
        if spent > MAX_LIST + MAX_WATCHES {
            return Err(failed(&"its watches have more bytes than any backup that is known"));
        }
        if whole {
            list(&text, &mut found).map_err(|error| failed(&format!("{name}: {error}")))?;
        } else {
            match serde_json::from_slice(&text) {
                Ok(Value::Object(declared)) => take(&declared, Vec::new(), &mut found),
                _ => found.left_out.push(format!("{name}: it is no watch")),
            }
        }
    }
    if found.watches.is_empty() && found.left_out.is_empty() {
        return Err(failed(
            &"it holds neither url-watches.json nor a watch.json, so it is no backup of changedetection.io",
        ));
    }
    if histories > 0 {
        found.left_out.push(format!(
            "the texts of {histories} histories: they are text without their pages, which no page could be compared \
             with; `policywatch backfill` reads the pages from a web archive"
        ));
    }
    Ok(found)
}

fn list(text: &[u8], found: &mut Declarations) -> Result<(), String> {
    let whole: Value = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    let watching = whole.get("watching").and_then(Value::as_object).ok_or("it has no \"watching\"")?;
    // Words for grouping are named once, and watches cite them.
    let words = whole.pointer("/settings/application/tags").and_then(Value::as_object);
    let word = |id: &Value| words?.get(id.as_str()?)?.get("title")?.as_str().map(str::to_owned);
    for declared in watching.values().filter_map(Value::as_object) {
        let tags = declared.get("tags").and_then(Value::as_array).into_iter().flatten().filter_map(word).collect();
        take(declared, tags, found);
    }
    Ok(())
}

fn take(declared: &Map<String, Value>, tags: Vec<String>, found: &mut Declarations) {
    let text = |key: &str| declared.get(key).and_then(Value::as_str).filter(|text| !text.trim().is_empty());
    let address = text("url").unwrap_or_default();
    let title = text("title").or(text("page_title"));
    let id = slug(&[title.unwrap_or(address.split_once("://").map_or(address, |(_, rest)| rest))]);
    let Some(mut watch) = Declared::of(&id, address) else {
        found.left_out.push(format!("\"{}\" is no page of the web", title.unwrap_or(address)));
        return;
    };
    watch.service = title.map(str::to_owned);
    watch.policy_type = policy_type(&format!("{} {address}", title.unwrap_or_default())).map(|kind| kind.as_str());
    watch.every = every(declared.get("time_between_check"));
    watch.tags = tags;
    let tag = declared.get("tag").and_then(Value::as_str).unwrap_or_default();
    watch.tags.extend(tag.split(',').map(|tag| tag.trim().to_owned()).filter(|tag| !tag.is_empty()));
    for (key, keep) in [("include_filters", true), ("subtractive_selectors", false)] {
        for selector in declared.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
            take_selector(selector.trim(), key, keep, &mut watch);
        }
    }
    if declared.get("paused") == Some(&Value::Bool(true)) {
        watch.notes.push("it was paused; leave it out if it shall stay so".to_owned());
    }
    if text("fetch_backend").is_some_and(|backend| backend.contains("webdriver") || backend.contains("browser")) {
        watch.notes.push("it asks for a browser; `policywatch extract URL` says whether the page needs one".to_owned());
    }
    if let Some(processor) = text("processor").filter(|processor| *processor != "text_json_diff") {
        watch.notes.push(format!("processor {processor} is for other things than texts"));
    }
    let set = |value: &Value| match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(several) => several.iter().any(|one| !one.is_null() && one != ""),
        Value::Object(fields) => fields.get("enabled") != Some(&Value::Bool(false)) && !fields.is_empty(),
        _ => true,
    };
    for (key, instead) in LOST {
        if declared.get(key).is_some_and(set) {
            watch.notes.push(format!("{key}: {instead}"));
        }
    }
    found.add(watch);
}

fn take_selector(selector: &str, key: &str, keep: bool, watch: &mut Declared) {
    if selector.is_empty() {
        return;
    }
    let other = selector.starts_with('/')
        || ["xpath:", "xpath1:", "json:", "jq:", "jqraw:"].iter().any(|kind| selector.starts_with(kind));
    match select::check(selector) {
        Ok(()) if !other && keep => watch.select.push(selector.to_owned()),
        Ok(()) if !other => watch.remove.push(selector.to_owned()),
        _ => watch.notes.push(format!("{key}: \"{selector}\" is no CSS selector")),
    }
}

/// The time between two checks, given in units.
fn every(between: Option<&Value>) -> Option<Duration> {
    let units = [("weeks", 604_800), ("days", 86_400), ("hours", 3600), ("minutes", 60), ("seconds", 1)];
    let of = |unit: &str| between?.get(unit)?.as_u64().or_else(|| between?.get(unit)?.as_str()?.parse().ok());
    let seconds: u64 =
        units.iter().filter_map(|(unit, length)| of(unit)?.checked_mul(*length)).try_fold(0, u64::checked_add)?;
    // Nothing below a minute is followed, and nothing beyond a year is meant.
    (seconds > 0).then(|| Duration::from_secs(seconds.clamp(60, 365 * 86_400)))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn backup(files: &[(&str, &str)]) -> tempfile::NamedTempFile {
        let file = tempfile::Builder::new().suffix(".zip").tempfile().expect("a file");
        let mut archive = zip::ZipWriter::new(file.reopen().expect("the file"));
        for (name, content) in files {
            archive.start_file(*name, zip::write::SimpleFileOptions::default()).expect("an entry");
            archive.write_all(content.as_bytes()).expect("its content");
        }
        archive.finish().expect("an archive");
        file
    }

    #[test]
    fn a_backup_becomes_watches() {
        let list = r#"{"settings": {"application": {"tags": {"t-1": {"title": "desk"}}}}, "watching": {"u-1": {"url": "https://acme.test/privacy", "title": "Acme privacy",
            "include_filters": ["main", "xpath://p"], "subtractive_selectors": ["nav"], "tag": "kettles, law", "tags": ["t-1", "t-2"],
            "time_between_check": {"weeks": null, "days": 1, "hours": "2"}, "trigger_text": ["sell"], "headers": {},
            "paused": true}, "u-2": {"url": "file:///etc/passwd"}}}"#;
        let file = backup(&[("url-watches.json", list), ("u-1/history.txt", "1,a.txt")]);
        let found = read(file.path()).expect("a backup");
        let [watch] = &found.watches[..] else { panic!("{found:?}") };
        assert_eq!((watch.id.as_str(), watch.policy_type), ("acme-privacy", Some("privacy")));
        assert_eq!((&watch.select[..], &watch.remove[..]), (&["main".to_owned()][..], &["nav".to_owned()][..]));
        assert_eq!(
            (watch.every, &watch.tags[..]),
            (Some(Duration::from_secs(26 * 3600)), &["desk".to_owned(), "kettles".to_owned(), "law".to_owned()][..])
        );
        assert_eq!(watch.notes.len(), 3, "{:?}", watch.notes);
        assert_eq!(found.left_out.len(), 2, "{:?}", found.left_out);
    }

    #[test]
    fn watches_of_their_own_are_read_too_and_other_archives_are_refused() {
        let file = backup(&[("u-1/watch.json", r#"{"url": "https://acme.test/terms"}"#), ("u-2/watch.json", "[]")]);
        let found = read(file.path()).expect("a backup");
        assert_eq!((found.watches[0].id.as_str(), found.left_out.len()), ("acme-test-terms", 1));
        assert!(read(backup(&[("a.txt", "b")]).path()).expect_err("no backup").to_string().contains("no backup"));
        let mut other = tempfile::NamedTempFile::new().expect("a file");
        other.write_all(b"PK\x03\x04 and nothing").expect("its content");
        assert!(read(other.path()).is_err());
    }
}
