//! Visits as they happen at a gate, told to the controller.

mod trouble;

use super::*;
use crate::units::{Moment, PersonId, Similarity, Tau};
use std::time::Duration;

const ANN: PersonId = PersonId(1);
const BOB: PersonId = PersonId(2);

fn rules() -> Rules {
    Rules {
        votes: 3,
        looks: 5,
        look_age: Duration::from_secs(2),
        gap: Duration::from_millis(1500),
        cooldown: Duration::from_secs(3),
        margin: 0.05,
        unlock: Duration::from_secs(2),
        max_unlock: Duration::from_secs(10),
        liveness_required: true,
        min_live: 0.5,
        max_spoofs: 6,
    }
}

/// A gate with a clock: a frame every 100 ms.
struct Gate {
    controller: Controller,
    ms: u64,
    said: Vec<(u64, Action)>,
}

impl Gate {
    fn new(rules: Rules) -> Gate {
        Gate { controller: Controller::new(rules), ms: 1000, said: Vec::new() }
    }

    fn tell(&mut self, input: Input) -> &mut Gate {
        let actions = self.controller.step(Moment::from_ms(self.ms), input);
        self.said.extend(actions.into_iter().map(|action| (self.ms, action)));
        self
    }

    /// So many frames of the same.
    fn sees(&mut self, frames: u32, sighting: Sighting) -> &mut Gate {
        for _ in 0..frames {
            self.ms += 100;
            self.tell(Input::Sighting(Sighting { taken_at: Moment::from_ms(self.ms - 30), ..sighting }));
        }
        self
    }

    fn sees_nobody(&mut self, frames: u32) -> &mut Gate {
        for _ in 0..frames {
            self.ms += 100;
            self.tell(Input::Nobody);
        }
        self
    }

    fn outcomes(&self) -> Vec<Outcome> {
        self.said.iter().filter_map(|(_, a)| if let Action::Record(outcome) = a { Some(*outcome) } else { None }).collect()
    }

    fn granted(&self) -> Vec<PersonId> {
        self.said.iter().filter_map(|(_, a)| if let Action::Permit { person, .. } = a { Some(*person) } else { None }).collect()
    }

    /// The reasons of all denials.
    fn denied(&self) -> Vec<Reason> {
        self.outcomes().iter().filter_map(|o| if let Outcome::Denied { reason, .. } = o { Some(*reason) } else { None }).collect()
    }

    /// Everybody leaves; the reasons of all denials.
    fn reasons(&mut self) -> Vec<Reason> {
        self.sees_nobody(20);
        self.denied()
    }
}

fn good(person: PersonId) -> Sighting {
    Sighting {
        person: Some(person),
        similarity: Similarity(0.8),
        tau: Tau(0.5),
        is_barred: false,
        other: Some(Similarity(0.1)),
        quality: Quality::Usable,
        liveness: Some(0.9),
        taken_at: Moment::START,
    }
}

fn stranger() -> Sighting {
    Sighting { similarity: Similarity(0.3), ..good(ANN) }
}

fn photo(person: PersonId) -> Sighting {
    Sighting { liveness: Some(0.1), ..good(person) }
}

#[test]
fn a_known_person_is_let_in_at_the_third_look_and_locked_out_in_time() {
    let mut gate = Gate::new(rules());
    gate.sees(3, good(ANN)).sees_nobody(30);
    let [(1300, permit), (1300, Action::Record(granted)), (3300, Action::Revoke), (3300, Action::Record(revoked))] = gate.said[..] else {
        panic!("{:?}", gate.said)
    };
    assert_eq!(permit, Action::Permit { until: Moment::from_ms(3300), person: ANN });
    let Outcome::Granted { visit: 1, person: ANN, until, figures } = granted else { panic!("{granted:?}") };
    assert_eq!(until, Moment::from_ms(3300));
    assert_eq!((figures.votes, figures.looks, figures.spoofs), (3, 3, 0));
    assert_eq!((figures.similarity, figures.other, figures.liveness), (Some(Similarity(0.8)), Some(Similarity(0.1)), Some(0.9)));
    assert_eq!(figures.since, Moment::from_ms(1100));
    assert_eq!(revoked, Outcome::Revoked { visit: 1, person: ANN, cause: Cause::TimeUp });
}

#[test]
fn a_stranger_gets_one_denial_with_the_best_figures() {
    let mut gate = Gate::new(rules());
    gate.sees(10, stranger()).sees(1, Sighting { similarity: Similarity(0.45), ..stranger() }).sees(10, stranger());
    assert_eq!(gate.said, []);
    assert_eq!(gate.reasons(), [Reason::Unknown]);
    let Outcome::Denied { visit: 1, figures, .. } = gate.outcomes()[0] else { panic!() };
    assert_eq!((figures.person, figures.similarity, figures.looks), (Some(ANN), Some(Similarity(0.45)), 21));
}

#[test]
fn two_good_looks_are_too_few() {
    let mut gate = Gate::new(rules());
    assert_eq!(gate.sees(2, good(ANN)).reasons(), [Reason::TooFewLooks]);
    assert_eq!(gate.granted(), []);
}

#[test]
fn looks_of_two_visits_are_not_added_up() {
    let mut gate = Gate::new(rules());
    gate.sees(2, good(ANN)).sees_nobody(15).sees(2, good(ANN));
    assert_eq!(gate.reasons(), [Reason::TooFewLooks, Reason::TooFewLooks]);
}

#[test]
fn looks_that_are_too_old_are_not_added_up() {
    let mut gate = Gate::new(Rules { gap: Duration::from_secs(60), ..rules() });
    for _ in 0..10 {
        gate.sees(1, good(ANN)).sees_nobody(10);
    }
    assert_eq!(gate.granted(), []);
}

#[test]
fn three_of_the_last_five_are_enough_but_not_of_the_last_six() {
    let blurred = Sighting { quality: Quality::Unusable(Flaw::Blurred), ..good(ANN) };
    let mut gate = Gate::new(rules());
    gate.sees(2, good(ANN)).sees(2, blurred).sees(1, good(ANN));
    assert_eq!(gate.granted(), [ANN]);
    let mut gate = Gate::new(rules());
    gate.sees(2, good(ANN)).sees(3, blurred).sees(1, good(ANN));
    assert_eq!(gate.granted(), []);
}

#[test]
fn there_is_one_grant_a_visit_and_no_denial_beside_it() {
    let mut gate = Gate::new(rules());
    gate.sees(200, good(ANN));
    assert_eq!(gate.granted(), [ANN]);
    assert_eq!(gate.reasons(), []);
}

#[test]
fn the_next_visit_waits_for_the_cool_down() {
    let mut gate = Gate::new(rules());
    gate.sees(3, good(ANN)).sees_nobody(15).sees(5, good(BOB));
    assert_eq!(gate.granted(), [ANN], "1.9 s after the grant");
    gate.sees(20, good(BOB));
    assert_eq!(gate.granted(), [ANN, BOB]);
    let mut gate = Gate::new(rules());
    gate.sees(3, good(ANN)).sees_nobody(15).sees(5, good(BOB));
    assert_eq!(gate.reasons(), [Reason::Cooldown]);
}

#[test]
fn a_permit_is_never_prolonged_by_another() {
    let mut gate = Gate::new(Rules { cooldown: Duration::ZERO, unlock: Duration::from_secs(9), ..rules() });
    gate.sees(3, good(ANN)).sees_nobody(15).sees(100, good(BOB));
    let moves: Vec<_> = gate.said.iter().filter(|(_, a)| !matches!(a, Action::Record(_))).map(|(ms, a)| (*ms, *a)).collect();
    assert_eq!(
        moves,
        [
            (1300, Action::Permit { until: Moment::from_ms(10300), person: ANN }),
            (10300, Action::Revoke),
            (10300, Action::Permit { until: Moment::from_ms(19300), person: BOB }),
        ],
    );
}

#[test]
fn the_longest_permit_wins_over_the_wanted_one() {
    let mut gate = Gate::new(Rules { unlock: Duration::from_secs(99), ..rules() });
    gate.sees(3, good(ANN));
    assert_eq!(gate.controller.permitted_until(), Some(Moment::from_ms(11300)));
}

#[test]
fn nobody_inherits_votes() {
    let mut gate = Gate::new(rules());
    gate.sees(2, good(ANN)).sees(1, good(BOB)).sees(2, good(ANN));
    assert_eq!(gate.granted(), []);
    gate.sees(1, good(ANN));
    assert_eq!(gate.granted(), [ANN]);
    let mut gate = Gate::new(rules());
    for _ in 0..20 {
        gate.sees(1, good(ANN)).sees(1, good(BOB));
    }
    assert_eq!(gate.granted(), [], "two who take turns");
}

#[test]
fn two_who_are_alike_open_nothing() {
    for other in [0.8, 0.76, 0.9] {
        let mut gate = Gate::new(rules());
        gate.sees(10, Sighting { other: Some(Similarity(other)), ..good(ANN) });
        assert_eq!(gate.reasons(), [Reason::Ambiguous], "{other}");
    }
    let mut gate = Gate::new(Rules { margin: 0.0, ..rules() });
    gate.sees(10, Sighting { other: Some(Similarity(0.8)), ..good(ANN) });
    assert_eq!(gate.reasons(), [Reason::Ambiguous], "equally alike");
}

#[test]
fn the_only_person_of_a_gallery_needs_no_margin() {
    let mut gate = Gate::new(rules());
    gate.sees(3, Sighting { other: None, ..good(ANN) });
    assert_eq!(gate.granted(), [ANN]);
}

#[test]
fn a_photo_opens_nothing_and_is_named() {
    let mut gate = Gate::new(rules());
    assert_eq!(gate.sees(30, photo(ANN)).reasons(), [Reason::Spoof]);
    let Outcome::Denied { figures, .. } = gate.outcomes()[0] else { panic!() };
    assert_eq!((figures.person, figures.spoofs, figures.liveness), (Some(ANN), 30, Some(0.1)));
    let mut gate = Gate::new(Rules { liveness_required: false, ..rules() });
    assert_eq!(gate.sees(30, photo(ANN)).reasons(), [Reason::Spoof], "liveness denies even where it isn't required");
}

#[test]
fn a_spoof_look_cancels_a_vote() {
    let mut gate = Gate::new(rules());
    gate.sees(1, photo(ANN)).sees(3, good(ANN));
    assert_eq!(gate.granted(), [], "3 - 1 votes");
    gate.sees(1, good(ANN));
    assert_eq!(gate.granted(), [ANN], "4 - 1 votes");
    let mut gate = Gate::new(rules());
    gate.sees(2, photo(ANN)).sees(3, good(ANN));
    assert_eq!(gate.reasons(), [Reason::Spoof], "outvoted");
}

#[test]
fn a_picture_can_be_tried_only_so_often() {
    let mut gate = Gate::new(rules());
    gate.sees(6, photo(ANN)).sees(50, good(ANN));
    assert_eq!(gate.reasons(), [Reason::Spoof]);
    gate.sees(3, good(ANN));
    assert_eq!(gate.granted(), [ANN], "the next visit");
}

#[test]
fn one_false_alarm_of_liveness_does_not_hide_what_a_visit_was() {
    let mut gate = Gate::new(rules());
    assert_eq!(gate.sees(9, stranger()).sees(1, Sighting { liveness: Some(0.4), ..stranger() }).reasons(), [Reason::Unknown]);
}

#[test]
fn without_a_judgement_of_liveness_nobody_is_let_in_where_it_is_required() {
    let unjudged = Sighting { liveness: None, ..good(ANN) };
    let mut gate = Gate::new(rules());
    assert_eq!(gate.sees(9, unjudged).reasons(), [Reason::LivenessNotJudged]);
    let mut gate = Gate::new(Rules { liveness_required: false, ..rules() });
    assert_eq!(gate.sees(9, unjudged).granted(), [ANN]);
}

#[test]
fn without_a_threshold_nobody_is_known() {
    let mut gate = Gate::new(rules());
    assert_eq!(gate.sees(50, Sighting { tau: Tau(f32::NAN), ..good(ANN) }).reasons(), [Reason::Unknown]);
}

#[test]
fn the_threshold_counts_that_stood_when_the_face_was_compared() {
    let mut gate = Gate::new(rules());
    gate.sees(2, good(ANN)).sees(2, Sighting { tau: Tau(0.9), ..good(ANN) });
    assert_eq!(gate.granted(), [], "somebody was enrolled after the second look");
    assert_eq!(gate.sees(1, good(ANN)).granted(), [ANN]);
}

#[test]
fn whoever_is_barred_is_known_and_never_let_in() {
    let barred = Sighting { is_barred: true, ..good(BOB) };
    let mut gate = Gate::new(rules());
    assert_eq!(gate.sees(50, barred).reasons(), [Reason::Barred]);
    let mut gate = Gate::new(rules());
    gate.sees(2, good(ANN)).sees(1, barred).sees(2, good(ANN));
    assert_eq!(gate.granted(), [], "a look at Bob voids the votes for Ann");
    let mut gate = Gate::new(rules());
    let a_little_like_bob = Sighting { similarity: Similarity(0.4), ..barred };
    assert_eq!(gate.sees(50, a_little_like_bob).reasons(), [Reason::Unknown]);
}

#[test]
fn nobody_in_the_gallery_is_nobody_at_the_gate() {
    let mut gate = Gate::new(rules());
    gate.sees(9, Sighting { person: None, similarity: Similarity(f32::NAN), other: None, ..good(ANN) });
    assert_eq!(gate.reasons(), [Reason::Unknown]);
    let Outcome::Denied { figures, .. } = gate.outcomes()[0] else { panic!() };
    assert_eq!((figures.person, figures.similarity), (None, None));
}

#[test]
fn an_unusable_face_is_denied_with_its_flaw() {
    for flaw in
        [Flaw::TooSmall, Flaw::Blurred, Flaw::TooDark, Flaw::TooBright, Flaw::TurnedAway, Flaw::Cut, Flaw::TooNear, Flaw::NoEmbedding]
    {
        let mut gate = Gate::new(rules());
        gate.sees(9, Sighting { quality: Quality::Unusable(flaw), ..good(ANN) });
        assert_eq!(gate.reasons(), [Reason::Unusable(flaw)]);
    }
}

#[test]
fn every_visit_has_a_number_of_its_own() {
    let mut gate = Gate::new(rules());
    gate.sees(2, stranger()).sees_nobody(20).sees(3, good(ANN)).sees_nobody(20).sees(2, stranger()).sees_nobody(20);
    let numbers: Vec<_> = gate
        .outcomes()
        .iter()
        .filter_map(|o| match o {
            Outcome::Granted { visit, .. } | Outcome::Denied { visit, .. } => Some(*visit),
            _ => None,
        })
        .collect();
    assert_eq!(numbers, [1, 2, 3]);
}
