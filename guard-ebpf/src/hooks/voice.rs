//! Answers what policy refuses, while the client can still be told why.

use crate::kernel::message;
use crate::kernel::repeat::Kernel;
use crate::kernel::socket;
use crate::maps;
use crate::stream::{Sock, judge, voice};
use aya_ebpf::bindings::sk_action::SK_PASS;
use aya_ebpf::macros::sk_msg;
use aya_ebpf::programs::SkMsgContext;
use guard_common::fault::Fault;
use guard_common::limits::CHUNK_BYTES;
use guard_common::repeat::{Repeat, Turn};

/// Turns of one system call: chunks, and one more for each substitute.
const MAX_TURNS: u32 = 1024;

/// Bytes by which one substitute can grow a message, with the kernel's overhead
/// for the fragment that holds it.
const GROWTH: i32 = 4096;

/// Reads what a system call sends on a guarded database socket, and puts an
/// error of the server's own in place of each refused message.
///
/// hook:    sk_msg (sockets in `guard_voice`)
/// reads:   the bytes, which the kernel has already copied
/// answers: always pass: the authority judges what leaves
/// fault:   counted as `Fault::Voice`; then the voice stays silent and the
///          authority ends the connection
#[sk_msg]
pub(crate) fn guard_voice(ctx: SkMsgContext) -> u32 {
    let sk = socket::of_message(&ctx);
    let Some(sock) = socket::state(sk) else {
        return SK_PASS;
    };
    let Some(send) = socket::send_side(sk) else {
        return SK_PASS;
    };
    if !voice::join(sock, send.position) {
        return SK_PASS;
    }
    sock.voice_base = send.position;
    sock.voice_offset = 0;
    sock.voice_message = voice::BEGAN_EARLIER;
    sock.voice_size = ctx.size();
    sock.voice_room = send.size.wrapping_sub(send.queued) as i32;
    sock.voice_answer = SK_PASS;
    sock.voice_done = 0;
    let mut speaking = Speaking { ctx: &ctx, sock };
    Kernel::repeat(MAX_TURNS, &mut speaking);
    let sock = speaking.sock;
    if sock.voice_done == 0 {
        // Out of turns, or silent: the cursor is not where the data ends.
        sock.in_step = 0;
    }
    sock.voice_next = sock.voice_base.wrapping_add(sock.voice_size);
    sock.voice_answer
}

/// VERIFIER(6.18): what changes from turn to turn lives in the socket's state,
/// not here: numbers on the stack are followed exactly, turn by turn, until
/// "the sequence of 8193 jumps is too complex".
struct Speaking<'a> {
    ctx: &'a SkMsgContext,
    sock: &'a mut Sock,
}

impl Turn for Speaking<'_> {
    #[inline(always)]
    fn turn(&mut self, _index: u32) -> bool {
        let offset = self.sock.voice_offset;
        let size = self.sock.voice_size;
        let left = size.wrapping_sub(offset);
        if left == 0 || left > size {
            self.sock.voice_done = 1;
            return false;
        }
        let count = if left < CHUNK_BYTES as u32 {
            left
        } else {
            CHUNK_BYTES as u32
        };
        if !message::read(self.ctx, self.sock, offset, count) {
            maps::count_fault(Fault::Voice);
            return false;
        }
        self.sock.voice.at = 0;
        self.sock.voice.end = count;
        match voice::chunk(self.sock) {
            voice::GO_ON => {
                self.sock.voice_offset = offset.wrapping_add(count);
                true
            }
            voice::REFUSED => self.substitute(offset),
            _ => {
                self.decline_encryption();
                false
            }
        }
    }
}

impl Speaking<'_> {
    /// Puts our words in place of the message that just ended.
    #[inline(always)]
    fn substitute(&mut self, offset: u32) -> bool {
        let sock = &mut *self.sock;
        let start = sock.voice_message;
        let end = offset.wrapping_add(sock.voice.at);
        if start == voice::BEGAN_EARLIER || !voice::can_announce(sock) || sock.voice_room < GROWTH {
            return false;
        }
        judge::new_id(sock);
        let new = voice::render(sock);
        let old = end.wrapping_sub(start);
        if new == 0 {
            // A message that cannot be answered.
            return false;
        }
        if !message::replace(self.ctx, sock, start, old, new) {
            maps::count_fault(Fault::Voice);
            voice::condemn(sock);
            return false;
        }
        voice::announce(sock);
        sock.voice_offset = start.wrapping_add(new);
        sock.voice_size = sock.voice_size.wrapping_add(new).wrapping_sub(old);
        sock.voice_room = sock.voice_room.wrapping_sub(GROWTH);
        true
    }

    /// Answers an encryption request with `N`, in the server's place. It is the
    /// first thing on a connection, so nothing can be overtaken.
    #[inline(always)]
    fn decline_encryption(&mut self) {
        let sock = &mut *self.sock;
        // Only when the request is all that this system call sends.
        if sock.voice_message != 0 || sock.voice_size != 8 {
            return;
        }
        if !message::replace_by_byte(self.ctx, 8, b'N') {
            maps::count_fault(Fault::Voice);
            voice::condemn(sock);
            return;
        }
        voice::answered(sock);
        sock.voice_answer = message::send_back(self.ctx, sock.cookie);
        sock.voice_size = 0;
        sock.voice_done = 1;
    }
}
