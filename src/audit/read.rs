//! Reading events back.

use super::event::{COLUMNS, Recorded};
use super::{Audit, AuditError, Code};
use jiff::Timestamp;
use rusqlite::params;

/// Which events.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    /// Not before this wall time.
    pub since: Option<Timestamp>,
    /// Of this code.
    pub code: Option<Code>,
    /// Behind this number: for following the record.
    pub after: Option<i64>,
    /// So many of the newest; `None`: all.
    pub last: Option<usize>,
}

impl Audit {
    /// The events that fit, oldest first. A word of a newer version comes as [`Code::Other`].
    ///
    /// # Errors
    /// The file can't be read.
    pub fn list(&mut self, filter: &Filter) -> Result<Vec<Recorded>, AuditError> {
        let sql = format!(
            "SELECT number, {}, hash FROM event
             WHERE number > ?1 AND (?2 IS NULL OR at_us >= ?2) AND (?3 IS NULL OR code = ?3) ORDER BY number DESC LIMIT ?4",
            COLUMNS.join(", ")
        );
        let Filter { since, code, after, last } = filter;
        let values = params![
            after.unwrap_or(i64::MIN),
            since.map(|t| t.as_microsecond()),
            code.as_ref().map(Code::word),
            last.map_or(-1, |n| i64::try_from(n).unwrap_or(i64::MAX)) // SQLite: a negative limit is none
        ];
        let mut events = self.store.read(|t| {
            let mut statement = t.prepare_cached(&sql)?;
            let events = statement.query_map(values, Recorded::from_row)?.collect::<Result<Vec<_>, _>>()?;
            Ok::<_, crate::store::Stop<AuditError>>(events)
        })?;
        events.reverse();
        Ok(events)
    }
}
