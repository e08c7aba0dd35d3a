//! Signs of life that threads leave and the control tick reads: no lock, no message, so that a hung thread can't hold it up.

use crate::units::Moment;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// When each thread last did its work.
#[derive(Debug, Default)]
pub struct Health {
    frame_ms: AtomicU64,
    look_ms: AtomicU64,
    /// The record can't be written at present.
    pub record_fails: AtomicBool,
    /// Somebody wants the service to end: a signal, or a thread that can't go on.
    pub is_leaving: Arc<AtomicBool>,
}

impl Health {
    /// Everything counts as fresh at `now`; whoever sets `is_leaving` ends the service.
    pub fn begin(now: Moment, is_leaving: Arc<AtomicBool>) -> Health {
        let health = Health { is_leaving, ..Health::default() };
        health.frame(now);
        health.look(now);
        health
    }

    /// A fresh frame came.
    pub fn frame(&self, now: Moment) {
        self.frame_ms.store(now.as_ms(), Ordering::Relaxed);
    }

    /// A fresh frame was looked at (or could not be, which is reported apart).
    pub fn look(&self, now: Moment) {
        self.look_ms.store(now.as_ms(), Ordering::Relaxed);
    }

    /// Whether the service is to end.
    pub fn leaves(&self) -> bool {
        self.is_leaving.load(Ordering::Relaxed)
    }

    /// Whether a frame came within `limit`.
    pub fn has_frames(&self, now: Moment, limit: Duration) -> bool {
        now.since(Moment::from_ms(self.frame_ms.load(Ordering::Relaxed))) <= limit
    }

    /// Whether a look was taken within `limit`.
    pub fn has_looks(&self, now: Moment, limit: Duration) -> bool {
        now.since(Moment::from_ms(self.look_ms.load(Ordering::Relaxed))) <= limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_of_life_grow_old() {
        let health = Health::begin(Moment::from_ms(1000), Arc::default());
        let limit = Duration::from_millis(500);
        assert!(health.has_frames(Moment::from_ms(1500), limit));
        assert!(!health.has_frames(Moment::from_ms(1501), limit));
        health.frame(Moment::from_ms(1501));
        assert!(health.has_frames(Moment::from_ms(1501), limit));
        assert!(!health.has_looks(Moment::from_ms(1501), limit));
    }
}
