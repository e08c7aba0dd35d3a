//! The promise: `facegate evaluate` measures folders of pictures, says what it could not use, and names its figures as documented. On the
//! faces of nobody; nothing about error rates follows from them.

mod common;

use common::{Gate, face, path, shot};
use std::path::{Path, PathBuf};

/// A folder a person, with these shots of each.
fn people(gate: &Gate, name: &str, who: std::ops::RangeInclusive<usize>, shots: &[usize]) -> PathBuf {
    let root = gate.dir.path().join(name);
    for person in who {
        let dir = root.join(format!("P{person}"));
        std::fs::create_dir_all(&dir).unwrap();
        for s in shots {
            std::fs::copy(shot(person, *s), dir.join(format!("P{person}_000{s}.jpg"))).unwrap();
        }
    }
    root
}

fn is_share(value: &serde_json::Value) {
    let n = value["n"].as_u64().unwrap();
    let ends: Vec<f64> = value["interval95"].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
    assert!(n > 0 && ends.len() == 2 && 0.0 <= ends[0] && ends[0] <= ends[1] && ends[1] <= 1.0, "{value}");
}

/// No embedding is left behind.
fn left_behind(gate: &Gate) -> usize {
    std::fs::read_dir(gate.data().join("evaluation")).map_or(0, Iterator::count)
}

#[test]
fn verification_by_pairs_and_of_all() {
    let gate = Gate::new();
    let images = people(&gate, "faces", 1..=3, &[1, 2]);
    let list =
        gate.file("pairs.txt", "2\t2\nP1\t1\t2\nP2\t1\t2\nP1\t1\tP2\t1\nP1\t2\tP3\t1\nP3\t1\t2\nP1\t2\t1\nP2\t2\tP3\t2\nP2\t1\tP3\t1\n");
    let report = gate.dir.path().join("report.html");
    let found = gate
        .done(&["evaluate", "verification", "--images", path(&images), "--pairs", path(&list), "--report", path(&report), "--json"])
        .object();
    assert_eq!(found["pairs"], 8);
    assert_eq!(found["failures_to_acquire"], 0);
    for field in ["accuracy", "accuracy_std_error", "eer", "auc"] {
        assert!((0.0..=1.0).contains(&found[field].as_f64().unwrap()), "{field}: {found}");
    }
    assert_eq!(found["tar_at_fmr"], serde_json::json!({}), "four impostor pairs allow to speak of no FMR");
    is_share(&found["fmr"]);
    let page = std::fs::read_to_string(&report).unwrap();
    assert!(page.contains("data:image/jpeg;base64,") && page.contains("<svg") && !page.contains("<script"));
    assert_eq!(left_behind(&gate), 0, "embeddings are removed when the evaluation is made");

    std::fs::write(images.join("P3/P3_0009.jpg"), std::fs::read(shot(3, 1)).unwrap().split_at(5000).0).unwrap();
    let all = gate.done(&["evaluate", "verification", "--images", path(&images), "--keep", "--json"]).object();
    assert_eq!((&all["pairs"], &all["genuine_pairs"]), (&21.into(), &5.into()));
    assert_eq!((&all["failures_to_acquire"], &all["pairs_not_compared"]), (&1.into(), &6.into()));
    assert!(all["failures"][0]["why"].as_str().unwrap().contains("damaged") && all["accuracy"].is_null());
    assert_eq!(left_behind(&gate), 1);
    let again = gate.done(&["evaluate", "verification", "--images", path(&images)]);
    assert!(again.stderr.contains("6 of 7 pictures were encoded before"), "{}", again.stderr);
    assert!(again.stdout.contains("failures to acquire: 1 of 7"), "{}", again.stdout);
}

#[test]
fn identification_by_the_look_and_by_the_visit() {
    let gate = Gate::new();
    let gallery = people(&gate, "gallery", 1..=3, &[1, 2]);
    let probes = people(&gate, "probes", 1..=4, &[4]);
    let report = gate.dir.path().join("report.html");
    let words = ["evaluate", "identification", "--gallery", path(&gallery), "--probes", path(&probes)];
    let more = ["--visits", "1", "--sizes", "1,2", "--report", path(&report), "--json"];
    let found = gate.done(&[&words[..], &more[..]].concat()).object();
    assert_eq!(found["k"], 3, "three people, each by the mean of two templates");
    for field in ["fnir", "fpir", "rank1", "fpir_by_formula"] {
        assert!((0.0..=1.0).contains(&found[field].as_f64().unwrap()), "{field}: {found}");
    }
    assert!(found["tau"].as_f64().is_some());
    let people: Vec<_> = found["by_k"].as_array().unwrap().iter().map(|at| at["people"].as_u64().unwrap()).collect();
    assert_eq!(people, [1, 2, 3]);
    assert_eq!((&found["visits"]["fpir"]["n"], &found["visits"]["fnir"]["n"]), (&1.into(), &1.into()));
    assert_eq!(found["ways"].as_array().unwrap().len(), 3, "several templates: the ways of joining them are compared");
    assert!(std::fs::read_to_string(&report).unwrap().contains("By size of the gallery"));
    let best = gate.done(&[&words[..], &["--visits", "0", "--templates", "best", "--json"]].concat()).object();
    assert_eq!(best["k"], 6, "three people with two templates each");
    let text = gate.done(&[&words[..], &["--visits", "0", "--shots", "1"]].concat()).stdout;
    assert!(text.contains("by formula") && text.contains("3 people enrolled with 3 templates"), "{text}");
}

#[test]
fn liveness_by_instrument() {
    let gate = Gate::new();
    let real = people(&gate, "real", 1..=2, &[1]);
    for instrument in ["print", "phone"] {
        let dir = gate.dir.path().join("spoof").join(instrument);
        std::fs::create_dir_all(&dir).unwrap();
        for person in 1..=2 {
            std::fs::copy(face(person, &format!("{instrument}.jpg")), dir.join(format!("{person}.jpg"))).unwrap();
        }
    }
    let spoof = gate.dir.path().join("spoof");
    let found = gate.done(&["evaluate", "liveness", "--real", path(&real), "--spoof", path(&spoof), "--json"]).object();
    for field in ["apcer", "bpcer", "acer"] {
        is_share(&found[field]);
    }
    let names: Vec<_> = found["instruments"].as_array().unwrap().iter().map(|i| i["instrument"].as_str().unwrap()).collect();
    assert_eq!(names, ["phone", "print"]);
    let text = gate.done(&["evaluate", "liveness", "--real", path(&real), "--spoof", path(&spoof)]).stdout;
    assert!(text.contains("BPCER") && text.contains("ACER"), "{text}");
    assert_eq!(gate.say(&["evaluate", "liveness", "--real", path(&real), "--spoof", path(&spoof), "--liveness", "off"]).code, 2);
}

#[test]
fn what_can_not_be_measured_is_said_before_the_work() {
    let gate = Gate::new();
    let one = people(&gate, "one", 1..=1, &[1, 2]);
    let empty = gate.dir.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    let verification = |images: &Path| gate.say(&["evaluate", "verification", "--images", path(images)]);
    verification(&one).refused(2, &["one person only"]);
    verification(&empty).refused(2, &["there is no picture in it"]);
    verification(&gate.dir.path().join("none")).refused(2, &["no such folder"]);
    gate.say(&["evaluate", "identification", "--gallery", path(&one)]).refused(2, &["one person only"]);
    let pairs = gate.file("pairs.txt", "1 1\nP1 1 2\nP1 1 P7 1\n");
    gate.say(&["evaluate", "verification", "--images", path(&one), "--pairs", path(&pairs)]).refused(2, &["1 of 2 pairs", "P7_0001.jpg"]);
    gate.say(&["evaluate", "liveness", "--real", path(&one), "--spoof", path(&empty)]).refused(2, &["there is no picture in it"]);
    let report = gate.dir.path().join("none/report.html");
    gate.say(&["evaluate", "verification", "--images", path(&one), "--report", path(&report)])
        .refused(2, &["no such folder for the report"]);
    gate.say(&["evaluate", "verification", "--images", path(&one), "--tau", "7"]).refused(2, &["from -1 to 1"]);
}

#[test]
fn after_a_break_it_goes_on() {
    let gate = Gate::new();
    let images = people(&gate, "faces", 1..=8, &[1, 2, 3, 4, 5, 6]);
    let words = ["evaluate", "verification", "--images", path(&images), "--threads", "1"];
    let mut running = gate.command(&words).stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap();
    // Until a few pictures are written down; nobody sends, so this waits a moment a turn.
    let (_sender, nobody) = std::sync::mpsc::channel::<()>();
    let written = || {
        let files = std::fs::read_dir(gate.data().join("evaluation")).into_iter().flatten().flatten();
        files.map(|f| f.metadata().map_or(0, |m| m.len())).sum::<u64>()
    };
    let mut turns = 0;
    while written() < 2000 && turns < 6000 {
        assert!(running.try_wait().unwrap().is_none(), "it ended before it could be broken off");
        let _ = nobody.recv_timeout(std::time::Duration::from_millis(20));
        turns += 1;
    }
    running.kill().unwrap();
    running.wait().unwrap();
    let said = gate.done(&words);
    assert!(said.stderr.contains("of 48 pictures were encoded before"), "{}", said.stderr);
    assert!(said.stdout.contains("1128 pairs"), "{}", said.stdout);
    assert_eq!(left_behind(&gate), 0);
}

#[test]
fn enrolment_from_many_pictures_keeps_those_that_add_most() {
    let gate = Gate::new();
    let shots: Vec<PathBuf> = (1..=6).map(|s| shot(2, s)).collect();
    let said = gate.done(&[&["enroll", "Ann", "--json", "--image"], &shots.iter().map(|s| path(s)).collect::<Vec<_>>()[..]].concat());
    assert_eq!(said.object()["templates"], 5);
    assert!(said.stderr.contains("of 6 pictures the 5 that differ most"), "{}", said.stderr);
    assert_eq!(gate.say(&["identify", path(&shots[3])]).code, 0);
}
