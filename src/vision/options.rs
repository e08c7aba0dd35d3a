//! What a look is to look for, from the configuration.

use super::quality::Limits;
use super::yunet::Rules;
use crate::config::Config;
use crate::units::Clock;

/// What the pictures are, which says at which size the detector looks (see `vision/sizes.rs`).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Search {
    /// Frames of one camera, in which a visitor's face is about so wide: one look at the frame, and one at its largest face.
    Frames {
        /// Width and height that are expected; the detector is made ready for them at the start. Other sizes work too.
        size: (u32, u32),
        /// Expected width of a face in pixels.
        face_px: u32,
        /// Width of the detector's input, a multiple of 32, in place of the one that follows from `face_px`.
        input_width: Option<u32>,
    },
    /// Pictures of any size with faces of any size: two or three looks each, and three more at each face.
    Stills,
    /// An input of exactly this width and height (multiples of 32): a picture that fits stands in it unscaled at the top left, a larger
    /// one is shrunk; landmarks are the surest cell's alone, as OpenCV's are. For measuring against other programs.
    Input(u32, u32),
}

/// How a [`super::Vision`] looks.
#[derive(Clone)]
pub struct Options {
    /// Name of the detector; None takes the manifest's default.
    pub detector: Option<String>,
    /// Name of the encoder; None likewise.
    pub encoder: Option<String>,
    /// Whether liveness is judged.
    pub judge_liveness: bool,
    /// Names of the liveness nets, separated by commas; None takes the manifest's default.
    pub liveness: Option<String>,
    /// What the pictures are.
    pub search: Search,
    /// What counts as a face.
    pub faces: Rules,
    /// What a face must reach to be encoded.
    pub limits: Limits,
    /// Encode every usable face, not only the largest.
    pub all_faces: bool,
    /// Tells the time for the stage times.
    pub clock: Clock,
}

impl Options {
    /// For the frames of the configured camera.
    pub fn for_camera(config: &Config, clock: Clock) -> Options {
        let (camera, detect) = (&config.camera, &config.detect);
        Options {
            detector: config.models.detector.clone(),
            encoder: config.models.encoder.clone(),
            judge_liveness: config.liveness.enabled,
            liveness: config.liveness.models.clone(),
            search: Search::Frames { size: (camera.width, camera.height), face_px: detect.face_px, input_width: detect.input_width },
            faces: Rules { min_score: detect.min_score, max_overlap: detect.max_overlap },
            limits: Limits::for_entry(&config.quality),
            all_faces: false,
            clock,
        }
    }

    /// For pictures from files.
    pub fn for_stills(config: &Config, clock: Clock) -> Options {
        Options { search: Search::Stills, ..Options::for_camera(config, clock) }
    }

    /// With the stricter limits of enrolment, and every face encoded.
    pub fn enrolling(self, config: &Config) -> Options {
        Options { limits: Limits::for_enrolment(&config.quality), all_faces: true, ..self }
    }
}
