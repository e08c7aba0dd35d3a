//! What can go wrong with people and templates.

use super::name::BadName;
use crate::store::StoreError;
use crate::units::Digest;

/// Why the gallery refuses. Messages may hold a person's name: they are for whoever typed it, not for a log.
#[derive(Debug, thiserror::Error)]
pub enum GalleryError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Name(#[from] BadName),
    #[error(
        "{name:?} is in the gallery already. If it is the same person, add a picture to what is there (--add); if not, choose another name"
    )]
    NameTaken { name: String },
    #[error("nobody in the gallery is called {name:?}; `facegate people list` shows who is there")]
    Nobody { name: String },
    #[error("there is nothing to enrol: no template was given")]
    NoTemplate,
    #[error("template {position} (counted from 1) has a quality of {quality}: a finite number was expected")]
    Quality { position: usize, quality: f32 },
    #[error("template {position} (counted from 1) has {found} numbers, and templates of the encoder {} have {expected}: check the encoder's manifest", model.short())]
    Dimension { position: usize, model: Digest, found: usize, expected: usize },
    #[error("the operating system gives no random numbers for the gallery's secret: {source}")]
    Random { source: getrandom::Error },
}
