//! Living against shown: error rates of presentation attack detection, in the words of ISO/IEC 30107-3.
//!
//! A picture in which no usable face is found is never judged: it is a non-response, counted beside the rates and not in them.

use super::people::{entries, pictures_below};
use super::{EvaluateError, Failure, Sample};
use crate::statistics::{Roc, Share};
use std::path::{Path, PathBuf};

/// Pictures of one kind: living faces, or one instrument of attack (prints, a telephone, a mask).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// The folder's name.
    pub name: String,
    /// By name; at least one.
    pub pictures: Vec<PathBuf>,
}

impl Series {
    /// Every picture in a folder and below it.
    ///
    /// # Errors
    /// There is no such folder, or no picture in it.
    pub fn read(root: &Path) -> Result<Series, EvaluateError> {
        let name = root.file_name().map_or_else(|| root.display().to_string(), |n| n.to_string_lossy().into_owned());
        Ok(Series { name, pictures: pictures_below(root)? })
    }

    /// One for each folder in a folder; where it has none, its own pictures are one instrument.
    ///
    /// # Errors
    /// As [`Series::read`].
    pub fn read_each(root: &Path) -> Result<Vec<Series>, EvaluateError> {
        let folders: Vec<PathBuf> = entries(root)?.into_iter().filter(|p| p.is_dir()).collect();
        if folders.is_empty() {
            return Ok(vec![Series::read(root)?]);
        }
        folders.iter().map(|f| Series::read(f)).collect()
    }
}

/// What became of one series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesErrors {
    /// The folder's name.
    pub name: String,
    /// Living faces that were refused (BPCER), or attacks that passed (APCER).
    pub errors: Share,
    /// Pictures that were not judged: the non-response rate's.
    pub not_judged: Share,
}

/// What was measured.
#[derive(Debug, Clone)]
pub struct Liveness {
    /// Least probability of a living face.
    pub min_live: f32,
    /// Living faces: BPCER.
    pub real: SeriesErrors,
    /// Attacks by instrument: APCER.
    pub instruments: Vec<SeriesErrors>,
    /// Living scores as the genuine ones, all attacks' as impostors.
    pub roc: Roc,
}

impl Liveness {
    /// Counts. The samples are those of the series' pictures, in their order.
    ///
    /// # Errors
    /// Of the living faces, or of all attacks, none could be judged.
    pub fn measure(
        min_live: f32,
        real: (&Series, &[Result<Sample, Failure>]),
        spoof: &[(&Series, &[Result<Sample, Failure>])],
    ) -> Result<Liveness, EvaluateError> {
        let none = |series: &Series, samples: &[Result<Sample, Failure>]| EvaluateError::NothingAcquired {
            what: series.pictures.first().cloned().unwrap_or_default(),
            pictures: samples.len(),
            first: samples.iter().find_map(|s| s.as_ref().err()).map_or_else(|| "liveness wasn't judged".into(), ToString::to_string),
        };
        let living: Vec<f32> = scores(real.1).collect();
        let attacks: Vec<f32> = spoof.iter().flat_map(|(_, samples)| scores(samples)).collect();
        if living.is_empty() {
            return Err(none(real.0, real.1));
        }
        let instruments = spoof.iter().map(|(series, samples)| errors(series, samples, |live| live >= min_live)).collect();
        let roc = match (Roc::new(living, attacks), spoof.first()) {
            (Some(roc), _) => roc,
            (None, Some((series, samples))) => return Err(none(series, samples)),
            (None, None) => return Err(EvaluateError::Unfit("there is no instrument of attack".into())),
        };
        Ok(Liveness { min_live, real: errors(real.0, real.1, |live| live < min_live), instruments, roc })
    }

    /// The instrument that passes most often; of equals the one with the fewest judged. ISO/IEC 30107-3 reports the worst one.
    pub fn worst(&self) -> Option<&SeriesErrors> {
        let judged = self.instruments.iter().filter(|i| i.errors.n > 0);
        judged.max_by(|a, b| {
            a.errors.rate().partial_cmp(&b.errors.rate()).unwrap_or(std::cmp::Ordering::Equal).then(b.errors.n.cmp(&a.errors.n))
        })
    }

    /// Mean of the worst APCER and of BPCER, and the mean of their intervals' ends, which is wider than an interval of the mean need be.
    pub fn acer(&self) -> Option<(f64, [f64; 2])> {
        let (apcer, bpcer) = (self.worst()?.errors, self.real.errors);
        let ([a_low, a_high], [b_low, b_high]) = (apcer.interval95()?, bpcer.interval95()?);
        Some(((apcer.rate()? + bpcer.rate()?) / 2.0, [(a_low + b_low) / 2.0, (a_high + b_high) / 2.0]))
    }
}

fn scores(samples: &[Result<Sample, Failure>]) -> impl Iterator<Item = f32> {
    samples.iter().filter_map(|s| s.as_ref().ok()?.live)
}

fn errors(series: &Series, samples: &[Result<Sample, Failure>], is_error: impl Fn(f32) -> bool) -> SeriesErrors {
    let errors = Share::count(scores(samples), is_error);
    let not_judged = Share { hits: samples.len() as u64 - errors.n, n: samples.len() as u64 };
    SeriesErrors { name: series.name.clone(), errors, not_judged }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Embedding;

    fn live(live: f32) -> Result<Sample, Failure> {
        Ok(Sample { embedding: Embedding::normalised(&[1.0]).unwrap(), sharpness: 1.0, live: Some(live) })
    }

    fn series(name: &str) -> Series {
        Series { name: name.into(), pictures: vec!["a.jpg".into()] }
    }

    #[test]
    fn the_worst_instrument_counts_and_what_was_not_judged_stands_beside() {
        let (real, print, phone) = (series("real"), series("print"), series("phone"));
        let living = [live(0.9), live(0.8), live(0.2), live(0.7), Err(Failure::NoFace)];
        let prints = [live(0.1), live(0.2)];
        let phones = [live(0.9), live(0.1), live(0.1), live(0.1), Err(Failure::NoFace)];
        let found = Liveness::measure(0.5, (&real, &living), &[(&print, &prints), (&phone, &phones)]).unwrap();
        assert_eq!(found.real.errors, Share::of(1, 4));
        assert_eq!(found.real.not_judged, Share::of(1, 5));
        let worst = found.worst().unwrap();
        assert_eq!((worst.name.as_str(), worst.errors), ("phone", Share::of(1, 4)));
        assert_eq!(found.acer().unwrap().0, 0.25);
        assert_eq!(found.instruments[0].errors.to_string(), "at most 100.00 % (0 of 2)");
    }

    #[test]
    fn of_two_instruments_without_a_pass_the_one_that_was_tried_less_is_the_worse() {
        let (real, a, b) = (series("real"), series("a"), series("b"));
        let found = Liveness::measure(0.5, (&real, &[live(1.0)]), &[(&a, &[live(0.0), live(0.0)]), (&b, &[live(0.0)])]).unwrap();
        assert_eq!(found.worst().unwrap().name, "b");
    }

    #[test]
    fn nothing_judged_is_an_error() {
        let (real, a) = (series("real"), series("a"));
        assert!(Liveness::measure(0.5, (&real, &[Err(Failure::NoFace)]), &[(&a, &[live(0.0)])]).is_err());
        assert!(Liveness::measure(0.5, (&real, &[live(1.0)]), &[(&a, &[Err(Failure::NoFace)])]).is_err());
        assert!(Liveness::measure(0.5, (&real, &[live(1.0)]), &[]).is_err());
    }
}
