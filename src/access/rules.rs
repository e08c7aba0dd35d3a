//! The figures that a decision follows.

use std::time::Duration;

/// The figures that a decision follows, from the configuration. Tau isn't among them: it follows the gallery, and
/// comes with each sighting.
///
/// Unfit figures (a NaN, more votes than looks) need no check here: they lead to denials.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// So many matching looks of one person ... None grants nothing.
    pub votes: u32,
    /// ... among the last so many looks; at most [`Rules::MOST_LOOKS`] are remembered.
    pub looks: u32,
    /// A look whose frame is older no longer counts.
    pub look_age: Duration,
    /// A visit ends when no face has been seen for so long.
    pub gap: Duration,
    /// After a grant nobody is granted for so long, and in any case not before its permit has ended.
    pub cooldown: Duration,
    /// The best person must be so much more alike than the best other person. Equally alike is ambiguous even at 0.
    pub margin: f32,
    /// How long a grant permits the line to be active.
    pub unlock: Duration,
    /// No permit lasts longer, whatever [`Rules::unlock`] says.
    pub max_unlock: Duration,
    /// A look without a judgement of liveness doesn't vote.
    pub liveness_required: bool,
    /// Least probability of a living face, 0 to 1.
    pub min_live: f32,
    /// A visit with so many looks judged not living opens nothing any more: it bounds how often a picture may be tried.
    pub max_spoofs: u32,
}

impl Rules {
    /// The most looks that are remembered.
    pub const MOST_LOOKS: u32 = 32;

    /// How long a permit lasts.
    pub(super) fn permit(&self) -> Duration {
        self.unlock.min(self.max_unlock)
    }
}
