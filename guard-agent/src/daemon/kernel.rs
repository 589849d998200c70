//! What the daemon asks of the kernel side, as a trait: the evaluator, the
//! sessions and the API are tested against a kernel in memory.

use crate::config::OnStop;
use guard_common::abi::event::Poisoned;
use guard_common::abi::policy::Policy;
use guard_common::abi::session::{Session, Task};
use guard_common::denial::Denial;
use guard_common::fault::Fault;
use guard_common::limits::MAX_RULES;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A map or program of the kernel side could not be used.
#[derive(Debug, thiserror::Error)]
#[error("{what}: {source}")]
pub struct KernelError {
    /// What was attempted.
    pub what: &'static str,
    /// Why it failed.
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

/// Result of a call into the kernel side.
pub type Result<T> = std::result::Result<T, KernelError>;

/// The tables of a policy, and how to install them.
pub struct Tables<'a> {
    /// The compiled rules.
    pub policy: &'a Policy,
    /// The words for refused clients.
    pub denials: &'a [Denial],
    /// Selectors of a live session under this policy.
    pub selectors: &'a dyn Fn(u64, &Session) -> u64,
}

/// The kernel side: tables, tasks, sessions.
pub trait Enforcer: Send {
    /// Makes a policy live for all hooks at once and gives it a number.
    fn install(&mut self, tables: Tables<'_>) -> Result<u64>;
    /// Writes a session and its first thread group.
    fn register(&mut self, tgid: u32, id: u64, session: &Session) -> Result<()>;
    /// Takes a registration back: the thread group has ended meanwhile.
    fn unregister(&mut self, tgid: u32, id: u64) -> Result<()>;
    /// The entry of a thread group.
    fn task(&self, tgid: u32) -> Result<Option<Task>>;
    /// All guarded thread groups.
    fn tasks(&self) -> Result<Vec<(u32, Task)>>;
    /// A session.
    fn session(&self, id: u64) -> Result<Option<Session>>;
    /// All sessions.
    fn sessions(&self) -> Result<Vec<(u64, Session)>>;
    /// Refuses every further action of a session; one that is gone is fine.
    fn quarantine(&mut self, id: u64) -> Result<()>;
    /// Forgets a session.
    fn remove_session(&mut self, id: u64) -> Result<()>;
    /// Removes tasks whose exit was missed.
    fn sweep(&mut self) -> Result<()>;
    /// Number of faults since the maps were made, by [`Fault`].
    fn faults(&self) -> Result<[u64; Fault::COUNT]>;
    /// The number that the next record of each CPU gets.
    fn next_numbers(&self) -> Result<Vec<u64>>;
    /// Matches of each rule of the live policy.
    fn rule_matches(&self) -> Result<[u64; MAX_RULES]>;
    /// Bytes of kernel memory in maps.
    fn memory(&self) -> u64;
    /// Policy slot that hooks read.
    fn live_slot(&self) -> Result<usize>;
    /// Nothing is enforced until this boot time; 0 arms.
    fn set_disarmed(&mut self, until_boot_ns: u64) -> Result<()>;
    /// Boot time until which nothing is enforced; 0: armed.
    fn disarmed_until(&self) -> Result<u64>;
    /// Sockets that are poisoned and not known to be destroyed.
    fn poisoned(&self) -> Result<Vec<Poisoned>>;
    /// Ends a poisoned connection.
    fn destroy(&mut self, socket: &Poisoned) -> Result<()>;
    /// Lets go of the kernel side; nothing else is asked of it afterwards.
    fn stop(&mut self, on_stop: OnStop) -> Result<()>;
}

/// The kernel side, shared by the daemon's threads.
#[derive(Clone)]
pub struct Kernel(Arc<Mutex<Box<dyn Enforcer>>>);

impl Kernel {
    /// Wraps an enforcer.
    #[must_use]
    pub fn new(enforcer: Box<dyn Enforcer>) -> Self {
        Self(Arc::new(Mutex::new(enforcer)))
    }

    /// Exclusive use for one short step. A panic elsewhere does not end
    /// enforcement, so a poisoned lock is used as it is.
    pub fn lock(&self) -> MutexGuard<'_, Box<dyn Enforcer>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
pub(crate) mod memory;
