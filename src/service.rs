//! Wires the rooms into threads.
