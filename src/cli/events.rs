//! What happened at the gate, as JSON and in words: one way for the service, the simulation and the demo.

use crate::audit::Event;
use crate::gallery::{Gallery, GalleryError};
use crate::service::Told;
use crate::units::PersonId;
use serde_json::{Value, json};
use std::collections::HashMap;

/// Who the gallery's numbers are.
pub struct Names(HashMap<PersonId, String>);

impl Names {
    /// Of everybody in the gallery now.
    ///
    /// # Errors
    /// The gallery can't be read.
    pub fn of(gallery: &mut Gallery) -> Result<Names, GalleryError> {
        Ok(Names(gallery.people()?.into_iter().map(|p| (p.id, p.name)).collect()))
    }

    /// None for nobody, and for somebody who is no longer there.
    pub fn get(&self, person: Option<PersonId>) -> Option<&str> {
        self.0.get(&person?).map(String::as_str)
    }
}

/// An event as one JSON object: `event`, `at_ms`, and what is known besides. `person` is a name where names may be told, else absent.
pub fn json(told: Told<'_>, names: Option<&Names>) -> Value {
    match told {
        Told::Door { at, state } => json!({ "event": "door", "at_ms": at.as_ms(), "line": state.word() }),
        Told::Recorded(event) => {
            let mut value = json!(event);
            if let Value::Object(fields) = &mut value {
                let id = fields.remove("person").unwrap_or(Value::Null);
                fields.insert("person_id".into(), id);
                if let Some(names) = names {
                    fields.insert("person".into(), json!(names.get(event.person)));
                }
            }
            value
        }
    }
}

/// An event in words; the person's number where no name is given.
pub fn text(event: &Event, name: Option<&str>) -> String {
    let mut text = event.code.to_string();
    match (name, event.person) {
        (Some(name), _) => text += &format!(" {name}"),
        (None, Some(id)) => text += &format!(" person {}", id.0),
        (None, None) => {}
    }
    if let (Some(similarity), Some(tau)) = (event.similarity, event.tau) {
        text += &format!(", similarity {:.3} (tau {:.3}", similarity.0, tau.0);
        text += &event.k.map_or(")".into(), |k| format!(", K {k})"));
    }
    if let Some(live) = event.liveness {
        text += &format!(", live {live:.2}");
    }
    if let Some(reason) = &event.reason {
        text += &format!(": {reason}");
    }
    text
}
