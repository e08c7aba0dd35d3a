//! USB cameras, and whatever else speaks V4L2.
//!
//! Two halves: `nokhwa`'s types speak of formats and controls, through a backend of ours behind its seam (`backend`); frames come from
//! the same backend's stream (`stream`), with a deadline. Below both lies [`device::Device`], a verb for each request to the kernel; the
//! real one is [`kernel::Kernel`], a scripted one stands in tests. Nothing here was seen on a real camera yet: docs/cameras.md.

mod backend;
pub mod device;
#[cfg(test)]
pub(super) mod fake;
pub mod find;
pub mod kernel;
mod stream;

use super::{Camera, CameraError, Frame};
use crate::config::{Camera as Section, CameraFormat as Wish};
use crate::units::Clock;
use backend::{Backend, fourcc};
use device::{Card, Device, Errno, FourCc};
use kernel::Kernel;
use nokhwa::utils::{ApiBackend, CameraFormat, CameraIndex, CameraInfo, FrameFormat, RequestedFormat, RequestedFormatType};
use std::cmp::Reverse;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use stream::Stream;

/// Drivers of image pipelines and ribbon cameras, whose nodes look like cameras and give nothing that can be used as it comes.
const NO_CAMERAS: [&str; 6] = ["bcm2835-isp", "bcm2835-codec", "unicam", "rp1-cfe", "pispbe", "rpi-hevc-dec"];

/// A V4L2 camera that streams.
pub struct V4l2Camera<D: Device> {
    stream: Arc<Mutex<Stream<D>>>,
    description: String,
    path: String,
}

/// Opens the camera that the configuration names and starts it; without the re-opening of [`super::open`].
///
/// # Errors
/// [`CameraError::Unfit`] when it isn't named well, may not be opened, or hasn't the wished size; [`CameraError::Gone`] when it isn't there.
pub fn open(config: &Section, now: Clock) -> Result<V4l2Camera<Kernel>, CameraError> {
    let seen = find::seen(Path::new("/"));
    let path = find::choose(config.device.as_deref(), config.allow_number, &seen, is_camera)?;
    let name = path.display().to_string();
    let kernel = Kernel::open(&path).map_err(|errno| match errno {
        Errno::ACCESS | Errno::PERM => CameraError::Unfit {
            problem: format!("{name} may not be opened"),
            remedy: "let the user that runs this into the group \"video\": usermod -aG video USER".into(),
        },
        other => CameraError::Gone { camera: name.clone(), why: format!("it can't be opened: {other}") },
    })?;
    V4l2Camera::start(kernel, name, config, now)
}

/// Whether this node gives pictures that become frames. One that may not be opened may: the error comes when it is opened for good.
fn is_camera(node: &Path) -> bool {
    let Ok(mut kernel) = Kernel::open(node) else { return true };
    let ours = [FourCc::YUYV, FourCc::MJPEG, FourCc::GREY];
    kernel.card().is_ok_and(|card| card.captures && card.streams && !NO_CAMERAS.contains(&card.driver.as_str()))
        && kernel.formats().is_ok_and(|formats| formats.iter().any(|f| ours.contains(f)))
}

impl<D: Device> V4l2Camera<D> {
    /// Agrees with an opened device on the configured format and starts it. `path` names it in errors.
    ///
    /// # Errors
    /// As [`open`].
    pub fn start(mut device: D, path: String, config: &Section, now: Clock) -> Result<Self, CameraError> {
        let card = check_card(&mut device, &path)?;
        let stream = Arc::new(Mutex::new(Stream::new(device, path.clone(), now)));
        let wish = CameraFormat::new_from(config.width, config.height, FrameFormat::YUYV, config.fps);
        let info = CameraInfo::new(&card.name, &card.driver, &path, CameraIndex::String(path.clone()));
        let backend = Backend::new(Arc::clone(&stream), info, wish);
        // Only for the negotiation: `nokhwa::Camera` may not change threads, has no deadline for frames, and stops the stream when it goes.
        let mut nokhwa = nokhwa::Camera::with_custom(CameraIndex::String(path.clone()), ApiBackend::Video4Linux, Box::new(backend));
        let offered = nokhwa.compatible_camera_formats().unwrap_or_default();
        let mut refusal = None;
        for format in preferred(&offered, config) {
            let kinds = [format.format()];
            let exactly = RequestedFormat::with_formats(RequestedFormatType::Exact(format), &kinds);
            match nokhwa.set_camera_requset(exactly).map_err(|told| fault(&stream, &path, told)) {
                Ok(_) => {
                    let agreed = nokhwa.camera_format();
                    drop(nokhwa);
                    return V4l2Camera::stream(stream, path, agreed, config.fps);
                }
                Err(gone @ CameraError::Gone { .. }) => return Err(gone),
                Err(other) => refusal = Some(other),
            }
        }
        Err(refusal.unwrap_or_else(|| not_offered(&path, &card, &offered, config)))
    }

    fn stream(stream: Arc<Mutex<Stream<D>>>, path: String, agreed: CameraFormat, wished_rate: u32) -> Result<Self, CameraError> {
        let (kind, rate) = (fourcc(agreed.format()).unwrap_or(FourCc::YUYV), agreed.frame_rate());
        if rate != wished_rate {
            log::warn!("{path}: asked for {wished_rate} frames a second, it gives {rate}");
        }
        let description = format!("v4l2 {path} {}x{} {kind} {rate}/s", agreed.width(), agreed.height());
        let camera = V4l2Camera { stream, description, path };
        camera.locked()?.start()?;
        Ok(camera)
    }

    fn locked(&self) -> Result<MutexGuard<'_, Stream<D>>, CameraError> {
        let died = |_| CameraError::Gone { camera: self.path.clone(), why: "a thread has died while it used it".into() };
        self.stream.lock().map_err(died)
    }
}

impl<D: Device> Camera for V4l2Camera<D> {
    fn next(&mut self, wait: Duration) -> Result<Frame, CameraError> {
        self.locked()?.next(wait)
    }

    fn describe(&self) -> String {
        self.description.clone()
    }
}

fn check_card(device: &mut impl Device, path: &str) -> Result<Card, CameraError> {
    let unfit = |problem: &str| CameraError::Unfit {
        problem: format!("{path} {problem}"),
        remedy: "set camera.device to another path below /dev/v4l/by-id; of a camera's nodes it is the one that ends in index0".into(),
    };
    match device.card() {
        Err(Errno::NOTTY | Errno::INVAL) => Err(unfit("is no video device")),
        Err(other) => Err(CameraError::Gone { camera: path.to_owned(), why: format!("it doesn't say what it is: {other}") }),
        Ok(card) if !card.captures => Err(unfit(&format!("({}) gives no pictures", card.name))),
        Ok(card) if !card.streams => Err(unfit(&format!("({}) gives no pictures in mapped buffers", card.name))),
        Ok(card) => Ok(card),
    }
}

/// The error behind `nokhwa`'s text.
fn fault<D: Device>(stream: &Mutex<Stream<D>>, path: &str, told: nokhwa::NokhwaError) -> CameraError {
    let kept = stream.lock().ok().and_then(|mut stream| stream.fault.take());
    kept.unwrap_or_else(|| CameraError::Gone { camera: path.to_owned(), why: told.to_string() })
}

/// The formats to ask for, the best first: those that are fast enough in the order YUYV, MJPEG, grey; then the fastest of the slower ones.
fn preferred(offered: &[CameraFormat], config: &Section) -> Vec<CameraFormat> {
    let kinds: &[FrameFormat] = match config.format {
        Wish::Auto => &[FrameFormat::YUYV, FrameFormat::MJPEG, FrameFormat::GRAY],
        Wish::Yuyv => &[FrameFormat::YUYV],
        Wish::Mjpeg => &[FrameFormat::MJPEG],
        Wish::Grey => &[FrameFormat::GRAY],
    };
    let asked = |kind: &FrameFormat, rate| CameraFormat::new_from(config.width, config.height, *kind, rate);
    if offered.is_empty() {
        return kinds.iter().map(|kind| asked(kind, config.fps)).collect(); // a driver without lists: ask, and see what it answers
    }
    let of_size = |kind: &FrameFormat| -> Vec<u32> {
        let fits = |f: &&CameraFormat| f.format() == *kind && (f.width(), f.height()) == (config.width, config.height);
        offered.iter().filter(fits).map(CameraFormat::frame_rate).collect()
    };
    let best = |rates: Vec<u32>| rates.iter().copied().filter(|r| *r >= config.fps).min().or(rates.iter().copied().max());
    let mut formats: Vec<_> = kinds.iter().filter_map(|kind| best(of_size(kind)).map(|rate| asked(kind, rate))).collect();
    formats.sort_by_key(|f| Reverse(f.frame_rate().min(config.fps))); // stable: the order of kinds stays among equals
    formats
}

fn not_offered(path: &str, card: &Card, offered: &[CameraFormat], config: &Section) -> CameraError {
    let mut sizes: Vec<_> =
        offered.iter().map(|f| (f.width(), f.height(), fourcc(f.format()).map_or_else(String::new, |c| c.to_string()))).collect();
    sizes.sort();
    sizes.dedup();
    let sizes: Vec<_> = sizes.iter().map(|(w, h, kind)| format!("{w}x{h} {kind}")).collect();
    CameraError::Unfit {
        problem: format!("{path} ({}) has no {}x{} in the wished format", card.name, config.width, config.height),
        remedy: format!("set camera.width, camera.height and camera.format to one of these: {}", sizes.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::fake::{Event, Fake, SIZE, config};
    use super::*;
    use crate::camera::{BadFrame, PixelFormat};

    const WAIT: Duration = Duration::from_millis(500);

    fn open(fake: &Fake, config: &Section) -> Result<V4l2Camera<Fake>, CameraError> {
        V4l2Camera::start(fake.clone(), "/dev/v4l/by-id/usb-fake".into(), config, fake.clock())
    }

    fn streaming(events: Vec<Event>) -> (Fake, V4l2Camera<Fake>) {
        let fake = Fake::new(events);
        let camera = open(&fake, &config()).unwrap();
        (fake, camera)
    }

    fn formats(list: &[(FourCc, u32, u32, u32)]) -> Fake {
        let fake = Fake::new(vec![]);
        fake.offer(list);
        fake
    }

    #[test]
    fn it_takes_yuyv_first_mjpeg_where_that_is_too_slow_and_grey_from_an_infrared_camera() {
        let described = |list: &[_]| open(&formats(list), &config()).unwrap().describe();
        let (w, h) = SIZE;
        assert!(described(&[(FourCc::MJPEG, w, h, 30), (FourCc::YUYV, w, h, 30)]).ends_with("64x48 YUYV 30/s"));
        assert!(described(&[(FourCc::MJPEG, w, h, 30), (FourCc::YUYV, w, h, 5)]).ends_with("64x48 MJPG 30/s"));
        assert!(described(&[(FourCc::GREY, w, h, 15)]).ends_with("64x48 GREY 15/s"));
        assert!(described(&[(FourCc::YUYV, w, h, 0)]).ends_with("64x48 YUYV 15/s"), "a driver without rates is asked for the wished one");
        assert!(described(&[]).ends_with("64x48 YUYV 15/s"), "a driver without lists is asked for YUYV");
    }

    #[test]
    fn a_size_that_is_not_offered_is_unfit_and_the_offer_is_named() {
        let fake = formats(&[(FourCc::YUYV, 320, 240, 30), (FourCc::MJPEG, 1280, 720, 30)]);
        let said = open(&fake, &config()).err().unwrap().to_string();
        assert!(said.contains("320x240 YUYV") && said.contains("1280x720 MJPG"), "{said}");
    }

    #[test]
    fn a_node_that_gives_no_pictures_or_another_size_is_unfit() {
        let metadata = Fake::new(vec![]);
        metadata.set(|s| s.card.captures = false);
        assert!(matches!(open(&metadata, &config()), Err(CameraError::Unfit { .. })));
        let other = Fake::new(vec![]);
        other.set(|s| s.agrees_on = Some((80, 60)));
        assert!(matches!(open(&other, &config()), Err(CameraError::Unfit { .. })));
        let fields = Fake::new(vec![]);
        fields.set(|s| s.whole = false);
        assert!(matches!(open(&fields, &config()), Err(CameraError::Unfit { .. })));
    }

    #[test]
    fn a_camera_in_use_is_gone_for_now_and_says_so() {
        let fake = Fake::new(vec![]);
        fake.set(|s| s.busy = true);
        let error = open(&fake, &config()).err().unwrap();
        assert!(matches!(error, CameraError::Gone { .. }) && error.to_string().contains("another program"), "{error}");
    }

    #[test]
    fn a_frame_is_what_the_driver_says_it_used() {
        let (_, mut camera) = streaming(vec![Event::Frame, Event::Padded]);
        for _ in 0..2 {
            let frame = camera.next(WAIT).unwrap();
            assert_eq!((frame.format, frame.width, frame.height), (PixelFormat::Yuyv, SIZE.0, SIZE.1));
            assert_eq!(frame.bytes().len(), 64 * 48 * 2);
        }
    }

    #[test]
    fn damaged_short_and_empty_frames_are_bad_and_their_buffers_go_back() {
        let (fake, mut camera) = streaming(vec![Event::Damaged, Event::Short(100), Event::Short(0), Event::TooLong, Event::Frame]);
        assert!(matches!(camera.next(WAIT), Err(CameraError::Bad(BadFrame::Flagged))));
        assert!(matches!(camera.next(WAIT), Err(CameraError::Bad(BadFrame::Short { found: 100, .. }))));
        assert!(matches!(camera.next(WAIT), Err(CameraError::Bad(BadFrame::Short { found: 0, .. }))));
        assert!(matches!(camera.next(WAIT), Err(CameraError::Bad(BadFrame::Short { .. }))));
        assert_eq!(fake.queued(), 4);
        assert!(camera.next(WAIT).is_ok());
        assert_eq!(fake.queued(), 4, "every buffer is with the kernel again");
    }

    #[test]
    fn a_stall_ends_at_the_deadline_and_nothing_is_lost_by_it() {
        let (fake, mut camera) = streaming(vec![Event::Silence(1200), Event::Frame]);
        let before = fake.time();
        assert!(matches!(camera.next(WAIT), Err(CameraError::Late(_))));
        assert_eq!(fake.time() - before, WAIT);
        assert!(matches!(camera.next(WAIT), Err(CameraError::Late(_))));
        assert!(camera.next(WAIT).is_ok());
        assert_eq!(fake.queued(), 4);
    }

    #[test]
    fn a_signal_or_a_false_alarm_is_not_the_end() {
        let (_, mut camera) = streaming(vec![Event::Spurious, Event::Spurious, Event::Frame]);
        assert!(camera.next(WAIT).is_ok());
    }

    #[test]
    fn a_camera_that_is_unplugged_is_gone_for_good_and_let_go_without_a_panic() {
        for event in [Event::Unplugged, Event::UnpluggedAtQueue, Event::InputOutputError] {
            let (fake, mut camera) = streaming(vec![Event::Frame, event]);
            assert!(camera.next(WAIT).is_ok());
            let error = camera.next(WAIT).unwrap_err();
            assert!(matches!(error, CameraError::Gone { .. }), "{event:?}: {error}");
            let asked = fake.asked();
            assert!(matches!(camera.next(WAIT), Err(CameraError::Gone { .. })));
            assert_eq!(fake.asked(), asked, "a handle whose device has gone isn't asked again");
            drop(camera); // STREAMOFF and REQBUFS fail here
        }
    }

    #[test]
    fn frames_that_change_their_size_end_the_stream_and_never_panic() {
        let fake = formats(&[(FourCc::MJPEG, 64, 48, 15)]);
        fake.push([Event::Jpeg(64, 48), Event::Jpeg(80, 60), Event::Jpeg(64, 48)]);
        let mut camera = open(&fake, &config()).unwrap();
        let frame = camera.next(WAIT).unwrap();
        assert_eq!((frame.format, frame.bytes().len()), (PixelFormat::Rgb, 64 * 48 * 3));
        let said = camera.next(WAIT).unwrap_err().to_string();
        assert!(said.contains("80x60"), "{said}");
        assert!(matches!(camera.next(WAIT), Err(CameraError::Gone { .. })));
    }

    #[test]
    fn torn_and_garbled_jpegs_are_bad_frames() {
        let fake = formats(&[(FourCc::MJPEG, 64, 48, 15)]);
        fake.push([Event::TornJpeg, Event::Garbage, Event::Jpeg(64, 48)]);
        let mut camera = open(&fake, &config()).unwrap();
        assert!(matches!(camera.next(WAIT), Err(CameraError::Bad(BadFrame::NotJpeg(_)))));
        assert!(matches!(camera.next(WAIT), Err(CameraError::Bad(BadFrame::NotJpeg(_)))));
        assert!(camera.next(WAIT).is_ok());
        assert_eq!(fake.queued(), 4);
    }

    #[test]
    fn who_was_slow_gets_the_newest_frame_and_sees_the_gap() {
        let (fake, mut camera) = streaming(vec![Event::Frame; 6]);
        assert_eq!(camera.next(WAIT).unwrap().sequence, 0);
        fake.pass(Duration::from_millis(66 * 3));
        let frame = camera.next(WAIT).unwrap();
        assert_eq!(frame.sequence, 3);
        assert_eq!(fake.queued(), 4);
    }

    #[test]
    fn a_frame_was_taken_when_the_kernel_says_and_never_before_the_last() {
        let (fake, mut camera) = streaming(vec![Event::Frame, Event::Frame, Event::NoStamp, Event::OldStamp]);
        let first = camera.next(WAIT).unwrap();
        assert_eq!(first.captured_at, crate::units::Moment::after(fake.time() - fake::AGE));
        let mut last = first.captured_at;
        for _ in 0..3 {
            let frame = camera.next(WAIT).unwrap();
            assert!(frame.captured_at >= last);
            last = frame.captured_at;
        }
    }

    #[test]
    fn sequence_goes_on_over_wraps_and_where_the_driver_does_not_count() {
        let (fake, mut camera) = streaming(vec![Event::Numbered(u32::MAX - 1), Event::Numbered(1), Event::Numbered(1), Event::Numbered(1)]);
        let numbers: Vec<_> = (0..4).map(|_| camera.next(WAIT).unwrap().sequence).collect();
        assert_eq!(numbers, [0, 3, 4, 5]);
        assert_eq!(fake.queued(), 4);
    }

    #[test]
    fn while_every_frame_is_looked_at_new_ones_are_dropped_and_their_buffers_go_back() {
        let (fake, mut camera) = streaming(vec![Event::Frame; 6]);
        let held: Vec<_> = (0..3).map(|_| camera.next(WAIT).unwrap()).collect();
        assert!(matches!(camera.next(WAIT), Err(CameraError::Late(_))));
        assert_eq!(fake.queued(), 4);
        drop(held);
        fake.push([Event::Frame]);
        assert!(camera.next(WAIT).is_ok());
    }

    #[test]
    fn full_range_yuyv_is_made_limited() {
        let fake = Fake::new(vec![Event::Frame]);
        fake.set(|s| s.full_range = true);
        let frame = open(&fake, &config()).unwrap().next(WAIT).unwrap();
        assert!(frame.bytes().iter().step_by(2).all(|y| (16..=235).contains(y)));
    }

    #[test]
    fn nokhwa_speaks_its_formats_and_controls_to_our_backend() {
        let fake = formats(&[(FourCc::YUYV, 64, 48, 15), (FourCc::GREY, 32, 24, 30)]);
        fake.push([Event::Frame, Event::Frame]);
        let stream = Arc::new(Mutex::new(Stream::new(fake.clone(), "fake".into(), fake.clock())));
        let index = CameraIndex::String("fake".into());
        let info = CameraInfo::new("Fake", "", "", index.clone());
        let wish = CameraFormat::new_from(64, 48, FrameFormat::YUYV, 15);
        let mut camera = nokhwa::Camera::with_custom(index, ApiBackend::Video4Linux, Box::new(Backend::new(stream, info, wish)));
        assert_eq!(camera.compatible_fourcc().unwrap(), [FrameFormat::YUYV, FrameFormat::GRAY]);
        let kinds = [FrameFormat::YUYV];
        camera.set_camera_requset(RequestedFormat::with_formats(RequestedFormatType::Exact(wish), &kinds)).unwrap();
        camera.open_stream().unwrap();
        assert_eq!(camera.frame_raw().unwrap().len(), 64 * 48 * 2);
        assert_eq!(camera.frame().unwrap().buffer().len(), 64 * 48 * 2);
        let brightness = camera.camera_control(nokhwa::utils::KnownCameraControl::Brightness).unwrap();
        assert_eq!(brightness.value(), nokhwa::utils::ControlValueSetter::Integer(7));
        camera.set_camera_control(nokhwa::utils::KnownCameraControl::Brightness, nokhwa::utils::ControlValueSetter::Integer(9)).unwrap();
        assert_eq!(camera.camera_controls().unwrap().len(), 1);
        camera.stop_stream().unwrap();
        assert!(!camera.is_stream_open());
    }
}
