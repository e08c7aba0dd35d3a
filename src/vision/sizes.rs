//! At which size the detector looks.
//!
//! YuNet was trained on faces of about 10 to 300 pixels: it finds small ones, but its landmarks are the steadier the larger a face is in
//! the input, up to a width of some 110 pixels (`docs/accuracy.md`), and its cost grows with the input's area. So it looks twice, at all
//! of the picture for where faces are, and at a face alone for where its landmarks are:
//!
//! - **A camera's frames** are looked at at the scale at which a face of `detect.face_px` is [`FACE_IN_INPUT`] wide, so that one of a third
//!   of that is still found; the longer side is not reduced below [`LEAST_LONG_SIDE`]. `detect.input_width` overrides it. Then the largest
//!   face is looked at alone, once. A frame without a face costs the first look only.
//! - **A still picture** says nothing of the face in it: it is looked at with its longer side at 320 and at 640 pixels, so that a face that
//!   fills the picture and one in a group are both found; of a face that both find, the detection counts in which it is nearest to
//!   [`FACE_IN_INPUT`] wide. Where both find nothing, 1280 follows. Then each face is looked at alone, three times.
//!
//! Inputs are rounded up to multiples of 32, and what the picture doesn't cover is black.

/// Width of the expected face in the detector's input, in pixels.
pub const FACE_IN_INPUT: f32 = 64.0;
/// A frame's longer side is not reduced below this.
pub const LEAST_LONG_SIDE: u32 = 256;
/// Longer sides at which a still picture is looked at; the last only where the others found nothing.
pub const STILL_LONG_SIDES: [u32; 3] = [320, 640, 1280];
/// Sides of the square inputs in which a frame's largest face is looked at alone: with its surroundings ([`ALONE_REACH`]), it is some 86
/// pixels wide in it.
pub const FRAME_ALONE: [usize; 1] = [224];
/// The same for a still picture's faces: some 60, 86 and 110 pixels wide. Their place is the mean of what is found.
pub const STILL_ALONE: [usize; 3] = [160, 224, 288];
/// Side of the square of the picture that is looked at then, in lengths of the face's box.
pub const ALONE_REACH: f32 = 2.0;

/// How a picture lies in the detector's input: scaled down alike both ways, at the top left, on black.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Placement {
    /// Width and height of the input, multiples of 32.
    pub input: (usize, usize),
    /// Width and height of the picture in it.
    pub picture: (usize, usize),
    /// Pixels of the frame a pixel of the input, across and down; at least 1 but for rounding.
    pub pitch: (f32, f32),
}

impl Placement {
    /// A frame at this scale, 0 to 1.
    pub fn at_scale((width, height): (u32, u32), scale: f64) -> Placement {
        let shrunk = |side: u32| ((f64::from(side) * scale.min(1.0)).round() as usize).clamp(1, side.max(1) as usize);
        let picture = (shrunk(width), shrunk(height));
        Placement {
            input: (picture.0.next_multiple_of(32), picture.1.next_multiple_of(32)),
            picture,
            pitch: (width as f32 / picture.0 as f32, height as f32 / picture.1 as f32),
        }
    }

    /// A picture in an input of exactly this size: unscaled where it fits, else shrunk until it does.
    pub fn inside((width, height): (u32, u32), input: (usize, usize)) -> Placement {
        let scale = (input.0 as f64 / f64::from(width.max(1))).min(input.1 as f64 / f64::from(height.max(1)));
        Placement { input, ..Placement::at_scale((width, height), scale) }
    }
}

/// Where a camera's frame is looked at, for a face that is expected to be `face_px` wide, or with an input of `input_width` pixels.
pub fn for_frame(size: (u32, u32), face_px: u32, input_width: Option<u32>) -> Placement {
    let long = f64::from(size.0.max(size.1).max(1));
    let wanted = match input_width {
        Some(width) => f64::from(width) / f64::from(size.0.max(1)),
        None => (f64::from(FACE_IN_INPUT) / f64::from(face_px.max(1))).max(f64::from(LEAST_LONG_SIDE) / long),
    };
    Placement::at_scale(size, wanted)
}

/// Where a still picture is looked at, one after the other; less than three where the picture is small.
pub fn for_still(size: (u32, u32)) -> impl Iterator<Item = Placement> {
    let long = size.0.max(size.1).max(1);
    // A side a little longer than a level counts as that level: a picture of 350 pixels isn't looked at twice.
    let enough = STILL_LONG_SIDES.iter().position(|side| f64::from(long) <= 1.25 * f64::from(*side)).unwrap_or(STILL_LONG_SIDES.len() - 1);
    STILL_LONG_SIDES.into_iter().take(enough + 1).map(move |side| {
        let whole = f64::from(long) <= 1.25 * f64::from(side);
        Placement::at_scale(size, if whole { 1.0 } else { f64::from(side) / f64::from(long) })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_input_follows_the_expected_face() {
        assert_eq!(for_frame((640, 480), 160, None).input, (256, 192));
        assert_eq!(for_frame((640, 480), 60, None).input, (640, 480));
        assert_eq!(for_frame((640, 480), 80, None).picture, (512, 384));
        assert_eq!(for_frame((1280, 720), 200, None).input, (416, 256));
        assert_eq!(for_frame((640, 480), 2000, None).input, (256, 192), "smaller gains little");
        assert_eq!(for_frame((180, 180), 160, None).picture, (180, 180), "a small frame stays whole");
        assert_eq!(for_frame((640, 480), 160, Some(320)).input, (320, 256));
        assert_eq!(for_frame((640, 480), 160, Some(1280)).picture, (640, 480), "never enlarged");
    }

    #[test]
    fn a_still_picture_is_looked_at_near_and_far() {
        let sides = |size| for_still(size).map(|p| p.picture.0.max(p.picture.1)).collect::<Vec<_>>();
        assert_eq!(sides((200, 200)), [200]);
        assert_eq!(sides((400, 300)), [400]);
        assert_eq!(sides((640, 480)), [320, 640]);
        assert_eq!(sides((4000, 3000)), [320, 640, 1280]);
        assert_eq!(sides((3000, 4000)), [320, 640, 1280]);
        assert_eq!(sides((1, 1)), [1]);
    }

    #[test]
    fn a_given_input_holds_the_whole_picture() {
        assert_eq!(Placement::inside((180, 289), (640, 640)).picture, (180, 289));
        assert_eq!(Placement::inside((1280, 720), (640, 640)).picture, (640, 360));
        assert_eq!(Placement::inside((1280, 720), (640, 640)).input, (640, 640));
    }

    proptest! {
        #[test]
        fn every_input_is_a_multiple_of_32_and_holds_its_picture(w in 1u32..9000, h in 1u32..9000, face in 0u32..3000) {
            for p in for_still((w, h)).chain([for_frame((w, h), face, None)]) {
                prop_assert_eq!((p.input.0 % 32, p.input.1 % 32), (0, 0));
                prop_assert!(p.picture.0 >= 1 && p.picture.0 <= p.input.0 && p.picture.0 <= w as usize);
                prop_assert!(p.picture.1 >= 1 && p.picture.1 <= p.input.1 && p.picture.1 <= h as usize);
            }
        }
    }
}
