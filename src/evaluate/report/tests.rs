use super::*;
use crate::evaluate::Sample;
use crate::evaluate::liveness::Series;
use crate::units::Embedding;

fn live(live: f32) -> Result<Sample, super::super::Failure> {
    Ok(Sample { embedding: Embedding::normalised(&[1.0]).unwrap(), sharpness: 1.0, live: Some(live) })
}

#[test]
fn a_page_stands_alone_and_escapes_what_comes_from_folders() {
    let real = Series { name: "real".into(), pictures: vec!["a.jpg".into()] };
    let spoof = Series { name: "<script>alert(1)</script>".into(), pictures: vec!["b.jpg".into()] };
    let (living, shown) = ([live(0.9), live(0.4), live(0.8)], [live(0.1), live(0.6)]);
    let found = Liveness::measure(0.5, (&real, &living), &[(&spoof, &shown)]).unwrap();
    let page = liveness(&found, "net").unwrap();
    assert!(page.contains("&lt;script&gt;") && !page.contains("<script"), "names are escaped, and there is no script");
    assert!(!page.contains("http://") || page.matches("http://").all(|_| page.contains("http://www.w3.org/2000/svg")));
    assert_eq!(page.matches("<svg").count(), 2);
    for unfit in ["#010101", "#030303", "NaN", "src=\"http", "href="] {
        assert!(!page.contains(unfit), "{unfit}");
    }
    assert!(page.contains("var(--genuine)") && page.contains("prefers-color-scheme: dark") && page.contains("@media print"));
}

#[test]
fn a_picture_becomes_a_small_one_inside_the_page() {
    let shot = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/faces/person-1/shot-1.jpg");
    let data = pictures::small(&shot).unwrap();
    assert!(data.starts_with("data:image/jpeg;base64,/9j/") && data.len() < 40_000, "{}", data.len());
    assert_eq!(pictures::small(Path::new("missing.jpg")), None);
}
