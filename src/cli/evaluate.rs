//! `facegate evaluate verification | identification | liveness`: how often the gate errs, measured on folders of pictures.

pub mod args;
mod identification;
mod liveness;
mod verification;

use super::context::Context;
use super::exit::{Answer, Misuse};
use crate::evaluate::encode::{Encoded, Failure, Job, Setting, Which, encode};
use crate::evaluate::{EvaluateError, Keep, report};
use crate::service::{self, Site};
use crate::units::Tau;
use args::{Common, Comparing, Evaluate, Face};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

pub fn run(context: &Context, what: &Evaluate) -> anyhow::Result<Answer> {
    match what {
        Evaluate::Verification(wanted) => verification::run(context, wanted),
        Evaluate::Identification(wanted) => identification::run(context, wanted),
        Evaluate::Liveness(wanted) => liveness::run(context, wanted),
    }
}

/// The site, how pictures are encoded, and the threshold.
fn comparing(context: &Context, wanted: &Comparing, default: Which) -> anyhow::Result<(Site, Setting, Tau)> {
    let site = context.site()?;
    let which = match wanted.face {
        None => default,
        Some(Face::Largest) => Which::Largest,
        Some(Face::Central) => Which::Central,
    };
    let setting = Setting::of(&site, service::real_clock(), false).map_err(misuse)?;
    let setting = Setting { which, is_aligned: wanted.aligned, threads: wanted.common.threads, ..setting };
    let encoder = setting.library.encoder(setting.options.encoder.as_deref())?;
    let tau = wanted.tau.or(site.config.matching.tau).map(Tau).or(encoder.tau);
    let tau = tau.ok_or_else(|| misuse(EvaluateError::NoTau(encoder.name.clone())))?;
    Ok((site, setting, tau))
}

/// Encodes with a bar on a terminal, writing down what is done.
fn encoded(context: &Context, setting: &Setting, jobs: &[Job], common: &Common) -> anyhow::Result<Encoded> {
    let keep = Keep { dir: context.data_dir()?.join("evaluation"), for_next_time: common.keep };
    // Draws on a terminal alone, on stderr; the template has no colour.
    let bar = ProgressBar::new(jobs.len() as u64);
    if let Ok(style) = ProgressStyle::with_template("{pos} of {len} pictures {bar:30} {per_sec}, {eta} left") {
        bar.set_style(style.progress_chars("=> "));
    }
    let encoded = encode(setting, jobs, Some(&keep), &|done| bar.set_position(done as u64));
    bar.finish_and_clear();
    let encoded = encoded.map_err(misuse)?;
    if encoded.found > 0 {
        eprintln!("{} of {} pictures were encoded before", encoded.found, jobs.len());
    }
    if common.keep {
        eprintln!("the embeddings are kept in {}; they are personal data", keep.dir.display());
    }
    Ok(encoded)
}

/// What the caller can change is wrong usage; the rest could not be done.
fn misuse(e: EvaluateError) -> anyhow::Error {
    match e {
        EvaluateError::NoFolder(_)
        | EvaluateError::Empty(_)
        | EvaluateError::TooFewPeople { .. }
        | EvaluateError::Pairs { .. }
        | EvaluateError::PicturesMissing { .. }
        | EvaluateError::TooManyPairs { .. }
        | EvaluateError::NoTau(_)
        | EvaluateError::Unfit(_) => Misuse(e.to_string()).into(),
        e => e.into(),
    }
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
    failures.iter().map(|(p, f)| json!({ "picture": p, "kind": f.word(), "why": f.to_string() })).collect()
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
