//! The kernel's side of [`Device`]: ioctls and mappings. Every `unsafe` of this room is in this file.

use super::device::{Card, Control, Device, Errno, Filled, FourCc, Layout, Rates, Sizes};
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fs::{Mode, OFlags};
use rustix::ioctl::{Opcode, Setter, Updater, ioctl, opcode};
use rustix::mm::{MapFlags, ProtFlags};
use std::ffi::c_void;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;
use v4l2_sys_mit::*;

const CAPTURE: u32 = v4l2_buf_type_V4L2_BUF_TYPE_VIDEO_CAPTURE;
const MMAP: u32 = v4l2_memory_V4L2_MEMORY_MMAP;

const QUERYCAP: Opcode = opcode::read::<v4l2_capability>(b'V', 0);
const ENUM_FMT: Opcode = opcode::read_write::<v4l2_fmtdesc>(b'V', 2);
const S_FMT: Opcode = opcode::read_write::<v4l2_format>(b'V', 5);
const REQBUFS: Opcode = opcode::read_write::<v4l2_requestbuffers>(b'V', 8);
const QUERYBUF: Opcode = opcode::read_write::<v4l2_buffer>(b'V', 9);
const QBUF: Opcode = opcode::read_write::<v4l2_buffer>(b'V', 15);
const DQBUF: Opcode = opcode::read_write::<v4l2_buffer>(b'V', 17);
const STREAMON: Opcode = opcode::write::<i32>(b'V', 18);
const STREAMOFF: Opcode = opcode::write::<i32>(b'V', 19);
const S_PARM: Opcode = opcode::read_write::<v4l2_streamparm>(b'V', 22);
const G_CTRL: Opcode = opcode::read_write::<v4l2_control>(b'V', 27);
const S_CTRL: Opcode = opcode::read_write::<v4l2_control>(b'V', 28);
const QUERYCTRL: Opcode = opcode::read_write::<v4l2_queryctrl>(b'V', 36);
const ENUM_FRAMESIZES: Opcode = opcode::read_write::<v4l2_frmsizeenum>(b'V', 74);
const ENUM_FRAMEINTERVALS: Opcode = opcode::read_write::<v4l2_frmivalenum>(b'V', 75);

/// No list of formats, sizes or rates is longer; a driver that never ends its list doesn't hang us.
const LONGEST_LIST: u32 = 256;

/// Marks a structure of the V4L2 interface for which all bytes zero is a value.
///
/// # Safety
/// Only for structures of integers, and unions and arrays of them.
unsafe trait Plain: Sized {
    fn zeroed() -> Self {
        // SAFETY: the trait is only for types for which all bytes zero is a value.
        unsafe { std::mem::zeroed() }
    }
}
macro_rules! plain {
    ($($t:ty),*) => { $(
        // SAFETY: a C structure of integers and unions of them (linux/videodev2.h).
        unsafe impl Plain for $t {}
    )* };
}
plain!(v4l2_capability, v4l2_fmtdesc, v4l2_format, v4l2_requestbuffers, v4l2_buffer, v4l2_streamparm);
plain!(v4l2_control, v4l2_queryctrl, v4l2_frmsizeenum, v4l2_frmivalenum);

/// A buffer of the driver in our address space.
struct Mapping {
    at: *mut c_void,
    length: usize,
    /// Dequeued and not queued again: only then nobody writes into it.
    ours: bool,
}

// SAFETY: a mapping belongs to the process, not to a thread.
unsafe impl Send for Mapping {}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: `at` and `length` are what mmap gave, and no slice of it outlives the borrow of its owner.
        let _ = unsafe { rustix::mm::munmap(self.at, self.length) };
    }
}

/// An opened `/dev/video*`.
pub struct Kernel {
    mappings: Vec<Mapping>, // before `fd`: they go first
    fd: OwnedFd,
}

impl Kernel {
    /// Opens a device node, without blocking.
    ///
    /// # Errors
    /// `NOENT` when it isn't there, `ACCESS` when the rights are missing.
    pub fn open(path: &Path) -> Result<Kernel, Errno> {
        let fd = rustix::fs::open(path, OFlags::RDWR | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty())?;
        Ok(Kernel { mappings: Vec::new(), fd })
    }

    /// One ioctl that reads and writes `value`, again when a signal interrupts it.
    fn ask<const CODE: Opcode, T: Plain>(&self, value: &mut T) -> Result<(), Errno> {
        loop {
            // SAFETY: each constant above is made from the structure that the kernel's header names for it, with which alone it is used
            // in this file; QUERYCAP only writes, which an updater covers.
            match unsafe { ioctl(&self.fd, Updater::<CODE, T>::new(value)) } {
                Err(Errno::INTR) => {}
                answer => return answer,
            }
        }
    }

    fn buffer(index: u32) -> v4l2_buffer {
        v4l2_buffer { index, type_: CAPTURE, memory: MMAP, ..v4l2_buffer::zeroed() }
    }

    fn map(&self, index: u32) -> Result<Mapping, Errno> {
        let mut buffer = Self::buffer(index);
        self.ask::<QUERYBUF, _>(&mut buffer)?;
        // SAFETY: for MMAP buffers the kernel has set `offset`.
        let offset = unsafe { buffer.m.offset };
        let length = buffer.length as usize;
        // SAFETY: a new mapping at an address of the kernel's choice touches nothing of ours.
        let at = unsafe { rustix::mm::mmap(std::ptr::null_mut(), length, ProtFlags::READ, MapFlags::SHARED, &self.fd, offset.into())? };
        Ok(Mapping { at, length, ours: true })
    }
}

/// Text in a fixed field that a zero ends.
fn text(field: &[u8]) -> String {
    let end = field.iter().position(|b| *b == 0).unwrap_or(field.len());
    String::from_utf8_lossy(&field[..end]).into_owned()
}

/// What a list's items are, until the kernel says that there are no more.
fn listed<T>(mut item: impl FnMut(u32) -> Result<T, Errno>) -> Result<Vec<T>, Errno> {
    let mut items = Vec::new();
    for index in 0..LONGEST_LIST {
        match item(index) {
            Ok(value) => items.push(value),
            Err(Errno::INVAL) => break,
            Err(other) => return Err(other),
        }
    }
    Ok(items)
}

/// Frames a second of an interval in seconds, rounded.
fn per_second(interval: v4l2_fract) -> u32 {
    let (seconds, parts) = (u64::from(interval.numerator), u64::from(interval.denominator));
    (parts + seconds / 2).checked_div(seconds).unwrap_or(0).min(u64::from(u32::MAX)) as u32
}

impl Device for Kernel {
    fn card(&mut self) -> Result<Card, Errno> {
        let mut said = v4l2_capability::zeroed();
        self.ask::<QUERYCAP, _>(&mut said)?;
        let of_node = if said.capabilities & V4L2_CAP_DEVICE_CAPS != 0 { said.device_caps } else { said.capabilities };
        Ok(Card {
            driver: text(&said.driver),
            name: text(&said.card),
            captures: of_node & V4L2_CAP_VIDEO_CAPTURE != 0,
            streams: of_node & V4L2_CAP_STREAMING != 0,
        })
    }

    fn formats(&mut self) -> Result<Vec<FourCc>, Errno> {
        listed(|index| {
            let mut item = v4l2_fmtdesc { index, type_: CAPTURE, ..v4l2_fmtdesc::zeroed() };
            self.ask::<ENUM_FMT, _>(&mut item)?;
            Ok(FourCc(item.pixelformat.to_le_bytes()))
        })
    }

    fn sizes(&mut self, fourcc: FourCc) -> Result<Vec<Sizes>, Errno> {
        listed(|index| {
            let mut item = v4l2_frmsizeenum { index, pixel_format: u32::from_le_bytes(fourcc.0), ..v4l2_frmsizeenum::zeroed() };
            self.ask::<ENUM_FRAMESIZES, _>(&mut item)?;
            if item.type_ == v4l2_frmsizetypes_V4L2_FRMSIZE_TYPE_DISCRETE {
                // SAFETY: the kernel says which member of the union it has set; both are integers.
                let one = unsafe { item.__bindgen_anon_1.discrete };
                return Ok(Sizes::one(one.width, one.height));
            }
            // SAFETY: as above.
            let all = unsafe { item.__bindgen_anon_1.stepwise };
            Ok(Sizes {
                least: (all.min_width, all.min_height),
                most: (all.max_width, all.max_height),
                step: (all.step_width.max(1), all.step_height.max(1)),
            })
        })
    }

    fn rates(&mut self, fourcc: FourCc, (width, height): (u32, u32)) -> Result<Vec<Rates>, Errno> {
        listed(|index| {
            let pixel_format = u32::from_le_bytes(fourcc.0);
            let mut item = v4l2_frmivalenum { index, pixel_format, width, height, ..v4l2_frmivalenum::zeroed() };
            self.ask::<ENUM_FRAMEINTERVALS, _>(&mut item)?;
            if item.type_ == v4l2_frmivaltypes_V4L2_FRMIVAL_TYPE_DISCRETE {
                // SAFETY: the kernel says which member of the union it has set; both are integers.
                let rate = per_second(unsafe { item.__bindgen_anon_1.discrete });
                return Ok(Rates { slowest: rate, fastest: rate });
            }
            // SAFETY: as above.
            let all = unsafe { item.__bindgen_anon_1.stepwise };
            Ok(Rates { slowest: per_second(all.max), fastest: per_second(all.min) })
        })
    }

    fn set_format(&mut self, fourcc: FourCc, (width, height): (u32, u32)) -> Result<Layout, Errno> {
        let mut format = v4l2_format { type_: CAPTURE, ..v4l2_format::zeroed() };
        format.fmt.pix = v4l2_pix_format {
            width,
            height,
            pixelformat: u32::from_le_bytes(fourcc.0),
            field: v4l2_field_V4L2_FIELD_NONE,
            // SAFETY: all bytes zero is a value of a union of integers.
            ..unsafe { std::mem::zeroed() }
        };
        self.ask::<S_FMT, _>(&mut format)?;
        // SAFETY: for this buffer type the kernel has set `pix`.
        let agreed = unsafe { format.fmt.pix };
        let full_by_default =
            agreed.colorspace == v4l2_colorspace_V4L2_COLORSPACE_JPEG && agreed.quantization == v4l2_quantization_V4L2_QUANTIZATION_DEFAULT;
        Ok(Layout {
            fourcc: FourCc(agreed.pixelformat.to_le_bytes()),
            width: agreed.width,
            height: agreed.height,
            stride: agreed.bytesperline as usize,
            full_range: full_by_default || agreed.quantization == v4l2_quantization_V4L2_QUANTIZATION_FULL_RANGE,
            whole: [v4l2_field_V4L2_FIELD_NONE, v4l2_field_V4L2_FIELD_INTERLACED].contains(&agreed.field),
        })
    }

    fn set_rate(&mut self, per_second_wished: u32) -> Result<u32, Errno> {
        let mut parameters = v4l2_streamparm { type_: CAPTURE, ..v4l2_streamparm::zeroed() };
        // SAFETY: all bytes zero is a value of a structure of integers.
        let mut capture: v4l2_captureparm = unsafe { std::mem::zeroed() };
        capture.timeperframe = v4l2_fract { numerator: 1, denominator: per_second_wished };
        parameters.parm.capture = capture;
        self.ask::<S_PARM, _>(&mut parameters)?;
        // SAFETY: for this buffer type the kernel has set `capture`.
        Ok(per_second(unsafe { parameters.parm.capture.timeperframe }))
    }

    fn request(&mut self, count: u32) -> Result<u32, Errno> {
        self.mappings.clear(); // the kernel frees no buffer that is mapped
        let mut request = v4l2_requestbuffers { count, type_: CAPTURE, memory: MMAP, ..v4l2_requestbuffers::zeroed() };
        self.ask::<REQBUFS, _>(&mut request)?;
        let got = if count == 0 { 0 } else { request.count };
        for index in 0..got {
            let mapping = self.map(index)?;
            self.mappings.push(mapping);
        }
        Ok(got)
    }

    fn queue(&mut self, index: u32) -> Result<(), Errno> {
        let mapping = self.mappings.get_mut(index as usize).ok_or(Errno::INVAL)?;
        mapping.ours = false;
        self.ask::<QBUF, _>(&mut Self::buffer(index))
    }

    fn start(&mut self) -> Result<(), Errno> {
        // SAFETY: STREAMON takes the address of an int.
        unsafe { ioctl(&self.fd, Setter::<STREAMON, i32>::new(CAPTURE as i32)) }
    }

    fn stop(&mut self) -> Result<(), Errno> {
        // SAFETY: STREAMOFF takes the address of an int.
        unsafe { ioctl(&self.fd, Setter::<STREAMOFF, i32>::new(CAPTURE as i32)) }
    }

    fn poll(&mut self, wait: Duration) -> Result<bool, Errno> {
        let timeout = Timespec { tv_sec: wait.as_secs().min(i32::MAX as u64) as i64, tv_nsec: wait.subsec_nanos().into() };
        let mut asked = [PollFd::new(&self.fd, PollFlags::IN)];
        match rustix::event::poll(&mut asked, Some(&timeout)) {
            Err(Errno::INTR) | Ok(0) => return Ok(false),
            Err(other) => return Err(other),
            Ok(_) => {}
        }
        let events = asked[0].revents();
        if events.contains(PollFlags::IN) {
            Ok(true)
        } else if events.contains(PollFlags::HUP) {
            Err(Errno::NODEV)
        } else {
            Err(Errno::IO)
        }
    }

    fn dequeue(&mut self) -> Result<Filled, Errno> {
        let mut buffer = Self::buffer(0);
        self.ask::<DQBUF, _>(&mut buffer)?;
        if let Some(mapping) = self.mappings.get_mut(buffer.index as usize) {
            mapping.ours = true;
        }
        let monotonic = buffer.flags & V4L2_BUF_FLAG_TIMESTAMP_MASK == V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
        let (seconds, micros) = (u64::try_from(buffer.timestamp.tv_sec), u32::try_from(buffer.timestamp.tv_usec));
        Ok(Filled {
            index: buffer.index,
            bytes_used: buffer.bytesused as usize,
            damaged: buffer.flags & V4L2_BUF_FLAG_ERROR != 0,
            sequence: buffer.sequence,
            taken: match (monotonic, seconds, micros) {
                (true, Ok(seconds), Ok(micros)) if micros < 1_000_000 => Some(Duration::new(seconds, micros * 1000)),
                _ => None,
            },
        })
    }

    fn bytes(&self, index: u32) -> &[u8] {
        match self.mappings.get(index as usize) {
            // SAFETY: the mapping lives as long as `self` is borrowed, can be read, and the kernel doesn't write into a buffer between
            // DQBUF and QBUF, which `ours` follows; queueing it again needs `&mut self`.
            Some(mapping) if mapping.ours => unsafe { std::slice::from_raw_parts(mapping.at.cast(), mapping.length) },
            _ => &[],
        }
    }

    fn monotonic(&self) -> Duration {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or(0))
    }

    fn control(&mut self, id: u32) -> Result<Control, Errno> {
        let mut said = v4l2_queryctrl { id, ..v4l2_queryctrl::zeroed() };
        self.ask::<QUERYCTRL, _>(&mut said)?;
        if said.flags & V4L2_CTRL_FLAG_DISABLED != 0 {
            return Err(Errno::INVAL);
        }
        let mut now = v4l2_control { id, value: 0 };
        self.ask::<G_CTRL, _>(&mut now)?;
        Ok(Control {
            name: text(&said.name),
            least: said.minimum,
            most: said.maximum,
            step: said.step,
            default: said.default_value,
            value: now.value,
            active: said.flags & (V4L2_CTRL_FLAG_INACTIVE | V4L2_CTRL_FLAG_GRABBED | V4L2_CTRL_FLAG_READ_ONLY) == 0,
        })
    }

    fn set_control(&mut self, id: u32, value: i32) -> Result<(), Errno> {
        self.ask::<S_CTRL, _>(&mut v4l2_control { id, value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sizes that linux/videodev2.h has on 64-bit machines; a wrong one would be a wrong ioctl number.
    #[test]
    fn structures_have_the_kernels_sizes() {
        assert_eq!(size_of::<v4l2_buffer>(), 88);
        assert_eq!(size_of::<v4l2_format>(), 208);
        assert_eq!(size_of::<v4l2_streamparm>(), 204);
        assert_eq!(size_of::<v4l2_capability>(), 104);
        assert_eq!(size_of::<v4l2_requestbuffers>(), 20);
    }

    /// As `strace` and other programs print them.
    #[test]
    fn requests_have_the_kernels_numbers() {
        let numbers = [QUERYCAP, S_FMT, REQBUFS, QUERYBUF, QBUF, DQBUF, STREAMON, STREAMOFF, S_PARM, ENUM_FRAMESIZES, ENUM_FRAMEINTERVALS];
        let expected = [
            0x8068_5600u64,
            0xc0d0_5605,
            0xc014_5608,
            0xc058_5609,
            0xc058_560f,
            0xc058_5611,
            0x4004_5612,
            0x4004_5613,
            0xc0cc_5616,
            0xc02c_564a,
            0xc034_564b,
        ];
        assert_eq!(numbers.map(|n| n as u64), expected);
    }

    #[test]
    fn intervals_become_rates() {
        let rate = |numerator, denominator| per_second(v4l2_fract { numerator, denominator });
        assert_eq!((rate(1, 30), rate(1001, 30000), rate(2, 15), rate(0, 1), rate(333_333, 10_000_000)), (30, 30, 8, 0, 30));
    }

    #[test]
    fn what_is_no_camera_refuses_to_be_one() {
        assert_eq!(Kernel::open(Path::new("/dev/no-such-video")).err(), Some(Errno::NOENT));
        let mut null = Kernel::open(Path::new("/dev/null")).unwrap();
        assert_eq!(null.card().err(), Some(Errno::NOTTY));
        assert_eq!(null.request(4).err(), Some(Errno::NOTTY));
        assert_eq!(null.queue(0).err(), Some(Errno::INVAL));
        assert!(null.bytes(0).is_empty());
    }
}
