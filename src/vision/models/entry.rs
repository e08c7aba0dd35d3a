//! One net as its manifest describes it.

use crate::units::{Digest, Tau};
use std::fmt;
use std::path::PathBuf;

/// What a net is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Finds faces and their five landmarks.
    Detector,
    /// Turns an aligned crop into an embedding.
    Encoder,
    /// Says whether a face is a living one.
    Liveness,
}

impl Role {
    /// The word that stands for it in the manifest.
    pub fn word(self) -> &'static str {
        match self {
            Role::Detector => "detector",
            Role::Encoder => "encoder",
            Role::Liveness => "liveness",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// In which order a net takes the colours: the order of its planes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// Red, green, blue.
    Rgb,
    /// Blue, green, red.
    Bgr,
}

/// What a net takes.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    /// Its name in the file.
    pub name: String,
    /// 1, 3, height, width.
    pub shape: [usize; 4],
    /// The order of the planes.
    pub colour: Colour,
    /// Per plane, in the order of `colour`, on values 0 to 255: `x = (pixel - mean) / std`.
    pub mean: [f32; 3],
    /// As `mean`; never 0.
    pub std: [f32; 3],
}

impl Input {
    /// Height in pixels.
    pub fn height(&self) -> usize {
        self.shape[2]
    }

    /// Width in pixels.
    pub fn width(&self) -> usize {
        self.shape[3]
    }

    /// The value for a pixel of 0 to 255 in a plane (0 to 2, in the order of `colour`).
    pub fn normalised(&self, plane: usize, pixel: f32) -> f32 {
        (pixel - self.mean[plane]) / self.std[plane]
    }
}

/// One net as its manifest describes it. What of this is true is found when it is loaded.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// What it is called.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// How its outputs are to be read; "yunet" for every detector so far.
    pub family: Option<String>,
    /// The ONNX file.
    pub file: PathBuf,
    /// SHA-256 of the file. Templates carry it.
    pub digest: Digest,
    /// What it takes.
    pub input: Input,
    /// The outputs' names in the file, in the order in which a run gives them.
    pub outputs: Vec<String>,
    /// An encoder's numbers, 1 to 512. None for others.
    pub dimension: Option<usize>,
    /// An encoder's own threshold, which serves until a calibration is there.
    pub tau: Option<Tau>,
    /// Of a liveness net: the square around the face's box, in box sizes.
    pub crop_scale: Option<f32>,
    /// Of a liveness net: which of its outputs is the probability of a living face after a softmax.
    pub live_index: Option<usize>,
    /// Where it comes from.
    pub source: String,
    /// Under which terms.
    pub licence: String,
    /// What it answers to the built-in picture, where the manifest records that (see `models/answers.rs`).
    pub answer: Option<Vec<f32>>,
}

impl Entry {
    /// Whether height and width may be set when it is loaded: multiples of 32.
    pub fn is_resizable(&self) -> bool {
        self.family.as_deref() == Some("yunet")
    }
}
