//! `facegate evaluate verification | identification | liveness`: how often the gate errs, measured on folders of pictures.

pub mod args;
mod identification;
mod liveness;
mod verification;

use super::context::Context;
use super::exit::{Answer, Misuse};
use super::progress::{encoded, failure_json, misuse};
use crate::calibration::{Cohort, Metric};
use crate::config::{Match, Score};
use crate::evaluate::encode::{Failure, Job, Setting, Which};
use crate::evaluate::{EvaluateError, Folder, report};
use crate::service::{self, Site};
use crate::units::{Digest, Tau};
use args::{Comparing, Evaluate, Face};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub fn run(context: &Context, what: &Evaluate) -> anyhow::Result<Answer> {
    match what {
        Evaluate::Verification(wanted) => verification::run(context, wanted),
        Evaluate::Identification(wanted) => identification::run(context, wanted),
        Evaluate::Liveness(wanted) => liveness::run(context, wanted),
    }
}

/// The site, how pictures are encoded, by what they are compared, and the threshold.
struct Compared {
    site: Site,
    setting: Setting,
    metric: Metric,
    tau: Tau,
}

/// The metric is the one that is named, or the gate's. The threshold: the one given, or what is in force at the gate with `k` templates, or
/// for a score that has none, `otherwise`.
fn comparing(
    context: &Context,
    wanted: &Comparing,
    default: Which,
    k: impl Fn(&Site) -> usize,
    otherwise: Option<Tau>,
) -> anyhow::Result<Compared> {
    let mut site = context.site()?;
    let own = site.config.matching.score;
    let score = wanted.metric.unwrap_or(own);
    if score != own {
        // What the configuration says of tau is of the gate's score.
        site.config.matching = Match { score, tau: None, false_entries: None, ..site.config.matching };
    }
    if wanted.cohort.is_some() && score != Score::SNorm {
        return Err(Misuse("a cohort is for the score s-norm alone: --metric s-norm".into()).into());
    }
    let which = match wanted.face {
        None => default,
        Some(Face::Largest) => Which::Largest,
        Some(Face::Central) => Which::Central,
    };
    let setting = Setting::of(&site, service::real_clock(), false).map_err(misuse)?;
    let setting = Setting { which, is_aligned: wanted.aligned, threads: wanted.common.threads, ..setting };
    let encoder = setting.library.encoder(setting.options.encoder.as_deref())?;
    if let Some(dir) = &wanted.cohort {
        // No table knows a cohort of one's own.
        let tau = wanted.tau.map(Tau).or(otherwise).ok_or_else(|| misuse(EvaluateError::NoTau(encoder.name.clone())))?;
        let metric = cohort(context, &setting, encoder.digest, dir, wanted.common.keep)?;
        return Ok(Compared { metric, tau, site, setting });
    }
    if wanted.tau.is_some() {
        site.config.matching = Match { tau: wanted.tau, false_entries: None, ..site.config.matching };
    }
    let threshold = service::threshold(&site, encoder)?;
    let standing = threshold.at(k(&site));
    service::keeps_its_wish(&standing)?;
    let tau = Some(standing.tau).filter(|tau| !tau.0.is_nan()).or(otherwise.filter(|_| score != Score::Cosine));
    let tau = tau.ok_or_else(|| misuse(EvaluateError::NoTau(encoder.name.clone())))?;
    Ok(Compared { metric: threshold.metric().clone(), tau, site, setting })
}

/// The score s-norm by a folder of strangers: the first picture of each.
fn cohort(context: &Context, setting: &Setting, model: Digest, dir: &Path, keep: bool) -> anyhow::Result<Metric> {
    let folder = Folder::read(dir).map_err(misuse)?;
    let jobs: Vec<Job> = folder.people.iter().map(|p| Job::still(&p.pictures[0])).collect();
    let found = encoded(context, setting, &jobs, keep)?;
    let faces = found.samples.into_iter().filter_map(|s| Some(s.ok()?.embedding)).collect::<Vec<_>>();
    let (usable, nearest) = (faces.len(), (faces.len() / 5).clamp(2, Cohort::MOST_NEAREST));
    let cohort = Cohort::new(model, faces, nearest).map(|cohort| Metric::Normalised(Arc::new(cohort)));
    cohort.ok_or_else(|| Misuse(format!("{}: {usable} people with a usable face are too few for a cohort", dir.display())).into())
}

/// Where the report is to be written is looked at before an hour of work.
fn can_write(report: Option<&PathBuf>) -> anyhow::Result<()> {
    let Some(report) = report else { return Ok(()) };
    let dir = report.parent().filter(|d| !d.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if dir.is_dir() { Ok(()) } else { Err(Misuse(format!("{}: there is no such folder for the report", dir.display())).into()) }
}

fn write_report(path: Option<&PathBuf>, page: impl FnOnce() -> Result<String, EvaluateError>) -> anyhow::Result<()> {
    let Some(path) = path else { return Ok(()) };
    report::write(path, &page()?)?;
    eprintln!("the report is {}; it holds small copies of pictures: mind who sees it", path.display());
    Ok(())
}

/// Failures for `--json`.
fn failures_json(failures: &[(PathBuf, Failure)]) -> Value {
    failures.iter().map(failure_json).collect()
}

/// The failures' kinds and numbers, and the first few, for people.
fn failures_text(failures: &[(PathBuf, Failure)], of: usize) -> String {
    let mut text = format!("failures to acquire: {} of {of} pictures", failures.len());
    for (path, failure) in failures.iter().take(5) {
        text += &format!("\n  {}: {failure}", crate::evaluate::encode::short(path));
    }
    if failures.len() > 5 {
        text += &format!("\n  and {} more (--json lists all)", failures.len() - 5);
    }
    text
}

/// A rate in percent, or that there is none.
fn percent(rate: Option<f64>) -> String {
    rate.map_or_else(|| "not measured".into(), |r| format!("{:.2} %", r * 100.0))
}
