//! Decides; the only place with a rule in it.
//!
//! Pure and total: state, an input and a time in, actions out. No I/O, no clock, no thread, no log, no allocation in
//! [`Controller::step`]; no input of any kind makes it panic, and what it can't make sense of opens nothing.
//!
//! - A **look** is one judged face of one frame: match, unknown, ambiguous, unusable, spoof, or one that can't be judged.
//! - A **visit** lasts from the first sighting of a face until none has been seen for [`Rules::gap`]. It ends in one record: a grant, or
//!   one denial with its most telling reason.
//! - A **grant** needs [`Rules::votes`] matching looks of one person among the last [`Rules::looks`] looks, none older than
//!   [`Rules::look_age`], and comes at most once a visit.
//! - A **permit** is the right to hold the line active until a moment. It ends by itself, and any [`Fault`](Input::Fault) ends it at once.
//!
//! **Several faces.** The service sends the largest usable face of a frame. When another person is recognised, all earlier looks are
//! forgotten: nobody inherits votes, and two people who take turns before the camera are not let in until one of them stays. Looks at
//! a face that nobody knows take their place among the last looks, so they can only delay.
//!
//! **Liveness** can only deny. A look judged not living never votes, whether or not liveness is required, and it cancels one vote as long
//! as it stands among the last looks; [`Rules::max_spoofs`] of them close the visit. Where liveness is required, a look without a
//! judgement doesn't vote either.
//!
//! **Numbers.** A look with a number that is none (NaN, a probability above 1, no cosine) never votes, and voids the votes before it: whatever
//! gave that number may have given the others.
//!
//! **Time.** Only a step with a later or equal time is a normal one. A step back in time ends everything that was under way (permit,
//! looks, visit) and starts the cool-down anew. A look from the future, from before the last look, or of the same frame never votes.

mod action;
mod controller;
mod input;
mod look;
mod outcome;
mod rules;
mod visit;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod stories;

pub use action::{Action, Actions};
pub use controller::Controller;
pub use input::{Command, FaultKind, Flaw, Input, Quality, Sighting};
pub use look::Look;
pub use outcome::{Cause, Figures, Outcome, Reason};
pub use rules::Rules;
