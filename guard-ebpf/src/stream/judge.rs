//! What both judges do with a complete message: decide, and write it down.

use crate::emit;
use crate::hooks;
use crate::kernel::clock;
use crate::kernel::read;
use crate::kernel::repeat::Kernel;
use crate::maps;
use crate::stream::Ward;
use guard_common::abi::event::{EVENT_STATEMENT, Statement};
use guard_common::abi::policy::{NONE, Policy};
use guard_common::abi::session::SESSION_QUARANTINED;
use guard_common::class::Opaque;
use guard_common::decide::connect::{self, Target};
use guard_common::decide::statement::{self, Sender};
use guard_common::fault::Fault;
use guard_common::stream::{Stream, what};
use guard_common::verdict::{Cause, Decision, Effect, Verdict};

/// Judges the message of a cursor into `ward.decision`.
///
/// `what` is one of [`what`]. Returns 1 when it is refused.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn guard_judge(ward: *mut Ward, stream: *mut Stream, what: u32) -> u32 {
    // SAFETY: the verifier checks that the pointers are null or whole values;
    // the socket's lock makes these the only references.
    let (Some(ward), Some(stream)) = (unsafe { ward.as_mut() }, unsafe { stream.as_mut() }) else {
        return 1;
    };
    let decision = &mut ward.decision;
    let Some(policy) = maps::policy(stream.slot as u32) else {
        maps::count_fault(Fault::NoPolicy);
        *decision = Decision::without_rule(Verdict::Block, Cause::Fault);
        return 1;
    };
    follow_policy(
        policy,
        (&mut ward.dataset, &mut ward.dataset_epoch),
        &ward.address,
        ward.port,
    );
    if ward.dataset == NONE {
        *decision = Decision::OPEN;
        return 0;
    }
    if policy.protocol(ward.dataset) as u8 != stream.protocol {
        // The policy has changed its mind since the connect.
        stream.scan.facts.add_opaque(Opaque::Protocol);
    }
    let Some(session) = maps::session(ward.session) else {
        maps::count_fault(Fault::NoSession);
        let enforced = policy.enforced_datasets & (1 << (ward.dataset & 63)) != 0;
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
            dataset: ward.dataset as u32,
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
extern "C" fn guard_enforced(ward: *mut Ward) -> u32 {
    // SAFETY: as in `guard_judge`.
    let (Some(ward), Some(policy)) = (unsafe { ward.as_mut() }, maps::policy(maps::live_slot()))
    else {
        return ENFORCED | FAULT_DENIES;
    };
    follow_policy(
        policy,
        (&mut ward.dataset, &mut ward.dataset_epoch),
        &ward.address,
        ward.port,
    );
    if ward.dataset == NONE || policy.enforced_datasets & (1 << (ward.dataset & 63)) == 0 {
        return 0;
    }
    let mut decision = Decision::without_rule(Verdict::from_raw(policy.on_fault), Cause::Fault);
    hooks::disarm(&mut decision);
    ENFORCED | (decision.denies() as u32 * FAULT_DENIES)
}

/// Whether an enforced statement rule covers the socket.
#[inline(always)]
pub(crate) fn is_enforced(ward: &mut Ward) -> bool {
    guard_enforced(ward) & ENFORCED != 0
}

/// Whether a fault of ours ends the connection. Without enforced rules it never
/// does: observing changes nothing.
#[inline(always)]
pub(crate) fn fault_denies(ward: &mut Ward) -> bool {
    guard_enforced(ward) & FAULT_DENIES != 0
}

/// The two halves of an address, as host-order numbers.
#[inline(always)]
fn halves(address: &[u8; 16]) -> (u64, u64) {
    let number = u128::from_be_bytes(*address);
    ((number >> 64) as u64, number as u64)
}

/// See [`guard_judge`].
#[inline(always)]
pub(crate) fn judge(ward: &mut Ward, stream: &mut Stream, what: u32) -> bool {
    guard_judge(ward, stream, what) != 0
}

/// Writes the record of the message just judged, and sends it.
///
/// `how` is the number of the judge, and above it that of the [`Effect`].
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn guard_record(
    ward: *const Ward,
    stream: *const Stream,
    how: u32,
    sequence: u32,
) -> u32 {
    // SAFETY: as in `guard_judge`.
    let (Some(ward), Some(stream)) = (unsafe { ward.as_ref() }, unsafe { stream.as_ref() }) else {
        return 1;
    };
    hooks::count_rules(&ward.decision);
    let epoch = maps::policy(stream.slot as u32).map_or(0, |policy| policy.epoch);
    let origin = emit::Origin {
        session: ward.session,
        epoch,
        tgid: ward.tgid,
        tid: ward.tid,
        uid: ward.uid,
    };
    let urgent = ward.decision.denies() || ward.decision.observed != 0;
    emit::put_in_place(EVENT_STATEMENT, origin, urgent, |record: &mut Statement| {
        record.decision = ward.decision;
        record.socket = ward.cookie;
        record.id = ward.id;
        record.address = ward.address;
        record.port = ward.port;
        record.dataset = ward.dataset;
        record.sequence = sequence;
        record.message = stream.kind;
        record.effect = (how >> EFFECT_SHIFT) as u8;
        record.judge = how as u8;
        record.reserved = [0; 6];
        record.database = stream.database;
        record.user = stream.user;
        read::copy_whole(&stream.scan.facts, &mut record.facts);
    });
    0
}

/// Bits below those of the effect in what [`guard_record`] is told.
const EFFECT_SHIFT: u32 = 8;

/// See [`guard_record`]. `sequence` is that of the message's first byte.
#[inline(always)]
pub(crate) fn record(ward: &Ward, stream: &Stream, judge: u8, effect: Effect, sequence: u32) {
    let how = judge as u32 | (effect as u32) << EFFECT_SHIFT;
    guard_record(ward, stream, how, sequence);
}

/// Gives the decision an id that the client can quote. Time and CPU make it
/// unique within a boot: no CPU decides twice in 64 ns.
#[inline(always)]
pub(crate) fn new_id(ward: &mut Ward) {
    ward.id = clock::boot_ns() & !63 | (clock::cpu() & 63) as u64;
}
