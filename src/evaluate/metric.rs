//! What is compared: the cosine, as at the gate, or what was tried in its place.

use super::encode::{Failure, Sample};
use crate::calibration::{Against, Cohort, Head, normalised};

/// How alike two faces are said to be.
#[derive(Debug, Clone)]
pub enum Metric {
    /// The cosine of their embeddings.
    Cosine,
    /// A head that `calibrate --head` fitted: -1 to 1, 0 at even odds.
    Head(Head),
    /// The cosine in units of how alike both are to a cohort of strangers; squeezed into -1 to 1.
    Normalised(Cohort),
}

/// A normalised similarity of so many units comes out as tanh(1).
const UNITS: f32 = 10.0;

/// A metric and what it has to know of each sample.
pub struct Scorer<'m> {
    metric: &'m Metric,
    /// By sample; empty where the metric asks for nothing.
    against: Vec<Option<Against>>,
}

impl Metric {
    /// Ready to compare these samples.
    pub fn of(&self, samples: &[Result<Sample, Failure>]) -> Scorer<'_> {
        let against = match self {
            Metric::Normalised(cohort) => samples.iter().map(|s| Some(cohort.against(&s.as_ref().ok()?.embedding))).collect(),
            Metric::Cosine | Metric::Head(_) => Vec::new(),
        };
        Scorer { metric: self, against }
    }

    /// In words.
    pub fn describe(&self) -> String {
        match self {
            Metric::Cosine => "cosine".into(),
            Metric::Head(head) => format!("learned head ({})", head.form.word()),
            Metric::Normalised(_) => "cosine, normalised by a cohort (adaptive s-norm)".into(),
        }
    }
}

impl Scorer<'_> {
    /// How alike two samples are, by their numbers; `None` where one gave no embedding, or the metric no number.
    pub fn score(&self, samples: &[Result<Sample, Failure>], a: usize, b: usize) -> Option<f32> {
        let (one, other) = (samples[a].as_ref().ok()?, samples[b].as_ref().ok()?);
        let score = match self.metric {
            Metric::Cosine => one.embedding.similarity(&other.embedding).0,
            Metric::Head(head) => head.similarity(&one.embedding, &other.embedding).0,
            Metric::Normalised(_) => {
                let units = normalised(one.embedding.similarity(&other.embedding), self.against[a]?, self.against[b]?);
                // Into -1 to 1, as the others are; the order stays.
                (units / UNITS).tanh()
            }
        };
        (!score.is_nan()).then_some(score)
    }
}
