//! `facegate demo`: a visit end to end with nothing to prepare. Enrols a person from one picture, then shows the gate that person, a
//! stranger, and a printed picture of the person, through the real nets, gallery and rules, with a recorded door. Nothing is kept.

mod cast;
mod paper;
mod show;

use super::context::{Context, shipped};
use super::exit::{Answer, Misuse};
use super::{output, still};
use crate::gallery::{Enrol, Gallery, NewTemplate};
use crate::service::{self, Recogniser, Simulation};
use cast::Cast;
use jiff::Timestamp;
use serde_json::json;
use show::{Ending, Show};
use std::path::{Path, PathBuf};

/// How a visit must end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Must {
    Open,
    StayLocked,
}

pub fn run(context: &Context, faces: Option<PathBuf>) -> anyhow::Result<Answer> {
    let shipped_faces = || shipped().map(|models| models.join("faces"));
    let folder = faces
        .or_else(shipped_faces)
        .ok_or_else(|| Misuse("no faces are shipped beside this program: name a folder with --faces DIR".into()))?;
    let cast = Cast::from_folder(&folder)?;
    let scratch = Scratch::new()?;
    let (site, mut vision) = still::vision(context)?;
    let nets = format!("{}, {}, {}", vision.detector().name, vision.encoder().name, names(&vision));
    let mut gallery = Gallery::open(&scratch.0.join("gallery.db"))?;
    let model = vision.encoder().digest;
    let look = still::look(&mut vision, &cast.enrolment)?;
    let (face, embedding) = still::embedding(look, &cast.enrolment)?;
    let template = NewTemplate { embedding, quality: face.detection.score, model };
    gallery.enrol(&cast.person, &[template], Enrol::NewPerson, Timestamp::now())?;
    let audit = service::open_audit(&scratch.0, &site.config)?;
    let threshold = service::threshold(&site, vision.encoder())?;
    let simulation = Simulation::new(Recogniser::new(vision, gallery, threshold)?, audit, &site.config, Timestamp::now());
    if !context.json {
        output::line(format_args!("nets: {nets}"))?;
        output::line(format_args!("enrolled: {} from one picture ({})", cast.person, file_name(&cast.enrolment)))?;
    }
    let mut show = Show::new(simulation, &site.config, context.json);
    let visits = [
        (format!("{} comes", cast.person), &cast.visit, Must::Open),
        (format!("a stranger ({}) comes", cast.stranger), &cast.strangers_visit, Must::StayLocked),
        (format!("a printed picture of {} is held up", cast.person), &cast.attack, Must::StayLocked),
    ];
    let mut endings = Vec::new();
    for (title, pictures, must) in &visits {
        endings.push((title, show.visit(title, pictures)?, *must));
    }
    summary(context, &endings)
}

fn summary(context: &Context, endings: &[(&String, Ending, Must)]) -> anyhow::Result<Answer> {
    let is_right = |ending: &Ending, must: Must| ending.opened == (must == Must::Open) && ending.is_locked_again;
    let all_right = endings.iter().all(|(_, ending, must)| is_right(ending, *must));
    if context.json {
        for (title, ending, must) in endings {
            output::json(
                &json!({ "event": "visit", "visit": title, "opened": ending.opened, "ended": ending.said, "right": is_right(ending, *must) }),
            )?;
        }
        return Ok(all_right.into());
    }
    output::line("\nsummary")?;
    for (title, ending, must) in endings {
        let verdict = if is_right(ending, *must) { "as it must be" } else { "WRONG" };
        let door = if ending.opened { "the door opened and locked again" } else { "the door stayed locked" };
        output::line(format_args!("  {title}: {door} ({}): {verdict}", ending.said))?;
    }
    Ok(all_right.into())
}

fn names(vision: &crate::vision::Vision) -> String {
    let names: Vec<&str> = vision.liveness().iter().map(|net| net.name.as_str()).collect();
    if names.is_empty() { "liveness off".into() } else { names.join(" + ") }
}

fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

/// A folder of its own that goes with the demo.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> std::io::Result<Scratch> {
        let mut salt = [0u8; 8];
        getrandom::fill(&mut salt).map_err(std::io::Error::other)?;
        let dir = std::env::temp_dir().join(format!("facegate-demo-{}-{:016x}", std::process::id(), u64::from_le_bytes(salt)));
        service::make_private_dir(&dir)?;
        Ok(Scratch(dir))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(e) = std::fs::remove_dir_all(&self.0) {
            log::warn!("{} is left behind: {e}", self.0.display());
        }
    }
}
