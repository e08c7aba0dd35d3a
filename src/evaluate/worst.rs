//! The few that went wrong most, kept while many go by.

/// So many are kept of each kind.
const WORST: usize = 12;

/// Keeps an item where it is among the worst, the worst first; of equals those that came first.
pub(super) fn worst<T>(list: &mut Vec<T>, item: T, badness: fn(&T) -> f32) {
    let at = list.partition_point(|kept| badness(kept) >= badness(&item));
    if at < WORST {
        list.insert(at, item);
        list.truncate(WORST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_are_kept_in_order() {
        let mut list = Vec::new();
        (0..100).for_each(|n| worst(&mut list, n, |n| (n % 50) as f32));
        assert_eq!(list, [49, 99, 48, 98, 47, 97, 46, 96, 45, 95, 44, 94]);
    }
}
