//! Records of the ring buffer `guard_events`.
//!
//! Every record starts with a [`Header`]. The reader treats them as hostile:
//! length, version and kind are checked before anything else is read, and an
//! unknown kind is counted and passed over.

use crate::facts::Facts;
use crate::limits::{ARGV_BYTES, NAME_BYTES, PATH_BYTES};
use crate::text::Text;
use crate::verdict::Decision;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// [`Header::kind`] of an [`Exec`].
pub const EVENT_EXEC: u16 = 1;
/// [`Header::kind`] of a [`Connect`].
pub const EVENT_CONNECT: u16 = 2;
/// [`Header::kind`] of a [`Statement`].
pub const EVENT_STATEMENT: u16 = 3;
/// [`Header::kind`] of a [`Poisoned`].
pub const EVENT_POISONED: u16 = 4;
/// [`Header::kind`] of a [`SessionChange`]: the kernel opened a session.
pub const EVENT_SESSION_BEGIN: u16 = 5;
/// [`Header::kind`] of a [`SessionChange`]: its last task has exited.
pub const EVENT_SESSION_END: u16 = 6;

/// What every record starts with.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct Header {
    /// Boot time in nanoseconds (`CLOCK_BOOTTIME`).
    pub time_ns: u64,
    /// Number of this record on its CPU since the maps were made. Lost records
    /// use a number too: a gap here is a loss.
    pub number: u64,
    /// Session id, or 0.
    pub session: u64,
    /// Policy epoch of the decision.
    pub epoch: u64,
    /// Whole length of the record in bytes.
    pub length: u32,
    /// CPU that wrote the record.
    pub cpu: u32,
    /// Thread group; for sockets that of the connect.
    pub tgid: u32,
    /// Thread; for sockets that of the connect.
    pub tid: u32,
    /// User id (initial user namespace).
    pub uid: u32,
    /// `EVENT_*`.
    pub kind: u16,
    /// [`super::ABI_VERSION`].
    pub version: u16,
}

/// Why argv of a program start is incomplete: bits of [`Exec::argv_flags`].
pub const ARGV_CUT: u32 = 1;
/// [`Exec::argv_flags`]: argv could not be read.
pub const ARGV_UNREADABLE: u32 = 2;

/// A guarded program start.
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct Exec {
    /// Header.
    pub header: Header,
    /// Decision.
    pub decision: Decision,
    /// Cgroup id of the task.
    pub cgroup: u64,
    /// Thread group of the parent.
    pub parent: u32,
    /// [`crate::verdict::Effect`].
    pub effect: u32,
    /// Bytes used of `path`.
    pub path_len: u32,
    /// Bytes used of `argv`.
    pub argv_len: u32,
    /// `ARGV_*` bits.
    pub argv_flags: u32,
    /// Zero.
    pub reserved: u32,
    /// The program as the kernel names it (of a script: the script).
    pub path: [u8; PATH_BYTES],
    /// Arguments, each followed by NUL. The record ends after `argv_len` bytes.
    pub argv: [u8; ARGV_BYTES],
}

/// A connection attempt of a guarded task.
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct Connect {
    /// Header.
    pub header: Header,
    /// Decision.
    pub decision: Decision,
    /// Socket cookie.
    pub socket: u64,
    /// Cookie of the socket's network namespace.
    pub netns: u64,
    /// Remote address; IPv4 as v4-mapped IPv6, network order.
    pub address: [u8; 16],
    /// Remote port, host order.
    pub port: u16,
    /// Transport protocol number (6 TCP, 17 UDP).
    pub transport: u16,
    /// [`crate::verdict::Effect`].
    pub effect: u8,
    /// Dataset by index, or [`super::policy::NONE`].
    pub dataset: u8,
    /// Zero.
    pub reserved: [u8; 2],
}

/// Who judged: [`Statement::judge`].
pub const JUDGE_AUTHORITY: u8 = 0;
/// [`Statement::judge`]: the voice (`sk_msg`).
pub const JUDGE_VOICE: u8 = 1;

/// A judged message on a database socket.
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct Statement {
    /// Header; task ids are those of the connect.
    pub header: Header,
    /// Decision.
    pub decision: Decision,
    /// Socket cookie.
    pub socket: u64,
    /// Id of this decision as the client sees it in DETAIL.
    pub id: u64,
    /// Remote address; IPv4 as v4-mapped IPv6, network order.
    pub address: [u8; 16],
    /// TCP sequence number of the message's first byte.
    pub sequence: u32,
    /// Remote port, host order.
    pub port: u16,
    /// Type byte of the message (`Q`, `P`, `E`, `F` …); `S` for the startup packet.
    pub message: u8,
    /// [`crate::verdict::Effect`].
    pub effect: u8,
    /// Dataset by index.
    pub dataset: u8,
    /// `JUDGE_*`.
    pub judge: u8,
    /// Zero.
    pub reserved: [u8; 6],
    /// `database` of the startup packet.
    pub database: Text<NAME_BYTES>,
    /// `user` of the startup packet.
    pub user: Text<NAME_BYTES>,
    /// Facts.
    pub facts: Facts,
}

/// A poisoned socket: nothing leaves it any more, the agent destroys it.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct Poisoned {
    /// Header.
    pub header: Header,
    /// Socket cookie.
    pub socket: u64,
    /// Cookie of the socket's network namespace.
    pub netns: u64,
    /// Local address; IPv4 as v4-mapped IPv6, network order.
    pub local: [u8; 16],
    /// Remote address, same form.
    pub remote: [u8; 16],
    /// Local port, host order.
    pub local_port: u16,
    /// Remote port, host order.
    pub remote_port: u16,
    /// Address family of the socket (2 `AF_INET`, 10 `AF_INET6`).
    pub family: u16,
    /// Zero.
    pub reserved: u16,
    /// TCP sequence number from which on nothing has left: what was allowed behind
    /// it shared a packet with what was refused.
    pub withheld_from: u32,
    /// Zero.
    pub reserved2: u32,
}

/// Begin or end of a session, seen in the kernel.
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct SessionChange {
    /// Header.
    pub header: Header,
    /// The session this one was started in, or 0.
    pub parent: u64,
    /// Subject by index in the policy of `header.epoch`.
    pub subject: u32,
    /// Zero.
    pub reserved: u32,
}

const _: () = assert!(size_of::<Header>() == 56);
const _: () = assert!(size_of::<Exec>() == 56 + 16 + 32 + PATH_BYTES + ARGV_BYTES);
const _: () = assert!(size_of::<Connect>() == 56 + 16 + 40);
const _: () = assert!(size_of::<Statement>() == 56 + 16 + 48 + 2 * 68 + size_of::<Facts>());
const _: () = assert!(size_of::<Poisoned>() == 56 + 64);
const _: () = assert!(size_of::<SessionChange>() == 56 + 16);
