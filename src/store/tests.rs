use super::*;
use std::fs;
use std::path::PathBuf;

const TABLE: &str = "CREATE TABLE thing (id INTEGER PRIMARY KEY, bytes BLOB) STRICT;";
static FIRST: Kind = Kind { what: "shelf", application_id: 77, migrations: &[TABLE], checked_at_open: true };
static SECOND: Kind =
    Kind { migrations: &[TABLE, "ALTER TABLE thing ADD COLUMN colour TEXT;"], what: "shelf", application_id: 77, checked_at_open: true };

fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data").join("shelf.db");
    (folder, path)
}

fn open(path: &Path) -> Result<Store, StoreError> {
    Store::open(path, &FIRST, |c| c.execute("INSERT INTO thing VALUES (1, x'00')", []).map(drop))
}

fn put(store: &mut Store, bytes: u32) -> Result<(), StoreError> {
    store.write(|t| Ok::<_, Stop<StoreError>>(t.execute("INSERT INTO thing (bytes) VALUES (randomblob(?1))", [bytes]).map(drop)?))
}

fn count(store: &mut Store) -> usize {
    store.read(|t| Ok::<usize, Stop<StoreError>>(t.query_row("SELECT count(*) FROM thing", [], |r| r.get::<_, u32>(0))? as usize)).unwrap()
}

#[test]
fn an_absent_file_is_made_whole_and_for_its_owner_alone() {
    let (_folder, path) = folder();
    let mut store = open(&path).unwrap();
    assert_eq!(count(&mut store), 1);
    put(&mut store, 10).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    for file in fs::read_dir(path.parent().unwrap()).unwrap() {
        let file = file.unwrap().path();
        assert_eq!(mode(&file), 0o600, "{}", file.display());
        assert!(!file.to_string_lossy().contains(".new-"), "nothing of its making is left: {}", file.display());
    }
    drop(store);
    assert_eq!(count(&mut open(&path).unwrap()), 2);
}

#[test]
fn many_who_open_at_once_make_one_file() {
    let (_folder, path) = folder();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| put(&mut open(&path).unwrap(), 100).unwrap());
        }
    });
    assert_eq!(count(&mut open(&path).unwrap()), 9);
}

#[test]
fn readable_by_others_is_put_right() {
    let (_folder, path) = folder();
    drop(open(&path).unwrap());
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    drop(open(&path).unwrap());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn what_is_not_ours_is_refused_and_left_as_it_is() {
    let (_folder, path) = folder();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    Connection::open(path.with_extension("other")).unwrap().execute_batch("CREATE TABLE a (b); PRAGMA application_id=5;").unwrap();
    let other = fs::read(path.with_extension("other")).unwrap();
    for bytes in [&b""[..], b"x", b"a diary, longer than the hundred bytes of a header: ", &[0x89; 5000], &other] {
        fs::write(&path, bytes).unwrap();
        let refused = open(&path).err().unwrap();
        assert!(matches!(refused, StoreError::NotOurs { .. }), "{refused}");
        assert!(refused.to_string().contains(path.to_str().unwrap()), "{refused}");
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }
}

#[test]
fn a_newer_one_is_refused_and_left_as_it_is() {
    let (_folder, path) = folder();
    drop(Store::open(&path, &SECOND, |_| Ok(())).unwrap());
    let bytes = fs::read(&path).unwrap();
    let refused = open(&path).err().unwrap();
    assert!(matches!(refused, StoreError::Newer { found: 2, known: 1, .. }), "{refused}");
    assert_eq!(fs::read(&path).unwrap(), bytes);
}

#[test]
fn an_older_one_is_brought_up_to_date() {
    let (_folder, path) = folder();
    drop(open(&path).unwrap());
    let mut store = Store::open(&path, &SECOND, |_| unreachable!("only a new file is begun")).unwrap();
    store.write(|t| Ok::<_, Stop<StoreError>>(t.execute("UPDATE thing SET colour = 'red'", [])?)).unwrap();
    assert_eq!(count(&mut store), 1);
}

/// A file with damage in the middle.
fn damaged() -> (tempfile::TempDir, PathBuf, Vec<u8>) {
    let (folder, path) = folder();
    let mut store = open(&path).unwrap();
    (0..200).for_each(|_| put(&mut store, 1000).unwrap());
    drop(store);
    let mut bytes = fs::read(&path).unwrap();
    bytes[4096..12288].fill(0xAB);
    fs::write(&path, &bytes).unwrap();
    (folder, path, bytes)
}

#[test]
fn a_damaged_one_is_refused_and_left_as_it_is() {
    let (_folder, path, bytes) = damaged();
    let refused = open(&path).err().unwrap();
    assert!(matches!(refused, StoreError::Damaged { .. }), "{refused}");
    assert!(refused.to_string().contains("another name"), "says what to do: {refused}");
    assert_eq!(fs::read(&path).unwrap(), bytes);
}

#[test]
fn a_truncated_one_is_refused_and_left_as_it_is() {
    let (_folder, path, mut bytes) = damaged();
    bytes.truncate(6000);
    fs::write(&path, &bytes).unwrap();
    let refused = open(&path).err().unwrap();
    assert!(matches!(refused, StoreError::Damaged { .. }), "{refused}");
    assert_eq!(fs::read(&path).unwrap(), bytes);
}

#[test]
fn one_that_is_set_aside_is_kept_whole_and_never_replaced() {
    let (_folder, path, bytes) = damaged();
    fs::write(path.with_extension("db-wal"), b"log").unwrap();
    let now: jiff::Timestamp = "2026-11-24T05:55:13.7Z".parse().unwrap();
    let aside = set_aside(&path, now).unwrap();
    assert_eq!(aside, path.with_file_name("shelf.db.aside-20261124T055513Z"));
    assert_eq!(fs::read(&aside).unwrap(), bytes);
    assert_eq!(fs::read(path.with_file_name("shelf.db.aside-20261124T055513Z-wal")).unwrap(), b"log");
    assert_eq!(count(&mut open(&path).unwrap()), 1);
    assert!(matches!(set_aside(&path, now), Err(StoreError::Aside { .. })));
    assert_eq!(fs::read(&aside).unwrap(), bytes);
    assert!(path.exists());
}

#[test]
fn a_log_without_its_file_is_not_played_into_a_new_one() {
    let (_folder, path) = folder();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path.with_extension("db-wal"), b"the latest changes").unwrap();
    let refused = open(&path).err().unwrap();
    assert!(matches!(refused, StoreError::Rest { .. }), "{refused}");
    assert!(!path.exists());
}

#[test]
fn a_full_disk_changes_nothing() {
    let (_folder, path) = folder();
    let mut store = open(&path).unwrap();
    put(&mut store, 3000).unwrap();
    // SQLite answers the same (SQLITE_FULL) when the disk itself is full.
    let pages: i64 = store.connection.pragma_query_value(None, "page_count", |r| r.get(0)).unwrap();
    store.settings(&format!("PRAGMA max_page_count={}", pages + 1)).unwrap();
    let refused = put(&mut store, 100_000).unwrap_err();
    assert!(matches!(refused, StoreError::Full { .. }), "{refused}");
    assert_eq!(count(&mut store), 2);
    store.check().unwrap();
    store.settings("PRAGMA max_page_count=100000").unwrap();
    put(&mut store, 100_000).unwrap();
    assert_eq!(count(&mut store), 3);
}

#[test]
fn what_stops_half_way_changes_nothing() {
    let (_folder, path) = folder();
    let mut store = open(&path).unwrap();
    let stopped = store.write(|t| {
        t.execute("INSERT INTO thing (bytes) VALUES (x'01')", [])?;
        Err::<(), _>(Stop::No(StoreError::ReadOnly { what: "test", path: PathBuf::new() }))
    });
    assert!(matches!(stopped, Err(StoreError::ReadOnly { what: "test", .. })));
    assert_eq!(count(&mut store), 1);
}

#[test]
fn a_change_by_another_is_noticed() {
    let (_folder, path) = folder();
    let (here, mut there) = (open(&path).unwrap(), open(&path).unwrap());
    let before = here.data_version().unwrap();
    assert_eq!(here.data_version().unwrap(), before);
    put(&mut there, 10).unwrap();
    assert_ne!(here.data_version().unwrap(), before);
}

#[test]
fn a_folder_that_cant_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), b"").unwrap();
    let refused = open(&folder.path().join("file/data/shelf.db")).err().unwrap();
    assert!(refused.to_string().contains("/file"), "{refused}");
}
