//! The real kernel side behind the daemon's own view of it.

use super::kernel::{Enforcer, KernelError, Result, Tables};
use super::start::{StartError, Started};
use crate::bpf::{self, BpfError, Kernel, Options};
use crate::config::{Config, OnStop};
use crate::dialect::Dialects;
use crate::events::reader::Ring;
use aya::maps::{MapData, RingBuf};
use guard_common::abi::event::Poisoned;
use guard_common::abi::session::{SESSION_QUARANTINED, Session, Task};
use guard_common::fault::Fault;
use guard_common::limits::MAX_RULES;
use std::os::fd::{AsFd, BorrowedFd};

/// Loads or takes over programs and maps.
///
/// # Errors
/// The kernel refuses, or what is pinned cannot be taken over.
pub fn start(config: &Config) -> std::result::Result<Started, StartError> {
    let options = Options {
        scope: config.scope.clone(),
        pin_dir: Some(config.pin_dir.clone()),
        ring_bytes: config.ring_kib.saturating_mul(1024),
    };
    let dialects = Dialects::load().map_err(|error| KernelError {
        what: "the statement engine's tables",
        source: Box::new(error),
    })?;
    let mut kernel = Kernel::start(&options).map_err(|error| match error {
        BpfError::Scope { path, reason } => StartError::Scope { path, reason },
        BpfError::NotBuilt
        | BpfError::Offsets(_)
        | BpfError::Load(_)
        | BpfError::Program { .. } => unsupported(&error),
        BpfError::File { .. } | BpfError::Pin { .. } => StartError::Pins(Box::new(error)),
        other => failed("kernel side")(other).into(),
    })?;
    kernel.lexer(&dialects).map_err(failed("lexer"))?;
    let ring = kernel.events().ok_or(BpfError::NoMap("guard_events"));
    let ring = ring.map_err(failed("ring buffer"))?;
    let adopted = kernel.adopted();
    let not_enforced = bpf::beyond_reach();
    let text = |answer: &bpf::Answer| format!("{}: {}", answer.action, answer.note);
    Ok(Started {
        enforcer: Box::new(Link(Some(kernel))),
        ring: Box::new(Events(ring)),
        adopted,
        not_enforced: not_enforced.iter().map(text).collect(),
    })
}

fn unsupported(error: &BpfError) -> StartError {
    StartError::Unsupported {
        message: error.to_string(),
        help: Some("`guardctl probe` says what this kernel can do".to_owned()),
    }
}

fn failed(what: &'static str) -> impl Fn(BpfError) -> KernelError {
    move |error| KernelError {
        what,
        source: Box::new(error),
    }
}

/// The ring buffer `guard_events`.
struct Events(RingBuf<MapData>);

impl Ring for Events {
    fn fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }

    fn next(&mut self, read: &mut dyn FnMut(&[u8])) -> bool {
        match self.0.next() {
            Some(record) => {
                read(&record);
                true
            }
            None => false,
        }
    }
}

/// The kernel side until it is let go of.
struct Link(Option<Kernel>);

impl Link {
    fn kernel(&self) -> Result<&Kernel> {
        self.0.as_ref().ok_or_else(stopped)
    }

    fn kernel_mut(&mut self) -> Result<&mut Kernel> {
        self.0.as_mut().ok_or_else(stopped)
    }
}

fn stopped() -> KernelError {
    KernelError {
        what: "kernel side",
        source: "it is stopped".into(),
    }
}

impl Enforcer for Link {
    fn install(&mut self, tables: Tables<'_>) -> Result<u64> {
        let selectors = |id, session: &_| (tables.selectors)(id, session);
        let kernel = self.kernel_mut()?;
        let installed = kernel.install(tables.policy, tables.denials, selectors);
        installed.map_err(failed("policy"))
    }

    fn register(&mut self, tgid: u32, id: u64, session: &Session) -> Result<()> {
        let registered = self.kernel_mut()?.register(tgid, id, session);
        registered.map_err(failed("session"))
    }

    fn unregister(&mut self, tgid: u32, id: u64) -> Result<()> {
        self.kernel_mut()?
            .unregister(tgid, id)
            .map_err(failed("session"))
    }

    fn task(&self, tgid: u32) -> Result<Option<Task>> {
        self.kernel()?.task(tgid).map_err(failed("task"))
    }

    fn tasks(&self) -> Result<Vec<(u32, Task)>> {
        self.kernel()?.tasks().map_err(failed("tasks"))
    }

    fn session(&self, id: u64) -> Result<Option<Session>> {
        self.kernel()?.session(id).map_err(failed("session"))
    }

    fn sessions(&self) -> Result<Vec<(u64, Session)>> {
        self.kernel()?.sessions().map_err(failed("sessions"))
    }

    fn quarantine(&mut self, id: u64) -> Result<()> {
        let set = |session: &mut Session| session.flags |= SESSION_QUARANTINED;
        let updated = self.kernel_mut()?.update_session(id, set);
        updated.map(drop).map_err(failed("quarantine"))
    }

    fn remove_session(&mut self, id: u64) -> Result<()> {
        self.kernel_mut()?
            .remove_session(id)
            .map_err(failed("session"))
    }

    fn sweep(&mut self) -> Result<()> {
        self.kernel_mut()?
            .sweep()
            .map(drop)
            .map_err(failed("tasks"))
    }

    fn faults(&self) -> Result<[u64; Fault::COUNT]> {
        self.kernel()?.faults().map_err(failed("faults"))
    }

    fn next_numbers(&self) -> Result<Vec<u64>> {
        self.kernel()?
            .next_numbers()
            .map_err(failed("numbers of records"))
    }

    fn rule_matches(&self) -> Result<[u64; MAX_RULES]> {
        self.kernel()?
            .rule_matches()
            .map_err(failed("rule counters"))
    }

    fn memory(&self) -> u64 {
        self.0.as_ref().map_or(0, Kernel::memory)
    }

    fn live_slot(&self) -> Result<usize> {
        let settings = self.kernel()?.settings().map_err(failed("settings"))?;
        Ok(usize::try_from(settings.slot).unwrap_or(0))
    }

    fn set_disarmed(&mut self, until_boot_ns: u64) -> Result<()> {
        let set = self.kernel_mut()?.set_disarmed(until_boot_ns);
        set.map_err(failed("settings"))
    }

    fn disarmed_until(&self) -> Result<u64> {
        let settings = self.kernel()?.settings().map_err(failed("settings"))?;
        Ok(settings.disarmed_until_ns)
    }

    fn poisoned(&self) -> Result<Vec<Poisoned>> {
        self.kernel()?
            .poisoned()
            .map_err(failed("poisoned sockets"))
    }

    fn destroy(&mut self, socket: &Poisoned) -> Result<()> {
        self.kernel_mut()?
            .destroy(socket)
            .map_err(failed("poisoned socket"))
    }

    fn stop(&mut self, on_stop: OnStop) -> Result<()> {
        let on_stop = match on_stop {
            OnStop::Keep => bpf::OnStop::Keep,
            OnStop::Detach => bpf::OnStop::Detach,
        };
        match self.0.take() {
            Some(kernel) => kernel.stop(on_stop).map_err(failed("stop")),
            None => Ok(()),
        }
    }
}
