//! `facegate config show | check | default`.

use super::args::Config as Action;
use super::context::Context;
use super::exit::Answer;
use super::output;
use crate::config::Config;
use serde_json::json;

pub fn run(context: &Context, action: Action) -> anyhow::Result<Answer> {
    match action {
        Action::Default => print(context, &Config::default())?,
        Action::Show => print(context, &context.config()?)?,
        Action::Check => {
            let file = context.config_file();
            context.config()?;
            if context.json {
                output::json(&json!({ "file": file, "valid": true }))?;
            } else {
                output::line(
                    file.as_ref().map_or("no configuration file: the defaults are in force".into(), |f| format!("{}: right", f.display())),
                )?;
            }
        }
    }
    Ok(Answer::Yes)
}

fn print(context: &Context, config: &Config) -> anyhow::Result<()> {
    let text = config.to_toml(!context.json);
    if context.json {
        return output::json(&toml::from_str::<serde_json::Value>(&text)?);
    }
    output::raw(text.as_bytes())
}
