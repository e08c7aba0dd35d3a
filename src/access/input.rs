//! What the controller is told. Values of other rooms are translated to these by the service.

use crate::units::{Moment, PersonId, Similarity, Tau};

/// What the controller is told. Contact, exit button and tamper switch are further variants once the door has such inputs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Input {
    /// A face in a frame: the largest usable one, or the largest where none is usable.
    Sighting(Sighting),
    /// A frame without a face.
    Nobody,
    /// Somebody who may do so orders something.
    Command(Command),
    /// Something that the gate depends on has failed.
    Fault(FaultKind),
    /// ... and works again.
    FaultCleared(FaultKind),
    /// Time has passed.
    Tick,
}

/// One face of one frame, compared with the gallery.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sighting {
    /// The best person of the gallery; none where the gallery is empty or the face has no embedding.
    pub person: Option<PersonId>,
    /// How alike the best person is, -1 to 1.
    pub similarity: Similarity,
    /// The threshold that it must reach, with the gallery as it stands. NaN, which nothing reaches, where there is none.
    pub tau: Tau,
    /// Whether the best person is one who is never let in.
    pub is_barred: bool,
    /// How alike the best *other* person is; none where there is no other.
    pub other: Option<Similarity>,
    /// Whether the picture of the face is good enough to be judged.
    pub quality: Quality,
    /// Probability of a living face, 0 to 1; none where it was not judged.
    pub liveness: Option<f32>,
    /// When the frame was taken.
    pub taken_at: Moment,
}

/// Whether a face is good enough to be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quality {
    Usable,
    Unusable(Flaw),
}

/// Why a face can't be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flaw {
    TooSmall,
    Blurred,
    TooDark,
    TooBright,
    TurnedAway,
    /// Cut by the frame's edge.
    Cut,
    /// So near that liveness can't be judged.
    TooNear,
    /// The encoder gave no usable numbers.
    NoEmbedding,
}

/// An order of the caretaker's or of the service's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Lock now, and open nothing more in this visit.
    Lock,
    /// The service leaves: lock, end the visit, and open nothing any more.
    Stop,
}

impl Command {
    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Command::Lock => "lock",
            Command::Stop => "stop",
        }
    }
}

/// What can fail. While one of them stands nothing is granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultKind {
    /// No fresh frame.
    Camera,
    /// No look at a fresh frame.
    Recognise,
    /// A net gave what it must not give, or can't be run.
    Model,
    /// The gallery can't be read or written.
    Gallery,
    /// Events can't be recorded: no entry without a record.
    Audit,
    /// The line can't be driven.
    Door,
    /// Time can't be trusted.
    Clock,
}

impl FaultKind {
    /// All of them.
    pub const ALL: [FaultKind; 7] = [
        FaultKind::Camera,
        FaultKind::Recognise,
        FaultKind::Model,
        FaultKind::Gallery,
        FaultKind::Audit,
        FaultKind::Door,
        FaultKind::Clock,
    ];

    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            FaultKind::Camera => "camera",
            FaultKind::Recognise => "recognise",
            FaultKind::Model => "model",
            FaultKind::Gallery => "gallery",
            FaultKind::Audit => "audit",
            FaultKind::Door => "door",
            FaultKind::Clock => "clock",
        }
    }
}

/// The faults that stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Faults(u8);

impl Faults {
    pub fn any(self) -> bool {
        self.0 != 0
    }

    /// Whether it is a new one.
    pub fn raise(&mut self, kind: FaultKind) -> bool {
        let before = self.0;
        self.0 |= Self::bit(kind);
        self.0 != before
    }

    /// Whether it stood.
    pub fn clear(&mut self, kind: FaultKind) -> bool {
        let before = self.0;
        self.0 &= !Self::bit(kind);
        self.0 != before
    }

    fn bit(kind: FaultKind) -> u8 {
        1 << kind as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_told_apart() {
        let mut faults = Faults::default();
        for kind in FaultKind::ALL {
            assert!(faults.raise(kind) && !faults.raise(kind), "{kind:?}");
        }
        for kind in FaultKind::ALL {
            assert!(faults.any());
            assert!(faults.clear(kind) && !faults.clear(kind), "{kind:?}");
        }
        assert!(!faults.any());
    }

    #[test]
    fn codes_are_all_different() {
        let codes: std::collections::BTreeSet<_> = FaultKind::ALL.map(FaultKind::code).into();
        assert_eq!(codes.len(), FaultKind::ALL.len());
    }
}
