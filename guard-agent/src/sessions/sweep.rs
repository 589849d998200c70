//! Ends sessions: after their last task, and after what their sockets may still
//! send.

use super::Sessions;
use crate::daemon::kernel::KernelError;
use crate::decision::hex;
use std::collections::HashSet;
use std::time::Instant;

/// A session that is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Its id.
    pub id: u64,
    /// The id as records show it.
    pub name: String,
}

impl Sessions {
    /// The kernel saw the last task of a session exit.
    pub fn emptied(&mut self, id: u64, at: Instant) {
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.empty_since.get_or_insert(at);
        }
    }

    /// Removes the sessions that have had no task for the time of grace. A
    /// session stays as long as one started in it does. Also finds sessions
    /// whose end was not announced.
    ///
    /// # Errors
    /// The kernel's tables cannot be read; nothing is removed then.
    pub fn sweep(&mut self, at: Instant) -> Result<Vec<Ended>, KernelError> {
        let tasks = {
            let mut kernel = self.kernel.lock();
            kernel.sweep()?;
            kernel.tasks()?
        };
        let busy: HashSet<u64> = tasks.into_iter().map(|(_, task)| task.session).collect();
        let mut needed: HashSet<u64> = HashSet::new();
        let ids: Vec<u64> = self.entries.keys().copied().collect();
        for id in ids {
            let Some(entry) = self.entries.get_mut(&id) else {
                continue;
            };
            if busy.contains(&id) {
                entry.empty_since = None;
            } else {
                entry.empty_since.get_or_insert(at);
            }
            let over = entry
                .empty_since
                .is_some_and(|since| at.saturating_duration_since(since) >= self.grace);
            if !over {
                needed.extend(self.lineage(id));
            }
        }
        let mut ended = Vec::new();
        self.entries.retain(|id, _| {
            let keep = needed.contains(id);
            if !keep {
                ended.push(Ended {
                    id: *id,
                    name: hex(*id),
                });
            }
            keep
        });
        for over in &ended {
            self.kernel.lock().remove_session(over.id)?;
        }
        Ok(ended)
    }
}
