//! Judges every byte that leaves a guarded database socket.

use crate::kernel::packet::{self, RST, SYN, URG};
use crate::kernel::repeat::Kernel;
use crate::kernel::socket;
use crate::maps;
use crate::stream::{Desk, Sock, authority, ear, judge as judging};
use aya_ebpf::macros::cgroup_skb;
use aya_ebpf::programs::SkBuffContext;
use guard_common::class::Opaque;
use guard_common::fault::Fault;
use guard_common::repeat::{Repeat, Turn};
use guard_common::stream::{self, phase};

const DROP: i32 = 0;
const PASS: i32 = 1;

/// Turns for one packet: chunks, and what is passed over between them. 1 MiB, twice
/// the largest BIG TCP packet, takes less in any form.
const MAX_TURNS: u32 = 8192;

/// Judges the payload of each packet of a guarded database socket, exactly once
/// and in order by sequence number.
///
/// hook:    cgroup_skb/egress
/// reads:   the packet; the socket's state. No state: not ours, passes at once
/// answers: pass, or drop. After a drop the socket is poisoned: nothing that
///          the server has not seen leaves any more, also not as a re-send
/// fault:   bytes that are missing, out of order or urgent, and where a rule
///          enforces those that can still be changed, make the stream opaque
///          (`Opaque::Gap`); for what cannot be parsed `Policy::on_fault`
#[cgroup_skb(egress)]
pub(crate) fn guard_authority(ctx: SkBuffContext) -> i32 {
    let sk = socket::of_packet(&ctx);
    let Some(sock) = socket::state::<Sock>(sk) else {
        return PASS;
    };
    if !packet::parse(&ctx, &mut sock.segment) {
        maps::count_fault(Fault::Packet);
        if !judging::fault_denies(&mut sock.ward) {
            return PASS;
        }
        if sock.poisoned == 0 {
            poison(&ctx, sock);
        }
        return DROP;
    }
    if sock.segment.flags & SYN != 0 && sock.started == 0 {
        sock.expect = sock.segment.sequence;
        sock.started = 1;
    }
    if sock.segment.flags & RST != 0 || sock.segment.length == 0 {
        return PASS;
    }
    let end = sock.segment.sequence.wrapping_add(sock.segment.length);
    // Serial arithmetic (RFC 1982): how far this packet reaches into what has
    // not been judged.
    if sock.started != 0 && end.wrapping_sub(sock.expect) as i32 <= 0 {
        return PASS;
    }
    if sock.poisoned != 0 {
        return DROP;
    }
    ear::inform(sk, &mut sock.authority);
    // It is made with the other state; a socket without one sends nothing.
    let refused = socket::state::<Desk>(sk).is_none_or(|desk| judge(&ctx, sock, desk));
    if refused {
        poison(&ctx, sock);
        return DROP;
    }
    ear::ask(sk, &sock.authority);
    sock.expect = sock.segment.sequence.wrapping_add(sock.segment.length);
    PASS
}

/// Feeds the new part of a packet to the authority; `true`: refused.
#[inline(always)]
fn judge(ctx: &SkBuffContext, sock: &mut Sock, desk: &mut Desk) -> bool {
    if sock.condemned != 0 {
        return true;
    }
    let segment = &sock.segment;
    let seen = sock.expect.wrapping_sub(segment.sequence);
    if sock.started == 0 || seen as i32 > segment.length as i32 || (seen as i32) < 0 {
        maps::count_fault(Fault::StreamGap);
        lose(sock);
    } else if segment.flags & URG != 0 {
        // The server reads urgent data apart from the stream.
        lose(sock);
    } else if sock.voiced == 0 && packet::may_change(ctx) && judging::is_enforced(&mut sock.ward) {
        // What was read here need not be what the server reads.
        lose(sock);
    }
    let segment = &sock.segment;
    sock.offset = segment.offset.wrapping_add(seen);
    sock.left = segment.length.wrapping_sub(seen);
    sock.chunk_sequence = segment.sequence.wrapping_add(seen);
    let mut reading = Reading {
        ctx,
        sock,
        desk,
        refused: 0,
    };
    Kernel::repeat(MAX_TURNS, &mut reading);
    if reading.sock.left != 0 && reading.refused == 0 {
        maps::count_fault(Fault::Bound);
        reading.lose();
    }
    reading.refused != 0
}

/// The stream cannot be followed any more: it is judged as opaque once, and
/// then passes or ends.
#[inline(always)]
fn lose(sock: &mut Sock) {
    if sock.authority.phase != phase::BLIND {
        if sock.authority.at_boundary() {
            sock.message_sequence = sock.expect;
        }
        // By the live policy, also when no byte of a message was read before.
        sock.authority.slot = maps::live_slot() as u8;
        sock.authority.opaque |= Opaque::Gap.bit();
        sock.authority.kind = stream::BLIND;
        sock.authority.complete = 1;
    }
}

/// VERIFIER(6.18): what changes from turn to turn lives in the socket's state, as
/// for the voice.
struct Reading<'a> {
    ctx: &'a SkBuffContext,
    sock: &'a mut Sock,
    desk: &'a mut Desk,
    refused: u64,
}

impl Reading<'_> {
    /// Gives the rest of the packet up, for a fault of ours.
    #[inline(always)]
    fn lose(&mut self) {
        if judging::fault_denies(&mut self.sock.ward) {
            self.refused = 1;
        } else {
            lose(self.sock);
            self.sock.left = 0;
        }
    }

    /// Goes on behind `count` of the `left` bytes.
    #[inline(always)]
    const fn advance(&mut self, left: u32, count: u32) {
        let sock = &mut *self.sock;
        sock.offset = sock.offset.wrapping_add(count);
        sock.chunk_sequence = sock.chunk_sequence.wrapping_add(count);
        sock.left = left.wrapping_sub(count);
    }
}

impl Turn for Reading<'_> {
    #[inline(always)]
    fn turn(&mut self, _index: u32) -> bool {
        let left = self.sock.left;
        if left == 0 {
            return false;
        }
        let skipped = authority::skip(self.sock, left);
        if skipped != 0 {
            self.advance(left, skipped);
            return true;
        }
        let count = self.sock.authority.reach().min(left);
        if !packet::read(self.ctx, &mut self.desk.chunk, self.sock.offset, count) {
            maps::count_fault(Fault::Packet);
            self.lose();
            return false;
        }
        self.sock.authority.at = 0;
        self.sock.authority.end = count;
        if authority::chunk(self.sock, self.desk) {
            self.refused = 1;
            return false;
        }
        self.advance(left, count);
        true
    }
}

/// Marks the socket so that nothing leaves any more, and asks the agent to
/// destroy it.
///
/// VERIFIER: a function of its own, for the stack of the program, which the engine
/// runs on top of, holds only what judging needs.
#[inline(never)]
fn poison(ctx: &SkBuffContext, sock: &mut Sock) {
    sock.poisoned = 1;
    if packet::name_ends(ctx, &mut sock.poison).is_none() {
        maps::count_fault(Fault::Packet);
    }
    authority::announce_poison(sock);
}
