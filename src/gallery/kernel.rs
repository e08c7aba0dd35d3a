//! Dot products in a form that the compiler makes vector instructions of: independent sums, no branch, no bounds check.

/// Sums kept side by side: two AVX-512, four AVX or eight NEON registers, enough to hide an addition's latency.
const LANES: usize = 32;

/// `a . b` in f32; both of the same length. The rounding error stays near 1e-7 for unit vectors of 512.
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0f32; LANES];
    let (a, a_rest) = a.as_chunks::<LANES>();
    let (b, b_rest) = b.as_chunks::<LANES>();
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            sums[lane] += sums[lane + width];
        }
        width /= 2;
    }
    sums[0] + rest
}

/// `a . b` in f64.
pub(super) fn dot_f64(a: &[f32], b: &[f64]) -> f64 {
    const LANES: usize = 8;
    let mut sums = [0.0f64; LANES];
    let (a, a_rest) = a.as_chunks::<LANES>();
    let (b, b_rest) = b.as_chunks::<LANES>();
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            sums[lane] += f64::from(a[lane]) * b[lane];
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(a, b)| f64::from(*a) * b).sum();
    sums.iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agree_with_the_plain_sum_at_every_length() {
        for length in 0..=130 {
            let a: Vec<f32> = (0..length).map(|i| (i as f32 * 0.37).sin()).collect();
            let b: Vec<f32> = (0..length).map(|i| (i as f32 * 0.11).cos()).collect();
            let wide: Vec<f64> = b.iter().map(|v| f64::from(*v)).collect();
            let plain: f64 = a.iter().zip(&b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
            assert!((f64::from(dot(&a, &b)) - plain).abs() < 1e-4, "length {length}");
            assert!((dot_f64(&a, &wide) - plain).abs() < 1e-12, "length {length}");
        }
    }

    #[test]
    fn nan_stays_nan() {
        let mut a = [0.5f32; 40];
        for at in [0, 31, 39] {
            a[at] = f32::NAN;
            assert!(dot(&a, &[0.0; 40]).is_nan());
            a[at] = 0.5;
        }
    }
}
