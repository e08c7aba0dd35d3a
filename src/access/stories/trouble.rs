//! Faults, orders, clocks and numbers that are none: what goes wrong locks, and opens nothing.

use super::*;

#[test]
fn a_fault_locks_at_once_and_until_it_is_cleared() {
    let mut gate = Gate::new(rules());
    gate.sees(3, good(ANN)).tell(Input::Fault(FaultKind::Camera));
    assert_eq!(gate.controller.permitted_until(), None);
    assert_eq!(gate.said.iter().filter(|(_, a)| *a == Action::Revoke).count(), 1);
    gate.sees_nobody(40)
        .sees(9, good(ANN))
        .tell(Input::Fault(FaultKind::Audit))
        .tell(Input::FaultCleared(FaultKind::Camera))
        .sees(9, good(ANN));
    assert_eq!(gate.granted(), [ANN], "the other fault stands");
    gate.tell(Input::FaultCleared(FaultKind::Audit)).sees(2, good(ANN));
    assert_eq!(gate.granted(), [ANN], "looks during a fault don't vote");
    gate.sees(1, good(ANN));
    assert_eq!(gate.granted(), [ANN, ANN]);
    assert_eq!(
        gate.outcomes().into_iter().filter(|o| !matches!(o, Outcome::Granted { .. })).collect::<Vec<_>>(),
        [
            Outcome::Revoked { visit: 1, person: ANN, cause: Cause::Fault(FaultKind::Camera) },
            Outcome::FaultRaised(FaultKind::Camera),
            Outcome::FaultRaised(FaultKind::Audit),
            Outcome::FaultCleared(FaultKind::Camera),
            Outcome::FaultCleared(FaultKind::Audit),
        ],
    );
}

#[test]
fn a_visit_that_a_fault_held_back_says_so() {
    let mut gate = Gate::new(rules());
    gate.tell(Input::Fault(FaultKind::Audit)).sees(9, good(ANN));
    assert_eq!(gate.reasons(), [Reason::Fault]);
}

#[test]
fn a_fault_that_stands_is_recorded_once_but_locks_each_time() {
    let mut gate = Gate::new(rules());
    for _ in 0..3 {
        gate.tell(Input::Fault(FaultKind::Door));
    }
    gate.tell(Input::FaultCleared(FaultKind::Camera));
    assert_eq!(gate.outcomes(), [Outcome::FaultRaised(FaultKind::Door)]);
    assert_eq!(gate.said.iter().filter(|(_, a)| *a == Action::Revoke).count(), 3);
}

#[test]
fn an_ordered_lock_holds_for_the_visit() {
    let mut gate = Gate::new(Rules { cooldown: Duration::ZERO, ..rules() });
    gate.sees(2, good(ANN)).tell(Input::Command(Command::Lock)).sees(9, good(ANN));
    assert_eq!(gate.reasons(), [Reason::Locked]);
    gate.sees(3, good(ANN));
    assert_eq!(gate.granted(), [ANN]);
}

#[test]
fn after_a_stop_nothing_opens_and_nothing_is_left_unsaid() {
    let mut gate = Gate::new(rules());
    gate.sees(2, stranger()).tell(Input::Command(Command::Stop)).sees(9, good(ANN)).sees_nobody(20);
    assert_eq!(gate.denied(), [Reason::Unknown]);
    assert_eq!(gate.outcomes().last(), Some(&Outcome::Commanded(Command::Stop)));
    let mut gate = Gate::new(rules());
    gate.sees(3, good(ANN)).tell(Input::Command(Command::Stop));
    assert_eq!(gate.controller.permitted_until(), None);
    assert!(gate.outcomes().contains(&Outcome::Revoked { visit: 1, person: ANN, cause: Cause::Command(Command::Stop) }));
}

#[test]
fn a_clock_that_goes_back_denies_and_ends_what_was_under_way() {
    let mut gate = Gate::new(rules());
    gate.sees(3, good(ANN));
    gate.ms = 500;
    gate.tell(Input::Tick);
    assert_eq!(gate.controller.permitted_until(), None);
    let outcomes = gate.outcomes();
    assert_eq!(outcomes[1], Outcome::Revoked { visit: 1, person: ANN, cause: Cause::Clock });
    assert_eq!(outcomes[2], Outcome::ClockWentBack { was: Moment::from_ms(1300), now: Moment::from_ms(500) });
    gate.sees(25, good(ANN));
    assert_eq!(gate.granted(), [ANN], "cooling down");
    gate.sees(20, good(ANN));
    assert_eq!(gate.granted(), [ANN, ANN], "and in order again");
    let mut gate = Gate::new(Rules { votes: 1, cooldown: Duration::ZERO, ..rules() });
    gate.ms = 0;
    gate.tell(Input::Sighting(Sighting { taken_at: Moment::START, ..good(ANN) }));
    assert_eq!(gate.granted(), [ANN], "the first step has nothing before it");
}

#[test]
fn a_repeated_or_future_frame_does_not_vote() {
    let at = Moment::from_ms(900);
    let mut gate = Gate::new(rules());
    for _ in 0..9 {
        gate.tell(Input::Sighting(Sighting { taken_at: at, ..good(ANN) }));
    }
    assert_eq!(gate.reasons(), [Reason::TooFewLooks]);
    let mut gate = Gate::new(rules());
    for ms in 1..9 {
        gate.tell(Input::Sighting(Sighting { taken_at: Moment::from_ms(1000 + ms), ..good(ANN) }));
    }
    assert_eq!(gate.reasons(), [Reason::BadTime]);
}

#[test]
fn a_frame_from_the_future_does_not_shut_the_gate_for_good() {
    let mut gate = Gate::new(rules());
    gate.tell(Input::Sighting(Sighting { taken_at: Moment::from_ms(u64::MAX), ..good(ANN) })).sees(3, good(ANN));
    assert_eq!(gate.granted(), [ANN]);
}

#[test]
fn numbers_that_are_none_open_nothing() {
    let bad = [
        Sighting { similarity: Similarity(f32::NAN), ..good(ANN) },
        Sighting { similarity: Similarity(f32::INFINITY), ..good(ANN) },
        Sighting { similarity: Similarity(1.5), ..good(ANN) },
        Sighting { other: Some(Similarity(f32::NAN)), ..good(ANN) },
        Sighting { other: Some(Similarity(f32::NEG_INFINITY)), ..good(ANN) },
        Sighting { liveness: Some(f32::NAN), ..good(ANN) },
        Sighting { liveness: Some(f32::INFINITY), ..good(ANN) },
        Sighting { liveness: Some(1.5), ..good(ANN) },
    ];
    for sighting in bad {
        let mut gate = Gate::new(Rules { liveness_required: false, ..rules() });
        assert_eq!(gate.sees(9, sighting).reasons(), [Reason::BadNumber], "{sighting:?}");
    }
}

#[test]
fn unfit_rules_open_nothing() {
    let unfit = [
        Rules { votes: 0, ..rules() },
        Rules { votes: 6, ..rules() },
        Rules { looks: 0, ..rules() },
        Rules { margin: f32::NAN, ..rules() },
        Rules { min_live: f32::NAN, ..rules() },
        Rules { unlock: Duration::ZERO, ..rules() },
        Rules { max_unlock: Duration::ZERO, ..rules() },
        Rules { max_spoofs: 0, ..rules() },
        Rules { votes: u32::MAX, looks: u32::MAX, ..rules() },
    ];
    for rules in unfit {
        let mut gate = Gate::new(rules.clone());
        assert_eq!(gate.sees(50, good(ANN)).granted(), [], "{rules:?}");
    }
}

/// Found by the properties: a look at Bob whose liveness was no probability went by, and Ann's votes from before it still counted.
#[test]
fn a_number_that_is_none_voids_the_votes_before_it() {
    let mut gate = Gate::new(rules());
    gate.sees(2, good(ANN)).sees(1, Sighting { liveness: Some(3.9e26), ..good(BOB) }).sees(2, good(ANN));
    assert_eq!(gate.granted(), []);
    assert_eq!(gate.sees(1, good(ANN)).granted(), [ANN]);
}
