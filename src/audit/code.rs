//! What kinds of events there are. The words are a promise: they stand in records and in `--json`. Codes are added, never renamed.

macro_rules! codes {
    ($($(#[doc = $meaning:literal])+ $code:ident = $word:literal;)+) => {
        /// What happened.
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        pub enum Code {
            $($(#[doc = $meaning])+ $code,)+
            /// A word that this version doesn't know: a newer one wrote it.
            Other(Box<str>),
        }

        impl Code {
            /// All codes that this version knows.
            pub const ALL: &[Code] = &[$(Code::$code),+];

            /// The word that stands in the record.
            pub fn word(&self) -> &str {
                match self {
                    $(Code::$code => $word,)+
                    Code::Other(word) => word,
                }
            }

            /// Reads a word; never fails.
            pub fn from_word(word: &str) -> Code {
                match word {
                    $($word => Code::$code,)+
                    other => Code::Other(other.into()),
                }
            }
        }
    };
}

codes! {
    /// A known person was let in.
    Granted = "granted";
    /// Nobody in the gallery is alike enough.
    DeniedUnknown = "denied_unknown";
    /// Somebody who is known and never let in.
    DeniedBarred = "denied_barred";
    /// Two people are too nearly alike.
    DeniedAmbiguous = "denied_ambiguous";
    /// The face was never good enough to be judged.
    DeniedQuality = "denied_quality";
    /// It was not a living face.
    DeniedSpoof = "denied_spoof";
    /// Too soon after the last grant.
    DeniedCooldown = "denied_cooldown";
    /// Somebody had ordered the lock.
    DeniedLocked = "denied_locked";
    /// Known in some looks, but not in enough of them.
    DeniedVotes = "denied_votes";
    /// Something was out of order.
    DeniedFault = "denied_fault";
    /// Something is out of order: the door locks.
    Fault = "fault";
    /// It is in order again.
    FaultCleared = "fault_cleared";
    /// A permit's time was over, and the door locked.
    PermitEnded = "permit_ended";
    /// A permit was taken back before its end.
    Revoked = "revoked";
    /// A new person was enrolled.
    Enrolled = "enrolled";
    /// A person got a further template.
    TemplateAdded = "template_added";
    /// A person was removed.
    Removed = "removed";
    /// A person got another name.
    Renamed = "renamed";
    /// The gallery got a new secret rotation.
    RotationRenewed = "rotation_renewed";
    /// The relay's line was driven inactive by hand.
    DoorLocked = "door_locked";
    /// The relay was tried by hand.
    DoorTested = "door_tested";
    /// The service began.
    Started = "started";
    /// The service ended.
    Stopped = "stopped";
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word())
    }
}

impl serde::Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_snake_case_and_lead_back_to_their_codes() {
        for code in Code::ALL {
            assert_eq!(&Code::from_word(code.word()), code);
            assert!(code.word().chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{code}");
        }
    }

    #[test]
    fn a_newer_versions_word_is_kept() {
        let code = Code::from_word("drilled");
        assert_eq!(code, Code::Other("drilled".into()));
        assert_eq!(code.to_string(), "drilled");
    }
}
