//! A search in steady state takes no memory: neither the rotation of the probe nor the pass over the matrix.

#[path = "support/counting.rs"]
mod counting;

use facegate::calibration::{Cohort, Form, Head, Metric};
use facegate::gallery::{Builder, Rotation};
use facegate::units::{Digest, Embedding, PersonId, TemplateId};
use std::sync::Arc;

const MODEL: Digest = Digest([1; 32]);

fn face(dimension: usize, seed: usize) -> Embedding {
    let numbers: Vec<f32> = (0..dimension).map(|i| ((seed * 31 + i * i) as f32 * 0.37).sin()).collect();
    Embedding::normalised(&numbers).unwrap()
}

/// Every kind of metric.
fn metrics(dimension: usize) -> Vec<Metric> {
    let head = |form| Metric::Head(Arc::new(Head { model: MODEL, form, weights: vec![0.5; dimension], bias: 1.0 }));
    let cohort = Cohort::new(MODEL, (200..264).map(|n| face(dimension, n)).collect(), 16).unwrap();
    vec![Metric::Cosine, Metric::Normalised(Arc::new(cohort)), head(Form::Absolute), head(Form::ChiSquare)]
}

#[test]
fn search_and_verify_allocate_nothing() {
    for (dimension, metric) in [128, 512].into_iter().flat_map(|d| metrics(d).into_iter().map(move |m| (d, m))) {
        let mut builder = Builder::new(MODEL, Arc::new(Rotation::from_seed(&[7; 32], dimension)));
        for id in 0..100usize {
            assert!(builder.add(PersonId(id as i64 / 3), TemplateId(id as i64), &face(dimension, id)));
        }
        let (index, probe) = (builder.build_by(&metric), face(dimension, 42));
        let before = counting::allocations();
        assert!(before > 0, "the counter counts");
        let ranking = index.search(&probe);
        let one = index.verify(PersonId(14), &probe);
        assert_eq!(counting::allocations(), before, "{metric:?}");
        assert_eq!((ranking.best, ranking.k), (one, 100));
        assert_eq!(one.unwrap().template, TemplateId(42));
    }
}
