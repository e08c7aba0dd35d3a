//! Turns a picture into faces.

/// Which nets there are, what they expect, and whether a file is what its manifest says.
pub mod models;
/// A net that is loaded, checked and ready to run.
pub mod net;
/// Operators of our own for the engine that runs the nets.
mod ops;

pub use models::{Entry, Library, ModelError, Role};
pub use net::{Net, Outputs};
