//! The PostgreSQL frontend protocol as a stream (protocol 3.0, chapter
//! "Frontend/Backend Protocol" of the PostgreSQL documentation).
//!
//! [`step`] is the framing, [`settle`](settle::settle) says which facts are to
//! be judged (prepared statements keep facts, not verdicts), and
//! [`startup`] reads the parameters that change how SQL is read.
//!
//! Of a [`Stream`], `name` and `second_name` hold hashes of names
//! ([`hash::START`] is the empty name), `refused` that of a replaced `Parse`
//! until the next `Sync`, `target` the `S` or `P` of `Close`, `word` the hash of
//! a word of the startup packet, and of it without its first letter; later the
//! lengths of the two names.

pub mod settle;
pub mod startup;
#[cfg(test)]
mod tests;

use crate::class::{Class, Opaque};
use crate::hash;
use crate::limits::CHUNK_BYTES;
use crate::protocol::Dialect;
use crate::stream::{Chunk, Engine, Stream};

/// Message kinds that have no type byte on the wire.
pub mod kind {
    /// Startup packet.
    pub const STARTUP: u8 = b's';
    /// `SSLRequest`.
    pub const SSL_REQUEST: u8 = b'T';
    /// `GSSENCRequest`.
    pub const GSS_REQUEST: u8 = b'G';
    /// `CancelRequest`.
    pub const CANCEL: u8 = b'K';
}

/// Phases of this protocol; the numbers are [`Stream::phase`]. In
/// [`START`](crate::stream::phase::START) length and code are read, eight bytes,
/// in [`HEADER`](crate::stream::phase::HEADER) type byte and length, five bytes.
pub mod phase {
    pub(super) use crate::stream::phase::{HEADER, OWN, START};
    /// First name of a message, up to its NUL.
    pub const NAME: u32 = OWN;
    /// Second name (`Bind`: the statement).
    pub const SECOND_NAME: u32 = OWN + 1;
    /// The `S` or `P` byte of `Close` and `Describe`.
    pub const TARGET: u32 = OWN + 2;
    /// Statement text.
    pub const TEXT: u32 = OWN + 3;
    /// Bytes that do not matter.
    pub const SKIP: u32 = OWN + 4;
    /// Parameters of the startup packet.
    pub const STARTUP: u32 = OWN + 5;
}

/// The dialect of its statements.
const SQL: Dialect = Dialect::Postgresql;
/// Longest message the server takes (`PQ_LARGE_MESSAGE_LIMIT`, 1 GiB - 1).
const MAX_MESSAGE: u32 = 0x3fff_ffff;
/// Longest startup packet the server takes (`MAX_STARTUP_PACKET_LENGTH`).
const MAX_STARTUP: u32 = 10_000;

/// The phase after a complete message.
#[inline(always)]
#[must_use]
pub const fn next_phase(kind: u8) -> u32 {
    match kind {
        kind::SSL_REQUEST | kind::GSS_REQUEST => phase::START,
        kind::CANCEL => crate::stream::phase::BLIND,
        _ => phase::HEADER,
    }
}

/// Reads on from `chunk[stream.at..stream.end]`, at least one byte, and at most
/// to the end of the message. Does nothing when the chunk is used up or a
/// complete message waits for [`Stream::next`].
#[inline(always)]
pub fn step<E: Engine>(engine: &E, stream: &mut Stream, chunk: &Chunk) {
    if stream.complete != 0 || stream.at >= stream.end {
        return;
    }
    match stream.phase {
        phase::START => start(stream, chunk),
        phase::HEADER => header(engine, stream, chunk),
        phase::NAME | phase::SECOND_NAME => name(engine, stream, chunk),
        phase::TARGET => {
            stream.target = take(stream, chunk);
            stream.phase = phase::NAME;
            finish_if_empty(engine, stream);
        }
        phase::TEXT => {
            let to = span(stream);
            engine.feed(SQL, &mut stream.scan, chunk, stream.at, to);
            consume(stream, to);
            finish_if_empty(engine, stream);
        }
        phase::STARTUP => {
            let byte = take(stream, chunk);
            startup::byte(stream, byte);
            finish_if_empty(engine, stream);
        }
        phase::SKIP => {
            let to = span(stream);
            consume(stream, to);
            finish_if_empty(engine, stream);
        }
        _ => stream.at = stream.end,
    }
}

/// One byte of the body.
#[inline(always)]
fn take(stream: &mut Stream, chunk: &Chunk) -> u8 {
    let byte = chunk[stream.at as usize & (CHUNK_BYTES - 1)];
    stream.at = stream.at.wrapping_add(1);
    stream.left = stream.left.wrapping_sub(1);
    byte
}

/// End of what the chunk holds of the message.
#[inline(always)]
fn span(stream: &Stream) -> u32 {
    let here = stream.end.wrapping_sub(stream.at);
    stream.at.wrapping_add(if stream.left < here {
        stream.left
    } else {
        here
    })
}

#[inline(always)]
fn consume(stream: &mut Stream, to: u32) {
    stream.left = stream.left.wrapping_sub(to.wrapping_sub(stream.at));
    stream.at = to;
}

/// Length and code of the first packets; see `ProcessStartupPacket`.
#[inline(always)]
fn start(stream: &mut Stream, chunk: &Chunk) {
    let byte = chunk[stream.at as usize & (CHUNK_BYTES - 1)];
    if stream.header_count == 0 && byte != 0 {
        // A TLS record (type 22, handshake), or nothing that is known. The first
        // byte of a packet's length is zero: it is at most 10,000.
        let reason = if byte == 0x16 {
            Opaque::Tls
        } else {
            not_a_startup(stream)
        };
        stream.blind(reason);
        return;
    }
    stream.at = stream.at.wrapping_add(1);
    stream.header = stream.header << 8 | byte as u64;
    stream.header_count = stream.header_count.wrapping_add(1);
    if stream.header_count < 8 {
        return;
    }
    let length = (stream.header >> 32) as u32;
    let code = stream.header as u32;
    stream.length = length;
    stream.left = length.wrapping_sub(8);
    if !(8..=MAX_STARTUP).contains(&length) {
        let reason = not_a_startup(stream);
        stream.blind(reason);
        return;
    }
    match code {
        80_877_103 if length == 8 => {
            stream.kind = kind::SSL_REQUEST;
            stream.complete = 1;
        }
        80_877_104 if length == 8 => {
            stream.kind = kind::GSS_REQUEST;
            stream.complete = 1;
        }
        80_877_102 => {
            stream.kind = kind::CANCEL;
            stream.phase = phase::SKIP;
            if stream.left == 0 {
                stream.complete = 1;
            }
        }
        _ if code >> 16 == 3 => {
            stream.kind = kind::STARTUP;
            stream.phase = phase::STARTUP;
            startup::begin(stream);
            if stream.left == 0 {
                stream.complete = 1;
            }
        }
        _ => {
            let reason = not_a_startup(stream);
            stream.blind(reason);
        }
    }
}

/// Why the first bytes cannot be read. After a `GSSENCRequest` they are GSSAPI
/// tokens, behind a length of their own.
#[inline(always)]
const fn not_a_startup(stream: &Stream) -> Opaque {
    if stream.kind == kind::GSS_REQUEST {
        Opaque::Gss
    } else {
        Opaque::Protocol
    }
}

/// Type byte and length; at once when the chunk holds all five bytes.
#[inline(always)]
fn header<E: Engine>(engine: &E, stream: &mut Stream, chunk: &Chunk) {
    if stream.header_count == 0 && stream.end.wrapping_sub(stream.at) >= 5 {
        let at = stream.at as usize;
        let byte = |n: usize| chunk[(at + n) & (CHUNK_BYTES - 1)] as u64;
        stream.header = byte(0) << 32 | byte(1) << 24 | byte(2) << 16 | byte(3) << 8 | byte(4);
        stream.at = stream.at.wrapping_add(5);
    } else {
        let byte = chunk[stream.at as usize & (CHUNK_BYTES - 1)];
        stream.at = stream.at.wrapping_add(1);
        stream.header = stream.header << 8 | byte as u64;
        stream.header_count = stream.header_count.wrapping_add(1);
        if stream.header_count < 5 {
            return;
        }
    }
    let kind = (stream.header >> 32) as u8;
    let length = stream.header as u32;
    if !(4..=MAX_MESSAGE).contains(&length) {
        stream.blind(Opaque::Protocol);
        return;
    }
    stream.kind = kind;
    stream.length = length.wrapping_add(1);
    stream.left = length.wrapping_sub(4);
    stream.name = hash::START;
    stream.second_name = hash::START;
    stream.word = [0; 2];
    stream.phase = match kind {
        b'Q' => {
            engine.begin(SQL, &mut stream.scan);
            stream.scan.facts.session = stream.moved;
            phase::TEXT
        }
        b'P' => {
            engine.begin(SQL, &mut stream.scan);
            stream.scan.facts.session = stream.moved;
            phase::NAME
        }
        b'B' | b'E' => phase::NAME,
        b'C' | b'D' => phase::TARGET,
        b'F' | b'S' | b'H' | b'X' | b'd' | b'c' | b'f' | b'p' => phase::SKIP,
        _ => {
            stream.blind(Opaque::Protocol);
            return;
        }
    };
    finish_if_empty(engine, stream);
}

/// Bytes of a name that the server looks at (`NAMEDATALEN` - 1).
const NAME_LETTERS: u64 = 63;

/// A byte of a name, or the NUL that ends it.
#[inline(always)]
fn name<E: Engine>(engine: &E, stream: &mut Stream, chunk: &Chunk) {
    let byte = take(stream, chunk);
    let second = stream.phase == phase::SECOND_NAME;
    if byte == 0 {
        stream.phase = match stream.kind {
            b'P' => phase::TEXT,
            b'B' if !second => phase::SECOND_NAME,
            _ => phase::SKIP,
        };
    } else if second {
        if stream.word[1] < NAME_LETTERS {
            stream.word[1] += 1;
            stream.second_name = hash::step(stream.second_name, byte);
        }
    } else if stream.word[0] < NAME_LETTERS {
        stream.word[0] += 1;
        stream.name = hash::step(stream.name, byte);
    }
    finish_if_empty(engine, stream);
}

/// Marks the message complete when nothing of it is left.
///
/// A message that ends inside a name, or before its text, is malformed: the
/// server refuses it, and its facts say that it was not read.
#[inline(always)]
fn finish_if_empty<E: Engine>(engine: &E, stream: &mut Stream) {
    if stream.left != 0 {
        return;
    }
    stream.complete = 1;
    match stream.phase {
        phase::TEXT => engine.end(SQL, &mut stream.scan),
        phase::NAME | phase::SECOND_NAME | phase::TARGET => {
            stream.scan.facts.clear();
            stream.scan.facts.add(Class::Unreadable);
            stream.scan.facts.add_opaque(Opaque::Protocol);
            // The names are not what the server would read.
            stream.name = 0;
            stream.second_name = 0;
        }
        _ => {}
    }
}
