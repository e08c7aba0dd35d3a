//! One file a command: parses, calls, prints. Data on stdout, everything else on stderr.

mod args;
mod audit;
mod calibrate;
mod compare;
mod config;
mod context;
mod demo;
mod door;
mod enroll;
mod evaluate;
mod events;
mod exit;
mod identify;
mod logging;
mod models;
mod output;
mod people;
mod progress;
mod record;
mod run;
mod status;
mod still;
mod verify;

use args::{Arguments, Command};
use clap::Parser;
use context::Context;
use exit::Answer;
use std::process::ExitCode;

/// The program: reads the command line, does what it says, and answers with an exit code (0 yes or done, 1 no, 2 wrong usage or
/// configuration, 3 could not do it).
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(e) => {
            // Help and version are answers, not errors; a closed stdout changes neither.
            let _ = e.print();
            return ExitCode::from(if e.use_stderr() { exit::USAGE } else { exit::YES });
        }
    };
    logging::start();
    exit::code(dispatch(arguments))
}

fn dispatch(arguments: Arguments) -> anyhow::Result<Answer> {
    let context = Context::new(arguments.global);
    match arguments.command {
        Command::Demo { faces } => demo::run(&context, faces),
        Command::Run { simulate: Some(pictures), fps } => run::simulate(&context, &pictures, fps),
        Command::Run { simulate: None, .. } => run::service(&context),
        Command::Enroll(wanted) => enroll::run(&context, &wanted),
        Command::People { action } => people::run(&context, action),
        Command::Status => status::run(&context),
        Command::Calibrate(wanted) => calibrate::run(&context, &wanted),
        Command::Identify { images } => identify::run(&context, &images),
        Command::Verify { name, image } => verify::run(&context, &name, &image),
        Command::Compare { a, b } => compare::run(&context, &a, &b),
        Command::Evaluate { what } => evaluate::run(&context, &what),
        Command::Models { action } => models::run(&context, action),
        Command::Door { action } => door::run(&context, &action),
        Command::Audit { action } => audit::run(&context, action),
        Command::Config { action } => config::run(&context, action),
        Command::Completions { shell } => args::completions(shell),
    }
}
