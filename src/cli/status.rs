//! `facegate status`: what the gate is worth as it stands.

use super::context::Context;
use super::exit::Answer;
use super::output;
use crate::calibration::{Fmr, Source, Standing};
use crate::config::Score;
use crate::gallery::Gallery;
use crate::service::{self, Site};
use crate::vision::{Entry, Library};
use serde_json::json;

pub fn run(context: &Context) -> anyhow::Result<Answer> {
    let site = context.site()?;
    let entry = encoder(&site)?;
    let mut gallery = service::open_gallery(&site)?;
    let threshold = service::threshold(&site, &entry)?;
    let index = gallery.index(&entry.digest, threshold.metric())?;
    let standing = threshold.at(index.k_that_opens());
    let people = gallery.people()?;
    let barred = people.iter().filter(|p| p.is_barred).count();
    let without: Vec<&str> = index.people_needing_enrolment().iter().map(|p| p.name.as_str()).collect();
    let (conflicts, table) = (index.conflicts(standing.tau).len(), threshold.table());
    let most_k = match (threshold.source(), table) {
        (Source::Wish(wish), Some(table)) => Some(table.most_k(*wish)),
        _ => None,
    };
    let source = match threshold.source() {
        Source::Wish(wish) => format!("match.false_entries = \"{wish}\""),
        Source::Config(_) => "match.tau".into(),
        Source::Encoder(_) => "the encoder's own; it doesn't follow the number of people (match.false_entries does)".into(),
        Source::None => "none".into(),
    };
    if context.json {
        output::json(&json!({
            "encoder": entry.name, "encoder_digest": entry.digest.to_string(), "people": people.len(), "never": barred,
            "need_enrolment": without, "k": standing.k, "score": standing.score.word(), "tau": standing.tau, "tau_from": source,
            "fmr": standing.fmr.and_then(Fmr::at_most), "false_entries": standing.false_entries,
            "most_k": most_k,
            "calibrated_on": table.map(|t| json!({ "group": t.group, "people": t.people, "comparisons": t.comparisons })),
            "conflicts": conflicts,
        }))?;
    } else {
        output::line(format_args!("encoder     {} ({})", entry.name, entry.digest.short()))?;
        output::line(format_args!("people      {}, of whom {barred} are never let in", people.len()))?;
        if !without.is_empty() {
            output::line(format_args!("            without a template of this encoder: {}", without.join(", ")))?;
        }
        if standing.score != Score::Cosine {
            output::line(format_args!("score       {}", threshold.metric().describe()))?;
        }
        output::line(format_args!("threshold   {}", standing.words()))?;
        output::line(format_args!("            from {source}"))?;
        match table {
            Some(t) => output::line(format_args!(
                "calibrated  on strangers of one group, the worst ({}): {} people, {} comparisons",
                t.group, t.people, t.comparisons
            ))?,
            None => output::line("calibrated  no: how often a stranger gets in is not known (facegate calibrate --impostors DIR)")?,
        }
        if let Some(most_k) = most_k {
            output::line(format_args!("            the wish can be kept with at most {most_k} templates"))?;
        }
        if conflicts > 0 {
            output::line(format_args!("conflicts   {conflicts} pairs of people are too much alike: facegate people conflicts"))?;
        }
    }
    Ok(standing.most_k.is_none().into())
}

/// The encoder in use, as its manifest describes it.
pub fn encoder(site: &Site) -> anyhow::Result<Entry> {
    Ok(Library::open(&site.model_dirs)?.encoder(site.config.models.encoder.as_deref())?.clone())
}

/// What is in force with the gallery as it stands; none where no nets are installed, which a list of people can do without.
pub fn standing(site: &Site, gallery: &mut Gallery) -> anyhow::Result<Option<Standing>> {
    let Ok(entry) = encoder(site) else { return Ok(None) };
    let threshold = service::threshold(site, &entry)?;
    let index = gallery.index(&entry.digest, threshold.metric())?;
    Ok(Some(threshold.at(index.k_that_opens())))
}
