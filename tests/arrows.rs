//! The promise: imports run downwards only, as docs/architecture.md draws them. Reads the sources, as a reader would.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Each room, and the rooms that it may name. What a room may name can't name it back.
const MAY: [(&str, &[&str]); 14] = [
    ("units", &[]),
    ("statistics", &[]),
    ("config", &["units"]),
    ("calibration", &["config", "units"]),
    ("store", &["config", "units"]),
    ("camera", &["config", "units"]),
    ("vision", &["camera", "config", "units"]),
    ("gallery", &["store", "calibration", "config", "units"]),
    ("access", &["units"]),
    ("door", &["config", "units"]),
    ("audit", &["store", "config", "units"]),
    ("service", &["camera", "vision", "gallery", "access", "door", "audit", "store", "calibration", "config", "units"]),
    ("evaluate", &["service", "camera", "vision", "gallery", "access", "calibration", "statistics", "config", "units"]),
    (
        "cli",
        &[
            "evaluate",
            "statistics",
            "service",
            "camera",
            "vision",
            "gallery",
            "access",
            "door",
            "audit",
            "store",
            "calibration",
            "config",
            "units",
        ],
    ),
];

/// The only thing of the camera's that vision may name, and whole: `camera::Frame`, `camera::{Frame, PixelFormat}`.
const OF_A_FRAME: [&str; 3] = ["Frame", "FramePool", "PixelFormat"];

/// Outside crates that belong to one room: others must not know how it is done.
const ONLY_IN: [(&str, &[&str]); 11] = [
    ("gpiocdev", &["door"]),
    ("rppal", &["door"]),
    ("nokhwa", &["camera"]),
    ("v4l2_sys_mit", &["camera"]),
    ("zune_jpeg", &["camera"]),
    ("tract_onnx", &["vision"]),
    ("rusqlite", &["gallery", "audit", "store"]),
    ("clap", &["cli"]),
    ("statrs", &["statistics"]),
    ("plotters", &["evaluate"]),
    ("indicatif", &["cli"]),
];

/// What access may not so much as mention: it decides, and does nothing.
const NOT_IN_ACCESS: [&str; 12] = [
    "std::fs",
    "std::io",
    "std::net",
    "std::thread",
    "std::sync",
    "std::process",
    "std::env",
    "SystemTime",
    "Instant",
    "log::",
    "println!",
    "vec!",
];

#[test]
fn imports_run_downwards_only() {
    let mut wrong = Vec::new();
    let sources = sources();
    assert!(sources.len() > 5, "no sources found");
    for (path, room, text) in &sources {
        let Some((_, may)) = MAY.iter().find(|(name, _)| name == room) else {
            wrong.push(format!("{}: a room that this test does not know: {room}", path.display()));
            continue;
        };
        for (line, named, rest) in mentions(text) {
            let at = format!("{}:{line}", path.display());
            if named == *room || !MAY.iter().any(|(name, _)| *name == named) {
                continue;
            }
            if !may.contains(&named.as_str()) {
                wrong.push(format!("{at}: {room} must not know {named}"));
            } else if room == "vision" && named == "camera" && !is_of_a_frame(&rest) {
                wrong.push(format!("{at}: vision may know a camera's frame, not {rest}"));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn each_outside_crate_stays_in_its_room() {
    let mut wrong = Vec::new();
    for (path, room, text) in &sources() {
        for (krate, rooms) in ONLY_IN {
            if !rooms.contains(&room.as_str()) {
                for (line, text) in code(text).filter(|(_, text)| has_path(text, krate)) {
                    wrong.push(format!("{}:{line}: {room} must not know {krate}: {}", path.display(), text.trim()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn access_is_pure() {
    let mut wrong = Vec::new();
    for (path, _, text) in sources().iter().filter(|(path, room, _)| room == "access" && !is_test(path)) {
        let text = text.split("#[cfg(test)]\nmod tests").next().unwrap_or(text);
        for (line, text) in code(text) {
            for never in NOT_IN_ACCESS.iter().filter(|never| text.contains(**never)) {
                wrong.push(format!("{}:{line}: access must not use {never}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn what_this_test_reads_it_understands() {
    let named = |text: &str| mentions(text).into_iter().map(|(_, named, rest)| format!("{named}|{rest}")).collect::<Vec<_>>();
    assert_eq!(named("use crate::camera::Frame;"), ["camera|Frame"]);
    assert_eq!(named("use crate::camera::{Frame, PixelFormat};"), ["camera|{Frame, PixelFormat}"]);
    assert_eq!(named("use crate::{camera, door::Relay, units::{Moment, Tau}};"), ["camera|", "door|Relay", "units|{Moment, Tau}"]);
    assert_eq!(named("use crate::{\n    access,\n    units::Moment,\n};"), ["access|", "units|Moment"]);
    assert_eq!(named("let x = crate::door::open(config)?;"), ["door|open"]);
    assert_eq!(named("// crate::door\n/// [`crate::door`]\n"), [] as [&str; 0]);
    assert_eq!(named("use super::super::door::Relay;"), [] as [&str; 0]);
    assert!(is_of_a_frame("Frame") && is_of_a_frame("{Frame, PixelFormat}") && !is_of_a_frame("{Frame, open}") && !is_of_a_frame(""));
    assert!(has_path("use rppal::gpio;", "rppal") && has_path("::rppal::x", "rppal") && !has_path("self_rppal::x", "rppal"));
}

/// Path below src, room and text of each source.
fn sources() -> Vec<(PathBuf, String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut found, mut folders) = (BTreeMap::new(), vec![root.clone()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let inner = path.strip_prefix(&root).unwrap().to_owned();
                let room = inner.iter().next().unwrap().to_string_lossy().trim_end_matches(".rs").to_owned();
                if room != "lib" && room != "main" {
                    found.insert(inner, (room, std::fs::read_to_string(&path).unwrap()));
                }
            }
        }
    }
    found.into_iter().map(|(path, (room, text))| (path, room, text)).collect()
}

fn is_test(path: &Path) -> bool {
    matches!(path.file_stem().and_then(|s| s.to_str()), Some("properties" | "stories" | "tests"))
}

/// Lines without comments, and their numbers.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().filter(|(_, l)| !l.trim_start().starts_with("//")).map(|(i, l)| (i + 1, l.split(" // ").next().unwrap_or(l)))
}

/// Whether a line names a path that begins with this crate.
fn has_path(line: &str, krate: &str) -> bool {
    let path = format!("{krate}::");
    line.match_indices(&path).any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
}

/// Every room that is named through `crate::` (in `use` lines and elsewhere): line, room, and what of it.
fn mentions(text: &str) -> Vec<(usize, String, String)> {
    let mut found = Vec::new();
    let lines: Vec<(usize, &str)> = code(text).collect();
    for (i, (number, line)) in lines.iter().enumerate() {
        for (at, _) in line.match_indices("crate::") {
            if line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
                continue;
            }
            // A group may go on over lines: everything up to where its braces are closed.
            let tail =
                std::iter::once(&line[at + "crate::".len()..]).chain(lines[i + 1..].iter().map(|(_, l)| *l)).collect::<Vec<_>>().join(" ");
            for item in items(&tail) {
                let (room, rest) = item.split_once("::").unwrap_or((&item, ""));
                found.push((*number, room.trim().to_owned(), rest.trim().to_owned()));
            }
        }
    }
    found
}

/// `a::b` as it is; `{a, b::{c, d}}` as `a` and `b::{c, d}`.
fn items(tail: &str) -> Vec<String> {
    let tail = tail.trim_start();
    if !tail.starts_with('{') {
        return vec![one_item(tail).to_owned()];
    }
    let (mut items, mut rest) = (Vec::new(), &tail[1..]);
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
        if rest.is_empty() || rest.starts_with('}') {
            return items;
        }
        let item = one_item(rest);
        if item.is_empty() {
            return items;
        }
        items.push(item.split_whitespace().collect::<Vec<_>>().join(" "));
        rest = &rest[item.len()..];
    }
}

/// Up to the end of a path, and of the braces that it may end with.
fn one_item(text: &str) -> &str {
    let mut depth = 0usize;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth <= 1 => return if depth == 1 { &text[..=at] } else { &text[..at] },
            '}' => depth -= 1,
            _ if depth > 0 => {}
            c if c.is_alphanumeric() || c == '_' || c == ':' || c == '*' => {}
            _ => return &text[..at],
        }
    }
    text
}

fn is_of_a_frame(rest: &str) -> bool {
    let names = rest.trim_start_matches('{').trim_end_matches('}');
    names.split(',').map(str::trim).all(|name| OF_A_FRAME.contains(&name.split("::").next().unwrap_or(name)))
}
