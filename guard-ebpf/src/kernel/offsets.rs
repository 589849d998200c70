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
    TCP_IS_MPTCP
);
offset!(
    /// `task_struct.tgid`.
    TASK_TGID
);
offset!(
    /// `task_struct.real_parent`.
    TASK_REAL_PARENT
);
offset!(
    /// `task_struct.signal`.
    TASK_SIGNAL
);
offset!(
    /// `task_struct.mm`.
    TASK_MM
);
offset!(
    /// `signal_struct.live`: threads that have not begun to exit.
    SIGNAL_LIVE
);
offset!(
    /// `mm_struct.arg_start`.
    MM_ARG_START
);
offset!(
    /// `mm_struct.arg_end`.
    MM_ARG_END
);
offset!(
    /// `linux_binprm.filename`: the program as it was asked for.
    BPRM_FILENAME
);
offset!(
    /// `linux_binprm.file`: the file that runs (of a script: its interpreter).
    BPRM_FILE
);
offset!(
    /// `file.f_path`.
    FILE_PATH
);
offset!(
    /// `path.mnt`.
    PATH_MNT
);
offset!(
    /// `path.dentry`.
    PATH_DENTRY
);
offset!(
    /// `dentry.d_parent`.
    DENTRY_PARENT
);
offset!(
    /// `dentry.d_name.name`.
    DENTRY_NAME
);
offset!(
    /// `vfsmount.mnt_root`.
    VFSMOUNT_ROOT
);
offset!(
    /// `mount.mnt`: the `vfsmount` inside its mount.
    MOUNT_MNT
);
offset!(
    /// `mount.mnt_parent`.
    MOUNT_PARENT
);
offset!(
    /// `mount.mnt_mountpoint`.
    MOUNT_MOUNTPOINT
);
