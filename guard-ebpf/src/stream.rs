//! A guarded database socket: its state, and the two judges that read it.
//!
//! [`authority`] judges the bytes that leave (`cgroup_skb/egress`), [`voice`]
//! the same bytes a moment earlier (`sk_msg`), so that a refusal can talk. Both
//! run the framing and the engine of `guard_common` with a cursor of their own;
//! [`protocol`] picks the framing, [`engine`] is the engine.
//!
//! The kernel serialises them: both run with the socket's lock held (the voice
//! in `tcp_bpf_sendmsg`, egress below `tcp_write_xmit`), so they may share the
//! desk. Nothing here is per CPU: a softirq can run the same program for another
//! socket in the middle of a scan.
//!
//! The state is in three socket storages, each below the 8 KiB that newer kernels
//! give to one, and together below the 20 KiB that the socket's option memory
//! allows on 6.1. They are made at connect, zeroed, and freed with the socket.

pub(crate) mod authority;
pub(crate) mod ear;
mod engine;
pub(crate) mod judge;
pub(crate) mod names;
pub(crate) mod protocol;
pub(crate) mod said;
pub(crate) mod voice;

use crate::kernel::packet::Segment;
use crate::kernel::socket;
use crate::maps;
use aya_ebpf::bindings::bpf_sock;
use guard_common::abi::event::Poisoned;
use guard_common::fault::Fault;
use guard_common::protocol::Protocol;
use guard_common::said::Said;
use guard_common::stream::{Chunk, Stream};
use guard_common::verdict::Decision;
use names::NameIndex;
use voice::Voice;

/// Substitutes on their way from the voice to the authority.
pub(crate) const PENDING: usize = 16;

/// What is known of the socket, and the authority's place in the stream.
#[repr(C)]
pub(crate) struct Sock {
    /// The authority's cursor.
    pub(crate) authority: Stream,
    /// Whose socket it is.
    pub(crate) ward: Ward,
    /// The record of its end: where nothing leaves any more.
    pub(crate) poison: Poisoned,
    /// Substitutes that the authority has yet to see.
    pub(crate) pending: Pending,
    /// Next sequence number that the authority has not judged.
    pub(crate) expect: u32,
    /// Sequence number of the first byte of the chunk.
    pub(crate) chunk_sequence: u32,
    /// Sequence number of the first byte of the message.
    pub(crate) message_sequence: u32,
    /// The packet at hand.
    pub(crate) segment: Segment,
    /// Offset in it of what is not read yet.
    pub(crate) offset: u32,
    /// Bytes of it.
    pub(crate) left: u32,
    /// 1 once the SYN was seen.
    pub(crate) started: u8,
    /// 1: nothing leaves any more.
    pub(crate) poisoned: u8,
    /// 1: the socket is in the voice's map.
    pub(crate) voiced: u8,
    /// 1: the voice left bytes that must not be sent; the authority ends it.
    pub(crate) condemned: u8,
}

/// Who opened the socket and to where, and what was decided last.
#[repr(C)]
pub(crate) struct Ward {
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
    /// Id of the last decision.
    pub(crate) id: u64,
    /// The last decision.
    pub(crate) decision: Decision,
    /// Thread group of the connect.
    pub(crate) tgid: u32,
    /// Thread of the connect.
    pub(crate) tid: u32,
    /// User of the connect.
    pub(crate) uid: u32,
    /// Remote port, host order.
    pub(crate) port: u16,
    /// Dataset by index, or `NONE` when the policy at hand does not cover it.
    pub(crate) dataset: u8,
    /// Zero.
    reserved: u8,
}

/// Substitutes on their way.
#[repr(C)]
pub(crate) struct Pending {
    /// Their digests; 0: free.
    digests: [u64; PENDING],
    /// Beside each digest: hash of the name whose `Parse` was replaced, or 0.
    names: [u64; PENDING],
    /// The name beside the substitute that the authority saw last.
    taken: u64,
    /// Entries in use.
    count: u64,
}

impl Pending {
    /// Announces a substitute, where there [is room](Self::has_room).
    #[inline(always)]
    fn add(&mut self, digest: u64, name: u64) {
        let mut index = 0;
        while index < PENDING {
            if self.digests[index] == 0 {
                self.digests[index] = digest;
                self.names[index] = name;
                self.count = self.count.wrapping_add(1);
                break;
            }
            index += 1;
        }
    }

    /// Takes the substitute with this digest out, its name into `taken`; `false`:
    /// none was announced.
    #[inline(always)]
    fn take(&mut self, digest: u64) -> bool {
        let mut index = 0;
        while index < PENDING {
            if self.digests[index] == digest {
                self.digests[index] = 0;
                self.taken = self.names[index];
                self.count = self.count.wrapping_sub(1);
                return true;
            }
            index += 1;
        }
        false
    }

    /// Tells whether there is room to announce one more.
    #[inline(always)]
    pub(crate) const fn has_room(&self) -> bool {
        self.count < PENDING as u64
    }
}

/// What both judges work with.
#[repr(C)]
pub(crate) struct Desk {
    /// The bytes being read.
    pub(crate) chunk: Chunk,
    /// Names of this socket in `guard_names`.
    pub(crate) names: NameIndex,
    /// The text that the voice read last.
    pub(crate) said: Said,
}

/// Most that a kernel gives to one socket storage with its head: the largest
/// cache of `kmalloc`.
const STORAGE_BYTES: usize = 8192;
/// The head of a storage, generously.
const HEAD_BYTES: usize = 256;

const _: () = assert!(size_of::<Sock>() + HEAD_BYTES < STORAGE_BYTES);
const _: () = assert!(size_of::<Desk>() + HEAD_BYTES < STORAGE_BYTES);
const _: () = assert!(size_of::<Voice>() + HEAD_BYTES < STORAGE_BYTES);

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
    let (Some(sock), Some(_), Some(voice)) = (
        socket::make_state::<Sock>(sk),
        socket::make_state::<Desk>(sk),
        socket::make_state::<Voice>(sk),
    ) else {
        maps::count_fault(Fault::SocketState);
        return false;
    };
    if connected && sock.ward.cookie != 0 {
        return true;
    }
    let ward = &mut sock.ward;
    ward.session = adoption.session;
    ward.cookie = adoption.cookie;
    ward.netns = adoption.netns;
    ward.address = adoption.address;
    ward.tgid = adoption.tgid;
    ward.tid = adoption.tid;
    ward.uid = adoption.uid;
    ward.port = adoption.port;
    ward.dataset = adoption.dataset;
    ward.dataset_epoch = 0;
    sock.started = 0;
    sock.poisoned = 0;
    sock.condemned = 0;
    sock.pending.count = 0;
    sock.pending.digests = [0; PENDING];
    sock.authority.reset(adoption.protocol);
    if adoption.protocol == Protocol::Mysql {
        ear::begin(sk, &mut sock.authority);
    }
    voice.in_step = 0;
    voice.stream.protocol = adoption.protocol as u8;
    true
}
