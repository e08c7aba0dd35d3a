//! Error rates from scores and counts: curves, accuracy over folds, and how sure a rate is. Pure maths; knows nothing of faces.

mod folds;
mod interval;
mod roc;

pub use folds::{Accuracy, Labelled, over_folds};
pub use interval::{Share, clopper_pearson, rule_of_three};
pub use roc::{Point, Roc};
