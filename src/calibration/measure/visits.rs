//! Visits of strangers: how much oftener a whole visit passes than a single look. The looks of a visit are nearly the same picture, so this
//! is counted, not computed.

use super::super::metric::Metric;
use crate::units::{Embedding, Tau};
use serde::Serialize;

/// The looks of one visit, in order, of somebody.
#[derive(Debug, Clone)]
pub struct Run {
    pub who: usize,
    pub looks: Vec<Embedding>,
}

/// What was counted, against one template of somebody else.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Visits {
    /// Visits held against a template.
    pub visits: u64,
    /// Of these, the ones that would have opened the door.
    pub opened: u64,
    /// Single looks held against a template.
    pub looks: u64,
    /// Of these, the ones that passed.
    pub passed: u64,
}

impl Visits {
    /// How much oftener a visit passes than a look. `None` where too few of either passed (ten) to say so.
    pub fn factor(&self) -> Option<f64> {
        let of = |part: u64, all: u64| part as f64 / all as f64;
        (self.opened >= 10 && self.passed >= 10).then(|| of(self.opened, self.visits) / of(self.passed, self.looks))
    }
}

/// Holds every visit against every template of somebody else: it opens where `votes` of any `window` looks in a row pass.
pub fn visits(runs: &[Run], templates: &[(usize, Embedding)], metric: &Metric, tau: Tau, votes: usize, window: usize) -> Visits {
    let templates: Vec<_> = templates.iter().map(|(who, face)| (*who, metric.prepare(face))).collect();
    let mut counted = Visits { visits: 0, opened: 0, looks: 0, passed: 0 };
    for run in runs {
        let looks: Vec<_> = run.looks.iter().map(|look| metric.prepare(look)).collect();
        for (_, template) in templates.iter().filter(|(who, _)| *who != run.who) {
            let passes: Vec<bool> = looks.iter().map(|look| metric.alike(look, template).reaches(tau)).collect();
            let opens = passes.windows(window.min(passes.len()).max(1)).any(|w| w.iter().filter(|p| **p).count() >= votes);
            counted.visits += 1;
            counted.opened += u64::from(opens);
            counted.looks += passes.len() as u64;
            counted.passed += passes.iter().filter(|p| **p).count() as u64;
        }
    }
    counted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_of_five_in_a_row_open() {
        let run = |degrees: &[f32]| Run { who: 1, looks: degrees.iter().map(|d| Embedding::at_degrees(*d)).collect() };
        let count = |degrees: &[f32]| {
            visits(&[run(degrees)], &[(2, Embedding::at_degrees(0.0)), (1, Embedding::at_degrees(0.0))], &Metric::Cosine, Tau(0.5), 3, 5)
        };
        assert_eq!(count(&[0.0, 90.0, 0.0, 90.0, 0.0]), Visits { visits: 1, opened: 1, looks: 5, passed: 3 });
        assert_eq!(count(&[0.0, 90.0, 90.0, 0.0, 90.0, 90.0, 0.0]).opened, 0, "never three within five");
        assert_eq!(count(&[0.0, 0.0]).opened, 0);
        assert_eq!(count(&[]).visits, 1);
    }

    #[test]
    fn the_factor_compares_shares() {
        let v = Visits { visits: 1000, opened: 20, looks: 10_000, passed: 100 };
        assert_eq!(v.factor(), Some(2.0));
        assert_eq!(Visits { opened: 9, ..v }.factor(), None);
    }
}
