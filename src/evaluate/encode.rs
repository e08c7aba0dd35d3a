//! Embeddings of pictures, on all cores, and to be gone on with after a break.

use super::kept::Kept;
use super::{EvaluateError, Keep};
use crate::camera::{Frame, picture, vary};
use crate::config::Quality as QualityLimits;
use crate::units::{Clock, Embedding};
use crate::vision::align::{Crop, PLACES, SIDE};
use crate::vision::{Detection, Encoder, Entry, Face, Library, Limits, Options, Rect, Vision, VisionError};
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;

/// Which face of a picture is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Which {
    /// The largest that can be used, as at the gate.
    #[default]
    Largest,
    /// The one nearest to the picture's centre, as in collections that were cut around a face (LFW).
    Central,
}

/// How pictures are encoded.
#[derive(Clone)]
pub struct Setting {
    /// The nets there are.
    pub library: Library,
    /// Which of them look, and how.
    pub options: Options,
    /// The pictures are aligned crops of 112x112: straight to the encoder, without detection, quality verdict or liveness.
    pub is_aligned: bool,
    /// Which face is meant.
    pub which: Which,
    /// Threads; 0 takes one for each core.
    pub threads: usize,
}

/// A picture to be encoded.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Job {
    /// Its file.
    pub picture: PathBuf,
    /// As it is, or moved and re-lit as the `n`th frame of a visit ([`vary`]).
    pub frame: Option<u64>,
}

impl Job {
    /// A picture as it is.
    pub fn still(picture: impl Into<PathBuf>) -> Job {
        Job { picture: picture.into(), frame: None }
    }
}

/// What a picture gave.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The face's embedding.
    pub embedding: Embedding,
    /// How sharp it is ([`crate::vision::Quality::sharpness`]): a weight where several are joined.
    pub sharpness: f32,
    /// How likely it is a living one; None where it wasn't judged.
    pub live: Option<f32>,
}

/// Why a picture gave nothing: a failure to acquire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The file can't be read or is no picture.
    Unread(String),
    /// There is no face in it.
    NoFace,
    /// The face is not good enough; why.
    Refused(String),
    /// A net gave what is no number.
    Broken(String),
}

impl Failure {
    /// A stable word for `--json`.
    pub fn word(&self) -> &'static str {
        match self {
            Failure::Unread(_) => "unread",
            Failure::NoFace => "no_face",
            Failure::Refused(_) => "refused",
            Failure::Broken(_) => "broken",
        }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Failure::Unread(why) | Failure::Broken(why) => f.write_str(why),
            Failure::NoFace => f.write_str("no face was found in it"),
            Failure::Refused(why) => write!(f, "the face can't be used: {why}"),
        }
    }
}

/// What came of the jobs, in their order, and which nets were asked.
#[derive(Debug)]
pub struct Encoded {
    /// One for each job.
    pub samples: Vec<Result<Sample, Failure>>,
    /// The encoder.
    pub encoder: Entry,
    /// How many of the samples were taken from an earlier run that was broken off.
    pub found: usize,
}

impl Encoded {
    /// How many jobs gave nothing.
    pub fn failures(&self) -> usize {
        self.samples.iter().filter(|s| s.is_err()).count()
    }
}

/// Encodes all of them. `progress` hears how many are done, on the calling thread.
///
/// With a [`Keep`], what is done is written down at once, and a later call with the same nets and limits goes on from there.
///
/// # Errors
/// A net can't be opened. A picture that can't be used is no error but a [`Failure`].
pub fn encode(setting: &Setting, jobs: &[Job], keep: Option<&Keep>, progress: &dyn Fn(usize)) -> Result<Encoded, EvaluateError> {
    let encoder = setting.library.encoder(setting.options.encoder.as_deref())?.clone();
    let mut kept = match keep {
        Some(keep) => Kept::open(keep, &setting.key()?),
        None => None,
    };
    let mut samples: Vec<Option<Result<Sample, Failure>>> = vec![None; jobs.len()];
    let threads = match setting.threads {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        n => n,
    };
    let mut done = 0;
    let mut found = 0;
    let known = kept.as_mut().map(Kept::take_known).unwrap_or_default();
    let next = AtomicUsize::new(0);
    let (results, heard) = sync_channel::<Result<(usize, Digest, Result<Sample, Failure>, bool), EvaluateError>>(threads * 4);
    std::thread::scope(|scope| {
        for _ in 0..threads.min(jobs.len()) {
            let (results, next, known) = (results.clone(), &next, &known);
            scope.spawn(move || {
                let mut eye: Option<Eye> = None;
                while let Some((n, job)) = Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|n| Some((n, jobs.get(n)?))) {
                    let result = one(setting, &mut eye, job, known).map(|(digest, sample, is_known)| (n, digest, sample, is_known));
                    let is_over = result.is_err();
                    if results.send(result).is_err() || is_over {
                        return;
                    }
                }
            });
        }
        drop(results);
        for result in heard {
            let (n, digest, sample, is_known) = result?;
            if is_known {
                found += 1;
            } else if let Some(kept) = &mut kept {
                kept.write(&digest, &sample);
            }
            samples[n] = Some(sample);
            done += 1;
            progress(done);
        }
        Ok::<(), EvaluateError>(())
    })?;
    if let Some(kept) = kept {
        kept.finish();
    }
    let samples = samples.into_iter().map(|s| s.expect("each job was sent once, and an error ended all")).collect();
    Ok(Encoded { samples, encoder, found })
}

/// What tells one picture and frame from another.
pub(super) type Digest = [u8; 32];

/// What was known before, by the picture's digest.
pub(super) type Known = HashMap<Digest, Result<Sample, Failure>>;

/// Does a job, or finds that it was done before.
fn one(
    setting: &Setting,
    eye: &mut Option<Eye>,
    job: &Job,
    known: &Known,
) -> Result<(Digest, Result<Sample, Failure>, bool), EvaluateError> {
    let unread = |e: picture::PictureError| Err(Failure::Unread(e.to_string()));
    let bytes = match picture::read_file(&job.picture) {
        Ok(bytes) => bytes,
        Err(e) => return Ok((Digest::default(), unread(e), false)),
    };
    let number = job.frame.map_or(0, |n| n + 1);
    let digest: Digest = Sha256::new().chain_update(Sha256::digest(&bytes)).chain_update(number.to_le_bytes()).finalize().into();
    if let Some(sample) = known.get(&digest) {
        return Ok((digest, sample.clone(), true));
    }
    let eye = match eye {
        Some(eye) => eye,
        None => eye.insert(Eye::open(setting)?),
    };
    let seen = match picture::from_bytes(&job.picture, &bytes) {
        Err(e) => unread(e),
        Ok(picture) => match job.frame {
            None => eye.see(&picture, setting.which),
            Some(n) => eye.see(&vary(&picture, n), setting.which),
        },
    };
    Ok((digest, seen, false))
}

/// What looks at pictures: the whole way, or the encoder alone.
enum Eye {
    Whole(Box<Vision>),
    Aligned(Box<Encoder>),
}

impl Eye {
    fn open(setting: &Setting) -> Result<Eye, EvaluateError> {
        if setting.is_aligned {
            return Ok(Eye::Aligned(Box::new(Encoder::open(&setting.library, setting.options.encoder.as_deref())?)));
        }
        let all_faces = setting.options.all_faces || setting.which == Which::Central;
        Ok(Eye::Whole(Box::new(Vision::open(&setting.library, &Options { all_faces, ..setting.options.clone() })?)))
    }

    fn see(&mut self, frame: &Frame, which: Which) -> Result<Sample, Failure> {
        match self {
            Eye::Whole(vision) => {
                let look = vision.look(frame).map_err(broken)?;
                let face = match which {
                    Which::Largest => look.subject(),
                    Which::Central => central(&look.faces, frame),
                };
                let face = face.ok_or(Failure::NoFace)?;
                let embedding = face.embedding.clone().ok_or_else(|| Failure::Refused(face.quality.reasons.to_string()))?;
                Ok(Sample { embedding, sharpness: face.quality.sharpness, live: face.liveness.map(|l| l.live) })
            }
            Eye::Aligned(encoder) => {
                let (width, height) = (frame.width, frame.height);
                let crop = Crop::from_aligned(frame).ok_or_else(|| {
                    Failure::Refused(format!("it is a picture of {width}x{height}, and --aligned wants crops of {SIDE}x{SIDE}"))
                })?;
                let embedding = encoder.encode(&crop).map_err(broken)?;
                let side = SIDE as f32;
                let detection = Detection { bbox: Rect { x: 0.0, y: 0.0, width: side, height: side }, score: 1.0, landmarks: PLACES };
                let sharpness = Limits::for_entry(&QualityLimits::default()).judge((width, height), &detection, &crop).sharpness;
                Ok(Sample { embedding, sharpness, live: None })
            }
        }
    }
}

fn broken(e: VisionError) -> Failure {
    Failure::Broken(e.to_string())
}

/// The face nearest to the middle.
fn central<'f>(faces: &'f [Face], frame: &Frame) -> Option<&'f Face> {
    let off = |face: &&Face| {
        let c = face.detection.bbox.centre();
        (c.x - frame.width as f32 / 2.0).hypot(c.y - frame.height as f32 / 2.0)
    };
    faces.iter().min_by(|a, b| off(a).total_cmp(&off(b)))
}

impl Setting {
    /// The pictures' nets by what the configuration says, judged by the limits of entry; liveness as asked.
    ///
    /// # Errors
    /// No folder of nets has a manifest, or one is unfit.
    pub fn of(site: &crate::service::Site, clock: Clock, judge_liveness: bool) -> Result<Setting, EvaluateError> {
        let options = Options { judge_liveness, ..Options::for_stills(&site.config, clock) };
        Ok(Setting { library: Library::open(&site.model_dirs)?, options, is_aligned: false, which: Which::Largest, threads: 0 })
    }

    /// What an embedding depends on besides its picture: the nets, the limits, which face. Another program version is another key.
    fn key(&self) -> Result<Digest, EvaluateError> {
        let o = &self.options;
        let mut of = format!("{} {} {:?} ", env!("CARGO_PKG_VERSION"), self.is_aligned, self.which);
        of += &self.library.encoder(o.encoder.as_deref())?.digest.to_string();
        if !self.is_aligned {
            of += &self.library.detector(o.detector.as_deref())?.digest.to_string();
            if o.judge_liveness {
                for net in self.library.liveness(o.liveness.as_deref())? {
                    of += &net.digest.to_string();
                }
            }
            of += &format!("{:?} {:?} {:?} {}", o.search, o.faces, o.limits, o.all_faces);
        }
        Ok(Sha256::digest(of).into())
    }
}

/// A file's folder and name, for people: `Ann/1.jpg`.
pub fn short(path: &Path) -> String {
    let mut last: Vec<_> = path.iter().rev().take(2).map(|p| p.to_string_lossy()).collect();
    last.reverse();
    last.join("/")
}

#[cfg(test)]
mod tests;
