//! What whole-program tests share: the program in a folder of its own, and the faces of nobody.

#![allow(dead_code)] // each test uses its part

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// The program, with a data folder of its own and nothing of the user's.
pub struct Gate {
    pub dir: TempDir,
}

/// What a command answered.
pub struct Said {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Gate {
    pub fn new() -> Gate {
        Gate { dir: tempfile::tempdir().expect("a temporary folder") }
    }

    pub fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_facegate"));
        command.args(words).arg("--data").arg(self.data());
        // The shipped nets, unless FACEGATE_MODELS names others.
        if let Some(models) = std::env::var_os("FACEGATE_MODELS").filter(|_| !words.contains(&"--models")) {
            command.arg("--models").arg(models);
        }
        command.env_clear().env("HOME", self.dir.path()).env("PATH", "/usr/bin:/bin");
        command.current_dir(self.dir.path());
        command
    }

    pub fn say(&self, words: &[&str]) -> Said {
        Said::from(self.command(words).output().expect("the program starts"))
    }

    /// Runs a command that must succeed.
    pub fn done(&self, words: &[&str]) -> Said {
        let said = self.say(words);
        assert_eq!(said.code, 0, "{words:?}\n{}\n{}", said.stdout, said.stderr);
        said
    }

    pub fn enrol(&self, name: &str, image: &Path) {
        self.done(&["enroll", name, "--image", path(image)]);
    }

    /// A file in the gate's folder.
    pub fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::write(&path, bytes).expect("a file");
        path
    }

    /// A folder of copies of a picture, as a camera would give it again and again.
    pub fn visit(&self, name: &str, pictures: &[PathBuf]) -> PathBuf {
        let dir = self.dir.path().join(name);
        std::fs::create_dir(&dir).expect("a folder");
        for (n, picture) in pictures.iter().enumerate() {
            std::fs::copy(picture, dir.join(format!("{n:03}.jpg"))).expect("a copy");
        }
        dir
    }
}

impl From<Output> for Said {
    fn from(output: Output) -> Said {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        Said { code: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

impl Said {
    /// Standard output, an object a line.
    pub fn objects(&self) -> Vec<Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{line}: {e}"))).collect()
    }

    pub fn object(&self) -> Value {
        let mut all = self.objects();
        assert_eq!(all.len(), 1, "{}", self.stdout);
        all.remove(0)
    }

    /// Refused with this code, and all of these words on standard error.
    pub fn refused(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, code, "{}\n{}", self.stdout, self.stderr);
        for word in words {
            assert!(self.stderr.contains(word), "no {word:?} in: {}", self.stderr);
        }
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
    }
}

/// A path as an argument.
pub fn path(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// A shot of one of the eight faces of nobody (1 to 8; shots 1 to 6).
pub fn shot(person: usize, shot: usize) -> PathBuf {
    face(person, &format!("shot-{shot}.jpg"))
}

/// A picture of one of the faces of nobody: `print.jpg`, `phone.jpg`, `shot-1.jpg` ...
pub fn face(person: usize, name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("models/faces/person-{person}/{name}"))
}

/// The material for measuring, where it is there; says so where it isn't.
pub fn shared() -> Option<PathBuf> {
    let named = std::env::var_os("FACEGATE_SHARED").map(PathBuf::from);
    let dir = named.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"));
    let found = dir.join("faces").is_dir().then_some(dir);
    if found.is_none() {
        eprintln!("skipped: ../shared is not there (or name it in FACEGATE_SHARED)");
    }
    found
}
