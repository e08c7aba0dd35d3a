//! The sections and their keys: name, type, default, range, meaning.

use super::read::Report;
use super::value::{Value, choice};
use crate::units::FalseEntries;
use std::path::PathBuf;
use toml::de::DeTable;

macro_rules! sections {
    ($($(#[$doc:meta])* $field:ident: $name:ident = $word:literal {
        $($(#[doc = $meaning:literal])+ $key:ident: $kind:ty = $default:expr $(, in $least:literal..=$most:literal)?;)+
    })+) => {
        /// The whole configuration.
        #[derive(Debug, Clone, PartialEq, Default)]
        pub struct Config { $($(#[$doc])* pub $field: $name),+ }

        $($(#[$doc])*
        #[derive(Debug, Clone, PartialEq)]
        pub struct $name { $($(#[doc = $meaning])+ pub $key: $kind),+ }

        impl Default for $name {
            fn default() -> Self { $name { $($key: $default),+ } }
        })+

        impl Config {
            pub(super) fn read(table: &DeTable<'_>, report: &mut Report<'_>) -> Config {
                report.unknown_keys("", table, &[$($word),+]);
                let config = Config { $($field: {
                    let section = report.section(table, $word);
                    if let Some(section) = section {
                        report.unknown_keys($word, section, &[$(stringify!($key)),+]);
                    }
                    $name { $($key: report.value($word, section, stringify!($key), sections!(@range $($least..=$most)?), $default)),+ }
                }),+ };
                config.check(report);
                config
            }

            /// As the text of a file; `explained` puts each key's meaning above it.
            pub fn to_toml(&self, explained: bool) -> String {
                let mut text = String::new();
                $(
                    text += concat!("[", $word, "]\n");
                    $(
                        if explained {
                            $(text += concat!("#", $meaning, "\n");)+
                        }
                        text += &format!("{} = {}\n", stringify!($key), self.$field.$key.to_toml());
                    )+
                    text.push('\n');
                )+
                text
            }
        }
    };
    (@range $least:literal..=$most:literal) => { Some(($least as f64, $most as f64)) };
    (@range) => { None };
}

choice! {
    /// Where frames come from.
    CameraDriver { V4l2 = "v4l2", Rpicam = "rpicam", Replay = "replay" }
}
choice! {
    /// What a V4L2 camera is asked for.
    CameraFormat { Auto = "auto", Yuyv = "yuyv", Mjpeg = "mjpeg", Grey = "grey" }
}
choice! {
    /// How several templates of a person count.
    Templates { Mean = "mean", Best = "best" }
}
choice! {
    /// How alike two faces are said to be.
    #[derive(Default)]
    Score {
        /// The cosine of their embeddings.
        #[default]
        Cosine = "cosine",
        /// The cosine in units of how alike both are to people who are neither (adaptive s-norm).
        SNorm = "s-norm",
        /// A logistic head on |a - b|, fitted by `calibrate --head absolute`.
        HeadAbsolute = "head-absolute",
        /// The same in its chi-square form.
        HeadChiSquare = "head-chi-square",
    }
}
choice! {
    /// What drives the relay's line.
    DoorDriver { Gpiochip = "gpiochip", Rppal = "rppal", Simulated = "simulated" }
}
choice! {
    /// The electrical level at which the relay is energised.
    ActiveLevel { High = "high", Low = "low" }
}

sections! {
    /// The camera.
    camera: Camera = "camera" {
        /// "v4l2" (USB), "rpicam" (a Raspberry Pi's ribbon camera) or "replay" (pictures from a folder).
        driver: CameraDriver = CameraDriver::V4l2;
        /// Device of a USB camera: a path below /dev/v4l/by-id or by-path, which stays the same when cameras come and go. "auto" takes the only one there is.
        device: Option<PathBuf> = None;
        /// Accept /dev/videoN, whose number may change at the next start.
        allow_number: bool = false;
        /// Pixel format of a USB camera: "auto" (YUYV, then MJPEG, then grey), "yuyv", "mjpeg" or "grey" (infrared).
        format: CameraFormat = CameraFormat::Auto;
        /// Width of a frame in pixels.
        width: u32 = 640, in 160..=4096;
        /// Height of a frame in pixels.
        height: u32 = 480, in 120..=4096;
        /// Frames a second.
        fps: u32 = 15, in 1..=120;
        /// Without a fresh frame for so long it is a fault, and the door locks.
        stall_ms: u64 = 2000, in 200..=60000;
        /// Longest wait between two tries to open a camera that is gone.
        reconnect_ms: u64 = 10000, in 100..=600000;
        /// For "rpicam": the program; "auto" takes rpicam-vid, or libcamera-vid, as it was called before.
        program: Option<PathBuf> = None;
        /// For "replay": a folder of pictures, or a text file that lists them.
        path: Option<PathBuf> = None;
        /// For "replay": begin again when the pictures end.
        repeat: bool = false;
    }
    /// Which nets are used.
    models: Models = "models" {
        /// Folder with manifest.toml; "auto" looks where nets are installed and shipped.
        dir: Option<PathBuf> = None;
        /// Name of the detector in the manifest; "auto" takes the manifest's default.
        detector: Option<String> = None;
        /// Name of the encoder in the manifest. Another encoder means a new enrolment of everybody.
        encoder: Option<String> = None;
    }
    /// Finding faces.
    detect: Detect = "detect" {
        /// Least score of a face, 0 to 1.
        min_score: f32 = 0.6, in 0.1..=0.99;
        /// Two boxes that overlap more than this (intersection over union) are one face.
        max_overlap: f32 = 0.3, in 0.05..=0.95;
        /// Width in pixels of the frame that a visitor's face is expected to have; the detector's input is chosen from it.
        face_px: u32 = 160, in 20..=2000;
        /// Width of the detector's input in pixels, a multiple of 32; "auto" chooses from face_px.
        input_width: Option<u32> = None, in 96..=1280;
    }
    /// When a face is good enough to be judged.
    quality: Quality = "quality" {
        /// Least width of a face in pixels.
        min_face_px: u32 = 40, in 16..=1000;
        /// Least sharpness of the face, in thousandths of its contrast (see docs/quality.md).
        min_sharpness: f32 = 12.0, in 0.0..=1000.0;
        /// Least mean brightness of the face, 0 to 255.
        min_face_luma: f32 = 12.0, in 0.0..=255.0;
        /// Greatest mean brightness of the face, 0 to 255.
        max_face_luma: f32 = 240.0, in 0.0..=255.0;
        /// Greatest share of the face that is burnt out, 0 to 1.
        max_burnt: f32 = 0.7, in 0.0..=1.0;
        /// Greatest share of the face's box outside the picture, 0 to 1.
        max_outside: f32 = 0.2, in 0.0..=1.0;
        /// Greatest turn to a side: distance of the nose from the eyes' middle, in eye distances (0 frontal, 0.35 clearly turned, 1 a profile).
        max_yaw: f32 = 0.8, in 0.0..=2.0;
        /// The same at enrolment, where a face should look into the camera.
        max_enrol_yaw: f32 = 0.35, in 0.0..=2.0;
        /// Least width in pixels of a face that is enrolled.
        min_enrol_face_px: u32 = 80, in 16..=1000;
    }
    /// Whether a face is a living one. It can only deny.
    liveness: Liveness = "liveness" {
        /// Judge liveness at all. Without it any photograph opens the door.
        enabled: bool = true;
        /// Names of the nets in the manifest, separated by commas; "auto" takes the manifest's default.
        models: Option<String> = None;
        /// Least mean probability of a living face, 0 to 1.
        min_live: f32 = 0.5, in 0.01..=0.99;
    }
    /// Comparing faces.
    matching: Match = "match" {
        /// How often a stranger may get in: "1 in 10000 visits". Tau is derived from it, and follows the number of templates.
        /// "auto": the encoder's own tau, which doesn't follow.
        false_entries: Option<FalseEntries> = None;
        /// Threshold on similarity, fixed, in the place of false_entries; "auto" leaves it to that.
        tau: Option<f32> = None, in 0.0..=0.99;
        /// How several templates of a person count: their "mean" is compared (and K counts people), or each of them and the "best" counts.
        templates: Templates = Templates::Mean;
        /// How alike two faces are said to be: "cosine", "s-norm" (the cosine, normalised by a cohort of nobody), or a head that calibrate --head
        /// fitted: "head-absolute" or "head-chi-square". Each has tables and a tau of its own: calibrate again (docs/threshold.md).
        score: Score = Score::Cosine;
        /// The best person must be so much more alike than the best other person, in the score's own numbers.
        margin: f32 = 0.05, in 0.0..=0.9;
    }
    /// From a face's first sighting until nobody has been there for a while.
    visit: Visit = "visit" {
        /// So many looks of one person ...
        votes: u32 = 3, in 1..=32;
        /// ... among the last so many looks open the door.
        looks: u32 = 5, in 1..=32;
        /// A visit with so many looks judged not living opens nothing any more: it bounds how often a picture may be tried.
        max_spoofs: u32 = 30, in 1..=10000;
        /// A look older than this no longer counts.
        look_ms: u64 = 2000, in 100..=60000;
        /// A visit ends when nobody has been seen for so long.
        gap_ms: u64 = 1500, in 100..=60000;
        /// After a grant nobody is granted for so long.
        cooldown_ms: u64 = 3000, in 0..=600000;
    }
    /// Turning frames into looks.
    recognise: Recognise = "recognise" {
        /// Without a look at a fresh frame for so long it is a fault, and the door locks.
        stall_ms: u64 = 3000, in 200..=60000;
    }
    /// The relay.
    door: Door = "door" {
        /// "gpiochip" (the kernel's character device), "rppal" (a Raspberry Pi's registers) or "simulated".
        driver: DoorDriver = DoorDriver::Gpiochip;
        /// Label or path of the GPIO chip; "auto" finds a Raspberry Pi's own by its label.
        chip: Option<String> = None;
        /// Number of the line (on a Raspberry Pi: the BCM number of the pin).
        line: u32 = 17, in 0..=1023;
        /// Level at which the relay is energised: "high" or "low".
        active: ActiveLevel = ActiveLevel::High;
        /// How long a grant holds the relay.
        unlock_ms: u64 = 3000, in 100..=60000;
        /// No permit lasts longer than this, whoever gave it.
        max_unlock_ms: u64 = 10000, in 100..=600000;
        /// Refuse to start where the kernel would leave the line active after this program dies.
        require_release: bool = false;
    }
    /// The record of what happened.
    audit: Audit = "audit" {
        /// The record's greatest size in megabytes; the oldest events make room.
        budget_mb: u64 = 64, in 1..=100000;
    }
}

impl Config {
    /// What two keys together must hold.
    fn check(&self, report: &mut Report<'_>) {
        let mut hold = |ok: bool, key: &str, message: String| {
            if !ok {
                report.say(None, key, message);
            }
        };
        let (v, d, q) = (&self.visit, &self.door, &self.quality);
        hold(
            v.votes <= v.looks,
            "visit.votes",
            format!("{} votes can't come from {} looks: visit.votes must not exceed visit.looks", v.votes, v.looks),
        );
        hold(
            d.unlock_ms <= d.max_unlock_ms,
            "door.unlock_ms",
            format!("{} exceeds door.max_unlock_ms, which is {}", d.unlock_ms, d.max_unlock_ms),
        );
        hold(
            q.min_face_luma < q.max_face_luma,
            "quality.min_face_luma",
            format!("{} must be below quality.max_face_luma, which is {}", q.min_face_luma, q.max_face_luma),
        );
        let m = &self.matching;
        hold(
            m.tau.is_none() || m.false_entries.is_none(),
            "match.tau",
            "a fixed tau and match.false_entries, from which tau follows, exclude each other: leave one of them at \"auto\"".into(),
        );
        let width = self.detect.input_width.unwrap_or(32);
        hold(width.is_multiple_of(32), "detect.input_width", format!("{width} is no multiple of 32"));
        let replays = self.camera.driver == CameraDriver::Replay;
        hold(!replays || self.camera.path.is_some(), "camera.path", "must be set where camera.driver is \"replay\"".into());
    }
}
