//! Hears which server a guarded connection has reached, and how it numbers statements.

use crate::kernel::packet::{self, RST, SYN, Segment};
use crate::kernel::repeat::Kernel;
use crate::kernel::socket;
use crate::stream::ear::Ear;
use aya_ebpf::bindings::bpf_sock;
use aya_ebpf::macros::cgroup_skb;
use aya_ebpf::programs::SkBuffContext;
use guard_common::mysql::answers::Heard;
use guard_common::repeat::{Repeat, Turn};

/// Every packet goes on to its socket.
const PASS: i32 = 1;

/// Steps in one packet: each reads a byte of a head or skips the rest of one.
const MAX_STEPS: u32 = 1 << 19;

/// Reads what a MySQL or MariaDB server sends, up to the answer to the first statement
/// that is prepared: its greeting says how it reads what the client will send, that
/// answer from which number on it counts statements. Of all between, heads of packets.
///
/// hook:    cgroup_skb/ingress
/// reads:   packets in order. A socket that has nothing more to hear: returns at once
/// answers: always pass
/// fault:   none: what is not heard leaves the server unknown, and what depends on it
///          opaque (`Opaque::Version`, `Opaque::UnknownName`)
///
/// The socket's lock is not held here: nothing of its state is touched but its [`Ear`].
#[cgroup_skb(ingress)]
pub(crate) fn guard_hearing(ctx: SkBuffContext) -> i32 {
    let sk = socket::of_packet(&ctx);
    let Some(ear) = socket::state::<Ear>(sk) else {
        return PASS;
    };
    if ear.is_done() {
        return PASS;
    }
    let Some(segment) = packet::segment(&ctx) else {
        return PASS;
    };
    if segment.length == 0 || segment.flags & (SYN | RST) != 0 {
        return PASS;
    }
    // Two packets at once are out of order: the next one will tell.
    if ear.claim() {
        hear(&ctx, sk, ear, &segment);
        ear.release();
    }
    PASS
}

/// Reads a packet.
#[inline(always)]
fn hear(ctx: &SkBuffContext, sk: *mut bpf_sock, ear: &mut Ear, segment: &Segment) {
    if ear.started == 0 {
        if socket::awaits_first_byte(sk) != Some(segment.sequence) {
            return;
        }
        ear.started = 1;
        ear.expect = segment.sequence;
        let Some(count) = packet::beginning(ctx, segment, &mut ear.beginning) else {
            ear.lose();
            return;
        };
        let greeting = ear.beginning.read::<Kernel>(count);
        ear.greet(greeting);
    }
    let end = segment.sequence.wrapping_add(segment.length);
    if end.wrapping_sub(ear.expect) as i32 <= 0 {
        // Sent again.
        return;
    }
    if segment.sequence != ear.expect {
        ear.lose();
        return;
    }
    ear.expect = end;
    ear.at = segment.offset;
    ear.end = segment.offset.wrapping_add(segment.length);
    Kernel::repeat(MAX_STEPS, &mut Listening { ctx, ear });
    if ear.at < ear.end && !ear.is_done() {
        ear.lose();
    }
}

struct Listening<'a> {
    ctx: &'a SkBuffContext,
    ear: &'a mut Ear,
}

impl Turn for Listening<'_> {
    #[inline(always)]
    fn turn(&mut self, _index: u32) -> bool {
        let ear = &mut *self.ear;
        let at = ear.at;
        if at >= ear.end {
            return false;
        }
        let left = ear.end.wrapping_sub(at);
        let skip = ear.answers.skip;
        if skip != 0 {
            let skip = if skip < left { skip } else { left };
            ear.answers.skip = ear.answers.skip.wrapping_sub(skip);
            ear.at = at.wrapping_add(skip);
            return true;
        }
        let Ok(byte) = self.ctx.load::<u8>(at as usize) else {
            return false;
        };
        ear.at = at.wrapping_add(1);
        let (commands, awaited) = (ear.commands(), ear.awaited());
        match ear.answers.byte(byte, commands, awaited) {
            Heard::Nothing => true,
            Heard::Identifier(identifier) => {
                ear.find(identifier);
                false
            }
            Heard::Lost => {
                ear.lose();
                false
            }
        }
    }
}
