//! Start-up, step by step; what a step has made goes away with it when a later
//! one fails.
//!
//! 1. the initial pid namespace (ids of the kernel mean nothing elsewhere)
//! 2. signals, so that none ends the process half-way
//! 3. the journal (a daemon that cannot record does not start)
//! 4. the policy (a daemon without rules does not start)
//! 5. the kernel side: load or adopt, attach
//! 6. sessions that were guarded before
//! 7. the policy becomes live: from here on it is enforced
//! 8. the socket: a client that can connect can rely on enforcement

use super::begin::{Outset, begin};
use super::kernel::{Enforcer, Kernel, KernelError};
use super::rules::{Loader, PolicyFailure};
use super::status::Facts;
use super::{Daemon, Signals};
use crate::config::{Config, OnStop};
use crate::decision::Lifecycle;
use crate::events::clock;
use crate::events::reader::Ring;
use crate::exit::Exit;
use crate::journal::{Journal, JournalError};
use crate::shutdown;
use std::io;
use std::path::{Path, PathBuf};

/// The kernel side, started.
pub struct Started {
    /// Tables, tasks, sessions.
    pub enforcer: Box<dyn Enforcer>,
    /// The ring buffer.
    pub ring: Box<dyn Ring>,
    /// Maps and programs were taken over from an earlier daemon.
    pub adopted: bool,
    /// What this kernel cannot enforce, with the reason.
    pub not_enforced: Vec<String>,
}

/// Starts the kernel side.
pub type Starter = Box<dyn FnOnce(&Config) -> Result<Started, StartError> + Send>;

/// Why the daemon does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Ids of the kernel are not those of this namespace.
    #[error(
        "the daemon runs in a pid namespace of its own, where the kernel's process ids mean nothing"
    )]
    PidNamespace,
    /// The journal cannot be used.
    #[error("journal: {0}")]
    Journal(#[from] JournalError),
    /// The policy cannot be used.
    #[error("{0}")]
    Policy(#[from] PolicyFailure),
    /// This kernel lacks something that is required.
    #[error("{message}")]
    Unsupported {
        /// What.
        message: String,
        /// What to do.
        help: Option<String>,
    },
    /// The pins cannot be made or taken over.
    #[error("pins: {0}")]
    Pins(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The kernel side failed.
    #[error(transparent)]
    Kernel(#[from] KernelError),
    /// The scope is not a cgroup (v2).
    #[error("scope {}: {reason}", path.display())]
    Scope {
        /// The folder.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// The socket cannot be made.
    #[error("socket {}: {source}", path.display())]
    Socket {
        /// Its path.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Anything else of the operating system.
    #[error("{what}: {source}")]
    System {
        /// What was attempted.
        what: &'static str,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
}

impl StartError {
    /// What the daemon ends with.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Policy(_) | Self::Scope { .. } => Exit::Invalid,
            Self::Unsupported { .. } => Exit::Unsupported,
            _ => Exit::Failed,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::PidNamespace => {
                Some("in a container, run it with the host's pid namespace (hostPID: true)".into())
            }
            Self::Policy(failure) => failure.help.clone(),
            Self::Unsupported { help, .. } => help.clone(),
            Self::Scope { .. } => Some(
                "`scope` is the folder of a cgroup (v2); `findmnt -t cgroup2` says where they are"
                    .to_owned(),
            ),
            Self::Journal(error) => Some(error.help().to_owned()),
            Self::Socket { source, .. } => Some(
                match source.kind() {
                    io::ErrorKind::AddrInUse => {
                        "stop that daemon, or give this one a `socket` of its own"
                    }
                    _ => "`socket` is a path of at most 107 bytes in a folder that root may write",
                }
                .to_owned(),
            ),
            Self::Pins(_) => Some(
                "`pin_dir` is a folder of Guard's own, by custom below /sys/fs/bpf, that root may write"
                    .to_owned(),
            ),
            Self::Kernel(_) | Self::System { .. } => None,
        }
    }
}

/// Runs the daemon until a signal ends it.
///
/// # Errors
/// It could not start, or the ring buffer cannot be read any more.
pub async fn run(config: Config, loader: Loader, starter: Starter) -> Result<(), StartError> {
    if !in_initial_pid_namespace() {
        return Err(StartError::PidNamespace);
    }
    let signals = Signals::take().map_err(system("signals"))?;
    let scope_path = scope_path(&config.scope)?;
    serve(config, loader, starter, scope_path, signals).await
}

/// Steps 3 to 8, and the daemon's whole life.
pub(super) async fn serve(
    config: Config,
    loader: Loader,
    starter: Starter,
    scope_path: String,
    signals: Signals,
) -> Result<(), StartError> {
    let (journal, past) = Journal::open(&config.journal, config.journal_queue)?;
    let rules = loader()?;
    let started = starter(&config)?;
    let kernel = Kernel::new(started.enforcer);
    let adopted = started.adopted;
    let outset = Outset {
        kernel: kernel.clone(),
        ring: started.ring,
        journal,
        past,
        rules,
        loader,
        facts: Facts {
            since: clock::now(),
            adopted,
            not_enforced: started.not_enforced,
            scope_path,
        },
    };
    let (mut daemon, mut inputs, served) = match begin(outset, config, signals) {
        Ok(begun) => begun,
        Err(error) => {
            // What an earlier daemon left goes on; what this one made does not.
            let on_stop = if adopted {
                OnStop::Keep
            } else {
                OnStop::Detach
            };
            if let Err(left) = kernel.lock().stop(on_stop) {
                tracing::error!(error = %left, "not everything could be taken away");
            }
            return Err(error);
        }
    };
    let socket = daemon.config.socket.clone();
    tracing::info!(socket = %socket.display(), "ready");
    notify(sd_notify::NotifyState::Ready);
    let result = daemon.run(&mut inputs).await;
    notify(sd_notify::NotifyState::Stopping);
    match &result {
        Ok(signal) => tracing::info!(signal, "stopping"),
        Err(error) => tracing::error!(error = %error, "the ring buffer cannot be read"),
    }
    shutdown::end(daemon, inputs, served, &socket).await;
    result.map(drop).map_err(system("ring buffer"))
}

impl Daemon {
    /// Says what is enforced and what is not.
    pub(super) fn announce(&self) {
        for missing in &self.facts.not_enforced {
            tracing::warn!(missing, "this kernel cannot enforce");
        }
        self.lifecycle(Lifecycle::Start {
            version: env!("CARGO_PKG_VERSION"),
            pid: std::process::id(),
            adopted: self.facts.adopted,
            not_enforced: self.facts.not_enforced.clone(),
        });
    }
}

pub(super) fn system(what: &'static str) -> impl Fn(io::Error) -> StartError {
    move |source| StartError::System { what, source }
}

/// Tells systemd, where it waits for it.
fn notify(state: sd_notify::NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::debug!(error = %error, "the service manager cannot be told");
    }
}

/// The initial pid namespace has this inode (`PROC_PID_INIT_INO`).
const INITIAL_PID_NAMESPACE: &str = "pid:[4026531836]";

fn in_initial_pid_namespace() -> bool {
    std::fs::read_link("/proc/self/ns/pid")
        .is_ok_and(|link| link.as_os_str() == INITIAL_PID_NAMESPACE)
}

/// The scope's path below the mount of the cgroup (v2) hierarchy: the form in
/// which `/proc/PID/cgroup` names cgroups.
///
/// # Errors
/// It is no folder of a cgroup (v2) file system.
pub fn scope_path(scope: &Path) -> Result<String, StartError> {
    let wrong = |reason: String| StartError::Scope {
        path: scope.to_owned(),
        reason,
    };
    let scope = scope
        .canonicalize()
        .map_err(|error| wrong(error.to_string()))?;
    let mounts = procfs::process::Process::myself()
        .and_then(|process| process.mountinfo())
        .map_err(|error| wrong(error.to_string()))?;
    let mount = mounts
        .into_iter()
        .filter(|mount| mount.fs_type == "cgroup2" && scope.starts_with(&mount.mount_point))
        .max_by_key(|mount| mount.mount_point.components().count())
        .ok_or_else(|| wrong("not inside a cgroup v2 file system".to_owned()))?;
    let below = scope
        .strip_prefix(&mount.mount_point)
        .unwrap_or(Path::new(""));
    let path = Path::new(&mount.root).join(below);
    Ok(path.to_string_lossy().trim_end_matches('/').to_owned()).map(|path| match path.as_str() {
        "" => "/".to_owned(),
        _ => path,
    })
}
