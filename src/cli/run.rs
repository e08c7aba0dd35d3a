//! `facegate run`: the service; `--simulate DIR`: the same on pictures, with a recorded door.

use super::context::Context;
use super::exit::Answer;
use super::{output, still};
use crate::audit::Event;
use crate::camera::{self, CameraError};
use crate::service::{self, Recogniser, Simulation, Told};
use crate::units::PersonId;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

pub fn service(context: &Context) -> anyhow::Result<Answer> {
    let site = context.site()?;
    let is_json = context.json;
    let told = move |told: Told<'_>| {
        // Whoever reads the events may go away; the gate goes on.
        if is_json {
            let _ = output::json(&event_json(told, None));
        } else {
            log_told(told);
        }
    };
    service::run(&site, Box::new(told))?;
    Ok(Answer::Yes)
}

/// The log has what happened, with numbers in the place of names.
fn log_told(told: Told<'_>) {
    match told {
        Told::Door { state, .. } => log::info!("door: line {}", state.word()),
        Told::Recorded(event) => log::info!("{}", event_text(event, None)),
    }
}

pub fn simulate(context: &Context, pictures: &Path, fps: u32) -> anyhow::Result<Answer> {
    let (site, vision) = still::vision(context)?;
    let mut gallery = service::open_gallery(&site.data_dir)?;
    let names: HashMap<PersonId, String> = gallery.people()?.into_iter().map(|p| (p.id, p.name)).collect();
    let audit = service::open_audit(&site.data_dir, &site.config)?;
    let threshold = service::threshold(&site, &vision)?;
    let recogniser = Recogniser::new(vision, gallery, threshold)?;
    service::keeps_its_wish(recogniser.standing())?;
    let pictures = camera::replay::pictures(pictures)?;
    let mut replay = camera::replay(pictures, fps, false, camera::Pace::Simulated);
    let mut simulation = Simulation::new(recogniser, audit, &site.config, Timestamp::now());
    let mut written = Ok(());
    let mut told = |told: Told<'_>| {
        let line = if context.json { output::json(&event_json(told, Some(&names))) } else { output::line(told_text(told, &names)) };
        if written.is_ok() {
            written = line;
        }
    };
    loop {
        match camera::Camera::next(&mut replay, Duration::from_secs(60)) {
            Ok(frame) => {
                if let Err(e) = simulation.show(&frame, &mut told)? {
                    log::error!("at {} ms: {e}", frame.captured_at.as_ms());
                }
            }
            Err(CameraError::Ended) => break,
            Err(e @ (CameraError::Bad(_) | CameraError::Late(_))) => log::warn!("{e}"),
            Err(e) => return Err(e.into()),
        }
    }
    simulation.end(&site.config, &mut told)?;
    written?;
    Ok(Answer::Yes)
}

fn name(names: Option<&HashMap<PersonId, String>>, id: Option<PersonId>) -> Option<&str> {
    names?.get(&id?).map(String::as_str)
}

/// An event as one JSON object: `event`, `at_ms`, and what is known besides. `person` is a name where names may be told, else absent.
fn event_json(told: Told<'_>, names: Option<&HashMap<PersonId, String>>) -> Value {
    match told {
        Told::Door { at, state } => json!({ "event": "door", "at_ms": at.as_ms(), "line": state.word() }),
        Told::Recorded(event) => {
            let mut value = json!(event);
            if let Value::Object(fields) = &mut value {
                let id = fields.remove("person").unwrap_or(Value::Null);
                fields.insert("person_id".into(), id);
                if names.is_some() {
                    fields.insert("person".into(), json!(name(names, event.person)));
                }
            }
            value
        }
    }
}

fn told_text(told: Told<'_>, names: &HashMap<PersonId, String>) -> String {
    match told {
        Told::Door { at, state } => format!("{:>8} ms  door {}", at.as_ms(), state.word()),
        Told::Recorded(event) => {
            format!("{:>8} ms  {}", event.moment.map_or(0, |m| m.as_ms()), event_text(event, name(Some(names), event.person)))
        }
    }
}

/// An event in words; the person's number where no name is given.
pub fn event_text(event: &Event, name: Option<&str>) -> String {
    let mut text = event.code.to_string();
    match (name, event.person) {
        (Some(name), _) => text += &format!(" {name}"),
        (None, Some(id)) => text += &format!(" person {}", id.0),
        (None, None) => {}
    }
    if let (Some(similarity), Some(tau)) = (event.similarity, event.tau) {
        text += &format!(", similarity {:.3} (tau {:.3}", similarity.0, tau.0);
        text += &event.k.map_or(")".into(), |k| format!(", K {k})"));
    }
    if let Some(live) = event.liveness {
        text += &format!(", live {live:.2}");
    }
    if let Some(reason) = &event.reason {
        text += &format!(": {reason}");
    }
    text
}
