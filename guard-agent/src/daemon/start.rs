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

use super::act::Running;
use super::kernel::{Enforcer, Kernel, KernelError};
use super::rules::{History, Loader, PolicyFailure};
use super::status::Facts;
use super::{Daemon, Inputs, Signals, TICK, reset};
use crate::api::permit::Access;
use crate::api::{Shared, server};
use crate::config::Config;
use crate::decision::{Actor, Lifecycle};
use crate::evaluator::Evaluator;
use crate::evaluator::kill::Brake;
use crate::events::clock;
use crate::events::numbers::Numbers;
use crate::events::processes::Processes;
use crate::events::reader::{Reader, Ring};
use crate::events::render::Host;
use crate::events::settle::Settling;
use crate::exit::Exit;
use crate::journal::{Journal, JournalError};
use crate::metrics::{ByRule, Counters};
use crate::sessions::Sessions;
use crate::shutdown;
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::{mpsc, watch};

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
    let group = group(&config.group);
    let (journal, past) = Journal::open(&config.journal, config.journal_queue)?;
    let rules = loader()?;
    let started = starter(&config)?;
    let kernel = Kernel::new(started.enforcer);
    if !started.adopted {
        journal.forget_cursors();
    }
    let cursors = if started.adopted {
        past.cursors
    } else {
        Vec::new()
    };
    let sessions = Sessions::adopt(kernel.clone(), config.session_grace, past.identities)?;
    let (done, killed) = mpsc::unbounded_channel();
    let mut daemon = Daemon {
        host: host()?,
        kernel: kernel.clone(),
        sessions,
        processes: Processes::default(),
        evaluator: Evaluator::default(),
        brake: Brake::new(config.kill_limit, config.kill_window),
        history: History::default(),
        loader,
        settling: Settling::default(),
        numbers: Numbers::new(&cursors, !started.adopted),
        cursors: BTreeMap::new(),
        births: HashMap::new(),
        counters: Counters::default(),
        by_rule: ByRule::default(),
        resets: reset::Queue::start(kernel.clone()).map_err(system("thread"))?,
        running: Running::new(done),
        facts: Facts {
            since: clock::now(),
            adopted: started.adopted,
            not_enforced: started.not_enforced,
            scope_path,
        },
        swept: Instant::now(),
        journal,
        config,
    };
    daemon.announce();
    daemon.destroy_poisoned();
    if started.adopted {
        // Records that wait in the ring buffer name rules by number; where the
        // policy of that time is this one, the numbers still have names.
        let same = past.policies.into_iter();
        for (epoch, _) in same.filter(|(_, sha256)| *sha256 == *rules.sha256()) {
            daemon.history.push(epoch, Arc::clone(&rules));
        }
    }
    let epoch = daemon.install(&rules)?;
    let by = Actor {
        uid: None,
        pid: None,
        via: "start",
    };
    daemon.policy_is_live(epoch, rules, by);
    let reader = Reader::new(started.ring).map_err(system("ring buffer"))?;
    let socket = daemon.config.socket.clone();
    let listener = server::bind(&socket, group).map_err(|source| StartError::Socket {
        path: socket.clone(),
        source,
    })?;
    let (calls_in, calls) = mpsc::channel(daemon.config.max_connections);
    let (stop, stopping) = watch::channel(false);
    let shared = Shared {
        kernel,
        calls: calls_in,
        journal: daemon.journal.path().to_owned(),
        journal_id: daemon.journal.id(),
        head: daemon.journal.head(),
        access: Access {
            owner: rustix::process::geteuid().as_raw(),
            group,
        },
        stopping,
    };
    let served = tokio::spawn(server::serve(
        listener,
        shared,
        daemon.config.max_connections,
    ));
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut inputs = Inputs {
        reader,
        calls,
        killed,
        tick,
        signals,
    };
    tracing::info!(socket = %socket.display(), "ready");
    notify(sd_notify::NotifyState::Ready);
    let result = daemon.run(&mut inputs).await;
    notify(sd_notify::NotifyState::Stopping);
    match &result {
        Ok(signal) => tracing::info!(signal, "stopping"),
        Err(error) => tracing::error!(error = %error, "the ring buffer cannot be read"),
    }
    stop.send_replace(true);
    shutdown::end(daemon, inputs, served, &socket).await;
    result.map(drop).map_err(system("ring buffer"))
}

impl Daemon {
    /// Says what is enforced and what is not.
    fn announce(&self) {
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

fn system(what: &'static str) -> impl Fn(io::Error) -> StartError {
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

/// Id of the group that may use the socket, if it exists.
fn group(name: &str) -> Option<u32> {
    let group = nix::unistd::Group::from_name(name).ok().flatten();
    group.map(|group| group.gid.as_raw())
}

fn host() -> Result<Host, StartError> {
    let boot_id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id");
    let boot_id = boot_id.map_err(system("boot id"))?;
    let name = rustix::system::uname();
    Ok(Host {
        name: name.nodename().to_string_lossy().into(),
        boot_id: boot_id.trim().into(),
    })
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
