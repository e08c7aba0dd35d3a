//! Picture files: JPEG and PNG, read with care, because anybody's file may come here.
//!
//! A file is refused before it is decoded when it is missing, no file, empty, larger than [`MAX_BYTES`], neither JPEG nor PNG, or has more
//! than [`MAX_PIXELS`]. JPEGs go through `zune-jpeg`'s strict mode, because the usual lenient one takes half a file for a whole picture.
//! 16 bits are made 8, grey is made RGB, and the turn that EXIF asks for is done.

use super::{Frame, PixelFormat};
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, RgbImage};
use std::fs::File;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

/// Largest file that is read: 64 MB, more than any camera's JPEG.
pub const MAX_BYTES: u64 = 64_000_000;

/// Most pixels of a picture: 40 million, more than a telephone's or a badge printer's; 120 MB as RGB.
pub const MAX_PIXELS: u64 = 40_000_000;

/// Why a picture can't be used, with its path.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// Nothing is there.
    #[error("{0}: there is no such file")]
    Missing(PathBuf),
    /// The system refuses it.
    #[error("{path}: it can't be read: {source}")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A folder, a device, a pipe.
    #[error("{0}: it is no file")]
    NotAFile(PathBuf),
    /// Zero bytes.
    #[error("{0}: the file is empty")]
    Empty(PathBuf),
    /// More than [`MAX_BYTES`].
    #[error("{path}: the file has {bytes} bytes; at most {MAX_BYTES} are read")]
    TooLarge {
        /// Which file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
    },
    /// More than [`MAX_PIXELS`].
    #[error("{path}: the picture has {width}x{height} pixels; at most {} million are decoded: make it smaller", MAX_PIXELS / 1_000_000)]
    TooManyPixels {
        /// Which file.
        path: PathBuf,
        /// Its width.
        width: u64,
        /// Its height.
        height: u64,
    },
    /// Neither JPEG nor PNG.
    #[error("{path}: it is {found}; only JPEG and PNG pictures are read: convert it")]
    OtherKind {
        /// Which file.
        path: PathBuf,
        /// What it seems to be.
        found: String,
    },
    /// Damaged or cut off.
    #[error("{path}: the picture is damaged or cut off: {why}")]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What the decoder says.
        why: String,
    },
    /// A folder or a list without a picture.
    #[error("{0}: there is no picture in it (looked for .jpg, .jpeg and .png)")]
    NoPictures(PathBuf),
}

/// Reads a picture file into an RGB frame, upright. Its `captured_at` is [`Moment::START`](crate::units::Moment::START).
///
/// # Errors
/// See [`PictureError`]; nothing is decoded that is over the limits.
pub fn read(path: impl AsRef<Path>) -> Result<Frame, PictureError> {
    let path = path.as_ref();
    from_bytes(path, &read_file(path)?)
}

/// The picture in these bytes, as [`read`] gives it; `path` is for the error.
///
/// # Errors
/// As [`read`].
pub fn from_bytes(path: &Path, bytes: &[u8]) -> Result<Frame, PictureError> {
    let picture = decode(path, bytes)?;
    let (width, height) = picture.dimensions();
    Ok(Frame::new(PixelFormat::Rgb, width, height, picture.into_raw()))
}

/// The pictures that a path stands for: a file is itself, a folder is every picture that lies in it (not below it), by name. Names that
/// begin with a dot are left out.
///
/// # Errors
/// When the path is missing or unreadable, or a folder has no picture.
pub fn list(path: impl AsRef<Path>) -> Result<Vec<PathBuf>, PictureError> {
    let path = path.as_ref();
    let unreadable = |source| not_read(path, source);
    if !std::fs::metadata(path).map_err(unreadable)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut pictures = Vec::new();
    for entry in std::fs::read_dir(path).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        if is_picture_name(&file) && !file.is_dir() {
            pictures.push(file);
        }
    }
    pictures.sort();
    if pictures.is_empty() { Err(PictureError::NoPictures(path.to_owned())) } else { Ok(pictures) }
}

/// Whether a file is called like a picture.
pub fn is_picture_name(path: &Path) -> bool {
    let hidden = path.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
    let kind = path.extension().map(|e| e.to_ascii_lowercase());
    !hidden && kind.is_some_and(|kind| ["jpg", "jpeg", "png"].iter().any(|k| kind == *k))
}

fn not_read(path: &Path, source: std::io::Error) -> PictureError {
    match source.kind() {
        std::io::ErrorKind::NotFound => PictureError::Missing(path.to_owned()),
        _ => PictureError::Unreadable { path: path.to_owned(), source },
    }
}

/// The whole file, if it is one and not too large.
///
/// # Errors
/// It is missing, can't be read, is no file, is empty or larger than [`MAX_BYTES`].
pub fn read_file(path: &Path) -> Result<Vec<u8>, PictureError> {
    let unreadable = |source| not_read(path, source);
    let kind = std::fs::metadata(path).map_err(unreadable)?; // before opening: to open a pipe would wait for its other end
    if !kind.is_file() {
        return Err(PictureError::NotAFile(path.to_owned()));
    }
    let too_large = |bytes| PictureError::TooLarge { path: path.to_owned(), bytes };
    if kind.len() > MAX_BYTES {
        return Err(too_large(kind.len()));
    }
    let mut bytes = Vec::with_capacity(kind.len() as usize + 1);
    File::open(path).and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes)).map_err(unreadable)?;
    match bytes.len() as u64 {
        0 => Err(PictureError::Empty(path.to_owned())),
        n if n > MAX_BYTES => Err(too_large(n)), // it grew while it was read
        _ => Ok(bytes),
    }
}

/// The picture in these bytes; `path` is for the error.
pub(super) fn decode(path: &Path, bytes: &[u8]) -> Result<RgbImage, PictureError> {
    let (picture, turn) = match image::guess_format(bytes) {
        Ok(ImageFormat::Jpeg) => jpeg(path, bytes)?,
        Ok(ImageFormat::Png) => png(path, bytes)?,
        other => {
            let found = match other {
                Ok(kind) => format!("a {kind:?} file"),
                Err(_) if bytes.get(4..8) == Some(b"ftyp") => "a HEIC or AVIF picture or a film".to_owned(),
                Err(_) => "no picture of a kind that is known here".to_owned(),
            };
            return Err(PictureError::OtherKind { path: path.to_owned(), found });
        }
    };
    if turn == Orientation::NoTransforms {
        return Ok(picture);
    }
    let mut upright = DynamicImage::ImageRgb8(picture);
    upright.apply_orientation(turn);
    Ok(upright.into_rgb8())
}

fn damaged(path: &Path, why: impl ToString) -> PictureError {
    PictureError::Damaged { path: path.to_owned(), why: why.to_string() }
}

/// Refuses too many pixels before anything is decoded.
fn check_pixels(path: &Path, width: u64, height: u64) -> Result<(), PictureError> {
    match width.checked_mul(height) {
        Some(0) => Err(damaged(path, "it has no pixels")),
        Some(pixels) if pixels <= MAX_PIXELS => Ok(()),
        _ => Err(PictureError::TooManyPixels { path: path.to_owned(), width, height }),
    }
}

fn jpeg(path: &Path, bytes: &[u8]) -> Result<(RgbImage, Orientation), PictureError> {
    let side = usize::from(u16::MAX);
    let options = DecoderOptions::default().set_strict_mode(true).set_max_width(side).set_max_height(side);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options.jpeg_set_out_colorspace(ColorSpace::RGB));
    decoder.decode_headers().map_err(|e| damaged(path, e))?;
    let (width, height) = decoder.dimensions().ok_or_else(|| damaged(path, "it has no size"))?;
    check_pixels(path, width as u64, height as u64)?;
    let turn = decoder.exif().and_then(|exif| Orientation::from_exif_chunk(exif)).unwrap_or(Orientation::NoTransforms);
    let pixels = decoder.decode().map_err(|e| damaged(path, e))?;
    // Both fit into 16 bits, and the length was just made from them; a decoder that errs is an error, not a panic.
    let picture = RgbImage::from_raw(width as u32, height as u32, pixels).ok_or_else(|| damaged(path, "it has too few pixels"))?;
    Ok((picture, turn))
}

fn png(path: &Path, bytes: &[u8]) -> Result<(RgbImage, Orientation), PictureError> {
    let mut limits = image::Limits::no_limits();
    limits.max_alloc = Some(MAX_PIXELS * 8); // four channels of 16 bits; also holds back texts and profiles that inflate without end
    let mut decoder = image::codecs::png::PngDecoder::with_limits(Cursor::new(bytes), limits).map_err(|e| damaged(path, e))?;
    let (width, height) = decoder.dimensions();
    check_pixels(path, width.into(), height.into())?;
    let turn = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let picture = DynamicImage::from_decoder(decoder).map_err(|e| damaged(path, e))?;
    Ok((picture.into_rgb8(), turn))
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{ExtendedColorType, ImageEncoder, Luma, Rgb};

    fn encoded(format: ImageFormat, picture: &DynamicImage) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    /// Left half red, right half blue, 48x32.
    fn flag() -> RgbImage {
        RgbImage::from_fn(48, 32, |x, _| if x < 24 { Rgb([250, 10, 10]) } else { Rgb([10, 10, 250]) })
    }

    fn with_file(name: &str, bytes: &[u8], check: impl FnOnce(&Path)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        check(&path);
    }

    fn read_bytes(name: &str, bytes: &[u8]) -> Result<Frame, PictureError> {
        let mut out = None;
        with_file(name, bytes, |path| out = Some(read(path)));
        out.unwrap()
    }

    #[test]
    fn jpeg_and_png_give_the_same_rgb_frame() {
        for format in [ImageFormat::Jpeg, ImageFormat::Png] {
            let frame = read_bytes("a.bin", &encoded(format, &flag().into())).unwrap();
            assert_eq!((frame.format, frame.width, frame.height, frame.stride), (PixelFormat::Rgb, 48, 32, 144));
            let (left, right) = (&frame.bytes()[30..33], &frame.bytes()[120..123]);
            assert!(left[0] > 200 && left[2] < 60 && right[2] > 200 && right[0] < 60, "{format:?}: {left:?} {right:?}");
        }
    }

    #[test]
    fn sixteen_bits_grey_and_transparent_become_rgb() {
        let deep = image::ImageBuffer::<Luma<u16>, _>::from_pixel(5, 4, Luma([0x8000]));
        let frame = read_bytes("deep.png", &encoded(ImageFormat::Png, &DynamicImage::ImageLuma16(deep))).unwrap();
        assert_eq!((frame.format, &frame.bytes()[..3]), (PixelFormat::Rgb, &[128u8, 128, 128][..]));
        let clear = DynamicImage::ImageRgba8(image::RgbaImage::from_pixel(5, 4, image::Rgba([1, 2, 3, 0])));
        assert_eq!(&read_bytes("clear.png", &encoded(ImageFormat::Png, &clear)).unwrap().bytes()[..3], &[1, 2, 3]);
        let grey = DynamicImage::ImageLuma8(image::GrayImage::from_pixel(16, 16, Luma([77])));
        let bytes = read_bytes("grey.jpg", &encoded(ImageFormat::Jpeg, &grey)).unwrap();
        assert!(bytes.bytes().iter().all(|v| v.abs_diff(77) < 3));
    }

    /// A TIFF block with the orientation tag alone, as EXIF 2.3 section 4.6 has it.
    fn exif(orientation: u8) -> Vec<u8> {
        let mut tiff = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
        tiff.extend([orientation, 0, 0, 0, 0, 0, 0]);
        tiff
    }

    #[test]
    fn the_turn_that_exif_asks_for_is_done() {
        let mut bytes = Vec::new();
        let mut encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, 95);
        encoder.set_exif_metadata(exif(6)).unwrap(); // 6: the camera was held upright, turn a quarter clockwise
        encoder.write_image(&flag(), 48, 32, ExtendedColorType::Rgb8).unwrap();
        let frame = read_bytes("turned.jpg", &bytes).unwrap();
        assert_eq!((frame.width, frame.height), (32, 48));
        let (top, bottom) = (&frame.bytes()[..3], &frame.bytes()[frame.bytes().len() - 3..]);
        assert!(top[0] > 200 && bottom[2] > 200, "red is above, blue below: {top:?} {bottom:?}");
    }

    #[test]
    fn every_cut_of_a_picture_is_refused() {
        for format in [ImageFormat::Jpeg, ImageFormat::Png] {
            let noisy = RgbImage::from_fn(64, 64, |x, y| Rgb([((x * 37) ^ (y * 91)) as u8, (x * y) as u8, (x + 3 * y) as u8]));
            let whole = encoded(format, &noisy.into());
            for percent in [1, 5, 25, 50, 75, 90, 97] {
                let cut = &whole[..whole.len() * percent / 100];
                let result = decode(Path::new("cut"), cut);
                assert!(result.is_err(), "{format:?} cut at {percent} %");
            }
        }
    }

    #[test]
    fn what_is_no_picture_is_called_by_its_name() {
        let said = |name: &str, bytes: &[u8]| read_bytes(name, bytes).unwrap_err().to_string();
        assert!(said("a.jpg", b"").contains("empty"));
        assert!(said("a.jpg", b"hello, I am a text").contains("no picture of a kind"));
        assert!(said("a.jpg", b"GIF89a rest of it").contains("a Gif file"));
        assert!(said("a.heic", b"\0\0\0\x18ftypheic\0\0\0\0").contains("HEIC"));
        assert!(said("a.png", b"\x89PNG\r\n\x1a\n and then nothing").contains("damaged"));
        assert!(said("a.jpg", b"\xff\xd8\xff\xe0 and then nothing").contains("damaged"));
    }

    #[test]
    fn what_is_missing_or_no_file_is_said() {
        assert!(matches!(read("/nowhere/at/all.jpg"), Err(PictureError::Missing(_))));
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(read(folder.path()), Err(PictureError::NotAFile(_))));
        assert!(matches!(read("/dev/zero"), Err(PictureError::NotAFile(_))));
    }

    #[test]
    fn a_huge_file_is_refused_unread() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("huge.jpg");
        File::create(&path).unwrap().set_len(MAX_BYTES + 1).unwrap();
        assert!(matches!(read(&path), Err(PictureError::TooLarge { bytes, .. }) if bytes == MAX_BYTES + 1));
    }

    #[test]
    fn a_small_file_with_many_pixels_is_refused_undecoded() {
        let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\xea\x60\0\0\xea\x60\x08\x02\0\0\0".to_vec(); // 60000x60000
        let crc = !png[12..]
            .iter()
            .fold(!0u32, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |c, _| if c & 1 == 1 { 0xedb8_8320 ^ (c >> 1) } else { c >> 1 }));
        png.extend(crc.to_be_bytes());
        png.extend(b"\0\0\0\0IDAT\x35\xaf\x06\x1e");
        assert!(matches!(read_bytes("bomb.png", &png), Err(PictureError::TooManyPixels { width: 60000, height: 60000, .. })));
        let mut jpeg = encoded(ImageFormat::Jpeg, &flag().into());
        let sof = jpeg.windows(2).position(|w| w == [0xff, 0xc0]).unwrap();
        jpeg[sof + 5..sof + 9].copy_from_slice(&[0xea, 0x60, 0xea, 0x60]);
        assert!(matches!(read_bytes("bomb.jpg", &jpeg), Err(PictureError::TooManyPixels { .. })));
    }

    #[test]
    fn a_folder_is_its_pictures_by_name() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.JPG", "a.png", "c.jpeg", "notes.txt", ".hidden.jpg", "._b.JPG"] {
            std::fs::write(folder.path().join(name), b"x").unwrap();
        }
        std::fs::create_dir(folder.path().join("d.jpg")).unwrap();
        let names: Vec<_> = list(folder.path()).unwrap().iter().map(|p| p.file_name().unwrap().to_owned()).collect();
        assert_eq!(names, ["a.png", "b.JPG", "c.jpeg"]);
        assert_eq!(list(folder.path().join("notes.txt")).unwrap().len(), 1);
        assert!(matches!(list(folder.path().join("d.jpg")), Err(PictureError::NoPictures(_))));
        assert!(matches!(list(folder.path().join("e")), Err(PictureError::Missing(_))));
    }
}
