//! By what the rows of an index are compared, and what has to be known of each for it.
//!
//! Cosines don't feel the gallery's rotation; a head does, because it weighs each number by its place: for it the rows are turned back, in
//! memory alone. How a template stands to a cohort is found once, when the index is made.

use super::Index;
use super::dot;
use crate::calibration::{Against, Cohort, Head, Metric, squeezed};
use crate::units::{Embedding, Similarity};
use std::sync::Arc;

/// How rows and probes are compared.
#[derive(Default)]
pub(super) enum Scoring {
    /// By the dot product of what was turned.
    #[default]
    Cosine,
    /// The same, in units of the cohort; how each row stands to it.
    Normalised(Arc<Cohort>, Vec<Against>),
    /// The rows are turned back.
    Head(Arc<Head>),
    /// The metric is of another encoder: nobody is alike to anybody.
    Foreign,
}

impl Index {
    /// The same index, to be searched by this metric. The last thing that is done to an index of turned rows.
    pub(in crate::gallery) fn scored(mut self, metric: &Metric) -> Index {
        let dimension = self.dimension();
        self.scoring = match (metric, self.rotation.clone()) {
            (metric, _) if !metric.serves(&self.model) => Scoring::Foreign,
            (Metric::Cosine, _) => Scoring::Cosine,
            (Metric::Head(head), rotation) => {
                for row in self.matrix.chunks_exact_mut(dimension) {
                    match rotation.as_ref().and_then(|r| r.turn_back(row)) {
                        Some(plain) => row.copy_from_slice(plain.values()),
                        None => row.fill(f32::NAN),
                    }
                }
                Scoring::Head(head.clone())
            }
            (Metric::Normalised(cohort), rotation) => {
                let plain = |row: &[f32]| Embedding::normalised(rotation.as_ref()?.turn_back(row)?.values()).ok();
                let against = |row: &[f32]| plain(row).map_or(Against::UNKNOWN, |face| cohort.against(&face));
                let rows = self.matrix.chunks_exact(dimension).map(against).collect();
                Scoring::Normalised(cohort.clone(), rows)
            }
        };
        self
    }

    /// How alike two rows are, by their places.
    pub(super) fn between(&self, x: usize, y: usize) -> f32 {
        let dimension = self.dimension();
        let [a, b] = [x, y].map(|at| &self.matrix[at * dimension..(at + 1) * dimension]);
        match &self.scoring {
            Scoring::Cosine => dot(a, b),
            Scoring::Normalised(_, against) => squeezed(Similarity(dot(a, b)), against[x], against[y]).0,
            Scoring::Head(head) => head.between(a, b).0,
            Scoring::Foreign => f32::NAN,
        }
    }
}

/// How alike a probe is to a row, by its place and its numbers.
pub(super) fn by_cosine(turned: &[f32]) -> impl Fn(usize, &[f32]) -> f32 {
    move |_, row| dot(row, turned)
}

/// The same in units of a cohort: how the probe stands to it, and how each row does.
pub(super) fn by_cohort(turned: &[f32], probe: Against, rows: &[Against]) -> impl Fn(usize, &[f32]) -> f32 {
    move |at, row| squeezed(Similarity(dot(row, turned)), probe, rows[at]).0
}

/// The same by a head, with neither turned.
pub(super) fn by_head(head: &Head, probe: &Embedding) -> impl Fn(usize, &[f32]) -> f32 {
    move |_, row| head.between(row, probe.values()).0
}
