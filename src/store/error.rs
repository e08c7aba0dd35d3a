//! What can be wrong with a file, in words a caretaker can act on.

use rusqlite::ErrorCode;
use rusqlite::ffi::SQLITE_IOERR_SHMSIZE;
use std::path::{Path, PathBuf};

/// Why a file can't be used. Each says what, which file, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the folder {} of the {what} can't be made or read: {source}; check that it belongs to the user who runs facegate", path.display())]
    Folder { what: &'static str, path: PathBuf, source: std::io::Error },
    #[error("the {what} {} can't be opened: {source}; check that it belongs to the user who runs facegate", path.display())]
    Open { what: &'static str, path: PathBuf, source: std::io::Error },
    #[error("the {what} {} can only be read, not written; check its owner and that its file system is mounted for writing", path.display())]
    ReadOnly { what: &'static str, path: PathBuf },
    #[error("{} is no {what} of facegate's: {found}. It was left as it is: use another data folder, or move the file to another name", path.display())]
    NotOurs { what: &'static str, path: PathBuf, found: String },
    #[error("the {what} {} is of version {found}, and this program knows versions up to {known}. It was left as it is: install the newer facegate again", path.display())]
    Newer { what: &'static str, path: PathBuf, found: i32, known: usize },
    #[error("the {what} {} is damaged: {found}. It was left as it is: stop the service, keep the file and those beside it (-wal, -shm) under another name, then put a copy in its place or begin anew", path.display())]
    Damaged { what: &'static str, path: PathBuf, found: String },
    #[error("the {what} {} is missing, but {} is there and may hold its latest changes: put the {what} back, or move that file to another name", path.display(), rest.display())]
    Rest { what: &'static str, path: PathBuf, rest: PathBuf },
    #[error("another process has held the {what} {} for too long; see what it does, then do this again", path.display())]
    Busy { what: &'static str, path: PathBuf },
    #[error("no room is left on the disk for the {what} {}: nothing in it was changed. Make room, then do this again", path.display())]
    Full { what: &'static str, path: PathBuf },
    #[error("{} can't be kept as {}: {source}", path.display(), aside.display())]
    Aside { path: PathBuf, aside: PathBuf, source: std::io::Error },
    #[error("the {what} {} failed: {source}", path.display())]
    Sql { what: &'static str, path: PathBuf, source: rusqlite::Error },
}

/// Why work in a transaction stopped: SQLite's reason, or the room's own.
#[derive(Debug)]
pub enum Stop<E> {
    Sql(rusqlite::Error),
    No(E),
}

impl<E> From<rusqlite::Error> for Stop<E> {
    fn from(e: rusqlite::Error) -> Self {
        Stop::Sql(e)
    }
}

/// What it is and where it lies: for messages.
pub(super) struct Place {
    pub what: &'static str,
    pub path: PathBuf,
}

impl Place {
    /// Absolute, so that SQLite never reads it as an address ("file:...") and a later change of folder doesn't matter.
    pub fn new(what: &'static str, path: &Path) -> Result<Place, StoreError> {
        match std::path::absolute(path) {
            Ok(path) => Ok(Place { what, path }),
            Err(source) => Err(StoreError::Open { what, path: path.into(), source }),
        }
    }

    pub fn exists(&self) -> Result<bool, StoreError> {
        self.path.try_exists().map_err(|source| self.cannot_open(source))
    }

    pub fn is_empty(&self) -> bool {
        std::fs::metadata(&self.path).is_ok_and(|status| status.len() == 0)
    }

    pub fn cannot_open(&self, source: std::io::Error) -> StoreError {
        StoreError::Open { what: self.what, path: self.path.clone(), source }
    }

    pub fn damaged(&self, found: String) -> StoreError {
        StoreError::Damaged { what: self.what, path: self.path.clone(), found }
    }

    pub fn explain(&self, source: rusqlite::Error) -> StoreError {
        use rusqlite::Error::{FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType, QueryReturnedNoRows, Utf8Error};
        let (what, path) = (self.what, self.path.clone());
        // What we never write: a value of another kind, or a row that must be there and isn't (who may miss one asks with `optional`).
        if let FromSqlConversionFailure(..) | IntegralValueOutOfRange(..) | InvalidColumnType(..) | QueryReturnedNoRows | Utf8Error(..) =
            source
        {
            return self.damaged(source.to_string());
        }
        match source.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => StoreError::Full { what, path },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Busy { what, path },
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => self.damaged(source.to_string()),
            // The index of the log of changes can't grow: what a full disk looks like when a connection is new.
            Some(ErrorCode::SystemIoFailure) if source.sqlite_error().is_some_and(|e| e.extended_code == SQLITE_IOERR_SHMSIZE) => {
                StoreError::Full { what, path }
            }
            Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => self.cannot_open(std::io::Error::other(source)),
            Some(ErrorCode::ReadOnly) => StoreError::ReadOnly { what, path },
            _ => StoreError::Sql { what, path, source },
        }
    }
}
