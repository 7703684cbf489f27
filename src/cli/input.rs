//! What `extract` and `compare` read: files, standard input, URLs.

use std::io::Read;

use anyhow::Context;
use clap::ValueEnum;
use url::Url;

use super::complaint::Complaint;
use crate::snapshot::{Origin, Snapshot};
use crate::time::Timestamp;

/// What an input is, where its content does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Type {
    /// HTML.
    Html,
    /// PDF.
    Pdf,
    /// DOCX.
    Docx,
    /// Markdown.
    Markdown,
    /// Plain text.
    Text,
}

impl Type {
    fn media_type(self) -> &'static str {
        match self {
            Type::Html => "text/html",
            Type::Pdf => "application/pdf",
            Type::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            Type::Markdown => "text/markdown",
            Type::Text => "text/plain",
        }
    }
}

/// The URL that an input is, if it is one.
pub fn as_url(input: &str) -> Option<Url> {
    Url::parse(input).ok().filter(|url| matches!(url.scheme(), "http" | "https"))
}

/// Reads a file, or standard input where the name is `-`.
pub fn open(name: &str, kind: Option<Type>, now: Timestamp) -> anyhow::Result<Snapshot> {
    let mut body = Vec::new();
    if name == "-" {
        std::io::stdin().lock().read_to_end(&mut body).context("could not read standard input")?;
    } else {
        body = std::fs::read(name).map_err(|error| unreadable(name, &error))?;
    }
    let url = std::path::absolute(name)
        .ok()
        .and_then(|path| Url::from_file_path(path).ok())
        .map_or_else(|| "file:///".to_owned(), String::from);
    // Only a person gives a file a content type; without, its bytes and its name decide.
    let headers = kind.map(|kind| ("content-type".to_owned(), kind.media_type().to_owned())).into_iter().collect();
    Ok(Snapshot {
        final_url: url.clone(),
        url,
        status: 200,
        headers,
        redirects: Vec::new(),
        body,
        captured_at: now,
        origin: Origin::File { name: name.to_owned() },
    })
}

fn unreadable(name: &str, error: &std::io::Error) -> Complaint {
    match error.kind() {
        std::io::ErrorKind::NotFound => Complaint::failed(format!("there is no file {name}"))
            .hint("inputs are files, URLs that begin with http:// or https://, or - for standard input"),
        std::io::ErrorKind::IsADirectory => {
            Complaint::failed(format!("{name} is a directory")).hint("name the files in it")
        }
        _ => Complaint::failed(format!("could not read {name}: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_addresses_are_urls() {
        assert!(as_url("https://acme.test/privacy").is_some());
        assert!(as_url("C:/privacy.html").is_none());
        assert!(as_url("privacy.html").is_none());
    }
}
