//! Reads one `manifest.toml`, version 1, and collects everything that is wrong with it.

mod values;

use super::{Entry, Input, ModelError, Role};
use crate::config::{Problem, Report, Value};
use crate::units::{Embedding, Tau};
use std::path::{Component, Path, PathBuf};
use toml::de::DeTable;
use values::{DigestText, RoleWord, Shape, Triple};

/// The manifest's name in its folder.
pub const FILE: &str = "manifest.toml";
/// The version that this program reads.
const VERSION: u32 = 1;
/// Outputs of a detector of the YuNet family: cls, obj, bbox and kps for three strides.
pub const YUNET_OUTPUTS: usize = 12;

/// One folder's nets.
#[derive(Debug)]
pub struct Manifest {
    pub entries: Vec<Entry>,
    pub default: Default,
}

/// What serves when nothing is chosen.
#[derive(Debug, Clone, std::default::Default)]
pub struct Default {
    pub detector: Option<String>,
    pub encoder: Option<String>,
    pub liveness: Option<Vec<String>>,
}

impl Manifest {
    pub fn read(dir: &Path) -> Result<Manifest, ModelError> {
        let path = dir.join(FILE);
        let text = std::fs::read_to_string(&path).map_err(|source| ModelError::Unreadable { path: path.clone(), source })?;
        let dir = std::path::absolute(dir).map_err(|source| ModelError::Unreadable { path: dir.to_owned(), source })?;
        Manifest::from_text(&text, &dir).map_err(|problems| ModelError::Manifest { path, problems })
    }

    pub fn from_text(text: &str, dir: &Path) -> Result<Manifest, Vec<Problem>> {
        let mut report = Report::new(text);
        let manifest = match DeTable::parse(text) {
            Ok(table) => read(table.get_ref(), dir, &mut report),
            Err(e) => {
                report.say(e.span().map(|s| s.start), "", e.message().to_owned());
                None
            }
        };
        let problems = report.into_problems();
        manifest.filter(|_| problems.is_empty()).ok_or(problems)
    }
}

fn read(table: &DeTable<'_>, dir: &Path, report: &mut Report<'_>) -> Option<Manifest> {
    let version = report.required::<u32>("manifest", table, "version", 0)?;
    if version != VERSION {
        // A newer manifest may mean other things by the same words: nothing else of it is judged.
        report.say(table.get("version").map(|v| v.span().start), "version", format!("is {version}; this program reads version {VERSION}"));
        return None;
    }
    report.unknown_keys("", table, &["version", "default", "model"]);
    let mut entries: Vec<Entry> = Vec::new();
    for (at, row) in rows(table, report) {
        let Some(entry) = entry(row, at, dir, report) else { continue };
        if entries.iter().any(|e| e.name == entry.name) {
            report.say(Some(at), &format!("model.{}", entry.name), "is there twice".into());
        }
        entries.push(entry);
    }
    let default = default(table, report);
    Some(Manifest { entries, default })
}

fn rows<'a, 'i>(table: &'a DeTable<'i>, report: &mut Report<'_>) -> Vec<(usize, &'a DeTable<'i>)> {
    let Some(found) = table.get("model") else { return Vec::new() };
    let all: Option<Vec<_>> =
        found.get_ref().as_array().and_then(|rows| rows.iter().map(|row| Some((row.span().start, row.get_ref().as_table()?))).collect());
    all.unwrap_or_else(|| {
        report.say(Some(found.span().start), "model", "must be tables, each written [[model]]".into());
        Vec::new()
    })
}

fn default(table: &DeTable<'_>, report: &mut Report<'_>) -> Default {
    let Some(section) = report.section(table, "default") else { return Default::default() };
    report.unknown_keys("default", section, &["detector", "encoder", "liveness"]);
    Default {
        detector: report.optional("default", section, "detector", None),
        encoder: report.optional("default", section, "encoder", None),
        liveness: report.optional("default", section, "liveness", None),
    }
}

fn entry(row: &DeTable<'_>, at: usize, dir: &Path, report: &mut Report<'_>) -> Option<Entry> {
    let name = report.required::<String>("model", row, "name", at)?;
    let section = format!("model.{name}");
    let s = section.as_str();
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c)) {
        report.say(Some(at), "model.name", format!("{name:?} must be of letters, digits, `_`, `-` and `.`"));
    }
    let role: RoleWord = report.required(s, row, "role", at)?;
    let role = role.0;
    report.unknown_keys(s, row, keys(role));

    let family = report.optional::<String>(s, row, "family", None);
    if role == Role::Detector && family.as_deref() != Some("yunet") {
        let found = family.as_deref().unwrap_or("none");
        report.say(
            position(row, "family", at),
            &format!("{s}.family"),
            format!("a detector's must be \"yunet\", the only one known here; found {found}"),
        );
    }
    let file = report.required::<PathBuf>(s, row, "file", at);
    if let Some(file) = file.as_deref().filter(|f| !stays_inside(f)) {
        report.say(position(row, "file", at), &format!("{s}.file"), format!("{} must be below the manifest's folder", file.display()));
    }
    let digest = report.required::<DigestText>(s, row, "sha256", at);
    let input = input(row, at, s, report);
    let outputs = report.required::<Vec<String>>(s, row, "outputs", at);
    if let Some(outputs) = &outputs {
        let expected = if role == Role::Detector { YUNET_OUTPUTS } else { 1 };
        if outputs.len() != expected {
            report.say(
                position(row, "outputs", at),
                &format!("{s}.outputs"),
                format!("{role} nets have {expected}, found {}", outputs.len()),
            );
        }
    }
    let dimension =
        if role == Role::Encoder { ranged::<u32>(report, s, row, "dimension", at, (1.0, Embedding::MOST as f64)) } else { None };
    let tau = report.optional::<f32>(s, row, "tau", Some((-1.0, 1.0))).map(Tau);
    let liveness = role == Role::Liveness;
    let crop_scale = if liveness { ranged::<f32>(report, s, row, "crop_scale", at, (0.5, 10.0)) } else { None };
    let live_index = if liveness { ranged::<u32>(report, s, row, "live_index", at, (0.0, 1000.0)) } else { None };
    let source = report.required::<String>(s, row, "source", at);
    let licence = report.required::<String>(s, row, "licence", at);
    let answer = report.optional::<Vec<f32>>(s, row, "answer", None);

    Some(Entry {
        name,
        role,
        family,
        file: dir.join(file?),
        digest: digest?.0,
        input: input?,
        outputs: outputs?,
        dimension: dimension.map(|d| d as usize),
        tau,
        crop_scale,
        live_index: live_index.map(|i| i as usize),
        source: source?,
        licence: licence?,
        answer,
    })
}

fn keys(role: Role) -> &'static [&'static str] {
    macro_rules! keys { ($($own:literal),*) => {
        &["name", "role", "family", "file", "sha256", "input", "outputs", "source", "licence", "answer", $($own),*]
    }}
    match role {
        Role::Detector => keys!(),
        Role::Encoder => keys!("dimension", "tau"),
        Role::Liveness => keys!("crop_scale", "live_index"),
    }
}

fn input(row: &DeTable<'_>, at: usize, section: &str, report: &mut Report<'_>) -> Option<Input> {
    let whole = format!("{section}.input");
    let Some(found) = row.get("input") else {
        report.say(Some(at), &whole, "is missing; expected { name, shape, colour, mean, std }".into());
        return None;
    };
    let at = found.span().start;
    let Some(table) = found.get_ref().as_table() else {
        report.say(Some(at), &whole, "must be a table { name, shape, colour, mean, std }".into());
        return None;
    };
    report.unknown_keys(&whole, table, &["name", "shape", "colour", "mean", "std"]);
    let name = report.required::<String>(&whole, table, "name", at);
    let shape = report.required::<Shape>(&whole, table, "shape", at).map(|s| s.0);
    let colour = report.required::<super::Colour>(&whole, table, "colour", at);
    let mean = report.required::<Triple>(&whole, table, "mean", at).map(|t| t.0);
    let std = report.required::<Triple>(&whole, table, "std", at).map(|t| t.0);
    if let Some(shape) = shape.filter(|s| s[0] != 1 || s[1] != 3 || !s[2..].iter().all(|d| (8..=4096).contains(d))) {
        report.say(
            position(table, "shape", at),
            &format!("{whole}.shape"),
            format!("must be [1, 3, height, width] of 8 to 4096, found {shape:?}"),
        );
    }
    if let Some(std) = std.filter(|s| s.contains(&0.0)) {
        report.say(position(table, "std", at), &format!("{whole}.std"), format!("is divided by and can't be 0, found {std:?}"));
    }
    Some(Input { name: name?, shape: shape?, colour: colour?, mean: mean?, std: std? })
}

fn ranged<V: Value>(report: &mut Report<'_>, section: &str, row: &DeTable<'_>, key: &str, at: usize, range: (f64, f64)) -> Option<V> {
    if row.get(key).is_none() { report.required(section, row, key, at) } else { report.optional(section, row, key, Some(range)) }
}

fn position(table: &DeTable<'_>, key: &str, otherwise: usize) -> Option<usize> {
    Some(table.get(key).map_or(otherwise, |v| v.span().start))
}

/// Only names, no `..`, no root: a manifest can't point at another folder's files.
fn stays_inside(file: &Path) -> bool {
    file.components().count() > 0 && file.components().all(|c| matches!(c, Component::Normal(_)))
}

#[cfg(test)]
mod tests {
    use super::super::Colour;
    use super::*;

    const GOOD: &str = r#"
version = 1
[default]
encoder = "small"
liveness = ["alive"]
[[model]]
name = "small"
role = "encoder"
file = "small.onnx"
sha256 = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
input = { name = "input", shape = [1, 3, 112, 96], colour = "RGB", mean = [127.5, 127.5, 127.5], std = [128.0, 128, 128.0] }
outputs = ["embedding"]
dimension = 128
tau = 0.3
source = "here"
licence = "MIT"
answer = [0.5, -1e-3]
"#;

    fn problems(text: &str) -> Vec<String> {
        Manifest::from_text(text, Path::new("/nets")).unwrap_err().iter().map(ToString::to_string).collect()
    }

    /// The good manifest with one thing changed, and what is said of it.
    fn said(from: &str, to: &str) -> String {
        assert!(GOOD.contains(from), "{from}");
        let said = problems(&GOOD.replacen(from, to, 1));
        assert_eq!(said.len(), 1, "{said:#?}");
        said[0].clone()
    }

    #[test]
    fn a_row_is_read_whole() {
        let manifest = Manifest::from_text(GOOD, Path::new("/nets")).unwrap();
        let entry = &manifest.entries[0];
        assert_eq!((entry.name.as_str(), entry.role), ("small", Role::Encoder));
        assert_eq!(entry.file, Path::new("/nets/small.onnx"));
        assert_eq!(entry.digest.short(), "00112233");
        assert_eq!((entry.input.height(), entry.input.width(), entry.input.colour), (112, 96, Colour::Rgb));
        assert_eq!((entry.input.mean, entry.input.std), ([127.5; 3], [128.0; 3]));
        assert_eq!((entry.dimension, entry.tau), (Some(128), Some(Tau(0.3))));
        assert_eq!(entry.answer.as_deref(), Some(&[0.5, -1e-3][..]));
        assert_eq!(manifest.default.liveness.as_deref(), Some(&["alive".to_owned()][..]));
    }

    #[test]
    fn another_version_says_both() {
        let said = said("version = 1", "version = 2");
        assert!(said.contains("is 2") && said.contains("reads version 1"), "{said}");
        assert!(problems("").iter().any(|p| p.contains("manifest.version: is missing")));
    }

    #[test]
    fn unknown_keys_come_with_line_net_and_nearest_key() {
        let said = said("dimension = 128", "dimension = 128\ndimensoin = 3");
        assert!(said.contains("line 14") && said.contains("model.small.dimensoin") && said.contains("did you mean `dimension`"), "{said}");
        let said = self::said("colour = \"RGB\"", "color = \"RGB\", colour = \"RGB\"");
        assert!(said.contains("model.small.input.color") && said.contains("did you mean `colour`"), "{said}");
    }

    #[test]
    fn a_key_of_another_role_is_unknown() {
        assert!(said("dimension = 128", "dimension = 128\ncrop_scale = 2.7").contains("model.small.crop_scale: unknown key"));
    }

    #[test]
    fn missing_keys_are_named_with_what_is_expected() {
        for key in ["role", "file", "sha256", "outputs", "dimension", "source", "licence", "input"] {
            let line = GOOD.lines().find(|l| l.starts_with(&format!("{key} ="))).unwrap();
            let said = said(line, "");
            assert!(said.contains(&format!("model.small.{key}: is missing; expected ")), "{said}");
        }
        assert!(said("name = \"small\"\n", "").contains("model.name: is missing"));
        assert!(said(", std = [128.0, 128, 128.0]", "").contains("model.small.input.std: is missing"));
    }

    #[test]
    fn a_file_stays_below_the_manifest() {
        for path in ["../x.onnx", "/x.onnx", "a/../../x.onnx", "./../x", ""] {
            let said = said("small.onnx", path);
            assert!(said.contains("model.small.file") && said.contains("below the manifest's folder"), "{path}: {said}");
        }
        let deeper = Manifest::from_text(&GOOD.replace("small.onnx", "more/small.onnx"), Path::new("/nets")).unwrap();
        assert_eq!(deeper.entries[0].file, Path::new("/nets/more/small.onnx"));
    }

    #[test]
    fn unfit_values_are_refused() {
        for (from, to, expected) in [
            ("std = [128.0,", "std = [0,", "can't be 0"),
            ("std = [128.0,", "std = [nan,", "expected three numbers"),
            ("mean = [127.5, ", "mean = [", "expected three numbers"),
            ("\"RGB\"", "\"GBR\"", "expected \"RGB\" or \"BGR\""),
            ("[1, 3, 112, 96]", "[1, 1, 112, 96]", "must be [1, 3, height, width]"),
            ("[1, 3, 112, 96]", "[1, 3, 112, 96000]", "must be [1, 3, height, width]"),
            ("[1, 3, 112, 96]", "[1, 3, 112]", "expected four whole numbers"),
            ("0011", "001", "expected 64 hexadecimal digits"),
            ("role = \"encoder\"", "role = \"decoder\"", "expected one of \"detector\""),
            ("dimension = 128", "dimension = 513", "must be 1 to 512"),
            ("tau = 0.3", "tau = 1.5", "must be -1 to 1"),
            ("outputs = [\"embedding\"]", "outputs = [\"a\", \"b\"]", "encoder nets have 1, found 2"),
            ("outputs = [\"embedding\"]", "outputs = []", "expected a list of texts"),
            ("name = \"small\"", "name = \"sm all\"", "letters, digits"),
        ] {
            let said = said(from, to);
            assert!(said.contains(expected), "{to}: {said}");
        }
    }

    #[test]
    fn a_net_that_is_there_twice_is_refused() {
        let row = &GOOD[GOOD.find("[[model]]").unwrap()..];
        assert!(problems(&format!("{GOOD}{row}"))[0].contains("model.small: is there twice"));
    }

    #[test]
    fn detectors_name_a_known_family_and_twelve_outputs() {
        let text = GOOD.replace("\"encoder\"", "\"detector\"").replace("dimension = 128\ntau = 0.3\n", "family = \"retina\"\n");
        let said = problems(&text);
        assert!(said[0].contains("detector nets have 12, found 1"), "{said:#?}");
        assert!(said[1].contains("only one known here; found retina"), "{said:#?}");
    }

    #[test]
    fn the_manifest_in_the_documentation_can_be_read() {
        let page = include_str!("../../../docs/models.md");
        let text = page.split("```toml").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
        let manifest = Manifest::from_text(&text.replace("\"...\"", &format!("\"{}\"", "0".repeat(64))), Path::new("/nets")).unwrap();
        assert_eq!(manifest.entries[0].name, "my_encoder");
    }

    #[test]
    fn all_problems_come_at_once() {
        assert_eq!(
            problems(&GOOD.replace("tau = 0.3", "tua = 0.3").replace("colour = \"RGB\"", "colour = 3").replace("1, 3, ", "")).len(),
            3
        );
    }
}
