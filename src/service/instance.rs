//! One service on one gallery: a lock file in the data folder, held by the kernel for as long as the process lives.

use rustix::fs::{FlockOperation, flock};
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// Why this can't be the one service on this data folder.
#[derive(Debug, thiserror::Error)]
pub enum InstanceError {
    #[error("another facegate (process {holder}) is running on {}: stop it first (systemctl stop facegate), or name another folder with --data", dir.display())]
    Running { dir: PathBuf, holder: String },
    #[error("cannot use the data folder {}: {source}", dir.display())]
    Folder { dir: PathBuf, source: std::io::Error },
}

/// The right to be the service on a data folder, until dropped.
#[derive(Debug)]
pub struct Instance {
    _file: File,
}

impl Instance {
    /// Takes the lock; makes the folder (0700) where it isn't there.
    ///
    /// # Errors
    /// Another process holds it, or the folder can't be used.
    pub fn claim(dir: &Path) -> Result<Instance, InstanceError> {
        let folder = |source| InstanceError::Folder { dir: dir.to_owned(), source };
        make_private_dir(dir).map_err(folder)?;
        let mut file = File::options().create(true).read(true).write(true).truncate(false).open(dir.join("run.lock")).map_err(folder)?;
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            let mut holder = String::new();
            let _ = file.read_to_string(&mut holder);
            let holder = if holder.trim().is_empty() { "unknown".into() } else { holder.trim().to_owned() };
            return Err(InstanceError::Running { dir: dir.to_owned(), holder });
        }
        file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id())).map_err(folder)?;
        Ok(Instance { _file: file })
    }
}

/// Makes a folder that only its owner enters; one that is there stays as it is.
pub fn make_private_dir(dir: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_instance_is_refused_with_the_first_ones_number_and_a_hint() {
        let dir = tempfile::tempdir().unwrap();
        let first = Instance::claim(dir.path()).unwrap();
        let said = Instance::claim(dir.path()).unwrap_err().to_string();
        assert!(said.contains(&std::process::id().to_string()) && said.contains("stop"), "{said}");
        drop(first);
        assert!(Instance::claim(dir.path()).is_ok());
    }
}
