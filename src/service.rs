//! Wires the rooms into threads, feeds the watchdog, answers SIGTERM. Holds no rule, no pixel, no SQL.
//!
//! | thread | does |
//! | --- | --- |
//! | capture | camera to slot |
//! | recognise | slot to sighting |
//! | control (the main thread) | rules, line, watchdog; every 20 ms |
//! | store | audit to disk, and whatever is told |
//! | watchdog | the tick's word to systemd |
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

pub use entry::stage_times;
pub use instance::{InstanceError, make_private_dir};
pub use recogniser::{RecogniseError, Recogniser, Seen, sighting};
pub use signals::leave_flag;
pub use simulation::Simulation;
pub use start::{Site, StartError, keeps_its_wish, open_audit, open_gallery, open_vision, real_clock, rules, threshold};

use crate::audit::{Code, Event};
use crate::door::LineState;
use crate::units::Moment;
use health::Health;
use jiff::Timestamp;
use slot::Slot;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

/// Sightings that may wait for the tick: it takes them in microseconds.
const SIGHTINGS: usize = 4;

/// So many times the longest pause between two tries to open the camera the watchdog is fed without a frame.
const REOPENINGS: u32 = 6;

/// How long the end of the service waits for the audit's disk.
pub const RECORD_PATIENCE: Duration = Duration::from_millis(600);

/// What the service tells while it runs.
#[derive(Debug, Clone, Copy)]
pub enum Told<'e> {
    /// The line was moved.
    Door { at: Moment, state: LineState },
    /// An event is safe in the audit.
    Recorded(&'e Event),
}

/// Hears what the service tells; may wait, because it is called on the store thread.
pub type Listener = Box<dyn Fn(Told<'_>) + Send>;

/// The service: opens everything, says READY, works until SIGTERM, SIGINT, SIGHUP or the end of a replay, and leaves with the door locked.
///
/// Nobody waits for a thread that hangs: when the door is locked and the record written (or [`RECORD_PATIENCE`] is over), this returns, and
/// whatever a camera or a net still does ends with the process.
///
/// # Errors
/// Something can't be opened, or a thread has failed; the door is locked then too.
pub fn run(site: &Site, told: Listener) -> Result<(), StartError> {
    let clock = start::real_clock();
    let parts = start::open(site, &clock)?;
    let start::Parts { instance: _instance, camera, recogniser, control, mut audit, nets, leaving } = parts;
    let health = Arc::new(Health::begin(clock(), leaving));
    let slot = Arc::new(Slot::default());
    let (recorder, inbox) = record::queue();
    let (sightings, heard) = sync_channel(SIGHTINGS);
    let (written, is_written) = sync_channel::<()>(1);
    let limits = tick::Limits {
        frame: Duration::from_millis(site.config.camera.stall_ms),
        look: Duration::from_millis(site.config.recognise.stall_ms),
        reopening: Duration::from_millis(site.config.camera.reconnect_ms).saturating_mul(REOPENINGS),
    };
    audit.append(&started(&nets)).map_err(StartError::Audit)?;
    log::info!("ready: {}; {}", camera.describe(), recogniser.standing().words());
    begin("store", &health, move |health| {
        record::run(&mut audit, &inbox, health, &told);
        if let Err(e) = audit.append(&Event::new(Code::Stopped, Timestamp::now())) {
            log::error!("{e}");
        }
        let _ = written.send(());
    })?;
    {
        let (slot, clock) = (Arc::clone(&slot), clock.clone());
        begin("capture", &health, move |health| capture::run(camera, &slot, health, &clock))?;
    }
    {
        let (slot, clock) = (Arc::clone(&slot), clock.clone());
        begin("recognise", &health, move |health| recognise::run(recogniser, &slot, health, &clock, sightings))?;
    }
    watchdog::start(Arc::clone(&health)).map_err(StartError::Thread)?;
    watchdog::tell(sd_notify::NotifyState::Ready);
    tick::Tick { control, recorder, health: &health, clock: &clock, limits, nets }.run(&heard);
    // The door is locked.
    health.is_leaving.store(true, Ordering::Relaxed);
    if is_written.recv_timeout(RECORD_PATIENCE).is_err() {
        log::error!("left before the audit was written");
    }
    log::info!("{} frames were not looked at: newer ones came", slot.dropped());
    if health.has_failed.load(Ordering::Relaxed) { Err(StartError::Failed) } else { Ok(()) }
}

/// Begins a thread that ends the service if it fails.
fn begin(name: &str, health: &Arc<Health>, work: impl FnOnce(&Health) + Send + 'static) -> Result<(), StartError> {
    let health = Arc::clone(health);
    let guarded = move || {
        let _together = health.together();
        work(&health);
    };
    std::thread::Builder::new().name(name.into()).spawn(guarded).map(drop).map_err(StartError::Thread)
}

fn started(nets: &entry::Nets) -> Event {
    let mut event = Event::new(Code::Started, Timestamp::now()).because(concat!("facegate ", env!("CARGO_PKG_VERSION")));
    event.detector = nets.detector;
    event.encoder = nets.encoder;
    event.liveness_models = nets.liveness.clone();
    event
}
