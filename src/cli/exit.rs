//! Exit codes, decided in one place.

use crate::config::ConfigError;
use std::process::ExitCode;

/// Done, or the answer is yes.
pub const YES: u8 = 0;
/// The answer is no: not the same, unknown, the check failed.
pub const NO: u8 = 1;
/// Wrong usage or configuration.
pub const USAGE: u8 = 2;
/// Could not do it: I/O, model, camera, door.
pub const FAILED: u8 = 3;

/// What a command found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    Yes,
    No,
}

impl From<bool> for Answer {
    fn from(yes: bool) -> Answer {
        if yes { Answer::Yes } else { Answer::No }
    }
}

/// The caller asked for something that can't be meant.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Misuse(pub String);

/// The exit code of a command's end; says on stderr why it failed.
pub fn code(end: anyhow::Result<Answer>) -> ExitCode {
    let error = match end {
        Ok(Answer::Yes) => return ExitCode::from(YES),
        Ok(Answer::No) => return ExitCode::from(NO),
        Err(error) => error,
    };
    if error.chain().filter_map(|e| e.downcast_ref::<std::io::Error>()).any(|e| e.kind() == std::io::ErrorKind::BrokenPipe) {
        return ExitCode::from(YES); // whoever read our output has seen enough
    }
    eprintln!("facegate: {error:#}");
    let misuse = error.chain().any(|e| e.is::<Misuse>() || e.is::<ConfigError>());
    ExitCode::from(if misuse { USAGE } else { FAILED })
}
