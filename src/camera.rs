//! Delivers the newest picture, or says that there is none. Knows V4L2, `rpicam-vid` and files; knows nothing of faces or doors.
//!
//! Three cameras behind one trait: `v4l2` (USB), `rpicam` (a Raspberry Pi's ribbon camera) and `replay` (pictures from files). One
//! suite of promises is run against each of them (`conformance.rs`): frames have the size that was asked for, sequence numbers rise,
//! `captured_at` never runs back, no frame buffer is allocated once all have been used, and `next` comes back in time when nothing arrives.

#[cfg(test)]
mod conformance;
mod frame;
mod mjpeg;
pub mod picture;
mod reconnecting;
pub mod replay;
pub mod rpicam;
pub mod v4l2;
mod variation;

pub use frame::{Frame, FramePool, PixelFormat};
pub use replay::{Pace, Replay, replay};
pub use variation::vary;

use crate::config::{Camera as Section, CameraDriver};
use crate::units::Clock;
use picture::PictureError;
use reconnecting::Reconnecting;
use std::time::Duration;

/// Something that delivers frames.
pub trait Camera: Send {
    /// Waits at most `wait` for the next frame, and gives the newest there is.
    ///
    /// # Errors
    /// [`CameraError::Late`], [`CameraError::Bad`] and [`CameraError::Gone`] are worth another call; the other two are final.
    fn next(&mut self, wait: Duration) -> Result<Frame, CameraError>;

    /// For logs: `v4l2 /dev/v4l/by-id/usb-... 640x480 YUYV 15/s`.
    fn describe(&self) -> String;
}

/// Why there is no frame.
#[derive(Debug, thiserror::Error)]
pub enum CameraError {
    /// Nothing came in time. Ask again; how long is too long, the caller knows.
    #[error("no frame within {} ms", .0.as_millis())]
    Late(Duration),
    /// A frame came and was thrown away. Ask again, and count these.
    #[error("a frame was thrown away: {0}")]
    Bad(#[from] BadFrame),
    /// The camera isn't there. One from [`open`] opens it again by itself, after growing pauses: ask again.
    #[error("{camera} is gone: {why}")]
    Gone {
        /// Which camera.
        camera: String,
        /// What was seen of its going.
        why: String,
    },
    /// The pictures of a replay have ended.
    #[error("the pictures have ended")]
    Ended,
    /// It can't work as it is configured: this needs a person.
    #[error("{problem}: {remedy}")]
    Unfit {
        /// What doesn't fit.
        problem: String,
        /// What to do about it.
        remedy: String,
    },
}

/// What was wrong with a frame.
#[derive(Debug, thiserror::Error)]
pub enum BadFrame {
    /// The driver itself marked it.
    #[error("the camera's driver marked it as damaged")]
    Flagged,
    /// Fewer bytes than a picture has.
    #[error("it has {found} bytes instead of {expected}")]
    Short {
        /// Bytes that came.
        found: usize,
        /// Bytes of a whole picture.
        expected: usize,
    },
    /// No picture, or its end is missing.
    #[error("it is no whole JPEG: {0}")]
    NotJpeg(String),
    /// A picture of a replay.
    #[error(transparent)]
    Picture(#[from] PictureError),
}

/// Opens the camera that the configuration names. What comes back opens itself again when the camera is gone or stands still for
/// `stall_ms`, with pauses that double up to `reconnect_ms`; `next` keeps its word on waiting meanwhile, but for the time that the kernel
/// takes to open a device.
///
/// # Errors
/// [`CameraError::Unfit`] when a person has to change something, [`CameraError::Gone`] when the camera isn't there now.
pub fn open(config: &Section, now: Clock) -> Result<Box<dyn Camera>, CameraError> {
    let (config, clock) = (config.clone(), now.clone());
    let stall = Duration::from_millis(config.stall_ms);
    let longest_pause = Duration::from_millis(config.reconnect_ms);
    let make: reconnecting::Make = match config.driver {
        CameraDriver::V4l2 => Box::new(move || Ok(Box::new(v4l2::open(&config, now.clone())?))),
        CameraDriver::Rpicam => Box::new(move || Ok(Box::new(rpicam::open(&config, now.clone())?))),
        CameraDriver::Replay => return replay::open(&config, now),
    };
    Ok(Box::new(Reconnecting::open(make, stall, longest_pause, clock)?))
}

/// Lets time pass, where nothing can be waited for: never longer than the `wait` that a caller gave.
fn pause(time: Duration) {
    #[expect(clippy::disallowed_methods, reason = "between two pictures and between two tries there is nothing to wait for but time")]
    std::thread::sleep(time);
}
