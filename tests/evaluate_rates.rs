//! The promise: error rates are those of a reference written independently (scikit-learn, SciPy; `fixtures/make_rates.py` says how), to 1e-9.

use facegate::statistics::{Labelled, Roc, clopper_pearson, over_folds};
use serde_json::Value;

fn fixture() -> Value {
    serde_json::from_str(include_str!("fixtures/rates.json")).unwrap()
}

/// Scores of the fixture: multiples of 1/64, with many ties.
fn scores(case: &Value, kind: &str) -> Vec<f32> {
    case[kind].as_array().unwrap().iter().map(|s| s.as_i64().unwrap() as f32 / 64.0).collect()
}

fn same(what: &str, found: f64, reference: &Value) {
    let reference = reference.as_f64().unwrap();
    assert!((found - reference).abs() < 1e-9, "{what}: {found}, and the reference says {reference}");
}

#[test]
fn curves_and_what_is_read_from_them() {
    for case in fixture()["cases"].as_array().unwrap() {
        let roc = Roc::new(scores(case, "genuine"), scores(case, "impostor")).unwrap();
        same("AUC", roc.auc(), &case["auc"]);
        same("EER", roc.eer(), &case["eer"]);
        for (fmr, tar) in case["tar_at_fmr"].as_object().unwrap() {
            same(&format!("TAR at {fmr}"), roc.tar_at_fmr(fmr.parse().unwrap()).unwrap(), tar);
        }
        for at in case["at_tau"].as_array().unwrap() {
            let point = roc.at_threshold(at[0].as_f64().unwrap() as f32);
            same("FMR at tau", point.fmr, &at[1]);
            same("FNMR at tau", 1.0 - point.tar, &at[2]);
        }
    }
}

#[test]
fn accuracy_by_folds() {
    for case in fixture()["cases"].as_array().unwrap() {
        let of = |kind: &str, is_genuine: bool| {
            let scores = scores(case, kind);
            let each = scores.len() / 5;
            scores.into_iter().enumerate().map(move |(n, score)| Labelled { fold: n / each, is_genuine, score }).collect::<Vec<_>>()
        };
        let all = [of("genuine", true), of("impostor", false)].concat();
        let found = over_folds(&all).unwrap();
        same("accuracy", found.mean, &case["accuracy"]);
        same("its standard error", found.std_error, &case["accuracy_std_error"]);
        for (found, reference) in found.folds.iter().zip(case["folds"].as_array().unwrap()) {
            same("a fold", *found, reference);
        }
    }
}

#[test]
fn intervals() {
    for at in fixture()["intervals"].as_array().unwrap() {
        let [low, high] = clopper_pearson(at[0].as_f64().unwrap(), at[1].as_f64().unwrap(), 0.95);
        same("the lower end", low, &at[2]);
        same("the upper end", high, &at[3]);
    }
}
