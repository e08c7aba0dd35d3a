//! One page that shows what was measured: self-contained, without scripts, works offline, in light, in dark and on paper.
//!
//! The page holds small copies of the worst pictures, and of no others. Names of folders and files are escaped.

mod charts;
mod page;
mod pictures;

use super::identification::{AtSize, Identification, Search, Way};
use super::liveness::Liveness;
use super::verification::{NO_SCORE, Scored, Verification};
use super::{EvaluateError, encode::short};
use crate::statistics::{Share, rule_of_three};
use crate::units::Tau;
use crate::vision::Entry;
use charts::{Kind, Line};
use maud::{Markup, html};
use page::{figure, page, table, tile};
use std::path::{Path, PathBuf};

/// Writes a page to a file that its owner alone may read.
///
/// # Errors
/// It can't be written.
pub fn write(path: &Path, page: &str) -> Result<(), EvaluateError> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let file = std::fs::File::options().write(true).create(true).truncate(true).mode(0o600).open(path);
    file.and_then(|mut f| f.write_all(page.as_bytes())).map_err(|source| EvaluateError::Report { path: path.to_owned(), source })
}

/// The page of a verification.
///
/// # Errors
/// A curve can't be drawn.
pub fn verification(found: &Verification, encoder: &Entry) -> Result<String, EvaluateError> {
    let corners = found.roc.corners();
    let least = 1.0 / found.roc.impostor().len() as f64;
    let tar: Vec<(f64, f64)> = corners.iter().map(|p| (p.fmr, p.tar)).collect();
    let fnmr: Vec<(f64, f64)> = corners.iter().map(|p| (p.fmr, 1.0 - p.tar)).collect();
    let lowest = tar.iter().filter(|(fmr, _)| *fmr >= least).map(|(_, t)| *t).fold(1.0, f64::min);
    let here = (found.fmr.rate().unwrap_or(0.0), 1.0 - found.fnmr.rate().unwrap_or(0.0));
    let roc = charts::roc(&tar, least, lowest, here)?;
    let det = charts::det(&fnmr, ["FMR", "FNMR"], (least, 1.0 / found.roc.genuine().len() as f64), (here.0, 1.0 - here.1))?;
    let scores = charts::histogram(found.roc.genuine(), found.roc.impostor(), found.tau.0, true)?;
    let rows = |scored: &[Scored]| scored.iter().map(|s| (s.score, s.pictures.map(|n| found.pictures[n].as_path()))).collect::<Vec<_>>();
    let body = html! {
        section.tiles {
            @if let Some(a) = &found.accuracy {
                (tile(&format!("{:.2} %", a.mean * 100.0), &format!("accuracy over {} folds, standard error {:.2}", a.folds.len(), a.std_error * 100.0)))
            }
            (tile(&percent(found.roc.eer()), "equal error rate"))
            (tile(&format!("{:.5}", found.roc.auc()), "area under the curve"))
            @for (fmr, tar) in found.tar_at_fmr() {
                @if let Some(tar) = tar { (tile(&percent(tar), &format!("TAR at FMR {fmr}"))) }
            }
            (tile(&found.failures.len().to_string(), &format!("failures to acquire of {} pictures", found.pictures.len())))
        }
        section {
            p {
                (found.pairs()) " pairs: " (found.roc.genuine().len()) " of one person, " (found.roc.impostor().len())
                " of two, among " (found.people.len()) " people. At tau " (format!("{:.4}", found.tau.0)) ": FMR " (found.fmr) ", FNMR " (found.fnmr) "."
            }
            @if found.not_compared > 0 { p { (found.not_compared) " pairs with a picture that gave no embedding count as no match." } }
            @if found.left_out > 0 { p { (found.left_out) " pairs were left out because " (found.missing.len()) " pictures are missing." } }
        }
        section.charts {
            (figure("ROC", "How many genuine pairs match (TAR) for each share of impostor pairs that do (FMR). The dot is tau.", &roc))
            (figure("DET", "Both errors, on logarithmic scales. The dot is tau.", &det))
            (figure("Scores", "Similarities of genuine and of impostor pairs, each kind as shares of its own; tau as a line.", &scores))
        }
        @if !found.groups.is_empty() {
            section {
                h2 { "By group, at tau" }
                (table(&["group", "people", "FMR within the group", "FNMR"], found.groups.iter().map(|g| {
                    vec![g.name.clone(), g.people.to_string(), g.fmr.to_string(), g.fnmr.to_string()]
                })))
            }
        }
        @if let Some(a) = &found.accuracy {
            section {
                h2 { "By fold" }
                (table(&["fold", "accuracy", "threshold from the others"], a.folds.iter().zip(&a.thresholds).enumerate().map(|(n, (acc, tau))| {
                    vec![(n + 1).to_string(), percent(*acc), format!("{tau:.4}")]
                })))
            }
        }
        section {
            h2 { "By person, at tau" }
            p { (with_errors(found)) }
            (table(&["person", "missed", "taken for others"], most_mistaken(found).into_iter().map(|p| {
                vec![p.name.clone(), fraction(p.misses), fraction(p.false_matches)]
            })))
        }
        (picture_pairs("Two people, most alike", &rows(&found.worst_false), found.tau))
        (picture_pairs("One person, least alike", &rows(&found.worst_misses), found.tau))
        (failures(&found.failures))
    };
    Ok(page("Verification", Some(encoder), &body))
}

/// The page of an identification. `comers` are the probes' pictures, `enrolled` the first picture of each person.
///
/// # Errors
/// A curve can't be drawn.
pub fn identification(
    found: &Identification,
    ways: &[Way],
    encoder: &Entry,
    tau: Tau,
    comers: &[PathBuf],
    enrolled: &[&PathBuf],
) -> Result<String, EvaluateError> {
    let points = |of: &dyn Fn(&AtSize) -> Option<f64>| found.sizes.iter().filter_map(|at| Some((at.k, of(at)?))).collect::<Vec<_>>();
    let bound = |hits: u64, n: u64| (hits == 0 && n > 0).then(|| rule_of_three(n));
    let lines = [
        Line {
            kind: Kind::Impostor,
            is_dashed: false,
            points: points(&|at| at.fpir.rate()),
            bounds: points(&|at| bound(at.fpir.hits, at.strangers)),
        },
        Line { kind: Kind::Ink, is_dashed: true, points: points(&|at| Some(at.formula)), bounds: Vec::new() },
        Line {
            kind: Kind::Genuine,
            is_dashed: false,
            points: points(&|at| at.visits.and_then(|v| v.fpir.rate())),
            bounds: points(&|at| at.visits.and_then(|v| bound(v.fpir.hits, v.strangers))),
        },
    ];
    let by_k = charts::by_k(&lines)?;
    let scores = match &found.roc {
        Some(roc) => Some(charts::histogram(roc.genuine(), roc.impostor(), tau.0, false)?),
        None => None,
    };
    let rows = |searches: &[Search]| {
        searches.iter().map(|s| (s.score, [comers[s.probe].as_path(), enrolled[s.person].as_path()])).collect::<Vec<_>>()
    };
    let refused = |at: &AtSize| at.visits.map(|v| v.fnir).filter(|v| v.n > 0).map_or("none made".into(), |v| v.to_string());
    let let_in = |at: &AtSize| at.visits.map_or("none made".into(), |v| fpir(v.fpir, v.strangers, v.fpir_interval95()));
    let body = html! {
        @if let Some(at) = found.sizes.last() {
            section.tiles {
                (tile(&format!("{:.0}", at.k), &format!("templates of {} people", at.people)))
                (tile(&rate(at.rank1), "rank 1: the right person is the most alike"))
                (tile(&rate(at.fnir), "FNIR at tau: not found"))
                (tile(&rate(at.fpir), "FPIR at tau: strangers who find somebody"))
                @if let Some(v) = at.visits { (tile(&rate(v.fpir), "visits of strangers that opened")) }
                (tile(&format!("{:.4}", tau.0), "tau"))
            }
        }
        section.charts {
            (figure("FPIR against K", "Strangers who are found, against how many templates they meet. A hollow dot: none was, so it is at most this (3/n).", &by_k))
            @if let Some(scores) = &scores {
                (figure("Scores at the largest K", "The most alike person: of people enrolled (where it is the right one) and of strangers; tau as a line.", scores))
            }
        }
        p.legend {
            span.impostor { "by the look" } span.dashed { "formula 1 − (1 − FMR)" sup { "K" } } span.genuine { "by the visit" }
        }
        section {
            h2 { "By size of the gallery" }
            (table(&["K", "galleries", "rank 1", "FNIR", "FPIR", "by formula", "visits: strangers in", "visits: people refused"], found.sizes.iter().map(|at| vec![
                format!("{:.0}", at.k), at.galleries.to_string(), rate(at.rank1), rate(at.fnir), fpir(at.fpir, at.strangers, at.fpir_interval95()), percent(at.formula),
                let_in(at), refused(at),
            ])))
        }
        @if !ways.is_empty() {
            section {
                h2 { "Several templates of a person: FNIR at equal FPIR" }
                (table(&["way", "FPIR 0.1", "FPIR 0.01", "FPIR 0.001"], ways.iter().map(|(way, rates)| {
                    let told = rates.iter().map(|(_, fnir)| fnir.map_or("too few strangers".into(), percent));
                    std::iter::once(way.describe().to_owned()).chain(told).collect()
                })))
            }
        }
        (picture_pairs("Strangers, and whom they were most alike to", &rows(&found.worst_false), tau))
        (picture_pairs("People enrolled, least alike to themselves", &rows(&found.worst_misses), tau))
    };
    Ok(page("Identification", Some(encoder), &body))
}

/// The page of a liveness evaluation: no picture in it.
///
/// # Errors
/// A curve can't be drawn.
pub fn liveness(found: &Liveness, nets: &str) -> Result<String, EvaluateError> {
    let scores = charts::histogram(found.roc.genuine(), found.roc.impostor(), found.min_live, false)?;
    let corners = found.roc.corners();
    let bpcer: Vec<(f64, f64)> = corners.iter().map(|p| (p.fmr, 1.0 - p.tar)).collect();
    let here = found.roc.at_threshold(found.min_live);
    let (attacks, living) = (found.roc.impostor().len() as f64, found.roc.genuine().len() as f64);
    let det =
        charts::det(&bpcer, ["attacks that pass", "living faces refused"], (1.0 / attacks, 1.0 / living), (here.fmr, 1.0 - here.tar))?;
    let not_judged = |s: Share| format!("{} of {}", s.hits, s.n);
    let body = html! {
        section.tiles {
            @if let Some((acer, _)) = found.acer() { (tile(&percent(acer), "ACER, with the worst instrument")) }
            (tile(&rate(found.real.errors), "BPCER: living faces refused"))
            @if let Some(worst) = found.worst() { (tile(&rate(worst.errors), &format!("APCER of {}, the worst", worst.name))) }
            (tile(&percent(found.roc.eer()), "equal error rate over all attacks"))
        }
        section.charts {
            (figure("DET", "Attacks that pass (across) against living faces that are refused (up). The dot is the limit in force.", &det))
            (figure("Scores", "Probability of a living face: of living faces, and of attacks; the limit as a line.", &scores))
        }
        section {
            h2 { "By instrument" }
            (table(&["pictures", "error", "rate", "not judged"], std::iter::once(vec![
                found.real.name.clone(), "BPCER".into(), found.real.errors.to_string(), not_judged(found.real.not_judged),
            ]).chain(found.instruments.iter().map(|i| vec![i.name.clone(), "APCER".into(), i.errors.to_string(), not_judged(i.not_judged)]))))
            p { "Pictures without a usable face are not judged, and are in no rate. Intervals are Clopper and Pearson's, 95 %." }
        }
    };
    Ok(page(&format!("Liveness: {nets}"), None, &body))
}

fn percent(rate: f64) -> String {
    format!("{:.2} %", rate * 100.0)
}

fn rate(share: Share) -> String {
    match share.rate() {
        Some(_) if share.hits == 0 => format!("0 of {}", share.n),
        Some(rate) => percent(rate),
        None => "none".into(),
    }
}

fn fraction(share: Share) -> String {
    if share.n == 0 { "–".into() } else { format!("{} of {}", share.hits, share.n) }
}

/// Of strangers, who count once however many galleries they come to.
fn fpir(found: Share, strangers: u64, interval: Option<[f64; 2]>) -> String {
    match (found.rate(), interval) {
        (Some(_), Some([_, high])) if found.hits == 0 => format!("0 of {strangers} strangers (to {})", percent(high)),
        (Some(rate), Some([low, high])) => format!("{} ({} to {})", percent(rate), percent(low), percent(high)),
        _ => "none".into(),
    }
}

/// How many people have a part in the errors: a few who have many are another trouble than many who have one.
fn with_errors(found: &Verification) -> String {
    let missed = found.people.iter().filter(|p| p.misses.hits > 0).count();
    let taken = found.people.iter().filter(|p| p.false_matches.hits > 0).count();
    format!(
        "Of {} people {missed} are missed at least once, and {taken} are taken for somebody else. Those with most errors:",
        found.people.len()
    )
}

fn most_mistaken(found: &Verification) -> Vec<&super::verification::PersonErrors> {
    let mut people: Vec<_> = found.people.iter().filter(|p| p.misses.hits + p.false_matches.hits > 0).collect();
    people.sort_by(|a, b| (b.misses.hits + b.false_matches.hits).cmp(&(a.misses.hits + a.false_matches.hits)).then(a.name.cmp(&b.name)));
    people.truncate(20);
    people
}

fn picture_pairs(title: &str, rows: &[(f32, [&Path; 2])], tau: Tau) -> Markup {
    html! {
        @if !rows.is_empty() {
            section {
                h2 { (title) }
                div.pairs {
                    @for (score, pair) in rows {
                        figure.pair {
                            @for path in pair { @match pictures::small(path) {
                                Some(data) => img src=(data) alt=(short(path));
                                None => span.missing { "no picture" }
                            } }
                            figcaption {
                                b { @if *score == NO_SCORE { "not compared" } @else { (format!("{score:.3}")) } }
                                @if *score >= tau.0 { " a match" } @else { " no match" }
                                br; (short(pair[0])) br; (short(pair[1]))
                            }
                        }
                    }
                }
            }
        }
    }
}

fn failures(failures: &[(PathBuf, super::Failure)]) -> Markup {
    html! {
        @if !failures.is_empty() {
            section {
                h2 { "Failures to acquire" }
                (table(&["picture", "why"], failures.iter().take(100).map(|(p, f)| vec![short(p), f.to_string()])))
                @if failures.len() > 100 { p { "and " (failures.len() - 100) " more" } }
            }
        }
    }
}

#[cfg(test)]
mod tests;
