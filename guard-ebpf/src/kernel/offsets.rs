//! Where fields of kernel structures are. The compiler emits no relocations for
//! BPF, so the agent reads the offsets from the kernel's BTF and overrides these
//! globals at load; the verifier sees them as constants.
//!
//! `guard-agent/src/bpf/offsets.rs` has the list with the kernel's own names.

use aya_ebpf::Global;

/// The kernel has no such field.
pub(crate) const MISSING: u32 = u32::MAX;

/// Declares one offset under the name the agent overrides.
macro_rules! offset {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[unsafe(no_mangle)]
        pub(crate) static $name: Global<u32> = Global::new(MISSING);
    };
}

offset!(
    /// `tcp_sock.is_mptcp` (`bool`).
    OFF_TCP_IS_MPTCP
);
offset!(
    /// `task_struct.tgid`.
    OFF_TASK_TGID
);
offset!(
    /// `task_struct.real_parent`.
    OFF_TASK_REAL_PARENT
);
offset!(
    /// `task_struct.signal`.
    OFF_TASK_SIGNAL
);
offset!(
    /// `task_struct.mm`.
    OFF_TASK_MM
);
offset!(
    /// `signal_struct.live`: threads that have not begun to exit.
    OFF_SIGNAL_LIVE
);
offset!(
    /// `mm_struct.arg_start`.
    OFF_MM_ARG_START
);
offset!(
    /// `mm_struct.arg_end`.
    OFF_MM_ARG_END
);
offset!(
    /// `linux_binprm.filename`: the program as it was asked for.
    OFF_BPRM_FILENAME
);
offset!(
    /// `linux_binprm.file`: the file that runs (of a script: its interpreter).
    OFF_BPRM_FILE
);
offset!(
    /// `file.f_path`.
    OFF_FILE_PATH
);
offset!(
    /// `path.mnt`.
    OFF_PATH_MNT
);
offset!(
    /// `path.dentry`.
    OFF_PATH_DENTRY
);
offset!(
    /// `dentry.d_parent`.
    OFF_DENTRY_PARENT
);
offset!(
    /// `dentry.d_name.name`.
    OFF_DENTRY_NAME
);
offset!(
    /// `dentry.d_name.len`.
    OFF_DENTRY_NAME_LENGTH
);
offset!(
    /// `vfsmount.mnt_root`.
    OFF_VFSMOUNT_ROOT
);
offset!(
    /// `mount.mnt`: the `vfsmount` inside its mount.
    OFF_MOUNT_MNT
);
offset!(
    /// `mount.mnt_parent`.
    OFF_MOUNT_PARENT
);
offset!(
    /// `mount.mnt_mountpoint`.
    OFF_MOUNT_MOUNTPOINT
);
offset!(
    /// `tcp_sock.write_seq`: sequence number of the next byte that is written.
    OFF_TCP_WRITE_SEQ
);
offset!(
    /// `sock.sk_wmem_queued`; a `tcp_sock` begins with its `sock`.
    OFF_SK_WMEM_QUEUED
);
offset!(
    /// `sock.sk_sndbuf`.
    OFF_SK_SNDBUF
);
offset!(
    /// `sock.sk_write_pending`: writers that wait for the connection.
    OFF_SK_WRITE_PENDING
);
offset!(
    /// `sk_buff.head`: where a packet's memory begins.
    OFF_SKB_HEAD
);
offset!(
    /// `sk_buff.end`: how far it reaches; its `skb_shared_info` begins there.
    OFF_SKB_END
);
offset!(
    /// `skb_shared_info.flags`: whose pages the packet refers to.
    OFF_SHARED_FLAGS
);
