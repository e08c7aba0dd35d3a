//! Why an evaluation can't be made.

use crate::camera::picture::PictureError;
use crate::service::StartError;
use crate::vision::{ModelError, VisionError};
use std::path::PathBuf;

/// Why an evaluation can't be made.
#[derive(Debug, thiserror::Error)]
pub enum EvaluateError {
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error(transparent)]
    Vision(#[from] VisionError),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Picture(#[from] PictureError),
    #[error("{0}: there is no such folder")]
    NoFolder(PathBuf),
    #[error("{0}: there is no picture in it; a person is a folder with pictures (.jpg, .jpeg, .png), or one picture")]
    Empty(PathBuf),
    #[error("{path}: there are pictures of {} only; {what}", if *people == 1 { "one person".into() } else { format!("{people} people") })]
    TooFewPeople { path: PathBuf, people: usize, what: &'static str },
    #[error("{path}: it can't be read: {source}")]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("{path}: line {line}: {why}")]
    Pairs { path: PathBuf, line: usize, why: String },
    #[error(
        "{path}: {missing} of {pairs} pairs name pictures that are not there, which is more than 1 %: is --images the right folder? The first: {first}"
    )]
    PicturesMissing { path: PathBuf, missing: usize, pairs: usize, first: PathBuf },
    #[error("{what}: none of the {pictures} pictures gave an embedding; the first said: {first}")]
    NothingAcquired { what: PathBuf, pictures: usize, first: String },
    #[error(
        "{pictures} pictures make {pairs} pairs, more than the {most} that are held in memory: take fewer pictures, or name pairs with --pairs"
    )]
    TooManyPairs { pictures: usize, pairs: u64, most: u64 },
    #[error("encoder `{0}` states no tau, and none was given: say --tau")]
    NoTau(String),
    #[error("{0}")]
    Unfit(String),
    #[error("the report can't be drawn: {0}")]
    Drawing(String),
    #[error("{path}: the report can't be written: {source}")]
    Report { path: PathBuf, source: std::io::Error },
}
