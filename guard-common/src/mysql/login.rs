//! The client's answer to the greeting, and `COM_CHANGE_USER`: who logs in, where
//! to, in which character set, and what the connection can do.
//!
//! Of the values, user and database alone are kept. What the client proves its
//! identity with is skipped.

use super::version::ATTRIBUTES_SINCE;
use super::{Stream, command, kind, phase, transaction};
use crate::class::Opaque;
use crate::facts::IN_MYSQL;

/// The client speaks TLS behind the first bytes.
const SSL: u32 = 1 << 11;
const CONNECT_WITH_DB: u32 = 1 << 3;
const COMPRESS: u32 = 1 << 5;
const PROTOCOL_41: u32 = 1 << 9;
const SECURE_CONNECTION: u32 = 1 << 15;
const PLUGIN_AUTH_LENENC: u32 = 1 << 21;
const ZSTD: u32 = 1 << 26;
/// Attributes stand before the text of a query (MySQL).
pub(super) const QUERY_ATTRIBUTES: u32 = 1 << 27;

/// [`Stream::startup`]: capabilities, packet size, character set, filler: 32 bytes.
const FIXED: u32 = 0;
const USER: u32 = 1;
/// Length of the proof, and the proof.
const PROOF_LENGTH: u32 = 2;
const PROOF_LENGTH_LONG: u32 = 3;
const PROOF: u32 = 4;
const PROOF_TEXT: u32 = 5;
const DATABASE: u32 = 6;
/// The character set of `COM_CHANGE_USER`, two bytes.
const CHARSET: u32 = 7;
const REST: u32 = 8;
/// The database of `COM_INIT_DB`.
const NEXT_DATABASE: u32 = 9;

/// The database that holds accounts and privileges.
const MYSQL: [u8; 5] = *b"mysql";
/// [`super::Connection::schema`]: another one.
const OTHER: u8 = u8::MAX;

/// Starts with the first packet of a connection.
#[inline(always)]
pub(super) const fn begin(stream: &mut Stream) {
    stream.kind = kind::LOGIN;
    stream.phase = phase::LOGIN;
    stream.startup = FIXED;
    stream.mysql.schema = 0;
    stream.mysql.count = 0;
    stream.mysql.capabilities = 0;
}

/// Starts with `COM_CHANGE_USER`, which begins the session anew.
#[inline(always)]
pub(super) const fn change(stream: &mut Stream) {
    stream.startup = USER;
    stream.user.len = 0;
    stream.database.len = 0;
    stream.mysql.schema = 0;
    stream.mysql.count = 0;
}

/// Starts with `COM_INIT_DB`.
#[inline(always)]
pub(super) const fn next_database(stream: &mut Stream) {
    stream.startup = NEXT_DATABASE;
    stream.mysql.schema = 0;
}

/// Takes a byte of the database's name.
#[inline(always)]
fn schema(stream: &mut Stream, byte: u8) {
    let at = stream.mysql.schema;
    let fits = (at as usize) < MYSQL.len() && MYSQL[at as usize] == byte.to_ascii_lowercase();
    stream.mysql.schema = if fits { at + 1 } else { OTHER };
}

/// Takes one byte.
#[inline(always)]
pub(super) fn byte(stream: &mut Stream, byte: u8) {
    match stream.startup {
        FIXED => fixed(stream, byte),
        USER if byte == 0 => {
            stream.mysql.count = 0;
            stream.startup = proof(stream);
        }
        USER => stream.user.push(byte),
        PROOF_LENGTH => length(stream, byte),
        PROOF_LENGTH_LONG => {
            // Two or three bytes, the first of them last in the number.
            stream.mysql.skip |= (byte as u32) << (8 * (stream.mysql.count & 3));
            stream.mysql.count = stream.mysql.count.wrapping_add(1);
            if stream.mysql.count == stream.mysql.resume {
                proof_begins(stream);
            }
        }
        PROOF => {
            stream.mysql.skip = stream.mysql.skip.wrapping_sub(1);
            if stream.mysql.skip == 0 {
                proof_ends(stream);
            }
        }
        PROOF_TEXT if byte == 0 => proof_ends(stream),
        DATABASE if byte == 0 => {
            stream.mysql.count = 0;
            stream.startup = if stream.kind == kind::LOGIN {
                REST
            } else {
                CHARSET
            };
        }
        DATABASE => {
            schema(stream, byte);
            stream.database.push(byte);
        }
        NEXT_DATABASE => schema(stream, byte),
        CHARSET => {
            if stream.mysql.count == 0 {
                charset(stream, byte);
            } else if byte != 0 {
                stream.opaque |= Opaque::Encoding.bit();
            }
            stream.mysql.count = stream.mysql.count.wrapping_add(1);
            if stream.mysql.count == 2 {
                stream.startup = REST;
            }
        }
        _ => {}
    }
}

/// A byte of the part with fixed places.
#[inline(always)]
fn fixed(stream: &mut Stream, byte: u8) {
    let at = stream.mysql.count;
    stream.mysql.count = at.wrapping_add(1);
    match at {
        0..=3 => stream.mysql.capabilities |= (byte as u32) << (8 * at),
        8 => charset(stream, byte),
        // The high byte of newer character sets.
        9 if byte != 0 => stream.opaque |= Opaque::Encoding.bit(),
        _ => {}
    }
    if at == 3 {
        let capabilities = stream.mysql.capabilities;
        if capabilities & PROTOCOL_41 == 0 {
            stream.blind(Opaque::Protocol);
        } else if capabilities & SSL != 0 {
            stream.blind(Opaque::Tls);
        } else if capabilities & (COMPRESS | ZSTD) != 0 {
            stream.blind(Opaque::Compression);
        } else if capabilities & QUERY_ATTRIBUTES != 0 {
            attributes(stream);
        }
    }
    if at == 31 {
        stream.startup = USER;
    }
}

/// Whether attributes are sent is agreed on by both sides. MySQL has them since
/// 8.0.23, MariaDB has not: who says otherwise is not understood.
#[inline(always)]
fn attributes(stream: &mut Stream) {
    let server = stream.scan.server;
    let expected = server.maria == 0 && server.version >= ATTRIBUTES_SINCE;
    if server.version == 0 || (server.attributes != 0) != expected {
        stream.opaque |= Opaque::Version.bit();
    } else if !expected {
        stream.mysql.capabilities &= !QUERY_ATTRIBUTES;
    }
}

/// In which form the proof follows.
#[inline(always)]
const fn proof(stream: &Stream) -> u32 {
    if stream.mysql.capabilities & (PLUGIN_AUTH_LENENC | SECURE_CONNECTION) != 0 {
        PROOF_LENGTH
    } else {
        PROOF_TEXT
    }
}

#[inline(always)]
fn length(stream: &mut Stream, byte: u8) {
    let long = stream.kind == kind::LOGIN && stream.mysql.capabilities & PLUGIN_AUTH_LENENC != 0;
    stream.mysql.skip = 0;
    match byte {
        252 | 253 if long => {
            stream.mysql.resume = byte as u32 - 250;
            stream.mysql.count = 0;
            stream.startup = PROOF_LENGTH_LONG;
        }
        251.. if long => stream.startup = REST,
        _ => {
            stream.mysql.skip = byte as u32;
            proof_begins(stream);
        }
    }
}

#[inline(always)]
const fn proof_begins(stream: &mut Stream) {
    if stream.mysql.skip == 0 {
        proof_ends(stream);
    } else {
        stream.startup = PROOF;
    }
}

#[inline(always)]
const fn proof_ends(stream: &mut Stream) {
    let named = stream.mysql.capabilities & CONNECT_WITH_DB != 0;
    stream.startup = if stream.kind != kind::LOGIN || named {
        DATABASE
    } else {
        REST
    };
}

/// The message is complete.
#[inline(always)]
pub(super) const fn end(stream: &mut Stream) {
    let entered = stream.mysql.schema as usize == MYSQL.len();
    let moved = if entered { IN_MYSQL } else { 0 };
    if stream.kind == command::INIT_DB {
        // The server may refuse it: what was once entered is left by another login alone.
        stream.moved |= moved;
        return;
    }
    stream.moved = moved;
    stream.mysql.transaction = transaction::NONE;
    stream.mysql.manual = 0;
    if stream.kind == kind::LOGIN {
        if stream.startup == FIXED {
            // Too short for a login.
            stream.opaque |= Opaque::Protocol.bit();
        }
    } else {
        // The new session may count its statements from the beginning.
        stream.mysql.uncounted = 1;
    }
}

/// The character set by the number of its collation (`INFORMATION_SCHEMA.COLLATIONS`).
///
/// Not safe are those in which a byte of SQL syntax can be part of a letter or
/// stands for one (big5, sjis, gbk, cp932, gb18030, swe7), those that the server
/// takes for none of a client (ucs2, utf16, utf32), and any that is not known.
#[inline(always)]
fn charset(stream: &mut Stream, collation: u8) {
    let utf8 = matches!(collation, 33 | 45 | 46 | 76 | 83 | 192..=247 | 255);
    let single = matches!(
        collation,
        2..=9 | 11 | 12 | 14..=16 | 18..=27 | 29..=32 | 34 | 36..=44 | 47..=53
            | 57..=59 | 63..=71 | 72..=75 | 77..=81 | 85 | 86 | 89 | 91..=94 | 97..=99
    );
    stream.scan.server.utf8 = utf8 as u8;
    if !utf8 && !single {
        stream.opaque |= Opaque::Encoding.bit();
    }
}
