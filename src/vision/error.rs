//! Why a picture could not be looked at.

use super::models::ModelError;
use crate::camera::{Frame, PixelFormat};
use crate::units::NotAnEmbedding;

/// Why a picture could not be looked at. It always means: nobody was recognised.
#[derive(Debug, thiserror::Error)]
pub enum VisionError {
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error("detector `{name}` has no output `{missing}`: its manifest must list the twelve of the YuNet family")]
    NoOutput { name: String, missing: String },
    #[error("liveness net `{name}` lacks `{key}` in its manifest")]
    Lacking { name: String, key: &'static str },
    #[error("encoder `{name}` takes a crop of {width}x{height}; faces are aligned to 112x112 only: choose another encoder")]
    CropSize { name: String, height: usize, width: usize },
    #[error(
        "a frame of {width}x{height} ({format:?}, {stride} bytes a row) has {found} bytes, which is too few: the camera delivers torn pictures, or pictures of another size than it says"
    )]
    Frame { format: PixelFormat, width: u32, height: u32, stride: usize, found: usize },
    #[error("encoder `{name}` gave something that is no embedding: {source}")]
    Embedding { name: String, source: NotAnEmbedding },
    #[error("the liveness check gave {found}, which is no probability")]
    NoProbability { found: f32 },
}

impl VisionError {
    pub(super) fn broken(frame: &Frame) -> VisionError {
        let Frame { format, width, height, stride, .. } = *frame;
        VisionError::Frame { format, width, height, stride, found: frame.bytes().len() }
    }
}
