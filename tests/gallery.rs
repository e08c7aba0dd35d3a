//! The gallery keeps people and their templates, and nothing is lost or mixed up.

use facegate::calibration::Metric;
use facegate::gallery::{Enrol, Enrolled, Gallery, GalleryError, NewTemplate, Removed, StoreError};
use facegate::units::{Digest, Embedding, PersonId, TemplateId};
use std::path::{Path, PathBuf};

const MODEL: Digest = Digest([1; 32]);
const OTHER_MODEL: Digest = Digest([2; 32]);

fn now() -> jiff::Timestamp {
    "2026-11-24T05:55:13.25Z".parse().unwrap()
}

fn face_of(dimension: u32, seed: u32) -> Embedding {
    let numbers: Vec<f32> = (0..dimension).map(|i| (seed as f32 * 7.3 + (i * i + seed * i) as f32 * 0.61).sin()).collect();
    Embedding::normalised(&numbers).unwrap()
}

fn face(seed: u32) -> Embedding {
    face_of(128, seed)
}

fn template(embedding: &Embedding, model: Digest) -> NewTemplate<'_> {
    NewTemplate { embedding, model, quality: 0.75 }
}

fn enrol(gallery: &mut Gallery, name: &str, seed: u32) -> Result<Enrolled, GalleryError> {
    gallery.enrol(name, &[template(&face(seed), MODEL)], Enrol::NewPerson, now())
}

fn open() -> (tempfile::TempDir, PathBuf, Gallery) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gallery.db");
    let gallery = Gallery::open(&path).unwrap();
    (folder, path, gallery)
}

fn who(gallery: &mut Gallery, probe: &Embedding) -> (PersonId, f32) {
    let best = gallery.index(&MODEL, &Metric::Cosine).unwrap().search(probe).best.unwrap();
    (best.person, best.similarity.0)
}

#[test]
fn people_are_still_known_after_the_file_was_closed() {
    let (_folder, path, mut gallery) = open();
    let ann = enrol(&mut gallery, "Ann", 1).unwrap();
    let bob = enrol(&mut gallery, " Bob ", 2).unwrap();
    let (second, third) = (face(3), face(4));
    let more = gallery.enrol("ANN", &[template(&second, MODEL), template(&third, MODEL)], Enrol::AddTo, now()).unwrap();
    assert_eq!((more.person, more.templates), (ann.person, vec![TemplateId(3), TemplateId(4)]));
    drop(gallery);

    let mut gallery = Gallery::open(&path).unwrap();
    let people = gallery.people().unwrap();
    assert_eq!(people.iter().map(|p| (p.id, p.name.as_str())).collect::<Vec<_>>(), [(ann.person, "Ann"), (bob.person, "Bob")]);
    assert_eq!(people[0].templates.iter().map(|t| t.id).collect::<Vec<_>>(), [TemplateId(1), TemplateId(3), TemplateId(4)]);
    let kept = &people[1].templates[0];
    assert_eq!((kept.model, kept.dimension, kept.quality, kept.created_at, people[1].created_at), (MODEL, 128, 0.75, now(), now()));
    assert_eq!(gallery.person("bob").unwrap(), people[1]);
    assert_eq!(gallery.person_by_id(bob.person).unwrap().as_ref(), Some(&people[1]));
    assert_eq!(gallery.person_by_id(PersonId(99)).unwrap(), None);

    let ranking = gallery.index(&MODEL, &Metric::Cosine).unwrap().search(&face(4));
    assert_eq!((ranking.best.unwrap().person, ranking.best.unwrap().template, ranking.k), (ann.person, TemplateId(4), 4));
    assert!((ranking.best.unwrap().similarity.0 - 1.0).abs() < 1e-5);
    let other = ranking.other.unwrap();
    assert_eq!(other.person, bob.person);
    assert!((other.similarity.0 - face(4).similarity(&face(2)).0).abs() < 1e-5, "the rotation changes no cosine");
}

#[test]
fn templates_of_another_encoder_never_match() {
    let (_folder, _, mut gallery) = open();
    enrol(&mut gallery, "Ann", 1).unwrap();
    let same = face(1);
    let bob = gallery.enrol("Bob", &[template(&same, OTHER_MODEL)], Enrol::NewPerson, now()).unwrap();
    let wide = face_of(512, 1);
    let third_model = Digest([3; 32]);
    gallery.enrol("Ann", &[template(&wide, third_model)], Enrol::AddTo, now()).unwrap();

    let index = gallery.index(&OTHER_MODEL, &Metric::Cosine).unwrap();
    let ranking = index.search(&same);
    assert_eq!((ranking.best.unwrap().person, ranking.other, ranking.k), (bob.person, None, 1));
    assert_eq!(index.people_needing_enrolment().iter().map(|p| p.name.as_str()).collect::<Vec<_>>(), ["Ann"]);
    let index = gallery.index(&third_model, &Metric::Cosine).unwrap();
    assert_eq!((index.k(), index.search(&same).k, index.search(&wide).k), (1, 0, 1));
    assert_eq!(index.people_needing_enrolment().iter().map(|p| p.name.as_str()).collect::<Vec<_>>(), ["Bob"]);
    let nobody = gallery.index(&Digest([4; 32]), &Metric::Cosine).unwrap();
    assert_eq!((nobody.k(), nobody.people_needing_enrolment().len(), nobody.search(&same).best), (0, 2, None));
}

#[test]
fn who_is_removed_elsewhere_is_gone_from_the_next_index() {
    let (_folder, path, mut here) = open();
    let ann = enrol(&mut here, "Ann", 1).unwrap();
    let mut there = Gallery::open(&path).unwrap();
    let before = here.changes().unwrap();
    assert_eq!(here.changes().unwrap(), before);

    enrol(&mut there, "Bob", 2).unwrap();
    let with_bob = here.changes().unwrap();
    assert_ne!(with_bob, before);
    assert!(who(&mut here, &face(2)).1 > 0.999);

    assert_eq!(there.remove("ann").unwrap(), Removed { person: ann.person, templates: 1, is_erased: true });
    assert_ne!(here.changes().unwrap(), with_bob);
    assert!(who(&mut here, &face(1)).1 < 0.9);

    let own = here.changes().unwrap();
    here.rename("Bob", "Robert").unwrap();
    assert_ne!(here.changes().unwrap(), own, "own changes count too");
}

#[test]
fn a_number_is_never_given_again() {
    let (_folder, path, mut gallery) = open();
    let ann = enrol(&mut gallery, "Ann", 1).unwrap();
    gallery.remove("Ann").unwrap();
    drop(gallery);
    let again = enrol(&mut Gallery::open(&path).unwrap(), "Ann", 1).unwrap();
    assert!(again.person > ann.person && again.templates[0] > ann.templates[0]);
}

#[test]
fn a_taken_name_says_how_to_add_a_picture() {
    let (_folder, _, mut gallery) = open();
    enrol(&mut gallery, "Ann  Lee", 1).unwrap();
    let taken = enrol(&mut gallery, " ann lee", 2).unwrap_err();
    assert!(matches!(&taken, GalleryError::NameTaken { .. }) && taken.to_string().contains("--add"), "{taken}");
    enrol(&mut gallery, "Bob", 2).unwrap();
    assert!(matches!(gallery.rename("Bob", "ANN LEE"), Err(GalleryError::NameTaken { .. })));
    gallery.rename("ann lee", "ANN LEE").unwrap(); // the same person in another case
    assert_eq!(gallery.people().unwrap().iter().map(|p| p.name.as_str()).collect::<Vec<_>>(), ["ANN LEE", "Bob"]);
}

#[test]
fn nobody_is_nobody() {
    let (_folder, _, mut gallery) = open();
    let face = face(1);
    for refused in [
        gallery.person("Eve").map(drop),
        gallery.remove("Eve").map(drop),
        gallery.rename("Eve", "Ann").map(drop),
        gallery.enrol("Eve", &[template(&face, MODEL)], Enrol::AddTo, now()).map(drop),
    ] {
        assert!(matches!(refused, Err(GalleryError::Nobody { .. })), "{refused:?}");
    }
}

#[test]
fn what_cant_be_enrolled_leaves_nothing_behind() {
    let (_folder, _, mut gallery) = open();
    enrol(&mut gallery, "Ann", 1).unwrap();
    let (fits, wide) = (face(2), face_of(512, 2));
    let blurred = NewTemplate { embedding: &fits, model: MODEL, quality: f32::NAN };
    for (name, templates) in [
        ("Bob", vec![]),
        ("Bob", vec![template(&fits, MODEL), template(&wide, MODEL)]),
        ("Bob", vec![template(&fits, MODEL), blurred]),
        ("B\nob", vec![template(&fits, MODEL)]),
        (&"x".repeat(10_000), vec![template(&fits, MODEL)]),
        ("  ", vec![template(&fits, MODEL)]),
    ] {
        gallery.enrol(name, &templates, Enrol::NewPerson, now()).unwrap_err();
        assert_eq!(gallery.people().unwrap().len(), 1);
    }
    let refused = gallery.enrol("Bob", &[template(&wide, MODEL)], Enrol::NewPerson, now()).unwrap_err().to_string();
    assert!(refused.contains("512") && refused.contains("128"), "says both sides: {refused}");
    gallery.enrol("👩‍🚒 Zoë", &[template(&fits, MODEL)], Enrol::NewPerson, now()).unwrap();
    assert_eq!(gallery.person("👩‍🚒 ZOË").unwrap().name, "👩‍🚒 Zoë");
}

/// The rows of the file as another program sees them: template number and bytes.
fn stored(path: &Path) -> Vec<(i64, Vec<u8>)> {
    let other = rusqlite::Connection::open(path).unwrap();
    let mut rows = other.prepare("SELECT id, turned FROM template ORDER BY id").unwrap();
    rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
}

/// Whether `bytes` are anywhere in the gallery's files.
fn is_on_disk(path: &Path, bytes: &[u8]) -> bool {
    std::fs::read_dir(path.parent().unwrap())
        .unwrap()
        .any(|file| std::fs::read(file.unwrap().path()).unwrap().windows(bytes.len()).any(|window| window == bytes))
}

#[test]
fn what_is_stored_is_no_plain_embedding() {
    let (_folder, path, mut gallery) = open();
    enrol(&mut gallery, "Ann", 1).unwrap();
    let (_other_folder, other_path, mut other) = open();
    enrol(&mut other, "Ann", 1).unwrap();
    let plain: Vec<u8> = face(1).values().iter().flat_map(|v| v.to_le_bytes()).collect();
    assert!(!is_on_disk(&path, &plain[..64]));
    assert_ne!(stored(&path), stored(&other_path), "each gallery has a rotation of its own");
}

#[test]
fn who_is_removed_leaves_no_bytes() {
    let (_folder, path, mut gallery) = open();
    enrol(&mut gallery, "Ann", 1).unwrap();
    enrol(&mut gallery, "Bartholomew", 2).unwrap();
    let gone = stored(&path)[1].1.clone();
    assert!(is_on_disk(&path, &gone[..32]) && is_on_disk(&path, b"Bartholomew"));
    assert!(gallery.remove("Bartholomew").unwrap().is_erased);
    assert!(!is_on_disk(&path, &gone[..32]) && !is_on_disk(&path, b"Bartholomew") && !is_on_disk(&path, b"bartholomew"));
    assert!(who(&mut gallery, &face(1)).1 > 0.999);
}

#[test]
fn a_new_rotation_renews_all_templates_and_needs_no_enrolment() {
    let (_folder, path, mut gallery) = open();
    enrol(&mut gallery, "Ann", 1).unwrap();
    let wide = face_of(512, 5);
    gallery.enrol("Bob", &[template(&wide, OTHER_MODEL)], Enrol::NewPerson, now()).unwrap();
    let mut elsewhere = Gallery::open(&path).unwrap();
    let held = elsewhere.index(&MODEL, &Metric::Cosine).unwrap();
    let (old, before) = (stored(&path), elsewhere.changes().unwrap());

    assert_eq!(gallery.renew_rotation().unwrap(), 2);
    let new = stored(&path);
    assert!(old.iter().zip(&new).all(|(a, b)| a.0 == b.0 && a.1 != b.1));
    assert!(!is_on_disk(&path, &old[0].1[..32]));
    assert_ne!(elsewhere.changes().unwrap(), before);
    let probe = face(9);
    for index in [held, elsewhere.index(&MODEL, &Metric::Cosine).unwrap(), gallery.index(&MODEL, &Metric::Cosine).unwrap()] {
        assert!((index.search(&probe).best.unwrap().similarity.0 - face(1).similarity(&probe).0).abs() < 1e-5);
    }
    assert!((gallery.index(&OTHER_MODEL, &Metric::Cosine).unwrap().search(&wide).best.unwrap().similarity.0 - 1.0).abs() < 1e-5);
}

#[test]
fn a_file_that_is_no_gallery_is_refused_and_left_as_it_is() {
    let (folder, _, _) = open();
    let path = folder.path().join("audit.db");
    drop(facegate::audit::Audit::open(&path, 1 << 20).unwrap());
    let bytes = std::fs::read(&path).unwrap();
    let refused = Gallery::open(&path).err().unwrap();
    assert!(matches!(refused, GalleryError::Store(StoreError::NotOurs { .. })), "{refused}");
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
}

#[test]
fn two_processes_may_enrol_at_once() {
    let (_folder, path, mut gallery) = open();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let path = &path;
            scope.spawn(move || {
                let mut gallery = Gallery::open(path).unwrap();
                (0..5).for_each(|n| drop(enrol(&mut gallery, &format!("Person {thread}-{n}"), thread * 5 + n).unwrap()));
            });
        }
    });
    assert_eq!(gallery.people().unwrap().len(), 20);
    assert_eq!(gallery.index(&MODEL, &Metric::Cosine).unwrap().k(), 20);
}
