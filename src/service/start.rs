//! Opens everything that the gate needs, in the order in which a failure does least harm: the line first, because it is inactive from then on.

use super::control::Control;
use super::entry::Nets;
use super::instance::{Instance, InstanceError, make_private_dir};
use super::recogniser::Recogniser;
use super::signals::leave_flag;
use crate::access::{Controller, Rules};
use crate::audit::{Audit, AuditError};
use crate::calibration::{CalibrationError, Metric, Standing, Tables, Threshold};
use crate::camera::{self, Camera, CameraError};
use crate::config::{Config, Templates};
use crate::door::{self, DoorError, release};
use crate::gallery::{Gallery, GalleryError};
use crate::units::{Clock, Moment};
use crate::vision::{Entry, Library, ModelError, Options, Vision, VisionError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

/// Where and how the gate works.
#[derive(Debug, Clone)]
pub struct Site {
    pub config: Config,
    /// Folder of gallery.db and audit.db.
    pub data_dir: PathBuf,
    /// Folders with manifest.toml, first the ones that win.
    pub model_dirs: Vec<PathBuf>,
}

/// Why the gate can't begin.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Instance(#[from] InstanceError),
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error(transparent)]
    Vision(#[from] VisionError),
    #[error(transparent)]
    Gallery(#[from] GalleryError),
    #[error(transparent)]
    Audit(#[from] AuditError),
    #[error(transparent)]
    Door(#[from] DoorError),
    #[error(transparent)]
    Camera(#[from] CameraError),
    #[error("cannot make the data folder {}: {source}", path.display())]
    Folder { path: PathBuf, source: std::io::Error },
    #[error(transparent)]
    Calibration(#[from] CalibrationError),
    #[error("{0}")]
    Wish(String),
    #[error("{0} Mend that, or accept it with door.require_release = false (docs/door.md says what it means)")]
    NotReleased(String),
    #[error("cannot catch the signals that end the service: {0}")]
    Signals(std::io::Error),
    #[error("a part of the gate has failed (the log says which); the door is locked, and the gate must start anew")]
    Failed,
    #[error("cannot begin a thread: {0}")]
    Thread(std::io::Error),
}

/// Everything that the service works with.
pub(super) struct Parts {
    pub instance: Instance,
    pub camera: Box<dyn Camera>,
    pub recogniser: Recogniser,
    pub control: Control,
    pub audit: Audit,
    pub nets: Nets,
    pub leaving: Arc<AtomicBool>,
}

pub(super) fn open(site: &Site, clock: &Clock) -> Result<Parts, StartError> {
    let leaving = leave_flag().map_err(StartError::Signals)?;
    door::install_panic_hook();
    let instance = Instance::claim(&site.data_dir)?;
    let relay = door::open(&site.config.door)?;
    examine_release(site)?;
    let vision = open_vision(site, Options::for_camera(&site.config, clock.clone()))?;
    let nets = nets(&vision);
    let control = Control::new(Controller::new(rules(&site.config)), relay);
    let threshold = threshold(site, vision.encoder())?;
    let recogniser = Recogniser::new(vision, open_gallery(site)?, threshold)?;
    keeps_its_wish(recogniser.standing())?;
    warn_of_old_templates(&recogniser);
    let audit = open_audit(&site.data_dir, &site.config)?;
    let camera = camera::open(&site.config.camera, clock.clone())?;
    Ok(Parts { instance, camera, recogniser, control, audit, nets, leaving })
}

/// Says whether the kernel would lock the door if this process died.
fn examine_release(site: &Site) -> Result<(), StartError> {
    let found = release::examine(Path::new("/sys"), &site.config.door);
    if found.is_sure() {
        log::info!("{}", found.sentence);
        return Ok(());
    }
    if site.config.door.require_release {
        return Err(StartError::NotReleased(found.sentence));
    }
    log::warn!("{}", found.sentence);
    Ok(())
}

fn warn_of_old_templates(recogniser: &Recogniser) {
    let ids: Vec<String> = recogniser.index().people_needing_enrolment().iter().map(|p| p.id.0.to_string()).collect();
    if !ids.is_empty() {
        log::warn!("people {} have no template of this encoder and can't be known: enrol them anew (facegate people list)", ids.join(", "));
    }
}

/// The nets that the configuration names, ready to look.
///
/// # Errors
/// A net is missing, not what its manifest says, or can't be run.
pub fn open_vision(site: &Site, options: Options) -> Result<Vision, StartError> {
    Ok(Vision::open(&Library::open(&site.model_dirs)?, &options)?)
}

/// The site's gallery, whose templates count as `match.templates` says; an empty one is made where there is none.
///
/// # Errors
/// The folder or the file can't be used.
pub fn open_gallery(site: &Site) -> Result<Gallery, StartError> {
    make_data_dir(&site.data_dir)?;
    Ok(Gallery::open(&site.data_dir.join("gallery.db"))?.of_means(site.config.matching.templates == Templates::Mean))
}

/// The audit of a data folder; an empty one is made where there is none.
///
/// # Errors
/// The folder or the file can't be used.
pub fn open_audit(data_dir: &Path, config: &Config) -> Result<Audit, StartError> {
    make_data_dir(data_dir)?;
    Ok(Audit::open(&data_dir.join("audit.db"), config.audit.budget_mb.saturating_mul(1_000_000))?)
}

fn make_data_dir(data_dir: &Path) -> Result<(), StartError> {
    make_private_dir(data_dir).map_err(|source| StartError::Folder { path: data_dir.to_owned(), source })
}

/// By what faces are compared and which tau is in force with an encoder, which need not be loaded: from the owner's wish and the encoder's
/// calibration, or as it is set.
///
/// # Errors
/// `match.false_entries` is set, and the encoder has no calibration by `match.score`; the score needs a head or a cohort that the encoder
/// hasn't; or the calibration file is wrong.
pub fn threshold(site: &Site, encoder: &Entry) -> Result<Threshold, StartError> {
    let tables = Tables::of(&site.data_dir)?;
    let metric = Metric::of(site.config.matching.score, &tables, &encoder.name, &encoder.digest)?;
    let scale = metric.scale();
    let table = tables.find(&encoder.digest, &scale).cloned();
    Ok(Threshold::new(&site.config.matching, metric, encoder.tau, table, || tables.missing(&encoder.name, encoder.digest, scale))?)
}

/// Whether the owner's wish can be kept with the gallery as it stands.
///
/// # Errors
/// It can't: nobody would be let in.
pub fn keeps_its_wish(standing: &Standing) -> Result<(), StartError> {
    if standing.most_k.is_some() { Err(StartError::Wish(standing.words())) } else { Ok(()) }
}

/// The figures that decisions follow.
pub fn rules(config: &Config) -> Rules {
    let ms = Duration::from_millis;
    let (visit, matching, door) = (&config.visit, &config.matching, &config.door);
    Rules {
        votes: visit.votes,
        looks: visit.looks,
        look_age: ms(visit.look_ms),
        gap: ms(visit.gap_ms),
        cooldown: ms(visit.cooldown_ms),
        margin: matching.margin,
        unlock: ms(door.unlock_ms),
        max_unlock: ms(door.max_unlock_ms),
        liveness_required: config.liveness.enabled,
        min_live: config.liveness.min_live,
        max_spoofs: visit.max_spoofs,
    }
}

pub(super) fn nets(vision: &Vision) -> Nets {
    Nets {
        detector: Some(vision.detector().digest),
        encoder: Some(vision.encoder().digest),
        liveness: vision.liveness().iter().map(|net| net.digest).collect(),
    }
}

/// The monotonic clock; its origin is now.
#[expect(clippy::disallowed_methods, reason = "the one place where the service asks the real clock")]
pub fn real_clock() -> Clock {
    let begun = Instant::now();
    Arc::new(move || Moment::after(begun.elapsed()))
}
