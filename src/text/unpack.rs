//! Files that hold a text but are none themselves: PDF and DOCX, unpacked to blocks.
//!
//! Pure and deterministic, but what a hostile file costs is known only afterwards: a
//! kilobyte can unfold to gigabytes. So nobody but [`crate::unpack`] calls [`unpack`] on
//! bytes from the network, in a process of its own that has limits; reading takes what
//! came out of it.

use crate::reading::{Unreadable, Why};
use crate::snapshot::Snapshot;

use super::{Block, BlockKind, docx, media, pdf};

/// The largest file that is unpacked, in bytes. Policies as files have less than 3 MiB.
pub const MAX_BYTES: usize = 24 * 1024 * 1024;

/// Fewer letters than this are no text but the rest of a scan.
const FEWEST_LETTERS: usize = 40;

/// The kinds of files that are unpacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packed {
    /// Portable Document Format, ISO 32000.
    Pdf,
    /// Office Open XML, ISO/IEC 29500: what word processors save.
    Docx,
}

impl Packed {
    /// How a snapshot is packed; none if its bytes are a text already, or nothing we read.
    pub fn of(snapshot: &Snapshot) -> Option<Self> {
        match media::kind(snapshot) {
            media::MediaKind::Packed(packed) => Some(packed),
            _ => None,
        }
    }

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Docx => "docx",
        }
    }

    /// The kind that a word names.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Pdf, Self::Docx].into_iter().find(|packed| packed.as_str() == word)
    }

    /// What people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pdf => "PDF",
            Self::Docx => "DOCX",
        }
    }
}

/// What a file held.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unpacked {
    /// The text, in reading order.
    pub blocks: Vec<Block>,
    /// The title that the file's properties claim.
    pub title: Option<String>,
}

/// How unpacking ended.
pub type Unpacking = Result<Unpacked, Unreadable>;

/// Why nobody can say what a file holds: not for what it is, but for a failure of ours. What
/// is on record stays as it is then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnpackError {
    /// There is no program to do it.
    #[error("documents cannot be opened: no program to open them with is known; start policywatch by its path")]
    NoProgram,
    /// The process did not start.
    #[error(
        "the process that opens documents could not be started ({program}: {reason}); see that the service may run \
         its own program, and has memory and processes left"
    )]
    NotStarted {
        /// The program.
        program: String,
        /// What the system says.
        reason: String,
    },
    /// The process started, but could not begin.
    #[error("the process that opens documents could not begin: {reason}")]
    NotBegun {
        /// What it says, and what to do.
        reason: String,
    },
    /// Another program answered, or none that knows how.
    #[error("{program} does not know how to open documents{said}; see that it is policywatch, whole and up to date")]
    Foreign {
        /// The program.
        program: String,
        /// What it said: ` (…)`, or nothing.
        said: String,
    },
    /// Somebody ended the process.
    #[error(
        "the process that opens documents was ended from outside by signal {signal}; see whether the system lacks \
         memory, and check again"
    )]
    Ended {
        /// The signal.
        signal: i32,
    },
}

/// Unpacks a file.
///
/// # Errors
/// Files that are too large, that need a password or hold no text are an unsupported
/// type; files that cannot be parsed are malformed.
pub fn unpack(packed: Packed, body: &[u8]) -> Unpacking {
    if body.len() > MAX_BYTES {
        let megabytes = body.len() / (1024 * 1024);
        let most = MAX_BYTES / (1024 * 1024);
        let evidence = format!("a {} of {megabytes} MiB, more than the {most} MiB that are read", packed.name());
        return Err(Unreadable::new(Why::UnsupportedType, evidence));
    }
    let unpacked = match packed {
        Packed::Pdf => pdf::unpack(body)?,
        Packed::Docx => docx::unpack(body)?,
    };
    let texts = unpacked.blocks.iter().flat_map(|block| block.text.chars());
    if texts.filter(|c| c.is_alphabetic()).take(FEWEST_LETTERS).count() < FEWEST_LETTERS {
        let evidence = match packed {
            Packed::Pdf => "a PDF without text (scanned pages)",
            Packed::Docx => "a DOCX without text",
        };
        return Err(Unreadable::new(Why::UnsupportedType, evidence));
    }
    Ok(unpacked)
}

/// The title of an unpacked file: its first heading, else what its properties claim.
pub(super) fn title(unpacked: &Unpacked) -> Option<String> {
    let heading = unpacked.blocks.iter().find(|block| matches!(block.kind, BlockKind::Heading { .. }));
    heading.map(|block| block.text.clone()).or_else(|| unpacked.title.clone())
}
