//! `facegate people list | show | rename | remove | conflicts`.

use super::args::People as Action;
use super::context::Context;
use super::exit::Answer;
use super::{output, record, status};
use crate::audit::Code;
use crate::gallery::{Gallery, Person};
use crate::service::{self, Site};
use crate::units::PersonId;
use crate::vision::Entry;
use serde_json::{Value, json};
use std::collections::HashMap;

pub fn run(context: &Context, action: Action) -> anyhow::Result<Answer> {
    if let Action::Enroll(wanted) = &action {
        return super::enroll::run(context, wanted);
    }
    let site = context.site()?;
    let mut gallery = service::open_gallery(&site)?;
    match action {
        Action::List => {
            // A list of people can do without nets.
            let encoder = status::encoder(&site).ok();
            let people = gallery.people()?;
            for person in &people {
                print(context, person, encoder.as_ref(), false)?;
            }
            if people.is_empty() && !context.json {
                eprintln!("nobody is enrolled yet: facegate enroll NAME --image PICTURE");
            } else if !context.json
                && let Some(standing) = status::standing(&site, &mut gallery)?
            {
                eprintln!("{}", standing.words());
            }
        }
        Action::Show { name } => print(context, &gallery.person(&name)?, status::encoder(&site).ok().as_ref(), true)?,
        Action::Rename { name, new } => {
            let id = gallery.rename(&name, &new)?;
            record::record(&site, Code::Renamed, Some(id))?;
            done(context, "renamed", id, format_args!("{name} is now called {new}"))?;
        }
        Action::Conflicts => return conflicts(context, &site, &mut gallery),
        Action::Enroll(_) => {}
        Action::Remove { name } => {
            let removed = gallery.remove(&name)?;
            record::record(&site, Code::Removed, Some(removed.person))?;
            done(context, "removed", removed.person, format_args!("{name} is removed, with {} templates", removed.templates))?;
            if !removed.is_erased {
                log::warn!("the gallery's log keeps traces of the templates until the next change, because another program was reading");
            }
        }
    }
    Ok(Answer::Yes)
}

fn done(context: &Context, what: &str, id: PersonId, said: std::fmt::Arguments<'_>) -> anyhow::Result<()> {
    if context.json { output::json(&json!({ "done": what, "person_id": id })) } else { output::line(said) }
}

/// Who is too much alike, at the tau in force.
fn conflicts(context: &Context, site: &Site, gallery: &mut Gallery) -> anyhow::Result<Answer> {
    let entry = status::encoder(site)?;
    let threshold = service::threshold(site, &entry)?;
    let index = gallery.index(&entry.digest, threshold.metric())?;
    let standing = threshold.at(index.k_that_opens());
    let people: HashMap<PersonId, Person> = gallery.people()?.into_iter().map(|p| (p.id, p)).collect();
    let found = index.conflicts(standing.tau);
    for conflict in &found {
        let (Some(one), Some(other)) = (people.get(&conflict.one), people.get(&conflict.other)) else { continue };
        let advice = advice(one, other);
        if context.json {
            output::json(&json!({
                "one": one.name, "other": other.name, "similarity": conflict.similarity, "score": standing.score.word(), "tau": standing.tau, "advice": advice,
            }))?;
        } else {
            output::line(format_args!(
                "{} and {}: similarity {:.3}, tau {:.3}. {advice}",
                one.name, other.name, conflict.similarity.0, standing.tau.0
            ))?;
        }
    }
    if found.is_empty() && !context.json {
        eprintln!("nobody is alike enough to somebody else to be taken for them ({})", standing.words());
    }
    Ok(found.is_empty().into())
}

/// What to do about two people who are too much alike.
fn advice(one: &Person, other: &Person) -> &'static str {
    match (one.is_barred, other.is_barred) {
        (true, true) => "Neither is let in: nothing needs to be done",
        (false, false) => {
            "If they are one person, remove one of the names. If they are two (siblings, twins), the gate opens for whichever is clearly more alike and for neither where they are as one: enrol more pictures of both (facegate enroll NAME --add), in the light of the gate, and give them another way in"
        }
        _ => {
            "One of them is never let in, and protects the other: the one who is may have to try again; more pictures of both (facegate enroll NAME --add) help"
        }
    }
}

fn print(context: &Context, person: &Person, encoder: Option<&Entry>, whole: bool) -> anyhow::Result<()> {
    let usable = encoder.map(|encoder| person.templates.iter().filter(|t| t.model == encoder.digest).count());
    let needs_enrolment = usable == Some(0);
    if context.json {
        let templates: Vec<Value> = person
            .templates
            .iter()
            .map(|t| json!({ "id": t.id, "encoder": t.model.to_string(), "dimension": t.dimension, "quality": t.quality, "created_at": t.created_at.to_string() }))
            .collect();
        let templates = if whole { json!(templates) } else { json!(templates.len()) };
        return output::json(&json!({
            "name": person.name, "person_id": person.id, "created_at": person.created_at.to_string(), "templates": templates, "never": person.is_barred,
            "usable_templates": usable, "needs_enrolment": needs_enrolment,
        }));
    }
    let note = match (person.is_barred, needs_enrolment) {
        (_, true) => "  needs a new enrolment: no template of the encoder in use",
        (true, false) => "  never let in",
        (false, false) => "",
    };
    output::line(format_args!(
        "{:>4}  {}  {} template{}{note}",
        person.id.0,
        person.name,
        person.templates.len(),
        if person.templates.len() == 1 { "" } else { "s" }
    ))?;
    for t in person.templates.iter().filter(|_| whole) {
        output::line(format_args!(
            "      {:>4}  {}-D of encoder {}, quality {:.2}, {}",
            t.id.0,
            t.dimension,
            encoder.filter(|e| e.digest == t.model).map_or_else(|| t.model.short(), |e| e.name.clone()),
            t.quality,
            t.created_at.strftime("%Y-%m-%d %H:%M")
        ))?;
    }
    Ok(())
}
