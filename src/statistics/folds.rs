//! Accuracy by folds: LFW's protocol (Huang et al., 2007). The threshold of a fold is the one that is best on all the others.

use serde::Serialize;

/// A score, whether it is a genuine one, and the fold that it belongs to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Labelled {
    /// 0, 1, ...
    pub fold: usize,
    /// The same person.
    pub is_genuine: bool,
    /// Higher is more alike.
    pub score: f32,
}

/// How often the decision was right.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Accuracy {
    /// Mean over the folds.
    pub mean: f64,
    /// Standard error of the mean: the folds' standard deviation (n - 1) divided by the root of their number.
    pub std_error: f64,
    /// Each fold.
    pub folds: Vec<f64>,
    /// The threshold that each fold got from the others.
    pub thresholds: Vec<f32>,
}

/// The accuracy over the folds that there are. None where there are fewer than two, or a score is NaN.
pub fn over_folds(scores: &[Labelled]) -> Option<Accuracy> {
    let mut names: Vec<usize> = scores.iter().map(|s| s.fold).collect();
    names.sort_unstable();
    names.dedup();
    if names.len() < 2 || scores.iter().any(|s| s.score.is_nan()) {
        return None;
    }
    let mut sorted = scores.to_vec();
    sorted.sort_by(|a, b| a.score.total_cmp(&b.score));
    let thresholds: Vec<f32> = names.iter().map(|fold| best_threshold(sorted.iter().filter(|s| s.fold != *fold))).collect();
    let right = |fold: usize, tau: f32| {
        let (mut right, mut all) = (0u32, 0u32);
        for s in scores.iter().filter(|s| s.fold == fold) {
            all += 1;
            right += u32::from((s.score >= tau) == s.is_genuine);
        }
        f64::from(right) / f64::from(all)
    };
    let folds: Vec<f64> = names.iter().zip(&thresholds).map(|(fold, tau)| right(*fold, *tau)).collect();
    let n = folds.len() as f64;
    let mean = folds.iter().sum::<f64>() / n;
    let variance = folds.iter().map(|f| (f - mean) * (f - mean)).sum::<f64>() / (n - 1.0);
    Some(Accuracy { mean, std_error: (variance / n).sqrt(), folds, thresholds })
}

/// The lowest of the thresholds with the most right decisions; they lie in the middle between neighbouring scores, and before the first.
fn best_threshold<'s>(ascending: impl Iterator<Item = &'s Labelled>) -> f32 {
    // Below all scores every genuine one is right and no other; each score that falls below moves one over.
    let (mut ahead, mut best) = (0i64, (0i64, f32::NEG_INFINITY));
    let mut last: Option<f32> = None;
    for s in ascending {
        if let Some(before) = last.filter(|before| *before < s.score)
            && ahead > best.0
        {
            let middle = before + (s.score - before) / 2.0;
            best = (ahead, if middle > before { middle } else { s.score });
        }
        ahead += if s.is_genuine { -1 } else { 1 };
        last = Some(s.score);
    }
    if ahead > best.0 { f32::INFINITY } else { best.1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(fold: usize, is_genuine: bool, score: f32) -> Labelled {
        Labelled { fold, is_genuine, score }
    }

    #[test]
    fn a_fold_never_chooses_its_own_threshold() {
        // Fold 1 lies half a point higher: with the threshold of fold 0 all of it matches.
        let scores = [pair(0, true, 0.4), pair(0, false, 0.2), pair(1, true, 0.9), pair(1, false, 0.7)];
        let found = over_folds(&scores).unwrap();
        assert_eq!(found.folds, [0.5, 0.5]);
        assert!((found.thresholds[0] - 0.8).abs() < 1e-6 && (found.thresholds[1] - 0.3).abs() < 1e-6, "{found:?}");
        assert_eq!((found.mean, found.std_error), (0.5, 0.0));
    }

    #[test]
    fn one_fold_has_no_others() {
        assert!(over_folds(&[pair(0, true, 0.4), pair(0, false, 0.2)]).is_none());
        assert!(over_folds(&[]).is_none());
    }

    #[test]
    fn where_nothing_should_match_the_threshold_is_above_all() {
        let scores: Vec<_> = (0..4).map(|n| pair(n % 2, false, n as f32)).collect();
        assert_eq!(over_folds(&scores).unwrap().mean, 1.0);
    }
}
