//! Brings a face into the frame of reference of the encoders: 112x112 pixels, the five landmarks as near as a turn, a scale and a shift
//! can bring them to their places (ArcFace's, from InsightFace; Umeyama 1991 for the fit).
//!
//! A face that is larger than the crop is averaged on the way, so that nothing aliases however near it stands: a patch of the frame around
//! the face is first shrunk over areas, and the crop is blended from the patch.

use super::face::Point;
use super::sample::{Region, Sampler};
use crate::camera::Frame;

/// Width and height of the crop.
pub const SIDE: usize = 112;

/// Where the landmarks belong in the crop, in the order of [`super::face::Detection::landmarks`].
pub const PLACES: [Point; 5] = [
    Point { x: 38.2946, y: 51.6963 },
    Point { x: 73.5318, y: 51.5014 },
    Point { x: 56.0252, y: 71.7366 },
    Point { x: 41.5493, y: 92.3655 },
    Point { x: 70.7299, y: 92.2041 },
];

/// A turn, a scale and a shift: `(x, y)` goes to `(a x - b y + shift.x, b x + a y + shift.y)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Transform {
    /// Scale times the cosine of the turn.
    pub a: f32,
    /// Scale times its sine.
    pub b: f32,
    /// Where the origin goes.
    pub shift: Point,
}

impl Transform {
    /// The one that brings `from` nearest to `to` in the least squares sense; it never mirrors. None where `from` is one point, or
    /// numbers aren't finite, or everything would fall into one point.
    ///
    /// Umeyama's optimum ("Least-squares estimation of transformation parameters between two point patterns", 1991) in closed form: in two
    /// dimensions turns with scale are the matrices `[a -b; b a]`, a linear space, so that the two sums below are the solution.
    pub fn fit(from: &[Point; 5], to: &[Point; 5]) -> Option<Transform> {
        let mean = |points: &[Point; 5]| {
            let (x, y) = points.iter().fold((0.0, 0.0), |(x, y), p| (x + f64::from(p.x), y + f64::from(p.y)));
            (x / 5.0, y / 5.0)
        };
        let ((fx, fy), (tx, ty)) = (mean(from), mean(to));
        let (mut square, mut along, mut across) = (0.0, 0.0, 0.0);
        for (f, t) in from.iter().zip(to) {
            let (px, py, qx, qy) = (f64::from(f.x) - fx, f64::from(f.y) - fy, f64::from(t.x) - tx, f64::from(t.y) - ty);
            square += px * px + py * py;
            along += px * qx + py * qy;
            across += px * qy - py * qx;
        }
        let (a, b) = (along / square, across / square);
        let shift = Point { x: (tx - a * fx + b * fy) as f32, y: (ty - b * fx - a * fy) as f32 };
        let fit = Transform { a: a as f32, b: b as f32, shift };
        let finite = [fit.a, fit.b, shift.x, shift.y].iter().all(|v| v.is_finite());
        (square > 1e-6 && finite && fit.scale() > 1e-6).then_some(fit)
    }

    /// How much longer everything gets.
    pub fn scale(&self) -> f32 {
        self.a.hypot(self.b)
    }

    /// Where a point goes.
    pub fn apply(&self, p: Point) -> Point {
        Point { x: self.a * p.x - self.b * p.y + self.shift.x, y: self.b * p.x + self.a * p.y + self.shift.y }
    }

    /// The way back.
    pub fn inverse(&self) -> Transform {
        let square = self.a * self.a + self.b * self.b;
        let (a, b) = (self.a / square, -self.b / square);
        let back = Transform { a, b, shift: Point::default() }.apply(self.shift);
        Transform { a, b, shift: Point { x: -back.x, y: -back.y } }
    }
}

/// An aligned face: three planes R, G, B of 112x112, row by row, 0 to 255; black where the frame ended.
#[derive(Debug, Clone)]
pub struct Crop {
    /// The planes.
    pub planes: [Vec<f32>; 3],
}

impl Default for Crop {
    fn default() -> Self {
        Crop { planes: std::array::from_fn(|_| vec![0.0; SIDE * SIDE]) }
    }
}

/// Makes crops; keeps its buffers from a face to the next.
#[derive(Debug, Default)]
pub struct Aligner {
    sampler: Sampler,
    patch: Patch,
    crop: Crop,
}

impl Aligner {
    /// The crop of the face with these landmarks. None where they are all in one point, or the crop would lie wholly outside the frame.
    pub fn align(&mut self, frame: &Frame, landmarks: &[Point; 5]) -> Option<&Crop> {
        let back = Transform::fit(landmarks, &PLACES)?.inverse();
        let pitch = patch_pitch(back.scale());
        self.patch.take(&mut self.sampler, frame, &back, pitch)?;
        self.patch.warp(&back, &mut self.crop);
        Some(&self.crop)
    }

    /// The crop that was made last.
    pub fn crop(&self) -> &Crop {
        &self.crop
    }
}

/// Pixels of the frame a pixel of the patch, where a pixel of the crop takes `shrink` of them.
///
/// Blending between four pixels of the patch spans two of its pixels. With one pixel less than the shrink the two together weigh the frame
/// much as an area of the crop's pixel does, and up to a shrink of two the blending alone does, as in the pictures that the encoders were
/// trained on. Measured on faces 80 to 230 pixels wide: embeddings keep a cosine of 0.997 to the unfiltered ones; with a patch of the
/// crop's own pitch, which blurs, 0.973.
fn patch_pitch(shrink: f32) -> f32 {
    (shrink - 1.0).max(1.0)
}

/// A part of the frame, shrunk, with a black rim.
#[derive(Debug, Default)]
struct Patch {
    planes: [Vec<f32>; 3],
    /// Pixels in a row and rows, without the rim.
    size: (usize, usize),
    /// Pixels from a row to the next.
    stride: usize,
    /// Corner in the frame.
    corner: (f32, f32),
    /// Pixels of the frame a pixel of the patch.
    pitch: (f32, f32),
}

/// One pixel before and two behind, so that blending may reach over the edge by one.
const RIM: usize = 3;

impl Patch {
    /// Takes what the crop needs.
    fn take(&mut self, sampler: &mut Sampler, frame: &Frame, back: &Transform, pitch: f32) -> Option<()> {
        let last = (SIDE - 1) as f32;
        let corners = [(0.0, 0.0), (last, 0.0), (0.0, last), (last, last)].map(|(x, y)| back.apply(Point { x, y }));
        let bound = |pick: fn(&Point) -> f32, better: fn(f32, f32) -> f32| corners.iter().map(pick).reduce(better).unwrap_or(f32::NAN);
        let spare = 2.0 * pitch + 2.0;
        let least = (bound(|p| p.x, f32::min) - spare, bound(|p| p.y, f32::min) - spare);
        let most = (bound(|p| p.x, f32::max) + spare, bound(|p| p.y, f32::max) + spare);
        let region = Region::around(frame, least, most)?;
        let shrunk = |side: usize| ((side as f32 / pitch).round() as usize).clamp(1, side);
        self.size = (shrunk(region.width), shrunk(region.height));
        self.stride = self.size.0 + RIM;
        self.corner = (region.x as f32, region.y as f32);
        self.pitch = (region.width as f32 / self.size.0 as f32, region.height as f32 / self.size.1 as f32);
        for plane in &mut self.planes {
            plane.clear();
            plane.resize(self.stride * (self.size.1 + RIM), 0.0);
        }
        let (stride, width, planes) = (self.stride, self.size.0, &mut self.planes);
        sampler.shrink(frame, region, self.size, |y, row| {
            let at = (y + 1) * stride + 1;
            for (plane, row) in planes.iter_mut().zip(row) {
                plane[at..at + width].copy_from_slice(row);
            }
        });
        Some(())
    }

    /// Blends the crop from the patch.
    fn warp(&self, back: &Transform, crop: &mut Crop) {
        let (w, h) = (self.size.0 as f32, self.size.1 as f32);
        let along = (back.a / self.pitch.0, back.b / self.pitch.1);
        let [red, green, blue] = &self.planes;
        let [to_red, to_green, to_blue] = &mut crop.planes;
        for y in 0..SIDE {
            let start = back.apply(Point { x: 0.0, y: y as f32 });
            let u = (start.x - self.corner.0 + 0.5) / self.pitch.0 - 0.5;
            let v = (start.y - self.corner.1 + 0.5) / self.pitch.1 - 0.5;
            let row = y * SIDE..(y + 1) * SIDE;
            let to = to_red[row.clone()].iter_mut().zip(&mut to_green[row.clone()]).zip(&mut to_blue[row]);
            for (x, ((r, g), b)) in to.enumerate() {
                // Beyond the rim everything is as black as the rim; 1 is added for the rim itself.
                let u = (u + x as f32 * along.0).clamp(-1.0, w) + 1.0;
                let v = (v + x as f32 * along.1).clamp(-1.0, h) + 1.0;
                let (left, top) = (u as usize, v as usize);
                let (s, t) = (u - left as f32, v - top as f32);
                let at = top * self.stride + left;
                let blend = |plane: &[f32]| {
                    let above = plane[at] + (plane[at + 1] - plane[at]) * s;
                    let below = plane[at + self.stride] + (plane[at + self.stride + 1] - plane[at + self.stride]) * s;
                    above + (below - above) * t
                };
                (*r, *g, *b) = (blend(red), blend(green), blend(blue));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::camera::PixelFormat;
    use proptest::prelude::*;

    fn moved(by: Transform) -> [Point; 5] {
        PLACES.map(|p| by.apply(p))
    }

    fn turn(scale: f32, degrees: f32, x: f32, y: f32) -> Transform {
        let (sin, cos) = degrees.to_radians().sin_cos();
        Transform { a: scale * cos, b: scale * sin, shift: Point { x, y } }
    }

    #[test]
    fn points_in_place_need_no_move() {
        let fit = Transform::fit(&PLACES, &PLACES).unwrap();
        assert!((fit.a - 1.0).abs() < 1e-6 && fit.b.abs() < 1e-6 && fit.shift.x.abs() < 1e-4 && fit.shift.y.abs() < 1e-4);
    }

    #[test]
    fn a_quarter_turn_is_found() {
        let square = [(0.0, 0.0), (2.0, 0.0), (1.0, 1.0), (0.0, 2.0), (2.0, 2.0)].map(|(x, y)| Point { x, y });
        let turned = square.map(|p| Point { x: -p.y + 5.0, y: p.x });
        let fit = Transform::fit(&square, &turned).unwrap();
        assert!(fit.a.abs() < 1e-6 && (fit.b - 1.0).abs() < 1e-6 && (fit.shift.x - 5.0).abs() < 1e-5 && fit.shift.y.abs() < 1e-5);
    }

    #[test]
    fn an_unequal_pattern_is_fitted_as_umeyama_does() {
        // numpy: the function `similarity` (Umeyama by SVD) that made the reference embeddings, on these landmarks of a turned face.
        let from = [(230.0, 150.0), (285.0, 165.0), (280.0, 200.0), (225.0, 230.0), (262.0, 240.0)].map(|(x, y)| Point { x, y });
        let fit = Transform::fit(&from, &PLACES).unwrap();
        for (found, expected) in
            [fit.a, fit.b, fit.shift.x, fit.shift.y].into_iter().zip([0.502_302_6, -0.109_018_76, -94.240_91, 0.899_585])
        {
            assert!((found - expected).abs() < 1e-3, "{fit:?} {expected}");
        }
    }

    #[test]
    fn a_mirrored_face_is_not_mirrored_back() {
        let mirrored = PLACES.map(|p| Point { x: 112.0 - p.x, y: p.y });
        let fit = Transform::fit(&mirrored, &PLACES).unwrap();
        assert!(fit.a * fit.a + fit.b * fit.b > 0.0, "the determinant of a turn is positive");
    }

    #[test]
    fn one_point_and_no_numbers_fit_nothing() {
        assert_eq!(Transform::fit(&[Point { x: 3.0, y: 4.0 }; 5], &PLACES), None);
        let mut broken = PLACES;
        broken[2].x = f32::NAN;
        assert_eq!(Transform::fit(&broken, &PLACES), None);
        assert_eq!(Transform::fit(&PLACES, &[Point::default(); 5]), None);
    }

    proptest! {
        #[test]
        fn any_similarity_is_recovered(scale in 0.05f32..20.0, degrees in -180f32..180.0, x in -900f32..900.0, y in -900f32..900.0) {
            let t = turn(scale, degrees, x, y);
            let fit = Transform::fit(&PLACES, &moved(t)).unwrap();
            for (found, expected) in moved(fit).into_iter().zip(moved(t)) {
                prop_assert!((found.x - expected.x).hypot(found.y - expected.y) < 2e-3 * scale.max(1.0), "{:?} {:?}", fit, t);
            }
            let back = fit.inverse();
            for (p, q) in PLACES.into_iter().zip(moved(t)) {
                let p2 = back.apply(q);
                prop_assert!((p.x - p2.x).hypot(p.y - p2.y) < 0.05 / scale.min(1.0), "{:?} {:?}", p, p2);
            }
        }

        #[test]
        fn landmarks_anywhere_never_reach_outside_memory(points in prop::array::uniform5((-2000f32..2000.0, -2000f32..2000.0)), w in 2u32..90, h in 2u32..90) {
            let frame = Frame::new(PixelFormat::Luma, w, h, vec![200; (w * h) as usize]);
            if let Some(crop) = Aligner::default().align(&frame, &points.map(|(x, y)| Point { x, y })) {
                prop_assert!(crop.planes.iter().flatten().all(|v| (0.0..=200.1).contains(v)));
            }
        }
    }

    fn luma(width: u32, height: u32, pixel: impl Fn(f32, f32) -> f32) -> Frame {
        let bytes = (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(|(x, y)| pixel(x as f32, y as f32) as u8).collect();
        Frame::new(PixelFormat::Luma, width, height, bytes)
    }

    #[test]
    fn a_face_in_place_is_cut_out_as_it_is() {
        let frame = luma(150, 140, |x, y| (x * 7.0 + y * 3.0) % 251.0);
        let mut aligner = Aligner::default();
        let crop = aligner.align(&frame, &moved(turn(1.0, 0.0, 10.0, 20.0))).unwrap();
        for (x, y) in [(0, 0), (111, 0), (50, 60), (111, 111)] {
            let expected = ((x + 10) * 7 + (y + 20) * 3) % 251;
            assert!((crop.planes[1][y * SIDE + x] - expected as f32).abs() < 0.2, "{x} {y}");
        }
    }

    #[test]
    fn what_lies_outside_the_frame_is_black() {
        let frame = luma(112, 112, |_, _| 200.0);
        let mut aligner = Aligner::default();
        let crop = aligner.align(&frame, &moved(turn(1.0, 0.0, -56.0, 0.0))).unwrap();
        let row = &crop.planes[0][50 * SIDE..51 * SIDE];
        assert!(row[..55].iter().all(|v| *v == 0.0) && row[57..].iter().all(|v| (*v - 200.0).abs() < 0.1), "{row:?}");
        assert!(aligner.align(&frame, &moved(turn(1.0, 0.0, 500.0, 0.0))).is_none());
    }

    #[test]
    fn a_slope_keeps_its_place_at_any_scale_and_turn() {
        // Brightness that grows evenly survives any correct resampling: a wrong half pixel or a wrong scale would show.
        let frame = luma(900, 900, |x, y| 20.0 + 0.15 * x + 0.1 * y);
        for (scale, degrees) in [(0.5, 0.0), (1.0, 20.0), (1.9, -30.0), (2.5, 10.0), (4.3, 45.0)] {
            let t = turn(scale, degrees, 320.0, 330.0);
            let mut aligner = Aligner::default();
            let crop = aligner.align(&frame, &moved(t)).unwrap();
            for (x, y) in [(30, 40), (56, 56), (80, 90)] {
                let p = t.apply(Point { x: x as f32, y: y as f32 });
                let expected = 20.0 + 0.15 * p.x + 0.1 * p.y - 0.5;
                let found = crop.planes[0][y * SIDE + x];
                assert!((found - expected).abs() < 0.8, "scale {scale} turn {degrees} at {x},{y}: {found} {expected}");
            }
        }
    }

    #[test]
    fn a_near_face_does_not_alias() {
        for (scale, period) in [(4.0, 2.0), (6.0, 3.0), (8.0, 8.0)] {
            let frame =
                luma(
                    1100,
                    1100,
                    |x, y| if ((x / period * 2.0) as u32 + (y / period * 2.0) as u32).is_multiple_of(2) { 255.0 } else { 0.0 },
                );
            let mut aligner = Aligner::default();
            let crop = aligner.align(&frame, &moved(turn(scale, 5.0, 100.0, 60.0))).unwrap();
            let inner: Vec<f32> = (30..80).flat_map(|y| crop.planes[0][y * SIDE + 30..y * SIDE + 80].to_vec()).collect();
            let (least, most) = inner.iter().fold((255f32, 0f32), |(a, b), v| (a.min(*v), b.max(*v)));
            assert!(most - least < 60.0, "scale {scale}: a pattern finer than the crop's pixels left {least} to {most}");
        }
    }
}
