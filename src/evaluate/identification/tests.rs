use super::*;
use crate::calibration::{Form, Head};
use crate::config::Config;
use crate::service;
use crate::units::Digest;
use crate::units::Tau;

const BY_COSINE: Comparison<'static> = Comparison { metric: &Metric::Cosine, how: Combine::Best };

fn face(numbers: &[f32]) -> Result<Sample, Failure> {
    Ok(Sample { embedding: Embedding::normalised(numbers).unwrap(), sharpness: 1.0, live: None })
}

fn rules() -> Rules {
    service::rules(&Config::default())
}

#[test]
fn searches_are_counted_by_who_comes_and_what_is_found() {
    let enrolled = [face(&[1.0, 0.0, 0.0]), face(&[0.0, 1.0, 0.0])].map(Result::unwrap);
    let people: Vec<Vec<&Sample>> = enrolled.iter().map(|s| vec![s]).collect();
    let (right, weak, wrong, stranger, alike) =
        (face(&[1.0, 0.1, 0.0]), face(&[0.3, 0.1, 1.0]), face(&[1.0, 0.0, 0.0]), face(&[0.0, 0.0, 1.0]), face(&[0.0, 1.0, 0.2]));
    let failed = Err(Failure::NoFace);
    let probe = |person, look| Probe { person, look, visit: None };
    let probes = [
        probe(Some(0), &right),
        probe(Some(0), &weak),
        probe(Some(1), &wrong),
        probe(Some(1), &failed),
        probe(None, &stranger),
        probe(None, &alike),
        probe(None, &failed),
    ];
    let found = measure(&people, &probes, BY_COSINE, Tau(0.8), &rules(), &SIZES);
    let [one, two] = &found.sizes[..] else { panic!("{:?}", found.sizes) };
    assert_eq!((two.people, two.galleries, two.k), (2, 1, 2.0));
    assert_eq!((two.rank1, two.fnir, two.fpir), (Share::of(2, 4), Share::of(3, 4), Share::of(1, 3)));
    // Alone in a gallery everybody is the most alike; strangers go through both galleries.
    assert_eq!((one.people, one.galleries, one.rank1), (1, 2, Share::of(3, 4)));
    assert_eq!(one.fpir, Share::of(1, 6));
    // One of two templates reaches tau, for one of three strangers.
    assert_eq!(found.fmr, Share::of(1, 6));
    assert!((two.formula - (1.0 - (5.0f64 / 6.0).powi(2))).abs() < 1e-12);
    assert_eq!((found.worst_false[0].probe, found.worst_false[0].person), (5, 1));
    assert_eq!(found.worst_misses[0].probe, 2);
}

#[test]
fn visits_go_through_the_gates_own_rules() {
    let enrolled = [face(&[1.0, 0.0]), face(&[0.0, 1.0])].map(Result::unwrap);
    let people: Vec<Vec<&Sample>> = enrolled.iter().map(|s| vec![s]).collect();
    let good = face(&[1.0, 0.1]);
    let steady = vec![good.clone(); 6];
    let fleeting = [vec![good.clone(); 2], vec![Err(Failure::NoFace); 4]].concat();
    let between = vec![face(&[1.0, 0.99]); 6];
    let probe = |person, frames| Probe { person, look: &good, visit: Some(frames) };
    let measured = |probes: &[Probe<'_>]| measure(&people, probes, BY_COSINE, Tau(0.5), &rules(), &[]).sizes[0].visits.unwrap();
    let visits = measured(&[
        probe(Some(0), &steady),
        probe(Some(0), &fleeting),
        probe(Some(1), &steady),
        probe(None, &steady),
        probe(None, &between),
    ]);
    assert_eq!(visits.fnir, Share::of(2, 3), "too few looks, and the wrong person");
    assert_eq!(visits.mistaken, Share::of(1, 3));
    assert_eq!(visits.fpir, Share::of(1, 2), "the margin keeps out whoever is between two people");
}

#[test]
fn an_order_is_always_the_same_and_holds_everybody() {
    let order = shuffled(100);
    assert_eq!(order, shuffled(100));
    let mut sorted = order.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, (0..100).collect::<Vec<_>>());
    assert_ne!(order, sorted);
}

#[test]
fn chance_meets_the_formula() {
    // Strangers and templates in random directions of many dimensions: comparisons are independent, and the formula must hold.
    let mut state = 1u64;
    let mut random = || {
        let numbers: Vec<f32> = (0..64)
            .map(|_| {
                state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                (state >> 40) as f32 / (1u64 << 24) as f32 - 0.5
            })
            .collect();
        face(&numbers)
    };
    let enrolled: Vec<Sample> = (0..200).map(|_| random().unwrap()).collect();
    let people: Vec<Vec<&Sample>> = enrolled.iter().map(|s| vec![s]).collect();
    let strangers: Vec<_> = (0..2000).map(|_| random()).collect();
    let own: Vec<_> = enrolled.iter().cloned().map(Ok).collect();
    let mut probes: Vec<Probe<'_>> = own.iter().enumerate().map(|(n, look)| Probe { person: Some(n), look, visit: None }).collect();
    probes.extend(strangers.iter().map(|look| Probe { person: None, look, visit: None }));
    let found = measure(&people, &probes, BY_COSINE, Tau(0.35), &rules(), &SIZES);
    for at in &found.sizes {
        let [low, high] = at.fpir_interval95().unwrap();
        assert!((low..=high).contains(&at.formula), "K {}: {} not in {low} to {high}", at.k, at.formula);
        assert_eq!((at.rank1.rate(), at.fnir.rate()), (Some(1.0), Some(0.0)));
    }
}

#[test]
fn a_metric_ranks_and_counts_in_the_cosines_place() {
    // A head that looks at the first number alone: whom it takes for whom is not what the cosine says.
    let head = Head { model: Digest([0; 32]), form: Form::Absolute, weights: vec![10.0, 0.0], bias: 1.0 };
    let metric = Metric::Head(std::sync::Arc::new(head));
    let sample = |degrees: f32| Sample { embedding: Embedding::at_degrees(degrees), sharpness: 1.0, live: None };
    let (a, b, came) = (sample(60.0), sample(-100.0), Ok(sample(-60.0)));
    let people = vec![vec![&a], vec![&b]];
    let probes = [Probe { person: Some(0), look: &came, visit: None }, Probe { person: None, look: &came, visit: None }];
    let found = |metric: &Metric| measure(&people, &probes, Comparison { metric, how: Combine::Best }, Tau(0.4), &rules(), &[]);
    // cos: 120 degrees from the one, 40 from the other. By the head: 0 apart, (1 - 0) / 2, and 10 * |cos 60 - cos 100| apart.
    assert_eq!(found(&Metric::Cosine).sizes[0].rank1, Share { hits: 0, n: 1 });
    let by_head = found(&metric);
    assert_eq!((by_head.sizes[0].rank1, by_head.sizes[0].fnir), (Share { hits: 1, n: 1 }, Share { hits: 0, n: 1 }));
    assert_eq!(by_head.fmr, Share { hits: 1, n: 2 });
    assert!((by_head.worst_misses[0].score - 0.5f32.tanh()).abs() < 1e-4);
}
