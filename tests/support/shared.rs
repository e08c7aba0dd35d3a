//! The shared reference material: where it is, and pictures from it as frames.

use facegate::camera::{Frame, picture};
use facegate::units::{Clock, Moment};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The folder, from FACEGATE_SHARED or beside this repository; None, with a word, where it is not.
pub fn folder(what: &str) -> Option<PathBuf> {
    let dir = std::env::var_os("FACEGATE_SHARED").map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let there = dir.join("models/manifest.toml").exists() && dir.join("faces/golden.json").exists();
    if !there {
        println!("skipped: {what} needs {}, which is not there (FACEGATE_SHARED names another place)", dir.display());
    }
    there.then_some(dir)
}

/// A picture file as a frame.
pub fn picture(path: &Path) -> Frame {
    picture::read(path).unwrap_or_else(|e| panic!("{e}"))
}

/// A clock that stands still: nothing here depends on time.
pub fn no_time() -> Clock {
    Arc::new(|| Moment::START)
}
