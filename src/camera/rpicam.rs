//! A Raspberry Pi's ribbon camera, through `rpicam-vid` as a child process.
//!
//! On current Raspberry Pi systems these cameras give raw Bayer data on V4L2; `libcamera` makes pictures of it, and `rpicam-vid` (called
//! `libcamera-vid` before 2023) writes them to its standard output, one after the other, without anything between them. Facts that this
//! stands on, from the sources of `rpicam-apps` and `libcamera` (none was seen on a board yet: docs/cameras.md):
//!
//! - With `--codec yuv420` a picture is the camera's own buffer: I420 whose rows are padded, to a multiple of 64 on boards up to the 4
//!   (raspberrypi/linux#4419) and of 128 on a 5 (the chroma rows to 64). Nothing in the stream says so. So only widths that are multiples of
//!   128 are taken: 640, 768, 1024, 1280, 1920; their rows have no padding anywhere.
//! - It is full-range BT.601 (`apps/rpicam_vid.cpp` asks for sYCC with this codec), and is made limited range here, as frames promise.
//! - `--flush`: otherwise the end of a picture waits in a buffer of its until the next one.
//! - libcamera rounds sizes that it can't do, and says so only in its log; that line is read.

mod child;

use super::frame::{chroma_to_limited, luma_to_limited};
use super::{Camera, CameraError, Frame, FramePool, PixelFormat};
use crate::config::Camera as Section;
use crate::units::{Clock, Moment};
use child::Child;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What the program is called, newest name first.
const NAMES: [&str; 2] = ["rpicam-vid", "libcamera-vid"];

/// Widths that are multiples of this have rows without padding on every board.
const ROW_UNIT: u32 = 128;

/// See [the module](self).
pub struct Rpicam {
    child: Option<Child>,
    name: String,
    size: (u32, u32),
    fps: u32,
    pool: FramePool,
    /// The frame that is coming in, and how much of it is here. It may take several calls.
    coming: Vec<u8>,
    filled: usize,
    began: Moment,
    sequence: u64,
    now: Clock,
}

/// Starts the program; without the re-opening of [`super::open`].
///
/// # Errors
/// [`CameraError::Unfit`] for a size that this way can't do and when the program isn't installed. That there is no camera shows in
/// [`Camera::next`], as [`CameraError::Gone`] with the program's own words.
pub fn open(config: &Section, now: Clock) -> Result<Rpicam, CameraError> {
    let size = (config.width, config.height);
    check_size(size)?;
    let names: Vec<PathBuf> = match &config.program {
        Some(program) => vec![program.clone()],
        None => NAMES.map(PathBuf::from).to_vec(),
    };
    let arguments = [
        "--codec yuv420 --timeout 0 --nopreview --flush --output -".to_owned(),
        format!("--width {} --height {} --framerate {}", config.width, config.height, config.fps),
    ]
    .join(" ");
    let (program, child) = start(&names, &arguments)?;
    Ok(Rpicam {
        child: Some(child),
        name: program.display().to_string(),
        size,
        fps: config.fps,
        pool: FramePool::new(),
        coming: Vec::new(),
        filled: 0,
        began: now(),
        sequence: 0,
        now,
    })
}

fn check_size((width, height): (u32, u32)) -> Result<(), CameraError> {
    if width.is_multiple_of(ROW_UNIT) && height.is_multiple_of(2) {
        return Ok(());
    }
    let below = (width / ROW_UNIT * ROW_UNIT).max(ROW_UNIT * 2);
    Err(CameraError::Unfit {
        problem: format!("a ribbon camera's frames of {width}x{height} would have padding that nobody describes"),
        remedy: format!(
            "set camera.width to a multiple of {ROW_UNIT} ({below} or {}) and camera.height to an even number",
            below + ROW_UNIT
        ),
    })
}

/// Starts the first of these programs that there is.
fn start<'a>(names: &'a [PathBuf], arguments: &str) -> Result<(&'a Path, Child), CameraError> {
    let unfit = |problem: String, remedy: &str| Err(CameraError::Unfit { problem, remedy: remedy.into() });
    for name in names {
        match Child::start(name, arguments.split(' ')) {
            Ok(child) => return Ok((name, child)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return unfit(format!("{} can't be started: {error}", name.display()), "look at camera.program"),
        }
    }
    let names: Vec<_> = names.iter().map(|n| n.display().to_string()).collect();
    unfit(format!("{} isn't installed", names.join(" or ")), "sudo apt install rpicam-apps-lite (or set camera.program)")
}

impl Rpicam {
    fn frame_bytes(&self) -> usize {
        PixelFormat::I420.frame_bytes(self.size.0 as usize, self.size.1)
    }

    /// Reads what there is until the frame is whole.
    fn fill(&mut self, wait: Duration) -> Result<(), CameraError> {
        let deadline = (self.now)().plus(wait);
        let whole = self.frame_bytes();
        self.coming.resize(whole, 0);
        while self.filled < whole {
            let Some(child) = self.child.as_mut() else { return Err(self.gone("it was stopped")) };
            let left = deadline.since((self.now)());
            match child.read(&mut self.coming[self.filled..], left) {
                Ok(Some(0)) => return Err(self.ended()),
                Ok(Some(bytes)) => {
                    if self.filled == 0 {
                        self.began = (self.now)();
                    }
                    self.filled += bytes;
                }
                Ok(None) => {}
                Err(error) => return Err(self.gone(&format!("its output can't be read: {error}"))),
            }
            self.check_agreed_size()?;
            if self.filled < whole && (self.now)() >= deadline {
                return Err(CameraError::Late(wait));
            }
        }
        Ok(())
    }

    /// libcamera's log says which size it really makes; a stream of another one would be cut at the wrong places.
    fn check_agreed_size(&mut self) -> Result<(), CameraError> {
        let Some(agreed) = self.child.as_mut().and_then(|child| child.size_from_log.take()) else { return Ok(()) };
        if agreed == self.size {
            return Ok(());
        }
        self.child = None;
        let problem = format!("{} makes {}x{} instead of {}x{}", self.name, agreed.0, agreed.1, self.size.0, self.size.1);
        Err(CameraError::Unfit { problem, remedy: "set camera.width and camera.height to a size that the camera has".into() })
    }

    /// Its output has ended: it is dead, or as good as dead.
    fn ended(&mut self) -> CameraError {
        let torn = if self.filled > 0 { " in the middle of a frame" } else { "" };
        let last_words = self.child.take().map(Child::end).unwrap_or_default();
        self.gone(&format!("it ended{torn}, {last_words}"))
    }

    fn gone(&mut self, why: &str) -> CameraError {
        self.child = None;
        CameraError::Gone { camera: self.name.clone(), why: why.to_owned() }
    }
}

impl Camera for Rpicam {
    fn next(&mut self, wait: Duration) -> Result<Frame, CameraError> {
        let deadline = (self.now)().plus(wait);
        loop {
            self.fill(deadline.since((self.now)()))?;
            let sequence = self.sequence;
            (self.sequence, self.filled) = (sequence + 1, 0);
            let (size, coming) = (self.size, &mut self.coming);
            let frame = self.pool.frame(PixelFormat::I420, size, size.0 as usize, |bytes| {
                std::mem::swap(bytes, coming);
                to_limited(bytes, size.0 as usize * size.1 as usize);
                Ok::<_, CameraError>(())
            });
            // None: all frames of the pool are still being looked at, so this one is lost, and the next may find one.
            if let Some(frame) = frame {
                let mut frame = frame?;
                (frame.captured_at, frame.sequence) = (self.began, sequence);
                return Ok(frame);
            }
        }
    }

    fn describe(&self) -> String {
        format!("rpicam {} {}x{} I420 {}/s", self.name, self.size.0, self.size.1, self.fps)
    }
}

/// Full range to the limited one that [`PixelFormat::I420`] promises.
fn to_limited(i420: &mut [u8], pixels: usize) {
    let (luma, chroma) = i420.split_at_mut(pixels);
    luma.iter_mut().for_each(|y| *y = luma_to_limited(*y));
    chroma.iter_mut().for_each(|c| *c = chroma_to_limited(*c));
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::process::Command;
    use std::sync::Arc;
    use std::time::Instant;

    /// Bytes of a frame of 256x16.
    const FRAME: usize = 256 * 16 * 3 / 2;
    /// Far longer than anything here takes.
    const LONG: Duration = Duration::from_secs(20);

    /// A clock that runs: child processes don't wait for a test's.
    pub(crate) fn real_clock() -> Clock {
        let start = instant();
        Arc::new(move || Moment::after(start.elapsed()))
    }

    #[expect(clippy::disallowed_methods, reason = "child processes run in real time")]
    pub(crate) fn instant() -> Instant {
        Instant::now()
    }

    /// A folder with a program of this text. Another process writes it: a file that this one, with its many threads, had open for writing
    /// while another test forks, could not be executed.
    pub(crate) fn program(text: &str) -> (tempfile::TempDir, Section) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rpicam-vid");
        let script = format!("#!/bin/sh\n{text}\n");
        let write = Command::new("sh").args(["-c", "printf %s \"$1\" > \"$2\" && chmod +x \"$2\"", "sh", &script]).arg(&path).status();
        assert!(write.unwrap().success());
        let config = Section { width: 256, height: 16, program: Some(path), ..Section::default() };
        (folder, config)
    }

    fn running(text: &str) -> (tempfile::TempDir, Rpicam) {
        let (folder, config) = program(text);
        let camera = open(&config, real_clock()).unwrap();
        (folder, camera)
    }

    fn last_error(camera: &mut Rpicam) -> CameraError {
        loop {
            match camera.next(LONG) {
                Err(error) => return error,
                Ok(frame) => drop(frame),
            }
        }
    }

    /// Whether a process is there, be it as a zombie.
    fn exists(pid: i32) -> bool {
        Path::new(&format!("/proc/{pid}")).exists()
    }

    #[test]
    fn frames_are_cut_at_the_right_places_and_made_limited_range() {
        let frame = |value: &str| format!("head -c {FRAME} /dev/zero | tr '\\0' '\\{value}'");
        let (_folder, mut camera) = running(&format!("{}; {}; sleep 60", frame("000"), frame("377")));
        let (black, white) = (camera.next(LONG).unwrap(), camera.next(LONG).unwrap());
        assert_eq!((black.format, black.width, black.height, black.stride), (PixelFormat::I420, 256, 16, 256));
        assert_eq!((black.bytes()[0], black.bytes()[FRAME - 1], white.bytes()[0], white.bytes()[FRAME - 1]), (16, 16, 235, 239));
        assert_eq!((black.sequence, white.sequence, white.bytes().len()), (0, 1, FRAME));
        assert!(black.captured_at <= white.captured_at);
    }

    #[test]
    fn it_is_asked_for_what_is_configured() {
        let (folder, mut camera) = running("echo \"$@\" > \"${0%/*}/asked\"; exit 0");
        last_error(&mut camera);
        let asked = std::fs::read_to_string(folder.path().join("asked")).unwrap();
        assert!(asked.starts_with("--codec yuv420 ") && asked.contains("--width 256 --height 16 --framerate 15"), "{asked}");
    }

    #[test]
    fn death_in_the_middle_of_a_frame_is_gone_with_the_last_words() {
        let text = format!("head -c {} /dev/zero; echo 'ERROR: *** no cameras available ***' >&2; exit 255", FRAME + 1000);
        let (_folder, mut camera) = running(&text);
        assert!(camera.next(LONG).is_ok());
        let error = last_error(&mut camera);
        let said = error.to_string();
        assert!(matches!(error, CameraError::Gone { .. }));
        assert!(said.contains("middle of a frame") && said.contains("no cameras available") && said.contains("255"), "{said}");
        assert!(matches!(camera.next(LONG), Err(CameraError::Gone { .. })), "and stays so");
    }

    #[test]
    fn a_frame_may_come_in_pieces_over_several_calls() {
        let text = format!("head -c 1000 /dev/zero; read line < \"${{0%/*}}/go\"; head -c {} /dev/zero; sleep 60", FRAME - 1000);
        let (folder, config) = program(&text);
        let go = folder.path().join("go");
        assert!(Command::new("mkfifo").arg(&go).status().unwrap().success());
        let mut camera = open(&config, real_clock()).unwrap();
        while camera.filled < 1000 {
            assert!(matches!(camera.next(Duration::from_millis(20)), Err(CameraError::Late(_))));
        }
        std::fs::write(&go, "go\n").unwrap();
        assert_eq!(camera.next(LONG).unwrap().bytes().len(), FRAME);
    }

    #[test]
    fn one_that_hangs_is_killed_with_its_children_and_leaves_no_zombie() {
        let (folder, mut camera) = running("sleep 1000 & echo $! > \"${0%/*}/grandchild\"; head -c 10 /dev/zero; wait");
        while camera.filled < 10 {
            assert!(matches!(camera.next(Duration::from_millis(20)), Err(CameraError::Late(_))));
        }
        let child = camera.child.as_ref().unwrap().id();
        let grandchild: i32 = std::fs::read_to_string(folder.path().join("grandchild")).unwrap().trim().parse().unwrap();
        assert!(exists(child) && exists(grandchild));
        drop(camera);
        assert!(!exists(child), "killed and waited for");
        let deadline = instant() + LONG; // its parent is gone: whoever adopted it waits for it
        while std::fs::read_to_string(format!("/proc/{grandchild}/stat")).is_ok_and(|stat| !stat.contains(") Z ")) {
            assert!(instant() < deadline, "the grandchild lives on");
            std::thread::yield_now();
        }
    }

    #[test]
    fn chatter_on_its_error_output_neither_blocks_it_nor_fills_the_memory() {
        let text = format!("head -c 3000000 /dev/zero | tr '\\0' 'x' >&2; echo >&2; echo last >&2; head -c {FRAME} /dev/zero; exit 3");
        let (_folder, mut camera) = running(&text);
        assert!(camera.next(LONG).is_ok());
        let said = last_error(&mut camera).to_string();
        assert!(said.contains("last") && said.len() < 2000, "{} bytes", said.len());
    }

    #[test]
    fn a_size_that_libcamera_rounds_is_unfit() {
        let line = "[0:1] [2] INFO Camera camera.cpp:1197 configuring streams: (0) 320x16-YUV420 (1) 1536x864-SBGGR10_CSI2P";
        let (_folder, mut camera) = running(&format!("echo '{line}' >&2; head -c {FRAME} /dev/zero; sleep 60"));
        let error = last_error(&mut camera);
        assert!(matches!(error, CameraError::Unfit { .. }) && error.to_string().contains("320x16"), "{error}");
        let (_folder, mut same) = running(&format!("echo '{}' >&2; head -c {FRAME} /dev/zero; sleep 60", line.replace("320x", "256x")));
        assert!(same.next(LONG).is_ok());
    }

    #[test]
    fn a_missing_program_and_a_padded_width_say_what_to_do() {
        let missing = Section { program: Some("/nowhere/rpicam-vid".into()), ..Section::default() };
        let said = open(&missing, real_clock()).err().unwrap().to_string();
        assert!(said.contains("/nowhere/rpicam-vid isn't installed") && said.contains("apt install"), "{said}");
        let padded = Section { width: 800, height: 600, ..Section::default() };
        let said = open(&padded, real_clock()).err().unwrap().to_string();
        assert!(said.contains("768 or 896"), "{said}");
    }

    #[test]
    fn both_names_of_the_program_are_tried() {
        let (_folder, config) = program("sleep 60");
        let names = [PathBuf::from("/nowhere/rpicam-vid"), config.program.unwrap()];
        let (found, _child) = start(&names, "").unwrap();
        assert_eq!(found, names[1]);
    }
}
