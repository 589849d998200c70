//! Keeps the task table true: fork, exec and exit.

use aya_ebpf::macros::btf_tracepoint;
use aya_ebpf::programs::BtfTracePointContext;

/// Gives a child the session of its parent.
#[btf_tracepoint(function = "sched_process_fork")]
pub(crate) fn sched_process_fork(_ctx: BtfTracePointContext) -> i32 {
    let tgid = crate::kernel::task::current_tgid();
    let _ = crate::maps::task(tgid);
    0
}
