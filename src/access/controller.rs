//! The controller: one step an input.

use super::action::{Action, Actions};
use super::input::{Command, FaultKind, Faults, Input, Sighting};
use super::look::{Look, Window};
use super::outcome::{Cause, Outcome, Reason};
use super::rules::Rules;
use super::visit::Visit;
use crate::units::{Moment, PersonId};

/// Decides. See [`crate::access`] for its rules.
#[derive(Debug, Clone)]
pub struct Controller {
    rules: Rules,
    /// The time of the last step.
    now: Moment,
    faults: Faults,
    permit: Option<Permit>,
    /// Nobody is granted before.
    quiet_until: Moment,
    window: Window,
    visit: Option<Visit>,
    /// The number of the last visit.
    visits: u64,
    is_stopped: bool,
}

#[derive(Debug, Clone, Copy)]
struct Permit {
    until: Moment,
    person: PersonId,
    visit: u64,
}

impl Controller {
    /// With nothing permitted and nobody seen.
    pub fn new(rules: Rules) -> Controller {
        Controller {
            window: Window::new(&rules),
            rules,
            now: Moment::START,
            faults: Faults::default(),
            permit: None,
            quiet_until: Moment::START,
            visit: None,
            visits: 0,
            is_stopped: false,
        }
    }

    /// Takes an input at a time, and says what is to be done. Doesn't allocate and doesn't panic.
    pub fn step(&mut self, now: Moment, input: Input) -> Actions {
        let mut actions = Actions::none();
        let went_back = now < self.now;
        if went_back {
            self.time_went_back(now, &mut actions);
        }
        self.now = now;
        if self.permit.is_some_and(|permit| now >= permit.until) {
            self.revoke(Cause::TimeUp, &mut actions);
        }
        if self.visit.as_ref().is_some_and(|visit| now.since(visit.last_seen) >= self.rules.gap) {
            self.end_visit(&mut actions);
        }
        match input {
            Input::Sighting(sighting) => self.see(&sighting, went_back, &mut actions),
            Input::Nobody | Input::Tick => {}
            Input::Command(command) => self.obey(command, &mut actions),
            Input::Fault(kind) => self.fail(kind, &mut actions),
            Input::FaultCleared(kind) => {
                if self.faults.clear(kind) {
                    actions.push(Action::Record(Outcome::FaultCleared(kind)));
                }
            }
        }
        actions
    }

    /// When the permit ends, where there is one: the line may be active before, and only before.
    pub fn permitted_until(&self) -> Option<Moment> {
        self.permit.map(|permit| permit.until)
    }

    /// Whether a fault stands.
    pub fn has_fault(&self) -> bool {
        self.faults.any()
    }

    fn see(&mut self, sighting: &Sighting, went_back: bool, actions: &mut Actions) {
        if self.is_stopped {
            return;
        }
        let now = self.now;
        let visits = &mut self.visits;
        let visit = self.visit.get_or_insert_with(|| {
            *visits = visits.saturating_add(1);
            Visit::begin(*visits, now)
        });
        visit.last_seen = now;
        let in_order = !went_back && self.window.is_in_order(sighting.taken_at, now);
        let look = if in_order { Look::judge(sighting, &self.rules) } else { Look::BadTime };
        visit.note(look, sighting);
        match look {
            Look::BadTime => return,
            Look::BadNumber => return self.window.forget(),
            Look::Match(_) if self.faults.any() => return visit.note_held_back(Reason::Fault),
            _ if self.faults.any() => return,
            _ => self.window.push(sighting.taken_at, look),
        }
        let Look::Match(person) = look else { return };
        let votes = self.window.votes(person, now, self.rules.look_age);
        visit.note_votes(votes.that_count());
        let needed = self.rules.votes;
        if needed == 0 || votes.matches < needed || visit.is_granted {
            return;
        }
        if votes.that_count() < needed || visit.spoofs >= self.rules.max_spoofs {
            return visit.note_outvoted();
        }
        if visit.is_locked {
            return visit.note_held_back(Reason::Locked);
        }
        if self.permit.is_some() || now < self.quiet_until {
            return visit.note_held_back(Reason::Cooldown);
        }
        let until = now.plus(self.rules.permit());
        if until <= now {
            return visit.note_held_back(Reason::BadTime);
        }
        visit.is_granted = true;
        let (visit, figures) = (visit.number, visit.figures(Some(sighting), votes.that_count(), &self.rules));
        self.permit = Some(Permit { until, person, visit });
        self.quiet_until = now.plus(self.rules.cooldown);
        self.window.forget();
        actions.push(Action::Permit { until, person });
        actions.push(Action::Record(Outcome::Granted { visit, person, until, figures }));
    }

    fn fail(&mut self, kind: FaultKind, actions: &mut Actions) {
        self.revoke(Cause::Fault(kind), actions);
        self.window.forget();
        if self.faults.raise(kind) {
            actions.push(Action::Record(Outcome::FaultRaised(kind)));
        }
    }

    fn obey(&mut self, command: Command, actions: &mut Actions) {
        self.revoke(Cause::Command(command), actions);
        self.window.forget();
        match command {
            Command::Lock => {
                if let Some(visit) = &mut self.visit {
                    visit.is_locked = true;
                }
            }
            Command::Stop => {
                self.is_stopped = true;
                self.end_visit(actions);
            }
        }
        actions.push(Action::Record(Outcome::Commanded(command)));
    }

    fn time_went_back(&mut self, now: Moment, actions: &mut Actions) {
        self.revoke(Cause::Clock, actions);
        actions.push(Action::Record(Outcome::ClockWentBack { was: self.now, now }));
        self.end_visit(actions);
        self.window.forget_time_too();
        self.quiet_until = now.plus(self.rules.cooldown);
    }

    /// Says that the line is to be inactive, whether or not there is a permit.
    fn revoke(&mut self, cause: Cause, actions: &mut Actions) {
        actions.push(Action::Revoke);
        if let Some(Permit { person, visit, .. }) = self.permit.take() {
            actions.push(Action::Record(Outcome::Revoked { visit, person, cause }));
        }
    }

    fn end_visit(&mut self, actions: &mut Actions) {
        self.window.forget();
        if let Some(visit) = self.visit.take().filter(|visit| !visit.is_granted) {
            let figures = visit.best_figures(&self.rules);
            actions.push(Action::Record(Outcome::Denied { visit: visit.number, reason: visit.reason(), figures }));
        }
    }
}
