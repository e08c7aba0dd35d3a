//! A frame in steady state takes no memory: neither from a V4L2 device nor from `rpicam-vid`. (An MJPEG frame's decoder takes its own; a
//! replay decodes files.)

#[path = "support/counting.rs"]
mod counting;

use facegate::camera::v4l2::V4l2Camera;
use facegate::camera::v4l2::device::{Card, Control, Device, Errno, Filled, FourCc, Layout, Rates, Sizes};
use facegate::camera::{Camera, rpicam};
use facegate::config;
use facegate::units::{Clock, Moment};
use std::collections::VecDeque;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

const WAIT: Duration = Duration::from_secs(20);

fn clock() -> Clock {
    #[expect(clippy::disallowed_methods, reason = "a child process runs in real time")]
    let start = Instant::now();
    Arc::new(move || Moment::after(start.elapsed()))
}

/// Allocations for 50 frames, after 10 that may take what they want.
fn allocations(camera: &mut dyn Camera) -> usize {
    for _ in 0..10 {
        camera.next(WAIT).unwrap();
    }
    let before = counting::allocations();
    for _ in 0..50 {
        camera.next(WAIT).unwrap();
    }
    counting::allocations() - before
}

/// A device that always has a frame.
struct Endless {
    fourcc: FourCc,
    buffers: Vec<Vec<u8>>,
    queue: VecDeque<u32>,
    sequence: u32,
}

impl Device for Endless {
    fn card(&mut self) -> Result<Card, Errno> {
        Ok(Card { driver: "endless".into(), name: "Endless".into(), captures: true, streams: true })
    }
    fn formats(&mut self) -> Result<Vec<FourCc>, Errno> {
        Ok(vec![self.fourcc])
    }
    fn sizes(&mut self, _: FourCc) -> Result<Vec<Sizes>, Errno> {
        Ok(vec![Sizes::one(640, 480)])
    }
    fn rates(&mut self, _: FourCc, _: (u32, u32)) -> Result<Vec<Rates>, Errno> {
        Ok(vec![Rates { slowest: 15, fastest: 15 }])
    }
    fn set_format(&mut self, fourcc: FourCc, (width, height): (u32, u32)) -> Result<Layout, Errno> {
        Ok(Layout { fourcc, width, height, stride: 0, full_range: false, whole: true })
    }
    fn set_rate(&mut self, per_second: u32) -> Result<u32, Errno> {
        Ok(per_second)
    }
    fn request(&mut self, count: u32) -> Result<u32, Errno> {
        self.buffers = vec![vec![128; 640 * 480 * 2]; count as usize];
        self.queue = VecDeque::with_capacity(count as usize + 1);
        Ok(count)
    }
    fn queue(&mut self, index: u32) -> Result<(), Errno> {
        self.queue.push_back(index);
        Ok(())
    }
    fn start(&mut self) -> Result<(), Errno> {
        Ok(())
    }
    fn stop(&mut self) -> Result<(), Errno> {
        Ok(())
    }
    fn poll(&mut self, _: Duration) -> Result<bool, Errno> {
        Ok(true)
    }
    fn dequeue(&mut self) -> Result<Filled, Errno> {
        self.sequence += 1;
        let index = self.queue.pop_front().ok_or(Errno::AGAIN)?;
        Ok(Filled { index, bytes_used: 640 * 480 * 2, damaged: false, sequence: self.sequence, taken: Some(Duration::ZERO) })
    }
    fn bytes(&self, index: u32) -> &[u8] {
        &self.buffers[index as usize]
    }
    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
    fn control(&mut self, _: u32) -> Result<Control, Errno> {
        Err(Errno::INVAL)
    }
    fn set_control(&mut self, _: u32, _: i32) -> Result<(), Errno> {
        Err(Errno::INVAL)
    }
}

#[test]
fn a_v4l2_frame_allocates_nothing() {
    for fourcc in [FourCc::YUYV, FourCc::GREY] {
        let device = Endless { fourcc, buffers: vec![], queue: VecDeque::new(), sequence: 0 };
        let mut camera = V4l2Camera::start(device, "endless".into(), &config::Camera::default(), clock()).unwrap();
        assert_eq!(allocations(&mut camera), 0, "{fourcc}");
    }
}

#[test]
fn a_frame_from_rpicam_allocates_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("rpicam-vid");
    // Written by another process: one that this process has open for writing while it forks can't be executed.
    let script = "#!/bin/sh\nexec cat /dev/zero\n";
    let wrote = Command::new("sh").args(["-c", "printf %s \"$1\" > \"$2\" && chmod +x \"$2\"", "sh", script]).arg(&program).status();
    assert!(wrote.unwrap().success());
    let config = config::Camera { program: Some(program), ..config::Camera::default() };
    let mut camera = rpicam::open(&config, clock()).unwrap();
    assert_eq!(allocations(&mut camera), 0);
}
