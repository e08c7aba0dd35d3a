//! Making a file whole before it stands at its place; keeping one aside.

use super::error::{Place, StoreError};
use super::{BUSY, Kind};
use rusqlite::{Connection, OpenFlags};
use rustix::fs::{CWD, RenameFlags, renameat_with};
use std::ffi::OsString;
use std::fs::{DirBuilder, File, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// What SQLite keeps beside a file.
const BESIDE: [&str; 3] = ["-wal", "-journal", "-shm"];

pub(super) fn create(place: &Place, kind: &Kind, first: impl FnOnce(&Connection) -> rusqlite::Result<()>) -> Result<(), StoreError> {
    let folder = place.path.parent().unwrap_or(Path::new("/"));
    let in_folder = |source| StoreError::Folder { what: place.what, path: folder.into(), source };
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(in_folder)?;
    // SQLite would play a log that was left behind into the new file.
    for rest in ["-wal", "-journal"].map(|end| with_end(&place.path, end)) {
        if rest.try_exists().map_err(in_folder)? {
            return Err(StoreError::Rest { what: place.what, path: place.path.clone(), rest });
        }
    }
    let making = name_of_its_own(&place.path).map_err(|e| place.cannot_open(e))?;
    let made = fill(&making, kind, first).map_err(|e| place.explain(e));
    let placed = made.and_then(|()| match renameat_with(CWD, &making, CWD, &place.path, RenameFlags::NOREPLACE) {
        Ok(()) => File::open(folder).and_then(|f| f.sync_all()).map_err(in_folder),
        Err(rustix::io::Errno::EXIST) => Ok(()), // another process was quicker: that one counts
        Err(e) => Err(place.cannot_open(e.into())),
    });
    for file in BESIDE.map(|end| with_end(&making, end)).iter().chain([&making]) {
        let _ = std::fs::remove_file(file); // what is left of a try that failed
    }
    placed
}

/// An empty file beside `path`, mode 0600 (SQLite gives the same to what it keeps beside it).
fn name_of_its_own(path: &Path) -> std::io::Result<PathBuf> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    loop {
        let name = with_end(path, &format!(".new-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed)));
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&name) {
            Ok(_) => return Ok(name),
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {} // an earlier process of this number was killed in between
            Err(e) => return Err(e),
        }
    }
}

fn fill(path: &Path, kind: &Kind, first: impl FnOnce(&Connection) -> rusqlite::Result<()>) -> rusqlite::Result<()> {
    let mut connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY)?;
    connection.execute_batch("PRAGMA synchronous=FULL;")?;
    let transaction = connection.transaction()?;
    transaction.pragma_update(None, "application_id", kind.application_id)?;
    for migration in kind.migrations {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "user_version", kind.migrations.len() as u32)?;
    first(&transaction)?;
    transaction.commit()?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.close().map_err(|(_, e)| e)
}

/// Keeps a file, and what SQLite keeps beside it, under another name: `gallery.db.aside-20261124T055513Z`. For a damaged file, when
/// somebody has decided to begin anew; nothing else may have it open. Never replaces anything. Returns the new name.
///
/// # Errors
/// A file of the new name is there already, or the folder can't be written.
pub fn set_aside(path: &Path, now: jiff::Timestamp) -> Result<PathBuf, StoreError> {
    let aside = with_end(path, &format!(".aside-{}", now.strftime("%Y%m%dT%H%M%SZ")));
    let keep = |from: &Path, to: &Path| {
        let moved = renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE);
        moved.map_err(|e| StoreError::Aside { path: from.into(), aside: to.into(), source: e.into() })
    };
    // The log first: a log without its file is refused, a file without its log would miss its latest changes.
    for end in BESIDE {
        if with_end(path, end).exists() {
            keep(&with_end(path, end), &with_end(&aside, end))?;
        }
    }
    keep(path, &aside)?;
    Ok(aside)
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(end);
    name.into()
}
