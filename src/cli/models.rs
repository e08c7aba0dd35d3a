//! `facegate models list | check | install NAME`.

use super::args::Models as Action;
use super::context::Context;
use super::exit::{Answer, Misuse};
use super::output;
use crate::vision::models::{Checked, Colour, Entry, InstallError, Installed, Library, Role, check, install};
use serde_json::json;
use std::io::{IsTerminal, Write};

pub fn run(context: &Context, action: Action) -> anyhow::Result<Answer> {
    match action {
        Action::List => list(context),
        Action::Check => {
            let mut all_right = true;
            for net in check(&library(context)?) {
                all_right &= net.outcome.is_ok();
                if context.json { output::json(&checked_json(&net))? } else { output::line(checked_text(&net))? }
            }
            Ok(all_right.into())
        }
        Action::Install { name, from } => {
            let into = context.data_dir()?.join("models");
            let installed = install(&name, from.as_deref(), &into, &mut progress).map_err(|e| match e {
                InstallError::Unknown { .. } | InstallError::NoAddress { .. } | InstallError::Insecure { .. } => {
                    Misuse(e.to_string()).into()
                }
                e => anyhow::Error::from(e),
            })?;
            if context.json {
                output::json(&installed_json(&installed))?
            } else {
                output::line(installed_text(&installed))?
            }
            Ok(Answer::Yes)
        }
    }
}

fn library(context: &Context) -> anyhow::Result<Library> {
    Ok(Library::open(&context.site()?.model_dirs)?)
}

fn list(context: &Context) -> anyhow::Result<Answer> {
    let library = library(context)?;
    for entry in library.entries() {
        let is_default = library.is_default(entry);
        if context.json {
            output::json(&entry_json(entry, is_default))?;
        } else {
            output::line(entry_text(entry, is_default))?;
        }
    }
    Ok(Answer::Yes)
}

/// `*` marks what serves when nothing is chosen.
fn entry_text(entry: &Entry, is_default: bool) -> String {
    let mark = if is_default { '*' } else { ' ' };
    let [_, _, height, width] = entry.input.shape;
    let dimension = entry.dimension.map_or(String::new(), |d| format!(", {d}-D"));
    format!("{mark} {:<28} {:<9} {width}x{height}{dimension}  {}  {}", entry.name, entry.role.word(), entry.digest.short(), entry.licence)
}

fn entry_json(entry: &Entry, is_default: bool) -> serde_json::Value {
    json!({
        "name": entry.name,
        "role": entry.role,
        "default": is_default,
        "family": entry.family,
        "file": entry.file,
        "sha256": entry.digest.to_string(),
        "input": {
            "name": entry.input.name,
            "shape": entry.input.shape,
            "colour": if entry.input.colour == Colour::Rgb { "RGB" } else { "BGR" },
            "mean": entry.input.mean,
            "std": entry.input.std,
        },
        "outputs": entry.outputs,
        "dimension": entry.dimension,
        "tau": entry.tau,
        "source": entry.source,
        "licence": entry.licence,
    })
}

fn checked_text(net: &Checked) -> String {
    match &net.outcome {
        Ok(passed) if passed.is_tested => format!("{}: right; gives the recorded answer ({} ms)", net.name, passed.took.as_millis()),
        Ok(passed) => format!("{}: fits its manifest; no answer is recorded to test it with ({} ms)", net.name, passed.took.as_millis()),
        Err(e) => format!("{}: REFUSED: {e}", net.name),
    }
}

fn checked_json(net: &Checked) -> serde_json::Value {
    let passed = net.outcome.as_ref().ok();
    json!({
        "name": net.name,
        "right": passed.is_some(),
        "tested": passed.map(|p| p.is_tested),
        "took_ms": passed.map(|p| p.took.as_millis() as u64),
        "error": net.outcome.as_ref().err().map(ToString::to_string),
    })
}

fn installed_text(installed: &Installed) -> String {
    let entry = &installed.entry;
    let how = if installed.was_there { "is there already" } else { "is installed" };
    let tested = if installed.is_tested { "gives the recorded answer" } else { "no answer is recorded to test it with" };
    let key = match entry.role {
        Role::Detector => "models.detector",
        Role::Encoder => "models.encoder (everybody must then be enrolled anew)",
        Role::Liveness => "liveness.models",
    };
    let (name, role, licence) = (&entry.name, entry.role, &entry.licence);
    format!("{name} {how}: {} ({tested})\nlicence: {licence}\nto use it: --{role} {name}, or {key}", entry.file.display())
}

fn installed_json(installed: &Installed) -> serde_json::Value {
    json!({
        "name": installed.entry.name,
        "file": installed.entry.file,
        "sha256": installed.entry.digest.to_string(),
        "was_there": installed.was_there,
        "tested": installed.is_tested,
        "licence": installed.entry.licence,
    })
}

/// On a terminal alone.
fn progress(got: u64, whole: Option<u64>) {
    let mut err = std::io::stderr();
    if err.is_terminal() {
        let of = whole.map_or(String::new(), |whole| format!(" of {} kB", whole / 1024));
        let end = if whole == Some(got) { "\n" } else { "" };
        // A terminal that can't be written to is no reason to stop a download.
        let _ = write!(err, "\r{} kB{of}{end}", got / 1024).and_then(|()| err.flush());
    }
}
