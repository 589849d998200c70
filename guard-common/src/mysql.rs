//! The protocol of MySQL and MariaDB, in the client's direction ("Client/Server
//! Protocol" of the MySQL internals documentation and of MariaDB's).
//!
//! A packet is three bytes of length, a sequence number and the payload; one of
//! 0xffffff bytes is continued by the next. A message is a whole payload. The
//! server takes a command only with the sequence number 0 and closes the
//! connection otherwise, so the number alone tells commands from the answers of
//! a login and the data of LOAD DATA LOCAL.
//!
//! [`step`] is the framing, [`settle`](settle::settle) says which facts are to be
//! judged, [`greeting`] reads which server it is, [`login`] who logs in and what the
//! connection can do, and
//! [`transaction`] follows whether an open transaction has written.
//!
//! Of a [`Stream`], `kind` is the command byte or one of [`kind`], `left` the
//! bytes left of the packet, `length` its length, `target` its sequence number,
//! `name` the identifier of a prepared statement, `startup` the place in a login.

pub mod answers;
pub mod attributes;
pub mod greeting;
pub mod login;
pub mod settle;
#[cfg(test)]
mod tests;
pub mod transaction;
pub mod version;

use crate::limits::CHUNK_BYTES;
use crate::protocol::Dialect;
use crate::stream::{BLIND, Chunk, Engine, Stream};
use attributes::Attributes;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Commands, as the first byte of a payload.
pub mod command {
    /// `COM_QUIT`.
    pub const QUIT: u8 = 0x01;
    /// `COM_INIT_DB`.
    pub const INIT_DB: u8 = 0x02;
    /// `COM_QUERY`.
    pub const QUERY: u8 = 0x03;
    /// `COM_FIELD_LIST`.
    pub const FIELD_LIST: u8 = 0x04;
    /// `COM_CREATE_DB`.
    pub const CREATE_DB: u8 = 0x05;
    /// `COM_DROP_DB`.
    pub const DROP_DB: u8 = 0x06;
    /// `COM_REFRESH`.
    pub const REFRESH: u8 = 0x07;
    /// `COM_SHUTDOWN`.
    pub const SHUTDOWN: u8 = 0x08;
    /// `COM_STATISTICS`.
    pub const STATISTICS: u8 = 0x09;
    /// `COM_PROCESS_INFO`.
    pub const PROCESS_INFO: u8 = 0x0a;
    /// `COM_PROCESS_KILL`.
    pub const PROCESS_KILL: u8 = 0x0c;
    /// `COM_DEBUG`.
    pub const DEBUG: u8 = 0x0d;
    /// `COM_PING`.
    pub const PING: u8 = 0x0e;
    /// `COM_CHANGE_USER`.
    pub const CHANGE_USER: u8 = 0x11;
    /// `COM_BINLOG_DUMP`.
    pub const BINLOG_DUMP: u8 = 0x12;
    /// `COM_TABLE_DUMP`.
    pub const TABLE_DUMP: u8 = 0x13;
    /// `COM_REGISTER_SLAVE`.
    pub const REGISTER_SLAVE: u8 = 0x15;
    /// `COM_STMT_PREPARE`.
    pub const PREPARE: u8 = 0x16;
    /// `COM_STMT_EXECUTE`.
    pub const EXECUTE: u8 = 0x17;
    /// `COM_STMT_SEND_LONG_DATA`.
    pub const LONG_DATA: u8 = 0x18;
    /// `COM_STMT_CLOSE`.
    pub const CLOSE: u8 = 0x19;
    /// `COM_STMT_RESET`.
    pub const RESET: u8 = 0x1a;
    /// `COM_SET_OPTION`.
    pub const SET_OPTION: u8 = 0x1b;
    /// `COM_STMT_FETCH`.
    pub const FETCH: u8 = 0x1c;
    /// `COM_BINLOG_DUMP_GTID`.
    pub const BINLOG_DUMP_GTID: u8 = 0x1e;
    /// `COM_RESET_CONNECTION`.
    pub const RESET_CONNECTION: u8 = 0x1f;
    /// `COM_CLONE` (MySQL 8).
    pub const CLONE: u8 = 0x20;
    /// `COM_STMT_BULK_EXECUTE` (MariaDB).
    pub const BULK_EXECUTE: u8 = 0xfa;
}

/// Messages that are no commands.
pub mod kind {
    /// The client's answer to the server's greeting.
    pub const LOGIN: u8 = 0xf0;
    /// A packet with a sequence number that no command has.
    pub const DATA: u8 = 0xf1;
}

/// Phases of this protocol; the numbers are [`Stream::phase`]. In
/// [`START`](crate::stream::phase::START) and
/// [`HEADER`](crate::stream::phase::HEADER) the header of a packet is read.
pub mod phase {
    pub(super) use crate::stream::phase::{HEADER, OWN, START};
    /// The command byte.
    pub const COMMAND: u32 = OWN;
    /// Statement text.
    pub const TEXT: u32 = OWN + 1;
    /// The identifier of a prepared statement.
    pub const IDENTIFIER: u32 = OWN + 2;
    /// Bytes that do not matter.
    pub const SKIP: u32 = OWN + 3;
    /// The client's login.
    pub const LOGIN: u32 = OWN + 4;
    /// The attributes before the text of a query.
    pub const ATTRIBUTES: u32 = OWN + 5;
    /// The header of a packet that continues a payload.
    pub const CONTINUED: u32 = OWN + 6;
}

/// What a connection has beside the registers of its [`Stream`].
#[repr(C)]
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
pub struct Connection {
    /// Capabilities that the client announced.
    pub capabilities: u32,
    /// Phase in which a continued payload goes on.
    pub resume: u32,
    /// Statements that were prepared: servers count them.
    pub prepared: u32,
    /// What is to be subtracted from an identifier to get its number in that count.
    pub first: u32,
    /// Commands that have an answer, up to the one with the last statement that was
    /// prepared, and all of them.
    pub asked: u32,
    /// See `asked`.
    pub commands: u32,
    /// Bytes read of a number.
    pub count: u32,
    /// Bytes left of what is skipped.
    pub skip: u32,
    /// The attributes of a query, while they are read.
    pub attributes: Attributes,
    /// 1: the payload goes on in the next packet.
    pub more: u8,
    /// One of [`transaction`]'s states.
    pub transaction: u8,
    /// 1: autocommit is off, or it is not known.
    pub manual: u8,
    /// 1: identifiers of statements can no longer be counted.
    pub uncounted: u8,
    /// 1: the last packet was data of a file and not its end.
    pub file: u8,
    /// 1: `first` is not known (yet).
    pub unnumbered: u8,
    /// 1: the server's answers cannot be counted any more.
    pub unanswered: u8,
    /// Bytes of the database's name, while they are those of `mysql`; 255: of another.
    pub schema: u8,
}

impl Connection {
    /// A connection that has not begun.
    pub const NEW: Self = Self {
        capabilities: 0,
        resume: 0,
        prepared: 0,
        first: 0,
        asked: 0,
        commands: 0,
        count: 0,
        skip: 0,
        attributes: Attributes::NEW,
        more: 0,
        transaction: transaction::NONE,
        manual: 0,
        uncounted: 0,
        file: 0,
        unnumbered: 0,
        unanswered: 0,
        schema: 0,
    };
}

/// The dialect of its statements.
const SQL: Dialect = Dialect::Mysql;
/// Length of a packet that is continued.
const FULL: u32 = 0x00ff_ffff;

/// See [`crate::stream::step`].
#[inline(always)]
pub fn step<E: Engine>(engine: &E, stream: &mut Stream, chunk: &Chunk) {
    if stream.complete != 0 || stream.at >= stream.end {
        return;
    }
    match stream.phase {
        phase::START | phase::HEADER | phase::CONTINUED => header(engine, stream, chunk),
        phase::COMMAND => {
            let byte = take(stream, chunk);
            begin(engine, stream, byte);
            finish_if_empty(engine, stream);
        }
        phase::TEXT => {
            let to = span(stream);
            engine.feed(SQL, &mut stream.scan, chunk, stream.at, to);
            consume(stream, to);
            finish_if_empty(engine, stream);
        }
        phase::IDENTIFIER => {
            let byte = take(stream, chunk);
            stream.name = stream.name >> 8 | (byte as u64) << 24;
            stream.mysql.count = stream.mysql.count.wrapping_add(1);
            if stream.mysql.count == 4 {
                stream.phase = phase::SKIP;
            }
            finish_if_empty(engine, stream);
        }
        phase::LOGIN => {
            let byte = take(stream, chunk);
            login::byte(stream, byte);
            if stream.complete == 0 {
                finish_if_empty(engine, stream);
            }
        }
        phase::ATTRIBUTES => {
            let skippable = stream.mysql.attributes.skippable();
            if skippable == 0 {
                let byte = take(stream, chunk);
                attributes::byte(stream, byte);
            } else {
                let here = span(stream).wrapping_sub(stream.at);
                let count = if skippable < here { skippable } else { here };
                let to = stream.at.wrapping_add(count);
                consume(stream, to);
                attributes::skip(stream, count);
            }
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

/// One byte of the packet.
#[inline(always)]
fn take(stream: &mut Stream, chunk: &Chunk) -> u8 {
    let byte = chunk[stream.at as usize & (CHUNK_BYTES - 1)];
    stream.at = stream.at.wrapping_add(1);
    stream.left = stream.left.wrapping_sub(1);
    byte
}

/// End of what the chunk holds of the packet.
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

/// A byte of a packet's header.
#[inline(always)]
fn header<E: Engine>(engine: &E, stream: &mut Stream, chunk: &Chunk) {
    let byte = chunk[stream.at as usize & (CHUNK_BYTES - 1)];
    stream.at = stream.at.wrapping_add(1);
    stream.header = stream.header << 8 | byte as u64;
    stream.header_count = stream.header_count.wrapping_add(1);
    if stream.header_count < 4 {
        return;
    }
    let bytes = (stream.header as u32).swap_bytes();
    let last = stream.target;
    stream.header = 0;
    stream.header_count = 0;
    stream.left = bytes & FULL;
    stream.length = stream.left;
    stream.target = (bytes >> 24) as u8;
    stream.mysql.more = (stream.left == FULL) as u8;
    match stream.phase {
        phase::CONTINUED => stream.phase = stream.mysql.resume,
        phase::START => login::begin(stream),
        // The numbers of a long file begin again at 0.
        _ if stream.target != 0 || stream.mysql.file != 0 && last == u8::MAX => {
            stream.kind = kind::DATA;
            stream.mysql.file = (stream.left != 0) as u8;
            // Each packet is a message of its own.
            stream.mysql.more = 0;
            stream.phase = phase::SKIP;
        }
        _ => {
            stream.mysql.file = 0;
            // An empty payload is no command: the server closes the connection.
            stream.kind = 0;
            stream.phase = phase::COMMAND;
        }
    }
    finish_if_empty(engine, stream);
}

/// A command begins.
#[inline(always)]
fn begin<E: Engine>(engine: &E, stream: &mut Stream, byte: u8) {
    stream.kind = byte;
    stream.name = 0;
    stream.mysql.count = 0;
    stream.phase = match byte {
        command::QUERY if stream.mysql.capabilities & login::QUERY_ATTRIBUTES != 0 => {
            engine.begin(SQL, &mut stream.scan);
            stream.mysql.attributes = Attributes::NEW;
            phase::ATTRIBUTES
        }
        command::QUERY | command::PREPARE => {
            engine.begin(SQL, &mut stream.scan);
            phase::TEXT
        }
        command::EXECUTE | command::BULK_EXECUTE | command::CLOSE => phase::IDENTIFIER,
        command::CHANGE_USER => {
            login::change(stream);
            phase::LOGIN
        }
        command::INIT_DB => {
            login::next_database(stream);
            phase::LOGIN
        }
        _ => phase::SKIP,
    };
}

/// Ends the packet when nothing of it is left, and the message with its last.
#[inline(always)]
fn finish_if_empty<E: Engine>(engine: &E, stream: &mut Stream) {
    if stream.left != 0 {
        return;
    }
    if stream.mysql.more != 0 {
        stream.mysql.resume = stream.phase;
        stream.phase = phase::CONTINUED;
        return;
    }
    stream.complete = 1;
    match stream.phase {
        phase::TEXT => engine.end(SQL, &mut stream.scan),
        // It ends before what it must hold.
        phase::IDENTIFIER | phase::ATTRIBUTES | phase::COMMAND => stream.kind = 0,
        phase::LOGIN => login::end(stream),
        _ => {}
    }
}

/// Counts a command, for whoever reads the server's answers: see [`answers`]. One of
/// several packets is answered by another number than 1, and is not counted.
#[inline(always)]
pub const fn count_command(stream: &mut Stream) {
    let silent = matches!(
        stream.kind,
        BLIND | kind::LOGIN | kind::DATA | command::QUIT | command::LONG_DATA | command::CLOSE
    );
    if !silent && stream.target == 0 {
        stream.mysql.commands = stream.mysql.commands.wrapping_add(1);
    }
    // The answer to a long file may have the number 1.
    if stream.kind == kind::DATA && stream.target == 0 || stream.kind == BLIND {
        stream.mysql.unanswered = 1;
    }
}

/// Do queries carry attributes?
#[inline(always)]
#[must_use]
pub const fn has_attributes(stream: &Stream) -> bool {
    stream.mysql.capabilities & login::QUERY_ATTRIBUTES != 0
}

/// May the message be answered by an error? The server answers it, and nothing is
/// lost by going on: see [`transaction`].
#[inline(always)]
#[must_use]
pub const fn can_answer(stream: &Stream) -> bool {
    let answered = !matches!(
        stream.kind,
        BLIND | kind::LOGIN | kind::DATA | command::QUIT | command::LONG_DATA | command::CLOSE
    );
    answered && stream.mysql.transaction != transaction::WRITTEN
}
