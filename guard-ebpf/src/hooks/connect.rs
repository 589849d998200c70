//! Where a guarded task may connect or send datagrams to.
//!
//! The cgroup hooks see the address the kernel works with, so io_uring, 32-bit
//! system calls and TCP Fast Open come by here too. `AF_UNIX` does not.

use crate::emit::{self, Origin};
use crate::hooks::{self, Judged};
use crate::kernel::peer::{self, Peer};
use crate::kernel::repeat::Kernel;
use crate::kernel::task;
use crate::maps;
use crate::stream::{self, Adoption};
use aya_ebpf::macros::cgroup_sock_addr;
use aya_ebpf::programs::SockAddrContext;
use guard_common::abi::event::{Connect, EVENT_CONNECT};
use guard_common::abi::policy::{NONE, Policy};
use guard_common::decide::connect::{self, Caller, Outcome};
use guard_common::verdict::{Cause, Decision, Effect, Verdict};

/// The system call goes on.
const PASS: i32 = 1;
/// The system call fails with EPERM.
const REFUSE: i32 = 0;
/// `IPPROTO_TCP`.
const TCP: u32 = 6;

/// What is asked: a connection is always recorded, a datagram only when a rule
/// minds it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Call {
    Connect,
    Datagram,
}

/// Asks the policy about an IPv4 connection.
///
/// hook:    cgroup/connect4
/// reads:   task ids, socket, address and port
/// answers: pass or EPERM; outside a session: pass
/// fault:   counts one fault and answers with `Policy::on_fault`
#[cgroup_sock_addr(connect4)]
pub(crate) fn connect4(ctx: SockAddrContext) -> i32 {
    judge(&ctx, Call::Connect, Peer::v4)
}

/// Asks the policy about an IPv6 connection.
///
/// hook:    cgroup/connect6; otherwise as `connect4`
#[cgroup_sock_addr(connect6)]
pub(crate) fn connect6(ctx: SockAddrContext) -> i32 {
    judge(&ctx, Call::Connect, Peer::v6)
}

/// Asks the policy about an IPv4 datagram with an address of its own.
///
/// hook:    cgroup/sendmsg4; otherwise as `connect4`
#[cgroup_sock_addr(sendmsg4)]
pub(crate) fn sendmsg4(ctx: SockAddrContext) -> i32 {
    judge(&ctx, Call::Datagram, Peer::v4)
}

/// Asks the policy about an IPv6 datagram with an address of its own.
///
/// hook:    cgroup/sendmsg6; otherwise as `connect4`
#[cgroup_sock_addr(sendmsg6)]
pub(crate) fn sendmsg6(ctx: SockAddrContext) -> i32 {
    judge(&ctx, Call::Datagram, Peer::v6)
}

/// The one path of all four.
#[inline(always)]
fn judge(ctx: &SockAddrContext, call: Call, peer: fn(&SockAddrContext) -> Peer) -> i32 {
    let Some(task) = maps::task(task::current_tgid()) else {
        return PASS;
    };
    let session = task.session;
    let peer = peer(ctx);
    let mut outcome = Outcome {
        decision: Decision::OPEN,
        dataset: NONE,
    };
    let policy = match hooks::judged_by(session) {
        Ok(judged) => {
            let caller = Caller {
                selectors: judged.selectors,
                quarantined: judged.quarantined,
            };
            connect::decide::<Kernel>(judged.policy, peer.target, caller, &mut outcome);
            refuse_multipath(&judged, &peer, &mut outcome);
            Some(judged.policy)
        }
        Err(policy) => {
            outcome.decision = connect::fault::<Kernel>(policy);
            policy
        }
    };
    hooks::disarm(&mut outcome.decision);
    if call == Call::Connect && !outcome.decision.denies() {
        follow(ctx, session, &peer, policy, &mut outcome);
    }
    hooks::count_rules(&outcome.decision);
    let epoch = policy.map_or(0, |policy| policy.epoch);
    if call == Call::Connect || minds(&outcome.decision) {
        record(Origin::current(session, epoch), &peer, &outcome);
    }
    if outcome.decision.denies() {
        REFUSE
    } else {
        PASS
    }
}

/// Refuses Multipath TCP to a dataset with statement rules: one stream over
/// several sockets cannot be read in order.
#[inline(always)]
fn refuse_multipath(judged: &Judged, peer: &Peer, outcome: &mut Outcome) {
    let covered = judged.policy.enforced_datasets & dataset_bit(outcome.dataset) != 0;
    if covered && peer.is_multipath {
        outcome
            .decision
            .add_cause(judged.policy.on_opaque, Cause::Opaque);
    }
}

/// Ties the socket of an allowed connection to its session when statement rules
/// cover the dataset. Without memory for that the connection is refused: what
/// cannot be judged does not start.
#[inline(always)]
fn follow(
    ctx: &SockAddrContext,
    session: u64,
    peer: &Peer,
    policy: Option<&'static Policy>,
    outcome: &mut Outcome,
) {
    let Some(policy) = policy else {
        return;
    };
    let bit = dataset_bit(outcome.dataset);
    if policy.statement_datasets & bit == 0 || peer.protocol != TCP {
        return;
    }
    let adoption = Adoption {
        session,
        cookie: peer.cookie,
        netns: peer.netns,
        address: peer.address(),
        tgid: task::current_tgid(),
        tid: task::current_tid(),
        uid: task::current_uid(),
        port: peer.target.port,
        dataset: outcome.dataset,
        protocol: policy.protocol(outcome.dataset),
    };
    if !stream::adopt(peer::socket(ctx), &adoption) && policy.enforced_datasets & bit != 0 {
        outcome.decision.add_cause(policy.on_fault, Cause::Fault);
        hooks::disarm(&mut outcome.decision);
    }
}

/// The set with one dataset; empty for [`NONE`].
#[inline(always)]
const fn dataset_bit(dataset: u8) -> u64 {
    if dataset == NONE {
        0
    } else {
        1 << (dataset & 63)
    }
}

/// Whether a rule, observed ones included, would refuse.
#[inline(always)]
fn minds(decision: &Decision) -> bool {
    decision.denies()
        || decision.cause == Cause::Disarmed as u8
        || Verdict::from_raw(decision.observed_verdict).denies()
}

/// Writes the record.
#[inline(always)]
fn record(origin: Origin, peer: &Peer, outcome: &Outcome) {
    let effect = if outcome.decision.denies() {
        Effect::Eperm
    } else {
        Effect::None
    };
    emit::put(EVENT_CONNECT, origin, minds(&outcome.decision), |header| {
        Connect {
            header,
            decision: outcome.decision,
            socket: peer.cookie,
            netns: peer.netns,
            address: peer.address(),
            port: peer.target.port,
            transport: peer.protocol as u16,
            effect: effect as u8,
            dataset: outcome.dataset,
            reserved: [0; 2],
        }
    });
}
