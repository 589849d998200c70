//! The voice: judges what a system call is about to send, while a refusal can
//! still be answered in words.
//!
//! It never has the last say. Where it is not certain of its place in the
//! stream, or a refused message has already begun to leave, it stays silent
//! and the authority ends the connection.

use crate::kernel::read;
use crate::kernel::repeat::Kernel;
use crate::maps;
use crate::stream::authority::{Digest, digest_start};
use crate::stream::{PENDING, Sock, judge, protocol};
use guard_common::abi::event::JUDGE_VOICE;
use guard_common::abi::policy::NONE;
use guard_common::denial::{self, Frame, ID_DIGITS};
use guard_common::fault::Fault;
use guard_common::limits::{CHUNK_BYTES, DENIAL_BYTES};
use guard_common::pg::kind;
use guard_common::protocol::Protocol;
use guard_common::repeat::{Repeat, Turn};
use guard_common::stream::{self, Chunk, phase, what};
use guard_common::verdict::Effect;

/// [`Sock::voice_message`]: the message began in an earlier system call.
pub(crate) const BEGAN_EARLIER: u32 = u32::MAX;

/// [`Sock::voice_outcome`]: the chunk is read, nothing to do.
pub(crate) const GO_ON: u32 = 0;
/// [`Sock::voice_outcome`]: the message that just ended is refused.
pub(crate) const REFUSED: u32 = 1;
/// [`Sock::voice_outcome`]: an encryption request is answered with `N`.
pub(crate) const DECLINED: u32 = 2;

/// Reads the chunk in `sock.chunk[..sock.voice.end]` and returns an outcome.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn guard_voice_chunk(sock: *mut Sock) -> u32 {
    // SAFETY: the verifier checks that the pointer is null or a whole `Sock`;
    // the socket's lock makes it the only reference.
    let Some(sock) = (unsafe { sock.as_mut() }) else {
        return GO_ON;
    };
    sock.voice_outcome = GO_ON;
    let mut reading = Reading { sock };
    Kernel::repeat(2 * CHUNK_BYTES as u32, &mut reading);
    sock.voice_outcome
}

/// See [`guard_voice_chunk`].
#[inline(always)]
pub(crate) fn chunk(sock: &mut Sock) -> u32 {
    guard_voice_chunk(sock)
}

struct Reading<'a> {
    sock: &'a mut Sock,
}

impl Turn for Reading<'_> {
    #[inline(always)]
    fn turn(&mut self, _index: u32) -> bool {
        if self.sock.voice.at >= self.sock.voice.end && self.sock.voice.complete == 0 {
            return false;
        }
        guard_voice_begin(self.sock);
        protocol::step(&mut self.sock.voice, &self.sock.chunk);
        if self.sock.voice.complete != 0 {
            guard_voice_message(self.sock);
        }
        self.sock.voice_outcome == GO_ON
    }
}

/// Notes where a message begins, before each step.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn guard_voice_begin(sock: *mut Sock) -> u32 {
    // SAFETY: as in `guard_voice_chunk`.
    let Some(sock) = (unsafe { sock.as_mut() }) else {
        return 1;
    };
    let stream = &mut sock.voice;
    if stream.at_boundary() {
        sock.voice_message = sock.voice_offset.wrapping_add(stream.at);
        stream.slot = maps::live_slot() as u8;
    }
    0
}

/// Judges a complete message into `sock.voice_outcome`.
///
/// A refused one is recorded here only when it will be answered; otherwise the
/// authority sees it, refuses it and records it.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn guard_voice_message(sock: *mut Sock) -> u32 {
    // SAFETY: as in `guard_voice_chunk`.
    let Some(sock) = (unsafe { sock.as_mut() }) else {
        return 1;
    };
    if asks_encryption(sock) && declines(sock) {
        sock.voice_outcome = DECLINED;
        return 0;
    }
    let what = protocol::settle(sock, JUDGE_VOICE);
    if what != what::NOTHING {
        if judge::judge(sock, JUDGE_VOICE, what) {
            sock.voice_outcome = REFUSED;
            return 0;
        }
        protocol::commit(sock, JUDGE_VOICE);
    }
    sock.voice.next();
    0
}

/// Tells whether the message asks the server for encryption.
#[inline(always)]
fn asks_encryption(sock: &Sock) -> bool {
    sock.voice.protocol() == Protocol::Postgres
        && matches!(sock.voice.kind, kind::SSL_REQUEST | kind::GSS_REQUEST)
}

/// Tells whether the socket's dataset says `tls: decline`.
#[inline(always)]
fn declines(sock: &Sock) -> bool {
    sock.dataset != NONE
        && maps::policy(sock.voice.slot as u32)
            .is_some_and(|policy| policy.tls_decline & (1 << (sock.dataset & 63)) != 0)
}

/// Lets the voice take over the authority's cursor, which stands at a message
/// boundary and at the send position.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn guard_voice_join(sock: *mut Sock) -> u32 {
    // SAFETY: as in `guard_voice_chunk`.
    let Some(sock) = (unsafe { sock.as_mut() }) else {
        return 1;
    };
    read::copy_whole(&sock.authority.unnamed, &mut sock.voice.unnamed);
    read::copy_whole(&sock.authority.portal, &mut sock.voice.portal);
    sock.voice.opaque = sock.authority.opaque;
    sock.voice.phase = sock.authority.phase;
    sock.voice.database = sock.authority.database;
    sock.voice.user = sock.authority.user;
    sock.voice.mysql = sock.authority.mysql;
    sock.voice.target = sock.authority.target;
    sock.voice.scan.server = sock.authority.scan.server;
    sock.voice.header = 0;
    sock.voice.header_count = 0;
    sock.voice.complete = 0;
    0
}

/// Puts the voice in step with the stream, whose next byte has the sequence
/// number `position`; `false`: it must stay silent.
#[inline(always)]
pub(crate) fn join(sock: &mut Sock, position: u32) -> bool {
    if sock.in_step != 0 && sock.voice_next == position {
        return true;
    }
    sock.in_step = 0;
    if sock.expect != position || sock.poisoned != 0 || !sock.authority.at_boundary() {
        return false;
    }
    guard_voice_join(sock);
    sock.in_step = 1;
    true
}

/// Renders the words for the refusal into `sock.chunk` and returns their
/// length; 0: such a message cannot be answered.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn guard_voice_render(sock: *mut Sock) -> u32 {
    // SAFETY: as in `guard_voice_chunk`.
    let Some(sock) = (unsafe { sock.as_mut() }) else {
        return 0;
    };
    let index = denial::index(&sock.record.decision, sock.voice.scan.facts.opaque);
    let Some(denial) = maps::denial(sock.voice.slot as u32, index) else {
        maps::count_fault(Fault::Voice);
        return 0;
    };
    let Some(frame) = denial.frame(&sock.voice) else {
        return 0;
    };
    let length = frame.length;
    if length == 0 || length > DENIAL_BYTES as u32 {
        maps::count_fault(Fault::Voice);
        return 0;
    }
    let mut copy = Copy {
        from: frame,
        to: &mut sock.chunk,
    };
    Kernel::repeat((DENIAL_BYTES / 8) as u32, &mut copy);
    let id = sock.record.id;
    let mut digits = Digits {
        chunk: &mut sock.chunk,
        at: frame.id_at,
        id,
    };
    Kernel::repeat(ID_DIGITS as u32, &mut digits);
    sock.voice_first = frame.first;
    length
}

/// See [`guard_voice_render`].
#[inline(always)]
pub(crate) fn render(sock: &mut Sock) -> u32 {
    guard_voice_render(sock)
}

struct Copy<'a> {
    from: &'a Frame,
    to: &'a mut Chunk,
}

impl Turn for Copy<'_> {
    #[inline(always)]
    fn turn(&mut self, index: u32) -> bool {
        let at = index as usize * 8;
        let mut byte = 0;
        while byte < 8 {
            self.to[(at + byte) & (DENIAL_BYTES - 1)] =
                self.from.bytes[(at + byte) & (DENIAL_BYTES - 1)];
            byte += 1;
        }
        true
    }
}

struct Digits<'a> {
    chunk: &'a mut Chunk,
    at: u32,
    id: u64,
}

impl Turn for Digits<'_> {
    #[inline(always)]
    fn turn(&mut self, index: u32) -> bool {
        let digit = (self.id >> ((15 - (index & 15)) * 4) & 15) as u8;
        let at = self.at.wrapping_add(index) as usize & (DENIAL_BYTES - 1);
        self.chunk[at] = if digit < 10 {
            b'0' + digit
        } else {
            b'a' - 10 + digit
        };
        true
    }
}

/// Announces the substitute in `sock.chunk` to the authority, and records the
/// refusal.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn guard_voice_announce(sock: *mut Sock) -> u32 {
    // SAFETY: as in `guard_voice_chunk`.
    let Some(sock) = (unsafe { sock.as_mut() }) else {
        return 1;
    };
    let mut digest = Digest {
        chunk: &sock.chunk,
        at: 0,
        to: sock.voice_first,
        digest: digest_start(),
    };
    Kernel::repeat(DENIAL_BYTES as u32, &mut digest);
    let digest = digest.digest;
    let name = stream::refused_name(&sock.voice);
    let mut index = 0;
    while index < PENDING {
        if sock.pending[index & (PENDING - 1)] == 0 {
            sock.pending[index & (PENDING - 1)] = digest;
            sock.pending_name[index & (PENDING - 1)] = name;
            sock.pending_count = sock.pending_count.wrapping_add(1);
            break;
        }
        index += 1;
    }
    let sequence = sock.voice_base.wrapping_add(sock.voice_message);
    judge::record(sock, JUDGE_VOICE, Effect::ErrorFrame, sequence);
    stream::commit_substitute(&mut sock.voice, name);
    sock.voice.next();
    0
}

/// See [`guard_voice_announce`].
#[inline(always)]
pub(crate) fn announce(sock: &mut Sock) {
    guard_voice_announce(sock);
}

/// Records a refusal whose message could not be rewritten: what is left of it
/// must not be sent, so the authority ends the connection.
#[inline(always)]
pub(crate) fn condemn(sock: &mut Sock) {
    sock.condemned = 1;
    let sequence = sock.voice_base.wrapping_add(sock.voice_message);
    judge::record(sock, JUDGE_VOICE, Effect::Reset, sequence);
}

/// Tells whether there is room to announce one more substitute.
#[inline(always)]
pub(crate) const fn can_announce(sock: &Sock) -> bool {
    sock.pending_count < PENDING as u32
}

/// Ends an encryption request that was answered here: it takes no place in the
/// stream.
#[inline(always)]
pub(crate) fn answered(sock: &mut Sock) {
    sock.voice.next();
    sock.voice.phase = phase::START;
}
