//! Takes from a frame what is needed at the size at which it is needed; no whole frame is ever converted.
//!
//! [`Sampler::shrink`] averages a region over areas, so that nothing aliases however much it shrinks; [`Sampler::points`] takes single
//! points between four pixels. Both work in the frame's own colour space, and only what comes out is turned to RGB: BT.601 with limited
//! range for `Yuyv` and `I420` (ITU-R BT.601-7, section 2.5), brightness in all three for `Luma`.

use super::layout::Layout;
use super::taps::Taps;
use crate::camera::{Frame, PixelFormat};

/// A part of a frame in whole pixels, inside the frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Region {
    /// First column.
    pub x: usize,
    /// First row.
    pub y: usize,
    /// Columns; at least one.
    pub width: usize,
    /// Rows; at least one.
    pub height: usize,
}

impl Region {
    /// The whole frame.
    pub fn whole(frame: &Frame) -> Region {
        Region { x: 0, y: 0, width: frame.width as usize, height: frame.height as usize }
    }

    /// The least region with an even corner that holds what lies between (left, top) and (right, bottom), as far as the frame goes.
    /// None where the two don't meet, or where a number is NaN.
    pub fn around(frame: &Frame, (left, top): (f32, f32), (right, bottom): (f32, f32)) -> Option<Region> {
        let (w, h) = (frame.width as f32, frame.height as f32);
        if !(left <= right && top <= bottom && right >= 0.0 && bottom >= 0.0 && left <= w - 1.0 && top <= h - 1.0) {
            return None;
        }
        let (x, y) = (left.max(0.0) as usize & !1, top.max(0.0) as usize & !1);
        let (end_x, end_y) = (right.min(w - 1.0).ceil() as usize + 1, bottom.min(h - 1.0).ceil() as usize + 1);
        Some(Region { x, y, width: end_x - x, height: end_y - y })
    }
}

/// Samples frames; keeps its tables and rows from a frame to the next.
#[derive(Debug, Default)]
pub struct Sampler {
    across: [Taps; 3],
    down: [Taps; 3],
    sums: [Vec<u16>; 3],
    rows: [Vec<f32>; 3],
}

impl Sampler {
    /// Shrinks `region`, whose corner is even, to `width` x `height`, both at most the region's own, and hands each row to
    /// `take(row, [r, g, b])`, values 0 to 255. Each pixel that comes out is the mean of the area that it covers; at the region's own
    /// size it is the frame's pixel.
    pub fn shrink(&mut self, frame: &Frame, region: Region, (width, height): (usize, usize), mut take: impl FnMut(usize, [&[f32]; 3])) {
        let layout = Layout::of(frame);
        let pitch = (region.width as f64 / width as f64, region.height as f64 / height as f64);
        for (taps, plane) in self.down.iter_mut().zip(layout.planes()) {
            taps.lay(region.height.div_ceil(plane.shared), height, pitch.1 / plane.shared as f64);
        }
        for (taps, part) in self.across.iter_mut().zip(layout.parts()) {
            taps.lay(layout.elements(part, region), width, pitch.0 / part.shared as f64);
        }
        self.rows.iter_mut().for_each(|row| row.resize(width, 0.0));
        for y in 0..height {
            for ((sums, taps), plane) in self.sums.iter_mut().zip(&self.down).zip(layout.planes()) {
                let span = plane.row_bytes(region);
                sums.clear();
                sums.resize(span.len(), 0);
                for (k, weight) in taps.of(y).iter().enumerate().filter(|(_, w)| **w > 0) {
                    let row = plane.row(frame, region.y / plane.shared + taps.start[y] as usize + k);
                    for (sum, byte) in sums.iter_mut().zip(&row[span.clone()]) {
                        *sum += u16::from(*byte) * weight; // at most 255 * 256: the weights of a cell add up to 256
                    }
                }
            }
            for ((row, taps), part) in self.rows.iter_mut().zip(&self.across).zip(layout.parts()) {
                gather(&self.sums[part.plane][part.offset..], part.step, taps, row);
            }
            self.hand_over(frame.format, y, &mut take);
        }
    }

    /// Takes `width` x `height` points spread evenly over `region`, each blended from the four pixels around it, and hands each row to
    /// `take(row, [r, g, b])`, values 0 to 255. As OpenCV's `resize` with `INTER_LINEAR` does it: where it shrinks it aliases, which is
    /// what the liveness nets were trained on.
    pub fn points(&mut self, frame: &Frame, region: Region, (width, height): (usize, usize), mut take: impl FnMut(usize, [&[f32]; 3])) {
        let layout = Layout::of(frame);
        self.rows.iter_mut().for_each(|row| row.resize(width, 0.0));
        let scale = (region.width as f32 / width as f32, region.height as f32 / height as f32);
        for y in 0..height {
            let (top, bottom, down) = between(y, scale.1, region.height);
            for (row, part) in self.rows.iter_mut().zip(layout.parts()) {
                let plane = &layout.planes()[part.plane];
                let upper = plane.row(frame, (region.y + top) / plane.shared);
                let lower = plane.row(frame, (region.y + bottom) / plane.shared);
                for (x, to) in row.iter_mut().enumerate() {
                    let (left, right, along) = between(x, scale.0, region.width);
                    let (left, right) = (part.at(region.x + left, upper.len()), part.at(region.x + right, upper.len()));
                    let above = mix(upper[left], upper[right], along);
                    let below = mix(lower[left], lower[right], along);
                    *to = above + (below - above) * down;
                }
            }
            self.hand_over(frame.format, y, &mut take);
        }
    }

    fn hand_over(&mut self, format: PixelFormat, y: usize, take: &mut impl FnMut(usize, [&[f32]; 3])) {
        let [a, b, c] = &mut self.rows;
        match format {
            PixelFormat::Luma => take(y, [a, a, a]),
            PixelFormat::Rgb => take(y, [a, b, c]),
            PixelFormat::Yuyv | PixelFormat::I420 => {
                to_rgb(a, b, c);
                take(y, [a, b, c]);
            }
        }
    }
}

/// The elements before and behind point `i`, and how far it is from the first to the second.
fn between(i: usize, scale: f32, elements: usize) -> (usize, usize, f32) {
    let at = ((i as f32 + 0.5) * scale - 0.5).clamp(0.0, (elements - 1) as f32);
    let first = at as usize;
    (first, (first + 1).min(elements - 1), at - first as f32)
}

fn mix(a: u8, b: u8, t: f32) -> f32 {
    f32::from(a) + (f32::from(b) - f32::from(a)) * t
}

/// Y, Cb, Cr rows to R, G, B rows, in place.
fn to_rgb(a: &mut [f32], b: &mut [f32], c: &mut [f32]) {
    for ((y, u), v) in a.iter_mut().zip(b).zip(c) {
        let (luma, cb, cr) = (1.164_383 * (*y - 16.0), *u - 128.0, *v - 128.0);
        *y = (luma + 1.596_027 * cr).clamp(0.0, 255.0);
        *u = (luma - 0.391_762 * cb - 0.812_968 * cr).clamp(0.0, 255.0);
        *v = (luma + 2.017_232 * cb).clamp(0.0, 255.0);
    }
}

/// Sums along a row, `step` apart, to means of bytes.
fn gather(sums: &[u16], step: usize, taps: &Taps, out: &mut [f32]) {
    match (taps.even(), step) {
        (Some(1), 1) => even::<1, 1>(sums, out),
        (Some(1), 2) => even::<2, 1>(sums, out),
        (Some(1), 3) => even::<3, 1>(sums, out),
        (Some(1), 4) => even::<4, 1>(sums, out),
        (Some(2), 1) => even::<1, 2>(sums, out),
        (Some(2), 2) => even::<2, 2>(sums, out),
        (Some(2), 3) => even::<3, 2>(sums, out),
        _ => uneven(sums, step, taps, out),
    }
}

/// Means of `EACH` neighbours that are `STEP` apart, in a shape that the compiler turns into vector instructions.
fn even<const STEP: usize, const EACH: usize>(sums: &[u16], out: &mut [f32]) {
    let mean = |cell: &[u16]| (0..EACH).map(|k| u32::from(cell[k * STEP])).sum::<u32>() as f32 / (f32::from(Taps::ONE) * EACH as f32);
    let whole = (sums.len() / (STEP * EACH)).min(out.len());
    let (body, rest) = out.split_at_mut(whole);
    for (to, cell) in body.iter_mut().zip(sums.chunks_exact(STEP * EACH)) {
        *to = mean(cell);
    }
    if let Some(to) = rest.first_mut() {
        *to = mean(&sums[whole * STEP * EACH..]);
    }
}

fn uneven(sums: &[u16], step: usize, taps: &Taps, out: &mut [f32]) {
    let scale = 1.0 / (f32::from(Taps::ONE) * f32::from(Taps::ONE));
    for ((to, start), weights) in out.iter_mut().zip(&taps.start).zip(taps.weights.chunks_exact(taps.most)) {
        let covered = sums[*start as usize * step..].iter().step_by(step);
        *to = covered.zip(weights).map(|(sum, weight)| u32::from(*sum) * u32::from(*weight)).sum::<u32>() as f32 * scale;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Picture = Vec<[f32; 3]>;

    fn shrunk(frame: &Frame, region: Region, size: (usize, usize)) -> Picture {
        collect(size, |take| Sampler::default().shrink(frame, region, size, take))
    }

    fn pointed(frame: &Frame, region: Region, size: (usize, usize)) -> Picture {
        collect(size, |take| Sampler::default().points(frame, region, size, take))
    }

    fn collect(size: (usize, usize), sample: impl FnOnce(&mut dyn FnMut(usize, [&[f32]; 3]))) -> Picture {
        let mut picture = Vec::new();
        sample(&mut |y, [r, g, b]| {
            assert_eq!((r.len(), g.len(), b.len()), (size.0, size.0, size.0));
            assert_eq!(y, picture.len() / size.0);
            picture.extend(r.iter().zip(g).zip(b).map(|((r, g), b)| [*r, *g, *b]));
        });
        assert_eq!(picture.len(), size.0 * size.1);
        picture
    }

    fn rgb(width: u32, height: u32, pixel: impl Fn(u32, u32) -> [u8; 3]) -> Frame {
        let bytes = (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).flat_map(|(x, y)| pixel(x, y)).collect();
        Frame::new(PixelFormat::Rgb, width, height, bytes)
    }

    fn near(a: &[f32; 3], b: [f32; 3], most: f32) -> bool {
        a.iter().zip(b).all(|(a, b)| (a - b).abs() <= most)
    }

    #[test]
    fn at_its_own_size_a_frame_comes_out_as_it_is() {
        let frame = rgb(5, 3, |x, y| [x as u8 * 50, y as u8 * 100, 7]);
        let out = shrunk(&frame, Region::whole(&frame), (5, 3));
        assert_eq!(out[0], [0.0, 0.0, 7.0]);
        assert_eq!(out[14], [200.0, 200.0, 7.0]);
        assert_eq!(out, pointed(&frame, Region::whole(&frame), (5, 3)));
    }

    #[test]
    fn shrinking_gives_the_mean_of_what_is_covered() {
        let frame = rgb(4, 2, |x, y| [(x * 10 + y) as u8, 0, 255]);
        assert_eq!(shrunk(&frame, Region::whole(&frame), (2, 1)), [[5.5, 0.0, 255.0], [25.5, 0.0, 255.0]]);
        let region = Region { x: 2, y: 0, width: 2, height: 2 };
        assert_eq!(shrunk(&frame, region, (1, 2)), [[25.0, 0.0, 255.0], [26.0, 0.0, 255.0]]);
    }

    #[test]
    fn a_fine_pattern_turns_grey_when_it_shrinks() {
        let frame = rgb(300, 300, |x, y| if (x + y) % 2 == 0 { [255; 3] } else { [0; 3] });
        for size in [(100, 100), (77, 91), (40, 40)] {
            let all = shrunk(&frame, Region::whole(&frame), size);
            assert!(all.iter().all(|p| near(p, [127.5; 3], 16.0)), "{size:?}");
        }
    }

    /// The eight bars of full saturation and their BT.601 values at limited range (ITU-R BT.601-7, annex 1, rounded).
    const BARS: [([f32; 3], [u8; 3]); 8] = [
        ([255.0, 255.0, 255.0], [235, 128, 128]),
        ([255.0, 255.0, 0.0], [210, 16, 146]),
        ([0.0, 255.0, 255.0], [170, 166, 16]),
        ([0.0, 255.0, 0.0], [145, 54, 34]),
        ([255.0, 0.0, 255.0], [106, 202, 222]),
        ([255.0, 0.0, 0.0], [81, 90, 240]),
        ([0.0, 0.0, 255.0], [41, 240, 110]),
        ([0.0, 0.0, 0.0], [16, 128, 128]),
    ];

    #[test]
    fn colour_bars_come_out_right_from_yuyv_and_i420() {
        for (colour, [y, u, v]) in BARS {
            let yuyv = Frame::new(PixelFormat::Yuyv, 6, 4, [y, u, y, v].repeat(12));
            let i420 = Frame::new(PixelFormat::I420, 6, 4, [vec![y; 24], vec![u; 6], vec![v; 6]].concat());
            for frame in [yuyv, i420] {
                for size in [(6, 4), (3, 2), (4, 3)] {
                    let all = shrunk(&frame, Region::whole(&frame), size);
                    assert!(all.iter().all(|p| near(p, colour, 2.5)), "{colour:?} {:?} {size:?}: {all:?}", frame.format);
                    let all = pointed(&frame, Region::whole(&frame), size);
                    assert!(all.iter().all(|p| near(p, colour, 2.5)), "{colour:?} {:?} {size:?}: {all:?}", frame.format);
                }
            }
        }
    }

    #[test]
    fn chroma_stays_beside_its_luma() {
        // The left half red, the right half blue.
        let ([yr, ur, vr], [yb, ub, vb]) = (BARS[5].1, BARS[6].1);
        let yuyv = Frame::new(PixelFormat::Yuyv, 8, 2, [[yr, ur, yr, vr].repeat(2), [yb, ub, yb, vb].repeat(2)].concat().repeat(2));
        let luma = [[yr; 4], [yb; 4]].concat().repeat(2);
        let i420 = Frame::new(PixelFormat::I420, 8, 2, [luma, vec![ur, ur, ub, ub], vec![vr, vr, vb, vb]].concat());
        for frame in [yuyv, i420] {
            let right = Region { x: 4, y: 0, width: 4, height: 2 };
            assert!(shrunk(&frame, right, (4, 2)).iter().all(|p| near(p, [0.0, 0.0, 255.0], 2.5)), "{:?}", frame.format);
            let all = shrunk(&frame, Region::whole(&frame), (4, 1));
            assert!(all[..2].iter().all(|p| near(p, [255.0, 0.0, 0.0], 2.5)), "{:?} {all:?}", frame.format);
            assert!(all[2..].iter().all(|p| near(p, [0.0, 0.0, 255.0], 2.5)), "{:?} {all:?}", frame.format);
            assert!(pointed(&frame, right, (3, 2)).iter().all(|p| near(p, [0.0, 0.0, 255.0], 2.5)), "{:?}", frame.format);
        }
    }

    #[test]
    fn brightness_alone_is_grey() {
        let frame = Frame::new(PixelFormat::Luma, 4, 2, vec![10, 20, 30, 40, 10, 20, 30, 40]);
        assert_eq!(shrunk(&frame, Region::whole(&frame), (2, 1)), [[15.0; 3], [35.0; 3]]);
    }

    #[test]
    fn points_lie_as_opencv_lays_them() {
        // cv2.resize(np.array([[0, 100, 200, 40]], np.float32), (2, 1), interpolation=cv2.INTER_LINEAR) and (3, 1), OpenCV 5.0.
        let frame = Frame::new(PixelFormat::Luma, 4, 2, [[0, 100, 200, 40]; 2].concat());
        let row = |n| pointed(&frame, Region { x: 0, y: 0, width: 4, height: 1 }, (n, 1)).iter().map(|p| p[0]).collect::<Vec<_>>();
        assert_eq!(row(2), [50.0, 120.0]);
        assert!(row(3).iter().zip([16.666_667, 150.0, 66.666_67]).all(|(a, b)| (a - b).abs() < 1e-3), "{:?}", row(3));
    }

    #[test]
    fn a_region_is_cut_to_the_frame() {
        let frame = Frame::new(PixelFormat::Luma, 10, 8, vec![0; 80]);
        assert_eq!(Region::around(&frame, (3.5, 5.0), (6.2, 5.0)), Some(Region { x: 2, y: 4, width: 6, height: 2 }));
        assert_eq!(Region::around(&frame, (-5.0, -5.0), (50.0, 50.0)), Some(Region::whole(&frame)));
        assert_eq!(Region::around(&frame, (10.0, 0.0), (50.0, 5.0)), None);
        assert_eq!(Region::around(&frame, (f32::NAN, 0.0), (5.0, 5.0)), None);
    }

    proptest! {
        #[test]
        fn no_size_reaches_outside_a_frame(
            which in 0usize..4, width in 2u32..40, height in 2u32..40, spare in 0usize..9,
            (x, y) in (0.0f32..1.0, 0.0f32..1.0), (w, h) in (0.1f32..1.0, 0.1f32..1.0), (ow, oh) in (0.01f32..1.0, 0.01f32..1.0),
        ) {
            let format = [PixelFormat::Yuyv, PixelFormat::I420, PixelFormat::Rgb, PixelFormat::Luma][which];
            let mut frame = Frame::new(format, width, height, vec![100; format.frame_bytes(format.row_bytes(width) + spare, height)]);
            frame.stride += spare;
            let left = (x * width as f32, y * height as f32);
            if let Some(region) = Region::around(&frame, left, (left.0 + w * width as f32, left.1 + h * height as f32)) {
                let size = (((region.width as f32 * ow) as usize).max(1), ((region.height as f32 * oh) as usize).max(1));
                let all = shrunk(&frame, region, size);
                prop_assert!(all.iter().flatten().all(|v| (v - all[0][0]).abs() < 200.0));
                prop_assert!(all.iter().all(|p| near(p, all[0], 1e-3)), "a flat frame is flat");
                prop_assert!(pointed(&frame, region, size).iter().all(|p| near(p, all[0], 1e-2)));
            }
        }
    }
}
