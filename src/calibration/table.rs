//! FMR -> tau for one encoder, as it was measured.

use super::metric::Scale;
use crate::units::{Digest, FalseEntries, Tau};
use serde::Serialize;

/// The tau at which two strangers pass for one person so often.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Point {
    /// False match rate of one comparison, above 0 and below 1.
    pub fmr: f64,
    /// Threshold on similarity.
    pub tau: f64,
    /// 95 % interval of tau, by drawing the people anew.
    pub low: f64,
    pub high: f64,
}

/// FMR -> tau of one encoder, in the worst group of strangers that was large enough.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    pub model: Digest,
    /// What the encoder was called; for people.
    pub encoder: String,
    /// By what similarities were measured; tau is of this scale.
    pub scale: Scale,
    /// The group of strangers that it holds for.
    pub group: String,
    /// How many people there were in it ...
    pub people: u64,
    /// ... and how many comparisons of two of them.
    pub comparisons: u64,
    /// How much oftener a stranger's visit passes than a single look does, against one template. 1 where it was not measured.
    pub visit_factor: f64,
    /// By falling FMR and rising tau; at least two.
    pub(super) points: Vec<Point>,
}

/// Why numbers are no table.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NotATable {
    #[error("it has {0} points: two are the least")]
    TooFew(usize),
    #[error("point {0} has an FMR of {1}: it must lie between 0 and 1")]
    Fmr(usize, f64),
    #[error("point {0} has a tau of {1}: it must lie between -1 and 1")]
    Tau(usize, f64),
    #[error("point {0} doesn't go on from the one before it: FMR must fall ({1} after {2}) while tau rises ({3} after {4})")]
    NotMonotone(usize, f64, f64, f64, f64),
    #[error("the visit factor is {0}: it must be 0.01 to 1000")]
    VisitFactor(f64),
}

/// A false match rate, as far as a table can say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fmr {
    About(f64),
    /// Less than the table reaches down to.
    Below(f64),
    /// More than it reaches up to.
    Above(f64),
}

impl Fmr {
    /// The number to count with, on the careful side; `None` where there is no upper bound but 1.
    pub fn at_most(self) -> Option<f64> {
        match self {
            Fmr::About(fmr) | Fmr::Below(fmr) => Some(fmr),
            Fmr::Above(_) => None,
        }
    }
}

/// FPIR of a search through `k` templates: 1 - (1 - fmr)^k.
pub fn fpir(k: usize, fmr: f64) -> f64 {
    -((k as f64) * (-fmr).ln_1p()).exp_m1()
}

impl Table {
    /// A table of these points. `model` and the rest say what it holds for.
    ///
    /// # Errors
    /// Too few points, one out of range, or not monotone.
    pub fn new(points: Vec<Point>, of: Table) -> Result<Table, NotATable> {
        if points.len() < 2 {
            return Err(NotATable::TooFew(points.len()));
        }
        for (at, p) in points.iter().enumerate() {
            if !(p.fmr > 0.0 && p.fmr < 1.0) {
                return Err(NotATable::Fmr(at + 1, p.fmr));
            }
            for tau in [p.tau, p.low, p.high] {
                if !(-1.0..=1.0).contains(&tau) {
                    return Err(NotATable::Tau(at + 1, tau));
                }
            }
        }
        for (at, pair) in points.windows(2).enumerate() {
            let ([a, b], at) = ([pair[0], pair[1]], at + 2);
            if !(b.fmr < a.fmr && b.tau > a.tau) {
                return Err(NotATable::NotMonotone(at, b.fmr, a.fmr, b.tau, a.tau));
            }
        }
        if !(0.01..=1000.0).contains(&of.visit_factor) {
            return Err(NotATable::VisitFactor(of.visit_factor));
        }
        Ok(Table { points, ..of })
    }

    /// What a table of cosines says besides its points; [`Table::new`] makes one of it.
    pub fn about(model: Digest, encoder: &str, group: &str, people: u64, comparisons: u64, visit_factor: f64) -> Table {
        let (encoder, group, scale) = (encoder.into(), group.into(), Scale::default());
        Table { model, encoder, scale, group, people, comparisons, visit_factor, points: Vec::new() }
    }

    /// The same, measured by this scale.
    pub fn measured_by(self, scale: Scale) -> Table {
        Table { scale, ..self }
    }

    /// The same table, a visit passing so much oftener than a look.
    pub fn with_visit_factor(self, visit_factor: f64) -> Table {
        Table { visit_factor, ..self }
    }

    /// By falling FMR.
    pub fn points(&self) -> &[Point] {
        &self.points
    }

    /// The least FMR that it can speak of.
    pub fn least_fmr(&self) -> f64 {
        self.points.last().map_or(1.0, |p| p.fmr)
    }

    /// The threshold for a false match rate; between two points by the logarithm of the rate. Above the first point that point's own,
    /// which is stricter. `None` below the last point, and for NaN: it can't be told.
    pub fn tau(&self, fmr: f64) -> Option<Tau> {
        let first = self.points.first()?;
        if fmr >= first.fmr {
            return Some(Tau(first.tau as f32));
        }
        let pair = self.points.windows(2).find(|pair| pair[0].fmr > fmr && fmr >= pair[1].fmr * (1.0 - 1e-12))?;
        let (a, b) = (pair[0], pair[1]);
        let share = (a.fmr.ln() - fmr.ln()) / (a.fmr.ln() - b.fmr.ln());
        Some(Tau((a.tau + share.min(1.0) * (b.tau - a.tau)) as f32))
    }

    /// How often two strangers pass for one person at a threshold. `None` for NaN.
    pub fn fmr(&self, tau: Tau) -> Option<Fmr> {
        let tau = f64::from(tau.0);
        let (first, last) = (self.points.first()?, self.points.last()?);
        if tau.is_nan() {
            return None;
        }
        if tau < first.tau - 1e-6 {
            return Some(Fmr::Above(first.fmr));
        }
        if tau > last.tau + 1e-6 {
            return Some(Fmr::Below(last.fmr));
        }
        let pair = self.points.windows(2).find(|pair| tau <= pair[1].tau).unwrap_or(&self.points[self.points.len() - 2..]);
        let (a, b) = (pair[0], pair[1]);
        let share = ((tau - a.tau) / (b.tau - a.tau)).clamp(0.0, 1.0);
        Some(Fmr::About((a.fmr.ln() + share * (b.fmr.ln() - a.fmr.ln())).exp()))
    }

    /// The false match rate that keeps a wish with `k` templates (none count as one): 1 - (1 - wish / visit factor)^(1/k).
    pub fn fmr_for(&self, wish: FalseEntries, k: usize) -> f64 {
        let of_a_look = (wish.share() / self.visit_factor).min(0.5);
        -((-of_a_look).ln_1p() / k.max(1) as f64).exp_m1()
    }

    /// How often a stranger's visit ends at an open door, with `k` templates and this false match rate; at most 1.
    pub fn false_entries(&self, k: usize, fmr: f64) -> f64 {
        (fpir(k, fmr) * self.visit_factor).min(1.0)
    }

    /// With how many templates a wish can be kept at most; 0 where not even with one.
    pub fn most_k(&self, wish: FalseEntries) -> usize {
        let of_a_look = (wish.share() / self.visit_factor).min(0.5);
        // 1 - (1 - least)^k <= of_a_look
        let most = ((-of_a_look).ln_1p() / (-self.least_fmr()).ln_1p()).floor().max(0.0) as usize;
        let keeps = |k: usize| self.tau(self.fmr_for(wish, k)).is_some();
        // The last digit may be off by one, either way.
        if keeps(most + 1) {
            most + 1
        } else if most > 0 && !keeps(most) {
            most - 1
        } else {
            most
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub fn table(points: &[(f64, f64)]) -> Result<Table, NotATable> {
        let points = points.iter().map(|&(fmr, tau)| Point { fmr, tau, low: tau, high: tau }).collect();
        Table::new(points, Table::about(Digest([7; 32]), "e", "everybody", 1000, 499_500, 1.0))
    }

    #[test]
    fn tau_lies_between_its_points_by_the_logarithm_of_the_rate() {
        let t = table(&[(1e-2, 0.2), (1e-4, 0.4), (1e-5, 0.45)]).unwrap();
        let tau = |fmr| t.tau(fmr).map(|t| t.0);
        assert_eq!(tau(1e-2), Some(0.2));
        assert!((tau(1e-3).unwrap() - 0.3).abs() < 1e-6);
        assert_eq!(tau(1e-4), Some(0.4));
        assert_eq!(tau(1e-5), Some(0.45));
        assert_eq!(tau(0.5), Some(0.2), "above the table the strictest that is known");
        assert_eq!(tau(9e-6), None, "below the table nothing is known");
        assert_eq!(tau(f64::NAN), None);
    }

    #[test]
    fn the_rate_of_a_tau_is_the_way_back() {
        let t = table(&[(1e-2, 0.2), (1e-4, 0.4), (1e-5, 0.45)]).unwrap();
        for fmr in [1e-2, 3e-3, 1e-4, 2e-5, 1e-5] {
            let Some(Fmr::About(back)) = t.fmr(t.tau(fmr).unwrap()) else { panic!("{fmr}") };
            assert!((back / fmr - 1.0).abs() < 1e-4, "{fmr} {back}");
        }
        assert_eq!(t.fmr(Tau(0.1)), Some(Fmr::Above(1e-2)));
        assert_eq!(t.fmr(Tau(0.5)), Some(Fmr::Below(1e-5)));
        assert_eq!(t.fmr(Tau(f32::NAN)), None);
    }

    #[test]
    fn errors_grow_with_k_as_the_formula_says() {
        assert!((fpir(1, 0.01) - 0.01).abs() < 1e-15);
        assert!((fpir(100, 0.01) - (1.0 - 0.99f64.powi(100))).abs() < 1e-12);
        assert_eq!(fpir(0, 0.01), 0.0);
        let t = table(&[(1e-2, 0.2), (1e-9, 0.9)]).unwrap();
        let wish = FalseEntries::once_in(10_000).unwrap();
        for k in [1, 10, 100, 5000] {
            assert!((fpir(k, t.fmr_for(wish, k)) / 1e-4 - 1.0).abs() < 1e-9, "{k}");
        }
        assert_eq!(t.fmr_for(wish, 0), t.fmr_for(wish, 1));
    }

    #[test]
    fn the_largest_k_keeps_the_wish_and_one_more_does_not() {
        for (least, visits) in [(1e-6, 10_000), (1e-5, 1000), (3.7e-7, 12_345), (1e-2, 10), (1e-2, 1000)] {
            let t = table(&[(2e-2, 0.2), (least, 0.6)]).unwrap();
            let wish = FalseEntries::once_in(visits).unwrap();
            let k = t.most_k(wish);
            assert!(k == 0 || t.tau(t.fmr_for(wish, k)).is_some(), "{least} {visits} {k}");
            assert!(t.tau(t.fmr_for(wish, k + 1)).is_none(), "{least} {visits} {k}");
        }
        assert_eq!(table(&[(2e-2, 0.2), (1e-6, 0.6)]).unwrap().most_k(FalseEntries::once_in(10_000).unwrap()), 100);
        assert_eq!(table(&[(2e-2, 0.2), (1e-2, 0.6)]).unwrap().most_k(FalseEntries::once_in(1000).unwrap()), 0);
    }

    #[test]
    fn a_visit_that_is_easier_than_a_look_wants_a_stricter_tau() {
        let look = table(&[(1e-2, 0.2), (1e-8, 0.8)]).unwrap();
        let visit = Table { visit_factor: 4.0, ..look.clone() };
        let wish = FalseEntries::once_in(1000).unwrap();
        assert!((visit.fmr_for(wish, 1) - 2.5e-4).abs() < 1e-9);
        assert!((visit.false_entries(1, 2.5e-4) - 1e-3).abs() < 1e-9);
        assert!(visit.tau(visit.fmr_for(wish, 1)).unwrap().0 > look.tau(look.fmr_for(wish, 1)).unwrap().0);
        assert_eq!(visit.false_entries(5000, 0.01), 1.0);
    }

    #[test]
    fn what_is_no_table_is_refused() {
        assert_eq!(table(&[(1e-2, 0.2)]), Err(NotATable::TooFew(1)));
        assert_eq!(table(&[(1e-2, 0.2), (0.0, 0.4)]), Err(NotATable::Fmr(2, 0.0)));
        assert!(matches!(table(&[(f64::NAN, 0.2), (1e-3, 0.4)]), Err(NotATable::Fmr(1, _))));
        assert_eq!(table(&[(1e-2, 0.2), (1e-3, 1.4)]), Err(NotATable::Tau(2, 1.4)));
        assert!(matches!(table(&[(1e-2, 0.2), (1e-3, 0.2)]), Err(NotATable::NotMonotone(2, ..))));
        assert!(matches!(table(&[(1e-3, 0.2), (1e-2, 0.3)]), Err(NotATable::NotMonotone(2, ..))));
        let good = table(&[(1e-2, 0.2), (1e-3, 0.3)]).unwrap();
        let bad = Table { visit_factor: f64::NAN, ..good.clone() };
        assert!(matches!(Table::new(good.points().to_vec(), bad), Err(NotATable::VisitFactor(_))));
    }
}
