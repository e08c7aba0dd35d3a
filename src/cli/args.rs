//! What can be typed.

use super::exit::Answer;
use crate::config::Score;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, CommandFactory, Parser, Subcommand};
use std::path::PathBuf;

#[derive(Parser)]
#[command(
    name = "facegate",
    version,
    about = "A gate that sees a face, knows it or doesn't, and drives the relay of a door",
    max_term_width = 100
)]
pub struct Arguments {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Args)]
pub struct Global {
    /// Folder of gallery and audit [default: the service's own as its user or root, else the user's data folder]
    #[arg(long, global = true, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Folder with manifest.toml and the nets [default: where nets are installed and shipped]
    #[arg(long, global = true, value_name = "DIR")]
    pub models: Option<PathBuf>,
    /// Configuration file [default: /etc/facegate/facegate.toml, or the user's own, where there is one]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Encoder to use, by its name in the manifest
    #[arg(long, global = true, value_name = "NAME")]
    pub encoder: Option<String>,
    /// Detector to use, by its name in the manifest
    #[arg(long, global = true, value_name = "NAME")]
    pub detector: Option<String>,
    /// Liveness net to use (several: separated by commas), or "off"
    #[arg(long, global = true, value_name = "NAME|off")]
    pub liveness: Option<String>,
    /// Print data as JSON, an object a line
    #[arg(long, global = true)]
    pub json: bool,
}

#[derive(Subcommand)]
pub enum Command {
    /// A visit end to end, nothing to prepare: enrol, then a known person, a stranger and a printed picture
    Demo {
        /// Folder of faces: one folder a person with shots, print.jpg and phone.jpg [default: the shipped faces of nobody]
        #[arg(long, value_name = "DIR")]
        faces: Option<PathBuf>,
    },
    /// The service: camera, decision, door
    Run {
        /// Replay these pictures by name with a recorded door, as fast as it goes, and end with them
        #[arg(long, value_name = "DIR")]
        simulate: Option<PathBuf>,
        /// Pictures a second of the simulation
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=120))]
        fps: u32,
    },
    /// Enrol a person from pictures or at the camera
    #[command(alias = "enrol")]
    Enroll(Enroll),
    /// Who is enrolled
    People {
        #[command(subcommand)]
        action: People,
    },
    /// What the gate is worth as it stands: encoder, people, tau, and how often a stranger gets in
    Status,
    /// Measure what the encoder's similarities are worth on pictures of strangers, for match.false_entries
    Calibrate(Calibrate),
    /// Who is this, or nobody (1:K)
    Identify {
        /// Pictures, or folders of pictures
        #[arg(required = true, value_name = "FILE")]
        images: Vec<PathBuf>,
    },
    /// Is this that person (1:1)
    Verify {
        /// An enrolled person
        name: String,
        /// A picture
        #[arg(value_name = "FILE")]
        image: PathBuf,
    },
    /// How alike are the faces of two pictures
    Compare {
        /// A picture
        a: PathBuf,
        /// Another
        b: PathBuf,
    },
    /// How often the gate errs, measured on folders of pictures
    Evaluate {
        #[command(subcommand)]
        what: super::evaluate::args::Evaluate,
    },
    /// The nets: which are there, whether they answer right, installing another
    Models {
        #[command(subcommand)]
        action: Models,
    },
    /// The relay's line
    Door {
        #[command(subcommand)]
        action: Door,
    },
    /// What happened
    Audit {
        #[command(subcommand)]
        action: Audit,
    },
    /// The configuration
    Config {
        #[command(subcommand)]
        action: Config,
    },
    /// A completion script for a shell, on stdout
    Completions { shell: clap_complete::Shell },
}

#[derive(Args)]
pub struct Enroll {
    /// What the person is called, up to 100 characters
    pub name: String,
    /// Pictures with one face each; one is enough
    #[arg(long, value_name = "FILE", num_args = 1.., required_unless_present = "camera", conflicts_with = "camera")]
    pub image: Vec<PathBuf>,
    /// Look through the configured camera
    #[arg(long)]
    pub camera: bool,
    /// Add templates to a person who is enrolled already
    #[arg(long)]
    pub add: bool,
    /// Know this person and never let them in: for somebody who is mistaken for another
    #[arg(long, conflicts_with = "add")]
    pub never: bool,
}

#[derive(Args)]
pub struct Calibrate {
    /// Strangers: a folder a group (of one age, gender, origin ...), in it a folder a person, or one picture a person. The worst group counts
    #[arg(long, value_name = "DIR", num_args = 1.., required = true)]
    pub impostors: Vec<PathBuf>,
    /// People with several pictures each: how often they would be missed at each tau
    #[arg(long, value_name = "DIR")]
    pub genuine: Option<PathBuf>,
    /// Fit a learned metric first, on the pairs of --genuine: a logistic head on |a - b|, or in its chi-square form. The gate compares by it
    /// where match.score is head-absolute or head-chi-square
    #[arg(long, value_name = "absolute|chi-square", requires = "genuine", value_parser = head_form)]
    pub head: Option<crate::calibration::Form>,
    /// The score that the table is of [default: match.score]
    #[arg(long, value_parser = score())]
    pub score: Option<Score>,
    /// The pictures are aligned crops of 112x112: straight to the encoder
    #[arg(long)]
    pub aligned: bool,
    /// Visits to make of pictures of the worst group, of twelve looks each; 0 counts a visit as one look
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub visits: usize,
    /// Keep the embeddings in the data folder (personal data!), so that the next calibration on these pictures begins at once
    #[arg(long)]
    pub keep: bool,
}

#[derive(Subcommand)]
pub enum People {
    /// Everybody
    List,
    /// One person's templates
    Show { name: String },
    /// Give a person another name
    Rename { name: String, new: String },
    /// Remove a person and all templates; counts from the next frame
    Remove { name: String },
    /// Who is too much alike to be told apart, and what to do about it; 1 where there are such people
    Conflicts,
    /// The same as facegate enroll
    #[command(alias = "enrol")]
    Enroll(Enroll),
}

#[derive(Subcommand)]
pub enum Models {
    /// What is there; `*` marks what serves when nothing is chosen
    List,
    /// Load each net: digest, shapes, operators, the answer to a known picture; 1 where one is refused
    Check,
    /// Put a net into the owner's folder, from where it is known to be kept or from elsewhere
    Install {
        /// Its name in the manifest or in the built-in catalogue
        name: String,
        /// A folder with manifest.toml, an ONNX file, or an https address of either
        #[arg(long, value_name = "FILE_OR_DIR")]
        from: Option<String>,
    },
}

#[derive(Subcommand)]
pub enum Door {
    /// Drive the line inactive and leave
    Lock,
    /// Hold the line active for door.unlock_ms; asks first
    Test {
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Subcommand)]
pub enum Audit {
    /// Events, oldest first
    List {
        /// Only the last N
        #[arg(long, value_name = "N")]
        last: Option<usize>,
        /// Only events with this code
        #[arg(long)]
        code: Option<String>,
    },
    /// Whether the record is whole
    Verify,
}

#[derive(Subcommand, Clone, Copy)]
pub enum Config {
    /// What is in force
    Show,
    /// Whether the file is right
    Check,
    /// A file with every key, its default and its meaning
    Default,
}

/// Reads a score by the configuration's words.
pub fn score() -> impl TypedValueParser<Value = Score> {
    let words = PossibleValuesParser::new(Score::ALL.iter().map(|s| s.word()));
    words.try_map(|word| Score::ALL.iter().copied().find(|s| s.word() == word).ok_or("no such score"))
}

fn head_form(text: &str) -> Result<crate::calibration::Form, String> {
    use crate::calibration::Form;
    [Form::Absolute, Form::ChiSquare].into_iter().find(|f| f.word() == text).ok_or_else(|| "it must be absolute or chi-square".into())
}

/// Prints the completion script of a shell.
pub fn completions(shell: clap_complete::Shell) -> anyhow::Result<Answer> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "facegate", &mut script);
    super::output::raw(&script)?;
    Ok(Answer::Yes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definitions_hold_together() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn enrol_is_enroll_and_wants_pictures_or_the_camera() {
        let parse = |words: &[&str]| Arguments::try_parse_from(words);
        assert!(parse(&["facegate", "enrol", "Ann", "--image", "a.jpg", "b.jpg", "--image", "c.jpg"]).is_ok());
        assert!(parse(&["facegate", "enroll", "Ann", "--camera"]).is_ok());
        assert!(parse(&["facegate", "enroll", "Ann"]).is_err());
        assert!(parse(&["facegate", "enroll", "Ann", "--camera", "--image", "a.jpg"]).is_err());
        assert!(parse(&["facegate", "identify", "a.jpg", "--json", "--data", "d"]).is_ok());
    }
}
