//! Answers what policy refuses, while the client can still be told why.

use crate::kernel::message;
use crate::kernel::repeat::Kernel;
use crate::kernel::socket;
use crate::maps;
use crate::stream::voice::{self, Voice};
use crate::stream::{Desk, Sock, ear, judge};
use aya_ebpf::bindings::sk_action::SK_PASS;
use aya_ebpf::macros::sk_msg;
use aya_ebpf::programs::SkMsgContext;
use guard_common::fault::Fault;
use guard_common::repeat::{Repeat, Turn};

/// Turns of one system call: chunks, what is passed over between them, and one more
/// for each substitute.
const MAX_TURNS: u32 = 8192;

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
    let (Some(sock), Some(voice), Some(desk)) = (
        socket::state::<Sock>(sk),
        socket::state::<Voice>(sk),
        socket::state::<Desk>(sk),
    ) else {
        return SK_PASS;
    };
    let Some(send) = socket::send_side(sk) else {
        return SK_PASS;
    };
    if !voice::join(sock, voice, send.position) {
        return SK_PASS;
    }
    ear::inform(sk, &mut voice.stream);
    voice.base = send.position;
    voice.offset = 0;
    voice.message = voice::BEGAN_EARLIER;
    voice.size = ctx.size();
    voice.room = send.size.wrapping_sub(send.queued) as i32;
    voice.answer = SK_PASS;
    voice.done = 0;
    let mut speaking = Speaking {
        ctx,
        sock,
        voice,
        desk,
    };
    Kernel::repeat(MAX_TURNS, &mut speaking);
    let voice = speaking.voice;
    if voice.done == 0 {
        // Out of turns, or silent: the cursor is not where the data ends.
        voice.in_step = 0;
    }
    voice.next = voice.base.wrapping_add(voice.size);
    voice.answer
}

/// VERIFIER(6.18): what changes from turn to turn lives in the socket's state,
/// not here: numbers on the stack are followed exactly, turn by turn, until
/// "the sequence of 8193 jumps is too complex".
struct Speaking<'a> {
    ctx: SkMsgContext,
    sock: &'a mut Sock,
    voice: &'a mut Voice,
    desk: &'a mut Desk,
}

impl Turn for Speaking<'_> {
    #[inline(always)]
    fn turn(&mut self, _index: u32) -> bool {
        let offset = self.voice.offset;
        let size = self.voice.size;
        let left = size.wrapping_sub(offset);
        if left == 0 || left > size {
            self.voice.done = 1;
            return false;
        }
        let skipped = self.voice.stream.skippable().min(left);
        if skipped != 0 {
            self.voice.stream.skip(skipped);
            self.voice.offset = offset.wrapping_add(skipped);
            return true;
        }
        let count = self.voice.stream.reach().min(left);
        if !message::read(&self.ctx, &mut self.desk.chunk, offset, count) {
            maps::count_fault(Fault::Voice);
            return false;
        }
        self.voice.stream.at = 0;
        self.voice.stream.end = count;
        match voice::chunk(self.sock, self.voice, self.desk) {
            voice::GO_ON => {
                self.voice.offset = offset.wrapping_add(count);
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
    ///
    /// VERIFIER: a function of its own, for the stack of the turn, which the engine
    /// runs on top of, holds only what the turn needs.
    #[inline(never)]
    fn substitute(&mut self, offset: u32) -> bool {
        let (sock, voice) = (&mut *self.sock, &mut *self.voice);
        let start = voice.message;
        let end = offset.wrapping_add(voice.stream.at);
        if start == voice::BEGAN_EARLIER || !sock.pending.has_room() || voice.room < GROWTH {
            return false;
        }
        judge::new_id(&mut sock.ward);
        let new = voice::render(&sock.ward, voice, &mut self.desk.chunk);
        let old = end.wrapping_sub(start);
        if new == 0 {
            // A message that cannot be answered.
            return false;
        }
        if !message::replace(&self.ctx, voice, &self.desk.chunk, (start, old, new)) {
            maps::count_fault(Fault::Voice);
            voice::condemn(sock, voice);
            return false;
        }
        voice::announce(sock, voice, &self.desk.chunk);
        voice.offset = start.wrapping_add(new);
        voice.size = voice.size.wrapping_add(new).wrapping_sub(old);
        voice.room = voice.room.wrapping_sub(GROWTH);
        true
    }

    /// Answers an encryption request with `N`, in the server's place. It is the
    /// first thing on a connection, so nothing can be overtaken.
    #[inline(never)]
    fn decline_encryption(&mut self) {
        let (sock, voice) = (&mut *self.sock, &mut *self.voice);
        // Only when the request is all that this system call sends.
        if voice.message != 0 || voice.size != 8 {
            return;
        }
        if !message::replace_by_byte(&self.ctx, 8, b'N') {
            maps::count_fault(Fault::Voice);
            voice::condemn(sock, voice);
            return;
        }
        voice::answered(voice);
        voice.answer = message::send_back(&self.ctx, sock.ward.cookie);
        voice.size = 0;
        voice.done = 1;
    }
}
