//! Which device is the camera.
//!
//! `/dev/videoN` is counted in the order in which devices appear: after a restart `video0` may be `video1`. The links below
//! `/dev/v4l/by-id` (which camera) and `/dev/v4l/by-path` (which socket) stay. What is there is read from sysfs and those links: to open a
//! node only to list it powers some cameras up and blinks their lamp (Linux before 6.16).

use crate::camera::CameraError;
use std::path::{Path, PathBuf};

/// A video device that the kernel knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Its node: `/dev/video0`.
    pub node: PathBuf,
    /// Its name, for people.
    pub name: String,
    /// Links to the node that stay the same, the best first.
    pub links: Vec<PathBuf>,
}

impl Seen {
    /// The path to name it by.
    pub fn best_path(&self) -> &Path {
        self.links.first().unwrap_or(&self.node)
    }
}

/// The video devices that there are, cameras and others, by number; `root` is `/` (a test's own folder otherwise).
pub fn seen(root: &Path) -> Vec<Seen> {
    let dev = root.join("dev");
    let entries = |path: PathBuf| std::fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut links: Vec<PathBuf> = ["by-id", "by-path"].iter().flat_map(|by| entries(dev.join("v4l").join(by))).collect();
    links.sort();
    let mut devices: Vec<(u32, Seen)> = entries(root.join("sys/class/video4linux"))
        .filter_map(|class| {
            let number = class.file_name()?.to_str()?.strip_prefix("video")?.parse().ok()?;
            let node = dev.join(format!("video{number}"));
            let target = node.canonicalize().ok()?;
            let links = links.iter().filter(|link| link.canonicalize().is_ok_and(|t| t == target)).cloned().collect();
            let name = std::fs::read_to_string(class.join("name")).unwrap_or_default().trim().to_owned();
            Some((number, Seen { node, name, links }))
        })
        .collect();
    devices.sort_by_key(|(number, _)| *number);
    devices.into_iter().map(|(_, seen)| seen).collect()
}

/// The path to open: the one that is wished for, or else the only camera among those seen. `is_camera` opens a node to ask.
pub(super) fn choose(
    wish: Option<&Path>,
    allow_number: bool,
    seen: &[Seen],
    is_camera: impl Fn(&Path) -> bool,
) -> Result<PathBuf, CameraError> {
    let Some(wish) = wish else { return only_one(seen.iter().filter(|s| is_camera(&s.node)).collect()) };
    if !allow_number && is_numbered(wish) {
        let known = seen.iter().find(|s| s.node == wish).and_then(|s| s.links.first());
        let better = known.map_or("the camera's path below /dev/v4l/by-id or by-path".into(), |link| format!("\"{}\"", link.display()));
        return Err(CameraError::Unfit {
            problem: format!("{} may be another camera after the next start", wish.display()),
            remedy: format!("set camera.device to {better}, or camera.allow_number = true"),
        });
    }
    if wish.exists() {
        return Ok(wish.to_owned());
    }
    let why = match seen {
        [] => "it isn't there, and no other video device is".into(),
        some => format!("it isn't there; there is {}", listed(some.iter())),
    };
    Err(CameraError::Gone { camera: wish.display().to_string(), why })
}

fn only_one(cameras: Vec<&Seen>) -> Result<PathBuf, CameraError> {
    match cameras[..] {
        [one] => Ok(one.best_path().to_owned()),
        [] => Err(CameraError::Gone { camera: "the USB camera".into(), why: "none is plugged in, or none may be opened".into() }),
        _ => Err(CameraError::Unfit {
            problem: format!("there is more than one camera: {}", listed(cameras.iter().copied())),
            remedy: "set camera.device to the one that looks at the gate".into(),
        }),
    }
}

fn listed<'a>(seen: impl Iterator<Item = &'a Seen>) -> String {
    seen.map(|s| format!("\"{}\" ({})", s.best_path().display(), s.name)).collect::<Vec<_>>().join(", ")
}

/// Whether it is called `video` and a number.
fn is_numbered(path: &Path) -> bool {
    let digits = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_prefix("video"));
    digits.is_some_and(|d| !d.is_empty() && d.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    /// A camera at video0 (with its metadata node video1), a codec at video10, an infrared one at video2.
    fn machine() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        let at = |path: &str| root.path().join(path);
        for folder in ["dev/v4l/by-id", "dev/v4l/by-path"] {
            std::fs::create_dir_all(at(folder)).unwrap();
        }
        for (number, name) in [(0, "HD Camera"), (1, "HD Camera"), (2, "IR Camera"), (10, "codec")] {
            std::fs::create_dir_all(at(&format!("sys/class/video4linux/video{number}"))).unwrap();
            std::fs::write(at(&format!("sys/class/video4linux/video{number}/name")), format!("{name}\n")).unwrap();
            std::fs::write(at(&format!("dev/video{number}")), "").unwrap();
        }
        std::fs::create_dir_all(at("sys/class/video4linux/v4l-subdev0")).unwrap();
        symlink("../../video0", at("dev/v4l/by-path/platform-usb-0:1.1:1.0-video-index0")).unwrap();
        symlink("../../video0", at("dev/v4l/by-id/usb-HD_Camera_0001-video-index0")).unwrap();
        symlink("../../video1", at("dev/v4l/by-id/usb-HD_Camera_0001-video-index1")).unwrap();
        symlink("../../video99", at("dev/v4l/by-id/usb-dangling")).unwrap();
        root
    }

    fn node(root: &Path, number: u32) -> PathBuf {
        root.join(format!("dev/video{number}"))
    }

    #[test]
    fn devices_come_with_their_names_and_lasting_links() {
        let root = machine();
        let seen = seen(root.path());
        let nodes: Vec<_> = seen.iter().map(|s| s.node.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(nodes, ["video0", "video1", "video2", "video10"]);
        assert_eq!((seen[0].name.as_str(), seen[0].links.len()), ("HD Camera", 2));
        assert!(seen[0].best_path().ends_with("by-id/usb-HD_Camera_0001-video-index0"));
        assert_eq!(seen[2].best_path(), seen[2].node);
        assert!(super::seen(Path::new("/nowhere")).is_empty());
    }

    #[test]
    fn auto_takes_the_only_camera_by_its_lasting_link() {
        let root = machine();
        let path = choose(None, false, &seen(root.path()), |n| n == node(root.path(), 0)).unwrap();
        assert!(path.ends_with("usb-HD_Camera_0001-video-index0"));
    }

    #[test]
    fn auto_names_them_when_there_are_several_and_waits_when_there_is_none() {
        let root = machine();
        let seen = seen(root.path());
        let two = choose(None, false, &seen, |n| n == node(root.path(), 0) || n == node(root.path(), 2)).unwrap_err();
        let said = two.to_string();
        assert!(matches!(two, CameraError::Unfit { .. }) && said.contains("by-id/usb-HD_Camera") && said.contains("IR Camera"), "{said}");
        assert!(matches!(choose(None, false, &seen, |_| false), Err(CameraError::Gone { .. })));
    }

    #[test]
    fn a_number_is_refused_with_the_link_to_take_unless_allowed() {
        let root = machine();
        let seen = seen(root.path());
        let wish = node(root.path(), 0);
        let said = choose(Some(&wish), false, &seen, |_| true).unwrap_err().to_string();
        assert!(said.contains("by-id/usb-HD_Camera_0001-video-index0") && said.contains("allow_number"), "{said}");
        assert_eq!(choose(Some(&wish), true, &seen, |_| true).unwrap(), wish);
    }

    #[test]
    fn a_camera_that_is_not_there_says_what_is() {
        let root = machine();
        let wish = root.path().join("dev/v4l/by-id/usb-other");
        let error = choose(Some(&wish), false, &seen(root.path()), |_| true).unwrap_err();
        let said = error.to_string();
        assert!(matches!(error, CameraError::Gone { .. }) && said.contains("HD Camera"), "{said}");
        let link = root.path().join("dev/v4l/by-id/usb-HD_Camera_0001-video-index0");
        assert_eq!(choose(Some(&link), false, &[], |_| true).unwrap(), link);
    }
}
