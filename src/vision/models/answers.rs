//! What a net answers to a built-in picture, and whether it does so here.
//!
//! The picture is arithmetic, so that anybody can make it: `pixel(plane, y, x) = (7 x + 13 y + 29 plane) mod 256`, normalised as the manifest
//! says, at the manifest's size. The answer of an encoder or a liveness net is the first eight numbers of its output (fewer where it has
//! fewer), that of a detector the root mean square of each output: together they hang on every weight.
//!
//! It is held against another engine's numbers because a kernel can be wrong on one processor alone: tract-linalg 0.23.9's RmsNorm is, on
//! arm64 with SVE2, and leaves an embedding with cosine 0.945 to the right one.

use super::{Entry, Input, ModelError, Role};
use crate::units::Digest;
use crate::vision::net::{Net, Outputs};
use std::sync::LazyLock;

/// Largest difference, as a part of the answer's largest number. Engines differ by some 1e-5, a wrong kernel by several per cent.
const TOLERANCE: f32 = 1e-3;
/// Numbers of an encoder's or a liveness net's answer.
const NUMBERS: usize = 8;

/// The recorded answer of a net.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer(Vec<f32>);

impl Answer {
    /// From the manifest, or for a public net from the built-in table.
    pub fn of(entry: &Entry) -> Option<Answer> {
        entry.answer.clone().or_else(|| TABLE.iter().find(|row| row.digest == entry.digest).map(|row| row.numbers.clone())).map(Answer)
    }

    /// Runs the net on the built-in picture.
    ///
    /// # Errors
    /// The run fails, or gives another answer.
    pub fn hold_against(&self, net: &mut Net) -> Result<(), ModelError> {
        let (name, role, spec) = (net.entry().name.clone(), net.entry().role, net.entry().input.clone());
        paint(&spec, net.input());
        let found = answer(role, net.run()?);
        let scale = self.0.iter().fold(0.0, |most: f32, n| most.max(n.abs()));
        for (at, expected) in self.0.iter().enumerate() {
            let given = found.get(at).copied().unwrap_or(f32::NAN);
            // A detector's numbers are of different outputs, each with a scale of its own.
            let allowed = TOLERANCE * if role == Role::Detector { expected.abs() } else { scale };
            let close = (given - expected).abs() <= allowed;
            if !close {
                return Err(ModelError::Answer { name, at, expected: *expected, found: given });
            }
        }
        Ok(())
    }
}

/// What a run on the built-in picture is reduced to.
pub fn answer(role: Role, outputs: Outputs<'_>) -> Vec<f32> {
    match role {
        Role::Detector => (0..outputs.count()).map(|i| root_mean_square(outputs.get(i))).collect(),
        Role::Encoder | Role::Liveness => outputs.get(0).iter().copied().take(NUMBERS).collect(),
    }
}

fn root_mean_square(numbers: &[f32]) -> f32 {
    let sum: f64 = numbers.iter().map(|n| f64::from(*n) * f64::from(*n)).sum();
    (sum / numbers.len().max(1) as f64).sqrt() as f32
}

/// Draws the built-in picture at the manifest's size.
pub fn paint(spec: &Input, planes: &mut [f32]) {
    let (height, width) = (spec.height(), spec.width());
    for (plane, pixels) in planes.chunks_exact_mut(height * width).enumerate() {
        for (at, pixel) in pixels.iter_mut().enumerate() {
            let (y, x) = (at / width, at % width);
            *pixel = spec.normalised(plane, ((7 * x + 13 * y + 29 * plane) % 256) as f32);
        }
    }
}

struct Row {
    digest: Digest,
    numbers: Vec<f32>,
}

/// Answers of public nets, recorded from onnxruntime by `tests/fixtures/record_answers.py`.
static TABLE: LazyLock<Vec<Row>> = LazyLock::new(|| {
    #[derive(serde::Deserialize)]
    struct File {
        answer: Vec<Line>,
    }
    #[derive(serde::Deserialize)]
    struct Line {
        sha256: String,
        numbers: Vec<f32>,
    }
    let file: File = toml::from_str(include_str!("answers.toml")).expect("built in; a test reads it");
    let row = |line: Line| Row { digest: Digest::from_hex(&line.sha256).expect("built in; a test reads it"), numbers: line.numbers };
    file.answer.into_iter().map(row).collect()
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_table_can_be_read() {
        assert!(!TABLE.is_empty());
        assert!(TABLE.iter().all(|row| !row.numbers.is_empty() && row.numbers.iter().all(|n| n.is_finite())));
    }
}
