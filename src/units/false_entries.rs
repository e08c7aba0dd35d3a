//! What the owner of a door wishes for: how often a stranger may get in.

use std::fmt;
use std::str::FromStr;

/// A stranger who stands before the gate gets in at most once in so many visits. Written `1 in 10000 visits`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FalseEntries(u64);

impl FalseEntries {
    /// The least that may be wished for: a door that a stranger opens more often is none.
    pub const LEAST: u64 = 10;
    /// The most: beyond what any calibration can show.
    pub const MOST: u64 = 1_000_000_000;

    /// Once in so many visits. `None` outside [`Self::LEAST`] to [`Self::MOST`].
    pub fn once_in(visits: u64) -> Option<FalseEntries> {
        (Self::LEAST..=Self::MOST).contains(&visits).then_some(FalseEntries(visits))
    }

    /// The share of a stranger's visits that end at an open door: 1 / visits.
    pub fn share(self) -> f64 {
        1.0 / self.0 as f64
    }
}

impl fmt::Display for FalseEntries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1 in {} visits", self.0)
    }
}

/// Why a text is no such wish.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("write \"1 in N visits\", N from {} to {}", FalseEntries::LEAST, FalseEntries::MOST)]
pub struct NoWish;

impl FromStr for FalseEntries {
    type Err = NoWish;

    /// `1 in 10000 visits`; `1 in 10_000` and `1 in 10,000 visits` too.
    fn from_str(text: &str) -> Result<FalseEntries, NoWish> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let number = match words[..] {
            ["1" | "one" | "once", "in", number] | ["1" | "one" | "once", "in", number, "visit" | "visits"] => number,
            _ => return Err(NoWish),
        };
        number.replace(['_', ','], "").parse().ok().and_then(FalseEntries::once_in).ok_or(NoWish)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_survives_its_text() {
        let wish: FalseEntries = "1 in 10000 visits".parse().unwrap();
        assert_eq!(wish.share(), 1e-4);
        assert_eq!(wish.to_string().parse(), Ok(wish));
        assert_eq!("1 in 10,000".parse(), Ok(wish));
        assert_eq!("once  in 10_000 visits".parse(), Ok(wish));
    }

    #[test]
    fn what_is_no_wish_is_refused() {
        for text in
            ["", "10000", "1 in", "1 in 9 visits", "1 in -5 visits", "2 in 10000 visits", "1 in 10000 days", "1 in 99999999999 visits"]
        {
            assert_eq!(text.parse::<FalseEntries>(), Err(NoWish), "{text}");
        }
    }
}
