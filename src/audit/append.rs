//! Adding events, and letting the oldest go.

use super::chain::{self, Ends, Head};
use super::event::{COLUMNS, Event};
use super::{Audit, AuditError};
use crate::store::Stop;
use crate::units::Digest;
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, ErrorCode, OptionalExtension, ToSql, params, params_from_iter};
use std::sync::LazyLock;

static INSERT: LazyLock<String> = LazyLock::new(|| {
    let places = vec!["?"; COLUMNS.len() + 2].join(", ");
    format!("INSERT INTO event (number, {}, hash) VALUES ({places})", COLUMNS.join(", "))
});

impl Audit {
    /// Records an event; when this returns, it is on the disk. Returns its number.
    ///
    /// # Errors
    /// A full disk, a busy or damaged file, a record that was altered from outside: then nothing was recorded.
    pub fn append(&mut self, event: &Event) -> Result<i64, AuditError> {
        Ok(self.append_all(std::slice::from_ref(event))?.number)
    }

    /// Records events in this order, all or none; when this returns, they are on the disk. Returns the new head.
    ///
    /// # Errors
    /// As [`Audit::append`].
    pub fn append_all(&mut self, events: &[Event]) -> Result<Head, AuditError> {
        if events.is_empty() {
            return self.head();
        }
        let room = self.room;
        self.store.write(|t| {
            let mut ends = chain::ends(t)?;
            let rows: Vec<_> = events.iter().map(Event::to_row).collect();
            // Before, so that the file needn't grow for them; and behind, for events that are more than the whole budget.
            make_room(t, &mut ends, room, rows.iter().map(|row| size_of(row)).sum())?;
            for row in &rows {
                ends.head = insert(t, &ends.head, row)?;
            }
            make_room(t, &mut ends, room, 0)?;
            let Ends { anchor, head } = ends;
            let sql = "UPDATE ends SET anchor_number = ?1, anchor_hash = ?2, head_number = ?3, head_hash = ?4";
            t.prepare_cached(sql)?.execute(params![anchor.number, anchor.hash.0, head.number, head.hash.0])?;
            Ok(head)
        })
    }
}

fn insert(c: &Connection, head: &Head, row: &[Value; COLUMNS.len()]) -> Result<Head, Stop<AuditError>> {
    let number = head.number.saturating_add(1);
    let hash = chain::link(&head.hash, number, row.iter().map(ValueRef::from));
    let (first, last) = (Value::Integer(number), Value::Blob(hash.0.to_vec()));
    let values = [&first].into_iter().chain(row).chain([&last]).map(|v| v as &dyn ToSql);
    match c.prepare_cached(&INSERT)?.execute(params_from_iter(values)) {
        Ok(_) => Ok(Head { number, hash }),
        Err(e) if e.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => Err(Stop::No(AuditError::Occupied { number })),
        Err(e) => Err(e.into()),
    }
}

/// Lets the oldest events go, a sixteenth at a time and never the newest, until `coming` more bytes are within `room`.
fn make_room(c: &Connection, ends: &mut Ends, room: u64, coming: u64) -> rusqlite::Result<()> {
    while ends.head.number - ends.anchor.number > 1 && used(c)?.saturating_add(coming) > room {
        let kept = ends.head.number - ends.anchor.number;
        let last = (ends.anchor.number + (kept / 16).clamp(1, 4096)).min(ends.head.number - 1);
        let found = c.prepare_cached("SELECT hash FROM event WHERE number = ?1")?.query_row([last], |row| row.get(0)).optional()?;
        // The anchor keeps the number and hash of the last one dropped. Where somebody has deleted that event, the old hash: the next
        // event won't hang on it, and `verify` says so.
        ends.anchor = Head { number: last, hash: found.map_or(ends.anchor.hash, Digest) };
        c.prepare_cached("DELETE FROM event WHERE number <= ?1")?.execute([last])?;
    }
    Ok(())
}

/// What an event takes in the file, in bytes, on the safe side: nine bytes a number, 32 for the hash, 64 for the row.
fn size_of(row: &[Value]) -> u64 {
    let bytes = |value: &Value| match value {
        Value::Text(text) => text.len(),
        Value::Blob(blob) => blob.len(),
        _ => 0,
    };
    row.iter().map(|value| bytes(value) as u64 + 9).sum::<u64>() + 96
}

/// What the file holds, in bytes: pages that are in use.
fn used(c: &Connection) -> rusqlite::Result<u64> {
    let number = |sql| c.prepare_cached(sql)?.query_row([], |row| row.get::<_, i64>(0));
    let (pages, free, bytes) = (number("PRAGMA page_count")?, number("PRAGMA freelist_count")?, number("PRAGMA page_size")?);
    Ok(u64::try_from((pages - free).saturating_mul(bytes)).unwrap_or(0))
}
