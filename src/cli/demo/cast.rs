//! Who plays in the demo: chosen from a folder that has one folder a person.

use super::file_name;
use super::paper;
use crate::camera::{Frame, picture};
use anyhow::Context as _;
use std::path::{Path, PathBuf};

/// Pictures of an attack, by their names: held-up pictures and no shots of a person.
const ATTACKS: [&str; 2] = ["print", "phone"];

/// A picture and what it is called in the table.
pub struct Shown {
    pub name: String,
    pub frame: Frame,
}

/// Who plays, and with which pictures.
pub struct Cast {
    pub person: String,
    /// The picture that the person is enrolled from.
    pub enrolment: PathBuf,
    /// Others of the same person (or the same, where there is only one).
    pub visit: Vec<Shown>,
    pub stranger: String,
    pub strangers_visit: Vec<Shown>,
    /// The person's picture, printed.
    pub attack: Vec<Shown>,
}

impl Cast {
    /// The first person (by name) with two pictures or more is known, the next one is the stranger. Where the person has no `print.jpg`,
    /// one is made of the enrolment picture.
    pub fn from_folder(dir: &Path) -> anyhow::Result<Cast> {
        let mut people: Vec<(PathBuf, Vec<PathBuf>)> =
            folders(dir)?.into_iter().map(|d| Ok((d.clone(), shots(&d)?))).collect::<anyhow::Result<_>>()?;
        people.retain(|(_, shots)| !shots.is_empty());
        let known = people.iter().position(|(_, shots)| shots.len() > 1).unwrap_or(0);
        anyhow::ensure!(people.len() > 1, "{}: a demo needs two people: a folder for each, with pictures in it", dir.display());
        let (person_dir, person_shots) = people.remove(known);
        let (stranger_dir, stranger_shots) = people.swap_remove(known.min(people.len() - 1));
        let (enrolment, others) = person_shots.split_first().context("a person without a picture")?;
        let print = person_dir.join("print.jpg");
        let attack =
            if print.is_file() { shown(&print)? } else { Shown { name: "print".into(), frame: paper::print(&picture::read(enrolment)?) } };
        Ok(Cast {
            person: file_name(&person_dir),
            enrolment: enrolment.clone(),
            visit: if others.is_empty() { all(&person_shots)? } else { all(others)? },
            stranger: file_name(&stranger_dir),
            strangers_visit: all(&stranger_shots)?,
            attack: vec![attack],
        })
    }
}

fn folders(dir: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(dir).with_context(|| format!("cannot read the faces in {}", dir.display()))?;
    let mut all: Vec<PathBuf> = entries.filter_map(|e| Some(e.ok()?.path())).filter(|p| p.is_dir()).collect();
    all.sort();
    Ok(all)
}

fn shots(dir: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut all = picture::list(dir).unwrap_or_default();
    all.retain(|p| p.file_stem().is_none_or(|stem| !ATTACKS.iter().any(|a| stem == *a)));
    Ok(all)
}

fn all(paths: &[PathBuf]) -> anyhow::Result<Vec<Shown>> {
    paths.iter().take(6).map(|p| shown(p)).collect()
}

fn shown(path: &Path) -> anyhow::Result<Shown> {
    Ok(Shown { name: file_name(path), frame: picture::read(path)? })
}
