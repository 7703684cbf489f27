//! The record in other formats, for other programs and for keeping.
//!
//! Every format is written from the store alone, watch by watch and oldest first, with one
//! body in memory. The same record gives the same bytes. A file appears under its name
//! when it is whole.

pub mod git;
pub mod jsonl;
pub mod markdown;
pub mod wacz;
pub mod warc;

use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::git::GitError;
use crate::store::{CaptureFacts, Store, StoreError};
use crate::time::Timestamp;
use crate::version::VersionFacts;
use crate::watch::WatchId;

/// What is exported.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// These watches, in this order.
    pub watches: Vec<WatchId>,
    /// Nothing captured before.
    pub from: Option<Timestamp>,
    /// Nothing captured after.
    pub to: Option<Timestamp>,
}

/// What an export wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Captures.
    pub captures: usize,
    /// Versions.
    pub versions: usize,
    /// Bytes of the file; of a folder or a repository, none.
    pub bytes: Option<u64>,
}

/// Why an export ended early. Nothing is left of its file then.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The record cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file cannot be written.
    #[error("could not write {path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// There is something already.
    #[error("{path} exists already; name another path, or take it away")]
    Exists {
        /// The file or folder.
        path: PathBuf,
    },
    /// The repository has another history.
    #[error(
        "the commits in {path} are not the beginning of this history: older captures came in since, or other watches \
         were chosen, so they were left as they are; export into a new folder"
    )]
    Diverged {
        /// The repository.
        path: PathBuf,
    },
    /// The history is another each time it is looked at.
    #[error(
        "the history of {watch} was derived anew while it was written; export again when the import or backfill is done"
    )]
    Moving {
        /// Whose it is.
        watch: WatchId,
    },
    /// The repository cannot be written.
    #[error(transparent)]
    Git(#[from] GitError),
}

/// Names the file that could not be written.
fn at(path: &Path) -> impl Fn(io::Error) -> ExportError + '_ {
    move |error| ExportError::Io { path: path.to_owned(), error }
}

impl Selection {
    async fn captures(&self, watch: &WatchId, store: &Store) -> Result<Vec<CaptureFacts>, StoreError> {
        store.captures(watch, self.from, self.to).await
    }

    async fn versions(&self, watch: &WatchId, store: &Store) -> Result<Vec<VersionFacts>, StoreError> {
        let mut versions = store.versions(watch).await?;
        let within = |at: Timestamp| self.from.is_none_or(|from| at >= from) && self.to.is_none_or(|to| at <= to);
        versions.retain(|version| within(version.captured_at));
        Ok(versions)
    }

    /// How much there is to write.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn count(&self, store: &Store) -> Result<Written, StoreError> {
        let mut count = Written::default();
        for watch in &self.watches {
            count.captures += self.captures(watch, store).await?.len();
            count.versions += self.versions(watch, store).await?.len();
        }
        Ok(count)
    }
}

/// A file beside the one that is wanted, which takes its name when it is whole.
struct Draft {
    file: tempfile::NamedTempFile,
    path: PathBuf,
}

impl Draft {
    fn begin(path: &Path) -> Result<Self, ExportError> {
        if path.symlink_metadata().is_ok() {
            return Err(ExportError::Exists { path: path.to_owned() });
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // Who may read it is as of any new file: a draft of its own would be ours alone.
        let mode = std::fs::Permissions::from_mode(0o666);
        let file = tempfile::Builder::new().prefix(".policywatch-").permissions(mode).tempfile_in(folder);
        let file = file.map_err(at(path))?;
        Ok(Self { file, path: path.to_owned() })
    }

    fn keep(self) -> Result<u64, ExportError> {
        let file = self.file.as_file();
        file.sync_all().map_err(at(&self.path))?;
        let size = file.metadata().map_err(at(&self.path))?.len();
        match self.file.persist_noclobber(&self.path) {
            Ok(_) => Ok(size),
            Err(failed) if failed.error.kind() == io::ErrorKind::AlreadyExists => {
                Err(ExportError::Exists { path: self.path })
            }
            Err(failed) => Err(ExportError::Io { path: self.path, error: failed.error }),
        }
    }
}

/// The last moment of a selection, which dates what has no date of its own.
async fn newest(selection: &Selection, store: &Store) -> Result<Timestamp, StoreError> {
    let mut newest = Timestamp::UNIX_EPOCH;
    for watch in &selection.watches {
        newest = newest.max(selection.captures(watch, store).await?.last().map_or(newest, |last| last.captured_at));
    }
    Ok(newest)
}
