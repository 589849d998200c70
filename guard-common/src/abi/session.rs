//! Who is guarded: values of the maps `guard_tasks` and `guard_sessions`.

use crate::limits::SLOTS;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// [`Session::flags`]: every guarded action is refused.
pub const SESSION_QUARANTINED: u32 = 1;

/// [`Session::origin`]: registered through `guardctl run`.
pub const ORIGIN_LAUNCH: u32 = 0;
/// [`Session::origin`]: opened in the kernel by a matching program start.
pub const ORIGIN_EXEC: u32 = 1;

/// A session: one run of a subject.
///
/// map:    `guard_sessions`, key: session id (`u64`). Ids of launched sessions
///         are drawn by the agent and have the top bit clear; ids of sessions
///         that the kernel opened have it set.
/// writer: the agent; the exec hook for [`ORIGIN_EXEC`] (insert only)
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct Session {
    /// Subject selectors of this session and of all its parents, one set for
    /// each policy slot. Bit 0 is always set.
    pub selectors: [u64; SLOTS],
    /// The session this one was started in, or 0.
    pub parent: u64,
    /// Boot time of the begin, in nanoseconds.
    pub begin_ns: u64,
    /// `SESSION_*` bits.
    pub flags: u32,
    /// `ORIGIN_*`.
    pub origin: u32,
    /// Subject by index (for [`ORIGIN_EXEC`]), in the policy of the begin.
    pub subject: u32,
    /// Thread group that began the session.
    pub tgid: u32,
}

/// A guarded thread group.
///
/// map:    `guard_tasks`, key: tgid (`u32`, initial pid namespace)
/// writer: the agent at registration, the fork hook; removed by the exit hook
///         before the kernel frees the pid, so a reused pid never meets it
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct Task {
    /// Session id.
    pub session: u64,
    /// Boot time of the entry, in nanoseconds.
    pub since_ns: u64,
}

const _: () = assert!(size_of::<Session>() == 64);
const _: () = assert!(size_of::<Task>() == 16);
