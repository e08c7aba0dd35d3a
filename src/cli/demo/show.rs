//! Plays a visit, frame by frame, and says what was seen and decided and when the relay moved.

use super::cast::Shown;
use crate::access::{Input, Look, Rules};
use crate::camera::vary;
use crate::cli::{events, output};
use crate::config::Config;
use crate::door::LineState;
use crate::service::{Seen, Simulation, Told, rules};
use crate::units::Moment;
use serde_json::{Value, json};
use std::time::Duration;

/// Time between two frames.
const FRAME: Duration = Duration::from_millis(100);
/// Frames that a visit has.
const FRAMES: usize = 15;

/// How a visit ended.
pub struct Ending {
    pub opened: bool,
    pub is_locked_again: bool,
    pub said: String,
}

/// A gate, and where it is told of.
pub struct Show<'c> {
    simulation: Simulation,
    config: &'c Config,
    rules: Rules,
    is_json: bool,
}

impl Show<'_> {
    pub fn new(simulation: Simulation, config: &Config, is_json: bool) -> Show<'_> {
        Show { rules: rules(config), simulation, config, is_json }
    }

    /// Shows the pictures, each for a few frames, moved and re-lit a little; then nobody for as long as a visit and a cool-down take.
    pub fn visit(&mut self, title: &str, pictures: &[Shown]) -> anyhow::Result<Ending> {
        if !self.is_json {
            output::line(format_args!("\n{title}"))?;
            output::line("     time  picture         face    live  alike   tau    seen as             door")?;
        }
        let mut happenings: Vec<Happened> = Vec::new();
        let mut line = LineState::Inactive;
        for n in 0..FRAMES {
            let shown = &pictures[n * pictures.len() / FRAMES];
            let mut frame = vary(&shown.frame, n as u64);
            frame.captured_at = self.simulation.now().plus(FRAME);
            let at = frame.captured_at;
            let before = happenings.len();
            let seen = self.simulation.show(&frame, &mut |told| happenings.push(Happened::from(told)))?;
            line = last_line(&happenings).unwrap_or(line);
            self.say_frame(at, &shown.name, seen.as_ref().map_err(|e| e.to_string()), line)?;
            self.say_happened(&happenings[before..])?;
        }
        let before = happenings.len();
        let pause = self.config.visit.gap_ms.max(self.config.visit.cooldown_ms).max(self.config.door.unlock_ms) + 200;
        let until = self.simulation.now().plus(Duration::from_millis(pause));
        self.simulation.wait_until(until, &mut |told| happenings.push(Happened::from(told)))?;
        self.say_happened(&happenings[before..])?;
        let lines: Vec<LineState> = happenings.iter().filter_map(|h| h.line).collect();
        let said = happenings.iter().filter(|h| h.line.is_none()).map(|h| h.text.as_str()).next().unwrap_or("nothing was decided");
        Ok(Ending {
            opened: lines.contains(&LineState::Active),
            is_locked_again: lines.last().is_none_or(|l| *l == LineState::Inactive),
            said: said.to_owned(),
        })
    }

    fn say_frame(&self, at: Moment, picture: &str, seen: Result<&Seen, String>, line: LineState) -> anyhow::Result<()> {
        let tau = self.simulation.standing().tau.0;
        let sighting = seen.as_ref().ok().and_then(|s| if let Input::Sighting(s) = s.input { Some(s) } else { None });
        let face_px = seen.as_ref().ok().and_then(|s| s.face_px);
        let seen_as = match (&seen, sighting) {
            (Err(e), _) => e.clone(),
            (Ok(_), None) => "nobody".into(),
            (Ok(_), Some(s)) => words(Look::judge(&s, &self.rules)),
        };
        if self.is_json {
            return output::json(&json!({
                "event": "look", "at_ms": at.as_ms(), "picture": picture, "face_px": face_px, "similarity": sighting.map(|s| s.similarity),
                "liveness": sighting.and_then(|s| s.liveness), "seen_as": seen_as, "line": line.word(),
            }));
        }
        let number = |v: Option<f32>| v.map_or("     -".into(), |v| format!("{v:6.2}"));
        output::line(format_args!(
            "{:6} ms  {picture:14} {:>4} px  {}  {} {tau:6.2}   {seen_as:18}  {}",
            at.as_ms(),
            face_px.map_or("-".into(), |px| format!("{px:.0}")),
            number(sighting.and_then(|s| s.liveness)),
            number(sighting.map(|s| s.similarity.0)),
            line.word()
        ))
    }

    fn say_happened(&self, happened: &[Happened]) -> anyhow::Result<()> {
        for h in happened {
            if self.is_json { output::json(&h.json)? } else { output::line(format_args!("{:6} ms  >> {}", h.at.as_ms(), h.text))? }
        }
        Ok(())
    }
}

/// Something that a simulation told, kept until it is said.
struct Happened {
    at: Moment,
    line: Option<LineState>,
    text: String,
    json: Value,
}

impl From<Told<'_>> for Happened {
    fn from(told: Told<'_>) -> Happened {
        let json = events::json(told, None);
        match told {
            Told::Door { at, state } => Happened { at, line: Some(state), text: format!("relay {}", state.word()), json },
            Told::Recorded(event) => {
                Happened { at: event.moment.unwrap_or(Moment::START), line: None, text: events::text(event, None), json }
            }
        }
    }
}

fn last_line(happened: &[Happened]) -> Option<LineState> {
    happened.iter().rev().find_map(|h| h.line)
}

fn words(look: Look) -> String {
    match look {
        Look::Match(_) => "the enrolled person".into(),
        Look::Unjudged(_) => "liveness not judged".into(),
        Look::Ambiguous => "ambiguous".into(),
        Look::Barred(_) => "never let in".into(),
        Look::Unknown => "unknown".into(),
        Look::Spoof => "not a living face".into(),
        Look::Unusable(flaw) => flaw.code().replace('_', " "),
        Look::BadNumber | Look::BadTime => "no number".into(),
    }
}
