//! Takes the content encoding off a body, piece by piece and within a limit.
//!
//! By hand, because three sources need it and none can leave it to the HTTP library:
//! a page may be a bomb, an archive declares encodings twice or not at all, and a WARC
//! record keeps the body as it went over the wire.

use std::io::{self, Write};

use flate2::{Decompress, FlushDecompress, Status};
use zstd::stream::raw::{DParameter, Decoder as ZstdDecoder, InBuffer, Operation as _, OutBuffer};

// 2^25: 32 MiB, four times what RFC 8878 asks decoders to support.
const ZSTD_WINDOW_LOG: u32 = 25;

/// What a stage may put out beyond the limit of the whole: packed bytes inside packed
/// bytes may be more than what is in them, but not by much.
const SLACK: u64 = 64 * 1024;

/// Encodings beyond this many are an attack, not a page.
const MAX_STAGES: usize = 4;

const GZIP_MAGIC: &[u8] = &[0x1f, 0x8b, 0x08];

/// Why a body cannot be decoded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodingError {
    /// It is larger than allowed when decoded.
    #[error("the body has more than {limit} bytes")]
    TooLarge {
        /// In bytes.
        limit: u64,
    },
    /// It is not what it claims to be, or ends too early.
    #[error("the {encoding} body is broken: {reason}")]
    Broken {
        /// The encoding.
        encoding: &'static str,
        /// What the decoder says.
        reason: String,
    },
}

/// How far the declared encoding is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Belief {
    /// As a browser: what is declared must be there.
    Declared,
    /// As an archive needs it: gzip is told by its first bytes, declared or not.
    Seen,
}

/// Decodes one body.
pub struct Body {
    stages: Vec<Stage>,
    belief: Belief,
    limit: u64,
    /// The first bytes, until there are enough to see what they are.
    head: Option<Vec<u8>>,
    decoded: Vec<u8>,
}

enum Stage {
    Gzip(Box<flate2::write::MultiGzDecoder<Sink>>),
    Deflate { decoder: Option<Decompress>, head: Vec<u8>, ended: bool, sink: Sink },
    Brotli(Box<brotli_decompressor::DecompressorWriter<Sink>>),
    Zstd { decoder: ZstdDecoder<'static>, ended: bool, sink: Sink },
}

/// Keeps what a stage puts out until the next one takes it, and counts it.
struct Sink {
    out: Vec<u8>,
    total: u64,
    limit: u64,
}

impl Sink {
    fn new(limit: u64) -> Self {
        Self { out: Vec::new(), total: 0, limit }
    }

    fn is_over(&self) -> bool {
        self.total > self.limit
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.total += bytes.len() as u64;
        if self.is_over() {
            return Err(io::Error::other("larger than allowed"));
        }
        self.out.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A text that was packed once more than its headers say, as servers do that pack what is packed
/// already: without that. What is broken, too large or no gzip stays as it is.
pub fn unpacked(body: Vec<u8>, limit: u64) -> Vec<u8> {
    if !body.starts_with(GZIP_MAGIC) {
        return body;
    }
    let mut packed = Body::new(["gzip"], Belief::Declared, limit);
    packed.feed(&body).and_then(|()| packed.finish()).unwrap_or(body)
}

impl Body {
    /// A body with the values of its `Content-Encoding` headers, and how many bytes it
    /// may have when decoded. Words that are no encoding are ignored, as browsers do.
    pub fn new<'a>(declared: impl IntoIterator<Item = &'a str>, belief: Belief, limit: u64) -> Self {
        let words =
            declared.into_iter().flat_map(|value| value.split(',')).map(|word| word.trim().to_ascii_lowercase());
        // The last one named was put on last, so it comes off first.
        let mut stages: Vec<Stage> = words.filter_map(|word| Stage::new(&word, limit.saturating_add(SLACK))).collect();
        stages.truncate(MAX_STAGES);
        stages.reverse();
        Self { stages, belief, limit, head: Some(Vec::new()), decoded: Vec::new() }
    }

    /// Takes the next piece.
    ///
    /// # Errors
    /// Once the body is too large or broken; it is of no use then.
    pub fn feed(&mut self, piece: &[u8]) -> Result<(), EncodingError> {
        let Some(head) = &mut self.head else {
            return self.decode(piece);
        };
        head.extend_from_slice(piece);
        if head.len() < GZIP_MAGIC.len() {
            return Ok(());
        }
        self.begin()
    }

    /// The whole body.
    ///
    /// # Errors
    /// If it ends too early.
    pub fn finish(mut self) -> Result<Vec<u8>, EncodingError> {
        if self.head.as_ref().is_some_and(Vec::is_empty) {
            // A server that compresses may declare it for an empty answer too.
            return Ok(Vec::new());
        }
        self.begin()?;
        for at in 0..self.stages.len() {
            let rest = self.stages[at].finish()?;
            self.pass(at + 1, rest)?;
        }
        Ok(self.decoded)
    }

    /// Decides what the first bytes are, and decodes them.
    fn begin(&mut self) -> Result<(), EncodingError> {
        let Some(head) = self.head.take() else { return Ok(()) };
        if self.belief == Belief::Seen {
            let seen = head.starts_with(GZIP_MAGIC);
            match self.stages.first() {
                // Declared by a header of the original, taken off by the archive.
                Some(Stage::Gzip(_)) if !seen => self.stages.clear(),
                None if seen => self.stages.extend(Stage::new("gzip", self.limit.saturating_add(SLACK))),
                _ => {}
            }
        }
        self.decode(&head)
    }

    fn decode(&mut self, piece: &[u8]) -> Result<(), EncodingError> {
        self.pass(0, piece.to_vec())
    }

    /// Sends a piece through the stages from `at` on.
    fn pass(&mut self, at: usize, mut piece: Vec<u8>) -> Result<(), EncodingError> {
        for stage in self.stages.iter_mut().skip(at) {
            piece = stage.feed(&piece)?;
        }
        if (self.decoded.len() + piece.len()) as u64 > self.limit {
            return Err(EncodingError::TooLarge { limit: self.limit });
        }
        self.decoded.append(&mut piece);
        Ok(())
    }
}

impl Stage {
    fn new(word: &str, limit: u64) -> Option<Self> {
        let sink = Sink::new(limit);
        match word {
            "gzip" | "x-gzip" => Some(Stage::Gzip(Box::new(flate2::write::MultiGzDecoder::new(sink)))),
            "deflate" => Some(Stage::Deflate { decoder: None, head: Vec::new(), ended: false, sink }),
            "br" => Some(Stage::Brotli(Box::new(brotli_decompressor::DecompressorWriter::new(sink, 16 * 1024)))),
            "zstd" => {
                let mut decoder = ZstdDecoder::new().ok()?;
                decoder.set_parameter(DParameter::WindowLogMax(ZSTD_WINDOW_LOG)).ok()?;
                Some(Stage::Zstd { decoder, ended: false, sink })
            }
            _ => None,
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Stage::Gzip(_) => "gzip",
            Stage::Deflate { .. } => "deflate",
            Stage::Brotli(_) => "brotli",
            Stage::Zstd { .. } => "zstd",
        }
    }

    fn sink(&mut self) -> &mut Sink {
        match self {
            Stage::Gzip(decoder) => decoder.get_mut(),
            Stage::Brotli(decoder) => decoder.get_mut(),
            Stage::Deflate { sink, .. } | Stage::Zstd { sink, .. } => sink,
        }
    }

    fn feed(&mut self, piece: &[u8]) -> Result<Vec<u8>, EncodingError> {
        let fed = match self {
            Stage::Gzip(decoder) => decoder.write_all(piece),
            Stage::Brotli(decoder) => decoder.write_all(piece),
            Stage::Deflate { decoder, head, ended, sink } => inflate(decoder, head, ended, sink, piece),
            Stage::Zstd { decoder, ended, sink } => unzstd(decoder, ended, sink, piece),
        };
        self.taken(fed)
    }

    fn finish(&mut self) -> Result<Vec<u8>, EncodingError> {
        let early = |ended: bool| if ended { Ok(()) } else { Err(io::Error::from(io::ErrorKind::UnexpectedEof)) };
        let finished = match self {
            Stage::Gzip(decoder) => decoder.try_finish(),
            Stage::Brotli(decoder) => decoder.close(),
            Stage::Deflate { ended, .. } | Stage::Zstd { ended, .. } => early(*ended),
        };
        self.taken(finished)
    }

    fn taken(&mut self, done: io::Result<()>) -> Result<Vec<u8>, EncodingError> {
        let encoding = self.name();
        let sink = self.sink();
        match done {
            _ if sink.is_over() => Err(EncodingError::TooLarge { limit: sink.limit.saturating_sub(SLACK) }),
            Ok(()) => Ok(std::mem::take(&mut sink.out)),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(EncodingError::Broken { encoding, reason: "it ends too early".to_owned() })
            }
            Err(error) => Err(EncodingError::Broken { encoding, reason: error.to_string() }),
        }
    }
}

/// `deflate` means zlib (RFC 9110), but some servers send the bare stream; the first two
/// bytes tell (RFC 1950: a multiple of 31, method 8).
fn inflate(
    decoder: &mut Option<Decompress>,
    head: &mut Vec<u8>,
    ended: &mut bool,
    sink: &mut Sink,
    piece: &[u8],
) -> io::Result<()> {
    head.extend_from_slice(piece);
    if decoder.is_none() {
        let [first, second, ..] = head[..] else { return Ok(()) };
        let zlib = first & 0x0f == 8 && u16::from_be_bytes([first, second]).is_multiple_of(31);
        *decoder = Some(Decompress::new(zlib));
    }
    let Some(decoder) = decoder else { return Ok(()) };
    let input = std::mem::take(head);
    let (mut at, mut buffer) = (0, [0; 16 * 1024]);
    while !*ended {
        let (before_in, before_out) = (decoder.total_in(), decoder.total_out());
        let status = decoder.decompress(&input[at..], &mut buffer, FlushDecompress::None)?;
        let (read, written) = (decoder.total_in() - before_in, decoder.total_out() - before_out);
        at += usize::try_from(read).unwrap_or(usize::MAX);
        sink.write_all(&buffer[..usize::try_from(written).unwrap_or(buffer.len())])?;
        *ended = status == Status::StreamEnd;
        if read == 0 && written == 0 {
            break;
        }
    }
    Ok(())
}

fn unzstd(decoder: &mut ZstdDecoder<'_>, ended: &mut bool, sink: &mut Sink, piece: &[u8]) -> io::Result<()> {
    let mut input = InBuffer::around(piece);
    let mut buffer = vec![0; 32 * 1024];
    loop {
        let mut output = OutBuffer::around(&mut buffer[..]);
        let hint = decoder.run(&mut input, &mut output)?;
        let written = output.pos();
        if written > 0 || input.pos() > 0 {
            *ended = hint == 0;
        }
        sink.write_all(&buffer[..written])?;
        // A full buffer may hide more behind it.
        if input.pos() == piece.len() && written < buffer.len() {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zlib(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn deflate(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// `We use cookies.` as one uncompressed brotli block (RFC 7932, section 9.2), then
    /// the empty last one.
    fn brotli() -> Vec<u8> {
        let text = b"We use cookies.";
        // WBITS 16 (1 bit 0), ISLAST 0, MNIBBLES 4 (00), MLEN-1 (16 bits), uncompressed 1.
        let bits: u32 = (u32::try_from(text.len()).unwrap() - 1) << 4 | 1 << 20;
        let mut bytes = bits.to_le_bytes()[..3].to_vec();
        bytes.extend_from_slice(text);
        bytes.push(0b11);
        bytes
    }

    fn decoded(declared: &str, belief: Belief, body: &[u8], step: usize, limit: u64) -> Result<Vec<u8>, EncodingError> {
        let mut decoder = Body::new([declared], belief, limit);
        for piece in body.chunks(step.max(1)) {
            decoder.feed(piece)?;
        }
        decoder.finish()
    }

    #[test]
    fn every_encoding_comes_off_in_pieces_of_any_size() {
        let text = b"We use cookies.".as_slice();
        let twice = [gzip(b"We use "), gzip(b"cookies.")].concat();
        let frames = [zstd::encode_all(&b"We use "[..], 3).unwrap(), zstd::encode_all(&b"cookies."[..], 3).unwrap()];
        let cases = [
            ("", text.to_vec()),
            ("identity", text.to_vec()),
            ("utf-8", text.to_vec()),
            ("gzip", gzip(text)),
            ("X-GZIP", gzip(text)),
            ("gzip", twice),
            ("deflate", zlib(text)),
            ("deflate", deflate(text)),
            ("br", brotli()),
            ("zstd", zstd::encode_all(text, 3).unwrap()),
            ("zstd", frames.concat()),
            ("gzip, zstd", zstd::encode_all(&gzip(text)[..], 3).unwrap()),
            (", gzip", gzip(text)),
        ];
        for (declared, body) in cases {
            for step in [1, 2, 3, 7, body.len()] {
                let decoded = decoded(declared, Belief::Declared, &body, step, 15);
                assert_eq!(decoded.as_deref(), Ok(text), "{declared} by {step}");
            }
        }
    }

    #[test]
    fn a_body_that_ends_too_early_is_broken() {
        let text = b"We use cookies. ".repeat(40);
        let bodies = [
            ("gzip", gzip(&text)),
            ("deflate", zlib(&text)),
            ("br", brotli()),
            ("zstd", zstd::encode_all(&text[..], 3).unwrap()),
        ];
        for (declared, body) in bodies {
            for length in 1..body.len() {
                let cut = decoded(declared, Belief::Declared, &body[..length], 16, 10_000);
                // A zlib stream is whole without its checksum.
                let whole = declared == "deflate" && length + 4 >= body.len();
                assert!(
                    matches!(cut, Err(EncodingError::Broken { .. })) || whole,
                    "{declared} cut at {length}: {cut:?}"
                );
            }
            assert_eq!(decoded(declared, Belief::Declared, b"", 1, 10), Ok(Vec::new()), "{declared}");
        }
        for declared in ["gzip", "deflate", "br", "zstd"] {
            let nonsense = decoded(declared, Belief::Declared, b"<!doctype html><p>plain", 5, 1000);
            assert!(matches!(nonsense, Err(EncodingError::Broken { .. })), "{declared}: {nonsense:?}");
        }
    }

    #[test]
    fn a_bomb_stops_at_the_limit() {
        let zeros = vec![0; 8 * 1024 * 1024];
        let cases =
            [("gzip", gzip(&zeros)), ("deflate", zlib(&zeros)), ("zstd", zstd::encode_all(&zeros[..], 3).unwrap())];
        for (declared, bomb) in cases {
            let mut body = Body::new([declared], Belief::Declared, 100_000);
            let fed = bomb.chunks(64).take_while(|piece| body.feed(piece).is_ok()).count() * 64;
            assert!(fed < bomb.len() / 4 || bomb.len() < 1024, "{declared}: {fed} of {} bytes were read", bomb.len());
            let whole = decoded(declared, Belief::Declared, &bomb, 64, 100_000);
            assert_eq!(whole, Err(EncodingError::TooLarge { limit: 100_000 }), "{declared}");
        }
        let nested = gzip(&gzip(&zeros));
        let whole = decoded("gzip, gzip", Belief::Declared, &nested, 64, 1_000_000);
        assert_eq!(whole, Err(EncodingError::TooLarge { limit: 1_000_000 }));
    }

    #[test]
    fn an_archive_is_believed_by_what_it_sends() {
        let text = b"We use cookies.".as_slice();
        for (declared, body) in [("gzip", text.to_vec()), ("", gzip(text)), ("gzip", gzip(text)), ("br", brotli())] {
            assert_eq!(decoded(declared, Belief::Seen, &body, 4, 100).as_deref(), Ok(text), "{declared}");
        }
        assert_eq!(decoded("", Belief::Declared, &gzip(text), 4, 100), Ok(gzip(text)));
        assert_eq!(decoded("", Belief::Seen, b"hi", 1, 100).as_deref(), Ok(&b"hi"[..]));
    }
}
