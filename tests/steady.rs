//! A face keeps its embedding when it comes a little nearer: landmarks blended over cells and looks are steadier than the surest cell's.
//! Golden pictures (every fourth; all with FACEGATE_WHOLE=1) at five sizes; runs where the shared material is, and says so where it is not.

#[path = "support/shared.rs"]
mod shared;

use facegate::camera::{Frame, PixelFormat};
use facegate::config::Config;
use facegate::units::Embedding;
use facegate::vision::{Library, Options, Search, Vision};
use image::RgbImage;
use image::imageops::{FilterType, resize};
use std::path::Path;

const SIZES: [f32; 5] = [0.7, 0.8, 0.9, 1.0, 1.1];

/// Mean and 5th percentile of the cosines between a face's embeddings at the five sizes, over all golden pictures.
fn steadiness(shared: &Path, search: Search) -> (f32, f32) {
    let library = Library::open(&[shared.join("models")]).unwrap();
    let mut options = Options::for_stills(&Config::default(), shared::no_time());
    options.search = search;
    options.encoder = Some("edgeface_xxs".into());
    options.judge_liveness = false;
    options.limits.max_yaw = 9.0;
    let mut vision = Vision::open(&library, &options).unwrap();
    let mut cosines = Vec::new();
    let mut pictures: Vec<_> = std::fs::read_dir(shared.join("faces/golden")).unwrap().map(|e| e.unwrap().path()).collect();
    pictures.sort();
    if std::env::var_os("FACEGATE_WHOLE").is_none_or(|v| v != "1") {
        pictures = pictures.into_iter().step_by(4).collect();
    }
    for path in pictures {
        let frame = shared::picture(&path);
        let whole = RgbImage::from_raw(frame.width, frame.height, frame.bytes().to_vec()).unwrap();
        let mut embedding = |size: f32| -> Option<Embedding> {
            let (w, h) = ((frame.width as f32 * size) as u32, (frame.height as f32 * size) as u32);
            let resized = resize(&whole, w, h, FilterType::Triangle);
            let look = vision.look(&Frame::new(PixelFormat::Rgb, w, h, resized.into_raw())).unwrap();
            look.subject()?.embedding.clone()
        };
        let all: Vec<Embedding> = SIZES.iter().filter_map(|s| embedding(*s)).collect();
        assert!(all.len() >= 4, "{}: a face in {} of 5 sizes", path.display(), all.len());
        for (i, a) in all.iter().enumerate() {
            cosines.extend(all[..i].iter().map(|b| a.similarity(b).0));
        }
    }
    cosines.sort_unstable_by(f32::total_cmp);
    (cosines.iter().sum::<f32>() / cosines.len() as f32, cosines[cosines.len() / 20])
}

#[test]
fn a_face_keeps_its_embedding_when_it_comes_nearer() {
    let Some(shared) = shared::folder("how steady embeddings are") else { return };
    let surest = steadiness(&shared, Search::Input(320, 320));
    let frames = steadiness(&shared, Search::Frames { size: (640, 480), face_px: 160, input_width: None });
    let stills = steadiness(&shared, Search::Stills);
    println!("cosine between sizes, mean and 5th percentile: surest cell {surest:.3?}, frames {frames:.3?}, stills {stills:.3?}");
    for blended in [frames, stills] {
        assert!(blended.0 > surest.0 && blended.1 > surest.1, "blending must steady the mean and the worst cases");
    }
}
