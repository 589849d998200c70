//! The one signal that the kernel side sends.

use aya_ebpf::helpers::bpf_send_signal;

/// `SIGKILL`.
const SIGKILL: u32 = 9;

/// Kills the thread group that runs now; `false` when the kernel could not.
///
/// In `sched_process_exec` the signal is pending before the new program's first
/// instruction, and the kernel looks for it on its way back to user space.
#[inline(always)]
pub(crate) fn kill_current() -> bool {
    // SAFETY: the helper takes a number; it acts on the current task only.
    unsafe { bpf_send_signal(SIGKILL) == 0 }
}
