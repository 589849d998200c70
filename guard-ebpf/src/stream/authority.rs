//! The authority: judges what really leaves the socket, exactly once and in
//! order.

use crate::emit;
use crate::kernel::repeat::Kernel;
use crate::maps;
use crate::stream::said;
use crate::stream::{Desk, Sock, judge, protocol};
use guard_common::abi::event::{EVENT_POISONED, JUDGE_AUTHORITY, Poisoned};
use guard_common::hash;
use guard_common::limits::{CHUNK_BYTES, DENIAL_BYTES};
use guard_common::repeat::{Repeat, Turn};
use guard_common::stream::{self, Chunk, what};
use guard_common::verdict::Effect;

/// Reads the chunk in `desk.chunk[..sock.authority.end]`; 1: a message in it is
/// refused.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn guard_authority_chunk(sock: *mut Sock, desk: *mut Desk) -> u32 {
    // SAFETY: the verifier checks that the pointers are null or whole values;
    // the socket's lock makes them the only references.
    let (Some(sock), Some(desk)) = (unsafe { sock.as_mut() }, unsafe { desk.as_mut() }) else {
        return 1;
    };
    let mut reading = Reading {
        sock,
        desk,
        refused: 0,
    };
    // Each turn takes at least one byte, or ends a message.
    Kernel::repeat(2 * CHUNK_BYTES as u32, &mut reading);
    reading.refused as u32
}

/// See [`guard_authority_chunk`].
#[inline(always)]
pub(crate) fn chunk(sock: &mut Sock, desk: &mut Desk) -> bool {
    guard_authority_chunk(sock, desk) != 0
}

struct Reading<'a> {
    sock: &'a mut Sock,
    desk: &'a mut Desk,
    refused: u64,
}

impl Turn for Reading<'_> {
    #[inline(always)]
    fn turn(&mut self, _index: u32) -> bool {
        if self.sock.authority.at >= self.sock.authority.end && self.sock.authority.complete == 0 {
            return false;
        }
        let from = guard_authority_begin(self.sock);
        if guard_authority_recall(self.sock, self.desk) == 0 {
            protocol::step(&mut self.sock.authority, &self.desk.chunk);
        }
        if self.sock.authority.hashing != 0 {
            guard_authority_digest(self.sock, &self.desk.chunk, from);
        }
        if self.sock.authority.complete != 0 && guard_authority_message(self.sock, self.desk) != 0 {
            self.refused = 1;
            return false;
        }
        true
    }
}

/// Passes over what need not be read of the next `left` bytes; answers with the
/// number of bytes.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn guard_authority_skip(sock: *mut Sock, left: u32) -> u32 {
    // SAFETY: as in `guard_authority_chunk`.
    let Some(sock) = (unsafe { sock.as_mut() }) else {
        return 0;
    };
    let count = sock.authority.skippable().min(left);
    sock.authority.skip(count);
    count
}

/// See [`guard_authority_skip`].
#[inline(always)]
pub(crate) fn skip(sock: &mut Sock, left: u32) -> u32 {
    guard_authority_skip(sock, left)
}

/// Notes where a message begins, before each step; answers with the position.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn guard_authority_begin(sock: *mut Sock) -> u32 {
    // SAFETY: as in `guard_authority_chunk`.
    let Some(sock) = (unsafe { sock.as_mut() }) else {
        return 0;
    };
    let stream = &mut sock.authority;
    if stream.at_boundary() {
        sock.message_sequence = sock.chunk_sequence.wrapping_add(stream.at);
        stream.slot = maps::live_slot() as u8;
        // A digest is needed only while substitutes are on their way.
        stream.hashing = (sock.pending.count != 0) as u8;
        stream.digest = digest_start();
        stream.hashed = 0;
    }
    stream.at
}

/// Takes what the voice has read of the same bytes; 0: nothing, they are to be read.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn guard_authority_recall(sock: *mut Sock, desk: *const Desk) -> u32 {
    // SAFETY: as in `guard_authority_chunk`.
    let (Some(sock), Some(desk)) = (unsafe { sock.as_mut() }, unsafe { desk.as_ref() }) else {
        return 0;
    };
    said::recall(desk, &mut sock.authority, sock.chunk_sequence) as u32
}

/// Adds the bytes of a step to the message's digest. A message that is longer
/// than any substitute needs none.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn guard_authority_digest(sock: *mut Sock, chunk: *const Chunk, from: u32) -> u32 {
    // SAFETY: as in `guard_authority_chunk`.
    let (Some(sock), Some(chunk)) = (unsafe { sock.as_mut() }, unsafe { chunk.as_ref() }) else {
        return 1;
    };
    let to = sock.authority.at;
    let hashed = sock.authority.hashed.wrapping_add(to.wrapping_sub(from));
    if hashed > DENIAL_BYTES as u32 {
        sock.authority.hashing = 0;
        return 0;
    }
    let mut digest = Digest {
        chunk,
        at: from,
        to,
        digest: sock.authority.digest,
    };
    Kernel::repeat(DENIAL_BYTES as u32, &mut digest);
    sock.authority.digest = digest.digest;
    sock.authority.hashed = hashed;
    0
}

/// The digest of no bytes: a secret of this boot, so that no client can write a
/// message with the digest of a substitute.
#[inline(always)]
pub(crate) fn digest_start() -> u64 {
    maps::settings().map_or(0, |settings| settings.secret)
}

/// Adds `chunk[at..to]` to a digest.
pub(crate) struct Digest<'a> {
    pub(crate) chunk: &'a Chunk,
    pub(crate) at: u32,
    pub(crate) to: u32,
    pub(crate) digest: u64,
}

impl Turn for Digest<'_> {
    #[inline(always)]
    fn turn(&mut self, index: u32) -> bool {
        let at = self.at.wrapping_add(index);
        if at >= self.to {
            return false;
        }
        self.digest = hash::step(self.digest, self.chunk[at as usize & (CHUNK_BYTES - 1)]);
        true
    }
}

/// Judges a complete message; 1: refused.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn guard_authority_message(sock: *mut Sock, desk: *mut Desk) -> u32 {
    // SAFETY: as in `guard_authority_chunk`.
    let (Some(sock), Some(desk)) = (unsafe { sock.as_mut() }, unsafe { desk.as_mut() }) else {
        return 1;
    };
    if sock.authority.hashing != 0 && sock.pending.take(sock.authority.digest) {
        let name = sock.pending.taken;
        stream::commit_substitute(&mut sock.authority, name);
        sock.authority.next();
        return 0;
    }
    let cookie = sock.ward.cookie;
    let what = protocol::settle(
        &mut sock.authority,
        &mut desk.names,
        cookie,
        JUDGE_AUTHORITY,
    );
    if what != what::NOTHING {
        let sequence = sock.message_sequence;
        let (ward, stream) = (&mut sock.ward, &mut sock.authority);
        if judge::judge(ward, stream, what) {
            judge::new_id(ward);
            judge::record(ward, stream, JUDGE_AUTHORITY, Effect::Reset, sequence);
            return 1;
        }
        if what == what::RUN {
            judge::new_id(ward);
            judge::record(ward, stream, JUDGE_AUTHORITY, Effect::None, sequence);
        }
        protocol::commit(stream, &mut desk.names, cookie, JUDGE_AUTHORITY);
    }
    sock.authority.next();
    0
}

/// Asks the agent to destroy the socket that `sock.poison` names.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn guard_authority_poison(sock: *mut Sock) -> u32 {
    // SAFETY: as in `guard_authority_chunk`.
    let Some(sock) = (unsafe { sock.as_mut() }) else {
        return 1;
    };
    let origin = emit::Origin {
        session: sock.ward.session,
        epoch: sock.ward.dataset_epoch,
        tgid: sock.ward.tgid,
        tid: sock.ward.tid,
        uid: sock.ward.uid,
    };
    let record = &mut sock.poison;
    record.header = emit::header(EVENT_POISONED, size_of::<Poisoned>() as u32, origin);
    record.socket = sock.ward.cookie;
    record.netns = sock.ward.netns;
    record.withheld_from = sock.expect;
    maps::remember_poisoned(record);
    emit::send_poisoned(record);
    0
}

/// See [`guard_authority_poison`].
#[inline(always)]
pub(crate) fn announce_poison(sock: &mut Sock) {
    guard_authority_poison(sock);
}
