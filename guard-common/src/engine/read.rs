//! The inner loop: from byte to byte, or eight bytes at a time where they make
//! no difference, to the next event.

use super::tables::{PENDING, Skip, event};
use super::{Scan, Tables, names, statement};
use crate::limits::{CELL_BYTES, CHUNK_BYTES, EVENTS, SKIPS};

/// Groups of eight bytes that one turn steps through at most.
const GROUPS: u64 = 8;

/// Groups that are skipped at once at most.
const SKIPPED: u64 = 8;

/// Bytes of a group.
const GROUP: u64 = 8;

/// Reads on to the next event, to `limit`, or to the end of the turn.
///
/// Its shape is for the verifier: counters are of 64 bits (a half of a stack slot
/// counts as read for ever), and what differs from turn to turn has the same
/// range in each.
#[inline(always)]
pub(super) fn read(tables: &Tables, scan: &mut Scan, chunk: &[u8; CHUNK_BYTES], limit: u32) {
    let limit = u64::from(limit);
    let mut row = scan.row as usize & (CELL_BYTES - 1);
    let mut position = u64::from(scan.position);
    let mut groups = 0;
    while groups < GROUPS {
        groups += 1;
        let mut begin = position.wrapping_add(u64::from(tables.zero)) & (CHUNK_BYTES as u64 - 1);
        let mut left = limit.wrapping_sub(begin);
        let mut length = length(begin, left);
        // A whole group. (Asking so keeps the compiler from dropping the mask of
        // the index in `group`, which the verifier needs.)
        if length == GROUP {
            let skip = cell(tables, row, 0) as usize & (SKIPS - 1);
            if skip != 0 {
                let skipped = skip_groups(chunk, begin, left, &tables.skips[skip]);
                position = begin + skipped;
                if skipped >= left {
                    break;
                }
                begin = position.wrapping_add(u64::from(tables.zero)) & (CHUNK_BYTES as u64 - 1);
                left = limit.wrapping_sub(begin);
                length = self::length(begin, left);
            }
        }
        // The bytes of the group from `begin` on, the next one lowest.
        let mut bytes = group(chunk, begin) >> ((begin & (GROUP - 1)) * 8);
        let mut index = 0;
        loop {
            let column = tables.columns[bytes as usize & 0xff];
            let mut next = cell(tables, row, column);
            if next >= CELL_BYTES as u32 {
                let at = (begin + index) as u32;
                let found = &tables.events[next as usize & (EVENTS - 1)];
                if found.kind == event::MARK || found.kind == event::MARK_EXACT {
                    names::mark(scan, at, u32::from(found.kind == event::MARK));
                    row = found.next as usize & (CELL_BYTES - 1);
                    next = cell(tables, row, column);
                } else if found.kind == event::HOLD || found.kind == event::HOLD_EXACT {
                    scan.held = at;
                    scan.held_event = next;
                    row = found.next as usize & (CELL_BYTES - 1);
                    next = cell(tables, row, column);
                }
                if next >= CELL_BYTES as u32 {
                    scan.row = row as u32;
                    scan.position = at;
                    statement::on_event(tables, scan, chunk, next);
                    return;
                }
            }
            row = next as usize;
            bytes >>= 8;
            index += 1;
            if index >= length {
                break;
            }
        }
        position = begin + length;
        if left <= length {
            break;
        }
    }
    scan.row = row as u32;
    scan.position = position as u32;
}

/// May the text have to be read again from the last word on?
#[inline(always)]
pub(super) fn is_pending(tables: &Tables, scan: &Scan) -> bool {
    cell(tables, scan.row as usize & (CELL_BYTES - 1), 0) & PENDING != 0
}

/// The cell of `column` in the row that begins at byte `row`.
#[inline(always)]
fn cell(tables: &Tables, row: usize, column: u8) -> u32 {
    let lane = tables.cells.get(usize::from(column) * 4..).unwrap_or(&[]);
    let cell = lane.get(row..).and_then(|cells| cells.first_chunk());
    cell.map_or(u32::MAX, |cell| u32::from_le_bytes(*cell))
}

/// Bytes from `begin` to the end of its group, or to that of the text.
#[inline(always)]
const fn length(begin: u64, left: u64) -> u64 {
    let length = GROUP - (begin & (GROUP - 1));
    if length > left { left } else { length }
}

/// Bytes in whole groups from `begin` on, which is a multiple of eight, that are
/// no stops.
#[inline(always)]
fn skip_groups(chunk: &[u8; CHUNK_BYTES], begin: u64, left: u64, skip: &Skip) -> u64 {
    let mut groups = 0;
    while groups < SKIPPED {
        let at = begin + groups * GROUP;
        if left < (groups + 1) * GROUP || !is_skipped(group(chunk, at), skip) {
            break;
        }
        groups += 1;
    }
    groups * GROUP
}

/// The group of eight bytes that holds the byte `at`.
#[inline(always)]
fn group(chunk: &[u8; CHUNK_BYTES], at: u64) -> u64 {
    let (groups, _) = chunk.as_chunks::<{ GROUP as usize }>();
    u64::from_le_bytes(groups[(at / GROUP) as usize & (CHUNK_BYTES / GROUP as usize - 1)])
}

/// Is none of the eight bytes of `word` a stop? (May say no for others.)
#[inline(always)]
const fn is_skipped(word: u64, skip: &Skip) -> bool {
    let [a, b, c] = skip.stops;
    (zero_byte(word ^ a) | zero_byte(word ^ b) | zero_byte(word ^ c)) & 0x8080_8080_8080_8080 == 0
}

/// The highest bit of each byte that is zero (and of some above it).
#[inline(always)]
const fn zero_byte(word: u64) -> u64 {
    word.wrapping_sub(0x0101_0101_0101_0101) & !word
}
