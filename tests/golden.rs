//! On the 25 golden pictures our chain finds what OpenCV's YuNet finds and encodes it as onnxruntime does (`make_golden.py` beside them
//! says how the reference was made). Runs where the shared material is; says so where it is not.

#[path = "support/shared.rs"]
mod shared;

#[path = "support/libjpeg.rs"]
mod libjpeg;

use facegate::camera::{Frame, PixelFormat};
use facegate::config::Config;
use facegate::units::Embedding;
use facegate::vision::{Detection, Library, Options, Rect, Search, Vision};
use serde_json::Value;
use std::path::Path;

const ENCODERS: [&str; 4] = ["edgeface_xs", "edgeface_xxs", "mobilefacenet", "mobilefacenet_insightface_y1"];

/// The detector that the reference was made with, at its size, without liveness and with every face let through.
fn vision(shared: &Path, encoder: &str) -> Vision {
    let library = Library::open(&[shared.join("models")]).unwrap();
    let mut options = Options::for_stills(&Config::default(), shared::no_time());
    options.search = Search::Input(640, 640);
    options.detector = Some("yunet_2023mar".into());
    options.encoder = Some(encoder.into());
    options.judge_liveness = false;
    options.limits.min_sharpness = 0.0;
    options.limits.max_yaw = 9.0;
    Vision::open(&library, &options).unwrap()
}

/// A picture with the bytes that the reference had.
fn exact(path: &Path) -> Frame {
    let (width, height, rgb) = libjpeg::read(&std::fs::read(path).unwrap());
    Frame::new(PixelFormat::Rgb, width as u32, height as u32, rgb)
}

fn numbers(value: &Value) -> Vec<f32> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap() as f32).collect()
}

fn reference(face: &Value) -> Detection {
    let b = numbers(&face["box"]);
    let mut reference = Detection { bbox: Rect { x: b[0], y: b[1], width: b[2], height: b[3] }, ..Detection::default() };
    reference.score = face["score"].as_f64().unwrap() as f32;
    for (point, place) in reference.landmarks.iter_mut().zip(face["landmarks"].as_array().unwrap()) {
        (point.x, point.y) = (numbers(place)[0], numbers(place)[1]);
    }
    reference
}

/// Greatest distance between two faces' landmarks in pixels.
fn apart(a: &Detection, b: &Detection) -> f32 {
    a.landmarks.iter().zip(&b.landmarks).map(|(p, q)| (p.x - q.x).hypot(p.y - q.y)).fold(0.0, f32::max)
}

/// How far our chain is from the reference, at worst.
struct Worst {
    overlap: f32,
    distance: f32,
    cosine: f32,
    problems: Vec<String>,
}

fn compare(shared: &Path, encoder: &str, least_cosine: f32, read: impl Fn(&Path) -> Frame) -> Worst {
    let golden: Value = serde_json::from_str(&std::fs::read_to_string(shared.join("faces/golden.json")).unwrap()).unwrap();
    let pictures = golden["pictures"].as_array().unwrap();
    assert_eq!(pictures.len(), 25);
    let mut vision = vision(shared, encoder);
    let mut worst = Worst { overlap: 1.0, distance: 0.0, cosine: 1.0, problems: Vec::new() };
    for picture in pictures {
        let name = picture["file"].as_str().unwrap();
        let look = vision.look(&read(&shared.join("faces").join(name))).unwrap();
        let references: Vec<Detection> = picture["faces"].as_array().unwrap().iter().map(reference).collect();
        if look.faces.len() != references.len() {
            worst.problems.push(format!("{name}: {} faces, the reference has {}", look.faces.len(), references.len()));
            continue;
        }
        for (face, reference) in look.faces.iter().zip(&references) {
            let (overlap, distance) = (face.detection.bbox.overlap(&reference.bbox), apart(&face.detection, reference));
            (worst.overlap, worst.distance) = (worst.overlap.min(overlap), worst.distance.max(distance));
            if overlap < 0.95 || distance > 1.0 {
                worst.problems.push(format!("{name}: overlap {overlap:.3}, landmarks {distance:.2} px apart"));
            }
        }
        let expected = Embedding::normalised(&numbers(&picture["embeddings_of_largest"][encoder])).unwrap();
        let found = look.faces[0].embedding.as_ref().unwrap_or_else(|| panic!("{name}: {}", look.faces[0].quality.reasons));
        let cosine = found.similarity(&expected).0;
        worst.cosine = worst.cosine.min(cosine);
        if cosine < least_cosine {
            worst.problems.push(format!("{name}: cosine {cosine:.4} with {encoder}"));
        }
    }
    println!(
        "{encoder}: least overlap {:.4}, landmarks at most {:.3} px apart, least cosine {:.4}",
        worst.overlap, worst.distance, worst.cosine
    );
    worst
}

#[test]
fn golden_pictures_are_found_and_encoded_as_by_the_reference() {
    let Some(shared) = shared::folder("the comparison with OpenCV and onnxruntime on golden pictures") else { return };
    for encoder in ENCODERS {
        let worst = compare(&shared, encoder, 0.995, exact);
        assert!(worst.problems.is_empty(), "{:#?}", worst.problems);
    }
}

#[test]
fn our_own_reading_of_the_files_changes_little() {
    let Some(shared) = shared::folder("the comparison with OpenCV and onnxruntime on golden pictures") else { return };
    // Its rounding alone moves a near profile's landmarks by half a pixel (see support/libjpeg.rs).
    let worst = compare(&shared, ENCODERS[0], 0.985, shared::picture);
    assert!(worst.problems.is_empty(), "{:#?}", worst.problems);
}
