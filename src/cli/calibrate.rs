//! `facegate calibrate`: what the encoder's similarities are worth, measured on strangers; a table for the calibration file.

use super::args::Calibrate;
use super::context::Context;
use super::exit::{Answer, Misuse};
use super::{output, progress};
use crate::calibration::{Form, Head, Measured, Metric, Run, Strangers, Table, Tables, Visits, measure, visits};
use crate::config::Score;
use crate::evaluate::encode::{Encoded, Failure, Job, Setting, short};
use crate::evaluate::{EvaluateError, Folder};
use crate::service::{self, Site};
use crate::units::{Digest, Embedding, Tau};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Looks of a visit that is made of one picture.
const LOOKS: u64 = 12;

/// Most pairs of each kind that a head is fitted to.
const MOST_PAIRS: usize = 4000;

/// One folder of strangers, and what its pictures gave.
struct Group {
    folder: Folder,
    strangers: Strangers,
    failures: Vec<(PathBuf, Failure)>,
}

pub fn run(context: &Context, wanted: &Calibrate) -> anyhow::Result<Answer> {
    let site = context.site()?;
    // Whether a stranger's picture lives is not the question.
    let setting = Setting { is_aligned: wanted.aligned, ..Setting::of(&site, service::real_clock(), false)? };
    let encoder = setting.library.encoder(setting.options.encoder.as_deref())?.clone();
    let score = wanted.score.unwrap_or(site.config.matching.score);
    let mut tables = Tables::own(&site.data_dir)?;
    let folders = wanted.impostors.iter().map(|dir| Folder::read(dir).map_err(progress::misuse));
    let folders = folders.collect::<anyhow::Result<Vec<Folder>>>()?;
    let names = names(&folders.iter().map(|f| f.root.as_path()).collect::<Vec<_>>());
    let groups = folders.into_iter().zip(names).map(|(folder, name)| strangers(context, &setting, folder, name, wanted));
    let groups = groups.collect::<anyhow::Result<Vec<Group>>>()?;
    let known = wanted.genuine.as_ref().map(|dir| known(context, &setting, dir, wanted)).transpose()?;
    // First the head: the table may be of it.
    if let (Some(form), Some(known)) = (wanted.head, &known) {
        tables.put_head(head(encoder.digest, form, known)?);
    }
    let metric = Metric::of(score, &tables, &encoder.name, &encoder.digest)?;
    let all: Vec<Strangers> = groups.iter().map(|g| g.strangers.clone()).collect();
    let measured = measure(&all, &metric).map_err(|e| {
        Misuse(format!("{e}. A person is a folder of pictures, or one picture; give more of them, or join groups into one folder"))
    })?;
    let group = &measured.groups[measured.worst];
    let about = Table::about(encoder.digest, &encoder.name, &group.name, group.people, group.comparisons, 1.0).measured_by(metric.scale());
    let table = Table::new(measured.points.clone(), about)
        .map_err(|e| anyhow::anyhow!("the similarities of {} make no table: {e}; give more people", group.name))?;
    let worst = groups.iter().find(|g| g.strangers.name == group.name);
    let counted = match worst {
        Some(worst) if wanted.visits > 0 => Some(count_visits(context, &setting, worst, (&table, &metric), &site, wanted)?),
        _ => None,
    };
    // A visit of a few seconds may come out as harder than a look; a stranger who takes his time has more tries than it had.
    let factor = counted.and_then(|v| v.factor()).unwrap_or(1.0).max(1.0);
    let table = table.with_visit_factor(factor);
    let genuine = known.as_deref().map(|known| genuine(known, &metric));
    tables.put(table.clone(), &measured);
    let path = tables.write(&site.data_dir)?;
    if context.json {
        output::json(&in_json(&table, &measured, &groups, counted.as_ref(), genuine.as_deref(), &path))?;
    } else {
        say(&table, &measured, &groups, counted.as_ref(), genuine.as_deref())?;
        output::line(format_args!("written to {}", path.display()))?;
    }
    Ok(Answer::Yes)
}

/// A folder's faces and who they are, and the pictures that gave none.
type Faces = (Vec<(usize, Embedding)>, Vec<(PathBuf, Failure)>);

fn faces(context: &Context, setting: &Setting, folder: &Folder, wanted: &Calibrate) -> anyhow::Result<Faces> {
    let (who, jobs): (Vec<usize>, Vec<Job>) = folder.pictures().map(|(who, picture)| (who, Job::still(picture))).unzip();
    let encoded = progress::encoded(context, setting, &jobs, wanted.keep)?;
    let (mut faces, mut failures) = (Vec::new(), Vec::new());
    for ((who, job), sample) in who.into_iter().zip(jobs).zip(encoded.samples) {
        match sample {
            Ok(sample) => faces.push((who, sample.embedding)),
            Err(failure) => failures.push((job.picture, failure)),
        }
    }
    Ok((faces, failures))
}

/// What groups are called: by the last name of the folder, or by all of its path where another ends alike.
fn names(folders: &[&Path]) -> Vec<String> {
    let ends_alike = |folder: &Path| folders.iter().filter(|other| other.file_name() == folder.file_name()).count() > 1;
    let name = |folder: &&Path| match folder.file_name() {
        Some(last) if !ends_alike(folder) => last.to_string_lossy().into_owned(),
        _ => folder.display().to_string(),
    };
    folders.iter().map(name).collect()
}

/// Encodes one group's pictures.
fn strangers(context: &Context, setting: &Setting, folder: Folder, name: String, wanted: &Calibrate) -> anyhow::Result<Group> {
    let (faces, failures) = faces(context, setting, &folder, wanted)?;
    Ok(Group { folder, strangers: Strangers { name, faces }, failures })
}

/// Makes visits of the first pictures of the worst group, and holds them against the group's other people.
fn count_visits(
    context: &Context,
    setting: &Setting,
    worst: &Group,
    (table, metric): (&Table, &Metric),
    site: &Site,
    wanted: &Calibrate,
) -> anyhow::Result<Visits> {
    let firsts: Vec<(usize, &PathBuf)> = worst.folder.people.iter().enumerate().map(|(who, p)| (who, &p.pictures[0])).collect();
    let step = (firsts.len() / wanted.visits).max(1);
    let chosen: Vec<(usize, &PathBuf)> = firsts.into_iter().step_by(step).take(wanted.visits).collect();
    let jobs: Vec<Job> =
        chosen.iter().flat_map(|(_, picture)| (0..LOOKS).map(|n| Job { picture: (*picture).clone(), frame: Some(n) })).collect();
    let Encoded { samples, .. } = progress::encoded(context, setting, &jobs, wanted.keep)?;
    let runs = chosen.iter().zip(samples.chunks(LOOKS as usize)).map(|((who, _), looks)| Run {
        who: *who,
        looks: looks.iter().filter_map(|s| s.as_ref().ok()).map(|s| s.embedding.clone()).collect(),
    });
    let runs: Vec<Run> = runs.filter(|run| !run.looks.is_empty()).collect();
    let tau = table.tau(1e-3).unwrap_or(Tau(f32::NAN));
    let visit = &site.config.visit;
    Ok(visits(&runs, &worst.strangers.faces, metric, tau, visit.votes as usize, visit.looks as usize))
}

/// The faces of people with several pictures each, and who they are.
fn known(context: &Context, setting: &Setting, dir: &Path, wanted: &Calibrate) -> anyhow::Result<Vec<(usize, Embedding)>> {
    let folder = Folder::read(dir).map_err(progress::misuse)?;
    let (faces, _) = faces(context, setting, &folder, wanted)?;
    if !faces.windows(2).any(|pair| pair[0].0 == pair[1].0) {
        let what = "a calibration with --genuine needs two pictures of somebody";
        return Err(progress::misuse(EvaluateError::Unfit(format!("{}: nobody has two usable pictures; {what}", dir.display()))));
    }
    Ok(faces)
}

/// Similarities of two pictures of one person, sorted.
fn genuine(known: &[(usize, Embedding)], metric: &Metric) -> Vec<f32> {
    let known: Vec<_> = known.iter().map(|(who, face)| (who, metric.prepare(face))).collect();
    let mut found = Vec::new();
    for (at, (who, face)) in known.iter().enumerate() {
        found.extend(known[..at].iter().filter(|(other, _)| other == who).map(|(_, other)| metric.alike(face, other).0));
    }
    found.sort_by(f32::total_cmp);
    found
}

type Pair<'f> = (&'f Embedding, &'f Embedding, bool);

/// At most so many of the pairs, evenly from all.
fn evenly(pairs: Vec<Pair<'_>>, most: usize) -> Vec<Pair<'_>> {
    let step = pairs.len().div_ceil(most.max(1)).max(1);
    pairs.into_iter().step_by(step).collect()
}

/// A head on pairs of these faces: every pair of one person's, and evenly as many of two people's; at most [`MOST_PAIRS`] of each.
fn head(model: Digest, form: Form, known: &[(usize, Embedding)]) -> anyhow::Result<Head> {
    let (mut same, mut other) = (Vec::new(), Vec::new());
    for (at, (who, face)) in known.iter().enumerate() {
        for (whose, before) in &known[..at] {
            if who == whose { same.push((before, face, true)) } else { other.push((before, face, false)) }
        }
    }
    let mut pairs = evenly(same, MOST_PAIRS);
    let count = pairs.len();
    pairs.extend(evenly(other, count));
    Head::fit(model, form, &pairs)
        .ok_or_else(|| Misuse("a head needs pictures of two people at least, and two pictures of somebody".into()).into())
}

/// The share of a person's pictures that would not pass.
fn missed(genuine: &[f32], tau: f64) -> f64 {
    genuine.partition_point(|s| f64::from(*s) < tau) as f64 / genuine.len() as f64
}

fn say(table: &Table, measured: &Measured, groups: &[Group], counted: Option<&Visits>, genuine: Option<&[f32]>) -> anyhow::Result<()> {
    for g in groups.iter().filter(|g| !g.failures.is_empty()) {
        output::line(format_args!("{}: {} of {} pictures gave no face:", g.strangers.name, g.failures.len(), g.folder.count()))?;
        for (picture, failure) in g.failures.iter().take(3) {
            output::line(format_args!("  {}: {failure}", short(picture)))?;
        }
    }
    if table.scale.score != Score::Cosine {
        output::line(format_args!("score: {}; the table serves no other", table.scale.score.word()))?;
    }
    output::line("group                     people  comparisons  tau at FMR 1e-3  fit off by")?;
    for (at, g) in measured.groups.iter().enumerate() {
        let worst = if at == measured.worst { "  the worst: the table is of it" } else { "" };
        output::line(format_args!("{:24} {:>7} {:>12} {:>16.3} {:>11.3}{worst}", g.name, g.people, g.comparisons, g.tau, g.distance))?;
    }
    for (name, people) in &measured.too_small {
        output::line(format_args!("{name:24} {people:>7}  too few for a tail"))?;
    }
    output::line("")?;
    let head = if genuine.is_some() { "  known people missed a comparison" } else { "" };
    output::line(format_args!("     FMR     tau   95 % interval of tau{head}"))?;
    for p in table.points() {
        let missed = genuine.map_or(String::new(), |g| format!("  {:.2} %", missed(g, p.tau) * 100.0));
        output::line(format_args!("{:>8.0e}  {:>6.3}   {:.3} to {:.3}      {missed}", p.fmr, p.tau, p.low, p.high))?;
    }
    match counted {
        None => output::line("visits were not measured: a visit counts as one look")?,
        Some(v) => output::line(format_args!(
            "visits: {} of {} against one template would have opened, {} of {} looks passed; a visit counts as {:.2} looks",
            v.opened, v.visits, v.passed, v.looks, table.visit_factor
        ))?,
    }
    Ok(())
}

fn in_json(
    table: &Table,
    measured: &Measured,
    groups: &[Group],
    counted: Option<&Visits>,
    genuine: Option<&[f32]>,
    path: &std::path::Path,
) -> Value {
    let failures: Value = groups.iter().flat_map(|g| &g.failures).map(progress::failure_json).collect();
    let points: Vec<Value> = table
        .points()
        .iter()
        .map(|p| json!({ "fmr": p.fmr, "tau": p.tau, "interval95": [p.low, p.high], "fnmr": genuine.map(|g| missed(g, p.tau)) }))
        .collect();
    json!({
        "encoder": table.encoder, "encoder_digest": table.model.to_string(), "score": table.scale.score.word(), "group": table.group, "groups": measured.groups,
        "too_small": measured.too_small, "failures_to_acquire": failures, "table": points, "visits": counted,
        "visit_factor": table.visit_factor, "file": path,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_groups_are_never_called_alike() {
        let folders = ["a/asian", "a/white", "b/asian", ".."].map(Path::new);
        assert_eq!(names(&folders), ["a/asian", "white", "b/asian", ".."]);
    }
}
