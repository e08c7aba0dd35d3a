//! Whether a face is a living one. Every cue can only deny: where several are asked, the least sure counts.
//!
//! The one cue so far is MiniFASNet (minivision-ai, "Silent-Face-Anti-Spoofing", 2020): small nets that look at the face with its
//! surroundings, each at its own scale, for what a print or a screen leaves in a picture.

use super::VisionError;
use super::face::{Detection, Rect};
use super::models::Entry;
use super::net::Net;
use super::normalise::Normalise;
use super::sample::{Region, Sampler};
use crate::camera::Frame;

/// Something that tells living faces from pictures of faces.
pub trait Cue: Send {
    /// How likely this face is a living one, 0 to 1.
    ///
    /// # Errors
    /// The cue failed or gave no number: nobody gets in on that.
    fn live(&mut self, frame: &Frame, detection: &Detection) -> Result<f32, VisionError>;

    /// Whether the frame shows enough around the face for this cue to judge it.
    fn has_room(&self, _frame: &Frame, _detection: &Detection) -> bool {
        true
    }
}

/// Whether all cues see enough around a face. Where one doesn't, the face can't be judged, which is not the same as not living.
pub fn have_room(cues: &[Box<dyn Cue>], frame: &Frame, detection: &Detection) -> bool {
    cues.iter().all(|cue| cue.has_room(frame, detection))
}

/// What all cues say together: the least of them. None where there is no cue.
///
/// # Errors
/// A cue failed, or gave something that is no probability.
pub fn least(cues: &mut [Box<dyn Cue>], frame: &Frame, detection: &Detection) -> Result<Option<f32>, VisionError> {
    let mut least = None;
    for cue in cues {
        let live = cue.live(frame, detection)?;
        if !(0.0..=1.0).contains(&live) {
            return Err(VisionError::NoProbability { found: live });
        }
        least = Some(least.map_or(live, |l: f32| l.min(live)));
    }
    Ok(least)
}

/// The mean over several MiniFASNets.
#[derive(Debug)]
pub struct MiniFasNets {
    nets: Vec<MiniFasNet>,
    sampler: Sampler,
}

#[derive(Debug)]
struct MiniFasNet {
    net: Net,
    normalise: Normalise,
    crop_scale: f32,
    live_index: usize,
}

impl MiniFasNets {
    /// Loads the nets.
    ///
    /// # Errors
    /// There are none, one can't be loaded, or its entry lacks the crop's scale or the place of the living class.
    pub fn open(entries: &[&Entry]) -> Result<MiniFasNets, VisionError> {
        let lacks = |entry: &Entry, key| VisionError::Lacking { name: entry.name.clone(), key };
        let load = |entry: &&Entry| {
            let crop_scale = entry.crop_scale.ok_or_else(|| lacks(entry, "crop_scale"))?;
            let live_index = entry.live_index.ok_or_else(|| lacks(entry, "live_index"))?;
            let net = Net::load(entry, None)?;
            let normalise = Normalise::new(&entry.input, (entry.input.height(), entry.input.width()));
            Ok(MiniFasNet { net, normalise, crop_scale, live_index })
        };
        Ok(MiniFasNets { nets: entries.iter().map(load).collect::<Result<_, VisionError>>()?, sampler: Sampler::default() })
    }
}

impl Cue for MiniFasNets {
    fn live(&mut self, frame: &Frame, detection: &Detection) -> Result<f32, VisionError> {
        let mut sum = 0.0;
        for one in &mut self.nets {
            let (region, normalise) = (crop(frame, &detection.bbox, one.crop_scale), one.normalise);
            let input = one.net.input();
            self.sampler.points(frame, region, normalise.size(), |y, rgb| normalise.row(input, y, rgb));
            sum += softmax(one.net.run()?.get(0), one.live_index);
        }
        Ok(sum / self.nets.len() as f32)
    }

    fn has_room(&self, frame: &Frame, detection: &Detection) -> bool {
        // A box with a side that is no number has no room.
        room(frame, &detection.bbox) >= self.nets.iter().map(|net| net.crop_scale).fold(LEAST_ROOM, f32::min)
    }
}

/// How many times a face's box must fit into the frame for a MiniFASNet to judge it. With less room its crop holds little but the face,
/// and living faces are refused more and more often: at 1.5 three times as often as with room (`docs/quality.md`).
const LEAST_ROOM: f32 = 1.5;

/// How many times the box fits into the frame, the lesser of width and height: no crop is larger than that.
fn room(frame: &Frame, bbox: &Rect) -> f32 {
    ((frame.width as f32 - 1.0) / bbox.width).min((frame.height as f32 - 1.0) / bbox.height)
}

/// The part of the frame that a net sees: the box about its centre times `scale` (the same factor both ways, and no larger than the
/// frame allows), pushed inside the frame where it sticks out. In whole pixels as the nets' makers cut them (`CropImage`).
fn crop(frame: &Frame, bbox: &Rect, scale: f32) -> Region {
    let (right, bottom) = (frame.width as f32 - 1.0, frame.height as f32 - 1.0);
    let scale = scale.min(room(frame, bbox));
    let side = |centre: f32, length: f32, end: f32| {
        let from = (centre - length / 2.0).min(end - length).max(0.0);
        let (first, last) = (from as usize, ((from + length).min(end)) as usize);
        (first, last + 1 - first)
    };
    let centre = bbox.centre();
    let ((x, width), (y, height)) = (side(centre.x, bbox.width * scale, right), side(centre.y, bbox.height * scale, bottom));
    Region { x, y, width, height }
}

/// The share of one class; NaN where there is no such class.
fn softmax(logits: &[f32], class: usize) -> f32 {
    let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f32 = logits.iter().map(|l| (l - most).exp()).sum();
    logits.get(class).map_or(f32::NAN, |l| (l - most).exp() / sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::camera::PixelFormat;
    use proptest::prelude::*;

    fn frame(width: u32, height: u32) -> Frame {
        Frame::new(PixelFormat::Luma, width, height, vec![0; (width * height) as usize])
    }

    fn rect(x: f32, y: f32, width: f32, height: f32) -> Rect {
        Rect { x, y, width, height }
    }

    #[test]
    fn the_crop_is_the_box_about_its_centre() {
        assert_eq!(crop(&frame(640, 480), &rect(300.0, 200.0, 40.0, 60.0), 2.0), Region { x: 280, y: 170, width: 81, height: 121 });
    }

    #[test]
    fn the_crop_is_pushed_inside_and_no_larger_than_the_frame() {
        assert_eq!(crop(&frame(640, 480), &rect(0.0, 0.0, 40.0, 60.0), 2.0), Region { x: 0, y: 0, width: 81, height: 121 });
        assert_eq!(crop(&frame(640, 480), &rect(600.0, 420.0, 40.0, 60.0), 2.0), Region { x: 559, y: 359, width: 81, height: 121 });
        // Twice as high as the frame allows at scale 4: both sides are limited alike.
        assert_eq!(crop(&frame(640, 480), &rect(200.0, 100.0, 100.0, 239.5), 4.0), Region { x: 150, y: 0, width: 201, height: 480 });
    }

    #[test]
    fn a_face_that_fills_the_frame_leaves_no_room() {
        let vga = frame(640, 480);
        assert_eq!(room(&vga, &rect(200.0, 100.0, 213.0, 239.5)), 2.0);
        assert!(room(&vga, &rect(0.0, 0.0, 300.0, 400.0)) < LEAST_ROOM);
        assert!(room(&vga, &rect(0.0, 0.0, 500.0, 100.0)) < LEAST_ROOM, "too wide is too near as well");
        assert!(room(&vga, &rect(0.0, 0.0, 240.0, 319.0)) >= LEAST_ROOM);
    }

    proptest! {
        #[test]
        fn no_box_leads_outside_the_frame(w in 2u32..200, h in 2u32..200, x in -300f32..300.0, y in -300f32..300.0, bw in 1f32..500.0, bh in 1f32..500.0, scale in 0.5f32..10.0) {
            let r = crop(&frame(w, h), &rect(x, y, bw, bh), scale);
            prop_assert!(r.width >= 1 && r.height >= 1 && r.x + r.width <= w as usize && r.y + r.height <= h as usize, "{:?}", r);
        }
    }

    #[test]
    fn a_softmax_adds_up_to_one_and_does_not_overflow() {
        let logits = [1000.0, 1001.0, 999.0];
        let sum: f32 = (0..3).map(|i| softmax(&logits, i)).sum();
        assert!((sum - 1.0).abs() < 1e-6);
        assert!((softmax(&[0.0, 0.0, 0.0], 1) - 1.0 / 3.0).abs() < 1e-6);
        assert!(softmax(&[1.0], 1).is_nan());
    }

    struct Says(f32);
    impl Cue for Says {
        fn live(&mut self, _: &Frame, _: &Detection) -> Result<f32, VisionError> {
            Ok(self.0)
        }
    }

    struct NeedsRoom;
    impl Cue for NeedsRoom {
        fn live(&mut self, _: &Frame, _: &Detection) -> Result<f32, VisionError> {
            Ok(1.0)
        }
        fn has_room(&self, _: &Frame, _: &Detection) -> bool {
            false
        }
    }

    #[test]
    fn all_cues_must_see_enough_around_a_face() {
        let ask = |cues: &[Box<dyn Cue>]| have_room(cues, &frame(2, 2), &Detection::default());
        assert!(ask(&[]) && ask(&[Box::new(Says(0.0))]), "where liveness is off, room doesn't matter");
        assert!(!ask(&[Box::new(Says(1.0)), Box::new(NeedsRoom)]));
    }

    #[test]
    fn another_cue_can_only_deny() {
        let ask = |all: &[f32]| {
            let mut cues: Vec<Box<dyn Cue>> = all.iter().map(|l| Box::new(Says(*l)) as Box<dyn Cue>).collect();
            least(&mut cues, &frame(2, 2), &Detection::default())
        };
        assert_eq!(ask(&[]).unwrap(), None);
        assert_eq!(ask(&[0.9, 0.2, 0.8]).unwrap(), Some(0.2));
        assert!(ask(&[0.9, f32::NAN]).is_err());
        assert!(ask(&[1.5]).is_err());
    }
}
