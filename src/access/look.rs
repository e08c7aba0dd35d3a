//! One judged face, and the last few of them.

use super::input::{Flaw, Quality, Sighting};
use super::rules::Rules;
use crate::units::{Moment, PersonId, Similarity};
use std::time::Duration;

/// What one face of one frame amounts to. Only a match votes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// A living person of the gallery, clearly more alike than any other.
    Match(PersonId),
    /// As a match, but liveness is required and was not judged.
    Unjudged(PersonId),
    /// Alike enough, but not clearly more than somebody else.
    Ambiguous,
    /// Somebody who is known and never let in.
    Barred(PersonId),
    /// Nobody is alike enough.
    Unknown,
    /// Judged not living.
    Spoof,
    /// The picture of the face is not good enough to be judged.
    Unusable(Flaw),
    /// A similarity or a probability that is none.
    BadNumber,
    /// From the future, from before the last look, or of the same frame. Only the controller finds this.
    BadTime,
}

/// A cosine may exceed 1 by rounding; more than this is no cosine.
const ROUNDING: f32 = 1e-3;

impl Look {
    /// What a sighting amounts to, its time aside.
    pub fn judge(sighting: &Sighting, rules: &Rules) -> Look {
        if let Quality::Unusable(flaw) = sighting.quality {
            return Look::Unusable(flaw);
        }
        match sighting.liveness {
            Some(live) if !(0.0..=1.0).contains(&live) => return Look::BadNumber,
            Some(live) if live >= rules.min_live => {}
            Some(_) => return Look::Spoof,
            None => {}
        }
        let Some(person) = sighting.person else { return Look::Unknown };
        if !is_cosine(sighting.similarity) || !sighting.other.is_none_or(is_cosine) {
            return Look::BadNumber;
        }
        if !sighting.similarity.reaches(sighting.tau) {
            return Look::Unknown;
        }
        if sighting.is_barred {
            return Look::Barred(person);
        }
        let is_distinct = sighting.other.is_none_or(|other| {
            let lead = sighting.similarity.0 - other.0;
            lead > 0.0 && lead >= rules.margin
        });
        match (is_distinct, sighting.liveness) {
            (true, Some(_)) => Look::Match(person),
            (true, None) if rules.liveness_required => Look::Unjudged(person),
            (true, None) => Look::Match(person),
            (false, _) => Look::Ambiguous,
        }
    }

    /// For whom it speaks.
    fn person(self) -> Option<PersonId> {
        match self {
            Look::Match(person) | Look::Unjudged(person) | Look::Barred(person) => Some(person),
            Look::Ambiguous | Look::Unknown | Look::Spoof | Look::Unusable(_) | Look::BadNumber | Look::BadTime => None,
        }
    }
}

fn is_cosine(similarity: Similarity) -> bool {
    similarity.0.abs() <= 1.0 + ROUNDING
}

/// The last few looks of a visit, newest first.
#[derive(Debug, Clone)]
pub(super) struct Window {
    held: [Option<(Moment, Look)>; Rules::MOST_LOOKS as usize],
    size: usize,
    /// When the newest frame of all was taken; outlives the looks.
    newest: Option<Moment>,
}

/// How the looks of a window speak for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Votes {
    pub matches: u32,
    /// Looks that were judged not living, whoever they showed; each cancels a match.
    pub spoofs: u32,
}

impl Votes {
    pub fn that_count(self) -> u32 {
        self.matches.saturating_sub(self.spoofs)
    }
}

impl Window {
    pub fn new(rules: &Rules) -> Window {
        Window { held: [None; Rules::MOST_LOOKS as usize], size: rules.looks.min(Rules::MOST_LOOKS) as usize, newest: None }
    }

    /// Whether a frame is from now or before and newer than all before; from then on it is the newest.
    pub fn is_in_order(&mut self, taken_at: Moment, now: Moment) -> bool {
        let in_order = taken_at <= now && self.newest.is_none_or(|newest| taken_at > newest);
        if in_order {
            self.newest = Some(taken_at);
        }
        in_order
    }

    /// Adds a look. Those that speak for somebody else than this one are forgotten.
    pub fn push(&mut self, taken_at: Moment, look: Look) {
        let Some(last) = self.size.checked_sub(1) else { return };
        if let Some(person) = look.person() {
            for held in &mut self.held {
                if held.and_then(|(_, look)| look.person()).is_some_and(|other| other != person) {
                    *held = None;
                }
            }
        }
        self.held.copy_within(..last, 1);
        self.held[0] = Some((taken_at, look));
    }

    /// How those speak for a person that are not too old.
    pub fn votes(&self, person: PersonId, now: Moment, look_age: Duration) -> Votes {
        let fresh = |taken_at: Moment| taken_at <= now && now.since(taken_at) <= look_age;
        let mut votes = Votes { matches: 0, spoofs: 0 };
        for (_, look) in self.held.iter().flatten().filter(|(taken_at, _)| fresh(*taken_at)) {
            match look {
                Look::Match(p) if *p == person => votes.matches += 1,
                Look::Spoof => votes.spoofs += 1,
                _ => {}
            }
        }
        votes
    }

    /// Forgets the looks, but not how far time had come.
    pub fn forget(&mut self) {
        self.held = [None; Rules::MOST_LOOKS as usize];
    }

    /// Forgets everything.
    pub fn forget_time_too(&mut self) {
        self.forget();
        self.newest = None;
    }
}
