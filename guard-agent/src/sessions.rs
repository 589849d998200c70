//! Who is guarded: sessions, their identities and their lineage.
//!
//! The kernel's maps say which processes belong to which session; what a
//! session is called, and why it runs, is known only here (and in the journal,
//! from which a restarted daemon takes it back).

mod register;
mod sweep;

pub use register::{RegisterError, Registration};
pub use sweep::Ended;

use crate::daemon::kernel::{Kernel, KernelError};
use crate::daemon::rules::Rules;
use crate::decision::{SessionFacts, Shared, Subject, hex};
use guard_common::abi::session::{ORIGIN_EXEC, SESSION_QUARANTINED, Session};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

/// Sessions nested in one another that are followed; the kernel's table would
/// be full of one agent's sessions long before.
const DEPTH: usize = 64;

/// Who a session belongs to, and why it runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Who acts.
    pub subject: Subject,
    /// Login name of the user who started it, or the number.
    pub user: String,
    /// The user's id.
    pub uid: u32,
    /// What for.
    pub purpose: Option<String>,
    /// Which ticket.
    pub ticket: Option<String>,
    /// Further labels.
    pub labels: BTreeMap<String, String>,
    /// File name of the program whose start began the session, if that was it.
    pub program: Option<String>,
}

impl Identity {
    /// What is left to say of a session about which nothing is known.
    #[must_use]
    pub fn unknown() -> Self {
        Self {
            subject: Subject {
                kind: "agent".to_owned(),
                name: "unknown".to_owned(),
            },
            user: "unknown".to_owned(),
            uid: u32::MAX,
            purpose: None,
            ticket: None,
            labels: BTreeMap::new(),
            program: None,
        }
    }
}

/// Decisions of one session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counters {
    /// All of them.
    pub decisions: u64,
    /// Those that refused.
    pub refused: u64,
    /// Those that observe rules would have refused.
    pub observed: u64,
}

/// One session.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Who and why.
    pub identity: Identity,
    /// The same, as records show it.
    pub facts: Shared<SessionFacts>,
    /// The session in which it was started, or 0.
    pub parent: u64,
    /// Boot time of the begin, in nanoseconds.
    pub begin_ns: u64,
    /// Opened by the kernel at a program start.
    pub born_in_kernel: bool,
    /// Every guarded action is refused.
    pub quarantined: bool,
    /// The thread group that began it.
    pub tgid: u32,
    /// Its decisions.
    pub counters: Counters,
    /// Since when it has no task.
    empty_since: Option<Instant>,
}

impl Entry {
    fn new(id: u64, identity: Identity, kernel: &Session) -> Self {
        let facts = SessionFacts {
            id: hex(id),
            parent: (kernel.parent != 0).then(|| hex(kernel.parent)),
            subject: identity.subject.clone(),
            user: identity.user.clone(),
            purpose: identity.purpose.clone(),
            ticket: identity.ticket.clone(),
            labels: identity.labels.clone(),
        };
        Self {
            identity,
            facts: Shared::new(facts),
            parent: kernel.parent,
            begin_ns: kernel.begin_ns,
            born_in_kernel: kernel.origin == ORIGIN_EXEC,
            quarantined: kernel.flags & SESSION_QUARANTINED != 0,
            tgid: kernel.tgid,
            counters: Counters::default(),
            empty_since: None,
        }
    }
}

/// All sessions.
pub struct Sessions {
    kernel: Kernel,
    grace: Duration,
    entries: HashMap<u64, Entry>,
}

impl Sessions {
    /// Takes over the sessions that the kernel knows, with the identities that
    /// the journal remembers.
    ///
    /// # Errors
    /// The kernel's table cannot be read.
    pub fn adopt(
        kernel: Kernel,
        grace: Duration,
        mut remembered: HashMap<u64, Identity>,
    ) -> Result<Self, KernelError> {
        let known = kernel.lock().sessions()?;
        let entries = known.into_iter().map(|(id, session)| {
            let identity = remembered.remove(&id).unwrap_or_else(Identity::unknown);
            (id, Entry::new(id, identity, &session))
        });
        let entries = entries.collect();
        Ok(Self {
            kernel,
            grace,
            entries,
        })
    }

    /// Adds a session that the kernel opened.
    pub fn begun(&mut self, id: u64, identity: Identity, session: &Session) -> &Entry {
        let entry = Entry::new(id, identity, session);
        self.entries.entry(id).or_insert(entry)
    }

    /// A session; one that the kernel knows and no event has announced yet is
    /// added without a name.
    pub fn find(&mut self, id: u64) -> Option<&mut Entry> {
        if !self.entries.contains_key(&id) {
            let session = self.kernel.lock().session(id).ok().flatten()?;
            self.begun(id, Identity::unknown(), &session);
        }
        self.entries.get_mut(&id)
    }

    /// A session that is known.
    #[must_use]
    pub fn get(&self, id: u64) -> Option<&Entry> {
        self.entries.get(&id)
    }

    /// All sessions.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &Entry)> {
        self.entries.iter().map(|(id, entry)| (*id, entry))
    }

    /// Number of sessions.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Tells whether nobody is guarded.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// A session and those in which it was started, innermost first.
    #[must_use]
    pub fn lineage(&self, id: u64) -> Vec<u64> {
        let mut line = vec![id];
        let mut parent = self.entries.get(&id).map_or(0, |entry| entry.parent);
        while parent != 0 && line.len() < DEPTH && !line.contains(&parent) {
            line.push(parent);
            parent = self.entries.get(&parent).map_or(0, |entry| entry.parent);
        }
        line
    }

    /// A session and all that were started in it, at any depth.
    #[must_use]
    pub fn tree(&self, id: u64) -> Vec<u64> {
        let below = |other: &u64| *other != id && self.lineage(*other).contains(&id);
        let mut tree = vec![id];
        tree.extend(self.entries.keys().copied().filter(below));
        tree
    }

    /// Selectors of a session under a policy: its own and those of its parents,
    /// so that nesting sheds nothing.
    #[must_use]
    pub fn selectors(&self, id: u64, rules: &dyn Rules) -> u64 {
        let line = self.lineage(id).into_iter();
        let own = line.filter_map(|id| self.entries.get(&id));
        own.fold(1, |mask, entry| mask | rules.selectors(&entry.identity))
    }

    /// Refuses every further action of a session and of all started in it.
    /// Gives the number of sessions that were not yet quarantined.
    ///
    /// # Errors
    /// The kernel's table cannot be written; as many as possible are set.
    pub fn quarantine(&mut self, id: u64) -> Result<usize, KernelError> {
        let mut result = Ok(0);
        for id in self.tree(id) {
            let Some(entry) = self.entries.get_mut(&id) else {
                continue;
            };
            if entry.quarantined {
                continue;
            }
            let set = self.kernel.lock().quarantine(id);
            match set {
                Ok(()) => {
                    entry.quarantined = true;
                    result = result.map(|count| count + 1);
                }
                Err(error) => result = Err(error),
            }
        }
        result
    }
}

/// Login name of a user, or the number.
#[must_use]
pub fn user_name(uid: u32) -> String {
    match nix::unistd::User::from_uid(uid.into()) {
        Ok(Some(user)) => user.name,
        _ => uid.to_string(),
    }
}

#[cfg(test)]
mod tests;
