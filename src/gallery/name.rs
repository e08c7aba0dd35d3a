//! Which names people can have, and when two are the same.

/// The longest name, in characters (Unicode scalar values).
pub const MOST_NAME_CHARACTERS: usize = 100;

/// Why a text is no name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    #[error("the name is empty")]
    Empty,
    #[error("the name has {0} characters; it can have {MOST_NAME_CHARACTERS} at most")]
    TooLong(usize),
    #[error(
        "character {at} of the name is {found:?}, which can't be seen and could pass off one name as another or break a line; leave it out"
    )]
    Hidden { at: usize, found: char },
}

/// A name, trimmed, with the form that says whether two are the same: no difference in case, in the width of gaps or in
/// joiners that can't be seen. (Letters that look
/// alike but are different, and an accent written as a letter of its own, make different names.)
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Name {
    pub shown: String,
    pub folded: String,
}

impl Name {
    pub fn read(text: &str) -> Result<Name, BadName> {
        let shown = text.trim();
        let length = shown.chars().count();
        if length > MOST_NAME_CHARACTERS {
            return Err(BadName::TooLong(length));
        }
        if let Some((at, found)) = shown.chars().enumerate().find(|(_, c)| is_hidden(*c)) {
            return Err(BadName::Hidden { at: at + 1, found });
        }
        // The joiners of emoji alone show nothing.
        if shown.chars().all(|c| c.is_whitespace() || is_joiner(c)) {
            return Err(BadName::Empty);
        }
        // Upper case first: only then are "ß" and "SS", or a final sigma and any other, the same.
        let seen: String = shown.chars().filter(|c| !is_joiner(*c)).collect();
        let folded = seen.split_whitespace().collect::<Vec<_>>().join(" ").to_uppercase().to_lowercase();
        Ok(Name { shown: shown.to_owned(), folded })
    }
}

/// Controls and line ends; marks that turn the direction of writing; spaces without width.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{FEFF}' | '\u{AD}')
}

fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200C}' | '\u{200D}' | '\u{FE00}'..='\u{FE0F}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_people_are_taken_as_they_are() {
        for name in ["Ann", "Zoë Öztürk", "O'Neill-Smith, Jr.", "王小明", "👩‍👩‍👧‍👦", "❤️", "a"] {
            assert_eq!(Name::read(name).unwrap().shown, name);
        }
        assert_eq!(Name::read(" Ann \t").unwrap().shown, "Ann");
        assert_eq!(Name::read(&"n".repeat(100)).unwrap().shown.len(), 100);
        assert_eq!(Name::read(&"👩".repeat(100)).unwrap().shown.chars().count(), 100);
    }

    #[test]
    fn case_and_gaps_make_no_difference() {
        let folded = |name| Name::read(name).unwrap().folded;
        assert_eq!(folded("ann  SMITH"), folded("Ann Smith "));
        assert_eq!(folded("STRAßE"), folded("strasse"));
        assert_eq!(folded("ΟΔΥΣΣΕΎΣ"), folded("Οδυσσεύς"));
        assert_eq!(folded("Ann\u{200D}"), folded("Ann"));
        assert_ne!(folded("Ann"), folded("Anna"));
        assert_ne!(folded("AnnSmith"), folded("Ann Smith"));
    }

    #[test]
    fn what_is_no_name_is_refused_with_the_reason() {
        assert_eq!(Name::read(""), Err(BadName::Empty));
        assert_eq!(Name::read(" \n "), Err(BadName::Empty));
        assert_eq!(Name::read("\u{200D}\u{FE0F}"), Err(BadName::Empty));
        assert_eq!(Name::read(&"x".repeat(101)), Err(BadName::TooLong(101)));
        let long = Name::read(&"x".repeat(10_000)).unwrap_err().to_string();
        assert!(long.contains("10000") && long.contains("100 at most"), "{long}");
        assert_eq!(Name::read("Ann\nBob"), Err(BadName::Hidden { at: 4, found: '\n' }));
        for hidden in ['\0', '\u{1b}', '\u{85}', '\u{202E}', '\u{200B}', '\u{2028}'] {
            let refused = Name::read(&format!("A{hidden}b")).unwrap_err();
            assert_eq!(refused, BadName::Hidden { at: 2, found: hidden });
            assert!(!refused.to_string().contains(hidden), "the message must not carry it to a terminal");
        }
    }
}
