//! Measuring strangers: every two of a group are compared, the tail of their similarities is fitted, and the worst group counts.

mod visits;

pub use visits::{Run, Visits, visits};

use super::metric::{Metric, Prepared};
use super::table::Point;
use super::tail::Tail;
use crate::units::{Embedding, SplitMix};
use serde::Serialize;

/// A group must have so many people: fewer than some 5,000 comparisons leave less than 50 in the top percent, too few for a tail.
pub const LEAST_PEOPLE: usize = 100;
/// Of a larger group so many people are taken, evenly: four and a half million comparisons are enough.
pub const MOST_PEOPLE: usize = 3000;
/// The part of the comparisons that is fitted.
const TOP: f64 = 0.01;
/// The table goes so many times further down than one in all comparisons.
const BEYOND: f64 = 10.0;
/// How often the people are drawn anew for the intervals.
const DRAWS: u64 = 200;

/// Strangers of one group: who (any number that is the same for the same person), and one picture's embedding.
#[derive(Debug, Clone)]
pub struct Strangers {
    pub name: String,
    pub faces: Vec<(usize, Embedding)>,
}

/// What was found in one group.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Group {
    pub name: String,
    pub people: u64,
    pub comparisons: u64,
    /// Tau at FMR 1e-3: by this the worst group is chosen.
    pub tau: f64,
    pub tail: Tail,
    /// How many similarities were fitted.
    pub fitted: u64,
    /// Kolmogorov's distance between them and the fit.
    pub distance: f64,
}

/// What was found in all groups.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// The worst of those that were large enough, and the points of its table.
    pub worst: usize,
    pub points: Vec<Point>,
    /// Those that were large enough.
    pub groups: Vec<Group>,
    /// Names and numbers of people of those that were not.
    pub too_small: Vec<(String, usize)>,
}

/// No group is large enough.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "no group of strangers is large enough: {LEAST_PEOPLE} different people with a usable face are the least for a tail, the largest group ({}) has {}",
    largest.0, largest.1
)]
pub struct TooFew {
    pub largest: (String, usize),
}

/// Measures groups of strangers by a metric. The same input gives the same table.
///
/// # Errors
/// No group has [`LEAST_PEOPLE`] people, or the similarities of none have a tail (all alike).
pub fn measure(groups: &[Strangers], metric: &Metric) -> Result<Measured, TooFew> {
    let (mut found, mut pairs_of, mut too_small) = (Vec::new(), Vec::new(), Vec::new());
    for strangers in groups {
        let people = people(&strangers.faces);
        if people < LEAST_PEOPLE {
            too_small.push((strangers.name.clone(), people));
            continue;
        }
        let pairs = Pairs::of(&strangers.faces, metric);
        let Some(tail) = pairs.tail(None) else {
            too_small.push((strangers.name.clone(), people));
            continue;
        };
        let mut sorted: Vec<f64> = pairs.top.iter().map(|p| p.excess).collect();
        sorted.sort_by(f64::total_cmp);
        found.push(Group {
            name: strangers.name.clone(),
            people: pairs.pictures_of.len() as u64,
            comparisons: pairs.all,
            tau: tail.similarity(1e-3),
            tail,
            fitted: sorted.len() as u64,
            distance: tail.distance(&sorted),
        });
        pairs_of.push(pairs);
    }
    let worst = (0..found.len()).max_by(|a, b| found[*a].tau.total_cmp(&found[*b].tau));
    let Some(worst) = worst else {
        let largest = too_small.into_iter().max_by_key(|(_, people)| *people).unwrap_or_default();
        return Err(TooFew { largest });
    };
    let points = points(&pairs_of[worst], &found[worst].tail);
    Ok(Measured { worst, points, groups: found, too_small })
}

/// How many different people there are.
fn people(faces: &[(usize, Embedding)]) -> usize {
    faces.iter().map(|(who, _)| who).collect::<std::collections::BTreeSet<_>>().len()
}

/// The table's rates: 1, 5 and 2 of each decade, from one in a hundred down to [`BEYOND`] what was seen.
fn rates(comparisons: u64) -> impl Iterator<Item = f64> {
    let least = 1.0 / (BEYOND * comparisons as f64);
    (2..10).flat_map(|decade| [10.0, 5.0, 2.0].map(|m| m / 10f64.powi(decade + 1))).take_while(move |fmr| *fmr >= least)
}

fn points(pairs: &Pairs, tail: &Tail) -> Vec<Point> {
    let tails: Vec<Tail> = (0..DRAWS).filter_map(|draw| pairs.tail(Some(&pairs.drawn(draw)))).collect();
    let mut points: Vec<Point> = Vec::new();
    for fmr in rates(pairs.all).filter(|fmr| *fmr <= tail.share * (1.0 + 1e-9)) {
        let similarity = |tail: &Tail| tail.similarity(fmr).clamp(-1.0, 1.0);
        let mut drawn: Vec<f64> = tails.iter().map(similarity).collect();
        drawn.sort_by(f64::total_cmp);
        let at = |share: f64| drawn.get((share * drawn.len().saturating_sub(1) as f64).round() as usize).copied();
        let tau = similarity(tail);
        let point = Point { fmr, tau, low: at(0.025).unwrap_or(-1.0).min(tau), high: at(0.975).unwrap_or(1.0).max(tau) };
        // Where the fitted tail has come to its end there is nothing further to tell.
        if points.last().is_some_and(|last| point.tau <= last.tau + 1e-5) || tau >= 1.0 {
            break;
        }
        points.push(point);
    }
    points
}

/// All comparisons of two people of a group; those above the threshold one by one.
struct Pairs {
    /// How many there are.
    all: u64,
    above: f64,
    top: Vec<Pair>,
    /// How many pictures each person has.
    pictures_of: Vec<u64>,
}

struct Pair {
    a: usize,
    b: usize,
    excess: f64,
}

impl Pairs {
    fn of(faces: &[(usize, Embedding)], metric: &Metric) -> Pairs {
        let (faces, pictures_of) = evenly(faces);
        let faces: Vec<(usize, Prepared<'_>)> = faces.into_iter().map(|(who, face)| (who, metric.prepare(face))).collect();
        let each = |work: &mut dyn FnMut(usize, usize, f32)| {
            for (at, (a, first)) in faces.iter().enumerate() {
                for (b, second) in faces[..at].iter().filter(|(b, _)| b != a) {
                    work(*a, *b, metric.alike(first, second).0);
                }
            }
        };
        // First how the similarities lie, then those of the top: a list of all would need a gigabyte.
        const BINS: usize = 20_000;
        let mut bins = vec![0u64; BINS + 1];
        let mut all = 0;
        each(&mut |_, _, similarity| {
            let bin = ((f64::from(similarity) + 1.0) / 2.0 * BINS as f64).clamp(0.0, BINS as f64);
            bins[bin as usize] += 1;
            all += 1;
        });
        let (mut bin, mut above_it) = (BINS, bins[BINS]);
        while bin > 0 && (above_it as f64) < TOP * all as f64 {
            bin -= 1;
            above_it += bins[bin];
        }
        let above = bin as f64 / BINS as f64 * 2.0 - 1.0;
        let mut top = Vec::new();
        each(&mut |a, b, similarity| {
            let excess = f64::from(similarity) - above;
            if excess > 0.0 {
                top.push(Pair { a, b, excess });
            }
        });
        Pairs { all, above, top, pictures_of }
    }

    /// The tail, each person counted so often as `times` says (once each where it says nothing).
    fn tail(&self, times: Option<&[u64]>) -> Option<Tail> {
        let weight = |who: usize| times.map_or(1.0, |times| times[who] as f64);
        let weighted: Vec<(f64, f64)> =
            self.top.iter().map(|p| (p.excess, weight(p.a) * weight(p.b))).filter(|(_, weight)| *weight > 0.0).collect();
        let counted = |who: usize| weight(who) * self.pictures_of[who] as f64;
        let (mut sum, mut squares) = (0.0, 0.0);
        for who in 0..self.pictures_of.len() {
            sum += counted(who);
            squares += counted(who) * counted(who);
        }
        let all = (sum * sum - squares) / 2.0;
        let top = weighted.iter().map(|(_, weight)| weight).sum::<f64>();
        Tail::fit(&weighted, self.above, top / all)
    }

    /// As many people as there are, drawn with replacement: how often each came.
    fn drawn(&self, draw: u64) -> Vec<u64> {
        let mut times = vec![0; self.pictures_of.len()];
        let mut random = SplitMix(SplitMix::after(draw).0 ^ 0x0fac_e9a7);
        for _ in 0..times.len() {
            let who = (random.next() % times.len() as u64) as usize;
            times[who] += 1;
        }
        times
    }
}

/// People numbered from 0, at most [`MOST_PEOPLE`] of them and evenly from all; and how many pictures each has.
fn evenly(faces: &[(usize, Embedding)]) -> (Vec<(usize, &Embedding)>, Vec<u64>) {
    let numbers: std::collections::BTreeSet<usize> = faces.iter().map(|(who, _)| *who).collect();
    let step = numbers.len().div_ceil(MOST_PEOPLE).max(1);
    let kept: Vec<usize> = numbers.into_iter().step_by(step).collect();
    let mut pictures_of = vec![0; kept.len()];
    let mut of = Vec::new();
    for (who, embedding) in faces {
        if let Ok(number) = kept.binary_search(who) {
            pictures_of[number] += 1;
            of.push((number, embedding));
        }
    }
    (of, pictures_of)
}

#[cfg(test)]
mod tests;
