//! A learned metric: a logistic head on how two embeddings differ, number by number, in the place of their cosine.
//!
//! p(same) = sigmoid(bias - sum_k w_k g_k), with g_k = |a_k - b_k| (Taigman, Yang, Ranzato, Wolf: DeepFace, CVPR 2014, the weighted L1 form),
//! or its chi-square form g_k = (a_k - b_k)^2 / (|a_k| + |b_k|). Fitted on pairs of pictures, with the two kinds of pairs weighing the same.

use crate::config::Score;
use crate::units::{Digest, Embedding, Similarity};
use serde::{Deserialize, Serialize};

/// How the difference of two numbers is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// |a - b|.
    Absolute,
    /// (a - b)^2 / (|a| + |b|).
    ChiSquare,
}

impl Form {
    /// The word that stands for it.
    pub fn word(self) -> &'static str {
        match self {
            Form::Absolute => "absolute",
            Form::ChiSquare => "chi-square",
        }
    }

    fn gap(self, a: f32, b: f32) -> f32 {
        let gap = (a - b).abs();
        match self {
            Form::Absolute => gap,
            Form::ChiSquare => {
                let size = a.abs() + b.abs();
                if size > 0.0 { gap * gap / size } else { 0.0 }
            }
        }
    }
}

/// A fitted head, of one encoder's embeddings.
#[derive(Debug, Clone, PartialEq)]
pub struct Head {
    pub model: Digest,
    pub form: Form,
    /// One for each number of an embedding; not negative, because more of a difference is never more alike.
    pub weights: Vec<f32>,
    pub bias: f32,
}

/// Steps of the fit; it has settled long before.
const STEPS: usize = 400;
/// Holds the weights together where there are few pairs.
const DECAY: f32 = 1e-4;

impl Head {
    /// Fits a head to pairs of embeddings of one dimension; `true` where both are of one person. `None` where one kind of pair is missing or
    /// the dimensions differ. The same pairs give the same head.
    pub fn fit(model: Digest, form: Form, pairs: &[(&Embedding, &Embedding, bool)]) -> Option<Head> {
        let dimension = pairs.first()?.0.dimension();
        let same = pairs.iter().filter(|(_, _, same)| *same).count();
        if same == 0 || same == pairs.len() || pairs.iter().any(|(a, b, _)| a.dimension() != dimension || b.dimension() != dimension) {
            return None;
        }
        let gaps: Vec<f32> = pairs.iter().flat_map(|(a, b, _)| a.values().iter().zip(b.values()).map(|(a, b)| form.gap(*a, *b))).collect();
        // In units of the mean difference, so that one step size serves every encoder.
        let unit = gaps.iter().map(|g| f64::from(*g)).sum::<f64>() / gaps.len() as f64;
        let unit = (unit as f32).max(f32::MIN_POSITIVE);
        let share = |is_same: bool| 0.5 / if is_same { same } else { pairs.len() - same } as f32;
        let step = 4.0 / (dimension as f32 * 2.0 + 1.0);
        let (mut weights, mut bias) = (vec![0.0f32; dimension], 0.0f32);
        let (mut ahead, mut bias_ahead) = (weights.clone(), bias);
        for n in 0..STEPS {
            let mut slope: Vec<f32> = ahead.iter().map(|w| w * DECAY).collect();
            let mut bias_slope = 0.0;
            for (gaps, (_, _, is_same)) in gaps.chunks_exact(dimension).zip(pairs) {
                let logit = bias_ahead - gaps.iter().zip(&ahead).map(|(g, w)| g * w).sum::<f32>() / unit;
                let off = (sigmoid(logit) - f32::from(u8::from(*is_same))) * share(*is_same);
                bias_slope += off;
                for (s, g) in slope.iter_mut().zip(gaps) {
                    *s -= off * g / unit;
                }
            }
            // Nesterov's way, with the weights kept at 0 and above.
            let pull = n as f32 / (n as f32 + 3.0);
            for ((w, a), s) in weights.iter_mut().zip(&mut ahead).zip(slope) {
                let next = (*a - step * s).max(0.0);
                *a = (next + pull * (next - *w)).max(0.0);
                *w = next;
            }
            let next = bias_ahead - step * bias_slope;
            bias_ahead = next + pull * (next - bias);
            bias = next;
        }
        weights.iter_mut().for_each(|w| *w /= unit);
        let is_fit = weights.iter().chain([&bias]).all(|w| w.is_finite());
        is_fit.then_some(Head { model, form, weights, bias })
    }

    /// How alike two embeddings are to it, -1 to 1: 2 p(same) - 1, so that 0 is even odds. NaN where the dimension is another.
    pub fn similarity(&self, a: &Embedding, b: &Embedding) -> Similarity {
        self.between(a.values(), b.values())
    }

    /// The same of their numbers.
    pub fn between(&self, a: &[f32], b: &[f32]) -> Similarity {
        if a.len() != self.weights.len() || b.len() != self.weights.len() {
            return Similarity(f32::NAN);
        }
        let sum: f32 = a.iter().zip(b).zip(&self.weights).map(|((a, b), w)| self.form.gap(*a, *b) * w).sum();
        Similarity(((self.bias - sum) / 2.0).tanh())
    }
}

impl Form {
    /// The score that compares by a head of this form.
    pub fn score(self) -> Score {
        match self {
            Form::Absolute => Score::HeadAbsolute,
            Form::ChiSquare => Score::HeadChiSquare,
        }
    }
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// People whose first sixteen numbers are their own, and the other sixteen any picture's.
    fn faces(people: usize, pictures: usize) -> Vec<(usize, Embedding)> {
        let mut state = 1u64;
        let mut random = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1u64 << 24) as f32 - 0.5
        };
        let mut found = Vec::new();
        for who in 0..people {
            let own: Vec<f32> = (0..16).map(|_| random()).collect();
            for _ in 0..pictures {
                let numbers: Vec<f32> = (0..32).map(|k| own.get(k).map_or(1.0, |_| 0.15) * random() + own.get(k).unwrap_or(&0.0)).collect();
                found.push((who, Embedding::normalised(&numbers).unwrap()));
            }
        }
        found
    }

    fn pairs(faces: &[(usize, Embedding)]) -> Vec<(&Embedding, &Embedding, bool)> {
        let each = |at: usize| faces[..at].iter().map(move |(who, e)| (&faces[at].1, e, faces[at].0 == *who));
        (0..faces.len()).flat_map(each).collect()
    }

    /// The share of pairs on the right side of the best threshold that a list of scores has.
    fn accuracy(scores: &[(f32, bool)]) -> f32 {
        let right = |tau: f32| scores.iter().map(move |(s, same)| if (*s >= tau) == *same { 1.0 } else { 0.0 });
        let same = scores.iter().filter(|(_, same)| *same).count() as f32;
        let balanced = |tau: f32| {
            let of = |is_same: bool| right(tau).zip(scores).filter(|(_, (_, same))| *same == is_same).map(|(r, _)| r).sum::<f32>();
            (of(true) / same + of(false) / (scores.len() as f32 - same)) / 2.0
        };
        scores.iter().step_by(7).map(|(tau, _)| balanced(*tau)).fold(0.0, f32::max)
    }

    #[test]
    fn it_learns_which_numbers_tell_people_apart() {
        let (learn, judge) = (faces(25, 4), faces(33, 3));
        let judge = pairs(&judge[75..]);
        let cosine = accuracy(&judge.iter().map(|(a, b, same)| (a.similarity(b).0, *same)).collect::<Vec<_>>());
        for form in [Form::Absolute, Form::ChiSquare] {
            let head = Head::fit(Digest([1; 32]), form, &pairs(&learn)).unwrap();
            let (own, any) = (head.weights[..16].iter().sum::<f32>(), head.weights[16..].iter().sum::<f32>());
            assert!(own > 3.0 * any, "{form:?}: {own} {any}");
            let learned = accuracy(&judge.iter().map(|(a, b, same)| (head.similarity(a, b).0, *same)).collect::<Vec<_>>());
            assert!(learned >= cosine && learned > 0.97, "{form:?}: {learned}, cosine {cosine}");
        }
    }

    #[test]
    fn a_computed_case() {
        let unit = |numbers: &[f32]| Embedding::normalised(numbers).unwrap();
        let (a, b) = (unit(&[0.6, 0.8]), unit(&[0.8, 0.6]));
        let head = |form| Head { model: Digest([0; 32]), form, weights: vec![1.0, 2.0], bias: 0.7 };
        // |a - b| = (0.2, 0.2): 0.7 - 0.2 - 0.4 = 0.1
        assert!((head(Form::Absolute).similarity(&a, &b).0 - 0.05f32.tanh()).abs() < 1e-6);
        // 0.04 / 1.4 each: 0.7 - 3 * 0.04 / 1.4
        assert!((head(Form::ChiSquare).similarity(&a, &b).0 - ((0.7f32 - 0.12 / 1.4) / 2.0).tanh()).abs() < 1e-6);
        assert!(head(Form::Absolute).similarity(&a, &unit(&[1.0])).0.is_nan());
        assert_eq!(head(Form::ChiSquare).similarity(&unit(&[0.0, 1.0]), &unit(&[0.0, 1.0])).0, 0.35f32.tanh());
    }

    #[test]
    fn one_kind_of_pair_is_not_enough() {
        let faces = faces(3, 2);
        let same: Vec<_> = pairs(&faces).into_iter().filter(|(_, _, same)| *same).collect();
        assert_eq!(Head::fit(Digest([0; 32]), Form::Absolute, &same), None);
        assert_eq!(Head::fit(Digest([0; 32]), Form::Absolute, &[]), None);
    }
}
