//! One picture as a camera would give it again and again: moved and re-lit a little from frame to frame. For the demo and for scenarios.

use super::{Frame, PixelFormat};
use crate::units::SplitMix;

/// Most pixels that a frame is moved, a hundredth of the picture's width.
const MOVE: f32 = 0.01;
/// Most that a frame is lighter or darker, as a share.
const LIGHT: f32 = 0.06;

/// The `n`th variation of an RGB picture: always the same for the same `n`. Pixels that move in from outside repeat the edge.
///
/// # Panics
/// When the picture isn't RGB, as [`super::picture::read`] gives it.
pub fn vary(picture: &Frame, n: u64) -> Frame {
    assert_eq!(picture.format, PixelFormat::Rgb, "pictures from files are RGB");
    let reach = MOVE * picture.width as f32;
    let (dx, dy) = ((reach * chance(n, 0)).round() as i64, (reach * chance(n, 1)).round() as i64);
    let gain = 1.0 + LIGHT * chance(n, 2);
    let (width, height) = (picture.width as i64, picture.height as i64);
    let mut bytes = Vec::with_capacity(picture.format.frame_bytes(picture.format.row_bytes(picture.width), picture.height));
    for y in 0..height {
        let row = &picture.bytes()[(y - dy).clamp(0, height - 1) as usize * picture.stride..];
        for x in 0..width {
            let from = (x - dx).clamp(0, width - 1) as usize * 3;
            bytes.extend(row[from..from + 3].iter().map(|b| (f32::from(*b) * gain).round().clamp(0.0, 255.0) as u8));
        }
    }
    Frame::new(PixelFormat::Rgb, picture.width, picture.height, bytes)
}

/// A number from -1 to 1 that looks like chance, always the same for the same two.
fn chance(n: u64, which: u64) -> f32 {
    (SplitMix::after(n * 3 + which).next() >> 40) as f32 / (1u64 << 23) as f32 - 1.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variations_differ_and_repeat() {
        let picture = Frame::new(PixelFormat::Rgb, 200, 2, (0..1200).map(|i| (i % 251) as u8).collect());
        let bytes = |n| vary(&picture, n).bytes().to_vec();
        assert_eq!(bytes(3), bytes(3));
        assert_ne!(bytes(3), bytes(4));
    }

    #[test]
    fn chance_stays_in_its_bounds_and_has_no_side() {
        let all: Vec<f32> = (0..3000).map(|n| chance(n, 0)).collect();
        assert!(all.iter().all(|c| (-1.0..=1.0).contains(c)));
        assert!((all.iter().sum::<f32>() / 3000.0).abs() < 0.05);
    }
}
