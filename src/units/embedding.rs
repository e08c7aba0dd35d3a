//! A face as a unit vector.

/// A face as a unit vector of 1 to 512 numbers (128 in the classic form). Held in place, so that none is allocated a frame.
#[derive(Clone, PartialEq)]
pub struct Embedding {
    values: [f32; Embedding::MOST],
    dimension: usize,
}

/// Why numbers are no embedding.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum NotAnEmbedding {
    #[error("an embedding has 1 to 512 numbers, not {0}")]
    Dimension(usize),
    #[error("number {0} of the embedding is {1}")]
    NotFinite(usize, f32),
    #[error("the embedding has no direction: its length is {0}")]
    NoLength(f32),
}

impl Embedding {
    /// The most numbers that an encoder may give.
    pub const MOST: usize = 512;

    /// Divides by the Euclidean norm.
    ///
    /// # Errors
    /// No numbers or too many, one that is not finite, or a length too small to have a direction.
    pub fn normalised(numbers: &[f32]) -> Result<Embedding, NotAnEmbedding> {
        if numbers.is_empty() || numbers.len() > Self::MOST {
            return Err(NotAnEmbedding::Dimension(numbers.len()));
        }
        if let Some((at, value)) = numbers.iter().enumerate().find(|(_, v)| !v.is_finite()) {
            return Err(NotAnEmbedding::NotFinite(at, *value));
        }
        let norm = numbers.iter().map(|v| f64::from(*v) * f64::from(*v)).sum::<f64>().sqrt();
        if norm < 1e-6 {
            return Err(NotAnEmbedding::NoLength(norm as f32));
        }
        let mut values = [0.0; Self::MOST];
        for (to, from) in values.iter_mut().zip(numbers) {
            *to = (f64::from(*from) / norm) as f32;
        }
        Ok(Embedding { values, dimension: numbers.len() })
    }

    /// The direction of a weighted sum; `None` where there is none: of nothing, where the vectors cancel each other out, or where their
    /// dimensions differ.
    pub fn mean<'v>(weighted: impl IntoIterator<Item = (f32, &'v [f32])>) -> Option<Embedding> {
        let (mut sum, mut dimension) = ([0.0f32; Self::MOST], None);
        for (weight, vector) in weighted {
            if *dimension.get_or_insert(vector.len()) != vector.len() || vector.len() > Self::MOST {
                return None;
            }
            sum.iter_mut().zip(vector).for_each(|(sum, v)| *sum += weight * v);
        }
        Embedding::normalised(&sum[..dimension?]).ok()
    }

    /// The unit vector.
    pub fn values(&self) -> &[f32] {
        &self.values[..self.dimension]
    }

    /// How many numbers.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// Cosine of the angle between the two; NaN when their dimensions differ, which reaches no threshold.
    pub fn similarity(&self, other: &Embedding) -> super::Similarity {
        if self.dimension != other.dimension {
            return super::Similarity(f32::NAN);
        }
        super::Similarity(self.values().iter().zip(other.values()).map(|(a, b)| a * b).sum())
    }
}

#[cfg(test)]
impl Embedding {
    /// In the plane, at an angle: two of them are as alike as the cosine between.
    pub(crate) fn at_degrees(degrees: f32) -> Embedding {
        let (sin, cos) = degrees.to_radians().sin_cos();
        Embedding::normalised(&[cos, sin]).unwrap()
    }
}

impl std::fmt::Debug for Embedding {
    /// Only the dimension: the numbers are personal data and have no place in a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Embedding({}-D)", self.dimension)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_length_one() {
        let e = Embedding::normalised(&[3.0, 4.0]).unwrap();
        assert_eq!(e.values(), &[0.6, 0.8]);
        assert!((e.similarity(&e).0 - 1.0).abs() < 1e-6);
    }

    #[test]
    fn what_has_no_direction_is_refused() {
        assert_eq!(Embedding::normalised(&[]), Err(NotAnEmbedding::Dimension(0)));
        assert_eq!(Embedding::normalised(&[0.0; 513]), Err(NotAnEmbedding::Dimension(513)));
        assert_eq!(Embedding::normalised(&[0.0; 4]), Err(NotAnEmbedding::NoLength(0.0)));
        assert!(matches!(Embedding::normalised(&[1.0, f32::NAN]), Err(NotAnEmbedding::NotFinite(1, _))));
        assert!(matches!(Embedding::normalised(&[f32::INFINITY]), Err(NotAnEmbedding::NotFinite(0, _))));
    }

    #[test]
    fn a_mean_lies_between_and_weights_pull() {
        let (a, b) = ([1.0f32, 0.0], [0.0f32, 1.0]);
        let even = Embedding::mean([(1.0, &a[..]), (1.0, &b[..])]).unwrap();
        assert!((even.values()[0] - even.values()[1]).abs() < 1e-6);
        let pulled = Embedding::mean([(3.0, &a[..]), (1.0, &b[..])]).unwrap();
        assert!((pulled.values()[0] / pulled.values()[1] - 3.0).abs() < 1e-5);
        assert_eq!(Embedding::mean([(1.0, &a[..]), (1.0, &[-1.0, 0.0][..])]), None, "what cancels out has no direction");
        assert_eq!(Embedding::mean([(1.0, &a[..]), (1.0, &[1.0][..])]), None);
        assert_eq!(Embedding::mean(std::iter::empty::<(f32, &[f32])>()), None);
    }

    #[test]
    fn other_dimensions_are_never_alike() {
        let (a, b) = (Embedding::normalised(&[1.0]).unwrap(), Embedding::normalised(&[1.0, 0.0]).unwrap());
        assert!(a.similarity(&b).0.is_nan());
    }

    #[test]
    fn the_numbers_are_not_shown() {
        assert_eq!(format!("{:?}", Embedding::normalised(&[1.0, 0.0]).unwrap()), "Embedding(2-D)");
    }
}
