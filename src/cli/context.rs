//! Where things are: which configuration, which data folder, which nets; from the options, the environment and what there is.

use super::args::Global;
use super::exit::Misuse;
use crate::config::Config;
use crate::service::Site;
use std::path::{Path, PathBuf};

const SYSTEM_CONFIG: &str = "/etc/facegate/facegate.toml";
const SYSTEM_DATA: &str = "/var/lib/facegate";
const SYSTEM_SHARE: &str = "/usr/share/facegate";

/// The options of every command, and what follows from them.
pub struct Context {
    global: Global,
    /// Print JSON.
    pub json: bool,
}

impl Context {
    pub fn new(global: Global) -> Context {
        Context { json: global.json, global }
    }

    /// The configuration file in force: the one named, else the system's, else the user's own; None where there is none.
    pub fn config_file(&self) -> Option<PathBuf> {
        self.global.config.clone().or_else(|| {
            let own = user_folder("XDG_CONFIG_HOME", ".config").map(|d| d.join("facegate/facegate.toml"));
            [Some(PathBuf::from(SYSTEM_CONFIG)), own].into_iter().flatten().find(|f| f.exists())
        })
    }

    /// The configuration in force, with the options that override it.
    pub fn config(&self) -> anyhow::Result<Config> {
        let mut config = self.config_file().map_or(Ok(Config::default()), |f| Config::from_file(&f))?;
        if let Some(name) = &self.global.encoder {
            config.models.encoder = Some(name.clone());
        }
        if let Some(name) = &self.global.detector {
            config.models.detector = Some(name.clone());
        }
        match self.global.liveness.as_deref() {
            None => {}
            Some("off") => config.liveness.enabled = false,
            Some(names) => {
                config.liveness.enabled = true;
                config.liveness.models = Some(names.to_owned());
            }
        }
        Ok(config)
    }

    /// The folder of gallery and audit: the one named; the service's, for systemd and whoever may write it; else the user's own.
    pub fn data_dir(&self) -> anyhow::Result<PathBuf> {
        if let Some(dir) = &self.global.data {
            return Ok(dir.clone());
        }
        if let Some(dir) = std::env::var_os("STATE_DIRECTORY").filter(|d| !d.is_empty()) {
            return Ok(dir.into());
        }
        if is_writable(Path::new(SYSTEM_DATA)) {
            return Ok(SYSTEM_DATA.into());
        }
        let own = user_folder("XDG_DATA_HOME", ".local/share").map(|d| d.join("facegate"));
        own.ok_or_else(|| Misuse("no data folder: neither HOME nor XDG_DATA_HOME is set; name one with --data DIR".into()).into())
    }

    /// All of it together. The folders of nets may be none: a command that needs nets will say so.
    pub fn site(&self) -> anyhow::Result<Site> {
        let config = self.config()?;
        let model_dirs = self.model_dirs(&config)?;
        Ok(Site { config, data_dir: self.data_dir()?, model_dirs })
    }

    /// The folders with nets, first the ones that win: only the one named where there is one; else what the owner installed, then what
    /// is shipped.
    fn model_dirs(&self, config: &Config) -> anyhow::Result<Vec<PathBuf>> {
        if let Some(dir) = self.global.models.clone().or_else(|| config.models.dir.clone()) {
            return Ok(vec![dir]);
        }
        let mut dirs = vec![self.data_dir()?.join("models")];
        dirs.retain(|d| d.join("manifest.toml").is_file());
        dirs.extend(shipped());
        Ok(dirs)
    }
}

/// The folder of what is shipped: the system's, else that of the repository in which cargo built this program (target/release/facegate).
pub fn shipped() -> Option<PathBuf> {
    let program = std::env::current_exe().ok();
    let around = program.iter().flat_map(|p| p.ancestors().skip(1).take(4));
    around.map(|d| d.join("models")).chain([Path::new(SYSTEM_SHARE).join("models")]).find(|d| d.join("manifest.toml").is_file())
}

fn user_folder(variable: &str, below_home: &str) -> Option<PathBuf> {
    let absolute = |v: std::ffi::OsString| Some(PathBuf::from(v)).filter(|p| p.is_absolute());
    std::env::var_os(variable).and_then(absolute).or_else(|| std::env::var_os("HOME").and_then(absolute).map(|h| h.join(below_home)))
}

fn is_writable(dir: &Path) -> bool {
    dir.is_dir() && rustix::fs::access(dir, rustix::fs::Access::WRITE_OK).is_ok()
}
