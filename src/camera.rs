//! Delivers the newest picture, or says that there is none. Knows V4L2, `rpicam-vid` and files; knows nothing of faces or doors.

mod frame;

pub use frame::{Frame, FramePool, PixelFormat};
