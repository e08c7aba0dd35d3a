//! How alike two faces are: the one measure that everything compares by, whichever `match.score` names.
//!
//! All of them give -1 to 1, and more is more alike; NaN, of what can't be compared, reaches no threshold. Their numbers mean different
//! things, so a table and a tau belong to one [`Scale`]: a score, and of a learned or a normalised one what it was computed with.

use super::cohort::{Against, Cohort, squeezed};
use super::cohorts;
use super::error::CalibrationError;
use super::file::Tables;
use super::head::{Form, Head};
use crate::config::Score;
use crate::units::{Digest, Embedding, Similarity};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;

/// How alike two faces are said to be. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Metric {
    /// The cosine of their embeddings.
    #[default]
    Cosine,
    /// A head that `calibrate --head` fitted: 0 at even odds.
    Head(Arc<Head>),
    /// The cosine in units of how alike both are to a cohort of people who are neither.
    Normalised(Arc<Cohort>),
}

/// What the numbers of a metric are comparable with: themselves alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scale {
    pub score: Score,
    /// SHA-256 of the head's or the cohort's numbers; `None` for the cosine.
    pub of: Option<Digest>,
}

/// A face, and what the metric has to know of it besides its numbers. Made by [`Metric::prepare`].
#[derive(Debug, Clone, Copy)]
pub struct Prepared<'e> {
    pub embedding: &'e Embedding,
    against: Option<Against>,
}

impl Metric {
    /// The metric of a score for an encoder (its name is for messages): with the head of these tables, or the cohort that comes with the
    /// program.
    ///
    /// # Errors
    /// The encoder has no such head, or no cohort.
    pub fn of(score: Score, tables: &Tables, encoder: &str, model: &Digest) -> Result<Metric, CalibrationError> {
        let head = |form: Form| {
            let missing = || CalibrationError::NoHead { encoder: encoder.into(), model: *model, form };
            tables.head(model, form).cloned().map(|head| Metric::Head(Arc::new(head))).ok_or_else(missing)
        };
        match score {
            Score::Cosine => Ok(Metric::Cosine),
            Score::SNorm => cohorts::of(encoder, model).map(|cohort| Metric::Normalised(Arc::new(cohort))),
            Score::HeadAbsolute => head(Form::Absolute),
            Score::HeadChiSquare => head(Form::ChiSquare),
        }
    }

    /// Whether it may compare this encoder's embeddings.
    pub fn serves(&self, model: &Digest) -> bool {
        match self {
            Metric::Cosine => true,
            Metric::Head(head) => head.model == *model,
            Metric::Normalised(cohort) => cohort.model() == model,
        }
    }

    /// The word of the configuration.
    pub fn score(&self) -> Score {
        match self {
            Metric::Cosine => Score::Cosine,
            Metric::Head(head) => head.form.score(),
            Metric::Normalised(_) => Score::SNorm,
        }
    }

    /// What its numbers are comparable with.
    pub fn scale(&self) -> Scale {
        let of = match self {
            Metric::Cosine => None,
            Metric::Head(head) => Some(digest(head.weights.iter().chain([&head.bias]))),
            Metric::Normalised(cohort) => {
                let nearest = cohort.nearest() as f32;
                Some(digest(cohort.faces().iter().flat_map(|f| f.values()).chain([&nearest])))
            }
        };
        Scale { score: self.score(), of }
    }

    /// In words.
    pub fn describe(&self) -> String {
        match self {
            Metric::Cosine => "cosine".into(),
            Metric::Head(head) => format!("learned head ({})", head.form.word()),
            Metric::Normalised(_) => "cosine, normalised by a cohort (adaptive s-norm)".into(),
        }
    }

    /// A face, ready to be compared with many.
    pub fn prepare<'e>(&self, embedding: &'e Embedding) -> Prepared<'e> {
        let against = match self {
            Metric::Normalised(cohort) => Some(cohort.against(embedding)),
            Metric::Cosine | Metric::Head(_) => None,
        };
        Prepared { embedding, against }
    }

    /// How alike two faces are that were prepared by it; NaN where their dimensions differ.
    pub fn alike(&self, a: &Prepared<'_>, b: &Prepared<'_>) -> Similarity {
        match self {
            Metric::Cosine => a.embedding.similarity(b.embedding),
            Metric::Head(head) => head.similarity(a.embedding, b.embedding),
            Metric::Normalised(_) => {
                let [of_a, of_b] = [a, b].map(|f| f.against.unwrap_or(Against::UNKNOWN));
                squeezed(a.embedding.similarity(b.embedding), of_a, of_b)
            }
        }
    }

    /// How alike two faces are.
    pub fn similarity(&self, a: &Embedding, b: &Embedding) -> Similarity {
        self.alike(&self.prepare(a), &self.prepare(b))
    }
}

impl std::fmt::Display for Scale {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.of {
            Some(of) => write!(f, "{} {}", self.score.word(), of.short()),
            None => f.write_str(self.score.word()),
        }
    }
}

fn digest<'n>(numbers: impl Iterator<Item = &'n f32>) -> Digest {
    Digest(numbers.fold(Sha256::new(), |hash, n| hash.chain_update(n.to_le_bytes())).finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODEL: Digest = Digest([5; 32]);

    fn head(bias: f32) -> Head {
        Head { model: MODEL, form: Form::Absolute, weights: vec![1.0, 2.0], bias }
    }

    fn cohort(degrees: &[f32], nearest: usize) -> Metric {
        let faces = degrees.iter().map(|d| Embedding::at_degrees(*d)).collect();
        Metric::Normalised(Arc::new(Cohort::new(MODEL, faces, nearest).unwrap()))
    }

    #[test]
    fn computed_cases() {
        let (a, b) = (Embedding::normalised(&[0.6, 0.8]).unwrap(), Embedding::normalised(&[0.8, 0.6]).unwrap());
        assert!((Metric::Cosine.similarity(&a, &b).0 - 0.96).abs() < 1e-6);
        // |a - b| = (0.2, 0.2): 0.7 - 0.2 - 0.4 = 0.1
        assert!((Metric::Head(Arc::new(head(0.7))).similarity(&a, &b).0 - 0.05f32.tanh()).abs() < 1e-6);
        // Both at 0 degrees, cohort at 60 and 90: mean 0.25, spread 0.25, (1 - 0.25) / 0.25 = 3 units.
        let north = Embedding::at_degrees(0.0);
        assert!((cohort(&[60.0, 90.0, 180.0], 2).similarity(&north, &north).0 - 0.3f32.tanh()).abs() < 1e-5);
    }

    #[test]
    fn what_can_not_be_compared_is_alike_to_nobody() {
        let (a, b) = (Embedding::at_degrees(1.0), Embedding::normalised(&[1.0, 0.0, 0.0]).unwrap());
        for metric in [Metric::Cosine, Metric::Head(Arc::new(head(9.0))), cohort(&[10.0, 20.0], 2)] {
            assert!(metric.similarity(&a, &b).0.is_nan() && metric.similarity(&b, &a).0.is_nan(), "{metric:?}");
        }
    }

    #[test]
    fn a_scale_is_of_one_head_or_cohort_alone() {
        let scales = [
            Metric::Cosine.scale(),
            Metric::Head(Arc::new(head(0.7))).scale(),
            Metric::Head(Arc::new(head(0.8))).scale(),
            Metric::Head(Arc::new(Head { form: Form::ChiSquare, ..head(0.7) })).scale(),
            cohort(&[10.0, 20.0, 30.0], 2).scale(),
            cohort(&[10.0, 20.0, 30.0], 3).scale(),
            cohort(&[10.0, 20.0, 31.0], 2).scale(),
        ];
        for (n, scale) in scales.iter().enumerate() {
            assert!(scales[..n].iter().all(|other| other != scale), "{n}");
        }
        assert_eq!(Metric::Cosine.scale(), Scale::default());
        assert_eq!(cohort(&[10.0, 20.0, 30.0], 2).scale(), scales[4]);
    }

    #[test]
    fn what_was_not_made_for_the_encoder_is_refused_with_what_to_run() {
        let refused = |score| Metric::of(score, &Tables::default(), "e", &MODEL).unwrap_err().to_string();
        for (score, form) in [(Score::HeadAbsolute, "absolute"), (Score::HeadChiSquare, "chi-square")] {
            let said = refused(score);
            assert!(said.contains(&format!("facegate calibrate --head {form}")) && said.contains(&MODEL.to_string()), "{said}");
        }
        let said = refused(Score::SNorm);
        assert!(said.contains("no cohort") && said.contains(&MODEL.to_string()) && said.contains("match.score"), "{said}");
        let mut tables = Tables::default();
        tables.put_head(head(0.7));
        let metric = Metric::of(Score::HeadAbsolute, &tables, "e", &MODEL).unwrap();
        assert!(metric.serves(&MODEL) && !metric.serves(&Digest([6; 32])));
        assert!(Metric::of(Score::HeadChiSquare, &tables, "e", &MODEL).is_err(), "a head of another form");
        assert_eq!(Metric::of(Score::Cosine, &tables, "e", &MODEL).unwrap(), Metric::Cosine);
    }
}
