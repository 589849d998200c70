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
use crate::stream::said;
use crate::stream::{Desk, Sock, Ward, judge, protocol};
use guard_common::abi::event::JUDGE_VOICE;
use guard_common::abi::policy::NONE;
use guard_common::denial::{self, Frame, ID_DIGITS};
use guard_common::fault::Fault;
use guard_common::limits::{CHUNK_BYTES, DENIAL_BYTES};
use guard_common::pg::kind;
use guard_common::protocol::Protocol;
use guard_common::repeat::{Repeat, Turn};
use guard_common::stream::{self, Chunk, Stream, phase, what};
use guard_common::verdict::Effect;

/// The voice's place in the stream, and what it does with the data of a system
/// call.
#[repr(C)]
pub(crate) struct Voice {
    /// Its cursor.
    pub(crate) stream: Stream,
    /// Send position at which the cursor stands.
    pub(crate) next: u32,
    /// Send position of the first byte of the system call's data.
    pub(crate) base: u32,
    /// Offset of the chunk in the system call's data.
    pub(crate) offset: u32,
    /// Offset of the current message in the system call's data, or
    /// [`BEGAN_EARLIER`].
    pub(crate) message: u32,
    /// Bytes of the system call's data as it is sent.
    pub(crate) size: u32,
    /// Bytes free in the send buffer; negative: none.
    pub(crate) room: i32,
    /// The answer of the `sk_msg` program.
    pub(crate) answer: u32,
    /// 1: all data of the system call is read, or answered.
    pub(crate) done: u32,
    /// Bytes of a substitute written so far.
    pub(crate) written: u32,
    /// Length of the first message of the substitute that was rendered last.
    first: u32,
    /// What was found last: one of the outcomes below.
    outcome: u32,
    /// 1: the cursor is exact at `next`.
    pub(crate) in_step: u32,
}

/// [`Voice::message`]: the message began in an earlier system call.
pub(crate) const BEGAN_EARLIER: u32 = u32::MAX;

/// [`Voice::outcome`]: the chunk is read, nothing to do.
pub(crate) const GO_ON: u32 = 0;
/// [`Voice::outcome`]: the message that just ended is refused.
pub(crate) const REFUSED: u32 = 1;
/// [`Voice::outcome`]: an encryption request is answered with `N`.
pub(crate) const DECLINED: u32 = 2;

/// Reads the chunk in `desk.chunk[..voice.stream.end]` and returns an outcome.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn guard_voice_chunk(sock: *mut Sock, voice: *mut Voice, desk: *mut Desk) -> u32 {
    // SAFETY: the verifier checks that the pointers are null or whole values;
    // the socket's lock makes them the only references.
    let (Some(sock), Some(voice)) = (unsafe { sock.as_mut() }, unsafe { voice.as_mut() }) else {
        return GO_ON;
    };
    // SAFETY: as above.
    let Some(desk) = (unsafe { desk.as_mut() }) else {
        return GO_ON;
    };
    voice.outcome = GO_ON;
    let mut reading = Reading { sock, voice, desk };
    Kernel::repeat(2 * CHUNK_BYTES as u32, &mut reading);
    reading.voice.outcome
}

/// See [`guard_voice_chunk`].
#[inline(always)]
pub(crate) fn chunk(sock: &mut Sock, voice: &mut Voice, desk: &mut Desk) -> u32 {
    guard_voice_chunk(sock, voice, desk)
}

struct Reading<'a> {
    sock: &'a mut Sock,
    voice: &'a mut Voice,
    desk: &'a mut Desk,
}

impl Turn for Reading<'_> {
    #[inline(always)]
    fn turn(&mut self, _index: u32) -> bool {
        let stream = &mut self.voice.stream;
        if stream.at >= stream.end && stream.complete == 0 {
            return false;
        }
        guard_voice_begin(self.voice, self.desk);
        protocol::step(&mut self.voice.stream, &self.desk.chunk);
        if self.voice.stream.complete != 0 {
            guard_voice_message(self.sock, self.voice, self.desk);
        }
        self.voice.outcome == GO_ON
    }
}

/// Notes where a message begins, and its text, before each step.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn guard_voice_begin(voice: *mut Voice, desk: *mut Desk) -> u32 {
    // SAFETY: as in `guard_voice_chunk`.
    let (Some(voice), Some(desk)) = (unsafe { voice.as_mut() }, unsafe { desk.as_mut() }) else {
        return 1;
    };
    let sequence = voice.base.wrapping_add(voice.offset);
    said::begin(desk, &voice.stream, sequence);
    let stream = &mut voice.stream;
    if stream.at_boundary() {
        voice.message = voice.offset.wrapping_add(stream.at);
        stream.slot = maps::live_slot() as u8;
    }
    0
}

/// Judges a complete message into `voice.outcome`.
///
/// A refused one is recorded here only when it will be answered; otherwise the
/// authority sees it, refuses it and records it.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn guard_voice_message(sock: *mut Sock, voice: *mut Voice, desk: *mut Desk) -> u32 {
    // SAFETY: as in `guard_voice_chunk`.
    let (Some(sock), Some(voice)) = (unsafe { sock.as_mut() }, unsafe { voice.as_mut() }) else {
        return 1;
    };
    // SAFETY: as in `guard_voice_chunk`.
    let Some(desk) = (unsafe { desk.as_mut() }) else {
        return 1;
    };
    let stream = &mut voice.stream;
    said::end(&mut desk.said, stream);
    if asks_encryption(stream) && declines(&sock.ward, stream) {
        voice.outcome = DECLINED;
        return 0;
    }
    let cookie = sock.ward.cookie;
    let what = protocol::settle(stream, &mut desk.names, cookie, JUDGE_VOICE);
    if what != what::NOTHING {
        if judge::judge(&mut sock.ward, stream, what) {
            voice.outcome = REFUSED;
            return 0;
        }
        protocol::commit(stream, &mut desk.names, cookie, JUDGE_VOICE);
    }
    stream.next();
    0
}

/// Tells whether the message asks the server for encryption.
#[inline(always)]
fn asks_encryption(stream: &Stream) -> bool {
    stream.protocol() == Protocol::Postgres
        && matches!(stream.kind, kind::SSL_REQUEST | kind::GSS_REQUEST)
}

/// Tells whether the socket's dataset says `tls: decline`.
#[inline(always)]
fn declines(ward: &Ward, stream: &Stream) -> bool {
    ward.dataset != NONE
        && maps::policy(stream.slot as u32)
            .is_some_and(|policy| policy.tls_decline & (1 << (ward.dataset & 63)) != 0)
}

/// Lets the voice take over the authority's cursor, which stands at a message
/// boundary and at the send position.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn guard_voice_join(voice: *mut Voice, from: *const Stream) -> u32 {
    // SAFETY: as in `guard_voice_chunk`.
    let (Some(voice), Some(from)) = (unsafe { voice.as_mut() }, unsafe { from.as_ref() }) else {
        return 1;
    };
    let stream = &mut voice.stream;
    read::copy_whole(&from.unnamed, &mut stream.unnamed);
    read::copy_whole(&from.portal, &mut stream.portal);
    stream.opaque = from.opaque;
    stream.phase = from.phase;
    stream.database = from.database;
    stream.user = from.user;
    stream.mysql = from.mysql;
    stream.target = from.target;
    stream.scan.server = from.scan.server;
    stream.header = 0;
    stream.header_count = 0;
    stream.complete = 0;
    0
}

/// Puts the voice in step with the stream, whose next byte has the sequence
/// number `position`; `false`: it must stay silent.
#[inline(always)]
pub(crate) fn join(sock: &Sock, voice: &mut Voice, position: u32) -> bool {
    if voice.in_step != 0 && voice.next == position {
        return true;
    }
    voice.in_step = 0;
    if sock.expect != position || sock.poisoned != 0 || !sock.authority.at_boundary() {
        return false;
    }
    guard_voice_join(voice, &raw const sock.authority);
    voice.in_step = 1;
    true
}

/// Renders the words for the refusal into the chunk and returns their length; 0:
/// such a message cannot be answered.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn guard_voice_render(ward: *const Ward, voice: *mut Voice, chunk: *mut Chunk) -> u32 {
    // SAFETY: as in `guard_voice_chunk`.
    let (Some(ward), Some(voice)) = (unsafe { ward.as_ref() }, unsafe { voice.as_mut() }) else {
        return 0;
    };
    // SAFETY: as in `guard_voice_chunk`.
    let Some(chunk) = (unsafe { chunk.as_mut() }) else {
        return 0;
    };
    let stream = &voice.stream;
    let index = denial::index(&ward.decision, stream.scan.facts.opaque);
    let Some(denial) = maps::denial(stream.slot as u32, index) else {
        maps::count_fault(Fault::Voice);
        return 0;
    };
    let Some(frame) = denial.frame(stream) else {
        return 0;
    };
    let length = frame.length;
    if length == 0 || length > DENIAL_BYTES as u32 {
        maps::count_fault(Fault::Voice);
        return 0;
    }
    let mut copy = Copy {
        from: frame,
        to: chunk,
    };
    Kernel::repeat((DENIAL_BYTES / 8) as u32, &mut copy);
    let mut digits = Digits {
        chunk,
        at: frame.id_at,
        id: ward.id,
    };
    Kernel::repeat(ID_DIGITS as u32, &mut digits);
    voice.first = frame.first;
    length
}

/// See [`guard_voice_render`].
#[inline(always)]
pub(crate) fn render(ward: &Ward, voice: &mut Voice, chunk: &mut Chunk) -> u32 {
    guard_voice_render(ward, voice, chunk)
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

/// Announces the substitute in the chunk to the authority, and records the
/// refusal.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn guard_voice_announce(sock: *mut Sock, voice: *mut Voice, chunk: *const Chunk) -> u32 {
    // SAFETY: as in `guard_voice_chunk`.
    let (Some(sock), Some(voice)) = (unsafe { sock.as_mut() }, unsafe { voice.as_mut() }) else {
        return 1;
    };
    // SAFETY: as in `guard_voice_chunk`.
    let Some(chunk) = (unsafe { chunk.as_ref() }) else {
        return 1;
    };
    let mut digest = Digest {
        chunk,
        at: 0,
        to: voice.first,
        digest: digest_start(),
    };
    Kernel::repeat(DENIAL_BYTES as u32, &mut digest);
    let name = stream::refused_name(&voice.stream);
    sock.pending.add(digest.digest, name);
    record(sock, voice, Effect::ErrorFrame);
    stream::commit_substitute(&mut voice.stream, name);
    voice.stream.next();
    0
}

/// See [`guard_voice_announce`].
#[inline(always)]
pub(crate) fn announce(sock: &mut Sock, voice: &mut Voice, chunk: &Chunk) {
    guard_voice_announce(sock, voice, chunk);
}

/// Records a refusal whose message could not be rewritten: what is left of it
/// must not be sent, so the authority ends the connection.
#[inline(always)]
pub(crate) fn condemn(sock: &mut Sock, voice: &Voice) {
    sock.condemned = 1;
    record(sock, voice, Effect::Reset);
}

#[inline(always)]
fn record(sock: &Sock, voice: &Voice, effect: Effect) {
    let sequence = voice.base.wrapping_add(voice.message);
    judge::record(&sock.ward, &voice.stream, JUDGE_VOICE, effect, sequence);
}

/// Ends an encryption request that was answered here: it takes no place in the
/// stream.
#[inline(always)]
pub(crate) const fn answered(voice: &mut Voice) {
    voice.stream.next();
    voice.stream.phase = phase::START;
}
