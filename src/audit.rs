//! Remembers what happened, in order, unalterably.
//!
//! One SQLite file of its own ([`crate::store`]): a full or damaged record can't harm the gallery, nor the gallery the record. Each event
//! carries the SHA-256 of itself and of the event before it (the chain); the record keeps its head, and an anchor where old events were
//! dropped to stay within a number of bytes. [`Audit::verify`] says what such a chain proves and what it can't.
//!
//! An event holds a person's number, never the name: who is removed from the gallery leaves no name here.

mod append;
mod chain;
mod code;
mod error;
mod event;
mod read;
mod verify;

pub use crate::store::{StoreError, set_aside};
pub use chain::Head;
pub use code::Code;
pub use error::AuditError;
pub use event::{Event, Recorded, StageTime};
pub use read::Filter;
pub use verify::{Flaw, Verdict};

use crate::store::{Kind, Store};
use std::path::Path;

/// The record's file. A new column goes behind the last one and is NULL in old events: then their hashes stay true (chain.rs).
static KIND: Kind = Kind {
    what: "audit",
    application_id: 0x6667_4175, // "fgAu"
    migrations: &["CREATE TABLE event (
             number INTEGER PRIMARY KEY,
             code TEXT NOT NULL,
             at_us INTEGER NOT NULL,
             moment_ms INTEGER,
             visit INTEGER,
             person INTEGER,
             similarity REAL,
             other REAL,
             margin REAL,
             tau REAL,
             k INTEGER,
             liveness REAL,
             quality REAL,
             detector BLOB,
             encoder BLOB,
             liveness_models BLOB,
             timings TEXT,
             reason TEXT,
             hash BLOB NOT NULL
         ) STRICT;
         CREATE TABLE ends (
             id INTEGER PRIMARY KEY CHECK (id = 1),
             anchor_number INTEGER NOT NULL,
             anchor_hash BLOB NOT NULL,
             head_number INTEGER NOT NULL,
             head_hash BLOB NOT NULL
         ) STRICT;"],
    checked_at_open: false, // it may be large; `verify` reads all of it
};

/// The record of what happened.
pub struct Audit {
    store: Store,
    /// The most bytes that events may take in the file.
    room: u64,
}

impl Audit {
    /// Opens the record, and makes an empty one where there is none. It will stay within `budget_bytes` on the disk, its log of changes
    /// included (at least 128 KiB; a smaller budget counts as that): the oldest events make room.
    ///
    /// # Errors
    /// A file that isn't a record of events, comes from a newer program or is damaged is refused with what to do, and never touched.
    pub fn open(path: &Path, budget_bytes: u64) -> Result<Audit, AuditError> {
        let mut beginning = [0u8; 32]; // random: no record can be passed off as the beginning of another
        getrandom::fill(&mut beginning).map_err(|source| AuditError::Random { source })?;
        let store = Store::open(path, &KIND, |c| c.execute("INSERT INTO ends VALUES (1, 0, ?1, 0, ?1)", [beginning]).map(drop))?;
        let budget = budget_bytes.max(128 << 10);
        let log = (budget / 4).min(1 << 20);
        // secure_delete=FAST: to overwrite a whole block of old events would fill the log.
        store.settings(&format!(
            "PRAGMA wal_autocheckpoint={}; PRAGMA journal_size_limit={log}; PRAGMA secure_delete=FAST;",
            log / 2 / 4096
        ))?;
        Ok(Audit { store, room: budget - log })
    }

    /// The newest event's number and hash. Written down elsewhere it proves later, by [`Audit::verify_since`], that nothing up to it was changed.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn head(&mut self) -> Result<Head, AuditError> {
        self.store.read(|t| Ok(chain::ends(t)?.head))
    }

    /// Where it lies; absolute.
    pub fn path(&self) -> &Path {
        self.store.path()
    }
}

#[cfg(test)]
mod tests;
