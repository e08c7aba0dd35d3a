//! Data on stdout.

use serde::Serialize;
use std::io::Write;

/// Writes bytes as they are.
pub fn raw(bytes: &[u8]) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()?;
    Ok(())
}

/// Writes a line.
pub fn line(text: impl std::fmt::Display) -> anyhow::Result<()> {
    raw(format!("{text}\n").as_bytes())
}

/// Writes one JSON object on a line of its own.
pub fn json(value: &impl Serialize) -> anyhow::Result<()> {
    line(serde_json::to_string(value)?)
}
