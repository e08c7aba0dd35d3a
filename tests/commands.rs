//! The commands are a contract: their JSON fields, their exit codes, their errors.

mod common;

use common::{Gate, face, path, shot};

#[test]
fn identify_names_who_is_known_and_nobody_else() {
    let gate = Gate::new();
    for person in 1..=4 {
        gate.enrol(&format!("Person {person}"), &shot(person, 1));
    }
    let said = gate.say(&["identify", "--json", path(&shot(3, 2)), path(&shot(5, 1))]);
    assert_eq!(said.code, 1, "one of them is unknown: {}", said.stderr);
    let [known, unknown]: [serde_json::Value; 2] = said.objects().try_into().unwrap();
    assert_eq!(known["decision"], "match");
    assert_eq!(known["person"], "Person 3");
    assert!(known["second_person"].is_string() && known["similarity"].as_f64() > known["second_similarity"].as_f64());
    assert_eq!(unknown["decision"], "unknown");
    assert!(unknown["person"].is_null() && unknown["second_person"].is_null());
    for found in [&known, &unknown] {
        for field in
            ["image", "decision", "person", "similarity", "second_person", "second_similarity", "tau", "reason", "liveness", "timings_ms"]
        {
            assert!(found.get(field).is_some(), "{field} is missing: {found}");
        }
        assert!(found["timings_ms"]["detect"].as_f64() > Some(0.0));
    }
    assert_eq!(gate.say(&["identify", path(&shot(3, 2))]).code, 0);
}

#[test]
fn identify_says_spoof_of_a_print_and_no_face_of_a_wall() {
    let gate = Gate::new();
    gate.enrol("Ann", &shot(1, 1));
    let found = gate.say(&["identify", "--json", path(&face(1, "print.jpg"))]).object();
    assert_eq!(found["decision"], "spoof", "{found}");
    let found = gate.say(&["identify", "--json", "--liveness", "off", path(&face(1, "print.jpg"))]).object();
    assert_eq!(found["decision"], "match", "without liveness a photograph opens: {found}");
    let wall = gate.dir.path().join("wall.png");
    image::RgbImage::from_fn(320, 240, |x, y| image::Rgb([(x / 2) as u8, (y / 2) as u8, 90])).save(&wall).unwrap();
    assert_eq!(gate.say(&["identify", "--json", path(&wall)]).object()["decision"], "no_face");
}

#[test]
fn verify_is_one_to_one() {
    let gate = Gate::new();
    gate.enrol("Ann", &shot(1, 1));
    gate.enrol("Beth", &shot(2, 1));
    assert_eq!(gate.say(&["verify", "Ann", path(&shot(1, 3))]).code, 0);
    assert_eq!(gate.say(&["verify", "beth", path(&shot(1, 3))]).code, 1);
    gate.say(&["verify", "Carl", path(&shot(1, 3))]).refused(3, &["Carl", "people list"]);
    let found = gate.say(&["verify", "Ann", path(&shot(1, 3)), "--json"]).object();
    assert_eq!((found["same"].as_bool(), found["person"].as_str()), (Some(true), Some("Ann")));
}

#[test]
fn compare_states_the_distance_of_unit_vectors() {
    let gate = Gate::new();
    let same = gate.say(&["compare", "--json", path(&shot(4, 1)), path(&shot(4, 2))]);
    let other = gate.say(&["compare", "--json", path(&shot(4, 1)), path(&shot(6, 2))]);
    assert_eq!((same.code, other.code), (0, 1));
    for said in [same, other] {
        let found = said.object();
        let (similarity, distance) = (found["similarity"].as_f64().unwrap(), found["distance"].as_f64().unwrap());
        assert!((distance - (2.0 - 2.0 * similarity).sqrt()).abs() < 1e-5, "{found}");
        assert_eq!(found["same"].as_bool().unwrap(), similarity >= found["tau"].as_f64().unwrap());
    }
    let itself = gate.done(&["compare", "--json", path(&shot(4, 1)), path(&shot(4, 1))]).object();
    assert!(itself["similarity"].as_f64().unwrap() > 0.9999);
}

#[test]
fn people_are_listed_shown_renamed_and_removed() {
    let gate = Gate::new();
    assert_eq!(gate.done(&["people", "list", "--json"]).stdout, "");
    gate.enrol("Ann", &shot(1, 1));
    gate.done(&["enroll", "Ann", "--add", "--image", path(&shot(1, 4))]);
    gate.done(&["people", "rename", "Ann", "Änne 🦊"]);
    let shown = gate.done(&["people", "show", "änne 🦊", "--json"]).object();
    assert_eq!(shown["name"], "Änne 🦊");
    assert_eq!(shown["templates"].as_array().unwrap().len(), 2);
    assert_eq!(shown["needs_enrolment"], false);
    gate.done(&["people", "remove", "Änne 🦊"]);
    assert_eq!(gate.done(&["people", "list", "--json"]).stdout, "");
    gate.say(&["people", "remove", "Änne 🦊"]).refused(3, &["nobody"]);
}

#[test]
fn another_encoders_templates_never_match_and_are_named() {
    let Some(shared) = common::shared() else { return };
    let gate = Gate::new();
    gate.enrol("Ann", &shot(1, 1));
    let public = ["--models", path(&shared.join("models"))].map(str::to_owned);
    let words = |command: &[&str]| command.iter().map(|w| (*w).to_owned()).chain(public.clone()).collect::<Vec<_>>();
    let say = |command: &[&str]| gate.say(&words(command).iter().map(String::as_str).collect::<Vec<_>>());
    let found = say(&["identify", path(&shot(1, 1)), "--json"]).object();
    assert_eq!(found["decision"], "unknown", "{found}");
    let listed = say(&["people", "list", "--json"]).object();
    assert_eq!(listed["needs_enrolment"], true);
}

#[test]
fn a_bad_configuration_is_wrong_usage_with_every_problem() {
    let gate = Gate::new();
    let file = gate.file("facegate.toml", "[door]\nlin = 4\n[match]\ntau = 3.5\n");
    let said = gate.say(&["config", "check", "--config", path(&file)]);
    said.refused(2, &["door.lin", "did you mean `line`", "match.tau", "3.5"]);
    gate.say(&["run", "--config", path(&file)]).refused(2, &["door.lin"]);
    let default = gate.done(&["config", "default"]).stdout;
    let file = gate.file("default.toml", default);
    gate.done(&["config", "check", "--config", path(&file)]);
    gate.say(&["config", "check", "--config", "/nowhere/facegate.toml"]).refused(2, &["/nowhere/facegate.toml"]);
    gate.say(&["nonsense"]).refused(2, &[]);
}

#[test]
fn models_that_are_not_there_are_named() {
    let gate = Gate::new();
    gate.say(&["identify", path(&shot(1, 1)), "--encoder", "facegate_encoda"]).refused(3, &["facegate_encoda", "did you mean"]);
    gate.say(&["identify", path(&shot(1, 1)), "--models", "/nowhere"]).refused(3, &["/nowhere"]);
}

#[test]
fn completions_and_help_need_nothing() {
    let gate = Gate::new();
    for shell in ["bash", "zsh", "fish"] {
        assert!(gate.done(&["completions", shell]).stdout.contains("identify"), "{shell}");
    }
    assert!(gate.done(&["--help"]).stdout.contains("identify"));
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let gate = Gate::new();
    let mut child =
        gate.command(&["config", "default"]).stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let said = child.wait_with_output().unwrap();
    assert!(said.status.success() && said.stderr.is_empty(), "{}", String::from_utf8_lossy(&said.stderr));
}
