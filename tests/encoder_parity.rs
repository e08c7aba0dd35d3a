//! The shipped encoder gives in this program the numbers that it gave in PyTorch, where it was trained.
//!
//! `tests/fixtures/encoder_parity.json` is written with the encoder by `models/training`; until both are there, there is nothing to hold.

use facegate::vision::Net;
use facegate::vision::models::Library;
use std::path::Path;

/// Largest difference of a number, as a part of the embedding's largest.
const TOLERANCE: f32 = 1e-4;

#[derive(serde::Deserialize)]
struct Fixture {
    /// Before normalising to length one.
    embedding: Vec<f32>,
    sha256: String,
}

#[test]
fn the_encoder_answers_as_pytorch_did() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let fixture = here.join("tests/fixtures/encoder_parity.json");
    if !fixture.exists() || !here.join("models/manifest.toml").exists() {
        eprintln!("skipped: models/manifest.toml or {} is not there", fixture.display());
        return;
    }
    let fixture: Fixture = serde_json::from_str(&std::fs::read_to_string(fixture).unwrap()).unwrap();
    let library = Library::open(&[here.join("models")]).unwrap();
    let of_fixture = library.entries().iter().find(|e| e.digest.to_string() == fixture.sha256);
    let entry = of_fixture.expect("no net of models/manifest.toml is the one that the fixture was written for: ship both together");

    let mut net = Net::load(entry, None).unwrap();
    let (height, width) = (entry.input.height(), entry.input.width());
    for (plane, numbers) in net.input().chunks_exact_mut(height * width).enumerate() {
        for (at, number) in numbers.iter_mut().enumerate() {
            let (y, x) = (at / width, at % width);
            *number = entry.input.normalised(plane, ((7 * x + 13 * y + 29 * plane) % 256) as f32);
        }
    }
    let found = net.run().unwrap().get(0).to_vec();
    assert_eq!(found.len(), fixture.embedding.len());
    let scale = fixture.embedding.iter().fold(0f32, |most, n| most.max(n.abs()));
    for (at, (found, expected)) in found.iter().zip(&fixture.embedding).enumerate() {
        assert!((found - expected).abs() <= TOLERANCE * scale, "number {at}: {found}, PyTorch {expected}");
    }
}
