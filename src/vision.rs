//! Turns a picture into faces.
