//! Enrolling, renaming, removing; a new rotation. Each in one transaction: all of it counts, or nothing.

use super::name::Name;
use super::people::{self, find};
use super::rotation::{Rotations, new_seed};
use super::{Gallery, GalleryError, Stop};
use crate::units::{Digest, Embedding, PersonId, TemplateId};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

/// An embedding that is to be stored.
#[derive(Debug, Clone)]
pub struct NewTemplate<'a> {
    pub embedding: &'a Embedding,
    /// The encoder that made it.
    pub model: Digest,
    /// Of the picture, as the enrolment judged it; finite.
    pub quality: f32,
}

/// Whom an enrolment is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enrol {
    /// Somebody new: the name must be free.
    NewPerson,
    /// Somebody new who is never let in: known so as not to be mistaken for somebody else.
    NewBarred,
    /// Somebody who is there: templates are added.
    AddTo,
}

/// What an enrolment came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolled {
    pub person: PersonId,
    /// In the order given.
    pub templates: Vec<TemplateId>,
}

/// What a removal came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    pub person: PersonId,
    /// How many templates went with the person.
    pub templates: usize,
    /// Whether the file and its log hold nothing of them any more. `false`: another process was reading, and the log keeps their bytes until
    /// the next change. (What a memory card keeps of overwritten blocks is beyond this program.)
    pub is_erased: bool,
}

impl Gallery {
    /// Stores templates for a person. Nothing is stored where one of them can't be.
    ///
    /// # Errors
    /// A bad or taken name, an unknown one where templates are to be added, no template, one that doesn't fit, a full disk.
    pub fn enrol(&mut self, name: &str, templates: &[NewTemplate<'_>], how: Enrol, now: Timestamp) -> Result<Enrolled, GalleryError> {
        let name = Name::read(name)?;
        if templates.is_empty() {
            return Err(GalleryError::NoTemplate);
        }
        let (enrolled, _) = self.change(|t, rotations| {
            let person = match (how, find(t, &name)?) {
                (Enrol::AddTo, Some(person)) => person,
                (Enrol::AddTo, None) => return Err(Stop::No(GalleryError::Nobody { name: name.shown })),
                (Enrol::NewPerson | Enrol::NewBarred, Some(_)) => return Err(Stop::No(GalleryError::NameTaken { name: name.shown })),
                (Enrol::NewPerson | Enrol::NewBarred, None) => {
                    let sql = "INSERT INTO person (name, folded, created_us, barred) VALUES (?1, ?2, ?3, ?4)";
                    t.execute(sql, params![name.shown, name.folded, now.as_microsecond(), how == Enrol::NewBarred])?;
                    PersonId(t.last_insert_rowid())
                }
            };
            let ids = templates.iter().enumerate().map(|(at, new)| store_one(t, rotations, person, at + 1, new, now));
            Ok(Enrolled { person, templates: ids.collect::<Result<_, _>>()? })
        })?;
        Ok(enrolled)
    }

    /// Gives a person another name.
    ///
    /// # Errors
    /// Nobody is called `name`, or somebody else is called `to`.
    pub fn rename(&mut self, name: &str, to: &str) -> Result<PersonId, GalleryError> {
        let (name, to) = (Name::read(name)?, Name::read(to)?);
        let (person, _) = self.change(|t, _| {
            let person = find(t, &name)?.ok_or(Stop::No(GalleryError::Nobody { name: name.shown }))?;
            if find(t, &to)?.is_some_and(|other| other != person) {
                return Err(Stop::No(GalleryError::NameTaken { name: to.shown }));
            }
            t.execute("UPDATE person SET name = ?1, folded = ?2 WHERE id = ?3", params![to.shown, to.folded, person.0])?;
            Ok(person)
        })?;
        Ok(person)
    }

    /// Removes a person and all their templates, and overwrites what was stored of them.
    ///
    /// # Errors
    /// Nobody is called so.
    pub fn remove(&mut self, name: &str) -> Result<Removed, GalleryError> {
        let name = Name::read(name)?;
        let ((person, templates), is_erased) = self.change(|t, _| {
            let person = find(t, &name)?.ok_or(Stop::No(GalleryError::Nobody { name: name.shown }))?;
            let templates = t.execute("DELETE FROM template WHERE person = ?1", [person.0])?;
            t.execute("DELETE FROM person WHERE id = ?1", [person.0])?;
            Ok((person, templates))
        })?;
        Ok(Removed { person, templates, is_erased })
    }

    /// Gives the gallery a new secret and turns all templates anew: copies of the old file are alike to nothing any more. Nobody needs a
    /// new enrolment. Returns how many templates were turned.
    ///
    /// # Errors
    /// No random numbers, a damaged template, a full disk: then all stays as it was.
    pub fn renew_rotation(&mut self) -> Result<usize, GalleryError> {
        let seed = new_seed()?;
        let (turned, _) = self.change(|t, _| {
            let (mut old, mut new) = (Rotations::default(), Rotations::default());
            let old_seed = people::seed(t)?;
            let mut numbers = Vec::new();
            let mut update = t.prepare("UPDATE template SET turned = ?1 WHERE id = ?2")?;
            let mut ids = t.prepare("SELECT id FROM template")?;
            let ids = ids.query_map([], |row| row.get(0))?.collect::<Result<Vec<i64>, _>>()?;
            for id in &ids {
                t.query_row("SELECT turned FROM template WHERE id = ?1", [id], |row| {
                    people::numbers(row.get_ref(0)?.as_blob()?, &mut numbers);
                    Ok(())
                })?;
                let plain = old.of(old_seed, numbers.len()).turn_back(&numbers);
                let plain = plain.and_then(|plain| Embedding::normalised(plain.values()).ok());
                match plain.and_then(|plain| new.of(seed, plain.dimension()).turn(&plain)) {
                    Some(turned) => update.execute(params![bytes(turned.values()), id])?,
                    None => return Err(Stop::No(people::damaged(t, format!("template {id} is no unit vector")))),
                };
            }
            t.execute("UPDATE secret SET seed = ?1", [seed])?;
            Ok(ids.len())
        })?;
        Ok(turned)
    }
}

fn store_one(
    c: &Connection,
    rotations: &mut Rotations,
    person: PersonId,
    position: usize,
    new: &NewTemplate<'_>,
    now: Timestamp,
) -> Result<TemplateId, Stop<GalleryError>> {
    let NewTemplate { embedding, model, quality } = new;
    if !quality.is_finite() {
        return Err(Stop::No(GalleryError::Quality { position, quality: *quality }));
    }
    let found = embedding.dimension();
    let expected =
        c.query_row("SELECT dimension FROM template WHERE model = ?1 LIMIT 1", [model.0], |row| row.get::<_, u16>(0)).optional()?;
    let misfit = |expected| Stop::No(GalleryError::Dimension { position, model: *model, found, expected });
    if let Some(expected) = expected.map(usize::from).filter(|expected| *expected != found) {
        return Err(misfit(expected));
    }
    let turned = rotations.of(people::seed(c)?, found).turn(embedding).ok_or_else(|| misfit(found))?;
    c.execute(
        "INSERT INTO template (person, model, dimension, turned, quality, created_us) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![person.0, model.0, found as i64, bytes(turned.values()), f64::from(*quality), now.as_microsecond()],
    )?;
    Ok(TemplateId(c.last_insert_rowid()))
}

fn bytes(numbers: &[f32]) -> Vec<u8> {
    numbers.iter().flat_map(|v| v.to_le_bytes()).collect()
}
