//! The promise: a camera that dies is opened again by itself, and what comes after goes on where it ended. Through the front door,
//! `camera::open`, with a program of the test's in `rpicam-vid`'s place.

use facegate::camera::{self, CameraError};
use facegate::config::{self, CameraDriver};
use facegate::units::{Clock, Moment};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

const WAIT: Duration = Duration::from_millis(100);
/// Far longer than all of it takes.
const LONG: Duration = Duration::from_secs(60);

#[expect(clippy::disallowed_methods, reason = "child processes run in real time")]
fn now() -> Instant {
    Instant::now()
}

fn clock() -> Clock {
    let start = now();
    Arc::new(move || Moment::after(start.elapsed()))
}

/// Written by another process: a file that this one has open for writing while it forks can't be executed.
fn program(folder: &Path, text: &str) -> PathBuf {
    let path = folder.join("rpicam-vid");
    let script = format!("#!/bin/sh\n{text}\n");
    let wrote = Command::new("sh").args(["-c", "printf %s \"$1\" > \"$2\" && chmod +x \"$2\"", "sh", &script]).arg(&path).status();
    assert!(wrote.unwrap().success());
    path
}

fn ribbon(program: PathBuf) -> config::Camera {
    let (width, height) = (256, 128);
    config::Camera { driver: CameraDriver::Rpicam, program: Some(program), width, height, reconnect_ms: 300, ..config::Camera::default() }
}

#[test]
fn a_camera_that_dies_again_and_again_goes_on_delivering() {
    let folder = tempfile::tempdir().unwrap();
    let frame = 256 * 128 * 3 / 2;
    // Two frames and a half, then death, each time.
    let config = ribbon(program(folder.path(), &format!("head -c {} /dev/zero", frame * 5 / 2)));
    let mut camera = camera::open(&config, clock()).unwrap();
    let (deadline, mut frames, mut gone) = (now() + LONG, Vec::new(), 0);
    while frames.len() < 6 {
        assert!(now() < deadline, "{} frames", frames.len());
        let asked = now();
        match camera.next(WAIT) {
            Ok(frame) => frames.push((frame.sequence, frame.captured_at)),
            Err(CameraError::Gone { why, .. }) => gone += usize::from(why.contains("middle of a frame")),
            Err(CameraError::Late(_)) => {}
            Err(other) => panic!("{other}"),
        }
        assert!(asked.elapsed() < WAIT + Duration::from_secs(3), "next comes back in time whatever happens");
    }
    assert!(frames.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1), "{frames:?}");
    assert!(gone >= 2);
}

#[test]
fn a_camera_that_hangs_is_killed_and_started_again() {
    let folder = tempfile::tempdir().unwrap();
    let frame = 256 * 128 * 3 / 2;
    let text = format!("echo started >> \"${{0%/*}}/log\"; head -c {frame} /dev/zero; exec sleep 1000");
    let config = config::Camera { stall_ms: 300, ..ribbon(program(folder.path(), &text)) };
    let mut camera = camera::open(&config, clock()).unwrap();
    let (deadline, mut frames) = (now() + LONG, 0);
    while frames < 3 {
        assert!(now() < deadline, "{frames} frames");
        frames += usize::from(camera.next(WAIT).is_ok());
    }
    assert_eq!(std::fs::read_to_string(folder.path().join("log")).unwrap().lines().count(), 3);
}

#[test]
fn what_needs_a_person_is_said_at_the_start() {
    let missing = config::Camera { driver: CameraDriver::Rpicam, program: Some("/nowhere/rpicam-vid".into()), ..config::Camera::default() };
    let padded = config::Camera { driver: CameraDriver::Rpicam, width: 800, height: 600, ..config::Camera::default() };
    let nothing = config::Camera { driver: CameraDriver::Replay, path: Some("/nowhere".into()), ..config::Camera::default() };
    for (config, word) in [(missing, "apt install"), (padded, "camera.width"), (nothing, "camera.path")] {
        match camera::open(&config, clock()) {
            Err(CameraError::Unfit { problem, remedy }) => assert!(remedy.contains(word), "{problem}: {remedy}"),
            other => panic!("{:?}", other.map(|camera| camera.describe())),
        }
    }
}

#[test]
fn a_usb_camera_that_is_not_plugged_in_is_gone_not_unfit() {
    let config = config::Camera { device: Some("/dev/v4l/by-id/usb-no-such-camera".into()), ..config::Camera::default() };
    assert!(matches!(camera::open(&config, clock()), Err(CameraError::Gone { .. })));
    let null = config::Camera { device: Some("/dev/null".into()), ..config::Camera::default() };
    assert!(matches!(camera::open(&null, clock()), Err(CameraError::Unfit { .. })));
}
