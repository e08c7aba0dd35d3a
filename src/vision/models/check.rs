//! Every net of a library, tried.

use super::{Library, ModelError};
use crate::vision::Net;
use std::time::{Duration, Instant};

/// What came of trying a net.
#[derive(Debug)]
pub struct Checked {
    /// Its name.
    pub name: String,
    /// Ready and right, or why not.
    pub outcome: Result<Passed, ModelError>,
}

/// A net that can be used.
#[derive(Debug, Clone, Copy)]
pub struct Passed {
    /// Whether an answer to the built-in picture is recorded, and it was given.
    pub is_tested: bool,
    /// How long loading, checking and the first run took.
    pub took: Duration,
}

/// Loads every net as the program would at start.
pub fn check(library: &Library) -> Vec<Checked> {
    #[expect(clippy::disallowed_methods, reason = "a stage timer: it says how long a start takes")]
    let tried = |entry: &super::Entry| {
        let began = Instant::now();
        let outcome = Net::load(entry, None).and_then(|mut net| {
            net.run()?;
            Ok(Passed { is_tested: net.is_tested(), took: began.elapsed() })
        });
        Checked { name: entry.name.clone(), outcome }
    };
    library.entries().iter().map(tried).collect()
}
