//! Would the kernel let the door lock when this program is killed?
//!
//! The kernel gives a line back when its holder dies. A Raspberry Pi's own kernel then leaves an output as it was, unless
//! `dtparam=strict_gpiod` stands in `config.txt` (raspberrypi/linux pulls 6117 and 6150, April and May 2024); Linux itself makes it an
//! input, and the pull resistor decides. Both say which by the module parameter `persist_gpio_outputs`. Kernels before that have no such
//! parameter, and nothing that tells them apart.

use super::chips::RASPBERRY_PI;
use crate::config::{Door, DoorDriver};
use std::path::Path;

/// What the kernel would do with the line when this program dies, and why we think so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    pub verdict: Verdict,
    /// One sentence: what stands, and what to do about it.
    pub sentence: String,
}

/// What the kernel would do with the line when this program dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Makes it an input: the pull resistor locks the door.
    Releases,
    /// Leaves it as it is: an open door stays open until `facegate door lock` runs.
    Keeps,
    /// Nothing here says.
    Unknown,
}

impl Release {
    /// Whether the door is sure to lock: what `door.require_release` asks for.
    pub fn is_sure(&self) -> bool {
        self.verdict == Verdict::Releases
    }

    fn new(verdict: Verdict, sentence: impl Into<String>) -> Release {
        Release { verdict, sentence: sentence.into() }
    }
}

/// A pin controller's driver, as its folder in `/sys/bus/platform/drivers` and in `/sys/module` is called.
struct Controller {
    driver: &'static str,
    module: &'static str,
}

/// The first one wins where both are at work: a Raspberry Pi 5's header belongs to its RP1.
const CONTROLLERS: [Controller; 2] =
    [Controller { driver: "pinctrl-rp1", module: "pinctrl_rp1" }, Controller { driver: "pinctrl-bcm2835", module: "pinctrl_bcm2835" }];

const ON: &str = "add dtparam=strict_gpiod to /boot/firmware/config.txt and start the board anew";

/// Looks at what the kernel says below `sys_root` (`/sys`).
pub fn examine(sys_root: &Path, config: &Door) -> Release {
    match config.driver {
        DoorDriver::Simulated => return Release::new(Verdict::Releases, "The door is simulated: there is nothing to release."),
        DoorDriver::Rppal => {
            return Release::new(
                Verdict::Keeps,
                "rppal writes registers, which nobody gives back: an open door stays open when this program is killed, until \
                 \"facegate door lock\" runs; set door.driver to \"gpiochip\".",
            );
        }
        DoorDriver::Gpiochip => {}
    }
    let Some(controller) = at_work(sys_root, config) else {
        return Release::new(
            Verdict::Unknown,
            "Whether the line is released when this program is killed is not known: no pin controller of a Raspberry Pi is at work here, and \
             others make no promise; try it: open the door with \"facegate door test\", and kill that with SIGKILL.",
        );
    };
    let file = Path::new("module").join(controller.module).join("parameters/persist_gpio_outputs");
    match std::fs::read_to_string(sys_root.join(&file)).as_deref().map(str::trim) {
        Ok("N" | "n" | "0") => {
            Release::new(Verdict::Releases, "The kernel releases the line when this program is killed; the pull resistor locks the door.")
        }
        Ok("Y" | "y" | "1") => Release::new(
            Verdict::Keeps,
            format!(
                "This kernel leaves the line as it is when this program is killed, so that an open door stays open until \"facegate door lock\" runs; {ON}."
            ),
        ),
        Ok(other) => Release::new(
            Verdict::Unknown,
            format!(
                "Whether the line is released when this program is killed is not known: {} is \"{other}\"; {ON}.",
                Path::new("/sys").join(&file).display()
            ),
        ),
        Err(_) => Release::new(
            Verdict::Unknown,
            format!(
                "Whether the line is released when this program is killed is not known: this kernel has no {} (it is older than May 2024); bring it up to date, and {ON}.",
                Path::new("/sys").join(&file).display()
            ),
        ),
    }
}

/// The pin controller that has the configured line.
fn at_work(sys_root: &Path, config: &Door) -> Option<&'static Controller> {
    match config.chip.as_deref() {
        // bcm2711 and bcm2835 are labels of one driver's chips.
        Some("pinctrl-rp1") => Some(&CONTROLLERS[0]),
        Some(label) if RASPBERRY_PI.contains(&label) => Some(&CONTROLLERS[1]),
        Some(label) if !label.starts_with('/') => None,
        _ => CONTROLLERS.iter().find(|c| drives_something(&sys_root.join("bus/platform/drivers").join(c.driver))),
    }
}

/// A driver's folder holds a link for each device that it drives. Drivers that are built in have a folder whether or not.
fn drives_something(driver: &Path) -> bool {
    let Ok(entries) = std::fs::read_dir(driver) else { return false };
    entries.flatten().any(|entry| entry.file_name() != "module" && entry.path().is_dir())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// A /sys in which these drivers drive something, with these values of their parameters.
    fn sys(controllers: &[(&str, &str, bool, Option<&str>)]) -> tempfile::TempDir {
        let sys = tempfile::tempdir().unwrap();
        for (driver, module, drives, persists) in controllers {
            let (driver, module) = (sys.path().join("bus/platform/drivers").join(driver), sys.path().join("module").join(module));
            fs::create_dir_all(driver.join("module")).unwrap();
            fs::write(driver.join("bind"), "").unwrap();
            if *drives {
                fs::create_dir(driver.join("1f000d0000.gpio")).unwrap();
            }
            fs::create_dir_all(module.join("parameters")).unwrap();
            if let Some(persists) = persists {
                fs::write(module.join("parameters/persist_gpio_outputs"), format!("{persists}\n")).unwrap();
            }
        }
        sys
    }

    fn rp1(drives: bool, persists: Option<&'static str>) -> (&'static str, &'static str, bool, Option<&'static str>) {
        ("pinctrl-rp1", "pinctrl_rp1", drives, persists)
    }

    fn bcm(drives: bool, persists: Option<&'static str>) -> (&'static str, &'static str, bool, Option<&'static str>) {
        ("pinctrl-bcm2835", "pinctrl_bcm2835", drives, persists)
    }

    fn verdict(sys: &tempfile::TempDir, config: &Door) -> Verdict {
        let release = examine(sys.path(), config);
        assert_eq!(release.is_sure(), release.verdict == Verdict::Releases);
        assert!(release.sentence.ends_with('.'), "{}", release.sentence);
        release.verdict
    }

    #[test]
    fn the_parameter_of_the_controller_at_work_decides() {
        let auto = Door::default();
        assert_eq!(verdict(&sys(&[bcm(true, Some("N"))]), &auto), Verdict::Releases);
        assert_eq!(verdict(&sys(&[bcm(true, Some("Y"))]), &auto), Verdict::Keeps);
        assert_eq!(verdict(&sys(&[rp1(true, Some("N")), bcm(false, Some("Y"))]), &auto), Verdict::Releases, "a Raspberry Pi 5");
        assert_eq!(verdict(&sys(&[rp1(false, Some("N")), bcm(true, Some("Y"))]), &auto), Verdict::Keeps, "a 4 with the same kernel");
    }

    #[test]
    fn a_named_chip_asks_its_own_controller() {
        let both = sys(&[rp1(true, Some("N")), bcm(true, Some("Y"))]);
        let named = |chip: &str| Door { chip: Some(chip.into()), ..Door::default() };
        assert_eq!(verdict(&both, &named("pinctrl-rp1")), Verdict::Releases);
        assert_eq!(verdict(&both, &named("pinctrl-bcm2711")), Verdict::Keeps);
        assert_eq!(verdict(&both, &named("gpio-expander")), Verdict::Unknown);
        assert_eq!(verdict(&both, &named("/dev/gpiochip0")), Verdict::Releases);
    }

    #[test]
    fn what_does_not_say_is_unknown() {
        let auto = Door::default();
        assert_eq!(verdict(&sys(&[]), &auto), Verdict::Unknown);
        assert_eq!(verdict(&sys(&[bcm(true, None)]), &auto), Verdict::Unknown);
        assert_eq!(verdict(&sys(&[bcm(true, Some("maybe"))]), &auto), Verdict::Unknown);
        assert_eq!(verdict(&sys(&[bcm(false, Some("N"))]), &auto), Verdict::Unknown, "built in, but drives nothing");
    }

    #[test]
    fn registers_are_never_given_back() {
        let config = Door { driver: DoorDriver::Rppal, ..Door::default() };
        assert_eq!(verdict(&sys(&[bcm(true, Some("N"))]), &config), Verdict::Keeps);
    }

    #[test]
    fn a_kernel_that_keeps_is_told_how_not_to() {
        let said = examine(sys(&[bcm(true, Some("Y"))]).path(), &Door::default()).sentence;
        assert!(said.contains("dtparam=strict_gpiod"), "{said}");
    }
}
