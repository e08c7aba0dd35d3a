//! The promise of `relay_off.rs`, on a chip of this machine's own kernel: who holds the line, who is refused, and what is left after SIGKILL.
//!
//! Runs only where it is told which line it may move, with nothing but a lamp on it:
//!
//! ```sh
//! FACEGATE_TEST_CHIP=pinctrl-rp1 FACEGATE_TEST_LINE=17 FACEGATE_TEST_LEVEL='pinctrl lev 17' cargo test --test real_chip -- --nocapture
//! ```
//!
//! `FACEGATE_TEST_LEVEL` is a command that prints 1 or 0, what is on the wire; without it only who holds the line is looked at.
//! `systemd/machine/check.sh` runs it in an emulated machine.

use facegate::config::{ActiveLevel, Door};
use facegate::door::{self, DoorError, LineState};
use facegate::units::Moment;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

/// What the other process is to do once the line is active.
const THEN: &str = "FACEGATE_TEST_THEN";

fn config() -> Option<Door> {
    let chip = std::env::var("FACEGATE_TEST_CHIP").ok()?;
    let line = std::env::var("FACEGATE_TEST_LINE").ok()?.parse().ok()?;
    Some(Door { chip: Some(chip), line, ..Door::default() })
}

/// Whether the wire is high, where that can be seen.
fn is_high() -> Option<bool> {
    let command = std::env::var("FACEGATE_TEST_LEVEL").ok()?;
    let said = Command::new("sh").args(["-c", &command]).output().unwrap();
    match String::from_utf8_lossy(&said.stdout).trim() {
        "1" => Some(true),
        "0" => Some(false),
        other => panic!("FACEGATE_TEST_LEVEL printed \"{other}\", not 1 or 0"),
    }
}

#[track_caller]
fn is_inactive(when: &str) {
    assert_ne!(is_high(), Some(true), "active {when}");
}

/// Another process that has the line active, and does as it is told once its input is closed.
fn other(then: &str) -> Child {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "another_process", "--ignored", "--nocapture"])
        .env(THEN, then)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let said = BufReader::new(child.stdout.as_mut().unwrap()).lines().map_while(Result::ok);
    assert!(said.into_iter().any(|line| line.ends_with("the line is active")), "the other process could not make the line active");
    assert_ne!(is_high(), Some(false), "inactive in the other process's hands");
    child
}

#[test]
#[ignore = "is the other process of the test below"]
fn another_process() {
    let Ok(then) = std::env::var(THEN) else { return };
    door::install_panic_hook();
    let mut relay = door::open(&config().unwrap()).unwrap();
    is_inactive("when opened");
    relay.set(LineState::Active, Moment::START).unwrap();
    println!("the line is active");
    // Until it is told to go on, or killed.
    let _ = std::io::stdin().read(&mut [0]);
    match then.as_str() {
        "panic" => panic!("told to"),
        "abort" => std::process::abort(),
        _ => {}
    }
}

#[test]
fn a_chip_of_this_machine_ends_up_inactive() {
    let Some(config) = config() else {
        eprintln!("skipped: FACEGATE_TEST_CHIP and FACEGATE_TEST_LINE don't say which line may be moved");
        return;
    };
    eprintln!("the wire {} be seen", if is_high().is_some() { "can" } else { "can not" });
    door::lock(&config).unwrap();
    is_inactive("after lock");

    for then in ["leave", "panic"] {
        // Waiting closes its input, and it goes on.
        other(then).wait().unwrap();
        is_inactive(&format!("after {then}"));
    }

    for then in ["be killed", "abort"] {
        let mut holder = other(then);
        if then == "be killed" {
            for refused in [door::open(&config).map(drop), door::lock(&config)] {
                let Err(DoorError::Busy { holder, .. }) = refused else { panic!("{refused:?}") };
                assert_eq!(holder, "facegate");
            }
            assert_ne!(is_high(), Some(false), "who is refused moves nothing");
            holder.kill().unwrap();
        }
        holder.wait().unwrap();
        let left = is_high().map_or("not seen", |high| if high { "kept: the door is open" } else { "released" });
        eprintln!("of a holder told to {then} the line is {left}");
        door::lock(&config).unwrap();
        is_inactive("after lock");
    }

    let low = Door { active: ActiveLevel::Low, ..config.clone() };
    door::lock(&low).unwrap();
    assert_ne!(is_high(), Some(false), "inactive is high where active is low");
    door::lock(&config).unwrap();

    let beyond = door::lock(&Door { line: 1023, ..config.clone() });
    assert!(matches!(beyond, Err(DoorError::NoSuchLine { .. })), "{beyond:?}");
    let nowhere = door::lock(&Door { chip: Some("no-such-label".into()), ..config });
    assert!(matches!(nowhere, Err(DoorError::NoChip { .. })), "{nowhere:?}");
}
