//! The service, run for real on a replayed or a fake camera: ready when it is, watched, changed while it runs, and gone when told to go.

#![expect(clippy::disallowed_methods, reason = "deadlines of a process that really runs")]

mod common;

use common::{Gate, path, shot};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// Nothing here takes so long, however busy the machine is.
const DEADLINE: Duration = Duration::from_secs(120);

/// A service that runs, and what it says.
struct Running {
    child: Child,
    events: Receiver<Value>,
    notify: UnixDatagram,
}

impl Running {
    fn start(gate: &Gate, config: &Path) -> Running {
        let socket = gate.dir.path().join("notify.sock");
        let _ = std::fs::remove_file(&socket);
        let notify = UnixDatagram::bind(&socket).unwrap();
        notify.set_read_timeout(Some(DEADLINE)).unwrap();
        let mut command = gate.command(&["run", "--json", "--liveness", "off", "--config", path(config)]);
        command.env("NOTIFY_SOCKET", &socket).env("WATCHDOG_USEC", "400000");
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
        let (sender, events) = channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let _ = sender.send(serde_json::from_str(&line).unwrap());
            }
        });
        Running { child, events, notify }
    }

    fn wait_for_notice(&self, wanted: &str) {
        let mut buffer = [0u8; 4096];
        loop {
            let length = self.notify.recv(&mut buffer).unwrap_or_else(|e| panic!("no {wanted}: {e}"));
            if String::from_utf8_lossy(&buffer[..length]).lines().any(|line| line == wanted) {
                return;
            }
        }
    }

    /// Forgets what was told so far.
    fn forget_notices(&self) {
        self.notify.set_nonblocking(true).unwrap();
        while self.notify.recv(&mut [0u8; 4096]).is_ok() {}
        self.notify.set_nonblocking(false).unwrap();
    }

    fn wait_for(&self, what: &str, is_it: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        while let Ok(event) = self.events.recv_timeout(DEADLINE.saturating_sub(begun.elapsed())) {
            if is_it(&event) {
                return event;
            }
        }
        panic!("no {what} came");
    }

    /// Sends a signal and waits for the end.
    fn leave(mut self, signal: &str) -> (i32, Duration) {
        let begun = Instant::now();
        assert!(Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap().success());
        let status = self.child.wait().unwrap();
        (status.code().unwrap_or(-1), begun.elapsed())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn config(gate: &Gate, camera: &str) -> PathBuf {
    gate.file(
        "facegate.toml",
        format!("[door]\ndriver = \"simulated\"\nunlock_ms = 300\n[visit]\nlook_ms = 60000\ngap_ms = 10000\n[camera]\n{camera}"),
    )
}

fn replayed(gate: &Gate, pictures: &[PathBuf]) -> PathBuf {
    let dir = gate.visit("camera", pictures);
    config(gate, &format!("driver = \"replay\"\nrepeat = true\nstall_ms = 60000\npath = \"{}\"\n", dir.display()))
}

#[test]
fn it_is_ready_watched_and_leaves_when_told() {
    let gate = Gate::new();
    let config = replayed(&gate, &[shot(1, 1), shot(1, 2)]);
    for signal in ["-TERM", "-INT", "-HUP"] {
        let service = Running::start(&gate, &config);
        service.wait_for_notice("READY=1");
        service.wait_for_notice("WATCHDOG=1");
        let (code, took) = service.leave(signal);
        assert_eq!(code, 0, "{signal}");
        eprintln!("{signal}: left after {took:?}");
    }
    let codes: Vec<_> = gate.done(&["audit", "list", "--json"]).objects().iter().map(|e| e["event"].as_str().unwrap().to_owned()).collect();
    assert_eq!(codes.iter().filter(|c| *c == "started").count(), 3, "{codes:?}");
    assert_eq!(codes.iter().filter(|c| *c == "stopped").count(), 3, "{codes:?}");
}

#[test]
fn a_second_one_on_the_same_gallery_is_refused() {
    let gate = Gate::new();
    let config = replayed(&gate, &[shot(1, 1)]);
    let first = Running::start(&gate, &config);
    first.wait_for_notice("READY=1");
    gate.say(&["run", "--config", path(&config)]).refused(3, &[&first.child.id().to_string(), "stop"]);
}

#[test]
fn who_is_enrolled_while_it_runs_enters_and_who_is_removed_does_not() {
    let gate = Gate::new();
    let config = replayed(&gate, &[shot(1, 2), shot(1, 3)]);
    let service = Running::start(&gate, &config);
    service.wait_for_notice("READY=1");
    gate.enrol("Ann", &shot(1, 1));
    let granted = service.wait_for("grant", |e| e["event"] == "granted");
    assert!(granted.get("person").is_none(), "the service's events hold numbers, not names: {granted}");
    assert!(granted["person_id"].is_i64());
    service.wait_for("locked door", |e| e["event"] == "door" && e["line"] == "inactive");
    gate.done(&["people", "remove", "Ann"]);
    assert_eq!(service.leave("-TERM").0, 0);
    let record = gate.done(&["audit", "verify"]);
    assert!(record.stdout.contains("whole"), "{}", record.stdout);
}

#[test]
fn a_camera_that_stands_still_is_a_fault_and_not_a_hang_while_it_is_opened_anew() {
    let gate = Gate::new();
    // One frame, then silence; opened anew it isn't there any more.
    let been = gate.dir.path().join("been");
    let script = format!("#!/bin/sh\n[ -e {0} ] && exit 1\ntouch {0}\nhead -c 460800 /dev/zero\nexec sleep 600\n", been.display());
    let camera = gate.file("fake-vid", script);
    std::fs::set_permissions(&camera, std::fs::Permissions::from_mode(0o755)).unwrap();
    let config = config(&gate, &format!("driver = \"rpicam\"\nprogram = \"{}\"\nstall_ms = 500\n", camera.display()));
    let service = Running::start(&gate, &config);
    service.wait_for_notice("READY=1");
    let fault = service.wait_for("fault", |e| e["event"] == "fault");
    assert_eq!(fault["reason"], "camera");
    service.forget_notices();
    service.wait_for_notice("WATCHDOG=1");
    assert_eq!(service.leave("-TERM").0, 0);
}

#[test]
fn it_does_not_begin_without_a_net_a_camera_or_a_door() {
    let gate = Gate::new();
    let camera = config(&gate, "driver = \"v4l2\"\ndevice = \"/dev/v4l/by-id/nothing\"\n");
    gate.say(&["run", "--config", path(&camera)]).refused(3, &["/dev/v4l/by-id/nothing"]);
    let replay = replayed(&gate, &[shot(1, 1)]);
    gate.say(&["run", "--config", path(&replay), "--models", "/nowhere"]).refused(3, &["/nowhere"]);
    let door = gate.file("door.toml", "[door]\nchip = \"no-such-chip\"\n");
    gate.say(&["run", "--config", path(&door)]).refused(3, &["no-such-chip"]);
    let simulated = replayed_door_that_keeps(&gate);
    gate.say(&["run", "--config", path(&simulated)]).refused(3, &["rppal"]);
}

fn replayed_door_that_keeps(gate: &Gate) -> PathBuf {
    gate.file("rppal.toml", "[door]\ndriver = \"rppal\"\nrequire_release = true\n")
}
