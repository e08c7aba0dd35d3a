//! The newest frame: a slot, not a queue. A frame that nobody has taken is replaced by a newer one and counted as dropped.

use crate::camera::Frame;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Where capture leaves the newest frame and recognise finds it.
#[derive(Debug, Default)]
pub struct Slot {
    inside: Mutex<Inside>,
    arrived: Condvar,
}

#[derive(Debug, Default)]
struct Inside {
    newest: Option<Frame>,
    dropped: u64,
    closed: bool,
}

impl Slot {
    /// Leaves a frame; one that still lies there goes home.
    pub fn put(&self, frame: Frame) {
        let mut inside = self.lock();
        inside.dropped += u64::from(inside.newest.replace(frame).is_some());
        self.arrived.notify_one();
    }

    /// No more frames will come: whoever waits is woken.
    pub fn close(&self) {
        self.lock().closed = true;
        self.arrived.notify_all();
    }

    /// Whether no more frames will come and none lies there.
    pub fn is_closed(&self) -> bool {
        let inside = self.lock();
        inside.closed && inside.newest.is_none()
    }

    /// The newest frame, waiting at most `wait` for it. None when none came.
    pub fn take(&self, wait: Duration) -> Option<Frame> {
        let empty = |inside: &mut Inside| inside.newest.is_none() && !inside.closed;
        let (mut inside, _) = self.arrived.wait_timeout_while(self.lock(), wait, empty).unwrap_or_else(PoisonError::into_inner);
        inside.newest.take()
    }

    /// How many frames nobody looked at.
    pub fn dropped(&self) -> u64 {
        self.lock().dropped
    }

    /// A thread that died with the lock leaves a frame or none: both are fit to go on with.
    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::camera::PixelFormat;

    fn frame(sequence: u64) -> Frame {
        let mut frame = Frame::new(PixelFormat::Luma, 1, 1, vec![0]);
        frame.sequence = sequence;
        frame
    }

    #[test]
    fn the_newest_wins_and_the_others_are_counted() {
        let slot = Slot::default();
        (1..=3).for_each(|n| slot.put(frame(n)));
        assert_eq!(slot.take(Duration::ZERO).map(|f| f.sequence), Some(3));
        assert_eq!(slot.dropped(), 2);
        assert!(slot.take(Duration::ZERO).is_none());
    }

    #[test]
    fn closing_wakes_who_waits() {
        let slot = Slot::default();
        std::thread::scope(|s| {
            let waiting = s.spawn(|| slot.take(Duration::from_secs(60)).is_none());
            slot.close();
            assert!(waiting.join().unwrap());
        });
    }
}
