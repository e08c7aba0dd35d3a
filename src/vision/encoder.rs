//! The net that turns an aligned crop into an embedding.

use super::align::{Crop, SIDE};
use super::normalise::Normalise;
use super::{Entry, Library, Net, VisionError};
use crate::camera::{Frame, PixelFormat};
use crate::units::Embedding;

/// An encoder, ready to run. One thread runs it at a time; it can be sent to another.
pub struct Encoder {
    net: Net,
    normalise: Normalise,
}

impl Encoder {
    /// Loads and checks the encoder of this name, or the default one.
    ///
    /// # Errors
    /// It isn't there, is damaged, isn't what its manifest says, or takes another crop than 112x112.
    pub fn open(library: &Library, name: Option<&str>) -> Result<Encoder, VisionError> {
        let entry = library.encoder(name)?;
        let size = (entry.input.height(), entry.input.width());
        if size != (SIDE, SIDE) {
            return Err(VisionError::CropSize { name: entry.name.clone(), height: size.0, width: size.1 });
        }
        Ok(Encoder { normalise: Normalise::new(&entry.input, size), net: Net::load(entry, None)? })
    }

    /// What the manifest says of it.
    pub fn entry(&self) -> &Entry {
        self.net.entry()
    }

    /// The embedding of an aligned crop. Allocates nothing of its own.
    ///
    /// # Errors
    /// The net failed, or gave something that is no embedding.
    pub fn encode(&mut self, crop: &Crop) -> Result<Embedding, VisionError> {
        self.normalise.planes(self.net.input(), &crop.planes);
        let numbers = self.net.run()?;
        let embedding = Embedding::normalised(numbers.get(0));
        embedding.map_err(|source| VisionError::Embedding { name: self.net.entry().name.clone(), source })
    }
}

impl Crop {
    /// A picture that is an aligned crop already. None where it isn't an RGB picture of 112x112.
    pub fn from_aligned(picture: &Frame) -> Option<Crop> {
        let fits = picture.format == PixelFormat::Rgb && (picture.width, picture.height) == (SIDE as u32, SIDE as u32);
        let rows = || picture.bytes().chunks(picture.stride).take(SIDE);
        let plane = |colour: usize| rows().flat_map(|row| row.iter().skip(colour).step_by(3).take(SIDE).map(|v| f32::from(*v))).collect();
        let planes: [Vec<f32>; 3] = std::array::from_fn(plane);
        (fits && planes.iter().all(|p| p.len() == SIDE * SIDE)).then_some(Crop { planes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_aligned_picture_is_taken_as_it_is_and_any_other_is_not() {
        let bytes: Vec<u8> = (0..SIDE * SIDE * 3).map(|i| (i % 251) as u8).collect();
        let crop = Crop::from_aligned(&Frame::new(PixelFormat::Rgb, 112, 112, bytes.clone())).unwrap();
        assert_eq!(crop.planes[2][SIDE + 1], f32::from(bytes[(SIDE + 1) * 3 + 2]));
        assert!(Crop::from_aligned(&Frame::new(PixelFormat::Rgb, 111, 112, vec![0; 111 * 112 * 3])).is_none());
        assert!(Crop::from_aligned(&Frame::new(PixelFormat::Luma, 112, 112, vec![0; 112 * 112])).is_none());
    }
}
