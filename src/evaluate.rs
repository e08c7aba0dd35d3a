//! Measures how often the gate errs, on folders of pictures: one face against one (verification), one against all (identification, by the
//! look and by the visit), living against shown (liveness). The pictures go the way that a visitor's go: the program's own reader, detector,
//! quality verdicts, alignment and encoder.
//!
//! A picture that gives no embedding is a failure to acquire: counted, shown, and never left out in silence.

// Embeddings of pictures, on all cores, and to be gone on with after a break.
pub mod encode;
mod error;
// Error rates by group of people.
pub mod groups;
mod kept;
// LFW's list of pairs.
pub mod pairs;
// Who is on which picture.
pub mod people;
// One face against one.
pub mod verification;

pub use encode::{Encoded, Failure, Job, Sample, Setting, Which};
pub use error::EvaluateError;
pub use kept::Keep;
pub use people::{Folder, Person};
