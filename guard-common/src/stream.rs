//! A client's bytes as a stream of messages, whatever the protocol.
//!
//! A [`Stream`] reads the client's bytes in chunks, split anywhere, and stops at
//! the end of each message so that the caller can judge it before its last byte
//! counts as sent: a server does not act on a message before that byte.
//!
//! ```text
//! caller: chunk ─► step … step ─► message complete ─► settle ─► decide ─► next
//! ```
//!
//! The steps are those of the stream's protocol: [`crate::pg`], [`crate::mysql`],
//! [`crate::redis`]. The functions
//! here pick them; the kernel does the same with a global function for each, so
//! that the verifier proves them one by one.

use crate::class::{Class, Opaque};
use crate::engine::{Scan, Server};
use crate::facts::Facts;
use crate::limits::{CHUNK_BYTES, NAME_BYTES};
use crate::mysql;
use crate::pg;
use crate::protocol::{Dialect, Protocol};
use crate::redis;
use crate::text::Text;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// One piece of a stream.
pub type Chunk = [u8; CHUNK_BYTES];

/// The statement engine as the framing needs it: plain calls on the host,
/// global functions in the kernel.
pub trait Engine {
    /// Starts a new text.
    fn begin(&self, dialect: Dialect, scan: &mut Scan);
    /// Reads `chunk[from..to]`.
    fn feed(&self, dialect: Dialect, scan: &mut Scan, chunk: &Chunk, from: u32, to: u32);
    /// Ends the text.
    fn end(&self, dialect: Dialect, scan: &mut Scan);
    /// Copies what the Redis command with this key does; `false`: unknown.
    fn command(&self, key: u64, into: &mut redis::Command) -> bool;
}

/// Where facts of named statements and portals are kept.
pub trait Names {
    /// Keeps `facts` under a name.
    fn store(&mut self, kind: u32, name: u64, facts: &Facts);
    /// Copies the facts of a name; `false` when it is unknown.
    fn load(&mut self, kind: u32, name: u64, into: &mut Facts) -> bool;
    /// Adds the facts of a name; `false` when it is unknown, as for those who keep
    /// none.
    fn merge(&mut self, _kind: u32, _name: u64, _into: &mut Facts) -> bool {
        false
    }
    /// Is the name known, with other facts? Those who keep none say no.
    fn differs(&self, _kind: u32, _name: u64, _facts: &Facts) -> bool {
        false
    }
    /// Keeps the facts of a name. Should it mean something else already, the
    /// server refuses this one, and what the name means from now on is not
    /// certain: `facts` say so.
    #[inline(always)]
    fn keep(&mut self, kind: u32, name: u64, facts: &mut Facts) {
        if self.differs(kind, name, facts) {
            facts.add_opaque(Opaque::UnknownName);
        }
        self.store(kind, name, facts);
    }
    /// Copies facts: in the kernel a plain copy of so many bytes is a slow loop.
    #[inline(always)]
    fn copy(&self, from: &Facts, to: &mut Facts) {
        *to = *from;
    }
    /// Forgets a name.
    fn remove(&mut self, kind: u32, name: u64);
    /// Forgets all names.
    fn clear(&mut self) {}
}

/// [`Stream::kind`]: the stream cannot be read from here on; `opaque` says why.
pub const BLIND: u8 = b'?';

/// Phases that all protocols share; their own begin at [`phase::OWN`].
pub mod phase {
    /// Before the first message of a connection.
    pub const START: u32 = 0;
    /// At the begin of a message: its header.
    pub const HEADER: u32 = 1;
    /// Unreadable, and policy lets it pass.
    pub const BLIND: u32 = 2;
    /// The first phase of a protocol's own.
    pub const OWN: u32 = 3;
}

/// What is to be judged of a complete message.
pub mod what {
    /// Nothing.
    pub const NOTHING: u32 = 0;
    /// A statement is prepared: refused if policy refuses it, else not recorded.
    pub const PREPARE: u32 = 1;
    /// A statement takes effect: judged and recorded.
    pub const RUN: u32 = 2;
    /// Data of a running statement: refused for a quarantined session.
    pub const DATA: u32 = 3;
}

/// Data of as many bytes is passed over rather than read.
const LONG_DATA: u64 = 1024;
/// Bytes that are read behind it: enough for the header of the next message.
const BETWEEN_BYTES: u32 = 64;

/// [`Facts::reserved`] of a statement that we put in place of a refused one.
pub const SUBSTITUTE: u8 = 1;

/// What is known of one connection in the client's direction.
///
/// The numbers without a meaning of their own here are registers: the
/// protocol's module says what it keeps in them. Call [`Stream::reset`] on
/// zeroed memory.
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct Stream {
    /// Engine state; its `facts` are those of the current message.
    pub scan: Scan,
    /// The Redis command being read.
    pub redis: redis::State,
    /// Facts of the unnamed (or last) prepared statement.
    pub unnamed: Facts,
    /// Facts of the unnamed portal.
    pub portal: Facts,
    /// Hash of the first name of the message.
    pub name: u64,
    /// Hash of its second name.
    pub second_name: u64,
    /// Header bytes read so far, as a number.
    pub header: u64,
    /// Hash of the name whose preparation was replaced; 0: none.
    pub refused: u64,
    /// Running hash of the message, while [`Stream::hashing`].
    pub digest: u64,
    /// Hashes of words being read.
    pub word: [u64; 2],
    /// Position in the chunk.
    pub at: u32,
    /// End of the chunk.
    pub end: u32,
    /// One of [`phase`], or the protocol's own.
    pub phase: u32,
    /// Header bytes read.
    pub header_count: u32,
    /// Bytes left of the message, or of the part that is being read.
    pub left: u32,
    /// Whole length of the message with its header, where the header says it.
    pub length: u32,
    /// Opaque reasons that hold for the connection.
    pub opaque: u32,
    /// Place within the first message of a connection.
    pub startup: u32,
    /// Bytes that went into `digest`.
    pub hashed: u32,
    /// Kind of the message, as the protocol's module numbers them; [`BLIND`].
    pub kind: u8,
    /// 1 when the message is complete.
    pub complete: u8,
    /// What the message is about, within its kind.
    pub target: u8,
    /// 1: the message's bytes go into `digest`.
    pub hashing: u8,
    /// Policy slot of the message's first byte.
    pub slot: u8,
    /// [`Protocol`] of the connection.
    pub protocol: u8,
    /// 1: an earlier message of the group, up to the next point where the server
    /// reads on whatever failed, could have failed.
    pub group: u8,
    /// 1: a transaction may be open.
    pub transaction: u8,
    /// What may be older than it seems, as the protocol's module says.
    pub doubt: u8,
    /// [`MOVED`](crate::facts::MOVED), where that holds for the connection.
    pub moved: u8,
    /// Zero.
    pub reserved: [u8; 2],
    /// What a MySQL connection has besides.
    pub mysql: mysql::Connection,
    /// The database that the client asks for when it connects.
    pub database: Text<NAME_BYTES>,
    /// The user as whom it logs in.
    pub user: Text<NAME_BYTES>,
}

impl Facts {
    /// Facts of a name that was not seen being prepared.
    #[inline(always)]
    pub const fn set_unknown(&mut self) {
        self.clear();
        self.hits = Class::Unreadable.bit();
        self.opaque = Opaque::UnknownName.bit();
    }
}

impl Stream {
    /// Sets the state of a connection that has not begun.
    #[inline(always)]
    pub const fn reset(&mut self, protocol: Protocol) {
        self.protocol = protocol as u8;
        self.phase = phase::START;
        self.kind = 0;
        self.header = 0;
        self.header_count = 0;
        self.complete = 0;
        self.hashing = 0;
        self.opaque = 0;
        self.refused = 0;
        self.group = 0;
        self.transaction = 0;
        self.doubt = 0;
        self.moved = 0;
        self.database.len = 0;
        self.user.len = 0;
        self.unnamed.set_unknown();
        self.portal.set_unknown();
        self.target = 0;
        self.mysql = mysql::Connection::NEW;
        self.scan.server = Server::UNKNOWN;
    }

    /// The protocol.
    #[inline(always)]
    #[must_use]
    pub const fn protocol(&self) -> Protocol {
        Protocol::from_raw(self.protocol)
    }

    /// Tells whether the next byte is the first of a message.
    #[inline(always)]
    #[must_use]
    pub const fn at_boundary(&self) -> bool {
        self.phase <= phase::HEADER && self.header_count == 0 && self.complete == 0
    }

    /// Tells whether a message has begun that is not complete.
    #[must_use]
    pub const fn has_begun(&self) -> bool {
        self.phase != phase::BLIND && self.complete == 0 && !self.at_boundary()
    }

    /// Ends the reading: `reason` says why.
    #[inline(always)]
    pub const fn blind(&mut self, reason: Opaque) {
        self.kind = BLIND;
        self.opaque |= reason.bit();
        self.complete = 1;
        self.left = 0;
        self.at = self.end;
    }

    /// Settles a message that cannot be read: [`what::RUN`].
    #[inline(always)]
    pub const fn settle_blind(&mut self) -> u32 {
        self.scan.facts.clear();
        self.scan.facts.add(Class::Unreadable);
        self.scan.facts.opaque = self.opaque;
        what::RUN
    }

    /// How many of the next bytes need not be read: they do not matter, whatever
    /// they are, and the message (or the blind rest of the stream) goes on behind
    /// them. [`Self::skip`] passes over them.
    #[inline(always)]
    #[must_use]
    pub const fn skippable(&self) -> u32 {
        if self.complete != 0 || self.hashing != 0 {
            return 0;
        }
        let left = match (self.protocol(), self.phase) {
            (_, phase::BLIND) => return u32::MAX,
            (Protocol::Postgres, pg::phase::SKIP) | (Protocol::Mysql, mysql::phase::SKIP) => {
                self.left as u64
            }
            (Protocol::Redis, _) => redis::skippable(self),
            _ => 0,
        };
        // The last byte is read like any other: it ends the message.
        left.saturating_sub(1) as u32
    }

    /// Passes over `count` of the [`Self::skippable`] bytes.
    #[inline(always)]
    pub const fn skip(&mut self, count: u32) {
        match self.protocol() {
            _ if self.phase == phase::BLIND => {}
            Protocol::Redis => redis::skip(self, count),
            Protocol::Postgres | Protocol::Mysql => self.left = self.left.wrapping_sub(count),
        }
    }

    /// How many bytes to read at once, at most. Where long data is sent piece by
    /// piece, what stands between two pieces is short.
    #[inline(always)]
    #[must_use]
    pub const fn reach(&self) -> u32 {
        let length = match self.protocol() {
            Protocol::Postgres if self.kind == b'd' => self.length as u64,
            Protocol::Mysql if self.kind == mysql::kind::DATA => self.length as u64,
            Protocol::Redis => redis::skipped(self),
            _ => 0,
        };
        if length < LONG_DATA {
            CHUNK_BYTES as u32
        } else {
            BETWEEN_BYTES
        }
    }

    /// Goes on to the message after a complete one.
    #[inline(always)]
    pub const fn next(&mut self) {
        self.complete = 0;
        self.hashing = 0;
        self.header = 0;
        self.header_count = 0;
        self.phase = match (self.kind, self.protocol()) {
            (BLIND, _) => phase::BLIND,
            (kind, Protocol::Postgres) => pg::next_phase(kind),
            _ => phase::HEADER,
        };
    }
}

/// Reads on from `chunk[stream.at..stream.end]`, at least one byte, and at most
/// to the end of the message. Does nothing when the chunk is used up or a
/// complete message waits for [`Stream::next`].
#[inline(always)]
pub fn step<E: Engine>(engine: &E, stream: &mut Stream, chunk: &Chunk) {
    match stream.protocol() {
        Protocol::Postgres => pg::step(engine, stream, chunk),
        Protocol::Mysql => mysql::step(engine, stream, chunk),
        Protocol::Redis => redis::step(engine, stream, chunk),
    }
}

/// Settles a complete message: says what is to be judged (one of [`what`]) and
/// leaves the facts for it in `stream.scan.facts`.
#[inline(always)]
pub fn settle<N: Names>(stream: &mut Stream, names: &mut N) -> u32 {
    match stream.protocol() {
        _ if stream.kind == BLIND => stream.settle_blind(),
        Protocol::Postgres => pg::settle::settle(stream, names),
        Protocol::Mysql => mysql::settle::settle(stream, names),
        Protocol::Redis => redis::settle(stream),
    }
}

/// Remembers what an allowed message leaves behind. Call it after [`settle`]
/// for each message that goes on to the server.
#[inline(always)]
pub fn commit<N: Names>(stream: &mut Stream, names: &mut N) {
    match stream.protocol() {
        Protocol::Postgres => pg::settle::commit(stream, names),
        Protocol::Mysql => mysql::settle::commit(stream, names),
        Protocol::Redis => {}
    }
}

/// What a refused message prepares: the hash of its name, or 0. It goes with
/// the substitute to [`commit_substitute`].
#[inline(always)]
#[must_use]
pub const fn refused_name(stream: &Stream) -> u64 {
    match stream.protocol() {
        Protocol::Postgres => pg::settle::refused_name(stream),
        Protocol::Mysql | Protocol::Redis => 0,
    }
}

/// Remembers that a message was replaced by one that only raises our error.
#[inline(always)]
pub const fn commit_substitute(stream: &mut Stream, refused: u64) {
    match stream.protocol() {
        Protocol::Postgres => pg::settle::commit_substitute(stream, refused),
        Protocol::Mysql => mysql::count_command(stream),
        Protocol::Redis => {}
    }
}
