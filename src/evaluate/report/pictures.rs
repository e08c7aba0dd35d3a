//! Small copies of pictures, inside the page.

use crate::camera::picture;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, RgbImage};
use std::path::Path;

/// Longest side in pixels: enough to see who it is, on a screen of twice the density.
const SIDE: u32 = 224;
const QUALITY: u8 = 80;

/// A small copy as a `data:` address. None where the picture can't be read: a report is not lost over that.
pub fn small(path: &Path) -> Option<String> {
    let frame = picture::read(path).ok()?;
    let whole = RgbImage::from_raw(frame.width, frame.height, frame.bytes().to_vec())?;
    let small = if frame.width.max(frame.height) > SIDE { DynamicImage::ImageRgb8(whole).thumbnail(SIDE, SIDE).into_rgb8() } else { whole };
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, QUALITY).encode_image(&small).ok()?;
    Some(format!("data:image/jpeg;base64,{}", BASE64_STANDARD.encode(bytes)))
}
