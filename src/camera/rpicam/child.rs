//! A child process whose output is read with a deadline, whose last words are kept, and that never outlives its owner.

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::process::{Pid, PidfdFlags, Signal};
use std::collections::VecDeque;
use std::ffi::OsStr;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{ChildStderr, ChildStdout, Command, Stdio};
use std::time::Duration;

/// A killed process is waited for so long. One that hangs in the kernel, as cameras make them do, isn't waited for here.
const DEATH: Duration = Duration::from_secs(1);

/// Lines and bytes a line of its error output that are kept.
const LAST_LINES: usize = 4;
const LONGEST_LINE: usize = 300;

/// A running program, in a process group of its own.
pub(super) struct Child {
    process: Option<std::process::Child>,
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
    line: Vec<u8>,
    last_lines: VecDeque<String>,
    /// Width and height of the first stream, once libcamera's log has named them.
    pub(super) size_from_log: Option<(u32, u32)>,
}

impl Child {
    /// Starts it, with nothing to read.
    pub(super) fn start(program: &Path, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> std::io::Result<Child> {
        let mut process = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()?;
        let (stdout, stderr) = (process.stdout.take(), process.stderr.take());
        Ok(Child { process: Some(process), stdout, stderr, line: Vec::new(), last_lines: VecDeque::new(), size_from_log: None })
    }

    /// Its process number.
    #[cfg(test)]
    pub(super) fn id(&self) -> i32 {
        self.process.as_ref().map_or(0, |p| p.id() as i32)
    }

    /// Waits at most `wait` for output: its number of bytes, 0 at the end; None when none came.
    pub(super) fn read(&mut self, into: &mut [u8], wait: Duration) -> std::io::Result<Option<usize>> {
        let Some(stdout) = self.stdout.as_mut() else { return Ok(Some(0)) };
        let timeout = Timespec { tv_sec: wait.as_secs().min(i32::MAX as u64) as i64, tv_nsec: wait.subsec_nanos().into() };
        let mut asked = vec_of_two(stdout, self.stderr.as_ref());
        let asked = asked.as_mut_slice();
        match rustix::event::poll(asked, Some(&timeout)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => return Ok(None),
            Err(error) => return Err(error.into()),
            Ok(_) => {}
        }
        let (output, errors) = (!asked[0].revents().is_empty(), asked.get(1).is_some_and(|fd| !fd.revents().is_empty()));
        if errors {
            self.listen();
        }
        if !output {
            return Ok(None);
        }
        // poll has said that there is something, or the end: this doesn't wait.
        self.stdout.as_mut().map_or(Ok(0), |stdout| stdout.read(into)).map(Some)
    }

    /// Takes what is on its error output, once.
    fn listen(&mut self) {
        let mut bytes = [0; 4096];
        match self.stderr.as_mut().map(|stderr| stderr.read(&mut bytes)) {
            Some(Ok(n)) if n > 0 => self.hear(&bytes[..n]),
            Some(Err(error)) if error.kind() == std::io::ErrorKind::Interrupted => {}
            _ => self.stderr = None,
        }
    }

    fn hear(&mut self, bytes: &[u8]) {
        for byte in bytes {
            match byte {
                b'\n' => self.end_line(),
                _ if self.line.len() < LONGEST_LINE => self.line.push(*byte),
                _ => {}
            }
        }
    }

    fn end_line(&mut self) {
        let line = String::from_utf8_lossy(&self.line).trim().to_owned();
        self.line.clear();
        if line.is_empty() {
            return;
        }
        log::debug!("camera program: {line}");
        self.size_from_log = size_in(&line).or(self.size_from_log);
        if self.last_lines.len() == LAST_LINES {
            self.last_lines.pop_front();
        }
        self.last_lines.push_back(line);
    }

    /// Ends it, and says how it ended and what it said last.
    pub(super) fn end(mut self) -> String {
        // It has closed its output, so it is dying by itself or never will: give it a moment for its own exit code.
        let mut code = self.wait(DEATH / 4);
        while self.stderr.is_some() && self.hears_within(Duration::ZERO) {
            self.listen();
        }
        self.end_line();
        if code.is_none() {
            code = self.kill();
        }
        let how = code.map_or("and hangs".to_owned(), |status| status.to_string());
        let said: Vec<&str> = self.last_lines.iter().map(String::as_str).collect();
        if said.is_empty() { how } else { format!("{how}; it said: {}", said.join(" / ")) }
    }

    fn hears_within(&self, wait: Duration) -> bool {
        let Some(stderr) = &self.stderr else { return false };
        let timeout = Timespec { tv_sec: 0, tv_nsec: wait.subsec_nanos().into() };
        rustix::event::poll(&mut [PollFd::new(stderr, PollFlags::IN)], Some(&timeout)).is_ok_and(|ready| ready > 0)
    }

    /// Waits at most so long for its end, and takes its exit status, so that no zombie stays.
    fn wait(&mut self, wait: Duration) -> Option<std::process::ExitStatus> {
        let process = self.process.as_mut()?;
        let pid = Pid::from_child(process);
        if let Ok(pidfd) = rustix::process::pidfd_open(pid, PidfdFlags::empty()) {
            let timeout = Timespec { tv_sec: wait.as_secs() as i64, tv_nsec: wait.subsec_nanos().into() };
            if rustix::event::poll(&mut [PollFd::new(&pidfd, PollFlags::IN)], Some(&timeout)).is_ok_and(|dead| dead > 0) {
                // What it has started may live on. Its group's number stays its own until it is waited for.
                let _ = rustix::process::kill_process_group(pid, Signal::KILL);
            }
        }
        let status = process.try_wait().ok().flatten()?;
        self.process = None;
        Some(status)
    }

    /// Kills it and whatever it has started.
    fn kill(&mut self) -> Option<std::process::ExitStatus> {
        if let Some(process) = &self.process {
            let _ = rustix::process::kill_process_group(Pid::from_child(process), Signal::KILL);
        }
        self.wait(DEATH)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.kill();
        if let Some(mut stuck) = self.process.take() {
            log::error!("process {} can't be killed: it hangs in the kernel", stuck.id());
            // Somebody has to wait for it when it comes free, or it stays as a zombie.
            let _ = std::thread::Builder::new().name("reaper".into()).spawn(move || stuck.wait());
        }
    }
}

/// The two to poll, without an allocation.
fn vec_of_two<'a>(stdout: &'a ChildStdout, stderr: Option<&'a ChildStderr>) -> Polled<'a> {
    let output = PollFd::new(stdout, PollFlags::IN);
    match stderr {
        Some(stderr) => Polled::Two([output, PollFd::new(stderr, PollFlags::IN)]),
        None => Polled::One([output]),
    }
}

enum Polled<'a> {
    One([PollFd<'a>; 1]),
    Two([PollFd<'a>; 2]),
}

impl<'a> Polled<'a> {
    fn as_mut_slice(&mut self) -> &mut [PollFd<'a>] {
        match self {
            Polled::One(one) => one,
            Polled::Two(two) => two,
        }
    }
}

/// The first stream's size in a line of libcamera's log: `configuring streams: (0) 640x480-YUV420 (1) ...`.
fn size_in(line: &str) -> Option<(u32, u32)> {
    let (_, streams) = line.split_once("configuring streams: (0) ")?;
    let (width, rest) = streams.split_once('x')?;
    let (height, _) = rest.split_once('-')?;
    Some((width.parse().ok()?, height.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::size_in;

    #[test]
    fn libcameras_log_names_the_size() {
        assert_eq!(size_in("x configuring streams: (0) 640x480-YUV420/sYCC (1) 1536x864-SBGGR10_CSI2P/RAW"), Some((640, 480)));
        assert_eq!(size_in("configuring streams: (0) manyxfew-YUV420"), None);
        assert_eq!(size_in("Mode selection for 640:480:12:P"), None);
    }
}
