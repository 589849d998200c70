//! Command lines, split into words as `sdssplitargs` of the server does it.
//!
//! A word may be quoted in part. In double quotes `\xHH` and letters behind a
//! backslash are decoded, in single quotes `\'` alone. A quote that closes must
//! be followed by a blank, and must close before the line ends. A NUL keeps the
//! server from finding the end of the line: it never runs such a line.

use super::{EMPTY, LINE, Stream};
use crate::class::Opaque;
use crate::stream::Engine;

/// [`super::State::quote`]: between two words.
pub(super) const BLANK: u32 = 0;
/// In a word, outside of quotes.
const PLAIN: u32 = 1;
/// In double quotes.
const DOUBLE: u32 = 2;
/// Behind a backslash in double quotes.
const ESCAPE: u32 = 3;
/// Behind `\x`.
const HEX: u32 = 4;
/// Behind `\x` and a hexadecimal digit.
const HEX_DIGIT: u32 = 5;
/// In single quotes.
const SINGLE: u32 = 6;
/// Behind a backslash in single quotes.
const SINGLE_ESCAPE: u32 = 7;
/// Behind a closing quote.
const CLOSED: u32 = 8;

/// What a byte does, beside the bytes that it adds to the word.
#[derive(Clone, Copy)]
struct Turn {
    /// The next place.
    next: u32,
    /// Bytes for the word, first one lowest.
    bytes: u32,
    /// How many.
    count: u32,
    /// 1: a word begins, before its bytes.
    opens: u32,
    /// 1: it ends, behind them.
    closes: u32,
}

impl Turn {
    #[inline(always)]
    const fn go(next: u32) -> Self {
        Self {
            next,
            bytes: 0,
            count: 0,
            opens: 0,
            closes: 0,
        }
    }

    #[inline(always)]
    const fn add(next: u32, byte: u8) -> Self {
        Self {
            bytes: byte as u32,
            count: 1,
            ..Self::go(next)
        }
    }

    #[inline(always)]
    const fn close(next: u32) -> Self {
        Self {
            closes: 1,
            ..Self::go(next)
        }
    }

    /// The same with `byte` in front.
    #[inline(always)]
    const fn behind(self, byte: u32) -> Self {
        Self {
            bytes: self.bytes << 8 | (byte & 0xff),
            count: self.count + 1,
            ..self
        }
    }
}

/// Takes one byte of a line.
#[inline(always)]
pub(super) fn byte<E: Engine>(engine: &E, stream: &mut Stream, byte: u8) {
    let place = stream.redis.quote;
    if byte == 0 {
        stream.blind(Opaque::Protocol);
        return;
    }
    if byte == b'\n' {
        line_end(engine, stream, place);
        return;
    }
    let turn = match place {
        BLANK => blank(byte),
        PLAIN => plain(byte),
        DOUBLE => double(byte),
        ESCAPE => escape(byte),
        HEX => {
            stream.redis.digit = byte as u32;
            if byte.is_ascii_hexdigit() {
                Turn::go(HEX_DIGIT)
            } else {
                double(byte).behind(b'x' as u32)
            }
        }
        HEX_DIGIT => {
            let first = stream.redis.digit;
            if byte.is_ascii_hexdigit() {
                Turn::add(DOUBLE, value(first as u8) << 4 | value(byte))
            } else {
                double(byte).behind(first).behind(b'x' as u32)
            }
        }
        SINGLE => single(byte),
        SINGLE_ESCAPE if byte == b'\'' => Turn::add(SINGLE, byte),
        SINGLE_ESCAPE => single(byte).behind(b'\\' as u32),
        // Behind a closing quote.
        _ if is_space(byte) => Turn::go(BLANK),
        _ => {
            stream.blind(Opaque::Protocol);
            return;
        }
    };
    stream.redis.quote = turn.next;
    if turn.opens != 0 {
        stream.redis.arguments.open();
    }
    let (mut bytes, mut count) = (turn.bytes, 0);
    while count < 3 {
        if count >= turn.count {
            break;
        }
        stream.redis.arguments.take(bytes as u8);
        bytes >>= 8;
        count += 1;
    }
    if turn.closes != 0 {
        stream.redis.arguments.close(engine);
    }
}

#[inline(always)]
fn line_end<E: Engine>(engine: &E, stream: &mut Stream, place: u32) {
    match place {
        PLAIN => stream.redis.arguments.close(engine),
        BLANK | CLOSED => {}
        _ => {
            stream.blind(Opaque::Protocol);
            return;
        }
    }
    stream.kind = if stream.redis.arguments.is_empty() {
        EMPTY
    } else {
        LINE
    };
    stream.complete = 1;
}

#[inline(always)]
const fn blank(byte: u8) -> Turn {
    let turn = match byte {
        _ if is_space(byte) => return Turn::go(BLANK),
        b'"' => Turn::go(DOUBLE),
        b'\'' => Turn::go(SINGLE),
        _ => Turn::add(PLAIN, byte),
    };
    Turn { opens: 1, ..turn }
}

#[inline(always)]
const fn plain(byte: u8) -> Turn {
    match byte {
        b' ' | b'\r' | b'\t' => Turn::close(BLANK),
        b'"' => Turn::go(DOUBLE),
        b'\'' => Turn::go(SINGLE),
        _ => Turn::add(PLAIN, byte),
    }
}

#[inline(always)]
const fn double(byte: u8) -> Turn {
    match byte {
        b'\\' => Turn::go(ESCAPE),
        b'"' => Turn::close(CLOSED),
        _ => Turn::add(DOUBLE, byte),
    }
}

#[inline(always)]
const fn escape(byte: u8) -> Turn {
    match byte {
        b'x' => Turn::go(HEX),
        b'n' => Turn::add(DOUBLE, b'\n'),
        b'r' => Turn::add(DOUBLE, b'\r'),
        b't' => Turn::add(DOUBLE, b'\t'),
        b'b' => Turn::add(DOUBLE, 8),
        b'a' => Turn::add(DOUBLE, 7),
        _ => Turn::add(DOUBLE, byte),
    }
}

#[inline(always)]
const fn single(byte: u8) -> Turn {
    match byte {
        b'\\' => Turn::go(SINGLE_ESCAPE),
        b'\'' => Turn::close(CLOSED),
        _ => Turn::add(SINGLE, byte),
    }
}

/// `isspace` of the C locale.
#[inline(always)]
const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// The value of a hexadecimal digit.
#[inline(always)]
const fn value(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit & 7) + 9,
    }
}
