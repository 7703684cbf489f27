//! The HTTP message in a record's block.

use super::parser::{MAX_BLOCK, MAX_HEAD};
use crate::fetch::encoding::{Belief, Body};

/// Status, headers and body of an HTTP response.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Message {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

/// Where the head of a message ends, and where its body begins.
fn parts(block: &[u8]) -> (&[u8], &[u8]) {
    let bare = memchr::memmem::find(block, b"\n\n").map(|at| (at, 2));
    let full = memchr::memmem::find(block, b"\r\n\r\n").map(|at| (at, 4));
    match [full, bare].into_iter().flatten().min() {
        Some((at, gap)) => (&block[..at], &block[at + gap..]),
        None => (block, &[][..]),
    }
}

/// The body as it stands in the block: what payload digests are made of.
pub(super) fn payload(block: &[u8]) -> &[u8] {
    parts(block).1
}

/// Parts an HTTP response into status, headers and body; transfer and content encodings
/// are undone where the bytes really have them, but not in a `plain` body: one that is
/// known to have none.
pub(super) fn http_message(block: &[u8], plain: bool) -> Result<Message, String> {
    let (head, body) = parts(block);
    if head.len() as u64 > MAX_HEAD {
        return Err(format!("its headers have {} bytes; at most {MAX_HEAD} are read", head.len()));
    }
    // Header bytes above 127 are Latin-1 by tradition; as characters they lose nothing.
    let head: String = head.iter().map(|byte| char::from(*byte)).collect();
    let mut lines = head.lines();
    let status_line = lines.next().unwrap_or_default();
    let status = status_line.split_ascii_whitespace().nth(1).and_then(|code| code.parse().ok());
    let status: u16 = match status {
        Some(status) if status_line.starts_with("HTTP/") => status,
        _ => return Err("its block does not begin with an HTTP status line".to_owned()),
    };
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let value =
        |name: &str| headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.to_ascii_lowercase());

    let mut body = body.to_vec();
    if plain {
        return Ok(Message { status, headers, body });
    }
    if value("transfer-encoding").is_some_and(|coding| coding.contains("chunked"))
        && let Some(whole) = unchunk(&body)
    {
        body = whole;
    }
    let codings = value("content-encoding").unwrap_or_default();
    let mut decoder = Body::new([codings.as_str()], Belief::Seen, MAX_BLOCK);
    // Many writers keep the header and store the decoded body: then it does not decode.
    if let Ok(plain) = decoder.feed(&body).and_then(|()| decoder.finish()) {
        body = plain;
    }
    Ok(Message { status, headers, body })
}

/// Undoes chunked transfer coding; none if the bytes are not chunked.
pub(super) fn unchunk(mut bytes: &[u8]) -> Option<Vec<u8>> {
    let mut whole = Vec::new();
    loop {
        let end = memchr::memmem::find(bytes, b"\r\n")?;
        let size = std::str::from_utf8(&bytes[..end]).ok()?.split(';').next()?.trim();
        let size = usize::from_str_radix(size, 16).ok()?;
        bytes = &bytes[end + 2..];
        if size == 0 {
            return Some(whole);
        }
        whole.extend_from_slice(bytes.get(..size)?);
        bytes = bytes.get(size..)?.strip_prefix(b"\r\n")?;
    }
}
