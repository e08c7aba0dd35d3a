//! `facegate run`: the service; `--simulate DIR`: the same on pictures, with a recorded door.

use super::context::Context;
use super::events::{self, Names};
use super::exit::Answer;
use super::{output, still};
use crate::camera::{self, CameraError};
use crate::service::{self, Recogniser, Simulation, Told};
use jiff::Timestamp;
use std::path::Path;
use std::time::Duration;

pub fn service(context: &Context) -> anyhow::Result<Answer> {
    let site = context.site()?;
    let is_json = context.json;
    let told = move |told: Told<'_>| {
        // Whoever reads the events may go away; the gate goes on.
        if is_json {
            let _ = output::json(&events::json(told, None));
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
        Told::Recorded(event) => log::info!("{}", events::text(event, None)),
    }
}

pub fn simulate(context: &Context, pictures: &Path, fps: u32) -> anyhow::Result<Answer> {
    let (site, vision) = still::vision(context)?;
    let mut gallery = service::open_gallery(&site)?;
    let names = Names::of(&mut gallery)?;
    let audit = service::open_audit(&site.data_dir, &site.config)?;
    let threshold = service::threshold(&site, vision.encoder())?;
    let recogniser = Recogniser::new(vision, gallery, threshold)?;
    service::keeps_its_wish(recogniser.standing())?;
    let pictures = camera::replay::pictures(pictures)?;
    let mut replay = camera::replay(pictures, fps, false, camera::Pace::Simulated);
    let mut simulation = Simulation::new(recogniser, audit, &site.config, Timestamp::now());
    let mut written = Ok(());
    let mut told = |told: Told<'_>| {
        let line = if context.json { output::json(&events::json(told, Some(&names))) } else { output::line(told_text(told, &names)) };
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

fn told_text(told: Told<'_>, names: &Names) -> String {
    match told {
        Told::Door { at, state } => format!("{:>8} ms  door {}", at.as_ms(), state.word()),
        Told::Recorded(event) => {
            format!("{:>8} ms  {}", event.moment.map_or(0, |m| m.as_ms()), events::text(event, names.get(event.person)))
        }
    }
}
