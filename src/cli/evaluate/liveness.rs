//! `facegate evaluate liveness`.

use super::args::Liveness as Wanted;
use super::{can_write, percent, write_report};
use crate::cli::context::Context;
use crate::cli::exit::{Answer, Misuse};
use crate::cli::output;
use crate::cli::progress::{encoded, misuse};
use crate::evaluate::encode::{Job, Setting};
use crate::evaluate::liveness::{Liveness, Series, SeriesErrors};
use crate::evaluate::report;
use crate::service;
use serde_json::{Value, json};

pub fn run(context: &Context, wanted: &Wanted) -> anyhow::Result<Answer> {
    can_write(wanted.common.report.as_ref())?;
    let site = context.site()?;
    if !site.config.liveness.enabled {
        return Err(Misuse("liveness is off; it can't be measured so".into()).into());
    }
    let real = Series::read(&wanted.real).map_err(misuse)?;
    let spoof = Series::read_each(&wanted.spoof).map_err(misuse)?;
    let setting = Setting::of(&site, service::real_clock(), true).map_err(misuse)?;
    let setting = Setting { threads: wanted.common.threads, ..setting };
    let min_live = wanted.min_live.unwrap_or(site.config.liveness.min_live);
    let jobs: Vec<Job> = [&real].into_iter().chain(&spoof).flat_map(|s| &s.pictures).map(Job::still).collect();
    let encoded = encoded(context, &setting, &jobs, wanted.common.keep)?;
    let (living, mut rest) = encoded.samples.split_at(real.pictures.len());
    let mut attacks = Vec::new();
    for series in &spoof {
        let (own, after) = rest.split_at(series.pictures.len());
        attacks.push((series, own));
        rest = after;
    }
    let found = Liveness::measure(min_live, (&real, living), &attacks).map_err(misuse)?;
    let nets: Vec<&str> = setting.library.liveness(setting.options.liveness.as_deref())?.iter().map(|n| n.name.as_str()).collect();
    let nets = nets.join(", ");
    if context.json {
        output::json(&to_json(&found, &nets))?
    } else {
        output::line(to_text(&found, &nets))?
    }
    write_report(wanted.common.report.as_ref(), || report::liveness(&found, &nets))?;
    Ok(Answer::Yes)
}

fn to_json(found: &Liveness, nets: &str) -> Value {
    let with_name = |series: &SeriesErrors| {
        let mut errors = json!(series.errors);
        errors["instrument"] = json!(series.name);
        errors["not_judged"] = json!(series.not_judged);
        errors
    };
    let mut bpcer = json!(found.real.errors);
    bpcer["not_judged"] = json!(found.real.not_judged);
    let acer = found.acer();
    let n = found.real.errors.n + found.instruments.iter().map(|i| i.errors.n).sum::<u64>();
    json!({
        "measured": "liveness",
        "nets": nets,
        "min_live": found.min_live,
        "apcer": found.worst().map(with_name),
        "bpcer": bpcer,
        "acer": acer.map(|(rate, interval)| json!({ "rate": rate, "n": n, "interval95": interval })),
        "eer": found.roc.eer(),
        "auc": found.roc.auc(),
        "instruments": found.instruments.iter().map(with_name).collect::<Value>(),
    })
}

fn to_text(found: &Liveness, nets: &str) -> String {
    let mut lines = vec![format!("liveness nets: {nets}; a face is living from {:.2} on", found.min_live)];
    lines.push(format!("BPCER, living faces refused: {}", found.real.errors));
    let not_judged = |series: &SeriesErrors| match series.not_judged.hits {
        0 => String::new(),
        n => format!("; {n} of {} pictures gave no usable face and were not judged", series.not_judged.n),
    };
    if found.real.not_judged.hits > 0 {
        lines.push(format!("  {}", not_judged(&found.real).trim_start_matches("; ")));
    }
    lines.push("APCER, attacks passed, by instrument:".into());
    lines.extend(found.instruments.iter().map(|i| format!("  {}: {}{}", i.name, i.errors, not_judged(i))));
    if let (Some((acer, [low, high])), Some(worst)) = (found.acer(), found.worst()) {
        let (acer, low, high) = (percent(Some(acer)), percent(Some(low)), percent(Some(high)));
        lines.push(format!("ACER, with the worst instrument ({}): {acer} ({low} to {high})", worst.name));
    }
    lines.push(format!("EER over all instruments: {}", percent(Some(found.roc.eer()))));
    lines.join("\n")
}
