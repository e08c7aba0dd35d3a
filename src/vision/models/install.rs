//! Puts a net into the owner's folder: from a file, a folder or an https address.
//!
//! What is there stays right at every moment: the file is written beside its place, held against its SHA-256, loaded and run once,
//! made durable and moved into place under a name that carries its digest; only then the manifest is replaced, whole, and names it. A power
//! cut leaves the old state or the new one, and a download that was cut goes on where it ended.

mod catalogue;
mod fetch;

use super::manifest::{FILE, Manifest};
use super::{Entry, ModelError};
use crate::units::Digest;
use crate::vision::Net;
use fetch::io;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// Why a net was not installed. What was there before is as it was.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    #[error("no net `{name}` is known here; known are {}. Others come from a folder with a manifest.toml: --from FOLDER", known.join(", "))]
    Unknown { name: String, known: Vec<String> },
    #[error("no public address is known for `{name}` (licence: {licence}); get its file ({file}) and give it with --from FILE")]
    NoAddress { name: String, licence: String, file: String },
    #[error("{source_of} describes no net `{name}`")]
    NotThere { name: String, source_of: String },
    #[error("cannot {what} {}: {source}", path.display())]
    Io { what: &'static str, path: PathBuf, source: std::io::Error },
    #[error("another installation into {} is under way", path.display())]
    Busy { path: PathBuf },
    #[error("{url} is not https; only an https address, or one of this machine, is read")]
    Insecure { url: String },
    #[error("cannot download {url}: {why}")]
    Download { url: String, why: String },
    #[error(
        "the connection to {url} was cut after {got} bytes ({why}); they are kept: run the same command again and it goes on from there"
    )]
    Cut { url: String, got: u64, why: String },
    #[error("{from} is larger than the {most} bytes that a net may have")]
    TooLarge { from: String, most: u64 },
    #[error("{from} is not the file that is meant by `{name}`: its SHA-256 is {found}, expected {expected}; nothing was installed")]
    Digest { name: String, from: String, expected: Digest, found: Digest },
    #[error("the manifest of {from} can't be read: {why}")]
    Manifest { from: String, why: String },
    #[error(transparent)]
    Model(#[from] ModelError),
}

/// What was installed.
#[derive(Debug, Clone, PartialEq)]
pub struct Installed {
    /// As the manifest now describes it.
    pub entry: Entry,
    /// It was there already, with the same bytes.
    pub was_there: bool,
    /// An answer was recorded, and the net gave it on this machine.
    pub is_tested: bool,
}

/// Told now and then how far a download is: bytes so far, and of how many if that is known.
pub type Progress<'p> = &'p mut dyn FnMut(u64, Option<u64>);

/// Installs the net `name` into the folder `into` (made where it is missing).
///
/// `from` is an ONNX file, a folder with a `manifest.toml`, an https address of either (`.../manifest.toml`), or None for the address that
/// the built-in catalogue knows. A file alone must be a net of the catalogue. What serves by default stays as it is: another encoder means a
/// new enrolment of everybody, and that is not for a download to decide.
///
/// # Errors
/// The net isn't known or isn't there, its digest differs, it doesn't work on this machine, or reading or writing failed.
pub fn install(name: &str, from: Option<&str>, into: &Path, progress: Progress<'_>) -> Result<Installed, InstallError> {
    std::fs::create_dir_all(into).map_err(io("make", into))?;
    let lock = File::create(into.join(".lock")).map_err(io("lock", into))?;
    lock.try_lock().map_err(|_| InstallError::Busy { path: into.to_owned() })?;

    let (row, source) = find(name, from)?;
    let file = format!("{name}-{}.onnx", row.entry.digest.short());
    let placed = Entry { file: into.join(&file), ..row.entry };
    if fetch::digest_of(&placed.file).is_ok_and(|d| d == placed.digest) {
        let is_tested = Net::load(&placed, None)?.is_tested();
        let was_there = register(row.table, &placed, &file, into)?;
        return Ok(Installed { entry: placed, was_there, is_tested });
    }
    let part = into.join(format!("{file}.part"));
    source.fetch(name, placed.digest, &part, progress)?;
    let is_tested = Net::load(&Entry { file: part.clone(), ..placed.clone() }, None)?.is_tested();
    File::open(&part).and_then(|f| f.sync_all()).map_err(io("write", &part))?;
    std::fs::rename(&part, &placed.file).map_err(io("write", &placed.file))?;
    register(row.table, &placed, &file, into)?;
    Ok(Installed { entry: placed, was_there: false, is_tested })
}

/// One net's row of a manifest: as it is written, and as it is understood.
struct Row {
    table: Table,
    entry: Entry,
}

impl Row {
    /// A manifest with this row alone.
    fn text(table: &Table) -> String {
        let manifest = Table::from_iter([
            ("version".to_owned(), Value::Integer(1)),
            ("model".to_owned(), Value::Array(vec![Value::Table(table.clone())])),
        ]);
        manifest.to_string()
    }

    /// The row of this name in a manifest's text, which must be sound as a whole.
    fn of(name: &str, text: &str, dir: &Path, from: &str) -> Result<Row, InstallError> {
        let unsound = |why: String| InstallError::Manifest { from: from.to_owned(), why };
        let manifest = Manifest::from_text(text, dir).map_err(|problems| unsound(problems.iter().map(|p| format!("\n  {p}")).collect()))?;
        let lacking = || InstallError::NotThere { name: name.to_owned(), source_of: from.to_owned() };
        let entry = manifest.entries.into_iter().find(|e| e.name == name).ok_or_else(lacking)?;
        let table: Table = text.parse().map_err(|e: toml::de::Error| unsound(e.to_string()))?;
        let rows = table.get("model").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_table);
        let table = rows.into_iter().find(|row| names(row, name)).cloned().ok_or_else(lacking)?;
        Ok(Row { table, entry })
    }
}

fn names(row: &Table, name: &str) -> bool {
    row.get("name").and_then(Value::as_str) == Some(name)
}

/// The row of a net and where its bytes are.
fn find(name: &str, from: Option<&str>) -> Result<(Row, fetch::Source), InstallError> {
    let unknown = || InstallError::Unknown { name: name.to_owned(), known: catalogue::names() };
    let Some(from) = from else {
        let known = catalogue::find(name).ok_or_else(unknown)?;
        let entry = &known.row.entry;
        let lacking = || InstallError::NoAddress {
            name: name.to_owned(),
            licence: entry.licence.clone(),
            file: entry.file.file_name().map(|f| f.to_string_lossy().into_owned()).unwrap_or_default(),
        };
        let url = known.address.clone().ok_or_else(lacking)?;
        return Ok((known.row, fetch::Source::Address(url)));
    };
    if from.contains("://") {
        if !from.ends_with(".toml") {
            return Ok((catalogue::find(name).ok_or_else(unknown)?.row, fetch::Source::Address(from.to_owned())));
        }
        let row = Row::of(name, &fetch::text(from)?, Path::new(""), from)?;
        let folder = from.rfind('/').map_or("", |at| &from[..=at]);
        let url = format!("{folder}{}", row.entry.file.display());
        return Ok((row, fetch::Source::Address(url)));
    }
    let path = Path::new(from);
    std::fs::metadata(path).map_err(io("read", path))?;
    let manifest = if path.is_dir() { path.join(FILE) } else { path.to_owned() };
    if manifest.extension().is_some_and(|e| e == "toml") {
        let read = |source| InstallError::Io { what: "read", path: manifest.clone(), source };
        let text = std::fs::read_to_string(&manifest).map_err(read)?;
        let dir = manifest.parent().unwrap_or(Path::new(""));
        let row = Row::of(name, &text, dir, &manifest.display().to_string())?;
        let file = row.entry.file.clone();
        return Ok((row, fetch::Source::File(file)));
    }
    Ok((catalogue::find(name).ok_or_else(unknown)?.row, fetch::Source::File(path.to_owned())))
}

/// Writes the row into the folder's manifest, in place of one of the same name. Whether it was there as it is.
fn register(mut row: Table, entry: &Entry, file: &str, into: &Path) -> Result<bool, InstallError> {
    let path = into.join(FILE);
    let failed = |source| InstallError::Io { what: "write", path: path.clone(), source };
    row.insert("file".into(), Value::String(file.to_owned()));
    let mut manifest = if path.exists() {
        Manifest::read(into)?;
        let text = std::fs::read_to_string(&path).map_err(failed)?;
        text.parse().map_err(|e: toml::de::Error| InstallError::Manifest { from: path.display().to_string(), why: e.to_string() })?
    } else {
        Table::from_iter([("version".to_owned(), Value::Integer(1))])
    };
    let before = manifest.clone();
    let rows = manifest.entry("model").or_insert_with(|| Value::Array(Vec::new())).as_array_mut();
    let replaced: Option<PathBuf> = rows.and_then(|rows| {
        let old = rows.iter().position(|r| r.as_table().is_some_and(|r| names(r, &entry.name)));
        let old = old.map(|at| rows.remove(at));
        rows.push(Value::Table(row));
        old?.get("file")?.as_str().map(|f| into.join(f))
    });
    if manifest == before {
        return Ok(true);
    }
    let text = format!("# Nets installed by `facegate models install`.\n\n{manifest}");
    write_whole(&path, &text).map_err(failed)?;
    if let Some(old) = replaced.filter(|old| *old != entry.file) {
        // The manifest no longer names it; a leftover does no harm.
        let _ = std::fs::remove_file(old);
    }
    Ok(false)
}

/// Replaces a file as a whole: a reader sees the old text or the new one, after a power cut too.
fn write_whole(path: &Path, text: &str) -> std::io::Result<()> {
    let part = path.with_extension("toml.part");
    let mut file = File::create(&part)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&part, path)?;
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
}
