//! `facegate verify NAME F`: is this that person. Of a folder, every picture must be.

use super::context::Context;
use super::exit::Answer;
use super::{output, still};
use crate::config::Score;
use crate::service;
use serde_json::json;
use std::path::Path;

pub fn run(context: &Context, name: &str, image: &Path) -> anyhow::Result<Answer> {
    let images = still::pictures(&[image.to_owned()])?;
    let (site, mut vision) = still::vision(context)?;
    let rules = service::rules(&site.config);
    // One person is meant: K is 1, however many are enrolled.
    let threshold = service::threshold(&site, vision.encoder())?;
    let standing = threshold.at(1);
    let tau = standing.tau;
    still::says_if_nothing_opens(&standing);
    let encoder = vision.encoder().clone();
    let mut gallery = service::open_gallery(&site)?;
    let person = gallery.person(name)?;
    let index = gallery.index(&encoder.digest, threshold.metric())?;
    let mut all_same = true;
    for image in &images {
        let (face, embedding) = still::embedding(still::look(&mut vision, image)?, image)?;
        let Some(candidate) = index.verify(person.id, embedding) else {
            anyhow::bail!(
                "{} has no template of encoder {}: enrol anew (facegate enroll \"{}\" --add --image ...)",
                person.name,
                encoder.name,
                person.name
            );
        };
        let live = face.liveness.map(|l| l.live);
        let is_live = !rules.liveness_required || live.is_some_and(|live| live >= rules.min_live);
        let same = is_live && candidate.similarity.reaches(tau);
        all_same &= same;
        let reason = match (is_live, same) {
            (false, _) => Some("not judged a living face"),
            (true, false) => Some("not alike enough"),
            (true, true) => None,
        };
        // Only a cosine has one.
        let distance = (standing.score == Score::Cosine).then(|| candidate.similarity.distance());
        if context.json {
            output::json(&json!({
                "image": image, "person": person.name, "same": same, "similarity": candidate.similarity, "distance": distance,
                "score": standing.score.word(), "tau": tau, "reason": reason, "liveness": live,
            }))?;
        } else {
            let said = if same { "yes, this is" } else { "no, this is not shown to be" };
            let why = reason.map_or(String::new(), |r| format!(" ({r})"));
            let how = distance.map_or_else(|| standing.score.word().into(), |d| format!("distance {d:.3}"));
            output::line(format_args!("{said} {}{why}: similarity {:.3} ({how}), tau {:.3}", person.name, candidate.similarity.0, tau.0))?;
        }
    }
    Ok(all_same.into())
}
