//! Opens a session for the process that asks for it.

use super::{Entry, Identity, Sessions};
use crate::daemon::kernel::KernelError;
use crate::daemon::rules::Rules;
use crate::events::clock::boot_ns;
use guard_common::abi::session::{ORIGIN_LAUNCH, SESSION_QUARANTINED, Session};
use guard_common::limits::SLOTS;

/// A process that asks for a session of its own, as its credentials and `/proc`
/// show it.
#[derive(Clone, Debug)]
pub struct Registration {
    /// Its thread group.
    pub tgid: u32,
    /// Who it says it is.
    pub identity: Identity,
}

/// Why no session was opened.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// The kernel's tables could not be written.
    #[error(transparent)]
    Kernel(#[from] KernelError),
    /// No random number for the id.
    #[error("no random number: {0}")]
    Random(getrandom::Error),
}

impl Sessions {
    /// Writes session and task into the kernel. From the answer on, the process
    /// and everything that it starts is guarded. A process that is guarded
    /// already gets a session inside its own, and keeps what held for it.
    ///
    /// # Errors
    /// The process is not guarded (or as it was before).
    pub fn register(
        &mut self,
        registration: &Registration,
        rules: &dyn Rules,
    ) -> Result<(u64, &Entry), RegisterError> {
        let id = draw_id().map_err(RegisterError::Random)?;
        let own = rules.selectors(&registration.identity);
        let session = {
            let mut kernel = self.kernel.lock();
            let task = kernel.task(registration.tgid)?;
            let parent = task.map_or(0, |task| task.session);
            let outer = match parent {
                0 => None,
                parent => kernel.session(parent)?,
            };
            let slot = kernel.live_slot()?;
            let mut selectors = outer.map_or([1; SLOTS], |outer| outer.selectors);
            if let Some(mask) = selectors.get_mut(slot) {
                *mask |= own | 1;
            }
            let session = Session {
                selectors,
                parent,
                begin_ns: boot_ns(),
                flags: outer.map_or(0, |outer| outer.flags & SESSION_QUARANTINED),
                origin: ORIGIN_LAUNCH,
                subject: 0,
                tgid: registration.tgid,
            };
            kernel.register(registration.tgid, id, &session)?;
            session
        };
        self.find(session.parent);
        Ok((id, self.begun(id, registration.identity.clone(), &session)))
    }
}

/// A random id with the top bit clear, as the kernel's own ids have it set.
fn draw_id() -> Result<u64, getrandom::Error> {
    loop {
        let id = getrandom::u64()? >> 1;
        if id != 0 {
            return Ok(id);
        }
    }
}
