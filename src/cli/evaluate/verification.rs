//! `facegate evaluate verification`.

use super::args::Verification as Wanted;
use super::{Compared, can_write, comparing, failures_json, failures_text, percent, write_report};
use crate::calibration::Metric;
use crate::cli::context::Context;
use crate::cli::exit::Answer;
use crate::cli::output;
use crate::cli::progress::{encoded, misuse};
use crate::evaluate::encode::{Encoded, Job, Which, short};
use crate::evaluate::groups::Groups;
use crate::evaluate::pairs::Pairs;
use crate::evaluate::verification::{Plan, Scored, Verification, measure};
use crate::evaluate::{Folder, report};
use crate::units::Tau;
use serde_json::{Map, Value, json};

pub fn run(context: &Context, wanted: &Wanted) -> anyhow::Result<Answer> {
    can_write(wanted.comparing.common.report.as_ref())?;
    let plan = match &wanted.pairs {
        Some(file) => Plan::Pairs(Pairs::read(file, &wanted.images).map_err(misuse)?),
        None => Plan::All(Folder::read(&wanted.images).map_err(misuse)?),
    };
    plan.check().map_err(misuse)?;
    let groups = wanted.groups.as_deref().map(Groups::read).transpose().map_err(misuse)?;
    let which = if wanted.pairs.is_some() { Which::Central } else { Which::Largest };
    // A learned or normalised score has a scale of its own, on which the encoder's tau means nothing: 0 is even odds there.
    let Compared { setting, metric, tau, .. } = comparing(context, &wanted.comparing, which, |_| 1, Some(Tau(0.0)))?;
    let jobs: Vec<Job> = plan.pictures().into_iter().map(Job::still).collect();
    let encoded = encoded(context, &setting, &jobs, wanted.comparing.common.keep)?;
    let found = measure(&plan, &encoded.samples, &metric, tau, groups.as_ref()).map_err(misuse)?;
    if context.json {
        output::json(&to_json(&found, &encoded, &metric, wanted))?;
    } else {
        output::line(to_text(&found, &encoded))?;
    }
    write_report(wanted.comparing.common.report.as_ref(), || report::verification(&found, &encoded.encoder))?;
    Ok(Answer::Yes)
}

fn to_json(found: &Verification, encoded: &Encoded, metric: &Metric, wanted: &Wanted) -> Value {
    let tar: Map<String, Value> = found.tar_at_fmr().into_iter().filter_map(|(fmr, tar)| Some((fmr.to_string(), json!(tar?)))).collect();
    let accuracy = found.accuracy.as_ref();
    let pair = |p: &Scored| {
        let [a, b] = p.pictures.map(|n| &found.pictures[n]);
        json!({ "similarity": p.score, "a": a, "b": b })
    };
    json!({
        "measured": "verification",
        "images": wanted.images,
        "pairs_file": wanted.pairs,
        "metric": metric.describe(),
        "encoder": encoded.encoder.name,
        "encoder_sha256": encoded.encoder.digest.to_string(),
        "pictures": found.pictures.len(),
        "pairs": found.pairs(),
        "genuine_pairs": found.roc.genuine().len(),
        "impostor_pairs": found.roc.impostor().len(),
        "accuracy": accuracy.map(|a| a.mean),
        "accuracy_std_error": accuracy.map(|a| a.std_error),
        "folds": accuracy.map(|a| &a.folds),
        "eer": found.roc.eer(),
        "auc": found.roc.auc(),
        "tar_at_fmr": tar,
        "tau": found.tau,
        "fmr": found.fmr,
        "fnmr": found.fnmr,
        "failures_to_acquire": found.failures.len(),
        "failures": failures_json(&found.failures),
        "pairs_not_compared": found.not_compared,
        "pairs_left_out": found.left_out,
        "missing_pictures": found.missing,
        "people": found.people.len(),
        "groups": found.groups.iter().map(|g| json!({ "name": g.name, "people": g.people, "fmr": g.fmr, "fnmr": g.fnmr })).collect::<Value>(),
        "worst_false_matches": found.worst_false.iter().map(pair).collect::<Value>(),
        "worst_misses": found.worst_misses.iter().map(pair).collect::<Value>(),
    })
}

fn to_text(found: &Verification, encoded: &Encoded) -> String {
    let (genuine, impostor) = (found.roc.genuine().len(), found.roc.impostor().len());
    let mut lines = vec![format!(
        "{} pairs: {genuine} of one person, {impostor} of two; {} pictures of {} people; encoder {}",
        found.pairs(),
        found.pictures.len(),
        found.people.len(),
        encoded.encoder.name,
    )];
    match &found.accuracy {
        Some(a) => lines.push(format!(
            "accuracy: {:.2} % (standard error {:.2}) over {} folds, each at the threshold of the others",
            a.mean * 100.0,
            a.std_error * 100.0,
            a.folds.len()
        )),
        None => lines.push("accuracy: none without folds (it would say how many impostors there are)".into()),
    }
    lines.push(format!("EER: {}   AUC: {:.6}", percent(Some(found.roc.eer())), found.roc.auc()));
    for (fmr, tar) in found.tar_at_fmr() {
        let needed = (3.0 / fmr).round();
        lines.push(match tar {
            Some(tar) => format!("TAR at FMR {fmr}: {:.2} %", tar * 100.0),
            None => format!("TAR at FMR {fmr}: {needed} impostor pairs are needed to speak of it, and there are {impostor}"),
        });
    }
    lines.push(format!("at tau {:.4}: FMR {}", found.tau.0, found.fmr));
    lines.push(format!("  FNMR {}", found.fnmr));
    for group in &found.groups {
        lines.push(format!("  {} ({} people): FMR {}; FNMR {}", group.name, group.people, group.fmr, group.fnmr));
    }
    lines.push(failures_text(&found.failures, found.pictures.len()));
    if found.not_compared > 0 {
        lines.push(format!("  {} pairs with such a picture count as no match", found.not_compared));
    }
    if !found.missing.is_empty() {
        let names: Vec<String> = found.missing.iter().take(5).map(|p| short(p)).collect();
        lines.push(format!("missing: {} pictures, {} pairs left out: {}", found.missing.len(), found.left_out, names.join(", ")));
    }
    lines.join("\n")
}
