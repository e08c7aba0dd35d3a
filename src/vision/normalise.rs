//! Writes pixels into the input of a net as its manifest wants them: planes in its colour order, `(pixel - mean) / std`.

use super::models::{Colour, Input};

/// How one net takes its pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Normalise {
    /// Which of R, G, B each plane is.
    order: [usize; 3],
    mean: [f32; 3],
    factor: [f32; 3],
    width: usize,
    height: usize,
}

impl Normalise {
    /// For a net with this input, loaded at `height` x `width`.
    pub fn new(input: &Input, (height, width): (usize, usize)) -> Normalise {
        let order = match input.colour {
            Colour::Rgb => [0, 1, 2],
            Colour::Bgr => [2, 1, 0],
        };
        Normalise { order, mean: input.mean, factor: input.std.map(|s| 1.0 / s), width, height }
    }

    /// Width and height of the input.
    pub fn size(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    /// Writes the R, G, B values (0 to 255) of row `y`, from its left end. What they don't reach is black.
    pub fn row(&self, tensor: &mut [f32], y: usize, rgb: [&[f32]; 3]) {
        for (plane, colour) in self.order.into_iter().enumerate() {
            let at = (plane * self.height + y) * self.width;
            let (mean, factor) = (self.mean[plane], self.factor[plane]);
            let (covered, rest) = tensor[at..at + self.width].split_at_mut(rgb[colour].len());
            for (to, from) in covered.iter_mut().zip(rgb[colour]) {
                *to = (from - mean) * factor;
            }
            rest.fill(-mean * factor);
        }
    }

    /// Makes the rows from `first` on black.
    pub fn black_from(&self, tensor: &mut [f32], first: usize) {
        for plane in 0..3 {
            let (from, to) = ((plane * self.height + first) * self.width, (plane + 1) * self.height * self.width);
            tensor[from..to].fill(-self.mean[plane] * self.factor[plane]);
        }
    }

    /// Writes three whole planes R, G, B of the input's size.
    pub fn planes(&self, tensor: &mut [f32], rgb: &[Vec<f32>; 3]) {
        for y in 0..self.height {
            let row = y * self.width..(y + 1) * self.width;
            self.row(tensor, y, [&rgb[0][row.clone()], &rgb[1][row.clone()], &rgb[2][row]]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bgr() -> Normalise {
        let input =
            Input { name: "input".into(), shape: [1, 3, 2, 2], colour: Colour::Bgr, mean: [10.0, 20.0, 30.0], std: [1.0, 2.0, 10.0] };
        Normalise::new(&input, (2, 2))
    }

    #[test]
    fn planes_are_in_the_nets_order_and_mean_and_std_belong_to_planes() {
        let mut tensor = [9.0; 12];
        bgr().planes(&mut tensor, &[vec![130.0; 4], vec![120.0; 4], vec![110.0; 4]]);
        assert_eq!(tensor, [100.0, 100.0, 100.0, 100.0, 50.0, 50.0, 50.0, 50.0, 10.0, 10.0, 10.0, 10.0]);
    }

    #[test]
    fn what_the_picture_does_not_cover_is_black() {
        let mut tensor = [9.0; 12];
        bgr().row(&mut tensor, 0, [&[30.0], &[20.0], &[10.0]]);
        bgr().black_from(&mut tensor, 1);
        assert_eq!(tensor, [0.0, -10.0, -10.0, -10.0, 0.0, -10.0, -10.0, -10.0, 0.0, -3.0, -3.0, -3.0]);
    }
}
