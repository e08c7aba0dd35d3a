//! Encoding many pictures, with a bar on a terminal.

use super::context::Context;
use super::exit::Misuse;
use crate::evaluate::encode::{Encoded, Failure, Job, Setting, encode};
use crate::evaluate::{EvaluateError, Keep};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Encodes with a bar on a terminal, writing down what is done.
pub fn encoded(context: &Context, setting: &Setting, jobs: &[Job], stays: bool) -> anyhow::Result<Encoded> {
    let keep = Keep { dir: context.data_dir()?.join("evaluation"), for_next_time: stays };
    // Draws on a terminal alone, on stderr; the template has no colour.
    let bar = ProgressBar::new(jobs.len() as u64);
    if let Ok(style) = ProgressStyle::with_template("{pos} of {len} pictures {bar:30} {per_sec}, {eta} left") {
        bar.set_style(style.progress_chars("=> "));
    }
    let encoded = encode(setting, jobs, Some(&keep), &|done| bar.set_position(done as u64));
    bar.finish_and_clear();
    let encoded = encoded.map_err(misuse)?;
    if encoded.found > 0 {
        eprintln!("{} of {} pictures were encoded before", encoded.found, jobs.len());
    }
    if stays {
        eprintln!("the embeddings are kept in {}; they are personal data", keep.dir.display());
    }
    Ok(encoded)
}

/// What the caller can change is wrong usage; the rest could not be done.
pub fn misuse(e: EvaluateError) -> anyhow::Error {
    match e {
        EvaluateError::NoFolder(_)
        | EvaluateError::Empty(_)
        | EvaluateError::TooFewPeople { .. }
        | EvaluateError::Pairs { .. }
        | EvaluateError::PicturesMissing { .. }
        | EvaluateError::TooManyPairs { .. }
        | EvaluateError::NoTau(_)
        | EvaluateError::Unfit(_) => Misuse(e.to_string()).into(),
        e => e.into(),
    }
}

/// A picture that gave no face, for `--json`.
pub fn failure_json((picture, failure): &(PathBuf, Failure)) -> Value {
    json!({ "picture": picture, "kind": failure.word(), "why": failure.to_string() })
}
