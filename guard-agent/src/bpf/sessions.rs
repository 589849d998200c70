//! Sessions and guarded tasks: what the agent reads, enters and removes.
//!
//! The kernel keeps these tables by itself; the agent enters what it launches,
//! lets go of what has ended, and sweeps up what an exit that the kernel missed
//! has left behind.

use super::pod::Bytes;
use super::{BpfError, Kernel};
use aya::maps::MapError;
use guard_common::abi::session::{Session, Task};
use std::time::Duration;

/// Deepest nesting of sessions: the exit hook's bound.
const MAX_NESTING: usize = 16;

/// `BPF_NOEXIST`: insert only.
const NO_EXIST: u64 = 1;

impl Kernel {
    /// The entry of a thread group; `None`: not guarded.
    ///
    /// # Errors
    ///
    /// The map cannot be read.
    pub fn task(&self, tgid: u32) -> Result<Option<Task>, BpfError> {
        found(self.tables.tasks.get(&tgid, 0), "guard_tasks").map(|task| task.map(|task| task.0))
    }

    /// All guarded thread groups.
    ///
    /// # Errors
    ///
    /// The map cannot be read.
    pub fn tasks(&self) -> Result<Vec<(u32, Task)>, BpfError> {
        self.tables
            .tasks
            .iter()
            .map(|entry| entry.map(|(tgid, task)| (tgid, task.0)))
            .collect::<Result<_, _>>()
            .map_err(BpfError::map("guard_tasks"))
    }

    /// Thread groups of all guarded tasks; none when they cannot be read.
    pub(super) fn tgids(&self) -> Vec<u32> {
        self.tables.tasks.keys().flatten().collect()
    }

    /// A session by id, also one that has ended and was not let go of.
    ///
    /// # Errors
    ///
    /// The map cannot be read.
    pub fn session(&self, id: u64) -> Result<Option<Session>, BpfError> {
        let session = found(self.tables.sessions.get(&id, 0), "guard_sessions")?;
        Ok(session.map(|session| session.0))
    }

    /// All sessions, ended ones included.
    ///
    /// # Errors
    ///
    /// The map cannot be read.
    pub fn sessions(&self) -> Result<Vec<(u64, Session)>, BpfError> {
        self.tables
            .sessions
            .iter()
            .map(|entry| entry.map(|(id, session)| (id, session.0)))
            .collect::<Result<_, _>>()
            .map_err(BpfError::map("guard_sessions"))
    }

    /// Thread groups and nested sessions of a session; 0: it has ended.
    ///
    /// # Errors
    ///
    /// The map cannot be read.
    pub fn members(&self, id: u64) -> Result<u64, BpfError> {
        Ok(found(self.tables.members.get(&id, 0), "guard_members")?.unwrap_or(0))
    }

    /// Begins a session with one thread group.
    ///
    /// The selectors of the session around it (`session.parent`) are added to its
    /// own, and its quarantine too. The caller makes sure that the thread group
    /// still exists *after* this returns (a pidfd says so), and calls
    /// [`Kernel::unregister`] otherwise: an exit before the entry is one that the
    /// kernel side has not seen.
    ///
    /// # Errors
    ///
    /// A table is full, the nesting is too deep, or a map cannot be written; then
    /// nothing of the session is left.
    pub fn register(&mut self, tgid: u32, id: u64, session: &Session) -> Result<(), BpfError> {
        let mut session = *session;
        let depth = self.depth(session.parent)?;
        if depth >= MAX_NESTING {
            return Err(BpfError::TooDeep(depth));
        }
        if session.parent != 0 {
            let around = self
                .session(session.parent)?
                .ok_or(BpfError::NoSession(session.parent))?;
            for (own, outer) in session.selectors.iter_mut().zip(around.selectors) {
                *own |= outer;
            }
            session.flags |= around.flags;
        }
        let task = Task {
            session: id,
            since_ns: boot_ns(),
        };
        let moved = self.task(tgid)?.is_some();
        full(
            self.tables.sessions.insert(id, Bytes(session), NO_EXIST),
            "guard_sessions",
        )?;
        let entered =
            full(self.tables.members.insert(id, 1, NO_EXIST), "guard_members").and_then(|()| {
                full(
                    self.tables.tasks.insert(tgid, Bytes(task), 0),
                    "guard_tasks",
                )
            });
        if let Err(error) = entered {
            self.remove_session(id)?;
            return Err(error);
        }
        if !moved {
            self.add_to_count(1)?;
        }
        Ok(())
    }

    /// Takes back what [`Kernel::register`] did for a thread group that is gone.
    ///
    /// # Errors
    ///
    /// A map cannot be written.
    pub fn unregister(&mut self, tgid: u32, id: u64) -> Result<(), BpfError> {
        if self.task(tgid)?.is_some_and(|task| task.session == id) {
            absent(self.tables.tasks.remove(&tgid), "guard_tasks")?;
            self.add_to_count(-1)?;
        }
        self.remove_session(id)
    }

    /// Changes a session; `false`: there is no such session.
    ///
    /// # Errors
    ///
    /// The map cannot be read or written.
    pub fn update_session(
        &mut self,
        id: u64,
        change: impl FnOnce(&mut Session),
    ) -> Result<bool, BpfError> {
        let Some(mut session) = self.session(id)? else {
            return Ok(false);
        };
        change(&mut session);
        self.tables
            .sessions
            .insert(id, Bytes(session), 0)
            .map_err(BpfError::map("guard_sessions"))?;
        Ok(true)
    }

    /// Lets go of a session. The caller waits until it has ended and its sockets
    /// have had time to send what they hold: bytes of a session that is not known
    /// are a fault.
    ///
    /// # Errors
    ///
    /// A map cannot be written.
    pub fn remove_session(&mut self, id: u64) -> Result<(), BpfError> {
        absent(self.tables.sessions.remove(&id), "guard_sessions")?;
        absent(self.tables.members.remove(&id), "guard_members")
    }

    /// Removes tasks that no longer exist, which only an exit that the kernel
    /// side missed leaves behind, and corrects the count of tasks. Returns the
    /// sessions that have ended by it.
    ///
    /// # Errors
    ///
    /// A map cannot be read or written.
    pub fn sweep(&mut self) -> Result<Vec<u64>, BpfError> {
        let mut ended = Vec::new();
        let tasks = self.tasks()?;
        let total = tasks.len() as u64;
        let mut removed = 0;
        for (tgid, task) in tasks {
            if is_alive(tgid, task.since_ns) {
                continue;
            }
            absent(self.tables.tasks.remove(&tgid), "guard_tasks")?;
            removed += 1;
            self.drop_member(task.session, &mut ended)?;
        }
        self.tables
            .count
            .set(0, total - removed, 0)
            .map_err(BpfError::map("guard_count"))?;
        Ok(ended)
    }

    /// What the exit hook does when a task leaves a session.
    fn drop_member(&mut self, first: u64, ended: &mut Vec<u64>) -> Result<(), BpfError> {
        let mut id = first;
        for _ in 0..MAX_NESTING {
            let members = self.members(id)?;
            if members > 1 {
                return self
                    .tables
                    .members
                    .insert(id, members - 1, 0)
                    .map_err(BpfError::map("guard_members"));
            }
            absent(self.tables.members.remove(&id), "guard_members")?;
            ended.push(id);
            match self.session(id)? {
                Some(session) if session.parent != 0 => id = session.parent,
                _ => return Ok(()),
            }
        }
        Ok(())
    }

    /// Fills in the selectors of every session for a slot; with `only_missing`
    /// of those that have none.
    pub(super) fn select(
        &mut self,
        slot: u32,
        selectors: &impl Fn(u64, &Session) -> u64,
        only_missing: bool,
    ) -> Result<(), BpfError> {
        let sessions = self.sessions()?;
        for &(id, session) in &sessions {
            if only_missing && session.selectors[slot as usize] != 0 {
                continue;
            }
            let mut mask = 1 | selectors(id, &session);
            let mut parent = session.parent;
            for _ in 0..MAX_NESTING {
                let Some((id, around)) = sessions.iter().find(|entry| entry.0 == parent) else {
                    break;
                };
                mask |= selectors(*id, around);
                parent = around.parent;
            }
            self.update_session(id, |session| session.selectors[slot as usize] = mask)?;
        }
        Ok(())
    }

    /// How many sessions a session is nested in, itself included; 0 for none.
    fn depth(&self, first: u64) -> Result<usize, BpfError> {
        let (mut id, mut depth) = (first, 0);
        while id != 0 && depth < MAX_NESTING {
            depth += 1;
            id = self.session(id)?.map_or(0, |session| session.parent);
        }
        Ok(depth)
    }

    /// Corrects the count of tasks. The kernel counts at the same time, so a step
    /// of it can be lost here; [`Kernel::sweep`] puts that right.
    fn add_to_count(&mut self, by: i64) -> Result<(), BpfError> {
        let count = self
            .tables
            .count
            .get(&0, 0)
            .map_err(BpfError::map("guard_count"))?;
        self.tables
            .count
            .set(0, count.wrapping_add_signed(by), 0)
            .map_err(BpfError::map("guard_count"))
    }
}

/// Whether a thread group exists and began before its entry was made: a later
/// one is another that got the same number.
fn is_alive(tgid: u32, since_ns: u64) -> bool {
    /// Ticks of `/proc/<pid>/stat` in a second (`USER_HZ`).
    const TICKS: u64 = 100;
    /// An entry is made right after its task; ticks are coarse.
    const SLACK: Duration = Duration::from_secs(1);
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{tgid}/stat")) else {
        return false;
    };
    // The name in brackets may contain spaces; the 20th word after it is the
    // time of the start.
    let start = stat
        .rsplit_once(')')
        .and_then(|(_, words)| words.split_whitespace().nth(19))
        .and_then(|ticks| ticks.parse::<u64>().ok());
    start.is_none_or(|ticks| {
        Duration::from_millis(ticks * 1000 / TICKS) <= Duration::from_nanos(since_ns) + SLACK
    })
}

/// Boot time in nanoseconds, as the kernel side has it.
pub(crate) fn boot_ns() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

/// A value, or nothing where there is no such key.
fn found<T>(result: Result<T, MapError>, name: &'static str) -> Result<Option<T>, BpfError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(MapError::KeyNotFound) => Ok(None),
        Err(error) => Err(BpfError::map(name)(error)),
    }
}

/// The result of an insertion; a table without room has its own error.
fn full(result: Result<(), MapError>, name: &'static str) -> Result<(), BpfError> {
    result.map_err(|error| match os_error(&error) {
        Some(libc::E2BIG | libc::ENOMEM) => BpfError::Full(name),
        _ => BpfError::map(name)(error),
    })
}

/// The result of a removal; what is not there needs none.
fn absent(result: Result<(), MapError>, name: &'static str) -> Result<(), BpfError> {
    match result {
        Err(error) if os_error(&error) != Some(libc::ENOENT) => Err(BpfError::map(name)(error)),
        _ => Ok(()),
    }
}

/// The system call's own error inside a map error.
fn os_error(error: &MapError) -> Option<i32> {
    match error {
        MapError::SyscallError(error) => error.io_error.raw_os_error(),
        MapError::KeyNotFound => Some(libc::ENOENT),
        _ => None,
    }
}
