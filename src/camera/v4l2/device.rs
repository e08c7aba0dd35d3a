//! What a V4L2 device is asked, a verb for each request to the kernel, so that tests can put a scripted one in its place.
//!
//! Source: the kernel's "Video for Linux API", sections "Function Reference" and "Streaming I/O (Memory Mapping)".

use std::time::Duration;

/// What the kernel answers when it refuses.
pub type Errno = rustix::io::Errno;

/// A pixel format's four letters, as V4L2 codes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FourCc(pub [u8; 4]);

impl FourCc {
    /// Two pixels in four bytes: Y0 U Y1 V.
    pub const YUYV: FourCc = FourCc(*b"YUYV");
    /// A JPEG a frame.
    pub const MJPEG: FourCc = FourCc(*b"MJPG");
    /// A byte of brightness a pixel; infrared cameras. (`nokhwa`'s own backend looks for "GRAY", which no camera has.)
    pub const GREY: FourCc = FourCc(*b"GREY");
}

impl std::fmt::Display for FourCc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.0))
    }
}

/// What a device says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// Name of its driver: `uvcvideo`.
    pub driver: String,
    /// Its name, for people.
    pub name: String,
    /// Whether this very node gives pictures (a camera has other nodes too, for metadata).
    pub captures: bool,
    /// Whether it gives them in mapped buffers.
    pub streams: bool,
}

/// A size that is offered, or all between two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Smallest width and height.
    pub least: (u32, u32),
    /// Largest.
    pub most: (u32, u32),
    /// From one to the next; at least 1.
    pub step: (u32, u32),
}

impl Sizes {
    /// One size.
    pub fn one(width: u32, height: u32) -> Sizes {
        Sizes { least: (width, height), most: (width, height), step: (1, 1) }
    }

    /// Whether this size is among them.
    pub fn have(&self, (width, height): (u32, u32)) -> bool {
        let fits = |x: u32, least: u32, most: u32, step: u32| (least..=most).contains(&x) && (x - least).is_multiple_of(step.max(1));
        fits(width, self.least.0, self.most.0, self.step.0) && fits(height, self.least.1, self.most.1, self.step.1)
    }
}

/// Frames a second that are offered, or all between two; rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// Slowest.
    pub slowest: u32,
    /// Fastest.
    pub fastest: u32,
}

/// What a device was asked for, or what it agreed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// Pixel format.
    pub fourcc: FourCc,
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Bytes from a row to the next; 0 where rows have no meaning.
    pub stride: usize,
    /// Whether brightness goes from 0 to 255 instead of from 16 to 235.
    pub full_range: bool,
    /// Whether a buffer holds a whole picture, not every other row of one.
    pub whole: bool,
}

/// A buffer that the kernel has given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filled {
    /// Which one.
    pub index: u32,
    /// How many of its bytes are the frame's.
    pub bytes_used: usize,
    /// The driver's ERROR flag: something in it is damaged.
    pub damaged: bool,
    /// The driver's count of frames; begins anywhere, wraps.
    pub sequence: u32,
    /// When it was taken, on the kernel's monotonic clock; None when the driver uses another clock.
    pub taken: Option<Duration>,
}

/// A control's kind, limits and value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Control {
    /// Its name, for people.
    pub name: String,
    /// Least value.
    pub least: i32,
    /// Greatest value.
    pub most: i32,
    /// From a value to the next.
    pub step: i32,
    /// Value after power-on.
    pub default: i32,
    /// Value now.
    pub value: i32,
    /// Whether it can be set now.
    pub active: bool,
}

/// A capture device, opened. Every method is one request to the kernel, or nearly.
///
/// # Errors
/// What the kernel says: above all `NODEV` when the device has gone, which is final for this handle.
pub trait Device: Send + 'static {
    /// Who it is.
    fn card(&mut self) -> Result<Card, Errno>;
    /// Pixel formats on offer.
    fn formats(&mut self) -> Result<Vec<FourCc>, Errno>;
    /// Sizes on offer in a format.
    fn sizes(&mut self, fourcc: FourCc) -> Result<Vec<Sizes>, Errno>;
    /// Frame rates on offer at a format and size.
    fn rates(&mut self, fourcc: FourCc, size: (u32, u32)) -> Result<Vec<Rates>, Errno>;
    /// Asks for a format and size; the answer is what it will be, which may be another.
    fn set_format(&mut self, fourcc: FourCc, size: (u32, u32)) -> Result<Layout, Errno>;
    /// Asks for a frame rate; the answer is what it will be, rounded.
    fn set_rate(&mut self, per_second: u32) -> Result<u32, Errno>;
    /// Makes and maps buffers; the answer is how many there are. 0 unmaps and frees them.
    fn request(&mut self, count: u32) -> Result<u32, Errno>;
    /// Gives a buffer to the kernel, to be filled.
    fn queue(&mut self, index: u32) -> Result<(), Errno>;
    /// Begins to fill buffers.
    fn start(&mut self) -> Result<(), Errno>;
    /// Stops, and takes every buffer back from the kernel.
    fn stop(&mut self) -> Result<(), Errno>;
    /// Waits at most so long for a filled buffer; whether there is one.
    fn poll(&mut self, wait: Duration) -> Result<bool, Errno>;
    /// Takes the oldest filled buffer. `AGAIN` when there is none; never waits.
    fn dequeue(&mut self) -> Result<Filled, Errno>;
    /// The bytes of a buffer that was dequeued and not queued again; of any other, none.
    fn bytes(&self, index: u32) -> &[u8];
    /// The kernel's monotonic clock.
    fn monotonic(&self) -> Duration;
    /// A control, by its V4L2 number; `INVAL` when there is none.
    fn control(&mut self, id: u32) -> Result<Control, Errno>;
    /// Sets a control.
    fn set_control(&mut self, id: u32, value: i32) -> Result<(), Errno>;
}
