//! Wires the rooms into threads, feeds the watchdog, answers SIGTERM. Holds no rule, no pixel, no SQL.
//!
//! | thread | does |
//! | --- | --- |
//! | capture | camera to slot |
//! | recognise | slot to sighting |
//! | control (the main thread) | rules, line, watchdog; every 20 ms |
//! | store | audit to disk |
//!
//! A simulation ([`Simulation`]) runs the same rooms on one thread and on the pictures' own time, so that it is repeatable to the event.

mod capture;
mod control;
mod entry;
mod health;
mod instance;
mod recogniser;
mod recognise;
mod record;
mod signals;
mod simulation;
mod slot;
mod start;
mod tick;
mod watchdog;

pub use control::Happening;
pub use entry::stage_times;
pub use instance::{InstanceError, make_private_dir};
pub use recogniser::{RecogniseError, Recogniser, Seen, sighting};
pub use signals::leave_flag;
pub use simulation::Simulation;
pub use start::{Site, StartError, open_audit, open_gallery, open_vision, real_clock, rules};

use crate::audit::{Code, Event};
use crate::door::LineState;
use crate::units::Moment;
use health::Health;
use jiff::Timestamp;
use slot::Slot;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

/// Sightings that may wait for the tick: it takes them in microseconds.
const SIGHTINGS: usize = 4;

/// What the service tells while it runs.
#[derive(Debug, Clone, Copy)]
pub enum Told<'e> {
    /// The line was moved.
    Door { at: Moment, state: LineState },
    /// An event is safe in the audit.
    Recorded(&'e Event),
}

/// The service: opens everything, says READY, works until SIGTERM, SIGINT, SIGHUP or the end of a replay, and leaves with the door locked.
///
/// # Errors
/// Something can't be opened; the door is locked then too.
pub fn run(site: &Site, told: &(dyn Fn(Told<'_>) + Sync)) -> Result<(), StartError> {
    let clock = start::real_clock();
    let parts = start::open(site, &clock)?;
    let start::Parts { instance: _instance, camera, recogniser, control, mut audit, nets, leaving } = parts;
    let health = Arc::new(Health::begin(clock(), leaving));
    let slot = Slot::default();
    let (recorder, inbox) = record::queue();
    let (sightings, heard) = sync_channel(SIGHTINGS);
    let limits = tick::Limits {
        frame: Duration::from_millis(site.config.camera.stall_ms),
        look: Duration::from_millis(site.config.recognise.stall_ms),
    };
    audit.append(&started(&nets)).map_err(StartError::Audit)?;
    log::info!("ready: {}, K {}", camera.describe(), recogniser.index().k());
    watchdog::start(Arc::clone(&health)).map_err(StartError::Thread)?;
    watchdog::tell(sd_notify::NotifyState::Ready);
    std::thread::scope(|threads| {
        let spawn = |name: &str| std::thread::Builder::new().name(name.into());
        let store = {
            let health = &health;
            move || {
                let _together = health.together();
                record::run(&mut audit, &inbox, health, told);
                if let Err(e) = audit.append(&Event::new(Code::Stopped, Timestamp::now())) {
                    log::error!("{e}");
                }
            }
        };
        spawn("store").spawn_scoped(threads, store).map_err(StartError::Thread)?;
        let capture = || {
            let _together = health.together();
            capture::run(camera, &slot, &health, &clock);
        };
        spawn("capture").spawn_scoped(threads, capture).map_err(StartError::Thread)?;
        let recognise = || {
            let _together = health.together();
            recognise::run(recogniser, &slot, &health, &clock, sightings);
        };
        spawn("recognise").spawn_scoped(threads, recognise).map_err(StartError::Thread)?;
        let tick = tick::Tick { control, recorder, health: &health, clock: &clock, limits, nets };
        tick.run(&heard);
        log::info!("{} frames were not looked at: newer ones came", slot.dropped());
        // The door is locked. Now the others may take the time they need, within what the unit allows.
        health.is_leaving.store(true, std::sync::atomic::Ordering::Relaxed);
        Ok(())
    })
}

fn started(nets: &entry::Nets) -> Event {
    let mut event = Event::new(Code::Started, Timestamp::now()).because(concat!("facegate ", env!("CARGO_PKG_VERSION")));
    event.detector = nets.detector;
    event.encoder = nets.encoder;
    event.liveness_models = nets.liveness.clone();
    event
}
