//! The words that a refused client reads, as bytes ready to be sent.
//!
//! The agent renders them at policy load (value of the array map
//! `guard_denials`, index `slot * MAX_DENIALS + index`); the kernel copies them
//! and writes the decision's id into its place. Nothing is escaped or measured
//! in the kernel.

use crate::limits::DENIAL_BYTES;
use crate::mysql;
use crate::protocol::Protocol;
use crate::redis;
use crate::stream::Stream;
use crate::verdict::{Cause, Decision, NO_RULE};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Hexadecimal digits of a decision id inside a text.
pub const ID_DIGITS: usize = 16;

/// One rendered message: `bytes[..length]`, with the id at `id_at`.
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct Frame {
    /// Length in bytes, a multiple of 8.
    pub length: u32,
    /// Offset of the [`ID_DIGITS`] digits, rendered as zeros.
    pub id_at: u32,
    /// Length of the first message in it, which is what the authority sees first.
    pub first: u32,
    /// Zero.
    pub reserved: u32,
    /// The bytes.
    pub bytes: [u8; DENIAL_BYTES],
}

/// The forms of one refusal, for the protocols and kinds of messages.
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct Denial {
    /// PostgreSQL, in place of `Q` or `F`: one `Query` message.
    pub query: Frame,
    /// PostgreSQL, in place of a message of the extended protocol: `Parse`,
    /// `Bind` and `Execute` of the unnamed statement and portal. The server
    /// answers it with an error and skips what follows up to the next `Sync`,
    /// just as if the refused message itself had failed.
    pub extended: Frame,
    /// Redis: a command that no server knows, whose name is the message.
    pub redis: Frame,
    /// MySQL, in place of a command: one `COM_QUERY`.
    pub mysql: Frame,
    /// The same with the (empty) attributes that the client has agreed on.
    pub mysql_attributes: Frame,
}

impl Denial {
    /// The frame that goes in place of the stream's message; `None`: such a
    /// message cannot be answered.
    #[inline(always)]
    #[must_use]
    pub const fn frame(&self, stream: &Stream) -> Option<&Frame> {
        match (stream.protocol(), stream.kind) {
            (Protocol::Postgres, b'Q' | b'F') => Some(&self.query),
            (Protocol::Postgres, b'P' | b'E') => Some(&self.extended),
            (Protocol::Redis, redis::ARRAY | redis::LINE) => Some(&self.redis),
            (Protocol::Mysql, _) if !mysql::can_answer(stream) => None,
            (Protocol::Mysql, _) if mysql::has_attributes(stream) => Some(&self.mysql_attributes),
            (Protocol::Mysql, _) => Some(&self.mysql),
            _ => None,
        }
    }
}

/// The number of the denial text for a decision.
///
/// Rules have the numbers 0 to 63, opaque reasons 64 to 95 (by the lowest bit
/// of `opaque`), other causes 96 and up.
#[inline(always)]
#[must_use]
pub const fn index(decision: &Decision, opaque: u32) -> u32 {
    if decision.rule != NO_RULE {
        return (decision.rule & 63) as u32;
    }
    let opaque = decision.opaque(opaque);
    if decision.cause == Cause::Opaque as u8 && opaque != 0 {
        return 64 + (opaque.trailing_zeros() & 31);
    }
    96 + (decision.cause & 15) as u32
}

const _: () = assert!(size_of::<Denial>() == 5 * (16 + DENIAL_BYTES));
