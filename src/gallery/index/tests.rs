use super::*;
use crate::calibration::{Cohort, Form, Head};
use proptest::prelude::*;

const MODEL: Digest = Digest([3; 32]);

fn build(dimension: usize, templates: &[(i64, Embedding)]) -> Index {
    let mut builder = Builder::new(MODEL, Arc::new(Rotation::from_seed(&[9; 32], dimension)));
    for (at, (person, embedding)) in templates.iter().enumerate() {
        assert!(builder.add(PersonId(*person), TemplateId(at as i64 + 1), embedding));
    }
    builder.build()
}

fn unit(numbers: &[f32]) -> Embedding {
    Embedding::normalised(numbers).unwrap()
}

/// Persons of 1 to 4 templates each, by rising number, and a probe.
fn galleries() -> impl Strategy<Value = (usize, Vec<(i64, Embedding)>, Embedding)> {
    prop::sample::select(vec![1usize, 3, 31, 32, 33, 128, 512]).prop_flat_map(|n| {
        let embedding = || prop::collection::vec(-1.0f32..1.0, n).prop_filter_map("no direction", |v| Embedding::normalised(&v).ok());
        let persons = prop::collection::vec((1i64..4, prop::collection::vec(embedding(), 1..5)), 0..12);
        let templates = persons.prop_map(|persons| {
            let mut number = 0;
            let mut templates = Vec::new();
            for (step, embeddings) in persons {
                number += step;
                templates.extend(embeddings.into_iter().map(|e| (number, e)));
            }
            templates
        });
        (Just(n), templates, embedding())
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn search_agrees_with_the_naive_one((dimension, templates, probe) in galleries()) {
        let ranking = build(dimension, &templates).search(&probe);
        let cosine = |e: &Embedding| e.values().iter().zip(probe.values()).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
        let naive = |without: Option<PersonId>| {
            templates.iter().filter(|(p, _)| Some(PersonId(*p)) != without).map(|(_, e)| cosine(e)).max_by(f64::total_cmp)
        };
        prop_assert_eq!(ranking.k, templates.len());
        prop_assert_eq!(ranking.best.is_some(), naive(None).is_some());
        let Some(best) = ranking.best else { return Ok(()) };
        let near = |found: Candidate, expected: f64| {
            let (person, embedding) = &templates[found.template.0 as usize - 1];
            (f64::from(found.similarity.0) - expected).abs() < 1e-5 && *person == found.person.0 && (cosine(embedding) - expected).abs() < 1e-5
        };
        prop_assert!(near(best, naive(None).unwrap()));
        match (ranking.other, naive(Some(best.person))) {
            (Some(other), Some(expected)) => {
                prop_assert!(other.person != best.person && near(other, expected));
                prop_assert!(ranking.margin().unwrap() >= 0.0);
            }
            (None, None) => prop_assert_eq!(ranking.margin(), None),
            (found, expected) => prop_assert!(false, "found {found:?}, expected {expected:?}"),
        }
    }

    #[test]
    fn verify_compares_one_person_alone((dimension, templates, probe) in galleries(), person in 1i64..40) {
        let found = build(dimension, &templates).verify(PersonId(person), &probe);
        let expected = templates.iter().filter(|(p, _)| *p == person).map(|(_, e)| e.similarity(&probe).0).max_by(f32::total_cmp);
        match (found, expected) {
            (Some(found), Some(expected)) => prop_assert!(found.person.0 == person && (found.similarity.0 - expected).abs() < 1e-5),
            (None, None) => {}
            (found, expected) => prop_assert!(false, "found {found:?}, expected {expected:?}"),
        }
    }
}

#[test]
fn two_templates_of_one_person_leave_no_rival() {
    let index = build(2, &[(1, unit(&[1.0, 0.0])), (1, unit(&[1.0, 0.1]))]);
    let ranking = index.search(&unit(&[1.0, 0.0]));
    assert_eq!((ranking.best.unwrap().template, ranking.other, ranking.k), (TemplateId(1), None, 2));
    assert_eq!(ranking.margin(), None);
}

#[test]
fn a_mean_stands_for_all_of_a_persons_templates() {
    let templates =
        [(1, unit(&[1.0, 0.0])), (1, unit(&[0.0, 1.0])), (2, unit(&[-1.0, 0.0])), (3, unit(&[0.0, -1.0])), (3, unit(&[0.0, 1.0]))];
    let mut all = build(2, &templates);
    all.persons[0].is_barred = true;
    all.barred = 2;
    let index = all.of_means();
    assert_eq!((index.k(), index.k_that_opens()), (4, 3), "two that cancel each other out are both kept");
    let between = index.verify(PersonId(1), &unit(&[1.0, 1.0])).unwrap();
    assert!((between.similarity.0 - 1.0).abs() < 1e-6 && between.template == TemplateId(1) && between.is_barred);
    assert!((index.verify(PersonId(1), &unit(&[1.0, 0.0])).unwrap().similarity.0 - 0.5f32.sqrt()).abs() < 1e-6);
    assert!(index.has(PersonId(3)) && !index.has(PersonId(4)));
    assert_eq!(build(2, &[]).of_means().k(), 0);
}

#[test]
fn equals_leave_no_margin() {
    let index = build(2, &[(1, unit(&[1.0, 0.0])), (2, unit(&[1.0, 0.0]))]);
    let ranking = index.search(&unit(&[0.9, 0.1]));
    assert_eq!((ranking.best.unwrap().person, ranking.other.unwrap().person), (PersonId(1), PersonId(2)));
    assert_eq!(ranking.margin(), Some(0.0));
}

#[test]
fn nan_is_nobody() {
    let mut builder = Builder::new(MODEL, Arc::new(Rotation::from_seed(&[9; 32], 2)));
    assert!(builder.add_turned(PersonId(1), TemplateId(1), &[f32::NAN, 1.0]));
    assert!(builder.add(PersonId(2), TemplateId(2), &unit(&[1.0, 0.0])));
    assert!(builder.add_turned(PersonId(2), TemplateId(3), &[1.0, f32::NAN]));
    assert!(builder.add_turned(PersonId(3), TemplateId(4), &[f32::NAN, f32::NAN]));
    let index = builder.build();
    let ranking = index.search(&unit(&[-1.0, 0.0]));
    assert_eq!((ranking.best.unwrap().template, ranking.other), (TemplateId(2), None));
    assert_eq!(index.verify(PersonId(1), &unit(&[1.0, 0.0])), None);
}

#[test]
fn another_dimension_finds_nobody() {
    let index = build(2, &[(1, unit(&[1.0, 0.0]))]);
    assert_eq!(index.search(&unit(&[1.0, 0.0, 0.0])), Ranking::default());
    assert_eq!(index.verify(PersonId(1), &unit(&[1.0])), None);
    assert_eq!(build(2, &[]).search(&unit(&[1.0, 0.0])), Ranking::default());
}

#[test]
fn the_builder_takes_persons_in_order_alone() {
    let mut builder = Builder::new(MODEL, Arc::new(Rotation::from_seed(&[9; 32], 2)));
    let face = unit(&[1.0, 0.0]);
    assert!(builder.add(PersonId(5), TemplateId(1), &face));
    assert!(!builder.add(PersonId(4), TemplateId(2), &face));
    assert!(!builder.add(PersonId(6), TemplateId(2), &unit(&[1.0])));
    assert_eq!(builder.build().k(), 1);
}

/// Every kind of metric for this dimension, of this index's encoder.
fn metrics(dimension: usize) -> Vec<Metric> {
    let numbers = |seed: usize| -> Vec<f32> { (0..dimension).map(|i| ((seed * 17 + i * i + 1) as f32 * 0.73).sin()).collect() };
    let head = |form| {
        let weights = numbers(99).iter().map(|w| 3.0 * w.abs()).collect();
        Metric::Head(Arc::new(Head { model: MODEL, form, weights, bias: 1.5 }))
    };
    let cohort = Cohort::new(MODEL, (0..9).map(|n| unit(&numbers(n))).collect(), 4).unwrap();
    vec![Metric::Cosine, Metric::Normalised(Arc::new(cohort)), head(Form::Absolute), head(Form::ChiSquare)]
}

fn build_by(dimension: usize, templates: &[(i64, Embedding)], metric: &Metric) -> Index {
    let mut builder = Builder::new(MODEL, Arc::new(Rotation::from_seed(&[9; 32], dimension)));
    for (at, (person, embedding)) in templates.iter().enumerate() {
        assert!(builder.add(PersonId(*person), TemplateId(at as i64 + 1), embedding));
    }
    builder.build_by(metric)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_metric_ranks_as_it_would_by_the_embeddings_as_they_were((dimension, templates, probe) in galleries()) {
        for metric in metrics(dimension) {
            let index = build_by(dimension, &templates, &metric);
            let by_hand: Vec<(i64, f32)> = templates.iter().map(|(p, e)| (*p, metric.similarity(e, &probe).0)).collect();
            let most = |without: Option<i64>| by_hand.iter().filter(|(p, _)| Some(*p) != without).map(|(_, s)| *s).reduce(f32::max);
            let near = |found: Option<Candidate>, expected: Option<f32>| match (found, expected) {
                (Some(found), Some(expected)) => {
                    let (person, own) = by_hand[found.template.0 as usize - 1];
                    person == found.person.0 && (found.similarity.0 - own).abs() < 1e-4 && (found.similarity.0 - expected).abs() < 1e-4
                }
                (None, None) => true,
                _ => false,
            };
            let ranking = index.search(&probe);
            prop_assert!(near(ranking.best, most(None)), "{metric:?}: {ranking:?}");
            prop_assert!(near(ranking.other, ranking.best.and_then(|b| most(Some(b.person.0)))), "{metric:?}: {ranking:?}");
            for (person, _) in &templates {
                let own = by_hand.iter().filter(|(p, _)| p == person).map(|(_, s)| *s).reduce(f32::max);
                prop_assert!(near(index.verify(PersonId(*person), &probe), own), "{metric:?}");
            }
            for conflict in index.conflicts(Tau(-2.0)) {
                let of = |id: PersonId| templates.iter().filter(move |(p, _)| *p == id.0);
                let pairs = of(conflict.one).flat_map(|(_, a)| of(conflict.other).map(move |(_, b)| (a, b)));
                let most = pairs.map(|(a, b)| metric.similarity(a, b).0).fold(f32::NEG_INFINITY, f32::max);
                prop_assert!((conflict.similarity.0 - most).abs() < 1e-4, "{metric:?}: {conflict:?}, by hand {most}");
            }
        }
    }

    #[test]
    fn every_metric_compares_the_mean_of_the_embeddings_as_they_were((dimension, templates, probe) in galleries()) {
        for metric in metrics(dimension) {
            let index = build(dimension, &templates).of_means().scored(&metric);
            for (person, _) in &templates {
                let own = templates.iter().filter(|(p, _)| p == person).map(|(_, e)| (1.0, e.values()));
                // Where a mean nearly cancels out, its direction is rounding.
                let length = (0..dimension).map(|k| own.clone().map(|(_, v)| f64::from(v[k])).sum::<f64>().powi(2)).sum::<f64>().sqrt();
                let (Some(mean), true) = (Embedding::mean(own), length > 0.1) else { continue };
                let found = index.verify(PersonId(*person), &probe).unwrap().similarity.0;
                let by_hand = metric.similarity(&mean, &probe).0;
                prop_assert!((found - by_hand).abs() < 1e-3, "{metric:?}: {found}, by hand {by_hand}");
            }
        }
    }
}

#[test]
fn by_a_metric_of_another_encoder_nobody_is_anybody() {
    let templates = [(1, unit(&[1.0, 0.0])), (2, unit(&[1.0, 0.1]))];
    let head = Head { model: Digest([4; 32]), form: Form::Absolute, weights: vec![0.0, 0.0], bias: 9.0 };
    let cohort = Cohort::new(Digest([4; 32]), vec![unit(&[0.0, 1.0]), unit(&[0.1, 1.0])], 2).unwrap();
    for metric in [Metric::Head(Arc::new(head)), Metric::Normalised(Arc::new(cohort))] {
        let index = build_by(2, &templates, &metric);
        assert_eq!(index.search(&templates[0].1), Ranking::default());
        assert_eq!(index.verify(PersonId(1), &templates[0].1), None);
        assert_eq!(index.conflicts(Tau(-1.0)), []);
    }
}

#[test]
fn by_every_metric_another_dimension_finds_nobody_and_an_empty_index_stands() {
    for metric in metrics(2) {
        let index = build_by(2, &[(1, unit(&[1.0, 0.0]))], &metric);
        assert_eq!(index.search(&unit(&[1.0, 0.0, 0.0])), Ranking::default(), "{metric:?}");
        assert_eq!(index.verify(PersonId(1), &unit(&[1.0])), None);
        let empty = build_by(2, &[], &metric);
        assert_eq!((empty.search(&unit(&[1.0, 0.0])), empty.k()), (Ranking::default(), 0));
    }
    // A head or a cohort of another dimension than the templates'.
    for metric in metrics(3).split_off(1) {
        let index = build_by(2, &[(1, unit(&[1.0, 0.0]))], &metric);
        assert_eq!(index.search(&unit(&[1.0, 0.0])).best, None, "{metric:?}");
    }
}
