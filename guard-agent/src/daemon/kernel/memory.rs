//! A kernel in memory, for unit tests.

use super::{Enforcer, Result, Tables};
use crate::config::OnStop;
use guard_common::abi::event::Poisoned;
use guard_common::abi::session::{SESSION_QUARANTINED, Session, Task};
use guard_common::fault::Fault;
use guard_common::limits::MAX_RULES;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

/// What the maps hold.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) tasks: BTreeMap<u32, Task>,
    pub(crate) sessions: BTreeMap<u64, Session>,
    pub(crate) disarmed_until_ns: u64,
    pub(crate) epoch: u64,
    pub(crate) destroyed: Vec<u64>,
    pub(crate) stopped: Option<OnStop>,
    /// As the kernel counts, one a CPU.
    pub(crate) next_numbers: Vec<u64>,
}

/// Handle to a kernel in memory; clones share it.
#[derive(Clone, Default)]
pub(crate) struct Memory(Arc<Mutex<State>>);

impl Memory {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0
            .lock()
            .expect("no test panics while it holds the lock")
    }
}

impl Enforcer for Memory {
    fn install(&mut self, tables: Tables<'_>) -> Result<u64> {
        let mut state = self.state();
        state.epoch += 1;
        for (id, session) in &mut state.sessions {
            session.selectors[0] = (tables.selectors)(*id, session);
        }
        Ok(state.epoch)
    }

    fn register(&mut self, tgid: u32, id: u64, session: &Session) -> Result<()> {
        let mut state = self.state();
        let task = Task {
            session: id,
            since_ns: session.begin_ns,
        };
        state.sessions.insert(id, *session);
        state.tasks.insert(tgid, task);
        Ok(())
    }

    fn task(&self, tgid: u32) -> Result<Option<Task>> {
        Ok(self.state().tasks.get(&tgid).copied())
    }

    fn tasks(&self) -> Result<Vec<(u32, Task)>> {
        Ok(self
            .state()
            .tasks
            .iter()
            .map(|(tgid, task)| (*tgid, *task))
            .collect())
    }

    fn session(&self, id: u64) -> Result<Option<Session>> {
        Ok(self.state().sessions.get(&id).copied())
    }

    fn sessions(&self) -> Result<Vec<(u64, Session)>> {
        Ok(self
            .state()
            .sessions
            .iter()
            .map(|(id, session)| (*id, *session))
            .collect())
    }

    fn unregister(&mut self, tgid: u32, id: u64) -> Result<()> {
        self.state().tasks.remove(&tgid);
        self.remove_session(id)
    }

    fn quarantine(&mut self, id: u64) -> Result<()> {
        if let Some(session) = self.state().sessions.get_mut(&id) {
            session.flags |= SESSION_QUARANTINED;
        }
        Ok(())
    }

    fn sweep(&mut self) -> Result<()> {
        Ok(())
    }

    fn poisoned(&self) -> Result<Vec<Poisoned>> {
        Ok(Vec::new())
    }

    fn destroy(&mut self, socket: &Poisoned) -> Result<()> {
        self.state().destroyed.push(socket.socket);
        Ok(())
    }

    fn stop(&mut self, on_stop: OnStop) -> Result<()> {
        self.state().stopped = Some(on_stop);
        Ok(())
    }

    fn remove_session(&mut self, id: u64) -> Result<()> {
        self.state().sessions.remove(&id);
        Ok(())
    }

    fn next_numbers(&self) -> Result<Vec<u64>> {
        Ok(self.state().next_numbers.clone())
    }

    fn faults(&self) -> Result<[u64; Fault::COUNT]> {
        Ok([0; Fault::COUNT])
    }

    fn rule_matches(&self) -> Result<[u64; MAX_RULES]> {
        Ok([0; MAX_RULES])
    }

    fn memory(&self) -> u64 {
        0
    }

    fn live_slot(&self) -> Result<usize> {
        Ok(0)
    }

    fn set_disarmed(&mut self, until_boot_ns: u64) -> Result<()> {
        self.state().disarmed_until_ns = until_boot_ns;
        Ok(())
    }

    fn disarmed_until(&self) -> Result<u64> {
        Ok(self.state().disarmed_until_ns)
    }
}
