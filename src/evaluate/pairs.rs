//! LFW's `pairs.txt`: which pictures are compared, and in which fold.
//!
//! The first line holds the number of folds and of pairs of each kind in a fold (or, as in LFW's development files, of pairs alone: one
//! fold). Then for each fold as many lines `name n m` (one person), and as many `name n other m` (two people), with tabs or spaces between.
//! Picture `n` of a name is `name/name_000n.jpg` (or `.jpeg`, `.png`).

use super::EvaluateError;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Two pictures that are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    /// 0, 1, ...
    pub fold: usize,
    /// The same person.
    pub is_genuine: bool,
    /// Numbers of [`Pairs::pictures`].
    pub pictures: [usize; 2],
}

/// What a pairs file asks for, as far as its pictures are there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pairs {
    /// Every picture that a pair names, once.
    pub pictures: Vec<PathBuf>,
    /// Who is on each picture.
    pub names: Vec<String>,
    /// Pairs of which both pictures are there.
    pub pairs: Vec<Pair>,
    /// Pictures that are named and not there, once each.
    pub missing: Vec<PathBuf>,
    /// Pairs that were left out because of them.
    pub left_out: usize,
    /// How many folds the file says.
    pub folds: usize,
}

/// Share of pairs whose pictures may be missing.
const MOST_MISSING: f64 = 0.01;

impl Pairs {
    /// Reads a pairs file; its pictures lie below `images`.
    ///
    /// # Errors
    /// The file can't be read or isn't of this form, or more than 1 % of its pairs name pictures that are not there.
    pub fn read(file: &Path, images: &Path) -> Result<Pairs, EvaluateError> {
        let text = std::fs::read_to_string(file).map_err(|source| EvaluateError::Unreadable { path: file.to_owned(), source })?;
        if !images.is_dir() {
            return Err(EvaluateError::NoFolder(images.to_owned()));
        }
        let wrong = |line: usize, why: String| EvaluateError::Pairs { path: file.to_owned(), line, why };
        let mut lines = text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty());
        let head: Vec<usize> = lines.next().map_or("", |(_, l)| l).split_whitespace().map(|f| f.parse().unwrap_or(0)).collect();
        let (folds, each) = match head[..] {
            [each] if each > 0 => (1, each),
            [folds, each] if folds > 0 && each > 0 => (folds, each),
            _ => {
                let why = "the first line must hold two numbers: folds, and pairs of each kind in a fold (LFW's pairs.txt)";
                return Err(wrong(1, why.into()));
            }
        };
        let mut read = Pairs { folds, ..Pairs::default() };
        let mut seen: HashMap<PathBuf, Option<usize>> = HashMap::new();
        let mut count = 0;
        for (at, line) in lines {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let number = |text: &str| text.parse::<u32>().map_err(|_| wrong(at + 1, format!("`{text}` is no picture number")));
            let (is_genuine, named) = match fields[..] {
                [name, a, b] => (true, [(name, number(a)?), (name, number(b)?)]),
                [name, a, other, b] => (false, [(name, number(a)?), (other, number(b)?)]),
                _ => return Err(wrong(at + 1, format!("`{line}` is neither `name n m` nor `name n other m`"))),
            };
            let found = named.map(|(name, n)| read.picture(images, name, n, &mut seen));
            match found {
                [Some(a), Some(b)] => {
                    read.pairs.push(Pair { fold: (count / (2 * each)).min(folds - 1), is_genuine, pictures: [a, b] });
                }
                _ => read.left_out += 1,
            }
            count += 1;
        }
        if count != folds * 2 * each {
            return Err(wrong(
                1,
                format!("it says {folds} folds of 2 x {each} pairs, which is {}, and there are {count}", folds * 2 * each),
            ));
        }
        if read.left_out as f64 > MOST_MISSING * count as f64 {
            let first = read.missing.first().cloned().unwrap_or_default();
            return Err(EvaluateError::PicturesMissing { path: file.to_owned(), missing: read.left_out, pairs: count, first });
        }
        Ok(read)
    }

    /// The number of a picture, or None where it isn't there.
    fn picture(&mut self, images: &Path, name: &str, number: u32, seen: &mut HashMap<PathBuf, Option<usize>>) -> Option<usize> {
        // A name is a folder's, and leads nowhere else.
        let is_plain = !name.contains('/') && name != "..";
        let path = images.join(name).join(format!("{name}_{number:04}.jpg"));
        if let Some(known) = seen.get(&path) {
            return *known;
        }
        let there = ["jpg", "jpeg", "png"].iter().map(|e| path.with_extension(e)).find(|p| is_plain && p.is_file());
        let found = there.map(|there| {
            self.pictures.push(there);
            self.names.push(name.to_owned());
            self.pictures.len() - 1
        });
        if found.is_none() {
            self.missing.push(path.clone());
        }
        seen.insert(path, found);
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(pairs: &str, pictures: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for picture in pictures {
            let path = dir.path().join(picture);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, b"x").unwrap();
        }
        std::fs::write(dir.path().join("pairs.txt"), pairs).unwrap();
        dir
    }

    fn read(dir: &tempfile::TempDir) -> Result<Pairs, EvaluateError> {
        Pairs::read(&dir.path().join("pairs.txt"), dir.path())
    }

    const PICTURES: [&str; 4] = ["A/A_0001.jpg", "A/A_0002.png", "B/B_0001.jpg", "C/C_0001.jpg"];

    #[test]
    fn folds_kinds_and_pictures() {
        let dir = folder("2\t1\nA\t1\t2\nA\t1\tB\t1\nA 2 1\r\nB\t1\tC\t1\n\n", &PICTURES);
        let pairs = read(&dir).unwrap();
        let seen: Vec<_> = pairs.pairs.iter().map(|p| (p.fold, p.is_genuine, p.pictures)).collect();
        assert_eq!(seen, [(0, true, [0, 1]), (0, false, [0, 2]), (1, true, [1, 0]), (1, false, [2, 3])]);
        assert_eq!((pairs.folds, pairs.missing.len(), pairs.left_out), (2, 0, 0));
        assert_eq!(pairs.names, ["A", "A", "B", "C"]);
    }

    #[test]
    fn missing_pictures_are_counted_and_fatal_only_above_one_percent() {
        let lines = "A 1 2\n".repeat(100) + &"A 1 B 1\n".repeat(99);
        let dir = folder(&format!("1 100\n{lines}A 1 Z 7\n"), &PICTURES);
        let pairs = read(&dir).unwrap();
        assert_eq!((pairs.pairs.len(), pairs.left_out, pairs.missing.len()), (199, 1, 1));
        let dir = folder("1 2\nA 1 2\nA 1 2\nA 1 Z 7\nA 1 B 1\n", &PICTURES);
        let said = read(&dir).unwrap_err().to_string();
        assert!(said.contains("1 of 4 pairs") && said.contains("Z_0007.jpg"), "{said}");
    }

    #[test]
    fn what_is_no_pairs_file_is_said_by_its_line() {
        for (text, words) in [
            ("A\t1\t2\n", "first line"),
            ("1 1\nA 1 2\nA 1\n", "line 3"),
            ("1 1\nA 1 2\nA 1 B x\n", "`x` is no picture number"),
            ("1 2\nA 1 2\nA 1 B 1\n", "there are 2"),
            ("", "first line"),
        ] {
            let said = read(&folder(text, &PICTURES)).unwrap_err().to_string();
            assert!(said.contains(words), "{text:?}: {said}");
        }
    }

    #[test]
    fn a_name_leads_nowhere_else() {
        let dir = folder("100\n", &PICTURES);
        let mut pairs = Pairs::default();
        assert_eq!(pairs.picture(dir.path(), "../A", 1, &mut HashMap::new()), None);
    }
}
