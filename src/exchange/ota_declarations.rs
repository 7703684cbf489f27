//! Open Terms Archive's declarations: one JSON file a service, which names its terms, their
//! pages and the parts of them that are the text.

use std::path::Path;

use serde_json::{Map, Value};

use super::declared::{Declarations, Declared, DeclaredPage, page, policy_type};
use super::import::SourceError;
use super::ota::slug;
use crate::text::select;

/// The largest declaration: the longest that is published has 60 kB.
const MAX_FILE: u64 = 4 * 1024 * 1024;

/// Reads a declaration, or every one of a folder (`declarations/` of a collection, or what
/// contains it).
///
/// # Errors
/// If a file or a folder cannot be read; a file that is no declaration is left out and named.
pub fn read(path: &Path) -> Result<Declarations, SourceError> {
    let failed = |path: &Path, error: &dyn std::fmt::Display| SourceError::new(path.display().to_string(), error);
    let folder = if path.join("declarations").is_dir() { path.join("declarations") } else { path.to_owned() };
    let mut files = Vec::new();
    if folder.is_dir() {
        for entry in std::fs::read_dir(&folder).map_err(|error| failed(&folder, &error))? {
            let file = entry.map_err(|error| failed(&folder, &error))?.path();
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            // Beside the declarations stand their filters and their histories.
            if name.ends_with(".json") && !name.ends_with(".history.json") {
                files.push(file);
            }
        }
        files.sort();
    } else {
        files.push(folder);
    }
    let mut found = Declarations::default();
    for file in files {
        let size = std::fs::metadata(&file).map_err(|error| failed(&file, &error))?.len();
        if size > MAX_FILE {
            found.left_out.push(format!("{}: it has more than {MAX_FILE} bytes", file.display()));
            continue;
        }
        let text = std::fs::read(&file).map_err(|error| failed(&file, &error))?;
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        match serde_json::from_slice(&text) {
            Ok(Value::Object(service)) => declaration(&name, &service, &mut found),
            Ok(_) => found.left_out.push(format!("{}: it is no declaration", file.display())),
            Err(error) => found.left_out.push(format!("{}: {error}", file.display())),
        }
    }
    Ok(found)
}

fn declaration(id: &str, service: &Map<String, Value>, found: &mut Declarations) {
    let name = service.get("name").and_then(Value::as_str).unwrap_or(id);
    let Some(terms) = service.get("terms").or(service.get("documents")).and_then(Value::as_object) else {
        found.left_out.push(format!("{name}: it names no terms"));
        return;
    };
    for (kind, declared) in terms {
        match declared.as_object().map(|declared| watch(id, name, kind, declared)) {
            Some(Ok(watch)) => found.add(watch),
            Some(Err(why)) => found.left_out.push(format!("{name}, {kind}: {why}")),
            None => found.left_out.push(format!("{name}, {kind}: it is no object")),
        }
    }
}

fn watch(id: &str, name: &str, kind: &str, declared: &Map<String, Value>) -> Result<Declared, String> {
    let shared = Parts::of(declared);
    let documents: Vec<&Map<String, Value>> = match declared.get("combine").and_then(Value::as_array) {
        Some(combined) => combined.iter().filter_map(Value::as_object).collect(),
        None => vec![declared],
    };
    let mut pages = Vec::new();
    let mut notes = Vec::new();
    for document in documents {
        let address = document.get("fetch").or(declared.get("fetch")).and_then(Value::as_str);
        let address = address.ok_or("it names no page; old terms are kept so")?;
        let url = page(address).ok_or_else(|| format!("\"{address}\" is no page of the web"))?;
        let own = Parts::of(document);
        let select = if document.contains_key("select") { own.select } else { shared.select.clone() };
        let remove = if document.contains_key("remove") { own.remove } else { shared.remove.clone() };
        for refused in own.refused {
            if !notes.contains(&refused) {
                notes.push(refused);
            }
        }
        for key in ["filter", "executeClientScripts"] {
            let asked = document.get(key).or(declared.get(key));
            let note = match (key, asked) {
                ("filter", Some(Value::Array(filters))) if !filters.is_empty() => {
                    let filters = filters.iter().map(filter_name).collect::<Vec<_>>().join(", ");
                    format!("filter {filters} is code of the collection")
                }
                ("executeClientScripts", Some(Value::Bool(true))) => {
                    "executeClientScripts asks for a browser; `policywatch extract URL` says whether the page needs one"
                        .to_owned()
                }
                _ => continue,
            };
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
        if !pages.iter().any(|page: &DeclaredPage| page.url == url) {
            pages.push(DeclaredPage { url, select, remove });
        }
    }
    let mut pages = pages.into_iter();
    let first = pages.next().ok_or("it combines nothing")?;
    let mut watch = Declared::of(&slug(&[id, kind]), &first.url).ok_or("its page is none of the web")?;
    watch.service = Some(name.to_owned());
    watch.policy_type = policy_type(kind).map(|kind| kind.as_str());
    (watch.select, watch.remove) = (first.select, first.remove);
    watch.pages = pages.collect();
    watch.notes = notes;
    Ok(watch)
}

fn filter_name(filter: &Value) -> String {
    match filter {
        Value::String(name) => name.clone(),
        Value::Object(named) => named.keys().next().cloned().unwrap_or_default(),
        _ => String::new(),
    }
}

/// The selectors of a declaration.
#[derive(Clone, Debug, Default)]
struct Parts {
    select: Vec<String>,
    remove: Vec<String>,
    refused: Vec<String>,
}

impl Parts {
    fn of(declared: &Map<String, Value>) -> Self {
        let mut parts = Self::default();
        parts.select = selectors(declared.get("select"), "select", &mut parts.refused);
        parts.remove = selectors(declared.get("remove"), "remove", &mut parts.refused);
        parts
    }
}

fn selectors(value: Option<&Value>, key: &str, refused: &mut Vec<String>) -> Vec<String> {
    let several: Vec<&Value> = match value {
        None => Vec::new(),
        Some(Value::Array(several)) => several.iter().collect(),
        Some(one) => vec![one],
    };
    let mut sound = Vec::new();
    for value in several {
        let text = match value {
            Value::String(selector) => Some(selector.clone()),
            Value::Object(range) => range_of(range),
            _ => None,
        };
        match text.map(|text| select::check(&text).map(|()| text)) {
            Some(Ok(text)) => sound.push(text),
            Some(Err(why)) => refused.push(format!("{key}: {why}")),
            None => refused.push(format!("{key}: {value} is no selector")),
        }
    }
    sound
}

/// `{startBefore, endAfter}` in our words.
fn range_of(range: &Map<String, Value>) -> Option<String> {
    let edge = |before: &str, after: &str| {
        let named = |key: &str| range.get(key).and_then(Value::as_str);
        named(before).map(|at| format!("before {at}")).or(named(after).map(|at| format!("after {at}")))
    };
    Some(format!("{} .. {}", edge("startBefore", "startAfter")?, edge("endBefore", "endAfter")?))
}
