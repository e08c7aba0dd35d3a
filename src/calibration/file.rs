//! The calibration file: tables of several encoders, each under its model's digest. TOML, version 1.

use super::error::CalibrationError;
use super::head::{Form, Head};
use super::measure::{Group, Measured};
use super::metric::Scale;
use super::table::{Point, Table};
use super::tail::Tail;
use crate::config::Score;
use crate::units::Digest;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// What the file is called, in the data folder.
const FILE: &str = "calibration.toml";

/// The tables that come with the program: of the shipped encoder, and of the public ones that `models install` knows.
const SHIPPED: &str = include_str!("../../models/calibration.toml");

const HEAD: &str = "\
# Calibration of encoders, version 1, written by `facegate calibrate`: which tau has which false match rate, in the worst group of strangers
# that was large enough. A table serves the encoder with this digest and no other, and the score that it names (none: the cosine).
";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    #[serde(default, rename = "calibration")]
    tables: Vec<Row>,
    #[serde(default, rename = "head")]
    heads: Vec<HeadRow>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    encoder: String,
    model: String,
    /// `None`: the cosine.
    score: Option<String>,
    /// Of a head or a cohort, what it was measured with.
    score_sha256: Option<String>,
    group: String,
    people: u64,
    comparisons: u64,
    #[serde(default = "one")]
    visit_factor: f64,
    points: Vec<PointRow>,
    /// What else was found; nothing is computed from it.
    #[serde(default)]
    groups: Vec<GroupRow>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HeadRow {
    model: String,
    form: Form,
    bias: f32,
    weights: Vec<f32>,
}

fn one() -> f64 {
    1.0
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PointRow {
    fmr: f64,
    tau: f64,
    low: f64,
    high: f64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct GroupRow {
    name: String,
    people: u64,
    comparisons: u64,
    /// At FMR 1e-3.
    tau: f64,
    above: f64,
    share: f64,
    shape: f64,
    scale: f64,
    fitted: u64,
    distance: f64,
}

impl From<&Group> for GroupRow {
    fn from(g: &Group) -> GroupRow {
        let Tail { above, share, shape, scale } = g.tail;
        let [tau, above, share, shape, scale, distance] = [g.tau, above, share, shape, scale, g.distance].map(rounded);
        GroupRow {
            name: g.name.clone(),
            people: g.people,
            comparisons: g.comparisons,
            tau,
            above,
            share,
            shape,
            scale,
            fitted: g.fitted,
            distance,
        }
    }
}

/// The scale of a row; what is wrong with it where there is none.
fn scale(score: Option<&str>, sha256: Option<&str>) -> Result<Scale, String> {
    let known = |word: &str| Score::ALL.iter().copied().find(|score| score.word() == word);
    let words = || Score::ALL.iter().map(|s| s.word()).collect::<Vec<_>>().join(", ");
    let score = score.map_or(Some(Score::Cosine), known).ok_or_else(|| format!("has a score that is none of {}", words()))?;
    let of = sha256.map(|text| Digest::from_hex(text).ok_or("has a score_sha256 that isn't 64 hexadecimal digits")).transpose()?;
    if of.is_some() == (score == Score::Cosine) {
        return Err("must have score_sha256 where its score is not the cosine, and there alone".into());
    }
    Ok(Scale { score, of })
}

/// To six digits after the point: what is beyond them was not measured.
fn rounded(number: f64) -> f64 {
    (number * 1e6).round() / 1e6
}

/// The tables of a file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tables {
    tables: Vec<(Table, Vec<Group>)>,
    heads: Vec<Head>,
}

impl Tables {
    /// The tables that serve in a data folder: its own file's, and those that come with the program. Its own win.
    ///
    /// # Errors
    /// The file is there and can't be read, or is wrong.
    pub fn of(data_dir: &Path) -> Result<Tables, CalibrationError> {
        let mut tables = Tables::own(data_dir)?;
        let shipped = Tables::shipped()?;
        tables.tables.extend(shipped.tables);
        tables.heads.extend(shipped.heads);
        Ok(tables)
    }

    /// The tables of a data folder's own file; none where there is no file.
    ///
    /// # Errors
    /// The file is there and can't be read, or is wrong.
    pub fn own(data_dir: &Path) -> Result<Tables, CalibrationError> {
        let path = data_dir.join(FILE);
        match std::fs::read_to_string(&path) {
            Ok(text) => Tables::read(&text, &path),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Tables::default()),
            Err(source) => Err(CalibrationError::Read { path, source }),
        }
    }

    /// The tables that come with the program.
    ///
    /// # Errors
    /// They are wrong, which a test holds them not to be.
    pub fn shipped() -> Result<Tables, CalibrationError> {
        Tables::read(SHIPPED, Path::new("the calibration that comes with the program"))
    }

    /// Reads the text of a file; `path` is for messages.
    ///
    /// # Errors
    /// It isn't TOML of version 1, or one of its tables is none.
    pub fn read(text: &str, path: &Path) -> Result<Tables, CalibrationError> {
        let not = |what: String| CalibrationError::Not { path: path.into(), what };
        let file: File = toml::from_str(text).map_err(|e| not(e.message().to_owned()))?;
        if file.version != 1 {
            return Err(not(format!("it is of version {}, this program reads version 1", file.version)));
        }
        let mut tables = Vec::new();
        for row in file.tables {
            let model = Digest::from_hex(&row.model).ok_or_else(|| {
                not(format!("the model of encoder {} is {:?}: 64 hexadecimal digits are expected", row.encoder, row.model))
            })?;
            let scale = scale(row.score.as_deref(), row.score_sha256.as_deref())
                .map_err(|what| not(format!("the table of encoder {} {what}", row.encoder)))?;
            let points = row.points.iter().map(|p| Point { fmr: p.fmr, tau: p.tau, low: p.low, high: p.high }).collect();
            let about = Table::about(model, &row.encoder, &row.group, row.people, row.comparisons, row.visit_factor).measured_by(scale);
            let table =
                Table::new(points, about).map_err(|why| CalibrationError::Table { path: path.into(), encoder: row.encoder, why })?;
            let groups = row.groups.into_iter().map(|g| Group {
                name: g.name,
                people: g.people,
                comparisons: g.comparisons,
                tau: g.tau,
                tail: Tail { above: g.above, share: g.share, shape: g.shape, scale: g.scale },
                fitted: g.fitted,
                distance: g.distance,
            });
            tables.push((table, groups.collect()));
        }
        let mut heads = Vec::new();
        for row in file.heads {
            let model = Digest::from_hex(&row.model).ok_or_else(|| not(format!("the model of a head is {:?}", row.model)))?;
            let is_fit = row.weights.iter().chain([&row.bias]).all(|w| w.is_finite()) && !row.weights.is_empty();
            if !is_fit {
                return Err(not(format!("the {} head of {model} has no weights, or one that is no number", row.form.word())));
            }
            heads.push(Head { model, form: row.form, weights: row.weights, bias: row.bias });
        }
        Ok(Tables { tables, heads })
    }

    /// The table of an encoder, measured by this scale: one of another score, another head or another cohort must not serve.
    pub fn find(&self, model: &Digest, scale: &Scale) -> Option<&Table> {
        self.tables.iter().map(|(table, _)| table).find(|table| table.model == *model && table.scale == *scale)
    }

    /// The head of an encoder in one of its forms.
    pub fn head(&self, model: &Digest, form: Form) -> Option<&Head> {
        self.heads.iter().find(|head| head.model == *model && head.form == form)
    }

    /// Puts a head in the place of the one of the same encoder and form, or beside the others.
    pub fn put_head(&mut self, head: Head) {
        self.heads.retain(|h| h.model != head.model || h.form != head.form);
        self.heads.push(head);
    }

    /// What to say where an encoder has none of this scale.
    pub fn missing(&self, encoder: &str, model: Digest, scale: Scale) -> CalibrationError {
        let there = self.tables.iter().map(|(t, _)| (t.encoder.clone(), t.model, t.scale)).collect();
        CalibrationError::Missing { encoder: encoder.into(), model, scale, there }
    }

    /// Puts a table in the place of the one of the same encoder and score, or beside the others.
    pub fn put(&mut self, table: Table, measured: &Measured) {
        self.tables.retain(|(t, _)| t.model != table.model || t.scale.score != table.scale.score);
        self.tables.push((table, measured.groups.clone()));
    }

    /// The text of a file.
    pub fn to_toml(&self) -> String {
        let mut text = format!("{HEAD}\nversion = 1\n");
        for (t, groups) in &self.tables {
            let quoted = |s: &str| toml::Value::String(s.into()).to_string();
            text += &format!("\n[[calibration]]\nencoder = {}\nmodel = \"{}\"\n", quoted(&t.encoder), t.model);
            if t.scale.score != Score::Cosine {
                text += &format!("score = \"{}\"\n", t.scale.score.word());
            }
            if let Some(of) = t.scale.of {
                text += &format!("score_sha256 = \"{of}\"\n");
            }
            text += &format!(
                "group = {}\npeople = {}\ncomparisons = {}\nvisit_factor = {:?}\npoints = [\n",
                quoted(&t.group),
                t.people,
                t.comparisons,
                rounded(t.visit_factor)
            );
            for p in t.points() {
                let [tau, low, high] = [p.tau, p.low, p.high].map(rounded);
                text += &format!("    {{ fmr = {:e}, tau = {tau:?}, low = {low:?}, high = {high:?} }},\n", p.fmr);
            }
            text += "]\ngroups = [\n";
            for g in groups.iter().map(GroupRow::from) {
                text += &format!(
                    "    {{ name = {}, people = {}, comparisons = {}, tau = {:?}, above = {:?}, share = {:?}, shape = {:?}, scale = {:?}, fitted = {}, distance = {:?} }},\n",
                    quoted(&g.name),
                    g.people,
                    g.comparisons,
                    g.tau,
                    g.above,
                    g.share,
                    g.shape,
                    g.scale,
                    g.fitted,
                    g.distance
                );
            }
            text += "]\n";
        }
        for head in &self.heads {
            text += &format!(
                "\n[[head]]\nmodel = \"{}\"\nform = \"{}\"\nbias = {:?}\nweights = {:?}\n",
                head.model,
                head.form.word(),
                head.bias,
                head.weights
            );
        }
        text
    }

    /// Writes the file of a data folder: whole, or not at all.
    ///
    /// # Errors
    /// It can't be written; what was there stays.
    pub fn write(&self, data_dir: &Path) -> Result<PathBuf, CalibrationError> {
        let (path, part) = (data_dir.join(FILE), data_dir.join(format!("{FILE}.part")));
        let write = || -> std::io::Result<()> {
            std::fs::create_dir_all(data_dir)?;
            let mut file = std::fs::File::create(&part)?;
            std::io::Write::write_all(&mut file, self.to_toml().as_bytes())?;
            file.sync_all()?;
            std::fs::rename(&part, &path)
        };
        write().map_err(|source| CalibrationError::Write { path: path.clone(), source })?;
        Ok(path)
    }
}

#[cfg(test)]
mod tests {
    use super::super::table::tests::table;
    use super::*;
    use crate::units::Tau;

    fn measured() -> Measured {
        let tail = Tail { above: 0.2, share: 0.01, shape: -0.1, scale: 0.04 };
        let group = Group { name: "all \"of\" them".into(), people: 200, comparisons: 19_900, tau: 0.3, tail, fitted: 199, distance: 0.03 };
        Measured { worst: 0, points: vec![], groups: vec![group], too_small: vec![] }
    }

    #[test]
    fn a_table_survives_its_file() {
        let dir = tempfile::tempdir().unwrap();
        let t = Table { visit_factor: 1.5, ..table(&[(1e-2, 0.2), (5e-4, 0.4), (1.2e-7, 0.55)]).unwrap() };
        let mut tables = Tables::own(dir.path()).unwrap();
        assert_eq!(tables, Tables::default());
        tables.put(t.clone(), &measured());
        tables.write(dir.path()).unwrap();
        let back = Tables::of(dir.path()).unwrap();
        assert_eq!(back.find(&t.model, &t.scale), Some(&t));
        assert_eq!(Tables::own(dir.path()).unwrap(), tables);
        let newer = Table { group: "others".into(), ..t };
        tables.put(newer.clone(), &measured());
        assert_eq!(tables.tables.len(), 1, "one table an encoder");
        assert_eq!(tables.find(&newer.model, &newer.scale), Some(&newer));
    }

    #[test]
    fn a_table_is_of_one_score_alone() {
        let mut tables = Tables::default();
        let of = |score, byte, tau| {
            let scale = Scale { score, of: Some(Digest([byte; 32])) };
            table(&[(1e-2, 0.1), (1e-3, tau)]).unwrap().measured_by(scale)
        };
        let cosine = table(&[(1e-2, 0.2), (1e-3, 0.3)]).unwrap();
        let all = [cosine.clone(), of(Score::SNorm, 1, 0.4), of(Score::HeadAbsolute, 2, 0.5), of(Score::HeadChiSquare, 3, 0.6)];
        all.iter().for_each(|t| tables.put(t.clone(), &measured()));
        let back = Tables::read(&tables.to_toml(), Path::new("c.toml")).unwrap();
        assert_eq!(back, tables);
        for t in &all {
            assert_eq!(back.find(&t.model, &t.scale), Some(t));
        }
        let other_cohort = Scale { score: Score::SNorm, of: Some(Digest([9; 32])) };
        assert_eq!(back.find(&cosine.model, &other_cohort), None, "a table of another cohort must not serve");
        assert_eq!(back.find(&Digest([1; 32]), &Scale::default()), None);
        let newer = of(Score::SNorm, 9, 0.7);
        tables.put(newer.clone(), &measured());
        assert_eq!((tables.tables.len(), tables.find(&newer.model, &other_cohort)), (4, Some(&newer)), "one an encoder and a score");
        let said = tables.missing("e", cosine.model, Scale { score: Score::HeadAbsolute, of: Some(Digest([7; 32])) }).to_string();
        assert!(said.contains("for the score head-absolute") && said.contains("s-norm") && said.contains("cosine"), "{said}");
    }

    #[test]
    fn a_row_without_a_score_is_of_the_cosine_and_a_wrong_one_is_refused() {
        let sha = "0a".repeat(32);
        assert_eq!(scale(None, None), Ok(Scale::default()));
        assert_eq!(scale(Some("cosine"), None), Ok(Scale::default()));
        assert_eq!(scale(Some("s-norm"), Some(&sha)), Ok(Scale { score: Score::SNorm, of: Some(Digest([10; 32])) }));
        assert!(scale(Some("euclid"), None).unwrap_err().contains("cosine, s-norm"));
        assert!(scale(Some("s-norm"), Some("0a")).is_err());
        assert!(scale(Some("s-norm"), None).is_err() && scale(None, Some(&sha)).is_err());
    }

    #[test]
    fn a_head_survives_its_file() {
        let mut tables = Tables::default();
        let head = |form, bias| Head { model: Digest([9; 32]), form, weights: vec![0.25, 0.0, 1.5e-3], bias };
        tables.put_head(head(Form::Absolute, 1.0));
        tables.put_head(head(Form::ChiSquare, 2.0));
        tables.put_head(head(Form::Absolute, 3.0));
        let back = Tables::read(&tables.to_toml(), Path::new("c.toml")).unwrap();
        assert_eq!(back, tables);
        assert_eq!(back.head(&Digest([9; 32]), Form::Absolute), Some(&head(Form::Absolute, 3.0)));
        assert_eq!(back.head(&Digest([8; 32]), Form::Absolute), None);
        assert!(Tables::read(&tables.to_toml().replace("bias = 2.0", "bias = nan"), Path::new("c.toml")).is_err());
    }

    #[test]
    fn what_comes_with_the_program_is_right() {
        let shipped = Tables::shipped().unwrap();
        for (t, _) in &shipped.tables {
            assert!(t.tau(1e-3).is_some_and(|tau| tau > Tau(0.0)) && t.people >= 100, "{}", t.encoder);
        }
    }

    #[test]
    fn a_wrong_file_says_what_to_do() {
        let read = |text: &str| Tables::read(text, Path::new("c.toml")).unwrap_err().to_string();
        assert!(read("version = 2").contains("version 2"));
        assert!(read("version = 1\nx = 3").contains("x"));
        let mut tables = Tables::default();
        tables.put(table(&[(1e-2, 0.2), (1e-3, 0.3)]).unwrap(), &measured());
        let good = tables.to_toml();
        assert!(Tables::read(&good, Path::new("c.toml")).is_ok());
        let bad = read(&good.replace("tau = 0.3,", "tau = 0.1,"));
        assert!(bad.contains("FMR must fall") && bad.contains("facegate calibrate"), "{bad}");
        assert!(read(&good.replace("0707", "zz")).contains("64 hexadecimal digits"));
    }

    #[test]
    fn a_calibration_for_another_model_shows_both_digests() {
        let mut tables = Tables::default();
        tables.put(table(&[(1e-2, 0.2), (1e-3, 0.3)]).unwrap(), &measured());
        let said = tables.missing("mine", Digest([0xab; 32]), Scale::default()).to_string();
        assert!(said.contains(&"07".repeat(32)) && said.contains(&"ab".repeat(32)) && said.contains("match.tau"), "{said}");
    }
}
