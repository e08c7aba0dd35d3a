//! `facegate evaluate verification | identification | liveness`: how often the gate errs, measured on folders of pictures.

pub mod args;
mod identification;
mod liveness;
mod verification;

use super::context::Context;
use super::exit::{Answer, Misuse};
use super::progress::{failure_json, misuse};
use crate::evaluate::encode::{Failure, Setting, Which};
use crate::evaluate::{EvaluateError, report};
use crate::service::{self, Site};
use crate::units::Tau;
use args::{Comparing, Evaluate, Face};
use serde_json::Value;
use std::path::{Path, PathBuf};

pub fn run(context: &Context, what: &Evaluate) -> anyhow::Result<Answer> {
    match what {
        Evaluate::Verification(wanted) => verification::run(context, wanted),
        Evaluate::Identification(wanted) => identification::run(context, wanted),
        Evaluate::Liveness(wanted) => liveness::run(context, wanted),
    }
}

/// The site, how pictures are encoded, and the threshold: the one given, or what is in force at the gate with `k` templates.
fn comparing(context: &Context, wanted: &Comparing, default: Which, k: impl Fn(&Site) -> usize) -> anyhow::Result<(Site, Setting, Tau)> {
    let site = context.site()?;
    let which = match wanted.face {
        None => default,
        Some(Face::Largest) => Which::Largest,
        Some(Face::Central) => Which::Central,
    };
    let setting = Setting::of(&site, service::real_clock(), false).map_err(misuse)?;
    let setting = Setting { which, is_aligned: wanted.aligned, threads: wanted.common.threads, ..setting };
    let encoder = setting.library.encoder(setting.options.encoder.as_deref())?;
    let tau = match wanted.tau {
        Some(tau) => Tau(tau),
        None => {
            let standing = service::threshold(&site, encoder)?.at(k(&site));
            service::keeps_its_wish(&standing)?;
            standing.tau
        }
    };
    if tau.0.is_nan() {
        return Err(misuse(EvaluateError::NoTau(encoder.name.clone())));
    }
    Ok((site, setting, tau))
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
