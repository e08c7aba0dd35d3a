//! `facegate compare A B`: how alike the faces of two pictures are.

use super::context::Context;
use super::exit::Answer;
use super::{output, still};
use crate::service;
use crate::vision::Options;
use serde_json::json;
use std::path::Path;

pub fn run(context: &Context, a: &Path, b: &Path) -> anyhow::Result<Answer> {
    // Two photographs are compared: whether they live is not the question.
    let site = context.site()?;
    let options = Options { judge_liveness: false, ..Options::for_stills(&site.config, service::real_clock()) };
    let mut vision = service::open_vision(&site, options)?;
    let tau = service::threshold(&site, vision.encoder())?.at(1).tau;
    let first = still::embedding(still::look(&mut vision, a)?, a)?.1.clone();
    let second = still::embedding(still::look(&mut vision, b)?, b)?.1;
    let similarity = first.similarity(second);
    let (same, distance) = (similarity.reaches(tau), similarity.distance());
    if context.json {
        output::json(&json!({ "a": a, "b": b, "similarity": similarity, "distance": distance, "same": same, "tau": tau }))?;
    } else {
        let said = if same { "the same person" } else { "different people" };
        output::line(format_args!("{said}: similarity {:.3} (distance {distance:.3}), tau {:.3}", similarity.0, tau.0))?;
    }
    Ok(same.into())
}
