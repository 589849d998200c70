//! What a guarded task may run, and the programs that begin a session.
//!
//! The tracepoint comes after the kernel has loaded the program and before the
//! program's first instruction: a task that is killed here has run nothing of
//! it.

use crate::emit::{self, Origin};
use crate::hooks;
use crate::kernel::program::Scratch;
use crate::kernel::repeat::Kernel;
use crate::kernel::{clock, signal, task};
use crate::maps;
use aya_ebpf::macros::raw_tracepoint;
use aya_ebpf::programs::RawTracePointContext;
use core::mem::offset_of;
use guard_common::abi::event::{
    ARGV_UNREADABLE, EVENT_EXEC, EVENT_SESSION_BEGIN, Exec, SessionChange,
};
use guard_common::abi::policy::Policy;
use guard_common::abi::session::{ORIGIN_EXEC, Session, Task};
use guard_common::decide::exec::{self, Caller, Subject};
use guard_common::fault::Fault;
use guard_common::limits::{ARGV_BYTES, SLOTS};
use guard_common::verdict::Effect;
use zerocopy::IntoBytes;

/// Asks the policy about the program that a guarded task has just loaded.
///
/// hook:    raw tracepoint sched_process_exec
/// proto:   v5.10.. (struct task_struct *p, pid_t old_pid, struct linux_binprm *bprm)
/// reads:   path as asked for, path of the file, arguments
/// answers: SIGKILL to the thread group when the verdict denies
/// fault:   counts one fault and answers with `Policy::on_fault`
#[raw_tracepoint(tracepoint = "sched_process_exec")]
pub(crate) fn sched_process_exec(ctx: RawTracePointContext) -> i32 {
    let bprm = ctx.arg(2);
    let outer = maps::task(task::current_tgid()).map(|entry| entry.session);
    if let Some(start) = maps::start()
        && (outer.is_some() || may_begin())
    {
        run(start, bprm, outer);
    }
    0
}

/// Whether a program that runs outside every session may begin one: some
/// subject lists programs, and the task is inside the scope.
#[inline(always)]
fn may_begin() -> bool {
    let Some(settings) = maps::settings() else {
        return false;
    };
    let lists = maps::policy(maps::live_slot()).is_some_and(|policy| policy.program_count != 0);
    lists && task::current_cgroup_at(settings.scope_level) == settings.scope_cgroup
}

/// Begins a session where the program does, and judges the program.
#[inline(always)]
fn run(start: &mut Scratch, bprm: u64, outer: Option<u64>) {
    let paths_known = start.read_paths(bprm);
    let begun = begin(start, outer);
    let session = match begun {
        Ok(Some(session)) => session,
        Ok(None) => match outer {
            Some(session) => session,
            None => return,
        },
        Err(fault) => {
            maps::count_fault(fault);
            outer.unwrap_or(0)
        }
    };
    start.complete_path();
    let argv_known = start.read_argv();
    if !argv_known {
        start.record.argv_flags = ARGV_UNREADABLE;
    }
    if !paths_known || !argv_known {
        maps::count_fault(Fault::Unreadable);
    }
    let readable = begun.is_ok() && paths_known && argv_known;
    let policy = judge(start, session, readable);
    hooks::disarm(&mut start.record.decision);
    hooks::count_rules(&start.record.decision);
    act(
        start,
        Origin::current(session, policy.map_or(0, |policy| policy.epoch)),
    );
}

/// Decides, into the record. Returns the policy that did.
#[inline(always)]
fn judge(start: &mut Scratch, session: u64, readable: bool) -> Option<&'static Policy> {
    match hooks::judged_by(session) {
        Ok(judged) if readable => {
            let caller = Caller {
                selectors: judged.selectors,
                quarantined: judged.quarantined,
            };
            exec::decide::<Kernel>(
                judged.policy,
                caller,
                &mut start.work,
                &mut start.record.decision,
            );
            Some(judged.policy)
        }
        Ok(judged) => {
            start.record.decision = exec::fault::<Kernel>(Some(judged.policy));
            Some(judged.policy)
        }
        Err(policy) => {
            start.record.decision = exec::fault::<Kernel>(policy);
            policy
        }
    }
}

/// Kills the task where the decision says so, and sends the record.
#[inline(always)]
fn act(start: &mut Scratch, origin: Origin) {
    let denied = start.record.decision.denies();
    let effect = if denied && signal::kill_current() {
        Effect::Sigkill
    } else {
        Effect::None
    };
    let record = &mut start.record;
    let length = offset_of!(Exec, argv) + (record.argv_len as usize).min(ARGV_BYTES);
    record.header = emit::header(EVENT_EXEC, length as u32, origin);
    record.cgroup = task::current_cgroup();
    record.parent = task::parent_tgid();
    record.effect = effect as u32;
    record.reserved = 0;
    let urgent = denied || record.decision.observed != 0;
    if let Some(bytes) = record.as_bytes().get(..length) {
        emit::send(bytes, urgent);
    }
}

/// Begins a session when the program belongs to a subject that the task does
/// not act for already. Returns its id.
///
/// # Errors
///
/// The fault that kept a session from beginning.
#[inline(always)]
fn begin(start: &Scratch, outer: Option<u64>) -> Result<Option<u64>, Fault> {
    let slot = maps::live_slot();
    let Some(subject) = subject_in(start, slot) else {
        return Ok(None);
    };
    let around = outer.and_then(maps::session);
    let held = around.map_or(0, |session| session.selectors[slot as usize & (SLOTS - 1)]);
    if outer.is_some() && subject.selectors & !held == 0 {
        return Ok(None);
    }
    let begin_ns = clock::boot_ns();
    let tgid = task::current_tgid();
    let session = Session {
        selectors: [
            selectors_in(start, around, 0),
            selectors_in(start, around, 1),
            selectors_in(start, around, 2),
            selectors_in(start, around, 3),
        ],
        parent: outer.unwrap_or(0),
        begin_ns,
        flags: around.map_or(0, |session| session.flags),
        origin: ORIGIN_EXEC,
        subject: subject.subject,
        tgid,
    };
    let id = new_id(begin_ns);
    let task = Task {
        session: id,
        since_ns: begin_ns,
    };
    if outer.is_some() {
        // The task stays a member of the session around it, as this session.
        if !maps::begin_session(id, &session, 1) {
            return Err(Fault::SessionsFull);
        }
        if !maps::move_to(tgid, &task) {
            maps::forget_session(id);
            return Err(Fault::TasksFull);
        }
    } else {
        if !maps::begin_session(id, &session, 0) {
            return Err(Fault::SessionsFull);
        }
        if !maps::enter(tgid, &task) {
            maps::forget_session(id);
            return Err(Fault::TasksFull);
        }
    }
    announce(id, &session);
    Ok(Some(id))
}

/// The subject of the program in the policy of a slot.
#[inline(always)]
fn subject_in(start: &Scratch, slot: u32) -> Option<Subject> {
    let policy = maps::policy(slot)?;
    let work = &start.work;
    exec::subject::<Kernel>(policy, work.named_name(), work.resolved_name())
}

/// Selectors of a session that begins with this program, for one slot. They are
/// known for all slots from the start, so that a policy that goes live in this
/// moment finds them; 0 where those of the session around are not known.
#[inline(always)]
fn selectors_in(start: &Scratch, around: Option<&Session>, slot: u32) -> u64 {
    let own = subject_in(start, slot).map_or(0, |subject| subject.selectors);
    match around {
        Some(session) => match session.selectors[slot as usize & (SLOTS - 1)] {
            0 => 0,
            held => held | own,
        },
        None => own | 1,
    }
}

/// An id that no other session of this boot has: a CPU begins one at a time, and
/// takes longer than 64 ns for it.
#[inline(always)]
fn new_id(now_ns: u64) -> u64 {
    1 << 63 | now_ns & !63 | u64::from(clock::cpu() & 63)
}

/// Tells the agent.
#[inline(always)]
fn announce(id: u64, session: &Session) {
    let epoch = maps::policy(maps::live_slot()).map_or(0, |policy| policy.epoch);
    emit::put(
        EVENT_SESSION_BEGIN,
        Origin::current(id, epoch),
        true,
        |header| SessionChange {
            header,
            parent: session.parent,
            subject: session.subject,
            reserved: 0,
        },
    );
}
