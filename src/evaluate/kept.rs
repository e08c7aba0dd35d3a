//! Embeddings of an evaluation that isn't finished, so that it can be gone on with after a break.
//!
//! One file for each choice of nets and limits, `embeddings-KEY.bin`, readable by its owner alone, because embeddings are personal data. It
//! grows by one record a picture: digest of picture and frame (32 bytes), length (u32), what was found, checksum (4 bytes of SHA-256).
//! Whatever follows the first record that isn't whole was being written when the program was broken off, and is cut away. The file is
//! removed when the evaluation has been made, unless it is to be kept.

use super::encode::{Digest, Failure, Known, Sample};
use crate::service::make_private_dir;
use crate::units::Embedding;
use rustix::fs::{FlockOperation, flock};
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

/// Where embeddings are written down while an evaluation runs, and whether they stay.
#[derive(Debug, Clone)]
pub struct Keep {
    /// The folder; it is made where it isn't there, for its owner alone.
    pub dir: PathBuf,
    /// They stay when the evaluation has been made.
    pub for_next_time: bool,
}

/// The open file.
pub(super) struct Kept {
    path: PathBuf,
    file: File,
    known: Known,
    for_next_time: bool,
    /// A disk that is full is no reason to end an evaluation.
    has_failed: bool,
}

const HEAD: &[u8; 8] = b"fgEmb\0\0\x01";
/// No record is longer: an embedding has 512 numbers at most, a reason is a sentence.
const MOST: u32 = 64 * 1024;

impl Kept {
    /// Opens the file of this key, or begins it. None, with a word in the log, where that can't be done or another evaluation uses it.
    pub fn open(keep: &Keep, key: &Digest) -> Option<Kept> {
        let name: String = key[..8].iter().map(|b| format!("{b:02x}")).collect();
        let path = keep.dir.join(format!("embeddings-{name}.bin"));
        let no = |why: &dyn std::fmt::Display| {
            log::warn!("{}: {why}; nothing is written down, and after a break the evaluation begins again", path.display());
            None
        };
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let mut file = match make_private_dir(&keep.dir).and_then(|()| options.open(&path)) {
            Ok(file) => file,
            Err(e) => return no(&e),
        };
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            return no(&"another evaluation is writing to it");
        }
        let mut bytes = Vec::new();
        if let Err(e) = file.read_to_end(&mut bytes) {
            return no(&e);
        }
        let (known, whole) = read(&bytes);
        let begun = if whole == 0 {
            file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(HEAD))
        } else {
            file.set_len(whole as u64).and_then(|()| file.seek(SeekFrom::End(0))).map(drop)
        };
        match begun {
            Ok(()) => Some(Kept { path, file, known, for_next_time: keep.for_next_time, has_failed: false }),
            Err(e) => no(&e),
        }
    }

    /// What was written down before.
    pub fn take_known(&mut self) -> Known {
        std::mem::take(&mut self.known)
    }

    /// Writes one down. A file that couldn't be read as a picture isn't: it may be mended.
    pub fn write(&mut self, digest: &Digest, sample: &Result<Sample, Failure>) {
        let Some(body) = body(sample).filter(|_| !self.has_failed) else { return };
        let mut record = digest.to_vec();
        record.extend((body.len() as u32).to_le_bytes());
        record.extend(&body);
        let sum = checksum(&record);
        record.extend(sum);
        if let Err(e) = self.file.write_all(&record) {
            log::warn!("{}: {e}; nothing more is written down", self.path.display());
            self.has_failed = true;
        }
    }

    /// The evaluation has its embeddings: the file goes, unless it is to stay.
    pub fn finish(self) {
        if !self.for_next_time
            && let Err(e) = std::fs::remove_file(&self.path)
        {
            log::warn!("{}: the embeddings in it are personal data and could not be removed: {e}", self.path.display());
        }
    }
}

fn checksum(record: &[u8]) -> [u8; 4] {
    let digest = Sha256::digest(record);
    [digest[0], digest[1], digest[2], digest[3]]
}

/// The records that are whole, and how many bytes they take with the head; 0 where the head is another.
fn read(bytes: &[u8]) -> (Known, usize) {
    let mut known = Known::new();
    let Some(mut rest) = bytes.strip_prefix(HEAD) else { return (known, 0) };
    while let Some((record, after)) = split(rest) {
        let Some(sample) = sample(&record[36..]) else { break };
        let mut digest = Digest::default();
        digest.copy_from_slice(&record[..32]);
        known.insert(digest, sample);
        rest = after;
    }
    (known, bytes.len() - rest.len())
}

/// The first record without its checksum, and what follows; None where it isn't whole.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = u32::from_le_bytes(bytes.get(32..36)?.try_into().ok()?);
    let end = 36 + usize::try_from(length).ok().filter(|_| length <= MOST)?;
    let (record, sum) = (bytes.get(..end)?, bytes.get(end..end + 4)?);
    (checksum(record) == sum).then(|| (record, &bytes[end + 4..]))
}

fn body(sample: &Result<Sample, Failure>) -> Option<Vec<u8>> {
    let text = |kind: u8, why: &str| Some([&[kind], why.as_bytes()].concat());
    match sample {
        Err(Failure::Unread(_)) => None,
        Err(Failure::NoFace) => Some(vec![1]),
        Err(Failure::Refused(why)) => text(2, why),
        Err(Failure::Broken(why)) => text(3, why),
        Ok(sample) => {
            let mut body = vec![0];
            for number in [sample.sharpness, sample.live.unwrap_or(f32::NAN)].iter().chain(sample.embedding.values()) {
                body.extend(number.to_le_bytes());
            }
            Some(body)
        }
    }
}

fn sample(body: &[u8]) -> Option<Result<Sample, Failure>> {
    let (kind, rest) = body.split_first()?;
    let text = || String::from_utf8(rest.to_vec()).ok();
    Some(match kind {
        0 => {
            let numbers: Vec<f32> = rest.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
            let (figures, embedding) = numbers.split_at_checked(2)?;
            let live = Some(figures[1]).filter(|l| !l.is_nan());
            Ok(Sample { embedding: Embedding::normalised(embedding).ok()?, sharpness: figures[0], live })
        }
        1 => Err(Failure::NoFace),
        2 => Err(Failure::Refused(text()?)),
        3 => Err(Failure::Broken(text()?)),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn face(live: Option<f32>) -> Result<Sample, Failure> {
        Ok(Sample { embedding: Embedding::normalised(&[3.0, 4.0]).unwrap(), sharpness: 7.0, live })
    }

    fn keep(dir: &tempfile::TempDir) -> Keep {
        Keep { dir: dir.path().join("evaluation"), for_next_time: false }
    }

    #[test]
    fn what_was_written_down_is_known_after_a_break_and_a_torn_end_is_cut_away() {
        let dir = tempfile::tempdir().unwrap();
        let key = [7; 32];
        let all = [face(Some(0.5)), face(None), Err(Failure::NoFace), Err(Failure::Refused("too small".into()))];
        let mut kept = Kept::open(&keep(&dir), &key).unwrap();
        for (n, sample) in all.iter().enumerate() {
            kept.write(&[n as u8; 32], sample);
        }
        kept.write(&[9; 32], &Err(Failure::Unread("gone".into())));
        let path = kept.path.clone();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "embeddings are personal data");
        drop(kept);
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, &whole[..whole.len() - 3]).unwrap();
        let mut again = Kept::open(&keep(&dir), &key).unwrap();
        let known = again.take_known();
        assert_eq!(known.len(), 3, "the last one was torn");
        for (n, sample) in all.iter().enumerate().take(3) {
            assert_eq!(known[&[n as u8; 32]], *sample);
        }
        again.write(&[3; 32], &all[3]);
        drop(again);
        assert_eq!(std::fs::read(&path).unwrap(), whole);
        Kept::open(&keep(&dir), &key).unwrap().finish();
        assert!(!path.exists(), "a finished evaluation leaves no embeddings");
    }

    #[test]
    fn it_stays_where_it_is_to_be_kept_and_is_one_evaluations_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let keep = Keep { for_next_time: true, ..keep(&dir) };
        let first = Kept::open(&keep, &[1; 32]).unwrap();
        assert!(Kept::open(&keep, &[1; 32]).is_none(), "two would write into each other");
        assert!(Kept::open(&keep, &[2; 32]).is_some());
        let path = first.path.clone();
        first.finish();
        assert!(path.exists());
    }

    #[test]
    fn what_is_no_such_file_is_begun_anew() {
        assert_eq!(read(b"anything"), (Known::new(), 0));
        assert_eq!(read(HEAD), (Known::new(), 8));
        let mut bad = HEAD.to_vec();
        bad.extend([0xff; 40]);
        assert_eq!(read(&bad).1, 8, "a length beyond all bounds allocates nothing");
    }
}
