//! Reads a file into the tree and collects everything that is wrong with it.

use super::sections::Config;
use super::{nearest::nearest, value::Value};
use std::fmt;
use std::path::{Path, PathBuf};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("cannot read the configuration {}: {source}", path.display())]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("{} in the configuration{}:{}", count(problems), named(path), listed(problems))]
    Problems { path: Option<PathBuf>, problems: Vec<Problem> },
}

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// From 1; None where it isn't one line's fault.
    pub line: Option<usize>,
    /// `section.key`.
    pub key: String,
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.message)
    }
}

impl ConfigError {
    pub(super) fn in_file(self, file: &Path) -> ConfigError {
        match self {
            ConfigError::Problems { problems, .. } => ConfigError::Problems { path: Some(file.to_owned()), problems },
            other => other,
        }
    }
}

fn count(problems: &[Problem]) -> String {
    if problems.len() == 1 { "a problem".into() } else { format!("{} problems", problems.len()) }
}

fn named(path: &Option<PathBuf>) -> String {
    path.as_ref().map_or(String::new(), |p| format!(" {}", p.display()))
}

fn listed(problems: &[Problem]) -> String {
    problems.iter().map(|p| format!("\n  {p}")).collect()
}

pub(super) fn read(text: &str) -> Result<Config, ConfigError> {
    let mut report = Report::new(text);
    let table = match DeTable::parse(text) {
        Ok(table) => table.into_inner(),
        Err(e) => {
            report.say(e.span().map(|s| s.start), "", e.message().to_owned());
            return Err(ConfigError::Problems { path: None, problems: report.into_problems() });
        }
    };
    let config = Config::read(&table, &mut report);
    if report.problems.is_empty() { Ok(config) } else { Err(ConfigError::Problems { path: None, problems: report.into_problems() }) }
}

/// Collects the problems of one text.
pub struct Report<'t> {
    text: &'t str,
    problems: Vec<Problem>,
}

impl<'t> Report<'t> {
    /// Nothing wrong yet.
    pub fn new(text: &'t str) -> Report<'t> {
        Report { text, problems: Vec::new() }
    }

    /// What was wrong, in the order of the lines; what isn't one line's fault comes last.
    pub fn into_problems(mut self) -> Vec<Problem> {
        self.problems.sort_by_key(|p| p.line.unwrap_or(usize::MAX));
        self.problems
    }
}

impl Report<'_> {
    /// Adds a problem; `at` is a byte offset in the text.
    pub fn say(&mut self, at: Option<usize>, key: &str, message: String) {
        let line = at.map(|at| 1 + self.text.as_bytes()[..at.min(self.text.len())].iter().filter(|b| **b == b'\n').count());
        self.problems.push(Problem { line, key: key.into(), message });
    }

    /// Complains of every key that isn't known.
    pub fn unknown_keys(&mut self, section: &str, table: &DeTable<'_>, known: &[&str]) {
        for (key, value) in table.iter().filter(|(k, _)| !known.contains(&k.get_ref().as_ref())) {
            let name = key.get_ref().as_ref();
            let kind = if section.is_empty() && value.get_ref().is_table() { "section" } else { "key" };
            let hint = nearest(name, known).map_or_else(|| format!("known here: {}", known.join(", ")), |n| format!("did you mean `{n}`?"));
            let whole = if section.is_empty() { name.to_owned() } else { format!("{section}.{name}") };
            self.say(Some(key.span().start), &whole, format!("unknown {kind}; {hint}"));
        }
    }

    /// The section of this name; a complaint when the name is taken by something else.
    pub fn section<'a, 'i>(&mut self, table: &'a DeTable<'i>, name: &str) -> Option<&'a DeTable<'i>> {
        let value = table.get(name)?;
        let section = value.get_ref().as_table();
        if section.is_none() {
            self.say(Some(value.span().start), name, format!("must be a section, written [{name}]"));
        }
        section
    }

    /// The value of a key, or `default` where it isn't set or unfit. A complaint for the wrong kind or a number out of `range`.
    pub fn value<V: Value>(&mut self, section: &str, table: Option<&DeTable<'_>>, key: &str, range: Option<(f64, f64)>, default: V) -> V {
        table.and_then(|table| self.optional(section, table, key, range)).unwrap_or(default)
    }

    /// The value of a key that must be there; None after a complaint, which names the line of byte `at` where the key is missing.
    pub fn required<V: Value>(&mut self, section: &str, table: &DeTable<'_>, key: &str, at: usize) -> Option<V> {
        if table.get(key).is_none() {
            self.say(Some(at), &format!("{section}.{key}"), format!("is missing; expected {}", V::expected()));
        }
        self.optional(section, table, key, None)
    }

    /// The value of a key; None where it isn't set or, after a complaint, unfit.
    pub fn optional<V: Value>(&mut self, section: &str, table: &DeTable<'_>, key: &str, range: Option<(f64, f64)>) -> Option<V> {
        let found = table.get(key)?;
        let whole = format!("{section}.{key}");
        let Some(value) = V::from_toml(found.get_ref()) else {
            self.say(Some(found.span().start), &whole, format!("expected {}, found {}", V::expected(), shown(found)));
            return None;
        };
        if let (Some((least, most)), Some(n)) = (range, value.number())
            && !(least..=most).contains(&n)
        {
            self.say(Some(found.span().start), &whole, format!("must be {least} to {most}, found {}", value.to_toml()));
            return None;
        }
        Some(value)
    }
}

fn shown(value: &Spanned<DeValue<'_>>) -> String {
    match value.get_ref() {
        DeValue::String(s) => format!("\"{s}\""),
        DeValue::Integer(i) => i.as_str().to_owned(),
        DeValue::Float(f) => f.as_str().to_owned(),
        DeValue::Boolean(b) => b.to_string(),
        DeValue::Datetime(d) => d.to_string(),
        DeValue::Array(_) => "a list".into(),
        DeValue::Table(_) => "a section".into(),
    }
}
