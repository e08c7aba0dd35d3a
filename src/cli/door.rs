//! `facegate door lock | test`.

use super::args::Door as Action;
use super::context::Context;
use super::exit::{Answer, Misuse};
use super::{output, record};
use crate::audit::Code;
use crate::door::{self, LineState};
use crate::service;
use crate::units::Moment;
use serde_json::json;
use std::io::{BufRead, IsTerminal};
use std::time::Duration;

pub fn run(context: &Context, action: &Action) -> anyhow::Result<Answer> {
    match action {
        Action::Lock => lock(context),
        Action::Test { yes } => test(context, *yes),
    }
}

/// Locks first and needs nothing else: no net, no gallery, and no record that could fail.
fn lock(context: &Context) -> anyhow::Result<Answer> {
    let config = context.config()?;
    door::lock(&config.door)?;
    record(context, Code::DoorLocked);
    if context.json {
        output::json(&json!({ "line": "inactive" }))?
    } else {
        output::line("locked")?
    }
    Ok(Answer::Yes)
}

fn test(context: &Context, is_agreed: bool) -> anyhow::Result<Answer> {
    let config = context.config()?;
    let hold = Duration::from_millis(config.door.unlock_ms);
    door::install_panic_hook();
    let mut relay = door::open(&config.door)?;
    if !is_agreed && !agreed(&format!("{}: this opens the door for {} ms. Go on?", relay.describe(), hold.as_millis()))? {
        return Ok(Answer::No);
    }
    let leaving = service::leave_flag()?;
    relay.set(LineState::Active, Moment::START)?;
    // In steps, so that a signal locks at once.
    for _ in 0..hold.as_millis().div_ceil(20) {
        if leaving.load(std::sync::atomic::Ordering::Relaxed) {
            break;
        }
        std::thread::park_timeout(Duration::from_millis(20));
    }
    relay.set(LineState::Inactive, Moment::after(hold))?;
    record(context, Code::DoorTested);
    if context.json {
        output::json(&json!({ "line": "inactive", "held_ms": hold.as_millis() as u64 }))?
    } else {
        output::line("locked again")?
    }
    Ok(Answer::Yes)
}

fn agreed(question: &str) -> anyhow::Result<bool> {
    if !std::io::stdin().is_terminal() {
        return Err(Misuse("door test asks first, and there is no terminal to ask at: say --yes".into()).into());
    }
    eprint!("{question} [y/N] ");
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// The door comes first: what can't be recorded is said, and fails nothing.
fn record(context: &Context, code: Code) {
    if let Err(e) = context.site().and_then(|site| record::record(&site, code, None)) {
        log::warn!("not recorded: {e:#}");
    }
}
