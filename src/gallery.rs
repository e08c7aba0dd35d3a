//! Knows people by their templates.
