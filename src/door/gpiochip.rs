//! The kernel's GPIO chips, through its character device (`gpiocdev`, uAPI v2: Linux 5.10 and newer).
//!
//! The kernel knows who holds a line and refuses a second holder; it gives the line back when the process ends, whatever ends it. What
//! becomes of the level then: [`super::release`].

use super::DoorError;
use super::chips::{CONSUMER, Chip, Chips, Level, Pin};
use gpiocdev::Request;
use gpiocdev::line::Value;
use std::path::Path;

/// What the kernel has.
pub(super) struct KernelChips;

impl Chips for KernelChips {
    fn list(&self) -> Result<Vec<Chip>, DoorError> {
        let paths = gpiocdev::chip::chips().map_err(|e| system("list the GPIO chips in /dev", &e))?;
        let (mut chips, mut failed) = (Vec::new(), None);
        for path in paths {
            match open(&path) {
                Ok(chip) => chips.push(chip),
                Err(error) => failed = Some(error),
            }
        }
        match failed {
            Some(error) if chips.is_empty() => Err(error),
            _ => Ok(chips),
        }
    }

    fn take(&self, chip: &Chip, line: u32, first: Option<Level>) -> Result<Box<dyn Pin>, DoorError> {
        refuse_held(chip, line)?;
        let mut request = Request::builder();
        request.on_chip(&chip.path).with_consumer(CONSUMER).with_line(line);
        match first {
            Some(level) => request.as_output(value(level)),
            None => request.as_is(),
        };
        match request.request() {
            Ok(request) => Ok(Box::new(KernelPin { request, line })),
            Err(error) => {
                // Somebody may have taken it in between.
                refuse_held(chip, line)?;
                Err(system(&format!("take line {line} of {}", chip.path.display()), &error))
            }
        }
    }
}

struct KernelPin {
    request: Request,
    line: u32,
}

impl Pin for KernelPin {
    fn write(&mut self, level: Level) -> Result<(), String> {
        self.request.set_value(self.line, value(level)).map_err(|e| e.to_string())
    }
}

/// Active is high: the inversion is ours.
fn value(level: Level) -> Value {
    match level {
        Level::High => Value::Active,
        Level::Low => Value::Inactive,
    }
}

fn open(path: &Path) -> Result<Chip, DoorError> {
    let chip = gpiocdev::Chip::from_path(path).map_err(|error| match error {
        gpiocdev::Error::Os(errno) if is_no_permission(errno.0) => DoorError::NotPermitted { path: path.to_owned() },
        other => system(&format!("open {}", path.display()), &other),
    })?;
    let info = chip.info().map_err(|e| system(&format!("ask {} for its label", path.display()), &e))?;
    Ok(Chip { path: chip.path().to_owned(), label: info.label, lines: info.num_lines })
}

fn is_no_permission(errno: i32) -> bool {
    std::io::Error::from_raw_os_error(errno).kind() == std::io::ErrorKind::PermissionDenied
}

fn refuse_held(chip: &Chip, line: u32) -> Result<(), DoorError> {
    let asked = gpiocdev::Chip::from_path(&chip.path).and_then(|c| c.line_info(line));
    match asked {
        Ok(info) if info.used => Err(DoorError::Busy { chip: chip.path.display().to_string(), line, holder: info.consumer }),
        Ok(_) => Ok(()),
        Err(error) => Err(system(&format!("ask {} for its line {line}", chip.path.display()), &error)),
    }
}

fn system(what: &str, error: &gpiocdev::Error) -> DoorError {
    DoorError::System { what: what.to_owned(), said: error.to_string() }
}
