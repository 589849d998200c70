//! The inner loop: from byte to byte, or eight bytes at a time where they make
//! no difference, to the next event.

use super::tables::{PENDING, Skip, cell as code};
use super::{Ended, Scan, Tables, statement, word};
use crate::limits::{CELL_BYTES, CHUNK_BYTES, SKIPS};
use crate::repeat::Repeat;

/// Groups of bytes that one round reads at most.
const GROUPS: u64 = 4;

/// Groups that are skipped at once at most.
const SKIPPED: usize = 8;

/// Bytes of a group.
const GROUP: usize = 8;

/// From this cell on it is an event.
const EVENT: u32 = code::EVENT * CELL_BYTES as u32;

/// Reads on to the next event, to the end of the chunk, or of the round.
///
/// Its shape is for the verifier: counters are of 64 bits (a half of a stack slot
/// counts as read for ever), and what differs from group to group has the same
/// range in each.
#[inline(always)]
pub(super) fn read<R: Repeat>(
    tables: &Tables,
    scan: &mut Scan,
    chunk: &[u8; CHUNK_BYTES],
) -> Ended {
    if scan.done != 0 {
        return Ended::Chunk;
    }
    let limit = scan.limit as usize;
    let mut row = scan.row as usize & (CELL_BYTES - 1);
    let mut position = scan.position as usize;
    let mut groups = 0u64;
    while groups < GROUPS {
        groups += 1;
        // VERIFIER: the ways that a number came about would be followed apart.
        position = (position ^ R::zero(scan.partial) as usize) & (2 * CHUNK_BYTES - 1);
        // Of the difference alone: comparing the two narrows both each time.
        let left = limit.wrapping_sub(position);
        if left.wrapping_sub(1) >= CHUNK_BYTES {
            scan.row = row as u32;
            scan.position = position as u32;
            return Ended::Chunk;
        }
        let begin = position & (CHUNK_BYTES - 1);
        let (next, at) = if left >= GROUP {
            let before = row;
            let (next, index) = R::eight(tables, chunk, begin, row);
            if index >= GROUP {
                row = next as usize;
                position = begin + GROUP;
                if row == before {
                    position = skip(tables, row, chunk, position, limit);
                }
                continue;
            }
            (next, begin + index)
        } else {
            // One of the last bytes of a text.
            let next = cell(tables, row, tables.columns[usize::from(chunk[begin])]);
            if next < CELL_BYTES as u32 {
                row = next as usize;
                position = begin + 1;
                continue;
            }
            (next, begin)
        };
        if next >= EVENT {
            scan.row = row as u32;
            scan.position = at as u32;
            return statement::on_token(tables, scan, next);
        }
        row = next as usize & (CELL_BYTES - 1);
        position = at + 1;
        let kind = next / CELL_BYTES as u32;
        if kind < code::HOLD {
            word::mark(scan, at as u32, kind);
        } else if kind == code::COUNT {
            scan.number = 0;
            scan.counted = at as u32;
        } else {
            scan.held = at as u32;
            scan.held_kind = kind - code::HOLD;
        }
    }
    scan.row = row as u32;
    scan.position = position as u32;
    Ended::Round
}

/// [`Repeat::eight`] for any machine.
#[inline(always)]
pub fn eight(tables: &Tables, chunk: &[u8; CHUNK_BYTES], begin: usize, row: usize) -> (u32, usize) {
    let bytes = group(chunk, begin);
    let mut row = row as u32;
    macro_rules! byte {
        ($($index:literal)*) => {$(
            let column = tables.columns[(bytes >> ($index * 8)) as usize & 0xff];
            row = cell(tables, row as usize, column);
            if row >= CELL_BYTES as u32 {
                return (row, $index);
            }
        )*};
    }
    byte!(0 1 2 3 4 5 6 7);
    (row, GROUP)
}

/// Where the row has looped for a group, it may for more: the position behind
/// those in which nothing stops it.
#[inline(always)]
fn skip(
    tables: &Tables,
    row: usize,
    chunk: &[u8; CHUNK_BYTES],
    position: usize,
    limit: usize,
) -> usize {
    let stops = cell(tables, row, 0) as usize & (SKIPS - 1);
    if stops == 0 {
        return position;
    }
    let stops = &tables.skips[stops];
    let mut at = position;
    let mut groups = 0usize;
    while groups < SKIPPED {
        groups += 1;
        let left = limit.wrapping_sub(at);
        let bytes = group(chunk, at & (CHUNK_BYTES - 1));
        if left.wrapping_sub(GROUP) >= CHUNK_BYTES || !is_skipped(bytes, stops) {
            break;
        }
        at += GROUP;
    }
    at
}

/// At the end of the chunk: what has to be done before it is left.
#[inline(always)]
pub(super) fn leave(tables: &Tables, scan: &mut Scan, chunk: &[u8; CHUNK_BYTES]) -> Ended {
    if scan.done != 0 {
        return Ended::Chunk;
    }
    if scan.counted < scan.limit {
        statement::count(scan, chunk, scan.limit);
        return Ended::Round;
    }
    // May the text have to be read again from the last word on?
    if cell(tables, scan.row as usize & (CELL_BYTES - 1), 0) & PENDING != 0 {
        statement::replay(tables, scan);
        return Ended::Round;
    }
    if scan.word_kind == 0 || scan.mark >= scan.limit {
        return Ended::Chunk;
    }
    scan.upto = scan.limit;
    Ended::Word
}

/// The cell of `column` in the row that begins at byte `row`.
#[inline(always)]
fn cell(tables: &Tables, row: usize, column: u8) -> u32 {
    let lane = tables.cells.get(usize::from(column) * 4..).unwrap_or(&[]);
    let cell = lane.get(row..).and_then(|cells| cells.first_chunk());
    cell.map_or(u32::MAX, |cell| u32::from_le_bytes(*cell))
}

/// The eight bytes from `begin` on; behind the chunk's end its beginning.
#[inline(always)]
#[must_use]
pub fn group(chunk: &[u8; CHUNK_BYTES], begin: usize) -> u64 {
    const MASK: usize = CHUNK_BYTES / GROUP - 1;
    let (groups, _) = chunk.as_chunks::<GROUP>();
    let low = u64::from_le_bytes(groups[(begin / GROUP) & MASK]);
    let high = u64::from_le_bytes(groups[(begin / GROUP + 1) & MASK]);
    let bits = (begin as u32 & 7) * 8;
    // By 64 in two steps: that is not defined in one.
    low >> bits | high << 1 << (63 - bits)
}

/// Is none of the eight bytes of `word` a stop? (May say no for others.)
#[inline(always)]
const fn is_skipped(word: u64, skip: &Skip) -> bool {
    let [a, b, c] = skip.stops;
    (zero_byte(word ^ a) | zero_byte(word ^ b) | zero_byte(word ^ c)) & HIGH_BITS == 0
}

/// The highest bit of each byte.
pub(super) const HIGH_BITS: u64 = 0x8080_8080_8080_8080;

/// The highest bit of each byte that is zero (and of some above it).
#[inline(always)]
pub(super) const fn zero_byte(word: u64) -> u64 {
    word.wrapping_sub(0x0101_0101_0101_0101) & !word
}
