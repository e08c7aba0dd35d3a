//! Visits, measured: moved and re-lit frames of one picture, as somebody who stands before the gate gives them, through the gate's own rules.

use super::identification::Row;
use super::{Failure, Sample};
use crate::access::{Action, Controller, Flaw, Input, Quality, Rules, Sighting};
use crate::statistics::Share;
use crate::units::{Moment, PersonId, Similarity, Tau};
use std::time::Duration;

/// Frames of a visit: what a person in a hurry shows in two thirds of a second.
pub const FRAMES: u64 = 6;
/// Time between two of them.
const BETWEEN: Duration = Duration::from_millis(100);

/// What the frames of a visit gave.
pub type Frames<'s> = &'s [Result<Sample, Failure>];

/// What came of visits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Visits {
    /// Visits of strangers that opened, over all galleries of a size.
    pub fpir: Share,
    /// Strangers who made them: each comes to every gallery, so the visits don't count for as many trials.
    pub strangers: u64,
    /// Visits of people enrolled that didn't open for them.
    pub fnir: Share,
    /// Visits of people enrolled that opened for somebody else.
    pub mistaken: Share,
}

impl Visits {
    /// Lets somebody come to a gallery of these people. Liveness is left aside: it is measured by itself.
    pub(super) fn make(
        &mut self,
        person: Option<usize>,
        gallery: &[usize],
        rows: &[Option<Row>],
        frames: &[Result<Sample, Failure>],
        (tau, rules): (Tau, &Rules),
    ) {
        let granted = granted(gallery, rows, frames, tau, rules);
        match person {
            None => self.fpir.note(granted.is_some()),
            Some(person) => {
                self.fnir.note(granted != Some(person));
                self.mistaken.note(granted.is_some_and(|g| g != person));
            }
        }
    }

    /// Interval of the FPIR, with as many trials as there were strangers.
    pub fn fpir_interval95(&self) -> Option<[f64; 2]> {
        self.fpir.interval95_of(self.strangers)
    }

    /// Whether any was made.
    pub fn is_empty(&self) -> bool {
        self.fpir.n + self.fnir.n == 0
    }
}

/// Whom the gate lets in.
fn granted(gallery: &[usize], rows: &[Option<Row>], frames: &[Result<Sample, Failure>], tau: Tau, rules: &Rules) -> Option<usize> {
    let mut gate = Controller::new(Rules { liveness_required: false, ..rules.clone() });
    let mut now = Moment::START;
    for (row, frame) in rows.iter().zip(frames) {
        now = now.plus(BETWEEN);
        let input = match (row, frame) {
            (Some(row), _) => {
                let (best, other) = row.two(gallery);
                Input::Sighting(Sighting {
                    person: best.map(|(person, _)| PersonId(person as i64)),
                    similarity: best.map_or(Similarity(-1.0), |(_, score)| Similarity(score)),
                    other: other.map(Similarity),
                    quality: Quality::Usable,
                    liveness: None,
                    tau,
                    is_barred: false,
                    taken_at: now,
                })
            }
            (None, Err(Failure::NoFace | Failure::Unread(_))) => Input::Nobody,
            (None, _) => Input::Sighting(Sighting {
                person: None,
                similarity: Similarity(-1.0),
                other: None,
                quality: Quality::Unusable(Flaw::NoEmbedding),
                liveness: None,
                tau,
                is_barred: false,
                taken_at: now,
            }),
        };
        for action in gate.step(now, input) {
            if let Action::Permit { person, .. } = action {
                return usize::try_from(person.0).ok();
            }
        }
    }
    None
}
