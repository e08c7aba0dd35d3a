use super::*;
use crate::config::Config;
use crate::service::Site;
use crate::units::Moment;
use std::cell::Cell;
use std::sync::Arc;

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn setting() -> Setting {
    let site = Site { config: Config::default(), data_dir: PathBuf::new(), model_dirs: vec![repository("models")] };
    Setting { threads: 2, ..Setting::of(&site, Arc::new(|| Moment::START), false).unwrap() }
}

#[test]
fn pictures_come_back_in_their_order_and_what_fails_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let grey = dir.path().join("grey.png");
    image::RgbImage::from_pixel(320, 240, image::Rgb([90; 3])).save(&grey).unwrap();
    let mut jobs: Vec<Job> = [1, 2].map(|n| Job::still(repository(&format!("models/faces/person-{n}/shot-1.jpg")))).to_vec();
    jobs.push(Job { frame: Some(3), ..jobs[0].clone() });
    jobs.push(Job::still(&grey));
    jobs.push(Job::still(dir.path().join("missing.jpg")));
    let keep = Keep { dir: dir.path().join("evaluation"), for_next_time: true };
    let heard = Cell::new(0);
    let first = encode(&setting(), &jobs, Some(&keep), &|done| heard.set(done)).unwrap();
    assert_eq!((heard.get(), first.found, first.failures()), (5, 0, 2));
    let embedding = |n: usize| &first.samples[n].as_ref().unwrap().embedding;
    let (own, other) = (embedding(0).similarity(embedding(2)).0, embedding(0).similarity(embedding(1)).0);
    assert!(own > 0.9 && own < 0.999_999 && other < own, "the moved frame is the same face: {own} {other}");
    assert_eq!(first.samples[3], Err(Failure::NoFace));
    assert!(matches!(&first.samples[4], Err(Failure::Unread(why)) if why.contains("missing.jpg")));
    // Again: everything that could be read is known, and comes back bit by bit.
    let again = encode(&setting(), &jobs, Some(&keep), &|_| {}).unwrap();
    assert_eq!(again.found, 4);
    for (a, b) in first.samples.iter().zip(&again.samples) {
        match (a, b) {
            (Ok(a), Ok(b)) => assert!(a.embedding.similarity(&b.embedding).0 > 0.999_999),
            (a, b) => assert_eq!(a, b),
        }
    }
}

#[test]
fn aligned_crops_go_to_the_encoder_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let crop = dir.path().join("crop.png");
    image::RgbImage::from_fn(112, 112, |x, y| image::Rgb([(x * 2) as u8, (y * 2) as u8, ((x * y) % 255) as u8])).save(&crop).unwrap();
    let jobs = [Job::still(&crop), Job::still(repository("models/faces/person-1/shot-1.jpg"))];
    let found = encode(&Setting { is_aligned: true, ..setting() }, &jobs, None, &|_| {}).unwrap();
    let sample = found.samples[0].as_ref().unwrap();
    assert_eq!(Some(sample.embedding.dimension()), found.encoder.dimension);
    assert!(matches!(&found.samples[1], Err(Failure::Refused(why)) if why.contains("640x480") && why.contains("112x112")));
}
