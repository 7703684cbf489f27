//! Makes the weights by which a judgment names practices.
//!
//! ```text
//! cargo run --release --example train_topics -- sentences [FOLDER…]
//! cargo run --release --example train_topics -- labels LABELS.jsonl…
//! ```
//!
//! The first reads `tests/train/sentences.txt`, sentences written for this purpose, and the
//! Markdown texts below the folders, whose headings say what their paragraphs are about;
//! it writes `src/judgment/topics.bin`, in which no text stands. The second reads labelled changes (one JSON object a
//! line: `service`, `material`, `practices`, and the names of two Markdown files, plain or
//! gzip, beside it: `old_text`, `new_text`), fits how figures decide, writes
//! `src/judgment/about.txt`, and says how well that does on services left out. Run the
//! first, then the second: it weighs with the weights that were compiled in.
//!
//! `tests/train/stretches.jsonl` are labels of our own, which point into texts and hold none;
//! `.ci/stretches.py SHARED --texts FOLDER` writes FOLDER/labels.jsonl of them.

mod fit;

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::Context;
use policywatch::change::compare;
use policywatch::clock::{Clock, SystemClock};
use policywatch::judgment::{Practice, evidence};
use policywatch::reading::{Expected, Reading, Selectors, read};
use policywatch::snapshot::{Digest, Origin, Snapshot};

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    match args[..] {
        ["sentences", ref folders @ ..] => {
            let text = std::fs::read_to_string(root.join("tests/train/sentences.txt"))?;
            let mut paragraphs = fit::Paragraphs::default();
            for folder in folders {
                for file in markdown_below(Path::new(folder))? {
                    let Some(reading) = reading(&file)? else { continue };
                    paragraphs.take(&publisher(&file), &reading.sections);
                }
            }
            println!("{} paragraphs under headings", paragraphs.lines.len());
            let mut lines = fit::lines(&text).map_err(anyhow::Error::msg)?;
            lines.append(&mut paragraphs.lines);
            let bytes = fit::topics(&lines).to_bytes();
            std::fs::write(root.join("src/judgment/topics.bin"), &bytes)?;
            println!("{} texts in all, {} bytes of weights", lines.len(), bytes.len());
        }
        ["labels", ref files @ ..] if !files.is_empty() => {
            let mut examples: Vec<fit::Example> = Vec::new();
            for file in files {
                examples.append(&mut self::examples(Path::new(file))?);
            }
            println!("{} changes that are material and were found so", examples.len());
            // Halves by service, so that nobody is on both sides.
            let half = |example: &fit::Example| Digest::of(example.service.as_bytes()).as_bytes()[31] % 2;
            for (name, fitted) in [("A", 0), ("B", 1)] {
                let (these, others): (Vec<_>, Vec<_>) = examples.iter().cloned().partition(|e| half(e) == fitted);
                let (decision, _) = fit::tuned(&these);
                println!(
                    "fitted on half {name} ({}), on the other: {}",
                    these.len(),
                    fit::score(&decision, &others).told()
                );
            }
            let (decision, left_out) = fit::tuned(&examples);
            println!("services left out in turn: {}", left_out.told());
            println!("fitted on all, on all: {}", fit::score(&decision, &examples).told());
            std::fs::write(root.join("src/judgment/about.txt"), decision.to_text())?;
        }
        _ => anyhow::bail!("say `sentences`, or `labels` and the files of labelled changes"),
    }
    Ok(())
}

/// The Markdown files below a folder, always in the same order.
fn markdown_below(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    entries.sort();
    for path in entries {
        let name = path.to_string_lossy();
        if path.is_dir() {
            files.append(&mut markdown_below(&path)?);
        } else if name.ends_with(".md") || name.ends_with(".md.gz") {
            files.push(path);
        }
    }
    Ok(files)
}

/// Whose text it is, as far as names of files tell: no publisher may drown the others.
fn publisher(file: &Path) -> String {
    let name = |path: Option<&Path>| path.and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
    let folder = file.parent();
    let whose = match name(folder) {
        Some(folder_name) if folder_name == "versions" => name(folder.and_then(Path::parent)),
        _ => name(Some(file)),
    };
    whose.unwrap_or_default().split('.').next().unwrap_or_default().to_owned()
}

fn examples(file: &Path) -> anyhow::Result<Vec<fit::Example>> {
    let folder = file.parent().context("the file stands in a folder")?;
    let mut examples = Vec::new();
    for line in std::fs::read_to_string(file)?.lines() {
        let row: serde_json::Value = serde_json::from_str(line)?;
        let text = |key: &str| row[key].as_str().map(|name| folder.join(name));
        let (Some(old), Some(new), Some(true)) = (text("old_text"), text("new_text"), row["material"].as_bool()) else {
            continue;
        };
        let (Some(old), Some(new)) = (reading(&old)?, reading(&new)?) else { continue };
        let Some(found) = compare(&old, &new).and_then(|change| evidence(&change, &old, &new)) else { continue };
        let ids = row["practices"].as_array().into_iter().flatten().filter_map(|id| id.as_str());
        let service = row["service"].as_str().unwrap_or_default().to_lowercase();
        examples.push(fit::Example { service, evidence: found, wanted: ids.filter_map(Practice::parse).collect() });
    }
    Ok(examples)
}

/// A Markdown file as read; none if it is no policy.
fn reading(file: &PathBuf) -> anyhow::Result<Option<Reading>> {
    let mut body = std::fs::read(file).with_context(|| format!("could not read {}", file.display()))?;
    if body.starts_with(&[0x1f, 0x8b]) {
        let mut text = Vec::new();
        flate2::read::GzDecoder::new(body.as_slice()).read_to_end(&mut text)?;
        body = text;
    }
    let snapshot = Snapshot {
        url: "file:///policy.md".to_owned(),
        final_url: "file:///policy.md".to_owned(),
        status: 200,
        headers: vec![("content-type".to_owned(), "text/markdown".to_owned())],
        redirects: Vec::new(),
        body,
        captured_at: SystemClock.now(),
        origin: Origin::File { name: "policy.md".to_owned() },
    };
    Ok(read(&snapshot, &Selectors::default(), &Expected::default()).ok())
}
