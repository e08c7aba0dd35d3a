//! Motion JPEG: a whole JPEG a frame, as USB cameras send them, decoded to RGB.
//!
//! Cameras send torn frames, and decoders are lenient: half a JPEG comes out at full size, grey or smeared below the tear. So a frame must
//! begin with SOI, have its EOI near its end, and have a scan that doesn't end early in `zune-jpeg`'s strict mode. Damage inside the scan that happens to decode can't be
//! seen here. Many cameras leave the Huffman tables out, which ITU-T T.81 section K.3 then fixes.

use super::BadFrame;
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

const SOI: [u8; 2] = [0xff, 0xd8];
const EOI: [u8; 2] = [0xff, 0xd9];

/// An APP0 segment that says "AVI1", by which the decoder knows that missing Huffman tables are the standard ones.
const AVI1: [u8; 18] = *b"\xff\xe0\0\x10AVI1\0\0\0\0\0\0\0\0\0\0";

/// How far from the frame's end EOI may be, once padding with zeros is taken away: some cameras append a few bytes of their own.
const END_NEAR: usize = 1024;

/// Why there is no picture.
#[derive(Debug)]
pub(super) enum NoPicture {
    /// This frame is bad; the next may be good.
    Bad(BadFrame),
    /// It is of this size, which is not the one that was agreed on.
    OtherSize(usize, usize),
}

impl From<BadFrame> for NoPicture {
    fn from(bad: BadFrame) -> Self {
        NoPicture::Bad(bad)
    }
}

/// Decodes frames; keeps what it needs from one to the next.
#[derive(Debug, Default)]
pub(super) struct Mjpeg {
    with_tables: Vec<u8>,
}

impl Mjpeg {
    /// Decodes a frame of this size into `out`, as RGB, rows without padding.
    pub(super) fn decode(&mut self, frame: &[u8], (width, height): (u32, u32), out: &mut Vec<u8>) -> Result<(), NoPicture> {
        let frame = up_to_end(frame)?;
        let whole = if has_huffman_tables(frame) {
            frame
        } else {
            self.with_tables.clear();
            for part in [&SOI[..], &AVI1, &frame[2..]] {
                self.with_tables.extend_from_slice(part);
            }
            &self.with_tables
        };
        let options = DecoderOptions::default().set_strict_mode(true).jpeg_set_out_colorspace(ColorSpace::RGB);
        let mut decoder = JpegDecoder::new_with_options(ZCursor::new(whole), options);
        decoder.decode_headers().map_err(not_jpeg)?;
        let (w, h) = decoder.dimensions().ok_or_else(|| not_jpeg("it has no size"))?;
        if (w, h) != (width as usize, height as usize) {
            return Err(NoPicture::OtherSize(w, h));
        }
        let expected = w * h * 3;
        if decoder.output_buffer_size() != Some(expected) {
            return Err(not_jpeg("it doesn't decode to RGB").into());
        }
        out.resize(expected, 0);
        decoder.decode_into(out).map_err(not_jpeg)?;
        Ok(())
    }
}

fn not_jpeg(why: impl ToString) -> BadFrame {
    BadFrame::NotJpeg(why.to_string())
}

impl From<zune_jpeg::errors::DecodeErrors> for NoPicture {
    fn from(error: zune_jpeg::errors::DecodeErrors) -> Self {
        not_jpeg(error).into()
    }
}

/// The frame without its EOI and what comes behind that. Without it the decoder notices a scan that ends too early; at an EOI it would
/// stop asking and fill up, and cameras put one behind a tear.
fn up_to_end(frame: &[u8]) -> Result<&[u8], BadFrame> {
    if !frame.starts_with(&SOI) {
        return Err(not_jpeg("it doesn't begin like one"));
    }
    let end = frame.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let tail = end.saturating_sub(END_NEAR);
    let eoi = frame[tail..end].windows(2).rposition(|pair| pair == EOI);
    eoi.map(|at| &frame[..tail + at]).ok_or_else(|| not_jpeg("its end is missing"))
}

/// Whether a DHT segment stands before the scan.
fn has_huffman_tables(frame: &[u8]) -> bool {
    let mut at = 2;
    while let Some(&[0xff, marker, high, low]) = frame.get(at..at + 4) {
        match marker {
            0xc4 => return true,
            0xda => return false,
            0xff => at += 1, // fill bytes may stand before a marker
            _ => at += 2 + usize::from(u16::from_be_bytes([high, low])),
        }
    }
    true // not understood: leave it to the decoder
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    const SIZE: (u32, u32) = (64, 48);

    /// A JPEG of this size, noisy enough to have a long scan.
    pub(crate) fn jpeg(width: u32, height: u32) -> Vec<u8> {
        let picture =
            image::RgbImage::from_fn(width, height, |x, y| image::Rgb([(x * 4) as u8, (y * 5) as u8, ((x * 13) ^ (y * 7)) as u8]));
        let mut bytes = std::io::Cursor::new(Vec::new());
        picture.write_to(&mut bytes, image::ImageFormat::Jpeg).unwrap();
        bytes.into_inner()
    }

    fn decode(frame: &[u8]) -> Result<Vec<u8>, NoPicture> {
        let mut out = Vec::new();
        Mjpeg::default().decode(frame, SIZE, &mut out).map(|()| out)
    }

    fn without_tables(mut jpeg: Vec<u8>) -> Vec<u8> {
        while let Some(at) = jpeg.windows(2).position(|pair| pair == [0xff, 0xc4]) {
            let length = usize::from(u16::from_be_bytes([jpeg[at + 2], jpeg[at + 3]]));
            jpeg.drain(at..at + 2 + length);
        }
        jpeg
    }

    #[test]
    fn a_frame_decodes_with_and_without_padding_and_trailer() {
        let whole = decode(&jpeg(64, 48)).unwrap();
        assert_eq!(whole.len(), 64 * 48 * 3);
        let padded = [jpeg(64, 48), vec![0; 5000]].concat();
        assert_eq!(decode(&padded).unwrap(), whole);
        let trailed = [jpeg(64, 48), b"camera's own".to_vec()].concat();
        assert_eq!(decode(&trailed).unwrap(), whole);
    }

    #[test]
    fn a_frame_without_huffman_tables_has_the_standard_ones() {
        let bare = without_tables(jpeg(64, 48));
        assert!(!has_huffman_tables(&bare) && bare.len() + 300 < jpeg(64, 48).len());
        assert_eq!(decode(&bare).unwrap(), decode(&jpeg(64, 48)).unwrap());
    }

    #[test]
    fn every_torn_frame_is_refused() {
        let whole = jpeg(64, 48);
        for length in 0..whole.len() - 1 {
            let torn = &whole[..length];
            assert!(matches!(decode(torn), Err(NoPicture::Bad(_))), "{length} of {} bytes", whole.len());
        }
        // With an end put behind the tear, as some cameras do; only one in the last few bytes may pass.
        for length in 2..whole.len() - 32 {
            let patched = [&whole[..length], &EOI].concat();
            assert!(matches!(decode(&patched), Err(NoPicture::Bad(_))), "{length} of {} bytes, and an end", whole.len());
        }
    }

    #[test]
    fn garbage_is_refused_and_never_a_panic() {
        for frame in [&b""[..], b"\0", b"\xff\xd8", b"\xff\xd8\xff\xd9", b"not a jpeg", b"\xff\xd8\xff\xda\0\x02\xff\xd9"] {
            assert!(decode(frame).is_err(), "{frame:?}");
        }
        let whole = jpeg(64, 48);
        for at in 2..700.min(whole.len()) {
            for value in [0u8, 0xff, 0x7f] {
                let mut damaged = whole.clone();
                damaged[at] = value;
                let _ = decode(&damaged); // damage may decode; it must only come back
            }
        }
    }

    #[test]
    fn a_frame_of_one_colour_is_whole_though_its_rows_have_few_bytes() {
        for (w, h) in [(160, 120), (640, 480)] {
            let mut bytes = std::io::Cursor::new(Vec::new());
            image::RgbImage::from_pixel(w, h, image::Rgb([9, 9, 9])).write_to(&mut bytes, image::ImageFormat::Jpeg).unwrap();
            let mut out = Vec::new();
            assert!(Mjpeg::default().decode(&bytes.into_inner(), (w, h), &mut out).is_ok(), "{w}x{h}");
        }
    }

    #[test]
    fn another_size_is_told_apart_from_damage() {
        assert!(matches!(decode(&jpeg(80, 48)), Err(NoPicture::OtherSize(80, 48))));
    }

    #[test]
    fn a_grey_jpeg_becomes_rgb() {
        let mut bytes = std::io::Cursor::new(Vec::new());
        image::GrayImage::from_pixel(64, 48, image::Luma([90])).write_to(&mut bytes, image::ImageFormat::Jpeg).unwrap();
        assert!(decode(&bytes.into_inner()).unwrap().iter().all(|v| v.abs_diff(90) < 3));
    }
}
