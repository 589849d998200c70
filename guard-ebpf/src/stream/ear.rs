//! What a guarded MySQL socket hears of its server.

use crate::kernel::{atomic, socket};
use aya_ebpf::bindings::bpf_sock;
use core::ptr;
use guard_common::mysql::answers::Answers;
use guard_common::mysql::greeting::{Beginning, Greeting};
use guard_common::protocol::Protocol;
use guard_common::stream::{Stream, phase};

/// [`Ear::found`]: the answers cannot be counted.
pub(crate) const LOST: u64 = 1 << 32;
/// [`Ear::found`]: its low half is [`first`](guard_common::mysql::Connection::first).
const FIRST: u64 = 1 << 33;

/// The socket's lock is not held where something is heard. So `readers` says who may
/// use what is marked as the reader's, and the rest is handed over in single stores.
#[repr(C)]
pub(crate) struct Ear {
    /// The greeting.
    greeting: Greeting,
    /// [`LOST`], [`FIRST`] with a number, or 0: nothing yet.
    found: u64,
    /// Programs that want to read a packet.
    readers: u64,
    /// The client's side: commands sent; the command whose answer is looked for (low
    /// half), and how many statements were prepared with it.
    commands: u64,
    awaited: u64,
    /// Position in the packet. The reader's, as all that follows.
    pub(crate) at: u32,
    /// End of the packet.
    pub(crate) end: u32,
    /// Sequence number of the next byte.
    pub(crate) expect: u32,
    /// 1: the first byte was seen.
    pub(crate) started: u32,
    /// The server's stream.
    pub(crate) answers: Answers,
    /// Its first bytes.
    pub(crate) beginning: Beginning,
}

impl Ear {
    /// Is there nothing more to be heard?
    #[inline(always)]
    pub(crate) fn is_done(&self) -> bool {
        load(&self.found) != 0
    }

    /// Lets the caller read, or nobody.
    #[inline(always)]
    pub(crate) fn claim(&mut self) -> bool {
        // SAFETY: an aligned word of a reference.
        let mine = unsafe { atomic::fetch_add(&raw mut self.readers, 1) == 0 };
        if !mine {
            self.release();
        }
        mine
    }

    /// Ends a claim.
    #[inline(always)]
    pub(crate) fn release(&mut self) {
        // SAFETY: as in `claim`.
        unsafe { atomic::fetch_add(&raw mut self.readers, u64::MAX) };
    }

    /// Keeps the greeting.
    #[inline(always)]
    pub(crate) fn greet(&mut self, greeting: Greeting) {
        store(&mut self.greeting.0, greeting.0);
    }

    /// Gives up.
    #[inline(always)]
    pub(crate) fn lose(&mut self) {
        store(&mut self.found, LOST);
    }

    /// Commands that are answered or on their way.
    #[inline(always)]
    pub(crate) fn commands(&self) -> u32 {
        load(&self.commands) as u32
    }

    /// The command whose answer is looked for.
    #[inline(always)]
    pub(crate) fn awaited(&self) -> u32 {
        load(&self.awaited) as u32
    }

    /// Keeps the identifier in the awaited answer.
    #[inline(always)]
    pub(crate) fn find(&mut self, identifier: u32) {
        let number = (load(&self.awaited) >> 32) as u32;
        store(
            &mut self.found,
            FIRST | u64::from(identifier.wrapping_sub(number)),
        );
    }
}

#[inline(always)]
fn load(word: &u64) -> u64 {
    // SAFETY: an aligned load from a reference.
    unsafe { ptr::read_volatile(ptr::from_ref(word)) }
}

#[inline(always)]
fn store(word: &mut u64, value: u64) {
    // SAFETY: an aligned store through a reference.
    unsafe { ptr::write_volatile(ptr::from_mut(word), value) };
}

/// Begins to listen. Without memory for it the server stays unknown.
#[inline(always)]
pub(crate) fn begin(sk: *mut bpf_sock, stream: &mut Stream) {
    stream.mysql.unnumbered = 1;
    if let Some(ear) = socket::make_state::<Ear>(sk) {
        ear.started = 0;
        ear.commands = 0;
        ear.awaited = 0;
        ear.answers = Answers::default();
        ear.greet(Greeting::default());
        store(&mut ear.found, 0);
    }
}

/// Tells a client's stream what was heard of the server.
#[inline(always)]
pub(crate) fn inform(sk: *mut bpf_sock, stream: &mut Stream) {
    if stream.protocol() != Protocol::Mysql || stream.mysql.unnumbered == 0 {
        return;
    }
    let Some(ear) = socket::state::<Ear>(sk) else {
        return;
    };
    if stream.phase == phase::START {
        Greeting(load(&ear.greeting.0)).tell(stream);
    }
    let found = load(&ear.found);
    if found & FIRST != 0 {
        stream.mysql.first = found as u32;
        stream.mysql.unnumbered = 0;
    }
}

/// Tells the ear what the client has asked for, before that leaves.
#[inline(always)]
pub(crate) fn ask(sk: *mut bpf_sock, stream: &Stream) {
    if stream.protocol() != Protocol::Mysql || stream.mysql.unnumbered == 0 {
        return;
    }
    let Some(ear) = socket::state::<Ear>(sk) else {
        return;
    };
    if ear.is_done() {
        return;
    }
    if stream.mysql.unanswered != 0 {
        ear.lose();
        return;
    }
    store(&mut ear.commands, u64::from(stream.mysql.commands));
    // One that waits for its answer goes on waiting. An older count of what has begun
    // only lets it wait longer.
    let asked = u64::from(stream.mysql.asked);
    if asked > u64::from(ear.awaited()) && ear.answers.begun >= ear.awaited() {
        store(
            &mut ear.awaited,
            asked | u64::from(stream.mysql.prepared) << 32,
        );
    }
}
