//! Archives (ZIP) of other people, within bounds.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek};

use zip::ZipArchive;

/// What an archive may hold at most: a backup of a large installation has some 100,000 files.
const MAX_ENTRIES: usize = 500_000;

/// Opens an archive.
///
/// # Errors
/// If it is none, or has more files than any that is known.
pub(super) fn open(file: File) -> io::Result<ZipArchive<BufReader<File>>> {
    let archive = ZipArchive::new(BufReader::new(file))?;
    if archive.len() > MAX_ENTRIES {
        return Err(io::Error::other(format!("it has {} files; at most {MAX_ENTRIES} are read", archive.len())));
    }
    Ok(archive)
}

/// The names in an archive; one that is no text is nobody's that we look for.
pub(super) fn names_of<R: Read + Seek>(archive: &ZipArchive<R>) -> Vec<String> {
    archive.file_names().filter_map(Result::ok).map(|name| name.into_owned()).collect()
}

/// Reads to the end, or says that there is too much.
pub(super) fn bounded(input: impl Read, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = input.take(limit + 1).read_to_end(&mut bytes)?;
    if read as u64 > limit {
        return Err(io::Error::other(format!("it has more than {limit} bytes")));
    }
    Ok(bytes)
}
