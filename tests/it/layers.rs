//! The dependency law: core ← ports ← use cases ← faces, and which module may say
//! the name of which technology.

use std::fs;
use std::path::{Path, PathBuf};

const CORE: &[&str] = &[
    "access",
    "alert",
    "alternation",
    "cadence",
    "capture",
    "change",
    "confirmation",
    "coverage",
    "discovery",
    "examine",
    "guard",
    "health",
    "interest",
    "judgment",
    "ladder",
    "outcome",
    "pace",
    "pages",
    "reading",
    "render",
    "robots",
    "section",
    "silence",
    "snapshot",
    "text",
    "time",
    "version",
    "watch",
];
const PORTS: &[&str] = &["channel", "clock", "fetch", "git", "http", "store", "unpack"];
const USE_CASES: &[&str] = &[
    "backfill", "check", "climb", "deliver", "errands", "exchange", "moving", "panics", "pulse", "recall", "survey",
    "upgrade", "vigil", "visit",
];
const FACES: &[&str] = &["cli", "config", "daemon", "scheduler", "seeker", "telemetry"];

/// Who alone may say a crate's name.
const TECHNOLOGIES: &[(&str, &[&str])] = &[
    ("rusqlite", &["store"]),
    ("reqwest", &["http"]),
    ("tokio_socks", &["http"]),
    ("clap", &["cli"]),
    ("axum", &["cli"]),
    ("indicatif", &["cli"]),
    ("toml", &["config"]),
    ("sd_notify", &["daemon"]),
    ("tracing_subscriber", &["telemetry"]),
    ("scraper", &["text"]),
    ("similar", &["change"]),
    ("hayro_interpret", &["text"]),
    ("roxmltree", &["text"]),
    ("zip", &["exchange", "text"]),
    ("quick_xml", &["discovery"]),
    ("rustix", &["unpack", "fetch"]),
    ("cron", &["cadence"]),
    ("serde_saphyr", &["exchange"]),
];

/// What the core may not do: wait, touch the world, ask the time.
const WORLD: &[&str] =
    &["tokio", "std::fs", "std::env", "std::process", "Utc::now", "SystemTime", "Instant", "async fn", ".await"];

/// A source file without its comments and its tests.
struct Source {
    path: PathBuf,
    module: String,
    code: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let inside = path.strip_prefix(&root).unwrap();
                let first = inside.components().next().unwrap().as_os_str().to_str().unwrap();
                let module = first.trim_end_matches(".rs").to_owned();
                let code = code_of(&fs::read_to_string(&path).unwrap());
                found.push(Source { path, module, code });
            }
        }
    }
    assert!(found.len() > 20, "the walk over src/ found next to nothing");
    found
}

/// Cuts comments and everything behind `#[cfg(test)]`.
fn code_of(text: &str) -> String {
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).map(|line| format!("{line}\n")).collect()
}

/// Whether `name` stands in the code as a path segment that is not part of a longer word.
fn says(code: &str, name: &str) -> bool {
    code.match_indices(name).any(|(at, _)| {
        let word = |c: char| c.is_alphanumeric() || c == '_';
        let before = code[..at].chars().next_back().is_some_and(word);
        let after = code[at + name.len()..].chars().next().is_some_and(word);
        !before && !after
    })
}

fn layer(module: &str) -> Option<usize> {
    [CORE, PORTS, USE_CASES, FACES].iter().position(|layer| layer.contains(&module))
}

/// The modules of this crate that some code names.
fn imports(code: &str) -> Vec<&'static str> {
    [CORE, PORTS, USE_CASES, FACES]
        .concat()
        .into_iter()
        .filter(|module| {
            says(code, &format!("crate::{module}"))
                || code.split("use crate::{").skip(1).any(|rest| {
                    let group = rest.split(';').next().unwrap_or_default();
                    says(group, module) && !group.contains(&format!("::{module}"))
                })
        })
        .collect()
}

#[test]
fn every_module_has_its_layer() {
    for source in sources() {
        let known = layer(&source.module).is_some() || ["lib", "main"].contains(&source.module.as_str());
        assert!(known, "{} belongs to no layer; name it in layers.rs", source.path.display());
    }
}

#[test]
fn nobody_imports_from_a_higher_layer() {
    let mut broken = Vec::new();
    for source in sources() {
        let Some(own) = layer(&source.module) else { continue };
        for import in imports(&source.code) {
            let other = layer(import).unwrap();
            // Ports share the guarded client and the clock, and nothing else.
            let shared = ["http", "clock"].contains(&import);
            let between_ports = own == 1 && other == 1 && import != source.module && !shared;
            if other > own || between_ports {
                broken.push(format!("{} imports {import}", source.path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn each_technology_stays_in_its_module() {
    let mut broken = Vec::new();
    for source in sources() {
        for (technology, owners) in TECHNOLOGIES {
            let says_it =
                says(&source.code, &format!("{technology}::")) || source.code.contains(&format!("use {technology}"));
            if says_it && !owners.contains(&source.module.as_str()) {
                broken.push(format!("{} says {technology}", source.path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn the_core_neither_waits_nor_touches_the_world() {
    let mut broken = Vec::new();
    for source in sources().iter().filter(|source| CORE.contains(&source.module.as_str())) {
        for word in WORLD {
            if source.code.contains(word) {
                broken.push(format!("{} says {word}", source.path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn the_law_can_be_broken() {
    assert_eq!(imports("use crate::store::Store;"), ["store"]);
    assert_eq!(imports("use crate::{fetch, watch::Watch};"), ["watch", "fetch"]);
    assert!(imports("use crate::storefront::Window;").is_empty());
    assert!(says("let x = rusqlite::params![];", "rusqlite"));
    assert!(!code_of("// tokio\nfn f() {}\n#[cfg(test)]\nmod tests { use tokio; }").contains("tokio"));
}
