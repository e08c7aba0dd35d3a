//! Our device behind `nokhwa`'s seam, `CaptureBackendTrait`: `nokhwa::Camera::with_custom` then speaks its formats and controls to it.
//!
//! `nokhwa`'s own V4L2 backend waits for a frame without a deadline, gives the whole buffer instead of the bytes used, drops the driver's
//! ERROR flag and sequence number, panics when a stream can't be stopped, and doesn't know 8-bit grey. This one does none of that.

use super::device::{Device, Errno, FourCc};
use super::stream::Stream;
use crate::camera::{CameraError, PixelFormat};
use nokhwa::camera_traits::CaptureBackendTrait;
use nokhwa::utils::{
    ApiBackend, CameraControl, CameraFormat, CameraInfo, ControlValueDescription, ControlValueSetter, FrameFormat, KnownCameraControl,
    KnownCameraControlFlag, Resolution,
};
use nokhwa::{Buffer, NokhwaError};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use v4l2_sys_mit::*;

/// `nokhwa`'s calls have no deadline of their own.
const FRAME_WAIT: Duration = Duration::from_secs(2);

/// Sizes that people ask for, where a device offers all between two.
const COMMON_SIZES: [(u32, u32); 7] = [(320, 240), (640, 480), (800, 600), (1024, 768), (1280, 720), (1280, 960), (1920, 1080)];

/// `nokhwa`'s names of controls, and V4L2's numbers.
const CONTROLS: [(KnownCameraControl, u32); 14] = [
    (KnownCameraControl::Brightness, V4L2_CID_BRIGHTNESS),
    (KnownCameraControl::Contrast, V4L2_CID_CONTRAST),
    (KnownCameraControl::Hue, V4L2_CID_HUE),
    (KnownCameraControl::Saturation, V4L2_CID_SATURATION),
    (KnownCameraControl::Sharpness, V4L2_CID_SHARPNESS),
    (KnownCameraControl::Gamma, V4L2_CID_GAMMA),
    (KnownCameraControl::WhiteBalance, V4L2_CID_WHITE_BALANCE_TEMPERATURE),
    (KnownCameraControl::BacklightComp, V4L2_CID_BACKLIGHT_COMPENSATION),
    (KnownCameraControl::Gain, V4L2_CID_GAIN),
    (KnownCameraControl::Pan, V4L2_CID_PAN_ABSOLUTE),
    (KnownCameraControl::Tilt, V4L2_CID_TILT_ABSOLUTE),
    (KnownCameraControl::Zoom, V4L2_CID_ZOOM_ABSOLUTE),
    (KnownCameraControl::Exposure, V4L2_CID_EXPOSURE_ABSOLUTE),
    (KnownCameraControl::Focus, V4L2_CID_FOCUS_ABSOLUTE),
];

/// The formats that become frames, in `nokhwa`'s names.
const FORMATS: [(FrameFormat, FourCc); 3] =
    [(FrameFormat::YUYV, FourCc::YUYV), (FrameFormat::MJPEG, FourCc::MJPEG), (FrameFormat::GRAY, FourCc::GREY)];

/// V4L2's name of a format of `nokhwa`'s; None for those that don't become frames.
pub(super) fn fourcc(format: FrameFormat) -> Option<FourCc> {
    FORMATS.iter().find(|(theirs, _)| *theirs == format).map(|(_, ours)| *ours)
}

/// See [the module](self).
pub(super) struct Backend<D: Device> {
    stream: Arc<Mutex<Stream<D>>>,
    info: CameraInfo,
    /// What is agreed on, or wished for before that.
    format: CameraFormat,
}

impl<D: Device> Backend<D> {
    pub(super) fn new(stream: Arc<Mutex<Stream<D>>>, info: CameraInfo, wish: CameraFormat) -> Backend<D> {
        Backend { stream, info, format: wish }
    }

    fn stream(&self) -> Result<MutexGuard<'_, Stream<D>>, NokhwaError> {
        self.stream.lock().map_err(|_| NokhwaError::GeneralError("a thread has died while it used the camera".into()))
    }

    /// Keeps the error as it is for us, and gives `nokhwa` its text.
    fn told(stream: &mut Stream<D>, error: CameraError) -> NokhwaError {
        let text = error.to_string();
        stream.fault = Some(error);
        NokhwaError::GeneralError(text)
    }
}

fn property(property: &str) -> impl Fn(Errno) -> NokhwaError {
    move |error| NokhwaError::GetPropertyError { property: property.to_owned(), error: error.to_string() }
}

/// Some drivers list nothing; that is no fault.
fn unless_unlisted<T>(error: Errno) -> Result<Vec<T>, Errno> {
    if matches!(error, Errno::NOTTY | Errno::INVAL) { Ok(Vec::new()) } else { Err(error) }
}

impl<D: Device> CaptureBackendTrait for Backend<D> {
    fn backend(&self) -> ApiBackend {
        ApiBackend::Video4Linux
    }

    fn camera_info(&self) -> &CameraInfo {
        &self.info
    }

    fn refresh_camera_format(&mut self) -> Result<(), NokhwaError> {
        Ok(()) // nobody else changes it: the device is ours from S_FMT on
    }

    fn camera_format(&self) -> CameraFormat {
        self.format
    }

    fn set_camera_format(&mut self, wish: CameraFormat) -> Result<(), NokhwaError> {
        let fourcc = fourcc(wish.format()).ok_or_else(|| NokhwaError::SetPropertyError {
            property: "format".into(),
            value: wish.format().to_string(),
            error: "only YUYV, MJPEG and grey become frames".into(),
        })?;
        let mut stream = self.stream()?;
        let was_on = stream.is_on();
        let agreed = stream.set_format(fourcc, (wish.width(), wish.height())).map_err(|e| Self::told(&mut stream, e))?;
        let rate = match stream.device.set_rate(wish.frame_rate()) {
            Ok(rate) if rate > 0 => rate,
            other => {
                log::debug!("{}: its rate can't be set ({other:?}); it keeps its own", stream.name);
                wish.frame_rate()
            }
        };
        if was_on {
            stream.start().map_err(|e| Self::told(&mut stream, e))?;
        }
        drop(stream);
        self.format = CameraFormat::new_from(agreed.width, agreed.height, wish.format(), rate);
        Ok(())
    }

    fn compatible_list_by_resolution(&mut self, format: FrameFormat) -> Result<HashMap<Resolution, Vec<u32>>, NokhwaError> {
        let Some(fourcc) = fourcc(format) else { return Ok(HashMap::new()) };
        let wish = ((self.format.width(), self.format.height()), self.format.frame_rate());
        let mut stream = self.stream()?;
        let mut list = HashMap::new();
        let offered = stream.device.sizes(fourcc).or_else(unless_unlisted).map_err(property("frame sizes"))?;
        for sizes in offered {
            let common = COMMON_SIZES.iter().chain([&wish.0, &sizes.least, &sizes.most]);
            for size in common.copied().filter(|size| sizes.have(*size)) {
                let ranges = stream.device.rates(fourcc, size).unwrap_or_default();
                // slowest <= fastest is the driver's word, not a law
                let mut rates: Vec<u32> = ranges.iter().flat_map(|r| [wish.1.max(r.slowest).min(r.fastest), r.fastest]).collect();
                rates.sort_unstable();
                rates.dedup();
                if rates.is_empty() {
                    rates.push(wish.1); // a driver that lists sizes and no rates: it will say when it is asked
                }
                list.insert(Resolution::new(size.0, size.1), rates);
            }
        }
        Ok(list)
    }

    fn compatible_fourcc(&mut self) -> Result<Vec<FrameFormat>, NokhwaError> {
        let offered = self.stream()?.device.formats().or_else(unless_unlisted).map_err(property("pixel formats"))?;
        Ok(FORMATS.iter().filter(|(_, ours)| offered.contains(ours)).map(|(theirs, _)| *theirs).collect())
    }

    fn resolution(&self) -> Resolution {
        self.format.resolution()
    }

    fn set_resolution(&mut self, resolution: Resolution) -> Result<(), NokhwaError> {
        self.set_camera_format(CameraFormat::new(resolution, self.format.format(), self.format.frame_rate()))
    }

    fn frame_rate(&self) -> u32 {
        self.format.frame_rate()
    }

    fn set_frame_rate(&mut self, rate: u32) -> Result<(), NokhwaError> {
        self.set_camera_format(CameraFormat::new(self.format.resolution(), self.format.format(), rate))
    }

    fn frame_format(&self) -> FrameFormat {
        self.format.format()
    }

    fn set_frame_format(&mut self, format: FrameFormat) -> Result<(), NokhwaError> {
        self.set_camera_format(CameraFormat::new(self.format.resolution(), format, self.format.frame_rate()))
    }

    fn camera_control(&self, control: KnownCameraControl) -> Result<CameraControl, NokhwaError> {
        let missing = || property(&control.to_string())(Errno::INVAL);
        let id = CONTROLS.iter().find(|(name, _)| *name == control).map(|(_, id)| *id).ok_or_else(missing)?;
        let said = self.stream()?.device.control(id).map_err(property(&control.to_string()))?;
        let description = ControlValueDescription::IntegerRange {
            min: said.least.into(),
            max: said.most.into(),
            value: said.value.into(),
            step: said.step.into(),
            default: said.default.into(),
        };
        Ok(CameraControl::new(control, said.name, description, vec![KnownCameraControlFlag::Manual], said.active))
    }

    fn camera_controls(&self) -> Result<Vec<CameraControl>, NokhwaError> {
        Ok(CONTROLS.iter().filter_map(|(control, _)| self.camera_control(*control).ok()).collect())
    }

    fn set_camera_control(&mut self, control: KnownCameraControl, value: ControlValueSetter) -> Result<(), NokhwaError> {
        let refused = |error: String| NokhwaError::SetPropertyError { property: control.to_string(), value: value.to_string(), error };
        let id = CONTROLS.iter().find(|(name, _)| *name == control).map(|(_, id)| *id).ok_or_else(|| refused("unknown".into()))?;
        let number = match &value {
            ControlValueSetter::Integer(number) => i32::try_from(*number).map_err(|e| refused(e.to_string()))?,
            ControlValueSetter::Boolean(yes) => i32::from(*yes),
            _ => return Err(refused("it wants a whole number".into())),
        };
        self.stream()?.device.set_control(id, number).map_err(|e| refused(e.to_string()))
    }

    fn open_stream(&mut self) -> Result<(), NokhwaError> {
        let mut stream = self.stream()?;
        stream.start().map_err(|e| Self::told(&mut stream, e))
    }

    fn is_stream_open(&self) -> bool {
        self.stream().is_ok_and(|stream| stream.is_on())
    }

    fn frame(&mut self) -> Result<Buffer, NokhwaError> {
        let mut stream = self.stream()?;
        let frame = stream.next(FRAME_WAIT).map_err(|e| NokhwaError::ReadFrameError(e.to_string()))?;
        let format = match frame.format {
            PixelFormat::Yuyv => FrameFormat::YUYV,
            PixelFormat::Luma => FrameFormat::GRAY,
            _ => FrameFormat::RAWRGB, // an MJPEG frame, decoded
        };
        Ok(Buffer::new(self.format.resolution(), frame.bytes(), format))
    }

    fn frame_raw(&mut self) -> Result<Cow<'_, [u8]>, NokhwaError> {
        let raw = self.stream()?.next_raw(FRAME_WAIT);
        raw.map(Cow::Owned).map_err(|e| NokhwaError::ReadFrameError(e.to_string()))
    }

    fn stop_stream(&mut self) -> Result<(), NokhwaError> {
        self.stream()?.stop();
        Ok(())
    }
}
