//! Drives lines.
