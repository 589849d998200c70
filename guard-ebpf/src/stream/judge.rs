//! What both judges do with a complete message: decide, and write it down.

use crate::emit;
use crate::hooks;
use crate::kernel::clock;
use crate::kernel::read;
use crate::kernel::repeat::Kernel;
use crate::maps;
use crate::stream::Sock;
use guard_common::abi::event::{EVENT_STATEMENT, JUDGE_VOICE, Statement};
use guard_common::abi::policy::{NONE, Policy};
use guard_common::abi::session::SESSION_QUARANTINED;
use guard_common::class::Opaque;
use guard_common::decide::connect::{self, Target};
use guard_common::decide::statement::{self, Sender};
use guard_common::fault::Fault;
use guard_common::stream::{Stream, what};
use guard_common::verdict::{Cause, Decision, Effect, Verdict};

/// Judges the message of one cursor into `sock.record.decision`.
///
/// `what` is one of [`what`]. Returns 1 when it is refused.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn guard_judge(sock: *mut Sock, judge: u32, what: u32) -> u32 {
    // SAFETY: the verifier checks that the pointer is null or a whole `Sock`;
    // the socket's lock makes it the only reference.
    let Some(sock) = (unsafe { sock.as_mut() }) else {
        return 1;
    };
    let stream = if judge == JUDGE_VOICE as u32 {
        &mut sock.voice
    } else {
        &mut sock.authority
    };
    let decision = &mut sock.record.decision;
    let Some(policy) = maps::policy(stream.slot as u32) else {
        maps::count_fault(Fault::NoPolicy);
        *decision = Decision::without_rule(Verdict::Block, Cause::Fault);
        return 1;
    };
    follow_policy(
        policy,
        (&mut sock.dataset, &mut sock.dataset_epoch),
        &sock.address,
        sock.port,
    );
    if sock.dataset == NONE {
        *decision = Decision::OPEN;
        return 0;
    }
    if policy.protocol(sock.dataset) as u8 != stream.protocol {
        // The policy has changed its mind since the connect.
        stream.scan.facts.add_opaque(Opaque::Protocol);
    }
    let Some(session) = maps::session(sock.session) else {
        maps::count_fault(Fault::NoSession);
        let enforced = policy.enforced_datasets & (1 << (sock.dataset & 63)) != 0;
        let verdict = if enforced { policy.on_fault } else { 0 };
        *decision = Decision::without_rule(Verdict::from_raw(verdict), Cause::Fault);
        return decision.denies() as u32;
    };
    let quarantined = session.flags & SESSION_QUARANTINED;
    if what == what::DATA {
        *decision = Decision::OPEN;
        if quarantined != 0 {
            decision.add_cause(Verdict::Block as u8, Cause::Quarantine);
        }
    } else {
        let sender = Sender {
            selectors: session.selectors[stream.slot as usize & 3],
            quarantined,
            dataset: sock.dataset as u32,
        };
        statement::decide::<Kernel>(policy, &stream.scan.facts, sender, decision);
    }
    hooks::disarm(decision);
    decision.denies() as u32
}

/// Looks the dataset up again where the policy is another one: indexes of
/// datasets are those of one policy.
#[inline(always)]
fn follow_policy(
    policy: &Policy,
    (dataset, epoch): (&mut u8, &mut u64),
    address: &[u8; 16],
    port: u16,
) {
    if *epoch != policy.epoch {
        let (upper, lower) = halves(address);
        let target = Target {
            net: [upper, lower],
            port,
        };
        *dataset = connect::dataset::<Kernel>(policy, target);
        *epoch = policy.epoch;
    }
}

/// [`guard_enforced`]: an enforced statement rule covers the socket.
const ENFORCED: u32 = 1;
/// [`guard_enforced`]: and a fault of ours refuses.
const FAULT_DENIES: u32 = 2;

/// What the live policy says of the socket, whatever it sends: `ENFORCED` and
/// `FAULT_DENIES`.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn guard_enforced(sock: *mut Sock) -> u32 {
    // SAFETY: as in `guard_judge`.
    let (Some(sock), Some(policy)) = (unsafe { sock.as_mut() }, maps::policy(maps::live_slot()))
    else {
        return ENFORCED | FAULT_DENIES;
    };
    follow_policy(
        policy,
        (&mut sock.dataset, &mut sock.dataset_epoch),
        &sock.address,
        sock.port,
    );
    if sock.dataset == NONE || policy.enforced_datasets & (1 << (sock.dataset & 63)) == 0 {
        return 0;
    }
    let mut decision = Decision::without_rule(Verdict::from_raw(policy.on_fault), Cause::Fault);
    hooks::disarm(&mut decision);
    ENFORCED | (decision.denies() as u32 * FAULT_DENIES)
}

/// Whether an enforced statement rule covers the socket.
#[inline(always)]
pub(crate) fn is_enforced(sock: &mut Sock) -> bool {
    guard_enforced(sock) & ENFORCED != 0
}

/// Whether a fault of ours ends the connection. Without enforced rules it never
/// does: observing changes nothing.
#[inline(always)]
pub(crate) fn fault_denies(sock: &mut Sock) -> bool {
    guard_enforced(sock) & FAULT_DENIES != 0
}

/// The two halves of an address, as host-order numbers.
#[inline(always)]
fn halves(address: &[u8; 16]) -> (u64, u64) {
    let number = u128::from_be_bytes(*address);
    ((number >> 64) as u64, number as u64)
}

/// See [`guard_judge`].
#[inline(always)]
pub(crate) fn judge(sock: &mut Sock, judge: u8, what: u32) -> bool {
    guard_judge(sock, judge as u32, what) != 0
}

/// Writes the record of the message just judged, and sends it.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn guard_record(sock: *mut Sock, judge: u32, effect: u32, sequence: u32) -> u32 {
    // SAFETY: as in `guard_judge`.
    let Some(sock) = (unsafe { sock.as_mut() }) else {
        return 1;
    };
    let (stream, record): (&Stream, &mut Statement) = if judge == JUDGE_VOICE as u32 {
        (&sock.voice, &mut sock.record)
    } else {
        (&sock.authority, &mut sock.record)
    };
    hooks::count_rules(&record.decision);
    let epoch = maps::policy(stream.slot as u32).map_or(0, |policy| policy.epoch);
    record.header = emit::header(
        EVENT_STATEMENT,
        size_of::<Statement>() as u32,
        emit::Origin {
            session: sock.session,
            epoch,
            tgid: sock.tgid,
            tid: sock.tid,
            uid: sock.uid,
        },
    );
    record.socket = sock.cookie;
    record.address = sock.address;
    record.port = sock.port;
    record.dataset = sock.dataset;
    record.sequence = sequence;
    record.message = stream.kind;
    record.effect = effect as u8;
    record.judge = judge as u8;
    record.database = stream.database;
    record.user = stream.user;
    read::copy_whole(&stream.scan.facts, &mut record.facts);
    emit::send_statement(record);
    0
}

/// See [`guard_record`]. `sequence` is that of the message's first byte.
#[inline(always)]
pub(crate) fn record(sock: &mut Sock, judge: u8, effect: Effect, sequence: u32) {
    guard_record(sock, judge as u32, effect as u32, sequence);
}

/// Gives the decision an id that the client can quote. Time and CPU make it
/// unique within a boot: no CPU decides twice in 64 ns.
#[inline(always)]
pub(crate) fn new_id(sock: &mut Sock) {
    sock.record.id = clock::boot_ns() & !63 | (clock::cpu() & 63) as u64;
}
