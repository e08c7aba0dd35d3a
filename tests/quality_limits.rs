//! Where comparisons begin to fail: pictures of many people are made worse step by step, and each is held against a clean picture of the
//! same person. The limits of `quality` stand where one in five fails of the comparisons that hold with clean pictures ([`LOST`]);
//! `docs/quality.md` has the figures. How far a face may be turned is measured apart (`models/training/faces/turned.py`).
//!
//! Runs on demand, for it takes minutes and pictures: FACEGATE_PEOPLE names a folder of people, PERSON/1.png and PERSON/2.png
//! (`models/training/faces/by_person.py` makes one; it isn't LFW, which is for measuring alone).

#[path = "support/shared.rs"]
mod shared;

use facegate::camera::{Frame, PixelFormat};
use facegate::config::Config;
use facegate::units::{Embedding, Similarity, Tau};
use facegate::vision::{Library, Limits, Options, Quality, Search, Vision};
use image::RgbImage;
use image::imageops::{FilterType, blur, resize};
use std::path::{Path, PathBuf};

const ENCODER: &str = "edgeface_xs";
/// Share of the comparisons that hold with clean pictures which may be lost at a limit: with one in five, three matches of five looks still
/// come in 94 visits of 100.
const LOST: f64 = 0.2;
/// Strangers that a picture is held against.
const STRANGERS: usize = 40;

#[derive(Clone, Copy, PartialEq)]
enum Worse {
    Not,
    Blurred(f32),
    Moved(usize),
    Smaller(f32),
    Lit(f32),
    LitAndNoisy(f32),
}

const ALL: [Worse; 24] = [
    Worse::Not,
    Worse::Blurred(1.0),
    Worse::Blurred(2.0),
    Worse::Blurred(3.0),
    Worse::Blurred(4.0),
    Worse::Moved(7),
    Worse::Moved(11),
    Worse::Moved(15),
    Worse::Smaller(0.6),
    Worse::Smaller(0.45),
    Worse::Smaller(0.3),
    Worse::Smaller(0.25),
    Worse::Lit(0.3),
    Worse::Lit(0.15),
    Worse::Lit(0.08),
    Worse::LitAndNoisy(0.3),
    Worse::LitAndNoisy(0.2),
    Worse::LitAndNoisy(0.15),
    Worse::LitAndNoisy(0.1),
    Worse::LitAndNoisy(0.07),
    Worse::Lit(2.0),
    Worse::Lit(2.5),
    Worse::Lit(3.0),
    Worse::Lit(4.0),
];

impl Worse {
    fn name(self) -> String {
        match self {
            Worse::Not => "nothing".into(),
            Worse::Blurred(sigma) => format!("Gaussian blur, sigma {sigma}"),
            Worse::Moved(pixels) => format!("motion over {pixels} pixels"),
            Worse::Smaller(share) => format!("{share} of the size"),
            Worse::Lit(share) => format!("{share} of the light"),
            Worse::LitAndNoisy(share) => format!("{share} of the light, noise of 4"),
        }
    }

    fn make(self, picture: &RgbImage) -> RgbImage {
        let lit = |share: f32| {
            let mut out = picture.clone();
            out.iter_mut().for_each(|v| *v = (f32::from(*v) * share).min(255.0) as u8);
            out
        };
        match self {
            Worse::Not => picture.clone(),
            Worse::Blurred(sigma) => blur(picture, sigma),
            Worse::Moved(pixels) => moved(picture, pixels as i64),
            Worse::Smaller(share) => {
                let side = |s: u32| (s as f32 * share).round() as u32;
                resize(picture, side(picture.width()), side(picture.height()), FilterType::Triangle)
            }
            Worse::Lit(share) => lit(share),
            Worse::LitAndNoisy(share) => noisy(lit(share), 4.0),
        }
    }
}

/// The mean over so many pixels to the side.
fn moved(picture: &RgbImage, pixels: i64) -> RgbImage {
    let last = i64::from(picture.width()) - 1;
    RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        let mut sums = [0u32; 3];
        for k in -(pixels / 2)..=pixels / 2 {
            let p = picture.get_pixel((i64::from(x) + k).clamp(0, last) as u32, y);
            sums.iter_mut().zip(p.0).for_each(|(sum, v)| *sum += u32::from(v));
        }
        image::Rgb(sums.map(|s| (s / pixels as u32) as u8))
    })
}

/// Noise of this deviation, the same in each run: sums of four even numbers are nearly normal.
fn noisy(mut picture: RgbImage, deviation: f32) -> RgbImage {
    let mut state = 1u32;
    let mut even = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223); // Numerical Recipes
        (state >> 8) as f32 / (1 << 24) as f32 - 0.5
    };
    for value in picture.iter_mut() {
        let noise = (0..4).map(|_| even()).sum::<f32>() * 3f32.sqrt() * deviation;
        *value = (f32::from(*value) + noise).clamp(0.0, 255.0) as u8;
    }
    picture
}

/// One picture that was made worse.
struct Sample {
    worse: Worse,
    /// None where no face was found in it.
    seen: Option<(Quality, f32, usize)>,
}

/// Sees what a camera's frames would be seen as, with no limit.
fn vision(shared: &Path) -> Vision {
    let mut options = Options::for_stills(&Config::default(), shared::no_time());
    options.search = Search::Frames { size: (184, 184), face_px: 85, input_width: None };
    options.encoder = Some(ENCODER.into());
    options.judge_liveness = false;
    let (none, any) = (0.0, f32::INFINITY);
    options.limits =
        Limits { min_face_px: none, min_sharpness: none, min_luma: none, max_luma: any, max_burnt: any, max_yaw: any, max_outside: any };
    Vision::open(&Library::open(&[shared.join("models")]).unwrap(), &options).unwrap()
}

fn look(vision: &mut Vision, picture: RgbImage) -> Option<(Quality, Embedding)> {
    let (width, height) = (picture.width(), picture.height());
    let look = vision.look(&Frame::new(PixelFormat::Rgb, width, height, picture.into_raw())).unwrap();
    let face = look.subject()?;
    Some((face.quality, face.embedding.clone()?))
}

fn sorted(dir: &Path) -> Vec<PathBuf> {
    let mut all: Vec<_> = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()).collect();
    all.sort();
    all
}

fn samples(shared: &Path, people: &Path) -> (Vec<Sample>, Tau) {
    let mut vision = vision(shared);
    let tau = vision.tau().unwrap();
    let read = |path: &PathBuf| {
        let frame = shared::picture(path);
        RgbImage::from_raw(frame.width, frame.height, frame.bytes().to_vec()).unwrap()
    };
    let people: Vec<Vec<PathBuf>> = sorted(people).iter().map(|dir| sorted(dir)).filter(|p| p.len() >= 2).collect();
    let clean: Vec<Option<Embedding>> = people.iter().map(|p| look(&mut vision, read(&p[0])).map(|(_, e)| e)).collect();
    let mut samples = Vec::new();
    for (n, pictures) in people.iter().enumerate() {
        let Some(own) = &clean[n] else { continue };
        let others: Vec<&Embedding> = (1..=STRANGERS).filter_map(|k| clean[(n + k) % people.len()].as_ref()).collect();
        let mut see = |worse: Worse, picture: &RgbImage| {
            let seen = look(&mut vision, worse.make(picture)).map(|(quality, embedding)| {
                let false_matches = others.iter().filter(|o| o.similarity(&embedding).reaches(tau)).count();
                (quality, own.similarity(&embedding).0, false_matches)
            });
            samples.push(Sample { worse, seen });
        };
        let second = read(&pictures[1]);
        ALL.iter().for_each(|worse| see(*worse, &second));
    }
    (samples, tau)
}

/// Share of genuine comparisons that fail, and of strangers' that match, in percent.
fn errors<'s>(of: impl Iterator<Item = &'s (Quality, f32, usize)> + Clone, tau: Tau) -> (usize, f64, f64) {
    let n = of.clone().count();
    let failing = of.clone().filter(|s| !Similarity(s.1).reaches(tau)).count();
    let matching: usize = of.map(|s| s.2).sum();
    let share = |k: usize, n: usize| if n == 0 { f64::NAN } else { 100.0 * k as f64 / n as f64 };
    (n, share(failing, n), share(matching, n * STRANGERS))
}

fn percentiles(mut values: Vec<f32>) -> String {
    values.sort_unstable_by(f32::total_cmp);
    let at = |share: f64| values.get(((values.len() as f64 - 1.0) * share).round() as usize).copied().unwrap_or(f32::NAN);
    format!("{:.1} / {:.1} / {:.1}", at(0.02), at(0.5), at(0.98))
}

/// A figure, the pictures in which it is what goes wrong, the edges of its classes, and its limit: classes below it are the bad ones, or
/// those above it.
struct Figure {
    name: &'static str,
    of: fn(&Quality) -> f32,
    in_question: fn(Worse) -> bool,
    edges: &'static [f32],
    limit: f32,
    is_least: bool,
}

fn figures(limits: &Limits) -> [Figure; 5] {
    let bright = |w| matches!(w, Worse::Not | Worse::Lit(1.0..));
    [
        Figure {
            name: "sharpness",
            of: |q| q.sharpness,
            in_question: |w| matches!(w, Worse::Not | Worse::Blurred(_) | Worse::Moved(_)),
            edges: &[0.0, 3.0, 5.0, 8.0, 12.0, 18.0, 27.0, 40.0, 60.0, 100.0, f32::MAX],
            limit: limits.min_sharpness,
            is_least: true,
        },
        Figure {
            name: "brightness in the dark",
            of: |q| q.luma,
            in_question: |w| matches!(w, Worse::LitAndNoisy(_)), // a sensor in the dark is noisy
            edges: &[0.0, 8.0, 10.0, 12.0, 15.0, 18.0, 22.0, 27.0, 40.0, 60.0, 256.0],
            limit: limits.min_luma,
            is_least: true,
        },
        Figure {
            name: "brightness in the light",
            of: |q| q.luma,
            in_question: bright,
            edges: &[0.0, 150.0, 200.0, 225.0, 235.0, 240.0, 245.0, 250.0, 256.0],
            limit: limits.max_luma,
            is_least: false,
        },
        Figure {
            name: "burnt out",
            of: |q| q.burnt,
            in_question: bright,
            edges: &[0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 1.1],
            limit: limits.max_burnt,
            is_least: false,
        },
        Figure {
            name: "width",
            of: |q| q.face_px,
            in_question: |w| matches!(w, Worse::Not | Worse::Smaller(_)),
            edges: &[0.0, 20.0, 24.0, 28.0, 33.0, 40.0, 50.0, 70.0, f32::MAX],
            limit: 0.0, // comparisons hold down to the least size at which faces are found: docs/quality.md
            is_least: true,
        },
    ]
}

#[test]
fn comparisons_fail_beyond_the_limits_and_not_before() {
    let Some(people) = std::env::var_os("FACEGATE_PEOPLE").map(PathBuf::from) else {
        println!("skipped: runs on demand, FACEGATE_PEOPLE names a folder of people");
        return;
    };
    let Some(shared) = shared::folder("where comparisons begin to fail") else { return };
    let (samples, tau) = samples(&shared, &people);
    println!("{ENCODER}, tau {}; n, not found, mean similarity, FNMR, FMR, sharpness, brightness (2nd / 50th / 98th percentile)", tau.0);
    for worse in ALL {
        let all: Vec<_> = samples.iter().filter(|s| s.worse == worse).collect();
        let seen: Vec<_> = all.iter().filter_map(|s| s.seen.as_ref()).collect();
        let (n, fnmr, fmr) = errors(seen.iter().copied(), tau);
        let mean = seen.iter().map(|s| s.1).sum::<f32>() / n as f32;
        let of = |figure: fn(&Quality) -> f32| percentiles(seen.iter().map(|s| figure(&s.0)).collect());
        let (sharpness, luma, lost) = (of(|q| q.sharpness), of(|q| q.luma), all.len() - n);
        println!("{} | {n} | {lost} | {mean:.3} | {fnmr:.1} | {fmr:.2} | {sharpness} | {luma}", worse.name());
    }
    let clean = errors(samples.iter().filter(|s| s.worse == Worse::Not).filter_map(|s| s.seen.as_ref()), tau).1;
    let most = 100.0 - (100.0 - clean) * (1.0 - LOST);
    println!("with clean pictures {clean:.1} % fail, so {most:.1} % may");
    let mut problems = Vec::new();
    for figure in figures(&Limits::for_entry(&Config::default().quality)) {
        let failing = |from: f32, to: f32| {
            let all = samples.iter().filter(|s| (figure.in_question)(s.worse)).filter_map(|s| s.seen.as_ref());
            errors(all.filter(|s| (from..to).contains(&(figure.of)(&s.0))), tau)
        };
        for edge in figure.edges.windows(2) {
            let (n, fnmr, fmr) = failing(edge[0], edge[1]);
            println!("{} {} to {}: n {n}, FNMR {fnmr:.1}, FMR {fmr:.2}", figure.name, edge[0], edge[1]);
        }
        if figure.limit == 0.0 {
            continue;
        }
        let at = figure.edges.iter().position(|e| *e == figure.limit).unwrap_or_else(|| panic!("{}: the limit is no edge", figure.name));
        let (beyond, before) = if figure.is_least {
            (failing(0.0, figure.limit), failing(figure.limit, figure.edges[at + 1]))
        } else {
            (failing(figure.limit, f32::MAX), failing(figure.edges[at - 1], figure.limit))
        };
        if beyond.1 < most || before.1 > most {
            problems.push(format!("{}: {:.1} % fail beyond {}, {:.1} % before", figure.name, beyond.1, figure.limit, before.1));
        }
    }
    assert!(problems.is_empty(), "{problems:#?}");
}
