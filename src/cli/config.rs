//! `facegate config show | check | default`.

use super::args::Config as Action;
use super::context::Context;
use super::exit::Answer;
use super::{output, status};
use crate::calibration::{Fmr, Standing};
use crate::config::Config;
use crate::service;
use serde_json::json;

pub fn run(context: &Context, action: Action) -> anyhow::Result<Answer> {
    match action {
        Action::Default => print(context, &Config::default())?,
        Action::Show => print(context, &context.config()?)?,
        Action::Check => {
            let file = context.config_file();
            let fixed = context.config()?.matching.tau.and_then(|_| worth(context).ok());
            if context.json {
                output::json(&json!({ "file": file, "valid": true, "fmr": fixed.as_ref().and_then(|s| s.fmr).and_then(Fmr::at_most) }))?;
            } else {
                output::line(
                    file.as_ref().map_or("no configuration file: the defaults are in force".into(), |f| format!("{}: right", f.display())),
                )?;
                if let Some(fixed) = fixed {
                    output::line(format_args!("match.tau: {}", fixed.words()))?;
                }
            }
        }
    }
    Ok(Answer::Yes)
}

/// What a fixed tau is worth against one template, where an encoder is installed.
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
