//! How the cells of a smaller row lie over the elements of a larger one: the tables behind area averaging.

/// For each cell of a smaller row, which elements of the larger row it covers and by how much. Weights are 8-bit fixed point and add
/// up to exactly 256 in each cell, so that a flat picture stays flat and a sum of weighted bytes fits 16 bits.
#[derive(Debug, Default)]
pub struct Taps {
    key: (usize, usize, u64),
    /// Elements under the widest cell; narrower cells have weights of zero at the end.
    pub most: usize,
    /// First element under each cell.
    pub start: Vec<u32>,
    /// `most` weights a cell.
    pub weights: Vec<u16>,
}

impl Taps {
    /// What a whole cell weighs.
    pub const ONE: u16 = 256;

    /// Lays `cells` cells of `pitch` elements each over a row of `elements` elements. Parts of a cell beyond the row's end don't
    /// count; a cell wholly beyond it takes the last element. Does nothing where it was laid out so before.
    pub fn lay(&mut self, elements: usize, cells: usize, pitch: f64) {
        let key = (elements, cells, pitch.to_bits());
        if self.key == key || elements == 0 || pitch.is_nan() || pitch <= 0.0 {
            return;
        }
        self.key = key;
        self.most = (pitch.ceil() as usize + 1).min(elements);
        self.start.clear();
        self.weights.clear();
        let mut widest = 1;
        for cell in 0..cells {
            let (from, to) = ((cell as f64 * pitch).min(elements as f64), ((cell + 1) as f64 * pitch).min(elements as f64));
            let first = ((from + 1e-9).floor() as usize).min(elements - 1);
            let length = to - from;
            self.start.push(first as u32);
            let mut given = 0u16;
            for k in 0..self.most {
                let end = (to.min((first + k + 1) as f64) - from).clamp(0.0, length);
                let sum = if length > 1e-9 { (end / length * f64::from(Self::ONE)).round() as u16 } else { Self::ONE };
                if sum > given {
                    widest = widest.max(k + 1);
                }
                self.weights.push(sum.max(given) - given);
                given = given.max(sum);
            }
        }
        self.trim(widest);
    }

    /// Drops the columns of zeros that no cell needs.
    fn trim(&mut self, widest: usize) {
        if widest < self.most {
            let cells = self.start.len();
            for cell in 0..cells {
                for k in 0..widest {
                    self.weights[cell * widest + k] = self.weights[cell * self.most + k];
                }
            }
            self.weights.truncate(cells * widest);
            self.most = widest;
        }
    }

    /// The weights of a cell.
    pub fn of(&self, cell: usize) -> &[u16] {
        &self.weights[cell * self.most..(cell + 1) * self.most]
    }

    /// The number of elements under each cell, where every cell covers the same whole number of them and they follow without a gap.
    pub fn even(&self) -> Option<usize> {
        let each = Self::ONE / self.most as u16;
        let gapless = self.start.iter().enumerate().all(|(cell, s)| *s as usize == cell * self.most);
        (each * self.most as u16 == Self::ONE && gapless && self.weights.iter().all(|w| *w == each)).then_some(self.most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn taps(elements: usize, cells: usize, pitch: f64) -> Taps {
        let mut taps = Taps::default();
        taps.lay(elements, cells, pitch);
        taps
    }

    #[test]
    fn a_pitch_of_one_takes_each_element_as_it_is() {
        let t = taps(5, 5, 1.0);
        assert_eq!((t.most, t.even()), (1, Some(1)));
        assert_eq!(t.start, [0, 1, 2, 3, 4]);
        assert!(t.weights.iter().all(|w| *w == 256));
    }

    #[test]
    fn a_pitch_of_two_takes_pairs() {
        let t = taps(6, 3, 2.0);
        assert_eq!(t.even(), Some(2));
        assert_eq!(t.of(1), [128, 128]);
        assert_eq!(t.start, [0, 2, 4]);
    }

    #[test]
    fn a_broken_pitch_weighs_by_what_is_covered() {
        let t = taps(3, 2, 1.5);
        assert_eq!((t.of(0), t.of(1)), (&[171, 85][..], &[85, 171][..]));
        assert_eq!(t.start, [0, 1]);
        assert_eq!(t.even(), None);
    }

    #[test]
    fn half_a_pitch_takes_each_element_twice() {
        let t = taps(2, 4, 0.5);
        assert_eq!(t.start, [0, 0, 1, 1]);
        assert_eq!(t.most, 1);
    }

    #[test]
    fn what_lies_beyond_the_end_does_not_count() {
        let t = taps(3, 2, 2.0);
        assert_eq!((t.of(0), t.of(1)), (&[128, 128][..], &[256, 0][..]));
        assert_eq!(taps(3, 5, 1.0).start, [0, 1, 2, 2, 2]);
    }

    proptest! {
        #[test]
        fn every_cell_weighs_one_and_stays_inside(elements in 1usize..400, cells in 1usize..200, pitch in 0.3f64..40.0) {
            let t = taps(elements, cells, pitch);
            prop_assert_eq!(t.start.len(), cells);
            for cell in 0..cells {
                prop_assert_eq!(t.of(cell).iter().sum::<u16>(), 256);
                let last = t.of(cell).iter().rposition(|w| *w > 0).unwrap();
                prop_assert!(t.start[cell] as usize + last < elements);
            }
        }
    }
}
