//! The job lists of urlwatch and of webchanges: YAML, one document a job.

use serde_json::{Map, Value};

use super::declared::{Declarations, Declared, policy_type};
use super::import::SourceError;
use super::ota::slug;
use crate::text::select;

/// The largest job list.
const MAX_FILE: u64 = 16 * 1024 * 1024;

/// Filters that only turn a page into text, which we do by ourselves.
const READING: [&str; 9] = [
    "html2text",
    "strip",
    "strip_lines",
    "strip_each_line",
    "striplines",
    "pretty-html",
    "beautify",
    "pdf2text",
    "pypdf",
];

/// Keys that say nothing which we would have to carry over.
const TALK: [&str; 8] = ["name", "url", "user_visible_url", "kind", "filter", "filters", "note", "navigate"];

/// Reads a job list.
///
/// # Errors
/// If it cannot be read or is no YAML; what grows by aliases is refused.
pub fn read(path: &std::path::Path) -> Result<Declarations, SourceError> {
    let place = path.display().to_string();
    let failed = |error: &dyn std::fmt::Display| SourceError::new(place.clone(), error);
    let size = std::fs::metadata(path).map_err(|error| failed(&error))?.len();
    if size > MAX_FILE {
        return Err(failed(&format!("it has {size} bytes; at most {MAX_FILE} are read")));
    }
    let text = std::fs::read_to_string(path).map_err(|error| failed(&error))?;
    parse(&text).map_err(|error| failed(&error))
}

/// Reads the YAML of a job list.
///
/// # Errors
/// If it is none.
pub fn parse(text: &str) -> Result<Declarations, String> {
    let options = serde_saphyr::options! { with_snippet: false };
    let jobs: Vec<Value> = serde_saphyr::from_multiple_with_options(text, options).map_err(|error| {
        let said = error.to_string();
        said.lines().next().unwrap_or_default().to_owned()
    })?;
    let mut found = Declarations::default();
    for (number, job) in jobs.iter().enumerate() {
        match job {
            Value::Null => {}
            Value::Object(job) => match watch(job) {
                Ok(watch) => found.add(watch),
                Err(why) => found.left_out.push(format!("job {}: {why}", number + 1)),
            },
            _ => found.left_out.push(format!("job {}: it is no job", number + 1)),
        }
    }
    Ok(found)
}

fn watch(job: &Map<String, Value>) -> Result<Declared, String> {
    let text = |key: &str| job.get(key).and_then(Value::as_str);
    let name = text("name").or(text("url")).or(text("navigate")).unwrap_or("it has no name");
    if job.contains_key("command") {
        return Err(format!("\"{name}\" runs a command, and no command is run here"));
    }
    let url = text("url").or(text("navigate")).ok_or_else(|| format!("\"{name}\" has no url"))?;
    let id = match text("name") {
        Some(name) => slug(&[name]),
        None => slug(&[url.split_once("://").map_or(url, |(_, rest)| rest)]),
    };
    let mut watch = Declared::of(&id, url).ok_or_else(|| format!("\"{url}\" is no page of the web"))?;
    watch.service = text("name").map(str::to_owned);
    watch.policy_type = policy_type(&format!("{name} {url}")).map(|kind| kind.as_str());
    watch.tags = strings(job.get("tags"));
    if job.contains_key("navigate") || job.get("use_browser") == Some(&Value::Bool(true)) {
        watch.notes.push("it asks for a browser; `policywatch extract URL` says whether the page needs one".to_owned());
    }
    for filter in filters(job.get("filter").or(job.get("filters"))) {
        take_filter(&filter, &mut watch);
    }
    for key in
        job.keys().filter(|key| !TALK.contains(&key.as_str()) && !["tags", "use_browser"].contains(&key.as_str()))
    {
        watch.notes.push(format!("{key} has no counterpart"));
    }
    Ok(watch)
}

fn strings(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// A filter, and what it was given.
struct Filter {
    name: String,
    value: Value,
}

/// The filters of a job: a list, or the old form `name:value,name`.
fn filters(value: Option<&Value>) -> Vec<Filter> {
    let named = |text: &str| match text.split_once(':') {
        Some((name, value)) => Filter { name: name.trim().to_owned(), value: Value::String(value.to_owned()) },
        None => Filter { name: text.trim().to_owned(), value: Value::Null },
    };
    match value {
        Some(Value::String(old)) => old.split(',').map(named).collect(),
        Some(Value::Array(several)) => several
            .iter()
            .flat_map(|one| match one {
                Value::String(name) => vec![named(name)],
                Value::Object(given) => {
                    given.iter().map(|(name, value)| Filter { name: name.clone(), value: value.clone() }).collect()
                }
                _ => Vec::new(),
            })
            .collect(),
        _ => Vec::new(),
    }
}

fn take_filter(filter: &Filter, watch: &mut Declared) {
    let of = |key: &str| filter.value.as_object().and_then(|value| value.get(key));
    let given = |key: &str| filter.value.as_str().or(of(key).and_then(Value::as_str));
    let escaped =
        |word: &str| word.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)).then(|| word.to_owned());
    let (selected, removed) = match filter.name.as_str() {
        "css" => (given("selector").map(str::to_owned), strings(of("exclude"))),
        "element-by-id" => (given("id").and_then(escaped).map(|id| format!("#{id}")), Vec::new()),
        "element-by-class" => (given("class").and_then(escaped).map(|class| format!(".{class}")), Vec::new()),
        "element-by-tag" => (given("tag").and_then(escaped), Vec::new()),
        name if READING.contains(&name) => return,
        name => {
            watch.notes.push(format!("filter {name} has no counterpart"));
            return;
        }
    };
    let Some(selected) = selected else {
        watch.notes.push(format!("filter {} selects nothing that can be said as a CSS selector", filter.name));
        return;
    };
    for (list, selector) in
        std::iter::once((true, selected)).chain(removed.into_iter().map(|selector| (false, selector)))
    {
        match select::check(&selector) {
            Ok(()) if list => watch.select.push(selector),
            Ok(()) => watch.remove.push(selector),
            Err(why) => watch.notes.push(format!("filter {}: {why}", filter.name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_become_watches_and_what_is_lost_is_named() {
        let found = parse(
            "name: Acme privacy policy\nurl: https://acme.test/privacy\nfilter:\n  - css:\n      selector: main\n      \
             exclude: .ads\n  - html2text\n  - xpath: //p\n  - shellpipe: ls\ntimeout: 5\n---\nurl: https://acme.test/terms\nuse_browser: true\n\
             filter: element-by-id:terms,strip\n---\nname: x\ncommand: rm -rf /\n---\n",
        )
        .expect("YAML");
        let [privacy, terms] = &found.watches[..] else { panic!("{found:?}") };
        assert_eq!((privacy.id.as_str(), privacy.policy_type), ("acme-privacy-policy", Some("privacy")));
        assert_eq!((&privacy.select[..], &privacy.remove[..]), (&["main".to_owned()][..], &[".ads".to_owned()][..]));
        let lost = ["filter xpath", "filter shellpipe", "timeout"].map(|what| format!("{what} has no counterpart"));
        assert_eq!(privacy.notes, lost);
        assert_eq!((terms.id.as_str(), &terms.select[..]), ("acme-test-terms", &["#terms".to_owned()][..]));
        assert!(terms.notes[0].contains("browser"));
        assert!(found.left_out[0].contains("job 3") && found.left_out[0].contains("command"), "{:?}", found.left_out);
    }

    #[test]
    fn aliases_do_not_grow() {
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let of = format!("*a{}", level - 1);
            bomb.push_str(&format!("a{level}: &a{level} [{}]\n", vec![of; 10].join(", ")));
        }
        assert!(parse(&bomb).is_err());
        assert!(parse("url: [").is_err());
        assert!(parse("\u{0}").is_err());
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,200}") {
            let _ = parse(&text);
        }
    }
}
