//! `facegate enroll NAME --image F... | --camera`: templates of a person, from pictures or at the camera. No picture is kept.

use super::args::Enroll;
use super::context::Context;
use super::exit::Answer;
use super::record::record;
use super::{output, still};
use crate::audit::Code;
use crate::calibration::{Metric, Standing};
use crate::camera::{self, CameraError};
use crate::config::Templates;
use crate::gallery::{Enrol, Gallery, GalleryError, Index, NewTemplate, spread};
use crate::service::{self, Site};
use crate::units::{Embedding, Tau};
use crate::vision::{Face, Look, Options, Vision};
use jiff::Timestamp;
use serde_json::json;
use std::path::Path;
use std::time::Duration;

/// Templates that an enrolment at the camera takes.
const SHOTS: usize = 3;
/// Templates that an enrolment from pictures takes: of more pictures, those that add most. Each costs a comparison a look, and with each
/// more strangers come near.
const MOST_FROM_PICTURES: usize = 5;
/// How long an enrolment at the camera may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// A further shot must differ so much from those before it, or it adds nothing.
const SAME_SHOT: f32 = 0.97;

/// A face good enough to be kept.
struct Shot {
    embedding: Embedding,
    quality: f32,
}

pub fn run(context: &Context, wanted: &Enroll) -> anyhow::Result<Answer> {
    // A picture from a passport is a picture: only at the camera must the face live.
    let site = context.site()?;
    let clock = service::real_clock();
    let options = if wanted.camera {
        Options::for_camera(&site.config, clock)
    } else {
        Options { judge_liveness: false, ..Options::for_stills(&site.config, clock) }
    };
    let mut vision = service::open_vision(&site, options.enrolling(&site.config))?;
    let threshold = service::threshold(&site, vision.encoder())?;
    // Whether pictures show one person is a question of two.
    let (metric, standing) = (threshold.metric(), threshold.at(1));
    let mut gallery = service::open_gallery(&site)?;
    is_free(&mut gallery, wanted)?;
    let shots =
        if wanted.camera { at_the_camera(&mut vision, &site, metric, standing.tau)? } else { from_pictures(&mut vision, &wanted.image)? };
    one_person_only(&shots, metric, &standing)?;
    let shots = those_that_add(shots);
    let model = vision.encoder().digest;
    let index = gallery.index(&model, metric)?;
    let k = index.k_that_opens() + more_to_compare(&site, &index, &mut gallery, wanted, shots.len());
    service::keeps_its_wish(&threshold.at(k))?;
    let already = enrolled_as(&shots, &index, &mut gallery, threshold.at(k).tau, &wanted.name)?;
    for (name, similarity) in &already {
        if wanted.never {
            log::warn!("{name} is much alike (similarity {similarity:.3}): where the gate can't tell the two apart it opens for neither");
        } else {
            log::warn!(
                "already enrolled as {name} (similarity {similarity:.3}): the two will be ambiguous at the gate, which opens for neither. If they are two people, enrol more pictures of both (--add), in different light; facegate people conflicts shows whether that helped"
            );
        }
    }
    let templates: Vec<NewTemplate<'_>> =
        shots.iter().map(|s| NewTemplate { embedding: &s.embedding, model, quality: s.quality }).collect();
    let how = match (wanted.add, wanted.never) {
        (true, _) => Enrol::AddTo,
        (false, true) => Enrol::NewBarred,
        (false, false) => Enrol::NewPerson,
    };
    let enrolled = gallery.enrol(&wanted.name, &templates, how, Timestamp::now())?;
    record(&site, if wanted.add { Code::TemplateAdded } else { Code::Enrolled }, Some(enrolled.person))?;
    let already: Vec<String> = already.into_iter().map(|(name, _)| name).collect();
    if context.json {
        output::json(&json!({
            "done": "enrolled", "person": wanted.name.trim(), "person_id": enrolled.person, "templates": templates.len(),
            "encoder": vision.encoder().name, "already_enrolled_as": already, "never": wanted.never,
        }))?;
    } else {
        output::line(format_args!(
            "{}: {} template{} stored, no picture kept",
            wanted.name.trim(),
            templates.len(),
            if templates.len() == 1 { "" } else { "s" }
        ))?;
    }
    Ok(Answer::Yes)
}

/// How many templates more a stranger could be mistaken for.
fn more_to_compare(site: &Site, index: &Index, gallery: &mut Gallery, wanted: &Enroll, shots: usize) -> usize {
    let is_known = wanted.add && gallery.person(&wanted.name).is_ok_and(|p| index.has(p.id));
    match site.config.matching.templates {
        _ if wanted.never => 0,
        Templates::Mean => usize::from(!is_known),
        Templates::Best => shots,
    }
}

/// Says at once that a name is taken or unknown, before anybody has posed for it.
fn is_free(gallery: &mut Gallery, wanted: &Enroll) -> anyhow::Result<()> {
    match gallery.person(&wanted.name) {
        Ok(person) if !wanted.add => anyhow::bail!(
            "{} is enrolled already: add a template with --add, or remove the old ones first (facegate people remove \"{}\")",
            person.name,
            person.name
        ),
        Err(e) if wanted.add => Err(e.into()),
        Err(GalleryError::Nobody { .. }) | Ok(_) => Ok(()),
        Err(e) => Err(e.into()),
    }
}

fn from_pictures(vision: &mut Vision, images: &[std::path::PathBuf]) -> anyhow::Result<Vec<Shot>> {
    still::pictures(images)?.iter().map(|image| good_enough(still::look(vision, image)?, image)).collect()
}

/// The one face of a picture, when it is good enough to be enrolled.
fn good_enough(look: &Look, image: &Path) -> anyhow::Result<Shot> {
    let (face, embedding) = still::embedding(look, image)?;
    let rivals = look.faces.iter().filter(|f| f.detection.bbox.width > face.detection.bbox.width * 0.5).count();
    anyhow::ensure!(rivals == 1, "{}: there are {rivals} faces in it; cut the picture to the one that is meant", image.display());
    Ok(Shot { embedding: embedding.clone(), quality: face.detection.score })
}

/// Looks until there are a few shots that differ, of a living face that is alone.
fn at_the_camera(vision: &mut Vision, site: &Site, metric: &Metric, tau: Tau) -> anyhow::Result<Vec<Shot>> {
    let clock = service::real_clock();
    let mut camera = camera::open(&site.config.camera, clock.clone())?;
    eprintln!("look into the camera, then a little to each side ({})", camera.describe());
    let mut shots: Vec<Shot> = Vec::new();
    let mut last_said = String::new();
    while shots.len() < SHOTS && clock().as_ms() < PATIENCE.as_millis() as u64 {
        let frame = match camera.next(Duration::from_millis(500)) {
            Ok(frame) => frame,
            Err(CameraError::Late(_) | CameraError::Bad(_)) => continue,
            Err(CameraError::Ended) => break,
            Err(e) => return Err(e.into()),
        };
        let verdict = shot(vision.look(&frame)?, &shots, (metric, tau), site.config.liveness.min_live);
        let said = match verdict {
            Ok(shot) => {
                shots.push(shot);
                format!("shot {} of {SHOTS}", shots.len())
            }
            Err(hint) => hint,
        };
        if said != last_said {
            eprintln!("{said}");
            last_said = said;
        }
    }
    anyhow::ensure!(!shots.is_empty(), "no usable face within {} s: {last_said}", PATIENCE.as_secs());
    Ok(shots)
}

fn shot(look: &Look, before: &[Shot], (metric, tau): (&Metric, Tau), min_live: f32) -> Result<Shot, String> {
    let [face]: &[Face; 1] = look.faces.as_slice().try_into().map_err(|_| match look.faces.len() {
        0 => "nobody is seen".to_owned(),
        n => format!("{n} faces are seen: only the one to be enrolled may be in view"),
    })?;
    let embedding = face.embedding.as_ref().ok_or_else(|| format!("not yet: {}", face.quality.reasons))?;
    if face.liveness.is_some_and(|l| l.live < min_live) {
        return Err("not judged a living face: step into even light, nothing in the hands".into());
    }
    if before.iter().any(|s| !metric.similarity(&s.embedding, embedding).reaches(tau)) {
        return Err("this is not the face of the first shot".into());
    }
    // Whether it adds something is a question of the cosine, whatever the score.
    if before.iter().map(|s| s.embedding.similarity(embedding).0).fold(-1.0, f32::max) > SAME_SHOT {
        return Err("turn a little".into());
    }
    Ok(Shot { embedding: embedding.clone(), quality: face.detection.score })
}

fn one_person_only(shots: &[Shot], metric: &Metric, standing: &Standing) -> anyhow::Result<()> {
    let tau = standing.tau;
    anyhow::ensure!(
        shots.len() < 2 || !tau.0.is_nan(),
        "whether several pictures show one person can't be told without a tau: {}; or enrol from one picture",
        standing.words()
    );
    for (n, shot) in shots.iter().enumerate().skip(1) {
        let similarity = metric.similarity(&shots[0].embedding, &shot.embedding);
        anyhow::ensure!(
            similarity.reaches(tau),
            "picture {} doesn't show the person of picture 1 (similarity {:.3}, tau {:.3}): enrol one person at a time",
            n + 1,
            similarity.0,
            tau.0
        );
    }
    Ok(())
}

/// Of more shots than are stored, those that differ most.
fn those_that_add(shots: Vec<Shot>) -> Vec<Shot> {
    if shots.len() <= MOST_FROM_PICTURES {
        return shots;
    }
    let chosen = spread(&shots.iter().map(|s| &s.embedding).collect::<Vec<_>>(), MOST_FROM_PICTURES);
    eprintln!("of {} pictures the {} that differ most are taken", shots.len(), chosen.len());
    shots.into_iter().enumerate().filter(|(n, _)| chosen.contains(n)).map(|(_, shot)| shot).collect()
}

/// Everybody else whom the gate would take this face for.
fn enrolled_as(shots: &[Shot], index: &Index, gallery: &mut Gallery, tau: Tau, name: &str) -> anyhow::Result<Vec<(String, f32)>> {
    let own = gallery.person(name).ok().map(|p| p.id);
    let mut already: Vec<(String, f32)> = Vec::new();
    for shot in shots {
        let ranking = index.search(&shot.embedding);
        for candidate in [ranking.best, ranking.other].into_iter().flatten() {
            if Some(candidate.person) == own || !candidate.similarity.reaches(tau) {
                continue;
            }
            if let Some(person) = gallery.person_by_id(candidate.person)?
                && already.iter().all(|(known, _)| *known != person.name)
            {
                already.push((person.name, candidate.similarity.0));
            }
        }
    }
    Ok(already)
}
