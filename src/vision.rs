//! Turns a picture into faces: where, how good, a living one or not, and 128 or 512 numbers.
//!
//! [`Vision::look`] runs the stages in order: the frame is sampled at the detector's size, faces are found in it, each is aligned and its
//! quality judged; then the largest face that is good enough (or every one, [`Options::all_faces`]) is encoded and its liveness judged. A
//! face that isn't good enough costs no encoder, and an empty frame costs the detector alone. Nothing of our own is allocated once every
//! buffer has been used.
//!
//! Whatever fails, fails the whole look: an error never opens anything.

// Brings a face into the encoders' frame of reference.
pub mod align;
mod detect;
mod encoder;
mod error;
mod face;
mod layout;
// Whether a face is a living one.
pub mod liveness;
// Which nets there are, what they expect, and whether a file is what its manifest says.
pub mod models;
// A net that is loaded, checked and ready to run.
pub mod net;
mod normalise;
// Operators of our own for the engine that runs the nets.
mod ops;
mod options;
// Whether a face is good enough to be judged, and why not.
pub mod quality;
// Takes from a frame what is needed at the size at which it is needed.
pub mod sample;
// At which size the detector looks.
pub mod sizes;
mod taps;
mod watch;
// Reads the outputs of detectors of the YuNet family.
pub mod yunet;

pub use encoder::Encoder;
pub use error::VisionError;
pub use face::{Detection, Face, Liveness, Look, Point, Rect, StageTimes};
pub use models::{Entry, Library, ModelError, Role};
pub use net::{Net, Outputs};
pub use options::{Options, Search};
pub use quality::{Limits, Quality, Reason, Reasons};

use crate::camera::Frame;
use crate::units::{Digest, Tau};
use align::Aligner;
use detect::Detector;
use liveness::{Cue, MiniFasNets};
use watch::Watch;

/// The nets that look, their buffers, and what the last look found. One thread looks at a time; it can be sent to another.
pub struct Vision {
    detector: Detector,
    encoder: Encoder,
    cues: Vec<Box<dyn Cue>>,
    liveness: Vec<Entry>,
    aligner: Aligner,
    limits: Limits,
    all_faces: bool,
    watch: Watch,
    look: Look,
}

impl Vision {
    /// Loads and checks the nets, and makes the detector ready for the expected frames. Takes some 100 ms a net.
    ///
    /// # Errors
    /// A net isn't there, is damaged or isn't what its manifest says ([`ModelError`]); the encoder takes another crop than 112x112.
    pub fn open(library: &Library, options: &Options) -> Result<Vision, VisionError> {
        let detector = Detector::open(library.detector(options.detector.as_deref())?, options.faces, options.search)?;
        let encoder = Encoder::open(library, options.encoder.as_deref())?;
        let liveness = if options.judge_liveness { library.liveness(options.liveness.as_deref())? } else { Vec::new() };
        let mut cues: Vec<Box<dyn Cue>> = Vec::new();
        if !liveness.is_empty() {
            cues.push(Box::new(MiniFasNets::open(&liveness)?));
        }
        Ok(Vision {
            detector,
            encoder,
            cues,
            liveness: liveness.into_iter().cloned().collect(),
            aligner: Aligner::default(),
            limits: options.limits,
            all_faces: options.all_faces,
            watch: Watch(options.clock.clone()),
            look: Look { faces: Vec::with_capacity(yunet::MOST_FACES), timings: StageTimes::default() },
        })
    }

    /// Looks at a frame.
    ///
    /// # Errors
    /// The frame has fewer bytes than its size asks for, a net failed, or one gave something that is no number.
    pub fn look(&mut self, frame: &Frame) -> Result<&Look, VisionError> {
        self.look.faces.clear();
        self.look.timings = StageTimes::default();
        if !layout::is_whole(frame) {
            return Err(VisionError::broken(frame));
        }
        let detections = self.detector.find(frame, &self.watch, &mut self.look.timings)?;
        let mut is_encoded = false;
        for detection in detections {
            let times = &mut self.look.timings;
            let begun = self.watch.now();
            // Landmarks that are all in one place, or a crop wholly outside the frame: nobody's face.
            let Some(crop) = self.aligner.align(frame, &detection.landmarks) else { continue };
            let aligned = self.watch.lap(begun, &mut times.align);
            let mut quality = self.limits.judge((frame.width, frame.height), detection, crop);
            quality.reasons.add(Reason::TooNear, !liveness::have_room(&self.cues, frame, detection));
            let judged = self.watch.lap(aligned, &mut times.quality);
            let mut face = Face { detection: *detection, quality, liveness: None, embedding: None };
            if quality.is_usable() && (self.all_faces || !is_encoded) {
                is_encoded = true;
                face.embedding = Some(self.encoder.encode(crop)?);
                let encoded = self.watch.lap(judged, &mut times.encode);
                face.liveness = liveness::least(&mut self.cues, frame, detection)?.map(|live| Liveness { live });
                self.watch.lap(encoded, &mut times.liveness);
            }
            self.look.faces.push(face);
        }
        Ok(&self.look)
    }

    /// Joins another cue of liveness to the nets. It can only deny.
    pub fn add_cue(&mut self, cue: Box<dyn Cue>) {
        self.cues.push(cue);
    }

    /// The detector's entry in its manifest.
    pub fn detector(&self) -> &Entry {
        self.detector.entry()
    }

    /// The encoder's entry in its manifest.
    pub fn encoder(&self) -> &Entry {
        self.encoder.entry()
    }

    /// The liveness nets' entries; none where liveness is off.
    pub fn liveness(&self) -> &[Entry] {
        &self.liveness
    }

    /// Names and digests of all nets that look: detector, encoder, liveness nets.
    pub fn digests(&self) -> impl Iterator<Item = (&str, Digest)> {
        [self.detector(), self.encoder()].into_iter().chain(&self.liveness).map(|e| (e.name.as_str(), e.digest))
    }

    /// The encoder's own threshold, where its manifest states one.
    pub fn tau(&self) -> Option<Tau> {
        self.encoder().tau
    }

    /// How many numbers an embedding has.
    pub fn dimension(&self) -> Option<usize> {
        self.encoder().dimension
    }
}
