//! `facegate evaluate identification`.

use super::args::{Identification as Wanted, Pick as PickWord, Templates};
use super::{Compared, can_write, comparing, failures_json, failures_text, percent, write_report};
use crate::cli::context::Context;
use crate::cli::exit::Answer;
use crate::cli::output;
use crate::cli::progress::{encoded, misuse};
use crate::config;
use crate::evaluate::cast::Cast;
use crate::evaluate::encode::{Encoded, Failure, Job, Sample, Which};
use crate::evaluate::identification::{AtSize, Comparison, FPIRS, Identification, Probe, SIZES, Way, fnir_at_fpir, measure};
use crate::evaluate::templates::{Combine, Pick};
use crate::evaluate::visit::{FRAMES, Visits};
use crate::evaluate::{EvaluateError, report};
use crate::service::{self, Site};
use crate::units::Tau;
use serde_json::{Map, Value, json};
use std::path::PathBuf;

/// Templates a person, of a gallery with a folder of its own: as many as `enroll` stores.
const SHOTS: usize = 5;

/// What was found, for every form of output.
struct Found {
    at: Identification,
    /// FNIR at each of [`FPIRS`] for each way of joining templates; empty where everybody has one.
    ways: Vec<Way>,
    tau: Tau,
    metric: String,
    people: usize,
    templates: usize,
    /// Who could not be enrolled.
    not_enrolled: Vec<String>,
    failures: Vec<(PathBuf, Failure)>,
    pictures: usize,
}

pub fn run(context: &Context, wanted: &Wanted) -> anyhow::Result<Answer> {
    can_write(wanted.comparing.common.report.as_ref())?;
    let is_parted = wanted.probes.is_none() || wanted.probes.as_ref() == Some(&wanted.gallery);
    let shots = wanted.shots.map_or(if is_parted { 1 } else { SHOTS }, usize::from);
    let cast = Cast::read(&wanted.gallery, wanted.probes.as_deref(), wanted.strangers.as_deref(), shots).map_err(misuse)?;
    let k = |site: &Site| match joining(wanted, site) {
        Combine::Best => cast.enrolled.iter().map(|e| e.pictures.len().min(shots)).sum(),
        Combine::Mean | Combine::Weighted => cast.enrolled.len(),
    };
    let Compared { site, setting, metric, tau } = comparing(context, &wanted.comparing, Which::Largest, k, None)?;
    let rules = service::rules(&site.config);
    let (jobs, visits) = jobs(&cast, wanted.visits);
    let encoded = encoded(context, &setting, &jobs, wanted.comparing.common.keep)?;

    let mut rest = encoded.samples.as_slice();
    let pick = if matches!(wanted.pick, PickWord::First) { Pick::First } else { Pick::Spread };
    let (mut people, mut numbers, mut not_enrolled) = (Vec::new(), Vec::new(), Vec::new());
    for enrolee in &cast.enrolled {
        let (own, after) = rest.split_at(enrolee.pictures.len());
        rest = after;
        let usable: Vec<&Sample> = own.iter().filter_map(|s| s.as_ref().ok()).collect();
        numbers.push((!usable.is_empty()).then_some(people.len()));
        if usable.is_empty() {
            not_enrolled.push(enrolee.name.clone());
        } else {
            people.push(pick.of(&usable, shots));
        }
    }
    if people.len() < 2 {
        let first = encoded.samples.iter().find_map(|s| s.as_ref().err()).map(ToString::to_string).unwrap_or_default();
        return Err(misuse(EvaluateError::Unfit(format!(
            "fewer than two people could be enrolled; the first picture that failed: {first}"
        ))));
    }
    let (looks, mut frames) = rest.split_at(cast.comers.len());
    let mut probes = Vec::new();
    let mut comers = Vec::new();
    for (n, (comer, look)) in cast.comers.iter().zip(looks).enumerate() {
        let visit = visits.contains(&n).then(|| {
            let (own, after) = frames.split_at(FRAMES as usize);
            frames = after;
            own
        });
        // Whoever could not be enrolled is neither known nor a stranger.
        let person = match comer.person.map(|p| numbers[p]) {
            Some(None) => continue,
            Some(Some(person)) => Some(person),
            None => None,
        };
        probes.push(Probe { person, look, visit });
        comers.push(comer.picture.clone());
    }
    let how = joining(wanted, &site);
    let sizes = if wanted.sizes.is_empty() { &SIZES[..] } else { &wanted.sizes };
    let mut at = measure(&people, &probes, Comparison { metric: &metric, how }, tau, &rules, sizes);
    for size in &mut at.sizes {
        size.visits = size.visits.filter(|v| !v.is_empty());
    }
    let templates = people.iter().map(Vec::len).sum();
    let mut ways = Vec::new();
    if templates > people.len() {
        let bare: Vec<Probe<'_>> = probes.iter().map(|p| Probe { visit: None, ..p.clone() }).collect();
        for way in Combine::ALL {
            let by = Comparison { metric: &metric, how: way };
            ways.push((way, fnir_at_fpir(&measure(&people, &bare, by, tau, &rules, &[]))));
        }
    }
    let stills = jobs.iter().zip(&encoded.samples).filter(|(job, _)| job.frame.is_none());
    let pictures = stills.clone().count();
    let failures = stills.filter_map(|(job, s)| Some((job.picture.clone(), s.as_ref().err()?.clone()))).collect();
    let people = people.len();
    let found = Found { at, ways, tau, metric: metric.describe(), people, templates, not_enrolled, failures, pictures };
    if context.json {
        output::json(&to_json(&found, &encoded, how))?
    } else {
        output::line(to_text(&found, &encoded, how))?
    }
    write_report(wanted.comparing.common.report.as_ref(), || {
        let enrolled: Vec<&PathBuf> =
            cast.enrolled.iter().zip(&numbers).filter(|(_, n)| n.is_some()).filter_map(|(e, _)| e.pictures.first()).collect();
        report::identification(&found.at, &found.ways, &encoded.encoder, found.tau, &comers, &enrolled)
    })?;
    Ok(Answer::Yes)
}

/// How several templates of a person count: as the command says, else as the gate would do it.
fn joining(wanted: &Wanted, site: &Site) -> Combine {
    match (wanted.templates, site.config.matching.templates) {
        (Some(Templates::Best), _) | (None, config::Templates::Best) => Combine::Best,
        (Some(Templates::Mean), _) | (None, config::Templates::Mean) => Combine::Mean,
        (Some(Templates::Weighted), _) => Combine::Weighted,
    }
}

/// Everything to be encoded: pictures of those enrolled, of those who come, and the frames of visits; and which comers make visits.
fn jobs(cast: &Cast, visits: usize) -> (Vec<Job>, Vec<usize>) {
    let mut jobs: Vec<Job> = cast.enrolled.iter().flat_map(|e| &e.pictures).map(Job::still).collect();
    jobs.extend(cast.comers.iter().map(|c| Job::still(&c.picture)));
    let mut chosen = Vec::new();
    for is_known in [true, false] {
        let all: Vec<usize> = (0..cast.comers.len()).filter(|n| cast.comers[*n].person.is_some() == is_known).collect();
        let count = visits.min(all.len());
        chosen.extend((0..count).map(|n| all[n * all.len() / count]));
    }
    chosen.sort_unstable();
    for n in &chosen {
        // Each visit has frames of its own, so that no two are moved alike.
        jobs.extend((0..FRAMES).map(|frame| Job { picture: cast.comers[*n].picture.clone(), frame: Some(*n as u64 * 1000 + frame) }));
    }
    (jobs, chosen)
}

fn to_json(found: &Found, encoded: &Encoded, how: Combine) -> Value {
    let sizes: Vec<Value> = found.at.sizes.iter().map(|at| size_json(at, found.tau.0)).collect();
    let mut whole = sizes.last().cloned().unwrap_or_default();
    let ways = found.ways.iter().map(|(way, rates)| {
        let rates: Map<String, Value> = rates.iter().map(|(fpir, fnir)| (fpir.to_string(), json!(fnir))).collect();
        json!({ "templates": way.word(), "fnir_at_fpir": rates })
    });
    let more = json!({
        "measured": "identification",
        "encoder": encoded.encoder.name,
        "encoder_sha256": encoded.encoder.digest.to_string(),
        "metric": found.metric,
        "templates": how.word(),
        "templates_stored": found.templates,
        "fmr": found.at.fmr,
        "by_k": sizes,
        "ways": ways.collect::<Value>(),
        "pictures": found.pictures,
        "failures_to_acquire": found.failures.len(),
        "failures": failures_json(&found.failures),
        "not_enrolled": found.not_enrolled,
    });
    if let (Value::Object(whole), Value::Object(more)) = (&mut whole, more) {
        whole.extend(more);
    }
    whole
}

fn size_json(at: &AtSize, tau: f32) -> Value {
    json!({
        "people": at.people,
        "galleries": at.galleries,
        "k": if at.k.fract() == 0.0 { json!(at.k as u64) } else { json!(at.k) },
        "tau": tau,
        "rank1": at.rank1.rate(),
        "fnir": at.fnir.rate(),
        "fnir_n": at.fnir.n,
        "fnir_interval95": at.fnir.interval95(),
        "fpir": at.fpir.rate(),
        "fpir_n": at.strangers,
        "fpir_searches": at.fpir.n,
        "fpir_interval95": at.fpir_interval95(),
        "fpir_by_formula": at.formula,
        "visits": at.visits.map(|v: Visits| {
            let interval = v.fpir_interval95();
            json!({
                "fpir": { "rate": v.fpir.rate(), "hits": v.fpir.hits, "visits": v.fpir.n, "n": v.strangers, "interval95": interval },
                "fnir": v.fnir,
                "mistaken": v.mistaken,
            })
        }),
    })
}

fn to_text(found: &Found, encoded: &Encoded, how: Combine) -> String {
    let known = found.at.sizes.last().map_or(0, |at| at.fnir.n);
    let strangers = found.at.sizes.last().map_or(0, |at| at.strangers);
    let mut lines = vec![
        format!(
            "{} people enrolled with {} templates ({}); {known} pictures of them and {strangers} of strangers come; encoder {}, {}, tau {:.4}",
            found.people,
            found.templates,
            how.describe(),
            encoded.encoder.name,
            found.metric,
            found.tau.0,
        ),
        format!("FMR of the strangers against the templates: {}", found.at.fmr),
        "       K  galleries   rank 1       FNIR       FPIR  by formula   visits: FPIR".into(),
    ];
    for at in &found.at.sizes {
        let visits = match &at.visits {
            Some(v) => format!("{}; FNIR {}", visit_text(v.fpir), visit_text(v.fnir)),
            None => "none made".into(),
        };
        lines.push(format!(
            "{:>8.1} {:>10} {:>8} {:>10} {:>10} {:>11}   {visits}",
            at.k,
            at.galleries,
            percent(at.rank1.rate()),
            error_text(at.fnir.rate(), at.fnir.n),
            error_text(at.fpir.rate(), at.strangers),
            percent(Some(at.formula))
        ));
    }
    if !found.ways.is_empty() {
        lines.push(format!("several templates, FNIR at FPIR {}:", FPIRS.map(|f| f.to_string()).join(" / ")));
        for (way, rates) in &found.ways {
            let rates: Vec<String> = rates.iter().map(|(_, fnir)| fnir.map_or("too few strangers".into(), |r| percent(Some(r)))).collect();
            lines.push(format!("  {}: {}", way.describe(), rates.join(" / ")));
        }
    }
    if !found.not_enrolled.is_empty() {
        lines.push(format!("could not be enrolled: {}", found.not_enrolled.join(", ")));
    }
    lines.push(failures_text(&found.failures, found.pictures));
    lines.join("\n")
}

/// An error rate; of none that was seen, of how many it wasn't.
fn error_text(rate: Option<f64>, n: u64) -> String {
    if rate == Some(0.0) { format!("0 of {n}") } else { percent(rate) }
}

fn visit_text(share: crate::statistics::Share) -> String {
    format!("{} of {}", share.hits, share.n)
}
