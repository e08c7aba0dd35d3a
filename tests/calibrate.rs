//! The promise: `facegate calibrate` measures the encoder in use on strangers, by group, and what it writes serves from then on; what can't be
//! measured is refused with what to do.

mod common;

use common::{Gate, path};
use std::path::{Path, PathBuf};

/// A folder of made-up aligned crops, nobody's: stripes and spots that differ from person to person, `each` pictures of one.
fn crops(dir: &Path, people: usize, each: usize, alike: f32) -> PathBuf {
    for person in 0..people {
        let own = dir.join(format!("{person:03}"));
        std::fs::create_dir_all(&own).unwrap();
        for n in 0..each {
            let wave = |k: usize, x: f32, y: f32| {
                let at = (person * 7 + k * 13) as f32;
                ((x * (at * 0.37).sin() + y * (at * 0.61).cos()) * 0.2 + at + n as f32 * 0.1).sin()
            };
            let picture = image::RgbImage::from_fn(112, 112, |x, y| {
                let (x, y) = (x as f32 - 56.0, y as f32 - 56.0);
                let face = 140.0 - (x * x + y * y) * 0.015;
                image::Rgb([0, 1, 2].map(|c| (face + (1.0 - alike) * 70.0 * (wave(c, x, y) + wave(c + 3, y, x))).clamp(0.0, 255.0) as u8))
            });
            picture.save(own.join(format!("{n}.png"))).unwrap();
        }
    }
    dir.to_owned()
}

#[test]
fn a_table_is_measured_on_the_worst_group_and_serves_from_then_on() {
    let gate = Gate::new();
    let dir = gate.dir.path();
    let (apart, near) = (crops(&dir.join("apart"), 100, 1, 0.0), crops(&dir.join("near"), 100, 1, 0.95));
    let few = crops(&dir.join("few"), 5, 3, 0.0);
    let words = ["calibrate", "--aligned", "--visits", "5", "--json", "--genuine", path(&few), "--head", "absolute", "--impostors"];
    let words: Vec<&str> = words.into_iter().chain([path(&apart), path(&near), path(&few)]).collect();
    let found = gate.done(&words).object();
    assert_eq!(found["group"], "near", "{found}");
    assert_eq!(found["too_small"][0][0], "few");
    let table = found["table"].as_array().unwrap();
    let column = |name: &str| table.iter().map(|p| p[name].as_f64().unwrap()).collect::<Vec<f64>>();
    assert!(column("fmr").windows(2).all(|w| w[1] < w[0]) && column("tau").windows(2).all(|w| w[1] > w[0]), "{found}");
    assert!(column("fnmr").windows(2).all(|w| w[1] >= w[0]));
    for point in table {
        let [low, high] = [0, 1].map(|n| point["interval95"][n].as_f64().unwrap());
        assert!((low..=high).contains(&point["tau"].as_f64().unwrap()), "{point}");
    }
    assert!(found["visit_factor"].as_f64().unwrap() >= 1.0);
    let status = gate.done(&["status", "--json"]).object();
    assert_eq!(status["calibrated_on"]["group"], "near");
    assert_eq!(status["calibrated_on"]["people"], 100);
    // The head is there, and compares.
    let measured =
        gate.done(&["evaluate", "verification", "--aligned", "--json", "--images", path(&few), "--metric", "head-absolute"]).object();
    assert!(measured["auc"].as_f64().unwrap() > 0.5, "{measured}");
    let normalised =
        ["evaluate", "verification", "--aligned", "--json", "--images", path(&few), "--metric", "s-norm", "--cohort", path(&apart)];
    assert!(gate.done(&normalised).object()["auc"].as_f64().unwrap() > 0.5);
    let built_in = ["evaluate", "verification", "--aligned", "--json", "--images", path(&few), "--metric", "s-norm"];
    assert!(gate.done(&built_in).object()["metric"].as_str().unwrap().contains("s-norm"));
    gate.say(&["evaluate", "verification", "--aligned", "--images", path(&few), "--metric", "head-chi-square"])
        .refused(3, &["chi-square", "facegate calibrate --head"]);
    // No face is in the file, and nothing is left of the embeddings.
    let text = std::fs::read_to_string(gate.data().join("calibration.toml")).unwrap();
    assert!(text.contains("group = \"near\"") && text.len() < 20_000);
    let left: Vec<_> = std::fs::read_dir(gate.data().join("evaluation")).map(|d| d.flatten().collect()).unwrap_or_default();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn each_score_has_its_own_table_and_the_gate_takes_the_one_of_its_own() {
    let gate = Gate::new();
    let dir = gate.dir.path();
    let (apart, few) = (crops(&dir.join("apart"), 100, 1, 0.0), crops(&dir.join("few"), 6, 3, 0.0));
    let config = |score: &str| {
        let text = format!("[match]\nfalse_entries = \"1 in 20 visits\"\nscore = \"{score}\"\n");
        path(&gate.file(&format!("{score}.toml"), text)).to_owned()
    };
    let calibrate = |more: &[&str]| {
        let words = ["calibrate", "--aligned", "--visits", "0", "--keep", "--json", "--impostors", path(&apart)];
        gate.done(&[&words, more].concat()).object()
    };
    assert_eq!(calibrate(&[])["score"], "cosine");
    assert_eq!(calibrate(&["--score", "s-norm"])["score"], "s-norm");
    // A head is fitted first, and the table is of it.
    let fit = ["--genuine", path(&few), "--head", "absolute"];
    assert_eq!(calibrate(&[&fit[..], &["--config", &config("head-absolute")]].concat())["score"], "head-absolute");
    let taus: Vec<f64> = ["cosine", "s-norm", "head-absolute"]
        .map(|score| gate.done(&["status", "--json", "--config", &config(score)]).object()["tau"].as_f64().unwrap())
        .into();
    assert!(taus[0] != taus[1] && taus[1] != taus[2], "{taus:?}");
    let text = std::fs::read_to_string(gate.data().join("calibration.toml")).unwrap();
    assert_eq!(text.matches("[[calibration]]").count(), 3, "{text}");
    // Another head: what was measured with the one before serves no more.
    let more = crops(&dir.join("more"), 8, 3, 0.3);
    calibrate(&["--genuine", path(&more), "--head", "absolute", "--score", "cosine"]);
    gate.say(&["status", "--config", &config("head-absolute")]).refused(3, &["no calibration for the score head-absolute"]);
}

#[test]
fn what_cannot_be_measured_is_refused_and_the_table_stays() {
    let gate = Gate::new();
    let few = crops(&gate.dir.path().join("few"), 5, 1, 0.0);
    std::fs::create_dir_all(gate.data()).unwrap();
    let before = "version = 1\n# mine\n";
    std::fs::write(gate.data().join("calibration.toml"), before).unwrap();
    gate.say(&["calibrate", "--aligned", "--impostors", path(&few)]).refused(2, &["100 different people", "few", "has 5"]);
    gate.say(&["calibrate", "--impostors", "nowhere"]).refused(2, &["nowhere", "no such folder"]);
    let empty = gate.dir.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    gate.say(&["calibrate", "--impostors", path(&empty)]).refused(2, &["no picture"]);
    gate.say(&["calibrate"]).refused(2, &["--impostors"]);
    assert_eq!(std::fs::read_to_string(gate.data().join("calibration.toml")).unwrap(), before);
}
