//! One file of a configuration: its text, and places in it.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::Problem;
use super::keys::KEYS;

/// A file as read.
#[derive(Debug)]
pub(super) struct Source {
    /// Its path as named.
    pub(super) path: PathBuf,
    /// What is in it.
    pub(super) text: String,
    /// Its place in the order of reading.
    pub(super) order: usize,
    /// Where its lines end: every setting asks for its line, and files have many.
    line_ends: OnceLock<Vec<usize>>,
}

impl Source {
    /// Reads a file.
    pub(super) fn read(path: &Path, order: usize) -> Result<Self, Box<Problem>> {
        let whole = |message: String, hint: &str| {
            Box::new(Problem {
                file: path.to_owned(),
                line: 0,
                column: 0,
                text: String::new(),
                message,
                hint: Some(hint.to_owned()),
                excerpt: String::new(),
            })
        };
        let bytes = std::fs::read(path)
            .map_err(|error| whole(format!("cannot be read: {error}"), "check the path and who may read it"))?;
        let source = |text| Self { path: path.to_owned(), text, order, line_ends: OnceLock::new() };
        match String::from_utf8(bytes) {
            Ok(text) => Ok(source(text)),
            Err(error) => {
                let valid = error.utf8_error().valid_up_to();
                let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
                Err(Box::new(source(text).problem(
                    valid..valid + 1,
                    "is no UTF-8".to_owned(),
                    Some("save the file as UTF-8".to_owned()),
                )))
            }
        }
    }

    /// The line of an offset, from 1.
    pub(super) fn line(&self, offset: usize) -> usize {
        let ends = || self.text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at).collect();
        let before = self.before(offset).len();
        self.line_ends.get_or_init(ends).partition_point(|end| *end < before) + 1
    }

    /// Says what is wrong with a part of the file.
    pub(super) fn problem(&self, span: Range<usize>, message: String, hint: Option<String>) -> Problem {
        let before = self.before(span.start);
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = self.text[start..].lines().next().unwrap_or_default();
        let excerpt = without_secrets(line);
        let text = self.text.get(span).unwrap_or_default().lines().next().unwrap_or_default();
        Problem {
            file: self.path.clone(),
            line: self.line(before.len()),
            column: before[start..].chars().count() + 1,
            // A span inside a line that keeps a secret may be that secret.
            text: if excerpt == line || is_key(text) { text.to_owned() } else { "…".to_owned() },
            message,
            hint,
            excerpt,
        }
    }

    fn before(&self, offset: usize) -> &str {
        let mut end = offset.min(self.text.len());
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        &self.text[..end]
    }
}

/// A line as it may be printed: what stands beside a word such as `secret` is left out, and
/// so are credentials in a URL.
fn without_secrets(line: &str) -> String {
    const TELLING: [&str; 12] = [
        "secret",
        "secert",
        "whsec",
        "passw",
        "token",
        "header",
        "authorization",
        "bearer",
        "cookie =",
        "cookie=",
        "api-key",
        "x-key",
    ];
    // These name the place of a secret.
    const PLACES: [&str; 3] = ["secret_file", "secret_env", "secret_credential"];
    let lower = line.to_lowercase();
    let credentials = lower.split_once("://").is_some_and(|(_, rest)| {
        rest.split(['/', '?', '#', '"', '\'']).next().is_some_and(|authority| authority.contains('@'))
    });
    // What stands beside a name that is none of ours may be the value of a header.
    let foreign = line.split_once('=').is_some_and(|(key, _)| !is_known(key));
    if !credentials && !foreign && !TELLING.iter().any(|word| lower.contains(word)) {
        return line.to_owned();
    }
    match line.split_once('=') {
        Some((key, value)) if PLACES.contains(&key.trim()) && !value.contains('=') && !credentials => line.to_owned(),
        Some((key, _)) if is_key(key.trim()) => format!("{key}= …"),
        None if is_key(line.trim()) => line.to_owned(),
        _ => "…".to_owned(),
    }
}

/// Whether a configuration may have the key that stands last in a text, or one that is
/// written nearly like it; names of headers are longer, or other words.
fn is_known(text: &str) -> bool {
    let key = text.rsplit(['{', '[', ',']).next().unwrap_or_default().trim().trim_matches(['"', '\'']);
    let near = |known: &str| known == key || known.len() >= 4 && strsim::damerau_levenshtein(known, key) <= 2;
    KEYS.iter().any(|(_, keys)| keys.iter().any(|known| near(known)))
}

/// Whether a text is a key or a heading, and not a value.
fn is_key(text: &str) -> bool {
    !text.contains("whsec") && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-[].".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_left_out_of_excerpts() {
        for (line, printed) in [
            ("secret = \"whsec_c2VjcmV0\"", "secret = …"),
            ("secert = \"whsec_c2VjcmV0\"", "secert = …"),
            ("channel = [{ name = \"a\", secret = \"b\" }]", "channel = …"),
            ("url = \"https://ada:pw@acme.test/\"", "url = …"),
            ("url = \"https://acme.test/@privacy\"", "url = \"https://acme.test/@privacy\""),
            ("secret_file = \"/run/key\"", "secret_file = \"/run/key\""),
            ("\"whsec_c2VjcmV0\"", "…"),
            ("\"a secret without a key\"", "…"),
            ("\"https://ada:pw@acme.test/?a=b\",", "…"),
            ("# my secret = 5", "…"),
            ("headers = { X-A = \"b\" }", "headers = …"),
            ("X-Auth = \"s3cret", "X-Auth = …"),
            ("CF-Access-Client-Id = 12345", "CF-Access-Client-Id = …"),
            ("  Cookie = \"b\", X-A = { file = \"c\" },", "  Cookie = …"),
            ("url = \"https://acme.test/cookies\"", "url = \"https://acme.test/cookies\""),
            ("[[channel]]", "[[channel]]"),
            ("secret_sauce", "secret_sauce"),
        ] {
            assert_eq!(without_secrets(line), printed);
        }
    }

    #[test]
    fn places_count_characters_from_one() {
        let source = Source {
            path: "a.toml".into(),
            text: "a = 1\r\nname = [\"ü\", \"é\"]\r\n".to_owned(),
            order: 0,
            line_ends: OnceLock::new(),
        };
        let start = source.text.find("\"é\"").expect("is there");
        let problem = source.problem(start..start + 4, "m".to_owned(), None);
        assert_eq!((problem.line, problem.column, problem.text.as_str()), (2, 14, "\"é\""));
        assert_eq!(problem.excerpt, "name = [\"ü\", \"é\"]");
    }
}
