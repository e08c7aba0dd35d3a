//! A camera that is opened again after it was gone or stood still.
//!
//! A handle whose device is gone is never used again: it is dropped whole, and a new one is made. The pauses between two tries double up
//! to a cap and begin small again only when a frame has come, because opening a USB camera again and again is itself a way to lose it.

use super::{Camera, CameraError, Frame};
use crate::units::{Clock, Moment};
use std::time::Duration;

/// Makes the camera anew.
pub(super) type Make = Box<dyn FnMut() -> Result<Box<dyn Camera>, CameraError> + Send>;

/// The first pause before a new try.
const SHORTEST_PAUSE: Duration = Duration::from_millis(250);

/// An opened camera may take so long for its first frame: `rpicam-vid` needs one to two seconds, a UVC camera up to one.
const FIRST_FRAME: Duration = Duration::from_secs(8);

/// See [the module](self).
pub(super) struct Reconnecting {
    make: Make,
    camera: Option<Box<dyn Camera>>,
    name: String,
    why: String,
    opened_at: Moment,
    last_frame: Option<Moment>,
    next_try: Moment,
    pause: Duration,
    longest_pause: Duration,
    stall: Duration,
    now: Clock,
    sleep: fn(Duration),
    /// Added to the camera's own sequence numbers, which begin again when it is opened again.
    base: u64,
    newest: Option<(u64, Moment)>,
}

impl Reconnecting {
    /// Opens it for the first time; whoever starts the service sees why that fails.
    pub(super) fn open(mut make: Make, stall: Duration, longest_pause: Duration, now: Clock) -> Result<Reconnecting, CameraError> {
        let camera = make()?;
        let at = now();
        Ok(Reconnecting {
            make,
            name: camera.describe(),
            camera: Some(camera),
            why: String::new(),
            opened_at: at,
            last_frame: None,
            next_try: at,
            pause: SHORTEST_PAUSE.min(longest_pause),
            longest_pause,
            stall,
            now,
            sleep: super::pause,
            base: 0,
            newest: None,
        })
    }

    /// Lets the camera go, and says so.
    fn leave(&mut self, why: String) -> CameraError {
        self.camera = None;
        self.next_try = (self.now)().plus(self.pause);
        self.pause = self.pause.saturating_mul(2).min(self.longest_pause);
        // A camera that stays away for days says so once, not with every try.
        let level = if why == self.why { log::Level::Debug } else { log::Level::Warn };
        log::log!(level, "{}: {why}; the next try is in {} ms", self.name, self.next_try.since((self.now)()).as_millis());
        self.why = why;
        self.gone()
    }

    fn gone(&self) -> CameraError {
        CameraError::Gone { camera: self.name.clone(), why: self.why.clone() }
    }

    /// Waits for the next try, at most `wait`, and makes it.
    fn come_back(&mut self, wait: Duration) -> Result<(), CameraError> {
        (self.sleep)(wait.min(self.next_try.since((self.now)())));
        if (self.now)() < self.next_try {
            return Err(self.gone());
        }
        match (self.make)() {
            Ok(camera) => {
                self.name = camera.describe();
                log::info!("{} is open again", self.name);
                self.why.clear();
                self.camera = Some(camera);
                self.opened_at = (self.now)();
                self.last_frame = None;
                self.base = self.newest.map_or(0, |(sequence, _)| sequence + 1);
                Ok(())
            }
            Err(CameraError::Gone { why, .. }) => Err(self.leave(why)),
            Err(other) => {
                self.leave(other.to_string());
                Err(other)
            }
        }
    }

    /// What has happened too long ago, when nothing good came now.
    fn stands_still(&self) -> Option<Duration> {
        let now = (self.now)();
        let (since, limit) = match self.last_frame {
            Some(at) => (now.since(at), self.stall),
            None => (now.since(self.opened_at), self.stall.max(FIRST_FRAME)),
        };
        (since >= limit).then_some(since)
    }
}

impl Camera for Reconnecting {
    fn next(&mut self, wait: Duration) -> Result<Frame, CameraError> {
        let deadline = (self.now)().plus(wait);
        if self.camera.is_none() {
            self.come_back(wait)?;
        }
        let Some(camera) = self.camera.as_mut() else { return Err(self.gone()) };
        match camera.next(deadline.since((self.now)())) {
            Ok(mut frame) => {
                self.last_frame = Some((self.now)());
                self.pause = SHORTEST_PAUSE.min(self.longest_pause);
                frame.sequence = frame.sequence.saturating_add(self.base);
                frame.captured_at = frame.captured_at.max(self.newest.map_or(Moment::START, |(_, at)| at));
                self.newest = Some((frame.sequence, frame.captured_at));
                Ok(frame)
            }
            Err(CameraError::Gone { why, .. }) => Err(self.leave(why)),
            Err(error @ (CameraError::Late(_) | CameraError::Bad(_))) => match self.stands_still() {
                Some(since) => Err(self.leave(format!("no good frame for {} ms ({error}); it is opened anew", since.as_millis()))),
                None => Err(error),
            },
            Err(other) => Err(other),
        }
    }

    fn describe(&self) -> String {
        self.name.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::camera::{BadFrame, PixelFormat};
    use std::cell::Cell;
    use std::collections::VecDeque;
    use std::sync::{Arc, Mutex};

    thread_local!(static TIME: Cell<u64> = const { Cell::new(0) });
    fn sleep(time: Duration) {
        TIME.set(TIME.get() + time.as_millis() as u64);
    }
    fn clock() -> Clock {
        Arc::new(|| Moment::from_ms(TIME.get()))
    }
    const WAIT: Duration = Duration::from_millis(100);

    #[derive(Clone, Copy, Debug)]
    enum Step {
        Frame,
        Late,
        Bad,
        Gone,
    }

    struct Scripted {
        steps: VecDeque<Step>,
        sequence: u64,
    }
    impl Camera for Scripted {
        fn next(&mut self, wait: Duration) -> Result<Frame, CameraError> {
            match self.steps.pop_front().unwrap_or(Step::Late) {
                Step::Frame => {
                    let mut frame = Frame::new(PixelFormat::Luma, 1, 1, vec![0]);
                    (frame.sequence, frame.captured_at) = (self.sequence, Moment::from_ms(TIME.get()));
                    self.sequence += 1;
                    Ok(frame)
                }
                Step::Late => {
                    sleep(wait);
                    Err(CameraError::Late(wait))
                }
                Step::Bad => {
                    sleep(wait);
                    Err(BadFrame::Flagged.into())
                }
                Step::Gone => Err(CameraError::Gone { camera: "scripted".into(), why: "unplugged".into() }),
            }
        }
        fn describe(&self) -> String {
            "scripted".into()
        }
    }

    /// Each entry is one opening: None fails. Returns the camera and the times at which it was opened.
    fn script(openings: Vec<Option<Vec<Step>>>, stall_ms: u64, longest_ms: u64) -> (Reconnecting, Arc<Mutex<Vec<u64>>>) {
        TIME.set(0);
        let mut openings = VecDeque::from(openings);
        let times = Arc::new(Mutex::new(vec![]));
        let kept = Arc::clone(&times);
        let make: Make = Box::new(move || {
            kept.lock().unwrap().push(TIME.get());
            match openings.pop_front().flatten() {
                Some(steps) => Ok(Box::new(Scripted { steps: steps.into(), sequence: 0 })),
                None => Err(CameraError::Gone { camera: "scripted".into(), why: "still unplugged".into() }),
            }
        });
        let mut camera = Reconnecting::open(make, Duration::from_millis(stall_ms), Duration::from_millis(longest_ms), clock()).unwrap();
        camera.sleep = sleep;
        (camera, times)
    }

    #[test]
    fn a_camera_that_is_gone_is_opened_again_after_doubling_pauses_with_a_cap() {
        let (mut camera, times) =
            script(vec![Some(vec![Step::Frame, Step::Gone]), None, None, None, None, Some(vec![Step::Frame])], 2000, 1000);
        assert!(camera.next(WAIT).is_ok());
        assert!(matches!(camera.next(WAIT), Err(CameraError::Gone { .. })));
        while camera.next(WAIT).is_err() {}
        assert_eq!(*times.lock().unwrap(), [0, 250, 750, 1750, 2750, 3750]);
    }

    #[test]
    fn while_it_is_away_next_comes_back_in_time() {
        let (mut camera, _) = script(vec![Some(vec![Step::Gone])], 2000, 1000);
        for _ in 0..100 {
            let before = TIME.get();
            assert!(matches!(camera.next(WAIT), Err(CameraError::Gone { .. })));
            assert!(TIME.get() - before <= 100);
        }
    }

    #[test]
    fn a_good_frame_makes_the_pauses_short_again() {
        let lives = || Some(vec![Step::Frame, Step::Gone]);
        let (mut camera, times) = script(vec![lives(), None, None, lives(), lives()], 2000, 10_000);
        let mut frames = 0;
        while frames < 3 {
            frames += u32::from(camera.next(WAIT).is_ok());
        }
        assert_eq!(*times.lock().unwrap(), [0, 250, 750, 1750, 2000]);
    }

    #[test]
    fn a_camera_that_stands_still_or_delivers_only_damage_is_opened_anew() {
        for step in [Step::Late, Step::Bad] {
            let mut steps = vec![Step::Frame];
            steps.extend([step; 50]);
            let (mut camera, times) = script(vec![Some(steps), Some(vec![Step::Frame])], 500, 1000);
            assert!(camera.next(WAIT).is_ok());
            while camera.next(WAIT).is_err() {}
            assert_eq!(*times.lock().unwrap(), [0, 750], "{step:?}: 500 ms of nothing, then a pause of 250");
        }
    }

    #[test]
    fn the_first_frame_may_take_its_time() {
        let (mut camera, times) = script(vec![Some([vec![Step::Late; 70], vec![Step::Frame]].concat())], 500, 1000);
        while camera.next(WAIT).is_err() {}
        assert_eq!(times.lock().unwrap().len(), 1);
    }

    #[test]
    fn sequence_and_time_go_on_where_the_last_camera_ended() {
        let (mut camera, _) =
            script(vec![Some(vec![Step::Frame, Step::Frame, Step::Gone]), Some(vec![Step::Frame, Step::Frame])], 2000, 1000);
        let frames: Vec<_> = (0..20).filter_map(|_| camera.next(WAIT).ok()).collect();
        assert_eq!(frames.iter().map(|f| f.sequence).collect::<Vec<_>>(), [0, 1, 2, 3]);
        assert!(frames.is_sorted_by_key(|f| f.captured_at));
    }

    #[test]
    fn an_unfit_configuration_is_said_at_once() {
        let unfit: Make = Box::new(|| Err(CameraError::Unfit { problem: "no such size".into(), remedy: "set camera.width".into() }));
        let opened = Reconnecting::open(unfit, WAIT, WAIT, clock());
        assert!(matches!(opened, Err(CameraError::Unfit { .. })));
    }
}
