//! Kills the processes of a session, and nothing else.
//!
//! A process is held by a pidfd before anything is checked, so the signal
//! cannot reach another that took over its number. Right before the signal the
//! kernel's task table must still say that it belongs to the session.

use crate::daemon::kernel::Kernel;
use crate::decision::Spared;
use procfs::process::Process;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::time::{Duration, Instant};

/// Rounds over the task table before a tree is left as it is.
const ROUNDS: u32 = 100;
/// Pause between rounds: all of them take one second.
const PAUSE: Duration = Duration::from_millis(10);

/// What is to be killed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The session and all that were started in it.
    pub sessions: Vec<u64>,
    /// Only this process; `None`: all of them.
    pub only: Option<u32>,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Killed {
    /// Processes that were signalled.
    pub killed: Vec<u32>,
    /// Processes that a guard-rail kept alive.
    pub spared: Vec<Spared>,
    /// No process is left (beside the spared ones).
    pub complete: bool,
}

/// Kills a target; takes up to a second.
#[must_use]
pub fn kill(kernel: &Kernel, target: &Target) -> Killed {
    let rails = protected();
    let mut killed = BTreeSet::new();
    let mut spared = BTreeMap::new();
    let mut complete = false;
    for _ in 0..ROUNDS {
        let members = members(kernel, target);
        let mut left = 0;
        for pid in members {
            if let Some(why) = rails.get(&pid) {
                spared.insert(pid, *why);
            } else {
                left += 1;
                if kill_one(kernel, target, pid) {
                    killed.insert(pid);
                }
            }
        }
        if left == 0 {
            complete = true;
            break;
        }
        std::thread::sleep(PAUSE);
    }
    let spared = spared.into_iter().map(|(pid, why)| Spared { pid, why });
    Killed {
        killed: killed.into_iter().collect(),
        spared: spared.collect(),
        complete,
    }
}

/// The processes of a target, as the kernel's table has them.
fn members(kernel: &Kernel, target: &Target) -> Vec<u32> {
    let tasks = kernel.lock().tasks().unwrap_or_default();
    let inside = tasks.into_iter().filter(|(pid, task)| {
        target.sessions.contains(&task.session) && target.only.is_none_or(|only| only == *pid)
    });
    inside.map(|(pid, _)| pid).collect()
}

/// Signals one process; false when it is gone or no member any more.
fn kill_one(kernel: &Kernel, target: &Target, pid: u32) -> bool {
    let Some(raw) = i32::try_from(pid).ok().and_then(Pid::from_raw) else {
        return false;
    };
    let Ok(held) = pidfd_open(raw, PidfdFlags::empty()) else {
        return false;
    };
    // The table loses an entry before its number can be used again: a number
    // that is still in the table is the process that the pidfd holds.
    let task = kernel.lock().task(pid).ok().flatten();
    let member = task.is_some_and(|task| target.sessions.contains(&task.session));
    member && pidfd_send_signal(held, Signal::KILL).is_ok()
}

/// Processes that are never killed, whatever a rule says: the first process,
/// this daemon and all its parents.
fn protected() -> HashMap<u32, &'static str> {
    let mut rails = HashMap::from([(1, "the first process")]);
    let own = std::process::id();
    rails.insert(own, "the guard itself");
    let mut pid = own;
    while pid > 1 {
        let stat = i32::try_from(pid)
            .ok()
            .and_then(|pid| Process::new(pid).ok()?.stat().ok());
        pid = stat.map_or(0, |stat| u32::try_from(stat.ppid).unwrap_or(0));
        if pid > 1 && rails.insert(pid, "a parent of the guard").is_some() {
            break;
        }
    }
    rails
}

/// Switches the killing of one rule off when it kills too often: more than
/// `limit` trees within `window` is rather an error in the rule than an attack.
#[derive(Debug)]
pub struct Brake {
    limit: usize,
    window: Duration,
    kills: HashMap<String, VecDeque<Instant>>,
    off: BTreeSet<String>,
}

/// What the brake says to one kill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Go {
    /// Kill.
    Ahead,
    /// Do not, from this one on.
    Stopped,
    /// Do not; it has been said.
    Off,
}

impl Brake {
    /// A brake for all rules.
    #[must_use]
    pub fn new(limit: u32, window: Duration) -> Self {
        Self {
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
            window,
            kills: HashMap::new(),
            off: BTreeSet::new(),
        }
    }

    /// Asks for one kill by a rule.
    pub fn ask(&mut self, rule: &str, at: Instant) -> Go {
        if self.off.contains(rule) {
            return Go::Off;
        }
        let kills = self.kills.entry(rule.to_owned()).or_default();
        kills.retain(|kill| at.saturating_duration_since(*kill) < self.window);
        if kills.len() >= self.limit {
            self.off.insert(rule.to_owned());
            return Go::Stopped;
        }
        kills.push_back(at);
        Go::Ahead
    }

    /// Lets all rules kill again: the policy was loaded anew.
    pub fn release(&mut self) {
        self.kills.clear();
        self.off.clear();
    }

    /// Rules whose killing is off.
    pub fn off(&self) -> impl Iterator<Item = &str> {
        self.off.iter().map(String::as_str)
    }
}

#[cfg(test)]
mod tests;
