//! facegate: a gate that sees a face, knows it or doesn't, and drives the relay of a door.
//!
//! The plan, from the ground up; an import runs downwards only (`tests/arrows.rs` holds it to that):

/// Decides; the only place with a rule in it. Pure.
pub mod access;
/// Remembers what happened, in order, unalterably.
pub mod audit;
/// Delivers the newest picture, or says that there is none.
pub mod camera;
/// One file a command: parses, calls, prints.
pub mod cli;
/// The whole configuration as one typed tree, checked at once.
pub mod config;
/// Drives lines: the relay.
pub mod door;
/// Knows people by their templates: who, how alike, who else.
pub mod gallery;
/// Wires the rooms into threads.
pub mod service;
/// Opening the SQLite files that are ours.
pub mod store;
/// Words that every room uses: moments, similarities, identities, embeddings. No I/O.
pub mod units;
/// Turns a picture into faces: where, how good, live or not, and an embedding.
pub mod vision;
