//! The control tick: owns the rules and the line, hears of sightings and of signs of life, feeds the watchdog. It never waits for anything longer
//! than a tick.

use super::control::{Control, Happening};
use super::entry::{Nets, entry};
use super::health::Health;
use super::recognise::Told;
use super::recogniser::Seen;
use super::record::Recorder;
use crate::access::{Command, FaultKind, Input};
use crate::units::{Clock, Moment};
use jiff::Timestamp;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

/// How often time is compared: a permit ends at most so much too late.
pub const TICK: Duration = Duration::from_millis(20);

/// When silence is a fault.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Without a fresh frame.
    pub frame: Duration,
    /// Without a look at fresh frames.
    pub look: Duration,
    /// A camera without frames may be opened anew for so long before the whole service is to begin anew.
    pub reopening: Duration,
}

impl Limits {
    /// Whether nothing hangs, so that the watchdog may be fed: fresh frames are looked at, or the camera is gone (a fault, and the door is
    /// locked) and being opened anew, which a restart would only break off.
    fn is_well(&self, health: &Health, now: Moment) -> bool {
        if health.has_frames(now, self.frame) {
            health.has_looks(now, self.look)
        } else {
            health.has_answers(now, self.frame) && health.has_frames(now, self.frame.saturating_add(self.reopening))
        }
    }
}

/// What the tick holds.
pub struct Tick<'s> {
    pub control: Control,
    pub recorder: Recorder,
    pub health: &'s Health,
    pub clock: &'s Clock,
    pub limits: Limits,
    pub nets: Nets,
}

impl Tick<'_> {
    /// Runs until the service is to end, or until whoever sends sightings is gone (a replay that is over) and the visit with it; then
    /// locks. The recorder is dropped at the end, which ends the store thread when it has written everything.
    pub fn run(mut self, sightings: &Receiver<Told>) {
        let mut last: Option<Seen> = None;
        let mut due = (self.clock)().plus(TICK);
        while !self.health.leaves() {
            let told = sightings.recv_timeout(due.since((self.clock)()));
            let now = (self.clock)();
            match told {
                Ok(Told::Seen(seen)) => {
                    last = Some(seen);
                    self.step(now, seen.input, last.as_ref());
                }
                Ok(Told::Failed(kind)) => self.step(now, Input::Fault(kind), last.as_ref()),
                Ok(Told::Works(kind)) => self.step(now, Input::FaultCleared(kind), last.as_ref()),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if now >= due {
                due = now.plus(TICK);
                self.watch(now, last.as_ref());
                self.step(now, Input::Tick, last.as_ref());
            }
        }
        self.step((self.clock)(), Input::Command(Command::Stop), last.as_ref());
    }

    /// Silence is a fault; what speaks again is none.
    fn watch(&mut self, now: Moment, last: Option<&Seen>) {
        let has_frames = self.health.has_frames(now, self.limits.frame);
        let has_looks = !has_frames || self.health.has_looks(now, self.limits.look);
        let has_record = !self.health.record_fails.load(Ordering::Relaxed);
        for (works, kind) in [(has_frames, FaultKind::Camera), (has_looks, FaultKind::Recognise), (has_record, FaultKind::Audit)] {
            self.step(now, if works { Input::FaultCleared(kind) } else { Input::Fault(kind) }, last);
        }
        if self.limits.is_well(self.health, now) {
            self.health.fed.store(true, Ordering::Relaxed);
        }
    }

    fn step(&mut self, now: Moment, input: Input, last: Option<&Seen>) {
        let Tick { control, recorder, nets, .. } = self;
        let mut is_recorded = true;
        control.step(now, input, |happening| match happening {
            Happening::Door(state) => recorder.moved(now, state),
            Happening::Record(outcome) => is_recorded &= recorder.record(entry(&outcome, Timestamp::now(), now, last, nets)),
        });
        if !is_recorded {
            self.health.record_fails.store(true, Ordering::Relaxed);
            // The fault's own record has no place in the full queue either: it is in the log.
            control.step(now, Input::Fault(FaultKind::Audit), |happening| {
                if let Happening::Door(state) = happening {
                    recorder.moved(now, state);
                }
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    const LIMITS: Limits = Limits { frame: Duration::from_secs(2), look: Duration::from_secs(3), reopening: Duration::from_secs(60) };

    fn at(seconds: u64) -> Moment {
        Moment::from_ms(1000 * seconds)
    }

    /// All is well at second 100; from then on these go on until `now`.
    fn well(now: u64, frames: bool, answers: bool, looks: bool) -> bool {
        let health = Health::begin(at(100), Arc::default());
        if frames {
            health.frame(at(now));
        }
        if answers {
            health.capture(at(now));
        }
        if looks {
            health.look(at(now));
        }
        LIMITS.is_well(&health, at(now))
    }

    #[test]
    fn the_watchdog_is_fed_while_fresh_frames_are_looked_at() {
        assert!(well(110, true, true, true));
        assert!(!well(110, true, true, false), "frames that nobody looks at");
    }

    #[test]
    fn a_camera_that_is_gone_is_given_time_to_come_back_and_a_hung_one_is_not() {
        assert!(well(161, false, true, false));
        assert!(!well(163, false, true, false), "time for a new start of everything");
        assert!(!well(103, false, false, false), "the thread that reads the camera hangs");
    }
}
