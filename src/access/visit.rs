//! What has been seen of a visit so far, and what is to be said of it at its end.

use super::input::{Flaw, Sighting};
use super::look::Look;
use super::outcome::{Figures, Reason};
use super::rules::Rules;
use crate::units::{Moment, Tau};

/// From a face's first sighting until nobody has been seen for a while.
#[derive(Debug, Clone)]
pub(super) struct Visit {
    pub number: u64,
    pub since: Moment,
    pub last_seen: Moment,
    pub is_granted: bool,
    /// An order closed it.
    pub is_locked: bool,
    /// Looks judged not living.
    pub spoofs: u32,
    looks: u32,
    /// Looks at a face that could be judged and was not judged a spoof.
    others: u32,
    most_votes: u32,
    /// The votes would have been enough, had spoofs not cancelled them or closed the visit.
    is_outvoted: bool,
    held_back: Option<Reason>,
    has_ambiguous: bool,
    has_match: bool,
    has_unjudged: bool,
    has_barred: bool,
    has_unknown: bool,
    has_bad_number: bool,
    flaw: Option<Flaw>,
    best: Option<Sighting>,
}

impl Visit {
    pub fn begin(number: u64, now: Moment) -> Visit {
        Visit {
            number,
            since: now,
            last_seen: now,
            is_granted: false,
            is_locked: false,
            spoofs: 0,
            looks: 0,
            others: 0,
            most_votes: 0,
            is_outvoted: false,
            held_back: None,
            has_ambiguous: false,
            has_match: false,
            has_unjudged: false,
            has_barred: false,
            has_unknown: false,
            has_bad_number: false,
            flaw: None,
            best: None,
        }
    }

    /// Takes note of a look.
    pub fn note(&mut self, look: Look, sighting: &Sighting) {
        self.looks = self.looks.saturating_add(1);
        match look {
            Look::Match(_) => self.has_match = true,
            Look::Unjudged(_) => self.has_unjudged = true,
            Look::Ambiguous => self.has_ambiguous = true,
            Look::Barred(_) => self.has_barred = true,
            Look::Unknown => self.has_unknown = true,
            Look::Spoof => self.spoofs = self.spoofs.saturating_add(1),
            Look::Unusable(flaw) => self.flaw = Some(flaw),
            Look::BadNumber => self.has_bad_number = true,
            Look::BadTime => {}
        }
        match look {
            Look::Match(_) | Look::Unjudged(_) | Look::Ambiguous | Look::Barred(_) | Look::Unknown => {
                self.others = self.others.saturating_add(1);
            }
            Look::Spoof => {}
            Look::Unusable(_) | Look::BadNumber | Look::BadTime => return,
        }
        if self.best.is_none_or(|best| is_more_alike(sighting, &best)) {
            self.best = Some(*sighting);
        }
    }

    /// Takes note of how many votes counted together.
    pub fn note_votes(&mut self, that_count: u32) {
        self.most_votes = self.most_votes.max(that_count);
    }

    /// Takes note of votes that would have been enough without spoofs.
    pub fn note_outvoted(&mut self) {
        self.is_outvoted = true;
    }

    /// Takes note of what held a grant back; a fault tells more than an order, and an order more than a cool-down.
    pub fn note_held_back(&mut self, reason: Reason) {
        let weight = |reason| match reason {
            Reason::Fault => 3,
            Reason::Locked => 2,
            Reason::Cooldown => 1,
            _ => 0,
        };
        if self.held_back.is_none_or(|held| weight(reason) > weight(held)) {
            self.held_back = Some(reason);
        }
    }

    /// The most telling reason why nobody was let in.
    pub fn reason(&self) -> Reason {
        if let Some(reason) = self.held_back {
            reason
        } else if self.is_outvoted || (self.spoofs > 0 && self.spoofs >= self.others) {
            Reason::Spoof
        } else if self.has_barred {
            Reason::Barred
        } else if self.has_ambiguous {
            Reason::Ambiguous
        } else if self.has_match {
            Reason::TooFewLooks
        } else if self.has_unjudged {
            Reason::LivenessNotJudged
        } else if self.has_unknown {
            Reason::Unknown
        } else if let Some(flaw) = self.flaw {
            Reason::Unusable(flaw)
        } else if self.has_bad_number {
            Reason::BadNumber
        } else {
            Reason::BadTime
        }
    }

    /// The figures of the look most alike.
    pub fn best_figures(&self, rules: &Rules) -> Figures {
        self.figures(self.best.as_ref(), self.most_votes, rules)
    }

    /// The figures of a look.
    pub fn figures(&self, sighting: Option<&Sighting>, votes: u32, rules: &Rules) -> Figures {
        let person = sighting.and_then(|s| s.person);
        Figures {
            since: self.since,
            person,
            similarity: person.and(sighting).map(|s| s.similarity),
            other: person.and(sighting).and_then(|s| s.other),
            tau: sighting.map_or(Tau(f32::NAN), |s| s.tau),
            margin: rules.margin,
            liveness: sighting.and_then(|s| s.liveness),
            votes,
            looks: self.looks,
            spoofs: self.spoofs,
        }
    }
}

/// Whether a look shows somebody of the gallery, and more alike than the best so far. NaN is never more alike, and always less.
fn is_more_alike(sighting: &Sighting, best: &Sighting) -> bool {
    let likeness =
        |s: &Sighting| s.person.map_or(f32::NEG_INFINITY, |_| if s.similarity.0.is_nan() { f32::NEG_INFINITY } else { s.similarity.0 });
    likeness(sighting) > likeness(best)
}
