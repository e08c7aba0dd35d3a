//! One face against one: LFW's protocol over a pairs file, or every comparison of a folder of people.
//!
//! A pair with a picture that gave no embedding counts as no match: an error if it is genuine. (The rates are then ISO/IEC 19795-1's
//! generalised ones.)

use super::groups::Groups;
use super::pairs::Pairs;
use super::worst::worst;
use super::{EvaluateError, Failure, Folder, Sample};
use crate::calibration::Metric;
use crate::statistics::{Accuracy, Labelled, Roc, Share, over_folds};
use crate::units::Tau;
use std::path::PathBuf;

/// The score of a pair that could not be compared: below every cosine.
pub const NO_SCORE: f32 = -2.0;
/// The FMRs at which TAR is told.
pub const FMRS: [f64; 4] = [1e-1, 1e-2, 1e-3, 1e-4];
/// Most pairs that are held in memory: 60 million, 240 MB.
const MOST_PAIRS: u64 = 60_000_000;
/// What is compared with what.
#[derive(Debug, Clone)]
pub enum Plan {
    /// The pairs of a file.
    Pairs(Pairs),
    /// Every picture with every other.
    All(Folder),
}

impl Plan {
    /// Every picture to be encoded, once.
    pub fn pictures(&self) -> Vec<PathBuf> {
        match self {
            Plan::Pairs(pairs) => pairs.pictures.clone(),
            Plan::All(folder) => folder.pictures().map(|(_, p)| p.to_owned()).collect(),
        }
    }

    /// Says what can't be measured before an hour of work.
    ///
    /// # Errors
    /// One person only, nobody with two pictures, or more pairs than are held in memory.
    pub fn check(&self) -> Result<(), EvaluateError> {
        let Plan::All(folder) = self else { return Ok(()) };
        if folder.people.len() < 2 {
            let what = "there must be others to compare with";
            return Err(EvaluateError::TooFewPeople { path: folder.root.clone(), people: 1, what });
        }
        if folder.people.iter().all(|p| p.pictures.len() < 2) {
            let why = format!("{}: nobody has two pictures, so nobody can be compared with themselves", folder.root.display());
            return Err(EvaluateError::Unfit(why));
        }
        let pictures = folder.count();
        let pairs = pictures as u64 * (pictures as u64 - 1) / 2;
        if pairs > MOST_PAIRS { Err(EvaluateError::TooManyPairs { pictures, pairs, most: MOST_PAIRS }) } else { Ok(()) }
    }

    /// Who is on each picture: numbers of people, and their names.
    fn people(&self) -> (Vec<usize>, Vec<String>) {
        match self {
            Plan::All(folder) => (folder.pictures().map(|(n, _)| n).collect(), folder.people.iter().map(|p| p.name.clone()).collect()),
            Plan::Pairs(pairs) => {
                let mut names = pairs.names.clone();
                names.sort();
                names.dedup();
                (pairs.names.iter().map(|n| names.binary_search(n).unwrap_or_default()).collect(), names)
            }
        }
    }
}

/// A pair and how alike it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scored {
    /// By the metric, or [`NO_SCORE`].
    pub score: f32,
    /// Numbers of pictures.
    pub pictures: [usize; 2],
}

/// One person's part in the errors at tau.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PersonErrors {
    /// The name of the folder or picture.
    pub name: String,
    /// Genuine comparisons that don't match.
    pub misses: Share,
    /// Comparisons with others that match.
    pub false_matches: Share,
}

/// What was measured.
#[derive(Debug, Clone)]
pub struct Verification {
    /// Every picture.
    pub pictures: Vec<PathBuf>,
    /// Pictures that gave no embedding, and why.
    pub failures: Vec<(PathBuf, Failure)>,
    /// Pictures that a pairs file names and that are not there.
    pub missing: Vec<PathBuf>,
    /// Pairs left out because of them.
    pub left_out: usize,
    /// Pairs of which a picture gave no embedding: no match.
    pub not_compared: usize,
    /// All scores.
    pub roc: Roc,
    /// Over the folds of a pairs file; None in all-pairs mode, where impostors are so many that an accuracy says nothing.
    pub accuracy: Option<Accuracy>,
    /// The threshold of the rates below.
    pub tau: Tau,
    /// Impostor pairs that match at tau.
    pub fmr: Share,
    /// Genuine pairs that don't.
    pub fnmr: Share,
    /// The most alike of two people, the most alike first.
    pub worst_false: Vec<Scored>,
    /// The least alike of one person, the least alike first; those that couldn't be compared aside.
    pub worst_misses: Vec<Scored>,
    /// Everybody who has a comparison.
    pub people: Vec<PersonErrors>,
    /// By the groups that were named.
    pub groups: Vec<super::groups::GroupErrors>,
}

/// Compares. `samples` are those of [`Plan::pictures`], in that order.
///
/// # Errors
/// There is nothing to compare: one person only, nobody with two pictures, no picture that gave an embedding; or there are too many pairs.
pub fn measure(
    plan: &Plan,
    samples: &[Result<Sample, Failure>],
    metric: &Metric,
    tau: Tau,
    groups: Option<&Groups>,
) -> Result<Verification, EvaluateError> {
    plan.check()?;
    let pictures = plan.pictures();
    let (person, names) = plan.people();
    let failures: Vec<(PathBuf, Failure)> =
        pictures.iter().zip(samples).filter_map(|(p, s)| Some((p.clone(), s.as_ref().err()?.clone()))).collect();
    if failures.len() == samples.len() {
        let (what, first) = failures.first().map(|(p, f)| (p.clone(), f.to_string())).unwrap_or_default();
        return Err(EvaluateError::NothingAcquired { what, pictures: samples.len(), first });
    }
    let mut tally = Tally::new(tau, &person, &names, groups);
    let prepared: Vec<_> = samples.iter().map(|s| s.as_ref().ok().map(|s| metric.prepare(&s.embedding))).collect();
    let score = |a: usize, b: usize| match (&prepared[a], &prepared[b]) {
        (Some(a), Some(b)) => Some(metric.alike(a, b).0).filter(|score| !score.is_nan()).unwrap_or(NO_SCORE),
        _ => NO_SCORE,
    };
    let mut accuracy = None;
    let (mut missing, mut left_out) = (Vec::new(), 0);
    match plan {
        Plan::Pairs(pairs) => {
            let mut labelled = Vec::with_capacity(pairs.pairs.len());
            for pair in &pairs.pairs {
                let [a, b] = pair.pictures;
                let score = score(a, b);
                labelled.push(Labelled { fold: pair.fold, is_genuine: pair.is_genuine, score });
                tally.add(Scored { score, pictures: [a, b] }, pair.is_genuine);
            }
            accuracy = over_folds(&labelled);
            (missing, left_out) = (pairs.missing.clone(), pairs.left_out);
        }
        Plan::All(_) => {
            let n = pictures.len();
            for a in 0..n {
                for b in a + 1..n {
                    tally.add(Scored { score: score(a, b), pictures: [a, b] }, person[a] == person[b]);
                }
            }
        }
    }
    let Tally { genuine, impostor, fmr, fnmr, not_compared, worst_false, worst_misses, people, groups, .. } = tally;
    let roc =
        Roc::new(genuine, impostor).ok_or_else(|| EvaluateError::Unfit("there must be pairs of one person and pairs of two".into()))?;
    Ok(Verification {
        pictures,
        failures,
        missing,
        left_out,
        not_compared,
        roc,
        accuracy,
        tau,
        fmr,
        fnmr,
        worst_false,
        worst_misses,
        people: people.into_iter().filter(|p| p.misses.n + p.false_matches.n > 0).collect(),
        groups: groups.map(|g| g.errors).unwrap_or_default(),
    })
}

impl Verification {
    /// TAR at each of [`FMRS`]; None where there are too few impostor pairs to speak of it.
    pub fn tar_at_fmr(&self) -> [(f64, Option<f64>); 4] {
        FMRS.map(|fmr| (fmr, self.roc.tar_at_fmr(fmr)))
    }

    /// Genuine and impostor pairs together.
    pub fn pairs(&self) -> usize {
        self.roc.genuine().len() + self.roc.impostor().len()
    }
}

/// Counts while pairs go by.
struct Tally<'a> {
    tau: Tau,
    person: &'a [usize],
    genuine: Vec<f32>,
    impostor: Vec<f32>,
    fmr: Share,
    fnmr: Share,
    not_compared: usize,
    worst_false: Vec<Scored>,
    worst_misses: Vec<Scored>,
    people: Vec<PersonErrors>,
    groups: Option<super::groups::Tally>,
}

impl<'a> Tally<'a> {
    fn new(tau: Tau, person: &'a [usize], names: &[String], groups: Option<&Groups>) -> Tally<'a> {
        Tally {
            tau,
            person,
            genuine: Vec::new(),
            impostor: Vec::new(),
            fmr: Share::default(),
            fnmr: Share::default(),
            not_compared: 0,
            worst_false: Vec::new(),
            worst_misses: Vec::new(),
            people: names.iter().map(|name| PersonErrors { name: name.clone(), ..PersonErrors::default() }).collect(),
            groups: groups.map(|g| g.tally(names)),
        }
    }

    fn add(&mut self, pair: Scored, is_genuine: bool) {
        let [a, b] = pair.pictures.map(|p| self.person[p]);
        let is_match = pair.score >= self.tau.0;
        self.not_compared += usize::from(pair.score == NO_SCORE);
        if let Some(groups) = &mut self.groups {
            groups.add(a, b, is_genuine, is_match);
        }
        if is_genuine {
            self.genuine.push(pair.score);
            self.fnmr.note(!is_match);
            self.people[a].misses.note(!is_match);
            if pair.score != NO_SCORE {
                worst(&mut self.worst_misses, pair, |p| -p.score);
            }
        } else {
            self.impostor.push(pair.score);
            self.fmr.note(is_match);
            self.people[a].false_matches.note(is_match);
            self.people[b].false_matches.note(is_match);
            worst(&mut self.worst_false, pair, |p| p.score);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::Person;
    use crate::units::Embedding;

    /// An embedding at an angle, in degrees.
    fn at(degrees: f32) -> Result<Sample, Failure> {
        Ok(Sample { embedding: Embedding::at_degrees(degrees), sharpness: 1.0, live: None })
    }

    fn people(counts: &[usize]) -> Folder {
        let person = |(n, count): (usize, &usize)| Person {
            name: format!("p{n}"),
            pictures: (0..*count).map(|m| PathBuf::from(format!("p{n}/{m}.jpg"))).collect(),
        };
        Folder { root: "faces".into(), people: counts.iter().enumerate().map(person).collect() }
    }

    #[test]
    fn every_picture_is_compared_with_every_other_once_and_a_failure_is_a_miss() {
        let plan = Plan::All(people(&[3, 2]));
        let samples = [at(0.0), at(10.0), Err(Failure::NoFace), at(90.0), at(60.0)];
        let found = measure(&plan, &samples, &Metric::Cosine, Tau(0.8), None).unwrap();
        // Genuine: 3 of p0, 1 of p1 (30 degrees: 0.866). Impostor: 3 x 2.
        assert_eq!((found.fnmr, found.fmr), (Share::of(2, 4), Share::of(0, 6)));
        assert_eq!((found.pairs(), found.not_compared, found.failures.len()), (10, 4, 1));
        assert_eq!(found.worst_false[0].pictures, [1, 4]);
        assert_eq!(found.worst_misses[0].pictures, [3, 4], "what couldn't be compared is no picture pair to show");
        assert_eq!(found.people[0].misses, Share::of(2, 3));
        assert!(found.accuracy.is_none());
    }

    #[test]
    fn one_person_and_people_with_one_picture_can_not_be_measured() {
        let said = |counts: &[usize], samples: &[Result<Sample, Failure>]| {
            measure(&Plan::All(people(counts)), samples, &Metric::Cosine, Tau(0.5), None).unwrap_err().to_string()
        };
        assert!(said(&[2], &[at(0.0), at(1.0)]).contains("one person only"));
        assert!(said(&[1, 1], &[at(0.0), at(1.0)]).contains("nobody has two pictures"));
        assert!(said(&[2, 1], &[Err(Failure::NoFace), Err(Failure::NoFace), Err(Failure::NoFace)]).contains("none of the 3 pictures"));
    }
}
