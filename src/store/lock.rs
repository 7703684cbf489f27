//! One daemon and one import a store, one backfill a watch, one request of a class to
//! archives. The system gives the lock back when the process ends, however it ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use super::StoreError;
use crate::watch::WatchId;

/// The right to be the daemon of a store; given back when it is dropped.
#[derive(Debug)]
pub struct DaemonLock {
    _file: File,
}

/// Takes the right to be the daemon of the store at `path`, by a lock on `<path>.lock`.
/// The file stays; only the lock on it means something.
///
/// # Errors
/// [`StoreError::Locked`] if another process has it; [`StoreError::Io`] if the file
/// cannot be made.
pub fn lock_daemon(path: &Path) -> Result<DaemonLock, StoreError> {
    match try_lock(&beside(path, ".lock"))? {
        Some(file) => Ok(DaemonLock { _file: file }),
        None => Err(StoreError::Locked { path: path.to_owned() }),
    }
}

/// The right to bring histories into a store; given back when dropped. The file stays.
#[derive(Debug)]
pub struct ImportLock {
    _file: File,
}

/// Takes the right to bring histories into a store: what two imports at once hold in mind and
/// have not written, neither would find on record, and both would write it.
///
/// # Errors
/// [`StoreError::Importing`] if another process has it; [`StoreError::Io`] if the file
/// cannot be made.
pub fn lock_import(path: &Path) -> Result<ImportLock, StoreError> {
    match try_lock(&beside(path, ".import.lock"))? {
        Some(file) => Ok(ImportLock { _file: file }),
        None => Err(StoreError::Importing { path: path.to_owned() }),
    }
}

/// The right to read the history of one watch from an archive; given back when dropped.
#[derive(Debug)]
pub struct WatchLock {
    _file: File,
    path: PathBuf,
}

impl Drop for WatchLock {
    /// Whoever opened it meanwhile may work beside the next one, which is no harm: it only
    /// fetches something twice.
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Takes the right to read a watch's history; none if another process has it.
///
/// # Errors
/// [`StoreError::Io`] if the file cannot be made.
pub fn lock_watch(path: &Path, watch: &WatchId) -> Result<Option<WatchLock>, StoreError> {
    let path = beside(path, &format!(".backfill-{watch}.lock"));
    Ok(try_lock(&path)?.map(|file| WatchLock { _file: file, path }))
}

/// The place of one request to an archive; given back when dropped.
#[derive(Debug)]
pub struct Place {
    _file: File,
}

/// Takes the place of a class of requests to archives; none if somebody has it. The file stays.
pub(super) fn take_place(path: &Path, class: &str) -> Result<Option<Place>, StoreError> {
    Ok(try_lock(&beside(path, &format!(".archive-{class}.lock")))?.map(|file| Place { _file: file }))
}

/// A file beside the store.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

fn try_lock(path: &Path) -> Result<Option<File>, StoreError> {
    let failed = |error: std::io::Error| StoreError::Io { path: path.to_owned(), reason: error.to_string() };
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}
