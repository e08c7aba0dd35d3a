use super::*;
use crate::units::{Embedding, PersonId};

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
    let best = gallery.index(&MODEL).unwrap().search(&face(1)).best.unwrap();
    assert_eq!(best.person, PersonId(1));
}

#[test]
fn a_template_that_was_altered_is_damage_and_not_somebody_else() {
    let folder = tempfile::tempdir().unwrap();
    let mut gallery = Gallery::open(&folder.path().join("gallery.db")).unwrap();
    enrol(&mut gallery, "Ann", 1).unwrap();
    for turned in ["zeroblob(512)", "randomblob(512)", "x'0000C07F' || zeroblob(508)"] {
        gallery.store.settings(&format!("UPDATE template SET turned = CAST({turned} AS BLOB)")).unwrap();
        let refused = gallery.index(&MODEL).err().unwrap();
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
    assert_eq!(&bytes[60..64], [0, 0, 0, 1]); // and the user version
}
