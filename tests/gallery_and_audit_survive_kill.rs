//! A process that is killed at any moment loses nothing that it was told is stored, and leaves a gallery and a record that are whole.
//! (SIGKILL leaves what the kernel holds; that `synchronous=FULL` also survives a power cut is SQLite's promise and isn't tested here.)

use facegate::audit::{Audit, Code, Event};
use facegate::calibration::Metric;
use facegate::gallery::{Enrol, Gallery, NewTemplate};
use facegate::units::{Digest, Embedding};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

const FOLDER: &str = "FACEGATE_TEST_KILLED_FOLDER";
const MODEL: Digest = Digest([1; 32]);

fn face(seed: i64) -> Embedding {
    let numbers: Vec<f32> = (0..128).map(|i| (seed as f32 * 7.3 + (i * i) as f32 * 0.61).sin()).collect();
    Embedding::normalised(&numbers).unwrap()
}

/// What the process that is killed does, and says that it has done.
fn work(folder: &Path) {
    let now = "2026-11-24T05:55:13Z".parse().unwrap();
    let mut gallery = Gallery::open(&folder.join("data/gallery.db")).unwrap();
    let mut audit = Audit::open(&folder.join("data/audit.db"), 256 << 10).unwrap();
    loop {
        let number = audit.append(&Event::new(Code::Enrolled, now).because("x".repeat(500))).unwrap();
        println!("recorded {number}");
        let face = face(number);
        let template = NewTemplate { embedding: &face, model: MODEL, quality: 1.0 };
        gallery.enrol(&format!("Person {number}"), &[template.clone(), template], Enrol::NewPerson, now).unwrap();
        println!("enrolled {number}");
        if number % 3 == 0 {
            gallery.remove(&format!("Person {number}")).unwrap();
            println!("removed {number}");
        }
    }
}

#[test]
fn what_was_stored_is_there_after_a_kill() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        return work(Path::new(&folder));
    }
    let folder = tempfile::tempdir().unwrap();
    for lines in [1, 2, 3, 5, 8, 13, 40, 90] {
        let this = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "what_was_stored_is_there_after_a_kill", "--nocapture"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::piped())
            .spawn();
        let mut killed = this.unwrap();
        let (mut recorded, mut enrolled, mut removed) = (0, 0, 0);
        let said = BufReader::new(killed.stdout.take().unwrap()).lines().map(Result::unwrap);
        let mut told = 0;
        for line in said {
            let number = |word| line.split_once(word).and_then(|(_, number)| number.parse::<i64>().ok());
            recorded = number("recorded ").unwrap_or(recorded);
            enrolled = number("enrolled ").unwrap_or(enrolled);
            removed = number("removed ").unwrap_or(removed);
            told += usize::from(line.contains("ed "));
            if told == lines {
                killed.kill().unwrap(); // what it says until it is dead is read too
            }
        }
        killed.wait().unwrap();
        assert!(told >= lines, "it ended by itself after {told} lines");

        let verdict = Audit::open(&folder.path().join("data/audit.db"), 256 << 10).unwrap().verify().unwrap();
        assert!(verdict.is_whole(), "{:?}", verdict.flaws);
        assert!(verdict.head.number >= recorded, "event {recorded} is lost: {verdict:?}");

        let mut gallery = Gallery::open(&folder.path().join("data/gallery.db")).unwrap();
        let people = gallery.people().unwrap();
        assert!(people.iter().all(|p| p.templates.len() == 2), "half an enrolment");
        let is_there = |number: i64| people.iter().any(|p| p.name == format!("Person {number}"));
        assert!(enrolled == 0 || enrolled % 3 == 0 || is_there(enrolled), "Person {enrolled} is lost");
        assert!(removed == 0 || !is_there(removed), "Person {removed} is back");
        let k: usize = people.iter().map(|p| p.templates.len()).sum();
        assert_eq!(gallery.index(&MODEL, &Metric::Cosine).unwrap().k(), k);
    }
}
