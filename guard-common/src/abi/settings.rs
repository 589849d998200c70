//! What the agent tells the kernel beside the policy: the one value of the
//! array map `guard_settings`.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Settings that hold for all hooks.
#[repr(C)]
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
pub struct Settings {
    /// Epoch of the live policy. Written together with `slot`.
    pub epoch: u64,
    /// Boot time until which nothing is enforced, in nanoseconds; 0: armed.
    /// The kernel compares it with its own clock, so a disarm ends by itself.
    pub disarmed_until_ns: u64,
    /// Cgroup id of the scope.
    pub scope_cgroup: u64,
    /// Start value for the hash of substituted messages; secret, of this boot.
    pub secret: u64,
    /// Live slot of `guard_policy`.
    pub slot: u32,
    /// Depth of the scope below the cgroup root: the `ancestor_level` at which
    /// a task inside the scope has `scope_cgroup`.
    pub scope_level: u32,
    /// Thread group of the agent: never judged, never killed.
    pub agent_tgid: u32,
    /// Zero.
    pub reserved: u32,
}

const _: () = assert!(size_of::<Settings>() == 48);
