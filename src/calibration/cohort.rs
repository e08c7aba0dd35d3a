//! Normalising a similarity by how alike both faces are to people who are neither: adaptive symmetric score normalisation (s-norm).
//!
//! Each of the two is compared with a cohort of strangers; of those it is most alike to, mean and spread are taken, and the similarity is
//! stated in these units: s' = ((s - mean_a) / spread_a + (s - mean_b) / spread_b) / 2 (Matejka et al., Interspeech 2017). A face that is
//! alike to everybody counts for less.

use crate::units::{Digest, Embedding, Similarity};

/// People who are neither, to one encoder.
#[derive(Debug, Clone, PartialEq)]
pub struct Cohort {
    model: Digest,
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

/// A normalised similarity of so many units comes out as tanh(1).
const UNITS: f32 = 10.0;

impl Against {
    /// What nobody stands like: no similarity comes of it.
    pub const UNKNOWN: Against = Against { mean: f32::NAN, spread: LEAST_SPREAD };
}

impl Cohort {
    /// At most so many of the most alike may count.
    pub const MOST_NEAREST: usize = 200;

    /// A cohort of these faces, encoded by `model`, of which the `nearest` most alike count (2 to [`Cohort::MOST_NEAREST`]). `None` where
    /// there are fewer than that, or of several dimensions.
    pub fn new(model: Digest, faces: Vec<Embedding>, nearest: usize) -> Option<Cohort> {
        let alike = faces.windows(2).all(|pair| pair[0].dimension() == pair[1].dimension());
        ((2..=Self::MOST_NEAREST).contains(&nearest) && faces.len() >= nearest && alike).then_some(Cohort { model, faces, nearest })
    }

    /// The encoder whose embeddings it can stand against.
    pub fn model(&self) -> &Digest {
        &self.model
    }

    /// Its faces.
    pub fn faces(&self) -> &[Embedding] {
        &self.faces
    }

    /// How many of the most alike count.
    pub fn nearest(&self) -> usize {
        self.nearest
    }

    /// How a face stands to it; computed once a face. Allocates nothing.
    pub fn against(&self, face: &Embedding) -> Against {
        // The most alike so far, the most alike first.
        let mut near = [f32::NEG_INFINITY; Self::MOST_NEAREST];
        let near = &mut near[..self.nearest];
        for one in &self.faces {
            let mut similarity = one.similarity(face).0;
            if similarity.is_nan() {
                return Against::UNKNOWN;
            }
            let from = near.partition_point(|n| *n >= similarity);
            near[from..].iter_mut().for_each(|n| std::mem::swap(n, &mut similarity));
        }
        let near = &*near;
        let mean = near.iter().sum::<f32>() / near.len() as f32;
        let spread = (near.iter().map(|s| (s - mean) * (s - mean)).sum::<f32>() / near.len() as f32).sqrt();
        Against { mean, spread: spread.max(LEAST_SPREAD) }
    }
}

/// What two faces of this cosine are to each other, -1 to 1: the tanh of a tenth of [`normalised`], whose order it keeps. NaN stays NaN.
pub fn squeezed(cosine: Similarity, a: Against, b: Against) -> Similarity {
    Similarity((normalised(cosine, a, b) / UNITS).tanh())
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
        let cohort =
            Cohort::new(Digest([0; 32]), vec![Embedding::at_degrees(60.0), Embedding::at_degrees(90.0), Embedding::at_degrees(180.0)], 2)
                .unwrap();
        // cosines 0.5, 0, -1 to the face at 0: of the nearest two mean 0.25, spread 0.25
        let a = cohort.against(&Embedding::at_degrees(0.0));
        assert!((a.mean - 0.25).abs() < 1e-6 && (a.spread - 0.25).abs() < 1e-6);
        assert!((normalised(Similarity(0.75), a, a) - 2.0).abs() < 1e-5);
        let b = Against { mean: 0.5, spread: 0.5 };
        assert!((normalised(Similarity(0.75), a, b) - 1.25).abs() < 1e-5);
        assert!(normalised(Similarity(f32::NAN), a, b).is_nan());
        assert!((squeezed(Similarity(0.75), a, b).0 - 0.125f32.tanh()).abs() < 1e-5);
        assert!(squeezed(Similarity(f32::NAN), a, b).0.is_nan());
        let of_another_dimension = cohort.against(&Embedding::normalised(&[1.0]).unwrap());
        assert!(squeezed(Similarity(0.9), of_another_dimension, a).0.is_nan(), "nobody is alike to what can't be compared");
    }

    #[test]
    fn whoever_is_alike_to_everybody_counts_for_less() {
        let cohort = Cohort::new(Digest([0; 32]), (0..10).map(|n| Embedding::at_degrees(80.0 + n as f32)).collect(), 10).unwrap();
        let (plain, common) = (cohort.against(&Embedding::at_degrees(0.0)), cohort.against(&Embedding::at_degrees(60.0)));
        assert!(normalised(Similarity(0.5), common, plain) < normalised(Similarity(0.5), plain, plain));
    }

    #[test]
    fn the_most_alike_are_found_in_whatever_order_they_come() {
        let degrees = [70.0, 20.0, 110.0, 50.0, 50.0, 160.0, 35.0, 90.0];
        let near = |nearest: usize| {
            let mut all = degrees.map(|d: f32| d.to_radians().cos());
            all.sort_by(|a, b| b.total_cmp(a));
            all[..nearest].iter().sum::<f32>() / nearest as f32
        };
        for nearest in 2..=8 {
            let cohort = Cohort::new(Digest([0; 32]), degrees.map(Embedding::at_degrees).into(), nearest).unwrap();
            assert!((cohort.against(&Embedding::at_degrees(0.0)).mean - near(nearest)).abs() < 1e-6, "{nearest}");
        }
    }

    #[test]
    fn too_small_a_cohort_is_none() {
        assert!(Cohort::new(Digest([0; 32]), vec![Embedding::at_degrees(0.0)], 2).is_none());
        assert!(Cohort::new(Digest([0; 32]), vec![Embedding::at_degrees(0.0), Embedding::at_degrees(1.0)], 1).is_none());
        let same = Cohort::new(Digest([0; 32]), vec![Embedding::at_degrees(90.0); 3], 3).unwrap().against(&Embedding::at_degrees(0.0));
        assert_eq!(same.spread, LEAST_SPREAD);
    }
}
