//! The tail of the similarities between strangers: a generalised Pareto distribution above a high threshold.
//!
//! Pickands (1975) and Balkema, de Haan (1974): what lies above a high threshold is distributed so, whatever lies below. Fitted by maximum
//! likelihood along the profile of Grimshaw (Technometrics 35, 1993), where one number is searched for instead of two.

use serde::Serialize;

/// P(similarity > above + x) = share * (1 + shape x / scale)^(-1/shape).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Tail {
    /// The threshold above which it holds.
    pub above: f64,
    /// The share of all comparisons that lie above it.
    pub share: f64,
    pub shape: f64,
    pub scale: f64,
}

/// The shape is kept within these: a cosine has an upper end, so that a heavy tail can't be true, and below -1/2 the likelihood misleads.
const SHAPES: (f64, f64) = (-0.5, 0.5);

impl Tail {
    /// Fits the excesses (similarity - above, each above 0) with their weights. `share` is what part of all comparisons they are. `None`
    /// where there are fewer than ten, or they are all the same.
    pub fn fit(excesses: &[(f64, f64)], above: f64, share: f64) -> Option<Tail> {
        let total: f64 = excesses.iter().map(|(_, w)| w).sum();
        let most = excesses.iter().filter(|(_, w)| *w > 0.0).map(|(x, _)| *x).fold(0.0, f64::max);
        if excesses.iter().filter(|(_, w)| *w > 0.0).count() < 10 || most <= 0.0 {
            return None;
        }
        let mean = excesses.iter().map(|(x, w)| x * w).sum::<f64>() / total;
        // theta = shape / scale; for each theta the best shape is the mean of ln(1 + theta x).
        let shape_at = |theta: f64| excesses.iter().map(|(x, w)| w * (theta * x).ln_1p()).sum::<f64>() / total;
        let likelihood = |theta: f64| {
            let shape = shape_at(theta);
            if theta.abs() < 1e-9 / mean || shape.abs() < 1e-9 {
                return -mean.ln() - 1.0;
            }
            if !(SHAPES.0..=SHAPES.1).contains(&shape) {
                return f64::NEG_INFINITY;
            }
            -(shape / theta).ln() - shape - 1.0
        };
        // A coarse look first, in units of 1 / most: -1 is the edge where the greatest excess would be impossible.
        let at = |step: f64| (step.exp() - 1.0 + 1e-6) / most;
        let (mut best, mut best_of) = (0.0, likelihood(0.0));
        for n in 0..=60 {
            let step = -4.0 + 7.0 * f64::from(n) / 60.0;
            let found = likelihood(at(step));
            if found > best_of {
                (best, best_of) = (step, found);
            }
        }
        let step = golden(|step| likelihood(at(step)), best - 0.12, best + 0.12);
        let theta = if likelihood(at(step)) >= best_of { at(step) } else { at(best) };
        let shape = shape_at(theta);
        let tail = if shape.abs() < 1e-9 || likelihood(theta) <= likelihood(0.0) {
            Tail { above, share, shape: 0.0, scale: mean }
        } else {
            Tail { above, share, shape, scale: shape / theta }
        };
        (tail.scale > 0.0 && tail.scale.is_finite()).then_some(tail)
    }

    /// The similarity that this share of all comparisons exceeds. Only for shares up to [`Tail::share`].
    pub fn similarity(&self, fmr: f64) -> f64 {
        let r = fmr / self.share;
        if self.shape.abs() < 1e-9 {
            self.above - self.scale * r.ln()
        } else {
            self.above + self.scale / self.shape * (r.powf(-self.shape) - 1.0)
        }
    }

    /// The share of all comparisons that exceed a similarity; only above [`Tail::above`].
    pub fn fmr(&self, similarity: f64) -> f64 {
        let x = (similarity - self.above).max(0.0);
        if self.shape.abs() < 1e-9 {
            return self.share * (-x / self.scale).exp();
        }
        let base = 1.0 + self.shape * x / self.scale;
        if base <= 0.0 { 0.0 } else { self.share * base.powf(-1.0 / self.shape) }
    }

    /// Kolmogorov's distance between the excesses (sorted, unweighted) and the fit, 0 to 1: how good the fit is.
    pub fn distance(&self, sorted: &[f64]) -> f64 {
        let n = sorted.len() as f64;
        let gap = |(i, x): (usize, &f64)| {
            let fitted = 1.0 - self.fmr(self.above + x) / self.share;
            (fitted - i as f64 / n).abs().max((fitted - (i + 1) as f64 / n).abs())
        };
        sorted.iter().enumerate().map(gap).fold(0.0, f64::max)
    }
}

/// Where a function with one peak between `a` and `b` has it.
fn golden(f: impl Fn(f64) -> f64, mut a: f64, mut b: f64) -> f64 {
    let ratio = (5f64.sqrt() - 1.0) / 2.0;
    let (mut c, mut d) = (b - ratio * (b - a), a + ratio * (b - a));
    let (mut at_c, mut at_d) = (f(c), f(d));
    for _ in 0..24 {
        if at_c > at_d {
            (b, d, at_d) = (d, c, at_c);
            c = b - ratio * (b - a);
            at_c = f(c);
        } else {
            (a, c, at_c) = (c, d, at_d);
            d = a + ratio * (b - a);
            at_d = f(d);
        }
    }
    (a + b) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Quantiles at the middles of n equal shares: a sample without luck.
    fn sample(tail: &Tail, n: usize) -> Vec<(f64, f64)> {
        (0..n).map(|i| (tail.similarity(tail.share * (1.0 - (i as f64 + 0.5) / n as f64)) - tail.above, 1.0)).collect()
    }

    #[test]
    fn it_finds_the_distribution_that_the_numbers_came_from() {
        for (shape, scale) in [(-0.3, 0.05), (-0.1, 0.04), (0.0, 0.03), (0.2, 0.02)] {
            let truth = Tail { above: 0.3, share: 0.01, shape, scale };
            let found = Tail::fit(&sample(&truth, 4000), 0.3, 0.01).unwrap();
            assert!((found.shape - shape).abs() < 0.01 && (found.scale / scale - 1.0).abs() < 0.02, "{truth:?} {found:?}");
            let sorted: Vec<f64> = sample(&truth, 4000).into_iter().map(|(x, _)| x).collect();
            assert!(found.distance(&sorted) < 0.005);
            let other = Tail { scale: found.scale * 2.0, ..found };
            assert!(other.distance(&sorted) > 0.1, "a bad fit shows");
        }
    }

    #[test]
    fn weights_count_as_so_many_numbers() {
        let truth = Tail { above: 0.0, share: 0.01, shape: -0.2, scale: 0.1 };
        let once = sample(&truth, 200);
        let twice: Vec<_> = once.iter().chain(&once[100..]).copied().collect();
        let weighted: Vec<_> = once.iter().enumerate().map(|(i, (x, _))| (*x, if i < 100 { 1.0 } else { 2.0 })).collect();
        let (a, b) = (Tail::fit(&twice, 0.0, 0.01).unwrap(), Tail::fit(&weighted, 0.0, 0.01).unwrap());
        assert!((a.shape - b.shape).abs() < 1e-9 && (a.scale - b.scale).abs() < 1e-9);
    }

    #[test]
    fn rate_and_similarity_are_each_others_way_back() {
        for shape in [-0.4, 0.0, 0.3] {
            let tail = Tail { above: 0.25, share: 0.01, shape, scale: 0.04 };
            for fmr in [0.01, 1e-3, 1e-6] {
                assert!((tail.fmr(tail.similarity(fmr)) / fmr - 1.0).abs() < 1e-9);
            }
        }
        assert_eq!(Tail { above: 0.0, share: 0.01, shape: -0.5, scale: 0.1 }.fmr(0.9), 0.0, "beyond the upper end");
    }

    #[test]
    fn too_few_numbers_are_no_tail() {
        assert_eq!(Tail::fit(&[(0.1, 1.0); 9], 0.0, 0.01), None);
        assert_eq!(Tail::fit(&[(0.0, 1.0); 50], 0.0, 0.01), None);
    }
}
