//! The public nets of ../shared/models, where they are: each loads, gives onnxruntime's recorded answer, and the rules change no number.

use facegate::vision::Net;
use facegate::vision::models::{Entry, Library, Role, check};
use facegate::vision::net::Rules;
use std::path::{Path, PathBuf};

fn shared() -> Option<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().skip(1).take(3).map(|d| d.join("shared/models"));
    let found = dir.into_iter().find(|d| d.join("manifest.toml").exists());
    if found.is_none() {
        eprintln!("skipped: ../shared/models is not there");
    }
    found
}

#[test]
fn every_net_loads_and_gives_the_recorded_answer() {
    let Some(dir) = shared() else { return };
    let library = Library::open(&[dir]).unwrap();
    let checked = check(&library);
    assert_eq!(checked.len(), library.entries().len());
    for net in checked {
        let passed = net.outcome.unwrap_or_else(|e| panic!("{e}"));
        assert!(passed.is_tested, "{}: no answer is recorded", net.name);
    }
}

#[test]
fn the_files_that_the_manifest_leaves_out_do_too() {
    let Some(dir) = shared() else { return };
    let library = Library::open(&[&dir]).unwrap();
    for (file, size, digest) in [
        ("yunet_n_320x320.onnx", [1, 3, 320, 320], "81dbde155e982455488235acb8ec2dec5d647edf7cf7080d33e4abb69b93a0d2"),
        ("yunet_n_480x640.onnx", [1, 3, 480, 640], "f4663aa241d6a3a3228b6a4f610c20f548d08e1477d67bda24fe687e1bb38d0a"),
        ("yunet_n_640x640.onnx", [1, 3, 640, 640], "25a606a145a5b6d7271ae138fbd00eba91dad8b83222ae3f2c7ecd0f4a7b0e31"),
        ("yunet_s_320x320.onnx", [1, 3, 320, 320], "beb05bf2378aee45cd7c41056da07265b7bb91041ed1b06f923819a9c744ec36"),
        ("yunet_s_480x640.onnx", [1, 3, 480, 640], "ba2312316b9628e854241e6e66ad17b581aa34fd74b895d8c65d0562c3e913da"),
    ] {
        let mut entry = library.find("yunet_s").unwrap().clone();
        entry.file = dir.join(file);
        entry.input.shape = size;
        entry.digest = facegate::units::Digest::from_hex(digest).unwrap();
        assert!(Net::load(&entry, None).unwrap_or_else(|e| panic!("{e}")).is_tested(), "{file}");
    }
}

/// The same weights at a size that another file has fixed: the numbers must be that file's.
#[test]
fn a_resized_detector_is_the_one_that_was_exported_at_that_size() {
    let Some(dir) = shared() else { return };
    let library = Library::open(&[&dir]).unwrap();
    let small = library.find("yunet_s").unwrap();
    let large = library.find("yunet_2023mar").unwrap();
    let (mut resized, mut exported) = (Net::load(small, Some((640, 640))).unwrap(), Net::load(large, None).unwrap());
    assert_eq!(difference(&mut resized, &mut exported), 0.0);
}

#[test]
fn the_rules_change_no_number_by_more_than_rounding() {
    let Some(dir) = shared() else { return };
    let library = Library::open(&[dir]).unwrap();
    let ruled = |entry: &&Entry| entry.role == Role::Liveness || entry.name == "mobilefacenet_insightface_y1";
    for entry in library.entries().iter().filter(ruled) {
        let (mut with, mut without) = (Net::load(entry, None).unwrap(), Net::load_with(entry, None, &Rules::none()).unwrap());
        let difference = difference(&mut with, &mut without);
        assert!(difference <= 1e-5, "{}: {difference}", entry.name);
    }
}

/// The largest difference between the outputs of two nets for one picture, as a part of the largest number.
fn difference(a: &mut Net, b: &mut Net) -> f32 {
    for net in [&mut *a, &mut *b] {
        let [mean, std] = [net.entry().input.mean[0], net.entry().input.std[0]];
        net.input().iter_mut().enumerate().for_each(|(i, x)| *x = (((i * 31) % 253) as f32 - mean) / std);
    }
    let (a, b) = (a.run().unwrap(), b.run().unwrap());
    let (mut most, mut scale) = (0f32, 0f32);
    for i in 0..a.count() {
        for (x, y) in a.get(i).iter().zip(b.get(i)) {
            most = most.max((x - y).abs());
            scale = scale.max(x.abs());
        }
    }
    most / scale
}
