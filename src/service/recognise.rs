//! The recognise thread: slot to rules.

use super::health::Health;
use super::recogniser::{Recogniser, Seen};
use super::slot::Slot;
use crate::access::FaultKind;
use crate::units::Clock;
use std::sync::mpsc::SyncSender;
use std::time::Duration;

/// How long one wait for a frame lasts; the thread leaves within it.
const WAIT: Duration = Duration::from_millis(200);

/// What the control tick is told.
#[derive(Debug, Clone, Copy)]
pub enum Told {
    /// A frame was looked at.
    Seen(Seen),
    /// A frame could not be looked at.
    Failed(FaultKind),
    /// ... and now again one could.
    Works(FaultKind),
}

/// Looks at the newest frame, again and again, until the slot closes or the service ends.
pub fn run(mut recogniser: Recogniser, slot: &Slot, health: &Health, clock: &Clock, control: SyncSender<Told>) {
    let mut failing: Option<FaultKind> = None;
    while !health.leaves() {
        let Some(frame) = slot.take(WAIT) else {
            if slot.is_closed() {
                return;
            }
            continue;
        };
        let told = match recogniser.see(&frame) {
            Ok(seen) => {
                health.look(clock());
                if let Some(kind) = failing.take() {
                    log::info!("recognise: looks again");
                    let _ = control.send(Told::Works(kind));
                }
                Told::Seen(seen)
            }
            Err(e) => {
                let kind = e.fault();
                if failing.replace(kind) != Some(kind) {
                    log::error!("recognise: {e}");
                }
                Told::Failed(kind)
            }
        };
        if control.send(told).is_err() {
            return; // the tick has ended, and the door is locked
        }
    }
}
