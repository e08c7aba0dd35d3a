//! A printed picture held before the camera, drawn from a plain one: for material that brings no print of its own.

use crate::camera::{Frame, PixelFormat};

const WIDTH: u32 = 640;
const HEIGHT: u32 = 480;
/// Height of the printed picture in the frame.
const PRINT_HEIGHT: f32 = 330.0;
/// White border of the sheet, in pixels.
const BORDER: f32 = 24.0;

/// A sheet with the picture on it before a grey wall: the paper's narrow contrast and faint lines, its white border, its edge.
pub fn print(picture: &Frame) -> Frame {
    let scale = PRINT_HEIGHT / picture.height as f32;
    let print_width = picture.width as f32 * scale;
    let (left, top) = ((WIDTH as f32 - print_width) / 2.0, (HEIGHT as f32 - PRINT_HEIGHT) / 2.0);
    let mut bytes = Vec::with_capacity((WIDTH * HEIGHT * 3) as usize);
    for y in 0..HEIGHT {
        for x in 0..WIDTH {
            // A sheet is never held quite straight.
            let (u, v) = (x as f32 - left + 0.05 * (y as f32 - top), y as f32 - top - 0.05 * (x as f32 - left));
            let outside = (-u).max(u - print_width).max(-v).max(v - PRINT_HEIGHT);
            let pixel = if outside <= 0.0 {
                let line = if y % 3 == 0 { 0.93 } else { 1.0 };
                sample(picture, u / scale, v / scale).map(|c| (70.0 + 0.6 * c) * line)
            } else if outside < BORDER {
                [225.0, 223.0, 216.0]
            } else {
                [96.0 + (x % 7) as f32, 92.0, 88.0]
            };
            bytes.extend(pixel.map(|c| c.clamp(0.0, 255.0) as u8));
        }
    }
    Frame::new(PixelFormat::Rgb, WIDTH, HEIGHT, bytes)
}

/// Mean of a small square, as a printer's dot and a second camera soften it.
fn sample(picture: &Frame, x: f32, y: f32) -> [f32; 3] {
    let mut sum = [0.0f32; 3];
    for (dx, dy) in [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)] {
        let at = |v: f32, most: u32| (v.max(0.0) as usize).min(most as usize - 1);
        let from = at(y + dy, picture.height) * picture.stride + at(x + dx, picture.width) * 3;
        for (sum, byte) in sum.iter_mut().zip(&picture.bytes()[from..from + 3]) {
            *sum += f32::from(*byte) / 4.0;
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_lies_on_a_white_sheet_before_a_wall() {
        let red = Frame::new(PixelFormat::Rgb, 10, 10, [200u8, 0, 0].repeat(100));
        let sheet = print(&red);
        let pixel = |x: usize, y: usize| &sheet.bytes()[y * sheet.stride + x * 3..][..3];
        assert_eq!((sheet.width, sheet.height), (640, 480));
        assert!(pixel(320, 241)[0] > 150 && pixel(320, 241)[1] < 100);
        assert!(pixel(320, 62)[1] > 200, "border");
        assert!(pixel(5, 5)[1] < 100, "wall");
    }
}
