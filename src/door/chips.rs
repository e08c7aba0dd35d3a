//! GPIO chips: which one, which line, and what is high and what is low.
//!
//! The kernel's own chips are behind [`Chips`], so that all of this is tested without one.

use super::{DoorError, Line, LineState};
use crate::config::{ActiveLevel, Door};
use std::path::{Path, PathBuf};

/// Labels of the chip that has the pins of a Raspberry Pi's header: by label, because the number changes with the kernel (a Raspberry Pi 5
/// had gpiochip4 and has gpiochip0). The first is a Raspberry Pi 5's, whose other chips have other labels.
pub const RASPBERRY_PI: [&str; 3] = ["pinctrl-rp1", "pinctrl-bcm2711", "pinctrl-bcm2835"];

/// The name under which the line is held.
pub const CONSUMER: &str = "facegate";

/// What is on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    Low,
    High,
}

impl Level {
    /// The one place where active and inactive become high and low.
    pub fn of(state: LineState, active: ActiveLevel) -> Level {
        match (state, active) {
            (LineState::Active, ActiveLevel::High) | (LineState::Inactive, ActiveLevel::Low) => Level::High,
            (LineState::Active, ActiveLevel::Low) | (LineState::Inactive, ActiveLevel::High) => Level::Low,
        }
    }
}

/// A chip that may be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chip {
    pub path: PathBuf,
    pub label: String,
    /// How many lines it has.
    pub lines: u32,
}

/// The GPIO chips of a machine.
pub trait Chips {
    /// Those that may be opened.
    ///
    /// # Errors
    /// There are some, but none may be opened.
    fn list(&self) -> Result<Vec<Chip>, DoorError>;

    /// Takes a line for this program alone; with a level it becomes an output that has this level from the first moment, without one it
    /// stays as it is.
    ///
    /// # Errors
    /// Somebody else holds it, or the system doesn't allow it.
    fn take(&self, chip: &Chip, line: u32, first: Option<Level>) -> Result<Box<dyn Pin>, DoorError>;
}

/// A line that is held. Dropping it gives it back.
pub trait Pin: Send {
    /// Drives it; what went wrong in the system's words.
    fn write(&mut self, level: Level) -> Result<(), String>;
}

/// A line whose active level is known.
pub struct PinLine {
    pin: Box<dyn Pin>,
    active: ActiveLevel,
    described: String,
}

impl PinLine {
    /// Of a pin that is inactive already.
    pub fn new(pin: Box<dyn Pin>, chip: &Chip, config: &Door) -> PinLine {
        let described = format!("line {} of {} ({}), active {}", config.line, chip.path.display(), chip.label, config.active.word());
        PinLine { pin, active: config.active, described }
    }
}

impl Line for PinLine {
    fn set(&mut self, state: LineState) -> Result<(), DoorError> {
        let written = self.pin.write(Level::of(state, self.active));
        written.map_err(|said| DoorError::NotDriven { line: self.described.clone(), state, said })
    }

    fn describe(&self) -> String {
        self.described.clone()
    }
}

/// Takes the configured line, inactive from the first moment.
///
/// # Errors
/// There is no such chip or line, it is not permitted, or somebody else holds it.
pub fn open_line(chips: &dyn Chips, config: &Door) -> Result<PinLine, DoorError> {
    let chip = find(chips, config)?;
    let pin = chips.take(&chip, config.line, Some(Level::of(LineState::Inactive, config.active)))?;
    Ok(PinLine::new(pin, &chip, config))
}

/// The configured chip, which has the configured line.
///
/// # Errors
/// There is no such chip or line, or none may be opened.
pub fn find(chips: &dyn Chips, config: &Door) -> Result<Chip, DoorError> {
    let there = chips.list()?;
    let chip = match config.chip.as_deref() {
        Some(path) if path.starts_with('/') => by_path(&there, Path::new(path)),
        Some(label) => by_label(&there, label)?,
        None => RASPBERRY_PI.iter().find_map(|label| by_label(&there, label).transpose()).transpose()?,
    };
    let chip = chip.ok_or_else(|| DoorError::NoChip { wanted: wanted(config), found: listed(&there) })?;
    if config.line >= chip.lines {
        return Err(DoorError::NoSuchLine { chip: chip.path.display().to_string(), line: config.line, lines: chip.lines });
    }
    Ok(chip.clone())
}

/// A path may be a link: /dev/gpiochip4 is one on a Raspberry Pi 5.
fn by_path<'a>(there: &'a [Chip], path: &Path) -> Option<&'a Chip> {
    let resolved = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    there.iter().find(|chip| chip.path == resolved)
}

fn by_label<'a>(there: &'a [Chip], label: &str) -> Result<Option<&'a Chip>, DoorError> {
    let mut named = there.iter().filter(|chip| chip.label == label);
    let first = named.next();
    let others: Vec<&Chip> = named.collect();
    if let (Some(first), false) = (first, others.is_empty()) {
        let paths = std::iter::once(first).chain(others).map(|c| c.path.display().to_string()).collect::<Vec<_>>().join(", ");
        return Err(DoorError::TwoChips { label: label.to_owned(), paths });
    }
    Ok(first)
}

fn wanted(config: &Door) -> String {
    match &config.chip {
        Some(path) if path.starts_with('/') => format!("at {path}"),
        Some(label) => format!("labelled {label}"),
        None => format!("of a Raspberry Pi (labelled {})", RASPBERRY_PI.join(" or ")),
    }
}

fn listed(there: &[Chip]) -> String {
    if there.is_empty() {
        return "none".into();
    }
    there.iter().map(|c| format!("{} ({})", c.label, c.path.display())).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
pub(super) mod fake {
    //! Chips that write down what is done to them.

    use super::*;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    pub struct FakeChips {
        pub chips: Vec<Chip>,
        pub done: Arc<Mutex<Vec<String>>>,
        /// Lines that are held, and by whom.
        pub held: Arc<Mutex<Vec<(u32, String)>>>,
    }

    impl FakeChips {
        pub fn new(labels: &[(&str, &str)]) -> FakeChips {
            let chips = labels.iter().map(|(path, label)| Chip { path: path.into(), label: (*label).into(), lines: 54 }).collect();
            FakeChips { chips, ..FakeChips::default() }
        }

        pub fn done(&self) -> Vec<String> {
            std::mem::take(&mut self.done.lock().unwrap())
        }
    }

    struct FakePin(u32, FakeChips);

    impl Chips for FakeChips {
        fn list(&self) -> Result<Vec<Chip>, DoorError> {
            Ok(self.chips.clone())
        }

        fn take(&self, chip: &Chip, line: u32, first: Option<Level>) -> Result<Box<dyn Pin>, DoorError> {
            let mut held = self.held.lock().unwrap();
            if let Some((_, holder)) = held.iter().find(|(l, _)| *l == line) {
                return Err(DoorError::Busy { chip: chip.path.display().to_string(), line, holder: holder.clone() });
            }
            held.push((line, CONSUMER.into()));
            self.done.lock().unwrap().push(format!("take {} {line} {first:?}", chip.path.display()));
            Ok(Box::new(FakePin(line, self.clone())))
        }
    }

    impl Pin for FakePin {
        fn write(&mut self, level: Level) -> Result<(), String> {
            self.1.done.lock().unwrap().push(format!("write {} {level:?}", self.0));
            Ok(())
        }
    }

    impl Drop for FakePin {
        fn drop(&mut self) {
            self.1.held.lock().unwrap().retain(|(line, _)| *line != self.0);
            self.1.done.lock().unwrap().push(format!("give back {}", self.0));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::fake::FakeChips;
    use super::*;
    use crate::door::Relay;
    use crate::units::Moment;

    const PI5: [(&str, &str); 3] =
        [("/dev/gpiochip10", "gpio-brcmstb@107d508500"), ("/dev/gpiochip0", "pinctrl-rp1"), ("/dev/gpiochip11", "gpio-brcmstb@107d517c00")];

    fn found(labels: &[(&str, &str)], config: &Door) -> Result<String, DoorError> {
        find(&FakeChips::new(labels), config).map(|c| c.path.display().to_string())
    }

    fn relay(chips: &FakeChips, config: &Door) -> Result<Relay, DoorError> {
        Relay::over(Box::new(open_line(chips, config)?))
    }

    #[test]
    fn the_chip_is_found_by_its_label_whatever_its_number() {
        let auto = Door::default();
        assert_eq!(found(&PI5, &auto).unwrap(), "/dev/gpiochip0");
        assert_eq!(found(&[("/dev/gpiochip4", "pinctrl-rp1"), ("/dev/gpiochip0", "gpio-brcmstb@1")], &auto).unwrap(), "/dev/gpiochip4");
        assert_eq!(
            found(&[("/dev/gpiochip0", "pinctrl-bcm2711"), ("/dev/gpiochip1", "raspberrypi-exp-gpio")], &auto).unwrap(),
            "/dev/gpiochip0"
        );
        assert_eq!(found(&[("/dev/gpiochip0", "pinctrl-bcm2835")], &auto).unwrap(), "/dev/gpiochip0");
        let other = Door { chip: Some("gpio-brcmstb@107d517c00".into()), ..Door::default() };
        assert_eq!(found(&PI5, &other).unwrap(), "/dev/gpiochip11");
        let path = Door { chip: Some("/dev/gpiochip10".into()), ..Door::default() };
        assert_eq!(found(&PI5, &path).unwrap(), "/dev/gpiochip10");
    }

    #[test]
    fn a_chip_that_is_not_there_is_named_with_those_that_are() {
        let said = found(&[("/dev/gpiochip0", "gpio-mock")], &Door::default()).unwrap_err().to_string();
        assert!(said.contains("pinctrl-rp1") && said.contains("gpio-mock (/dev/gpiochip0)"), "{said}");
        let said = found(&[], &Door { chip: Some("/dev/gpiochip7".into()), ..Door::default() }).unwrap_err().to_string();
        assert!(said.contains("at /dev/gpiochip7") && said.contains("has none"), "{said}");
    }

    #[test]
    fn a_label_that_two_chips_have_is_no_choice() {
        let error = found(&[("/dev/gpiochip0", "pinctrl-rp1"), ("/dev/gpiochip1", "pinctrl-rp1")], &Door::default()).unwrap_err();
        assert!(matches!(error, DoorError::TwoChips { .. }), "{error}");
    }

    #[test]
    fn a_line_that_the_chip_has_not_is_refused() {
        let error = found(&PI5, &Door { line: 54, ..Door::default() }).unwrap_err();
        assert_eq!(error, DoorError::NoSuchLine { chip: "/dev/gpiochip0".into(), line: 54, lines: 54 });
    }

    #[test]
    fn active_high_is_low_first_and_last() {
        let chips = FakeChips::new(&PI5);
        let mut relay = relay(&chips, &Door::default()).unwrap();
        assert_eq!(relay.describe(), "line 17 of /dev/gpiochip0 (pinctrl-rp1), active high");
        relay.set(LineState::Active, Moment::START).unwrap();
        drop(relay);
        assert_eq!(chips.done(), ["take /dev/gpiochip0 17 Some(Low)", "write 17 Low", "write 17 High", "write 17 Low", "give back 17"]);
    }

    #[test]
    fn active_low_is_high_first_and_last() {
        let chips = FakeChips::new(&PI5);
        let mut relay = relay(&chips, &Door { active: ActiveLevel::Low, line: 5, ..Door::default() }).unwrap();
        relay.set(LineState::Active, Moment::START).unwrap();
        relay.set(LineState::Inactive, Moment::START).unwrap();
        drop(relay);
        assert_eq!(
            chips.done(),
            ["take /dev/gpiochip0 5 Some(High)", "write 5 High", "write 5 Low", "write 5 High", "write 5 High", "give back 5"]
        );
    }

    #[test]
    fn a_line_is_held_by_one_alone_and_given_back() {
        let chips = FakeChips::new(&PI5);
        let first = relay(&chips, &Door::default()).unwrap();
        let error = relay(&chips, &Door::default()).err().unwrap();
        assert_eq!(error, DoorError::Busy { chip: "/dev/gpiochip0".into(), line: 17, holder: "facegate".into() });
        assert!(relay(&chips, &Door { line: 18, ..Door::default() }).is_ok(), "another line is free");
        drop(first);
        assert!(relay(&chips, &Door::default()).is_ok());
    }
}
