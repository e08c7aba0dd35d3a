//! Who is on which picture: a person is a folder with pictures, or one picture.

use super::EvaluateError;
use crate::camera::picture::{self, PictureError};
use std::path::{Path, PathBuf};

/// A person and their pictures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The folder's name, or the picture's without its ending.
    pub name: String,
    /// By name; at least one.
    pub pictures: Vec<PathBuf>,
}

/// People, by name; at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    /// Where they are.
    pub root: PathBuf,
    /// By name.
    pub people: Vec<Person>,
}

impl Folder {
    /// The people of a folder: each folder in it that has pictures is a person, and so is each picture that lies in it loose. What begins
    /// with a dot is left out, and so are folders without a picture.
    ///
    /// # Errors
    /// The folder isn't there, can't be read, or has no picture.
    pub fn read(root: &Path) -> Result<Folder, EvaluateError> {
        let mut people = Vec::new();
        for path in entries(root)? {
            if path.is_dir() {
                match picture::list(&path) {
                    Ok(pictures) => people.push(Person { name: name(path.file_name()), pictures }),
                    Err(PictureError::NoPictures(_)) => log::warn!("{}: there is no picture in it; passed over", path.display()),
                    Err(e) => return Err(e.into()),
                }
            } else if picture::is_picture_name(&path) {
                people.push(Person { name: name(path.file_stem()), pictures: vec![path] });
            }
        }
        people.sort_by(|a, b| a.name.cmp(&b.name));
        if people.is_empty() { Err(EvaluateError::Empty(root.to_owned())) } else { Ok(Folder { root: root.to_owned(), people }) }
    }

    /// Every picture, with the number of its person.
    pub fn pictures(&self) -> impl Iterator<Item = (usize, &Path)> {
        self.people.iter().enumerate().flat_map(|(n, person)| person.pictures.iter().map(move |p| (n, p.as_path())))
    }

    /// How many pictures.
    pub fn count(&self) -> usize {
        self.people.iter().map(|p| p.pictures.len()).sum()
    }
}

/// Every picture in a folder and in the folders below it, by name.
///
/// # Errors
/// The folder isn't there or can't be read, or has no picture.
pub fn pictures_below(root: &Path) -> Result<Vec<PathBuf>, EvaluateError> {
    let (mut found, mut folders) = (Vec::new(), vec![root.to_owned()]);
    while let Some(folder) = folders.pop() {
        for path in entries(&folder)? {
            // A link to a folder is not followed: it may lead back up.
            if path.is_dir() && !path.is_symlink() {
                folders.push(path);
            } else if picture::is_picture_name(&path) && !path.is_dir() {
                found.push(path);
            }
        }
    }
    found.sort();
    if found.is_empty() { Err(EvaluateError::Empty(root.to_owned())) } else { Ok(found) }
}

/// What lies in a folder and doesn't begin with a dot, by name.
pub(super) fn entries(root: &Path) -> Result<Vec<PathBuf>, EvaluateError> {
    let unreadable = |source: std::io::Error| match source.kind() {
        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => EvaluateError::NoFolder(root.to_owned()),
        _ => EvaluateError::Unreadable { path: root.to_owned(), source },
    };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(root).map_err(unreadable)? {
        found.push(entry.map_err(unreadable)?.path());
    }
    found.retain(|p| p.file_name().is_some_and(|n| !n.as_encoded_bytes().starts_with(b".")));
    found.sort();
    Ok(found)
}

fn name(of: Option<&std::ffi::OsStr>) -> String {
    of.unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Files that are there, and hold nothing of use.
    pub fn folder(files: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for file in files {
            let path = dir.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, b"x").unwrap();
        }
        dir
    }

    #[test]
    fn a_person_is_a_folder_or_a_loose_picture() {
        let dir = folder(&["Bob/b.jpg", "Bob/a.png", "Bob/notes.txt", "Ann.jpg", "pairs.txt", ".hidden/x.jpg", "nobody/x.txt"]);
        let found = Folder::read(dir.path()).unwrap();
        let seen: Vec<_> = found.people.iter().map(|p| (p.name.as_str(), p.pictures.len())).collect();
        assert_eq!(seen, [("Ann", 1), ("Bob", 2)]);
        assert_eq!(found.count(), 3);
        assert!(found.people[1].pictures[0].ends_with("a.png"), "by name");
    }

    #[test]
    fn an_empty_folder_and_none_are_told_apart() {
        let dir = folder(&["x.txt"]);
        assert!(matches!(Folder::read(dir.path()), Err(EvaluateError::Empty(_))));
        assert!(matches!(Folder::read(&dir.path().join("no")), Err(EvaluateError::NoFolder(_))));
        assert!(matches!(Folder::read(&dir.path().join("x.txt")), Err(EvaluateError::NoFolder(_))));
        assert!(matches!(pictures_below(dir.path()), Err(EvaluateError::Empty(_))));
    }

    #[test]
    fn pictures_are_found_at_any_depth() {
        let dir = folder(&["a/b/c.jpg", "d.png"]);
        assert_eq!(pictures_below(dir.path()).unwrap().len(), 2);
    }
}
