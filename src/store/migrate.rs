//! Brings a database to the schema of this policywatch, one step at a time, and
//! refuses what is not ours.
//!
//! The schema's number is SQLite's `user_version`. Each step's text is remembered by
//! its digest, so that a step that was edited after its release is noticed.

use std::path::Path;

use percent_encoding::{AsciiSet, CONTROLS, percent_encode};
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};

use super::StoreError;
use super::fault::{Fault, Sha256};
use crate::snapshot::Digest;

/// `polw`, in the header of every store (SQLite's `application_id`).
const APPLICATION_ID: i32 = 0x706f_6c77;

/// In bytes. Most rows are differences of a few hundred bytes: on real histories a store
/// is an eighth smaller than with pages of 2 KiB, and not slower. It bounds a store to 2 TiB.
const PAGE_SIZE: u32 = 512;

/// The steps, in order, never edited once released.
const STEPS: [&str; 13] = [
    include_str!("migrations/0001_initial.sql"),
    include_str!("migrations/0002_pages.sql"),
    include_str!("migrations/0003_time.sql"),
    include_str!("migrations/0004_archive.sql"),
    include_str!("migrations/0005_ladder.sql"),
    include_str!("migrations/0006_moves.sql"),
    include_str!("migrations/0007_health.sql"),
    include_str!("migrations/0008_access.sql"),
    include_str!("migrations/0009_archives.sql"),
    include_str!("migrations/0010_attempts.sql"),
    include_str!("migrations/0011_untimely.sql"),
    include_str!("migrations/0012_move_ends.sql"),
    include_str!("migrations/0013_told_together.sql"),
];

/// The newest schema we know.
const KNOWN: u32 = STEPS.len() as u32;

/// Looks at the database without changing a byte of it, so that what is not ours, or is
/// newer, is not touched at all.
///
/// Through SQLite, never through a file of our own: closing one would give up the locks
/// that other connections of this process hold on it.
pub(super) fn inspect(path: &Path) -> Result<(), StoreError> {
    let failed = |error: rusqlite::Error| Fault::from(error).told(path, "look into the database");
    if !path.try_exists().map_err(|error| StoreError::Io { path: path.to_owned(), reason: error.to_string() })? {
        return Ok(());
    }
    // The header alone, since nothing is locked. What is seen of a file that is being made
    // this moment may be nonsense; the second look decides then.
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    let marks = Connection::open_with_flags(immutable(path), flags).and_then(|connection| header(&connection));
    if let Ok((application_id, schema)) = marks
        && application_id != 0
    {
        return Marks { application_id, schema, tables: 1 }.judge(path);
    }
    // Unmarked, or made a moment ago and the mark is still in the log, which is only read
    // by a connection that takes part.
    let look = || {
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        // One state: whoever makes it may commit between two questions.
        let tx = connection.unchecked_transaction()?;
        Marks::of(&tx)
    };
    look().map_err(failed)?.judge(path)
}

/// The URI of a database that SQLite is to read without locks or a log.
fn immutable(path: &Path) -> String {
    let bytes = path.as_os_str().as_encoded_bytes();
    let authority = if bytes.starts_with(b"/") { "//" } else { "" };
    format!("file:{authority}{}?immutable=1", percent_encode(bytes, IN_PATHS))
}

/// `application_id` and `user_version`.
fn header(connection: &Connection) -> rusqlite::Result<(i32, u32)> {
    Ok((
        connection.pragma_query_value(None, "application_id", |row| row.get(0))?,
        connection.pragma_query_value(None, "user_version", |row| row.get(0))?,
    ))
}

/// What a path must not have in a URI.
const IN_PATHS: &AsciiSet = &CONTROLS.add(b'?').add(b'#').add(b'%').add(b' ');

/// What tells whose a database is.
struct Marks {
    application_id: i32,
    schema: u32,
    tables: u32,
}

impl Marks {
    fn of(connection: &Connection) -> rusqlite::Result<Self> {
        let (application_id, schema) = header(connection)?;
        let tables = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        Ok(Self { application_id, schema, tables })
    }

    /// Refuses what is not ours, or newer; an empty database is ours to fill.
    fn judge(&self, path: &Path) -> Result<(), StoreError> {
        let empty = self.application_id == 0 && self.schema == 0 && self.tables == 0;
        if self.application_id != APPLICATION_ID && !empty {
            let reason = "it is another program's SQLite database".to_owned();
            return Err(StoreError::NotAStore { path: path.to_owned(), reason });
        }
        if self.schema > KNOWN {
            return Err(StoreError::Newer { path: path.to_owned(), found: self.schema, known: KNOWN });
        }
        Ok(())
    }
}

/// Applies the steps that are missing, all or none.
pub(super) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), Fault> {
    if Marks::of(connection)?.schema == KNOWN {
        return check_steps(connection);
    }
    // No effect on a database that has pages already.
    connection.pragma_update(None, "page_size", PAGE_SIZE)?;
    keep_a_log(connection)?;
    // Another process may be doing the same: whoever comes second finds it done.
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = Marks::of(&tx)?;
    found.judge(path)?;
    tx.execute_batch(
        "CREATE TABLE IF NOT EXISTS migrations (
             step   INTEGER PRIMARY KEY,
             digest BLOB NOT NULL CHECK (length(digest) = 32) -- SHA-256 of the step's text
         ) STRICT",
    )?;
    (found.schema..KNOWN).try_for_each(|step| apply(&tx, step))?;
    tx.pragma_update(None, "application_id", APPLICATION_ID)?;
    tx.pragma_update(None, "user_version", KNOWN)?;
    tx.commit()?;
    if found.schema == 0
        && let Err(error) = connection.execute_batch("VACUUM")
    {
        // It is whole, and holds a page or two that the steps on the way left empty.
        tracing::debug!("the new store was not packed: {error}");
    }
    check_steps(connection)
}

/// Turns the write-ahead log on. Two processes that do so at once would wait for each
/// other, so SQLite tells one of them at once that it is busy: that one waits for its turn
/// to write, and finds it done.
fn keep_a_log(connection: &mut Connection) -> rusqlite::Result<()> {
    for _ in 0..100 {
        match connection.pragma_update(None, "journal_mode", "WAL") {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?.rollback()?;
            }
            done => return done,
        }
    }
    connection.pragma_update(None, "journal_mode", "WAL")
}

fn apply(tx: &Transaction<'_>, step: u32) -> Result<(), Fault> {
    let text = STEPS[step as usize];
    tx.execute_batch(text)?;
    tx.execute(
        "INSERT INTO migrations (step, digest) VALUES (?1, ?2)",
        (step + 1, Sha256(Digest::of(text.as_bytes()))),
    )?;
    Ok(())
}

/// The steps that made this database must be the ones we know.
fn check_steps(connection: &Connection) -> Result<(), Fault> {
    for (step, text) in (1u32..).zip(STEPS) {
        let digest: Sha256 =
            connection.query_row("SELECT digest FROM migrations WHERE step = ?1", [step], |row| row.get(0))?;
        if digest.0 != Digest::of(text.as_bytes()) {
            return Err(Fault::damaged(
                format!("migrations {step}"),
                "the schema was made by another text of this step",
            ));
        }
    }
    Ok(())
}
