//! Takes the time of the stages with the clock that the caller gave.

use crate::units::{Clock, Moment};

/// Reads the clock.
pub struct Watch(pub Clock);

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Watch")
    }
}

impl Watch {
    /// The time.
    pub fn now(&self) -> Moment {
        (self.0)()
    }

    /// Adds the microseconds since `begun` to a stage, and gives the time.
    pub fn lap(&self, begun: Moment, stage: &mut u32) -> Moment {
        let now = self.now();
        *stage = stage.saturating_add(u32::try_from(now.since(begun).as_micros()).unwrap_or(u32::MAX));
        now
    }
}
