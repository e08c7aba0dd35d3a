//! Why a calibration can't be used, and what to do.

use super::head::Form;
use super::metric::Scale;
use super::table::NotATable;
use crate::units::Digest;
use std::path::PathBuf;

/// Why a calibration can't be used.
#[derive(Debug, thiserror::Error)]
pub enum CalibrationError {
    #[error("{} can't be read: {source}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{} can't be written: {source}", path.display())]
    Write { path: PathBuf, source: std::io::Error },
    #[error("{} is no calibration file: {what}. Mend it, or make it anew with facegate calibrate", path.display())]
    Not { path: PathBuf, what: String },
    #[error("{}: the table of encoder {encoder} is refused: {why}. Make it anew with facegate calibrate", path.display())]
    Table { path: PathBuf, encoder: String, why: NotATable },
    #[error(
        "encoder {encoder} ({model}) has no calibration for the score {}, without which match.false_entries can't be turned into a tau{}. Run facegate calibrate --impostors DIR with pictures of strangers, or set match.tau instead",
        scale.score.word(), others(there)
    )]
    Missing { encoder: String, model: Digest, scale: Scale, there: Vec<(String, Digest, Scale)> },
    #[error(
        "encoder {encoder} ({model}) has no {} head, by which the score {} compares: facegate calibrate --head {} --genuine DIR --impostors DIR fits one, or set match.score = \"cosine\"",
        form.word(), form.score().word(), form.word()
    )]
    NoHead { encoder: String, model: Digest, form: Form },
    #[error(
        "no cohort of encoder {encoder} ({model}) comes with the program, without which the score s-norm can't be computed: there are cohorts of {}. Set match.score = \"cosine\", or take one of these encoders",
        there.join(", ")
    )]
    NoCohort { encoder: String, model: Digest, there: Vec<String> },
}

fn others(there: &[(String, Digest, Scale)]) -> String {
    let list: Vec<String> = there.iter().map(|(encoder, model, scale)| format!("{encoder} ({model}, {scale})")).collect();
    if list.is_empty() {
        String::new()
    } else {
        format!("; there are tables of other encoders or other scores, which must not serve it: {}", list.join(", "))
    }
}
