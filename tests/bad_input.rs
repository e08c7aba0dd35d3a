//! Bad input gets a clear error that says what to do, and nothing is lost.

mod common;

use common::{Gate, path, shot};
use image::{ImageBuffer, Luma, Rgb, RgbImage};
use std::path::{Path, PathBuf};

fn picture(gate: &Gate, name: &str, picture: &RgbImage) -> PathBuf {
    let path = gate.dir.path().join(name);
    picture.save(&path).unwrap();
    path
}

fn opened(path: &Path) -> RgbImage {
    image::open(path).unwrap().to_rgb8()
}

#[test]
fn pictures_that_are_none_are_refused_and_nobody_is_enrolled() {
    let gate = Gate::new();
    let whole = std::fs::read(shot(1, 1)).unwrap();
    let cases = [
        (gate.dir.path().join("missing.jpg"), "no such file"),
        (gate.file("empty.jpg", ""), "empty"),
        (gate.file("text.jpg", "not a picture at all"), "JPEG"),
        (gate.file("half.jpg", &whole[..whole.len() / 2]), "damaged or cut off"),
        (gate.file("head.png", b"\x89PNG\r\n\x1a\n"), "damaged or cut off"),
    ];
    for (file, word) in &cases {
        let said = gate.say(&["enroll", "Ann", "--image", path(file)]);
        said.refused(3, &[word, path(file)]);
    }
    assert_eq!(gate.done(&["people", "list", "--json"]).stdout, "");
}

#[test]
fn a_bad_picture_among_good_ones_hides_none_of_them() {
    let gate = Gate::new();
    gate.enrol("Ann", &shot(1, 1));
    let bad = gate.file("bad.jpg", "no");
    let said = gate.say(&["identify", "--json", path(&bad), path(&shot(1, 2))]);
    assert_eq!(said.code, 3);
    let found = said.objects();
    assert_eq!((found[0]["decision"].as_str(), found[1]["decision"].as_str()), (Some("unusable"), Some("match")));
    assert!(found[0]["reason"].as_str().unwrap().contains("bad.jpg"));
}

#[test]
fn sixteen_bit_and_turned_pictures_are_read_as_a_person_sees_them() {
    let gate = Gate::new();
    gate.enrol("Ann", &shot(1, 1));
    let eight = opened(&shot(1, 2));
    let sixteen: ImageBuffer<Rgb<u16>, Vec<u16>> =
        ImageBuffer::from_fn(eight.width(), eight.height(), |x, y| Rgb(eight.get_pixel(x, y).0.map(|v| u16::from(v) * 257)));
    let file = gate.dir.path().join("sixteen.png");
    sixteen.save(&file).unwrap();
    assert_eq!(gate.say(&["identify", "--json", "--liveness", "off", path(&file)]).object()["person"], "Ann");
    // A camera held upright stores the picture lying, and says so in EXIF (orientation 6: turn right).
    let lying = image::imageops::rotate270(&eight);
    let file = picture(&gate, "lying.jpg", &lying);
    let mut bytes = std::fs::read(&file).unwrap();
    let exif = b"\xff\xe1\x00\x22Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    bytes.splice(2..2, exif.iter().copied());
    std::fs::write(&file, bytes).unwrap();
    assert_eq!(gate.say(&["identify", "--json", "--liveness", "off", path(&file)]).object()["person"], "Ann");
}

#[test]
fn no_face_two_faces_and_a_tiny_face_are_not_enrolled() {
    let gate = Gate::new();
    let wall = picture(&gate, "wall.png", &RgbImage::from_pixel(640, 480, Rgb([120, 110, 100])));
    gate.say(&["enroll", "Ann", "--image", path(&wall)]).refused(3, &["no face"]);
    let (one, other) = (opened(&shot(1, 1)), opened(&shot(2, 1)));
    let mut both = RgbImage::new(one.width() * 2, one.height());
    image::imageops::replace(&mut both, &one, 0, 0);
    image::imageops::replace(&mut both, &other, i64::from(one.width()), 0);
    let both = picture(&gate, "both.png", &both);
    gate.say(&["enroll", "Ann", "--image", path(&both)]).refused(3, &["2 faces"]);
    let small = image::imageops::resize(&one, one.width() / 6, one.height() / 6, image::imageops::FilterType::Triangle);
    let mut far = RgbImage::from_pixel(640, 480, Rgb([120, 110, 100]));
    image::imageops::replace(&mut far, &small, 200, 200);
    let far = picture(&gate, "far.png", &far);
    let said = gate.say(&["enroll", "Ann", "--image", path(&far)]);
    assert_eq!(said.code, 3, "{}", said.stdout);
    assert!(said.stderr.contains("too small") || said.stderr.contains("no face"), "{}", said.stderr);
    assert_eq!(gate.done(&["people", "list", "--json"]).stdout, "");
}

#[test]
fn names_are_held_to_what_can_be_read() {
    let gate = Gate::new();
    let image = shot(1, 1);
    for (name, word) in [("", "empty"), ("a\nb", "line"), (&"x".repeat(10_000), "100")] {
        let said = gate.say(&["enroll", name, "--image", path(&image)]);
        assert_eq!(said.code, 3, "{name:.20}: {}", said.stderr);
        assert!(said.stderr.to_lowercase().contains(word), "{name:.20}: no {word:?} in {}", said.stderr);
    }
    gate.enrol("Zoë 👩‍🚀", &image);
    gate.say(&["enroll", "zoë 👩‍🚀", "--image", path(&image)]).refused(3, &["enrolled already", "--add"]);
}

#[test]
fn a_gallery_that_is_not_ours_or_damaged_is_refused_and_kept() {
    let gate = Gate::new();
    std::fs::create_dir(gate.data()).unwrap();
    let file = gate.data().join("gallery.db");
    for foreign in ["this is no database", "SQLite format 3\0 and then nothing of it"] {
        std::fs::write(&file, foreign).unwrap();
        let said = gate.say(&["people", "list"]);
        said.refused(3, &["gallery"]);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), foreign, "never overwritten");
    }
}

#[test]
fn a_model_that_is_not_what_its_manifest_says_is_refused_with_both_sides() {
    let gate = Gate::new();
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    let copy = gate.dir.path().join("models");
    std::fs::create_dir(&copy).unwrap();
    for entry in std::fs::read_dir(&models).unwrap().flatten().filter(|e| e.path().is_file()) {
        std::fs::copy(entry.path(), copy.join(entry.file_name())).unwrap();
    }
    let encoder = copy.join("encoder.onnx");
    let mut bytes = std::fs::read(&encoder).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&encoder, bytes).unwrap();
    let manifest = std::fs::read_to_string(copy.join("manifest.toml")).unwrap();
    let said = gate.say(&["identify", path(&shot(1, 1)), "--models", path(&copy)]);
    let digests = said.stderr.split(|c: char| !c.is_ascii_hexdigit()).filter(|w| w.len() == 64).collect::<Vec<_>>();
    assert_eq!(said.code, 3);
    assert_eq!(digests.len(), 2, "both digests: {}", said.stderr);
    assert!(digests.iter().any(|d| manifest.contains(d)), "{}", said.stderr);
    std::fs::remove_file(&encoder).unwrap();
    gate.say(&["run", "--models", path(&copy), "--simulate", path(&shot(1, 1))]).refused(3, &["encoder.onnx"]);
}

#[test]
fn a_grey_picture_is_a_picture() {
    let gate = Gate::new();
    gate.enrol("Ann", &shot(1, 1));
    let colour = opened(&shot(1, 2));
    let grey: ImageBuffer<Luma<u8>, Vec<u8>> = image::imageops::grayscale(&colour);
    let file = gate.dir.path().join("grey.png");
    grey.save(&file).unwrap();
    let found = gate.say(&["identify", "--json", "--liveness", "off", path(&file)]).object();
    assert_eq!(found["person"], "Ann", "{found}");
}
