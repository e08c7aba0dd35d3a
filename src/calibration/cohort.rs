//! Normalising a similarity by how alike both faces are to people who are neither: adaptive symmetric score normalisation (s-norm).
//!
//! Each of the two is compared with a cohort of strangers; of those it is most alike to, mean and spread are taken, and the similarity is
//! stated in these units: s' = ((s - mean_a) / spread_a + (s - mean_b) / spread_b) / 2 (Matejka et al., Interspeech 2017). A face that is
//! alike to everybody counts for less.

use crate::units::{Embedding, Similarity};

/// People who are neither.
#[derive(Debug, Clone)]
pub struct Cohort {
    faces: Vec<Embedding>,
    /// How many of the most alike are taken.
    nearest: usize,
}

/// How a face stands to the cohort.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Against {
    mean: f32,
    spread: f32,
}

/// The spread of a cohort is never taken to be less: a face that is equally alike to all would divide by nothing.
const LEAST_SPREAD: f32 = 1e-3;

impl Cohort {
    /// A cohort of these faces, of which the `nearest` most alike count. `None` where there are fewer than two of them.
    pub fn new(faces: Vec<Embedding>, nearest: usize) -> Option<Cohort> {
        (nearest >= 2 && faces.len() >= nearest).then_some(Cohort { faces, nearest })
    }

    /// How a face stands to it; computed once a face.
    pub fn against(&self, face: &Embedding) -> Against {
        let mut all: Vec<f32> = self.faces.iter().map(|f| f.similarity(face).0).collect();
        all.sort_by(|a, b| b.total_cmp(a));
        let near = &all[..self.nearest];
        let mean = near.iter().sum::<f32>() / near.len() as f32;
        let spread = (near.iter().map(|s| (s - mean) * (s - mean)).sum::<f32>() / near.len() as f32).sqrt();
        Against { mean, spread: spread.max(LEAST_SPREAD) }
    }
}

/// The similarity of two faces in units of their cohorts; no cosine any more. NaN stays NaN.
pub fn normalised(similarity: Similarity, a: Against, b: Against) -> f32 {
    ((similarity.0 - a.mean) / a.spread + (similarity.0 - b.mean) / b.spread) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_computed_case() {
        let cohort = Cohort::new(vec![Embedding::at_degrees(60.0), Embedding::at_degrees(90.0), Embedding::at_degrees(180.0)], 2).unwrap();
        // cosines 0.5, 0, -1 to the face at 0: of the nearest two mean 0.25, spread 0.25
        let a = cohort.against(&Embedding::at_degrees(0.0));
        assert!((a.mean - 0.25).abs() < 1e-6 && (a.spread - 0.25).abs() < 1e-6);
        assert!((normalised(Similarity(0.75), a, a) - 2.0).abs() < 1e-5);
        let b = Against { mean: 0.5, spread: 0.5 };
        assert!((normalised(Similarity(0.75), a, b) - 1.25).abs() < 1e-5);
        assert!(normalised(Similarity(f32::NAN), a, b).is_nan());
    }

    #[test]
    fn whoever_is_alike_to_everybody_counts_for_less() {
        let cohort = Cohort::new((0..10).map(|n| Embedding::at_degrees(80.0 + n as f32)).collect(), 10).unwrap();
        let (plain, common) = (cohort.against(&Embedding::at_degrees(0.0)), cohort.against(&Embedding::at_degrees(60.0)));
        assert!(normalised(Similarity(0.5), common, plain) < normalised(Similarity(0.5), plain, plain));
    }

    #[test]
    fn too_small_a_cohort_is_none() {
        assert!(Cohort::new(vec![Embedding::at_degrees(0.0)], 2).is_none());
        assert!(Cohort::new(vec![Embedding::at_degrees(0.0), Embedding::at_degrees(1.0)], 1).is_none());
        let same = Cohort::new(vec![Embedding::at_degrees(90.0); 3], 3).unwrap().against(&Embedding::at_degrees(0.0));
        assert_eq!(same.spread, LEAST_SPREAD);
    }
}
