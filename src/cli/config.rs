//! `facegate config show | check | default`.

use super::args::Config as Action;
use super::context::Context;
use super::exit::Answer;
use super::{output, status};
use crate::calibration::{Fmr, Standing};
use crate::config::{Config, Score};
use crate::service::{self, StartError};
use serde_json::json;

pub fn run(context: &Context, action: Action) -> anyhow::Result<Answer> {
    match action {
        Action::Default => print(context, &Config::default())?,
        Action::Show => print(context, &context.config()?)?,
        Action::Check => {
            let file = context.config_file();
            let matching = context.config()?.matching;
            let is_asked = matching.tau.is_some() || matching.score != Score::Cosine;
            // A score that can't be computed would stop the gate at its start; other trouble (no nets here) is none of the file's.
            let (fixed, problem) = match is_asked.then(|| worth(context)).transpose() {
                Ok(worth) => (worth, None),
                Err(e) => {
                    (None, e.downcast_ref::<StartError>().filter(|e| matches!(e, StartError::Calibration(_))).map(ToString::to_string))
                }
            };
            if context.json {
                let fmr = fixed.as_ref().and_then(|s| s.fmr).and_then(Fmr::at_most);
                let score = matching.score.word();
                output::json(&json!({ "file": file, "valid": problem.is_none(), "fmr": fmr, "score": score, "problem": problem }))?;
            } else if let Some(problem) = &problem {
                output::line(problem)?;
            } else {
                output::line(
                    file.as_ref().map_or("no configuration file: the defaults are in force".into(), |f| format!("{}: right", f.display())),
                )?;
                if let Some(fixed) = fixed {
                    let key = if matching.tau.is_some() { "match.tau" } else { "match.score" };
                    output::line(format_args!("{key}: {}", fixed.words()))?;
                }
            }
            return Ok(problem.is_none().into());
        }
    }
    Ok(Answer::Yes)
}

/// What a fixed tau, or another score, is worth against one template, where an encoder is installed.
fn worth(context: &Context) -> anyhow::Result<Standing> {
    let site = context.site()?;
    Ok(service::threshold(&site, &status::encoder(&site)?)?.at(1))
}

fn print(context: &Context, config: &Config) -> anyhow::Result<()> {
    let text = config.to_toml(!context.json);
    if context.json {
        return output::json(&toml::from_str::<serde_json::Value>(&text)?);
    }
    output::raw(text.as_bytes())
}
