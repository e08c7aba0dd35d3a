//! Once every buffer has been used, sampling, decoding, aligning and judging a frame allocate nothing. (The engine that runs the nets does.)

#[path = "support/counting.rs"]
mod counting;

use facegate::camera::{Frame, PixelFormat};
use facegate::config::Config;
use facegate::vision::align::{Aligner, PLACES, Transform};
use facegate::vision::sample::{Region, Sampler};
use facegate::vision::yunet::{self, Landmarks, Rules};
use facegate::vision::{Detection, Limits, Point, Rect};

#[test]
fn a_second_frame_allocates_nothing() {
    let names: Vec<String> = ["cls", "obj", "bbox", "kps"].iter().flat_map(|k| [8, 16, 32].map(|s| format!("{k}_{s}"))).collect();
    let places = yunet::Outputs::find(&names).unwrap();
    // Every cell of a 256x192 input sees a face.
    let numbers = |i: usize| [1, 1, 4, 10][i / 3] * (256 >> (3 + i % 3)) * (192 >> (3 + i % 3));
    let output = |i: usize| (0..numbers(i)).map(|n| if i < 9 { 0.8 } else { (n % 10) as f32 / 5.0 }).collect();
    let outputs: Vec<Vec<f32>> = (0..12).map(output).collect();
    let landmarks = PLACES.map(|p| Transform { a: 3.0, b: 0.3, shift: Point { x: 150.0, y: 50.0 } }.apply(p));
    let detection = Detection { bbox: Rect { x: 200.0, y: 100.0, width: 200.0, height: 260.0 }, score: 0.9, landmarks };
    let limits = Limits::for_entry(&Config::default().quality);
    let rules = Rules { min_score: 0.6, max_overlap: 0.3 };
    for format in [PixelFormat::Yuyv, PixelFormat::I420, PixelFormat::Rgb, PixelFormat::Luma] {
        let frame = Frame::new(format, 640, 480, vec![120; format.frame_bytes(format.row_bytes(640), 480)]);
        let (mut sampler, mut aligner, mut found, mut sum) = (Sampler::default(), Aligner::default(), Vec::new(), 0.0);
        for round in 0..3 {
            let before = counting::allocations();
            sampler.shrink(&frame, Region::whole(&frame), (256, 192), |_, [r, g, b]| sum += r[0] + g[1] + b[2]);
            sampler.points(&frame, Region::whole(&frame), (80, 80), |_, [r, ..]| sum += r[0]);
            found.clear();
            yunet::decode(&places, 256, rules, |i| &outputs[i], &mut found);
            yunet::suppress(&mut found, rules, Landmarks::Blended);
            let crop = aligner.align(&frame, &detection.landmarks).unwrap();
            sum += limits.judge((640, 480), &detection, crop).luma;
            let allocated = counting::allocations() - before;
            assert!(round == 0 || allocated == 0, "{format:?}: {allocated} allocations in round {round}");
        }
        assert!(sum > 0.0 && !found.is_empty());
    }
}
