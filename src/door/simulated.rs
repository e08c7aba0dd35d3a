//! A door that isn't there, and writes down what it would have done.

use super::{DoorError, Line, LineState, Relay};
use crate::units::Moment;
use std::sync::{Arc, Mutex, PoisonError};

/// A change of the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Movement {
    pub line: LineState,
    /// The time that came with [`Relay::set`]; none where the relay was opened, dropped, or locked in an emergency.
    pub at: Option<Moment>,
}

/// What a simulated line has done. Copies share one record.
#[derive(Debug, Clone, Default)]
pub struct Recorder(Arc<Mutex<Vec<Movement>>>);

impl Recorder {
    /// All changes so far, oldest first; the first is that of opening.
    pub fn movements(&self) -> Vec<Movement> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// All changes since the last call of this; they are forgotten.
    pub fn take(&self) -> Vec<Movement> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn add(&self, movement: Movement) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(movement);
    }
}

/// A relay that moves nothing, and its record.
pub fn simulated() -> (Relay, Recorder) {
    let recorder = Recorder::default();
    (Relay::recorded(Box::new(Nothing), recorder.clone()), recorder)
}

struct Nothing;

impl Line for Nothing {
    fn set(&mut self, _: LineState) -> Result<(), DoorError> {
        Ok(())
    }

    fn describe(&self) -> String {
        "simulated line".into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_record_has_every_change_with_its_time() {
        let (mut relay, recorder) = simulated();
        let (open, shut) = (Moment::from_ms(5), Moment::from_ms(9));
        relay.set(LineState::Active, open).unwrap();
        relay.set(LineState::Active, Moment::from_ms(6)).unwrap();
        relay.set(LineState::Inactive, shut).unwrap();
        relay.set(LineState::Inactive, Moment::from_ms(10)).unwrap();
        let moved = |line, at| Movement { line, at };
        let first = moved(LineState::Inactive, None);
        assert_eq!(recorder.take(), [first, moved(LineState::Active, Some(open)), moved(LineState::Inactive, Some(shut))]);
        relay.set(LineState::Active, open).unwrap();
        drop(relay);
        assert_eq!(recorder.movements(), [moved(LineState::Active, Some(open)), moved(LineState::Inactive, None)]);
    }
}
