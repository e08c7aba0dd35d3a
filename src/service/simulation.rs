//! The gate on pictures' own time: one thread, a recorded door, the same rooms. What it does depends on the pictures, the gallery and the
//! configuration alone.

use super::Told;
use super::control::{Control, Happening};
use super::entry::{Nets, entry};
use super::recogniser::{RecogniseError, Recogniser, Seen};
use super::start::{StartError, nets, rules};
use super::tick::TICK;
use crate::access::{Command, Controller, Input};
use crate::audit::Audit;
use crate::calibration::Standing;
use crate::camera::Frame;
use crate::config::Config;
use crate::door;
use crate::units::Moment;
use jiff::Timestamp;

/// A gate with a recorded door.
pub struct Simulation {
    recogniser: Recogniser,
    control: Control,
    audit: Audit,
    nets: Nets,
    began: Timestamp,
    now: Moment,
    last: Option<Seen>,
}

impl Simulation {
    /// A gate that has just begun. The audit's times are `began` and what the pictures' time adds to it.
    pub fn new(recogniser: Recogniser, audit: Audit, config: &Config, began: Timestamp) -> Simulation {
        let (relay, _) = door::simulated();
        let nets = nets(recogniser.vision());
        let control = Control::new(Controller::new(rules(config)), relay);
        Simulation { recogniser, control, audit, nets, began, now: Moment::START, last: None }
    }

    /// Shows a frame at its own time; ticks pass until then.
    ///
    /// # Errors
    /// The audit can't be written. What can't be looked at is a fault to the rules, and comes back beside it.
    pub fn show(&mut self, frame: &Frame, told: &mut dyn FnMut(Told<'_>)) -> Result<Result<Seen, RecogniseError>, StartError> {
        self.wait_until(frame.captured_at, told)?;
        let seen = self.recogniser.see(frame);
        match &seen {
            Ok(seen) => {
                self.last = Some(*seen);
                self.step(seen.input, told)?;
            }
            Err(e) => {
                let kind = e.fault();
                self.step(Input::Fault(kind), told)?;
                self.step(Input::FaultCleared(kind), told)?;
            }
        }
        Ok(seen)
    }

    /// Lets time pass with nothing seen.
    ///
    /// # Errors
    /// The audit can't be written.
    pub fn wait_until(&mut self, until: Moment, told: &mut dyn FnMut(Told<'_>)) -> Result<(), StartError> {
        while self.now.plus(TICK) < until {
            self.now = self.now.plus(TICK);
            self.step(Input::Tick, told)?;
        }
        self.now = self.now.max(until);
        Ok(())
    }

    /// Ends it: nobody is there any more, the visit ends, the permit too.
    ///
    /// # Errors
    /// The audit can't be written.
    pub fn end(&mut self, config: &Config, told: &mut dyn FnMut(Told<'_>)) -> Result<(), StartError> {
        let rest = config.visit.gap_ms.max(config.door.unlock_ms) + 2 * TICK.as_millis() as u64;
        self.wait_until(self.now.plus(std::time::Duration::from_millis(rest)), told)?;
        self.step(Input::Command(Command::Stop), told)
    }

    /// Time, as the pictures tell it.
    pub fn now(&self) -> Moment {
        self.now
    }

    /// The tau in force, and what it is worth.
    pub fn standing(&self) -> &Standing {
        self.recogniser.standing()
    }

    fn step(&mut self, input: Input, told: &mut dyn FnMut(Told<'_>)) -> Result<(), StartError> {
        let Simulation { control, audit, nets, began, now, last, .. } = self;
        let mut failed = None;
        control.step(*now, input, |happening| match happening {
            Happening::Door(state) => told(Told::Door { at: *now, state }),
            Happening::Record(outcome) => {
                let at = *began + jiff::SignedDuration::from_millis(now.as_ms() as i64);
                let event = entry(&outcome, at, *now, last.as_ref(), nets);
                match audit.append(&event) {
                    Ok(_) => told(Told::Recorded(&event)),
                    Err(e) => failed = Some(e),
                }
            }
        });
        failed.map_or(Ok(()), |e| Err(e.into()))
    }
}
