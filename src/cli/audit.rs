//! `facegate audit list | verify`.

use super::args::Audit as Action;
use super::context::Context;
use super::exit::{Answer, Misuse};
use super::output;
use crate::audit::{Code, Filter, Recorded};
use crate::service;

pub fn run(context: &Context, action: Action) -> anyhow::Result<Answer> {
    let site = context.site()?;
    let mut audit = service::open_audit(&site.data_dir, &site.config)?;
    match action {
        Action::List { last, code } => {
            let code = code.map(|word| read_code(&word)).transpose()?;
            for recorded in audit.list(&Filter { last, code, ..Filter::default() })? {
                if context.json { output::json(&recorded)? } else { output::line(text(&recorded))? }
            }
            Ok(Answer::Yes)
        }
        Action::Verify => {
            let verdict = audit.verify()?;
            if context.json {
                output::json(&verdict)?;
            } else {
                let dropped = if verdict.dropped > 0 { format!("; {} older ones made room", verdict.dropped) } else { String::new() };
                let whole = if verdict.is_whole() { "whole" } else { "NOT whole" };
                output::line(format_args!(
                    "the record is {whole}: {} events{dropped}; the newest is {} ({})",
                    verdict.events, verdict.head.number, verdict.head.hash
                ))?;
                verdict.flaws.iter().try_for_each(|flaw| output::line(format_args!("  {flaw}")))?;
            }
            Ok(verdict.is_whole().into())
        }
    }
}

fn read_code(word: &str) -> anyhow::Result<Code> {
    match Code::from_word(word) {
        Code::Other(_) => {
            let known: Vec<&str> = Code::ALL.iter().map(Code::word).collect();
            Err(Misuse(format!("there is no event `{word}`; there are: {}", known.join(", "))).into())
        }
        code => Ok(code),
    }
}

fn text(recorded: &Recorded) -> String {
    let event = &recorded.event;
    let mut text = format!("{:>6}  {}  {}", recorded.number, event.at.strftime("%Y-%m-%d %H:%M:%S%.3fZ"), event.code);
    if let Some(person) = event.person {
        text += &format!("  person {}", person.0);
    }
    if let (Some(similarity), Some(tau)) = (event.similarity, event.tau) {
        text += &format!("  similarity {:.3} (tau {:.3})", similarity.0, tau.0);
    }
    if let Some(live) = event.liveness {
        text += &format!("  live {live:.2}");
    }
    if let Some(reason) = &event.reason {
        text += &format!("  {reason}");
    }
    text
}
