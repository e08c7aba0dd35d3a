//! The promise: being strict with damaged pictures costs no good one. Every fourth picture of Labeled Faces in the Wild that lies in `../shared`
//! is read; skipped, and said so, where that isn't there.

use facegate::camera::{PixelFormat, picture};
use std::path::Path;

#[test]
fn the_pictures_of_lfw_are_read() {
    let near = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().skip(1).take(3);
    let Some(people) = near.filter_map(|folder| std::fs::read_dir(folder.join("shared/faces/lfw")).ok()).next() else {
        eprintln!("skipped: ../shared/faces/lfw isn't there");
        return;
    };
    let folders = people.flatten().map(|entry| entry.path()).filter(|path| path.is_dir());
    let pictures: Vec<_> = folders.flat_map(|folder| picture::list(folder).unwrap()).step_by(4).collect();
    assert!(pictures.len() > 100, "{} pictures", pictures.len());
    for path in &pictures {
        let frame = picture::read(path).unwrap();
        assert!(frame.format == PixelFormat::Rgb && frame.width >= 150 && frame.height >= 150, "{}", path.display());
    }
}
