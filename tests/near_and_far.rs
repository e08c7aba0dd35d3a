//! A still picture's face is found whether it fills the picture or is a hundredth of a large one. Runs where the shared material is.

#[path = "support/shared.rs"]
mod shared;

use facegate::camera::{Frame, PixelFormat};
use facegate::config::Config;
use facegate::vision::{Library, Options, Rect, Vision};
use image::RgbImage;
use image::imageops::{FilterType, replace, resize};
use std::path::Path;

fn picture(path: &Path) -> RgbImage {
    let frame = shared::picture(path);
    RgbImage::from_raw(frame.width, frame.height, frame.bytes().to_vec()).unwrap()
}

fn frame(picture: RgbImage) -> Frame {
    Frame::new(PixelFormat::Rgb, picture.width(), picture.height(), picture.into_raw())
}

#[test]
fn a_tight_portrait_and_a_small_face_in_a_large_photo_are_found() {
    let Some(shared) = shared::folder("near and far faces") else { return };
    let golden = shared.join("faces/golden");
    let library = Library::open(&[shared.join("models")]).unwrap();
    let mut options = Options::for_stills(&Config::default(), shared::no_time());
    options.encoder = Some("edgeface_xxs".into());
    options.judge_liveness = false;
    let mut vision = Vision::open(&library, &options).unwrap();

    // 170 of 200 pixels, as it is and blown up to 2000.
    let tight = picture(&golden.join("21-child-2.jpg"));
    for side in [200, 2000] {
        let look = vision.look(&frame(resize(&tight, side, side, FilterType::Triangle))).unwrap();
        let scale = side as f32 / 200.0;
        let expected = Rect { x: 28.9 * scale, y: -0.6 * scale, width: 169.8 * scale, height: 201.2 * scale };
        assert_eq!(look.faces.len(), 1, "{side}: {:?}", look.faces);
        assert!(look.faces[0].detection.bbox.overlap(&expected) > 0.8, "{side}: {:?}", look.faces[0]);
        assert!(look.faces[0].embedding.is_some(), "{side}: {}", look.faces[0].quality.reasons);
    }

    // 90 of 4000 pixels, in the lower right of a grey photograph.
    let mut large = RgbImage::from_pixel(4000, 3000, image::Rgb([110, 120, 130]));
    replace(&mut large, &picture(&golden.join("03-dark-small-face.jpg")), 3000, 2400);
    let look = vision.look(&frame(large)).unwrap();
    let expected = Rect { x: 3263.9, y: 2458.0, width: 89.5, height: 112.1 };
    assert_eq!(look.faces.len(), 1, "{:?}", look.faces);
    assert!(look.faces[0].detection.bbox.overlap(&expected) > 0.8, "{:?}", look.faces[0]);
    assert!(look.faces[0].embedding.is_some(), "{}", look.faces[0].quality.reasons);
}
