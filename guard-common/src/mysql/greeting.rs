//! The server's first packet ("Protocol::HandshakeV10" of the MySQL internals
//! documentation): which server it is, and how it reads what the client sends.
//!
//! It is read from the first bytes of the server's stream. What is not wholly in
//! them, or contradicts itself, is not known: nothing is guessed.

#[cfg(test)]
mod tests;

use super::version::Reader;
use crate::class::Opaque;
use crate::engine::Server;
use crate::repeat::{Repeat, Turn};
use crate::stream::{Stream, phase};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Bytes of the stream that are read: a header of 4, the protocol's number, a
/// version of at most 60 letters (`SERVER_VERSION_LENGTH`) and 21 bytes of which the
/// last holds capabilities, rounded up to a power of two.
pub const GREETING_BYTES: usize = 128;

/// What a greeting says, as one number, so that it can be handed on in one store.
/// 0: no greeting was seen.
#[repr(transparent)]
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
pub struct Greeting(pub u64);

/// Bits of a [`Greeting`] above the server's version.
const MARIA: u64 = 1 << 32;
const ATTRIBUTES: u64 = 1 << 33;
const UNUSUAL: u64 = 1 << 34;
const SEEN: u64 = 1 << 63;

/// `CLIENT_LONG_PASSWORD` (MySQL), which MariaDB calls `CLIENT_MYSQL`.
const LONG_PASSWORD: u32 = 1;
/// `CLIENT_QUERY_ATTRIBUTES`, in the last byte of the capabilities.
const QUERY_ATTRIBUTES: u32 = 1 << (27 - 24);
/// `SERVER_STATUS_NO_BACKSLASH_ESCAPES` and, of MariaDB, `SERVER_STATUS_ANSI_QUOTES`,
/// in the last byte of the status: what the server's own `sql_mode` says.
const UNUSUAL_MODES: u32 = (0x0200 | 0x8000) >> 8;

impl Greeting {
    /// A server that was heard and not understood.
    const UNKNOWN: Self = Self(SEEN);

    /// Was the beginning of the server's stream seen?
    #[inline(always)]
    #[must_use]
    pub const fn is_seen(self) -> bool {
        self.0 & SEEN != 0
    }

    /// The server.
    #[inline(always)]
    #[must_use]
    pub const fn server(self) -> Server {
        Server {
            version: self.0 as u32,
            maria: (self.0 & MARIA != 0) as u8,
            attributes: (self.0 & ATTRIBUTES != 0) as u8,
            ..Server::UNKNOWN
        }
    }

    /// Tells a client's stream that has not begun who listens.
    #[inline(always)]
    pub const fn tell(self, stream: &mut Stream) {
        if stream.phase != phase::START || stream.header_count != 0 {
            return;
        }
        stream.scan.server = self.server();
        if self.0 & UNUSUAL != 0 {
            stream.opaque |= Opaque::Setting.bit();
        }
    }
}

/// The beginning of a server's stream while it is read. It is kept in map memory:
/// of numbers on the stack the kernel's verifier follows each value.
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct Beginning {
    /// The first bytes.
    pub bytes: [u8; GREETING_BYTES],
    version: Reader,
    /// How many bytes there are.
    count: u32,
    /// Bytes read from the version's end on, its NUL included.
    behind: u32,
    /// The first byte of the capabilities, and shifted by 8 the last.
    capabilities: u32,
    /// The last byte of the status.
    status: u32,
}

impl Beginning {
    /// Reads `bytes[..count]`.
    #[inline(always)]
    #[must_use]
    pub fn read<R: Repeat>(&mut self, count: u32) -> Greeting {
        // The number of the first packet, and of the protocol.
        if self.bytes[3] != 0 || self.bytes[4] != 10 {
            return Greeting::UNKNOWN;
        }
        self.count = count;
        self.version = Reader::default();
        self.behind = 0;
        self.capabilities = 0;
        self.status = 0;
        R::repeat(GREETING_BYTES as u32, &mut Reading(self));
        self.greeting()
    }
}

/// Bytes from the version's NUL to the last that matters: thread (4), challenge
/// (8), filler, capabilities (2), character set, status (2), capabilities (2).
const TAIL: u32 = 21;

struct Reading<'a>(&'a mut Beginning);

impl Turn for Reading<'_> {
    #[inline(always)]
    fn turn(&mut self, index: u32) -> bool {
        self.0.turn(index)
    }
}

impl Beginning {
    /// Takes a byte; `false`: no more are needed, or there are no more.
    #[inline(always)]
    fn turn(&mut self, index: u32) -> bool {
        let at = index.wrapping_add(5);
        if at >= self.count || at >= GREETING_BYTES as u32 {
            return false;
        }
        let byte = self.bytes[at as usize & (GREETING_BYTES - 1)];
        if self.behind == 0 && byte != 0 {
            self.version.byte(byte);
            return true;
        }
        let value = u32::from(byte);
        match self.behind {
            14 => self.capabilities |= value,
            18 => self.status = value,
            20 => self.capabilities |= value << 8,
            _ => {}
        }
        self.behind = self.behind.wrapping_add(1);
        self.behind < TAIL
    }

    #[inline(always)]
    fn greeting(&self) -> Greeting {
        let server = self.version.server();
        let is_mysql = self.capabilities & LONG_PASSWORD != 0;
        let attributes = self.capabilities >> 8 & QUERY_ATTRIBUTES != 0;
        // MariaDB takes the bit back from clients; what is neither is a stranger.
        let stranger = !is_mysql && server.maria == 0;
        if self.behind != TAIL || server.version == 0 || stranger {
            return Greeting::UNKNOWN;
        }
        let mut told = SEEN | u64::from(server.version);
        if server.maria != 0 {
            told |= MARIA;
        }
        if attributes {
            told |= ATTRIBUTES;
        }
        if self.status & UNUSUAL_MODES != 0 {
            told |= UNUSUAL;
        }
        Greeting(told)
    }
}
