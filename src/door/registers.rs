//! A Raspberry Pi's GPIO registers, through `rppal`: the second driver.
//!
//! Registers have no owner: nothing gives the pin back when the process is killed, and any program may write them. The line is
//! therefore held through the kernel besides, as it is, so that a second gate on it is refused as with the other driver.

use super::DoorError;
use super::chips::{self, Chips, Level, Pin, PinLine};
use crate::config::Door;
use crate::door::LineState;
use rppal::gpio::{Error, Gpio, OutputPin};
use std::path::PathBuf;

/// Takes the configured line, inactive from the first moment.
///
/// # Errors
/// No Raspberry Pi, no such line, no permission, or somebody else holds it.
pub(super) fn open_line(kernel: &dyn Chips, config: &Door) -> Result<PinLine, DoorError> {
    let gpio = Gpio::new().map_err(|e| explain(e, config.line))?;
    let chip = chips::find(kernel, config)?;
    let held = kernel.take(&chip, config.line, None)?;
    let number = u8::try_from(config.line).map_err(|_| explain(Error::PinNotAvailable(u8::MAX), config.line))?;
    let pin = gpio.get(number).map_err(|e| explain(e, config.line))?;
    // The level first, then the direction: an output that is inactive from the start.
    let mut output = match Level::of(LineState::Inactive, config.active) {
        Level::Low => pin.into_output_low(),
        Level::High => pin.into_output_high(),
    };
    // At the end it was driven inactive; made an input again, it would float where the pull resistor is missing.
    output.set_reset_on_drop(false);
    Ok(PinLine::new(Box::new(RegisterPin { output, _held: held }), &chip, config))
}

struct RegisterPin {
    output: OutputPin,
    _held: Box<dyn Pin>,
}

impl Pin for RegisterPin {
    fn write(&mut self, level: Level) -> Result<(), String> {
        match level {
            Level::Low => self.output.set_low(),
            Level::High => self.output.set_high(),
        }
        Ok(())
    }
}

fn explain(error: Error, line: u32) -> DoorError {
    match error {
        Error::UnknownModel => DoorError::UnknownBoard,
        Error::PermissionDenied(path) => DoorError::NotPermitted { path: PathBuf::from(path) },
        Error::PinNotAvailable(_) => {
            DoorError::System { what: format!("take pin {line}"), said: "the board has no such pin. Correct door.line".into() }
        }
        Error::PinUsed(_) => DoorError::Busy { chip: "this board".into(), line, holder: chips::CONSUMER.into() },
        Error::Io(error) => DoorError::System { what: "open the GPIO registers".into(), said: error.to_string() },
        Error::ThreadPanic => DoorError::LockedDown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::door::chips::fake::FakeChips;

    #[test]
    fn a_board_that_is_no_raspberry_pi_is_told_what_to_do() {
        let chips = FakeChips::new(&[("/dev/gpiochip0", "pinctrl-bcm2835")]);
        if rppal::system::DeviceInfo::new().is_ok() {
            eprintln!("skipped: this is a Raspberry Pi");
            return;
        }
        let error = open_line(&chips, &Door::default()).err().unwrap();
        assert_eq!(error, DoorError::UnknownBoard);
        assert!(error.to_string().contains("gpiochip"), "{error}");
        assert!(chips.done().is_empty(), "nothing was taken");
    }

    #[test]
    fn each_error_of_the_library_becomes_a_sentence() {
        assert!(matches!(explain(Error::PermissionDenied("/dev/gpiomem".into()), 1), DoorError::NotPermitted { .. }));
        assert!(explain(Error::PinNotAvailable(99), 99).to_string().contains("99"));
        assert!(matches!(explain(Error::PinUsed(5), 5), DoorError::Busy { line: 5, .. }));
    }
}
