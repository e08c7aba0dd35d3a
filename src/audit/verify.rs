//! Whether the record is as it was written.

use super::chain::{self, Ends, Head};
use super::{Audit, AuditError};
use crate::store::Stop;
use crate::units::Digest;
use rusqlite::types::ValueRef;
use serde::Serialize;

/// So many flaws are named; more are only counted.
const MOST_NAMED: usize = 100;

/// What the chain says.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verdict {
    /// Events that are there.
    pub events: u64,
    /// Events dropped to stay within the budget.
    pub dropped: i64,
    /// The newest event. Compare it with one that was written down elsewhere.
    pub head: Head,
    /// What isn't as it was written; at most 100 of them.
    pub flaws: Vec<Flaw>,
    /// How many flaws there are.
    pub flaw_count: u64,
}

/// Something that isn't as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "flaw", rename_all = "snake_case")]
pub enum Flaw {
    #[error("event {number} was changed, or stands where another one stood")]
    Changed { number: i64 },
    #[error("events {from} to {to} are missing")]
    Missing { from: i64, to: i64 },
    #[error("event {number} was put in: the record's beginning or its end doesn't know it")]
    PutIn { number: i64 },
    #[error("the newest event, {number}, is not the one that the record's head names")]
    Head { number: i64 },
    #[error("event {number} is not the one that was written down")]
    NotTheKnown { number: i64 },
    #[error("event {number}, which was written down, has been dropped since: it can't be compared any more")]
    KnownDropped { number: i64 },
}

impl Verdict {
    /// Whether nothing was found.
    pub fn is_whole(&self) -> bool {
        self.flaw_count == 0
    }

    fn say(&mut self, flaw: Flaw) {
        self.flaw_count += 1;
        if self.flaws.len() < MOST_NAMED {
            self.flaws.push(flaw);
        }
    }
}

impl Audit {
    /// Reads all events and computes the chain anew. Finds an event that was changed, removed, put in or moved, and an end that was cut off.
    ///
    /// What it can't prove: the chain has no secret, and its beginning and head lie in the same file. Who can write the file and knows this
    /// program can compute a new chain over altered events, or cut the end off and set the head back, or drop the oldest events as the budget would. A head that was
    /// written down outside ([`Audit::head`], [`Audit::verify_since`]) proves all events up to it that are still there.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn verify(&mut self) -> Result<Verdict, AuditError> {
        self.verify_since(None)
    }

    /// As [`Audit::verify`], and whether the event of a head that was written down is still the same.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn verify_since(&mut self, known: Option<Head>) -> Result<Verdict, AuditError> {
        self.store.read(|t| {
            let Ends { anchor, head } = chain::ends(t)?;
            let mut verdict = Verdict { events: 0, dropped: anchor.number, head, flaws: Vec::new(), flaw_count: 0 };
            let mut before = anchor;
            let mut known = known.filter(|known| *known != anchor);
            // `*`: columns of a newer version are hashed too. The first is `number`; `hash` is found by its name.
            let mut statement = t.prepare("SELECT * FROM event ORDER BY number")?;
            let (width, hash_at) = (statement.column_count(), statement.column_index("hash")?);
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let number: i64 = row.get(0)?;
                verdict.events += 1;
                if number <= anchor.number || number > head.number {
                    verdict.say(Flaw::PutIn { number });
                    continue;
                }
                let stored = row.get_ref(hash_at)?.as_blob().ok().and_then(|b| b.try_into().ok()).map(Digest);
                let is_next = before.number + 1 == number;
                if is_next {
                    let columns = (1..width).filter(|at| *at != hash_at).map(|at| row.get_ref(at).unwrap_or(ValueRef::Null));
                    if stored != Some(chain::link(&before.hash, number, columns)) {
                        verdict.say(Flaw::Changed { number });
                    }
                } else {
                    // What it hangs on is gone: it can't be checked itself, what comes behind it can.
                    verdict.say(Flaw::Missing { from: before.number + 1, to: number - 1 });
                }
                before = Head { number, hash: stored.unwrap_or(Digest([0; 32])) };
                if known.is_some_and(|known| known.number == number) && known.take() != Some(before) {
                    verdict.say(Flaw::NotTheKnown { number });
                }
            }
            match (before.number, head.number) {
                (last, named) if last != named => verdict.say(Flaw::Missing { from: last.min(named) + 1, to: last.max(named) }),
                (number, _) if before.hash != head.hash => verdict.say(Flaw::Head { number }),
                _ => {}
            }
            match known {
                Some(Head { number, .. }) if number < anchor.number => verdict.say(Flaw::KnownDropped { number }),
                Some(Head { number, .. }) => verdict.say(Flaw::NotTheKnown { number }),
                None => {}
            }
            Ok::<_, Stop<AuditError>>(verdict)
        })
    }
}
