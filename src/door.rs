//! Drives lines: the relay.
//!
//! Knows `gpiocdev` and `rppal`; knows nothing of faces, people or rules. A line is active or inactive; which level that is on the wire is
//! decided in one place ([`Level::of`]). Whoever holds a [`Relay`] can count on this:
//!
//! - The line is inactive from the first moment of [`open`], without a glitch: it becomes an output with that value.
//! - It is driven inactive when the relay is dropped, when the stack unwinds, and, after [`install_panic_hook`], when any thread panics.
//! - `inactive` is written each time it is asked for, `active` only on a change. Where `active` can't be written, `inactive` follows.
//!
//! What happens when the process is killed is not in this program's hands: [`release`] says what this kernel would do, and `facegate door
//! lock` ([`lock`]) is what the service manager runs afterwards. See `docs/door.md`.

pub mod chips;
mod gpiochip;
mod registers;
mod relay;
pub mod release;
mod simulated;

pub use chips::Level;
pub use relay::{Relay, install_panic_hook, lock_all};
pub use simulated::{Movement, Recorder, simulated};

use crate::config::{Door, DoorDriver};
use std::path::PathBuf;

/// What a line is. Never high or low outside of this room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineState {
    /// The relay is energised, and the door is open.
    Active,
    /// The door is locked.
    Inactive,
}

impl LineState {
    /// Stable word.
    pub fn word(self) -> &'static str {
        match self {
            LineState::Active => "active",
            LineState::Inactive => "inactive",
        }
    }
}

/// An output that can be driven. It was made inactive before it was handed out.
pub trait Line: Send {
    /// Drives it.
    ///
    /// # Errors
    /// [`DoorError::NotDriven`]: what the line is then is not known.
    fn set(&mut self, state: LineState) -> Result<(), DoorError>;

    /// What it is, for a person: "line 17 of /dev/gpiochip0 (pinctrl-rp1), active high".
    fn describe(&self) -> String;
}

/// Why the door can't be driven.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DoorError {
    /// No chip has the wanted label or path.
    #[error(
        "no GPIO chip {wanted}; this machine has {found}. Set door.chip to one of these, or door.driver to \"simulated\" for a trial without a door"
    )]
    NoChip { wanted: String, found: String },

    /// A label that several chips have.
    #[error("more than one GPIO chip is labelled {label}: {paths}. Set door.chip to the path of the right one")]
    TwoChips { label: String, paths: String },

    #[error("may not open {}: run as a member of group gpio (sudo usermod -aG gpio USER, then log in anew), or install systemd/60-facegate.rules", path.display())]
    NotPermitted { path: PathBuf },

    #[error("{chip} has no line {line}: it has {lines}, counted from 0. Correct door.line")]
    NoSuchLine { chip: String, line: u32, lines: u32 },

    /// Somebody else holds the line.
    #[error("line {line} of {chip} is held by {}", holder_and_hint(holder))]
    Busy { chip: String, line: u32, holder: String },

    #[error(
        "rppal does not know this board: it is no Raspberry Pi up to the 5. Set door.driver to \"gpiochip\", which needs to know no board"
    )]
    UnknownBoard,

    /// Whatever else the system says.
    #[error("can't {what}: {said}")]
    System { what: String, said: String },

    /// A write failed.
    #[error("{line} could not be made {}: {said}. Look at the door: what it is now is not known", state.word())]
    NotDriven { line: String, state: LineState, said: String },

    /// After a panic the door stays locked until the program starts anew.
    #[error("the door stays locked: a part of this program has failed, and it must start anew")]
    LockedDown,
}

fn holder_and_hint(holder: &str) -> String {
    match holder {
        "facegate" => {
            "another facegate: the door is already looked after. Stop that one first (sudo systemctl stop facegate); it locks as it leaves"
                .into()
        }
        "" => "another program that gives no name. Find it with: sudo gpioinfo".into(),
        other => format!("\"{other}\". Stop that program, or set door.line to another line"),
    }
}

/// Opens the line and drives it inactive.
///
/// # Errors
/// There is no such chip or line, it is not permitted, or somebody else holds it.
pub fn open(config: &Door) -> Result<Relay, DoorError> {
    match config.driver {
        DoorDriver::Gpiochip => Relay::over(Box::new(chips::open_line(&gpiochip::KernelChips, config)?)),
        DoorDriver::Rppal => Relay::over(Box::new(registers::open_line(&gpiochip::KernelChips, config)?)),
        DoorDriver::Simulated => Ok(simulated().0),
    }
}

/// Drives the line inactive and leaves: `facegate door lock`, which the service manager runs after each end of the service.
///
/// # Errors
/// As [`open`]; [`DoorError::Busy`] while a service runs.
pub fn lock(config: &Door) -> Result<(), DoorError> {
    // Opening drives it inactive, and so does dropping.
    open(config).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_line_says_who_holds_it_and_what_to_do() {
        let busy = |holder: &str| DoorError::Busy { chip: "/dev/gpiochip0".into(), line: 17, holder: holder.into() }.to_string();
        assert!(busy("facegate").contains("systemctl stop facegate"));
        assert!(busy("gpio-led").contains("\"gpio-led\"") && busy("gpio-led").contains("door.line"));
        assert!(busy("").contains("gpioinfo"));
    }

    #[test]
    fn a_simulated_door_can_be_opened_and_locked() {
        let config = Door { driver: DoorDriver::Simulated, ..Door::default() };
        assert_eq!(open(&config).unwrap().state(), Some(LineState::Inactive));
        assert_eq!(lock(&config), Ok(()));
    }

    #[test]
    fn a_machine_without_such_a_chip_says_so() {
        let config = Door { chip: Some("no-such-label".into()), ..Door::default() };
        let Err(error) = open(&config) else { panic!("opened a chip that isn't there") };
        assert!(matches!(error, DoorError::NoChip { .. } | DoorError::NotPermitted { .. }), "{error}");
    }
}
