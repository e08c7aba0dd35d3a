//! A scripted device in the kernel's place. Time passes only when it is waited for, or when a test says so.

use super::device::{Card, Control, Device, Errno, Filled, FourCc, Layout, Rates, Sizes};
use crate::camera::mjpeg::tests::jpeg;
use crate::config::Camera as Section;
use crate::units::{Clock, Moment};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Size that tests ask for.
pub(crate) const SIZE: (u32, u32) = (64, 48);
/// From a frame to the next.
const INTERVAL: Duration = Duration::from_millis(66);
/// A frame is so old when it comes.
pub(crate) const AGE: Duration = Duration::from_millis(20);
/// A mapping is larger than the frame, as the kernel rounds it up.
const MAPPING: usize = 16 * 1024;

/// What happens next.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Event {
    /// A good YUYV frame.
    Frame,
    /// The same, with padding up to the buffer's end.
    Padded,
    /// The driver's ERROR flag.
    Damaged,
    /// So many bytes only.
    Short(usize),
    /// More bytes than the buffer has.
    TooLong,
    /// Nothing for so many milliseconds.
    Silence(u64),
    /// poll says yes, dequeue says no.
    Spurious,
    /// The device goes.
    Unplugged,
    /// It goes between a frame and its buffer's way back.
    UnpluggedAtQueue,
    InputOutputError,
    /// A good JPEG of this size.
    Jpeg(u32, u32),
    TornJpeg,
    Garbage,
    /// A frame with this number.
    Numbered(u32),
    /// A frame whose time stamp is of another clock.
    NoStamp,
    /// A frame whose time stamp is an hour old.
    OldStamp,
}

pub(crate) struct State {
    pub(crate) card: Card,
    pub(crate) agrees_on: Option<(u32, u32)>,
    pub(crate) whole: bool,
    pub(crate) busy: bool,
    pub(crate) full_range: bool,
    offered: Vec<(FourCc, u32, u32, u32)>,
    events: VecDeque<Event>,
    /// When the next event is due.
    due: Duration,
    time: Duration,
    queue: VecDeque<u32>,
    sequence: u32,
    asked: usize,
    gone: bool,
    goes_at_queue: bool,
}

/// A handle to the script; the device and the test share it.
#[derive(Clone)]
pub(crate) struct Fake {
    state: Arc<Mutex<State>>,
    /// Contents of the buffers; what is dequeued is written here.
    buffers: Vec<Vec<u8>>,
}

/// What tests configure.
pub(crate) fn config() -> Section {
    Section { width: SIZE.0, height: SIZE.1, ..Section::default() }
}

impl Fake {
    pub(crate) fn new(events: Vec<Event>) -> Fake {
        let card = Card { driver: "fake".into(), name: "Fake Camera".into(), captures: true, streams: true };
        let offered = vec![(FourCc::YUYV, SIZE.0, SIZE.1, 15)];
        let time = Duration::from_secs(100);
        let state = State {
            card,
            agrees_on: None,
            whole: true,
            busy: false,
            full_range: false,
            offered,
            events: events.into(),
            due: time + INTERVAL,
            time,
            queue: VecDeque::new(),
            sequence: 41,
            asked: 0,
            gone: false,
            goes_at_queue: false,
        };
        Fake { state: Arc::new(Mutex::new(state)), buffers: vec![] }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(crate) fn set(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
    }

    pub(crate) fn offer(&self, list: &[(FourCc, u32, u32, u32)]) {
        self.state().offered = list.to_vec();
    }

    pub(crate) fn push(&self, events: impl IntoIterator<Item = Event>) {
        self.state().events.extend(events);
    }

    pub(crate) fn clock(&self) -> Clock {
        let state = Arc::clone(&self.state);
        Arc::new(move || Moment::after(state.lock().unwrap().time))
    }

    pub(crate) fn time(&self) -> Duration {
        self.state().time
    }

    pub(crate) fn pass(&self, time: Duration) {
        self.state().time += time;
    }

    /// Buffers that the kernel has.
    pub(crate) fn queued(&self) -> usize {
        self.state().queue.len()
    }

    /// Requests for frames so far.
    pub(crate) fn asked(&self) -> usize {
        self.state().asked
    }
}

impl State {
    fn here(&self) -> Result<(), Errno> {
        if self.gone { Err(Errno::NODEV) } else { Ok(()) }
    }
}

impl Device for Fake {
    fn card(&mut self) -> Result<Card, Errno> {
        Ok(self.state().card.clone())
    }

    fn formats(&mut self) -> Result<Vec<FourCc>, Errno> {
        let mut formats: Vec<_> = self.state().offered.iter().map(|o| o.0).collect();
        formats.dedup();
        Ok(formats)
    }

    fn sizes(&mut self, fourcc: FourCc) -> Result<Vec<Sizes>, Errno> {
        Ok(self.state().offered.iter().filter(|o| o.0 == fourcc).map(|o| Sizes::one(o.1, o.2)).collect())
    }

    fn rates(&mut self, fourcc: FourCc, size: (u32, u32)) -> Result<Vec<Rates>, Errno> {
        let state = self.state();
        let of_size = state.offered.iter().filter(|o| o.0 == fourcc && (o.1, o.2) == size);
        // 0: a driver that lists no rates
        Ok(of_size.filter(|o| o.3 > 0).map(|o| Rates { slowest: o.3, fastest: o.3 }).collect())
    }

    fn set_format(&mut self, fourcc: FourCc, size: (u32, u32)) -> Result<Layout, Errno> {
        let state = self.state();
        if state.busy {
            return Err(Errno::BUSY);
        }
        let (width, height) = state.agrees_on.unwrap_or(size);
        let stride = if fourcc == FourCc::YUYV { width as usize * 2 } else { 0 };
        Ok(Layout { fourcc, width, height, stride, full_range: state.full_range, whole: state.whole })
    }

    fn set_rate(&mut self, per_second: u32) -> Result<u32, Errno> {
        Ok(per_second)
    }

    fn request(&mut self, count: u32) -> Result<u32, Errno> {
        self.state().here()?;
        self.buffers = vec![vec![0; MAPPING]; count as usize];
        self.state().queue.clear();
        Ok(count)
    }

    fn queue(&mut self, index: u32) -> Result<(), Errno> {
        let mut state = self.state();
        state.gone |= std::mem::take(&mut state.goes_at_queue);
        state.here()?;
        assert!(!state.queue.contains(&index), "buffer {index} is queued twice");
        assert!((index as usize) < self.buffers.len());
        state.queue.push_back(index);
        Ok(())
    }

    fn start(&mut self) -> Result<(), Errno> {
        let mut state = self.state();
        assert_eq!(state.queue.len(), self.buffers.len(), "streaming begins with every buffer queued");
        state.due = state.time + INTERVAL;
        Ok(())
    }

    fn stop(&mut self) -> Result<(), Errno> {
        self.state().here()
    }

    fn poll(&mut self, wait: Duration) -> Result<bool, Errno> {
        let mut state = self.state();
        state.asked += 1;
        while let Some(Event::Silence(ms)) = state.events.front().copied() {
            state.due += Duration::from_millis(ms);
            state.events.pop_front();
        }
        let end = state.time + wait;
        if state.events.is_empty() || state.due > end || state.queue.is_empty() {
            state.time = end;
            return Ok(false);
        }
        state.time = state.time.max(state.due);
        Ok(true)
    }

    fn dequeue(&mut self) -> Result<Filled, Errno> {
        let mut state = self.state.lock().unwrap();
        let event = state.events.pop_front().ok_or(Errno::AGAIN)?;
        match event {
            Event::Spurious => return Err(Errno::AGAIN),
            Event::InputOutputError => return Err(Errno::IO),
            Event::Unplugged => state.gone = true,
            Event::UnpluggedAtQueue => state.goes_at_queue = true,
            _ => {}
        }
        state.here()?;
        let index = state.queue.pop_front().unwrap();
        let whole = SIZE.0 as usize * SIZE.1 as usize * 2;
        state.sequence += 1;
        let taken = state.due.checked_sub(AGE);
        state.due += INTERVAL;
        let mut filled = Filled { index, bytes_used: whole, damaged: false, sequence: state.sequence, taken };
        let buffer = &mut self.buffers[index as usize];
        let mut put = |bytes: &[u8]| {
            buffer.fill(0xa5); // old bytes lie behind the frame
            buffer[..bytes.len()].copy_from_slice(bytes);
            bytes.len()
        };
        match event {
            Event::Padded => filled.bytes_used = MAPPING,
            Event::Damaged => filled.damaged = true,
            Event::Short(bytes) => filled.bytes_used = bytes,
            Event::TooLong => filled.bytes_used = MAPPING + 1,
            Event::Jpeg(w, h) => filled.bytes_used = put(&jpeg(w, h)),
            Event::TornJpeg => filled.bytes_used = put(&jpeg(64, 48)[..900]),
            Event::Garbage => filled.bytes_used = put(b"\0\x01\x02 garbage"),
            Event::Numbered(number) => filled.sequence = number,
            Event::NoStamp => filled.taken = None,
            Event::OldStamp => filled.taken = filled.taken.and_then(|t| t.checked_sub(Duration::from_secs(60))),
            _ => {}
        }
        Ok(filled)
    }

    fn bytes(&self, index: u32) -> &[u8] {
        if self.state().queue.contains(&index) {
            return &[];
        }
        self.buffers.get(index as usize).map_or(&[], Vec::as_slice)
    }

    fn monotonic(&self) -> Duration {
        self.state().time
    }

    fn control(&mut self, id: u32) -> Result<Control, Errno> {
        if id != v4l2_sys_mit::V4L2_CID_BRIGHTNESS {
            return Err(Errno::INVAL);
        }
        Ok(Control { name: "Brightness".into(), least: 0, most: 10, step: 1, default: 5, value: 7, active: true })
    }

    fn set_control(&mut self, _: u32, value: i32) -> Result<(), Errno> {
        if value <= 10 { Ok(()) } else { Err(Errno::RANGE) }
    }
}
