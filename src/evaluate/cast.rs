//! Who is enrolled, who comes, and who is a stranger.

use super::{EvaluateError, Folder};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Somebody to be enrolled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolee {
    /// The folder's name.
    pub name: String,
    /// Pictures to be enrolled from.
    pub pictures: Vec<PathBuf>,
}

/// A picture of somebody who comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comer {
    /// Number of [`Cast::enrolled`]; None for a stranger.
    pub person: Option<usize>,
    /// The picture.
    pub picture: PathBuf,
}

/// Who is enrolled, and who comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cast {
    /// By name.
    pub enrolled: Vec<Enrolee>,
    /// People of the gallery first, then strangers.
    pub comers: Vec<Comer>,
}

impl Cast {
    /// From folders of people. Whoever of `probes` and `strangers` is not in the gallery by name is a stranger.
    ///
    /// Where there are no probes, or they are the gallery itself, its people are parted: the first `shots` pictures of each are enrolled, the
    /// others come; whoever has no more pictures than that is a stranger.
    ///
    /// # Errors
    /// A folder is missing or empty; the gallery has one person only; nobody comes whom it knows; there is no stranger; somebody of
    /// `strangers` is in the gallery.
    pub fn read(gallery: &Path, probes: Option<&Path>, strangers: Option<&Path>, shots: usize) -> Result<Cast, EvaluateError> {
        let same = |a: &Path, b: &Path| a == b || a.canonicalize().ok().is_some_and(|a| b.canonicalize().is_ok_and(|b| a == b));
        let folder = Folder::read(gallery)?;
        let mut cast = Cast { enrolled: Vec::new(), comers: Vec::new() };
        let mut unknown: Vec<PathBuf> = Vec::new();
        match probes.filter(|p| !same(p, gallery)) {
            None => {
                for person in folder.people {
                    if person.pictures.len() > shots {
                        let (enrol, come) = person.pictures.split_at(shots);
                        let number = Some(cast.enrolled.len());
                        cast.comers.extend(come.iter().map(|p| Comer { person: number, picture: p.clone() }));
                        cast.enrolled.push(Enrolee { name: person.name, pictures: enrol.to_vec() });
                    } else {
                        unknown.extend(person.pictures);
                    }
                }
            }
            Some(probes) => {
                let enrol = |person: super::Person| Enrolee { name: person.name, pictures: person.pictures };
                cast.enrolled = folder.people.into_iter().map(enrol).collect();
                let numbers = cast.numbers();
                for person in Folder::read(probes)?.people {
                    match numbers.get(&person.name) {
                        Some(n) => cast.comers.extend(person.pictures.into_iter().map(|picture| Comer { person: Some(*n), picture })),
                        None => unknown.extend(person.pictures),
                    }
                }
            }
        }
        if let Some(strangers) = strangers {
            let numbers = cast.numbers();
            for person in Folder::read(strangers)?.people {
                if numbers.contains_key(&person.name) {
                    let why = format!("{}: {} is in the gallery, and so is no stranger", strangers.display(), person.name);
                    return Err(EvaluateError::Unfit(why));
                }
                unknown.extend(person.pictures);
            }
        }
        if cast.enrolled.is_empty() {
            let why = format!("{}: nobody has more than {shots} picture(s), so nobody can be enrolled and come as well", gallery.display());
            return Err(EvaluateError::Unfit(why));
        }
        if cast.enrolled.len() < 2 {
            let what = "a gallery of one can mistake nobody for another; the others are needed";
            return Err(EvaluateError::TooFewPeople { path: gallery.to_owned(), people: 1, what });
        }
        if cast.comers.is_empty() {
            let why = "nobody comes whom the gallery knows: a person has the same folder name in --gallery and --probes";
            return Err(EvaluateError::Unfit(why.into()));
        }
        if unknown.is_empty() {
            let why = "there is no stranger: name a folder of people who are not enrolled with --strangers";
            return Err(EvaluateError::Unfit(why.into()));
        }
        cast.comers.extend(unknown.into_iter().map(|picture| Comer { person: None, picture }));
        Ok(cast)
    }

    fn numbers(&self) -> HashMap<String, usize> {
        self.enrolled.iter().enumerate().map(|(n, p)| (p.name.clone(), n)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::people::tests::folder;

    #[test]
    fn one_folder_is_parted() {
        let dir = folder(&["A/1.jpg", "A/2.jpg", "B/1.jpg", "B/2.jpg", "B/3.jpg", "C/1.jpg"]);
        let cast = Cast::read(dir.path(), Some(&dir.path().join("A/..")), None, 1).unwrap();
        assert_eq!(cast.enrolled.iter().map(|e| e.pictures.len()).collect::<Vec<_>>(), [1, 1]);
        assert_eq!(cast.comers.iter().map(|c| c.person).collect::<Vec<_>>(), [Some(0), Some(1), Some(1), None]);
    }

    #[test]
    fn folders_are_matched_by_name() {
        let dir = folder(&["g/A/1.jpg", "g/B/1.jpg", "p/A/2.jpg", "p/D/1.jpg", "s/E/1.jpg"]);
        let at = |name: &str| dir.path().join(name);
        let cast = Cast::read(&at("g"), Some(&at("p")), Some(&at("s")), 1).unwrap();
        assert_eq!(cast.comers.iter().map(|c| c.person).collect::<Vec<_>>(), [Some(0), None, None]);
        let said = Cast::read(&at("g"), Some(&at("p")), Some(&at("g")), 1).unwrap_err().to_string();
        assert!(said.contains("A is in the gallery"), "{said}");
    }

    #[test]
    fn what_can_not_be_measured_is_said() {
        let dir = folder(&["one/A/1.jpg", "one/A/2.jpg", "two/A/1.jpg", "two/A/2.jpg", "two/B/1.jpg", "two/B/2.jpg", "other/C/1.jpg"]);
        let at = |name: &str| dir.path().join(name);
        let said = |g: &str, p: Option<&str>| Cast::read(&at(g), p.map(at).as_deref(), None, 1).unwrap_err().to_string();
        assert!(said("one", None).contains("one person only"));
        assert!(said("two", None).contains("no stranger"));
        assert!(said("two", Some("other")).contains("nobody comes whom the gallery knows"));
        assert!(said("none", None).contains("no such folder"));
    }
}
