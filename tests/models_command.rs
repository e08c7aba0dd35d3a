//! `facegate models` lists what there is, refuses what isn't right, and installs what is given.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn nets() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/nets")
}

/// Runs the program with a data folder of its own and no configuration but the defaults.
fn facegate(data: &Path, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_facegate"));
    command.args(words).arg("--data").arg(data).env("XDG_CONFIG_HOME", data).env("XDG_DATA_HOME", data).env("HOME", data);
    command.output().unwrap()
}

fn json(output: &Output) -> Vec<serde_json::Value> {
    String::from_utf8_lossy(&output.stdout).lines().map(|l| serde_json::from_str(l).unwrap()).collect()
}

fn named<'v>(values: &'v [serde_json::Value], name: &str) -> &'v serde_json::Value {
    values.iter().find(|v| v["name"] == name).unwrap_or_else(|| panic!("{name} is not in {values:?}"))
}

#[test]
fn list_says_what_there_is_and_what_serves() {
    let data = tempfile::tempdir().unwrap();
    let output = facegate(data.path(), &["models", "list", "--json", "--models", nets().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0));
    let nets = json(&output);
    assert_eq!(nets.len(), 7);
    let entry = named(&nets, "tiny_node");
    assert_eq!((&entry["role"], &entry["default"], &entry["dimension"]), (&"encoder".into(), &true.into(), &8.into()));
    assert_eq!(named(&nets, "tiny_max")["default"], false);
    assert_eq!(entry["sha256"].as_str().unwrap().len(), 64);
}

#[test]
fn check_answers_no_when_one_net_is_not_right() {
    let data = tempfile::tempdir().unwrap();
    let output = facegate(data.path(), &["models", "check", "--json", "--models", nets().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    let nets = json(&output);
    assert_eq!((&named(&nets, "tiny_sum")["right"], &named(&nets, "tiny_sum")["tested"]), (&true.into(), &true.into()));
    assert!(named(&nets, "tiny_unknown")["error"].as_str().unwrap().contains("Frobnicate"));
    assert!(named(&nets, "tiny_nan")["error"].as_str().unwrap().contains("NaN"));
}

#[test]
fn check_answers_yes_when_all_are_right() {
    let data = tempfile::tempdir().unwrap();
    let given = nets();
    for name in ["tiny_max", "tiny_detector"] {
        let output = facegate(data.path(), &["models", "install", name, "--from", given.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(String::from_utf8_lossy(&output.stdout).contains("licence: MIT OR Apache-2.0"));
    }
    let installed = data.path().join("models");
    let output = facegate(data.path(), &["models", "check", "--models", installed.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 2);
    let listed = json(&facegate(data.path(), &["models", "list", "--json"]));
    assert!(named(&listed, "tiny_max")["file"].as_str().unwrap().starts_with(installed.to_str().unwrap()));
}

#[test]
fn install_says_why_not_and_leaves_nothing() {
    let data = tempfile::tempdir().unwrap();
    let given = nets();
    for (name, from, code, said) in [
        ("nobody", None, 2, "no net `nobody` is known"),
        ("edgeface_xs", None, 2, "--from FILE"),
        ("yunet_2023mar", Some("http://example.com/net.onnx"), 2, "is not https"),
        ("tiny_unknown", given.to_str(), 3, "Frobnicate"),
        ("tiny_max", Some("/nowhere"), 3, "cannot read /nowhere"),
    ] {
        let mut words = vec!["models", "install", name];
        words.extend(from.iter().flat_map(|f| ["--from", f]));
        let output = facegate(data.path(), &words);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{name}: {stderr}");
        assert!(stderr.contains(said), "{name}: {stderr}");
        assert!(output.stdout.is_empty());
    }
    assert!(!data.path().join("models/manifest.toml").exists());
}

#[test]
fn without_any_manifest_the_folder_is_asked_for() {
    let data = tempfile::tempdir().unwrap();
    let output = facegate(data.path(), &["models", "list", "--models", data.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no manifest.toml in"));
}
