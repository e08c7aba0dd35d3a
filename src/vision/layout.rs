//! Where the components of a pixel lie in the bytes of a frame.

use super::sample::Region;
use crate::camera::{Frame, PixelFormat};
use std::ops::Range;

/// A block of rows.
#[derive(Debug, Clone, Copy, Default)]
pub struct Plane {
    base: usize,
    stride: usize,
    rows: usize,
    bytes_in_row: usize,
    bytes_a_column: usize,
    /// So many columns and rows of the frame share an element: 1 or 2.
    pub shared: usize,
}

impl Plane {
    /// The bytes of a row, without padding; the last one where `row` lies beyond.
    pub fn row<'f>(&self, frame: &'f Frame, row: usize) -> &'f [u8] {
        let at = self.base + row.min(self.rows - 1) * self.stride;
        &frame.bytes()[at..at + self.bytes_in_row]
    }

    /// The bytes in a row of this plane that hold a region's columns.
    pub fn row_bytes(&self, region: Region) -> Range<usize> {
        let first = region.x / self.shared * self.bytes_a_column;
        first..(first + region.width.div_ceil(self.shared) * self.bytes_a_column).min(self.bytes_in_row)
    }
}

/// One component: Y, U, V or R, G, B.
#[derive(Debug, Clone, Copy, Default)]
pub struct Part {
    /// The plane that holds it.
    pub plane: usize,
    /// Its first byte in a row.
    pub offset: usize,
    /// Bytes from an element to the next.
    pub step: usize,
    /// So many columns share an element: 1 or 2.
    pub shared: usize,
}

impl Part {
    /// The byte that holds column `x` in a row of `bytes` bytes; the last element where there are fewer.
    pub fn at(&self, x: usize, bytes: usize) -> usize {
        let last = (bytes - self.offset - 1) / self.step;
        self.offset + (x / self.shared).min(last) * self.step
    }
}

/// How a frame's bytes lie.
#[derive(Debug, Clone, Copy)]
pub struct Layout {
    planes: [Plane; 3],
    parts: [Part; 3],
    used: (usize, usize),
}

impl Layout {
    /// Of a frame that [`is_whole`].
    pub fn of(frame: &Frame) -> Layout {
        let (w, h, stride) = (frame.width as usize, frame.height as usize, frame.stride);
        let packed = |bytes_a_column| Plane { base: 0, stride, rows: h, bytes_in_row: w * bytes_a_column, bytes_a_column, shared: 1 };
        let part = |plane, offset, step, shared| Part { plane, offset, step, shared };
        match frame.format {
            PixelFormat::Luma => Layout {
                planes: [packed(1), Plane::default(), Plane::default()],
                parts: [part(0, 0, 1, 1), Part::default(), Part::default()],
                used: (1, 1),
            },
            PixelFormat::Rgb => Layout {
                planes: [packed(3), Plane::default(), Plane::default()],
                parts: [part(0, 0, 3, 1), part(0, 1, 3, 1), part(0, 2, 3, 1)],
                used: (1, 3),
            },
            PixelFormat::Yuyv => Layout {
                planes: [packed(2), Plane::default(), Plane::default()],
                parts: [part(0, 0, 2, 1), part(0, 1, 4, 2), part(0, 3, 4, 2)],
                used: (1, 3),
            },
            PixelFormat::I420 => {
                let (rows, half) = (h.div_ceil(2), stride / 2);
                let chroma = |base| Plane { base, stride: half, rows, bytes_in_row: w.div_ceil(2).min(half), bytes_a_column: 1, shared: 2 };
                Layout {
                    planes: [packed(1), chroma(stride * h), chroma(stride * h + half * rows)],
                    parts: [part(0, 0, 1, 1), part(1, 0, 1, 2), part(2, 0, 1, 2)],
                    used: (3, 3),
                }
            }
        }
    }

    /// The planes that the format has.
    pub fn planes(&self) -> &[Plane] {
        &self.planes[..self.used.0]
    }

    /// The components that the format has.
    pub fn parts(&self) -> &[Part] {
        &self.parts[..self.used.1]
    }

    /// How many elements of a component a region's rows hold.
    pub fn elements(&self, part: &Part, region: Region) -> usize {
        let bytes = self.planes[part.plane].row_bytes(region).len();
        bytes.saturating_sub(part.offset).div_ceil(part.step).max(1)
    }
}

/// Whether a frame has the bytes that its size asks for, so that nothing reaches beyond them. At least 2x2 pixels.
pub fn is_whole(frame: &Frame) -> bool {
    let (format, w, h) = (frame.format, frame.width, frame.height);
    w >= 2 && h >= 2 && frame.stride >= format.row_bytes(w) && frame.bytes().len() >= format.frame_bytes(frame.stride, h)
}
