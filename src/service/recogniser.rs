//! A frame, looked at and compared: from pixels to what the rules are told. Translates the words of `vision` and `gallery` into those of
//! `access`.

use crate::access::{FaultKind, Flaw, Input, Quality, Sighting};
use crate::calibration::{Standing, Threshold};
use crate::camera::Frame;
use crate::gallery::{Changes, Gallery, GalleryError, Index, Ranking};
use crate::units::{Moment, Similarity, Tau};
use crate::vision::{Face, Look, Reason, StageTimes, Vision, VisionError};

/// Why a frame could not be judged.
#[derive(Debug, thiserror::Error)]
pub enum RecogniseError {
    #[error(transparent)]
    Vision(#[from] VisionError),
    #[error(transparent)]
    Gallery(#[from] GalleryError),
}

impl RecogniseError {
    /// What the rules are told of it.
    pub fn fault(&self) -> FaultKind {
        match self {
            RecogniseError::Vision(_) => FaultKind::Model,
            RecogniseError::Gallery(_) => FaultKind::Gallery,
        }
    }
}

/// What was seen in a frame, in the rules' words, and what the record wants to know besides.
#[derive(Debug, Clone, Copy)]
pub struct Seen {
    /// When the frame was taken.
    pub at: Moment,
    /// What the rules are told.
    pub input: Input,
    /// How many faces there were.
    pub faces: usize,
    /// Width of the judged face in pixels of the frame.
    pub face_px: Option<f32>,
    /// Templates that it was compared with.
    pub k: usize,
    /// How long each stage took.
    pub timings: StageTimes,
}

/// Looks at frames and compares faces with the gallery as it stands at each.
pub struct Recogniser {
    vision: Vision,
    gallery: Gallery,
    index: Index,
    changes: Changes,
    threshold: Threshold,
    standing: Standing,
}

impl Recogniser {
    /// Begins with the gallery as it stands.
    ///
    /// # Errors
    /// The gallery can't be read.
    pub fn new(vision: Vision, mut gallery: Gallery, threshold: Threshold) -> Result<Recogniser, GalleryError> {
        let changes = gallery.changes()?;
        let index = gallery.index(&vision.encoder().digest, threshold.metric())?;
        let standing = threshold.at(index.k_that_opens());
        Ok(Recogniser { vision, gallery, index, changes, threshold, standing })
    }

    /// The templates that faces are compared with.
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// The tau in force, and what it is worth with the gallery as it stands.
    pub fn standing(&self) -> &Standing {
        &self.standing
    }

    /// The nets.
    pub fn vision(&self) -> &Vision {
        &self.vision
    }

    /// Looks at a frame and compares its face. Whoever was enrolled or removed before this call counts.
    ///
    /// # Errors
    /// A net failed or gave what is no number, or the gallery can't be read: the caller denies.
    pub fn see(&mut self, frame: &Frame) -> Result<Seen, RecogniseError> {
        self.refresh()?;
        let look = self.vision.look(frame)?;
        Ok(seen(look, &self.index, self.standing.tau, frame.captured_at))
    }

    fn refresh(&mut self) -> Result<(), GalleryError> {
        let changes = self.gallery.changes()?;
        if changes != self.changes {
            self.index = self.gallery.index(&self.vision.encoder().digest, self.threshold.metric())?;
            self.changes = changes;
            let before = std::mem::replace(&mut self.standing, self.threshold.at(self.index.k_that_opens()));
            if self.standing.most_k.is_some() {
                log::error!("{}", self.standing.words());
            } else if before.tau != self.standing.tau {
                log::info!("{}", self.standing.words());
            }
        }
        Ok(())
    }
}

fn seen(look: &Look, index: &Index, tau: Tau, at: Moment) -> Seen {
    let subject = look.subject();
    let (input, k) = match subject {
        None => (Input::Nobody, 0),
        Some(face) => {
            let ranking = face.embedding.as_ref().map(|e| index.search(e));
            (Input::Sighting(sighting(face, ranking.as_ref(), tau, at)), ranking.map_or(0, |r| r.k))
        }
    };
    Seen { at, input, faces: look.faces.len(), face_px: subject.map(|f| f.detection.bbox.width), k, timings: look.timings }
}

/// A face and who of the gallery is most like it, in the rules' words.
pub fn sighting(face: &Face, ranking: Option<&Ranking>, tau: Tau, taken_at: Moment) -> Sighting {
    let best = ranking.and_then(|r| r.best);
    let flaw = face.quality.reasons.iter().next().map(flaw).or(face.embedding.is_none().then_some(Flaw::NoEmbedding));
    Sighting {
        person: best.map(|c| c.person),
        similarity: best.map_or(Similarity(-1.0), |c| c.similarity),
        tau,
        is_barred: best.is_some_and(|c| c.is_barred),
        other: ranking.and_then(|r| r.other).map(|c| c.similarity),
        quality: flaw.map_or(Quality::Usable, Quality::Unusable),
        liveness: face.liveness.map(|l| l.live),
        taken_at,
    }
}

fn flaw(reason: Reason) -> Flaw {
    match reason {
        Reason::TooSmall => Flaw::TooSmall,
        Reason::TooBlurred => Flaw::Blurred,
        Reason::TooDark => Flaw::TooDark,
        Reason::TooBright => Flaw::TooBright,
        Reason::TurnedAway => Flaw::TurnedAway,
        Reason::CutByEdge => Flaw::Cut,
        Reason::TooNear => Flaw::TooNear,
    }
}
