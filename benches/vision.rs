//! What a look at a frame of 640x480 costs on one thread, by the program's own stages: `sample`, `detect`, `align`, `quality`, `encode`,
//! `liveness`, and whole frames without and with a face.
//!
//! ```text
//! cargo bench --bench vision
//! ```
//!
//! The nets are those of `FACEGATE_MODELS`, else of `models`, else of `../shared/models`; without any, only the stages that need none are
//! measured. The frame is synthetic: its face, where one is needed, is where the benchmark says it is.

use divan::{Bencher, black_box};
use facegate::camera::{Frame, PixelFormat};
use facegate::config::Config;
use facegate::units::Moment;
use facegate::vision::align::{Aligner, Crop, PLACES, Transform};
use facegate::vision::liveness::{Cue, MiniFasNets};
use facegate::vision::sample::{Region, Sampler};
use facegate::vision::{Detection, Library, Limits, Net, Options, Point, Rect, Vision};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

const FORMATS: [PixelFormat; 4] = [PixelFormat::Yuyv, PixelFormat::I420, PixelFormat::Rgb, PixelFormat::Luma];

static LIBRARY: LazyLock<Option<Library>> = LazyLock::new(|| {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let given = std::env::var_os("FACEGATE_MODELS").map(PathBuf::from);
    let dir = given.into_iter().chain([here.join("models"), here.join("../shared/models")]).find(|d| d.join("manifest.toml").exists());
    dir.map(|dir| Library::open(&[dir]).unwrap_or_else(|e| panic!("{e}")))
});

fn main() {
    divan::main();
}

/// A scene of soft waves and some grain: no face, and nothing that a codec or a cache could make easy.
fn frame(format: PixelFormat) -> Frame {
    let byte = |i: usize| ((i as f32 * 0.011).sin() * 50.0 + (i as f32 * 0.000_7).cos() * 40.0 + 120.0 + (i * 7919 % 13) as f32) as u8;
    let bytes = (0..format.frame_bytes(format.row_bytes(640), 480)).map(byte).collect();
    Frame::new(format, 640, 480, bytes)
}

/// A face 160 pixels wide in the middle of it.
fn detection() -> Detection {
    let to_frame = Transform { a: 2.0, b: 0.1, shift: Point { x: 200.0, y: 110.0 } };
    Detection { bbox: Rect { x: 240.0, y: 140.0, width: 160.0, height: 200.0 }, score: 0.9, landmarks: PLACES.map(|p| to_frame.apply(p)) }
}

fn options() -> Options {
    Options::for_camera(&Config::default(), Arc::new(|| Moment::START))
}

#[divan::bench(args = FORMATS)]
fn sample(bencher: Bencher<'_, '_>, format: &PixelFormat) {
    let (frame, mut sampler, mut input) = (frame(*format), Sampler::default(), vec![0.0f32; 3 * 320 * 240]);
    bencher.bench_local(|| {
        sampler.shrink(black_box(&frame), Region::whole(&frame), (320, 240), |y, rgb| {
            for (plane, row) in rgb.into_iter().enumerate() {
                input[(plane * 240 + y) * 320..][..320].copy_from_slice(row);
            }
        });
        input[0]
    });
}

#[divan::bench]
fn detect(bencher: Bencher<'_, '_>) {
    let Some(library) = LIBRARY.as_ref() else { return };
    let entry = library.detector(None).unwrap_or_else(|e| panic!("{e}"));
    let mut net = Net::load(entry, Some((256, 320))).unwrap_or_else(|e| panic!("{e}"));
    bencher.bench_local(|| net.run().map(|outputs| outputs.get(0)[0]).expect("it ran when it was loaded"));
}

#[divan::bench(args = FORMATS)]
fn align(bencher: Bencher<'_, '_>, format: &PixelFormat) {
    let (frame, landmarks, mut aligner) = (frame(*format), detection().landmarks, Aligner::default());
    bencher.bench_local(|| aligner.align(black_box(&frame), &landmarks).map(|crop| crop.planes[0][0]));
}

#[divan::bench]
fn quality(bencher: Bencher<'_, '_>) {
    let (limits, detection, mut aligner) = (Limits::for_entry(&Config::default().quality), detection(), Aligner::default());
    let crop: Crop = aligner.align(&frame(PixelFormat::Yuyv), &detection.landmarks).expect("the face is inside the frame").clone();
    bencher.bench_local(|| limits.judge((640, 480), &detection, black_box(&crop)));
}

#[divan::bench]
fn encode(bencher: Bencher<'_, '_>) {
    let Some(library) = LIBRARY.as_ref() else { return };
    let mut net = Net::load(library.encoder(None).unwrap_or_else(|e| panic!("{e}")), None).unwrap_or_else(|e| panic!("{e}"));
    net.input().iter_mut().enumerate().for_each(|(i, x)| *x = (i as f32 * 0.37).sin());
    bencher.bench_local(|| net.run().map(|outputs| outputs.get(0)[0]).expect("it ran when it was loaded"));
}

#[divan::bench]
fn liveness(bencher: Bencher<'_, '_>) {
    let Some(library) = LIBRARY.as_ref() else { return };
    let entries = library.liveness(None).unwrap_or_else(|e| panic!("{e}"));
    let mut nets = MiniFasNets::open(&entries).unwrap_or_else(|e| panic!("{e}"));
    let (frame, detection) = (frame(PixelFormat::Yuyv), detection());
    bencher.bench_local(|| nets.live(black_box(&frame), &detection).expect("the nets ran when they were loaded"));
}

/// What a frame with nobody in it costs: the idle cost of the gate.
#[divan::bench]
fn frame_without_a_face(bencher: Bencher<'_, '_>) {
    let Some(library) = LIBRARY.as_ref() else { return };
    let mut vision = Vision::open(library, &options()).unwrap_or_else(|e| panic!("{e}"));
    let frame = frame(PixelFormat::Yuyv);
    bencher.bench_local(|| vision.look(black_box(&frame)).map(|look| look.faces.len()).expect("a whole frame"));
}

/// A frame with a face, from a picture that `FACEGATE_FACE` names, as the camera of the configuration would give it.
#[divan::bench]
fn frame_with_a_face(bencher: Bencher<'_, '_>) {
    let (Some(library), Some(picture)) = (LIBRARY.as_ref(), std::env::var_os("FACEGATE_FACE")) else { return };
    let mut vision = Vision::open(library, &options()).unwrap_or_else(|e| panic!("{e}"));
    let frame = facegate::camera::picture::read(Path::new(&picture)).unwrap_or_else(|e| panic!("{e}"));
    let look = vision.look(&frame).unwrap_or_else(|e| panic!("{e}"));
    assert!(look.faces.iter().any(|f| f.embedding.is_some()), "no usable face in FACEGATE_FACE");
    bencher.bench_local(|| vision.look(black_box(&frame)).map(|look| look.faces.len()).expect("it was looked at a moment ago"));
}
