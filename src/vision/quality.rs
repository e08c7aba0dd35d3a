//! Whether a face is good enough to be judged, and why not. What each figure means and where its limit comes from: `docs/quality.md`.
//!
//! A refusal here costs somebody a second look at the camera; a face that should have been refused costs a comparison that means little.
//! So the limits stand where comparisons begin to fail, not where a picture begins to look poor.

use super::align::{Crop, SIDE};
use super::face::{Detection, Rect};
use crate::config;

/// Why a face is not good enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Fewer pixels than a comparison needs: come nearer.
    TooSmall,
    /// Out of focus or moving: stand still.
    TooBlurred,
    /// Too little light on the face.
    TooDark,
    /// Too much light on the face.
    TooBright,
    /// Looks past the camera.
    TurnedAway,
    /// Part of it is outside the picture.
    CutByEdge,
    /// So near that the frame leaves too little around it to judge liveness; only where liveness is judged ([`super::liveness`]).
    TooNear,
}

impl Reason {
    /// All of them.
    pub const ALL: [Reason; 7] =
        [Reason::TooSmall, Reason::TooBlurred, Reason::TooDark, Reason::TooBright, Reason::TurnedAway, Reason::CutByEdge, Reason::TooNear];

    /// A stable word for records and `--json`.
    pub fn word(self) -> &'static str {
        match self {
            Reason::TooSmall => "too_small",
            Reason::TooBlurred => "too_blurred",
            Reason::TooDark => "too_dark",
            Reason::TooBright => "too_bright",
            Reason::TurnedAway => "turned_away",
            Reason::CutByEdge => "cut_by_edge",
            Reason::TooNear => "too_near",
        }
    }
}

impl std::fmt::Display for Reason {
    /// In words for people: "too small".
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Reason::TooSmall => "too small",
            Reason::TooBlurred => "too blurred",
            Reason::TooDark => "too dark",
            Reason::TooBright => "too bright",
            Reason::TurnedAway => "turned away",
            Reason::CutByEdge => "cut by the picture's edge",
            Reason::TooNear => "too near: step back, a picture needs more room around the face",
        })
    }
}

/// A set of reasons; empty for a face that is good enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reasons(u8);

impl Reasons {
    /// Adds one where `holds`.
    pub(super) fn add(&mut self, reason: Reason, holds: bool) {
        self.0 |= u8::from(holds) << reason as u8;
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether this one is among them.
    pub fn contains(self, reason: Reason) -> bool {
        self.0 & (1 << reason as u8) != 0
    }

    /// Those that there are, in the order of [`Reason::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Reason> {
        Reason::ALL.into_iter().filter(move |r| self.contains(*r))
    }
}

impl std::fmt::Display for Reasons {
    /// For people: "too small, turned away".
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (i, reason) in self.iter().enumerate() {
            write!(f, "{}{reason}", if i > 0 { ", " } else { "" })?;
        }
        Ok(())
    }
}

/// What was measured of a face, and what stands against it.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Quality {
    /// Width of its box in pixels of the frame.
    pub face_px: f32,
    /// Fine structure in its least sharp direction, in thousandths of its contrast; independent of light and contrast.
    pub sharpness: f32,
    /// Mean brightness of the inner face, 0 to 255.
    pub luma: f32,
    /// Share of the inner face that is burnt out (brightness of 250 and more), 0 to 1.
    pub burnt: f32,
    /// Turn to a side: how far the nose is from the eyes' middle along the line of the eyes, in eye distances. 0 is frontal; positive
    /// when the nose points to the right of the picture.
    pub yaw: f32,
    /// Share of its box outside the frame, 0 to 1.
    pub outside: f32,
    /// Why it is not good enough.
    pub reasons: Reasons,
}

impl Quality {
    /// Whether it is good enough.
    pub fn is_usable(&self) -> bool {
        self.reasons.is_empty()
    }
}

/// What a face must reach.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Least width in pixels.
    pub min_face_px: f32,
    /// Least sharpness.
    pub min_sharpness: f32,
    /// Least mean brightness.
    pub min_luma: f32,
    /// Greatest mean brightness.
    pub max_luma: f32,
    /// Greatest share that is burnt out.
    pub max_burnt: f32,
    /// Greatest turn to either side.
    pub max_yaw: f32,
    /// Greatest share outside the frame.
    pub max_outside: f32,
}

impl Limits {
    /// For a face that asks to enter.
    pub fn for_entry(config: &config::Quality) -> Limits {
        Limits {
            min_face_px: config.min_face_px as f32,
            min_sharpness: config.min_sharpness,
            min_luma: config.min_face_luma,
            max_luma: config.max_face_luma,
            max_burnt: config.max_burnt,
            max_yaw: config.max_yaw,
            max_outside: config.max_outside,
        }
    }

    /// For a face that becomes a template: every later comparison is held against it.
    pub fn for_enrolment(config: &config::Quality) -> Limits {
        Limits { min_face_px: config.min_enrol_face_px as f32, max_yaw: config.max_enrol_yaw, ..Limits::for_entry(config) }
    }

    /// Measures a face and judges it. A figure that is no number counts against it.
    pub fn judge(&self, (width, height): (u32, u32), detection: &Detection, crop: &Crop) -> Quality {
        let (sharpness, luma, burnt) = figures(crop);
        let yaw = yaw(detection);
        let outside = outside((width, height), detection);
        let face_px = detection.bbox.width;
        let mut reasons = Reasons::default();
        // NaN is in no range, so a figure that is none counts against the face.
        reasons.add(Reason::TooSmall, !(self.min_face_px..).contains(&face_px));
        reasons.add(Reason::TooBlurred, !(self.min_sharpness..).contains(&sharpness));
        reasons.add(Reason::TooDark, !(self.min_luma..).contains(&luma));
        reasons.add(Reason::TooBright, !((..=self.max_luma).contains(&luma) && (..=self.max_burnt).contains(&burnt)));
        reasons.add(Reason::TurnedAway, !(..=self.max_yaw).contains(&yaw.abs()));
        reasons.add(Reason::CutByEdge, !(..=self.max_outside).contains(&outside) || landmark_outside((width, height), detection));
        Quality { face_px, sharpness, luma, burnt, yaw, outside, reasons }
    }
}

/// How far the nose is from the eyes' middle along the line of the eyes, in eye distances.
fn yaw(detection: &Detection) -> f32 {
    let [left, right, nose, ..] = detection.landmarks;
    let (ex, ey) = (right.x - left.x, right.y - left.y);
    let (nx, ny) = (nose.x - (left.x + right.x) / 2.0, nose.y - (left.y + right.y) / 2.0);
    (nx * ex + ny * ey) / (ex * ex + ey * ey)
}

/// Share of the box outside the frame.
fn outside((width, height): (u32, u32), detection: &Detection) -> f32 {
    let frame = Rect { x: 0.0, y: 0.0, width: width as f32, height: height as f32 };
    1.0 - detection.bbox.shared(&frame) / detection.bbox.area()
}

/// Whether a landmark is outside the frame by more than the detector's own uncertainty, a fiftieth of the face.
fn landmark_outside((width, height): (u32, u32), detection: &Detection) -> bool {
    let spare = detection.bbox.width / 50.0;
    detection.landmarks.iter().any(|p| {
        let inside = p.x >= -spare && p.y >= -spare && p.x <= width as f32 - 1.0 + spare && p.y <= height as f32 - 1.0 + spare;
        !inside
    })
}

/// The inner face in the crop: columns and rows (even), from above the eyes to the chin, without hair and background.
const INNER: (std::ops::Range<usize>, std::ops::Range<usize>) = (22..90, 28..104);
/// The same at half the size, and how far the directions reach.
const COLUMNS: usize = (INNER.0.end - INNER.0.start) / 2;
const ROWS: usize = (INNER.1.end - INNER.1.start) / 2;

/// Sharpness, mean brightness and burnt-out share of the inner face.
///
/// Sharpness is taken at half the crop's size: an encoder needs no more than that, a face of 56 pixels has no more than that, and half of
/// the sensor's noise is gone. In each of four directions, the mean square of the second difference is divided by the variance; the least
/// of the four counts, because motion blurs in one direction only. Dividing makes it the same in dim light.
fn figures(crop: &Crop) -> (f32, f32, f32) {
    let [r, g, b] = &crop.planes;
    // ITU-R BT.601-7, section 2.5.1.
    let luma = |at: usize| 0.299 * r[at] + 0.587 * g[at] + 0.114 * b[at];
    let mut half = [[0.0f32; COLUMNS + 2]; ROWS + 2];
    let (mut sum, mut burnt) = (0.0, 0usize);
    for (i, row) in half.iter_mut().enumerate() {
        for (j, to) in row.iter_mut().enumerate() {
            let at = (INNER.1.start + 2 * i - 2) * SIDE + INNER.0.start + 2 * j - 2;
            let four = [luma(at), luma(at + 1), luma(at + SIDE), luma(at + SIDE + 1)];
            *to = four.iter().sum::<f32>() / 4.0;
            if (1..=ROWS).contains(&i) && (1..=COLUMNS).contains(&j) {
                sum += *to;
                burnt += four.iter().filter(|v| **v >= 250.0).count();
            }
        }
    }
    let count = (ROWS * COLUMNS) as f32;
    let mean = sum / count;
    let (mut variance, mut fine) = (0.0, [0.0f32; 4]);
    for i in 1..=ROWS {
        for j in 1..=COLUMNS {
            let centre = 2.0 * half[i][j];
            variance += (half[i][j] - mean).powi(2);
            let along = centre - half[i][j - 1] - half[i][j + 1];
            let down = centre - half[i - 1][j] - half[i + 1][j];
            let falling = centre - half[i - 1][j - 1] - half[i + 1][j + 1];
            let rising = centre - half[i - 1][j + 1] - half[i + 1][j - 1];
            // A diagonal step is longer by the root of two; the squares of second differences go with the fourth power, halved twice.
            for (sum, d) in fine.iter_mut().zip([along * along, down * down, falling * falling / 2.0, rising * rising / 2.0]) {
                *sum += d;
            }
        }
    }
    let least = fine.into_iter().fold(f32::INFINITY, f32::min);
    // A flat crop has neither structure nor contrast: it is not sharp.
    let sharpness = if variance > 0.01 * count { 1000.0 * least / variance } else { 0.0 };
    (sharpness, mean, burnt as f32 / (4.0 * count))
}

#[cfg(test)]
mod tests {
    use super::super::face::Point;
    use super::*;
    use crate::config::Config;
    use std::f32::consts::TAU;

    const FRAME: (u32, u32) = (640, 480);

    /// A frontal face 160 pixels wide in the middle of the frame.
    fn detection() -> Detection {
        let landmarks = [(285.0, 210.0), (355.0, 210.0), (320.0, 250.0), (292.0, 290.0), (348.0, 290.0)].map(|(x, y)| Point { x, y });
        Detection { bbox: Rect { x: 240.0, y: 140.0, width: 160.0, height: 200.0 }, score: 0.9, landmarks }
    }

    /// A crop of this brightness at (x, y).
    fn crop(luma: impl Fn(usize, usize) -> f32) -> Crop {
        let plane: Vec<f32> = (0..SIDE * SIDE).map(|i| luma(i % SIDE, i / SIDE).clamp(0.0, 255.0)).collect();
        Crop { planes: [plane.clone(), plane.clone(), plane] }
    }

    /// Waves of this length in pixels, one kind along x and one along y.
    fn waves(along: f32, down: f32) -> impl Fn(usize, usize) -> f32 {
        move |x, y| 120.0 + 40.0 * (x as f32 * TAU / along).sin() + 40.0 * (y as f32 * TAU / down).sin()
    }

    fn entry() -> Limits {
        Limits::for_entry(&Config::default().quality)
    }

    fn reasons(detection: &Detection, crop: &Crop) -> Vec<Reason> {
        entry().judge(FRAME, detection, crop).reasons.iter().collect()
    }

    #[test]
    fn an_ordinary_face_is_usable() {
        let quality = entry().judge(FRAME, &detection(), &crop(waves(12.0, 14.0)));
        assert!(quality.is_usable(), "{quality:?}");
        assert_eq!((quality.face_px, quality.yaw, quality.outside, quality.burnt), (160.0, 0.0, 0.0, 0.0));
        assert!((quality.luma - 120.0).abs() < 6.0);
    }

    #[test]
    fn each_shortcoming_has_its_reason() {
        let good = crop(waves(12.0, 14.0));
        let mut small = detection();
        small.bbox.width = 30.0;
        assert_eq!(reasons(&small, &good), [Reason::TooSmall]);
        let mut turned = detection();
        turned.landmarks[2].x += 70.0;
        assert_eq!(reasons(&turned, &good), [Reason::TurnedAway]);
        let mut cut = detection();
        cut.bbox.x = -60.0;
        assert_eq!(reasons(&cut, &good), [Reason::CutByEdge]);
        let mut mouthless = detection();
        mouthless.landmarks[3].y = 490.0;
        assert_eq!(reasons(&mouthless, &good), [Reason::CutByEdge]);
        let wave = waves(12.0, 14.0);
        assert_eq!(reasons(&detection(), &crop(|x, y| wave(x, y) / 20.0)), [Reason::TooDark]);
        assert_eq!(reasons(&detection(), &crop(|x, y| wave(x, y) * 5.0)), [Reason::TooBright]);
        assert_eq!(reasons(&detection(), &crop(waves(60.0, 70.0))), [Reason::TooBlurred]);
    }

    #[test]
    fn motion_in_one_direction_is_blur() {
        assert_eq!(reasons(&detection(), &crop(waves(100.0, 8.0))), [Reason::TooBlurred]);
        assert_eq!(reasons(&detection(), &crop(waves(8.0, 100.0))), [Reason::TooBlurred]);
    }

    #[test]
    fn sharpness_does_not_depend_on_light() {
        let (wave, limits) = (waves(12.0, 14.0), entry());
        let bright = limits.judge(FRAME, &detection(), &crop(&wave)).sharpness;
        let dim = limits.judge(FRAME, &detection(), &crop(|x, y| wave(x, y) * 0.3)).sharpness;
        assert!((bright / dim - 1.0).abs() < 0.01, "{bright} {dim}");
        assert_eq!(limits.judge(FRAME, &detection(), &crop(|_, _| 100.0)).sharpness, 0.0);
    }

    #[test]
    fn yaw_is_measured_along_the_eyes_whatever_the_head_s_tilt() {
        let tilted = |d: &Detection, degrees: f32| {
            let (sin, cos) = degrees.to_radians().sin_cos();
            let turn = |p: Point| Point { x: p.x * cos - p.y * sin, y: p.x * sin + p.y * cos };
            Detection { landmarks: d.landmarks.map(turn), ..*d }
        };
        let mut turned = detection();
        turned.landmarks[2].x += 14.0;
        for degrees in [-40.0, 0.0, 25.0, 90.0] {
            assert!(yaw(&tilted(&detection(), degrees)).abs() < 1e-4);
            assert!((yaw(&tilted(&turned, degrees)) - 0.2).abs() < 1e-4);
        }
    }

    #[test]
    fn enrolment_asks_for_more() {
        let config = Config::default().quality;
        let (entry, enrolment) = (Limits::for_entry(&config), Limits::for_enrolment(&config));
        assert!(enrolment.min_face_px > entry.min_face_px && enrolment.max_yaw < entry.max_yaw);
    }

    #[test]
    fn what_is_no_number_is_refused() {
        let mut broken = detection();
        broken.landmarks = [Point { x: f32::NAN, y: f32::NAN }; 5];
        assert_eq!(reasons(&broken, &crop(waves(12.0, 14.0))), [Reason::TurnedAway, Reason::CutByEdge]);
        let mut collapsed = detection();
        collapsed.landmarks[1] = collapsed.landmarks[0];
        assert!(reasons(&collapsed, &crop(waves(12.0, 14.0))).contains(&Reason::TurnedAway));
        let said = reasons(&detection(), &crop(|_, _| f32::NAN));
        assert_eq!(said, [Reason::TooBlurred, Reason::TooDark, Reason::TooBright]);
    }

    #[test]
    fn reasons_are_told_in_words() {
        let mut reasons = Reasons::default();
        reasons.add(Reason::TooDark, true);
        reasons.add(Reason::CutByEdge, true);
        reasons.add(Reason::TooSmall, false);
        assert_eq!(reasons.to_string(), "too dark, cut by the picture's edge");
        assert_eq!(reasons.iter().map(Reason::word).collect::<Vec<_>>(), ["too_dark", "cut_by_edge"]);
    }
}
