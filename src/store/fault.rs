//! What goes wrong inside a transaction, before it is known to the caller.
//!
//! SQLite's codes decide what a fault is called, never the words of its messages.

use std::path::Path;

use rusqlite::ffi::SQLITE_IOERR_SHMSIZE;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Error, ErrorCode};

use super::StoreError;
use crate::snapshot::Digest;
use crate::time::{Timestamp, parse_rfc3339, rfc3339};

/// A failure inside a transaction: SQLite's, or already in our words.
#[derive(Debug)]
pub(super) enum Fault {
    Sqlite(Error),
    Store(StoreError),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Fault::Sqlite(error)
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Fault::Store(error)
    }
}

impl Fault {
    /// What is stored at `place` does not say what it must.
    pub(super) fn damaged(place: impl Into<String>, reason: impl ToString) -> Self {
        Fault::Store(StoreError::Damaged { place: place.into(), reason: reason.to_string() })
    }

    /// The fault in words for the caller, who was `doing` something with the store at `path`.
    pub(super) fn told(self, path: &Path, doing: &'static str) -> StoreError {
        let error = match self {
            Fault::Store(error) => return error,
            Fault::Sqlite(error) => error,
        };
        let path = path.to_owned();
        match error.sqlite_error_code() {
            // The file that processes share beside the database could not be made as large as it
            // has to be.
            Some(ErrorCode::SystemIoFailure) if extended(&error) == Some(SQLITE_IOERR_SHMSIZE) => {
                StoreError::Full { path }
            }
            Some(ErrorCode::SystemIoFailure) => StoreError::Io {
                path,
                reason: format!("the disk failed ({error}); look at what the system says of it, then run `policywatch verify`"),
            },
            Some(ErrorCode::DiskFull) => StoreError::Full { path },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Busy { path },
            Some(ErrorCode::NotADatabase) => {
                StoreError::NotAStore { path, reason: "it is no SQLite database".to_owned() }
            }
            Some(ErrorCode::DatabaseCorrupt) => {
                StoreError::Damaged { place: path.display().to_string(), reason: error.to_string() }
            }
            Some(ErrorCode::CannotOpen) => StoreError::Io {
                path,
                reason: "it cannot be opened; are it and its directory there, and may we write to both? Reading takes that, too"
                    .to_owned(),
            },
            Some(ErrorCode::ReadOnly) => StoreError::Io { path, reason: "it may only be read".to_owned() },
            Some(_) => StoreError::Sqlite { doing, reason: error.to_string() },
            // A value that is none of ours: the row was written by something else.
            None if is_conversion(&error) => {
                StoreError::Damaged { place: format!("a row met on the way to {doing}"), reason: error.to_string() }
            }
            None => StoreError::Sqlite { doing, reason: error.to_string() },
        }
    }
}

/// SQLite's own number of what failed, finer than its code.
fn extended(error: &Error) -> Option<i32> {
    error.sqlite_error().map(|error| error.extended_code)
}

/// What was read, unless that is damaged: for what is better done without it than not at all.
/// `policywatch verify` tells of the damage.
pub(super) fn unless_damaged<T>(read: Result<T, Fault>) -> Result<Option<T>, Fault> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(Fault::Store(StoreError::Damaged { place, reason })) => {
            tracing::warn!("done without what is damaged at {place}: {reason}; run `policywatch verify`");
            Ok(None)
        }
        Err(other) => Err(other),
    }
}

fn is_conversion(error: &Error) -> bool {
    matches!(
        error,
        Error::FromSqlConversionFailure(..)
            | Error::IntegralValueOutOfRange(..)
            | Error::InvalidColumnType(..)
            | Error::Utf8Error(..)
    )
}

/// A moment as the tables hold it.
pub(super) struct At(pub(super) Timestamp);

impl ToSql for At {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(rfc3339(self.0).into())
    }
}

impl FromSql for At {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        parse_rfc3339(value.as_str()?).map(At).map_err(|error| FromSqlError::Other(Box::new(error)))
    }
}

/// A digest as the tables hold it.
pub(super) struct Sha256(pub(super) Digest);

impl ToSql for Sha256 {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Blob(self.0.as_bytes())))
    }
}

impl FromSql for Sha256 {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        <[u8; 32]>::column_result(value).map(|bytes| Sha256(Digest::from_bytes(bytes)))
    }
}

/// A member of a closed set, by the word it is stored as.
pub(super) fn word<T>(column: usize, text: &str, parse: impl Fn(&str) -> Option<T>) -> rusqlite::Result<T> {
    parse(text).ok_or_else(|| {
        let reason = format!("\"{text}\" is no word we know here");
        Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, reason.into())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_disk_says_is_told_in_our_words() {
        let told = |code| {
            let error = Error::SqliteFailure(rusqlite::ffi::Error::new(code), None);
            Fault::Sqlite(error).told(Path::new("p.db"), "open the store").to_string()
        };
        // A disk that is full before the store is opened.
        assert!(told(SQLITE_IOERR_SHMSIZE).starts_with("no space left for p.db"));
        assert!(told(rusqlite::ffi::SQLITE_FULL).starts_with("no space left for p.db"));
        assert!(told(rusqlite::ffi::SQLITE_IOERR_READ).contains("the disk failed"));
        assert!(told(rusqlite::ffi::SQLITE_CANTOPEN).contains("may we write to both"));
    }
}
