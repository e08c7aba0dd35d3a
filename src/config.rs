//! The whole configuration as one typed tree, checked at once: every problem of a file is reported together, with its line and, for an
//! unknown key, the nearest known one.
//!
//! A key is added by one line in [`sections`]; reading, `config show`, `config default` and the list of known keys follow from it.

mod nearest;
mod read;
pub mod sections;
mod value;

pub(crate) use nearest::nearest;
pub(crate) use read::Report;
pub use read::{ConfigError, Problem};
pub use sections::*;
pub(crate) use value::Value;

use std::path::Path;

impl Config {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// The file can't be read, isn't TOML, or holds unknown keys or unfit values (all of them are listed).
    pub fn from_file(path: &Path) -> Result<Config, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
        Config::from_text(&text).map_err(|e| e.in_file(path))
    }

    /// Reads and checks the text of a file.
    ///
    /// # Errors
    /// As [`Config::from_file`].
    pub fn from_text(text: &str) -> Result<Config, ConfigError> {
        read::read(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_file_is_the_default() {
        assert_eq!(Config::from_text("").unwrap(), Config::default());
    }

    #[test]
    fn the_default_written_out_reads_back_as_itself() {
        let text = Config::default().to_toml(true);
        assert_eq!(Config::from_text(&text).unwrap(), Config::default(), "{text}");
    }

    #[test]
    fn what_is_set_is_kept_and_the_rest_is_default() {
        let c = Config::from_text("[door]\nline = 27\nactive = \"low\"\n[match]\ntau = 0.4\n").unwrap();
        assert_eq!((c.door.line, c.door.active), (27, ActiveLevel::Low));
        assert_eq!(c.matching.tau, Some(0.4));
        assert_eq!(c.camera, Camera::default());
    }

    #[test]
    fn the_score_is_one_of_four_words() {
        assert_eq!(Config::default().matching.score, Score::Cosine);
        for score in Score::ALL {
            let c = Config::from_text(&format!("[match]\nscore = \"{}\"\n", score.word())).unwrap();
            assert_eq!(c.matching.score, *score);
            assert!(c.to_toml(false).contains(&format!("score = \"{}\"", score.word())));
        }
        let said = Config::from_text("[match]\nscore = \"euclid\"\n").unwrap_err().to_string();
        assert!(said.contains("line 2") && said.contains("match.score"), "{said}");
        assert!(said.contains("\"cosine\", \"s-norm\", \"head-absolute\", \"head-chi-square\"") && said.contains("euclid"), "{said}");
    }

    #[test]
    fn all_problems_come_at_once_with_line_and_nearest_key() {
        let text = "[camera]\nwidht = 640\nfps = \"many\"\n[dor]\nline = 3\n[match]\nmargin = 7.5\n[visit]\nvotes = 6\nlooks = 5\n";
        let Err(ConfigError::Problems { problems, .. }) = Config::from_text(text) else { panic!("must be refused") };
        let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(said.len(), 5, "{said:#?}");
        assert!(said[0].contains("line 2") && said[0].contains("camera.widht") && said[0].contains("did you mean `width`"), "{}", said[0]);
        assert!(said[1].contains("line 3") && said[1].contains("camera.fps"), "{}", said[1]);
        assert!(said[2].contains("line 4") && said[2].contains("did you mean `door`"), "{}", said[2]);
        assert!(said[3].contains("line 7") && said[3].contains("0 to 0.9") && said[3].contains("7.5"), "{}", said[3]);
        assert!(said[4].contains("visit.votes") && said[4].contains("looks"), "{}", said[4]);
    }

    #[test]
    fn what_is_no_toml_names_the_line() {
        let said = Config::from_text("[camera]\nfps = = 3\n").unwrap_err().to_string();
        assert!(said.contains("line 2"), "{said}");
    }

    #[test]
    fn a_key_outside_a_section_is_a_problem() {
        let said = Config::from_text("fps = 3\n").unwrap_err().to_string();
        assert!(said.contains("fps"), "{said}");
    }
}
