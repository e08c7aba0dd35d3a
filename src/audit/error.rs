//! What can go wrong with the record.

use crate::store::StoreError;

/// Why an event can't be recorded or read. The service takes it for a fault: no entry without a record.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(
        "the audit's head says that event {number} comes next, but it is there already: the record was altered from outside. \
         `facegate audit verify` says more; to go on, stop the service and keep the file aside under another name"
    )]
    Occupied { number: i64 },
    #[error("the operating system gives no random numbers for the audit's beginning: {source}")]
    Random { source: getrandom::Error },
}
