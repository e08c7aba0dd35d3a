//! `facegate compare A B`: how alike the faces of two pictures are.

use super::context::Context;
use super::exit::Answer;
use super::{output, still};
use crate::config::Score;
use crate::service;
use crate::vision::Options;
use serde_json::json;
use std::path::Path;

pub fn run(context: &Context, a: &Path, b: &Path) -> anyhow::Result<Answer> {
    // Two photographs are compared: whether they live is not the question.
    let site = context.site()?;
    let options = Options { judge_liveness: false, ..Options::for_stills(&site.config, service::real_clock()) };
    let mut vision = service::open_vision(&site, options)?;
    let threshold = service::threshold(&site, vision.encoder())?;
    let standing = threshold.at(1);
    let tau = standing.tau;
    still::says_if_nothing_opens(&standing);
    let first = still::embedding(still::look(&mut vision, a)?, a)?.1.clone();
    let second = still::embedding(still::look(&mut vision, b)?, b)?.1;
    let similarity = threshold.metric().similarity(&first, second);
    // The distance is the embeddings' own, whichever score says how alike they are.
    let (same, distance) = (similarity.reaches(tau), first.similarity(second).distance());
    if context.json {
        let score = standing.score.word();
        output::json(&json!({ "a": a, "b": b, "similarity": similarity, "score": score, "distance": distance, "same": same, "tau": tau }))?;
    } else {
        let said = if same { "the same person" } else { "different people" };
        let how = match standing.score {
            Score::Cosine => format!("distance {distance:.3}"),
            score => format!("{}; the embeddings' distance, by their cosine, is {distance:.3}", score.word()),
        };
        output::line(format_args!("{said}: similarity {:.3} ({how}), tau {:.3}", similarity.0, tau.0))?;
    }
    Ok(same.into())
}
