//! Who runs: ids, user, cgroup, threads left.

use crate::kernel::{offsets, read};
use aya_ebpf::helpers::{
    bpf_get_current_ancestor_cgroup_id, bpf_get_current_cgroup_id, bpf_get_current_pid_tgid,
    bpf_get_current_task, bpf_get_current_uid_gid,
};

/// Thread group of the current task, in the initial pid namespace.
#[inline(always)]
pub(crate) fn current_tgid() -> u32 {
    (bpf_get_current_pid_tgid() >> 32) as u32
}

/// Thread id of the current task, in the initial pid namespace.
#[inline(always)]
pub(crate) fn current_tid() -> u32 {
    bpf_get_current_pid_tgid() as u32
}

/// User id of the current task, in the initial user namespace.
#[inline(always)]
pub(crate) fn current_uid() -> u32 {
    bpf_get_current_uid_gid() as u32
}

/// Cgroup (v2) id of the current task.
#[inline(always)]
pub(crate) fn current_cgroup() -> u64 {
    // SAFETY: the helper takes nothing.
    unsafe { bpf_get_current_cgroup_id() }
}

/// Id of the current task's cgroup ancestor at `level`; 0 where there is none.
#[inline(always)]
pub(crate) fn current_cgroup_at(level: u32) -> u64 {
    // SAFETY: the helper takes a number.
    unsafe { bpf_get_current_ancestor_cgroup_id(level as i32) }
}

/// Address of the current `task_struct`.
#[inline(always)]
pub(crate) fn current() -> u64 {
    // SAFETY: the helper takes nothing. The address is used by probing reads only.
    unsafe { bpf_get_current_task() }
}

/// Thread group of a task.
#[inline(always)]
pub(crate) fn tgid(task: u64) -> Option<u32> {
    read::field(task, &offsets::OFF_TASK_TGID)
}

/// Thread group of the parent of the current task; 0 when it cannot be read.
#[inline(always)]
pub(crate) fn parent_tgid() -> u32 {
    read::field(current(), &offsets::OFF_TASK_REAL_PARENT)
        .and_then(tgid)
        .unwrap_or(0)
}

/// Whether no other thread of the current thread group is left. The kernel
/// counts `signal->live` down in `do_exit` before it calls the tracepoint; of
/// two threads that exit at once both may see 0, which is as well: neither runs
/// in user space again. Where it cannot be read, the answer is no: an entry that
/// stays is swept by the agent, one that goes too early lets a task go free.
#[inline(always)]
pub(crate) fn is_last_thread() -> bool {
    let signal: Option<u64> = read::field(current(), &offsets::OFF_TASK_SIGNAL);
    let live: Option<i32> =
        signal.and_then(|signal| read::field(signal, &offsets::OFF_SIGNAL_LIVE));
    live == Some(0)
}
