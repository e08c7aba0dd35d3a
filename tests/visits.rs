//! The gate opens for a person it knows and for nobody else, and locks again.

mod common;

use common::{Gate, face, path, shot};
use serde_json::Value;

/// The lines that the door moved to, with their times.
fn door(events: &[Value]) -> Vec<(String, u64)> {
    let moves = events.iter().filter(|e| e["event"] == "door");
    moves.map(|e| (e["line"].as_str().unwrap().to_owned(), e["at_ms"].as_u64().unwrap())).collect()
}

fn simulate(gate: &Gate, name: &str, pictures: &[std::path::PathBuf]) -> Vec<Value> {
    let dir = gate.visit(name, pictures);
    gate.done(&["run", "--simulate", path(&dir), "--json"]).objects()
}

#[test]
fn a_known_person_opens_the_door_once_and_it_locks_again() {
    let gate = Gate::new();
    gate.enrol("Ann", &shot(1, 1));
    let pictures: Vec<_> = (0..8).map(|n| shot(1, 2 + n / 2)).collect();
    let events = simulate(&gate, "ann", &pictures);
    let moves = door(&events);
    assert_eq!(moves.len(), 2, "{events:#?}");
    assert_eq!((moves[0].0.as_str(), moves[1].0.as_str()), ("active", "inactive"));
    assert_eq!(moves[1].1 - moves[0].1, 3000, "held for door.unlock_ms");
    let granted: Vec<_> = events.iter().filter(|e| e["event"] == "granted").collect();
    assert_eq!(granted.len(), 1);
    assert_eq!(granted[0]["person"], "Ann");
    assert_eq!(granted[0]["at_ms"].as_u64(), Some(moves[0].1));
    assert!(granted[0]["similarity"].as_f64() > granted[0]["tau"].as_f64());
}

#[test]
fn a_stranger_and_an_empty_gallery_open_nothing() {
    let gate = Gate::new();
    let stranger: Vec<_> = (0..8).map(|_| shot(2, 1)).collect();
    let events = simulate(&gate, "nobody-enrolled", &stranger);
    assert_eq!(door(&events), [], "{events:#?}");
    gate.enrol("Ann", &shot(1, 1));
    let events = simulate(&gate, "stranger", &stranger);
    assert_eq!(door(&events), [], "{events:#?}");
    let denied: Vec<_> = events.iter().filter(|e| e["event"].as_str().unwrap().starts_with("denied")).collect();
    assert_eq!(denied.len(), 1, "one visit, one denial: {events:#?}");
    assert_eq!(denied[0]["event"], "denied_unknown");
}

#[test]
fn a_print_and_a_telephone_open_nothing() {
    let gate = Gate::new();
    gate.enrol("Ann", &shot(1, 1));
    for held_up in ["print.jpg", "phone.jpg"] {
        let events = simulate(&gate, held_up, &vec![face(1, held_up); 8]);
        assert_eq!(door(&events), [], "{held_up}: {events:#?}");
    }
}

#[test]
fn two_people_who_are_the_same_face_are_ambiguous_and_open_nothing() {
    let gate = Gate::new();
    gate.enrol("Ann", &shot(1, 1));
    let said = gate.done(&["enroll", "Beth", "--image", path(&shot(1, 2))]);
    assert!(said.stderr.contains("already enrolled as Ann"), "{}", said.stderr);
    // Ann and Beth are both the very picture that is shown: nothing tells them apart.
    gate.done(&["enroll", "Ann", "--add", "--image", path(&shot(1, 3))]);
    gate.done(&["enroll", "Beth", "--add", "--image", path(&shot(1, 3))]);
    let events = simulate(&gate, "either", &vec![shot(1, 3); 8]);
    assert_eq!(door(&events), [], "{events:#?}");
    assert!(events.iter().any(|e| e["event"] == "denied_ambiguous"), "{events:#?}");
}

#[test]
fn a_simulation_repeats_to_the_event() {
    let gate = Gate::new();
    gate.enrol("Ann", &shot(1, 1));
    let pictures: Vec<_> = (0..6).map(|n| shot(1, 2 + n / 2)).chain((0..6).map(|_| shot(2, 2))).collect();
    let dir = gate.visit("both", &pictures);
    let without_clocks = |mut event: Value| {
        let fields = event.as_object_mut().unwrap();
        fields.retain(|key, _| !["at", "timings_ms"].contains(&key.as_str()));
        event
    };
    let run = || gate.done(&["run", "--simulate", path(&dir), "--json"]).objects().into_iter().map(without_clocks).collect::<Vec<_>>();
    assert_eq!(run(), run());
}

#[test]
fn who_is_removed_is_unknown_and_the_record_holds_no_name() {
    let gate = Gate::new();
    gate.enrol("Ann", &shot(1, 1));
    gate.done(&["people", "remove", "Ann"]);
    let events = simulate(&gate, "ann", &vec![shot(1, 2); 6]);
    assert_eq!(door(&events), []);
    let record = gate.done(&["audit", "list", "--json"]);
    assert!(!record.stdout.contains("Ann"), "{}", record.stdout);
    let codes: Vec<_> = record.objects().iter().map(|e| e["event"].as_str().unwrap().to_owned()).collect();
    assert_eq!(codes[..2], ["enrolled", "removed"]);
    assert_eq!(gate.done(&["audit", "verify", "--json"]).object()["flaw_count"], 0);
}

#[test]
fn a_face_that_fills_the_picture_is_too_near_to_judge_and_not_called_a_fake() {
    let gate = Gate::new();
    // The face takes five sixths of the height: a cut portrait, or somebody who stands with the nose at the camera.
    let tight = |n: usize, (x, y)| {
        let whole = image::open(shot(1, n)).unwrap();
        let file = gate.dir.path().join(format!("tight-{n}.png"));
        whole.crop_imm(x, y, 232, 232).save(&file).unwrap();
        file
    };
    let (first, second) = (tight(1, (214, 121)), tight(2, (221, 121)));
    gate.enrol("Ann", &first); // a picture from a passport is a picture: whether it lives is not asked
    let said = gate.say(&["identify", "--json", path(&second)]).object();
    assert_eq!(said["decision"], "unusable", "{said}");
    assert!(said["reason"].as_str().unwrap().contains("more room around the face"), "{said}");
    let said = gate.done(&["identify", "--json", "--liveness", "off", path(&second)]).object();
    assert_eq!((said["decision"].as_str(), said["person"].as_str()), (Some("match"), Some("Ann")), "{said}");
    gate.say(&["verify", "Ann", path(&second)]).refused(3, &["too near", "more room"]);

    let near = gate.dir.path().join("near");
    std::fs::create_dir(&near).unwrap();
    for n in 0..8 {
        std::fs::copy(&second, near.join(format!("{n}.png"))).unwrap();
    }
    let events = gate.done(&["run", "--simulate", path(&near), "--json"]).objects();
    assert_eq!(door(&events), [], "{events:#?}");
    let denied: Vec<_> = events.iter().filter(|e| e["event"].as_str().unwrap().starts_with("denied")).collect();
    assert_eq!(denied.len(), 1, "{events:#?}");
    assert_eq!((denied[0]["event"].as_str(), denied[0]["reason"].as_str()), (Some("denied_quality"), Some("too_near")));
    let events = gate.done(&["run", "--simulate", path(&near), "--json", "--liveness", "off"]).objects();
    assert_eq!(door(&events).len(), 2, "{events:#?}");
}
