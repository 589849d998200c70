//! A guarded database socket: its state, and the two judges that read it.
//!
//! [`authority`] judges the bytes that leave (`cgroup_skb/egress`), [`voice`]
//! the same bytes a moment earlier (`sk_msg`), so that a refusal can talk. Both
//! run the framing and the engine of `guard_common` with a cursor of their own;
//! [`protocol`] picks the framing, [`engine`] is the engine.
//!
//! The kernel serialises them: both run with the socket's lock held (the voice
//! in `tcp_bpf_sendmsg`, egress below `tcp_write_xmit`), so they may share the
//! chunk and the record. Nothing here is per CPU: a softirq can run the same
//! program for another socket in the middle of a scan.

pub(crate) mod authority;
mod engine;
pub(crate) mod judge;
pub(crate) mod names;
pub(crate) mod protocol;
pub(crate) mod voice;

use crate::kernel::socket;
use crate::maps;
use aya_ebpf::bindings::bpf_sock;
use guard_common::abi::event::{Poisoned, Statement};
use guard_common::fault::Fault;
use guard_common::protocol::Protocol;
use guard_common::stream::{Chunk, Stream};
use names::NameIndex;

/// Substitutes on their way from the voice to the authority.
pub(crate) const PENDING: usize = 16;

/// State of one socket, in SK_STORAGE: about 12 KiB, below the 20 KiB that the
/// socket's option memory allows on 6.1.
///
/// It is made at connect, zeroed, and freed with the socket.
#[repr(C)]
pub(crate) struct Sock {
    /// The authority's cursor.
    pub(crate) authority: Stream,
    /// The voice's cursor.
    pub(crate) voice: Stream,
    /// The bytes being read.
    pub(crate) chunk: Chunk,
    /// The record being written.
    pub(crate) record: Statement,
    /// The record of its end: where nothing leaves any more.
    pub(crate) poison: Poisoned,
    /// Digests of substitutes that the authority has yet to see; 0: free.
    pub(crate) pending: [u64; PENDING],
    /// Beside each digest: hash of the name whose `Parse` was replaced, or 0.
    pub(crate) pending_name: [u64; PENDING],
    /// The name beside the substitute that the authority saw last.
    pub(crate) pending_taken: u64,
    /// Names of this socket in `guard_names`.
    pub(crate) names: NameIndex,
    /// Session of the connect.
    pub(crate) session: u64,
    /// Socket cookie.
    pub(crate) cookie: u64,
    /// Cookie of the network namespace.
    pub(crate) netns: u64,
    /// Epoch of the policy that `dataset` is an index of.
    pub(crate) dataset_epoch: u64,
    /// Remote address; IPv4 as v4-mapped IPv6, network order.
    pub(crate) address: [u8; 16],
    /// Thread group of the connect.
    pub(crate) tgid: u32,
    /// Thread of the connect.
    pub(crate) tid: u32,
    /// User of the connect.
    pub(crate) uid: u32,
    /// Next sequence number that the authority has not judged.
    pub(crate) expect: u32,
    /// Sequence number of the first byte of the chunk (authority).
    pub(crate) chunk_sequence: u32,
    /// Sequence number of the first byte of the message (authority).
    pub(crate) message_sequence: u32,
    /// Send position at which the voice's cursor stands.
    pub(crate) voice_next: u32,
    /// Send position of the first byte of the system call's data.
    pub(crate) voice_base: u32,
    /// Offset of the chunk in the system call's data.
    pub(crate) voice_offset: u32,
    /// Offset of the current message in the system call's data, or
    /// [`voice::BEGAN_EARLIER`].
    pub(crate) voice_message: u32,
    /// Bytes of the system call's data as it is sent.
    pub(crate) voice_size: u32,
    /// Bytes free in the send buffer; negative: none.
    pub(crate) voice_room: i32,
    /// The answer of the `sk_msg` program.
    pub(crate) voice_answer: u32,
    /// 1: all data of the system call is read, or answered.
    pub(crate) voice_done: u32,
    /// Bytes of a substitute written so far.
    pub(crate) voice_written: u32,
    /// Length of the first message of the substitute that was rendered last.
    pub(crate) voice_first: u32,
    /// What the voice found last: one of [`voice`]'s outcomes.
    pub(crate) voice_outcome: u32,
    /// Entries used of `pending`.
    pub(crate) pending_count: u32,
    /// Remote port, host order.
    pub(crate) port: u16,
    /// Dataset by index, or `NONE` when the policy at hand does not cover it.
    pub(crate) dataset: u8,
    /// 1 once the SYN was seen.
    pub(crate) started: u8,
    /// 1: nothing leaves any more.
    pub(crate) poisoned: u8,
    /// 1: the socket is in the voice's map.
    pub(crate) voiced: u8,
    /// 1: the voice's cursor is exact at `voice_next`.
    pub(crate) in_step: u8,
    /// 1: the voice left bytes that must not be sent; the authority ends it.
    pub(crate) condemned: u8,
}

/// What the connect hook knows of a new database connection.
///
/// VERIFIER(6.18): in this order the address is aligned; else its copy is refused
/// as a "misaligned stack access".
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Adoption {
    /// Session of the task.
    pub(crate) session: u64,
    /// Socket cookie.
    pub(crate) cookie: u64,
    /// Cookie of the network namespace.
    pub(crate) netns: u64,
    /// Remote address; IPv4 as v4-mapped IPv6, network order.
    pub(crate) address: [u8; 16],
    /// Thread group.
    pub(crate) tgid: u32,
    /// Thread.
    pub(crate) tid: u32,
    /// User.
    pub(crate) uid: u32,
    /// Remote port, host order.
    pub(crate) port: u16,
    /// Dataset by index.
    pub(crate) dataset: u8,
    /// What is spoken there.
    pub(crate) protocol: Protocol,
}

/// Puts a connecting socket under guard; `false`: no memory for its state, the
/// connect must be refused.
///
/// A second `connect` on a socket that is connected already changes nothing.
#[inline(always)]
pub(crate) fn adopt(sk: *mut bpf_sock, adoption: &Adoption) -> bool {
    let connected = socket::is_connected(sk);
    let Some(sock) = socket::make_state(sk) else {
        maps::count_fault(Fault::SocketState);
        return false;
    };
    if connected && sock.cookie != 0 {
        return true;
    }
    sock.session = adoption.session;
    sock.cookie = adoption.cookie;
    sock.netns = adoption.netns;
    sock.address = adoption.address;
    sock.tgid = adoption.tgid;
    sock.tid = adoption.tid;
    sock.uid = adoption.uid;
    sock.port = adoption.port;
    sock.dataset = adoption.dataset;
    sock.dataset_epoch = 0;
    sock.started = 0;
    sock.in_step = 0;
    sock.poisoned = 0;
    sock.condemned = 0;
    sock.pending_count = 0;
    sock.pending = [0; PENDING];
    sock.authority.reset(adoption.protocol);
    sock.voice.protocol = adoption.protocol as u8;
    true
}
