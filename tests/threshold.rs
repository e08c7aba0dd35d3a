//! The promise: the owner says how often a stranger may get in, and tau follows the number of people; a wish that can't be kept opens nothing
//! and says what could be.

mod common;

use common::{Gate, path, shot};

/// The digest of the encoder in use.
fn encoder(gate: &Gate) -> String {
    gate.done(&["status", "--json"]).object()["encoder_digest"].as_str().unwrap().to_owned()
}

/// A calibration of this encoder: tau from 0.1 at one in a hundred up by 0.1 a decade.
fn calibrate(gate: &Gate, model: &str, least: &str) {
    let text = format!(
        "version = 1\n[[calibration]]\nencoder = \"under test\"\nmodel = \"{model}\"\ngroup = \"nobody\"\npeople = 200\ncomparisons = 19900\npoints = [\n\
         {{ fmr = 1e-2, tau = 0.1, low = 0.1, high = 0.1 }}, {{ fmr = {least}, tau = 0.3, low = 0.3, high = 0.3 }} ]\n"
    );
    std::fs::create_dir_all(gate.data()).unwrap();
    std::fs::write(gate.data().join("calibration.toml"), text).unwrap();
}

fn wish(gate: &Gate, text: &str) -> String {
    path(&gate.file("facegate.toml", format!("[match]\nfalse_entries = \"{text}\"\n"))).to_owned()
}

#[test]
fn tau_follows_every_enrolment_and_removal() {
    let gate = Gate::new();
    calibrate(&gate, &encoder(&gate), "1e-4");
    let config = wish(&gate, "1 in 500 visits");
    let standing = || gate.done(&["status", "--json", "--config", &config]).object();
    let number = |key: &str| standing()[key].as_f64().unwrap();
    let mut taus = vec![number("tau")];
    for person in 1..=3 {
        gate.done(&["enroll", &format!("P{person}"), "--image", path(&shot(person, 1)), "--config", &config]);
        taus.push(number("tau"));
        assert_eq!(number("k") as usize, person);
        assert!((number("false_entries") - 0.002).abs() < 1e-5, "{}", standing());
    }
    assert!(taus[0] == taus[1] && taus[1] < taus[2] && taus[2] < taus[3], "{taus:?}");
    let found = gate.say(&["identify", "--json", "--config", &config, path(&shot(2, 2))]).object();
    assert_eq!(found["tau"].as_f64().unwrap(), taus[3]);
    assert!((found["fmr"].as_f64().unwrap() - 0.002 / 3.0).abs() < 1e-5, "{found}");
    assert!(gate.done(&["people", "list", "--config", &config]).stderr.contains("once in 500 visits"));
    gate.done(&["people", "remove", "P3", "--config", &config]);
    assert_eq!(number("tau"), taus[2]);
    let fixed = gate.done(&["status", "--json"]).object();
    gate.done(&["people", "remove", "P2"]);
    assert_eq!(gate.done(&["status", "--json"]).object()["tau"], fixed["tau"], "the encoder's own tau follows nothing");
}

#[test]
fn one_template_too_many_for_the_wish_is_refused_and_the_gallery_stands() {
    let gate = Gate::new();
    calibrate(&gate, &encoder(&gate), "1e-3");
    let config = wish(&gate, "1 in 500 visits");
    for person in 1..=2 {
        gate.done(&["enroll", &format!("P{person}"), "--image", path(&shot(person, 1)), "--config", &config]);
    }
    gate.say(&["enroll", "P3", "--image", path(&shot(3, 1)), "--config", &config]).refused(3, &["can't be kept", "at most 2 templates"]);
    assert_eq!(gate.done(&["people", "list", "--json"]).objects().len(), 2);
    // Somebody who is never let in is no one whom a stranger could be mistaken for.
    gate.done(&["people", "enroll", "--never", "P4", "--image", path(&shot(4, 1)), "--config", &config]);
    // Enrolled without the wish: from then on it can't be kept, and nobody is let in.
    gate.enrol("P3", &shot(3, 1));
    let visit = gate.visit("visit", &vec![shot(1, 1); 8]);
    gate.say(&["run", "--simulate", path(&visit), "--config", &config]).refused(3, &["can't be kept", "at most 2 templates"]);
    gate.say(&["identify", path(&shot(1, 1)), "--config", &config]).refused(3, &["at most 2 templates"]);
    let status = gate.say(&["status", "--config", &config]);
    assert_eq!(status.code, 1, "{}", status.stdout);
    assert!(status.stdout.contains("nobody is let in") && status.stdout.contains("at most 2 templates"), "{}", status.stdout);
}

#[test]
fn a_wish_without_a_calibration_of_this_encoder_says_what_to_run() {
    let gate = Gate::new();
    let config = wish(&gate, "1 in 10000 visits");
    // Another model's table must not serve; what is shipped may.
    let own = gate.say(&["status", "--config", &config]);
    if own.code == 3 {
        own.refused(3, &["has no calibration", "facegate calibrate --impostors", "match.tau"]);
    }
    let other = "ab".repeat(32);
    calibrate(&gate, &other, "1e-4");
    let models = gate.dir.path().join("models");
    copy_with_another_encoder(&models);
    let mine = gate.done(&["status", "--json", "--models", path(&models)]).object()["encoder_digest"].as_str().unwrap().to_owned();
    gate.say(&["status", "--config", &config, "--models", path(&models)])
        .refused(3, &["has no calibration", &mine, &other, "facegate calibrate"]);
}

/// The shipped nets, the encoder with a byte more at its end: another digest, for which there is no table.
fn copy_with_another_encoder(to: &std::path::Path) {
    let from = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    std::fs::create_dir(to).unwrap();
    for net in ["detector.onnx", "liveness.onnx"] {
        std::fs::copy(from.join(net), to.join(net)).unwrap();
    }
    let mut bytes = std::fs::read(from.join("encoder.onnx")).unwrap();
    bytes.extend(b"\x7a\x00"); // an empty field that no ONNX reader knows
    std::fs::write(to.join("encoder.onnx"), &bytes).unwrap();
    let digest: String = <sha2::Sha256 as sha2::Digest>::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect();
    let manifest = std::fs::read_to_string(from.join("manifest.toml")).unwrap();
    let old = manifest.split("file = \"encoder.onnx\"\nsha256 = \"").nth(1).unwrap()[..64].to_owned();
    std::fs::write(to.join("manifest.toml"), manifest.replace(&old, &digest)).unwrap();
}

#[test]
fn a_wrong_calibration_or_wish_is_refused_with_what_is_wrong() {
    let gate = Gate::new();
    let model = encoder(&gate);
    calibrate(&gate, &model, "0.5");
    gate.say(&["status"]).refused(3, &["calibration.toml", "FMR must fall", "facegate calibrate"]);
    std::fs::write(gate.data().join("calibration.toml"), "version = 9\n").unwrap();
    gate.say(&["identify", path(&shot(1, 1))]).refused(3, &["version 9"]);
    std::fs::remove_file(gate.data().join("calibration.toml")).unwrap();
    for bad in ["1 in 3 visits", "often"] {
        gate.say(&["config", "check", "--config", &wish(&gate, bad)]).refused(2, &["false_entries", "1 in N visits"]);
    }
    let both = gate.file("both.toml", "[match]\nfalse_entries = \"1 in 1000 visits\"\ntau = 0.4\n");
    gate.say(&["config", "check", "--config", path(&both)]).refused(2, &["match.tau", "exclude each other"]);
}

#[test]
fn whoever_is_barred_is_known_and_never_let_in_and_protects_their_double() {
    let gate = Gate::new();
    gate.enrol("Ann", &shot(1, 1));
    gate.done(&["people", "enroll", "--never", "Bob", "--image", path(&shot(2, 1))]);
    let found = gate.say(&["identify", "--json", path(&shot(2, 2))]);
    let (code, found) = (found.code, found.object());
    assert_eq!((code, found["decision"].as_str(), found["person"].as_str()), (1, Some("unknown"), Some("Bob")), "{found}");
    assert!(found["reason"].as_str().unwrap().contains("never let in"), "{found}");
    assert!(gate.done(&["people", "list"]).stdout.contains("Bob  1 template  never let in"));
    let visit = gate.visit("visit", &vec![shot(2, 2); 8]);
    let events = gate.say(&["run", "--simulate", path(&visit), "--json"]).objects();
    assert!(events.iter().all(|e| e["line"] != "active"));
    assert!(events.iter().any(|e| e["event"] == "denied_barred" || e["code"] == "denied_barred"), "{events:?}");
    // The same face under a second name: a conflict, which opens for nobody.
    gate.done(&["enroll", "Ann's double", "--never", "--image", path(&shot(1, 1))]);
    let conflicts = gate.say(&["people", "conflicts", "--json"]);
    assert_eq!(conflicts.code, 1);
    let found = conflicts.object();
    assert_eq!((found["one"].as_str(), found["other"].as_str()), (Some("Ann"), Some("Ann's double")));
    assert!(found["advice"].as_str().unwrap().contains("--add") && found["similarity"].as_f64() > found["tau"].as_f64());
    let visit = gate.visit("again", &vec![shot(1, 2); 8]);
    let events = gate.say(&["run", "--simulate", path(&visit), "--json"]).objects();
    assert!(events.iter().all(|e| e["line"] != "active"), "{events:?}");
}
