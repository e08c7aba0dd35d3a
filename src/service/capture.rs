//! The capture thread: camera to slot.

use super::health::Health;
use super::slot::Slot;
use crate::camera::{Camera, CameraError};
use crate::units::Clock;
use std::time::Duration;

/// How long one wait for a frame lasts; the thread leaves within it.
const WAIT: Duration = Duration::from_millis(100);

/// Moves frames until the service ends or a replay is over.
pub fn run(mut camera: Box<dyn Camera>, slot: &Slot, health: &Health, clock: &Clock) {
    let mut last_said = String::new();
    while !health.leaves() {
        let answer = camera.next(WAIT);
        health.capture(clock());
        match answer {
            Ok(frame) => {
                health.frame(clock());
                slot.put(frame);
                if !last_said.is_empty() {
                    log::info!("camera: frames again");
                    last_said.clear();
                }
            }
            Err(CameraError::Late(_)) => {}
            Err(CameraError::Ended) => {
                log::info!("camera: the pictures have ended");
                break;
            }
            Err(e) => {
                // The same trouble many times a second is said once.
                let said = e.to_string();
                if said != last_said {
                    log::warn!("camera: {said}");
                    last_said = said;
                }
            }
        }
    }
    slot.close();
}
