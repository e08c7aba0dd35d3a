//! Decides; the only place with a rule in it.
