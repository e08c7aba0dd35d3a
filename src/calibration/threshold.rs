//! Which tau is in force, and what it is worth.

use super::error::CalibrationError;
use super::metric::Metric;
use super::table::{Fmr, Table};
use crate::config::{Match, Score};
use crate::units::{FalseEntries, Tau};

/// Where tau comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// `match.false_entries`: it follows the number of templates.
    Wish(FalseEntries),
    /// `match.tau`.
    Config(Tau),
    /// The encoder's own, from its manifest: a cosine.
    Encoder(Tau),
    /// There is none: nothing opens.
    None,
}

/// Which tau is in force, for any number of templates.
#[derive(Debug, Clone, PartialEq)]
pub struct Threshold {
    metric: Metric,
    source: Source,
    table: Option<Table>,
}

/// What is in force with so many templates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Standing {
    /// NaN, which nothing reaches, where there is none or the wish can't be kept.
    pub tau: Tau,
    /// The score that tau is a threshold on.
    pub score: Score,
    /// Templates that a face is compared with.
    pub k: usize,
    /// Of one comparison; `None` where the encoder has no table.
    pub fmr: Option<Fmr>,
    /// The share of a stranger's visits that end at an open door, at most; `None` where that isn't known.
    pub false_entries: Option<f64>,
    /// With how many templates the wish could be kept, where it can't be kept with these.
    pub most_k: Option<usize>,
}

impl Threshold {
    /// From the configuration, the metric that it names, the encoder's own tau and the encoder's table. The encoder's own tau is a cosine, and
    /// serves no other metric; neither does a table that was measured by another.
    ///
    /// # Errors
    /// `match.false_entries` is set and the encoder has no table of this metric. `missing` says what there is instead.
    pub fn new(
        config: &Match,
        metric: Metric,
        encoders_tau: Option<Tau>,
        table: Option<Table>,
        missing: impl FnOnce() -> CalibrationError,
    ) -> Result<Threshold, CalibrationError> {
        let scale = metric.scale();
        let table = table.filter(|table| table.scale == scale);
        let encoders_tau = encoders_tau.filter(|_| metric.score() == Score::Cosine);
        let source = match (config.false_entries, config.tau, encoders_tau) {
            (Some(_), _, _) if table.is_none() => return Err(missing()),
            (Some(wish), _, _) => Source::Wish(wish),
            (None, Some(tau), _) => Source::Config(Tau(tau)),
            (None, None, Some(tau)) => Source::Encoder(tau),
            (None, None, None) => Source::None,
        };
        Ok(Threshold { metric, source, table })
    }

    /// By what faces are to be compared with tau.
    pub fn metric(&self) -> &Metric {
        &self.metric
    }

    /// Where tau comes from.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The encoder's table.
    pub fn table(&self) -> Option<&Table> {
        self.table.as_ref()
    }

    /// What is in force with so many templates.
    pub fn at(&self, k: usize) -> Standing {
        let tau = match (&self.source, &self.table) {
            (Source::Wish(wish), Some(table)) => table.tau(table.fmr_for(*wish, k)),
            (Source::Config(tau) | Source::Encoder(tau), _) => Some(*tau),
            (Source::Wish(_), None) | (Source::None, _) => None,
        };
        let fmr = tau.and_then(|tau| self.table.as_ref()?.fmr(tau));
        let most_k = match (&self.source, &self.table) {
            (Source::Wish(wish), Some(table)) if tau.is_none() => Some(table.most_k(*wish)),
            _ => None,
        };
        let false_entries = fmr.and_then(Fmr::at_most).and_then(|fmr| Some(self.table.as_ref()?.false_entries(k, fmr)));
        Standing { tau: tau.unwrap_or(Tau(f32::NAN)), score: self.metric.score(), k, fmr, false_entries, most_k }
    }
}

impl Standing {
    /// In words, for whoever owns the door.
    pub fn words(&self) -> String {
        let plural = if self.k == 1 { "" } else { "s" };
        let mut text = format!("K {} template{plural}", self.k);
        if let Some(most) = self.most_k {
            text += &format!(
                ": the wish in match.false_entries can't be kept, so nobody is let in. With this encoder it can be kept with at most {most} templates: remove some, wish for less, or take a better encoder"
            );
            return text;
        }
        let score = self.score.word();
        match (self.tau.0.is_nan(), self.score) {
            (true, Score::Cosine) => {
                return text + ", no tau: nobody is let in (set match.tau, or match.false_entries after facegate calibrate)";
            }
            (true, _) => {
                text += &format!(
                    ", no tau for the score {score} (the encoder's own is a cosine): nobody is let in. Run facegate calibrate --impostors DIR and set match.false_entries, or set match.tau"
                );
                return text;
            }
            (false, Score::Cosine) => text += &format!(", tau {:.3}", self.tau.0),
            (false, _) => text += &format!(", tau {:.3} of the score {score}", self.tau.0),
        }
        match self.fmr {
            None => text += ", FMR not known (facegate calibrate measures it)",
            Some(Fmr::About(fmr)) => text += &format!(", FMR {fmr:.1e}"),
            Some(Fmr::Below(fmr)) => text += &format!(", FMR below {fmr:.1e}"),
            Some(Fmr::Above(fmr)) => text += &format!(", FMR above {fmr:.1e}: a stranger may well get in"),
        }
        match self.false_entries {
            Some(share) if share > 0.0 => text += &format!(": a stranger gets in about once in {} visits", rounded(1.0 / share)),
            _ => {}
        }
        text
    }
}

/// To two digits, with the thousands apart.
fn rounded(number: f64) -> String {
    let number = number.clamp(1.0, 1e15);
    let unit = 10f64.powf((number.log10().floor() - 1.0).max(0.0));
    let digits = format!("{:.0}", (number / unit).round() * unit);
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::metric::Scale;
    use super::super::table::tests::table;
    use super::*;
    use crate::units::Digest;

    fn missing() -> CalibrationError {
        CalibrationError::Missing { encoder: "e".into(), model: Digest([1; 32]), scale: Scale::default(), there: vec![] }
    }

    fn wishing(visits: u64) -> Match {
        Match { false_entries: FalseEntries::once_in(visits), ..Match::default() }
    }

    #[test]
    fn tau_follows_the_number_of_templates() {
        let t = Threshold::new(&wishing(10_000), Metric::Cosine, Some(Tau(0.1)), table(&[(1e-2, 0.2), (1e-8, 0.8)]).ok(), missing).unwrap();
        let taus: Vec<f32> = [0, 1, 10, 100, 1000].map(|k| t.at(k).tau.0).into();
        assert!(taus[0] == taus[1] && taus.windows(2).skip(1).all(|w| w[1] > w[0]), "{taus:?}");
        assert!((taus[1] - 0.4).abs() < 1e-4 && (taus[2] - 0.5).abs() < 1e-4, "{taus:?}");
        for k in [1, 10, 1000] {
            assert!((t.at(k).false_entries.unwrap() / 1e-4 - 1.0).abs() < 1e-3);
        }
    }

    #[test]
    fn a_wish_that_cannot_be_kept_opens_nothing_and_says_how_many_it_could_be_kept_for() {
        let t = Threshold::new(&wishing(10_000), Metric::Cosine, None, table(&[(1e-2, 0.2), (1e-6, 0.6)]).ok(), missing).unwrap();
        assert!(t.at(100).tau.0 > 0.59 && t.at(100).most_k.is_none());
        let beyond = t.at(101);
        assert!(beyond.tau.0.is_nan() && beyond.most_k == Some(100) && beyond.false_entries.is_none());
        assert!(beyond.words().contains("at most 100 templates"), "{}", beyond.words());
    }

    #[test]
    fn without_a_table_a_wish_is_refused_and_a_tau_serves() {
        assert!(Threshold::new(&wishing(10_000), Metric::Cosine, Some(Tau(0.3)), None, missing).is_err());
        let t = Threshold::new(&Match::default(), Metric::Cosine, Some(Tau(0.3)), None, missing).unwrap();
        assert_eq!((t.at(5).tau, t.at(5).fmr), (Tau(0.3), None));
        let t = Threshold::new(&Match { tau: Some(0.4), ..Match::default() }, Metric::Cosine, Some(Tau(0.3)), None, missing).unwrap();
        assert_eq!(t.at(5000).tau, Tau(0.4));
        let t = Threshold::new(&Match::default(), Metric::Cosine, None, None, missing).unwrap();
        assert!(t.at(1).tau.0.is_nan() && t.at(1).words().contains("nobody is let in"));
    }

    #[test]
    fn what_was_measured_by_another_score_serves_none() {
        let head =
            super::super::head::Head { model: Digest([7; 32]), form: super::super::head::Form::Absolute, weights: vec![1.0], bias: 0.0 };
        let metric = Metric::Head(std::sync::Arc::new(head));
        let cosines = || table(&[(1e-2, 0.2), (1e-6, 0.6)]).ok();
        assert!(Threshold::new(&wishing(10_000), metric.clone(), Some(Tau(0.3)), cosines(), missing).is_err());
        let t = Threshold::new(&Match::default(), metric.clone(), Some(Tau(0.3)), cosines(), missing).unwrap();
        assert!(t.at(1).tau.0.is_nan() && t.table().is_none() && *t.source() == Source::None);
        let said = t.at(1).words();
        assert!(said.contains("nobody is let in") && said.contains("facegate calibrate") && said.contains("match.tau"), "{said}");
        let fixed = Match { tau: Some(0.4), ..Match::default() };
        let t = Threshold::new(&fixed, metric.clone(), Some(Tau(0.3)), cosines(), missing).unwrap();
        assert_eq!((t.at(1).tau, t.at(1).fmr), (Tau(0.4), None), "what is set serves, and the cosine's table says nothing of it");
        let own = cosines().map(|t| t.measured_by(metric.scale()));
        let t = Threshold::new(&wishing(10_000), metric, None, own, missing).unwrap();
        assert!(t.at(1).tau.0 > 0.3 && t.at(1).words().contains("of the score head-absolute"), "{}", t.at(1).words());
        let own = table(&[(1e-2, 0.2), (1e-6, 0.6)]).ok().map(|table| table.measured_by(Scale { score: Score::SNorm, of: None }));
        assert!(Threshold::new(&wishing(10_000), Metric::Cosine, None, own, missing).is_err());
    }

    #[test]
    fn a_fixed_tau_says_what_it_is_worth() {
        let config = Match { tau: Some(0.4), ..Match::default() };
        let t = Threshold::new(&config, Metric::Cosine, None, table(&[(1e-2, 0.2), (1e-4, 0.4), (1e-6, 0.6)]).ok(), missing).unwrap();
        assert_eq!(t.at(10).words(), "K 10 templates, tau 0.400, FMR 1.0e-4: a stranger gets in about once in 1,000 visits");
        assert_eq!(t.at(1).words(), "K 1 template, tau 0.400, FMR 1.0e-4: a stranger gets in about once in 10,000 visits");
        let lax =
            Threshold::new(&Match { tau: Some(0.1), ..config }, Metric::Cosine, None, table(&[(1e-2, 0.2), (1e-4, 0.4)]).ok(), missing)
                .unwrap();
        assert!(lax.at(1).words().contains("FMR above 1.0e-2"), "{}", lax.at(1).words());
        assert_eq!(lax.at(1).false_entries, None);
    }

    #[test]
    fn numbers_are_rounded_for_people() {
        let all = [(3.2, "3"), (47.0, "47"), (1234.0, "1,200"), (9_999_999.0, "10,000,000")];
        assert!(all.iter().all(|(n, text)| rounded(*n) == *text));
    }
}
