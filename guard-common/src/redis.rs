//! The client's side of the Redis protocol (RESP, and command lines) as a
//! stream, read as `networking.c` of the server reads it.
//!
//! A message is one command: an array of bulk strings (`*2\r\n$3\r\nGET\r\n…`,
//! in RESP2 and RESP3 alike), or a line of words ([`inline`]). What the server
//! does not look at is not looked at here: the byte behind a `\r`, and the two
//! behind an argument. What it closes the connection for is opaque.
//!
//! Of the arguments only those that decide are read ([`arguments`]); the rest is
//! skipped, so an argument of a gigabyte costs no memory.

pub mod arguments;
pub mod commands;
mod inline;
#[cfg(test)]
mod tests;

pub use commands::{Command, Commands};

use crate::class::Opaque;
use crate::facts::COMMANDS;
use crate::limits::CHUNK_BYTES;
use crate::stream::{Chunk, Engine, Stream, what};
use arguments::Arguments;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// [`Stream::kind`]: an array of bulk strings.
pub const ARRAY: u8 = b'*';
/// [`Stream::kind`]: a command line.
pub const LINE: u8 = b'i';
/// [`Stream::kind`]: an empty array or line, which the server passes over.
pub const EMPTY: u8 = b'0';

/// Phases of this protocol.
mod phase {
    pub(super) use crate::stream::phase::{HEADER, OWN, START};
    /// Behind `*`: the number of arguments, up to `\r`.
    pub(super) const COUNT: u32 = OWN;
    /// The byte behind that `\r`.
    pub(super) const COUNT_END: u32 = OWN + 1;
    /// The `$` of an argument.
    pub(super) const DOLLAR: u32 = OWN + 2;
    /// Behind it: the length of the argument, up to `\r`.
    pub(super) const LENGTH: u32 = OWN + 3;
    /// The byte behind that `\r`.
    pub(super) const LENGTH_END: u32 = OWN + 4;
    /// Bytes of an argument, and the two behind it.
    pub(super) const ARGUMENT: u32 = OWN + 5;
    /// A command line.
    pub(super) const LINE: u32 = OWN + 6;
}

/// Digits that are read of a number. The server takes an `i64`, this reader 32
/// bits: more is a protocol error or beyond [`MAX_ARGUMENT`].
const MAX_DIGITS: u32 = 10;
/// Longest argument that is followed, in bytes (4 GiB, eight times what the
/// server takes by default).
const MAX_ARGUMENT: u64 = 0xffff_0000;
/// Most arguments the server takes (`INT_MAX`).
const MAX_COUNT: u64 = 0x7fff_ffff;
/// Bytes of a word that one step reads at most.
const STEP_BYTES: u32 = 8;

/// What is known of the command being read, besides [`Stream`].
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct State {
    /// The arguments.
    pub arguments: Arguments,
    /// The number being read.
    number: u64,
    /// Bytes of the message so far.
    bytes: u64,
    /// Bytes left of the argument, and the two behind it.
    left: u64,
    /// Arguments left in the array.
    count: u32,
    /// Characters read of the number.
    digits: u32,
    /// 1: the number is negative.
    negative: u32,
    /// Place within a command line.
    quote: u32,
    /// First digit of a `\xHH`.
    digit: u32,
    /// Zero.
    reserved: u32,
}

/// [`crate::stream::step`] for this protocol.
#[inline(always)]
pub fn step<E: Engine>(engine: &E, stream: &mut Stream, chunk: &Chunk) {
    if stream.complete != 0 || stream.at >= stream.end {
        return;
    }
    let from = stream.at;
    match stream.phase {
        phase::START | phase::HEADER => begin(engine, stream, chunk),
        phase::COUNT | phase::LENGTH => number(stream, chunk),
        phase::COUNT_END => {
            stream.at = from.wrapping_add(1);
            count_end(stream);
        }
        phase::DOLLAR => {
            stream.at = from.wrapping_add(1);
            if byte_at(chunk, from) == b'$' {
                start_number(stream, phase::LENGTH);
            } else {
                stream.blind(Opaque::Protocol);
            }
        }
        phase::LENGTH_END => {
            stream.at = from.wrapping_add(1);
            length_end(stream);
        }
        phase::ARGUMENT => argument(engine, stream, chunk),
        phase::LINE => {
            stream.at = from.wrapping_add(1);
            inline::byte(engine, stream, byte_at(chunk, from));
        }
        _ => stream.at = stream.end,
    }
    stream.redis.bytes += u64::from(stream.at.wrapping_sub(from) & 0x1fff);
}

/// [`crate::stream::settle`] for this protocol.
#[inline(always)]
pub fn settle(stream: &mut Stream) -> u32 {
    if stream.kind == EMPTY {
        return what::NOTHING;
    }
    let facts = &mut stream.scan.facts;
    facts.clear();
    facts.statements = 1;
    facts.bytes = stream.redis.bytes;
    let arguments = &stream.redis.arguments;
    facts.hits = arguments.hits();
    facts.opaque = arguments.command.opaque | stream.opaque;
    facts.verbs[0] = COMMANDS.wrapping_add(arguments.command.number);
    facts.verb_count = 1;
    what::RUN
}

/// Bytes left of an argument, and the two behind it, where they do not matter.
#[inline(always)]
pub(crate) const fn skippable(stream: &Stream) -> u64 {
    if stream.phase == phase::ARGUMENT && stream.redis.arguments.is_settled() {
        stream.redis.left
    } else {
        0
    }
}

/// Passes over bytes of an argument.
#[inline(always)]
pub(crate) const fn skip(stream: &mut Stream, count: u32) {
    stream.redis.left = stream.redis.left.wrapping_sub(count as u64);
    stream.redis.bytes = stream.redis.bytes.wrapping_add(count as u64);
}

/// Length of the argument that is being passed over.
#[inline(always)]
pub(crate) const fn skipped(stream: &Stream) -> u64 {
    if skippable(stream) == 0 {
        0
    } else {
        stream.redis.number
    }
}

#[inline(always)]
fn byte_at(chunk: &Chunk, at: u32) -> u8 {
    chunk[at as usize & (CHUNK_BYTES - 1)]
}

/// The first byte of a message says which form it has.
#[inline(always)]
fn begin<E: Engine>(engine: &E, stream: &mut Stream, chunk: &Chunk) {
    let byte = byte_at(chunk, stream.at);
    if stream.phase == phase::START && byte == 0x16 {
        // A TLS record (type 22, handshake).
        stream.blind(Opaque::Tls);
        return;
    }
    stream.at = stream.at.wrapping_add(1);
    stream.redis.arguments.begin();
    stream.redis.bytes = 0;
    if byte == b'*' {
        stream.kind = ARRAY;
        start_number(stream, phase::COUNT);
    } else {
        stream.kind = LINE;
        stream.phase = phase::LINE;
        stream.redis.quote = inline::BLANK;
        inline::byte(engine, stream, byte);
    }
}

#[inline(always)]
const fn start_number(stream: &mut Stream, phase: u32) {
    stream.phase = phase;
    stream.redis.number = 0;
    stream.redis.digits = 0;
    stream.redis.negative = 0;
}

/// A byte of a number, as `string2ll` takes it: no sign but `-`, no leading
/// zero. A NUL stops the server from ever finding the end of the line.
#[inline(always)]
fn number(stream: &mut Stream, chunk: &Chunk) {
    let byte = byte_at(chunk, stream.at);
    stream.at = stream.at.wrapping_add(1);
    let state = &mut stream.redis;
    if byte == b'\r' {
        let empty = state.digits == 0 || (state.negative != 0 && state.number == 0);
        if empty {
            stream.blind(Opaque::Protocol);
        } else {
            stream.phase = stream.phase.wrapping_add(1);
        }
        return;
    }
    if byte == b'-' && state.digits == 0 && state.negative == 0 {
        state.negative = 1;
        return;
    }
    let leading_zero = state.digits != 0 && state.number == 0;
    if !byte.is_ascii_digit() || leading_zero || state.digits >= MAX_DIGITS {
        let reason = if byte.is_ascii_digit() && !leading_zero {
            Opaque::Limit
        } else {
            Opaque::Protocol
        };
        stream.blind(reason);
        return;
    }
    state.digits = state.digits.wrapping_add(1);
    state.number = state
        .number
        .wrapping_mul(10)
        .wrapping_add((byte & 15) as u64);
}

/// Behind the number of arguments.
#[inline(always)]
fn count_end(stream: &mut Stream) {
    let count = stream.redis.number;
    if stream.redis.negative != 0 || count == 0 {
        stream.kind = EMPTY;
        stream.complete = 1;
    } else if count > MAX_COUNT {
        stream.blind(Opaque::Protocol);
    } else {
        stream.redis.count = count as u32;
        stream.phase = phase::DOLLAR;
    }
}

/// Behind the length of an argument.
#[inline(always)]
fn length_end(stream: &mut Stream) {
    let length = stream.redis.number;
    if stream.redis.negative != 0 {
        stream.blind(Opaque::Protocol);
    } else if length > MAX_ARGUMENT {
        stream.blind(Opaque::Limit);
    } else {
        stream.redis.left = length + 2;
        stream.redis.arguments.open();
        stream.phase = phase::ARGUMENT;
    }
}

/// Bytes of an argument: those that decide a few at a time, the others at once.
#[inline(always)]
fn argument<E: Engine>(engine: &E, stream: &mut Stream, chunk: &Chunk) {
    let mut at = stream.at;
    let end = stream.end;
    let mut left = stream.redis.left;
    let mut taken = 0;
    while taken < STEP_BYTES {
        if at >= end || left <= 2 || stream.redis.arguments.is_settled() {
            break;
        }
        stream.redis.arguments.take(byte_at(chunk, at));
        at = at.wrapping_add(1);
        left = left.wrapping_sub(1);
        taken += 1;
    }
    if left <= 2 || stream.redis.arguments.is_settled() {
        let here = u64::from(end.wrapping_sub(at));
        let skipped = if left < here { left } else { here };
        at = at.wrapping_add(skipped as u32);
        left = left.wrapping_sub(skipped);
    }
    stream.at = at;
    stream.redis.left = left;
    if left != 0 {
        return;
    }
    stream.redis.arguments.close(engine);
    stream.redis.count = stream.redis.count.wrapping_sub(1);
    if stream.redis.count == 0 {
        stream.complete = 1;
    } else {
        stream.phase = phase::DOLLAR;
    }
}

const _: () = assert!(size_of::<State>() == size_of::<Arguments>() + 48);
