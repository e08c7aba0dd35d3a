//! `facegate identify F...`: who of the gallery is this, or nobody.

use super::context::Context;
use super::events::Names;
use super::exit::Answer;
use super::{output, still};
use crate::access::{Flaw, Look as Verdict, Rules};
use crate::calibration::{Fmr, Standing, Threshold};
use crate::gallery::{Candidate, Gallery, Index};
use crate::service::{self, sighting, stage_times};
use crate::units::{Moment, Similarity};
use crate::vision::Vision;
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

pub fn run(context: &Context, images: &[PathBuf]) -> anyhow::Result<Answer> {
    let images = still::pictures(images)?;
    let (site, vision) = still::vision(context)?;
    let gallery = service::open_gallery(&site)?;
    let threshold = service::threshold(&site, vision.encoder())?;
    let mut who = Who::new(service::rules(&site.config), &threshold, vision, gallery)?;
    service::keeps_its_wish(&who.standing)?;
    let (mut all_known, mut unread) = (true, 0);
    for image in &images {
        let found = who.is_in(image);
        all_known &= found.decision == "match";
        unread += usize::from(found.is_unread);
        if context.json { output::json(&found.to_json())? } else { output::line(found.to_text())? }
    }
    if !context.json {
        eprintln!("{}", who.standing.words());
    }
    if unread > 0 {
        anyhow::bail!("{unread} of {} pictures could not be read", images.len());
    }
    Ok(all_known.into())
}

/// Names faces.
pub struct Who {
    rules: Rules,
    /// The tau in force, and what it is worth.
    pub standing: Standing,
    vision: Vision,
    index: Index,
    names: Names,
}

/// What was found in a picture.
pub struct Found {
    pub image: PathBuf,
    pub decision: &'static str,
    pub person: Option<String>,
    pub similarity: Option<Similarity>,
    pub second_person: Option<String>,
    pub second_similarity: Option<Similarity>,
    pub standing: Standing,
    pub k: usize,
    pub reason: Option<String>,
    pub liveness: Option<f32>,
    pub faces: usize,
    pub timings: Vec<(String, f32)>,
    /// The picture itself could not be read.
    pub is_unread: bool,
}

impl Who {
    pub fn new(rules: Rules, threshold: &Threshold, vision: Vision, mut gallery: Gallery) -> anyhow::Result<Who> {
        let index = gallery.index(&vision.encoder().digest, threshold.metric())?;
        for person in index.people_needing_enrolment() {
            log::warn!("{} has no template of encoder {} and can't be known: enrol anew", person.name, vision.encoder().name);
        }
        let names = Names::of(&mut gallery)?;
        Ok(Who { rules, standing: threshold.at(index.k_that_opens()), vision, index, names })
    }

    /// Who is in a picture. A picture that can't be read is a finding too: one bad file of a folder doesn't hide the others.
    pub fn is_in(&mut self, image: &Path) -> Found {
        let mut found = Found {
            image: image.to_owned(),
            decision: "unusable",
            person: None,
            similarity: None,
            second_person: None,
            second_similarity: None,
            standing: self.standing,
            k: 0,
            reason: None,
            liveness: None,
            faces: 0,
            timings: Vec::new(),
            is_unread: false,
        };
        let look = match still::look(&mut self.vision, image) {
            Ok(look) => look,
            Err(e) => {
                found.is_unread = true;
                found.reason = Some(e.to_string());
                return found;
            }
        };
        found.timings = stage_times(&look.timings).into_iter().map(|t| (t.stage.into_owned(), t.ms)).collect();
        found.faces = look.faces.len();
        let Some(face) = look.subject() else {
            found.decision = "no_face";
            return found;
        };
        let ranking = face.embedding.as_ref().map(|e| self.index.search(e));
        let verdict = Verdict::judge(&sighting(face, ranking.as_ref(), self.standing.tau, Moment::START), &self.rules);
        let name = |c: Option<Candidate>| c.and_then(|c| self.names.get(Some(c.person)).map(str::to_owned));
        let ranking = ranking.unwrap_or_default();
        found.k = ranking.k;
        found.liveness = face.liveness.map(|l| l.live);
        found.similarity = ranking.best.map(|c| c.similarity);
        found.second_similarity = ranking.other.map(|c| c.similarity);
        found.decision = decision(verdict);
        found.reason = reason(verdict, face, &found);
        // A stranger is nobody: the nearest person's name is no answer, and would be read as one.
        if matches!(verdict, Verdict::Match(_) | Verdict::Unjudged(_) | Verdict::Ambiguous | Verdict::Barred(_)) {
            found.person = name(ranking.best);
            found.second_person = name(ranking.other);
        }
        found
    }
}

fn decision(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Match(_) => "match",
        Verdict::Ambiguous => "ambiguous",
        Verdict::Unknown | Verdict::Barred(_) => "unknown",
        Verdict::Spoof | Verdict::Unjudged(_) => "spoof",
        Verdict::Unusable(_) | Verdict::BadNumber | Verdict::BadTime => "unusable",
    }
}

fn reason(verdict: Verdict, face: &crate::vision::Face, found: &Found) -> Option<String> {
    Some(match verdict {
        Verdict::Match(_) => return None,
        Verdict::Ambiguous => "two people are too nearly alike".into(),
        Verdict::Unknown if found.k == 0 => "nobody is enrolled with this encoder".into(),
        Verdict::Barred(_) => "known, and never let in".into(),
        Verdict::Unknown => "nobody is alike enough".into(),
        Verdict::Spoof => "not judged a living face".into(),
        Verdict::Unjudged(_) => "liveness was not judged".into(),
        Verdict::Unusable(Flaw::NoEmbedding) => "the encoder gave no numbers".into(),
        Verdict::Unusable(_) => face.quality.reasons.to_string(),
        Verdict::BadNumber | Verdict::BadTime => "a net gave what is no number".into(),
    })
}

impl Found {
    fn to_json(&self) -> Value {
        let timings: Map<String, Value> = self.timings.iter().map(|(stage, ms)| (stage.clone(), json!(ms))).collect();
        json!({
            "image": self.image,
            "decision": self.decision,
            "person": self.person,
            "similarity": self.similarity,
            "second_person": self.second_person,
            "second_similarity": self.second_similarity,
            "score": self.standing.score.word(),
            "tau": self.standing.tau,
            "k": self.k,
            "fmr": self.standing.fmr.and_then(Fmr::at_most),
            "false_entries": self.standing.false_entries,
            "reason": self.reason,
            "liveness": self.liveness,
            "faces": self.faces,
            "timings_ms": timings,
        })
    }

    fn to_text(&self) -> String {
        let mut text = format!("{}: ", self.image.display());
        match (&self.person, self.decision) {
            (Some(person), "match") => text += person,
            _ => text += self.decision,
        }
        if let Some(reason) = &self.reason {
            text += &format!(" ({reason})");
        }
        if let Some(similarity) = self.similarity {
            text += &format!(", similarity {:.3}", similarity.0);
        }
        if let Some(second) = self.second_similarity {
            text += &format!(", second {}{:.3}", self.second_person.as_ref().map_or(String::new(), |p| format!("{p} ")), second.0);
        }
        text += &format!(", tau {:.3}, K {}", self.standing.tau.0, self.k);
        if let Some(live) = self.liveness {
            text += &format!(", live {live:.2}");
        }
        text += &format!(", {:.1} ms", self.timings.iter().map(|(_, ms)| ms).sum::<f32>());
        text
    }
}
