//! The startup packet's parameters: who logs in, where to, and the settings
//! that change how the server reads SQL.
//!
//! Only hashes of words are kept while reading; of the values, `user` and
//! `database` alone.

use crate::class::Opaque;
use crate::facts::MOVED;
use crate::hash;
use crate::stream::Stream;

/// [`Stream::startup`]: reading a parameter's name.
const KEY: u32 = 0;
/// Reading a value that does not matter.
const IGNORED: u32 = 1;
const USER: u32 = 2;
const DATABASE: u32 = 3;
const ENCODING: u32 = 4;
/// Reading `options`: command-line switches.
const OPTIONS: u32 = 5;
const REPLICATION: u32 = 6;
const STRINGS: u32 = 7;
/// Who one is.
const ROLE: u32 = 8;
/// Triggers, row security.
const SWITCH: u32 = 9;
const PATH: u32 = 10;
/// Besides: the value stands in `options`.
const SWITCHED: u32 = 16;

/// Starts with the first name.
#[inline(always)]
pub(super) const fn begin(stream: &mut Stream) {
    stream.startup = KEY;
    stream.word = [hash::START; 2];
}

/// Takes one byte of the packet.
#[inline(always)]
pub(super) fn byte(stream: &mut Stream, byte: u8) {
    if byte == 0 {
        if stream.startup == KEY {
            stream.startup = key(stream.word[0]);
        } else {
            value_end(stream);
            stream.startup = KEY;
        }
        stream.word = [hash::START; 2];
        return;
    }
    match stream.startup {
        // Names of settings are compared without case by the server.
        KEY => stream.word[0] = hash::step(stream.word[0], byte.to_ascii_lowercase()),
        USER => stream.user.push(byte),
        DATABASE => stream.database.push(byte),
        IGNORED => {}
        OPTIONS => option_byte(stream, byte),
        value if value & SWITCHED != 0 && is_space(byte) => {
            value_end(stream);
            stream.startup = OPTIONS;
            stream.word = [hash::START; 2];
        }
        value => value_byte(stream, value & !SWITCHED, byte),
    }
}

/// A byte of a value that matters. A backslash escapes a byte of `options`, which could
/// hide what the value is; no harmless one holds it.
#[inline(always)]
fn value_byte(stream: &mut Stream, value: u32, byte: u8) {
    // As pg_char_to_encoding does: letters and digits only.
    let counts = match value {
        ENCODING => byte.is_ascii_alphanumeric() || byte == b'\\',
        PATH => byte != b' ' && byte != b'"',
        _ => true,
    };
    if counts {
        stream.word[0] = hash::step(stream.word[0], byte.to_ascii_lowercase());
    }
}

/// Where the server splits `options` (`isspace`).
#[inline(always)]
const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

#[inline(always)]
fn key(hash: u64) -> u32 {
    const USER_KEY: u64 = hash::of(b"user");
    const DATABASE_KEY: u64 = hash::of(b"database");
    const OPTIONS_KEY: u64 = hash::of(b"options");
    const REPLICATION_KEY: u64 = hash::of(b"replication");
    match hash {
        USER_KEY => USER,
        DATABASE_KEY => DATABASE,
        OPTIONS_KEY => OPTIONS,
        REPLICATION_KEY => REPLICATION,
        _ => match setting(hash) {
            KEY => IGNORED,
            value => value,
        },
    }
}

/// What the value of a setting is about; [`KEY`]: nothing that matters.
#[inline(always)]
fn setting(name: u64) -> u32 {
    match name {
        STRINGS_NAME => STRINGS,
        ENCODING_NAME => ENCODING,
        TRIGGERS_NAME | ROWS_NAME => SWITCH,
        ROLE_NAME | USER_NAME => ROLE,
        PATH_NAME => PATH,
        _ => KEY,
    }
}

const STRINGS_NAME: u64 = hash::of(b"standard_conforming_strings");
const ENCODING_NAME: u64 = hash::of(b"client_encoding");
const TRIGGERS_NAME: u64 = hash::of(b"session_replication_role");
const ROLE_NAME: u64 = hash::of(b"role");
const USER_NAME: u64 = hash::of(b"session_authorization");
const ROWS_NAME: u64 = hash::of(b"row_security");
const PATH_NAME: u64 = hash::of(b"search_path");

#[inline(always)]
fn value_end(stream: &mut Stream) {
    let word = stream.word[0];
    let reason = match stream.startup & !SWITCHED {
        ENCODING if !encoding_is_ascii_safe(word) => Opaque::Encoding,
        REPLICATION if !is_false(word) => Opaque::Replication,
        STRINGS if !is_true(word) => Opaque::Strings,
        ROLE if word != const { hash::of(b"none") } => Opaque::Setting,
        SWITCH if !is_true(word) && word != const { hash::of(b"origin") } => Opaque::Setting,
        PATH if !is_usual_path(word) => {
            stream.moved = MOVED;
            return;
        }
        _ => return,
    };
    stream.opaque |= reason.bit();
}

/// `options` holds command-line switches (`-c name=value`, `--name=value`). A
/// backslash escapes a byte, which could hide a name: such options are opaque.
#[inline(always)]
fn option_byte(stream: &mut Stream, byte: u8) {
    let byte = if byte == b'-' {
        b'_'
    } else {
        byte.to_ascii_lowercase()
    };
    if byte == b'\\' {
        stream.opaque |= Opaque::Setting.bit();
    } else if byte.is_ascii_alphanumeric() || byte == b'_' && stream.word[0] != hash::START {
        let first = stream.word[0] == hash::START;
        stream.word[0] = hash::step(stream.word[0], byte);
        // `-cname=value` glues the switch to the name.
        if !first {
            stream.word[1] = hash::step(stream.word[1], byte);
        }
    } else {
        if byte == b'=' {
            // Of both words one is a name at most.
            stream.startup = match setting(stream.word[0]) | setting(stream.word[1]) {
                KEY => OPTIONS,
                value => value | SWITCHED,
            };
        }
        stream.word = [hash::START; 2];
    }
}

/// Search paths, without spaces and quotes, behind which a name means what it
/// means by default.
#[inline(always)]
fn is_usual_path(hash: u64) -> bool {
    const EMPTY: u64 = hash::START;
    const PUBLIC: u64 = hash::of(b"public");
    const USER_PUBLIC: u64 = hash::of(b"$user,public");
    const CATALOG: u64 = hash::of(b"pg_catalog");
    const CATALOG_PUBLIC: u64 = hash::of(b"pg_catalog,public");
    matches!(
        hash,
        EMPTY | PUBLIC | USER_PUBLIC | CATALOG | CATALOG_PUBLIC
    )
}

#[inline(always)]
fn is_true(hash: u64) -> bool {
    const ON: u64 = hash::of(b"on");
    const TRUE: u64 = hash::of(b"true");
    const YES: u64 = hash::of(b"yes");
    const ONE: u64 = hash::of(b"1");
    matches!(hash, ON | TRUE | YES | ONE)
}

#[inline(always)]
fn is_false(hash: u64) -> bool {
    const OFF: u64 = hash::of(b"off");
    const FALSE: u64 = hash::of(b"false");
    const NO: u64 = hash::of(b"no");
    const ZERO: u64 = hash::of(b"0");
    matches!(hash, OFF | FALSE | NO | ZERO)
}

/// Declares the encodings in which no byte below 0x80 is part of a longer
/// letter (PostgreSQL documentation, "Character Set Support"; the names are
/// those of `pg_encname_tbl`, reduced to letters and digits).
macro_rules! ascii_safe {
    ($hash:expr, $($name:literal)*) => {{
        $( if $hash == const { hash::of($name) } { return true; } )*
        false
    }};
}

#[inline(always)]
fn encoding_is_ascii_safe(hash: u64) -> bool {
    ascii_safe!(hash,
        b"utf8" b"unicode" b"sqlascii" b"latin1" b"latin2" b"latin3" b"latin4" b"latin5"
        b"latin6" b"latin7" b"latin8" b"latin9" b"latin10" b"iso88591" b"iso88592" b"iso88593"
        b"iso88594" b"iso88595" b"iso88596" b"iso88597" b"iso88598" b"iso88599" b"iso885915"
        b"win1250" b"win1251" b"win1252" b"win1253" b"win1254" b"win1255" b"win1256" b"win1257"
        b"win1258" b"windows1250" b"windows1251" b"windows1252" b"win866" b"win874" b"koi8r"
        b"koi8u" b"koi8" b"eucjp" b"euckr" b"euccn" b"euctw" b"eucjis2004")
}
