//! What can be wrong with a net.

use super::Role;
use crate::config::Problem;
use crate::units::Digest;
use std::path::PathBuf;

/// Why a net can't be used. Each says which, what was expected and what was found.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    #[error("no manifest.toml in {}: name the folder of the nets with --models or models.dir", paths(dirs))]
    NoManifest { dirs: Vec<PathBuf> },
    #[error("cannot read {}: {source}", path.display())]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("{} in the model manifest {}:{}", if problems.len() == 1 { "a problem".into() } else { format!("{} problems", problems.len()) }, path.display(), problems.iter().map(|p| format!("\n  {p}")).collect::<String>())]
    Manifest { path: PathBuf, problems: Vec<Problem> },
    #[error("there is no net `{name}`; {hint}")]
    Unknown { name: String, hint: String },
    #[error("no {role} is chosen and no manifest states a default: name one with --{role}, or under [default] in manifest.toml")]
    NoDefault { role: Role },
    #[error("net `{name}` is for {found}, not for {expected}")]
    WrongRole { name: String, found: Role, expected: Role },
    #[error("net `{name}`: cannot read its file {}: {source}", path.display())]
    File { name: String, path: PathBuf, source: std::io::Error },
    #[error("net `{name}`: {} has {bytes} bytes, more than the {most} that a net may have", path.display())]
    TooLarge { name: String, path: PathBuf, bytes: u64, most: u64 },
    #[error("net `{name}`: {} is another file than the manifest means: its SHA-256 is {found}, the manifest says {expected}; install the net again", path.display())]
    Digest { name: String, path: PathBuf, expected: Digest, found: Digest },
    #[error("net `{name}`: {} is no ONNX file that can be read: {why}", path.display())]
    NotOnnx { name: String, path: PathBuf, why: String },
    #[error("net `{name}` needs operators that aren't supported here: {}", operators.join(", "))]
    Operators { name: String, operators: Vec<String> },
    #[error("net `{name}`: {what}: the manifest says {expected}, the file {found}")]
    Mismatch { name: String, what: String, expected: String, found: String },
    #[error("net `{name}` can't take a picture of {width}x{height}: {why}")]
    Size { name: String, height: usize, width: usize, why: &'static str },
    #[error("net `{name}` can't be made ready: {why}")]
    Prepare { name: String, why: String },
    #[error("net `{name}` failed while it ran: {why}")]
    Run { name: String, why: String },
    #[error("net `{name}`: number {at} of its output `{output}` is {value}")]
    NotFinite { name: String, output: String, at: usize, value: f32 },
    #[error(
        "net `{name}` answers the built-in picture otherwise than recorded: number {at} is {found}, recorded is {expected}. This processor or this build computes it wrongly, or the record belongs to another file; do not use it"
    )]
    Answer { name: String, at: usize, expected: f32, found: f32 },
}

fn paths(paths: &[PathBuf]) -> String {
    paths.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(", ")
}
