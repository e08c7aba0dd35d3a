//! One face against all that are enrolled, strangers among those who come (open-set identification), for galleries of several sizes.
//!
//! People are shuffled once and dealt into galleries of each size, so that everybody serves; the same people come to each. By the look:
//! - **FPIR**: a stranger's search that finds anybody at tau. **FNIR**: a search of somebody enrolled whose right person isn't the most alike,
//!   or is below tau. **Rank 1**: the right person is the most alike, whatever tau says.
//! - A picture that gives no embedding is a search that finds nobody.
//!
//! Beside it stands the formula 1 - (1 - FMR)^K, with the FMR of the very same strangers against the very same templates. By the visit:
//! moved and re-lit frames of a picture go through the gate's own [`Controller`](crate::access::Controller), margin, votes and all.

use super::templates::Combine;
use super::visit::{Frames, Visits};
use super::worst::worst;
use super::{Failure, Sample};
use crate::access::Rules;
use crate::calibration::{Metric, Prepared, fpir};
use crate::statistics::{Roc, Share};
use crate::units::{Embedding, SplitMix, Tau};

/// Sizes of galleries that are looked at, in people, as far as there are so many.
pub const SIZES: [usize; 7] = [1, 10, 50, 200, 1000, 2000, 5000];
/// FPIRs at which ways of joining templates are compared.
pub const FPIRS: [f64; 3] = [1e-1, 1e-2, 1e-3];

/// A picture of somebody who comes.
#[derive(Debug, Clone)]
pub struct Probe<'s> {
    /// Number of the person; None for a stranger.
    pub person: Option<usize>,
    /// What it gave.
    pub look: &'s Result<Sample, Failure>,
    /// The frames of a visit, where one was made of it.
    pub visit: Option<Frames<'s>>,
}

/// What was measured with galleries of one size.
#[derive(Debug, Clone)]
pub struct AtSize {
    /// People in each gallery.
    pub people: usize,
    /// How many galleries of this size.
    pub galleries: usize,
    /// Templates that a search is compared with, on average: the K of 1:K.
    pub k: f64,
    /// Searches of people enrolled that don't find them.
    pub fnir: Share,
    /// Searches of people enrolled whose right person is the most alike.
    pub rank1: Share,
    /// Searches of strangers that find somebody.
    pub fpir: Share,
    /// Pictures of strangers: each goes through every gallery, so the searches don't count for as many trials.
    pub strangers: u64,
    /// What the formula says.
    pub formula: f64,
    /// By the visit, where visits were made.
    pub visits: Option<Visits>,
}

impl AtSize {
    /// Interval of the FPIR: pictures of strangers are counted, not searches, because one stranger's searches depend on each other.
    pub fn fpir_interval95(&self) -> Option<[f64; 2]> {
        self.fpir.interval95_of(self.strangers)
    }
}

/// A search that went wrong, or nearly: which comer, which person, how alike.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Search {
    /// Number of the probe.
    pub probe: usize,
    /// Number of the person found, or missed.
    pub person: usize,
    /// By the metric.
    pub score: f32,
}

/// What was measured.
#[derive(Debug, Clone)]
pub struct Identification {
    /// By size, the smallest first; the last one is of all people.
    pub sizes: Vec<AtSize>,
    /// Comparisons of strangers with templates that reach tau.
    pub fmr: Share,
    /// At the largest size: scores of right persons that were the most alike, and of the most alike to strangers.
    pub roc: Option<Roc>,
    /// Strangers who are most alike to somebody.
    pub worst_false: Vec<Search>,
    /// People enrolled who are least alike to themselves.
    pub worst_misses: Vec<Search>,
}

/// How a gallery compares: by what, and how several templates of a person count.
#[derive(Debug, Clone, Copy)]
pub struct Comparison<'m> {
    pub metric: &'m Metric,
    pub how: Combine,
}

/// Measures. Each person has at least one template.
pub fn measure(
    people: &[Vec<&Sample>],
    probes: &[Probe<'_>],
    Comparison { metric, how }: Comparison<'_>,
    tau: Tau,
    rules: &Rules,
    sizes: &[usize],
) -> Identification {
    let stored: Vec<Vec<Embedding>> = people.iter().map(|samples| how.of(samples)).collect();
    let templates: Vec<Vec<Prepared<'_>>> = stored.iter().map(|of| of.iter().map(|t| metric.prepare(t)).collect()).collect();
    let order = shuffled(people.len());
    let mut wanted: Vec<usize> = sizes.iter().copied().filter(|s| *s > 0 && *s < people.len()).collect();
    wanted.push(people.len());
    wanted.sort_unstable();
    wanted.dedup();
    let mut counts: Vec<AtSize> = wanted.iter().map(|size| AtSize::new(*size, &order, &templates)).collect();
    let mut found =
        Identification { sizes: Vec::new(), fmr: Share::default(), roc: None, worst_false: Vec::new(), worst_misses: Vec::new() };
    let (mut right_scores, mut stranger_scores) = (Vec::new(), Vec::new());
    let all = counts.len() - 1;
    let mut place = vec![0; people.len()];
    order.iter().enumerate().for_each(|(at, person)| place[*person] = at);
    for (number, probe) in probes.iter().enumerate() {
        let look = probe.look.as_ref().ok().map(|sample| metric.prepare(&sample.embedding));
        let scores = look.as_ref().map(|look| Row::of(metric, look, &templates));
        if probe.person.is_none() {
            let hits = match (&scores, &look) {
                (Some(row), Some(look)) => row.matches(metric, look, &templates, tau.0),
                _ => 0,
            };
            found.fmr = found.fmr + Share { hits, n: templates.iter().map(|t| t.len() as u64).sum() };
        }
        let row = |frame: &Result<Sample, Failure>| {
            let sample = frame.as_ref().ok()?;
            Some(Row::of(metric, &metric.prepare(&sample.embedding), &templates))
        };
        let rows: Option<Vec<Option<Row>>> = probe.visit.as_ref().map(|frames| frames.iter().map(row).collect());
        for (n, at) in counts.iter_mut().enumerate() {
            // Whoever is enrolled is in one gallery of a size (or left over in dealing); a stranger comes to each.
            let own = probe.person.map(|person| place[person] / at.people);
            for (_, gallery) in order.chunks_exact(at.people).enumerate().filter(|(g, _)| own.is_none_or(|own| own == *g)) {
                let best = scores.as_ref().and_then(|row| row.best(gallery));
                let is_alike = best.is_some_and(|(_, score)| score >= tau.0);
                if let (Some(rows), Some(visits), Some(frames)) = (&rows, &mut at.visits, &probe.visit) {
                    visits.make(probe.person, gallery, rows, frames, (tau, rules));
                }
                match probe.person {
                    None => {
                        at.fpir.note(is_alike);
                        if n == all {
                            stranger_scores.push(best.map_or(super::verification::NO_SCORE, |(_, score)| score));
                            if let Some((person, score)) = best {
                                worst(&mut found.worst_false, Search { probe: number, person, score }, |s| s.score);
                            }
                        }
                    }
                    Some(person) => {
                        let is_right = best.is_some_and(|(best, _)| best == person);
                        at.rank1.note(is_right);
                        at.fnir.note(!(is_right && is_alike));
                        if n == all {
                            right_scores.push(best.filter(|_| is_right).map_or(super::verification::NO_SCORE, |(_, score)| score));
                            if let Some(row) = &scores {
                                let own = Search { probe: number, person, score: row.0[person] };
                                worst(&mut found.worst_misses, own, |s| -s.score);
                            }
                        }
                    }
                }
            }
        }
    }
    let strangers = probes.iter().filter(|p| p.person.is_none()).count() as u64;
    let fmr = found.fmr.rate().unwrap_or(0.0);
    for at in &mut counts {
        at.strangers = strangers;
        if let Some(visits) = &mut at.visits {
            visits.strangers = probes.iter().filter(|p| p.person.is_none() && p.visit.is_some()).count() as u64;
        }
        let galleries = order.chunks_exact(at.people).map(|g| g.iter().map(|p| templates[*p].len()).sum::<usize>());
        at.formula = galleries.map(|k| fpir(k, fmr)).sum::<f64>() / at.galleries as f64;
    }
    found.roc = Roc::new(right_scores, stranger_scores);
    found.sizes = counts;
    found
}

/// A way of joining templates, and its FNIR at each of [`FPIRS`].
pub type Way = (Combine, [(f64, Option<f64>); 3]);

/// FNIR at each of [`FPIRS`], whatever tau that takes; None where there are too few strangers to speak of it.
pub fn fnir_at_fpir(found: &Identification) -> [(f64, Option<f64>); 3] {
    FPIRS.map(|fpir| (fpir, found.roc.as_ref().and_then(|roc| roc.tar_at_fmr(fpir)).map(|tar| 1.0 - tar)))
}

impl AtSize {
    fn new(people: usize, order: &[usize], templates: &[Vec<Prepared<'_>>]) -> AtSize {
        let galleries = order.len() / people;
        let dealt = &order[..galleries * people];
        let k = dealt.iter().map(|p| templates[*p].len()).sum::<usize>() as f64 / galleries as f64;
        let zero = Share::default();
        AtSize { people, galleries, k, fnir: zero, rank1: zero, fpir: zero, strangers: 0, formula: 0.0, visits: Some(Visits::default()) }
    }
}

/// How alike a probe is to each person, by the most alike template.
pub(super) struct Row(pub Vec<f32>);

impl Row {
    fn of(metric: &Metric, probe: &Prepared<'_>, templates: &[Vec<Prepared<'_>>]) -> Row {
        let best = |of: &Vec<Prepared<'_>>| of.iter().map(|t| metric.alike(t, probe).0).fold(f32::NEG_INFINITY, f32::max);
        Row(templates.iter().map(best).collect())
    }

    /// The most alike of a gallery.
    fn best(&self, gallery: &[usize]) -> Option<(usize, f32)> {
        self.two(gallery).0
    }

    /// The most alike of a gallery, and how alike the second is.
    pub fn two(&self, gallery: &[usize]) -> (Option<(usize, f32)>, Option<f32>) {
        let (mut best, mut other): (Option<(usize, f32)>, Option<f32>) = (None, None);
        for person in gallery {
            let score = self.0[*person];
            match best {
                Some((_, than)) if score <= than => other = Some(other.map_or(score, |o| o.max(score))),
                _ => other = best.replace((*person, score)).map(|(_, score)| score),
            }
        }
        (best, other)
    }

    /// How many templates reach tau. Only those of people who do have any.
    fn matches(&self, metric: &Metric, probe: &Prepared<'_>, templates: &[Vec<Prepared<'_>>], tau: f32) -> u64 {
        let people = self.0.iter().zip(templates).filter(|(score, _)| **score >= tau);
        people.map(|(_, of)| of.iter().filter(|t| metric.alike(t, probe).0 >= tau).count() as u64).sum()
    }
}

/// The numbers below `n` in an order that looks like chance and is always the same (Fisher-Yates).
fn shuffled(n: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    let mut random = SplitMix(0x0066_6163_6567_6174);
    for i in (1..n).rev() {
        order.swap(i, (random.next() % (i as u64 + 1)) as usize);
    }
    order
}

#[cfg(test)]
mod tests;
