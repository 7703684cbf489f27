//! One daemon a store, and one backfill a watch. The system gives the lock back when the process ends, however it ends.

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
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let lock = PathBuf::from(name);
    let failed = |error: std::io::Error| StoreError::Io { path: lock.clone(), reason: error.to_string() };
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&lock).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(DaemonLock { _file: file }),
        Err(TryLockError::WouldBlock) => Err(StoreError::Locked { path: path.to_owned() }),
        Err(TryLockError::Error(error)) => Err(failed(error)),
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
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".backfill-{watch}.lock"));
    let lock = PathBuf::from(name);
    let failed = |error: std::io::Error| StoreError::Io { path: lock.clone(), reason: error.to_string() };
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&lock).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(WatchLock { _file: file, path: lock })),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}
