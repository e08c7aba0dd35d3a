//! The whole process: cold start to READY, resident memory, size, and what it costs to look at nobody and at somebody at 15 frames a second.
//!
//! `cargo bench --bench process` (other nets: FACEGATE_MODELS=DIR). CPU time is the kernel's account of the process, so that other load on
//! the machine hardly changes it; wall times want a quiet machine.

#![expect(clippy::disallowed_methods, reason = "wall times are what is measured")]

use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a service is watched.
const WATCHED: Duration = Duration::from_secs(20);
/// Starts that are timed.
const STARTS: usize = 5;

fn main() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let program = Path::new(env!("CARGO_BIN_EXE_facegate"));
    let bytes = std::fs::metadata(program).expect("the program").len();
    println!("binary: {:.1} MB (not stripped)", bytes as f64 / 1e6);

    let empty = dir.path().join("empty");
    let face = dir.path().join("face");
    std::fs::create_dir_all(&empty).and_then(|()| std::fs::create_dir_all(&face)).expect("folders");
    let wall = image::RgbImage::from_fn(640, 480, |x, y| image::Rgb([(x / 4) as u8, (y / 4) as u8, ((x ^ y) & 31) as u8 + 80]));
    wall.save(empty.join("wall.png")).expect("a picture");
    let shot = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/faces/person-1/shot-1.jpg");
    std::fs::copy(shot, face.join("shot.jpg")).expect("a picture");

    let mut starts: Vec<f64> = (0..STARTS).map(|_| Service::start(dir.path(), &empty).1.as_secs_f64() * 1000.0).collect();
    starts.sort_by(f64::total_cmp);
    println!("start to READY: {:.0} ms (least {:.0}, most {:.0}, of {STARTS})", starts[STARTS / 2], starts[0], starts[STARTS - 1]);
    for (what, camera) in [("nobody in view", &empty), ("a face in view", &face)] {
        let (service, _) = Service::start(dir.path(), camera);
        let (before, begun) = (service.cpu(), Instant::now());
        std::thread::sleep(WATCHED);
        let share = (service.cpu() - before) / begun.elapsed().as_secs_f64();
        println!(
            "{what}, 15 frames/s: {:.1} % of one core, {:.1} ms CPU a frame, {:.1} MB resident",
            share * 100.0,
            share * 1000.0 / 15.0,
            service.memory()
        );
    }
}

struct Service(Child);

impl Service {
    /// Starts the service on a replay and waits until it is ready.
    fn start(dir: &Path, camera: &Path) -> (Service, Duration) {
        let socket = dir.join("notify");
        let _ = std::fs::remove_file(&socket);
        let notify = UnixDatagram::bind(&socket).expect("a socket");
        let config = dir.join("facegate.toml");
        let text = format!(
            "[door]\ndriver = \"simulated\"\n[camera]\ndriver = \"replay\"\nrepeat = true\nfps = 15\npath = \"{}\"\n",
            camera.display()
        );
        std::fs::write(&config, text).expect("a file");
        let mut command = Command::new(env!("CARGO_BIN_EXE_facegate"));
        command.arg("run").arg("--config").arg(config).arg("--data").arg(dir.join("data")).env("NOTIFY_SOCKET", &socket);
        if let Some(models) = std::env::var_os("FACEGATE_MODELS").map(PathBuf::from) {
            command.arg("--models").arg(models);
        }
        let begun = Instant::now();
        let service = Service(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program starts"));
        let mut buffer = [0u8; 256];
        loop {
            let length = notify.recv(&mut buffer).expect("a word from the service");
            if buffer[..length].starts_with(b"READY=1") {
                return (service, begun.elapsed());
            }
        }
    }

    /// Seconds of CPU so far, user and system.
    fn cpu(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0.id())).expect("the service runs");
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks: f64 = fields[11..13].iter().map(|t| t.parse::<f64>().expect("a number")).sum();
        ticks / 100.0 // USER_HZ
    }

    /// Resident megabytes.
    fn memory(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).expect("the service runs");
        let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).expect("VmRSS");
        line.trim().trim_end_matches(" kB").parse::<f64>().expect("a number") / 1000.0
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}
