//! Carries out what the rules want: owns the controller and the relay. Knows no thread and no clock, so that the service and a
//! simulation run the same code.

use crate::access::{Action, Controller, FaultKind, Input, Outcome};
use crate::door::{LineState, Relay};
use crate::units::Moment;

/// What happened in a step, in order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Happening {
    /// The line was moved.
    Door(LineState),
    /// Something belongs into the record.
    Record(Outcome),
}

/// The rules, and the line that follows them.
pub struct Control {
    controller: Controller,
    relay: Relay,
    /// Until when the line may be active; compared here too, so that a permit ends even if the rules were wrong.
    permitted_until: Option<Moment>,
    is_door_faulty: bool,
}

impl Control {
    /// Takes over a relay that is inactive.
    pub fn new(controller: Controller, relay: Relay) -> Control {
        Control { controller, relay, permitted_until: None, is_door_faulty: false }
    }

    /// Tells the rules something and does what they want. `happened` hears of every move of the line and of everything to be recorded.
    pub fn step(&mut self, now: Moment, input: Input, mut happened: impl FnMut(Happening)) {
        self.follow(now, input, &mut happened);
        if self.permitted_until.is_some_and(|until| now >= until) {
            self.lock(now, &mut happened);
        }
    }

    fn follow(&mut self, now: Moment, input: Input, happened: &mut impl FnMut(Happening)) {
        for action in self.controller.step(now, input) {
            match action {
                Action::Permit { until, .. } if until > now => self.open(now, until, happened),
                Action::Permit { .. } | Action::Revoke => self.lock(now, happened),
                Action::Record(outcome) => happened(Happening::Record(outcome)),
            }
        }
    }

    fn open(&mut self, now: Moment, until: Moment, happened: &mut impl FnMut(Happening)) {
        match self.relay.set(LineState::Active, now) {
            Ok(()) => {
                self.permitted_until = Some(until);
                happened(Happening::Door(LineState::Active));
            }
            Err(e) => self.fail(now, &e, happened),
        }
    }

    fn lock(&mut self, now: Moment, happened: &mut impl FnMut(Happening)) {
        match self.relay.set(LineState::Inactive, now) {
            Ok(()) => {
                if self.permitted_until.take().is_some() {
                    happened(Happening::Door(LineState::Inactive));
                }
                if std::mem::take(&mut self.is_door_faulty) {
                    self.follow(now, Input::FaultCleared(FaultKind::Door), happened);
                }
            }
            Err(e) => self.fail(now, &e, happened),
        }
    }

    /// The line does not obey: nothing is granted until it does. `permitted_until` stays, so that each step tries again to lock.
    fn fail(&mut self, now: Moment, error: &crate::door::DoorError, happened: &mut impl FnMut(Happening)) {
        self.permitted_until = Some(now);
        if !std::mem::replace(&mut self.is_door_faulty, true) {
            log::error!("{error}");
            self.follow(now, Input::Fault(FaultKind::Door), happened);
        }
    }
}
