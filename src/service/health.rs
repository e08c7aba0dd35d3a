//! Signs of life that threads leave and the control tick reads: no lock, no message, so that a hung thread can't hold it up.

use crate::units::Moment;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// When each thread last did its work.
#[derive(Debug, Default)]
pub struct Health {
    frame_ms: AtomicU64,
    capture_ms: AtomicU64,
    look_ms: AtomicU64,
    /// A thread has panicked.
    pub has_failed: AtomicBool,
    /// The control tick ran, and all is well: the watchdog's thread takes it away again.
    pub fed: AtomicBool,
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
        health.capture(now);
        health.look(now);
        health
    }

    /// A fresh frame came.
    pub fn frame(&self, now: Moment) {
        self.frame_ms.store(now.as_ms(), Ordering::Relaxed);
    }

    /// The camera was asked and answered, with a frame or with a reason why there is none.
    pub fn capture(&self, now: Moment) {
        self.capture_ms.store(now.as_ms(), Ordering::Relaxed);
    }

    /// A fresh frame was looked at (or could not be, which is reported apart).
    pub fn look(&self, now: Moment) {
        self.look_ms.store(now.as_ms(), Ordering::Relaxed);
    }

    /// To be held by a thread: a panic in it ends the service too, so that it can be started anew.
    pub fn together(&self) -> Together<'_> {
        Together(self)
    }

    /// Whether the service is to end.
    pub fn leaves(&self) -> bool {
        self.is_leaving.load(Ordering::Relaxed)
    }

    /// Whether a frame came within `limit`.
    pub fn has_frames(&self, now: Moment, limit: Duration) -> bool {
        now.since(Moment::from_ms(self.frame_ms.load(Ordering::Relaxed))) <= limit
    }

    /// Whether the camera answered within `limit`: a camera that is gone answers, a hung one doesn't.
    pub fn has_answers(&self, now: Moment, limit: Duration) -> bool {
        now.since(Moment::from_ms(self.capture_ms.load(Ordering::Relaxed))) <= limit
    }

    /// Whether a look was taken within `limit`.
    pub fn has_looks(&self, now: Moment, limit: Duration) -> bool {
        now.since(Moment::from_ms(self.look_ms.load(Ordering::Relaxed))) <= limit
    }
}

/// See [`Health::together`].
pub struct Together<'h>(&'h Health);

impl Drop for Together<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.has_failed.store(true, Ordering::Relaxed);
            self.0.is_leaving.store(true, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_in_a_thread_ends_the_service() {
        let health = Health::default();
        std::thread::scope(|s| drop(s.spawn(|| health.together()).join()));
        assert!(!health.leaves());
        let panics = || {
            let _together = health.together();
            panic!("as this test wants");
        };
        assert!(std::thread::scope(|s| s.spawn(panics).join()).is_err());
        assert!(health.leaves());
    }

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
