//! SIGTERM, SIGINT and SIGHUP: the ways to be asked to leave. Each sets a flag that the control tick reads within 20 ms.

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// A flag that these signals set from now on, instead of ending the process.
///
/// # Errors
/// The handlers can't be set.
pub fn leave_flag() -> io::Result<Arc<AtomicBool>> {
    let leave = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT, SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(&leave))?;
    }
    Ok(leave)
}
