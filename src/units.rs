//! Words that every room uses. Plain values: no I/O, no clocks.

mod embedding;
mod false_entries;
mod moment;
mod splitmix;

pub use embedding::{Embedding, NotAnEmbedding};
pub use false_entries::{FalseEntries, NoWish};
pub use moment::{Clock, Moment};
pub use splitmix::SplitMix;

use serde::Serialize;

/// How alike two embeddings are, -1 to 1; larger is more alike. The cosine of the angle between them, or what `match.score` puts in its place.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Similarity(pub f32);

impl Similarity {
    /// Of a cosine, the Euclidean distance of the two unit vectors, 0 to 2: `sqrt(2 - 2 cos)`. The literature's tau (FaceNet, dlib) is stated in it.
    pub fn distance(self) -> f32 {
        (2.0 - 2.0 * self.0).max(0.0).sqrt()
    }

    /// Whether the two are the same person at this threshold. NaN is never alike.
    pub fn reaches(self, tau: Tau) -> bool {
        self.0 >= tau.0
    }
}

/// Threshold on similarity, -1 to 1: the same person when the similarity is at least this.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Tau(pub f32);

/// Which person; given by the gallery, never used again after a removal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct PersonId(pub i64);

/// Which template; given by the gallery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct TemplateId(pub i64);

/// SHA-256 of a model file: says which net made an embedding.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// Reads 64 hexadecimal digits, upper or lower case.
    pub fn from_hex(text: &str) -> Option<Digest> {
        let mut bytes = [0u8; 32];
        if text.len() != 64 || !text.is_ascii() {
            return None;
        }
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Digest(bytes))
    }

    /// The first eight hexadecimal digits, for people.
    pub fn short(&self) -> String {
        self.to_string()[..8].to_owned()
    }
}

impl std::fmt::Display for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

impl std::fmt::Debug for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Digest({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_is_that_of_unit_vectors() {
        assert_eq!(Similarity(1.0).distance(), 0.0);
        assert_eq!(Similarity(-1.0).distance(), 2.0);
        assert!((Similarity(0.5).distance() - 1.0).abs() < 1e-6);
        assert_eq!(Similarity(1.000_001).distance(), 0.0);
    }

    #[test]
    fn nan_reaches_no_threshold() {
        assert!(!Similarity(f32::NAN).reaches(Tau(-1.0)));
        assert!(!Similarity(0.9).reaches(Tau(f32::NAN)));
    }

    #[test]
    fn a_digest_survives_its_text() {
        let text = "00ff".repeat(16);
        assert_eq!(Digest::from_hex(&text).unwrap().to_string(), text);
        assert_eq!(Digest::from_hex("00"), None);
        assert_eq!(Digest::from_hex(&"zz".repeat(32)), None);
        assert_eq!(Digest::from_hex(&"é".repeat(32)), None);
    }
}
