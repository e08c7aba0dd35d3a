//! The record remembers what happened, in order, and shows when it was altered.

use facegate::audit::{Audit, AuditError, Code, Event, Filter, Flaw, Head, StageTime, StoreError};
use facegate::units::{Digest, Moment, PersonId, Similarity, Tau};
use jiff::Timestamp;
use proptest::prelude::*;
use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use std::path::{Path, PathBuf};

const BUDGET: u64 = 8 << 20;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

fn granted(second: i64) -> Event {
    Event {
        moment: Some(Moment::from_ms(second as u64 * 1000)),
        visit: Some(7),
        person: Some(PersonId(3)),
        similarity: Some(Similarity(0.71)),
        other: Some(Similarity(0.12)),
        margin: Some(0.59),
        tau: Some(Tau(0.4)),
        k: Some(12),
        liveness: Some(0.98),
        quality: Some(0.8),
        detector: Some(Digest([1; 32])),
        encoder: Some(Digest([2; 32])),
        liveness_models: vec![Digest([3; 32]), Digest([4; 32])],
        timings: vec![StageTime { stage: "encode".into(), ms: 9.25 }, StageTime { stage: "align".into(), ms: 0.1 }],
        reason: Some("3 of 5 looks".into()),
        ..Event::new(Code::Granted, at(second))
    }
}

fn open() -> (tempfile::TempDir, PathBuf, Audit) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.db");
    let audit = Audit::open(&path, BUDGET).unwrap();
    (folder, path, audit)
}

/// As somebody who has the file and SQLite.
fn alter(path: &Path, sql: &str) {
    rusqlite::Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

/// A record of ten events.
fn ten() -> (tempfile::TempDir, PathBuf, Audit) {
    let (folder, path, mut audit) = open();
    audit.append(&Event::new(Code::Started, at(0))).unwrap();
    let events: Vec<Event> = (1..10).map(granted).collect();
    assert_eq!(audit.append_all(&events).unwrap().number, 10);
    assert!(audit.verify().unwrap().is_whole());
    (folder, path, audit)
}

#[test]
fn events_come_back_as_they_were() {
    let (_folder, path, mut audit) = open();
    let events = [Event::new(Code::Started, at(0)), granted(1), Event::new(Code::Fault, at(2)).because("camera stalled")];
    assert_eq!(audit.append(&events[0]).unwrap(), 1);
    let head = audit.append_all(&events[1..]).unwrap();
    assert_eq!((head.number, audit.append_all(&[]).unwrap()), (3, head));
    drop(audit);
    let mut audit = Audit::open(&path, BUDGET).unwrap();
    let recorded = audit.list(&Filter::default()).unwrap();
    assert_eq!(recorded.iter().map(|r| r.number).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(recorded.iter().map(|r| &r.event).collect::<Vec<_>>(), events.iter().collect::<Vec<_>>());
    assert_eq!((audit.head().unwrap(), recorded[2].hash), (head, head.hash));
}

#[test]
fn the_filter_takes_what_fits() {
    let (_folder, _, mut audit) = ten();
    let mut numbers = |filter: Filter| audit.list(&filter).unwrap().iter().map(|r| r.number).collect::<Vec<_>>();
    assert_eq!(numbers(Filter { last: Some(3), ..Filter::default() }), [8, 9, 10]);
    assert_eq!(numbers(Filter { since: Some(at(8)), ..Filter::default() }), [9, 10]);
    assert_eq!(numbers(Filter { code: Some(Code::Started), ..Filter::default() }), [1]);
    assert_eq!(numbers(Filter { after: Some(7), last: Some(2), code: Some(Code::Granted), ..Filter::default() }), [9, 10]);
    assert_eq!(numbers(Filter { last: Some(0), ..Filter::default() }), [0i64; 0]);
}

#[test]
fn json_says_everything_by_name() {
    let (_folder, _, mut audit) = open();
    audit.append_all(&[granted(1), Event::new(Code::Stopped, at(2))]).unwrap();
    let recorded = audit.list(&Filter::default()).unwrap();
    let json = serde_json::to_value(&recorded[0]).unwrap();
    for (key, value) in [
        ("number", serde_json::json!(1)),
        ("event", "granted".into()),
        ("at", at(1).to_string().into()),
        ("at_ms", 1000.into()),
        ("visit", 7.into()),
        ("person", 3.into()),
        ("k", 12.into()),
        ("encoder", "02".repeat(32).into()),
        ("liveness_models", serde_json::json!(["03".repeat(32), "04".repeat(32)])),
        ("timings_ms", serde_json::json!({"encode": 9.25f32, "align": 0.1f32})),
        ("reason", "3 of 5 looks".into()),
        ("hash", recorded[0].hash.to_string().into()),
    ] {
        assert_eq!(json[key], value, "{key}");
    }
    assert!(serde_json::to_value(&recorded[1]).unwrap()["person"].is_null(), "a key is there even where nothing is known");
}

#[test]
fn what_isnt_finite_or_is_endless_does_no_harm() {
    let (_folder, _, mut audit) = open();
    let mut event = granted(1).because("ß".repeat(100_000));
    event.similarity = Some(Similarity(f32::NAN));
    event.margin = Some(f32::INFINITY);
    event.tau = Some(Tau(-0.0));
    event.k = Some(u64::MAX);
    audit.append(&event).unwrap();
    assert!(audit.verify().unwrap().is_whole());
    let back = audit.list(&Filter::default()).unwrap().remove(0).event;
    assert_eq!((back.similarity, back.margin, back.tau, back.k), (None, None, Some(Tau(0.0)), Some(i64::MAX as u64)));
    assert_eq!(back.reason.unwrap().chars().count(), 1000);
}

#[test]
fn a_word_of_a_newer_version_is_read() {
    let (_folder, _, mut audit) = open();
    audit.append(&Event::new(Code::Other("drilled".into()), at(0))).unwrap();
    let recorded = audit.list(&Filter { code: Some(Code::from_word("drilled")), ..Filter::default() }).unwrap();
    assert_eq!(recorded[0].event.code.word(), "drilled");
}

#[test]
fn an_event_that_was_removed_is_missed() {
    let (_folder, path, mut audit) = ten();
    alter(&path, "DELETE FROM event WHERE number IN (4, 5)");
    assert_eq!(audit.verify().unwrap().flaws, [Flaw::Missing { from: 4, to: 5 }]);
}

#[test]
fn an_end_that_was_cut_off_is_missed() {
    let (_folder, path, mut audit) = ten();
    alter(&path, "DELETE FROM event WHERE number > 8");
    let verdict = audit.verify().unwrap();
    assert_eq!((verdict.flaws, verdict.events), (vec![Flaw::Missing { from: 9, to: 10 }], 8));
}

#[test]
fn a_beginning_that_was_cut_off_is_missed() {
    let (_folder, path, mut audit) = ten();
    alter(&path, "DELETE FROM event WHERE number < 3");
    assert_eq!(audit.verify().unwrap().flaws, [Flaw::Missing { from: 1, to: 2 }]);
    alter(&path, "DELETE FROM event");
    assert_eq!(audit.verify().unwrap().flaws, [Flaw::Missing { from: 1, to: 10 }]);
}

#[test]
fn events_that_changed_places_are_found() {
    let (_folder, path, mut audit) = ten();
    alter(
        &path,
        "UPDATE event SET number = 99 WHERE number = 4; UPDATE event SET number = 4 WHERE number = 5; UPDATE event SET number = 5 WHERE number = 99",
    );
    let flaws = audit.verify().unwrap().flaws;
    assert!(flaws.contains(&Flaw::Changed { number: 4 }) && flaws.contains(&Flaw::Changed { number: 5 }), "{flaws:?}");
}

#[test]
fn an_event_that_was_put_in_is_found() {
    let (_folder, path, mut audit) = ten();
    alter(
        &path,
        "UPDATE event SET number = number + 1000 WHERE number > 4; UPDATE event SET number = number - 999 WHERE number > 1000;
         INSERT INTO event SELECT 5, code, at_us, moment_ms, visit, person, similarity, other, margin, tau, k, liveness, quality, detector,
             encoder, liveness_models, timings, reason, hash FROM event WHERE number = 4",
    );
    let flaws = audit.verify().unwrap().flaws;
    assert!(flaws.contains(&Flaw::Changed { number: 5 }) && flaws.contains(&Flaw::PutIn { number: 11 }), "{flaws:?}");
}

#[test]
fn a_head_that_was_written_down_finds_a_chain_that_was_made_anew() {
    let (_folder, path, mut audit) = ten();
    let (first, second) = (audit.list(&Filter::default()).unwrap()[4].clone(), audit.head().unwrap());
    let known = Head { number: first.number, hash: first.hash };
    assert!(audit.verify_since(Some(known)).unwrap().is_whole());
    assert!(audit.verify_since(Some(second)).unwrap().is_whole());
    // Cutting the end off and setting the head back passes `verify`: nothing in the file can show it ...
    alter(
        &path,
        "DELETE FROM event WHERE number > 8;
         UPDATE ends SET head_number = 8, head_hash = (SELECT hash FROM event WHERE number = 8)",
    );
    assert!(audit.verify().unwrap().is_whole());
    // ... but who wrote the head down, sees it.
    assert_eq!(audit.verify_since(Some(second)).unwrap().flaws, [Flaw::NotTheKnown { number: 10 }]);
    audit.append_all(&[granted(8), granted(10)]).unwrap();
    assert!(audit.verify().unwrap().is_whole());
    assert_eq!(audit.verify_since(Some(second)).unwrap().flaws, [Flaw::NotTheKnown { number: 10 }]);
    assert!(audit.verify_since(Some(known)).unwrap().is_whole());
}

#[test]
fn the_oldest_make_room_and_the_chain_stays_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.db");
    let budget = 256 << 10;
    let mut audit = Audit::open(&path, budget).unwrap();
    let size = || {
        std::fs::read_dir(folder.path())
            .unwrap()
            .map(|f| f.unwrap())
            .filter(|f| !f.file_name().to_string_lossy().ends_with("-shm"))
            .map(|f| f.metadata().unwrap().len())
            .sum::<u64>()
    };
    let mut first = None;
    for batch in 0..60 {
        let events: Vec<Event> = (0..50).map(|n| granted(batch * 50 + n).because("r".repeat(60))).collect();
        let head = audit.append_all(&events).unwrap();
        first.get_or_insert(head);
        assert_eq!(head.number, (batch + 1) * 50);
        assert!(size() <= budget, "{} bytes after {} events", size(), head.number);
    }
    let verdict = audit.verify().unwrap();
    assert!(verdict.is_whole(), "{:?}", verdict.flaws);
    assert!(verdict.dropped > 1000 && verdict.events > 100, "{verdict:?}");
    assert_eq!(verdict.dropped + verdict.events as i64, 3000);
    assert_eq!(audit.list(&Filter::default()).unwrap()[0].number, verdict.dropped + 1);
    assert_eq!(audit.verify_since(first).unwrap().flaws, [Flaw::KnownDropped { number: 50 }]);
    alter(&path, &format!("DELETE FROM event WHERE number = {}", verdict.dropped + 1));
    let missed = verdict.dropped + 1;
    assert_eq!(audit.verify().unwrap().flaws, [Flaw::Missing { from: missed, to: missed }]);
}

#[test]
fn a_budget_that_shrank_is_kept_from_the_next_event() {
    let (folder, path, mut audit) = open();
    let events: Vec<Event> = (0..2000).map(granted).collect();
    audit.append_all(&events).unwrap();
    drop(audit);
    let mut audit = Audit::open(&path, 256 << 10).unwrap();
    audit.append(&granted(1)).unwrap();
    let verdict = audit.verify().unwrap();
    assert!(verdict.is_whole() && verdict.dropped > 0 && verdict.head.number == 2001, "{verdict:?}");
    drop(folder);
}

#[test]
fn two_processes_write_one_chain() {
    let (_folder, path, mut audit) = open();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let path = &path;
            scope.spawn(move || {
                let mut audit = Audit::open(path, BUDGET).unwrap();
                (0..25).for_each(|n| assert!(audit.append(&granted(n)).is_ok()));
            });
        }
    });
    let verdict = audit.verify().unwrap();
    assert!(verdict.is_whole() && verdict.events == 100, "{verdict:?}");
}

#[test]
fn a_damaged_record_is_refused_and_does_the_gallery_no_harm() {
    let (folder, path, audit) = ten();
    drop(audit);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[100..2000].fill(0xFF);
    std::fs::write(&path, &bytes).unwrap();
    let refused = Audit::open(&path, BUDGET).and_then(|mut a| a.verify().map(drop)).unwrap_err();
    assert!(matches!(refused, AuditError::Store(StoreError::Damaged { .. })), "{refused}");
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
    facegate::gallery::Gallery::open(&folder.path().join("gallery.db")).unwrap();
}

/// The value with one byte changed; `None` where it has none.
fn flipped(value: Value, byte: usize, mask: u8) -> Option<Value> {
    let flip = |mut bytes: Vec<u8>| {
        let at = byte % bytes.len().max(1);
        *bytes.get_mut(at)? ^= mask;
        Some(bytes)
    };
    let eight = |bytes: Vec<u8>| -> [u8; 8] { bytes.try_into().unwrap() };
    Some(match value {
        Value::Null => return None,
        Value::Integer(v) => Value::Integer(i64::from_le_bytes(eight(flip(v.to_le_bytes().to_vec())?))),
        Value::Real(v) => Value::Real(f64::from_le_bytes(eight(flip(v.to_le_bytes().to_vec())?))),
        Value::Text(v) => Value::Blob(flip(v.into_bytes())?), // perhaps no UTF-8 any more: bound as text below
        Value::Blob(v) => Value::Blob(flip(v)?),
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_byte_of_any_column_counts(
        row in 1i64..=10, column in 0usize..19, end in 0usize..5, of_ends in prop::bool::weighted(0.2), byte: usize, mask in 1u8..,
    ) {
        let (_folder, path, mut audit) = ten();
        let (table, key, row, column) = if of_ends { ("ends", "id", 1, end) } else { ("event", "number", row, column) };
        let other = rusqlite::Connection::open(&path).unwrap();
        let name = other.prepare(&format!("SELECT * FROM {table}")).unwrap().column_name(column).unwrap().to_owned();
        let read = || other.query_row(&format!("SELECT {name} FROM {table} WHERE {key} = ?1"), [row], |r| r.get::<_, Value>(0)).unwrap();
        let old = read();
        let Some(new) = flipped(old.clone(), byte, mask) else { return Ok(()) };
        let bound = match (&old, &new) {
            (Value::Text(_), Value::Blob(bytes)) => ToSqlOutput::Borrowed(ValueRef::Text(bytes)),
            _ => ToSqlOutput::Owned(new),
        };
        let altered = other.execute(&format!("UPDATE {table} SET {name} = ?1 WHERE {key} = ?2"), rusqlite::params![bound, row]);
        // What the table itself refuses, or stores as it was (another bit pattern of the same number), is no alteration.
        let same = || other.query_row(&format!("SELECT count(*) FROM {table} WHERE {key} = ?1 AND {name} = ?2"),
            rusqlite::params![row, old], |r| r.get::<_, i64>(0)).unwrap() == 1;
        prop_assume!(altered.is_ok() && (name == key || !same()));
        drop(other);
        match audit.verify() {
            Ok(verdict) => prop_assert!(!verdict.is_whole(), "{table}.{name} of {row}"),
            Err(AuditError::Store(StoreError::Damaged { .. })) => {}
            Err(e) => prop_assert!(false, "{table}.{name} of {row}: {e}"),
        }
    }
}
