//! Reading people and their templates from the file.

use super::name::Name;
use super::rotation::Seed;
use super::{Gallery, GalleryError, Stop};
use crate::store::StoreError;
use crate::units::{Digest, PersonId, TemplateId};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row};

/// Somebody whom the gate knows.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    pub id: PersonId,
    pub name: String,
    /// Known so as not to be mistaken for somebody else, and never let in.
    pub is_barred: bool,
    /// When they were first enrolled.
    pub created_at: Timestamp,
    /// Oldest first.
    pub templates: Vec<Template>,
}

/// What is known of a template; its numbers stay in the gallery.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    pub id: TemplateId,
    /// The encoder that made it.
    pub model: Digest,
    pub dimension: usize,
    /// Of the picture, as the enrolment judged it.
    pub quality: f32,
    pub created_at: Timestamp,
}

impl Gallery {
    /// Everybody, in the order of enrolment.
    ///
    /// # Errors
    /// The file can't be read, or is damaged.
    pub fn people(&mut self) -> Result<Vec<Person>, GalleryError> {
        self.store.read(|t| list(t))
    }

    /// Who is called so (case makes no difference).
    ///
    /// # Errors
    /// Nobody is, or it is no name.
    pub fn person(&mut self, name: &str) -> Result<Person, GalleryError> {
        let name = Name::read(name)?;
        self.store.read(|t| {
            let id = find(t, &name)?.ok_or(Stop::No(GalleryError::Nobody { name: name.shown }))?;
            one(t, id)?.ok_or_else(|| Stop::No(damaged(t, format!("person {} is there and isn't", id.0))))
        })
    }

    /// The person of this number; `None` where they were removed, or never were.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn person_by_id(&mut self, id: PersonId) -> Result<Option<Person>, GalleryError> {
        self.store.read(|t| one(t, id))
    }
}

pub(super) fn find(c: &Connection, name: &Name) -> rusqlite::Result<Option<PersonId>> {
    c.query_row("SELECT id FROM person WHERE folded = ?1", [&name.folded], |row| row.get(0).map(PersonId)).optional()
}

pub(super) fn seed(c: &Connection) -> rusqlite::Result<Seed> {
    c.query_row("SELECT seed FROM secret", [], |row| row.get(0))
}

/// Little-endian f32, as templates are stored; what is left over is dropped (the table checks the length).
pub(super) fn numbers(blob: &[u8], to: &mut Vec<f32>) {
    to.clear();
    to.extend(blob.as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four)));
}

pub(super) fn list(c: &Connection) -> Result<Vec<Person>, Stop<GalleryError>> {
    let mut people = Vec::new();
    let mut statement = c.prepare("SELECT id, name, created_us, barred FROM person ORDER BY id")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        people.push(person(c, row)?);
    }
    let mut statement = c.prepare("SELECT id, model, dimension, quality, created_us, person FROM template ORDER BY person, id")?;
    let mut rows = statement.query([])?;
    let mut at = 0;
    while let Some(row) = rows.next()? {
        let owner = PersonId(row.get(5)?);
        while people.get(at).is_some_and(|p| p.id < owner) {
            at += 1;
        }
        match people.get_mut(at) {
            Some(person) if person.id == owner => person.templates.push(template(c, row)?),
            _ => return Err(Stop::No(damaged(c, format!("there are templates of person {}, who isn't there", owner.0)))),
        }
    }
    Ok(people)
}

fn one(c: &Connection, id: PersonId) -> Result<Option<Person>, Stop<GalleryError>> {
    let mut statement = c.prepare("SELECT id, name, created_us, barred FROM person WHERE id = ?1")?;
    let mut rows = statement.query([id.0])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let mut person = person(c, row)?;
    let mut statement = c.prepare("SELECT id, model, dimension, quality, created_us FROM template WHERE person = ?1 ORDER BY id")?;
    let mut rows = statement.query([id.0])?;
    while let Some(row) = rows.next()? {
        person.templates.push(template(c, row)?);
    }
    Ok(Some(person))
}

fn person(c: &Connection, row: &Row<'_>) -> Result<Person, Stop<GalleryError>> {
    Ok(Person {
        id: PersonId(row.get(0)?),
        name: row.get(1)?,
        is_barred: row.get(3)?,
        created_at: time(c, row.get(2)?)?,
        templates: Vec::new(),
    })
}

fn template(c: &Connection, row: &Row<'_>) -> Result<Template, Stop<GalleryError>> {
    Ok(Template {
        id: TemplateId(row.get(0)?),
        model: Digest(row.get(1)?),
        dimension: usize::from(row.get::<_, u16>(2)?),
        quality: row.get(3)?,
        created_at: time(c, row.get(4)?)?,
    })
}

fn time(c: &Connection, us: i64) -> Result<Timestamp, Stop<GalleryError>> {
    Timestamp::from_microsecond(us).map_err(|e| Stop::No(damaged(c, e.to_string())))
}

pub(super) fn damaged(c: &Connection, found: String) -> GalleryError {
    StoreError::Damaged { what: super::KIND.what, path: c.path().unwrap_or_default().into(), found }.into()
}
