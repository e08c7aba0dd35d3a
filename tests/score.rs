//! The promise: `match.score` says how alike two faces are, everywhere alike; what was measured by another score never opens; a score that
//! can't be computed for the encoder is refused at the start with what to run; and the cosine is what it was.

mod common;

use common::{Gate, path, shot};
use serde_json::Value;

/// A configuration with this `[match]` section.
fn config(gate: &Gate, section: &str) -> String {
    let name = format!("{}.toml", section.replace(|c: char| !c.is_alphanumeric(), "_"));
    path(&gate.file(&name, format!("[match]\n{section}\n"))).to_owned()
}

fn status(gate: &Gate, config: &str) -> Value {
    gate.done(&["status", "--json", "--config", config]).object()
}

/// The visit of person 1, who is enrolled: what was told.
fn visit(gate: &Gate, name: &str, config: &str) -> Vec<Value> {
    let visit = gate.visit(name, &vec![shot(1, 2); 8]);
    gate.done(&["run", "--simulate", path(&visit), "--json", "--config", config]).objects()
}

fn opens(events: &[Value]) -> bool {
    events.iter().any(|e| e["line"] == "active")
}

/// A calibration of the encoder in use, of the cosine.
fn of_cosines(gate: &Gate) {
    let model = gate.done(&["status", "--json"]).object()["encoder_digest"].as_str().unwrap().to_owned();
    let text = format!(
        "version = 1\n[[calibration]]\nencoder = \"under test\"\nmodel = \"{model}\"\ngroup = \"nobody\"\npeople = 200\ncomparisons = 19900\npoints = [\n\
         {{ fmr = 1e-2, tau = 0.1, low = 0.1, high = 0.1 }}, {{ fmr = 1e-6, tau = 0.3, low = 0.3, high = 0.3 }} ]\n"
    );
    std::fs::create_dir_all(gate.data()).unwrap();
    std::fs::write(gate.data().join("calibration.toml"), text).unwrap();
}

#[test]
fn a_table_of_cosines_serves_no_other_score() {
    let gate = Gate::new();
    of_cosines(&gate);
    gate.enrol("Ann", &shot(1, 1));
    let wish = config(&gate, "false_entries = \"1 in 1000 visits\"");
    assert!(opens(&visit(&gate, "by_cosine", &wish)));
    // The same wish by s-norm: refused, and no door opens.
    let normalised = config(&gate, "false_entries = \"1 in 1000 visits\"\nscore = \"s-norm\"");
    let told = ["no calibration for the score s-norm", "cosine", "facegate calibrate --impostors", "match.tau"];
    for command in ["status", "people conflicts", "identify SHOT", "verify Ann SHOT", "compare SHOT SHOT", "run --simulate FOLDER"] {
        let folder = gate.dir.path().join("by_cosine");
        let shot = shot(1, 2);
        let words = command.split(' ').map(|word| match word {
            "SHOT" => path(&shot),
            "FOLDER" => path(&folder),
            word => word,
        });
        let words: Vec<&str> = words.chain(["--config", &normalised]).collect();
        gate.say(&words).refused(3, &told);
    }
    // Neither the table nor the encoder's own tau without a wish: nothing opens, and why is said.
    let bare = config(&gate, "score = \"s-norm\"");
    assert!(!opens(&visit(&gate, "by_nothing", &bare)));
    let found = status(&gate, &bare);
    assert!(found["tau"].is_null() && found["calibrated_on"].is_null() && found["score"] == "s-norm", "{found}");
    for words in [["identify", path(&shot(1, 2))].as_slice(), &["compare", path(&shot(1, 1)), path(&shot(1, 1))], &["status"]] {
        let said = gate.say(&[words, &["--config", &bare]].concat());
        let all = format!("{}{}", said.stdout, said.stderr);
        assert!(all.contains("nobody is let in") && all.contains("facegate calibrate") && all.contains("match.tau"), "{all}");
        assert_eq!(said.code, if words[0] == "status" { 0 } else { 1 }, "{all}");
    }
    // An explicit tau is the owner's word.
    let fixed = config(&gate, "score = \"s-norm\"\ntau = 0.2");
    assert!(opens(&visit(&gate, "by_tau", &fixed)));
}

#[test]
fn every_command_compares_by_the_score() {
    let gate = Gate::new();
    gate.enrol("Ann", &shot(1, 1));
    gate.enrol("Bob", &shot(2, 1));
    let fixed = config(&gate, "score = \"s-norm\"\ntau = 0.2");
    let compared = |config: &str| gate.say(&["compare", "--json", path(&shot(1, 1)), path(&shot(1, 2)), "--config", config]).object();
    let (normalised, cosine) = (compared(&fixed), compared(&config(&gate, "tau = 0.2")));
    assert_eq!((normalised["score"].as_str(), cosine["score"].as_str()), (Some("s-norm"), Some("cosine")));
    assert_eq!(normalised["distance"], cosine["distance"], "the distance is the embeddings' own");
    assert_ne!(normalised["similarity"], cosine["similarity"]);
    let said = gate.say(&["compare", path(&shot(1, 1)), path(&shot(1, 2)), "--config", &fixed]).stdout;
    assert!(said.contains("s-norm; the embeddings' distance, by their cosine"), "{said}");
    // One template a person: the gate's search says what the comparison of two pictures says.
    let near = |found: &Value| (found["similarity"].as_f64().unwrap() - normalised["similarity"].as_f64().unwrap()).abs() < 1e-4;
    let verified = gate.say(&["verify", "Ann", "--json", path(&shot(1, 2)), "--config", &fixed]).object();
    assert!(near(&verified) && verified["distance"].is_null() && verified["score"] == "s-norm", "{verified} {normalised}");
    let identified = gate.say(&["identify", "--json", path(&shot(1, 2)), "--config", &fixed]).object();
    assert!(near(&identified) && identified["person"] == "Ann" && identified["score"] == "s-norm", "{identified} {normalised}");
    let text = gate.done(&["status", "--config", &fixed]).stdout;
    assert!(text.contains("adaptive s-norm") && text.contains("tau 0.200 of the score s-norm"), "{text}");
    // Two names for one face are a conflict by this score too, and enrolling says so.
    let again = gate.done(&["enroll", "Double", "--image", path(&shot(1, 2)), "--config", &fixed, "--json"]).object();
    assert_eq!(again["already_enrolled_as"][0], "Ann", "{again}");
    let conflict = gate.say(&["people", "conflicts", "--json", "--config", &fixed]);
    assert_eq!((conflict.code, &conflict.objects()[0]["score"]), (1, &Value::from("s-norm")));
}

#[test]
fn a_head_that_was_not_fitted_is_refused_with_what_to_run() {
    let gate = Gate::new();
    gate.enrol("Ann", &shot(1, 1));
    let folder = gate.visit("visit", &vec![shot(1, 2); 3]);
    for form in ["absolute", "chi-square"] {
        let config = config(&gate, &format!("score = \"head-{form}\"\ntau = 0.1"));
        let told = [format!("no {form} head"), format!("facegate calibrate --head {form}")];
        let told: Vec<&str> = told.iter().map(String::as_str).collect();
        gate.say(&["run", "--simulate", path(&folder), "--config", &config]).refused(3, &told);
        gate.say(&["identify", path(&shot(1, 1)), "--config", &config]).refused(3, &told);
        let checked = gate.say(&["config", "check", "--config", &config]);
        assert!(checked.code == 1 && checked.stdout.contains(told[1]), "{}{}", checked.stdout, checked.stderr);
    }
    gate.say(&["config", "check", "--config", &config(&gate, "score = \"euclid\"")]).refused(2, &["match.score", "head-chi-square"]);
}
