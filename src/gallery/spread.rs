//! Which of many shots of a person add most.

use crate::units::Embedding;

/// Chooses at most `most` shots that are spread as wide as can be, in the order in which they add: first the one most alike to all the
/// others together, then again and again the one that is least alike to its nearest chosen one (farthest-point choice; Gonzalez,
/// "Clustering to minimize the maximum intercluster distance", 1985). Numbers of `shots`; of equals the first.
///
/// Every shot must be of the person and good enough: a bad one is the farthest of all.
pub fn spread(shots: &[&Embedding], most: usize) -> Vec<usize> {
    let alike = |a: usize, b: usize| shots[a].similarity(shots[b]).0;
    let together = |a: usize| (0..shots.len()).map(|b| alike(a, b)).sum::<f32>();
    let first_of = |best: Option<(usize, f32)>, n: usize, score: f32| match best {
        Some((_, than)) if than >= score => best,
        _ => Some((n, score)),
    };
    let mut chosen: Vec<usize> = Vec::new();
    let middle = (0..shots.len()).fold(None, |best, n| first_of(best, n, together(n)));
    chosen.extend(middle.map(|(n, _)| n).filter(|_| most > 0));
    while chosen.len() < most.min(shots.len()) {
        let nearest = |n: usize| chosen.iter().map(|c| alike(n, *c)).fold(f32::NEG_INFINITY, f32::max);
        let rest = (0..shots.len()).filter(|n| !chosen.contains(n));
        match rest.fold(None, |best, n| first_of(best, n, -nearest(n))) {
            Some((n, _)) => chosen.push(n),
            None => break,
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_comes_first_and_then_what_lies_farthest() {
        let shots = [
            Embedding::at_degrees(0.0),
            Embedding::at_degrees(1.0),
            Embedding::at_degrees(20.0),
            Embedding::at_degrees(21.0),
            Embedding::at_degrees(45.0),
        ];
        let shots: Vec<&Embedding> = shots.iter().collect();
        assert_eq!(spread(&shots, 3), [2, 4, 0], "the middle, the far end, the other end; never two of the same");
        assert_eq!(spread(&shots, 9).len(), 5);
        assert_eq!(spread(&shots, 0), [] as [usize; 0]);
        assert_eq!(spread(&[], 3), [] as [usize; 0]);
    }
}
