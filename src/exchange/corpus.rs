//! Reads policies that others have extracted to Markdown: the files of the Princeton-Leuven
//! corpus, whose first lines say of which page and of which memento they are, and those of
//! our own `export markdown`.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use percent_encoding::percent_decode_str;
use regex::Regex;

use super::import::SourceError;
use super::warc::Response;
use crate::snapshot::{Origin, Snapshot};
use crate::time::{Timestamp, is_recordable, parse_rfc3339};

/// The largest file: what a fetch accepts.
const MAX_FILE: u64 = 20 * 1024 * 1024;

/// More files than any corpus of one's own has.
const MAX_FILES: usize = 1_000_000;

/// How much of a file may be its header, in bytes.
const HEADER: usize = 8 * 1024;

/// A memento's address: the moment, and the page.
static MEMENTO: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(https?://[^\s()<>\[\]]+?/web/)(\d{14})(?:[a-z]{2}_)?/(https?(?::|%3[Aa])[^\s()<>\[\]]*)")
        .expect("it is one")
});

/// What a file says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The page.
    pub url: String,
    /// When it was served.
    pub captured_at: Timestamp,
    /// The memento it was made from, if it was made from one.
    pub memento_url: Option<String>,
}

/// The text files of a folder and the folders in it, in the order of their names; a file is
/// itself. Links are not followed.
///
/// # Errors
/// If a folder cannot be read.
pub fn files(path: &Path) -> Result<Vec<PathBuf>, SourceError> {
    let failed = |path: &Path, error: std::io::Error| SourceError::new(path.display().to_string(), error);
    let facts = std::fs::metadata(path).map_err(|error| failed(path, error))?;
    if facts.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let (mut found, mut folders) = (Vec::new(), vec![path.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(|error| failed(&folder, error))? {
            let entry = entry.map_err(|error| failed(&folder, error))?;
            let kind = entry.file_type().map_err(|error| failed(&entry.path(), error))?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() && is_text(&entry.path()) {
                found.push(entry.path());
            }
            if found.len() > MAX_FILES {
                return Err(SourceError::new(
                    folder.display().to_string(),
                    "it has more files than are read; take a part",
                ));
            }
        }
    }
    found.sort();
    Ok(found)
}

fn is_text(path: &Path) -> bool {
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    ["md", "markdown", "txt", "text"].contains(&ending.as_str())
}

/// Reads a file. `otherwise` is the moment of one that does not say when it was served, and
/// `url` its page.
///
/// # Errors
/// If it cannot be read, or nothing says when it was served.
pub fn read_file(path: &Path, otherwise: Option<Timestamp>, url: Option<&str>) -> Result<Response, SourceError> {
    let place = path.display().to_string();
    let failed = |reason: String| SourceError::new(place.clone(), reason);
    let size = std::fs::metadata(path).map_err(|error| failed(error.to_string()))?.len();
    if size > MAX_FILE {
        return Err(failed(format!("it has {size} bytes; at most {MAX_FILE} are read")));
    }
    let body = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let head = String::from_utf8_lossy(&body[..body.len().min(HEADER)]).into_owned();
    let header = header(&head);
    let captured_at = header.as_ref().map(|header| header.captured_at).or(otherwise).ok_or_else(|| {
        failed(
            "it does not say when it was served; say it with --at DATE (and whose text it is with --watch)".to_owned(),
        )
    })?;
    let url = header.as_ref().map(|header| header.url.clone()).or(url.map(str::to_owned)).unwrap_or_default();
    let memento = header.as_ref().and_then(|header| header.memento_url.clone());
    let origin = memento.map_or_else(|| name.clone(), |memento| format!("{name}, extracted from {memento}"));
    // What has a header is Markdown; the rest is told by its name and its look.
    let told = header.is_some() || name.ends_with(".md") || name.ends_with(".markdown");
    let kind = if told { "text/markdown" } else { "text/plain" };
    let snapshot = Snapshot {
        url: url.clone(),
        final_url: url.clone(),
        status: 200,
        headers: vec![("content-type".to_owned(), kind.to_owned())],
        redirects: Vec::new(),
        body,
        captured_at,
        origin: Origin::File { name: origin },
    };
    Ok(Response { record_id: place, target: url, watch: None, snapshot, elsewhere: None, truncated: None })
}

/// What the first lines say: the note of the Princeton-Leuven corpus, or front matter.
pub fn header(text: &str) -> Option<Header> {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if let Some(rest) = text.strip_prefix("---\n").or_else(|| text.strip_prefix("---\r\n")) {
        return front_matter(rest);
    }
    let note: String = text.lines().take_while(|line| line.starts_with('>')).collect::<Vec<_>>().join(" ");
    let found = MEMENTO.captures(&note)?;
    let memento_url = found.get(0)?.as_str().to_owned();
    let captured_at = moment_of(found.get(2)?.as_str())?;
    Some(Header { url: page(found.get(3)?.as_str()), captured_at, memento_url: Some(memento_url) })
}

fn front_matter(rest: &str) -> Option<Header> {
    let lines = rest.lines().take_while(|line| line.trim_end() != "---");
    let fields: Vec<(&str, &str)> = lines.filter_map(|line| line.split_once(':')).collect();
    let field = |name: &str| {
        let value = fields.iter().find(|(known, _)| known.trim() == name)?.1.trim();
        Some(value.trim_matches('"').to_owned())
    };
    let captured_at = parse_rfc3339(&field("captured_at")?).ok().filter(|at| is_recordable(*at))?;
    Some(Header { url: field("url")?, captured_at, memento_url: None })
}

/// The moment that an archive's 14 digits mean.
fn moment_of(digits: &str) -> Option<Timestamp> {
    let at = chrono::NaiveDateTime::parse_from_str(digits, "%Y%m%d%H%M%S").ok()?.and_utc();
    is_recordable(at).then_some(at)
}

/// The page that a memento's address ends in, which some write encoded as a whole.
fn page(text: &str) -> String {
    if text.contains("://") { text.to_owned() } else { percent_decode_str(text).decode_utf8_lossy().into_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_note_of_the_corpus_says_page_and_moment() {
        let note = "> *The following text is extracted and transformed from the acme.test privacy policy that was \
                    archived on 2018-06-10. Please check the [original snapshot on the Wayback Machine]\
                    (https://web.archive.test/web/20180610212431id_/https%3A//www.acme.test/en/privacy) for the \
                    most accurate reproduction.*\n\n# Privacy";
        let header = header(note).expect("a header");
        assert_eq!(header.url, "https://www.acme.test/en/privacy");
        assert_eq!(crate::time::rfc3339(header.captured_at), "2018-06-10T21:24:31.000Z");
        assert!(
            header.memento_url.expect("a memento").ends_with("20180610212431id_/https%3A//www.acme.test/en/privacy")
        );
    }

    #[test]
    fn front_matter_says_it_too_and_a_text_alone_does_not() {
        let found =
            header("---\nwatch: acme\ncaptured_at: 2020-01-02T03:04:05Z\nurl: \"https://acme.test/p\"\n---\n# P");
        assert_eq!(found.expect("a header").url, "https://acme.test/p");
        for text in ["", "# Privacy\n\nWe collect.", "> a quote\n\ntext", "---\ntitle: x\n---\n", "> /web/1/http://x"] {
            assert_eq!(header(text), None, "{text:?}");
        }
    }
}
