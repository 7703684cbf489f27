//! What kind of content a snapshot holds, so that the right reader gets it.
//!
//! The bytes are asked first, because headers lie; then `Content-Type`; then the
//! ending of the name. (The order of the WHATWG MIME Sniffing standard, but for
//! servers that call everything `text/html` or `text/plain`.)

use crate::snapshot::{Origin, Snapshot};

use super::charset;
use super::unpack::Packed;

/// The kinds of content, by the reader they need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MediaKind {
    /// A web page.
    Html,
    /// A file that must be unpacked first.
    Packed(Packed),
    /// Markdown.
    Markdown,
    /// Plain text.
    Plain,
    /// A kind that no reader takes, by its media type.
    Unsupported(String),
}

/// How many bytes are looked at.
const SNIFFED: usize = 2048;

/// First bytes of kinds that hold no text for us, with their media types.
const MAGIC: [(&[u8], &str); 15] = [
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"\0\0\x01\0", "image/x-icon"),
    (b"PK\x05\x06", "application/zip"),
    (b"\x1f\x8b\x08", "application/gzip"),
    (b"\x28\xb5\x2f\xfd", "application/zstd"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an office file of the old kind (.doc, .xls, .ppt)"),
    (b"{\\rtf", "application/rtf"),
    (b"\0asm", "application/wasm"),
];

/// What a web page begins with, in lower case; a blank, `>` or `/` must follow.
const HTML_STARTS: [&str; 18] = [
    "<!doctype html",
    "<html",
    "<head",
    "<body",
    "<script",
    "<iframe",
    "<h1",
    "<div",
    "<font",
    "<table",
    "<a",
    "<style",
    "<title",
    "<b",
    "<br",
    "<p",
    "<meta",
    "<noscript",
];

/// Tells the kind of a snapshot's body.
pub fn kind(snapshot: &Snapshot) -> MediaKind {
    let head = opening(&snapshot.body);
    // A file has a content type only if a person gave it one; a person is believed.
    let told = matches!(snapshot.origin, Origin::File { .. }).then(|| by_header(snapshot, &head)).flatten();
    if let Some(told) = told {
        return told;
    }
    by_bytes(&snapshot.body, &head)
        .or_else(|| by_header(snapshot, &head))
        .or_else(|| by_name(snapshot))
        .unwrap_or_else(|| by_look(&snapshot.body, &head))
}

/// The first characters, in lower case, behind byte order mark and white space.
fn opening(body: &[u8]) -> String {
    let head = &body[..body.len().min(SNIFFED)];
    let marked = head.strip_prefix(b"\xff\xfe").or_else(|| head.strip_prefix(b"\xfe\xff"));
    let bytes: Vec<u8> = match marked {
        Some(text) => text.iter().copied().filter(|b| *b != 0).collect(),
        None if charset::wide(head).is_some() => head.iter().copied().filter(|b| *b != 0).collect(),
        None => head.to_vec(),
    };
    let text = String::from_utf8_lossy(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes)).into_owned();
    text.trim_start().to_ascii_lowercase()
}

fn by_bytes(body: &[u8], head: &str) -> Option<MediaKind> {
    if head.starts_with("%pdf-") {
        return Some(MediaKind::Packed(Packed::Pdf));
    }
    if body.starts_with(b"PK\x03\x04") {
        return Some(in_archive(body));
    }
    if let Some((_, media)) = MAGIC.iter().find(|(magic, _)| body.starts_with(magic)) {
        return Some(MediaKind::Unsupported((*media).to_owned()));
    }
    if body.starts_with(b"RIFF") && body.get(8..12) == Some(b"WEBP") {
        return Some(MediaKind::Unsupported("image/webp".to_owned()));
    }
    if body.get(4..8) == Some(b"ftyp") {
        return Some(MediaKind::Unsupported("video/mp4".to_owned()));
    }
    if begins_as_html(head) {
        return Some(MediaKind::Html);
    }
    if head.starts_with("<?xml") {
        let page = head.contains("<html") || head.contains("<!doctype html");
        return Some(if page { MediaKind::Html } else { MediaKind::Unsupported(xml_kind(head).to_owned()) });
    }
    if head.starts_with("<svg") {
        return Some(MediaKind::Unsupported("image/svg+xml".to_owned()));
    }
    if looks_json(body, head) {
        return Some(MediaKind::Unsupported("application/json".to_owned()));
    }
    (!is_wide(body) && is_binary(body)).then(|| MediaKind::Unsupported("application/octet-stream".to_owned()))
}

/// What an archive is, by the names of its parts: they stand at its beginning and, all of
/// them, at its end.
fn in_archive(body: &[u8]) -> MediaKind {
    const LOOKED_AT: usize = 128 * 1024;
    let ends = [&body[..body.len().min(LOOKED_AT)], &body[body.len().saturating_sub(LOOKED_AT)..]];
    let has = |name: &[u8]| ends.iter().any(|end| end.windows(name.len()).any(|window| window == name));
    if has(b"word/document.xml") {
        return MediaKind::Packed(Packed::Docx);
    }
    let known: [(&[u8], &str); 4] = [
        (b"mimetypeapplication/vnd.oasis.opendocument", "an OpenDocument file"),
        (b"xl/workbook.xml", "a spreadsheet (.xlsx)"),
        (b"ppt/presentation.xml", "a presentation (.pptx)"),
        (b"META-INF/container.xml", "an e-book"),
    ];
    let kind = known.iter().find(|(name, _)| has(name)).map_or("application/zip", |(_, kind)| kind);
    MediaKind::Unsupported(kind.to_owned())
}

/// Whether the text begins as a web page does, comments before it skipped.
fn begins_as_html(head: &str) -> bool {
    let mut rest = head;
    while let Some(comment) = rest.strip_prefix("<!--") {
        // A comment longer than what is looked at: pages have those, Markdown hardly.
        let Some(end) = comment.find("-->") else { return true };
        rest = comment[end + 3..].trim_start();
    }
    HTML_STARTS.iter().any(|start| {
        rest.strip_prefix(start)
            .is_some_and(|after| after.starts_with(|c: char| c.is_whitespace() || c == '>' || c == '/'))
    })
}

fn xml_kind(head: &str) -> &'static str {
    if head.contains("<rss") {
        "application/rss+xml"
    } else if head.contains("<feed") {
        "application/atom+xml"
    } else if head.contains("<svg") {
        "image/svg+xml"
    } else {
        "application/xml"
    }
}

fn looks_json(body: &[u8], head: &str) -> bool {
    (head.starts_with('{') || head.starts_with("[{") || head.starts_with("[\"") || head == "[]")
        && serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok()
}

fn is_wide(body: &[u8]) -> bool {
    body.starts_with(b"\xff\xfe") || body.starts_with(b"\xfe\xff") || charset::wide(body).is_some()
}

/// Whether there are bytes that no text has: a NUL, or many control characters.
fn is_binary(body: &[u8]) -> bool {
    let head = &body[..body.len().min(SNIFFED)];
    let odd = head.iter().filter(|b| matches!(b, 0..=8 | 14..=26 | 28..=31 | 127)).count();
    head.contains(&0) && odd * 50 > head.len() || odd * 10 > head.len()
}

fn by_header(snapshot: &Snapshot, head: &str) -> Option<MediaKind> {
    let value = snapshot.header("content-type")?;
    let media = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match media.as_str() {
        ""
        | "application/octet-stream"
        | "binary/octet-stream"
        | "application/x-download"
        | "unknown/unknown"
        | "*/*" => None,
        "text/html" | "application/xhtml+xml" => Some(MediaKind::Html),
        "application/pdf" | "application/x-pdf" => Some(MediaKind::Packed(Packed::Pdf)),
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
        | "application/vnd.ms-word.document.macroenabled.12" => Some(MediaKind::Packed(Packed::Docx)),
        "text/markdown" | "text/x-markdown" | "text/x-web-markdown" => Some(MediaKind::Markdown),
        "text/plain" => Some(match by_name(snapshot) {
            Some(MediaKind::Markdown) => MediaKind::Markdown,
            _ => plain_or_markdown(snapshot, head),
        }),
        _ => Some(MediaKind::Unsupported(media)),
    }
}

/// The kind by the ending of the file's name or the address's path.
fn by_name(snapshot: &Snapshot) -> Option<MediaKind> {
    let from_url = url::Url::parse(&snapshot.final_url).ok().map(|url| url.path().to_owned());
    let name = match &snapshot.origin {
        Origin::File { name } => Some(name.clone()),
        _ => from_url,
    }?;
    let last = name.rsplit(['/', '\\']).next()?;
    let (_, ending) = last.rsplit_once('.')?;
    match ending.to_ascii_lowercase().as_str() {
        "html" | "htm" | "xhtml" | "mhtml" | "php" | "asp" | "aspx" | "jsp" => Some(MediaKind::Html),
        "md" | "markdown" | "mdown" | "mkd" => Some(MediaKind::Markdown),
        "pdf" => Some(MediaKind::Packed(Packed::Pdf)),
        "docx" | "docm" => Some(MediaKind::Packed(Packed::Docx)),
        "txt" | "text" => Some(plain_or_markdown(snapshot, "")),
        "doc" | "odt" | "rtf" | "zip" | "gz" | "png" | "jpg" | "jpeg" | "gif" | "webp" | "svg" | "xml" | "json"
        | "js" | "css" | "csv" | "xls" | "xlsx" | "mp4" => {
            Some(MediaKind::Unsupported(format!(".{}", ending.to_ascii_lowercase())))
        }
        _ => None,
    }
}

/// The kind of bytes that nothing describes.
fn by_look(body: &[u8], head: &str) -> MediaKind {
    let tags = ["<p>", "<div", "<br", "<html", "<body", "</a>", "<span", "<h1", "<h2"];
    if body.is_empty() || tags.iter().any(|tag| head.contains(tag)) {
        return MediaKind::Html;
    }
    if looks_markdown(&String::from_utf8_lossy(body)) { MediaKind::Markdown } else { MediaKind::Plain }
}

fn plain_or_markdown(snapshot: &Snapshot, head: &str) -> MediaKind {
    match by_look(&snapshot.body, head) {
        // A text that merely mentions a tag stays a text, because its header says so.
        MediaKind::Markdown => MediaKind::Markdown,
        _ => MediaKind::Plain,
    }
}

/// Whether a text is written in Markdown: two kinds of marks, or many of one.
fn looks_markdown(text: &str) -> bool {
    let mut headings = 0;
    let mut strong = 0;
    let mut links = 0;
    let mut rules = 0;
    for line in text.lines().take(2000) {
        let trimmed = line.trim();
        let hashes = trimmed.bytes().take_while(|b| *b == b'#').count();
        if (1..=6).contains(&hashes) && trimmed[hashes..].starts_with(' ') {
            headings += 1;
        }
        if trimmed.len() > 4 && trimmed.matches("**").count() >= 2 {
            strong += 1;
        }
        if trimmed.contains("](") {
            links += 1;
        }
        if trimmed.len() >= 3 && trimmed.bytes().all(|b| b == b'=')
            || trimmed.starts_with("|--")
            || trimmed.starts_with("| --")
        {
            rules += 1;
        }
    }
    let kinds = [headings, strong, links, rules].iter().filter(|n| **n > 0).count();
    kinds >= 2 || headings >= 2 || strong >= 3 || links >= 3
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(content_type: Option<&str>, url: &str, body: &[u8]) -> Snapshot {
        Snapshot {
            url: url.to_owned(),
            final_url: url.to_owned(),
            status: 200,
            headers: content_type.map(|value| ("content-type".to_owned(), value.to_owned())).into_iter().collect(),
            redirects: Vec::new(),
            body: body.to_vec(),
            captured_at: chrono::DateTime::UNIX_EPOCH,
            origin: Origin::Live { remote_addr: None },
        }
    }

    #[test]
    fn content_header_and_name_decide_in_this_order() {
        let unsupported = |media: &str| MediaKind::Unsupported(media.to_owned());
        let table: [(Option<&str>, &str, &[u8], MediaKind); 27] = [
            (Some("text/html; charset=utf-8"), "/privacy", b"<!DOCTYPE html><p>Hi", MediaKind::Html),
            (Some("text/html"), "/privacy", b"%PDF-1.7 ...", MediaKind::Packed(Packed::Pdf)),
            (Some("text/plain"), "/privacy", b"\xef\xbb\xbf\n <!DOCTYPE HTML>\n<p>Hi", MediaKind::Html),
            (Some("text/plain"), "/privacy", b"<!-- made by hand --><html><p>Hi", MediaKind::Html),
            (Some("text/html"), "/privacy", b"Words without a tag", MediaKind::Html),
            (Some("text/html"), "/privacy", b"", MediaKind::Html),
            (Some("text/html"), "/privacy", b"\x89PNG\r\n\x1a\n....", unsupported("image/png")),
            (Some("text/html"), "/privacy", b"PK\x03\x04......", unsupported("application/zip")),
            (Some("image/webp"), "/privacy", b"", unsupported("image/webp")),
            (Some("text/html"), "/privacy", br#"{"error":"gone"}"#, unsupported("application/json")),
            (Some("application/json"), "/privacy", b"{}", unsupported("application/json")),
            (Some("application/xml"), "/p", b"<?xml version='1.0'?><rss>", unsupported("application/rss+xml")),
            (Some("application/xhtml+xml"), "/p", b"<?xml version='1.0'?><html>", MediaKind::Html),
            (Some("text/plain"), "/privacy.md", b"Words", MediaKind::Markdown),
            (Some("text/plain"), "/privacy.txt", b"# Privacy\n\n## Data\n\nWe", MediaKind::Markdown),
            (Some("text/plain"), "/privacy.txt", b"Privacy\n\nWe collect.", MediaKind::Plain),
            (Some("application/octet-stream"), "/privacy.md", b"Words", MediaKind::Markdown),
            (Some("application/octet-stream"), "/privacy.docx", b"Words", MediaKind::Packed(Packed::Docx)),
            (Some("application/octet-stream"), "/privacy.doc", b"Words", unsupported(".doc")),
            (Some("application/zip"), "/p", b"PK\x03\x04..word/document.xml..", MediaKind::Packed(Packed::Docx)),
            (Some("application/zip"), "/p", b"PK\x03\x04..xl/workbook.xml..", unsupported("a spreadsheet (.xlsx)")),
            (None, "/privacy.html", b"Words", MediaKind::Html),
            (None, "/privacy", b"Words <p>and more", MediaKind::Html),
            (None, "/privacy", b"Words and more", MediaKind::Plain),
            (Some("text/html"), "/p", b"\xff\xfe<\0h\0t\0m\0l\0>\0", MediaKind::Html),
            (Some("text/plain"), "/p", b"W\0e\0 \0k\0e\0e\0p\0 \0l\0o\0g\0s\0", MediaKind::Plain),
            (None, "/p", b"\x7f\0E\0\x01\0\x02\0\0\0\x03\0\0\0\x04\0\0\0", unsupported("application/octet-stream")),
        ];
        for (content_type, path, body, expected) in table {
            let url = format!("https://acme.test{path}");
            assert_eq!(kind(&snapshot(content_type, &url, body)), expected, "{content_type:?} {path} {body:?}");
        }
    }

    #[test]
    fn a_file_is_told_by_its_name() {
        let mut file = snapshot(None, "file:///tmp/x", b"Words");
        file.origin = Origin::File { name: "policies/Terms.MD".to_owned() };
        assert_eq!(kind(&file), MediaKind::Markdown);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_have_a_kind(body: Vec<u8>, header in "\\PC{0,20}") {
            let page = snapshot(Some(&header), "https://acme.test/p", &body);
            assert_eq!(kind(&page), kind(&page));
        }
    }
}
