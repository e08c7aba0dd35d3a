//! What every camera promises, held against each: a replay, a scripted V4L2 device in each format, a scripted `rpicam-vid`, and each of
//! them inside the wrapper that opens them again.
//!
//! A new camera is tested by a line in [`cameras`].

use super::reconnecting::Reconnecting;
use super::rpicam::tests::{instant, program, real_clock};
use super::v4l2::V4l2Camera;
use super::v4l2::device::FourCc;
use super::v4l2::fake::{Event, Fake, SIZE, config};
use super::*;
use crate::units::{Clock, Moment};
use std::collections::HashSet;
use std::time::Duration;

/// Frames that each camera below has before it falls silent.
const FRAMES: usize = 12;
/// Far longer than a frame takes.
const LONG: Duration = Duration::from_secs(20);
/// What `next` may take beyond its wait: this machine may be busy.
const SLACK: Duration = Duration::from_secs(2);

struct Candidate {
    name: &'static str,
    camera: Box<dyn Camera>,
    size: (u32, u32),
    format: PixelFormat,
    clock: Clock,
    /// Whether its frames come from a pool.
    pooled: bool,
    /// What lies on the disk for it.
    _folder: Option<tempfile::TempDir>,
}

fn v4l2(name: &'static str, fourcc: FourCc, format: PixelFormat, event: Event) -> Candidate {
    let fake = Fake::new(vec![event; FRAMES]);
    fake.offer(&[(fourcc, SIZE.0, SIZE.1, 15)]);
    let clock = fake.clock();
    let camera = V4l2Camera::start(fake, "fake".into(), &config(), clock.clone()).unwrap();
    Candidate { name, camera: Box::new(camera), size: SIZE, format, clock, pooled: true, _folder: None }
}

fn rpicam() -> Candidate {
    let (folder, config) = program(&format!("head -c {} /dev/zero; exec sleep 1000", FRAMES * 256 * 16 * 3 / 2));
    let clock = real_clock();
    let camera = Box::new(rpicam::open(&config, clock.clone()).unwrap());
    let name = "rpicam";
    Candidate { name, camera, size: (256, 16), format: PixelFormat::I420, clock, pooled: true, _folder: Some(folder) }
}

fn replayed() -> Candidate {
    let folder = replay::tests::folder(FRAMES as u8);
    let clock = real_clock();
    let camera = Box::new(replay(replay::pictures(folder.path()).unwrap(), 100, false, Pace::RealTime(clock.clone())));
    Candidate { name: "replay", camera, size: (16, 12), format: PixelFormat::Rgb, clock, pooled: false, _folder: Some(folder) }
}

fn reopened(inner: Candidate) -> Candidate {
    let mut camera = Some(inner.camera);
    let make: reconnecting::Make = Box::new(move || camera.take().ok_or(CameraError::Ended));
    let camera = Box::new(Reconnecting::open(make, LONG, LONG, inner.clock.clone()).unwrap());
    Candidate { name: "reopened", camera, ..inner }
}

fn cameras() -> Vec<Candidate> {
    let yuyv = || v4l2("yuyv", FourCc::YUYV, PixelFormat::Yuyv, Event::Frame);
    vec![
        yuyv(),
        v4l2("mjpeg", FourCc::MJPEG, PixelFormat::Rgb, Event::Jpeg(SIZE.0, SIZE.1)),
        v4l2("grey", FourCc::GREY, PixelFormat::Luma, Event::Frame),
        rpicam(),
        replayed(),
        reopened(yuyv()),
        reopened(rpicam()),
    ]
}

/// The next frame, however often it is late.
fn frame(candidate: &mut Candidate) -> Frame {
    let deadline = instant() + LONG;
    loop {
        match candidate.camera.next(Duration::from_millis(100)) {
            Ok(frame) => return frame,
            Err(CameraError::Late(_)) if instant() < deadline => {}
            Err(error) => panic!("{}: {error}", candidate.name),
        }
    }
}

#[test]
fn frames_have_the_size_and_the_bytes_that_they_say() {
    for mut candidate in cameras() {
        for _ in 0..FRAMES {
            let frame = frame(&mut candidate);
            assert_eq!((frame.width, frame.height), candidate.size, "{}", candidate.name);
            assert_eq!(frame.format, candidate.format, "{}", candidate.name);
            assert!(frame.stride >= frame.format.row_bytes(frame.width), "{}", candidate.name);
            assert_eq!(frame.bytes().len(), frame.format.frame_bytes(frame.stride, frame.height), "{}", candidate.name);
        }
    }
}

#[test]
fn sequence_rises_and_time_never_runs_back_nor_ahead() {
    for mut candidate in cameras() {
        let mut last: Option<(u64, Moment)> = None;
        for _ in 0..FRAMES {
            let frame = frame(&mut candidate);
            if let Some((sequence, at)) = last {
                assert!(frame.sequence > sequence, "{}: {sequence} then {}", candidate.name, frame.sequence);
                assert!(frame.captured_at >= at, "{}", candidate.name);
            }
            assert!(frame.captured_at <= (candidate.clock)(), "{}: a frame from the future", candidate.name);
            last = Some((frame.sequence, frame.captured_at));
        }
    }
}

#[test]
fn after_the_first_few_no_frame_gets_a_new_buffer() {
    for mut candidate in cameras().into_iter().filter(|c| c.pooled) {
        let (mut early, mut late) = (HashSet::new(), HashSet::new());
        for i in 0..FRAMES {
            let frame = frame(&mut candidate);
            // Four: three of the pool, and one that a frame may be coming into.
            let addresses = if i < FRAMES / 2 { &mut early } else { &mut late };
            addresses.insert(frame.bytes().as_ptr());
        }
        assert!(early.len() <= 4 && late.is_subset(&early), "{}: {early:?} then {late:?}", candidate.name);
    }
}

#[test]
fn when_nothing_comes_next_comes_back_in_time() {
    for mut candidate in cameras() {
        for _ in 0..FRAMES {
            frame(&mut candidate);
        }
        for wait in [0, 1, 50].map(Duration::from_millis) {
            let (clock, wall) = ((candidate.clock)(), instant());
            let error = candidate.camera.next(wait).unwrap_err();
            assert!(matches!(error, CameraError::Late(_) | CameraError::Ended), "{}: {error}", candidate.name);
            assert!((candidate.clock)().since(clock) < wait + SLACK && wall.elapsed() < wait + SLACK, "{}", candidate.name);
        }
    }
}

#[test]
fn what_is_waited_for_is_a_frame_not_a_time() {
    for mut candidate in cameras() {
        let before = instant();
        let frame = candidate.camera.next(LONG);
        assert!(frame.is_ok() && before.elapsed() < LONG, "{}: {frame:?}", candidate.name);
    }
}

#[test]
fn it_says_what_it_is() {
    for candidate in cameras() {
        let said = candidate.camera.describe();
        assert!(said.contains("/s") && ["v4l2", "rpicam", "replay"].iter().any(|d| said.starts_with(d)), "{said}");
    }
}
