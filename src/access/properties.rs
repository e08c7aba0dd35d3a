//! What holds for every sequence of inputs, held against a second telling of the rules that shares no code with the first.

use super::*;
use crate::units::{Moment, PersonId, Similarity, Tau};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::time::Duration;

fn duration() -> impl Strategy<Value = Duration> {
    prop_oneof![
        8 => (0u64..4000).prop_map(Duration::from_millis),
        1 => any::<Duration>(),
        1 => prop_oneof![Just(Duration::ZERO), Just(Duration::MAX)],
    ]
}

fn number() -> impl Strategy<Value = f32> {
    prop_oneof![6 => 0.0f32..1.0, 2 => proptest::num::f32::ANY, 1 => prop_oneof![Just(f32::NAN), Just(f32::INFINITY)]]
}

fn rules() -> impl Strategy<Value = Rules> {
    let counts = prop_oneof![8 => (1u32..5, 1u32..8, 1u32..20), 1 => any::<(u32, u32, u32)>()];
    let figures = prop_oneof![8 => (0.0f32..0.2, 0.2f32..0.8), 1 => (number(), number())];
    let times = (duration(), duration(), duration(), duration(), duration());
    (counts, figures, times, any::<bool>()).prop_map(|((votes, looks, max_spoofs), (margin, min_live), times, liveness_required)| {
        let (look_age, gap, cooldown, unlock, max_unlock) = times;
        Rules { votes, looks, look_age, gap, cooldown, margin, unlock, max_unlock, liveness_required, min_live, max_spoofs }
    })
}

/// A sighting, its time still as an age (negative: from the future).
fn sighting() -> impl Strategy<Value = (Sighting, i64)> {
    let person = prop_oneof![8 => Just(Some(1)), 2 => Just(Some(2)), 1 => Just(None)].prop_map(|p| p.map(PersonId));
    let similarity = prop_oneof![6 => 0.75f32..1.0, 2 => 0.0f32..1.0, 1 => number()];
    let other = prop_oneof![5 => Just(None), 4 => (0.0f32..0.6).prop_map(Some), 1 => number().prop_map(Some)];
    let liveness =
        prop_oneof![6 => (0.8f32..1.0).prop_map(Some), 1 => (0.0f32..1.0).prop_map(Some), 1 => Just(None), 1 => number().prop_map(Some)];
    let quality = prop_oneof![9 => Just(Quality::Usable), 1 => Just(Quality::Unusable(Flaw::Blurred))];
    let age = prop_oneof![12 => 0i64..40, 1 => 0i64..5000, 1 => -500i64..0];
    let tau = prop_oneof![8 => 0.2f32..0.8, 1 => number()];
    let is_barred = prop_oneof![9 => Just(false), 1 => Just(true)];
    (person, similarity, (tau, is_barred), other, liveness, quality, age).prop_map(
        |(person, similarity, (tau, is_barred), other, liveness, quality, age)| {
            let (similarity, other) = (Similarity(similarity), other.map(Similarity));
            (Sighting { person, similarity, tau: Tau(tau), is_barred, other, quality, liveness, taken_at: Moment::START }, age)
        },
    )
}

#[derive(Debug, Clone, Copy)]
enum Told {
    Sighting(Sighting, i64),
    Other(Input),
}

fn step() -> impl Strategy<Value = (i64, Told)> {
    let fault = (0..FaultKind::ALL.len()).prop_map(|i| FaultKind::ALL[i]);
    let told = prop_oneof![
        40 => sighting().prop_map(|(s, age)| Told::Sighting(s, age)),
        4 => Just(Told::Other(Input::Nobody)),
        4 => Just(Told::Other(Input::Tick)),
        1 => fault.clone().prop_map(|f| Told::Other(Input::Fault(f))),
        4 => fault.prop_map(|f| Told::Other(Input::FaultCleared(f))),
        1 => Just(Told::Other(Input::Command(Command::Lock))),
    ];
    let passed = prop_oneof![40 => 0i64..200, 3 => 0i64..5000, 1 => -3000i64..0, 1 => Just(i64::MAX)];
    (passed, told)
}

/// Steps with their times, ending with a stop.
fn story() -> impl Strategy<Value = Vec<(Moment, Input)>> {
    let stop = proptest::option::weighted(0.2, 0usize..150);
    (proptest::collection::vec(step(), 0..150), stop).prop_map(|(steps, stop)| {
        let mut ms = 1000u64;
        let mut story: Vec<(Moment, Input)> = steps
            .into_iter()
            .map(|(passed, told)| {
                ms = ms.saturating_add_signed(passed).min(u64::MAX / 2);
                let input = match told {
                    Told::Sighting(sighting, age) => {
                        let taken_at = Moment::from_ms(ms.saturating_add_signed(age.saturating_neg()));
                        Input::Sighting(Sighting { taken_at, ..sighting })
                    }
                    Told::Other(input) => input,
                };
                (Moment::from_ms(ms), input)
            })
            .collect();
        if let Some(at) = stop.filter(|at| *at < story.len()) {
            story[at].1 = Input::Command(Command::Stop);
        }
        let end = story.last().map_or(Moment::START, |last| last.0);
        story.push((end, Input::Command(Command::Stop)));
        story
    })
}

/// What the rules say of a look, told a second time: whose vote it is.
fn vote(s: &Sighting, rules: &Rules) -> Option<PersonId> {
    let alike = s.similarity.0.is_finite() && s.similarity.0 <= 1.01 && s.similarity.0 >= s.tau.0;
    let distinct = match s.other {
        None => true,
        Some(other) => other.0.is_finite() && s.similarity.0 > other.0 && s.similarity.0 - other.0 >= rules.margin,
    };
    let live = match s.liveness {
        None => !rules.liveness_required,
        Some(p) => p.is_finite() && p >= rules.min_live,
    };
    if s.quality == Quality::Usable && alike && distinct && live && !s.is_barred { s.person } else { None }
}

#[derive(Default)]
struct Seen {
    /// Looks since everything was last forgotten, oldest first.
    looks: Vec<Sighting>,
    last_seen: Moment,
    is_granted: bool,
    is_locked: bool,
}

fn check(rules: &Rules, story: &[(Moment, Input)]) -> Result<usize, TestCaseError> {
    let mut controller = Controller::new(rules.clone());
    let (mut before, mut visit, mut faults) = (Moment::START, None::<Seen>, BTreeSet::new());
    let (mut line, mut last_grant, mut is_stopped) = (None::<Moment>, None::<Moment>, false);
    let (mut visits, mut grants, mut denials) = (0, 0, 0);
    let mut newest = None::<Moment>;
    for (now, input) in story {
        let now = *now;
        let actions = controller.step(now, *input);
        prop_assert!(actions.len() < Actions::MOST);
        // The second telling: whether a visit ends, and whether one begins.
        let went_back = now < before;
        before = now;
        if went_back {
            (last_grant, newest) = (None, None);
        }
        let is_stop = *input == Input::Command(Command::Stop);
        let ends = visit.as_ref().is_some_and(|v: &Seen| went_back || now.since(v.last_seen) >= rules.gap || is_stop);
        let ended_without_grant = ends && visit.as_ref().is_some_and(|v| !v.is_granted);
        if ends {
            visit = None;
        }
        is_stopped |= is_stop;
        match input {
            Input::Sighting(sighting) if !is_stopped => {
                let visit = visit.get_or_insert_with(|| {
                    visits += 1;
                    Seen::default()
                });
                visit.last_seen = now;
                if !went_back && sighting.taken_at <= now && newest.is_none_or(|n| sighting.taken_at > n) {
                    newest = Some(sighting.taken_at);
                    if faults.is_empty() {
                        visit.looks.push(*sighting);
                    }
                }
            }
            Input::Fault(kind) => {
                faults.insert(*kind);
            }
            Input::FaultCleared(kind) => {
                faults.remove(kind);
            }
            Input::Command(Command::Lock) => visit.iter_mut().for_each(|v| v.is_locked = true),
            Input::Sighting(_) | Input::Command(Command::Stop) | Input::Nobody | Input::Tick => {}
        }
        if matches!(input, Input::Fault(_) | Input::Command(_)) {
            visit.iter_mut().for_each(|v| v.looks.clear());
            prop_assert!(actions.iter().any(|a| *a == Action::Revoke));
        }
        // What it did, held against that.
        let denied = actions.iter().filter(|a| matches!(a, Action::Record(Outcome::Denied { .. }))).count();
        prop_assert_eq!(denied, usize::from(ended_without_grant));
        denials += denied;
        for action in actions {
            match action {
                Action::Revoke => line = None,
                Action::Record(Outcome::Granted { .. }) => grants += 1,
                Action::Record(_) => {}
                Action::Permit { until, person } => {
                    prop_assert!(line.is_none(), "a permit prolonged");
                    line = Some(until);
                    prop_assert!(until > now && until.since(now) <= rules.max_unlock && until.since(now) <= rules.unlock);
                    prop_assert!(faults.is_empty() && !is_stopped && !went_back);
                    prop_assert!(last_grant.is_none_or(|last| now.since(last) >= rules.cooldown));
                    last_grant = Some(now);
                    let Some(visit) = &mut visit else { return Err(TestCaseError::fail("a permit without a visit")) };
                    prop_assert!(!visit.is_granted && !visit.is_locked);
                    visit.is_granted = true;
                    check_votes(rules, &visit.looks, person, now)?;
                }
            }
        }
        prop_assert_eq!(line, controller.permitted_until());
        prop_assert!(line.is_none_or(|until| now < until), "held beyond its time");
        prop_assert!(faults.is_empty() || line.is_none(), "held in spite of a fault");
    }
    prop_assert_eq!(visits, grants + denials);
    Ok(grants)
}

/// That looks, each taken after the one before, suffice to let a person in.
fn check_votes(rules: &Rules, looks: &[Sighting], person: PersonId, now: Moment) -> Result<(), TestCaseError> {
    let since_another = looks.iter().rposition(|s| vote(s, rules).is_some_and(|p| p != person)).map_or(0, |at| at + 1);
    let last = &looks[since_another..];
    let counted: Vec<_> = last
        .iter()
        .rev()
        .take(rules.looks as usize)
        .filter(|s| vote(s, rules) == Some(person) && now.since(s.taken_at) <= rules.look_age)
        .map(|s| s.taken_at)
        .collect();
    prop_assert!(counted.len() >= rules.votes as usize && rules.votes > 0, "{} votes of {}", counted.len(), rules.votes);
    let is_spoof =
        |s: &&Sighting| s.quality == Quality::Usable && s.liveness.is_some_and(|p| p < rules.min_live && (0.0..=1.0).contains(&p));
    let spoofs = looks.iter().filter(is_spoof).count();
    prop_assert!(spoofs < rules.max_spoofs as usize);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_gate_opens_for_nothing_but_votes_enough(rules in rules(), story in story()) {
        check(&rules, &story)?;
    }

    #[test]
    fn what_is_judged_not_living_never_opens(rules in rules(), mut story in story()) {
        for (_, input) in &mut story {
            if let Input::Sighting(sighting) = input {
                sighting.liveness = Some(if rules.min_live > 0.0 { 0.0 } else { f32::NAN });
            }
        }
        prop_assert_eq!(check(&rules, &story)?, 0);
    }

    #[test]
    fn what_is_not_judged_never_opens_where_it_must_be(rules in rules(), mut story in story()) {
        for (_, input) in &mut story {
            if let Input::Sighting(sighting) = input {
                sighting.liveness = None;
            }
        }
        prop_assert_eq!(check(&Rules { liveness_required: true, ..rules }, &story)?, 0);
    }

    #[test]
    fn any_times_and_numbers_are_survived(
        rules in rules(),
        steps in proptest::collection::vec((any::<Duration>(), any::<Duration>(), number(), number(), number()), 0..60),
    ) {
        let story: Vec<_> = steps
            .into_iter()
            .map(|(now, taken_at, similarity, other, live)| {
                let (now, taken_at) = (Moment::after(now), Moment::after(taken_at));
                let (similarity, other) = (Similarity(similarity), Some(Similarity(other)));
                (now, Input::Sighting(Sighting { person: Some(PersonId(i64::MIN)), similarity, tau: Tau(0.3), is_barred: false, other, quality: Quality::Usable, liveness: Some(live), taken_at }))
            })
            .collect();
        let mut controller = Controller::new(rules);
        for (now, input) in story {
            controller.step(now, input);
            prop_assert!(controller.permitted_until().is_none_or(|until| now < until));
        }
    }
}

/// The properties would hold of a gate that never opens, too: this one does.
#[test]
fn the_stories_of_these_tests_do_open_the_gate() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut opened = 0;
    for _ in 0..300 {
        let rules = rules().new_tree(&mut runner).unwrap().current();
        let story = story().new_tree(&mut runner).unwrap().current();
        opened += usize::from(check(&rules, &story).unwrap() > 0);
    }
    assert!(opened >= 30, "{opened} of 300");
}
