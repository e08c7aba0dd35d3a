//! The curve of error rates over all thresholds, as scikit-learn's `roc_curve` draws it, and what is read from it.

/// The rates at one threshold: a score that is at least as high is a match.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Lowest score that is a match; infinite at the curve's beginning, where nothing is.
    pub threshold: f32,
    /// Share of impostor scores that match, 0 to 1 (FMR).
    pub fmr: f64,
    /// Share of genuine scores that match, 0 to 1 (TAR); 1 - FNMR.
    pub tar: f64,
}

/// Error rates over all thresholds.
#[derive(Debug, Clone)]
pub struct Roc {
    /// Highest first.
    genuine: Vec<f32>,
    /// Highest first.
    impostor: Vec<f32>,
    corners: Vec<Point>,
}

impl Roc {
    /// From scores of which higher is more alike. None where one of the two kinds is absent or a score is NaN.
    pub fn new(mut genuine: Vec<f32>, mut impostor: Vec<f32>) -> Option<Roc> {
        if genuine.is_empty() || impostor.is_empty() || genuine.iter().chain(&impostor).any(|s| s.is_nan()) {
            return None;
        }
        genuine.sort_unstable_by(|a, b| b.total_cmp(a));
        impostor.sort_unstable_by(|a, b| b.total_cmp(a));
        let corners = corners(&genuine, &impostor);
        Some(Roc { genuine, impostor, corners })
    }

    /// Where the curve turns, from the strictest threshold to the laxest; straight lines between them.
    pub fn corners(&self) -> &[Point] {
        &self.corners
    }

    /// Genuine scores, the highest first.
    pub fn genuine(&self) -> &[f32] {
        &self.genuine
    }

    /// Impostor scores, the highest first.
    pub fn impostor(&self) -> &[f32] {
        &self.impostor
    }

    /// Area under the curve: how often a genuine score is above an impostor's, ties counting half.
    pub fn auc(&self) -> f64 {
        self.corners.windows(2).map(|w| (w[1].fmr - w[0].fmr) * (w[1].tar + w[0].tar) / 2.0).sum()
    }

    /// Equal error rate: where the line through the curve's points meets FMR = FNMR.
    pub fn eer(&self) -> f64 {
        for w in self.corners.windows(2) {
            let (before, after) = (w[0].fmr - (1.0 - w[0].tar), w[1].fmr - (1.0 - w[1].tar));
            if after >= 0.0 {
                let share = if after > before { -before / (after - before) } else { 0.0 };
                return w[0].fmr + share * (w[1].fmr - w[0].fmr);
            }
        }
        1.0 // not reached: the last point has FMR 1
    }

    /// The best that can be had with an FMR of at most this: the laxest threshold that keeps it, and its rates.
    pub fn at_fmr(&self, fmr: f64) -> Point {
        let n = self.impostor.len();
        // So many impostors may match; the division is the curve's own, so that a rate that can be had is never missed by rounding.
        let allowed = (0..=((fmr.max(0.0) * n as f64) as usize + 1).min(n)).rev().find(|k| *k as f64 / n as f64 <= fmr).unwrap_or(0);
        let Some(first_refused) = self.impostor.get(allowed) else { return self.at_threshold(f32::NEG_INFINITY) };
        let lowest = |scores: &[f32]| scores[..above(scores, *first_refused)].last().copied().unwrap_or(f32::INFINITY);
        self.at_threshold(lowest(&self.genuine).min(lowest(&self.impostor)))
    }

    /// TAR at an FMR, where the number of impostor scores allows to speak of it: by the rule of three 3/FMR of them.
    pub fn tar_at_fmr(&self, fmr: f64) -> Option<f64> {
        // A little room: 3 / 0.001 is a little more than 3000.
        (self.impostor.len() as f64 * fmr >= 3.0 - 1e-6).then(|| self.at_fmr(fmr).tar)
    }

    /// The rates at a threshold.
    pub fn at_threshold(&self, tau: f32) -> Point {
        let share = |scores: &[f32]| scores.partition_point(|s| *s >= tau) as f64 / scores.len() as f64;
        Point { threshold: tau, fmr: share(&self.impostor), tar: share(&self.genuine) }
    }
}

/// How many are higher than this, of scores of which the highest comes first.
fn above(scores: &[f32], than: f32) -> usize {
    scores.partition_point(|s| *s > than)
}

/// The points at all different scores, without those that lie within a straight step to the right or up.
fn corners(genuine: &[f32], impostor: &[f32]) -> Vec<Point> {
    let (mut at_g, mut at_i) = (0, 0);
    let mut points: Vec<Point> = vec![Point { threshold: f32::INFINITY, fmr: 0.0, tar: 0.0 }];
    while at_g < genuine.len() || at_i < impostor.len() {
        let highest = |scores: &[f32], at: usize| scores.get(at).copied().unwrap_or(f32::NEG_INFINITY);
        let threshold = highest(genuine, at_g).max(highest(impostor, at_i));
        at_g += genuine[at_g..].iter().take_while(|s| **s >= threshold).count();
        at_i += impostor[at_i..].iter().take_while(|s| **s >= threshold).count();
        let point = Point { threshold, fmr: at_i as f64 / impostor.len() as f64, tar: at_g as f64 / genuine.len() as f64 };
        if let [.., before, last] = points[..]
            && ((before.fmr == last.fmr && last.fmr == point.fmr) || (before.tar == last.tar && last.tar == point.tar))
        {
            points.pop();
        }
        points.push(point);
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_perfect_and_a_worthless_score() {
        let perfect = Roc::new(vec![0.9, 0.8], vec![0.1, 0.2]).unwrap();
        assert_eq!((perfect.auc(), perfect.eer(), perfect.at_fmr(0.0).tar), (1.0, 0.0, 1.0));
        let worthless = Roc::new(vec![0.5; 4], vec![0.5; 4]).unwrap();
        assert_eq!((worthless.auc(), worthless.eer()), (0.5, 0.5));
        assert_eq!(worthless.at_fmr(0.5).tar, 0.0, "a tie can't be had by halves");
    }

    #[test]
    fn nothing_is_said_of_rates_that_too_few_impostors_stand_behind() {
        let few = Roc::new(vec![1.0], vec![0.0; 2999]).unwrap();
        assert_eq!(few.tar_at_fmr(0.01), Some(1.0));
        assert_eq!(few.tar_at_fmr(0.001), None);
        assert_eq!(Roc::new(vec![1.0], vec![0.0; 3000]).unwrap().tar_at_fmr(0.001), Some(1.0));
    }

    #[test]
    fn no_curve_without_both_kinds_or_with_what_is_no_number() {
        assert!(
            Roc::new(vec![], vec![0.0]).is_none() && Roc::new(vec![0.0], vec![]).is_none() && Roc::new(vec![f32::NAN], vec![0.0]).is_none()
        );
    }

    proptest! {
        #[test]
        fn the_area_is_how_often_the_genuine_one_is_above(g in prop::collection::vec(0u8..20, 1..30), i in prop::collection::vec(0u8..20, 1..30)) {
            let (g, i): (Vec<f32>, Vec<f32>) = (g.into_iter().map(f32::from).collect(), i.into_iter().map(f32::from).collect());
            let roc = Roc::new(g.clone(), i.clone()).unwrap();
            let wins: f64 = g.iter().flat_map(|g| i.iter().map(move |i| if g > i { 1.0 } else if g == i { 0.5 } else { 0.0 })).sum();
            prop_assert!((roc.auc() - wins / (g.len() * i.len()) as f64).abs() < 1e-12);
            let at = roc.at_threshold(7.0);
            prop_assert_eq!(at.fmr, i.iter().filter(|s| **s >= 7.0).count() as f64 / i.len() as f64);
            prop_assert_eq!(at.tar, g.iter().filter(|s| **s >= 7.0).count() as f64 / g.len() as f64);
            prop_assert!((0.0..=1.0).contains(&roc.eer()));
            // No threshold that keeps an FMR has a higher TAR than the one that is given.
            let kept = roc.at_fmr(0.2);
            prop_assert!(kept.fmr <= 0.2);
            for tau in 0..21u8 {
                let other = roc.at_threshold(f32::from(tau));
                prop_assert!(other.fmr > 0.2 || (other.tar <= kept.tar && other.fmr <= kept.fmr));
            }
        }
    }
}
