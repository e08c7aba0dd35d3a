//! What is to be remembered: everything that an entry of the audit is written from.

use super::input::{Command, FaultKind, Flaw};
use crate::units::{Moment, PersonId, Similarity, Tau};

/// Something that happened and belongs into the record.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Outcome {
    /// A person was let in.
    Granted {
        visit: u64,
        person: PersonId,
        /// When the permit ends.
        until: Moment,
        /// Those of the look that decided.
        figures: Figures,
    },
    /// A visit ended and nobody was let in.
    Denied {
        visit: u64,
        /// The most telling reason of the visit.
        reason: Reason,
        /// Those of the visit's best look: the one most alike.
        figures: Figures,
    },
    /// A permit ended.
    Revoked { visit: u64, person: PersonId, cause: Cause },
    /// Something failed.
    FaultRaised(FaultKind),
    /// ... and works again.
    FaultCleared(FaultKind),
    /// An order was carried out.
    Commanded(Command),
    /// Time went back, to `now` from `was`.
    ClockWentBack { was: Moment, now: Moment },
}

/// The figures of a decision.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figures {
    /// When the visit's first face was seen.
    pub since: Moment,
    /// The person most alike; not necessarily this person.
    pub person: Option<PersonId>,
    pub similarity: Option<Similarity>,
    /// How alike the best other person was.
    pub other: Option<Similarity>,
    pub tau: Tau,
    pub margin: f32,
    /// Probability of a living face.
    pub liveness: Option<f32>,
    /// Votes that counted at a grant; the most that ever counted together in a visit without one.
    pub votes: u32,
    /// Looks of the visit so far.
    pub looks: u32,
    /// Looks of the visit that were judged not living.
    pub spoofs: u32,
}

/// Why a visit ended without a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// There were votes enough, but the door was being held locked by a fault.
    Fault,
    /// ... but somebody had ordered the lock.
    Locked,
    /// ... but the cool-down after the last grant was not over.
    Cooldown,
    /// Judged not living.
    Spoof,
    /// Two people are too much alike to tell which one it was.
    Ambiguous,
    /// Known, but not in looks enough.
    TooFewLooks,
    /// Known, but liveness is required and could not be judged.
    LivenessNotJudged,
    /// Somebody who is known and never let in.
    Barred,
    /// Nobody whom the gate knows.
    Unknown,
    /// The face could not be judged in any look; the last flaw.
    Unusable(Flaw),
    /// A look held numbers that are none.
    BadNumber,
    /// Looks came from the future, from the past, or twice.
    BadTime,
}

impl Reason {
    /// Stable code, for the record and for programs.
    pub fn code(self) -> &'static str {
        match self {
            Reason::Fault => "fault",
            Reason::Locked => "locked",
            Reason::Cooldown => "cooldown",
            Reason::Spoof => "spoof",
            Reason::Ambiguous => "ambiguous",
            Reason::TooFewLooks => "too_few_looks",
            Reason::LivenessNotJudged => "liveness_not_judged",
            Reason::Barred => "barred",
            Reason::Unknown => "unknown",
            Reason::Unusable(flaw) => flaw.code(),
            Reason::BadNumber => "bad_number",
            Reason::BadTime => "bad_time",
        }
    }
}

impl Flaw {
    /// Stable code, for the record and for programs.
    pub fn code(self) -> &'static str {
        match self {
            Flaw::TooSmall => "too_small",
            Flaw::Blurred => "blurred",
            Flaw::TooDark => "too_dark",
            Flaw::TooBright => "too_bright",
            Flaw::TurnedAway => "turned_away",
            Flaw::Cut => "cut",
            Flaw::TooNear => "too_near",
            Flaw::NoEmbedding => "no_embedding",
        }
    }
}

/// Why a permit ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Its time was over.
    TimeUp,
    Fault(FaultKind),
    Command(Command),
    /// Time went back.
    Clock,
}

impl Cause {
    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Cause::TimeUp => "time_up",
            Cause::Fault(_) => "fault",
            Cause::Command(_) => "command",
            Cause::Clock => "clock",
        }
    }
}
