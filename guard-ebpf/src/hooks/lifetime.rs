//! Keeps the task table true: a child belongs to its parent's session, and a
//! thread group leaves with its last thread.
//!
//! The kernel calls these tracepoints before a child first runs and before a
//! pid is free again, so no task runs outside the table and a reused pid never
//! finds an old entry. `exec` of a thread that is not the leader keeps the
//! thread group's id, and its other threads exit while it lives: nothing to do.

use crate::emit::{self, Origin};
use crate::hooks;
use crate::kernel::repeat::Kernel;
use crate::kernel::{clock, signal, task};
use crate::maps;
use aya_ebpf::macros::raw_tracepoint;
use aya_ebpf::programs::RawTracePointContext;
use guard_common::abi::event::{EVENT_SESSION_END, SessionChange};
use guard_common::abi::session::Task;
use guard_common::decide::exec;
use guard_common::fault::Fault;
use guard_common::limits::MAX_TASKS;

/// Nested sessions that end together when their last task exits. The agent
/// refuses a deeper nesting.
const MAX_NESTING: u32 = 16;

/// From this many tasks on, a guarded task that forks is killed when faults
/// block: each further fork then adds one task and removes one, so the table
/// cannot be filled in order to get a child that is not in it. The rest is room
/// for forks under way.
const TASKS_HIGH_WATER: i64 = MAX_TASKS as i64 - 4096;

/// Gives a child the session of its parent.
///
/// hook:    raw tracepoint sched_process_fork
/// proto:   v5.10.. (struct task_struct *parent, struct task_struct *child)
/// reads:   thread group of the child
/// answers: nothing; SIGKILL to the parent when the table is nearly full
/// fault:   TasksFull, Unreadable
#[raw_tracepoint(tracepoint = "sched_process_fork")]
pub(crate) fn sched_process_fork(ctx: RawTracePointContext) -> i32 {
    let parent = task::current_tgid();
    if let Some(entry) = maps::task(parent) {
        inherit(entry.session, parent, task::tgid(ctx.arg(1)));
    }
    0
}

/// Enters the child, unless it is a thread.
#[inline(always)]
fn inherit(session: u64, parent: u32, child: Option<u32>) {
    let Some(child) = child else {
        return overflow(Fault::Unreadable);
    };
    if child == parent {
        return;
    }
    let entry = Task {
        session,
        since_ns: clock::boot_ns(),
    };
    if !maps::enter(child, &entry) {
        return overflow(Fault::TasksFull);
    }
    if maps::task_count() > TASKS_HIGH_WATER {
        overflow(Fault::TasksFull);
    }
}

/// Counts a child that could not be entered, or soon could not, and stops the
/// parent from making more where faults block.
#[inline(always)]
fn overflow(fault: Fault) {
    maps::count_fault(fault);
    let mut decision = exec::fault::<Kernel>(maps::policy(maps::live_slot()));
    hooks::disarm(&mut decision);
    if decision.denies() {
        signal::kill_current();
    }
}

/// Takes a thread group out of the table when its last thread exits, and ends
/// its session when it was the last one there.
///
/// hook:    raw tracepoint sched_process_exit
/// proto:   v5.10.. (struct task_struct *task)
/// reads:   `signal->live`, which the kernel has counted down before
/// answers: nothing
#[raw_tracepoint(tracepoint = "sched_process_exit")]
pub(crate) fn sched_process_exit(_ctx: RawTracePointContext) -> i32 {
    let tgid = task::current_tgid();
    let Some(entry) = maps::task(tgid) else {
        return 0;
    };
    let session = entry.session;
    if task::is_last_thread() && maps::leave(tgid) {
        end_sessions(session);
    }
    0
}

/// Takes one member from a session; a session without members ends and is one
/// member less of the one around it.
#[inline(always)]
fn end_sessions(first: u64) {
    let mut session = first;
    for _ in 0..MAX_NESTING {
        if session == 0 || !maps::drop_member(session) {
            return;
        }
        let (parent, subject) =
            maps::session(session).map_or((0, 0), |ended| (ended.parent, ended.subject));
        let epoch = maps::policy(maps::live_slot()).map_or(0, |policy| policy.epoch);
        emit::put(
            EVENT_SESSION_END,
            Origin::current(session, epoch),
            false,
            |header| SessionChange {
                header,
                parent,
                subject,
                reserved: 0,
            },
        );
        session = parent;
    }
    if session != 0 {
        maps::count_fault(Fault::Bound);
    }
}
