//! Error rates by group of people (age, sex, origin: whatever a list says), at tau: an average hides whom a gate mistakes for one another.

use super::EvaluateError;
use crate::statistics::Share;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// Who belongs to which group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Groups(HashMap<String, String>);

/// One group's errors.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GroupErrors {
    /// What the list calls it.
    pub name: String,
    /// How many people of it were there.
    pub people: usize,
    /// Comparisons of two people of the group that match.
    pub fmr: Share,
    /// Comparisons of one person of the group that don't.
    pub fnmr: Share,
}

impl Groups {
    /// Reads a list: a line a person, `name,group` or with a tab between; `#` begins a comment.
    ///
    /// # Errors
    /// It can't be read, or a line is of another form.
    pub fn read(path: &Path) -> Result<Groups, EvaluateError> {
        let text = std::fs::read_to_string(path).map_err(|source| EvaluateError::Unreadable { path: path.to_owned(), source })?;
        let mut groups = HashMap::new();
        for (at, line) in text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty() && !l.starts_with('#')) {
            let fields = line.split_once('\t').or_else(|| line.split_once(','));
            let (name, group) = fields.ok_or_else(|| EvaluateError::Pairs {
                path: path.to_owned(),
                line: at + 1,
                why: format!("`{line}` is no `name,group`"),
            })?;
            groups.insert(name.trim().to_owned(), group.trim().to_owned());
        }
        Ok(Groups(groups))
    }

    /// Begins to count for people of these names.
    pub(super) fn tally(&self, names: &[String]) -> Tally {
        let mut errors: BTreeMap<&str, GroupErrors> = BTreeMap::new();
        for group in names.iter().filter_map(|n| self.0.get(n)) {
            errors.entry(group).or_insert_with(|| GroupErrors { name: group.clone(), ..GroupErrors::default() }).people += 1;
        }
        let order: Vec<&str> = errors.keys().copied().collect();
        let of = names.iter().map(|n| self.0.get(n).and_then(|g| order.binary_search(&g.as_str()).ok())).collect();
        Tally { of, errors: errors.into_values().collect() }
    }
}

/// Counts while pairs go by.
pub(super) struct Tally {
    /// Each person's group.
    of: Vec<Option<usize>>,
    pub errors: Vec<GroupErrors>,
}

impl Tally {
    /// Takes note of a comparison of two people, by their numbers.
    pub fn add(&mut self, a: usize, b: usize, is_genuine: bool, is_match: bool) {
        let (Some(group), true) = (self.of[a], self.of[a] == self.of[b]) else { return };
        let errors = &mut self.errors[group];
        if is_genuine { errors.fnmr.note(!is_match) } else { errors.fmr.note(is_match) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_comparisons_within_a_group_count() {
        let dir = tempfile::tempdir().unwrap();
        let list = dir.path().join("groups.csv");
        std::fs::write(&list, "# who,what\nAnn,women\nBea\twomen\nCid,men\n").unwrap();
        let groups = Groups::read(&list).unwrap();
        let names = ["Ann", "Bea", "Cid", "Dan"].map(String::from);
        let mut tally = groups.tally(&names);
        tally.add(0, 1, false, true);
        tally.add(0, 2, false, true);
        tally.add(3, 3, true, false);
        tally.add(2, 2, true, false);
        let seen: Vec<_> = tally.errors.iter().map(|g| (g.name.as_str(), g.people, g.fmr, g.fnmr)).collect();
        assert_eq!(seen, [("men", 1, Share::of(0, 0), Share::of(1, 1)), ("women", 2, Share::of(1, 1), Share::of(0, 0))]);
        std::fs::write(&list, "Ann\n").unwrap();
        assert!(Groups::read(&list).unwrap_err().to_string().contains("line 1"));
    }
}
