//! Tells systemd that the gate works, on a thread of its own: whoever should read that may be stuck, and the tick that ends permits must
//! not be stuck with it.

use super::health::Health;
use sd_notify::NotifyState;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// How often the thread looks whether the service ends, where the unit wants no watchdog.
const IDLE: Duration = Duration::from_millis(250);

/// Begins the thread. It sends `WATCHDOG=1` four times in the interval that the unit allows, each time only if [`Health::fed`] was set
/// since, and `STOPPING=1` at the end. Nobody waits for it.
///
/// # Errors
/// The thread can't be begun.
pub fn start(health: Arc<Health>) -> io::Result<()> {
    let every = sd_notify::watchdog_enabled().map(|limit| limit / 4);
    let watch = move || {
        while !health.leaves() {
            std::thread::park_timeout(every.unwrap_or(IDLE));
            if every.is_some() && health.fed.swap(false, Ordering::Relaxed) {
                tell(NotifyState::Watchdog);
            }
        }
        tell(NotifyState::Stopping);
    };
    std::thread::Builder::new().name("watchdog".into()).spawn(watch).map(drop)
}

/// Sends one word; without systemd nobody hears it.
pub fn tell(state: NotifyState<'_>) {
    if let Err(e) = sd_notify::notify(&[state]) {
        log::warn!("systemd can't be told how the gate is: {e}");
    }
}
