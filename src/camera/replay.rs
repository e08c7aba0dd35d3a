//! Pictures from files, as if a camera delivered them.
//!
//! A simulation must be repeatable to the event: with [`Pace::Simulated`] every picture comes exactly once, in order, as fast as it is asked
//! for, and says that it was taken `i / fps` after the start, whatever time that took. With [`Pace::RealTime`] the same pictures come at
//! their rate, as from a camera; who asks late gets the next picture late, and none is skipped.
//!
//! Each picture is decoded into memory of its own: this is the one camera that allocates for every frame.

use super::picture::{self, PictureError};
use super::{BadFrame, Camera, CameraError, Frame};
use crate::config::Camera as Section;
use crate::units::{Clock, Moment};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How time passes in a replay.
#[derive(Clone)]
pub enum Pace {
    /// As fast as it is asked for; picture `i` was taken at `i / fps`.
    Simulated,
    /// At the rate, on this clock.
    RealTime(Clock),
}

/// See [the module](self).
pub struct Replay {
    pictures: Vec<PathBuf>,
    fps: u32,
    repeat: bool,
    pace: Pace,
    sleep: fn(Duration),
    /// Pictures that were delivered or were bad, so far.
    count: u64,
    /// When the next picture is due; None before the first.
    due: Option<Moment>,
}

/// A camera that delivers these pictures, `fps` a second (at least 1), again and again if `repeat`.
pub fn replay(pictures: Vec<PathBuf>, fps: u32, repeat: bool, pace: Pace) -> Replay {
    Replay { pictures, fps: fps.max(1), repeat, pace, sleep: super::pause, count: 0, due: None }
}

/// The pictures that a path stands for in a replay: a folder's by name, one picture, or a text file that lists a path a line (relative to
/// the list; blank lines and lines that begin with `#` are passed over).
///
/// # Errors
/// When nothing is there, or the list can't be read or names nothing.
pub fn pictures(path: &Path) -> Result<Vec<PathBuf>, PictureError> {
    if path.is_dir() || picture::is_picture_name(path) {
        return picture::list(path);
    }
    let bytes = picture::read_file(path)?;
    let text = String::from_utf8(bytes)
        .map_err(|_| PictureError::OtherKind { path: path.to_owned(), found: "neither a picture nor a list of pictures".into() })?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let pictures: Vec<_> = lines.map(|line| folder.join(line)).collect();
    if pictures.is_empty() { Err(PictureError::NoPictures(path.to_owned())) } else { Ok(pictures) }
}

/// The replay that the configuration names, in real time.
pub(super) fn open(config: &Section, now: Clock) -> Result<Box<dyn Camera>, CameraError> {
    let unfit =
        |problem| CameraError::Unfit { problem, remedy: "set camera.path to a folder of pictures or a file that lists them".into() };
    let path = config.path.as_deref().ok_or_else(|| unfit("camera.driver is \"replay\", and camera.path isn't set".into()))?;
    let pictures = pictures(path).map_err(|e| unfit(e.to_string()))?;
    Ok(Box::new(replay(pictures, config.fps, config.repeat, Pace::RealTime(now))))
}

impl Replay {
    /// How many pictures there are.
    pub fn len(&self) -> usize {
        self.pictures.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.pictures.is_empty()
    }

    /// The file of the picture that [`Camera::next`] gave last, good or bad.
    pub fn last(&self) -> Option<&Path> {
        let index = (self.count.checked_sub(1)? % self.pictures.len().max(1) as u64) as usize;
        self.pictures.get(index).map(PathBuf::as_path)
    }

    /// `count / fps`, without a drift.
    fn offset(&self, count: u64) -> Duration {
        Duration::from_nanos((u128::from(count) * 1_000_000_000 / u128::from(self.fps)).min(u64::MAX.into()) as u64)
    }

    /// When the next picture is taken; waits for that moment in real time, at most `wait`.
    fn wait_for_turn(&mut self, wait: Duration) -> Result<Moment, CameraError> {
        let Pace::RealTime(now) = &self.pace else { return Ok(Moment::START.plus(self.offset(self.count))) };
        let due = self.due.unwrap_or_else(|| now());
        (self.sleep)(wait.min(due.since(now())));
        let at = now();
        if at < due {
            self.due = Some(due);
            return Err(CameraError::Late(wait));
        }
        // Someone who asks more than a picture late gets it as taken now: an old frame would be a stale one to whoever looks at its time.
        let interval = self.offset(1);
        let taken = if at.since(due) > interval { at } else { due };
        self.due = Some(taken.plus(interval));
        Ok(taken)
    }
}

impl Camera for Replay {
    fn next(&mut self, wait: Duration) -> Result<Frame, CameraError> {
        let total = self.pictures.len() as u64;
        if total == 0 || (self.count >= total && !self.repeat) {
            return Err(CameraError::Ended);
        }
        let taken = self.wait_for_turn(wait)?;
        let sequence = self.count;
        self.count += 1;
        let path = &self.pictures[(sequence % total) as usize];
        let mut frame = picture::read(path).map_err(BadFrame::from)?;
        (frame.captured_at, frame.sequence) = (taken, sequence);
        Ok(frame)
    }

    fn describe(&self) -> String {
        let again = if self.repeat { ", again and again" } else { "" };
        format!("replay of {} pictures {}/s{again}", self.pictures.len(), self.fps)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::cell::Cell;
    use std::sync::Arc;

    thread_local!(static TIME: Cell<Duration> = const { Cell::new(Duration::ZERO) });
    fn sleep(time: Duration) {
        TIME.set(TIME.get() + time);
    }

    /// A folder with `count` pictures of 16x12, each with its number as its brightness.
    pub(crate) fn folder(count: u8) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for i in 0..count {
            let picture = image::RgbImage::from_pixel(16, 12, image::Rgb([i; 3]));
            picture.save(folder.path().join(format!("{i:03}.png"))).unwrap();
        }
        folder
    }

    fn paced(folder: &Path, fps: u32, repeat: bool) -> Replay {
        TIME.set(Duration::ZERO);
        let clock: Clock = Arc::new(|| Moment::after(TIME.get()));
        let mut replay = replay(pictures(folder).unwrap(), fps, repeat, Pace::RealTime(clock));
        replay.sleep = sleep;
        replay
    }

    const LONG: Duration = Duration::from_secs(5);

    #[test]
    fn a_simulation_gives_every_picture_once_in_order_on_its_own_clock() {
        let folder = folder(7);
        let mut replay = replay(pictures(folder.path()).unwrap(), 3, false, Pace::Simulated);
        for i in 0..7u8 {
            let frame = replay.next(Duration::ZERO).unwrap();
            assert_eq!((frame.sequence, frame.bytes()[0]), (u64::from(i), i));
            assert_eq!(frame.captured_at, Moment::after(Duration::from_nanos(u64::from(i) * 1_000_000_000 / 3)));
            assert!(replay.last().unwrap().ends_with(format!("{i:03}.png")));
        }
        assert!(matches!(replay.next(LONG), Err(CameraError::Ended)));
        assert!(matches!(replay.next(LONG), Err(CameraError::Ended)));
    }

    #[test]
    fn a_bad_picture_is_one_bad_frame_and_the_next_follows_at_its_own_time() {
        let folder = folder(3);
        std::fs::write(folder.path().join("001.png"), b"rubbish").unwrap();
        let mut replay = replay(pictures(folder.path()).unwrap(), 10, false, Pace::Simulated);
        assert!(replay.next(LONG).is_ok());
        assert!(matches!(replay.next(LONG), Err(CameraError::Bad(BadFrame::Picture(_)))));
        let third = replay.next(LONG).unwrap();
        assert_eq!((third.sequence, third.captured_at.as_ms()), (2, 200));
    }

    #[test]
    fn real_time_keeps_the_rate_and_comes_back_in_time() {
        let folder = folder(3);
        let mut replay = paced(folder.path(), 10, false);
        assert_eq!(replay.next(LONG).unwrap().captured_at.as_ms(), 0);
        assert!(matches!(replay.next(Duration::from_millis(30)), Err(CameraError::Late(_))));
        assert_eq!(TIME.get().as_millis(), 30);
        assert_eq!(replay.next(LONG).unwrap().captured_at.as_ms(), 100);
        assert_eq!(TIME.get().as_millis(), 100);
        TIME.set(Duration::from_secs(9)); // someone was busy for long
        let third = replay.next(LONG).unwrap();
        assert_eq!((third.sequence, third.captured_at.as_ms()), (2, 9000));
    }

    #[test]
    fn it_begins_again_when_told_so() {
        let folder = folder(2);
        let mut replay = paced(folder.path(), 10, true);
        let seen: Vec<_> = (0..5).map(|_| replay.next(LONG).unwrap()).map(|f| (f.sequence, f.bytes()[0])).collect();
        assert_eq!(seen, [(0, 0), (1, 1), (2, 0), (3, 1), (4, 0)]);
    }

    #[test]
    fn a_list_names_its_pictures_relative_to_itself() {
        let folder = folder(3);
        let list = folder.path().join("list.txt");
        std::fs::write(&list, "# a visit\n002.png\n\n  000.png\n002.png\n").unwrap();
        let mut replay = replay(pictures(&list).unwrap(), 10, false, Pace::Simulated);
        let seen: Vec<_> = std::iter::from_fn(|| replay.next(LONG).ok()).map(|f| f.bytes()[0]).collect();
        assert_eq!(seen, [2, 0, 2]);
        std::fs::write(&list, "# nothing\n").unwrap();
        assert!(matches!(pictures(&list), Err(PictureError::NoPictures(_))));
        std::fs::write(&list, [0xff, 0xfe, 0x00]).unwrap();
        assert!(matches!(pictures(&list), Err(PictureError::OtherKind { .. })));
    }

    #[test]
    fn a_configured_replay_that_has_no_pictures_says_what_to_set() {
        let config = Section { path: Some("/nowhere".into()), ..Section::default() };
        let clock: Clock = Arc::new(|| Moment::START);
        let said = open(&config, clock).err().map(|e| e.to_string()).unwrap();
        assert!(said.contains("/nowhere") && said.contains("camera.path"), "{said}");
    }
}
