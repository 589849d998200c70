//! The daemon's configuration: valid by construction.
//!
//! A value comes from, strongest first: a flag, the environment (`GUARD_…`),
//! the file, the default. Everything after [`Config::load`] may rely on it
//! without a further check.

mod raw;

use crate::config::raw::{RING_HELP, Raw, is_ring_size};
use crate::yaml::Mistakes;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where the file is looked for when no flag names one. It may be absent.
pub const DEFAULT_FILE: &str = "/etc/guard/guard.yaml";
/// Where the daemon listens.
pub const DEFAULT_SOCKET: &str = "/run/guard/guard.sock";
const DEFAULT_JOURNAL: &str = "/var/lib/guard/journal.db";
const DEFAULT_PIN_DIR: &str = "/sys/fs/bpf/guard";
const DEFAULT_POLICY: &str = "/etc/guard/policy.d";
const DEFAULT_GROUP: &str = "guard";

/// Size of the kernel's ring buffer in KiB: about 15,000 statements.
const DEFAULT_RING_KIB: u32 = 16 * 1024;
/// How long a session outlives its last task: what is left in the buffers of
/// its sockets is still judged. A closed socket retransmits for about a minute
/// (`tcp_fin_timeout`).
const DEFAULT_GRACE: Duration = Duration::from_secs(60);
/// Trees that one rule may kill within [`DEFAULT_KILL_WINDOW`] before its
/// killing is switched off: more is rather an error in the rule.
const DEFAULT_KILL_LIMIT: u32 = 20;
const DEFAULT_KILL_WINDOW: Duration = Duration::from_secs(60);
/// Records that wait for the disk; about 2 KiB each.
const DEFAULT_QUEUE: usize = 16_384;
/// Clients of the socket at once.
const DEFAULT_CONNECTIONS: usize = 128;

/// What happens to enforcement when the daemon stops.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum OnStop {
    /// Programs and maps stay pinned: enforcement goes on without the daemon.
    #[default]
    Keep,
    /// Everything is taken away.
    Detach,
}

/// Values from flags and environment; they win over the file.
#[derive(Clone, Debug, Default)]
#[expect(
    missing_docs,
    reason = "each field is the key of the same name in Config"
)]
pub struct Overrides {
    pub socket: Option<PathBuf>,
    pub journal: Option<PathBuf>,
    pub pin_dir: Option<PathBuf>,
    pub policy: Vec<PathBuf>,
    pub scope: Option<PathBuf>,
    pub on_stop: Option<OnStop>,
    pub ring_kib: Option<u32>,
}

/// Everything the daemon can be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Unix socket of the API.
    pub socket: PathBuf,
    /// Group that may use the socket, if it exists.
    pub group: String,
    /// The journal's SQLite file.
    pub journal: PathBuf,
    /// Folder on a BPF file system for pinned links and maps.
    pub pin_dir: PathBuf,
    /// Policy files, and folders of which every `*.yaml` is read.
    pub policy: Vec<PathBuf>,
    /// Folder of the cgroup (v2) whose sockets are judged.
    pub scope: PathBuf,
    /// What stays when the daemon stops.
    pub on_stop: OnStop,
    /// Ring buffer in KiB: a power of two, at least one page.
    pub ring_kib: u32,
    /// How long a session outlives its last task.
    pub session_grace: Duration,
    /// Kills of one rule within `kill_window` after which it kills no more.
    pub kill_limit: u32,
    /// See `kill_limit`.
    pub kill_window: Duration,
    /// Records that may wait for the journal.
    pub journal_queue: usize,
    /// API clients at once.
    pub max_connections: usize,
}

/// Why a configuration is refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file is not valid.
    #[error(transparent)]
    File(#[from] Mistakes),
    /// A flag or variable has a value that cannot be used.
    #[error("{name}: {message}")]
    Value {
        /// Flag or key.
        name: &'static str,
        /// What is wrong.
        message: String,
        /// What to do.
        help: &'static str,
    },
    /// No cgroup v2 file system is mounted.
    #[error("no cgroup v2 file system is mounted")]
    NoCgroup,
}

impl ConfigError {
    /// What the reader can do about it; a mistake in the file says so itself.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::File(_) => None,
            Self::Value { help, .. } => Some((*help).to_owned()),
            Self::NoCgroup => {
                Some("mount -t cgroup2 none /sys/fs/cgroup, or set `scope`".to_owned())
            }
        }
    }
}

impl Config {
    /// Reads `file`, or [`DEFAULT_FILE`] where it exists, under `overrides`.
    ///
    /// # Errors
    /// The file cannot be read or is not valid, a value cannot be used, or no
    /// scope is given and no cgroup v2 is mounted.
    pub fn load(file: Option<&Path>, overrides: &Overrides) -> Result<Self, ConfigError> {
        let usual = Path::new(DEFAULT_FILE);
        let raw = match file {
            None if !usual.exists() => Raw::default(),
            file => Raw::read(file.unwrap_or(usual))?,
        };
        Self::build(raw, overrides.clone())
    }

    fn build(raw: Raw, over: Overrides) -> Result<Self, ConfigError> {
        let pick = |flag: Option<PathBuf>, key: Option<PathBuf>, default: &str| {
            flag.or(key).unwrap_or_else(|| default.into())
        };
        let policy = [over.policy, raw.policy, vec![DEFAULT_POLICY.into()]];
        let named = policy.into_iter().find(|paths| !paths.is_empty());
        let room = |key: Option<u32>, default| {
            key.map_or(default, |count| usize::try_from(count).unwrap_or(default))
        };
        let mut config = Self {
            socket: pick(over.socket, raw.socket, DEFAULT_SOCKET),
            journal: pick(over.journal, raw.journal, DEFAULT_JOURNAL),
            pin_dir: pick(over.pin_dir, raw.pin_dir, DEFAULT_PIN_DIR),
            group: raw.group.unwrap_or_else(|| DEFAULT_GROUP.to_owned()),
            policy: named.unwrap_or_default(),
            scope: over.scope.or(raw.scope).map_or_else(cgroup_root, Ok)?,
            on_stop: over.on_stop.or(raw.on_stop).unwrap_or_default(),
            ring_kib: over.ring_kib.or(raw.ring_kib).unwrap_or(DEFAULT_RING_KIB),
            session_grace: raw.session_grace.unwrap_or(DEFAULT_GRACE),
            kill_limit: raw.kill_limit.unwrap_or(DEFAULT_KILL_LIMIT),
            kill_window: raw.kill_window.unwrap_or(DEFAULT_KILL_WINDOW),
            journal_queue: room(raw.journal_queue, DEFAULT_QUEUE),
            max_connections: room(raw.max_connections, DEFAULT_CONNECTIONS),
        };
        if !is_ring_size(config.ring_kib) {
            return Err(ConfigError::Value {
                name: "ring_kib",
                message: format!("{} is not a size", config.ring_kib),
                help: RING_HELP,
            });
        }
        config.make_absolute()?;
        Ok(config)
    }

    /// A flag may be relative to the folder the command is typed in.
    fn make_absolute(&mut self) -> Result<(), ConfigError> {
        let own = [
            &mut self.socket,
            &mut self.journal,
            &mut self.pin_dir,
            &mut self.scope,
        ];
        for path in own.into_iter().chain(&mut self.policy) {
            *path = std::path::absolute(&*path).map_err(|error| ConfigError::Value {
                name: "path",
                message: format!("{:?}: {error}", path.display()),
                help: "give an absolute path",
            })?;
        }
        Ok(())
    }
}

/// The root of the cgroup v2 hierarchy as this process sees it.
fn cgroup_root() -> Result<PathBuf, ConfigError> {
    crate::bpf::cgroup_mount_point().ok_or(ConfigError::NoCgroup)
}

#[cfg(test)]
mod tests;
