//! A picture as the camera gave it, in a buffer that is used again.

use crate::units::Moment;
use std::sync::{Arc, Mutex};

/// How the bytes of a [`Frame`] lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PixelFormat {
    /// Y0 U Y1 V: two pixels in four bytes; rows of `stride` bytes. Limited range (16 to 235), BT.601.
    Yuyv,
    /// A plane of Y (rows of `stride` bytes), then U and V at half width and half height (rows of `stride / 2`). Limited range, BT.601.
    I420,
    /// R G B, a byte each; rows of `stride` bytes. Full range.
    Rgb,
    /// One byte of brightness a pixel; rows of `stride` bytes. Full range.
    Luma,
}

impl PixelFormat {
    /// Bytes in a row of the first plane, without padding.
    pub fn row_bytes(self, width: u32) -> usize {
        width as usize
            * match self {
                PixelFormat::Yuyv => 2,
                PixelFormat::Rgb => 3,
                PixelFormat::I420 | PixelFormat::Luma => 1,
            }
    }

    /// Bytes of a whole picture with rows of `stride` bytes.
    pub fn frame_bytes(self, stride: usize, height: u32) -> usize {
        let height = height as usize;
        match self {
            PixelFormat::I420 => stride * height + 2 * (stride / 2) * height.div_ceil(2),
            _ => stride * height,
        }
    }
}

/// A picture as the camera gave it. Its buffer goes back to the pool that it came from.
#[derive(Debug)]
pub struct Frame {
    /// How the bytes lie.
    pub format: PixelFormat,
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Bytes from a row to the next, in the first plane.
    pub stride: usize,
    /// When it was taken, on the monotonic clock.
    pub captured_at: Moment,
    /// Counts up; gaps are frames that were lost.
    pub sequence: u64,
    bytes: Vec<u8>,
    home: Option<Arc<Mutex<Vec<Vec<u8>>>>>,
}

impl Frame {
    /// A frame outside any pool.
    ///
    /// # Panics
    /// When there are fewer bytes than the format needs: a mistake of the caller, never of a camera.
    pub fn new(format: PixelFormat, width: u32, height: u32, bytes: Vec<u8>) -> Frame {
        let stride = format.row_bytes(width);
        assert!(
            bytes.len() >= format.frame_bytes(stride, height),
            "a {width}x{height} {format:?} frame needs more than {} bytes",
            bytes.len()
        );
        Frame { format, width, height, stride, captured_at: Moment::START, sequence: 0, bytes, home: None }
    }

    /// All bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Frame {
    fn drop(&mut self) {
        if let Some(home) = self.home.take()
            && let Ok(mut shelf) = home.lock()
        {
            shelf.push(std::mem::take(&mut self.bytes));
        }
    }
}

/// A few buffers that frames are read into: no frame allocates once every buffer has been used.
#[derive(Debug, Clone)]
pub struct FramePool {
    shelf: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl FramePool {
    /// Three buffers: one being filled, one waiting, one being looked at.
    pub fn new() -> FramePool {
        FramePool { shelf: Arc::new(Mutex::new(vec![Vec::new(), Vec::new(), Vec::new()])) }
    }

    /// A frame whose bytes `fill` writes into an empty buffer. None when all three are out, or when `fill` gives none.
    pub fn frame<E>(
        &self,
        format: PixelFormat,
        (width, height): (u32, u32),
        stride: usize,
        fill: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Option<Result<Frame, E>> {
        let mut bytes = self.shelf.lock().ok()?.pop()?;
        bytes.clear();
        let filled = fill(&mut bytes);
        let frame =
            Frame { format, width, height, stride, captured_at: Moment::START, sequence: 0, bytes, home: Some(Arc::clone(&self.shelf)) };
        Some(filled.map(|()| frame))
    }
}

impl Default for FramePool {
    fn default() -> Self {
        FramePool::new()
    }
}

/// Brightness from full range (0 to 255) to limited range (16 to 235), rounded.
pub(super) fn luma_to_limited(full: u8) -> u8 {
    ((u32::from(full) * 219 + 127) / 255 + 16) as u8
}

/// A colour difference from full range (0 to 255 around 128) to limited range (16 to 240 around 128), rounded.
pub(super) fn chroma_to_limited(full: u8) -> u8 {
    ((i32::from(full) - 128) * 224 / 255 + 128) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(pool: &FramePool) -> Option<Frame> {
        pool.frame(PixelFormat::Luma, (2, 2), 2, |b| {
            b.extend([1, 2, 3, 4]);
            Ok::<_, ()>(())
        })?
        .ok()
    }

    #[test]
    fn a_fourth_frame_waits_for_the_first_to_come_home() {
        let pool = FramePool::new();
        let (a, _b, _c) = (take(&pool).unwrap(), take(&pool).unwrap(), take(&pool).unwrap());
        assert!(take(&pool).is_none());
        drop(a);
        assert_eq!(take(&pool).unwrap().bytes(), &[1, 2, 3, 4]);
    }

    #[test]
    fn a_failed_fill_gives_its_buffer_back() {
        let pool = FramePool::new();
        for _ in 0..5 {
            assert!(matches!(pool.frame(PixelFormat::Luma, (1, 1), 1, |_| Err("torn")), Some(Err("torn"))));
        }
    }

    #[test]
    fn full_range_becomes_limited_range() {
        assert_eq!([0, 128, 255].map(luma_to_limited), [16, 126, 235]);
        assert_eq!([0, 128, 255].map(chroma_to_limited), [16, 128, 239]);
    }

    #[test]
    fn odd_i420_heights_have_their_chroma() {
        assert_eq!(PixelFormat::I420.frame_bytes(4, 3), 12 + 2 * 2 * 2);
        assert_eq!(PixelFormat::Yuyv.frame_bytes(PixelFormat::Yuyv.row_bytes(4), 2), 16);
    }
}
