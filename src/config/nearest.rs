//! The known word that an unknown one was probably meant to be.

/// The word with the least edit distance (Levenshtein), if at most two in five of its letters differ: two letters changed places in a
/// word of five are two.
pub fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let word = word.to_lowercase();
    known.iter().map(|k| (distance(&word, k), *k)).min().filter(|(d, k)| *d * 5 <= k.len().max(word.len()) * 2).map(|(_, k)| k)
}

fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let cost = if x == *y { diagonal } else { 1 + diagonal.min(row[j]).min(row[j + 1]) };
            diagonal = row[j + 1];
            row[j + 1] = cost;
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_slips_and_leaves_strangers() {
        assert_eq!(nearest("widht", &["width", "height"]), Some("width"));
        assert_eq!(nearest("Unlock_MS", &["unlock_ms", "line"]), Some("unlock_ms"));
        assert_eq!(nearest("banana", &["width", "height"]), None);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
