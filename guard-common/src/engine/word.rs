//! Words out of the text: hashed, folded and kept.

use super::read::{HIGH_BITS, group, zero_byte};
use super::tables::cell as kind;
use super::{Scan, action};
use crate::hash;
use crate::limits::{CHUNK_BYTES, NAME_BYTES};

/// PostgreSQL cuts names to this many bytes, so names that differ only behind
/// it are the same.
pub(super) const SIGNIFICANT: u32 = 63;

/// Bytes that [`take`] takes at once.
const PIECE: u32 = 8;

/// How far a word was taken.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// To its end, or it was taken before.
    All,
    /// Not to its end.
    Some,
    /// Not at all: there are quotes in it, or it is long.
    None,
}

/// Takes the next bytes of the word that the token ends, if it was not taken;
/// `flags` are those of the action that wants it.
#[inline(always)]
pub(super) fn take(scan: &mut Scan, chunk: &[u8; CHUNK_BYTES], flags: u32) -> Taken {
    let word_kind = scan.word_kind;
    if word_kind == 0 {
        return Taken::All;
    }
    if scan.begun == 0 {
        start(scan);
    }
    let from = scan.mark;
    if from >= scan.ended {
        finish(scan);
        return Taken::All;
    }
    // The last byte of a quoted name is its quote.
    let end = scan.ended.wrapping_sub(u32::from(word_kind != kind::WORD));
    let left = end.wrapping_sub(from);
    let piece = if left < PIECE { left } else { PIECE };
    // All ones below the piece; shifting by 64 is not defined.
    let mut bytes = group(chunk, from as usize) & !(u64::MAX << (piece * 4) << (piece * 4));
    let quotes = zero_byte(bytes ^ closing(word_kind)) & HIGH_BITS;
    let length = scan.length.wrapping_add(piece);
    if left > CHUNK_BYTES as u32
        || (quotes != 0 && word_kind != kind::WORD)
        || scan.quote != 0
        || length > SIGNIFICANT
    {
        return Taken::None;
    }
    if word_kind != kind::QUOTED {
        bytes = lower(bytes);
    }
    if flags & action::KEEP != 0 {
        let at = scan.name.len as usize;
        if at > NAME_BYTES - PIECE as usize {
            return Taken::None;
        }
        scan.name.put(bytes, piece as u8);
    }
    scan.partial = add(scan.partial, bytes, piece);
    scan.length = length;
    scan.mark = from.wrapping_add(piece);
    if left > PIECE {
        return Taken::Some;
    }
    finish(scan);
    Taken::All
}

/// The word has been taken: it is the last one now.
#[inline(always)]
fn finish(scan: &mut Scan) {
    scan.word_kind = 0;
    scan.word = scan.partial;
    if scan.dotted & 2 == 0 {
        scan.qualifier = 0;
    }
}

/// Adds the lowest bytes of `bytes` to a hash.
#[inline(always)]
fn add(mut word: u64, mut bytes: u64, piece: u32) -> u64 {
    let mut index = 0;
    while index < PIECE {
        if index >= piece {
            break;
        }
        word = hash::step(word, bytes as u8);
        bytes >>= 8;
        index += 1;
    }
    word
}

/// Upper case letters of ASCII as lower case.
#[inline(always)]
const fn lower(bytes: u64) -> u64 {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let low = bytes & !HIGH_BITS;
    let from_a = low.wrapping_add((0x80 - b'A' as u64) * EACH);
    let above_z = low.wrapping_add((0x7f - b'Z' as u64) * EACH);
    bytes | (from_a & !above_z & !bytes & HIGH_BITS) >> 2
}

/// The quote that ends a word of this kind, eight times.
#[inline(always)]
const fn closing(word_kind: u32) -> u64 {
    let quote = if word_kind == kind::TICKS { b'`' } else { b'"' };
    u64::from_ne_bytes([quote; 8])
}

/// Begins the word at the mark.
#[inline(always)]
fn start(scan: &mut Scan) {
    scan.begun = 1;
    scan.length = 0;
    scan.quote = 0;
    scan.partial = hash::START;
    if scan.dotted & 2 == 0 {
        scan.name.len = 0;
        scan.name.cut = 0;
    }
}

/// A word of `word_kind` begins at `position`.
#[inline(always)]
pub(super) fn mark(scan: &mut Scan, position: u32, word_kind: u32) {
    scan.mark = position;
    scan.word_kind = word_kind;
    scan.begun = 0;
    // Only the word right behind a dot continues the name.
    scan.dotted = (scan.dotted & 1) << 1;
}

/// Forgets the last word, so that what follows is not taken for a part of it
/// where a name is missing.
#[inline(always)]
pub(super) fn forget(scan: &mut Scan) {
    scan.word_kind = 0;
    scan.word = hash::START;
    scan.qualifier = 0;
}

/// A dot behind the word that was taken last: the next word continues the name.
#[inline(always)]
pub(super) fn dot(scan: &mut Scan) {
    scan.dotted = 1;
    scan.qualifier = scan.word;
    scan.name.push(b'.');
}

/// Bytes that [`take_slowly`] takes at once.
const SLOW_PIECE: u64 = 16;

/// Takes bytes from the mark on, up to `scan.upto`: adds them to hash and name.
#[inline(always)]
pub(super) fn take_slowly(scan: &mut Scan, chunk: &[u8; CHUNK_BYTES]) {
    if scan.begun == 0 {
        start(scan);
    }
    let word_kind = scan.word_kind;
    let from = u64::from(scan.mark);
    let left = u64::from(scan.upto).wrapping_sub(from);
    if scan.length > SIGNIFICANT || left > CHUNK_BYTES as u64 {
        scan.mark = scan.upto;
        return;
    }
    let folded = if word_kind == kind::QUOTED { 0 } else { 0x20 };
    let closing = closing(word_kind) as u8;
    let mut word = scan.partial;
    let mut length = u64::from(scan.length);
    let mut quote = u64::from(scan.quote);
    let mut index = 0;
    while index < SLOW_PIECE {
        if index >= left {
            break;
        }
        let byte = chunk[from.wrapping_add(index) as usize & (CHUNK_BYTES - 1)];
        index += 1;
        // Of a pair of quotes inside a quoted name the second is kept; the closing
        // quote is the first of no pair.
        if byte == closing {
            quote ^= 1;
            if quote != 0 {
                continue;
            }
        }
        length += 1;
        if length > u64::from(SIGNIFICANT) {
            scan.name.cut = 1;
            break;
        }
        let byte = if byte.is_ascii_uppercase() {
            byte | folded
        } else {
            byte
        };
        word = hash::step(word, byte);
        scan.name.push(byte);
    }
    scan.partial = word;
    scan.length = length as u32;
    scan.quote = quote as u32;
    let taken = if left < SLOW_PIECE { left } else { SLOW_PIECE };
    scan.mark = from.wrapping_add(taken) as u32;
}
