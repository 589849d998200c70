//! Words out of the text: hashed, folded and kept.

use super::Scan;
use crate::hash;
use crate::limits::{CHUNK_BYTES, TABLES};

/// PostgreSQL cuts names to this many bytes, so names that differ only behind
/// it are the same.
pub(super) const SIGNIFICANT: u32 = 63;

/// Starts a word at the current byte; `fold` is 1 where upper case means lower.
#[inline(always)]
pub(super) fn mark(scan: &mut Scan, fold: u32) {
    scan.mark = scan.position;
    scan.taking = 1;
    scan.length = 0;
    scan.quote = 0;
    scan.fold = fold;
    scan.word = hash::START;
    if scan.dotted != 0 {
        scan.dotted = 0;
    } else {
        scan.qualifier = 0;
        scan.name.len = 0;
        scan.name.cut = 0;
    }
}

/// A dot behind a word: the next word continues the name.
#[inline(always)]
pub(super) fn dot(scan: &mut Scan) {
    scan.dotted = 1;
    scan.qualifier = scan.word;
    scan.name.push(b'.');
}

/// Keeps the hashes of the name that ends here.
#[inline(always)]
pub(super) fn keep_hashes(scan: &mut Scan) {
    scan.kept = [scan.word, scan.qualifier];
}

/// Keeps the text of the name that ends here, in the entry that
/// [`commit`] makes valid.
#[inline(always)]
pub(super) fn keep_text(scan: &mut Scan) {
    let count = scan.facts.table_count;
    if (count as usize) < TABLES {
        scan.facts.tables[count as usize & (TABLES - 1)] = scan.name;
    }
}

/// Adds the kept name to the tables.
#[inline(always)]
pub(super) fn commit(scan: &mut Scan, access: u8) {
    let count = scan.facts.table_count;
    if (count as usize) < TABLES {
        let table = &mut scan.facts.tables[count as usize & (TABLES - 1)];
        table.tag = access;
        scan.facts.truncated |= table.cut;
        scan.facts.table_count = count + 1;
    } else {
        scan.facts.truncated = 1;
    }
}

/// Is the kept name the first column of the predicate (0), that column again
/// (1), another one (2), or another one that the same table may have (3)? A
/// column without a table is taken for the same.
#[inline(always)]
pub(super) fn compare_column(scan: &mut Scan) -> u32 {
    let [word, qualifier] = scan.kept;
    let [first, first_qualifier] = scan.column;
    if first == 0 {
        scan.column = [word, qualifier];
        return 0;
    }
    if word == first && (qualifier == first_qualifier || qualifier == 0 || first_qualifier == 0) {
        return 1;
    }
    if qualifier == first_qualifier { 3 } else { 2 }
}

/// Bytes of a word that are taken in one turn.
const PIECE: u32 = 8;

/// Takes bytes from the mark on, up to `scan.upto`: adds them to hash and name.
#[inline(always)]
pub(super) fn take(scan: &mut Scan, chunk: &[u8; CHUNK_BYTES]) {
    let from = scan.mark;
    let left = scan.upto.wrapping_sub(from);
    let mut index = 0;
    while index < PIECE {
        if index >= left {
            break;
        }
        let position = from.wrapping_add(index);
        take_byte(scan, chunk[position as usize & (CHUNK_BYTES - 1)]);
        index += 1;
    }
    scan.mark = from.wrapping_add(PIECE);
}

#[inline(always)]
fn take_byte(scan: &mut Scan, byte: u8) {
    // Of a pair of double quotes inside a quoted name the second is kept; the
    // closing quote is the first of no pair.
    if byte == b'"' {
        scan.quote ^= 1;
        if scan.quote != 0 {
            return;
        }
    }
    if scan.length >= SIGNIFICANT {
        scan.length = SIGNIFICANT + 1;
        scan.name.cut = 1;
        return;
    }
    scan.length += 1;
    let byte = if scan.fold != 0 && byte.is_ascii_uppercase() {
        byte | 0x20
    } else {
        byte
    };
    scan.word = hash::step(scan.word, byte);
    scan.name.push(byte);
}
