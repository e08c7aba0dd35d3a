//! The gallery's secret: a random orthogonal matrix that every embedding goes through.
//!
//! Cosines stay the same, and a template that was taken from one gallery is alike to nothing in another; a new seed renews them all
//! (the renewability of ISO/IEC 24745). It is no encryption: the seed lies in the same file, and who has the whole file has both.
//!
//! A matrix of dimension n is a product of n - 1 Householder reflections along Gaussian vectors of lengths n, n - 1, ... 2, with random
//! signs: uniform over all orthogonal matrices (G. W. Stewart, "The efficient generation of random orthogonal matrices", SIAM J.
//! Numer. Anal. 17, 1980). Kept as the reflections' vectors it costs half the memory of the matrix and as much work to apply.
//! The numbers come from the seed: SHA-256 of label, seed, dimension and a counter, and Box-Muller. `ln`, `sin` and `cos`
//! may differ between machines in a last bit of f64, which the rounding to f32 hides but for one vector entry in many millions: a
//! gallery that moves to another machine stays right to far below 1e-5.

use super::GalleryError;
use crate::units::Embedding;
use sha2::{Digest as _, Sha256};
use std::sync::Arc;

/// What a rotation is made from: 32 random bytes.
pub(super) type Seed = [u8; 32];

/// A random orthogonal matrix of one dimension.
pub struct Rotation {
    dimension: usize,
    /// Of length n, then n - 1, ... 2; one after the other.
    vectors: Vec<f32>,
    /// `2 / |v|^2` of each vector.
    factors: Vec<f64>,
    /// +1 or -1 for each number.
    signs: Vec<f64>,
}

/// An embedding after its rotation; only comparable with templates of the same gallery.
#[derive(Clone)]
pub(super) struct Turned {
    values: [f32; Embedding::MOST],
    dimension: usize,
}

impl Turned {
    pub fn values(&self) -> &[f32] {
        &self.values[..self.dimension]
    }
}

impl Rotation {
    /// The rotation that this seed gives in this dimension (1 to [`Embedding::MOST`]); always the same one.
    pub fn from_seed(seed: &[u8; 32], dimension: usize) -> Rotation {
        let mut stream = Stream::new(seed, dimension);
        let mut rotation = Rotation { dimension, vectors: Vec::new(), factors: Vec::new(), signs: Vec::new() };
        rotation.signs.extend((0..dimension).map(|_| if stream.bits() & 1 == 0 { 1.0 } else { -1.0 }));
        for length in (2..=dimension).rev() {
            let from = rotation.vectors.len();
            rotation.vectors.extend((0..length).map(|_| stream.gaussian()));
            let square: f64 = rotation.vectors[from..].iter().map(|v| f64::from(*v) * f64::from(*v)).sum();
            // A vector of zeros would take 2 * 24 zero bits and more in the stream; then it reflects nothing.
            rotation.factors.push(if square > 0.0 { 2.0 / square } else { 0.0 });
        }
        rotation
    }

    /// How many numbers it takes.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// Turns an embedding; allocates nothing. `None` where its dimension is another.
    pub(super) fn turn(&self, embedding: &Embedding) -> Option<Turned> {
        self.apply(embedding.values(), |rotation, x| {
            rotation.signs.iter().zip(x.iter_mut()).for_each(|(sign, x)| *x *= sign);
            rotation.reflections().for_each(|reflection| reflection.apply(x));
        })
    }

    /// Turns back what [`Rotation::turn`] turned.
    pub(super) fn turn_back(&self, turned: &[f32]) -> Option<Turned> {
        self.apply(turned, |rotation, x| {
            rotation.reflections().rev().for_each(|reflection| reflection.apply(x));
            rotation.signs.iter().zip(x.iter_mut()).for_each(|(sign, x)| *x *= sign);
        })
    }

    fn apply(&self, from: &[f32], work: impl FnOnce(&Rotation, &mut [f64])) -> Option<Turned> {
        if from.len() != self.dimension {
            return None;
        }
        let mut exact = [0.0f64; Embedding::MOST];
        let exact = &mut exact[..self.dimension];
        exact.iter_mut().zip(from).for_each(|(to, from)| *to = f64::from(*from));
        work(self, exact);
        let mut turned = Turned { values: [0.0; Embedding::MOST], dimension: self.dimension };
        turned.values.iter_mut().zip(exact).for_each(|(to, from)| *to = *from as f32);
        Some(turned)
    }

    /// Each with its vector; the k-th leaves the first k numbers alone.
    fn reflections(&self) -> impl DoubleEndedIterator<Item = Reflection<'_>> {
        let n = self.dimension;
        self.factors.iter().enumerate().map(move |(k, factor)| {
            let from = k * n - k * k.saturating_sub(1) / 2; // n + (n-1) + ... : the vectors before this one
            Reflection { skipped: k, vector: &self.vectors[from..from + n - k], factor: *factor }
        })
    }
}

struct Reflection<'a> {
    skipped: usize,
    vector: &'a [f32],
    factor: f64,
}

impl Reflection<'_> {
    /// `x -= 2 v (v.x) / (v.v)`
    fn apply(&self, x: &mut [f64]) {
        let x = &mut x[self.skipped..];
        let along = super::kernel::dot_f64(self.vector, x) * self.factor;
        x.iter_mut().zip(self.vector).for_each(|(x, v)| *x -= along * f64::from(*v));
    }
}

/// Numbers that only the seed's owner can foretell.
struct Stream {
    base: Sha256,
    block: [u8; 32],
    used: usize,
    counter: u64,
    spare: Option<f32>,
}

impl Stream {
    fn new(seed: &Seed, dimension: usize) -> Stream {
        let base = Sha256::new().chain_update(b"facegate rotation 1").chain_update(seed).chain_update((dimension as u64).to_le_bytes());
        Stream { base, block: [0; 32], used: 32, counter: 0, spare: None }
    }

    fn bits(&mut self) -> u64 {
        if self.used == self.block.len() {
            self.block = self.base.clone().chain_update(self.counter.to_le_bytes()).finalize().into();
            self.counter += 1;
            self.used = 0;
        }
        let mut eight = [0; 8];
        eight.copy_from_slice(&self.block[self.used..self.used + 8]);
        self.used += 8;
        u64::from_le_bytes(eight)
    }

    /// Of mean 0 and variance 1 (Box-Muller).
    fn gaussian(&mut self) -> f32 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        let unit = |bits: u64| ((bits >> 11) as f64 + 0.5) / (1u64 << 53) as f64; // inside (0, 1)
        let (radius, angle) = ((-2.0 * unit(self.bits()).ln()).sqrt(), std::f64::consts::TAU * unit(self.bits()));
        self.spare = Some((radius * angle.sin()) as f32);
        (radius * angle.cos()) as f32
    }
}

/// The rotations of one gallery that were used already: making one takes milliseconds.
#[derive(Default)]
pub(super) struct Rotations(Vec<(Seed, Arc<Rotation>)>);

impl Rotations {
    pub fn of(&mut self, seed: Seed, dimension: usize) -> Arc<Rotation> {
        self.0.retain(|(s, _)| *s == seed); // an old seed is of no use any more
        if let Some((_, rotation)) = self.0.iter().find(|(_, r)| r.dimension == dimension) {
            return rotation.clone();
        }
        let rotation = Arc::new(Rotation::from_seed(&seed, dimension));
        self.0.push((seed, rotation.clone()));
        rotation
    }
}

pub(super) fn new_seed() -> Result<Seed, GalleryError> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|source| GalleryError::Random { source })?;
    Ok(seed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn dot(a: &[f32], b: &[f32]) -> f64 {
        a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
    }

    fn unit(dimension: usize, at: usize) -> Embedding {
        let mut numbers = vec![0.0; dimension];
        numbers[at] = 1.0;
        Embedding::normalised(&numbers).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn is_orthogonal(seed: [u8; 32], dimension in 1usize..40) {
            let rotation = Rotation::from_seed(&seed, dimension);
            let columns: Vec<_> = (0..dimension).map(|at| rotation.turn(&unit(dimension, at)).unwrap()).collect();
            for (i, a) in columns.iter().enumerate() {
                for (j, b) in columns.iter().enumerate() {
                    let expected = f64::from(u8::from(i == j));
                    prop_assert!((dot(a.values(), b.values()) - expected).abs() < 1e-6, "columns {i} and {j}");
                }
            }
        }

        #[test]
        fn keeps_cosines_and_turns_back(
            seed: [u8; 32],
            (a, b) in prop::sample::select(vec![1usize, 2, 3, 64, 128, 511, 512])
                .prop_flat_map(|n| (prop::collection::vec(-1.0f32..1.0, n), prop::collection::vec(-1.0f32..1.0, n))),
        ) {
            let (Ok(a), Ok(b)) = (Embedding::normalised(&a), Embedding::normalised(&b)) else { return Ok(()) };
            let rotation = Rotation::from_seed(&seed, a.dimension());
            let (ta, tb) = (rotation.turn(&a).unwrap(), rotation.turn(&b).unwrap());
            prop_assert!((dot(ta.values(), tb.values()) - dot(a.values(), b.values())).abs() < 1e-6);
            let back = rotation.turn_back(ta.values()).unwrap();
            prop_assert!(back.values().iter().zip(a.values()).all(|(x, y)| (x - y).abs() < 1e-6));
        }
    }

    #[test]
    fn another_seed_gives_a_template_that_is_alike_to_nothing() {
        let numbers: Vec<f32> = (0..512).map(|i| ((i * 37 % 101) as f32) - 50.0).collect();
        let face = Embedding::normalised(&numbers).unwrap();
        let turned = |seed| Rotation::from_seed(&[seed; 32], 512).turn(&face).unwrap();
        let (here, there) = (turned(1), turned(2));
        // Between random directions in 512 dimensions the cosine has a deviation of 1 / sqrt(512) = 0.044.
        assert!(dot(here.values(), there.values()).abs() < 0.2);
        assert!(dot(here.values(), face.values()).abs() < 0.2);
    }

    #[test]
    fn the_same_seed_gives_the_same_rotation_for_ever() {
        // Computed apart from this code, from this file's head, with Python's hashlib and math: no later version may turn a gallery's
        // templates another way.
        let turned = Rotation::from_seed(&[7; 32], 4).turn(&unit(4, 0)).unwrap();
        let expected = [0.929_991_3f32, 0.173_867, -0.108_340_24, 0.305_203_2];
        assert!(turned.values().iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{:?}", turned.values());
    }

    #[test]
    fn another_dimension_is_not_turned() {
        assert!(Rotation::from_seed(&[0; 32], 4).turn(&unit(5, 0)).is_none());
        assert!(Rotation::from_seed(&[0; 32], 4).turn_back(&[0.0; 3]).is_none());
    }
}
