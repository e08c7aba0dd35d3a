//! The public nets that the program knows by name.

use super::Row;
use crate::vision::models::manifest::Manifest;
use std::path::Path;
use toml::Table;

/// A net of the catalogue and where it is kept, if a stable public address is known.
pub struct Known {
    pub row: Row,
    pub address: Option<String>,
}

/// The names, for a message.
pub fn names() -> Vec<String> {
    rows().iter().filter_map(|row| row.get("name")?.as_str().map(str::to_owned)).collect()
}

/// The net of this name.
pub fn find(name: &str) -> Option<Known> {
    let mut table = rows().into_iter().find(|row| row.get("name").and_then(|n| n.as_str()) == Some(name))?;
    // The address is the catalogue's own: a manifest has no such key.
    let address = table.remove("address").and_then(|a| a.as_str().map(str::to_owned));
    let text = Row::text(&table);
    let entry = Manifest::from_text(&text, Path::new("/")).ok()?.entries.into_iter().next()?;
    Some(Known { row: Row { table, entry }, address })
}

fn rows() -> Vec<Table> {
    let catalogue: Table = include_str!("catalogue.toml").parse().expect("built in; a test reads it");
    let rows = catalogue.get("model").and_then(|m| m.as_array()).into_iter().flatten();
    rows.filter_map(|row| row.as_table().cloned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_a_sound_manifest_row() {
        let names = names();
        assert!(names.len() >= 8, "{names:?}");
        for name in names {
            let known = find(&name).unwrap_or_else(|| panic!("{name} is unsound"));
            assert_eq!(known.row.entry.name, name);
            assert!(known.address.is_none_or(|a| a.starts_with("https://")), "{name}");
        }
        assert!(find("banana").is_none());
    }
}
