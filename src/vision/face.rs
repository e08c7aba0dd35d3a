//! What a look at a picture gives: faces, with everything that is known of each, and how long it took.

use super::quality::Quality;
use crate::units::Embedding;

/// A place in a frame, in pixels; the centre of the top left pixel is (0, 0). May lie outside the frame.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Point {
    /// To the right.
    pub x: f32,
    /// Downwards.
    pub y: f32,
}

/// An upright rectangle in a frame, in pixels. May stick out of the frame.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Rect {
    /// Left edge.
    pub x: f32,
    /// Upper edge.
    pub y: f32,
    /// To the right edge; positive.
    pub width: f32,
    /// To the lower edge; positive.
    pub height: f32,
}

impl Rect {
    /// Square pixels.
    pub fn area(&self) -> f32 {
        self.width * self.height
    }

    /// Its middle.
    pub fn centre(&self) -> Point {
        Point { x: self.x + self.width / 2.0, y: self.y + self.height / 2.0 }
    }

    /// Square pixels that both cover.
    pub fn shared(&self, other: &Rect) -> f32 {
        let w = (self.x + self.width).min(other.x + other.width) - self.x.max(other.x);
        let h = (self.y + self.height).min(other.y + other.height) - self.y.max(other.y);
        w.max(0.0) * h.max(0.0)
    }

    /// Intersection over union, 0 to 1.
    pub fn overlap(&self, other: &Rect) -> f32 {
        let shared = self.shared(other);
        let union = self.area() + other.area() - shared;
        if union > 0.0 { shared / union } else { 0.0 }
    }
}

/// Where a face is.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Detection {
    /// Its box, in pixels of the frame.
    pub bbox: Rect,
    /// How sure the detector is, 0 to 1.
    pub score: f32,
    /// The eye on the left of the picture, the eye on the right, nose tip, mouth corner on the left, mouth corner on the right.
    pub landmarks: [Point; 5],
}

/// How likely a face is a living one. It can only deny.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Liveness {
    /// Mean probability over the nets, 0 to 1.
    pub live: f32,
}

/// A face in a frame.
#[derive(Debug, Clone)]
pub struct Face {
    /// Where it is.
    pub detection: Detection,
    /// How good it is, and why it is not good enough.
    pub quality: Quality,
    /// None where liveness is off, or where it wasn't judged (see [`Face::embedding`]).
    pub liveness: Option<Liveness>,
    /// None where quality forbids, and for the smaller faces unless [`super::Options::all_faces`] is set.
    pub embedding: Option<Embedding>,
}

/// Microseconds that each stage of a look took, summed over its faces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StageTimes {
    /// Frame to the detector's input.
    pub sample: u32,
    /// The detector, with decoding and suppression.
    pub detect: u32,
    /// Frame to aligned crops.
    pub align: u32,
    /// Quality figures and verdicts.
    pub quality: u32,
    /// Aligned crop to embedding.
    pub encode: u32,
    /// Frame to the probability of a living face, all nets.
    pub liveness: u32,
}

impl StageTimes {
    /// The stages by name, in the order in which they run.
    pub fn named(&self) -> [(&'static str, u32); 6] {
        [
            ("sample", self.sample),
            ("detect", self.detect),
            ("align", self.align),
            ("quality", self.quality),
            ("encode", self.encode),
            ("liveness", self.liveness),
        ]
    }

    /// All stages together.
    pub fn total(&self) -> u32 {
        self.named().iter().fold(0, |sum, (_, t)| sum.saturating_add(*t))
    }
}

/// What one look at a frame found.
#[derive(Debug, Clone, Default)]
pub struct Look {
    /// The faces, the widest first.
    pub faces: Vec<Face>,
    /// How long it took.
    pub timings: StageTimes,
}

impl Look {
    /// The face that the look is about: the largest that has an embedding, else the largest.
    pub fn subject(&self) -> Option<&Face> {
        self.faces.iter().find(|f| f.embedding.is_some()).or(self.faces.first())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rect(x: f32, y: f32, width: f32, height: f32) -> Rect {
        Rect { x, y, width, height }
    }

    #[test]
    fn overlap_is_intersection_over_union() {
        let a = rect(0.0, 0.0, 10.0, 10.0);
        assert_eq!(a.overlap(&a), 1.0);
        assert_eq!(a.overlap(&rect(5.0, 0.0, 10.0, 10.0)), 50.0 / 150.0);
        assert_eq!(a.overlap(&rect(10.0, 0.0, 10.0, 10.0)), 0.0);
        assert_eq!(rect(0.0, 0.0, 0.0, 0.0).overlap(&rect(0.0, 0.0, 0.0, 0.0)), 0.0);
    }

    #[test]
    fn the_whole_time_is_the_sum_of_the_stages() {
        let t = StageTimes { sample: 1, detect: 2, align: 3, quality: 4, encode: 5, liveness: 6 };
        assert_eq!(t.total(), 21);
    }
}
