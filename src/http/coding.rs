//! Content codings undone, with a bound on what comes out.
//!
//! Done here and not by the HTTP library, because archives announce codings that the
//! bytes do not have and have codings that nobody announced, and because a few kilobytes
//! can unpack to gigabytes.

use std::io::Read;

/// What we can undo.
pub const ACCEPTED: &str = "gzip, br, zstd, deflate";

/// Zstandard's largest window that we give memory to: 8 MiB, the limit of RFC 9659 for the web.
const MAX_WINDOW_LOG: u32 = 23;

/// Why a body cannot be decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CodingError {
    /// It unpacks to more than allowed.
    TooLarge,
    /// It is cut, damaged, or in a coding that we did not ask for.
    Broken(String),
}

/// Undoes codings, the last one first.
///
/// # Errors
/// If the bytes do not have them, or unpack to more than `limit` bytes.
pub fn decode(codings: &[&str], mut body: Vec<u8>, limit: u64) -> Result<Vec<u8>, CodingError> {
    for coding in codings.iter().rev() {
        if body.is_empty() {
            break;
        }
        body = undo(coding, &body, limit)?;
    }
    Ok(body)
}

/// Undoes one coding.
///
/// # Errors
/// As [`decode`].
pub fn undo(coding: &str, bytes: &[u8], limit: u64) -> Result<Vec<u8>, CodingError> {
    let reader: Box<dyn Read + '_> = match coding.to_ascii_lowercase().as_str() {
        "" | "identity" => return Ok(bytes.to_vec()),
        "gzip" | "x-gzip" => Box::new(flate2::read::MultiGzDecoder::new(bytes)),
        // The name means zlib, some servers send raw deflate; the first byte tells.
        "deflate" if bytes.first().is_some_and(|first| first & 0x0f == 8) => {
            Box::new(flate2::read::ZlibDecoder::new(bytes))
        }
        "deflate" => Box::new(flate2::read::DeflateDecoder::new(bytes)),
        "br" => Box::new(brotli::Decompressor::new(bytes, 64 * 1024)),
        "zstd" => {
            let broken = |error: std::io::Error| CodingError::Broken(format!("its zstd coding: {error}"));
            let mut decoder = zstd::stream::read::Decoder::new(bytes).map_err(broken)?;
            decoder.window_log_max(MAX_WINDOW_LOG).map_err(broken)?;
            Box::new(decoder)
        }
        other => return Err(CodingError::Broken(format!("it is coded as \"{}\"", other.escape_debug()))),
    };
    let mut plain = Vec::new();
    let read = reader.take(limit + 1).read_to_end(&mut plain);
    if plain.len() as u64 > limit {
        return Err(CodingError::TooLarge);
    }
    read.map_err(|error| CodingError::Broken(format!("its {coding} coding is cut or damaged: {error}")))?;
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_bomb_stops_at_the_limit() {
        let bomb = gzip(&vec![0; 50_000_000]);
        assert!(bomb.len() < 100_000);
        assert_eq!(decode(&["gzip"], bomb, 1_000_000), Err(CodingError::TooLarge));
    }

    #[test]
    fn codings_are_undone_or_refused() {
        let body = b"a policy".to_vec();
        assert_eq!(decode(&["gzip", "gzip"], gzip(&gzip(&body)), 100), Ok(body.clone()));
        assert_eq!(decode(&["", "gzip"], gzip(&body), 100), Ok(body.clone()));
        assert_eq!(decode(&["zstd"], zstd::encode_all(&body[..], 1).unwrap(), 100), Ok(body.clone()));
        assert_eq!(decode(&["gzip"], Vec::new(), 100), Ok(Vec::new()));
        let cut = gzip(&body);
        assert!(matches!(decode(&["gzip"], cut[..cut.len() - 6].to_vec(), 100), Err(CodingError::Broken(_))));
        assert!(matches!(decode(&["compress"], body.clone(), 100), Err(CodingError::Broken(_))));
        assert!(matches!(decode(&["br"], vec![0xff; 40], 100), Err(CodingError::Broken(_))));
    }
}
