//! The cohorts that come with the program: people who are nobody, for the shipped encoder and the public ones. Each of their faces is the
//! mean of eight people of the training packs (models/training/encoder/cohort.py). TOML, version 1.

use super::cohort::Cohort;
use super::error::CalibrationError;
use crate::units::{Digest, Embedding};
use serde::Deserialize;
use std::path::PathBuf;

const SHIPPED: &str = include_str!("../../models/cohorts.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    #[serde(default, rename = "cohort")]
    cohorts: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    encoder: String,
    model: String,
    dimension: usize,
    nearest: usize,
    /// A signed byte a number, in hexadecimal; only their direction counts.
    faces: Vec<String>,
}

/// The cohort of an encoder; its name is for messages.
///
/// # Errors
/// There is none, or the file is wrong, which a test holds it not to be.
pub fn of(encoder: &str, model: &Digest) -> Result<Cohort, CalibrationError> {
    let not = |what: String| CalibrationError::Not { path: PathBuf::from("the cohorts that come with the program"), what };
    let file: File = toml::from_str(SHIPPED).map_err(|e| not(e.message().to_owned()))?;
    if file.version != 1 {
        return Err(not(format!("it is of version {}, this program reads version 1", file.version)));
    }
    let wanted = model.to_string();
    let Some(row) = file.cohorts.iter().find(|row| row.model == wanted) else {
        let there = file.cohorts.into_iter().map(|row| row.encoder).collect();
        return Err(CalibrationError::NoCohort { encoder: encoder.into(), model: *model, there });
    };
    let faces = row.faces.iter().map(|text| face(text, row.dimension)).collect::<Option<Vec<_>>>();
    let cohort = faces.and_then(|faces| Cohort::new(*model, faces, row.nearest));
    cohort.ok_or_else(|| not(format!("the cohort of encoder {} has a face that is none, or too few of them", row.encoder)))
}

/// Reads a face of so many numbers.
fn face(text: &str, dimension: usize) -> Option<Embedding> {
    if text.len() != 2 * dimension || !text.is_ascii() {
        return None;
    }
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let numbers = text.as_bytes().chunks(2).map(|pair| byte(pair).map(|b| f32::from(b.cast_signed())));
    Embedding::normalised(&numbers.collect::<Option<Vec<f32>>>()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_face_is_signed_bytes() {
        let read = face("0380", 2).unwrap();
        let length = (9.0f32 + 128.0 * 128.0).sqrt();
        assert!((read.values()[0] - 3.0 / length).abs() < 1e-6 && (read.values()[1] + 128.0 / length).abs() < 1e-6);
        for wrong in ["03", "038", "03zz", "0000", "é0"] {
            assert!(face(wrong, 2).is_none(), "{wrong}");
        }
    }

    #[test]
    fn the_shipped_encoder_has_its_cohort() {
        let manifest: toml::Table = include_str!("../../models/manifest.toml").parse().unwrap();
        let name = manifest["default"]["encoder"].as_str().unwrap();
        let entry = manifest["model"].as_array().unwrap().iter().find(|m| m["name"].as_str() == Some(name)).unwrap();
        let digest = Digest::from_hex(entry["sha256"].as_str().unwrap()).unwrap();
        let cohort = of(name, &digest).unwrap_or_else(|e| panic!("run models/training: python -m encoder.cohort: {e}"));
        assert_eq!((cohort.faces().len(), cohort.nearest()), (64, 16));
        assert_eq!(cohort.faces()[0].dimension() as i64, entry["dimension"].as_integer().unwrap());
        for (n, face) in cohort.faces().iter().enumerate() {
            assert!(cohort.faces()[..n].iter().all(|other| other.similarity(face).0 < 0.999), "face {n} is there twice");
        }
    }

    #[test]
    fn every_cohort_reads() {
        let file: File = toml::from_str(SHIPPED).unwrap();
        for row in &file.cohorts {
            assert!(of(&row.encoder, &Digest::from_hex(&row.model).unwrap()).is_ok(), "{}", row.encoder);
        }
        let said = of("mine", &Digest([0xab; 32])).unwrap_err().to_string();
        assert!(said.contains(&"ab".repeat(32)) && file.cohorts.iter().all(|row| said.contains(&row.encoder)), "{said}");
    }
}
