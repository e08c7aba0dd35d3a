//! What `evaluate` takes.

use crate::config::Score;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

#[derive(Subcommand)]
pub enum Evaluate {
    /// One face against one: the pairs of a file as in LFW's protocol, or every picture against every other
    Verification(Verification),
    /// One face against all enrolled, strangers among those who come: by the look and by the visit, for galleries of several sizes
    Identification(Identification),
    /// Living faces against prints, screens, masks: one folder an instrument
    Liveness(Liveness),
}

/// What every evaluation takes.
#[derive(Args)]
pub struct Common {
    /// Write a page with curves, tables and the worst picture pairs. The page holds small copies of those pictures
    #[arg(long, value_name = "FILE.html")]
    pub report: Option<PathBuf>,
    /// Keep the embeddings in the data folder (personal data!), so that the next evaluation of these pictures begins at once
    #[arg(long)]
    pub keep: bool,
    /// Threads [default: one a core]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub threads: usize,
}

/// What the two evaluations of comparisons take.
#[derive(Args)]
pub struct Comparing {
    #[command(flatten)]
    pub common: Common,
    /// How alike two faces are said to be [default: match.score, as at the gate]
    #[arg(long, value_parser = crate::cli::args::score())]
    pub metric: Option<Score>,
    /// For s-norm: strangers to normalise by, who are none of the pictures' people [default: the cohort of nobody that comes with the program]
    #[arg(long, value_name = "DIR")]
    pub cohort: Option<PathBuf>,
    /// Threshold on similarity, -1 to 1 [default: what is in force at the gate; of another score than the gate's, 0 for --pairs and folders]
    #[arg(long, allow_negative_numbers = true, value_parser = similarity)]
    pub tau: Option<f32>,
    /// The pictures are aligned crops of 112x112: straight to the encoder
    #[arg(long)]
    pub aligned: bool,
    /// Which face of a picture is meant [default: the central one with --pairs, else the largest, as at the gate]
    #[arg(long, value_enum, conflicts_with = "aligned")]
    pub face: Option<Face>,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum Face {
    Largest,
    Central,
}

#[derive(Args)]
pub struct Verification {
    /// A folder with a folder of pictures a person
    #[arg(long, value_name = "DIR")]
    pub images: PathBuf,
    /// A list of pairs in the form of LFW's pairs.txt [default: every picture with every other]
    #[arg(long, value_name = "FILE")]
    pub pairs: Option<PathBuf>,
    /// A list of `person,group` lines: error rates by group
    #[arg(long, value_name = "FILE")]
    pub groups: Option<PathBuf>,
    #[command(flatten)]
    pub comparing: Comparing,
}

#[derive(Args)]
pub struct Identification {
    /// Who is enrolled: a folder with a folder of pictures a person
    #[arg(long, value_name = "DIR")]
    pub gallery: PathBuf,
    /// Who comes, by the same folder names; anybody else in it is a stranger [default: the gallery, parted in pictures to enrol and to come]
    #[arg(long, value_name = "DIR")]
    pub probes: Option<PathBuf>,
    /// People who are not enrolled
    #[arg(long, value_name = "DIR")]
    pub strangers: Option<PathBuf>,
    /// Templates a person at most [default: 1 of a gallery that is parted, else 5]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub shots: Option<u16>,
    /// Which pictures are enrolled, of more than --shots
    #[arg(long, value_enum, default_value_t = Pick::Spread)]
    pub pick: Pick,
    /// How several templates of a person count [default: match.templates]
    #[arg(long, value_enum)]
    pub templates: Option<Templates>,
    /// People in a gallery, besides all of them
    #[arg(long, value_name = "N,...", value_delimiter = ',')]
    pub sizes: Vec<usize>,
    /// Visits to make of pictures of people enrolled, and as many of strangers; each costs six looks
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub visits: usize,
    #[command(flatten)]
    pub comparing: Comparing,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum Pick {
    /// Those that differ most, as `enroll` picks
    Spread,
    /// The first by name
    First,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum Templates {
    /// Each is compared and the most alike counts
    Best,
    /// Their mean is compared
    Mean,
    /// Their mean, weighted by sharpness
    Weighted,
}

#[derive(Args)]
pub struct Liveness {
    /// Living faces
    #[arg(long, value_name = "DIR")]
    pub real: PathBuf,
    /// Attacks: a folder an instrument
    #[arg(long, value_name = "DIR")]
    pub spoof: PathBuf,
    /// Least probability of a living face, 0 to 1 [default: liveness.min_live of the configuration]
    #[arg(long, value_parser = probability)]
    pub min_live: Option<f32>,
    #[command(flatten)]
    pub common: Common,
}

fn similarity(text: &str) -> Result<f32, String> {
    within(text, -1.0, 1.0)
}

fn probability(text: &str) -> Result<f32, String> {
    within(text, 0.0, 1.0)
}

fn within(text: &str, low: f32, high: f32) -> Result<f32, String> {
    let number = text.parse::<f32>().map_err(|e| e.to_string())?;
    if (low..=high).contains(&number) { Ok(number) } else { Err(format!("it must be from {low} to {high}")) }
}
