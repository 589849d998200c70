//! The second half of the start: from a kernel side that runs to a daemon that
//! answers. See the list in [`super::start`].

use super::act::Running;
use super::kernel::Kernel;
use super::rules::{History, Loader, Rules};
use super::start::{StartError, system};
use super::status::Facts;
use super::{Daemon, Inputs, Signals, TICK, reset};
use crate::api::permit::Access;
use crate::api::{Shared, server};
use crate::config::Config;
use crate::decision::Actor;
use crate::evaluator::Evaluator;
use crate::evaluator::kill::Brake;
use crate::events::numbers::Numbers;
use crate::events::processes::Processes;
use crate::events::reader::{Reader, Ring};
use crate::events::render::Host;
use crate::events::settle::Settling;
use crate::journal::{Journal, Past};
use crate::metrics::{ByRule, Counters};
use crate::sessions::Sessions;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

/// What steps 1 to 5 have made.
pub(super) struct Outset {
    pub(super) kernel: Kernel,
    pub(super) ring: Box<dyn Ring>,
    pub(super) journal: Journal,
    pub(super) past: Past,
    pub(super) rules: Arc<dyn Rules>,
    pub(super) loader: Loader,
    pub(super) facts: Facts,
}

/// Steps 6 to 8.
///
/// # Errors
/// One of them failed.
pub(super) fn begin(
    outset: Outset,
    config: Config,
    signals: Signals,
) -> Result<(Daemon, Inputs, Served), StartError> {
    let Outset {
        kernel,
        ring,
        journal,
        past,
        rules,
        loader,
        facts,
    } = outset;
    let group = group(&config.group);
    let adopted = facts.adopted;
    if !adopted {
        journal.forget_cursors();
    }
    let cursors = if adopted { past.cursors } else { Vec::new() };
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
        numbers: Numbers::new(&cursors, !adopted),
        cursors: BTreeMap::new(),
        births: HashMap::new(),
        counters: Counters::default(),
        by_rule: ByRule::default(),
        resets: reset::Queue::start(kernel.clone()).map_err(system("thread"))?,
        running: Running::new(done),
        facts,
        swept: Instant::now(),
        journal,
        config,
    };
    daemon.announce();
    daemon.destroy_poisoned();
    if adopted {
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
    let reader = Reader::new(ring).map_err(system("ring buffer"))?;
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
    let most = daemon.config.max_connections;
    let served = Served {
        task: tokio::spawn(server::serve(listener, shared, most)),
        stop,
    };
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let inputs = Inputs {
        reader,
        calls,
        killed,
        tick,
        signals,
    };
    Ok((daemon, inputs, served))
}

/// The API while it is served.
pub(crate) struct Served {
    /// Ends once it is told to stop.
    pub(crate) task: JoinHandle<()>,
    /// Turns true to end it.
    pub(crate) stop: watch::Sender<bool>,
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
