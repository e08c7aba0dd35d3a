//! A device that streams: four buffers go round between the kernel and us, and frames come out.
//!
//! Promises: every buffer that the kernel gives goes back to it, whatever was in it; a frame is whole or an error; a deadline holds; a
//! device that has gone is let go at once and never asked again; to drop it never panics.

use super::device::{Device, Errno, Filled, FourCc, Layout};
use crate::camera::frame::{chroma_to_limited, luma_to_limited};
use crate::camera::mjpeg::{Mjpeg, NoPicture};
use crate::camera::{BadFrame, CameraError, Frame, FramePool, PixelFormat};
use crate::units::{Clock, Moment};
use std::time::Duration;

/// Buffers of the driver: one being filled, one waiting to be, one being read, one to spare. Fewer lose frames (one lost half of them on
/// older Raspberry Pi systems), more are only older.
const BUFFERS: u32 = 4;

/// A time stamp older than this isn't believed.
const OLDEST: Duration = Duration::from_secs(10);

/// A device and what goes round in it.
pub(super) struct Stream<D: Device> {
    pub(super) device: D,
    pub(super) name: String,
    layout: Option<Layout>,
    buffers: u32,
    gone: bool,
    pool: FramePool,
    mjpeg: Mjpeg,
    sequence: Option<(u32, u64)>,
    newest: Moment,
    now: Clock,
    /// Why the last request failed: `nokhwa`'s errors are texts only.
    pub(super) fault: Option<CameraError>,
}

impl<D: Device> Stream<D> {
    pub(super) fn new(device: D, name: String, now: Clock) -> Stream<D> {
        Stream {
            device,
            name,
            layout: None,
            buffers: 0,
            gone: false,
            pool: FramePool::new(),
            mjpeg: Mjpeg::default(),
            sequence: None,
            newest: Moment::START,
            now,
            fault: None,
        }
    }

    /// Agrees on a format and size, or says what the device would rather have. Stops the stream.
    pub(super) fn set_format(&mut self, fourcc: FourCc, size: (u32, u32)) -> Result<Layout, CameraError> {
        self.stop();
        let answer = self.device.set_format(fourcc, size);
        let name = self.name.clone();
        let unfit = |problem: String, remedy: &str| CameraError::Unfit { problem: format!("{name}: {problem}"), remedy: remedy.into() };
        let mut agreed = answer.map_err(|e| match e {
            Errno::INVAL => unfit(format!("it has no {fourcc} of {}x{}", size.0, size.1), "set camera.format to another"),
            other => self.lost(other),
        })?;
        if (agreed.fourcc, agreed.width, agreed.height) != (fourcc, size.0, size.1) {
            let (f, w, h) = (agreed.fourcc, agreed.width, agreed.height);
            let problem = format!("asked for {fourcc} {}x{}, it gives {f} {w}x{h}", size.0, size.1);
            return Err(unfit(problem, "set camera.format, camera.width and camera.height to what it has"));
        }
        if !agreed.whole {
            return Err(unfit("it gives every other row of a picture at a time".into(), "use another camera, or another size"));
        }
        if let Some(format) = uncompressed(fourcc) {
            let row = format.row_bytes(agreed.width);
            agreed.stride = if agreed.stride == 0 { row } else { agreed.stride };
            if agreed.stride < row || !agreed.width.is_multiple_of(2) {
                let problem = format!("its rows of {} pixels have {} bytes", agreed.width, agreed.stride);
                return Err(unfit(problem, "use another camera.width, an even one"));
            }
        }
        self.layout = Some(agreed);
        Ok(agreed)
    }

    /// Makes buffers, gives them to the kernel and starts.
    pub(super) fn start(&mut self) -> Result<(), CameraError> {
        self.stop();
        let started = (|| {
            self.buffers = self.device.request(BUFFERS)?;
            if self.buffers == 0 {
                return Err(Errno::NOMEM);
            }
            (0..self.buffers).try_for_each(|index| self.device.queue(index))?;
            self.device.start()
        })();
        started.map_err(|e| self.lost(e))
    }

    /// Whether it was started and hasn't gone.
    pub(super) fn is_on(&self) -> bool {
        self.buffers > 0 && !self.gone
    }

    /// Stops and frees, as far as that is possible: a device that has gone can't, and that is no fault.
    pub(super) fn stop(&mut self) {
        if self.buffers > 0 {
            let stopped = self.device.stop();
            let freed = self.device.request(0);
            log::debug!("{}: stopped ({stopped:?}, {freed:?})", self.name);
            self.buffers = 0;
        }
    }

    /// The newest frame, within `wait`.
    pub(super) fn next(&mut self, wait: Duration) -> Result<Frame, CameraError> {
        let deadline = (self.now)().plus(wait);
        loop {
            let filled = self.newest_buffer(deadline, wait)?;
            let taken = self.take(&filled);
            self.give_back(filled.index)?;
            // None: all frames of the pool are still being looked at, so this one is lost, and the next may find one.
            if let Some(frame) = taken.transpose() {
                return frame;
            }
        }
    }

    /// The newest frame's bytes as they came, within `wait`.
    pub(super) fn next_raw(&mut self, wait: Duration) -> Result<Vec<u8>, CameraError> {
        let deadline = (self.now)().plus(wait);
        let filled = self.newest_buffer(deadline, wait)?;
        let taken = if filled.damaged { Err(BadFrame::Flagged.into()) } else { self.used_bytes(&filled).map(<[u8]>::to_vec) };
        self.give_back(filled.index)?;
        taken
    }

    /// Waits for a filled buffer, and goes on to the last of those that are there: they are older the slower we are.
    fn newest_buffer(&mut self, deadline: Moment, wait: Duration) -> Result<Filled, CameraError> {
        if !self.is_on() {
            return Err(self.gone_because("it isn't streaming any more"));
        }
        let mut filled = loop {
            let left = deadline.since((self.now)());
            if self.device.poll(left).map_err(|e| self.lost(e))?
                && let Some(filled) = self.dequeue()?
            {
                break filled;
            }
            if (self.now)() >= deadline {
                return Err(CameraError::Late(wait));
            }
        };
        for _ in 1..self.buffers {
            if !self.device.poll(Duration::ZERO).unwrap_or(false) {
                break;
            }
            let Some(newer) = self.dequeue()? else { break };
            self.give_back(filled.index)?;
            filled = newer;
        }
        Ok(filled)
    }

    fn dequeue(&mut self) -> Result<Option<Filled>, CameraError> {
        match self.device.dequeue() {
            Ok(filled) if filled.index < self.buffers => {
                self.count(filled.sequence);
                Ok(Some(filled))
            }
            Ok(filled) => {
                self.gone = true;
                Err(self.gone_because(&format!("its driver gave buffer {} of {}", filled.index, self.buffers)))
            }
            Err(Errno::AGAIN) => Ok(None),
            Err(other) => Err(self.lost(other)),
        }
    }

    fn give_back(&mut self, index: u32) -> Result<(), CameraError> {
        self.device.queue(index).map_err(|e| self.lost(e))
    }

    /// Goes on counting past the driver's wraps, and where a driver doesn't count.
    fn count(&mut self, driver: u32) {
        let next = match self.sequence {
            None => 0,
            Some((last, ours)) => match driver.wrapping_sub(last) {
                step @ 1..=0x7fff_ffff => ours + u64::from(step),
                _ => ours + 1,
            },
        };
        self.sequence = Some((driver, next));
    }

    /// The bytes of the frame in this buffer.
    fn used_bytes(&self, filled: &Filled) -> Result<&[u8], CameraError> {
        let all = self.device.bytes(filled.index);
        let short = BadFrame::Short { found: all.len(), expected: filled.bytes_used };
        all.get(..filled.bytes_used).ok_or(short.into())
    }

    /// The frame in this buffer; None when the pool has no room for it.
    fn take(&mut self, filled: &Filled) -> Result<Option<Frame>, CameraError> {
        if filled.damaged {
            return Err(BadFrame::Flagged.into());
        }
        let Some(layout) = self.layout else { return Err(self.gone_because("no format was agreed on")) };
        let size = (layout.width, layout.height);
        let (device, mjpeg, pool) = (&self.device, &mut self.mjpeg, &self.pool);
        let used = device.bytes(filled.index);
        let short = |expected| BadFrame::Short { found: filled.bytes_used.min(used.len()), expected };
        let used = used.get(..filled.bytes_used).ok_or_else(|| short(filled.bytes_used))?;
        let frame = match uncompressed(layout.fourcc) {
            Some(format) => {
                let expected = format.frame_bytes(layout.stride, layout.height);
                let whole = used.get(..expected).ok_or_else(|| short(expected))?;
                pool.frame(format, size, layout.stride, |bytes| {
                    bytes.extend_from_slice(whole);
                    if layout.full_range && format == PixelFormat::Yuyv {
                        to_limited(bytes);
                    }
                    Ok(())
                })
            }
            None => {
                let format = PixelFormat::Rgb;
                pool.frame(format, size, format.row_bytes(layout.width), |bytes| mjpeg.decode(used, size, bytes))
            }
        };
        match frame {
            None => Ok(None),
            Some(Ok(mut frame)) => {
                frame.captured_at = self.taken_at(filled);
                frame.sequence = self.sequence.map_or(0, |(_, ours)| ours);
                Ok(Some(frame))
            }
            Some(Err(NoPicture::Bad(bad))) => Err(bad.into()),
            Some(Err(NoPicture::OtherSize(w, h))) => {
                self.gone = true;
                Err(self.gone_because(&format!("its frames have become {w}x{h} instead of {}x{}", size.0, size.1)))
            }
        }
    }

    /// The kernel's time stamp on our clock: as long ago as it is there.
    fn taken_at(&mut self, filled: &Filled) -> Moment {
        let now = (self.now)();
        let age = filled.taken.and_then(|at| self.device.monotonic().checked_sub(at)).filter(|age| *age < OLDEST);
        let at = Moment::after(now.since(Moment::START).saturating_sub(age.unwrap_or_default()));
        self.newest = self.newest.max(at);
        self.newest
    }

    /// The kernel refused: whatever it was, this handle isn't used again.
    fn lost(&mut self, errno: Errno) -> CameraError {
        self.gone = true;
        let why = match errno {
            Errno::NODEV | Errno::NXIO => "it was unplugged, or its driver gave it up".to_owned(),
            Errno::BUSY => "another program is using it (`fuser -v` on the device says which)".to_owned(),
            Errno::NOSPC => "the USB bus has no room for it: plug it into another port, or ask for a smaller size or MJPEG".to_owned(),
            Errno::IO | Errno::PROTO => format!("it doesn't answer as it should ({errno}): a loose plug, or too little power"),
            other => format!("the kernel says: {other}"),
        };
        self.gone_because(&why)
    }

    fn gone_because(&self, why: &str) -> CameraError {
        CameraError::Gone { camera: self.name.clone(), why: why.to_owned() }
    }
}

impl<D: Device> Drop for Stream<D> {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The frame's format, where the bytes are taken as they come.
fn uncompressed(fourcc: FourCc) -> Option<PixelFormat> {
    match fourcc {
        FourCc::YUYV => Some(PixelFormat::Yuyv),
        FourCc::GREY => Some(PixelFormat::Luma),
        _ => None,
    }
}

/// Full range to the limited one that [`PixelFormat::Yuyv`] promises.
fn to_limited(yuyv: &mut [u8]) {
    for pair in yuyv.chunks_exact_mut(2) {
        (pair[0], pair[1]) = (luma_to_limited(pair[0]), chroma_to_limited(pair[1]));
    }
}
