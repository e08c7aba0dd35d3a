//! What was done by hand, in the audit.

use crate::audit::{Code, Event};
use crate::service::{self, Site};
use crate::units::PersonId;
use jiff::Timestamp;

/// Appends one event; `person` is whom it is about.
pub fn record(site: &Site, code: Code, person: Option<PersonId>) -> anyhow::Result<()> {
    let mut event = Event::new(code, Timestamp::now());
    event.person = person;
    service::open_audit(&site.data_dir, &site.config)?.append(&event)?;
    Ok(())
}
