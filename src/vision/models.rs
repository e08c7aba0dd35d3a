//! Which nets there are: `manifest.toml` (version 1) in one or more folders, read and checked at once.
//!
//! A later folder adds nets to an earlier one; a name that both have is taken from the earlier. The files are opened only when a net is
//! loaded ([`crate::vision::Net::load`]), and their SHA-256 is held against the manifest each time.

mod answers;
mod check;
mod entry;
mod error;
mod install;
mod manifest;

pub use answers::Answer;
pub use check::{Checked, Passed, check};
pub use entry::{Colour, Entry, Input, Role};
pub use error::ModelError;
pub use install::{InstallError, Installed, Progress, install};

use crate::config::nearest;
use manifest::Manifest;
pub use manifest::YUNET_OUTPUTS;
use std::path::{Path, PathBuf};

/// The nets of one or more folders, and which of them serve when nothing is chosen.
#[derive(Debug, Clone)]
pub struct Library {
    dirs: Vec<PathBuf>,
    entries: Vec<Entry>,
    default: manifest::Default,
}

impl Library {
    /// Reads the `manifest.toml` of each folder; a folder without one is passed over.
    ///
    /// # Errors
    /// No folder has a manifest, or one can't be read or holds anything unknown, missing or unfit (all of it is listed).
    pub fn open(dirs: &[impl AsRef<Path>]) -> Result<Library, ModelError> {
        let mut library = Library { dirs: Vec::new(), entries: Vec::new(), default: manifest::Default::default() };
        for dir in dirs.iter().map(AsRef::as_ref) {
            if dir.join(manifest::FILE).exists() {
                library.add(dir, Manifest::read(dir)?);
            }
        }
        if library.dirs.is_empty() {
            return Err(ModelError::NoManifest { dirs: dirs.iter().map(|d| d.as_ref().to_owned()).collect() });
        }
        Ok(library)
    }

    fn add(&mut self, dir: &Path, manifest: Manifest) {
        self.dirs.push(dir.to_owned());
        for entry in manifest.entries {
            if self.entries.iter().any(|known| known.name == entry.name) {
                log::debug!("net {} of {} gives way to the one of the same name in an earlier folder", entry.name, dir.display());
            } else {
                self.entries.push(entry);
            }
        }
        let (ours, theirs) = (&mut self.default, manifest.default);
        ours.detector = ours.detector.take().or(theirs.detector);
        ours.encoder = ours.encoder.take().or(theirs.encoder);
        ours.liveness = ours.liveness.take().or(theirs.liveness);
    }

    /// The folders that had a manifest, in order.
    pub fn dirs(&self) -> &[PathBuf] {
        &self.dirs
    }

    /// Every net, in the manifests' order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The net of this name.
    ///
    /// # Errors
    /// There is none; the error names the nearest.
    pub fn find(&self, name: &str) -> Result<&Entry, ModelError> {
        let known: Vec<&str> = self.entries.iter().map(|e| e.name.as_str()).collect();
        let lacking = || ModelError::Unknown {
            name: name.to_owned(),
            hint: nearest(name, &known).map_or_else(|| format!("there are: {}", known.join(", ")), |n| format!("did you mean `{n}`?")),
        };
        self.entries.iter().find(|e| e.name == name).ok_or_else(lacking)
    }

    /// The detector of this name, or the default one; where no manifest states a default, the only one there is.
    ///
    /// # Errors
    /// There is none of this name, it isn't a detector, or no manifest states a default and there are several.
    pub fn detector(&self, name: Option<&str>) -> Result<&Entry, ModelError> {
        self.chosen(name.or(self.default(Role::Detector)), Role::Detector)
    }

    /// The encoder of this name, or the default one.
    ///
    /// # Errors
    /// As [`Library::detector`].
    pub fn encoder(&self, name: Option<&str>) -> Result<&Entry, ModelError> {
        self.chosen(name.or(self.default(Role::Encoder)), Role::Encoder)
    }

    /// The liveness nets of these names (separated by commas), or the default ones; where no manifest states a default, all there are. At
    /// least one.
    ///
    /// # Errors
    /// There is none of such a name, it isn't for liveness, or there is none at all.
    pub fn liveness(&self, names: Option<&str>) -> Result<Vec<&Entry>, ModelError> {
        let default = || match &self.default.liveness {
            Some(names) => names.iter().map(String::as_str).collect(),
            None => self.of(Role::Liveness).map(|e| e.name.as_str()).collect(),
        };
        let names: Vec<&str> = names.map_or_else(default, |n| n.split(',').map(str::trim).filter(|n| !n.is_empty()).collect());
        if names.is_empty() {
            return Err(ModelError::NoDefault { role: Role::Liveness });
        }
        names.into_iter().map(|name| self.chosen(Some(name), Role::Liveness)).collect()
    }

    /// Whether this net serves when nothing is chosen.
    pub fn is_default(&self, entry: &Entry) -> bool {
        match entry.role {
            Role::Liveness => self.liveness(None).is_ok_and(|nets| nets.iter().any(|e| e.name == entry.name)),
            role => self.default(role) == Some(&entry.name),
        }
    }

    fn of(&self, role: Role) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |e| e.role == role)
    }

    /// The detector or encoder that serves when nothing is chosen.
    fn default(&self, role: Role) -> Option<&str> {
        let stated = if role == Role::Detector { &self.default.detector } else { &self.default.encoder };
        let mut all = self.of(role);
        let only = all.next().filter(|_| all.next().is_none()).map(|e| e.name.as_str());
        stated.as_deref().or(only)
    }

    fn chosen(&self, name: Option<&str>, role: Role) -> Result<&Entry, ModelError> {
        let entry = self.find(name.ok_or(ModelError::NoDefault { role })?)?;
        if entry.role == role {
            Ok(entry)
        } else {
            Err(ModelError::WrongRole { name: entry.name.clone(), found: entry.role, expected: role })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, role: Role) -> String {
        let own = match role {
            Role::Encoder => "dimension = 8",
            Role::Liveness => "crop_scale = 2.7\nlive_index = 1",
            Role::Detector => unreachable!("no test needs one"),
        };
        let digest = "00".repeat(32);
        format!(
            "[[model]]\nname = \"{name}\"\nrole = \"{role}\"\nfile = \"{name}.onnx\"\nsha256 = \"{digest}\"\n\
             input = {{ name = \"input\", shape = [1, 3, 32, 32], colour = \"BGR\", mean = [0, 0, 0], std = [1, 1, 1] }}\n\
             outputs = [\"out\"]\n{own}\nsource = \"-\"\nlicence = \"-\"\n"
        )
    }

    fn folder(text: &str) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("manifest.toml"), format!("version = 1\n{text}")).unwrap();
        dir
    }

    #[test]
    fn later_folders_add_and_the_first_wins() {
        let first = folder(&format!("[default]\nencoder = \"a\"\n{}", row("a", Role::Encoder)));
        let second = folder(&format!(
            "[default]\nencoder = \"b\"\nliveness = [\"l\"]\n{}{}{}",
            row("a", Role::Encoder),
            row("b", Role::Encoder),
            row("l", Role::Liveness)
        ));
        let empty = tempfile::tempdir().unwrap();
        let library = Library::open(&[empty.path(), first.path(), second.path()]).unwrap();
        let names: Vec<&str> = library.entries().iter().map(|e| e.name.as_str()).collect();
        assert_eq!(names, ["a", "b", "l"]);
        assert!(library.find("a").unwrap().file.starts_with(first.path()));
        assert_eq!(library.encoder(None).unwrap().name, "a");
        assert_eq!(library.encoder(Some("b")).unwrap().name, "b");
        assert_eq!(library.liveness(None).unwrap().len(), 1);
        assert!(library.is_default(library.find("a").unwrap()) && !library.is_default(library.find("b").unwrap()));
    }

    #[test]
    fn what_is_not_there_is_said_with_what_is() {
        let dir = folder(&format!("{}{}{}", row("edge_xs", Role::Encoder), row("edge_xxs", Role::Encoder), row("alive", Role::Liveness)));
        let library = Library::open(&[dir.path()]).unwrap();
        let said = |e: ModelError| e.to_string();
        assert!(said(library.encoder(Some("edge_sx")).unwrap_err()).contains("did you mean `edge_xs`"));
        assert!(said(library.encoder(Some("banana")).unwrap_err()).contains("there are: edge_xs, edge_xxs, alive"));
        assert!(said(library.encoder(Some("alive")).unwrap_err()).contains("is for liveness, not for encoder"));
        assert!(said(library.encoder(None).unwrap_err()).contains("no encoder is chosen"));
        assert!(said(library.detector(None).unwrap_err()).contains("no detector is chosen"));
        assert!(library.liveness(Some(" , ")).is_err());
    }

    #[test]
    fn where_no_default_is_stated_the_only_net_of_a_role_serves_and_every_liveness_net() {
        let dir = folder(&format!("{}{}{}", row("only", Role::Encoder), row("one", Role::Liveness), row("two", Role::Liveness)));
        let library = Library::open(&[dir.path()]).unwrap();
        assert_eq!(library.encoder(None).unwrap().name, "only");
        assert_eq!(library.liveness(None).unwrap().len(), 2);
        assert_eq!(library.liveness(Some("two")).unwrap()[0].name, "two");
        assert!(library.entries().iter().all(|e| library.is_default(e)));
    }

    #[test]
    fn no_manifest_anywhere_names_the_folders() {
        let dir = tempfile::tempdir().unwrap();
        let said = Library::open(&[dir.path()]).unwrap_err().to_string();
        assert!(said.contains("no manifest.toml") && said.contains(&dir.path().display().to_string()), "{said}");
    }

    #[test]
    fn a_bad_manifest_names_its_file() {
        let dir = folder("colour = 3\n");
        let said = Library::open(&[dir.path()]).unwrap_err().to_string();
        assert!(
            said.contains("a problem in the model manifest") && said.contains("manifest.toml") && said.contains("line 2: colour"),
            "{said}"
        );
    }
}
