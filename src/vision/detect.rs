//! Finds the faces of a frame: samples it at the right size, runs the detector, reads its answer.

use super::VisionError;
use super::face::{Detection, Point, StageTimes};
use super::models::Entry;
use super::net::Net;
use super::normalise::Normalise;
use super::options::Search;
use super::sample::{Region, Sampler};
use super::sizes::{self, ALONE_REACH, FACE_IN_INPUT, FRAME_ALONE, Placement, STILL_ALONE};
use super::watch::Watch;
use super::yunet::{self, Landmarks, Rules};
use crate::camera::Frame;

/// Input sizes that a detector is kept ready for; one more makes the one that rested longest give way.
const MOST_SIZES: usize = 8;
/// Faces of a still picture that are looked at alone.
const MOST_ALONE: usize = 8;
/// A second look must find a face that overlaps the first by this to be of the same one.
const SAME_FACE: f32 = 0.4;

/// A detector that is ready for a few input sizes.
#[derive(Debug)]
pub struct Detector {
    entry: Entry,
    outputs: yunet::Outputs,
    rules: Rules,
    search: Search,
    /// The one used last stands last.
    ready: Vec<Ready>,
    sampler: Sampler,
    level: Vec<Detection>,
    found: Vec<Found>,
    faces: Vec<Detection>,
}

/// A detector at one input size.
#[derive(Debug)]
struct Ready {
    input: (usize, usize),
    net: Net,
    normalise: Normalise,
}

/// A face, and how wide it was in the input that it was found in.
#[derive(Debug, Clone, Copy)]
struct Found {
    face: Detection,
    width_in_input: f32,
}

impl Detector {
    /// Checks the net's outputs and makes it ready for what is expected.
    ///
    /// # Errors
    /// The net can't be loaded or lacks an output of the YuNet family.
    pub fn open(entry: &Entry, rules: Rules, search: Search) -> Result<Detector, VisionError> {
        let missing = |missing| VisionError::NoOutput { name: entry.name.clone(), missing };
        let mut detector = Detector {
            entry: entry.clone(),
            outputs: yunet::Outputs::find(&entry.outputs).map_err(missing)?,
            rules,
            search,
            ready: Vec::with_capacity(MOST_SIZES),
            sampler: Sampler::default(),
            level: Vec::with_capacity(1024),
            found: Vec::with_capacity(3 * yunet::MOST_FACES),
            faces: Vec::with_capacity(yunet::MOST_FACES),
        };
        match search {
            Search::Frames { size, face_px, input_width } => {
                detector.make_ready((FRAME_ALONE[0], FRAME_ALONE[0]))?;
                detector.make_ready(sizes::for_frame(size, face_px, input_width).input)?;
            }
            Search::Input(width, height) => detector.make_ready((width as usize, height as usize))?,
            Search::Stills => {}
        }
        Ok(detector)
    }

    /// The manifest's entry of the net.
    pub fn entry(&self) -> &Entry {
        &self.entry
    }

    /// The faces of a frame, in its pixels, the largest first.
    ///
    /// # Errors
    /// The net can't be made ready for the frame's size, failed, or gave something that is no number.
    pub fn find(&mut self, frame: &Frame, watch: &Watch, times: &mut StageTimes) -> Result<&[Detection], VisionError> {
        self.found.clear();
        let size = (frame.width, frame.height);
        match self.search {
            Search::Frames { face_px, input_width, .. } => self.look(frame, sizes::for_frame(size, face_px, input_width), watch, times)?,
            Search::Input(width, height) => self.look(frame, Placement::inside(size, (width as usize, height as usize)), watch, times)?,
            Search::Stills => {
                for (number, placement) in sizes::for_still(size).enumerate() {
                    if number < 2 || self.found.is_empty() {
                        self.look(frame, placement, watch, times)?;
                    }
                }
            }
        }
        self.faces.clear();
        self.faces.extend(self.found.iter().map(|f| f.face));
        self.faces.sort_unstable_by(|a, b| b.bbox.area().total_cmp(&a.bbox.area()));
        self.faces.truncate(yunet::MOST_FACES);
        let (count, sides): (usize, &[usize]) = match self.search {
            Search::Frames { .. } => (1, &FRAME_ALONE),
            Search::Stills => (MOST_ALONE, &STILL_ALONE),
            Search::Input(..) => (0, &[]),
        };
        for number in 0..self.faces.len().min(count) {
            self.faces[number] = self.alone(frame, self.faces[number], sides, watch, times)?;
        }
        Ok(&self.faces)
    }

    /// One look at one size.
    fn look(&mut self, frame: &Frame, placement: Placement, watch: &Watch, times: &mut StageTimes) -> Result<(), VisionError> {
        self.make_ready(placement.input)?;
        // `make_ready` put it last.
        let Some(ready) = self.ready.last_mut() else { return Ok(()) };
        let begun = watch.now();
        let (input, normalise) = (ready.net.input(), ready.normalise);
        self.sampler.shrink(frame, Region::whole(frame), placement.picture, |y, rgb| normalise.row(input, y, rgb));
        normalise.black_from(input, placement.picture.1);
        let sampled = watch.lap(begun, &mut times.sample);
        let outputs = ready.net.run()?;
        self.level.clear();
        yunet::decode(&self.outputs, placement.input.0, self.rules, |i| outputs.get(i), &mut self.level);
        let landmarks = if matches!(self.search, Search::Input(..)) { Landmarks::Surest } else { Landmarks::Blended };
        yunet::suppress(&mut self.level, self.rules, landmarks);
        for face in &self.level {
            add(&mut self.found, Found { face: in_frame(face, placement.pitch), width_in_input: face.bbox.width }, self.rules.max_overlap);
        }
        watch.lap(sampled, &mut times.detect);
        Ok(())
    }

    /// Looks at one face alone, at these sizes: the mean of what they find, or the face as it was where none finds it.
    fn alone(
        &mut self,
        frame: &Frame,
        face: Detection,
        sides: &[usize],
        watch: &Watch,
        times: &mut StageTimes,
    ) -> Result<Detection, VisionError> {
        let (centre, reach) = (face.bbox.centre(), ALONE_REACH / 2.0 * face.bbox.width.max(face.bbox.height));
        let corners = ((centre.x - reach, centre.y - reach), (centre.x + reach, centre.y + reach));
        let Some(region) = Region::around(frame, corners.0, corners.1) else { return Ok(face) };
        let (mut sum, mut count) = (Detection { score: face.score, ..Detection::default() }, 0.0);
        for side in sides.iter().copied() {
            self.make_ready((side, side))?;
            let Some(ready) = self.ready.last_mut() else { continue };
            let begun = watch.now();
            let scale = side as f32 / region.width.max(region.height) as f32;
            let scaled = |length: usize| ((length as f32 * scale).round() as usize).clamp(1, side);
            let size = (scaled(region.width), scaled(region.height));
            let (input, normalise) = (ready.net.input(), ready.normalise);
            if scale <= 1.0 {
                self.sampler.shrink(frame, region, size, |y, rgb| normalise.row(input, y, rgb));
            } else {
                self.sampler.points(frame, region, size, |y, rgb| normalise.row(input, y, rgb));
            }
            normalise.black_from(input, size.1);
            let sampled = watch.lap(begun, &mut times.sample);
            let outputs = ready.net.run()?;
            self.level.clear();
            yunet::decode(&self.outputs, side, self.rules, |i| outputs.get(i), &mut self.level);
            yunet::suppress(&mut self.level, self.rules, Landmarks::Blended);
            let pitch = (region.width as f32 / size.0 as f32, region.height as f32 / size.1 as f32);
            let here = self.level.iter().map(|d| moved(in_frame(d, pitch), (region.x as f32, region.y as f32)));
            let alike = |d: &Detection| d.bbox.overlap(&face.bbox);
            if let Some(again) = here.filter(|d| alike(d) >= SAME_FACE).max_by(|a, b| alike(a).total_cmp(&alike(b))) {
                count += 1.0;
                yunet::numbers(&mut sum).into_iter().zip(yunet::numbers(&mut { again })).for_each(|(to, from)| *to += *from);
            }
            watch.lap(sampled, &mut times.detect);
        }
        if count == 0.0 {
            return Ok(face);
        }
        yunet::numbers(&mut sum).into_iter().for_each(|n| *n /= count);
        Ok(sum)
    }

    /// Puts the net for this input size last in `ready`, loading it where it isn't there.
    fn make_ready(&mut self, input: (usize, usize)) -> Result<(), VisionError> {
        if let Some(at) = self.ready.iter().position(|r| r.input == input) {
            self.ready[at..].rotate_left(1);
            return Ok(());
        }
        let size = (input.1, input.0);
        let net = Net::load(&self.entry, Some(size))?;
        if self.ready.len() == MOST_SIZES {
            self.ready.remove(0);
        }
        self.ready.push(Ready { input, net, normalise: Normalise::new(&self.entry.input, size) });
        Ok(())
    }
}

/// From pixels of the input to pixels of the frame.
fn in_frame(face: &Detection, (across, down): (f32, f32)) -> Detection {
    let mut face = *face;
    (face.bbox.x, face.bbox.width) = (face.bbox.x * across, face.bbox.width * across);
    (face.bbox.y, face.bbox.height) = (face.bbox.y * down, face.bbox.height * down);
    face.landmarks = face.landmarks.map(|p| Point { x: p.x * across, y: p.y * down });
    face
}

/// Moved by so much.
fn moved(mut face: Detection, (x, y): (f32, f32)) -> Detection {
    (face.bbox.x, face.bbox.y) = (face.bbox.x + x, face.bbox.y + y);
    face.landmarks = face.landmarks.map(|p| Point { x: p.x + x, y: p.y + y });
    face
}

/// Adds a face of one look to those of the looks before. Where it is one of them, the one counts whose width in its input was nearer to
/// what the detector is surest at.
fn add(found: &mut Vec<Found>, new: Found, max_overlap: f32) {
    let off = |f: &Found| (f.width_in_input / FACE_IN_INPUT).ln().abs();
    match found.iter_mut().find(|f| is_same(&f.face, &new.face, max_overlap)) {
        Some(known) if off(&new) < off(known) => *known = new,
        Some(_) => {}
        None => found.push(new),
    }
}

/// Whether two detections are one face: they overlap, or one lies in the other, as the part of a near face does that a look at a large
/// size takes for a face.
fn is_same(a: &Detection, b: &Detection, max_overlap: f32) -> bool {
    let inside = a.bbox.shared(&b.bbox) / a.bbox.area().min(b.bbox.area());
    a.bbox.overlap(&b.bbox) > max_overlap || inside > 0.8
}

#[cfg(test)]
mod tests {
    use super::super::face::Rect;
    use super::*;

    fn found(x: f32, width: f32, width_in_input: f32) -> Found {
        let bbox = Rect { x, y: 0.0, width, height: width };
        Found { face: Detection { bbox, score: 0.9, ..Detection::default() }, width_in_input }
    }

    #[test]
    fn of_two_looks_at_a_face_the_one_at_the_better_size_counts() {
        let mut all = vec![found(0.0, 100.0, 25.0)];
        add(&mut all, found(1.0, 101.0, 50.0), 0.3);
        assert_eq!((all.len(), all[0].face.bbox.width), (1, 101.0));
        add(&mut all, found(1.0, 99.0, 400.0), 0.3);
        assert_eq!((all.len(), all[0].face.bbox.width), (1, 101.0));
        add(&mut all, found(300.0, 30.0, 15.0), 0.3);
        assert_eq!(all.len(), 2);
    }

    #[test]
    fn a_part_of_a_near_face_is_no_face_of_its_own() {
        let mut all = vec![found(0.0, 400.0, 100.0)];
        add(&mut all, found(100.0, 90.0, 180.0), 0.3);
        assert_eq!((all.len(), all[0].face.bbox.width), (1, 400.0));
    }

    #[test]
    fn a_detection_is_carried_back_to_the_frame() {
        let there = in_frame(&Detection { landmarks: [Point { x: 3.0, y: 5.0 }; 5], ..found(10.0, 20.0, 20.0).face }, (2.0, 3.0));
        assert_eq!(there.bbox, Rect { x: 20.0, y: 0.0, width: 40.0, height: 60.0 });
        assert_eq!(there.landmarks[4], Point { x: 6.0, y: 15.0 });
        let there = moved(there, (100.0, 200.0));
        assert_eq!((there.bbox.x, there.bbox.y, there.landmarks[0]), (120.0, 200.0, Point { x: 106.0, y: 215.0 }));
    }
}
