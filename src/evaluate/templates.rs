//! How several pictures of a person become what a probe is compared with.

use super::Sample;
use crate::gallery::spread;
use crate::units::Embedding;

/// How several templates of a person count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Combine {
    /// All are compared; the most alike counts: `match.templates = "best"`.
    Best,
    /// Their mean: `match.templates = "mean"`.
    #[default]
    Mean,
    /// Their mean, weighted by sharpness.
    Weighted,
}

impl Combine {
    /// All of them.
    pub const ALL: [Combine; 3] = [Combine::Best, Combine::Mean, Combine::Weighted];

    /// A stable word for `--json`.
    pub fn word(self) -> &'static str {
        match self {
            Combine::Best => "best",
            Combine::Mean => "mean",
            Combine::Weighted => "weighted",
        }
    }

    /// For people.
    pub fn describe(self) -> &'static str {
        match self {
            Combine::Best => "best of the templates",
            Combine::Mean => "mean template",
            Combine::Weighted => "mean weighted by sharpness",
        }
    }

    /// What a probe is compared with.
    pub fn of(self, samples: &[&Sample]) -> Vec<Embedding> {
        match self {
            Combine::Best => samples.iter().map(|s| s.embedding.clone()).collect(),
            Combine::Mean => mean(samples, |_| 1.0),
            Combine::Weighted => mean(samples, |s| s.sharpness.max(1e-6)),
        }
    }
}

/// One embedding; where there is no mean, all of them.
fn mean(samples: &[&Sample], weight: impl Fn(&Sample) -> f32) -> Vec<Embedding> {
    let mean = Embedding::mean(samples.iter().map(|s| (weight(s), s.embedding.values())));
    mean.map_or_else(|| samples.iter().map(|s| s.embedding.clone()).collect(), |mean| vec![mean])
}

/// Which pictures of a person are enrolled, where there are more than wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pick {
    /// Those that differ most ([`spread`]): what `enroll` does.
    #[default]
    Spread,
    /// The first by name.
    First,
}

impl Pick {
    /// At most `most` of them.
    pub fn of<'s>(self, samples: &[&'s Sample], most: usize) -> Vec<&'s Sample> {
        match self {
            Pick::First => samples.iter().take(most).copied().collect(),
            Pick::Spread => {
                let embeddings: Vec<&Embedding> = samples.iter().map(|s| &s.embedding).collect();
                spread(&embeddings, most).into_iter().map(|n| samples[n]).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(numbers: &[f32], sharpness: f32) -> Sample {
        Sample { embedding: Embedding::normalised(numbers).unwrap(), sharpness, live: None }
    }

    #[test]
    fn means_lie_between_and_weights_pull() {
        let (a, b) = (sample(&[1.0, 0.0], 3.0), sample(&[0.0, 1.0], 1.0));
        let all = [&a, &b];
        assert_eq!(Combine::Best.of(&all).len(), 2);
        assert_eq!(Combine::Mean.of(&all).len(), 1);
        let weighted = Combine::Weighted.of(&all);
        assert!((weighted[0].values()[0] / weighted[0].values()[1] - 3.0).abs() < 1e-5);
        let opposite = sample(&[-1.0, 0.0], 1.0);
        assert_eq!(Combine::Mean.of(&[&a, &opposite]).len(), 2, "what cancels out has no mean");
    }

    #[test]
    fn the_first_and_the_widest() {
        let all = [sample(&[1.0, 0.0], 1.0), sample(&[1.0, 0.01], 1.0), sample(&[0.0, 1.0], 1.0)];
        let all: Vec<&Sample> = all.iter().collect();
        assert_eq!(Pick::First.of(&all, 2), [all[0], all[1]]);
        assert!(Pick::Spread.of(&all, 2).contains(&all[2]));
    }
}
