use super::*;
use crate::calibration::Metric;
use crate::units::{Embedding, PersonId, Tau};

const MODEL: Digest = Digest([1; 32]);

fn now() -> jiff::Timestamp {
    "2026-11-24T05:55:13Z".parse().unwrap()
}

fn face(seed: u32) -> Embedding {
    let numbers: Vec<f32> = (0..128u32).map(|i| (seed as f32 * 7.3 + (i * i + seed * i) as f32 * 0.61).sin()).collect();
    Embedding::normalised(&numbers).unwrap()
}

fn enrol(gallery: &mut Gallery, name: &str, seed: u32) -> Result<Enrolled, GalleryError> {
    gallery.enrol(name, &[NewTemplate { embedding: &face(seed), model: MODEL, quality: 0.9 }], Enrol::NewPerson, now())
}

#[test]
fn a_full_disk_during_enrolment_leaves_the_gallery_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let mut gallery = Gallery::open(&folder.path().join("gallery.db")).unwrap();
    enrol(&mut gallery, "Ann", 1).unwrap();
    // SQLite answers SQLITE_FULL as it does when the disk itself is full.
    gallery.store.settings("PRAGMA max_page_count=12").unwrap();
    let before = (gallery.people().unwrap(), gallery.changes().unwrap());
    let templates: Vec<Embedding> = (0..200).map(face).collect();
    let templates: Vec<_> = templates.iter().map(|embedding| NewTemplate { embedding, model: MODEL, quality: 0.5 }).collect();
    let refused = gallery.enrol("Bob", &templates, Enrol::NewPerson, now()).unwrap_err();
    assert!(matches!(refused, GalleryError::Store(StoreError::Full { .. })), "{refused}");
    assert!(refused.to_string().contains("nothing in it was changed"), "{refused}");
    assert_eq!((gallery.people().unwrap(), gallery.changes().unwrap()), before);
    let best = gallery.index(&MODEL, &Metric::Cosine).unwrap().search(&face(1)).best.unwrap();
    assert_eq!(best.person, PersonId(1));
}

#[test]
fn a_template_that_was_altered_is_damage_and_not_somebody_else() {
    let folder = tempfile::tempdir().unwrap();
    let mut gallery = Gallery::open(&folder.path().join("gallery.db")).unwrap();
    enrol(&mut gallery, "Ann", 1).unwrap();
    for turned in ["zeroblob(512)", "randomblob(512)", "x'0000C07F' || zeroblob(508)"] {
        gallery.store.settings(&format!("UPDATE template SET turned = CAST({turned} AS BLOB)")).unwrap();
        let refused = gallery.index(&MODEL, &Metric::Cosine).err().unwrap();
        assert!(matches!(refused, GalleryError::Store(StoreError::Damaged { .. })), "{turned}: {refused}");
        assert!(gallery.renew_rotation().is_err() || turned == "randomblob(512)", "{turned}");
    }
}

#[test]
fn the_file_says_that_it_is_ours() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gallery.db");
    drop(Gallery::open(&path).unwrap());
    let bytes = std::fs::read(&path).unwrap();
    assert_eq!(&bytes[68..72], b"fgGa"); // sqlite.org/fileformat2.html: the application id
    assert_eq!(&bytes[60..64], [0, 0, 0, 2]); // and the user version
}

/// A gallery as the first version of its file had it: nobody was barred then.
#[test]
fn an_older_gallery_is_brought_up_to_date_and_keeps_its_people() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gallery.db");
    let mut gallery = Gallery::open(&path).unwrap();
    enrol(&mut gallery, "Ann", 1).unwrap();
    drop(gallery);
    let older = rusqlite::Connection::open(&path).unwrap();
    older.execute_batch("ALTER TABLE person DROP COLUMN barred; PRAGMA user_version = 1").unwrap();
    drop(older);
    let mut gallery = Gallery::open(&path).unwrap();
    let ann = gallery.person("ann").unwrap();
    assert!(!ann.is_barred && ann.templates.len() == 1);
    assert_eq!(
        gallery.index(&Digest([1; 32]), &Metric::Cosine).unwrap().k_that_opens(),
        gallery.index(&Digest([1; 32]), &Metric::Cosine).unwrap().k()
    );
}

#[test]
fn whoever_is_barred_is_found_and_does_not_count_as_one_who_may_enter() {
    let folder = tempfile::tempdir().unwrap();
    let mut gallery = Gallery::open(&folder.path().join("gallery.db")).unwrap();
    enrol(&mut gallery, "Ann", 1).unwrap();
    let model = gallery.people().unwrap()[0].templates[0].model;
    let template = NewTemplate { embedding: &face(2), model, quality: 1.0 };
    let bob = gallery.enrol("Bob", &[template.clone(), template.clone()], Enrol::NewBarred, now()).unwrap().person;
    assert!(matches!(gallery.enrol("bob", &[template], Enrol::NewBarred, now()), Err(GalleryError::NameTaken { .. })));
    assert!(gallery.person("Bob").unwrap().is_barred && !gallery.person("Ann").unwrap().is_barred);
    let index = gallery.index(&model, &Metric::Cosine).unwrap();
    let best = index.search(&face(2)).best.unwrap();
    assert!(best.person == bob && best.is_barred);
    assert!(!index.search(&face(1)).best.unwrap().is_barred);
    assert_eq!((index.k(), index.k_that_opens()), (3, 1));
}

#[test]
fn people_who_are_too_much_alike_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let mut gallery = Gallery::open(&folder.path().join("gallery.db")).unwrap();
    let [ann, _, twin] = [("Ann", 1), ("Bob", 2), ("Ann's twin", 1)].map(|(name, seed)| enrol(&mut gallery, name, seed).unwrap().person);
    let model = gallery.people().unwrap()[0].templates[0].model;
    let index = gallery.index(&model, &Metric::Cosine).unwrap();
    let found = index.conflicts(Tau(0.9));
    assert_eq!(found.iter().map(|c| (c.one, c.other)).collect::<Vec<_>>(), [(ann, twin)]);
    assert!((found[0].similarity.0 - 1.0).abs() < 1e-4);
    assert_eq!(index.conflicts(Tau(-1.0)).len(), 3);
    assert_eq!(index.conflicts(Tau(f32::NAN)), [], "without a threshold nobody is taken for anybody");
}
