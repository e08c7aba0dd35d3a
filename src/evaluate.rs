//! Measures how often the gate errs, on folders of pictures: one face against one (verification), one against all (identification, by the
//! look and by the visit), living against shown (liveness). The pictures go the way that a visitor's go: the program's own reader, detector,
//! quality verdicts, alignment and encoder.
//!
//! A picture that gives no embedding is a failure to acquire: counted, shown, and never left out in silence.

// Who is enrolled, who comes, and who is a stranger.
pub mod cast;
// Embeddings of pictures, on all cores, and to be gone on with after a break.
pub mod encode;
mod error;
// Error rates by group of people.
pub mod groups;
// One face against all.
pub mod identification;
mod kept;
// Living against shown.
pub mod liveness;
// What is compared: the cosine, or what was tried in its place.
// LFW's list of pairs.
pub mod pairs;
// Who is on which picture.
pub mod people;
// One page that shows what was measured.
pub mod report;
// How several templates of a person count.
pub mod templates;
// One face against one.
pub mod verification;
// Visits, measured.
pub mod visit;
mod worst;

pub use encode::{Encoded, Failure, Job, Sample, Setting, Which};
pub use error::EvaluateError;
pub use kept::Keep;
pub use people::{Folder, Person};
