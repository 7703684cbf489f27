//! Each version as a file of Markdown with its facts in front, in a folder a watch.

use std::path::Path;

use super::{ExportError, Selection, Written, at};
use crate::render::policy::markdown;
use crate::store::{Store, Which};
use crate::time::rfc3339;
use crate::version::VersionFacts;

/// Writes the versions of a selection into a folder that is not there yet. `each` is called
/// after every version.
///
/// # Errors
/// What was written stays.
pub async fn export(
    path: &Path,
    selection: &Selection,
    store: &Store,
    mut each: impl FnMut(),
) -> Result<Written, ExportError> {
    if path.symlink_metadata().is_ok() {
        return Err(ExportError::Exists { path: path.to_owned() });
    }
    std::fs::create_dir_all(path).map_err(at(path))?;
    let mut written = Written::default();
    for watch in &selection.watches {
        let folder = path.join(watch.as_str());
        for facts in selection.versions(watch, store).await? {
            let Some(version) = store.version(watch, Which::Number(facts.number)).await? else { continue };
            std::fs::create_dir_all(&folder).map_err(at(&folder))?;
            let snapshot = store.snapshot(facts.snapshot).await?;
            let url = if snapshot.final_url.is_empty() { &snapshot.url } else { &snapshot.final_url };
            let name = format!("{}-v{}.md", facts.captured_at.format("%Y-%m-%d"), facts.number);
            let file = folder.join(name);
            let text = format!("{}{}", front(&facts, url), markdown(&version.reading));
            std::fs::write(&file, text).map_err(at(&file))?;
            written.versions += 1;
            each();
        }
    }
    Ok(written)
}

fn front(facts: &VersionFacts, url: &str) -> String {
    // An address is one line and needs no quotes but these.
    let url: String = url.chars().filter(|c| !c.is_control() && *c != '"').collect();
    format!(
        "---\nwatch: {}\nversion: {}\ncaptured_at: {}\nurl: \"{url}\"\ntext_sha256: {}\n---\n\n",
        facts.watch,
        facts.number,
        rfc3339(facts.captured_at),
        facts.digest
    )
}
