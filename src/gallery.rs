//! Knows people by their templates; answers who, how alike, and who else.
//!
//! One SQLite file ([`crate::store`]). No picture and no plain embedding is in it: every embedding goes through the gallery's own secret
//! [`Rotation`] before it is stored or compared. What a running gate searches is an [`Index`]: immutable, taken from the gallery for one
//! encoder, replaced whole when [`Gallery::changes`] moves.

mod error;
mod index;
mod kernel;
mod name;
mod people;
mod rotation;
mod spread;
mod write;

pub use crate::store::{StoreError, set_aside};
pub use error::GalleryError;
pub use index::{Builder, Candidate, Conflict, Index, Ranking};
pub use name::{BadName, MOST_NAME_CHARACTERS};
pub use people::{Person, Template};
pub use rotation::Rotation;
pub use spread::spread;
pub use write::{Enrol, Enrolled, NewTemplate, Removed};

use crate::calibration::Metric;
use crate::store::{Kind, Stop, Store};
use crate::units::Digest;
use rotation::Rotations;
use rusqlite::Transaction;
use std::path::Path;

/// The gallery's file.
static KIND: Kind = Kind {
    what: "gallery",
    application_id: 0x6667_4761, // "fgGa"
    migrations: &[
        // AUTOINCREMENT: a number is never given again, so that an old record can't come to mean another person.
        "CREATE TABLE secret (id INTEGER PRIMARY KEY CHECK (id = 1), seed BLOB NOT NULL CHECK (length(seed) = 32)) STRICT;
         CREATE TABLE person (
             id INTEGER PRIMARY KEY AUTOINCREMENT,
             name TEXT NOT NULL,
             folded TEXT NOT NULL UNIQUE,
             created_us INTEGER NOT NULL
         ) STRICT;
         CREATE TABLE template (
             id INTEGER PRIMARY KEY AUTOINCREMENT,
             person INTEGER NOT NULL REFERENCES person (id) ON DELETE CASCADE,
             model BLOB NOT NULL CHECK (length(model) = 32),
             dimension INTEGER NOT NULL CHECK (dimension BETWEEN 1 AND 512),
             turned BLOB NOT NULL CHECK (length(turned) = 4 * dimension),
             quality REAL NOT NULL,
             created_us INTEGER NOT NULL
         ) STRICT;
         CREATE INDEX template_by_model ON template (model, person, id);
         CREATE INDEX template_by_person ON template (person, id);",
        "ALTER TABLE person ADD COLUMN barred INTEGER NOT NULL DEFAULT 0 CHECK (barred IN (0, 1));",
    ],
    checked_at_open: true,
};

/// The people a gate knows, and their templates.
pub struct Gallery {
    store: Store,
    /// Changes made through this value; `PRAGMA data_version` doesn't count one's own.
    own: u64,
    rotations: Rotations,
    /// Whether [`Gallery::index`] gives means.
    means: bool,
}

/// Which state the gallery is in; a different value means that somebody was enrolled, renamed or removed (or, rarely, nothing).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Changes {
    others: i64,
    own: u64,
}

impl Gallery {
    /// Opens the gallery and reads all of it once for damage; makes an empty one, with a rotation of its own, where there is none.
    ///
    /// # Errors
    /// A file that isn't a gallery, comes from a newer program or is damaged is refused with what to do, and never touched.
    pub fn open(path: &Path) -> Result<Gallery, GalleryError> {
        let seed = rotation::new_seed()?;
        let store = Store::open(path, &KIND, |c| c.execute("INSERT INTO secret (id, seed) VALUES (1, ?1)", [seed]).map(drop))?;
        Ok(Gallery { store, own: 0, rotations: Rotations::default(), means: false })
    }

    /// Which state the gallery is in, whoever changed it. Cheap enough for every frame (microseconds).
    ///
    /// # Errors
    /// The file can't be read.
    pub fn changes(&self) -> Result<Changes, GalleryError> {
        Ok(Changes { others: self.store.data_version()?, own: self.own })
    }

    /// From now on [`Gallery::index`] gives one template a person, the mean of theirs.
    pub fn of_means(self, means: bool) -> Gallery {
        Gallery { means, ..self }
    }

    /// The templates that this encoder made, ready to be searched by this metric. Those of other encoders are never in it.
    ///
    /// # Errors
    /// The file can't be read, or a template in it is damaged.
    pub fn index(&mut self, model: &Digest, metric: &Metric) -> Result<Index, GalleryError> {
        let Gallery { store, rotations, means, .. } = self;
        let index = store.read(|t| index::load(t, model, rotations))?;
        Ok(if *means { index.of_means() } else { index }.scored(metric))
    }

    /// Changes the file in one transaction, counts the change, and empties the log of changes: changes are rare, a gallery is then one file,
    /// a disk that fills up keeps room for a removal, and what was removed or turned is nowhere any more. The second value: whether the log
    /// could be emptied. The change stands either way.
    fn change<T>(
        &mut self,
        work: impl FnOnce(&Transaction<'_>, &mut Rotations) -> Result<T, Stop<GalleryError>>,
    ) -> Result<(T, bool), GalleryError> {
        let Gallery { store, rotations, own, .. } = self;
        let done = store.write(|t| work(t, rotations))?;
        *own += 1;
        Ok((done, store.empty_log().unwrap_or(false)))
    }

    /// Where it lies; absolute.
    pub fn path(&self) -> &Path {
        self.store.path()
    }
}

#[cfg(test)]
mod tests;
