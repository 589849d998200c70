//! What a guarded MySQL socket hears of its server.

use crate::kernel::{atomic, socket};
use aya_ebpf::bindings::bpf_sock;
use core::ptr;
use guard_common::mysql::greeting::{Beginning, Greeting};
use guard_common::protocol::Protocol;
use guard_common::stream::{Stream, phase};

/// The socket's lock is not held where something is heard, so `claims` says who may
/// use `beginning`, and what was heard is handed over in one store.
#[repr(C)]
pub(crate) struct Ear {
    /// What was heard.
    heard: Greeting,
    /// How many packets wanted to be read; the first one is.
    claims: u64,
    /// What is being read.
    pub(crate) beginning: Beginning,
}

impl Ear {
    /// What was heard.
    #[inline(always)]
    pub(crate) fn heard(&self) -> Greeting {
        // SAFETY: an aligned load from a reference.
        unsafe { ptr::read_volatile(&raw const self.heard) }
    }

    /// Keeps what was heard.
    #[inline(always)]
    pub(crate) fn hear(&mut self, greeting: Greeting) {
        // SAFETY: an aligned store through a reference.
        unsafe { ptr::write_volatile(&raw mut self.heard, greeting) };
    }

    /// Tells whether the caller may use `beginning`: nobody else does from now on.
    #[inline(always)]
    pub(crate) fn claim(&mut self) -> bool {
        // SAFETY: an aligned word of a reference.
        unsafe { atomic::fetch_add(&raw mut self.claims, 1) == 0 }
    }
}

/// Begins to await a server's greeting. Without memory for it the server stays
/// unknown.
#[inline(always)]
pub(crate) fn begin(sk: *mut bpf_sock) {
    if let Some(ear) = socket::make_state::<Ear>(sk) {
        ear.claims = 0;
        ear.hear(Greeting::default());
    }
}

/// Tells a client's stream that has not begun which server it has reached.
#[inline(always)]
pub(crate) fn introduce(sk: *mut bpf_sock, stream: &mut Stream) {
    if stream.protocol() == Protocol::Mysql
        && stream.phase == phase::START
        && let Some(ear) = socket::state::<Ear>(sk)
    {
        ear.heard().tell(stream);
    }
}
