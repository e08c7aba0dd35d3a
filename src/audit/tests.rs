use super::*;

fn now() -> jiff::Timestamp {
    "2026-11-24T05:55:13Z".parse().unwrap()
}

fn open(budget: u64) -> (tempfile::TempDir, Audit) {
    let folder = tempfile::tempdir().unwrap();
    let audit = Audit::open(&folder.path().join("audit.db"), budget).unwrap();
    (folder, audit)
}

#[test]
fn on_a_full_disk_nothing_is_recorded_and_the_record_stays_whole() {
    let (_folder, mut audit) = open(1 << 30);
    audit.append(&Event::new(Code::Started, now())).unwrap();
    let before = audit.head().unwrap();
    // SQLite answers SQLITE_FULL as it does when the disk itself is full.
    audit.store.settings("PRAGMA max_page_count=8").unwrap();
    let events = vec![Event::new(Code::Granted, now()).because("x".repeat(900)); 100];
    let refused = audit.append_all(&events).unwrap_err();
    assert!(matches!(refused, AuditError::Store(StoreError::Full { .. })), "{refused}");
    assert_eq!(audit.head().unwrap(), before);
    assert!(audit.verify().unwrap().is_whole());
}

#[test]
fn an_event_that_was_put_in_at_the_end_stops_the_record() {
    let (_folder, mut audit) = open(1 << 20);
    audit.append(&Event::new(Code::Started, now())).unwrap();
    audit.store.settings("INSERT INTO event (number, code, at_us, hash) VALUES (2, 'granted', 0, zeroblob(32))").unwrap();
    assert_eq!(audit.verify().unwrap().flaws, [Flaw::PutIn { number: 2 }]);
    let refused = audit.append(&Event::new(Code::Granted, now())).unwrap_err();
    assert!(matches!(refused, AuditError::Occupied { number: 2 }), "{refused}");
    assert!(refused.to_string().contains("audit verify"), "{refused}");
}

#[test]
fn a_missing_head_is_damage() {
    let (_folder, mut audit) = open(1 << 20);
    audit.store.settings("DELETE FROM ends").unwrap();
    let refused = audit.append(&Event::new(Code::Started, now())).unwrap_err();
    assert!(matches!(refused, AuditError::Store(StoreError::Damaged { .. })), "{refused}");
}

#[test]
fn a_column_of_a_later_version_changes_no_old_hash() {
    let (_folder, mut audit) = open(1 << 20);
    audit.append(&Event::new(Code::Started, now()).because("cold start")).unwrap();
    audit.store.settings("ALTER TABLE event ADD COLUMN colour TEXT").unwrap();
    assert!(audit.verify().unwrap().is_whole());
    audit.append(&Event::new(Code::Stopped, now())).unwrap();
    assert!(audit.verify().unwrap().is_whole());
    audit.store.settings("UPDATE event SET colour = 'red' WHERE number = 2").unwrap();
    assert_eq!(audit.verify().unwrap().flaws, [Flaw::Changed { number: 2 }]);
}
