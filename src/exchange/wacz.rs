//! WACZ 1.1.1: WARC files in an archive, with an index and a list of pages. Read here; what
//! writes it is [`super::export::wacz`].

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use tempfile::{NamedTempFile, TempPath};
use zip::ZipArchive;

use super::import::SourceError;
use super::zipped::{self, names_of};

/// All WARC files of an archive together, as they stand in it.
const MAX_TOTAL: u64 = 64 * 1024 * 1024 * 1024;

/// How much more than its packed bytes a WARC file may have: they are packed themselves,
/// and packing them once more gains nothing.
const MAX_RATIO: u64 = 200;

/// The WARC files of an archive.
pub struct Warcs {
    archive: ZipArchive<BufReader<File>>,
    place: String,
    names: std::vec::IntoIter<String>,
    spent: u64,
}

/// Opens an archive.
///
/// # Errors
/// If it is none, or holds no WARC file.
pub fn open(path: &Path) -> Result<Warcs, SourceError> {
    let place = path.display().to_string();
    let failed = |error: &dyn std::fmt::Display| SourceError::new(place.clone(), error);
    let file = File::open(path).map_err(|error| failed(&error))?;
    let archive = zipped::open(file).map_err(|error| failed(&error))?;
    let is_warc = |name: &String| {
        let lower = name.to_ascii_lowercase();
        lower.starts_with("archive/") && [".warc", ".warc.gz", ".warc.zst"].iter().any(|ending| lower.ends_with(ending))
    };
    let mut names: Vec<String> = names_of(&archive).into_iter().filter(is_warc).collect();
    names.sort();
    if names.is_empty() {
        return Err(failed(&"it holds no WARC file under archive/, so it is no WACZ"));
    }
    Ok(Warcs { archive, place, names: names.into_iter(), spent: 0 })
}

impl Warcs {
    /// The next WARC file, unpacked into a temporary one that goes with what is returned.
    ///
    /// # Errors
    /// If it is damaged or larger than it may be.
    pub fn next_file(&mut self) -> Result<Option<(String, TempPath)>, SourceError> {
        let Some(name) = self.names.next() else { return Ok(None) };
        let place = format!("{}, {name}", self.place);
        let failed = |error: &dyn std::fmt::Display| SourceError::new(place.clone(), error);
        let mut entry = self.archive.by_name(&name).map_err(|error| failed(&error))?;
        let packed = entry.compressed_size();
        let limit = packed.saturating_mul(MAX_RATIO).min(MAX_TOTAL.saturating_sub(self.spent));
        let file = NamedTempFile::new().map_err(|error| failed(&error))?;
        let written =
            io::copy(&mut (&mut entry).take(limit + 1), &mut file.as_file()).map_err(|error| failed(&error))?;
        if written > limit {
            return Err(failed(&format!(
                "it unpacks to more than {limit} bytes, which no honest archive does; unpack it yourself and import the WARC file"
            )));
        }
        self.spent += written;
        Ok(Some((name, file.into_temp_path())))
    }
}
