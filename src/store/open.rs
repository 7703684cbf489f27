//! The connections: one that writes, a few that read, and how they open and close.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use tokio::sync::{Mutex as Turn, Semaphore};

use super::fault::Fault;
use super::{Store, StoreError, migrate};

/// How many may read at once: enough for a daemon and its faces, and each costs memory.
const READERS: usize = 4;

/// How a store is opened. `[store]` of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// In bytes: the database may not grow beyond it; none: as far as the disk goes.
    pub max_size: Option<u64>,
    /// How long to wait while another process writes.
    pub patience: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { max_size: None, patience: Duration::from_secs(5) }
    }
}

/// What the clones of a [`Store`] share.
pub(super) struct Connections {
    path: PathBuf,
    options: Options,
    writer: Arc<Turn<Connection>>,
    idle: Mutex<Vec<Connection>>,
    seats: Semaphore,
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Drop for Connections {
    /// Leaves one tidy file behind. What fails here fails again, and aloud, at the next opening.
    fn drop(&mut self) {
        self.idle.get_mut().unwrap_or_else(PoisonError::into_inner).clear();
        if let Ok(writer) = self.writer.try_lock() {
            let _ = tidy(&writer);
        }
    }
}

impl Store {
    /// Opens the store, creating or migrating it.
    ///
    /// # Errors
    /// [`StoreError::Newer`] and [`StoreError::NotAStore`] before anything is touched.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        Self::open_with(path, Options::default()).await
    }

    /// Opens the store with other limits than the usual.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub async fn open_with(path: &Path, options: Options) -> Result<Self, StoreError> {
        let path = path.to_owned();
        blocking(OPENING, move || {
            migrate::inspect(&path)?;
            let writer = connect_writer(&path, &options).map_err(|fault| fault.told(&path, OPENING))?;
            let connections = Connections {
                path,
                options,
                writer: Arc::new(Turn::new(writer)),
                idle: Mutex::default(),
                seats: Semaphore::new(READERS),
            };
            Ok(Self { connections: Arc::new(connections) })
        })
        .await
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.connections.path
    }

    /// Writes everything back into the one file. The same happens when the last clone
    /// is dropped; only this tells whether it worked.
    ///
    /// # Errors
    /// What SQLite says; nothing recorded is lost then.
    pub async fn close(self) -> Result<(), StoreError> {
        const CLOSING: &str = "close the store";
        let connections = self.connections;
        let writer = Arc::clone(&connections.writer).lock_owned().await;
        blocking(CLOSING, move || {
            let tidied = tidy(&writer).map_err(|error| Fault::from(error).told(&connections.path, CLOSING));
            drop(writer);
            tidied
        })
        .await
    }

    /// Runs `work` in one transaction that holds the right to write from its start;
    /// commits if it succeeds, else leaves everything as it was.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        let connections = Arc::clone(&self.connections);
        // Waiting here costs no thread, and who came first writes first.
        let mut writer = Arc::clone(&connections.writer).lock_owned().await;
        blocking(doing, move || {
            let done = transact(&mut writer, TransactionBehavior::Immediate, work);
            // Before the connections: whoever drops the last of them tidies up.
            drop(writer);
            done.map_err(|fault| fault.told(&connections.path, doing))
        })
        .await
    }

    /// Runs `work` on one consistent state of the record, beside whoever writes.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        seated(Arc::clone(&self.connections), doing, work).await
    }
}

const OPENING: &str = "open the store";

/// Reads as soon as one of the [`READERS`] seats is free.
async fn seated<T: Send + 'static>(
    connections: Arc<Connections>,
    doing: &'static str,
    work: impl FnOnce(&Transaction<'_>) -> Result<T, Fault> + Send + 'static,
) -> Result<T, StoreError> {
    let permit = connections.seats.acquire().await.expect("the seats are never closed");
    // The permit borrows, the thread must own: the seat gives it back when the work is done.
    permit.forget();
    let seat = Seat(connections);
    blocking(doing, move || seat.0.read(work).map_err(|fault| fault.told(&seat.0.path, doing))).await
}

/// The right to read, given back even if the work panics.
struct Seat(Arc<Connections>);

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.seats.add_permits(1);
    }
}

impl Connections {
    fn read<T>(&self, work: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>) -> Result<T, Fault> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut reader = match idle {
            Some(reader) => reader,
            None => connect_reader(&self.path, &self.options)?,
        };
        let done = transact(&mut reader, TransactionBehavior::Deferred, work);
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(reader);
        done
    }
}

fn transact<T>(
    connection: &mut Connection,
    behavior: TransactionBehavior,
    work: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let tx = connection.transaction_with_behavior(behavior)?;
    let done = work(&tx)?;
    tx.commit()?;
    Ok(done)
}

fn connect_writer(path: &Path, options: &Options) -> Result<Connection, Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(options.patience)?;
    // An alert must not outlive the version that it reports.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    migrate::migrate(&mut connection, path)?;
    // 1 MiB, in pages and in bytes: what the log weighs beside the database, but for one
    // large transaction.
    connection.pragma_update(None, "wal_autocheckpoint", 2048)?;
    connection.pragma_update(None, "journal_size_limit", 1024 * 1024)?;
    if let Some(size) = options.max_size {
        let page: u32 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
        connection.pragma_update(None, "max_page_count", i64::try_from(size / u64::from(page)).unwrap_or(i64::MAX))?;
    }
    modest(&connection)?;
    Ok(connection)
}

fn connect_reader(path: &Path, options: &Options) -> Result<Connection, Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(options.patience)?;
    modest(&connection)?;
    Ok(connection)
}

/// Bounds what a connection keeps in memory: 2 MiB of pages; the system caches the rest.
fn modest(connection: &Connection) -> Result<(), Fault> {
    connection.pragma_update(None, "cache_size", -2048)?;
    connection.set_prepared_statement_cache_capacity(96);
    // Plans that do not depend on the values asked for: else every new value is a reason to
    // prepare a statement anew, which takes longer than running it.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

/// Moves the log into the database and empties it, as far as other processes let it.
fn tidy(writer: &Connection) -> rusqlite::Result<()> {
    writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
}

/// Runs `work` where it may wait. A panic in it becomes an error: its transaction was
/// rolled back on the way.
async fn blocking<T: Send + 'static>(
    doing: &'static str,
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => Err(StoreError::Sqlite { doing, reason: format!("our own code failed: {error}") }),
    }
}
