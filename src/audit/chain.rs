//! The chain: an event's hash covers the event and the hash before it.
//!
//! `hash(n) = SHA-256("facegate audit 1" | hash(n - 1) | n | column*)`, a column as its position (u16), its type (one byte), its length in
//! bytes (u64) and its bytes; numbers little-endian, text in UTF-8. A column that is NULL is left out, so that columns of later versions
//! change no old hash; position, type and length keep two different rows from ever reading the same.

use crate::units::Digest;
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use serde::{Serialize, Serializer};
use sha2::{Digest as _, Sha256};

/// An event's number and hash: what a chain begins after, or ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Head {
    /// 0 where there has been no event.
    pub number: i64,
    #[serde(serialize_with = "hex")]
    pub hash: Digest,
}

fn hex<S: Serializer>(digest: &Digest, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(digest)
}

/// Where the record begins and ends.
pub(super) struct Ends {
    /// The last event that was dropped.
    pub anchor: Head,
    /// The newest event.
    pub head: Head,
}

pub(super) fn ends(c: &Connection) -> rusqlite::Result<Ends> {
    let mut statement = c.prepare_cached("SELECT anchor_number, anchor_hash, head_number, head_hash FROM ends WHERE id = 1")?;
    statement.query_row([], |row| {
        let head = |at| Ok::<_, rusqlite::Error>(Head { number: row.get(at)?, hash: Digest(row.get(at + 1)?) });
        Ok(Ends { anchor: head(0)?, head: head(2)? })
    })
}

/// The hash of event `number` with these columns, after an event of hash `before`.
pub(super) fn link<'a>(before: &Digest, number: i64, columns: impl Iterator<Item = ValueRef<'a>>) -> Digest {
    let mut hash = Sha256::new().chain_update(b"facegate audit 1").chain_update(before.0).chain_update(number.to_le_bytes());
    for (position, value) in columns.enumerate() {
        let mut put = |kind: u8, bytes: &[u8]| {
            hash.update((position as u16).to_le_bytes());
            hash.update([kind]);
            hash.update((bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        };
        match value {
            ValueRef::Null => {}
            ValueRef::Integer(v) => put(1, &v.to_le_bytes()),
            ValueRef::Real(v) => put(2, &v.to_bits().to_le_bytes()),
            ValueRef::Text(v) => put(3, v),
            ValueRef::Blob(v) => put(4, v),
        }
    }
    Digest(hash.finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_rows_read_the_same() {
        let before = Digest([0; 32]);
        let text = |t: &'static str| ValueRef::Text(t.as_bytes());
        let rows: [&[ValueRef<'_>]; 8] = [
            &[text("ab"), text("c")],
            &[text("a"), text("bc")],
            &[text("abc"), ValueRef::Null],
            &[ValueRef::Null, text("abc")],
            &[ValueRef::Blob(b"abc"), ValueRef::Null],
            &[ValueRef::Integer(0), ValueRef::Null],
            &[ValueRef::Real(0.0), ValueRef::Null],
            &[text(""), ValueRef::Null],
        ];
        let hashes: Vec<_> = rows.iter().map(|row| link(&before, 1, row.iter().copied())).collect();
        for (i, a) in hashes.iter().enumerate() {
            assert!(hashes[i + 1..].iter().all(|b| a != b), "row {i}");
        }
        assert_ne!(link(&before, 1, rows[0].iter().copied()), link(&before, 2, rows[0].iter().copied()));
        assert_ne!(link(&before, 1, rows[0].iter().copied()), link(&Digest([1; 32]), 1, rows[0].iter().copied()));
        let longer = rows[0].iter().copied().chain([ValueRef::Null]);
        assert_eq!(link(&before, 1, rows[0].iter().copied()), link(&before, 1, longer), "a later version's empty column changes nothing");
    }
}
