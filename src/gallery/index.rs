//! The templates of one encoder in memory, and the search through all of them.
//!
//! Exact: every template is compared with the probe, so the best *other* person is never missed. One contiguous matrix, a person's
//! templates one after the other: one pass over memory, and neither a map nor an allocation to tell the persons apart. They are compared by
//! the [`Metric`] that the index was made with.

mod scoring;

use super::kernel::dot;
use super::people::{self, Person};
use super::rotation::{Rotation, Rotations};
use super::{GalleryError, Stop};
use crate::calibration::Metric;
use crate::units::{Digest, Embedding, PersonId, Similarity, Tau, TemplateId};
use rusqlite::{OptionalExtension, Transaction};
use scoring::{Scoring, by_cohort, by_cosine, by_head};
use std::sync::Arc;

/// A person who might be the one, by the most alike of their templates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    pub person: PersonId,
    /// Of a mean, the first of its templates.
    pub template: TemplateId,
    /// By the index's metric; never NaN.
    pub similarity: Similarity,
    /// Whether this is somebody who is never let in.
    pub is_barred: bool,
}

/// Who is most alike, and who else.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Ranking {
    /// The most alike; of equals the person who was enrolled first.
    pub best: Option<Candidate>,
    /// The most alike of all *other* persons.
    pub other: Option<Candidate>,
    /// How many templates were compared.
    pub k: usize,
}

impl Ranking {
    /// Best person minus best other person, 0 to 2; `None` where there are no two to tell apart.
    pub fn margin(&self) -> Option<f32> {
        Some(self.best?.similarity.0 - self.other?.similarity.0)
    }
}

/// Two people who are too much alike.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Conflict {
    /// The one who was enrolled first.
    pub one: PersonId,
    pub other: PersonId,
    /// Of their two most alike templates.
    pub similarity: Similarity,
}

/// The templates of one encoder. Immutable; made by [`super::Gallery::index`] or a [`Builder`].
pub struct Index {
    model: Digest,
    /// `None` where there is no template.
    rotation: Option<Arc<Rotation>>,
    /// By number.
    persons: Vec<Rows>,
    templates: Vec<TemplateId>,
    /// Row-major, `templates.len()` x dimension, turned (for a head turned back).
    matrix: Vec<f32>,
    scoring: Scoring,
    without: Vec<Person>,
    /// Templates of people who are never let in.
    barred: usize,
}

/// One person's rows of the matrix.
struct Rows {
    person: PersonId,
    is_barred: bool,
    from: usize,
    to: usize,
}

impl Index {
    /// Who of all persons is most alike, and who else. Exact; allocates nothing. Empty where the probe's dimension is another.
    pub fn search(&self, probe: &Embedding) -> Ranking {
        let turned = || self.rotation.as_ref()?.turn(probe);
        let ranking = match &self.scoring {
            Scoring::Cosine => turned().map(|t| self.rank(by_cosine(t.values()))),
            Scoring::Normalised(cohort, rows) => turned().map(|t| self.rank(by_cohort(t.values(), cohort.against(probe), rows))),
            Scoring::Head(head) => self.takes(probe).then(|| self.rank(by_head(head, probe))),
            Scoring::Foreign => None,
        };
        ranking.unwrap_or_default()
    }

    fn rank(&self, score: impl Fn(usize, &[f32]) -> f32) -> Ranking {
        let mut ranking = Ranking { k: self.templates.len(), ..Ranking::default() };
        let above = |candidate: &Candidate, than: &Option<Candidate>| than.is_none_or(|than| candidate.similarity > than.similarity);
        for rows in &self.persons {
            let Some(candidate) = self.best_of(rows, &score) else { continue };
            if above(&candidate, &ranking.best) {
                ranking.other = ranking.best.replace(candidate);
            } else if above(&candidate, &ranking.other) {
                ranking.other = Some(candidate);
            }
        }
        ranking
    }

    /// How alike the probe is to this one person. `None` where the person has no template of this encoder, or the probe's dimension is another.
    pub fn verify(&self, person: PersonId, probe: &Embedding) -> Option<Candidate> {
        let at = self.persons.binary_search_by_key(&person, |rows| rows.person).ok()?;
        let rows = &self.persons[at];
        let turned = || self.rotation.as_ref()?.turn(probe);
        match &self.scoring {
            Scoring::Cosine => self.best_of(rows, &by_cosine(turned()?.values())),
            Scoring::Normalised(cohort, of) => self.best_of(rows, &by_cohort(turned()?.values(), cohort.against(probe), of)),
            Scoring::Head(head) => self.takes(probe).then(|| self.best_of(rows, &by_head(head, probe)))?,
            Scoring::Foreign => None,
        }
    }

    /// How many numbers a template has; 1 where there is none.
    fn dimension(&self) -> usize {
        self.rotation.as_ref().map_or(1, |r| r.dimension())
    }

    /// Whether there are templates of the probe's dimension.
    fn takes(&self, probe: &Embedding) -> bool {
        self.rotation.as_ref().is_some_and(|r| r.dimension() == probe.dimension())
    }

    /// The most alike of one person's templates; NaN is never it.
    fn best_of(&self, rows: &Rows, score: &impl Fn(usize, &[f32]) -> f32) -> Option<Candidate> {
        let dimension = self.dimension();
        let mut best = (f32::NEG_INFINITY, None);
        let matrix = self.matrix[rows.from * dimension..rows.to * dimension].chunks_exact(dimension);
        for (at, row) in (rows.from..rows.to).zip(matrix) {
            let similarity = score(at, row);
            if similarity > best.0 {
                best = (similarity, Some(self.templates[at]));
            }
        }
        Some(Candidate { person: rows.person, template: best.1?, similarity: Similarity(best.0), is_barred: rows.is_barred })
    }

    /// The same with one template a person, the mean of theirs; all of them where they cancel each other out.
    pub(super) fn of_means(self) -> Index {
        let dimension = self.dimension();
        let mut joined = Index { persons: vec![], templates: vec![], matrix: vec![], barred: 0, ..self };
        for rows in self.persons {
            let own = &self.matrix[rows.from * dimension..rows.to * dimension];
            let from = joined.templates.len();
            match Embedding::mean(own.chunks_exact(dimension).map(|row| (1.0, row))) {
                Some(mean) => {
                    joined.templates.push(self.templates[rows.from]);
                    joined.matrix.extend_from_slice(mean.values());
                }
                None => {
                    joined.templates.extend_from_slice(&self.templates[rows.from..rows.to]);
                    joined.matrix.extend_from_slice(own);
                }
            }
            let to = joined.templates.len();
            joined.barred += if rows.is_barred { to - from } else { 0 };
            joined.persons.push(Rows { from, to, ..rows });
        }
        joined
    }

    /// Whether a person has a template here.
    pub fn has(&self, person: PersonId) -> bool {
        self.persons.binary_search_by_key(&person, |rows| rows.person).is_ok()
    }

    /// How many templates are compared in a search: the K of 1:K.
    pub fn k(&self) -> usize {
        self.templates.len()
    }

    /// How many of them can open the door: those of people who are let in. By these a stranger could be mistaken for somebody.
    pub fn k_that_opens(&self) -> usize {
        self.k() - self.barred
    }

    /// Every two people whose most alike templates reach this similarity: the gate can't tell them apart. Most alike first.
    pub fn conflicts(&self, tau: Tau) -> Vec<Conflict> {
        let mut found = Vec::new();
        for (at, a) in self.persons.iter().enumerate() {
            for b in &self.persons[..at] {
                let pairs = (a.from..a.to).flat_map(|x| (b.from..b.to).map(move |y| (x, y)));
                let most = pairs.map(|(x, y)| self.between(x, y)).fold(f32::NEG_INFINITY, f32::max);
                if Similarity(most).reaches(tau) {
                    found.push(Conflict { one: b.person, other: a.person, similarity: Similarity(most) });
                }
            }
        }
        found.sort_by(|x, y| y.similarity.0.total_cmp(&x.similarity.0));
        found
    }

    /// The encoder whose templates these are.
    pub fn model(&self) -> &Digest {
        &self.model
    }

    /// People of the gallery who have no template of this encoder: they can't be recognised until they are enrolled again.
    pub fn people_needing_enrolment(&self) -> &[Person] {
        &self.without
    }
}

/// Builds an index without a gallery, for evaluation and benches.
pub struct Builder {
    index: Index,
    rotation: Arc<Rotation>,
}

impl Builder {
    /// An index without templates; they will be of this encoder and go through this rotation.
    pub fn new(model: Digest, rotation: Arc<Rotation>) -> Builder {
        let index = Index {
            model,
            rotation: None,
            persons: vec![],
            templates: vec![],
            matrix: vec![],
            scoring: Scoring::Cosine,
            without: vec![],
            barred: 0,
        };
        Builder { index, rotation }
    }

    /// Adds a template. Persons come by rising number, a person's templates together. `false`, and nothing added, where they don't or the
    /// dimension is another than the rotation's.
    pub fn add(&mut self, person: PersonId, template: TemplateId, embedding: &Embedding) -> bool {
        self.rotation.clone().turn(embedding).is_some_and(|turned| self.add_turned(person, template, turned.values()))
    }

    /// The same for a template that has been turned already.
    pub fn add_turned(&mut self, person: PersonId, template: TemplateId, turned: &[f32]) -> bool {
        let Index { persons, templates, matrix, rotation, .. } = &mut self.index;
        if turned.len() != self.rotation.dimension() {
            return false;
        }
        match persons.last_mut() {
            Some(last) if last.person > person => return false,
            Some(last) if last.person == person => last.to += 1,
            _ => persons.push(Rows { person, is_barred: false, from: templates.len(), to: templates.len() + 1 }),
        }
        templates.push(template);
        matrix.extend_from_slice(turned);
        rotation.get_or_insert_with(|| self.rotation.clone());
        true
    }

    /// The index, compared by cosines.
    pub fn build(self) -> Index {
        self.index
    }

    /// The index, compared by this metric; of another encoder's metric nobody is alike to anybody.
    pub fn build_by(self, metric: &Metric) -> Index {
        self.index.scored(metric)
    }
}

/// Takes one encoder's templates from the gallery, with the rotation that they went through: both of one state of the file.
pub(super) fn load(t: &Transaction<'_>, model: &Digest, rotations: &mut Rotations) -> Result<Index, Stop<GalleryError>> {
    let first = t.query_row("SELECT dimension FROM template WHERE model = ?1 LIMIT 1", [model.0], |row| row.get::<_, u16>(0)).optional()?;
    let rotation = rotations.of(people::seed(t)?, first.map_or(1, usize::from));
    let mut builder = Builder::new(*model, rotation);
    let mut numbers = Vec::with_capacity(Embedding::MOST);
    let mut rows = t.prepare_cached("SELECT person, id, turned FROM template WHERE model = ?1 ORDER BY person, id")?;
    let mut rows = rows.query([model.0])?;
    while let Some(row) = rows.next()? {
        let (person, template) = (PersonId(row.get(0)?), TemplateId(row.get(1)?));
        people::numbers(row.get_ref(2)?.as_blob().unwrap_or_default(), &mut numbers);
        let square: f64 = numbers.iter().map(|v| f64::from(*v) * f64::from(*v)).sum();
        // A length that isn't 1, NaN among it, was not written by us. `!(...)`: NaN is refused too.
        let is_unit = (square - 1.0).abs() < 1e-3;
        if !is_unit || !builder.add_turned(person, template, &numbers) {
            return Err(Stop::No(people::damaged(t, format!("template {} of person {} is no unit vector", template.0, person.0))));
        }
    }
    let mut index = builder.build();
    let people = people::list(t)?;
    for person in people.iter().filter(|p| p.is_barred) {
        if let Ok(at) = index.persons.binary_search_by_key(&person.id, |rows| rows.person) {
            index.persons[at].is_barred = true;
            index.barred += index.persons[at].to - index.persons[at].from;
        }
    }
    index.without = people.into_iter().filter(|p| p.templates.iter().all(|t| t.model != *model)).collect();
    Ok(index)
}

#[cfg(test)]
mod tests;
