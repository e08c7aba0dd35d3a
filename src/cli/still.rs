//! Still pictures: read, looked at, and the face that a command is about.

use super::context::Context;
use crate::calibration::Standing;
use crate::camera::picture;
use crate::service::{self, Site};
use crate::units::Embedding;
use crate::vision::{Face, Look, Options, Vision};
use std::path::Path;

/// The site and its nets, ready for pictures from files.
pub fn vision(context: &Context) -> anyhow::Result<(Site, Vision)> {
    let site = context.site()?;
    let vision = service::open_vision(&site, Options::for_stills(&site.config, service::real_clock()))?;
    Ok((site, vision))
}

/// Looks at a picture file.
pub fn look<'v>(vision: &'v mut Vision, path: &Path) -> anyhow::Result<&'v Look> {
    let frame = picture::read(path)?;
    Ok(vision.look(&frame)?)
}

/// The embedding of the one face that a picture is about, or why there is none.
pub fn embedding<'l>(look: &'l Look, path: &Path) -> anyhow::Result<(&'l Face, &'l Embedding)> {
    let Some(face) = look.subject() else { anyhow::bail!("{}: no face was found in it", path.display()) };
    match &face.embedding {
        Some(embedding) => Ok((face, embedding)),
        None => anyhow::bail!("{}: the face can't be used: {}", path.display(), face.quality.reasons),
    }
}

/// Warns where no tau is in force: then nobody is anybody, and why is not seen from the answer.
pub fn says_if_nothing_opens(standing: &Standing) {
    if standing.tau.0.is_nan() {
        log::warn!("{}", standing.words());
    }
}

/// Every picture that the arguments name: a folder means every picture in it, by name.
pub fn pictures(paths: &[std::path::PathBuf]) -> anyhow::Result<Vec<std::path::PathBuf>> {
    let mut all = Vec::new();
    for path in paths {
        all.extend(picture::list(path)?);
    }
    Ok(all)
}
