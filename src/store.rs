//! Opening the SQLite files that are ours: the gallery and the audit.
//!
//! A file is made whole beside its place and then moved there, so that what stands at the place is always a complete one: an empty or
//! half-made file is never ours. What is not ours, is newer than this program or is damaged is refused and left exactly as it is;
//! [`set_aside`] keeps such a file under another name when somebody decides so. Nothing here ever replaces a file.
//!
//! Writes are durable when they return (WAL with `synchronous=FULL`); a second process waits up to five seconds for its turn.

mod create;
mod error;

pub use create::set_aside;
pub use error::{Stop, StoreError};

use error::Place;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

/// How long a writer waits for another process's turn to end.
const BUSY: Duration = Duration::from_secs(5);

/// A kind of file.
pub struct Kind {
    /// What a caretaker calls it.
    pub what: &'static str,
    /// SQLite's `application_id`: says that the file is ours.
    pub application_id: i32,
    /// `migrations[n]` leads from version n (`user_version`) to n + 1. Never change one that was released: append.
    pub migrations: &'static [&'static str],
    /// Read all of it at opening (`PRAGMA quick_check`): for a file that is small and must be right.
    pub checked_at_open: bool,
}

/// An open file of ours.
pub struct Store {
    connection: Connection,
    place: Place,
}

impl Store {
    /// Opens `path`, and makes it first where it is absent: its folder (mode 0700, where that is absent too), the file (0600), all
    /// migrations, then `first`.
    ///
    /// # Errors
    /// What is not ours, newer, damaged, busy, read-only or can't be reached is refused, and left as it is.
    pub fn open(path: &Path, kind: &'static Kind, first: impl FnOnce(&Connection) -> rusqlite::Result<()>) -> Result<Store, StoreError> {
        let place = Place::new(kind.what, path)?;
        if !place.exists()? {
            create::create(&place, kind, first)?;
        }
        let mut store = Store::connect(place)?;
        store.recognise(kind)?;
        store.prepare(kind).map_err(|e| store.place.explain(e))?;
        if kind.checked_at_open {
            store.check()?;
        }
        store.migrate(kind)?;
        Ok(store)
    }

    fn connect(place: Place) -> Result<Store, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_EXRESCODE;
        let open = || {
            let connection = Connection::open_with_flags(&place.path, flags)?;
            connection.busy_timeout(BUSY)?;
            let read_only = connection.is_readonly("main")?;
            Ok((connection, read_only))
        };
        match open() {
            Ok((connection, false)) => Ok(Store { connection, place }),
            Ok((_, true)) => Err(StoreError::ReadOnly { what: place.what, path: place.path }),
            Err(e) => Err(place.explain(e)),
        }
    }

    /// Refuses what is not ours and what is newer. Only reads. (Never by opening the file ourselves: closing it again would drop the
    /// locks that this process's other connections hold on it; sqlite.org/howtocorrupt.html, 2.2.)
    fn recognise(&self, kind: &Kind) -> Result<(), StoreError> {
        let number = |pragma| self.connection.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0));
        let foreign = |found: String| StoreError::NotOurs { what: self.place.what, path: self.place.path.clone(), found };
        match number("application_id") {
            Ok(id) if id == kind.application_id => {}
            Ok(_) if self.place.is_empty() => return Err(foreign("it is empty".into())),
            Ok(id) => return Err(foreign(format!("it is another program's SQLite file (application_id {id:#x})"))),
            Err(e) if e.sqlite_error_code() == Some(rusqlite::ErrorCode::NotADatabase) => {
                return Err(foreign("it does not begin as an SQLite file, or its beginning is destroyed".into()));
            }
            Err(e) => return Err(self.place.explain(e)),
        }
        let found = number("user_version").map_err(|e| self.place.explain(e))?;
        if usize::try_from(found).is_ok_and(|found| found <= kind.migrations.len()) {
            return Ok(());
        }
        Err(StoreError::Newer { what: self.place.what, path: self.place.path.clone(), found, known: kind.migrations.len() })
    }

    fn prepare(&self, kind: &Kind) -> rusqlite::Result<()> {
        use rusqlite::config::DbConfig;
        self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        // secure_delete: what is removed is overwritten with zeros. temp_store: nothing of it ever lies in /tmp.
        self.connection.execute_batch(
            "PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA secure_delete=ON; PRAGMA temp_store=MEMORY;
             PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON;",
        )?;
        // Made in WAL mode; a tool that went over the file may have switched it off.
        self.connection.pragma_update(None, "journal_mode", "WAL")?;
        self.connection.set_prepared_statement_cache_capacity(32);
        if let Ok(status) = std::fs::metadata(&self.place.path)
            && status.permissions().mode() & 0o077 != 0
            && let Err(e) = std::fs::set_permissions(&self.place.path, std::fs::Permissions::from_mode(0o600))
        {
            log::warn!("others may read the {} {}: {e}", kind.what, self.place.path.display());
        }
        Ok(())
    }

    fn check(&self) -> Result<(), StoreError> {
        let verdict = self.connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0));
        match verdict {
            Ok(text) if text == "ok" => Ok(()),
            Ok(text) => Err(self.place.damaged(text.replace('\n', "; "))),
            Err(e) => Err(self.place.explain(e)),
        }
    }

    fn migrate(&mut self, kind: &Kind) -> Result<(), StoreError> {
        let version = |c: &Connection| c.pragma_query_value(None, "user_version", |row| row.get::<_, u32>(0).map(|v| v as usize));
        if version(&self.connection).map_err(|e| self.place.explain(e))? == kind.migrations.len() {
            return Ok(());
        }
        self.write(|t| {
            let from = version(t)?; // again: another process may have been quicker
            for (step, sql) in kind.migrations.iter().enumerate().skip(from) {
                t.execute_batch(sql)?;
                t.pragma_update(None, "user_version", (step + 1) as u32)?;
            }
            Ok::<_, Stop<StoreError>>(())
        })
    }

    /// Runs `work` in one transaction that no other writer can get into; all of it counts, or nothing.
    ///
    /// # Errors
    /// `work`'s own, and the store's (full disk, busy, damaged ...).
    pub fn write<T, E: From<StoreError>>(&mut self, work: impl FnOnce(&Transaction<'_>) -> Result<T, Stop<E>>) -> Result<T, E> {
        self.transaction(TransactionBehavior::Immediate, work)
    }

    /// Runs `work` on one unchanging state of the file.
    ///
    /// # Errors
    /// `work`'s own, and the store's.
    pub fn read<T, E: From<StoreError>>(&mut self, work: impl FnOnce(&Transaction<'_>) -> Result<T, Stop<E>>) -> Result<T, E> {
        self.transaction(TransactionBehavior::Deferred, work)
    }

    fn transaction<T, E: From<StoreError>>(
        &mut self,
        behaviour: TransactionBehavior,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Stop<E>>,
    ) -> Result<T, E> {
        let Store { connection, place } = self;
        let run = || {
            let transaction = connection.transaction_with_behavior(behaviour)?;
            let done = work(&transaction)?; // an error rolls back: the transaction is dropped
            transaction.commit()?;
            Ok(done)
        };
        run().map_err(|stop| match stop {
            Stop::Sql(e) => place.explain(e).into(),
            Stop::No(e) => e,
        })
    }

    /// Copies the log of changes into the file and empties it. `false` where another process was reading and kept it from being emptied.
    ///
    /// # Errors
    /// The store's.
    pub fn empty_log(&self) -> Result<bool, StoreError> {
        let busy = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
        busy.map(|busy| busy == 0).map_err(|e| self.place.explain(e))
    }

    /// SQLite's `data_version`: differs from the last call's when another connection or process has changed the file. Microseconds.
    ///
    /// # Errors
    /// The store's.
    pub fn data_version(&self) -> Result<i64, StoreError> {
        let version = self.connection.prepare_cached("PRAGMA data_version").and_then(|mut s| s.query_row([], |row| row.get(0)));
        version.map_err(|e| self.place.explain(e))
    }

    /// The room's own settings of the connection.
    ///
    /// # Errors
    /// The store's.
    pub fn settings(&self, sql: &str) -> Result<(), StoreError> {
        self.connection.execute_batch(sql).map_err(|e| self.place.explain(e))
    }

    /// That the file is damaged, in the store's words.
    pub fn damaged(&self, found: String) -> StoreError {
        self.place.damaged(found)
    }

    /// Where it lies; absolute.
    pub fn path(&self) -> &Path {
        &self.place.path
    }
}

#[cfg(test)]
mod tests;
