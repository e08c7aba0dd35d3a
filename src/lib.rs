//! facegate: a gate that sees a face, knows it or doesn't, and drives the relay of a door.
//!
//! The plan, from the ground up; an import runs downwards only (`tests/arrows.rs` holds it to that):

// Words that every room uses: moments, similarities, identities, embeddings. No I/O.
pub mod units;
// Error rates from scores and counts. Pure maths.
pub mod statistics;
// The whole configuration as one typed tree, checked at once.
pub mod config;
// What an encoder's similarities are worth: from the owner's wish to tau.
pub mod calibration;
// Opening the SQLite files that are ours.
pub mod store;
// Delivers the newest picture, or says that there is none.
pub mod camera;
// Turns a picture into faces: where, how good, live or not, and an embedding.
pub mod vision;
// Knows people by their templates: who, how alike, who else.
pub mod gallery;
// Decides; the only place with a rule in it. Pure.
pub mod access;
// Drives lines: the relay.
pub mod door;
// Remembers what happened, in order, unalterably.
pub mod audit;
// Wires the rooms into threads.
pub mod service;
// Measures how often the gate errs, on folders of pictures.
pub mod evaluate;
// One file a command: parses, calls, prints.
pub mod cli;
