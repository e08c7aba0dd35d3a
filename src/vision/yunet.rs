//! Reads the outputs of detectors of the YuNet family (Wu, Peng, Yu: "YuNet: a tiny millisecond-level face detector", 2023) as OpenCV's
//! FaceDetectorYN does, and suppresses boxes that overlap a better one.
//!
//! Several cells see one face, and each gives its own landmarks, which are some hundredths of the face apart. Taking the surest cell's, as
//! OpenCV does, lets a change of one grey level move them by that much from a frame to the next. [`Landmarks::Blended`] takes the mean of
//! the cells that agree, weighted by how sure they are; what that brings is in `docs/accuracy.md`.

use super::face::{Detection, Point, Rect};

/// What a detector of the family gives at each stride, in this order.
const KINDS: [&str; 4] = ["cls", "obj", "bbox", "kps"];
/// Pixels of the input between two cells.
const STRIDES: [usize; 3] = [8, 16, 32];
/// Faces that are kept of one picture: more than any crowd before a gate, and a bound on what a wild net can cost.
pub const MOST_FACES: usize = 64;

/// Where each of the twelve outputs stands among a net's outputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outputs([[usize; 3]; 4]);

impl Outputs {
    /// Finds them by name: `cls_8`, `obj_16`, `bbox_32` and so on.
    ///
    /// # Errors
    /// The name of the first that is missing.
    pub fn find(names: &[String]) -> Result<Outputs, String> {
        let mut found = [[0; 3]; 4];
        for (row, kind) in found.iter_mut().zip(KINDS) {
            for (at, stride) in row.iter_mut().zip(STRIDES) {
                let name = format!("{kind}_{stride}");
                *at = names.iter().position(|n| *n == name).ok_or(name)?;
            }
        }
        Ok(Outputs(found))
    }
}

/// Whose landmarks and box a face gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Landmarks {
    /// The mean over the cells whose boxes agree with the surest one's.
    Blended,
    /// The surest cell's alone, as OpenCV does.
    Surest,
}

/// Boxes that overlap the surest one by at least this have their say in the blend.
const AGREES: f32 = 0.6;
/// A cell whose score is lower by this counts less by a factor of e.
const LESS_SURE: f32 = 0.05;
/// A cell that is half as sure as a face must be may still have its say.
const LEAST_SHARE: f32 = 0.5;

/// What counts as a face.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rules {
    /// Least score, 0 to 1.
    pub min_score: f32,
    /// Two boxes that overlap more than this (intersection over union) are one face.
    pub max_overlap: f32,
}

/// Adds to `found` what each cell sees in the outputs of a net whose input is `width` pixels wide, in pixels of that input, down to half
/// the least score of a face ([`suppress`] makes faces of it). `output(i)` gives the numbers of output `i`. What is not finite, has no
/// extent or no landmarks apart from each other is left out.
pub fn decode<'n>(outputs: &Outputs, width: usize, rules: Rules, output: impl Fn(usize) -> &'n [f32], found: &mut Vec<Detection>) {
    let least = (LEAST_SHARE * rules.min_score).powi(2);
    for (level, stride) in STRIDES.into_iter().enumerate() {
        let [cls, obj, bbox, kps] = outputs.0.map(|kind| output(kind[level]));
        let (columns, step) = (width / stride, stride as f32);
        for (cell, (((cls, obj), b), k)) in cls.iter().zip(obj).zip(bbox.chunks_exact(4)).zip(kps.chunks_exact(10)).enumerate() {
            // `clamp` keeps NaN, and NaN is in no range: such a cell is passed over.
            let squared = cls.clamp(0.0, 1.0) * obj.clamp(0.0, 1.0);
            if !(least..).contains(&squared) {
                continue;
            }
            let at = |dx: f32, dy: f32| Point { x: ((cell % columns) as f32 + dx) * step, y: ((cell / columns) as f32 + dy) * step };
            let (centre, w, h) = (at(b[0], b[1]), b[2].exp() * step, b[3].exp() * step);
            let detection = Detection {
                bbox: Rect { x: centre.x - w / 2.0, y: centre.y - h / 2.0, width: w, height: h },
                score: squared.sqrt(),
                landmarks: std::array::from_fn(|i| at(k[2 * i], k[2 * i + 1])),
            };
            if is_face(&detection, width) {
                found.push(detection);
            }
        }
    }
}

/// Whether a detection has an extent, less than twice the picture, and landmarks that are apart.
fn is_face(d: &Detection, width: usize) -> bool {
    let (b, most) = (&d.bbox, 2.0 * width.max(320) as f32);
    let numbers = [b.x, b.y, b.width, b.height].into_iter().chain(d.landmarks.iter().flat_map(|p| [p.x, p.y]));
    let eyes = (d.landmarks[1].x - d.landmarks[0].x).hypot(d.landmarks[1].y - d.landmarks[0].y);
    let mouth = (d.landmarks[3].x + d.landmarks[4].x - d.landmarks[0].x - d.landmarks[1].x)
        .hypot(d.landmarks[3].y + d.landmarks[4].y - d.landmarks[0].y - d.landmarks[1].y);
    numbers.into_iter().all(|n| n.is_finite() && n.abs() < 1e6)
        && (1.0..most).contains(&b.width)
        && (1.0..most).contains(&b.height)
        && eyes.max(mouth) > 0.5
}

/// Makes faces of what the cells saw: of detections that overlap the one with the best score stays, where that is a face's; at most
/// [`MOST_FACES`], the best ones.
pub fn suppress(found: &mut Vec<Detection>, rules: Rules, landmarks: Landmarks) {
    found.sort_unstable_by(|a, b| b.score.total_cmp(&a.score));
    let faces = found.iter().take_while(|d| d.score >= rules.min_score).count();
    let mut kept = 0;
    for i in 0..faces {
        let new = found[i];
        if kept < MOST_FACES && found[..kept].iter().all(|better| better.bbox.overlap(&new.bbox) <= rules.max_overlap) {
            // Swapped, so that every cell is still there for the blend.
            found.swap(kept, i);
            kept += 1;
        }
    }
    if landmarks == Landmarks::Blended {
        let (faces, others) = found.split_at_mut(kept);
        faces.iter_mut().for_each(|face| *face = blend(face, others));
    }
    found.truncate(kept);
}

/// The weighted mean of a face and the other cells that agree with it.
fn blend(surest: &Detection, others: &[Detection]) -> Detection {
    let (mut sum, mut weights) = (*surest, 1.0);
    for other in others.iter().filter(|d| d.bbox.overlap(&surest.bbox) >= AGREES) {
        let weight = ((other.score - surest.score) / LESS_SURE).exp();
        weights += weight;
        for (to, from) in numbers(&mut sum).into_iter().zip(numbers(&mut { *other })) {
            *to += weight * *from;
        }
    }
    numbers(&mut sum).into_iter().for_each(|n| *n /= weights);
    sum
}

/// All coordinates of a detection.
pub(super) fn numbers(d: &mut Detection) -> [&mut f32; 14] {
    let Detection { bbox: b, landmarks: [l, r, n, m, o], .. } = d;
    [
        &mut b.x,
        &mut b.y,
        &mut b.width,
        &mut b.height,
        &mut l.x,
        &mut l.y,
        &mut r.x,
        &mut r.y,
        &mut n.x,
        &mut n.y,
        &mut m.x,
        &mut m.y,
        &mut o.x,
        &mut o.y,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules = Rules { min_score: 0.6, max_overlap: 0.3 };

    /// The outputs for a 64x32 input in the family's order, all zero but what `set` writes.
    fn outputs(set: impl Fn(&mut Vec<Vec<f32>>)) -> Vec<Detection> {
        let mut all: Vec<Vec<f32>> = [1, 1, 4, 10].into_iter().flat_map(|n| STRIDES.map(|s| vec![0.0; n * (64 / s) * (32 / s)])).collect();
        set(&mut all);
        let mut found = Vec::new();
        decode(&Outputs(std::array::from_fn(|kind| std::array::from_fn(|level| kind * 3 + level))), 64, RULES, |i| &all[i], &mut found);
        found
    }

    /// A face in cell (3, 1) of stride 8: cell 11.
    fn one(all: &mut [Vec<f32>]) {
        (all[0][11], all[3][11]) = (0.81, 1.0);
        all[6][44..48].copy_from_slice(&[0.5, 0.25, 2.0f32.ln(), 0.0]);
        for i in 0..10 {
            all[9][110 + i] = i as f32 / 10.0;
        }
    }

    #[test]
    fn a_cell_is_read_as_the_family_means_it() {
        let found = outputs(|all| one(all));
        assert_eq!(found.len(), 1);
        assert!((found[0].score - 0.9).abs() < 1e-6);
        let b = found[0].bbox;
        assert!((b.x - 20.0).abs() < 1e-4 && (b.y - 6.0).abs() < 1e-4 && (b.width - 16.0).abs() < 1e-4 && (b.height - 8.0).abs() < 1e-4);
        assert_eq!(found[0].landmarks[1], Point { x: (3.0 + 0.2) * 8.0, y: (1.0 + 0.3) * 8.0 });
    }

    #[test]
    fn scores_above_one_are_clipped() {
        let found = outputs(|all| {
            one(all);
            (all[0][11], all[3][11]) = (7.0, 1.5);
        });
        assert_eq!(found[0].score, 1.0);
    }

    #[test]
    fn what_is_degenerate_is_no_face() {
        assert!(outputs(|_| {}).is_empty());
        let without = |at: usize, i: usize, value: f32| {
            outputs(|all| {
                one(all);
                all[at][i] = value;
            })
        };
        for (at, i) in [(0, 11), (3, 11), (6, 44), (6, 46), (9, 113)] {
            assert!(without(at, i, f32::NAN).is_empty(), "output {at}");
        }
        assert!(without(6, 46, 90.0).is_empty(), "endless width");
        assert!(without(6, 46, -9.0).is_empty(), "no width");
        assert!(without(9, 112, f32::INFINITY).is_empty());
        let collapsed = outputs(|all| {
            one(all);
            all[9].fill(0.25);
        });
        assert!(collapsed.is_empty(), "all landmarks in one point");
    }

    #[test]
    fn outputs_are_found_by_name_in_any_order() {
        let mut names: Vec<String> = KINDS.iter().flat_map(|k| STRIDES.map(|s| format!("{k}_{s}"))).collect();
        assert_eq!(Outputs::find(&names), Ok(Outputs([[0, 1, 2], [3, 4, 5], [6, 7, 8], [9, 10, 11]])));
        names.reverse();
        assert_eq!(Outputs::find(&names).unwrap().0[0], [11, 10, 9]);
        names.pop();
        assert_eq!(Outputs::find(&names), Err("cls_8".into()));
    }

    #[test]
    fn of_overlapping_boxes_the_best_stays() {
        let face = |x: f32, score: f32| Detection { bbox: Rect { x, y: 0.0, width: 10.0, height: 10.0 }, score, ..Detection::default() };
        let mut found = vec![face(0.0, 0.7), face(1.0, 0.9), face(30.0, 0.8), face(7.0, 0.65)];
        suppress(&mut found, RULES, Landmarks::Surest);
        assert_eq!(found.iter().map(|d| d.bbox.x).collect::<Vec<_>>(), [1.0, 30.0, 7.0]);
    }

    #[test]
    fn cells_that_agree_blend_by_how_sure_they_are() {
        let cell = |x: f32, score: f32| Detection {
            bbox: Rect { x, y: 0.0, width: 10.0, height: 10.0 },
            score,
            landmarks: [Point { x: x + 5.0, y: 3.0 }; 5],
        };
        // The second agrees and counts e times less, the third overlaps too little, the fourth is another face, the fifth is none.
        let mut found = vec![cell(0.0, 0.9), cell(1.0, 0.85), cell(5.0, 0.9 - 1e-3), cell(40.0, 0.7), cell(80.0, 0.5)];
        suppress(&mut found, RULES, Landmarks::Blended);
        let share = 1.0 / (1.0 + std::f32::consts::E);
        assert_eq!(found.len(), 2);
        assert!((found[0].bbox.x - share).abs() < 1e-5 && (found[0].landmarks[4].x - 5.0 - share).abs() < 1e-5);
        assert_eq!(found[0].score, 0.9);
        assert!((found[0].bbox.width - 10.0).abs() < 1e-5 && (found[0].landmarks[0].y - 3.0).abs() < 1e-5);
        assert_eq!(found[1], cell(40.0, 0.7));
    }

    #[test]
    fn a_wild_net_is_bounded() {
        let mut found: Vec<_> = (0..5000)
            .map(|i| Detection { bbox: Rect { x: i as f32 * 3.0, y: 0.0, width: 2.0, height: 2.0 }, score: 0.7, ..Detection::default() })
            .collect();
        suppress(&mut found, RULES, Landmarks::Surest);
        assert_eq!(found.len(), MOST_FACES);
    }
}
