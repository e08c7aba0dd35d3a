//! What an encoder's similarities are worth: from the owner's wish ("a stranger gets in once in N visits") to tau.
//!
//! One comparison of two strangers passes with the false match rate FMR(tau). A search through K templates lets a stranger pass with
//! FPIR(K) = 1 - (1 - FMR)^K (Grother, Ngan, Hanaoka: NIST FRVT part 2). The wish is kept by the tau at which FPIR(K), times how much easier
//! a whole visit is than a single look, is the wish; so tau rises with every template.
//!
//! FMR(tau) is a measured thing: [`measure()`] fits a generalised Pareto distribution ([`Tail`]) to the top percent of the similarities
//! between strangers of one group, the worst that is large enough. What it found is a [`Table`], kept in a file ([`Tables`]) beside the
//! encoder's digest and the score that was measured ([`Metric`]); no other encoder and no other score may use it.

mod cohort;
mod cohorts;
mod error;
mod file;
mod head;
mod measure;
mod metric;
mod table;
mod tail;
mod threshold;

pub use cohort::{Against, Cohort, normalised, squeezed};
pub use error::CalibrationError;
pub use file::Tables;
pub use head::{Form, Head};
pub use measure::{Group, LEAST_PEOPLE, Measured, Run, Strangers, TooFew, Visits, measure, visits};
pub use metric::{Metric, Prepared, Scale};
pub use table::{Fmr, NotATable, Point, Table, fpir};
pub use tail::Tail;
pub use threshold::{Source, Standing, Threshold};
