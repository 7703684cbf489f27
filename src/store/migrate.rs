//! Brings a database to the schema of this policywatch, one step at a time, and
//! refuses what is not ours.
//!
//! The schema's number is SQLite's `user_version`. Each step's text is remembered by
//! its digest, so that a step that was edited after its release is noticed.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use super::StoreError;
use super::fault::{Fault, Sha256};
use crate::snapshot::Digest;

/// `polw`, in the header of every store (SQLite's `application_id`).
const APPLICATION_ID: i32 = 0x706f_6c77;

/// In bytes. Most rows are differences of a few hundred bytes: on real histories a store
/// is an eighth smaller than with pages of 2 KiB, and not slower. It bounds a store to 2 TiB.
const PAGE_SIZE: u32 = 512;

/// The steps, in order, never edited once released.
const STEPS: [&str; 1] = [include_str!("migrations/0001_initial.sql")];

/// The newest schema we know.
const KNOWN: u32 = STEPS.len() as u32;

/// Looks at the file's header without opening it as a database, so that what is not
/// ours, or is newer, is not touched at all.
pub(super) fn inspect(path: &Path) -> Result<(), StoreError> {
    let not_ours = |reason: &str| StoreError::NotAStore { path: path.to_owned(), reason: reason.to_owned() };
    let mut header = Vec::new();
    match File::open(path).and_then(|file| file.take(100).read_to_end(&mut header)) {
        Ok(0) => return Ok(()),
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(StoreError::Io { path: path.to_owned(), reason: error.to_string() }),
    }
    if header.len() < 100 || !header.starts_with(b"SQLite format 3\0") {
        return Err(not_ours("it is no SQLite database"));
    }
    let number = |at: usize| u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
    // Offsets of the file format: 60 user_version, 68 application_id.
    match (number(68) as i32, number(60)) {
        // Unmarked, or made a moment ago and the mark is still in the log: SQLite can tell.
        (0, _) => {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
            let marks = Connection::open_with_flags(path, flags).and_then(|connection| Marks::of(&connection));
            marks.map_err(|error| Fault::from(error).told(path, "look into the database"))?.judge(path)
        }
        (application_id, schema) => Marks { application_id, schema, tables: 1 }.judge(path),
    }
}

/// What tells whose a database is.
struct Marks {
    application_id: i32,
    schema: u32,
    tables: u32,
}

impl Marks {
    fn of(connection: &Connection) -> rusqlite::Result<Self> {
        Ok(Self {
            application_id: connection.pragma_query_value(None, "application_id", |row| row.get(0))?,
            schema: connection.pragma_query_value(None, "user_version", |row| row.get(0))?,
            tables: connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?,
        })
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
    connection.pragma_update(None, "journal_mode", "WAL")?;
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
    check_steps(connection)
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
